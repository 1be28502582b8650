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
    Ok(known)
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
