//! Which of two rule sets governs: the one at the time of the conduct, unless the later one is lighter.
//!
//! In:  the two evaluated sets.
//! Out: [`Governing`] with the reason, and whether a person must choose.
//!
//! Sources: Criminal Law art. 12; 高检发释字〔2001〕5号 items 2 and 3. They are rule files with the
//! roles `statute_in_time`, `interpretation_none_before`, `interpretation_existing`.

use std::cmp::Ordering;

use quanlian_record::time::Day;
use serde::Serialize;

use super::{Evaluated, Layer, SetAt, Sets};
use crate::{
    evaluate::{Reason, ReasonKind},
    facts::{Choice, FactSheet, MAX_TEXT_BYTES, SheetError},
    load::Parsed,
    penalty,
    rule::Tier,
    text::{Text, key},
};

/// Which rule set governs, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Governing {
    /// The day of the rule set that governs.
    pub as_of: Day,
    /// What led to it.
    pub which: Which,
    /// The reason in words.
    pub why: Text,
    /// Whether a person must choose, because tier and fine point in different directions
    /// or no rules are known for one of the days.
    pub choice_required: bool,
    /// Whether missing facts could still turn it.
    pub provisional: bool,
    /// The choice that a person made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Whether that choice departs from what the temporal rule says plainly.
    pub departs_from_rule: bool,
    /// The temporal rules that were applied.
    pub rules: Vec<Reason>,
    /// What changed between conduct and judgment: statutes and interpretations apart.
    pub layers: Vec<Layer>,
}

/// What led to the rule set that governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The rules did not change, or only one day is known.
    Only,
    /// The rules at the time of the conduct.
    Conduct,
    /// The rules at judgment.
    Judgment,
    /// A person chose.
    Chosen,
}

/// What the temporal rule says, before a person's choice.
struct Verdict {
    newer: bool,
    message: &'static str,
    choice_required: bool,
}

pub(super) fn govern(
    law: &Parsed,
    sheet: &FactSheet,
    sets: &Sets<'_>,
    lowest: Option<Tier>,
) -> Result<Governing, SheetError> {
    let governing = match &sets.second {
        Some(new) => weigh(law, sheet, &sets.first, new),
        None => alone(law, &sets.first, lowest),
    };
    Ok(match check_choice(sheet, sets)? {
        Some(choice) => chosen(law, choice, governing),
        None => governing,
    })
}

/// One rule set only: the rules did not change, or nobody knows when the conduct ended.
fn alone(law: &Parsed, only: &Evaluated<'_>, lowest: Option<Tier>) -> Governing {
    let message = match only.at {
        SetAt::Both => key::GOVERNING_SAME,
        SetAt::Conduct | SetAt::Judgment | SetAt::Between => key::GOVERNING_NO_CONDUCT,
    };
    Governing {
        as_of: only.set.on,
        which: Which::Only,
        why: law
            .messages
            .say(message, &[("as_of", &Text::same(only.set.on.to_string()))]),
        choice_required: false,
        provisional: lowest.is_some_and(|lowest| lowest != only.established),
        choice: None,
        departs_from_rule: false,
        rules: Vec::new(),
        layers: Vec::new(),
    }
}

/// A person's choice goes before the engine's, and is marked where the temporal rule left none.
fn chosen(law: &Parsed, choice: &Choice, own: Governing) -> Governing {
    let values = [
        ("as_of", &Text::same(choice.as_of.to_string())),
        ("reason", &Text::same(choice.reason.clone())),
        ("why", &own.why),
    ];
    let mut why = law.messages.say(key::GOVERNING_CHOSEN, &values);
    if let Some(person) = &choice.chosen_by {
        let values = [("who", &Text::same(person.clone()))];
        why.append(&law.messages.say(key::GOVERNING_CHOSEN_BY, &values));
    }
    if let Some(on) = choice.chosen_on {
        let values = [("on", &Text::same(on.to_string()))];
        why.append(&law.messages.say(key::GOVERNING_CHOSEN_ON, &values));
    }
    let departs_from_rule = choice.as_of != own.as_of && !own.choice_required && !own.provisional;
    if departs_from_rule {
        why.append(&law.messages.say(key::GOVERNING_DEPARTS, &[]));
    }
    Governing {
        as_of: choice.as_of,
        which: if own.which == Which::Only {
            Which::Only
        } else {
            Which::Chosen
        },
        why,
        choice_required: false,
        provisional: own.which == Which::Only && own.provisional,
        choice: Some(choice.clone()),
        departs_from_rule,
        rules: own.rules,
        layers: own.layers,
    }
}

fn check_choice<'a>(sheet: &'a FactSheet, sets: &Sets<'_>) -> Result<Option<&'a Choice>, SheetError> {
    let Some(choice) = &sheet.chosen_rule_set else {
        return Ok(None);
    };
    let refuse = |problem: String| Err(SheetError::Choice { problem });
    if choice.reason.trim().is_empty() {
        return refuse("a choice needs a reason; write it in `reason`".into());
    }
    let conduct = sheet.conduct.unwrap_or_default();
    if let (Some(on), Some(begun)) = (choice.chosen_on, conduct.to.or(conduct.from))
        && on < begun
    {
        return refuse(format!(
            "{on} is before the conduct on {begun}; correct `chosen_on`"
        ));
    }
    if choice
        .chosen_by
        .as_ref()
        .is_some_and(|by| by.len() > MAX_TEXT_BYTES)
    {
        return refuse(format!(
            "`chosen_by` has more than {MAX_TEXT_BYTES} bytes; shorten it"
        ));
    }
    if choice.reason.len() > MAX_TEXT_BYTES {
        return refuse(format!(
            "the reason has more than {MAX_TEXT_BYTES} bytes; shorten it"
        ));
    }
    if !sets.iter().any(|set| set.set.on == choice.as_of) {
        let days: Vec<String> = sets.iter().map(|set| set.set.on.to_string()).collect();
        return refuse(format!(
            "{} is not the day of a rule set; choose from {}",
            choice.as_of,
            days.join(", ")
        ));
    }
    Ok(Some(choice))
}

fn weigh(law: &Parsed, sheet: &FactSheet, old: &Evaluated<'_>, new: &Evaluated<'_>) -> Governing {
    let verdict = verdict(law, sheet, old, new);
    let winner = if verdict.newer { new } else { old };
    let values = [
        ("old", &Text::same(old.set.on.to_string())),
        ("new", &Text::same(new.set.on.to_string())),
        ("old_tier", &reached(law, old)),
        ("new_tier", &reached(law, new)),
    ];
    let mut why = law.messages.say(verdict.message, &values);
    let provisional = !is_certain(old, new);
    if provisional {
        let more = law.messages.say(key::GOVERNING_PROVISIONAL, &[]);
        why.append(&more);
    }
    Governing {
        as_of: winner.set.on,
        which: if verdict.newer {
            Which::Judgment
        } else {
            Which::Conduct
        },
        why,
        choice_required: verdict.choice_required,
        provisional,
        choice: None,
        departs_from_rule: false,
        rules: temporal_rules(law, old.set.is_silent(), new.set.on),
        layers: Vec::new(),
    }
}

/// By the main penalty first, by the fine where that is the same (从旧兼从轻).
fn verdict(law: &Parsed, sheet: &FactSheet, old: &Evaluated<'_>, new: &Evaluated<'_>) -> Verdict {
    let decide = |newer, message, choice_required| Verdict {
        newer,
        message,
        choice_required,
    };
    if has_no_old_lines(old, new) {
        return decide(false, key::GOVERNING_NO_OLD, true);
    }
    let main = weight(new).cmp(&weight(old));
    let both_punish = old.established > Tier::Below && new.established > Tier::Below;
    let fine = if both_punish {
        let side = |set: &'_ Evaluated<'_>| (set.set.on, set.established);
        let known = (&old.known, &new.known);
        penalty::compare_fines(law, &sheet.offence, side(old), side(new), known)
    } else {
        Some(main)
    };
    match (main, fine) {
        (Ordering::Less, Some(Ordering::Greater) | None) => decide(true, key::GOVERNING_SPLIT_NEW, true),
        (Ordering::Less, _) => decide(true, key::GOVERNING_NEW_LIGHTER, false),
        (Ordering::Greater, Some(Ordering::Less)) => decide(false, key::GOVERNING_SPLIT_OLD, true),
        (Ordering::Greater, _) => decide(false, key::GOVERNING_OLD_HEAVIER, false),
        (Ordering::Equal, Some(Ordering::Less)) => decide(true, key::GOVERNING_NEW_FINE, false),
        (Ordering::Equal, Some(Ordering::Greater)) => decide(false, key::GOVERNING_OLD_FINE, false),
        (Ordering::Equal, Some(Ordering::Equal)) => decide(false, key::GOVERNING_OLD_EQUAL, false),
        (Ordering::Equal, None) => decide(false, key::GOVERNING_OLD_FINE_UNCLEAR, false),
    }
}

/// How heavy the main penalty of the tier established is: nothing, or the band's upper and lower end.
pub(super) fn weight(evaluated: &Evaluated<'_>) -> (u32, u32, Tier) {
    let tier = evaluated.established;
    let (max, min) = evaluated.set.main_penalty(tier);
    // Where nothing is established, a set that excludes every line is lighter than one that leaves it open.
    let open = if tier == Tier::Below {
        evaluated.possible
    } else {
        tier
    };
    (max, min, open)
}

/// Whether there are no lines for the conduct but some at judgment (item 2 of the rule on interpretations).
pub(super) fn has_no_old_lines(old: &Evaluated<'_>, new: &Evaluated<'_>) -> bool {
    old.set.is_silent() && !new.set.is_silent()
}

/// Missing facts cannot turn the comparison: both are settled, or one lies wholly below the other.
fn is_certain(old: &Evaluated<'_>, new: &Evaluated<'_>) -> bool {
    // Nothing can be lighter than old rules that exclude every line.
    old.possible == Tier::Below
        || (old.is_settled() && new.is_settled())
        || new.possible < old.established
        || old.possible < new.established
}

fn reached(law: &Parsed, evaluated: &Evaluated<'_>) -> Text {
    match (evaluated.established, evaluated.possible) {
        (Tier::Below, possible) if possible > Tier::Below => law.messages.say(key::TIER_UNDETERMINED, &[]),
        (tier, _) => evaluated.set.tier(tier),
    }
}

fn temporal_rules(law: &Parsed, no_old: bool, on: Day) -> Vec<Reason> {
    let interpretation = if no_old {
        "interpretation_none_before"
    } else {
        "interpretation_existing"
    };
    ["statute_in_time", interpretation]
        .into_iter()
        .filter_map(|role| law.by_role(role, on))
        .map(|(rule, version)| {
            Reason::new(ReasonKind::Note, None, rule.source_of(version).gist.clone()).citing(rule, version)
        })
        .collect()
}
