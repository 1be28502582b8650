//! Where the two sides of a match stood in the history of a repository, in words.
//!
//! In:  a match.
//! Out: a line for either side that stood in a history.
//!
//! Invariant: names and times of commits are told as what the commit says, never as a fact.
//!
//! Not here: reading histories (`quanlian-match`), the table of the report (`compare::page`).

use quanlian_match::{
    Match,
    history::{Commit, Origin, Person},
};

use crate::message::Messages;

/// Paths and refs that are named in a line.
const MAX_NAMED: usize = 4;

/// Whether a side of the match stood in a history.
pub(crate) fn is_told(found: &Match) -> bool {
    found.suspect_history.is_some() || found.work_history.is_some()
}

/// A line for each side that stood in a history, the suspect first.
pub(crate) fn lines(messages: &Messages, found: &Match) -> Vec<String> {
    [
        ("match.history_suspect", &found.suspect_history),
        ("match.history_work", &found.work_history),
    ]
    .into_iter()
    .filter_map(|(side, origin)| {
        let said = of(messages, origin.as_deref()?);
        Some(messages.get(side, &[("said", said)]))
    })
    .collect()
}

fn of(messages: &Messages, origin: &Origin) -> String {
    let Some(first) = &origin.first_commit else {
        return messages.get("match.history_no_commit", &[("blob", origin.blob.clone())]);
    };
    let mut said = messages.get(
        "match.history",
        &[
            ("commit", first.id.clone()),
            ("author", who(messages, first.claimed.author.as_ref())),
            ("authored", when(messages, first.claimed.author.as_ref())),
            ("committer", who(messages, first.claimed.committer.as_ref())),
            ("committed", when(messages, first.claimed.committer.as_ref())),
            ("subject", first.claimed.subject.clone()),
            ("paths", few(messages, &origin.paths, origin.more_paths)),
            ("count", origin.commits.to_string()),
            ("last", id_of(origin.last_commit.as_ref())),
            ("refs", few(messages, &origin.refs, origin.more_refs)),
        ],
    );
    for remark in remarks(origin) {
        said.push_str(&messages.text(remark));
    }
    said
}

/// Keys of what is to be said besides.
pub(crate) fn remarks(origin: &Origin) -> impl Iterator<Item = &'static str> {
    [
        (!origin.in_head, "match.history_gone"),
        (origin.dangling, "match.history_dangling"),
        (origin.earlier_unknown, "match.history_earlier_unknown"),
    ]
    .into_iter()
    .filter_map(|(is_so, key)| is_so.then_some(key))
}

/// A name and an address, as a commit states them.
pub(crate) fn who(messages: &Messages, person: Option<&Person>) -> String {
    match person {
        Some(person) => format!("{} <{}>", person.name, person.email),
        None => messages.text("match.history_not_stated"),
    }
}

/// A time, as a commit states it.
pub(crate) fn when(messages: &Messages, person: Option<&Person>) -> String {
    match person {
        Some(person) => person.at.clone().unwrap_or_else(|| person.time.clone()),
        None => messages.text("match.history_not_stated"),
    }
}

/// The id of a commit that may not be there.
pub(crate) fn id_of(commit: Option<&Commit>) -> String {
    commit.map_or_else(String::new, |commit| commit.id.clone())
}

/// Some names in a row.
pub(crate) fn few(messages: &Messages, names: &[String], more: bool) -> String {
    if names.is_empty() {
        return messages.text("match.history_none");
    }
    let mut row = names
        .iter()
        .take(MAX_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if more || names.len() > MAX_NAMED {
        row.push_str(", …");
    }
    row
}
