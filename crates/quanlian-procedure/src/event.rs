//! Events (办理记录): what happened in a matter, one after the other, never changed.
//!
//! In:  what [`crate::Engine`] decided, or the JSON of a store.
//! Out: [`Event`], whose JSON is stable and carries the version of its format.
//!
//! Invariant: an event of another format version or kind, or with a field that this program does not know, is refused
//! and never skipped: a matter whose past is not understood has no state.
//!
//! Not here: what an event does to a matter (`matter`).

use std::collections::BTreeMap;

use quanlian_law::Moment;
use quanlian_record::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

use crate::procedure::{FactKind, Length};

/// Version of the format of events; a reader refuses every other.
pub const EVENT_VERSION: u32 = 1;
/// Largest event, in bytes of JSON.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// Longest id, in bytes.
pub const MAX_ID_BYTES: usize = 200;
/// Longest text (a reason, a fact, where a paper lies), in bytes.
pub const MAX_TEXT_BYTES: usize = 2_000;
/// Most facts, papers or persons in one event.
pub const MAX_PARTS: usize = 200;

/// One event of one matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// [`EVENT_VERSION`].
    pub v: u32,
    /// The matter (办件编号).
    pub matter: String,
    /// Its place in the matter, from 1.
    pub seq: u32,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it happened; a day where nobody noted the hour.
    pub happened: Moment,
    /// Who did it.
    pub by: Person,
    /// In which role.
    pub role: String,
    /// Who else was present (两人以上办理).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Person>,
    /// What happened.
    pub body: EventBody,
}

/// Who acts: ids alone, no names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The user.
    pub user: String,
    /// The agency.
    pub agency: String,
    /// The unit inside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EventBody {
    /// The matter was made.
    Opened(Opened),
    /// Facts and papers were put on file.
    Supplied(Supplied),
    /// An act that needs approval was proposed; its number is that of the event.
    Proposed(Proposed),
    /// A step of the chain agreed.
    Endorsed(ProposalStep),
    /// A step of the chain refused, or the proposer took it back.
    Rejected(Rejected),
    /// An act took effect.
    Acted(Acted),
}

/// The matter was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Its procedure.
    pub procedure: String,
    /// The version of it.
    pub version: u32,
    /// SHA-256 of the procedure's file, so that an edited version is noticed.
    pub digest: String,
    /// The matter that it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The agency that runs it.
    pub agency: String,
    /// The first stage.
    pub to: String,
    /// What was given with it.
    #[serde(default)]
    pub given: Given,
    /// Papers that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
    /// Notices to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Sent>,
}

/// Facts and papers were put on file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplied {
    /// Facts by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, FactValue>,
    /// Papers by id, with where each lies: a number or a digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub papers: BTreeMap<String, String>,
}

/// An act was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    /// The act.
    pub act: String,
    /// What was given with it.
    #[serde(default)]
    pub given: Given,
}

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalStep {
    /// Number of the event that proposed.
    pub proposal: u32,
}

/// A proposal was refused or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// Number of the event that proposed.
    pub proposal: u32,
    /// Why.
    pub reason: String,
}

/// An act took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acted {
    /// The act.
    pub act: String,
    /// The stage before.
    pub from: String,
    /// The stage after.
    pub to: String,
    /// The proposal that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u32>,
    /// What was given with it.
    #[serde(default)]
    pub given: Given,
    /// Papers that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
    /// Notices to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Sent>,
    /// Procedures of which a matter may follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<String>,
    /// For an upgrade: the digest of the version that it moves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A notice that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// A role or a counterpart.
    pub to: String,
    /// Key of the template.
    pub template: String,
}

/// What a person gives with an act. Every part is optional; the act says which it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Facts by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, FactValue>,
    /// Papers by id, with where each lies: a number or a digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub papers: BTreeMap<String, String>,
    /// Which agency each counterpart is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counterparts: BTreeMap<String, String>,
    /// Return: the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_stage: Option<String>,
    /// Transfer, join, leave: the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// A member of a joint operation: the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Extend: the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Extend: how much longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// Correct: number of the event that is superseded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u32>,
    /// Correct: when the superseded event really happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_instead: Option<Moment>,
    /// Upgrade: the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactValue {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Count(i64),
    /// Money in fen.
    Fen(i64),
    /// A legal day.
    Day(Day),
    /// Words.
    Text(String),
}

impl FactValue {
    /// What kind of fact it is a value of.
    pub fn kind(&self) -> FactKind {
        match self {
            Self::Flag(_) => FactKind::Flag,
            Self::Count(_) => FactKind::Count,
            Self::Fen(_) => FactKind::Fen,
            Self::Day(_) => FactKind::Day,
            Self::Text(_) => FactKind::Text,
        }
    }
}

/// Why the JSON of an event was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum EventError {
    /// Larger than an event can sensibly be.
    #[error(
        "the event has more than {limit_bytes} bytes; keep papers in the object store and name them here"
    )]
    TooLarge { limit_bytes: usize },
    /// Written by a newer or older program.
    #[error(
        "the event has format version {found}, this program knows {EVENT_VERSION}; use the program that wrote it"
    )]
    Version { found: String },
    /// Not an event: a field is missing, unknown or of another type.
    #[error("this is no event of format {EVENT_VERSION}; restore it from the backup, do not edit it")]
    Malformed(#[source] serde_json::Error),
    /// A text, id or list beyond its limit.
    #[error("{field} is empty or beyond its limit of {limit}; shorten it")]
    Limit { field: &'static str, limit: usize },
}

impl EventError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "procedure_event_too_large",
            Self::Version { .. } => "procedure_event_version",
            Self::Malformed(_) => "procedure_event_malformed",
            Self::Limit { .. } => "procedure_event_limit",
        }
    }
}

impl Event {
    /// Reads the JSON of one event. The version is looked at first, so that a newer event says so.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        struct Head {
            v: serde_json::Value,
        }
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge {
                limit_bytes: MAX_EVENT_BYTES,
            });
        }
        let head: Head = serde_json::from_slice(bytes).map_err(EventError::Malformed)?;
        if head.v.as_u64() != Some(u64::from(EVENT_VERSION)) {
            let found = head.v.to_string().chars().take(20).collect();
            return Err(EventError::Version { found });
        }
        let event: Self = serde_json::from_slice(bytes).map_err(EventError::Malformed)?;
        event.check_limits()?;
        Ok(event)
    }

    /// Whether every text and list is within its limit.
    pub(crate) fn check_limits(&self) -> Result<(), EventError> {
        limits::id("matter", &self.matter)?;
        limits::id("role", &self.role)?;
        limits::count("with", self.with.len())?;
        for person in self.with.iter().chain([&self.by]) {
            limits::person(person)?;
        }
        match &self.body {
            EventBody::Opened(opened) => {
                limits::id("agency", &opened.agency)?;
                opened.parent.iter().try_for_each(|id| limits::id("parent", id))?;
                opened.given.check_limits()
            }
            EventBody::Supplied(supplied) => limits::filed(&supplied.facts, &supplied.papers),
            EventBody::Proposed(proposed) => proposed.given.check_limits(),
            EventBody::Endorsed(_) => Ok(()),
            EventBody::Rejected(rejected) => limits::text("reason", &rejected.reason),
            EventBody::Acted(acted) => acted.given.check_limits(),
        }
    }
}

impl Given {
    /// Whether every text and list is within its limit.
    pub(crate) fn check_limits(&self) -> Result<(), EventError> {
        self.reason
            .iter()
            .try_for_each(|text| limits::text("reason", text))?;
        limits::filed(&self.facts, &self.papers)?;
        limits::count("counterparts", self.counterparts.len())?;
        let ids = [&self.to_stage, &self.agency, &self.member, &self.clock];
        let ids = ids.into_iter().flatten().chain(self.counterparts.values());
        ids.into_iter().try_for_each(|id| limits::id("given", id))
    }
}

/// The limits themselves.
pub(crate) mod limits {
    use super::{BTreeMap, EventError, FactValue, MAX_ID_BYTES, MAX_PARTS, MAX_TEXT_BYTES, Person};

    fn bytes(field: &'static str, text: &str, limit: usize) -> Result<(), EventError> {
        let fits = !text.trim().is_empty() && text.len() <= limit;
        fits.then_some(()).ok_or(EventError::Limit { field, limit })
    }

    pub(crate) fn id(field: &'static str, text: &str) -> Result<(), EventError> {
        bytes(field, text, MAX_ID_BYTES)
    }

    pub(crate) fn text(field: &'static str, text: &str) -> Result<(), EventError> {
        bytes(field, text, MAX_TEXT_BYTES)
    }

    pub(crate) fn count(field: &'static str, count: usize) -> Result<(), EventError> {
        let limit = MAX_PARTS;
        (count <= limit)
            .then_some(())
            .ok_or(EventError::Limit { field, limit })
    }

    pub(crate) fn person(person: &Person) -> Result<(), EventError> {
        id("user", &person.user)?;
        id("agency", &person.agency)?;
        person.unit.iter().try_for_each(|unit| id("unit", unit))
    }

    pub(crate) fn filed(
        facts: &BTreeMap<String, FactValue>,
        papers: &BTreeMap<String, String>,
    ) -> Result<(), EventError> {
        count("facts", facts.len())?;
        count("papers", papers.len())?;
        papers.values().try_for_each(|place| text("papers", place))?;
        facts.values().try_for_each(|value| match value {
            FactValue::Text(words) => text("facts", words),
            _ => Ok(()),
        })
    }
}
