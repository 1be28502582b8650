//! Reading matters: single ones, lists, counts, events.
//!
//! In:  a scope and a question.
//! Out: what the scope reaches of it, the events checked against their chain.

use std::collections::BTreeSet;

use quanlian_record::{id::MatterId, time::Timestamp};
use sea_orm::QueryResult;

use super::{
    filter::Filtering,
    rows::{COLUMNS, column, digest_of, row_of, version_of},
    scope,
};
use crate::{
    database::{Database, Sql, bytes32, whole},
    matters::{
        AgencyCode, BlindKey, Cursor, Direction, MAX_KEYS, MAX_PAGE_EVENTS, MAX_PAGE_MATTERS, Matter,
        MatterFilter, MatterPage, MatterQuery, MatterRow, ReadError, Scope, Sort, StoredEvent, chain,
    },
};

/// Pairs of key and agency that are told at once.
const MAX_HOLDERS: usize = 10_000;

pub(super) async fn get(
    database: &Database,
    scope: &Scope,
    id: MatterId,
) -> Result<Option<Matter>, ReadError> {
    let columns = format!("{COLUMNS}, m.state");
    let Some(row) = seen(database, scope, id, &columns).await? else {
        return Ok(None);
    };
    let state: String = column(database, &row, "state")?;
    let what = "its state cannot be read";
    let state = serde_json::from_str(&state).map_err(|_| ReadError::DamagedRow { id, what })?;
    let row = row_of(database, &row)?;
    Ok(Some(Matter { row, state }))
}

pub(super) async fn row(
    database: &Database,
    scope: &Scope,
    id: MatterId,
) -> Result<Option<MatterRow>, ReadError> {
    let row = seen(database, scope, id, COLUMNS).await?;
    row.map(|row| row_of(database, &row)).transpose()
}

/// Some columns of one matter, if the scope reaches it.
async fn seen(
    database: &Database,
    scope: &Scope,
    id: MatterId,
    columns: &str,
) -> Result<Option<QueryResult>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    if arms.is_empty() {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT ");
    sql.push(columns).push(" FROM matters m WHERE m.id = ");
    sql.bind(id.0).push(" AND ");
    scope::push_any(&mut sql, scope, &arms);
    Ok(database.one(sql).await?)
}

pub(super) async fn list(
    database: &Database,
    scope: &Scope,
    query: &MatterQuery,
) -> Result<MatterPage, ReadError> {
    let mark = query.mark();
    if query.after.is_some_and(|after| after.mark != mark) {
        return Err(ReadError::Cursor);
    }
    let arms = scope::arms(database, scope).await?;
    let mut page = MatterPage {
        matters: Vec::new(),
        next: None,
    };
    if arms.is_empty() {
        return Ok(page);
    }
    let filtering = Filtering::of(database, scope, &query.filter, Some(query.sort)).await?;
    let key = match query.sort {
        Sort::Changed => "changed_at",
        Sort::Opened => "opened_at",
        Sort::Due => "due_key",
        Sort::Amount => "amount_key",
    };
    let (behind, order) = match query.direction {
        Direction::Descending => (" < ", " DESC"),
        Direction::Ascending => (" > ", " ASC"),
    };
    let one_more = whole(query.page_size()) + 1;
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(", p.k FROM (");
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION " });
        sql.push(&format!(
            "SELECT * FROM (SELECT m.{key} AS k, m.id AS matter FROM matters m WHERE "
        ));
        filtering.push_arm(&mut sql, scope, arm);
        if let Some(after) = query.after {
            sql.push(&format!(" AND (m.{key}, m.id){behind}("));
            sql.bind(after.key).push(", ").bind(after.id.0).push(")");
        }
        sql.push(&format!(" ORDER BY m.{key}{order}, m.id{order} LIMIT "));
        sql.bind(one_more).push(&format!(") AS arm{at}"));
    }
    sql.push(&format!(" ORDER BY 1{order}, 2{order} LIMIT "))
        .bind(one_more);
    sql.push(") AS p JOIN matters m ON m.id = p.matter ");
    sql.push(&format!("ORDER BY p.k{order}, p.matter{order}"));
    let rows = database.all(sql).await?;
    let is_last = rows.len() <= query.page_size();
    for row in rows.iter().take(query.page_size()) {
        page.matters.push(row_of(database, row)?);
        let id = MatterId(column(database, row, "id")?);
        let key = column(database, row, "k")?;
        page.next = Some(Cursor { mark, key, id });
    }
    if is_last {
        page.next = None;
    }
    Ok(page)
}

pub(super) async fn count(
    database: &Database,
    scope: &Scope,
    filter: &MatterFilter,
    up_to: u64,
) -> Result<u64, ReadError> {
    let arms = scope::arms(database, scope).await?;
    let up_to = whole(up_to);
    if arms.is_empty() {
        return Ok(0);
    }
    let filtering = Filtering::of(database, scope, filter, None).await?;
    let mut sql = Sql::new("SELECT count(*) AS n FROM (");
    for (at, arm) in arms.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION " });
        sql.push("SELECT * FROM (SELECT m.id AS matter FROM matters m WHERE ");
        filtering.push_arm(&mut sql, scope, arm);
        sql.push(" LIMIT ").bind(up_to).push(&format!(") AS arm{at}"));
    }
    sql.push(" LIMIT ").bind(up_to).push(") AS p");
    let row = database.one(sql).await?;
    let n: i64 = row.map_or(Ok(0), |row| column(database, &row, "n"))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

pub(super) async fn sharing(
    database: &Database,
    scope: &Scope,
    keys: &BTreeSet<BlindKey>,
) -> Result<Vec<(BlindKey, MatterId)>, ReadError> {
    let arms = scope::arms(database, scope).await?;
    let mut found = Vec::new();
    if arms.is_empty() || keys.is_empty() {
        return Ok(found);
    }
    let mut sql = Sql::new(
        "SELECT k.blind_key, m.id FROM matter_keys k JOIN matters m ON m.id = k.matter_id WHERE k.blind_key IN (",
    );
    sql.bind_all(keys.iter().take(MAX_KEYS).map(bytes32))
        .push(") AND ");
    scope::push_any(&mut sql, scope, &arms);
    sql.push(" ORDER BY k.blind_key, m.id LIMIT ")
        .bind(whole(MAX_PAGE_MATTERS));
    for row in database.all(sql).await? {
        let id = MatterId(column(database, &row, "id")?);
        let key: Vec<u8> = column(database, &row, "blind_key")?;
        let what = "a key is none";
        let key = digest_of(&key).ok_or(ReadError::DamagedRow { id, what })?;
        found.push((key, id));
    }
    Ok(found)
}

pub(super) async fn holders(
    database: &Database,
    keys: &BTreeSet<BlindKey>,
    but: &AgencyCode,
) -> Result<Vec<(BlindKey, AgencyCode)>, ReadError> {
    let mut found = Vec::new();
    if keys.is_empty() {
        return Ok(found);
    }
    let mut sql = Sql::new(
        "SELECT DISTINCT k.blind_key, m.owner_agency FROM matter_keys k JOIN matters m ON m.id = k.matter_id WHERE k.blind_key IN (",
    );
    sql.bind_all(keys.iter().take(MAX_KEYS).map(bytes32))
        .push(") AND m.owner_agency <> ")
        .bind(but.as_str());
    sql.push(" ORDER BY k.blind_key, m.owner_agency LIMIT ")
        .bind(whole(MAX_HOLDERS));
    let damaged = |what| ReadError::DamagedRow {
        id: MatterId(uuid::Uuid::nil()),
        what,
    };
    for row in database.all(sql).await? {
        let key: Vec<u8> = column(database, &row, "blind_key")?;
        let agency: String = column(database, &row, "owner_agency")?;
        let key = digest_of(&key).ok_or_else(|| damaged("a key is none"))?;
        let agency = AgencyCode::parse(&agency).map_err(|_| damaged("its owner is none"))?;
        found.push((key, agency));
    }
    Ok(found)
}

pub(super) async fn events(
    database: &Database,
    scope: &Scope,
    id: MatterId,
    after: u64,
    limit: usize,
) -> Result<Option<Vec<StoredEvent>>, ReadError> {
    let Some(row) = seen(database, scope, id, "m.id, m.number, m.version, m.head").await? else {
        return Ok(None);
    };
    let version = version_of(database, &row)?;
    let limit = limit.clamp(1, MAX_PAGE_EVENTS);
    let last = version.number.min(after.saturating_add(limit as u64));
    let number: String = column(database, &row, "number")?;
    let mut before = chain::genesis(id, &number);
    let mut sql = Sql::new("SELECT number, at, digest, canonical FROM matter_events WHERE matter_id = ");
    sql.bind(id.0).push(" AND number BETWEEN ").bind(whole(after));
    sql.push(" AND ").bind(whole(last)).push(" ORDER BY number");
    let rows = database.all(sql).await?;
    let mut rows = rows.iter();
    let damaged = |number, what| ReadError::Damaged { id, number, what };
    let mut found = Vec::new();
    // The one before the first is read for its digest alone.
    for wanted in after..=last {
        if wanted == 0 {
            continue;
        }
        let row = rows.next().ok_or(damaged(wanted, "it is missing"))?;
        if column::<i64>(database, row, "number")? != whole(wanted) {
            return Err(damaged(wanted, "it is missing"));
        }
        let digest: Vec<u8> = column(database, row, "digest")?;
        let digest = digest_of(&digest).ok_or(damaged(wanted, "its digest is none"))?;
        if wanted > after {
            let canonical: String = column(database, row, "canonical")?;
            if chain::next(&before, &canonical) != digest {
                return Err(damaged(wanted, "it does not have its digest"));
            }
            let at = Timestamp::from_unix_micros(column(database, row, "at")?);
            found.push(StoredEvent {
                number: wanted,
                at: at.map_err(|_| damaged(wanted, "its instant is outside the calendar"))?,
                digest,
                event: serde_json::from_str(&canonical).map_err(|_| damaged(wanted, "it is no JSON"))?,
            });
        }
        if wanted == version.number && digest != version.head {
            return Err(damaged(wanted, "the row of the matter names another digest"));
        }
        before = digest;
    }
    Ok(Some(found))
}
