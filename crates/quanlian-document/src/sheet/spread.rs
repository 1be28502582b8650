//! The spread of copies on the sheet: sentences, a chart, tables.
//!
//! In:  [`Spread`]. Out: its JSON value.
//!
//! Invariant: the chart shows no more points than a line on paper can hold; each is a point of the curve, none is
//! worked out.

use quanlian_record::time::Day;
use serde_json::{Value, json};

use super::{Writer, grouped, limits};
use crate::dossier::{Spread, SpreadDay, SpreadOfWork};

impl Writer<'_> {
    pub(super) fn spread(&mut self, spread: &Spread) -> Value {
        json!({
            "source": self.text(&spread.source),
            "lines": self.list(&spread.lines, limits::MAX_LINES, Self::text),
            "charts": charts(&spread.curve),
            "curve": self.list(&spread.curve, limits::MAX_LINES, |_, day| of_day(day)),
            "works": self.list(&spread.works, limits::MAX_LINES, Self::spread_of_work),
        })
    }

    fn spread_of_work(&mut self, of: &SpreadOfWork) -> Value {
        json!({
            "work": self.name(&of.work),
            "copies": count(of.copies),
            "accounts": count(of.accounts),
            "platforms": count(of.platforms),
            "days": of.days,
            "plays": of.plays.map(count),
        })
    }
}

fn of_day(day: &SpreadDay) -> Value {
    json!({
        "day": day.day,
        "new_copies": count(day.new_copies),
        "copies": count(day.copies),
        "accounts": count(day.accounts),
        "platforms": count(day.platforms),
        "plays": day.plays.map(count),
        "without_figure": count(day.without_figure),
    })
}

fn count(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The charts that the curve has something to show in: copies, and plays where any are stated.
fn charts(curve: &[SpreadDay]) -> Vec<Value> {
    let of = |key: &str, figure: &dyn Fn(&SpreadDay) -> Option<u64>| {
        let points: Vec<(Day, u64)> = curve
            .iter()
            .filter_map(|day| Some((day.day, figure(day)?)))
            .collect();
        chart(key, &points)
    };
    [
        of("copies", &|day| Some(day.copies)),
        of("plays", &|day| day.plays),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Steps of a figure over days, each by its place across (0 to 1) and its height (0 to 1).
fn chart(key: &str, points: &[(Day, u64)]) -> Option<Value> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let most = points
        .iter()
        .map(|point| point.1)
        .max()
        .filter(|most| *most > 0)?;
    let days_from_first = |day: Day| {
        let since = day
            .since((jiff::Unit::Day, first))
            .map_or(0, |span| span.get_days());
        f64::from(since.max(0))
    };
    // One day more, so that the last day has a width.
    let days = days_from_first(last) + 1.0;
    let mut steps: Vec<(usize, f64, f64)> = Vec::new();
    for (day, figure) in points {
        let across = days_from_first(*day) / days;
        let slot = (across * limits::MAX_CHART_STEPS as f64) as usize;
        let step = (slot, across, *figure as f64 / most as f64);
        match steps.last_mut() {
            // Within the width of a line, the last figure stands; the step keeps its place.
            Some(before) if before.0 == slot => before.2 = step.2,
            _ => steps.push(step),
        }
    }
    Some(json!({
        "key": key,
        "first": first,
        "last": last,
        "most": count(most),
        "steps": steps.iter().map(|(_, across, height)| [across, height]).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn steps_lie_where_their_days_do() {
        let points = [
            (day("2024-03-01"), 1),
            (day("2024-03-06"), 4),
            (day("2024-03-10"), 2),
        ];
        let chart = chart("copies", &points).unwrap();
        assert_eq!(chart["most"], "4");
        assert_eq!(chart["steps"], json!([[0.0, 0.25], [0.5, 1.0], [0.9, 0.5]]));
    }

    #[test]
    fn what_has_no_figure_has_no_chart() {
        assert_eq!(chart("plays", &[]), None);
        assert_eq!(chart("plays", &[(day("2024-03-01"), 0)]), None);
    }

    #[test]
    fn a_long_curve_becomes_as_many_steps_as_a_line_can_hold() {
        let mut points = Vec::new();
        let mut on = day("2000-01-01");
        for copies in 1..=9_000 {
            points.push((on, copies));
            on = on.tomorrow().unwrap();
        }
        let chart = chart("copies", &points).unwrap();
        let steps = chart["steps"].as_array().unwrap();
        assert_eq!(steps.len(), limits::MAX_CHART_STEPS);
        assert_eq!(steps.last().unwrap()[1], 1.0);
    }
}
