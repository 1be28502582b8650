//! Votes: what the postings of the look-ups of one stretch say.
//!
//! In:  look-ups in the order of the index, and the landmarks they were made from.
//! Out: [`Vote`]s, dealt out by place.
//!
//! Not here: counting them ([`super::Ballot`]).

use super::{LOT_FRAMES, SHARES};
use crate::audio::AudioIndex;
use crate::audio::landmark::{Lookup, ReferencePoint, Warps};

/// Votes of one stretch that are kept at most; later ones are dropped, which only a hostile index can cause.
const MAX_VOTES: usize = 64_000_000;

/// Postings that no key is too common to have, whatever the size of the collection.
const COMMON_KEY: u64 = 64;

/// A key may have one more posting for each four hours of works.
const MS_PER_COMMON_POSTING: u64 = 4 * 3_600_000;

/// A spread of the measured distance of three peaks that is still the same: frames.
pub(super) const SPAN_ERROR_FRAMES: f32 = 1.5;

/// What one posting says, in 64 bits: place (34), landmark (14), distance in the reference (6), shift of pitch (8).
#[derive(Debug, Clone, Copy)]
pub(super) struct Vote(u64);

const VOTE_FRAME_BITS: u32 = 34;
const VOTE_LANDMARK_BITS: u32 = 14;
/// Landmarks of one stretch that can vote; 12 s of sound have about a third of that.
pub(super) const MAX_LANDMARKS: usize = 1 << VOTE_LANDMARK_BITS;
pub(super) const PITCH_STEPS_PER_BAND: f32 = 16.0;
pub(super) const LOWEST_PITCH_BANDS: f32 = -8.0;

impl Vote {
    pub(super) fn new(frame: u64, landmark: u32, span: u32, pitch_shift: f32) -> Self {
        let pitch = ((pitch_shift - LOWEST_PITCH_BANDS) * PITCH_STEPS_PER_BAND) as u64;
        let low = frame & ((1 << VOTE_FRAME_BITS) - 1) | u64::from(landmark) << VOTE_FRAME_BITS;
        Self(low | u64::from(span & 63) << 48 | pitch.min(255) << 54)
    }

    /// Any order that is the same for the same votes.
    pub(super) fn order(self) -> u64 {
        self.0
    }

    /// Frame of the reference, counted from the start of the collection.
    pub(super) fn frame(self) -> u64 {
        self.0 & ((1 << VOTE_FRAME_BITS) - 1)
    }

    pub(super) fn landmark(self) -> usize {
        (self.0 >> VOTE_FRAME_BITS) as usize & (MAX_LANDMARKS - 1)
    }

    pub(super) fn span(self) -> f32 {
        (self.0 >> 48 & 63) as f32
    }

    pub(super) fn pitch_step(self) -> usize {
        (self.0 >> 54 & 255) as usize
    }

    pub(super) fn pitch_shift(self) -> f32 {
        (self.pitch_step() as f32 + 0.5) / PITCH_STEPS_PER_BAND + LOWEST_PITCH_BANDS
    }
}

/// A landmark of the query, as counting needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) frame: u32,
    /// Frames from the middle of the stretch.
    pub(super) from_middle: f32,
    pub(super) span: f32,
    /// One over `span`.
    pub(super) per_span: f32,
    pub(super) band: f32,
}

/// A key with more postings than this tells too little for the time that it takes.
fn common_key(collection_ms: u64) -> u64 {
    COMMON_KEY + collection_ms / MS_PER_COMMON_POSTING
}

/// The votes that a share of the look-ups yields, in lots by place.
pub(super) fn collect_share<I: AudioIndex>(
    index: &I,
    callers: &[Caller],
    warps: Warps,
    lookups: &[Lookup],
) -> Vec<Vec<Vote>> {
    let lot_count = (index.frames() / LOT_FRAMES + 1) as usize;
    let mut lots: Vec<Vec<Vote>> = vec![Vec::new(); lot_count];
    let mut left = MAX_VOTES / SHARES;
    let limit = common_key(index.total_duration_ms());
    let same_keys: Vec<&[Lookup]> = lookups.chunk_by(|a, b| a.order == b.order).collect();
    let keys: Vec<u64> = same_keys.iter().map(|same_key| same_key[0].key()).collect();
    let spans: Vec<u64> = callers
        .iter()
        .map(|caller| accepted_spans(caller.span, warps))
        .collect();
    let mut takes: Vec<(usize, Accepted)> = Vec::new();
    let mut current = usize::MAX;
    index.for_each_place(&keys, limit, |index, place| {
        let pitch_floor = same_keys[index][0].pitch_floor();
        if current != index {
            current = index;
            takes.clear();
            takes.extend(same_keys[index].iter().map(|lookup| {
                let landmark = lookup.landmark as usize;
                let accepted = Accepted {
                    pitches: accepted_pitches(callers[landmark].band - pitch_floor, warps),
                    spans: spans[landmark],
                };
                (landmark, accepted)
            }));
        }
        for (landmark, accepted) in &takes {
            if accepted.takes(place) && left > 0 {
                left -= 1;
                let point = ReferencePoint::of_place(place);
                let caller = &callers[*landmark];
                let pitch_shift = caller.band - pitch_floor - point.band_in_step;
                let scale = point.span as f32 * caller.per_span;
                let offset = i64::from((scale * caller.from_middle) as i32);
                let lot = point.frame.saturating_add_signed(-offset) / LOT_FRAMES;
                if let Some(lot) = lots.get_mut(lot as usize) {
                    lot.push(Vote::new(point.frame, *landmark as u32, point.span, pitch_shift));
                }
            }
        }
    });
    lots
}

/// Which details of a place a landmark can be the same as, one bit each: most postings fail here, and cheaply.
struct Accepted {
    pitches: u32,
    spans: u64,
}

impl Accepted {
    #[inline]
    fn takes(&self, place: u64) -> bool {
        (self.spans >> (place & 63)) & u64::from(self.pitches >> (place >> 6 & 15)) & 1 == 1
    }
}

/// The distances in the reference that a distance in the query can be, one bit each.
fn accepted_spans(span: f32, warps: Warps) -> u64 {
    let slack = SPAN_ERROR_FRAMES + warps.tempo_share * span;
    let fits = |detail: &u64| (ReferencePoint::of_place(*detail).span as f32 - span).abs() <= slack;
    (0..64).filter(fits).fold(0, |spans, detail| spans | 1 << detail)
}

/// The pitches within a coarse step that a pitch in the query can be, one bit each.
fn accepted_pitches(band_above_step: f32, warps: Warps) -> u32 {
    let shift = |pitch: u32| band_above_step - ReferencePoint::of_place(u64::from(pitch) << 6).band_in_step;
    let fits = |pitch: &u32| shift(*pitch).abs() <= warps.pitch_bands;
    (0..16)
        .filter(fits)
        .fold(0, |pitches, pitch| pitches | 1 << pitch)
}
