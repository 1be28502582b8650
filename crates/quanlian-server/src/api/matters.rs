//! Matters (办件) over HTTP: open, list, look, act, assign.
//!
//! In:  what somebody wants to do, with the version that they saw.
//! Out: the matter after it, or everything that is missing at once (一次性告知).
//!
//! Invariants:
//! - A matter that the caller may not see answers as one that does not exist, whatever was asked.
//! - A write names the version that it follows (`If-Match`) and may be sent again under its `Idempotency-Key`.
//! - An agency that takes part as a counterpart or jointly is granted what it needs with the act that names it, in the same
//!   transaction; one that hands a matter over keeps sight of number, stage and clocks.
//!
//! Not here: grants (`sharing`), what a procedure allows (`quanlian-procedure`), which rows a scope reaches (`quanlian-store`).

pub(super) mod files;
pub(super) mod filings;
pub(super) mod jobs;
pub(super) mod ledger;
pub(super) mod matches;
pub(super) mod named;
mod papers;
pub(super) mod sharing;
pub(crate) mod step;
pub(super) mod uploads;
pub(super) mod view;

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quanlian_law::Moment;
use quanlian_procedure::duplicate::Named;
use quanlian_procedure::{Command, Context, Opening};
use quanlian_record::id::MatterId;
use quanlian_store::{
    AccountStore as _, MatterStore as _,
    accounts::{Account, AccountState},
    matters::{
        AgencyCode, Code, Direction, MatterFilter, MatterQuery, MatterRow, Request, Series, Sort, UserCode,
        Version, WriteError, Written,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller, Given, actor},
    places::{coded, if_match},
    trail::{self, Outcome},
};
use crate::{
    permission::{Action, Decision, MatterFacts, Object},
    platform::Platform,
};
use step::{Kept, Stored};
use view::{MatterView, full, sketch};

/// How a matter stands.
pub(super) const STATUSES: [&str; 4] = ["working", "waiting", "suspended", "closed"];
/// A count is told up to this; beyond it "so many or more".
const MAX_COUNT: u64 = 10_000;
const MAX_PRESENT: usize = 10;
const PURPOSE_MISSING: &str = "purpose_missing";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The procedures that matters run under.
#[utoipa::path(get, path = "/api/v1/procedures", responses((status = 200, description = "every version of every procedure", body = Vec<super::shapes::procedure::Procedure>), (status = 401)))]
pub(super) async fn procedures(
    State(platform): State<Platform>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let object = json!({"kind": "procedures"});
    trail::write(&platform, &caller, "list", object, Outcome::Signed("done")).await?;
    Ok(Json(json!(platform.procedures().iter().collect::<Vec<_>>())))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    procedure: Option<String>,
    stage: Option<String>,
    status: Option<String>,
    handler: Option<String>,
    /// With something due before this day.
    due_before: Option<String>,
    /// Whose number begins so.
    number: Option<String>,
    /// `changed`, `opened`, `due` or `amount`.
    sort: Option<String>,
    /// `descending` or `ascending`.
    direction: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 200.
    limit: Option<usize>,
    /// `read`: what may be read. `clocks`: what may be seen by number, stage and clocks alone.
    view: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct MatterPageView {
    /// As [`look`] gives them, without clocks and state.
    #[schema(value_type = Vec<crate::api::shapes::matter::MatterRow>)]
    matters: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
    /// How many there are in all, counted up to 10,000.
    count: u64,
}

/// Matters that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/matters", params(ListQuery),
    responses((status = 200, body = MatterPageView), (status = 400), (status = 401))
)]
pub(super) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<ListQuery>,
) -> Result<Json<MatterPageView>, Problem> {
    let action = match asked.view.as_deref() {
        None | Some("read") => Action::Read,
        Some("clocks") => Action::Clocks,
        Some(_) => return Err(Problem::bad("query_invalid", "`view` is read or clocks")),
    };
    let scope = caller.scope(&platform, action)?;
    let query = asked.query()?;
    let decision = step::at_large(&platform, &caller, action)?;
    trail::write(
        &platform,
        &caller,
        "list",
        json!({"kind": "matters"}),
        Outcome::Asked(&decision),
    )
    .await?;
    if !decision.is_allowed() {
        return Ok(Json(MatterPageView {
            matters: Vec::new(),
            next: None,
            count: 0,
        }));
    }
    let page = platform.store().matters(&scope, &query).await?;
    let count = platform
        .store()
        .count_matters(&scope, &query.filter, MAX_COUNT)
        .await?;
    let row = |row: &MatterRow| {
        let is_hidden = caller.lacks_purpose(&platform, row.projection.procedure.as_str());
        if action == Action::Read && !is_hidden {
            view::row(row)
        } else {
            sketch(row)
        }
    };
    Ok(Json(MatterPageView {
        matters: page.matters.iter().map(row).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
        count,
    }))
}

impl ListQuery {
    fn query(&self) -> Result<MatterQuery, Problem> {
        let unknown = |what: &str| Problem::bad("query_invalid", what);
        let code = |text: &Option<String>| {
            let parsed = text.as_deref().map(Code::parse).transpose();
            parsed.map_err(|_| unknown("a procedure, stage or status is 1 to 128 bytes"))
        };
        let handler = self.handler.as_deref().map(UserCode::parse).transpose();
        let due_before = self.due_before.as_deref().map(str::parse).transpose();
        let after = self.after.as_deref().map(str::parse).transpose();
        Ok(MatterQuery {
            filter: MatterFilter {
                procedure: code(&self.procedure)?,
                stage: code(&self.stage)?,
                status: code(&self.status)?,
                handler: handler.map_err(|_| unknown("a handler is 1 to 128 bytes"))?,
                due_before: due_before.map_err(|_| unknown("write a day as 2024-12-20"))?,
                number_prefix: self.number.clone(),
                ..MatterFilter::default()
            },
            sort: match self.sort.as_deref() {
                None | Some("changed") => Sort::Changed,
                Some("opened") => Sort::Opened,
                Some("due") => Sort::Due,
                Some("amount") => Sort::Amount,
                Some(_) => return Err(unknown("`sort` is changed, opened, due or amount")),
            },
            direction: match self.direction.as_deref() {
                None | Some("descending") => Direction::Descending,
                Some("ascending") => Direction::Ascending,
                Some(_) => return Err(unknown("`direction` is descending or ascending")),
            },
            after: after.map_err(|error| Problem::bad("matter_cursor", &format!("{error}")))?,
            limit: self.limit,
        })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenBody {
    procedure: String,
    #[serde(default)]
    version: Option<u32>,
    /// What it is about, in one line.
    title: String,
    /// The matter that it follows from: its id.
    #[serde(default)]
    parent: Option<String>,
    /// Facts, papers and the like (`Given` of the procedures).
    #[serde(default)]
    #[schema(value_type = crate::api::shapes::matter::Given)]
    given: quanlian_procedure::Given,
    /// Who else is present: their user codes.
    #[serde(default)]
    with: Vec<String>,
    /// When it happened, if not now: a day, or an instant.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    happened: Option<Moment>,
    /// What it names: `rights`, `links`, `accounts`, `platform_ids`.
    #[serde(default)]
    #[schema(value_type = Option<crate::api::shapes::matter::NamedThings>)]
    named: Option<Named>,
}

/// Opens a matter.
#[utoipa::path(
    post, path = "/api/v1/matters", request_body = OpenBody, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = MatterView), (status = 401), (status = 403), (status = 409), (status = 422))
)]
pub(super) async fn open(
    State(platform): State<Platform>,
    caller: Caller,
    headers: HeaderMap,
    Given(body): Given<OpenBody>,
) -> Result<Response, Problem> {
    let own = Object::Agency(caller.account.agency.to_string());
    let decision = caller.may(&platform, Action::Open, &own)?;
    let object = json!({"kind": "matter", "procedure": body.procedure});
    trail::write(&platform, &caller, "open", object, Outcome::Asked(&decision)).await?;
    if !decision.is_allowed() {
        return Err(trail::denied());
    }
    if let Some(parent) = &body.parent {
        let parent = parent
            .parse()
            .map_err(|_| Problem::bad("body_invalid", "`parent` is the id of a matter"))?;
        allowed(&platform, &caller, Action::Read, parent, "follow").await?;
    }
    let request = request(
        &caller,
        &headers,
        "open",
        &[
            &format!(
                "{:?}",
                (
                    &body.given,
                    &body.parent,
                    body.version,
                    body.happened,
                    &body.named
                )
            ),
            &body.procedure,
            &body.title,
            &body.with.join("\n"),
        ],
    )?;
    if let Some(named) = &body.named {
        named::checked(named)?;
    }
    let id = MatterId::fresh(caller.now);
    let opening = Opening {
        matter: id.to_string(),
        procedure: body.procedure,
        version: body.version,
        agency: None,
        parent: body.parent,
        given: body.given,
    };
    let context = context(&platform, &caller, &body.with, body.happened).await?;
    let events = platform
        .engine()
        .open(&opening, &context)
        .map_err(|refusal| step::refused(&platform, &refusal))?;
    let kept = Kept {
        title: body.title,
        unit: caller.account.unit.as_ref().map(ToString::to_string),
        handlers: [caller.account.user.to_string()].into(),
        named: body.named.filter(|named| *named != Named::default()),
    };
    let change = step::change(&platform, &caller, request, None, &events, &kept, None)?;
    let series = Series {
        agency: caller.account.agency.clone(),
        procedure: change.projection.procedure.clone(),
        year: u16::try_from(caller.now.legal_day().year()).map_err(Problem::internal)?,
    };
    let number = numbering(&series);
    let written = platform
        .store()
        .create_matter(id, &series, &number, &change)
        .await?;
    answer(&platform, &caller, StatusCode::CREATED, &written).await
}

/// How matters of a series are numbered.
fn numbering(series: &Series) -> impl Fn(u64) -> String + Send + Sync + use<> {
    let begin = format!("{}-{}-{}", series.agency, series.procedure, series.year);
    move |ordinal: u64| format!("{begin}-{ordinal:05}")
}

/// One matter: its content for who may read it, number, stage and clocks for who may see those alone.
#[utoipa::path(
    get, path = "/api/v1/matters/{id}", params(("id" = String, Path)),
    responses((status = 200, body = MatterView), (status = 401), (status = 404))
)]
pub(super) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Response, Problem> {
    match allowed(&platform, &caller, Action::Read, id, "read").await {
        Ok(seen) => {
            let body = full(&platform, &seen.row, &seen.stored, caller.now)?;
            return Ok(with_version(StatusCode::OK, seen.row.version, body));
        }
        // Whoever would read it with a purpose is told so, and not shown less without a word.
        Err(problem) if problem.is(PURPOSE_MISSING) => return Err(problem),
        Err(_) => {}
    }
    let seen = allowed(&platform, &caller, Action::Clocks, id, "clocks").await?;
    let mut body = sketch(&seen.row);
    body["clocks"] = view::clocks(&platform, &seen.stored.matter, caller.now)?;
    Ok(with_version(StatusCode::OK, seen.row.version, body))
}

#[derive(Serialize, ToSchema)]
pub(super) struct EventsView {
    /// Everything that happened, oldest first.
    #[schema(value_type = Vec<crate::api::shapes::matter::MatterEvent>)]
    events: Vec<Value>,
}

/// What happened in a matter.
#[utoipa::path(
    get, path = "/api/v1/matters/{id}/events", params(("id" = String, Path)),
    responses((status = 200, body = EventsView), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn events(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<EventsView>, Problem> {
    let seen = allowed(&platform, &caller, Action::Read, id, "read_events").await?;
    let event = |(number, digest, event): &(u64, [u8; 32], Value)| json!({"number": number, "digest": hex::encode(digest), "event": event});
    Ok(Json(EventsView {
        events: seen.stored.raw.iter().map(event).collect(),
    }))
}

/// What the caller can do in a matter now, and why not the rest.
#[utoipa::path(
    get, path = "/api/v1/matters/{id}/acts", params(("id" = String, Path)),
    responses((status = 200, description = "every act: possible or what is missing", body = super::shapes::procedure::Acts), (status = 401), (status = 403), (status = 404))
)]
pub(super) async fn acts(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<Value>, Problem> {
    let seen = allowed(&platform, &caller, Action::Read, id, "read_acts").await?;
    let context = Context::now(caller.now, caller.actor());
    let acts = platform.engine().available(&seen.stored.matter, &context);
    let acts = acts.map_err(|refusal| step::refused(&platform, &refusal))?;
    let view = |choice: &quanlian_procedure::Available| {
        let mut view = json!(choice);
        view["lacks"] = choice
            .lacks
            .iter()
            .map(|lack| step::lack(&platform, lack))
            .collect();
        view
    };
    let acts: Vec<Value> = acts.iter().map(view).collect();
    Ok(Json(json!({"acts": acts})))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandBody {
    /// `{"do": "act", "act": "accept", "given": {…}}` and the like (`Command` of the procedures).
    #[schema(value_type = crate::api::shapes::matter::MatterCommand)]
    command: Command,
    /// Who else is present: their user codes.
    #[serde(default)]
    with: Vec<String>,
    /// When it happened, if not now: a day, or an instant.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    happened: Option<Moment>,
}

/// Acts in a matter.
#[utoipa::path(
    post, path = "/api/v1/matters/{id}/commands", request_body = CommandBody,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = MatterView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422), (status = 428))
)]
pub(super) async fn command(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(body): Given<CommandBody>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Write, id, "write").await?;
    if step::hands_over(&platform, &seen.stored.matter, &body.command) {
        let decision = step::decide(&platform, &caller, Action::HandOver, &seen.facts)?;
        let object = json!({"kind": "matter", "id": id});
        trail::write(&platform, &caller, "hand_over", object, Outcome::Asked(&decision)).await?;
        if !decision.is_allowed() {
            return Err(trail::denied());
        }
    }
    let expected = version(&headers)?;
    let parts = [
        id.to_string(),
        expected.to_string(),
        format!("{:?}", (&body.command, &body.with, body.happened)),
    ];
    let request = request(&caller, &headers, "command", &[&parts[0], &parts[1], &parts[2]])?;
    let late = (expected != seen.row.version).then(|| conflict(id, seen.row.version));
    let base = base(&platform, &headers, seen, expected)?;
    let papers = match &body.command {
        Command::Act { given, .. } => Some(&given.papers),
        Command::Supply(supplied) => Some(&supplied.papers),
        Command::Endorse { .. } | Command::Reject { .. } => None,
    };
    files::check_papers(&platform, id, papers.into_iter().flatten()).await?;
    let context = context(&platform, &caller, &body.with, body.happened).await?;
    let events = platform.engine().decide(&base.matter, &body.command, &context);
    let events = events.map_err(|refusal| late.unwrap_or_else(|| step::refused(&platform, &refusal)))?;
    let change = step::change(
        &platform,
        &caller,
        request,
        Some(&base),
        &events,
        &base.kept,
        None,
    )?;
    let written = platform.store().append_events(id, expected, &change).await?;
    answer(&platform, &caller, StatusCode::OK, &written).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignBody {
    title: String,
    #[serde(default)]
    unit: Option<String>,
    /// User codes of the agency.
    handlers: Vec<String>,
}

/// Says who handles a matter, in which unit, and what it is called.
#[utoipa::path(
    put, path = "/api/v1/matters/{id}/assignment", request_body = AssignBody,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = MatterView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422), (status = 428))
)]
pub(super) async fn assign(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(body): Given<AssignBody>,
) -> Result<Response, Problem> {
    let seen = allowed(&platform, &caller, Action::Write, id, "assign").await?;
    if seen.row.projection.owner_agency != caller.account.agency {
        return Err(trail::denied());
    }
    let expected = version(&headers)?;
    for handler in &body.handlers {
        person(&platform, &caller.account.agency, handler).await?;
    }
    let kept = Kept {
        title: body.title,
        unit: body.unit,
        handlers: body.handlers.into_iter().collect(),
        // Which names it has is not said here.
        named: seen.stored.kept.named.clone(),
    };
    let parts = [id.to_string(), expected.to_string(), json!(kept).to_string()];
    let request = request(&caller, &headers, "assign", &[&parts[0], &parts[1], &parts[2]])?;
    let base = base(&platform, &headers, seen, expected)?;
    let change = step::change(&platform, &caller, request, Some(&base), &[], &kept, None)?;
    let written = platform.store().append_events(id, expected, &change).await?;
    answer(&platform, &caller, StatusCode::OK, &written).await
}

/// A matter that the caller may do something with.
struct Seen {
    row: MatterRow,
    facts: MatterFacts,
    stored: Arc<Stored>,
}

/// Asks whether the caller may, and writes it down either way.
async fn allowed(
    platform: &Platform,
    caller: &Caller,
    action: Action,
    id: MatterId,
    doing: &str,
) -> Result<Seen, Problem> {
    let object = json!({"kind": "matter", "id": id});
    let (found, decision) = step::find(platform, caller, action, id).await?;
    trail::write(platform, caller, doing, object, Outcome::Asked(&decision)).await?;
    if let (Some((row, facts)), Decision::Allowed { .. }) = (found, &decision) {
        let stored = Stored::load(platform, &caller.scope(platform, action)?, &row)
            .await?
            .ok_or_else(not_there)?;
        return Ok(Seen { row, facts, stored });
    }
    // That one is asked for is told to those alone who would be allowed with one.
    if decision == Decision::NeedsPurpose {
        return Err(purpose_missing());
    }
    // Who may see its clocks is told that it is there.
    let (_, clocks) = step::find(platform, caller, Action::Clocks, id).await?;
    let is_seen = clocks.is_allowed();
    Err(if is_seen { trail::denied() } else { not_there() })
}

/// Everybody who occurs in a matter that the caller reads, as `agency/user`.
pub(super) async fn occurring(
    platform: &Platform,
    caller: &Caller,
    id: MatterId,
) -> Result<BTreeSet<String>, Problem> {
    let seen = allowed(platform, caller, Action::Read, id, "read_people").await?;
    Ok(seen.stored.people())
}

/// Who owns a matter with which the caller may do this.
pub(super) async fn owner_for(
    platform: &Platform,
    caller: &Caller,
    action: Action,
    id: MatterId,
    doing: &str,
) -> Result<AgencyCode, Problem> {
    let seen = allowed(platform, caller, action, id, doing).await?;
    Ok(seen.row.projection.owner_agency)
}

fn purpose_missing() -> Problem {
    let detail = "say why in X-Quanlian-Purpose (percent-encoded UTF-8): matters of this procedure are opened for a purpose";
    Problem::new(StatusCode::PRECONDITION_REQUIRED, PURPOSE_MISSING, detail)
}

/// The matter as the writer saw it. A request with a key may be one that was answered already: then the store answers it again,
/// whatever has happened since. One without is late.
fn base(
    platform: &Platform,
    headers: &HeaderMap,
    seen: Seen,
    expected: Version,
) -> Result<Arc<Stored>, Problem> {
    if expected == seen.row.version {
        Ok(seen.stored)
    } else if headers.contains_key(IDEMPOTENCY_KEY) {
        seen.stored.until(platform, expected)
    } else {
        Err(conflict(seen.row.id, seen.row.version))
    }
}

fn conflict(id: MatterId, current: Version) -> Problem {
    Problem::from(WriteError::Conflict { id, current })
}

fn not_there() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "matter_not_found",
        "there is no such matter, or you may not see it",
    )
}

fn version(headers: &HeaderMap) -> Result<Version, Problem> {
    let text = if_match(headers)?;
    text.parse().map_err(|_| {
        Problem::bad(
            "if_match_invalid",
            "If-Match holds the ETag of the matter as it was seen",
        )
    })
}

/// By which a request is known when it is sent again; without a key it never is.
fn request(caller: &Caller, headers: &HeaderMap, what: &str, parts: &[&str]) -> Result<Request, Problem> {
    let key = match headers.get(IDEMPOTENCY_KEY) {
        Some(key) => {
            let key = key.to_str().ok().and_then(|key| Code::parse(key).ok());
            key.ok_or_else(|| {
                Problem::bad(
                    "idempotency_key_invalid",
                    "an Idempotency-Key is 1 to 128 visible signs",
                )
            })?
        }
        None => coded(Code::parse, &format!("once/{}", MatterId::fresh(caller.now)))?,
    };
    let mut digest = Sha256::new();
    for part in [&[what], parts].concat() {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    Ok(Request {
        principal: caller.code(),
        key,
        digest: digest.finalize().into(),
    })
}

/// The caller and who else is present, now.
async fn context(
    platform: &Platform,
    caller: &Caller,
    with: &[String],
    happened: Option<Moment>,
) -> Result<Context, Problem> {
    if with.len() > MAX_PRESENT {
        return Err(Problem::bad(
            "body_invalid",
            "no more than ten others are present",
        ));
    }
    let mut context = Context::now(caller.now, caller.actor());
    context.happened = happened;
    for user in with {
        let other = person(platform, &caller.account.agency, user).await?;
        if other.id != caller.account.id {
            context.with.push(actor(&other));
        }
    }
    Ok(context)
}

/// Somebody of an agency who may act.
async fn person(platform: &Platform, agency: &AgencyCode, user: &str) -> Result<Account, Problem> {
    let found = platform
        .store()
        .person(agency, &coded(UserCode::parse, user)?)
        .await?;
    let active = found.filter(|account| account.state == AccountState::Active && !account.is_service);
    active.ok_or_else(|| {
        let detail = "nobody active of your agency has this user code";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "person_unknown", detail).with("user", user)
    })
}

/// The matter after a write, as its writer may see it.
async fn answer(
    platform: &Platform,
    caller: &Caller,
    status: StatusCode,
    written: &Written,
) -> Result<Response, Problem> {
    // With the trail, the version stands under the anchors of the evidence log: no event of a matter is changed unseen later.
    let object = json!({"kind": "matter", "id": written.id, "version": written.version.to_string()});
    trail::write(platform, caller, "written", object, Outcome::Signed("done")).await?;
    let scope = caller.scope(platform, Action::Read)?;
    let row = platform.store().matter_row(&scope, written.id).await?;
    let stored = match &row {
        Some(row) => Stored::load(platform, &scope, row).await?,
        None => None,
    };
    let (Some(row), Some(stored)) = (row, stored) else {
        // It was handed over: the writer sees it no longer.
        let body = json!({"id": written.id, "number": written.number});
        return Ok(with_version(status, written.version, body));
    };
    let body = if caller.lacks_purpose(platform, row.projection.procedure.as_str()) {
        sketch(&row)
    } else {
        full(platform, &row, &stored, caller.now)?
    };
    Ok(repeated(with_version(status, row.version, body), written))
}

/// Says of an answer that it was given before.
fn repeated(mut response: Response, written: &Written) -> Response {
    if written.is_repeated {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn with_version(status: StatusCode, version: Version, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
