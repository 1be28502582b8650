//! What must hold for every fact sheet.

use proptest::prelude::*;
use quanlian_law::{
    Brief, Conduct, Events, FactSheet, FactValue, Language, Moment, Outcome, Person, Statement, Tier,
};

use crate::{book, count, money};

const MONEY: [&str; 2] = ["illegal_gain", "illegal_business_volume"];
const COUNTS: [&str; 5] = [
    "actual_clicks",
    "works_disseminated",
    "registered_members",
    "downloads",
    "copies",
];
const FLAGS: [&str; 6] = [
    "online",
    "online_membership",
    "copying",
    "repeat_within_2y",
    "profit_purpose",
    "without_permission",
];

/// Amounts around the lines, and some far away.
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        prop::sample::select(vec![
            0, 249, 250, 499, 500, 501, 999, 1_000, 2_499, 2_500, 5_000, 25_000, 50_000, 99_999
        ]),
        0_i64..2_000_000,
        Just(quanlian_law::MAX_COUNT),
    ]
}

fn yuan() -> impl Strategy<Value = i64> {
    prop_oneof![
        prop::sample::select(vec![
            0, 1_999_999, 2_000_000, 2_999_999, 3_000_000, 5_000_000, 15_000_000, 25_000_000
        ]),
        0_i64..60_000_000,
        Just(quanlian_law::MAX_FEN),
    ]
}

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    let money_facts =
        (prop::sample::select(&MONEY), yuan(), 0..3_u8).prop_map(|(name, fen, form)| match form {
            0 => money(name, fen),
            1 => Statement {
                name: name.into(),
                at_least_fen: Some(fen),
                ..Statement::default()
            },
            _ => Statement {
                name: name.into(),
                at_most_fen: Some(fen),
                ..Statement::default()
            },
        });
    let counts =
        (prop::sample::select(&COUNTS), amount(), 0..3_u8).prop_map(|(name, number, form)| match form {
            0 => count(name, number),
            1 => Statement {
                name: name.into(),
                at_least_count: Some(number),
                ..Statement::default()
            },
            _ => Statement {
                name: name.into(),
                at_most_count: Some(number),
                ..Statement::default()
            },
        });
    let flags = (prop::sample::select(&FLAGS), any::<bool>()).prop_map(|(name, value)| flag(name, value));
    prop::collection::vec(prop_oneof![money_facts, counts, flags], 0..8)
}

fn flag(name: &str, value: bool) -> Statement {
    Statement {
        name: name.into(),
        value: Some(FactValue::Flag(value)),
        ..Statement::default()
    }
}

fn days() -> impl Strategy<Value = (Option<Conduct>, String)> {
    let pairs = [
        ("2004-01-01", "2004-06-01", "2005-06-01"),
        ("2006-01-01", "2006-06-01", "2012-06-01"),
        ("2006-01-01", "2006-06-01", "2025-06-01"),
        ("2010-01-01", "2010-12-31", "2011-06-01"),
        ("2019-01-01", "2020-06-01", "2021-06-01"),
        ("2022-05-01", "2023-04-30", "2024-12-20"),
        ("2022-05-01", "2023-04-30", "2025-06-01"),
        ("2025-05-01", "2025-06-01", "2026-01-01"),
    ];
    (prop::sample::select(pairs.to_vec()), 0..3_u8).prop_map(|((from, to, judged), form)| {
        let day = |text: &str| Some(text.parse().unwrap());
        let conduct = match form {
            0 => None,
            1 => Some(Conduct {
                from: day(from),
                to: None,
            }),
            _ => Some(Conduct {
                from: day(from),
                to: day(to),
            }),
        };
        (conduct, judged.to_owned())
    })
}

fn person() -> impl Strategy<Value = Option<Person>> {
    prop::sample::select(vec![None, Some(Person::Natural), Some(Person::Unit)])
}

pub(crate) fn sheets() -> impl Strategy<Value = FactSheet> {
    (statements(), days(), person()).prop_map(|(facts, (conduct, judged_on), person)| FactSheet {
        offence: "cn/criminal/217".into(),
        person,
        conduct,
        judged_on: Some(judged_on.parse().unwrap()),
        facts,
        ..FactSheet::default()
    })
}

fn answer(sheet: &FactSheet) -> quanlian_law::Assessment {
    book().assess(sheet, "2026-11-22".parse().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sheet_has_an_answer_that_agrees_with_itself(sheet in sheets()) {
        let answer = answer(&sheet);
        let expected = match answer.outcome {
            Outcome::Below => answer.could_reach == Tier::Below,
            Outcome::Undetermined => answer.could_reach > Tier::Below,
            Outcome::Base => answer.could_reach >= Tier::Base,
            Outcome::Serious => answer.could_reach >= Tier::Serious,
            Outcome::EspeciallySerious => answer.could_reach == Tier::EspeciallySerious,
        };
        prop_assert!(expected, "{:?} {:?}", answer.outcome, answer.could_reach);
        prop_assert_eq!(answer.rule_sets.iter().filter(|set| set.governs).count(), 1);
        for language in [Language::Zh, Language::En] {
            let unfilled = book().render_assessment(&answer, language).contains('{');
            prop_assert!(!unfilled);
        }
        let again = FactSheet::from_json(&serde_json::to_string(&sheet).unwrap()).unwrap();
        prop_assert_eq!(&again, &sheet);
        prop_assert!(serde_json::to_string(&answer).is_ok());
    }

    #[test]
    fn the_short_answer_says_what_the_whole_one_says(sheet in sheets()) {
        let today = "2026-11-22".parse().unwrap();
        let brief = book().assess_brief(&sheet, today).unwrap();
        prop_assert_eq!(brief, Brief::from(&answer(&sheet)));
    }

    #[test]
    fn every_list_of_events_has_a_timeline(days in prop::collection::vec((0..120_usize, -719_000_i32..2_930_000), 0..6)) {
        let names: Vec<&str> = book().event_names().map(|event| event.name.as_str()).collect();
        let epoch: jiff::civil::Date = "1970-01-01".parse().unwrap();
        let events = days.into_iter().map(|(name, day)| {
            let day = epoch.checked_add(jiff::Span::new().days(day)).unwrap();
            (names[name % names.len()].to_owned(), Moment::Day(day))
        });
        let events: Events = events.collect();
        for group in book().clock_groups() {
            let clocks = match book().timeline_of(group, &events) {
                Ok(clocks) => clocks,
                // Only a suspension that ends before it begins, or without beginning, is refused.
                Err(error) => {
                    let codes = ["law_clock_resumed_only", "law_clock_bad_suspension"];
                    prop_assert!(codes.contains(&error.code()), "{error}");
                    continue;
                }
            };
            for clock in &clocks {
                let ordered = clock.due_on.zip(clock.started).is_none_or(|(due, start)| {
                    if clock.before { due < start.day() } else { due >= start.day() }
                });
                prop_assert!(ordered, "{clock:?}");
                prop_assert!(clock.due_on.is_none() || clock.not_before.is_none());
                let texts = clock.steps.iter().chain([&clock.text]);
                let unfilled = texts.filter(|text| text.zh.contains('{') || text.en.contains('{')).count();
                prop_assert_eq!(unfilled, 0, "{:?}", clock);
            }
            prop_assert!(serde_json::to_string(&clocks).is_ok());
        }
    }

    #[test]
    fn raising_a_fact_never_lowers_the_tier(
        mut sheet in sheets(), fact in 0..7_usize, low in 0_i64..2_000_000, more in 1_i64..2_000_000,
    ) {
        let name = MONEY.iter().chain(&COUNTS).nth(fact).unwrap();
        let scale = if fact < MONEY.len() { 20 } else { 1 };
        let state = |number: i64| if fact < MONEY.len() { money(name, number) } else { count(name, number) };
        sheet.facts.retain(|s| s.name != *name);
        sheet.facts.push(state(low * scale));
        let before = answer(&sheet);
        sheet.facts.pop();
        sheet.facts.push(state((low + more) * scale));
        let after = answer(&sheet);
        prop_assert!(after.outcome >= before.outcome, "{:?} then {:?}", before.outcome, after.outcome);
        prop_assert!(after.could_reach >= before.could_reach);
        for (before, after) in before.rule_sets.iter().zip(&after.rule_sets) {
            prop_assert!(after.outcome >= before.outcome && after.could_reach >= before.could_reach);
        }
    }

    #[test]
    fn learning_more_never_widens_what_is_open(mut sheet in sheets(), fact in 0..5_usize, number in amount()) {
        let name = COUNTS[fact];
        sheet.facts.retain(|s| s.name != name && !FLAGS.contains(&s.name.as_str()));
        let before = answer(&sheet);
        sheet.facts.push(count(name, number));
        let after = answer(&sheet);
        for (before, after) in before.rule_sets.iter().zip(&after.rule_sets) {
            prop_assert!(after.could_reach <= before.could_reach);
            let settled = |o: Outcome| matches!(o, Outcome::Serious | Outcome::EspeciallySerious);
            prop_assert!(!settled(before.outcome) || after.outcome >= before.outcome);
        }
    }

    #[test]
    fn excluding_never_raises(mut sheet in sheets(), fact in 0..6_usize) {
        sheet.facts.retain(|s| s.name != FLAGS[fact]);
        let before = answer(&sheet);
        sheet.facts.push(flag(FLAGS[fact], false));
        let after = answer(&sheet);
        prop_assert!(after.could_reach <= before.could_reach);
        for (before, after) in before.rule_sets.iter().zip(&after.rule_sets) {
            prop_assert!(after.could_reach <= before.could_reach && after.outcome <= before.outcome.max(Outcome::Undetermined));
        }
    }

    #[test]
    fn what_is_missing_can_do_what_it_is_said_to_do(sheet in sheets()) {
        let before = answer(&sheet);
        for missing in before.rule_sets.iter().find(|set| set.governs).unwrap().missing.iter().filter(|m| m.alone) {
            let Some(from) = missing.from else { continue };
            let mut with = sheet.clone();
            with.facts.retain(|s| s.name != missing.fact);
            with.facts.push(match from {
                quanlian_law::Amount::Fen(fen) => money(&missing.fact, fen),
                quanlian_law::Amount::Count(n) => count(&missing.fact, n),
            });
            let after = answer(&with);
            let as_of = before.governing.as_of;
            let set = after.rule_sets.iter().find(|set| set.as_of == as_of).unwrap();
            let wanted = if missing.could_lift_to == Tier::Serious { Outcome::Serious } else { Outcome::EspeciallySerious };
            prop_assert!(set.outcome >= wanted, "{} at {from:?}", missing.fact);
        }
    }
}
