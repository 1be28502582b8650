//! Several acts: what adds up, what is left out, and what cannot be right.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_law::{
    Act, Assessment, FactSheet, Language, MAX_ACTS, Outcome, Reason, ReasonKind, Statement, Tier,
};

use crate::{assess, count, money};

fn sheet(acts: &str, facts: &str, more: &str) -> FactSheet {
    FactSheet::from_json(&format!(
        r#"{{"offence":"cn/criminal/217","person":"natural","judged_on":"2024-12-20",{more}"facts":[{facts}],"acts":[{acts}]}}"#
    ))
    .unwrap()
}

fn error(acts: &str, more: &str, code: &str, then: Expect) {
    let error = crate::book()
        .assess(&sheet(acts, "", more), "2026-11-22".parse().unwrap())
        .unwrap_err();
    assert_eq!(error.code(), code);
    then.assert_eq(&error.to_string());
}

const TWO: &str = r#"{"from":"2022-05-01","to":"2022-05-31","facts":[{"name":"illegal_gain","fen":2000000,"evidence":["a"]}]},
    {"from":"2022-08-01","to":"2022-08-31","facts":[{"name":"illegal_gain","fen":1500000,"evidence":["b"]}]}"#;
const PUNISHED: &str = r#"{"from":"2021-05-01","to":"2021-05-31","punished_on":"2021-09-01","punished_by":"文旅局 2021-17","facts":[{"name":"illegal_gain","fen":9000000}]}"#;

/// The derivation of a fact under the first line that compares it.
fn derivation<'a>(answer: &'a Assessment, fact: &str) -> Option<&'a Reason> {
    fn find<'a>(reasons: &'a [Reason], fact: &str) -> Option<&'a Reason> {
        reasons.iter().find_map(|reason| {
            let own = reason.kind == ReasonKind::Derivation && reason.fact.as_deref() == Some(fact);
            own.then_some(reason).or_else(|| find(&reason.children, fact))
        })
    }
    find(&answer.rule_sets[0].reasons, fact)
}

#[test]
fn two_gains_below_the_line_add_up_and_the_reason_lists_every_act() {
    let answer = assess(&sheet(&format!("{PUNISHED},{TWO}"), "", ""));
    assert_eq!(answer.outcome, Outcome::Serious);
    let sum = derivation(&answer, "illegal_gain").unwrap();
    assert_eq!(sum.rule.as_deref(), Some("cn/criminal/2004-19-art-12"));
    let said: Vec<&str> = std::iter::once(sum)
        .chain(&sum.children)
        .map(|r| r.text.en.as_str())
        .collect();
    expect![[r"
        illegal gain: 2 acts that were not dealt with come to 35,000.00 yuan
        act 1 (2021-05-01 to 2021-05-31): already dealt with, left out (2021-09-01 文旅局 2021-17)
        act 2 (2022-05-01 to 2022-05-31): 20,000.00 yuan
        act 3 (2022-08-01 to 2022-08-31): 15,000.00 yuan"]]
    .assert_eq(&said.join("\n"));
    assert_eq!(sum.children[2].evidence, ["b"]);
    let fine = answer.rule_sets[0].fine.as_ref().unwrap();
    assert_eq!(
        (fine.low.at_least_fen, fine.high.at_most_fen),
        (3_500_000, Some(17_500_000))
    );
    assert_eq!(
        answer.conduct_from.unwrap().to_string(),
        "2022-05-01",
        "the punished act is not judged again"
    );
    assert_eq!(answer.conduct_to.unwrap().to_string(), "2022-08-31");
    let page = crate::book().render_assessment(&answer, Language::Zh);
    assert!(
        page.contains("未经处理的 2 次行为累计为 35,000.00 元") && page.contains("2011年意见"),
        "{page}"
    );
}

#[test]
fn when_every_act_was_punished_nothing_is_known_of_the_total() {
    let answer = assess(&sheet(
        PUNISHED,
        "",
        r#""conduct":{"from":"2022-01-01","to":"2022-12-31"},"#,
    ));
    assert_eq!(answer.outcome, Outcome::Undetermined);
    assert!(derivation(&answer, "illegal_gain").is_none());
}

#[test]
fn a_total_that_is_stated_too_must_be_the_same() {
    let same = assess(&sheet(TWO, r#"{"name":"illegal_gain","fen":3500000}"#, ""));
    assert!(same.contradictions.is_empty());
    let apart = assess(&sheet(
        TWO,
        r#"{"name":"illegal_gain","fen":2900000,"evidence":["ledger"]}"#,
        "",
    ));
    expect!["illegal gain: stated as 29,000.00 yuan, but 35,000.00 yuan by 法释〔2004〕19号, art. 12; both cannot be true; not averaged, taken as 29,000.00 yuan to 35,000.00 yuan; please check"]
        .assert_eq(&apart.contradictions[0].text.en);
    assert_eq!(apart.contradictions[0].stated[0].evidence, ["ledger"]);
    assert_eq!(
        apart.outcome,
        Outcome::Undetermined,
        "both stay possible, and the line lies between them"
    );
}

#[test]
fn an_act_that_says_nothing_of_an_amount_leaves_the_total_open() {
    let acts = format!(r#"{TWO},{{"from":"2022-09-01","to":"2022-09-30","facts":[]}}"#);
    let answer = assess(&sheet(&acts, "", ""));
    let sum = derivation(&answer, "illegal_gain").unwrap();
    expect!["illegal gain: 3 acts that were not dealt with come to at least 35,000.00 yuan"]
        .assert_eq(&sum.text.en);
    assert_eq!(answer.could_reach, Tier::EspeciallySerious);
}

#[test]
fn an_amount_that_the_text_does_not_name_is_the_largest_act_up_to_the_sum() {
    let clicks = |a: i64, b: i64| {
        let acts = format!(
            r#"{{"from":"2022-05-01","to":"2022-05-31","facts":[{{"name":"actual_clicks","count":{a}}}]}},
               {{"from":"2022-08-01","to":"2022-08-31","facts":[{{"name":"actual_clicks","count":{b}}}]}}"#
        );
        assess(&sheet(&acts, "", ""))
    };
    let answer = clicks(40_000, 20_000);
    assert_eq!(
        answer.outcome,
        Outcome::Undetermined,
        "60,000 together, 40,000 at most alone"
    );
    expect!["actual clicks: 2 acts were not dealt with, but the text does not name this amount as one that adds up; taken as the largest single act up to the sum: 40,000 clicks to 60,000 clicks"]
        .assert_eq(&derivation(&answer, "actual_clicks").unwrap().text.en);
    assert_eq!(
        clicks(60_000, 1).outcome,
        Outcome::Serious,
        "one act alone reaches the line"
    );
}

#[test]
fn before_the_interpretation_of_2004_nothing_says_that_acts_add_up() {
    let acts = TWO.replace("2022-", "2004-");
    let answer = assess(&sheet(&acts, "", ""));
    assert_eq!(answer.rule_sets[0].as_of.to_string(), "2004-08-31");
    assert_eq!(answer.rule_sets[0].outcome, Outcome::Undetermined);
}

#[test]
fn acts_that_cannot_be_right_are_refused_and_named() {
    let act = |fields: &str| format!(r"{TWO},{{{fields}}}");
    error(
        &act(r#""from":"2022-12-01","to":"2022-11-01""#),
        "",
        "law_sheet_act",
        expect!["acts[2]: it ends on 2022-11-01 before it begins on 2022-12-01; swap them or correct one"],
    );
    error(
        &act(r#""from":"2025-12-01""#),
        "",
        "law_sheet_act",
        expect!["acts[2]: `from` is 2025-12-01, after the judgment on 2024-12-20; correct one of them"],
    );
    error(
        &act(r#""from":"2024-12-01","to":"2024-12-21""#),
        "",
        "law_sheet_act",
        expect!["acts[2]: `to` is 2024-12-21, after the judgment on 2024-12-20; correct one of them"],
    );
    error(
        TWO,
        r#""conduct":{"from":"2022-06-01","to":"2022-12-31"},"#,
        "law_sheet_act",
        expect![
            "acts[0]: 2022-05-01 lies outside the conduct from 2022-06-01 to 2022-12-31; widen `conduct`, or leave it out to take it from the acts"
        ],
    );
    error(
        &act(r#""from":"2022-12-01","punished_on":"2022-11-30""#),
        "",
        "law_sheet_act",
        expect![
            "acts[2]: it was punished on 2022-11-30, before it was done on 2022-12-01; correct one of them"
        ],
    );
    error(
        &act(r#""punished_on":"2025-01-01""#),
        "",
        "law_sheet_act",
        expect![
            "acts[2]: `punished_on` is 2025-01-01, after the judgment on 2024-12-20; correct one of them"
        ],
    );
    error(
        &act(r#""facts":[{"name":"online","value":true}]"#),
        "",
        "law_sheet_act",
        expect!["acts[2].facts: `online` is not an amount, and only amounts add up; state it in `facts`"],
    );
    error(
        &act(r#""facts":[{"name":"illegal_gain","fen":-1}]"#),
        "",
        "law_sheet_absurd",
        expect!["acts[2].facts[0].fen: -1 is not possible; write an amount from 0 to 1000000000000000"],
    );
    let many = vec!["{}"; MAX_ACTS + 1].join(",");
    error(
        &many,
        "",
        "law_sheet_too_many",
        expect!["acts: more than 1000; join acts that belong together"],
    );
    let long = format!(r#"{{"punished_by":"{}"}}"#, "x".repeat(5_000));
    error(
        &long,
        "",
        "law_sheet_too_many",
        expect!["acts[0].punished_by (bytes): more than 4096; shorten the text"],
    );
    let full = vec![r#"{"name":"illegal_gain","fen":1}"#; 10_001].join(",");
    error(
        &format!(r#"{{"facts":[{full}]}}"#),
        "",
        "law_sheet_too_many",
        expect!["acts: more than 10000; join statements that rest on the same counting"],
    );
}

#[test]
fn statements_of_one_act_that_contradict_each_other_are_listed() {
    let acts = r#"{"from":"2022-05-01","to":"2022-05-31","facts":[{"name":"illegal_gain","fen":2000000},{"name":"illegal_gain","fen":2500000}]},
        {"from":"2022-08-01","to":"2022-08-31","facts":[{"name":"illegal_gain","fen":1500000}]}"#;
    let answer = assess(&sheet(acts, "", ""));
    assert_eq!(answer.contradictions[0].stated.len(), 2);
    expect!["illegal gain: 2 statements contradict each other; not averaged, taken as 35,000.00 yuan to 40,000.00 yuan; please check"]
        .assert_eq(&answer.contradictions[0].text.en);
}

#[test]
fn an_unknown_field_of_an_act_is_named() {
    let text = r#"{"offence":"cn/criminal/217","acts":[{"form":"2022-05-01"}]}"#;
    let error = FactSheet::from_json(text).unwrap_err();
    assert!(error.to_string().contains("unknown field `form`"), "{error}");
}

#[test]
fn sums_beyond_any_real_amount_do_not_overflow() {
    let acts = vec![r#"{"facts":[{"name":"illegal_gain","fen":1000000000000000}]}"#; MAX_ACTS].join(",");
    let answer = assess(&sheet(
        &acts,
        "",
        r#""conduct":{"from":"2022-01-01","to":"2022-12-31"},"#,
    ));
    assert_eq!(answer.outcome, Outcome::EspeciallySerious);
}

/// A gain and a business volume for each act, each exact, at least or at most.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let statement = |name: &'static str| {
        (0_i64..20_000_000, 0..3_u8).prop_map(move |(fen, form)| match form {
            0 => money(name, fen),
            1 => Statement {
                fen: None,
                at_least_fen: Some(fen),
                ..money(name, fen)
            },
            _ => Statement {
                fen: None,
                at_most_fen: Some(fen),
                ..money(name, fen)
            },
        })
    };
    let act = (
        statement("illegal_gain"),
        statement("illegal_business_volume"),
        any::<bool>(),
        1..28_u8,
        0_i64..9_000,
    );
    let act = act.prop_map(|(gain, volume, punished, day, copies)| Act {
        from: Some(format!("2022-05-{day:02}").parse().unwrap()),
        to: Some(format!("2022-06-{day:02}").parse().unwrap()),
        facts: vec![gain, volume, count("copies", copies)],
        punished_on: punished.then(|| "2023-01-01".parse().unwrap()),
        ..Act::default()
    });
    prop::collection::vec(act, 1..6)
}

fn judged(acts: Vec<Act>, facts: Vec<Statement>) -> Assessment {
    let day = |text: &str| Some(text.parse().unwrap());
    let sheet = FactSheet {
        offence: "cn/criminal/217".into(),
        person: Some(quanlian_law::Person::Natural),
        conduct: Some(quanlian_law::Conduct {
            from: day("2022-05-01"),
            to: day("2022-06-30"),
        }),
        judged_on: day("2024-12-20"),
        facts,
        acts,
        ..FactSheet::default()
    };
    crate::book()
        .assess(&sheet, "2026-11-22".parse().unwrap())
        .unwrap()
}

/// What decides, without the wording of the tree.
fn result(answer: &Assessment) -> (Outcome, Tier, Vec<String>, Option<quanlian_law::FineResult>) {
    let missing = answer
        .missing
        .iter()
        .map(|missing| format!("{} {:?}", missing.fact, missing.from))
        .collect();
    (
        answer.outcome,
        answer.could_reach,
        missing,
        answer.rule_sets[0].fine.clone(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_acts_does_not_matter(acts in acts(), turn in 0..6_usize) {
        let mut turned = acts.clone();
        let by = turn % turned.len();
        turned.rotate_left(by);
        prop_assert_eq!(result(&judged(acts, Vec::new())), result(&judged(turned, Vec::new())));
    }

    #[test]
    fn adding_up_acts_is_the_same_as_stating_the_total(acts in acts()) {
        let counted: Vec<&Act> = acts.iter().filter(|act| act.punished_on.is_none()).collect();
        prop_assume!(!counted.is_empty());
        let total = |index: usize, name: &str| {
            let of = |pick: &dyn Fn(&Statement) -> Option<i64>| -> Option<i64> {
                counted.iter().map(|act| pick(&act.facts[index])).sum()
            };
            let low = of(&|s| Some(s.fen.or(s.at_least_fen).unwrap_or(0)));
            let high = of(&|s| s.fen.or(s.at_most_fen));
            Statement { at_least_fen: low, at_most_fen: high, ..Statement { fen: None, ..money(name, 0) } }
        };
        let stated = vec![total(0, "illegal_gain"), total(1, "illegal_business_volume")];
        // Copies are not named by the text, so the acts leave them out here.
        let mut named = acts.clone();
        for act in &mut named {
            act.facts.truncate(2);
        }
        prop_assert_eq!(result(&judged(named, Vec::new())), result(&judged(Vec::new(), stated)));
    }

    #[test]
    fn one_more_act_never_lowers_the_tier(acts in acts(), fen in 0_i64..50_000_000) {
        let before = judged(acts.clone(), Vec::new());
        prop_assume!(acts.iter().any(|act| act.punished_on.is_none()));
        let mut more = acts;
        more.push(Act {
            facts: vec![money("illegal_gain", fen), money("illegal_business_volume", fen), count("copies", 1)],
            from: Some("2022-05-01".parse().unwrap()),
            to: Some("2022-05-02".parse().unwrap()),
            ..Act::default()
        });
        let after = judged(more, Vec::new());
        prop_assert!(after.outcome >= before.outcome && after.could_reach >= before.could_reach);
    }
}

#[test]
fn acts_are_written_in_toml_as_well() {
    let toml = "offence = \"cn/criminal/217\"\nperson = \"natural\"\njudged_on = 2024-12-20\n\
        [[acts]]\nfrom = 2022-05-01\nto = 2022-05-31\nfacts = [{ name = \"illegal_gain\", fen = 2_000_000 }]\n\
        [[acts]]\nfrom = 2022-08-01\nto = 2022-08-31\n[[acts.facts]]\nname = \"illegal_gain\"\nfen = 1_500_000\n";
    let sheet = FactSheet::parse(toml).unwrap();
    assert_eq!(assess(&sheet).outcome, Outcome::Serious);
    let again = FactSheet::parse(&serde_json::to_string(&sheet).unwrap()).unwrap();
    assert_eq!(again, sheet);
}
