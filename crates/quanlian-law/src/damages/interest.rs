//! Simple interest on an award.
//!
//! In:  rates with their days, a period, a principal that may have bounds.
//! Out: [`InterestResult`].
//!
//! Invariant: the day on which it begins is not counted, the last day is; so periods that
//! adjoin count every day once. The numerators of all periods are added in 128 bits, divided once
//! by 10,000 times the days of a year, and rounded to the nearest fen.
//!
//! Not here: whether interest is owed, and the double interest of enforcement (迟延履行利息).

use quanlian_record::time::Day;

use super::{
    amount::{Ratio, fen_range},
    answer::{InterestPeriod, InterestResult},
    method::{money_interval, product},
    sheet::{DamagesError, Interest, Principal},
};
use crate::{
    interval::Interval,
    load::Parsed,
    text::{Text, key},
};

/// Basis points in a whole.
const BASIS_POINTS: i128 = 10_000;

pub(super) fn interest(
    law: &Parsed,
    claimed: &Interest,
    award: Interval,
) -> Result<InterestResult, DamagesError> {
    let principal = match claimed.principal {
        Principal::Award => award,
        Principal::Fen(fen) => Interval::exact(fen),
    };
    let periods = periods(claimed)?;
    let day_rates: i128 = periods
        .iter()
        .map(|period| i128::from(period.days) * i128::from(period.rate_basis_points_per_year))
        .sum();
    let ratio = Ratio::new(day_rates, BASIS_POINTS * i128::from(claimed.day_count));
    let amount = product("interest", principal, ratio, ratio)?;
    let days = periods.iter().map(|period| period.days).sum();
    let parts: Vec<Text> = periods.iter().map(|period| period_text(law, period)).collect();
    let text = law.messages.say(
        key::DAMAGES_INTEREST,
        &[
            ("principal", &money_interval(law, principal)),
            ("periods", &Text::join(&parts)),
            ("year", &Text::same(claimed.day_count.to_string())),
            ("amount", &money_interval(law, amount)),
        ],
    );
    Ok(InterestResult {
        principal: fen_range(principal),
        amount: fen_range(amount),
        days,
        periods,
        text,
    })
}

/// The stretches with one rate each.
fn periods(claimed: &Interest) -> Result<Vec<InterestPeriod>, DamagesError> {
    let (Some(from), Some(to)) = (claimed.from, claimed.to) else {
        return Err(DamagesError::Interest {
            problem: "`from` and `to` are both needed".into(),
        });
    };
    let mut rates: Vec<(Day, i64)> = match claimed.rate_basis_points_per_year {
        Some(rate) => vec![(from, rate)],
        None => claimed
            .schedule
            .iter()
            .map(|rate| (rate.from, rate.rate_basis_points_per_year))
            .collect(),
    };
    let mut found = Vec::new();
    rates.push((Day::MAX, 0));
    for pair in rates.windows(2) {
        // A rate applies from its own day on, so the stretch before it ends the day before.
        let begins = if pair[0].0 <= from {
            from
        } else {
            before(pair[0].0)
        };
        let ends = if pair[1].0 > to { to } else { before(pair[1].0) };
        if begins < ends {
            found.push(InterestPeriod {
                from: begins,
                to: ends,
                days: days_between(begins, ends),
                rate_basis_points_per_year: pair[0].1,
            });
        }
    }
    Ok(found)
}

fn before(day: Day) -> Day {
    day.yesterday().unwrap_or(day)
}

fn days_between(from: Day, to: Day) -> i64 {
    i64::from(from.until(to).map_or(0, |span| span.get_days()))
}

fn period_text(law: &Parsed, period: &InterestPeriod) -> Text {
    let percent = format!(
        "{}.{:02}",
        period.rate_basis_points_per_year / 100,
        period.rate_basis_points_per_year % 100
    );
    law.messages.say(
        key::DAMAGES_INTEREST_PERIOD,
        &[
            ("from", &Text::same(period.from.to_string())),
            ("to", &Text::same(period.to.to_string())),
            ("days", &Text::same(period.days.to_string())),
            ("percent", &Text::same(percent)),
        ],
    )
}
