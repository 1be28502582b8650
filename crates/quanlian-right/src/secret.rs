//! Trade secrets (商业秘密): a register of the points (密点) that an owner claims.
//!
//! In:  [`Entry`]s: a point, an access of a person, a measure, each a statement that stands in the evidence log.
//! Out: a [`Register`] that answers at a day: which measures covered a point ([`checklist`]), who had access
//!      ([`Register::who`]), and which points a leak touches ([`touched`]).
//!
//! Invariants: an entry is never changed; another version of the same thing is a new entry that names the one it
//! replaces. No statement holds content, a file name or a digest of the secret: a point names the deposits whose
//! salted commitments stand in the log, so that the register can be shown without showing the secret, and the content
//! can be erased while the proof stands.
//!
//! Not here: whether something is a trade secret. That nobody else knew it (非公知性), what it is worth (商业价值) and
//! whether the measures were reasonable (相应保密措施) is for appraiser and court.

pub mod checklist;
mod register;
mod statement;
pub mod touched;

pub use register::{AccessState, Accessed, Fault, Persons, Register, Versions};
pub use statement::{
    Access, Commitment, Content, Entry, EntryError, Id, Kind, MAX_CONTENT, MAX_ENTRY_LIST, MAX_ID_BYTES,
    MAX_STATEMENT_BYTES, MAX_TEXT_BYTES, Measure, Point, Scope, Statement,
};
