//! Which missing facts could change the outcome, the strongest first.
//!
//! In:  an evaluated rule set and what is known.
//! Out: [`Missing`], each with what it could change and where its line is.
//!
//! How: each fact that is open is tried alone at its highest and at its lowest
//! possible value, the rest left as it is. A fact that lifts alone comes before
//! one that only takes part; among equals the order is that of `facts.toml`.

use std::{cmp::Reverse, collections::BTreeSet};

use quanlian_record::time::Day;
use serde::Serialize;

use super::Evaluated;
use crate::{
    facts::{Known, MAX_COUNT, MAX_FEN, amount_like},
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Amount, Person, Tier},
    text::{Text, key},
    vocabulary::FactKind,
};

/// A fact that could change the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its name; `person` and `conduct` stand for those fields of the sheet.
    pub fact: String,
    /// Its name for people.
    pub title: Text,
    /// The highest tier that it could help to reach.
    pub could_lift_to: Tier,
    /// Whether it could do so without any other fact.
    pub alone: bool,
    /// The amount from which it does so alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Amount>,
    /// What it could change, in words.
    pub why: Text,
}

/// Facts and flags that the lines of a set ask for, and those from which they are found.
fn asked<'a>(evaluated: &Evaluated<'a>) -> BTreeSet<&'a str> {
    let lines = evaluated.set.deep_lines().into_iter();
    let mut names = lines
        .flat_map(|(_, _, _, line)| {
            line.applies
                .iter()
                .map(String::as_str)
                .chain(line.condition.names())
        })
        .collect();
    evaluated.set.add_inputs(&mut names);
    names
}

/// A fact that could change the outcome, before it is put in words.
struct Found<'a> {
    fact: &'a str,
    could_lift_to: Tier,
    alone: bool,
    from: Option<Amount>,
    message: &'static str,
    /// Not asked for before the others.
    later: bool,
    rank: u32,
}

/// What `person`, a field of the sheet, is called among the facts.
const PERSON: &str = "person";

pub(super) fn missing(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known) -> Vec<Missing> {
    let found = found(law, evaluated, known);
    found
        .into_iter()
        .map(|found| in_words(law, evaluated, &found))
        .collect()
}

/// The name of the fact that could change the outcome most, without any words.
pub(super) fn first<'a>(law: &Parsed, evaluated: &Evaluated<'a>, known: &Known) -> Option<&'a str> {
    found(law, evaluated, known).first().map(|found| found.fact)
}

fn found<'a>(law: &Parsed, evaluated: &Evaluated<'a>, known: &Known) -> Vec<Found<'a>> {
    if evaluated.is_settled() || evaluated.set.is_silent() {
        return Vec::new();
    }
    let mut all: Vec<Found<'_>> = Vec::new();
    for name in asked(evaluated) {
        let Some(definition) = law.facts.get(name) else {
            continue;
        };
        let found = match definition.kind {
            FactKind::Flag => flag(law, evaluated, known, name),
            kind => amount(evaluated, known, name, kind),
        };
        let is_first = definition
            .first_when
            .iter()
            .any(|f| known.flag(f, &law.facts).0 == Truth::Met);
        all.extend(found.map(|found| Found {
            later: !is_first,
            rank: definition.rank,
            ..found
        }));
    }
    let behind = behind(law, evaluated, known, &all);
    all.extend(behind);
    all.extend(person(evaluated, known));
    all.sort_by_key(|found| {
        (
            Reverse(found.could_lift_to),
            !found.alone,
            found.later,
            found.rank,
            found.fact,
        )
    });
    all
}

fn in_words(law: &Parsed, evaluated: &Evaluated<'_>, found: &Found<'_>) -> Missing {
    let title = if found.fact == PERSON {
        law.messages.say(key::PERSON, &[])
    } else {
        law.fact_title(found.fact)
    };
    let from = found.from.map(|from| law.amount(found.fact, from));
    let values = [
        ("fact", &title),
        ("tier", &evaluated.set.tier(found.could_lift_to)),
        ("from", &from.unwrap_or_default()),
    ];
    let why = law.messages.say(found.message, &values);
    Missing {
        fact: found.fact.to_owned(),
        title,
        could_lift_to: found.could_lift_to,
        alone: found.alone,
        from: found.from,
        why,
    }
}

/// A fact that lifts by itself.
fn alone<'a>(fact: &'a str, tier: Tier, from: Option<Amount>, message: &'static str) -> Found<'a> {
    Found {
        fact,
        could_lift_to: tier,
        alone: true,
        from,
        message,
        later: true,
        rank: u32::MAX,
    }
}

/// A fact that takes part.
fn together(fact: &str, tier: Tier) -> Found<'_> {
    Found {
        alone: false,
        ..alone(fact, tier, None, key::MISSING_LIFT_TOGETHER)
    }
}

/// Facts behind an amount that is missing: those from which it could be found. No one of them may decide alone,
/// but whoever is to state the amount needs them.
fn behind<'a>(law: &Parsed, evaluated: &Evaluated<'a>, known: &Known, found: &[Found<'a>]) -> Vec<Found<'a>> {
    let listed: BTreeSet<&str> = found.iter().map(|found| found.fact).collect();
    let names = evaluated.set.open_inputs(&listed, &evaluated.known);
    names
        .into_iter()
        .filter(|name| !listed.contains(name) && !is_known(law, evaluated, known, name))
        .filter_map(|name| {
            Some(Found {
                rank: law.facts.get(name)?.rank,
                ..together(name, evaluated.possible)
            })
        })
        .collect()
}

fn is_known(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known, name: &str) -> bool {
    match law.facts.get(name).map(|definition| definition.kind) {
        Some(FactKind::Flag) => known.flag(name, &law.facts).0 != Truth::Unknown,
        _ => evaluated.known.interval(name).is_exact(),
    }
}

fn amount<'a>(evaluated: &Evaluated<'_>, known: &Known, name: &'a str, kind: FactKind) -> Option<Found<'a>> {
    // What follows from other facts is known; stating the fact can only narrow it.
    let now = evaluated.known.interval(name);
    if now.is_exact() {
        return None;
    }
    let limit = if kind == FactKind::Money {
        MAX_FEN
    } else {
        MAX_COUNT
    };
    let reach = |number: i64| {
        evaluated
            .set
            .reach(&known.with_amount(name, Interval::exact(number)))
    };
    let (lifted, _) = reach(now.high.unwrap_or(limit));
    if lifted > evaluated.established {
        let from = evaluated
            .set
            .amounts_of(name, known)
            .into_iter()
            .filter(|number| now.low <= *number && now.high.is_none_or(|high| *number <= high))
            .find(|number| reach(*number).0 >= lifted)
            .map(|number| amount_like(kind, number));
        let message = if from.is_some() {
            key::MISSING_LIFT_AT
        } else {
            key::MISSING_LIFT_ALONE
        };
        return Some(alone(name, lifted, from, message));
    }
    let (_, left) = reach(now.low);
    (left < evaluated.possible).then(|| together(name, evaluated.possible))
}

fn flag<'a>(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known, name: &'a str) -> Option<Found<'a>> {
    if known.flag(name, &law.facts).0 != Truth::Unknown {
        return None;
    }
    let (lifted, _) = evaluated.set.reach(&known.with_flag(name, true));
    if lifted > evaluated.established {
        return Some(alone(name, lifted, None, key::MISSING_FLAG));
    }
    let (_, left) = evaluated.set.reach(&known.with_flag(name, false));
    (left < evaluated.possible).then(|| together(name, evaluated.possible))
}

fn person(evaluated: &Evaluated<'_>, known: &Known) -> Option<Found<'static>> {
    if known.person.is_some() || !evaluated.set.depends_on_person() {
        return None;
    }
    let (lifted, possible) = evaluated.set.reach(&Known {
        person: Some(Person::Natural),
        ..known.clone()
    });
    let (_, left) = evaluated.set.reach(&Known {
        person: Some(Person::Unit),
        ..known.clone()
    });
    if lifted == evaluated.established && left == evaluated.possible {
        return None;
    }
    Some(Found {
        alone: lifted > evaluated.established,
        ..alone(PERSON, lifted.max(possible), None, key::MISSING_PERSON)
    })
}

/// The date of the conduct, where versions that could apply lead to different tiers.
pub(super) fn conduct(law: &Parsed, offence: &str, highest: Tier, judged_on: Day) -> Missing {
    let values = [
        ("judged", &Text::same(judged_on.to_string())),
        ("tier", &law.tier_of(offence, highest)),
    ];
    Missing {
        fact: "conduct".into(),
        title: law.messages.say(key::CONDUCT, &[]),
        could_lift_to: highest,
        alone: true,
        from: None,
        why: law.messages.say(key::MISSING_CONDUCT, &values),
    }
}
