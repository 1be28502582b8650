//! Several authorities: who counts, whose clock is wrong, and what k of them vouch for.

use std::num::NonZeroUsize;

use jiff::SignedDuration;
use quanlian_timestamp::{
    quorum::{Quorum, Rule, evaluate},
    verify::{Clock, Evidence, Report, Stamped, verify},
};

use crate::support::{stamped, time, trust};

const NOTE: &[u8] = b"a checkpoint";

/// The report of authority `number`, whose clock said `said` when ours said `asked`, if that was kept.
fn report(number: u8, said: &str, asked: Option<&str>) -> Report {
    let (_, response) = stamped(NOTE, number, said);
    let clock = asked.map(|asked| Clock {
        sent_at: time(asked),
        received_at: time(asked),
        tolerance: SignedDuration::from_secs(60),
    });
    let evidence = Evidence {
        stamped: Some(Stamped::Bytes(NOTE)),
        asked: None,
        response: &response,
        certificates: &[],
        clock,
        at: Some(time("2027-01-01T00:00:00Z")),
    };
    verify(&evidence, &trust(&[1, 2, 3, 4]))
}

fn quorum(needed: usize, reports: &[Report]) -> Quorum {
    let rule = Rule {
        needed: NonZeroUsize::new(needed).unwrap(),
        tolerance: SignedDuration::from_secs(60),
    };
    evaluate(reports, rule)
}

/// Whether it is enough, the reasons of both lines, and the reason of each member.
fn words(quorum: &Quorum) -> String {
    let lines = quorum.checks.iter().map(|check| check.reason);
    let members = quorum.members.iter().map(|member| member.reason);
    let all: Vec<&str> = lines.chain(members).collect();
    format!("{} {}", quorum.ok, all.join(" "))
}

const NINE: &str = "2026-11-22T09:00:00Z";
const TEN: &str = "2026-11-22T10:00:00Z";

#[test]
fn k_of_n_counts_authorities_not_tokens() {
    let ours = Some(NINE);
    let (one, two) = (report(1, NINE, ours), report(2, "2026-11-22T09:00:05Z", ours));
    assert_eq!(
        words(&quorum(2, &[one.clone(), two.clone()])),
        "true held held counts counts"
    );
    assert_eq!(
        words(&quorum(2, &[one.clone(), one.clone()])),
        "false too_few_authorities held counts same_authority"
    );
    assert_eq!(words(&quorum(1, &[])), "false too_few_authorities one_clock");
    // An authority that nobody trusts says nothing.
    let stranger = report(9, NINE, ours);
    assert_eq!(
        words(&quorum(2, &[one, stranger, two])),
        "true held held counts time_trusted counts"
    );
}

#[test]
fn what_k_authorities_vouch_for_cannot_be_moved_back_by_fewer() {
    let reports = [
        report(1, "2026-11-22T08:59:30Z", Some(NINE)),
        report(2, NINE, Some(NINE)),
        report(3, "2026-11-22T09:00:10Z", Some(NINE)),
    ];
    let by = |needed| quorum(needed, &reports).existed_by.map(|at| at.to_string());
    // Each says an accuracy of a second.
    assert_eq!(by(1).as_deref(), Some("2026-11-22T08:59:31Z"));
    assert_eq!(by(2).as_deref(), Some("2026-11-22T09:00:01Z"));
    assert_eq!(by(3).as_deref(), Some("2026-11-22T09:00:11Z"));
    assert_eq!(by(4), None);
}

#[test]
fn one_clock_an_hour_off_is_named_and_does_not_count() {
    let ours = Some(NINE);
    let liar = report(2, TEN, ours);
    let good = [report(1, NINE, ours), report(3, NINE, ours)];
    let all = quorum(2, &[good[0].clone(), liar.clone(), good[1].clone()]);
    assert_eq!(
        words(&all),
        "true held clocks_differ counts apart_from_others counts"
    );
    assert_eq!(all.members[1].apart_ms, Some(3_600_000));
    // One against one: somebody is wrong, and nobody here can say who.
    let two = quorum(1, &[good[0].clone(), liar]);
    assert_eq!(
        words(&two),
        "false too_few_authorities no_majority apart_from_others apart_from_others"
    );
}

#[test]
fn an_own_clock_an_hour_off_is_reported_and_does_not_silence_the_authorities() {
    let ours = Some(TEN);
    let reports = [report(1, NINE, ours), report(2, NINE, ours)];
    assert_eq!(
        reports[0].reason(quanlian_timestamp::verify::Line::Clock),
        "clock_differs"
    );
    assert_eq!(reports[0].time.as_ref().unwrap().skew_ms, Some(-3_600_000));
    assert_eq!(words(&quorum(2, &reports)), "true held held counts counts");
}

#[test]
fn without_our_clock_a_later_token_is_no_contradiction() {
    let reports = [report(1, NINE, None), report(2, TEN, None)];
    let both = quorum(2, &reports);
    assert_eq!(words(&both), "true held own_clock_unknown counts counts");
    assert!(
        both.checks[1].detail.contains("+3600000 ms"),
        "{:?}",
        both.checks[1]
    );
}
