//! Constellations: the peaks of a work, kept beside the index for verification.
//!
//! In:  the strongest peaks of a work. Out: three bytes a peak, and the peaks back from the bytes.
//!
//! A peak is `delta: u8` and `band: 12 bits, rank: 4 bits`, little endian: frames since the peak before, the band in
//! 25ths, half the rank. A gap of 255 frames or more is written as fillers with all bits set. The keys of a work are
//! made from these bytes too, so that another design of keys needs no work to be decoded again.
//!
//! Invariant: bytes from outside never panic; what is not a whole peak is left out.

use super::landmark::MAX_FRAME;
use super::peaks::Peak;
use super::spectrum::BANDS;

/// Peaks of a lower rank than this are kept: about 24 a second.
pub(super) const CONSTELLATION_RANK: u8 = 24;

const STAR_BYTES: usize = 3;
const FILLER: u8 = u8::MAX;
const STEPS_PER_BAND: f32 = 25.0;
const BAND_BITS: u32 = 12;

/// Writes a constellation as peaks come in.
#[derive(Debug, Default)]
pub(super) struct ConstellationWriter {
    bytes: Vec<u8>,
    last_frame: u32,
}

impl ConstellationWriter {
    pub(super) fn push(&mut self, peak: Peak) {
        if peak.rank >= CONSTELLATION_RANK || peak.frame > MAX_FRAME {
            return;
        }
        let mut delta = peak.frame - self.last_frame;
        while delta >= u32::from(FILLER) {
            self.write(FILLER, u16::MAX);
            delta -= u32::from(FILLER);
        }
        let band = (peak.band * STEPS_PER_BAND).round() as u16;
        self.write(delta as u8, band | u16::from(peak.rank / 2) << BAND_BITS);
        self.last_frame = peak.frame;
    }

    fn write(&mut self, delta: u8, band_and_rank: u16) {
        self.bytes.push(delta);
        self.bytes.extend_from_slice(&band_and_rank.to_le_bytes());
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The peaks of a constellation, in order of time.
pub(super) fn peaks_of(bytes: &[u8]) -> impl Iterator<Item = Peak> + '_ {
    let mut frame = 0_u32;
    bytes.chunks_exact(STAR_BYTES).filter_map(move |star| {
        frame = frame.saturating_add(u32::from(star[0]));
        let band_and_rank = u16::from_le_bytes([star[1], star[2]]);
        let band = f32::from(band_and_rank & ((1 << BAND_BITS) - 1)) / STEPS_PER_BAND;
        // The band of a filler lies beyond the last.
        (band < BANDS as f32).then_some(Peak {
            frame,
            band,
            rank: (band_and_rank >> BAND_BITS) as u8 * 2,
        })
    })
}

/// A point of a constellation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Star {
    pub(super) frame: u32,
    pub(super) band: f32,
}

/// A constellation laid out for search by time and by band.
#[derive(Debug)]
pub(super) struct Constellation {
    /// In order of time.
    pub(super) stars: Vec<Star>,
    /// The same by whole band, each band in order of time.
    by_band: Vec<Star>,
    /// Where each band begins in `by_band`, and at the end where the last one ends.
    starts: Vec<usize>,
}

impl Constellation {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let stars: Vec<Star> = peaks_of(bytes)
            .map(|Peak { frame, band, .. }| Star { frame, band })
            .collect();
        let mut starts = vec![0; BANDS + 1];
        for star in &stars {
            starts[star.band as usize + 1] += 1;
        }
        for band in 0..BANDS {
            starts[band + 1] += starts[band];
        }
        let (mut by_band, mut next) = (stars.clone(), starts.clone());
        for star in &stars {
            let place = &mut next[star.band as usize];
            by_band[*place] = *star;
            *place += 1;
        }
        Self {
            stars,
            by_band,
            starts,
        }
    }

    /// The stars within `frames` and at most `tolerance` bands from `band`.
    pub(super) fn near(
        &self,
        band: f32,
        tolerance: f32,
        frames: std::ops::RangeInclusive<f32>,
    ) -> impl Iterator<Item = Star> + '_ {
        // Casts of negative floats give 0, so a band below the axis finds an empty range or harmless buckets.
        let end_band = ((band + tolerance + 1.0) as usize).min(BANDS);
        let first_band = ((band - tolerance) as usize).min(end_band);
        // The first and the last whole frame of the range; an end before the start of the work leaves nothing.
        let (first, end) = (frames.start().ceil() as u32, frames.end().floor());
        let last = end as u32;
        let bands = if end < 0.0 { 0..0 } else { first_band..end_band };
        bands
            .flat_map(move |whole| {
                let bucket = &self.by_band[self.starts[whole]..self.starts[whole + 1]];
                let from = bucket.partition_point(|star| star.frame < first);
                bucket[from..].iter().take_while(move |star| star.frame <= last)
            })
            .filter(move |star| (star.band - band).abs() <= tolerance)
            .copied()
    }

    /// The stars of a stretch of time.
    pub(super) fn between(&self, start: f32, end: f32) -> &[Star] {
        let from = self.stars.partition_point(|star| (star.frame as f32) < start);
        let to = self.stars.partition_point(|star| (star.frame as f32) < end);
        &self.stars[from..to.max(from)]
    }

    pub(super) fn last_frame(&self) -> u32 {
        self.stars.last().map_or(0, |star| star.frame)
    }
}
