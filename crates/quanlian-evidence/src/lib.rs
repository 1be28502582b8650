//! Evidence (存证): a file becomes something that a court can check without us.
//!
//! In:  files and reports, and the person who hands them over.
//! Out: [`deposit::Receipt`]s whose commitments stand in the evidence log, and bundles
//!      (`*.qne.zip`) that anybody can verify with standard tools or with [`verify`].
//!
//! Invariant: the log holds salted commitments only; no name, no digest of content and no
//! other personal data ever enters it, so content and salt can be erased while the log stands.
//!
//! Not here: Merkle arithmetic, witnesses (`quanlian-tlog`); tokens of trusted time
//! (`quanlian-timestamp`); web capture (`quanlian-capture`); whether what was deposited is true, which no program can know.
//!
//! | module | holds |
//! |---|---|
//! | [`content`] | digests of a stream, file names that are safe to show and to unpack |
//! | [`deposit`] | the deposit record, its commitment, the receipt |
//! | [`custody`] | the chain of custody of one item, signed by both sides |
//! | [`probe`] | how this machine is: self-test, disk, clock |
//! | [`vault`] | a data folder: log, key, receipts; acts, legal holds, erasure |
//! | [`bagit`] | bags (RFC 8493) of others: reading and checking |
//! | [`bundle`] | writing a bundle: layout, instructions, manifests |
//! | [`container`] | the ZIP subset that bundles use, byte for byte |
//! | [`verify`] | checking a bundle |

pub mod bagit;
pub mod bundle;
pub mod container;
pub mod content;
pub mod custody;
pub mod deposit;
pub mod probe;
pub mod vault;
pub mod verify;

/// The name and version of this program, as custody lines record it.
pub const TOOL: &str = concat!("quanlian ", env!("CARGO_PKG_VERSION"));
