//! Calibration: how agreement of spots and hashes becomes bits and an E-value.
//!
//! In:  which spots agree and how probable that was by chance; how many bits of two hashes differ.
//! Out: bits of evidence, paid down for everything that was tried, and the E-value that belongs to them.
//!
//! Not here: how agreement is counted (`verify`).

use crate::score::{DEFAULT_MAX_E_VALUE, Score, Tries};

/// A spot of the suspect that falls on one of the work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    pub(super) agrees: bool,
    /// Of agreeing by chance.
    pub(super) probability: f64,
    /// Spots that look the same, this one among them: in a pattern all fall into place together, and count as one.
    pub(super) twins: usize,
}

/// Spots elsewhere that stand for what is known before any are looked at …
const PRIOR_SPOTS: f64 = 20.0;
/// … and the share of them that looks like the one in question.
const PRIOR_SHARE: f64 = 0.01;
/// No agreement is taken to be rarer than this.
const MIN_CHANCE: f64 = 0.004;

/// Score bits per bit of the model: neighbouring spots depend on each other.
const BITS_WORTH: f64 = 0.5;

/// Cells of a thumbnail that together say as much as one that is independent of the others.
const CELLS_PER_PIECE: f64 = 8.0;
/// No correlation is taken to be better than this: cells are blurred differently in copies too.
const MAX_CORRELATION: f64 = 0.98;
/// Score bits per bit of the model, for details of the greys.
const GREY_BITS_WORTH: f64 = 0.5;

/// Bits for the map being chosen among all maps so that as much as possible agrees.
const MAP_BITS: f64 = 14.0;
/// The same for a further copy within one work and one suspect.
const FURTHER_MAP_BITS: f64 = 10.0;

/// What a detail that two different pictures share is worth at most: never enough to be told as a copy.
pub(super) const DETAIL_BITS: f64 = MAP_BITS;

/// Hashes of different pictures: mean and standard deviation of the number of different bits.
const HASH_MEAN: f64 = 128.0;
const HASH_DEVIATION: f64 = 13.0;
/// Bits for the directions and parts of a suspect whose hashes are compared.
const HASH_TRIES_BITS: f64 = 5.0;
/// The same scale of caution as for spots.
const HASH_BITS_WORTH: f64 = 0.8;

/// Probability that a spot agrees by chance: `alike` of `compared` spots elsewhere do, and `near` lie in reach.
pub(super) fn chance(alike: usize, compared: usize, near: usize) -> f64 {
    let share = (alike as f64 + PRIOR_SHARE * PRIOR_SPOTS) / (compared as f64 + PRIOR_SPOTS);
    let any = 1.0 - (1.0 - share.min(1.0)).powf(near as f64);
    any.clamp(MIN_CHANCE, 1.0)
}

/// Bits of surprise at so much agreement, each spot weighed by how rare its agreement is.
///
/// Chernoff's bound for a sum of independent events of different probabilities, at its best parameter.
pub(super) fn spot_bits(chances: &[Chance]) -> f64 {
    let rarity = |c: &Chance| c.probability.max(MIN_CHANCE).ln() / MIN_CHANCE.ln();
    let surprise = |t: f64| {
        let of = |c: &Chance| {
            let w = t * rarity(c);
            let agreed = if c.agrees { w } else { 0.0 };
            (agreed - (c.probability * w.exp_m1()).ln_1p()) / c.twins.max(1) as f64
        };
        chances.iter().map(of).sum::<f64>()
    };
    // Concave in `t`, so that thirds find the top.
    let (mut low, mut high) = (0.0, 12.0);
    for _ in 0..24 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if surprise(a) < surprise(b) {
            low = a;
        } else {
            high = b;
        }
    }
    (surprise(0.5 * (low + high)) / std::f64::consts::LN_2).max(0.0)
}

/// Bits of surprise at hashes that differ in no more than `distance` bits, all directions paid.
pub(super) fn hash_bits(distance: u32) -> f64 {
    let z = (HASH_MEAN - f64::from(distance)) / HASH_DEVIATION;
    if z <= 1.0 {
        return 0.0;
    }
    // The tail of a normal distribution, by its upper bound.
    let ln_tail = -0.5 * z * z - (z * (2.0 * std::f64::consts::PI).sqrt()).ln();
    (HASH_BITS_WORTH * -ln_tail / std::f64::consts::LN_2 - HASH_TRIES_BITS).max(0.0)
}

/// Bits of surprise at so good a correlation over so many cells of details.
pub(super) fn grey_bits(correlation: f64, cells: f64) -> f64 {
    let c = correlation.clamp(0.0, MAX_CORRELATION);
    -0.5 * cells / CELLS_PER_PIECE * (1.0 - c * c).log2()
}

/// What one aligned copy is worth against chance, in bits that still have to pay for the collection.
pub(super) fn copy_bits(spot_bits: f64, hash_bits: f64, grey_bits: f64) -> f64 {
    (BITS_WORTH * spot_bits).max(hash_bits + MAP_BITS) + GREY_BITS_WORTH * grey_bits
}

/// Whether a copy beside the best one is surely there.
pub(super) fn is_further_copy(bits: f64) -> bool {
    bits >= FURTHER_MAP_BITS - DEFAULT_MAX_E_VALUE.log2()
}

/// The score of the copies of one work in a collection of so many pictures.
pub(super) fn score(copies: &[f64], pictures: u64) -> Score {
    let tries = Tries {
        query_places: MAP_BITS.exp2(),
        collection_places: pictures as f64,
    };
    let within = Tries {
        query_places: FURTHER_MAP_BITS.exp2(),
        collection_places: 1.0,
    };
    Score::from_segments(copies, tries, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(agree: usize, of: usize, probability: f64) -> f64 {
        let chances: Vec<Chance> = (0..of)
            .map(|i| Chance {
                agrees: i < agree,
                probability,
                twins: 1,
            })
            .collect();
        spot_bits(&chances)
    }

    #[test]
    fn what_chance_expects_is_worth_nothing() {
        assert!(spots(0, 50, 0.01) < 0.01);
        assert!(spots(45, 50, 0.9) < 1.0);
        assert!(spots(50, 50, 1.0) < 0.01);
        assert!(spot_bits(&[]) < 0.01);
    }

    #[test]
    fn more_agreement_is_worth_more_and_rare_agreement_most() {
        assert!(spots(10, 50, 0.01) > spots(5, 50, 0.01));
        assert!(spots(10, 50, 0.01) > spots(10, 50, 0.1));
        assert!(spots(10, 20, 0.01) > spots(10, 50, 0.01));
    }

    #[test]
    fn chance_is_what_is_seen_elsewhere() {
        assert!(chance(0, 0, 1) < 0.02);
        assert!(chance(90, 100, 1) > 0.7);
        assert!(chance(10, 100, 3) > chance(10, 100, 1));
        assert!(chance(5, 4, 1000) <= 1.0);
    }

    #[test]
    fn near_hashes_are_worth_more() {
        assert!(hash_bits(0) > hash_bits(31) && hash_bits(31) > hash_bits(80));
        assert!(hash_bits(128) < 0.1);
    }
}
