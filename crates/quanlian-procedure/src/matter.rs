//! A matter (办件): the state that its events add up to.
//!
//! In:  the events of one matter, in order, and the procedure version that they were made under.
//! Out: [`Matter`]: stage, facts and papers on file, clocks, proposals, who acted as what, history.
//!
//! Invariant: the same events give the same matter. An event that could not have been decided (an unknown act, a stage
//! that the act does not start from, an approval that nobody gave) is refused with its number, never passed over.
//!
//! Not here: who may do what (`decide`), how clocks are counted (`clock`).

mod apply;
mod ticks;

pub(crate) use apply::sent;

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::Moment;
use quanlian_record::time::{Day, Timestamp};
use serde::Serialize;

use crate::{
    event::{EventError, FactValue, Given, Person},
    procedure::{Act, ActKind, Length, Procedure},
};

/// Most events of one matter.
pub const MAX_EVENTS: usize = 10_000;
/// Most members of a joint operation, and most agencies that handle a matter jointly.
pub const MAX_MEMBERS: usize = 5_000;

/// Most suspensions of one run of a clock; the rules of law count no more.
pub const MAX_PAUSES: usize = 100;
/// Most extensions of one run of a clock; the rules of law count no more.
pub const MAX_EXTENSIONS: usize = 20;

/// The state of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Matter {
    /// Its number (办件编号).
    pub id: String,
    /// Its procedure.
    pub procedure: String,
    /// The version of it that the matter runs under.
    pub version: u32,
    /// SHA-256 of the procedure's file when the matter was opened or moved to this version.
    pub digest: String,
    /// The matter that it follows from.
    pub parent: Option<String>,
    /// The agency that runs it.
    pub agency: String,
    /// Which agency each counterpart is.
    pub counterparts: BTreeMap<String, String>,
    /// Agencies that handle it jointly (会办).
    pub joint: BTreeSet<String>,
    /// Matters of a joint operation.
    pub members: BTreeSet<String>,
    /// Its stage.
    pub stage: String,
    /// The open stages that it has been in, in the order of first entry.
    pub visited: Vec<String>,
    /// The event with which it came to stand still.
    pub suspended: Option<u32>,
    /// Facts on file.
    pub facts: BTreeMap<String, Stated>,
    /// Papers on file.
    pub papers: BTreeMap<String, OnFile>,
    /// Runs of clocks, in the order in which they began.
    pub clocks: Vec<ClockRun>,
    /// Proposals that wait for approval, by the number of their event.
    pub proposals: BTreeMap<u32, Proposal>,
    /// Who has acted in which role.
    pub acted: BTreeMap<String, BTreeSet<String>>,
    /// When it was opened.
    pub opened: Moment,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
    /// Number of the last event.
    pub seq: u32,
    /// Every event, in short.
    pub history: Vec<Past>,
}

/// A fact on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The newest statement.
    pub value: FactValue,
    /// The event that made it.
    pub by: u32,
}

/// A paper on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnFile {
    /// Where it lies; `None` for a paper that an act makes and nobody has filed: no act that asks for it takes that.
    pub place: Option<String>,
    /// The event that filed it.
    pub by: u32,
}

/// An act that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The act.
    pub act: String,
    /// What was given with it.
    pub given: Given,
    /// Who proposed it.
    pub by: Person,
    /// Users that have agreed, one a step of the chain after the first.
    pub endorsed: Vec<String>,
}

/// One run of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockRun {
    /// The clock.
    pub clock: String,
    /// When it began.
    pub started: Moment,
    /// The event that began it.
    pub started_by: u32,
    /// The fact that says the day, where one does.
    pub started_on: Option<String>,
    /// When what it asks for was done.
    pub ended: Option<Moment>,
    /// The event that ended it.
    pub ended_by: Option<u32>,
    /// The fact that says the day of the end, where one does.
    pub ended_on: Option<String>,
    /// When the matter was closed without it.
    pub lapsed: Option<Moment>,
    /// Days that are not counted, where its rule provides for that.
    pub pauses: Vec<Pause>,
    /// Extensions that were granted.
    pub extensions: Vec<Granted>,
}

impl ClockRun {
    /// Whether it has neither ended nor lapsed.
    pub fn runs(&self) -> bool {
        self.ended.is_none() && self.lapsed.is_none()
    }
}

/// Days on which a matter stands still; both ends inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// First day that is not counted.
    pub from: Day,
    /// Last day that is not counted; without it the matter still stands.
    pub to: Option<Day>,
    /// Why.
    pub reason: String,
    /// The event that suspended.
    pub by: u32,
    /// The event that resumed.
    pub resumed_by: Option<u32>,
}

/// An extension that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// How much longer.
    pub length: Length,
    /// When.
    pub on: Day,
    /// Why.
    pub reason: String,
    /// Who granted it.
    pub granted_by: String,
}

/// One event, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    /// Its number.
    pub seq: u32,
    /// When it happened, as corrected.
    pub happened: Moment,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub by: Person,
    /// In which role.
    pub role: String,
    /// `opened`, `supplied`, `proposed`, `endorsed`, `rejected`, `acted`.
    pub what: &'static str,
    /// The act, where it is one.
    pub act: Option<String>,
    /// The stage after it.
    pub stage: String,
    /// The corrections of it, oldest first.
    pub superseded_by: Vec<u32>,
}

/// Why events do not make a matter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ReplayError {
    /// No events, or the first does not open a matter.
    #[error("the events do not begin with the opening of a matter; load them from the first on")]
    NoOpening,
    /// An event is no event of this format.
    #[error("event {seq} cannot be read")]
    Event {
        seq: u32,
        #[source]
        source: EventError,
    },
    /// An event is missing, comes twice or is out of order.
    #[error("event {found} stands where event {expected} should; load all events in order")]
    Order { expected: u32, found: u32 },
    /// An event of another matter.
    #[error("event {seq} belongs to another matter; load one matter at a time")]
    OtherMatter { seq: u32 },
    /// Recorded before its predecessor.
    #[error("event {seq} was recorded before the one that precedes it; check the clock of the server")]
    TimeWentBack { seq: u32 },
    /// The procedure or its version is not loaded.
    #[error(
        "event {seq} asks for version {version} of `{procedure}`, which is not loaded; put its file back"
    )]
    UnknownProcedure {
        seq: u32,
        procedure: String,
        version: u32,
    },
    /// The event could not have been decided.
    #[error("event {seq} cannot have happened: {problem}; restore the events from the backup")]
    Impossible { seq: u32, problem: String },
    /// More events than a matter can have.
    #[error("more than {limit} events in one matter")]
    TooMany { limit: usize },
}

impl ReplayError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoOpening => "procedure_replay_no_opening",
            Self::Event { source, .. } => source.code(),
            Self::Order { .. } => "procedure_replay_order",
            Self::OtherMatter { .. } => "procedure_replay_other_matter",
            Self::TimeWentBack { .. } => "procedure_replay_time_went_back",
            Self::UnknownProcedure { .. } => "procedure_replay_unknown_procedure",
            Self::Impossible { .. } => "procedure_replay_impossible",
            Self::TooMany { .. } => "procedure_replay_too_many",
        }
    }
}

impl Matter {
    /// Whether it is closed.
    pub fn is_closed(&self, procedure: &Procedure) -> bool {
        procedure.is_closed(&self.stage)
    }

    /// The value of a fact on file.
    pub fn fact(&self, id: &str) -> Option<&FactValue> {
        self.facts.get(id).map(|stated| &stated.value)
    }

    /// Clocks of this id that run.
    pub fn running<'a>(&'a self, clock: &'a str) -> impl Iterator<Item = &'a ClockRun> {
        self.clocks
            .iter()
            .filter(move |run| run.clock == clock && run.runs())
    }

    /// Whether a stage may be returned to by an act.
    pub(crate) fn may_return_to(&self, procedure: &Procedure, act: &Act, stage: &str) -> bool {
        let earlier = self.visited.iter().any(|visited| visited == stage) && stage != self.stage;
        earlier
            && !procedure.is_closed(stage)
            && (act.to_any.is_empty() || act.to_any.iter().any(|to| to == stage))
    }

    /// The stage that an act leads to with what is given; `None` when it cannot be told.
    pub(crate) fn destination(&self, procedure: &Procedure, act: &Act, given: &Given) -> Option<String> {
        if act.kind == ActKind::Return {
            let stage = given.to_stage.as_deref()?;
            return self
                .may_return_to(procedure, act, stage)
                .then(|| stage.to_owned());
        }
        Some(act.to.clone().unwrap_or_else(|| self.stage.clone()))
    }
}
