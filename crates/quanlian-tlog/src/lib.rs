//! The evidence log: an append-only Merkle log in files that anybody can check.
//!
//! In:  entries of at most 65,535 bytes, an Ed25519 key.
//! Out: C2SP tlog-tiles, signed checkpoints, inclusion and consistency proofs, and
//!      pure functions that verify them without this program.
//!
//! Invariant: what a checkpoint has once covered is never changed or removed, and no
//! checkpoint is signed before its entries are durable.
//!
//! Not here: what an entry means (`quanlian-evidence`); witnesses, trusted time and the
//! group-committing write-ahead log (issue 4), which go behind the same [`store::TileStore`].
//!
//! | module | holds |
//! |---|---|
//! | [`hash`] | RFC 6962 leaf and node hashes |
//! | [`merkle`] | proofs over any source of subtree hashes, and their verification |
//! | [`tile`] | tile paths, entry bundles, the growing right edge of the tree |
//! | [`note`] | C2SP signed notes, keys and key texts |
//! | [`checkpoint`] | the signed head of a log |
//! | [`proof`] | the C2SP tlog-proof text |
//! | [`store`] | the port to durable storage, and local files |
//! | [`log`] | append, recovery, proofs, fsck |

pub mod checkpoint;
pub mod hash;
pub mod log;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod store;
pub mod tile;
