//! Matters as callers see them.
//!
//! In:  a row, and the matter that the events make.
//! Out: JSON: everything for who may read ([`full`]), and what tells nothing of the content for who may see clocks ([`sketch`]).

use quanlian_procedure::Matter;
use quanlian_record::time::Timestamp;
use quanlian_store::matters::MatterRow;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{super::Problem, named, step::Stored};
use crate::platform::Platform;

/// A matter. Who may see its clocks alone is not told `title`, `handlers`, `amount_fen`, `state` and `named`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the JSON that is made below")]
pub(super) struct MatterView {
    id: String,
    /// 办件编号.
    number: String,
    /// As in the ETag.
    version: String,
    procedure: String,
    procedure_version: u32,
    stage: String,
    /// `working`, `waiting`, `suspended` or `closed`.
    status: String,
    owner_agency: String,
    owner_unit: Option<String>,
    opened_at: String,
    changed_at: String,
    /// The next day on which something is due.
    due_on: Option<String>,
    title: Option<String>,
    handlers: Option<Vec<String>>,
    amount_fen: Option<i64>,
    /// Every run of every clock, with rule, state and light.
    #[schema(value_type = Vec<crate::api::shapes::matter::Clock>)]
    clocks: Value,
    /// Stage, facts, papers, proposals, history.
    #[schema(value_type = Option<crate::api::shapes::matter::MatterState>)]
    state: Value,
    /// What it names, to be found by.
    #[schema(value_type = Option<crate::api::shapes::matter::NamedThings>)]
    named: Value,
}

/// Number, stage and days: nothing of the content.
pub(super) fn sketch(row: &MatterRow) -> Value {
    let projection = &row.projection;
    json!({
        "id": row.id,
        "number": row.number,
        "version": row.version.to_string(),
        "procedure": projection.procedure,
        "procedure_version": projection.procedure_version,
        "stage": projection.stage,
        "status": projection.status,
        "owner_agency": projection.owner_agency,
        "owner_unit": projection.owner_unit,
        "opened_at": row.opened_at.to_string(),
        "changed_at": row.changed_at.to_string(),
        "due_on": projection.due_on,
    })
}

/// As in lists, for who may read.
pub(in crate::api) fn row(row: &MatterRow) -> Value {
    let mut view = sketch(row);
    view["title"] = json!(row.projection.title);
    view["handlers"] = json!(row.projection.handlers);
    view["amount_fen"] = json!(row.projection.amount_fen);
    view
}

/// Everything.
pub(super) fn full(
    platform: &Platform,
    of: &MatterRow,
    stored: &Stored,
    now: Timestamp,
) -> Result<Value, Problem> {
    let mut view = row(of);
    view["clocks"] = clocks(platform, &stored.matter, now)?;
    view["state"] = json!(stored.matter);
    view["named"] = named::view(&stored.kept);
    Ok(view)
}

/// How every clock stands.
pub(super) fn clocks(platform: &Platform, matter: &Matter, now: Timestamp) -> Result<Value, Problem> {
    let clocks = platform.engine().clocks(matter, now);
    Ok(json!(
        clocks.map_err(|error| Problem::internal(format!("{error:?}")))?
    ))
}
