//! Constellations: the peaks of a work, kept beside the index for verification.
//!
//! In:  the strongest peaks of a work. Out: four bytes a peak, and the peaks back from the bytes.
//!
//! A peak is `delta: u16, band: u16`, little endian: frames since the peak before, and the band in 256ths. A gap of
//! 65,535 frames is written as a filler with band `0xffff`.
//!
//! Invariant: bytes from outside never panic; what is not a whole peak is left out.

use super::landmark::MAX_FRAME;
use super::peaks::Peak;
use super::spectrum::BANDS;

/// Peaks of a lower rank than this are kept: about 24 a second.
pub(super) const CONSTELLATION_RANK: u8 = 24;

const FILLER: u16 = u16::MAX;
const STEPS_PER_BAND: f32 = 256.0;

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
        while delta > u32::from(u16::MAX) {
            self.write(u16::MAX, FILLER);
            delta -= u32::from(u16::MAX);
        }
        self.write(delta as u16, (peak.band * STEPS_PER_BAND).round() as u16);
        self.last_frame = peak.frame;
    }

    fn write(&mut self, delta: u16, band: u16) {
        self.bytes.extend_from_slice(&delta.to_le_bytes());
        self.bytes.extend_from_slice(&band.to_le_bytes());
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
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
        let mut stars = Vec::with_capacity(bytes.len() / 4);
        let mut by_band = vec![Vec::new(); BANDS];
        let mut frame = 0_u32;
        for chunk in bytes.chunks_exact(4) {
            frame = frame.saturating_add(u32::from(u16::from_le_bytes([chunk[0], chunk[1]])));
            let band = u16::from_le_bytes([chunk[2], chunk[3]]);
            if let Some(bucket) = by_band.get_mut(usize::from(band) / STEPS_PER_BAND as usize) {
                bucket.push(stars.len() as u32);
                stars.push(Star {
                    frame,
                    band: f32::from(band) / STEPS_PER_BAND,
                });
            }
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
