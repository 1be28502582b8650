//! The part of the report on coverage: which works stand in which suspects.
//!
//! In:  the tables, where they were asked for.
//! Out: a section of the page for each.
//!
//! Not here: how counterparts are chosen (`quanlian_match::coverage`).

use std::fmt::Write as _;

use quanlian_match::coverage::Coverage;

use super::{Page, escaped};
use crate::command::coverage;

/// Works of one table that are shown.
const MAX_SHOWN_WORKS: usize = 2_000;

/// The tables.
pub(super) fn tables(page: &Page, out: &mut String, coverage: Option<&Coverage>) {
    for table in coverage
        .map(|coverage| coverage.tables.as_slice())
        .unwrap_or_default()
    {
        let _ = writeln!(out, "<h2>{}</h2>", page.both("compare.page_coverage", &[]));
        let said = page.each(|messages| coverage::heading(messages, table));
        let _ = writeln!(out, "<p>{said}</p>\n<table>");
        let heads = [
            "compare.page_work",
            "compare.page_covered",
            "compare.page_counterpart",
        ];
        page.head(out, &heads);
        for file in table.files.iter().take(MAX_SHOWN_WORKS) {
            let covered = page.each(|messages| coverage::covered(messages, file));
            let counterpart = page.each(|messages| {
                let mut text = coverage::counterpart(messages, file);
                for piece in coverage::pieces(messages, file) {
                    text.push_str("; ");
                    text.push_str(&piece);
                }
                text
            });
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{covered}</td><td>{counterpart}</td></tr>",
                escaped(&file.work)
            );
        }
        out.push_str("</table>\n");
        if table.files.len() > MAX_SHOWN_WORKS {
            let blanks = [("count", (table.files.len() - MAX_SHOWN_WORKS).to_string())];
            let _ = writeln!(out, "<p>{}</p>", page.both("compare.page_not_shown", &blanks));
        }
    }
}
