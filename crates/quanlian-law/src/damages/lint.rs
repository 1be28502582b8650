//! What the check and the loader ask of rules on damages and fines.
//!
//! In:  the rules. Out: the names that they use, the parts that nobody has read, and findings.
//!
//! Not here: running their examples (`example`).

use super::rule::Way;
use crate::{
    check::{Finding, Severity},
    load::Parsed,
    rule::{Body, Rule, Version},
    vocabulary::FactKind,
};

/// A name that a rule uses: where, the name, the kinds that it may have.
pub(crate) type Used<'a> = (&'a str, String, &'static [FactKind]);

const FLAG: &[FactKind] = &[FactKind::Flag];
const MONEY: &[FactKind] = &[FactKind::Money];
const COUNT: &[FactKind] = &[FactKind::Count];
const AMOUNT: &[FactKind] = &[FactKind::Money, FactKind::Count];

/// Every name of a fact that a rule uses.
pub(crate) fn names<'a>(rule: &'a str, body: &'a Body) -> Vec<Used<'a>> {
    let mut names: Vec<Used<'_>> = Vec::new();
    match body {
        Body::Damages(damages) => {
            names.extend(names_of_ways(&damages.way));
            names.extend(
                damages
                    .flags()
                    .into_iter()
                    .map(|name| (rule, name.to_owned(), FLAG)),
            );
            names.extend(
                damages
                    .costs
                    .iter()
                    .map(|costs| (rule, costs.fact.clone(), MONEY)),
            );
            let licence = damages
                .licence_value
                .iter()
                .flat_map(|facts| [&facts.value, &facts.cost]);
            names.extend(licence.map(|name| (rule, name.clone(), MONEY)));
            for method in damages.methods.iter().flatten() {
                names.push((rule, method.word().to_owned(), MONEY));
                names.push((rule, method.undeterminable(), FLAG));
            }
        }
        Body::Punitive(punitive) => {
            names.extend(names_of_ways(&punitive.way));
            let factors = punitive.factors();
            names.extend(factors.map(|factor| (factor.id.as_str(), factor.fact.clone(), FLAG)));
        }
        Body::AdministrativeFine(fine) => {
            names.extend(fine.flags().into_iter().map(|name| (rule, name.to_owned(), FLAG)));
            names.extend(fine.by.iter().map(|by| (rule, by.fact.clone(), MONEY)));
        }
        _ => {}
    }
    names
}

fn names_of_ways(ways: &[Way]) -> impl Iterator<Item = Used<'_>> {
    ways.iter().flat_map(|way| {
        let used = |kinds: &'static [FactKind]| move |name: &str| (way.id.as_str(), name.to_owned(), kinds);
        let amounts = way.amounts().map(used(AMOUNT));
        amounts
            .chain(way.percents().map(used(COUNT)))
            .chain(way.flags().map(used(FLAG)))
    })
}

/// What the check finds in rules of these kinds, beyond their examples.
pub(crate) fn lint(law: &Parsed) -> Vec<Finding> {
    let mut findings = ambiguous(law);
    for rule in law.rules.values() {
        for way in rule.versions.iter().flat_map(|version| ways_of(&version.body)) {
            let money = |name: &&String| {
                law.facts
                    .get(*name)
                    .is_some_and(|fact| fact.kind == FactKind::Money)
            };
            // Yuan times yuan is no amount, and pieces times pieces are none either.
            if way
                .terms
                .iter()
                .any(|term| term.iter().filter(money).count() != 1)
            {
                findings.push(error(law, rule, "way_not_money", format!(
                    "each of `terms` of `{}` must hold one amount of money, and otherwise numbers of things",
                    way.id
                )));
            }
            if way.verified && way.against.iter().all(|key| key == "M") {
                findings.push(error(
                    law,
                    rule,
                    "verified_by_memory",
                    format!(
                        "the way `{}` is marked verified, but rests on memory alone",
                        way.id
                    ),
                ));
            }
        }
    }
    findings
}

fn error(law: &Parsed, rule: &Rule, code: &'static str, message: String) -> Finding {
    Finding {
        severity: Severity::Error,
        file: law.files.get(&rule.id).cloned().unwrap_or_default(),
        at_line: None,
        code,
        message,
    }
}

fn ways_of(body: &Body) -> &[Way] {
    match body {
        Body::Damages(damages) => &damages.way,
        Body::Punitive(punitive) => &punitive.way,
        _ => &[],
    }
}

/// Two laws that measure the same right, or two rules that fine the same act in the same place, on one day.
fn ambiguous(law: &Parsed) -> Vec<Finding> {
    let rules: Vec<(&Rule, &Version)> = law
        .rules
        .values()
        .flat_map(|rule| rule.versions.iter().map(move |version| (rule, version)))
        .collect();
    let mut findings = Vec::new();
    for (index, (rule, version)) in rules.iter().enumerate() {
        for (other, later) in &rules[index + 1..] {
            let same = match (&version.body, &later.body) {
                (Body::Damages(a), Body::Damages(b)) => {
                    let shared = a.rights.iter().any(|right| b.rights.contains(right));
                    shared && !a.methods.is_empty() && !b.methods.is_empty() && a.place == b.place
                }
                (Body::AdministrativeFine(a), Body::AdministrativeFine(b)) => {
                    a.act == b.act && a.place == b.place
                }
                (Body::Punitive(_), Body::Punitive(_)) => true,
                _ => false,
            };
            let on = version.from.max(later.from);
            if same && version.in_force(on) && later.in_force(on) {
                let message = format!("on {on} `{}` answers the same question; end one of them", rule.id);
                findings.push(error(law, other, "ambiguous", message));
            }
        }
    }
    findings
}

/// Ids of the parts of a version that nobody has read.
pub(crate) fn unread_parts(body: &Body) -> Vec<String> {
    match body {
        Body::Damages(damages) => unread_ways(&damages.way).collect(),
        Body::Punitive(punitive) => {
            let factors = punitive
                .factors()
                .filter(|factor| !factor.verified)
                .map(|factor| factor.id.clone());
            factors.chain(unread_ways(&punitive.way)).collect()
        }
        _ => Vec::new(),
    }
}

fn unread_ways(ways: &[Way]) -> impl Iterator<Item = String> {
    ways.iter().filter(|way| !way.verified).map(|way| way.id.clone())
}
