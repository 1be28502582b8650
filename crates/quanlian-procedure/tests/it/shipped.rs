//! The shipped files: the check finds nothing, and every procedure can be walked to every end.
//!
//! In:  the embedded procedures.
//! Out: nothing.

use std::collections::BTreeSet;

use quanlian_procedure::{ActKind, StageKind};

use super::{
    LAW, PROCEDURES, engine,
    kit::{at, open_with_everything},
};

#[test]
fn the_check_finds_nothing_in_what_we_ship() {
    let findings = PROCEDURES.check(&LAW);
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn what_ships_is_what_the_issue_asks_for() {
    let ids: BTreeSet<&str> = PROCEDURES.iter().map(|procedure| procedure.id.as_str()).collect();
    let asked = [
        "complaint-intake",
        "copyright-investigation",
        "court-outcome",
        "criminal-transfer",
        "filing-supervision",
        "joint-operation",
        "jurisdiction-dispute",
        "platform-notice",
        "trade-secret-investigation",
        "trademark-investigation",
    ];
    assert_eq!(ids, BTreeSet::from(asked));
    assert!(PROCEDURES.routing().is_some());
}

/// Walks acts from the opening on and says how the matter ended, or in which stage it is.
fn walk(procedure: &str, acts: &[&str], then: &str) {
    let procedure = PROCEDURES.get(procedure, 1).unwrap();
    let mut now = at("2024-03-05 09:30");
    let mut story = open_with_everything(engine(), procedure, now);
    for act in acts {
        let result = story.perform_somehow(act, &mut now, 3);
        result
            .unwrap_or_else(|refusal| panic!("{}: {act} in {}: {refusal}", procedure.id, story.matter.stage));
    }
    let stage = procedure.stage_of(&story.matter.stage).unwrap();
    assert_eq!(
        stage.outcome.as_deref().unwrap_or(&stage.id),
        then,
        "{} {acts:?}",
        procedure.id
    );
    story.close();
}

#[test]
fn each_procedure_has_its_happy_path_and_its_other_ends() {
    let complaint = |acts: &[&str], then| walk("complaint-intake", acts, then);
    complaint(&["accept", "file", "tell_filed"], "filed");
    complaint(
        &[
            "ask_supplement",
            "supplement",
            "accept",
            "do_not_file",
            "tell_not_filed",
        ],
        "not_filed",
    );
    complaint(&["refuse"], "not_accepted");
    complaint(&["refer"], "referred");
    complaint(&["accept", "join_earlier"], "joined");
    complaint(&["withdraw"], "withdrawn");
    for investigation in [
        "copyright-investigation",
        "trademark-investigation",
        "trade-secret-investigation",
    ] {
        let case = |acts: &[&str], then| walk(investigation, acts, then);
        case(
            &[
                "inspect",
                "seize",
                "conclude",
                "give_notice",
                "no_hearing",
                "decide_penalty",
                "serve",
            ],
            "penalised",
        );
        let hearing = [
            "conclude",
            "give_notice",
            "ask_hearing",
            "fix_hearing",
            "notify_hearing",
            "hold_hearing",
        ];
        case(&[&hearing[..], &["decide_no_penalty"]].concat(), "no_penalty");
        case(&["drop"], "dropped");
        case(&["send_to_police", "police_filed"], "criminal");
        case(&["send_to_police", "police_refused"], "reviewing");
    }
    let transfer = |acts: &[&str], then| walk("criminal-transfer", acts, then);
    let handed = ["report", "approve", "hand_over", "copy", "accept"];
    let after = |acts: &[&'static str]| [&handed[..], acts].concat();
    transfer(&after(&["file", "receive_filing", "hand_over_goods"]), "filed");
    transfer(
        &after(&[
            "ask_papers",
            "supply_papers",
            "do_not_file",
            "receive_no_filing",
            "accept_no_filing",
        ]),
        "not_filed",
    );
    transfer(
        &after(&["forward", "accept", "file", "receive_filing", "hand_over_goods"]),
        "filed",
    );
    let refused = ["do_not_file", "receive_no_filing", "ask_reconsideration"];
    transfer(
        &after(&[&refused[..], &["reconsider_file", "receive_filing"]].concat()),
        "goods_due",
    );
    let upheld = [&refused[..], &["reconsider_uphold", "ask_supervision"]].concat();
    transfer(
        &after(
            &[
                &upheld[..],
                &["file_on_order", "receive_filing", "hand_over_goods"],
            ]
            .concat(),
        ),
        "filed",
    );
    transfer(
        &after(&[&upheld[..], &["supervision_ended"]].concat()),
        "not_filed",
    );
    transfer(&["report", "refuse_transfer"], "not_transferred");
    let supervision = |acts: &[&str], then| walk("filing-supervision", acts, then);
    supervision(&["ask_reasons", "give_reasons", "reasons_stand"], "reasons_stand");
    supervision(
        &[
            "ask_reasons",
            "no_reasons",
            "order_filing",
            "urge",
            "file_on_order",
        ],
        "filed",
    );
    supervision(&["ask_reasons", "file_at_once"], "filed");
    supervision(&["not_taken_up"], "not_taken_up");
    let platform = |acts: &[&str], then| walk("platform-notice", acts, then);
    platform(&["send", "remove", "keep_removed"], "removed");
    platform(&["send", "remove", "counter_copyright", "restore"], "restored");
    platform(&["send", "remove", "declare", "end_measures"], "restored");
    platform(&["send", "remove", "declare", "report_suit"], "in_court");
    platform(&["send", "refuse"], "refused");
    platform(&["withdraw"], "withdrawn");
    let court = |acts: &[&str], then| walk("court-outcome", acts, then);
    court(&["judge_criminal", "take_effect", "conclude"], "concluded");
    court(
        &["judge_civil", "appeal", "judge_appeal", "enforce", "enforced"],
        "enforced",
    );
    court(
        &["judge_administrative", "appeal", "remand", "end_without_judgment"],
        "no_judgment",
    );
    let joint = |acts: &[&str], then| walk("joint-operation", acts, then);
    joint(
        &[
            "add_member",
            "join_agency",
            "set_targets",
            "approve_plan",
            "begin",
            "report",
            "end_action",
            "summarise",
        ],
        "finished",
    );
    joint(&["cancel"], "cancelled");
    let dispute = |acts: &[&str], then| walk("jurisdiction-dispute", acts, then);
    dispute(&["agree"], "agreed");
    dispute(&["answer", "report_up", "designate"], "designated");
    dispute(&["report_up", "send_back", "agree"], "agreed");
    dispute(&["answer", "withdraw"], "withdrawn");
}

#[test]
fn every_closed_stage_can_be_corrected_and_upgraded_acts_are_there() {
    for procedure in PROCEDURES.iter() {
        let has = |kind| procedure.act.iter().any(|act| act.kind == kind);
        assert!(
            has(ActKind::Correct) && has(ActKind::Upgrade) && has(ActKind::Reopen),
            "{}",
            procedure.id
        );
        let correct = procedure
            .act
            .iter()
            .find(|act| act.kind == ActKind::Correct)
            .unwrap();
        for stage in procedure
            .stage
            .iter()
            .filter(|stage| stage.kind == StageKind::Closed)
        {
            assert!(procedure.allows(correct, &stage.id));
        }
    }
}

#[test]
fn every_limit_that_nobody_read_says_so_and_no_rule_of_law_is_copied() {
    let mut limits = std::collections::BTreeSet::new();
    for procedure in PROCEDURES.iter() {
        for clock in &procedure.clock {
            if let Some(limit) = &clock.limit {
                assert!(
                    limit.source.checked.verified || limit.source.checked.note.is_some(),
                    "{}",
                    clock.id
                );
                limits.insert(format!("{}/{}", procedure.id, clock.id));
            }
        }
    }
    // Everything else names a rule of law/. A new limit belongs there first, if a law says it.
    let known = [
        "complaint-intake/accept",
        "complaint-intake/check_clue",
        "complaint-intake/tell",
        "joint-operation/action",
        "trademark-investigation/seizure",
    ];
    assert_eq!(limits, known.map(str::to_owned).into());
}

/// Every `{ zh, en }` of a value, wherever it stands.
fn texts(value: &toml::Value, found: &mut Vec<(String, String)>) {
    match value {
        toml::Value::Table(table) => {
            if let (Some(zh), Some(en)) = (table.get("zh"), table.get("en")) {
                found.push((zh.as_str().unwrap().to_owned(), en.as_str().unwrap().to_owned()));
            }
            table.values().for_each(|part| texts(part, found));
        }
        toml::Value::Array(parts) => parts.iter().for_each(|part| texts(part, found)),
        _ => {}
    }
}

#[test]
fn what_people_read_is_chinese_in_one_language_and_not_in_the_other() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../procedures");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        texts(&toml::from_str(&text).unwrap(), &mut found);
    }
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for (zh, en) in &found {
        assert!(zh.chars().any(is_chinese), "{zh}");
        // 法释〔2020〕7号 is cited as such in English too.
        assert!(
            !en.replace("法释", "").replace('号', "").chars().any(is_chinese),
            "{en}"
        );
    }
    assert!(found.len() > 500, "{}", found.len());
}
