//! Clocks: when a period ends, and a timeline of all periods of a procedure.
//!
//! In:  known events, each a day or an instant.
//! Out: [`ClockResult`]s that explain themselves.
//!
//! Invariant: the day of the event that starts a period of days is not counted. A period
//! of hours needs an instant; with a day alone only the latest possible end is given.
//!
//! Not here: working days and holidays. There is no calendar yet, so a period of working
//! days answers "calendar missing" and a last day on a weekend is pointed out, not moved.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::{ToSpan, civil::Weekday};
use quanlian_record::time::{Day, Timestamp, parse_day};
use serde::{Deserialize, Serialize};

use crate::{
    load::Parsed,
    rule::{Body, Clock, ClockPeriod, DayCount, Kind, OpenQuestion, Rule, Version},
    text::{Text, key},
    vocabulary::nearest,
};

/// Most events in one list.
pub const MAX_EVENTS: usize = 200;

/// When something happened: an instant, or a day when the hour is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A legal day.
    Day(Day),
    /// An instant.
    At(Timestamp),
}

impl Moment {
    /// The legal day.
    pub fn day(self) -> Day {
        match self {
            Self::Day(day) => day,
            Self::At(at) => at.legal_day(),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(at) => f.write_str(&at.to_local_string()),
        }
    }
}

impl FromStr for Moment {
    type Err = quanlian_record::time::TimeError;

    /// Reads `2024-12-20` or `2024-12-20T09:30:00+08:00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse_day(text) {
            Ok(day) => Ok(Self::Day(day)),
            Err(no_day) => text
                .parse()
                .map(Self::At)
                .map_err(|no_instant| if text.contains('T') { no_instant } else { no_day }),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(day) => serializer.collect_str(day),
            Self::At(at) => serializer.collect_str(at),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Known events by name.
pub type Events = BTreeMap<String, Moment>;

/// Why a clock cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ClockError {
    /// No such rule, or it is not a period.
    #[error("`{id}` is not a deadline in the rule book{}", near.as_deref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownRule { id: String, near: Option<String> },
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
}

impl ClockError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownRule { .. } => "law_clock_unknown_rule",
            Self::UnknownEvent { .. } => "law_clock_unknown_event",
            Self::TooManyEvents { .. } => "law_clock_too_many_events",
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
    /// What it asks for was done in time.
    Done,
    /// What it asks for was done after the end.
    Late,
    /// What it asks for was done, and whether in time cannot be told.
    DoneUnclear,
    /// It counts working days and there is no calendar for them.
    CalendarMissing,
    /// The files have no version of the rule for the day of the event.
    NoVersion,
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
    /// Whether it was read in a source.
    pub verified: bool,
    /// Who must act.
    pub actor: Text,
    /// What they must do.
    pub act: Text,
    /// How long, in words.
    pub length: Text,
    /// The event that starts it.
    pub starts: String,
    /// Its name for people.
    pub starts_title: Text,
    /// When that was.
    pub started: Option<Moment>,
    /// The event that ends it.
    pub ends: Option<String>,
    /// When that was.
    pub ended: Option<Moment>,
    /// How it stands.
    pub state: ClockState,
    /// Last day, where it is known.
    pub due_on: Option<Day>,
    /// Last instant, for a period of hours whose start is an instant.
    pub due_at: Option<Timestamp>,
    /// The explanation.
    pub text: Text,
    /// What the text of the law leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenQuestion>,
}

/// One clock.
pub(crate) fn clock(law: &Parsed, id: &str, events: &Events) -> Result<ClockResult, ClockError> {
    check_events(law, events)?;
    let is_deadline = |rule: &&Rule| rule.kind == Kind::Deadline;
    let by_row = || law.rules.values().find(|rule| rule.row.as_deref() == Some(id));
    let Some(rule) = law.rules.get(id).or_else(by_row).filter(is_deadline) else {
        let known = law
            .rules
            .values()
            .filter(is_deadline)
            .map(|rule| rule.id.as_str());
        let near = nearest(id, known).map(str::to_owned);
        return Err(ClockError::UnknownRule {
            id: id.chars().take(200).collect(),
            near,
        });
    };
    Ok(run(law, rule, events))
}

/// All clocks of a group (`transfer`, `penalty`), in the order of the procedure.
pub(crate) fn timeline(law: &Parsed, group: &str, events: &Events) -> Result<Vec<ClockResult>, ClockError> {
    check_events(law, events)?;
    let in_group = |rule: &&Rule| rule.kind == Kind::Deadline && rule.group.as_deref() == Some(group);
    let mut rules: Vec<&Rule> = law.rules.values().filter(in_group).collect();
    rules.sort_by_key(|rule| (rule.order, &rule.id));
    Ok(rules.into_iter().map(|rule| run(law, rule, events)).collect())
}

fn check_events(law: &Parsed, events: &Events) -> Result<(), ClockError> {
    if events.len() > MAX_EVENTS {
        return Err(ClockError::TooManyEvents { limit: MAX_EVENTS });
    }
    match events.keys().find(|name| !law.events.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let known = || law.events.keys().map(String::as_str);
            Err(ClockError::UnknownEvent {
                name: name.chars().take(200).collect(),
                near: nearest(name, known()).map(str::to_owned),
                known: known().collect::<Vec<_>>().join(", "),
            })
        }
    }
}

/// The end of a period.
struct Due {
    on: Option<Day>,
    at: Option<Timestamp>,
    state: ClockState,
    text: Text,
}

fn run(law: &Parsed, rule: &Rule, events: &Events) -> ClockResult {
    // Every version of a deadline starts with an event of its own; the newest tells which to look for.
    let newest = rule.versions.last().map(|version| (version, clock_of(version)));
    let started = newest
        .and_then(|(_, clock)| clock)
        .and_then(|clock| events.get(&clock.starts))
        .copied();
    let version = match started {
        Some(moment) => rule.version_on(moment.day()),
        None => newest.map(|(version, _)| version),
    };
    let shown = version.or(newest.map(|(version, _)| version));
    let source = shown.map_or(&rule.source, |version| rule.source_of(version));
    let clock = shown.and_then(clock_of);
    let ended = clock
        .and_then(|clock| clock.ends.as_ref())
        .and_then(|name| events.get(name))
        .copied();
    let due = match (clock, started, version) {
        (Some(clock), Some(start), Some(_)) => finish(law, ended, start, due(law, clock, start)),
        (_, Some(start), None) => {
            let text = law.messages.say(
                key::CLOCK_NO_VERSION,
                &[("start", &Text::same(start.day().to_string()))],
            );
            Due {
                on: None,
                at: None,
                state: ClockState::NoVersion,
                text,
            }
        }
        (clock, ..) => {
            let event = clock
                .map(|clock| law.event_title(&clock.starts))
                .unwrap_or_default();
            let length = clock.map(|clock| length(law, clock.period)).unwrap_or_default();
            let text = law
                .messages
                .say(key::CLOCK_WAITS, &[("event", &event), ("length", &length)]);
            Due {
                on: None,
                at: None,
                state: ClockState::Waiting,
                text,
            }
        }
    };
    ClockResult {
        rule: rule.id.clone(),
        version: version.map(|version| version.from),
        title: rule.title.clone(),
        citation: source.cite.clone(),
        verified: source.checked.verified,
        actor: clock.map(|clock| clock.actor.clone()).unwrap_or_default(),
        act: clock.map(|clock| clock.act.clone()).unwrap_or_default(),
        length: clock.map(|clock| length(law, clock.period)).unwrap_or_default(),
        starts: clock.map(|clock| clock.starts.clone()).unwrap_or_default(),
        starts_title: clock
            .map(|clock| law.event_title(&clock.starts))
            .unwrap_or_default(),
        started,
        ends: clock.and_then(|clock| clock.ends.clone()),
        ended,
        state: due.state,
        due_on: due.on,
        due_at: due.at,
        text: due.text,
        open: rule.open.clone(),
    }
}

fn clock_of(version: &Version) -> Option<&Clock> {
    match &version.body {
        Body::Clock(clock) => Some(clock),
        _ => None,
    }
}

fn length(law: &Parsed, period: ClockPeriod) -> Text {
    let (message, number) = match period {
        ClockPeriod::AtOnce => return law.messages.say(key::CLOCK_AT_ONCE, &[]),
        ClockPeriod::Hours(n) => (key::CLOCK_HOURS, n),
        ClockPeriod::Days {
            days,
            count: DayCount::Calendar,
        } => (key::CLOCK_DAYS_CALENDAR, days),
        ClockPeriod::Days {
            days,
            count: DayCount::Working,
        } => (key::CLOCK_DAYS_WORKING, days),
        ClockPeriod::Months(n) => (key::CLOCK_MONTHS, n),
        ClockPeriod::Years(n) => (key::CLOCK_YEARS, n),
    };
    law.messages
        .say(message, &[("n", &Text::same(number.to_string()))])
}

fn due(law: &Parsed, clock: &Clock, start: Moment) -> Due {
    let day = start.day();
    let event = law.event_title(&clock.starts);
    let length = length(law, clock.period);
    let say = |message, due: &Text| {
        let start = Text::same(start.to_string());
        law.messages.say(
            message,
            &[
                ("event", &event),
                ("start", &start),
                ("length", &length),
                ("due", due),
            ],
        )
    };
    let on_day = |due: Result<Day, jiff::Error>| match due {
        Ok(due) => {
            let mut text = say(key::CLOCK_DUE_DAY, &Text::same(due.to_string()));
            let rest = matches!(due.weekday(), Weekday::Saturday | Weekday::Sunday);
            let more = law.messages.say(
                if rest {
                    key::CLOCK_REST_DAY
                } else {
                    key::CLOCK_HOLIDAYS
                },
                &[],
            );
            text.append(&more);
            Due {
                on: Some(due),
                at: None,
                state: ClockState::Running,
                text,
            }
        }
        Err(_) => Due {
            on: None,
            at: None,
            state: ClockState::NoVersion,
            text: say(key::CLOCK_OUT_OF_RANGE, &Text::default()),
        },
    };
    match clock.period {
        ClockPeriod::AtOnce => {
            let text = say(key::CLOCK_AT_ONCE, &Text::default());
            Due {
                on: Some(day),
                at: None,
                state: ClockState::Running,
                text,
            }
        }
        ClockPeriod::Hours(hours) => match start {
            Moment::At(at) => {
                let end = at.unix_micros().checked_add(i64::from(hours) * 3_600_000_000);
                let end = end.and_then(|micros| Timestamp::from_unix_micros(micros).ok());
                match end {
                    Some(end) => Due {
                        on: Some(end.legal_day()),
                        at: Some(end),
                        state: ClockState::Running,
                        text: say(key::CLOCK_DUE_HOURS, &Text::same(end.to_local_string())),
                    },
                    None => Due {
                        on: None,
                        at: None,
                        state: ClockState::NoVersion,
                        text: say(key::CLOCK_OUT_OF_RANGE, &Text::default()),
                    },
                }
            }
            Moment::Day(day) => {
                let end = day.checked_add(i64::from(hours.div_ceil(24)).days());
                let text = |due: Day| say(key::CLOCK_DUE_HOURS_DAY, &Text::same(due.to_string()));
                match end {
                    Ok(end) => Due {
                        on: Some(end),
                        at: None,
                        state: ClockState::Running,
                        text: text(end),
                    },
                    Err(_) => Due {
                        on: None,
                        at: None,
                        state: ClockState::NoVersion,
                        text: say(key::CLOCK_OUT_OF_RANGE, &Text::default()),
                    },
                }
            }
        },
        ClockPeriod::Days {
            days,
            count: DayCount::Calendar,
        } => on_day(day.checked_add(i64::from(days).days())),
        ClockPeriod::Days {
            count: DayCount::Working,
            ..
        } => Due {
            on: None,
            at: None,
            state: ClockState::CalendarMissing,
            text: say(key::CLOCK_CALENDAR_MISSING, &Text::default()),
        },
        ClockPeriod::Months(months) => on_day(day.checked_add(i64::from(months).months())),
        ClockPeriod::Years(years) => on_day(day.checked_add(i64::from(years).years())),
    }
}

/// Compares the end of the period with the event that ends it.
fn finish(law: &Parsed, ended: Option<Moment>, start: Moment, mut due: Due) -> Due {
    let Some(ended) = ended else { return due };
    let before = match (start, ended) {
        (Moment::At(start), Moment::At(ended)) => ended < start,
        (start, ended) => ended.day() < start.day(),
    };
    let late = match (due.at, due.on, ended) {
        (Some(at), _, Moment::At(ended)) => Some(ended > at),
        (Some(at), _, Moment::Day(ended)) if ended == at.legal_day() => None,
        (_, Some(on), ended) => Some(ended.day() > on),
        (_, None, _) => None,
    };
    let (state, message) = match (before, late) {
        (true, _) => (ClockState::DoneUnclear, key::CLOCK_BEFORE_START),
        (_, Some(true)) => (ClockState::Late, key::CLOCK_LATE),
        (_, Some(false)) => (ClockState::Done, key::CLOCK_DONE),
        (_, None) => (ClockState::DoneUnclear, key::CLOCK_DONE_UNCLEAR),
    };
    let days = due
        .on
        .and_then(|on| (ended.day() - on).total(jiff::Unit::Day).ok())
        .map_or(0, |days| days as i64);
    let values = [
        ("ended", &Text::same(ended.to_string())),
        ("days", &Text::same(days.max(0).to_string())),
    ];
    let more = law.messages.say(message, &values);
    due.text.append(&more);
    due.state = state;
    due
}
