//! Procedures as a whole: the shipped files, the stories, what must always hold, hostile input.
//!
//! In:  the embedded procedures and rules.
//! Out: nothing; a test fails or it does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod general;
mod hostile;
mod intake;
mod kit;
mod limits;
mod music;
mod page;
mod properties;
mod shape;
mod shipped;
mod streams;
mod supervision;
mod transfer;

use std::sync::LazyLock;

use quanlian_law::RuleBook;
use quanlian_procedure::{Engine, Procedures};

static PROCEDURES: LazyLock<Procedures> = LazyLock::new(|| Procedures::embedded().unwrap());
static LAW: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::embedded().unwrap());

/// The engine over everything that ships, read once for all tests.
fn engine() -> Engine<'static> {
    Engine::new(&PROCEDURES, &LAW)
}
