//! Jurisdiction (管辖): which agency a complaint belongs to, by rules that stand in data.
//!
//! In:  what the complaint is about, where what happened, and the directory of agencies.
//! Out: [`Routed`]: the agencies that may take it, each with the rule and the place that say so; or what is missing.
//!
//! Invariant: nothing is guessed. While a fact could still change the answer it is *undetermined* and says which fact;
//! several competent agencies are all named, and a person or the order of filing chooses.
//!
//! Not here: the law of jurisdiction itself: rules cite it and say whether anybody read it.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::Text;
use serde::{Deserialize, Serialize};

use crate::{
    load::{LoadError, syntax},
    procedure::Source,
};

const FILE: &str = "routing.toml";
/// Most rules, and most agencies of a directory.
const MAX_RULES: usize = 500;
/// Most agencies in one directory.
pub const MAX_AGENCIES: usize = 20_000;

/// The rules of jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// What complaints can be about.
    pub subject: Vec<Kind>,
    /// What places can be: where the act was, where its result, where the goods lie.
    pub place: Vec<Kind>,
    /// Kinds of agencies.
    pub agency: Vec<Kind>,
    /// The rules.
    pub rule: Vec<RoutingRule>,
}

/// An id with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
}

/// One rule: for these subjects, agencies of this kind, at this level, by these places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// Its id.
    pub id: String,
    /// The subjects.
    pub subjects: Vec<String>,
    /// A flag that must be so; without it the rule needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Any of these places gives jurisdiction.
    pub places: Vec<String>,
    /// The kind of agency.
    pub agency: String,
    /// The level of the agency.
    pub level: Level,
    /// What it rests on.
    pub source: Source,
}

/// A flag that decides between rules: is it major, does it cross regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Its id.
    pub flag: String,
    /// What it must be.
    pub is: bool,
}

/// The level of an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 县级.
    County,
    /// 市级.
    City,
    /// 省级.
    Province,
}

impl Level {
    /// The division of this level that a division of six digits lies in (GB/T 2260: two digits a level).
    fn of(self, division: &str) -> Option<String> {
        let digits = division.len() == 6 && division.bytes().all(|byte| byte.is_ascii_digit());
        let cut = match self {
            Self::County => 6,
            Self::City => 4,
            Self::Province => 2,
        };
        let head = division.get(..cut).filter(|_| digits)?;
        // A city is no place in a county: 320500 does not say in which; nor is a province one in a city.
        let known = self == Self::Province || !head.ends_with("00");
        known.then(|| format!("{head:0<6}"))
    }
}

/// An agency of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The division of six digits that it serves.
    pub division: String,
}

/// What is known of a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What it is about.
    #[serde(default)]
    pub subject: Option<String>,
    /// Divisions of six digits, by the kind of place.
    #[serde(default)]
    pub places: BTreeMap<String, String>,
    /// Flags that are known.
    #[serde(default)]
    pub flags: BTreeMap<String, bool>,
}

/// Where a complaint belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Routed {
    /// These may take it; of several, the one that files first (a person decides).
    To {
        /// Who.
        competent: Vec<Competent>,
        /// Facts that would name further agencies.
        could_add: Vec<String>,
    },
    /// A fact is missing.
    Undetermined {
        /// Which: `subject`, a flag, or a kind of place; any of the places will do.
        missing: Vec<String>,
    },
    /// No rule is about it.
    Nobody,
}

/// An agency that may take a complaint, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Competent {
    /// The kind of agency.
    pub kind: String,
    /// Its division.
    pub division: String,
    /// The agency of the directory; `None` when the directory has none there.
    pub agency: Option<String>,
    /// The rule.
    pub rule: String,
    /// The kind of place that gives jurisdiction.
    pub place: String,
    /// Whether somebody read what the rule rests on.
    pub verified: bool,
}

impl Routing {
    /// Reads the rules.
    pub(crate) fn parse(text: &str) -> Result<Self, LoadError> {
        let routing: Self = toml::from_str(text).map_err(|error| syntax(FILE, text, &error))?;
        let fault = |place: &str, problem: String| {
            Err(LoadError::Invalid {
                file: FILE.to_owned(),
                place: place.to_owned(),
                problem,
                way_out: "declare it or correct the name",
            })
        };
        if routing.rule.len() > MAX_RULES {
            return fault("rule", format!("more than {MAX_RULES} rules"));
        }
        let ids = |kinds: &[Kind]| {
            kinds
                .iter()
                .map(|kind| kind.id.clone())
                .collect::<BTreeSet<String>>()
        };
        let (subjects, places, agencies) = (ids(&routing.subject), ids(&routing.place), ids(&routing.agency));
        let mut seen = BTreeSet::new();
        for rule in &routing.rule {
            if !seen.insert(&rule.id) {
                return fault(&rule.id, "the rule is there twice".to_owned());
            }
            if let Some(unknown) = rule.subjects.iter().find(|id| !subjects.contains(*id)) {
                return fault(&rule.id, format!("there is no subject `{unknown}`"));
            }
            if let Some(unknown) = rule.places.iter().find(|id| !places.contains(*id)) {
                return fault(&rule.id, format!("there is no place `{unknown}`"));
            }
            if rule.subjects.is_empty() || rule.places.is_empty() || !agencies.contains(&rule.agency) {
                return fault(
                    &rule.id,
                    "it has no subject, no place or no known kind of agency".to_owned(),
                );
            }
        }
        let names = routing
            .subject
            .iter()
            .chain(&routing.place)
            .chain(&routing.agency);
        if let Some(kind) = names
            .into_iter()
            .find(|kind| kind.name.zh.is_empty() || kind.name.en.is_empty())
        {
            return fault(&kind.id, "its name is missing in one language".to_owned());
        }
        Ok(routing)
    }

    /// Where a complaint belongs. A directory beyond [`MAX_AGENCIES`] is read no further.
    pub fn route(&self, question: &Question, directory: &[Agency]) -> Routed {
        let Some(subject) = &question.subject else {
            return Routed::Undetermined {
                missing: vec!["subject".to_owned()],
            };
        };
        let about: Vec<&RoutingRule> = self
            .rule
            .iter()
            .filter(|rule| rule.subjects.contains(subject))
            .collect();
        if about.is_empty() {
            return Routed::Nobody;
        }
        let mut missing = BTreeSet::new();
        let mut could_add = BTreeSet::new();
        let mut competent = BTreeSet::new();
        for rule in about {
            match rule
                .when
                .as_ref()
                .map(|when| (question.flags.get(&when.flag), when))
            {
                Some((None, when)) => {
                    missing.insert(when.flag.clone());
                    continue;
                }
                Some((Some(flag), when)) if *flag != when.is => continue,
                _ => {}
            }
            for place in &rule.places {
                let division = question
                    .places
                    .get(place)
                    .and_then(|division| rule.level.of(division));
                let Some(division) = division else {
                    could_add.insert(place.clone());
                    continue;
                };
                let mut agencies = directory.iter().take(MAX_AGENCIES);
                let agency =
                    agencies.find(|agency| agency.kind == rule.agency && agency.division == division);
                competent.insert(Competent {
                    kind: rule.agency.clone(),
                    division,
                    agency: agency.map(|agency| agency.id.clone()),
                    rule: rule.id.clone(),
                    place: place.clone(),
                    verified: rule.source.checked.verified,
                });
            }
        }
        if competent.is_empty() || !missing.is_empty() {
            missing.extend(if competent.is_empty() {
                could_add
            } else {
                BTreeSet::new()
            });
            if missing.is_empty() {
                return Routed::Nobody;
            }
            return Routed::Undetermined {
                missing: missing.into_iter().collect(),
            };
        }
        Routed::To {
            competent: competent.into_iter().collect(),
            could_add: could_add.into_iter().collect(),
        }
    }
}
