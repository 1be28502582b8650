//! Filings from outside (投诉举报): whoever holds a right hands a complaint to an agency, follows it and supplies what is missing.
//!
//! In:  a procedure whose opening admits a role of any agency, the agency that is to receive it, what is handed in.
//! Out: a matter of that agency; for who filed it, what they stated and what they were told ([`view`]), and nothing else.
//!
//! Invariants:
//! - Who files owns nothing and reads nothing: they hold a grant to follow, which none of the other routes of matters takes.
//! - Nobody from outside states what an agency states, nor fills in its papers: facts and papers are those that the procedure marks
//!   `outside`.
//! - A refusal tells what is missing of what they hand in, and not how the matter stands.
//!
//! Not here: what the receiving agency does (`matters`), who receives for it beyond the roles of the procedure.

mod view;

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quanlian_procedure::{
    Actor, Command, Context, Event, Given as GivenWith, Lack, LackCode, Opening, Procedure, duplicate::Named,
};
use quanlian_record::id::{FileId, GrantId, MatterId};
use quanlian_store::{
    AccountStore as _, FileStore as _, MatterStore as _,
    accounts::AccountState,
    matters::{
        Actions, AgencyCode, Code, Grant, GrantItem, Grantee, MatterFilter, MatterQuery, Series, Version,
        Written,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        Problem,
        caller::{Asked, At, Caller, Given},
        places::coded,
        trail::{self, Outcome},
    },
    Seen, allowed, base,
    files::{self, content},
    named, not_there, request,
    step::{self, Kept, Stored},
    uploads::{self, UploadBody, UploadView},
    version, with_version,
};
use crate::{
    permission::{Action, Object},
    platform::Platform,
};
use view::{FilingView, brief, view};

/// So many people of an agency are given a filing at once.
const MAX_RECEIVERS: usize = 50;
/// Accounts are gone through by so many.
const PAGE_ACCOUNTS: usize = 200;
/// A page of filings.
const PAGE: usize = 50;
/// What somebody from outside hands in is one of these.
const KINDS: [&str; 4] = ["evidence", "work", "suspect", "side_file"];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilingBody {
    /// The agency that is to receive it.
    at: String,
    procedure: String,
    #[serde(default)]
    version: Option<u32>,
    /// What it is about, in one line.
    title: String,
    /// Facts and papers (`Given` of the procedures) that the procedure marks `outside`.
    #[serde(default)]
    #[schema(value_type = Object)]
    given: GivenWith,
    /// What it names: `rights`, `links`, `accounts`, `platform_ids`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    named: Option<Named>,
}

/// Files a matter with an agency. It belongs to that agency from then on; its clocks begin with this.
#[utoipa::path(
    operation_id = "filings_file", post, path = "/api/v1/filings", request_body = FilingBody, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = FilingView), (status = 401), (status = 403), (status = 409), (status = 422))
)]
pub(crate) async fn file(
    State(platform): State<Platform>,
    caller: Caller,
    headers: HeaderMap,
    Given(body): Given<FilingBody>,
) -> Result<Response, Problem> {
    let own = Object::Agency(caller.account.agency.to_string());
    let decision = caller.may(&platform, Action::Open, &own)?;
    let object = json!({"kind": "matter", "procedure": body.procedure, "agency": body.at});
    trail::write(&platform, &caller, "file", object, Outcome::Asked(&decision)).await?;
    if !decision.is_allowed() {
        return Err(trail::denied());
    }
    let parts = format!("{:?}", (&body.given, body.version, &body.named));
    let request = request(
        &caller,
        &headers,
        "file",
        &[&body.at, &body.procedure, &body.title, &parts],
    )?;
    if let Some(named) = &body.named {
        named::checked(named)?;
    }
    let procedures = platform.procedures();
    let procedure = match body.version {
        Some(version) => procedures.get(&body.procedure, version),
        None => procedures.newest(&body.procedure, caller.now.legal_day()),
    };
    let act = procedure.and_then(|procedure| Some((procedure, procedure.opening()?)));
    let admitted = act.map(|(procedure, act)| {
        let roles = roles(&caller, procedure);
        let roles: Vec<String> = act
            .roles
            .iter()
            .filter(|role| roles.contains(*role))
            .cloned()
            .collect();
        (procedure, act, roles)
    });
    let Some((procedure, act, roles)) = admitted.filter(|(_, _, roles)| !roles.is_empty()) else {
        let detail = "this procedure takes no filings from outside in a role that you hold";
        return Err(Problem::new(StatusCode::FORBIDDEN, "filing_not_admitted", detail));
    };
    outside_alone(procedure, &body.given)?;
    let agency = coded(AgencyCode::parse, &body.at)?;
    let receiving = act.roles.iter().filter(|role| {
        let role = procedure.role_of(role);
        role.is_some_and(|role| role.agency == "own")
    });
    let handlers = receivers(&platform, &agency, &receiving.collect()).await?;
    let id = MatterId::fresh(caller.now);
    files_of(&platform, &caller, id, &body.given.papers).await?;
    let opening = Opening {
        matter: id.to_string(),
        procedure: body.procedure,
        version: Some(procedure.version),
        agency: Some(agency.to_string()),
        parent: None,
        given: body.given,
    };
    let context = Context::now(caller.now, actor(&caller, roles));
    let events = platform.engine().open(&opening, &context);
    let events = events.map_err(|refusal| step::refused(&platform, &refusal))?;
    let kept = Kept {
        title: body.title,
        unit: None,
        handlers,
        named: body.named.filter(|named| *named != Named::default()),
    };
    let mut change = step::change(&platform, &caller, request, None, &events, &kept, None)?;
    change.grants.push(to_follow(&caller, id, &agency, procedure)?);
    let series = Series {
        agency,
        procedure: change.projection.procedure.clone(),
        year: u16::try_from(caller.now.legal_day().year()).map_err(Problem::internal)?,
    };
    let number = super::numbering(&series);
    let written = platform
        .store()
        .create_matter(id, &series, &number, &change)
        .await?;
    answer(&platform, &caller, StatusCode::CREATED, &written).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilingsQuery {
    /// The `next` of the page before.
    after: Option<String>,
}

/// What somebody filed.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilingsView {
    filings: Vec<view::BriefView>,
    /// Where the next page begins.
    next: Option<String>,
}

/// What the caller filed with other agencies, the newest change first.
#[utoipa::path(
    operation_id = "filings_list", get, path = "/api/v1/filings", params(FilingsQuery),
    responses((status = 200, body = FilingsView), (status = 400), (status = 401))
)]
pub(crate) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<FilingsQuery>,
) -> Result<Json<FilingsView>, Problem> {
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|error| Problem::bad("matter_cursor", &format!("{error}")))?;
    let decision = step::at_large(&platform, &caller, Action::Follow)?;
    let object = json!({"kind": "filings"});
    trail::write(&platform, &caller, "list", object, Outcome::Asked(&decision)).await?;
    let mut told = FilingsView {
        filings: Vec::new(),
        next: None,
    };
    if !decision.is_allowed() {
        return Ok(Json(told));
    }
    let scope = caller.scope(&platform, Action::Follow)?;
    let query = MatterQuery {
        filter: MatterFilter::default(),
        after,
        limit: Some(PAGE),
        ..MatterQuery::default()
    };
    let page = platform.store().matters(&scope, &query).await?;
    told.next = page.next.map(|cursor| cursor.to_string());
    // What is the own agency's is read as a matter.
    let others = page.matters.iter();
    for row in others.filter(|row| row.projection.owner_agency != caller.account.agency) {
        if let Some(stored) = Stored::load(&platform, &scope, row).await? {
            told.filings.push(brief(&platform, &caller, row, &stored)?);
        }
    }
    Ok(Json(told))
}

/// What somebody filed, as far as they stated it or were told.
#[utoipa::path(
    operation_id = "filings_look", get, path = "/api/v1/filings/{id}", params(("id" = String, Path)),
    responses((status = 200, body = FilingView), (status = 401), (status = 404))
)]
pub(crate) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Response, Problem> {
    let seen = followed(&platform, &caller, id, "follow").await?;
    let body = view(&platform, &caller, &seen.row, &seen.stored).await?;
    Ok(with_version(StatusCode::OK, seen.row.version, json!(body)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilingCommand {
    /// `{"do": "act", "act": "supplement", "given": {…}}` or `{"do": "supply", "papers": {…}}`.
    #[schema(value_type = Object)]
    command: Command,
}

/// Supplies what is missing, or takes the filing back: what the procedure lets them do who filed.
#[utoipa::path(
    operation_id = "filings_act", post, path = "/api/v1/filings/{id}/commands", request_body = FilingCommand,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = FilingView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422), (status = 428))
)]
pub(crate) async fn act(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(body): Given<FilingCommand>,
) -> Result<Response, Problem> {
    let seen = followed(&platform, &caller, id, "act_on_filing").await?;
    let expected = version(&headers)?;
    let parts = [
        id.to_string(),
        expected.to_string(),
        format!("{:?}", body.command),
    ];
    let request = request(&caller, &headers, "filing", &[&parts[0], &parts[1], &parts[2]])?;
    let base = base(&platform, &headers, seen, expected)?;
    let events = decided(&platform, &caller, id, &base, &body.command).await?;
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

/// Begins to send a file with a filing; its pieces go to `/api/v1/uploads/{upload}`.
#[utoipa::path(
    operation_id = "filings_upload", post, path = "/api/v1/filings/{id}/uploads", request_body = UploadBody, params(("id" = String, Path)),
    responses((status = 201, body = UploadView), (status = 401), (status = 403), (status = 404), (status = 413), (status = 422), (status = 429))
)]
pub(crate) async fn upload(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Given(body): Given<UploadBody>,
) -> Result<Response, Problem> {
    followed(&platform, &caller, id, "begin_upload").await?;
    if !KINDS.contains(&body.kind.as_str()) {
        let detail = "hand in evidence, work, suspect or side_file; the rest is made by the agency";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file_kind_reserved",
            detail,
        ));
    }
    uploads::begun(&platform, &caller, id, body).await
}

/// The bytes of a file that the caller handed in, or that was served on them with an act.
#[utoipa::path(
    operation_id = "filings_content", get, path = "/api/v1/filings/{id}/files/{file}/content",
    params(("id" = String, Path), ("file" = String, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses(
        (status = 200, description = "the bytes; `Repr-Digest` holds their SHA-256", content_type = "application/octet-stream"),
        (status = 206, description = "one part of them", content_type = "application/octet-stream"),
        (status = 401), (status = 404), (status = 416)
    )
)]
pub(crate) async fn fetch(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, file)): At<(MatterId, FileId)>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let seen = followed(&platform, &caller, id, "read_content").await?;
    let found = platform.store().file(id, file).await?;
    let served = view::served(&platform, &caller, &seen.stored);
    let found = found.filter(|found| found.by == files::name(&caller) || served.contains(&file));
    let found = found.ok_or_else(|| {
        let detail = "nothing that you handed in or were served is called so";
        Problem::new(StatusCode::NOT_FOUND, "file_not_found", detail)
    })?;
    content::respond(&platform, &found, &asked).await
}

/// A matter that the caller follows.
async fn followed(platform: &Platform, caller: &Caller, id: MatterId, doing: &str) -> Result<Seen, Problem> {
    let seen = allowed(platform, caller, Action::Follow, id, doing).await;
    // That there is a matter is not told by the way of filings, to whomever else sees it.
    seen.map_err(|problem| {
        if problem.is("permission_denied") {
            not_there()
        } else {
            problem
        }
    })
}

/// The roles of a procedure that the caller holds and that are of any agency.
fn roles(caller: &Caller, procedure: &Procedure) -> Vec<String> {
    let held = caller.account.roles.iter().filter(|role| {
        let role = procedure.role_of(role.as_str());
        role.is_some_and(|role| role.agency == "any")
    });
    held.map(ToString::to_string).collect()
}

/// The caller in these roles alone.
fn actor(caller: &Caller, roles: Vec<String>) -> Actor {
    Actor {
        roles,
        ..caller.actor()
    }
}

/// Facts and papers are those that are stated and brought from outside, and there is nothing else.
fn outside_alone(procedure: &Procedure, given: &GivenWith) -> Result<(), Problem> {
    let more = GivenWith {
        reason: None,
        facts: [].into(),
        papers: [].into(),
        ..given.clone()
    };
    let facts: Vec<&String> = given
        .facts
        .keys()
        .filter(|id| !procedure.fact.iter().any(|fact| fact.id == **id && fact.outside))
        .collect();
    let papers: Vec<&String> = given
        .papers
        .keys()
        .filter(|id| {
            !procedure
                .paper
                .iter()
                .any(|paper| paper.id == **id && paper.outside)
        })
        .collect();
    if facts.is_empty() && papers.is_empty() && more == GivenWith::default() {
        return Ok(());
    }
    let detail = "whoever files states and hands in what the procedure marks as from outside; the rest is for the agency";
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "filing_not_yours", detail);
    Err(problem.with("facts", json!(facts)).with("papers", json!(papers)))
}

/// Files that are named are those that the caller handed in here.
async fn files_of(
    platform: &Platform,
    caller: &Caller,
    matter: MatterId,
    papers: &std::collections::BTreeMap<String, String>,
) -> Result<(), Problem> {
    for (paper, place) in papers {
        let Some(id) = place.strip_prefix("file:") else {
            continue;
        };
        let found = match id.parse() {
            Ok(id) => platform.store().file(matter, id).await?,
            Err(_) => None,
        };
        if found.is_none_or(|file| file.withdrawn.is_some() || file.by != files::name(caller)) {
            let detail = "`file:` is followed by the id of a file that you handed in with this filing";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "paper_not_on_file", detail);
            return Err(problem.with("paper", json!(paper)));
        }
    }
    Ok(())
}

/// The events of what somebody who filed wants to do.
async fn decided(
    platform: &Platform,
    caller: &Caller,
    id: MatterId,
    stored: &Stored,
    command: &Command,
) -> Result<Vec<Event>, Problem> {
    let not_now = || {
        let detail = "this cannot be done by who filed, or not now; `acts` of the filing says what can";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "filing_not_now", detail)
    };
    let matter = &stored.matter;
    let procedure = platform.procedures().get(&matter.procedure, matter.version);
    let procedure = procedure.ok_or_else(|| Problem::internal("a procedure is not loaded"))?;
    let roles = roles(caller, procedure);
    let given = match command {
        Command::Act { act, given } => {
            let is_theirs = procedure
                .act_of(act)
                .is_some_and(|act| act.roles.iter().any(|role| roles.contains(role)));
            is_theirs.then(|| given.clone())
        }
        Command::Supply(supplied) => {
            let is_theirs = procedure.suppliers.iter().any(|role| roles.contains(role));
            is_theirs.then(|| GivenWith {
                facts: supplied.facts.clone(),
                papers: supplied.papers.clone(),
                ..GivenWith::default()
            })
        }
        Command::Endorse { .. } | Command::Reject { .. } => None,
    };
    let given = given.ok_or_else(not_now)?;
    outside_alone(procedure, &given)?;
    files_of(platform, caller, id, &given.papers).await?;
    let context = Context::now(caller.now, actor(caller, roles));
    let decided = platform.engine().decide(matter, command, &context);
    decided.map_err(|refusal| {
        if refusal.lacks.iter().all(is_about_what_they_give) {
            step::refused(platform, &refusal)
        } else {
            not_now()
        }
    })
}

/// Whether it tells of what was handed in alone, and not of the stage, the people or the clocks of the matter.
fn is_about_what_they_give(lack: &Lack) -> bool {
    matches!(
        lack.code,
        LackCode::FactMissing
            | LackCode::NoneOfFacts
            | LackCode::FactKind
            | LackCode::PaperMissing
            | LackCode::ReasonMissing
    )
}

/// Who receives for an agency: its people in these roles.
async fn receivers(
    platform: &Platform,
    agency: &AgencyCode,
    roles: &Vec<&String>,
) -> Result<BTreeSet<String>, Problem> {
    let (mut people, mut after) = (BTreeSet::new(), None);
    loop {
        let page = platform
            .store()
            .accounts(Some(agency), after.as_ref(), PAGE_ACCOUNTS)
            .await?;
        for account in &page {
            let holds = account
                .roles
                .iter()
                .any(|held| roles.iter().any(|role| role.as_str() == held.as_str()));
            if holds && account.state == AccountState::Active && !account.is_service {
                people.insert(account.user.to_string());
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE_ACCOUNTS && people.len() < MAX_RECEIVERS => {
                after = Some(last.login.clone());
            }
            _ => break,
        }
    }
    if people.is_empty() {
        let detail = "nobody at that agency receives such filings; look at /api/v1/agencies";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "filing_nobody_receives",
            detail,
        ));
    }
    Ok(people.into_iter().take(MAX_RECEIVERS).collect())
}

/// That who filed follows it.
fn to_follow(
    caller: &Caller,
    id: MatterId,
    agency: &AgencyCode,
    procedure: &Procedure,
) -> Result<Grant, Problem> {
    let cited = procedure.source.first().map(|source| source.cite.zh.clone());
    Ok(Grant {
        id: GrantId::fresh(caller.now),
        item: GrantItem::Matter(id),
        of_agency: agency.clone(),
        to: Grantee {
            agency: caller.account.agency.clone(),
            unit: None,
            user: Some(caller.account.user.clone()),
        },
        actions: Actions::FOLLOW,
        purpose: procedure.name.zh.clone(),
        legal_basis: cited.unwrap_or_else(|| procedure.name.zh.clone()),
        handling_code: coded(Code::parse, "procedure")?,
        granted_by: caller.code(),
        granted_at: caller.now,
        until: None,
        revoked_at: None,
    })
}

/// The filing after a write of who filed.
async fn answer(
    platform: &Platform,
    caller: &Caller,
    status: StatusCode,
    written: &Written,
) -> Result<Response, Problem> {
    let object = json!({"kind": "matter", "id": written.id, "version": written.version.to_string()});
    trail::write(platform, caller, "written", object, Outcome::Signed("done")).await?;
    let scope = caller.scope(platform, Action::Follow)?;
    let row = platform
        .store()
        .matter_row(&scope, written.id)
        .await?
        .ok_or_else(not_there)?;
    let stored = Stored::load(platform, &scope, &row)
        .await?
        .ok_or_else(not_there)?;
    let body = view(platform, caller, &row, &stored).await?;
    let version: Version = row.version;
    Ok(super::repeated(with_version(status, version, json!(body)), written).into_response())
}
