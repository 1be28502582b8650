//! The audit trail: who did what, with what, why, from where, and what came of it.
//!
//! In:  an act of a caller.
//! Out: a record of kind `audit`; and for auditors, the records again.
//!
//! Invariants: the record is durable before the answer leaves; when it cannot be written, nothing is answered. It holds ids and codes,
//! and the purpose as stated, and nothing of the content. Looking at the trail is in the trail.
//!
//! Not here: that no record was removed (each is to be a leaf of the log; not connected yet).

use axum::{Json, extract::State};
use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::RecordId,
    time::Timestamp,
};
use quanlian_store::{
    RecordStore as _,
    records::{Place, RecordQuery},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, Caller},
};
use crate::{
    permission::{Action, Decision, Object},
    platform::Platform,
};

/// The kind of its records.
const KIND: &str = "audit";
const PAGE: usize = 200;

/// What came of an act.
pub(super) enum Outcome<'a> {
    /// What the policies said; what an act then did stands in the events of its matter.
    Asked(&'a Decision),
    /// Why it was not tried.
    Refused(&'a str),
    /// A word for what was done with an account.
    Signed(&'a str),
}

/// Writes one line.
pub(super) async fn write(
    platform: &Platform,
    caller: &Caller,
    action: &str,
    object: Value,
    outcome: Outcome<'_>,
) -> Result<(), Problem> {
    let who = Who {
        actor: caller.name(),
        address: caller.address.to_string(),
        by: if caller.session.is_some() {
            "session"
        } else {
            "token"
        },
        purpose: caller.purpose.as_deref(),
        now: caller.now,
    };
    append(platform, who, action, object, outcome).await
}

/// Who acts, also where nobody is signed in yet.
pub(super) struct Who<'a> {
    pub(super) actor: String,
    pub(super) address: String,
    pub(super) by: &'static str,
    pub(super) purpose: Option<&'a str>,
    pub(super) now: Timestamp,
}

pub(super) async fn append(
    platform: &Platform,
    who: Who<'_>,
    action: &str,
    object: Value,
    outcome: Outcome<'_>,
) -> Result<(), Problem> {
    let (result, why) = match outcome {
        Outcome::Asked(Decision::Allowed { by }) => ("allowed", json!(by)),
        Outcome::Asked(Decision::Denied { by }) => ("denied", json!(by)),
        Outcome::Asked(Decision::NeedsPurpose) => ("denied", json!(["purpose-missing"])),
        Outcome::Refused(code) => ("refused", json!([code])),
        Outcome::Signed(what) => (what, json!([])),
    };
    let record = Record {
        v: ENVELOPE_VERSION,
        id: RecordId::fresh(who.now),
        kind: KIND.to_owned(),
        recorded_at: who.now,
        actor: who.actor,
        supersedes: None,
        body: json!({
            "action": action,
            "object": object,
            "result": result,
            "why": why,
            "by": who.by,
            "address": who.address,
            "purpose": who.purpose,
        }),
    };
    match platform.keep(record).await {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(Problem::from(&*error)),
        None => Err(Problem::internal("the writer of the audit trail has ended")),
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrailQuery {
    /// Only this instant or later (RFC 3339).
    from: Option<String>,
    /// Only before this instant.
    until: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TrailPage {
    /// Records of kind `audit`, oldest first.
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Record>,
    /// Where the next page begins.
    next: Option<String>,
}

/// The audit trail, for auditors.
#[utoipa::path(
    get, path = "/api/v1/audit", params(TrailQuery),
    responses((status = 200, body = TrailPage), (status = 401), (status = 403))
)]
pub(super) async fn entries(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(query): Asked<TrailQuery>,
) -> Result<Json<TrailPage>, Problem> {
    let decision = caller.may(&platform, Action::Audit, &Object::Installation)?;
    write(
        &platform,
        &caller,
        "audit",
        json!({"kind": "audit"}),
        Outcome::Asked(&decision),
    )
    .await?;
    if !decision.is_allowed() {
        return Err(denied());
    }
    let instant = |text: Option<&String>| text.map(|text| text.parse::<Timestamp>()).transpose();
    let unreadable = |_| Problem::bad("query_invalid", "write an instant as 2024-12-20T09:30:00Z");
    let query = RecordQuery {
        kind: Some(KIND.to_owned()),
        from: instant(query.from.as_ref()).map_err(unreadable)?,
        until: instant(query.until.as_ref()).map_err(unreadable)?,
        after: query.after.as_deref().map(place_of).transpose()?,
        limit: Some(PAGE),
        ..RecordQuery::default()
    };
    let page = platform.store().list(&query).await?;
    Ok(Json(TrailPage {
        entries: page.records,
        next: page
            .next
            .map(|place| format!("{}_{}", place.recorded_at.unix_micros(), place.id)),
    }))
}

fn place_of(text: &str) -> Result<Place, Problem> {
    let unreadable = || Problem::bad("matter_cursor", "`after` is the `next` of the page before");
    let (micros, id) = text.split_once('_').ok_or_else(unreadable)?;
    let micros = micros.parse().map_err(|_| unreadable())?;
    Ok(Place {
        recorded_at: Timestamp::from_unix_micros(micros).map_err(|_| unreadable())?,
        id: id.parse().map_err(|_| unreadable())?,
    })
}

/// What somebody is told who may not.
pub(super) fn denied() -> Problem {
    Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "permission_denied",
        "none of your roles allows this; who grants roles is your agency's administrator",
    )
}
