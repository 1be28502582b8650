//! The two keys of a sealed comparison, and all that is derived from them.
//!
//! In:  32 random bytes, or the text that keeps them.
//! Out: tags (case key), keys of single records (owner key).
//!
//! Invariants: every use has a domain of its own; keys are wiped from memory when they are dropped and never printed.
//!
//! Not here: files of keys (the binary).

use quanlian_match::blind::METHOD;
use zeroize::Zeroizing;

use crate::SealedError;
use crate::format::{SetId, Tag, array};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
const CASE_HEAD: &str = "quanlian-case-key v1\n";
const OWNER_HEAD: &str = "quanlian-owner-key v1\n";

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}: it must be the file that `quanlian seal` made, unchanged")]
pub struct KeyError(pub(crate) &'static str);

impl KeyError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        "sealed_key"
    }
}

/// What makes the tags of a sealed file.
pub trait Tags {
    /// Tells one way of making tags from another without saying anything about its secrets.
    fn key_id(&self) -> [u8; 8];
    /// The tag of a gram.
    fn tag(&self, gram: u64) -> Result<Tag, SealedError>;
}

/// The key that both sides have: equal grams get equal tags under it. Whoever has it can try guesses against any file
/// that was sealed with it.
pub struct CaseKey(Zeroizing<[u8; KEY_BYTES]>);

/// The key that an owner keeps: it alone opens what a sealed file says of places and names.
pub struct OwnerKey(Zeroizing<[u8; KEY_BYTES]>);

/// The key of one record.
pub(crate) type RecordKey = Zeroizing<[u8; KEY_BYTES]>;

impl CaseKey {
    /// A key of random bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key from its text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        read(text, CASE_HEAD).map(Self).ok_or(KeyError("a case key"))
    }

    /// The text that keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        write(&self.0, CASE_HEAD)
    }

    fn keyed(&self, domain: &[u8], content: &[u8]) -> [u8; 32] {
        keyed(&self.0, &[METHOD.as_bytes(), domain, content])
    }
}

impl Tags for CaseKey {
    fn key_id(&self) -> [u8; 8] {
        array(&self.keyed(b"id", &[])[..8])
    }

    fn tag(&self, gram: u64) -> Result<Tag, SealedError> {
        Ok(Tag(array(&self.keyed(b"tag", &gram.to_le_bytes())[..16])))
    }
}

impl OwnerKey {
    /// A key of random bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key from its text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        read(text, OWNER_HEAD).map(Self).ok_or(KeyError("an owner key"))
    }

    /// The text that keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        write(&self.0, OWNER_HEAD)
    }

    /// The key of an entry, a file's record or the summary of one sealed file.
    pub(crate) fn record(&self, set: &SetId, what: Record) -> RecordKey {
        let key = match what {
            Record::Entry(Tag(tag)) => keyed(&self.0, &[set, b"entry", &tag]),
            Record::File(number) => keyed(&self.0, &[set, b"file", &number.to_le_bytes()]),
            Record::Summary => keyed(&self.0, &[set, b"summary", &[]]),
        };
        Zeroizing::new(key)
    }

    /// What the blinds of one request follow from.
    pub(crate) fn request(&self, id: &[u8; 16]) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(keyed(&self.0, &[id, b"request", &[]]))
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record {
    Entry(Tag),
    File(u32),
    Summary,
}

/// Keyed BLAKE3 over parts, each behind its length, so that no two lists of parts are one content.
fn keyed(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

pub(crate) fn read(text: &str, head: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(text.strip_prefix(head)?.trim_end(), &mut *bytes).ok()?;
    Some(bytes)
}

pub(crate) fn write(key: &[u8; KEY_BYTES], head: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(head.len() + 2 * KEY_BYTES + 1));
    text.push_str(head);
    text.push_str(&Zeroizing::new(hex::encode(key)));
    text.push('\n');
    text
}
