//! The asking side: a log that wants its head cosigned.
//!
//! In:  a signed head, proofs from the log, a [`Transport`] to one witness.
//! Out: verified cosignatures by that witness, or why there are none ([`AskError`]).
//!
//! Invariant: no line is taken over that the witness's known key does not verify over this
//! head; answers are bounded, and so is the number of questions.
//!
//! Two answers are more than a failure. A witness that knows a larger size than the log has
//! ([`AskError::Ahead`]), or another tree of the same size ([`AskError::Fork`]), shows that the
//! log was rolled back or forked, or that the witness lies; a person must look.

use super::{AddCheckpoint, Refusal, SIZE_CONTENT_TYPE, request::decimal};
use crate::{
    checkpoint::Checkpoint,
    cosignature::CosignerKey,
    hash::Hash,
    note::{MAX_NOTE_BYTES, Note, NoteError, NoteSignature},
};

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = MAX_NOTE_BYTES;
/// A size is told once; a second time when another process asked in between.
const MAX_QUESTIONS: usize = 3;
/// The most of a refusal that is shown, in characters.
const MAX_DETAIL_CHARS: usize = 200;

/// The way to a witness.
pub trait Transport {
    /// Sends `body` to `<submission prefix>/add-checkpoint`. At most [`MAX_ANSWER_BYTES`] come back.
    fn add_checkpoint(&mut self, body: &str) -> Result<Answer, TransportError>;
}

/// No answer at all: the name is unknown, the connection failed, the time is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);

/// An answer over HTTP, nothing believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type, if there is one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a witness did not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum AskError {
    /// It was not reached.
    #[error("the witness was not reached")]
    Transport(#[from] TransportError),
    /// It knows more of the log than the log itself has.
    #[error(
        "the witness has cosigned {known} entries and the log has {size}: the log was rolled back, or the witness is wrong"
    )]
    Ahead { known: u64, size: u64 },
    /// It knows another tree of the same size.
    #[error(
        "the witness has cosigned another tree of {size} entries: the log has two histories, or the witness is wrong"
    )]
    Fork { size: u64 },
    /// It refused.
    #[error("the witness answered {status}: {detail}")]
    Refused { status: u16, detail: String },
    /// Its answer is not one of the protocol.
    #[error("the answer of the witness is not understood: {0}")]
    Answer(&'static str),
    /// It answered lines that do not verify.
    #[error("the cosignature of the witness is not valid")]
    Cosignature(#[from] NoteError),
    /// It named a new size each time.
    #[error("the witness named another size each time it was asked")]
    Restless,
    /// The log cannot show how it grew.
    #[error("the log gives no consistency proof from {from} entries: {reason}")]
    NoProof { from: u64, reason: String },
    /// The request cannot be made.
    #[error("the head of the log cannot be sent: {0}")]
    Head(String),
}

impl AskError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transport(_) => "witness_not_reached",
            Self::Ahead { .. } => "witness_ahead",
            Self::Fork { .. } => "witness_fork",
            Self::Refused { .. } => "witness_refused",
            Self::Answer(_) => "witness_answer",
            Self::Cosignature(_) => "witness_bad_cosignature",
            Self::Restless => "witness_restless",
            Self::NoProof { .. } => "witness_no_proof",
            Self::Head(_) => "witness_head",
        }
    }

    /// Whether this points at a rollback or a fork, and not at a failure that may pass.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Fork { .. })
    }
}

/// Asks one witness to cosign `head`.
///
/// `known` is the size that the witness is believed to know, zero if nothing is known; a wrong
/// guess costs one question more. `prove` gives the consistency proof from a size to that of `head`.
pub fn ask<E: std::fmt::Display>(
    transport: &mut dyn Transport,
    key: &CosignerKey,
    head: &Note,
    known: u64,
    mut prove: impl FnMut(u64) -> Result<Vec<Hash>, E>,
) -> Result<Vec<NoteSignature>, AskError> {
    let wrong_head = |refusal: Refusal| AskError::Head(refusal.to_string());
    let mut request = AddCheckpoint::new(0, Vec::new(), head.clone()).map_err(wrong_head)?;
    let size = request.checkpoint().size;
    let mut old = known.min(size);
    for _ in 0..MAX_QUESTIONS {
        let proof = match old {
            0 => Vec::new(),
            old if old == size => Vec::new(),
            old => prove(old).map_err(|error| AskError::NoProof {
                from: old,
                reason: error.to_string(),
            })?,
        };
        request = AddCheckpoint::new(old, proof, head.clone()).map_err(wrong_head)?;
        let answer = transport.add_checkpoint(&request.to_string())?;
        if answer.status != 409 {
            return read_cosignatures(&answer, key, head);
        }
        let known = read_size(&answer)?;
        if known > size {
            return Err(AskError::Ahead { known, size });
        }
        if known == old && old == size {
            return Err(AskError::Fork { size });
        }
        old = known;
    }
    Err(AskError::Restless)
}

fn read_size(answer: &Answer) -> Result<u64, AskError> {
    let is_size = answer.content_type.as_deref().is_some_and(|found| {
        let plain = found.split(';').next().unwrap_or_default();
        plain.trim().eq_ignore_ascii_case(SIZE_CONTENT_TYPE)
    });
    if !is_size {
        return Err(AskError::Answer("a conflict without `text/x.tlog.size`"));
    }
    std::str::from_utf8(&answer.body)
        .ok()
        .and_then(|body| body.strip_suffix('\n'))
        .and_then(decimal)
        .ok_or(AskError::Answer("a conflict without a size"))
}

fn read_cosignatures(
    answer: &Answer,
    key: &CosignerKey,
    head: &Note,
) -> Result<Vec<NoteSignature>, AskError> {
    if answer.status != 200 {
        return Err(AskError::Refused {
            status: answer.status,
            detail: String::from_utf8_lossy(&answer.body)
                .trim()
                .chars()
                .take(MAX_DETAIL_CHARS)
                .collect(),
        });
    }
    if answer.body.len() > MAX_ANSWER_BYTES {
        return Err(AskError::Answer("too long"));
    }
    let lines = std::str::from_utf8(&answer.body).map_err(|_| AskError::Answer("not UTF-8"))?;
    let mut lines = NoteSignature::parse_lines(lines)?;
    lines.retain(|line| line.name == key.name() && line.id == key.id());
    let text = head.unverified_text();
    if lines.is_empty() {
        return Err(NoteError::NotSigned(key.name().to_owned()).into());
    }
    let note = Note::from_parts(text, lines.clone())?;
    key.verify(&note)?;
    Ok(lines)
}

/// The size of the last head that this witness has cosigned, as an earlier cosigned note shows it.
pub fn known_size(earlier: &Note, origin: &str, key: &CosignerKey) -> u64 {
    let Ok((head, _)) = Checkpoint::parse_extended(earlier.unverified_text()) else {
        return 0;
    };
    if head.origin == origin && key.verify(earlier).is_ok() {
        head.size
    } else {
        0
    }
}
