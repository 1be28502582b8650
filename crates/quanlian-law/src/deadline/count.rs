//! Counting: from the day on which a period starts to its last day.
//!
//! In:  the working-day calendar, the pauses of the clock, the day, the lengths.
//! Out: [`Counted`]: the last day and what was met on the way.
//!
//! Invariant: the day of the event is not counted. A month ends on the day of the same
//! number, or on the last day of a month that has no such day. Where the calendar of a year
//! is missing, each of its days is taken as worked, which gives the earliest day on which
//! the period can end, and the year is named; that day is never given as the end.
//!
//! Not here: what the law says of a period (`terms`), words (`explain`).

use jiff::ToSpan;
use quanlian_record::{
    calendar::{CalendarError, DayKind, HolidayName, WorkingCalendar},
    time::{Day, Timestamp},
};

use super::terms::Length;
use crate::text::Text;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// Most lines about days that were not counted; a period of years would fill pages.
const MAX_PASSED: usize = 40;

/// Days that are not counted, both ends inside; without `to` the clock still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) from: Day,
    pub(super) to: Option<Day>,
    pub(super) reason: Text,
}

/// Days that a count of working days met and that a reader may want to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) name: HolidayName,
    /// A make-up day is counted; a holiday is not.
    pub(super) counted: bool,
}

/// The end of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    /// The last day; only the earliest possible one when `missing` or `stands` is there.
    pub(super) end: Day,
    /// The first year whose calendar was needed and is missing.
    pub(super) missing: Option<i16>,
    /// The first day of a suspension that has not ended.
    pub(super) stands: Option<Day>,
    /// The days of each pause that were left out.
    pub(super) paused: Vec<(Pause, i32)>,
    /// Weekend days that were left out.
    pub(super) weekend_days: u32,
    /// Holidays left out and make-up days counted.
    pub(super) passed: Vec<Passed>,
    /// Whether a day was met that the next year's notice may still change.
    pub(super) provisional: bool,
    /// What the last day was before it moved to a working day.
    pub(super) moved_from: Option<Day>,
}

/// The count left the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// What a count needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course<'a> {
    pub(super) calendar: &'a WorkingCalendar,
    /// In order, and apart from each other.
    pub(super) pauses: &'a [Pause],
}

impl Course<'_> {
    /// The last day of a period of these lengths, one after the other, that starts on `start`.
    pub(super) fn end(self, start: Day, lengths: &[Length]) -> Result<Counted, OutOfRange> {
        let counted = self.count(start, lengths, false)?;
        // A day that the missing year's notice may still turn into a working day would bring the end forward.
        if counted.missing.is_some() && counted.provisional {
            let cautious = self.count(start, lengths, true)?;
            return Ok(Counted {
                missing: counted.missing,
                ..cautious
            });
        }
        Ok(counted)
    }

    fn count(self, start: Day, lengths: &[Length], cautious: bool) -> Result<Counted, OutOfRange> {
        let mut counted = Counted::at(start);
        let mut left: Vec<i32> = vec![0; self.pauses.len()];
        for length in merged(lengths) {
            match length {
                Length::Days(days) => self.pass_days(&mut counted, &mut left, i64::from(days))?,
                Length::Months(months) => {
                    let end = counted.end.checked_add(i64::from(months).months());
                    let days = (end.map_err(|_| OutOfRange)? - counted.end).get_days();
                    self.pass_days(&mut counted, &mut left, i64::from(days))?;
                }
                Length::WorkingDays(days) => {
                    self.pass_working_days(&mut counted, &mut left, days, cautious)?;
                }
            }
        }
        let met = self.pauses.iter().zip(left).filter(|(_, days)| *days > 0);
        counted.paused = met.map(|(pause, days)| (pause.clone(), days)).collect();
        Ok(counted)
    }

    /// Goes on by a number of days, leaving out those of the pauses.
    fn pass_days(self, counted: &mut Counted, left: &mut [i32], days: i64) -> Result<(), OutOfRange> {
        let start = counted.end;
        let mut end = start.checked_add(days.days()).map_err(|_| OutOfRange)?;
        for (pause, left) in self.pauses.iter().zip(left) {
            if pause.from > end || pause.to.is_some_and(|to| to <= start) {
                continue;
            }
            let Some(to) = pause.to else {
                counted.stands = counted.stands.or(Some(pause.from));
                continue;
            };
            // The day of the start is not counted anyway, so a pause leaves out the days after it.
            let first = pause.from.max(start.tomorrow().map_err(|_| OutOfRange)?);
            let lost = (to - first).get_days() + 1;
            *left += lost;
            end = end.checked_add(i64::from(lost).days()).map_err(|_| OutOfRange)?;
        }
        counted.end = end;
        Ok(())
    }

    /// Goes on to the n-th working day, leaving out those of the pauses.
    fn pass_working_days(
        self,
        counted: &mut Counted,
        left: &mut [i32],
        days: u32,
        cautious: bool,
    ) -> Result<(), OutOfRange> {
        let mut open = days;
        while open > 0 {
            let day = counted.end.tomorrow().map_err(|_| OutOfRange)?;
            counted.end = day;
            if let Some(at) = self.pauses.iter().position(|pause| pause.covers(day)) {
                if self.pauses[at].to.is_some() {
                    left[at] += 1;
                    continue;
                }
                counted.stands = counted.stands.or(Some(self.pauses[at].from));
            }
            let may_be_worked = cautious && self.calendar.is_provisional(day);
            open -= u32::from(self.meets(counted, day) || may_be_worked);
        }
        Ok(())
    }

    /// Whether a day is worked, and what the reader should know of it.
    fn meets(self, counted: &mut Counted, day: Day) -> bool {
        let kind = match self.calendar.kind_of(day) {
            Ok(kind) => kind,
            Err(error) => {
                let year = match error {
                    CalendarError::Missing { year } => year,
                    _ => day.year(),
                };
                counted.missing = counted.missing.or(Some(year));
                return true;
            }
        };
        counted.provisional |= self.calendar.is_provisional(day);
        match kind {
            DayKind::Weekend => counted.weekend_days += 1,
            DayKind::Holiday(name) => counted.pass(day, name, false),
            DayKind::MakeUp(name) => counted.pass(day, name, true),
            DayKind::Working => {}
        }
        kind.is_working()
    }

    /// Moves the end to the first working day after it, if it is not worked itself.
    pub(super) fn move_to_working_day(self, mut counted: Counted) -> Result<Counted, OutOfRange> {
        let strict = counted.end;
        loop {
            counted.provisional |= self.calendar.is_provisional(counted.end);
            match self.calendar.is_working_day(counted.end) {
                Ok(true) => break,
                Ok(false) => counted.end = counted.end.tomorrow().map_err(|_| OutOfRange)?,
                Err(_) => {
                    counted.missing = counted.missing.or(Some(counted.end.year()));
                    break;
                }
            }
        }
        if counted.end != strict {
            counted.moved_from = Some(strict);
        }
        Ok(counted)
    }

    /// The day so many days before an event. Without a calendar: the latest day that it can be.
    pub(super) fn before(self, event: Day, length: Length) -> Result<Counted, OutOfRange> {
        let counted = self.count_back(event, length, false)?;
        if counted.missing.is_some() && counted.provisional {
            let cautious = self.count_back(event, length, true)?;
            return Ok(Counted {
                missing: counted.missing,
                ..cautious
            });
        }
        Ok(counted)
    }

    fn count_back(self, event: Day, length: Length, cautious: bool) -> Result<Counted, OutOfRange> {
        let back = |span: jiff::Span| event.checked_sub(span).map_err(|_| OutOfRange);
        let mut counted = Counted::at(event);
        match length {
            Length::Days(days) => counted.end = back(i64::from(days).days())?,
            Length::Months(months) => counted.end = back(i64::from(months).months())?,
            Length::WorkingDays(days) => {
                let mut open = days;
                while open > 0 {
                    let day = counted.end.yesterday().map_err(|_| OutOfRange)?;
                    counted.end = day;
                    let may_be_worked = cautious && self.calendar.is_provisional(day);
                    open -= u32::from(self.meets(&mut counted, day) || may_be_worked);
                }
            }
        }
        Ok(counted)
    }

    /// The instant so many hours after another one, leaving out whole days of pauses.
    /// With the first day of a suspension that has not ended.
    pub(super) fn end_of_hours(
        self,
        from: Timestamp,
        hours: u32,
    ) -> Result<(Timestamp, Option<Day>), OutOfRange> {
        let start = from.unix_micros();
        let length = i64::from(hours) * MICROS_PER_HOUR;
        let mut end = start.checked_add(length).ok_or(OutOfRange)?;
        let mut stands = None;
        for pause in self.pauses {
            let begins = midnight(pause.from)?;
            if begins > end {
                break;
            }
            let Some(to) = pause.to else {
                stands = Some(pause.from);
                break;
            };
            let over = midnight(to.tomorrow().map_err(|_| OutOfRange)?)?;
            let lost = over - begins.max(start);
            end = end.checked_add(lost.max(0)).ok_or(OutOfRange)?;
        }
        let end = Timestamp::from_unix_micros(end).map_err(|_| OutOfRange)?;
        Ok((end, stands))
    }
}

/// The instant at which a day begins, for periods of hours that stand still over whole days.
fn midnight(day: Day) -> Result<i64, OutOfRange> {
    let begins = Timestamp::start_of_legal_day(day).map_err(|_| OutOfRange)?;
    Ok(begins.unix_micros())
}

impl Pause {
    fn covers(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

impl Counted {
    /// Before anything is counted.
    fn at(day: Day) -> Self {
        Self {
            end: day,
            missing: None,
            stands: None,
            paused: Vec::new(),
            weekend_days: 0,
            passed: Vec::new(),
            provisional: false,
            moved_from: None,
        }
    }

    fn pass(&mut self, day: Day, name: &HolidayName, counted: bool) {
        if let Some(last) = self.passed.last_mut() {
            // A period before an event is counted backwards.
            let goes_on = (day - last.to).get_days().abs() == 1;
            if goes_on && last.counted == counted && last.name == *name {
                last.to = day;
                return;
            }
        }
        if self.passed.len() < MAX_PASSED {
            self.passed.push(Passed {
                from: day,
                to: day,
                name: name.clone(),
                counted,
            });
        }
    }

    /// Whether `end` is the last day, and not only the earliest that it can be.
    pub(super) fn is_settled(&self) -> bool {
        self.missing.is_none() && self.stands.is_none()
    }
}

/// The full hour after an instant, from which a period runs when its first hour is not counted.
pub(super) fn next_full_hour(at: Timestamp) -> Result<Timestamp, OutOfRange> {
    let hours = at.unix_micros().div_euclid(MICROS_PER_HOUR) + 1;
    Timestamp::from_unix_micros(hours * MICROS_PER_HOUR).map_err(|_| OutOfRange)
}

/// Three months and two months more are five months from the start, which may be another day than
/// two months from the end of three.
fn merged(lengths: &[Length]) -> Vec<Length> {
    let mut merged: Vec<Length> = Vec::new();
    for length in lengths {
        match (merged.last_mut(), length) {
            (Some(Length::Months(months)), Length::Months(more)) => *months = months.saturating_add(*more),
            _ => merged.push(*length),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;
    use quanlian_record::calendar::YearCalendar;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn pause(from: &str, to: &str) -> Pause {
        Pause {
            from: day(from),
            to: (!to.is_empty()).then(|| day(to)),
            reason: Text::same("x"),
        }
    }

    fn check(pauses: &[Pause], start: &str, lengths: &[Length], then: &str) {
        let calendar = WorkingCalendar::from_years([YearCalendar::new(2023), YearCalendar::new(2024)]);
        let course = Course {
            calendar: &calendar,
            pauses,
        };
        let counted = course.end(day(start), lengths).unwrap();
        let mut got = counted.end.to_string();
        if let Some(year) = counted.missing {
            got = format!("{got} missing {year}");
        }
        if let Some(from) = counted.stands {
            got = format!("{got} stands {from}");
        }
        assert_eq!(got, then);
    }

    #[test]
    fn months_end_on_the_same_day_or_the_last_of_the_month() {
        check(&[], "2023-11-30", &[Length::Months(3)], "2024-02-29");
        check(&[], "2024-01-31", &[Length::Months(1)], "2024-02-29");
        check(
            &[],
            "2023-11-30",
            &[Length::Months(3), Length::Months(2)],
            "2024-04-30",
        );
        check(
            &[],
            "2023-11-30",
            &[Length::Months(3), Length::Days(60)],
            "2024-04-29",
        );
    }

    #[test]
    fn days_of_a_suspension_are_left_out() {
        check(
            &[pause("2024-03-05", "2024-03-07")],
            "2024-03-01",
            &[Length::Days(5)],
            "2024-03-09",
        );
        // The pause begins before the start, on the last day, and after the end.
        check(
            &[pause("2024-02-01", "2024-03-03")],
            "2024-03-01",
            &[Length::Days(5)],
            "2024-03-08",
        );
        check(
            &[pause("2024-03-06", "2024-03-10")],
            "2024-03-01",
            &[Length::Days(5)],
            "2024-03-11",
        );
        check(
            &[pause("2024-03-07", "2024-03-10")],
            "2024-03-01",
            &[Length::Days(5)],
            "2024-03-06",
        );
        // The second pause is reached only because of the first.
        let two = [
            pause("2024-03-05", "2024-03-07"),
            pause("2024-03-09", "2024-03-10"),
        ];
        check(&two, "2024-03-01", &[Length::Days(5)], "2024-03-11");
        check(&two, "2024-03-01", &[Length::WorkingDays(5)], "2024-03-13");
        check(
            &[pause("2024-03-05", "")],
            "2024-03-01",
            &[Length::Days(5)],
            "2024-03-06 stands 2024-03-05",
        );
    }

    #[test]
    fn a_missing_year_gives_the_earliest_day_and_names_itself() {
        check(
            &[],
            "2024-12-30",
            &[Length::WorkingDays(5)],
            "2025-01-04 missing 2025",
        );
        check(
            &[],
            "2022-12-30",
            &[Length::WorkingDays(3)],
            "2023-01-03 missing 2022",
        );
    }

    /// The calendar that the program ships.
    fn shipped() -> &'static WorkingCalendar {
        static CALENDAR: OnceLock<WorkingCalendar> = OnceLock::new();
        CALENDAR.get_or_init(|| crate::load::embedded().unwrap().calendar)
    }

    fn days_from_2004() -> impl Strategy<Value = Day> {
        (0_i64..7_900).prop_map(|days| day("2004-01-02").checked_add(days.days()).unwrap())
    }

    fn lengths() -> impl Strategy<Value = Length> {
        prop_oneof![
            (1_u32..120).prop_map(Length::Days),
            (1_u32..60).prop_map(Length::WorkingDays),
            (1_u32..8).prop_map(Length::Months),
        ]
    }

    /// Pauses apart from each other, around and after a day.
    fn pauses(start: Day, spans: &[(i64, i64)]) -> Vec<Pause> {
        let mut at = start.checked_sub(5.days()).unwrap();
        let mut pauses = Vec::new();
        for (gap, length) in spans {
            let from = at.checked_add(gap.days()).unwrap();
            let to = from.checked_add(length.days()).unwrap();
            pauses.push(pause(&from.to_string(), &to.to_string()));
            at = to.checked_add(1.day()).unwrap();
        }
        pauses
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn working_days_equal_a_naive_walk(
            start in days_from_2004(), count in 0_u32..80, spans in prop::collection::vec((1_i64..20, 0_i64..15), 0..4),
        ) {
            let pauses = pauses(start, &spans);
            let course = Course { calendar: shipped(), pauses: &pauses };
            let counted = course.end(start, &[Length::WorkingDays(count)]).unwrap();
            prop_assume!(counted.is_settled());
            let inside = |day: Day| pauses.iter().any(|p| p.from <= day && p.to.unwrap() >= day);
            let walked = start.series(1.day()).skip(1).take_while(|day| *day <= counted.end);
            let worked = walked.filter(|day| !inside(*day) && shipped().is_working_day(*day).unwrap()).count();
            prop_assert_eq!(worked, count as usize);
            if count > 0 {
                prop_assert!(shipped().is_working_day(counted.end).unwrap() && !inside(counted.end));
            }
        }

        #[test]
        fn a_longer_period_never_ends_earlier(
            start in days_from_2004(), length in lengths(), more in 1_u32..20,
            spans in prop::collection::vec((1_i64..20, 0_i64..15), 0..4),
        ) {
            let pauses = pauses(start, &spans);
            let course = Course { calendar: shipped(), pauses: &pauses };
            let longer = match length {
                Length::Days(n) => Length::Days(n + more),
                Length::WorkingDays(n) => Length::WorkingDays(n + more),
                Length::Months(n) => Length::Months(n + more),
            };
            let moved = |length| course.move_to_working_day(course.end(start, &[length]).unwrap()).unwrap();
            let (short, long) = (moved(length), moved(longer));
            prop_assert!(long.end > short.end || long.end == short.end && !matches!(length, Length::WorkingDays(_)));
            let extended = course.end(start, &[length, Length::Days(more)]).unwrap();
            prop_assert!(extended.end > course.end(start, &[length]).unwrap().end);
        }

        #[test]
        fn a_suspension_never_shortens(
            start in days_from_2004(), length in lengths(), spans in prop::collection::vec((1_i64..30, 0_i64..15), 1..5),
        ) {
            let pauses = pauses(start, &spans);
            let end = |pauses: &[Pause]| {
                let course = Course { calendar: shipped(), pauses };
                course.end(start, &[length]).unwrap()
            };
            for kept in 0..pauses.len() {
                let (fewer, more) = (end(&pauses[..kept]), end(&pauses[..=kept]));
                prop_assert!(more.end >= fewer.end);
                // Each day that calendar days lose is a day by which they end later.
                if !matches!(length, Length::WorkingDays(_)) {
                    let lost: i32 = more.paused.iter().map(|(_, days)| days).sum();
                    prop_assert_eq!((more.end - end(&[]).end).get_days(), lost);
                }
            }
        }
    }
}
