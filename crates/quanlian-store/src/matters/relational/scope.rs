//! The one place that says in SQL which matters a scope reaches.
//!
//! In:  a [`Scope`].
//! Out: its [`Arm`]s: conditions on a row `m` of `matters`; what one of them lets through, the scope reaches.
//!
//! A list looks along an index once for each arm and joins what it finds, so that a person who may see ten matters
//! of a million waits for ten; a single look asks for any of them.

use quanlian_record::id::GrantId;
use sea_orm::Value;

use super::rows::column;
use crate::{
    database::{Database, Sql, whole},
    matters::{Reach, ReadError, Scope},
};

/// No scope has more standing grants in force, after those that others contain are left out.
const MAX_STANDING: usize = 64;
/// Rows of standing grants that are looked at.
const MAX_STANDING_ROWS: usize = 1000;

/// One way of being seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arm {
    /// Owned by the person's agency.
    Agency,
    /// Owned by the person's unit.
    Unit(String),
    /// Owned by the person's agency and handled by the person.
    Handled,
    /// Named by a grant.
    Granted,
    /// Owned by an agency that gave a standing grant.
    Standing {
        grant: GrantId,
        of_agency: String,
        procedure: Option<String>,
    },
}

impl Arm {
    /// Whether the matter is the person's own agency's.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Agency | Self::Unit(_) | Self::Handled)
    }
}

/// How a condition on the owner is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// So that an index on it is walked.
    Walked,
    /// So that the database finds the few rows by something else, and only looks at it.
    LookedAt,
}

/// The arms of a scope.
pub(super) async fn arms(database: &Database, scope: &Scope) -> Result<Vec<Arm>, ReadError> {
    let mut arms = match (scope.reach, &scope.unit) {
        (Reach::Nothing, _) => return Ok(Vec::new()),
        (Reach::Agency, _) => vec![Arm::Agency],
        (Reach::Unit, Some(unit)) => vec![Arm::Unit(unit.as_str().to_owned()), Arm::Handled],
        (Reach::Unit, None) | (Reach::Handled, _) => vec![Arm::Handled],
    };
    arms.push(Arm::Granted);
    let mut sql = Sql::new(
        "SELECT g.id, g.of_agency, g.procedure_id FROM matter_grants g WHERE g.matter_id IS NULL AND ",
    );
    push_in_force(&mut sql, scope);
    // Those of any procedure first, because they contain the others.
    sql.push(" ORDER BY CASE WHEN g.procedure_id IS NULL THEN 0 ELSE 1 END, g.id LIMIT ");
    sql.bind(whole(MAX_STANDING_ROWS));
    let rows = database.all(sql).await?;
    if rows.len() == MAX_STANDING_ROWS {
        let (count, limit) = (rows.len(), MAX_STANDING_ROWS - 1);
        return Err(ReadError::TooManyGrants { count, limit });
    }
    let mut standing: Vec<(String, Option<String>)> = Vec::new();
    for row in rows {
        let of_agency: String = column(database, &row, "of_agency")?;
        let procedure: Option<String> = column(database, &row, "procedure_id")?;
        let is_contained = standing
            .iter()
            .any(|(agency, all)| *agency == of_agency && (all.is_none() || *all == procedure));
        if is_contained {
            continue;
        }
        standing.push((of_agency.clone(), procedure.clone()));
        arms.push(Arm::Standing {
            grant: GrantId(column(database, &row, "id")?),
            of_agency,
            procedure,
        });
    }
    if standing.len() > MAX_STANDING {
        let (count, limit) = (standing.len(), MAX_STANDING);
        return Err(ReadError::TooManyGrants { count, limit });
    }
    Ok(arms)
}

/// That the matter `m` is seen in this way.
pub(super) fn push_condition(sql: &mut Sql, scope: &Scope, arm: &Arm, owner: Owner) {
    let agency = scope.agency.as_str();
    match arm {
        Arm::Agency => push_owner(sql, agency, owner),
        Arm::Unit(unit) => {
            push_owner(sql, agency, owner);
            sql.push(" AND m.owner_unit = ").bind(unit.as_str());
        }
        Arm::Handled => {
            push_owner(sql, agency, Owner::LookedAt);
            sql.push(" AND m.id IN (SELECT h.matter_id FROM matter_handlers h WHERE h.user_id = ");
            sql.bind(scope.user.as_str()).push(")");
        }
        Arm::Granted => {
            sql.push("m.id IN (SELECT g.matter_id FROM matter_grants g WHERE g.matter_id IS NOT NULL AND ");
            push_in_force(sql, scope);
            sql.push(")");
        }
        Arm::Standing {
            grant,
            of_agency,
            procedure,
        } => {
            push_owner(sql, of_agency, owner);
            if let Some(procedure) = procedure {
                sql.push(" AND m.procedure_id = ").bind(procedure.as_str());
            }
            // It may have ended since the arms were made.
            sql.push(" AND EXISTS (SELECT 1 FROM matter_grants g WHERE g.id = ");
            sql.bind(grant.0).push(" AND ");
            push_in_force(sql, scope);
            sql.push(")");
        }
    }
}

/// That the matter `m` is seen in any way.
pub(super) fn push_any(sql: &mut Sql, scope: &Scope, arms: &[Arm]) {
    sql.push("(");
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { " OR (" });
        push_condition(sql, scope, arm, Owner::LookedAt);
        sql.push(")");
    }
    sql.push(")");
}

fn push_owner(sql: &mut Sql, agency: &str, owner: Owner) {
    sql.push(match owner {
        Owner::Walked => "m.owner_agency = ",
        Owner::LookedAt => "m.owner_agency || '' = ",
    });
    sql.bind(agency);
}

/// That the grant `g` is in force, is for this person and allows what is needed.
pub(super) fn push_in_force(sql: &mut Sql, scope: &Scope) {
    push_for_person(sql, scope);
    let needs = Value::from(i64::from(scope.needs.bits()));
    sql.push(" AND (g.actions & ")
        .bind(needs.clone())
        .push(") = ")
        .bind(needs);
}

/// That the grant `g` is in force and is for this person.
pub(super) fn push_for_person(sql: &mut Sql, scope: &Scope) {
    let at = scope.at.unix_micros();
    sql.push("g.granted_at <= ").bind(at);
    sql.push(" AND g.until_at > ").bind(at);
    sql.push(" AND g.revoked_at > ").bind(at);
    sql.push(" AND g.to_agency = ").bind(scope.agency.as_str());
    sql.push(" AND (g.to_user = ").bind(scope.user.as_str());
    match (scope.reach, &scope.unit) {
        (Reach::Agency, _) => {
            sql.push(" OR g.to_user IS NULL");
        }
        (Reach::Unit, Some(unit)) => {
            sql.push(" OR (g.to_user IS NULL AND g.to_unit = ")
                .bind(unit.as_str())
                .push(")");
        }
        (Reach::Unit, None) | (Reach::Handled, _) => {}
        (Reach::Nothing, _) => {
            sql.push(" AND 1 = 0");
        }
    }
    sql.push(")");
}
