//! The shape of a rule file as it is written, field by field.
//!
//! In:  TOML. Out: `Raw…` values, which [`super::convert`] turns into rules.
//!
//! Invariant: every table refuses fields that it does not know.

use std::collections::BTreeMap;

use quanlian_record::time::Day;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    acts::AccumulationRule,
    deadline::{ExtensionRule, FirstHour, LastDay, ServiceRule, SuspensionRule, Timeline},
    rule::{
        Band, DayCount, Element, FineChoice, Kind, LimitationStep, OpenQuestion, Paper, Person, Source, Tier,
        toml_day,
    },
    sentence::{CircumstanceRule, ProbationRule, SentencingRule},
    text::Text,
    valuation::ValuationRule,
};

/// A rule file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) role: Option<String>,
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) order: u32,
    #[serde(default)]
    pub(super) offences: Vec<String>,
    pub(super) row: Option<String>,
    pub(super) title: Text,
    pub(super) source: Source,
    pub(super) version: Vec<Spanned<RawVersion>>,
    #[serde(default)]
    pub(super) open: Vec<OpenQuestion>,
    #[serde(default)]
    pub(super) example: Vec<Spanned<RawExample>>,
    #[serde(default)]
    pub(super) boundary: Vec<Spanned<RawBoundary>>,
}

/// A `[[version]]` of any kind; which fields belong to which kind is checked when it is converted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVersion {
    #[serde(with = "toml_day")]
    pub(super) from: Day,
    #[serde(default, with = "toml_day::optional")]
    pub(super) to: Option<Day>,
    /// Its own row in the project's table of law facts, where the versions have rows of their own.
    pub(super) row: Option<String>,
    pub(super) source: Option<Source>,
    // threshold
    pub(super) line: Option<Vec<Spanned<RawLine>>>,
    // element
    pub(super) element: Option<Vec<Element>>,
    pub(super) no_offence: Option<bool>,
    // band
    pub(super) band: Option<Vec<Band>>,
    // fine
    pub(super) choose: Option<FineChoice>,
    pub(super) fine: Option<Vec<Spanned<RawFineStep>>>,
    // fine_floor
    pub(super) adult_yuan: Option<i64>,
    pub(super) minor_yuan: Option<i64>,
    pub(super) minor_fact: Option<String>,
    // unit
    pub(super) times: Option<u32>,
    // limitation
    pub(super) step: Option<Vec<LimitationStep>>,
    // papers
    pub(super) paper: Option<Vec<Paper>>,
    // valuation
    pub(super) valuation: Option<ValuationRule>,
    // accumulation
    pub(super) accumulation: Option<AccumulationRule>,
    // probation, circumstance, sentencing
    pub(super) probation: Option<ProbationRule>,
    pub(super) circumstance: Option<CircumstanceRule>,
    pub(super) sentencing: Option<SentencingRule>,
    // deadline
    pub(super) actor: Option<Text>,
    pub(super) act: Option<Text>,
    pub(super) starts: Option<String>,
    pub(super) ends: Option<Vec<String>>,
    pub(super) at_once: Option<bool>,
    pub(super) hours: Option<u32>,
    pub(super) days: Option<u32>,
    pub(super) count: Option<DayCount>,
    pub(super) months: Option<u32>,
    pub(super) years: Option<u32>,
    pub(super) reasonable: Option<bool>,
    pub(super) other_count: Option<DayCount>,
    pub(super) last_day: Option<LastDay>,
    pub(super) first_hour: Option<FirstHour>,
    pub(super) before: Option<bool>,
    pub(super) counted_by: Option<String>,
    pub(super) suspension: Option<SuspensionRule>,
    pub(super) extension: Option<ExtensionRule>,
    // service
    pub(super) service: Option<ServiceRule>,
}

/// A `[[version.line]]`: a condition with a name, a tier and a source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLine {
    pub(super) id: String,
    pub(super) tier: Tier,
    #[serde(default)]
    pub(super) applies: Vec<String>,
    pub(super) fact: Option<String>,
    pub(super) op: Option<Operator>,
    pub(super) value: Option<i64>,
    pub(super) unit: Option<Unit>,
    pub(super) flag: Option<String>,
    pub(super) all: Option<Vec<RawCondition>>,
    pub(super) any: Option<Vec<RawCondition>>,
    pub(super) at_least: Option<RawAtLeast>,
    /// Whether the line is about goods that were not sold: reaching it is an attempt (犯罪未遂).
    #[serde(default)]
    pub(super) attempt: bool,
    /// Its row in the project's table of law facts, where that differs from its id.
    pub(super) row: Option<String>,
    pub(super) reaches: Option<RawReaches>,
    pub(super) verified: bool,
    pub(super) against: Vec<String>,
    pub(super) note: Option<Text>,
}

/// A condition inside `all` or `any`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCondition {
    pub(super) fact: Option<String>,
    pub(super) op: Option<Operator>,
    pub(super) value: Option<i64>,
    pub(super) unit: Option<Unit>,
    pub(super) flag: Option<String>,
    pub(super) all: Option<Vec<RawCondition>>,
    pub(super) any: Option<Vec<RawCondition>>,
    pub(super) at_least: Option<RawAtLeast>,
    pub(super) reaches: Option<RawReaches>,
}

/// `at_least = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAtLeast {
    pub(super) count: usize,
    pub(super) share_percent: u32,
    pub(super) of: Vec<String>,
}

/// `reaches = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReaches {
    pub(super) offence: String,
    pub(super) tier: Tier,
}

/// The comparisons that the law makes. There is one: 以上, which includes the number.
#[derive(Deserialize)]
pub(super) enum Operator {
    #[serde(rename = ">=")]
    AtOrAbove,
}

/// What a value counts.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Yuan,
    Count,
}

/// A `[[version.fine]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFineStep {
    pub(super) fact: Option<String>,
    pub(super) low_percent: Option<u32>,
    pub(super) high_percent: Option<u32>,
    pub(super) base_yuan: Option<[i64; 2]>,
    pub(super) serious_yuan: Option<[i64; 2]>,
    pub(super) especially_serious_yuan: Option<[i64; 2]>,
    pub(super) verified: bool,
    pub(super) against: Vec<String>,
}

/// An `[[example]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExample {
    pub(super) name: String,
    /// The offence that it is tried on; the first of the rule if not given.
    pub(super) offence: Option<String>,
    #[serde(default, with = "toml_day::optional")]
    pub(super) on: Option<Day>,
    pub(super) conduct: Option<RawPeriod>,
    #[serde(default, with = "toml_day::optional")]
    pub(super) judged_on: Option<Day>,
    pub(super) person: Option<Person>,
    #[serde(default)]
    pub(super) given: BTreeMap<String, toml::Value>,
    #[serde(default)]
    pub(super) acts: Vec<BTreeMap<String, toml::Value>>,
    pub(super) timeline: Option<Timeline>,
    pub(super) then: BTreeMap<String, toml::Value>,
}

/// `conduct = { from, to }` of an example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeriod {
    #[serde(with = "toml_day")]
    pub(super) from: Day,
    #[serde(with = "toml_day")]
    pub(super) to: Day,
}

/// A `[[boundary]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBoundary {
    pub(super) line: String,
    #[serde(with = "toml_day")]
    pub(super) on: Day,
    pub(super) person: Option<Person>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, toml::Value>,
    pub(super) below: BTreeMap<String, toml::Value>,
    pub(super) at: BTreeMap<String, toml::Value>,
    pub(super) above: BTreeMap<String, toml::Value>,
}
