//! Sending files: begun with what it will be, sent in as many pieces as the line allows, gone on with after a break.
//!
//! In:  `POST` with kind, name and length; then pieces by the core protocol of tus 1.0.0 (`HEAD`, `PATCH`, `DELETE`).
//! Out: a file of the matter, as soon as the last byte is there and the digest is the one that was told.
//!
//! Invariants: what was acknowledged is on the disk; a piece that breaks off is kept as far as it came; two senders of one upload
//! do not mix, because whoever writes holds a lock on its bytes; nobody but its sender sees an upload.
//!
//! Not here: forgetting uploads whose time ran out (`platform::sweep`).

use std::{
    io::ErrorKind,
    path::PathBuf,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use quanlian_record::{
    id::{FileId, MatterId, UploadId},
    time::Timestamp,
};
use quanlian_store::{
    FileStore as _, ObjectId, ObjectStore as _,
    files::{File, Upload},
    matters::Code,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{fs, io::AsyncSeekExt as _, io::AsyncWriteExt as _};
use utoipa::ToSchema;

use super::{
    super::{
        Problem,
        caller::{At, Caller, Given},
        places::coded,
        trail::{self, Outcome},
    },
    allowed,
    files::{filing, name},
    step,
};
use crate::{
    limits::PIECE_GRACE,
    permission::Action,
    platform::{Filing, Platform},
};

/// The protocol of the pieces.
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const OFFSET: &str = "upload-offset";
const LENGTH: &str = "upload-length";
const PIECE: &str = "application/offset+octet-stream";
/// Kinds of files that the worker makes: nobody passes something off as a report of this program.
pub(super) const MADE_HERE: [&str; 3] = ["report", "paper", "bundle"];
/// An upload may take so long, with all its breaks.
const UPLOAD_DAYS: i64 = 7;
const DAY_US: i64 = 86_400_000_000;
/// After so long whoever has too much on its way asks again.
const QUOTA_WAIT_S: u32 = 60;
/// A sender that is silent for so long has gone.
const MAX_SILENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadBody {
    /// `work` (作品), `suspect` (涉嫌侵权), `side_file`, `evidence`, …
    pub(super) kind: String,
    /// What the file is called.
    name: String,
    size_bytes: u64,
    /// The digest that it has; another one is refused.
    #[serde(default)]
    sha256: Option<String>,
}

/// An upload on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadView {
    id: String,
    matter: String,
    kind: String,
    name: String,
    size_bytes: u64,
    /// So much is there.
    offset: u64,
    until: String,
    /// The file that it became.
    file: Option<String>,
}

/// Begins to send a file.
#[utoipa::path(
    operation_id = "uploads_begin", post, path = "/api/v1/matters/{id}/uploads", request_body = UploadBody, params(("id" = String, Path)),
    responses((status = 201, body = UploadView), (status = 401), (status = 403), (status = 404), (status = 413), (status = 422), (status = 429))
)]
pub(crate) async fn begin(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    Given(body): Given<UploadBody>,
) -> Result<Response, Problem> {
    allowed(&platform, &caller, Action::Write, id, "begin_upload").await?;
    begun(&platform, &caller, id, body).await
}

/// The same of a matter to which the caller was found to may add.
pub(super) async fn begun(
    platform: &Platform,
    caller: &Caller,
    id: MatterId,
    body: UploadBody,
) -> Result<Response, Problem> {
    let filing = filing(platform)?;
    if body.size_bytes > filing.max_file_bytes {
        let detail = "the file is longer than this installation takes; `limit_bytes` says how long it may be";
        let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", detail);
        return Err(problem.with("limit_bytes", filing.max_file_bytes));
    }
    if MADE_HERE.contains(&body.kind.as_str()) {
        let detail =
            "reports, papers and bundles are made by work in the matter; what came from outside is evidence";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "file_kind_reserved",
            detail,
        ));
    }
    let sha256 = body.sha256.as_deref().map(str::parse::<ObjectId>).transpose();
    let unreadable = |_| Problem::bad("body_invalid", "`sha256` is 64 digits of lower-case hexadecimal");
    let until = caller.now.unix_micros().saturating_add(UPLOAD_DAYS * DAY_US);
    let upload = Upload {
        id: UploadId::fresh(caller.now),
        matter: id,
        account: caller.account.id,
        kind: coded(Code::parse, &body.kind)?,
        name: body.name,
        sha256: sha256.map_err(unreadable)?,
        size_bytes: body.size_bytes,
        made_at: caller.now,
        until: Timestamp::from_unix_micros(until).map_err(Problem::internal)?,
        file: None,
    };
    within_quota(platform, &upload).await?;
    platform.store().begin_upload(&upload).await?;
    fs::File::create_new(path(filing, upload.id))
        .await
        .map_err(on_disk)?;
    let place = format!("/api/v1/uploads/{}", upload.id);
    let mut response = (StatusCode::CREATED, Json(view(&upload, 0))).into_response();
    response.headers_mut().extend(pair(header::LOCATION, &place));
    Ok(with_offset(response, 0, upload.size_bytes))
}

/// How far an upload is.
#[utoipa::path(
    operation_id = "uploads_look", get, path = "/api/v1/uploads/{upload}", params(("upload" = String, Path)),
    responses((status = 200, body = UploadView), (status = 401), (status = 404))
)]
pub(crate) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<UploadId>,
) -> Result<Response, Problem> {
    // `HEAD` is answered by this too, without the body.
    let upload = find(&platform, &caller, id, "read_upload").await?;
    let offset = match upload.file {
        Some(_) => upload.size_bytes,
        None => length(&path(filing(&platform)?, id)).await?,
    };
    let response = Json(view(&upload, offset)).into_response();
    Ok(with_offset(response, offset, upload.size_bytes))
}

/// Sends a piece: `Content-Type: application/offset+octet-stream`, `Upload-Offset` says where it begins.
#[utoipa::path(
    operation_id = "uploads_send", patch, path = "/api/v1/uploads/{upload}",
    params(("upload" = String, Path), ("Upload-Offset" = u64, Header)),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "it is there; `Upload-Offset` says how far"), (status = 401), (status = 404), (status = 409), (status = 413), (status = 415), (status = 422), (status = 423))
)]
pub(crate) async fn send(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let is_piece = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PIECE);
    if !is_piece {
        let detail = "send a piece as application/offset+octet-stream";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "piece_type",
            detail,
        ));
    }
    let told = headers
        .get(OFFSET)
        .and_then(|told| told.to_str().ok()?.parse::<u64>().ok());
    let told =
        told.ok_or_else(|| Problem::bad("offset_missing", "Upload-Offset says where the piece begins"))?;
    let upload = find(&platform, &caller, id, "send_piece").await?;
    let filing = filing(&platform)?;
    if upload.file.is_some() {
        return Ok(sent(&upload, upload.size_bytes));
    }
    let path = path(filing, id);
    let mut bytes = taken(&path).await?;
    let mut offset = bytes.seek(std::io::SeekFrom::End(0)).await.map_err(on_disk)?;
    if told != offset {
        let detail = "the piece does not begin where the upload ends; `offset` says where that is";
        return Err(Problem::new(StatusCode::CONFLICT, "offset_wrong", detail).with("offset", offset));
    }
    let began = offset;
    let slowest = platform.settings().limits.piece_bytes_per_s;
    let outcome = receive(body, &mut bytes, &mut offset, upload.size_bytes, slowest).await;
    if offset > upload.size_bytes {
        bytes.set_len(began).await.map_err(on_disk)?;
    }
    // What came is kept even when the line broke.
    bytes.sync_data().await.map_err(on_disk)?;
    outcome?;
    if offset == upload.size_bytes {
        let became = finish(&platform, &caller, filing, &upload, &path).await?;
        drop(bytes);
        remove(&path).await;
        let upload = Upload {
            file: Some(became),
            ..upload
        };
        return Ok(sent(&upload, offset));
    }
    Ok(sent(&upload, offset))
}

/// Gives an upload up.
#[utoipa::path(
    operation_id = "uploads_end", delete, path = "/api/v1/uploads/{upload}", params(("upload" = String, Path)),
    responses((status = 204), (status = 401), (status = 404), (status = 409))
)]
pub(crate) async fn end(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<UploadId>,
) -> Result<StatusCode, Problem> {
    find(&platform, &caller, id, "end_upload").await?;
    if !platform.store().end_upload(caller.account.id, id).await? {
        let detail = "it has become a file; a file is withdrawn";
        return Err(Problem::new(StatusCode::CONFLICT, "upload_finished", detail));
    }
    remove(&path(filing(&platform)?, id)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What one account may have on its way at once. Two requests in the same moment may both be let in; the store counts again.
async fn within_quota(platform: &Platform, upload: &Upload) -> Result<(), Problem> {
    let open = platform
        .store()
        .open_uploads(upload.account, upload.made_at)
        .await?;
    let limits = &platform.settings().limits;
    let size_bytes = open.size_bytes.saturating_add(upload.size_bytes);
    if open.count < limits.open_uploads && size_bytes <= limits.open_upload_bytes {
        return Ok(());
    }
    let detail = "too much is on its way already; finish uploads or end them (DELETE) first";
    let problem =
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "upload_quota", detail).retry_after(QUOTA_WAIT_S);
    let problem = problem
        .with("open", open.count)
        .with("open_bytes", open.size_bytes);
    Err(problem
        .with("limit", limits.open_uploads)
        .with("limit_bytes", limits.open_upload_bytes))
}

/// Writes what comes behind what is there.
async fn receive(
    body: Body,
    bytes: &mut fs::File,
    offset: &mut u64,
    size_bytes: u64,
    slowest_per_s: u64,
) -> Result<(), Problem> {
    let (begun, from) = (Instant::now(), *offset);
    let mut pieces = body.into_data_stream();
    loop {
        let piece = match tokio::time::timeout(MAX_SILENCE, pieces.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                return Err(Problem::bad(
                    "piece_broken_off",
                    "the line broke; ask how far it came and go on",
                ));
            }
            Err(_) => {
                let detail = "nothing came for half a minute; ask how far it came and go on";
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "piece_too_slow",
                    detail,
                ));
            }
        };
        *offset += piece.len() as u64;
        if *offset > size_bytes {
            let detail = "more came than the upload was begun with; nothing of this piece was kept";
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "piece_too_large",
                detail,
            ));
        }
        bytes.write_all(&piece).await.map_err(on_disk)?;
        let beyond = begun.elapsed().saturating_sub(PIECE_GRACE);
        if *offset - from < beyond.as_secs().saturating_mul(slowest_per_s) {
            let detail = "the piece comes too slowly; ask how far it came and go on";
            return Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "piece_too_slow",
                detail,
            ));
        }
    }
    bytes.flush().await.map_err(on_disk)
}

/// Makes a file of what is there whole.
async fn finish(
    platform: &Platform,
    caller: &Caller,
    filing: &Filing,
    upload: &Upload,
    path: &std::path::Path,
) -> Result<FileId, Problem> {
    // A grant may have ended since the upload was begun.
    let (_, writes) = step::find(platform, caller, Action::Write, upload.matter).await?;
    let (_, follows) = step::find(platform, caller, Action::Follow, upload.matter).await?;
    let by = if follows.is_allowed() && !writes.is_allowed() {
        Action::Follow
    } else {
        Action::Write
    };
    allowed(platform, caller, by, upload.matter, "add_file").await?;
    let stored = filing.objects.put_file(path).await?;
    if upload.sha256.is_some_and(|told| told != stored.id) {
        platform.store().end_upload(caller.account.id, upload.id).await?;
        remove(path).await;
        let detail = "the bytes that came have another digest than was told; send the file anew";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "upload_digest", detail);
        return Err(problem.with("sha256", stored.id.to_string()));
    }
    let file = File {
        id: FileId::fresh(caller.now),
        matter: upload.matter,
        kind: upload.kind.clone(),
        name: upload.name.clone(),
        paper: None,
        object: stored.id,
        size_bytes: stored.size_bytes,
        copy_of: None,
        job: None,
        by: name(caller),
        at: caller.now,
        receipt: None,
        withdrawn: None,
    };
    Ok(platform.store().add_file(&file, Some(upload.id)).await?)
}

async fn find(platform: &Platform, caller: &Caller, id: UploadId, doing: &str) -> Result<Upload, Problem> {
    let found = platform.store().upload(caller.account.id, id).await?;
    let found = found.filter(|upload| upload.until > caller.now);
    let object = json!({"kind": "upload", "id": id});
    let what = if found.is_some() { "done" } else { "not_there" };
    trail::write(platform, caller, doing, object, Outcome::Signed(what)).await?;
    found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "upload_not_found",
            "there is no such upload of yours, or its time has run out; begin it anew",
        )
    })
}

/// The bytes of an upload, for one writer at a time: of this process and of any other.
async fn taken(path: &std::path::Path) -> Result<fs::File, Problem> {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).await;
    let file = file.map_err(lost)?;
    let file = file.into_std().await;
    match file.try_lock() {
        Ok(()) => Ok(fs::File::from_std(file)),
        Err(std::fs::TryLockError::WouldBlock) => {
            let detail = "another request sends a piece of it; wait for that one";
            Err(Problem::new(StatusCode::LOCKED, "upload_taken", detail).retry_after(1))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(on_disk(error)),
    }
}

fn path(filing: &Filing, id: UploadId) -> PathBuf {
    filing.uploads.join(format!("{id}.part"))
}

async fn length(path: &std::path::Path) -> Result<u64, Problem> {
    Ok(fs::metadata(path).await.map_err(lost)?.len())
}

async fn remove(path: &std::path::Path) {
    if let Err(error) = fs::remove_file(path).await
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "the bytes of an upload were not removed");
    }
}

/// The bytes of an upload lie on one machine; another one does not have them.
fn lost(error: std::io::Error) -> Problem {
    if error.kind() == ErrorKind::NotFound {
        let detail = "the bytes of this upload are not on this server; begin it anew";
        return Problem::new(StatusCode::NOT_FOUND, "upload_not_found", detail);
    }
    on_disk(error)
}

pub(super) fn on_disk(error: std::io::Error) -> Problem {
    tracing::error!(%error, "the folder of uploads failed");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            "the disk of the server is full; what was acknowledged is safe, go on when there is room",
        ),
        _ => Problem::internal(error),
    }
}

fn view(upload: &Upload, offset: u64) -> UploadView {
    UploadView {
        id: upload.id.to_string(),
        matter: upload.matter.to_string(),
        kind: upload.kind.to_string(),
        name: upload.name.clone(),
        size_bytes: upload.size_bytes,
        offset,
        until: upload.until.to_string(),
        file: upload.file.map(|file| file.to_string()),
    }
}

/// A piece was taken.
fn sent(upload: &Upload, offset: u64) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(file) = upload.file {
        let place = format!("/api/v1/matters/{}/files/{file}", upload.matter);
        response.headers_mut().extend(pair(header::LOCATION, &place));
    }
    with_offset(response, offset, upload.size_bytes)
}

fn with_offset(mut response: Response, offset: u64, size_bytes: u64) -> Response {
    let headers = response.headers_mut();
    headers.insert(TUS.0, HeaderValue::from_static(TUS.1));
    headers.insert(OFFSET, HeaderValue::from(offset));
    headers.insert(LENGTH, HeaderValue::from(size_bytes));
    response
}

fn pair(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::from_str(value).ok().map(|value| (name, value))
}
