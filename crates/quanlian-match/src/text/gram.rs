//! Grams: the keys of a text.
//!
//! In:  folded symbols in order.
//! Out: a key for each place (dense, for queries) or for the chosen ones (winnowed,
//!      for works).
//!
//! A gram runs until its symbols weigh [`GRAM_UNITS`]: six Han characters, fourteen
//! letters, or a mixture. So one rule serves every script and every switch between
//! scripts, and a gram depends on nothing but its own symbols.
//!
//! Invariant: of any [`WINDOW_UNITS`] of starting places at least one is chosen by the
//! winnowed side, hence any run of `GRAM_UNITS + WINDOW_UNITS` that both sides share
//! meets the index.
//!
//! Source: Schleimer, Wilkerson, Aiken 2003, "Winnowing: local algorithms for document
//! fingerprinting".
//!
//! Not here: folding (`fold`), where keys are kept (`segment`).

use super::fold::{HAN_UNITS, LETTER_UNITS, Symbol, units};

/// Weight of one gram.
pub(crate) const GRAM_UNITS: u32 = 6 * HAN_UNITS;
/// Weight of the stretch of starting places from which one gram is chosen.
pub(crate) const WINDOW_UNITS: u32 = 8 * HAN_UNITS;
/// Width of the keys: narrow enough for a small index, wide enough that a hundred
/// million grams of works meet a foreign gram by chance once in seven hundred times;
/// the verification on the content removes those.
pub(crate) const KEY_BITS: u32 = 36;

/// Most symbols of one gram.
pub(crate) const MAX_SYMBOLS: usize = GRAM_UNITS.div_ceil(LETTER_UNITS) as usize;
const RING: usize = 32;
const _: () = assert!(MAX_SYMBOLS < RING && ((WINDOW_UNITS / LETTER_UNITS) as usize + 2) < RING);
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
const POWERS: [u64; RING] = powers();

const fn powers() -> [u64; RING] {
    let mut p = [1u64; RING];
    let mut i = 1;
    while i < RING {
        p[i] = p[i - 1].wrapping_mul(BASE);
        i += 1;
    }
    p
}

/// Gives every gram of a stream of symbols, by a rolling polynomial.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grams {
    ring: [(u64, u32); RING],
    /// Symbols seen, and the first of them that is still in the ring.
    end: u64,
    start: u64,
    units: u32,
    hash: u64,
}

impl Grams {
    /// Takes the next symbol; calls `sink(key, start)` for each gram that it completes.
    #[inline]
    pub(crate) fn push(&mut self, symbol: Symbol, mut sink: impl FnMut(u64, u64, u32)) {
        let value = spread(u64::from(symbol) + 1);
        self.ring[self.end as usize % RING] = (value, units(symbol));
        self.end += 1;
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(value);
        self.units += units(symbol);
        while self.units >= GRAM_UNITS {
            let (oldest, oldest_units) = self.ring[self.start as usize % RING];
            sink(spread(self.hash) >> (64 - KEY_BITS), self.start, oldest_units);
            let length = (self.end - self.start) as usize;
            self.hash = self
                .hash
                .wrapping_sub(oldest.wrapping_mul(POWERS[(length - 1) % RING]));
            self.units -= oldest_units;
            self.start += 1;
        }
    }
}

/// Spreads the bits of a number over all of it.
#[inline]
fn spread(mut x: u64) -> u64 {
    x ^= x >> 32;
    x = x.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^= x >> 32;
    x.wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Chooses the least gram of every window, of equal ones the last.
///
/// The window is searched again only when its least gram leaves it, which happens about
/// once for each gram that is chosen; everything else is one comparison.
#[derive(Debug, Clone)]
pub(crate) struct Winnow {
    grams: Grams,
    /// Key and place in units of the latest grams, at their starting place in the ring.
    keys: [u64; RING],
    places: [u64; RING],
    place: u64,
    least_key: u64,
    least_start: u64,
    chosen: Option<u64>,
}

impl Default for Winnow {
    fn default() -> Self {
        Self {
            grams: Grams::default(),
            keys: [0; RING],
            places: [0; RING],
            place: 0,
            least_key: u64::MAX,
            least_start: 0,
            chosen: None,
        }
    }
}

impl Winnow {
    /// Takes the next symbols; calls `sink(key, start)` for each gram that is chosen.
    #[inline]
    pub(crate) fn extend(&mut self, symbols: &[Symbol], mut sink: impl FnMut(u64, u64)) {
        for &symbol in symbols {
            let Self {
                grams,
                keys,
                places,
                place,
                least_key,
                least_start,
                chosen,
            } = self;
            grams.push(symbol, |key, start, units| {
                keys[start as usize % RING] = key;
                places[start as usize % RING] = *place;
                *place += u64::from(units);
                let has_left = |at: u64| places[at as usize % RING] + u64::from(WINDOW_UNITS) < *place;
                if key <= *least_key {
                    (*least_key, *least_start) = (key, start);
                } else if has_left(*least_start) {
                    let older = (*least_start + 1..start).rev().take_while(|&at| !has_left(at));
                    (*least_key, *least_start) = (key, start);
                    for at in older {
                        let key = keys[at as usize % RING];
                        if key < *least_key {
                            (*least_key, *least_start) = (key, at);
                        }
                    }
                }
                // The window is full once the starting places reach over its whole weight.
                if *place >= u64::from(WINDOW_UNITS) && *chosen != Some(*least_start) {
                    *chosen = Some(*least_start);
                    sink(*least_key, *least_start);
                }
            });
        }
    }

    /// Ends the text: a text shorter than one window still leaves its least gram.
    pub(crate) fn finish(self, mut sink: impl FnMut(u64, u64)) {
        if self.chosen.is_none() && self.place > 0 {
            sink(self.least_key, self.least_start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::Fold;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn symbols(text: &str) -> Vec<Symbol> {
        let mut out = Vec::new();
        text.chars().for_each(|c| Fold::new().fold(c, |s| out.push(s)));
        out
    }

    fn dense(symbols: &[Symbol]) -> Vec<(u64, u64)> {
        let (mut grams, mut out) = (Grams::default(), Vec::new());
        for &s in symbols {
            grams.push(s, |key, start, _| out.push((key, start)));
        }
        out
    }

    fn winnowed(symbols: &[Symbol]) -> Vec<(u64, u64)> {
        let (mut winnow, mut out) = (Winnow::default(), Vec::new());
        for &s in symbols {
            winnow.extend(&[s], |key, start| out.push((key, start)));
        }
        winnow.finish(|key, start| out.push((key, start)));
        out
    }

    #[test]
    fn a_gram_is_six_han_or_fourteen_letters() {
        assert_eq!(dense(&symbols("一二三四五")).len(), 0);
        assert_eq!(dense(&symbols("一二三四五六")).len(), 1);
        assert_eq!(dense(&symbols("abcdefghijklm")).len(), 0);
        assert_eq!(dense(&symbols("abcdefghijklmn")).len(), 1);
        assert_eq!(dense(&symbols("一二三abcdefg")).len(), 1);
    }

    fn mixed_text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select("一二三四五天地人abcdefgh12かな".chars().collect::<Vec<_>>()),
            0..120,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn a_gram_depends_on_its_own_symbols_only(before in mixed_text(), text in mixed_text()) {
            let alone: BTreeSet<u64> = dense(&symbols(&text)).into_iter().map(|g| g.0).collect();
            let within: BTreeSet<u64> = dense(&symbols(&(before + &text))).into_iter().map(|g| g.0).collect();
            prop_assert!(alone.is_subset(&within));
        }

        #[test]
        fn what_both_share_meets_the_index(before in mixed_text(), shared in mixed_text(), after in mixed_text()) {
            let run = symbols(&shared);
            let weight: u32 = run.iter().map(|&s| units(s)).sum();
            let work: BTreeSet<u64> = winnowed(&symbols(&(before + &shared + &after))).into_iter().map(|g| g.0).collect();
            let meets = dense(&run).iter().any(|g| work.contains(&g.0));
            prop_assert!(meets || weight < GRAM_UNITS + WINDOW_UNITS + HAN_UNITS);
        }

        #[test]
        fn the_chosen_are_among_the_dense(text in mixed_text()) {
            let s = symbols(&text);
            let all: BTreeSet<(u64, u64)> = dense(&s).into_iter().collect();
            let chosen = winnowed(&s);
            prop_assert!(chosen.iter().all(|g| all.contains(g)));
            prop_assert_eq!(chosen.is_empty(), all.is_empty());
        }
    }
}
