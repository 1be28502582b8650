//! Figures: from counts, sums and values to what is shown.
//!
//! In:  what a store counted of one indicator, by group: [`Summed`] or [`Bin`]s.
//! Out: a [`Figure`]: the whole and its parts.
//!
//! Invariant: the whole is computed from the values of all parts, never from the figures of the parts: a median of medians is
//! none. What is missing is told beside each; without a known value there is no figure.

use std::collections::BTreeMap;

use crate::definition::Aggregate;

/// A part, summed by a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summed {
    /// Which part.
    pub group: Option<String>,
    /// Rows whose value is known.
    pub known: u64,
    /// Rows whose value is not.
    pub missing: u64,
    /// The sum of those that are known.
    pub sum: i128,
}

/// Rows of a part that have one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// Which part.
    pub group: Option<String>,
    /// The value.
    pub value: Option<i64>,
    /// How many rows.
    pub rows: u64,
}

/// What a figure comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A number of the unit.
    Whole(i128),
    /// So many of so many; of none, there is no figure.
    Share {
        /// Those that are.
        part: i128,
        /// All of which it is known.
        of: u64,
    },
}

/// A figure or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which part; nothing for the whole.
    pub group: Option<String>,
    /// What it comes to; nothing where no value is known.
    pub value: Option<Number>,
    /// From how many rows.
    pub n: u64,
    /// Rows that should have had a value and have none.
    pub missing: u64,
}

/// A figure with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// All together.
    pub whole: Part,
    /// The parts, by their names; none when it is not parted.
    pub parts: Vec<Part>,
}

/// A count, a sum or a share.
pub fn figure_of_sums(aggregate: Aggregate, sums: &[Summed]) -> Figure {
    let part = |group: Option<String>, known: u64, missing: u64, sum: i128| Part {
        group,
        value: match aggregate {
            Aggregate::Count => Some(Number::Whole(i128::from(known))),
            Aggregate::Share if known > 0 => Some(Number::Share { part: sum, of: known }),
            // Nothing that counts sums up to nothing; nothing that is known does not.
            Aggregate::Sum if known > 0 || missing == 0 => Some(Number::Whole(sum)),
            _ => None,
        },
        n: known,
        missing,
    };
    let total = sums.iter().fold((0_u64, 0_u64, 0_i128), |total, one| {
        (
            total.0.saturating_add(one.known),
            total.1.saturating_add(one.missing),
            total.2.saturating_add(one.sum),
        )
    });
    Figure {
        whole: part(None, total.0, total.1, total.2),
        parts: sums
            .iter()
            .filter(|one| one.group.is_some())
            .map(|one| part(one.group.clone(), one.known, one.missing, one.sum))
            .collect(),
    }
}

/// A median or another quantile.
pub fn figure_of_values(aggregate: Aggregate, bins: &[Bin]) -> Figure {
    let mut by_group: BTreeMap<&str, Vec<&Bin>> = BTreeMap::new();
    for bin in bins {
        if let Some(group) = &bin.group {
            by_group.entry(group).or_default().push(bin);
        }
    }
    let all: Vec<&Bin> = bins.iter().collect();
    Figure {
        whole: quantile(aggregate, None, &all),
        parts: by_group
            .into_iter()
            .map(|(group, bins)| quantile(aggregate, Some(group.to_owned()), &bins))
            .collect(),
    }
}

/// The nearest rank: a value that is there, never one between two.
fn quantile(aggregate: Aggregate, group: Option<String>, bins: &[&Bin]) -> Part {
    let per_hundred: u128 = match aggregate {
        Aggregate::P90 => 90,
        _ => 50,
    };
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut known, mut missing) = (0_u64, 0_u64);
    for bin in bins {
        match bin.value {
            Some(value) => {
                let count = counts.entry(value).or_default();
                *count = count.saturating_add(bin.rows);
                known = known.saturating_add(bin.rows);
            }
            None => missing = missing.saturating_add(bin.rows),
        }
    }
    let rank = (u128::from(known) * per_hundred).div_ceil(100);
    let mut seen = 0_u128;
    let mut found = None;
    for (value, count) in counts {
        seen += u128::from(count);
        if seen >= rank {
            found = Some(Number::Whole(i128::from(value)));
            break;
        }
    }
    Part {
        group,
        value: found,
        n: known,
        missing,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn bins(values: &[Option<i64>]) -> Vec<Bin> {
        values
            .iter()
            .map(|value| Bin {
                group: None,
                value: *value,
                rows: 1,
            })
            .collect()
    }

    fn whole(aggregate: Aggregate, values: &[Option<i64>]) -> (Option<Number>, u64, u64) {
        let part = figure_of_values(aggregate, &bins(values)).whole;
        (part.value, part.n, part.missing)
    }

    #[test]
    fn a_quantile_is_a_value_that_is_there() {
        let days: Vec<Option<i64>> = (1..=10).map(Some).collect();
        let at = |aggregate, values: &[Option<i64>]| whole(aggregate, values).0;
        assert_eq!(at(Aggregate::Median, &days), Some(Number::Whole(5)));
        assert_eq!(at(Aggregate::P90, &days), Some(Number::Whole(9)));
        assert_eq!(at(Aggregate::P90, &days[..1]), Some(Number::Whole(1)));
        assert_eq!(at(Aggregate::Median, &[]), None);
    }

    #[test]
    fn what_is_missing_is_told_and_is_not_nothing() {
        assert_eq!(
            whole(Aggregate::Median, &[None, Some(4), None]),
            (Some(Number::Whole(4)), 1, 2)
        );
        let sum = |known, missing, sum| {
            let summed = Summed {
                group: None,
                known,
                missing,
                sum,
            };
            figure_of_sums(Aggregate::Sum, &[summed]).whole
        };
        assert_eq!(sum(2, 3, 70).value, Some(Number::Whole(70)));
        assert_eq!(sum(2, 3, 70).missing, 3);
        assert_eq!(
            sum(0, 3, 0).value,
            None,
            "three matters whose fine nobody knows had no fine of 0"
        );
        assert_eq!(
            figure_of_sums(Aggregate::Sum, &[]).whole.value,
            Some(Number::Whole(0))
        );
        assert_eq!(figure_of_sums(Aggregate::Share, &[]).whole.value, None);
    }

    proptest! {
        #[test]
        fn a_quantile_has_its_share_of_the_values_below_it(values in vec(option::of(0..50_i64), 0..60)) {
            let mut known: Vec<i64> = values.iter().flatten().copied().collect();
            known.sort_unstable();
            for (aggregate, per_hundred) in [(Aggregate::Median, 50), (Aggregate::P90, 90)] {
                let (value, n, missing) = whole(aggregate, &values);
                prop_assert_eq!((n as usize, missing as usize), (known.len(), values.len() - known.len()));
                let wanted = (known.len() * per_hundred).div_ceil(100).checked_sub(1).map(|at| known[at]);
                prop_assert_eq!(value, wanted.map(|value| Number::Whole(i128::from(value))));
            }
        }
    }
}
