//! One strand: every line recomputed, and compared with head, anchors and their leaves.
//!
//! In:  the tables; the log where it is at hand.
//! Out: findings in the [`Part`].

use std::{cmp::Ordering, collections::VecDeque};

use quanlian_record::{
    envelope::Record,
    id::{RecordId, StrandId},
};
use sea_orm::QueryResult;

use super::{
    Finding, Part, Pruned, What,
    place::{AtLine, Stage},
    window::{Row, Window},
};
use crate::{
    database::{Database, Sql, values, whole},
    records::checked::sha256_hex,
    trail::{Anchor, Anchored, KIND, Keys, Leaves, LineDigest, PRUNED, Strand, TrailError},
};

/// Lines or anchors of one question.
const PAGE: usize = 500;
/// Bytes of records after which a page is asked for that is smaller: a record may have a megabyte.
const PAGE_BYTES: usize = 16 << 20;
/// An anchor is compared when so many lines behind it were read, or the window is settled by then; at the latest when half
/// of [`RECENT`] were.
const LATE: u64 = 16;
/// So many lines are remembered by number and digest.
const RECENT: usize = 512;

/// Looks at what is known of a strand before its lines are read.
pub(super) async fn begin(
    database: &Database,
    strand: StrandId,
    part: &mut Part,
) -> Result<Option<Stage>, TrailError> {
    let pruning = "SELECT through, digest, at, record_id FROM trail_prunings WHERE strand = $1";
    let pruning = database.one(Sql::with(pruning, values![strand.0])).await?;
    let mut number = 0;
    if let Some(row) = &pruning {
        number = database.number_in(row, "through")?;
        part.pruned.push(Pruned {
            strand,
            through: number,
            at: database.instant_in(row, "at")?.to_string(),
            record: RecordId(database.cell(row, "record_id")?),
        });
        // Without the anchor at its end nothing says what was pruned.
        let digest = database.digest_in(row, "digest")?;
        let anchor = anchor_at(database, strand, number).await?;
        // Nor is a tombstone believed of which no line of the trail says who put it there.
        let record: uuid::Uuid = database.cell(row, "record_id")?;
        let said = "SELECT record_id FROM trail_lines WHERE record_id = $1 AND action = $2 AND object = $3";
        let said = Sql::with(said, values![record, PRUNED, strand.to_string()]);
        let is_said = database.one(said).await?.is_some();
        if anchor.map(|anchor| anchor.digest) != Some(digest) || !is_said {
            part.found(Finding::at(What::LineRemoved, strand, 1).through(number));
        }
    }
    Ok(Some(Stage::Lines(AtLine {
        strand,
        number,
        shift: 0,
    })))
}

async fn anchor_at(database: &Database, strand: StrandId, number: u64) -> Result<Option<Anchor>, TrailError> {
    let one = "SELECT digest FROM trail_anchors WHERE strand = $1 AND number = $2";
    let row = database
        .one(Sql::with(one, values![strand.0, whole(number)]))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let digest = database.digest_in(&row, "digest")?;
    Ok(Some(Anchor {
        strand,
        number,
        digest,
    }))
}

/// Walks along the lines behind a place, at most so many; where to go on.
pub(super) async fn walk(
    database: &Database,
    log: Option<&dyn Leaves>,
    from: AtLine,
    rows: u64,
    part: &mut Part,
) -> Result<Option<Stage>, TrailError> {
    let mut walk = Walk::begin(database, log, from).await?;
    let (mut done, mut size) = (0, PAGE);
    loop {
        let page = lines(database, from.strand, walk.at, size).await?;
        let mut bytes = 0;
        for row in &page {
            bytes += walk.line(row, part)?;
            walk.compare_due(false, part).await?;
        }
        done += page.len() as u64;
        part.lines += page.len() as u64;
        if page.len() < size {
            let head = walk.head().await?;
            // More may have come meanwhile; then they are looked at first.
            if head.is_none_or(|(_, last)| last <= walk.at) {
                walk.finish(head.map(|(head, _)| head), part).await?;
                return Ok(Some(Stage::Strand {
                    after: Some(from.strand),
                }));
            }
        }
        size = if bytes > PAGE_BYTES { 1.max(size / 8) } else { PAGE };
        if done >= rows && walk.window.is_quiet() {
            walk.compare_due(true, part).await?;
            walk.shifted(walk.at);
            walk.tell(walk.at, part);
            return Ok(Some(Stage::Lines(AtLine {
                number: walk.at,
                shift: walk.shift,
                ..from
            })));
        }
    }
}

async fn lines(
    database: &Database,
    strand: StrandId,
    after: u64,
    size: usize,
) -> Result<Vec<QueryResult>, TrailError> {
    let page = "SELECT l.number, l.record_id, l.digest, l.at, l.actor, l.action, l.object_kind, l.object, l.result, \
         l.address, r.kind, r.recorded_at, r.sha256, r.canonical \
         FROM trail_lines l LEFT JOIN records r ON r.id = l.record_id \
         WHERE l.strand = $1 AND l.number > $2 ORDER BY l.number LIMIT $3";
    let page = Sql::with(page, values![strand.0, whole(after), whole(size)]);
    Ok(database.all(page).await?)
}

struct Walk<'d> {
    database: &'d Database,
    log: Option<&'d dyn Leaves>,
    strand: StrandId,
    /// The number of the last line that was there.
    at: u64,
    window: Window,
    /// By so many places the lines stand further on, or further back, than when they were anchored.
    shift: i64,
    /// The last lines: number, record, digest.
    recent: VecDeque<(u64, RecordId, LineDigest)>,
    anchors: VecDeque<Anchored>,
    are_all_read: bool,
    /// Up to here an anchor has proven the lines, by their numbers in the table.
    proven: u64,
}

impl<'d> Walk<'d> {
    async fn begin(
        database: &'d Database,
        log: Option<&'d dyn Leaves>,
        from: AtLine,
    ) -> Result<Self, TrailError> {
        let (before, is_pruned) = before(database, from).await?;
        let mut walk = Self {
            database,
            log,
            strand: from.strand,
            at: from.number,
            window: Window::new(from.strand, before),
            shift: from.shift,
            recent: VecDeque::new(),
            anchors: VecDeque::new(),
            are_all_read: false,
            proven: from.number,
        };
        let last = from.number.saturating_add_signed(-from.shift);
        // Those of lines that were pruned stand in the log still.
        walk.read_anchors(if is_pruned { 0 } else { last }).await?;
        Ok(walk)
    }

    /// The head as the table of strands has it, and the last line, of one moment; `None` where the strand is not in it.
    async fn head(&self) -> Result<Option<(Strand, u64)>, TrailError> {
        let head = "SELECT s.id, s.number, s.digest, \
             (SELECT MAX(l.number) FROM trail_lines l WHERE l.strand = s.id) AS last \
             FROM trail_strands s WHERE s.id = $1";
        let row = self.database.one(Sql::with(head, values![self.strand.0])).await?;
        let Some(row) = row else { return Ok(None) };
        let last: Option<i64> = self.database.cell(&row, "last")?;
        Ok(Some((
            self.database.strand_of(&row)?,
            last.map_or(0, i64::cast_unsigned),
        )))
    }

    async fn read_anchors(&mut self, after: u64) -> Result<(), TrailError> {
        let page = "SELECT number, digest, log, log_index, at FROM trail_anchors \
             WHERE strand = $1 AND number > $2 ORDER BY number LIMIT $3";
        let page = Sql::with(page, values![self.strand.0, whole(after), whole(PAGE)]);
        let rows = self.database.all(page).await?;
        self.are_all_read = rows.len() < PAGE;
        for row in &rows {
            let anchored = Anchored {
                anchor: Anchor {
                    strand: self.strand,
                    number: self.database.number_in(row, "number")?,
                    digest: self.database.digest_in(row, "digest")?,
                },
                log: self.database.cell(row, "log")?,
                log_index: self.database.number_in(row, "log_index")?,
                at: self.database.instant_in(row, "at")?,
            };
            self.anchors.push_back(anchored);
        }
        Ok(())
    }

    /// Where the line of an anchor stands now.
    fn place_of(&self, anchor: &Anchor) -> u64 {
        anchor.number.saturating_add_signed(self.shift)
    }

    /// One line; how long its record is.
    fn line(&mut self, row: &QueryResult, part: &mut Part) -> Result<usize, TrailError> {
        let database = self.database;
        let number = database.number_in(row, "number")?;
        let record = RecordId(database.cell(row, "record_id")?);
        let digest = database.digest_in(row, "digest")?;
        let canonical: Option<String> = database.cell(row, "canonical")?;
        let bytes = canonical.as_ref().map_or(0, String::len);
        if number > self.at + 1 {
            self.window.begin_again(digest);
            let gone = Finding::at(What::LineRemoved, self.strand, self.at + 1);
            self.window.findings.push(gone.through(number - 1));
        }
        if let Some(canonical) = canonical {
            if !is_as_its_record(database, row, record, &canonical)? {
                part.found(Finding::at(What::KeysChanged, self.strand, number).record(Some(record)));
            }
            if number == self.at + 1 {
                self.window.push(Row {
                    number,
                    record,
                    digest,
                    canonical,
                });
            }
        } else {
            self.window.begin_again(digest);
            let gone = Finding::at(What::LineRemoved, self.strand, number);
            self.window.findings.push(gone.record(Some(record)));
        }
        self.at = number;
        self.recent.push_back((number, record, digest));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        Ok(bytes)
    }

    /// Compares the anchors whose lines were read; a few lines late, so that what was done around them is known by then.
    async fn compare_due(&mut self, all: bool, part: &mut Part) -> Result<(), TrailError> {
        loop {
            let Some(next) = self.anchors.front() else {
                return Ok(());
            };
            let place = self.place_of(&next.anchor);
            let late = self.at.saturating_sub(place);
            let is_due = place <= self.at
                && (all || late >= RECENT as u64 / 2 || (late >= LATE && self.window.is_settled()));
            if !is_due {
                return Ok(());
            }
            let Some(next) = self.anchors.pop_front() else {
                return Ok(());
            };
            if self.anchors.is_empty() && !self.are_all_read {
                self.read_anchors(next.anchor.number).await?;
            }
            self.look_up(&next, part).await?;
            self.window.settle();
            self.prove(&next.anchor, part);
        }
    }

    /// Whether the line of an anchor is the one that was meant.
    fn prove(&mut self, anchor: &Anchor, part: &mut Part) {
        let place = self.shifted(anchor.number);
        let Some(&(_, record, digest)) = self.recent.iter().find(|line| line.0 == place) else {
            // In a gap that was told, or pruned.
            return;
        };
        if digest == anchor.digest {
            part.anchored += place - self.proven;
        } else {
            let stands_at = self
                .recent
                .iter()
                .find(|line| line.2 == anchor.digest)
                .map(|line| line.0);
            match (stands_at, self.window.unsure.first_mut()) {
                // The numbers moved up behind lines that are gone.
                (Some(stands_at), Some(first)) if stands_at < place => {
                    let gone = place - stands_at;
                    self.shift -= gone.cast_signed();
                    removed(first, gone);
                }
                _ => {
                    let rewritten = Finding::at(What::Rewritten, self.strand, self.proven + 1);
                    part.found(rewritten.through(place).record(Some(record)));
                }
            }
        }
        self.tell(place, part);
        self.proven = place;
    }

    /// Whether the log holds the leaf.
    async fn look_up(&self, anchored: &Anchored, part: &mut Part) -> Result<(), TrailError> {
        part.anchors += 1;
        let Some(log) = self.log else { return Ok(()) };
        if log.name() != anchored.log {
            part.elsewhere += 1;
            return Ok(());
        }
        let index = anchored.log_index;
        let mut leaf = None;
        if index < log.size().await? {
            leaf = log.read(index..index + 1).await?.into_iter().next();
        }
        part.in_log += 1;
        if leaf.as_deref() != Some(anchored.anchor.leaf().as_bytes()) {
            let number = anchored.anchor.number;
            part.found(Finding::at(What::AnchorNotInLog, self.strand, number).entry(index));
        }
        Ok(())
    }

    /// Where a line stands now, behind what was put in before it.
    fn shifted(&mut self, number: u64) -> u64 {
        let mut place = number.saturating_add_signed(self.shift);
        let inserted = std::mem::take(&mut self.window.inserted);
        for at in inserted {
            if at <= place {
                self.shift += 1;
                place += 1;
            } else {
                self.window.inserted.push(at);
            }
        }
        place
    }

    /// Everything that is certain of the lines up to this one.
    fn tell(&mut self, up_to: u64, part: &mut Part) {
        let window = &mut self.window;
        let unsure = window
            .unsure
            .extract_if(.., |finding| finding.number <= Some(up_to));
        for finding in window.findings.drain(..).chain(unsure) {
            part.found(finding);
        }
    }

    /// Compares the end of the strand.
    async fn finish(mut self, head: Option<Strand>, part: &mut Part) -> Result<(), TrailError> {
        self.compare_due(true, part).await?;
        self.window.settle();
        let last = self.window.last();
        let mut cut = None;
        if let Some(head) = head {
            // Whoever moved lines may have set the head to the last one; then the anchors tell.
            let is_last = (head.number, head.digest) == (self.at, last);
            let place = if is_last {
                self.at
            } else {
                self.shifted(head.number)
            };
            match (self.window.unsure.first_mut(), place.cmp(&self.at)) {
                // The numbers moved up behind lines that are gone.
                (Some(first), Ordering::Greater) if head.digest == last => removed(first, place - self.at),
                (_, Ordering::Greater) => cut = Some(place),
                (_, Ordering::Less) => {
                    self.window.unsure.retain(|finding| finding.number <= Some(place));
                    let inserted = Finding::at(What::LineInserted, self.strand, place + 1);
                    part.found(inserted.through(self.at));
                }
                (None, Ordering::Equal) if head.digest != last && self.at > 0 => {
                    part.found(Finding::at(What::HeadChanged, self.strand, self.at));
                }
                _ => {}
            }
        } else {
            part.found(Finding {
                strand: Some(self.strand),
                ..Finding::of(What::StrandRemoved)
            });
        }
        self.tell(u64::MAX, part);
        // What is left names lines that are not there. They were written before the lines were read.
        while let Some(next) = self.anchors.pop_front() {
            if self.anchors.is_empty() && !self.are_all_read {
                self.read_anchors(next.anchor.number).await?;
            }
            self.look_up(&next, part).await?;
            cut = cut.max(Some(self.place_of(&next.anchor)));
        }
        if let Some(cut) = cut.filter(|_| self.at > 0 || head.is_some()) {
            part.found(Finding::at(What::TailCut, self.strand, self.at + 1).through(cut));
        }
        Ok(())
    }
}

/// Makes of a line that does not fit the one that is missing before it.
fn removed(finding: &mut Finding, gone: u64) {
    (finding.what, finding.record) = (What::LineRemoved, None);
    let last = finding.number.map(|first| first + gone - 1);
    finding.through = last.filter(|_| gone > 1);
}

/// The digest before the line behind a place, and whether that is where the pruned lines end.
async fn before(database: &Database, from: AtLine) -> Result<(LineDigest, bool), TrailError> {
    if from.number == 0 {
        return Ok((Strand::begin(from.strand).digest, false));
    }
    let of_line = "SELECT digest FROM trail_lines WHERE strand = $1 AND number = $2";
    let of_pruning = "SELECT digest FROM trail_prunings WHERE strand = $1 AND through = $2";
    for (one, is_pruned) in [(of_line, false), (of_pruning, true)] {
        let row = database
            .one(Sql::with(one, values![from.strand.0, whole(from.number)]))
            .await?;
        if let Some(row) = row {
            return Ok((database.digest_in(&row, "digest")?, is_pruned));
        }
    }
    Err(TrailError::NoPlace)
}

/// Whether everything beside a record is what it says.
fn is_as_its_record(
    database: &Database,
    row: &QueryResult,
    id: RecordId,
    canonical: &str,
) -> Result<bool, TrailError> {
    let text = |column: &str| database.cell::<String>(row, column);
    let keys = Keys {
        actor: text("actor")?,
        action: text("action")?,
        object_kind: text("object_kind")?,
        object: text("object")?,
        result: text("result")?,
        address: text("address")?,
    };
    let at: i64 = database.cell(row, "at")?;
    let recorded_at: i64 = database.cell(row, "recorded_at")?;
    let record: Option<Record> = serde_json::from_str(canonical).ok();
    let is_same = record.is_some_and(|record| {
        let instant = record.recorded_at.unix_micros();
        record.id == id
            && record.kind == KIND
            && (instant, instant) == (at, recorded_at)
            && Keys::of(&record) == keys
    });
    Ok(is_same && text("kind")? == KIND && text("sha256")? == sha256_hex(canonical))
}
