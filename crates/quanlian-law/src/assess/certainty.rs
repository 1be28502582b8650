//! Facts that are not certain, and statements that contradict each other: what hangs on them.
//!
//! In:  the statements, and the outcome as a function of what is known.
//! Out: [`UncertainFact`]s with what the outcome would be without them; for each contradiction the
//! outcome under each of its values.
//!
//! Invariant: certainty never changes an outcome. It is shown beside it, the decisive facts first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Outcome, trial::Trial};
use crate::{
    facts::{
        Alternative, Certainty, Contradicted, Contradiction, FactSheet, Known, KnownFact, MAX_ALTERNATIVES,
        Statement, known_of,
    },
    interval::Truth,
    load::Parsed,
    text::{Text, key},
    vocabulary::FactKind,
};

/// Whether the outcome hangs on a fact that is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decisive {
    /// Without it alone the outcome changes.
    Alone,
    /// Only without several such facts together the outcome changes.
    Together,
    /// The outcome stays.
    No,
}

/// A stated fact that is not certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UncertainFact {
    /// Its name.
    pub fact: String,
    /// Its name for people.
    pub title: Text,
    /// The least certain of its statements.
    pub certainty: Certainty,
    /// Whether the outcome hangs on it.
    pub decisive: Decisive,
    /// What the outcome would be without the statements that are not certain.
    pub without: Outcome,
    /// Who stated it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated_by: Vec<String>,
    /// Ids of the evidence behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The same in words.
    pub text: Text,
}

/// Whether the outcome hangs on any of them.
pub(super) fn rests_on(uncertain: &[UncertainFact]) -> bool {
    uncertain.iter().any(|fact| fact.decisive != Decisive::No)
}

/// Whether any statement is marked as less than certain.
pub(super) fn has_uncertain(sheet: &FactSheet) -> bool {
    sheet.facts.iter().any(is_uncertain)
}

fn is_uncertain(statement: &Statement) -> bool {
    statement
        .certainty
        .is_some_and(|certainty| certainty != Certainty::Certain)
}

/// What is known with some statements about a fact left out.
fn replaced(known: &mut Known, name: &str, fact: Option<KnownFact>) -> Option<KnownFact> {
    match fact {
        Some(fact) => known.facts.insert(name.to_owned(), fact),
        None => known.facts.remove(name),
    }
}

pub(super) fn uncertain(
    law: &Parsed,
    sheet: &FactSheet,
    known: &Known,
    trial: &mut Trial<'_>,
) -> Vec<UncertainFact> {
    let mut by_name: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in &sheet.facts {
        by_name.entry(&statement.name).or_default().push(statement);
    }
    by_name.retain(|_, statements| statements.iter().any(|statement| is_uncertain(statement)));
    if by_name.is_empty() {
        return Vec::new();
    }
    let now = trial.outcome(known);
    let mut without_any = known.clone();
    let mut found = Vec::new();
    for (name, statements) in by_name {
        let certain = statements
            .iter()
            .copied()
            .filter(|statement| !is_uncertain(statement));
        let rest = known_of(certain, &law.facts);
        let mut without = known.clone();
        replaced(&mut without_any, name, rest.clone());
        replaced(&mut without, name, rest);
        let (outcome, could_reach) = trial.outcome(&without);
        let decisive = if (outcome, could_reach) == now {
            Decisive::No
        } else {
            Decisive::Alone
        };
        let certainty = statements
            .iter()
            .filter_map(|statement| statement.certainty)
            .max();
        let (evidence, stated_by) = known.evidence(name);
        found.push(UncertainFact {
            fact: name.to_owned(),
            title: law.fact_title(name),
            certainty: certainty.unwrap_or(Certainty::Disputed),
            decisive,
            without: outcome,
            stated_by,
            evidence,
            text: Text::default(),
        });
    }
    let mut facts = found;
    if facts.iter().all(|fact| fact.decisive == Decisive::No) {
        mark_together(&mut facts, known, without_any, trial);
    }
    for fact in &mut facts {
        fact.text = words(law, &sheet.offence, fact);
    }
    facts.sort_by(|a, b| (a.decisive, &a.fact).cmp(&(b.decisive, &b.fact)));
    facts
}

/// Where none decides alone: those decide together that change the outcome back when all others are gone.
fn mark_together(facts: &mut [UncertainFact], known: &Known, mut without_any: Known, trial: &mut Trial<'_>) {
    let bare = trial.outcome(&without_any);
    if bare == trial.outcome(known) {
        return;
    }
    for fact in facts.iter_mut() {
        let Some(stated) = known.facts.get(&fact.fact).cloned() else {
            continue;
        };
        let rest = without_any.facts.insert(fact.fact.clone(), stated);
        if trial.outcome(&without_any) != bare {
            fact.decisive = Decisive::Together;
        }
        replaced(&mut without_any, &fact.fact, rest);
    }
    // Several may be needed at once even then; which of them cannot be told, so all are named.
    if facts.iter().all(|fact| fact.decisive == Decisive::No) {
        for fact in facts {
            fact.decisive = Decisive::Together;
        }
    }
}

fn words(law: &Parsed, offence: &str, fact: &UncertainFact) -> Text {
    let certainty = law.certainty(fact.certainty);
    let message = match fact.decisive {
        Decisive::Alone => key::UNCERTAIN_ALONE,
        Decisive::Together => key::UNCERTAIN_TOGETHER,
        Decisive::No => key::UNCERTAIN_NO,
    };
    let values = [
        ("fact", &fact.title),
        ("certainty", &certainty),
        ("without", &law.outcome_of(offence, fact.without)),
    ];
    law.messages.say(message, &values)
}

/// Each contradiction with the outcome under each of its values. `used` is what the governing rules make of `known`.
pub(super) fn contradictions(
    law: &Parsed,
    contradicted: Contradicted,
    (known, used): (&Known, &Known),
    trial: &mut Trial<'_>,
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (fact, stated) in contradicted {
        if stated.iter().any(|statement| statement.name != fact) {
            found.push(of_group(law, fact, stated, known, trial));
            continue;
        }
        let mut values: Vec<(KnownFact, Text)> = Vec::new();
        let mut skipped = 0_usize;
        for statement in &stated {
            let Some(alone) = known_of([statement], &law.facts) else {
                continue;
            };
            if let Some((other, _)) = values.iter_mut().find(|(other, _)| same_value(other, &alone)) {
                join_sources(other, &alone);
            } else if values.len() < MAX_ALTERNATIVES {
                let words = value(law, &fact, &alone);
                values.push((alone, words));
            } else {
                skipped += 1;
            }
        }
        let mut hypothesis = known.clone();
        let alternatives: Vec<Alternative> = values
            .into_iter()
            .map(|(alone, value)| alternative(law, trial, &mut hypothesis, &fact, alone, value))
            .collect();
        let text = contradiction_text(law, used, &fact, stated.len(), skipped);
        found.push(Contradiction {
            fact,
            stated,
            alternatives,
            text,
        });
    }
    found
}

/// The outcome with one fact as one of the statements has it.
fn alternative(
    law: &Parsed,
    trial: &mut Trial<'_>,
    hypothesis: &mut Known,
    fact: &str,
    alone: KnownFact,
    value: Text,
) -> Alternative {
    let (evidence, stated_by) = (alone.evidence.to_vec(), alone.stated_by.to_vec());
    replaced(hypothesis, fact, Some(alone));
    let (outcome, could_reach) = trial.outcome(hypothesis);
    let reached = law.outcome_of(trial.offence(), outcome);
    let values = [("value", &value), ("outcome", &reached)];
    Alternative {
        text: law.messages.say(key::CONTRADICTION_ALTERNATIVE, &values),
        value,
        stated_by,
        evidence,
        outcome,
        could_reach,
    }
}

/// Statements about several flags of a group (`one_of`) that do not fit: the outcome with each that is stated to hold.
fn of_group(
    law: &Parsed,
    fact: String,
    stated: Vec<Statement>,
    known: &Known,
    trial: &mut Trial<'_>,
) -> Contradiction {
    let others = law
        .facts
        .get(&fact)
        .map_or(&[][..], |definition| definition.others.as_slice());
    let members: Vec<&String> = std::iter::once(&fact).chain(others).collect();
    let mut open = known.clone();
    for name in &members {
        open.facts.remove(*name);
    }
    let mut alternatives = Vec::new();
    for name in &members {
        let about = stated.iter().filter(|statement| statement.name == **name);
        let Some(alone) = known_of(about, &law.facts).filter(|alone| alone.truth == Truth::Met) else {
            continue;
        };
        let mut hypothesis = open.clone();
        let value = law.fact_title(name);
        alternatives.push(alternative(law, trial, &mut hypothesis, name, alone, value));
    }
    let titles: Vec<Text> = members.iter().map(|name| law.fact_title(name)).collect();
    let count = Text::same(stated.len().to_string());
    let values = [("facts", &Text::join(&titles)), ("count", &count)];
    Contradiction {
        text: law.messages.say(key::CONTRADICTION_GROUP, &values),
        fact,
        stated,
        alternatives,
    }
}

fn same_value(one: &KnownFact, other: &KnownFact) -> bool {
    (one.interval, one.truth, &one.words) == (other.interval, other.truth, &other.words)
}

/// Two persons who state the same value stand behind one alternative.
fn join_sources(one: &mut KnownFact, other: &KnownFact) {
    let joined = |a: &[String], b: &[String]| -> BTreeSet<String> { a.iter().chain(b).cloned().collect() };
    one.evidence = joined(&one.evidence, &other.evidence).into_iter().collect();
    one.stated_by = joined(&one.stated_by, &other.stated_by).into_iter().collect();
}

fn value(law: &Parsed, name: &str, fact: &KnownFact) -> Text {
    match law.facts.get(name).map(|definition| definition.kind) {
        Some(FactKind::Money | FactKind::Count) => law.interval(name, fact.interval),
        Some(FactKind::Flag) => law.holds(fact.truth),
        Some(FactKind::Text) | None => Text::same(fact.words.iter().next().cloned().unwrap_or_default()),
    }
}

fn contradiction_text(law: &Parsed, known: &Known, fact: &str, stated: usize, skipped: usize) -> Text {
    let used = law.facts.get(fact).map(|definition| match definition.kind {
        FactKind::Money | FactKind::Count => law.interval(fact, known.interval(fact)),
        FactKind::Flag | FactKind::Text => law.messages.say(key::STATE_UNKNOWN, &[]),
    });
    let count = Text::same(stated.to_string());
    let values = [
        ("fact", &law.fact_title(fact)),
        ("count", &count),
        ("used", &used.unwrap_or_default()),
    ];
    let mut text = law.messages.say(key::CONTRADICTION, &values);
    if skipped > 0 {
        let values = [("skipped", &Text::same(skipped.to_string()))];
        text.append(&law.messages.say(key::CONTRADICTION_SKIPPED, &values));
    }
    text
}
