//! Version 3: the job queue.
//!
//! In:  a database of version 2.
//! Out: the table that `jobs` works on.
//!
//! `ready_at` is the one instant by which a job is found: when it may begin, or when the lease of whoever works on it
//! ends. Jobs that ended have none that ever comes.

use super::migration;

migration! {
    /// Jobs.
    Jobs0003 = "0003_jobs": UP, DOWN
}

const UP: [&str; 4] = [
    "CREATE TABLE jobs (
        id {uuid} NOT NULL PRIMARY KEY,
        kind {plain} NOT NULL,
        payload TEXT NOT NULL,
        priority BIGINT NOT NULL,
        dedup_key {plain},
        state {plain} NOT NULL,
        made_at BIGINT NOT NULL,
        ready_at BIGINT NOT NULL,
        lease BIGINT NOT NULL,
        worker {plain},
        attempts BIGINT NOT NULL,
        max_attempts BIGINT NOT NULL,
        backoff_micros BIGINT NOT NULL,
        done BIGINT NOT NULL,
        total BIGINT NOT NULL,
        text_key {plain} NOT NULL,
        checkpoint {bytes},
        cancel_asked_at BIGINT,
        error TEXT,
        result TEXT,
        ended_at BIGINT
    )",
    "CREATE INDEX ix_jobs_ready ON jobs (state, priority, ready_at, id)",
    "CREATE INDEX ix_jobs_made ON jobs (made_at, id)",
    // Two jobs of one key may stand in the queue only one after the other.
    "CREATE UNIQUE INDEX ix_jobs_dedup ON jobs (kind, dedup_key) WHERE state IN ('waiting', 'running')",
];

const DOWN: [&str; 1] = ["DROP TABLE jobs"];
