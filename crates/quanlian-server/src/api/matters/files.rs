//! Files (材料) of a matter over HTTP: list, look, take over from another matter, withdraw; their bytes ([`content`]).
//!
//! In:  a matter that the caller reaches, and one of its files.
//! Out: what it is, with the receipt of its deposit; its bytes, checked while they leave.
//!
//! Invariant: who takes a file over may write where it goes and take copies out of where it comes from.
//!
//! Not here: sending files (`uploads`), the deposit (the worker).

pub(crate) mod content;
pub(crate) mod peaks;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quanlian_record::id::{FileId, MatterId};
use quanlian_store::{
    FileStore as _,
    files::{File, MAX_PAGE_FILES, Withdrawn},
    matters::Code,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        Problem,
        caller::{Asked, At, Caller, Given},
        places::coded,
    },
    allowed,
    uploads::MADE_HERE,
};
use crate::{
    permission::Action,
    platform::{Filing, Platform},
};

/// A file of a matter.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileView {
    id: String,
    /// `work`, `suspect`, `side_file`, `paper`, `report`, …
    kind: String,
    name: String,
    /// The paper of the procedure that it is.
    paper: Option<String>,
    sha256: String,
    size_bytes: u64,
    /// The file of another matter that it was taken over from.
    copy_of: Option<String>,
    /// The job that made it.
    job: Option<String>,
    /// `agency/user`.
    by: String,
    at: String,
    /// The receipt of its deposit in the evidence log; nothing while it waits.
    #[schema(value_type = Option<Object>)]
    receipt: Option<Value>,
    withdrawn: Option<WithdrawnView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawnView {
    at: String,
    by: String,
    why: String,
}

pub(super) fn view(file: &File) -> FileView {
    FileView {
        id: file.id.to_string(),
        kind: file.kind.to_string(),
        name: file.name.clone(),
        paper: file.paper.as_ref().map(ToString::to_string),
        sha256: file.object.to_string(),
        size_bytes: file.size_bytes,
        copy_of: file.copy_of.map(|id| id.to_string()),
        job: file.job.map(|id| id.to_string()),
        by: file.by.to_string(),
        at: file.at.to_string(),
        receipt: file.receipt.clone(),
        withdrawn: file.withdrawn.as_ref().map(|withdrawn| WithdrawnView {
            at: withdrawn.at.to_string(),
            by: withdrawn.by.to_string(),
            why: withdrawn.why.clone(),
        }),
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilesQuery {
    /// The last of the page before.
    after: Option<String>,
    /// At most so many, up to 1000.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FilesView {
    /// Oldest first, the withdrawn among them.
    files: Vec<FileView>,
    /// Where the next page begins.
    next: Option<String>,
}

/// The files of a matter.
#[utoipa::path(
    operation_id = "files_list", get, path = "/api/v1/matters/{id}/files", params(("id" = String, Path), FilesQuery),
    responses((status = 200, body = FilesView), (status = 401), (status = 404))
)]
pub(crate) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Asked(asked): Asked<FilesQuery>,
) -> Result<Json<FilesView>, Problem> {
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after =
        after.map_err(|_| Problem::bad("query_invalid", "`after` is the `next` of the page before"))?;
    allowed(&platform, &caller, Action::Read, id, "read_files").await?;
    let limit = asked.limit.unwrap_or(200).clamp(1, MAX_PAGE_FILES);
    let files = platform.store().files(id, after, limit).await?;
    let next = files.last().filter(|_| files.len() == limit);
    Ok(Json(FilesView {
        next: next.map(|file| file.id.to_string()),
        files: files.iter().map(view).collect(),
    }))
}

/// One file.
#[utoipa::path(
    operation_id = "files_look", get, path = "/api/v1/matters/{id}/files/{file}", params(("id" = String, Path), ("file" = String, Path)),
    responses((status = 200, body = FileView), (status = 401), (status = 404))
)]
pub(crate) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, file)): At<(MatterId, FileId)>,
) -> Result<Json<FileView>, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_file").await?;
    Ok(Json(view(&find(&platform, id, file).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeOverBody {
    /// The matter that it comes from: its id.
    matter: String,
    /// The file there: its id.
    file: String,
    /// What it is here; the same when nothing is said.
    #[serde(default)]
    kind: Option<String>,
}

/// Takes a file of another matter over: the same object, with the same receipt.
#[utoipa::path(
    operation_id = "files_take_over", post, path = "/api/v1/matters/{id}/files", request_body = TakeOverBody, params(("id" = String, Path)),
    responses((status = 201, body = FileView), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(crate) async fn take_over(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Given(body): Given<TakeOverBody>,
) -> Result<Response, Problem> {
    let unreadable = |_| Problem::bad("body_invalid", "`matter` and `file` are ids");
    let (from, file) = (
        body.matter.parse().map_err(unreadable)?,
        body.file.parse().map_err(unreadable)?,
    );
    allowed(&platform, &caller, Action::Write, id, "add_file").await?;
    allowed(&platform, &caller, Action::Export, from, "take_file").await?;
    let there = find(&platform, from, file).await?;
    if there.withdrawn.is_some() {
        let detail = "it was withdrawn there";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file_withdrawn",
            detail,
        ));
    }
    let kind = body
        .kind
        .as_deref()
        .map(|kind| coded(Code::parse, kind))
        .transpose()?;
    if let Some(kind) = &kind
        && MADE_HERE.contains(&kind.as_str())
        && *kind != there.kind
    {
        let detail = "what is taken over does not become a report, paper or bundle of this program";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file_kind_reserved",
            detail,
        ));
    }
    let file = File {
        id: FileId::fresh(caller.now),
        matter: id,
        kind: kind.unwrap_or(there.kind),
        copy_of: Some(there.id),
        by: name(&caller),
        at: caller.now,
        ..there
    };
    platform.store().add_file(&file, None).await?;
    Ok((StatusCode::CREATED, Json(view(&file))).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawBody {
    /// Why it does not belong there.
    reason: String,
}

/// Says that a file does not belong there. It stays on record and counts no more.
#[utoipa::path(
    operation_id = "files_withdraw", post, path = "/api/v1/matters/{id}/files/{file}/withdrawal", request_body = WithdrawBody,
    params(("id" = String, Path), ("file" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422))
)]
pub(crate) async fn withdraw(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, file)): At<(MatterId, FileId)>,
    Given(body): Given<WithdrawBody>,
) -> Result<StatusCode, Problem> {
    allowed(&platform, &caller, Action::Write, id, "withdraw_file").await?;
    let found = find(&platform, id, file).await?;
    let withdrawn = Withdrawn {
        at: caller.now,
        by: name(&caller),
        why: body.reason,
    };
    if platform.store().withdraw_file(id, found.id, &withdrawn).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "it was withdrawn before";
    Err(Problem::new(StatusCode::CONFLICT, "file_withdrawn", detail))
}

async fn find(platform: &Platform, matter: MatterId, id: FileId) -> Result<File, Problem> {
    let found = platform.store().file(matter, id).await?;
    found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "file_not_found",
            "the matter has no such file",
        )
    })
}

/// Whoever brings a file, as it is kept.
pub(super) fn name(caller: &Caller) -> Code {
    // Two codes and a stroke may be longer than one; the id is unambiguous as well.
    Code::parse(&caller.name()).unwrap_or_else(|_| caller.code())
}

/// Where files are kept, in an installation that keeps any.
pub(super) fn filing(platform: &Platform) -> Result<&Filing, Problem> {
    platform.filing().ok_or_else(|| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "files_not_kept",
            "this installation was started without a place for files",
        )
    })
}

/// What a paper that is named as `file:ID` must be: a file of the matter that counts.
pub(super) async fn check_papers<'a>(
    platform: &Platform,
    matter: MatterId,
    places: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), Problem> {
    for (paper, place) in places {
        let Some(id) = place.strip_prefix("file:") else {
            continue;
        };
        let counts = match id.parse() {
            Ok(id) => platform
                .store()
                .file(matter, id)
                .await?
                .is_some_and(|file| file.withdrawn.is_none()),
            Err(_) => false,
        };
        if !counts {
            let detail = "`file:` is followed by the id of a file of this matter that was not withdrawn";
            return Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "paper_not_on_file", detail)
                    .with("paper", json!(paper)),
            );
        }
    }
    Ok(())
}
