//! Matches: which parts of a suspect file are copies of which parts of a work.
//!
//! In:  files of works and of suspects.
//! Out: [`Match`]es with their segments, a score in bits and an E-value.
//!
//! Invariant: one index, one aligner and one calibration serve every medium. A
//! medium adds an extractor and a verifier, nothing else; nothing is ever reported
//! on hash equality alone.
//!
//! Not here: what a match means in law (`quanlian-case`), the custody of the files
//! (`quanlian-evidence`).

pub mod align;
pub mod audio;
pub mod blind;
pub mod calibration;
pub mod code;
pub mod collection;
mod cover;
pub mod coverage;
pub mod history;
pub mod image;
mod process;
pub mod score;
pub mod segment;
pub mod text;
pub mod video;

use serde::{Deserialize, Serialize};

/// The kind of content, told by content and not by file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Medium {
    /// Sound, also the sound track of a film.
    Audio,
    /// Written text.
    Text,
    /// Pictures, still or of a few frames.
    Image,
    /// Films: moving pictures, with their sound where they have any.
    Video,
    /// Source code of programs and of chips.
    Code,
}

/// What the numbers of a [`Span`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// Milliseconds of sound or film.
    Ms,
    /// Unicode scalar values of the original text.
    Char,
    /// Pixels of the upright picture.
    Px,
    /// Lines of source code, counted from 1.
    Line,
}

/// A stretch that both files share: half-open ranges, in `unit`, on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where it lies in the suspect file: `[start, end)`.
    pub suspect: [u64; 2],
    /// Where it lies in the work: `[start, end)`.
    pub work: [u64; 2],
    /// What both ranges count.
    pub unit: Unit,
}

/// An area that both pictures share: left, upper, right and lower side, the last two excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Where it lies in the suspect file: `[x0, y0, x1, y1]`.
    pub suspect: [u64; 4],
    /// Where it lies in the work: `[x0, y0, x1, y1]`.
    pub work: [u64; 4],
    /// What the numbers count; always [`Unit::Px`].
    pub unit: Unit,
}

/// A part that both files share: a stretch of what runs on, or an area of what lies flat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MatchSegment {
    /// Of sound, film or text.
    Stretch(Span),
    /// Of a picture.
    Area(Area),
}

impl MatchSegment {
    /// Where it lies in the suspect file, two numbers of a stretch or four of an area.
    pub fn suspect(&self) -> &[u64] {
        match self {
            Self::Stretch(span) => &span.suspect,
            Self::Area(area) => &area.suspect,
        }
    }

    /// The same in the work.
    pub fn work(&self) -> &[u64] {
        match self {
            Self::Stretch(span) => &span.work,
            Self::Area(area) => &area.work,
        }
    }

    /// What the numbers count.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Stretch(span) => span.unit,
            Self::Area(area) => area.unit,
        }
    }
}

impl From<Span> for MatchSegment {
    fn from(span: Span) -> Self {
        Self::Stretch(span)
    }
}

impl From<Area> for MatchSegment {
    fn from(area: Area) -> Self {
        Self::Area(area)
    }
}

/// How the suspect was changed against the work, as the alignment solved it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// Speed of the suspect over that of the work; 1.02 runs two per cent fast.
    pub time_scale: f64,
    /// Pitch of the suspect over that of the work; 1.06 is about a semitone up.
    pub pitch_scale: f64,
    /// Shown in a mirror, left to right; of films alone, and left out when it is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mirrored: bool,
}

/// A stretch of a suspect that a work has too and that does not count, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtered {
    /// Where it lies in the suspect file: `[start, end)`.
    pub suspect: [u64; 2],
    /// What the range counts.
    pub unit: Unit,
    /// Why it does not count.
    pub reason: FilterReason,
    /// The work, or the file of the background, that holds it.
    pub by: String,
}

/// Why a shared stretch does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FilterReason {
    /// It stands in the background that the user gave: what everybody has.
    Background,
    /// The suspect follows another work there far more closely, which holds it as well.
    BetterSource,
}

/// One suspect file found to hold parts of one work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The suspect file, as the caller named it.
    pub suspect: String,
    /// The work, by its name in the index.
    pub work: String,
    /// The medium that both have in common.
    pub medium: Medium,
    /// Evidence in bits against the background model, after all tries are paid for.
    pub score_bits: f64,
    /// Number of matches this good expected by chance in a collection of this size.
    pub e_value: f64,
    /// Share of the matched stretch that agrees, `0.0..=1.0`.
    pub identity: f64,
    /// Where the copies lie: stretches in the order of the suspect file, areas the best first.
    pub segments: Vec<MatchSegment>,
    /// How the suspect was changed; absent for media without such a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// What speaks for the match of a film; absent for other media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<FilmEvidence>,
    /// Which null model the E-value is of; absent in what older programs wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_model: Option<calibration::NullModel>,
    /// What both files share and what was not counted, or not wholly; empty for media where nothing is filtered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filtered: Vec<Filtered>,
    /// Where the suspect stood in the history of a repository; absent when no history was read, or it stands in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect_history: Option<Box<history::Origin>>,
    /// The same of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_history: Option<Box<history::Origin>>,
}

/// What speaks for the match of a film, and how much each tells by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FilmEvidence {
    /// Whose bits make the score.
    pub carried_by: Carrier,
    /// Bits of the pictures alone; absent when they show nothing of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_bits: Option<f64>,
    /// Bits of the sound alone; absent when it holds nothing of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_bits: Option<f64>,
}

/// What carries the match of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Carrier {
    /// The moving pictures.
    Picture,
    /// The sound.
    Sound,
    /// Both, at the same moments of suspect and work: their bits were added.
    Both,
}
