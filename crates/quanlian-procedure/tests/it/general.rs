//! The acts that every procedure may allow: return, transfer, joint handling, correct, reopen, upgrade and the like.
//!
//! In:  a small procedure beside this file, with days of March 2024 (all weekdays worked) and April 2024.
//! Out: what they do to the matter and its clocks, against days counted by hand.

use std::sync::LazyLock;

use quanlian_procedure::{Command, Context, Engine, FactValue, Given, LoadError, Procedures, Supplied};

use super::{
    LAW,
    kit::{Story, codes, day, on, who},
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

pub(crate) fn handler(now: &str) -> Context {
    who("h", "a", &["handler"], now)
}

pub(crate) fn approver(now: &str) -> Context {
    who("b", "a", &["approver"], now)
}

pub(crate) fn small() -> Story<'static> {
    let procedure = TWO.get("small", 1).unwrap();
    let engine = Engine::new(&TWO, &LAW);
    Story::open(engine, procedure, "S-1", &handler("2024-03-04 09:00"), &[]).unwrap()
}

pub(crate) fn because() -> Given {
    Given {
        reason: Some("because".to_owned()),
        ..Given::default()
    }
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
        happened_instead: Some(on("2024-03-05")),
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
    // Had it been taken back after the last day, the answer would have been due and not given.
    let mut late = small();
    late.give("withdraw", &handler("2024-03-13 09:00"), because())
        .unwrap();
    assert_eq!(
        late.stands("answer", "2024-04-30 09:00"),
        "lapsed due 2024-03-11 left - over 2 red"
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
    // A version that was edited in place is noticed.
    let first = small();
    assert_eq!(first.engine.procedure_was_edited(&first.matter), Some(false));
    let edited = load(&[(
        "small.v1.toml",
        &SMALL.replace("yellow_days = 2", "yellow_days = 1"),
    )])
    .unwrap();
    assert_eq!(
        Engine::new(&edited, &LAW).procedure_was_edited(&first.matter),
        Some(true)
    );
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
    context.happened = Some(on("2024-03-06"));
    assert_eq!(codes(story.act("go_on", &context, &served)), ["in_future"]);
    context.happened = Some(on("2024-03-03"));
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
fn suspensions_follow_one_another_and_corrections_keep_that_order() {
    let mut story = small();
    story
        .give("suspend", &approver("2024-03-06 09:00"), because())
        .unwrap();
    let mut early = handler("2024-03-08 09:00");
    early.happened = Some(on("2024-03-05"));
    assert_eq!(codes(story.act("resume", &early, &[])), ["suspension_overlaps"]);
    story.act("resume", &handler("2024-03-08 09:00"), &[]).unwrap();
    let mut again = approver("2024-03-11 09:00");
    again.happened = Some(on("2024-03-07"));
    assert_eq!(
        codes(story.give("suspend", &again, because())),
        ["suspension_overlaps"]
    );
    again.happened = Some(on("2024-03-08"));
    story.give("suspend", &again, because()).unwrap();
    // The first one cannot be corrected to have ended inside of the second.
    let correct = |supersedes, day: &str| Given {
        supersedes: Some(supersedes),
        happened_instead: Some(on(day)),
        ..because()
    };
    let moved = story.give("correct", &handler("2024-03-11 10:00"), correct(3, "2024-03-10"));
    assert_eq!(codes(moved), ["suspension_overlaps"]);
    story
        .give("correct", &handler("2024-03-11 10:00"), correct(2, "2024-03-05"))
        .unwrap();
    assert_eq!(story.matter.clocks[0].pauses[0].from, day("2024-03-05"));
    story.close();
}

#[test]
fn a_correction_cannot_end_a_clock_before_it_began() {
    let mut story = small();
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    let opened_later = Given {
        supersedes: Some(1),
        happened_instead: Some(on("2024-03-06")),
        ..because()
    };
    let refused = codes(story.give("correct", &handler("2024-03-07 09:00"), opened_later));
    assert_eq!(refused, ["before_clock (hours)"]);
}

#[test]
fn a_transfer_to_another_agency_voids_what_the_old_one_proposed() {
    let mut story = small();
    story
        .act("go_on", &handler("2024-03-05 09:00"), &["served_on=2024-03-05"])
        .unwrap();
    story.act("finish", &handler("2024-03-05 10:00"), &[]).unwrap();
    let away = Given {
        agency: Some("b".to_owned()),
        ..because()
    };
    story
        .give("reassign", &approver("2024-03-05 11:00"), away)
        .unwrap();
    assert!(story.matter.proposals.is_empty());
    story.close();
}

#[test]
fn roles_that_must_be_apart_are_apart_in_both_directions() {
    let mut story = small();
    story
        .give("suspend", &approver("2024-03-05 09:00"), because())
        .unwrap();
    // Who has approved something here does not handle it afterwards.
    let turned = who("b", "a", &["handler"], "2024-03-06 09:00");
    assert_eq!(codes(story.act("resume", &turned, &[])), ["same_person (b)"]);
    story.act("resume", &handler("2024-03-06 09:00"), &[]).unwrap();
}
