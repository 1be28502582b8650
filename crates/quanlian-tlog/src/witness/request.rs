//! The body of an `add-checkpoint` request.
//!
//! In:  bytes from outside; or the parts.
//! Out: [`AddCheckpoint`], nothing verified; or the bytes.
//!
//! Invariant: sizes have one spelling, and a body is bounded before it is looked at.

use std::fmt;

use super::Refusal;
use crate::{
    checkpoint::Checkpoint,
    hash::Hash,
    note::{MAX_NOTE_BYTES, Note},
};

/// Consistency proofs are at most this long, as tlog-witness says.
pub const MAX_CONSISTENCY_LINES: usize = 63;
/// Longer bodies are refused unread.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 8 * 1024;

/// A request as read, nothing verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// A request that shows how `note` extends the tree of `old_size` entries.
    pub fn new(old_size: u64, proof: Vec<Hash>, note: Note) -> Result<Self, Refusal> {
        if proof.len() > MAX_CONSISTENCY_LINES {
            return Err(Refusal::Request("more than 63 lines of proof"));
        }
        let (checkpoint, _) = Checkpoint::parse_extended(note.unverified_text())
            .map_err(|_| Refusal::Request("the note is not a checkpoint"))?;
        Ok(Self {
            old_size,
            proof,
            note,
            checkpoint,
        })
    }

    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(Refusal::Request("too long"));
        }
        let body = std::str::from_utf8(body).map_err(|_| Refusal::Request("not UTF-8"))?;
        let (head, note) = body
            .split_once("\n\n")
            .ok_or(Refusal::Request("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(decimal)
            .ok_or(Refusal::Request("the first line is not `old <size>`"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_CONSISTENCY_LINES {
                return Err(Refusal::Request("more than 63 lines of proof"));
            }
            proof.push(Hash::from_base64(line).ok_or(Refusal::Request("a line of the proof is not a hash"))?);
        }
        Self::new(old_size, proof, Note::parse(note)?)
    }

    /// The size that the asker believes the witness to know.
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// From the old size to that of the checkpoint.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The signed checkpoint.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// What the note says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// A number in its one spelling.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
