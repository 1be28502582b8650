//! The table of commits in the report of a comparison: which brought it, whose, when by its own word.
//!
//! In:  matches whose sides stood in the history of a repository.
//! Out: a table with a line for either side, and what its dates are worth.
//!
//! Not here: reading histories, the words of the lines of text (`command::history`).

use std::fmt::Write as _;

use quanlian_match::{Match, history::Origin};

use super::{MAX_SHOWN_MATCHES, Page, escaped};
use crate::command::history;

/// Writes the table, when there is anything to tell.
pub(super) fn table(page: &Page, out: &mut String, matches: &[Match]) {
    if !matches.iter().any(history::is_told) {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>{}</h2>\n<p>{}</p>\n<table>",
        page.both("compare.page_history", &[]),
        page.both("match.history_claim", &[])
    );
    page.head(
        out,
        &[
            "compare.page_number",
            "compare.page_side",
            "compare.page_first_commit",
            "compare.page_author",
            "compare.page_committer",
            "compare.page_paths",
            "compare.page_commits",
            "compare.page_refs",
        ],
    );
    let mut left_out = 0;
    for (index, found) in matches.iter().enumerate() {
        let sides = [
            ("compare.page_suspect", &found.suspect_history),
            ("compare.page_work", &found.work_history),
        ];
        for (side, origin) in sides {
            match origin {
                Some(_) if index >= MAX_SHOWN_MATCHES => left_out += 1,
                Some(origin) => line(page, out, index, side, origin),
                None => {}
            }
        }
    }
    out.push_str("</table>\n");
    if left_out > 0 {
        let blanks = [("count", left_out.to_string())];
        let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_not_shown", &blanks));
    }
}

fn line(page: &Page, out: &mut String, index: usize, side: &str, origin: &Origin) {
    let first = origin.first_commit.as_ref();
    let (author, committer) = (
        first.and_then(|commit| commit.claimed.author.as_ref()),
        first.and_then(|commit| commit.claimed.committer.as_ref()),
    );
    let person = |person| {
        page.each(|messages| {
            format!(
                "{}\n{}",
                history::who(messages, person),
                history::when(messages, person)
            )
        })
    };
    let subject = first.map_or("", |commit| &commit.claimed.subject);
    let mut refs = page.each(|messages| history::few(messages, &origin.refs, origin.more_refs));
    for remark in history::remarks(origin) {
        let _ = write!(refs, "<br>{}", page.both(remark, &[]));
    }
    let commit = match first {
        Some(commit) => format!("<code>{}</code><br>{}", escaped(&commit.id), escaped(subject)),
        None => page.both("match.history_no_commit", &[("blob", origin.blob.clone())]),
    };
    let commits = [
        ("count", origin.commits.to_string()),
        ("last", history::id_of(origin.last_commit.as_ref())),
    ];
    let _ = writeln!(
        out,
        "<tr><td>{}</td><td>{}</td><td>{commit}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{refs}</td></tr>",
        index + 1,
        page.both(side, &[]),
        person(author),
        person(committer),
        page.each(|messages| history::few(messages, &origin.paths, origin.more_paths)),
        page.both("compare.page_commits_last", &commits),
    );
}
