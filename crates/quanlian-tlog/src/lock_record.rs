//! The lock record: the newest checkpoint that was ever signed, outside the tile store.
//!
//! In:  the record that the writer believes to be there, and the next one.
//! Out: the next one, durable, and only if the first was still there.
//!
//! Who trusts what: tiles and the published checkpoint may be copied, cached and served to
//! anyone. The lock record decides what the log has signed. Whoever can change it can make
//! the log sign two histories, so it is kept apart from them and never goes back.
//!
//! Here is the file and the row in SQLite. The records in PostgreSQL and in an S3 bucket are in
//! `quanlian-store`, because of what they bring along.

mod place;
mod sqlite;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use place::require_not_moved;
pub use place::{LockPlace, MAX_PLACE_BYTES, move_lock_record};
pub use sqlite::SqliteLockRecord;

use quanlian_lock::{Held, TakeError};

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

/// Why a place of lock records does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockFault {
    /// Nobody answers there.
    Unreachable,
    /// The name, the password or the rights do not suffice.
    Denied,
    /// It replaces what it should compare first.
    NoCompareAndSwap,
    /// It answers before what it wrote survives a loss of power.
    NotDurable,
    /// Whether the record was moved is not known: the answer was lost.
    Undetermined,
    /// It refused for another reason.
    Refused,
}

impl LockFault {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "log_lock_unreachable",
            Self::Denied => "log_lock_denied",
            Self::NoCompareAndSwap => "log_lock_no_compare_and_swap",
            Self::NotDurable => "log_lock_not_durable",
            Self::Undetermined => "log_lock_undetermined",
            Self::Refused => "log_lock_record",
        }
    }
}

impl fmt::Display for LockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "cannot be reached",
            Self::Denied => "does not let us in; check user, secret and rights",
            Self::NoCompareAndSwap => {
                "replaces a record without comparing it first, so two writers could sign two histories; take another place"
            }
            Self::NotDurable => "may lose what it has confirmed when the power fails; change its settings or take another place",
            Self::Undetermined => {
                "did not say whether it has moved the record; open the log again when it can be reached, which finds out"
            }
            Self::Refused => "cannot be read or written",
        })
    }
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
    _in_use: Option<Held>,
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

/// Takes the lock of a file that says that something is in use.
pub(crate) fn take(path: &Path) -> Result<Held, StoreError> {
    Held::take(path).map_err(|error| match error {
        TakeError::Open(source) => io_error("open", path, source),
        TakeError::Lock(source) => io_error("lock", path, source),
        TakeError::InUse => StoreError::InUse(path.parent().unwrap_or(path).to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every lock record does. `open` opens the same one anew.
    fn behaves(open: &dyn Fn() -> Box<dyn LockRecord>) {
        let record = open();
        assert_eq!(record.load().unwrap(), None);
        let code = |result: Result<(), StoreError>| result.unwrap_err().code();
        assert_eq!(code(record.swap(Some(b"none"), b"one")), "log_lock_record_moved");
        record.swap(None, b"one").unwrap();
        assert_eq!(code(record.swap(None, b"other")), "log_lock_record_moved");
        assert_eq!(code(record.swap(Some(b"other"), b"two")), "log_lock_record_moved");
        assert_eq!(record.load().unwrap().unwrap(), b"one");
        record.swap(Some(b"one"), b"one").unwrap();
        record.swap(Some(b"one"), b"two").unwrap();
        drop(record);
        assert_eq!(open().load().unwrap().unwrap(), b"two");
    }

    #[test]
    fn a_record_in_a_file_moves_by_compare_and_swap() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.head");
        behaves(&|| Box::new(FileLockRecord::open(&path).unwrap()));
        let held = FileLockRecord::open(&path).unwrap();
        assert_eq!(FileLockRecord::open(&path).unwrap_err().code(), "log_in_use");
        drop(held);
    }

    #[test]
    fn a_record_in_sqlite_moves_by_compare_and_swap_also_among_processes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.sqlite");
        let open = |origin| SqliteLockRecord::open(&path, origin).unwrap();
        behaves(&|| Box::new(open("a.example/log")));
        let (mine, theirs, other) = (
            open("a.example/log"),
            open("a.example/log"),
            open("b.example/log"),
        );
        assert_eq!(other.load().unwrap(), None, "each log has its own record");
        theirs.swap(Some(b"two"), b"theirs").unwrap();
        assert_eq!(
            mine.swap(Some(b"two"), b"mine").unwrap_err().code(),
            "log_lock_record_moved"
        );
        let nowhere = SqliteLockRecord::open(&folder.path().join("no/heads.sqlite"), "a.example/log");
        assert_eq!(nowhere.unwrap_err().code(), "log_lock_record");
    }

    #[test]
    fn a_log_whose_record_is_in_sqlite_stops_when_somebody_else_moves_it() {
        use crate::{log::Log, note::SignerKey, store::LogHome};
        let folder = tempfile::tempdir().unwrap();
        let heads = folder.path().join("heads.sqlite");
        let key = || SignerKey::from_seed("a.example/log", &[5; 32]).unwrap();
        let data = folder.path().join("data");
        let record = || SqliteLockRecord::open(&heads, "a.example/log").unwrap();
        let home = || {
            LogHome::create(&data)
                .unwrap()
                .with_lock_record(LockPlace::new("sqlite:heads", "heads").unwrap(), || {
                    Ok::<_, StoreError>(Box::new(record()))
                })
                .unwrap()
        };
        let mut log = Log::open_or_create(home(), key()).unwrap();
        log.append_batch(&[b"a"]).unwrap();
        drop(log);
        let mut log = Log::open_or_create(home(), key()).unwrap();
        assert_eq!(log.fsck().unwrap().problems, Vec::<String>::new());
        record()
            .swap(Some(log.checkpoint().note().as_bytes()), b"moved")
            .unwrap();
        assert_eq!(
            log.append_batch(&[b"b"]).unwrap_err().code(),
            "log_lock_record_moved"
        );
    }
}
