//! Edits: one change of the index, from the lock to the new manifest, and the clearing up after it.
//!
//! In:  the folder of an index.
//! Out: the same folder one generation later.
//!
//! | file | who holds its lock |
//! |---|---|
//! | `lock` | whoever changes the index, alone |
//! | `in-use` | whoever reads files of one generation by their names for long (a snapshot), together with others |
//!
//! Order: everything new is written and synced, then the manifest is replaced, then what no manifest names any more is
//! cleared away. A reader that has opened all its files keeps them, names or no names; one that is opening them finds
//! that one is gone, and begins again with the manifest that is there by then.
//!
//! Invariants: what a manifest names is never touched. A folder that is to go gets another name first, so that nobody
//! finds half of it. Clearing up can fail or be put off without harm; the next edit does it.
//!
//! Not here: what changes (`append` in `collection`, `upkeep`, `merge`).

use std::fs;
use std::path::{Path, PathBuf};

use quanlian_lock::{Held, TakeError};

use super::CollectionError;
use super::known::Version;
use super::manifest::{Manifest, NEW_MANIFEST_FILE, part_number, removed_number};
use super::removed::Removed;

const LOCK_FILE: &str = "lock";
const IN_USE_FILE: &str = "in-use";
const DROPPED_PREFIX: &str = "dropped-";

/// An index that nobody else changes meanwhile.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) removed: Removed,
    _lock: Held,
}

impl Edit {
    /// Begins a new index in a folder that is there.
    pub(super) fn create(folder: &Path) -> Result<Self, CollectionError> {
        let edit = Self::create_as_is(folder)?;
        edit.sweep()?;
        Ok(edit)
    }

    /// The same, and what an earlier run left there stays for now.
    pub(super) fn create_as_is(folder: &Path) -> Result<Self, CollectionError> {
        let lock = lock(folder)?;
        if Manifest::path(folder)
            .try_exists()
            .map_err(CollectionError::io(folder))?
        {
            return Err(CollectionError::AlreadyThere {
                path: folder.to_owned(),
            });
        }
        Self::with(folder, Manifest::new(), lock)
    }

    /// Takes an index to change it.
    pub(super) fn begin(folder: &Path) -> Result<Self, CollectionError> {
        let edit = Self::begin_as_is(folder)?;
        edit.sweep()?;
        Ok(edit)
    }

    /// The same, and what an earlier run left there stays for now.
    pub(super) fn begin_as_is(folder: &Path) -> Result<Self, CollectionError> {
        // Before the lock, so that no lock is left in a folder without an index; what counts is read under it.
        Manifest::read(folder)?;
        let lock = lock(folder)?;
        Self::with(folder, Manifest::read(folder)?, lock)
    }

    fn with(folder: &Path, manifest: Manifest, lock: Held) -> Result<Self, CollectionError> {
        Ok(Self {
            folder: folder.to_owned(),
            removed: Removed::read(folder, &manifest)?,
            manifest,
            _lock: lock,
        })
    }

    /// Removes a version of a work.
    pub(super) fn remove(&mut self, (part, row): Version) {
        let name = &self.manifest.parts[part].name;
        self.removed.insert(name, row);
    }

    /// Makes the change visible, all at once, and lasting.
    pub(super) fn commit(&mut self) -> Result<(), CollectionError> {
        let mut next = self.manifest.clone();
        next.generation += 1;
        next.removed = self.removed.write(&self.folder, next.generation)?;
        next.write(&self.folder)?;
        self.manifest = next;
        // The change is made; what could not be cleared away now is by the next edit.
        let _ = self.sweep();
        Ok(())
    }

    /// Makes another state of the index visible, all of whose files are there.
    pub(super) fn replace_by(&mut self, manifest: Manifest) -> Result<(), CollectionError> {
        let removed = Removed::read(&self.folder, &manifest)?;
        manifest.write(&self.folder)?;
        self.manifest = manifest;
        self.removed = removed;
        let _ = self.sweep();
        Ok(())
    }

    /// Clears away what no manifest names.
    fn sweep(&self) -> Result<(), CollectionError> {
        let folder = &self.folder;
        // Files of an older generation may be in use by their names; those of none at all are not.
        let alone = match Held::take(&folder.join(IN_USE_FILE)) {
            Ok(held) => Some(held),
            Err(TakeError::InUse) => None,
            Err(error) => return Err(refused(folder, folder.join(IN_USE_FILE), error)),
        };
        let may_drop_old = alone.is_some();
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).map_err(CollectionError::io(folder))? {
            let entry = entry.map_err(CollectionError::io(folder))?;
            names.extend(entry.file_name().into_string());
        }
        // What an earlier run had renamed already goes first, so that the name is free.
        names.sort_unstable();
        for name in &names {
            let path = folder.join(name);
            if name.starts_with(DROPPED_PREFIX) {
                fs::remove_dir_all(&path).map_err(CollectionError::io(&path))?;
            } else if let Some(number) = part_number(name) {
                let is_named = self.manifest.parts.iter().any(|p| p.name == *name);
                if !is_named && (may_drop_old || self.manifest.is_unborn(number)) {
                    let dropped = folder.join(format!("{DROPPED_PREFIX}{name}"));
                    fs::rename(&path, &dropped).map_err(CollectionError::io(&path))?;
                    fs::remove_dir_all(&dropped).map_err(CollectionError::io(&dropped))?;
                }
            } else if let Some(number) = removed_number(name) {
                let is_named = self.manifest.removed.as_ref().is_some_and(|f| f.name == *name);
                if !is_named && (may_drop_old || number > self.manifest.generation) {
                    fs::remove_file(&path).map_err(CollectionError::io(&path))?;
                }
            } else if name == NEW_MANIFEST_FILE {
                fs::remove_file(&path).map_err(CollectionError::io(&path))?;
            }
        }
        Ok(())
    }
}

/// Whether a file or folder of an index with this name is cleared away once no manifest names it.
pub(super) fn is_ours(name: &str) -> bool {
    part_number(name).is_some()
        || removed_number(name).is_some()
        || name.starts_with(DROPPED_PREFIX)
        || name == NEW_MANIFEST_FILE
}

/// Keeps all files of the present generation under their names for as long as the handle lives.
pub(super) fn keep_in_use(folder: &Path) -> Result<Held, CollectionError> {
    let path = folder.join(IN_USE_FILE);
    Held::share(&path).map_err(|error| refused(folder, path, error))
}

/// Waits for nobody: a second writer is told at once.
pub(super) fn lock(folder: &Path) -> Result<Held, CollectionError> {
    let path = folder.join(LOCK_FILE);
    Held::take(&path).map_err(|error| refused(folder, path, error))
}

/// What a lock at `path` that was not taken says of the index.
fn refused(folder: &Path, path: PathBuf, error: TakeError) -> CollectionError {
    match error {
        TakeError::Open(source) | TakeError::Lock(source) => CollectionError::Io { path, source },
        TakeError::InUse => CollectionError::Busy {
            path: folder.to_owned(),
        },
    }
}
