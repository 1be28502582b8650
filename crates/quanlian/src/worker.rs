//! The worker of a platform: deposits files in the evidence log and does what was asked for in matters.
//!
//! In:  files without a receipt; jobs of the queue.
//! Out: receipts; files that the jobs made, and what they came to.
//!
//! | part | does |
//! |---|---|
//! | `room` | holds the evidence log on a thread of its own |
//!
//! Not here: who may ask for what (`quanlian-server`), leases (`quanlian-store::jobs`).

pub(crate) mod room;
