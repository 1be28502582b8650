//! Grants as rows, and what they come to for one matter.

use quanlian_record::{
    id::{GrantId, MatterId},
    time::Timestamp,
};
use sea_orm::{QueryResult, Value};

use super::{
    rows::column,
    scope::{self, Arm},
};
use crate::{
    database::{Database, Sql, Writing, values, whole},
    matters::{
        Access, Actions, AgencyCode, Code, Grant, GrantItem, Grantee, MAX_PAGE_GRANTS, ReadError, Scope,
        UnitCode, UserCode, WriteError,
    },
};

/// A purpose or a legal basis is no longer than this.
const MAX_REASON_BYTES: usize = 2000;
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
    sql.push(" ORDER BY g.id LIMIT ").bind(whole(MAX_PAGE_GRANTS));
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

/// The columns of [`grant_of`].
const COLUMNS: &str = "g.id, g.matter_id, g.of_agency, g.procedure_id, g.to_agency, g.to_unit, g.to_user, g.actions, \
     g.purpose, g.legal_basis, g.handling_code, g.granted_by, g.granted_at, g.until_at, g.revoked_at";

pub(super) async fn of_matter(
    database: &Database,
    scope: &Scope,
    id: MatterId,
) -> Result<Option<Vec<Grant>>, ReadError> {
    let is_own = access(database, scope, id)
        .await?
        .is_some_and(|access| access.is_own);
    if !is_own {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM matter_grants g WHERE g.matter_id = ")
        .bind(id.0);
    Ok(Some(all_of(database, sql).await?))
}

pub(super) async fn standing(database: &Database, agency: &AgencyCode) -> Result<Vec<Grant>, ReadError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM matter_grants g WHERE g.matter_id IS NULL AND (g.of_agency = ");
    sql.bind(agency.as_str())
        .push(" OR g.to_agency = ")
        .bind(agency.as_str())
        .push(")");
    all_of(database, sql).await
}

async fn all_of(database: &Database, mut sql: Sql) -> Result<Vec<Grant>, ReadError> {
    sql.push(" ORDER BY g.granted_at, g.id LIMIT ")
        .bind(whole(MAX_PAGE_GRANTS));
    let rows = database.all(sql).await?;
    rows.iter().map(|row| grant_of(database, row)).collect()
}

fn grant_of(database: &Database, row: &QueryResult) -> Result<Grant, ReadError> {
    let id = GrantId(column(database, row, "id")?);
    let text = |name: &str| column::<String>(database, row, name);
    let maybe = |name: &str| column::<Option<String>>(database, row, name);
    let whole = |name: &str| column::<i64>(database, row, name);
    let damaged = || ReadError::DamagedGrant { id };
    let instant = |name: &str| Timestamp::from_unix_micros(whole(name)?).map_err(|_| damaged());
    let end = |name: &str| match whole(name)? {
        NEVER => Ok(None),
        _ => instant(name).map(Some),
    };
    let code = |text: String| Code::parse(&text).map_err(|_| damaged());
    let agency = |text: String| AgencyCode::parse(&text).map_err(|_| damaged());
    let item = match column::<Option<uuid::Uuid>>(database, row, "matter_id")? {
        Some(matter) => GrantItem::Matter(MatterId(matter)),
        None => GrantItem::Standing {
            procedure: maybe("procedure_id")?.map(code).transpose()?,
        },
    };
    let unit = maybe("to_unit")?.map(|text| UnitCode::parse(&text));
    let user = maybe("to_user")?.map(|text| UserCode::parse(&text));
    Ok(Grant {
        id,
        item,
        of_agency: agency(text("of_agency")?)?,
        to: Grantee {
            agency: agency(text("to_agency")?)?,
            unit: unit.transpose().map_err(|_| damaged())?,
            user: user.transpose().map_err(|_| damaged())?,
        },
        actions: Actions::from_bits(u32::try_from(whole("actions")?).map_err(|_| damaged())?),
        purpose: text("purpose")?,
        legal_basis: text("legal_basis")?,
        handling_code: code(text("handling_code")?)?,
        granted_by: code(text("granted_by")?)?,
        granted_at: instant("granted_at")?,
        until: end("until_at")?,
        revoked_at: end("revoked_at")?,
    })
}
