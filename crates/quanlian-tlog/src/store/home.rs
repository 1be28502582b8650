//! Where the parts of one log are: tiles, write-ahead log, lock record, signed size.
//!
//! In:  a data folder, or a lock record from elsewhere.
//! Out: [`LogHome`], which [`crate::log::Log`] opens.
//!
//! | path | holds | in a backup |
//! |---|---|---|
//! | `log/public/` | tiles, entry bundles, the published checkpoint | yes |
//! | `log/private/wal/` | the write-ahead log | yes |
//! | `log.head` | the lock record | the newest only; never put back an older one |
//! | `log.key.signed` | what the key has signed, beside the key `log.key` | as `log.head` |

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{FileStore, StoreError, TileStore};
use crate::{
    disk::{Disk, SystemDisk},
    lock_record::{self, FileLockRecord, LockRecord},
};

/// The folder of the log below the data folder.
const LOG: &str = "log";
/// The lock record, outside the folder of the log.
const LOCK_RECORD: &str = "log.head";
/// What the key has signed, beside the key.
const SIGNED_SIZE: &str = "log.key.signed";

/// The parts of one log, taken for writing by this process.
pub struct LogHome {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) tiles: Arc<dyn TileStore>,
    pub(crate) wal_folder: PathBuf,
    pub(crate) lock_record: Box<dyn LockRecord>,
    pub(crate) signed_size: PathBuf,
    /// Keeps other writers out.
    pub(crate) in_use: Option<File>,
}

impl LogHome {
    /// Takes the log in a data folder; makes the folders when there are none.
    pub fn create(data: &Path) -> Result<Self, StoreError> {
        Self::local(data, FileStore::create(&data.join(LOG))?)
    }

    /// Takes the log in a data folder.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        Self::local(data, FileStore::open(&data.join(LOG))?)
    }

    /// Keeps the lock record somewhere else: in a database that other machines share.
    #[must_use]
    pub fn with_lock_record(mut self, lock_record: Box<dyn LockRecord>) -> Self {
        self.lock_record = lock_record;
        self
    }

    /// Whether nothing was ever signed here.
    pub fn is_unused(&self) -> Result<bool, StoreError> {
        Ok(self.lock_record.load()?.is_none() && self.tiles.published_checkpoint()?.is_none())
    }

    fn local(data: &Path, mut tiles: FileStore) -> Result<Self, StoreError> {
        Ok(Self {
            in_use: tiles.take_lock(),
            disk: Arc::new(SystemDisk),
            tiles: Arc::new(tiles),
            wal_folder: wal_folder(data),
            lock_record: Box::new(FileLockRecord::open(&data.join(LOCK_RECORD))?),
            signed_size: data.join(SIGNED_SIZE),
        })
    }

    /// The same layout on another disk.
    #[cfg(test)]
    pub(crate) fn on(disk: &Arc<dyn Disk>, data: &Path) -> Self {
        Self {
            in_use: None,
            disk: disk.clone(),
            tiles: Arc::new(FileStore::on(disk.clone(), &data.join(LOG))),
            wal_folder: wal_folder(data),
            lock_record: Box::new(FileLockRecord::on(disk.clone(), &data.join(LOCK_RECORD))),
            signed_size: data.join(SIGNED_SIZE),
        }
    }
}

/// What a check reads: nothing is taken, nothing is written.
pub(crate) struct Parts {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) tiles: Arc<dyn TileStore>,
    pub(crate) wal_folder: PathBuf,
    /// Read before the lock record, which a running log moves first.
    pub(crate) published: Option<Vec<u8>>,
    pub(crate) lock_record: Option<Vec<u8>>,
    pub(crate) signed_size: PathBuf,
}

impl Parts {
    /// The parts of the log in a data folder, which another process may be writing to.
    pub(crate) fn beside(data: &Path) -> Result<Self, StoreError> {
        Self::on(Arc::new(SystemDisk), FileStore::beside(&data.join(LOG)), data)
    }

    /// The same layout on another disk.
    #[cfg(test)]
    pub(crate) fn simulated(disk: &Arc<dyn Disk>, data: &Path) -> Result<Self, StoreError> {
        Self::on(disk.clone(), FileStore::on(disk.clone(), &data.join(LOG)), data)
    }

    fn on(disk: Arc<dyn Disk>, tiles: FileStore, data: &Path) -> Result<Self, StoreError> {
        let published = tiles.published_checkpoint()?;
        let lock_record = lock_record::read_record(&*disk, &data.join(LOCK_RECORD))?;
        Ok(Self {
            disk,
            tiles: Arc::new(tiles),
            wal_folder: wal_folder(data),
            published,
            lock_record,
            signed_size: data.join(SIGNED_SIZE),
        })
    }
}

fn wal_folder(data: &Path) -> PathBuf {
    data.join(LOG).join("private").join("wal")
}
