//! Hostile streams: events that are not understood, or could not have been decided, and requests beyond their bounds.
//!
//! In:  the events of a finished complaint, each changed in one place.
//! Out: a named error each; never a panic, never a guess.

use quanlian_procedure::{Acted, Event, EventBody, Given, LackCode, Opening, ReplayError};
use serde_json::{Value, json};

use super::{
    PROCEDURES, engine,
    kit::{Story, at, codes, open_with_everything, who},
};

fn stream() -> (Story<'static>, Vec<Value>) {
    let procedure = PROCEDURES.get("complaint-intake", 1).unwrap();
    let mut story = open_with_everything(engine(), procedure, at("2024-03-05 09:30"));
    for act in ["accept", "file", "tell_filed"] {
        story.perform(act, at("2024-03-06 09:30")).unwrap();
    }
    let events = story
        .events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect();
    (story, events)
}

/// The code with which a stream is refused after a change to one of its events.
fn refused(at_event: usize, change: impl Fn(&mut Value)) -> &'static str {
    let (story, mut events) = stream();
    change(&mut events[at_event]);
    let mut read = Vec::new();
    for event in events {
        match Event::from_json(&serde_json::to_vec(&event).unwrap()) {
            Ok(event) => read.push(event),
            Err(error) => return error.code(),
        }
    }
    story
        .engine
        .replay(&read)
        .map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn an_event_that_is_not_understood_is_refused_and_never_skipped() {
    assert_eq!(refused(1, |_| {}), "accepted");
    assert_eq!(
        refused(1, |event| event["v"] = json!(2)),
        "procedure_event_version"
    );
    assert_eq!(
        refused(1, |event| event["v"] = json!("1")),
        "procedure_event_version"
    );
    assert_eq!(
        refused(1, |event| event["mood"] = json!("good")),
        "procedure_event_malformed"
    );
    assert_eq!(
        refused(1, |event| event["body"]["mood"] = json!("good")),
        "procedure_event_malformed"
    );
    assert_eq!(
        refused(1, |event| event["body"]["given"]["mood"] = json!(1)),
        "procedure_event_malformed"
    );
    assert_eq!(
        refused(1, |event| event["body"]["kind"] = json!("dreamt")),
        "procedure_event_malformed"
    );
    assert_eq!(
        refused(1, |event| event["seq"] = json!(7)),
        "procedure_replay_order"
    );
    assert_eq!(
        refused(1, |event| event["matter"] = json!("M-2")),
        "procedure_replay_other_matter"
    );
    assert_eq!(
        refused(1, |event| event["recorded_at"] = json!("2023-01-01T00:00:00Z")),
        "procedure_replay_time_went_back"
    );
    assert_eq!(
        refused(0, |event| event["body"]["version"] = json!(9)),
        "procedure_replay_unknown_procedure"
    );
    assert_eq!(
        refused(0, |event| event["body"]["to"] = json!("filed")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["to"] = json!("filed")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["from"] = json!("accepted")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["act"] = json!("tell_filed")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["role"] = json!("approver")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["made"] = json!([])),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["given"]["facts"]["x"] =
            json!({"flag": true})),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["body"]["given"]["facts"]["duplicate_checked"] =
            json!({"count": 1})),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(1, |event| event["by"]["user"] = json!("")),
        "procedure_event_limit"
    );
    assert_eq!(
        refused(1, |event| event["by"]["user"] = json!("u".repeat(201))),
        "procedure_event_limit"
    );
    // The third event proposes, the fourth and fifth agree, the sixth takes effect.
    assert_eq!(
        refused(3, |event| event["by"]["user"] = json!("u-handler")),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(5, |event| event["body"]["proposal"] = Value::Null),
        "procedure_replay_impossible"
    );
    assert_eq!(
        refused(5, |event| event["by"]["user"] = json!("somebody")),
        "procedure_replay_impossible"
    );
    let error = Event::from_json(&vec![b' '; 300_000]).unwrap_err();
    assert_eq!(error.code(), "procedure_event_too_large");
    let nested = format!("{{\"v\":1,\"matter\":{}", "[".repeat(100_000));
    assert_eq!(
        Event::from_json(nested.as_bytes()).unwrap_err().code(),
        "procedure_event_malformed"
    );
    assert_eq!(
        engine().replay(&[]).unwrap_err().code(),
        "procedure_replay_no_opening"
    );
}

#[test]
fn an_act_that_nobody_approved_cannot_be_smuggled_in() {
    let (story, _) = stream();
    let mut events: Vec<Event> = story.events[..3].to_vec();
    let mut forged = story.events[5].clone();
    forged.seq = 4;
    events.push(forged);
    let error = engine().replay(&events).unwrap_err();
    assert!(
        matches!(&error, ReplayError::Impossible { seq: 4, problem } if problem == "nobody approved it"),
        "{error}"
    );
    // Nor can an approved act carry something else than what was approved.
    let mut events = story.events.clone();
    if let EventBody::Acted(Acted { given, .. }) = &mut events[5].body {
        given.reason = Some("something else".to_owned());
    }
    assert!(engine().replay(&events).is_err());
}

#[test]
fn what_a_person_gives_is_bounded_and_what_an_act_does_not_take_is_refused() {
    let procedure = PROCEDURES.get("complaint-intake", 1).unwrap();
    let mut story = open_with_everything(engine(), procedure, at("2024-03-05 09:30"));
    let clerk = who("u-intake_clerk", "own", &["intake_clerk"], "2024-03-05 10:00");
    let long = Given {
        reason: Some("x".repeat(2_000)),
        to_stage: Some("filed".to_owned()),
        version: Some(2),
        ..Given::default()
    };
    let refused = codes(story.give("ask_supplement", &clerk, long));
    assert_eq!(refused, ["not_taken (to_stage)", "not_taken (version)"]);
    let longer = Given {
        reason: Some("x".repeat(2_001)),
        ..Given::default()
    };
    let refused = codes(story.give("ask_supplement", &clerk, longer));
    assert_eq!(refused, ["limit (reason)"]);
    let unknown = codes(story.act(&"no_such_act".repeat(100), &clerk, &[]));
    assert!(
        unknown[0].len() < 300,
        "what a person wrote is cut before it is echoed"
    );
    let opening = Opening {
        matter: "m".repeat(201),
        procedure: "complaint-intake".to_owned(),
        version: Some(1),
        ..Opening::default()
    };
    assert!(
        engine()
            .open(&opening, &clerk)
            .unwrap_err()
            .lacks(LackCode::Limit)
    );
    let nowhere = Opening {
        procedure: "nowhere".to_owned(),
        ..opening
    };
    assert_eq!(
        engine().open(&nowhere, &clerk).unwrap_err().code(),
        "procedure_unknown"
    );
}

#[test]
fn a_role_that_supplies_or_approves_nothing_cannot_be_written_in() {
    let procedure = PROCEDURES.get("copyright-investigation", 1).unwrap();
    let mut story = open_with_everything(engine(), procedure, at("2024-03-05 09:30"));
    let handler = who("u-handler", "own", &["handler"], "2024-03-05 10:00");
    let parts = ["crime_suspected?", "@police=p"];
    story.act("send_to_police", &handler, &parts).unwrap();
    let forged = |role: &str, body: Value| {
        let mut event = serde_json::to_value(&story.events[0]).unwrap();
        event["seq"] = json!(3);
        event["recorded_at"] = json!("2024-03-06T00:00:00Z");
        event["role"] = json!(role);
        event["body"] = body;
        let event = Event::from_json(&serde_json::to_vec(&event).unwrap()).unwrap();
        engine()
            .apply(&story.matter, &event)
            .map(|matter| matter.seq)
            .map_err(|error| error.code())
    };
    let supplied = json!({"kind": "supplied", "facts": {"crime_suspected": {"flag": false}}});
    assert_eq!(
        forged("party", supplied.clone()),
        Err("procedure_replay_impossible")
    );
    assert_eq!(forged("handler", supplied), Ok(3));
    let rejected = json!({"kind": "rejected", "proposal": 2, "reason": "no"});
    assert_eq!(
        forged("party", rejected.clone()),
        Err("procedure_replay_impossible")
    );
    assert_eq!(forged("reviewer", rejected), Ok(3));
    let endorsed = json!({"kind": "endorsed", "proposal": 2});
    assert_eq!(
        forged("approver", endorsed),
        Err("procedure_replay_impossible"),
        "the reviewer comes first"
    );
}
