//! The music channel: complaint, copyright investigation, transfer, police, court, through `decide` alone.
//!
//! In:  people of five agencies, days of 2024 (Tomb-Sweeping Day off 4–6 April, worked 7 and 28 April; Labour Day off
//! 1–5 May, worked 11 May).
//! Out: the events of four matters; every clock against a day that was counted by hand, as its comment says.

use quanlian_procedure::{Actor, ClockState, Command, Context, Event, FactValue, Opening, Supplied};

use super::{
    PROCEDURES, engine,
    kit::{Story, at, codes, given, who},
};

const OFFICE: &str = "sz-culture";
pub(crate) const POLICE: &str = "sz-police";
const COURT: &str = "sz-court";

fn clerk(now: &str) -> Context {
    who("clerk", OFFICE, &["intake_clerk"], now)
}

pub(crate) fn handler(now: &str) -> Context {
    who("li", OFFICE, &["handler"], now)
}

/// Li with Wang beside him.
pub(crate) fn both(now: &str) -> Context {
    let mut context = handler(now);
    context.with = vec![Actor::new("wang", OFFICE, &["second_handler"])];
    context
}

fn reviewer(now: &str) -> Context {
    who("zhao", OFFICE, &["reviewer"], now)
}

pub(crate) fn approver(now: &str) -> Context {
    who("head", OFFICE, &["approver", "head"], now)
}

fn complaint() -> Story<'static> {
    let procedure = PROCEDURES.get("complaint-intake", 1).unwrap();
    let parts = ["subject=copyright", "+complaint_letter"];
    Story::open(engine(), procedure, "TS-1", &clerk("2024-04-01 10:00"), &parts).unwrap()
}

fn following(procedure: &str, id: &str, parent: &str, context: &Context, parts: &[&str]) -> Story<'static> {
    let procedure = PROCEDURES.get(procedure, 1).unwrap();
    let opening = Opening {
        matter: id.to_owned(),
        procedure: procedure.id.clone(),
        parent: Some(parent.to_owned()),
        given: given(procedure, parts),
        ..Opening::default()
    };
    Story::opened(engine(), procedure, &opening, context).unwrap()
}

fn investigation() -> Story<'static> {
    following(
        "copyright-investigation",
        "AJ-1",
        "TS-1",
        &both("2024-04-23 16:00"),
        &["+filing_form"],
    )
}

pub(crate) fn transfer() -> Story<'static> {
    following(
        "criminal-transfer",
        "YS-1",
        "AJ-1",
        &both("2024-05-20 09:00"),
        &["crime_suspected?"],
    )
}

#[test]
fn the_complaint_is_accepted_and_filed_in_time() {
    let mut story = complaint();
    // Seven working days from Monday 1 April: 2, 3, (4–6 off), Sunday 7 worked, 8, 9, 10, 11.
    assert_eq!(
        story.stands("accept", "2024-04-01 10:00"),
        "running due 2024-04-11 left 10 over 0 green"
    );
    assert_eq!(
        story.stands("accept", "2024-04-08 10:00"),
        "running due 2024-04-11 left 3 over 0 yellow"
    );
    assert_eq!(
        story.stands("accept", "2024-04-11 23:59"),
        "running due 2024-04-11 left 0 over 0 red"
    );
    assert_eq!(
        story.stands("accept", "2024-04-13 00:00"),
        "overdue due 2024-04-11 left - over 2 red"
    );
    assert!(
        !story.clock("accept", "2024-04-08 10:00").verified,
        "nobody read the measures now in force"
    );
    // Everything that is missing is said at once.
    let refused = codes(story.act("accept", &clerk("2024-04-08 10:00"), &["jurisdiction_settled!"]));
    let all = [
        "fact_missing (duplicate_checked)",
        "fact_missing (place_of_act)",
        "fact_not_so (jurisdiction_settled)",
        "paper_missing (evidence_material)",
        "paper_missing (identity_proof)",
        "paper_missing (right_proof)",
    ];
    assert_eq!(refused, all);
    let parts = [
        "jurisdiction_settled?",
        "duplicate_checked?",
        "place_of_act=320505",
    ];
    let papers = ["+evidence_material", "+identity_proof", "+right_proof"];
    story
        .act(
            "accept",
            &clerk("2024-04-08 10:00"),
            &[&parts[..], &papers].concat(),
        )
        .unwrap();
    assert_eq!(
        story.stands("accept", "2024-06-01 10:00"),
        "met due 2024-04-11 left - over 0 off"
    );
    // Fifteen working days from Monday 8 April: 9–12 are 4, 15–19 are 9, 22–26 are 14, Sunday 28 worked is 15.
    assert_eq!(
        story.stands("check_clue", "2024-04-08 10:00"),
        "running due 2024-04-28 left 20 over 0 green"
    );
    story.act("file", &handler("2024-04-22 10:00"), &[]).unwrap();
    // Li has acted as handler, and this is his own proposal: two reasons.
    let li = who("li", OFFICE, &["reviewer"], "2024-04-22 11:00");
    assert_eq!(
        codes(story.endorse(&li)),
        ["same_person (li)", "same_person (li)"]
    );
    story.endorse(&reviewer("2024-04-22 15:00")).unwrap();
    assert_eq!(story.matter.stage, "accepted", "two of three have agreed");
    story.endorse(&approver("2024-04-23 09:00")).unwrap();
    assert_eq!(story.matter.stage, "filed_untold");
    // Five working days from Tuesday 23 April: 24, 25, 26, Sunday 28 worked, 29.
    assert_eq!(
        story.stands("tell", "2024-04-23 09:00"),
        "running due 2024-04-29 left 6 over 0 green"
    );
    story
        .act("tell_filed", &handler("2024-04-29 17:00"), &[])
        .unwrap();
    assert_eq!(
        story.stands("tell", "2024-06-01 10:00"),
        "met due 2024-04-29 left - over 0 off"
    );
    assert!(story.matter.is_closed(story.procedure));
    story.close();
}

#[test]
fn the_investigation_takes_two_handlers_and_other_reviewers() {
    let mut story = investigation();
    // Ninety calendar days from 23 April: 7 in April, 31, 30, 22 in July.
    assert_eq!(
        story.stands("decide", "2024-04-24 09:00"),
        "running due 2024-07-22 left 89 over 0 green"
    );
    assert!(story.clock("decide", "2024-04-24 09:00").verified);
    let now = "2024-04-25 09:00";
    assert_eq!(
        codes(story.act("inspect", &handler(now), &[])),
        ["person_missing (second_handler)"]
    );
    let mut twice = handler(now);
    twice.with = vec![Actor::new("li", OFFICE, &["second_handler"])];
    assert_eq!(
        codes(story.act("inspect", &twice, &[])),
        ["person_missing (second_handler)"]
    );
    let mut foreign = handler(now);
    foreign.with = vec![Actor::new("sun", "sz-market", &["second_handler"])];
    let refused = codes(story.act("inspect", &foreign, &[]));
    assert_eq!(
        refused,
        ["wrong_agency (sz-market)", "person_missing (second_handler)"]
    );
    assert_eq!(
        codes(story.act("inspect", &who("sun", "sz-market", &["handler"], now), &[])),
        ["wrong_agency (sz-market)", "person_missing (second_handler)"]
    );
    story.act("inspect", &both(now), &["+inspection_record"]).unwrap();
    let facts = [
        "infringement_found?",
        "crime_suspected?",
        "works_confirmed?",
        "illegal_gain_fen=7200000",
    ];
    let papers = ["+comparison_report", "+right_proof", "+investigation_report"];
    story
        .act(
            "conclude",
            &both("2024-05-17 16:00"),
            &[&facts[..], &papers].concat(),
        )
        .unwrap();
    let police = format!("@police={POLICE}");
    // No penalty instead of a transfer: what points to a crime cannot be ended by a notice of a penalty.
    let refused = codes(story.act("give_notice", &handler("2024-05-18 09:00"), &[]));
    assert_eq!(refused, ["fact_not_so (crime_suspected)"]);
    story
        .act("send_to_police", &handler("2024-05-18 09:00"), &[&police])
        .unwrap();
    // Wang was present as second handler, so he can review nothing here.
    let wang = who("wang", OFFICE, &["reviewer"], "2024-05-18 10:00");
    assert_eq!(codes(story.endorse(&wang)), ["same_person (wang)"]);
    story.endorse(&reviewer("2024-05-18 11:00")).unwrap();
    // Zhao reviewed; another step is another person's.
    let zhao = who("zhao", OFFICE, &["approver"], "2024-05-18 12:00");
    assert_eq!(
        codes(story.endorse(&zhao)).len(),
        2,
        "as reviewer, and in this proposal"
    );
    story.endorse(&approver("2024-05-20 08:30")).unwrap();
    assert_eq!(story.matter.stage, "at_police");
    story
        .act(
            "police_filed",
            &handler("2024-05-31 10:00"),
            &["reason=filed as 2024-77"],
        )
        .unwrap();
    assert_eq!(
        story
            .procedure
            .stage_of(&story.matter.stage)
            .unwrap()
            .outcome
            .as_deref(),
        Some("criminal")
    );
    story.close();
}

#[test]
fn the_judgment_takes_effect_when_nobody_appealed_and_its_figures_are_fed_back() {
    let parts = [
        "court_case_number=(2024)1",
        "offence=cn/criminal/217",
        "+filing_record",
        &format!("@court={COURT}"),
    ];
    let mut story = following(
        "court-outcome",
        "CP-1",
        "YS-1",
        &handler("2024-08-01 09:00"),
        &parts,
    );
    let court = who("c1", COURT, &["court_clerk"], "2024-12-20 16:00");
    let judged = [
        "outcome_for_holder?",
        "+judgment",
        "judgment_served_on=2024-12-20",
    ];
    let figures = [
        "sentence_months=33",
        "sentence_suspended?",
        "fine_fen=2000000",
        "illegal_gain_found_fen=7200000",
    ];
    story
        .act("judge_criminal", &court, &[&judged[..], &figures].concat())
        .unwrap();
    // Ten days, the first on 21 December: Monday 30 December.
    assert_eq!(
        story.stands("appeal_criminal", "2024-12-20 16:00"),
        "running due 2024-12-30 left 10 over 0 green"
    );
    let refusal = story
        .act("take_effect", &handler("2024-12-30 17:00"), &[])
        .unwrap_err();
    assert_eq!(refusal.code(), "clock_runs_still");
    assert_eq!(refusal.lacks[0].wanted, ["2024-12-30"]);
    story
        .act("take_effect", &handler("2024-12-31 09:00"), &[])
        .unwrap();
    story.act("conclude", &handler("2025-01-02 09:00"), &[]).unwrap();
    assert_eq!(
        story
            .procedure
            .stage_of(&story.matter.stage)
            .unwrap()
            .outcome
            .as_deref(),
        Some("concluded")
    );
    assert_eq!(story.matter.facts.len(), 8);
    story.close();
}

#[test]
fn the_whole_chain_has_one_stream_of_events_for_each_matter() {
    let opened = |event: &Event| serde_json::to_value(event).unwrap()["body"]["parent"].clone();
    let mut complaint = complaint();
    let parts = [
        "jurisdiction_settled?",
        "duplicate_checked?",
        "place_of_act=320505",
    ];
    let papers = ["+evidence_material", "+identity_proof", "+right_proof"];
    complaint
        .act(
            "accept",
            &clerk("2024-04-08 10:00"),
            &[&parts[..], &papers].concat(),
        )
        .unwrap();
    complaint.act("file", &handler("2024-04-22 10:00"), &[]).unwrap();
    complaint.endorse(&reviewer("2024-04-22 15:00")).unwrap();
    complaint.endorse(&approver("2024-04-23 09:00")).unwrap();
    let last = serde_json::to_value(complaint.events.last().unwrap()).unwrap();
    assert_eq!(last["body"]["opens"][0], "copyright-investigation");
    assert_eq!(opened(&investigation().events[0]), "TS-1");
    assert_eq!(opened(&transfer().events[0]), "AJ-1");
    assert_eq!(complaint.matter.recorded_at, at("2024-04-23 09:00"));
}

#[test]
fn what_was_true_when_it_was_proposed_is_asked_again_when_it_takes_effect() {
    let mut story = investigation();
    let parts = ["crime_suspected?", "@police=sz-police"];
    story
        .act("send_to_police", &handler("2024-05-18 09:00"), &parts[1..])
        .unwrap_err();
    let suspected = |value| {
        Command::Supply(Supplied {
            facts: [("crime_suspected".to_owned(), FactValue::Flag(value))].into(),
            ..Supplied::default()
        })
    };
    story
        .tell(&suspected(true), &handler("2024-05-18 08:00"))
        .unwrap();
    story
        .act("send_to_police", &handler("2024-05-18 09:00"), &parts[1..])
        .unwrap();
    story.endorse(&reviewer("2024-05-18 10:00")).unwrap();
    story
        .tell(&suspected(false), &handler("2024-05-19 09:00"))
        .unwrap();
    assert_eq!(
        codes(story.endorse(&approver("2024-05-20 09:00"))),
        ["fact_not_so (crime_suspected)"]
    );
    assert_eq!(story.matter.proposals.len(), 1, "it stays, and can be refused");
    story
        .tell(&suspected(true), &handler("2024-05-20 10:00"))
        .unwrap();
    story.endorse(&approver("2024-05-20 11:00")).unwrap();
    assert_eq!(story.matter.stage, "at_police");
    story.close();
}

#[test]
fn a_hearing_is_notified_seven_working_days_before_and_a_new_day_counts_anew() {
    let mut story = investigation();
    story
        .act("inspect", &both("2024-04-25 09:00"), &["+inspection_record"])
        .unwrap();
    let facts = [
        "infringement_found?",
        "crime_suspected!",
        "works_confirmed?",
        "+comparison_report",
        "+right_proof",
        "+investigation_report",
    ];
    story.act("conclude", &both("2024-05-06 09:00"), &facts).unwrap();
    story
        .act("give_notice", &handler("2024-05-07 09:00"), &[])
        .unwrap();
    story.endorse(&reviewer("2024-05-07 10:00")).unwrap();
    story.endorse(&approver("2024-05-07 11:00")).unwrap();
    // Five working days from Tuesday 7 May: 8, 9, 10, Saturday 11 worked, 13.
    assert_eq!(
        story.stands("ask_hearing", "2024-05-07 11:00"),
        "running due 2024-05-13 left 6 over 0 yellow"
    );
    let party = who("m", "elsewhere", &["party"], "2024-05-13 16:00");
    story.act("ask_hearing", &party, &[]).unwrap();
    story
        .act(
            "fix_hearing",
            &handler("2024-05-14 09:00"),
            &["hearing_on=2024-05-24"],
        )
        .unwrap();
    // Seven working days before Friday 24 May: 23, 22, 21, 20, 17, 16, 15.
    let due = |story: &Story<'_>| {
        story
            .clock("notify_hearing", "2024-05-14 10:00")
            .due_on
            .unwrap()
            .to_string()
    };
    assert_eq!(due(&story), "2024-05-15");
    story
        .act(
            "fix_hearing",
            &handler("2024-05-14 10:00"),
            &["hearing_on=2024-05-31"],
        )
        .unwrap();
    // Before Friday 31 May: 30, 29, 28, 27, 24, 23, 22.
    assert_eq!(due(&story), "2024-05-22");
    story
        .act("notify_hearing", &handler("2024-05-22 09:00"), &[])
        .unwrap();
    assert_eq!(
        story.clock("notify_hearing", "2024-06-10 10:00").state,
        ClockState::Met
    );
    story.close();
}
