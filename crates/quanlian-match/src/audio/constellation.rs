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
    /// Indices into `stars` by whole band, each in order of time.
    by_band: Vec<Vec<u32>>,
}

impl Constellation {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut stars = Vec::with_capacity(bytes.len() / STAR_BYTES);
        let mut by_band = vec![Vec::new(); BANDS];
        for Peak { frame, band, .. } in peaks_of(bytes) {
            by_band[band as usize].push(stars.len() as u32);
            stars.push(Star { frame, band });
        }
        Self { stars, by_band }
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
        let (start, end) = (*frames.start(), *frames.end());
        self.by_band[first_band..end_band]
            .iter()
            .flat_map(move |bucket| {
                let from = bucket.partition_point(|&star| (self.stars[star as usize].frame as f32) < start);
                bucket[from..]
                    .iter()
                    .map(|&star| self.stars[star as usize])
                    .take_while(move |star| star.frame as f32 <= end)
            })
            .filter(move |star| (star.band - band).abs() <= tolerance)
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
