//! Running a clock: from a timeline to its [`ClockResult`].
//!
//! In:  a timeline, checked against the rule book once ([`Prepared`]), and a rule.
//! Out: the result: state, end, readings, words.
//!
//! Invariant: a suspension that the rule does not provide for is not counted, and said so.

use std::collections::BTreeMap;

use quanlian_record::time::Day;

use super::{
    ClockError, ClockResult, ClockState, Extension, MAX_EVENTS, MAX_EXTENSION_LENGTH, MAX_EXTENSIONS,
    MAX_TIMELINE_TEXT_BYTES, Reading, Service, ServiceMethod, Suspension, Timeline, clock_of,
    count::{Counted, Course, Pause},
    explain::{Served, Words},
    known_group,
    moment::{Events, Moment},
    reckon::{End, Reckoned, reckon},
    rule_of, rules, shortened,
    terms::Length,
};
use crate::{
    load::Parsed,
    rule::{Body, Clock, Kind, Rule},
    text::Text,
    vocabulary::nearest,
};

/// A timeline whose names and dates are sound.
pub(super) struct Prepared<'a> {
    law: &'a Parsed,
    timeline: &'a Timeline,
    /// Events, with those that services make.
    events: Events,
    served: BTreeMap<String, Served>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(law: &'a Parsed, timeline: &'a Timeline) -> Result<Self, ClockError> {
        let mut prepared = Self {
            law,
            timeline,
            events: timeline.events.clone(),
            served: BTreeMap::new(),
        };
        prepared.check_sizes()?;
        timeline
            .events
            .keys()
            .try_for_each(|name| prepared.known_event(name))?;
        prepared.serve()?;
        prepared.check_suspensions()?;
        prepared.check_extensions()?;
        prepared.check_pairs()?;
        Ok(prepared)
    }

    fn check_sizes(&self) -> Result<(), ClockError> {
        if self.timeline.events.len() > MAX_EVENTS {
            return Err(ClockError::TooManyEvents { limit: MAX_EVENTS });
        }
        let lists = [
            ("service", self.timeline.service.len(), MAX_EVENTS),
            ("suspensions", self.timeline.suspensions.len(), MAX_EVENTS),
            ("extensions", self.timeline.extensions.len(), MAX_EXTENSIONS),
        ];
        match lists.into_iter().find(|(_, length, limit)| length > limit) {
            Some((field, _, limit)) => Err(ClockError::TooMany { field, limit }),
            None => Ok(()),
        }
    }

    fn known_event(&self, name: &str) -> Result<(), ClockError> {
        if self.law.events.contains_key(name) {
            return Ok(());
        }
        let known = || self.law.events.keys().map(String::as_str);
        Err(ClockError::UnknownEvent {
            name: shortened(name),
            near: nearest(name, known()).map(str::to_owned),
            known: known().collect::<Vec<_>>().join(", "),
        })
    }

    /// Makes the event of each service: the day on which the paper counts as served.
    fn serve(&mut self) -> Result<(), ClockError> {
        for (index, service) in self.timeline.service.iter().enumerate() {
            self.known_event(&service.event)?;
            let served = served(self.law, index, service)?;
            let day = Moment::Day(served.day);
            if self.events.insert(service.event.clone(), day).is_some() {
                return Err(ClockError::BadService {
                    field: format!("service[{index}].event"),
                    problem: format!("the event `{}` is given twice", service.event),
                    way_out: "keep the event or the service".to_owned(),
                });
            }
            self.served.insert(service.event.clone(), served);
        }
        Ok(())
    }

    fn check_suspensions(&self) -> Result<(), ClockError> {
        for (index, suspension) in self.timeline.suspensions.iter().enumerate() {
            let field = format!("suspensions[{index}]");
            check_text(&field, "reason", &suspension.reason)?;
            match (&suspension.rule, &suspension.group) {
                (Some(rule), None) => {
                    rule_of(self.law, rule)?;
                }
                (None, Some(group)) => known_group(self.law, group)?,
                _ => {
                    return Err(ClockError::BadSuspension {
                        field,
                        problem: "it names no clock, or a rule and a group".into(),
                        way_out: "write rule or group",
                    });
                }
            }
            if let Some(to) = suspension.to.filter(|to| *to < suspension.from) {
                return Err(ClockError::BadSuspension {
                    field,
                    problem: format!("it ends on {to}, before it begins on {}", suspension.from),
                    way_out: "correct from or to",
                });
            }
        }
        Ok(())
    }

    fn check_extensions(&self) -> Result<(), ClockError> {
        for (index, extension) in self.timeline.extensions.iter().enumerate() {
            let field = format!("extensions[{index}]");
            rule_of(self.law, &extension.rule)?;
            check_text(&field, "reason", &extension.reason)?;
            check_text(&field, "granted_by", &extension.granted_by)?;
            let problem = match extension.length() {
                None => "it has no length, or several",
                Some(length) if !(1..=MAX_EXTENSION_LENGTH).contains(&length.number()) => {
                    "its length is nothing or absurdly long"
                }
                Some(_) => continue,
            };
            return Err(ClockError::BadExtension {
                field,
                problem,
                limit: MAX_EXTENSION_LENGTH,
            });
        }
        Ok(())
    }

    /// Events that stop a clock and let it go on must come in that order, whichever clock is asked for.
    fn check_pairs(&self) -> Result<(), ClockError> {
        for version in rules(self.law).flat_map(|rule| &rule.versions) {
            if let Some(clock) = clock_of(version) {
                self.pause_of_events(clock)?;
            }
        }
        Ok(())
    }

    fn pause_of_events(&self, clock: &Clock) -> Result<Option<Pause>, ClockError> {
        let Some(suspension) = &clock.suspension else {
            return Ok(None);
        };
        let (Some(suspended), Some(resumed)) = (&suspension.suspended, &suspension.resumed) else {
            return Ok(None);
        };
        let at = |name: &String| self.events.get(name).map(|moment| moment.day());
        let (from, again) = match (at(suspended), at(resumed)) {
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(ClockError::ResumedOnly {
                    resumed: resumed.clone(),
                    suspended: suspended.clone(),
                });
            }
            (Some(from), again) => (from, again),
        };
        if let Some(again) = again.filter(|again| *again < from) {
            return Err(ClockError::BadSuspension {
                field: format!("events.{resumed}"),
                problem: format!("it is on {again}, before `{suspended}` on {from}"),
                way_out: "correct one of them",
            });
        }
        if again == Some(from) {
            return Ok(None);
        }
        Ok(Some(Pause {
            from,
            to: again.and_then(|again| again.yesterday().ok()),
            reason: self.law.event_title(suspended),
        }))
    }

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

/// The day on which a paper counts as served.
pub(super) fn served(law: &Parsed, index: usize, service: &Service) -> Result<Served, ClockError> {
    let bad = |field: &str, problem: String, way_out: String| ClockError::BadService {
        field: format!("service[{index}].{field}"),
        problem,
        way_out,
    };
    let rule = law.rules.get(&service.rule);
    let version = rule.and_then(|rule| rule.version_on(service.on));
    let (Some(rule), Some(version)) = (rule, version) else {
        let known = law.rules.values().filter(|rule| rule.kind == Kind::Service);
        let known: Vec<&str> = known.map(|rule| rule.id.as_str()).collect();
        let problem = format!(
            "`{}` is not a rule in force on {}",
            shortened(&service.rule),
            service.on
        );
        return Err(bad("rule", problem, format!("known are {}", known.join(", "))));
    };
    let ways: &[ServiceMethod] = match &version.body {
        Body::Service(ways) => &ways.method,
        _ => &[],
    };
    let Some(method) = ways.iter().find(|method| method.id == service.method) else {
        let known: Vec<&str> = ways.iter().map(|method| method.id.as_str()).collect();
        let problem = format!(
            "`{}` is not a way of service of `{}`",
            shortened(&service.method),
            rule.id
        );
        return Err(bad("method", problem, format!("known are {}", known.join(", "))));
    };
    let course = Course {
        calendar: &law.calendar,
        pauses: &[],
    };
    let after: Vec<Length> = method.after.into_iter().collect();
    let counted = course.end(service.on, &after).ok();
    let Some(counted) = counted.filter(Counted::is_settled) else {
        let problem = format!(
            "the day on which it counts as served cannot be found from {}",
            service.on
        );
        return Err(bad("on", problem, "give the event itself instead".to_owned()));
    };
    Ok(Served {
        title: method.title.clone(),
        day_is: method.day_is.clone(),
        given: service.on,
        day: counted.end,
        citation: rule.source_of(version).cite.clone(),
        verified: rule.source_of(version).checked.verified,
    })
}

fn check_text(field: &str, part: &str, text: &str) -> Result<(), ClockError> {
    if text.trim().is_empty() || text.len() > MAX_TIMELINE_TEXT_BYTES {
        return Err(ClockError::BadText {
            field: format!("{field}.{part}"),
            limit_bytes: MAX_TIMELINE_TEXT_BYTES,
        });
    }
    Ok(())
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
    fn reading(&self, other: &super::reckon::OtherEnd) -> Reading {
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
