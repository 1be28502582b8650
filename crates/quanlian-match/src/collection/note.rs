//! Remarks about single files: why one was passed over, or what was odd about it.
//!
//! In:  a path and an error or finding.
//! Out: a line for the report.
//!
//! Not here: errors that end a run (`CollectionError`).

use std::path::Path;

use serde::Serialize;

/// A remark about one file; the run went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file, as the caller named it or relative to the folder of works.
    pub subject: String,
    /// A stable name for programs.
    pub code: String,
    /// The same for people.
    pub message: String,
}

impl Note {
    pub(crate) fn new(subject: &Path, code: &str, message: impl Into<String>) -> Self {
        Self {
            subject: subject.to_string_lossy().into_owned(),
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// A remark from an error, with the chain of its causes.
    pub(crate) fn from_error(subject: &Path, code: &str, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(subject, code, message)
    }
}
