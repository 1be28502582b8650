//! The behaviour of the stores: one suite per port, run against every implementation, and what only one of them can
//! suffer (damaged files, other processes, missing folders).

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test panics, and says what it skipped"
)]

mod accounts;
mod bucket;
mod databases;
mod failing;
mod files;
mod folder;
mod jobs;
mod lock;
mod matters;
mod moving;
mod objects;
mod postgres;
mod processes;
mod records;
mod snapshot;
mod sqlite;
mod telling;
mod trail;
mod upgrade;
