//! What the strands themselves do not show: records without a line, and leaves that name what is no longer there.
//!
//! In:  the records of kind `audit`; the entries of the log.
//! Out: findings in the [`Part`].

use quanlian_record::id::RecordId;

use super::{Finding, Part, What, place::Stage};
use crate::{
    database::{Database, Sql, values, whole},
    trail::{Anchor, KIND, Leaves, TrailError},
};

/// Records of one question.
const PAGE: usize = 2_000;
/// Entries that are read at once.
const ENTRIES: u64 = 256;

/// Looks at some records.
pub(super) async fn records(
    database: &Database,
    after: Option<(i64, RecordId)>,
    part: &mut Part,
) -> Result<Option<Stage>, TrailError> {
    let page = "SELECT r.recorded_at, r.id, l.number FROM records r LEFT JOIN trail_lines l ON l.record_id = r.id \
         WHERE r.kind = $1 AND r.recorded_at >= $2 AND (r.recorded_at > $2 OR r.id > $3) \
         ORDER BY r.recorded_at, r.id LIMIT $4";
    let (micros, id) = after.map_or((i64::MIN, uuid::Uuid::nil()), |(micros, id)| (micros, id.0));
    let page = Sql::with(page, values![KIND, micros, id, whole(PAGE)]);
    let rows = database.all(page).await?;
    let mut last = None;
    for row in &rows {
        let id = RecordId(database.cell(row, "id")?);
        last = Some((database.cell(row, "recorded_at")?, id));
        if database.cell::<Option<i64>>(row, "number")?.is_none() {
            part.found(Finding::of(What::RecordInserted).record(Some(id)));
        }
    }
    part.records += rows.len() as u64;
    if rows.len() < PAGE {
        return Ok(Some(Stage::Leaves { from: 0 }));
    }
    Ok(Some(Stage::Records { after: last }))
}

/// Looks at some entries of the log. Of an anchor that the table knows the strand was compared already.
pub(super) async fn leaves(
    database: &Database,
    log: &dyn Leaves,
    from: u64,
    part: &mut Part,
) -> Result<Option<Stage>, TrailError> {
    let size = log.size().await?;
    if from >= size {
        return Ok(None);
    }
    let entries = log.read(from..size.min(from + ENTRIES)).await?;
    for (index, entry) in (from..).zip(&entries) {
        if let Some(anchor) = Anchor::of_leaf(entry) {
            leaf(database, index, &anchor, part).await?;
        }
    }
    let read = entries.len() as u64;
    part.entries += read;
    Ok((read > 0 && from + read < size).then_some(Stage::Leaves { from: from + read }))
}

async fn leaf(database: &Database, index: u64, anchor: &Anchor, part: &mut Part) -> Result<(), TrailError> {
    let place = || values![anchor.strand.0, whole(anchor.number)];
    let kept = "SELECT digest FROM trail_anchors WHERE strand = $1 AND number = $2";
    if let Some(row) = database.one(Sql::with(kept, place())).await? {
        if database.digest_in(&row, "digest")? != anchor.digest {
            part.found(Finding::at(What::AnchorChanged, anchor.strand, anchor.number).entry(index));
        }
        return Ok(());
    }
    // The table may lack it: the process ended between log and database. Then the line itself is there.
    let line = "SELECT digest, record_id FROM trail_lines WHERE strand = $1 AND number = $2";
    if let Some(row) = database.one(Sql::with(line, place())).await? {
        if database.digest_in(&row, "digest")? != anchor.digest {
            let record = Some(RecordId(database.cell(&row, "record_id")?));
            let finding = Finding::at(What::Rewritten, anchor.strand, anchor.number);
            part.found(finding.record(record).entry(index));
        }
        return Ok(());
    }
    let pruned = "SELECT strand FROM trail_prunings WHERE strand = $1 AND through >= $2";
    if database.one(Sql::with(pruned, place())).await?.is_some() {
        return Ok(());
    }
    let any = "SELECT strand FROM trail_lines WHERE strand = $1 LIMIT 1";
    let any = database.one(Sql::with(any, values![anchor.strand.0])).await?;
    let what = any.map_or(What::StrandRemoved, |_| What::TailCut);
    part.found(Finding::at(what, anchor.strand, anchor.number).entry(index));
    Ok(())
}
