//! Search: the peaks of a suspect against an index, to matches with their segments.
//!
//! In:  the peaks of the whole suspect in order of time, and an [`AudioIndex`].
//! Out: [`AudioMatch`]es, best first.
//!
//! The suspect is taken in overlapping windows. Each window is first compared unchanged and by all its peaks; only when
//! nothing clear comes of that, by its strong peaks and under every family of changes, those of one factor first, and
//! then both factors at once. Windows that continue one another in the same work are joined into a run, the run's
//! coinciding peaks are chained by the shared aligner, and each chain is cut to the stretch that it explains, fitted
//! again and weighed as a whole.
//!
//! Invariants: windows are handled one after the other, so memory grows only with the list of peaks (some 400 bytes a
//! second, bounded by [`super::MAX_DURATION_MS`]); the result does not depend on the order of the index.
//!
//! Not here: votes ([`super::candidates`]), evidence ([`super::verify`], [`super::calibration`]).

use std::collections::BTreeMap;

use super::calibration;
use super::candidates::{Ballot, Family, median};
use super::constellation::Constellation;
use super::landmark::{Warps, dense_landmarks, sparse_landmarks};
use super::peaks::Peak;
use super::spectrum::{BANDS_PER_OCTAVE, FRAMES_PER_SECOND, HOP_SAMPLES, WINDOW_SAMPLES};
use super::verify::{Alignment, Fitted, Line, coincidences, fit, weigh};
use super::{AudioIndex, AudioMatch, SAMPLE_RATE_HZ, SearchOptions};
use crate::align::{AlignOptions, Hit, chains};
use crate::score::Score;
use crate::{Span, Transform, Unit};

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

/// Fitted places of one look that are weighed against chance, which is the dearest step.
const WEIGHED_PLACES: usize = 16;

/// With this much evidence for a copy, the dearer ways are left out.
const CLEAR_BITS: f64 = 70.0;

/// Places of a window that are tried on its neighbours.
const MAX_CARRIED: usize = 6;

/// How far the peaks of a neighbour may lie off the line.
const CARRY_FRAMES: f32 = 4.0;

/// Windows with less evidence than this join no run.
const MIN_WINDOW_BITS: f64 = 6.0;

/// Windows belong together when their lines differ by no more than this where they meet.
const MAX_JOINT_FRAMES: f32 = 12.0;

/// And by no more than this in pitch.
const MAX_JOINT_BANDS: f32 = 0.6;

/// A copy may pause for this long and still be one segment: 4 s.
pub(super) const MAX_GAP_FRAMES: u32 = 250;

/// A change of speed below the error of measurement is reported as none: frames over the whole segment.
const TIME_ERROR_FRAMES: f32 = 4.0;

/// The same for pitch, in bands.
const PITCH_ERROR_BANDS: f32 = 0.12;

/// Middle of the first frame, which its peaks stand for.
const FRAME_MIDDLE_MS: f64 = 1000.0 * (WINDOW_SAMPLES / 2) as f64 / SAMPLE_RATE_HZ as f64;

pub(super) const MS_PER_FRAME: f64 = 1000.0 * HOP_SAMPLES as f64 / SAMPLE_RATE_HZ as f64;

/// Finds the works that `peaks` were copied from.
pub(super) fn search_peaks<I: AudioIndex>(
    peaks: &[Peak],
    duration_ms: u64,
    index: &I,
    options: SearchOptions,
) -> Vec<AudioMatch> {
    let mut works = Works::new(index);
    let mut ballot = Ballot::new();
    let mut runs: Vec<Run> = Vec::new();
    let windows = windows(peaks);
    let mut aligned: Vec<Vec<Alignment>> = windows
        .iter()
        .map(|window| align_window(&peaks[window.clone()], index, &mut works, &mut ballot))
        .collect();
    carry_on(&mut aligned, &windows, peaks, &mut works);
    for (number, (window, alignments)) in windows.iter().zip(aligned).enumerate() {
        for alignment in alignments {
            join(&mut runs, number, window.clone(), alignment, peaks);
        }
    }
    let score = |bits| calibration::score(bits, index.total_duration_ms(), windows.len());
    let mut by_work: BTreeMap<u32, Vec<Segment>> = BTreeMap::new();
    for run in runs {
        if let Some(work) = works.get(run.item) {
            by_work
                .entry(run.item)
                .or_default()
                .extend(segments_of(&run, peaks, work));
        }
    }
    let mut matches: Vec<AudioMatch> = by_work
        .into_iter()
        .filter_map(|(item, segments)| summarise(item, segments, &score, duration_ms, index, options))
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
        fitted.sort_by(|a, b| b.hits.cmp(&a.hits).then(a.item.cmp(&b.item)));
        let mut weighed: Vec<&Fitted> = Vec::new();
        for place in &fitted {
            let is_known =
                |other: &&Fitted| other.item == place.item && other.line.meets(&place.line, peaks[0].frame);
            if weighed.len() < WEIGHED_PLACES && !weighed.iter().any(is_known) {
                weighed.push(place);
            }
        }
        for place in weighed {
            if let Some(work) = works.get(place.item) {
                let found = weigh(place.item, &place.line, peaks, work);
                best.extend((found.bits >= MIN_WINDOW_BITS).then_some(found));
            }
        }
        if best.iter().any(|alignment| alignment.bits >= CLEAR_BITS) {
            break;
        }
    }
    without_repeats(best, peaks)
}

/// Tries what one window showed on its neighbours as well, forwards and then backwards.
///
/// Of the rounds of a loop each window may have found another one, and the end of a copy may be too short to be found
/// by itself; a copy goes on along its own line before anything else.
fn carry_on<I: AudioIndex>(
    aligned: &mut [Vec<Alignment>],
    windows: &[std::ops::Range<usize>],
    peaks: &[Peak],
    works: &mut Works<'_, I>,
) {
    let count = windows.len();
    let forwards = (1..count).map(|number| (number - 1, number));
    let backwards = (1..count).rev().map(|number| (number, number - 1));
    for (from, to) in forwards.chain(backwards) {
        let own = &peaks[windows[to].clone()];
        let known: Vec<Alignment> = aligned[from].iter().take(MAX_CARRIED).cloned().collect();
        for alignment in known {
            let meets = |other: &Alignment| {
                other.item == alignment.item && other.line.meets(&alignment.line, own[0].frame)
            };
            if !aligned[to].iter().any(meets) {
                aligned[to].extend(carried(&alignment, own, own[0].frame, works));
            }
        }
    }
}

/// `alignment` as `own`, the peaks of another window, have it; none when their line is another one at `joint`.
pub(super) fn carried<I: AudioIndex>(
    alignment: &Alignment,
    own: &[Peak],
    joint: u32,
    works: &mut Works<'_, I>,
) -> Option<Alignment> {
    let work = works.get(alignment.item)?;
    let line = alignment.line.refit(own, work, CARRY_FRAMES, MAX_JOINT_BANDS);
    let found = weigh(alignment.item, &line, own, work);
    let goes_on = found.bits >= MIN_WINDOW_BITS && found.line.meets(&alignment.line, joint);
    goes_on.then_some(found)
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

/// Windows that continue one another in one work.
pub(super) struct Run {
    pub(super) item: u32,
    pub(super) last_window: usize,
    pub(super) parts: Vec<(std::ops::Range<usize>, Alignment)>,
}

fn join(
    runs: &mut Vec<Run>,
    window: usize,
    range: std::ops::Range<usize>,
    alignment: Alignment,
    peaks: &[Peak],
) {
    let joint = peaks[range.start].frame;
    let continued = runs.iter_mut().rev().find(|run| {
        run.item == alignment.item
            && run.last_window + 1 == window
            && run
                .parts
                .last()
                .is_some_and(|(_, last)| last.line.meets(&alignment.line, joint))
    });
    match continued {
        Some(run) => {
            run.last_window = window;
            run.parts.push((range, alignment));
        }
        None => {
            runs.push(Run {
                item: alignment.item,
                last_window: window,
                parts: vec![(range, alignment)],
            });
        }
    }
}

/// One copied stretch.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Frames of the suspect, first and last.
    pub(super) suspect: (u32, u32),
    /// Frames of the work, first and last.
    pub(super) work: (f32, f32),
    pub(super) bits: f64,
    pub(super) identity: f64,
    pub(super) line: Line,
}

pub(super) fn segments_of(run: &Run, peaks: &[Peak], work: &Constellation) -> Vec<Segment> {
    let time_scale = median(run.parts.iter().map(|(_, alignment)| alignment.line.time_scale));
    let mut hits: BTreeMap<u32, Hit> = BTreeMap::new();
    let density = Density::of(run, peaks);
    for (range, alignment) in &run.parts {
        let own = &peaks[range.clone()];
        for (frame, count) in coincidences(&alignment.line, own, work) {
            // Where windows overlap, the earlier one's line stands.
            hits.entry(frame).or_insert(Hit {
                query: (frame as f32 * time_scale).round() as u32,
                work: alignment.line.at(frame).round().max(0.0) as u32,
                weight: count as f32,
            });
        }
    }
    let options = AlignOptions {
        max_gap: MAX_GAP_FRAMES,
        max_drift: MAX_JOINT_FRAMES as u32,
        drift_cost: 0.02,
        min_score: 4.0,
        max_chains: 64,
    };
    let best = run
        .parts
        .iter()
        .map(|(_, alignment)| alignment.bits)
        .fold(0.0, f64::max);
    chains(hits.into_values().collect(), &options)
        .iter()
        .filter_map(|chain| {
            let hits: Vec<(u32, f32)> = chain
                .hits
                .iter()
                .map(|hit| ((hit.query as f32 / time_scale).round() as u32, hit.weight))
                .collect();
            let (first, last) = density.stretch(&hits)?;
            let segment = weigh_stretch(run, peaks, work, (first, last))?;
            // The whole may bend where its windows did not; what a window proved stays proved.
            Some(if run.parts.len() == 1 {
                Segment {
                    bits: segment.bits.max(best),
                    ..segment
                }
            } else {
                segment
            })
        })
        .collect()
}

/// Coinciding peaks per frame, inside a copy and outside.
pub(super) struct Density {
    pub(super) copy: f64,
    pub(super) chance: f64,
}

impl Density {
    /// What the parts of `run` show of both.
    pub(super) fn of(run: &Run, peaks: &[Peak]) -> Self {
        let mut density = Self {
            copy: 0.0,
            chance: f64::INFINITY,
        };
        for (range, alignment) in &run.parts {
            let frames = f64::from(peaks[range.end - 1].frame - peaks[range.start].frame).max(1.0);
            density.copy = density.copy.max(f64::from(alignment.hits) / frames);
            density.chance = density.chance.min(alignment.chance_mean / frames);
        }
        density
    }

    /// The stretch of `hits`, frames with weights, that a copy explains best.
    ///
    /// Every hit counts its weight and every frame costs the rate at which copy and chance explain a frame equally
    /// well; the best run of that sum is the segment.
    pub(super) fn stretch(&self, hits: &[(u32, f32)]) -> Option<(u32, u32)> {
        // Chance was measured where it does best; elsewhere it gives about half as much.
        let chance = (0.5 * self.chance).clamp(1e-4, 0.5 * self.copy.max(1e-3));
        let copy = self.copy.max(2.0 * chance);
        let cost = (copy - chance) / (copy / chance).ln();
        let (mut best, mut sum, mut start) = ((0.0, 0, 0), 0.0, 0);
        for (index, (frame, weight)) in hits.iter().enumerate() {
            let gap = if index == 0 { 0 } else { frame - hits[index - 1].0 };
            sum -= cost * f64::from(gap);
            if sum <= 0.0 {
                (sum, start) = (0.0, index);
            }
            sum += f64::from(*weight);
            if sum > best.0 {
                best = (sum, start, index);
            }
        }
        (best.2 > best.1).then(|| (hits[best.1].0, hits[best.2].0))
    }
}

/// Fits and weighs the stretch of the suspect from frame `first` to frame `last`.
fn weigh_stretch(
    run: &Run,
    peaks: &[Peak],
    work: &Constellation,
    (first, last): (u32, u32),
) -> Option<Segment> {
    let from = peaks.partition_point(|peak| peak.frame < first);
    let to = peaks.partition_point(|peak| peak.frame <= last);
    let own = &peaks[from..to];
    let nearest = run.parts.iter().max_by(|a, b| {
        let overlap =
            |range: &std::ops::Range<usize>| range.end.min(to).saturating_sub(range.start.max(from));
        overlap(&a.0)
            .cmp(&overlap(&b.0))
            .then(a.1.bits.total_cmp(&b.1.bits))
    })?;
    let mut line = nearest.1.line;
    for (frames, bands) in [(8.0, 0.6), (3.0, 0.5)] {
        line = line.refit(own, work, frames, bands);
    }
    let whole = weigh(run.item, &line, own, work);
    let (work_first, work_last) = (line.at(first), line.at(last));
    let stars = work.between(work_first, work_last + 1.0).len().max(1);
    let identity = (f64::from(whole.hits) / stars as f64).min(1.0);
    Some(Segment {
        suspect: (first, last),
        work: (work_first, work_last),
        bits: whole.bits,
        identity,
        line,
    })
}

fn summarise<I: AudioIndex>(
    item: u32,
    mut segments: Vec<Segment>,
    score: &impl Fn(f64) -> Score,
    duration_ms: u64,
    index: &I,
    options: SearchOptions,
) -> Option<AudioMatch> {
    segments.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.suspect.cmp(&b.suspect)));
    let best = segments.first()?.clone();
    let total = score(best.bits);
    if !total.is_within(options.max_e_value) {
        return None;
    }
    let mut kept: Vec<Segment> = Vec::new();
    for segment in segments {
        let proved = score(segment.bits).is_within(options.max_e_value);
        // A loop fits itself at every round; of the places that one stretch fits, only the best is told.
        if proved
            && !kept
                .iter()
                .any(|other| overlap_share(segment.suspect, other.suspect) > 0.5)
        {
            kept.push(segment);
        }
    }
    kept.sort_by_key(|segment| segment.suspect);
    let frames: f64 = kept
        .iter()
        .map(|segment| f64::from(segment.suspect.1 - segment.suspect.0) + 1.0)
        .sum();
    let identity = kept
        .iter()
        .map(|s| s.identity * (f64::from(s.suspect.1 - s.suspect.0) + 1.0))
        .sum::<f64>()
        / frames;
    let work_ms = index.duration_ms(item);
    Some(AudioMatch {
        item,
        score_bits: total.bits,
        e_value: total.e_value,
        identity,
        segments: kept
            .iter()
            .map(|segment| span(segment, duration_ms, work_ms))
            .collect(),
        transform: transform(&best),
    })
}

/// Share of the shorter of two stretches of the suspect, first and last frame, that both have.
pub(super) fn overlap_share(a: (u32, u32), b: (u32, u32)) -> f64 {
    let common = f64::from(a.1.min(b.1)) - f64::from(a.0.max(b.0));
    let shorter = (a.1 - a.0).min(b.1 - b.0).max(1);
    common / f64::from(shorter)
}

pub(super) fn span(segment: &Segment, suspect_ms: u64, work_ms: u64) -> Span {
    let range = |first: f64, last: f64, limit: u64| {
        let to_ms = |frame: f64| (frame * MS_PER_FRAME + FRAME_MIDDLE_MS).round().max(0.0) as u64;
        [to_ms(first).min(limit), to_ms(last + 1.0).min(limit)]
    };
    Span {
        suspect: range(
            f64::from(segment.suspect.0),
            f64::from(segment.suspect.1),
            suspect_ms,
        ),
        work: range(f64::from(segment.work.0), f64::from(segment.work.1), work_ms),
        unit: Unit::Ms,
    }
}

pub(super) fn transform(segment: &Segment) -> Transform {
    let frames = (segment.suspect.1 - segment.suspect.0) as f32;
    let steady = (segment.line.time_scale - 1.0).abs() * frames <= TIME_ERROR_FRAMES
        || (segment.line.time_scale - 1.0).abs() < 0.5 / FRAMES_PER_SECOND / 10.0;
    let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let pitch = segment.line.pitch_shift;
    Transform {
        time_scale: if steady {
            1.0
        } else {
            round(f64::from(segment.line.time_scale))
        },
        pitch_scale: if pitch.abs() <= PITCH_ERROR_BANDS {
            1.0
        } else {
            round(f64::from(pitch / BANDS_PER_OCTAVE).exp2())
        },
        mirrored: false,
    }
}
