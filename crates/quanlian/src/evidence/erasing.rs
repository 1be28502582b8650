//! Erasure beyond the vault: originals, records, and backups of the data folder.
//!
//! In:  the order, and folders that are backups.
//! Out: what was erased where.
//!
//! Invariant: a backup is looked at before anything is erased, so that a wrong folder stops the order and not its
//! middle. In a backup the receipt goes last, because it says what else there is.
//!
//! Not here: archives and tapes, which no program reaches (`docs/ERASURE.md`).

use std::path::{Path, PathBuf};

use anyhow::Context;
use quanlian_evidence::vault::{Erasure, ErasureOrder, ErasureTargets, System, ToErase, VaultCopy};
use quanlian_record::id::{DepositId, RecordId};
use quanlian_store::{FolderObjects, ObjectId, ObjectStore, RecordStore, SqliteRecords};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::Room;
use crate::fault::{Blame, Fault};

/// What became of one backup.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErasedBackup {
    pub(crate) folder: PathBuf,
    /// Whether it held anything of the deposit.
    pub(crate) held_it: bool,
    /// Deposits of the backup that have the same content, which therefore stays there.
    pub(crate) content_shared_with: Vec<DepositId>,
}

/// Object store and database of one folder.
struct Stores<'a> {
    runtime: &'a Runtime,
    records: &'a SqliteRecords,
    objects: &'a FolderObjects,
}

impl ErasureTargets for Stores<'_> {
    fn erase(&mut self, what: &ToErase) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if what.content_shared_with.is_empty() {
            let content: ObjectId = what.content_sha256.parse()?;
            self.runtime.block_on(self.objects.erase(content))?;
        }
        self.runtime
            .block_on(self.records.erase(RecordId(what.deposit.0)))?;
        Ok(())
    }
}

impl Room {
    /// Carries on erasures that were begun and not finished.
    pub(super) fn resume_erasures(&mut self) -> Result<(), Fault> {
        let mut stores = Stores {
            runtime: &self.runtime,
            records: &self.records,
            objects: &self.objects,
        };
        self.vault
            .resume_erasures(&mut stores)
            .context("an erasure that was begun cannot be finished")
            .system()?;
        Ok(())
    }

    /// Erases a deposit from vault, object store and database.
    pub(crate) fn erase(
        &mut self,
        deposit: DepositId,
        order: &ErasureOrder,
    ) -> Result<Erasure, quanlian_evidence::vault::VaultError> {
        let mut stores = Stores {
            runtime: &self.runtime,
            records: &self.records,
            objects: &self.objects,
        };
        self.vault.erase(deposit, order, &mut stores, &mut System)
    }

    /// Looks whether these folders are backups of this one.
    pub(crate) fn backups(&self, folders: &[PathBuf]) -> Result<Vec<(PathBuf, VaultCopy)>, Fault> {
        let log = self.vault.log_key().name();
        folders
            .iter()
            .map(|folder| Ok((folder.clone(), VaultCopy::open(folder, log).bad_input()?)))
            .collect()
    }

    /// Erases a deposit from a backup.
    pub(crate) fn erase_from(
        &self,
        folder: &Path,
        copy: &VaultCopy,
        deposit: DepositId,
    ) -> Result<ErasedBackup, Fault> {
        let what = copy
            .what_to_erase(deposit)
            .with_context(|| format!("cannot read the backup {}", folder.display()))
            .system()?;
        let database = folder.join("records.sqlite");
        let objects = folder.join("objects");
        if objects.is_dir()
            && let Some(what) = what.as_ref().filter(|what| what.content_shared_with.is_empty())
        {
            let content: ObjectId = what.content_sha256.parse().system()?;
            let erased = self.runtime.block_on(async {
                let store = FolderObjects::open(&objects).await?;
                anyhow::Ok(store.erase(content).await?)
            });
            erased
                .with_context(|| format!("cannot erase from {}", objects.display()))
                .system()?;
        }
        let mut records = 0;
        if database.is_file() {
            let erased = self.runtime.block_on(async {
                let store = SqliteRecords::open(&database).await?;
                let erased = store.erase(RecordId(deposit.0)).await?;
                store.close().await?;
                anyhow::Ok(erased)
            });
            records = erased
                .with_context(|| format!("cannot erase from {}", database.display()))
                .system()?;
        }
        copy.shred(deposit)
            .with_context(|| format!("cannot erase from {}", folder.display()))
            .system()?;
        Ok(ErasedBackup {
            folder: folder.to_owned(),
            held_it: what.is_some() || records > 0,
            content_shared_with: what.map(|what| what.content_shared_with).unwrap_or_default(),
        })
    }
}
