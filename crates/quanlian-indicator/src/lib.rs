//! Indicators (指标) as data: what is counted of a matter, which figures there are, and how each is computed.
//!
//! In:  the folder `indicators/` (a copy is inside the program); a matter with its clocks; counts and values that a store
//!      gives for one figure.
//! Out: [`Definition`]s, or every mistake in them at once; the [`Measure`]s of a matter; a [`Figure`].
//!
//! Invariants: pure: no clock, no randomness, no store. What is not known is counted as missing and never as 0. A definition
//! that was used is never edited: another way of counting is another version, and every figure names its own.
//!
//! Not here: which matters somebody may see, where measures are kept (`quanlian-store::matters::measures`).

mod definition;
mod figure;
mod ledger;
mod load;
mod measure;

pub use definition::{
    Aggregate, Checked, Counts, Definition, Grouping, Period, Source, States, Subject, Unit, Value,
};
pub use figure::{Bin, Figure, Number, Part, Summed, figure_of_sums, figure_of_values};
pub use ledger::{NOBODY, ledger_measures, ledger_state};
pub use load::{Definitions, MAX_FILE_BYTES, MAX_FILES, Mistake, Mistakes};
pub use measure::{Measure, basis, clock_state, measures};
