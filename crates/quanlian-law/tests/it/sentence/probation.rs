//! Probation, and circumstances that meet.

use expect_test::expect;
use quanlian_law::{
    Truth,
    sentence::{BarredBy, ProbationState},
};

use crate::{assess, music, sheet, word};

use super::{CLICKS, GAIN, SURRENDER, check, flag, frame, months};

const CONDITIONS: [&str; 4] = [
    "minor_circumstances",
    "remorse",
    "no_risk_of_reoffending",
    "no_major_effect_on_community",
];
const BARS_2020: [&str; 6] = [
    "recidivist",
    "ringleader",
    "ip_crime_as_main_trade",
    "reoffends_after_administrative_penalty",
    "fakes_relief_goods_in_disaster",
    "refuses_to_hand_over_gain",
];

/// Conditions and bars of 2020, with one flag left out or turned.
fn probation(change: &str, value: Option<bool>) -> ProbationState {
    let stated = CONDITIONS
        .iter()
        .map(|name| (*name, true))
        .chain(BARS_2020.iter().map(|name| (*name, false)));
    let facts: Vec<String> = stated
        .filter_map(|(name, own)| {
            let value = if name == change { value } else { Some(own) };
            value.map(|value| flag(name, value))
        })
        .collect();
    let answer = assess(&music(&format!("{GAIN},{}", facts.join(","))));
    frame(&answer).probation.as_ref().unwrap().state
}

#[test]
fn probation_is_allowed_barred_or_open_by_each_condition_and_bar() {
    assert_eq!(probation("", None), ProbationState::Allowed);
    for condition in CONDITIONS {
        assert_eq!(probation(condition, None), ProbationState::Open, "{condition}");
        assert_eq!(
            probation(condition, Some(false)),
            ProbationState::Barred,
            "{condition}"
        );
    }
    for bar in BARS_2020 {
        assert_eq!(probation(bar, None), ProbationState::Open, "{bar}");
        assert_eq!(probation(bar, Some(true)), ProbationState::Barred, "{bar}");
    }
}

#[test]
fn a_bar_of_an_interpretation_holds_in_general_and_that_of_the_law_always() {
    let cases = [
        ("recidivist", BarredBy::Bar),
        ("ip_crime_as_main_trade", BarredBy::GeneralBar),
    ];
    for (name, barred_by) in cases {
        let answer = check(
            music(&format!("{GAIN},{}", flag(name, true))),
            months(24, Some(24), 72_000),
            expect![[r"
                imprisonment inside: 6 months to 36 months
                probation outside: 0 months to 36 months
                probation_period inside: 24 months to 60 months
                fine inside: 72,000.00 yuan to 360,000.00 yuan"]],
        );
        let frame = frame(&answer).probation.as_ref().unwrap();
        assert_eq!(frame.barred_by, Some(barred_by), "{name}");
        assert_eq!(
            frame.heavier.len(),
            usize::from(barred_by == BarredBy::GeneralBar),
            "{name}"
        );
    }
}

#[test]
fn a_penalty_of_any_kind_bars_under_the_rules_of_2007_by_what_it_implies() {
    let facts = format!("{GAIN},{}", flag("reoffends_after_administrative_penalty", true));
    let answer = assess(&sheet("2018-01-01", "2019-06-01", "2020-06-01", &facts));
    let frame = frame(&answer).probation.as_ref().unwrap();
    assert_eq!(frame.state, ProbationState::Barred);
    let bar = frame
        .bars
        .iter()
        .find(|bar| bar.line.as_deref() == Some("probation.2007.repeat"));
    assert_eq!(bar.unwrap().state, Some(Truth::Met));
}

#[test]
fn from_2025_the_special_bars_are_not_known_and_probation_is_at_best_open() {
    let facts: Vec<String> = CONDITIONS
        .iter()
        .map(|name| flag(name, true))
        .chain(BARS_2020.iter().map(|name| flag(name, false)))
        .collect();
    let answer = assess(&sheet(
        "2025-05-01",
        "2025-06-01",
        "2026-01-01",
        &format!("{GAIN},{}", facts.join(",")),
    ));
    let frame = frame(&answer).probation.as_ref().unwrap();
    assert_eq!(frame.state, ProbationState::Open);
    assert!(!frame.special_rules_known);
}

#[test]
fn what_is_included_in_another_circumstance_is_not_counted_twice_but_still_mitigates() {
    let facts = format!(
        "{GAIN},{CLICKS},{SURRENDER},{},{}",
        flag("plea_leniency", true),
        flag("good_conduct_in_custody", true)
    );
    let answer = assess(&music(&facts));
    let states: Vec<String> = frame(&answer)
        .circumstances
        .iter()
        .map(|c| format!("{} {}", c.rule.rsplit('/').next().unwrap(), word(&c.state)))
        .collect();
    assert_eq!(
        states,
        [
            "voluntary-surrender absorbed",
            "good-conduct-in-custody absorbed",
            "plea-leniency-with-surrender-or-compensation-etc counted"
        ]
    );
    assert!(frame(&answer).lower_band.is_some());
}

#[test]
fn circumstances_whose_statements_contradict_each_other_open_nothing() {
    let facts = format!(
        "{GAIN},{CLICKS},{SURRENDER},{}",
        flag("voluntary_surrender", false)
    );
    let answer = assess(&music(&facts));
    let frame = frame(&answer);
    assert_eq!(word(&frame.circumstances[0].state), "open");
    assert!(frame.lower_band.is_none());
    assert!(
        frame
            .may_be_stated
            .iter()
            .all(|may| may.fact != "voluntary_surrender")
    );
}
