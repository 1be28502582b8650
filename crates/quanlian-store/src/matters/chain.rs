//! The chain of digests through the events of a matter.
//!
//! In:  the id and number of a matter, the canonical texts of its events.
//! Out: the digest of each: SHA-256 of the digest before it and its own bytes.

use quanlian_record::id::MatterId;
use sha2::{Digest as _, Sha256};

/// Parts this use of SHA-256 from every other.
const DOMAIN: &[u8] = b"quanlian matter events v1\n";

/// What the first event stands on.
pub(super) fn genesis(id: MatterId, number: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(id.0.as_bytes());
    hasher.update(number.as_bytes());
    hasher.finalize().into()
}

/// The digest of an event behind another.
pub(super) fn next(before: &[u8; 32], canonical: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(canonical.as_bytes());
    hasher.finalize().into()
}
