//! Clocks in words: one sentence, and the steps that lead to it.
//!
//! In:  a clock, its start, and what was reckoned.
//! Out: texts in both languages, from the message file.
//!
//! Invariant: each step that rests on another provision (first day, last day, service) cites it.

use quanlian_record::{calendar::DayKind, time::Day};

use super::{
    ClockResult, Reading, ReadingKind, Suspension,
    count::{Counted, next_full_hour},
    input::Extension,
    moment::Moment,
    reckon::{End, Granted, OtherEnd, Reckoned},
    run::Judged,
    terms::{FirstHour, LastDay, Length},
};
use crate::{
    load::Parsed,
    rule::{Clock, ClockPeriod, DayCount},
    text::{Text, key},
};

/// A service that made the event of a clock.
#[derive(Debug, Clone)]
pub(super) struct Served {
    /// The way.
    pub(super) title: Text,
    /// What the given day is.
    pub(super) day_is: Text,
    /// The given day.
    pub(super) given: Day,
    /// The day on which the paper counts as served.
    pub(super) day: Day,
    pub(super) citation: Text,
    /// Whether its rule was read in a source.
    pub(super) verified: bool,
}

/// The words of one clock.
pub(super) struct Words<'a> {
    law: &'a Parsed,
    clock: Option<&'a Clock>,
    start: Option<Moment>,
    /// The length of the period.
    pub(super) length: Text,
    /// The event that starts it.
    pub(super) event: Text,
    /// ` (citation)` of the rule by which the period is counted, where there is one.
    counted_by: Text,
    /// Whether that rule was read in a source.
    pub(super) counting_verified: bool,
}

fn same(text: impl std::fmt::Display) -> Text {
    Text::same(format!("{text}"))
}

impl<'a> Words<'a> {
    pub(super) fn new(law: &'a Parsed, clock: Option<&'a Clock>, start: Option<Moment>) -> Self {
        let say = |key, values: &[(&str, &Text)]| law.messages.say(key, values);
        let role = clock.and_then(|clock| clock.counted_by.as_deref());
        let by = role
            .zip(start)
            .and_then(|(role, start)| law.by_role(role, start.day()));
        let counting_verified = by.is_none_or(|(rule, version)| rule.source_of(version).checked.verified);
        let counted_by = by.map(|(rule, version)| {
            let citation = &rule.source_of(version).cite;
            say(key::CLOCK_CITED, &[("citation", citation)])
        });
        Self {
            law,
            clock,
            start,
            length: clock
                .map(|clock| length_of_period(law, clock))
                .unwrap_or_default(),
            event: clock
                .map(|clock| law.event_title(&clock.starts))
                .unwrap_or_default(),
            counted_by: counted_by.unwrap_or_default(),
            counting_verified,
        }
    }

    fn say(&self, key: &str, values: &[(&str, &Text)]) -> Text {
        self.law.messages.say(key, values)
    }

    /// The event has not happened.
    pub(super) fn waits(&self) -> Text {
        let values = [("event", &self.event), ("length", &self.length)];
        self.say(key::CLOCK_WAITS, &values)
    }

    /// No version of the rule was in force.
    pub(super) fn no_version(&self, on: Day) -> Text {
        self.say(key::CLOCK_NO_VERSION, &[("start", &same(on))])
    }

    fn start(&self) -> Text {
        self.start.map(same).unwrap_or_default()
    }

    /// The whole in one sentence.
    pub(super) fn sentence(&self, reckoned: &Reckoned, readings: &[Reading]) -> Text {
        let start = self.start();
        let with_due = |key, due: &Text| {
            let values = [
                ("event", &self.event),
                ("start", &start),
                ("length", &self.length),
                ("due", due),
            ];
            self.say(key, &values)
        };
        let mut text = match &reckoned.end {
            End::OnDay(counted) | End::ByDay(counted) if counted.stands.is_some() => {
                with_due(key::CLOCK_STANDS, &same(counted.end))
            }
            End::OnDay(counted) => match counted.missing {
                Some(year) => self.missing(key::CLOCK_CALENDAR_MISSING, year, counted.end),
                None => with_due(key::CLOCK_DUE_DAY, &same(counted.end)),
            },
            End::Before(counted) => match counted.missing {
                Some(year) => self.missing(key::CLOCK_CALENDAR_MISSING_BEFORE, year, counted.end),
                None => with_due(key::CLOCK_DUE_BEFORE, &same(counted.end)),
            },
            End::ByDay(counted) => with_due(key::CLOCK_DUE_HOURS_DAY, &same(counted.end)),
            End::At(at, None) => with_due(key::CLOCK_DUE_HOURS, &Text::same(at.to_local_string())),
            End::At(at, Some(_)) => with_due(key::CLOCK_STANDS, &Text::same(at.to_local_string())),
            End::AtOnce | End::Reasonable => with_due(key::CLOCK_DUE_AT_ONCE, &Text::default()),
            End::OutOfRange => with_due(key::CLOCK_OUT_OF_RANGE, &Text::default()),
        };
        if let End::OnDay(counted) = &reckoned.end
            && let Some(from) = counted.moved_from
        {
            let values = [("from", &same(from)), ("kind", &self.kind_of(from))];
            text.append(&self.say(key::CLOCK_MOVED, &values));
        }
        if reckoned.is_over_extended() {
            text.append(&self.say(key::CLOCK_OVER_EXTENDED, &[]));
        }
        if let End::OnDay(counted) | End::Before(counted) = &reckoned.end
            && counted.provisional
        {
            let more = self.say(key::CLOCK_STEP_PROVISIONAL, &[]);
            text.append(&self.say(key::CLOCK_AND, &[("more", &more)]));
        }
        for reading in readings {
            text.append(&self.say(key::CLOCK_AND, &[("more", &reading.text)]));
        }
        text
    }

    fn missing(&self, message: &str, year: i16, bound: Day) -> Text {
        let values = [
            ("event", &self.event),
            ("start", &self.start()),
            ("length", &self.length),
            ("year", &same(year)),
            ("due", &same(bound)),
        ];
        self.say(message, &values)
    }

    /// What kind of day a day is: a weekend, or a holiday by name.
    fn kind_of(&self, day: Day) -> Text {
        match self.law.calendar.kind_of(day) {
            Ok(DayKind::Holiday(name)) => Text {
                zh: name.zh.clone(),
                en: name.en.clone(),
            },
            Ok(DayKind::Weekend) => self.say(key::CLOCK_WEEKEND, &[]),
            _ => same(day),
        }
    }

    /// Another reading, in words.
    pub(super) fn other(&self, other: &OtherEnd) -> Text {
        let due = match &other.end {
            End::OnDay(counted) | End::ByDay(counted) | End::Before(counted) => match counted.missing {
                Some(year) => {
                    let values = [("year", &same(year)), ("due", &same(counted.end))];
                    let key = if matches!(other.end, End::Before(_)) {
                        key::CLOCK_NOT_LATER
                    } else {
                        key::CLOCK_NOT_EARLIER
                    };
                    self.say(key, &values)
                }
                None => same(counted.end),
            },
            End::At(at, _) => Text::same(at.to_local_string()),
            End::AtOnce | End::Reasonable | End::OutOfRange => self.say(key::CLOCK_OUT_OF_RANGE_SHORT, &[]),
        };
        let message = match other.kind {
            ReadingKind::WorkingDays => key::CLOCK_READ_WORKING_DAYS,
            ReadingKind::MovedLastDay => key::CLOCK_READ_MOVED,
            ReadingKind::FirstHourNotCounted => key::CLOCK_READ_FIRST_HOUR,
            ReadingKind::WholeDaysBetween => key::CLOCK_READ_WHOLE_DAYS,
        };
        self.say(message, &[("due", &due)])
    }

    /// Whether the act was done in time, to follow the sentence.
    pub(super) fn judged(&self, judged: Judged, end: &End, ended: Moment) -> Text {
        let message = match judged {
            Judged::InTime => key::CLOCK_DONE,
            Judged::Late => key::CLOCK_LATE,
            Judged::Unclear => key::CLOCK_DONE_UNCLEAR,
            Judged::BeforeStart => key::CLOCK_BEFORE_START,
        };
        let due = match end {
            End::OnDay(counted) | End::ByDay(counted) | End::Before(counted) => Some(counted.end),
            End::At(at, _) => Some(at.legal_day()),
            End::AtOnce | End::Reasonable | End::OutOfRange => self.start.map(Moment::day),
        };
        let days = due.map_or(0, |due| (ended.day() - due).get_days().max(0));
        self.say(message, &[("ended", &same(ended)), ("days", &same(days))])
    }

    /// The way from the event to the end.
    pub(super) fn steps(
        &self,
        served: Option<&Served>,
        reckoned: &Reckoned,
        result: &ClockResult,
    ) -> Vec<Text> {
        let mut steps = Vec::new();
        if let Some(served) = served {
            let values = [
                ("way", &served.title),
                ("given", &same(served.given)),
                ("is", &served.day_is),
                ("day", &same(served.day)),
                ("citation", &served.citation),
            ];
            steps.push(self.say(key::CLOCK_STEP_SERVED, &values));
        }
        let values = [("event", &self.event), ("start", &self.start())];
        steps.push(self.say(key::CLOCK_STEP_START, &values));
        match &reckoned.end {
            End::OnDay(counted) => self.steps_of_days(&mut steps, reckoned, counted),
            End::Before(counted) => {
                let values = [("length", &self.length), ("start", &self.start())];
                steps.push(self.say(key::CLOCK_STEP_BACKWARDS, &values));
                self.passed(&mut steps, counted);
            }
            End::At(..) => self.steps_of_hours(&mut steps),
            End::ByDay(_) => steps.push(self.say(key::CLOCK_STEP_NO_HOUR, &[("length", &self.length)])),
            End::AtOnce | End::Reasonable | End::OutOfRange => {
                steps.push(self.say(key::CLOCK_STEP_LENGTH, &[("length", &self.length)]));
            }
        }
        for reading in &result.readings {
            steps.push(self.say(key::CLOCK_STEP_OPEN, &[("reading", &reading.text)]));
        }
        let due = result.due_at.map(|at| Text::same(at.to_local_string()));
        let due = due.or(result.due_on.map(same));
        let values = [
            ("due", &due.clone().unwrap_or_default()),
            ("citation", &result.citation),
        ];
        let result = if due.is_some() {
            key::CLOCK_STEP_RESULT
        } else {
            key::CLOCK_STEP_NO_RESULT
        };
        steps.push(self.say(result, &values));
        steps
    }

    fn steps_of_hours(&self, steps: &mut Vec<Text>) {
        let (Some(Moment::At(at)), Some(clock)) = (self.start, self.clock) else {
            return;
        };
        let from = match clock.first_hour {
            Some(FirstHour::NotCounted) => next_full_hour(at).unwrap_or(at),
            Some(FirstHour::Counted | FirstHour::Open) | None => at,
        };
        let message = if from == at {
            key::CLOCK_STEP_FROM_INSTANT
        } else {
            key::CLOCK_STEP_FIRST_HOUR
        };
        let values = [
            ("from", &Text::same(from.to_local_string())),
            ("length", &self.length),
            ("by", &self.counted_by),
        ];
        steps.push(self.say(message, &values));
    }

    fn steps_of_days(&self, steps: &mut Vec<Text>, reckoned: &Reckoned, counted: &Counted) {
        let day = self.start.map(Moment::day);
        if let Some(first) = day.and_then(|day| day.tomorrow().ok()) {
            let values = [("first", &same(first)), ("by", &self.counted_by)];
            steps.push(self.say(key::CLOCK_STEP_FIRST_DAY, &values));
        }
        self.passed(steps, counted);
        for (pause, days) in &counted.paused {
            let values = [
                ("from", &same(pause.from)),
                ("to", &pause.to.map(same).unwrap_or_default()),
                ("days", &same(days)),
                ("reason", &pause.reason),
            ];
            steps.push(self.say(key::CLOCK_STEP_PAUSED, &values));
        }
        if let Some(base) = reckoned.base {
            let values = [("length", &self.length), ("end", &same(base))];
            steps.push(self.say(key::CLOCK_STEP_COUNTED, &values));
        }
        for (extension, granted) in &reckoned.extensions {
            let (message, end) = match granted {
                Granted::To(end) => (key::CLOCK_STEP_EXTENDED, *end),
                Granted::BeyondLimit(end) => (key::CLOCK_STEP_EXTENDED_LIMIT, *end),
                Granted::NotProvided | Granted::OutOfTime => continue,
            };
            steps.push(self.extension(message, extension, &same(end)));
        }
        if let Some(since) = counted.stands {
            steps.push(self.say(key::CLOCK_STEP_STANDS, &[("from", &same(since))]));
        }
        if let Some(from) = counted.moved_from {
            let values = [
                ("from", &same(from)),
                ("kind", &self.kind_of(from)),
                ("to", &same(counted.end)),
                ("by", &self.counted_by),
            ];
            steps.push(self.say(key::CLOCK_STEP_MOVED, &values));
        } else if self
            .clock
            .is_some_and(|clock| clock.last_day == Some(LastDay::Stays))
            && self.law.calendar.is_working_day(counted.end) == Ok(false)
        {
            let values = [("end", &same(counted.end)), ("kind", &self.kind_of(counted.end))];
            steps.push(self.say(key::CLOCK_STEP_STAYS, &values));
        }
        if let Some(year) = counted.missing {
            let values = [("year", &same(year)), ("due", &same(counted.end))];
            steps.push(self.say(key::CLOCK_STEP_MISSING, &values));
        }
        if counted.provisional {
            steps.push(self.say(key::CLOCK_STEP_PROVISIONAL, &[]));
        }
    }

    /// Holidays that were left out, make-up days that were counted, and the number of weekend days.
    fn passed(&self, steps: &mut Vec<Text>, counted: &Counted) {
        for passed in &counted.passed {
            let message = if passed.counted {
                key::CLOCK_STEP_MADE_UP
            } else {
                key::CLOCK_STEP_HOLIDAY
            };
            let (first, last) = if passed.from <= passed.to {
                (passed.from, passed.to)
            } else {
                (passed.to, passed.from)
            };
            let days = if first == last {
                same(first)
            } else {
                self.say(key::CLOCK_DAYS, &[("from", &same(first)), ("to", &same(last))])
            };
            let name = Text {
                zh: passed.name.zh.clone(),
                en: passed.name.en.clone(),
            };
            steps.push(self.say(message, &[("name", &name), ("days", &days)]));
        }
        if counted.weekend_days > 0 {
            let days = same(counted.weekend_days);
            steps.push(self.say(key::CLOCK_STEP_WEEKEND, &[("days", &days)]));
        }
    }

    fn extension(&self, message: &str, extension: &Extension, end: &Text) -> Text {
        let length = extension
            .length()
            .map(|length| length_in_words(self.law, length))
            .unwrap_or_default();
        let by = self.clock.and_then(|clock| clock.extension.as_ref());
        let values = [
            ("who", &Text::same(extension.granted_by.clone())),
            ("on", &same(extension.on)),
            ("length", &length),
            ("reason", &Text::same(extension.reason.clone())),
            ("end", end),
            ("by", &by.map(|rule| rule.by.clone()).unwrap_or_default()),
        ];
        self.say(message, &values)
    }

    /// What was given for the clock and could not be counted.
    pub(super) fn problems(&self, refused: &[&Suspension], reckoned: &Reckoned) -> Vec<Text> {
        let suspensions = refused.iter().map(|suspension| {
            let values = [
                ("from", &same(suspension.from)),
                ("reason", &Text::same(suspension.reason.clone())),
            ];
            self.say(key::CLOCK_PROBLEM_SUSPENSION, &values)
        });
        let extensions = reckoned.extensions.iter().filter_map(|(extension, granted)| {
            let (message, end) = match granted {
                Granted::To(_) => return None,
                Granted::BeyondLimit(end) => (key::CLOCK_PROBLEM_LIMIT, same(end)),
                Granted::NotProvided => (key::CLOCK_PROBLEM_EXTENSION, Text::default()),
                Granted::OutOfTime => (key::CLOCK_PROBLEM_OUT_OF_TIME, Text::default()),
            };
            Some(self.extension(message, extension, &end))
        });
        suspensions.chain(extensions).collect()
    }
}

/// How long a period is, in words.
pub(crate) fn length_of_period(law: &Parsed, clock: &Clock) -> Text {
    match clock.period {
        ClockPeriod::AtOnce => law.messages.say(key::CLOCK_AT_ONCE, &[]),
        ClockPeriod::Reasonable => law.messages.say(key::CLOCK_REASONABLE, &[]),
        ClockPeriod::Hours(n) => number_of(law, n, key::CLOCK_HOUR, key::CLOCK_HOURS),
        ClockPeriod::Days {
            days,
            count: DayCount::Calendar,
        } => length_in_words(law, Length::Days(days)),
        ClockPeriod::Days {
            days,
            count: DayCount::Working,
        } => length_in_words(law, Length::WorkingDays(days)),
        ClockPeriod::Months(n) => length_in_words(law, Length::Months(n)),
        ClockPeriod::Years(n) => number_of(law, n, key::CLOCK_YEAR, key::CLOCK_YEARS),
    }
}

fn length_in_words(law: &Parsed, length: Length) -> Text {
    let (one, many) = match length {
        Length::Days(_) => (key::CLOCK_DAY_CALENDAR, key::CLOCK_DAYS_CALENDAR),
        Length::WorkingDays(_) => (key::CLOCK_DAY_WORKING, key::CLOCK_DAYS_WORKING),
        Length::Months(_) => (key::CLOCK_MONTH, key::CLOCK_MONTHS),
    };
    number_of(law, length.number(), one, many)
}

/// English tells one from many.
fn number_of(law: &Parsed, n: u32, one: &str, many: &str) -> Text {
    let message = if n == 1 { one } else { many };
    law.messages.say(message, &[("n", &same(n))])
}
