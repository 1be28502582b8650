//! Deposits: the step that turns a file into evidence (存证).
//!
//! In:  [`Content`], the person who hands it over, a salt.
//! Out: the deposit record, the entry for the log, and a [`Receipt`] that holds both.
//!
//! Invariant: a deposit is never changed or removed. A correction is a new deposit whose
//! `supersedes` names the old one. The entry says nothing about content or person: it
//! holds HMAC-SHA256 under a random 32-byte salt, so that even a guess at a short or
//! known file cannot be confirmed from the log, and erasing the salt erases the link.
//!
//! Not here: where receipts are kept (`vault`).

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use quanlian_record::{
    canonical::{self, CanonicalError},
    id::DepositId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{
    content::{Content, is_hex_digest},
    custody::{self, entry::LoggedAct},
};

/// Version of deposit record, entry and receipt.
pub const DEPOSIT_VERSION: u32 = 1;
/// Bytes in a salt.
pub const SALT_BYTES: usize = 32;
/// The longest deposit record, in bytes of canonical JSON.
pub const MAX_DEPOSIT_JSON_BYTES: usize = 256 * 1024;
/// The longest entry in the log, in bytes.
pub const MAX_ENTRY_JSON_BYTES: usize = 1024;
/// The longest name of a depositor or source, in bytes.
pub const MAX_FIELD_BYTES: usize = 8 * 1024;
/// Pairs of metadata that a deposit may carry.
pub const MAX_METADATA_PAIRS: usize = 256;

/// The record of one deposit. It never leaves the depositor and the bundles made for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// [`DEPOSIT_VERSION`].
    pub v: u32,
    /// Its id.
    pub id: DepositId,
    /// What it is: `file`, `match_report`, `assessment`, `dossier` and so on.
    pub kind: String,
    /// Size and digests.
    pub content: Content,
    /// Who handed it over.
    pub depositor: String,
    /// When, by the clock of this installation.
    pub deposited_at: Timestamp,
    /// SHA-256 of the custody line that says how it was collected.
    pub custody_sha256: String,
    /// Where it came from: an address, a device, a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What else is known about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The deposit that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<DepositId>,
}

/// What stands in the log for a deposit or for the sealing of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`DEPOSIT_VERSION`].
    pub v: u32,
    /// [`ENTRY_DEPOSIT`], [`ENTRY_BUNDLE`], [`ENTRY_CUSTODY`], [`ENTRY_HOLD`] or [`ENTRY_ERASURE`].
    pub kind: String,
    /// The id of what is committed to; of a custody line a pseudonym (`custody::entry`).
    pub id: uuid::Uuid,
    /// When, by the clock of this installation.
    pub recorded_at: Timestamp,
    /// HMAC-SHA256 of the committed record under its salt, lower-case hex.
    pub commitment: String,
}

/// [`Entry::kind`] of a deposit.
pub const ENTRY_DEPOSIT: &str = "deposit";
/// [`Entry::kind`] of the sealing of a bundle.
pub const ENTRY_BUNDLE: &str = "bundle";
/// [`Entry::kind`] of a custody line of version 2.
pub const ENTRY_CUSTODY: &str = "custody";
/// [`Entry::kind`] of a legal hold, placed or lifted.
pub const ENTRY_HOLD: &str = "hold";
/// [`Entry::kind`] of an erasure. Its id is that of the deposit, so that whoever holds an old proof finds it.
pub const ENTRY_ERASURE: &str = "erasure";

/// A random salt. Whoever has it can connect content and entry; it is kept with the record.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; SALT_BYTES]);

/// What a depositor keeps: everything but the content and the proof, which the log gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`DEPOSIT_VERSION`].
    pub v: u32,
    /// The canonical bytes of the deposit record.
    pub deposit_json: String,
    /// The salt of the commitment, 64 hex digits.
    pub salt: String,
    /// The canonical bytes of the entry in the log.
    pub entry_json: String,
    /// The public key of the log.
    pub log_key: String,
    /// The number of the entry in the log.
    pub log_index: u64,
    /// The custody lines so far.
    pub custody: Vec<String>,
    /// Where the entries of those of version 2 stand in the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<LoggedAct>,
}

/// Why a record, an entry or a receipt cannot be made or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum DepositError {
    /// A field is empty or longer than allowed.
    #[error("{field} has {size_bytes} bytes, which is not allowed")]
    Field { field: &'static str, size_bytes: usize },
    /// It has no canonical bytes.
    #[error("the record cannot be written")]
    Canonical(#[from] CanonicalError),
    /// Not canonical JSON of the shape and version asked for.
    #[error("{what} is not one that this program writes")]
    Shape { what: &'static str },
    /// The commitment in the entry is not that of record and salt.
    #[error("the commitment in the log entry is not that of the record")]
    Commitment,
    /// Record, entry or custody speak of different things.
    #[error("{0} do not belong together")]
    Mismatch(&'static str),
}

impl DepositError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "deposit_field",
            Self::Canonical(_) => "deposit_canonical",
            Self::Shape { .. } => "deposit_shape",
            Self::Commitment => "deposit_commitment",
            Self::Mismatch(_) => "deposit_mismatch",
        }
    }
}

impl Deposit {
    /// Checks lengths and digests; call it on records that come from outside the program.
    pub fn check(&self) -> Result<(), DepositError> {
        let field = |field, text: &str, max: usize| {
            let size_bytes = text.len();
            if (1..=max).contains(&size_bytes) {
                Ok(())
            } else {
                Err(DepositError::Field { field, size_bytes })
            }
        };
        field("kind", &self.kind, 64)?;
        field("depositor", &self.depositor, MAX_FIELD_BYTES)?;
        field("name", &self.content.name, crate::content::MAX_NAME_BYTES)?;
        if let Some(source) = &self.source {
            field("source", source, MAX_FIELD_BYTES)?;
        }
        if self.metadata.len() > MAX_METADATA_PAIRS {
            return Err(DepositError::Field {
                field: "metadata",
                size_bytes: self.metadata.len(),
            });
        }
        for (key, value) in &self.metadata {
            field("metadata", key, 256)?;
            if value.len() > MAX_FIELD_BYTES {
                return Err(DepositError::Field {
                    field: "metadata",
                    size_bytes: value.len(),
                });
            }
        }
        let digests = [&self.content.sha256, &self.content.sm3, &self.custody_sha256];
        if self.v != DEPOSIT_VERSION || !digests.into_iter().all(|digest| is_hex_digest(digest)) {
            return Err(DepositError::Shape {
                what: "the deposit record",
            });
        }
        Ok(())
    }

    /// The canonical bytes, which are what is committed to.
    pub fn to_json(&self) -> Result<String, DepositError> {
        self.check()?;
        let json = to_canonical(self)?;
        if json.len() > MAX_DEPOSIT_JSON_BYTES {
            return Err(DepositError::Field {
                field: "deposit",
                size_bytes: json.len(),
            });
        }
        Ok(json)
    }

    /// Reads canonical bytes.
    pub fn from_json(json: &str) -> Result<Self, DepositError> {
        let deposit: Self = from_canonical(json, MAX_DEPOSIT_JSON_BYTES, "the deposit record")?;
        deposit.check()?;
        Ok(deposit)
    }
}

impl Salt {
    /// A salt from bytes that nobody else knows.
    pub fn new(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads [`Self::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        if !is_hex_digest(text) {
            return None;
        }
        let mut bytes = [0; SALT_BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// HMAC-SHA256 of `record` under this salt, lower-case hex.
    ///
    /// The salt has one fixed length, so two salts never act as the same HMAC key.
    pub fn commit(&self, record: &[u8]) -> String {
        hex::encode(self.mac(record))
    }

    /// HMAC-SHA256 of `text` under this salt.
    pub(crate) fn mac(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl Entry {
    /// The entry that commits to `record_json`.
    pub fn commit(
        kind: &str,
        id: uuid::Uuid,
        recorded_at: Timestamp,
        record_json: &str,
        salt: &Salt,
    ) -> Self {
        let commitment = salt.commit(record_json.as_bytes());
        Self {
            v: DEPOSIT_VERSION,
            kind: kind.to_owned(),
            id,
            recorded_at,
            commitment,
        }
    }

    /// The canonical bytes, which are the leaf of the log.
    pub fn to_json(&self) -> Result<String, DepositError> {
        to_canonical(self)
    }

    /// Reads canonical bytes.
    pub fn from_json(json: &str) -> Result<Self, DepositError> {
        let entry: Self = from_canonical(json, MAX_ENTRY_JSON_BYTES, "the log entry")?;
        if entry.v == DEPOSIT_VERSION && is_hex_digest(&entry.commitment) {
            Ok(entry)
        } else {
            Err(DepositError::Shape {
                what: "the log entry",
            })
        }
    }

    /// Checks that this is the entry that [`Self::commit`] makes from the same arguments.
    pub fn opens_to(
        &self,
        kind: &str,
        id: uuid::Uuid,
        recorded_at: Timestamp,
        record_json: &str,
        salt: &Salt,
    ) -> Result<(), DepositError> {
        let wanted = Self::commit(kind, id, recorded_at, record_json, salt);
        if self.commitment != wanted.commitment {
            return Err(DepositError::Commitment);
        }
        if *self == wanted {
            Ok(())
        } else {
            Err(DepositError::Mismatch("the record and the log entry"))
        }
    }
}

impl Receipt {
    /// The deposit record, when record, salt, entry and custody belong together.
    ///
    /// That the entry is in the log is for the log to prove.
    pub fn open(&self) -> Result<Deposit, DepositError> {
        let deposit = Deposit::from_json(&self.deposit_json)?;
        let salt = Salt::from_hex(&self.salt).ok_or(DepositError::Shape { what: "the salt" })?;
        let entry = Entry::from_json(&self.entry_json)?;
        entry.opens_to(
            ENTRY_DEPOSIT,
            deposit.id.0,
            deposit.deposited_at,
            &self.deposit_json,
            &salt,
        )?;
        let lines: Vec<&str> = self.custody.iter().map(String::as_str).collect();
        let acts = check_custody(&lines, &deposit)?;
        self.require_entries(&acts, &salt, deposit.id)?;
        Ok(deposit)
    }

    /// Each line that people signed has its entry, and no entry is without its line.
    fn require_entries(
        &self,
        acts: &[custody::CustodyLine],
        salt: &Salt,
        item: DepositId,
    ) -> Result<(), DepositError> {
        let signed = (1_u64..)
            .zip(acts)
            .filter(|(_, act)| act.v == custody::SIGNED_CUSTODY_VERSION)
            .map(|(number, _)| number);
        if !self.acts.iter().map(|logged| logged.line).eq(signed) {
            return Err(DepositError::Mismatch("the custody lines and their log entries"));
        }
        for logged in &self.acts {
            let line = &self.custody[logged.line as usize - 1];
            logged.opens_to(salt, item, line)?;
        }
        Ok(())
    }
}

/// Checks that the custody lines are a chain that begins where the deposit says.
pub(crate) fn check_custody(
    lines: &[&str],
    deposit: &Deposit,
) -> Result<Vec<custody::CustodyLine>, DepositError> {
    let acts = custody::check(lines, deposit.id).map_err(|_| DepositError::Mismatch("the custody lines"))?;
    if crate::content::sha256_hex(lines[0].as_bytes()) == deposit.custody_sha256 {
        Ok(acts)
    } else {
        Err(DepositError::Mismatch("the custody lines and the deposit record"))
    }
}

pub(crate) fn to_canonical<T: Serialize>(value: &T) -> Result<String, DepositError> {
    let bytes = canonical::to_bytes(value)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a value whose canonical bytes are exactly `json`.
pub(crate) fn from_canonical<T: Serialize + DeserializeOwned>(
    json: &str,
    max_bytes: usize,
    what: &'static str,
) -> Result<T, DepositError> {
    if json.len() > max_bytes {
        return Err(DepositError::Shape { what });
    }
    let value: T = serde_json::from_str(json).map_err(|_| DepositError::Shape { what })?;
    if to_canonical(&value)? == json {
        Ok(value)
    } else {
        Err(DepositError::Shape { what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposit() -> Deposit {
        Deposit {
            v: DEPOSIT_VERSION,
            id: "0193e1af-93b4-7707-8707-070707070707".parse().unwrap(),
            kind: "file".into(),
            content: Content {
                name: "曲一.mp3".into(),
                size_bytes: 3,
                sha256: "a".repeat(64),
                sm3: "b".repeat(64),
            },
            depositor: "张三".into(),
            deposited_at: "2024-12-20T01:30:00Z".parse().unwrap(),
            custody_sha256: "c".repeat(64),
            source: None,
            metadata: BTreeMap::new(),
            supersedes: None,
        }
    }

    #[test]
    fn a_record_and_its_entry_have_one_byte_form() {
        let json = deposit().to_json().unwrap();
        let (a, b, c) = ("a".repeat(64), "b".repeat(64), "c".repeat(64));
        assert_eq!(
            json,
            format!(
                r#"{{"content":{{"name":"曲一.mp3","sha256":"{a}","size_bytes":3,"sm3":"{b}"}},"custody_sha256":"{c}","deposited_at":"2024-12-20T01:30:00.000000Z","depositor":"张三","id":"0193e1af-93b4-7707-8707-070707070707","kind":"file","v":1}}"#
            )
        );
        assert_eq!(Deposit::from_json(&json).unwrap(), deposit());
        for other in [
            json.replace(":1}", ": 1}"),
            json.replace("\"v\":1", "\"v\":2"),
            json.replace(",\"v\"", ",\"u\":0,\"v\""),
        ] {
            assert_eq!(
                Deposit::from_json(&other).unwrap_err().code(),
                "deposit_shape",
                "{other}"
            );
        }
    }

    /// Computed with: printf %s record | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
    #[test]
    fn the_commitment_is_the_hmac_that_openssl_computes() {
        let salt = Salt::new([7; SALT_BYTES]);
        assert_eq!(
            salt.commit(b"record"),
            "6be76cf4f5df1cd0e9dddb2c7e50bd53638182adc32b34f96817c44d381f2ec0"
        );
        assert_eq!(Salt::from_hex(&salt.to_hex()), Some(salt.clone()));
        for text in ["", "07", &"0g".repeat(32), &"AA".repeat(32), &"07".repeat(33)] {
            assert_eq!(Salt::from_hex(text), None, "{text}");
        }
        assert!(!format!("{salt:?}").contains("07"));
    }

    #[test]
    fn an_entry_opens_to_its_record_only() {
        let (json, salt) = (deposit().to_json().unwrap(), Salt::new([7; SALT_BYTES]));
        let (id, at) = (deposit().id.0, deposit().deposited_at);
        let entry = Entry::commit(ENTRY_DEPOSIT, id, at, &json, &salt);
        let entry = Entry::from_json(&entry.to_json().unwrap()).unwrap();
        let code =
            |kind, id, at, json: &str, salt| entry.opens_to(kind, id, at, json, salt).err().map(|e| e.code());
        assert_eq!(code(ENTRY_DEPOSIT, id, at, &json, &salt), None);
        assert_eq!(code(ENTRY_BUNDLE, id, at, &json, &salt), Some("deposit_mismatch"));
        assert_eq!(
            code(ENTRY_DEPOSIT, uuid::Uuid::nil(), at, &json, &salt),
            Some("deposit_mismatch")
        );
        let later = "2024-12-20T01:30:01Z".parse().unwrap();
        assert_eq!(
            code(ENTRY_DEPOSIT, id, later, &json, &salt),
            Some("deposit_mismatch")
        );
        assert_eq!(
            code(ENTRY_DEPOSIT, id, at, "{}", &salt),
            Some("deposit_commitment")
        );
        assert_eq!(
            code(ENTRY_DEPOSIT, id, at, &json, &Salt::new([8; 32])),
            Some("deposit_commitment")
        );
    }

    #[test]
    fn fields_out_of_bounds_are_named() {
        let check = |change: &dyn Fn(&mut Deposit), code| {
            let mut changed = deposit();
            change(&mut changed);
            assert_eq!(changed.to_json().unwrap_err().code(), code);
        };
        check(&|d| d.depositor.clear(), "deposit_field");
        check(&|d| d.kind = "k".repeat(65), "deposit_field");
        check(
            &|d| d.source = Some("s".repeat(MAX_FIELD_BYTES + 1)),
            "deposit_field",
        );
        check(
            &|d| drop(d.metadata.insert("k".into(), "v".repeat(MAX_FIELD_BYTES + 1))),
            "deposit_field",
        );
        check(
            &|d| d.metadata = (0..300).map(|i| (i.to_string(), String::new())).collect(),
            "deposit_field",
        );
        check(&|d| d.content.sha256 = "A".repeat(64), "deposit_shape");
        check(&|d| d.content.size_bytes = 1 << 60, "deposit_canonical");
    }
}
