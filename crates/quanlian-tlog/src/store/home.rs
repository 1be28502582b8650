//! Where the parts of one log are: tiles, write-ahead log, lock record, signed size.
//!
//! In:  a data folder, or a lock record from elsewhere.
//! Out: [`LogHome`], which [`crate::log::Log`] opens.
//!
//! | path | holds | in a backup |
//! |---|---|---|
//! | `log/public/` | tiles, entry bundles, the published checkpoint | yes |
//! | `log/private/wal/` | the write-ahead log | yes |
//! | `log.head` | the lock record, unless it is kept elsewhere | the newest only; never put back an older one |
//! | `log.lock` | where it is kept; no file means `log.head` | yes |
//! | `log.key.signed` | what the key has signed, beside the key `log.key` | as `log.head` |

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use quanlian_lock::Held;

use super::{FileStore, StoreError, TileStore};
use crate::{
    disk::{Disk, SystemDisk},
    lock_record::{self, FileLockRecord, LockPlace, LockRecord},
};

/// The folder of the log below the data folder.
pub(super) const LOG: &str = "log";
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
    /// Where `lock_record` is.
    pub(crate) lock_place: LockPlace,
    /// Where the folder says that it is.
    pub(crate) remembered: LockPlace,
    pub(crate) data: PathBuf,
    pub(crate) signed_size: PathBuf,
    /// Keeps other writers out.
    pub(crate) in_use: Option<Held>,
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
    ///
    /// The folder remembers the place. A log that has been signed does not change it:
    /// [`lock_record::move_lock_record`] does. A place that is refused is not opened.
    pub fn with_lock_record<E: From<StoreError>>(
        mut self,
        place: LockPlace,
        open: impl FnOnce() -> Result<Box<dyn LockRecord>, E>,
    ) -> Result<Self, E> {
        self.require_free_to_choose(&place)?;
        self.lock_record = open()?;
        Ok(self.at(place)?)
    }

    /// Keeps the lock record in the file of the folder, which is the default.
    pub fn with_lock_file(self) -> Result<Self, StoreError> {
        let place = LockPlace::file();
        self.require_free_to_choose(&place)?;
        if self.lock_place != place {
            return Err(StoreError::LockElsewhere {
                remembered: self.lock_place.name().to_owned(),
                named: place.name().to_owned(),
            });
        }
        self.at(place)
    }

    fn require_free_to_choose(&self, place: &LockPlace) -> Result<(), StoreError> {
        if self.was_signed()? {
            self.remembered.require(place)?;
        }
        Ok(())
    }

    fn at(mut self, place: LockPlace) -> Result<Self, StoreError> {
        if self.remembered != place {
            place.remember(&self.disk, &self.data)?;
            self.remembered = place.clone();
        }
        self.lock_place = place;
        Ok(self)
    }

    /// Where the folder keeps its lock record.
    pub fn remembered_place(&self) -> &LockPlace {
        &self.remembered
    }

    /// Refuses a lock record from another place than the folder remembers.
    pub(crate) fn require_remembered_place(&self) -> Result<(), StoreError> {
        self.remembered.require(&self.lock_place)
    }

    /// Whether anything here says that the key has signed, without asking the lock record.
    fn was_signed(&self) -> Result<bool, StoreError> {
        for path in [&self.signed_size, &self.head_path()] {
            if lock_record::read_record(&*self.disk, path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(self.tiles.published_checkpoint()?.is_some())
    }

    /// The lock record as a file.
    pub(crate) fn head_path(&self) -> PathBuf {
        self.data.join(LOCK_RECORD)
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
            lock_place: LockPlace::file(),
            remembered: LockPlace::remembered(data)?,
            data: data.to_owned(),
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
            lock_place: LockPlace::file(),
            remembered: LockPlace::file(),
            data: data.to_owned(),
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
        LockPlace::remembered(data)?.require(&LockPlace::file())?;
        Self::on(Arc::new(SystemDisk), FileStore::beside(&data.join(LOG)), data)
    }

    /// The same, with the lock record from elsewhere.
    pub(crate) fn beside_with(
        data: &Path,
        place: &LockPlace,
        lock_record: &dyn LockRecord,
    ) -> Result<Self, StoreError> {
        LockPlace::remembered(data)?.require(place)?;
        let tiles = FileStore::beside(&data.join(LOG));
        Self::of(Arc::new(SystemDisk), tiles, data, || lock_record.load())
    }

    /// The same layout on another disk.
    #[cfg(test)]
    pub(crate) fn simulated(disk: &Arc<dyn Disk>, data: &Path) -> Result<Self, StoreError> {
        Self::on(disk.clone(), FileStore::on(disk.clone(), &data.join(LOG)), data)
    }

    fn on(disk: Arc<dyn Disk>, tiles: FileStore, data: &Path) -> Result<Self, StoreError> {
        let read = disk.clone();
        Self::of(disk, tiles, data, || {
            lock_record::read_record(&*read, &data.join(LOCK_RECORD))
        })
    }

    fn of(
        disk: Arc<dyn Disk>,
        tiles: FileStore,
        data: &Path,
        lock_record: impl FnOnce() -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Self, StoreError> {
        let published = tiles.published_checkpoint()?;
        let lock_record = lock_record()?;
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
