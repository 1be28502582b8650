//! From durable entries to a published checkpoint, and back to the same place after a crash.
//!
//! In:  batches that the write-ahead log has made durable.
//! Out: tiles, a signed checkpoint in the lock record, the same checkpoint for readers.
//!
//! Invariant: the steps of [`Publisher::publish`] stand in one order, each durable before
//! the next, and a crash between any two loses nothing that was acknowledged:
//!
//! 1. the entries are in the write-ahead log (done before);
//! 2. the key consents to size and root ([`SignedSize::raise`]);
//! 3. the checkpoint is signed and swapped into the lock record: the commit point;
//! 4. tiles and entry bundles are written;
//! 5. the checkpoint is given to readers;
//! 6. whoever waits for it is answered.
//!
//! [`recover`] finds the lock record ahead of the published checkpoint when the crash
//! fell between 3 and 5, and repeats 4 and 5 from the write-ahead log. No tile is written
//! that a signed checkpoint does not cover, so none has ever to be taken back.
//!
//! A segment of the write-ahead log goes only when its entries have been read back out of
//! the tiles, past the caches ([`Publisher::reclaim`]).

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::Arc,
};

use quanlian_lock::Held;

use crate::{
    checkpoint::SignedCheckpoint,
    disk::Disk,
    hash::{Hash, leaf_hash},
    lock_record::{LockRecord, require_not_moved},
    log::{LogError, MAX_LOG_ENTRIES},
    note::{SignerKey, VerifierKey},
    signed_size::SignedSize,
    store::{LogHome, Parts, StoreError, TileStore},
    tile::{Edge, TILE_WIDTH, TileError, TileKind, TilePath, Tiles, perfect_root},
    view::{LogView, read_tile},
    wal::{self, Batch, Segment, Wal, WalError},
};

/// Moves the head of the log.
pub(crate) struct Publisher {
    disk: Arc<dyn Disk>,
    tiles: Arc<dyn TileStore>,
    wal_folder: PathBuf,
    lock_record: Box<dyn LockRecord>,
    signed_size: SignedSize,
    key: SignerKey,
    edge: Edge,
    head: SignedCheckpoint,
    /// What a crash has left between the lock record and the readers.
    unsettled: Option<Unsettled>,
    /// Keeps other writers out until dropped.
    _in_use: Option<Held>,
}

/// Signed, and perhaps not published.
struct Unsettled {
    edge: Edge,
    /// Full tiles between the published checkpoint and this one.
    tiles: Tiles,
    head: SignedCheckpoint,
}

/// A log taken up again.
pub(crate) struct Recovered {
    pub(crate) publisher: Publisher,
    pub(crate) wal: Wal,
    /// Durable, and not yet under a checkpoint.
    pub(crate) pending: Vec<Batch>,
}

/// Starts a log with no entries.
pub(crate) fn create(home: LogHome, key: SignerKey) -> Result<Recovered, LogError> {
    home.require_remembered_place()?;
    let LogHome {
        disk,
        tiles,
        wal_folder,
        lock_record,
        signed_size,
        in_use,
        ..
    } = home;
    if lock_record.load()?.is_some() || tiles.published_checkpoint()?.is_some() {
        return Err(LogError::Exists);
    }
    let origin = key.verifier().name().to_owned();
    let mut signed_size = SignedSize::load(disk.clone(), &signed_size, &origin)?;
    let edge = Edge::default();
    // A key that has signed entries does not begin anew.
    signed_size.require_reached(0)?;
    let wal = Wal::create(disk.clone(), &wal_folder, &origin)?;
    signed_size.raise(0, edge.root())?;
    let head = SignedCheckpoint::sign(0, edge.root(), &key)?;
    lock_record.swap(None, head.note().as_bytes())?;
    tiles.publish_checkpoint(head.note().as_bytes())?;
    let publisher = Publisher {
        disk,
        tiles,
        wal_folder,
        lock_record,
        signed_size,
        key,
        edge,
        head,
        unsettled: None,
        _in_use: in_use,
    };
    Ok(Recovered {
        publisher,
        wal,
        pending: Vec::new(),
    })
}

/// Takes a log up where a crash or an orderly end left it.
///
/// What the lock record has committed is checked when this returns, and published by
/// [`Publisher::settle`]; what is durable beyond it comes back as `pending`. Costs what was
/// written since the last checkpoint, not what the log holds.
pub(crate) fn recover(home: LogHome, key: SignerKey) -> Result<Recovered, LogError> {
    home.require_remembered_place()?;
    let LogHome {
        disk,
        tiles,
        wal_folder,
        lock_record,
        signed_size,
        in_use,
        ..
    } = home;
    let origin = key.verifier().name().to_owned();
    let published = tiles.published_checkpoint()?;
    let Some(lock) = lock_record.load()? else {
        return Err(match published {
            Some(_) => LogError::Damaged("the lock record is gone".into()),
            None => LogError::Missing,
        });
    };
    require_not_moved(&lock)?;
    let head = open_checkpoint(&lock, key.verifier())?;
    let before = match published {
        Some(note) => open_checkpoint(&note, key.verifier())?,
        // The crash fell into `create`.
        None if head.size() == 0 => head.clone(),
        None => return Err(LogError::Damaged("the published checkpoint is gone".into())),
    };
    require_order(&before, &head)?;
    let signed_size = SignedSize::load(disk.clone(), &signed_size, &origin)?;
    signed_size.require_known()?;
    let (wal, batches) = Wal::open(disk.clone(), &wal_folder, &origin, before.size())?;
    signed_size.require_reached(wal.next())?;
    if wal.next() < head.size() {
        return Err(LogError::Damaged(format!(
            "the write-ahead log ends at entry {}, the lock record covers {}",
            wal.next(),
            head.size()
        )));
    }
    let mut edge = load_edge(&*tiles, &before)?;
    let mut replayed = Tiles::new();
    for entry in entries_between(&batches, before.size(), head.size()) {
        edge.push(entry, &mut replayed);
    }
    if edge.root() != head.root() {
        return Err(LogError::Damaged(
            "the write-ahead log does not lead to the lock record".into(),
        ));
    }
    signed_size.require_same(edge.size(), edge.root())?;
    let end = head.size();
    let pending = batches.into_iter().filter(|batch| batch.end() > end).collect();
    let publisher = Publisher {
        disk,
        tiles,
        wal_folder,
        lock_record,
        signed_size,
        key,
        edge: Edge::default(),
        head: before,
        unsettled: Some(Unsettled {
            edge,
            tiles: replayed,
            head,
        }),
        _in_use: in_use,
    };
    Ok(Recovered {
        publisher,
        wal,
        pending,
    })
}

impl Publisher {
    pub(crate) fn head(&self) -> &SignedCheckpoint {
        &self.head
    }

    pub(crate) fn key(&self) -> &SignerKey {
        &self.key
    }

    /// The parts of the log, for a check.
    pub(crate) fn parts(&self) -> Result<Parts, LogError> {
        Ok(Parts {
            disk: self.disk.clone(),
            tiles: self.tiles.clone(),
            wal_folder: self.wal_folder.clone(),
            published: self.tiles.published_checkpoint()?,
            lock_record: self.lock_record.load()?,
            signed_size: self.signed_size.path().to_owned(),
        })
    }

    pub(crate) fn view(&self) -> LogView {
        LogView::new(self.tiles.clone(), self.head.clone())
    }

    /// The size that the key has signed last. A checkpoint below it would be refused.
    pub(crate) fn must_reach(&self) -> u64 {
        self.signed_size.get().map_or(0, |(size, _)| size)
    }

    /// Finishes what a crash has interrupted after the commit point; then as after `publish`.
    pub(crate) fn settle(&mut self) -> Result<(), LogError> {
        let Some(Unsettled { edge, tiles, head }) = self.unsettled.take() else {
            return Ok(());
        };
        // All written again, even where it looks right: after a failed sync the page cache
        // shows what may never have reached the disk.
        self.signed_size.renew()?;
        let note = head.note().as_bytes();
        self.lock_record.swap(Some(note), note)?;
        self.finish(edge, tiles, head)
    }

    /// Publishes a checkpoint over all entries to the end of `batches`.
    ///
    /// After an error nothing is known about what is on the disk; the log must be opened again.
    pub(crate) fn publish(&mut self, batches: &[Batch]) -> Result<(), LogError> {
        self.settle()?;
        let mut edge = self.edge.clone();
        let mut tiles = Tiles::new();
        for entry in entries_between(batches, edge.size(), MAX_LOG_ENTRIES) {
            edge.push(entry, &mut tiles);
            // Before a crash the key may have consented to more than the lock record says.
            if edge.size() == self.must_reach() {
                self.signed_size.require_same(edge.size(), edge.root())?;
            }
        }
        if edge.size() == self.edge.size() {
            return Ok(());
        }
        let expected = self.head.note().as_bytes();
        // Asked before the key consents, so that a writer who has lost the log to another
        // does not leave a consent for a tree that nobody signs.
        if self.lock_record.load()?.as_deref() != Some(expected) {
            return Err(StoreError::LockRecordMoved.into());
        }
        self.signed_size.raise(edge.size(), edge.root())?;
        let next = SignedCheckpoint::sign(edge.size(), edge.root(), &self.key)?;
        self.lock_record.swap(Some(expected), next.note().as_bytes())?;
        self.finish(edge, tiles, next)
    }

    /// Steps 4 and 5, and tidying.
    fn finish(&mut self, edge: Edge, mut tiles: Tiles, next: SignedCheckpoint) -> Result<(), LogError> {
        let full: Vec<String> = tiles.keys().cloned().collect();
        if edge.size() > self.head.size() {
            tiles.append(&mut edge.partial());
            self.tiles.publish(&tiles)?;
        }
        self.tiles.publish_checkpoint(next.note().as_bytes())?;
        self.edge = edge;
        self.head = next;
        for path in &full {
            // Only tidying: a partial tile that stays behind is still right.
            let _ = self.tiles.prune_partials(path);
        }
        Ok(())
    }

    /// Removes those of `closed` whose entries the tiles hold, oldest first, and leaves the rest.
    pub(crate) fn reclaim(&self, closed: &mut VecDeque<Segment>) -> Result<(), LogError> {
        while self.reclaim_one(closed)? {}
        Ok(())
    }

    /// Removes the oldest of `closed`, if the tiles hold its entries.
    pub(crate) fn reclaim_one(&self, closed: &mut VecDeque<Segment>) -> Result<bool, LogError> {
        if let Some(segment) = closed.front().filter(|segment| segment.end <= self.head.size()) {
            let origin = self.key.verifier().name();
            let batches = wal::read_segment(&*self.disk, segment, origin)?;
            self.require_in_tiles(segment, &batches)?;
            // One at a time, each removal durable before the next: whatever a crash leaves
            // is a run of segments without gaps.
            let gone = |source| {
                WalError::Store(StoreError::Io {
                    act: "remove",
                    path: segment.path.clone(),
                    source,
                })
            };
            self.disk.remove(&segment.path).map_err(gone)?;
            self.disk.sync_folder(&self.wal_folder).map_err(gone)?;
            closed.pop_front();
            return Ok(true);
        }
        Ok(false)
    }

    /// Reads the entries of a segment back out of the tiles, with all hashes above them.
    fn require_in_tiles(&self, segment: &Segment, batches: &[Batch]) -> Result<(), LogError> {
        let size = self.head.size();
        let wrong = |path: TilePath| {
            LogError::Damaged(format!(
                "{path} does not hold what was written to it; the entries are safe in {}",
                segment.path.display()
            ))
        };
        self.forget_tiles(segment)?;
        let mut entries = entries_between(batches, segment.first, segment.end);
        let mut below: BTreeMap<u64, Hash> = BTreeMap::new();
        let first_bundle = segment.first / TILE_WIDTH;
        for bundle in first_bundle..segment.end.div_ceil(TILE_WIDTH) {
            let begin = bundle * TILE_WIDTH;
            let Some(path) = TilePath::in_tree(TileKind::Entries, bundle, size) else {
                break;
            };
            let bytes = read_tile(&*self.tiles, path)?;
            let found = path.entries(&bytes)?;
            let hashes = self.hashes(0, bundle, size)?;
            for index in begin.max(segment.first)..(begin + TILE_WIDTH).min(segment.end) {
                let at = (index - begin) as usize;
                let entry = entries.next();
                if found.get(at).copied() != entry || hashes.get(at).copied() != entry.map(leaf_hash) {
                    return Err(wrong(path));
                }
            }
            if path.is_full() {
                below.insert(bundle, perfect_root(&hashes));
            }
        }
        for level in 1.. {
            let mut above = BTreeMap::new();
            let mut hashes = (u64::MAX, Vec::new());
            for (&index, root) in &below {
                let (tile, at) = (index / TILE_WIDTH, (index % TILE_WIDTH) as usize);
                if hashes.0 != tile {
                    hashes = (tile, self.hashes(level, tile, size)?);
                    if hashes.1.len() as u64 == TILE_WIDTH {
                        above.insert(tile, perfect_root(&hashes.1));
                    }
                }
                if hashes.1.get(at) != Some(root) {
                    let kind = TileKind::Hashes(level);
                    return Err(wrong(TilePath {
                        kind,
                        index: tile,
                        width: hashes.1.len() as u16,
                    }));
                }
            }
            if above.is_empty() {
                return Ok(());
            }
            below = above;
        }
        Ok(())
    }

    /// Lets all tiles over a segment be read from the disk.
    fn forget_tiles(&self, segment: &Segment) -> Result<(), LogError> {
        let size = self.head.size();
        let (mut first, mut end) = (segment.first, segment.end);
        for level in 0.. {
            let tiles = first / TILE_WIDTH..end.div_ceil(TILE_WIDTH);
            for index in tiles.clone() {
                let entries = (level == 0).then_some(TileKind::Entries);
                for kind in [TileKind::Hashes(level)].into_iter().chain(entries) {
                    if let Some(path) = TilePath::in_tree(kind, index, size) {
                        self.tiles.forget(&path.to_string())?;
                    }
                }
            }
            if tiles.end <= 1 {
                break;
            }
            (first, end) = (tiles.start, tiles.end);
        }
        Ok(())
    }

    fn hashes(&self, level: u8, index: u64, size: u64) -> Result<Vec<Hash>, LogError> {
        let path = TilePath::in_tree(TileKind::Hashes(level), index, size)
            .ok_or_else(|| TileError::Path(format!("level {level}, index {index}")))?;
        Ok(path.hashes(&read_tile(&*self.tiles, path)?)?)
    }
}

/// The entries with numbers from `begin` to below `end`, as far as `batches` hold them.
pub(crate) fn entries_between(batches: &[Batch], begin: u64, end: u64) -> impl Iterator<Item = &[u8]> {
    batches
        .iter()
        .filter(move |batch| batch.end() > begin)
        .flat_map(|batch| (batch.first()..).zip(batch.entries()))
        .skip_while(move |(index, _)| *index < begin)
        .take_while(move |(index, _)| *index < end)
        .map(|(_, entry)| entry)
}

/// Reads a checkpoint of this log that was kept.
pub(crate) fn open_checkpoint(note: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, LogError> {
    let note = std::str::from_utf8(note).map_err(|_| LogError::Damaged("a checkpoint is not text".into()))?;
    let head = SignedCheckpoint::open(note, key)?;
    if head.size() > MAX_LOG_ENTRIES {
        Err(LogError::Full)
    } else {
        Ok(head)
    }
}

/// What readers see is never newer than the lock record, nor beside it.
pub(crate) fn require_order(published: &SignedCheckpoint, lock: &SignedCheckpoint) -> Result<(), LogError> {
    let is_behind = published.size() < lock.size();
    let is_same = published.size() == lock.size() && published.root() == lock.root();
    if is_behind || is_same {
        Ok(())
    } else {
        Err(LogError::Damaged(
            "the published checkpoint is newer than the lock record or contradicts it; was an old copy restored?"
                .into(),
        ))
    }
}

fn load_edge(tiles: &dyn TileStore, head: &SignedCheckpoint) -> Result<Edge, LogError> {
    let edge = Edge::load(head.size(), |path| read_tile(tiles, path))?;
    if edge.root() == head.root() {
        Ok(edge)
    } else {
        Err(LogError::Damaged(
            "the tiles lead to another root than the checkpoint's".into(),
        ))
    }
}

/// Refuses entries that contradict what the key has consented to beyond the lock record.
pub(crate) fn require_signed_prefix(
    signed_size: &SignedSize,
    edge: &Edge,
    batches: &[Batch],
) -> Result<(), LogError> {
    let Some((signed, _)) = signed_size.get().filter(|(signed, _)| *signed > edge.size()) else {
        return Ok(());
    };
    let mut edge = edge.clone();
    for entry in entries_between(batches, edge.size(), signed) {
        // Tiles that fill up on the way are not needed.
        edge.push(entry, &mut Tiles::new());
    }
    Ok(signed_size.require_same(edge.size(), edge.root())?)
}
