//! Webhooks over HTTP: where an agency has its notices sent.
//!
//! In:  an administrator of the agency; an address, the kinds of notices.
//! Out: webhooks without their secrets; a secret, shown once; deliveries with what came of them.
//!
//! Invariants: an administrator sees the webhooks of their own agency alone, and those of another are as if they were not there; a delivery
//! shows ids, codes and what the address answered, and nothing of a matter.
//!
//! Not here: sending (`telling`).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quanlian_record::{
    id::{DeliveryId, WebhookId},
    time::Timestamp,
};
use quanlian_store::{
    TellingStore as _,
    matters::{AgencyCode, Code},
    telling::{Channel, Delivery, NewDelivery, Webhook, WebhookState},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::{
    Problem,
    caller::{Asked, At, Caller, Given},
    places::{coded, if_match},
    trail::{self, Outcome},
};
use crate::{
    notices,
    permission::{Action, Object},
    platform::Platform,
    sign_in::seal::Use,
    telling::{
        PING,
        hooks::{self, Hooks},
    },
};

/// Deliveries of a page, unless fewer are asked for.
const PAGE: usize = 50;
/// So long the secret before signs too.
const FORMER_US: i64 = 86_400_000_000;

#[derive(Serialize, ToSchema)]
pub(super) struct WebhookView {
    id: String,
    url: String,
    /// Lights and templates that are told; all when there are none.
    kinds: Vec<String>,
    /// `active`, `paused`, or `dead` when it did not answer for days.
    state: &'static str,
    made_by: String,
    made_at: String,
    /// Since when it does not answer.
    failing_since: Option<String>,
    /// What was wrong the last time.
    error: Option<String>,
    /// Until when the secret before signs too.
    former_secret_until: Option<String>,
    version: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct NewWebhookView {
    /// What signs. Shown once.
    secret: String,
    #[serde(flatten)]
    about: WebhookView,
}

fn view(webhook: &Webhook) -> WebhookView {
    WebhookView {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        kinds: webhook.kinds.iter().map(ToString::to_string).collect(),
        state: webhook.state.word(),
        made_by: webhook.made_by.to_string(),
        made_at: webhook.made_at.to_string(),
        failing_since: webhook.failing_since.map(|at| at.to_string()),
        error: webhook.error.clone(),
        former_secret_until: webhook.former.as_ref().map(|(_, until)| until.to_string()),
        version: webhook.version,
    }
}

/// Asks whether the caller keeps the webhooks of this agency, and writes it down either way.
async fn allowed(
    platform: &Platform,
    caller: &Caller,
    agency: &AgencyCode,
    act: &str,
    id: Option<WebhookId>,
) -> Result<(), Problem> {
    let decision = caller.may(platform, Action::Webhooks, &Object::Agency(agency.to_string()))?;
    let object = json!({"kind": "webhook", "agency": agency, "id": id});
    trail::write(platform, caller, act, object, Outcome::Asked(&decision)).await?;
    if decision.is_allowed() {
        Ok(())
    } else {
        Err(trail::denied())
    }
}

fn hooks(platform: &Platform) -> Result<&Hooks, Problem> {
    platform.telling().hooks.as_ref().ok_or_else(|| {
        let detail = "this installation sends no webhooks";
        Problem::new(StatusCode::CONFLICT, "webhooks_off", detail)
    })
}

fn not_there() -> Problem {
    let detail = "your agency has no such webhook";
    Problem::new(StatusCode::NOT_FOUND, "webhook_not_found", detail)
}

/// The webhook, when it is this agency's.
async fn found(platform: &Platform, agency: &AgencyCode, id: WebhookId) -> Result<Webhook, Problem> {
    let webhook = platform.store().webhook(id).await?;
    webhook
        .filter(|webhook| webhook.agency == *agency)
        .ok_or_else(not_there)
}

fn address(platform: &Platform, text: &str) -> Result<String, Problem> {
    match hooks(platform)?.address(text) {
        Ok(url) => Ok(url.into()),
        Err(error) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "webhook_address",
            &error.to_string(),
        )),
    }
}

/// Kinds that are some.
pub(super) fn kinds(platform: &Platform, given: &[String]) -> Result<BTreeSet<Code>, Problem> {
    let known = notices::kinds(platform);
    if given.iter().any(|kind| !known.contains(kind)) {
        let detail = "a kind is a light or the template of an act, among those in `known`";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "notice_kinds", detail);
        return Err(problem.with("known", known.into_iter().collect::<Vec<_>>()));
    }
    given.iter().map(|kind| coded(Code::parse, kind)).collect()
}

/// The webhooks of one's agency.
#[utoipa::path(
    get, path = "/api/v1/agencies/{agency}/webhooks", operation_id = "webhooks", params(("agency" = String, Path)),
    responses((status = 200, body = Vec<WebhookView>), (status = 401), (status = 403))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    At(agency): At<AgencyCode>,
) -> Result<Json<Vec<WebhookView>>, Problem> {
    allowed(&platform, &caller, &agency, "webhooks", None).await?;
    let all = platform.store().webhooks(&agency).await?;
    Ok(Json(all.iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// `https://…`; `http://` to this machine alone, where plain HTTP is allowed.
    url: String,
    /// Lights and templates that are told; all when there are none.
    #[serde(default)]
    kinds: Vec<String>,
}

/// Has notices sent to an address.
#[utoipa::path(
    post, path = "/api/v1/agencies/{agency}/webhooks", operation_id = "add_webhook", params(("agency" = String, Path)),
    request_body = NewWebhook,
    responses((status = 201, body = NewWebhookView), (status = 401), (status = 403), (status = 409), (status = 422))
)]
pub(super) async fn add(
    State(platform): State<Platform>,
    caller: Caller,
    At(agency): At<AgencyCode>,
    Given(given): Given<NewWebhook>,
) -> Result<Response, Problem> {
    let id = WebhookId::fresh(caller.now);
    allowed(&platform, &caller, &agency, "add_webhook", Some(id)).await?;
    let url = address(&platform, &given.url)?;
    let kinds = kinds(&platform, &given.kinds)?;
    let secret = fresh_secret()?;
    let webhook = Webhook {
        id,
        agency,
        url,
        kinds,
        secret: platform.seal().seal(Use::Webhook, id.0.as_bytes(), &*secret),
        former: None,
        state: WebhookState::Active,
        made_by: coded(Code::parse, &caller.name())?,
        made_at: caller.now,
        failing_since: None,
        error: None,
        version: 1,
    };
    platform.store().add_webhook(&webhook).await?;
    let body = NewWebhookView {
        secret: hooks::secret_text(&*secret).to_string(),
        about: view(&webhook),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn fresh_secret() -> Result<Zeroizing<[u8; hooks::SECRET_BYTES]>, Problem> {
    let mut secret = Zeroizing::new([0; hooks::SECRET_BYTES]);
    getrandom::fill(&mut *secret).map_err(Problem::internal)?;
    Ok(secret)
}

/// One webhook.
#[utoipa::path(
    get, path = "/api/v1/agencies/{agency}/webhooks/{webhook}", operation_id = "webhook",
    params(("agency" = String, Path), ("webhook" = String, Path)),
    responses((status = 200, body = WebhookView), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
) -> Result<Json<WebhookView>, Problem> {
    allowed(&platform, &caller, &agency, "webhook", Some(id)).await?;
    Ok(Json(view(&found(&platform, &agency, id).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    url: String,
    kinds: Vec<String>,
    /// `active` or `paused`; what is due waits while it is paused.
    state: String,
}

/// Changes a webhook; `If-Match` names the version that was seen. One that was given up is used again by `active`.
#[utoipa::path(
    put, path = "/api/v1/agencies/{agency}/webhooks/{webhook}", operation_id = "change_webhook",
    params(("agency" = String, Path), ("webhook" = String, Path), ("If-Match" = String, Header)), request_body = WebhookChange,
    responses((status = 200, body = WebhookView), (status = 401), (status = 403), (status = 404), (status = 412), (status = 422), (status = 428))
)]
pub(super) async fn change(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
    headers: HeaderMap,
    Given(given): Given<WebhookChange>,
) -> Result<Json<WebhookView>, Problem> {
    allowed(&platform, &caller, &agency, "change_webhook", Some(id)).await?;
    let seen = if_match(&headers)?.parse();
    let seen = seen.map_err(|_| Problem::bad("if_match_invalid", "If-Match holds the version in quotes"))?;
    let before = found(&platform, &agency, id).await?;
    let state = WebhookState::of_word(&given.state).filter(|state| *state != WebhookState::Dead);
    let state = state.ok_or_else(|| {
        let detail = "a state is active or paused";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "webhook_state", detail)
    })?;
    let mut webhook = Webhook {
        url: address(&platform, &given.url)?,
        kinds: kinds(&platform, &given.kinds)?,
        state,
        failing_since: None,
        error: None,
        version: seen,
        ..before
    };
    platform.store().change_webhook(&webhook).await?;
    webhook.version += 1;
    Ok(Json(view(&webhook)))
}

/// Sends nothing there any more; what was due is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/agencies/{agency}/webhooks/{webhook}", operation_id = "end_webhook",
    params(("agency" = String, Path), ("webhook" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn end(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
) -> Result<StatusCode, Problem> {
    allowed(&platform, &caller, &agency, "end_webhook", Some(id)).await?;
    if platform.store().end_webhook(&agency, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(not_there())
}

/// A new secret; the one before signs beside it for a day, so that a receiver can change over.
#[utoipa::path(
    post, path = "/api/v1/agencies/{agency}/webhooks/{webhook}/secret", operation_id = "rotate_webhook",
    params(("agency" = String, Path), ("webhook" = String, Path)),
    responses((status = 200, body = NewWebhookView), (status = 401), (status = 403), (status = 404), (status = 412))
)]
pub(super) async fn rotate(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
) -> Result<Json<NewWebhookView>, Problem> {
    allowed(&platform, &caller, &agency, "rotate_webhook", Some(id)).await?;
    let before = found(&platform, &agency, id).await?;
    let secret = fresh_secret()?;
    let until = Timestamp::from_unix_micros(caller.now.unix_micros().saturating_add(FORMER_US));
    let mut webhook = Webhook {
        secret: platform.seal().seal(Use::Webhook, id.0.as_bytes(), &*secret),
        former: Some((before.secret.clone(), until.map_err(Problem::internal)?)),
        ..before
    };
    platform.store().change_webhook(&webhook).await?;
    webhook.version += 1;
    Ok(Json(NewWebhookView {
        secret: hooks::secret_text(&*secret).to_string(),
        about: view(&webhook),
    }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct PingView {
    /// The delivery by which it goes.
    id: String,
}

/// Sends something that tells nothing, to try the way.
#[utoipa::path(
    post, path = "/api/v1/agencies/{agency}/webhooks/{webhook}/ping", operation_id = "ping_webhook",
    params(("agency" = String, Path), ("webhook" = String, Path)),
    responses((status = 202, body = PingView), (status = 401), (status = 403), (status = 404), (status = 409))
)]
pub(super) async fn ping(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
) -> Result<Response, Problem> {
    allowed(&platform, &caller, &agency, "ping_webhook", Some(id)).await?;
    hooks(&platform)?;
    let webhook = found(&platform, &agency, id).await?;
    let delivery = NewDelivery {
        id: DeliveryId::fresh(caller.now),
        channel: Channel::Webhook,
        target: webhook.id.0,
        notice: None,
        what: coded(Code::parse, PING)?,
        about: None,
        at: caller.now,
        ready_at: caller.now,
    };
    platform
        .store()
        .put_deliveries(std::slice::from_ref(&delivery))
        .await?;
    let body = PingView {
        id: delivery.id.to_string(),
    };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveriesQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 200.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeliveriesView {
    /// The newest first.
    deliveries: Vec<DeliveryView>,
    /// Where the next page begins.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// In `webhook-id`, behind `msg_`.
    id: String,
    /// The template of the notice, or `ping`.
    what: String,
    /// `waiting`, `done`, `dead`, or `void` when the agency may not know of it any more.
    state: &'static str,
    tries: u32,
    made_at: String,
    /// When it is tried next.
    next_try_at: Option<String>,
    ended_at: Option<String>,
    /// What the address answered last.
    status: Option<u16>,
    error: Option<String>,
}

fn delivery_view(delivery: &Delivery) -> DeliveryView {
    DeliveryView {
        id: delivery.id.to_string(),
        what: delivery.what.to_string(),
        state: delivery.state.word(),
        tries: delivery.tries,
        made_at: delivery.made_at.to_string(),
        next_try_at: delivery.ended_at.is_none().then(|| delivery.ready_at.to_string()),
        ended_at: delivery.ended_at.map(|at| at.to_string()),
        status: delivery.status,
        error: delivery.error.clone(),
    }
}

/// What was sent to a webhook in the last thirty days, and what is due.
#[utoipa::path(
    get, path = "/api/v1/agencies/{agency}/webhooks/{webhook}/deliveries", operation_id = "webhook_deliveries",
    params(("agency" = String, Path), ("webhook" = String, Path), DeliveriesQuery),
    responses((status = 200, body = DeliveriesView), (status = 400), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn deliveries(
    State(platform): State<Platform>,
    caller: Caller,
    At((agency, id)): At<(AgencyCode, WebhookId)>,
    Asked(asked): Asked<DeliveriesQuery>,
) -> Result<Json<DeliveriesView>, Problem> {
    allowed(&platform, &caller, &agency, "webhook_deliveries", Some(id)).await?;
    let webhook = found(&platform, &agency, id).await?;
    let limit = asked
        .limit
        .unwrap_or(PAGE)
        .clamp(1, quanlian_store::telling::MAX_PAGE_DELIVERIES);
    let after = asked.after.as_deref().map(place_of).transpose()?;
    let page = platform.store().deliveries(webhook.id.0, after, limit).await?;
    let next = page.last().filter(|_| page.len() == limit);
    Ok(Json(DeliveriesView {
        deliveries: page.iter().map(delivery_view).collect(),
        next: next.map(|last| format!("{}_{}", last.made_at.unix_micros(), last.id)),
    }))
}

fn place_of(text: &str) -> Result<(Timestamp, DeliveryId), Problem> {
    let unreadable = || Problem::bad("matter_cursor", "`after` is the `next` of the page before");
    let (made_us, id) = text.split_once('_').ok_or_else(unreadable)?;
    let made_us = made_us.parse().map_err(|_| unreadable())?;
    let at = Timestamp::from_unix_micros(made_us).map_err(|_| unreadable())?;
    Ok((at, id.parse().map_err(|_| unreadable())?))
}
