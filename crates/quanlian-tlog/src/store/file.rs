//! The store in a local folder.
//!
//! In:  a folder that belongs to one log.
//! Out: `public/checkpoint` and `public/tile/...`, ready to be served as they lie there;
//!      `private/lock-record`, `private/staged` and `private/in-use`.
//!
//! Invariant: a file under its final name is complete. It is written under a temporary
//! name, synced, renamed, and its folders are synced, before a call returns.
//! `private/in-use` is locked for as long as the store is open, so there is one writer.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{StoreError, TileStore};
use crate::tile::Tiles;

/// What temporary files end in; a crash may leave some, and the next write replaces them.
const TEMPORARY: &str = ".tmp";
/// The longest staged batch or checkpoint that is read back.
const MAX_PRIVATE_BYTES: u64 = 1 << 30;

/// A log's folder, open for writing by this process alone.
#[derive(Debug)]
pub struct FileStore {
    root: PathBuf,
    /// Locked until dropped.
    _in_use: File,
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
        sync_folder(root)?;
        sync_folder(parent_of(root))?;
        Self::open(root)
    }

    /// Takes an existing folder for writing.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let private = root.join("private");
        if !private.is_dir() {
            return Err(StoreError::Missing(root.to_owned()));
        }
        let path = private.join("in-use");
        let in_use = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| io_error("open", &path, source))?;
        match in_use.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _in_use: in_use,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(root.to_owned())),
            Err(TryLockError::Error(source)) => Err(io_error("lock", &path, source)),
        }
    }

    /// The folder that may be copied and served.
    pub fn public_folder(&self) -> PathBuf {
        self.root.join("public")
    }

    fn private(&self, name: &str) -> PathBuf {
        self.root.join("private").join(name)
    }
}

impl TileStore for FileStore {
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        read_limited(&self.public_folder().join(path), limit_bytes)
    }

    fn publish(&mut self, objects: &Tiles) -> Result<(), StoreError> {
        let public = self.public_folder();
        for (path, content) in objects {
            let existing = read_limited(&public.join(path), content.len() as u64);
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
        let mut renames = Vec::new();
        for (path, content) in objects {
            let path = public.join(path);
            let folder = path.parent().unwrap_or(&public);
            fs::create_dir_all(folder).map_err(|source| io_error("make the folder", folder, source))?;
            folders.extend(
                folder
                    .ancestors()
                    .take_while(|a| a.starts_with(&public))
                    .map(Path::to_owned),
            );
            renames.push((write_temporary(&path, content)?, path));
        }
        for (temporary, path) in &renames {
            fs::rename(temporary, path).map_err(|source| io_error("rename to", path, source))?;
        }
        folders.iter().rev().try_for_each(|folder| sync_folder(folder))
    }

    fn prune_partials(&mut self, path: &str) -> Result<(), StoreError> {
        let folder = self.public_folder().join(format!("{path}.p"));
        match fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &folder, source))
            }
            _ => Ok(()),
        }
    }

    fn stage(&mut self, batch: &[u8]) -> Result<(), StoreError> {
        replace(&self.private("staged"), batch)
    }

    fn staged(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read_limited(&self.private("staged"), MAX_PRIVATE_BYTES)
    }

    fn lock_record(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read_limited(&self.private("lock-record"), MAX_PRIVATE_BYTES)
    }

    fn swap_lock_record(&mut self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        if self.lock_record()?.as_deref() != expected {
            return Err(StoreError::LockRecordMoved);
        }
        replace(&self.private("lock-record"), next)
    }

    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read_limited(&self.public_folder().join("checkpoint"), MAX_PRIVATE_BYTES)
    }

    fn publish_checkpoint(&mut self, note: &[u8]) -> Result<(), StoreError> {
        replace(&self.public_folder().join("checkpoint"), note)
    }
}

fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = write_temporary(path, content)?;
    fs::rename(&temporary, path).map_err(|source| io_error("rename to", path, source))?;
    sync_folder(parent_of(path))
}

fn write_temporary(path: &Path, content: &[u8]) -> Result<PathBuf, StoreError> {
    let temporary = temporary_name(path);
    let mut file = File::create(&temporary).map_err(|source| io_error("create", &temporary, source))?;
    file.write_all(content)
        .map_err(|source| io_error("write", &temporary, source))?;
    file.sync_all()
        .map_err(|source| io_error("sync", &temporary, source))?;
    Ok(temporary)
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

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| io_error("sync the folder", folder, source))
}

fn read_limited(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io_error("open", path, source)),
    };
    let mut content = Vec::new();
    file.take(limit_bytes + 1)
        .read_to_end(&mut content)
        .map_err(|source| io_error("read", path, source))?;
    if content.len() as u64 > limit_bytes {
        return Err(StoreError::TooLarge {
            path: path.display().to_string(),
            limit_bytes,
        });
    }
    Ok(Some(content))
}

fn io_error(act: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        act,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{log::Log, note::SignerKey};

    fn key() -> SignerKey {
        SignerKey::from_seed("log.example/files", &[5; 32]).unwrap()
    }

    #[test]
    fn a_log_on_disk_comes_back_and_a_second_writer_is_turned_away() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("log");
        assert_eq!(FileStore::open(&root).unwrap_err().code(), "log_missing");
        let mut log = Log::create(FileStore::create(&root).unwrap(), key()).unwrap();
        assert_eq!(FileStore::open(&root).unwrap_err().code(), "log_in_use");
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
        drop(log);
        let log = Log::open(FileStore::open(&root).unwrap(), key()).unwrap();
        assert_eq!(log.checkpoint(), &head);
        assert_eq!(log.fsck().unwrap().problems, Vec::<String>::new());
        assert_eq!(log.read_entry(299).unwrap(), 299_u32.to_be_bytes());
        assert_eq!(
            fs::read_to_string(root.join("public/checkpoint")).unwrap(),
            head.note()
        );
        assert!(root.join("public/tile/0/000").is_file(), "the full tile is there");
        assert!(
            !root.join("public/tile/0/000.p").is_dir(),
            "its partial tiles are not"
        );
    }

    #[test]
    fn each_interrupted_append_is_finished_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("log");
        let mut log = Log::create(FileStore::create(&root).unwrap(), key()).unwrap();
        log.append_batch(&[b"a"]).unwrap();
        let before = fs::read(root.join("public/checkpoint")).unwrap();
        log.append_batch(&[b"b", b"c"]).unwrap();
        drop(log);
        // As if the power had failed after the lock record moved.
        fs::write(root.join("public/checkpoint"), before).unwrap();
        fs::remove_file(root.join("public/tile/0/000.p/3")).unwrap();
        fs::write(root.join("public/tile/entries/000.p/3.tmp"), "torn").unwrap();
        let log = Log::open(FileStore::open(&root).unwrap(), key()).unwrap();
        assert_eq!(log.checkpoint().size(), 3);
        assert_eq!(log.fsck().unwrap().problems, Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_and_poisons_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("log");
        let mut log = Log::create(FileStore::create(&root).unwrap(), key()).unwrap();
        fs::write(root.join("public/tile"), "a file where a folder should be").unwrap();
        assert_eq!(log.append_batch(&[b"a"]).unwrap_err().code(), "log_store_io");
        assert_eq!(log.append_batch(&[b"a"]).unwrap_err().code(), "log_poisoned");
        drop(log);
        fs::remove_file(root.join("public/tile")).unwrap();
        let log = Log::open(FileStore::open(&root).unwrap(), key()).unwrap();
        assert_eq!(log.read_entry(0).unwrap(), b"a");
    }
}
