//! The ledger of a matter (案件台账): parties (当事人), goods (涉案物品) with their custody, tasks (任务), verdicts on matches (比对复核).
//!
//! In:  [`Step`]s that somebody wants to take, in their order.
//! Out: [`Ledger`] after them, or every [`Refusal`] at once; what is open or irregular ([`finding::Finding`]); sums by basis.
//!
//! A ledger is its steps and nothing else: they are kept as events of the matter, never changed, and folded ([`Ledger::apply`]).
//! New ones are checked first ([`Ledger::decide`]); those that stand are not, so that a rule that becomes stricter shuts no old matter.
//!
//! Invariants:
//! - Nothing is deleted: what was wrong is corrected or withdrawn with a reason, and stays to be seen.
//! - The quantity of goods is conserved: their lots together are always what was taken, wherever they went.
//! - Whoever gives goods away holds them; an exception names its reason and is shown as irregular for ever.
//! - Amounts on different bases are never added; what has no price counts as not known.
//!
//! Not here: where events are kept (`quanlian-store`), who may take steps (`quanlian-server`), files as evidence (`quanlian-evidence`).

pub mod finding;
mod fold;
pub mod goods;
pub mod party;
mod refusal;
mod step;
pub mod task;
mod terms;
mod text;
pub mod verdict;

pub use fold::{Damaged, Ledger};
pub use refusal::{Refusal, RefusalCode, Refused};
pub use step::{Event, GoodsId, Mark, PartyId, Step, TaskId, Withdrawal};
pub use terms::Term;
