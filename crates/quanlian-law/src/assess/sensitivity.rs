//! Sensitivity: what the outcome hangs on, and where exactly it would turn.
//!
//! In:  a sheet with its outcome, and the outcome as a function of what is known ([`Trial`]).
//! Out: [`Sensitivity`]: for each stated fact the outcome without it and the amounts at which it falls
//! and rises; for the days and the person the outcome on the other side; the nearest next lines.
//!
//! Invariant: each number is exact. A fresh assessment with the fact set to one below `below.at`, or
//! to `above.at`, gives the outcome named there; the amount on this side of it keeps the outcome.
//!
//! More of an amount never lowers the outcome, but where it contradicts what is stated of a fact that follows
//! from it: then nothing is certain of that fact any more. So below an amount the outcome mostly falls, and may
//! rise where a contradiction ends.
//!
//! How: the amounts at which some line or share of a line begins are tried first, the nearest before the
//! others; between two of them an amount from which others are derived may turn, and is found by halving.
//! All trials are truth functions; words are made at the end.

use std::collections::BTreeSet;

use quanlian_record::time::Day;
use serde::Serialize;

use super::{Evaluated, Outcome, changes, trial::Trial};
use crate::{
    facts::{Conduct, FactSheet, Known, MAX_COUNT, MAX_FEN, amount_like},
    interval::{Interval, Truth},
    load::Parsed,
    rule::{Amount, Condition, Person, Tier},
    text::{Text, key},
    vocabulary::FactKind,
};

/// Most lines in the list of next lines.
const MAX_NEXT_LINES: usize = 5;

/// What the outcome hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sensitivity {
    /// Each stated fact that the lines or elements ask for, those that decide first.
    pub facts: Vec<FactSensitivity>,
    /// Days on which another outcome would begin, for the end of the conduct and for the judgment.
    pub days: Vec<DaySensitivity>,
    /// The other kind of person, where it changes the outcome.
    pub person: Option<PersonSensitivity>,
    /// Lines of a higher tier in the rule set that governs, the nearest first.
    pub next_lines: Vec<NextLine>,
}

/// What the outcome hangs on for one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactSensitivity {
    /// Its name.
    pub fact: String,
    /// Its name for people.
    pub title: Text,
    /// Whether the outcome, or what can still be reached, changes without it.
    pub decides: bool,
    /// What would be without it.
    pub without: Without,
    /// The nearest amount under which the outcome is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<Turn>,
    /// The nearest amount at and above which the outcome is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<Turn>,
    /// For a flag: what would be with the other value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opposite: Option<Opposite>,
    /// The same in words.
    pub text: Text,
}

impl FactSensitivity {
    /// Whether anything said of the fact would change the outcome.
    fn matters(&self, now: Outcome) -> bool {
        let opposite = self.opposite.is_some_and(|opposite| opposite.outcome != now);
        self.decides || self.below.is_some() || self.above.is_some() || opposite
    }
}

/// The outcome without a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Without {
    /// The outcome.
    pub outcome: Outcome,
    /// The highest tier that would not be excluded.
    pub could_reach: Tier,
}

/// An amount at which the outcome turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Below the stated amount: the lowest that keeps the outcome. Above it: the lowest that changes it.
    pub at: Amount,
    /// The outcome on the other side.
    pub to: Outcome,
    /// How far the stated amount is from `at`; for a range, its lower end.
    pub by: Amount,
}

/// The outcome with the other value of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Opposite {
    /// That value.
    pub value: bool,
    /// The outcome.
    pub outcome: Outcome,
}

/// Which day of a case is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayOf {
    /// The end of the conduct.
    Conduct,
    /// The judgment.
    Judgment,
}

/// A day on which another outcome would begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaySensitivity {
    /// Which day.
    pub what: DayOf,
    /// The nearest day with that outcome.
    pub on: Day,
    /// The outcome if it had been then.
    pub outcome: Outcome,
    /// The same in words.
    pub text: Text,
}

/// The outcome for the other kind of person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonSensitivity {
    /// Who would have acted.
    pub person: Person,
    /// The outcome.
    pub outcome: Outcome,
    /// The same in words.
    pub text: Text,
}

/// A line that is not reached, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextLine {
    /// Id of the line.
    pub line: String,
    /// Id of its rule.
    pub rule: String,
    /// Where it lifts to.
    pub tier: Tier,
    /// Name of the fact.
    pub fact: String,
    /// The amount of the line for this person.
    pub at: Amount,
    /// How much is lacking.
    pub short_by: Amount,
    /// Instrument and article.
    pub citation: Text,
    /// Whether somebody read the line in a source.
    pub verified: bool,
    /// The same in words.
    pub text: Text,
}

pub(super) fn sensitivity(
    law: &Parsed,
    sheet: &FactSheet,
    judged_on: Day,
    known: &Known,
    trial: &mut Trial<'_>,
    governs: &Evaluated<'_>,
) -> Sensitivity {
    let now = trial.outcome(known);
    let mut relevant: BTreeSet<&str> = BTreeSet::new();
    for set in trial.sets() {
        relevant.extend(set.outcome_facts());
    }
    let mut hypothesis = known.clone();
    let mut facts: Vec<FactSensitivity> = known
        .facts
        .keys()
        .map(|name| fact(law, name, known, &mut hypothesis, trial, now))
        // A circumstance of the sentence is no part of the outcome, and need not be listed as such.
        .filter(|found| relevant.contains(found.fact.as_str()) || found.matters(now.0))
        .collect();
    let weight = |fact: &FactSensitivity| (!fact.decides, !fact.matters(now.0));
    facts.sort_by(|a, b| (weight(a), &a.fact).cmp(&(weight(b), &b.fact)));
    Sensitivity {
        facts,
        days: days(law, sheet, judged_on, known, now.0),
        person: person(law, known, trial, now.0),
        next_lines: next_lines(law, governs),
    }
}

/// Tries one fact in every way. `hypothesis` is what is known, and is so again at the end.
fn fact(
    law: &Parsed,
    name: &str,
    known: &Known,
    hypothesis: &mut Known,
    trial: &mut Trial<'_>,
    now: (Outcome, Tier),
) -> FactSensitivity {
    let stated = hypothesis.facts.remove(name);
    let without = trial.outcome(hypothesis);
    if let Some(stated) = stated.clone() {
        hypothesis.facts.insert(name.to_owned(), stated);
    }
    let kind = law
        .facts
        .get(name)
        .map_or(FactKind::Text, |definition| definition.kind);
    let (mut below, mut above, mut opposite) = (None, None, None);
    match kind {
        FactKind::Money | FactKind::Count => {
            (below, above) = turns(name, kind, known.interval(name), hypothesis, trial);
        }
        FactKind::Flag => opposite = flipped(law, name, hypothesis, trial),
        FactKind::Text => {}
    }
    if let Some(stated) = stated {
        hypothesis.facts.insert(name.to_owned(), stated);
    }
    let mut result = FactSensitivity {
        title: law.fact_title(name),
        decides: without != now,
        without: Without {
            outcome: without.0,
            could_reach: without.1,
        },
        below,
        above,
        opposite,
        text: Text::default(),
        fact: name.to_owned(),
    };
    result.text = words(law, trial.offence(), &result, now.0);
    result
}

/// Where the outcome turns on either side, counted from the lower end of what is stated.
fn turns(
    name: &str,
    kind: FactKind,
    stated: Interval,
    hypothesis: &mut Known,
    trial: &mut Trial<'_>,
) -> (Option<Turn>, Option<Turn>) {
    let limit = match kind {
        FactKind::Money => MAX_FEN,
        _ => MAX_COUNT,
    };
    // Above nothing a fact may imply a flag, so the first piece is an amount to try, too.
    let mut amounts = BTreeSet::from([1]);
    let mut clashes = BTreeSet::new();
    for set in trial.sets() {
        amounts.extend(set.amounts_of(name, hypothesis));
        clashes.extend(set.clashes_of(name, hypothesis));
    }
    // Without a contradiction more never lowers the outcome: then its ends tell whether there is a turn at all.
    let one_way = clashes.is_empty();
    amounts.extend(clashes);
    let mut outcome_at = |amount: i64| {
        if let Some(fact) = hypothesis.facts.get_mut(name) {
            fact.interval = Interval::exact(amount);
        }
        trial.outcome(hypothesis).0
    };
    let own = outcome_at(stated.low);
    let turn = |at: i64, to: Outcome| Turn {
        at: amount_like(kind, at),
        to,
        by: amount_like(kind, (stated.low - at).abs()),
    };
    let (mut below, mut above) = (None, None);
    if stated.low > 0 && !(one_way && outcome_at(0) == own) {
        let (mut kept, mut other) = (stated.low, None);
        let before = amounts.range(..=stated.low).rev().flat_map(|at| [*at, at - 1]);
        for at in before.chain([0]).filter(|at| (0..stated.low).contains(at)) {
            if outcome_at(at) != own {
                other = Some(at);
                break;
            }
            kept = at;
        }
        if let Some(other) = other {
            let at = first_between(other, kept, |amount| outcome_at(amount) == own);
            below = Some(turn(at, outcome_at(at - 1)));
        }
    }
    if stated.low < limit && !(one_way && outcome_at(limit) == own) {
        let (mut kept, mut other) = (stated.low, None);
        let after = amounts.range(stated.low..limit).flat_map(|at| [at - 1, *at]);
        for at in after.chain([limit]).filter(|at| *at > stated.low) {
            if outcome_at(at) != own {
                other = Some(at);
                break;
            }
            kept = at;
        }
        if let Some(other) = other {
            let at = first_between(kept, other, |amount| outcome_at(amount) != own);
            above = Some(turn(at, outcome_at(at)));
        }
    }
    (below, above)
}

/// The first amount above `low` for which `holds`, which it does at `high` and does not at `low`.
///
/// Mostly a line begins one above `low` or at `high`; an amount from which others are derived turns in between.
fn first_between(mut low: i64, mut high: i64, mut holds: impl FnMut(i64) -> bool) -> i64 {
    for near in [low + 1, high - 1] {
        if low < near && near < high {
            if holds(near) {
                high = near;
            } else {
                low = near;
            }
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The outcome with the other value. There is none for a flag whose statements contradict each other, nor
/// for one of a group (`one_of`) whose other value would contradict what is stated of the rest.
fn flipped(law: &Parsed, name: &str, hypothesis: &mut Known, trial: &mut Trial<'_>) -> Option<Opposite> {
    let value = match hypothesis.facts.get(name)?.truth {
        Truth::Met => false,
        Truth::NotMet => true,
        Truth::Unknown => return None,
    };
    let others = law
        .facts
        .get(name)
        .map_or(&[][..], |definition| definition.others.as_slice());
    let stated = |other: &String| hypothesis.facts.get(other).map(|fact| fact.truth);
    let contradicts = if value {
        others.iter().any(|other| stated(other) == Some(Truth::Met))
    } else {
        !others.is_empty() && others.iter().all(|other| stated(other) == Some(Truth::NotMet))
    };
    if contradicts {
        return None;
    }
    hypothesis.facts.get_mut(name)?.truth = value.into();
    let outcome = trial.outcome(hypothesis).0;
    Some(Opposite { value, outcome })
}

fn words(law: &Parsed, offence: &str, fact: &FactSensitivity, now: Outcome) -> Text {
    let outcome = |outcome: Outcome| law.outcome_of(offence, outcome);
    let say = |key: &str, values: &[(&str, &Text)]| law.messages.say(key, values);
    let first = if fact.without.outcome != now {
        key::SENSITIVITY_WITHOUT
    } else if fact.decides {
        key::SENSITIVITY_WITHOUT_REACH
    } else {
        key::SENSITIVITY_STAYS
    };
    let values = [
        ("fact", &fact.title),
        ("outcome", &outcome(fact.without.outcome)),
        ("reach", &law.tier_of(offence, fact.without.could_reach)),
    ];
    let mut text = say(first, &values);
    for (turn, falls, rises) in [
        (fact.below, key::SENSITIVITY_FALLS, key::SENSITIVITY_RISES_BELOW),
        (fact.above, key::SENSITIVITY_FALLS_AT, key::SENSITIVITY_RISES),
    ] {
        let Some(turn) = turn else { continue };
        let message = if turn.to < now { falls } else { rises };
        let values = [
            ("to", &outcome(turn.to)),
            ("at", &law.amount(&fact.fact, turn.at)),
            ("by", &law.amount(&fact.fact, turn.by)),
        ];
        text.append(&say(message, &values));
    }
    if let Some(opposite) = fact.opposite.filter(|opposite| opposite.outcome != now) {
        let values = [
            ("holds", &law.holds(opposite.value.into())),
            ("outcome", &outcome(opposite.outcome)),
        ];
        text.append(&say(key::SENSITIVITY_OPPOSITE, &values));
    }
    text
}

/// The nearest day, before and after, from which the outcome would be another one.
fn days(law: &Parsed, sheet: &FactSheet, judged_on: Day, known: &Known, now: Outcome) -> Vec<DaySensitivity> {
    let Some(Conduct {
        from,
        to: Some(ended_on),
    }) = sheet.conduct
    else {
        return Vec::new();
    };
    let mut changes = changes(law, &sheet.offence);
    // Before its first lines the book knows nothing, which is no other outcome.
    changes.pop_first();
    let other = |what: DayOf, on: Day| {
        let (conduct_end, judged) = match what {
            DayOf::Conduct => (on, judged_on),
            DayOf::Judgment => (ended_on, on),
        };
        let moved = FactSheet {
            offence: sheet.offence.clone(),
            conduct: Some(Conduct {
                from,
                to: Some(conduct_end),
            }),
            chosen_rule_set: sheet.chosen_rule_set.clone(),
            ..FactSheet::default()
        };
        let outcome = Trial::of(law, &moved, judged, known).outcome(known).0;
        (outcome != now).then(|| {
            let message = match what {
                DayOf::Conduct => key::SENSITIVITY_CONDUCT,
                DayOf::Judgment => key::SENSITIVITY_JUDGMENT,
            };
            let values = [
                ("on", &Text::same(on.to_string())),
                ("outcome", &law.outcome_of(&sheet.offence, outcome)),
            ];
            DaySensitivity {
                what,
                on,
                outcome,
                text: law.messages.say(message, &values),
            }
        })
    };
    let eve = |day: &Day| day.yesterday().ok();
    // It cannot have ended before it began.
    let begun = |on: &Day| from.is_none_or(|from| from <= *on);
    let earlier = changes.range(..=ended_on).rev().filter_map(eve).filter(begun);
    let later = changes
        .range(ended_on..=judged_on)
        .filter(|on| **on > ended_on)
        .copied();
    let judged_earlier = changes
        .range(ended_on..=judged_on)
        .rev()
        .filter_map(eve)
        .filter(|on| *on >= ended_on);
    let judged_later = changes.range(judged_on..).filter(|on| **on > judged_on).copied();
    let mut found = Vec::new();
    found.extend(earlier.into_iter().find_map(|on| other(DayOf::Conduct, on)));
    found.extend(later.into_iter().find_map(|on| other(DayOf::Conduct, on)));
    found.extend(
        judged_earlier
            .into_iter()
            .find_map(|on| other(DayOf::Judgment, on)),
    );
    found.extend(judged_later.into_iter().find_map(|on| other(DayOf::Judgment, on)));
    found
}

fn person(law: &Parsed, known: &Known, trial: &mut Trial<'_>, now: Outcome) -> Option<PersonSensitivity> {
    let person = match known.person? {
        Person::Natural => Person::Unit,
        Person::Unit => Person::Natural,
    };
    if !trial.sets().any(crate::evaluate::RuleSet::depends_on_person) {
        return None;
    }
    let other = Known {
        person: Some(person),
        ..known.clone()
    };
    let outcome = trial.outcome(&other).0;
    let message = match person {
        Person::Natural => key::SENSITIVITY_NATURAL,
        Person::Unit => key::SENSITIVITY_UNIT,
    };
    (outcome != now).then(|| PersonSensitivity {
        person,
        outcome,
        text: law
            .messages
            .say(message, &[("outcome", &law.outcome_of(trial.offence(), outcome))]),
    })
}

/// Lines above the tier established that compare one stated amount, by how much of the line is lacking.
fn next_lines(law: &Parsed, governs: &Evaluated<'_>) -> Vec<NextLine> {
    let (set, known) = (&governs.set, &governs.known);
    let mut near: Vec<(i128, NextLine)> = Vec::new();
    for (rule, version, line) in set.lines().filter(|(_, _, line)| line.tier > governs.established) {
        let Condition::AtOrAbove { fact, threshold } = &line.condition else {
            continue;
        };
        let stated = known.interval(fact).low;
        let at = set.for_person(*threshold, known).low;
        let applies = line
            .applies
            .iter()
            .all(|flag| known.flag(flag, &law.facts).0 != Truth::NotMet);
        if !known.is_stated(fact) || !applies || stated >= at || set.line_truth(line, known) == Truth::Met {
            continue;
        }
        let short_by = at - stated;
        let lacking_ppm = i128::from(short_by) * 1_000_000 / i128::from(at.max(1));
        let (at, short_by) = (threshold.with(at), threshold.with(short_by));
        let values = [
            ("fact", &law.fact_title(fact)),
            ("by", &law.amount(fact, short_by)),
            ("at", &law.amount(fact, at)),
            ("tier", &set.tier(line.tier)),
        ];
        near.push((
            lacking_ppm,
            NextLine {
                line: line.id.clone(),
                rule: rule.id.clone(),
                tier: line.tier,
                fact: fact.clone(),
                at,
                short_by,
                citation: rule.source_of(version).cite.clone(),
                verified: line.verified,
                text: law.messages.say(key::SENSITIVITY_NEXT_LINE, &values),
            },
        ));
    }
    near.sort_by(|(a, one), (b, other)| (one.tier, a, &one.line).cmp(&(other.tier, b, &other.line)));
    near.truncate(MAX_NEXT_LINES);
    near.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::first_between;

    #[test]
    fn the_first_amount_is_found_wherever_it_lies() {
        for (low, first, high) in [
            (0, 1, 9),
            (0, 9, 9),
            (0, 5, 9),
            (3, 4, 4),
            (0, 250_000, 1_000_000_000_000_000),
        ] {
            let mut tried = 0;
            let found = first_between(low, high, |amount| {
                tried += 1;
                assert!(low < amount && amount < high, "{amount} is known already");
                amount >= first
            });
            assert_eq!(found, first);
            assert!(tried <= 52, "{tried}");
        }
    }
}
