//! Stated circumstances: which of them count, in which direction and by how much.
//!
//! In:  the circumstance rules of the day of judgment, what is known.
//! Out: [`CircumstanceResult`]s for what is stated, [`MayBeStated`] for the rest.
//!
//! Invariant: nothing is counted that nobody stated, and nothing is counted twice. What is only
//! listed as possible never says or suggests that it is so.

use std::collections::BTreeSet;

use quanlian_record::time::Day;
use serde::Serialize;

use super::{CircumstanceRule, Direction, Force};
use crate::{
    facts::Known,
    interval::Truth,
    load::Parsed,
    rule::{Body, Person, Rule, Version},
    text::{Text, key},
};

/// Whether a stated circumstance counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircumstanceState {
    /// It counts with its own share.
    Counted,
    /// Another one includes it; it still opens the lower band where it is a ground for that.
    Absorbed,
    /// Its statements contradict each other.
    Open,
}

/// A circumstance that is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent mark of the provision, named in JSON"
)]
pub struct CircumstanceResult {
    /// Id of the rule.
    pub rule: String,
    /// Its row in the table of law facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// Version of the rule.
    pub version: Day,
    /// The flags on which it rests.
    pub facts: Vec<String>,
    /// Its name.
    pub title: Text,
    /// Whether it counts.
    pub state: CircumstanceState,
    /// Which way it moves the sentence.
    pub direction: Direction,
    /// Smallest share of the base sentence in percent; zero where only a ceiling is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_percent: Option<u32>,
    /// Largest share in percent; none where the provision names no share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_percent: Option<u32>,
    /// Normally at least so many months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least_months: Option<u32>,
    /// The court must weigh it, and not only may.
    pub must: bool,
    /// It multiplies the base before the others are added up.
    pub first: bool,
    /// In a minor case more than the ceiling, or no punishment.
    pub further: bool,
    /// Whether it opens the way below the band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mitigating: Option<Force>,
    /// Id of the rule that includes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absorbed_by: Option<String>,
    /// Instrument and item.
    pub citation: Text,
    /// The article of the Criminal Law behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statute: Option<Text>,
    /// Whether it was read in a source.
    pub verified: bool,
    /// Ids of the evidence behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who stated it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated_by: Vec<String>,
    /// The same in words.
    pub text: Text,
}

/// A circumstance that nobody stated. It is listed because it could be; nobody is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MayBeStated {
    /// Name of the flag.
    pub fact: String,
    /// Its name for people.
    pub title: Text,
}

/// Circumstances, sorted.
pub(super) struct Circumstances {
    pub(super) stated: Vec<CircumstanceResult>,
    pub(super) may_be_stated: Vec<MayBeStated>,
}

type Entry<'a> = (&'a Rule, &'a Version, &'a CircumstanceRule);

/// The circumstances of the day of judgment. The guideline is a rule for the court that sentences, so
/// it is read on that day and not on the day of the conduct.
pub(super) fn circumstances(law: &Parsed, judged_on: Day, known: &Known) -> Circumstances {
    let mut rules: Vec<Entry<'_>> = law
        .rules
        .values()
        .filter_map(|rule| match rule.version_on(judged_on) {
            Some(version) => match &version.body {
                Body::Circumstance(circumstance) => Some((rule, version, &**circumstance)),
                _ => None,
            },
            None => None,
        })
        .collect();
    if known.person == Some(Person::Unit) {
        rules.retain(|(_, _, circumstance)| !circumstance.natural_only);
    }
    rules.sort_by_key(|(rule, _, _)| (rule.order, &rule.id));

    let truth = |name: &str| known.flag(name, &law.facts).0;
    let counting: Vec<Entry<'_>> = rules
        .iter()
        .copied()
        .filter(|(_, _, circumstance)| applies(circumstance, truth))
        .collect();
    let mut stated: Vec<CircumstanceResult> = counting
        .iter()
        .map(|entry| {
            let absorbed_by = counting
                .iter()
                .find(|other| other.0.id != entry.0.id && absorbs(other.2, entry.2))
                .map(|other| other.0);
            result(law, *entry, known, absorbed_by)
        })
        .collect();
    let contradicted = |name: &String| known.facts.get(name).is_some_and(|fact| fact.contradicted);
    let open = rules
        .iter()
        .filter(|(_, _, circumstance)| circumstance.facts.iter().any(contradicted))
        .map(|entry| CircumstanceResult {
            state: CircumstanceState::Open,
            ..result(law, *entry, known, None)
        });
    stated.extend(open);

    let mut seen = BTreeSet::new();
    let names = rules.iter().flat_map(|(_, _, circumstance)| &circumstance.facts);
    let may_be_stated = names
        .filter(|name| !known.is_stated(name) && truth(name) == Truth::Unknown && seen.insert(*name))
        .map(|name| MayBeStated {
            fact: name.clone(),
            title: law.fact_title(name),
        })
        .collect();
    Circumstances {
        stated,
        may_be_stated,
    }
}

/// What nobody stated is not so here: a court weighs what was established before it.
fn applies(circumstance: &CircumstanceRule, truth: impl Fn(&str) -> Truth) -> bool {
    let met = |name: &String| truth(name) == Truth::Met;
    circumstance.facts.iter().all(met)
        && (circumstance.with_any.is_empty() || circumstance.with_any.iter().any(met))
        && !circumstance.unless_any.iter().any(met)
}

fn absorbs(whole: &CircumstanceRule, part: &CircumstanceRule) -> bool {
    part.facts.iter().all(|fact| whole.absorbs.contains(fact))
}

fn result(
    law: &Parsed,
    (rule, version, circumstance): Entry<'_>,
    known: &Known,
    absorbed_by: Option<&Rule>,
) -> CircumstanceResult {
    let source = rule.source_of(version);
    let (mut evidence, mut stated_by) = (BTreeSet::new(), BTreeSet::new());
    for fact in &circumstance.facts {
        let (ids, persons) = known.evidence(fact);
        evidence.extend(ids);
        stated_by.extend(persons);
    }
    CircumstanceResult {
        rule: rule.id.clone(),
        row: rule.row.clone(),
        version: version.from,
        facts: circumstance.facts.clone(),
        title: rule.title.clone(),
        state: if absorbed_by.is_some() {
            CircumstanceState::Absorbed
        } else {
            CircumstanceState::Counted
        },
        direction: circumstance.direction,
        low_percent: circumstance
            .high_percent
            .map(|_| circumstance.low_percent.unwrap_or(0)),
        high_percent: circumstance.high_percent,
        at_least_months: circumstance.at_least_months,
        must: circumstance.must,
        first: circumstance.first,
        further: circumstance.further,
        mitigating: circumstance.mitigating,
        absorbed_by: absorbed_by.map(|rule| rule.id.clone()),
        citation: source.cite.clone(),
        statute: circumstance.statute.clone(),
        verified: source.checked.verified,
        evidence: evidence.into_iter().collect(),
        stated_by: stated_by.into_iter().collect(),
        text: words(law, rule, circumstance, absorbed_by),
    }
}

fn words(law: &Parsed, rule: &Rule, circumstance: &CircumstanceRule, absorbed_by: Option<&Rule>) -> Text {
    let number = |n: u32| Text::same(n.to_string());
    let say = |key: &str, values: &[(&str, &Text)]| law.messages.say(key, values);
    let mut text = match (circumstance.direction, circumstance.high_percent) {
        (_, None) => {
            let message = match circumstance.direction {
                Direction::Lighter => key::CIRCUMSTANCE_LIGHTER,
                Direction::Heavier => key::CIRCUMSTANCE_HEAVIER,
            };
            say(message, &[("title", &rule.title)])
        }
        (direction, Some(high)) => {
            let message = match (direction, circumstance.low_percent) {
                (Direction::Lighter, None) => key::CIRCUMSTANCE_DOWN_TO,
                (Direction::Lighter, Some(_)) => key::CIRCUMSTANCE_DOWN,
                (Direction::Heavier, None) => key::CIRCUMSTANCE_UP_TO,
                (Direction::Heavier, Some(_)) => key::CIRCUMSTANCE_UP,
            };
            let low = number(circumstance.low_percent.unwrap_or(0));
            say(
                message,
                &[("title", &rule.title), ("low", &low), ("high", &number(high))],
            )
        }
    };
    if let Some(months) = circumstance
        .at_least_months
        .filter(|_| circumstance.high_percent.is_some())
    {
        text.append(&say(key::CIRCUMSTANCE_AT_LEAST, &[("months", &number(months))]));
    }
    if circumstance.further {
        text.append(&say(key::CIRCUMSTANCE_FURTHER, &[]));
    }
    if circumstance.first {
        text.append(&say(key::CIRCUMSTANCE_FIRST, &[]));
    }
    match circumstance.mitigating {
        Some(Force::May) => text.append(&say(key::CIRCUMSTANCE_MAY_MITIGATE, &[])),
        Some(Force::Shall) => text.append(&say(key::CIRCUMSTANCE_MUST_MITIGATE, &[])),
        None => {}
    }
    if let Some(whole) = absorbed_by {
        text.append(&say(key::CIRCUMSTANCE_ABSORBED, &[("other", &whole.title)]));
    }
    text
}
