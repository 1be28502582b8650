//! The inbox over HTTP: what the caller is to know, and what they have read.
//!
//! In:  nothing but who asks; the id of a notice that was read.
//! Out: notices on matters that the caller may see now, with number and stage and no content.
//!
//! Invariants: a notice on a matter that the caller may not see is as if it were not there; every look is in the audit trail before the
//! answer leaves.
//!
//! Not here: who is told when (`notices`), where they are kept (`quanlian-store`).

use axum::{Json, extract::State, http::StatusCode};
use quanlian_record::id::NoticeId;
use quanlian_store::{
    NoticeStore as _,
    matters::notices::{InboxQuery, MAX_PAGE_NOTICES, NoticePlace, Reader, Received},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    caller::{Asked, At, Caller},
    matters::step,
    trail::{self, Outcome},
};
use crate::{permission::Action, platform::Platform};

const PAGE: usize = 50;
/// What is unread is counted up to this.
const MAX_UNREAD: u64 = 1000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NoticesQuery {
    /// Only what was not read.
    #[serde(default)]
    unread: bool,
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, up to 100.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct NoticesView {
    /// The newest first: `id`, `matter` (`id`, `number`, `stage`), `template`, `about` (a clock), `light` (`yellow`, `red`, `overdue`),
    /// `made_at`, `read_at`.
    #[schema(value_type = Vec<crate::api::shapes::counted::Notice>)]
    notices: Vec<Value>,
    /// Where the next page begins.
    next: Option<String>,
    /// How many are unread, counted up to 1,000.
    unread: u64,
}

/// The caller's inbox.
#[utoipa::path(
    get, path = "/api/v1/notices", params(NoticesQuery),
    responses((status = 200, body = NoticesView), (status = 400), (status = 401))
)]
pub(super) async fn inbox(
    State(platform): State<Platform>,
    caller: Caller,
    Asked(asked): Asked<NoticesQuery>,
) -> Result<Json<NoticesView>, Problem> {
    let query = InboxQuery {
        is_unread: asked.unread,
        after: asked.after.as_deref().map(place_of).transpose()?,
        limit: asked.limit.unwrap_or(PAGE),
    };
    let decision = step::at_large(&platform, &caller, Action::Clocks)?;
    let object = json!({"kind": "notices"});
    trail::write(&platform, &caller, "notices", object, Outcome::Asked(&decision)).await?;
    if !decision.is_allowed() {
        return Ok(Json(NoticesView {
            notices: Vec::new(),
            next: None,
            unread: 0,
        }));
    }
    let (scope, reader) = (caller.scope(&platform, Action::Clocks)?, reader(&caller));
    let page = platform.store().notices(&scope, &reader, &query).await?;
    let unread = platform.store().count_unread(&scope, &reader, MAX_UNREAD).await?;
    let is_full = page.len() >= query.limit.clamp(1, MAX_PAGE_NOTICES);
    let next = page.last().filter(|_| is_full).map(|last| &last.notice);
    Ok(Json(NoticesView {
        notices: page.iter().map(view).collect(),
        next: next.map(|notice| format!("{}_{}", notice.made_at.unix_micros(), notice.id)),
        unread,
    }))
}

/// Marks a notice as read by the caller.
#[utoipa::path(
    post, path = "/api/v1/notices/{id}/read", params(("id" = String, Path)),
    responses((status = 204), (status = 401), (status = 404))
)]
pub(super) async fn read(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<NoticeId>,
) -> Result<StatusCode, Problem> {
    let decision = step::at_large(&platform, &caller, Action::Clocks)?;
    let object = json!({"kind": "notice", "id": id});
    trail::write(
        &platform,
        &caller,
        "read_notice",
        object,
        Outcome::Asked(&decision),
    )
    .await?;
    let is_theirs = decision.is_allowed() && {
        let scope = caller.scope(&platform, Action::Clocks)?;
        platform
            .store()
            .read_notice(&scope, &reader(&caller), id, caller.now)
            .await?
    };
    if is_theirs {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "notice_not_found",
        "there is no such notice, or it is not for you",
    ))
}

fn reader(caller: &Caller) -> Reader {
    Reader {
        account: caller.account.id,
        roles: caller.account.roles.clone(),
    }
}

fn view(received: &Received) -> Value {
    let (notice, matter) = (&received.notice, &received.matter);
    json!({
        "id": notice.id,
        "matter": {"id": matter.id, "number": matter.number, "stage": matter.projection.stage},
        "template": notice.template,
        "about": notice.about,
        "light": notice.light,
        "made_at": notice.made_at.to_string(),
        "read_at": received.read_at.map(|at| at.to_string()),
    })
}

fn place_of(text: &str) -> Result<NoticePlace, Problem> {
    let unreadable = || Problem::bad("matter_cursor", "`after` is the `next` of the page before");
    let (made_us, id) = text.split_once('_').ok_or_else(unreadable)?;
    Ok(NoticePlace {
        made_us: made_us.parse().map_err(|_| unreadable())?,
        id: id.parse().map_err(|_| unreadable())?,
    })
}
