//! Sensitivity: the amounts named are those at which a fresh assessment turns.

use proptest::prelude::*;
use quanlian_law::{
    Amount, AssessOptions, DayOf, FactSensitivity, FactSheet, FactValue, Outcome, Person, Sensitivity, Tier,
};

use crate::{assess, book, count, money, monotone, music, properties, sheet};

const GAIN: &str = r#"{"name":"illegal_gain","fen":7200000}"#;
const CLICKS: &str = r#"{"name":"actual_clicks","count":30000000}"#;

fn sensitivity(sheet: &FactSheet) -> Sensitivity {
    assess(sheet).sensitivity.unwrap()
}

fn of<'a>(sensitivity: &'a Sensitivity, fact: &str) -> &'a FactSensitivity {
    sensitivity.facts.iter().find(|found| found.fact == fact).unwrap()
}

#[test]
fn the_clicks_carry_the_outcome_and_fall_below_their_line() {
    let found = sensitivity(&music(&format!("{GAIN},{CLICKS}")));
    assert_eq!(found.facts[0].fact, "actual_clicks");
    let clicks = &found.facts[0];
    assert!(clicks.decides);
    assert_eq!(clicks.without.outcome, Outcome::Serious);
    let falls = clicks.below.unwrap();
    assert_eq!(
        (falls.at, falls.to, falls.by),
        (
            Amount::Count(250_000),
            Outcome::Serious,
            Amount::Count(29_750_000)
        )
    );
    assert!(
        clicks.text.en.contains(
            "would fall to “entry tier (serious)” below 250,000 clicks, is 29,750,000 clicks above"
        ),
        "{}",
        clicks.text.en
    );
    let gain = of(&found, "illegal_gain");
    assert!(!gain.decides && gain.below.is_none() && gain.above.is_none());
    assert!(found.next_lines.is_empty(), "the highest tier has no next line");
}

#[test]
fn the_entry_tier_says_where_it_rises_and_which_lines_are_next() {
    let facts = format!(r#"{GAIN},{{"name":"copies","count":400}}"#);
    let found = sensitivity(&music(&facts));
    let gain = of(&found, "illegal_gain");
    assert_eq!(gain.above.unwrap().at, Amount::Fen(15_000_000));
    assert_eq!(gain.above.unwrap().by, Amount::Fen(7_800_000));
    assert_eq!(gain.below.unwrap().at, Amount::Fen(3_000_000));
    assert_eq!(gain.below.unwrap().to, Outcome::Undetermined);
    let next: Vec<(&str, Amount)> = found
        .next_lines
        .iter()
        .map(|next| (next.line.as_str(), next.short_by))
        .collect();
    assert_eq!(
        next,
        [
            ("217.o.gain5", Amount::Fen(7_800_000)),
            ("217.o.copies07.5", Amount::Count(2_100))
        ]
    );
}

#[test]
fn a_share_of_two_lines_is_a_place_to_turn() {
    let facts = r#"{"name":"illegal_gain","fen":0},{"name":"illegal_business_volume","fen":0},
        {"name":"actual_clicks","count":25000},{"name":"works_disseminated","count":100},
        {"name":"registered_members","count":0},{"name":"copies","count":0},{"name":"downloads","count":0}"#;
    let found = sensitivity(&music(facts));
    // Half of 500 works together with half of 50,000 clicks is enough.
    assert_eq!(
        of(&found, "works_disseminated").above.unwrap().at,
        Amount::Count(250)
    );
    assert_eq!(
        of(&found, "actual_clicks").above.unwrap().at,
        Amount::Count(50_000)
    );
}

#[test]
fn the_line_of_a_unit_is_that_of_its_day() {
    let facts = r#"{"name":"illegal_gain","fen":9000000},{"name":"illegal_business_volume","fen":0},{"name":"copies","count":0}"#;
    let mut unit = sheet("2006-01-01", "2006-06-01", "2006-12-01", facts);
    unit.person = Some(Person::Unit);
    let found = sensitivity(&unit);
    assert_eq!(
        of(&found, "illegal_gain").below.unwrap().at,
        Amount::Fen(9_000_000)
    );
    // The same gain of a person is still the entry tier; from 150,000 on it is the upper one.
    assert!(found.person.is_none());
    let facts = facts.replace("9000000", "15000000");
    let mut unit = sheet("2006-01-01", "2006-06-01", "2006-12-01", &facts);
    unit.person = Some(Person::Unit);
    let person = sensitivity(&unit).person.unwrap();
    assert_eq!(
        (person.person, person.outcome),
        (Person::Natural, Outcome::EspeciallySerious)
    );
}

#[test]
fn the_day_of_the_conduct_and_of_the_judgment_can_decide() {
    let facts = r#"{"name":"actual_clicks","count":60000},{"name":"illegal_gain","fen":0},
        {"name":"illegal_business_volume","fen":0},{"name":"works_disseminated","count":0},
        {"name":"registered_members","count":0},{"name":"downloads","count":0},{"name":"copies","count":0}"#;
    let found = sensitivity(&sheet("2022-05-01", "2023-04-30", "2024-12-20", facts));
    let days: Vec<(DayOf, String, Outcome)> = found
        .days
        .iter()
        .map(|day| (day.what, day.on.to_string(), day.outcome))
        .collect();
    assert_eq!(days, [(DayOf::Judgment, "2025-04-26".to_owned(), Outcome::Below)]);
    let fresh = assess(&sheet("2022-05-01", "2023-04-30", "2025-04-26", facts));
    assert_eq!(fresh.outcome, Outcome::Below);
}

#[test]
fn a_flag_that_excludes_every_tier_shows_its_other_value() {
    let found = sensitivity(&music(&format!(
        r#"{GAIN},{{"name":"profit_purpose","value":false}}"#
    )));
    let flag = of(&found, "profit_purpose");
    let opposite = flag.opposite.unwrap();
    assert_eq!((opposite.value, opposite.outcome), (true, Outcome::Serious));
    assert!(
        flag.text
            .en
            .contains("if it holds, the outcome is “entry tier (serious)”"),
        "{}",
        flag.text.en
    );
}

#[test]
fn a_circumstance_of_the_sentence_never_carries_the_outcome() {
    let found = sensitivity(&music(&format!(
        r#"{GAIN},{{"name":"voluntary_surrender","value":true}}"#
    )));
    assert!(found.facts.iter().all(|fact| fact.fact != "voluntary_surrender"));
}

#[test]
fn a_batch_can_leave_it_out() {
    let sheet = music(GAIN);
    let today = "2026-11-22".parse().unwrap();
    let bare = book()
        .assess_with(&sheet, today, AssessOptions::OUTCOME_ONLY)
        .unwrap();
    assert!(bare.sensitivity.is_none());
    assert!(bare.rule_sets.iter().all(|set| set.sentence_frame.is_none()));
    let whole = book().assess(&sheet, today).unwrap();
    assert_eq!(
        (bare.outcome, bare.could_reach),
        (whole.outcome, whole.could_reach)
    );
}

/// The sheet with one fact stated exactly, and nothing else said of it.
fn stated(sheet: &FactSheet, fact: &str, amount: Amount) -> FactSheet {
    let mut with = sheet.clone();
    with.facts.retain(|statement| statement.name != fact);
    with.facts.push(match amount {
        Amount::Fen(fen) => money(fact, fen),
        Amount::Count(number) => count(fact, number),
    });
    with
}

fn less(amount: Amount) -> Amount {
    match amount {
        Amount::Fen(fen) => Amount::Fen(fen - 1),
        Amount::Count(number) => Amount::Count(number - 1),
    }
}

fn outcome(sheet: &FactSheet) -> (Outcome, Tier) {
    let answer = crate::book()
        .assess_with(sheet, "2026-11-22".parse().unwrap(), AssessOptions::OUTCOME_ONLY)
        .unwrap();
    (answer.outcome, answer.could_reach)
}

/// Sheets about trade secrets, most of whose amounts lead to another one.
fn secrets() -> impl Strategy<Value = FactSheet> {
    let money_names = prop::sample::select(vec![
        "loss_to_holder",
        "illegal_gain",
        "reasonable_licence_fee",
        "lost_sales_profit",
        "own_unit_profit",
        "infringing_unit_profit",
        "commercial_value",
        "remedial_cost",
        "benefit_from_secret",
    ]);
    let flags = prop::sample::select(vec![
        "secret_improperly_acquired",
        "secret_disclosed_or_used",
        "breach_of_confidentiality",
        "secret_public_or_destroyed",
    ]);
    let statement = prop_oneof![
        3 => (money_names, 0_i64..500_000_000).prop_map(|(name, fen)| money(name, fen)),
        1 => (prop::sample::select(vec!["lost_units", "infringing_units"]), 0_i64..5_000)
            .prop_map(|(name, n)| count(name, n)),
        3 => (flags, any::<bool>()).prop_map(|(name, value)| quanlian_law::Statement {
            name: name.into(),
            value: Some(FactValue::Flag(value)),
            ..quanlian_law::Statement::default()
        }),
    ];
    let offences = prop::sample::select(vec!["cn/criminal/219", "cn/criminal/219-1"]);
    let days = prop::sample::select(vec![
        ("2019-06-01", "2020-12-01"),
        ("2022-06-01", "2024-06-01"),
        ("2022-06-01", "2025-06-01"),
        ("2025-05-01", "2025-06-01"),
    ]);
    (offences, prop::collection::vec(statement, 1..8), days).prop_map(|(offence, facts, (ended, judged))| {
        FactSheet {
            offence: offence.into(),
            person: Some(Person::Natural),
            conduct: Some(quanlian_law::Conduct {
                from: None,
                to: Some(ended.parse().unwrap()),
            }),
            judged_on: Some(judged.parse().unwrap()),
            facts,
            ..FactSheet::default()
        }
    })
}

/// Every part of the sensitivity of a sheet against fresh assessments.
fn agrees(sheet: &FactSheet) -> Result<(), TestCaseError> {
    let answer = crate::book()
        .assess(sheet, "2026-11-22".parse().unwrap())
        .unwrap();
    let found = answer.sensitivity.unwrap();
    for day in &found.days {
        let mut moved = sheet.clone();
        match day.what {
            DayOf::Conduct => moved.conduct.as_mut().unwrap().to = Some(day.on),
            DayOf::Judgment => moved.judged_on = Some(day.on),
        }
        prop_assert_eq!(outcome(&moved).0, day.outcome, "{:?} on {}", day.what, day.on);
        prop_assert!(day.outcome != answer.outcome);
    }
    if let Some(person) = found.person {
        let other = FactSheet {
            person: Some(person.person),
            ..sheet.clone()
        };
        prop_assert_eq!(outcome(&other).0, person.outcome);
    }
    for fact in found.facts {
        let mut without = sheet.clone();
        without.facts.retain(|statement| statement.name != fact.fact);
        let (gone, reach) = outcome(&without);
        prop_assert_eq!(
            (gone, reach),
            (fact.without.outcome, fact.without.could_reach),
            "without {}",
            &fact.fact
        );
        let exact = |amount: Amount| outcome(&stated(sheet, &fact.fact, amount)).0;
        if let Some(below) = fact.below {
            prop_assert_eq!(
                exact(less(below.at)),
                below.to,
                "{} below {:?}",
                &fact.fact,
                below.at
            );
            prop_assert!(exact(below.at) != below.to);
        }
        if let Some(above) = fact.above {
            prop_assert_eq!(exact(above.at), above.to, "{} at {:?}", &fact.fact, above.at);
            prop_assert!(exact(less(above.at)) != above.to);
        }
        if let Some(opposite) = fact.opposite {
            let mut flipped = without;
            flipped.facts.push(quanlian_law::Statement {
                name: fact.fact.clone(),
                value: Some(FactValue::Flag(opposite.value)),
                ..quanlian_law::Statement::default()
            });
            prop_assert_eq!(outcome(&flipped).0, opposite.outcome, "other {}", &fact.fact);
        }
    }
    Ok(())
}

/// An amount on this side of its turns leaves the outcome as it is.
fn stays_between_turns(sheet: &FactSheet, amount: i64) -> Result<(), TestCaseError> {
    let answer = crate::book()
        .assess(sheet, "2026-11-22".parse().unwrap())
        .unwrap();
    for fact in answer.sensitivity.unwrap().facts {
        let Some(statement) = sheet.facts.iter().find(|s| s.name == fact.fact) else {
            continue;
        };
        let exact = statement
            .fen
            .map(Amount::Fen)
            .or(statement.count.map(Amount::Count));
        let only = sheet.facts.iter().filter(|s| s.name == fact.fact).count() == 1;
        let Some(now) = exact.filter(|_| only) else {
            continue;
        };
        let other = match now {
            Amount::Fen(_) => Amount::Fen(amount),
            Amount::Count(_) => Amount::Count(amount),
        };
        let tried = outcome(&stated(sheet, &fact.fact, other)).0;
        if fact.below.is_none_or(|below| other.number() >= below.at.number())
            && other.number() <= now.number()
        {
            prop_assert_eq!(tried, answer.outcome, "{} at {:?}", &fact.fact, other);
        }
        if fact.above.is_none_or(|above| other.number() < above.at.number()) && other.number() >= now.number()
        {
            prop_assert_eq!(tried, answer.outcome, "{} at {:?}", &fact.fact, other);
        }
    }
    Ok(())
}

/// Two statements of the loss that contradict each other, and what was spent on remedies: 0 to 2,636,645.04 yuan is
/// stated of the loss, so a cost above that contradicts it and leaves the loss open again.
fn contradicted(remedial_cost: i64) -> FactSheet {
    FactSheet {
        offence: "cn/criminal/219".into(),
        person: Some(Person::Natural),
        conduct: Some(quanlian_law::Conduct {
            from: None,
            to: Some("2022-06-01".parse().unwrap()),
        }),
        judged_on: Some("2024-06-01".parse().unwrap()),
        facts: vec![
            money("loss_to_holder", 263_664_504),
            money("loss_to_holder", 0),
            money("remedial_cost", remedial_cost),
        ],
        ..FactSheet::default()
    }
}

#[test]
fn an_amount_turns_upwards_and_back_where_it_begins_to_contradict_another() {
    let at = |cost: i64| of(&sensitivity(&contradicted(cost)), "remedial_cost").clone();
    let low = at(0);
    assert!(low.below.is_none());
    let rise = low.above.unwrap();
    assert_eq!((rise.at, rise.to), (Amount::Fen(30_000_000), Outcome::Serious));
    let middle = at(100_000_000);
    assert_eq!(middle.below.unwrap().at, Amount::Fen(30_000_000));
    assert_eq!(middle.above.unwrap().at, Amount::Fen(250_000_000));
    let near = at(255_000_000);
    let fall = near.above.unwrap();
    assert_eq!(
        (fall.at, fall.to),
        (Amount::Fen(263_664_505), Outcome::Undetermined)
    );
    assert!(
        near.text.en.contains("contradicts what else is stated"),
        "{}",
        near.text.en
    );
    let high = at(300_000_000);
    let back = high.below.unwrap();
    assert_eq!(
        (back.at, back.to),
        (Amount::Fen(263_664_505), Outcome::EspeciallySerious)
    );
    assert!(high.text.en.contains("no longer contradicts"), "{}", high.text.en);
    for sheet in [0, 100_000_000, 255_000_000, 300_000_000].map(contradicted) {
        agrees(&sheet).unwrap();
        for amount in [
            0,
            1,
            29_999_999,
            30_000_000,
            263_664_504,
            263_664_505,
            490_000_000,
        ] {
            stays_between_turns(&sheet, amount).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fresh_assessment_turns_where_it_is_said_to(sheet in properties::sheets()) {
        agrees(&sheet)?;
    }

    #[test]
    fn so_it_does_for_every_offence_and_for_amounts_that_others_follow_from(sheet in monotone::sheets()) {
        agrees(&sheet)?;
    }

    #[test]
    fn so_it_does_for_the_value_of_a_secret(sheet in secrets()) {
        agrees(&sheet)?;
    }

    #[test]
    fn a_fact_without_a_turn_has_none_anywhere(sheet in properties::sheets(), amount in 0_i64..40_000_000) {
        stays_between_turns(&sheet, amount)?;
    }

    #[test]
    fn nor_has_an_amount_that_others_follow_from(sheet in secrets(), amount in 0_i64..500_000_000) {
        stays_between_turns(&sheet, amount)?;
    }
}
