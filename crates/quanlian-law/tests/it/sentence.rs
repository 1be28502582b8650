//! The frame of a sentence and the judgment beside it; layers of law, certainty, contradictions.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_law::{
    Assessment, Certainty, Decisive, FactSheet, Judgment, Language, LayerOf, Outcome, Person, SetAt, Truth,
    rule::Body,
    sentence::{BarredBy, DeviationOf, DeviationState, Direction, Judged, ProbationState, SentenceFrame},
};

use crate::{
    assess, book,
    book::{law_facts, rows},
    music, sheet, word,
};

const GAIN: &str = r#"{"name":"illegal_gain","fen":7200000}"#;
const CLICKS: &str = r#"{"name":"actual_clicks","count":30000000}"#;
const SURRENDER: &str = r#"{"name":"voluntary_surrender","value":true,"evidence":["ev-record"]}"#;

fn frame(answer: &Assessment) -> &SentenceFrame {
    let set = answer.rule_sets.iter().find(|set| set.governs).unwrap();
    set.sentence_frame.as_ref().unwrap()
}

fn flag(name: &str, value: bool) -> String {
    format!(r#"{{"name":"{name}","value":{value}}}"#)
}

fn months(months: i64, probation: Option<i64>, fine_yuan: i64) -> Judgment {
    Judgment {
        months: Some(months),
        probation_months: probation,
        fine_fen: Some(fine_yuan * 100),
        ..Judgment::default()
    }
}

/// Each part of the judgment: what, where it lies, by how much, and the frame.
fn check(sheet: FactSheet, judgment: Judgment, then: Expect) -> Assessment {
    let with = FactSheet {
        judgment: Some(judgment),
        ..sheet
    };
    let answer = assess(&with);
    let lines: Vec<String> = answer
        .deviations
        .iter()
        .map(|deviation| {
            let by = match deviation.by {
                Some(Judged::Months(months)) => format!(" by {months} months"),
                Some(Judged::Fen(fen)) => format!(" by {} yuan", fen / 100),
                _ => String::new(),
            };
            let lower = if deviation.in_lower_band {
                ", next lower band"
            } else {
                ""
            };
            format!(
                "{} {}{by}: {}{lower}",
                word(&deviation.what),
                word(&deviation.state),
                deviation.frame_text.en
            )
        })
        .collect();
    then.assert_eq(&lines.join("\n"));
    answer
}

#[test]
fn music_with_surrender_lies_in_the_next_lower_band_and_the_fine_below_its_range() {
    let answer = check(
        music(&format!("{GAIN},{CLICKS},{SURRENDER}")),
        months(33, Some(33), 20_000),
        expect![[r"
            imprisonment inside: 6 months to 36 months, next lower band
            probation inside: 0 months to 36 months
            probation_period inside: 33 months to 60 months
            fine below by 52000 yuan: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    let frame = frame(&answer);
    let band = frame.band.as_ref().unwrap();
    assert_eq!((band.min_months, band.max_months), (36, 120));
    let lower = frame.lower_band.as_ref().unwrap();
    assert_eq!(lower.citation.as_ref().unwrap().zh, "刑法第六十三条");
    assert_eq!(frame.circumstances.len(), 1);
    let surrender = &frame.circumstances[0];
    assert_eq!(
        (surrender.low_percent, surrender.high_percent),
        (Some(0), Some(40))
    );
    assert_eq!(surrender.evidence, ["ev-record"]);
    assert_eq!(
        surrender.row.as_deref(),
        Some("sentencing.adjust.voluntary_surrender")
    );
    assert_eq!(frame.discretion.as_ref().unwrap().percent, 20);
    let fine = answer
        .deviations
        .iter()
        .find(|d| d.what == DeviationOf::Fine)
        .unwrap();
    assert!(fine.why.en.contains("a deviation is no error"), "{}", fine.why.en);
    assert!(fine.why.zh.contains("不等于错误"), "{}", fine.why.zh);
}

#[test]
fn at_a_gain_of_70000_the_fine_of_20000_is_50000_below() {
    check(
        music(&format!(
            r#"{{"name":"illegal_gain","fen":7000000}},{CLICKS},{SURRENDER}"#
        )),
        months(33, None, 20_000),
        expect![[r"
            imprisonment inside: 6 months to 36 months, next lower band
            fine below by 50000 yuan: 70,000.00 yuan to 350,000.00 yuan"]],
    );
}

#[test]
fn music_without_surrender_is_below_the_band_and_says_what_would_explain_it() {
    let answer = check(
        music(&format!("{GAIN},{CLICKS}")),
        months(33, Some(33), 20_000),
        expect![[r"
            imprisonment below by 3 months: 36 months to 120 months
            probation inside: 0 months to 36 months
            probation_period inside: 33 months to 60 months
            fine below by 52000 yuan: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    assert!(frame(&answer).lower_band.is_none());
    let why = &answer.deviations[0].why;
    assert!(
        why.en
            .contains("a mitigating ground would explain it, none is stated"),
        "{}",
        why.en
    );
    assert!(why.en.contains("next lower band"), "{}", why.en);
    // Surrender is among what may be stated, and nobody is asked for it.
    assert!(
        frame(&answer)
            .may_be_stated
            .iter()
            .any(|may| may.fact == "voluntary_surrender")
    );
    assert!(
        answer
            .missing
            .iter()
            .all(|missing| missing.fact != "voluntary_surrender")
    );
}

#[test]
fn the_chip_sentence_is_inside_everywhere() {
    let chip = FactSheet::from_json(
        r#"{"offence":"cn/criminal/219","person":"natural","conduct":{"from":"2021-06-01","to":"2022-06-01"},
            "judged_on":"2024-06-01","facts":[
            {"name":"reasonable_licence_fee","fen":230000000},{"name":"remedial_cost","fen":0},
            {"name":"secret_improperly_acquired","value":true},{"name":"secret_disclosed_or_used","value":false},
            {"name":"secret_public_or_destroyed","value":false},{"name":"secret_not_yet_used","value":true}]}"#,
    )
    .unwrap();
    let judgment = Judgment {
        judged_for_tier: Some(quanlian_law::Tier::Serious),
        ..months(24, Some(24), 100_000)
    };
    let answer = check(
        chip,
        judgment,
        expect![[r"
            tier inside: entry tier (serious)
            imprisonment inside: 6 months to 36 months
            probation inside: 0 months to 36 months
            probation_period inside: 24 months to 60 months
            fine inside: 30,000.00 yuan to 1,000,000.00 yuan"]],
    );
    let lighter = &frame(&answer).probation.as_ref().unwrap().lighter;
    let secret = lighter
        .iter()
        .find(|ground| ground.line.as_deref() == Some("lighter.2020.secret"));
    assert_eq!(secret.unwrap().state, Some(Truth::Met));
    // The fee is 8 % short of the upper line, and 2,000,000 above the entry line.
    let found = answer.sensitivity.unwrap();
    let fee = found
        .facts
        .iter()
        .find(|fact| fact.fact == "reasonable_licence_fee")
        .unwrap();
    assert_eq!(fee.rises.unwrap().at, quanlian_law::Amount::Fen(250_000_000));
    assert_eq!(fee.falls.unwrap().at, quanlian_law::Amount::Fen(30_000_000));
    assert_eq!(fee.falls.unwrap().by, quanlian_law::Amount::Fen(200_000_000));
}

#[test]
fn a_mitigated_sentence_takes_the_fixed_fine_range_of_the_lower_band() {
    check(
        music(&format!("{CLICKS},{SURRENDER}")),
        months(33, None, 100_000),
        expect![[r"
            imprisonment inside: 6 months to 36 months, next lower band
            fine inside: 30,000.00 yuan to 1,000,000.00 yuan, next lower band"]],
    );
    check(
        music(&format!("{CLICKS},{SURRENDER}")),
        months(36, None, 100_000),
        expect![[r"
            imprisonment inside: 36 months to 120 months
            fine below by 50000 yuan: 150,000.00 yuan to 5,000,000.00 yuan"]],
    );
}

#[test]
fn the_fixed_fine_range_goes_by_the_sentence_even_without_a_ground_for_it() {
    check(
        music(CLICKS),
        months(33, None, 100_000),
        expect![[r"
            imprisonment below by 3 months: 36 months to 120 months
            fine inside: 30,000.00 yuan to 1,000,000.00 yuan, next lower band"]],
    );
}

#[test]
fn who_acted_is_part_of_the_frame() {
    let mut sheet = music(GAIN);
    sheet.person = None;
    let answer = assess(&sheet);
    assert!(
        frame(&answer)
            .notes
            .iter()
            .any(|note| note.text.en.contains("a unit is only fined"))
    );
}

#[test]
fn sentences_outside_say_by_how_much() {
    check(
        music(&format!("{GAIN},{CLICKS}")),
        months(121, None, 1_000_000),
        expect![[r"
            imprisonment above by 1 months: 36 months to 120 months
            fine above by 640000 yuan: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    // Under the next lower band, and under the lowest band of the article.
    check(
        music(&format!("{GAIN},{CLICKS},{SURRENDER}")),
        months(5, None, 72_000),
        expect![[r"
            imprisonment below by 1 months: 6 months to 36 months, next lower band
            fine inside: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    check(
        music(&format!("{GAIN},{SURRENDER}")),
        months(5, None, 72_000),
        expect![[r"
            imprisonment cannot_be_told: 6 months to 36 months
            fine inside: 72,000.00 yuan to 360,000.00 yuan"]],
    );
}

#[test]
fn a_probation_longer_than_allowed_is_a_deviation_and_no_error() {
    check(
        music(GAIN),
        months(24, Some(61), 72_000),
        expect![[r"
            imprisonment inside: 6 months to 36 months
            probation inside: 0 months to 36 months
            probation_period above by 1 months: 24 months to 60 months
            fine inside: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    let suspended = Judgment {
        probation_months: Some(12),
        ..Judgment::default()
    };
    check(music(GAIN), suspended, expect!["probation cannot_be_told: "]);
}

#[test]
fn nothing_is_compared_while_no_tier_is_established() {
    check(
        music(r#"{"name":"online","value":true}"#),
        months(24, Some(24), 20_000),
        expect![[r"
            imprisonment cannot_be_told: 
            probation cannot_be_told: 
            fine cannot_be_told: "]],
    );
}

#[test]
fn detention_fits_where_the_band_has_it() {
    let detention = |months| Judgment {
        detention_months: Some(months),
        probation_months: Some(2),
        ..Judgment::default()
    };
    let before_2021 = |facts: &str| sheet("2019-01-01", "2020-06-01", "2020-12-01", facts);
    check(
        before_2021(GAIN),
        detention(1),
        expect![[r"
            detention inside: 1 months to 6 months
            probation inside: 0 months to 36 months
            probation_period inside: 2 months to 12 months"]],
    );
    check(
        before_2021(GAIN),
        detention(7),
        expect![[r"
            detention above by 1 months: 1 months to 6 months
            probation inside: 0 months to 36 months
            probation_period below by 5 months: 7 months to 12 months"]],
    );
    check(
        music(GAIN),
        detention(3),
        expect![[r"
            detention outside: 
            probation inside: 0 months to 36 months
            probation_period below by 1 months: 3 months to 12 months"]],
    );
}

#[test]
fn a_unit_has_a_fine_only_and_its_people_answer_under_the_article() {
    let mut sheet = music(&format!("{GAIN},{CLICKS},{SURRENDER}"));
    sheet.person = Some(Person::Unit);
    let answer = check(
        sheet,
        months(33, Some(33), 20_000),
        expect![[r"
            imprisonment outside: 
            probation outside: 
            fine below by 52000 yuan: 72,000.00 yuan to 360,000.00 yuan"]],
    );
    let frame = frame(&answer);
    assert!(frame.band.is_none() && frame.lower_band.is_none() && frame.probation.is_none());
    assert_eq!(frame.fine.minor_floor_fen, None);
    assert!(
        frame
            .may_be_stated
            .iter()
            .all(|may| may.fact != "minor" && may.fact != "recidivist")
    );
    let persons = frame.responsible_persons.as_ref().unwrap();
    assert_eq!(persons.band.as_ref().unwrap().min_months, 36);
    assert_eq!(persons.citation.zh, "刑法第三十一条");
}

#[test]
fn a_minor_has_a_lower_floor_and_a_lower_band() {
    let small = r#"{"name":"illegal_gain","fen":30000},{"name":"actual_clicks","count":250000}"#;
    let answer = assess(&music(&format!("{small},{}", flag("minor", true))));
    let fine = frame(&answer).fine.range.as_ref().unwrap();
    assert_eq!(fine.low.at_least_fen, 50_000);
    assert!(frame(&answer).lower_band.as_ref().unwrap().band.is_some());
    let adult = assess(&music(&format!("{small},{}", flag("minor", false))));
    assert_eq!(
        frame(&adult).fine.range.as_ref().unwrap().low.at_least_fen,
        100_000
    );
    assert_eq!(frame(&adult).fine.minor_floor_fen, None);
    // Not stated: both floors are shown, and the range is that of an adult.
    let open = assess(&music(small));
    assert_eq!(frame(&open).fine.minor_floor_fen, Some(50_000));
    assert_eq!(
        frame(&open).fine.range.as_ref().unwrap().low.at_least_fen,
        100_000
    );
}

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

#[test]
fn every_circumstance_row_of_the_table_of_law_facts_is_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "  adjust:");
    assert_eq!(rows.len(), 20, "the table changed");
    let book = book();
    for row in &rows {
        let k = &row["k"];
        let wanted = format!("sentencing.adjust.{k}");
        let rule = book
            .list()
            .iter()
            .filter_map(|summary| book.show(&summary.id))
            .find(|rule| rule.row.as_ref() == Some(&wanted))
            .unwrap_or_else(|| panic!("{k} is not in the files"));
        let version = rule.versions.last().unwrap();
        let Body::Circumstance(ours) = &version.body else {
            panic!("{k}")
        };
        let (text, direction) = match (row.get("down"), row.get("up")) {
            (Some(down), None) => (down, Direction::Lighter),
            (None, Some(up)) => (up, Direction::Heavier),
            _ => panic!("{k}"),
        };
        // `<=50%`, `20-50% (…)`, `10-40%, normally >= 3 months`
        let share = text.split('%').next().unwrap();
        let (low, high) = if let Some(high) = share.strip_prefix("<=") {
            (None, high.parse().unwrap())
        } else {
            let (low, high) = share.split_once('-').unwrap();
            (Some(low.parse().unwrap()), high.parse().unwrap())
        };
        assert_eq!(
            (ours.low_percent, ours.high_percent, ours.direction),
            (low, Some(high), direction),
            "{k}"
        );
        let months = text
            .split(">= ")
            .nth(1)
            .map(|rest| rest.split(' ').next().unwrap().parse().unwrap());
        assert_eq!(ours.at_least_months, months, "{k}");
        assert!(ours.further || !text.contains("if minor"), "{k}");
        assert_eq!(ours.absorbs.is_empty(), !k.starts_with("plea_leniency"), "{k}");
        assert_eq!(version.from.to_string(), "2021-07-01", "{k}");
        assert!(
            rule.source.checked.verified && rule.source.checked.against == ["S3"],
            "{k}"
        );
    }
}

#[test]
fn the_three_probation_rows_of_the_table_of_law_facts_are_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "  probation_and_weight:");
    assert_eq!(rows.len(), 3);
    let book = book();
    let ours = |index: usize| {
        let wanted = format!("probation_and_weight.{}", index + 1);
        let rules = book.list();
        let id = rules
            .iter()
            .find(|summary| book.show(&summary.id).unwrap().row.as_ref() == Some(&wanted));
        book.show(&id.unwrap().id).unwrap().clone()
    };
    for (index, bars) in [(0, 4), (1, 4)] {
        let rule = ours(index);
        let version = &rule.versions[0];
        assert_eq!(version.from.to_string(), rows[index]["effective_from"]);
        assert_eq!(version.to.unwrap().to_string(), rows[index]["effective_to"]);
        let Body::Probation(probation) = &version.body else {
            panic!("{}", rule.id)
        };
        assert_eq!(probation.bar.len(), bars, "{}", rule.id);
        assert!(probation.bar.iter().all(|bar| bar.general), "{}", rule.id);
        assert_eq!(probation.bar.iter().all(|bar| bar.heavier), index == 1);
        assert_eq!(probation.lighter.len(), 4 * index);
    }
    let Body::Probation(frame) = &ours(2).versions[0].body else {
        panic!()
    };
    // The row is one sentence; these are its numbers.
    assert!(table.contains("imprisonment <= 36 months and 4 conditions"));
    assert!(table.contains("the sentence length to 60 months, never below 12 months; for detention: sentence length to 12 months, never below 2"));
    let (prison, detention) = (
        frame.imprisonment_period.unwrap(),
        frame.detention_period.unwrap(),
    );
    assert_eq!(
        (frame.max_sentence_months, frame.condition.len(), frame.bar.len()),
        (Some(36), 4, 2)
    );
    assert_eq!((prison.min_months, prison.max_months), (12, 60));
    assert_eq!((detention.min_months, detention.max_months), (2, 12));
}

#[test]
fn no_frame_names_a_number_that_is_not_an_end_of_a_range() {
    let answer = assess(&music(&format!("{GAIN},{CLICKS},{SURRENDER}")));
    assert!(
        frame(&answer).notes[0]
            .text
            .en
            .contains("proposes and predicts no sentence")
    );
    let guideline = frame(&answer)
        .notes
        .iter()
        .find(|note| note.text.en.contains("23 crimes"));
    assert_eq!(
        guideline.unwrap().citation.as_ref().unwrap().zh,
        "法发〔2021〕21号第二部分"
    );
    // Under the entry line there is nothing to frame.
    let below = assess(&music(&format!("{GAIN},{}", flag("profit_purpose", false))));
    assert!(below.rule_sets.iter().all(|set| set.sentence_frame.is_none()));
}

#[test]
fn statutes_and_interpretations_are_compared_apart() {
    let answer = assess(&sheet("2019-01-01", "2020-12-31", "2021-06-01", GAIN));
    let [statute, interpretation] = &answer.governing.layers[..] else {
        panic!("two layers")
    };
    assert_eq!((statute.layer, statute.differs), (LayerOf::Statute, true));
    assert_eq!(
        statute.rule.as_ref().unwrap().citation.as_ref().unwrap().zh,
        "刑法第十二条"
    );
    assert!(
        statute
            .changes
            .iter()
            .any(|change| change.rule == "cn/criminal/217/bands")
    );
    assert_eq!(
        (interpretation.layer, interpretation.differs),
        (LayerOf::Interpretation, false)
    );
    let straddled: Vec<String> = interpretation.straddled.iter().map(ToString::to_string).collect();
    assert_eq!(straddled, ["2020-09-14"]);

    let late = assess(&sheet("2022-05-01", "2023-04-30", "2025-06-01", GAIN));
    let [statute, interpretation] = &late.governing.layers[..] else {
        panic!("two layers")
    };
    assert!(!statute.differs && statute.rule.is_none());
    assert!(interpretation.differs);
    let rule = interpretation.rule.as_ref().unwrap();
    assert_eq!(rule.citation.as_ref().unwrap().zh, "高检发释字〔2001〕5号第三条");
    let none_before = assess(&sheet("2004-05-01", "2004-06-30", "2005-06-01", GAIN));
    let rule = none_before.governing.layers[1].rule.as_ref().unwrap();
    assert_eq!(rule.citation.as_ref().unwrap().zh, "高检发释字〔2001〕5号第二条");
}

/// A rule book from changed files.
fn book_of(files: &std::collections::BTreeMap<String, String>) -> quanlian_law::RuleBook {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    quanlian_law::RuleBook::from_dir(folder.path()).unwrap()
}

#[test]
fn a_band_that_begins_above_three_years_leaves_no_probation_but_a_ground_does() {
    let mut files = crate::law_files();
    let bands = files.get_mut("cn/criminal/217/bands.toml").unwrap();
    *bands = bands.replace(
        "min_months = 36, max_months = 120",
        "min_months = 60, max_months = 120",
    );
    let book = book_of(&files);
    let state = |facts: &str| {
        let answer = book.assess(&music(facts), "2026-11-22".parse().unwrap()).unwrap();
        let probation = frame(&answer).probation.as_ref().unwrap();
        (probation.state, probation.barred_by)
    };
    assert_eq!(state(CLICKS), (ProbationState::Barred, Some(BarredBy::Length)));
    assert_eq!(
        state(&format!("{CLICKS},{SURRENDER}")),
        (ProbationState::Open, None)
    );
}

#[test]
fn a_part_of_the_frame_that_nobody_read_is_marked_but_carries_no_outcome() {
    let mut files = crate::law_files();
    for name in [
        "cn/criminal/sentencing/criminal-law-art-72-74.toml",
        "cn/criminal/sentencing/adjust/voluntary-surrender.toml",
    ] {
        let text = files.get_mut(name).unwrap();
        *text = text.replace("verified = true", "verified = false");
    }
    let answer = book_of(&files)
        .assess(
            &music(&format!("{GAIN},{CLICKS},{SURRENDER}")),
            "2026-11-22".parse().unwrap(),
        )
        .unwrap();
    let unread: Vec<(&str, bool)> = answer
        .unverified
        .iter()
        .map(|u| (u.rule.as_str(), u.decisive))
        .collect();
    assert_eq!(
        unread,
        [
            ("cn/criminal/sentencing/adjust/voluntary-surrender", false),
            ("cn/criminal/sentencing/criminal-law-art-72-74", false)
        ]
    );
    assert!(!answer.rests_on_unverified);
}

#[test]
fn law_in_force_only_in_between_is_shown_where_it_is_lighter_and_never_governs() {
    // The line of gain is lifted a thousandfold from 2015 to 2017, with the old one before and after.
    let version = |from: &str, to: &str, id: &str, value: i64| {
        format!(
            "[[version]]\nfrom = {from}\nto = {to}\n[[version.line]]\nid = \"{id}\"\ntier = \"serious\"\n\
             fact = \"illegal_gain\"\nop = \">=\"\nvalue = {value}\nunit = \"yuan\"\nverified = true\nagainst = [\"S1\"]\n\n"
        )
    };
    let mut files = crate::law_files();
    let text = files.get_mut("cn/criminal/217/2004-19-art-05.toml").unwrap();
    let head = text[..text.find("[[version]]").unwrap()].to_owned();
    *text = [
        head,
        version("2010-01-01", "2014-12-31", "a", 30_000),
        version("2015-01-01", "2017-12-31", "b", 30_000_000),
        version("2018-01-01", "2025-04-25", "c", 30_000),
    ]
    .concat();
    let book = book_of(&files);
    let nothing_else: Vec<String> = [
        "actual_clicks",
        "works_disseminated",
        "registered_members",
        "downloads",
        "copies",
    ]
    .iter()
    .map(|name| format!(r#"{{"name":"{name}","count":0}}"#))
    .chain([r#"{"name":"illegal_business_volume","fen":0}"#.to_owned()])
    .collect();
    let facts = format!("{GAIN},{}", nothing_else.join(","));
    let sheet = sheet("2013-01-01", "2013-06-01", "2018-06-01", &facts);
    let answer = book.assess(&sheet, "2026-11-22".parse().unwrap()).unwrap();
    let sets: Vec<String> = answer
        .rule_sets
        .iter()
        .map(|set| {
            format!(
                "{} {} {} {}",
                set.as_of,
                word(&set.at),
                word(&set.outcome),
                set.governs
            )
        })
        .collect();
    assert_eq!(
        sets,
        [
            "2013-06-01 conduct serious true",
            "2018-06-01 judgment serious false",
            "2015-01-01 between below false"
        ]
    );
    assert_eq!(answer.outcome, Outcome::Serious);
    assert!(
        answer
            .open
            .iter()
            .any(|open| open.question.en.contains("lighter than both"))
    );
    assert_eq!(answer.rule_sets[2].at, SetAt::Between);
}

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

/// The error of a judgment, or of a statement.
fn refuse(fields: &str, code: &str, then: Expect) {
    let text = format!(
        r#"{{"offence":"cn/criminal/217","conduct":{{"from":"2022-05-01","to":"2023-04-30"}},"judged_on":"2024-12-20",{fields}}}"#
    );
    let sheet = FactSheet::from_json(&text);
    let error = match sheet {
        Ok(sheet) => book().assess(&sheet, "2026-11-22".parse().unwrap()).unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.code(), code);
    then.assert_eq(&error.to_string());
}

#[test]
fn judgments_that_cannot_be_are_refused_with_the_way_out() {
    let judgment = |fields: &str| format!(r#""judgment":{{{fields}}}"#);
    refuse(
        &judgment(r#""months":-3"#),
        "law_sheet_judgment",
        expect!["judgment.months: -3 months is not possible; write 1 to 1200, or leave it out"],
    );
    refuse(
        &judgment(r#""probation_months":9223372036854775807"#),
        "law_sheet_judgment",
        expect![
            "judgment.probation_months: 9223372036854775807 months is not possible; write 1 to 1200, or leave it out"
        ],
    );
    refuse(
        &judgment(r#""months":3,"detention_months":3"#),
        "law_sheet_judgment",
        expect!["judgment.detention_months: one crime has imprisonment or detention, not both; keep one"],
    );
    refuse(
        &judgment(r#""fine_fen":-1"#),
        "law_sheet_absurd",
        expect!["judgment.fine_fen: -1 is not possible; write an amount from 0 to 1000000000000000"],
    );
    refuse(
        &judgment(r#""decided_on":"2023-04-29""#),
        "law_sheet_judgment",
        expect!["judgment.decided_on: 2023-04-29 is before the conduct on 2023-04-30; correct one of them"],
    );
    refuse(
        &judgment(r#""judged_for_tier":"below""#),
        "law_sheet_judgment",
        expect!["judgment.judged_for_tier: `below` is no tier; write serious or especially_serious"],
    );
    refuse(
        &judgment(r#""month":3"#),
        "law_sheet_shape",
        expect![
            "line 1: unknown field `month`, expected one of `months`, `detention_months`, `probation_months`, `fine_fen`, `judged_for_tier`, `decided_on`, `court`, `evidence`; the fields are offence, person, conduct{from,to}, judged_on, facts[{name, fen|count|value, evidence}], acts[{from, to, facts, punished_on}], chosen_rule_set, judgment"
        ],
    );
    refuse(
        r#""facts":[{"name":"copies","count":1,"period":{"from":"2022-02-01","to":"2022-01-01"}}]"#,
        "law_sheet_period",
        expect![
            "facts[0].period: it ends on 2022-01-01 before it begins on 2022-02-01; swap them or correct one"
        ],
    );
    refuse(
        r#""facts":[{"name":"copies","count":1,"certainty":"sure"}]"#,
        "law_sheet_shape",
        expect![
            "line 1: unknown variant `sure`, expected one of `certain`, `probable`, `alleged`, `disputed`; the fields are offence, person, conduct{from,to}, judged_on, facts[{name, fen|count|value, evidence}], acts[{from, to, facts, punished_on}], chosen_rule_set, judgment"
        ],
    );
}

#[test]
fn the_day_of_the_judgment_stands_in_for_a_missing_judged_on() {
    let mut sheet = music(GAIN);
    sheet.judged_on = None;
    sheet.judgment = Some(Judgment {
        decided_on: Some("2024-12-20".parse().unwrap()),
        ..months(12, None, 72_000)
    });
    assert_eq!(assess(&sheet).judged_on.to_string(), "2024-12-20");
    sheet.judged_on = Some("2024-11-20".parse().unwrap());
    let apart = assess(&sheet);
    assert!(
        apart
            .open
            .iter()
            .any(|open| open.question.en.contains("given on 2024-12-20"))
    );
}

#[test]
fn the_text_holds_frame_judgment_and_sensitivity_in_both_languages() {
    let mut sheet = music(&format!("{GAIN},{CLICKS},{SURRENDER}"));
    sheet.judgment = Some(months(33, Some(33), 20_000));
    let answer = assess(&sheet);
    let en = book().render_assessment(&answer, Language::En);
    for part in [
        "Frame of the sentence: upper tier (especially serious)",
        "mitigating ground: Voluntary surrender",
        "The judgment beside the frame",
        "imprisonment: inside; 33 months are below the band",
        "fine: below; the fine of 20,000.00 yuan is 52,000.00 yuan below",
        "would fall to “entry tier (serious)” below 250,000 clicks, is 29,750,000 clicks above",
    ] {
        assert!(en.contains(part), "{part}\n{en}");
    }
    let zh = book().render_assessment(&answer, Language::Zh);
    for part in [
        "量刑框架：",
        "减轻情节：自首",
        "判决与框架对照",
        "罚金：低于范围",
        "低于 250,000 次",
    ] {
        assert!(zh.contains(part), "{part}\n{zh}");
    }
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["deviations"][0]["given"]["months"], 33);
    assert_eq!(json["deviations"][3]["by"]["fen"], 5_200_000);
    assert_eq!(
        json["rule_sets"][0]["sentence_frame"]["lower_band"]["band"]["max_months"],
        36
    );
    assert_eq!(DeviationState::CannotBeTold, {
        let below = assess(&FactSheet {
            judgment: Some(months(1, None, 1)),
            ..music("")
        });
        below.deviations[0].state
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_deviation_agrees_with_its_own_numbers(
        sheet in crate::properties::sheets(), months in 1_i64..=1_200, probation in prop::option::of(1_i64..=1_200),
        fine in 0_i64..=quanlian_law::MAX_FEN, surrender: bool,
    ) {
        let mut sheet = sheet;
        sheet.judgment = Some(Judgment { probation_months: probation, fine_fen: Some(fine), ..months_of(months) });
        if surrender {
            let stated = FactSheet::from_json(&format!(r#"{{"offence":"x","facts":[{SURRENDER}]}}"#)).unwrap();
            sheet.facts.extend(stated.facts);
        }
        let options = quanlian_law::AssessOptions { sensitivity: false, ..quanlian_law::AssessOptions::default() };
        let answer = crate::book().assess_with(&sheet, "2026-11-22".parse().unwrap(), options).unwrap();
        for deviation in &answer.deviations {
            let number = |judged: Judged| match judged {
                Judged::Months(n) | Judged::Fen(n) => n,
                Judged::Tier(_) => unreachable!("no tier was given"),
            };
            let given = number(deviation.given);
            let range = deviation.frame.map(|frame| (number(frame.low), frame.high.map(number)));
            let agrees = match (deviation.state, range, deviation.by.map(number)) {
                (DeviationState::Inside, Some((low, high)), None) => low <= given && high.is_none_or(|high| given <= high),
                (DeviationState::Below, Some((low, _)), Some(by)) => by > 0 && given + by <= low,
                (DeviationState::Above, Some((_, Some(high))), Some(by)) => by > 0 && given - by == high,
                (DeviationState::Outside | DeviationState::CannotBeTold, _, None) => true,
                _ => false,
            };
            prop_assert!(agrees, "{deviation:?}");
            let unfilled = [&deviation.why, &deviation.title, &deviation.frame_text].map(|text| text.en.contains('{'));
            prop_assert_eq!(unfilled, [false; 3]);
        }
        let established = matches!(answer.outcome, Outcome::Serious | Outcome::EspeciallySerious);
        prop_assert_eq!(answer.rule_sets.iter().any(|set| set.governs && set.sentence_frame.is_some()), {
            let set = answer.rule_sets.iter().find(|set| set.governs).unwrap();
            matches!(set.outcome, Outcome::Serious | Outcome::EspeciallySerious)
        });
        prop_assert!(established || answer.deviations.iter().all(|d| d.what != DeviationOf::Tier));
    }
}

fn months_of(months: i64) -> Judgment {
    Judgment {
        months: Some(months),
        ..Judgment::default()
    }
}
