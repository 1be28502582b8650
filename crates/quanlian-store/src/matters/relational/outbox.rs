//! The outbox: what a write wants put elsewhere, taken by workers until it is acknowledged.
//!
//! Invariant: an entry is there until somebody acknowledges it; it is taken by one worker at a time, and by the next one
//! when the time of the first has run out. So it is put at least once, and known by its id when it is put again.

use quanlian_record::{
    canonical,
    id::{MatterId, OutboxId},
    time::Timestamp,
};

use crate::{
    database::{Database, Kind, Sql, values, whole},
    matters::{Code, MAX_OUTBOX, OutboxEntry, TakenEntry, Taking, WriteError},
};

/// Until when a new entry is held: nobody holds it.
pub(super) const FREE: i64 = 0;

/// The text of a payload.
pub(super) fn payload_text(entry: &OutboxEntry) -> Result<String, WriteError> {
    let what = "a payload";
    let bytes =
        canonical::to_bytes(&entry.payload).map_err(|source| WriteError::Canonical { what, source })?;
    String::from_utf8(bytes).map_err(|_| WriteError::invalid("a payload is not UTF-8"))
}

pub(super) async fn take(database: &Database, taking: &Taking) -> Result<Vec<TakenEntry>, WriteError> {
    let mut sql = Sql::new("WITH free AS MATERIALIZED (SELECT id FROM outbox WHERE kind = ");
    sql.bind(taking.kind.as_str())
        .push(" AND lease_until <= ")
        .bind(taking.now.unix_micros());
    sql.push(" ORDER BY id LIMIT ")
        .bind(whole(taking.limit.clamp(1, MAX_OUTBOX)));
    if database.kind() == Kind::Postgres {
        sql.push(" FOR UPDATE SKIP LOCKED");
    }
    sql.push(") UPDATE outbox SET tries = tries + 1, lease_until = ")
        .bind(taking.until.unix_micros());
    sql.push(", lease_by = ").bind(taking.worker.as_str());
    sql.push(" WHERE id IN (SELECT id FROM free) RETURNING id, matter_id, kind, payload, made_at, tries");
    let mut taken = Vec::new();
    for row in database.write_one(sql).await? {
        let failed = |e| WriteError::Database(database.trouble(e));
        let id = OutboxId(row.try_get("", "id").map_err(failed)?);
        let damaged = || WriteError::invalid(format!("the entry {id} of the outbox is damaged"));
        let text: String = row.try_get("", "payload").map_err(failed)?;
        let kind: String = row.try_get("", "kind").map_err(failed)?;
        let made_at: i64 = row.try_get("", "made_at").map_err(failed)?;
        let tries: i64 = row.try_get("", "tries").map_err(failed)?;
        let matter: Option<uuid::Uuid> = row.try_get("", "matter_id").map_err(failed)?;
        taken.push(TakenEntry {
            entry: OutboxEntry {
                id,
                kind: Code::parse(&kind).map_err(|_| damaged())?,
                payload: serde_json::from_str(&text).map_err(|_| damaged())?,
            },
            matter: matter.map(MatterId),
            made_at: Timestamp::from_unix_micros(made_at).map_err(|_| damaged())?,
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
        });
    }
    taken.sort_by_key(|taken| taken.entry.id);
    Ok(taken)
}

pub(super) async fn acknowledge(
    database: &Database,
    worker: &Code,
    ids: &[OutboxId],
) -> Result<u64, WriteError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut sql = Sql::with(
        "DELETE FROM outbox WHERE lease_by = $1 AND id IN (",
        values![worker.as_str()],
    );
    let ids = ids.iter().take(MAX_OUTBOX);
    sql.bind_all(ids.map(|id| sea_orm::Value::from(id.0))).push(")");
    Ok(database.run(sql).await?)
}
