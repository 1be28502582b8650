//! What must hold for every sheet.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quanlian_law::damages::Governs;

use crate::{book, word};

use super::{NOT_WILFUL, WILFUL, answer, ends, fine, interest_of, sheet, total};

const ROOM: i64 = 1_000_000_000;

fn loss_sheet(right: &str, facts: &str, more: &str) -> String {
    let head = format!(
        r#""right":"{right}","infringement":{{"from":"2025-11-01","to":"2025-12-31"}},"filed_on":"2026-01-05","judged_on":"2026-03-01"{more}"#
    );
    sheet(&head, facts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_larger_loss_never_lowers_the_total(
        right in prop::sample::select(vec!["patent", "trademark", "copyright", "trade_secret", "plant_variety"]),
        loss in 0..ROOM, more in 0..ROOM, profit in prop::option::of(0..ROOM), costs in prop::option::of(0..ROOM), wilful: bool,
    ) {
        let total_of = |loss: i64| {
            let mut facts = vec![format!(r#"{{"name":"actual_loss","fen":{loss}}}"#)];
            facts.extend(profit.map(|profit| format!(r#"{{"name":"infringer_profit","fen":{profit}}}"#)));
            facts.extend(costs.map(|costs| format!(r#"{{"name":"reasonable_costs","fen":{costs}}}"#)));
            facts.push(if wilful { WILFUL } else { NOT_WILFUL }.to_owned());
            total(&answer(&loss_sheet(right, &facts.join(","), "")))
        };
        let (less, greater) = (total_of(loss), total_of(loss + more));
        prop_assert!(less.0 <= greater.0 && less.1 <= greater.1, "{less:?} {greater:?}");
    }

    #[test]
    fn the_ends_of_an_interval_bracket_every_exact_answer(
        units in 0..10_000_i64, width in 0..10_000_i64, at in 0..10_000_i64, profit in 0..100_000_i64,
        share in 0..=100_i64, multiple in 100..=500_i64, rate in 0..2_000_i64,
    ) {
        let total_of = |low: i64, high: i64| {
            let facts = format!(
                r#"{{"name":"infringing_units","at_least_count":{low},"at_most_count":{high}}},{{"name":"infringing_unit_profit","fen":{profit}}},
                {{"name":"contribution_percent","count":{share}}},{{"name":"actual_loss_undeterminable","value":true}},{WILFUL}"#
            );
            let hundredths = format!("{}.{:02}", multiple / 100, multiple % 100);
            let more = format!(
                r#","claim":{{"punitive_multiple":"{hundredths}"}},"interest":{{"rate_basis_points_per_year":{rate},"from":"2026-01-05","to":"2026-02-20"}}"#
            );
            total(&answer(&loss_sheet("patent", &facts, &more)))
        };
        let inside = units + at % (width + 1);
        let (wide, exact) = (total_of(units, units + width), total_of(inside, inside));
        prop_assert!(wide.0 <= exact.0 && exact.1.unwrap() <= wide.1.unwrap(), "{wide:?} {exact:?}");
    }

    #[test]
    fn interest_of_adjoining_periods_adds_up_to_a_fen_for_each(
        fen in 0..ROOM, rate in 0..2_000_i64, first in 0..800_i64, second in 0..800_i64, year in prop::sample::select(vec![360, 365]),
    ) {
        let day = |offset: i64| quanlian_record::time::Day::constant(2023, 1, 1).checked_add(jiff_days(offset)).unwrap();
        let interest = |from: i64, to: i64| {
            interest_of(&format!(
                r#"{{"rate_basis_points_per_year":{rate},"from":"{}","to":"{}","day_count":{year},"principal":{fen}}}"#, day(from), day(to)
            ))
        };
        let (a, b, whole) = (interest(0, first), interest(first, first + second), interest(0, first + second));
        prop_assert_eq!(a.days + b.days, whole.days);
        let apart = a.amount.at_least_fen + b.amount.at_least_fen;
        prop_assert!((apart - whole.amount.at_least_fen).abs() <= 1, "{apart} {}", whole.amount.at_least_fen);
    }

    #[test]
    fn a_fine_range_never_runs_downwards_and_more_volume_never_lowers_it(volume in 0..ROOM, more in 0..ROOM) {
        let range = |volume: i64| {
            let sheet = format!(r#"{{"act":"network_dissemination","conduct":{{"to":"2023-02-01"}},"decided_on":"2023-06-01","facts":[{{"name":"illegal_business_volume","fen":{volume}}}]}}"#);
            let range = fine(&sheet).rule_sets[0].range.unwrap();
            (range.at_least_fen, range.at_most_fen.unwrap())
        };
        let (less, greater) = (range(volume), range(volume + more));
        prop_assert!(less.0 <= less.1 && less.0 <= greater.0 && less.1 <= greater.1, "{less:?} {greater:?}");
    }

    #[test]
    fn every_combination_of_facts_has_an_answer_that_agrees_with_itself(
        right in prop::sample::select(vec!["patent", "trademark", "copyright", "trade_secret", "unfair_competition", "plant_variety"]),
        chosen in prop::collection::btree_map(0..usize::MAX, (0..ROOM, any::<bool>()), 0..8), place: bool,
    ) {
        let names: Vec<_> = book().fact_names().filter(|fact| fact.rank >= 1000).collect();
        let facts: BTreeMap<&str, String> = chosen.into_iter().map(|(index, (amount, flag))| {
            let fact = names[index % names.len()];
            let value = match word(&fact.kind).as_str() {
                "money" => format!(r#""fen":{amount}"#),
                "count" => format!(r#""count":{}"#, amount % 100),
                _ => format!(r#""value":{flag}"#),
            };
            (fact.name.as_str(), format!(r#"{{"name":"{}",{value}}}"#, fact.name))
        }).collect();
        let facts: Vec<String> = facts.into_values().collect();
        let answer = answer(&loss_sheet(right, &facts.join(","), if place { r#","place":"pudong""# } else { "" }));
        let readings: Vec<_> = answer.laws.iter().filter(|law| law.governs != Governs::No).flat_map(|law| &law.readings).collect();
        prop_assert_eq!(answer.total.is_none(), readings.is_empty());
        for reading in readings {
            let (low, high) = ends(reading);
            prop_assert!(high.is_none_or(|high| low <= high));
            let all = total(&answer);
            prop_assert!(all.0 <= low && (all.1.is_none() || high.is_some_and(|high| Some(high) <= all.1)));
        }
        let mut ids: Vec<&str> = answer.laws.iter().flat_map(|law| &law.readings).map(|r| r.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "ids of readings are unique");
    }
}

/// So many days, to be added to a day.
fn jiff_days(days: i64) -> std::time::Duration {
    std::time::Duration::from_secs(u64::try_from(days).unwrap() * 86_400)
}
