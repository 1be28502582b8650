//! The evidence log as the platform sees it: where the audit trail is anchored, and where the anchors are looked up.
//!
//! In:  the thread of the evidence room, or the folder of its log.
//! Out: entries appended, and read under a checkpoint that the key of the log has signed.
//!
//! Invariant: an entry that is asked for by itself is handed out with its place in the tree proven; a walk over many entries is not,
//! for that is what `log fsck` does.

use std::{ops::Range, path::Path};

use quanlian_server::platform::Log;
use quanlian_store::trail::{Boxed, Leaves, LogTrouble};
use quanlian_tlog::{
    log::{LogError, verify_entry},
    note::VerifierKey,
    view::LogView,
};

use crate::worker::room::RoomHandle;

/// Reads entries under a view.
fn read(view: &LogView, key: &VerifierKey, entries: Range<u64>) -> Result<Vec<Vec<u8>>, LogTrouble> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut read = view.read_entries(entries.start).map_err(trouble)?;
    read.truncate(usize::try_from(entries.end - entries.start).unwrap_or(usize::MAX));
    if entries.end - entries.start == 1 {
        let proof = view.inclusion_proof(entries.start).map_err(trouble)?;
        let is_proven = read
            .first()
            .is_some_and(|entry| verify_entry(entry, &proof, key).is_ok());
        if !is_proven {
            return Err(trouble(LogError::Damaged(format!(
                "entry {} does not belong to the checkpoint",
                entries.start
            ))));
        }
    }
    Ok(read)
}

fn trouble(error: LogError) -> LogTrouble {
    LogTrouble {
        code: error.code().to_owned(),
        source: Some(Box::new(error)),
    }
}

/// The room has ended.
fn gone() -> LogTrouble {
    trouble(LogError::Poisoned)
}

/// The log of a folder that another process may be writing to, as it was published when it was opened.
pub(crate) struct LogBeside {
    view: LogView,
    key: VerifierKey,
}

impl LogBeside {
    /// Opens it under its key.
    pub(crate) fn open(data: &Path, key: VerifierKey) -> Result<Self, LogError> {
        let view = LogView::beside(data, &key)?;
        Ok(Self { view, key })
    }
}

impl Leaves for LogBeside {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn size(&self) -> Boxed<'_, Result<u64, LogTrouble>> {
        Box::pin(async { Ok(self.view.checkpoint().size()) })
    }

    fn read(&self, entries: Range<u64>) -> Boxed<'_, Result<Vec<Vec<u8>>, LogTrouble>> {
        Box::pin(async move { read(&self.view, &self.key, entries) })
    }
}

/// The log of a room on its thread.
pub(crate) struct RoomLog {
    room: RoomHandle,
    key: VerifierKey,
}

impl RoomLog {
    /// Of this room; `None` when it has ended.
    pub(crate) async fn of(room: RoomHandle) -> Option<Self> {
        let key = room.ask(|room| room.vault().log_key().clone()).await?;
        Some(Self { room, key })
    }
}

impl Leaves for RoomLog {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn size(&self) -> Boxed<'_, Result<u64, LogTrouble>> {
        Box::pin(async {
            let size = self.room.ask(|room| room.vault().log().checkpoint().size());
            size.await.ok_or_else(gone)
        })
    }

    fn read(&self, entries: Range<u64>) -> Boxed<'_, Result<Vec<Vec<u8>>, LogTrouble>> {
        Box::pin(async move {
            let key = self.key.clone();
            let entries = self.room.ask(move |room| {
                let view = room.vault().log().view().map_err(trouble)?;
                read(&view, &key, entries)
            });
            entries.await.ok_or_else(gone)?
        })
    }
}

impl Log for RoomLog {
    fn append(&self, entries: Vec<Vec<u8>>) -> Boxed<'_, Result<Range<u64>, LogTrouble>> {
        Box::pin(async move {
            let appended = self.room.ask(move |room| {
                let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
                let appended = room.vault_mut().append_entries(&entries);
                appended.map_err(|error| LogTrouble {
                    code: error.code().to_owned(),
                    source: Some(Box::new(error)),
                })
            });
            appended.await.ok_or_else(gone)?
        })
    }
}
