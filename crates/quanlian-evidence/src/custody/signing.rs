//! What a party signs, and whether it did.
//!
//! In:  a line, a party of it, that party's key.
//! Out: an [`Attestation::Signed`], or its [`Verdict`].
//!
//! The signed text has two lines: the canonical bytes of the line without its attestations, and
//! `as ROLE NAME`. The second line ties the signature to the side on which it stands, so that the
//! giver's signature cannot be shown as the receiver's. Text and signature line together are a
//! C2SP signed note: whatever can verify a checkpoint can verify an act.
//!
//! Invariant: that a signature fits its key says nothing about whose key it is. [`Verdict::Fits`]
//! and [`Verdict::Trusted`] are two answers.
//!
//! Not here: the form of key files (`quanlian-tlog`).

use std::path::Path;

use quanlian_record::canonical;
use quanlian_tlog::{
    note::{Note, NoteError, SEED_BYTES, SignerKey, VerifierKey},
    store::{KeyFileError, create_key_file, load_key_file},
};
use serde::{Deserialize, Serialize};

use super::{CustodyLine, act::Attestation};

/// Public keys of one list of trusted keys at most.
pub const MAX_TRUSTED_KEYS: usize = 10_000;

/// Why a key of a party cannot be made, read or trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PartyKeyError {
    /// The name cannot be that of a key.
    #[error(
        "`{name}` cannot be the name of a key; write it like agency.example/wang, without spaces and `+`"
    )]
    Name {
        name: String,
        #[source]
        source: NoteError,
    },
    /// The file cannot be made or used.
    #[error("the key file cannot be used")]
    File(#[from] KeyFileError),
    /// A line of a list of trusted keys is none.
    #[error("line {line} is not a public key (name+id+key)")]
    Trusted { line: usize },
    /// More than [`MAX_TRUSTED_KEYS`].
    #[error("more than {MAX_TRUSTED_KEYS} keys")]
    TooMany,
}

impl PartyKeyError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "custody_key_name",
            Self::File(source) => source.code(),
            Self::Trusted { .. } => "custody_trusted_key",
            Self::TooMany => "custody_trusted_too_many",
        }
    }
}

/// Makes a key for a party in a new file, which its owner alone can read.
pub fn make_key(path: &Path, name: &str, seed: &[u8; SEED_BYTES]) -> Result<VerifierKey, PartyKeyError> {
    let key = SignerKey::from_seed(name, seed).map_err(|source| PartyKeyError::Name {
        name: name.to_owned(),
        source,
    })?;
    create_key_file(path, &key)?;
    Ok(key.verifier().clone())
}

/// Reads the key of a party.
pub fn load_key(path: &Path) -> Result<SignerKey, PartyKeyError> {
    Ok(load_key_file(path)?)
}

/// Reads a list of public keys, one a line; empty lines and those that begin with `#` are passed over.
pub fn trusted_keys(text: &str) -> Result<Vec<VerifierKey>, PartyKeyError> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == MAX_TRUSTED_KEYS {
            return Err(PartyKeyError::TooMany);
        }
        keys.push(
            line.parse()
                .map_err(|_| PartyKeyError::Trusted { line: number })?,
        );
    }
    Ok(keys)
}

/// What a signature comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It fits a key that the checker knows to be the party's.
    Trusted,
    /// It fits the key in the line; whose key that is nobody has said.
    Fits,
    /// It does not fit, or is none.
    Wrong,
    /// Signed on paper: no program can verify that.
    OnPaper,
    /// Not signed, with a reason.
    Unsigned,
}

/// The text that party number `party` (from 1) of `line` signs; `None` when there is no such party.
pub fn text_to_sign(line: &CustodyLine, party: u32) -> Option<String> {
    let signer = line
        .record
        .as_ref()?
        .parties
        .get((party as usize).checked_sub(1)?)?;
    let unsigned = CustodyLine {
        attestations: Vec::new(),
        ..line.clone()
    };
    let bytes = canonical::to_bytes(&unsigned).ok()?;
    let line = String::from_utf8(bytes).ok()?;
    Some(format!("{line}\nas {} {}\n", signer.role.word(), signer.name))
}

/// The signature of party number `party` by `key`.
pub fn sign(line: &CustodyLine, party: u32, key: &SignerKey) -> Result<Attestation, NoteError> {
    let text = text_to_sign(line, party).ok_or(NoteError::Format("there is no such party"))?;
    let note = key.sign(&text)?;
    let signature = note
        .strip_prefix(text.as_str())
        .map(|lines| lines.trim_matches('\n').to_owned())
        .ok_or(NoteError::Format("the signed text differs"))?;
    Ok(Attestation::Signed {
        party,
        key: key.verifier().to_string(),
        signature,
    })
}

/// What the attestation at `at` (from 0) of `line` comes to, for a checker who knows `trusted` keys.
pub fn judge(line: &CustodyLine, at: usize, trusted: &[VerifierKey]) -> Verdict {
    match line.attestations.get(at) {
        Some(Attestation::Signed {
            party,
            key,
            signature,
        }) => match verify(line, *party, key, signature) {
            Some(key) if trusted.contains(&key) => Verdict::Trusted,
            Some(_) => Verdict::Fits,
            None => Verdict::Wrong,
        },
        Some(Attestation::Paper { .. }) => Verdict::OnPaper,
        Some(Attestation::Unsigned { .. }) => Verdict::Unsigned,
        None => Verdict::Wrong,
    }
}

/// The number of the first party whose signature does not fit.
pub(super) fn first_that_does_not_fit(line: &CustodyLine) -> Option<u32> {
    (0..line.attestations.len())
        .find(|at| judge(line, *at, &[]) == Verdict::Wrong)
        .map(|at| at as u32 + 1)
}

/// The key, when the signature fits it.
fn verify(line: &CustodyLine, party: u32, key: &str, signature: &str) -> Option<VerifierKey> {
    let key: VerifierKey = key.parse().ok()?;
    let text = text_to_sign(line, party)?;
    let note = Note::parse(&format!("{text}\n{signature}\n")).ok()?;
    // One line that is this key's and no other, so that no byte of it stays unverified.
    let is_alone = note.signatures().len() == 1;
    (is_alone && note.verify(&key).is_ok_and(|signed| signed == text)).then_some(key)
}
