//! Shapes of what goes over many matters: indicators, notices, suggestions, lines of the trail.
//!
//! In:  nothing.
//! Out: schemas of what `quanlian-indicator` writes, and of what is made of rows of the store.
//!
//! Not here: what is counted.

use utoipa::ToSchema;

use super::{Names, matter::MatterRow, procedure::SourceChecked};

/// An indicator.
#[derive(ToSchema)]
pub(crate) struct IndicatorDefinition {
    id: String,
    version: u32,
    name: Names,
    /// As in `indicator_unit` of the terms.
    unit: String,
    definition: Names,
    source: IndicatorSource,
    checked: SourceChecked,
    /// What is counted.
    #[schema(value_type = Object)]
    counts: serde_json::Value,
    period: String,
    /// What of each row is taken: a word, or an object with one field.
    #[schema(value_type = serde_json::Value)]
    value: serde_json::Value,
    aggregate: String,
    /// By what it can be parted, as in `indicator_grouping`.
    groupings: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct IndicatorSource {
    own: Option<Names>,
    cite: Option<Names>,
}

/// Of what time a figure is: days, the day at whose end it stands, or the instant.
#[derive(ToSchema)]
pub(crate) struct FigurePeriod {
    first: Option<String>,
    last: Option<String>,
    day: Option<String>,
    at: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct FigurePart {
    group: Option<String>,
    value: Option<f64>,
    n: u64,
    missing: u64,
    /// Of a share: how many are part of it.
    part: Option<f64>,
}

#[derive(ToSchema)]
pub(crate) struct FigureRow {
    matter: MatterRow,
    group: Option<String>,
    /// A stage, act or clock.
    name: String,
    state: Option<String>,
    from: Option<String>,
    until: Option<String>,
    value: Option<i64>,
}

#[derive(ToSchema)]
pub(crate) struct Suggestion {
    id: String,
    number: String,
    title: String,
}

#[derive(ToSchema)]
pub(crate) struct Notice {
    id: String,
    matter: NoticeMatter,
    /// As in `notice` of the terms.
    template: String,
    /// A clock.
    about: Option<String>,
    /// As in `notice_light`.
    light: Option<String>,
    made_at: String,
    read_at: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct NoticeMatter {
    id: String,
    number: String,
    stage: String,
}

/// A line of the audit trail.
#[derive(ToSchema)]
pub(crate) struct TrailEntry {
    id: String,
    recorded_at: String,
    strand: String,
    number: u64,
    digest: String,
    /// In place of all that follows: its record is gone or damaged.
    is_damaged: Option<bool>,
    v: Option<u32>,
    kind: Option<String>,
    /// `agency/user`.
    actor: Option<String>,
    supersedes: Option<String>,
    body: Option<TrailBody>,
}

#[derive(ToSchema)]
pub(crate) struct TrailBody {
    action: String,
    /// `kind`, and what says which: `id`, `version`, ….
    #[schema(value_type = Object)]
    object: serde_json::Value,
    result: String,
    why: Vec<String>,
    by: String,
    address: Option<String>,
    purpose: Option<String>,
}
