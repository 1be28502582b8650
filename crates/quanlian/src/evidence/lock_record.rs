//! The lock record of a log: what a person and the environment say about its place.
//!
//! In:  `--lock`, or what the folder of the log remembers; secrets from the environment.
//! Out: the home of a log with the record that belongs to it.
//!
//! | variable | holds |
//! |---|---|
//! | `QUANLIAN_LOCK` | as `--lock` |
//! | `QUANLIAN_LOCK_PASSWORD` | the password of the PostgreSQL user |
//! | `QUANLIAN_LOCK_PASSWORD_TO` | that of the new place in `log move-lock`, where it is another |
//! | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, … | the key to the bucket |
//! | `AWS_ENDPOINT_URL` | the S3 server, where the address names none |
//!
//! Invariant: what stands in a variable for a secret is never printed.

use std::path::Path;

use anyhow::Context as _;
use quanlian_store::lock::{LockAddress, Secrets, take_home};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    fsck::{FsckReport, fsck as check, fsck_with},
    lock_record::{LockPlace, move_lock_record},
    log::LogError,
    note::VerifierKey,
    store::{LogHome, StoreError},
};

use crate::cli::LockChoice;

/// The place that a person names.
pub(crate) fn named(choice: &LockChoice) -> anyhow::Result<Option<LockAddress>> {
    choice.lock.as_deref().map(parse).transpose()
}

/// An address, with the server of a bucket from the environment where it names none.
pub(crate) fn parse(text: &str) -> anyhow::Result<LockAddress> {
    // The text is not repeated: there may be a secret in it.
    let address = LockAddress::parse(text).context("the place of the lock record cannot be used")?;
    let LockAddress::S3(bucket) = address else {
        return Ok(address);
    };
    let endpoint = variable("AWS_ENDPOINT_URL");
    let bucket = bucket
        .or_endpoint(endpoint.as_deref())
        .context("AWS_ENDPOINT_URL cannot be used")?;
    Ok(LockAddress::S3(bucket))
}

/// What opens the servers.
pub(crate) fn secrets() -> Secrets {
    Secrets {
        password: variable("QUANLIAN_LOCK_PASSWORD"),
        s3: None,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether an error with this code is a wrong place that somebody named, not a failure of the system.
pub(crate) fn is_mistake(code: &str) -> bool {
    ["log_lock_elsewhere", "log_lock_moved_away"].contains(&code)
}

/// The home of a log that is there, with the record that belongs to it.
pub(crate) fn home_of(data: &Path, named: Option<&LockAddress>, origin: &str) -> Result<LogHome, StoreError> {
    take_home(LogHome::open(data)?, named, origin, &secrets())
}

/// The full check, wherever the lock record is.
pub(crate) fn fsck(
    data: &Path,
    key: &VerifierKey,
    named: Option<LockAddress>,
) -> Result<FsckReport, LogError> {
    let remembered = LockPlace::remembered(data)?;
    let address = match named {
        Some(named) => named,
        None => LockAddress::of(&remembered)?,
    };
    let place = address.place();
    if remembered.is_file() && place.is_file() {
        return check(data, key);
    }
    if remembered.name() != place.name() {
        return Err(StoreError::LockElsewhere {
            remembered: remembered.name().to_owned(),
            named: place.name().to_owned(),
        }
        .into());
    }
    let record = address.open_to_read(key.name(), &secrets())?;
    fsck_with(data, key, &place, &*record)
}

/// Moves the lock record of a log.
pub(crate) fn move_to(
    data: &Path,
    key: &VerifierKey,
    to: &LockAddress,
) -> Result<SignedCheckpoint, LogError> {
    let mut home = home_of(data, None, key.name())?;
    let is_there = home.remembered_place().name() == to.name();
    let record = if *to == LockAddress::File || is_there {
        None
    } else {
        let mut secrets = secrets();
        if let Some(password) = variable("QUANLIAN_LOCK_PASSWORD_TO") {
            secrets.password = Some(password);
        }
        Some(to.open(key.name(), &secrets)?)
    };
    move_lock_record(&mut home, to.place(), record, key)
}
