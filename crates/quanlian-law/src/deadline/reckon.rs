//! Reckoning: the end of one period under one set of terms, with its other readings.
//!
//! In:  the terms of a clock, the moment of its event, its pauses and extensions.
//! Out: [`Reckoned`].
//!
//! Invariant: where the law is open the strict end is the end, and each other reading stands
//! beside it. Extensions never add more than the rule allows.
//!
//! Not here: which pauses and extensions a timeline has for a clock (`run`), words (`explain`).

use quanlian_record::time::{Day, Timestamp};

use super::{
    ReadingKind,
    count::{Counted, Course, OutOfRange, next_full_hour},
    input::Extension,
    moment::Moment,
    terms::{FirstHour, LastDay, Length},
};
use crate::rule::{Clock, ClockPeriod, DayCount};

const HOURS_A_DAY: u32 = 24;

/// Where a period ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// With the end of a day.
    OnDay(Counted),
    /// At an instant; with the first day of a suspension that has not ended.
    At(Timestamp, Option<Day>),
    /// Hours from a day whose hour is not known: with the end of this day at the latest.
    ByDay(Counted),
    /// The last day on which the act may be done before its event.
    Before(Counted),
    /// At once, which no number of days makes precise.
    AtOnce,
    /// Within a reasonable time, likewise.
    Reasonable,
    /// Beyond the years 1 to 9999.
    OutOfRange,
}

/// What became of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granted {
    /// Counted; the last day with it.
    To(Day),
    /// It would go beyond the most that the rule allows; counted up to there.
    BeyondLimit(Day),
    /// The rule knows no extension.
    NotProvided,
    /// Granted before the period began or after it was over.
    OutOfTime,
}

/// Another reading of an open point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherEnd {
    pub(super) kind: ReadingKind,
    pub(super) end: End,
}

/// A period, reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reckoned {
    pub(super) end: End,
    /// The last day without any extension, before it moves.
    pub(super) base: Option<Day>,
    pub(super) extensions: Vec<(Extension, Granted)>,
    pub(super) others: Vec<OtherEnd>,
}

impl Reckoned {
    pub(super) fn is_over_extended(&self) -> bool {
        let beyond = |granted: &Granted| matches!(granted, Granted::BeyondLimit(_));
        self.extensions.iter().any(|(_, granted)| beyond(granted))
    }

    fn plain(end: End, extensions: &[Extension]) -> Self {
        let refused = extensions.iter().map(|e| (e.clone(), Granted::NotProvided));
        Self {
            end,
            base: None,
            extensions: refused.collect(),
            others: Vec::new(),
        }
    }
}

/// The end of a period that started at `start`.
pub(super) fn reckon(course: Course<'_>, clock: &Clock, start: Moment, extensions: &[Extension]) -> Reckoned {
    match clock.period {
        ClockPeriod::AtOnce => Reckoned::plain(End::AtOnce, extensions),
        ClockPeriod::Reasonable => Reckoned::plain(End::Reasonable, extensions),
        ClockPeriod::Hours(hours) => {
            let (end, others) =
                hours_end(course, clock, start, hours).unwrap_or((End::OutOfRange, Vec::new()));
            let mut reckoned = Reckoned::plain(end, extensions);
            reckoned.others = others;
            reckoned
        }
        _ if clock.before => before(course, clock, start.day(), extensions),
        _ => days(course, clock, start.day(), extensions)
            .unwrap_or_else(|OutOfRange| Reckoned::plain(End::OutOfRange, extensions)),
    }
}

/// The length of a period of days, months or years.
fn length_of(period: ClockPeriod) -> Option<Length> {
    Some(match period {
        ClockPeriod::Days { days, count } => counted_as(days, count),
        ClockPeriod::Months(months) => Length::Months(months),
        ClockPeriod::Years(years) => Length::Months(years.saturating_mul(12)),
        ClockPeriod::AtOnce | ClockPeriod::Reasonable | ClockPeriod::Hours(_) => return None,
    })
}

fn counted_as(days: u32, count: DayCount) -> Length {
    match count {
        DayCount::Calendar => Length::Days(days),
        DayCount::Working => Length::WorkingDays(days),
    }
}

fn days(
    course: Course<'_>,
    clock: &Clock,
    start: Day,
    extensions: &[Extension],
) -> Result<Reckoned, OutOfRange> {
    let Some(length) = length_of(clock.period) else {
        return Err(OutOfRange);
    };
    let base = course.end(start, &[length])?;
    let (lengths, granted) = extended(course, clock, start, length, extensions)?;
    let strict = course.end(start, &lengths)?;
    let end = match clock.last_day {
        Some(LastDay::Moves) => course.move_to_working_day(strict.clone())?,
        Some(LastDay::Stays | LastDay::Open) | None => strict.clone(),
    };
    let mut others = Vec::new();
    if let (ClockPeriod::Days { days, .. }, Some(other)) = (clock.period, clock.other_count) {
        let mut other_lengths = lengths.clone();
        other_lengths[0] = counted_as(days, other);
        let end = course
            .end(start, &other_lengths)
            .map_or(End::OutOfRange, End::OnDay);
        let kind = ReadingKind::WorkingDays;
        others.push(OtherEnd { kind, end });
    }
    // After an extension of working days the last day is worked, and there is nothing to move.
    let ends_worked = matches!(lengths.last(), Some(Length::WorkingDays(_)));
    if clock.last_day == Some(LastDay::Open) && !ends_worked {
        let moved = course.move_to_working_day(strict.clone())?;
        if moved.end != strict.end || moved.missing != strict.missing {
            let kind = ReadingKind::MovedLastDay;
            let end = End::OnDay(moved);
            others.push(OtherEnd { kind, end });
        }
    }
    Ok(Reckoned {
        end: End::OnDay(end),
        base: Some(base.end),
        extensions: granted,
        others,
    })
}

/// The lengths that count, and what became of each extension.
type Extended = (Vec<Length>, Vec<(Extension, Granted)>);

fn extended(
    course: Course<'_>,
    clock: &Clock,
    start: Day,
    length: Length,
    extensions: &[Extension],
) -> Result<Extended, OutOfRange> {
    let mut lengths = vec![length];
    let mut granted = Vec::new();
    let last = |lengths: &[Length]| course.end(start, lengths);
    for extension in extensions {
        let (Some(rule), Some(more)) = (&clock.extension, extension.length()) else {
            granted.push((extension.clone(), Granted::NotProvided));
            continue;
        };
        let so_far = last(&lengths)?;
        let so_far = match clock.last_day {
            Some(LastDay::Moves) => course.move_to_working_day(so_far)?,
            _ => so_far,
        };
        // While the end is not settled it can only lie later than the day that is known.
        if extension.on < start || (extension.on > so_far.end && so_far.is_settled()) {
            granted.push((extension.clone(), Granted::OutOfTime));
            continue;
        }
        let longer: Vec<Length> = lengths.iter().copied().chain([more]).collect();
        let wanted = last(&longer)?.end;
        let most = match rule.at_most {
            Some(most) => Some(([length, most], last(&[length, most])?.end)),
            None => None,
        };
        match most {
            Some((most, limit)) if wanted > limit => {
                lengths = most.to_vec();
                granted.push((extension.clone(), Granted::BeyondLimit(limit)));
            }
            _ => {
                lengths = longer;
                granted.push((extension.clone(), Granted::To(wanted)));
            }
        }
    }
    Ok((lengths, granted))
}

/// Periods before an event. The text of such rules rarely says whether the day of the act is one of the
/// days; both are given, the later one as the end.
fn before(course: Course<'_>, clock: &Clock, event: Day, extensions: &[Extension]) -> Reckoned {
    let end = |more: u32| {
        let length = match length_of(clock.period)? {
            Length::Days(n) => Length::Days(n.saturating_add(more)),
            Length::WorkingDays(n) => Length::WorkingDays(n.saturating_add(more)),
            Length::Months(n) => Length::Months(n),
        };
        course.before(event, length).ok()
    };
    let mut reckoned = Reckoned::plain(end(0).map_or(End::OutOfRange, End::Before), extensions);
    if let (ClockPeriod::Days { .. }, Some(other)) = (clock.period, end(1)) {
        reckoned.others.push(OtherEnd {
            kind: ReadingKind::WholeDaysBetween,
            end: End::Before(other),
        });
    }
    reckoned
}

fn hours_end(
    course: Course<'_>,
    clock: &Clock,
    start: Moment,
    hours: u32,
) -> Result<(End, Vec<OtherEnd>), OutOfRange> {
    let Moment::At(at) = start else {
        // Nobody knows the hour; whatever it was, the period is over with the end of this day.
        let days = Length::Days(hours.div_ceil(HOURS_A_DAY));
        let counted = course.end(start.day(), &[days])?;
        return Ok((End::ByDay(counted), Vec::new()));
    };
    let from = |from: Timestamp| {
        let end = course.end_of_hours(from, hours);
        end.map_or(End::OutOfRange, |(at, stands)| End::At(at, stands))
    };
    let later = next_full_hour(at)?;
    Ok(match clock.first_hour {
        Some(FirstHour::Counted) => (from(at), Vec::new()),
        Some(FirstHour::NotCounted) => (from(later), Vec::new()),
        Some(FirstHour::Open) | None => {
            let kind = ReadingKind::FirstHourNotCounted;
            let end = from(later);
            (from(at), vec![OtherEnd { kind, end }])
        }
    })
}
