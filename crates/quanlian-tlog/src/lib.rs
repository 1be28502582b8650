//! The evidence log: an append-only Merkle log in files that anybody can check.
//!
//! In:  entries of at most 65,535 bytes, keys.
//! Out: C2SP tlog-tiles, signed checkpoints, inclusion and consistency proofs, and
//!      pure functions that verify them without this program.
//!
//! Invariant: what a checkpoint has once covered is never changed or removed, and no
//! checkpoint is signed before its entries are durable.
//!
//! Not here: what an entry means (`quanlian-evidence`); the network of witnesses
//! (`quanlian-witness`); trusted time (`quanlian-timestamp`).
//!
//! | module | holds |
//! |---|---|
//! | [`hash`] | RFC 6962 leaf and node hashes |
//! | [`merkle`] | proofs over any source of subtree hashes, and their verification |
//! | [`tile`] | tile paths, entry bundles, the growing right edge of the tree |
//! | [`note`] | C2SP signed notes, Ed25519 keys and key texts |
//! | [`sm2`] | SM2 with SM3 as a second line of a note |
//! | [`cosignature`] | what witnesses add to a checkpoint, Ed25519 or ML-DSA-44 |
//! | [`key`] | keys of every type, public and secret |
//! | [`key_file`] | key files, plain or sealed by a passphrase |
//! | [`rotation`] | from an old key of a log to a new one, in the log itself |
//! | [`policy`] | which logs and witnesses are trusted, and whether a checkpoint meets that |
//! | [`witness`] | the C2SP witness protocol, both sides, without the network |
//! | [`checkpoint`] | the signed head of a log |
//! | [`proof`] | the C2SP tlog-proof text |
//! | [`store`] | the port to the tile store, and local files |
//! | [`lock_record`] | the checkpoint signed last, outside the tile store |
//! | [`signed_size`] | the size signed last, beside the key |
//! | `wal` | the write-ahead log |
//! | `publisher` | from durable entries to a published checkpoint; recovery |
//! | [`log`] | the log for one caller |
//! | [`sequencer`] | the log for many callers: group commit |
//! | [`view`] | entries and proofs under a checkpoint |
//! | [`fsck`] | the full check |
//! | [`load`] | a load, to measure what the sequencer bears |

pub mod checkpoint;
pub mod cosignature;
#[cfg(test)]
mod crash;
mod disk;
pub mod fsck;
pub mod hash;
pub mod key;
pub mod key_file;
pub mod load;
pub mod lock_record;
pub mod log;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
mod publisher;
pub mod rotation;
pub mod sequencer;
pub mod signed_size;
pub mod sm2;
pub mod store;
pub mod tile;
pub mod view;
mod wal;
pub mod whole_file;
pub mod witness;

pub use wal::WalError;
