//! Steps: who is told of a clock, and when.
//!
//! In:  `policies/notices.toml`.
//! Out: the steps that a clock has reached.
//!
//! Invariants: the lights of a duty come in one order (yellow, red, overdue, then by working days); every step tells somebody. A year
//! whose calendar is missing counts Monday to Friday: a reminder a day early or late is better than none, and no clock hangs on it.
//!
//! Not here: who holds a role, inboxes.

use std::collections::BTreeSet;

use quanlian_procedure::{ClockState, ClockView, Light};
use quanlian_record::{calendar::WorkingCalendar, time::Day, time::Timestamp};
use quanlian_store::matters::{Code, notices::OVERDUE};
use serde::Deserialize;

const STEPS: &str = include_str!("../../../../policies/notices.toml");
/// No step is later.
const MAX_WORKING_DAYS: u32 = 60;
/// So many days are counted at most: sixty working days and the longest holidays fit.
const MAX_DAYS: i64 = 150;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The word of its light.
    pub(crate) light: Code,
    /// So many working days after the end.
    #[serde(default)]
    working_days: u32,
    /// Who is told.
    pub(crate) to: BTreeSet<Code>,
}

/// The file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file of notices cannot be used: {0}")]
pub(crate) struct StepsError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    step: Vec<Step>,
}

/// All of them, in their order; without any nothing is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// Those that the program was built with.
    pub(crate) fn embedded() -> Result<Self, StepsError> {
        Self::parse(STEPS)
    }

    fn parse(text: &str) -> Result<Self, StepsError> {
        let written: Written = toml::from_str(text).map_err(|error| StepsError(error.to_string()))?;
        let steps = written.step;
        let words: Vec<&str> = steps.iter().map(|step| step.light.as_str()).collect();
        if words.get(..3) != Some(&["yellow", "red", OVERDUE]) {
            return Err(StepsError(
                "the first three are yellow, red and overdue".to_owned(),
            ));
        }
        let (first, later) = steps.split_at(3);
        let mut before = 0;
        for step in later {
            if step.working_days <= before || step.working_days > MAX_WORKING_DAYS {
                let what = "later ones come after more and more working days, up to 60";
                return Err(StepsError(what.to_owned()));
            }
            before = step.working_days;
        }
        let is_twice = words.iter().collect::<BTreeSet<_>>().len() < words.len();
        if is_twice
            || first.iter().any(|step| step.working_days > 0)
            || steps.iter().any(|step| step.to.is_empty())
        {
            let what = "a light stands once, tells somebody, and is after working days only when it is behind overdue";
            return Err(StepsError(what.to_owned()));
        }
        Ok(Self(steps))
    }

    /// The words of all lights.
    pub(crate) fn lights(&self) -> impl Iterator<Item = &Code> {
        self.0.iter().map(|step| &step.light)
    }

    /// The last light of a run; when that was told, everything was.
    pub(crate) fn last(&self) -> Option<&Code> {
        self.0.last().map(|step| &step.light)
    }

    /// What is to be told of a clock as it stands.
    pub(crate) fn reached(&self, view: &ClockView, calendar: &WorkingCalendar, now: Timestamp) -> &[Step] {
        let at = |light: &str| self.0.iter().position(|step| step.light.as_str() == light);
        let one = |light: &str| {
            at(light)
                .and_then(|place| self.0.get(place..=place))
                .unwrap_or(&[])
        };
        match (view.state, view.light) {
            (ClockState::Overdue, _) => {
                let Some(from) = at(OVERDUE) else { return &[] };
                let passed = passed(view, calendar, now);
                let count = self.0[from..]
                    .iter()
                    .take_while(|step| step.working_days <= passed);
                &self.0[from..from + count.count()]
            }
            (ClockState::Running, Light::Red) => one("red"),
            // Without a last day it is yellow from the start: nobody can say how soon.
            (ClockState::Running, Light::Yellow) if view.due_on.is_some() => one("yellow"),
            _ => &[],
        }
    }
}

/// Working days that begun since the last day.
fn passed(view: &ClockView, calendar: &WorkingCalendar, now: Timestamp) -> u32 {
    let end = view.due_on.or_else(|| view.due_at.map(Timestamp::legal_day));
    let (Some(end), today) = (end, now.legal_day()) else {
        return 0;
    };
    let mut count = 0;
    let mut day = end;
    for _ in 0..MAX_DAYS {
        let Ok(next) = day.tomorrow() else { return count };
        if next > today {
            return count;
        }
        day = next;
        if is_working(calendar, day) {
            count += 1;
        }
    }
    count
}

fn is_working(calendar: &WorkingCalendar, day: Day) -> bool {
    calendar
        .is_working_day(day)
        .unwrap_or_else(|_| day.weekday().to_monday_one_offset() <= 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_could_be_told_wrongly_are_refused() {
        assert!(Steps::embedded().is_ok());
        let step =
            |light: &str, more: &str| format!("[[step]]\nlight = \"{light}\"\n{more}\nto = [\"head\"]\n");
        let first: String = ["yellow", "red", "overdue"].map(|light| step(light, "")).concat();
        assert!(Steps::parse(&first).is_ok());
        for (text, why) in [
            (String::new(), "none"),
            (step("red", ""), "not the first three"),
            (format!("{first}{}", step("late", "")), "no days"),
            (
                format!("{first}{}", step("late", "working_days = 61")),
                "too many days",
            ),
            (format!("{first}{}", step("red", "working_days = 1")), "twice"),
            (
                format!(
                    "{first}{}{}",
                    step("a", "working_days = 3"),
                    step("b", "working_days = 1")
                ),
                "backwards",
            ),
            (first.replacen("[\"head\"]", "[]", 1), "nobody"),
            (first.replacen("light", "colour", 1), "unknown"),
        ] {
            assert!(Steps::parse(&text).is_err(), "{why}");
        }
    }
}
