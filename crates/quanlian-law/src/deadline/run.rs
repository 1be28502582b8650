//! Running a clock: from a timeline to its [`ClockResult`].
//!
//! In:  a timeline, checked against the rule book ([`Prepared`]), and a rule.
//! Out: the result: state, end, readings, words.
//!
//! Invariant: a suspension that the rule does not provide for is not counted, and said so.

use quanlian_record::time::Day;

use super::{
    ClockError, ClockResult, ClockState, Extension, Reading, Suspension, clock_of,
    count::{Course, Pause},
    explain::Words,
    moment::Moment,
    prepare::Prepared,
    reckon::{End, OtherEnd, Reckoned, reckon},
};
use crate::{
    rule::{Clock, Rule},
    text::Text,
};

impl<'a> Prepared<'a> {
    /// The pauses of a clock, in order; and those that its rule does not provide for.
    fn pauses(&self, rule: &Rule, clock: &Clock) -> Result<(Vec<Pause>, Vec<&'a Suspension>), ClockError> {
        let own = |suspension: &&Suspension| {
            let names = |id: &String| *id == rule.id || rule.row.as_ref() == Some(id);
            suspension.rule.as_ref().is_some_and(names)
        };
        let of_group =
            |suspension: &&Suspension| suspension.group.is_some() && suspension.group == rule.group;
        let given = &self.timeline.suspensions;
        if clock.suspension.is_none() {
            return Ok((Vec::new(), given.iter().filter(own).collect()));
        }
        let mut pauses: Vec<Pause> = given
            .iter()
            .filter(|suspension| own(suspension) || of_group(suspension))
            .map(|suspension| Pause {
                from: suspension.from,
                to: suspension.to,
                reason: Text::same(suspension.reason.clone()),
            })
            .chain(self.pause_of_events(clock)?)
            .collect();
        pauses.sort_by_key(|pause| (pause.from, pause.to));
        for pair in pauses.windows(2) {
            if pair[0].to.is_none_or(|to| pair[1].from <= to) {
                return Err(ClockError::SuspensionsOverlap {
                    rule: rule.id.clone(),
                    earlier: pair[0].from,
                    later: pair[1].from,
                });
            }
        }
        Ok((pauses, Vec::new()))
    }

    /// The extensions of a rule, in the order in which they were granted.
    fn extensions(&self, rule: &Rule) -> Vec<Extension> {
        let own =
            |extension: &&Extension| extension.rule == rule.id || rule.row.as_ref() == Some(&extension.rule);
        let mut extensions: Vec<Extension> = self.timeline.extensions.iter().filter(own).cloned().collect();
        extensions.sort_by_key(|extension| extension.on);
        extensions
    }

    /// Runs one clock.
    pub(super) fn run(&self, rule: &Rule) -> Result<ClockResult, ClockError> {
        // Which event to look for is told by the newest version; that event's day then picks the version.
        let newest = rule.versions.last();
        let started = newest
            .and_then(clock_of)
            .and_then(|clock| self.events.get(&clock.starts))
            .copied();
        let version = started.map_or(newest, |moment| rule.version_on(moment.day()));
        let shown = version.or(newest);
        let source = shown.map_or(&rule.source, |version| rule.source_of(version));
        let clock = shown.and_then(clock_of);
        let words = Words::new(self.law, clock, started);
        let mut result = ClockResult {
            rule: rule.id.clone(),
            version: version.map(|version| version.from),
            title: rule.title.clone(),
            citation: source.cite.clone(),
            verified: source.checked.verified && words.counting_verified,
            actor: clock.map(|clock| clock.actor.clone()).unwrap_or_default(),
            act: clock.map(|clock| clock.act.clone()).unwrap_or_default(),
            length: words.length.clone(),
            before: clock.is_some_and(|clock| clock.before),
            starts: clock.map(|clock| clock.starts.clone()).unwrap_or_default(),
            starts_title: words.event.clone(),
            started,
            ends: clock.map(|clock| clock.ends.clone()).unwrap_or_default(),
            ended: clock.and_then(|clock| self.ended(clock)),
            state: ClockState::Waiting,
            due_on: None,
            due_at: None,
            not_before: None,
            not_after: None,
            missing_year: None,
            readings: Vec::new(),
            text: words.waits(),
            steps: Vec::new(),
            problems: Vec::new(),
            open: rule.open.clone(),
        };
        let (Some(clock), Some(start)) = (clock, started) else {
            return Ok(result);
        };
        if version.is_none() {
            result.state = ClockState::NoVersion;
            result.text = words.no_version(start.day());
            return Ok(result);
        }
        let (pauses, refused) = self.pauses(rule, clock)?;
        let course = Course {
            calendar: &self.law.calendar,
            pauses: &pauses,
        };
        let reckoned = reckon(course, clock, start, &self.extensions(rule));
        fill(&mut result, &reckoned);
        result.readings = reckoned.others.iter().map(|other| words.reading(other)).collect();
        result.text = words.sentence(&reckoned, &result.readings);
        let served = self.served.get(&clock.starts);
        result.verified &= served.is_none_or(|served| served.verified);
        result.steps = words.steps(served, &reckoned, &result);
        result.problems = words.problems(&refused, &reckoned);
        if let Some(ended) = result.ended {
            let judged = judge(&reckoned.end, start, ended);
            result.text.append(&words.judged(judged, &reckoned.end, ended));
            if result.state != ClockState::OverExtended {
                result.state = judged.state();
            }
        }
        Ok(result)
    }

    /// The first of the events that end a clock.
    fn ended(&self, clock: &Clock) -> Option<Moment> {
        let known = clock.ends.iter().filter_map(|name| self.events.get(name));
        known
            .copied()
            .reduce(|first, next| if next.is_before(first) { next } else { first })
    }
}

/// State and dates, before it is known whether the act was done.
fn fill(result: &mut ClockResult, reckoned: &Reckoned) {
    result.state = ClockState::Running;
    match &reckoned.end {
        End::OnDay(counted) | End::ByDay(counted) => {
            result.missing_year = counted.missing;
            if counted.is_settled() {
                result.due_on = Some(counted.end);
            } else {
                result.not_before = Some(counted.end);
            }
            if counted.stands.is_some() {
                result.state = ClockState::Suspended;
            } else if counted.missing.is_some() {
                result.state = ClockState::CalendarMissing;
            }
        }
        End::At(at, None) => {
            result.due_on = Some(at.legal_day());
            result.due_at = Some(*at);
        }
        End::At(at, Some(_)) => {
            result.not_before = Some(at.legal_day());
            result.state = ClockState::Suspended;
        }
        End::Before(counted) => {
            result.missing_year = counted.missing;
            if counted.missing.is_some() {
                result.not_after = Some(counted.end);
                result.state = ClockState::CalendarMissing;
            } else {
                result.due_on = Some(counted.end);
            }
        }
        End::AtOnce | End::Reasonable => {}
        End::OutOfRange => result.state = ClockState::OutOfRange,
    }
    if reckoned.is_over_extended() {
        result.state = ClockState::OverExtended;
    }
}

/// Whether an act was done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    InTime,
    Late,
    /// It depends on the hour, on a calendar that is missing, or on what “at once” is.
    Unclear,
    /// The act lies before the event that starts the period.
    BeforeStart,
}

impl Judged {
    fn state(self) -> ClockState {
        match self {
            Self::InTime => ClockState::Done,
            Self::Late => ClockState::Late,
            Self::Unclear | Self::BeforeStart => ClockState::DoneUnclear,
        }
    }

    fn of(late: bool) -> Self {
        if late { Self::Late } else { Self::InTime }
    }
}

fn judge(end: &End, start: Moment, ended: Moment) -> Judged {
    let backwards = matches!(end, End::Before(_));
    if !backwards && ended.is_before(start) {
        return Judged::BeforeStart;
    }
    let ended_on = ended.day();
    match end {
        // While the clock stands it cannot run out.
        End::OnDay(counted) | End::ByDay(counted) if counted.stands.is_some() => Judged::InTime,
        End::At(_, Some(_)) => Judged::InTime,
        // Without a calendar the last day is not before the one that is known, or not after it.
        End::OnDay(counted) if counted.missing.is_some() && ended_on > counted.end => Judged::Unclear,
        End::Before(counted) if counted.missing.is_some() && ended_on <= counted.end => Judged::Unclear,
        End::OnDay(counted) | End::Before(counted) => Judged::of(ended_on > counted.end),
        End::At(due, None) => match ended {
            Moment::At(ended) => Judged::of(ended > *due),
            Moment::Day(_) => by_hour(ended_on, due.legal_day()),
        },
        End::ByDay(counted) => by_hour(ended_on, counted.end),
        End::AtOnce | End::Reasonable if ended_on == start.day() => Judged::InTime,
        End::AtOnce | End::Reasonable | End::OutOfRange => Judged::Unclear,
    }
}

/// On the last day itself it depends on the hour, which is not known.
fn by_hour(ended_on: Day, due: Day) -> Judged {
    if ended_on == due {
        Judged::Unclear
    } else {
        Judged::of(ended_on > due)
    }
}

impl Words<'_> {
    /// Another reading, as it stands in the result.
    fn reading(&self, other: &OtherEnd) -> Reading {
        let mut reading = Reading {
            reading: other.kind,
            due_on: None,
            due_at: None,
            not_before: None,
            missing_year: None,
            text: self.other(other),
        };
        match &other.end {
            End::OnDay(counted) | End::ByDay(counted) | End::Before(counted) => {
                reading.missing_year = counted.missing;
                if counted.is_settled() {
                    reading.due_on = Some(counted.end);
                } else if !matches!(other.end, End::Before(_)) {
                    reading.not_before = Some(counted.end);
                }
            }
            End::At(at, None) => {
                reading.due_on = Some(at.legal_day());
                reading.due_at = Some(*at);
            }
            End::At(at, Some(_)) => reading.not_before = Some(at.legal_day()),
            End::AtOnce | End::Reasonable | End::OutOfRange => {}
        }
        reading
    }
}
