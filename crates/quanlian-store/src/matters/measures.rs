//! Drawn: what is counted of matters, kept beside them so that a figure over a million of them replays none.
//!
//! In:  what the writer of the events made of them ([`Drawn`]), in the same transaction as the events; a [`Tally`] and the
//!      scope of whoever asks.
//! Out: counts, sums and values by group, and the rows behind them.
//!
//! Invariants:
//! - A figure holds what the scope reaches and nothing else, by the same condition in SQL as lists; a row counts once, however
//!   many grants lead to it.
//! - A value that is not known is null: counted as missing, never as 0.
//! - The rows behind a figure are those that it counts ([`MeasureStore::measured_rows`]).
//!
//! Not here: what is measured of a matter and which figures there are (`quanlian-indicator`).

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use quanlian_record::{
    id::MatterId,
    time::{Day, Timestamp},
};

use super::{AgencyCode, Code, MatterRow, ReadError, Scope, Version, WriteError};

/// No matter has more measures.
pub const MAX_MEASURES: usize = 20_000;
/// A page holds no more rows behind a figure.
pub const MAX_PAGE_MEASURES: usize = 200;
/// No figure is made of more different values; a shorter period has fewer.
pub const MAX_VALUES: usize = 200_000;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal)*) => {
        /// What a measure is of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MeasureKind { $($(#[$doc])* $name,)* }

        impl MeasureKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its word in the table.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

kinds! {
    /// The opening of a matter; each has one.
    Open = "open"
    /// A stay in a stage that is not closed.
    Stay = "stay"
    /// The closing that stands; a matter that was opened again has none.
    Close = "close"
    /// An act: when it was first and last done, and how often.
    Act = "act"
    /// A run of a clock.
    Clock = "clock"
    /// A fact on file.
    Fact = "fact"
    /// Goods of one entry of the ledger.
    Goods = "goods"
    /// A task of the ledger.
    Task = "task"
    /// A proposal that waits for a role.
    Proposal = "proposal"
}

/// The state of a clock that runs: overdue from its `due` on.
pub const RUNNING: &str = "running";

/// One thing that is counted of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What it is of.
    pub kind: MeasureKind,
    /// Which stage, act, clock or fact.
    pub name: Code,
    /// How it stands or ended.
    pub state: Option<Code>,
    /// When it began.
    pub from: Option<Day>,
    /// When it ended; nothing while it lasts.
    pub until: Option<Day>,
    /// The first instant that is too late.
    pub due: Option<Timestamp>,
    /// Its value: days, fen, a number.
    pub value: Option<i64>,
}

/// Everything that is drawn from the events of a matter, to count it and to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// A word for the rules by which it was drawn; under others it is drawn again.
    pub basis: Code,
    /// What is counted, in an order that the same matter always gives.
    pub measures: Vec<Measure>,
    /// The words by which it is found beside its number and title ([`super::search`]).
    pub words: String,
}

/// When something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It began in these days.
    Began(Days),
    /// It ended in these days.
    Ended(Days),
    /// It had begun and not ended when this day was over.
    Stands(Day),
    /// It runs and its time was up at this instant.
    Overdue(Timestamp),
}

/// Days, the first and the last counted; a side that is not named is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days {
    /// The first.
    pub first: Option<Day>,
    /// The last.
    pub last: Option<Day>,
}

/// What of a row is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Valued {
    /// That it is there: 1.
    One,
    /// Its own value.
    Own,
    /// A fact of its matter.
    Fact(Code),
    /// 1 in these states, not known in those, 0 in every other.
    State {
        /// 1.
        is: BTreeSet<Code>,
        /// Not known.
        unknown: BTreeSet<Code>,
    },
    /// 1 when one of these acts was done in its matter, else 0.
    Done(BTreeSet<Code>),
}

/// By what a figure is parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Not at all.
    Whole,
    /// The agency that owns the matter.
    Agency,
    /// The procedure.
    Procedure,
    /// The stage, act or clock.
    Name,
    /// The month of the day by which it counts.
    Month,
}

/// What is counted. Every condition holds; an empty set is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Of which kind.
    pub of: MeasureKind,
    /// Of these procedures.
    pub procedures: BTreeSet<Code>,
    /// These stages, acts or clocks.
    pub names: BTreeSet<Code>,
    /// In these states.
    pub states: BTreeSet<Code>,
    /// Of matters in which one of these acts was done.
    pub done: BTreeSet<Code>,
    /// Of matters in which each of these facts is on file as this.
    pub flags: BTreeMap<Code, bool>,
    /// When.
    pub when: When,
    /// What of them.
    pub value: Valued,
    /// Parted by what.
    pub by: By,
    /// Only this part.
    pub group: Option<String>,
}

/// A part of a figure, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summed {
    /// Which part; nothing where it is not parted.
    pub group: Option<String>,
    /// Rows whose value is known.
    pub known: u64,
    /// Rows whose value is not known.
    pub missing: u64,
    /// The sum of those that are known.
    pub sum: i128,
}

/// Rows of a part that have one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// Which part.
    pub group: Option<String>,
    /// The value; nothing where it is not known.
    pub value: Option<i64>,
    /// How many.
    pub rows: u64,
}

/// One row behind a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredRow {
    /// Its matter.
    pub matter: MatterRow,
    /// Which part of the figure it belongs to.
    pub group: Option<String>,
    /// Which stage, act or clock.
    pub name: String,
    /// How it stands or ended.
    pub state: Option<String>,
    /// When it began.
    pub from: Option<Day>,
    /// When it ended.
    pub until: Option<Day>,
    /// What it adds to the figure; nothing where that is not known.
    pub value: Option<i64>,
    /// Where the next page begins when this is its last.
    pub place: MeasuredPlace,
}

/// A place among the rows behind a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredPlace {
    /// The matter.
    pub matter: MatterId,
    /// The row within it.
    pub ordinal: i64,
}

/// A matter of which not everything was drawn under the rules of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undrawn {
    /// The matter.
    pub id: MatterId,
    /// As it stands.
    pub version: Version,
    /// Who owns it.
    pub owner: AgencyCode,
}

/// Keeps what is counted of matters.
pub trait MeasureStore: Send + Sync {
    /// Counts and sums by group.
    fn summed(
        &self,
        scope: &Scope,
        tally: &Tally,
    ) -> impl Future<Output = Result<Vec<Summed>, ReadError>> + Send;

    /// Every value by group, with how often it comes; refused beyond [`MAX_VALUES`].
    fn valued(
        &self,
        scope: &Scope,
        tally: &Tally,
    ) -> impl Future<Output = Result<Vec<Bin>, ReadError>> + Send;

    /// The rows behind a figure, by matter; at most `limit`, cut to [`MAX_PAGE_MEASURES`].
    fn measured_rows(
        &self,
        scope: &Scope,
        tally: &Tally,
        after: Option<MeasuredPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<MeasuredRow>, ReadError>> + Send;

    /// Matters behind `after`, in the order of their ids, of which not everything is drawn on this basis. For the upkeep of the
    /// installation: no scope is asked for.
    fn undrawn(
        &self,
        basis: &Code,
        after: Option<MatterId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Undrawn>, ReadError>> + Send;

    /// Puts what was drawn beside a matter that is still at this version; whether it was.
    fn put_drawn(
        &self,
        id: MatterId,
        version: Version,
        drawn: &Drawn,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;
}
