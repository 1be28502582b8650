//! Counting a limit that a procedure promises, or takes from an instrument that `law/` does not hold.
//!
//! In:  the working-day calendar, the limit, a run with its pauses and extensions.
//! Out: its end.
//!
//! Invariant: the day of the start is not counted. Days on which the matter stands still are not counted, when the
//! limit says so. A day whose calendar is missing is taken as worked, which gives the earliest end, and that is then
//! never given as the end itself but as "not before", with the year that is missing.

use jiff::ToSpan;
use quanlian_law::Moment;
use quanlian_record::{
    calendar::WorkingCalendar,
    time::{Day, Timestamp},
};

use super::End;
use crate::{
    matter::{ClockRun, Pause},
    procedure::{Length, Limit, LimitEnd},
};

/// Most days that are walked; the longest limit, extended and suspended for decades, stays below.
const MAX_WALK_DAYS: u32 = 60_000;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The end of one run.
pub(super) fn end(calendar: &WorkingCalendar, limit: &Limit, run: &ClockRun) -> End {
    let pauses: &[Pause] = if limit.stands_still { &run.pauses } else { &[] };
    let number = run.extensions.iter().fold(limit.length.number(), |sum, granted| {
        let same = granted.length.same_unit(limit.length);
        sum.saturating_add(if same { granted.length.number() } else { 0 })
    });
    if run.runs() && pauses.iter().any(|pause| pause.to.is_none()) {
        return End {
            suspended: true,
            ..End::default()
        };
    }
    let mut walk = Walk {
        calendar,
        pauses,
        missing: None,
    };
    let day = match limit.length {
        Length::Hours(_) => return walk.hours(run.started, number),
        Length::WorkingDays(_) => walk.days(run.started.day(), number, true),
        Length::Days(_) => walk.days(run.started.day(), number, false),
        Length::Months(_) => walk.months(run.started.day(), number),
    };
    let day = day.and_then(|day| match limit.last_day {
        Some(LimitEnd::Moves) => walk.worked_from(day),
        _ => Some(day),
    });
    match (walk.missing, day) {
        (Some(year), day) => End {
            not_before: day,
            missing_year: Some(year),
            ..End::default()
        },
        (None, day) => End {
            on: day,
            ..End::default()
        },
    }
}

struct Walk<'a> {
    calendar: &'a WorkingCalendar,
    pauses: &'a [Pause],
    missing: Option<i16>,
}

impl Walk<'_> {
    fn is_worked(&mut self, day: Day) -> bool {
        self.calendar.is_working_day(day).unwrap_or_else(|_| {
            self.missing.get_or_insert(day.year());
            true
        })
    }

    fn is_paused(&self, day: Day) -> bool {
        self.pauses
            .iter()
            .any(|pause| pause.from <= day && pause.to.is_none_or(|to| day <= to))
    }

    /// `None` beyond the calendar.
    fn days(&mut self, start: Day, number: u32, working: bool) -> Option<Day> {
        let (mut day, mut left) = (start, number);
        for _ in 0..MAX_WALK_DAYS {
            if left == 0 {
                return Some(day);
            }
            day = day.tomorrow().ok()?;
            let counts = !self.is_paused(day) && (!working || self.is_worked(day));
            left -= u32::from(counts);
        }
        None
    }

    /// Months first, then a day for each day on which the matter stood still inside of them.
    fn months(&mut self, start: Day, number: u32) -> Option<Day> {
        let plain = start.checked_add(i64::from(number).months()).ok()?;
        let mut paused = 0;
        let mut day = start;
        for _ in 0..MAX_WALK_DAYS {
            if day >= plain {
                break;
            }
            day = day.tomorrow().ok()?;
            paused += u32::from(self.is_paused(day));
        }
        self.days(plain, paused, false)
    }

    fn worked_from(&mut self, day: Day) -> Option<Day> {
        let mut at = day;
        for _ in 0..MAX_WALK_DAYS {
            if self.is_worked(at) {
                return Some(at);
            }
            at = at.tomorrow().ok()?;
        }
        None
    }

    /// Hours run from the instant; with a day alone only the latest possible last day can be told. A day on which the
    /// matter stood still adds a day.
    fn hours(&mut self, start: Moment, number: u32) -> End {
        let paused = |until: Day| {
            let days = start
                .day()
                .series(1.day())
                .skip(1)
                .take_while(|day| *day <= until);
            days.take(MAX_WALK_DAYS as usize)
                .map(|day| i64::from(self.is_paused(day)))
                .sum::<i64>()
        };
        match start {
            Moment::At(at) => {
                let plain = add_hours(at, i64::from(number));
                let end = plain.and_then(|end| add_hours(end, 24 * paused(end.legal_day())));
                End {
                    at: end,
                    ..End::default()
                }
            }
            Moment::Day(day) => {
                let days = i64::from(number.div_ceil(24));
                let plain = day.checked_add(days.days()).ok();
                let end = plain.and_then(|end| end.checked_add(paused(end).days()).ok());
                End {
                    on: end,
                    ..End::default()
                }
            }
        }
    }
}

fn add_hours(at: Timestamp, hours: i64) -> Option<Timestamp> {
    let micros = hours.checked_mul(MICROS_PER_HOUR)?;
    Timestamp::from_unix_micros(at.unix_micros().checked_add(micros)?).ok()
}
