//! Calibration: how a correlation of changes becomes bits and an E-value.
//!
//! In:  the correlation of a window with a place, and what other moments of the same work reach.
//! Out: bits of evidence; paid down for everything that was tried, a [`Score`].
//!
//! # How the constants were measured
//! On 5 real films of 8 to 30 s and 9 made by ffmpeg. Non-members: clips of other films; and, far harder, other moments of the
//! same films, each film cut in the middle and one half searched in the other (`benches/film_moments.py`). With
//! [`MOMENT_LIKENESS`] at 0.6 and [`BITS_WORTH`] at 1 a window of a real film at another moment reached 1.3 bits before anything
//! is paid, and one of two boxes that cross a standing picture again and again 12.1. Copies of 5 s reach 20 to 120, and 2 to 12
//! where all that happens is a single event. The constants were then set so that both of the first stay below the tries alone.
//!
//! [`EVENED_LIKENESS`] was set on the same films and on 9 of a fixed camera that were staged from photographs: things are put
//! down and taken away on the same path again and again, nearly or exactly alike (`benches/film_stage.py`). Between two
//! moments evened changes correlate by at most 0.51 on the real films and 0.71 on the staged ones, in copies of 5 s with a
//! single event by 0.78 to 0.96.
//!
//! Not here: how correlations are measured (`verify`).

use super::decode::STEPS_PER_SECOND;
use crate::score::{Score, Tries};

/// What chance can do, as seen on the very pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    /// Independent numbers in the changes of the stretch itself.
    pub(super) freedom: f64,
    /// The best correlation at another moment of the work.
    pub(super) best_other: f64,
    /// Sum of the squares of all of them, and how many there were.
    pub(super) squares: f64,
    pub(super) moments: u32,
}

/// Correlation that two moments of one scene may have: the same hand does the same thing twice.
pub(super) const MOMENT_LIKENESS: f64 = 0.75;
/// The same of evened changes.
pub(super) const EVENED_LIKENESS: f64 = 0.6;
/// No correlation is taken to be better than this.
const MAX_CORRELATION: f64 = 0.985;
/// Neighbouring moments that count as one.
const MOMENTS_PER_ONE: f64 = 3.0;
/// Moments that stand for what is known before any are looked at, and the mean square of their correlation.
const PRIOR_MOMENTS: f64 = 4.0;
const PRIOR_SQUARE: f64 = 1.0 / 30.0;
/// Score bits per bit of the model.
const BITS_WORTH: f64 = 2.0;
/// Most that one window can say.
const MAX_WINDOW_BITS: f64 = 120.0;
/// Speeds, areas, mirrors and kinds of changes that are as good as independent tries.
const TRANSFORMS: f64 = 12.0;
/// Steps of works that count as one place.
const STEPS_PER_PLACE: f64 = 0.5 * STEPS_PER_SECOND as f64;

impl Chance {
    /// Independent numbers that the correlation is made of.
    pub(super) fn numbers(&self) -> f64 {
        let seen = f64::from(self.moments) / MOMENTS_PER_ONE;
        let mean = (self.squares / MOMENTS_PER_ONE + PRIOR_MOMENTS * PRIOR_SQUARE) / (seen + PRIOR_MOMENTS);
        self.freedom.min(1.0 / mean.max(1e-6))
    }
}

/// Bits by which a copy explains so good a correlation better than another moment of the same scene does.
pub(super) fn window_bits(correlation: f64, chance: &Chance, likeness: f64) -> f64 {
    let other = chance.best_other.max(likeness);
    let own = correlation.min(MAX_CORRELATION);
    if own <= other {
        return 0.0;
    }
    let ratio = (1.0 - other * other) / (1.0 - own * own);
    (BITS_WORTH * 0.5 * chance.numbers() * ratio.log2()).min(MAX_WINDOW_BITS)
}

/// Bits by which one line explains a window better than another.
pub(super) fn gain_bits(line: (f64, Chance), other: (f64, Chance)) -> f64 {
    let unexplained = |correlation: f64| 1.0 - correlation.clamp(0.0, MAX_CORRELATION).powi(2);
    0.5 * line.1.numbers() * (unexplained(other.0) / unexplained(line.0)).log2()
}

/// The score of segments of one work in a collection of so many steps, by a suspect of so many windows.
pub(super) fn score(segments: &[f64], collection_steps: u64, windows: usize, work_steps: u32) -> Score {
    let query_places = windows as f64 * TRANSFORMS;
    let tries = Tries {
        query_places,
        collection_places: collection_steps as f64 / STEPS_PER_PLACE,
    };
    let within = Tries {
        query_places,
        collection_places: f64::from(work_steps) / STEPS_PER_PLACE,
    };
    Score::from_segments(segments, tries, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(freedom: f64, best_other: f64) -> Chance {
        Chance {
            freedom,
            best_other,
            squares: 0.5,
            moments: 60,
        }
    }

    fn bits(correlation: f64, chance: &Chance) -> f64 {
        window_bits(correlation, chance, MOMENT_LIKENESS)
    }

    #[test]
    fn another_moment_as_good_is_worth_nothing_and_a_single_event_next_to_nothing() {
        assert!(bits(0.97, &chance(30.0, 0.97)) < 0.01);
        assert!(bits(0.7, &chance(30.0, 0.1)) < 0.01);
        assert!(bits(0.99, &chance(2.0, 0.1)) < 10.0);
        assert!(bits(0.97, &chance(20.0, 0.1)) > 40.0);
    }

    #[test]
    fn more_agreement_and_more_freedom_are_worth_more() {
        assert!(bits(0.95, &chance(20.0, 0.3)) > bits(0.9, &chance(20.0, 0.3)));
        assert!(bits(0.95, &chance(20.0, 0.3)) > bits(0.95, &chance(10.0, 0.3)));
        assert!(bits(0.95, &chance(20.0, 0.8)) < bits(0.95, &chance(20.0, 0.3)));
        let restless = Chance {
            squares: 30.0,
            ..chance(20.0, 0.3)
        };
        assert!(bits(0.95, &restless) < bits(0.95, &chance(20.0, 0.3)));
    }

    #[test]
    fn a_thousandfold_collection_costs_ten_bits() {
        let bits = |steps| score(&[60.0], steps, 4, 100).bits;
        assert!((bits(1000) - bits(1_024_000) - 10.0).abs() < 1e-9);
    }
}
