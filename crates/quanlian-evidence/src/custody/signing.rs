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
//! Not here: key files (`quanlian-tlog`).

use quanlian_record::canonical;
use quanlian_tlog::note::{Note, NoteError, SignerKey, VerifierKey};
use serde::{Deserialize, Serialize};

use super::{CustodyLine, act::Attestation};

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
