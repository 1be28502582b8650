//! Legal holds (证据保全、留存义务): what must not be erased while somebody may still need it.
//!
//! In:  the deposit, who orders the hold or its end, and why.
//! Out: a [`Hold`], whose placing and lifting each have an entry in the log.
//!
//! | path | holds |
//! |---|---|
//! | `holds/<hold id>.json` | the hold, with the salts of its entries |
//! | `holds/<hold id>.step.json` | a hold that is just being placed or lifted (`intent`) |
//!
//! Invariant: a hold is never forgotten: lifting it adds who and why, and the file stays. Several holds
//! on one deposit are independent; while one stands, the deposit is not erased.
//!
//! Not here: who may order a hold (the installation's accounts).

use std::path::PathBuf;

use quanlian_record::{
    id::{self, DepositId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Outside, Vault, VaultError,
    disk::{read_if_there, remove_durably, write_durably},
    intent::Intent,
    random,
};
use crate::deposit::{
    DepositError, ENTRY_HOLD, Entry, MAX_FIELD_BYTES, SALT_BYTES, Salt, from_canonical, to_canonical,
};

/// Version of a hold file and of what its entries commit to.
const HOLD_VERSION: u32 = 1;
/// The longest hold file that is read back, in bytes.
const MAX_HOLD_BYTES: usize = 64 << 10;
/// Hold files that are read at most.
pub const MAX_HOLDS: usize = 100_000;
/// What the name of a file of a step on its way ends in.
const STEP_SUFFIX: &str = ".step.json";

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    v: u32,
    /// Its id.
    pub id: Uuid,
    /// What must not be erased.
    pub deposit: DepositId,
    /// By whom, why and when it was placed.
    pub placed: HoldStep,
    /// By whom, why and when it was lifted; `None`: it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<HoldStep>,
}

/// The placing or the lifting of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldStep {
    /// Who ordered it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The salt of its entry, 64 hex digits.
    pub salt: String,
    /// The number of its entry in the log.
    pub log_index: u64,
}

/// What the entry of a step commits to.
#[derive(Serialize)]
struct Statement<'a> {
    v: u32,
    hold: Uuid,
    deposit: DepositId,
    state: HoldState,
    by: &'a str,
    reason: &'a str,
    at: Timestamp,
}

/// Whether a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// It stands.
    Placed,
    /// It was lifted.
    Lifted,
}

/// Why a hold was not placed or lifted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum HoldError {
    /// Who and why must be said, and not at endless length.
    #[error("{field} has {size_bytes} bytes; 1 to {MAX_FIELD_BYTES} are allowed")]
    Field { field: &'static str, size_bytes: usize },
    /// No hold has this id.
    #[error("there is no legal hold {0}")]
    NoSuchHold(Uuid),
    /// It was lifted before.
    #[error("the legal hold {0} was lifted before")]
    LiftedAlready(Uuid),
    /// More than [`MAX_HOLDS`].
    #[error("the data folder has more than {MAX_HOLDS} legal holds")]
    TooMany,
}

impl HoldError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "hold_field",
            Self::NoSuchHold(_) => "hold_no_such_hold",
            Self::LiftedAlready(_) => "hold_lifted_already",
            Self::TooMany => "hold_too_many",
        }
    }
}

impl Hold {
    /// Whether it stands.
    pub fn state(&self) -> HoldState {
        match self.lifted {
            None => HoldState::Placed,
            Some(_) => HoldState::Lifted,
        }
    }

    /// Its last step, to which the entry on its way belongs.
    fn last_mut(&mut self) -> &mut HoldStep {
        self.lifted.as_mut().unwrap_or(&mut self.placed)
    }
}

impl Vault {
    /// Places a hold on a deposit.
    pub fn place_hold(
        &mut self,
        deposit: DepositId,
        by: &str,
        reason: &str,
        outside: &mut dyn Outside,
    ) -> Result<Hold, VaultError> {
        self.receipt(deposit)?;
        let placed = new_step(by, reason, outside)?;
        let id = id::from_parts(placed.at, random(outside));
        self.take_step(Hold {
            v: HOLD_VERSION,
            id,
            deposit,
            placed,
            lifted: None,
        })
    }

    /// Lifts a hold.
    pub fn lift_hold(
        &mut self,
        id: Uuid,
        by: &str,
        reason: &str,
        outside: &mut dyn Outside,
    ) -> Result<Hold, VaultError> {
        let mut hold = self.hold(id)?;
        if hold.lifted.is_some() {
            return Err(HoldError::LiftedAlready(id).into());
        }
        hold.lifted = Some(new_step(by, reason, outside)?);
        self.take_step(hold)
    }

    /// One hold.
    pub fn hold(&self, id: Uuid) -> Result<Hold, VaultError> {
        let json = read_if_there(&self.hold_path(id), MAX_HOLD_BYTES)?.ok_or(HoldError::NoSuchHold(id))?;
        let hold: Hold = from_canonical(&json, MAX_HOLD_BYTES, "the legal hold")?;
        if hold.v == HOLD_VERSION && hold.id == id {
            Ok(hold)
        } else {
            Err(DepositError::Shape {
                what: "the legal hold",
            }
            .into())
        }
    }

    /// All holds, those that were lifted too, oldest first.
    pub fn holds(&self) -> Result<Vec<Hold>, VaultError> {
        let mut holds = Vec::new();
        for name in super::names_in(&self.holds_folder())? {
            let id = name.strip_suffix(".json").map(str::parse::<Uuid>);
            if let Some(Ok(id)) = id {
                if holds.len() == MAX_HOLDS {
                    return Err(HoldError::TooMany.into());
                }
                holds.push(self.hold(id)?);
            }
        }
        Ok(holds)
    }

    /// The holds that stand on a deposit.
    pub fn holds_on(&self, deposit: DepositId) -> Result<Vec<Hold>, VaultError> {
        let mut holds = self.holds()?;
        holds.retain(|hold| hold.deposit == deposit && hold.state() == HoldState::Placed);
        Ok(holds)
    }

    /// Puts the last step of `hold` into log and file.
    fn take_step(&mut self, mut hold: Hold) -> Result<Hold, VaultError> {
        let (id, deposit, state) = (hold.id, hold.deposit, hold.state());
        let step = hold.last_mut();
        let statement = to_canonical(&Statement {
            v: HOLD_VERSION,
            hold: id,
            deposit,
            state,
            by: &step.by,
            reason: &step.reason,
            at: step.at,
        })?;
        let salt = Salt::from_hex(&step.salt).ok_or(DepositError::Shape { what: "the salt" })?;
        let entry = Entry::commit(ENTRY_HOLD, id, step.at, &statement, &salt).to_json()?;
        let intent = self.intend(&self.step_path(id), entry, hold)?;
        self.finish_step(intent)
    }

    fn finish_step(&mut self, intent: Intent<Hold>) -> Result<Hold, VaultError> {
        let log_index = self.append_once(&intent)?;
        let mut hold = intent.about;
        hold.last_mut().log_index = log_index;
        write_durably(&self.hold_path(hold.id), to_canonical(&hold)?.as_bytes())?;
        remove_durably(&self.step_path(hold.id))?;
        Ok(hold)
    }

    /// Finishes every hold that a crash left on its way.
    pub(super) fn finish_holds(&mut self) -> Result<(), VaultError> {
        for name in super::names_in(&self.holds_folder())? {
            if name.ends_with(STEP_SUFFIX)
                && let Some(intent) = Intent::read(&self.holds_folder().join(name))?
            {
                self.finish_step(intent)?;
            }
        }
        Ok(())
    }

    fn holds_folder(&self) -> PathBuf {
        self.folder.join("holds")
    }

    fn hold_path(&self, id: Uuid) -> PathBuf {
        self.holds_folder().join(format!("{id}.json"))
    }

    fn step_path(&self, id: Uuid) -> PathBuf {
        self.holds_folder().join(format!("{id}{STEP_SUFFIX}"))
    }
}

fn new_step(by: &str, reason: &str, outside: &mut dyn Outside) -> Result<HoldStep, HoldError> {
    for (field, text) in [("by", by), ("reason", reason)] {
        let size_bytes = text.trim().len();
        if !(1..=MAX_FIELD_BYTES).contains(&size_bytes) {
            return Err(HoldError::Field { field, size_bytes });
        }
    }
    Ok(HoldStep {
        by: by.to_owned(),
        reason: reason.to_owned(),
        at: outside.now(),
        salt: Salt::new(random::<SALT_BYTES>(outside)).to_hex(),
        // Known once the entry is in the log.
        log_index: 0,
    })
}
