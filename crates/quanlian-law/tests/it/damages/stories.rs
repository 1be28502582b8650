//! Damages in cases as courts meet them.

use expect_test::expect;
use quanlian_law::{
    DamagesAnswer, DamagesSheet,
    damages::{DistanceKind, Found, Governs, MethodState, PunitiveState, StatutoryState, rule::Strength},
};

use crate::{book, word};

use super::{NOT_WILFUL, WILFUL, answer, ends, law, reading, sheet, today, total};

#[test]
fn music_of_2022_the_known_gain_goes_before_thirty_million_plays_at_a_price() {
    let head = r#""right":"copyright","infringement":{"from":"2022-05-01","to":"2023-04-30"},"judged_on":"2024-12-20""#;
    let plays =
        r#"{"name":"infringing_uses","count":30000000},{"name":"royalty_per_thousand_uses","fen":500}"#;
    let gain = r#"{"name":"illegal_gain","fen":7200000,"evidence":["ledger"],"stated_by":"the auditor"}"#;
    let with_gain = answer(&sheet(head, &format!("{gain},{plays},{NOT_WILFUL}")));
    let copyright = law(&with_gain, "copyright.2021");
    assert_eq!(
        copyright.preferred.iter().map(word).collect::<Vec<_>>(),
        ["illegal_gain"]
    );
    assert_eq!(total(&with_gain), (7_200_000, Some(7_200_000)));
    let royalty = copyright
        .methods
        .iter()
        .find(|method| word(&method.method) == "royalty")
        .unwrap();
    assert_eq!(
        (royalty.state, royalty.amount.unwrap().at_least_fen),
        (MethodState::Excluded, 15_000_000)
    );
    let used = &copyright.methods[1].ways[0];
    assert_eq!(
        (used.evidence.as_slice(), used.stated_by.as_slice()),
        (&["ledger".to_owned()][..], &["the auditor".to_owned()][..])
    );
    assert_eq!(
        copyright.statutory.as_ref().unwrap().state,
        StatutoryState::Closed
    );
    let unknown = r#"{"name":"illegal_gain_undeterminable","value":true},{"name":"actual_loss_undeterminable","value":true}"#;
    let without_gain = answer(&sheet(head, &format!("{unknown},{plays},{NOT_WILFUL}")));
    assert_eq!(total(&without_gain), (15_000_000, Some(15_000_000)));
}

#[test]
fn the_same_marks_before_and_after_the_new_trademark_law() {
    let facts = format!(
        r#"{{"name":"actual_loss","fen":20000000}},{{"name":"infringer_profit","fen":90000000}},{{"name":"reasonable_costs","fen":5000000}},{NOT_WILFUL}"#
    );
    let on = |from: &str, to: &str, judged: &str| {
        let head = format!(
            r#""right":"trademark","infringement":{{"from":"{from}","to":"{to}"}},"judged_on":"{judged}""#
        );
        answer(&sheet(&head, &facts))
    };
    let before = on("2025-01-01", "2025-12-31", "2026-06-01");
    assert_eq!(law(&before, "trademark.2019").preferred.len(), 1);
    assert_eq!(
        ends(reading(&before, "trademark.2019/compensation")),
        (25_000_000, Some(25_000_000))
    );
    assert_eq!(
        ends(reading(&before, "trademark.2019/compensation/costs_inside")),
        (20_000_000, Some(20_000_000)),
        "both readings of “include” are held"
    );
    let after = on("2027-01-01", "2027-06-30", "2027-09-01");
    assert_eq!(law(&after, "trademark.2027").preferred.len(), 2);
    assert_eq!(
        ends(reading(&after, "trademark.2027/compensation")),
        (25_000_000, Some(95_000_000))
    );
    let both = on("2026-07-01", "2027-06-30", "2027-09-01");
    assert_eq!(
        both.laws.iter().map(|law| law.governs).collect::<Vec<_>>(),
        [Governs::Open, Governs::Open]
    );
    assert!(both.choice_required && both.governing.law.is_none());
    assert_eq!(total(&both), (20_000_000, Some(95_000_000)));
}

#[test]
fn a_trade_secret_across_the_change_falls_under_the_new_law_and_three_times_has_two_readings() {
    let facts = format!(
        r#"{{"name":"infringer_profit","fen":200000000}},{{"name":"actual_loss_undeterminable","value":true}},{WILFUL}"#
    );
    let head = r#""right":"trade_secret","infringement":{"from":"2024-03-01","to":"2026-01-31"},"filed_on":"2026-02-01",
        "judged_on":"2026-04-20","claim":{"total_fen":600000000,"punitive_multiple":3,"reasons":"wilful"}"#;
    let answer = answer(&sheet(head, &facts));
    let states: Vec<_> = answer
        .laws
        .iter()
        .map(|law| (law.id.as_str(), law.governs))
        .collect();
    assert_eq!(states, [("aucl.2019", Governs::No), ("aucl.2025", Governs::Yes)]);
    assert_eq!(answer.governing.rules[0].rule, "cn/civil/temporal/2020-7-art-28");
    assert_eq!(
        ends(reading(&answer, "aucl.2025/punitive.2021/base_times_n")),
        (600_000_000, Some(600_000_000))
    );
    assert_eq!(
        ends(reading(&answer, "aucl.2025/punitive.2021/base_plus_base_times_n")),
        (800_000_000, Some(800_000_000))
    );
    assert_eq!(total(&answer), (600_000_000, Some(800_000_000)));
    assert!(answer.choice_required);
    let claim = answer.claim.unwrap();
    let kinds: Vec<_> = claim
        .distances
        .iter()
        .map(|distance| (distance.kind, distance.by_fen))
        .collect();
    assert_eq!(
        kinds,
        [
            (DistanceKind::InsideReading, 0),
            (DistanceKind::BelowReading, 200_000_000)
        ]
    );
}

#[test]
fn a_person_chooses_between_the_readings_and_the_choice_is_kept() {
    let facts = format!(r#"{{"name":"infringer_profit","fen":200000000}},{WILFUL}"#);
    let with = |choice: &str| {
        let head = format!(
            r#""right":"trade_secret","infringement":{{"from":"2025-11-01","to":"2026-01-31"}},"filed_on":"2026-02-01",
            "judged_on":"2026-04-20","claim":{{"punitive_multiple":3}},"chosen_reading":{choice}"#
        );
        let sheet = DamagesSheet::parse(&sheet(&head, &facts)).unwrap();
        book().damages(&sheet, today())
    };
    let chosen = with(r#"{"id":"aucl.2025/punitive.2021/base_times_n","reason":"the text says so","chosen_by":"the judge"}"#).unwrap();
    assert_eq!(total(&chosen), (600_000_000, Some(600_000_000)));
    assert!(!chosen.choice_required && chosen.open[0].question.en.contains("the text says so"));
    let unknown = with(r#"{"id":"aucl.2025/base","reason":"x"}"#).unwrap_err();
    assert_eq!(unknown.code(), "law_damages_choice");
    assert!(
        unknown.to_string().contains("base_plus_base_times_n"),
        "{unknown}"
    );
    assert_eq!(
        with(r#"{"id":"aucl.2025/punitive.2021/base_times_n","reason":" "}"#)
            .unwrap_err()
            .code(),
        "law_damages_choice"
    );
}

#[test]
fn patents_fall_back_on_thirty_thousand_to_five_million_with_the_costs_on_top() {
    let head = r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20",
        "claim":{"total_fen":600000000}"#;
    let answer = answer(&sheet(head, r#"{"name":"reasonable_costs","fen":8000000}"#));
    assert_eq!(
        total(&answer),
        (3_000_000 + 8_000_000, Some(500_000_000 + 8_000_000))
    );
    let claim = answer.claim.as_ref().unwrap();
    assert_eq!(
        (claim.distances[0].kind, claim.distances[0].by_fen),
        (DistanceKind::AboveStatutory, 92_000_000)
    );
    assert_eq!(
        law(&answer, "patent.2021").punitive[0].state,
        PunitiveState::NoBase
    );
    assert!(
        answer
            .missing
            .iter()
            .any(|missing| missing.fact == "actual_loss" && missing.moves_fen.is_none())
    );
}

#[test]
fn pudong_opens_five_to_ten_times_in_especially_serious_circumstances() {
    let facts = format!(
        r#"{{"name":"actual_loss","fen":100000000}},{WILFUL},{{"name":"especially_serious_circumstances","value":true}}"#
    );
    let head = |place: &str| {
        format!(
            r#""right":"patent","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"filed_on":"2024-01-10",
            "judged_on":"2024-12-20",{place}"claim":{{"punitive_multiple":6}}"#
        )
    };
    let there = answer(&sheet(&head(r#""place":"pudong","#), &facts));
    let local = law(&there, "patent.2021+pudong.2021");
    assert_eq!(
        (local.governs, law(&there, "patent.2021").governs),
        (Governs::Yes, Governs::No)
    );
    assert_eq!(local.punitive[0].multiple_hundredths, Some([600, 600]));
    assert_eq!(
        ends(reading(
            &there,
            "patent.2021+pudong.2021/punitive.2021/base_times_n"
        )),
        (600_000_000, Some(600_000_000))
    );
    // Elsewhere the same claim is refused by name.
    let sheet = DamagesSheet::parse(&sheet(&head(""), &facts)).unwrap();
    let refused = book().damages(&sheet, today()).unwrap_err();
    assert_eq!(refused.code(), "law_damages_multiple");
    expect!["claim.punitive_multiple: 6 times is outside what the law allows: 1 to 5 times (Patent Law (2020), art. 71); claim a multiple inside"]
        .assert_eq(&refused.to_string());
}

#[test]
fn pudong_before_its_regulation_is_open_and_its_statutory_range_is_twice_as_high() {
    let head = |from: &str, to: &str| {
        format!(
            r#""right":"patent","place":"pudong","infringement":{{"from":"{from}","to":"{to}"}},"judged_on":"2024-12-20""#
        )
    };
    let inside = answer(&sheet(&head("2021-12-01", "2022-12-31"), ""));
    assert_eq!(total(&inside), (0, Some(1_000_000_000)));
    let across = answer(&sheet(&head("2021-11-30", "2022-12-31"), ""));
    assert!(across.laws.iter().all(|law| law.governs == Governs::Open) && across.choice_required);
    let before = answer(&sheet(&head("2021-07-01", "2021-11-30"), ""));
    assert_eq!(total(&before), (3_000_000, Some(500_000_000)));
    assert!(
        before.open[0].question.en.contains("no special rule"),
        "{:?}",
        before.open[0]
    );
}

#[test]
fn refused_books_let_the_court_follow_the_holders_figure_or_the_statutory_range() {
    let head =
        r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20""#;
    let figure = r#"{"name":"infringer_profit_undeterminable","value":true},{"name":"plaintiff_figure","fen":80000000}"#;
    let refused = answer(&sheet(
        head,
        &format!(r#"{figure},{{"name":"books_refused","value":true}},{NOT_WILFUL}"#),
    ));
    let patent = law(&refused, "patent.2021");
    assert_eq!(
        ends(reading(&refused, "patent.2021/compensation")),
        (80_000_000, Some(80_000_000))
    );
    assert_eq!(
        patent.statutory.as_ref().unwrap().state,
        StatutoryState::BesideFigures
    );
    assert_eq!(total(&refused), (3_000_000, Some(500_000_000)));
    let given = answer(&sheet(
        head,
        &format!(r#"{figure},{{"name":"books_refused","value":false}},{NOT_WILFUL}"#),
    ));
    assert_eq!(law(&given, "patent.2021").preferred, []);
}

fn weights(answer: &DamagesAnswer) -> Vec<(&str, Strength)> {
    let weighed = answer.fines_paid[0].weighed.iter();
    weighed
        .map(|weight| (weight.interpretation.as_str(), weight.strength))
        .collect()
}

#[test]
fn fines_already_paid_are_never_deducted_and_weighed_as_each_interpretation_says() {
    let with = |judged: &str, paid: &str| {
        let head = format!(
            r#""right":"patent","infringement":{{"from":"2025-01-01","to":"2025-12-31"}},"judged_on":"{judged}",
            "fines_paid":[{{"kind":"administrative","fen":5000000,{paid}"evidence":["receipt"]}}]"#
        );
        answer(&sheet(
            &head,
            &format!(r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL}"#),
        ))
    };
    let old = with("2026-03-01", r#""paid_on":"2026-01-15","same_act":true,"#);
    assert_eq!(weights(&old), [("punitive.2021", Strength::May)]);
    assert_eq!(
        total(&old),
        (100_000_000, Some(100_000_000)),
        "nothing is deducted"
    );
    let new = with("2026-06-01", r#""paid_on":"2026-01-15","same_act":true,"#);
    assert_eq!(
        weights(&new),
        [
            ("punitive.2021", Strength::May),
            ("punitive.2026", Strength::Shall)
        ]
    );
    assert_eq!(
        with("2026-06-01", r#""paid_on":"2026-01-15","same_act":false,"#).fines_paid[0].weighed,
        []
    );
    assert_eq!(
        with("2026-06-01", r#""same_act":true,"#).fines_paid[0].weighed,
        [],
        "not executed"
    );
}

#[test]
fn a_multiple_of_the_licence_fee_counts_when_loss_and_profit_are_hard_to_determine() {
    let head =
        r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20""#;
    let hard = r#"{"name":"actual_loss_undeterminable","value":true},{"name":"infringer_profit_undeterminable","value":true}"#;
    let fee = r#"{"name":"licence_fee","fen":10000000}"#;
    let twice = answer(&sheet(
        head,
        &format!(r#"{hard},{fee},{{"name":"licence_multiple_percent","count":250}},{NOT_WILFUL}"#),
    ));
    assert_eq!(total(&twice), (25_000_000, Some(25_000_000)));
    let open = answer(&sheet(head, &format!("{hard},{fee},{NOT_WILFUL}")));
    assert_eq!(
        total(&open),
        (10_000_000, None),
        "without a multiple it is open upwards"
    );
    assert!(
        open.missing
            .iter()
            .any(|missing| missing.fact == "licence_multiple_percent")
    );
}

#[test]
fn the_operating_profit_counts_unless_infringement_is_the_business() {
    let head = r#""right":"copyright","infringement":{"from":"2026-05-01","to":"2026-06-30"},"judged_on":"2026-10-01""#;
    let profits = r#"{"name":"operating_profit","fen":30000000},{"name":"sales_profit","fen":50000000},{"name":"contribution_percent","count":50}"#;
    let with = |business: &str| {
        total(&answer(&sheet(
            head,
            &format!("{profits},{business}{NOT_WILFUL}"),
        )))
    };
    assert_eq!(
        with(r#"{"name":"infringement_as_business","value":false},"#),
        (15_000_000, Some(15_000_000))
    );
    assert_eq!(
        with(r#"{"name":"infringement_as_business","value":true},"#),
        (25_000_000, Some(25_000_000))
    );
    assert_eq!(
        with(""),
        (15_000_000, Some(25_000_000)),
        "unknown: both stay possible"
    );
}

#[test]
fn what_nobody_has_read_is_named_and_decisive_where_the_total_rests_on_it() {
    let head = |judged: &str| {
        format!(
            r#""right":"patent","infringement":{{"from":"{judged}","to":"{judged}"}},"judged_on":"{judged}""#
        )
    };
    let loss = r#"{"name":"actual_loss","fen":100000000}"#;
    let old = answer(&sheet(&head("2026-04-30"), &format!("{loss},{WILFUL}")));
    assert!(!old.rests_on_unverified, "{:?}", old.unverified);
    let new = answer(&sheet(&head("2026-05-01"), &format!("{loss},{WILFUL}")));
    assert!(new.rests_on_unverified);
    let plain = answer(&sheet(&head("2026-05-01"), &format!("{loss},{NOT_WILFUL}")));
    assert!(
        !plain.rests_on_unverified && !plain.unverified.is_empty(),
        "no multiple is in sight"
    );
}

#[test]
fn statements_that_cannot_both_be_true_are_shown_and_not_averaged() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let two = r#"{"name":"actual_loss","fen":10000000,"stated_by":"the holder"},{"name":"actual_loss","fen":4000000,"stated_by":"the infringer"}"#;
    let stated = answer(&sheet(head, &format!("{two},{NOT_WILFUL}")));
    assert_eq!(total(&stated), (4_000_000, Some(10_000_000)));
    assert_eq!(
        (
            stated.contradictions[0].fact.as_str(),
            stated.contradictions[0].stated.len()
        ),
        ("actual_loss", 2)
    );
    // A stated loss and one that is computed from lost units are such statements too.
    let computed = r#"{"name":"actual_loss","fen":10000000},{"name":"lost_units","count":1000},{"name":"own_unit_profit","fen":6000}"#;
    let differing = answer(&sheet(head, &format!("{computed},{NOT_WILFUL}")));
    assert_eq!(total(&differing), (6_000_000, Some(10_000_000)));
    assert_eq!(differing.contradictions[0].fact, "actual_loss");
}

#[test]
fn an_amount_that_is_also_said_to_be_hard_to_determine_is_pointed_out() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let both = r#"{"name":"actual_loss","fen":10000000},{"name":"actual_loss_undeterminable","value":true}"#;
    let answer = answer(&sheet(head, &format!("{both},{NOT_WILFUL}")));
    assert!(
        answer.contradictions[0].text.en.contains("not used"),
        "{:?}",
        answer.contradictions
    );
    assert_eq!(law(&answer, "trademark.2019").preferred, []);
}

#[test]
fn a_share_that_is_only_known_to_be_at_least_so_much_ends_at_the_whole() {
    let head =
        r#""right":"patent","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let facts =
        r#"{"name":"operating_profit","fen":10000000},{"name":"contribution_percent","at_least_count":40}"#;
    let answer = answer(&sheet(head, &format!("{facts},{NOT_WILFUL}")));
    assert_eq!(total(&answer), (4_000_000, Some(10_000_000)));
}

#[test]
fn an_action_that_came_late_is_told_how_far_back_damages_reach() {
    let head = r#""right":"copyright","infringement":{"from":"2021-06-01","to":"2025-12-31"},"filed_on":"2026-02-28","judged_on":"2026-04-01""#;
    let late = answer(&sheet(head, r#"{"name":"actual_loss","fen":100}"#));
    assert!(
        late.open
            .iter()
            .any(|open| open.question.en.contains("2023-02-28")),
        "{:?}",
        late.open
    );
}

#[test]
fn conduct_before_every_law_in_the_book_has_no_total() {
    let head =
        r#""right":"patent","infringement":{"from":"2015-01-01","to":"2016-12-31"},"judged_on":"2018-01-01""#;
    let none = answer(&sheet(head, r#"{"name":"actual_loss","fen":100}"#));
    assert_eq!((none.total, none.laws.len()), (None, 0));
    assert!(
        none.summary.en.contains("no law on damages"),
        "{}",
        none.summary.en
    );
}

#[test]
fn other_unfair_competition_has_no_multiple_and_needs_confusion_for_the_statutory_range() {
    let head = r#""right":"unfair_competition","infringement":{"from":"2025-11-01","to":"2025-12-31"},"judged_on":"2026-03-01","claim":{"punitive_multiple":3}"#;
    let with = |facts: &str| answer(&sheet(head, facts));
    let statutory = |answer: &DamagesAnswer| law(answer, "aucl.2025").statutory.as_ref().unwrap().state;
    assert_eq!(statutory(&with("")), StatutoryState::DependsOnAct);
    assert_eq!(
        statutory(&with(r#"{"name":"confusion","value":true}"#)),
        StatutoryState::Open
    );
    let other = with(r#"{"name":"confusion","value":false}"#);
    assert_eq!(
        (statutory(&other), other.total),
        (StatutoryState::NotForThisAct, None)
    );
    assert_eq!(
        law(&other, "aucl.2025").punitive[0].state,
        PunitiveState::Excluded
    );
}

#[test]
fn signs_let_the_court_find_intent_also_against_a_denial() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let facts = format!(
        r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL},{{"name":"piracy_or_counterfeiting","value":true,"evidence":["seized bags"]}}"#
    );
    let answer = answer(&sheet(head, &facts));
    let intent = law(&answer, "trademark.2019").punitive[0].intent.clone().unwrap();
    assert_eq!(intent.state, Found::MayBeFound);
    let sign = intent
        .factors
        .iter()
        .find(|factor| factor.fact == "piracy_or_counterfeiting")
        .unwrap();
    assert_eq!(sign.evidence, ["seized bags"]);
}
