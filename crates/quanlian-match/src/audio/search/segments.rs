//! Segments: from windows that belong together to the stretches that were copied, and what is told of them.
//!
//! In:  a [`Run`] of windows along nearly one line, the peaks of the suspect, the constellation of the work.
//! Out: [`Segment`]s with their evidence, and for each work the [`AudioMatch`] made of them.
//!
//! Invariant: no stretch of the suspect is told twice for one work.
//!
//! Not here: which windows belong together ([`super`]), evidence ([`super::super::verify`]).

use std::collections::BTreeMap;

use super::MAX_JOINT_FRAMES;
use super::runs::Run;
use crate::align::{AlignOptions, Hit, chains};
use crate::audio::calibration;
use crate::audio::candidates::median;
use crate::audio::constellation::Constellation;
use crate::audio::peaks::Peak;
use crate::audio::spectrum::{BANDS_PER_OCTAVE, FRAMES_PER_SECOND, HOP_SAMPLES, WINDOW_SAMPLES};
use crate::audio::verify::{Line, coincidences, weigh};
use crate::audio::{AudioIndex, AudioMatch, SAMPLE_RATE_HZ, SearchOptions};
use crate::score::Score;
use crate::{Span, Transform, Unit};

/// A copy may pause for this long and still be one segment: 4 s.
pub(in crate::audio) const MAX_GAP_FRAMES: u32 = 250;

/// A change of speed below the error of measurement is reported as none: frames over the whole segment.
const TIME_ERROR_FRAMES: f32 = 4.0;

/// The same for pitch, in bands.
const PITCH_ERROR_BANDS: f32 = 0.12;

/// Middle of the first frame, which its peaks stand for.
const FRAME_MIDDLE_MS: f64 = 1000.0 * (WINDOW_SAMPLES / 2) as f64 / SAMPLE_RATE_HZ as f64;

pub(in crate::audio) const MS_PER_FRAME: f64 = 1000.0 * HOP_SAMPLES as f64 / SAMPLE_RATE_HZ as f64;

/// One copied stretch.
#[derive(Debug, Clone)]
pub(in crate::audio) struct Segment {
    /// Frames of the suspect, first and last.
    pub(in crate::audio) suspect: (u32, u32),
    /// Frames of the work, first and last.
    pub(in crate::audio) work: (f32, f32),
    pub(in crate::audio) bits: f64,
    pub(in crate::audio) identity: f64,
    pub(in crate::audio) line: Line,
}

/// The stretches of the suspect that a run explains.
pub(in crate::audio) fn segments_of(run: &Run, peaks: &[Peak], work: &Constellation) -> Vec<Segment> {
    let time_scale = median(run.parts.iter().map(|(_, alignment)| alignment.line.time_scale));
    let mut hits: BTreeMap<u32, Hit> = BTreeMap::new();
    let density = Density::of(run, peaks);
    let frame_of = |index: usize| peaks.get(index).map_or(0, |peak| peak.frame);
    let ends = run.parts.iter().map(|(range, _)| frame_of(range.end - 1)).max();
    let whole = ends.unwrap_or(0) - run.parts.first().map_or(0, |(range, _)| frame_of(range.start));
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
            let (first, last) = density.stretch(&hits, peaks)?;
            let mut segment = weigh_stretch(run, peaks, work, (first, last))?;
            segment.bits -= calibration::payment_for_choice(whole, last - first);
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

/// How many peaks of the suspect fall on the line, inside a copy and outside.
pub(in crate::audio) struct Density {
    /// What a peak that falls on the line speaks for a copy, in natural units.
    hit: f64,
    /// What one that does not speaks against it.
    miss: f64,
}

/// Share of the peaks inside a copy that fall on its line: never taken to be more, since talk or noise may come over it.
const MAX_COPY_SHARE: f64 = 0.6;

/// Share outside: never taken to be less.
const MIN_CHANCE_SHARE: f64 = 0.02;

impl Density {
    /// What the parts of `run` show of both.
    pub(in crate::audio) fn of(run: &Run, peaks: &[Peak]) -> Self {
        let (mut copy, mut chance) = (0.0_f64, f64::INFINITY);
        for (range, alignment) in &run.parts {
            let count = peaks[range.clone()].len().max(1) as f64;
            copy = copy.max(f64::from(alignment.hits) / count);
            chance = chance.min(alignment.chance_mean / count);
        }
        // Chance was measured where it does best; elsewhere it gives about a third as much.
        let chance = (chance / 3.0).clamp(MIN_CHANCE_SHARE, 0.5 * MAX_COPY_SHARE);
        let copy = copy.clamp(2.0 * chance, MAX_COPY_SHARE.max(2.0 * chance));
        Self {
            hit: (copy / chance).ln(),
            miss: ((1.0 - chance) / (1.0 - copy)).ln(),
        }
    }

    /// The stretch of `hits`, frames with the number of peaks on the line, that a copy explains best, of the `peaks`
    /// among which they are: the run with the greatest sum over its peaks.
    pub(in crate::audio) fn stretch(&self, hits: &[(u32, f32)], peaks: &[Peak]) -> Option<(u32, u32)> {
        let (mut best, mut sum, mut start, mut passed) = ((0.0, 0, 0), 0.0, 0, 0);
        for (index, (frame, weight)) in hits.iter().enumerate() {
            let before = passed;
            passed = peaks.partition_point(|peak| peak.frame <= *frame);
            let missed = (passed - before) as f64 - f64::from(*weight);
            sum -= self.miss * missed.max(0.0);
            if sum <= 0.0 {
                (sum, start) = (0.0, index);
            }
            sum += self.hit * f64::from(*weight);
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
    let whole = weigh((run.item, nearest.1.origin), &line, own, work);
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

/// What is told of one work, if its best segment is proved.
pub(super) fn summarise<I: AudioIndex>(
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
pub(in crate::audio) fn overlap_share(a: (u32, u32), b: (u32, u32)) -> f64 {
    let common = f64::from(a.1.min(b.1)) - f64::from(a.0.max(b.0));
    let shorter = (a.1 - a.0).min(b.1 - b.0).max(1);
    common / f64::from(shorter)
}

pub(in crate::audio) fn span(segment: &Segment, suspect_ms: u64, work_ms: u64) -> Span {
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

pub(in crate::audio) fn transform(segment: &Segment) -> Transform {
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
        mirrored: false,
        pitch_scale: if pitch.abs() <= PITCH_ERROR_BANDS {
            1.0
        } else {
            round(f64::from(pitch / BANDS_PER_OCTAVE).exp2())
        },
    }
}
