//! Reading TOML so that every error names its line.
//!
//! In:  the text of a file. Out: the value, or an error with file and line.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::LoadError;
use crate::nesting::line_of;

/// Reads one file as `T`; the error names the line that the parser stopped at.
pub(super) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, LoadError> {
    toml::from_str(text).map_err(|error| LoadError::Syntax {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        problem: error.message().trim().replace('\n', ", "),
    })
}

/// Where an error is.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Place<'_> {
    pub(super) fn invalid(
        &self,
        span: Range<usize>,
        problem: impl Into<String>,
        way_out: impl Into<String>,
    ) -> LoadError {
        LoadError::Invalid {
            file: self.file.to_owned(),
            line: line_of(self.text, span.start),
            problem: problem.into(),
            way_out: way_out.into(),
        }
    }
}
