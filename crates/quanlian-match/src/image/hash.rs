//! The hash of a whole picture: 256 bits of its coarse waves, compared by the number of bits that differ.
//!
//! In:  a [`Plane`].
//! Out: a [`Hash`] with its quality, the hashes of the picture mirrored and turned, and keys for the posting index.
//!
//! The method is that of PDQ (Facebook 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
//! algorithm"): 64 × 64 means, the 16 × 16 lowest waves of their cosine transform without the constant, and for each the
//! side of the median. A mirror or a quarter turn changes signs and order of the waves alone, so the other seven
//! directions cost no further transform. Bits are not those of other programs, which order them in another way.
//!
//! Invariant: two hashes that differ in at most [`GUARANTEED_RADIUS`] bits share a key among those that [`probes`] gives
//! for one of them and [`keys`] for the other.
//!
//! Not here: what a distance is worth (`calibration`).

use super::plane::Plane;

/// Waves on one side.
const WAVES: usize = 16;
/// Means on one side.
const SIDE: usize = 64;
/// Bands of a hash, each a key of its own.
const BANDS: usize = 16;
/// Bits of a band.
const BAND_BITS: u32 = 16;
/// With 16 bands and one bit of each probed, 31 different bits leave at least one band with no more than one.
pub const GUARANTEED_RADIUS: u32 = 31;
/// Bits of a key: the band and its value.
pub(crate) const HASH_KEY_BITS: u32 = BAND_BITS + 4;
/// Directions of a picture: four quarter turns, each also mirrored.
pub(super) const DIRECTIONS: usize = 8;
/// Pictures below this hold too little for their waves to say anything; the scale ends at 100.
pub(crate) const MIN_QUALITY: u8 = 40;

/// The bits of one picture in one direction.
pub(crate) type Hash = [u64; 4];

/// The waves of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waves {
    /// Row by row: waves from top to bottom, then from left to right.
    amplitudes: Vec<f32>,
    /// How much changes in the picture, `0..=100`.
    pub(crate) quality: u8,
}

/// How one direction of a picture comes from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Direction {
    /// Rows and columns change places, after the mirrors.
    pub(crate) transposed: bool,
    pub(crate) mirrored_x: bool,
    pub(crate) mirrored_y: bool,
}

/// All directions, the upright one first.
pub(crate) fn directions() -> [Direction; DIRECTIONS] {
    std::array::from_fn(|i| Direction {
        transposed: i & 4 != 0,
        mirrored_x: i & 1 != 0,
        mirrored_y: i & 2 != 0,
    })
}

impl Waves {
    pub(crate) fn of(plane: &Plane) -> Self {
        let small = plane.resized(SIDE, SIDE);
        let mut change = 0.0;
        for y in 0..SIDE {
            for x in 0..SIDE {
                if x + 1 < SIDE {
                    change += (small.at(x + 1, y) - small.at(x, y)).abs();
                }
                if y + 1 < SIDE {
                    change += (small.at(x, y + 1) - small.at(x, y)).abs();
                }
            }
        }
        let wave = |k: usize, i: usize| {
            let turn = std::f32::consts::PI / SIDE as f32 * (i as f32 + 0.5) * (k + 1) as f32;
            turn.cos()
        };
        let cosines: Vec<f32> = (0..WAVES * SIDE).map(|at| wave(at / SIDE, at % SIDE)).collect();
        let mut rows = vec![0.0f32; SIDE * WAVES];
        for (row, out) in small.pixels.chunks_exact(SIDE).zip(rows.chunks_exact_mut(WAVES)) {
            for (value, wave) in out.iter_mut().zip(cosines.chunks_exact(SIDE)) {
                *value = wave.iter().zip(row).map(|(w, p)| w * p).sum();
            }
        }
        let mut amplitudes = vec![0.0f32; WAVES * WAVES];
        for (out, wave) in amplitudes.chunks_exact_mut(WAVES).zip(cosines.chunks_exact(SIDE)) {
            for (weight, row) in wave.iter().zip(rows.chunks_exact(WAVES)) {
                for (value, r) in out.iter_mut().zip(row) {
                    *value += weight * r;
                }
            }
        }
        Self {
            amplitudes,
            // The scale of PDQ: 90 full changes make a hundred.
            quality: (change * 100.0 / 90.0).min(100.0) as u8,
        }
    }

    /// The hash that this picture has when it is shown in `direction`.
    pub(crate) fn hash(&self, direction: Direction) -> Hash {
        let mut turned = [0.0f32; WAVES * WAVES];
        for (at, value) in turned.iter_mut().enumerate() {
            let (row, column) = (at / WAVES, at % WAVES);
            let (row, column) = if direction.transposed {
                (column, row)
            } else {
                (row, column)
            };
            // Waves are numbered from one: those with an even number are the same from either side.
            let flips = (direction.mirrored_x && column % 2 == 0) != (direction.mirrored_y && row % 2 == 0);
            let amplitude = self.amplitudes[row * WAVES + column];
            *value = if flips { -amplitude } else { amplitude };
        }
        let mut sorted = turned;
        let (_, median, _) = sorted.select_nth_unstable_by(WAVES * WAVES / 2, f32::total_cmp);
        let median = *median;
        let mut hash = [0u64; 4];
        for (at, value) in turned.iter().enumerate() {
            // Every band holds a wave of each row and each column: coarse waves are surer than fine ones.
            let (row, column) = (at / WAVES, at % WAVES);
            let bit = (row + column) % BANDS * BAND_BITS as usize + row;
            hash[bit / 64] |= u64::from(*value >= median) << (bit % 64);
        }
        hash
    }
}

/// Number of bits in which two hashes differ.
pub(crate) fn distance(a: &Hash, b: &Hash) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// The keys under which a work is found.
pub(crate) fn keys(hash: &Hash) -> impl Iterator<Item = u64> + '_ {
    (0..BANDS).map(|band| key(band, band_of(hash, band)))
}

/// The keys to look a suspect up by: those of each band, and with each of its bits turned over.
pub(crate) fn probes(hash: &Hash) -> impl Iterator<Item = u64> + '_ {
    (0..BANDS).flat_map(move |band| {
        let value = band_of(hash, band);
        std::iter::once(value)
            .chain((0..BAND_BITS).map(move |bit| value ^ (1 << bit)))
            .map(move |value| key(band, value))
    })
}

fn band_of(hash: &Hash, band: usize) -> u16 {
    (hash[band / 4] >> (band % 4 * BAND_BITS as usize)) as u16
}

fn key(band: usize, value: u16) -> u64 {
    (band as u64) << BAND_BITS | u64::from(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn scene(seed: u32) -> Plane {
        let mut plane = Plane::new(96, 80);
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        for _ in 0..60 {
            let (x, y, r, v) = (draw() * 96.0, draw() * 80.0, 3.0 + draw() * 20.0, draw());
            for row in 0..80 {
                for column in 0..96 {
                    if (column as f32 - x).abs() < r && (row as f32 - y).abs() < r {
                        plane.pixels[row * 96 + column] = v;
                    }
                }
            }
        }
        plane
    }

    fn shown(plane: &Plane, direction: Direction) -> Plane {
        let (w, h) = (plane.width, plane.height);
        let mut out = if direction.transposed {
            Plane::new(h, w)
        } else {
            Plane::new(w, h)
        };
        let width = out.width;
        for (i, value) in out.pixels.iter_mut().enumerate() {
            let (x, y) = if direction.transposed {
                (i / width, i % width)
            } else {
                (i % width, i / width)
            };
            let x = if direction.mirrored_x { w - 1 - x } else { x };
            let y = if direction.mirrored_y { h - 1 - y } else { y };
            *value = plane.at(x, y);
        }
        out
    }

    #[test]
    fn every_direction_has_the_hash_of_the_turned_picture() {
        let plane = scene(7);
        let waves = Waves::of(&plane);
        assert!(waves.quality > MIN_QUALITY);
        for direction in directions() {
            let turned = Waves::of(&shown(&plane, direction)).hash(directions()[0]);
            let told = waves.hash(direction);
            assert!(
                distance(&turned, &told) <= 2,
                "{direction:?}: {} bits differ",
                distance(&turned, &told)
            );
        }
    }

    #[test]
    fn other_pictures_are_far_and_one_colour_has_no_quality() {
        let hash = |seed| Waves::of(&scene(seed)).hash(directions()[0]);
        for seed in 1..20 {
            assert!(distance(&hash(0), &hash(seed)) > 80);
        }
        assert_eq!(Waves::of(&Plane::new(50, 50)).quality, 0);
    }

    proptest! {
        #[test]
        fn the_radius_is_guaranteed(words in any::<[u64; 4]>(), flips in prop::collection::btree_set(0..256usize, 0..=GUARANTEED_RADIUS as usize)) {
            let mut other = words;
            for &bit in &flips {
                other[bit / 64] ^= 1 << (bit % 64);
            }
            prop_assert_eq!(distance(&words, &other) as usize, flips.len());
            let known: BTreeSet<u64> = keys(&words).collect();
            prop_assert!(probes(&other).any(|key| known.contains(&key)));
        }
    }
}
