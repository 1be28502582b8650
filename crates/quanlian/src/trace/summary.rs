//! What a person reads at the end of a run.
//!
//! In:  the report.
//! Out: text: copies found, what the law says of them, what is missing, where everything lies.

use quanlian_law::RuleBook;

use super::Report;
use crate::{command::law, command::matching, output::Output};

/// Files named in the summary as not usable; the rest is counted.
const PROBLEMS_SHOWN: usize = 10;

/// Prints the summary.
pub(crate) fn print(report: &Report, output: &Output) {
    let messages = &output.messages;
    output.text(&messages.get(
        "trace.found",
        &[
            ("works", report.works.to_string()),
            ("suspects", report.suspects.to_string()),
            ("matches", report.matches.len().to_string()),
        ],
    ));
    for found in &report.matches {
        output.text(&format!("  {}", matching::for_people(output, found)));
    }
    output.text("");
    if let Ok(book) = RuleBook::embedded() {
        output.text(book.render_assessment(&report.assessment, law::language(output)).trim_end());
    }
    output.text("");
    for note in &report.facts.notes {
        let args: Vec<(&str, &str)> = note.args.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        output.text(&messages.get(
            "trace.note",
            &[("text", messages.get(&format!("note.{}", note.code), &args))],
        ));
    }
    if !report.problems.is_empty() {
        output.text(&messages.get("trace.problems", &[("count", report.problems.len())]));
        for problem in report.problems.iter().take(PROBLEMS_SHOWN) {
            output.text(&format!("  {}: {}", problem.file, problem.message));
        }
    }
    output.text("");
    for (key, path) in &report.files {
        output.text(&messages.get("trace.file", &[("what", messages.text(&format!("file.{key}"))), ("path", path.clone())]));
    }
    let verdict = if report.bundle_verifies { "trace.verifies" } else { "trace.does_not_verify" };
    output.text(&messages.text(verdict));
}
