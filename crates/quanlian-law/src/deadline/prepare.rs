//! Preparing a timeline: its names, dates and texts are checked against the rule book once.
//!
//! In:  a [`Timeline`].
//! Out: [`Prepared`], or the first thing that cannot be.
//!
//! Invariant: every event, rule, group and way of service of a prepared timeline is known; no suspension
//! ends before it begins; no clock goes on without having stopped.

use std::collections::BTreeMap;

use super::{
    ClockError, MAX_EVENTS, MAX_EXTENSION_LENGTH, MAX_EXTENSIONS, MAX_TIMELINE_TEXT_BYTES, Service,
    ServiceMethod, Timeline, clock_of,
    count::{Counted, Course, Pause},
    explain::Served,
    known_group,
    moment::{Events, Moment},
    rule_of, rules, shortened,
    terms::Length,
};
use crate::{
    load::Parsed,
    rule::{Body, Clock, Kind},
    vocabulary::nearest,
};

/// A timeline whose names and dates are sound.
pub(super) struct Prepared<'a> {
    pub(super) law: &'a Parsed,
    pub(super) timeline: &'a Timeline,
    /// Events, with those that services make.
    pub(super) events: Events,
    pub(super) served: BTreeMap<String, Served>,
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
        if let Some(case) = &self.timeline.case {
            check_text("timeline", "case", case)?;
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

    pub(super) fn pause_of_events(&self, clock: &Clock) -> Result<Option<Pause>, ClockError> {
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
