//! Reading a log under one of its checkpoints: entries and proofs, from tiles alone.
//!
//! In:  a tile store, and a published checkpoint.
//! Out: entries, inclusion and consistency proofs under that checkpoint.
//!
//! Invariant: tiles of a published checkpoint do not change, so a view stays right while
//! the log grows. It is cheap to make and asks no writer for anything.

use std::{path::Path, sync::Arc};

use crate::{
    checkpoint::SignedCheckpoint,
    hash::{HASH_BYTES, Hash},
    log::LogError,
    merkle,
    note::VerifierKey,
    proof::TlogProof,
    publisher::open_checkpoint,
    store::{self, TileStore},
    tile::{TILE_WIDTH, TileError, TileKind, TilePath, TileTree},
};

/// A log as one checkpoint shows it.
#[derive(Clone)]
pub struct LogView {
    tiles: Arc<dyn TileStore>,
    head: SignedCheckpoint,
}

impl LogView {
    pub(crate) fn new(tiles: Arc<dyn TileStore>, head: SignedCheckpoint) -> Self {
        Self { tiles, head }
    }

    /// The log in a data folder as its readers see it, also while another process writes to it.
    ///
    /// The checkpoint is valid under `key`; whether every tile belongs to it is for proofs, or [`crate::fsck`], to say.
    pub fn beside(data: &Path, key: &VerifierKey) -> Result<Self, LogError> {
        let tiles = store::beside(data);
        let note = tiles.published_checkpoint()?.ok_or(LogError::Missing)?;
        Ok(Self::new(Arc::new(tiles), open_checkpoint(&note, key)?))
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.head
    }

    /// The entry with this number.
    pub fn read_entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let size = self.head.size();
        let path = TilePath::in_tree(TileKind::Entries, index / TILE_WIDTH, size)
            .filter(|_| index < size)
            .ok_or(LogError::NoSuchEntry { index, size })?;
        let bundle = read_tile(&*self.tiles, path)?;
        let entries = path.entries(&bundle)?;
        Ok(entries[(index % TILE_WIDTH) as usize].to_vec())
    }

    /// The entries from `first` on, up to the end of their bundle: at most 256.
    pub fn read_entries(&self, first: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let size = self.head.size();
        let path = TilePath::in_tree(TileKind::Entries, first / TILE_WIDTH, size)
            .filter(|_| first < size)
            .ok_or(LogError::NoSuchEntry { index: first, size })?;
        let bundle = read_tile(&*self.tiles, path)?;
        let entries = path.entries(&bundle)?;
        let behind = entries.iter().skip((first % TILE_WIDTH) as usize);
        Ok(behind.map(|entry| entry.to_vec()).collect())
    }

    /// The proof that entry `index` is under the checkpoint.
    pub fn inclusion_proof(&self, index: u64) -> Result<TlogProof, LogError> {
        Ok(self.inclusion_proofs(&[index])?.remove(0))
    }

    /// Several inclusion proofs; each tile is read once.
    pub fn inclusion_proofs(&self, indices: &[u64]) -> Result<Vec<TlogProof>, LogError> {
        let size = self.head.size();
        let mut tree = TileTree::new(size, |path| read_tile(&*self.tiles, path));
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
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, LogError> {
        let size = self.head.size();
        if old == 0 || old > new || new > size {
            return Err(LogError::NoSuchSizes { old, new, size });
        }
        merkle::consistency_proof(
            &mut TileTree::new(size, |path| read_tile(&*self.tiles, path)),
            old,
            new,
        )
    }
}

/// Reads a tile of a tree of some size; where its partial form is gone, from the full one.
pub(crate) fn read_tile(store: &dyn TileStore, path: TilePath) -> Result<Vec<u8>, LogError> {
    if let Some(bytes) = store.read(&path.to_string(), path.max_bytes())? {
        return Ok(bytes);
    }
    // A partial tile may have been removed once the full one was there; it is a prefix of it.
    let full = path.full();
    let Some(mut bytes) = store.read(&full.to_string(), full.max_bytes())? else {
        return Err(TileError::Missing { path }.into());
    };
    let prefix_bytes = match path.kind {
        TileKind::Hashes(_) => full.hashes(&bytes)?[..usize::from(path.width)].len() * HASH_BYTES,
        TileKind::Entries => full.entries(&bytes)?[..usize::from(path.width)]
            .iter()
            .map(|entry| entry.len() + 2)
            .sum(),
    };
    bytes.truncate(prefix_bytes);
    Ok(bytes)
}
