//! Films: fingerprints of moving pictures, and the search for copies of them in other films.
//!
//! In:  film files of any container that ffmpeg reads. Out: [`fingerprint_reference`] for the index, [`search`] for the
//! copies that a suspect holds, each with its time on both sides, its speed and whether it is mirrored.
//!
//! A film becomes six small grey pictures a second, without the bars around them ([`extract`]). Hashes of single
//! pictures point to places that look alike ([`candidates`]); a place counts only when what *changes* in the suspect
//! changes in the work in the same way ([`verify`]). What stands still is no evidence: two recordings of one fixed camera
//! are not copies of each other, however alike they look.
//!
//! Invariants: ffmpeg and ffprobe run as programs of their own under limits ([`process`]); memory is that of a minute of
//! pictures and at most some 2 kB for each second; the same file gives the same result with the same ffmpeg; nothing is
//! reported on likeness alone.
//!
//! Not here: the sound of a film (`audio`), where postings and reels are kept and how picture and sound are put together
//! (`collection`).

mod calibration;
mod candidates;
mod changes;
mod coarse;
mod decode;
mod extract;
mod frame;
mod header;
mod pace;
mod place;
mod probe;
pub(crate) mod process;
mod reel;
mod search;
mod segments;
#[cfg(test)]
mod tests;
mod verify;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::Path;

pub use decode::MAX_DURATION_MS;
pub use probe::{Container, FilmTrack, MAX_PIXELS, probe};

use crate::Span;
use crate::image::hash::HASH_KEY_BITS;
use crate::score::DEFAULT_MAX_E_VALUE;

/// Name and version of keys, looks and reels. An index made under another name cannot be searched.
pub const FAMILY: &str = "video/look/1";

/// Bits of a key that carry information.
pub const KEY_BITS: u32 = HASH_KEY_BITS;

/// Bytes of one look of a work: its step and two hashes.
pub const KEYFRAME_BYTES: usize = 4 + 2 * 32;

/// A suspect shorter than this shows too little to say anything.
pub const MIN_SUSPECT_MS: u64 = 2_000;

/// Less than this standing still is not worth a remark.
const MIN_STILL_PERCENT: u8 = 10;

const MS_PER_STEP: f64 = 1000.0 / decode::STEPS_PER_SECOND as f64;

/// The programs that read films.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Decodes.
    pub ffmpeg: OsString,
    /// Tells what is in a file.
    pub ffprobe: OsString,
}

impl Default for Tools {
    /// Those of the search path.
    fn default() -> Self {
        Self {
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
        }
    }
}

/// Why a file yields no moving pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum VideoError {
    /// The file cannot be opened or read.
    #[error("cannot read the file")]
    Open(#[source] io::Error),
    /// The program that reads films is not installed.
    #[error(
        "{program} is not installed, so the pictures of films cannot be read: install the package ffmpeg"
    )]
    NoProgram { program: &'static str },
    /// The program is there and cannot be started.
    #[error("{program} cannot be started")]
    Start {
        program: &'static str,
        source: io::Error,
    },
    /// The program did nothing for so long that it was stopped.
    #[error("{program} did nothing for {seconds} s on this file and was stopped")]
    Hangs { program: &'static str, seconds: u64 },
    /// The program could not read the file.
    #[error("ffmpeg cannot read the pictures: {said}")]
    Unreadable { said: String },
    /// The program answered in a way that it should not.
    #[error("the answer of ffprobe cannot be read")]
    BadAnswer,
    /// A track of pictures without a picture.
    #[error("the file holds no moving pictures")]
    NoPictures,
    /// Larger pictures than are read.
    #[error("the film has {width} × {height} pixels, at most {limit_pixels} are read")]
    TooLarge {
        width: u32,
        height: u32,
        limit_pixels: u64,
    },
}

impl VideoError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "video_open",
            Self::NoProgram { .. } => "video_no_ffmpeg",
            Self::Start { .. } => "video_ffmpeg_fails",
            Self::Hangs { .. } => "video_hangs",
            Self::Unreadable { .. } => "video_unreadable",
            Self::BadAnswer => "video_bad_answer",
            Self::NoPictures => "video_no_pictures",
            Self::TooLarge { .. } => "video_too_large",
        }
    }

    fn of_start(program: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::NoProgram { program }
        } else {
            Self::Start { program, source }
        }
    }
}

/// What the reader of a result should know about a film.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields say themselves")]
pub enum VideoNote {
    /// Only the beginning was looked at.
    DurationLimit { limit_ms: u64 },
    /// ffmpeg stopped doing anything in the middle of the film; the rest was left out.
    GivenUp,
    /// Parts could not be decoded, or the file ends early.
    Damaged { said: String },
    /// Shorter than [`MIN_SUSPECT_MS`]; finding nothing means nothing.
    TooShort { duration_ms: u64 },
    /// Black or of one colour: nothing to go by, so nothing is found in it and it is found in nothing.
    Featureless,
    /// Next to nothing moves in so much of it: for that part it is not determined whether it is a copy.
    Still { percent: u8 },
}

impl VideoNote {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DurationLimit { .. } => "video_duration_limit",
            Self::GivenUp => "video_given_up",
            Self::Damaged { .. } => "video_damaged",
            Self::TooShort { .. } => "video_too_short",
            Self::Featureless => "video_featureless",
            Self::Still { .. } => "video_still",
        }
    }
}

/// What a search needs of a collection of films. Items are numbered from 0.
///
/// The looks of all works lie one behind the other on one axis, two places each.
pub trait VideoIndex: Sync {
    /// Calls `visit` with the index of a key in `keys` and a place of it, for every place of every key; an index may
    /// leave out a key that has more than `limit` of them.
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64));
    /// The work that lies at a place of the axis, and the place where it starts.
    fn work_at(&self, place: u64) -> Option<(u32, u64)>;
    /// The bytes of [`VideoItem::keyframes`]; `None` for a number that is no item, or one that was removed.
    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>>;
    /// The bytes of [`VideoItem::reel`].
    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>>;
    /// [`VideoItem::steps`] of one work.
    fn steps(&self, item: u32) -> u32;
    /// The same of all works together, which the E-value pays for.
    fn total_steps(&self) -> u64;
}

/// A work, as the index keeps it beside its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoItem {
    /// Length of the film.
    pub duration_ms: u64,
    /// Sixths of a second that it was cut into.
    pub steps: u32,
    /// Pixels of a picture as stored.
    pub width: u32,
    /// The same.
    pub height: u32,
    /// Looks of single pictures, at most two a second, [`KEYFRAME_BYTES`] each; keys are made from them.
    pub keyframes: Vec<u8>,
    /// What can be seen of movement, packed, for verification.
    pub reel: Vec<u8>,
    /// What was wrong with the file.
    pub notes: Vec<VideoNote>,
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
pub struct VideoMatch {
    /// Number of the work in the index.
    pub item: u32,
    /// Evidence in bits against chance, after all tries are paid for.
    pub score_bits: f64,
    /// Number of matches this good expected by chance in this search.
    pub e_value: f64,
    /// Share of the matched stretches in which picture and movement agree.
    pub identity: f64,
    /// Where the copies lie, in the order of the suspect.
    pub segments: Vec<Span>,
    /// Speed of the suspect over that of the work, in the best segment.
    pub time_scale: f64,
    /// Whether the best segment shows the work in a mirror.
    pub mirrored: bool,
}

/// The answer to one search.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoSearch {
    /// Length of the suspect.
    pub duration_ms: u64,
    /// Works found, best first.
    pub matches: Vec<VideoMatch>,
    /// Works that a part of the suspect looks like in which next to nothing moves: not determined.
    pub alike: Vec<u32>,
    /// What was wrong with the file, or makes its result say little.
    pub notes: Vec<VideoNote>,
}

/// Makes a work searchable: returns what the index keeps of it, from which [`index_keys`] makes its keys.
pub fn fingerprint_reference(path: &Path, track: &FilmTrack, tools: &Tools) -> Result<VideoItem, VideoError> {
    let mut film = extract::extract(path, track, tools, extract::OF_WORK, false)?;
    let shown = film.shown.pop().ok_or(VideoError::NoPictures)?;
    let mut notes = film.notes;
    if shown.looks.is_empty() {
        notes.push(VideoNote::Featureless);
    }
    Ok(VideoItem {
        duration_ms: film.duration_ms,
        steps: film.steps,
        width: track.width,
        height: track.height,
        keyframes: candidates::write(&shown.looks),
        reel: shown.reel,
        notes,
    })
}

/// Hands the keys of a work and their places to `emit`; 32 for each look.
pub fn index_keys(keyframes: &[u8], emit: &mut dyn FnMut(u64, u32)) {
    candidates::index_keys(keyframes, emit);
}

/// Places that so many bytes of looks take on the axis of a collection.
pub fn places_of(keyframe_bytes: u64) -> u64 {
    2 * (keyframe_bytes / KEYFRAME_BYTES as u64)
}

/// Finds the works of `index` that the film at `path` shows parts of.
pub fn search<I: VideoIndex>(
    path: &Path,
    track: &FilmTrack,
    tools: &Tools,
    index: &I,
    options: &SearchOptions,
) -> Result<VideoSearch, VideoError> {
    let film = extract::extract(path, track, tools, extract::OF_SUSPECT, true)?;
    let answer = search::search(&film, index);
    let mut notes = film.notes.clone();
    if film.steps < search::MIN_WINDOW_STEPS {
        notes.push(VideoNote::TooShort {
            duration_ms: film.duration_ms,
        });
    }
    if film.shown.iter().all(|s| s.looks.is_empty()) {
        notes.push(VideoNote::Featureless);
    } else {
        let percent = (100 * answer.still / answer.windows.max(1)) as u8;
        if percent >= MIN_STILL_PERCENT {
            notes.push(VideoNote::Still { percent });
        }
    }
    let matches: Vec<VideoMatch> = (answer.found.into_iter())
        .filter(|f| f.score.is_within(options.max_e_value))
        .map(|f| VideoMatch {
            item: f.item,
            score_bits: f.score.bits,
            e_value: f.score.e_value,
            identity: f.identity,
            segments: f.segments,
            time_scale: f.time_scale,
            mirrored: f.mirrored,
        })
        .collect();
    let alike = (answer.alike.into_iter())
        .filter(|item| !matches.iter().any(|m| m.item == *item))
        .collect();
    Ok(VideoSearch {
        duration_ms: film.duration_ms,
        matches,
        alike,
        notes,
    })
}
