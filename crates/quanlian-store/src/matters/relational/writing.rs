//! Writing matters: creation and appending, each one transaction.
//!
//! In:  a [`Change`] and the version that its author has seen.
//! Out: events, row, handlers, keys, measures, words, notices, number, grants, request key and outbox entries, all or none.
//!
//! Order: what can be refused without the database is refused first; then the request key is claimed, which makes a
//! second request with it wait for the first; then the row is changed under the condition of its version.
//!
//! On a server, an append is one statement ([`at_once`]): one way there and back, and the commit with it.

mod at_once;
mod prepared;

use quanlian_record::id::MatterId;

use super::{granting, noticing, rows};
use crate::{
    database::{Database, Kind, Sql, Writing, bytes32, values, whole},
    matters::{Change, Request, Series, Version, WriteError, Written},
};
use prepared::Prepared;

/// A number is no longer than this.
const MAX_NUMBER_BYTES: usize = 128;

/// What an earlier request with this key came to.
async fn earlier(database: &Database, request: &Request) -> Result<Option<Written>, WriteError> {
    let sql = Sql::with(
        "SELECT r.digest, r.matter_id, r.version, r.head, m.number FROM matter_requests r \
         JOIN matters m ON m.id = r.matter_id WHERE r.principal = $1 AND r.request_key = $2",
        values![request.principal.as_str(), request.key.as_str()],
    );
    let Some(row) = database.one(sql).await? else {
        return Ok(None);
    };
    let failed = |e| WriteError::Database(database.trouble(e));
    let digest: Vec<u8> = row.try_get("", "digest").map_err(failed)?;
    if digest != request.digest {
        return Err(reused(request));
    }
    let head: Vec<u8> = row.try_get("", "head").map_err(failed)?;
    let number: i64 = row.try_get("", "version").map_err(failed)?;
    let damaged = || WriteError::invalid("the answer to the earlier request is damaged");
    Ok(Some(Written {
        id: MatterId(row.try_get("", "matter_id").map_err(failed)?),
        number: row.try_get("", "number").map_err(failed)?,
        version: Version {
            number: u64::try_from(number).map_err(|_| damaged())?,
            head: rows::digest_of(&head).ok_or_else(damaged)?,
        },
        is_repeated: true,
    }))
}

fn reused(request: &Request) -> WriteError {
    WriteError::KeyReused {
        key: request.key.to_string(),
    }
}

pub(super) async fn create(
    database: &Database,
    id: MatterId,
    series: &Series,
    number: &(dyn Fn(u64) -> String + Send + Sync),
    change: &Change,
) -> Result<Written, WriteError> {
    let prepared = Prepared::of(change, id)?;
    if let Some(written) = earlier(database, &change.request).await? {
        return Ok(written);
    }
    let writing = database.write().await?;
    let key = values![
        series.agency.as_str(),
        series.procedure.as_str(),
        i64::from(series.year)
    ];
    let ordinal = next_ordinal(database, &writing, key.clone()).await?;
    let number = number(ordinal);
    if !(1..=MAX_NUMBER_BYTES).contains(&number.len()) || number.chars().any(char::is_control) {
        let what = format!("a number is 1 to {MAX_NUMBER_BYTES} bytes without control signs");
        return Err(WriteError::invalid(what));
    }
    let version = prepared.version_of_new(id, &number);
    if !claim(&writing, id, &change.request, version, change).await? {
        drop(writing);
        return match earlier(database, &change.request).await? {
            Some(written) => Ok(written),
            None => Err(reused(&change.request)),
        };
    }
    let mut insert = Sql::new(
        "INSERT INTO matters (id, number, procedure_id, procedure_version, stage, status, owner_agency, owner_unit, \
         handlers, title, due_key, amount_key, blind_keys, opened_at, changed_at, state, version, head) VALUES (",
    );
    let at = change.at.unix_micros();
    let mut row = values![id.0, number.as_str()];
    row.extend(prepared.columns.iter().cloned());
    row.extend(values![at, at, prepared.state.as_str(), whole(version.number)]);
    row.push(bytes32(&version.head));
    insert.bind_all(row).push(") ON CONFLICT DO NOTHING");
    if writing.run(insert).await? == 0 {
        let there = Sql::with("SELECT 1 AS there FROM matters WHERE id = $1", values![id.0]);
        return Err(match writing.one(there).await? {
            Some(_) => WriteError::Exists { id },
            None => WriteError::NumberTaken { number },
        });
    }
    let given = "INSERT INTO matter_numbers (agency, procedure_id, year, ordinal, matter_id) VALUES ($1, $2, $3, $4, $5)";
    let mut row = key;
    row.extend(values![whole(ordinal), id.0]);
    writing.run(Sql::with(given, row)).await?;
    prepared
        .insert_events(&writing, id, 0, chain_start(id, &number))
        .await?;
    prepared.insert_handlers(&writing, id).await?;
    prepared.insert_keys(&writing, id).await?;
    write_beside(database, &writing, id, change, version, &prepared).await?;
    writing.commit().await?;
    Ok(Written {
        id,
        number,
        version,
        is_repeated: false,
    })
}

fn chain_start(id: MatterId, number: &str) -> [u8; 32] {
    crate::matters::chain::genesis(id, number)
}

/// The next ordinal of the series. Two that want it wait for each other, and one that is rolled back gives it back: so
/// there are no gaps.
async fn next_ordinal(
    database: &Database,
    writing: &Writing<'_>,
    key: Vec<sea_orm::Value>,
) -> Result<u64, WriteError> {
    let next = "INSERT INTO matter_series (agency, procedure_id, year, last) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (agency, procedure_id, year) DO UPDATE SET last = matter_series.last + 1 RETURNING last";
    let row = writing.one(Sql::with(next, key)).await?;
    let last: Option<i64> = row
        .map(|row| row.try_get("", "last"))
        .transpose()
        .map_err(|e| WriteError::Database(database.trouble(e)))?;
    last.and_then(|last| u64::try_from(last).ok())
        .ok_or_else(|| WriteError::invalid("the series of numbers is damaged"))
}

/// Claims the key of the request; whether it was free.
async fn claim(
    writing: &Writing<'_>,
    id: MatterId,
    request: &Request,
    version: Version,
    change: &Change,
) -> Result<bool, WriteError> {
    let claim = "INSERT INTO matter_requests (principal, request_key, digest, matter_id, version, head, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (principal, request_key) DO NOTHING";
    let row = vec![
        request.principal.as_str().into(),
        request.key.as_str().into(),
        bytes32(&request.digest),
        id.0.into(),
        (whole(version.number)).into(),
        bytes32(&version.head),
        change.at.unix_micros().into(),
    ];
    Ok(writing.run(Sql::with(claim, row)).await? == 1)
}

/// Grants, their ends, what is counted and found, and the outbox.
async fn write_beside(
    database: &Database,
    writing: &Writing<'_>,
    id: MatterId,
    change: &Change,
    version: Version,
    prepared: &Prepared,
) -> Result<(), WriteError> {
    for grant in &change.grants {
        granting::grant(writing, grant).await?;
    }
    for grant in &change.revoked {
        let end = granting::revocation(*grant, change.at, change.request.principal.as_str());
        writing.run(end).await?;
    }
    noticing::put(writing, &change.notices).await?;
    prepared.measured.put(writing, id).await?;
    prepared.texted.put(database, writing, id, version.number).await?;
    prepared.insert_outbox(writing, id, change.at).await
}

pub(super) async fn append(
    database: &Database,
    id: MatterId,
    expected: Version,
    change: &Change,
) -> Result<Written, WriteError> {
    let prepared = Prepared::of(change, id)?;
    let is_plain = change.grants.is_empty()
        && change.revoked.is_empty()
        && change.notices.is_empty()
        && prepared.measured.is_short();
    if database.kind() == Kind::Postgres && is_plain {
        return at_once::append(database, id, expected, change, &prepared).await;
    }
    let writing = database.write().await?;
    let mut now = Sql::new(
        "SELECT m.id, m.version, m.head, m.number, m.handlers, m.blind_keys FROM matters m WHERE m.id = ",
    );
    now.bind(id.0);
    if writing.kind() == Kind::Postgres {
        now.push(" FOR UPDATE");
    }
    let Some(row) = writing.one(now).await? else {
        return Err(WriteError::NotFound { id });
    };
    let failed = |e| WriteError::Database(database.trouble(e));
    let current = current_version(database, &row)?;
    if current != expected {
        drop(writing);
        return match earlier(database, &change.request).await? {
            Some(written) => Ok(written),
            None => Err(WriteError::Conflict { id, current }),
        };
    }
    let version = prepared.version_behind(expected);
    if !claim(&writing, id, &change.request, version, change).await? {
        drop(writing);
        return match earlier(database, &change.request).await? {
            Some(written) => Ok(written),
            None => Err(reused(&change.request)),
        };
    }
    let mut update = Sql::new("UPDATE matters SET ");
    prepared.push_columns(&mut update, change, version);
    update
        .push(" WHERE id = ")
        .bind(id.0)
        .push(" AND version = ")
        .bind(whole(expected.number));
    writing.run(update).await?;
    prepared
        .insert_events(&writing, id, expected.number, expected.head)
        .await?;
    let handlers: String = row.try_get("", "handlers").map_err(failed)?;
    if handlers != rows::handlers_text(&change.projection) {
        let clear = "DELETE FROM matter_handlers WHERE matter_id = $1";
        writing.run(Sql::with(clear, values![id.0])).await?;
        prepared.insert_handlers(&writing, id).await?;
    }
    let keys: String = row.try_get("", "blind_keys").map_err(failed)?;
    if keys != rows::keys_text(&change.projection) {
        let clear = "DELETE FROM matter_keys WHERE matter_id = $1";
        writing.run(Sql::with(clear, values![id.0])).await?;
        prepared.insert_keys(&writing, id).await?;
    }
    write_beside(database, &writing, id, change, version, &prepared).await?;
    writing.commit().await?;
    Ok(Written {
        id,
        number: row.try_get("", "number").map_err(failed)?,
        version,
        is_repeated: false,
    })
}

fn current_version(database: &Database, row: &sea_orm::QueryResult) -> Result<Version, WriteError> {
    rows::version_of(database, row).map_err(|error| match error {
        crate::matters::ReadError::Database(trouble) => WriteError::Database(trouble),
        damaged => WriteError::invalid(damaged.to_string()),
    })
}
