//! The law by itself: an officer types a few facts and asks.

use super::{code, json, quanlian, stderr, text};

fn assess(sheet: &str, wanted: i32) -> serde_json::Value {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("facts.json");
    std::fs::write(&path, sheet).expect("the sheet is written");
    json(&quanlian(&["law", "assess", text(&path), "--json"]), wanted)
}

/// The facts of the music channel, judged on the given day.
fn music_channel(judged_on: &str) -> String {
    format!(
        r#"{{"offence":"cn/criminal/217","person":"natural","conduct":{{"from":"2022-05-01","to":"2023-04-30"}},
            "judged_on":"{judged_on}","facts":[{{"name":"illegal_gain","fen":7200000,"evidence":["E1"]}},
            {{"name":"actual_clicks","count":30000000,"evidence":["E2"]}}]}}"#
    )
}

#[test]
fn after_the_interpretation_of_2025_both_rule_sets_are_shown_and_unread_lines_marked() {
    let before = assess(&music_channel("2024-12-20"), 0);
    assert_eq!(before["outcome"], "especially_serious");
    assert_eq!(before["rule_sets"].as_array().unwrap().len(), 1);
    let after = assess(&music_channel("2025-05-20"), 0);
    assert_eq!(after["outcome"], "especially_serious");
    assert_eq!(after["rule_sets"].as_array().unwrap().len(), 2);
    assert!(!after["unverified"].as_array().unwrap().is_empty());
}

#[test]
fn the_rules_pass_their_own_examples() {
    let report = json(&quanlian(&["law", "check", "--json"]), 0);
    assert_eq!(report["ok"], true, "{report}");
    let rules = json(&quanlian(&["law", "list", "--json"]), 0);
    assert!(rules.as_array().unwrap().len() > 5);
}

#[test]
fn an_unknown_rule_or_fact_is_named_with_the_way_out() {
    let unknown = quanlian(&["law", "show", "cn/criminal/9999"]);
    assert_eq!(code(&unknown), 2);
    assert!(
        stderr(&unknown).contains("cn/criminal/9999"),
        "{}",
        stderr(&unknown)
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.json");
    std::fs::write(
        &path,
        r#"{"offence":"cn/criminal/217","facts":[{"name":"ilegal_gain","fen":1}]}"#,
    )
    .unwrap();
    let misspelt = quanlian(&["law", "assess", text(&path)]);
    assert_eq!(code(&misspelt), 2);
    assert!(
        stderr(&misspelt).contains("illegal_gain"),
        "{}",
        stderr(&misspelt)
    );
}

#[test]
fn a_deadline_is_told_with_its_steps_and_goes_into_a_diary() {
    let dir = tempfile::tempdir().unwrap();
    let ics = dir.path().join("case.ics");
    let asked = quanlian(&[
        "law",
        "deadline",
        "--rule",
        "tr.decide",
        "--event",
        "report_received_on=2024-09-29",
        "--ics",
        text(&ics),
        "--json",
    ]);
    let answer = json(&asked, 0);
    assert_eq!(answer["clocks"][0]["due_on"], "2024-10-02");
    assert_eq!(answer["clocks"][0]["readings"][0]["due_on"], "2024-10-09");
    assert!(!answer["clocks"][0]["steps"].as_array().unwrap().is_empty());
    let diary = std::fs::read_to_string(&ics).unwrap();
    assert!(diary.contains("DTSTART;VALUE=DATE:20241002\r\n"), "{diary}");

    // Nothing runs, so there is nothing to write.
    let none = dir.path().join("none.ics");
    let waiting = quanlian(&[
        "law",
        "deadline",
        "--rule",
        "tr.decide",
        "--ics",
        text(&none),
        "--json",
    ]);
    assert_eq!(json(&waiting, 0)["clocks"][0]["state"], "waiting");
    assert!(std::fs::read(&none).is_err(), "{}", stderr(&waiting));

    let timeline = dir.path().join("timeline.toml");
    std::fs::write(
        &timeline,
        "group = \"penalty\"\n[events]\ncase_filed_on = 2024-03-04\n",
    )
    .unwrap();
    let answer = json(&quanlian(&["law", "deadline", text(&timeline), "--json"]), 0);
    assert_eq!(answer["clocks"].as_array().unwrap().len(), 5);
}

#[test]
fn a_bad_event_names_itself_and_the_way_out() {
    let cases = [
        ("report_received_on", "write report_received_on=2024-03-01"),
        ("report_received_on=2024-02-30", "2024-02-30"),
        (
            "report_recieved_on=2024-03-01",
            "did you mean `report_received_on`?",
        ),
    ];
    for (event, says) in cases {
        let asked = quanlian(&["law", "deadline", "--rule", "tr.decide", "--event", event]);
        assert_eq!(code(&asked), 2, "{event}");
        assert!(stderr(&asked).contains(says), "{}", stderr(&asked));
    }
    assert_eq!(code(&quanlian(&["law", "deadline"])), 2);
}
