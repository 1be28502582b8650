//! What the outcome hangs on when facts are alleged or contradict each other.

use quanlian_law::{Assessment, Certainty, Decisive, FactSheet, Language, Outcome};

use crate::{assess, book, music};

use super::{CLICKS, GAIN};

#[test]
fn an_outcome_that_hangs_on_an_alleged_fact_says_so_and_names_it_first() {
    let clicks = r#"{"name":"actual_clicks","count":30000000,"certainty":"alleged","stated_by":"platform"}"#;
    let gain = r#"{"name":"illegal_gain","fen":7200000,"certainty":"probable"}"#;
    let answer = assess(&music(&format!("{gain},{clicks}")));
    assert_eq!(answer.outcome, Outcome::EspeciallySerious);
    assert!(answer.rests_on_uncertain);
    assert!(
        answer
            .summary
            .en
            .ends_with("this rests on facts that are not certain"),
        "{}",
        answer.summary.en
    );
    let facts: Vec<(&str, Certainty, Decisive, Outcome)> = answer
        .uncertain
        .iter()
        .map(|fact| (fact.fact.as_str(), fact.certainty, fact.decisive, fact.without))
        .collect();
    assert_eq!(
        facts,
        [
            (
                "actual_clicks",
                Certainty::Alleged,
                Decisive::Alone,
                Outcome::Serious
            ),
            (
                "illegal_gain",
                Certainty::Probable,
                Decisive::No,
                Outcome::EspeciallySerious
            ),
        ]
    );
    let en = book().render_assessment(&answer, Language::En);
    assert!(
        en.contains(
            "29,750,000 clicks above it · 法发〔2011〕3号, art. 13 [217.o.net.clicks5]; the fact is alleged"
        ),
        "{en}"
    );
    // Certainty changes nothing else.
    let certain = assess(&music(&format!("{GAIN},{CLICKS}")));
    assert!(!certain.rests_on_uncertain && certain.uncertain.is_empty());
    assert_eq!(certain.rule_sets[0].outcome, answer.rule_sets[0].outcome);
}

#[test]
fn two_alleged_facts_that_each_carry_the_outcome_decide_together() {
    let facts = r#"{"name":"actual_clicks","count":30000000,"certainty":"alleged"},
        {"name":"illegal_gain","fen":20000000,"certainty":"disputed"}"#;
    let answer = assess(&music(facts));
    assert!(answer.rests_on_uncertain);
    assert!(
        answer
            .uncertain
            .iter()
            .all(|fact| fact.decisive == Decisive::Together)
    );
    assert!(
        answer
            .uncertain
            .iter()
            .all(|fact| fact.without == Outcome::EspeciallySerious)
    );
}

#[test]
fn a_certain_statement_beside_an_alleged_one_carries_the_outcome() {
    let facts = r#"{"name":"illegal_gain","fen":20000000,"certainty":"certain"},
        {"name":"illegal_gain","fen":20000000,"certainty":"alleged"}"#;
    let answer = assess(&music(facts));
    assert!(!answer.rests_on_uncertain);
    assert_eq!(answer.uncertain[0].decisive, Decisive::No);
}

#[test]
fn each_value_of_a_contradiction_is_tried() {
    let facts = r#"{"name":"illegal_gain","fen":2900000,"stated_by":"suspect"},
        {"name":"illegal_gain","fen":7200000,"stated_by":"bank"},{"name":"illegal_gain","fen":7200000,"stated_by":"audit"},
        {"name":"illegal_business_volume","fen":0},{"name":"copies","count":0},{"name":"online","value":false},
        {"name":"registered_members","count":0}"#;
    let answer = assess(&music(facts));
    assert_eq!(answer.outcome, Outcome::Undetermined);
    let found = &answer.contradictions[0];
    let tried: Vec<(&str, Vec<&str>, Outcome)> = found
        .alternatives
        .iter()
        .map(|a| {
            let by = a.stated_by.iter().map(String::as_str).collect();
            (a.text.en.as_str(), by, a.outcome)
        })
        .collect();
    assert_eq!(
        tried,
        [
            (
                "with 29,000.00 yuan: below the entry line",
                vec!["suspect"],
                Outcome::Below
            ),
            (
                "with 72,000.00 yuan: entry tier (serious)",
                vec!["audit", "bank"],
                Outcome::Serious
            ),
        ]
    );
}

#[test]
fn a_contradiction_of_many_values_is_tried_to_its_limit_and_says_so() {
    let facts: Vec<String> = (0..50)
        .map(|n| format!(r#"{{"name":"copies","count":{n}}}"#))
        .collect();
    let answer = assess(&music(&facts.join(",")));
    let found = &answer.contradictions[0];
    assert_eq!(found.alternatives.len(), quanlian_law::MAX_ALTERNATIVES);
    assert!(
        found
            .text
            .en
            .ends_with("30 more statements were not tried one by one"),
        "{}",
        found.text.en
    );
}

#[test]
fn a_period_outside_the_conduct_is_pointed_out_and_changes_nothing() {
    let with = |period: &str| {
        assess(&music(&format!(
            r#"{{"name":"illegal_gain","fen":7200000,"period":{period}}}"#
        )))
    };
    let said =
        |answer: &Assessment, words: &str| answer.open.iter().any(|open| open.question.en.contains(words));
    let inside = with(r#"{"from":"2022-06-01","to":"2022-12-31"}"#);
    assert!(!said(&inside, "the period of"));
    let beyond = with(r#"{"from":"2022-01-01","to":"2022-12-31"}"#);
    assert!(said(&beyond, "goes beyond the conduct"));
    let outside = with(r#"{"to":"2021-12-31"}"#);
    assert!(said(&outside, "lies outside the conduct"));
    assert!(said(&outside, "(… to 2021-12-31)"));
    assert!(
        [&inside, &beyond, &outside]
            .iter()
            .all(|answer| answer.outcome == Outcome::Serious)
    );
}

#[test]
fn the_choice_of_a_person_is_recorded_with_who_and_when() {
    let text = r#"{"offence":"cn/criminal/217","person":"natural","conduct":{"from":"2022-05-01","to":"2023-04-30"},
        "judged_on":"2025-06-01","facts":[{"name":"illegal_gain","fen":7200000}],
        "chosen_rule_set":{"as_of":"2023-04-30","reason":"r","chosen_by":"judge A","chosen_on":"2025-06-02"}}"#;
    let mut sheet = FactSheet::from_json(text).unwrap();
    let answer = assess(&sheet);
    let choice = answer.governing.choice.unwrap();
    assert_eq!(choice.chosen_on.unwrap().to_string(), "2025-06-02");
    assert!(
        answer
            .governing
            .why
            .en
            .contains("Chosen by: judge A. Chosen on: 2025-06-02"),
        "{}",
        answer.governing.why.en
    );
    sheet.chosen_rule_set.as_mut().unwrap().chosen_on = Some("2021-01-01".parse().unwrap());
    let error = book().assess(&sheet, "2026-11-22".parse().unwrap()).unwrap_err();
    assert_eq!(error.code(), "law_sheet_choice");
}
