//! Hashes of RFC 6962 §2.1: leaves and nodes are hashed with different first bytes.
//!
//! In:  entries and child hashes.
//! Out: [`struct@Hash`], 32 bytes of SHA-256.
//!
//! Invariant: the base64 and hex readers accept exactly one text per hash.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Bytes in one hash.
pub const HASH_BYTES: usize = 32;

/// First byte of what a leaf hash covers.
const LEAF_PREFIX: [u8; 1] = [0x00];
/// First byte of what a node hash covers.
const NODE_PREFIX: [u8; 1] = [0x01];

/// One SHA-256 value in the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// A hash from its bytes.
    pub const fn new(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// A hash from exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Standard base64 with padding, as notes and proofs write it.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads [`Self::to_base64`]; any other spelling of the same bytes is refused.
    pub fn from_base64(text: &str) -> Option<Self> {
        let hash = Self::from_slice(&STANDARD.decode(text).ok()?)?;
        (hash.to_base64() == text).then_some(hash)
    }

    /// Lower-case hex.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The hash of one entry.
///
/// ```
/// # use quanlian_tlog::hash::leaf_hash;
/// assert_eq!(leaf_hash(b"").to_base64(), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
/// ```
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(LEAF_PREFIX)
            .chain_update(entry)
            .finalize()
            .into(),
    )
}

/// The hash of an inner node from its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(NODE_PREFIX)
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        let text = empty_root().to_base64();
        assert_eq!(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Hash::from_base64(&text), Some(empty_root()));
        for other in [
            text.replace("uFU=", "uFV="),
            text.replace('=', ""),
            format!("{text}\n"),
            text.replace('/', "_"),
            text[..40].to_owned(),
        ] {
            assert_eq!(Hash::from_base64(&other), None, "{other}");
        }
    }
}
