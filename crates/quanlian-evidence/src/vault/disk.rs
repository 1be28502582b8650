//! Files of the vault that must survive a loss of power.
//!
//! In:  a path and its content.
//! Out: the file, whole and durable, or a [`VaultError`] that names the path.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use quanlian_tlog::whole_file::{self, Readers};

use super::VaultError;

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A folder that only its owner can enter: receipts hold salts and names.
pub(super) fn make_private_folder(folder: &Path) -> Result<(), VaultError> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|source| io_error("make the folder", parent, source))?;
    let mut owner_only = fs::DirBuilder::new();
    owner_only.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut owner_only, 0o700);
    owner_only
        .create(folder)
        .map_err(|source| io_error("make the folder", folder, source))?;
    sync_folder(parent)
}

pub(super) fn write_durably(path: &Path, content: &[u8]) -> Result<(), VaultError> {
    whole_file::replace(path, content, Readers::AsUsual).map_err(|(act, source)| io_error(act, path, source))
}

pub(super) fn write_and_sync(path: &Path, content: &[u8]) -> Result<(), VaultError> {
    let mut file = File::create(path).map_err(|source| io_error("create", path, source))?;
    file.write_all(content)
        .map_err(|source| io_error("write", path, source))?;
    file.sync_all().map_err(|source| io_error("sync", path, source))
}

/// The text of a file of at most `limit_bytes`; `None` when there is none.
pub(super) fn read_if_there(path: &Path, limit_bytes: usize) -> Result<Option<String>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io_error("open", path, source)),
    };
    let mut text = String::new();
    // One byte more, so that a file above the limit is seen to be longer and not cut to fit.
    file.take(limit_bytes as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|source| io_error("read", path, source))?;
    Ok(Some(text))
}

/// Removes a file if it is there, and its name from the disk.
pub(super) fn remove_durably(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(io_error("remove", path, source)),
    }
}

/// Writes zeros over a file, syncs them, and removes it; nothing to do when it is not there.
///
/// On disks that write elsewhere (SSD, copy-on-write file systems) the old bytes may stay in
/// blocks that no file names; nothing that a program without privileges can do reaches those.
pub(super) fn shred(path: &Path) -> Result<(), VaultError> {
    let is_file = match fs::symlink_metadata(path) {
        Ok(found) => found.is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_error("look at", path, source)),
    };
    // A link is not followed: what it leads to is not the vault's.
    if is_file {
        let mut file = File::options()
            .write(true)
            .open(path)
            .map_err(|source| io_error("open", path, source))?;
        let size_bytes = file
            .metadata()
            .map_err(|source| io_error("look at", path, source))?
            .len();
        io::copy(&mut io::repeat(0).take(size_bytes), &mut file)
            .map_err(|source| io_error("overwrite", path, source))?;
        file.sync_all().map_err(|source| io_error("sync", path, source))?;
    }
    remove_durably(path)
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), VaultError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| io_error("sync the folder", folder, source))
}

pub(super) fn io_error(act: &'static str, path: &Path, source: io::Error) -> VaultError {
    VaultError::Io {
        act,
        path: path.to_owned(),
        source,
    }
}
