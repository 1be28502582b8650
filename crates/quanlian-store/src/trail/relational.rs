//! The audit trail in a relational database.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`TrailStore`].
//!
//! Which index a search walks is decided here and not left to the databases, whose guesses differ: the rarest of the given
//! keys is compared plainly, the others in a way that no index serves.

use std::collections::BTreeSet;

use quanlian_record::{
    envelope::Record,
    id::{RecordId, StrandId},
    time::Timestamp,
};
use sea_orm::{QueryResult, TryGetable, Value};

use super::{
    Anchored, KIND, Keys, Line, LineDigest, LinePage, LineQuery, MAX_LINES_AT_ONCE, MAX_PAGE_LINES, Strand,
    TrailError, TrailStore, key,
};
use crate::{
    database::{Database, Sql, Writing, bytes32, is_duplicate, values, whole},
    records::{
        AppendError, Place,
        checked::{self, StoredRecord},
    },
};

/// Rows of one statement; few different numbers, so that the databases keep the statements prepared.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];
/// Values in one question; every database takes so many.
const MAX_VALUES: usize = 500;
/// So many strands are anchored at once.
const MAX_WAITING: i64 = 256;
/// So many records of before are adopted in one transaction.
const ADOPTED_AT_ONCE: i64 = 500;
/// What most lines have as their result; its index leaves them out.
const COMMON_RESULT: &str = "allowed";

impl TrailStore for Database {
    async fn append_lines(&self, head: Strand, records: &[Record]) -> Result<Strand, TrailError> {
        if records.len() > MAX_LINES_AT_ONCE {
            let count = records.len();
            return Err(AppendError::TooMany { count }.into());
        }
        let batch = checked::batch(records)?;
        let (lines, end) = chained(head, &batch, records);
        let Some(last) = records.last() else {
            return Ok(head);
        };
        let writing = self.write().await?;
        advance(&writing, head, end, last.recorded_at).await?;
        let rows: Vec<Vec<Value>> = batch.into_iter().map(record_row).collect();
        let wrote = async {
            insert(
                &writing,
                "records (id, kind, recorded_at, supersedes, sha256, canonical)",
                &rows,
            )
            .await?;
            insert(&writing, LINE_COLUMNS, &lines).await
        };
        match wrote.await {
            // One of them was written before, and its answer was lost.
            Err(trouble) if is_duplicate(&trouble) => return Err(TrailError::Moved { strand: head.id }),
            wrote => wrote?,
        }
        writing.commit().await?;
        Ok(end)
    }

    async fn strand(&self, id: StrandId) -> Result<Option<Strand>, TrailError> {
        let one = "SELECT id, number, digest FROM trail_strands WHERE id = $1";
        let row = self.one(Sql::with(one, values![id.0])).await?;
        row.map(|row| self.strand_of(&row)).transpose()
    }

    async fn lines_of(&self, records: &[RecordId]) -> Result<BTreeSet<RecordId>, TrailError> {
        let mut found = BTreeSet::new();
        for some in records.chunks(MAX_VALUES) {
            let mut sql = Sql::new("SELECT record_id FROM trail_lines WHERE record_id IN (");
            sql.bind_all(some.iter().map(|id| Value::from(id.0))).push(")");
            for row in self.all(sql).await? {
                found.insert(RecordId(self.cell(&row, "record_id")?));
            }
        }
        Ok(found)
    }

    async fn adopt_lines(&self, strand: StrandId, at: Timestamp) -> Result<u64, TrailError> {
        let any = "SELECT id FROM trail_strands LIMIT 1";
        if self.one(Sql::new(any)).await?.is_some() {
            return Ok(0);
        }
        // One transaction for all, so that a crash leaves none adopted and not some.
        let writing = self.write().await?;
        let begin = Strand::begin(strand);
        let mut end = begin;
        let mut after = (i64::MIN, uuid::Uuid::nil());
        loop {
            let page = "SELECT id, recorded_at, canonical FROM records WHERE kind = $1 AND recorded_at >= $2 AND \
                 (recorded_at > $2 OR id > $3) ORDER BY recorded_at, id LIMIT $4";
            let page = Sql::with(page, values![KIND, after.0, after.1, ADOPTED_AT_ONCE]);
            let rows = writing.all(page).await?;
            let Some(last) = rows.last() else { break };
            after = (self.cell(last, "recorded_at")?, self.cell(last, "id")?);
            let mut lines = Vec::with_capacity(rows.len());
            for row in &rows {
                let canonical: String = self.cell(row, "canonical")?;
                let keys = serde_json::from_str(&canonical).map(|record| Keys::of(&record));
                end = end.with(canonical.as_bytes());
                let place = Place {
                    recorded_at: self.instant_in(row, "recorded_at")?,
                    id: RecordId(self.cell(row, "id")?),
                };
                // What cannot be read is linked all the same: the check says so.
                lines.push(line_row(end, place, keys.unwrap_or_default()));
            }
            match insert(&writing, LINE_COLUMNS, &lines).await {
                // Another process began at the same moment and adopts them.
                Err(trouble) if is_duplicate(&trouble) => return Ok(0),
                inserted => inserted?,
            }
        }
        if end.number > 0 {
            advance(&writing, begin, end, at).await?;
            writing.commit().await?;
        }
        Ok(end.number)
    }

    async fn waiting_strands(
        &self,
        own: Option<StrandId>,
        quiet_since: Timestamp,
    ) -> Result<Vec<Strand>, TrailError> {
        let waiting = "SELECT id, number, digest FROM trail_strands WHERE number > anchored \
             AND (id = $1 OR touched_at < $2) ORDER BY id LIMIT $3";
        let own = own.map_or(uuid::Uuid::nil(), |own| own.0);
        let rows = self
            .all(Sql::with(
                waiting,
                values![own, quiet_since.unix_micros(), MAX_WAITING],
            ))
            .await?;
        rows.iter().map(|row| self.strand_of(row)).collect()
    }

    async fn put_anchors(&self, anchors: &[Anchored]) -> Result<(), TrailError> {
        let writing = self.write().await?;
        for anchored in anchors {
            let anchor = &anchored.anchor;
            let put = "INSERT INTO trail_anchors (strand, number, digest, log, log_index, leaf, at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (strand, number) DO NOTHING";
            let row = values![
                anchor.strand.0,
                whole(anchor.number),
                bytes32(&anchor.digest),
                anchored.log.as_str(),
                whole(anchored.log_index),
                anchor.leaf(),
                anchored.at.unix_micros(),
            ];
            writing.run(Sql::with(put, row)).await?;
            let mark = "UPDATE trail_strands SET anchored = $1 WHERE id = $2 AND anchored < $1";
            writing
                .run(Sql::with(mark, values![whole(anchor.number), anchor.strand.0]))
                .await?;
        }
        Ok(writing.commit().await?)
    }

    async fn lines(&self, query: &LineQuery) -> Result<LinePage, TrailError> {
        let size = query.limit.unwrap_or(MAX_PAGE_LINES).clamp(1, MAX_PAGE_LINES);
        let rows = self.all(search(query, size + 1)).await?;
        let mut lines = rows
            .iter()
            .map(|row| self.line_of(row))
            .collect::<Result<Vec<_>, _>>()?;
        let is_last = lines.len() <= size;
        lines.truncate(size);
        let next = lines.last().map(|line| line.place).filter(|_| !is_last);
        Ok(LinePage { lines, next })
    }
}

const LINE_COLUMNS: &str = "trail_lines (strand, number, record_id, digest, at, actor, action, object_kind, object, result, address)";

/// The lines of a batch behind a head, and the head behind them.
fn chained(head: Strand, batch: &[StoredRecord], records: &[Record]) -> (Vec<Vec<Value>>, Strand) {
    let mut end = head;
    let mut lines = Vec::with_capacity(batch.len());
    for (stored, record) in batch.iter().zip(records) {
        end = end.with(stored.canonical.as_bytes());
        lines.push(line_row(end, stored.place, Keys::of(record)));
    }
    (lines, end)
}

fn line_row(end: Strand, place: Place, keys: Keys) -> Vec<Value> {
    values![
        end.id.0,
        whole(end.number),
        place.id.0,
        bytes32(&end.digest),
        place.recorded_at.unix_micros(),
        keys.actor,
        keys.action,
        keys.object_kind,
        keys.object,
        keys.result,
        keys.address,
    ]
}

fn record_row(stored: StoredRecord) -> Vec<Value> {
    values![
        stored.place.id.0,
        stored.kind,
        stored.place.recorded_at.unix_micros(),
        stored.supersedes.map(|id| id.0),
        stored.sha256,
        stored.canonical,
    ]
}

/// Moves the head of a strand, if it stands where the writer thinks.
async fn advance(writing: &Writing<'_>, head: Strand, end: Strand, at: Timestamp) -> Result<(), TrailError> {
    let moved = Err(TrailError::Moved { strand: head.id });
    let at = at.unix_micros();
    if head.number == 0 {
        let begin = "INSERT INTO trail_strands (id, begun_at, touched_at, number, digest, anchored) \
             VALUES ($1, $2, $2, $3, $4, 0)";
        let row = values![head.id.0, at, whole(end.number), bytes32(&end.digest)];
        return match writing.run(Sql::with(begin, row)).await {
            Err(trouble) if is_duplicate(&trouble) => moved,
            begun => Ok(begun.map(|_| ())?),
        };
    }
    let go_on = "UPDATE trail_strands SET number = $1, digest = $2, touched_at = $3 \
         WHERE id = $4 AND number = $5 AND digest = $6";
    let row = values![
        whole(end.number),
        bytes32(&end.digest),
        at,
        head.id.0,
        whole(head.number),
        bytes32(&head.digest),
    ];
    match writing.run(Sql::with(go_on, row)).await? {
        1 => Ok(()),
        _ => moved,
    }
}

/// Inserts rows in few statements of few lengths.
async fn insert(
    writing: &Writing<'_>,
    into: &str,
    rows: &[Vec<Value>],
) -> Result<(), crate::database::DatabaseError> {
    let mut rest = rows;
    for size in ROWS {
        while rest.len() >= size {
            let (some, behind) = rest.split_at(size);
            rest = behind;
            let mut sql = Sql::new("INSERT INTO ");
            sql.push(into).push(" VALUES ");
            for (at, row) in some.iter().enumerate() {
                sql.push(if at == 0 { "(" } else { ", (" });
                sql.bind_all(row.iter().cloned()).push(")");
            }
            writing.run(sql).await?;
        }
    }
    Ok(())
}

/// One page of lines with their records.
fn search(query: &LineQuery, limit: usize) -> Sql {
    let mut sql = Sql::new(
        "SELECT l.strand, l.number, l.digest, l.at, l.record_id, r.canonical, r.sha256 FROM trail_lines l \
         LEFT JOIN records r ON r.id = l.record_id WHERE 1 = 1",
    );
    // The rarest first: that one is looked up, the others are compared.
    let asked = [
        ("l.object", &query.object),
        ("l.result", &query.result),
        ("l.actor", &query.actor),
        ("l.address", &query.address),
        ("l.action", &query.action),
        ("l.object_kind", &query.object_kind),
    ];
    let mut is_found = false;
    for (column, text) in asked {
        let Some(text) = text else { continue };
        let is_indexed = match column {
            "l.object_kind" => false,
            "l.result" => text != COMMON_RESULT,
            _ => true,
        };
        if is_indexed && !is_found {
            is_found = true;
            if column == "l.result" {
                // So that both databases see that the index holds what is asked for.
                sql.push(" AND l.result <> 'allowed'");
            }
            sql.push(" AND ").push(column).push(" = ");
        } else {
            sql.push(" AND ").push(column).push(" || '' = ");
        }
        sql.bind(key(text));
    }
    if let Some(from) = query.from {
        sql.push(" AND l.at >= ").bind(from.unix_micros());
    }
    if let Some(until) = query.until {
        sql.push(" AND l.at < ").bind(until.unix_micros());
    }
    if let Some(after) = query.after {
        let [loose, strict] = if query.is_backwards {
            ["<=", "<"]
        } else {
            [">=", ">"]
        };
        let micros = after.recorded_at.unix_micros();
        sql.push(" AND l.at ").push(loose).push(" ").bind(micros);
        sql.push(" AND (l.at ").push(strict).push(" ").bind(micros);
        sql.push(" OR l.record_id ")
            .push(strict)
            .push(" ")
            .bind(after.id.0)
            .push(")");
    }
    let order = if query.is_backwards {
        " ORDER BY l.at DESC, l.record_id DESC LIMIT "
    } else {
        " ORDER BY l.at, l.record_id LIMIT "
    };
    sql.push(order).bind(whole(limit));
    sql
}

impl Database {
    /// One cell of a row of the trail.
    pub(super) fn cell<T: TryGetable>(&self, row: &QueryResult, column: &str) -> Result<T, TrailError> {
        Ok(row.try_get("", column).map_err(|e| self.trouble(e))?)
    }

    /// A digest in a row.
    pub(super) fn digest_in(&self, row: &QueryResult, column: &str) -> Result<LineDigest, TrailError> {
        let bytes: Vec<u8> = self.cell(row, column)?;
        bytes.try_into().map_err(|_| TrailError::Damaged {
            what: "a digest has another length",
        })
    }

    /// The number of a line in a row.
    pub(super) fn number_in(&self, row: &QueryResult, column: &str) -> Result<u64, TrailError> {
        let number: i64 = self.cell(row, column)?;
        u64::try_from(number).map_err(|_| TrailError::Damaged {
            what: "a number is negative",
        })
    }

    pub(super) fn instant_in(&self, row: &QueryResult, column: &str) -> Result<Timestamp, TrailError> {
        Timestamp::from_unix_micros(self.cell(row, column)?).map_err(|_| TrailError::Damaged {
            what: "an instant is outside the calendar",
        })
    }

    pub(super) fn strand_of(&self, row: &QueryResult) -> Result<Strand, TrailError> {
        Ok(Strand {
            id: StrandId(self.cell(row, "id")?),
            number: self.number_in(row, "number")?,
            digest: self.digest_in(row, "digest")?,
        })
    }

    fn line_of(&self, row: &QueryResult) -> Result<Line, TrailError> {
        let canonical: Option<String> = self.cell(row, "canonical")?;
        let sha256: Option<String> = self.cell(row, "sha256")?;
        let id = RecordId(self.cell(row, "record_id")?);
        let whole = canonical.filter(|text| sha256.as_deref() == Some(&checked::sha256_hex(text)));
        let record: Option<Record> = whole.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Line {
            strand: StrandId(self.cell(row, "strand")?),
            number: self.number_in(row, "number")?,
            digest: self.digest_in(row, "digest")?,
            place: Place {
                recorded_at: self.instant_in(row, "at")?,
                id,
            },
            record: record.filter(|record| record.id == id),
        })
    }
}
