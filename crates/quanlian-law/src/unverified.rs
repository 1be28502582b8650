//! What nobody has read in a source: every mark `verified = false`, with what it can touch.
//!
//! In:  the rule book.
//! Out: [`UnreadPart`]s, each a rule version or a part of one.
//!
//! Invariant: marks are found in the data of a rule whatever its kind, so that no kind can be forgotten.

use std::collections::BTreeMap;

use quanlian_record::time::Day;
use serde::Serialize;
use serde_json::Value;

use crate::{
    load::Parsed,
    position,
    rule::{Body, Kind, Rule},
    text::Text,
};

/// What nobody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnverifiedReport {
    /// Every part, by file and place.
    pub parts: Vec<UnreadPart>,
    /// How many of each kind of rule.
    pub by_kind: BTreeMap<Kind, usize>,
    /// How many can touch the outcome of each offence.
    pub by_offence: BTreeMap<String, usize>,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

/// A rule version, or a part of one, that nobody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadPart {
    /// Its id: that of the line, step or element; the rule's own when the whole provision was not read.
    pub id: String,
    /// The row of the project's table of law facts that it stands in.
    pub row: String,
    /// Id of the rule.
    pub rule: String,
    /// Name of the rule.
    pub title: Text,
    /// What the rule is about.
    pub kind: Kind,
    /// Whether the whole provision was not read, or only this part.
    pub whole: bool,
    /// First day of the version.
    pub from: Day,
    /// Its last day; `None` while in force.
    pub to: Option<Day>,
    /// Instrument and article.
    pub citation: Text,
    /// Source keys: what it rests on instead.
    pub against: Vec<String>,
    /// What exactly was not seen.
    pub note: Option<Text>,
    /// Offences whose outcome or penalty it can touch.
    pub offences: Vec<String>,
    /// The file, relative to the folder.
    pub file: String,
    /// The line in the file, where it is known.
    pub at_line: Option<usize>,
}

/// A mark inside the body of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The id beside the mark; without one, its number among its kin (`#2`).
    pub(crate) id: MarkId,
    pub(crate) verified: bool,
    /// Its own sources; `None` where those of the provision count.
    pub(crate) against: Option<Vec<String>>,
    pub(crate) note: Option<Text>,
    row: Option<String>,
}

/// How a part is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MarkId {
    Own(String),
    Number(usize),
}

/// Every `verified` inside a body, in the order of the file.
pub(crate) fn marks(body: &Body) -> Vec<Mark> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::to_value(body) {
        collect(&value, 1, &mut found);
    }
    found
}

fn collect(value: &Value, number: usize, found: &mut Vec<Mark>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Bool(verified)) = fields.get("verified") {
                let id = fields.get("id").and_then(Value::as_str);
                found.push(Mark {
                    id: id.map_or(MarkId::Number(number), |id| MarkId::Own(id.to_owned())),
                    verified: *verified,
                    against: fields
                        .get("against")
                        .and_then(|keys| serde_json::from_value(keys.clone()).ok()),
                    note: fields
                        .get("note")
                        .and_then(|note| serde_json::from_value(note.clone()).ok()),
                    row: fields.get("row").and_then(Value::as_str).map(str::to_owned),
                });
            }
            fields.values().for_each(|inner| collect(inner, 1, found));
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                collect(inner, index + 1, found);
            }
        }
        _ => {}
    }
}

/// Whether every part of a rule was read in a source.
pub(crate) fn is_verified(rule: &Rule) -> bool {
    rule.source.checked.verified
        && rule.versions.iter().all(|version| {
            rule.source_of(version).checked.verified && marks(&version.body).iter().all(|mark| mark.verified)
        })
}

/// The parts of all rules that nobody has read.
pub(crate) fn report(law: &Parsed) -> UnverifiedReport {
    let parts: Vec<UnreadPart> = law.rules.values().flat_map(|rule| parts_of(law, rule)).collect();
    let mut by_kind = BTreeMap::new();
    let mut by_offence = BTreeMap::new();
    for part in &parts {
        *by_kind.entry(part.kind).or_insert(0) += 1;
        for offence in &part.offences {
            *by_offence.entry(offence.clone()).or_insert(0) += 1;
        }
    }
    UnverifiedReport {
        parts,
        by_kind,
        by_offence,
        rule_book_version: law.digest.clone(),
    }
}

/// Their ids, each once.
pub(crate) fn ids(law: &Parsed) -> Vec<String> {
    let mut ids: Vec<String> = law
        .rules
        .values()
        .flat_map(|rule| parts_of(law, rule))
        .map(|part| part.id)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

fn parts_of(law: &Parsed, rule: &Rule) -> Vec<UnreadPart> {
    let file = law.file_of(rule);
    let text = law.texts.get(file).map_or("", String::as_str);
    let mut parts = Vec::new();
    for (index, version) in rule.versions.iter().enumerate() {
        let source = rule.source_of(version);
        let part = |id: String, row: String, whole: bool, at_line: Option<usize>| UnreadPart {
            id,
            row,
            rule: rule.id.clone(),
            title: rule.title.clone(),
            kind: rule.kind,
            whole,
            from: version.from,
            to: version.to,
            citation: source.cite.clone(),
            against: source.checked.against.clone(),
            note: source.checked.note.clone(),
            offences: touched(law, rule),
            file: file.to_owned(),
            at_line,
        };
        let row = version.row.as_ref().or(rule.row.as_ref()).unwrap_or(&rule.id);
        if !source.checked.verified {
            parts.push(part(
                rule.id.clone(),
                row.clone(),
                true,
                position::version(text, index),
            ));
        }
        // Where the whole was not read, its own id stands for its parts. Numbers are read one by one, whatever is
        // known of the text around them.
        let one_by_one = matches!(
            rule.kind,
            Kind::Threshold | Kind::Fine | Kind::Element | Kind::Valuation
        );
        let unread = marks(&version.body).into_iter().filter(|mark| !mark.verified);
        for mark in unread.filter(|_| source.checked.verified || one_by_one) {
            let (id, row, at_line) = match mark.id {
                MarkId::Own(id) => {
                    let at_line = position::id_in_version(text, index, &id);
                    (id.clone(), mark.row.unwrap_or(id), at_line)
                }
                MarkId::Number(number) => (
                    format!("{}#{number}@{}", rule.id, version.from),
                    format!("{row}#{number}@{}", version.from),
                    position::version(text, index),
                ),
            };
            let mut unread = part(id, row, false, at_line);
            if let Some(against) = mark.against {
                unread.against = against;
            }
            unread.note = mark.note.or(unread.note);
            parts.push(unread);
        }
    }
    parts
}

/// The offences that a rule names; a general rule of penalties or of time touches them all.
fn touched(law: &Parsed, rule: &Rule) -> Vec<String> {
    let general = matches!(rule.kind, Kind::FineFloor | Kind::Limitation | Kind::Temporal);
    if rule.offences.is_empty() && general {
        return law.offences().map(|offence| offence.id.clone()).collect();
    }
    rule.offences.clone()
}
