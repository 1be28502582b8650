//! More of anything never makes an offence lighter: for every offence, date, person and state of the other facts.

use std::sync::OnceLock;

use proptest::prelude::*;
use quanlian_law::{
    Assessment, Conduct, FactKind, FactSheet, FactValue, Kind, MAX_COUNT, MAX_FEN, Person, RuleBook,
    Statement,
};
use quanlian_record::time::Day;

/// The rule book with the words that sheets are made of.
struct World {
    book: &'static RuleBook,
    offences: Vec<String>,
    amounts: Vec<(String, FactKind)>,
    flags: Vec<String>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let book = crate::book();
        let offences = book
            .list()
            .into_iter()
            .filter(|rule| rule.kind == Kind::Element)
            .map(|rule| rule.id);
        let offences = offences.collect();
        let (mut amounts, mut flags) = (Vec::new(), Vec::new());
        for fact in book.fact_names() {
            match fact.kind {
                FactKind::Money | FactKind::Count => amounts.push((fact.name.clone(), fact.kind)),
                FactKind::Flag => flags.push(fact.name.clone()),
                FactKind::Text => {}
            }
        }
        World {
            book,
            offences,
            amounts,
            flags,
        }
    })
}

fn amount(fact: usize, number: i64) -> Statement {
    let (name, kind) = &world().amounts[fact % world().amounts.len()];
    match kind {
        FactKind::Money => crate::money(name, number.min(MAX_FEN)),
        _ => crate::count(name, number.min(MAX_COUNT)),
    }
}

/// Numbers of yuan or pieces around the lines, and any others.
fn number() -> impl Strategy<Value = i64> {
    let near = [
        0, 500, 1_000, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000,
        500_000, 1_500_000,
    ];
    let around =
        (prop::sample::select(near.to_vec()), -1_i64..=1).prop_map(|(line, step)| (line + step).max(0));
    prop_oneof![around, 0_i64..3_000_000, Just(MAX_COUNT)]
}

/// A number for a fact: yuan become fen, now and then one fen off.
fn in_unit(fact: usize, number: i64, off: i64) -> i64 {
    match world().amounts[fact % world().amounts.len()].1 {
        FactKind::Money => number.saturating_mul(100).saturating_add(off).max(0),
        _ => number,
    }
}

fn flag(at: usize, value: bool) -> Statement {
    Statement {
        name: world().flags[at % world().flags.len()].clone(),
        value: Some(FactValue::Flag(value)),
        ..Statement::default()
    }
}

/// Any day from before the first interpretation to after the last, often one of change.
fn days() -> impl Strategy<Value = Day> {
    let changes = [
        "2004-12-21",
        "2004-12-22",
        "2007-04-04",
        "2007-04-05",
        "2011-01-10",
        "2020-09-14",
        "2021-02-28",
        "2021-03-01",
        "2025-04-25",
        "2025-04-26",
    ];
    let any = (2004_i16..=2026, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    prop_oneof![
        prop::sample::select(changes.to_vec()).prop_map(str::to_owned),
        any
    ]
    .prop_map(|day| day.parse().unwrap())
}

pub(crate) fn sheets() -> impl Strategy<Value = FactSheet> {
    let stated = prop_oneof![
        3 => (any::<u8>(), number(), -1_i64..=1).prop_map(|(at, n, off)| amount(at.into(), in_unit(at.into(), n, off))),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(at, value)| flag(at.into(), value)),
    ];
    let person = prop::sample::select(vec![None, Some(Person::Natural), Some(Person::Unit)]);
    let parts = (
        any::<prop::sample::Index>(),
        prop::collection::vec(stated, 0..10),
        [days(), days(), days()],
        0..4_u8,
        person,
    );
    parts.prop_map(|(offence, facts, mut days, form, person)| {
        days.sort_unstable();
        let [from, to, judged_on] = days;
        let conduct = match form {
            0 => None,
            1 => Some(Conduct {
                from: Some(from),
                to: None,
            }),
            _ => Some(Conduct {
                from: Some(from),
                to: Some(to),
            }),
        };
        FactSheet {
            offence: offence.get(&world().offences).clone(),
            person,
            conduct,
            judged_on: Some(judged_on),
            facts,
            ..FactSheet::default()
        }
    })
}

fn assess(sheet: &FactSheet) -> Assessment {
    world().book.assess(sheet, "2026-11-22".parse().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_of_anything_never_lowers_the_tier_of_any_offence(
        mut sheet in sheets(), fact in any::<u8>(), low in number(), more in number(), off in -1_i64..=1,
    ) {
        let fact = usize::from(fact);
        let low = in_unit(fact, low, off);
        let more = low.saturating_add(in_unit(fact, more, 0)).max(low);
        let name = amount(fact, 0).name;
        sheet.facts.retain(|statement| statement.name != name);
        sheet.facts.push(amount(fact, low));
        let before = assess(&sheet);
        sheet.facts.pop();
        sheet.facts.push(amount(fact, more));
        let after = assess(&sheet);
        prop_assert!(after.outcome >= before.outcome, "{name}: {:?} then {:?}", before.outcome, after.outcome);
        prop_assert!(after.could_reach >= before.could_reach, "{name}: {:?} then {:?}", before.could_reach, after.could_reach);
        for (before, after) in before.rule_sets.iter().zip(&after.rule_sets) {
            prop_assert!(after.outcome >= before.outcome && after.could_reach >= before.could_reach, "{name}: {:?} then {:?}", before.outcome, after.outcome);
        }
    }

    /// Whichever of a group is stated afterwards, the answer stays inside what was said before.
    #[test]
    fn learning_which_of_a_group_holds_never_contradicts_what_was_established(mut sheet in sheets(), which in 0..3_usize) {
        let group: Vec<&str> = world().book.fact_names().filter(|fact| fact.one_of.as_deref() == Some("mark_use")).map(|fact| fact.name.as_str()).collect();
        sheet.offence = "cn/criminal/213".into();
        sheet.facts.retain(|statement| !group.contains(&statement.name.as_str()));
        let before = assess(&sheet);
        sheet.facts.push(Statement { name: group[which].into(), value: Some(FactValue::Flag(true)), ..Statement::default() });
        let after = assess(&sheet);
        for (before, after) in before.rule_sets.iter().zip(&after.rule_sets) {
            // Services were outside the statute until 2021-03-01: then the element, not the group, decides.
            let excluded = after.reasons.first().is_some_and(|reason| reason.kind == quanlian_law::ReasonKind::Element);
            if !excluded {
                prop_assert!(after.could_reach <= before.could_reach);
                let settled = before.outcome > quanlian_law::Outcome::Undetermined;
                prop_assert!(!settled || after.outcome >= before.outcome);
            }
        }
    }
}
