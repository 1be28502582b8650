//! What stands in the log for a line of version 2, and how a cut-off end is noticed.
//!
//! In:  the salt of the deposit, the number and the bytes of the line.
//! Out: an [`Entry`] of kind [`ENTRY_CUSTODY`] that says nothing to whoever lacks the salt.
//!
//! The commitment is the HMAC of the whole line, attestations included, under the salt of the
//! deposit. The id of the entry is the HMAC of the item and the number of the line under the same
//! salt: to strangers a random number, to whoever holds the salt the one id that line `n` of this
//! item can have. So a chain that is cut off behind line `n` is found out by looking for the ids of
//! the lines after it ([`ids_after`]): if the log has one, lines were withheld.
//!
//! What this cannot do: whoever has the chain and no log sees only that all lines shown are in the
//! log, not that there are no others. The seal of a bundle states the chain as it was when the
//! bundle was closed; what came later needs a newer look at the log. An act that was never recorded
//! leaves no trace anywhere.
//!
//! Invariant: erasing the salt leaves entries that nobody can tell apart from random ones.

use std::collections::BTreeMap;

use quanlian_record::{id::DepositId, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::MAX_CUSTODY_LINES;
use crate::deposit::{DepositError, ENTRY_CUSTODY, Entry, Salt};

/// Where the entry of a line stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedAct {
    /// The number of the line in the chain, from 1.
    pub line: u64,
    /// The canonical bytes of the entry.
    pub entry_json: String,
    /// The number of the entry in the log.
    pub log_index: u64,
}

/// The id that the entry of line `number` (from 1) of `item` has.
pub fn id_of(salt: &Salt, item: DepositId, number: u64) -> Uuid {
    // Records are canonical JSON and begin with a brace, so this text is never one of them.
    let mac = salt.mac(format!("quanlian custody line\n{item}\n{number}\n").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mac[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The entry for line `number` (from 1), whose canonical bytes are `line`.
pub fn of(salt: &Salt, item: DepositId, number: u64, line: &str, recorded_at: Timestamp) -> Entry {
    Entry::commit(ENTRY_CUSTODY, id_of(salt, item, number), recorded_at, line, salt)
}

impl LoggedAct {
    /// Whether the entry is the one that `line` has.
    pub fn opens_to(&self, salt: &Salt, item: DepositId, line: &str) -> Result<Entry, DepositError> {
        let entry = Entry::from_json(&self.entry_json)?;
        let id = id_of(salt, item, self.line);
        entry.opens_to(ENTRY_CUSTODY, id, entry.recorded_at, line, salt)?;
        Ok(entry)
    }
}

/// The ids of all lines of `item` that could come after `lines` lines, each with its number.
pub fn ids_after(salt: &Salt, item: DepositId, lines: usize) -> BTreeMap<Uuid, u64> {
    (lines + 1..=MAX_CUSTODY_LINES)
        .map(|number| (id_of(salt, item, number as u64), number as u64))
        .collect()
}
