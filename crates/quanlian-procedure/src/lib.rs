//! Procedures as data: complaint, investigation, transfer, supervision, court outcome and the like, run by one engine.
//!
//! In:  the folder `procedures/` (a copy is inside the program), the rules of `law/`, and what somebody wants to do,
//! with who they are and when it is ([`Context`]).
//! Out: [`Event`]s to store, or a [`Refusal`] that says everything that is missing at once; and from stored events the
//! [`Matter`], what can be done in it, and how its clocks stand.
//!
//! Invariant: pure: no clock, no randomness; files are read only when a folder is loaded. Events are never changed: a
//! correction is an event. No number of a statute stands in Rust, and none in a procedure where `law/` has its rule.
//!
//! Not here: storage, permissions between agencies (the context says which roles somebody holds), the texts of papers.
//!
//! The main entry is [`Engine`].

mod check;
mod clock;
mod decide;
pub mod duplicate;
mod event;
mod load;
mod matter;
pub mod procedure;
mod refusal;
pub mod routing;

pub use check::{CheckFinding, FINDING_CODES};
pub use clock::{ClockState, ClockView, ClocksError, Light};
pub use decide::{Actor, Ask, Available, Command, Context, Engine, Opening};
pub use event::{
    Acted, EVENT_VERSION, Event, EventBody, EventError, FactValue, Given, MAX_EVENT_BYTES, MAX_ID_BYTES,
    MAX_PARTS, MAX_TEXT_BYTES, Opened, Person, ProposalStep, Proposed, Rejected, Sent, Supplied,
};
pub use load::{LoadError, MAX_FILE_BYTES, MAX_FILES, MAX_NESTING, Procedures};
pub use matter::{
    ClockRun, Granted, MAX_EVENTS, MAX_EXTENSIONS, MAX_MEMBERS, MAX_PAUSES, Matter, OnFile, Past, Pause,
    Proposal, ReplayError, Stated,
};
pub use procedure::{Act, ActKind, Length, Listed, Procedure, Stage, StageKind};
pub use refusal::{Lack, LackCode, Refusal};
