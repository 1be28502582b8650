//! Clocks: when a period ends, and a timeline of all periods of a procedure.
//!
//! In:  a [`Timeline`]: events, services, suspensions, extensions; or plain [`Events`].
//! Out: [`ClockResult`]s that explain themselves step by step.
//!
//! Invariant: the day of the event that starts a period of days is not counted. A period
//! of hours needs an instant; with a day alone only the latest possible end is given. Where
//! the text of the law is open, the strict end is given and the later one beside it. Where the
//! calendar of a year is missing there is no end, only the earliest day that it can be.
//!
//! Not here: the calendars (`law/calendar/`), entries for a diary (`icalendar`).

mod count;
mod explain;
mod input;
mod moment;
mod prepare;
mod reckon;
mod run;
mod terms;

use std::collections::BTreeSet;

use quanlian_record::time::{Day, Timestamp};
use serde::Serialize;

pub use self::{
    input::{Extension, MAX_TIMELINE_BYTES, Service, Suspension, Timeline, TimelineError},
    moment::{Events, Moment},
    terms::{ExtensionRule, FirstHour, LastDay, Length, ServiceMethod, ServiceRule, SuspensionRule},
};
pub(crate) use explain::length_of_period;
pub(crate) use terms::MAX_LENGTH;

use self::prepare::Prepared;
use crate::{
    load::Parsed,
    rule::{Body, Clock, Kind, OpenQuestion, Rule, Version},
    text::Text,
    vocabulary::nearest,
};

/// Most events, services or suspensions in one timeline.
pub const MAX_EVENTS: usize = 200;
/// Most extensions in one timeline.
pub const MAX_EXTENSIONS: usize = 20;
/// Longest extension, in its unit.
pub const MAX_EXTENSION_LENGTH: u32 = 1_000;
/// Longest text in a timeline (a reason, who granted it), in bytes.
pub const MAX_TIMELINE_TEXT_BYTES: usize = 2_000;

/// Why a clock cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ClockError {
    /// No such rule, or it is not a period.
    #[error("`{id}` is not a deadline in the rule book{}", near.as_deref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownRule { id: String, near: Option<String> },
    /// No such group of periods.
    #[error("`{group}` is not a group of deadlines; known are {known}")]
    UnknownGroup { group: String, known: String },
    /// A rule and a group are asked for at once.
    #[error("the timeline asks for the rule `{rule}` and for the group `{group}`; ask for one of them")]
    RuleAndGroup { rule: String, group: String },
    /// No such event.
    #[error("`{name}` is not a known event{}; known are {known}", near.as_deref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownEvent {
        name: String,
        near: Option<String>,
        known: String,
    },
    /// More events than a case can have.
    #[error("more than {limit} events; give each event once")]
    TooManyEvents { limit: usize },
    /// More services, suspensions or extensions than a case can have.
    #[error("{field}: more than {limit}; merge those that follow each other")]
    TooMany { field: &'static str, limit: usize },
    /// A reason or name is empty or too long.
    #[error("{field}: the text is empty or longer than {limit_bytes} bytes; say it in a sentence")]
    BadText { field: String, limit_bytes: usize },
    /// A suspension without a clock, or with dates that cannot be.
    #[error("{field}: {problem}; {way_out}")]
    BadSuspension {
        field: String,
        problem: String,
        way_out: &'static str,
    },
    /// Two suspensions of one clock overlap.
    #[error(
        "`{rule}`: the suspension from {later} begins while the one from {earlier} lasts; write them as one"
    )]
    SuspensionsOverlap { rule: String, earlier: Day, later: Day },
    /// The clock went on without having stopped.
    #[error("`{resumed}` is given without `{suspended}`; give the day of the suspension too")]
    ResumedOnly { resumed: String, suspended: String },
    /// An extension without a length, or with an absurd one.
    #[error("{field}: {problem}; write one of days, working_days, months, from 1 to {limit}")]
    BadExtension {
        field: String,
        problem: &'static str,
        limit: u32,
    },
    /// A service that no rule knows.
    #[error("{field}: {problem}; {way_out}")]
    BadService {
        field: String,
        problem: String,
        way_out: String,
    },
}

impl ClockError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownRule { .. } => "law_clock_unknown_rule",
            Self::UnknownGroup { .. } => "law_clock_unknown_group",
            Self::RuleAndGroup { .. } => "law_clock_rule_and_group",
            Self::UnknownEvent { .. } => "law_clock_unknown_event",
            Self::TooManyEvents { .. } => "law_clock_too_many_events",
            Self::TooMany { .. } => "law_clock_too_many",
            Self::BadText { .. } => "law_clock_bad_text",
            Self::BadSuspension { .. } => "law_clock_bad_suspension",
            Self::SuspensionsOverlap { .. } => "law_clock_suspensions_overlap",
            Self::ResumedOnly { .. } => "law_clock_resumed_only",
            Self::BadExtension { .. } => "law_clock_bad_extension",
            Self::BadService { .. } => "law_clock_bad_service",
        }
    }
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Its event has not happened, or nobody has said when.
    Waiting,
    /// It runs; see `due_on` and `due_at`.
    Running,
    /// It stands still (中止) and has not gone on.
    Suspended,
    /// It was extended beyond what the rule allows; `due_on` is the end that the rule allows.
    OverExtended,
    /// What it asks for was done in time.
    Done,
    /// What it asks for was done after the end.
    Late,
    /// What it asks for was done, and whether in time cannot be told.
    DoneUnclear,
    /// The working-day calendar of a year that it reaches is missing; see `not_before`.
    CalendarMissing,
    /// The files have no version of the rule for the day of the event.
    NoVersion,
    /// The end lies beyond the years 1 to 9999.
    OutOfRange,
}

/// Which point of a text is read otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingKind {
    /// The days are working days.
    WorkingDays,
    /// A last day that is not worked moves to the next working day.
    MovedLastDay,
    /// The hour in which the period begins is not counted.
    FirstHourNotCounted,
    /// So many whole days lie between the act and the event that it must come before.
    WholeDaysBetween,
}

/// The end of a period under another reading of an open point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What is read otherwise.
    pub reading: ReadingKind,
    /// Last day under it.
    pub due_on: Option<Day>,
    /// Last instant under it, for hours.
    pub due_at: Option<Timestamp>,
    /// The earliest day that the last day can be, where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Day>,
    /// The year whose calendar is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_year: Option<i16>,
    /// The same in words.
    pub text: Text,
}

/// One clock, with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockResult {
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule; the newest one while the event is not known.
    pub version: Option<Day>,
    /// Name of the period.
    pub title: Text,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source, with the rules by which it is counted and served.
    pub verified: bool,
    /// Who must act.
    pub actor: Text,
    /// What they must do.
    pub act: Text,
    /// How long, in words.
    pub length: Text,
    /// Whether it runs backwards: the act comes before the event.
    pub before: bool,
    /// The event that starts it.
    pub starts: String,
    /// Its name for people.
    pub starts_title: Text,
    /// When that was.
    pub started: Option<Moment>,
    /// Events that end it, any one of them.
    pub ends: Vec<String>,
    /// When the first of them was.
    pub ended: Option<Moment>,
    /// How it stands.
    pub state: ClockState,
    /// Last day, where it is known.
    pub due_on: Option<Day>,
    /// Last instant, for a period of hours whose start is an instant.
    pub due_at: Option<Timestamp>,
    /// The earliest day that the last day can be, where the last day is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Day>,
    /// The latest day that the last day can be, for a period before an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Day>,
    /// The year whose working-day calendar is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_year: Option<i16>,
    /// The end under other readings of what the text leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// The explanation in one sentence.
    pub text: Text,
    /// The explanation step by step.
    pub steps: Vec<Text>,
    /// What is wrong with the suspensions and extensions that were given for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Text>,
    /// What the text of the law leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenQuestion>,
}

/// The group of an administrative-to-criminal transfer, which is asked for when nothing else is.
const FIRST_GROUP: &str = "transfer";

/// One clock.
pub(crate) fn clock(law: &Parsed, id: &str, events: &Events) -> Result<ClockResult, ClockError> {
    let timeline = Timeline::of(events);
    let prepared = Prepared::new(law, &timeline)?;
    prepared.run(rule_of(law, id)?)
}

/// All clocks of a group, in the order of the procedure.
pub(crate) fn timeline(law: &Parsed, group: &str, events: &Events) -> Result<Vec<ClockResult>, ClockError> {
    let timeline = Timeline {
        group: Some(group.to_owned()),
        ..Timeline::of(events)
    };
    deadlines(law, &timeline)
}

/// The clocks that a timeline asks for: its rule, or else its group, or else those of a transfer.
pub(crate) fn deadlines(law: &Parsed, timeline: &Timeline) -> Result<Vec<ClockResult>, ClockError> {
    let prepared = Prepared::new(law, timeline)?;
    if let (Some(rule), Some(group)) = (&timeline.rule, &timeline.group) {
        return Err(ClockError::RuleAndGroup {
            rule: shortened(rule),
            group: shortened(group),
        });
    }
    if let Some(id) = &timeline.rule {
        return Ok(vec![prepared.run(rule_of(law, id)?)?]);
    }
    let group = timeline.group.as_deref().unwrap_or(FIRST_GROUP);
    known_group(law, group)?;
    let mut rules: Vec<&Rule> = rules(law)
        .filter(|rule| rule.group.as_deref() == Some(group))
        .collect();
    rules.sort_by_key(|rule| (rule.order, &rule.id));
    rules.into_iter().map(|rule| prepared.run(rule)).collect()
}

/// The day on which a paper counts as served, by a rule and a way; or what is wrong.
pub(crate) fn served_on(law: &Parsed, rule: &str, method: &str, on: Day) -> Result<Day, String> {
    let service = Service {
        event: law.events.keys().next().cloned().unwrap_or_default(),
        rule: rule.to_owned(),
        method: method.to_owned(),
        on,
    };
    let served = prepare::served(law, 0, &service).map_err(|error| error.to_string())?;
    Ok(served.day)
}

/// The groups that deadlines belong to.
pub(crate) fn groups(law: &Parsed) -> BTreeSet<&str> {
    rules(law).filter_map(|rule| rule.group.as_deref()).collect()
}

fn rules(law: &Parsed) -> impl Iterator<Item = &Rule> {
    law.rules.values().filter(|rule| rule.kind == Kind::Deadline)
}

/// A deadline by its id, or by its row in the table of law facts.
fn rule_of<'a>(law: &'a Parsed, id: &str) -> Result<&'a Rule, ClockError> {
    let found = rules(law).find(|rule| rule.id == id || rule.row.as_deref() == Some(id));
    found.ok_or_else(|| {
        let known = rules(law).flat_map(|rule| [Some(rule.id.as_str()), rule.row.as_deref()]);
        ClockError::UnknownRule {
            id: shortened(id),
            near: nearest(id, known.flatten()).map(str::to_owned),
        }
    })
}

fn known_group(law: &Parsed, group: &str) -> Result<(), ClockError> {
    let known = groups(law);
    if known.contains(group) {
        return Ok(());
    }
    Err(ClockError::UnknownGroup {
        group: shortened(group),
        known: known.into_iter().collect::<Vec<_>>().join(", "),
    })
}

/// What a person gave, cut to what an error can print.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn clock_of(version: &Version) -> Option<&Clock> {
    match &version.body {
        Body::Clock(clock) => Some(clock.as_ref()),
        _ => None,
    }
}
