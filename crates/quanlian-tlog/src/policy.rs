//! Trust policies (C2SP tlog-policy): which logs are known, and which witnesses must have cosigned.
//!
//! In:  the text of a policy; notes from outside.
//! Out: [`Policy`], and a [`PolicyReport`] with one line for the log, each witness and each group.
//!
//! One addition to the format, in a form that other readers take for a comment: a log whose key
//! was rotated has several keys, each for certain sizes ([`crate::rotation`]).
//!
//! ```text
//! log log.example/one+12345678+AZ…
//! #@ valid log.example/one+12345678 from 0 until 4096
//! witness notary notary.example/w1+9abcdef0+BA… https://notary.example/witness
//! witness court court.example/w1+0fedcba9+BB…
//! group both all notary court
//! quorum both
//! ```
//!
//! Invariant: whatever is not understood is refused with its line, because a policy that is
//! read more leniently than it was meant trusts what it should not. No clock is read: a report
//! states the times of the cosignatures, and the caller judges them.
//!
//! Not here: how cosignatures are asked for ([`crate::witness`]).

mod parse;

use std::fmt;

pub use self::parse::{PolicyError, PolicyFault};
use crate::{
    checkpoint::Checkpoint,
    cosignature::CosignerKey,
    key::PublicKey,
    note::{Note, NoteError},
    rotation::KeySpan,
};

/// Longer policies are refused unread.
pub const MAX_POLICY_BYTES: usize = 512 * 1024;
/// The most log lines.
pub const MAX_POLICY_LOGS: usize = 64;
/// The most witness lines: as many ML-DSA-44 cosignatures as one note can hold.
pub const MAX_POLICY_WITNESSES: usize = 32;
/// The most group lines.
pub const MAX_POLICY_GROUPS: usize = 64;

/// A policy as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Each refers to witnesses and to groups before it.
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A `log` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// The key, whose name is the origin of the log, and the sizes for which it counts.
    pub span: KeySpan,
    /// Where the log is, if the line says so.
    pub url: Option<String>,
}

/// A `witness` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// The name within the policy, which need not be that of the key.
    pub name: PolicyName,
    /// The key of its cosignatures.
    pub key: CosignerKey,
    /// The submission prefix, if the line says so.
    pub url: Option<String>,
}

/// A name within a policy: bytes, which may be no text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyName(Vec<u8>);

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: PolicyName,
    /// At least one, at most as many as members.
    threshold: usize,
    members: Vec<Member>,
}

/// What a group or the quorum counts, by its place in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

impl Policy {
    /// Reads a policy.
    pub fn parse(policy: &[u8]) -> Result<Self, PolicyError> {
        parse::parse(policy)
    }

    /// The logs, in the order of the text.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the order of the text.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Says line by line what of this policy a checkpoint meets.
    ///
    /// At most one verification for each signature line of the note.
    pub fn evaluate(&self, note: &Note) -> PolicyReport {
        let checkpoint = Checkpoint::parse_extended(note.unverified_text()).ok();
        let witnesses: Vec<WitnessLine> = self
            .witnesses
            .iter()
            .map(|witness| WitnessLine {
                name: witness.name.clone(),
                key: witness.key.clone(),
                state: WitnessState::of(&witness.key, note),
            })
            .collect();
        let mut groups: Vec<GroupLine> = Vec::new();
        for group in &self.groups {
            let witnessed = group
                .members
                .iter()
                .filter(|member| is_met(**member, &witnesses, &groups))
                .count();
            groups.push(GroupLine {
                name: group.name.clone(),
                witnessed,
                threshold: group.threshold,
                members: group.members.len(),
            });
        }
        let quorum = match self.quorum {
            None => Quorum::NotAsked,
            Some(member) => Quorum::Asked {
                name: match member {
                    Member::Witness(at) => self.witnesses[at].name.clone(),
                    Member::Group(at) => self.groups[at].name.clone(),
                },
                met: is_met(member, &witnesses, &groups),
            },
        };
        PolicyReport {
            log: match &checkpoint {
                Some((checkpoint, _)) => self.log_state(checkpoint, note),
                None => LogState::NotACheckpoint,
            },
            checkpoint: checkpoint.map(|(checkpoint, _)| checkpoint),
            witnesses,
            groups,
            quorum,
        }
    }

    fn log_state(&self, checkpoint: &Checkpoint, note: &Note) -> LogState {
        if self.logs.is_empty() {
            return LogState::NotListed;
        }
        let mut state = LogState::UnknownOrigin;
        for PolicyLog { span, .. } in &self.logs {
            if span.key.name() != checkpoint.origin {
                continue;
            }
            match span.key.verify(note) {
                Ok(_) if span.covers(checkpoint.size) => {
                    if !matches!(state, LogState::Signed(_)) {
                        state = LogState::Signed(span.key.clone());
                    }
                }
                Ok(_) => {
                    if !matches!(state, LogState::Signed(_)) {
                        state = LogState::KeyNotValid(span.clone());
                    }
                }
                Err(NoteError::NotSigned(_)) => {
                    if state == LogState::UnknownOrigin {
                        state = LogState::NotSigned;
                    }
                }
                // A wrong line by a known key spoils the note, whoever else has signed it.
                Err(_) => return LogState::BadSignature(span.key.clone()),
            }
        }
        state
    }
}

fn is_met(member: Member, witnesses: &[WitnessLine], groups: &[GroupLine]) -> bool {
    match member {
        Member::Witness(at) => matches!(witnesses[at].state, WitnessState::Cosigned { .. }),
        Member::Group(at) => groups[at].is_met(),
    }
}

/// What of a policy one checkpoint meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyReport {
    /// What the note says, if it is a checkpoint at all. Not to be believed unless [`Self::holds`].
    pub checkpoint: Option<Checkpoint>,
    /// Whether a listed log has signed it.
    pub log: LogState,
    /// One line for each witness, in the order of the policy.
    pub witnesses: Vec<WitnessLine>,
    /// One line for each group, in the order of the policy.
    pub groups: Vec<GroupLine>,
    /// The rule that decides.
    pub quorum: Quorum,
}

impl PolicyReport {
    /// Whether the policy is met: signed by a listed log, the quorum reached, and no wrong line by a known key.
    pub fn holds(&self) -> bool {
        matches!(self.log, LogState::Signed(_)) && self.is_cosigned()
    }

    /// As [`Self::holds`], for callers who verify the log's own signature by a key from elsewhere.
    pub fn is_cosigned(&self) -> bool {
        let quorum = match &self.quorum {
            Quorum::NotAsked => true,
            Quorum::Asked { met, .. } => *met,
        };
        quorum
            && !matches!(self.log, LogState::NotACheckpoint | LogState::BadSignature(_))
            && !self
                .witnesses
                .iter()
                .any(|line| line.state == WitnessState::BadSignature)
    }

    /// How many witnesses have cosigned.
    pub fn cosigned(&self) -> usize {
        let cosigned = |line: &&WitnessLine| matches!(line.state, WitnessState::Cosigned { .. });
        self.witnesses.iter().filter(cosigned).count()
    }
}

/// What a policy says about the log of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogState {
    /// A listed key has signed.
    Signed(PublicKey),
    /// The policy lists no log at all: the caller must know the log from elsewhere.
    NotListed,
    /// No listed log has this origin.
    UnknownOrigin,
    /// The log is listed and has not signed.
    NotSigned,
    /// Signed with a key of the log that counts for other sizes alone.
    KeyNotValid(KeySpan),
    /// A line by this listed key is wrong.
    BadSignature(PublicKey),
    /// The note is not the head of a log.
    NotACheckpoint,
}

impl LogState {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signed(_) => "signed",
            Self::NotListed => "not_listed",
            Self::UnknownOrigin => "unknown_origin",
            Self::NotSigned => "not_signed",
            Self::KeyNotValid(_) => "key_not_valid",
            Self::BadSignature(_) => "bad_signature",
            Self::NotACheckpoint => "not_a_checkpoint",
        }
    }
}

/// What one witness says about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessLine {
    /// Its name within the policy.
    pub name: PolicyName,
    /// Its key.
    pub key: CosignerKey,
    /// Whether it has cosigned.
    pub state: WitnessState,
}

/// Whether a witness has cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WitnessState {
    /// It has; at the latest time that its lines state, in seconds since 1970, if one states any.
    Cosigned {
        /// Seconds since 1970.
        at_s: Option<u64>,
    },
    /// There is no line by its key.
    Absent,
    /// A line by its key is wrong.
    BadSignature,
}

impl WitnessState {
    fn of(key: &CosignerKey, note: &Note) -> Self {
        match key.verify(note) {
            Ok(times) => Self::Cosigned {
                at_s: times.into_iter().max().filter(|time| *time != 0),
            },
            Err(NoteError::NotSigned(_)) => Self::Absent,
            Err(_) => Self::BadSignature,
        }
    }

    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cosigned { .. } => "cosigned",
            Self::Absent => "absent",
            Self::BadSignature => "bad_signature",
        }
    }
}

/// What a group of witnesses says about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// Its name within the policy.
    pub name: PolicyName,
    /// Members that have witnessed.
    pub witnessed: usize,
    /// Members that must have.
    pub threshold: usize,
    /// Members in all.
    pub members: usize,
}

impl GroupLine {
    /// Whether enough members have witnessed.
    pub fn is_met(&self) -> bool {
        self.witnessed >= self.threshold
    }
}

/// The rule that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quorum {
    /// `quorum none`: no cosignature is asked for.
    NotAsked,
    /// A witness or a group must have witnessed.
    Asked {
        /// Its name within the policy.
        name: PolicyName,
        /// Whether it has.
        met: bool,
    },
}

#[cfg(test)]
mod tests;
