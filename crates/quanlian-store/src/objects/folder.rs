//! Objects in a local folder.
//!
//! In:  the folder; it must exist.
//! Out: files `sha256/ab/cdef…`, named by the digest of their content, read-only. `sha256sum` checks them without us.
//!
//! Order that makes a put safe at any moment of a crash: write `tmp/x`, fsync it, rename it to its name, fsync the
//! folder that now names it. Before the rename the object does not exist; after it, it is whole. What a crash leaves
//! in `tmp/` is swept when the store is next opened.
//!
//! Several processes may use the folder at once: they write different files in `tmp/`, and two that put the same
//! object rename equal content over each other.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    fs::{self, File},
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
};

use super::{
    EraseObjectError, GetError, ListObjectsError, MAX_OBJECT_BYTES, ObjectId, ObjectStore, PutError,
    StoredObject, VerifyingReader, copy_hashing,
};

/// A file in `tmp/` that nobody has written to for so long was left by a crash.
const STALE_AFTER: Duration = Duration::from_hours(24);
/// Tries to find a free name in `tmp/`.
const MAX_NAME_TRIES: u32 = 1000;

/// Numbers the temporary files of this process.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// Objects in a local folder.
#[derive(Debug)]
pub struct FolderObjects {
    root: PathBuf,
    max_object_bytes: u64,
    /// For each `sha256/ab`, whether its own entry in `sha256` is known to be on the disk.
    is_branch_durable: [AtomicBool; 256],
}

/// Why a folder was not opened as an object store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum OpenFolderError {
    /// It does not exist, or is a file.
    #[error("the folder {} for objects does not exist", folder.display())]
    NoFolder { folder: PathBuf },
    /// It takes no changes.
    #[error("the folder {} for objects cannot be written", folder.display())]
    ReadOnly {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot use the folder {} for objects", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl OpenFolderError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => "object_store_no_folder",
            Self::ReadOnly { .. } => "object_store_read_only",
            Self::Folder { .. } => "object_store_failed",
        }
    }
}

impl FolderObjects {
    /// Opens the folder for objects of up to [`MAX_OBJECT_BYTES`].
    pub async fn open(root: &Path) -> Result<Self, OpenFolderError> {
        let folder = || root.to_owned();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenFolderError::ReadOnly {
                    folder: folder(),
                    source,
                }
            }
            _ => OpenFolderError::Folder {
                folder: folder(),
                source,
            },
        };
        match fs::metadata(root).await {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(OpenFolderError::NoFolder { folder: folder() }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(OpenFolderError::NoFolder { folder: folder() });
            }
            Err(e) => return Err(failed(e)),
        }
        let store = Self {
            root: folder(),
            max_object_bytes: MAX_OBJECT_BYTES,
            is_branch_durable: [const { AtomicBool::new(false) }; 256],
        };
        for made in [store.trunk(), store.temporary()] {
            make_folder(&made).await.map_err(failed)?;
        }
        sync_folder(root).await.map_err(failed)?;
        sweep(&store.temporary()).await.map_err(failed)?;
        Ok(store)
    }

    /// Takes objects only up to this length.
    #[must_use]
    pub fn with_max_object_bytes(self, max_object_bytes: u64) -> Self {
        Self {
            max_object_bytes,
            ..self
        }
    }

    /// The file of an object, if it is kept; whoever reads it compares it with its digest.
    pub async fn file(&self, id: ObjectId) -> Result<Option<PathBuf>, GetError> {
        Ok(self.has(id).await?.then(|| self.path(id)))
    }

    fn trunk(&self) -> PathBuf {
        self.root.join("sha256")
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn branch(&self, id: ObjectId) -> PathBuf {
        self.trunk().join(&id.to_string()[..2])
    }

    fn path(&self, id: ObjectId) -> PathBuf {
        self.branch(id).join(&id.to_string()[2..])
    }

    /// Gives a finished temporary file its name, durably.
    async fn publish(&self, mut temporary: Temporary, id: ObjectId) -> io::Result<()> {
        let branch = self.branch(id);
        make_folder(&branch).await?;
        let is_branch_durable = &self.is_branch_durable[usize::from(id.as_digest()[0])];
        if !is_branch_durable.load(Ordering::Acquire) {
            sync_folder(&self.trunk()).await?;
            is_branch_durable.store(true, Ordering::Release);
        }
        // Over an object that is there already: it has the same content, unless it was damaged and is now repaired.
        fs::rename(&temporary.path, self.path(id)).await?;
        temporary.is_published = true;
        sync_folder(&branch).await
    }
}

impl ObjectStore for FolderObjects {
    type Raw = File;

    async fn put(&self, source: impl AsyncRead + Send + Unpin) -> Result<StoredObject, PutError> {
        let (temporary, mut file) = Temporary::new(&self.temporary())
            .await
            .map_err(PutError::in_store)?;
        let stored = copy_hashing(source, &mut file, self.max_object_bytes).await?;
        finish(file).await.map_err(PutError::in_store)?;
        self.publish(temporary, stored.id)
            .await
            .map_err(PutError::in_store)?;
        Ok(stored)
    }

    async fn size(&self, id: ObjectId) -> Result<Option<u64>, GetError> {
        // Not through links: the store makes none, so one would lead somewhere else.
        match fs::symlink_metadata(self.path(id)).await {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Err(GetError::Damaged { id }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(GetError::Store { id, source }),
        }
    }

    async fn erase(&self, id: ObjectId) -> Result<bool, EraseObjectError> {
        let path = self.path(id);
        let erased = overwrite_and_remove(&path).await;
        // Also when it was not there: a crash may have come between its removal and this.
        let branch = self.branch(id);
        let synced = match sync_folder(&branch).await {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            answer => answer,
        };
        erased
            .and_then(|was_there| synced.map(|()| was_there))
            .map_err(|source| EraseObjectError { id, source })
    }

    async fn branch(&self, first: u8) -> Result<Vec<ObjectId>, ListObjectsError> {
        let failed = |source| ListObjectsError { source };
        let branch = hex::encode([first]);
        let mut entries = match fs::read_dir(self.trunk().join(&branch)).await {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            answer => answer.map_err(failed)?,
        };
        let mut ids: Vec<ObjectId> = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            // What has another name was not put by a store.
            let name = entry.file_name();
            let id: Option<ObjectId> = name
                .to_str()
                .and_then(|name| format!("{branch}{name}").parse().ok());
            ids.extend(id);
        }
        ids.sort();
        Ok(ids)
    }

    async fn open(&self, id: ObjectId) -> Result<VerifyingReader<File>, GetError> {
        let size_bytes = self.size(id).await?.ok_or(GetError::NotFound { id })?;
        let file = File::open(self.path(id))
            .await
            .map_err(|source| GetError::Store { id, source })?;
        Ok(VerifyingReader::new(file, id, size_bytes))
    }
}

/// A file in `tmp/` that goes away unless it is published, also when its put is cancelled.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    is_published: bool,
}

impl Temporary {
    async fn new(folder: &Path) -> io::Result<(Self, File)> {
        for _ in 0..MAX_NAME_TRIES {
            let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{}-{number}", std::process::id()));
            match File::create_new(&path).await {
                Ok(file) => {
                    return Ok((
                        Self {
                            path,
                            is_published: false,
                        },
                        file,
                    ));
                }
                // Left by a crash of an earlier process with the same id.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed now is swept later.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Brings the file to the disk, and takes away the permission to write to it.
async fn finish(mut file: File) -> io::Result<()> {
    file.flush().await?;
    let mut permissions = file.metadata().await?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions).await?;
    file.sync_all().await
}

/// Writes zeros over a file, brings them to the disk, and removes it; whether it was there.
///
/// A disk that writes elsewhere (SSD, copy-on-write) keeps the old blocks for a while, out of reach of files.
async fn overwrite_and_remove(path: &Path) -> io::Result<bool> {
    let found = match fs::symlink_metadata(path).await {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        answer => answer?,
    };
    // A link is removed, not followed: what it leads to is not the store's.
    if found.is_file() {
        let mut permissions = found.permissions();
        #[cfg(unix)]
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
        #[cfg(not(unix))]
        #[expect(
            clippy::permissions_set_readonly_false,
            reason = "only Unix takes it for everybody"
        )]
        permissions.set_readonly(false);
        fs::set_permissions(path, permissions).await?;
        let mut file = File::options().write(true).open(path).await?;
        let mut zeros = tokio::io::repeat(0).take(found.len());
        tokio::io::copy(&mut zeros, &mut file).await?;
        file.flush().await?;
        file.sync_all().await?;
    }
    fs::remove_file(path).await?;
    Ok(true)
}

async fn make_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder).await {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        answer => answer,
    }
}

/// Brings the names in a folder to the disk.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

/// Removes what crashes left in `tmp/`. Files that another process may still write to are young.
async fn sweep(temporary: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(temporary).await?;
    while let Some(entry) = entries.next_entry().await? {
        let Ok(found) = entry.metadata().await else {
            continue;
        };
        let is_stale = found
            .modified()
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE_AFTER));
        if found.is_file() && is_stale {
            let _ = fs::remove_file(entry.path()).await;
        }
    }
    Ok(())
}
