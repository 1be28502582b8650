//! What a line of version 2 says: who took part, where and why, what shows it, and how the machine was.
//!
//! In:  what the person at the machine states, and what the machine was measured to be.
//! Out: an [`ActRecord`] within its bounds, which the parties sign; an [`Attestation`] of each.
//!
//! Invariant: what nobody measured says so. A signature on paper is recorded as that, and a party
//! that did not sign is recorded with the reason; neither ever reads as a verified signature.
//!
//! Not here: measuring (`probe`), the cryptography of signatures ([`super::signing`]).
//!
//! Sources: 最高人民法院关于民事诉讼证据的若干规定 art. 93(1)-(3): whether hardware, software and
//! system were complete, reliable and running normally, and had means against error;
//! 人民法院在线诉讼规则 art. 17(3): cleanliness (清洁性) of the system.

use quanlian_record::id::DepositId;
use serde::{Deserialize, Serialize};

use super::Act;
use crate::content::is_hex_digest;

/// Parties of one act.
pub const MAX_PARTIES: usize = 16;
/// Photographs, videos and other papers of one act.
pub const MAX_MEDIA: usize = 64;
/// The longest name, in bytes.
pub const MAX_PARTY_BYTES: usize = 512;
/// The longest place or short remark, in bytes.
pub const MAX_PLACE_BYTES: usize = 1024;
/// The longest reason, in bytes.
pub const MAX_REASON_BYTES: usize = 8 << 10;
/// The longest public key with its name, or signature line, in bytes.
pub const MAX_SIGNATURE_BYTES: usize = 16 << 10;
/// The largest number that canonical JSON carries exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// As whom somebody took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Did it (操作人、提取人、封存人).
    Operator,
    /// Saw it done (见证人).
    Witness,
    /// Gave the item away (移交人).
    Giver,
    /// Took the item over (接收人).
    Receiver,
    /// Had the item when it was taken in (持有人、提供人).
    Holder,
}

impl Role {
    /// The word that lines use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Witness => "witness",
            Self::Giver => "giver",
            Self::Receiver => "receiver",
            Self::Holder => "holder",
        }
    }
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// As whom.
    pub role: Role,
    /// The name.
    pub name: String,
    /// The agency, company or household.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// What shows the act: a photograph, a video, a paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Its name.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// Kinds of [`Media`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// 照片.
    Photo,
    /// 录像.
    Video,
    /// Anything else: a copy that was made, a report.
    Document,
}

/// How the machine was when the act was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineCheck {
    /// SHA-256 of the program that ran, or `None`: it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_sha256: Option<String>,
    /// Operating system, kernel and architecture, as the system names them.
    pub system: String,
    /// What is free on the disk of the data folder, or `None`: not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// What that disk holds in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_total_bytes: Option<u64>,
    /// Whether the system says that its clock is kept right.
    pub time_sync: TimeSync,
    /// How far the clock was off.
    pub clock: Clock,
    /// Hash functions that gave their known answers.
    pub self_test: Vec<String>,
    /// How cleanliness (清洁性) of the machine was looked after, in the operator's words; `None`: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanliness: Option<String>,
}

/// What the system says about its clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TimeSync {
    /// It is synchronised.
    Synchronised {
        /// Who says so.
        by: String,
    },
    /// It is not.
    NotSynchronised {
        /// Who says so.
        by: String,
    },
    /// Nobody on this machine says anything.
    Unknown,
}

/// How far the clock of the machine was from a better one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Clock {
    /// Nobody measured.
    NotMeasured,
    /// The program asked a time service of the machine.
    Measured {
        /// Which.
        against: String,
        /// Machine minus reference, in microseconds.
        offset_us: i64,
    },
    /// The operator compared and says so; the program did not.
    Stated {
        /// With what.
        against: String,
        /// Machine minus reference, in microseconds.
        offset_us: i64,
    },
}

/// What the parties sign for, beside the line around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActRecord {
    /// Who took part, the one who did it first.
    pub parties: Vec<Party>,
    /// Why it was done.
    pub reason: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Why an act was done that cannot follow those before, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irregular: Option<String>,
    /// Photographs, videos and papers, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// The machine.
    pub machine: MachineCheck,
}

/// How one party stands behind a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Attestation {
    /// With a key: anybody can verify it.
    Signed {
        /// The number of the party, from 1.
        party: u32,
        /// The public key, as `name+id+key`.
        key: String,
        /// The signature line of the note (C2SP signed-note).
        signature: String,
    },
    /// On paper, whose scan is a deposit of its own. No program can verify it.
    Paper {
        /// The number of the party, from 1.
        party: u32,
        /// The scan.
        scan: DepositId,
    },
    /// Not at all.
    Unsigned {
        /// The number of the party, from 1.
        party: u32,
        /// Why not: refused, could not write, has no key.
        reason: String,
    },
}

impl Attestation {
    /// The number of the party, from 1.
    pub fn party(&self) -> u32 {
        match self {
            Self::Signed { party, .. } | Self::Paper { party, .. } | Self::Unsigned { party, .. } => *party,
        }
    }
}

/// Why what an act says cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum RecordError {
    /// The program itself notes this act; people do not.
    #[error("`{}` is noted by the program itself", .0.word())]
    NotOfPeople(Act),
    /// A field is empty, begins or ends with a space, or is longer than allowed.
    #[error("{field} has {size_bytes} bytes, or a space at its ends, which is not allowed")]
    Field { field: &'static str, size_bytes: usize },
    /// A field holds a sign that has no place in a name or sentence of one line.
    #[error("{field} holds a control character")]
    Control { field: &'static str },
    /// Too many of something, or none.
    #[error("{count} {what}, which is not allowed")]
    Count { what: &'static str, count: usize },
    /// The act needs a party in this role.
    #[error("`{}` needs a party in the role `{}`", act.word(), role.word())]
    RoleMissing { act: Act, role: Role },
    /// The act has no place for a party in this role.
    #[error("`{}` has no party in the role `{}`", act.word(), role.word())]
    RoleUnfit { act: Act, role: Role },
    /// The one who does the act stands first: the line names that party as its actor.
    #[error("the first party must be the {}", .0.word())]
    FirstParty(Role),
    /// Without this signature the act is not done.
    #[error("`{}` is not done without the signature of the {}; with a reason alone only others can stand aside", act.word(), role.word())]
    SideUnsigned { act: Act, role: Role },
    /// The same person on both sides, or twice in one role.
    #[error("the same name stands for two parties that must be two people")]
    SamePerson,
    /// A digest is not one.
    #[error("{0} is no SHA-256")]
    Digest(&'static str),
    /// A number is too large for canonical JSON.
    #[error("{0} is too large a number")]
    Number(&'static str),
    /// A hash function of this machine gives wrong answers.
    #[error(
        "the self-test of the hash functions did not pass: nothing that this machine computes can be relied on"
    )]
    SelfTest,
    /// Each party has one attestation, in their order; these are others.
    #[error("each party must have signed, on paper or with a reason not: {0}")]
    Attestations(&'static str),
}

impl RecordError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOfPeople(_) => "custody_act_of_program",
            Self::Field { .. } => "custody_field",
            Self::Control { .. } => "custody_control_character",
            Self::Count { .. } => "custody_record_count",
            Self::RoleMissing { .. } => "custody_role_missing",
            Self::RoleUnfit { .. } => "custody_role_unfit",
            Self::FirstParty(_) => "custody_first_party",
            Self::SideUnsigned { .. } => "custody_side_unsigned",
            Self::SamePerson => "custody_same_person",
            Self::Digest(_) => "custody_digest",
            Self::Number(_) => "custody_number",
            Self::SelfTest => "custody_self_test",
            Self::Attestations(_) => "custody_attestations",
        }
    }
}

impl ActRecord {
    /// Checks bounds, and that the parties are those that `act` needs.
    pub fn check(&self, act: Act) -> Result<(), RecordError> {
        if !Act::OF_PEOPLE.contains(&act) {
            return Err(RecordError::NotOfPeople(act));
        }
        count("parties", self.parties.len(), 1..=MAX_PARTIES)?;
        count("media", self.media.len(), 0..=MAX_MEDIA)?;
        field("reason", &self.reason, MAX_REASON_BYTES)?;
        maybe_field("place", self.place.as_ref(), MAX_PLACE_BYTES)?;
        maybe_field("irregular", self.irregular.as_ref(), MAX_REASON_BYTES)?;
        for party in &self.parties {
            field("name", &party.name, MAX_PARTY_BYTES)?;
            maybe_field("organisation", party.organisation.as_ref(), MAX_PARTY_BYTES)?;
        }
        for media in &self.media {
            field("media", &media.name, crate::content::MAX_NAME_BYTES)?;
            digest("media", &media.sha256)?;
            number("media", media.size_bytes)?;
        }
        check_roles(act, &self.parties)?;
        self.machine.check()
    }
}

impl MachineCheck {
    fn check(&self) -> Result<(), RecordError> {
        field("system", &self.system, MAX_PLACE_BYTES)?;
        maybe_field("cleanliness", self.cleanliness.as_ref(), MAX_REASON_BYTES)?;
        if let Some(sha256) = &self.program_sha256 {
            digest("program_sha256", sha256)?;
        }
        for bytes in [self.disk_free_bytes, self.disk_total_bytes]
            .into_iter()
            .flatten()
        {
            number("disk", bytes)?;
        }
        match &self.time_sync {
            TimeSync::Synchronised { by } | TimeSync::NotSynchronised { by } => {
                field("time_sync", by, MAX_PLACE_BYTES)?;
            }
            TimeSync::Unknown => {}
        }
        match &self.clock {
            Clock::Measured { against, offset_us } | Clock::Stated { against, offset_us } => {
                field("clock", against, MAX_PLACE_BYTES)?;
                number("clock", offset_us.unsigned_abs())?;
            }
            Clock::NotMeasured => {}
        }
        if self.self_test.is_empty() {
            return Err(RecordError::SelfTest);
        }
        count("self-tests", self.self_test.len(), 1..=MAX_PARTIES)?;
        self.self_test
            .iter()
            .try_for_each(|name| field("self_test", name, MAX_PARTY_BYTES))
    }
}

/// Whose signature an act cannot do without, the one who does it first; and who else may take part.
fn roles(act: Act) -> (&'static [Role], &'static [Role]) {
    match act {
        Act::HandedOver | Act::Returned => (&[Role::Giver, Role::Receiver], &[Role::Witness]),
        Act::Collected => (&[Role::Operator], &[Role::Witness, Role::Holder]),
        _ => (&[Role::Operator], &[Role::Witness]),
    }
}

/// Checks that those take part who must, and nobody on two sides.
fn check_roles(act: Act, parties: &[Party]) -> Result<(), RecordError> {
    let (needed, allowed) = roles(act);
    for &role in needed {
        if !parties.iter().any(|party| party.role == role) {
            return Err(RecordError::RoleMissing { act, role });
        }
    }
    let is_unfit = |party: &&Party| !needed.contains(&party.role) && !allowed.contains(&party.role);
    if let Some(party) = parties.iter().find(is_unfit) {
        return Err(RecordError::RoleUnfit {
            act,
            role: party.role,
        });
    }
    if parties[0].role != needed[0] {
        return Err(RecordError::FirstParty(needed[0]));
    }
    for side in [Role::Giver, Role::Receiver] {
        let people = parties.iter().filter(|party| party.role == side).count();
        count("parties on one side", people, 0..=1)?;
    }
    // A hand-over to oneself and a witness to one's own act would be signatures of one side alone.
    for (at, party) in parties.iter().enumerate() {
        if parties[..at].iter().any(|other| other.name == party.name) {
            return Err(RecordError::SamePerson);
        }
    }
    Ok(())
}

/// Checks that each party has one attestation, in their order, within bounds, and that both sides signed.
///
/// A witness or a former holder may refuse to sign, which is recorded with the reason. Whoever does the
/// act, gives or receives signs with a key or on paper; without that the act is not done.
pub fn check_attestations(
    act: Act,
    parties: &[Party],
    attestations: &[Attestation],
) -> Result<(), RecordError> {
    check_attestations_so_far(act, parties, attestations)?;
    let stands = |at: usize| attestations.iter().any(|found| found.party() as usize == at + 1);
    let mut missing = parties.iter().enumerate().filter(|(at, _)| !stands(*at));
    // A side that lacks is named; of others it is enough that they do.
    let sides = roles(act).0;
    match missing.clone().find(|(_, party)| sides.contains(&party.role)) {
        Some((_, party)) => Err(RecordError::SideUnsigned {
            act,
            role: party.role,
        }),
        None if missing.next().is_some() => {
            Err(RecordError::Attestations("one of each party, in their order"))
        }
        None => Ok(()),
    }
}

/// The same for an act that still waits for some of its parties.
pub fn check_attestations_so_far(
    act: Act,
    parties: &[Party],
    attestations: &[Attestation],
) -> Result<(), RecordError> {
    let mut keys = Vec::new();
    let mut before = 0;
    for attestation in attestations {
        let number = attestation.party();
        let party = (number as usize).checked_sub(1).and_then(|at| parties.get(at));
        let Some(party) = party.filter(|_| number > before) else {
            return Err(RecordError::Attestations("one of each party, in their order"));
        };
        before = number;
        match attestation {
            Attestation::Signed { key, signature, .. } => {
                field("key", key, MAX_SIGNATURE_BYTES)?;
                field("signature", signature, MAX_SIGNATURE_BYTES)?;
                if keys.contains(&key) {
                    return Err(RecordError::Attestations("one key signed for two parties"));
                }
                keys.push(key);
            }
            Attestation::Unsigned { reason, .. } => {
                field("reason", reason, MAX_REASON_BYTES)?;
                if roles(act).0.contains(&party.role) {
                    return Err(RecordError::SideUnsigned {
                        act,
                        role: party.role,
                    });
                }
            }
            Attestation::Paper { .. } => {}
        }
    }
    Ok(())
}

fn count(
    what: &'static str,
    count: usize,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<(), RecordError> {
    if allowed.contains(&count) {
        Ok(())
    } else {
        Err(RecordError::Count { what, count })
    }
}

/// One line of text that is there: signed texts and forms have no room for more.
fn field(field: &'static str, text: &str, max: usize) -> Result<(), RecordError> {
    let size_bytes = text.len();
    // A space at the end would make two names of one.
    if text.is_empty() || text.trim() != text || size_bytes > max {
        return Err(RecordError::Field { field, size_bytes });
    }
    if text.chars().any(char::is_control) {
        return Err(RecordError::Control { field });
    }
    Ok(())
}

fn maybe_field(name: &'static str, text: Option<&String>, max: usize) -> Result<(), RecordError> {
    text.map_or(Ok(()), |text| field(name, text, max))
}

fn digest(what: &'static str, text: &str) -> Result<(), RecordError> {
    if is_hex_digest(text) {
        Ok(())
    } else {
        Err(RecordError::Digest(what))
    }
}

fn number(what: &'static str, number: u64) -> Result<(), RecordError> {
    if number <= MAX_EXACT {
        Ok(())
    } else {
        Err(RecordError::Number(what))
    }
}
