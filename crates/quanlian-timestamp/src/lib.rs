//! Trusted time: proof by others that something existed at the latest then.
//!
//! In:  bytes to be stamped (the note of a checkpoint), answers of time-stamp authorities, roots that the caller trusts.
//! Out: requests, reports in separate lines, evidence records that outlive certificates, and a demo authority.
//!
//! Invariant: what came from an authority is kept byte by byte; reading is lenient,
//! writing is strict DER; *parsed*, *fits*, *signed*, *chained*, *trusted* are never one.
//!
//! Not here: what is stamped and why (`quanlian-tlog`, `quanlian-evidence`).
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | what an authority is asked |
//! | [`response`], [`token`] | what it answers |
//! | [`certificate`], [`chain`] | who it is, and who says so |
//! | [`verify`] | one time-stamp, line by line |
//! | [`quorum`] | several authorities together, k of n |
//! | [`record`] | evidence records, which outlive certificates and digests |
//! | [`demo`] | an authority for machines without a network; it proves nothing |
//! | `client`, `folder`, `service` | the edge (feature `edge`): HTTP, files, the demo authority as a service |
//! | [`ber`], [`algorithm`], [`error`] | numbers, digests, and why bytes cannot be read |

pub mod algorithm;
pub mod ber;
pub mod certificate;
pub mod chain;
#[cfg(feature = "edge")]
pub mod client;
pub mod demo;
mod der;
pub mod error;
#[cfg(feature = "edge")]
pub mod folder;
mod form;
pub mod quorum;
pub mod record;
pub mod request;
pub mod response;
#[cfg(feature = "edge")]
pub mod service;
pub mod token;
pub mod verify;
