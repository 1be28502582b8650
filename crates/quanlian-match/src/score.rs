//! Scores: how much a match weighs against chance, in bits and as an E-value.
//!
//! In:  the bits of information in what was found to agree, and the number of tries.
//! Out: a [`Score`] that means the same for every medium and every size of collection.
//!
//! # Model
//! A match weighs `bits = D * sum(-log2 p) - cost of the differences`, where `p` is the
//! probability, under the background model of the medium, of the next symbol (or key)
//! given what stands before it. `D` discounts for what the
//! model does not know about how content hangs together; it is fixed for each medium from
//! the scores of known non-members. From the bits the
//! tries are subtracted: a query of `m` places against a collection of `n` places could
//! have matched at `m * n` pairs of places, so chance has `log2(m * n)` bits to its
//! credit. A further segment in the same work pays only for its place in that work.
//! What is left is [`Score::bits`], and the number of matches this good that chance
//! gives in a collection of this size is at most `2^-bits`: the E-value (Karlin and
//! Altschul 1990, with the extreme-value constant taken as one).
//!
//! # Assumptions, and what happens where they fail
//! Background content is independent of the work. It is not where two works quote a
//! third or share set phrases; the media lower the information of what many works hold.
//! What remains is real common content, and the report shows it to a person.
//!
//! Not here: what the information of a symbol or key is (the media).

/// E-value above which a match is not shown unless it is asked for.
pub const DEFAULT_MAX_E_VALUE: f64 = 1e-6;

/// Smallest E-value that is told; below it, floating point would say zero.
pub const MIN_E_VALUE: f64 = 1e-300;

/// An E-value as people read it; the smallest that is told stands for all below it.
pub fn e_value_in_words(e_value: f64) -> String {
    let floor = if e_value <= MIN_E_VALUE { "≤ " } else { "" };
    format!("{floor}{e_value:.1e}")
}

/// Number of ways in which chance could have produced a match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tries {
    /// Places of the query at which a match can start, times the transforms tried.
    pub query_places: f64,
    /// Places of all works of this medium in the collection.
    pub collection_places: f64,
}

impl Tries {
    /// Bits that chance has to its credit before anything agrees.
    pub fn bits(&self) -> f64 {
        (self.query_places.max(1.0) * self.collection_places.max(1.0)).log2()
    }
}

/// The weight of a match after all tries are paid for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Evidence in bits; negative when chance explains the match.
    pub bits: f64,
    /// Expected number of chance matches at least this good.
    pub e_value: f64,
}

impl Score {
    /// Scores a match from the bits of its segments, the best first.
    ///
    /// The first segment pays for all `tries`; each further one for its place among
    /// `within` (the same query, the one work). A segment that does not earn what it
    /// has to pay adds nothing, so more evidence never lowers the score.
    pub fn from_segments(segment_bits: &[f64], tries: Tries, within: Tries) -> Self {
        let mut sorted = segment_bits.to_vec();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let Some((best, further)) = sorted.split_first() else {
            return Self::from_bits(-tries.bits());
        };
        let more: f64 = further.iter().map(|b| (b - within.bits()).max(0.0)).sum();
        Self::from_bits(best - tries.bits() + more)
    }

    /// A score of so many bits, tries already paid.
    pub fn from_bits(bits: f64) -> Self {
        Self {
            bits,
            e_value: (-bits).exp2().max(MIN_E_VALUE),
        }
    }

    /// Whether a match is shown with this limit.
    pub fn is_within(&self, max_e_value: f64) -> bool {
        self.e_value <= max_e_value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRIES: Tries = Tries {
        query_places: 1024.0,
        collection_places: 1_048_576.0,
    };
    const WITHIN: Tries = Tries {
        query_places: 1024.0,
        collection_places: 1024.0,
    };

    #[test]
    fn the_smallest_e_value_is_told_as_a_bound() {
        assert_eq!(e_value_in_words(1e-300), "≤ 1.0e-300");
        assert_eq!(e_value_in_words(2.34e-7), "2.3e-7");
    }

    #[test]
    fn tries_are_paid_in_bits() {
        let score = Score::from_segments(&[50.0], TRIES, WITHIN);
        assert!((score.bits - 20.0).abs() < 1e-9);
        assert!((score.e_value - 2f64.powi(-20)).abs() < 1e-12);
        assert!(score.is_within(DEFAULT_MAX_E_VALUE));
        assert!(!Score::from_segments(&[49.0], TRIES, WITHIN).is_within(DEFAULT_MAX_E_VALUE));
    }

    #[test]
    fn a_further_segment_pays_for_its_place_in_the_work_only() {
        assert!((Score::from_segments(&[25.0, 50.0], TRIES, WITHIN).bits - 25.0).abs() < 1e-9);
    }

    #[test]
    fn a_thousandfold_collection_costs_ten_bits() {
        let larger = Tries {
            collection_places: TRIES.collection_places * 1024.0,
            ..TRIES
        };
        assert!((Score::from_segments(&[50.0], larger, WITHIN).bits - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_e_value_never_says_zero() {
        assert!(Score::from_bits(1e9).e_value > 0.0);
        assert!(Score::from_segments(&[], TRIES, WITHIN).e_value >= 1.0);
    }

    proptest! {
        #[test]
        fn more_evidence_never_lowers_the_score(bits in prop::collection::vec(0.0..500.0f64, 1..20), more in 0.0..500.0f64) {
            let before = Score::from_segments(&bits, TRIES, WITHIN);
            let after = Score::from_segments(&[&bits[..], &[more]].concat(), TRIES, WITHIN);
            prop_assert!(after.bits >= before.bits - 1e-9);
        }
    }
}
