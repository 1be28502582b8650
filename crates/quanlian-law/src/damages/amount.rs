//! Exact arithmetic on amounts that may have bounds.
//!
//! In:  intervals in fen, counts, ratios.
//! Out: intervals in fen, or `None` where 64 bits do not hold the amount.
//!
//! Invariant: products are computed in 128 bits and divided once; the only rounding is to the
//! nearest fen, half a fen upwards. That is monotone, so the ends of an interval always bracket
//! what any amount inside it gives.

use crate::{interval::Interval, penalty::FenRange};

/// A product over a divisor, before it is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    over: i128,
    under: i128,
}

impl Ratio {
    pub(super) fn new(over: i128, under: i128) -> Self {
        debug_assert!(under > 0, "a divisor is positive");
        Self { over, under }
    }

    pub(super) fn times(self, over: i128) -> Option<Self> {
        Some(Self {
            over: self.over.checked_mul(over)?,
            ..self
        })
    }

    pub(super) fn divided(self, under: i128) -> Option<Self> {
        Some(Self {
            under: self.under.checked_mul(under)?,
            ..self
        })
    }

    /// The nearest whole number, half upwards. Numbers here are never negative.
    pub(super) fn rounded(self) -> Option<i64> {
        let doubled = self.over.checked_mul(2)?.checked_add(self.under)?;
        i64::try_from(doubled / self.under.checked_mul(2)?).ok()
    }

    pub(super) fn is_whole(self) -> bool {
        self.over % self.under == 0
    }
}

/// Both ends times a ratio, rounded to the fen.
pub(super) fn scaled(amount: Interval, low: Ratio, high: Ratio) -> Option<Interval> {
    let end = |fen: i64, by: Ratio| by.times(i128::from(fen))?.rounded();
    Some(Interval {
        low: end(amount.low, low)?,
        high: match amount.high {
            Some(fen) => Some(end(fen, high)?),
            None => None,
        },
    })
}

/// The sum of both.
pub(super) fn plus(one: Interval, other: Interval) -> Option<Interval> {
    Some(Interval {
        low: one.low.checked_add(other.low)?,
        high: match (one.high, other.high) {
            (Some(a), Some(b)) => Some(a.checked_add(b)?),
            _ => None,
        },
    })
}

/// The smallest interval that holds all of them.
pub(super) fn hull(amounts: impl IntoIterator<Item = Interval>) -> Option<Interval> {
    amounts.into_iter().reduce(Interval::hull)
}

pub(super) fn fen_range(amount: Interval) -> FenRange {
    FenRange {
        at_least_fen: amount.low,
        at_most_fen: amount.high,
    }
}

pub(super) fn interval([low, high]: [i64; 2]) -> Interval {
    Interval {
        low,
        high: Some(high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_fen_goes_up_and_less_goes_down() {
        assert_eq!(Ratio::new(5, 2).rounded(), Some(3));
        assert_eq!(Ratio::new(249, 100).rounded(), Some(2));
        assert_eq!(Ratio::new(0, 7).rounded(), Some(0));
        assert_eq!(Ratio::new(i128::MAX, 1).rounded(), None);
    }
}
