//! Purposes (目的): in which matters somebody has to say why before they see or do something.
//!
//! In:  `policies/purpose.toml`.
//! Out: [`Purposes`], which answers whether one is asked for, and says by which articles.
//!
//! Not here: that it is enforced (`policies/platform.cedar`), that it stands in the trail (`api::trail`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Action;

const PURPOSES: &str = include_str!("../../../../policies/purpose.toml");
/// What the policies ask a purpose for.
const ASKABLE: [Action; 3] = [Action::Read, Action::Write, Action::Export];

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// What it is about, in Chinese.
    pub zh: String,
    /// And in English.
    pub en: String,
    /// The procedures whose matters it is about.
    pub procedures: BTreeSet<String>,
    /// What asks for a purpose.
    pub actions: BTreeSet<Action>,
    /// What it rests on: the citation, and whether somebody read the text in force.
    pub laws: Vec<(String, bool)>,
}

/// All rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purposes(BTreeMap<String, Purpose>);

/// Why rules were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PurposeError {
    /// The file is not what it should be.
    #[error("the file of purposes cannot be read: {0}")]
    Unreadable(String),
    /// No policy asks a purpose for this.
    #[error("the rule `{rule}` asks a purpose for `{action}`; it can be asked for read, write and export")]
    NoAction { rule: String, action: String },
    /// It rests on nothing.
    #[error("the rule `{0}` names no law, no procedure or no action")]
    Empty(String),
}

impl PurposeError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "purposes_unreadable",
            Self::NoAction { .. } => "purposes_no_action",
            Self::Empty(_) => "purposes_empty",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: Both,
    procedures: BTreeSet<String>,
    actions: Vec<String>,
    laws: Vec<Law>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Law {
    cite: String,
    #[serde(rename = "gist")]
    _gist: Both,
    checked: Checked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    #[serde(rename = "on")]
    _on: toml::value::Datetime,
    #[serde(rename = "against")]
    _against: String,
    verified: bool,
}

impl Purposes {
    /// Those that the program was built with.
    pub fn embedded() -> Result<Self, PurposeError> {
        Self::of(PURPOSES)
    }

    /// From the text of a file.
    pub fn of(file: &str) -> Result<Self, PurposeError> {
        let written: BTreeMap<String, Written> =
            toml::from_str(file).map_err(|error| PurposeError::Unreadable(error.to_string()))?;
        let mut rules = BTreeMap::new();
        for (id, rule) in written {
            let mut actions = BTreeSet::new();
            for word in rule.actions {
                let action = Action::of(&word).filter(|action| ASKABLE.contains(action));
                let no_action = || PurposeError::NoAction {
                    rule: id.clone(),
                    action: word.clone(),
                };
                actions.insert(action.ok_or_else(no_action)?);
            }
            if actions.is_empty() || rule.procedures.is_empty() || rule.laws.is_empty() {
                return Err(PurposeError::Empty(id));
            }
            let laws = rule.laws.into_iter().map(|law| (law.cite, law.checked.verified));
            let purpose = Purpose {
                zh: rule.title.zh,
                en: rule.title.en,
                procedures: rule.procedures,
                actions,
                laws: laws.collect(),
            };
            rules.insert(id, purpose);
        }
        Ok(Self(rules))
    }

    /// Whether a purpose is asked for, in matters of this procedure.
    pub fn are_asked(&self, procedure: &str, action: Action) -> bool {
        let mut rules = self.0.values();
        rules.any(|rule| rule.procedures.contains(procedure) && rule.actions.contains(&action))
    }

    /// All of them by their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Purpose)> {
        self.0.iter().map(|(id, rule)| (id.as_str(), rule))
    }
}
