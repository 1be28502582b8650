//! The case file: what the officer states beside what was found.
//!
//! In:  a TOML or JSON file: the fact sheet of `quanlian law assess`, and the tables
//!      `[case]` (who) and `[events]` (which day what happened).
//! Out: [`CaseFile`], the fact sheet still as data, so that only `quanlian-law` reads it.
//!
//! Invariant: what the file does not say stays unsaid; nothing is filled in.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The largest case file that is read.
pub const MAX_CASE_FILE_BYTES: u64 = 4 << 20;

/// Who is concerned; every field may be missing, and then the papers say so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaseHeader {
    /// The agency's own case number (案号).
    pub number: Option<String>,
    /// Short name of the case (案由).
    pub title: Option<String>,
    /// The agency that handles the case (行政执法机关).
    pub agency: Option<String>,
    /// The officers, two at least by the transfer rules.
    pub officers: Vec<String>,
    /// Whose rights are concerned (权利人).
    pub right_holder: Option<String>,
    /// The account or person under suspicion (涉嫌账号或人员).
    pub suspect: Option<String>,
    /// The police body to which the case would go (公安机关).
    pub police: Option<String>,
    /// Papers of the dossier that exist already: key of the paper, file name or number.
    pub papers: BTreeMap<String, String>,
}

/// A case file, its fact sheet unread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseFile {
    /// Who is concerned.
    pub header: CaseHeader,
    /// Days and instants of events, by the names that the rules of law use (`report_received_on`, …).
    pub events: BTreeMap<String, String>,
    /// The officer states that the collected items are all that the account published.
    pub collection_complete: bool,
    /// The rest: offence, person, conduct, `judged_on`, facts; as `quanlian-law` takes it.
    pub sheet: Map<String, Value>,
}

/// Why a case file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CaseFileError {
    /// The system would not give its bytes.
    #[error("cannot read the case file {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Larger than [`MAX_CASE_FILE_BYTES`].
    #[error("the case file {path} is larger than {MAX_CASE_FILE_BYTES} bytes")]
    TooLarge { path: PathBuf },
    /// Neither TOML nor JSON.
    #[error("the case file {path} is not sound TOML or JSON: {reason}")]
    Syntax { path: PathBuf, reason: String },
    /// A table or field of another shape than it has to be.
    #[error("the case file {path} has a wrong `{table}`: {reason}")]
    Shape {
        path: PathBuf,
        table: &'static str,
        reason: String,
    },
}

impl CaseFileError {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "case_file_unreadable",
            Self::TooLarge { .. } => "case_file_too_large",
            Self::Syntax { .. } => "case_file_syntax",
            Self::Shape { .. } => "case_file_shape",
        }
    }
}

impl CaseFile {
    /// Reads a case file; JSON where its first sign is `{`, else TOML.
    pub fn read(path: &Path) -> Result<Self, CaseFileError> {
        let failed = |source| CaseFileError::Read {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_CASE_FILE_BYTES + 1), &mut text)
            .map_err(failed)?;
        if text.len() as u64 > MAX_CASE_FILE_BYTES {
            return Err(CaseFileError::TooLarge {
                path: path.to_owned(),
            });
        }
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CaseFileError> {
        let text = text.trim_start_matches('\u{feff}');
        let syntax = |reason: String| CaseFileError::Syntax {
            path: path.to_owned(),
            reason,
        };
        let mut sheet: Map<String, Value> = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|e| syntax(e.to_string()))?
        } else {
            let table: toml::Table = toml::from_str(text).map_err(|e| syntax(e.to_string()))?;
            table
                .into_iter()
                .map(|(key, value)| (key, plain(value)))
                .collect()
        };
        let shape = |table, reason: String| CaseFileError::Shape {
            path: path.to_owned(),
            table,
            reason,
        };
        let header = match sheet.remove("case") {
            Some(value) => CaseHeader::deserialize(value).map_err(|e| shape("case", e.to_string()))?,
            None => CaseHeader::default(),
        };
        let events = match sheet.remove("events") {
            Some(value) => BTreeMap::deserialize(value).map_err(|e| shape("events", e.to_string()))?,
            None => BTreeMap::new(),
        };
        let collection_complete = match sheet.remove("collection_complete") {
            Some(Value::Bool(complete)) => complete,
            Some(_) => return Err(shape("collection_complete", "it must be true or false".into())),
            None => false,
        };
        Ok(Self {
            header,
            events,
            collection_complete,
            sheet,
        })
    }
}

/// A TOML value as JSON; dates and times become their texts.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(when) => Value::String(when.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, plain(value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = CaseFile::parse(
            "judged_on = 2024-12-20\ncollection_complete = true\n[case]\nnumber = \"1号\"\n[conduct]\nfrom = 2022-05-01\n\
             [events]\nreport_received_on = 2023-05-01\n",
            Path::new("c.toml"),
        );
        let json = CaseFile::parse(
            r#"{"judged_on":"2024-12-20","collection_complete":true,"case":{"number":"1号"},
                "conduct":{"from":"2022-05-01"},"events":{"report_received_on":"2023-05-01"}}"#,
            Path::new("c.json"),
        );
        assert_eq!(toml.unwrap(), json.unwrap());
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let error = CaseFile::parse("[case]\nnumbr = \"1\"\n", Path::new("c.toml")).unwrap_err();
        assert_eq!(error.code(), "case_file_shape");
        assert!(error.to_string().contains("unknown field `numbr`"), "{error}");
        assert_eq!(
            CaseFile::parse("= 1", Path::new("c.toml")).unwrap_err().code(),
            "case_file_syntax"
        );
    }
}
