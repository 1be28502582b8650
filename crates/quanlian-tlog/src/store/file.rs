//! The store in a local folder.
//!
//! In:  a folder that belongs to one log.
//! Out: `public/checkpoint` and `public/tile/...`, ready to be served as they lie there.
//!
//! Invariant: a file under its final name is complete. It is written under a temporary
//! name, synced, renamed, and its folders are synced, before a call returns.
//! `private/in-use` is locked for as long as the store is open, so there is one writer.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use quanlian_lock::Held;

use super::{MAX_CHECKPOINT_BYTES, StoreError, TileStore};
use crate::{
    disk::{Disk, SystemDisk},
    lock_record,
    tile::Tiles,
};

/// What temporary files end in; a crash may leave some, and the next write replaces them.
const TEMPORARY: &str = ".tmp";

/// A log's folder, open for writing by this process alone.
#[derive(Debug)]
pub struct FileStore {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Folders whose names this process has synced, with those above them. What another
    /// process has made may be visible and not be on the disk.
    durable: Mutex<BTreeSet<PathBuf>>,
    /// Locked until dropped; a simulated disk has no second process.
    in_use: Option<Held>,
}

impl FileStore {
    /// Makes the folder, or takes an existing one, for writing.
    pub fn create(root: &Path) -> Result<Self, StoreError> {
        let (public, private) = (root.join("public"), root.join("private"));
        fs::create_dir_all(&public).map_err(|source| io_error("make the folder", &public, source))?;
        let mut owner_only = fs::DirBuilder::new();
        owner_only.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut owner_only, 0o700);
        owner_only
            .create(&private)
            .map_err(|source| io_error("make the folder", &private, source))?;
        // The folder that holds the data folder too, which the caller may just have made.
        let data = parent_of(root);
        [root, data, parent_of(data)]
            .into_iter()
            .try_for_each(|folder| sync_folder(&SystemDisk, folder))?;
        Self::open(root)
    }

    /// Takes an existing folder for writing.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let private = root.join("private");
        if !private.is_dir() {
            return Err(StoreError::Missing(root.to_owned()));
        }
        let in_use = match lock_record::take(&private.join("in-use")) {
            Err(StoreError::InUse(_)) => return Err(StoreError::InUse(root.to_owned())),
            taken => taken?,
        };
        Ok(Self {
            disk: Arc::new(SystemDisk),
            root: root.to_owned(),
            durable: Mutex::default(),
            in_use: Some(in_use),
        })
    }

    /// Reads a folder that another process may be writing to.
    pub(crate) fn beside(root: &Path) -> Self {
        Self {
            disk: Arc::new(SystemDisk),
            root: root.to_owned(),
            durable: Mutex::default(),
            in_use: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn on(disk: Arc<dyn Disk>, root: &Path) -> Self {
        Self {
            disk,
            root: root.to_owned(),
            durable: Mutex::default(),
            in_use: None,
        }
    }

    /// Gives away what keeps other writers out, so that readers may keep the store.
    pub(crate) fn take_lock(&mut self) -> Option<Held> {
        self.in_use.take()
    }

    /// The folder that may be copied and served.
    pub fn public_folder(&self) -> PathBuf {
        self.root.join("public")
    }

    fn read_limited(&self, path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        require_limit(path, limit_bytes, self.disk.read(path, limit_bytes))
    }
}

impl TileStore for FileStore {
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_limited(&self.public_folder().join(path), limit_bytes)
    }

    fn forget(&self, path: &str) -> Result<(), StoreError> {
        let path = self.public_folder().join(path);
        self.disk
            .forget(&path)
            .map_err(|source| io_error("read", &path, source))
    }

    fn publish(&self, objects: &Tiles) -> Result<(), StoreError> {
        let public = self.public_folder();
        for (path, content) in objects {
            let existing = self.read_limited(&public.join(path), content.len() as u64);
            match existing {
                Ok(None) => {}
                Ok(Some(existing)) if existing == *content => {}
                Ok(Some(_)) | Err(StoreError::TooLarge { .. }) => {
                    return Err(StoreError::Conflict(path.clone()));
                }
                Err(other) => return Err(other),
            }
        }
        // An object that is there already is written anew all the same: after a failed
        // fsync the page cache shows data that may never have reached the disk.
        let mut folders = BTreeSet::new();
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        for path in objects.keys() {
            let path = public.join(path);
            let folder = path.parent().unwrap_or(&public);
            if !folders.insert(folder.to_owned()) || durable.contains(folder) {
                continue;
            }
            self.disk
                .make_folders(folder)
                .map_err(|source| io_error("make the folder", folder, source))?;
            folders.extend(
                folder
                    .ancestors()
                    .take_while(|a| a.starts_with(&public))
                    .map(Path::to_owned),
            );
        }
        // Two rounds of syncs, however many objects: contents, then names.
        let temporaries: Vec<(PathBuf, &[u8])> = objects
            .iter()
            .map(|(path, content)| (temporary_name(&public.join(path)), content.as_slice()))
            .collect();
        self.disk
            .write_files(&temporaries)
            .map_err(|(path, source)| io_error("write", &path, source))?;
        for (path, (temporary, _)) in objects.keys().zip(&temporaries) {
            let path = public.join(path);
            self.disk
                .rename(temporary, &path)
                .map_err(|source| io_error("rename to", &path, source))?;
        }
        folders
            .iter()
            .rev()
            .try_for_each(|folder| sync_folder(&*self.disk, folder))?;
        durable.append(&mut folders);
        Ok(())
    }

    fn prune_partials(&self, path: &str) -> Result<(), StoreError> {
        let folder = self.public_folder().join(format!("{path}.p"));
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        durable.remove(&folder);
        self.disk
            .remove_folder(&folder)
            .map_err(|source| io_error("remove", &folder, source))
    }

    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_limited(&self.public_folder().join("checkpoint"), MAX_CHECKPOINT_BYTES)
    }

    fn publish_checkpoint(&self, note: &[u8]) -> Result<(), StoreError> {
        replace(&*self.disk, &self.public_folder().join("checkpoint"), note)
    }
}

/// Replaces a small file: its old or its new content survives a loss of power, never a mixture.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = temporary_name(path);
    disk.write_files(&[(temporary.clone(), content)])
        .map_err(|(path, source)| io_error("write", &path, source))?;
    disk.rename(&temporary, path)
        .map_err(|source| io_error("rename to", path, source))?;
    sync_folder(disk, parent_of(path))
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    PathBuf::from(name)
}

fn parent_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn sync_folder(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    disk.sync_folder(folder)
        .map_err(|source| io_error("sync the folder", folder, source))
}

fn require_limit(
    path: &Path,
    limit_bytes: u64,
    content: io::Result<Option<Vec<u8>>>,
) -> Result<Option<Vec<u8>>, StoreError> {
    match content.map_err(|source| io_error("read", path, source))? {
        Some(content) if content.len() as u64 > limit_bytes => Err(StoreError::TooLarge {
            path: path.display().to_string(),
            limit_bytes,
        }),
        content => Ok(content),
    }
}

/// An error of the operating system, with what was tried and where.
pub(crate) fn io_error(act: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        act,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{log::Log, note::SignerKey, store::LogHome};

    fn key() -> SignerKey {
        SignerKey::from_seed("log.example/files", &[5; 32]).unwrap()
    }

    #[test]
    fn a_log_on_disk_comes_back_and_a_second_writer_is_turned_away() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let code = |result: Result<LogHome, StoreError>| result.err().unwrap().code();
        assert_eq!(code(LogHome::open(data)), "log_missing");
        let mut log = Log::create(LogHome::create(data).unwrap(), key()).unwrap();
        assert_eq!(code(LogHome::open(data)), "log_in_use");
        let entries: Vec<[u8; 4]> = (0..300_u32).map(u32::to_be_bytes).collect();
        let entries: Vec<&[u8]> = entries.iter().map(<[u8; 4]>::as_slice).collect();
        for batch in [
            &entries[..253],
            &entries[253..254],
            &entries[254..255],
            &entries[255..],
        ] {
            log.append_batch(batch).unwrap();
        }
        let head = log.checkpoint().clone();
        let view = log.view().unwrap();
        drop(log);
        let log = Log::open(LogHome::open(data).unwrap(), key()).unwrap();
        assert_eq!(log.checkpoint(), &head);
        assert_eq!(log.fsck().unwrap().problems, Vec::<String>::new());
        assert_eq!(log.read_entry(299).unwrap(), 299_u32.to_be_bytes());
        assert_eq!(view.read_entry(299).unwrap(), 299_u32.to_be_bytes());
        let public = data.join("log/public");
        assert_eq!(
            fs::read_to_string(public.join("checkpoint")).unwrap(),
            head.note()
        );
        assert!(public.join("tile/0/000").is_file(), "the full tile is there");
        assert!(!public.join("tile/0/000.p").is_dir(), "its partial tiles are not");
    }

    #[test]
    fn an_interrupted_append_is_finished_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let public = data.join("log/public");
        let mut log = Log::create(LogHome::create(data).unwrap(), key()).unwrap();
        log.append_batch(&[b"a"]).unwrap();
        let before = fs::read(public.join("checkpoint")).unwrap();
        log.append_batch(&[b"b", b"c"]).unwrap();
        drop(log);
        // As if the power had failed after the lock record moved.
        fs::write(public.join("checkpoint"), before).unwrap();
        fs::remove_file(public.join("tile/0/000.p/3")).unwrap();
        fs::write(public.join("tile/entries/000.p/3.tmp"), "torn").unwrap();
        let log = Log::open(LogHome::open(data).unwrap(), key()).unwrap();
        assert_eq!(log.checkpoint().size(), 3);
        assert_eq!(log.fsck().unwrap().problems, Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_and_poisons_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let mut log = Log::create(LogHome::create(data).unwrap(), key()).unwrap();
        let tile = data.join("log/public/tile");
        fs::write(&tile, "a file where a folder should be").unwrap();
        assert_eq!(log.append_batch(&[b"a"]).unwrap_err().code(), "log_store_io");
        assert_eq!(log.append_batch(&[b"a"]).unwrap_err().code(), "log_poisoned");
        drop(log);
        fs::remove_file(tile).unwrap();
        let log = Log::open(LogHome::open(data).unwrap(), key()).unwrap();
        assert_eq!(log.read_entry(0).unwrap(), b"a");
    }
}
