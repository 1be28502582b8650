//! The worker of a platform: deposits files in the evidence log and does what was asked for in matters.
//!
//! In:  files without a receipt; jobs of the queue.
//! Out: receipts; files that the jobs made, and what they came to.
//!
//! | part | does |
//! |---|---|
//! | `room` | holds the evidence log on a thread of its own |
//! | `desk` | the folder of one job, the files that it works on, and what it makes |
//! | `deposits` | puts every file into the log |
//! | `comparing`, `assessing`, `papers`, `bundling` | the four kinds of work |
//!
//! Invariants: a job that fails is tried again by the queue, and one that met an outage is given back and loses no attempt; one that cannot be done for a reason of its matter ends with that
//! reason ([`Refusal`]) and is not tried again. A worker that is asked to stop gives its job back.
//!
//! Not here: who may ask for what (`quanlian-server`), leases (`quanlian-store::jobs`).

mod assessing;
mod bundling;
mod comparing;
mod deposits;
mod desk;
pub(crate) mod papers;
pub(crate) mod room;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Context;
use quanlian_record::{id::FileId, time::Timestamp};
use quanlian_server::{
    platform::{Filing, Platform},
    work::{Assignment, Task},
};
use quanlian_store::{
    Database, JobQueue as _,
    files::FileError,
    jobs::{Beat, Job, JobError, Lease, Leasing, Progress, Report},
    matters::Code,
    objects::{GetError, PutError},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use comparing::Steps;
use desk::Desk;
use room::RoomHandle;

/// How often a running job reports.
const REPORT_EVERY: Duration = Duration::from_millis(500);
/// How often a worker looks for something to do, if nobody calls it.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a job rests after the database or the store did not answer.
const OUTAGE_PAUSE: Duration = Duration::from_secs(2);
/// How often uploads whose time ran out are looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Why something asked for cannot be done; trying again would not help.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn of(code: &'static str, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) store: Database,
    pub(crate) filing: Arc<Filing>,
    pub(crate) room: RoomHandle,
    /// Its folder on this disk, where it may write what it likes.
    pub(crate) work: PathBuf,
    pub(crate) platform: Platform,
    /// How long a job stays with a worker of which nothing is heard.
    pub(crate) lease: Duration,
}

impl Worker {
    /// Works until `stop` says so; what runs then is given back or ended.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let deposits = tokio::spawn(self.clone().deposit_all(stop.clone()));
        let sweeps = tokio::spawn(self.clone().sweep(stop.clone()));
        let worked = self.work_on_jobs(stop).await;
        deposits.await?;
        sweeps.await?;
        worked
    }

    async fn deposit_all(self, mut stop: watch::Receiver<bool>) {
        let mut troubled: BTreeSet<FileId> = BTreeSet::new();
        let mut since = tokio::time::Instant::now();
        while !*stop.borrow() {
            let done =
                deposits::round(&self.store, &self.filing, &self.work, &self.room, &mut troubled).await;
            if since.elapsed() > deposits::patience() {
                troubled.clear();
                since = tokio::time::Instant::now();
            }
            match done {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::error!(error = format!("{error:#}"), "deposits wait"),
            }
            wait(LOOK_EVERY, &mut stop).await;
        }
    }

    async fn sweep(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.platform.sweep().await {
                tracing::error!(?error, "uploads were not swept");
            }
            wait(SWEEP_EVERY, &mut stop).await;
        }
    }

    async fn work_on_jobs(&self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let name = format!("worker-{}", uuid_of_process()?);
        let worker = Code::parse(&name)?;
        let kinds: Vec<Code> = Task::KINDS
            .iter()
            .map(|kind| Code::parse(kind))
            .collect::<Result<_, _>>()?;
        while !*stop.borrow() {
            let called = self.platform.work_waits().notified();
            let now = Timestamp::now();
            let leasing = Leasing {
                worker: worker.clone(),
                kinds: kinds.clone(),
                now,
                until: later(now, self.lease)?,
            };
            match self.store.lease(&leasing).await {
                Ok(Some((lease, job))) => self.work_on(lease, job, &mut stop).await,
                Ok(None) => {
                    tokio::select! {
                        () = called => {}
                        () = wait(LOOK_EVERY, &mut stop) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(?error, "no job could be taken");
                    wait(LOOK_EVERY, &mut stop).await;
                }
            }
        }
        Ok(())
    }

    /// Does a job while reporting, and ends it one way or the other.
    async fn work_on(&self, lease: Lease, job: Job, stop: &mut watch::Receiver<bool>) {
        let steps = Arc::new(Steps::default());
        let text_key = format!("progress.{}", job.kind);
        let (id, kind) = (job.id, job.kind.clone());
        let mut work = tokio::spawn(self.clone().task(job, Arc::clone(&steps)));
        let (mut is_asked_to_end, mut is_stopping) = (false, false);
        let outcome = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(REPORT_EVERY) => {
                    let report = Report {
                        until: match later(Timestamp::now(), self.lease) { Ok(until) => until, Err(_) => continue },
                        progress: Progress {
                            done: steps.done.load(Ordering::SeqCst),
                            total: steps.total.load(Ordering::SeqCst),
                            text_key: text_key.clone(),
                        },
                        checkpoint: None,
                    };
                    match self.store.report(lease, &report).await {
                        Ok(Beat::GoOn) => {}
                        Ok(Beat::Stop) => is_asked_to_end = true,
                        Err(JobError::Lost { .. }) => {
                            tracing::warn!(job = %id, "another worker has the job");
                            steps.is_stopped.store(true, Ordering::SeqCst);
                        }
                        Err(error) => tracing::error!(job = %id, ?error, "a job could not report"),
                    }
                    is_stopping |= *stop.borrow();
                    if is_asked_to_end || is_stopping {
                        steps.is_stopped.store(true, Ordering::SeqCst);
                    }
                }
            }
        };
        let now = Timestamp::now();
        let was_stopped = steps.is_stopped.load(Ordering::SeqCst);
        let ended = match outcome {
            Ok(Ok(Err(_))) if was_stopped && is_asked_to_end => self.store.stopped(lease, now).await,
            Ok(Ok(Err(_))) if was_stopped => self.store.give_back(lease, now).await,
            Ok(Ok(Err(refusal))) => {
                let result = json!({"refused": {"code": refusal.code, "message": refusal.message}});
                self.store.complete(lease, &result, now).await
            }
            Ok(Ok(Ok(result))) => self.store.complete(lease, &result, now).await,
            Ok(Err(error)) if is_outage(&error) => {
                tracing::warn!(job = %id, %kind, error = format!("{error:#}"), "a job waits for the database or the store");
                wait(OUTAGE_PAUSE, stop).await;
                self.store.give_back(lease, Timestamp::now()).await
            }
            Ok(Err(error)) => {
                let why = format!("{error:#}");
                tracing::error!(job = %id, %kind, error = why, "a job failed");
                self.store.fail(lease, &why, now).await.map(drop)
            }
            Err(panicked) => {
                tracing::error!(job = %id, %kind, error = %panicked, "a job broke off");
                self.store.fail(lease, "the work broke off", now).await.map(drop)
            }
        };
        if let Err(error) = ended {
            // The lease runs out, and the job is done again.
            tracing::error!(job = %id, ?error, "the end of a job was not kept");
        }
    }

    async fn task(self, job: Job, steps: Arc<Steps>) -> anyhow::Result<Result<Value, Refusal>> {
        let assignment: Assignment =
            serde_json::from_value(job.payload).context("the job was written by another version")?;
        let desk = Desk::new(
            &self.store,
            &self.filing,
            &self.work,
            assignment.matter,
            Some(job.id),
            assignment.by.clone(),
        )
        .await?;
        let done = match &assignment.task {
            Task::Match {} => comparing::run(&desk, &steps).await,
            Task::Assess { case } => assessing::run(&desk, case, assignment.left_out.as_ref()).await,
            Task::Paper { paper, text } => {
                let sheet = assignment.sheet.as_ref().context("a paper without a sheet")?;
                let made = papers::run(&desk, &job.id.to_string(), paper, text, sheet).await;
                made.map(Ok)
            }
            Task::Bundle { files } => {
                let by = assignment.by.as_str();
                bundling::run(&desk, &self.store, &self.filing, &self.room, by, files).await
            }
        };
        desk.clear().await?;
        done
    }
}

/// Whether database or store did not answer: the job is not to blame, and is done when they are back.
fn is_outage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(FileError::Database(_)))
            || matches!(cause.downcast_ref(), Some(GetError::Store { .. }))
            || matches!(cause.downcast_ref(), Some(PutError::Store(_) | PutError::Full(_)))
    })
}

fn uuid_of_process() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(hex::encode(bytes))
}

fn later(now: Timestamp, by: Duration) -> anyhow::Result<Timestamp> {
    let micros = i64::try_from(by.as_micros())?;
    Ok(Timestamp::from_unix_micros(
        now.unix_micros().saturating_add(micros),
    )?)
}

/// Waits, or less long when it is time to stop.
async fn wait(time: Duration, stop: &mut watch::Receiver<bool>) {
    if *stop.borrow() {
        return;
    }
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = stop.changed() => {}
    }
}
