//! Extension: how far an agreement reaches around a place where it is certain.
//!
//! In:  two folded stretches, the bits of each symbol, and a place in both.
//! Out: the [`Aligned`] stretch with the highest score through that place.
//!
//! Dynamic programming over substitutions, missing and added symbols, cut off where the
//! score has fallen by [`X_DROP_BITS`] below the best so far (Zhang and others 2000).
//!
//! Invariants: pure; memory for one row of at most [`MAX_BAND`] cells; time linear in the
//! length reached.
//!
//! Not here: where to start (`matcher`).

use std::ops::Range;

use super::background::{gap_bits, substitution_bits, tear_bits};
use super::fold::Symbol;

/// Fall of the score at which an extension gives up: some words of an alphabet, or eight
/// Han characters, that were replaced.
pub(crate) const X_DROP_BITS: f64 = 32.0;
/// Most cells of one row: bounds time on repetitive text.
const MAX_BAND: usize = 96;

/// Two stretches that agree but for some differences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aligned {
    /// Stretch of the query and of the work, in symbols of the slices given.
    pub(crate) query: Range<usize>,
    pub(crate) work: Range<usize>,
    /// Information in the symbols that agree less the cost of the differences.
    pub(crate) bits: f64,
    /// Symbols that agree, and columns of the alignment.
    pub(crate) same: u32,
    pub(crate) columns: u32,
}

/// The symbols of the work with what each is worth.
#[derive(Clone, Copy)]
pub(crate) struct Weighted<'a> {
    pub(crate) symbols: &'a [Symbol],
    pub(crate) bits: &'a [f64],
}

/// Extends both ways from `query[at.0]` standing over `work[at.1]`.
pub(crate) fn through(query: &[Symbol], work: Weighted<'_>, at: (usize, usize)) -> Aligned {
    let right = reach(
        &|i| query.get(at.0 + i).copied(),
        &|j| work.symbols.get(at.1 + j).copied(),
        &|j| work.bits[at.1 + j],
    );
    let back = |i: usize, from: usize| from.checked_sub(i + 1);
    let left = reach(
        &|i| back(i, at.0).map(|k| query[k]),
        &|j| back(j, at.1).map(|k| work.symbols[k]),
        &|j| work.bits[at.1 - 1 - j],
    );
    Aligned {
        query: at.0 - left.query..at.0 + right.query,
        work: at.1 - left.work..at.1 + right.work,
        bits: left.cell.score + right.cell.score,
        same: left.cell.same + right.cell.same,
        columns: left.cell.columns + right.cell.columns,
    }
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    score: f64,
    same: u32,
    columns: u32,
}

impl Cell {
    const DEAD: Self = Self {
        score: f64::NEG_INFINITY,
        same: 0,
        columns: 0,
    };

    fn step(self, bits: f64, same: bool) -> Self {
        Self {
            score: self.score + bits,
            same: self.same + u32::from(same),
            columns: self.columns + 1,
        }
    }

    /// Begins to leave symbols out, on either side.
    fn torn(self, symbol: Symbol) -> Self {
        Self {
            score: self.score - tear_bits(symbol),
            ..self
        }
    }

    fn or(self, other: Self) -> Self {
        if other.score > self.score { other } else { self }
    }
}

/// The best way to a pair of places: with the last two symbols standing over each other, and with symbols left out.
#[derive(Debug, Clone, Copy)]
struct Ways {
    paired: Cell,
    torn: Cell,
}

impl Ways {
    const DEAD: Self = Self {
        paired: Cell::DEAD,
        torn: Cell::DEAD,
    };

    fn best(self) -> Cell {
        self.paired.or(self.torn)
    }

    /// The best way on by leaving one symbol out.
    fn leave_out(self, symbol: Symbol) -> Cell {
        self.torn
            .or(self.paired.torn(symbol))
            .step(-gap_bits(symbol), false)
    }
}

struct Reach {
    query: usize,
    work: usize,
    cell: Cell,
}

/// The best-scoring end of an alignment that starts at zero on both sides.
fn reach(
    query: &impl Fn(usize) -> Option<Symbol>,
    work: &impl Fn(usize) -> Option<Symbol>,
    bits: &impl Fn(usize) -> f64,
) -> Reach {
    let mut best = Reach {
        query: 0,
        work: 0,
        cell: Cell {
            score: 0.0,
            same: 0,
            columns: 0,
        },
    };
    // `above[k]` is the cell of work place `low + k` in the row of the query symbol before.
    let (mut above, mut low) = (
        vec![Ways {
            paired: best.cell,
            torn: Cell::DEAD,
        }],
        0usize,
    );
    while let Some(w) = work(above.len() - 1) {
        let torn = above[above.len() - 1].leave_out(w);
        if torn.score < -X_DROP_BITS || above.len() >= MAX_BAND {
            break;
        }
        above.push(Ways {
            paired: Cell::DEAD,
            torn,
        });
    }
    let mut row: Vec<Ways> = Vec::with_capacity(MAX_BAND);
    let mut i = 0;
    while let Some(q) = query(i) {
        i += 1;
        let other = -substitution_bits(q);
        row.clear();
        let mut k = 0;
        // Cell k stands for work place low + k: from above by a missing symbol of the work,
        // from above left by a pair, from the left by a missing symbol of the query.
        while row.len() < MAX_BAND {
            let mut ways = Ways {
                paired: Cell::DEAD,
                torn: above.get(k).map_or(Cell::DEAD, |c| c.leave_out(q)),
            };
            if low + k > 0
                && let Some(w) = work(low + k - 1)
            {
                if k > 0 {
                    if let Some(c) = above.get(k - 1) {
                        ways.paired = if w == q {
                            c.best().step(bits(low + k - 1), true)
                        } else {
                            c.paired.step(other, false)
                        };
                    }
                    ways.torn = ways.torn.or(row[k - 1].leave_out(w));
                }
            } else if low + k > 0 {
                break;
            }
            if ways.best().score < best.cell.score - X_DROP_BITS {
                ways = Ways::DEAD;
                if k >= above.len() {
                    break;
                }
            } else if ways.paired.score > best.cell.score {
                best = Reach {
                    query: i,
                    work: low + k,
                    cell: ways.paired,
                };
            }
            row.push(ways);
            k += 1;
        }
        let alive = |c: &Ways| c.best().score.is_finite();
        let Some(first) = row.iter().position(alive) else {
            break;
        };
        let last = row.iter().rposition(alive).unwrap_or(first);
        low += first;
        above.clear();
        above.extend_from_slice(&row[first..=last]);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{background, fold::Fold};
    use proptest::prelude::*;

    fn symbols(text: &str) -> Vec<Symbol> {
        let mut out = Vec::new();
        text.chars().for_each(|c| Fold::new().fold(c, |s| out.push(s)));
        out
    }

    fn align(query: &str, work: &str, at: (usize, usize)) -> Aligned {
        let (query, work) = (symbols(query), symbols(work));
        let bits: Vec<f64> = work.iter().map(|&s| background::prior_bits(s)).collect();
        through(
            &query,
            Weighted {
                symbols: &work,
                bits: &bits,
            },
            at,
        )
    }

    #[test]
    fn an_exact_copy_is_found_whole() {
        let found = align("xxxthequickbrownfoxyyy", "zthequickbrownfoxz", (8, 6));
        assert_eq!((found.query, found.work), (3..19, 1..17));
        assert_eq!((found.same, found.columns), (16, 16));
    }

    #[test]
    fn edits_inside_are_crossed_and_counted() {
        let work = "itisatruthuniversallyacknowledgedthatasinglemaninpossession";
        let query = "itisatruthuniversalyacknowledgedthatasinglexmaninpozsession";
        let found = align(query, work, (0, 0));
        assert_eq!((found.query, found.work), (0..59, 0..59));
        assert_eq!((found.same, found.columns), (57, 60));
    }

    #[test]
    fn foreign_text_on_both_sides_is_left_out() {
        let found = align(
            "一二三四五天地玄黄宇宙洪荒六七八九十",
            "甲乙丙天地玄黄宇宙洪荒丁戊己庚",
            (7, 5),
        );
        assert_eq!((found.query, found.work), (5..13, 3..11));
    }

    proptest! {
        #[test]
        fn any_two_texts_align_within_bounds(
            query in prop::collection::vec(0..4u32, 1..80), work in prop::collection::vec(0..4u32, 1..80),
            at in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let to_symbols = |v: Vec<u32>| v.into_iter().map(|x| x + 0x61 + (3 << 24)).collect::<Vec<_>>();
            let (query, work) = (to_symbols(query), to_symbols(work));
            let bits: Vec<f64> = work.iter().map(|&s| background::prior_bits(s)).collect();
            let at = (at.0.index(query.len()), at.1.index(work.len()));
            let found = through(&query, Weighted { symbols: &work, bits: &bits }, at);
            prop_assert!(found.query.end <= query.len() && found.work.end <= work.len());
            prop_assert!(found.bits >= 0.0 && found.same <= found.columns);
            prop_assert!(found.same as usize <= found.query.len().min(found.work.len()));
            prop_assert!(found.columns as usize >= found.query.len().max(found.work.len()));
        }
    }
}
