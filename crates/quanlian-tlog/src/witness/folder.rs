//! The state of a witness as files: one note for each log.
//!
//! In:  a folder that belongs to one witness.
//! Out: `<SHA-256 of the origin>.note`, replaced whole; `in-use`, locked while a process runs.
//!
//! Invariant: a note is durable when [`WitnessState::replace`] returns; after an error nothing
//! is answered any more.
//!
//! A folder that is put back from a backup has forgotten what was cosigned since: a witness
//! that lost its folder goes on under a new key (`docs/WITNESS.md`).

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use quanlian_lock::{Held, TakeError};
use sha2::{Digest as _, Sha256};

use super::{StateError, WitnessState};
use crate::{
    note::MAX_NOTE_BYTES,
    whole_file::{self, Readers},
};

/// A folder of notes, held by one process.
#[derive(Debug)]
pub struct FolderState {
    folder: PathBuf,
    stopped: bool,
    /// Locked until dropped.
    _in_use: Held,
}

impl FolderState {
    /// Opens the folder, and makes it if there is none.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let mut owner_only = DirBuilder::new();
        owner_only.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut owner_only, 0o700);
        owner_only
            .create(folder)
            .map_err(|source| io_error("make the folder", folder, source))?;
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(|source| io_error("sync the folder", parent, source))?;
        let path = folder.join("in-use");
        let in_use = Held::take(&path).map_err(|error| match error {
            TakeError::Open(source) => io_error("open", &path, source),
            TakeError::Lock(source) => io_error("lock", &path, source),
            TakeError::InUse => StateError::InUse(folder.to_owned()),
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            stopped: false,
            _in_use: in_use,
        })
    }

    /// Not the origin itself, which may hold slashes or be a name that the system treats specially.
    fn path(&self, origin: &str) -> PathBuf {
        let name = hex::encode(Sha256::digest(origin));
        self.folder.join(format!("{name}.note"))
    }
}

impl WitnessState for FolderState {
    fn latest(&self, origin: &str) -> Result<Option<String>, StateError> {
        if self.stopped {
            return Err(StateError::Stopped);
        }
        let path = self.path(origin);
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error("open", &path, source)),
        };
        let mut note = Vec::new();
        file.take(MAX_NOTE_BYTES as u64 + 1)
            .read_to_end(&mut note)
            .map_err(|source| io_error("read", &path, source))?;
        // A note that is too long or no text was not written here, which the reader of it says.
        Ok(Some(String::from_utf8_lossy(&note).into_owned()))
    }

    fn replace(&mut self, origin: &str, note: &str) -> Result<(), StateError> {
        if self.stopped {
            return Err(StateError::Stopped);
        }
        let path = self.path(origin);
        whole_file::replace(&path, note.as_bytes(), Readers::Owner).map_err(|(act, source)| {
            // After a failed sync the cache may show what the disk does not hold.
            self.stopped = true;
            io_error(act, &path, source)
        })
    }
}

fn io_error(act: &'static str, path: &Path, source: io::Error) -> StateError {
    StateError::Io {
        act,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        process::Command,
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    #[test]
    fn one_holds_the_folder_and_a_program_that_another_thread_starts_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderState::open(folder.path()).unwrap();
        let second = FolderState::open(folder.path());
        assert_eq!(second.unwrap_err().code(), "witness_state_in_use");
        drop(held);
        let is_over = AtomicBool::new(false);
        let refused = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // A machine without this program tests the rest.
                    let _ = Command::new("true").status();
                }
            });
            let refused = (0..300)
                .filter(|_| FolderState::open(folder.path()).is_err())
                .count();
            is_over.store(true, Ordering::Relaxed);
            refused
        });
        assert_eq!(refused, 0);
    }
}
