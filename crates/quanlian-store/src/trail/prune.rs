//! Pruning: lines whose time is over go, as a whole beginning of a strand up to an anchor.
//!
//! In:  a day that nobody needs to look behind any more; the record that says who prunes and why.
//! Out: what is gone; a tombstone for each strand, so that the check goes on from the anchor and says what was pruned.
//!
//! Invariants: nothing is pruned that no anchor covers, and no line behind one that has to stay; the tombstone comes first, so that
//! what broke off is finished by the next call; the anchor stays, in the table and in the log.
//!
//! Not here: how long lines have to be kept (`policies/retention.toml`).

use quanlian_record::{
    id::{RecordId, StrandId},
    time::Timestamp,
};
use serde::Serialize;

use super::{LineDigest, PRUNED, TrailError};
use crate::database::{Database, Sql, bytes32, values, whole};

/// So many lines go in one transaction.
const AT_ONCE: u64 = 1_000;

/// A beginning of a strand that may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prunable {
    /// Of which strand.
    pub strand: StrandId,
    /// All lines up to this one, at which an anchor stands.
    pub through: u64,
    /// So many of them are still there.
    pub lines: u64,
    /// The digest that the anchor names.
    #[serde(skip)]
    pub digest: LineDigest,
}

/// What may go: of each strand the lines up to the last anchor before the first line of `before` or later.
pub async fn prunable(database: &Database, before: Timestamp) -> Result<Vec<Prunable>, TrailError> {
    let mut found = Vec::new();
    let mut after = uuid::Uuid::nil();
    loop {
        let next = "SELECT id FROM trail_strands WHERE id > $1 ORDER BY id LIMIT 1";
        let Some(row) = database.one(Sql::with(next, values![after])).await? else {
            return Ok(found);
        };
        after = database.cell(&row, "id")?;
        // A line that says what was pruned stays, because the tombstone rests on it.
        let kept =
            "SELECT MIN(number) AS number FROM trail_lines WHERE strand = $1 AND (at >= $2 OR action = $3)";
        let row = database
            .one(Sql::with(kept, values![after, before.unix_micros(), PRUNED]))
            .await?;
        let first_kept: Option<i64> = match &row {
            Some(row) => database.cell(row, "number")?,
            None => None,
        };
        let anchor = "SELECT number, digest FROM trail_anchors WHERE strand = $1 AND number < $2 \
             ORDER BY number DESC LIMIT 1";
        let anchor = Sql::with(anchor, values![after, first_kept.unwrap_or(i64::MAX)]);
        let Some(anchor) = database.one(anchor).await? else {
            continue;
        };
        let through = database.number_in(&anchor, "number")?;
        let count = "SELECT COUNT(*) AS number FROM trail_lines WHERE strand = $1 AND number <= $2";
        let count = database
            .one(Sql::with(count, values![after, whole(through)]))
            .await?;
        let lines = match &count {
            Some(row) => database.number_in(row, "number")?,
            None => 0,
        };
        if lines > 0 {
            found.push(Prunable {
                strand: StrandId(after),
                through,
                lines,
                digest: database.digest_in(&anchor, "digest")?,
            });
        }
    }
}

/// Takes lines and their records away; `record` is the line that says so.
pub async fn prune(
    database: &Database,
    what: &Prunable,
    at: Timestamp,
    record: RecordId,
) -> Result<(), TrailError> {
    let tombstone = "INSERT INTO trail_prunings (strand, through, digest, at, record_id) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (strand) DO UPDATE SET through = $2, digest = $3, at = $4, record_id = $5 \
         WHERE trail_prunings.through <= $2";
    let row = values![
        what.strand.0,
        whole(what.through),
        bytes32(&what.digest),
        at.unix_micros(),
        record.0,
    ];
    database.run(Sql::with(tombstone, row)).await?;
    let mut number = 0;
    loop {
        let first = "SELECT MIN(number) AS number FROM trail_lines WHERE strand = $1 AND number > $2";
        let first = database
            .one(Sql::with(first, values![what.strand.0, whole(number)]))
            .await?;
        let first: Option<i64> = match &first {
            Some(row) => database.cell(row, "number")?,
            None => None,
        };
        let Some(first) = first
            .map(i64::cast_unsigned)
            .filter(|&first| first <= what.through)
        else {
            return Ok(());
        };
        number = what.through.min(first + AT_ONCE - 1);
        let writing = database.write().await?;
        let place = || values![what.strand.0, whole(first), whole(number)];
        let records = "DELETE FROM records WHERE id IN \
             (SELECT record_id FROM trail_lines WHERE strand = $1 AND number >= $2 AND number <= $3)";
        writing.run(Sql::with(records, place())).await?;
        let lines = "DELETE FROM trail_lines WHERE strand = $1 AND number >= $2 AND number <= $3";
        writing.run(Sql::with(lines, place())).await?;
        writing.commit().await?;
    }
}
