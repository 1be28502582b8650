//! The audit trail: lines that are linked, anchored, searched, checked and, when their time is over, pruned.
//!
//! In:  records of kind [`KIND`], from each process that writes some.
//! Out: their places in a [`Strand`]; what has to go into the evidence log ([`Anchor`]); pages of lines; what a check found
//!      ([`check`]).
//!
//! Each writer has a strand of its own, so that nobody waits for another. Line `n` holds `digest_n`:
//!
//! ```text
//! digest_0 = SHA-256("quanlian.trail.strand.v1" 0x00 || the 16 bytes of the strand's id)
//! digest_n = SHA-256("quanlian.trail.line.v1" 0x00 || digest_(n-1) || RFC 8785 bytes of the n-th record)
//! ```
//!
//! An anchor says "strand S has N lines and its head is D" and is a leaf of the evidence log, so that who can change the whole
//! database still cannot change what was anchored without being found out.
//!
//! Invariants:
//! - A record and its line are written in one transaction; a strand has no gap, and only one writer goes on from a head.
//! - What stands beside a line to be searched is taken from its record, and the check compares it.
//! - Nothing personal is in a leaf: ids, numbers and digests alone.
//!
//! Not here: who may read the trail, and what a line says beyond [`Keys`] (`quanlian-server`); the log itself (`quanlian-tlog`).

pub mod check;
pub mod prune;
mod relational;

use std::{collections::BTreeSet, future::Future, ops::Range, pin::Pin};

use quanlian_record::{
    canonical,
    envelope::Record,
    id::{RecordId, StrandId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    database::DatabaseError,
    records::{AppendError, Place},
};

/// The kind of its records.
pub const KIND: &str = "audit";
/// The action of the line that says that a strand, its object, was pruned.
pub const PRUNED: &str = "prune";
/// No more lines are written in one transaction.
pub const MAX_LINES_AT_ONCE: usize = 1_000;
/// A page holds no more lines.
pub const MAX_PAGE_LINES: usize = 500;
/// What can be searched of a line is cut to so many bytes.
pub const MAX_KEY_BYTES: usize = 200;

const STRAND_DOMAIN: &[u8] = b"quanlian.trail.strand.v1\0";
const LINE_DOMAIN: &[u8] = b"quanlian.trail.line.v1\0";
/// The version and kind of a leaf.
const LEAF_VERSION: u32 = 1;
const LEAF_KIND: &str = "trail_anchor";

/// A digest of the chain.
pub type LineDigest = [u8; 32];

/// How far a strand has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strand {
    /// Whose.
    pub id: StrandId,
    /// So many lines.
    pub number: u64,
    /// The digest of the last one.
    pub digest: LineDigest,
}

impl Strand {
    /// Without a line yet.
    pub fn begin(id: StrandId) -> Self {
        let digest = Sha256::new()
            .chain_update(STRAND_DOMAIN)
            .chain_update(id.0.as_bytes());
        Self {
            id,
            number: 0,
            digest: digest.finalize().into(),
        }
    }

    /// With one line more, of which these are the canonical bytes.
    #[must_use]
    pub fn with(self, canonical: &[u8]) -> Self {
        Self {
            id: self.id,
            number: self.number + 1,
            digest: link(&self.digest, canonical),
        }
    }
}

/// The digest of a line behind the one before.
pub fn link(before: &LineDigest, canonical: &[u8]) -> LineDigest {
    let digest = Sha256::new().chain_update(LINE_DOMAIN).chain_update(before);
    digest.chain_update(canonical).finalize().into()
}

/// What is put into the evidence log: that a strand had so many lines, with this digest at the last.
///
/// ```
/// use quanlian_store::trail::{Anchor, Strand};
/// # use quanlian_record::id::StrandId;
/// # let id: StrandId = "0193e1af-93b4-7707-8707-070707070707".parse().unwrap();
///
/// let anchor = Anchor::of(Strand::begin(id).with(b"{}"));
/// let leaf = anchor.leaf();
/// assert!(leaf.starts_with(r#"{"digest":""#) && leaf.ends_with(r#","v":1}"#));
/// assert_eq!(Anchor::of_leaf(leaf.as_bytes()), Some(anchor));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Whose.
    pub strand: StrandId,
    /// So many lines.
    pub number: u64,
    /// The digest of the last one.
    pub digest: LineDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaf {
    v: u32,
    kind: String,
    strand: StrandId,
    number: u64,
    digest: String,
}

impl Anchor {
    /// Of the head of a strand.
    pub fn of(head: Strand) -> Self {
        Self {
            strand: head.id,
            number: head.number,
            digest: head.digest,
        }
    }

    /// The RFC 8785 text that goes into the log.
    ///
    /// # Panics
    /// Never: its fields always have canonical bytes, for no strand has 2^53 lines.
    pub fn leaf(&self) -> String {
        let leaf = Leaf {
            v: LEAF_VERSION,
            kind: LEAF_KIND.to_owned(),
            strand: self.strand,
            number: self.number,
            digest: hex::encode(self.digest),
        };
        let bytes = canonical::to_bytes(&leaf).expect("numbers of lines are far below 2^53");
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// Back from a leaf; `None` for one of something else.
    pub fn of_leaf(bytes: &[u8]) -> Option<Self> {
        let leaf: Leaf = serde_json::from_slice(bytes).ok()?;
        if leaf.v != LEAF_VERSION || leaf.kind != LEAF_KIND {
            return None;
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(&leaf.digest, &mut digest).ok()?;
        let anchor = Self {
            strand: leaf.strand,
            number: leaf.number,
            digest,
        };
        // One form for one meaning.
        (leaf.number < 1 << 53 && anchor.leaf().as_bytes() == bytes).then_some(anchor)
    }
}

/// What a line can be found by. What its record lacks is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// Who: `agency/user`.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// With what kind of thing.
    pub object_kind: String,
    /// With which one: an id or a code.
    pub object: String,
    /// What came of it.
    pub result: String,
    /// From where.
    pub address: String,
}

impl Keys {
    /// As the record says it.
    pub fn of(record: &Record) -> Self {
        let text = |pointer: &str| {
            let found = record.body.pointer(pointer).and_then(serde_json::Value::as_str);
            key(found.unwrap_or_default())
        };
        Self {
            actor: key(&record.actor),
            action: text("/action"),
            object_kind: text("/object/kind"),
            object: text("/object/id"),
            result: text("/result"),
            address: text("/address"),
        }
    }
}

/// A text as it is searched: so long, and without the one sign that PostgreSQL does not take.
pub(crate) fn key(text: &str) -> String {
    let mut end = text.len().min(MAX_KEY_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace('\0', "")
}

/// Which lines to list. All conditions hold together; `default()` lists everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineQuery {
    /// Only of this actor.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only with this kind of thing.
    pub object_kind: Option<String>,
    /// Only with this thing.
    pub object: Option<String>,
    /// Only with this result.
    pub result: Option<String>,
    /// Only from this address.
    pub address: Option<String>,
    /// Only of this instant or later.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// Go on behind this place: the `next` of the page before.
    pub after: Option<Place>,
    /// Newest first.
    pub is_backwards: bool,
    /// At most so many, cut to `1..=`[`MAX_PAGE_LINES`]; `None` asks for the most.
    pub limit: Option<usize>,
}

/// A line as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// In which strand.
    pub strand: StrandId,
    /// Where in it.
    pub number: u64,
    /// The digest up to it.
    pub digest: LineDigest,
    /// When, and which record.
    pub place: Place,
    /// What it says; `None` when somebody has taken the record away, or changed it so that it cannot be read.
    pub record: Option<Record>,
}

/// Some lines in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinePage {
    /// In the order that was asked for.
    pub lines: Vec<Line>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Place>,
}

/// An anchor with its place in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// What was stated.
    pub anchor: Anchor,
    /// In the log of this name.
    pub log: String,
    /// As this entry.
    pub log_index: u64,
    /// When, by the clock of the platform; the log has a better one.
    pub at: Timestamp,
}

/// A boxed future, so that a trait with one can be an object.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The log did not do it.
#[derive(Debug, thiserror::Error)]
#[error("the evidence log failed ({code})")]
pub struct LogTrouble {
    /// A stable word for programs.
    pub code: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The evidence log, to be read.
pub trait Leaves: Send + Sync {
    /// Its name: the origin that its checkpoints bear.
    fn name(&self) -> &str;

    /// How many entries are published.
    fn size(&self) -> Boxed<'_, Result<u64, LogTrouble>>;

    /// Published entries, fewer than asked for where a page or the log ends, but at least one where there is one.
    fn read(&self, entries: Range<u64>) -> Boxed<'_, Result<Vec<Vec<u8>>, LogTrouble>>;
}

/// Why the trail was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum TrailError {
    /// The strand has come further than the caller knows: the answer to an earlier write was lost, or two write to it.
    #[error("the strand {strand} does not end where its writer thinks")]
    Moved { strand: StrandId },
    /// A record is not to be stored.
    #[error("a record of the audit trail is refused")]
    Record(#[from] AppendError),
    /// A row is none that this program wrote.
    #[error("a row of the audit trail is damaged: {what}")]
    Damaged { what: &'static str },
    /// The place to go on from is none.
    #[error("this is no place in a check of the audit trail")]
    NoPlace,
    /// The log did not answer.
    #[error("the evidence log cannot be asked")]
    Log(#[from] LogTrouble),
    /// The database did not do it.
    #[error("the database of the audit trail failed")]
    Database(#[from] DatabaseError),
}

impl TrailError {
    /// A stable word for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Moved { .. } => "trail_moved",
            Self::Record(error) => error.code(),
            Self::Damaged { .. } => "trail_damaged",
            Self::NoPlace => "trail_no_place",
            Self::Log(trouble) => &trouble.code,
            Self::Database(trouble) => trouble.code(),
        }
    }
}

/// Keeps the audit trail.
pub trait TrailStore: Send + Sync {
    /// Puts records behind `head`; they and their lines are durable when this returns the new head.
    ///
    /// Of a strand without a line it is the beginning. All or none are written. After an error of the database nobody knows
    /// which: ask [`Self::strand`].
    fn append_lines(
        &self,
        head: Strand,
        records: &[Record],
    ) -> impl Future<Output = Result<Strand, TrailError>> + Send;

    /// How far a strand has come; `None` before its first line.
    fn strand(&self, id: StrandId) -> impl Future<Output = Result<Option<Strand>, TrailError>> + Send;

    /// Which of these records have their line.
    fn lines_of(
        &self,
        records: &[RecordId],
    ) -> impl Future<Output = Result<BTreeSet<RecordId>, TrailError>> + Send;

    /// Puts records of kind [`KIND`] that were stored before there were strands into a strand, oldest first; how many.
    ///
    /// Does nothing once there is any strand.
    fn adopt_lines(
        &self,
        strand: StrandId,
        at: Timestamp,
    ) -> impl Future<Output = Result<u64, TrailError>> + Send;

    /// Strands with lines that no anchor names: `own`, and those of which nothing was heard since `quiet_since`.
    fn waiting_strands(
        &self,
        own: Option<StrandId>,
        quiet_since: Timestamp,
    ) -> impl Future<Output = Result<Vec<Strand>, TrailError>> + Send;

    /// Keeps anchors that stand in a log.
    fn put_anchors(&self, anchors: &[Anchored]) -> impl Future<Output = Result<(), TrailError>> + Send;

    /// The lines that `query` asks for, one page at a time.
    fn lines(&self, query: &LineQuery) -> impl Future<Output = Result<LinePage, TrailError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_form() {
        let id: StrandId = "0193e1af-93b4-7707-8707-070707070707".parse().unwrap();
        let head = Strand::begin(id).with(br#"{"a":1}"#).with(b"{}");
        let leaf = Anchor::of(head).leaf();
        // Computed apart, with Python's hashlib, from what the head of this module says.
        assert_eq!(
            leaf,
            format!(
                r#"{{"digest":"64ffda6ca7d7a9c87c8621ea82a59731bd49308d6ea51fd0a4bff94c77008f89","kind":"trail_anchor","number":2,"strand":"{id}","v":1}}"#
            )
        );
        let other = |from: &str, to: &str| Anchor::of_leaf(leaf.replace(from, to).as_bytes());
        assert!(other("x", "y").is_some());
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("trail_anchor", "deposit"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
            ("\"v\":1", " \"v\":1"),
            ("2,", "2.0,"),
            ("2,", "9007199254740993,"),
            (id.to_string().as_str(), id.to_string().to_uppercase().as_str()),
        ] {
            assert_eq!(other(from, to), None, "{to}");
        }
    }
}
