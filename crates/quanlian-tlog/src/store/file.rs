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
use crate::{
    note::{NoteError, SignerKey},
    tile::Tiles,
};

/// What temporary files end in; a crash may leave some, and the next write replaces them.
const TEMPORARY: &str = ".tmp";
/// The longest staged batch or checkpoint that is read back.
const MAX_PRIVATE_BYTES: u64 = 1 << 30;
/// The longest key file.
const MAX_KEY_FILE_BYTES: u64 = 4096;

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
        for part in [root.join("public"), root.join("private")] {
            fs::create_dir_all(&part).map_err(|source| io_error("make the folder", &part, source))?;
        }
        sync_folder(root)?;
        if let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent)?;
        }
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

    fn replace(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let temporary = write_temporary(path, content)?;
        fs::rename(&temporary, path).map_err(|source| io_error("rename to", path, source))?;
        sync_folder(path.parent().unwrap_or(&self.root))
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

    fn stage(&mut self, batch: &[u8]) -> Result<(), StoreError> {
        self.replace(&self.private("staged"), batch)
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
        self.replace(&self.private("lock-record"), next)
    }

    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read_limited(&self.public_folder().join("checkpoint"), MAX_PRIVATE_BYTES)
    }

    fn publish_checkpoint(&mut self, note: &[u8]) -> Result<(), StoreError> {
        self.replace(&self.public_folder().join("checkpoint"), note)
    }
}

/// Why a key file cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum KeyFileError {
    /// The operating system refused; on creation also when the file exists.
    #[error("cannot {act} the key file {path}", path = path.display())]
    Io {
        act: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the key file {path} can be read by others (mode {mode:o}); run chmod 600 and replace the key", path = path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    /// The content is not a secret key text.
    #[error("{path} holds no signing key", path = path.display())]
    Content { path: PathBuf, source: NoteError },
}

impl KeyFileError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "key_file_io",
            Self::TooOpen { .. } => "key_file_too_open",
            Self::Content { .. } => "key_file_content",
        }
    }
}

/// Writes a new key file, mode 0600. An existing file is never replaced.
pub fn create_key_file(path: &Path, key: &SignerKey) -> Result<(), KeyFileError> {
    let io = |act| {
        move |source| KeyFileError::Io {
            act,
            path: path.to_owned(),
            source,
        }
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io("create"))?;
    writeln!(file, "{}", key.to_secret_text()).map_err(io("write"))?;
    file.sync_all().map_err(io("sync"))?;
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("sync the folder of"))
}

/// Reads a key file; refuses one that others can read.
pub fn load_key_file(path: &Path) -> Result<SignerKey, KeyFileError> {
    let io = |act| {
        move |source| KeyFileError::Io {
            act,
            path: path.to_owned(),
            source,
        }
    };
    let file = File::open(path).map_err(io("open"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let mode = file.metadata().map_err(io("inspect"))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::TooOpen {
                path: path.to_owned(),
                mode,
            });
        }
    }
    let mut text = String::new();
    file.take(MAX_KEY_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(io("read"))?;
    SignerKey::from_secret_text(text.trim_end_matches('\n')).map_err(|source| KeyFileError::Content {
        path: path.to_owned(),
        source,
    })
}

fn write_temporary(path: &Path, content: &[u8]) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    let temporary = PathBuf::from(name);
    let mut file = File::create(&temporary).map_err(|source| io_error("create", &temporary, source))?;
    file.write_all(content)
        .map_err(|source| io_error("write", &temporary, source))?;
    file.sync_all()
        .map_err(|source| io_error("sync", &temporary, source))?;
    Ok(temporary)
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
