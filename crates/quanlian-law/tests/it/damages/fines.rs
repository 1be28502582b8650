//! Administrative fines.

use quanlian_law::{FineSheet, damages::FineState};

use crate::book;

use super::{fine, today};

#[test]
fn a_volume_that_straddles_the_line_keeps_both_branches() {
    let answer = fine(
        r#"{"act":"copyright","conduct":{"from":"2023-01-01","to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume","at_least_fen":4000000,"at_most_fen":6000000},{"name":"public_interest_harmed","value":true}]}"#,
    );
    let set = &answer.rule_sets[0];
    assert_eq!(
        set.branches
            .iter()
            .map(|branch| branch.branch)
            .collect::<Vec<_>>(),
        ["by_amount", "otherwise"]
    );
    let range = set.range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen, set.state),
        (0, Some(30_000_000), FineState::Unknown)
    );
    assert_eq!(
        set.branches[0].range.at_least_fen, 5_000_000,
        "above the line the least is the line itself"
    );
}

#[test]
fn a_fine_without_harm_to_the_public_interest_is_excluded_and_repetition_makes_it_heavier() {
    let copyright = fine(
        r#"{"act":"copyright","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[{"name":"public_interest_harmed","value":false}]}"#,
    );
    assert_eq!(
        (copyright.rule_sets[0].state, copyright.rule_sets[0].range),
        (FineState::Excluded, None)
    );
    let mark = fine(
        r#"{"act":"trademark","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume","fen":10000000},{"name":"two_trademark_infringements_in_5y","value":true}]}"#,
    );
    assert_eq!(
        mark.rule_sets[0].range.unwrap().at_most_fen,
        Some(50_000_000),
        "the range itself stays"
    );
    assert!(
        mark.rule_sets[0].text.en.contains("heavier"),
        "{}",
        mark.rule_sets[0].text.en
    );
}

#[test]
fn pudong_fines_who_infringes_the_same_patent_again_and_says_that_it_is_not_fully_read() {
    let there = fine(
        r#"{"act":"repeat_patent_infringement","place":"pudong","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume_undeterminable","value":true}]}"#,
    );
    let range = there.rule_sets[0].range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (5_000_000, Some(25_000_000))
    );
    assert_eq!(there.unverified.len(), 1);
    let elsewhere = fine(
        r#"{"act":"repeat_patent_infringement","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01"}"#,
    );
    assert!(elsewhere.rule_sets.is_empty() && elsewhere.summary.en.contains("no rule on fines"));
}

#[test]
fn fines_that_cannot_be_computed_are_refused_by_name() {
    let refuse = |sheet: &str| {
        let error = FineSheet::parse(sheet)
            .and_then(|sheet| book().administrative_fine(&sheet, today()))
            .unwrap_err();
        format!("{}: {error}", error.code())
    };
    let unknown = refuse(r#"{"act":"trade_mark"}"#);
    assert!(
        unknown.contains("did you mean `trademark`?") && unknown.contains("network_dissemination"),
        "{unknown}"
    );
    let late = refuse(
        r#"{"act":"trademark","conduct":{"from":"2024-01-01","to":"2024-02-01"},"decided_on":"2024-01-15"}"#,
    );
    assert!(
        late.starts_with("law_sheet_dates: conduct.to: 2024-02-01 is after decided_on"),
        "{late}"
    );
    assert!(refuse(r#"{"act":"trademark","volume":1}"#).contains("unknown field `volume`"));
}
