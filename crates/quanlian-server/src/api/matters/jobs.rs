//! Work in a matter over HTTP: ask for it, see how far it is, give it up.
//!
//! In:  a [`Task`].
//! Out: the job as it stands, once or as a stream of events until it ends.
//!
//! Invariants: a job is seen where its matter may be read, and nowhere else; asked for again under its `Idempotency-Key` it is the
//! same job.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response, Sse, sse},
};
use futures::{Stream, stream};
use quanlian_record::id::{JobId, MatterId};
use quanlian_store::{
    JobQueue as _,
    jobs::{Enqueued, Job, JobFilter, JobState, NewJob},
    matters::Code,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    super::{
        Problem,
        caller::{At, Caller, Given},
        places::coded,
    },
    IDEMPOTENCY_KEY, allowed,
    files::name,
    matches, papers,
};
use crate::{
    permission::Action,
    platform::Platform,
    work::{Assignment, Task},
};

const BACKOFF: Duration = Duration::from_secs(5);
/// How often a stream of events looks.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// A stream ends after so many looks, about an hour; whoever listens asks again.
const MAX_LOOKS: u32 = 12_000;

/// A job.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobView {
    id: String,
    /// `match`, `assess`, `paper` or `bundle`.
    kind: String,
    /// `waiting`, `running`, `done`, `dead` or `cancelled`.
    state: String,
    /// So much is done, of so much; 0 when nobody knows yet.
    done: u64,
    total: u64,
    /// The key of the words that say what is being done.
    text_key: String,
    attempts: u32,
    made_at: String,
    ended_at: Option<String>,
    /// Why its last attempt failed: a code and words.
    error: Option<String>,
    /// What it came to; files that it made are files of the matter.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
}

fn view(job: &Job) -> JobView {
    JobView {
        id: job.id.to_string(),
        kind: job.kind.to_string(),
        state: job.state.word().to_owned(),
        done: job.progress.done,
        total: job.progress.total,
        text_key: job.progress.text_key.clone(),
        attempts: job.attempts,
        made_at: job.made_at.to_string(),
        ended_at: job.ended_at.map(|at| at.to_string()),
        error: job.error.clone(),
        result: job.result.clone(),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobBody {
    task: Task,
}

/// Asks for work.
#[utoipa::path(
    operation_id = "jobs_ask", post, path = "/api/v1/matters/{id}/jobs", request_body = JobBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = JobView), (status = 401), (status = 403), (status = 404), (status = 422))
)]
pub(crate) async fn ask(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
    headers: HeaderMap,
    Given(body): Given<JobBody>,
) -> Result<Response, Problem> {
    let task = body.task;
    if let Some(fault) = task.fault() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "task_invalid",
            fault,
        ));
    }
    let seen = allowed(
        &platform,
        &caller,
        task.action(),
        id,
        &format!("ask_{}", task.kind()),
    )
    .await?;
    let sheet = match &task {
        Task::Paper { paper, .. } => {
            let sheet = papers::sheet(&platform, &seen.row, &seen.stored, paper, caller.now).await?;
            Some(Box::new(sheet))
        }
        _ => None,
    };
    let left_out = match &task {
        Task::Assess { .. } => matches::left_out(&platform, id, &seen.stored.ledger).await?,
        _ => None,
    };
    // The key stands for what was asked, not for how the matter stood then.
    let asked = json!([id, task]);
    let assignment = Assignment {
        matter: id,
        by: name(&caller),
        task,
        left_out,
        sheet,
    };
    let payload = json!(assignment);
    let job = NewJob {
        id: job_id(&caller, &headers, &asked)?,
        kind: coded(Code::parse, assignment.task.kind())?,
        subject: Some(coded(Code::parse, &id.to_string())?),
        payload,
        priority: 0,
        run_after: caller.now,
        dedup_key: None,
        max_attempts: platform.settings().job_attempts,
        backoff: BACKOFF,
        at: caller.now,
    };
    let known = match platform.store().enqueue(&job).await? {
        Enqueued::New => job.id,
        Enqueued::Known(known) => known,
    };
    platform.work_waits().notify_waiters();
    let job = find(&platform, id, known).await?;
    let mut response = (StatusCode::ACCEPTED, Json(view(&job))).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/matters/{id}/jobs/{known}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JobsView {
    /// The newest 200, newest first.
    jobs: Vec<JobView>,
}

/// The jobs of a matter.
#[utoipa::path(
    operation_id = "jobs_list", get, path = "/api/v1/matters/{id}/jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobsView), (status = 401), (status = 404))
)]
pub(crate) async fn list(
    State(platform): State<Platform>,
    caller: Caller,
    At(id): At<MatterId>,
) -> Result<Json<JobsView>, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_jobs").await?;
    let filter = JobFilter {
        subject: Some(coded(Code::parse, &id.to_string())?),
        limit: Some(200),
        ..JobFilter::default()
    };
    let jobs = platform.store().jobs(&filter).await?;
    Ok(Json(JobsView {
        jobs: jobs.iter().map(view).collect(),
    }))
}

/// A job.
#[utoipa::path(
    operation_id = "jobs_look", get, path = "/api/v1/matters/{id}/jobs/{job}", params(("id" = String, Path), ("job" = String, Path)),
    responses((status = 200, body = JobView), (status = 401), (status = 404))
)]
pub(crate) async fn look(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, job)): At<(MatterId, JobId)>,
) -> Result<Json<JobView>, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_job").await?;
    Ok(Json(view(&find(&platform, id, job).await?)))
}

/// A job as it goes on: an event `job` for each change, until it has ended (server-sent events).
#[utoipa::path(
    operation_id = "jobs_events", get, path = "/api/v1/matters/{id}/jobs/{job}/events", params(("id" = String, Path), ("job" = String, Path)),
    responses((status = 200, description = "events named `job`, each a job as JSON", content_type = "text/event-stream"), (status = 401), (status = 404))
)]
pub(crate) async fn events(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, job)): At<(MatterId, JobId)>,
) -> Result<Response, Problem> {
    allowed(&platform, &caller, Action::Read, id, "read_job").await?;
    let first = find(&platform, id, job).await?;
    let watch = Watch {
        platform,
        job: first.id,
        next: Some(first),
        told: None,
        looks: 0,
    };
    let events = Sse::new(changes(watch)).keep_alive(sse::KeepAlive::default());
    Ok(events.into_response())
}

struct Watch {
    platform: Platform,
    job: JobId,
    next: Option<Job>,
    told: Option<String>,
    looks: u32,
}

fn changes(watch: Watch) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        loop {
            let job = if let Some(job) = watch.next.take() {
                job
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
                watch.looks += 1;
                // Who listens was asked when the stream began; it tells of this job alone, and ends with it.
                watch.platform.store().job(watch.job).await.ok()??
            };
            let text = json!(view(&job)).to_string();
            let is_over = !matches!(job.state, JobState::Waiting | JobState::Running);
            if watch.told.as_ref() != Some(&text) {
                watch.told = Some(text.clone());
                let event = sse::Event::default().event("job").data(text);
                return Some((Ok(event), (!is_over).then_some(watch)));
            }
            if is_over || watch.looks >= MAX_LOOKS {
                return None;
            }
        }
    })
}

/// Gives a job up: at once when it waits, else when its worker reports next.
#[utoipa::path(
    operation_id = "jobs_cancel", delete, path = "/api/v1/matters/{id}/jobs/{job}", params(("id" = String, Path), ("job" = String, Path)),
    responses((status = 202, body = JobView), (status = 401), (status = 403), (status = 404), (status = 409))
)]
pub(crate) async fn cancel(
    State(platform): State<Platform>,
    caller: Caller,
    At((id, job)): At<(MatterId, JobId)>,
) -> Result<Response, Problem> {
    allowed(&platform, &caller, Action::Write, id, "cancel_job").await?;
    let job = find(&platform, id, job).await?;
    if !platform.store().cancel(job.id, caller.now).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "job_ended",
            "the job has ended already",
        ));
    }
    let job = find(&platform, id, job.id).await?;
    Ok((StatusCode::ACCEPTED, Json(view(&job))).into_response())
}

async fn find(platform: &Platform, matter: MatterId, id: JobId) -> Result<Job, Problem> {
    let subject = matter.to_string();
    let found = platform.store().job(id).await?;
    let found = found.filter(|job| job.subject.as_ref().is_some_and(|of| of.as_str() == subject));
    found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "job_not_found",
            "the matter has no such job",
        )
    })
}

/// With a key, the same request gives the same id.
fn job_id(caller: &Caller, headers: &HeaderMap, asked: &Value) -> Result<JobId, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(JobId::fresh(caller.now));
    };
    let key = key.to_str().ok().and_then(|key| Code::parse(key).ok());
    let key = key.ok_or_else(|| {
        Problem::bad(
            "idempotency_key_invalid",
            "an Idempotency-Key is 1 to 128 visible signs",
        )
    })?;
    let mut digest = Sha256::new();
    for part in [caller.code().as_str(), key.as_str(), &asked.to_string()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Ok(JobId(uuid::Builder::from_custom_bytes(bytes).into_uuid()))
}
