//! Calibration: how a count of coinciding peaks becomes bits and an E-value.
//!
//! In:  the coincidences of a suspect stretch with a place in a work, and those at all other delays of the same pair.
//! Out: bits of evidence, paid down for everything that was tried, and the E-value that belongs to them.
//!
//! # How the constants were fitted
//! 38 real works (0.73 h); clips of 5, 10 and 20 s of two development sets, each with re-encoding, noise, speed, pitch,
//! tempo, room and speech. Non-members: 432 clips of 13 other recordings, and 1,080 clips of the works themselves, each
//! searched with its own work left out, which is harder: many works share a composer, a key and a set of instruments.
//! The best [`surprise`] of each was taken apart by whether the line said "unchanged", and the highest fifth of either
//! kind fitted by an exponential tail. It halves over 0.40, 0.46 and 0.58 bits for unchanged lines of 5, 10 and 20 s,
//! and over 0.74, 0.79 and 1.15 bits for changed ones; a fifth of the non-members lies above 3.3, 4.4 and 5.1, and above
//! 4.8, 6.0 and 7.2. Chance was compared at the 97 %, 99 %, 99.7 % quantile and the maximum of the other delays, and
//! with peaks weighed by rank and rarity: 99.7 % without weights lost the fewest copies at the same tail.
//!
//! Places that [`super::sweep`] chose out of all were fitted afterwards on the same clips, with the runs of
//! [`super::search::runs`]: of 1,454 non-members the best then has 8.7 bits. Left out are 58 clips of two works by one
//! composer, one of which repeats a figure of the other at the same pitch and tempo: nine of its rounds meet one place
//! of the other within 20 ms, and two clips give 12.8 and 21.7 bits.
//!
//! Fourteen hundred tries show rates down to some 0.002. E = 1e-6 lies beyond and rests on the tail being exponential;
//! `docs/SCALE.md` says what was measured and what was not.
//!
//! Not here: how coincidences are counted ([`super::verify`]).

use super::verify::Origin;
use crate::score::{Score, Tries};

/// Delays that coincide with more than this share of the hits are other rounds of the same loop: copies, not chance.
const LOOP_SHARE: f64 = 0.6;

/// The delay at this quantile stands for what chance can do when beat and key agree.
const CHANCE_QUANTILE: f64 = 0.997;

/// Expected coincidences are never taken to be fewer than this share of the peaks.
const MIN_CHANCE_SHARE: f64 = 0.03;

/// The same when a work is too short to measure chance on.
const UNMEASURED_CHANCE_SHARE: f64 = 0.1;

/// Steps in one coincidence, when it is counted by how near it is.
pub(super) const COUNT_STEPS: f64 = 20.0;

/// Delays needed to measure chance.
const MIN_DELAYS: usize = 50;

/// Variance of chance coincidences over their mean: music repeats itself, so counts spread more than independent ones.
const OVER_DISPERSION: f64 = 1.2;

/// Frames of the stretches that the constants below were fitted to: 5 s.
const FITTED_FRAMES: f64 = 312.0;

/// Bits of the model over which chance falls to a half, for a stretch of 5 s that was not changed ...
const HALVING_UNCHANGED: f64 = 0.40;

/// ... and for one that was, in any of the ways searched for: more ways to fit, and a longer tail.
const HALVING_CHANGED: f64 = 0.74;

/// The longer the stretch, the more of what agrees by chance agrees again a beat or a bar later.
const HALVING_BY_LENGTH: f64 = 0.3;

/// The first two for places that were chosen from all: the longer the stretch, the further the best of so many stands
/// out, and what two works by one composer have in common is found more often.
const HALVING_SWEPT: f64 = 0.5;
const HALVING_SWEPT_BY_LENGTH: f64 = 0.63;

/// Bits that a place pays for having been chosen from all.
const SWEPT_PAYMENT: f64 = 2.0;

/// What changed stretches have to pay less than unchanged ones, once both are measured in halvings.
const CHANGED_BONUS: f64 = 2.0;

/// Places of a collection that count as one try at the size that this was measured at.
const MS_PER_PLACE: f64 = 29_000.0;

/// Coincidences that chance gives at the delays where it does best, of `others`, which are counted in steps of
/// `1 / COUNT_STEPS`.
pub(super) fn chance_mean(hits: f32, mut others: Vec<u32>, peaks: usize) -> f64 {
    others.retain(|count| f64::from(*count) < COUNT_STEPS * LOOP_SHARE * f64::from(hits));
    if others.len() < MIN_DELAYS {
        return UNMEASURED_CHANCE_SHARE * peaks as f64;
    }
    let rank = ((others.len() - 1) as f64 * CHANCE_QUANTILE) as usize;
    let (_, quantile, _) = others.select_nth_unstable(rank);
    (f64::from(*quantile) / COUNT_STEPS).max(MIN_CHANCE_SHARE * peaks as f64)
}

/// Bits of surprise at `hits` or more, under a negative binomial around `mean`.
pub(super) fn surprise(hits: f32, mean: f64) -> f64 {
    let hits = f64::from(hits);
    if hits <= mean || mean <= 0.0 {
        return 0.0;
    }
    let size = mean / (OVER_DISPERSION - 1.0);
    let stop = size / (size + mean);
    let go = 1.0 - stop;
    let ln_at =
        ln_gamma(hits + size) - ln_gamma(hits + 1.0) - ln_gamma(size) + size * stop.ln() + hits * go.ln();
    // Beyond the mean each further count is at most `ratio` times the one before: a geometric tail.
    let ratio = go * (hits + size) / (hits + 1.0);
    let ln_tail = ln_at - (1.0 - ratio).max(1e-3).ln();
    (-ln_tail / std::f64::consts::LN_2).max(0.0)
}

/// Evidence in bits that mean the same for every stretch: each halves what chance gives.
pub(super) fn evidence(surprise: f64, frames: u32, is_unchanged: bool, origin: Origin) -> f64 {
    let lengths = (f64::from(frames) / FITTED_FRAMES).max(1.0);
    let (halving, by_length, bonus) = match (is_unchanged, origin) {
        (true, Origin::Votes) => (HALVING_UNCHANGED, HALVING_BY_LENGTH, 0.0),
        (true, Origin::Sweep) => (HALVING_SWEPT, HALVING_SWEPT_BY_LENGTH, -SWEPT_PAYMENT),
        (false, _) => (HALVING_CHANGED, HALVING_BY_LENGTH, CHANGED_BONUS),
    };
    surprise / (halving * lengths.powf(by_length)) + bonus
}

/// Bits that a stretch of `chosen` frames pays for being the best of all stretches of `whole` frames: where it begins and
/// where it ends were both looked for.
pub(super) fn payment_for_choice(whole: u32, chosen: u32) -> f64 {
    let choices = f64::from(whole.max(1)) / f64::from(chosen.max(1));
    2.0 * choices.log2().max(0.0)
}

/// The score of `bits` of evidence found in a collection of `collection_ms` by a suspect of so many windows.
pub(super) fn score(bits: f64, collection_ms: u64, windows: usize) -> Score {
    let tries = Tries {
        query_places: windows as f64,
        collection_places: collection_ms as f64 / MS_PER_PLACE,
    };
    Score::from_segments(&[bits], tries, tries)
}

/// Natural logarithm of the gamma function for positive `x`, by Stirling's series.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 8.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let series = inverse * (1.0 / 12.0 - inverse * inverse * (1.0 / 360.0 - inverse * inverse / 1260.0));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_window_pays_for_having_been_chosen_and_the_whole_does_not() {
        for (whole, chosen, bits) in [(750, 750, 0.0), (600, 75, 6.0), (0, 0, 0.0), (10, 700, 0.0)] {
            let paid = payment_for_choice(whole, chosen);
            assert!((paid - bits).abs() < 1e-9, "{chosen} of {whole}: {paid}");
        }
    }
}
