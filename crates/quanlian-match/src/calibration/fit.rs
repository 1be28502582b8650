//! Fitting: the upper tail of chance scores as an exponential one.
//!
//! In:  the best chance score of each non-member, `None` where nothing scored.
//! Out: a [`Tail`]: its start, its scale with the upper end of what the scores allow, and how well it fits.
//!
//! The best of many weak coincidences follows an extreme-value law whose upper tail is exponential (Gumbel; Karlin and
//! Altschul 1990 for alignments). The tail is fitted alone, to the highest fifth, by the mean of the excesses: what
//! lies below, and the tries that scored nothing at all, need no model then. Of the scale the upper end of its 95 %
//! interval is used, so that few non-members give a stricter model and not a luckier one.
//!
//! Not here: what is done with a model ([`super::Judge`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Fewer non-members than this are refused: they bound the rate of chance matches to no less than 3 %.
pub const MIN_NON_MEMBERS: usize = 100;

/// Scores that a tail is fitted to at least.
pub const MIN_TAIL: usize = 30;

/// Share of the non-members whose scores are the tail.
const TAIL_SHARE: f64 = 0.2;

/// Of the standard normal distribution: 5 % lie below minus this.
const ONE_SIDED_95: f64 = 1.644_853_6;

/// Where the statistic of Stephens (1974) for an exponential law of unknown mean has 5 % above it.
const STEPHENS_5_PERCENT: f64 = 1.094;

/// Why scores cannot be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum FitError {
    /// Too few to say anything.
    #[error("{have} non-members are too few, {need} are needed (each clip counts)")]
    TooFew { have: usize, need: usize },
    /// Nearly all had nothing in common with any work, so that there is no tail to fit.
    #[error(
        "only {scored} of {non_members} non-members have anything in common with a work, {need} are needed: \
         the built-in model stays"
    )]
    TooFewScored {
        scored: usize,
        non_members: usize,
        need: usize,
    },
    /// The highest scores are all the same, as of copies of one file.
    #[error("the highest scores are all {bits:.2} bits, as of one file given many times")]
    AllTheSame { bits: f64 },
}

impl FitError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFew { .. } => "calibrate_too_few",
            Self::TooFewScored { .. } => "calibrate_too_few_scored",
            Self::AllTheSame { .. } => "calibrate_all_the_same",
        }
    }
}

/// The fitted upper tail of the best chance score of one try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// Tries that copied nothing.
    pub non_members: u64,
    /// Of them, those with any score at all.
    pub scored: u64,
    /// Scores in the tail.
    pub in_tail: u64,
    /// Where the tail starts.
    pub start_bits: f64,
    /// Bits over which the tail falls to a half, as fitted; 1 where a bit means what it says.
    pub halving_bits: f64,
    /// The upper end of its 95 % interval, which E-values are computed with.
    pub halving_bits_upper: f64,
    /// The best score of all.
    pub best_bits: f64,
    /// Statistic of Kolmogorov and Smirnov in the form of Stephens (1974); 5 % of true exponential tails exceed 1.094.
    pub misfit: f64,
}

impl Tail {
    /// Fits the tail of `scores`, one for each try.
    pub fn fit(scores: &[Option<f64>]) -> Result<Self, FitError> {
        if scores.len() < MIN_NON_MEMBERS {
            return Err(FitError::TooFew {
                have: scores.len(),
                need: MIN_NON_MEMBERS,
            });
        }
        let mut found: Vec<f64> = scores
            .iter()
            .flatten()
            .copied()
            .filter(|bits| bits.is_finite())
            .collect();
        found.sort_unstable_by(|a, b| b.total_cmp(a));
        let in_tail = ((scores.len() as f64 * TAIL_SHARE) as usize)
            .max(MIN_TAIL)
            .min(found.len().saturating_sub(1));
        if in_tail < MIN_TAIL {
            return Err(FitError::TooFewScored {
                scored: found.len(),
                non_members: scores.len(),
                need: MIN_TAIL + 1,
            });
        }
        let start_bits = found[in_tail];
        let excesses: Vec<f64> = found[..in_tail].iter().map(|bits| bits - start_bits).collect();
        let mean = excesses.iter().sum::<f64>() / in_tail as f64;
        if mean < 1e-3 {
            return Err(FitError::AllTheSame { bits: start_bits });
        }
        let halving_bits = mean * std::f64::consts::LN_2;
        Ok(Self {
            non_members: scores.len() as u64,
            scored: found.len() as u64,
            in_tail: in_tail as u64,
            start_bits: rounded(start_bits),
            halving_bits: rounded(halving_bits),
            halving_bits_upper: rounded(halving_bits * upper_factor(in_tail)),
            best_bits: rounded(found[0]),
            misfit: rounded(misfit(&excesses, mean)),
        })
    }

    /// Chance matches expected in one try that score `bits` or more.
    pub fn e_value(&self, bits: f64) -> f64 {
        self.share() * (-(bits - self.start_bits) / self.halving_bits_upper).exp2()
    }

    /// The bits at which the E-value is this.
    pub fn bits_at(&self, e_value: f64) -> f64 {
        self.start_bits + self.halving_bits_upper * (self.share() / e_value).log2()
    }

    /// Whether the scores look exponential: not rejected at 5 %.
    pub fn fits(&self) -> bool {
        self.misfit < STEPHENS_5_PERCENT
    }

    /// No more than this share of such tries scores above the best one seen, at 95 % confidence, if tries are independent.
    pub fn rate_bound(&self) -> f64 {
        rate_bound(self.non_members)
    }

    fn share(&self) -> f64 {
        self.in_tail as f64 / self.non_members as f64
    }

    /// Whether numbers that came from a file could have come from a fit.
    pub(super) fn is_possible(&self) -> bool {
        let numbers = [
            self.start_bits,
            self.halving_bits,
            self.halving_bits_upper,
            self.best_bits,
            self.misfit,
        ];
        numbers
            .iter()
            .all(|number| number.is_finite() && number.abs() < 1e6)
            && self.non_members >= MIN_NON_MEMBERS as u64
            && self.scored <= self.non_members
            && self.in_tail >= MIN_TAIL as u64
            && self.in_tail < self.scored
            && self.halving_bits > 0.0
            && self.halving_bits_upper >= self.halving_bits
            && self.best_bits >= self.start_bits
    }
}

/// With so many tries and nothing found, the rate lies below this with 95 % confidence: some three over the number.
pub fn rate_bound(tries: u64) -> f64 {
    if tries == 0 {
        return 1.0;
    }
    1.0 - 0.05_f64.powf(1.0 / tries as f64)
}

/// What the mean of `count` exponential values is multiplied by for the upper end of its one-sided 95 % interval.
fn upper_factor(count: usize) -> f64 {
    // Twice the sum follows a chi-squared law; its quantile by Wilson and Hilferty (1931).
    let part = 1.0 / (9.0 * count as f64);
    1.0 / (1.0 - part - ONE_SIDED_95 * part.sqrt()).powi(3)
}

/// The greatest distance between the excesses and the exponential law of their mean, as Stephens (1974) scales it.
fn misfit(excesses_falling: &[f64], mean: f64) -> f64 {
    let count = excesses_falling.len() as f64;
    let distance = (excesses_falling.iter().rev().enumerate())
        .map(|(rank, excess)| {
            let law = 1.0 - (-excess / mean).exp();
            (law - rank as f64 / count).max((rank as f64 + 1.0) / count - law)
        })
        .fold(0.0, f64::max);
    (distance - 0.2 / count) * (count.sqrt() + 0.26 + 0.5 / count.sqrt())
}

/// Scores at some shares of all tries, the missing ones lowest; a share that falls among the missing is left out.
pub(super) fn quantiles(scores: &[Option<f64>]) -> BTreeMap<String, f64> {
    let mut sorted: Vec<f64> = scores.iter().map(|s| s.unwrap_or(f64::NEG_INFINITY)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let named = [
        ("0.50", 0.5),
        ("0.90", 0.9),
        ("0.99", 0.99),
        ("0.999", 0.999),
        ("1", 1.0),
    ];
    let at = |share: f64| {
        sorted
            .get(((sorted.len().max(1) - 1) as f64 * share).round() as usize)
            .copied()
    };
    (named.into_iter())
        .filter_map(|(name, share)| {
            Some((
                name.to_owned(),
                rounded(at(share).filter(|bits| bits.is_finite())?),
            ))
        })
        .collect()
}

/// Four decimals: enough for bits, and few enough digits to come back from text as they were.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
