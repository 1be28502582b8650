//! The log for one caller: append a batch, and it is durable, signed and published.
//!
//! In:  batches of entries, a [`LogHome`], the key of the log.
//! Out: entry numbers under a published checkpoint, proofs, a full check.
//!
//! [`Log::open`] takes the log up where a crash left it; how, and in which order an
//! append writes, stands in `publisher`.
//!
//! Invariant: after any failed write the log is poisoned: what the disk holds is unknown
//! until the log is opened again. Nothing is tried twice.
//!
//! Not here: many callers at once ([`crate::sequencer`]). A backup that brought back even
//! the signed size beside the key cannot be told from the inside; that takes witnesses.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use crate::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    fsck::{self, FsckReport},
    hash::{Hash, leaf_hash},
    note::{NoteError, SignerKey, VerifierKey},
    proof::TlogProof,
    publisher::{self, Publisher, Recovered},
    signed_size::SignedSizeError,
    store::{LogHome, StoreError},
    tile::{MAX_ENTRY_BYTES, TileError},
    view::LogView,
    wal::{Batch, Segment, Wal, WalError},
};

/// The most entries that one call appends.
pub const MAX_BATCH_ENTRIES: usize = 65_536;
/// The most bytes of entries that one call appends.
pub const MAX_BATCH_BYTES: usize = 256 << 20;
/// How many entries a log may hold. Far below what the format allows, and far above need.
pub const MAX_LOG_ENTRIES: u64 = 1 << 40;
/// Why the log did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum LogError {
    /// Storage refused.
    #[error("the log's storage failed")]
    Store(#[from] StoreError),
    /// A tile is damaged or missing.
    #[error("a tile of the log is damaged")]
    Tile(#[from] TileError),
    /// A checkpoint on disk is not valid under the log's key.
    #[error("a checkpoint of the log is not valid")]
    Checkpoint(#[from] CheckpointError),
    /// The write-ahead log is damaged or cannot be written.
    #[error("the write-ahead log cannot be used")]
    Wal(#[from] WalError),
    /// The key has signed something else.
    #[error("the key does not sign this log")]
    SignedSize(#[from] SignedSizeError),
    /// The key cannot sign.
    #[error("cannot sign the checkpoint")]
    Sign(#[from] NoteError),
    /// A log exists where a new one was asked for.
    #[error("a log exists already")]
    Exists,
    /// No log exists where one was asked for.
    #[error("there is no log")]
    Missing,
    /// The parts on disk contradict each other.
    #[error("the log is damaged: {0}")]
    Damaged(String),
    /// An earlier write failed; open the log again.
    #[error("an earlier write failed, so the log must be opened again before it is used")]
    Poisoned,
    /// A write of somebody else failed, and everything stopped; open the log again.
    #[error("the log has stopped after a write that failed; it must be opened again before it is used")]
    Stopped(#[source] Arc<LogError>),
    /// The thread that publishes cannot be started.
    #[error("cannot start a thread for the log")]
    Thread(#[source] std::io::Error),
    /// Entry `position` of the batch is longer than the format allows.
    #[error("entry {position} of the batch has {size_bytes} bytes, the limit is {MAX_ENTRY_BYTES}")]
    EntryTooLong { position: usize, size_bytes: usize },
    /// The batch is too large for one call.
    #[error("a batch of {entries} entries and {size_bytes} bytes is too large for one call")]
    BatchTooLarge { entries: usize, size_bytes: usize },
    /// The log would hold more than [`MAX_LOG_ENTRIES`].
    #[error("the log is full")]
    Full,
    /// No entry has this number.
    #[error("there is no entry {index} in a log of {size}")]
    NoSuchEntry { index: u64, size: u64 },
    /// The sizes of a consistency proof are out of order or beyond the log.
    #[error("no consistency proof from size {old} to {new} in a log of {size}")]
    NoSuchSizes { old: u64, new: u64, size: u64 },
}

impl LogError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(source) => source.code(),
            Self::Tile(_) => "log_tile",
            Self::Checkpoint(source) => source.code(),
            Self::Wal(source) => source.code(),
            Self::SignedSize(source) => source.code(),
            Self::Sign(source) => source.code(),
            Self::Exists => "log_exists",
            Self::Missing => "log_missing",
            Self::Damaged(_) => "log_damaged",
            Self::Poisoned => "log_poisoned",
            Self::Stopped(_) => "log_stopped",
            Self::Thread(_) => "log_thread",
            Self::EntryTooLong { .. } => "log_entry_too_long",
            Self::BatchTooLarge { .. } => "log_batch_too_large",
            Self::Full => "log_full",
            Self::NoSuchEntry { .. } => "log_no_such_entry",
            Self::NoSuchSizes { .. } => "log_no_such_sizes",
        }
    }
}

/// An append-only log, open for writing by one caller.
pub struct Log {
    publisher: Publisher,
    wal: Wal,
    /// Segments of the write-ahead log that may go once the tiles are read back.
    closed: VecDeque<Segment>,
    poisoned: bool,
}

impl Log {
    /// Starts a log with no entries. Its origin is the name of `key`.
    pub fn create(home: LogHome, key: SignerKey) -> Result<Self, LogError> {
        Self::settle(publisher::create(home, key)?)
    }

    /// Opens a log, and publishes what a crash left durable.
    pub fn open(home: LogHome, key: SignerKey) -> Result<Self, LogError> {
        Self::settle(publisher::recover(home, key)?)
    }

    /// Opens the log, or starts one when there is none.
    pub fn open_or_create(home: LogHome, key: SignerKey) -> Result<Self, LogError> {
        if home.is_unused()? {
            Self::create(home, key)
        } else {
            Self::open(home, key)
        }
    }

    fn settle(recovered: Recovered) -> Result<Self, LogError> {
        let Recovered {
            mut publisher,
            wal,
            pending,
        } = recovered;
        publisher.publish(&pending)?;
        let mut log = Self {
            publisher,
            wal,
            closed: VecDeque::new(),
            poisoned: false,
        };
        log.reclaim()?;
        Ok(log)
    }

    /// Appends all entries or none, and returns their numbers.
    ///
    /// When it returns `Ok`, the entries are durable and the checkpoint that covers them
    /// is signed and published. One call costs one round of fsyncs, however many entries.
    pub fn append_batch(&mut self, entries: &[&[u8]]) -> Result<Range<u64>, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        let first = self.wal.next();
        if entries.is_empty() {
            return Ok(first..first);
        }
        check_batch(first, entries)?;
        let mut batch = Batch::new(first);
        for entry in entries {
            batch.push(entry);
        }
        // From the first write on, an error leaves the disk in a state that only `open` can read.
        self.poisoned = true;
        self.wal.append(&mut batch)?;
        self.publisher.publish(&[batch])?;
        self.reclaim()?;
        self.poisoned = false;
        Ok(first..self.wal.next())
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        self.publisher.head()
    }

    /// The public key of the log.
    pub fn verifier(&self) -> &VerifierKey {
        self.publisher.key().verifier()
    }

    /// The log as its newest checkpoint shows it.
    pub fn view(&self) -> Result<LogView, LogError> {
        if self.poisoned {
            Err(LogError::Poisoned)
        } else {
            Ok(self.publisher.view())
        }
    }

    /// The entry with this number.
    pub fn read_entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        self.view()?.read_entry(index)
    }

    /// The proof that entry `index` is under the newest checkpoint.
    pub fn inclusion_proof(&self, index: u64) -> Result<TlogProof, LogError> {
        self.view()?.inclusion_proof(index)
    }

    /// Several inclusion proofs; each tile is read once.
    pub fn inclusion_proofs(&self, indices: &[u64]) -> Result<Vec<TlogProof>, LogError> {
        self.view()?.inclusion_proofs(indices)
    }

    /// The hashes that show that the log of size `new` begins with the log of size `old`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, LogError> {
        self.view()?.consistency_proof(old, new)
    }

    /// Recomputes every tile and the root from the entries, and compares them, the lock
    /// record, the signed size and the write-ahead log with each other.
    pub fn fsck(&self) -> Result<FsckReport, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        fsck::check(&self.publisher.parts()?, self.verifier())
    }

    fn reclaim(&mut self) -> Result<(), LogError> {
        self.closed.extend(self.wal.take_closed());
        self.publisher.reclaim(&mut self.closed)
    }
}

pub(crate) fn check_entry(position: usize, entry: &[u8]) -> Result<(), LogError> {
    if entry.len() > MAX_ENTRY_BYTES {
        let size_bytes = entry.len();
        return Err(LogError::EntryTooLong { position, size_bytes });
    }
    Ok(())
}

fn check_batch(first: u64, entries: &[&[u8]]) -> Result<(), LogError> {
    for (position, entry) in entries.iter().enumerate() {
        check_entry(position, entry)?;
    }
    let size_bytes = entries.iter().map(|entry| entry.len()).sum();
    if entries.len() > MAX_BATCH_ENTRIES || size_bytes > MAX_BATCH_BYTES {
        return Err(LogError::BatchTooLarge {
            entries: entries.len(),
            size_bytes,
        });
    }
    if first + entries.len() as u64 > MAX_LOG_ENTRIES {
        Err(LogError::Full)
    } else {
        Ok(())
    }
}

/// Checks one entry against a proof, with nothing but the public key: what a stranger runs.
pub fn verify_entry(
    entry: &[u8],
    proof: &TlogProof,
    key: &VerifierKey,
) -> Result<SignedCheckpoint, crate::proof::TlogProofError> {
    proof.verify(&leaf_hash(entry), key)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::{
        disk::{
            Disk,
            simulated::{Fault, SimulatedDisk},
        },
        merkle::{tests::mth, verify_consistency},
        tile::MAX_ENTRY_BYTES,
    };

    const DATA: &str = "/data";

    fn key() -> SignerKey {
        SignerKey::from_seed("log.example/test", &[9; 32]).unwrap()
    }

    fn home(disk: &SimulatedDisk) -> LogHome {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        LogHome::on(&disk, Path::new(DATA))
    }

    fn entry(i: u64) -> Vec<u8> {
        format!("entry {i}").into_bytes()
    }

    fn append(log: &mut Log, range: Range<u64>) -> Result<Range<u64>, LogError> {
        let entries: Vec<Vec<u8>> = range.map(entry).collect();
        log.append_batch(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn assert_sound(log: &Log) {
        let report = log.fsck().unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        let size = log.checkpoint().size();
        assert_eq!((report.size, report.pending), (size, 0));
        let leaves: Vec<Hash> = (0..size).map(|i| leaf_hash(&entry(i))).collect();
        assert_eq!(log.checkpoint().root(), mth(&leaves));
    }

    fn open_error(disk: &SimulatedDisk) -> &'static str {
        Log::open(home(disk), key()).err().unwrap().code()
    }

    #[test]
    fn what_is_appended_is_read_back_and_proven_over_several_batches_and_openings() {
        let disk = SimulatedDisk::new(0);
        let mut log = Log::create(home(&disk), key()).unwrap();
        let mut heads = vec![log.checkpoint().clone()];
        let mut size = 0;
        for batch in [1, 1, 253, 1, 1, 255, 256, 1, 300] {
            assert_eq!(append(&mut log, size..size + batch).unwrap(), size..size + batch);
            size += batch;
            heads.push(log.checkpoint().clone());
            assert_sound(&log);
            drop(log);
            log = Log::open(home(&disk), key()).unwrap();
        }
        for index in (0..size).step_by(37).chain([size - 1]) {
            assert_eq!(log.read_entry(index).unwrap(), entry(index));
            let proof = log.inclusion_proof(index).unwrap();
            assert_eq!(
                &verify_entry(&entry(index), &proof, key().verifier()).unwrap(),
                log.checkpoint()
            );
        }
        for (at, old) in heads.iter().enumerate().skip(1) {
            for new in &heads[at..] {
                let proof = log.consistency_proof(old.size(), new.size()).unwrap();
                verify_consistency(old.size(), new.size(), &proof, &old.root(), &new.root()).unwrap();
            }
        }
        assert_eq!(log.read_entry(size).unwrap_err().code(), "log_no_such_entry");
        assert_eq!(log.inclusion_proof(size).unwrap_err().code(), "log_no_such_entry");
        assert_eq!(
            log.consistency_proof(0, 1).unwrap_err().code(),
            "log_no_such_sizes"
        );
        assert_eq!(
            log.consistency_proof(1, size + 1).unwrap_err().code(),
            "log_no_such_sizes"
        );
    }

    /// Every operation of one append fails in turn; then the log is opened again, must
    /// hold what was acknowledged, and must go on.
    #[test]
    fn a_failure_at_any_write_poisons_the_log_and_loses_nothing() {
        for fail_at in 0.. {
            let disk = SimulatedDisk::new(fail_at);
            let mut log = Log::create(home(&disk), key()).unwrap();
            append(&mut log, 0..255).unwrap();
            disk.plan(fail_at, Fault::Error);
            let failed = append(&mut log, 255..700).is_err();
            if failed {
                assert_eq!(append(&mut log, 255..256).unwrap_err().code(), "log_poisoned");
                assert_eq!(log.read_entry(0).unwrap_err().code(), "log_poisoned");
            }
            let has_fired = disk.has_fired();
            drop(log);
            disk.restart();
            let mut log = Log::open(home(&disk), key()).unwrap();
            let size = log.checkpoint().size();
            assert!(
                size == 700 || (failed && size == 255),
                "size {size} after failure at {fail_at}"
            );
            assert_sound(&log);
            append(&mut log, size..size + 300).unwrap();
            assert_sound(&log);
            if !has_fired {
                assert!(fail_at >= 10, "an append has at least ten operations to fail");
                break;
            }
        }
    }

    #[test]
    fn every_damaged_or_missing_file_is_found() {
        let good = SimulatedDisk::new(0);
        let mut log = Log::create(home(&good), key()).unwrap();
        append(&mut log, 0..600).unwrap();
        let is_found = |disk: &SimulatedDisk| match Log::open(home(disk), key()) {
            Ok(log) => !log.fsck().unwrap().problems.is_empty(),
            Err(_) => true,
        };
        let files: Vec<PathBuf> = good.files();
        assert!(files.len() >= 10, "{files:?}");
        for path in &files {
            // Nobody reads the last zeros of the write-ahead log's first sector.
            let disk = good.copy();
            disk.tamper(path, |bytes| bytes[0] ^= 1);
            assert!(is_found(&disk), "{} changed", path.display());
            let disk = good.copy();
            disk.put(path, None);
            assert!(is_found(&disk), "{} missing", path.display());
        }
        assert!(!is_found(&good));
    }

    /// The older copy of everything, or of one part, does not get a second history signed.
    #[test]
    fn a_restored_backup_cannot_sign_a_fork() {
        let disk = SimulatedDisk::new(0);
        let mut log = Log::create(home(&disk), key()).unwrap();
        append(&mut log, 0..10).unwrap();
        let backup = disk.copy();
        append(&mut log, 10..20).unwrap();
        drop(log);
        let content = |disk: &SimulatedDisk, name: &str| {
            let path = Path::new(DATA).join(name);
            Disk::read(disk, &path, 1 << 20).unwrap().unwrap()
        };
        let with = |base: &SimulatedDisk, from: &SimulatedDisk, name: &str| {
            let mixed = base.copy();
            mixed.put(&Path::new(DATA).join(name), Some(&content(from, name)));
            mixed
        };
        // All but what is kept with the key.
        let restored = with(&backup, &disk, "log.key.signed");
        assert_eq!(open_error(&restored), "log_rolled_back");
        // As long as the newest, but with other entries.
        let forked = backup.copy();
        let mut log = Log::open(home(&forked), key()).unwrap();
        append(&mut log, 110..120).unwrap();
        drop(log);
        let forked = with(&forked, &disk, "log.key.signed");
        assert_eq!(open_error(&forked), "log_fork");
        // Longer than the newest: the consent beside the key is below it, and so nothing
        // but a witness could tell.
        let lock_only = with(&disk, &backup, "log.head");
        assert_eq!(open_error(&lock_only), "log_damaged");
        let gone = disk.copy();
        gone.put(&Path::new(DATA).join("log.key.signed"), None);
        assert_eq!(open_error(&gone), "log_signed_size_missing");
    }

    #[test]
    fn an_object_with_other_content_stops_the_append() {
        let disk = SimulatedDisk::new(0);
        let mut log = Log::create(home(&disk), key()).unwrap();
        let planted = Path::new(DATA).join("log/public/tile/0/000.p/3");
        disk.put(&planted, Some(b"planted"));
        assert_eq!(append(&mut log, 0..3).unwrap_err().code(), "log_store_conflict");
        assert_eq!(append(&mut log, 0..3).unwrap_err().code(), "log_poisoned");
        assert_eq!(Disk::read(&disk, &planted, 99).unwrap().unwrap(), b"planted");
    }

    #[test]
    fn a_moved_lock_record_stops_the_append() {
        let disk = SimulatedDisk::new(0);
        let mut log = Log::create(home(&disk), key()).unwrap();
        append(&mut log, 0..1).unwrap();
        let next = SignedCheckpoint::sign(7, log.checkpoint().root(), &key()).unwrap();
        let lock = home(&disk).lock_record;
        lock.swap(Some(log.checkpoint().note().as_bytes()), next.note().as_bytes())
            .unwrap();
        assert_eq!(
            append(&mut log, 1..2).unwrap_err().code(),
            "log_lock_record_moved"
        );
    }

    #[test]
    fn another_key_does_not_open_the_log() {
        let disk = SimulatedDisk::new(0);
        Log::create(home(&disk), key()).unwrap();
        let other = SignerKey::from_seed("log.example/test", &[1; 32]).unwrap();
        assert_eq!(
            Log::open(home(&disk), other).err().unwrap().code(),
            "note_not_signed"
        );
        assert_eq!(
            Log::create(home(&disk), key()).err().unwrap().code(),
            "log_exists"
        );
        assert_eq!(open_error(&SimulatedDisk::new(1)), "log_missing");
    }

    #[test]
    fn limits_are_named_and_the_largest_entry_fits() {
        let disk = SimulatedDisk::new(0);
        let mut log = Log::create(home(&disk), key()).unwrap();
        let largest = vec![7; MAX_ENTRY_BYTES];
        let longer = vec![7; MAX_ENTRY_BYTES + 1];
        assert_eq!(
            log.append_batch(&[b"", &longer]).unwrap_err().code(),
            "log_entry_too_long"
        );
        let many = vec![b"".as_slice(); MAX_BATCH_ENTRIES + 1];
        assert_eq!(log.append_batch(&many).unwrap_err().code(), "log_batch_too_large");
        assert_eq!(log.append_batch(&[]).unwrap(), 0..0);
        assert_eq!(log.append_batch(&[b"", &largest]).unwrap(), 0..2);
        assert_eq!(log.read_entry(1).unwrap(), largest);
        assert_eq!(log.read_entry(0).unwrap(), b"");
    }

    #[test]
    fn a_write_ahead_log_copied_without_its_last_zeros_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Log::open_or_create(LogHome::create(folder.path()).unwrap(), key());
        open().unwrap().append_batch(&[b"one", b"two"]).unwrap();
        let segment = folder.path().join("log/private/wal/00000000000000000000.wal");
        let whole = std::fs::read(&segment).unwrap();
        let said = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for length in [said, said + 1, said.next_multiple_of(512)] {
            std::fs::write(&segment, &whole[..length]).unwrap();
            assert_eq!(open().unwrap().checkpoint().size(), 2, "{length} bytes");
        }
        // The next frame stands behind the zeros and not upon them.
        std::fs::write(&segment, &whole[..said]).unwrap();
        open().unwrap().append_batch(&[b"three"]).unwrap();
        let log = open().unwrap();
        assert_eq!(log.read_entry(2).unwrap(), b"three");
        log.fsck().unwrap();
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn a_damaged_write_ahead_log_is_opened_or_refused(
            cut in 0_usize..2_200,
            changes in proptest::collection::vec((0_usize..2_200, proptest::num::u8::ANY), 0..4),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let open = || Log::open_or_create(LogHome::create(folder.path()).unwrap(), key());
            let mut log = open().unwrap();
            log.append_batch(&[b"one", b"two"]).unwrap();
            log.append_batch(&[&[7; 700]]).unwrap();
            drop(log);
            let segment = folder.path().join("log/private/wal/00000000000000000000.wal");
            let mut bytes = std::fs::read(&segment).unwrap();
            for (at, value) in changes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(cut);
            std::fs::write(&segment, bytes).unwrap();
            if let Ok(log) = open() {
                assert_eq!(log.checkpoint().size(), 3);
                log.fsck().unwrap();
            }
        }
    }
}
