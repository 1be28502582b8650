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

/// A file in a folder of its own.
fn file(name: &str, content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(name);
    std::fs::write(&path, content).expect("the file is written");
    (dir, path)
}

/// Sheets of one line each: clicks around the line that moved in 2025, and one line that is no sheet.
fn cases() -> String {
    let sheet = |clicks: u32| {
        format!(
            r#"{{"offence":"cn/criminal/217","person":"natural","conduct":{{"from":"2024-05-01","to":"2024-06-30"}},"facts":[{{"name":"actual_clicks","count":{clicks}}},{{"name":"illegal_gain","fen":0}}]}}"#
        )
    };
    format!(
        "{}\n\n{}\nno sheet\n{}\n",
        sheet(49_999),
        sheet(60_000),
        sheet(5_000_000)
    )
}

fn json_lines(output: &std::process::Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect()
}

#[test]
fn many_sheets_are_answered_line_by_line_and_a_bad_one_does_not_stop_the_run() {
    let (_dir, path) = file("cases.jsonl", &cases());
    let run = quanlian(&[
        "law",
        "assess",
        text(&path),
        "--jsonl",
        "--judged-on",
        "2024-12-20",
    ]);
    assert_eq!(code(&run), 2, "{}", stderr(&run));
    let lines = json_lines(&run);
    let numbers: Vec<_> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str()).collect();
    assert_eq!(
        outcomes,
        [
            Some("undetermined"),
            Some("serious"),
            None,
            Some("especially_serious")
        ]
    );
    assert_eq!(lines[2]["error"]["code"], "law_sheet_shape");
    assert!(lines[0]["missing_first"].is_string() && lines[0]["reasons"].is_null());
    let full = quanlian(&["law", "assess", text(&path), "--jsonl", "--full"]);
    assert!(json_lines(&full)[0]["rule_sets"].is_array());
}

#[test]
fn a_run_on_another_day_names_what_changed() {
    let (_dir, path) = file("cases.jsonl", &cases());
    let on = |day: &str, more: &[&str]| {
        quanlian(
            &[
                &["law", "assess", text(&path), "--jsonl", "--judged-on", day],
                more,
            ]
            .concat(),
        )
    };
    let before = on("2025-04-25", &[]);
    let (_other, earlier) = file("before.jsonl", &String::from_utf8(before.stdout).unwrap());
    let after = on("2025-04-26", &["--compare", text(&earlier)]);
    let changed: Vec<_> = json_lines(&after)
        .into_iter()
        .filter(|line| !line["before"].is_null())
        .collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(
        (&changed[0]["line"], &changed[0]["before"]),
        (&3.into(), &"serious".into())
    );
    // Without --quiet the summary says so on stderr.
    let loud = std::process::Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args([
            "--lang",
            "en",
            "law",
            "assess",
            text(&path),
            "--jsonl",
            "--judged-on",
            "2025-04-26",
            "--compare",
        ])
        .arg(&earlier)
        .output()
        .unwrap();
    assert!(
        stderr(&loud).contains("changed since the earlier run: 1"),
        "{}",
        stderr(&loud)
    );
    assert!(
        stderr(&loud).contains("entry tier → undetermined: 1"),
        "{}",
        stderr(&loud)
    );
    let wrong = on("2025-04-26", &["--compare", text(&path)]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("line 1"), "{}", stderr(&wrong));
}

#[test]
fn the_law_of_any_day_can_be_listed_shown_and_compared() {
    let ids = |arguments: &[&str]| -> Vec<String> {
        let rules = json(&quanlian(&[&["law", "list", "--json"], arguments].concat()), 0);
        let id = |rule: &serde_json::Value| rule["id"].as_str().unwrap().to_owned();
        rules.as_array().unwrap().iter().map(id).collect()
    };
    let lines = ["--offence", "cn/criminal/217", "--kind", "threshold", "--on"];
    assert_eq!(
        ids(&[&lines[..], &["2005-01-01"]].concat()),
        ["cn/criminal/217/2004-19-art-05"]
    );
    assert_eq!(
        ids(&[&lines[..], &["2025-06-01"]].concat()),
        ["cn/criminal/217/2025-05-art-13"]
    );
    assert_eq!(
        ids(&[&lines[..], &["2025-06-01", "--unverified"]].concat()),
        ["cn/criminal/217/2025-05-art-13"]
    );
    let shown = json(
        &quanlian(&["law", "show", "cn/criminal/217", "--on", "2020-01-01", "--json"]),
        0,
    );
    assert_eq!(shown["versions"].as_array().unwrap().len(), 1);
    assert!(
        shown["facts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|fact| fact["name"] == "actual_clicks")
    );
    let facts = quanlian(&["law", "show", "facts"]);
    assert!(String::from_utf8_lossy(&facts.stdout).contains("illegal_gain (money in fen)"));
    let diff = json(
        &quanlian(&[
            "law",
            "diff",
            "2025-04-25",
            "2025-04-26",
            "--offence",
            "cn/criminal/217",
            "--json",
        ]),
        0,
    );
    assert!(diff["offences"][0]["changes"].as_array().unwrap().len() > 5);
    let unread = json(&quanlian(&["law", "unverified", "--json"]), 0);
    assert!(unread["by_offence"]["cn/criminal/217"].as_u64().unwrap() > 10);
    let schema = quanlian(&["law", "schema"]);
    assert!(String::from_utf8_lossy(&schema.stdout).contains("2020-12/schema"));
}

#[test]
fn impossible_days_and_kinds_are_refused_with_the_way_out() {
    for (arguments, hint) in [
        (&["law", "diff", "2025-02-30", "2025-04-26"][..], "2025-02-30"),
        (&["law", "diff", "2026-01-01", "2025-04-26"], "earlier day first"),
        (&["law", "list", "--kind", "thresholds"], "threshold"),
        (&["law", "list", "--offence", "cn/criminal/2"], "cn/criminal/217"),
        (&["law", "assess", "x.jsonl", "--full"], "--jsonl"),
    ] {
        let refused = quanlian(arguments);
        assert_eq!(code(&refused), 2, "{arguments:?}");
        assert!(stderr(&refused).contains(hint), "{}", stderr(&refused));
    }
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

#[test]
fn damages_and_fines_are_computed_from_sheets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damages.toml");
    let sheet = r#"
        right = "patent"
        judged_on = 2024-12-20
        infringement = { from = 2023-01-01, to = 2023-12-31 }
        facts = [
          { name = "actual_loss", fen = 100_000_000, evidence = ["E1"] },
          { name = "intent", value = false },
        ]
    "#;
    std::fs::write(&path, sheet).unwrap();
    let answer = json(&quanlian(&["law", "damages", text(&path), "--json"]), 0);
    assert_eq!(answer["total"]["at_most_fen"], 100_000_000, "{answer}");
    let fine = dir.path().join("fine.json");
    std::fs::write(
        &fine,
        r#"{"act":"trade_secret","conduct":{"to":"2025-10-15"},"facts":[]}"#,
    )
    .unwrap();
    let answer = json(&quanlian(&["law", "fine", text(&fine), "--json"]), 0);
    assert_eq!(
        answer["rule_sets"][0]["range"]["at_least_fen"], 10_000_000,
        "{answer}"
    );
    std::fs::write(&fine, r#"{"act":"trade_secrets"}"#).unwrap();
    let refused = quanlian(&["law", "fine", text(&fine)]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("did you mean `trade_secret`"),
        "{}",
        stderr(&refused)
    );
}
