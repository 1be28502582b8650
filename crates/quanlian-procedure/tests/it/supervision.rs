//! Procuratorial supervision after a transfer that the police left lying over the National Day.
//!
//! In:  days of 2024 (29 September and 12 October worked, 1–7 October off).
//! Out: clocks against days counted by hand.

use quanlian_procedure::Context;

use super::{
    PROCEDURES, engine,
    kit::{Story, at, codes, open_with_everything, who},
};

fn procurator(now: &str) -> Context {
    who("j1", "sz-procuratorate", &["procurator"], now)
}

fn chief(now: &str) -> Context {
    who("j9", "sz-procuratorate", &["chief_procurator"], now)
}

fn police(now: &str) -> Context {
    who("p1", "sz-police", &["police_officer"], now)
}

fn supervised() -> Story<'static> {
    let procedure = PROCEDURES.get("filing-supervision", 1).unwrap();
    let parts = ["+case_file", "@police=sz-police"];
    Story::open(
        engine(),
        procedure,
        "JD-1",
        &procurator("2024-10-09 09:00"),
        &parts,
    )
    .unwrap()
}

#[test]
fn the_police_clock_that_is_overdue_says_by_how_many_days() {
    let procedure = PROCEDURES.get("criminal-transfer", 1).unwrap();
    let mut story = open_with_everything(engine(), procedure, at("2024-09-25 09:00"));
    for (act, now) in [
        ("report", "2024-09-26 09:00"),
        ("approve", "2024-09-27 09:00"),
        ("hand_over", "2024-09-28 08:00"),
    ] {
        story.perform(act, at(now)).unwrap();
    }
    story.perform("accept", at("2024-09-29 10:00")).unwrap();
    // Three days from Sunday 29 September are 2 October, a holiday; by art. 105 it moves to Tuesday 8 October.
    assert_eq!(
        story.stands("police_decide", "2024-09-29 10:00"),
        "running due 2024-10-08 left 9 over 0 green"
    );
    assert_eq!(
        story.stands("police_decide", "2024-10-08 23:00"),
        "running due 2024-10-08 left 0 over 0 red"
    );
    assert_eq!(
        story.stands("police_decide", "2024-10-11 09:00"),
        "overdue due 2024-10-08 left - over 3 red"
    );
    story.close();
}

#[test]
fn no_reasons_in_time_lead_to_the_order_and_the_order_to_filing() {
    let mut story = supervised();
    story
        .act(
            "ask_reasons",
            &procurator("2024-10-09 10:00"),
            &["request_served_on=2024-10-09"],
        )
        .unwrap();
    assert_eq!(
        codes(story.endorse(&procurator("2024-10-09 11:00"))),
        ["role_missing (chief_procurator)", "same_person (j1)"]
    );
    story.endorse(&chief("2024-10-09 15:00")).unwrap();
    // Seven days from Wednesday 9 October: 16 October.
    assert_eq!(
        story.stands("reasons", "2024-10-09 15:00"),
        "running due 2024-10-16 left 7 over 0 green"
    );
    assert_eq!(
        codes(story.act("no_reasons", &procurator("2024-10-16 17:00"), &[])),
        ["clock_runs_still (reasons)"]
    );
    story
        .act(
            "urge",
            &procurator("2024-10-16 17:30"),
            &["reason=tomorrow it is late"],
        )
        .unwrap();
    assert_eq!(
        story.stands("reasons", "2024-10-17 09:00"),
        "overdue due 2024-10-16 left - over 1 red"
    );
    story
        .act("no_reasons", &procurator("2024-10-17 09:00"), &[])
        .unwrap();
    let order = [
        "reason=it must be filed",
        "order_served_on=2024-10-18",
        "+filing_order",
    ];
    story
        .act("order_filing", &procurator("2024-10-18 09:00"), &order)
        .unwrap();
    story.endorse(&chief("2024-10-18 16:00")).unwrap();
    // Fifteen days from 18 October: Saturday 2 November, which moves to Monday 4 November.
    assert_eq!(
        story.stands("file_on_order", "2024-10-20 09:00"),
        "running due 2024-11-04 left 15 over 0 green"
    );
    let other = who("x", "wz-police", &["police_officer"], "2024-11-04 10:00");
    assert_eq!(
        codes(story.act("file_on_order", &other, &["police_case_number=9"])),
        ["wrong_agency (wz-police)"]
    );
    story
        .act(
            "file_on_order",
            &police("2024-11-04 16:00"),
            &["police_case_number=9"],
        )
        .unwrap();
    assert_eq!(
        story.stands("file_on_order", "2024-12-01 09:00"),
        "met due 2024-11-04 left - over 0 off"
    );
    story.close();
}

#[test]
fn reasons_that_come_late_are_late_and_can_still_stand() {
    let mut story = supervised();
    story
        .act(
            "ask_reasons",
            &procurator("2024-10-09 10:00"),
            &["request_served_on=2024-10-09"],
        )
        .unwrap();
    story.endorse(&chief("2024-10-09 15:00")).unwrap();
    story
        .act(
            "give_reasons",
            &police("2024-10-18 09:00"),
            &["reason=no suspect found", "+reasons"],
        )
        .unwrap();
    assert_eq!(
        story.stands("reasons", "2024-12-01 09:00"),
        "met_late due 2024-10-16 left - over 2 red"
    );
    story
        .act(
            "reasons_stand",
            &procurator("2024-10-21 09:00"),
            &["reason=they do"],
        )
        .unwrap();
    story.endorse(&chief("2024-10-22 09:00")).unwrap();
    assert!(story.matter.is_closed(story.procedure));
    story.close();
}
