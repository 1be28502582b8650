//! Sign-in: who somebody is.
//!
//! In:  a password, a code of the second factor, a token; what is kept of the account; the time.
//! Out: whether it is them, or why not, and what has to be kept now.
//!
//! | part | holds |
//! |---|---|
//! | [`password`] | what a password must withstand, and its hash (argon2id) |
//! | [`provider`] | what a provider of sign-in says (OpenID Connect), and whether it is true |
//! | [`second_factor`] | codes of an authenticator (RFC 6238) and recovery codes |
//! | [`attempts`] | how long somebody waits after wrong tries |
//! | [`session`] | how long a sign-in holds |
//! | [`seal`] | secrets that have to be given out again, sealed under keys that are in no database |
//! | [`secret`] | session cookies, API tokens, one-time codes: what is given out, and the digest that is kept |
//!
//! Invariants: no secret is kept that could be given out again, passwords as hashes, everything random as its SHA-256, but for those that
//! have to be, which are sealed;
//! an account that does not exist costs the same time as a wrong password; there is no default password.
//!
//! Not here: where it is kept (`quanlian-store`), cookies and headers.

pub mod attempts;
pub mod password;
pub mod provider;
pub mod seal;
pub mod second_factor;
pub mod secret;
pub mod session;
