//! The JSON of events and refusals: stores and screens rely on it.
//!
//! In:  a few events and a refusal.
//! Out: their exact JSON. A change here is a new event version.

use std::collections::BTreeSet;

use quanlian_law::Text;
use quanlian_procedure::{Command, Event, LackCode};

use super::{
    PROCEDURES, engine,
    kit::{Story, on, who},
};

fn opened() -> Story<'static> {
    let procedure = PROCEDURES.get("criminal-transfer", 1).unwrap();
    let mut context = who("li", "sz-culture", &["handler"], "2024-05-20 09:00");
    context.happened = Some(on("2024-05-19"));
    context.with = vec![quanlian_procedure::Actor::new(
        "wang",
        "sz-culture",
        &["second_handler"],
    )];
    Story::open(engine(), procedure, "YS-1", &context, &["crime_suspected?"]).unwrap()
}

#[test]
fn an_event_has_this_shape_and_no_other() {
    let mut story = opened();
    let digest = story.matter.digest.clone();
    let json = serde_json::to_string(&story.events[0])
        .unwrap()
        .replace(&digest, "DIGEST");
    assert_eq!(
        json,
        concat!(
            r#"{"v":1,"matter":"YS-1","seq":1,"recorded_at":"2024-05-20T01:00:00.000000Z","#,
            r#""happened":"2024-05-19","by":{"user":"li","agency":"sz-culture"},"role":"handler","#,
            r#""with":[{"user":"wang","agency":"sz-culture"}],"body":{"kind":"opened","#,
            r#""procedure":"criminal-transfer","version":1,"digest":"DIGEST","agency":"sz-culture","#,
            r#""to":"verifying","given":{"facts":{"crime_suspected":{"flag":true}}}}}"#,
        )
    );
    let mut context = who("li", "sz-culture", &["handler"], "2024-05-21 09:00");
    context.with = vec![quanlian_procedure::Actor::new(
        "wang",
        "sz-culture",
        &["second_handler"],
    )];
    story.act("report", &context, &["+investigation_report"]).unwrap();
    let json = serde_json::to_string(&story.events[1]).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"v":1,"matter":"YS-1","seq":2,"recorded_at":"2024-05-21T01:00:00.000000Z","#,
            r#""happened":"2024-05-21T01:00:00.000000Z","by":{"user":"li","agency":"sz-culture"},"#,
            r#""role":"handler","with":[{"user":"wang","agency":"sz-culture"}],"body":{"kind":"acted","#,
            r#""act":"report","from":"verifying","to":"deciding","#,
            r#""given":{"papers":{"investigation_report":"file of investigation_report"}},"#,
            r#""made":["transfer_report"]}}"#,
        )
    );
    let stored = concat!(
        r#"{"v":1,"matter":"YS-1","seq":3,"recorded_at":"2024-05-22T01:00:00Z","happened":"2024-05-22","#,
        r#""by":{"user":"head","agency":"sz-culture"},"role":"head","body":{"kind":"acted","#,
        r#""act":"refuse_transfer","from":"deciding","to":"not_transferred","given":{"reason":"no"},"#,
        r#""made":["no_transfer_record"]}}"#,
    );
    let matter = story
        .engine
        .apply(&story.matter, &Event::from_json(stored.as_bytes()).unwrap())
        .unwrap();
    assert_eq!(
        matter.stage, "not_transferred",
        "what was stored by an earlier program is read for ever"
    );
}

#[test]
fn a_refusal_is_data_with_words_in_two_languages() {
    let mut story = opened();
    let alone = who("li", "sz-culture", &["handler"], "2024-05-21 09:00");
    let refusal = story.act("report", &alone, &[]).unwrap_err();
    assert_eq!(
        serde_json::to_string(&refusal).unwrap(),
        concat!(
            r#"{"act":"report","lacks":[{"code":"person_missing","subject":"second_handler","name":{"zh":"协办人","#,
            r#""en":"second handler"}},{"code":"paper_missing","subject":"investigation_report","#,
            r#""name":{"zh":"涉嫌犯罪案件情况的调查报告","en":"investigation report"}}]}"#,
        )
    );
    let words: Vec<Text> = refusal
        .lacks
        .iter()
        .map(|lack| PROCEDURES.message(lack))
        .collect();
    assert_eq!(words[1].zh, "缺少材料：涉嫌犯罪案件情况的调查报告");
    assert_eq!(words[0].en, "another person must be present: “second handler”");
    assert_eq!(refusal.lacks[1].key(), "lack.paper_missing");
    assert_eq!(
        refusal.to_string(),
        "`report` cannot be done: person_missing (second_handler), paper_missing (investigation_report)"
    );
}

#[test]
fn every_code_is_there_once() {
    let names: BTreeSet<&str> = LackCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), LackCode::ALL.len());
}

#[test]
fn requests_are_json_and_a_field_that_nobody_knows_is_refused() {
    let read = |text: &str| serde_json::from_str::<Command>(text).map_err(|error| error.to_string());
    let act = read(r#"{"do":"act","act":"accept","given":{"reason":"r","papers":{"p":"7"}}}"#).unwrap();
    assert!(matches!(&act, Command::Act { act, given } if act == "accept" && given.papers.len() == 1));
    assert!(matches!(
        read(r#"{"do":"act","act":"accept"}"#),
        Ok(Command::Act { .. })
    ));
    assert!(matches!(
        read(r#"{"do":"endorse","proposal":3}"#),
        Ok(Command::Endorse { proposal: 3 })
    ));
    let supply = read(r#"{"do":"supply","facts":{"n":{"count":5},"on":{"day":"2024-03-01"}}}"#);
    assert!(matches!(supply, Ok(Command::Supply(supplied)) if supplied.facts.len() == 2));
    for wrong in [
        r#"{"do":"act","act":"accept","given":{"resaon":"r"}}"#,
        r#"{"do":"act","act":"accept","mood":1}"#,
        r#"{"do":"supply","fatcs":{}}"#,
        r#"{"do":"supply","facts":{"n":{"count":1.5}}}"#,
        r#"{"do":"supply","facts":{"on":{"day":"2024-02-30"}}}"#,
        r#"{"do":"destroy"}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
