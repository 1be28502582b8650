//! The check of the audit trail: is every line still there, as it was written?
//!
//! In:  the tables, the evidence log where it can be read, where to begin and how many rows to look at.
//! Out: a [`Part`]: what was looked at, what was found, where to go on.
//!
//! It recomputes every strand from its beginning, and compares it with what it cannot have been changed together with: the head
//! of the strand, the anchors, and the leaves of the log. Then it looks for records without a line, and for leaves that name
//! what is no longer there.
//!
//! What it can tell depends on how much was changed with the line. Where the digests of the lines were left alone, it names the
//! line; where somebody has computed them anew up to the head, an anchor behind it gives that away, and the finding is the
//! stretch between two anchors ([`What::Rewritten`]). What no anchor covers yet, ten seconds as a rule, can be rewritten by who
//! controls the whole database.
//!
//! Invariants: nothing is written; memory does not grow with the trail; lines that are written meanwhile are no finding.

mod elsewhere;
mod place;
mod strand;
mod window;

use quanlian_record::id::{RecordId, StrandId};
use serde::Serialize;

use super::{Leaves, TrailError};
use crate::database::Database;

pub use place::From;
use place::Stage;

/// So many findings are told one by one; the others are counted.
pub const MAX_FINDINGS: usize = 200;

/// What somebody did to the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A line, its record or both are gone.
    LineRemoved,
    /// The record of a line is another than was written.
    LineChanged,
    /// A line was put in that its strand did not have.
    LineInserted,
    /// Lines stand in another order.
    LinesReordered,
    /// The last lines of a strand are gone.
    TailCut,
    /// Lines and all digests behind them were written anew.
    Rewritten,
    /// What stands beside a record to be searched is not what the record says.
    KeysChanged,
    /// The head of a strand is not that of its last line.
    HeadChanged,
    /// A strand is gone with all its lines.
    StrandRemoved,
    /// A record of the trail stands in no strand.
    RecordInserted,
    /// An anchor is not in the log, or something else stands there.
    AnchorNotInLog,
    /// An anchor says something else than its leaf.
    AnchorChanged,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: What,
    /// In which strand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strand: Option<StrandId>,
    /// At which line, or from which line on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Up to which line, where it is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<u64>,
    /// Which record, where one can be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The entry of the log, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
}

impl Finding {
    fn of(what: What) -> Self {
        Self {
            what,
            strand: None,
            number: None,
            through: None,
            record: None,
            log_index: None,
        }
    }

    fn at(what: What, strand: StrandId, number: u64) -> Self {
        Self {
            strand: Some(strand),
            number: Some(number),
            ..Self::of(what)
        }
    }

    fn through(self, last: u64) -> Self {
        let through = (self.number != Some(last)).then_some(last);
        Self { through, ..self }
    }

    fn record(self, record: Option<RecordId>) -> Self {
        Self { record, ..self }
    }

    fn entry(self, log_index: u64) -> Self {
        let log_index = Some(log_index);
        Self { log_index, ..self }
    }
}

/// What was pruned when its time was over, as it stands in the tombstone of a strand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Of which strand.
    pub strand: StrandId,
    /// All lines up to this one.
    pub through: u64,
    /// When.
    pub at: String,
    /// The line of the trail that says who did it.
    pub record: RecordId,
}

/// What a part of a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Part {
    /// Strands that were begun.
    pub strands: u64,
    /// Lines whose digests were recomputed.
    pub lines: u64,
    /// Of them, those that an anchor covers which was found in the log, or in the table where no log is at hand.
    pub anchored: u64,
    /// Anchors that were compared.
    pub anchors: u64,
    /// Of them, those that were looked up in the log.
    pub in_log: u64,
    /// Of them, those that stand in a log that is not at hand.
    pub elsewhere: u64,
    /// Records that were looked up in the strands.
    pub records: u64,
    /// Entries of the log that were read.
    pub entries: u64,
    /// What was pruned.
    pub pruned: Vec<Pruned>,
    /// What is not as it was written, up to [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more_findings: u64,
    /// Where to go on; `None` when everything was looked at.
    #[serde(skip)]
    pub next: Option<From>,
}

impl Part {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }

    /// Whether everything is as it was written, as far as was looked.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.more_findings == 0
    }

    /// With what the next part found.
    pub fn add(&mut self, next: Self) {
        self.strands += next.strands;
        self.lines += next.lines;
        self.anchored += next.anchored;
        self.anchors += next.anchors;
        self.in_log += next.in_log;
        self.elsewhere += next.elsewhere;
        self.records += next.records;
        self.entries += next.entries;
        self.pruned.extend(next.pruned);
        self.more_findings += next.more_findings;
        for finding in next.findings {
            self.found(finding);
        }
        self.next = next.next;
    }
}

/// Looks at some `rows` from a place on, of lines, records and entries together; at a few more where a page ends later.
///
/// Without `log`, anchors are compared with the table alone. Begin with `From::default()`.
pub async fn check(
    database: &Database,
    log: Option<&dyn Leaves>,
    from: &From,
    rows: u64,
) -> Result<Part, TrailError> {
    let mut part = Part::default();
    let mut stage = from.stage();
    loop {
        let looked = part.lines + part.records + part.entries;
        if looked >= rows {
            part.next = Some(From::at(stage));
            return Ok(part);
        }
        let left = rows - looked;
        let next = match stage {
            Stage::Strand { after } => match place::next_strand(database, after).await? {
                Some(strand) => {
                    part.strands += 1;
                    strand::begin(database, strand, &mut part).await?
                }
                None => Some(Stage::Records { after: None }),
            },
            Stage::Lines(at) => strand::walk(database, log, at, left, &mut part).await?,
            Stage::Records { after } => elsewhere::records(database, after, &mut part).await?,
            Stage::Leaves { from } => match log {
                Some(log) => elsewhere::leaves(database, log, from, &mut part).await?,
                None => None,
            },
        };
        match next {
            Some(next) => stage = next,
            None => return Ok(part),
        }
    }
}
