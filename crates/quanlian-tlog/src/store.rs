//! The port to the tile store, and the folder in which a log lives.
//!
//! In:  immutable objects by path, and the published checkpoint.
//! Out: the same, after a crash at any moment.
//!
//! Everything behind [`TileStore`] may be copied, cached and served to anyone: it holds
//! nothing that decides what the log may sign. That is the lock record's
//! ([`crate::lock_record`]) and the key's.

mod file;
mod home;

use std::{io, path::PathBuf};

pub use file::FileStore;
pub(crate) use file::{io_error, replace};
pub use home::LogHome;
pub(crate) use home::Parts;

/// The tiles of the log in a data folder, to be read while another process may be writing to them.
pub(crate) fn beside(data: &std::path::Path) -> FileStore {
    FileStore::beside(&data.join(home::LOG))
}

pub use crate::key_file::{KeyFileError, create_key_file, load_key_file};
use crate::{lock_record::LockFault, tile::Tiles};

/// The longest checkpoint or lock record that is read back, in bytes.
pub(crate) const MAX_CHECKPOINT_BYTES: u64 = 1 << 20;

/// Durable storage of the tiles of one log, held by one writer.
///
/// Every method that writes returns only when what it wrote survives a loss of power.
/// After an error the caller must assume nothing about what is on disk; it drops the
/// store and opens it again.
pub trait TileStore: Send + Sync {
    /// The object at `path`, or `None`; refuses to read more than `limit_bytes`.
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Lets the next [`Self::read`] of the object answer from where it survives a loss of
    /// power, past every cache that can be avoided.
    fn forget(&self, path: &str) -> Result<(), StoreError>;

    /// Writes objects that will never change. Writing the same content again is allowed,
    /// and makes it durable anew; other content under an existing path is a
    /// [`StoreError::Conflict`] and leaves all objects as they were.
    fn publish(&self, objects: &Tiles) -> Result<(), StoreError>;

    /// Removes the partial tiles that are prefixes of the full tile at `path`, as tlog-tiles
    /// allows. Readers fall back to the full tile.
    fn prune_partials(&self, path: &str) -> Result<(), StoreError>;

    /// The checkpoint that readers see.
    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the checkpoint that readers see.
    fn publish_checkpoint(&self, note: &[u8]) -> Result<(), StoreError>;
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
    /// The place of the lock record does not serve.
    #[error("the lock record in {place} {fault}")]
    LockRecord {
        place: String,
        fault: LockFault,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder keeps its lock record somewhere else.
    #[error(
        "the lock record of this log is in {remembered}, not in {named}; name {remembered}, or move it with `log move-lock`"
    )]
    LockElsewhere { remembered: String, named: String },
    /// The lock record was moved, and this folder does not know it.
    #[error(
        "the lock record was moved to {to}; `log move-lock` with that place finishes the move, and a copy of the folder from before it is out of date"
    )]
    LockMovedAway { to: String },
    /// The file that remembers the place of the lock record is damaged.
    #[error("{} does not say where the lock record is; put it back from a copy", .0.display())]
    LockMemory(PathBuf),
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
            Self::LockRecord { fault, .. } => fault.code(),
            Self::LockElsewhere { .. } => "log_lock_elsewhere",
            Self::LockMovedAway { .. } => "log_lock_moved_away",
            Self::LockMemory(_) => "log_lock_memory",
        }
    }
}
