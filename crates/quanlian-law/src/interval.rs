//! Three-valued logic over intervals: what is known of an amount, and what follows.
//!
//! In:  bounds of an amount, a threshold.
//! Out: [`Truth`]: met, not met, or unknown.
//!
//! Invariant: no answer is better known than the bounds allow.

use serde::{Deserialize, Serialize};

/// Kleene's three values, in the words of a rule: a line is met, not met, or nobody knows yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Excluded by the facts.
    NotMet,
    /// The facts leave it open.
    Unknown,
    /// Established by the facts.
    Met,
}

impl Truth {
    /// True of all: the weakest decides.
    pub(crate) fn all(items: impl IntoIterator<Item = Self>) -> Self {
        items.into_iter().min().unwrap_or(Self::Met)
    }

    /// True of at least one: the strongest decides.
    pub(crate) fn any(items: impl IntoIterator<Item = Self>) -> Self {
        items.into_iter().max().unwrap_or(Self::NotMet)
    }

    /// True of at least `count` of them.
    pub(crate) fn at_least(count: usize, items: &[Self]) -> Self {
        let met = items.iter().filter(|t| **t == Self::Met).count();
        let open = items.iter().filter(|t| **t == Self::Unknown).count();
        if met >= count {
            Self::Met
        } else if met + open >= count {
            Self::Unknown
        } else {
            Self::NotMet
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    /// What is unknown stays unknown.
    fn not(self) -> Self {
        match self {
            Self::Met => Self::NotMet,
            Self::Unknown => Self::Unknown,
            Self::NotMet => Self::Met,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Met } else { Self::NotMet }
    }
}

/// What is known of an amount: at least `low`, at most `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Smallest possible amount, never negative.
    pub(crate) low: i64,
    /// Largest possible amount; `None` where nothing bounds it. Never below `low`.
    pub(crate) high: Option<i64>,
}

impl Interval {
    /// Nothing is known, other than that amounts are not negative.
    pub(crate) const ANYTHING: Self = Self { low: 0, high: None };

    pub(crate) fn exact(amount: i64) -> Self {
        Self {
            low: amount,
            high: Some(amount),
        }
    }

    pub(crate) fn is_exact(self) -> bool {
        self.high == Some(self.low)
    }

    /// What remains when both statements are true, or `None` when they cannot both be.
    pub(crate) fn intersect(self, other: Self) -> Option<Self> {
        let low = self.low.max(other.low);
        let high = match (self.high, other.high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        high.is_none_or(|high| low <= high).then_some(Self { low, high })
    }

    /// The smallest interval that holds both.
    pub(crate) fn hull(self, other: Self) -> Self {
        let high = self.high.zip(other.high).map(|(a, b)| a.max(b));
        Self {
            low: self.low.min(other.low),
            high,
        }
    }

    /// The sum of both. The upper end is open where one of them is, or where it leaves the range of numbers.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            low: self.low.saturating_add(other.low),
            high: self.high.zip(other.high).and_then(|(a, b)| a.checked_add(b)),
        }
    }

    /// The product of both, cut at `limit`.
    pub(crate) fn times(self, other: Self, limit: i64) -> Self {
        let product = |a: i64, b: i64| i64::try_from(i128::from(a) * i128::from(b)).ok();
        Self {
            low: product(self.low, other.low).unwrap_or(limit),
            high: self.high.zip(other.high).and_then(|(a, b)| product(a, b)),
        }
        .within(limit)
    }

    /// The larger of two amounts.
    pub(crate) fn larger(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            high: self.high.zip(other.high).map(|(a, b)| a.max(b)),
        }
    }

    /// The same, where an amount beyond `limit` is only known to be that large.
    pub(crate) fn within(self, limit: i64) -> Self {
        Self {
            low: self.low.min(limit),
            high: self.high.filter(|high| *high <= limit),
        }
    }

    /// Whether the amount is at or above the threshold, which itself lies between two bounds
    /// (a unit's line is higher than a person's, and it may be open which of them it is).
    pub(crate) fn reaches(self, threshold: Self) -> Truth {
        if threshold.high.is_some_and(|highest| self.low >= highest) {
            Truth::Met
        } else if self.high.is_some_and(|high| high < threshold.low) {
            Truth::NotMet
        } else {
            Truth::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_of_three_needs_two_and_is_excluded_when_two_fail() {
        use Truth::{Met, NotMet, Unknown};
        assert_eq!(Truth::at_least(2, &[Met, Met, NotMet]), Met);
        assert_eq!(Truth::at_least(2, &[Met, Unknown, NotMet]), Unknown);
        assert_eq!(Truth::at_least(2, &[Met, NotMet, NotMet]), NotMet);
    }

    proptest! {
        #[test]
        fn an_answer_holds_for_every_amount_inside_the_bounds(
            low in 0_i64..1000, width in prop::option::of(0_i64..1000), line in 0_i64..2000, inside in 0_i64..3000,
        ) {
            let known = Interval { low, high: width.map(|w| low + w) };
            prop_assume!(inside >= low && known.high.is_none_or(|h| inside <= h));
            match known.reaches(Interval::exact(line)) {
                Truth::Met => prop_assert!(inside >= line),
                Truth::NotMet => prop_assert!(inside < line),
                Truth::Unknown => {}
            }
        }
    }
}
