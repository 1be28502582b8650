//! The clocks of a transfer: what is due when, and what they wait for.

use expect_test::{Expect, expect};
use quanlian_law::{ClockState, Events, Language};

use crate::{book, word};

fn events(list: &[(&str, &str)]) -> Events {
    list.iter()
        .map(|(name, at)| ((*name).to_owned(), at.parse().unwrap()))
        .collect()
}

/// State, last day and last instant of one clock.
fn check(rule: &str, given: &[(&str, &str)], then: Expect) {
    let clock = book().clock(rule, &events(given)).unwrap();
    let at = clock
        .due_at
        .map_or(String::new(), |at| format!(" {}", at.to_local_string()));
    let on = clock.due_on.map_or("-".to_owned(), |on| on.to_string());
    then.assert_eq(&format!("{} {on}{at}", word(&clock.state)));
}

#[test]
fn the_head_decides_within_three_days_the_first_not_counted() {
    check(
        "tr.decide",
        &[("report_received_on", "2024-03-05")],
        expect!["running 2024-03-08"],
    );
    let done = |at| [("report_received_on", "2024-03-05"), ("approved_at", at)];
    check(
        "tr.decide",
        &done("2024-03-08T23:59:59+08:00"),
        expect!["done 2024-03-08"],
    );
    check(
        "tr.decide",
        &done("2024-03-09T00:00:00+08:00"),
        expect!["late 2024-03-08"],
    );
    check(
        "tr.decide",
        &done("2024-03-04"),
        expect!["done_unclear 2024-03-08"],
    );
}

#[test]
fn hours_run_from_the_instant() {
    check(
        "tr.hand",
        &[("approved_at", "2024-12-31T18:30:00+08:00")],
        expect!["running 2025-01-01 2025-01-01 18:30:00 (UTC+8)"],
    );
    check(
        "tr.hand",
        &[("approved_at", "2024-12-31")],
        expect!["running 2025-01-01"],
    );
    let moved = |at| {
        [
            ("approved_at", "2024-12-30T18:30:00+08:00"),
            ("transferred_at", at),
        ]
    };
    check(
        "tr.hand",
        &moved("2024-12-31T18:30:00+08:00"),
        expect!["done 2024-12-31 2024-12-31 18:30:00 (UTC+8)"],
    );
    check(
        "tr.hand",
        &moved("2024-12-31T18:30:01+08:00"),
        expect!["late 2024-12-31 2024-12-31 18:30:00 (UTC+8)"],
    );
    check(
        "tr.hand",
        &moved("2024-12-31"),
        expect!["done_unclear 2024-12-31 2024-12-31 18:30:00 (UTC+8)"],
    );
}

#[test]
fn hours_from_a_day_are_unclear_on_the_last_day_only() {
    let moved = |at| [("approved_at", "2024-12-30"), ("transferred_at", at)];
    check("tr.hand", &moved("2024-12-30"), expect!["done 2024-12-31"]);
    check(
        "tr.hand",
        &moved("2024-12-31T08:00:00+08:00"),
        expect!["done_unclear 2024-12-31"],
    );
    check("tr.hand", &moved("2025-01-01"), expect!["late 2024-12-31"]);
}

#[test]
fn either_decision_stops_the_clock_of_the_police() {
    let decided = |event, at| [("police_accepted_at", "2024-03-05"), (event, at)];
    check(
        "tr.police.decide",
        &decided("filed_on", "2024-03-08"),
        expect!["done 2024-03-08"],
    );
    check(
        "tr.police.decide",
        &decided("no_filing_decided_on", "2024-03-09"),
        expect!["late 2024-03-08"],
    );
}

#[test]
fn years_end_on_the_same_day_and_a_day_that_does_not_exist_on_the_last_before_it() {
    check(
        "adm.limit",
        &[("act_ended_on", "2022-06-01")],
        expect!["running 2024-06-01"],
    );
    check(
        "adm.limit",
        &[("act_ended_on", "2024-02-29")],
        expect!["running 2026-02-28"],
    );
}

#[test]
fn the_ends_of_the_calendar_are_no_panic() {
    check(
        "adm.limit",
        &[("act_ended_on", "9999-12-31")],
        expect!["out_of_range -"],
    );
    check(
        "tr.hand",
        &[("approved_at", "9999-12-30T20:00:00Z")],
        expect!["out_of_range -"],
    );
    check(
        "tr.decide",
        &[("report_received_on", "0001-01-01")],
        expect!["no_version -"],
    );
}

#[test]
fn a_timeline_lists_every_clock_and_what_it_waits_for() {
    let clocks = book()
        .timeline(&events(&[("report_received_on", "2024-12-02")]))
        .unwrap();
    let listed: Vec<String> = clocks
        .iter()
        .map(|c| {
            format!(
                "{} {}",
                word(&c.state),
                c.due_on.map_or(c.starts.clone(), |d| d.to_string())
            )
        })
        .collect();
    expect![[r"
        waiting crime_suspected_on
        running 2024-12-05
        waiting approved_at
        waiting transferred_at
        waiting police_accepted_at
        waiting police_accepted_at
        waiting supplement_asked_at
        waiting police_accepted_at
        waiting no_filing_notice_received_on
        waiting reconsideration_asked_on
        waiting reconsideration_decided_on
        waiting reasons_requested_on
        waiting filing_order_received_on
        waiting filing_notice_received_on
        waiting no_filing_decided_on
        waiting complainant_notified_on
        waiting complainant_reconsideration_asked_on"]]
    .assert_eq(&listed.join("\n"));
    let page = book().render_timeline(&clocks, Language::Zh);
    assert!(
        page.contains("国务院令第310号第五条") && page.contains("未经核对原文") && !page.contains('{'),
        "{page}"
    );
    assert!(
        clocks
            .iter()
            .all(|clock| clock.ends.iter().chain([&clock.starts]).all(|e| !e.is_empty()))
    );
    assert_eq!(book().timeline_of("penalty", &Events::new()).unwrap().len(), 5);
    let error = book().timeline_of("nothing", &Events::new()).unwrap_err();
    assert_eq!(error.code(), "law_clock_unknown_group");
    assert!(
        error.to_string().contains("adjudication, agency, appeal"),
        "{error}"
    );
}

#[test]
fn unknown_events_and_rules_are_named_with_their_neighbour() {
    let error = book()
        .timeline(&events(&[("report_recieved_on", "2024-12-02")]))
        .unwrap_err();
    assert!(
        error.to_string().contains("did you mean `report_received_on`?"),
        "{error}"
    );
    assert_eq!(error.code(), "law_clock_unknown_event");
    let error = book()
        .clock("cn/transfer-of-suspected-crimes/art-05-decde", &Events::new())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("did you mean `cn/transfer-of-suspected-crimes/art-05-decide`?"),
        "{error}"
    );
    assert_eq!(
        book()
            .clock("cn/criminal/217", &Events::new())
            .unwrap_err()
            .code(),
        "law_clock_unknown_rule"
    );
    assert_eq!(
        book().clock("tr.decide", &Events::new()).unwrap().state,
        ClockState::Waiting
    );
}
