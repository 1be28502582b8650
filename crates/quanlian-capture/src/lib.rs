//! Web capture (网页取证): a page as a browser saw it, with every byte that crossed the wire.
//!
//! In:  an address, [`Limits`], what may be reached.
//! Out: a WARC 1.1 with digests on every record.
//!
//! Invariant: the address that is connected is the address that the [`guard`] saw.
//!
//! Not here: the vault and the log (`quanlian-evidence`, `quanlian-tlog`).

pub mod guard;
pub mod http1;
pub mod limits;
pub mod resolve;
pub mod warc;

pub use limits::{LimitHit, Limits};
