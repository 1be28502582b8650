//! Definitions as they are read, and matters as they are measured.
//!
//! In:  the indicators and procedures of the program; faulty files; matters driven act by act.
//! Out: nothing, or the first thing that is counted otherwise than a person would.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;

use quanlian_indicator::{Definitions, Mistakes, Subject, basis, measures};
use quanlian_law::{Moment, RuleBook};
use quanlian_procedure::{Actor, Command, Context, Engine, FactValue, Given, Matter, Opening, Procedures};
use quanlian_record::time::Timestamp;

fn at(text: &str) -> Timestamp {
    format!("{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
}

struct Rules {
    procedures: Procedures,
    law: RuleBook,
}

impl Rules {
    fn new() -> Self {
        Self {
            procedures: Procedures::embedded().unwrap(),
            law: RuleBook::embedded().unwrap(),
        }
    }

    fn engine(&self) -> Engine<'_> {
        Engine::new(&self.procedures, &self.law)
    }

    fn measured(&self, matter: &Matter, now: &str) -> Vec<String> {
        let all = measures(&self.engine(), &self.procedures, matter, at(now)).unwrap();
        let word = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        all.into_iter()
            .map(|one| {
                format!(
                    "{} {} {} {}..{} due {} = {}",
                    one.of.word(),
                    one.name,
                    word(one.state),
                    word(one.from.map(|day| day.to_string())),
                    word(one.until.map(|day| day.to_string())),
                    word(one.due.map(Timestamp::to_local_string)),
                    word(one.value.map(|value| value.to_string())),
                )
            })
            .collect()
    }
}

fn given(facts: &[(&str, FactValue)], papers: &[&str]) -> Given {
    let facts: BTreeMap<String, FactValue> = facts
        .iter()
        .map(|(id, value)| ((*id).to_owned(), value.clone()))
        .collect();
    Given {
        facts,
        papers: papers
            .iter()
            .map(|id| ((*id).to_owned(), "file".to_owned()))
            .collect(),
        counterparts: [("court".to_owned(), "court".to_owned())].into(),
        ..Given::default()
    }
}

fn handler(now: &str) -> Context {
    Context::now(at(now), Actor::new("li", "culture", &["handler"]))
}

fn act(rules: &Rules, matter: &mut Matter, context: &Context, act: &str, given: Given) {
    let command = Command::Act {
        act: act.to_owned(),
        given,
    };
    let events = rules.engine().decide(matter, &command, context).unwrap();
    for event in &events {
        *matter = rules.engine().apply(matter, event).unwrap();
    }
}

/// Filed on 10 January, judged on 5 March, in effect after the appeal period, concluded.
fn judged(rules: &Rules) -> Matter {
    let opening = Opening {
        matter: "m1".to_owned(),
        procedure: "court-outcome".to_owned(),
        version: None,
        agency: None,
        parent: None,
        given: given(
            &[
                (
                    "court_case_number",
                    FactValue::Text("（2024）沪01刑初1号".to_owned()),
                ),
                ("offence", FactValue::Text("侵犯著作权罪".to_owned())),
            ],
            &["filing_record"],
        ),
    };
    let events = rules
        .engine()
        .open(&opening, &handler("2024-01-10 09:00"))
        .unwrap();
    let mut matter = rules.engine().replay(&events).unwrap();
    let facts = [
        ("outcome_for_holder", FactValue::Flag(true)),
        (
            "judgment_served_on",
            FactValue::Day("2024-03-06".parse().unwrap()),
        ),
        ("sentence_months", FactValue::Count(33)),
    ];
    let judgment = given(&facts, &["judgment"]);
    act(
        rules,
        &mut matter,
        &handler("2024-03-05 10:00"),
        "judge_criminal",
        judgment,
    );
    matter
}

#[test]
fn a_matter_is_measured_by_its_stays_acts_and_facts() {
    let rules = Rules::new();
    let mut matter = judged(&rules);
    act(
        &rules,
        &mut matter,
        &handler("2024-03-20 10:00"),
        "take_effect",
        given(&[], &[]),
    );
    let fine = given(&[("fine_fen", FactValue::Fen(2_000_000))], &[]);
    act(
        &rules,
        &mut matter,
        &handler("2024-03-25 10:00"),
        "conclude",
        fine,
    );
    assert_eq!(
        rules.measured(&matter, "2024-04-01 10:00"),
        [
            "open trial - 2024-01-10..- due - = -",
            "stay trial waiting 2024-01-10..2024-03-05 due - = 55",
            "stay judged waiting 2024-03-05..2024-03-20 due - = 15",
            "stay effective working 2024-03-20..2024-03-25 due - = 5",
            "close concluded concluded 2024-01-10..2024-03-25 due - = 75",
            "act conclude - 2024-03-25..2024-03-25 due - = 1",
            "act file - 2024-01-10..2024-01-10 due - = 1",
            "act judge_criminal - 2024-03-05..2024-03-05 due - = 1",
            "act take_effect - 2024-03-20..2024-03-20 due - = 1",
            // The period of appeal is a window, no duty; the case number is a text and is not counted.
            "fact fine_fen - -..- due - = 2000000",
            "fact outcome_for_holder - -..- due - = 1",
            "fact sentence_months - -..- due - = 33",
        ]
    );
}

#[test]
fn a_correction_that_turns_time_round_leaves_the_days_unknown() {
    let rules = Rules::new();
    let mut matter = judged(&rules);
    let correction = Given {
        reason: Some("录入有误".to_owned()),
        supersedes: Some(1),
        happened_instead: Some(Moment::Day("2024-03-08".parse().unwrap())),
        ..Given::default()
    };
    act(
        &rules,
        &mut matter,
        &handler("2024-03-09 10:00"),
        "correct",
        correction,
    );
    let lines = rules.measured(&matter, "2024-03-09 10:00");
    assert_eq!(lines[0], "open trial - 2024-03-08..- due - = -");
    assert_eq!(
        lines[1], "stay trial waiting 2024-03-08..2024-03-05 due - = -",
        "not -3 days, and not 0"
    );
}

#[test]
fn a_duty_is_kept_with_the_instant_that_is_too_late() {
    let rules = Rules::new();
    let clerk = Actor::new("zhou", "culture", &["intake_clerk"]);
    let mut given = given(
        &[("subject", FactValue::Text("copyright".to_owned()))],
        &["complaint_letter"],
    );
    given.counterparts.clear();
    let opening = Opening {
        matter: "m2".to_owned(),
        procedure: "complaint-intake".to_owned(),
        version: None,
        agency: None,
        parent: None,
        given,
    };
    let context = Context::now(at("2024-04-01 10:00"), clerk);
    let events = rules.engine().open(&opening, &context).unwrap();
    let matter = rules.engine().replay(&events).unwrap();
    let clocks = |now: &str| {
        let lines = rules.measured(&matter, now).into_iter();
        lines.filter(|line| line.starts_with("clock")).collect::<Vec<_>>()
    };
    let early = clocks("2024-04-01 10:00");
    assert!(!early.is_empty());
    for line in &early {
        assert!(line.contains("running 2024-04-01..- due 2024-04-"), "{line}");
    }
    // Overdue or not, they are kept alike; whoever looks compares the instant.
    let states = |lines: &[String]| {
        let due = |line: &String| line.split(" = ").next().unwrap().to_owned();
        lines.iter().map(due).collect::<Vec<_>>()
    };
    assert_eq!(states(&clocks("2024-09-01 10:00")), states(&early));
}

#[test]
fn the_indicators_of_the_program_fit_its_procedures() {
    let rules = Rules::new();
    let definitions = Definitions::embedded(&rules.procedures).unwrap();
    let ids: Vec<&str> = definitions.newest().map(|one| one.id.as_str()).collect();
    assert!(ids.len() >= 20, "{ids:?}");
    for wanted in [
        "matters-opened",
        "matters-open",
        "matters-closed",
        "days-in-stage-p90",
        "transfers-accepted-share",
        "police-refusals",
        "clocks-overdue",
        "clocks-met-share",
        "illegal-gain",
        "court-months",
    ] {
        assert!(ids.contains(&wanted), "{wanted}");
    }
    assert!(definitions.get("matters-open", Some(1)).is_some());
    assert!(definitions.get("matters-open", Some(2)).is_none());
    let facts = definitions.newest().filter(|one| one.counts.of == Subject::Fact);
    assert_eq!(facts.count(), 0);
    assert_eq!(
        basis(&rules.law, &rules.procedures),
        basis(&rules.law, &rules.procedures)
    );
}

const GOOD: &str = r#"
id = "fines"
version = 1
unit = "fen"
period = "ended"
aggregate = "sum"
value = { fact = "penalty_fine_fen" }
name = { zh = "罚款", en = "fines" }
definition = { zh = "罚款之和", en = "sum of fines" }
source = { own = { zh = "自行定义", en = "our own" } }
checked = { on = 2026-11-23, verified = true }

[counts]
of = "close"
procedures = ["copyright-investigation"]
"#;

fn read(files: &[(&str, &str)]) -> Result<Definitions, Mistakes> {
    let procedures = Procedures::embedded().unwrap();
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    Definitions::from_files(files, &procedures)
}

#[test]
fn every_mistake_of_a_folder_is_told_at_once() {
    read(&[("fines.v1.toml", GOOD)]).unwrap();
    let bad = GOOD
        .replace("penalty_fine_fen", "penalty_fine")
        .replace(
            "of = \"close\"",
            "of = \"open\"\nnames = [\"nowhere\"]\ndone = [\"dance\"]",
        )
        .replace("unit = \"fen\"", "unit = \"share\"")
        .replace("en = \"fines\"", "en = \" \"");
    let told = read(&[
        ("other.v1.toml", &bad),
        ("fines.v1.toml", GOOD),
        ("x.v1.toml", "id = 3"),
    ])
    .unwrap_err();
    let lines: Vec<String> = told
        .0
        .iter()
        .map(|one| format!("{}: {}", one.file, one.what))
        .collect();
    for wanted in [
        "other.v1.toml: the file of this version is called fines.v1.toml",
        "other.v1.toml: `name` needs words in both languages",
        "other.v1.toml: `period` does not fit what is counted",
        "other.v1.toml: `unit` is `share` for a share and for nothing else",
        "other.v1.toml: `counts.names`: none of the procedures that are counted has `nowhere`",
        "other.v1.toml: `counts.done`: none of the procedures that are counted has `dance`",
        "other.v1.toml: `value.fact`: none of the procedures that are counted has `penalty_fine`",
        "fines.v1.toml: this version is there twice",
        "x.v1.toml: line 1: ",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(wanted)),
            "{wanted}: {lines:#?}"
        );
    }
    assert_eq!(told.code(), "indicators_invalid");
}

#[test]
fn what_is_no_definition_is_refused_without_a_panic() {
    let deep = format!("a = {}", "[".repeat(100_000));
    let long = "x".repeat(100_000);
    for text in ["", "\u{0}", "[counts", &deep, &long, "id = \"a\"\nid = \"b\""] {
        assert_eq!(read(&[("a.v1.toml", text)]).unwrap_err().0.len(), 1);
    }
    for (from, to) in [
        ("\"sum\"", "\"mean\""),
        ("version = 1", "version = -1"),
        ("of = \"close\"", "of = \"close\"\nmore = 1"),
        ("{ fact = \"penalty_fine_fen\" }", "\"one\""),
        ("2026-11-23", "2026-13-23"),
        ("\"copyright-investigation\"", "\"nothing\""),
    ] {
        assert!(
            read(&[("fines.v1.toml", &GOOD.replace(from, to))]).is_err(),
            "{to}"
        );
    }
}
