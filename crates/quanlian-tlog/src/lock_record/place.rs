//! Where the lock record of a log is, as the folder of the log remembers it.
//!
//! In:  a place that somebody names.
//! Out: the place that the log has had from its beginning, or since it was moved
//!      ([`move_lock_record`]).
//!
//! Invariant: a folder never goes on with the record of another place, which could be an
//! old copy or an empty one: whoever names one is refused. A record that was moved leaves
//! word of it behind, so a forgotten copy of the folder cannot go on with the old one.
//!
//! Not here: what an address means and how it is reached; no secret stands in one.

use std::{path::Path, sync::Arc};

use super::{FileLockRecord, LockRecord};
use crate::{
    checkpoint::SignedCheckpoint,
    disk::{Disk, SystemDisk},
    log::LogError,
    note::VerifierKey,
    publisher::{open_checkpoint, require_order},
    store::{LogHome, StoreError, io_error, replace},
};

/// What remembers the place, in the data folder; none means the file of the folder.
const MEMORY: &str = "log.lock";
/// Its first line.
const HEADER: &str = "quanlian-lock-record v1";
/// The longest memory that is read.
const MAX_MEMORY_BYTES: u64 = 8192;
/// The longest name or address, in bytes.
pub const MAX_PLACE_BYTES: usize = 2048;
/// What a moved record begins with; no checkpoint does, whose first line is its origin.
const MOVED: &str = "quanlian-lock-record moved to\n";

/// A place for lock records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPlace {
    name: String,
    address: String,
}

impl LockPlace {
    /// A place by its `name`, which is the same however it is reached, and the `address` by
    /// which it is reached. `None` when one of them is empty, too long or not one line.
    pub fn new(name: &str, address: &str) -> Option<Self> {
        let fits = |text: &str| {
            !text.is_empty() && text.len() <= MAX_PLACE_BYTES && !text.contains(char::is_control)
        };
        (fits(name) && fits(address)).then(|| Self {
            name: name.to_owned(),
            address: address.to_owned(),
        })
    }

    /// The file of the data folder, which is the default.
    pub fn file() -> Self {
        Self {
            name: "file".to_owned(),
            address: "file".to_owned(),
        }
    }

    /// The place that the log in this data folder keeps its record in.
    pub fn remembered(data: &Path) -> Result<Self, StoreError> {
        let path = data.join(MEMORY);
        let bytes = SystemDisk
            .read(&path, MAX_MEMORY_BYTES)
            .map_err(|source| io_error("read", &path, source))?;
        let Some(bytes) = bytes else {
            return Ok(Self::file());
        };
        parse(&bytes).ok_or(StoreError::LockMemory(path))
    }

    /// What it is called; two places with one name are one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is reached, without secrets.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it is the file of the data folder.
    pub fn is_file(&self) -> bool {
        self.name == Self::file().name
    }

    /// Refuses a record from elsewhere.
    pub(crate) fn require(&self, named: &Self) -> Result<(), StoreError> {
        if self.name == named.name {
            return Ok(());
        }
        Err(StoreError::LockElsewhere {
            remembered: self.name.clone(),
            named: named.name.clone(),
        })
    }

    pub(crate) fn remember(&self, disk: &Arc<dyn Disk>, data: &Path) -> Result<(), StoreError> {
        let text = format!("{HEADER}\n{}\n{}\n", self.name, self.address);
        replace(&**disk, &data.join(MEMORY), text.as_bytes())
    }
}

fn parse(bytes: &[u8]) -> Option<LockPlace> {
    let lines: Vec<&str> = std::str::from_utf8(bytes).ok()?.split('\n').collect();
    let [HEADER, name, address, ""] = lines[..] else {
        return None;
    };
    LockPlace::new(name, address)
}

/// Refuses what a record that was moved has left behind.
pub(crate) fn require_not_moved(record: &[u8]) -> Result<(), StoreError> {
    match moved_to(record) {
        Some(to) => Err(StoreError::LockMovedAway { to }),
        None => Ok(()),
    }
}

fn moved_to(record: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(record).ok()?.strip_prefix(MOVED)?;
    Some(name.trim_end_matches('\n').to_owned())
}

/// Moves the lock record of the log in `home` to `to`, which `record` has opened; `None` for
/// the file of the data folder. Returns the head that was moved.
///
/// First the new place holds the head, then the old one says where it went, then the folder
/// remembers. Until the last step the folder knows the old place, and this call, made again,
/// finishes what was begun.
pub fn move_lock_record(
    home: &mut LogHome,
    to: LockPlace,
    record: Option<Box<dyn LockRecord>>,
    key: &VerifierKey,
) -> Result<SignedCheckpoint, LogError> {
    home.require_remembered_place()?;
    let here = home.lock_record.load()?.ok_or(LogError::Missing)?;
    if home.remembered.name == to.name {
        require_not_moved(&here)?;
        return open_checkpoint(&here, key);
    }
    let record = match record {
        Some(record) => record,
        None => Box::new(FileLockRecord::open(&home.head_path())?),
    };
    let there = record.load()?;
    let head = match moved_to(&here) {
        Some(name) if name == to.name => {
            let there = there.ok_or_else(|| LogError::Damaged("the lock record is gone".into()))?;
            open_checkpoint(&there, key)?
        }
        Some(name) => return Err(StoreError::LockMovedAway { to: name }.into()),
        None => {
            let head = open_checkpoint(&here, key)?;
            if let Some(there) = there.as_deref().filter(|there| moved_to(there).is_none()) {
                // Left by a move that was interrupted, and older than ours, or not ours at all.
                require_order(&open_checkpoint(there, key)?, &head)?;
            }
            record.swap(there.as_deref(), &here)?;
            home.lock_record
                .swap(Some(&here), format!("{MOVED}{}\n", to.name).as_bytes())?;
            head
        }
    };
    to.remember(&home.disk, &home.data)?;
    home.lock_record = record;
    home.lock_place = to.clone();
    home.remembered = to;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        fsck::{fsck, fsck_with},
        lock_record::SqliteLockRecord,
        log::Log,
        note::SignerKey,
    };

    const ORIGIN: &str = "a.example/moving";

    fn key() -> SignerKey {
        SignerKey::from_seed(ORIGIN, &[6; 32]).unwrap()
    }

    struct Places {
        folder: tempfile::TempDir,
    }

    impl Places {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn data(&self) -> PathBuf {
            self.folder.path().join("data")
        }

        fn place(&self, name: &str) -> (LockPlace, Box<dyn LockRecord>) {
            let path = self.folder.path().join(name);
            let place = LockPlace::new(&format!("sqlite:{name}"), &path.display().to_string()).unwrap();
            (place, Box::new(SqliteLockRecord::open(&path, ORIGIN).unwrap()))
        }

        fn home(&self, name: &str) -> Result<LogHome, StoreError> {
            let (place, record) = self.place(name);
            LogHome::create(&self.data())?.with_lock_record(place, || Ok(record))
        }

        fn move_to(&self, from: Option<&str>, to: Option<&str>) -> Result<u64, LogError> {
            let mut home = match from {
                Some(from) => self.home(from)?,
                None => LogHome::open(&self.data())?,
            };
            let (place, record) = match to {
                Some(to) => {
                    let (place, record) = self.place(to);
                    (place, Some(record))
                }
                None => (LockPlace::file(), None),
            };
            Ok(move_lock_record(&mut home, place, record, key().verifier())?.size())
        }
    }

    fn append(home: Result<LogHome, StoreError>, entry: &[u8]) -> Result<u64, LogError> {
        let mut log = Log::open_or_create(home?, key())?;
        log.append_batch(&[entry])?;
        Ok(log.checkpoint().size())
    }

    fn code<T>(result: Result<T, impl Into<LogError>>) -> &'static str {
        result.err().unwrap().into().code()
    }

    #[test]
    fn a_folder_goes_on_with_the_record_of_its_own_place_alone() {
        let places = Places::new();
        assert_eq!(append(places.home("one"), b"a").unwrap(), 1);
        assert_eq!(
            LockPlace::remembered(&places.data()).unwrap().name(),
            "sqlite:one"
        );
        assert_eq!(code(places.home("two")), "log_lock_elsewhere");
        // Whoever forgets that there is a place does not get far either.
        assert_eq!(
            code(append(LogHome::open(&places.data()), b"b")),
            "log_lock_elsewhere"
        );
        assert_eq!(code(fsck(&places.data(), key().verifier())), "log_lock_elsewhere");
        let (place, record) = places.place("one");
        let report = fsck_with(&places.data(), key().verifier(), &place, &*record).unwrap();
        assert_eq!((report.size, report.problems), (1, vec![]));
        assert_eq!(append(places.home("one"), b"b").unwrap(), 2);
    }

    #[test]
    fn a_log_in_a_file_is_not_taken_elsewhere_but_one_that_was_never_signed_is() {
        let places = Places::new();
        drop(places.home("one").unwrap());
        assert_eq!(append(places.home("two"), b"a").unwrap(), 1);
        let places = Places::new();
        assert_eq!(append(LogHome::create(&places.data()), b"a").unwrap(), 1);
        assert_eq!(code(places.home("one")), "log_lock_elsewhere");
    }

    #[test]
    fn a_moved_record_leaves_word_and_comes_back() {
        let places = Places::new();
        append(LogHome::create(&places.data()), b"a").unwrap();
        assert_eq!(places.move_to(None, Some("one")).unwrap(), 1);
        assert_eq!(append(places.home("one"), b"b").unwrap(), 2);
        assert_eq!(places.move_to(Some("one"), Some("two")).unwrap(), 2);
        assert_eq!(append(places.home("two"), b"c").unwrap(), 3);
        // A copy of the folder from before the last move.
        let (old, _) = places.place("one");
        let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
        old.remember(&disk, &places.data()).unwrap();
        assert_eq!(code(append(places.home("one"), b"d")), "log_lock_moved_away");
        // Moving again finishes, which is also what a crash before the last step asks for.
        assert_eq!(code(places.move_to(Some("one"), None)), "log_lock_moved_away");
        assert_eq!(places.move_to(Some("one"), Some("two")).unwrap(), 3);
        assert_eq!(places.move_to(Some("two"), None).unwrap(), 3);
        assert_eq!(append(LogHome::open(&places.data()), b"d").unwrap(), 4);
        assert_eq!(places.move_to(None, None).unwrap(), 4);
    }

    #[test]
    fn a_newer_record_at_the_new_place_is_not_written_over() {
        let places = Places::new();
        append(LogHome::create(&places.data()), b"a").unwrap();
        let (_, there) = places.place("one");
        let newer = SignedCheckpoint::sign(9, crate::hash::leaf_hash(b""), &key()).unwrap();
        there.swap(None, newer.note().as_bytes()).unwrap();
        assert_eq!(code(places.move_to(None, Some("one"))), "log_damaged");
        assert_eq!(there.load().unwrap().unwrap(), newer.note().as_bytes());
    }

    #[test]
    fn a_damaged_memory_is_named() {
        let places = Places::new();
        append(places.home("one"), b"a").unwrap();
        for text in [
            "",
            "quanlian-lock-record v1\n\n\n",
            "quanlian-lock-record v1\na\nb\nc\n",
        ] {
            std::fs::write(places.data().join(MEMORY), text).unwrap();
            assert_eq!(code(LogHome::open(&places.data())), "log_lock_memory", "{text:?}");
        }
    }
}
