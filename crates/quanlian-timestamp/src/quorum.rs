//! Several authorities together: k of n.
//!
//! In:  the report of each token about the same bytes, and how many authorities must agree.
//! Out: [`Quorum`]: which tokens count and why the others do not, the time that k authorities
//!      vouch for, and how far their clocks lie apart.
//!
//! Invariant: one authority counts once, however many tokens it gave; an authority is a root that
//! the caller named. A difference between clocks is always in the report.
//!
//! Not here: a single token (`verify`).
//!
//! Whether clocks agree is told from the skews, where our own clock was kept around each exchange:
//! then an authority that was merely asked later is not called wrong, and an own clock that is
//! wrong by an hour shifts all alike. Where a majority agrees, a token apart from it does not
//! count. Where nobody is in the majority, nothing counts: somebody is wrong, and a person must look.

use std::{collections::BTreeMap, num::NonZeroUsize};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::verify::{Check, Report, State};

/// What is asked of several authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How many authorities must vouch.
    pub needed: NonZeroUsize,
    /// How far their clocks may lie apart; [`crate::verify::DEFAULT_CLOCK_TOLERANCE`] unless there is a reason.
    pub tolerance: SignedDuration,
}

/// What several tokens come to together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quorum {
    /// Whether enough authorities vouch and no contradiction is open.
    pub ok: bool,
    /// How many were asked for.
    pub needed: usize,
    /// How many vouch.
    pub authorities: usize,
    /// What was stamped existed by then, say `needed` authorities: the latest of their earliest
    /// statements, so that fewer than `needed` liars cannot move it back.
    pub existed_by: Option<Timestamp>,
    /// `time_quorum`, then `time_agreement`.
    pub checks: Vec<Check>,
    /// One for each report, in the same order.
    pub members: Vec<Member>,
}

/// What one token contributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Whether it counts.
    pub counts: bool,
    /// Why, as a stable word: `counts`, `same_authority`, `apart_from_others`, or the code of the line that stands against it.
    pub reason: &'static str,
    /// Its clock less the middle of all, in milliseconds, where there are several.
    pub apart_ms: Option<i64>,
}

/// Evaluates k of n. Linear in the reports, apart from sorting.
pub fn evaluate(reports: &[Report], rule: Rule) -> Quorum {
    let clocks = Clocks::of(reports);
    let apart: Vec<Option<i64>> = reports.iter().map(|report| clocks.apart_ms(report)).collect();
    let tolerance_ms = i64::try_from(rule.tolerance.as_millis()).unwrap_or(i64::MAX);
    let is_apart = |at: usize| apart[at].is_some_and(|ms| ms.saturating_abs() > tolerance_ms);
    let good: Vec<usize> = (0..reports.len()).filter(|&at| reports[at].ok).collect();
    let outside = good.iter().filter(|&&at| is_apart(at)).count();
    let is_split = clocks.are_ours && outside > 0 && outside * 2 >= good.len();

    let mut members = Vec::new();
    let mut vouched: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (at, report) in reports.iter().enumerate() {
        let member = |counts, reason| Member {
            counts,
            reason,
            apart_ms: apart[at],
        };
        let anchor = report.anchor.as_deref();
        members.push(match (report.ok, anchor, report.time.as_ref()) {
            (true, Some(_), Some(_)) if clocks.are_ours && (is_split || is_apart(at)) => {
                member(false, "apart_from_others")
            }
            (true, Some(anchor), Some(time)) => {
                let is_first = !vouched.contains_key(anchor);
                let earliest = vouched.entry(anchor).or_insert(time.latest);
                *earliest = time.latest.min(*earliest);
                member(is_first, if is_first { "counts" } else { "same_authority" })
            }
            _ => member(false, blocking_line(report)),
        });
    }

    let needed = rule.needed.get();
    let mut times: Vec<Timestamp> = vouched.values().copied().collect();
    times.sort_unstable();
    let counted = format!(
        "{} of {needed} authorities, {} tokens",
        vouched.len(),
        reports.len()
    );
    let is_enough = vouched.len() >= needed;
    let quorum = Check {
        code: "time_quorum",
        state: if is_enough { State::Held } else { State::Failed },
        reason: if is_enough { "held" } else { "too_few_authorities" },
        detail: counted,
    };
    Quorum {
        ok: is_enough,
        needed,
        authorities: vouched.len(),
        existed_by: times.get(needed - 1).copied(),
        checks: vec![quorum, agreement(&clocks, &apart, tolerance_ms, is_split)],
        members,
    }
}

/// The line that keeps a token from counting.
fn blocking_line(report: &Report) -> &'static str {
    report.blocking().map_or("time_trusted", |check| check.code)
}

/// The times of all tokens that were signed and chained, on one scale.
struct Clocks {
    middle: Option<i64>,
    /// How many there are.
    count: usize,
    /// Whether our own clock was kept with each, so that the scale is one of skews.
    are_ours: bool,
}

impl Clocks {
    fn of(reports: &[Report]) -> Self {
        let heard: Vec<&Report> = reports.iter().filter(|report| is_signed(report)).collect();
        let skews: Option<Vec<i64>> = heard.iter().map(|report| report.time.as_ref()?.skew_ms).collect();
        let are_ours = skews.is_some();
        let mut on_scale =
            skews.unwrap_or_else(|| heard.iter().filter_map(|report| own_ms(report)).collect());
        on_scale.sort_unstable();
        let count = on_scale.len();
        Self {
            // Of an even number the lower middle: one of the clocks, never a time that nobody named.
            middle: on_scale
                .get(count.saturating_sub(1) / 2)
                .copied()
                .filter(|_| count > 1),
            count,
            are_ours,
        }
    }

    fn apart_ms(&self, report: &Report) -> Option<i64> {
        let time = if self.are_ours {
            report.time.as_ref()?.skew_ms?
        } else {
            own_ms(report)?
        };
        Some(time.saturating_sub(self.middle?))
    }
}

fn is_signed(report: &Report) -> bool {
    use crate::verify::Line;
    report.state(Line::Signature) == State::Held && report.state(Line::Trusted) == State::Held
}

fn own_ms(report: &Report) -> Option<i64> {
    Some(report.time.as_ref()?.gen_time.as_millisecond())
}

fn agreement(clocks: &Clocks, apart: &[Option<i64>], tolerance_ms: i64, is_split: bool) -> Check {
    let listed: Vec<String> = apart
        .iter()
        .enumerate()
        .filter_map(|(at, ms)| Some(format!("token {} {:+} ms", at + 1, (*ms)?)))
        .collect();
    let listed = listed.join(", ");
    let farthest = apart.iter().flatten().map(|ms| ms.saturating_abs()).max();
    let (state, reason, detail) = match farthest {
        _ if clocks.count < 2 => (
            State::NotChecked,
            "one_clock",
            "fewer than two trusted authorities told the time".to_owned(),
        ),
        Some(ms) if ms <= tolerance_ms => (State::Held, "held", listed),
        _ if !clocks.are_ours => (
            State::NotChecked,
            "own_clock_unknown",
            format!(
                "{listed}; whether they were asked at different times or a clock is wrong cannot be told"
            ),
        ),
        _ if is_split => (
            State::Failed,
            "no_majority",
            format!("{listed}; no majority agrees, so none counts"),
        ),
        _ => (State::Failed, "clocks_differ", listed),
    };
    Check {
        code: "time_agreement",
        state,
        reason,
        detail,
    }
}
