//! What a person reads at the end of a run.
//!
//! In:  the report.
//! Out: text: copies found, what the law says of them, what is missing, where everything lies.

use std::collections::BTreeSet;

use quanlian_law::Reason;

use super::{Report, dossier::lines_met};
use crate::{
    command::{law, matching},
    output::Output,
};

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
    print_assessment(report, output);
    output.text("");
    for note in &report.facts.notes {
        let args: Vec<(&str, &str)> = note
            .args
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
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
        output.text(&messages.get(
            "trace.file",
            &[
                ("what", messages.text(&format!("file.{key}"))),
                ("path", path.clone()),
            ],
        ));
    }
    let verdict = if report.bundle_verifies {
        "trace.verifies"
    } else {
        "trace.does_not_verify"
    };
    output.text(&messages.text(verdict));
}

/// The outcome, the lines that are met with their evidence, and what is missing; the whole tree is in the papers.
fn print_assessment(report: &Report, output: &Output) {
    let answer = &report.assessment;
    let language = law::language(output);
    output.text(answer.summary.get(language));
    output.text(&format!("  {}", answer.governing.why.get(language)));
    for set in &answer.rule_sets {
        let key = if set.governs {
            "trace.governing_rules"
        } else {
            "trace.other_rules"
        };
        output.text(&output.messages.get(key, &[("day", set.as_of)]));
        for line in lines_met(&set.reasons) {
            let cite = line
                .citation
                .as_ref()
                .map(|cite| cite.get(language))
                .unwrap_or_default();
            output.text(&output.messages.get(
                "trace.line_met",
                &[
                    ("text", line.text.get(language)),
                    ("cite", cite),
                    ("evidence", &line.evidence.join(" ")),
                    ("unread", &unread_mark(line, output)),
                ],
            ));
        }
        for range in [
            set.band.as_ref().map(|b| &b.text),
            set.fine.as_ref().map(|f| &f.text),
        ]
        .into_iter()
        .flatten()
        {
            output.text(&format!("    {}", range.get(language)));
        }
    }
    for missing in &answer.missing {
        output.text(
            &output
                .messages
                .get("trace.missing", &[("why", missing.why.get(language))]),
        );
    }
    if !answer.unverified.is_empty() {
        output.text(
            &output
                .messages
                .get("trace.unverified", &[("count", answer.unverified.len())]),
        );
    }
    for clock in report.clocks.iter().filter(|clock| clock.due_on.is_some()) {
        output.text(
            &output
                .messages
                .get("trace.clock", &[("text", clock.text.get(language))]),
        );
    }
    let waiting: BTreeSet<&str> = report
        .clocks
        .iter()
        .filter(|clock| clock.due_on.is_none())
        .map(|clock| clock.rule.as_str())
        .collect();
    for clock in report
        .projection
        .clocks
        .iter()
        .filter(|clock| waiting.contains(clock.rule.as_str()))
    {
        let Some(day) = clock.due_on else { continue };
        let act = format!("{} – {}", clock.actor.get(language), clock.act.get(language));
        output.text(&output.messages.get(
            "trace.projected",
            &[
                ("act", act),
                ("day", day.to_string()),
                ("cite", clock.citation.get(language).to_owned()),
            ],
        ));
    }
}

fn unread_mark(line: &Reason, output: &Output) -> String {
    if line.verified == Some(false) {
        output.messages.text("trace.unread_line")
    } else {
        String::new()
    }
}
