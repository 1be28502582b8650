//! The right at the head of the chain: what somebody claims, since when, and what he did to keep it.
//!
//! In:  statements of the owner, days, and what a comparison found.
//! Out: answers with the entries that they rest on, or "undetermined" where no record is.
//!
//! Invariant: pure: no clock, no file, no randomness. What is not recorded is never taken to be absent.
//!
//! Not here: commitments and their log (`quanlian-evidence`), storage (`quanlian-store`), thresholds (`quanlian-law`).

pub mod secret;
