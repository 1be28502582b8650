//! The check of the audit trail, for auditors.
//!
//! In:  where to go on.
//! Out: what a part of the check found, and where the next one begins.
//!
//! Invariant: one call looks at a bounded number of rows.
//!
//! Not here: how it is checked (`quanlian-store::trail::check`).

use axum::{Json, extract::State};
use quanlian_store::trail::{
    Leaves,
    check::{self, From, Part},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{super::caller::Asked, Caller, Platform, Problem, allowed};

/// Lines, records and entries of one call; it takes some seconds at most.
const ROWS: u64 = 50_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckQuery {
    /// The `next` of the part before; without it the check begins.
    after: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// Whether nothing was found in this part.
    sound: bool,
    /// Whether the evidence log was read too.
    has_log: bool,
    /// What was looked at: counts, `pruned`, and `findings` with `what`, `strand`, `number`, `record`.
    #[schema(value_type = Object)]
    part: Part,
    /// Why lines wait for their anchor, and since when; null while they do not.
    #[schema(value_type = Option<Object>)]
    not_anchored: Option<serde_json::Value>,
    /// Where the next part begins; null when everything was looked at.
    next: Option<String>,
}

/// Checks a part of the audit trail: is every line still there, as it was written?
#[utoipa::path(
    get, path = "/api/v1/audit/check", params(CheckQuery),
    responses((status = 200, body = CheckView), (status = 400), (status = 401), (status = 403))
)]
pub(crate) async fn check(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(query): Asked<CheckQuery>,
) -> Result<Json<CheckView>, Problem> {
    allowed(&platform, &caller, "audit_check", json!({"kind": "audit"})).await?;
    let problem = |error| Problem::from(&error);
    let from = query.after.as_deref().map(str::parse::<From>).transpose();
    let from = from.map_err(problem)?.unwrap_or_default();
    let log = platform.log().map(|log| log as &dyn Leaves);
    let part = check::check(platform.store(), log, &from, ROWS)
        .await
        .map_err(problem)?;
    let trouble = platform.trouble();
    Ok(Json(CheckView {
        sound: part.is_sound(),
        has_log: log.is_some(),
        not_anchored: trouble.map(|trouble| json!({"since": trouble.since, "code": trouble.code})),
        next: part.next.map(|next| next.to_string()),
        part,
    }))
}
