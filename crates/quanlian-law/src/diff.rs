//! What changed between the law of two days, and for whom.
//!
//! In:  the rule book and two days.
//! Out: [`LawDiff`]: for each offence the lines, bands, fines, units and elements that changed, each with the acts
//! that it moves; then every rule that began, ended or has another version, of whatever kind.
//!
//! Invariant: lines are compared by tier, fact and circumstances across all instruments, not by their ids: an
//! interpretation that restates a line under another number changes nothing. A kind of rule without words of its
//! own is compared field by field.
//!
//! Not here: what the change does to one case; for that the case is assessed on both days.

mod offence;

use std::collections::{BTreeMap, BTreeSet};

use quanlian_record::time::Day;
use serde::Serialize;

use crate::{
    deadline, describe,
    load::Parsed,
    rule::{Amount, Body, Kind, Rule, Tier, Version},
    text::{Text, key},
    vocabulary::nearest,
};

/// What changed between the law of two days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LawDiff {
    /// The earlier day.
    pub before: Day,
    /// The later day.
    pub after: Day,
    /// What changed for each offence; offences without a change are left out.
    pub offences: Vec<OffenceDiff>,
    /// Rules that began, ended or have another version, by id.
    pub rules: Vec<RuleChange>,
    /// Whether something in it rests on a text that nobody has read.
    pub rests_on_unverified: bool,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

/// What changed for one offence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OffenceDiff {
    /// Id of the offence.
    pub offence: String,
    /// Its name.
    pub title: Text,
    /// The changes: elements, lines, bands, fine, units.
    pub changes: Vec<PointChange>,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// A statutory element.
    Element,
    /// A line that lifts into a tier.
    Line,
    /// A penalty band.
    Band,
    /// The general range of the fine.
    Fine,
    /// How lines for units differ.
    Unit,
}

/// How something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There was none before.
    Added,
    /// There is none any more.
    Removed,
    /// The amount rose.
    Raised,
    /// The amount fell.
    Lowered,
    /// Something else about it changed.
    Changed,
}

/// One change, with what it was, what it is, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PointChange {
    /// What it is about.
    pub about: Point,
    /// How it changed.
    pub change: Change,
    /// The tier, for lines and bands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// The fact that a line compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The circumstances under which a line applies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<String>,
    /// As it was.
    pub before: Option<PointSide>,
    /// As it is.
    pub after: Option<PointSide>,
    /// Whose position it changes, in words.
    pub for_whom: Text,
}

/// One side of a change, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PointSide {
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule, by its first day.
    pub version: Day,
    /// Id of the line or element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The amount of a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// What it says, in words.
    pub text: Text,
    /// Instrument and article.
    pub citation: Text,
    /// Whether it was read in a source.
    pub verified: bool,
}

/// A rule that began, ended, or has another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// Id of the rule.
    pub rule: String,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: Text,
    /// The offences that it applies to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offences: Vec<String>,
    /// `added`, `removed` or `changed`.
    pub change: Change,
    /// The version of the earlier day.
    pub before: Option<VersionSide>,
    /// The version of the later day.
    pub after: Option<VersionSide>,
    /// Fields that differ, where the offences do not say it already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Whose position it changes, where the kind of rule says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_whom: Option<Text>,
}

/// A version of a rule, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionSide {
    /// First day in force.
    pub from: Day,
    /// Last day in force; `None` while in force.
    pub to: Option<Day>,
    /// Instrument and article.
    pub citation: Text,
    /// What it says, in our own words.
    pub gist: Text,
    /// Whether every part of it was read in a source.
    pub verified: bool,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The path to it.
    pub field: String,
    /// As it was.
    pub before: Option<Text>,
    /// As it is.
    pub after: Option<Text>,
}

/// Why two days cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum DiffError {
    /// The days are the wrong way round.
    #[error("{before} is after {after}; give the earlier day first")]
    Order { before: Day, after: Day },
    /// No such offence.
    #[error("`{id}` is not an offence in the rule book{}; known are {known}", near.as_deref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownOffence {
        id: String,
        near: Option<String>,
        known: String,
    },
}

impl DiffError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order { .. } => "law_diff_order",
            Self::UnknownOffence { .. } => "law_diff_unknown_offence",
        }
    }
}

/// Compares the law of two days, of all offences or of one.
pub(crate) fn diff(
    law: &Parsed,
    before: Day,
    after: Day,
    offence: Option<&str>,
) -> Result<LawDiff, DiffError> {
    if before > after {
        return Err(DiffError::Order { before, after });
    }
    if let Some(id) = offence {
        check_offence(law, id)?;
    }
    let wanted = |rule: &&Rule| offence.is_none_or(|id| rule.is_about(id));
    let offences: Vec<OffenceDiff> = law
        .offences()
        .filter(|rule| offence.is_none_or(|id| rule.id == id))
        .map(|rule| OffenceDiff {
            offence: rule.id.clone(),
            title: rule.title.clone(),
            changes: offence::changes(law, &rule.id, before, after),
        })
        .filter(|diff| !diff.changes.is_empty())
        .collect();
    let rules: Vec<RuleChange> = law
        .rules
        .values()
        .filter(wanted)
        .filter_map(|rule| rule_change(law, rule, before, after))
        .collect();
    let points = offences.iter().flat_map(|diff| &diff.changes);
    let unread_point = points
        .flat_map(|change| [&change.before, &change.after])
        .flatten()
        .any(|side| !side.verified);
    let unread_rule = rules
        .iter()
        .flat_map(|change| [&change.before, &change.after])
        .flatten()
        .any(|side| !side.verified);
    Ok(LawDiff {
        before,
        after,
        offences,
        rules,
        rests_on_unverified: unread_point || unread_rule,
        rule_book_version: law.digest.clone(),
    })
}

fn check_offence(law: &Parsed, id: &str) -> Result<(), DiffError> {
    const LONGEST_SHOWN_CHARS: usize = 100;
    let known = || law.offences().map(|rule| rule.id.as_str());
    if known().any(|known| known == id) {
        return Ok(());
    }
    Err(DiffError::UnknownOffence {
        id: id.chars().take(LONGEST_SHOWN_CHARS).collect(),
        near: nearest(id, known()).map(str::to_owned),
        known: known().collect::<Vec<_>>().join(", "),
    })
}

fn rule_change(law: &Parsed, rule: &Rule, before: Day, after: Day) -> Option<RuleChange> {
    let (old, new) = (rule.version_on(before), rule.version_on(after));
    let change = match (old, new) {
        (None, Some(_)) => Change::Added,
        (Some(_), None) => Change::Removed,
        (Some(old), Some(new)) if old.from != new.from => Change::Changed,
        _ => return None,
    };
    // The offences say what their own lines, bands and fines are.
    let told = matches!(
        rule.kind,
        Kind::Element | Kind::Threshold | Kind::Band | Kind::Fine | Kind::Unit
    );
    Some(RuleChange {
        rule: rule.id.clone(),
        kind: rule.kind,
        title: rule.title.clone(),
        offences: rule.offences.clone(),
        change,
        before: old.map(|version| side(rule, version)),
        after: new.map(|version| side(rule, version)),
        fields: if told { Vec::new() } else { fields(old, new) },
        for_whom: clock_for_whom(law, old, new),
    })
}

fn side(rule: &Rule, version: &Version) -> VersionSide {
    let source = rule.source_of(version);
    let parts = crate::unverified::marks(&version.body);
    VersionSide {
        from: version.from,
        to: version.to,
        citation: source.cite.clone(),
        gist: source.gist.clone(),
        verified: source.checked.verified && parts.iter().all(|mark| mark.verified),
    }
}

/// The fields of two bodies that differ, whatever kind of rule it is.
fn fields(old: Option<&Version>, new: Option<&Version>) -> Vec<FieldChange> {
    let of = |version: Option<&Version>| -> BTreeMap<String, Text> {
        version
            .map(|version| describe::fields(&version.body))
            .unwrap_or_default()
            .into_iter()
            .collect()
    };
    let (old, new) = (of(old), of(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        })
        .collect()
}

/// For a period: who has how long to do what.
fn clock_for_whom(law: &Parsed, old: Option<&Version>, new: Option<&Version>) -> Option<Text> {
    let clock = |version: Option<&Version>| match version.map(|version| &version.body) {
        Some(Body::Clock(clock)) => Some((
            clock.actor.clone(),
            clock.act.clone(),
            deadline::length_of_period(law, clock),
        )),
        _ => None,
    };
    let (message, (actor, act, after), before) = match (clock(old), clock(new)) {
        (None, None) => return None,
        (None, Some(new)) => (key::DIFF_CLOCK_ADDED, new, Text::default()),
        (Some(old), None) => (key::DIFF_CLOCK_REMOVED, old, Text::default()),
        (Some((.., before)), Some(new)) if before == new.2 => (key::DIFF_CLOCK_SAME, new, before),
        (Some((.., before)), Some(new)) => (key::DIFF_CLOCK_CHANGED, new, before),
    };
    let values = [
        ("actor", &actor),
        ("act", &act),
        ("after", &after),
        ("before", &before),
    ];
    Some(law.messages.say(message, &values))
}
