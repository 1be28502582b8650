//! The job queue in a relational database.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`JobQueue`]: each step is one statement, which finds its job and changes it.
//!
//! On a server, workers pass over what another one is just taking (`SKIP LOCKED`); in SQLite one statement has the file
//! for itself.

use std::time::Duration;

use quanlian_record::{canonical, id::JobId, time::Timestamp};
use sea_orm::{QueryResult, TryGetable};
use serde_json::Value;

use super::{
    AfterFailure, Beat, Enqueued, Job, JobError, JobFilter, JobQueue, JobState, Lease, Leasing, MAX_ATTEMPTS,
    MAX_BACKOFF, MAX_CHECKPOINT_BYTES, MAX_ERROR_BYTES, MAX_PAGE_JOBS, MAX_PAYLOAD_BYTES, NewJob, Progress,
    Report,
};
use crate::{
    database::{Database, Kind, Sql, values, whole},
    matters::Code,
};

const COLUMNS: &str = "id, kind, subject, payload, priority, state, made_at, ready_at, lease, worker, attempts, max_attempts, \
     backoff_micros, done, total, text_key, checkpoint, cancel_asked_at, error, result, ended_at";
/// What stands in `error` of a job whose last worker never came back.
const LEASE_RAN_OUT: &str = "the last worker did not report in time";
/// A job with the same key may end between the look and the next try.
const ENQUEUE_TRIES: u32 = 5;
/// The key of words for progress is no longer than this.
const MAX_TEXT_KEY_BYTES: usize = 200;

impl JobQueue for Database {
    async fn enqueue(&self, job: &NewJob) -> Result<Enqueued, JobError> {
        let payload = text_of("a payload", &job.payload)?;
        if !(1..=MAX_ATTEMPTS).contains(&job.max_attempts) {
            let what = format!("a job is tried 1 to {MAX_ATTEMPTS} times");
            return Err(JobError::Invalid { what });
        }
        let insert = "INSERT INTO jobs (id, kind, payload, priority, dedup_key, state, made_at, ready_at, lease, \
             attempts, max_attempts, backoff_micros, done, total, text_key, subject) \
             VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, 0, 0, $8, $9, 0, 0, '', $10) ON CONFLICT DO NOTHING";
        let row = values![
            job.id.0,
            job.kind.as_str(),
            payload,
            i64::from(job.priority),
            job.dedup_key.as_ref().map(|key| key.as_str().to_owned()),
            job.at.unix_micros(),
            job.run_after.unix_micros(),
            i64::from(job.max_attempts),
            micros(job.backoff.min(MAX_BACKOFF)),
            job.subject.as_ref().map(|subject| subject.as_str().to_owned()),
        ];
        for _ in 0..ENQUEUE_TRIES {
            if self.run(Sql::with(insert, row.clone())).await? == 1 {
                return Ok(Enqueued::New);
            }
            let known = "SELECT id FROM jobs WHERE id = $1 OR (kind = $2 AND dedup_key = $3 \
                 AND state IN ('waiting', 'running')) ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1";
            let key = vec![row[0].clone(), row[1].clone(), row[4].clone()];
            if let Some(row) = self.one(Sql::with(known, key)).await? {
                return Ok(Enqueued::Known(JobId(column(self, &row, "id")?)));
            }
        }
        let what = "jobs of this key come and go too fast; try again".to_owned();
        Err(JobError::Invalid { what })
    }

    async fn lease(&self, leasing: &Leasing) -> Result<Option<(Lease, Job)>, JobError> {
        if leasing.kinds.is_empty() {
            return Ok(None);
        }
        bury(self, leasing.now).await?;
        let mut sql =
            Sql::new("WITH next AS MATERIALIZED (SELECT id FROM jobs WHERE state IN ('waiting', 'running')");
        sql.push(" AND ready_at <= ")
            .bind(leasing.now.unix_micros())
            .push(" AND kind IN (");
        let kinds = leasing.kinds.iter().take(MAX_PAGE_JOBS);
        sql.bind_all(kinds.map(|kind| kind.as_str().into()));
        sql.push(") ORDER BY priority DESC, ready_at, id LIMIT 1");
        if self.kind() == Kind::Postgres {
            sql.push(" FOR UPDATE SKIP LOCKED");
        }
        sql.push(
            ") UPDATE jobs SET state = 'running', lease = lease + 1, attempts = attempts + 1, worker = ",
        );
        sql.bind(leasing.worker.as_str())
            .push(", ready_at = ")
            .bind(leasing.until.unix_micros());
        sql.push(" WHERE id IN (SELECT id FROM next) RETURNING ")
            .push(COLUMNS);
        let rows = self.write_one(sql).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let job = job_of(self, row)?;
        let number: i64 = column(self, row, "lease")?;
        let lease = Lease {
            job: job.id,
            number: u64::try_from(number).unwrap_or(0),
        };
        Ok(Some((lease, job)))
    }

    async fn report(&self, lease: Lease, report: &Report) -> Result<Beat, JobError> {
        let size_bytes = report.checkpoint.as_ref().map_or(0, Vec::len);
        if size_bytes > MAX_CHECKPOINT_BYTES || report.progress.text_key.len() > MAX_TEXT_KEY_BYTES {
            let what = format!(
                "a checkpoint has at most {MAX_CHECKPOINT_BYTES} bytes, a text key {MAX_TEXT_KEY_BYTES}"
            );
            return Err(JobError::Invalid { what });
        }
        let mut sql = Sql::new("UPDATE jobs SET ready_at = ");
        sql.bind(report.until.unix_micros())
            .push(", done = ")
            .bind(whole(report.progress.done));
        sql.push(", total = ").bind(whole(report.progress.total));
        sql.push(", text_key = ")
            .bind(report.progress.text_key.replace('\0', ""));
        if let Some(checkpoint) = &report.checkpoint {
            sql.push(", checkpoint = ").bind(checkpoint.clone());
        }
        push_held(&mut sql, lease);
        sql.push(" RETURNING cancel_asked_at");
        let rows = self.write_one(sql).await?;
        let row = rows.first().ok_or(JobError::Lost { id: lease.job })?;
        let asked: Option<i64> = column(self, row, "cancel_asked_at")?;
        Ok(if asked.is_some() { Beat::Stop } else { Beat::GoOn })
    }

    async fn complete(&self, lease: Lease, result: &Value, now: Timestamp) -> Result<(), JobError> {
        let mut sql = Sql::new("UPDATE jobs SET state = 'done', error = NULL, result = ");
        sql.bind(text_of("a result", result)?)
            .push(", ended_at = ")
            .bind(now.unix_micros());
        end(self, sql, lease).await
    }

    async fn fail(&self, lease: Lease, error: &str, now: Timestamp) -> Result<AfterFailure, JobError> {
        let mut sql = Sql::new("SELECT attempts, max_attempts, backoff_micros, cancel_asked_at FROM jobs");
        push_held(&mut sql, lease);
        // Nobody but the holder of the lease changes these.
        let row = self.one(sql).await?.ok_or(JobError::Lost { id: lease.job })?;
        let attempts: i64 = column(self, &row, "attempts")?;
        let max_attempts: i64 = column(self, &row, "max_attempts")?;
        let backoff: i64 = column(self, &row, "backoff_micros")?;
        let cancelled: Option<i64> = column(self, &row, "cancel_asked_at")?;
        let mut sql = Sql::new("UPDATE jobs SET error = ");
        sql.bind(shortened(error));
        if attempts >= max_attempts {
            sql.push(", state = 'dead', ended_at = ").bind(now.unix_micros());
            end(self, sql, lease).await?;
            return Ok(AfterFailure::Dead);
        }
        let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(40);
        let pause = backoff
            .saturating_mul(1_i64 << doublings)
            .min(micros(MAX_BACKOFF));
        let again = now.unix_micros().saturating_add(pause);
        let again =
            Timestamp::from_unix_micros(again).map_err(|e| JobError::Invalid { what: e.to_string() })?;
        sql.push(", ready_at = ").bind(again.unix_micros());
        push_back(&mut sql, now);
        end(self, sql, lease).await?;
        Ok(match cancelled {
            Some(_) => AfterFailure::Cancelled,
            None => AfterFailure::Again(again),
        })
    }

    async fn stopped(&self, lease: Lease, now: Timestamp) -> Result<(), JobError> {
        let mut sql = Sql::new("UPDATE jobs SET state = 'cancelled', ended_at = ");
        sql.bind(now.unix_micros());
        end(self, sql, lease).await
    }

    async fn give_back(&self, lease: Lease, now: Timestamp) -> Result<(), JobError> {
        let mut sql = Sql::new("UPDATE jobs SET attempts = attempts - 1, ready_at = ");
        sql.bind(now.unix_micros());
        push_back(&mut sql, now);
        end(self, sql, lease).await
    }

    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<bool, JobError> {
        let cancel = "UPDATE jobs SET cancel_asked_at = COALESCE(cancel_asked_at, $2), \
             ended_at = CASE WHEN state = 'waiting' THEN $2 ELSE ended_at END, \
             state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END \
             WHERE id = $1 AND state IN ('waiting', 'running')";
        Ok(self
            .run(Sql::with(cancel, values![id.0, now.unix_micros()]))
            .await?
            == 1)
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(COLUMNS).push(" FROM jobs WHERE id = ").bind(id.0);
        self.one(sql).await?.map(|row| job_of(self, &row)).transpose()
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, JobError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(COLUMNS).push(" FROM jobs WHERE 1 = 1");
        if let Some(kind) = &filter.kind {
            sql.push(" AND kind = ").bind(kind.as_str());
        }
        if let Some(subject) = &filter.subject {
            sql.push(" AND subject = ").bind(subject.as_str());
        }
        if let Some(state) = filter.state {
            sql.push(" AND state = ").bind(state.word());
        }
        if let Some((at, id)) = filter.before {
            sql.push(" AND (made_at, id) < (")
                .bind(at.unix_micros())
                .push(", ")
                .bind(id.0)
                .push(")");
        }
        let limit = filter.limit.unwrap_or(50).clamp(1, MAX_PAGE_JOBS);
        sql.push(" ORDER BY made_at DESC, id DESC LIMIT ")
            .bind(whole(limit));
        let rows = self.all(sql).await?;
        rows.iter().map(|row| job_of(self, row)).collect()
    }

    async fn forget_jobs(&self, ended_before: Timestamp) -> Result<u64, JobError> {
        let forget = "DELETE FROM jobs WHERE state IN ('done', 'dead', 'cancelled') AND ended_at < $1";
        Ok(self
            .run(Sql::with(forget, values![ended_before.unix_micros()]))
            .await?)
    }
}

/// Ends jobs whose lease ran out and that are not to be begun again: they were cancelled, or had their last attempt.
async fn bury(database: &Database, now: Timestamp) -> Result<(), JobError> {
    let over =
        "state = 'running' AND ready_at <= $1 AND (attempts >= max_attempts OR cancel_asked_at IS NOT NULL)";
    // Most of the time there are none, and nobody need wait for a turn to write.
    let any = format!("SELECT 1 AS found FROM jobs WHERE {over} LIMIT 1");
    if database
        .one(Sql::with(&any, values![now.unix_micros()]))
        .await?
        .is_none()
    {
        return Ok(());
    }
    let bury = format!(
        "UPDATE jobs SET state = CASE WHEN cancel_asked_at IS NULL THEN 'dead' ELSE 'cancelled' END, \
         error = COALESCE(error, $2), ended_at = $1 WHERE {over}"
    );
    database
        .run(Sql::with(&bury, values![now.unix_micros(), LEASE_RAN_OUT]))
        .await?;
    Ok(())
}

/// Back into the queue, unless somebody asked for the end in the meantime.
fn push_back(sql: &mut Sql, now: Timestamp) {
    sql.push(", state = CASE WHEN cancel_asked_at IS NULL THEN 'waiting' ELSE 'cancelled' END");
    sql.push(", ended_at = CASE WHEN cancel_asked_at IS NULL THEN ended_at ELSE ");
    sql.bind(now.unix_micros()).push(" END");
}

/// That the job is still this lease's.
fn push_held(sql: &mut Sql, lease: Lease) {
    sql.push(" WHERE id = ").bind(lease.job.0);
    sql.push(" AND lease = ")
        .bind(whole(lease.number))
        .push(" AND state = 'running'");
}

async fn end(database: &Database, mut sql: Sql, lease: Lease) -> Result<(), JobError> {
    push_held(&mut sql, lease);
    match database.run(sql).await? {
        1 => Ok(()),
        _ => Err(JobError::Lost { id: lease.job }),
    }
}

fn text_of(what: &'static str, value: &Value) -> Result<String, JobError> {
    let bytes = canonical::to_bytes(value).map_err(|source| JobError::Canonical { what, source })?;
    let invalid = |why: &str| JobError::Invalid {
        what: format!("{what} {why}"),
    };
    if bytes.len() > MAX_PAYLOAD_BYTES {
        return Err(invalid(&format!(
            "has {} bytes, the limit is {MAX_PAYLOAD_BYTES}",
            bytes.len()
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid("is no text"))?;
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(invalid("is nested too deep")),
    }
}

/// As much of an error as is kept, without signs that a database takes not.
fn shortened(error: &str) -> String {
    let mut end = error.len().min(MAX_ERROR_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error[..end].replace('\0', "")
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn column<T: TryGetable>(database: &Database, row: &QueryResult, name: &str) -> Result<T, JobError> {
    row.try_get("", name)
        .map_err(|e| JobError::Database(database.trouble(e)))
}

fn job_of(database: &Database, row: &QueryResult) -> Result<Job, JobError> {
    let id = JobId(column(database, row, "id")?);
    let damaged = |what| JobError::Damaged { id, what };
    let text = |name: &str| column::<Option<String>>(database, row, name);
    let required = |name: &str| column::<String>(database, row, name);
    let number = |name: &str| column::<i64>(database, row, name);
    let count = |name: &str| Ok::<_, JobError>(u32::try_from(number(name)?).unwrap_or(u32::MAX));
    let instant = |micros: i64| {
        Timestamp::from_unix_micros(micros).map_err(|_| damaged("an instant is outside the calendar"))
    };
    let maybe = |name: &str| {
        column::<Option<i64>>(database, row, name)?
            .map(instant)
            .transpose()
    };
    let worker = text("worker")?.map(|name| Code::parse(&name));
    let subject = text("subject")?.map(|subject| Code::parse(&subject));
    let result = text("result")?.map(|text| serde_json::from_str(&text));
    Ok(Job {
        id,
        kind: Code::parse(&required("kind")?).map_err(|_| damaged("its kind is none"))?,
        subject: subject.transpose().map_err(|_| damaged("its subject is none"))?,
        payload: serde_json::from_str(&required("payload")?)
            .map_err(|_| damaged("its payload is no JSON"))?,
        priority: i32::try_from(number("priority")?).map_err(|_| damaged("its priority is none"))?,
        state: JobState::of_word(&required("state")?).ok_or(damaged("its state is none"))?,
        made_at: instant(number("made_at")?)?,
        ready_at: instant(number("ready_at")?)?,
        attempts: count("attempts")?,
        max_attempts: count("max_attempts")?,
        worker: worker.transpose().map_err(|_| damaged("its worker is none"))?,
        progress: Progress {
            done: u64::try_from(number("done")?).unwrap_or(0),
            total: u64::try_from(number("total")?).unwrap_or(0),
            text_key: required("text_key")?,
        },
        checkpoint: column(database, row, "checkpoint")?,
        cancel_asked_at: maybe("cancel_asked_at")?,
        error: text("error")?,
        result: result.transpose().map_err(|_| damaged("its result is no JSON"))?,
        ended_at: maybe("ended_at")?,
    })
}
