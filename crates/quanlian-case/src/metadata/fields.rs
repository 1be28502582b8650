//! The fields of a side file in JSON, read by name, with a line for each that cannot be used.
//!
//! In:  the JSON object that a downloader wrote beside a media file.
//! Out: texts, counts, days and instants; a [`Problem`] for each field of another shape.
//!
//! Invariant: a field that is there and cannot be used is named, never guessed.
//!
//! Not here: which fields a downloader writes (`info_json`, `gallery_dl`).

use std::path::Path;

use quanlian_record::time::{Day, Timestamp, parse_day};
use serde_json::Value;

use super::{Problem, SideFile, SideFileError, Statement, read_bounded};

/// The longest text that is kept of one field; platforms allow far less.
const MAX_FIELD_CHARS: usize = 2_000;
/// The longest value shown in a problem.
const MAX_SHOWN_CHARS: usize = 80;

/// The object, and what was wrong with it so far.
pub(super) struct Fields {
    object: serde_json::Map<String, Value>,
    source: String,
    problems: Vec<Problem>,
}

impl Fields {
    /// Reads the object; `source` names the file in problems.
    pub(super) fn read(path: &Path, source: &str) -> Result<Self, SideFileError> {
        let bytes = read_bounded(path)?;
        let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let object = serde_json::from_slice(json).map_err(|source| SideFileError::NotJson {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            object,
            source: source.to_owned(),
            problems: Vec::new(),
        })
    }

    /// A field, or one of an object inside: `author.name`.
    fn get(&self, name: &str) -> Option<&Value> {
        let mut names = name.split('.');
        let first = self.object.get(names.next()?)?;
        let value = names.try_fold(first, |value, inner| value.get(inner))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// The first of these that holds a text or a number.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.get(name)? {
            Value::String(t) if !t.trim().is_empty() => {
                Some(t.trim().chars().take(MAX_FIELD_CHARS).collect())
            }
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        })
    }

    /// A whole number.
    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        let number = as_count(value);
        if number.is_none() {
            self.report(name, "a whole number, zero or more");
        }
        number
    }

    /// The first of these that is a whole number; those before it that are none are named.
    pub(super) fn first_count(&mut self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| self.count(name))
    }

    /// The first of these that is a day; those before it that are none are named.
    pub(super) fn day(&mut self, names: &[&str]) -> Option<Day> {
        for name in names {
            let Some(value) = self.get(name) else { continue };
            let day = as_day(value);
            if day.is_some() {
                return day;
            }
            self.report(name, "a date such as 20220501");
        }
        None
    }

    /// The first of these that is an instant: seconds since 1970, or a text with its zone.
    pub(super) fn instant(&self, names: &[&str]) -> Option<Timestamp> {
        names.iter().find_map(|name| as_instant(self.get(name)?))
    }

    fn report(&mut self, field: &str, wanted: &str) {
        let value = self.get(field).map(Value::to_string).unwrap_or_default();
        let shown: String = value.chars().take(MAX_SHOWN_CHARS).collect();
        self.problems.push(Problem {
            place: self.source.clone(),
            code: "field_unusable".into(),
            message: format!("`{field}` is {shown}, wanted {wanted}; it is left out"),
        });
    }

    /// The statement with everything that was wrong; one without a media file beside it is named.
    pub(super) fn finish(mut self, statement: Statement) -> SideFile {
        if statement.media.is_none() {
            self.problems.push(Problem {
                place: self.source.clone(),
                code: "no_media_beside".into(),
                message: "no media file of this name lies beside it; its figures are not counted".into(),
            });
        }
        SideFile {
            statements: vec![statement],
            problems: self.problems,
        }
    }
}

fn as_count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64().or_else(|| {
            // Some extractors write counts as 30000000.0; a fraction is no count.
            let float = n.as_f64()?;
            (float >= 0.0 && float.fract() == 0.0 && float <= 9e15).then_some(float as u64)
        }),
        Value::String(t) => super::table::parse_count(t),
        _ => None,
    }
}

fn as_day(value: &Value) -> Option<Day> {
    match value {
        Value::String(t) => parse_day(t).ok(),
        Value::Number(n) => {
            let seconds = n.as_i64().or_else(|| n.as_f64().map(|f| f as i64))?;
            if (10_000_101..=99_991_231).contains(&seconds) {
                return parse_day(&seconds.to_string()).ok();
            }
            Timestamp::from_unix_micros(seconds.checked_mul(1_000_000)?)
                .ok()
                .map(Timestamp::legal_day)
        }
        _ => None,
    }
}

fn as_instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(n) => {
            // Seconds, sometimes with a fraction; one below 1e9 is a date such as 20220501 or nothing.
            let seconds = n.as_f64().filter(|s| (1e9..1e11).contains(s))?;
            Timestamp::from_unix_micros((seconds * 1e6) as i64).ok()
        }
        Value::String(t) => t.parse().ok(),
        _ => None,
    }
}
