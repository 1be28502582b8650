//! Version 6: files of matters, uploads on their way, and what a job is about.
//!
//! In:  a database of version 5.
//! Out: the tables that `files` works on; a column of `jobs`.

use super::migration;

migration! {
    /// Files.
    Files0006 = "0006_files": UP, DOWN
}

const UP: [&str; 7] = [
    "CREATE TABLE matter_files (
        id {uuid} NOT NULL PRIMARY KEY,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        kind {plain} NOT NULL,
        name TEXT NOT NULL,
        paper {plain},
        sha256 {plain} NOT NULL,
        size_bytes BIGINT NOT NULL,
        copy_of {uuid},
        job_id {uuid},
        by_actor {plain} NOT NULL,
        at BIGINT NOT NULL,
        receipt TEXT,
        withdrawn_at BIGINT,
        withdrawn_by {plain},
        withdrawn_why TEXT
    )",
    "CREATE INDEX ix_matter_files_matter ON matter_files (matter_id, id)",
    // What waits for the log is few of many.
    "CREATE INDEX ix_matter_files_undeposited ON matter_files (id) WHERE receipt IS NULL",
    "CREATE TABLE uploads (
        id {uuid} NOT NULL PRIMARY KEY,
        matter_id {uuid} NOT NULL REFERENCES matters (id),
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        kind {plain} NOT NULL,
        name TEXT NOT NULL,
        sha256 {plain},
        size_bytes BIGINT NOT NULL,
        made_at BIGINT NOT NULL,
        until_at BIGINT NOT NULL,
        file_id {uuid}
    )",
    "CREATE INDEX ix_uploads_account ON uploads (account_id, until_at)",
    "ALTER TABLE jobs ADD COLUMN subject {plain}",
    "CREATE INDEX ix_jobs_subject ON jobs (subject, made_at, id)",
];

const DOWN: [&str; 4] = [
    "DROP INDEX ix_jobs_subject",
    "ALTER TABLE jobs DROP COLUMN subject",
    "DROP TABLE uploads",
    "DROP TABLE matter_files",
];
