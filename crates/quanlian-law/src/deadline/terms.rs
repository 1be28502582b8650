//! What a rule says of its period beyond the length: its last day, its first hour, when it
//! stands still, how far it may be extended, when a paper counts as served.
//!
//! In:  `[[version]]` of a rule of kind `deadline` or `service`.
//! Out: values that [`super::run`] applies.
//!
//! Invariant: what the text of the law does not say is `Open`, never a choice made here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// What becomes of a period whose last day is not worked (期限届满日为节假日).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LastDay {
    /// It ends on the first working day after.
    Moves,
    /// It ends on that day all the same.
    Stays,
    /// The text does not say; the strict day is given, and the later one beside it.
    #[default]
    Open,
}

/// Whether the hour in which a period of hours begins is counted (期间开始的时).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FirstHour {
    /// The period runs from the instant itself.
    Counted,
    /// The period runs from the next full hour.
    NotCounted,
    /// The text does not say; the end from the instant is given, and the later one beside it.
    #[default]
    Open,
}

/// A length that is added to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Calendar days.
    Days(u32),
    /// Working days.
    WorkingDays(u32),
    /// Months.
    Months(u32),
}

impl Length {
    /// How many of its unit.
    pub fn number(self) -> u32 {
        match self {
            Self::Days(n) | Self::WorkingDays(n) | Self::Months(n) => n,
        }
    }

    /// The one of the three that is there; `None` when there is none or more than one.
    pub(crate) fn one_of(days: Option<u32>, working_days: Option<u32>, months: Option<u32>) -> Option<Self> {
        match (days, working_days, months) {
            (Some(n), None, None) => Some(Self::Days(n)),
            (None, Some(n), None) => Some(Self::WorkingDays(n)),
            (None, None, Some(n)) => Some(Self::Months(n)),
            _ => None,
        }
    }
}

/// When a period stands still (中止, 不计入期限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspensionRule {
    /// In which cases.
    pub when: Text,
    /// The event with which it stops: the first day that is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<String>,
    /// The event with which it goes on: the first day that is counted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<String>,
}

/// How a period may be extended (延长).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRule {
    /// Who may grant it.
    pub by: Text,
    /// The most that all extensions together may add; without it the rule names no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Length>,
}

/// When a paper counts as served (送达), by the way in which it was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceRule {
    /// The ways.
    pub method: Vec<ServiceMethod>,
}

/// One way of serving a paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceMethod {
    /// Its name in a timeline.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// What the day is that a timeline gives for it.
    pub day_is: Text,
    /// How long after that day it counts as served; without it on the day itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Length>,
}

/// Longest length of a rule, in its unit: 10,000 days are 27 years.
pub(crate) const MAX_LENGTH: u32 = 10_000;
