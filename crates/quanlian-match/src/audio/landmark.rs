//! Landmarks: three peaks made into one key that survives a change of speed and of pitch.
//!
//! In:  peaks in order of time. Out: keys with positions for the reference side, look-ups for the query side.
//!
//! The key holds what a change of speed or pitch leaves alone: the two intervals between the three peaks and the
//! proportion of their two distances in time. The pitch of the first peak and the whole distance enter the key only in
//! coarse steps; their exact values travel in the low bits of the position, so that one look-up of a coarse step
//! answers every warp within it and tells which one it was. A query therefore probes a handful of neighbouring keys
//! instead of repeating itself for every speed and pitch.
//!
//! A position is `frame << 10 | pitch << 6 | distance`: frames of 16 ms from the start of the work, the pitch of the
//! first peak in sixteenths of a coarse step, the distance in frames.
//!
//! Why three peaks and not four, and why the strongest: measured in `docs/SCALE.md`.
//!
//! Not here: the peaks ([`super::peaks`]), voting ([`super::candidates`]).

use super::peaks::Peak;
use crate::segment::mix;

/// A reference makes landmarks of peaks below this rank.
pub(super) const REFERENCE_RANK: u8 = 16;

/// A query makes landmarks of peaks below this rank: it must contain the peaks of the reference and its own noise.
pub(super) const QUERY_RANK: u8 = 34;

/// A reference combines each peak with so many later ones, the strongest in reach: strong peaks outlive noise.
const REFERENCE_TARGETS: usize = 4;

/// And files this many landmarks for each peak, those of the strongest peaks: about 39 a second.
const REFERENCE_LANDMARKS: usize = 3;

/// A query for an unchanged copy combines each peak with so many later ones, since noise may have pushed in between.
const DENSE_TARGETS: usize = 8;

/// A query for a changed copy makes landmarks of peaks below this rank, few more than the reference has: it has many
/// more keys to look up for each landmark.
const SPARSE_RANK: u8 = 18;

/// And combines each peak with so many later ones.
const SPARSE_TARGETS: usize = 5;

/// The second peak follows the first after this many frames at least.
const MIN_STEP_FRAMES: u32 = 3;

/// The third peak follows the first after this many frames at least, so that the proportion is worth something.
const MIN_SPAN_FRAMES: u32 = 14;

/// The third peak follows the first after this many frames at most: 1 s.
const MAX_SPAN_FRAMES: u32 = 62;

/// The later peaks lie within this many bands of the first.
const MAX_INTERVAL_BANDS: f32 = 28.5;

/// Three peaks closer than this in pitch are one steady note and tell nothing.
const MIN_INTERVAL_BANDS: f32 = 0.75;

/// Steps of the key per band of interval.
const INTERVAL_STEPS: f32 = 2.0;

/// Steps of the key for the proportion of the distances.
const PROPORTION_STEPS: f32 = 16.0;

/// Bands in one coarse step of pitch.
const COARSE_PITCH_BANDS: f32 = 12.0;

/// Ratio between coarse steps of distance.
const COARSE_SPAN_RATIO: f32 = 1.3;

/// Error of a measured interval, in bands: so near to the edge of a step, a query probes the next one too.
const INTERVAL_ERROR_BANDS: f32 = 0.125;

/// Error of a measured distance in time, in frames.
const STEP_ERROR_FRAMES: f32 = 0.8;

/// Bits of a position below the frame.
pub(super) const POSITION_FRAME_SHIFT: u32 = 10;

/// The highest frame of a work that is filed; 18 hours.
pub(super) const MAX_FRAME: u32 = u32::MAX >> POSITION_FRAME_SHIFT;

/// Which speeds and pitches a query is compared under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Warps {
    /// Largest shift of pitch either way, in bands.
    pub(super) pitch_bands: f32,
    /// Largest change of tempo either way, as a share.
    pub(super) tempo_share: f32,
}

impl Warps {
    /// Unchanged sound, with room for the error of measurement.
    pub(super) const IDENTITY: Self = Self {
        pitch_bands: 0.7,
        tempo_share: 0.0,
    };
    /// Two semitones and a ninth of the tempo either way, in any combination.
    pub(super) const FULL: Self = Self {
        pitch_bands: 6.6,
        tempo_share: 0.115,
    };
}

/// One landmark, measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landmark {
    /// Frame of the first peak.
    pub(super) frame: u32,
    /// Pitch of the first peak.
    pub(super) band: f32,
    /// Frames from the first peak to the third.
    pub(super) span: u32,
    step: u32,
    interval_two: f32,
    interval_three: f32,
    /// Sum of the ranks of the second and third peak.
    weakness: u16,
}

/// What a posting tells about the landmark of the reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReferencePoint {
    pub(super) frame: u64,
    pub(super) band_in_step: f32,
    pub(super) span: u32,
}

/// One key to look up, and what is needed to judge the postings that it yields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup {
    /// The key behind its place in a segment, so that look-ups in this order read it from front to back.
    pub(super) order: u64,
    /// Index of the landmark in the list that the look-ups were made from.
    pub(super) landmark: u32,
}

impl Lookup {
    fn new(key: u64, landmark: u32) -> Self {
        Self {
            order: mix(key, KEY_BITS) << KEY_BITS | key,
            landmark,
        }
    }

    pub(super) fn key(self) -> u64 {
        self.order & ((1 << KEY_BITS) - 1)
    }

    /// Lowest pitch of the coarse step, so that `floor + band_in_step` is the pitch in the reference.
    pub(super) fn pitch_floor(self) -> f32 {
        (self.key() / KEYS_PER_PITCH) as f32 * COARSE_PITCH_BANDS
    }
}

/// The reference side: keys with positions of all landmarks of `peaks`, which are in order of time.
pub(super) fn reference_postings(peaks: &[Peak], emit: &mut dyn FnMut(u64, u32)) {
    let strong = below(peaks, REFERENCE_RANK);
    let mut own: Vec<Landmark> = Vec::new();
    for anchor in 0..strong.len() {
        own.clear();
        landmarks_of(&strong, anchor, REFERENCE_TARGETS, &mut |landmark| {
            own.push(landmark);
        });
        own.sort_by_key(|landmark| landmark.weakness);
        for landmark in own.iter().take(REFERENCE_LANDMARKS) {
            if let Some((key, position)) = landmark.posting() {
                emit(key, position);
            }
        }
    }
}

/// The query side: all landmarks that start at one of `peaks`, which are in order of time.
pub(super) fn dense_landmarks(peaks: &[Peak]) -> Vec<Landmark> {
    all_landmarks(&below(peaks, QUERY_RANK), DENSE_TARGETS)
}

/// The landmarks that a copy in good condition shares with its work: of strong peaks alone.
pub(super) fn sparse_landmarks(peaks: &[Peak]) -> Vec<Landmark> {
    all_landmarks(&below(peaks, SPARSE_RANK), SPARSE_TARGETS)
}

fn below(peaks: &[Peak], rank: u8) -> Vec<Peak> {
    peaks.iter().copied().filter(|peak| peak.rank < rank).collect()
}

fn all_landmarks(peaks: &[Peak], targets: usize) -> Vec<Landmark> {
    let mut landmarks = Vec::new();
    for anchor in 0..peaks.len() {
        landmarks_of(peaks, anchor, targets, &mut |landmark| landmarks.push(landmark));
    }
    landmarks
}

/// The landmarks of one peak with two of the strongest `targets` peaks in reach behind it.
fn landmarks_of(peaks: &[Peak], anchor: usize, targets: usize, sink: &mut dyn FnMut(Landmark)) {
    let first = peaks[anchor];
    let mut chosen: Vec<Peak> = peaks[anchor + 1..]
        .iter()
        .take_while(|peak| peak.frame - first.frame <= MAX_SPAN_FRAMES)
        .filter(|peak| peak.frame - first.frame >= MIN_STEP_FRAMES)
        .filter(|peak| (peak.band - first.band).abs() <= MAX_INTERVAL_BANDS)
        .copied()
        .collect();
    chosen.sort_by_key(|peak| (peak.rank, peak.frame));
    chosen.truncate(targets);
    chosen.sort_by(|a, b| a.frame.cmp(&b.frame).then(a.band.total_cmp(&b.band)));
    for (number, third) in chosen.iter().enumerate() {
        let (span, interval_three) = (third.frame - first.frame, third.band - first.band);
        if span < MIN_SPAN_FRAMES {
            continue;
        }
        for second in &chosen[..number] {
            let (step, interval_two) = (second.frame - first.frame, second.band - first.band);
            let steady = interval_two.abs() < MIN_INTERVAL_BANDS && interval_three.abs() < MIN_INTERVAL_BANDS;
            if !steady && span - step >= MIN_STEP_FRAMES {
                sink(Landmark {
                    frame: first.frame,
                    band: first.band,
                    span,
                    step,
                    interval_two,
                    interval_three,
                    weakness: u16::from(second.rank) + u16::from(third.rank),
                });
            }
        }
    }
}

impl Landmark {
    fn posting(&self) -> Option<(u64, u32)> {
        let coarse_pitch = (self.band / COARSE_PITCH_BANDS).floor();
        let key = key(
            coarse_pitch as u64,
            coarse_span(self.span as f32) as u64,
            interval_step(self.interval_two).round(),
            interval_step(self.interval_three).round(),
            self.proportion().round(),
        )?;
        let pitch = (self.band / COARSE_PITCH_BANDS).fract() * 16.0;
        let position = self.frame << POSITION_FRAME_SHIFT | (pitch as u32) << 6 | self.span;
        Some((key, position))
    }

    fn proportion(&self) -> f32 {
        PROPORTION_STEPS * self.step as f32 / self.span as f32
    }

    /// Every key under which a reference would have filed this landmark, given `warps`.
    pub(super) fn lookups(&self, landmark: u32, warps: Warps, sink: &mut Vec<Lookup>) {
        let lowest = ((self.band - warps.pitch_bands) / COARSE_PITCH_BANDS)
            .floor()
            .max(0.0) as u64;
        let highest = ((self.band + warps.pitch_bands) / COARSE_PITCH_BANDS)
            .floor()
            .max(0.0) as u64;
        let span = self.span as f32;
        let shortest = coarse_span(span * (1.0 - warps.tempo_share) - 1.0) as u64;
        let longest = coarse_span(span * (1.0 + warps.tempo_share) + 1.0) as u64;
        let interval_error = INTERVAL_ERROR_BANDS * INTERVAL_STEPS;
        let proportion_error = PROPORTION_STEPS * STEP_ERROR_FRAMES / span;
        for coarse_pitch in lowest..=highest {
            for coarse_span in shortest..=longest {
                for two in near_steps(interval_step(self.interval_two), interval_error) {
                    for three in near_steps(interval_step(self.interval_three), interval_error) {
                        for share in near_steps(self.proportion(), proportion_error) {
                            if let Some(key) = key(coarse_pitch, coarse_span, two, three, share) {
                                sink.push(Lookup::new(key, landmark));
                            }
                        }
                    }
                }
            }
        }
    }
}

impl ReferencePoint {
    /// Of a position whose frame counts from the start of the whole collection.
    pub(super) fn of_place(place: u64) -> Self {
        Self {
            frame: place >> POSITION_FRAME_SHIFT,
            band_in_step: ((place >> 6 & 15) as f32 + 0.5) * COARSE_PITCH_BANDS / 16.0,
            span: (place & 63) as u32,
        }
    }
}

/// Steps from the lowest interval; the highest is [`INTERVALS`] less one.
fn interval_step(interval: f32) -> f32 {
    (interval + MAX_INTERVAL_BANDS) * INTERVAL_STEPS
}

fn coarse_span(span: f32) -> f32 {
    ((span.max(1.0) / MIN_SPAN_FRAMES as f32).ln() / COARSE_SPAN_RATIO.ln())
        .floor()
        .max(0.0)
}

/// The steps that `value` may round to when it is measured with this error, itself in steps.
fn near_steps(value: f32, error: f32) -> impl Iterator<Item = f32> {
    let nearest = value.round();
    let rest = value - nearest;
    let above = (rest + error > 0.5).then_some(nearest + 1.0);
    let below = (rest - error < -0.5).then_some(nearest - 1.0);
    std::iter::once(nearest).chain(above).chain(below)
}

/// Bits of a key: just enough for all combinations, so that a large collection has one list for each of them.
pub(super) const KEY_BITS: u32 = 24;

const COARSE_PITCHES: u64 = 14;
const COARSE_SPANS: u64 = 6;
const INTERVALS: u64 = 115;
/// From 1 to 15 sixteenths.
const PROPORTIONS: u64 = 15;

/// Keys of one coarse pitch.
const KEYS_PER_PITCH: u64 = COARSE_SPANS * INTERVALS * INTERVALS * PROPORTIONS;

const _: () = assert!(COARSE_PITCHES * KEYS_PER_PITCH <= 1 << KEY_BITS);

/// The key of these steps; `None` when no reference can have it.
fn key(coarse_pitch: u64, coarse_span: u64, two: f32, three: f32, proportion: f32) -> Option<u64> {
    // A negative step becomes none of the allowed ones.
    let step = |value: f32, count: u64| (value >= 0.0 && value < count as f32).then_some(value as u64);
    let intervals = step(two, INTERVALS)? * INTERVALS + step(three, INTERVALS)?;
    let pitch_and_span = (coarse_pitch < COARSE_PITCHES && coarse_span < COARSE_SPANS)
        .then_some(coarse_pitch * COARSE_SPANS + coarse_span)?;
    let proportion = step(proportion - 1.0, PROPORTIONS)?;
    Some((pitch_and_span * INTERVALS * INTERVALS + intervals) * PROPORTIONS + proportion)
}
