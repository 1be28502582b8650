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

use super::AudioIndex;
use super::landmark::{Landmark, Lookup, ReferencePoint, Warps};

/// Frames in a cell of place; cells overlap by half.
const CELL_FRAMES: f32 = 16.0;

/// Bands in a cell of pitch shift.
const CELL_BANDS: f32 = 2.0;

/// Counters in the table; a power of two.
const TABLE_SLOTS: usize = 1 << 20;

/// Votes of one stretch that are kept at most; later ones are dropped, which only a hostile index can cause.
const MAX_VOTES: usize = 6_000_000;

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
}

/// A voting table that is reused from stretch to stretch.
pub(super) struct Ballot {
    slots: Vec<u16>,
    votes: Vec<Vote>,
    lookups: Vec<Lookup>,
}

impl Ballot {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![0; TABLE_SLOTS],
            votes: Vec::new(),
            lookups: Vec::new(),
        }
    }

    /// The `limit` places with the most votes for `landmarks`, best first.
    pub(super) fn candidates<I: AudioIndex>(
        &mut self,
        index: &I,
        landmarks: &[Landmark],
        warps: Warps,
        limit: usize,
    ) -> Vec<Candidate> {
        let Some(middle) = middle_frame(landmarks) else {
            return Vec::new();
        };
        self.collect(index, landmarks, warps);
        let floor = self.count(middle);
        let mut gathered: Vec<((u32, i32, i32), Vote)> = Vec::new();
        for vote in &self.votes {
            for cell in cells(vote, middle) {
                if self.slots[slot(cell)] >= floor {
                    gathered.push((cell, *vote));
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

    fn collect<I: AudioIndex>(&mut self, index: &I, landmarks: &[Landmark], warps: Warps) {
        self.lookups.clear();
        for (number, landmark) in landmarks.iter().enumerate() {
            landmark.lookups(number as u32, warps, &mut self.lookups);
        }
        // In order of key, so that a memory-mapped index is read from front to back.
        self.lookups.sort_unstable_by_key(|lookup| lookup.key);
        self.votes.clear();
        let votes = &mut self.votes;
        for same_key in self.lookups.chunk_by(|a, b| a.key == b.key) {
            index.for_each_posting(same_key[0].key, |item, position| {
                let point = ReferencePoint::of_position(position);
                for lookup in same_key {
                    let landmark = &landmarks[lookup.landmark as usize];
                    let pitch_shift = landmark.band - lookup.pitch_floor - point.band_in_step;
                    let (own, other) = (landmark.span as f32, point.span as f32);
                    let slack = SPAN_ERROR_FRAMES + warps.tempo_share * own;
                    if pitch_shift.abs() <= warps.pitch_bands
                        && (other - own).abs() <= slack
                        && votes.len() < MAX_VOTES
                    {
                        let time_scale = if warps.tempo_share == 0.0 {
                            1.0
                        } else {
                            other / own
                        };
                        votes.push(Vote {
                            item,
                            query_frame: landmark.frame,
                            work_frame: point.frame,
                            pitch_shift,
                            time_scale,
                        });
                    }
                }
            });
        }
    }

    /// Fills the table and returns the count that a cell needs for its votes to be gathered.
    fn count(&mut self, middle: f32) -> u16 {
        for vote in &self.votes {
            for cell in cells(vote, middle) {
                let slot = &mut self.slots[slot(cell)];
                *slot = slot.saturating_add(1);
            }
        }
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

fn middle_frame(landmarks: &[Landmark]) -> Option<f32> {
    let (first, last) = (landmarks.first()?, landmarks.last()?);
    Some(0.5 * (first.frame + last.frame) as f32)
}

/// The two overlapping cells of a vote: work, place, shift of pitch.
fn cells(vote: &Vote, middle: f32) -> [(u32, i32, i32); 2] {
    // Measured from the middle of the stretch, an error of the time scale moves the place least.
    let place = (vote.work_frame as f32 - vote.time_scale * (vote.query_frame as f32 - middle)) / CELL_FRAMES;
    let pitch = (vote.pitch_shift / CELL_BANDS).round() as i32;
    [
        (vote.item, 2 * place.floor() as i32, pitch),
        (vote.item, 2 * (place + 0.5).floor() as i32 - 1, pitch),
    ]
}

fn slot((item, place, pitch): (u32, i32, i32)) -> usize {
    let mixed = u64::from(item).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(place as u32).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ u64::from(pitch as u32).wrapping_mul(0x1656_67b1_9e37_79f9);
    (mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 44) as usize % TABLE_SLOTS
}

/// Fits one line through the votes of a cell.
fn summarise(cell: &[((u32, i32, i32), Vote)], middle: f32) -> Candidate {
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
