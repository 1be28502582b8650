//! The sheets that damages and administrative fines are computed from.
//!
//! In:  JSON or TOML.
//! Out: [`DamagesSheet`], [`FineSheet`], or a [`DamagesError`] that names the field and the way out.
//!
//! Invariant: facts are the same [`Statement`]s as in a fact sheet, so every amount has its
//! evidence, its author and its bounds. Money is whole fen; nothing here is a float.

mod check;

use std::fmt;

use quanlian_record::time::Day;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Visitor},
};

use super::rule::Method;
use crate::{
    facts::{Conduct, MAX_SHEET_BYTES, SheetError, Statement},
    load::MAX_NESTING,
    rule::toml_day,
    written,
};

pub(super) use check::{check, check_conduct, fact_sheet, right_of, unknown};

/// Highest rate of interest, in basis points a year: a hundred percent.
pub const MAX_RATE_BASIS_POINTS: i64 = 10_000;
/// Highest multiple that a claim may name, in hundredths.
const MAX_MULTIPLE_HUNDREDTHS: i64 = 100_000;
/// Most fines, rates or licences in one sheet.
pub const MAX_ENTRIES: usize = 500;
/// Longest term of a licence, in months: a hundred years.
const MAX_TERM_MONTHS: u32 = 1_200;

/// What is stated about an infringement whose damages are sought.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DamagesSheet {
    /// Which right: see [`super::rule::Right`].
    pub right: String,
    /// First and last day of the infringement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infringement: Option<Conduct>,
    /// Day on which the action was filed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub filed_on: Option<Day>,
    /// Day on which the debate of the first instance ended (一审法庭辩论终结).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub first_instance_debate_ended_on: Option<Day>,
    /// Day of judgment.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub judged_on: Option<Day>,
    /// A place with rules of its own: `pudong`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The statements.
    #[serde(default)]
    pub facts: Vec<Statement>,
    /// What the holder claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Fines that the infringer has paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fines_paid: Vec<FinePaid>,
    /// Interest that is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<Interest>,
    /// What a trade secret's licence would have cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_value: Option<LicenceInputs>,
    /// Which reading a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_reading: Option<ChosenReading>,
}

/// What the holder claims.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The whole amount claimed, without interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_fen: Option<i64>,
    /// The multiple claimed, when punitive damages are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punitive_multiple: Option<Multiple>,
    /// The method by which the holder computes, where the law leaves the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Day on which punitive damages were claimed; with the action if not given.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub made_on: Option<Day>,
    /// Facts and reasons of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Reasons>,
}

/// One reason or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reasons {
    /// One text.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Reasons {
    fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts().iter().all(|text| text.trim().is_empty())
    }
}

/// A multiple with up to two decimals: `3`, `"2.5"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Multiple {
    hundredths: i64,
}

impl Multiple {
    /// From whole times.
    pub fn from_times(times: u32) -> Self {
        Self {
            hundredths: i64::from(times) * 100,
        }
    }

    pub(crate) fn hundredths(self) -> i64 {
        self.hundredths
    }

    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text
            .trim()
            .strip_prefix('-')
            .map_or((false, text.trim()), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 12 || fraction.len() > 2 || !plain(whole) || !plain(fraction) {
            return None;
        }
        let hundredths: i64 = format!("{whole}{fraction:0<2}").parse().ok()?;
        Some(Self {
            hundredths: if negative { -hundredths } else { hundredths },
        })
    }
}

impl fmt::Display for Multiple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.hundredths < 0 { "-" } else { "" };
        let (whole, rest) = (
            self.hundredths.unsigned_abs() / 100,
            self.hundredths.unsigned_abs() % 100,
        );
        if rest == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let fraction = format!("{rest:02}");
            write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
        }
    }
}

impl Serialize for Multiple {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.hundredths % 100 == 0 {
            serializer.serialize_i64(self.hundredths / 100)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl<'de> Deserialize<'de> for Multiple {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Multiple;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a multiple with up to two decimals (3 or \"2.5\")")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Multiple, E> {
                Multiple::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: serde::de::Error>(self, times: i64) -> Result<Multiple, E> {
                self.visit_str(&times.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, times: u64) -> Result<Multiple, E> {
                self.visit_str(&times.to_string())
            }
            // The shortest decimal text of what was written; it is refused when it has more than two decimals.
            fn visit_f64<E: serde::de::Error>(self, times: f64) -> Result<Multiple, E> {
                self.visit_str(&times.to_string())
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// A fine that the infringer has paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinePaid {
    /// By an agency (罚款) or by a criminal court (罚金).
    pub kind: PaidTo,
    /// How much.
    pub fen: i64,
    /// When it was paid in full; not yet if not given.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub paid_on: Option<Day>,
    /// Whether it was for the same act of infringement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_act: Option<bool>,
    /// Ids of the evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
}

/// Who imposed a fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidTo {
    /// An agency (行政罚款).
    Administrative,
    /// A criminal court (刑事罚金).
    Criminal,
}

/// Simple interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interest {
    /// One rate for the whole period, in basis points a year (345 is 3.45 %).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_basis_points_per_year: Option<i64>,
    /// Or rates, each from its day on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<Rate>,
    /// The day from which it runs; that day is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub from: Option<Day>,
    /// The last day that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub to: Option<Day>,
    /// Days of a year for the division: 365 or 360.
    #[serde(default = "common_year")]
    pub day_count: u32,
    /// What bears interest.
    #[serde(default)]
    pub principal: Principal,
}

fn common_year() -> u32 {
    365
}

/// A rate and the day from which it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// First day.
    #[serde(with = "toml_day")]
    pub from: Day,
    /// Basis points a year.
    pub rate_basis_points_per_year: i64,
}

/// What bears interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Principal {
    /// Each reading's own total: the word `award`.
    #[default]
    Award,
    /// An amount in fen.
    Fen(i64),
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Award => serializer.serialize_str("award"),
            Self::Fen(fen) => serializer.serialize_i64(*fen),
        }
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Principal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"award\" or an amount in fen")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Principal, E> {
                match word {
                    "award" => Ok(Principal::Award),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
            fn visit_i64<E: serde::de::Error>(self, fen: i64) -> Result<Principal, E> {
                Ok(Principal::Fen(fen))
            }
            fn visit_u64<E: serde::de::Error>(self, fen: u64) -> Result<Principal, E> {
                i64::try_from(fen)
                    .map(Principal::Fen)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(fen), &self))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// Inputs for the licence value of a trade secret (商业秘密许可使用费).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceInputs {
    /// Licences of this or a like secret.
    #[serde(default)]
    pub comparable_licences: Vec<ComparableLicence>,
    /// Only licences of this kind are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusivity: Option<Exclusivity>,
    /// What the secret earns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub income: Option<IncomeInputs>,
}

/// A licence that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparableLicence {
    /// What it is called.
    pub name: String,
    /// The fee for the whole term.
    pub fen: i64,
    /// The term in months; a single payment without end if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_months: Option<u32>,
    /// How exclusive it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusivity: Option<Exclusivity>,
    /// Whether it was really performed (实际履行).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performed: Option<bool>,
    /// Ids of the evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
}

/// How exclusive a licence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusivity {
    /// Only the licensee (独占许可).
    Exclusive,
    /// The licensee and the holder (排他许可).
    Sole,
    /// Others too (普通许可).
    Ordinary,
}

/// The income approach.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncomeInputs {
    /// Income of a year from the products that use the secret, at least.
    pub at_least_fen_per_year: i64,
    /// And at most.
    pub at_most_fen_per_year: i64,
    /// Share of it that is owed to the secret, in percent, at least.
    pub at_least_share_percent: i64,
    /// And at most.
    pub at_most_share_percent: i64,
    /// Ids of the evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
}

/// A choice between readings, made by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenReading {
    /// The id of the reading, as the answer names it.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Who chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_by: Option<String>,
}

/// What is stated about an act that an agency may fine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineSheet {
    /// The act, as the rules name it.
    pub act: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conduct: Option<Conduct>,
    /// Day of the decision.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    pub decided_on: Option<Day>,
    /// A place with rules of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The statements.
    #[serde(default)]
    pub facts: Vec<Statement>,
}

/// Why damages or a fine were not computed. Each variant names the field and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum DamagesError {
    /// A statement, an amount or a size that no sheet may have.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Not JSON or TOML of the right shape.
    #[error("line {line}: {problem}; the fields are {fields}")]
    Shape {
        line: usize,
        problem: String,
        fields: &'static str,
    },
    /// A right, place or act that no rule is about.
    #[error("{field}: `{found}` is not known{}; known are {known}", near.as_deref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    Unknown {
        field: &'static str,
        found: String,
        near: Option<String>,
        known: String,
    },
    /// A multiple that no law that comes into question allows.
    #[error(
        "claim.punitive_multiple: {multiple} times is outside what the law allows: {allowed}; claim a multiple inside"
    )]
    Multiple { multiple: Multiple, allowed: String },
    /// A number outside its bounds.
    #[error("{field}: {problem}")]
    Number { field: String, problem: String },
    /// Interest that cannot be computed.
    #[error("interest: {problem}")]
    Interest { problem: String },
    /// An amount that no account can hold.
    #[error("{what} is beyond {limit} fen; check the amounts and numbers that it is computed from")]
    Overflow { what: String, limit: i64 },
    /// The chosen reading is none of those that come into question, or has no reason.
    #[error("chosen_reading: {problem}")]
    Choice { problem: String },
}

impl DamagesError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sheet(error) => error.code(),
            Self::Shape { .. } => "law_damages_shape",
            Self::Unknown { .. } => "law_damages_unknown",
            Self::Multiple { .. } => "law_damages_multiple",
            Self::Number { .. } => "law_damages_number",
            Self::Interest { .. } => "law_damages_interest",
            Self::Overflow { .. } => "law_damages_overflow",
            Self::Choice { .. } => "law_damages_choice",
        }
    }
}

const DAMAGES_FIELDS: &str = "right, infringement{from,to}, filed_on, first_instance_debate_ended_on, judged_on, place, \
     facts[{name, fen|count|value, evidence}], claim, fines_paid, interest, licence_value, chosen_reading";
const FINE_FIELDS: &str =
    "act, conduct{from,to}, decided_on, place, facts[{name, fen|count|value, evidence}]";

impl DamagesSheet {
    /// Reads JSON where the text begins like JSON, TOML otherwise.
    ///
    /// ```
    /// # use quanlian_law::DamagesSheet;
    /// let sheet = DamagesSheet::parse(r#"{"right":"patent","facts":[{"name":"actual_loss","fen":100}]}"#);
    /// assert_eq!(sheet.unwrap().facts[0].fen, Some(100));
    /// ```
    pub fn parse(text: &str) -> Result<Self, DamagesError> {
        parse(text, DAMAGES_FIELDS)
    }
}

impl FineSheet {
    /// Reads JSON where the text begins like JSON, TOML otherwise.
    pub fn parse(text: &str) -> Result<Self, DamagesError> {
        parse(text, FINE_FIELDS)
    }
}

fn parse<T: DeserializeOwned>(text: &str, fields: &'static str) -> Result<T, DamagesError> {
    if text.len() > MAX_SHEET_BYTES {
        return Err(DamagesError::Sheet(SheetError::TooLarge {
            size_bytes: text.len(),
            limit_bytes: MAX_SHEET_BYTES,
        }));
    }
    written::either(text, MAX_NESTING).map_err(|fault| DamagesError::Shape {
        line: fault.line,
        problem: fault.problem,
        fields,
    })
}
