//! Custody (保管链): who did what with one item, when, where, why, with which tool, and who signed for it.
//!
//! In:  acts, in their order.
//! Out: canonical JSON lines (`custody.jsonl`), each naming the SHA-256 of the one before.
//!
//! Two versions of line stand in one chain. Version 1 is what the program itself notes: taken in,
//! deposited, bundled. Version 2 is an act of people: it has parties, each of whom signs, and a
//! check of the machine; each such line has an entry of its own in the log ([`entry`]).
//!
//! Invariant: a line is never changed. Signatures are gathered before a line enters the chain, not
//! after. The first line is named by the deposit record, and so stands under the commitment in the
//! log; each line of version 2 stands under its own entry; the last line of every item stands under
//! the seal of the bundle. Nothing can be slipped in between afterwards.
//!
//! Not here: where lines are kept (`vault`), who may act (the installation's accounts).
//!
//! | module | holds |
//! |---|---|
//! | [`act`] | what a line of version 2 says: parties, media, machine |
//! | [`signing`] | what a party signs, and whether it did |
//! | [`order`] | which act can follow which, who holds the item, and gaps |
//! | [`entry`] | what stands in the log for a line, and how a cut-off end is noticed |
//! | [`examine`] | all checks on one chain, one finding each |
//! | [`case_uco`] | the chain as CASE/UCO JSON-LD |

pub mod act;
pub mod case_uco;
pub mod entry;
pub mod examine;
pub mod order;
pub mod signing;

use std::collections::BTreeMap;

use quanlian_record::{
    canonical::{self, CanonicalError},
    id::{CustodyId, DepositId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{TOOL, content::sha256_hex};
use act::{ActRecord, Attestation, RecordError};
use order::{OrderProblem, Standing};

/// Version of a line that the program writes about itself.
pub const CUSTODY_VERSION: u32 = 1;
/// Version of a line that people sign.
pub const SIGNED_CUSTODY_VERSION: u32 = 2;
/// Lines that one item may have.
pub const MAX_CUSTODY_LINES: usize = 10_000;
/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 64 << 10;
/// What the first line names as the one before: nothing.
pub const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Taken in from where it was (收集).
    Collected,
    /// Put into the evidence log (存证).
    Deposited,
    /// Closed against change (封存).
    Sealed,
    /// Given to somebody else (移交).
    HandedOver,
    /// A seal was broken (启封).
    Opened,
    /// Put into a bundle (打包).
    Bundled,
    /// A copy was made (复制).
    Copied,
    /// Examined (分析、检验).
    Analysed,
    /// Given back to whom it belongs (返还).
    Returned,
}

impl Act {
    /// The acts that people do and sign for.
    pub const OF_PEOPLE: [Self; 7] = [
        Self::Collected,
        Self::Sealed,
        Self::HandedOver,
        Self::Opened,
        Self::Copied,
        Self::Analysed,
        Self::Returned,
    ];

    /// The word that lines use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Deposited => "deposited",
            Self::Sealed => "sealed",
            Self::HandedOver => "handed_over",
            Self::Opened => "opened",
            Self::Bundled => "bundled",
            Self::Copied => "copied",
            Self::Analysed => "analysed",
            Self::Returned => "returned",
        }
    }

    /// Whether the program itself notes it.
    fn is_of_program(self) -> bool {
        matches!(self, Self::Collected | Self::Deposited | Self::Bundled)
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyLine {
    /// [`CUSTODY_VERSION`] or [`SIGNED_CUSTODY_VERSION`].
    pub v: u32,
    /// Its id.
    pub id: CustodyId,
    /// The item.
    pub item: DepositId,
    /// What was done.
    pub act: Act,
    /// When, by the clock of the machine that wrote it.
    pub at: Timestamp,
    /// Who did it; in version 2 the first of the parties.
    pub actor: String,
    /// With which program and version.
    pub tool: String,
    /// SHA-256 of the line before, or [`NOTHING_BEFORE`].
    pub prev: String,
    /// Version 1: what else belongs to the act.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
    /// Version 2: what the parties sign for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<ActRecord>,
    /// Version 2: how each party signed, in the order of the parties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<Attestation>,
}

/// Who did what, when: a line before it has its place in the chain.
#[derive(Debug, Clone)]
pub struct NewAct<'a> {
    /// The id that the line gets.
    pub id: CustodyId,
    /// What was done.
    pub act: Act,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: &'a str,
    /// What else belongs to it.
    pub detail: BTreeMap<String, String>,
}

/// Why custody lines are not a chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CustodyError {
    /// A line is not a canonical custody line.
    #[error("custody line {line} is not one that this program writes")]
    Line { line: usize },
    /// A line speaks of another item.
    #[error("custody line {line} is about another item")]
    Item { line: usize },
    /// A line does not follow the one before.
    #[error("custody line {line} does not follow the one before")]
    Broken { line: usize },
    /// What people signed for is not whole.
    #[error("custody line {line} is not a whole record of an act")]
    Record { line: usize, source: RecordError },
    /// A signature does not fit.
    #[error("custody line {line} has a signature of party {party} that does not fit")]
    Signature { line: usize, party: u32 },
    /// An act that cannot follow those before, with no reason given for the irregularity.
    #[error("custody line {line} cannot follow the lines before: {problem}")]
    Order { line: usize, problem: OrderProblem },
    /// None, or more than [`MAX_CUSTODY_LINES`].
    #[error("{0} custody lines")]
    Count(usize),
}

impl CustodyError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "custody_line",
            Self::Item { .. } => "custody_item",
            Self::Broken { .. } => "custody_broken",
            Self::Record { source, .. } => source.code(),
            Self::Signature { .. } => "custody_signature",
            Self::Order { .. } => "custody_order",
            Self::Count(_) => "custody_count",
        }
    }
}

/// Adds an act to the lines of `item`.
pub fn append(lines: &mut Vec<String>, item: DepositId, act: NewAct<'_>) -> Result<(), CanonicalError> {
    let line = CustodyLine {
        v: CUSTODY_VERSION,
        id: act.id,
        item,
        act: act.act,
        at: act.at,
        actor: act.actor.to_owned(),
        tool: TOOL.to_owned(),
        prev: head(lines),
        detail: act.detail,
        record: None,
        attestations: Vec::new(),
    };
    let bytes = canonical::to_bytes(&line)?;
    lines.push(String::from_utf8_lossy(&bytes).into_owned());
    Ok(())
}

/// SHA-256 of the last line, or [`NOTHING_BEFORE`].
pub fn head(lines: &[String]) -> String {
    lines
        .last()
        .map_or_else(|| NOTHING_BEFORE.to_owned(), |line| sha256_hex(line.as_bytes()))
}

/// Checks the chain of one item, its signatures and the order of its acts; returns the acts.
pub fn check(lines: &[&str], item: DepositId) -> Result<Vec<CustodyLine>, CustodyError> {
    let acts = chain(lines, item)?;
    let mut standing = Standing::default();
    for (at, act) in acts.iter().enumerate() {
        let line = at + 1;
        if let Some(party) = signing::first_that_does_not_fit(act) {
            return Err(CustodyError::Signature { line, party });
        }
        if let Err(problem) = standing.allows(act) {
            return Err(CustodyError::Order { line, problem });
        }
        standing.take_in(act);
    }
    Ok(acts)
}

/// Reads the lines of one item: each canonical, whole, of this item, and following the one before.
///
/// Says nothing of signatures and order.
pub fn chain(lines: &[&str], item: DepositId) -> Result<Vec<CustodyLine>, CustodyError> {
    if lines.is_empty() || lines.len() > MAX_CUSTODY_LINES {
        return Err(CustodyError::Count(lines.len()));
    }
    let mut acts = Vec::with_capacity(lines.len());
    let mut before = NOTHING_BEFORE.to_owned();
    for (at, text) in lines.iter().enumerate() {
        let line = at + 1;
        let act = read_line(text).ok_or(CustodyError::Line { line })?;
        if act.item != item {
            return Err(CustodyError::Item { line });
        }
        if act.prev != before {
            return Err(CustodyError::Broken { line });
        }
        if let Some(record) = &act.record {
            record
                .check(act.act)
                .and_then(|()| act::check_attestations(act.act, &record.parties, &act.attestations))
                .map_err(|source| CustodyError::Record { line, source })?;
            if record.parties.first().map(|party| &party.name) != Some(&act.actor) {
                return Err(CustodyError::Line { line });
            }
        }
        before = sha256_hex(text.as_bytes());
        acts.push(act);
    }
    Ok(acts)
}

/// A line whose canonical bytes are exactly `text`, of one of the two versions.
fn read_line(text: &str) -> Option<CustodyLine> {
    if text.len() > MAX_LINE_BYTES {
        return None;
    }
    let act: CustodyLine = serde_json::from_str(text).ok()?;
    let same = canonical::to_bytes(&act).is_ok_and(|bytes| bytes == text.as_bytes());
    let fits_version = match act.v {
        CUSTODY_VERSION => act.record.is_none() && act.attestations.is_empty() && act.act.is_of_program(),
        SIGNED_CUSTODY_VERSION => act.record.is_some() && act.detail.is_empty(),
        _ => false,
    };
    (same && fits_version).then_some(act)
}
