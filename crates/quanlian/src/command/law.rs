//! `quanlian law`: assesses facts, and shows the rules that it does so by.
//!
//! In:  fact sheets, ids of rules, days.
//! Out: assessments with reasons; rules, their check and their changes.

mod batch;
pub(super) mod book;
pub(super) mod changes;

pub(super) mod damages;
pub(super) mod deadline;

use std::{io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_law::{FactSheet, MAX_SHEET_BYTES, RuleBook};
use quanlian_record::time::Timestamp;

use crate::{
    cli::{LawAssess, LawSource},
    fault::{Blame, Fault, Outcome},
    message::Language,
    output::{Form, Output},
};

/// `law assess`
pub(super) fn assess(arguments: &LawAssess, output: &Output) -> Outcome {
    let book = book(&arguments.source)?;
    if output.form == Form::JsonLines {
        return batch::run(&book, arguments, output);
    }
    let facts = &arguments.facts;
    let mut sheet = FactSheet::parse(&read(facts, MAX_SHEET_BYTES)?)
        .with_context(|| format!("cannot use {}", facts.display()))
        .bad_input()?;
    sheet.judged_on = arguments.judged_on.or(sheet.judged_on);
    let answer = book.assess(&sheet, Timestamp::now().legal_day()).bad_input()?;
    output.document(&answer).system()?;
    output.text(book.render_assessment(&answer, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
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
