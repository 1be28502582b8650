//! Rules: what one provision of the law says, as data.
//!
//! In:  nothing; [`crate::load`] makes these values from the files under `law/`.
//! Out: [`Rule`], its dated [`Version`]s, and the [`Body`] that each kind of rule has.
//!
//! Invariant: versions are in order of date and do not overlap; every fact and flag
//! that a condition names is declared in `law/facts.toml`; every citation has both languages.
//!
//! Not here: reading files (`load`), evaluating (`evaluate`).

use std::collections::BTreeMap;

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    acts::AccumulationRule,
    damages::rule::{AdministrativeFineRule, DamagesRule, PunitiveRule},
    deadline::{ExtensionRule, FirstHour, LastDay, ServiceRule, SuspensionRule, Timeline},
    schema::Date,
    sentence::{CircumstanceRule, ProbationRule, SentencingRule},
    text::Text,
    valuation::ValuationRule,
};

/// The tiers of an offence, and what lies under them. An offence has two of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Under the entry line.
    Below,
    /// The offence itself, where it asks for no amount and no gravity (基本犯).
    Base,
    /// Entry tier (情节严重、数额较大); the upper one above [`Tier::Base`].
    Serious,
    /// Upper tier (情节特别严重、数额巨大).
    EspeciallySerious,
}

impl Tier {
    /// Every tier that an act can be lifted into, the highest first.
    pub(crate) const HIGHEST_FIRST: [Self; 3] = [Self::EspeciallySerious, Self::Serious, Self::Base];
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// A human being (自然人).
    Natural,
    /// A unit (单位): company, institution, body.
    Unit,
}

/// An amount with its unit: money in fen, or a number of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Money in fen.
    Fen(i64),
    /// A number of copies, clicks, works.
    Count(i64),
}

impl Amount {
    /// The bare number, in fen or pieces.
    pub fn number(self) -> i64 {
        match self {
            Self::Fen(n) | Self::Count(n) => n,
        }
    }

    /// The same unit with another number.
    pub(crate) fn with(self, number: i64) -> Self {
        match self {
            Self::Fen(_) => Self::Fen(number),
            Self::Count(_) => Self::Count(number),
        }
    }
}

/// What a rule is about, and so what its versions contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The offence itself: its statutory elements (构成要件).
    Element,
    /// Lines that lift an act into a tier.
    Threshold,
    /// Penalty bands (法定刑) of the tiers.
    Band,
    /// Fine range (罚金).
    Fine,
    /// The lowest fine that may be imposed.
    FineFloor,
    /// How lines for units differ from lines for persons.
    Unit,
    /// Which rules govern an act that straddles a change (时间效力).
    Temporal,
    /// Limitation of prosecution (追诉时效).
    Limitation,
    /// A period that someone must keep (期限).
    Deadline,
    /// When a paper counts as served (送达).
    Service,
    /// Papers that an act needs (材料).
    Papers,
    /// How an amount is found from other facts (认定方法).
    Valuation,
    /// Which amounts of acts that were not dealt with add up (累计计算).
    Accumulation,
    /// When a sentence can be suspended, and for how long (缓刑).
    Probation,
    /// A circumstance that makes a sentence lighter or heavier (量刑情节).
    Circumstance,
    /// Method of sentencing and length of penalties (量刑方法、刑期).
    Sentencing,
    /// How damages are measured (损害赔偿).
    Damages,
    /// How punitive damages are found (惩罚性赔偿).
    Punitive,
    /// The range of an administrative fine (罚款).
    AdministrativeFine,
    /// A rule that is cited but computes nothing.
    Note,
}

/// One provision with all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, which is also its path under `law/`.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// What the engine asks for it as (`inclusive`, `accumulation`); most rules have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Which timeline a deadline belongs to (`transfer`, `reverse`, `penalty`, …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Place in its group, for display.
    pub order: u32,
    /// The offences that it applies to; empty for a general rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offences: Vec<String>,
    /// Its row in the project's table of law facts, where that differs from the ids of its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// Its name.
    pub title: Text,
    /// Where it stands and who read it.
    pub source: Source,
    /// Its versions, oldest first.
    pub versions: Vec<Version>,
    /// What the text leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenQuestion>,
    /// Worked examples; the check runs them all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Boundary examples, one for each line; the check runs them all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boundaries: Vec<Boundary>,
}

/// Where a provision stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the instrument, in Chinese.
    pub law: String,
    /// Its number, or how it is told from others of that name.
    pub number: String,
    /// Article, in Chinese.
    pub article: String,
    /// The citation as a reason prints it.
    pub cite: Text,
    /// What it says, in our own words.
    pub gist: Text,
    /// Who read it, where and when.
    pub checked: Checked,
}

/// What stands behind a rule or a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// When it was compared with its source.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub on: Day,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
    /// Whether the source text, or a named secondary source, was read.
    pub verified: bool,
    /// What exactly was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// What a rule says between two dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// First day in force.
    pub from: Day,
    /// Last day in force; `None` while in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
    /// Its own row in the project's table of law facts, where the versions have different rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// Its own source, where the versions come from different instruments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What it says.
    pub body: Body,
}

impl Version {
    /// Whether it is in force on a day.
    pub fn in_force(&self, on: Day) -> bool {
        self.from <= on && self.to.is_none_or(|to| on <= to)
    }
}

impl Rule {
    /// The version in force on a day.
    pub fn version_on(&self, on: Day) -> Option<&Version> {
        self.versions.iter().find(|version| version.in_force(on))
    }

    /// The source of a version: its own, or else that of the rule.
    pub fn source_of<'a>(&'a self, version: &'a Version) -> &'a Source {
        version.source.as_ref().unwrap_or(&self.source)
    }

    /// Whether it applies to an offence.
    pub fn is_about(&self, offence: &str) -> bool {
        self.offences.iter().any(|o| o == offence)
    }
}

/// What a version contains, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// See [`Kind::Element`].
    Elements(Vec<Element>),
    /// See [`Kind::Element`]: the offence did not exist, so no tier can be reached.
    NoOffence,
    /// See [`Kind::Threshold`].
    Lines(Vec<Line>),
    /// See [`Kind::Band`].
    Bands(Vec<Band>),
    /// See [`Kind::Fine`].
    Fine(FineRule),
    /// See [`Kind::FineFloor`].
    FineFloor {
        /// For adults, in fen.
        adult_fen: i64,
        /// For minors, in fen.
        minor_fen: i64,
        /// The flag that says that the actor was a minor.
        #[serde(skip_serializing_if = "Option::is_none")]
        minor_fact: Option<String>,
    },
    /// See [`Kind::Unit`]: a unit's line is a person's line times this.
    UnitFactor(u32),
    /// See [`Kind::Limitation`].
    Limitation(Vec<LimitationStep>),
    /// See [`Kind::Deadline`].
    Clock(Box<Clock>),
    /// See [`Kind::Service`].
    Service(Box<ServiceRule>),
    /// See [`Kind::Papers`].
    Papers(Vec<Paper>),
    /// See [`Kind::Valuation`].
    Valuation(Box<ValuationRule>),
    /// See [`Kind::Accumulation`].
    Accumulation(Box<AccumulationRule>),
    /// See [`Kind::Probation`].
    Probation(Box<ProbationRule>),
    /// See [`Kind::Circumstance`].
    Circumstance(Box<CircumstanceRule>),
    /// See [`Kind::Sentencing`].
    Sentencing(Box<SentencingRule>),
    /// See [`Kind::Damages`].
    Damages(Box<DamagesRule>),
    /// See [`Kind::Punitive`].
    Punitive(Box<PunitiveRule>),
    /// See [`Kind::AdministrativeFine`].
    AdministrativeFine(Box<AdministrativeFineRule>),
    /// Nothing to compute ([`Kind::Temporal`], [`Kind::Note`]).
    Nothing,
}

/// One line of a threshold: a condition that lifts an act into a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its id, unique in the whole rule book.
    pub id: String,
    /// Where it lifts to.
    pub tier: Tier,
    /// Flags that must hold for the line to apply at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<String>,
    /// What must be so.
    pub condition: Condition,
    /// Whether the line is about goods that were not sold: reaching it is an attempt (犯罪未遂).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub attempt: bool,
    /// Its row in the project's table of law facts, where that differs from its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// Whether its number was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
    /// What exactly was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// A condition over named facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The fact is at or above an amount (以上 includes the number itself).
    AtOrAbove {
        /// Name of the fact.
        fact: String,
        /// The line.
        threshold: Amount,
    },
    /// The flag is true.
    Flag(String),
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// At least `count` of the named lines are reached at `share_percent` of their amount.
    AtLeast {
        /// How many.
        count: usize,
        /// Which share of each line is enough.
        share_percent: u32,
        /// Ids of lines of the same version with a plain amount.
        of: Vec<String>,
    },
    /// A line of another offence, of this tier or a higher one, is met on the same facts.
    Reaches {
        /// Id of the other offence.
        offence: String,
        /// The tier of it.
        tier: Tier,
    },
}

impl Condition {
    /// The conditions that combine no others, in the order of the file.
    pub(crate) fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().flat_map(Self::leaves).collect(),
            Self::AtOrAbove { .. } | Self::Flag(_) | Self::AtLeast { .. } | Self::Reaches { .. } => {
                vec![self]
            }
        }
    }

    /// Facts and flags that it names itself; a share names lines, whose facts those lines name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.leaves().into_iter().filter_map(|leaf| match leaf {
            Self::AtOrAbove { fact, .. } => Some(fact.as_str()),
            Self::Flag(flag) => Some(flag.as_str()),
            _ => None,
        })
    }
}

/// The penalty band of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Which tier.
    pub tier: Tier,
    /// Shortest fixed-term imprisonment (or detention, where possible), in months.
    pub min_months: u32,
    /// Longest, in months.
    pub max_months: u32,
    /// Whether criminal detention (拘役) is available.
    #[serde(default)]
    pub detention_possible: bool,
    /// Whether the fine comes on top or may stand alone.
    pub fine: FineMode,
}

/// How a fine goes with imprisonment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FineMode {
    /// Together with imprisonment, or alone (并处或者单处).
    TogetherOrAlone,
    /// Always together with imprisonment (并处).
    Mandatory,
}

/// How a fine range is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineRule {
    /// Whether the first known basis is used or any may be.
    pub mode: FineChoice,
    /// The bases, in order.
    pub steps: Vec<FineStep>,
}

/// Which basis of a fine counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FineChoice {
    /// The first basis that can be established.
    FirstKnown,
    /// Either basis; the range runs from the lowest to the highest.
    Either,
}

/// One basis of a fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FineStep {
    /// What the range is computed from.
    pub basis: FineBasis,
    /// Whether this step was read in a source.
    pub verified: bool,
    /// Keys of `law/sources.toml`.
    pub against: Vec<String>,
}

/// What a fine is computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FineBasis {
    /// A share of a money fact, in percent.
    ShareOf {
        /// Name of the fact.
        fact: String,
        /// Lowest share.
        low_percent: u32,
        /// Highest share.
        high_percent: u32,
    },
    /// Fixed amounts by tier, in fen: lowest and highest.
    Fixed(BTreeMap<Tier, (i64, i64)>),
}

/// A statutory element (构成要件要素).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// The flag or text fact that states it.
    pub fact: String,
    /// For a text fact: the values under which it is met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Flags from which it may be inferred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<String>,
    /// Flags that deny it when one of them holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied_by: Vec<String>,
    /// Whether it was read in a source.
    pub verified: bool,
}

/// One step of the limitation table: bands with a maximum of up to so many months.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitationStep {
    /// The step covers bands whose maximum is below this; the last step has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_months_below: Option<u32>,
    /// Years until prosecution is barred.
    pub years: u32,
}

/// A paper that an act needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Its id, for programs.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// Whether the act cannot go without it.
    pub required: bool,
}

/// A period that someone must keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Who must act.
    pub actor: Text,
    /// What they must do.
    pub act: Text,
    /// The event that starts it.
    pub starts: String,
    /// Events that end it, any one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// How long.
    pub period: ClockPeriod,
    /// The count under another reading, where the text does not say which days it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_count: Option<DayCount>,
    /// What becomes of a last day that is not worked; `None` where the last day cannot be one (working days, hours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<LastDay>,
    /// Whether the hour in which it begins is counted; for a period of hours alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_hour: Option<FirstHour>,
    /// Whether it runs backwards: the act must come so long before the event.
    pub before: bool,
    /// The role of the rule by which the period is counted (`periods_criminal`), cited by its explanation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_by: Option<String>,
    /// When it stands still; without this it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionRule>,
    /// How it may be extended; without this it cannot be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionRule>,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockPeriod {
    /// At once, or together with the event that starts it.
    AtOnce,
    /// Within a reasonable time, which the text does not number (合理期限).
    Reasonable,
    /// Hours from the instant of the event.
    Hours(u32),
    /// Days; the day of the event is not counted.
    Days {
        /// How many.
        days: u32,
        /// Which days count.
        count: DayCount,
    },
    /// Calendar months.
    Months(u32),
    /// Calendar years.
    Years(u32),
}

/// Which days a period counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// Every day.
    Calendar,
    /// Working days only; needs a calendar of holidays.
    Working,
}

/// What the text leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenQuestion {
    /// The question.
    pub question: Text,
    /// What would change.
    pub effect: Text,
    /// Days for which the files knowingly have no rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// Days on which no rule of a kind is in the files, and somebody knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Which kind of rule is missing.
    pub kind: Kind,
    /// First day.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub from: Day,
    /// Last day; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub to: Option<Day>,
}

impl Gap {
    /// Whether a day lies in the gap.
    pub(crate) fn covers(&self, on: Day) -> bool {
        self.from <= on && self.to.is_none_or(|to| on <= to)
    }
}

/// A worked example of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its name, for the report of the check.
    pub name: String,
    /// The line of the file where it stands, counted from 1.
    pub at_line: usize,
    /// The offence that it is tried on; the first of the rule if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offence: Option<String>,
    /// Conduct and judgment both on this day, unless given apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Day>,
    /// First and last day of the conduct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conduct: Option<(Day, Day)>,
    /// Day of judgment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_on: Option<Day>,
    /// Who acted; a natural person if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Facts (or, for a deadline, events) by name. Money is in yuan.
    pub given: BTreeMap<String, ExampleValue>,
    /// Acts whose amounts are added up (kind [`Kind::Accumulation`]); `punished = true` leaves one out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<BTreeMap<String, ExampleValue>>,
    /// For a deadline: services, suspensions and extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// What must come out, by name.
    pub then: BTreeMap<String, ExampleValue>,
}

/// A value in an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ExampleValue {
    /// True or false.
    Flag(bool),
    /// A whole number: yuan, or pieces.
    Number(i64),
    /// A text: an amount with a fraction (`29,999.99`), a date, a state.
    Text(String),
}

/// Just below, at and above one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Boundary {
    /// Id of the line.
    pub line: String,
    /// The line of the file where it stands, counted from 1.
    pub at_line: usize,
    /// The day on which it is tried.
    pub on: Day,
    /// Who acts; a natural person if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Facts that hold in all three.
    pub with: BTreeMap<String, ExampleValue>,
    /// The line is not met.
    pub below: BTreeMap<String, ExampleValue>,
    /// The line is met.
    pub at: BTreeMap<String, ExampleValue>,
    /// The line is met.
    pub above: BTreeMap<String, ExampleValue>,
}

/// Dates as TOML writes them (`2024-12-20`), and as JSON does (`"2024-12-20"`).
pub(crate) mod toml_day {
    use quanlian_record::time::{Day, parse_day};
    use serde::{
        Deserialize, Deserializer, Serializer,
        de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
    };

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde asks for"
    )]
    pub(crate) fn serialize<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        deserializer.deserialize_any(DayVisitor)
    }

    struct DayVisitor;

    impl<'de> Visitor<'de> for DayVisitor {
        type Value = Day;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a date (write 2024-12-20)")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Day, E> {
            parse_day(text).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
            let written = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
            match (written.date, written.time) {
                (Some(_), None) => parse_day(&written.to_string()).map_err(A::Error::custom),
                _ => Err(A::Error::custom(format!(
                    "`{written}` is not a date (write 2024-12-20)"
                ))),
            }
        }
    }

    /// The same for a date that may be absent.
    pub(crate) mod optional {
        use super::{Day, DayVisitor, Deserializer, Serializer};

        #[expect(
            clippy::ref_option,
            clippy::trivially_copy_pass_by_ref,
            reason = "the signature that serde asks for"
        )]
        pub(crate) fn serialize<S: Serializer>(day: &Option<Day>, serializer: S) -> Result<S::Ok, S::Error> {
            match day {
                Some(day) => serializer.collect_str(day),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Day>, D::Error> {
            struct Maybe;
            impl<'de> serde::de::Visitor<'de> for Maybe {
                type Value = Option<Day>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a date (write 2024-12-20)")
                }
                fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
                    Ok(None)
                }
                fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
                    Ok(None)
                }
                fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                    deserializer.deserialize_any(DayVisitor).map(Some)
                }
            }
            deserializer.deserialize_option(Maybe)
        }
    }
}
