//! Closing a bundle: collect its files, commit to them in the log, write the container.
//!
//! In:  receipts with their originals, tombstones of what was erased, who closes the bundle.
//! Out: the bundle, with the number of its seal in the log.
//!
//! Invariant: what can be known beforehand is refused before the seal enters the log.
//! The custody lines of the bundle are durable before that too.
//!
//! Not here: the layout of the bundle (`bundle`).

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use quanlian_record::{
    id::{self, CustodyId, DepositId},
    time::Timestamp,
};

use super::{
    ActError, Outside, Progress, Vault, VaultError,
    disk::{io_error, with_suffix, write_durably},
    erasure::Statement as ErasureStatement,
    random, require_actor,
};
use crate::{
    TOOL,
    bundle::{
        self, Attest, BUNDLE_VERSION, BagInfo, BundleError, BundleItem, ENTRY_FILE, LOG_KEY_PATH,
        MAX_BUNDLE_ITEMS, Original, POLICY_PATH, PROOF_FILE, PageItem, Pieces, Remains, SALT_FILE,
        SEAL_FOLDER, SEALED_FILE, STATEMENT_FILE, Statement, Unattested, WITNESS_KEYS_PATH,
    },
    container::{self, ContainerError},
    content::{digest, sha256_hex},
    custody::{self, Act, NewAct},
    deposit::{Deposit, DepositError, ENTRY_BUNDLE, Entry, Receipt, SALT_BYTES, Salt, to_canonical},
    probe,
};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleSummary {
    /// The id of the bundle.
    pub id: uuid::Uuid,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file; it also stands in `<path>.sha256`.
    pub sha256: String,
    /// Items in it.
    pub items: usize,
    /// The number of the seal in the log.
    pub log_index: u64,
    /// The checkpoint that covers everything in it.
    pub checkpoint: String,
}

/// Who closes which bundle, when.
struct Closing<'a> {
    id: uuid::Uuid,
    at: Timestamp,
    actor: &'a str,
}

/// An item that has passed all checks.
enum Bundled {
    Kept {
        deposit: Box<Deposit>,
        receipt: Box<Receipt>,
        is_included: bool,
    },
    Erased {
        statement: ErasureStatement,
        deposit_index: u64,
    },
}

impl Bundled {
    /// As the page lists it.
    fn listed(&self) -> PageItem<'_> {
        match self {
            Self::Kept {
                deposit,
                receipt,
                is_included,
            } => PageItem::Kept {
                content: &deposit.content,
                kind: &deposit.kind,
                deposited_at: deposit.deposited_at,
                log_index: receipt.log_index,
                is_included: *is_included,
            },
            Self::Erased {
                statement,
                deposit_index,
            } => PageItem::Erased {
                deposit: statement.deposit,
                at: statement.at,
                by: &statement.by,
                log_index: *deposit_index,
            },
        }
    }
}

impl Vault {
    /// Writes a bundle of these items to `out`, and its SHA-256 beside it.
    ///
    /// Closing the bundle is itself an entry of the log. `progress` is told the bytes of
    /// originals read so far.
    pub fn bundle(
        &mut self,
        items: Vec<BundleItem>,
        actor: &str,
        out: &Path,
        outside: &mut dyn Outside,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BundleSummary, VaultError> {
        self.bundle_attested(items, actor, out, outside, &mut Unattested, progress)
    }

    /// As [`Self::bundle`], with witnesses and time stamps over the checkpoint that covers the seal.
    ///
    /// When `attest` fails, no bundle is written; the seal stays in the log and does no harm.
    pub fn bundle_attested(
        &mut self,
        items: Vec<BundleItem>,
        actor: &str,
        out: &Path,
        outside: &mut dyn Outside,
        attest: &mut dyn Attest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BundleSummary, VaultError> {
        if items.is_empty() || items.len() > MAX_BUNDLE_ITEMS {
            return Err(BundleError::ItemCount(items.len()).into());
        }
        require_actor(actor)?;
        let at = outside.now();
        let closing = Closing {
            id: id::from_parts(at, random(outside)),
            at,
            actor,
        };
        let of_files = items.len();
        let mut pieces = Pieces::default();
        let mut bundled: Vec<Bundled> = Vec::new();
        let mut proven: Vec<(String, u64)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut bytes = 0;
        for (at, item) in items.into_iter().enumerate() {
            let number = at + 1;
            let (receipt, original) = match item {
                BundleItem::Kept { receipt, original } => (receipt, original),
                BundleItem::Erased(id) => {
                    if !seen.insert(id) {
                        return Err(BundleError::Twice(id).into());
                    }
                    let (statement, remains) = self.remains_of(id)?;
                    proven.extend(bundle::add_erased(&mut pieces, number, &remains));
                    bundled.push(Bundled::Erased {
                        statement,
                        deposit_index: remains.deposit_index,
                    });
                    continue;
                }
            };
            let deposit = receipt
                .open()
                .map_err(|source| BundleError::Receipt { item: number, source })?;
            if !seen.insert(deposit.id) {
                return Err(BundleError::Twice(deposit.id).into());
            }
            let receipt = self.extend_custody(receipt, deposit.id, &closing, outside)?;
            let is_included = !matches!(original, Original::DigestOnly);
            let before = bytes;
            let original = bundle::checked_original(original, &deposit, &mut |read| {
                bytes = before + read;
                progress(Progress {
                    files: at,
                    of_files,
                    bytes,
                });
            })?;
            proven.extend(bundle::add_item(
                &mut pieces,
                number,
                &deposit,
                &receipt,
                original,
            ));
            bundled.push(Bundled::Kept {
                deposit: Box::new(deposit),
                receipt: Box::new(receipt),
                is_included,
            });
        }
        if let Some(witnesses) = attest.witnesses() {
            pieces.add(POLICY_PATH.to_owned(), witnesses.policy.into_bytes());
            pieces.add(WITNESS_KEYS_PATH.to_owned(), witnesses.keys.into_bytes());
        }
        bundle::add_instructions(&mut pieces, self.page(&closing, &bundled));
        pieces.add_bag(&BagInfo {
            id: closing.id,
            made_at: closing.at,
            actor: closing.actor,
            tool: TOOL,
        });
        require_disk(out, pieces.require_room(proven.len())?)?;
        self.save_receipts(bundled.iter().filter_map(|item| match item {
            Bundled::Kept { deposit, receipt, .. } => Some((deposit.id, &**receipt)),
            Bundled::Erased { .. } => None,
        }))?;
        let log_index = self.seal(&mut pieces, &closing, bundled.len(), outside)?;
        let own = self.log.checkpoint().note().to_owned();
        let attested = attest.attest(&own).map_err(BundleError::Attest)?;
        let checkpoint = attested.checkpoint.clone();
        bundle::add_attested(&mut pieces, &own, attested)?;
        proven.push((SEAL_FOLDER.to_owned(), log_index));
        self.add_proofs(&mut pieces, &proven, &checkpoint)?;
        pieces.add_tag_manifests();
        let sha256 = write_container(&pieces, out)?;
        progress(Progress {
            files: of_files,
            of_files,
            bytes,
        });
        let items = bundled.len();
        Ok(BundleSummary {
            id: closing.id,
            path: out.to_owned(),
            sha256,
            items,
            log_index,
            checkpoint,
        })
    }

    /// The newest receipt of a deposit that is in the log, with the line that it was bundled.
    fn extend_custody(
        &self,
        receipt: Receipt,
        id: DepositId,
        closing: &Closing<'_>,
        outside: &mut dyn Outside,
    ) -> Result<Receipt, VaultError> {
        // The caller may hold a receipt of what was erased since; saving it would bring it back.
        self.require_not_erased(id)?;
        if self.draft(id)?.is_some() {
            return Err(ActError::Waiting(id).into());
        }
        self.require_in_log(&receipt, id)?;
        // The caller's copy may be older than the one in the folder; the lines that were
        // added since belong to the chain.
        let kept = self.receipt(id).ok().filter(|kept| {
            kept.deposit_json == receipt.deposit_json
                && kept.custody.starts_with(&receipt.custody)
                && kept.open().is_ok()
        });
        let mut receipt = kept.unwrap_or(receipt);
        let act = NewAct {
            id: CustodyId(id::from_parts(closing.at, random(outside))),
            act: Act::Bundled,
            at: closing.at,
            actor: closing.actor,
            detail: [("bundle".to_owned(), closing.id.to_string())].into(),
        };
        custody::append(&mut receipt.custody, id, act).map_err(DepositError::from)?;
        Ok(receipt)
    }

    /// What is left of an erased deposit, read from tombstone and log.
    fn remains_of(&self, id: DepositId) -> Result<(ErasureStatement, Remains), VaultError> {
        if self.is_being_erased(id)? {
            return Err(VaultError::ErasureUnfinished(id));
        }
        let tombstone = self.tombstone(id)?.ok_or(VaultError::NoSuchDeposit(id))?;
        let deposit_index = tombstone
            .statement
            .deposit_index
            .ok_or(BundleError::NothingLeft(id))?;
        let entry = self.log.read_entry(deposit_index)?;
        let deposit_entry_json = String::from_utf8(entry).map_err(|_| DepositError::Shape {
            what: "the log entry",
        })?;
        let remains = Remains {
            statement_json: to_canonical(&tombstone.statement)?,
            salt: tombstone.salt,
            entry_json: tombstone.entry_json,
            log_index: tombstone.log_index,
            deposit_entry_json,
            deposit_index,
        };
        Ok((tombstone.statement, remains))
    }

    fn page(&self, closing: &Closing<'_>, bundled: &[Bundled]) -> String {
        let items: Vec<PageItem<'_>> = bundled.iter().map(Bundled::listed).collect();
        bundle::page(
            closing.id,
            closing.at,
            closing.actor,
            &self.log.verifier().to_string(),
            &items,
        )
    }

    /// Commits to all files so far, and adds the files of the seal but its proof.
    fn seal(
        &mut self,
        pieces: &mut Pieces,
        closing: &Closing<'_>,
        items: usize,
        outside: &mut dyn Outside,
    ) -> Result<u64, VaultError> {
        let sealed = pieces.sealed_list();
        let statement = to_canonical(&Statement {
            v: BUNDLE_VERSION,
            id: closing.id,
            made_at: closing.at,
            actor: closing.actor.to_owned(),
            tool: TOOL.to_owned(),
            items: items as u64,
            sealed_sha256: sha256_hex(sealed.as_bytes()),
        })?;
        let salt = Salt::new(random::<SALT_BYTES>(outside));
        let entry = Entry::commit(ENTRY_BUNDLE, closing.id, closing.at, &statement, &salt).to_json()?;
        let log_index = self.log.append_batch(&[entry.as_bytes()])?.start;
        let mut add =
            |file: &str, text: String| pieces.add(format!("{SEAL_FOLDER}/{file}"), text.into_bytes());
        add(SEALED_FILE, sealed);
        add(STATEMENT_FILE, statement);
        add(SALT_FILE, format!("{}\n", salt.to_hex()));
        add(ENTRY_FILE, entry);
        Ok(log_index)
    }

    /// Adds what the key of the log proves: inclusion proofs, and the key.
    fn add_proofs(
        &self,
        pieces: &mut Pieces,
        proven: &[(String, u64)],
        checkpoint: &str,
    ) -> Result<(), VaultError> {
        let indices: Vec<u64> = proven.iter().map(|(_, log_index)| *log_index).collect();
        for ((folder, _), mut proof) in proven.iter().zip(self.log.inclusion_proofs(&indices)?) {
            // With the cosignatures, so that all files of the bundle carry one checkpoint.
            checkpoint.clone_into(&mut proof.checkpoint);
            pieces.add(format!("{folder}/{PROOF_FILE}"), proof.to_string().into_bytes());
        }
        pieces.add(
            LOG_KEY_PATH.to_owned(),
            format!("{}\n", self.log.verifier()).into_bytes(),
        );
        Ok(())
    }
}

/// Refuses a bundle that the disk cannot hold, before its seal is in the log. What is free may be gone
/// when it is written; then the writing fails and leaves nothing.
fn require_disk(out: &Path, needed_bytes: u64) -> Result<(), BundleError> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match probe::disk(folder) {
        Some((free_bytes, _)) if free_bytes < needed_bytes => Err(BundleError::NoRoom {
            needed_bytes,
            free_bytes,
            folder: folder.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Writes the bundle beside `out`, syncs it, gives it its name, and writes its digest.
fn write_container(pieces: &Pieces, out: &Path) -> Result<String, VaultError> {
    let temporary = with_suffix(out, ".tmp");
    let written = write_pieces(pieces, &temporary);
    if written.is_err() {
        // Nobody should find half a bundle; the error below says what happened.
        let _ = fs::remove_file(&temporary);
    }
    let sha256 = written?;
    fs::rename(&temporary, out).map_err(|source| io_error("rename to", out, source))?;
    let name = out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    write_durably(
        &with_suffix(out, ".sha256"),
        format!("{sha256}  {name}\n").as_bytes(),
    )?;
    Ok(sha256)
}

fn write_pieces(pieces: &Pieces, path: &Path) -> Result<String, VaultError> {
    let file = File::create(path).map_err(|source| io_error("create", path, source))?;
    let mut writer = container::Writer::new(io::BufWriter::new(file));
    for (name, piece) in pieces.iter() {
        let size_bytes = u32::try_from(piece.digests.size_bytes).map_err(|_| ContainerError::TooLarge)?;
        let entry = container::Entry {
            name: name.clone(),
            size_bytes,
            crc32: piece.digests.crc32,
        };
        writer.add(&entry, piece.source.open().map_err(ContainerError::Io)?)?;
    }
    let file = writer
        .finish()?
        .into_inner()
        .map_err(|error| ContainerError::Io(error.into_error()))?;
    file.sync_all().map_err(|source| io_error("sync", path, source))?;
    drop(file);
    let written = File::open(path).map_err(|source| io_error("open", path, source))?;
    Ok(digest(written, u64::MAX, &mut |_| {})?.sha256)
}
