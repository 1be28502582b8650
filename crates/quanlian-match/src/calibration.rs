//! Calibration: a null model fitted to files that are known to copy nothing, for one collection and its kind of works.
//!
//! In:  the best chance score of each non-member ([`Sample`]s, from `Collection::chance_scores`).
//! Out: a [`Calibration`]: for each medium a fitted tail with its figures, and the digests of the files behind it.
//!
//! A calibrated E-value replaces the built-in one only where it is the stricter of the two, unless a person says
//! otherwise: a few files that score low must not weaken what was measured on many.
//!
//! Invariants: the same samples give the same bytes; a file that was changed, or that belongs to another version of
//! the methods, is refused and never half used.
//!
//! Not here: how media score (`audio`, `image`, `text`, `video`), reading and writing of files on disk (`collection`).

mod built_in;
mod error_rates;
mod file;
mod fit;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use built_in::Basis;
pub use error_rates::{ErrorRate, error_rates};
pub use file::{CalibrationError, MAX_FILE_BYTES};
pub use fit::{FitError, MIN_NON_MEMBERS, MIN_TAIL, Tail, rate_bound};

use crate::Medium;
use crate::score::{DEFAULT_MAX_E_VALUE, MIN_E_VALUE};

/// Files behind one calibration at most: bounds the model file.
pub const MAX_INPUTS: usize = 20_000;

/// The best chance score of one try: a clip, a picture, a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Where the clip starts in its file; 0 for what is not cut.
    pub start_ms: u64,
    /// Length of the clip; 0 for what is not cut.
    pub length_ms: u64,
    /// Score and work of the best match, however weak; `None` when nothing had anything in common.
    pub best: Option<(f64, String)>,
}

/// What the search of one non-member gave.
#[derive(Debug, Clone, PartialEq)]
pub struct NonMember {
    /// The file, as the caller named it.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What it holds.
    pub medium: Medium,
    /// One for each try.
    pub samples: Vec<Sample>,
}

impl NonMember {
    /// Its best score, with the work that it was reached against.
    pub fn best(&self) -> Option<(f64, &str)> {
        let scored =
            (self.samples.iter()).filter_map(|s| s.best.as_ref().map(|(bits, work)| (*bits, &**work)));
        scored.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Whether it evidently holds a part of a work: by the built-in model, chance does not explain its best score.
    pub fn is_evidently_member(&self) -> bool {
        self.best()
            .is_some_and(|(bits, _)| bits >= -DEFAULT_MAX_E_VALUE.log2())
    }
}

/// One file behind a calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The file, as it was named.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it holds.
    pub medium: Medium,
    /// Clips that were cut from it, or 1.
    pub tries: u64,
    /// Its best chance score, if anything scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_bits: Option<f64>,
    /// Set aside because it evidently holds a part of a work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub set_aside: bool,
}

/// The index that a calibration was made against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexFigures {
    /// Works of this medium.
    pub works: u64,
    /// What chance pays for: milliseconds of sound, pictures, or letters of text.
    pub size: u64,
}

/// The null model of one medium.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediumModel {
    /// Name and version of the method whose scores these are ([`method`]).
    pub method: String,
    /// The index at that time.
    pub index: IndexFigures,
    /// Files behind it.
    pub files: u64,
    /// The fitted tail.
    pub tail: Tail,
    /// Scores below which the named share of all tries lies; tries without a score count as the lowest.
    pub quantiles: BTreeMap<String, f64>,
    /// Bits at which the calibrated E-value is 1e-6.
    pub bits_at_default: f64,
}

/// A fitted null model with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The day on which it was made, as `2026-11-23`; absent when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_on: Option<String>,
    /// By medium.
    pub media: BTreeMap<Medium, MediumModel>,
    /// The files, in the order they were given.
    pub inputs: Vec<Input>,
}

/// Why no model could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CalibrateError {
    /// Files that were said to copy nothing evidently hold parts of works.
    #[error("{} of the non-members evidently hold parts of works, the first {first} of {work} with {bits:.1} bits", names.len())]
    Members {
        names: Vec<String>,
        first: String,
        work: String,
        bits: f64,
    },
    /// No medium had a file.
    #[error("no file among the non-members could be searched")]
    Nothing,
    /// More files than a model may rest on.
    #[error("{count} non-members are more than a model may rest on ({limit})")]
    TooMany { count: usize, limit: usize },
    /// The scores of one medium do not allow a fit.
    #[error("no null model can be fitted for {medium:?}")]
    Fit { medium: Medium, source: FitError },
}

impl CalibrateError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Members { .. } => "calibrate_members",
            Self::Nothing => "calibrate_nothing",
            Self::TooMany { .. } => "calibrate_too_many",
            Self::Fit { source, .. } => source.code(),
        }
    }
}

/// What becomes of files that evidently hold parts of works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Members {
    /// No model is made.
    #[default]
    Refuse,
    /// They are listed in the model and left out of the fit.
    SetAside,
    /// A person vouches that they copy nothing: their scores count, and make the model stricter.
    Keep,
}

/// Name and version of the scores of a medium. A model fitted to other scores says nothing about these.
pub fn method(medium: Medium) -> String {
    match medium {
        Medium::Audio => format!("{}+score/2", crate::audio::FAMILY),
        Medium::Image => format!("{}+score/1", crate::image::FAMILY),
        Medium::Text => "text+score/1".to_owned(),
        Medium::Code => format!("{}+score/1", crate::code::FAMILY),
        Medium::Video => format!("{}+score/1", crate::video::FAMILY),
    }
}

impl Calibration {
    /// Fits the null model of each medium that has files.
    pub fn fit(
        non_members: &[NonMember],
        index: impl Fn(Medium) -> IndexFigures,
        members: Members,
    ) -> Result<Self, CalibrateError> {
        if non_members.len() > MAX_INPUTS {
            return Err(CalibrateError::TooMany {
                count: non_members.len(),
                limit: MAX_INPUTS,
            });
        }
        let evident: Vec<&NonMember> = non_members.iter().filter(|n| n.is_evidently_member()).collect();
        if let (Members::Refuse, Some(first)) = (members, evident.first())
            && let Some((bits, work)) = first.best()
        {
            return Err(CalibrateError::Members {
                names: evident.iter().map(|n| n.name.clone()).collect(),
                first: first.name.clone(),
                work: work.to_owned(),
                bits,
            });
        }
        let is_aside = |n: &NonMember| members == Members::SetAside && n.is_evidently_member();
        let mut scores: BTreeMap<Medium, (u64, Vec<Option<f64>>)> = BTreeMap::new();
        for non_member in non_members
            .iter()
            .filter(|n| !is_aside(n) && !n.samples.is_empty())
        {
            let (files, of_medium) = scores.entry(non_member.medium).or_default();
            *files += 1;
            of_medium.extend(
                non_member
                    .samples
                    .iter()
                    .map(|s| s.best.as_ref().map(|(bits, _)| *bits)),
            );
        }
        if scores.is_empty() {
            return Err(CalibrateError::Nothing);
        }
        let mut media = BTreeMap::new();
        for (medium, (files, of_medium)) in scores {
            let tail = Tail::fit(&of_medium).map_err(|source| CalibrateError::Fit { medium, source })?;
            let model = MediumModel {
                method: method(medium),
                index: index(medium),
                files,
                quantiles: fit::quantiles(&of_medium),
                bits_at_default: fit::rounded(tail.bits_at(DEFAULT_MAX_E_VALUE)),
                tail,
            };
            media.insert(medium, model);
        }
        let inputs = non_members.iter().map(|n| Input {
            name: n.name.clone(),
            sha256: n.sha256.clone(),
            medium: n.medium,
            tries: n.samples.len() as u64,
            best_bits: n.best().map(|(bits, _)| fit::rounded(bits)),
            set_aside: is_aside(n),
        });
        Ok(Self {
            made_on: None,
            media,
            inputs: inputs.collect(),
        })
    }

    /// The same, with the day on which it was made, as `2026-11-23`.
    #[must_use]
    pub fn made_on(self, day: &str) -> Self {
        Self {
            made_on: Some(day.to_owned()),
            ..self
        }
    }
}

/// Which null model judged a match, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NullModel {
    /// `built-in` or `calibration:` and the first digits of the digest of the model file, then the method.
    pub name: String,
    /// Bits of the score at which the E-value is 1e-6.
    pub bits_at_default: f64,
    /// Non-members, clips counted singly, that it rests on; absent where nobody counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_members: Option<u64>,
    /// The best score among those; absent when none scored or none is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_bits: Option<f64>,
    /// What they did for it; absent in what older programs wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// When they were searched, as `2026-11-23`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_on: Option<String>,
    /// The page that says more, of a built-in model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl NullModel {
    /// Whether it was fitted to one's own collection.
    pub fn is_calibrated(&self) -> bool {
        self.name.starts_with(CALIBRATED)
    }
}

/// How the name of a calibrated model begins.
const CALIBRATED: &str = "calibration:";

/// A calibration as it is used: with its name, and whether it may be laxer than the built-in model.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// With the digest of each; the strictest decides.
    calibrations: Vec<(String, Calibration)>,
    may_be_laxer: bool,
}

impl Judge {
    /// The built-in models alone.
    pub fn built_in() -> Self {
        Self {
            calibrations: Vec::new(),
            may_be_laxer: false,
        }
    }

    /// A calibration read from these bytes of a model file.
    ///
    /// It only ever makes a threshold stricter, unless `may_be_laxer`.
    pub fn from_file(bytes: &[u8], may_be_laxer: bool) -> Result<Self, CalibrationError> {
        let (digest, calibration) = Calibration::parse(bytes)?;
        Ok(Self {
            calibrations: vec![(digest, calibration)],
            may_be_laxer,
        })
    }

    /// Takes another in: the stricter of both decides from now on.
    pub fn join(&mut self, other: Self) {
        self.may_be_laxer &= other.may_be_laxer;
        self.calibrations.extend(other.calibrations);
    }

    /// The index that the calibration in use was made against; `None` also when several are.
    pub fn made_for(&self, medium: Medium) -> Option<IndexFigures> {
        match &self.calibrations[..] {
            [(_, calibration)] => calibration.media.get(&medium).map(|model| model.index),
            _ => None,
        }
    }

    /// The model that asks for the most bits at the default threshold.
    fn model(&self, medium: Medium) -> Option<&MediumModel> {
        self.strictest(medium).map(|(_, _, model)| model)
    }

    /// The same, with its calibration and the digest of that.
    fn strictest(&self, medium: Medium) -> Option<(&str, &Calibration, &MediumModel)> {
        let models = self.calibrations.iter();
        models
            .filter_map(|(digest, calibration)| {
                Some((&**digest, calibration, calibration.media.get(&medium)?))
            })
            .max_by(|a, b| a.2.bits_at_default.total_cmp(&b.2.bits_at_default))
    }

    /// The E-value of a score under the model in use.
    pub fn e_value(&self, medium: Medium, bits: f64) -> f64 {
        let built_in = (-bits).exp2();
        let judged = match self.model(medium) {
            None => built_in,
            Some(model) if self.may_be_laxer => model.tail.e_value(bits),
            Some(model) => model.tail.e_value(bits).max(built_in),
        };
        judged.max(MIN_E_VALUE)
    }

    /// The bits that a score needs for an E-value of at most `e_value`.
    pub fn bits_at(&self, medium: Medium, e_value: f64) -> f64 {
        let built_in = -e_value.log2();
        match self.model(medium) {
            None => built_in,
            Some(model) if self.may_be_laxer => model.tail.bits_at(e_value),
            Some(model) => model.tail.bits_at(e_value).max(built_in),
        }
    }

    /// What a report says about the model that judged a match.
    pub fn describe(&self, medium: Medium) -> NullModel {
        let bits_at_default = fit::rounded(self.bits_at(medium, DEFAULT_MAX_E_VALUE));
        if let Some((digest, calibration, model)) = self.strictest(medium) {
            return NullModel {
                name: format!("{CALIBRATED}{} {}", &digest[..16], model.method),
                bits_at_default,
                non_members: Some(model.tail.non_members),
                best_bits: Some(model.tail.best_bits),
                basis: Some(Basis::Fitted),
                measured_on: calibration.made_on.clone(),
                page: None,
            };
        }
        let measured = built_in::measured(medium);
        NullModel {
            name: format!("built-in {}", method(medium)),
            bits_at_default,
            non_members: Some(measured.non_members),
            best_bits: measured.best_bits,
            basis: Some(measured.basis),
            measured_on: Some(measured.on.to_owned()),
            page: Some(measured.page.to_owned()),
        }
    }
}
