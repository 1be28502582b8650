//! Jobs: work that is done later, by any of several workers, and goes on where a dead one stopped.
//!
//! In:  jobs with a kind and a payload; workers that name the time.
//! Out: each job leased to one worker at a time, until it is done, dead or cancelled.
//!
//! | state | may become |
//! |---|---|
//! | waiting | running, cancelled |
//! | running | done, waiting (failed or given back), dead, cancelled; running with another worker, when its lease ran out |
//! | done, dead, cancelled | nothing |
//!
//! Invariants:
//! - A lease carries a number that grows with each. What a worker reports under an old one is refused
//!   ([`JobError::Lost`]), so a job is completed once, by whoever holds it.
//! - No job is lost: one whose worker dies is leased again when the time that the worker asked for has run out, with the
//!   last checkpoint, until its attempts are used up; then it is dead, with the reason.
//! - The queue reads no clock: whoever asks says what time it is.
//!
//! Not here: what jobs do, threads and pauses (the server).

mod relational;

use std::{future::Future, time::Duration};

use quanlian_record::{canonical::CanonicalError, id::JobId, time::Timestamp};
use serde_json::Value;

use crate::{database::DatabaseError, matters::Code};

/// A payload or a result is no longer than this.
pub const MAX_PAYLOAD_BYTES: usize = 256 << 10;
/// A checkpoint is no longer than this.
pub const MAX_CHECKPOINT_BYTES: usize = 1 << 20;
/// Of an error only so much is kept.
pub const MAX_ERROR_BYTES: usize = 4000;
/// A page holds no more jobs, and nobody waits for more kinds at once.
pub const MAX_PAGE_JOBS: usize = 200;
/// The pause before another attempt grows no further.
pub const MAX_BACKOFF: Duration = Duration::from_hours(24);
/// No job is tried more often.
pub const MAX_ATTEMPTS: u32 = 100;

/// A job to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What kind of work.
    pub kind: Code,
    /// What it is about, by which it is found again: the id of a matter.
    pub subject: Option<Code>,
    /// What the worker needs to know.
    pub payload: Value,
    /// The greater, the sooner.
    pub priority: i32,
    /// Not before this instant.
    pub run_after: Timestamp,
    /// While a job of this kind and key waits or runs, another is not added.
    pub dedup_key: Option<Code>,
    /// So often it is tried, at most [`MAX_ATTEMPTS`].
    pub max_attempts: u32,
    /// The pause after the first failure; doubled after each further one, up to [`MAX_BACKOFF`].
    pub backoff: Duration,
    /// The time now.
    pub at: Timestamp,
}

/// What became of a job that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It waits.
    New,
    /// This one stands in the queue for it already.
    Known(JobId),
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Until a worker takes it.
    Waiting,
    /// A worker has it.
    Running,
    /// It came to a result.
    Done,
    /// It failed for good.
    Dead,
    /// Somebody did not want it any more.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Dead,
        Self::Cancelled,
    ];

    /// Its word, in the database and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// So much is done,
    pub done: u64,
    /// of so much; 0 when nobody knows yet.
    pub total: u64,
    /// The key of the words that say what is being done.
    pub text_key: String,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What kind of work.
    pub kind: Code,
    /// What it is about.
    pub subject: Option<Code>,
    /// What the worker needs to know.
    pub payload: Value,
    /// The greater, the sooner.
    pub priority: i32,
    /// How it stands.
    pub state: JobState,
    /// When it was added.
    pub made_at: Timestamp,
    /// Waiting: not before this instant. Running: until when the lease lasts.
    pub ready_at: Timestamp,
    /// So often it was begun.
    pub attempts: u32,
    /// So often it may be begun.
    pub max_attempts: u32,
    /// Who has it, or had it last.
    pub worker: Option<Code>,
    /// How far it is.
    pub progress: Progress,
    /// From where it can go on.
    pub checkpoint: Option<Vec<u8>>,
    /// When somebody asked for its end.
    pub cancel_asked_at: Option<Timestamp>,
    /// Why its last attempt failed.
    pub error: Option<String>,
    /// What it came to.
    pub result: Option<Value>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// The right to work on a job. Another worker's lease of the same job has a greater number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    /// Which lease of it.
    pub number: u64,
}

/// A worker that wants something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leasing {
    /// Who; a name that no other worker has.
    pub worker: Code,
    /// What kinds it can do.
    pub kinds: Vec<Code>,
    /// The time now.
    pub now: Timestamp,
    /// Until when it will report.
    pub until: Timestamp,
}

/// What a worker reports on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Until when it will report again.
    pub until: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// From where it can go on; nothing leaves the last one as it is.
    pub checkpoint: Option<Vec<u8>>,
}

/// What the queue answers to a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Go on.
    GoOn,
    /// Somebody asked for the end: stop, and say so ([`JobQueue::stopped`]).
    Stop,
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is tried again, not before this instant.
    Again(Timestamp),
    /// It was the last attempt.
    Dead,
    /// Somebody had asked for its end.
    Cancelled,
}

/// Which jobs to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Of this kind.
    pub kind: Option<Code>,
    /// About this.
    pub subject: Option<Code>,
    /// In this state.
    pub state: Option<JobState>,
    /// Older than this one: the last of the page before.
    pub before: Option<(Timestamp, JobId)>,
    /// At most so many, cut to `1..=`[`MAX_PAGE_JOBS`].
    pub limit: Option<usize>,
}

/// Keeps jobs.
pub trait JobQueue: Send + Sync {
    /// Adds a job. The same id again, or one with a key that is in the queue, adds nothing.
    fn enqueue(&self, job: &NewJob) -> impl Future<Output = Result<Enqueued, JobError>> + Send;

    /// Leases the most urgent job that is ready: by priority, then by the time since when it is.
    fn lease(&self, leasing: &Leasing)
    -> impl Future<Output = Result<Option<(Lease, Job)>, JobError>> + Send;

    /// Prolongs the lease, and keeps progress and checkpoint.
    fn report(&self, lease: Lease, report: &Report) -> impl Future<Output = Result<Beat, JobError>> + Send;

    /// The job is done.
    fn complete(
        &self,
        lease: Lease,
        result: &Value,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// The attempt failed.
    fn fail(
        &self,
        lease: Lease,
        error: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<AfterFailure, JobError>> + Send;

    /// The worker stopped because somebody had asked for it.
    fn stopped(&self, lease: Lease, now: Timestamp) -> impl Future<Output = Result<(), JobError>> + Send;

    /// The worker ends and gives the job back; the attempt does not count. One whose end was asked for ends.
    fn give_back(&self, lease: Lease, now: Timestamp) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Asks for the end of a job: at once when it waits, else when its worker reports. Whether it was still to be done.
    fn cancel(&self, id: JobId, now: Timestamp) -> impl Future<Output = Result<bool, JobError>> + Send;

    /// The job of this id.
    fn job(&self, id: JobId) -> impl Future<Output = Result<Option<Job>, JobError>> + Send;

    /// Some jobs.
    fn jobs(&self, filter: &JobFilter) -> impl Future<Output = Result<Vec<Job>, JobError>> + Send;

    /// Removes jobs that ended before this instant; how many.
    fn forget_jobs(&self, ended_before: Timestamp) -> impl Future<Output = Result<u64, JobError>> + Send;
}

/// What can go wrong with a queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum JobError {
    /// The lease ran out and another worker has the job, or it ended. Stop working on it.
    #[error("job {id} is not this worker's any more")]
    Lost { id: JobId },
    /// Something given is outside its limits.
    #[error("{what}")]
    Invalid { what: String },
    /// A payload or a result has no canonical bytes.
    #[error("{what} has no canonical bytes")]
    Canonical {
        what: &'static str,
        #[source]
        source: CanonicalError,
    },
    /// What is stored is not what was written.
    #[error("job {id} is damaged: {what}")]
    Damaged { id: JobId, what: &'static str },
    /// The database did not do it.
    #[error("cannot use the job queue in the database")]
    Database(#[source] DatabaseError),
}

impl JobError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "job_lost",
            Self::Invalid { .. } => "job_invalid",
            Self::Canonical { .. } => "job_not_canonical",
            Self::Damaged { .. } => "job_damaged",
            Self::Database(trouble) => trouble.code(),
        }
    }
}

impl From<DatabaseError> for JobError {
    fn from(trouble: DatabaseError) -> Self {
        Self::Database(trouble)
    }
}
