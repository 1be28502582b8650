//! What is counted of the ledger of a matter: goods and tasks.
//!
//! In:  the ledger.
//! Out: a [`Measure`] for each entry that stands.
//!
//! | of | name | state | from, until | value |
//! |---|---|---|---|---|
//! | goods | what they are: `infringing`, `tool`, … | `complete` or `gaps` in their custody | taken; all gone | worth in fen |
//! | task | who does it: `agency/user`, or [`NOBODY`] | `open`, `done`, `dropped` | entered; ended | its number |

use quanlian_ledger::{Ledger, goods::GoodsEntry, task::TaskEntry};
use quanlian_record::time::Timestamp;

use super::measure::{Measure, bare};
use crate::definition::Subject;

/// A task that nobody does yet.
pub const NOBODY: &str = "*nobody";
/// Longer names of who does a task are no code; such a task is counted as nobody's.
const MAX_NAME_BYTES: usize = 128;

/// States of goods and tasks, by the word under which they are kept.
pub mod ledger_state {
    /// Custody without a gap.
    pub const COMPLETE: &str = "complete";
    /// A decision is not named, a movement was out of order, or some are lost.
    pub const GAPS: &str = "gaps";
    /// A task that is to be done.
    pub const OPEN: &str = "open";
}

/// What is counted of a ledger.
pub fn ledger_measures(ledger: &Ledger) -> Vec<Measure> {
    let goods = ledger.standing_goods().map(|(_, entry)| of_goods(entry));
    let tasks = ledger
        .tasks()
        .iter()
        .map(|(id, entry)| of_task(id.number(), entry));
    goods.chain(tasks).collect()
}

fn of_goods(entry: &GoodsEntry) -> Measure {
    let goods = &entry.goods;
    let is_gone = entry.lots.iter().all(quanlian_ledger::goods::Lot::is_gone);
    let last = entry.lots.iter().map(|lot| lot.since).max();
    let state = if entry.is_custody_complete() {
        ledger_state::COMPLETE
    } else {
        ledger_state::GAPS
    };
    Measure {
        state: Some(state.to_owned()),
        from: Some(goods.taken_on),
        until: last.filter(|_| is_gone),
        value: goods.value().map(|value| value.0),
        ..bare(Subject::Goods, goods.kind.term().word)
    }
}

fn of_task(number: u32, entry: &TaskEntry) -> Measure {
    let task = &entry.task;
    let agency = task.of_agency.as_deref().unwrap_or_default();
    let who = task.assignee.as_ref().map(|user| format!("{agency}/{user}"));
    let who = who.filter(|who| who.len() <= MAX_NAME_BYTES);
    let due = task.due_on.and_then(|due| due.tomorrow().ok());
    Measure {
        state: Some(
            entry
                .ended
                .as_ref()
                .map_or(ledger_state::OPEN, |ended| ended.how.term().word)
                .to_owned(),
        ),
        from: Some(entry.added.at.legal_day()),
        until: entry.ended.as_ref().map(|ended| ended.mark.at.legal_day()),
        due: due.and_then(|due| Timestamp::start_of_legal_day(due).ok()),
        value: Some(i64::from(number)),
        ..bare(Subject::Task, who.as_deref().unwrap_or(NOBODY))
    }
}
