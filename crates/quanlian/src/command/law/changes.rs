//! `law diff` and `law unverified`: what changed between two days, and what still needs a reader.
//!
//! In:  two days, an offence.
//! Out: the comparison and the list, for people or as JSON.

use std::process::ExitCode;

use quanlian_record::time::Day;

use super::{book, language};
use crate::{
    cli::LawSource,
    fault::{Blame, Outcome},
    output::Output,
};

/// `law diff`
pub(crate) fn diff(
    before: Day,
    after: Day,
    offence: Option<&str>,
    source: &LawSource,
    output: &Output,
) -> Outcome {
    let book = book(source)?;
    let found = book.diff(before, after, offence).bad_input()?;
    output.document(&found).system()?;
    output.text(book.render_diff(&found, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// `law unverified`
pub(crate) fn unverified(source: &LawSource, output: &Output) -> Outcome {
    let book = book(source)?;
    let report = book.unverified();
    output.document(&report).system()?;
    output.text(book.render_unverified(&report, language(output)).trim_end());
    Ok(ExitCode::SUCCESS)
}
