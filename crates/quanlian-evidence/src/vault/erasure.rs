//! Erasure (删除): content, metadata and salt go, the entry in the log and every proof stay.
//!
//! In:  the deposit, who orders the erasure and why; whoever keeps content and records besides
//!      ([`ErasureTargets`]).
//! Out: a [`Tombstone`], which is an entry of the log itself.
//!
//! What stays is the commitment: HMAC-SHA256 under a salt that nobody has any more. It cannot be told
//! from a random number, and no guess of the content can be tried on it. Inclusion proofs of it, the
//! checkpoints and their time stamps go on to verify, because the log is not touched.
//!
//! | path | holds |
//! |---|---|
//! | `erasures/<deposit id>.begun.json` | an erasure that is not finished (`intent`) |
//! | `erasures/<deposit id>.json` | its tombstone |
//!
//! Order: the intent is durable; the tombstone's entry is in the log; content and records go
//! ([`ErasureTargets`]); receipt and drafts go; the tombstone is written; the intent goes. Each step can
//! be done twice. While the intent stands the deposit can be neither read nor bundled nor handled.
//!
//! Invariant: a deposit under a legal hold is not erased. The tombstone holds nothing of what was erased:
//! a reason that repeats a name or value of the deposit is refused.
//!
//! Not here: copies that left the installation (bundles, papers), which only their holders can erase.
//!
//! Source: 个人信息保护法 art. 47; art. 19 (no longer than needed).

use std::path::PathBuf;

use quanlian_record::{id::DepositId, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Outside, Vault, VaultError,
    copy::{others_with, shred_files_of, what_to_erase},
    disk::{read_if_there, shred, with_suffix, write_durably},
    intent::Intent,
    random,
};
use crate::{
    custody::CustodyLine,
    deposit::{
        Deposit, DepositError, ENTRY_ERASURE, Entry, MAX_FIELD_BYTES, Receipt, SALT_BYTES, Salt,
        from_canonical, to_canonical,
    },
};

/// Version of a tombstone.
pub(crate) const TOMBSTONE_VERSION: u32 = 1;
/// The longest tombstone that is read back, in bytes.
pub(crate) const MAX_TOMBSTONE_BYTES: usize = 64 << 10;
/// What the name of a file of an erasure that is not finished ends in.
pub(super) const BEGUN_SUFFIX: &str = ".begun.json";
/// Shorter values of a deposit may stand in a reason: `a`, `mp3`, `2024`.
const MIN_TELLING_BYTES: usize = 5;

/// Who erases and why.
#[derive(Debug, Clone)]
pub struct ErasureOrder {
    /// Who orders it: an officer, not the person whose data it is.
    pub by: String,
    /// Why, without personal data: the tombstone keeps it.
    pub reason: String,
}

/// What is left of a deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// What the entry in the log commits to.
    pub statement: Statement,
    /// The salt of that commitment, 64 hex digits; not the salt of the deposit.
    pub salt: String,
    /// The canonical bytes of its entry.
    pub entry_json: String,
    /// The number of its entry in the log.
    pub log_index: u64,
}

/// Who erased what, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of this form.
    pub v: u32,
    /// What was erased.
    pub deposit: DepositId,
    /// The number of its entry in the log, which stays; `None`: the entry had never reached the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_index: Option<u64>,
    /// Who ordered it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What must go, for those who keep more than the vault does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToErase {
    /// The deposit.
    pub deposit: DepositId,
    /// The SHA-256 of its content.
    pub content_sha256: String,
    /// Deposits that are not erased and have the same content, which therefore stays.
    pub content_shared_with: Vec<DepositId>,
}

/// Keepers of content and records besides the vault: object store, database, backups.
pub trait ErasureTargets {
    /// Erases content and records of one deposit. Called again after a crash; nothing to erase is no error.
    fn erase(&mut self, what: &ToErase) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// For a vault that keeps nothing elsewhere.
impl ErasureTargets for () {
    fn erase(&mut self, _what: &ToErase) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// What became of an order to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// What is left.
    pub tombstone: Tombstone,
    /// Whether it was erased before; the first order counts, and only what came back since was erased.
    pub was_erased_before: bool,
    /// Deposits that are not erased and keep the same content in the store.
    pub content_shared_with: Vec<DepositId>,
}

/// Why a deposit was not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ErasureError {
    /// A hold stands.
    #[error("deposit {deposit} is under the legal hold {hold}; lift it first, if it may be lifted")]
    OnHold { deposit: DepositId, hold: uuid::Uuid },
    /// Who and why must be said, and not at endless length.
    #[error("{field} has {size_bytes} bytes; 1 to {MAX_FIELD_BYTES} are allowed")]
    Field { field: &'static str, size_bytes: usize },
    /// The tombstone would keep what is to be erased.
    #[error("the reason repeats {0} of the deposit, and the tombstone would keep it; put it in other words")]
    Telling(&'static str),
    /// Content or records could not be erased. The order stands and is carried on at the next start.
    #[error("content or records of deposit {deposit} could not be erased; the order stands, give it again")]
    Target {
        deposit: DepositId,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ErasureError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OnHold { .. } => "erasure_on_hold",
            Self::Field { .. } => "erasure_field",
            Self::Telling(_) => "erasure_reason_tells",
            Self::Target { .. } => "erasure_target",
        }
    }
}

/// An erasure on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    statement: Statement,
    salt: String,
    what: ToErase,
}

impl Vault {
    /// Erases a deposit. What was erased before stays erased, and the first order counts.
    ///
    /// Reads every receipt once, to see whether the content belongs to another deposit too.
    pub fn erase(
        &mut self,
        deposit: DepositId,
        order: &ErasureOrder,
        targets: &mut dyn ErasureTargets,
        outside: &mut dyn Outside,
    ) -> Result<Erasure, VaultError> {
        if let Some(begun) = Intent::read(&self.begun_path(deposit))? {
            return self.finish_erasure(begun, targets);
        }
        if let Some(tombstone) = self.tombstone(deposit)? {
            return self.erase_again(tombstone, targets);
        }
        let receipt = self.receipt_on_file(deposit)?;
        let record = receipt.open()?;
        if let Some(hold) = self.holds_on(deposit)?.first() {
            return Err(ErasureError::OnHold {
                deposit,
                hold: hold.id,
            }
            .into());
        }
        check_order(order, &record, &receipt)?;
        let at = outside.now();
        let deposit_index = match self.require_in_log(&receipt, deposit) {
            Ok(()) => Some(receipt.log_index),
            Err(VaultError::NoSuchDeposit(_)) => None,
            Err(error) => return Err(error),
        };
        let statement = Statement {
            v: TOMBSTONE_VERSION,
            deposit,
            deposit_index,
            by: order.by.clone(),
            reason: order.reason.clone(),
            at,
        };
        let salt = Salt::new(random::<SALT_BYTES>(outside));
        // The id is the deposit's, so that whoever holds an old proof finds the tombstone by it.
        let entry =
            Entry::commit(ENTRY_ERASURE, deposit.0, at, &to_canonical(&statement)?, &salt).to_json()?;
        let content_shared_with = others_with(&self.folder, deposit, &record.content.sha256)?;
        let begun = Begun {
            statement,
            salt: salt.to_hex(),
            what: ToErase {
                deposit,
                content_sha256: record.content.sha256,
                content_shared_with,
            },
        };
        let begun = self.intend(&self.begun_path(deposit), entry, begun)?;
        self.finish_erasure(begun, targets)
    }

    /// What was erased before and came back, because somebody put files of a backup back, goes again.
    fn erase_again(
        &self,
        tombstone: Tombstone,
        targets: &mut dyn ErasureTargets,
    ) -> Result<Erasure, VaultError> {
        let deposit = tombstone.statement.deposit;
        let mut content_shared_with = Vec::new();
        if let Some(what) = what_to_erase(&self.folder, deposit)? {
            targets
                .erase(&what)
                .map_err(|source| ErasureError::Target { deposit, source })?;
            content_shared_with = what.content_shared_with;
        }
        shred_files_of(&self.folder, deposit)?;
        Ok(Erasure {
            tombstone,
            was_erased_before: true,
            content_shared_with,
        })
    }

    /// Does what is left of an erasure.
    fn finish_erasure(
        &mut self,
        begun: Intent<Begun>,
        targets: &mut dyn ErasureTargets,
    ) -> Result<Erasure, VaultError> {
        let log_index = self.append_once(&begun)?;
        let Intent {
            entry_json, about, ..
        } = begun;
        let Begun {
            statement,
            salt,
            what,
        } = about;
        let deposit = what.deposit;
        targets
            .erase(&what)
            .map_err(|source| ErasureError::Target { deposit, source })?;
        shred_files_of(&self.folder, deposit)?;
        let tombstone = Tombstone {
            statement,
            salt,
            entry_json,
            log_index,
        };
        write_durably(
            &self.tombstone_path(deposit),
            to_canonical(&tombstone)?.as_bytes(),
        )?;
        let begun = self.begun_path(deposit);
        shred(&with_suffix(&begun, ".tmp"))?;
        shred(&begun)?;
        Ok(Erasure {
            tombstone,
            was_erased_before: false,
            content_shared_with: what.content_shared_with,
        })
    }

    /// Erasures that a crash or a failing store left unfinished.
    pub fn unfinished_erasures(&self) -> Result<Vec<DepositId>, VaultError> {
        self.erasure_ids(BEGUN_SUFFIX)
    }

    /// Carries on every erasure that was left unfinished; call it when the vault was opened.
    pub fn resume_erasures(&mut self, targets: &mut dyn ErasureTargets) -> Result<Vec<Erasure>, VaultError> {
        let mut finished = Vec::new();
        for deposit in self.unfinished_erasures()? {
            if let Some(begun) = Intent::read(&self.begun_path(deposit))? {
                finished.push(self.finish_erasure(begun, targets)?);
            }
        }
        Ok(finished)
    }

    /// The ids of everything that was erased, oldest first.
    pub fn erased(&self) -> Result<Vec<DepositId>, VaultError> {
        self.erasure_ids(".json")
    }

    fn erasure_ids(&self, suffix: &str) -> Result<Vec<DepositId>, VaultError> {
        let names = super::names_in(&self.erasures_folder())?;
        let ids = names
            .iter()
            .filter_map(|name| name.strip_suffix(suffix)?.parse().ok());
        Ok(ids.collect())
    }

    /// What is left of a deposit that was erased; checked against its entry in the log.
    pub fn tombstone(&self, deposit: DepositId) -> Result<Option<Tombstone>, VaultError> {
        let Some(json) = read_if_there(&self.tombstone_path(deposit), MAX_TOMBSTONE_BYTES)? else {
            return Ok(None);
        };
        let tombstone: Tombstone = from_canonical(&json, MAX_TOMBSTONE_BYTES, "the tombstone")?;
        let found = self.log.read_entry(tombstone.log_index)?;
        if tombstone.statement.deposit != deposit || found != tombstone.entry_json.as_bytes() {
            return Err(DepositError::Mismatch("the tombstone and its log entry").into());
        }
        tombstone.open()?;
        Ok(Some(tombstone))
    }

    /// An error when a deposit was erased, or is about to be.
    pub(super) fn require_not_erased(&self, deposit: DepositId) -> Result<(), VaultError> {
        if self.is_being_erased(deposit)? {
            return Err(VaultError::ErasureUnfinished(deposit));
        }
        match self.tombstone(deposit)? {
            None => Ok(()),
            Some(tombstone) => Err(VaultError::Erased {
                id: deposit,
                erased_at: tombstone.statement.at,
                log_index: tombstone.log_index,
            }),
        }
    }

    pub(super) fn is_being_erased(&self, deposit: DepositId) -> Result<bool, VaultError> {
        let path = self.begun_path(deposit);
        path.try_exists()
            .map_err(|source| super::disk::io_error("look for", &path, source))
    }

    fn erasures_folder(&self) -> PathBuf {
        self.folder.join("erasures")
    }

    fn tombstone_path(&self, deposit: DepositId) -> PathBuf {
        self.erasures_folder().join(format!("{deposit}.json"))
    }

    fn begun_path(&self, deposit: DepositId) -> PathBuf {
        self.erasures_folder().join(format!("{deposit}{BEGUN_SUFFIX}"))
    }
}

impl Tombstone {
    /// Checks that statement, salt and entry belong together. That the entry is in the log is for the log to prove.
    pub fn open(&self) -> Result<&Statement, DepositError> {
        let salt = Salt::from_hex(&self.salt).ok_or(DepositError::Shape { what: "the salt" })?;
        let statement = &self.statement;
        let record = to_canonical(statement)?;
        Entry::from_json(&self.entry_json)?.opens_to(
            ENTRY_ERASURE,
            statement.deposit.0,
            statement.at,
            &record,
            &salt,
        )?;
        Ok(statement)
    }
}

/// Who and why are said, and the reason gives nothing away.
fn check_order(order: &ErasureOrder, record: &Deposit, receipt: &Receipt) -> Result<(), ErasureError> {
    for (field, text) in [("by", &order.by), ("reason", &order.reason)] {
        let size_bytes = text.trim().len();
        if !(1..=MAX_FIELD_BYTES).contains(&size_bytes) {
            return Err(ErasureError::Field { field, size_bytes });
        }
    }
    let name = &record.content.name;
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let values = record.metadata.values().map(|value| ("a value", value.as_str()));
    let told = [
        ("the file name", stem),
        ("the depositor", record.depositor.as_str()),
        ("the source", record.source.as_deref().unwrap_or_default()),
        ("the digest", record.content.sha256.as_str()),
        ("the digest", record.content.sm3.as_str()),
    ];
    let lines = receipt
        .custody
        .iter()
        .filter_map(|line| serde_json::from_str::<CustodyLine>(line).ok());
    let parties: Vec<String> = lines
        .filter_map(|line| line.record)
        .flat_map(|record| record.parties)
        .map(|party| party.name)
        .collect();
    let parties = parties.iter().map(|name| ("the name of a party", name.as_str()));
    let reason = order.reason.to_lowercase();
    for (what, text) in told.into_iter().chain(values).chain(parties) {
        let text = text.trim().to_lowercase();
        if text.len() >= MIN_TELLING_BYTES && reason.contains(&text) {
            return Err(ErasureError::Telling(what));
        }
    }
    Ok(())
}
