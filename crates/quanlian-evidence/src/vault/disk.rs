//! Files of the vault that must survive a loss of power.
//!
//! In:  a path and its content.
//! Out: the file, whole and durable, or a [`VaultError`] that names the path.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

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
    let temporary = with_suffix(path, ".tmp");
    write_and_sync(&temporary, content)?;
    fs::rename(&temporary, path).map_err(|source| io_error("rename to", path, source))?;
    sync_folder(
        path.parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
}

pub(super) fn write_and_sync(path: &Path, content: &[u8]) -> Result<(), VaultError> {
    let mut file = File::create(path).map_err(|source| io_error("create", path, source))?;
    file.write_all(content)
        .map_err(|source| io_error("write", path, source))?;
    file.sync_all().map_err(|source| io_error("sync", path, source))
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
