//! An append to PostgreSQL as one statement, which is its own transaction.
//!
//! Everything hangs on the `UPDATE` of the row under the condition of its version: where it changes nothing, nothing else
//! is inserted. A request key that was used already breaks the statement as a whole. Then, and only then, somebody looks
//! why.

use quanlian_record::id::MatterId;

use super::{Prepared, current_version, earlier, reused};
use crate::{
    database::{Database, Sql, bytes32, is_duplicate, values, whole},
    matters::{Change, Version, WriteError, Written},
};

pub(super) async fn append(
    database: &Database,
    id: MatterId,
    expected: Version,
    change: &Change,
    prepared: &Prepared,
) -> Result<Written, WriteError> {
    let version = prepared.version_behind(expected);
    let rows = match database
        .write_one(statement(id, expected, version, change, prepared))
        .await
    {
        Ok(rows) => rows,
        Err(trouble) if is_duplicate(&trouble) => {
            return match earlier(database, &change.request).await? {
                Some(written) => Ok(written),
                // No key was in the way, but the id of an outbox entry.
                None => Err(WriteError::Database(trouble)),
            };
        }
        Err(trouble) => return Err(WriteError::Database(trouble)),
    };
    if let Some(row) = rows.first() {
        let number = row.try_get("", "number");
        return Ok(Written {
            id,
            number: number.map_err(|e| WriteError::Database(database.trouble(e)))?,
            version,
            is_repeated: false,
        });
    }
    if let Some(written) = earlier(database, &change.request).await? {
        return Ok(written);
    }
    let now = "SELECT id, version, head FROM matters WHERE id = $1";
    match database.one(Sql::with(now, values![id.0])).await? {
        None => Err(WriteError::NotFound { id }),
        Some(row) => match current_version(database, &row)? {
            // It cannot have gone back; whoever sees this asks again.
            current if current == expected => Err(reused(&change.request)),
            current => Err(WriteError::Conflict { id, current }),
        },
    }
}

fn statement(id: MatterId, expected: Version, version: Version, change: &Change, prepared: &Prepared) -> Sql {
    let at = change.at.unix_micros();
    let request = &change.request;
    let mut sql = Sql::new("WITH old AS (SELECT handlers, blind_keys FROM matters WHERE id = ");
    sql.bind(id.0).push("), new AS (UPDATE matters SET ");
    prepared.push_columns(&mut sql, change, version);
    sql.push(" WHERE id = ").bind(id.0);
    sql.push(" AND version = ").bind(whole(expected.number));
    sql.push(" AND head = ").bind(bytes32(&expected.head));
    sql.push(" RETURNING id, number, handlers, blind_keys), request AS (INSERT INTO matter_requests");
    sql.push(" (principal, request_key, digest, matter_id, version, head, at) SELECT ");
    sql.bind_all([
        request.principal.as_str().into(),
        request.key.as_str().into(),
        bytes32(&request.digest),
    ]);
    sql.push(", id, ").bind(whole(version.number));
    sql.push(", ")
        .bind(bytes32(&version.head))
        .push(", ")
        .bind(at)
        .push(" FROM new)");

    sql.push(", event AS (INSERT INTO matter_events (matter_id, number, at, digest, canonical)");
    sql.push(" SELECT new.id, e.* FROM new, (VALUES ");
    for (place, (number, digest, text)) in prepared
        .numbered(expected.number, expected.head)
        .into_iter()
        .enumerate()
    {
        sql.push(if place == 0 { "(" } else { ", (" });
        sql.bind_all([number.into(), at.into(), bytes32(&digest), text.into()])
            .push(")");
    }
    sql.push(") AS e)");

    if !prepared.outbox.is_empty() {
        sql.push(
            ", entry AS (INSERT INTO outbox (id, matter_id, kind, payload, made_at, lease_until, tries)",
        );
        sql.push(" SELECT e.id, new.id, e.kind, e.payload, ")
            .bind(at)
            .push(", 0, 0 FROM new, (VALUES ");
        for (place, (entry, kind, text)) in prepared.outbox.iter().enumerate() {
            sql.push(if place == 0 { "(" } else { ", (" });
            sql.bind_all([(*entry).into(), kind.as_str().into(), text.as_str().into()])
                .push(")");
        }
        sql.push(") AS e (id, kind, payload))");
    }

    // Handlers and keys are rewritten only when they changed. All parts of a statement see the rows as before it.
    let users = prepared
        .handlers
        .iter()
        .map(|user| user.as_str().into())
        .collect();
    push_beside(&mut sql, ["matter_handlers", "user_id", "handlers"], users);
    let keys = prepared.keys.iter().map(bytes32).collect();
    push_beside(&mut sql, ["matter_keys", "blind_key", "blind_keys"], keys);
    prepared.measured.push_beside(&mut sql);
    prepared.texted.push_beside(&mut sql, version.number);
    sql.push(" SELECT number FROM new");
    sql
}

/// Takes away the rows beside a matter that are no more, and adds those that are new.
fn push_beside(sql: &mut Sql, [table, column, text]: [&str; 3], values: Vec<sea_orm::Value>) {
    let changed = format!("old, new WHERE old.{text} <> new.{text}");
    sql.push(&format!(
        ", gone_{table} AS (DELETE FROM {table} t USING {changed} AND t.matter_id = new.id"
    ));
    if !values.is_empty() {
        sql.push(&format!(" AND t.{column} NOT IN ("));
        sql.bind_all(values.clone()).push(")");
    }
    sql.push(")");
    if values.is_empty() {
        return;
    }
    sql.push(&format!(
        ", more_{table} AS (INSERT INTO {table} ({column}, matter_id) SELECT v.x, new.id FROM (VALUES "
    ));
    for (place, value) in values.into_iter().enumerate() {
        sql.push(if place == 0 { "(" } else { ", (" });
        sql.bind(value).push(")");
    }
    sql.push(&format!(") AS v (x), {changed} ON CONFLICT DO NOTHING)"));
}
