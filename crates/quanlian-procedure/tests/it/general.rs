//! The acts that every procedure may allow: suspend, return, transfer, joint handling, correct, extend, reopen, upgrade.
//!
//! In:  a small procedure beside this file, with days of March 2024 (all weekdays worked) and April 2024.
//! Out: what they do to the matter and its clocks, against days counted by hand.

use std::sync::LazyLock;

use quanlian_procedure::{
    Actor, Command, Context, Engine, FactValue, Given, Length, LoadError, Procedures, Supplied,
};

use super::{
    LAW, PROCEDURES,
    kit::{Story, at, codes, day, on, who},
};

pub(crate) const SMALL: &str = include_str!("small.v1.toml");

/// The small procedure alone, as it stands in its file.
pub(crate) fn load(files: &[(&str, &str)]) -> Result<Procedures, LoadError> {
    Procedures::from_files(
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())),
    )
}

/// Version 2 has another name for its second stage, and a shorter promise.
static TWO: LazyLock<Procedures> = LazyLock::new(|| {
    let second = SMALL
        .replace("version = 1", "version = 2")
        .replace("2024-01-01", "2024-06-01");
    let second = second.replace("working_days = 5", "working_days = 4");
    let third = second
        .replace("version = 2", "version = 3")
        .replace("id   = \"second\"", "id   = \"other\"");
    let third = third.replace("\"second\"", "\"other\"");
    load(&[
        ("small.v1.toml", SMALL),
        ("small.v2.toml", &second),
        ("small.v3.toml", &third),
    ])
    .unwrap()
});

fn handler(now: &str) -> Context {
    who("h", "a", &["handler"], now)
}

fn approver(now: &str) -> Context {
    who("b", "a", &["approver"], now)
}

fn small() -> Story<'static> {
    let procedure = TWO.get("small", 1).unwrap();
    let engine = Engine::new(&TWO, &LAW);
    Story::open(engine, procedure, "S-1", &handler("2024-03-04 09:00"), &[]).unwrap()
}

fn because() -> Given {
    Given {
        reason: Some("because".to_owned()),
        ..Given::default()
    }
}

#[test]
fn a_promised_limit_stands_still_with_the_matter_and_a_period_of_law_only_where_the_law_says_so() {
    let mut story = small();
    // Five working days from Monday 4 March: 5, 6, 7, 8, 11.
    assert_eq!(
        story.stands("answer", "2024-03-04 09:00"),
        "running due 2024-03-11 left 7 over 0 green"
    );
    assert_eq!(
        story.stands("penalty", "2024-03-04 09:00"),
        "running due 2024-06-02 left 90 over 0 green"
    );
    story
        .give("suspend", &approver("2024-03-06 09:00"), because())
        .unwrap();
    assert_eq!(
        story.stands("answer", "2024-03-20 09:00"),
        "suspended due - left - over 0 off"
    );
    assert_eq!(
        codes(story.act("go_on", &handler("2024-03-07 09:00"), &["served_on=2024-03-05"])),
        ["matter_suspended (S-1)"]
    );
    story.act("resume", &handler("2024-03-13 09:00"), &[]).unwrap();
    // Counted: 5; 6 to 12 March stand still; 13, 14, 15, Monday 18.
    assert_eq!(
        story.stands("answer", "2024-03-13 09:00"),
        "running due 2024-03-18 left 5 over 0 green"
    );
    // A month from 4 March is 4 April; seven days stood still, so 11 April, a worked Thursday.
    assert_eq!(
        story.stands("month", "2024-03-13 09:00"),
        "running due 2024-04-11 left 29 over 0 green"
    );
    // Art. 60 of the Administrative Penalty Law provides for no suspension: the end stays, and the clock says why.
    let penalty = story.clock("penalty", "2024-03-13 09:00");
    assert_eq!(penalty.due_on, Some(day("2024-06-02")));
    assert_eq!(penalty.problems.len(), 1, "{:?}", penalty.problems);
    assert_eq!(
        codes(story.act("resume", &handler("2024-03-14 09:00"), &[])),
        ["not_suspended"]
    );
    story.close();
}

#[test]
fn hours_run_from_the_instant_and_months_move_off_a_holiday() {
    let mut story = small();
    assert_eq!(
        story.stands("hours", "2024-03-05 09:00"),
        "running due 2024-03-06 09:00:00 (UTC+8) left 1 over 0 yellow"
    );
    assert_eq!(
        story.stands("hours", "2024-03-06 09:00"),
        "running due 2024-03-06 09:00:00 (UTC+8) left 0 over 0 red"
    );
    assert_eq!(
        story.stands("hours", "2024-03-06 09:01"),
        "overdue due 2024-03-06 09:00:00 (UTC+8) left - over 0 red"
    );
    // 4 April is Tomb-Sweeping Day, off until 6; Sunday 7 April is worked.
    assert_eq!(
        story.stands("month", "2024-03-06 09:00"),
        "running due 2024-04-07 left 32 over 0 green"
    );
    let mut context = handler("2024-03-20 09:00");
    context.happened = on("2024-03-06");
    story.act("go_on", &context, &["served_on=2024-03-05"]).unwrap();
    // Recorded on the 20th, happened on the 6th, the last day, at an hour that nobody noted: nobody can tell.
    assert_eq!(
        story.stands("hours", "2024-03-20 09:00"),
        "met_unclear due 2024-03-06 09:00:00 (UTC+8) left - over 0 off"
    );
    story.close();
}

#[test]
fn an_extension_is_granted_within_its_bound_alone() {
    let mut story = small();
    let extend = |clock: &str, length| Given {
        clock: Some(clock.to_owned()),
        length: Some(length),
        ..because()
    };
    let now = "2024-03-05 09:00";
    let mut refused = |given: Given| codes(story.give("extend", &approver(now), given));
    assert_eq!(
        refused(extend("answer", Length::WorkingDays(4))),
        ["extension_not_allowed (answer)"]
    );
    assert_eq!(
        refused(extend("answer", Length::Days(1))),
        ["extension_not_allowed (answer)"]
    );
    assert_eq!(
        refused(extend("penalty", Length::Days(30))),
        ["extension_not_allowed (penalty)"]
    );
    assert_eq!(
        refused(extend("service", Length::Days(1))),
        ["clock_not_running (service)"]
    );
    assert_eq!(refused(because()), ["length_missing"]);
    story
        .give("extend", &approver(now), extend("answer", Length::WorkingDays(2)))
        .unwrap();
    // Seven working days from 4 March: 5–8 are four, 11, 12, 13.
    assert_eq!(
        story.stands("answer", now),
        "running due 2024-03-13 left 8 over 0 green"
    );
    let more = extend("answer", Length::WorkingDays(2));
    assert_eq!(
        codes(story.give("extend", &approver(now), more)),
        ["extension_not_allowed (answer)"]
    );
    story.close();
}

#[test]
fn a_return_goes_to_an_earlier_stage_with_a_reason() {
    let mut story = small();
    let back = |stage: &str| Given {
        to_stage: Some(stage.to_owned()),
        ..because()
    };
    assert_eq!(
        codes(story.give("send_back", &approver("2024-03-05 09:00"), back("second"))),
        ["to_stage_not_allowed (second)"]
    );
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    assert_eq!(
        codes(story.act("send_back", &approver("2024-03-06 09:00"), &[])),
        ["reason_missing", "to_stage_missing"]
    );
    assert_eq!(
        codes(story.give("send_back", &approver("2024-03-06 09:00"), back("done"))),
        ["to_stage_not_allowed (done)"]
    );
    story.act("finish", &handler("2024-03-06 09:00"), &[]).unwrap();
    assert_eq!(
        codes(story.act("finish", &handler("2024-03-06 09:10"), &[])),
        ["proposed_already (finish)"]
    );
    story
        .give("send_back", &approver("2024-03-06 10:00"), back("first"))
        .unwrap();
    assert!(
        story.matter.proposals.is_empty(),
        "what was proposed in another stage is void"
    );
    assert_eq!(
        codes(story.endorse(&approver("2024-03-06 11:00"))),
        ["proposal_unknown (0)"]
    );
    // Going on again does not begin the clock anew: it runs since the first service.
    story
        .act("go_on", &handler("2024-03-07 09:00"), &["served_on=2024-03-07"])
        .unwrap();
    assert_eq!(
        story.stands("service", "2024-03-07 09:00"),
        "running due 2024-03-15 left 8 over 0 green"
    );
    story.close();
}

#[test]
fn a_transfer_takes_the_matter_away_and_joint_handling_lets_others_act() {
    let mut story = small();
    let agency = |agency: &str| Given {
        agency: Some(agency.to_owned()),
        ..because()
    };
    let guest = who("g", "b", &["handler"], "2024-03-05 09:00");
    let served = ["served_on=2024-03-05"];
    assert_eq!(codes(story.act("go_on", &guest, &served)), ["wrong_agency (b)"]);
    story
        .give("join_agency", &approver("2024-03-05 08:00"), agency("b"))
        .unwrap();
    assert_eq!(
        codes(story.give("join_agency", &approver("2024-03-05 08:00"), agency("b"))),
        ["agency_same (b)"]
    );
    let mut joint = story.clone();
    joint.act("go_on", &guest, &served).unwrap();
    story
        .give("leave_agency", &approver("2024-03-05 08:30"), agency("b"))
        .unwrap();
    assert_eq!(codes(story.act("go_on", &guest, &served)), ["wrong_agency (b)"]);
    story
        .give("reassign", &approver("2024-03-05 08:40"), agency("b"))
        .unwrap();
    assert_eq!(
        codes(story.act("go_on", &handler("2024-03-05 09:00"), &served)),
        ["wrong_agency (a)"]
    );
    story.act("go_on", &guest, &served).unwrap();
    // What the old agency did stays in the history.
    assert_eq!(story.matter.history[0].by.agency, "a");
    story.close();
    joint.close();
}

#[test]
fn a_correction_moves_what_the_event_began_and_deletes_nothing() {
    let mut story = small();
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    assert_eq!(
        story.stands("service", "2024-03-06 09:00"),
        "running due 2024-03-15 left 9 over 0 green"
    );
    let before = story.events.clone();
    let mut given = Given {
        supersedes: Some(2),
        ..because()
    };
    given
        .facts
        .insert("served_on".to_owned(), FactValue::Day(day("2024-03-04")));
    story
        .give("correct", &handler("2024-03-06 09:00"), given)
        .unwrap();
    assert_eq!(
        story.stands("service", "2024-03-06 09:00"),
        "running due 2024-03-14 left 8 over 0 green"
    );
    assert_eq!(story.events[..2], before[..], "nothing is deleted");
    assert_eq!(story.matter.history[1].superseded_by, [3]);
    // The opening happened a day later than was written.
    let moved = Given {
        supersedes: Some(1),
        happened_instead: on("2024-03-05"),
        ..because()
    };
    story
        .give("correct", &handler("2024-03-06 10:00"), moved)
        .unwrap();
    assert_eq!(
        story.stands("answer", "2024-03-06 10:00"),
        "running due 2024-03-12 left 6 over 0 green"
    );
    let nothing = Given {
        supersedes: Some(77),
        ..because()
    };
    assert_eq!(
        codes(story.give("correct", &handler("2024-03-06 10:00"), nothing)),
        ["superseded_unknown (77)"]
    );
    story.close();
}

#[test]
fn a_closed_matter_is_reopened_with_its_history_or_corrected_and_nothing_else() {
    let mut story = small();
    story
        .give("withdraw", &handler("2024-03-05 09:00"), because())
        .unwrap();
    assert_eq!(
        story.stands("answer", "2024-04-30 09:00"),
        "lapsed due 2024-03-11 left - over 0 off"
    );
    let later = "2024-04-01 09:00";
    for act in story.procedure.act.clone() {
        let result = story.clone().give(&act.id, &approver(later), because());
        match act.id.as_str() {
            "reopen" => assert!(result.is_ok()),
            "correct" => assert!(!codes(result).iter().any(|code| code.starts_with("matter_closed"))),
            "begin" => assert_eq!(codes(result), ["act_unknown (begin)"]),
            _ => assert!(
                codes(result).contains(&"matter_closed (taken_back)".to_owned()),
                "{}",
                act.id
            ),
        }
    }
    let supply = Command::Supply(Supplied {
        papers: [("x".to_owned(), "y".to_owned())].into(),
        ..Supplied::default()
    });
    assert_eq!(
        codes(story.tell(&supply, &handler(later))),
        ["matter_closed (taken_back)", "paper_unknown (x)"]
    );
    story.give("reopen", &approver(later), because()).unwrap();
    assert_eq!(
        (story.matter.stage.as_str(), story.matter.history.len()),
        ("first", 3)
    );
    story.close();
}

#[test]
fn a_matter_runs_under_its_version_until_it_is_moved() {
    assert_eq!(TWO.newest("small", day("2024-05-31")).unwrap().version, 1);
    assert_eq!(TWO.newest("small", day("2024-06-01")).unwrap().version, 3);
    assert!(TWO.newest("small", day("2023-12-31")).is_none());
    let mut story = small();
    let to = |version| Given {
        version: Some(version),
        ..because()
    };
    assert_eq!(
        codes(story.give("upgrade", &approver("2024-03-05 09:00"), to(1))),
        ["version_unknown (1)"]
    );
    assert_eq!(
        codes(story.give("upgrade", &approver("2024-03-05 09:00"), to(9))),
        ["version_unknown (9)"]
    );
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    assert_eq!(
        codes(story.give("upgrade", &approver("2024-03-05 10:00"), to(3))),
        ["version_lacks (second)"]
    );
    assert_eq!(
        story.clock("answer", "2024-03-05 10:00").due_on,
        Some(day("2024-03-11"))
    );
    story
        .give("upgrade", &approver("2024-03-05 10:00"), to(2))
        .unwrap();
    story.procedure = TWO.get("small", 2).unwrap();
    assert_eq!(
        (story.matter.version, &story.matter.digest),
        (2, &story.procedure.digest)
    );
    // Four working days now: 5, 6, 7, 8 March.
    assert_eq!(
        story.clock("answer", "2024-03-05 10:00").due_on,
        Some(day("2024-03-08"))
    );
    story.close();
    // Without the old version the past cannot be read, and says so.
    let only_new = load(&[("small.v2.toml", &SMALL.replace("version = 1", "version = 2"))]).unwrap();
    let error = Engine::new(&only_new, &LAW).replay(&story.events).unwrap_err();
    assert_eq!(error.code(), "procedure_replay_unknown_procedure");
}

#[test]
fn a_proposal_is_refused_with_a_reason_or_taken_back() {
    let mut story = small();
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    story.act("finish", &handler("2024-03-05 10:00"), &[]).unwrap();
    let reject = |proposal, reason: &str| Command::Reject {
        proposal,
        reason: reason.to_owned(),
    };
    assert_eq!(
        codes(story.tell(&reject(3, " "), &approver("2024-03-05 11:00"))),
        ["reason_missing", "limit (reason)"]
    );
    let stranger = who("s", "a", &["handler"], "2024-03-05 11:00");
    assert_eq!(
        codes(story.tell(&reject(3, "no"), &stranger)),
        ["role_missing (approver)"]
    );
    let mut own = story.clone();
    own.tell(&reject(3, "a mistake of mine"), &handler("2024-03-05 11:00"))
        .unwrap();
    story
        .tell(&reject(3, "incomplete"), &approver("2024-03-05 11:00"))
        .unwrap();
    assert!(story.matter.proposals.is_empty() && own.matter.proposals.is_empty());
    story.act("finish", &handler("2024-03-05 12:00"), &[]).unwrap();
    story.endorse(&approver("2024-03-05 13:00")).unwrap();
    assert_eq!(story.matter.stage, "done");
    story.close();
    own.close();
}

#[test]
fn what_is_available_says_why_not_and_what_its_form_asks_for() {
    let story = small();
    let seen = story
        .engine
        .available(&story.matter, &handler("2024-03-05 09:00"))
        .unwrap();
    let line = |id: &str| {
        let found = seen.iter().find(|act| act.act == id).unwrap();
        let lacks: Vec<String> = found.lacks.iter().map(ToString::to_string).collect();
        let asks = serde_json::to_string(&found.asks).unwrap();
        format!("{} {} {asks}", found.possible, lacks.join(" "))
    };
    assert_eq!(line("go_on"), r#"true  [{"ask":"fact","of":"served_on"}]"#);
    assert_eq!(line("finish"), "false wrong_stage (first) []");
    assert_eq!(
        line("suspend"),
        r#"false role_missing (approver) [{"ask":"reason"}]"#
    );
    assert_eq!(line("resume"), "false not_suspended []");
    assert_eq!(line("withdraw"), r#"true  [{"ask":"reason"}]"#);
    assert_eq!(
        seen.len(),
        story.procedure.act.len() - 1,
        "everything but the opening"
    );
}

#[test]
fn time_that_cannot_be_is_refused() {
    let mut story = small();
    let served = ["served_on=2024-03-04"];
    let mut context = handler("2024-03-05 09:00");
    context.happened = on("2024-03-06");
    assert_eq!(codes(story.act("go_on", &context, &served)), ["in_future"]);
    context.happened = on("2024-03-03");
    assert_eq!(
        codes(story.act("go_on", &context, &served)),
        ["before_opening", "before_clock (hours)"]
    );
    assert_eq!(
        codes(story.act("go_on", &handler("2024-03-04 08:59"), &served)),
        ["clock_went_back"]
    );
}

#[test]
fn where_a_calendar_is_missing_the_end_is_undetermined_and_names_the_year() {
    let procedure = PROCEDURES.get("complaint-intake", 1).unwrap();
    let clerk = Context::now(at("2026-12-28 09:00"), Actor::new("c", "a", &["intake_clerk"]));
    let parts = ["subject=copyright", "+complaint_letter"];
    let story = Story::open(super::engine(), procedure, "TS-9", &clerk, &parts).unwrap();
    let view = story.clock("accept", "2026-12-29 09:00");
    assert_eq!(
        story.stands("accept", "2026-12-29 09:00"),
        "undetermined due - left - over 0 yellow"
    );
    // 29, 30, 31 December; each later day taken as worked: 1, 2, 3, 4 January.
    assert_eq!(
        (view.missing_year, view.not_before),
        (Some(2027), Some(day("2027-01-04")))
    );
}
