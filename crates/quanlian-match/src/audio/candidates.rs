//! Candidates: where in which work a stretch of the query may come from.
//!
//! In:  the landmarks of one stretch of the query, and an index of references.
//! Out: the [`Candidate`]s with the most votes.
//!
//! Every posting that a look-up yields is a vote for one work, one place in it and one shift of pitch. Votes are
//! counted in a table of fixed size by hash of that cell; only the votes of the fullest cells are then gathered and
//! counted exactly. So the cost is linear in the postings and independent of the size of the works.
//!
//! Not here: whether a candidate is a copy ([`super::verify`]).

use rayon::prelude::*;

use super::AudioIndex;
use super::landmark::{Landmark, Lookup, ReferencePoint, Warps};

/// Frames in a cell of place; cells overlap by half.
const CELL_FRAMES: f32 = 16.0;

/// Bands in a cell of pitch shift.
const CELL_BANDS: f32 = 2.0;

/// Counters in the table; a power of two.
const TABLE_SLOTS: usize = 1 << 20;

/// Votes of one stretch that are kept at most; later ones are dropped, which only a hostile index can cause.
const MAX_VOTES: usize = 4_000_000;

/// Postings that no key is too common to have, whatever the size of the collection.
const COMMON_KEY: u64 = 64;

/// A key may have one more posting for each hour of works.
const MS_PER_COMMON_POSTING: u64 = 3_600_000;

/// Into how many shares the work is split for several cores.
const SHARES: usize = 8;

/// Votes gathered for exact counting, about.
const GATHERED_VOTES: usize = 6_000;

/// A spread of the measured distance of three peaks that is still the same: frames.
const SPAN_ERROR_FRAMES: f32 = 1.6;

/// A place in a work that the votes point to.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) item: u32,
    /// Landmarks that voted, each start of a landmark counted once.
    pub(super) support: usize,
    /// Bands by which the query is higher than the work.
    pub(super) pitch_shift: f32,
    /// Frames of the work per frame of the query.
    pub(super) time_scale: f32,
    /// This frame of the query, the middle of the stretch, ...
    pub(super) query_frame: f32,
    /// ... lies at this frame of the work.
    pub(super) work_frame: f32,
}

#[derive(Debug, Clone, Copy)]
struct Vote {
    item: u32,
    query_frame: u32,
    work_frame: u32,
    pitch_shift: f32,
    /// Estimated from one landmark, so good to a few per cent only.
    time_scale: f32,
    /// Whether it also speaks for a copy that is unchanged.
    unchanged: bool,
}

/// A cell: work, place in it, shift of pitch.
type Cell = (u32, i32, i32);

/// A slot that no vote falls into.
const NO_SLOT: u32 = u32::MAX;

/// The votes for one stretch, and a table to count them in that is reused from stretch to stretch.
pub(super) struct Ballot {
    slots: Vec<u16>,
    /// In shares, the same ones whatever the number of threads.
    votes: Vec<Vec<Vote>>,
    lookups: Vec<Lookup>,
    middle: f32,
}

impl Ballot {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![0; TABLE_SLOTS],
            votes: Vec::new(),
            lookups: Vec::new(),
            middle: 0.0,
        }
    }

    /// Collects the votes for `landmarks` under all of `warps`.
    pub(super) fn collect<I: AudioIndex>(&mut self, index: &I, landmarks: &[Landmark], warps: Warps) {
        self.votes.clear();
        let Some(middle) = middle_frame(landmarks) else {
            return;
        };
        self.middle = middle;
        self.lookups.clear();
        for (number, landmark) in landmarks.iter().enumerate() {
            landmark.lookups(number as u32, warps, &mut self.lookups);
        }
        self.lookups.sort_unstable_by_key(|lookup| lookup.order);
        let shares: Vec<&[Lookup]> = self
            .lookups
            .chunks(self.lookups.len().div_ceil(SHARES).max(1))
            .collect();
        self.votes = on_all_cores(&shares, |share| collect_share(index, landmarks, warps, share));
    }

    /// The `limit` places with the most votes, best first; with `unchanged`, of those for an unchanged copy alone.
    pub(super) fn candidates(&mut self, unchanged: bool, limit: usize) -> Vec<Candidate> {
        let middle = self.middle;
        let slots_of_votes: Vec<Vec<[u32; 2]>> = on_all_cores(&self.votes, |votes| {
            let of = |vote: &Vote| cells(vote, middle, unchanged).map(slot);
            votes
                .iter()
                .map(|vote| {
                    if unchanged && !vote.unchanged {
                        [NO_SLOT; 2]
                    } else {
                        of(vote)
                    }
                })
                .collect()
        });
        for &slot in slots_of_votes.iter().flatten().flatten() {
            if let Some(count) = self.slots.get_mut(slot as usize) {
                *count = count.saturating_add(1);
            }
        }
        let floor = self.floor();
        let mut gathered: Vec<(Cell, Vote)> = Vec::new();
        for (votes, slots) in self.votes.iter().zip(&slots_of_votes) {
            for (vote, slots) in votes.iter().zip(slots) {
                for (half, &slot) in slots.iter().enumerate() {
                    if self.slots.get(slot as usize).is_some_and(|count| *count >= floor) {
                        let mut vote = *vote;
                        if unchanged {
                            vote.time_scale = 1.0;
                        }
                        gathered.push((cells(&vote, middle, unchanged)[half], vote));
                    }
                }
            }
        }
        self.slots.fill(0);
        gathered.sort_unstable_by_key(|(cell, vote)| (*cell, vote.query_frame, vote.work_frame));
        let mut found: Vec<Candidate> = gathered
            .chunk_by(|a, b| a.0 == b.0)
            .map(|cell| summarise(cell, middle))
            .collect();
        found.sort_by(|a, b| {
            b.support
                .cmp(&a.support)
                .then(a.item.cmp(&b.item))
                .then(a.work_frame.total_cmp(&b.work_frame))
        });
        thin_out(found, limit)
    }

    /// The count that a cell needs for its votes to be gathered.
    fn floor(&self) -> u16 {
        let mut with_count = [0_usize; 256];
        for &count in &self.slots {
            with_count[usize::from(count).min(255)] += 1;
        }
        let mut gathered = 0;
        for count in (2..256).rev() {
            gathered += count * with_count[count];
            if gathered > GATHERED_VOTES {
                return count as u16;
            }
        }
        2
    }
}

/// One search uses all cores, unless it is one of several that share them already.
fn on_all_cores<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if rayon::current_thread_index().is_some() {
        items.iter().map(act).collect()
    } else {
        items.par_iter().map(act).collect()
    }
}

/// A key with more postings than this tells too little for the time that it takes.
fn common_key(collection_ms: u64) -> u64 {
    COMMON_KEY + collection_ms / MS_PER_COMMON_POSTING
}

fn collect_share<I: AudioIndex>(
    index: &I,
    landmarks: &[Landmark],
    warps: Warps,
    lookups: &[Lookup],
) -> Vec<Vote> {
    let mut votes = Vec::new();
    let limit = common_key(index.total_duration_ms());
    for same_key in lookups.chunk_by(|a, b| a.order == b.order) {
        let pitch_floor = same_key[0].pitch_floor();
        index.for_each_posting(same_key[0].key(), limit, |item, position| {
            let point = ReferencePoint::of_position(position);
            for lookup in same_key {
                let landmark = &landmarks[lookup.landmark as usize];
                let pitch_shift = landmark.band - pitch_floor - point.band_in_step;
                let (own, other) = (landmark.span as f32, point.span as f32);
                let slack = SPAN_ERROR_FRAMES + warps.tempo_share * own;
                if pitch_shift.abs() <= warps.pitch_bands
                    && (other - own).abs() <= slack
                    && votes.len() < MAX_VOTES / SHARES
                {
                    votes.push(Vote {
                        item,
                        query_frame: landmark.frame,
                        work_frame: point.frame,
                        pitch_shift,
                        time_scale: other / own,
                        unchanged: pitch_shift.abs() <= Warps::IDENTITY.pitch_bands
                            && (other - own).abs() <= SPAN_ERROR_FRAMES,
                    });
                }
            }
        });
    }
    votes
}

fn middle_frame(landmarks: &[Landmark]) -> Option<f32> {
    let (first, last) = (landmarks.first()?, landmarks.last()?);
    Some(0.5 * (first.frame + last.frame) as f32)
}

/// The two overlapping cells of a vote.
fn cells(vote: &Vote, middle: f32, unchanged: bool) -> [Cell; 2] {
    let time_scale = if unchanged { 1.0 } else { vote.time_scale };
    // Measured from the middle of the stretch, an error of the time scale moves the place least.
    let place = (vote.work_frame as f32 - time_scale * (vote.query_frame as f32 - middle)) / CELL_FRAMES;
    let pitch = floor(vote.pitch_shift / CELL_BANDS + 0.5);
    [
        (vote.item, 2 * floor(place), pitch),
        (vote.item, 2 * floor(place + 0.5) - 1, pitch),
    ]
}

/// `f32::floor` is a call on machines without SSE 4.1; this is two instructions.
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    whole - i32::from(value < whole as f32)
}

fn slot((item, place, pitch): Cell) -> u32 {
    let mixed = u64::from(item).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(place as u32).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ u64::from(pitch as u32).wrapping_mul(0x1656_67b1_9e37_79f9);
    (mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 44) as u32 % TABLE_SLOTS as u32
}

/// Fits one line through the votes of a cell.
fn summarise(cell: &[(Cell, Vote)], middle: f32) -> Candidate {
    let votes = || cell.iter().map(|(_, vote)| vote);
    let mut support = 0;
    let mut last = None;
    for vote in votes() {
        if last != Some(vote.query_frame) {
            support += 1;
            last = Some(vote.query_frame);
        }
    }
    let time_scale = median(votes().map(|vote| vote.time_scale));
    let place = median(votes().map(|v| v.work_frame as f32 - v.time_scale * (v.query_frame as f32 - middle)));
    Candidate {
        item: cell[0].0.0,
        support,
        pitch_shift: median(votes().map(|vote| vote.pitch_shift)),
        time_scale,
        query_frame: middle,
        work_frame: place,
    }
}

pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable_by(f32::total_cmp);
    values[values.len() / 2]
}

/// Keeps the best `limit` candidates that are not the same place twice.
fn thin_out(found: Vec<Candidate>, limit: usize) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::with_capacity(limit);
    for candidate in found {
        let same = |other: &Candidate| {
            other.item == candidate.item
                && (other.work_frame - candidate.work_frame).abs() < CELL_FRAMES
                && (other.pitch_shift - candidate.pitch_shift).abs() < CELL_BANDS
        };
        if !kept.iter().any(same) {
            kept.push(candidate);
            if kept.len() == limit {
                break;
            }
        }
    }
    kept
}
