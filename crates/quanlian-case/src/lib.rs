//! Cases (案件): from matches and metadata to facts, assessment and the referral dossier.
//!
//! In:  what was matched (`quanlian-match`), what the platform said about each item
//!      (side files), what the officer states (the case file).
//! Out: [`facts::Drawn`] facts, each tied to its evidence and counted once, laid on a
//!      [`sheet`] for `quanlian-law`; and the [`referral`] papers with what is still missing.
//!
//! Invariant: a figure is never guessed, averaged or counted twice. Sources that
//! disagree stay side by side, and the fact becomes an interval.
//!
//! Not here: the law itself (`quanlian-law`), the files' custody (`quanlian-evidence`),
//! the printed paper (`quanlian-document`).

pub mod case_file;
pub mod facts;
pub mod metadata;
pub mod referral;
pub mod sheet;
