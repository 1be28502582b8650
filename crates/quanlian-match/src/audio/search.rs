//! Search: the peaks of a suspect against an index, to matches with their segments.
//!
//! In:  the peaks of the whole suspect in order of time, and an [`AudioIndex`].
//! Out: [`AudioMatch`]es, best first.
//!
//! The suspect is taken in overlapping windows. Each window is first compared unchanged and by all its peaks; only when
//! nothing clear comes of that, by its strong peaks and under every family of changes, those of one factor first, and
//! then both factors at once. What a window shows is followed along its own line through the windows before and after
//! it ([`runs`]); the coinciding peaks of such a run are chained by the shared aligner, and each chain is cut to the
//! stretch that it explains, fitted again and weighed as a whole ([`segments`]).
//!
//! Invariants: windows are handled one after the other, so memory grows only with the list of peaks (some 400 bytes a
//! second, bounded by [`super::MAX_DURATION_MS`]); the result does not depend on the order of the index.
//!
//! Not here: votes ([`super::candidates`]), evidence ([`super::verify`], [`super::calibration`]).

pub(super) mod runs;
pub(super) mod segments;

use std::collections::BTreeMap;

use super::calibration;
use super::candidates::{Ballot, Family};
use super::constellation::Constellation;
use super::landmark::{Warps, dense_landmarks, sparse_landmarks};
use super::peaks::Peak;
use super::sweep::sweep;
use super::verify::{Alignment, Fitted, Line, fit, weigh};
use super::{AudioIndex, AudioMatch, SearchOptions};
use runs::segments_of_work;
use segments::summarise;

/// Frames in one window: 12 s.
pub(super) const WINDOW_FRAMES: u32 = 750;

/// Frames from one window to the next: 6 s.
const WINDOW_STEP_FRAMES: u32 = 375;

/// A window with fewer peaks than this is silence or a tone and is passed over.
pub(super) const MIN_WINDOW_PEAKS: usize = 12;

/// One way to look at a window.
struct Look {
    /// With all peaks, or the strong ones alone.
    all_peaks: bool,
    warps: Warps,
    /// Families of changes that the votes are counted under, and how many places of each are verified.
    families: &'static [(Family, usize)],
}

/// How a window is looked at until something clear comes of it: first as an unchanged copy in any condition, then as
/// one in good condition under every change of speed and pitch.
const LOOKS: [Look; 2] = [
    Look {
        all_peaks: true,
        warps: Warps::IDENTITY,
        families: &[(Family::Unchanged, 48)],
    },
    Look {
        all_peaks: false,
        warps: Warps::FULL,
        families: &[
            (Family::Speed, 24),
            (Family::Tempo, 24),
            (Family::Pitch, 24),
            (Family::Both, 32),
        ],
    },
];

/// In a collection of up to this length every delay of every work is counted where landmarks show nothing clear: it
/// costs some 2 ms an hour, and finds unchanged copies whose landmarks noise or speech broke. 4 h.
const MAX_SWEPT_MS: u64 = 4 * 3_600_000;

/// Fitted places of one look that are weighed against chance, which is the dearest step.
const WEIGHED_PLACES: usize = 16;

/// With this much evidence for a copy, the dearer ways are left out.
const CLEAR_BITS: f64 = 50.0;

/// Windows with less evidence than this are followed nowhere.
pub(super) const MIN_WINDOW_BITS: f64 = 5.0;

/// Windows belong together when their lines differ by no more than this where they meet.
pub(super) const MAX_JOINT_FRAMES: f32 = 12.0;

/// And by no more than this in pitch.
pub(super) const MAX_JOINT_BANDS: f32 = 0.6;

/// Finds the works that `peaks` were copied from.
pub(super) fn search_peaks<I: AudioIndex>(
    peaks: &[Peak],
    duration_ms: u64,
    index: &I,
    options: SearchOptions,
) -> Vec<AudioMatch> {
    let mut works = Works::new(index);
    let mut ballot = Ballot::new();
    let windows = windows(peaks);
    let mut found: BTreeMap<u32, Vec<(usize, Alignment)>> = BTreeMap::new();
    for (number, window) in windows.iter().enumerate() {
        for alignment in align_window(&peaks[window.clone()], index, &mut works, &mut ballot) {
            found.entry(alignment.item).or_default().push((number, alignment));
        }
    }
    let score = |bits| calibration::score(bits, index.total_duration_ms(), windows.len());
    let is_proved = |bits| score(bits).is_within(options.max_e_value);
    let mut matches: Vec<AudioMatch> = found
        .into_iter()
        .filter_map(|(item, seeds)| {
            let segments = segments_of_work(seeds, &windows, peaks, works.get(item)?, &is_proved);
            summarise(item, segments, &score, duration_ms, index, options)
        })
        .collect();
    matches.sort_by(|a, b| b.score_bits.total_cmp(&a.score_bits).then(a.item.cmp(&b.item)));
    matches
}

/// Constellations as they are needed.
pub(super) struct Works<'a, I> {
    index: &'a I,
    loaded: BTreeMap<u32, Option<Constellation>>,
}

/// More works than this are not kept in memory at once.
const MAX_LOADED_WORKS: usize = 512;

impl<'a, I: AudioIndex> Works<'a, I> {
    pub(super) fn new(index: &'a I) -> Self {
        Self {
            index,
            loaded: BTreeMap::new(),
        }
    }

    pub(super) fn get(&mut self, item: u32) -> Option<&Constellation> {
        if self.loaded.len() >= MAX_LOADED_WORKS && !self.loaded.contains_key(&item) {
            self.loaded.clear();
        }
        let index = self.index;
        self.loaded
            .entry(item)
            .or_insert_with(|| {
                index
                    .constellation(item)
                    .map(|bytes| Constellation::from_bytes(&bytes))
            })
            .as_ref()
    }
}

/// The windows, as ranges of indices into `peaks`.
fn windows(peaks: &[Peak]) -> Vec<std::ops::Range<usize>> {
    let mut windows = Vec::new();
    let Some(last) = peaks.last() else { return windows };
    let mut start = 0;
    loop {
        let end = start + WINDOW_FRAMES;
        // A last window of its own would be too short to say anything.
        let is_last = end + WINDOW_STEP_FRAMES / 4 > last.frame;
        let from = peaks.partition_point(|peak| peak.frame < start);
        let to = if is_last {
            peaks.len()
        } else {
            peaks.partition_point(|peak| peak.frame < end)
        };
        if to - from >= MIN_WINDOW_PEAKS {
            windows.push(from..to);
        }
        if is_last {
            return windows;
        }
        start += WINDOW_STEP_FRAMES;
    }
}

pub(super) fn align_window<I: AudioIndex>(
    peaks: &[Peak],
    index: &I,
    works: &mut Works<'_, I>,
    ballot: &mut Ballot,
) -> Vec<Alignment> {
    let mut best: Vec<Alignment> = Vec::new();
    for look in &LOOKS {
        let landmarks = if look.all_peaks {
            dense_landmarks(peaks)
        } else {
            sparse_landmarks(peaks)
        };
        let families = look.families.iter().map(|(family, _)| *family);
        ballot.collect(index, &landmarks, look.warps, families);
        let mut fitted: Vec<Fitted> = Vec::new();
        for &(family, limit) in look.families {
            for candidate in ballot.candidates(index, family, limit) {
                let Some(work) = works.get(candidate.item) else {
                    continue;
                };
                fitted.extend(fit(&candidate, peaks, work));
            }
        }
        best.extend(weighed(fitted, peaks, works));
        let is_clear = |best: &[Alignment]| best.iter().any(|alignment| alignment.bits >= CLEAR_BITS);
        if look.all_peaks && !is_clear(&best) && index.total_duration_ms() <= MAX_SWEPT_MS {
            best.extend(weighed(sweep(peaks, index, works), peaks, works));
        }
        if is_clear(&best) {
            break;
        }
    }
    without_repeats(best, peaks)
}

/// The best of the places, each once, as alignments that say something.
fn weighed<I: AudioIndex>(
    mut fitted: Vec<Fitted>,
    peaks: &[Peak],
    works: &mut Works<'_, I>,
) -> Vec<Alignment> {
    fitted.sort_by(|a, b| b.hits.cmp(&a.hits).then(a.item.cmp(&b.item)));
    let mut chosen: Vec<&Fitted> = Vec::new();
    for place in &fitted {
        let is_known =
            |other: &&Fitted| other.item == place.item && other.line.meets(&place.line, peaks[0].frame);
        if chosen.len() < WEIGHED_PLACES && !chosen.iter().any(is_known) {
            chosen.push(place);
        }
    }
    (chosen.iter())
        .filter_map(|place| {
            Some(weigh(
                (place.item, place.origin),
                &place.line,
                peaks,
                works.get(place.item)?,
            ))
        })
        .filter(|alignment| alignment.bits >= MIN_WINDOW_BITS)
        .collect()
}

/// The best alignments, each place once.
fn without_repeats(mut best: Vec<Alignment>, peaks: &[Peak]) -> Vec<Alignment> {
    best.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.item.cmp(&b.item)));
    let mut kept: Vec<Alignment> = Vec::new();
    for alignment in best {
        if !kept
            .iter()
            .any(|other| other.item == alignment.item && other.line.meets(&alignment.line, peaks[0].frame))
        {
            kept.push(alignment);
        }
    }
    kept
}

impl Line {
    /// Whether two lines say the same at `frame` of the suspect.
    pub(super) fn meets(&self, other: &Self, frame: u32) -> bool {
        (self.at(frame) - other.at(frame)).abs() <= MAX_JOINT_FRAMES
            && (self.pitch_shift - other.pitch_shift).abs() <= MAX_JOINT_BANDS
    }
}

#[cfg(test)]
mod tests;
