//! Sentences beside the frame, in cases as courts meet them.

use expect_test::expect;
use quanlian_law::{FactSheet, Judgment, Person, Truth, sentence::DeviationOf};

use crate::{assess, music, sheet};

use super::{CLICKS, GAIN, SURRENDER, check, flag, frame, months};

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
    assert_eq!(fee.above.unwrap().at, quanlian_law::Amount::Fen(250_000_000));
    assert_eq!(fee.below.unwrap().at, quanlian_law::Amount::Fen(30_000_000));
    assert_eq!(fee.below.unwrap().by, quanlian_law::Amount::Fen(200_000_000));
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
