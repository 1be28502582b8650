//! A timeline as a person writes it: events, services, suspensions, extensions.
//!
//! In:  JSON or TOML.
//! Out: [`Timeline`], whose names and dates [`super`] checks against the rule book.
//!
//! Invariant: unknown fields are refused, sizes are bounded, and an error names the line.

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Events, events_once},
    terms::Length,
};
use crate::{rule::toml_day, written};

/// Largest timeline, in bytes.
pub const MAX_TIMELINE_BYTES: usize = 256 * 1024;
/// Deepest nesting of brackets in a timeline.
const MAX_TIMELINE_NESTING: usize = 6;

/// What is known of the course of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Which case it is, for the summary and the id of calendar entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The clocks that are asked for: a group, such as `transfer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The one clock that is asked for, by id or row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Events by name.
    #[serde(default, deserialize_with = "events_once")]
    pub events: Events,
    /// Papers that were served: each makes an event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Service>,
    /// Days that are not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspensions: Vec<Suspension>,
    /// Extensions that were granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension>,
}

/// A paper that was served (送达).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The event that the service is, such as `judgment_served_on`.
    pub event: String,
    /// The rule of service, by id.
    pub rule: String,
    /// The way: an id of that rule, such as `announcement`.
    pub method: String,
    /// The day that the rule asks for with that way.
    #[serde(with = "toml_day")]
    #[schemars(with = "crate::schema::Date")]
    pub on: Day,
}

/// Days that are not counted (中止). Both ends lie inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// The clock that stands still, by id or row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Or all clocks of a group that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// First day that is not counted.
    #[serde(with = "toml_day")]
    #[schemars(with = "crate::schema::Date")]
    pub from: Day,
    /// Last day that is not counted; without it the clock still stands.
    #[serde(default, with = "toml_day::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::Date>")]
    pub to: Option<Day>,
    /// Why.
    pub reason: String,
}

/// An extension that was granted (延长). One of the three lengths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The clock, by id or row.
    pub rule: String,
    /// Calendar days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Working days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_days: Option<u32>,
    /// Months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<u32>,
    /// Why.
    pub reason: String,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    #[serde(with = "toml_day")]
    #[schemars(with = "crate::schema::Date")]
    pub on: Day,
}

impl Extension {
    /// How long it is; `None` when no length is given or more than one.
    pub fn length(&self) -> Option<Length> {
        Length::one_of(self.days, self.working_days, self.months)
    }
}

/// Why a text is not a timeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum TimelineError {
    /// Larger than a timeline can sensibly be.
    #[error("the timeline has {size_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge { size_bytes: usize, limit_bytes: usize },
    /// Not JSON or TOML of the right shape.
    #[error(
        "line {line}: {problem}; the fields are case, group, rule, events{{name: when}}, service[{{event, rule, method, on}}], suspensions[{{rule | group, from, to, reason}}], extensions[{{rule, days | working_days | months, reason, granted_by, on}}]"
    )]
    Shape { line: usize, problem: String },
}

impl TimelineError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "law_timeline_too_large",
            Self::Shape { .. } => "law_timeline_shape",
        }
    }
}

impl Timeline {
    /// Reads JSON where the text begins like JSON, TOML otherwise.
    pub fn parse(text: &str) -> Result<Self, TimelineError> {
        if text.len() > MAX_TIMELINE_BYTES {
            return Err(TimelineError::TooLarge {
                size_bytes: text.len(),
                limit_bytes: MAX_TIMELINE_BYTES,
            });
        }
        written::either(text, MAX_TIMELINE_NESTING).map_err(|fault| TimelineError::Shape {
            line: fault.line,
            problem: fault.problem,
        })
    }

    /// A timeline of plain events.
    pub fn of(events: &Events) -> Self {
        Self {
            events: events.clone(),
            ..Self::default()
        }
    }
}
