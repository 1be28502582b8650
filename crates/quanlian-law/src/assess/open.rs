//! What the law or the facts leave open, as questions that a person can answer.
//!
//! In:  the fact sheet and the rule sets that were applied.
//! Out: [`OpenPoint`]s: first those that the facts leave open, then those of the rules.

use quanlian_record::time::Day;

use super::{OpenPoint, Sets, changes, same_rules};
use crate::{
    facts::{FactSheet, Known},
    interval::Truth,
    load::Parsed,
    rule::{Kind, OpenQuestion, Rule, Tier},
    text::{Text, key},
};

pub(super) fn open_points(
    law: &Parsed,
    sheet: &FactSheet,
    sets: &Sets<'_>,
    judged_on: Day,
    known: &Known,
) -> Vec<OpenPoint> {
    let mut open = Vec::new();
    let mut from_facts = |key: &str, values: &[(&str, &Text)]| {
        let question = law.messages.say(key, values);
        open.push(OpenPoint {
            rule: None,
            question,
            effect: Text::default(),
        });
    };
    let day = |d: Day| Text::same(d.to_string());
    let conduct = sheet.conduct.unwrap_or_default();
    let days = changes(law, &sheet.offence);
    if sheet.judged_on.is_none() {
        from_facts(key::OPEN_NO_JUDGMENT_DATE, &[("today", &day(judged_on))]);
    }
    match (conduct.from, conduct.to) {
        (None, None) => from_facts(key::OPEN_NO_CONDUCT, &[("judged", &day(judged_on))]),
        (Some(from), None) => {
            from_facts(
                key::OPEN_CONDUCT_OPEN_END,
                &[("from", &day(from)), ("judged", &day(judged_on))],
            );
        }
        (Some(from), Some(to)) => {
            if let Some(change) = days.iter().find(|change| from < **change && **change <= to) {
                from_facts(
                    key::OPEN_STRADDLES,
                    &[("change", &day(*change)), ("to", &day(to))],
                );
            }
        }
        (None, Some(_)) => {}
    }
    if let Some(to) = conduct.to {
        let between: Vec<Day> = days
            .iter()
            .copied()
            .filter(|change| to < *change && *change <= judged_on)
            .collect();
        let mut middle = between.iter().filter(|on| {
            !same_rules(law, &sheet.offence, **on, judged_on) && !same_rules(law, &sheet.offence, **on, to)
        });
        if let Some(on) = middle.next() {
            from_facts(key::OPEN_MIDDLE_LAW, &[("on", &day(*on))]);
        }
        if sets.first.set.is_silent() {
            from_facts(key::OPEN_NO_OLD_RULES, &[("to", &day(to))]);
        }
    }
    for set in sets.iter() {
        let on = set.set.on;
        let about = |rule: &&Rule| rule.kind == Kind::Fine && rule.is_about(&sheet.offence);
        let mut fines = law.rules.values().filter(about);
        if set.established > Tier::Below && !fines.any(|rule| rule.version_on(on).is_some()) {
            from_facts(key::OPEN_NO_FINE_RULE, &[("on", &day(on))]);
        }
    }
    for definition in law.facts.values() {
        if let (Truth::NotMet, Some(cause)) = (
            known.flag(&definition.name, &law.facts).0,
            known.implied_by(&definition.name, &law.facts),
        ) {
            let values = [("flag", &definition.title), ("cause", &law.fact_title(&cause))];
            from_facts(key::OPEN_IMPLIED_BUT_DENIED, &values);
        }
    }
    open.extend(open_questions(law, sheet, sets));
    open
}

fn open_questions(law: &Parsed, sheet: &FactSheet, sets: &Sets<'_>) -> Vec<OpenPoint> {
    let used = law.rules.values().filter(|rule| {
        let about = rule.is_about(&sheet.offence)
            || (rule.kind == Kind::Temporal && sets.second.is_some())
            || (rule.kind == Kind::Accumulation && !sheet.acts.is_empty());
        about && sets.iter().any(|set| rule.version_on(set.set.on).is_some())
    });
    used.flat_map(|rule| {
        // A known gap is a question only for days that lie in it.
        let asks = |open: &&OpenQuestion| {
            let days = || sets.iter().map(|set| set.set.on);
            open.gap
                .as_ref()
                .is_none_or(|gap| days().any(|day| gap.holds(day)))
        };
        rule.open
            .iter()
            .filter(asks)
            .map(|OpenQuestion { question, effect, .. }| OpenPoint {
                rule: Some(rule.id.clone()),
                question: question.clone(),
                effect: effect.clone(),
            })
    })
    .collect()
}
