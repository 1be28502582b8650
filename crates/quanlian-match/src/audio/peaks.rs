//! Peaks: the points of the time-frequency plane that noise and codecs leave standing.
//!
//! In:  16 kHz mono samples in blocks. Out: [`Peak`]s in order of time, each with its rank among its neighbours.
//!
//! A peak is louder than everything within 6 frames and 8 bands of it. Its rank says how many peaks within half a
//! second stand out further from their surroundings, so that a reference can keep few and a query many, and neither
//! depends on where the sound was cut.
//!
//! Invariant: bounded delay (under a second) and bounded memory, whatever the length of the sound.
//!
//! Not here: how peaks are combined into keys ([`super::landmark`]).

use std::collections::VecDeque;

use super::spectrum::{
    BANDS, BINS, Frame, HOP_SAMPLES, Spectrum, WINDOW_SAMPLES, band_of_bin, bin_of_band, half_ln,
};

/// A peak must top all frames this near.
const REACH_FRAMES: usize = 6;

/// A peak must top all bands this near.
const REACH_BANDS: usize = 8;

/// Rank is counted among the peaks this near in time.
const RANK_FRAMES: u32 = 31;

/// Frames after a peak that must have been heard before it is handed on, its own window of sound among them.
pub(super) const DELAY_FRAMES: u32 =
    RANK_FRAMES + REACH_FRAMES as u32 + (WINDOW_SAMPLES / HOP_SAMPLES) as u32;

/// Peaks of a higher rank than this are dropped: no use of peaks takes more.
pub(super) const MAX_RANK: u8 = 63;

/// Share of a new frame in the slow mean that a peak must stand out from; about 0.8 s.
const MEAN_SHARE: f32 = 0.02;

/// Bands on either side over which that mean is smoothed: half an octave.
const MEAN_BANDS: usize = 18;

/// Quieter than this is silence: -80 dB against a full-scale tone, as a level of [`Frame`].
const SILENCE_LEVEL: f32 = -2.97;

/// A point of the time-frequency plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Peak {
    /// Frames from the start of the sound.
    pub(super) frame: u32,
    /// Position on the band axis, with fraction.
    pub(super) band: f32,
    /// How many peaks within half a second stand out further.
    pub(super) rank: u8,
}

#[derive(Clone, Copy)]
struct Candidate {
    frame: u32,
    band: f32,
    prominence: f32,
}

/// Turns samples into peaks as they come.
pub(super) struct PeakFinder {
    spectrum: Spectrum,
    picker: Picker,
}

impl PeakFinder {
    pub(super) fn new() -> Self {
        Self {
            spectrum: Spectrum::new(),
            picker: Picker::new(),
        }
    }

    /// Hands the peaks that are settled after `samples` to `sink`.
    pub(super) fn push(&mut self, samples: &[f32], sink: &mut dyn FnMut(Peak)) {
        let picker = &mut self.picker;
        self.spectrum.push(samples, |fill| {
            fill(picker.next_frame());
            picker.frame_done(sink);
        });
    }

    /// Hands the remaining peaks to `sink`.
    pub(super) fn finish(mut self, sink: &mut dyn FnMut(Peak)) {
        self.picker.finish(sink);
    }
}

/// Finds the peaks among frames and ranks them.
struct Picker {
    /// The last `2 * REACH_FRAMES + 1` frames; frame `k` lies in slot `k % len`.
    ring: Vec<Frame>,
    frames: usize,
    mean: [f32; BANDS],
    /// Found, in order of time; the first `ranked` have been handed on and serve as neighbours only.
    found: VecDeque<Candidate>,
    ranked: usize,
}

impl Picker {
    fn new() -> Self {
        Self {
            ring: (0..=2 * REACH_FRAMES).map(|_| Frame::new()).collect(),
            frames: 0,
            mean: [0.0; BANDS],
            found: VecDeque::new(),
            ranked: 0,
        }
    }

    fn next_frame(&mut self) -> &mut Frame {
        let slot = self.frames % self.ring.len();
        &mut self.ring[slot]
    }

    fn frame_done(&mut self, sink: &mut dyn FnMut(Peak)) {
        self.frames += 1;
        if self.frames > REACH_FRAMES {
            self.examine(self.frames - 1 - REACH_FRAMES);
        }
        let settled = self.frames.saturating_sub(1 + REACH_FRAMES);
        self.rank(settled as u32, sink);
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Peak)) {
        for centre in self.frames.saturating_sub(REACH_FRAMES)..self.frames {
            self.examine(centre);
        }
        self.rank(u32::MAX, sink);
    }

    fn frame(&self, index: usize) -> &Frame {
        &self.ring[index % self.ring.len()]
    }

    /// Looks for peaks in frame `centre`, whose neighbours within reach are all in the ring.
    fn examine(&mut self, centre: usize) {
        let share = if centre == 0 { 1.0 } else { MEAN_SHARE };
        let slot = centre % self.ring.len();
        for (mean, level) in self.mean.iter_mut().zip(&self.ring[slot].level) {
            *mean += share * (level - *mean);
        }
        for band in 1..BANDS - 1 {
            let level = &self.ring[slot].level;
            let top = level[band];
            if top > SILENCE_LEVEL
                && top >= level[band - 1]
                && top > level[band + 1]
                && self.is_peak(centre, band)
            {
                let (first, last) = (
                    band.saturating_sub(MEAN_BANDS),
                    (band + MEAN_BANDS).min(BANDS - 1),
                );
                let around = self.mean[first..=last].iter().sum::<f32>() / (last - first + 1) as f32;
                let exact = exact_band(&self.ring[slot].power, band);
                self.found.push_back(Candidate {
                    frame: centre as u32,
                    band: exact,
                    prominence: top - around,
                });
            }
        }
    }

    fn is_peak(&self, centre: usize, band: usize) -> bool {
        let top = self.frame(centre).level[band];
        let bands = band.saturating_sub(REACH_BANDS)..(band + REACH_BANDS + 1).min(BANDS);
        let oldest = centre.saturating_sub(REACH_FRAMES);
        let newest = (centre + REACH_FRAMES + 1).min(self.frames);
        // Own frame first: it rules out most candidates.
        self.frame(centre).level[bands.clone()].iter().all(|level| *level <= top)
            // Of two equal frames (a steady tone) the earlier one is the peak.
            && (oldest..centre).all(|k| self.frame(k).level[bands.clone()].iter().all(|level| *level < top))
            && (centre + 1..newest).all(|k| self.frame(k).level[bands.clone()].iter().all(|level| *level <= top))
    }

    /// Hands on every peak whose neighbours have all been found, given that frames before `settled` are done.
    fn rank(&mut self, settled: u32, sink: &mut dyn FnMut(Peak)) {
        while let Some(own) = self.found.get(self.ranked).copied() {
            if own.frame.saturating_add(RANK_FRAMES) > settled {
                break;
            }
            let stronger = self
                .found
                .iter()
                .filter(|other| {
                    other.frame.abs_diff(own.frame) <= RANK_FRAMES && other.prominence > own.prominence
                })
                .count();
            if stronger <= usize::from(MAX_RANK) {
                sink(Peak {
                    frame: own.frame,
                    band: own.band,
                    rank: stronger as u8,
                });
            }
            self.ranked += 1;
            while self
                .found
                .front()
                .is_some_and(|old| old.frame + RANK_FRAMES < own.frame)
            {
                self.found.pop_front();
                self.ranked -= 1;
            }
        }
    }
}

/// The frequency of the loudest bin in `band`, by a parabola through it and its neighbours.
fn exact_band(power: &[f32; BINS], band: usize) -> f32 {
    let first = (bin_of_band(band as f32 - 1.0).floor() as usize).max(1);
    let last = (bin_of_band(band as f32 + 1.0).ceil() as usize).min(BINS - 2);
    let Some(bin) = (first..=last).max_by(|a, b| power[*a].total_cmp(&power[*b])) else {
        return band as f32;
    };
    let (left, top, right) = (
        half_ln(power[bin - 1]),
        half_ln(power[bin]),
        half_ln(power[bin + 1]),
    );
    let bend = left - 2.0 * top + right;
    let shift = if bend < -1e-6 {
        (0.5 * (left - right) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    band_of_bin(bin as f32 + shift).clamp(0.0, BANDS as f32 - 1.0)
}
