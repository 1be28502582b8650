//! C2PA: whether a manifest store is there, and the shape of what a check of it says.
//!
//! In:  a JUMBF superbox found in a container.
//! Out: a claim that says where it is and how large; its state is [`C2paState::PresentNotChecked`].
//!
//! Invariant: presence is never shown as validity, and validity is never shown as trust.
//!
//! Not here: signatures, hashes, certificates. Nobody has checked them when this module is done; `check` does, in
//! builds with the feature `c2pa`.

#[cfg(feature = "c2pa")]
pub(crate) mod check;

use serde::Serialize;

use crate::{
    claim::{Kind, Place},
    findings::Findings,
    source::be,
    text,
};

/// The type of the superbox that is a manifest store: `c2pa` in the name space of ISO 19566-5.
const STORE_UUID: [u8; 16] = *b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";

/// What is known about C2PA manifests in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum C2paState {
    /// This sort of file was not looked at for manifests.
    NotLookedFor,
    /// Every place was looked at and holds none.
    NotFound,
    /// None was found, but not every place could be looked at.
    NotFoundPartly,
    /// There is one, and nobody checked it.
    PresentNotChecked,
    /// There is one, and [`C2paCheck`] says what a check of it found.
    PresentChecked,
}

impl C2paState {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotLookedFor => "not_looked_for",
            Self::NotFound => "not_found",
            Self::NotFoundPartly => "not_found_partly",
            Self::PresentNotChecked => "present_not_checked",
            Self::PresentChecked => "present_checked",
        }
    }
}

/// What the check of a manifest store says, in two answers that are never one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct C2paCheck {
    /// Whether signature and hashes hold: the file is what somebody signed.
    pub valid: Verdict,
    /// Whether that somebody is on the list of whoever asks.
    pub trusted: Verdict,
    /// The program that made the claim, by its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// Who issued the signer's certificate, by its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was signed, as far as a time stamp in the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<String>,
    /// Codes of the specification for what held.
    pub held: Vec<String>,
    /// Codes for what did not.
    pub failed: Vec<String>,
}

/// The answer to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was checked and holds.
    Yes,
    /// It was checked and does not hold.
    No,
    /// Nobody checked it.
    NotChecked,
}

impl Verdict {
    #[cfg(feature = "c2pa")]
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotChecked => "not_checked",
        }
    }
}

/// Whether `bytes` begin a JUMBF superbox that is a manifest store. Forty bytes are enough to tell.
pub(crate) fn is_store(bytes: &[u8]) -> bool {
    let Some(inner) = superbox_content(bytes) else {
        return false;
    };
    inner.get(4..8) == Some(b"jumd") && inner.get(8..24) == Some(&STORE_UUID)
}

/// The content of the superbox at the head of `bytes`.
fn superbox_content(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.get(4..8)? != b"jumb" {
        return None;
    }
    // A length of 1 says that a longer length follows.
    let header = if be(&bytes[..4]) == 1 { 16 } else { 8 };
    bytes.get(header..)
}

/// Notes a manifest store of `size_bytes` whose first bytes are `head`.
pub(crate) fn found(findings: &mut Findings, place: Place, head: &[u8], size_bytes: u64) {
    let mut value = text::hex(head);
    value.cut |= size_bytes > value.size_bytes;
    value.size_bytes = size_bytes;
    findings.value(Kind::C2pa, place, value);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The head of a manifest store, as small as it can be.
    pub(crate) fn store() -> Vec<u8> {
        let mut jumd = Vec::from(37_u32.to_be_bytes());
        jumd.extend(b"jumd");
        jumd.extend(STORE_UUID);
        jumd.extend(b"\x03c2pa\0");
        jumd.resize(37, 0);
        let mut store = Vec::from((8 + jumd.len() as u32).to_be_bytes());
        store.extend(b"jumb");
        store.extend(jumd);
        store
    }

    #[test]
    fn a_store_is_told_by_its_type_and_not_by_its_name() {
        assert!(is_store(&store()));
        let mut other = store();
        other[20] ^= 1;
        assert!(!is_store(&other));
        assert!(!is_store(b"") && !is_store(b"\0\0\0\x01jumb") && !is_store(&store()[..30]));
    }
}
