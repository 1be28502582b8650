//! Acts of people: drafted, signed by every party, then put into the chain and the log together.
//!
//! In:  the act, its parties, their attestations as they come.
//! Out: a [`Draft`] while somebody is missing; a line in the chain and its entry in the log after.
//!
//! | path | holds |
//! |---|---|
//! | `custody/<deposit id>.draft.json` | an act that waits for a party; one an item |
//! | `custody/<deposit id>.act.json` | a whole act on its way into log and receipt |
//!
//! Invariant: a line enters the chain when nobody is missing any more, and is never changed then.
//! Line and entry come together: after a crash between them the next opening of the vault does the
//! rest. While an act waits, the item has room for no other, because that would follow it.
//!
//! Not here: what an act may say and what may follow what (`custody`).

use std::path::{Path, PathBuf};

use quanlian_record::id::{self, CustodyId, DepositId};
use quanlian_tlog::note::{SignerKey, VerifierKey};
use serde::{Deserialize, Serialize};

use super::{
    MAX_RECEIPT_BYTES, Outside, Vault, VaultError,
    disk::{read_if_there, remove_durably, write_durably},
    intent::Intent,
    random,
};
use crate::{
    TOOL,
    custody::{
        self, Act, CustodyError, CustodyLine, MAX_CUSTODY_LINES, MAX_LINE_BYTES, SIGNED_CUSTODY_VERSION,
        act::{ActRecord, Attestation, RecordError, check_attestations_so_far},
        entry::{self, LoggedAct},
        examine::{Chain, Examination, LogView, examine},
        order::OrderProblem,
        signing,
    },
    deposit::{Deposit, DepositError, Receipt, Salt, from_canonical, to_canonical},
};

/// Version of a draft.
const DRAFT_VERSION: u32 = 1;

/// An act that waits for a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    v: u32,
    /// The line so far, with the attestations that came.
    pub line: CustodyLine,
}

/// How a party stands behind an act.
#[derive(Debug)]
pub enum Stand<'a> {
    /// With this key.
    Key(&'a SignerKey),
    /// On paper; the scan is a deposit of this vault.
    Paper(DepositId),
    /// Not at all, for this reason.
    Unsigned(String),
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Some parties are missing.
    Waits {
        /// The act so far.
        draft: Box<Draft>,
        /// Their names.
        missing: Vec<String>,
    },
    /// It is in chain and log.
    Done {
        /// The number of its line, from 1.
        line: u64,
        /// The number of its entry.
        log_index: u64,
        /// The receipt with it.
        receipt: Box<Receipt>,
    },
}

/// An act that is to be recorded.
#[derive(Debug, Clone)]
pub struct ActOrder {
    /// What was done.
    pub act: Act,
    /// Who, why, where, how the machine was.
    pub record: ActRecord,
}

/// Why an act was not recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// What it says is not whole.
    #[error("the act is not whole")]
    Record(#[from] RecordError),
    /// It cannot follow the acts before, and no reason was given for the irregularity.
    #[error(
        "the act cannot follow those before; record what is missing first, or give the reason for the irregularity"
    )]
    Order(#[source] OrderProblem),
    /// Lines and signatures do not hold together.
    #[error("the act does not continue the chain of custody")]
    Chain(#[source] CustodyError),
    /// The chain went on since the parties signed, so their signatures are for another place.
    #[error(
        "the chain of deposit {0} went on since the act was drafted; withdraw the act and record it anew"
    )]
    Overtaken(DepositId),
    /// Another act of this item waits for a party.
    #[error("deposit {0} has an act that waits for a signature; have it signed, or withdraw it")]
    Waiting(DepositId),
    /// No act of this item waits.
    #[error("deposit {0} has no act that waits for a signature")]
    NothingWaits(DepositId),
    /// The act has no party of this name.
    #[error("the act has no party named `{0}`")]
    NoSuchParty(String),
    /// The party stands behind it already.
    #[error("`{0}` stands behind the act already; a signature is not replaced")]
    AlreadyAttested(String),
    /// The signature cannot be made.
    #[error("the key cannot sign")]
    Sign(#[from] quanlian_tlog::note::NoteError),
    /// The scan of a paper signature must be deposited first.
    #[error("the scan {0} is no deposit of this vault")]
    NoScan(DepositId),
    /// The line or the chain would become too long.
    #[error("the chain of deposit {0} has no room for this act")]
    Full(DepositId),
}

impl ActError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Record(source) => source.code(),
            Self::Order(source) => source.code(),
            Self::Chain(source) => source.code(),
            Self::Overtaken(_) => "custody_overtaken",
            Self::Waiting(_) => "custody_waiting",
            Self::NothingWaits(_) => "custody_nothing_waits",
            Self::NoSuchParty(_) => "custody_no_such_party",
            Self::AlreadyAttested(_) => "custody_already_attested",
            Self::Sign(source) => source.code(),
            Self::NoScan(_) => "custody_no_scan",
            Self::Full(_) => "custody_full",
        }
    }
}

impl Vault {
    /// Begins an act of people on a deposit. With the last [`Self::attest`] it is recorded.
    pub fn draft_act(
        &mut self,
        id: DepositId,
        order: ActOrder,
        outside: &mut dyn Outside,
    ) -> Result<Draft, VaultError> {
        let receipt = self.receipt(id)?;
        receipt.open()?;
        if self.draft(id)?.is_some() {
            return Err(ActError::Waiting(id).into());
        }
        let ActOrder { act, record } = order;
        record.check(act).map_err(ActError::from)?;
        let at = outside.now();
        let line = CustodyLine {
            v: SIGNED_CUSTODY_VERSION,
            id: CustodyId(id::from_parts(at, random(outside))),
            item: id,
            act,
            at,
            actor: record.parties[0].name.clone(),
            tool: TOOL.to_owned(),
            prev: custody::head(&receipt.custody),
            detail: std::collections::BTreeMap::new(),
            record: Some(record),
            attestations: Vec::new(),
        };
        let lines: Vec<&str> = receipt.custody.iter().map(String::as_str).collect();
        let acts = custody::check(&lines, id).map_err(ActError::Chain)?;
        let (standing, _) = custody::order::follow(&acts);
        standing.allows(&line).map_err(ActError::Order)?;
        if to_canonical(&line)?.len() > MAX_LINE_BYTES || acts.len() >= MAX_CUSTODY_LINES {
            return Err(ActError::Full(id).into());
        }
        let draft = Draft {
            v: DRAFT_VERSION,
            line,
        };
        write_durably(&self.draft_path(id), to_canonical(&draft)?.as_bytes())?;
        Ok(draft)
    }

    /// Takes in how the party `name` stands behind the act that waits; records the act when nobody is missing.
    pub fn attest(
        &mut self,
        id: DepositId,
        name: &str,
        stand: &Stand<'_>,
        outside: &mut dyn Outside,
    ) -> Result<Recorded, VaultError> {
        self.receipt(id)?;
        let mut draft = self.draft(id)?.ok_or(ActError::NothingWaits(id))?;
        let line = &mut draft.line;
        let number = party_number(line, name).ok_or_else(|| ActError::NoSuchParty(name.to_owned()))?;
        if line.attestations.iter().any(|found| found.party() == number) {
            return Err(ActError::AlreadyAttested(name.to_owned()).into());
        }
        let attestation = match stand {
            Stand::Key(key) => signing::sign(line, number, key).map_err(ActError::from)?,
            Stand::Paper(scan) => {
                self.receipt(*scan).map_err(|_| ActError::NoScan(*scan))?;
                Attestation::Paper {
                    party: number,
                    scan: *scan,
                }
            }
            Stand::Unsigned(reason) => Attestation::Unsigned {
                party: number,
                reason: reason.clone(),
            },
        };
        line.attestations.push(attestation);
        line.attestations.sort_by_key(Attestation::party);
        self.take_in(id, draft, outside)
    }

    /// Keeps a draft, or records it when it is whole.
    fn take_in(
        &mut self,
        id: DepositId,
        draft: Draft,
        outside: &mut dyn Outside,
    ) -> Result<Recorded, VaultError> {
        let record = draft.line.record.as_ref().ok_or(DepositError::Shape {
            what: "the act that waits",
        })?;
        check_attestations_so_far(draft.line.act, &record.parties, &draft.line.attestations)
            .map_err(ActError::from)?;
        let missing = missing(&draft.line);
        if !missing.is_empty() {
            write_durably(&self.draft_path(id), to_canonical(&draft)?.as_bytes())?;
            return Ok(Recorded::Waits {
                draft: Box::new(draft),
                missing,
            });
        }
        let receipt = self.receipt(id)?;
        if draft.line.prev != custody::head(&receipt.custody) {
            return Err(ActError::Overtaken(id).into());
        }
        let salt = salt_of(&receipt)?;
        let line = to_canonical(&draft.line)?;
        let number = receipt.custody.len() as u64 + 1;
        let mut longer = receipt;
        longer.custody.push(line.clone());
        // All that could be refused is refused here: what is in the log cannot be taken back.
        let lines: Vec<&str> = longer.custody.iter().map(String::as_str).collect();
        custody::check(&lines, id).map_err(ActError::Chain)?;
        // The entry of an act has a fixed size but for the digits of its number in the log.
        let size_bytes = to_canonical(&longer)?.len() + 2 * crate::deposit::MAX_ENTRY_JSON_BYTES;
        if line.len() > MAX_LINE_BYTES || size_bytes > MAX_RECEIPT_BYTES {
            return Err(ActError::Full(id).into());
        }
        let entry = entry::of(&salt, id, number, &line, outside.now()).to_json()?;
        let intent = self.intend(&self.act_path(id), entry, WholeAct { item: id, line })?;
        self.finish_act(&intent)
    }

    /// Does what is left of an act on its way.
    fn finish_act(&mut self, intent: &Intent<WholeAct>) -> Result<Recorded, VaultError> {
        let WholeAct { item, line } = &intent.about;
        let log_index = self.append_once(intent)?;
        let mut receipt = self.receipt_on_file(*item)?;
        if receipt.custody.last() != Some(line) {
            receipt.custody.push(line.clone());
            receipt.acts.push(LoggedAct {
                line: receipt.custody.len() as u64,
                entry_json: intent.entry_json.clone(),
                log_index,
            });
            receipt.open()?;
            self.save_receipts(std::iter::once((*item, &receipt)))?;
        }
        remove_durably(&self.draft_path(*item))?;
        remove_durably(&self.act_path(*item))?;
        Ok(Recorded::Done {
            line: receipt.custody.len() as u64,
            log_index,
            receipt: Box::new(receipt),
        })
    }

    /// Finishes every act that a crash left on its way.
    pub(super) fn finish_acts(&mut self) -> Result<(), VaultError> {
        for name in super::names_in(&self.custody_folder())? {
            if !name.ends_with(ACT_SUFFIX) {
                continue;
            }
            let path = self.custody_folder().join(name);
            let intent: Intent<WholeAct> = match Intent::read(&path)? {
                Some(intent) => intent,
                None => continue,
            };
            // An item whose erasure was ordered meanwhile has no chain to go on with.
            if self.is_being_erased(intent.about.item)? {
                continue;
            }
            self.finish_act(&intent)?;
        }
        Ok(())
    }

    /// The act of an item that waits for a party.
    pub fn draft(&self, id: DepositId) -> Result<Option<Draft>, VaultError> {
        let Some(json) = read_if_there(&self.draft_path(id), 2 * MAX_LINE_BYTES)? else {
            return Ok(None);
        };
        let draft: Draft = from_canonical(&json, 2 * MAX_LINE_BYTES, "the act that waits")?;
        if draft.v == DRAFT_VERSION && draft.line.item == id {
            Ok(Some(draft))
        } else {
            Err(DepositError::Shape {
                what: "the act that waits",
            }
            .into())
        }
    }

    /// Takes back an act that waits. Nothing of it was in the chain.
    pub fn withdraw_act(&mut self, id: DepositId) -> Result<Draft, VaultError> {
        let draft = self.draft(id)?.ok_or(ActError::NothingWaits(id))?;
        super::disk::shred(&self.draft_path(id))?;
        Ok(draft)
    }

    /// Every check on the chain of a deposit, with the log of this vault at hand.
    pub fn examine(&self, id: DepositId, trusted: &[VerifierKey]) -> Result<Examination, VaultError> {
        let receipt = self.receipt(id)?;
        let deposit = Deposit::from_json(&receipt.deposit_json)?;
        let lines: Vec<&str> = receipt.custody.iter().map(String::as_str).collect();
        let chain = Chain {
            item: id,
            lines: &lines,
            salt: &salt_of(&receipt)?,
            logged: &receipt.acts,
            first_sha256: &deposit.custody_sha256,
            deposit_index: receipt.log_index,
        };
        Ok(examine(&chain, Some(self), trusted))
    }

    pub(super) fn custody_folder(&self) -> PathBuf {
        self.folder.join("custody")
    }

    pub(super) fn draft_path(&self, id: DepositId) -> PathBuf {
        self.custody_folder().join(format!("{id}.draft.json"))
    }

    pub(super) fn act_path(&self, id: DepositId) -> PathBuf {
        self.custody_folder().join(format!("{id}{ACT_SUFFIX}"))
    }
}

/// What the name of a file of a whole act ends in.
pub(super) const ACT_SUFFIX: &str = ".act.json";

/// A whole act on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeAct {
    item: DepositId,
    line: String,
}

impl LogView for Vault {
    fn size(&self) -> u64 {
        self.log.checkpoint().size()
    }

    fn entry(&self, index: u64) -> Option<Vec<u8>> {
        self.log.read_entry(index).ok()
    }
}

/// The number of the party of this name, from 1.
fn party_number(line: &CustodyLine, name: &str) -> Option<u32> {
    let parties = &line.record.as_ref()?.parties;
    let at = parties.iter().position(|party| party.name == name)?;
    Some(at as u32 + 1)
}

/// The names of the parties that do not stand behind the line yet.
fn missing(line: &CustodyLine) -> Vec<String> {
    let parties = line.record.iter().flat_map(|record| &record.parties);
    let is_there = |number: u32| line.attestations.iter().any(|found| found.party() == number);
    (1_u32..)
        .zip(parties)
        .filter(|(number, _)| !is_there(*number))
        .map(|(_, party)| party.name.clone())
        .collect()
}

/// The salt of a receipt.
pub(super) fn salt_of(receipt: &Receipt) -> Result<Salt, DepositError> {
    Salt::from_hex(&receipt.salt).ok_or(DepositError::Shape { what: "the salt" })
}

/// What a file shows an act by: size and SHA-256 of a photograph, video or paper.
pub fn media_of(
    kind: custody::act::MediaKind,
    path: &Path,
) -> Result<custody::act::Media, super::FileProblem> {
    let (_, content) = super::read_file(path, &mut |_, _| std::collections::BTreeMap::new(), &mut |_| {})?;
    Ok(custody::act::Media {
        kind,
        name: content.name,
        size_bytes: content.size_bytes,
        sha256: content.sha256,
    })
}
