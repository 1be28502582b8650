//! Clocks of a matter: how each stands now.
//!
//! In:  the runs of a matter, the rules of law and the calendar, the instant at which somebody looks.
//! Out: one [`ClockView`] a run: state, last day, days left or overdue, light, whether anybody has read the rule.
//!
//! Invariant: how long a period of the law is, and whether it stands still or may be extended, is asked of
//! `quanlian-law` and never decided here. Where a calendar is missing the state is undetermined, with the earliest day
//! that the end can be.
//!
//! Not here: counting the limits that a procedure promises (`limit`).

mod limit;

use jiff::Unit;
use quanlian_law::{
    ClockError, ClockResult, ClockState as LawState, Extension, Moment, Reading, Suspension, Text, Timeline,
    rule::{Body, Clock as LawClock},
};
use quanlian_record::time::{Day, Timestamp};
use serde::Serialize;

use crate::{
    decide::Engine,
    matter::{ClockRun, Granted, Matter},
    procedure::{Clock, Length, Lights, Limit, Procedure},
    refusal::Refusal,
};

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It runs.
    Running,
    /// It stands still.
    Suspended,
    /// It ran out, and what it asks for has not been done.
    Overdue,
    /// A window (a right to ask) has closed unused; nobody is late.
    Expired,
    /// What it asks for was done in time.
    Met,
    /// What it asks for was done too late.
    MetLate,
    /// What it asks for was done, and whether in time cannot be told.
    MetUnclear,
    /// The matter was closed without it.
    Lapsed,
    /// The end cannot be told: the calendar of a year is missing, or the rule has no version for that day.
    Undetermined,
}

impl ClockState {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Running,
        Self::Suspended,
        Self::Overdue,
        Self::Expired,
        Self::Met,
        Self::MetLate,
        Self::MetUnclear,
        Self::Lapsed,
        Self::Undetermined,
    ];
}

/// The light of a clock; never shown by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// It needs no attention: done, standing still, or the matter is closed.
    Off,
    /// Time enough.
    Green,
    /// Soon, at once, or nobody can tell.
    Yellow,
    /// Very soon, overdue, or done too late.
    Red,
}

impl Light {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Off, Self::Green, Self::Yellow, Self::Red];
}

/// One run of a clock, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// The clock.
    pub clock: String,
    /// Its name.
    pub name: Text,
    /// The rule of law that says how long; `None` for a limit of the procedure itself.
    pub rule: Option<String>,
    /// What it rests on.
    pub citation: Text,
    /// Whether somebody read the source.
    pub verified: bool,
    /// How it stands.
    pub state: ClockState,
    /// When it began.
    pub started: Moment,
    /// The event that began it.
    pub started_by: u32,
    /// When it ended.
    pub ended: Option<Moment>,
    /// Last day.
    pub due_on: Option<Day>,
    /// Last instant, for hours.
    pub due_at: Option<Timestamp>,
    /// The earliest day that the last day can be, where that is not known.
    pub not_before: Option<Day>,
    /// The year whose calendar is missing.
    pub missing_year: Option<i16>,
    /// Days until the last day, 0 on it; for clocks that run and have one.
    pub days_left: Option<i64>,
    /// Days since the last day; 0 when it is not overdue, or by hours on the same day.
    pub overdue_days: i64,
    /// Its light.
    pub light: Light,
    /// The end under other readings of what the law leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// What is wrong with its suspensions and extensions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Text>,
    /// The whole explanation, for a rule of law.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law: Option<Box<ClockResult>>,
}

impl ClockView {
    /// Whether its last day has passed without what it asks for.
    pub(crate) fn has_run_out(&self) -> bool {
        matches!(self.state, ClockState::Expired | ClockState::Overdue)
    }
}

/// Why clocks cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ClocksError {
    /// The procedure version is not loaded.
    #[error("the procedure of the matter is not loaded; put its file back")]
    Procedure(#[source] Refusal),
    /// The version has no such clock any more.
    #[error("version {version} of `{procedure}` has no clock `{clock}`; use the version that began it")]
    UnknownClock {
        procedure: String,
        version: u32,
        clock: String,
    },
    /// The rules of law do not know the clock, or not with these suspensions and extensions.
    #[error("the rules of law refuse the clock `{clock}`")]
    Law {
        clock: String,
        #[source]
        source: ClockError,
    },
}

impl ClocksError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Procedure(_) => "procedure_clocks_procedure",
            Self::UnknownClock { .. } => "procedure_clocks_unknown_clock",
            Self::Law { source, .. } => source.code(),
        }
    }
}

/// What either kind of counting says of an end.
#[derive(Debug, Clone, Default)]
struct End {
    on: Option<Day>,
    at: Option<Timestamp>,
    not_before: Option<Day>,
    missing_year: Option<i16>,
    suspended: bool,
    /// No day is computed (立即), or nobody numbered it (合理期限).
    at_once: bool,
}

impl Engine<'_> {
    /// Every run of every clock of a matter, in the order in which they began, as they stand at an instant.
    pub fn clocks(&self, matter: &Matter, now: Timestamp) -> Result<Vec<ClockView>, ClocksError> {
        let procedure = self.procedure_of(matter).map_err(ClocksError::Procedure)?;
        matter
            .clocks
            .iter()
            .map(|run| self.clock(procedure, run, Moment::At(now)))
            .collect()
    }

    /// One run, looked at at a moment.
    pub(crate) fn clock(
        &self,
        procedure: &Procedure,
        run: &ClockRun,
        now: Moment,
    ) -> Result<ClockView, ClocksError> {
        let clock = procedure
            .clock_of(&run.clock)
            .ok_or_else(|| ClocksError::UnknownClock {
                procedure: procedure.id.clone(),
                version: procedure.version,
                clock: run.clock.clone(),
            })?;
        let lights = clock.lights.unwrap_or(procedure.lights);
        match (&clock.rule, &clock.limit) {
            (Some(rule), _) => {
                let result = self.law_clock(rule, run).map_err(|source| ClocksError::Law {
                    clock: run.clock.clone(),
                    source,
                })?;
                Ok(of_law(clock, run, result, lights, now))
            }
            (None, Some(limit)) => Ok(self.of_limit(clock, limit, run, lights, now)),
            (None, None) => Err(ClocksError::UnknownClock {
                procedure: procedure.id.clone(),
                version: procedure.version,
                clock: run.clock.clone(),
            }),
        }
    }

    /// The newest version of a period of the law.
    pub(crate) fn clock_rule(&self, rule: &str) -> Option<&LawClock> {
        match &self.law.show(rule)?.versions.last()?.body {
            Body::Clock(clock) => Some(clock),
            _ => None,
        }
    }

    /// Asks the law, with the run's start and end under the names that the rule has for them.
    fn law_clock(&self, rule: &str, run: &ClockRun) -> Result<ClockResult, ClockError> {
        let mut timeline = Timeline {
            rule: Some(rule.to_owned()),
            ..Timeline::default()
        };
        if let Some(clock) = self.clock_rule(rule) {
            timeline.events.insert(clock.starts.clone(), run.started);
            if let (Some(end), Some(ended)) = (clock.ends.first(), run.ended) {
                timeline.events.insert(end.clone(), ended);
            }
        }
        let suspension = |pause: &crate::matter::Pause| Suspension {
            rule: Some(rule.to_owned()),
            group: None,
            from: pause.from,
            to: pause.to,
            reason: pause.reason.clone(),
        };
        timeline.suspensions = run.pauses.iter().map(suspension).collect();
        timeline.extensions = run
            .extensions
            .iter()
            .map(|granted| extension(rule, granted))
            .collect();
        let mut results = self.law.deadlines(&timeline)?;
        results.pop().ok_or_else(|| ClockError::UnknownRule {
            id: rule.to_owned(),
            near: None,
        })
    }

    fn of_limit(
        &self,
        clock: &Clock,
        limit: &Limit,
        run: &ClockRun,
        lights: Lights,
        now: Moment,
    ) -> ClockView {
        let end = limit::end(self.law.calendar(), limit, run);
        let mut view = bare(clock, run);
        view.citation = limit.source.cite.clone();
        view.verified = limit.source.checked.verified;
        judge(&mut view, clock, &end, run, lights, now);
        view
    }
}

fn extension(rule: &str, granted: &Granted) -> Extension {
    let (mut days, mut working_days, mut months) = (None, None, None);
    match granted.length {
        Length::Days(n) => days = Some(n),
        Length::WorkingDays(n) => working_days = Some(n),
        // Guards let no hours through to a rule of law; none of them knows such an extension.
        Length::Months(n) | Length::Hours(n) => months = Some(n),
    }
    Extension {
        rule: rule.to_owned(),
        days,
        working_days,
        months,
        reason: granted.reason.clone(),
        granted_by: granted.granted_by.clone(),
        on: granted.on,
    }
}

fn bare(clock: &Clock, run: &ClockRun) -> ClockView {
    ClockView {
        clock: run.clock.clone(),
        name: clock.name.clone(),
        rule: clock.rule.clone(),
        citation: Text::default(),
        verified: false,
        state: ClockState::Undetermined,
        started: run.started,
        started_by: run.started_by,
        ended: run.ended,
        due_on: None,
        due_at: None,
        not_before: None,
        missing_year: None,
        days_left: None,
        overdue_days: 0,
        light: Light::Off,
        readings: Vec::new(),
        problems: Vec::new(),
        law: None,
    }
}

fn of_law(clock: &Clock, run: &ClockRun, result: ClockResult, lights: Lights, now: Moment) -> ClockView {
    let unknown = matches!(
        result.state,
        LawState::CalendarMissing | LawState::NoVersion | LawState::OutOfRange | LawState::Waiting
    );
    let end = End {
        on: result.due_on,
        at: result.due_at,
        not_before: result.not_before,
        missing_year: result.missing_year,
        suspended: result.state == LawState::Suspended,
        at_once: result.due_on.is_none() && result.due_at.is_none() && !unknown,
    };
    let mut view = bare(clock, run);
    view.citation = result.citation.clone();
    view.verified = result.verified;
    view.readings.clone_from(&result.readings);
    view.problems.clone_from(&result.problems);
    judge(&mut view, clock, &end, run, lights, now);
    // Whether a clock was met is for the law to say; it knows the readings and the events on one day.
    match result.state {
        LawState::Done => view.state = ClockState::Met,
        LawState::Late => view.state = ClockState::MetLate,
        LawState::DoneUnclear => view.state = ClockState::MetUnclear,
        _ => {}
    }
    if view.state == ClockState::MetLate {
        view.light = Light::Red;
    }
    view.law = Some(Box::new(result));
    view
}

/// State, days and light from an end and the instant at which somebody looks.
fn judge(view: &mut ClockView, clock: &Clock, end: &End, run: &ClockRun, lights: Lights, now: Moment) {
    view.due_on = end.on.or(end.at.map(Timestamp::legal_day));
    view.due_at = end.at;
    view.not_before = end.not_before;
    view.missing_year = end.missing_year;
    let looked = run.ended.or(run.lapsed).unwrap_or(now);
    let over = match (end.at, looked, view.due_on) {
        (Some(at), Moment::At(looked), _) => looked > at,
        (_, looked, Some(on)) => looked.day() > on,
        _ => false,
    };
    let left = view.due_on.map(|on| days_between(looked.day(), on));
    view.overdue_days = if over && !clock.window {
        left.map_or(0, |left| (-left).max(0))
    } else {
        0
    };
    // A period of hours that was met on its last day, at an hour that nobody noted.
    let hour_unknown = matches!((end.at, looked), (Some(at), Moment::Day(day)) if at.legal_day() == day);
    let known = view.due_on.is_some() || end.at_once;
    view.state = match (run.ended.is_some(), run.lapsed.is_some()) {
        (true, _) if end.at_once || !known || hour_unknown => ClockState::MetUnclear,
        (true, _) if over => ClockState::MetLate,
        (true, _) => ClockState::Met,
        (_, true) => ClockState::Lapsed,
        _ if end.suspended => ClockState::Suspended,
        _ if !known => ClockState::Undetermined,
        _ if over && clock.window => ClockState::Expired,
        _ if over => ClockState::Overdue,
        _ => ClockState::Running,
    };
    view.days_left = left.filter(|_| view.state == ClockState::Running);
    view.light = match view.state {
        // A duty that was due when the matter closed was not done; closing does not put its light out.
        ClockState::Lapsed if over && !clock.window => Light::Red,
        ClockState::Lapsed if end.at_once && !clock.window => Light::Yellow,
        ClockState::Met
        | ClockState::MetUnclear
        | ClockState::Lapsed
        | ClockState::Suspended
        | ClockState::Expired => Light::Off,
        ClockState::Overdue | ClockState::MetLate => Light::Red,
        ClockState::Undetermined => Light::Yellow,
        ClockState::Running => match view.days_left {
            Some(left) if left <= i64::from(lights.red_days) => Light::Red,
            Some(left) if left <= i64::from(lights.yellow_days) => Light::Yellow,
            Some(_) => Light::Green,
            None => Light::Yellow,
        },
    };
}

/// Days from one day to another; negative when the other lies before.
fn days_between(from: Day, to: Day) -> i64 {
    from.until((Unit::Day, to))
        .map_or(0, |span| i64::from(span.get_days()))
}
