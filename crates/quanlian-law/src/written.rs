//! What a person writes, as JSON or TOML, and the line of what is wrong with it.
//!
//! In:  the text of a fact sheet or a timeline.
//! Out: the value, or a [`Fault`].
//!
//! Invariant: TOML that nests too deeply is refused before its parser sees it; that of JSON
//! keeps a limit of its own.

use serde::de::DeserializeOwned;

use crate::nesting::{line_of, too_deep};

/// Why a text is not of the right shape.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) problem: String,
}

/// Reads JSON where the text begins like JSON, TOML otherwise.
pub(crate) fn either<T: DeserializeOwned>(text: &str, nesting: usize) -> Result<T, Fault> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        json(text)
    } else {
        toml(text, nesting)
    }
}

/// Reads JSON.
pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault {
        line: error.line().max(1),
        problem: without_place(&error),
    })
}

/// Reads TOML with brackets open at most so deep.
pub(crate) fn toml<T: DeserializeOwned>(text: &str, nesting: usize) -> Result<T, Fault> {
    if let Some(line) = too_deep(text, nesting) {
        let problem = format!("nested more than {nesting} deep");
        return Err(Fault { line, problem });
    }
    toml::from_str(text).map_err(|error| Fault {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        problem: error.message().trim().replace('\n', ", "),
    })
}

/// The message without serde_json's own line and column at its end; we print the line ourselves.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(problem, _)| problem.to_owned())
}
