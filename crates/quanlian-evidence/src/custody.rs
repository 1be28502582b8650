//! Custody (保管链): who did what with one item, when, with which tool.
//!
//! In:  acts, in their order.
//! Out: canonical JSON lines (`custody.jsonl`), each naming the SHA-256 of the one before.
//!
//! Invariant: a line is never changed. The first line is named by the deposit record, and
//! so stands under the commitment in the log; the last line of every item stands under
//! the seal of the bundle. Nothing can be slipped in between afterwards.

use std::collections::BTreeMap;

use quanlian_record::{
    canonical::{self, CanonicalError},
    id::{CustodyId, DepositId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{TOOL, content::sha256_hex};

/// Version of a custody line.
pub const CUSTODY_VERSION: u32 = 1;
/// Lines that one item may have.
pub const MAX_CUSTODY_LINES: usize = 10_000;
/// What the first line names as the one before: nothing.
pub const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Looked into (调阅).
    Opened,
    /// Put into a bundle (打包).
    Bundled,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyLine {
    /// [`CUSTODY_VERSION`].
    pub v: u32,
    /// Its id.
    pub id: CustodyId,
    /// The item.
    pub item: DepositId,
    /// What was done.
    pub act: Act,
    /// When, by the clock of the machine that wrote it.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// With which program and version.
    pub tool: String,
    /// SHA-256 of the line before, or [`NOTHING_BEFORE`].
    pub prev: String,
    /// What else belongs to the act.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
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

/// Checks the chain of one item and returns its acts.
pub fn check(lines: &[&str], item: DepositId) -> Result<Vec<CustodyLine>, CustodyError> {
    if lines.is_empty() || lines.len() > MAX_CUSTODY_LINES {
        return Err(CustodyError::Count(lines.len()));
    }
    let mut acts = Vec::with_capacity(lines.len());
    let mut before = NOTHING_BEFORE.to_owned();
    for (at, text) in lines.iter().enumerate() {
        let line = at + 1;
        let act: CustodyLine = serde_json::from_str(text).map_err(|_| CustodyError::Line { line })?;
        let same = canonical::to_bytes(&act).is_ok_and(|bytes| bytes == text.as_bytes());
        if !same || act.v != CUSTODY_VERSION {
            return Err(CustodyError::Line { line });
        }
        if act.item != item {
            return Err(CustodyError::Item { line });
        }
        if act.prev != before {
            return Err(CustodyError::Broken { line });
        }
        before = sha256_hex(text.as_bytes());
        acts.push(act);
    }
    Ok(acts)
}
