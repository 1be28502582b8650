//! Witnesses over HTTP (C2SP tlog-witness): a small service, and the client that asks many of them.
//!
//! In:  a witness of `quanlian-tlog` and a socket; or the head of a log and a policy with addresses.
//! Out: cosignatures, and why there are none.
//!
//! Invariant: what is decided is decided in `quanlian_tlog::witness`; here bytes travel, within
//! limits on size, time and connections. No clock is read: the caller brings one.
//!
//! | module | holds |
//! |---|---|
//! | [`service`] | the HTTP side of a witness |
//! | [`gather`] | asking all witnesses of a policy at once, and the note with their answers |
//! | [`http`] | one witness at an address |

pub mod gather;
pub mod http;
pub mod service;
