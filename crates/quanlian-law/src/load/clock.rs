//! From the version of a deadline or a service as it is written to its terms.
//!
//! In:  a [`RawVersion`] whose fields belong to its kind.
//! Out: [`Clock`] and [`ServiceRule`], or an error with the line in the file.
//!
//! Invariant: a period has one length; terms that its length cannot have are refused, so that
//! nobody believes that they apply.

use std::ops::Range;

use super::{LoadError, place::Place, raw::RawVersion};
use crate::{
    deadline::{LastDay, MAX_LENGTH, ServiceRule},
    rule::{Clock, ClockPeriod, DayCount},
};

/// The version of a deadline.
pub(super) fn clock(place: &Place<'_>, span: &Range<usize>, raw: RawVersion) -> Result<Clock, LoadError> {
    let invalid = |problem: &str, way_out: &str| place.invalid(span.clone(), problem, way_out);
    let lacking = |field: &str| invalid(&format!("the version has no `{field}`"), "add it");
    let at_once = (raw.at_once, raw.reasonable);
    let period = match (at_once, raw.hours, raw.days, raw.count, raw.months, raw.years) {
        ((Some(true), None), None, None, None, None, None) => ClockPeriod::AtOnce,
        ((None, Some(true)), None, None, None, None, None) => ClockPeriod::Reasonable,
        ((None, None), Some(hours), None, None, None, None) => ClockPeriod::Hours(hours),
        ((None, None), None, Some(days), Some(count), None, None) => ClockPeriod::Days { days, count },
        ((None, None), None, None, None, Some(months), None) => ClockPeriod::Months(months),
        ((None, None), None, None, None, None, Some(years)) => ClockPeriod::Years(years),
        _ => {
            return Err(invalid(
                "the version has no length, or several",
                "write one of at_once = true, reasonable = true, hours, days with count, months, years",
            ));
        }
    };
    let length = raw.hours.or(raw.days).or(raw.months).or(raw.years).unwrap_or(1);
    if !(1..=MAX_LENGTH).contains(&length) {
        return Err(invalid(
            "the period is nothing or absurdly long",
            "write the number of the provision",
        ));
    }
    let mut clock = Clock {
        actor: raw.actor.ok_or_else(|| lacking("actor"))?,
        act: raw.act.ok_or_else(|| lacking("act"))?,
        starts: raw.starts.ok_or_else(|| lacking("starts"))?,
        ends: raw.ends.unwrap_or_default(),
        period,
        other_count: raw.other_count,
        last_day: raw.last_day,
        first_hour: raw.first_hour,
        before: raw.before.unwrap_or(false),
        counted_by: raw.counted_by,
        suspension: raw.suspension,
        extension: raw.extension,
    };
    if let Some((problem, way_out)) = fault(&clock) {
        return Err(invalid(problem, way_out));
    }
    // What the file does not say is open, where the period can have it at all.
    if may_move(&clock) {
        clock.last_day.get_or_insert_default();
    }
    if matches!(clock.period, ClockPeriod::Hours(_)) {
        clock.first_hour.get_or_insert_default();
    }
    Ok(clock)
}

/// Whether the last day of a period can be a day that is not worked.
fn may_move(clock: &Clock) -> bool {
    let of_days = match clock.period {
        ClockPeriod::Days { count, .. } => count == DayCount::Calendar,
        ClockPeriod::Months(_) | ClockPeriod::Years(_) => true,
        ClockPeriod::AtOnce | ClockPeriod::Reasonable | ClockPeriod::Hours(_) => false,
    };
    of_days && !clock.before
}

/// What the terms of a period say that its length cannot have.
fn fault(clock: &Clock) -> Option<(&'static str, &'static str)> {
    let is_hours = matches!(clock.period, ClockPeriod::Hours(_));
    let calendar_days = matches!(
        clock.period,
        ClockPeriod::Days {
            count: DayCount::Calendar,
            ..
        }
    );
    let counts = !matches!(clock.period, ClockPeriod::AtOnce | ClockPeriod::Reasonable);
    let rule_of_most = clock.extension.as_ref().and_then(|extension| extension.at_most);
    let pair = clock.suspension.as_ref().map(|s| (&s.suspended, &s.resumed));
    if clock.last_day.is_some() && !may_move(clock) {
        return Some((
            "only a last day of calendar days, months or years can move",
            "remove last_day",
        ));
    }
    if clock.first_hour.is_some() && !is_hours {
        return Some(("only a period of hours has a first hour", "remove first_hour"));
    }
    if clock.other_count.is_some() && (!calendar_days || clock.before) {
        return Some((
            "another count is for calendar days that may be working days",
            "remove other_count, or write count = \"calendar\"",
        ));
    }
    if clock.other_count == Some(DayCount::Calendar) {
        return Some((
            "the other count is the same count",
            "write other_count = \"working\"",
        ));
    }
    if clock.before && (is_hours || !counts) {
        return Some((
            "a period before an event is one of days or months",
            "remove before, or write days or months",
        ));
    }
    if (clock.suspension.is_some() || clock.extension.is_some()) && (!counts || clock.before) {
        return Some((
            "a period without a number, or before an event, cannot stand still or be extended",
            "remove suspension and extension",
        ));
    }
    if clock.extension.is_some() && is_hours {
        return Some(("a period of hours cannot be extended", "remove extension"));
    }
    if rule_of_most.is_some_and(|most| !(1..=MAX_LENGTH).contains(&most.number())) {
        return Some((
            "the most that an extension adds is nothing or absurdly long",
            "write the number of the provision",
        ));
    }
    if matches!(pair, Some((Some(_), None) | (None, Some(_)))) {
        return Some((
            "the suspension has one of its two events",
            "write suspended and resumed, or neither",
        ));
    }
    if clock.last_day == Some(LastDay::Moves) && clock.counted_by.is_none() {
        return Some((
            "the last day moves, and no rule is named by which it does",
            "write counted_by with the role of that rule",
        ));
    }
    None
}

/// The version of a rule of service.
pub(super) fn service(
    place: &Place<'_>,
    span: &Range<usize>,
    rule: ServiceRule,
) -> Result<ServiceRule, LoadError> {
    let invalid = |problem: &str, way_out: &str| Err(place.invalid(span.clone(), problem, way_out));
    if rule.method.is_empty() {
        return invalid(
            "the rule of service has no way",
            "add a [[version.service.method]]",
        );
    }
    for (index, method) in rule.method.iter().enumerate() {
        if rule.method[..index].iter().any(|other| other.id == method.id) {
            return invalid(
                &format!("the way `{}` stands twice", method.id),
                "keep one of them",
            );
        }
        if method
            .after
            .is_some_and(|after| !(1..=MAX_LENGTH).contains(&after.number()))
        {
            return invalid(
                &format!("the way `{}` counts after nothing or absurdly late", method.id),
                "write the number of the provision",
            );
        }
    }
    Ok(rule)
}
