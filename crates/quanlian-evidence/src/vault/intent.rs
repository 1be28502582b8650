//! Intents: a step that changes both the log and a file of the vault, whole after any crash.
//!
//! In:  the entry, and what is to be written once the entry is in the log.
//! Out: the number of the entry, the same however often the step is begun anew.
//!
//! Order: the intent file is durable; the entry is appended; the file that the step is about is
//! written; the intent file goes away. Whoever finds an intent file does the rest. The entry is
//! looked for from the size that the log had when the step began, so it is never appended twice.
//!
//! Not here: what the step is about (`acts`, `hold`, `erasure`).

use std::path::Path;

use quanlian_tlog::log::LogError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Vault, VaultError,
    disk::{read_if_there, write_durably},
};
use crate::deposit::{from_canonical, to_canonical};

/// Version of an intent file.
const INTENT_VERSION: u32 = 1;
/// The longest intent file that is read back, in bytes.
const MAX_INTENT_BYTES: usize = 4 << 20;

/// A step that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent<T> {
    v: u32,
    /// The size of the log when the step began.
    log_size: u64,
    /// The canonical bytes of the entry.
    pub(super) entry_json: String,
    /// What the step is about.
    pub(super) about: T,
}

impl<T: Serialize + DeserializeOwned> Intent<T> {
    /// Reads the intent at `path`, if there is one.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some(json) = read_if_there(path, MAX_INTENT_BYTES)? else {
            return Ok(None);
        };
        let intent: Self = from_canonical(&json, MAX_INTENT_BYTES, "the file of a step that was begun")?;
        Ok(Some(intent))
    }
}

impl Vault {
    /// Makes a step durable before it is done.
    pub(super) fn intend<T: Serialize>(
        &self,
        path: &Path,
        entry_json: String,
        about: T,
    ) -> Result<Intent<T>, VaultError> {
        let intent = Intent {
            v: INTENT_VERSION,
            log_size: self.log.checkpoint().size(),
            entry_json,
            about,
        };
        write_durably(path, to_canonical(&intent)?.as_bytes())?;
        Ok(intent)
    }

    /// The number of the entry of a step, which is appended unless it was before.
    pub(super) fn append_once<T>(&mut self, intent: &Intent<T>) -> Result<u64, VaultError> {
        let entry = intent.entry_json.as_bytes();
        for index in intent.log_size..self.log.checkpoint().size() {
            match self.log.read_entry(index) {
                Ok(found) if found == entry => return Ok(index),
                Ok(_) => {}
                Err(LogError::NoSuchEntry { .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.log.append_batch(&[entry])?.start)
    }
}
