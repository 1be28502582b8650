//! Working days: which days are worked, from the calendars of single years.
//!
//! In:  [`YearCalendar`]s: the days off and the make-up working days (调休) of one year each.
//! Out: [`WorkingCalendar`], which says what kind of day a day is and counts working days.
//!
//! Invariant: nothing is guessed. A day of a year whose calendar is not there is neither
//! worked nor off; every question that touches it answers [`CalendarError::Missing`].
//!
//! Not here: reading calendar files, periods of the law (`quanlian-law`).

use std::collections::BTreeMap;

use jiff::civil::Weekday;

use crate::time::Day;

/// The name of a holiday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidayName {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What kind of day a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind<'a> {
    /// Monday to Friday, and worked.
    Working,
    /// A Saturday or Sunday that is worked for a holiday (调休).
    MakeUp(&'a HolidayName),
    /// A Saturday or Sunday.
    Weekend,
    /// A day off for a holiday.
    Holiday(&'a HolidayName),
}

impl DayKind<'_> {
    /// Whether it is worked.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Working | Self::MakeUp(_))
    }
}

/// Why a calendar has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Nobody has put the calendar of that year in.
    #[error("calendar missing for {year}")]
    Missing {
        /// The year.
        year: i16,
    },
    /// Before the year 1 or after the year 9999.
    #[error("beyond the years 1 to 9999")]
    OutOfRange,
}

/// Why the calendar of a year was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum YearError {
    /// The day lies in another year.
    #[error("{day} is not a day of {year}")]
    OtherYear { day: Day, year: i16 },
    /// The day is given twice.
    #[error("{day} is given twice")]
    Twice { day: Day },
    /// A day from Monday to Friday cannot make up for a holiday.
    #[error("{day} is a {weekday:?}, which is worked anyway")]
    WorkedAnyway { day: Day, weekday: Weekday },
}

/// Days off and make-up working days of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearCalendar {
    year: i16,
    /// Each day lies in `year`; a make-up day is a Saturday or Sunday.
    days: BTreeMap<Day, (bool, HolidayName)>,
    provisional_from: Option<Day>,
}

impl YearCalendar {
    /// A year in which every weekend is off and every other day is worked.
    pub fn new(year: i16) -> Self {
        Self {
            year,
            days: BTreeMap::new(),
            provisional_from: None,
        }
    }

    /// Its year.
    pub fn year(&self) -> i16 {
        self.year
    }

    /// Adds a day off. A Saturday or Sunday may be one: it then has a name.
    pub fn add_day_off(&mut self, day: Day, name: HolidayName) -> Result<(), YearError> {
        self.add(day, false, name)
    }

    /// Adds a make-up working day, which must be a Saturday or Sunday.
    pub fn add_make_up(&mut self, day: Day, name: HolidayName) -> Result<(), YearError> {
        if !is_weekend(day) {
            let weekday = day.weekday();
            return Err(YearError::WorkedAnyway { day, weekday });
        }
        self.add(day, true, name)
    }

    /// Says that what stands for this day and later ones may still change.
    pub fn set_provisional_from(&mut self, day: Day) -> Result<(), YearError> {
        if day.year() != self.year {
            return Err(YearError::OtherYear { day, year: self.year });
        }
        self.provisional_from = Some(day);
        Ok(())
    }

    fn add(&mut self, day: Day, worked: bool, name: HolidayName) -> Result<(), YearError> {
        if day.year() != self.year {
            return Err(YearError::OtherYear { day, year: self.year });
        }
        if self.days.insert(day, (worked, name)).is_some() {
            return Err(YearError::Twice { day });
        }
        Ok(())
    }
}

fn is_weekend(day: Day) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Working days over the years whose calendars are there.
///
/// ```
/// use quanlian_record::calendar::{CalendarError, HolidayName, WorkingCalendar, YearCalendar};
///
/// let name = HolidayName { zh: "清明节".into(), en: "Tomb-Sweeping Day".into() };
/// let mut year = YearCalendar::new(2024);
/// year.add_day_off("2024-04-04".parse()?, name.clone())?;
/// year.add_day_off("2024-04-05".parse()?, name.clone())?;
/// year.add_make_up("2024-04-07".parse()?, name)?;
/// let calendar = WorkingCalendar::from_years([year]);
/// // Thursday and Friday are off, Saturday too, Sunday is worked.
/// assert_eq!(calendar.add_working_days("2024-04-03".parse()?, 1), Ok("2024-04-07".parse()?));
/// assert_eq!(calendar.is_working_day("2025-01-02".parse()?), Err(CalendarError::Missing { year: 2025 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingCalendar {
    years: BTreeMap<i16, YearCalendar>,
}

impl WorkingCalendar {
    /// The calendars of some years; of two for one year the later one stays.
    pub fn from_years(years: impl IntoIterator<Item = YearCalendar>) -> Self {
        Self {
            years: years.into_iter().map(|year| (year.year, year)).collect(),
        }
    }

    /// The years whose calendars are there, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.keys().copied()
    }

    /// What kind of day it is.
    pub fn kind_of(&self, day: Day) -> Result<DayKind<'_>, CalendarError> {
        let year = day.year();
        let Some(calendar) = self.years.get(&year) else {
            return Err(CalendarError::Missing { year });
        };
        Ok(match calendar.days.get(&day) {
            Some((true, name)) => DayKind::MakeUp(name),
            Some((false, name)) => DayKind::Holiday(name),
            None if is_weekend(day) => DayKind::Weekend,
            None => DayKind::Working,
        })
    }

    /// Whether the day is worked.
    pub fn is_working_day(&self, day: Day) -> Result<bool, CalendarError> {
        self.kind_of(day).map(DayKind::is_working)
    }

    /// Whether a notice that is not there yet may still change what the calendar says of the day.
    pub fn is_provisional(&self, day: Day) -> bool {
        let calendar = self.years.get(&day.year());
        calendar.is_some_and(|year| year.provisional_from.is_some_and(|from| from <= day))
    }

    /// The first working day after `day`.
    pub fn next_working_day(&self, day: Day) -> Result<Day, CalendarError> {
        self.add_working_days(day, 1)
    }

    /// `day` itself if it is worked, else the first working day after it.
    pub fn working_day_from(&self, day: Day) -> Result<Day, CalendarError> {
        if self.is_working_day(day)? {
            Ok(day)
        } else {
            self.next_working_day(day)
        }
    }

    /// The `count`-th working day after `day`, which is not counted itself; `day` for a count of 0.
    ///
    /// Linear in the number of days. A calendar that is missing anywhere on the way is an error.
    pub fn add_working_days(&self, day: Day, count: u32) -> Result<Day, CalendarError> {
        let mut at = day;
        let mut left = count;
        while left > 0 {
            at = at.tomorrow().map_err(|_| CalendarError::OutOfRange)?;
            left -= u32::from(self.is_working_day(at)?);
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn name() -> HolidayName {
        HolidayName {
            zh: "节".into(),
            en: "feast".into(),
        }
    }

    /// New Year 2007 as it was: the two weekend days before it are worked.
    fn two_years() -> WorkingCalendar {
        let mut before = YearCalendar::new(2006);
        before.add_make_up(day("2006-12-30"), name()).unwrap();
        before.add_make_up(day("2006-12-31"), name()).unwrap();
        let mut after = YearCalendar::new(2007);
        for off in ["2007-01-01", "2007-01-02", "2007-01-03"] {
            after.add_day_off(day(off), name()).unwrap();
        }
        WorkingCalendar::from_years([before, after])
    }

    #[test]
    fn make_up_days_are_worked_and_holidays_are_not() {
        let calendar = two_years();
        let check = |from: &str, count, then: &str| {
            assert_eq!(
                calendar.add_working_days(day(from), count),
                Ok(day(then)),
                "{from} + {count}"
            );
        };
        check("2006-12-29", 1, "2006-12-30");
        check("2006-12-29", 3, "2007-01-04");
        check("2007-01-05", 0, "2007-01-05");
        assert_eq!(
            calendar.working_day_from(day("2007-01-01")),
            Ok(day("2007-01-04"))
        );
        assert_eq!(
            calendar.working_day_from(day("2006-12-31")),
            Ok(day("2006-12-31"))
        );
    }

    #[test]
    fn a_year_without_calendar_is_an_answer_of_its_own() {
        let calendar = two_years();
        let missing = Err(CalendarError::Missing { year: 2008 });
        assert_eq!(
            calendar.is_working_day(day("2008-01-02")),
            Err(CalendarError::Missing { year: 2008 })
        );
        assert_eq!(calendar.add_working_days(day("2007-12-31"), 1), missing);
        assert_eq!(calendar.next_working_day(day("2007-12-31")), missing);
        assert_eq!(
            WorkingCalendar::default().add_working_days(Day::MAX, 1),
            Err(CalendarError::OutOfRange)
        );
    }

    #[test]
    fn impossible_days_are_refused() {
        let mut year = YearCalendar::new(2024);
        assert_eq!(
            year.add_make_up(day("2024-04-08"), name())
                .unwrap_err()
                .to_string(),
            "2024-04-08 is a Monday, which is worked anyway"
        );
        assert!(matches!(
            year.add_day_off(day("2023-12-31"), name()),
            Err(YearError::OtherYear { .. })
        ));
        year.add_day_off(day("2024-04-06"), name()).unwrap();
        assert_eq!(
            year.add_make_up(day("2024-04-06"), name()),
            Err(YearError::Twice {
                day: day("2024-04-06")
            })
        );
        assert!(year.set_provisional_from(day("2025-01-01")).is_err());
    }

    #[test]
    fn the_end_of_the_newest_year_may_be_marked_as_provisional() {
        let mut year = YearCalendar::new(2026);
        year.set_provisional_from(day("2026-12-26")).unwrap();
        let calendar = WorkingCalendar::from_years([year]);
        assert!(calendar.is_provisional(day("2026-12-26")) && !calendar.is_provisional(day("2026-12-25")));
        assert!(!calendar.is_provisional(day("2027-12-30")));
    }

    proptest! {
        #[test]
        fn the_nth_working_day_has_n_working_days_before_it(start in 0_i64..700, count in 0_u32..200) {
            let calendar = two_years();
            let from = day("2006-01-01").checked_add(jiff::Span::new().days(start)).unwrap();
            match calendar.add_working_days(from, count) {
                Ok(end) => {
                    let walked = from.series(jiff::Span::new().days(1)).skip(1).take_while(|d| *d <= end);
                    let worked = walked.filter(|d| calendar.is_working_day(*d).unwrap()).count();
                    prop_assert_eq!(worked, count as usize);
                    prop_assert!(count == 0 || calendar.is_working_day(end).unwrap());
                }
                Err(error) => prop_assert_eq!(error, CalendarError::Missing { year: 2008 }),
            }
        }
    }
}
