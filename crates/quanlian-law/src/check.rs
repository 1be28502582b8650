//! The check of the rule files: every example runs, and what a lawyer should look at is named.
//!
//! In:  the rule book.
//! Out: a [`CheckReport`]: how much was checked, and every [`Finding`].
//!
//! Invariant: an example that cannot be run is a finding, never skipped. A finding says where it is and what to do.
//!
//! Not here: faults that keep a folder from loading (`load`).

mod conditions;
mod coverage;
mod examples;
mod prose;
mod sources;
mod words;

pub(crate) use examples::{number, printed};

use quanlian_record::time::Day;
use serde::Serialize;

use crate::{
    damages,
    load::Parsed,
    position,
    rule::{Body, Boundary, Kind, Line, Rule},
    unverified,
};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A rule may be wrong; the check fails.
    Error,
    /// Something a reader should look at.
    Warning,
}

/// Every code that a [`Finding`] can have.
pub const FINDING_CODES: &[&str] = &[
    "ambiguous",
    "applies_never",
    "applies_twice",
    "boundary_fails",
    "boundary_not_tight",
    "citation_without_article",
    "empty_text",
    "example_fails",
    "gap",
    "implied_in_a_circle",
    "known_gap",
    "line_twice",
    "line_without_effect",
    "memory_without_note",
    "no_boundary",
    "no_example",
    "overlap",
    "same_text",
    "share_reached_by_one",
    "unknown_line",
    "unknown_offence",
    "unread_without_reason",
    "unused_name",
    "unused_source",
    "upper_below_entry",
    "verified_by_memory",
    "verified_contradicts_parts",
    "version_never_applies",
    "way_not_money",
    "wrong_language",
];

/// One thing that the check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the folder.
    pub file: String,
    /// The line in the file, counted from 1, where it is known.
    pub at_line: Option<usize>,
    /// Stable name of the kind of finding, for programs.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// What the check did and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Number of rules.
    pub rules: usize,
    /// Number of lines of thresholds.
    pub lines: usize,
    /// Number of examples run, three for each boundary.
    pub examples: usize,
    /// Ids of lines and rules that nobody has read in a source.
    pub unverified: Vec<String>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

impl CheckReport {
    /// Whether there is no error.
    pub fn is_clean(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity != Severity::Error)
    }
}

/// One rule under the check.
struct Checker<'a> {
    law: &'a Parsed,
    file: &'a str,
    /// The text of the file, for the lines of findings.
    text: &'a str,
    rule: &'a Rule,
    examples: usize,
    findings: Vec<Finding>,
}

pub(crate) fn check(law: &Parsed) -> CheckReport {
    let mut report = CheckReport {
        rules: law.rules.len(),
        lines: 0,
        examples: 0,
        unverified: unverified::ids(law),
        findings: Vec::new(),
        rule_book_version: law.digest.clone(),
    };
    for rule in law.rules.values() {
        let mut checker = Checker::of(law, rule);
        checker.run();
        report.examples += checker.examples;
        report.findings.append(&mut checker.findings);
        report.lines += lines_of(rule).count();
    }
    report.findings.extend(coverage::ambiguous(law));
    report.findings.extend(coverage::uncovered(law));
    report.findings.extend(coverage::never_applies(law));
    report.findings.extend(conditions::compared(law));
    report.findings.extend(words::unused(law));
    report.findings.extend(words::circles(law));
    report.findings.extend(prose::shared_texts(law));
    report.findings.extend(damages::lint(law));
    debug_assert!(
        report
            .findings
            .iter()
            .all(|finding| FINDING_CODES.contains(&finding.code)),
        "a finding has a code that is not listed"
    );
    report
}

/// The lines of all versions of a rule, each with the first day of its version.
fn lines_of(rule: &Rule) -> impl Iterator<Item = (Day, &Line)> {
    rule.versions.iter().flat_map(|version| match &version.body {
        Body::Lines(lines) => lines.iter().map(|line| (version.from, line)).collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}

/// The line of a file where the version from `from` of a rule stands, or a part with an id inside it.
fn place_of(law: &Parsed, rule: &Rule, from: Day, id: Option<&str>) -> Option<usize> {
    let text = law.texts.get(law.file_of(rule))?;
    let index = rule.versions.iter().position(|version| version.from == from)?;
    let part = id.and_then(|id| position::id_in_version(text, index, id));
    part.or_else(|| position::version(text, index))
}

impl<'a> Checker<'a> {
    fn of(law: &'a Parsed, rule: &'a Rule) -> Self {
        let file = law.file_of(rule);
        Self {
            law,
            file,
            text: law.texts.get(file).map_or("", String::as_str),
            rule,
            examples: 0,
            findings: Vec::new(),
        }
    }

    fn find(&mut self, severity: Severity, at_line: Option<usize>, code: &'static str, message: String) {
        self.findings.push(Finding {
            severity,
            file: self.file.to_owned(),
            at_line,
            code,
            message,
        });
    }

    fn run(&mut self) {
        self.lint_texts();
        self.lint_citations();
        self.lint_marks();
        self.lint_gaps();
        self.lint_shares();
        self.lint_boundaries();
        self.lint_examples();
        for example in &self.rule.examples {
            self.examples += 1;
            if let Err(message) = self.run_example(example) {
                let message = format!("example `{}`: {message}", example.name);
                self.find(Severity::Error, Some(example.at_line), "example_fails", message);
            }
        }
        for boundary in &self.rule.boundaries {
            self.examples += 3;
            for message in self.run_boundary(boundary) {
                let message = format!("boundary of `{}`: {message}", boundary.line);
                self.find(Severity::Error, Some(boundary.at_line), "boundary_fails", message);
            }
        }
    }

    /// Every line of every version has a boundary of its own, just below, at and above.
    fn lint_boundaries(&mut self) {
        let rule = self.rule;
        let lines: Vec<(Day, &Line)> = lines_of(rule).collect();
        for (from, line) in &lines {
            let version = rule.versions.iter().find(|version| version.from == *from);
            let covered = |boundary: &&Boundary| {
                boundary.line == line.id && version.is_some_and(|version| version.in_force(boundary.on))
            };
            if !rule.boundaries.iter().any(|boundary| covered(&boundary)) {
                let message = format!("the line `{}` from {from} has no [[boundary]]; add one", line.id);
                let at_line = place_of(self.law, rule, *from, Some(&line.id));
                self.find(Severity::Error, at_line, "no_boundary", message);
            }
        }
        for boundary in &rule.boundaries {
            let Some((_, line)) = lines.iter().find(|(_, line)| line.id == boundary.line) else {
                let message = format!("`{}` is not a line of this file; correct the id", boundary.line);
                self.find(Severity::Error, Some(boundary.at_line), "unknown_line", message);
                continue;
            };
            if let Some(message) = self.not_just_beside(boundary, line) {
                self.find(
                    Severity::Error,
                    Some(boundary.at_line),
                    "boundary_not_tight",
                    message,
                );
            }
        }
    }

    fn lint_examples(&mut self) {
        let needs = !matches!(self.rule.kind, Kind::Note | Kind::Temporal | Kind::Papers);
        if needs && self.rule.examples.is_empty() {
            let message = "the rule has no [[example]]; add one that a lawyer can follow".to_owned();
            self.find(Severity::Error, Some(1), "no_example", message);
        }
    }
}
