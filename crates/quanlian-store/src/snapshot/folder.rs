//! Snapshots in a folder: another disk, a mounted share.
//!
//! In:  a folder, made when it is missing.
//! Out: [`Snapshots`].
//!
//! Invariant: a file is written under another name, synced and renamed.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{CHUNK_BYTES, MAX_MANIFEST_BYTES, SnapshotError, Snapshots, manifest_name, object_name};
use crate::objects::ObjectId;

/// A folder that keeps snapshots.
#[derive(Debug)]
pub struct FolderSnapshots {
    folder: PathBuf,
    name: String,
}

impl FolderSnapshots {
    /// Takes a folder; nothing is made before something is kept.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            name: folder.display().to_string(),
        }
    }

    /// Copies a file, by way of another name beside it, and says what its digest is.
    fn copy(from: &Path, to: &Path) -> Result<(tempfile::NamedTempFile, ObjectId, u64), SnapshotError> {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(SnapshotError::io(folder))?;
        let mut source = File::open(from).map_err(SnapshotError::io(from))?;
        let mut copy = tempfile::NamedTempFile::new_in(folder).map_err(SnapshotError::io(folder))?;
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            let n = source.read(&mut chunk).map_err(SnapshotError::io(from))?;
            if n == 0 {
                break;
            }
            digest.update(&chunk[..n]);
            copy.write_all(&chunk[..n]).map_err(SnapshotError::io(folder))?;
            bytes += n as u64;
        }
        copy.as_file().sync_all().map_err(SnapshotError::io(folder))?;
        Ok((copy, ObjectId::from_digest(digest.finalize().into()), bytes))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), SnapshotError> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(SnapshotError::io(folder))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(SnapshotError::io(folder))?;
        file.write_all(content).map_err(SnapshotError::io(&path))?;
        file.as_file().sync_all().map_err(SnapshotError::io(&path))?;
        persist(file, &path)
    }
}

/// Gives a synced file its name and makes the name last.
fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<(), SnapshotError> {
    file.persist(path).map_err(|e| SnapshotError::io(path)(e.error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(SnapshotError::io(folder))
}

impl Snapshots for FolderSnapshots {
    fn name(&self) -> &str {
        &self.name
    }

    fn has(&self, id: ObjectId, bytes: u64) -> Result<bool, SnapshotError> {
        let path = self.folder.join(object_name(id));
        match fs::metadata(&path) {
            Ok(there) => Ok(there.is_file() && there.len() == bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(SnapshotError::Io { path, source }),
        }
    }

    fn put(&self, id: ObjectId, file: &Path) -> Result<(), SnapshotError> {
        let path = self.folder.join(object_name(id));
        let (copy, found, _) = Self::copy(file, &path)?;
        if found != id {
            return Err(SnapshotError::OtherBytes {
                what: file.display().to_string(),
            });
        }
        persist(copy, &path)
    }

    fn get(&self, id: ObjectId, bytes: u64, file: &Path) -> Result<(), SnapshotError> {
        let path = self.folder.join(object_name(id));
        let (copy, found, read) = Self::copy(&path, file)?;
        if (found, read) != (id, bytes) {
            return Err(SnapshotError::OtherBytes {
                what: path.display().to_string(),
            });
        }
        persist(copy, file)
    }

    fn put_manifest(&self, generation: u64, manifest: &[u8]) -> Result<(), SnapshotError> {
        self.write(&manifest_name(Some(generation)), manifest)?;
        self.write(&manifest_name(None), manifest)
    }

    fn manifest(&self, generation: Option<u64>) -> Result<Vec<u8>, SnapshotError> {
        let path = self.folder.join(manifest_name(generation));
        let mut manifest = Vec::new();
        match File::open(&path) {
            Ok(file) => file
                .take(MAX_MANIFEST_BYTES + 1)
                .read_to_end(&mut manifest)
                .map_err(SnapshotError::io(&path))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SnapshotError::NoSnapshot {
                    place: self.name.clone(),
                });
            }
            Err(source) => return Err(SnapshotError::Io { path, source }),
        };
        if manifest.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(SnapshotError::TooLong {
                place: self.name.clone(),
                limit_bytes: MAX_MANIFEST_BYTES,
            });
        }
        Ok(manifest)
    }
}
