//! What rules say about each other: offences that lines name, and amounts that are found from amounts.
//!
//! In:  all rules of a folder.
//! Out: an error where an offence is not there, or where rules lead round in a circle.
//!
//! Why: the engine follows these links without looking back, so a circle would never end.

use std::collections::{BTreeMap, BTreeSet};

use super::LoadError;
use crate::rule::{Body, Condition, Kind, Rule, Tier};

/// From a name to the names that it needs, and the file that says so.
type Links<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

pub(super) fn check(
    rules: &BTreeMap<String, Rule>,
    files: &BTreeMap<String, String>,
) -> Result<(), LoadError> {
    let mut offences = Links::new();
    let mut amounts = Links::new();
    for rule in rules.values() {
        let file = files.get(&rule.id).map_or("", String::as_str);
        for version in &rule.versions {
            match &version.body {
                Body::Lines(lines) => {
                    for leaf in lines.iter().flat_map(|line| line.condition.leaves()) {
                        if let Condition::Reaches { offence, .. } = leaf {
                            check_offence(rules, file, &rule.id, offence)?;
                            for own in &rule.offences {
                                offences.entry(own).or_default().insert(offence, file);
                            }
                        }
                    }
                }
                Body::Valuation(valuation) => {
                    let needs = amounts.entry(&valuation.fact).or_default();
                    needs.extend(valuation.inputs().map(|(input, _)| (input, file)));
                }
                _ => {}
            }
        }
    }
    refuse_circle(offences, "rests on the lines of")?;
    refuse_circle(amounts, "is found from")
}

/// Ids of the offences that have a base tier.
pub(super) fn offences_with_base(rules: &BTreeMap<String, Rule>) -> BTreeSet<String> {
    let has_base = |rule: &&Rule| {
        rule.versions.iter().any(|version| match &version.body {
            Body::Bands(bands) => bands.iter().any(|band| band.tier == Tier::Base),
            _ => false,
        })
    };
    rules
        .values()
        .filter(has_base)
        .flat_map(|rule| rule.offences.clone())
        .collect()
}

fn check_offence(
    rules: &BTreeMap<String, Rule>,
    file: &str,
    place: &str,
    offence: &str,
) -> Result<(), LoadError> {
    if rules.get(offence).is_some_and(|rule| rule.kind == Kind::Element) {
        return Ok(());
    }
    let known = rules.values().filter(|rule| rule.kind == Kind::Element);
    Err(LoadError::UnknownOffence {
        file: file.to_owned(),
        place: place.to_owned(),
        offence: offence.to_owned(),
        known: known.map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// Takes away, again and again, the names that need none of the rest. What stays leads round.
fn refuse_circle(mut links: Links<'_>, verb: &'static str) -> Result<(), LoadError> {
    loop {
        let free: Vec<&str> = links
            .iter()
            .filter(|(_, needs)| needs.keys().all(|needed| !links.contains_key(needed)))
            .map(|(name, _)| *name)
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            links.remove(name);
        }
    }
    let in_circle = links.iter().find_map(|(name, needs)| {
        let back = needs.iter().find(|(needed, _)| links.contains_key(*needed))?;
        Some((*name, *back.0, *back.1))
    });
    match in_circle {
        Some((name, needed, file)) => Err(LoadError::Circle {
            file: file.to_owned(),
            name: name.to_owned(),
            verb,
            needed: needed.to_owned(),
        }),
        None => Ok(()),
    }
}
