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

const MICROS_PER_HOUR: i64 = 3_600_000_000;
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
    /// The end lies beyond the years 1 to 9999.
    OutOfRange,
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

/// Where a period ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// With the end of this day.
    OnDay(Day),
    /// At this instant.
    At(Timestamp),
    /// Hours from a day whose hour is not known: with the end of this day at the latest.
    ByDay(Day),
    /// At once, which no number of days makes precise.
    AtOnce,
    /// Working days need a calendar.
    CalendarMissing,
    /// Beyond the calendar.
    OutOfRange,
}

fn run(law: &Parsed, rule: &Rule, events: &Events) -> ClockResult {
    // Which event to look for is told by the newest version; that event's day then picks the version.
    let newest = rule.versions.last();
    let started = newest
        .and_then(clock_of)
        .and_then(|clock| events.get(&clock.starts))
        .copied();
    let version = started.map_or(newest, |moment| rule.version_on(moment.day()));
    let shown = version.or(newest);
    let source = shown.map_or(&rule.source, |version| rule.source_of(version));
    let clock = shown.and_then(clock_of);
    let ended = clock.and_then(|clock| {
        let known = clock.ends.iter().filter_map(|name| events.get(name)).copied();
        known.min_by_key(|moment| moment.day())
    });
    let length = clock.map(|clock| length(law, clock.period)).unwrap_or_default();
    let starts_title = clock
        .map(|clock| law.event_title(&clock.starts))
        .unwrap_or_default();

    let end = match (clock, started, version) {
        (Some(clock), Some(start), Some(_)) => Some(end_of(clock.period, start)),
        _ => None,
    };
    let (mut state, mut text) = match (end, started) {
        (Some(end), Some(start)) => explain(law, end, start, &starts_title, &length),
        (_, Some(start)) => {
            let start = Text::same(start.day().to_string());
            (
                ClockState::NoVersion,
                law.messages.say(key::CLOCK_NO_VERSION, &[("start", &start)]),
            )
        }
        (_, None) => {
            let values = [("event", &starts_title), ("length", &length)];
            (ClockState::Waiting, law.messages.say(key::CLOCK_WAITS, &values))
        }
    };
    if let (Some(end), Some(start), Some(ended)) = (end, started, ended) {
        let (done, more) = compare(law, end, start, ended);
        state = done;
        text.append(&more);
    }
    let (due_on, due_at) = match end {
        Some(End::OnDay(day) | End::ByDay(day)) => (Some(day), None),
        Some(End::At(at)) => (Some(at.legal_day()), Some(at)),
        _ => (None, None),
    };
    ClockResult {
        rule: rule.id.clone(),
        version: version.map(|version| version.from),
        title: rule.title.clone(),
        citation: source.cite.clone(),
        verified: source.checked.verified,
        actor: clock.map(|clock| clock.actor.clone()).unwrap_or_default(),
        act: clock.map(|clock| clock.act.clone()).unwrap_or_default(),
        length,
        starts: clock.map(|clock| clock.starts.clone()).unwrap_or_default(),
        starts_title,
        started,
        ends: clock.map(|clock| clock.ends.clone()).unwrap_or_default(),
        ended,
        state,
        due_on,
        due_at,
        text,
        open: rule.open.clone(),
    }
}

fn clock_of(version: &Version) -> Option<&Clock> {
    match &version.body {
        Body::Clock(clock) => Some(clock),
        _ => None,
    }
}

/// How long a period is, in words.
pub(crate) fn length(law: &Parsed, period: ClockPeriod) -> Text {
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

/// The day of the event is not counted, so a period of n days ends on the n-th day after it.
fn end_of(period: ClockPeriod, start: Moment) -> End {
    let after = |span: jiff::Span| start.day().checked_add(span);
    let on_day = |day: Result<Day, jiff::Error>| day.map_or(End::OutOfRange, End::OnDay);
    match (period, start) {
        (ClockPeriod::AtOnce, _) => End::AtOnce,
        (ClockPeriod::Hours(hours), Moment::At(at)) => {
            let end = at.unix_micros().checked_add(i64::from(hours) * MICROS_PER_HOUR);
            let end = end.and_then(|micros| Timestamp::from_unix_micros(micros).ok());
            end.map_or(End::OutOfRange, End::At)
        }
        (ClockPeriod::Hours(hours), Moment::Day(_)) => {
            let day = after(i64::from(hours.div_ceil(24)).days());
            day.map_or(End::OutOfRange, End::ByDay)
        }
        (
            ClockPeriod::Days {
                days,
                count: DayCount::Calendar,
            },
            _,
        ) => on_day(after(i64::from(days).days())),
        (
            ClockPeriod::Days {
                count: DayCount::Working,
                ..
            },
            _,
        ) => End::CalendarMissing,
        (ClockPeriod::Months(months), _) => on_day(after(i64::from(months).months())),
        (ClockPeriod::Years(years), _) => on_day(after(i64::from(years).years())),
    }
}

fn explain(law: &Parsed, end: End, start: Moment, event: &Text, length: &Text) -> (ClockState, Text) {
    let started = Text::same(start.to_string());
    let say = |message, due: &str| {
        let due = Text::same(due);
        let values = [
            ("event", event),
            ("start", &started),
            ("length", length),
            ("due", &due),
        ];
        law.messages.say(message, &values)
    };
    match end {
        End::OnDay(day) => {
            let rest = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let mut text = say(key::CLOCK_DUE_DAY, &day.to_string());
            text.append(&law.messages.say(
                if rest {
                    key::CLOCK_REST_DAY
                } else {
                    key::CLOCK_HOLIDAYS
                },
                &[],
            ));
            (ClockState::Running, text)
        }
        End::At(at) => (
            ClockState::Running,
            say(key::CLOCK_DUE_HOURS, &at.to_local_string()),
        ),
        End::ByDay(day) => (
            ClockState::Running,
            say(key::CLOCK_DUE_HOURS_DAY, &day.to_string()),
        ),
        End::AtOnce => (ClockState::Running, say(key::CLOCK_DUE_AT_ONCE, "")),
        End::CalendarMissing => (ClockState::CalendarMissing, say(key::CLOCK_CALENDAR_MISSING, "")),
        End::OutOfRange => (ClockState::OutOfRange, say(key::CLOCK_OUT_OF_RANGE, "")),
    }
}

/// Compares the end of the period with the event that ended it.
fn compare(law: &Parsed, end: End, start: Moment, ended: Moment) -> (ClockState, Text) {
    let before = match (start, ended) {
        (Moment::At(start), Moment::At(ended)) => ended < start,
        (start, ended) => ended.day() < start.day(),
    };
    // What is late for certain, in time for certain, or neither.
    let late = match (end, ended) {
        (End::OnDay(due), ended) => Some(ended.day() > due),
        (End::At(due), Moment::At(ended)) => Some(ended > due),
        (End::At(due), Moment::Day(ended)) => differs(ended, due.legal_day()),
        (End::ByDay(due), ended) => differs(ended.day(), due),
        (End::AtOnce, ended) => (ended.day() == start.day()).then_some(false),
        (End::CalendarMissing | End::OutOfRange, _) => None,
    };
    let (state, message) = match (before, late) {
        (true, _) => (ClockState::DoneUnclear, key::CLOCK_BEFORE_START),
        (_, Some(true)) => (ClockState::Late, key::CLOCK_LATE),
        (_, Some(false)) => (ClockState::Done, key::CLOCK_DONE),
        (_, None) => (ClockState::DoneUnclear, key::CLOCK_DONE_UNCLEAR),
    };
    let due_day = match end {
        End::OnDay(day) | End::ByDay(day) => day,
        End::At(at) => at.legal_day(),
        End::AtOnce | End::CalendarMissing | End::OutOfRange => start.day(),
    };
    let days = (ended.day() - due_day).get_days().max(0);
    let values = [
        ("ended", &Text::same(ended.to_string())),
        ("days", &Text::same(days.to_string())),
    ];
    (state, law.messages.say(message, &values))
}

/// Whether a day lies after the last one; on that day itself it depends on the hour.
fn differs(ended: Day, due: Day) -> Option<bool> {
    (ended != due).then_some(ended > due)
}
