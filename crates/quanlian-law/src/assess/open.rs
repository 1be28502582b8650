//! What the law or the facts leave open, as questions that a person can answer.
//!
//! In:  the fact sheet and the rule sets that were applied.
//! Out: [`OpenPoint`]s: first those that the facts leave open, then those of the rules.

use quanlian_record::time::Day;

use super::{OpenPoint, Sets, changes, layers::Between};
use crate::{
    facts::{Conduct, FactSheet, Known},
    interval::Truth,
    load::Parsed,
    rule::{Kind, OpenQuestion},
    text::{Text, key},
};

pub(super) fn open_points(
    law: &Parsed,
    sheet: &FactSheet,
    sets: &Sets<'_>,
    between: &Between<'_>,
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
        match (&between.lighter, between.days.first()) {
            (Some(middle), _) => {
                from_facts(key::OPEN_MIDDLE_LAW_LIGHTER, &[("on", &day(middle.set.on))]);
            }
            (None, Some(on)) => from_facts(key::OPEN_MIDDLE_LAW, &[("on", &day(*on))]),
            (None, None) => {}
        }
        if sets.first.set.is_silent() {
            from_facts(key::OPEN_NO_OLD_RULES, &[("to", &day(to))]);
        }
    }
    for (message, fact, period) in periods_outside(sheet) {
        let bound = |bound: Option<Day>| bound.map_or_else(|| Text::same("…"), day);
        let values = [
            ("fact", &law.fact_title(fact)),
            ("from", &bound(period.from)),
            ("to", &bound(period.to)),
        ];
        from_facts(message, &values);
    }
    let decided_on = sheet.judgment.as_ref().and_then(|judgment| judgment.decided_on);
    if let Some(decided_on) = decided_on.filter(|on| *on != judged_on) {
        let values = [("decided", &day(decided_on)), ("judged", &day(judged_on))];
        from_facts(key::OPEN_DECIDED_APART, &values);
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

/// Statements whose period does not lie inside the conduct, with what to say of them.
fn periods_outside(sheet: &FactSheet) -> Vec<(&'static str, &str, Conduct)> {
    let conduct = sheet.conduct.unwrap_or_default();
    let before =
        |one: Option<Day>, other: Option<Day>| one.zip(other).is_some_and(|(one, other)| one < other);
    let mut found = Vec::new();
    for statement in &sheet.facts {
        let Some(period) = statement.period else {
            continue;
        };
        let apart = before(period.to, conduct.from) || before(conduct.to, period.from);
        let beyond = before(period.from, conduct.from) || before(conduct.to, period.to);
        if apart {
            found.push((key::OPEN_PERIOD_OUTSIDE, statement.name.as_str(), period));
        } else if beyond {
            found.push((key::OPEN_PERIOD_BEYOND, statement.name.as_str(), period));
        }
    }
    found.dedup();
    found
}

fn open_questions(law: &Parsed, sheet: &FactSheet, sets: &Sets<'_>) -> Vec<OpenPoint> {
    let used = law.rules.values().filter(|rule| {
        let about = rule.is_about(&sheet.offence)
            || (rule.kind == Kind::Temporal && sets.second.is_some())
            || (rule.kind == Kind::Accumulation && !sheet.acts.is_empty());
        about && sets.iter().any(|set| rule.version_on(set.set.on).is_some())
    });
    // A question about a gap matters only where one of the sets lies in it.
    let asked = |open: &&OpenQuestion| {
        let gap = open.gap.as_ref();
        gap.is_none_or(|gap| sets.iter().any(|set| gap.covers(set.set.on)))
    };
    used.flat_map(|rule| {
        rule.open
            .iter()
            .filter(asked)
            .map(|OpenQuestion { question, effect, .. }| OpenPoint {
                rule: Some(rule.id.clone()),
                question: question.clone(),
                effect: effect.clone(),
            })
    })
    .collect()
}
