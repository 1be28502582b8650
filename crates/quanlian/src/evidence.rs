//! The evidence room: deposits go into the log, their records into the database, originals into the object folder.
//!
//! In:  files and reports, and the data folder of the installation.
//! Out: [`Exhibit`]s with the short ids that facts and papers use, and bundles.
//!
//! | below the data folder | holds |
//! |---|---|
//! | `log/`, `receipts/`, `log.key`, `log.vkey` | the log and what belongs to it (`quanlian_evidence::vault`) |
//! | `records.sqlite` | a record for each deposit (`quanlian_store`) |
//! | `objects/` | originals by their SHA-256 |
//!
//! Invariant: the log comes first. A record or original that could not be stored is
//! reported, and the deposit stands all the same.

mod anchoring;
mod attesting;
mod erasing;
pub(crate) mod lock_record;
mod registering;

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use quanlian_evidence::{
    bundle::{Attest, BundleItem},
    deposit::Receipt,
    vault::{BundleSummary, Outside, System, Terms, Vault},
};
use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{DepositId, RecordId},
    time::Timestamp,
};
use quanlian_store::{
    FolderObjects, ObjectId, ObjectStore, RecordStore, SqliteRecords, lock::take_home,
    records::MAX_BATCH_RECORDS,
};
use serde::Serialize;

use crate::{
    cli::LockChoice,
    fault::{Blame, Fault},
    files::{Found, PassedOver},
    output::Output,
};

pub(crate) use anchoring::{LogBeside, RoomLog};
pub(crate) use attesting::Outsiders;
pub(crate) use erasing::ErasedBackup;
pub(crate) use registering::{CONTENT_KIND, Described, EVIDENCE_KIND};

/// One deposit, as reports show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Exhibit {
    /// Short id within this run: `E0001`.
    pub(crate) id: String,
    /// Name relative to the folder it came from.
    pub(crate) name: String,
    /// What it is: `suspect`, `work`, `side_file`, `report`, …
    pub(crate) kind: String,
    pub(crate) deposit: DepositId,
    pub(crate) deposited_at: Timestamp,
    /// Number of its entry in the log.
    pub(crate) index: u64,
    pub(crate) size_bytes: u64,
    pub(crate) sha256: String,
    pub(crate) sm3: String,
    #[serde(skip)]
    pub(crate) path: PathBuf,
    #[serde(skip)]
    pub(crate) receipt: Receipt,
}

/// An open data folder.
pub(crate) struct Room {
    vault: Vault,
    terms: Terms,
    records: SqliteRecords,
    objects: FolderObjects,
    runtime: tokio::runtime::Runtime,
    count: usize,
}

impl Room {
    /// Opens a data folder that is there already.
    pub(crate) fn open_existing(data: &Path) -> Result<Self, Fault> {
        Self::open_existing_as(data, "")
    }

    /// The same, and says who acts; whoever is at the machine when the name is empty.
    pub(crate) fn open_existing_as(data: &Path, actor: &str) -> Result<Self, Fault> {
        let key = data.join("log.vkey");
        if !key.is_file() {
            return Err(Fault::BadInput(anyhow::anyhow!(
                "{} is no data folder: it has no log.vkey",
                data.display()
            )));
        }
        Self::open(data, actor, &LockChoice::default())
    }

    /// Opens the data folder and makes what is not there yet, the lock record where `lock` says.
    pub(crate) fn open(data: &Path, depositor: &str, lock: &LockChoice) -> Result<Self, Fault> {
        let lock = lock_record::named(lock).bad_input()?;
        std::fs::create_dir_all(data)
            .with_context(|| format!("cannot make the folder {}", data.display()))
            .bad_input()?;
        let mut outside = System;
        let origin = origin_of(data, &mut outside).system()?;
        let take = |home| take_home(home, lock.as_ref(), &origin, &lock_record::secrets());
        let opened = Vault::open_or_create_with(data, &origin, take, &mut outside);
        let is_mistaken = opened
            .as_ref()
            .is_err_and(|error| lock_record::is_mistake(error.code()));
        let opened = opened.with_context(|| format!("cannot open the evidence log in {}", data.display()));
        let vault = if is_mistaken {
            opened.bad_input()
        } else {
            opened.system()
        }?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start the runtime")
            .system()?;
        let records = runtime
            .block_on(SqliteRecords::open(&data.join("records.sqlite")))
            .system()?;
        let originals = data.join("objects");
        std::fs::create_dir_all(&originals)
            .with_context(|| format!("cannot make the folder {}", originals.display()))
            .system()?;
        let objects = runtime.block_on(FolderObjects::open(&originals)).system()?;
        let depositor = if depositor.is_empty() {
            operator()
        } else {
            depositor.to_owned()
        };
        let terms = Terms {
            depositor,
            ..Terms::default()
        };
        let mut room = Self {
            vault,
            terms,
            records,
            objects,
            runtime,
            count: 0,
        };
        // What the law asked to erase is gone before anything else is done with the folder.
        room.resume_erasures()?;
        Ok(room)
    }

    /// Deposits files of one kind; what cannot be read becomes a problem and the rest goes on.
    pub(crate) fn deposit_files(
        &mut self,
        files: &[Found],
        kind: &str,
        output: &Output,
        problems: &mut Vec<PassedOver>,
    ) -> Result<Vec<Exhibit>, Fault> {
        let names: BTreeMap<&Path, &str> = files
            .iter()
            .map(|f| (f.path.as_path(), f.name.as_str()))
            .collect();
        let paths: Vec<PathBuf> = files.iter().map(|f| f.path.clone()).collect();
        let bar = output.progress("progress.deposit", paths.len() as u64);
        let terms = Terms {
            kind: kind.to_owned(),
            ..self.terms.clone()
        };
        let outcome = self.vault.deposit_files_described(
            &paths,
            &terms,
            &mut provenance_of,
            &mut System,
            &mut |step| {
                bar.set_position(step.files as u64);
            },
        );
        bar.finish_and_clear();
        for (path, problem) in &outcome.problems {
            let mut detail = problem.to_string();
            if let Some(cause) = std::error::Error::source(problem) {
                detail = format!("{detail}: {cause}");
            }
            problems.push(PassedOver {
                path: path.display().to_string(),
                code: "unreadable",
                detail,
            });
        }
        let mut deposits = Vec::new();
        for (path, receipt) in outcome.receipts {
            let name = names.get(path.as_path()).copied().unwrap_or_default().to_owned();
            deposits.push(self.deposited(name, kind, path, receipt)?);
        }
        self.save(&deposits)?;
        if let Some(error) = outcome.stopped {
            return Err(Fault::System(anyhow::Error::new(error).context(format!(
                "the log stopped after {} of {} files; what it holds is safe",
                deposits.len(),
                files.len()
            ))));
        }
        Ok(deposits)
    }

    /// The same in somebody's name.
    pub(crate) fn deposit_files_of(
        &mut self,
        depositor: &str,
        files: &[Found],
        kind: &str,
        output: &Output,
        problems: &mut Vec<PassedOver>,
    ) -> Result<Vec<Exhibit>, Fault> {
        let own = std::mem::replace(&mut self.terms.depositor, depositor.to_owned());
        let deposits = self.deposit_files(files, kind, output, problems);
        self.terms.depositor = own;
        deposits
    }

    /// Deposits a report of this run, which has been written to `path`.
    pub(crate) fn deposit_report(&mut self, path: &Path, name: &str) -> Result<Exhibit, Fault> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read {}", path.display()))
            .system()?;
        let terms = Terms {
            kind: "report".to_owned(),
            ..self.terms.clone()
        };
        let receipt = self
            .vault
            .deposit_bytes(name, &bytes, &terms, &mut System)
            .system()?;
        let deposit = self.deposited(name.to_owned(), "report", path.to_owned(), receipt)?;
        self.save(std::slice::from_ref(&deposit))?;
        Ok(deposit)
    }

    /// Keeps originals by their digest.
    pub(crate) fn keep_originals<'a>(
        &self,
        deposits: impl IntoIterator<Item = &'a Exhibit>,
    ) -> Result<(), Fault> {
        for deposit in deposits {
            self.runtime
                .block_on(self.objects.put_file(&deposit.path))
                .with_context(|| format!("cannot keep the original of {}", deposit.name))
                .system()?;
        }
        Ok(())
    }

    /// Where the data folder keeps the original with this SHA-256, if it does.
    pub(crate) fn kept_original(&self, sha256: &str) -> Result<Option<PathBuf>, Fault> {
        let id: ObjectId = sha256.parse().system()?;
        let kept = self.runtime.block_on(self.objects.file(id));
        kept.context("cannot look for an original").system()
    }

    /// Writes a bundle, attested by those who are named, and says where it is.
    pub(crate) fn bundle(
        &mut self,
        items: Vec<BundleItem>,
        path: &Path,
        outside: &mut dyn Outside,
        attest: &mut dyn Attest,
        output: &Output,
    ) -> Result<BundleSummary, Fault> {
        let bar = output.progress("progress.bundle", items.len() as u64);
        let actor = self.terms.depositor.clone();
        let summary = self
            .vault
            .bundle_attested(items, &actor, path, outside, attest, &mut |step| {
                bar.set_position(step.files as u64);
            });
        bar.finish_and_clear();
        summary
            .with_context(|| format!("cannot write the bundle {}", path.display()))
            .system()
    }

    /// The public key of the log, to be published.
    pub(crate) fn log_key(&self) -> String {
        self.vault.log_key().to_string()
    }

    /// Appends entries as they are. An empty list says where the next would stand.
    pub(crate) fn append_entries(&mut self, entries: &[&[u8]]) -> Result<std::ops::Range<u64>, Fault> {
        self.vault
            .append_entries(entries)
            .context("the entries were not appended")
            .system()
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn vault_mut(&mut self) -> &mut Vault {
        &mut self.vault
    }

    fn deposited(
        &mut self,
        name: String,
        kind: &str,
        path: PathBuf,
        receipt: Receipt,
    ) -> Result<Exhibit, Fault> {
        let deposit = receipt
            .open()
            .context("the log gave a receipt that does not hold")
            .system()?;
        self.count += 1;
        Ok(Exhibit {
            id: format!("E{:04}", self.count),
            name,
            kind: kind.to_owned(),
            deposit: deposit.id,
            deposited_at: deposit.deposited_at,
            index: receipt.log_index,
            size_bytes: deposit.content.size_bytes,
            sha256: deposit.content.sha256,
            sm3: deposit.content.sm3,
            path,
            receipt,
        })
    }

    fn save(&self, deposits: &[Exhibit]) -> Result<(), Fault> {
        let record = |deposit: &Exhibit| -> anyhow::Result<Record> {
            Ok(Record {
                v: ENVELOPE_VERSION,
                id: RecordId(deposit.deposit.0),
                kind: "deposit".to_owned(),
                recorded_at: deposit.deposited_at,
                actor: self.terms.depositor.clone(),
                supersedes: None,
                body: serde_json::to_value(deposit)?,
            })
        };
        let records: Vec<Record> = deposits
            .iter()
            .map(record)
            .collect::<anyhow::Result<_>>()
            .system()?;
        for batch in records.chunks(MAX_BATCH_RECORDS) {
            self.runtime
                .block_on(self.records.append_all(batch))
                .context("cannot keep the records of the deposits")
                .system()?;
        }
        Ok(())
    }
}

/// What a file says about itself, as its deposit record holds it: read, never believed.
fn provenance_of(path: &Path, file: &mut std::fs::File) -> BTreeMap<String, String> {
    let is_side_file = path.to_string_lossy().ends_with(".info.json");
    let read = if is_side_file {
        let mut bytes = Vec::new();
        let limit = quanlian_provenance::MAX_INFO_JSON_BYTES as u64 + 1;
        match file.take(limit).read_to_end(&mut bytes) {
            Ok(_) => quanlian_provenance::read_info_json(&bytes),
            Err(error) => Err(error.into()),
        }
    } else {
        quanlian_provenance::read(file)
    };
    match read {
        Ok(found) => found.to_metadata(),
        // The deposit does not hang on it, and whoever reads the record learns that nothing is known.
        Err(error) => [("provenance.not_read".to_owned(), error.code().to_owned())].into(),
    }
}

/// Why a file was passed over or could not be read.
pub(crate) fn why_passed_over(output: &Output, problem: &PassedOver) -> String {
    output.messages.get(
        &format!("passed_over.{}", problem.code),
        &[("detail", problem.detail.as_str())],
    )
}

/// The name of the log: that of its key when there is one, else a new one that no other log has.
fn origin_of(data: &Path, outside: &mut dyn Outside) -> anyhow::Result<String> {
    let key = data.join("log.vkey");
    match std::fs::read_to_string(&key) {
        Ok(text) => Ok(text.split('+').next().unwrap_or_default().trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = [0_u8; 6];
            outside.fill(&mut bytes);
            let number = bytes
                .iter()
                .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            Ok(format!("quanlian.local/{number:012x}"))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", key.display())),
    }
}

/// Who is at the machine, when nobody says who deposits.
pub(crate) fn operator() -> String {
    ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "(unnamed)".to_owned())
}
