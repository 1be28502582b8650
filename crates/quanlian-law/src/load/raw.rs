//! The shape of a rule file as it is written, field by field.
//!
//! In:  TOML. Out: `Raw…` values, which [`super::convert`] turns into rules.
//!
//! Invariant: every table refuses fields that it does not know.

use std::collections::BTreeMap;

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    acts::AccumulationRule,
    damages::rule::{AdministrativeFineRule, DamagesRule, PunitiveRule},
    deadline::{ExtensionRule, FirstHour, LastDay, ServiceRule, SuspensionRule, Timeline},
    rule::{
        Band, DayCount, Element, FineChoice, Kind, LimitationStep, OpenQuestion, Paper, Person, Source, Tier,
        toml_day,
    },
    schema::{Date, ExampleScalar},
    sentence::{CircumstanceRule, ProbationRule, SentencingRule},
    text::Text,
    valuation::ValuationRule,
};

/// A rule file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "rule")]
pub(crate) struct RawRule {
    /// The path of the file without .toml: cn/criminal/217/2007-06-art-01.
    pub(super) id: String,
    /// What the rule is about; it decides what a version holds.
    pub(super) kind: Kind,
    /// What the program asks for it as; leave it as it is.
    pub(super) role: Option<String>,
    /// Which timeline a deadline belongs to.
    pub(super) group: Option<String>,
    /// Place in lists.
    #[serde(default)]
    pub(super) order: u32,
    /// Ids of the offences that it applies to.
    #[serde(default)]
    pub(super) offences: Vec<String>,
    /// Its row in the table of law facts.
    pub(super) row: Option<String>,
    /// Its name.
    pub(super) title: Text,
    /// Where it stands, what it says, who read it.
    pub(super) source: Source,
    /// Its versions, oldest first; an amendment adds one and changes none.
    #[schemars(with = "Vec<RawVersion>")]
    pub(super) version: Vec<Spanned<RawVersion>>,
    /// What the text leaves open.
    #[serde(default)]
    pub(super) open: Vec<OpenQuestion>,
    /// Worked examples; the check runs them all.
    #[serde(default)]
    #[schemars(with = "Vec<RawExample>")]
    pub(super) example: Vec<Spanned<RawExample>>,
    /// For each line of each version: just below, at and above it.
    #[serde(default)]
    #[schemars(with = "Vec<RawBoundary>")]
    pub(super) boundary: Vec<Spanned<RawBoundary>>,
}

/// A `[[version]]` of any kind; which fields belong to which kind is checked when it is converted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "version")]
pub(super) struct RawVersion {
    /// First day in force.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub(super) from: Day,
    /// Last day in force; left out while in force.
    #[serde(default, with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub(super) to: Option<Day>,
    /// Its own row in the project's table of law facts, where the versions have rows of their own.
    pub(super) row: Option<String>,
    /// Its own source, where it comes from another instrument.
    pub(super) source: Option<Source>,
    // threshold
    /// Lines that lift an act into a tier.
    #[schemars(with = "Option<Vec<RawLine>>")]
    pub(super) line: Option<Vec<Spanned<RawLine>>>,
    // element
    /// Statutory elements.
    pub(super) element: Option<Vec<Element>>,
    /// There was no such offence yet.
    pub(super) no_offence: Option<bool>,
    // band
    /// Penalty bands of the tiers.
    pub(super) band: Option<Vec<Band>>,
    // fine
    /// Whether the first known basis counts, or either.
    pub(super) choose: Option<FineChoice>,
    /// The bases of the fine, in order.
    #[schemars(with = "Option<Vec<RawFineStep>>")]
    pub(super) fine: Option<Vec<Spanned<RawFineStep>>>,
    // fine_floor
    /// Lowest fine for adults.
    pub(super) adult_yuan: Option<i64>,
    /// Lowest fine for minors.
    pub(super) minor_yuan: Option<i64>,
    /// The flag that says that the actor was a minor.
    pub(super) minor_fact: Option<String>,
    // unit
    /// A unit’s lines are so many times a person’s.
    pub(super) times: Option<u32>,
    // limitation
    /// The steps of the limitation table.
    pub(super) step: Option<Vec<LimitationStep>>,
    // papers
    /// The papers that an act needs.
    pub(super) paper: Option<Vec<Paper>>,
    // valuation
    /// How an amount is found from others.
    pub(super) valuation: Option<ValuationRule>,
    // accumulation
    /// Which amounts of several acts are added up.
    pub(super) accumulation: Option<AccumulationRule>,
    // probation, circumstance, sentencing
    /// When a sentence can be suspended, and for how long.
    pub(super) probation: Option<ProbationRule>,
    /// What makes a sentence lighter or heavier.
    pub(super) circumstance: Option<CircumstanceRule>,
    /// Method of sentencing and length of penalties.
    pub(super) sentencing: Option<SentencingRule>,
    // damages, punitive, administrative_fine
    /// How damages are found, method by method.
    pub(super) damages: Option<DamagesRule>,
    /// Multiples of damages, and when they apply.
    pub(super) punitive: Option<PunitiveRule>,
    /// The range of an administrative fine.
    pub(super) administrative_fine: Option<AdministrativeFineRule>,
    // deadline
    /// Who must act.
    pub(super) actor: Option<Text>,
    /// What they must do.
    pub(super) act: Option<Text>,
    /// The event that starts the period, a name of events.toml.
    pub(super) starts: Option<String>,
    /// Events that end it, any one of them.
    pub(super) ends: Option<Vec<String>>,
    /// At once, or together with the event.
    pub(super) at_once: Option<bool>,
    /// So many hours.
    pub(super) hours: Option<u32>,
    /// So many days, of the kind that `count` says.
    pub(super) days: Option<u32>,
    /// Which days count.
    pub(super) count: Option<DayCount>,
    /// So many calendar months.
    pub(super) months: Option<u32>,
    /// So many calendar years.
    pub(super) years: Option<u32>,
    /// Within a reasonable time, which the text does not number.
    pub(super) reasonable: Option<bool>,
    /// The count under another reading.
    pub(super) other_count: Option<DayCount>,
    /// Whether a last day on a holiday moves.
    pub(super) last_day: Option<LastDay>,
    /// Whether the first hour counts.
    pub(super) first_hour: Option<FirstHour>,
    /// Whether it ends before the event, counted backwards.
    pub(super) before: Option<bool>,
    /// The rule that says how days are counted.
    pub(super) counted_by: Option<String>,
    /// What suspends it.
    pub(super) suspension: Option<SuspensionRule>,
    /// How it can be extended.
    pub(super) extension: Option<ExtensionRule>,
    // service
    /// When a paper counts as served.
    pub(super) service: Option<ServiceRule>,
}

/// A `[[version.line]]`: a condition with a name, a tier and a source.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "line")]
pub(super) struct RawLine {
    /// Unique in the whole folder.
    pub(super) id: String,
    /// Where it lifts to.
    pub(super) tier: Tier,
    /// Flags that must hold for the line to apply.
    #[serde(default)]
    pub(super) applies: Vec<String>,
    /// A name of facts.toml.
    pub(super) fact: Option<String>,
    /// At or above: the number itself is inside (Criminal Law art. 99).
    pub(super) op: Option<Operator>,
    /// The number.
    pub(super) value: Option<i64>,
    /// What the number counts.
    pub(super) unit: Option<Unit>,
    /// A flag that must be true.
    pub(super) flag: Option<String>,
    /// Conditions that must all hold.
    pub(super) all: Option<Vec<RawCondition>>,
    /// Conditions of which one must hold.
    pub(super) any: Option<Vec<RawCondition>>,
    /// So many of the named lines, each to a share.
    pub(super) at_least: Option<RawAtLeast>,
    /// Whether the line is about goods that were not sold: reaching it is an attempt (犯罪未遂).
    #[serde(default)]
    pub(super) attempt: bool,
    /// Its row in the project's table of law facts, where that differs from its id.
    pub(super) row: Option<String>,
    /// The lines of another offence.
    pub(super) reaches: Option<RawReaches>,
    /// Whether the number was read in a source.
    pub(super) verified: bool,
    /// Keys of sources.toml; M stands for memory.
    pub(super) against: Vec<String>,
    /// What exactly was not seen.
    pub(super) note: Option<Text>,
}

/// A condition inside `all` or `any`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "condition")]
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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "shares")]
pub(super) struct RawAtLeast {
    /// How many.
    pub(super) count: usize,
    /// Which share of each line is enough.
    pub(super) share_percent: u32,
    /// Ids of lines above this one that compare one amount.
    pub(super) of: Vec<String>,
}

/// `reaches = { … }`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "reaches")]
pub(super) struct RawReaches {
    /// Id of the offence.
    pub(super) offence: String,
    /// The tier that must be reached there.
    pub(super) tier: Tier,
}

/// The comparisons that the law makes. There is one: 以上, which includes the number.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "operator")]
pub(super) enum Operator {
    #[serde(rename = ">=")]
    AtOrAbove,
}

/// What a value counts.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "unit")]
pub(super) enum Unit {
    Yuan,
    Count,
}

/// A `[[version.fine]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "fine_step")]
pub(super) struct RawFineStep {
    /// The money fact that it is a share of.
    pub(super) fact: Option<String>,
    /// Lowest share.
    pub(super) low_percent: Option<u32>,
    /// Highest share.
    pub(super) high_percent: Option<u32>,
    /// Lowest and highest fine in the base tier.
    pub(super) base_yuan: Option<[i64; 2]>,
    /// Lowest and highest fine in the entry tier.
    pub(super) serious_yuan: Option<[i64; 2]>,
    /// Lowest and highest fine in the upper tier.
    pub(super) especially_serious_yuan: Option<[i64; 2]>,
    /// Whether this step was read in a source.
    pub(super) verified: bool,
    /// Keys of sources.toml; M stands for memory.
    pub(super) against: Vec<String>,
}

/// An `[[example]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "example")]
pub(super) struct RawExample {
    /// What it shows.
    pub(super) name: String,
    /// The offence that it is tried on; the first of the rule if not given.
    pub(super) offence: Option<String>,
    /// Conduct and judgment both on this day.
    #[serde(default, with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub(super) on: Option<Day>,
    /// First and last day of the conduct.
    pub(super) conduct: Option<RawPeriod>,
    /// Day of judgment.
    #[serde(default, with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub(super) judged_on: Option<Day>,
    /// Who acted; a natural person if left out.
    pub(super) person: Option<Person>,
    /// Facts or events by name; money in yuan.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) given: BTreeMap<String, toml::Value>,
    /// Acts that may be added up, each with facts by name.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, ExampleScalar>>")]
    pub(super) acts: Vec<BTreeMap<String, toml::Value>>,
    /// The timeline of a period: service, suspensions, extensions.
    pub(super) timeline: Option<Timeline>,
    /// What must come out, by name.
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) then: BTreeMap<String, toml::Value>,
}

/// `conduct = { from, to }` of an example.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "period")]
pub(super) struct RawPeriod {
    /// First day.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub(super) from: Day,
    /// Last day.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub(super) to: Day,
}

/// A `[[boundary]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "boundary")]
pub(super) struct RawBoundary {
    /// Id of the line.
    pub(super) line: String,
    /// The day on which it is tried.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub(super) on: Day,
    /// Who acts; a natural person if left out.
    pub(super) person: Option<Person>,
    /// Facts that hold in all three.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) with: BTreeMap<String, toml::Value>,
    /// One fen or one piece less: the line is not met.
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) below: BTreeMap<String, toml::Value>,
    /// Exactly the number: the line is met.
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) at: BTreeMap<String, toml::Value>,
    /// One more: the line is met.
    #[schemars(with = "BTreeMap<String, ExampleScalar>")]
    pub(super) above: BTreeMap<String, toml::Value>,
}
