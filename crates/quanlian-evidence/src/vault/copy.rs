//! Copies of a vault's folder: backups, which an erasure must reach too.
//!
//! In:  the folder of a copy, the name of the log that it is a copy of, the deposit to erase.
//! Out: what the copy still holds of it ([`ToErase`]), and the copy without it.
//!
//! A copy is a plain copy of the folder (`cp -a`, `rsync`), taken at any time. It is not opened as a
//! vault: nothing is added to its log, and its key is not needed. Archives, tapes and snapshots cannot
//! be reached by a program; `docs/ERASURE.md` says how long they may be kept.
//!
//! Order: the receipt goes last, because it says what else there is to erase.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quanlian_record::id::DepositId;
use quanlian_tlog::note::VerifierKey;

use super::{
    MAX_RECEIPT_BYTES, ToErase, VaultError,
    disk::{read_if_there, shred, with_suffix},
    erasure::BEGUN_SUFFIX,
};
use crate::deposit::{Receipt, from_canonical};

/// The longest public key file that is read, in bytes.
const MAX_KEY_BYTES: usize = 64 << 10;

/// A copy of a vault's folder.
#[derive(Debug)]
pub struct VaultCopy {
    folder: PathBuf,
}

impl VaultCopy {
    /// Looks whether `folder` is a copy of the folder of the log of this name.
    pub fn open(folder: &Path, log_name: &str) -> Result<Self, VaultError> {
        let not_a_copy = || VaultError::NotACopy {
            folder: folder.to_owned(),
            log: log_name.to_owned(),
        };
        let key = read_if_there(&folder.join("log.vkey"), MAX_KEY_BYTES)?.ok_or_else(not_a_copy)?;
        // A rotated key has the same name, so an older copy is still one of this log.
        let key: Option<VerifierKey> = key.lines().next().and_then(|line| line.trim().parse().ok());
        if key.is_some_and(|key| key.name() == log_name) && folder.join("receipts").is_dir() {
            Ok(Self {
                folder: folder.to_owned(),
            })
        } else {
            Err(not_a_copy())
        }
    }

    /// What the copy holds of a deposit; `None`: it has no receipt of it.
    ///
    /// Reads every receipt of the copy once.
    pub fn what_to_erase(&self, deposit: DepositId) -> Result<Option<ToErase>, VaultError> {
        what_to_erase(&self.folder, deposit)
    }

    /// Shreds all that the copy's own files say about a deposit.
    pub fn shred(&self, deposit: DepositId) -> Result<(), VaultError> {
        let begun = self
            .folder
            .join("erasures")
            .join(format!("{deposit}{BEGUN_SUFFIX}"));
        shred(&with_suffix(&begun, ".tmp"))?;
        shred(&begun)?;
        shred_files_of(&self.folder, deposit)
    }
}

/// What a folder holds of a deposit; `None`: it has no receipt of it.
pub(super) fn what_to_erase(folder: &Path, deposit: DepositId) -> Result<Option<ToErase>, VaultError> {
    let Some(record) = read_deposit(folder, deposit)? else {
        return Ok(None);
    };
    let content_shared_with = others_with(folder, deposit, &record.content.sha256)?;
    Ok(Some(ToErase {
        deposit,
        content_sha256: record.content.sha256,
        content_shared_with,
    }))
}

/// Shreds every file in which a vault keeps something about a deposit, the receipt last.
pub(super) fn shred_files_of(folder: &Path, deposit: DepositId) -> Result<(), VaultError> {
    let custody = folder.join("custody");
    let receipt = folder.join("receipts").join(format!("{deposit}.json"));
    for path in [
        custody.join(format!("{deposit}.draft.json")),
        custody.join(format!("{deposit}{}", super::acts::ACT_SUFFIX)),
        receipt.clone(),
    ] {
        shred(&with_suffix(&path, ".tmp"))?;
        if path == receipt {
            shred(&receipt.with_extension("tmp"))?;
        }
        shred(&path)?;
    }
    Ok(())
}

/// Deposits beside `deposit` whose receipts name content of the same digest, and which are not being erased.
pub(super) fn others_with(
    folder: &Path,
    deposit: DepositId,
    content_sha256: &str,
) -> Result<Vec<DepositId>, VaultError> {
    let mut others = Vec::new();
    for name in super::names_in(&folder.join("receipts"))? {
        let Some(Ok(id)) = name.strip_suffix(".json").map(str::parse::<DepositId>) else {
            continue;
        };
        let begun = folder.join("erasures").join(format!("{id}{BEGUN_SUFFIX}"));
        if id == deposit || fs::symlink_metadata(&begun).is_ok() {
            continue;
        }
        // A receipt that cannot be read keeps no content back.
        let other = read_deposit(folder, id).ok().flatten();
        if other.is_some_and(|other| other.content.sha256 == content_sha256) {
            others.push(id);
        }
    }
    Ok(others)
}

/// The deposit record in the receipt of a folder.
fn read_deposit(folder: &Path, id: DepositId) -> Result<Option<crate::deposit::Deposit>, VaultError> {
    let path = folder.join("receipts").join(format!("{id}.json"));
    let Some(json) = read_if_there(&path, MAX_RECEIPT_BYTES)? else {
        return Ok(None);
    };
    let receipt: Receipt = from_canonical(&json, MAX_RECEIPT_BYTES, "the receipt")?;
    Ok(Some(receipt.open()?))
}
