//! Sound: fingerprints of works, and the search for copies of them in other files.
//!
//! In:  sound and film files of any common format. Out: [`fingerprint_reference`] for the index, [`search`] for the
//! copies that a suspect holds.
//!
//! Sound becomes peaks of a log-frequency spectrum ([`peaks`]), peaks become keys of three ([`landmark`]) that survive
//! a change of speed and pitch, equal keys point to candidate places ([`candidates`]), and a place counts only when the
//! peaks themselves fall on those of the work far more often than at any other delay ([`verify`]).
//!
//! Invariants: streaming, so memory does not follow the length of a file; the same bytes give the same result
//! everywhere; nothing is reported on equal keys alone.
//!
//! Not here: where postings and constellations are kept (`collection`), cover versions and hummed tunes (out of scope:
//! a copy is of the same recording).

mod calibration;
mod candidates;
mod clips;
mod constellation;
pub mod decode;
mod landmark;
mod monitor;
mod opus;
mod peaks;
mod resample;
#[cfg(test)]
mod scale;
mod search;
mod spectrum;
mod sweep;
#[cfg(test)]
mod tests;
mod verify;

use std::borrow::Cow;
use std::path::Path;

pub use clips::{AudioClip, AudioClips, search_clips};
pub use decode::{MAX_DURATION_MS, SAMPLE_RATE_HZ};
pub use monitor::{Monitor, Passage, PassageState};

use crate::score::DEFAULT_MAX_E_VALUE;
use crate::{Span, Transform};

/// Name and version of keys, positions and constellations. An index made under another name cannot be searched.
pub const FAMILY: &str = "audio/triple/2";

/// Bits of a key that carry information.
pub const KEY_BITS: u32 = landmark::KEY_BITS;

/// A suspect shorter than this holds too few peaks to say anything with certainty.
pub const MIN_SUSPECT_MS: u64 = 3_000;

/// Non-members that the null model was fitted to, and the score of the best of them (`docs/SCALE.md`).
pub(crate) const NON_MEMBERS: (u64, f64) = (1454, 8.7);

/// Why a file yields no sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("cannot read the file")]
    Open(#[source] std::io::Error),
    /// No bytes, or a header with no sound behind it.
    #[error("the file holds no sound")]
    Empty,
    /// The content is of no known sound or film format.
    #[error("the content is not sound of a known format")]
    NotAudio,
    /// A format that was recognised, but whose header contradicts itself.
    #[error("the header of the file is damaged: {problem}")]
    BadHeader { problem: &'static str },
    /// A film or container without a sound track.
    #[error("the file has no sound track")]
    NoSoundTrack,
    /// A format that is known but not decoded.
    #[error("the file needs a feature that is not supported: {feature}")]
    Unsupported { feature: &'static str },
    /// A sample rate that no sound has.
    #[error("{rate_hz} samples per second are out of range")]
    SampleRate { rate_hz: u32 },
    /// Not one packet could be decoded.
    #[error("no packet of the file could be decoded")]
    Damaged,
    /// A decoder failed in a way that it should not.
    #[error("the decoder gave up on this file")]
    DecoderPanicked,
}

impl AudioError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "audio_open",
            Self::Empty => "audio_empty",
            Self::NotAudio => "audio_not_audio",
            Self::BadHeader { .. } => "audio_bad_header",
            Self::NoSoundTrack => "audio_no_sound_track",
            Self::Unsupported { .. } => "audio_unsupported",
            Self::SampleRate { .. } => "audio_sample_rate",
            Self::Damaged => "audio_damaged",
            Self::DecoderPanicked => "audio_decoder_panicked",
        }
    }
}

/// What the reader of a result should know about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields say themselves")]
pub enum AudioNote {
    /// Packets that could not be decoded were skipped.
    BadPackets { count: u64 },
    /// The file ends before its sound does.
    CutShort,
    /// Only the beginning was read.
    DurationLimit { limit_ms: u64 },
    /// Shorter than [`MIN_SUSPECT_MS`]; finding nothing means nothing.
    TooShort { duration_ms: u64 },
    /// Silence, a steady tone or the like: no peaks to go by, so nothing can be found in it and it is found in nothing.
    Featureless,
}

impl AudioNote {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadPackets { .. } => "audio_bad_packets",
            Self::CutShort => "audio_cut_short",
            Self::DurationLimit { .. } => "audio_duration_limit",
            Self::TooShort { .. } => "audio_too_short",
            Self::Featureless => "audio_featureless",
        }
    }
}

/// What a search needs of a collection of works. Items are numbered from 0.
///
/// All works lie one behind the other on one axis of frames, in any order, with [`WORK_GAP_FRAMES`] between them; a
/// place is a position (see [`index_keys`]) whose frame counts from the start of that axis.
pub trait AudioIndex: Sync {
    /// Calls `visit` with the index of a key in `keys` and a place of it, for every place of every key; an index may
    /// leave out a key that has more than `limit` of them.
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64));
    /// Length of the axis.
    fn frames(&self) -> u64;
    /// The work that lies at a frame of the axis, and the frame where it starts.
    fn work_at(&self, frame: u64) -> Option<(u32, u64)>;
    /// The bytes of [`AudioItem::constellation`]; `None` for a number that is no item, or one that was removed.
    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>>;
    /// Length of one work.
    fn duration_ms(&self, item: u32) -> u64;
    /// Length of all works together, which the E-value pays for.
    fn total_duration_ms(&self) -> u64;
}

/// Bits of a place below its frame.
pub const PLACE_FRAME_SHIFT: u32 = landmark::POSITION_FRAME_SHIFT;

/// Frames between two works on the axis of a collection, so that no stretch of a suspect fits both.
pub const WORK_GAP_FRAMES: u64 = 64;

/// Frames that a work of this length takes on the axis of a collection, without the gap.
pub fn frames_of(duration_ms: u64) -> u64 {
    duration_ms * u64::from(SAMPLE_RATE_HZ) / 1000 / spectrum::HOP_SAMPLES as u64 + 1
}

/// A work, as the index keeps it beside its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioItem {
    /// Length of the sound.
    pub duration_ms: u64,
    /// Its peaks, about 70 bytes per second, for keys and for verification.
    pub constellation: Vec<u8>,
    /// What was wrong with the file.
    pub notes: Vec<AudioNote>,
}

/// What to search for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// Matches that chance would give more often than this are left out.
    pub max_e_value: f64,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            max_e_value: DEFAULT_MAX_E_VALUE,
        }
    }
}

/// One work found in a suspect.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioMatch {
    /// Number of the work in the index.
    pub item: u32,
    /// Evidence in bits against chance, after all tries are paid for.
    pub score_bits: f64,
    /// Number of matches this good expected by chance in this search.
    pub e_value: f64,
    /// Share of the work's peaks in the matched stretches that the suspect has too.
    pub identity: f64,
    /// Where the copies lie, in the order of the suspect.
    pub segments: Vec<Span>,
    /// Speed and pitch of the suspect over those of the work, in the best segment.
    pub transform: Transform,
}

/// The answer to one search.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioSearch {
    /// Length of the suspect.
    pub duration_ms: u64,
    /// Works found, best first.
    pub matches: Vec<AudioMatch>,
    /// What was wrong with the file, or makes its result say little.
    pub notes: Vec<AudioNote>,
}

/// Makes a work searchable: returns what the index keeps of it, from which [`index_keys`] makes its keys.
pub fn fingerprint_reference(path: &Path) -> Result<AudioItem, AudioError> {
    let mut finder = peaks::PeakFinder::new();
    let mut stars = constellation::ConstellationWriter::default();
    let mut take = |peak| stars.push(peak);
    let decoded = decode::decode_file(path, &mut |samples| finder.push(samples, &mut take))?;
    finder.finish(&mut take);
    let constellation = stars.into_bytes();
    let mut notes = decoded.notes;
    if constellation.is_empty() {
        notes.push(AudioNote::Featureless);
    }
    Ok(AudioItem {
        duration_ms: decoded.duration_ms,
        constellation,
        notes,
    })
}

/// Hands the keys of a work and their positions to `emit`; about 39 per second of music.
///
/// A position holds the frame (16 ms) from the start of the work in its upper 22 bits and details of the key in the
/// lower [`PLACE_FRAME_SHIFT`].
pub fn index_keys(constellation: &[u8], emit: &mut dyn FnMut(u64, u32)) {
    let peaks: Vec<peaks::Peak> = constellation::peaks_of(constellation).collect();
    landmark::reference_postings(&peaks, emit);
}

/// Finds the works of `index` that the file at `path` holds parts of.
pub fn search<I: AudioIndex>(
    path: &Path,
    index: &I,
    options: &SearchOptions,
) -> Result<AudioSearch, AudioError> {
    let mut finder = peaks::PeakFinder::new();
    let mut found = Vec::new();
    let mut take = |peak: peaks::Peak| {
        if peak.rank < landmark::QUERY_RANK {
            found.push(peak);
        }
    };
    let decoded = decode::decode_file(path, &mut |samples| finder.push(samples, &mut take))?;
    finder.finish(&mut take);
    let mut notes = decoded.notes;
    if decoded.duration_ms < MIN_SUSPECT_MS {
        notes.push(AudioNote::TooShort {
            duration_ms: decoded.duration_ms,
        });
    }
    if found.is_empty() {
        notes.push(AudioNote::Featureless);
    }
    let matches = search::search_peaks(&found, decoded.duration_ms, index, *options);
    Ok(AudioSearch {
        duration_ms: decoded.duration_ms,
        matches,
        notes,
    })
}
