//! Records: the words that every stage of the chain shares.
//!
//! In:  values from outside (amounts, dates, ids, JSON).
//! Out: types that cannot be wrong, and the canonical bytes that are hashed and logged.
//!
//! Invariant: nothing here reads a clock, a file or the network, apart from
//! [`time::Timestamp::now`] and [`id::fresh`], which only the edges call.
//!
//! Not here: what a record means (each stage owns its bodies), storage (`quanlian-store`).

pub mod calendar;
pub mod canonical;
pub mod envelope;
pub mod id;
pub mod identifier;
pub mod money;
pub mod time;
