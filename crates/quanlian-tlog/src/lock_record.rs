//! The lock record: the newest checkpoint that was ever signed, outside the tile store.
//!
//! In:  the record that the writer believes to be there, and the next one.
//! Out: the next one, durable, and only if the first was still there.
//!
//! Who trusts what: tiles and the published checkpoint may be copied, cached and served to
//! anyone. The lock record decides what the log has signed. Whoever can change it can make
//! the log sign two histories, so it is kept apart from them and never goes back.
//!
//! Not here: lock records in databases (`quanlian-store`).

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    disk::{Disk, SystemDisk},
    store::{MAX_CHECKPOINT_BYTES, StoreError, io_error, replace},
};

/// Where the lock record of one log is kept.
///
/// Both methods return only what survives a loss of power. After an error the caller
/// assumes nothing; it opens the log again and asks.
pub trait LockRecord: Send {
    /// The record, or `None` when the log has never been signed.
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the record if it still is `expected`; otherwise it stays as it is and the
    /// answer is [`StoreError::LockRecordMoved`]. One act: nobody comes in between.
    fn swap(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError>;
}

/// The lock record in a local file: the default, for a log with one writer on one machine.
///
/// Compare and swap are one act because the file beside it, `<name>.in-use`, is locked for
/// as long as this value lives, also against a copy of the log elsewhere.
#[derive(Debug)]
pub struct FileLockRecord {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Locked until dropped; a simulated disk has no second process.
    _in_use: Option<File>,
}

impl FileLockRecord {
    /// Takes the record at `path`; it need not exist yet, its folder must.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".in-use");
        Ok(Self {
            disk: Arc::new(SystemDisk),
            path: path.to_owned(),
            _in_use: Some(take(Path::new(&name))?),
        })
    }

    #[cfg(test)]
    pub(crate) fn on(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self {
            disk,
            path: path.to_owned(),
            _in_use: None,
        }
    }
}

impl LockRecord for FileLockRecord {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read_record(&*self.disk, &self.path)
    }

    fn swap(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        if self.load()?.as_deref() != expected {
            return Err(StoreError::LockRecordMoved);
        }
        replace(&*self.disk, &self.path, next)
    }
}

/// Reads the record at `path` without taking it, for a check beside a running log.
pub(crate) fn read_record(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    disk.read(path, MAX_CHECKPOINT_BYTES)
        .map_err(|source| io_error("read", path, source))
}

/// Opens and locks a file that says that something is in use.
pub(crate) fn take(path: &Path) -> Result<File, StoreError> {
    let in_use = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| io_error("open", path, source))?;
    match in_use.try_lock() {
        Ok(()) => Ok(in_use),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.parent().unwrap_or(path).to_owned())),
        Err(TryLockError::Error(source)) => Err(io_error("lock", path, source)),
    }
}
