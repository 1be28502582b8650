//! The log itself: append, recovery after a crash, proofs, and a full check.
//!
//! In:  entries, a [`TileStore`], the key of the log.
//! Out: entry numbers that are durable and signed for, proofs, an [`FsckReport`].
//!
//! Invariant: one append is five durable steps, in this order, and a crash between any
//! two of them loses nothing that was acknowledged:
//!
//! 1. stage the entries;
//! 2. sign the new checkpoint and swap it into the lock record (the commit point);
//! 3. publish tiles and entry bundles;
//! 4. publish the checkpoint;
//! 5. answer.
//!
//! [`Log::open`] finds the lock record ahead of the published checkpoint when the crash
//! fell between 2 and 4, and repeats 3 and 4 from the staged batch. A batch that was
//! staged but not committed was never acknowledged and is dropped. So no object is ever
//! written that a signed checkpoint does not cover, and none has to be taken back.
//!
//! After any failed write the log is poisoned: what the disk holds is unknown until the
//! store is opened again.
//!
//! Not here: a backup restored over a newer log cannot be told from the inside; that
//! takes witnesses (issue 4).

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    hash::leaf_hash,
    merkle,
    note::{NoteError, SignerKey, VerifierKey},
    proof::TlogProof,
    store::{StoreError, TileStore},
    tile::{Edge, MAX_ENTRY_BYTES, TILE_WIDTH, TileError, TileKind, TilePath, TileTree, Tiles},
};

/// The most entries that one call appends.
pub const MAX_BATCH_ENTRIES: usize = 65_536;
/// The most bytes of entries that one call appends.
pub const MAX_BATCH_BYTES: usize = 256 << 20;
/// How many entries a log may hold. Far below what the format allows, and far above need.
pub const MAX_LOG_ENTRIES: u64 = 1 << 40;
/// Problems that [`Log::fsck`] lists before it stops.
pub const MAX_FSCK_PROBLEMS: usize = 100;

/// First line of a staged batch.
const STAGED_HEADER: &str = "quanlian-staged-batch v1";

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
            Self::Sign(source) => source.code(),
            Self::Exists => "log_exists",
            Self::Missing => "log_missing",
            Self::Damaged(_) => "log_damaged",
            Self::Poisoned => "log_poisoned",
            Self::EntryTooLong { .. } => "log_entry_too_long",
            Self::BatchTooLarge { .. } => "log_batch_too_large",
            Self::Full => "log_full",
            Self::NoSuchEntry { .. } => "log_no_such_entry",
            Self::NoSuchSizes { .. } => "log_no_such_sizes",
        }
    }
}

/// An append-only log, open for writing.
pub struct Log<S> {
    store: S,
    key: SignerKey,
    edge: Edge,
    head: SignedCheckpoint,
    poisoned: bool,
}

impl<S: TileStore> Log<S> {
    /// Starts a log with no entries. Its origin is the name of `key`.
    pub fn create(mut store: S, key: SignerKey) -> Result<Self, LogError> {
        if store.lock_record()?.is_some() || store.published_checkpoint()?.is_some() {
            return Err(LogError::Exists);
        }
        let edge = Edge::default();
        let head = SignedCheckpoint::sign(0, edge.root(), &key)?;
        store.swap_lock_record(None, head.note().as_bytes())?;
        store.publish_checkpoint(head.note().as_bytes())?;
        Ok(Self {
            store,
            key,
            edge,
            head,
            poisoned: false,
        })
    }

    /// Opens a log, and finishes an append that a crash interrupted after its commit.
    pub fn open(mut store: S, key: SignerKey) -> Result<Self, LogError> {
        let Some(lock_record) = store.lock_record()? else {
            return Err(match store.published_checkpoint()? {
                Some(_) => LogError::Damaged("the lock record is gone".into()),
                None => LogError::Missing,
            });
        };
        let head = open_checkpoint(&lock_record, key.verifier())?;
        let published = store.published_checkpoint()?;
        let edge = if published.as_ref() == Some(&lock_record) {
            load_edge(&store, &head)?
        } else {
            let before = published
                .map(|note| open_checkpoint(&note, key.verifier()))
                .transpose()?;
            finish_commit(&mut store, before.as_ref(), &head)?
        };
        Ok(Self {
            store,
            key,
            edge,
            head,
            poisoned: false,
        })
    }

    /// Opens the log, or starts one when there is none.
    pub fn open_or_create(store: S, key: SignerKey) -> Result<Self, LogError> {
        if store.lock_record()?.is_none() && store.published_checkpoint()?.is_none() {
            Self::create(store, key)
        } else {
            Self::open(store, key)
        }
    }

    /// Appends all entries or none, and returns their numbers.
    ///
    /// When it returns `Ok`, the entries are durable and the checkpoint that covers them
    /// is signed and published. One call costs one round of fsyncs, however many entries.
    pub fn append_batch(&mut self, entries: &[&[u8]]) -> Result<Range<u64>, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        let first = self.edge.size();
        if entries.is_empty() {
            return Ok(first..first);
        }
        check_batch(first, entries)?;
        let mut edge = self.edge.clone();
        let mut tiles = Tiles::new();
        for entry in entries {
            edge.push(entry, &mut tiles);
        }
        let full: Vec<String> = tiles.keys().cloned().collect();
        tiles.append(&mut edge.partial());
        // From the first write on, an error leaves the disk in a state that only `open` can read.
        self.poisoned = true;
        self.store.stage(&encode_staged(first, entries))?;
        let next = SignedCheckpoint::sign(edge.size(), edge.root(), &self.key)?;
        self.store
            .swap_lock_record(Some(self.head.note().as_bytes()), next.note().as_bytes())?;
        self.store.publish(&tiles)?;
        self.store.publish_checkpoint(next.note().as_bytes())?;
        self.poisoned = false;
        self.edge = edge;
        self.head = next;
        for path in &full {
            // Only tidying: a partial tile that stays behind is still right.
            let _ = self.store.prune_partials(path);
        }
        Ok(first..self.edge.size())
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.head
    }

    /// The public key of the log.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// The entry with this number.
    pub fn read_entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let size = self.size()?;
        let path = TilePath::in_tree(TileKind::Entries, index / TILE_WIDTH, size)
            .filter(|_| index < size)
            .ok_or(LogError::NoSuchEntry { index, size })?;
        let bundle = read_tile(&self.store, path)?;
        let entries = path.entries(&bundle)?;
        Ok(entries[(index % TILE_WIDTH) as usize].to_vec())
    }

    /// The proof that entry `index` is under the newest checkpoint.
    pub fn inclusion_proof(&self, index: u64) -> Result<TlogProof, LogError> {
        Ok(self.inclusion_proofs(&[index])?.remove(0))
    }

    /// Several inclusion proofs; each tile is read once.
    pub fn inclusion_proofs(&self, indices: &[u64]) -> Result<Vec<TlogProof>, LogError> {
        let size = self.size()?;
        let mut tree = TileTree::new(size, |path| read_tile(&self.store, path));
        indices
            .iter()
            .map(|&index| {
                if index >= size {
                    return Err(LogError::NoSuchEntry { index, size });
                }
                let hashes = merkle::inclusion_proof(&mut tree, index, size)?;
                Ok(TlogProof {
                    index,
                    hashes,
                    checkpoint: self.head.note().to_owned(),
                })
            })
            .collect()
    }

    /// The hashes that show that the log of size `new` begins with the log of size `old`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<crate::hash::Hash>, LogError> {
        let size = self.size()?;
        if old == 0 || old > new || new > size {
            return Err(LogError::NoSuchSizes { old, new, size });
        }
        merkle::consistency_proof(
            &mut TileTree::new(size, |path| read_tile(&self.store, path)),
            old,
            new,
        )
    }

    /// Recomputes every tile and the root from the entries, and compares them with what is stored.
    pub fn fsck(&self) -> Result<FsckReport, LogError> {
        let size = self.size()?;
        let mut report = FsckReport {
            size,
            ..FsckReport::default()
        };
        let mut edge = Edge::default();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let Some(path) = TilePath::in_tree(TileKind::Entries, index, size) else {
                break;
            };
            let mut tiles = Tiles::new();
            let bundle = match read_tile(&self.store, path) {
                Ok(bundle) => bundle,
                Err(LogError::Tile(error)) => return Ok(report.with(error.to_string())),
                Err(other) => return Err(other),
            };
            match path.entries(&bundle) {
                Ok(entries) => entries.iter().for_each(|entry| edge.push(entry, &mut tiles)),
                Err(error) => return Ok(report.with(error.to_string())),
            }
            self.compare(&tiles, &mut report)?;
            if report.problems.len() >= MAX_FSCK_PROBLEMS {
                return Ok(report);
            }
        }
        self.compare(&edge.partial(), &mut report)?;
        if edge.root() != self.head.root() {
            report
                .problems
                .push("the entries lead to another root than the checkpoint's".into());
        }
        let note = self.head.note().as_bytes();
        if self.store.published_checkpoint()?.as_deref() != Some(note) {
            report
                .problems
                .push("the published checkpoint is not the newest".into());
        }
        if self.store.lock_record()?.as_deref() != Some(note) {
            report
                .problems
                .push("the lock record is not the newest checkpoint".into());
        }
        Ok(report)
    }

    fn compare(&self, tiles: &Tiles, report: &mut FsckReport) -> Result<(), LogError> {
        for (path, wanted) in tiles {
            report.tiles += 1;
            match self.store.read(path, wanted.len() as u64) {
                Ok(Some(found)) if found == *wanted => {}
                Ok(None) => report.problems.push(format!("{path} is missing")),
                Ok(Some(_)) | Err(StoreError::TooLarge { .. }) => {
                    report
                        .problems
                        .push(format!("{path} differs from what the entries say"));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    fn size(&self) -> Result<u64, LogError> {
        if self.poisoned {
            Err(LogError::Poisoned)
        } else {
            Ok(self.head.size())
        }
    }
}

/// What a full check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Entries in the log.
    pub size: u64,
    /// Tiles and bundles compared.
    pub tiles: u64,
    /// One line each, in English; empty when the log is sound.
    pub problems: Vec<String>,
}

impl FsckReport {
    fn with(mut self, problem: String) -> Self {
        self.problems.push(problem);
        self
    }
}

fn check_batch(first: u64, entries: &[&[u8]]) -> Result<(), LogError> {
    let too_long = entries.iter().position(|entry| entry.len() > MAX_ENTRY_BYTES);
    if let Some(position) = too_long {
        return Err(LogError::EntryTooLong {
            position,
            size_bytes: entries[position].len(),
        });
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

fn open_checkpoint(note: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, LogError> {
    let note = std::str::from_utf8(note).map_err(|_| LogError::Damaged("a checkpoint is not text".into()))?;
    let head = SignedCheckpoint::open(note, key)?;
    if head.size() > MAX_LOG_ENTRIES {
        Err(LogError::Full)
    } else {
        Ok(head)
    }
}

fn read_tile<S: TileStore>(store: &S, path: TilePath) -> Result<Vec<u8>, LogError> {
    if let Some(bytes) = store.read(&path.to_string(), path.max_bytes())? {
        return Ok(bytes);
    }
    // A partial tile may have been removed once the full one was there; it is a prefix of it.
    let full = path.full();
    let Some(mut bytes) = store.read(&full.to_string(), full.max_bytes())? else {
        return Err(TileError::Path(format!("{path} is missing")).into());
    };
    let prefix_bytes = match path.kind {
        TileKind::Hashes(_) => full.hashes(&bytes)?[..usize::from(path.width)].len() * 32,
        TileKind::Entries => full.entries(&bytes)?[..usize::from(path.width)]
            .iter()
            .map(|entry| entry.len() + 2)
            .sum(),
    };
    bytes.truncate(prefix_bytes);
    Ok(bytes)
}

fn load_edge<S: TileStore>(store: &S, head: &SignedCheckpoint) -> Result<Edge, LogError> {
    let edge = Edge::load(head.size(), |path| read_tile(store, path))?;
    if edge.root() == head.root() {
        Ok(edge)
    } else {
        Err(LogError::Damaged(
            "the tiles lead to another root than the checkpoint's".into(),
        ))
    }
}

/// Repeats steps 3 and 4 of the append that led from `before` to `head`.
fn finish_commit<S: TileStore>(
    store: &mut S,
    before: Option<&SignedCheckpoint>,
    head: &SignedCheckpoint,
) -> Result<Edge, LogError> {
    let note = head.note().as_bytes();
    let edge = match before {
        // The crash fell into `create`.
        None if head.size() == 0 => Edge::default(),
        Some(before) if before.size() < head.size() => {
            let mut edge = load_edge(store, before)?;
            let staged = store
                .staged()?
                .ok_or_else(|| LogError::Damaged("the staged batch is gone".into()))?;
            let mut tiles = Tiles::new();
            for entry in decode_staged(&staged, before.size())? {
                edge.push(entry, &mut tiles);
            }
            if (edge.size(), edge.root()) != (head.size(), head.root()) {
                return Err(LogError::Damaged(
                    "the staged batch does not lead to the lock record".into(),
                ));
            }
            tiles.append(&mut edge.partial());
            // Written again, because a failed fsync may have left it in memory only.
            store.swap_lock_record(Some(note), note)?;
            store.publish(&tiles)?;
            edge
        }
        _ => {
            return Err(LogError::Damaged(
                "the published checkpoint is newer than the lock record or contradicts it; \
                 was an old copy restored?"
                    .into(),
            ));
        }
    };
    store.publish_checkpoint(note)?;
    Ok(edge)
}

fn encode_staged(first: u64, entries: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 2).sum());
    for entry in entries {
        body.extend_from_slice(&(entry.len() as u16).to_be_bytes());
        body.extend_from_slice(entry);
    }
    let digest = hex::encode(Sha256::digest(&body));
    let mut staged = format!("{STAGED_HEADER}\n{first}\n{digest}\n").into_bytes();
    staged.append(&mut body);
    staged
}

fn decode_staged(staged: &[u8], first: u64) -> Result<Vec<&[u8]>, LogError> {
    let wrong = |what: &str| LogError::Damaged(format!("the staged batch {what}"));
    let mut parts = staged.splitn(4, |&byte| byte == b'\n');
    let (header, base, digest) = (parts.next(), parts.next(), parts.next());
    let body = parts.next().ok_or_else(|| wrong("is cut short"))?;
    if header != Some(STAGED_HEADER.as_bytes()) || base != Some(first.to_string().as_bytes()) {
        return Err(wrong("belongs to another append"));
    }
    if digest != Some(hex::encode(Sha256::digest(body)).as_bytes()) {
        return Err(wrong("does not fit its digest"));
    }
    let mut entries = Vec::new();
    let mut rest = body;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (entry, tail) = tail
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or_else(|| wrong("is cut short"))?;
        entries.push(entry);
        rest = tail;
    }
    Ok(entries)
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
    use super::*;
    use crate::{
        hash::Hash,
        merkle::{tests::mth, verify_consistency},
        store::memory::{Disk, MemoryStore},
    };

    fn key() -> SignerKey {
        SignerKey::from_seed("log.example/test", &[9; 32]).unwrap()
    }

    fn entry(i: u64) -> Vec<u8> {
        format!("entry {i}").into_bytes()
    }

    fn append(log: &mut Log<MemoryStore>, range: Range<u64>) -> Result<Range<u64>, LogError> {
        let entries: Vec<Vec<u8>> = range.map(entry).collect();
        log.append_batch(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn assert_sound(log: &Log<MemoryStore>) {
        let report = log.fsck().unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        let size = log.checkpoint().size();
        let leaves: Vec<Hash> = (0..size).map(|i| leaf_hash(&entry(i))).collect();
        assert_eq!(log.checkpoint().root(), mth(&leaves));
    }

    #[test]
    fn what_is_appended_is_read_back_and_proven_over_several_batches_and_openings() {
        let disk = Disk::default();
        let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
        let mut heads = vec![log.checkpoint().clone()];
        let mut size = 0;
        for batch in [1, 1, 253, 1, 1, 255, 256, 1, 300] {
            assert_eq!(append(&mut log, size..size + batch).unwrap(), size..size + batch);
            size += batch;
            heads.push(log.checkpoint().clone());
            assert_sound(&log);
            log = Log::open(MemoryStore::on(&disk), key()).unwrap();
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

    /// Every write fails in turn, before or after it took effect; then the log is opened
    /// again, must hold what was acknowledged, and must go on.
    #[test]
    fn a_failure_at_any_write_loses_nothing_that_was_acknowledged() {
        for applied in [false, true] {
            for fail_at in 0.. {
                let disk = Disk::default();
                let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
                append(&mut log, 0..255).unwrap();
                disk.fail_write(fail_at, applied);
                let failed = append(&mut log, 255..700).is_err();
                if failed {
                    assert_eq!(log.checkpoint().size(), 255);
                    assert_eq!(append(&mut log, 255..256).unwrap_err().code(), "log_poisoned");
                    assert_eq!(log.read_entry(0).unwrap_err().code(), "log_poisoned");
                }
                drop(log);
                disk.heal();
                let mut log = Log::open(MemoryStore::on(&disk), key()).unwrap();
                let size = log.checkpoint().size();
                assert!(
                    size == 700 || (failed && size == 255),
                    "size {size} after failure at {fail_at}"
                );
                assert_sound(&log);
                append(&mut log, size..size + 300).unwrap();
                assert_sound(&log);
                if !failed {
                    assert!(fail_at >= 4, "an append has at least four writes to fail");
                    break;
                }
            }
        }
    }

    #[test]
    fn a_crash_in_the_middle_of_recovery_is_recovered_from() {
        for fail_at in 0.. {
            let disk = Disk::default();
            let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
            append(&mut log, 0..10).unwrap();
            disk.fail_write(2, false); // after stage and lock record
            assert!(append(&mut log, 10..600).is_err());
            disk.heal();
            disk.fail_write(fail_at, false);
            let opened = Log::open(MemoryStore::on(&disk), key()).is_ok();
            disk.heal();
            let log = Log::open(MemoryStore::on(&disk), key()).unwrap();
            assert_eq!(log.checkpoint().size(), 600);
            assert_sound(&log);
            if opened {
                break;
            }
        }
    }

    #[test]
    fn a_crash_during_creation_leaves_something_that_opens() {
        for fail_at in 0..2 {
            let disk = Disk::default();
            disk.fail_write(fail_at, false);
            assert!(Log::create(MemoryStore::on(&disk), key()).is_err());
            disk.heal();
            let log = Log::open_or_create(MemoryStore::on(&disk), key()).unwrap();
            assert_eq!(log.checkpoint().size(), 0);
        }
    }

    #[test]
    fn changed_missing_or_rolled_back_parts_are_found() {
        let good = Disk::default();
        let mut log = Log::create(MemoryStore::on(&good), key()).unwrap();
        append(&mut log, 0..600).unwrap();
        for path in good.paths() {
            let disk = good.copy();
            disk.change(&path, |bytes| bytes[0] ^= 1);
            let found = match Log::open(MemoryStore::on(&disk), key()) {
                Ok(log) => !log.fsck().unwrap().problems.is_empty(),
                Err(_) => true,
            };
            assert!(found, "{path} changed");
            let disk = good.copy();
            disk.remove(&path);
            let found = match Log::open(MemoryStore::on(&disk), key()) {
                Ok(log) => !log.fsck().unwrap().problems.is_empty(),
                Err(_) => true,
            };
            assert!(found, "{path} missing");
        }
        let old = good.copy();
        append(&mut log, 600..610).unwrap();
        let rolled_back = good.copy();
        rolled_back.set_lock_record(old.lock_record());
        assert_eq!(
            Log::open(MemoryStore::on(&rolled_back), key())
                .err()
                .unwrap()
                .code(),
            "log_damaged"
        );
    }

    #[test]
    fn an_object_with_other_content_stops_the_append() {
        let disk = Disk::default();
        let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
        disk.put("tile/0/000.p/3", b"planted");
        assert_eq!(append(&mut log, 0..3).unwrap_err().code(), "log_store_conflict");
        assert_eq!(append(&mut log, 0..3).unwrap_err().code(), "log_poisoned");
        assert_eq!(disk.get("tile/0/000.p/3").unwrap(), b"planted");
    }

    #[test]
    fn a_moved_lock_record_stops_the_append() {
        let disk = Disk::default();
        let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
        append(&mut log, 0..1).unwrap();
        let mut other = Log::open(MemoryStore::on(&disk), key()).unwrap();
        append(&mut other, 1..2).unwrap();
        assert_eq!(
            append(&mut log, 1..2).unwrap_err().code(),
            "log_lock_record_moved"
        );
    }

    #[test]
    fn another_key_does_not_open_the_log() {
        let disk = Disk::default();
        Log::create(MemoryStore::on(&disk), key()).unwrap();
        let other = SignerKey::from_seed("log.example/test", &[1; 32]).unwrap();
        assert_eq!(
            Log::open(MemoryStore::on(&disk), other).err().unwrap().code(),
            "note_not_signed"
        );
        assert_eq!(
            Log::create(MemoryStore::on(&disk), key()).err().unwrap().code(),
            "log_exists"
        );
        assert_eq!(
            Log::open(MemoryStore::on(&Disk::default()), key())
                .err()
                .unwrap()
                .code(),
            "log_missing"
        );
    }

    #[test]
    fn limits_are_named_and_the_largest_entry_fits() {
        let disk = Disk::default();
        let mut log = Log::create(MemoryStore::on(&disk), key()).unwrap();
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
}
