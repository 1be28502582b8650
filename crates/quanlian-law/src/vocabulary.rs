//! The words that facts and events are stated in: `law/facts.toml` and `law/events.toml`.
//!
//! In:  the two files.
//! Out: [`FactDefinition`] and [`EventDefinition`] by name, and the nearest known
//! name to one that is not known.
//!
//! Invariant: a flag that other facts imply names only facts that are declared.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// What values a fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    /// Money, stated in fen.
    Money,
    /// A number of things.
    Count,
    /// True or false.
    Flag,
    /// One of a list of words.
    Text,
}

/// A fact that rules ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactDefinition {
    /// The name in a fact sheet.
    pub name: String,
    /// What values it has.
    pub kind: FactKind,
    /// Its name for people.
    pub title: Text,
    /// What it means and what it must not be confused with.
    pub meaning: Text,
    /// What one of it is called, for counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text>,
    /// Place in the list of missing facts: the smaller, the earlier it is asked for.
    pub rank: u32,
    /// Flags under which it is asked for before all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_when: Vec<String>,
    /// For a flag: facts that imply it when they are true or above nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implied_by: Vec<String>,
    /// For a flag: the group of flags of which exactly one holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<String>,
    /// The other flags of that group; filled in when the file is read.
    #[serde(skip)]
    pub(crate) others: Vec<String>,
}

/// An event that starts or ends a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDefinition {
    /// The name in a list of events.
    pub name: String,
    /// Its name for people.
    pub title: Text,
}

/// The known name that is nearest to `name`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST_NAME_CHARS: usize = 64;
    if name.chars().count() > LONGEST_NAME_CHARS {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.chars().count() / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_a_strange_one_does_not() {
        let known = ["illegal_gain", "actual_clicks", "copies"];
        assert_eq!(nearest("ilegal_gains", known), Some("illegal_gain"));
        assert_eq!(nearest("clicks", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
