//! A log over HTTP: its tiles for readers (C2SP tlog-tiles), and witnesses (C2SP tlog-witness), a small service and the
//! client that asks many of them.
//!
//! In:  the public folder of a log, or a witness of `quanlian-tlog`, and a socket; or the head of a log and a policy with
//!      addresses.
//! Out: tiles; cosignatures, and why there are none.
//!
//! Invariant: what is decided is decided in `quanlian_tlog::witness`; here bytes travel, within
//! limits on size, time and connections. No clock is read: the caller brings one.
//!
//! | module | holds |
//! |---|---|
//! | `connections` | what both services take from the network, and how much |
//! | [`tiles`] | a log for its readers |
//! | [`service`] | the HTTP side of a witness |
//! | [`gather`] | asking all witnesses of a policy at once, and the note with their answers |
//! | [`http`] | one witness at an address |

mod connections;
pub mod gather;
pub mod http;
pub mod service;
pub mod tiles;
