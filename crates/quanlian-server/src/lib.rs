//! The platform's gate: who somebody is ([`sign_in`]) and what they may do ([`permission`]).
//!
//! In:  passwords, codes, tokens; who asks for what in which matter, and what was granted.
//! Out: who it is, or why not; allowed by which policy, or denied because of which.
//!
//! Invariants: pure but for the randomness of [`sign_in::secret`]; the time is an argument. What is not allowed is denied.
//!
//! Not here: where accounts, sessions and grants are kept (`quanlian-store`), HTTP.

pub mod permission;
pub mod sign_in;
