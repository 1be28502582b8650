//! The audit trail: who did what, with what, why, from where, and what came of it.
//!
//! In:  an act of a caller.
//! Out: a record of kind `audit`; and for auditors, the records again.
//!
//! Invariants: the record is durable before the answer leaves; when it cannot be written, nothing is answered. It holds ids and codes,
//! and the purpose as stated, and nothing of the content. Looking at the trail is in the trail.
//!
//! Not here: how lines are linked, anchored and searched (`quanlian-store::trail`), who writes them (`platform`).

pub(super) mod checking;
pub(super) mod export;

use axum::{Json, extract::State};
use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{MatterId, RecordId},
    time::Timestamp,
};
use quanlian_store::{
    TrailStore as _,
    records::Place,
    trail::{KIND, Line, LineQuery, TrailError},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller},
    matters,
};
use crate::{
    permission::{Action, Decision, Object},
    platform::Platform,
};

/// Lines of a page, unless fewer are asked for.
const PAGE: usize = 200;
/// What a caller wrote himself stands in a line up to so many signs.
const MAX_SIGNS: usize = 200;

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
    append(platform, caller.who(), action, object, outcome).await?;
    caller.traced.is_written();
    Ok(())
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
            "object": cut(object),
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

/// Texts of at most [`MAX_SIGNS`]: some come from the caller, and a line is no place to keep them.
fn cut(mut object: Value) -> Value {
    for value in object
        .as_object_mut()
        .into_iter()
        .flat_map(|fields| fields.values_mut())
    {
        if let Value::String(text) = value
            && let Some((end, _)) = text.char_indices().nth(MAX_SIGNS)
        {
            text.truncate(end);
        }
    }
    object
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrailQuery {
    /// Only of this actor: `agency/user`; `?/LOGIN` of who did not get in.
    actor: Option<String>,
    /// Only this action: `read`, `write`, `sign_in`, ….
    action: Option<String>,
    /// Only with this thing: the id of a matter or account, the code of an agency.
    object: Option<String>,
    /// Only with this kind of thing: `matter`, `matters`, `account`, ….
    kind: Option<String>,
    /// Only with this result: `allowed`, `denied`, `refused`, `done`, ….
    result: Option<String>,
    /// Only from this address.
    address: Option<String>,
    /// Only this instant or later (RFC 3339).
    from: Option<String>,
    /// Only before this instant.
    until: Option<String>,
    /// `ascending`: oldest first; or `descending`.
    direction: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

impl TrailQuery {
    fn query(self) -> Result<LineQuery, Problem> {
        let (from, until) = (instant(self.from.as_ref())?, instant(self.until.as_ref())?);
        Ok(LineQuery {
            actor: self.actor,
            action: self.action,
            object_kind: self.kind,
            object: self.object,
            result: self.result,
            address: self.address,
            from,
            until,
            after: self.after.as_deref().map(place_of).transpose()?,
            is_backwards: match self.direction.as_deref() {
                None | Some("ascending") => false,
                Some("descending") => true,
                Some(_) => {
                    return Err(Problem::bad(
                        "query_invalid",
                        "`direction` is ascending or descending",
                    ));
                }
            },
            limit: Some(self.limit.unwrap_or(PAGE).min(PAGE)),
        })
    }
}

/// An instant of a query.
fn instant(text: Option<&String>) -> Result<Option<Timestamp>, Problem> {
    let parsed = text.map(|text| text.parse::<Timestamp>()).transpose();
    parsed.map_err(|_| Problem::bad("query_invalid", "write an instant as 2024-12-20T09:30:00Z"))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LooksQuery {
    /// The `next` of the page before.
    after: Option<String>,
}

/// Who did what with one matter, the newest first: for who may share it, in the agency that owns it.
#[utoipa::path(
    operation_id = "matter_audit", get, path = "/api/v1/matters/{id}/audit", params(("id" = String, Path), LooksQuery),
    responses((status = 200, body = TrailPage), (status = 400), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn of_matter(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Asked(asked): Asked<LooksQuery>,
) -> Result<Json<TrailPage>, Problem> {
    let owner = matters::owner_for(&platform, &caller, Action::Share, id, "read_audit").await?;
    if owner != caller.account.agency {
        return Err(denied());
    }
    let query = LineQuery {
        actor: None,
        action: None,
        object_kind: None,
        object: Some(id.to_string()),
        result: None,
        address: None,
        from: None,
        until: None,
        after: asked.after.as_deref().map(place_of).transpose()?,
        is_backwards: true,
        limit: Some(PAGE),
    };
    let page = platform.store().lines(&query).await;
    let page = page.map_err(|error: TrailError| Problem::from(&error))?;
    let told = |line: &Line| {
        let mut told = view(line);
        // From where people work is the auditors' to know.
        if let Some(body) = told["body"].as_object_mut() {
            body.remove("address");
        }
        told
    };
    Ok(Json(TrailPage {
        entries: page.lines.iter().map(told).collect(),
        next: page.next.map(place_text),
    }))
}

fn place_text(place: Place) -> String {
    format!("{}_{}", place.recorded_at.unix_micros(), place.id)
}

#[derive(Serialize, ToSchema)]
pub(super) struct TrailPage {
    /// Records of kind `audit` with `strand`, `number` and `digest` of their lines. One whose record is gone or damaged has
    /// `is_damaged` instead.
    #[schema(value_type = Vec<crate::api::shapes::counted::TrailEntry>)]
    entries: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
}

/// The audit trail, for auditors.
#[utoipa::path(
    get, path = "/api/v1/audit", params(TrailQuery),
    responses((status = 200, body = TrailPage), (status = 400), (status = 401), (status = 403))
)]
pub(super) async fn entries(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(query): Asked<TrailQuery>,
) -> Result<Json<TrailPage>, Problem> {
    allowed(&platform, &caller, "audit", json!({"kind": "audit"})).await?;
    let page = platform.store().lines(&query.query()?).await;
    let page = page.map_err(|error: TrailError| Problem::from(&error))?;
    Ok(Json(TrailPage {
        entries: page.lines.iter().map(view).collect(),
        next: page.next.map(place_text),
    }))
}

fn view(line: &Line) -> Value {
    let mut view = match &line.record {
        Some(record) => json!(record),
        None => json!({"id": line.place.id, "recorded_at": line.place.recorded_at, "is_damaged": true}),
    };
    view["strand"] = json!(line.strand);
    view["number"] = json!(line.number);
    view["digest"] = json!(hex::encode(line.digest));
    view
}

/// Asks whether the caller may look at the trail, and writes it down either way.
async fn allowed(platform: &Platform, caller: &Caller, doing: &str, object: Value) -> Result<(), Problem> {
    let decision = caller.may(platform, Action::Audit, &Object::Installation)?;
    write(platform, caller, doing, object, Outcome::Asked(&decision)).await?;
    if decision.is_allowed() {
        Ok(())
    } else {
        Err(denied())
    }
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
