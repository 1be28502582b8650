//! The vocabulary under the check: words that no rule uses, and flags that imply each other in a circle.
//!
//! In:  the rule book. Out: findings in `facts.toml`, `events.toml` and `sources.toml`.

use std::collections::BTreeSet;

use super::{Finding, Severity};
use crate::{
    damages,
    load::{CALENDARS, Parsed},
    position,
    rule::{Body, FineBasis},
};

/// Facts, events and sources that no rule names: nobody could ever use them.
pub(super) fn unused(law: &Parsed) -> Vec<Finding> {
    let asked = asked(law);
    let cited = cited(law);
    let facts = law.facts.keys().map(|name| ("facts.toml", name));
    let events = law.events.keys().map(|name| ("events.toml", name));
    let words = facts
        .chain(events)
        .filter(|(_, name)| !asked.contains(name.as_str()));
    let sources = law.sources.keys().filter(|key| !cited.contains(*key));
    words
        .chain(sources.map(|key| ("sources.toml", key)))
        .map(|(file, name)| {
            let text = law.texts.get(file).map_or("", String::as_str);
            let (at_line, code, does) = if file == "sources.toml" {
                (position::key(text, name), "unused_source", "rests on")
            } else {
                (position::name(text, name), "unused_name", "asks for")
            };
            Finding {
                severity: Severity::Warning,
                file: file.to_owned(),
                at_line,
                code,
                message: format!("no rule {does} `{name}`; remove it or write the rule"),
            }
        })
        .collect()
}

/// Facts and events that some rule asks for.
fn asked(law: &Parsed) -> BTreeSet<&str> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for version in law.rules.values().flat_map(|rule| &rule.versions) {
        match &version.body {
            Body::Lines(lines) => {
                for line in lines {
                    used.extend(line.applies.iter().map(String::as_str));
                    used.extend(line.condition.names());
                }
            }
            Body::Elements(elements) => {
                for element in elements {
                    used.insert(&element.fact);
                    used.extend(element.signs.iter().chain(&element.denied_by).map(String::as_str));
                }
            }
            Body::Fine(fine) => used.extend(fine.steps.iter().filter_map(|step| match &step.basis {
                FineBasis::ShareOf { fact, .. } => Some(fact.as_str()),
                FineBasis::Fixed(_) => None,
            })),
            Body::Valuation(valuation) => {
                used.insert(&valuation.fact);
                used.extend(valuation.inputs().map(|(input, _)| input));
                used.extend(valuation.flags());
            }
            Body::Accumulation(adds) => used.extend(adds.facts.iter().map(String::as_str)),
            Body::FineFloor { minor_fact, .. } => used.extend(minor_fact.as_deref()),
            Body::Probation(probation) => used.extend(probation.grounds().map(|g| g.fact.as_str())),
            Body::Circumstance(circumstance) => used.extend(circumstance.names()),
            Body::Damages(_) | Body::Punitive(_) | Body::AdministrativeFine(_) => {
                let names = damages::names("", &version.body).into_iter();
                used.extend(
                    names
                        .filter_map(|(_, name, _)| law.facts.get_key_value(&name))
                        .map(|(name, _)| name.as_str()),
                );
            }
            Body::Clock(clock) => {
                used.insert(&clock.starts);
                used.extend(clock.ends.iter().map(String::as_str));
                let suspension = clock.suspension.iter().flat_map(|s| [&s.suspended, &s.resumed]);
                used.extend(suspension.flatten().map(String::as_str));
            }
            _ => {}
        }
    }
    used
}

/// Source keys in any `against` of any rule. `M` stands for memory and is always allowed.
fn cited(law: &Parsed) -> BTreeSet<String> {
    let mut keys = BTreeSet::from(["M".to_owned()]);
    for rule in law.rules.values() {
        if let Ok(value) = serde_json::to_value(rule) {
            against(&value, &mut keys);
        }
    }
    // The calendars of working days rest on sources of their own.
    let calendars = law.texts.iter().filter(|(file, _)| file.starts_with(CALENDARS));
    for (_, text) in calendars {
        if let Ok(value) = toml::from_str::<toml::Table>(text).map(serde_json::to_value) {
            against(&value.unwrap_or_default(), &mut keys);
        }
    }
    keys
}

/// Walks the data of a rule whatever its kind, so that a new kind is covered without a line here.
fn against(value: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            if let Some(serde_json::Value::Array(found)) = fields.get("against") {
                keys.extend(found.iter().filter_map(|key| key.as_str().map(str::to_owned)));
            }
            fields.values().for_each(|inner| against(inner, keys));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|inner| against(inner, keys)),
        _ => {}
    }
}

/// A flag that follows from itself, directly or round a circle, follows from nothing.
pub(super) fn circles(law: &Parsed) -> Vec<Finding> {
    let text = law.texts.get("facts.toml").map_or("", String::as_str);
    law.facts
        .keys()
        .filter(|name| leads_back(law, name))
        .map(|name| Finding {
            severity: Severity::Error,
            file: "facts.toml".to_owned(),
            at_line: position::name(text, name),
            code: "implied_in_a_circle",
            message: format!(
                "`{name}` is implied by what itself implies; take one of them out of `implied_by`"
            ),
        })
        .collect()
}

fn leads_back(law: &Parsed, start: &str) -> bool {
    let causes = |name: &str| {
        law.facts
            .get(name)
            .map_or(&[][..], |fact| fact.implied_by.as_slice())
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut ahead: Vec<&str> = causes(start).iter().map(String::as_str).collect();
    while let Some(name) = ahead.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            ahead.extend(causes(name).iter().map(String::as_str));
        }
    }
    false
}
