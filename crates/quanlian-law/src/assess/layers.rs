//! The law of the conduct against the law of the judgment, layer by layer: statutes and interpretations.
//!
//! In:  the rule sets that come into question.
//! Out: one [`Layer`] each, with what changed, the temporal rule for it, and the days on which the
//! conduct straddles a change; and the law that was in force only in between (中间法).
//!
//! Invariant: the layers explain; which rule set governs is decided for the set as a whole
//! (`governing`), so that old and new rules are never mixed.

use std::{cmp::Ordering, collections::BTreeSet};

use quanlian_record::time::Day;
use serde::Serialize;

use super::{Evaluated, SetAt, Sets, changes, governing, same_rules};
use crate::{
    evaluate::{Reason, ReasonKind, RuleSet},
    facts::{FactSheet, Known},
    load::Parsed,
    penalty,
    rule::{Kind, Rule, Tier},
    text::{Text, key},
};

/// Which kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerOf {
    /// Statutes: elements, bands, limitation. Criminal Law 12 applies.
    Statute,
    /// Interpretations: lines, fines, units. 高检发释字〔2001〕5号 items 2 and 3 apply.
    Interpretation,
}

/// What changed in one layer between conduct and judgment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Which layer.
    pub layer: LayerOf,
    /// Whether anything differs.
    pub differs: bool,
    /// What differs, by rule.
    pub changes: Vec<LayerChange>,
    /// Days inside the conduct on which something of this layer changed.
    pub straddled: Vec<Day>,
    /// The temporal rule for this layer, where something differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Reason>,
    /// The same in words.
    pub text: Text,
}

/// One rule that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerChange {
    /// Id of the rule.
    pub rule: String,
    /// Its name.
    pub title: Text,
    /// Version at the end of the conduct; `None` where it was not in force.
    pub at_conduct: Option<Day>,
    /// Its citation then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cited_at_conduct: Option<Text>,
    /// Version at judgment; `None` where it is no longer in force.
    pub at_judgment: Option<Day>,
    /// Its citation then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cited_at_judgment: Option<Text>,
}

/// The layer of a rule; none for rules that do not weigh in the comparison.
fn layer_of(rule: &Rule) -> Option<LayerOf> {
    match rule.kind {
        // The frame of probation is the Criminal Law; what is about an offence is an interpretation.
        Kind::Probation if rule.offences.is_empty() => Some(LayerOf::Statute),
        Kind::Element | Kind::Band | Kind::Limitation => Some(LayerOf::Statute),
        Kind::Threshold | Kind::Fine | Kind::FineFloor | Kind::Unit | Kind::Probation => {
            Some(LayerOf::Interpretation)
        }
        _ => None,
    }
}

/// Rules about the offence, and the general ones that shape a penalty.
fn weighed<'a>(law: &'a Parsed, offence: &'a str, layer: LayerOf) -> impl Iterator<Item = &'a Rule> {
    law.rules.values().filter(move |rule| {
        layer_of(rule) == Some(layer) && (rule.offences.is_empty() || rule.is_about(offence))
    })
}

/// Both layers, where the end of the conduct is known.
pub(super) fn layers(law: &Parsed, sheet: &FactSheet, sets: &Sets<'_>, judged_on: Day) -> Vec<Layer> {
    let conduct = sheet.conduct.unwrap_or_default();
    let Some(ended_on) = conduct.to else {
        return Vec::new();
    };
    [LayerOf::Statute, LayerOf::Interpretation]
        .into_iter()
        .map(|layer| {
            let rules = || weighed(law, &sheet.offence, layer);
            let changes: Vec<LayerChange> = rules()
                .filter_map(|rule| change(rule, ended_on, judged_on))
                .collect();
            let straddled: BTreeSet<Day> = match conduct.from {
                Some(from) => rules()
                    .flat_map(|rule| &rule.versions)
                    .flat_map(|v| [Some(v.from), v.to.and_then(|to| to.tomorrow().ok())])
                    .flatten()
                    .filter(|day| from < *day && *day <= ended_on)
                    .collect(),
                None => BTreeSet::new(),
            };
            let rule = (!changes.is_empty())
                .then(|| temporal_rule(law, layer, sets, judged_on))
                .flatten();
            Layer {
                layer,
                differs: !changes.is_empty(),
                text: words(law, layer, &changes, &straddled, (ended_on, judged_on)),
                changes,
                straddled: straddled.into_iter().collect(),
                rule,
            }
        })
        .collect()
}

fn change(rule: &Rule, ended_on: Day, judged_on: Day) -> Option<LayerChange> {
    let (old, new) = (rule.version_on(ended_on), rule.version_on(judged_on));
    let (at_conduct, at_judgment) = (old.map(|v| v.from), new.map(|v| v.from));
    (at_conduct != at_judgment).then(|| LayerChange {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        at_conduct,
        cited_at_conduct: old.map(|version| rule.source_of(version).cite.clone()),
        at_judgment,
        cited_at_judgment: new.map(|version| rule.source_of(version).cite.clone()),
    })
}

fn temporal_rule(law: &Parsed, layer: LayerOf, sets: &Sets<'_>, on: Day) -> Option<Reason> {
    let role = match layer {
        LayerOf::Statute => "statute_in_time",
        LayerOf::Interpretation if sets.first.set.is_silent() => "interpretation_none_before",
        LayerOf::Interpretation => "interpretation_existing",
    };
    let (rule, version) = law.by_role(role, on)?;
    let gist = rule.source_of(version).gist.clone();
    Some(Reason::new(ReasonKind::Note, None, gist).citing(rule, version))
}

fn words(
    law: &Parsed,
    layer: LayerOf,
    changes: &[LayerChange],
    straddled: &BTreeSet<Day>,
    (ended_on, judged_on): (Day, Day),
) -> Text {
    let day = |day: Day| Text::same(day.to_string());
    let name = law.messages.say(
        match layer {
            LayerOf::Statute => key::LAYER_STATUTE,
            LayerOf::Interpretation => key::LAYER_INTERPRETATION,
        },
        &[],
    );
    let titles: Vec<Text> = changes.iter().map(|change| change.title.clone()).collect();
    let values = [
        ("layer", &name),
        ("rules", &Text::join(&titles)),
        ("conduct", &day(ended_on)),
        ("judged", &day(judged_on)),
    ];
    let message = if changes.is_empty() {
        key::LAYER_SAME
    } else {
        key::LAYER_DIFFERS
    };
    let mut text = law.messages.say(message, &values);
    if !straddled.is_empty() {
        let days: Vec<Text> = straddled.iter().map(|on| day(*on)).collect();
        let values = [("days", &Text::join(&days))];
        text.append(&law.messages.say(key::LAYER_STRADDLED, &values));
    }
    text
}

/// Rules that were in force only between conduct and judgment.
pub(super) struct Between<'a> {
    /// Days between on which rules began that differ from both.
    pub(super) days: Vec<Day>,
    /// The lightest of them, where it is lighter than the rules of conduct and of judgment.
    pub(super) lighter: Option<Evaluated<'a>>,
}

/// Evaluates the law in between (中间法). It never governs: Criminal Law 12 compares the law of the act
/// with the law at judgment.
pub(super) fn between<'a>(law: &'a Parsed, sheet: &FactSheet, sets: &Sets<'a>, known: &Known) -> Between<'a> {
    let mut found = Between {
        days: Vec::new(),
        lighter: None,
    };
    let Some(second) = &sets.second else {
        return found;
    };
    let (ended_on, judged_on) = (sets.first.set.on, second.set.on);
    found.days = changes(law, &sheet.offence)
        .into_iter()
        .filter(|on| ended_on < *on && *on <= judged_on)
        .filter(|on| {
            !same_rules(law, &sheet.offence, *on, judged_on)
                && !same_rules(law, &sheet.offence, *on, ended_on)
        })
        .collect();
    for on in &found.days {
        let set = RuleSet::of(law, &sheet.offence, *on);
        // Without lines of its own a day has nothing to compare.
        if set.is_silent() {
            continue;
        }
        let middle = Evaluated::of(set, SetAt::Between, known);
        let lighter = [&sets.first, second]
            .into_iter()
            .chain(&found.lighter)
            .all(|other| is_lighter(law, sheet, &middle, other));
        if lighter {
            found.lighter = Some(middle);
        }
    }
    found
}

fn is_lighter(law: &Parsed, sheet: &FactSheet, one: &Evaluated<'_>, other: &Evaluated<'_>) -> bool {
    match governing::weight(one).cmp(&governing::weight(other)) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal => {
            let punishes = one.established > Tier::Below && other.established > Tier::Below;
            let (old, new) = ((other.set.on, other.established), (one.set.on, one.established));
            punishes
                && penalty::compare_fines(law, &sheet.offence, old, new, (&other.known, &one.known))
                    == Some(Ordering::Less)
        }
    }
}
