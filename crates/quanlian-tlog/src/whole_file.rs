//! Small files that are complete under their name or not there.
//!
//! In:  a path, its whole content, and who may read it.
//! Out: the file, durable; or what was being done when the system refused.
//!
//! Invariant: when a call returns, the content survives a loss of power. A crash in the
//! middle leaves the old state and perhaps a temporary file, which the next write replaces.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// What a temporary file ends in.
const TEMPORARY: &str = ".tmp";

/// What was being done, and what the system said.
pub type Refused = (&'static str, io::Error);

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: mode 0600.
    Owner,
    /// Whoever may read what this process writes, and may enter the folder.
    AsUsual,
}

/// Writes a new file for its owner alone. An existing one is never replaced.
pub fn create(path: &Path, content: &[u8]) -> Result<(), Refused> {
    let temporary = write_temporary(path, content, Readers::Owner)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = fs::hard_link(&temporary, path).map_err(in_act("create"));
    fs::remove_file(&temporary).map_err(in_act("clean up after"))?;
    linked?;
    sync_folder_of(path)
}

/// Replaces a file, or writes it if there is none.
pub fn replace(path: &Path, content: &[u8], readers: Readers) -> Result<(), Refused> {
    let temporary = write_temporary(path, content, readers)?;
    fs::rename(&temporary, path).map_err(in_act("replace"))?;
    sync_folder_of(path)
}

fn write_temporary(path: &Path, content: &[u8], readers: Readers) -> Result<PathBuf, Refused> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY);
    let temporary = PathBuf::from(temporary);
    // What an earlier crash left may have another mode.
    match fs::remove_file(&temporary) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(("clean up before", source));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&temporary).map_err(in_act("create"))?;
    file.write_all(content).map_err(in_act("write"))?;
    file.sync_all().map_err(in_act("sync"))?;
    Ok(temporary)
}

fn sync_folder_of(path: &Path) -> Result<(), Refused> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(in_act("sync the folder of"))
}

fn in_act(act: &'static str) -> impl FnOnce(io::Error) -> Refused {
    move |source| (act, source)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_for_its_readers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        // What a crash has left behind, open to all.
        fs::write(folder.path().join("file.tmp"), "half").unwrap();
        replace(&path, b"one", Readers::AsUsual).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_ne!(mode() & 0o400, 0);
        replace(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode()),
            (&b"two"[..], 0o600)
        );
        assert!(create(&path, b"three").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!folder.path().join("file.tmp").try_exists().unwrap());
    }
}
