//! Candidates: where in which work a stretch of the query may come from.
//!
//! In:  the landmarks of one stretch of the query, and an index of references.
//! Out: the [`Candidate`]s with the most votes.
//!
//! Every posting that a look-up yields is a vote for one place in the collection, one shift of pitch and one scale of
//! time. One landmark measures the scale to a few per cent only, which smears the place; so votes are counted once
//! under each [`Family`] of changes, which knows the scale better and leaves out the votes that it cannot explain.
//! Votes are dealt out by place into lots that are counted one after the other in a small table; only the votes of the
//! fullest places are gathered and counted exactly. So the cost is linear in the postings, and memory in the votes.
//!
//! Not here: what a posting says ([`votes`]), whether a candidate is a copy ([`super::verify`]).

mod votes;

use rayon::prelude::*;

use super::AudioIndex;
use super::landmark::{Landmark, Lookup, Warps};
use super::spectrum::BANDS_PER_OCTAVE;
use votes::{
    Caller, LOWEST_PITCH_BANDS, MAX_LANDMARKS, PITCH_STEPS_PER_BAND, SPAN_ERROR_FRAMES, Vote, collect_share,
};

/// Frames in a cell of place; cells overlap by half.
const CELL_FRAMES: i64 = 16;

/// Bands in a cell of pitch shift; cells overlap by half.
const CELL_BANDS: f32 = 2.0;

/// Frames of the collection in one lot: 70 min, so that the tables of a lot stay in fast memory.
const LOT_FRAMES: u64 = 1 << 18;

/// A place lies at most so far outside the lot of its vote: what the scales of two families differ by.
const LOT_MARGIN_FRAMES: i64 = 1 << 10;

/// Half cells of one lot.
const LOT_SLOTS: usize = ((LOT_FRAMES.cast_signed() + 2 * LOT_MARGIN_FRAMES) / (CELL_FRAMES / 2)) as usize;

/// And a slot for votes that fall into none of these, and some so that tables start at round addresses.
const TABLE_SLOTS: usize = LOT_SLOTS + 64;

/// Into how many shares the work is split for several cores.
const SHARES: usize = 4;

/// Full places that are looked at more closely, about, under each family.
const GATHERED_PLACES: usize = 400;

/// A place needs this many votes to be looked at more closely.
const LOWEST_FLOOR: u8 = 2;

/// Places whose heights are compared at once.
const HEIGHTS_AT_ONCE: usize = 32;

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

/// A kind of change that fixes the scale of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Neither time nor pitch.
    Unchanged,
    /// Pitch alone.
    Pitch,
    /// Played faster or slower: time and pitch by the same factor.
    Speed,
    /// Time alone.
    Tempo,
    /// Time and pitch, each by a factor of its own.
    Both,
}

impl Family {
    const ALL: [Self; 5] = [Self::Unchanged, Self::Pitch, Self::Speed, Self::Tempo, Self::Both];
}

/// The place that each family gives a vote, or [`NO_PLACE`] when it does not explain it.
type Places = [i64; Family::ALL.len()];

/// Falls outside every lot.
const NO_PLACE: i64 = i64::MAX;

/// How full the places of some lots are, under each family.
struct Survey {
    /// Number of places of each height or more.
    heights: [[u32; 256]; Family::ALL.len()],
    /// Height of the fullest place of each lot.
    tops: Vec<[u8; Family::ALL.len()]>,
}

/// The votes for one stretch, in lots by place; the same ones whatever the number of threads.
pub(super) struct Ballot {
    callers: Vec<Caller>,
    lots: Vec<Vec<Vec<Vote>>>,
    /// Families that the votes are counted under.
    wanted: Vec<usize>,
    surveys: Vec<Survey>,
    /// Speed that belongs to each step of pitch.
    speeds: Vec<f32>,
    middle: f32,
}

impl Ballot {
    pub(super) fn new() -> Self {
        let speed = |step: u16| {
            let pitch = (f32::from(step) + 0.5) / PITCH_STEPS_PER_BAND + LOWEST_PITCH_BANDS;
            (pitch / BANDS_PER_OCTAVE).exp2()
        };
        Self {
            callers: Vec::new(),
            lots: Vec::new(),
            wanted: Vec::new(),
            surveys: Vec::new(),
            speeds: (0..256).map(speed).collect(),
            middle: 0.0,
        }
    }

    /// Collects the votes for `landmarks` under all of `warps`, to be counted under some families.
    pub(super) fn collect<I: AudioIndex>(
        &mut self,
        index: &I,
        landmarks: &[Landmark],
        warps: Warps,
        families: impl Iterator<Item = Family>,
    ) {
        self.wanted = families.map(|family| family as usize).collect();
        self.lots.clear();
        self.surveys.clear();
        self.callers.clear();
        let landmarks = &landmarks[..landmarks.len().min(MAX_LANDMARKS)];
        let (Some(first), Some(last)) = (landmarks.first(), landmarks.last()) else {
            return;
        };
        // Measured from the middle of the stretch, an error of the time scale moves the place least.
        self.middle = 0.5 * (first.frame + last.frame) as f32;
        self.callers.extend(landmarks.iter().map(|landmark| Caller {
            frame: landmark.frame,
            from_middle: landmark.frame as f32 - self.middle,
            span: landmark.span as f32,
            per_span: 1.0 / landmark.span as f32,
            band: landmark.band,
        }));
        let mut lookups: Vec<Lookup> = Vec::new();
        for (number, landmark) in landmarks.iter().enumerate() {
            landmark.lookups(number as u32, warps, &mut lookups);
        }
        lookups.sort_unstable_by_key(|lookup| lookup.order);
        let shares: Vec<&[Lookup]> = lookups.chunks(lookups.len().div_ceil(SHARES).max(1)).collect();
        let callers = &self.callers;
        self.lots = on_all_cores(&shares, |share| collect_share(index, callers, warps, share));
        self.surveys = on_chunks(&self.lot_numbers(), |lots| self.survey(lots));
    }

    /// The `limit` places with the most votes under one family of changes, best first.
    pub(super) fn candidates<I: AudioIndex>(
        &self,
        index: &I,
        family: Family,
        limit: usize,
    ) -> Vec<Candidate> {
        let own = family as usize;
        let mut places_with = [0_usize; 256];
        for survey in &self.surveys {
            for (total, count) in places_with.iter_mut().zip(&survey.heights[own]) {
                *total += *count as usize;
            }
        }
        debug_assert!(
            self.wanted.contains(&own),
            "votes are counted under a family first"
        );
        let mut floor = 255;
        while floor > usize::from(LOWEST_FLOOR) && places_with[floor - 1] <= GATHERED_PLACES {
            floor -= 1;
        }
        let tops = self.surveys.iter().flat_map(|survey| &survey.tops);
        let full: Vec<usize> = (tops.enumerate())
            .filter(|(_, top)| usize::from(top[own]) >= floor)
            .map(|(lot, _)| lot)
            .collect();
        let gathered: Vec<Vec<(i64, Vote)>> = on_chunks(&full, |lots| self.gather(lots, family, floor as u8));
        let mut members: Vec<(Cell, i64, Vote)> = Vec::new();
        for (place, vote) in gathered.into_iter().flatten() {
            members.extend(cells(place, vote).map(|cell| (cell, place, vote)));
        }
        members.sort_unstable_by_key(|(cell, place, vote)| {
            (*cell, self.callers[vote.landmark()].frame, *place, vote.order())
        });
        let mut found: Vec<Candidate> = members
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|cell| self.summarise(index, cell, family))
            .collect();
        found.sort_by(|a, b| {
            b.support
                .cmp(&a.support)
                .then(a.item.cmp(&b.item))
                .then(a.work_frame.total_cmp(&b.work_frame))
        });
        thin_out(found, limit)
    }

    fn lot_numbers(&self) -> Vec<usize> {
        (0..self.lots.first().map_or(0, Vec::len)).collect()
    }

    /// Counts the votes of some lots by half cell of place.
    fn survey(&self, lots: &[usize]) -> Survey {
        // The last slot of each family takes the votes that it does not explain.
        let mut slots = vec![0_u8; self.wanted.len() * TABLE_SLOTS];
        let mut survey = Survey {
            heights: [[0; 256]; Family::ALL.len()],
            tops: Vec::with_capacity(lots.len()),
        };
        for &lot in lots {
            for share in &self.lots {
                for &vote in &share[lot] {
                    let places = self.places(vote);
                    for (table, &family) in self.wanted.iter().enumerate() {
                        let count = &mut slots[table * TABLE_SLOTS + slot(lot, places[family])];
                        *count = count.saturating_add(1);
                    }
                }
            }
            let mut tops = [0; Family::ALL.len()];
            for (slots, &family) in slots.chunks(TABLE_SLOTS).zip(&self.wanted) {
                tops[family] = add_heights(&slots[..LOT_SLOTS], &mut survey.heights[family]);
            }
            slots.fill(0);
            survey.tops.push(tops);
        }
        survey
    }

    /// The votes of some lots whose place is at least `floor` high.
    fn gather(&self, lots: &[usize], family: Family, floor: u8) -> Vec<(i64, Vote)> {
        let mut slots = vec![0_u8; TABLE_SLOTS];
        let mut gathered = Vec::new();
        for &lot in lots {
            slots.fill(0);
            let placed: Vec<(usize, i64, Vote)> = (self.lots.iter().flat_map(|share| &share[lot]))
                .map(|&vote| {
                    let place = self.places(vote)[family as usize];
                    (slot(lot, place), place, vote)
                })
                .filter(|(slot, ..)| *slot < LOT_SLOTS)
                .collect();
            for (slot, ..) in &placed {
                slots[*slot] = slots[*slot].saturating_add(1);
            }
            let height = |slot: usize| slots[..LOT_SLOTS].get(slot).copied().unwrap_or(0);
            for (slot, place, vote) in placed {
                let neighbour = height(slot + 1).max(slot.checked_sub(1).map_or(0, height));
                if height(slot).saturating_add(neighbour) >= floor {
                    gathered.push((place, vote));
                }
            }
        }
        gathered
    }

    /// The place of the middle of the stretch under each family, if it explains the vote.
    #[inline]
    fn places(&self, vote: Vote) -> Places {
        let caller = self.callers[vote.landmark()];
        let span = vote.span();
        let speed = self.speeds[vote.pitch_step()];
        let place = |scale: f32| vote.frame().cast_signed() - i64::from((scale * caller.from_middle) as i32);
        let is_span = |scale: f32| (span - scale * caller.span).abs() <= SPAN_ERROR_FRAMES;
        // Chosen without branches, which could not be foreseen: this runs millions of times in a large collection.
        let when = |explained: bool, place: i64| if explained { place } else { NO_PLACE };
        let keeps_pitch = vote.pitch_shift().abs() <= Warps::IDENTITY.pitch_bands;
        let in_time = when(is_span(1.0), place(1.0));
        let stretched = place(span * caller.per_span);
        [
            when(keeps_pitch, in_time),
            in_time,
            when(is_span(speed), place(speed)),
            when(keeps_pitch, stretched),
            stretched,
        ]
    }

    /// Fits one line through the votes of a cell.
    fn summarise<I: AudioIndex>(
        &self,
        index: &I,
        cell: &[(Cell, i64, Vote)],
        family: Family,
    ) -> Option<Candidate> {
        let mut support = 0;
        let mut last = None;
        for (_, _, vote) in cell {
            let frame = self.callers[vote.landmark()].frame;
            if last != Some(frame) {
                support += 1;
                last = Some(frame);
            }
        }
        let mut frames: Vec<u64> = cell.iter().map(|(_, _, vote)| vote.frame()).collect();
        frames.sort_unstable();
        let (item, start) = index.work_at(frames[frames.len() / 2])?;
        let base = cell[0].1;
        let place = median(cell.iter().map(|(_, place, _)| (place - base) as f32));
        let pitch_shift = median(cell.iter().map(|(_, _, vote)| vote.pitch_shift()));
        let time_scale = match family {
            Family::Unchanged | Family::Pitch => 1.0,
            Family::Speed => (pitch_shift / BANDS_PER_OCTAVE).exp2(),
            Family::Tempo | Family::Both => median(
                cell.iter()
                    .map(|(_, _, vote)| vote.span() / self.callers[vote.landmark()].span),
            ),
        };
        Some(Candidate {
            item,
            support,
            pitch_shift,
            time_scale,
            query_frame: self.middle,
            work_frame: (base - start.cast_signed()) as f32 + place,
        })
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

/// The same for items that are cheap each.
fn on_chunks<T: Sync, R: Send>(items: &[T], act: impl Fn(&[T]) -> R + Sync + Send) -> Vec<R> {
    let chunks: Vec<&[T]> = items.chunks(items.len().div_ceil(SHARES).max(1)).collect();
    on_all_cores(&chunks, |chunk| act(chunk))
}

/// Adds the heights of the places of one lot to `heights`, and returns the greatest.
fn add_heights(slots: &[u8], heights: &mut [u32; 256]) -> u8 {
    let mut greatest = 0;
    // Nearly all places are empty, so that a look at many at once saves most of the looks at one.
    for (own, next) in slots
        .chunks(HEIGHTS_AT_ONCE)
        .zip(slots[1..].chunks(HEIGHTS_AT_ONCE))
    {
        let mut sums = [0_u8; HEIGHTS_AT_ONCE];
        for ((sum, own), next) in sums.iter_mut().zip(own).zip(next) {
            *sum = own.saturating_add(*next);
        }
        let top = sums.iter().fold(0, |top, sum| top.max(*sum));
        greatest = greatest.max(top);
        for height in LOWEST_FLOOR..=top {
            heights[usize::from(height)] += sums.iter().map(|sum| u32::from(*sum >= height)).sum::<u32>();
        }
    }
    greatest
}

/// The slot of a place in the table of a lot; [`LOT_SLOTS`] when it lies elsewhere.
#[inline]
fn slot(lot: usize, place: i64) -> usize {
    let start = (lot as u64 * LOT_FRAMES).cast_signed() - LOT_MARGIN_FRAMES;
    // A place before the lot becomes a very high number.
    (place.wrapping_sub(start) as u64 / (CELL_FRAMES as u64 / 2)).min(LOT_SLOTS as u64) as usize
}

/// A cell of place and shift of pitch.
type Cell = (i64, i32);

/// The four overlapping cells of a vote.
fn cells(place: i64, vote: Vote) -> [Cell; 4] {
    let half_place = place.div_euclid(CELL_FRAMES / 2);
    let half_pitch = (vote.pitch_shift() / (0.5 * CELL_BANDS)).floor() as i32;
    [
        (half_place, half_pitch),
        (half_place - 1, half_pitch),
        (half_place, half_pitch - 1),
        (half_place - 1, half_pitch - 1),
    ]
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
                && (other.work_frame - candidate.work_frame).abs() < CELL_FRAMES as f32
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
