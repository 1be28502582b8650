//! Witnesses (C2SP tlog-witness): parties who cosign the head of a log when it extends what they saw before.
//!
//! In:  `add-checkpoint` requests from outside, the time, and a state that outlives the process.
//! Out: cosignatures, or a [`Refusal`] with its HTTP status; for a log, the asking side ([`client`]).
//!
//! Invariant: a witness never cosigns two heads of one log that do not extend each other. The
//! new head is durable before its cosignature leaves [`Witness::add_checkpoint`], and reading
//! the last head, checking and writing the next are one step. After a write that failed the
//! witness answers nothing more until it is started anew: what is on the disk is unknown.
//!
//! Not here: the network, which is the program's; which witnesses count ([`crate::policy`]).

pub mod client;
mod folder;
mod request;

use std::{collections::BTreeMap, fmt::Write as _};

pub use self::{
    folder::FolderState,
    request::{AddCheckpoint, MAX_CONSISTENCY_LINES, MAX_REQUEST_BYTES},
};
use crate::{
    checkpoint::Checkpoint,
    cosignature::{CosignerKey, CosignerSecret},
    hash::{Hash, empty_root},
    key::PublicKey,
    merkle::{ProofError, verify_consistency},
    note::{MAX_NOTE_BYTES, Note, NoteError, NoteSignature},
    policy::Policy,
    rotation::KeySpan,
};

/// The content type of a 409.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";
/// A clock that was set back by no more than this goes on with the last time stated, in seconds.
pub const MAX_CLOCK_STEP_BACK_S: u64 = 60;

/// What a witness must not forget: for each log the newest head that it has cosigned.
pub trait WitnessState {
    /// The note written last for `origin`.
    fn latest(&self, origin: &str) -> Result<Option<String>, StateError>;

    /// Writes the note for `origin`. When this returns, the note survives a loss of power.
    fn replace(&mut self, origin: &str, note: &str) -> Result<(), StateError>;
}

/// Why the state of a witness cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum StateError {
    /// The operating system refused.
    #[error("cannot {act} {path}", path = path.display())]
    Io {
        act: &'static str,
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    /// Another process uses the folder.
    #[error("another witness uses the folder {}", .0.display())]
    InUse(std::path::PathBuf),
    /// A note that this witness did not write, or that was changed.
    #[error(
        "the state kept for the log `{origin}` is damaged; a witness that forgets must not go on under its key"
    )]
    Damaged { origin: String },
    /// An earlier write failed.
    #[error("an earlier write failed, so it is unknown what the disk holds; start the witness anew")]
    Stopped,
}

impl StateError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "witness_state_io",
            Self::InUse(_) => "witness_state_in_use",
            Self::Damaged { .. } => "witness_state_damaged",
            Self::Stopped => "witness_state_stopped",
        }
    }
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum Refusal {
    /// Not a request.
    #[error("not an add-checkpoint request: {0}")]
    Request(&'static str),
    /// Not a note, or not one of a checkpoint.
    #[error("the checkpoint is not well formed")]
    Note(#[from] NoteError),
    /// The old size is larger than the new one.
    #[error("the old size {old} is larger than the size {new} of the checkpoint")]
    OldSize { old: u64, new: u64 },
    /// This witness does not know the log.
    #[error("no log called `{0}` is known here")]
    UnknownOrigin(String),
    /// None of the keys of the log has signed.
    #[error("no key of the log `{0}` that is valid at this size has signed the checkpoint")]
    NotSigned(String),
    /// The witness has seen another size than the request assumes.
    #[error("the newest checkpoint cosigned here has size {known}")]
    Conflict { known: u64 },
    /// The log has signed two different trees of one size.
    #[error("a checkpoint of size {known} with another root was cosigned here")]
    Fork { known: u64 },
    /// The new tree is not shown to extend the old one.
    #[error("the consistency proof does not hold")]
    Proof(#[from] ProofError),
    /// The clock of the witness is not to be believed.
    #[error("the clock of the witness stands {behind_s} s before the last time that it has stated")]
    Clock { behind_s: u64 },
    /// The witness cannot keep its state.
    #[error("the witness cannot keep its state")]
    State(#[from] StateError),
}

impl Refusal {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "witness_request",
            Self::Note(source) => source.code(),
            Self::OldSize { .. } => "witness_old_size",
            Self::UnknownOrigin(_) => "witness_unknown_origin",
            Self::NotSigned(_) => "witness_not_signed",
            Self::Conflict { .. } => "witness_conflict",
            Self::Fork { .. } => "witness_fork",
            Self::Proof(source) => source.code(),
            Self::Clock { .. } => "witness_clock",
            Self::State(source) => source.code(),
        }
    }

    /// The HTTP status, as tlog-witness assigns it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Request(_) | Self::Note(_) | Self::OldSize { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownOrigin(_) => 404,
            Self::Conflict { .. } | Self::Fork { .. } => 409,
            Self::Proof(_) => 422,
            Self::State(_) => 500,
            Self::Clock { .. } => 503,
        }
    }

    /// Content type and body of the answer. A 409 carries the size that is known here.
    pub fn body(&self) -> (&'static str, String) {
        match self {
            Self::Conflict { known } | Self::Fork { known } => (SIZE_CONTENT_TYPE, format!("{known}\n")),
            // What a disk said is for the operator alone.
            Self::State(_) => ("text/plain; charset=utf-8", format!("{}\n", self.code())),
            _ => ("text/plain; charset=utf-8", format!("{}: {self}\n", self.code())),
        }
    }
}

/// A witness: its keys, the logs that it knows, and what it has seen of them.
#[derive(Debug)]
pub struct Witness<S> {
    /// At least one; all of them cosign.
    keys: Vec<CosignerSecret>,
    /// By origin, at least one key each.
    logs: BTreeMap<String, Vec<KeySpan>>,
    state: S,
}

impl<S: WitnessState> Witness<S> {
    /// A witness with these keys for the logs of `policy`, whose other lines do not matter here.
    ///
    /// # Panics
    /// Without any key.
    pub fn new(keys: Vec<CosignerSecret>, policy: &Policy, state: S) -> Self {
        assert!(!keys.is_empty(), "a witness has a key");
        let mut logs: BTreeMap<String, Vec<KeySpan>> = BTreeMap::new();
        for log in policy.logs() {
            let spans = logs.entry(log.span.key.name().to_owned()).or_default();
            spans.push(log.span.clone());
        }
        Self { keys, logs, state }
    }

    /// The public keys, to be published.
    pub fn verifiers(&self) -> impl Iterator<Item = &CosignerKey> {
        self.keys.iter().map(CosignerSecret::verifier)
    }

    /// The origins of the logs that are known.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// What is kept for a log: the newest cosigned head.
    pub fn latest(&self, origin: &str) -> Result<Option<String>, StateError> {
        Ok(self.seen(origin)?.map(|seen| seen.note.to_string()))
    }

    /// Answers one request at the time `now_s`, in seconds since 1970: the lines of the
    /// cosignatures, once the new head is durable.
    pub fn add_checkpoint(&mut self, request: &[u8], now_s: u64) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(request)?;
        let head = request.checkpoint();
        let Some(spans) = self.logs.get(&head.origin) else {
            return Err(Refusal::UnknownOrigin(head.origin.clone()));
        };
        let log_lines = lines_of_log(spans, head, request.note());
        if log_lines.is_empty() {
            return Err(Refusal::NotSigned(head.origin.clone()));
        }
        if request.old_size() > head.size {
            return Err(Refusal::OldSize {
                old: request.old_size(),
                new: head.size,
            });
        }
        let seen = self.seen(&head.origin)?;
        let (known, known_root) = match &seen {
            Some(seen) => (seen.head.size, seen.head.root),
            None => (0, empty_root()),
        };
        if request.old_size() != known {
            return Err(Refusal::Conflict { known });
        }
        if known == head.size && known_root != head.root {
            return Err(Refusal::Fork { known });
        }
        require_extension(known, &known_root, head, request.proof())?;
        let time_s = time_to_state(now_s, seen.map_or(0, |seen| seen.time_s))?;

        let text = request.note().unverified_text();
        let mut answer = String::new();
        let mut kept = log_lines;
        for key in &self.keys {
            let line = key.signature(text, time_s)?;
            let _ = write!(answer, "{line}");
            kept.push(line);
        }
        let note = Note::from_parts(text, kept)?.to_string();
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Format("too long").into());
        }
        // The order matters: nobody may hold a cosignature that this witness could forget.
        self.state.replace(&head.origin, &note)?;
        Ok(answer)
    }

    fn seen(&self, origin: &str) -> Result<Option<Seen>, StateError> {
        let Some(note) = self.state.latest(origin)? else {
            return Ok(None);
        };
        let seen = self.read_seen(origin, &note);
        seen.map(Some).ok_or_else(|| StateError::Damaged {
            origin: origin.to_owned(),
        })
    }

    /// The kept note, if one of this witness's own keys vouches for it.
    fn read_seen(&self, origin: &str, note: &str) -> Option<Seen> {
        let note = Note::parse(note).ok()?;
        let (head, _) = Checkpoint::parse_extended(note.unverified_text()).ok()?;
        let mut times = Vec::new();
        for key in &self.keys {
            match key.verifier().verify(&note) {
                Ok(stated) => times.extend(stated),
                // A key that was added since.
                Err(NoteError::NotSigned(_)) => {}
                Err(_) => return None,
            }
        }
        let time_s = times.into_iter().max()?;
        (head.origin == origin).then_some(Seen { note, head, time_s })
    }
}

/// What a witness remembers of a log.
struct Seen {
    note: Note,
    head: Checkpoint,
    time_s: u64,
}

/// The good lines by keys of the log that count at this size.
fn lines_of_log(spans: &[KeySpan], head: &Checkpoint, note: &Note) -> Vec<NoteSignature> {
    let counts = |span: &&KeySpan| span.covers(head.size) && span.key.verify(note).is_ok();
    let good: Vec<&PublicKey> = spans.iter().filter(counts).map(|span| &span.key).collect();
    let by_log = |line: &&NoteSignature| {
        good.iter()
            .any(|key| key.name() == line.name && key.id() == line.id)
    };
    let mut lines: Vec<NoteSignature> = Vec::new();
    for line in note.signatures().iter().filter(by_log) {
        if !lines.contains(line) {
            lines.push(line.clone());
        }
    }
    lines
}

fn require_extension(
    known: u64,
    known_root: &Hash,
    head: &Checkpoint,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if known > 0 {
        return verify_consistency(known, head.size, proof, known_root, &head.root);
    }
    // Everything extends the empty tree, and there is nothing to show.
    if proof.is_empty() {
        Ok(())
    } else {
        Err(ProofError::Length {
            found: proof.len(),
            wanted: 0,
        })
    }
}

/// The time of a cosignature never goes back, or two of them would contradict each other.
fn time_to_state(now_s: u64, last_s: u64) -> Result<u64, Refusal> {
    match last_s.saturating_sub(now_s) {
        0 => Ok(now_s),
        behind_s if behind_s <= MAX_CLOCK_STEP_BACK_S => Ok(last_s),
        behind_s => Err(Refusal::Clock { behind_s }),
    }
}

#[cfg(test)]
mod tests;
