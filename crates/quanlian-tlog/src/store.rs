//! The port to durable storage.
//!
//! In:  immutable objects by path, one lock record, one staged batch, the published checkpoint.
//! Out: the same, after a crash at any moment.
//!
//! Who trusts what: the objects and the published checkpoint may be copied, cached and
//! served to anyone. The lock record decides what the log has signed. Whoever can change
//! the lock record can make the log sign two histories, so it is kept apart from them.
//! A write-ahead log, witnesses' answers and time stamps (issue 4) become further
//! objects and a cheaper `stage` behind this same trait.

mod file;
#[cfg(test)]
pub(crate) mod memory;

use std::{io, path::PathBuf};

pub use file::FileStore;

pub use crate::key_file::{KeyFileError, create_key_file, load_key_file};
use crate::tile::Tiles;

/// Durable storage for one log, held by one writer.
///
/// Every method that writes returns only when what it wrote survives a loss of power.
/// After an error the caller must assume nothing about what is on disk; it drops the
/// store and opens it again.
pub trait TileStore {
    /// The object at `path`, or `None`; refuses to read more than `limit_bytes`.
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes objects that will never change. Writing the same content again is allowed,
    /// and makes it durable anew; other content under an existing path is a
    /// [`StoreError::Conflict`] and leaves all objects as they were.
    fn publish(&mut self, objects: &Tiles) -> Result<(), StoreError>;

    /// Removes the partial tiles that are prefixes of the full tile at `path`, as tlog-tiles
    /// allows. Readers fall back to the full tile.
    fn prune_partials(&mut self, path: &str) -> Result<(), StoreError>;

    /// Keeps the batch that is about to be committed, in place of the one before.
    fn stage(&mut self, batch: &[u8]) -> Result<(), StoreError>;

    /// The batch staged last.
    fn staged(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// The lock record: the newest checkpoint that was ever signed.
    fn lock_record(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the lock record, if it still is `expected`.
    fn swap_lock_record(&mut self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError>;

    /// The checkpoint that readers see.
    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the checkpoint that readers see.
    fn publish_checkpoint(&mut self, note: &[u8]) -> Result<(), StoreError>;
}

/// Why storage refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {act} {path}", path = path.display())]
    Io {
        act: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Another process writes to this log.
    #[error("another process is using the log in {}", .0.display())]
    InUse(PathBuf),
    /// The folder holds no log.
    #[error("there is no log in {}", .0.display())]
    Missing(PathBuf),
    /// An object exists with other content; somebody has changed the folder.
    #[error("`{0}` already exists with other content; nothing was written")]
    Conflict(String),
    /// An object is larger than one of its kind can be.
    #[error("`{path}` is larger than {limit_bytes} bytes")]
    TooLarge { path: String, limit_bytes: u64 },
    /// The lock record is not what this writer left there.
    #[error("somebody else has moved the head of the log")]
    LockRecordMoved,
}

impl StoreError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "log_store_io",
            Self::InUse(_) => "log_in_use",
            Self::Missing(_) => "log_missing",
            Self::Conflict(_) => "log_store_conflict",
            Self::TooLarge { .. } => "log_store_too_large",
            Self::LockRecordMoved => "log_lock_record_moved",
        }
    }
}
