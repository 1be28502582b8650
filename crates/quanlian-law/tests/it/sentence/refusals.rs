//! What is refused, the text in both languages, and what must always hold.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_law::{
    FactSheet, Judgment, Language, Outcome,
    sentence::{DeviationOf, DeviationState, Judged},
};

use crate::{assess, book, music};

use super::{CLICKS, GAIN, SURRENDER, months};

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
