//! The model file: a calibration as JSON, with a digest over itself.
//!
//! In:  bytes of a file from outside. Out: a [`Calibration`], or why the file cannot be used.
//!
//! Invariant: any byte of the model that was changed is noticed, by its digest; numbers no fit could give are refused.
//!
//! Not here: the fit ([`super::fit`]).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Calibration, MAX_INPUTS, method};
use crate::Medium;

/// Name and version of the format.
const FORMAT: &str = "quanlian-calibration/1";

/// A larger file is refused unread: 20,000 inputs with long names fit.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CalibrationError {
    /// Larger than any model.
    #[error("the calibration has more than {limit} bytes")]
    TooLarge { limit: u64 },
    /// Not JSON of this shape.
    #[error("the file is no calibration")]
    NotACalibration(#[source] serde_json::Error),
    /// Made by a version that writes something else.
    #[error("the calibration has format {found}, this program reads {FORMAT}: calibrate again")]
    Format { found: String },
    /// Changed after it was written.
    #[error("the calibration was changed after it was written: its digest does not agree")]
    Digest,
    /// Fitted to scores of another version of a method.
    #[error("the calibration was made for {found}, this program scores by {known}: calibrate again")]
    Method { found: String, known: String },
    /// Figures that no fit gives.
    #[error("the calibration holds figures that no fit gives: {what}")]
    Impossible { what: &'static str },
}

impl CalibrationError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "calibration_too_large",
            Self::NotACalibration(_) => "calibration_not_one",
            Self::Format { .. } => "calibration_format",
            Self::Digest => "calibration_changed",
            Self::Method { .. } => "calibration_method",
            Self::Impossible { .. } => "calibration_impossible",
        }
    }
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Envelope<M> {
    format: String,
    model: M,
    /// SHA-256 of the model as compact JSON.
    sha256: String,
}

impl Calibration {
    /// The bytes of the model file.
    #[expect(
        clippy::missing_panics_doc,
        reason = "plain data with keys of text is always JSON"
    )]
    pub fn to_bytes(&self) -> Vec<u8> {
        let envelope = Envelope {
            format: FORMAT.to_owned(),
            model: self,
            sha256: self.digest(),
        };
        let mut bytes = serde_json::to_vec_pretty(&envelope).expect("plain data with keys of text");
        bytes.push(b'\n');
        bytes
    }

    /// SHA-256 of the model, in hexadecimal, which also names it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "plain data with keys of text is always JSON"
    )]
    pub fn digest(&self) -> String {
        let compact = serde_json::to_vec(self).expect("plain data with keys of text");
        hex::encode(Sha256::digest(compact))
    }

    /// Reads a model file; the digest comes with it.
    pub fn parse(bytes: &[u8]) -> Result<(String, Self), CalibrationError> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(CalibrationError::TooLarge {
                limit: MAX_FILE_BYTES,
            });
        }
        // The format first, so that a file of another version is told from a broken one.
        let outer: Envelope<serde_json::Value> =
            serde_json::from_slice(bytes).map_err(CalibrationError::NotACalibration)?;
        if outer.format != FORMAT {
            let found = outer.format.chars().take(64).collect();
            return Err(CalibrationError::Format { found });
        }
        let calibration: Self =
            serde_json::from_value(outer.model).map_err(CalibrationError::NotACalibration)?;
        if calibration.digest() != outer.sha256 {
            return Err(CalibrationError::Digest);
        }
        calibration.check()?;
        Ok((outer.sha256, calibration))
    }

    /// A file with a right digest can still be made by hand.
    fn check(&self) -> Result<(), CalibrationError> {
        let impossible = |what| Err(CalibrationError::Impossible { what });
        if self.inputs.len() > MAX_INPUTS {
            return impossible("too many inputs");
        }
        if self.made_on.as_deref().is_some_and(|day| !is_day(day)) {
            return impossible("a day that is none");
        }
        let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !self.inputs.iter().all(|input| is_digest(&input.sha256)) {
            return impossible("an input without a SHA-256");
        }
        for (&medium, model) in &self.media {
            let known = method(medium);
            if model.method != known {
                let found = model.method.chars().take(64).collect();
                return Err(CalibrationError::Method { found, known });
            }
            if !model.tail.is_possible() {
                return impossible("a tail");
            }
            if model.tail.non_members != self.tries(medium) {
                return impossible("non-members that are not among the inputs");
            }
        }
        if self.media.is_empty() {
            return impossible("no medium");
        }
        Ok(())
    }

    /// Tries of a medium that were fitted.
    fn tries(&self, medium: Medium) -> u64 {
        (self.inputs.iter())
            .filter(|input| input.medium == medium && !input.set_aside)
            .fold(0, |sum, input| sum.saturating_add(input.tries))
    }
}

/// Whether a text has the shape of `2026-11-23`; whether the calendar has it is for a person to see.
fn is_day(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}
