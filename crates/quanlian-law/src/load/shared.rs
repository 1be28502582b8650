//! The files that all rules share: facts, events, sources and messages.
//!
//! In:  the text of the file. Out: its entries by name.
//!
//! Invariant: a name is declared once, and what a declaration names is declared too.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    LoadError,
    place::{Place, read},
};
use crate::{
    text::Text,
    vocabulary::{EventDefinition, FactDefinition, FactKind},
};

/// Most flags in a group of which exactly one holds.
const MAX_GROUP_FLAGS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFacts {
    fact: Vec<Spanned<FactDefinition>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvents {
    event: Vec<Spanned<EventDefinition>>,
}

/// `facts.toml`.
pub(super) fn facts(file: &'static str, text: &str) -> Result<BTreeMap<String, FactDefinition>, LoadError> {
    let mut known = BTreeMap::new();
    let raw: RawFacts = read(file, text)?;
    let place = Place { file, text };
    for fact in &raw.fact {
        let definition = fact.get_ref().clone();
        if definition.kind == FactKind::Count && definition.unit.is_none() {
            return Err(place.invalid(
                fact.span(),
                format!("`{}` has no unit", definition.name),
                "name what is counted: unit = { zh, en }",
            ));
        }
        if let Some(twice) = known.insert(definition.name.clone(), definition) {
            return Err(place.invalid(
                fact.span(),
                format!("`{}` is declared twice", twice.name),
                "keep one of them",
            ));
        }
    }
    for fact in &raw.fact {
        let names = fact.get_ref().implied_by.iter().chain(&fact.get_ref().first_when);
        for name in names {
            if !known.contains_key(name) {
                return Err(place.invalid(
                    fact.span(),
                    format!("`{name}` is not a fact"),
                    "declare it or correct the name",
                ));
            }
        }
    }
    join_groups(&place, &raw.fact, &mut known)?;
    Ok(known)
}

/// Tells each flag of a group (`one_of`) the others, and refuses a group that could not mean anything.
fn join_groups(
    place: &Place<'_>,
    raw: &[Spanned<FactDefinition>],
    known: &mut BTreeMap<String, FactDefinition>,
) -> Result<(), LoadError> {
    let mut groups: BTreeMap<&str, Vec<&FactDefinition>> = BTreeMap::new();
    for definition in raw.iter().map(Spanned::get_ref) {
        if let Some(group) = &definition.one_of {
            groups.entry(group).or_default().push(definition);
        }
    }
    for fact in raw {
        let definition = fact.get_ref();
        let Some(group) = &definition.one_of else { continue };
        let members = groups.get(group.as_str()).map_or(&[][..], Vec::as_slice);
        if definition.kind != FactKind::Flag || !definition.implied_by.is_empty() {
            return Err(place.invalid(
                fact.span(),
                format!(
                    "`{}` is in the group `{group}`, but is no plain flag",
                    definition.name
                ),
                "only a flag without implied_by can be one of a group",
            ));
        }
        if !(2..=MAX_GROUP_FLAGS).contains(&members.len()) {
            return Err(place.invalid(
                fact.span(),
                format!("the group `{group}` has {} flags", members.len()),
                format!("a group has 2 to {MAX_GROUP_FLAGS}; name the others with the same one_of, or leave it out"),
            ));
        }
        let others = members.iter().filter(|other| other.name != definition.name);
        let others = others.map(|other| other.name.clone()).collect();
        if let Some(known) = known.get_mut(&definition.name) {
            known.others = others;
        }
    }
    Ok(())
}

/// `events.toml`.
pub(super) fn events(file: &'static str, text: &str) -> Result<BTreeMap<String, EventDefinition>, LoadError> {
    let mut known = BTreeMap::new();
    let raw: RawEvents = read(file, text)?;
    for event in &raw.event {
        let definition = event.get_ref().clone();
        if let Some(twice) = known.insert(definition.name.clone(), definition) {
            let place = Place { file, text };
            return Err(place.invalid(
                event.span(),
                format!("`{}` is declared twice", twice.name),
                "keep one of them",
            ));
        }
    }
    Ok(known)
}

/// `sources.toml`: what each source key stands for.
pub(super) fn sources(file: &'static str, text: &str) -> Result<BTreeMap<String, Text>, LoadError> {
    read(file, text)
}

/// `messages.toml`.
pub(super) fn messages(file: &'static str, text: &str) -> Result<BTreeMap<String, Text>, LoadError> {
    read(file, text)
}
