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

pub(super) fn missing(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known) -> Vec<Missing> {
    if evaluated.is_settled() || evaluated.set.is_silent() {
        return Vec::new();
    }
    let mut found: Vec<(bool, u32, Missing)> = Vec::new();
    for name in asked(evaluated) {
        let Some(definition) = law.facts.get(name) else {
            continue;
        };
        let missing = match definition.kind {
            FactKind::Flag => flag(law, evaluated, known, name),
            kind => amount(law, evaluated, known, name, kind),
        };
        let is_first = definition
            .first_when
            .iter()
            .any(|f| known.flag(f, &law.facts).0 == Truth::Met);
        found.extend(missing.map(|missing| (!is_first, definition.rank, missing)));
    }
    found.extend(person(law, evaluated, known).map(|missing| (true, u32::MAX, missing)));
    found.sort_by_key(|(later, rank, missing)| {
        (
            Reverse(missing.could_lift_to),
            !missing.alone,
            *later,
            *rank,
            missing.fact.clone(),
        )
    });
    found.into_iter().map(|(_, _, missing)| missing).collect()
}

fn amount(
    law: &Parsed,
    evaluated: &Evaluated<'_>,
    known: &Known,
    name: &str,
    kind: FactKind,
) -> Option<Missing> {
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
        let values = [
            ("fact", &law.fact_title(name)),
            ("tier", &evaluated.set.tier(lifted)),
            (
                "from",
                &from.map(|from| law.amount(name, from)).unwrap_or_default(),
            ),
        ];
        let message = if from.is_some() {
            key::MISSING_LIFT_AT
        } else {
            key::MISSING_LIFT_ALONE
        };
        let why = law.messages.say(message, &values);
        return Some(missing_fact(law, name, lifted, true, from, why));
    }
    let (_, left) = reach(now.low);
    (left < evaluated.possible).then(|| together(law, evaluated, name))
}

fn flag(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known, name: &str) -> Option<Missing> {
    if known.flag(name, &law.facts).0 != Truth::Unknown {
        return None;
    }
    let (lifted, _) = evaluated.set.reach(&known.with_flag(name, true));
    let (_, left) = evaluated.set.reach(&known.with_flag(name, false));
    if lifted > evaluated.established {
        let values = [
            ("fact", &law.fact_title(name)),
            ("tier", &evaluated.set.tier(lifted)),
        ];
        let why = law.messages.say(key::MISSING_FLAG, &values);
        Some(missing_fact(law, name, lifted, true, None, why))
    } else {
        (left < evaluated.possible).then(|| together(law, evaluated, name))
    }
}

fn person(law: &Parsed, evaluated: &Evaluated<'_>, known: &Known) -> Option<Missing> {
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
    let tier = lifted.max(possible);
    let why = law
        .messages
        .say(key::MISSING_PERSON, &[("tier", &evaluated.set.tier(tier))]);
    Some(Missing {
        fact: "person".into(),
        title: law.messages.say(key::PERSON, &[]),
        could_lift_to: tier,
        alone: lifted > evaluated.established,
        from: None,
        why,
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

fn together(law: &Parsed, evaluated: &Evaluated<'_>, name: &str) -> Missing {
    let tier = evaluated.possible;
    let values = [
        ("fact", &law.fact_title(name)),
        ("tier", &evaluated.set.tier(tier)),
    ];
    missing_fact(
        law,
        name,
        tier,
        false,
        None,
        law.messages.say(key::MISSING_LIFT_TOGETHER, &values),
    )
}

fn missing_fact(
    law: &Parsed,
    name: &str,
    tier: Tier,
    alone: bool,
    from: Option<Amount>,
    why: Text,
) -> Missing {
    Missing {
        fact: name.to_owned(),
        title: law.fact_title(name),
        could_lift_to: tier,
        alone,
        from,
        why,
    }
}
