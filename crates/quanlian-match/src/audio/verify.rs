//! Verification: is the stretch a copy of that place in the work, and how surely?
//!
//! In:  a [`Candidate`], the peaks of the query stretch, the constellation of the work.
//! Out: first [`Fitted`] to the peaks themselves, then an [`Alignment`] with its evidence in bits.
//!
//! The model of chance is measured on the very pair that is judged: the number of peaks that fall on each other when
//! the two are laid over each other at every *other* delay. That holds everything that the pair has in common without
//! being a copy: the same key, the same instruments, a steady beat.
//!
//! Not here: what the counts are worth, payment for the number of places tried ([`super::calibration`]).

use super::calibration;
use super::candidates::{Candidate, median};
use super::constellation::Constellation;
use super::peaks::Peak;

/// Peaks this many frames apart still coincide.
const TOLERANCE_FRAMES: f32 = 2.0;

/// What a coincidence counts that is early or late by two frames, by one, by none: copies keep time. In steps of
/// `1 / COUNT_STEPS`.
const NEARNESS: [u32; 5] = [6, 17, 20, 17, 6];

/// Frames from the first of these to the middle one.
const REACH: i32 = 2;

const _: () = assert!(
    NEARNESS.len() == 2 * REACH as usize + 1 && NEARNESS[REACH as usize] as f64 == calibration::COUNT_STEPS
);

/// Peaks this many bands apart still coincide.
pub(super) const TOLERANCE_BANDS: f32 = 0.5;

/// Delays on either side of the candidate's that the model of chance is measured on: 4 min.
const CHANCE_FRAMES: i32 = 15_000;

/// Delays this near to the candidate's belong to it and say nothing about chance.
const OWN_FRAMES: i32 = 12;

/// A delay counts for the model of chance when this share of the stretch lies within the work.
const MIN_OVERLAP: f32 = 0.6;

/// Speeds further from 1 than this are not fitted.
const MAX_TEMPO_SHARE: f32 = 0.2;

/// Frames over a whole stretch by which the line of an unchanged copy may be off: 99 of 100 stay below 2.3.
const UNCHANGED_FRAMES: f32 = 3.0;

/// The same in bands; 99 of 100 stay below 0.04.
const UNCHANGED_BANDS: f32 = 0.2;

/// Tolerances in frames and bands of one fit after the other, as the line gets better.
const FITS: [(f32, f32); 4] = [(14.0, 1.1), (6.0, 0.8), (3.0, 0.6), (2.0, 0.5)];

/// The straight line that maps frames of the query to frames of the work, and the shift of pitch along it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Bands by which the query is higher.
    pub(super) pitch_shift: f32,
    /// Frames of the work per frame of the query.
    pub(super) time_scale: f32,
    /// Frame of the work at `pivot` of the query. Measured there, not at 0, which may lie hours away.
    at_pivot: f32,
    pivot: f32,
}

/// What pointed at a place before it was weighed: how many other places it was chosen from depends on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Landmarks voted for it.
    Votes,
    /// Of all places of a work it has the most peaks in common with the query.
    Sweep,
}

/// Where a stretch of the query lies in a work, and how sure that is.
#[derive(Debug, Clone)]
pub(super) struct Alignment {
    pub(super) item: u32,
    pub(super) origin: Origin,
    pub(super) line: Line,
    /// Coinciding peaks, each counted by how well it keeps time.
    pub(super) hits: f32,
    /// Coinciding peaks that chance would have given.
    pub(super) chance_mean: f64,
    /// Evidence against chance, before the tries are paid.
    pub(super) bits: f64,
}

/// Where a stretch of the query lies best near a candidate, not yet weighed.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) item: u32,
    pub(super) origin: Origin,
    pub(super) line: Line,
    /// Coinciding peaks.
    pub(super) hits: u32,
}

/// Fits `candidate` to the peaks of one stretch.
pub(super) fn fit(candidate: &Candidate, peaks: &[Peak], work: &Constellation) -> Option<Fitted> {
    let (first, last) = (peaks.first()?, peaks.last()?);
    let pivot = 0.5 * (first.frame as f32 + last.frame as f32);
    let mut line = Line {
        pitch_shift: candidate.pitch_shift,
        time_scale: candidate.time_scale,
        at_pivot: candidate.work_frame + candidate.time_scale * (pivot - candidate.query_frame),
        pivot,
    };
    for (frames, bands) in FITS {
        line = line.refit(peaks, work, frames, bands);
    }
    let hits = coincidences(&line, peaks, work)
        .iter()
        .map(|(_, count)| count)
        .sum();
    Some(Fitted {
        item: candidate.item,
        origin: Origin::Votes,
        line,
        hits,
    })
}

impl Line {
    /// The line of a stretch that was changed neither in time nor in pitch, from `frame` of the query on.
    pub(super) fn unchanged(frame: f32, work_frame: f32) -> Self {
        Self {
            pitch_shift: 0.0,
            time_scale: 1.0,
            at_pivot: work_frame,
            pivot: frame,
        }
    }

    /// Whether it says, within the error of measurement, that a stretch of so many frames was not changed.
    fn is_unchanged(&self, frames: u32) -> bool {
        (self.time_scale - 1.0).abs() * frames as f32 <= UNCHANGED_FRAMES
            && self.pitch_shift.abs() <= UNCHANGED_BANDS
    }

    /// Frame of the work that belongs to `frame` of the query.
    pub(super) fn at(&self, frame: u32) -> f32 {
        self.at_pivot + self.time_scale * (frame as f32 - self.pivot)
    }

    /// The line through the peaks that coincide within the given tolerances.
    pub(super) fn refit(self, peaks: &[Peak], work: &Constellation, frames: f32, bands: f32) -> Self {
        let mut pairs: Vec<(f32, f32, f32)> = Vec::new();
        for peak in peaks {
            let expected = self.at(peak.frame);
            for star in work.near(
                peak.band - self.pitch_shift,
                bands,
                expected - frames..=expected + frames,
            ) {
                pairs.push((
                    peak.frame as f32 - self.pivot,
                    star.frame as f32 - self.at_pivot,
                    peak.band - star.band,
                ));
            }
        }
        if pairs.len() < 4 {
            return self;
        }
        let pitch_shift = median(pairs.iter().map(|pair| pair.2));
        let count = pairs.len() as f32;
        let mean_x = pairs.iter().map(|pair| pair.0).sum::<f32>() / count;
        let mean_y = pairs.iter().map(|pair| pair.1).sum::<f32>() / count;
        let (mut xx, mut xy) = (0.0_f32, 0.0_f32);
        for (x, y, _) in &pairs {
            xx += (x - mean_x) * (x - mean_x);
            xy += (x - mean_x) * (y - mean_y);
        }
        let time_scale = if xx > 1.0 { xy / xx } else { self.time_scale };
        if (time_scale - 1.0).abs() > MAX_TEMPO_SHARE {
            return self;
        }
        Self {
            pitch_shift,
            time_scale,
            at_pivot: self.at_pivot + mean_y - time_scale * mean_x,
            pivot: self.pivot,
        }
    }
}

/// The frames of the query at which peaks coincide along `line`, with the number of them.
pub(super) fn coincidences(line: &Line, peaks: &[Peak], work: &Constellation) -> Vec<(u32, u32)> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for peak in peaks {
        let expected = line.at(peak.frame);
        let range = expected - TOLERANCE_FRAMES..=expected + TOLERANCE_FRAMES;
        let count = work
            .near(peak.band - line.pitch_shift, TOLERANCE_BANDS, range)
            .count() as u32;
        match found.last_mut() {
            Some((frame, total)) if *frame == peak.frame => *total += count,
            _ if count > 0 => found.push((peak.frame, count)),
            _ => {}
        }
    }
    found
}

/// Counts coincidences at every delay and compares the one of the line with all the others.
pub(super) fn weigh(
    (item, origin): (u32, Origin),
    line: &Line,
    peaks: &[Peak],
    work: &Constellation,
) -> Alignment {
    let bounds = peaks
        .first()
        .zip(peaks.last())
        .map(|(first, last)| (line.at(first.frame), line.at(last.frame)));
    let (first, last) = bounds.unwrap_or((line.at_pivot, line.at_pivot));
    // The delays, relative to the line, at which enough of the stretch lies within the work.
    let slack = (1.0 - MIN_OVERLAP) * (last - first).max(1.0);
    let lowest = (-(first + slack)).max(-CHANCE_FRAMES as f32) as i32;
    let highest = (work.last_frame() as f32 - last + slack).min(CHANCE_FRAMES as f32) as i32;
    let (lowest, highest) = (lowest.min(-OWN_FRAMES), highest.max(OWN_FRAMES));
    let mut counts = vec![0_u32; (highest - lowest + 1 + 2 * REACH) as usize];
    for peak in peaks {
        let expected = line.at(peak.frame);
        let range = expected + (lowest - REACH) as f32..=expected + (highest + REACH) as f32;
        let shift = (-expected).round() as i32 - lowest + REACH;
        for star in work.near(peak.band - line.pitch_shift, TOLERANCE_BANDS, range) {
            let delay = usize::try_from(star.frame.cast_signed() + shift);
            if let Some(count) = delay.ok().and_then(|delay| counts.get_mut(delay)) {
                *count += 1;
            }
        }
    }
    let weighted: Vec<u32> = (counts.windows(NEARNESS.len()))
        .map(|counts| {
            (NEARNESS.iter().zip(counts))
                .map(|(weight, count)| weight * count)
                .sum()
        })
        .collect();
    let at_line = -lowest as usize;
    let hits = weighted[at_line - 1..=at_line + 1]
        .iter()
        .copied()
        .max()
        .unwrap_or(0);
    let (before, after) = (at_line - OWN_FRAMES as usize, at_line + OWN_FRAMES as usize + 1);
    let others = [&weighted[..before], &weighted[after..]].concat();
    let hits = (f64::from(hits) / calibration::COUNT_STEPS) as f32;
    let chance_mean = calibration::chance_mean(hits, others, peaks.len());
    let frames = (peaks.first().zip(peaks.last())).map_or(0, |(first, last)| last.frame - first.frame);
    let surprise = calibration::surprise(hits, chance_mean);
    Alignment {
        item,
        origin,
        line: *line,
        hits,
        chance_mean,
        bits: calibration::evidence(surprise, frames, line.is_unchanged(frames), origin),
    }
}
