//! `quanlian law`: assesses facts, and shows the rules that it does so by.
//!
//! In:  fact sheets and ids of rules.
//! Out: assessments with reasons, rules, the report of the check.

pub(super) mod deadline;

use std::{io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_law::{FactSheet, MAX_SHEET_BYTES, RuleBook};
use quanlian_record::time::Timestamp;
use serde::Serialize;

use crate::{
    cli::LawSource,
    fault::{Blame, Fault, Outcome, answer_no},
    message::Language,
    output::Output,
};

/// `law assess`
pub(super) fn assess(facts: &Path, source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let sheet = FactSheet::parse(&read(facts, MAX_SHEET_BYTES)?)
        .with_context(|| format!("cannot use {}", facts.display()))
        .bad_input()?;
    let answer = book.assess(&sheet, Timestamp::now().legal_day()).bad_input()?;
    output.document(&answer).system()?;
    output.text(book.render_assessment(&answer, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// `law show`
pub(super) fn show(id: &str, source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let Some(rule) = book.show(id) else {
        let known: Vec<String> = book
            .list()
            .into_iter()
            .map(|rule| rule.id)
            .filter(|known| known.starts_with(id))
            .collect();
        let hint = if known.is_empty() {
            "see `quanlian law list`".to_owned()
        } else {
            format!("known are {}", known.join(", "))
        };
        return Err(Fault::BadInput(anyhow::anyhow!(
            "there is no rule `{id}`; {hint}"
        )));
    };
    output.document(rule).system()?;
    let form = |text: &quanlian_law::Text| text.get(language(output)).to_owned();
    output.text(&format!("{}  {}", rule.id, form(&rule.title)));
    output.text(&serde_json::to_string_pretty(rule).system()?);
    Ok(ExitCode::SUCCESS)
}

/// `law list`
pub(super) fn list(source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let rules = book.list();
    output.document(&rules).system()?;
    for rule in &rules {
        let key = if rule.verified { "law.read" } else { "law.unread" };
        output.text(&output.messages.get(
            "law.line",
            &[
                ("id", rule.id.clone()),
                ("title", rule.title.get(language(output)).to_owned()),
                ("citation", rule.citation.get(language(output)).to_owned()),
                ("verified", output.messages.text(key)),
            ],
        ));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    #[serde(flatten)]
    report: quanlian_law::CheckReport,
}

/// `law check`
pub(super) fn check(source: &LawSource, output: &Output) -> Outcome {
    let report = book(source)?.check();
    let checked = Checked {
        ok: report.is_clean(),
        report,
    };
    output.document(&checked).system()?;
    for finding in &checked.report.findings {
        let place = finding
            .at_line
            .map_or(finding.file.clone(), |line| format!("{}:{line}", finding.file));
        output.text(&format!("{place}: {}", finding.message));
    }
    output.text(&output.messages.get(
        "law.checked",
        &[
            ("rules", checked.report.rules),
            ("lines", checked.report.lines),
            ("examples", checked.report.examples),
            ("unverified", checked.report.unverified.len()),
        ],
    ));
    Ok(if checked.ok {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

/// The rule book inside the program or in the folder that was named.
pub(crate) fn book(source: &LawSource) -> Result<RuleBook, Fault> {
    match &source.law {
        Some(folder) => RuleBook::from_dir(folder).bad_input(),
        None => RuleBook::embedded().system(),
    }
}

/// The language of law texts.
pub(crate) fn language(output: &Output) -> quanlian_law::Language {
    match output.messages.language {
        Language::Zh => quanlian_law::Language::Zh,
        Language::En => quanlian_law::Language::En,
    }
}

/// A file or, for `-`, the standard input; one byte more than allowed, for the reader to refuse.
fn read(path: &Path, limit_bytes: usize) -> Result<String, Fault> {
    let mut text = String::new();
    let limit = limit_bytes as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))
        .bad_input()?;
    Ok(text)
}
