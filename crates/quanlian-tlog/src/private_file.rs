//! Small files that are complete under their name or not there, for their owner alone.
//!
//! In:  a path and its whole content.
//! Out: the file, durable, mode 0600; or what was being done when the system refused.
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
pub(crate) type Refused = (&'static str, io::Error);

/// Writes a new file. An existing one is never replaced.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<(), Refused> {
    let temporary = write_temporary(path, content)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = fs::hard_link(&temporary, path).map_err(in_act("create"));
    fs::remove_file(&temporary).map_err(in_act("clean up after"))?;
    linked?;
    sync_folder_of(path)
}

/// Replaces a file, or writes it if there is none.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Refused> {
    let temporary = write_temporary(path, content)?;
    fs::rename(&temporary, path).map_err(in_act("replace"))?;
    sync_folder_of(path)
}

fn write_temporary(path: &Path, content: &[u8]) -> Result<PathBuf, Refused> {
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
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
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
