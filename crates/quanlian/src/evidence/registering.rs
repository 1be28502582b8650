//! The register of trade-secret points in the evidence room.
//!
//! In:  statements, and the files that hold the pieces of content.
//! Out: [`Entry`]s, each a deposit of its own; the entries of the register as they were deposited.
//!
//! Invariants: the log comes first, then the record. What is read is compared with the receipt of its deposit and with
//! the log: an entry that somebody changed in the database is an error and never an answer. Erasing the deposit of an
//! entry erases its record and its bytes too (`erasing`).
//!
//! Not here: what an entry may say (`quanlian_right`).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use quanlian_evidence::vault::{System, Terms};
use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{DepositId, RecordId},
    time::Timestamp,
};
use quanlian_right::secret::{Entry, Statement};
use quanlian_store::{ObjectId, ObjectStore, RecordStore, records::RecordQuery};

use super::{Exhibit, Room};
use crate::fault::{Blame, Fault};

/// [`Record::kind`] of an entry.
const RECORD_KIND: &str = "secret";
/// `Deposit::kind` of an entry.
const ENTRY_KIND: &str = "secret_entry";
/// `Deposit::kind` of a piece of content.
pub(crate) const CONTENT_KIND: &str = "secret_content";
/// `Deposit::kind` of what shows an access or a measure.
pub(crate) const EVIDENCE_KIND: &str = "secret_evidence";
/// The most entries of one register.
const MAX_ENTRIES: usize = 50_000;

/// A file that is deposited with what is known of it.
pub(crate) struct Described {
    /// Where its bytes are; the last part is its name in the deposit.
    pub(crate) path: PathBuf,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Room {
    /// Deposits files with what is known of each, all or none of them; keeps the originals when asked.
    pub(crate) fn deposit_described(
        &mut self,
        files: &[Described],
        kind: &str,
        keep: bool,
    ) -> Result<Vec<Exhibit>, Fault> {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        // Looked at before anything is in the log, so that one bad path does not leave half of an entry there.
        for path in &paths {
            let opened = std::fs::File::open(path).and_then(|file| file.metadata());
            let is_file = opened
                .with_context(|| format!("cannot read {}", path.display()))
                .bad_input()?
                .is_file();
            if !is_file {
                return Err(Fault::BadInput(anyhow!("{} is not a file", path.display())));
            }
        }
        let known: BTreeMap<&Path, &BTreeMap<String, String>> = (files.iter())
            .map(|file| (file.path.as_path(), &file.metadata))
            .collect();
        let terms = Terms {
            kind: kind.to_owned(),
            ..self.terms.clone()
        };
        let outcome = self.vault.deposit_files_described(
            &paths,
            &terms,
            &mut |path, _| known.get(path).map(|found| (*found).clone()).unwrap_or_default(),
            &mut System,
            &mut |_| {},
        );
        let mut exhibits = Vec::new();
        for (path, receipt) in outcome.receipts {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            exhibits.push(self.deposited(name, kind, path, receipt)?);
        }
        self.save(&exhibits)?;
        if let Some(error) = outcome.stopped {
            return Err(Fault::System(
                anyhow::Error::new(error).context("the log stopped; what it holds is safe"),
            ));
        }
        if let Some((path, problem)) = outcome.problems.into_iter().next() {
            let error = anyhow::Error::new(problem).context(format!("cannot deposit {}", path.display()));
            return Err(Fault::BadInput(error));
        }
        if keep {
            self.keep_originals(&exhibits)?;
        }
        Ok(exhibits)
    }

    /// Makes an entry of the register.
    pub(crate) fn enter(
        &mut self,
        statement: Statement,
        replaces: Option<DepositId>,
    ) -> Result<Entry, Fault> {
        let bytes = statement.to_bytes(Timestamp::now().legal_day()).bad_input()?;
        let name = format!("{}-{}.json", statement.word(), statement.id());
        // The bytes first: a bundle needs them, and without an entry they are nobody's.
        let object = self.runtime.block_on(self.objects.put_bytes(&bytes));
        object.context("cannot keep the entry").system()?;
        let terms = Terms {
            kind: ENTRY_KIND.to_owned(),
            supersedes: replaces,
            ..self.terms.clone()
        };
        let receipt = self
            .vault
            .deposit_bytes(&name, &bytes, &terms, &mut System)
            .system()?;
        let deposit = receipt.open().system()?;
        let entry = Entry {
            deposit: deposit.id,
            recorded_at: deposit.deposited_at,
            replaces,
            statement,
        };
        let record = Record {
            v: ENVELOPE_VERSION,
            id: RecordId(entry.deposit.0),
            kind: RECORD_KIND.to_owned(),
            recorded_at: entry.recorded_at,
            actor: self.terms.depositor.clone(),
            // Not the record of the entry before: erasing that one must not take this one with it.
            supersedes: None,
            body: serde_json::to_value(&entry).system()?,
        };
        let stored = self.runtime.block_on(self.records.append(&record));
        stored.context("cannot keep the record of the entry").system()?;
        Ok(entry)
    }

    /// Every entry of the register that was not erased, each compared with its deposit.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Fault> {
        let mut query = RecordQuery {
            kind: Some(RECORD_KIND.to_owned()),
            ..RecordQuery::default()
        };
        let mut entries = Vec::new();
        loop {
            let page = self.runtime.block_on(self.records.list(&query)).system()?;
            for record in &page.records {
                let entry: Entry = record.body_as(RECORD_KIND).system()?;
                self.require_as_deposited(record, &entry)?;
                entries.push(entry);
            }
            if entries.len() > MAX_ENTRIES {
                return Err(Fault::System(anyhow!(
                    "the register has more than {MAX_ENTRIES} entries"
                )));
            }
            match page.next {
                None => return Ok(entries),
                next => query.after = next,
            }
        }
    }

    fn require_as_deposited(&self, record: &Record, entry: &Entry) -> Result<(), Fault> {
        let id = entry.deposit;
        let doubt = || {
            format!(
                "the entry {id} of the register is not what was deposited; put records.sqlite back from your backup"
            )
        };
        let receipt = self.vault.receipt(id).with_context(doubt).system()?;
        let deposit = receipt.open().with_context(doubt).system()?;
        let bytes = entry.statement.to_bytes(deposit.deposited_at.legal_day());
        let bytes = bytes.with_context(doubt).system()?;
        let is_so = record.id.0 == id.0
            && deposit.kind == ENTRY_KIND
            && deposit.deposited_at == entry.recorded_at
            && deposit.supersedes == entry.replaces
            && deposit.content.sha256 == ObjectId::of(&bytes).to_string();
        if is_so {
            Ok(())
        } else {
            Err(Fault::System(anyhow!(doubt())))
        }
    }
}
