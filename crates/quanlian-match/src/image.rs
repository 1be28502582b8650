//! Pictures: fingerprints of works, and the search for copies of them in other pictures.
//!
//! In:  picture files of any common format. Out: [`fingerprint_reference`] for the index, [`search`] for the copies that
//! a suspect holds, each with its box on both sides.
//!
//! A picture is known by the hash of the whole ([`hash`]), which finds what was re-encoded, resized, coloured, mirrored
//! or turned; and by features of single spots ([`feature`]), which find what was cropped, framed, laid under text, put
//! into a screenshot or turned by any angle. Both are keys in the one posting index and lead to candidates
//! ([`candidates`]); a candidate counts only when the spots themselves fall on those of the work far more often than the
//! look of the picture explains, or when hash and greys agree ([`verify`]).
//!
//! Invariants: sizes, frames and memory are bounded before they are used ([`decode`]); the same bytes give the same
//! result everywhere; nothing is reported on equal keys alone; pictures of one colour, of one repeated pattern or of
//! nothing but text match nothing but themselves.
//!
//! Not here: where postings and records are kept (`collection`), moving pictures beyond a few frames, what a picture
//! shows (two photographs of one thing are not copies of each other).

mod calibration;
mod candidates;
pub mod decode;
mod feature;
mod geometry;
pub(crate) mod hash;
mod medians;
pub(crate) mod plane;
mod record;
mod region;
mod scale_space;
mod search;
#[cfg(test)]
mod tests;
mod verify;

use std::borrow::Cow;
use std::path::Path;

pub(crate) use decode::heif::is_heif;
pub use hash::GUARANTEED_RADIUS;

use crate::score::DEFAULT_MAX_E_VALUE;
use crate::{Area, Unit};
use plane::Plane;

/// Name and version of keys, positions and records. An index made under another name cannot be searched.
pub const FAMILY: &str = "image/sketch/1";

/// Bits of a key that carry information: those of a feature or of a band of a hash, and one to tell them apart.
pub const KEY_BITS: u32 = candidates::FEATURE_KEY_BITS + 1;

/// Side to which works are scaled before they are looked at.
const WORK_SIDE: usize = 512;
/// The same for suspects, larger because a work may fill a part of them only.
const SUSPECT_SIDE: usize = 640;
/// Features of a work that are kept.
const MAX_WORK_FEATURES: usize = 400;
/// Frames of a moving picture whose hashes differ in more bits are different pictures.
const MIN_FRAME_DISTANCE: u32 = 48;
/// A suspect with fewer features than this and a hash of low quality holds nothing to go by.
const MIN_FEATURES: usize = 8;

/// The hash of a frame of a work.
pub type Hash = [u64; 4];

/// Why a file yields no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ImageError {
    /// The file cannot be opened or read.
    #[error("cannot read the file")]
    Open(#[source] std::io::Error),
    /// No bytes, or a header with no picture behind it.
    #[error("the file holds no picture")]
    Empty,
    /// The content is of no picture format that is read here.
    #[error("the content is not a picture of a known format")]
    NotAPicture,
    /// A file longer than any picture that is read.
    #[error("the file has {size_bytes} bytes, at most {limit_bytes} are read")]
    FileTooLong { size_bytes: u64, limit_bytes: u64 },
    /// More pixels than are read.
    #[error("the picture has {width} × {height} pixels, at most {limit_pixels} are read")]
    TooLarge {
        width: u32,
        height: u32,
        limit_pixels: u64,
    },
    /// The decoder would need more memory than it may have.
    #[error("decoding the picture takes more than {limit_bytes} bytes of memory")]
    TakesTooMuch { limit_bytes: u64 },
    /// A format that is known, with a feature that is not.
    #[error("the picture needs a feature that is not supported: {0}")]
    Unsupported(String),
    /// The content contradicts itself or ends early.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
    /// The program that reads AVIF and HEIC is not installed.
    #[error(
        "ffmpeg is not installed, so AVIF and HEIC pictures cannot be read: install the package ffmpeg, or save the picture as PNG or JPEG"
    )]
    NoProgram,
    /// The program did nothing for so long that it was stopped.
    #[error("ffmpeg did nothing for {seconds} s on this picture and was stopped")]
    Hangs { seconds: u64 },
    /// The program could not read the picture.
    #[error(
        "this ffmpeg cannot read the picture (HEIC needs version 7 or later): save it as PNG or JPEG; it says: {said}"
    )]
    Foreign { said: String },
    /// A decoder failed in a way that it should not.
    #[error("the decoder gave up on this file")]
    DecoderPanicked,
}

impl ImageError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "image_open",
            Self::Empty => "image_empty",
            Self::NotAPicture => "image_not_a_picture",
            Self::FileTooLong { .. } => "image_file_too_long",
            Self::TooLarge { .. } => "image_too_large",
            Self::TakesTooMuch { .. } => "image_takes_too_much",
            Self::Unsupported(_) => "image_unsupported",
            Self::Damaged(_) => "image_damaged",
            Self::NoProgram => "image_no_ffmpeg",
            Self::Hangs { .. } => "image_hangs",
            Self::Foreign { .. } => "image_foreign",
            Self::DecoderPanicked => "image_decoder_panicked",
        }
    }
}

/// What the reader of a result should know about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields say themselves")]
pub enum ImageNote {
    /// Only the first frames of a moving picture were looked at.
    FrameLimit { read: u64 },
    /// The file ends before its last frame does.
    CutShort,
    /// One colour, a smooth gradient or the like: nothing to go by, so it is found in nothing.
    Featureless,
}

impl ImageNote {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FrameLimit { .. } => "image_frame_limit",
            Self::CutShort => "image_cut_short",
            Self::Featureless => "image_featureless",
        }
    }
}

/// What a search needs of a collection of works. Items are numbered from 0.
pub trait ImageIndex: Sync {
    /// Calls `visit` with item and position of every posting of `key`; an index may leave out a key that has more than
    /// `limit` of them.
    fn for_each_posting(&self, key: u64, limit: u64, visit: impl FnMut(u32, u32));
    /// [`ImageItem::hashes`]; empty for a number that is no item. Asked often, so it should lie in memory.
    fn hashes(&self, item: u32) -> &[Hash];
    /// The bytes of [`ImageItem::record`]; `None` for a number that is no item, or one that was removed.
    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>>;
    /// Width and height of a work.
    fn size(&self, item: u32) -> [u32; 2];
    /// Number of works, which the E-value pays for.
    fn pictures(&self) -> u64;
}

/// A work, as the index keeps it beside its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageItem {
    /// Width of the picture in pixels, upright.
    pub width: u32,
    /// Height of the picture in pixels, upright.
    pub height: u32,
    /// A hash for each frame.
    pub hashes: Vec<Hash>,
    /// Features and a thumbnail of each frame, at most some 10 kB, for verification.
    pub record: Vec<u8>,
    /// What was wrong with the file.
    pub notes: Vec<ImageNote>,
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
pub struct ImageMatch {
    /// Number of the work in the index.
    pub item: u32,
    /// Evidence in bits against chance, after all tries are paid for.
    pub score_bits: f64,
    /// Number of matches this good expected by chance in this search.
    pub e_value: f64,
    /// Share of the area in the best copy that looks the same in both.
    pub identity: f64,
    /// Boxes of the copies, the best first.
    pub segments: Vec<Area>,
}

/// The answer to one search.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSearch {
    /// Width of the suspect in pixels, upright.
    pub width: u32,
    /// Height of the suspect in pixels, upright.
    pub height: u32,
    /// Works found, best first.
    pub matches: Vec<ImageMatch>,
    /// What was wrong with the file, or makes its result say little.
    pub notes: Vec<ImageNote>,
}

/// Makes a work searchable: hands its keys and positions to `emit` and returns what else the index keeps.
///
/// Up to 16 keys for the hash and about 400 for the features of each frame; positions are opaque to the index.
pub fn fingerprint_reference(path: &Path, emit: &mut dyn FnMut(u64, u32)) -> Result<ImageItem, ImageError> {
    let decoded = decode::decode_file(path, WORK_SIDE, &differ)?;
    let mut record = record::start(decoded.frames.len());
    let mut hashes = Vec::with_capacity(decoded.frames.len());
    let mut featureless = true;
    for (number, plane) in decoded.frames.iter().enumerate() {
        let waves = hash::Waves::of(plane);
        let own = waves.hash(hash::directions()[0]);
        if waves.quality >= hash::MIN_QUALITY {
            hash::keys(&own).for_each(|key| emit(hash_key(key), number as u32));
        }
        let features = feature::features(plane, MAX_WORK_FEATURES);
        for feature in &features {
            emit(
                candidates::key(feature.sketch),
                candidates::position(number, feature),
            );
        }
        record::push(&mut record, plane, waves.quality, &own, &features);
        hashes.push(own);
        featureless &= features.len() < MIN_FEATURES && waves.quality < hash::MIN_QUALITY;
    }
    let mut notes = decoded.notes;
    if featureless {
        notes.push(ImageNote::Featureless);
    }
    Ok(ImageItem {
        width: decoded.width,
        height: decoded.height,
        hashes,
        record,
        notes,
    })
}

/// Finds the works of `index` that the picture at `path` holds parts of.
pub fn search<I: ImageIndex>(
    path: &Path,
    index: &I,
    options: &SearchOptions,
) -> Result<ImageSearch, ImageError> {
    let decoded = decode::decode_file(path, SUSPECT_SIDE, &differ)?;
    let mut featureless = true;
    let mut matches: Vec<ImageMatch> = Vec::new();
    for plane in &decoded.frames {
        let (hits, substance) = search::search_plane(plane, index);
        featureless &= substance.features < MIN_FEATURES && substance.quality < hash::MIN_QUALITY;
        for hit in hits {
            let found = describe(&hit, [decoded.width, decoded.height], index);
            match matches.iter_mut().find(|m| m.item == found.item) {
                Some(known) if known.score_bits >= found.score_bits => {}
                Some(known) => *known = found,
                None => matches.push(found),
            }
        }
    }
    matches.retain(|m| m.e_value <= options.max_e_value);
    matches.sort_by(|a, b| b.score_bits.total_cmp(&a.score_bits).then(a.item.cmp(&b.item)));
    let mut notes = decoded.notes;
    if featureless {
        notes.push(ImageNote::Featureless);
    }
    Ok(ImageSearch {
        width: decoded.width,
        height: decoded.height,
        matches,
        notes,
    })
}

fn describe<I: ImageIndex>(hit: &search::Hit, suspect: [u32; 2], index: &I) -> ImageMatch {
    let bits: Vec<f64> = hit.copies.iter().map(|c| c.bits).collect();
    let score = calibration::score(&bits, index.pictures());
    let area = |copy: &search::Copy| Area {
        suspect: pixels(copy.alignment.suspect_box, suspect),
        work: pixels(copy.alignment.work_box, index.size(hit.item)),
        unit: Unit::Px,
    };
    // A further copy is told when it stands on its own feet.
    let told =
        (hit.copies.iter().enumerate()).filter(|(i, c)| *i == 0 || calibration::is_further_copy(c.bits));
    ImageMatch {
        item: hit.item,
        score_bits: score.bits,
        e_value: score.e_value,
        identity: f64::from(hit.copies[0].alignment.identity),
        segments: told.map(|(_, copy)| area(copy)).collect(),
    }
}

/// A box in long sides as one in pixels, never empty.
fn pixels(area: [f32; 4], [width, height]: [u32; 2]) -> [u64; 4] {
    let long = width.max(height) as f32;
    let at = |value: f32, side: u32| (value * long).round().clamp(0.0, side as f32) as u64;
    let (x0, y0) = (at(area[0], width), at(area[1], height));
    let (x1, y1) = (at(area[2], width), at(area[3], height));
    let (x0, y0) = (
        x0.min(u64::from(width).saturating_sub(1)),
        y0.min(u64::from(height).saturating_sub(1)),
    );
    [x0, y0, x1.max(x0 + 1), y1.max(y0 + 1)]
}

/// Whether two frames of a moving picture are different pictures.
fn differ(a: &Plane, b: &Plane) -> bool {
    let hash = |plane: &Plane| hash::Waves::of(plane).hash(hash::directions()[0]);
    hash::distance(&hash(a), &hash(b)) > MIN_FRAME_DISTANCE
}

/// The key of a band of a hash among all keys.
fn hash_key(key: u64) -> u64 {
    debug_assert!(key < 1 << hash::HASH_KEY_BITS);
    1 << candidates::FEATURE_KEY_BITS | key
}
