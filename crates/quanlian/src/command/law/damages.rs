//! `quanlian law damages` and `quanlian law fine`: what the law gives, method by method.
//!
//! In:  a damages sheet or a fine sheet (file, stdin).
//! Out: the methods, readings and totals; the range of a fine.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_law::{DamagesSheet, FineSheet, MAX_SHEET_BYTES};
use quanlian_record::time::Timestamp;

use super::{book, language, read};
use crate::{
    cli::LawSource,
    fault::{Blame, Outcome},
    output::Output,
};

/// `law damages`
pub(in crate::command) fn damages(sheet: &Path, source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let parsed = DamagesSheet::parse(&read(sheet, MAX_SHEET_BYTES)?)
        .with_context(|| format!("cannot use {}", sheet.display()))
        .bad_input()?;
    let answer = book.damages(&parsed, Timestamp::now().legal_day()).bad_input()?;
    output.document(&answer).system()?;
    output.text(book.render_damages(&answer, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// `law fine`
pub(in crate::command) fn fine(sheet: &Path, source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let parsed = FineSheet::parse(&read(sheet, MAX_SHEET_BYTES)?)
        .with_context(|| format!("cannot use {}", sheet.display()))
        .bad_input()?;
    let answer = book
        .administrative_fine(&parsed, Timestamp::now().legal_day())
        .bad_input()?;
    output.document(&answer).system()?;
    output.text(
        book.render_administrative_fine(&answer, language(output))
            .trim_end(),
    );
    Ok(ExitCode::SUCCESS)
}
