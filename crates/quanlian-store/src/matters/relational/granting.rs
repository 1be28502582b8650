//! Grants as rows, and what they come to for one matter.

use quanlian_record::{
    id::{GrantId, MatterId},
    time::Timestamp,
};
use sea_orm::Value;

use super::{
    rows::column,
    scope::{self, Arm},
};
use crate::{
    database::{Database, Sql, Writing, values},
    matters::{Access, Actions, Code, Grant, GrantItem, ReadError, Scope, UnitCode, UserCode, WriteError},
};

/// A purpose or a legal basis is no longer than this.
const MAX_REASON_BYTES: usize = 2000;
/// No more grants on one matter for one person are read.
const MAX_GRANTS: i64 = 1000;
/// What stands for an instant that never comes.
const NEVER: i64 = i64::MAX;

/// Records a grant; the same again changes nothing.
pub(super) async fn grant(writing: &Writing<'_>, grant: &Grant) -> Result<(), WriteError> {
    for reason in [&grant.purpose, &grant.legal_basis] {
        if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES || reason.contains('\0') {
            let what = format!(
                "a grant names its purpose and its legal basis, each in 1 to {MAX_REASON_BYTES} bytes"
            );
            return Err(WriteError::invalid(what));
        }
    }
    if grant.actions.is_empty() {
        return Err(WriteError::invalid("a grant allows something"));
    }
    let (matter, procedure) = match &grant.item {
        GrantItem::Matter(id) => (Some(*id), None),
        GrantItem::Standing { procedure } => (None, procedure.as_ref()),
    };
    if let Some(id) = matter {
        let there = Sql::with("SELECT 1 AS there FROM matters WHERE id = $1", values![id.0]);
        if writing.one(there).await?.is_none() {
            return Err(WriteError::NotFound { id });
        }
    }
    let text = |code: Option<&str>| Value::from(code.map(str::to_owned));
    let never = |at: Option<Timestamp>| at.map_or(NEVER, Timestamp::unix_micros);
    let row = values![
        grant.id.0,
        matter.map(|id| id.0),
        grant.of_agency.as_str(),
        text(procedure.map(Code::as_str)),
        grant.to.agency.as_str(),
        text(grant.to.unit.as_ref().map(UnitCode::as_str)),
        text(grant.to.user.as_ref().map(UserCode::as_str)),
        i64::from(grant.actions.bits()),
        grant.purpose.as_str(),
        grant.legal_basis.as_str(),
        grant.handling_code.as_str(),
        grant.granted_by.as_str(),
        grant.granted_at.unix_micros(),
        never(grant.until),
        never(grant.revoked_at),
    ];
    let insert = "INSERT INTO matter_grants (id, matter_id, of_agency, procedure_id, to_agency, to_unit, to_user, \
         actions, purpose, legal_basis, handling_code, granted_by, granted_at, until_at, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO NOTHING";
    if writing.run(Sql::with(insert, row.clone())).await? == 1 {
        return Ok(());
    }
    let same = "SELECT 1 AS same FROM matter_grants WHERE id = $1 AND matter_id IS NOT DISTINCT FROM $2 \
         AND of_agency = $3 AND procedure_id IS NOT DISTINCT FROM $4 AND to_agency = $5 \
         AND to_unit IS NOT DISTINCT FROM $6 AND to_user IS NOT DISTINCT FROM $7 AND actions = $8 \
         AND purpose = $9 AND legal_basis = $10 AND handling_code = $11 AND granted_by = $12 AND granted_at = $13 \
         AND until_at = $14";
    let until = row.len() - 1;
    match writing.one(Sql::with(same, row[..until].to_vec())).await? {
        Some(_) => Ok(()),
        None => Err(WriteError::invalid(format!(
            "another grant has the id {}",
            grant.id
        ))),
    }
}

/// Ends a grant that is in force.
pub(super) fn revocation(id: GrantId, at: Timestamp, by: &str) -> Sql {
    Sql::with(
        "UPDATE matter_grants SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at > $2",
        values![id.0, at.unix_micros(), by],
    )
}

pub(super) async fn access(
    database: &Database,
    scope: &Scope,
    id: MatterId,
) -> Result<Option<Access>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(None);
    }
    let own: Vec<Arm> = arms.iter().filter(|arm| arm.is_own()).cloned().collect();
    let mut sql = Sql::new("SELECT CASE WHEN ");
    scope::push_any(&mut sql, scope, &own);
    sql.push(" THEN 1 ELSE 0 END AS is_own, g.id AS grant_id, g.actions, g.handling_code FROM matters m");
    sql.push(" LEFT JOIN matter_grants g ON (g.matter_id = m.id OR (g.matter_id IS NULL");
    sql.push(" AND g.of_agency = m.owner_agency AND (g.procedure_id IS NULL OR g.procedure_id = m.procedure_id))) AND ");
    scope::push_for_person(&mut sql, scope);
    sql.push(" WHERE m.id = ").bind(id.0).push(" AND ");
    scope::push_any(&mut sql, scope, &arms);
    sql.push(" ORDER BY g.id LIMIT ").bind(MAX_GRANTS);
    let mut access = None;
    for row in database.all(sql).await? {
        let is_own = column::<i32>(database, &row, "is_own")? == 1;
        let access = access.get_or_insert(Access {
            is_own,
            granted: Actions::NONE,
            grants: Vec::new(),
        });
        let Some(grant) = column::<Option<uuid::Uuid>>(database, &row, "grant_id")? else {
            continue;
        };
        let bits: i64 = column(database, &row, "actions")?;
        access.granted = access.granted | Actions::from_bits(u32::try_from(bits).unwrap_or(0));
        let code: String = column(database, &row, "handling_code")?;
        let what = "the handling code of a grant is none";
        let code = Code::parse(&code).map_err(|_| ReadError::DamagedRow { id, what })?;
        access.grants.push((GrantId(grant), code));
    }
    Ok(access)
}
