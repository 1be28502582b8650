//! Background: how much information a letter carries that two texts have in common.
//!
//! In:  a sample of the collection's own texts, then stretches of single works.
//! Out: bits for each symbol: how surprising it is, given the symbols before it, to
//!      somebody who has read the other works.
//!
//! The model counts which symbol follows which context, for contexts of nothing up to
//! [`CONTEXT_UNITS`] (five letters, two Han characters), and mixes the orders by
//! Witten and Bell's rule. Longer contexts are counted once for each work, and the work
//! at hand is left out, so that what many works hold (licences, set phrases, quoted
//! sources) tells next to nothing, while what only one work holds tells much, however
//! often that work repeats it. Without other works the prior of the script remains.
//!
//! Invariants: bounded by [`SAMPLE_SYMBOLS`] in time and memory; deterministic; counts
//! can collide in their table, which only lowers the information.
//!
//! Source: Witten and Bell 1991, "The zero-frequency problem".
//!
//! Not here: what the bits add up to (`score`).

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::fold::{HAN_UNITS, KANA_UNITS, LETTER_UNITS, Symbol, units};

/// Symbols of all works from which the model is made.
pub(crate) const SAMPLE_SYMBOLS: usize = 1 << 22;
/// Longest context.
const CONTEXT_UNITS: u32 = 15;
/// From this length on, contexts are counted by works instead of by occurrences.
const BY_WORK_UNITS: u32 = 2 * LETTER_UNITS;
/// Share of its bits that a symbol keeps when its stretch has said it before, in the same
/// context.
const REPEATED_SHARE: f64 = 0.1;
const MAX_ORDERS: usize = (CONTEXT_UNITS / LETTER_UNITS) as usize + 1;
const MIN_SLOTS: usize = 1 << 10;
const MAX_SLOTS: usize = 1 << 24;

/// Bits of a symbol about which nothing is known but its script: the entropy of a letter
/// of running text given many before it (Shannon 1951 for English, with a margin).
pub(crate) fn prior_bits(symbol: Symbol) -> f64 {
    match units(symbol) {
        HAN_UNITS => 6.0,
        KANA_UNITS => 3.5,
        _ => 2.2,
    }
}

/// Most that one symbol may tell: a single odd character is no evidence.
fn most_bits(symbol: Symbol) -> f64 {
    2.0 * prior_bits(symbol)
}

/// Bits that one symbol standing for another costs, by script.
///
/// These and [`gap_bits`] must be so dear that two unrelated texts lose more on their
/// differences than they gain on their chance agreements; letters agree by chance every
/// fifteenth time, Han characters hardly ever.
pub(crate) fn substitution_bits(symbol: Symbol) -> f64 {
    if units(symbol) == LETTER_UNITS { 3.0 } else { 4.0 }
}

/// Bits that a symbol which the other side lacks costs.
pub(crate) const fn gap_bits() -> f64 {
    4.0
}

/// Counts of symbols in their contexts.
#[derive(Debug)]
pub(crate) struct Background {
    /// How often a symbol follows a context, at the hash of both.
    follows: Vec<u16>,
    /// How often anything follows a context, and how many different symbols do.
    contexts: Vec<(u32, u16)>,
}

impl Background {
    /// Learns from stretches of works; each is `(work, symbols)`, those of one work
    /// together.
    pub(crate) fn learn<'a>(
        stretches: impl Iterator<Item = (u64, &'a [Symbol])>,
        sample_symbols: usize,
    ) -> Self {
        let slots = (sample_symbols * MAX_ORDERS)
            .next_power_of_two()
            .clamp(MIN_SLOTS, MAX_SLOTS);
        let mut model = Self {
            follows: vec![0; slots],
            contexts: vec![(0, 0); slots / 2],
        };
        let mut last_work = vec![0u32; slots];
        for (work, symbols) in stretches {
            let mark = (work as u32).wrapping_add(1).max(1);
            for at in 0..symbols.len() {
                for context in contexts(symbols, at) {
                    let slot = model.slot(context.hash, symbols[at]);
                    let by_work = context.units >= BY_WORK_UNITS;
                    if by_work && last_work[slot] == mark {
                        continue;
                    }
                    last_work[slot] = mark;
                    let count = &mut model.follows[slot];
                    let is_new = *count == 0;
                    *count = count.saturating_add(1);
                    let context_slot = model.context_slot(context.hash);
                    let (total, different) = &mut model.contexts[context_slot];
                    *total = total.saturating_add(1);
                    *different = different.saturating_add(u16::from(is_new));
                }
            }
        }
        model
    }

    /// Bits of each symbol of `symbols[wanted]`, a stretch of a work, seen from the other
    /// works; what the stretch itself has said before counts for little. Zero elsewhere.
    pub(crate) fn bits(&self, symbols: &[Symbol], wanted: Range<usize>) -> Vec<f64> {
        let mut bits = vec![0.0; symbols.len()];
        let mut said =
            HashSet::with_capacity_and_hasher(wanted.len(), BuildHasherDefault::<Hashed>::default());
        for at in wanted {
            bits[at] = self.bits_at(symbols, at);
            if let Some(longest) = contexts(symbols, at).last()
                && !said.insert(longest.hash ^ u64::from(symbols[at]))
            {
                bits[at] *= REPEATED_SHARE;
            }
        }
        bits
    }

    fn bits_at(&self, symbols: &[Symbol], at: usize) -> f64 {
        let symbol = symbols[at];
        let mut p = (-prior_bits(symbol)).exp2();
        for context in contexts(symbols, at) {
            let mut count = f64::from(self.follows[self.slot(context.hash, symbol)]);
            let (total, different) = self.contexts[self.context_slot(context.hash)];
            let (mut total, mut different) = (f64::from(total), f64::from(different));
            if context.units >= BY_WORK_UNITS && count >= 1.0 {
                // The work at hand holds this itself; leave it out.
                different -= f64::from(u8::from(count < 2.0));
                count -= 1.0;
                total -= 1.0;
            }
            if total < 1.0 || different < 1.0 {
                continue;
            }
            p = (count + different * p) / (total + different);
        }
        (-p.log2()).clamp(0.0, most_bits(symbol))
    }

    fn slot(&self, context: u64, symbol: Symbol) -> usize {
        spread(context ^ (u64::from(symbol) << 32)) as usize & (self.follows.len() - 1)
    }

    fn context_slot(&self, context: u64) -> usize {
        spread(context) as usize & (self.contexts.len() - 1)
    }
}

/// Takes what is a hash already as it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = spread(self.0 ^ hash);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

struct Context {
    hash: u64,
    units: u32,
}

/// The contexts of a place, the empty one first.
fn contexts(symbols: &[Symbol], at: usize) -> impl Iterator<Item = Context> {
    let mut next = Some(Context {
        hash: 0x5851_F42D_4C95_7F2D,
        units: 0,
    });
    let mut reach = at;
    std::iter::from_fn(move || {
        let now = next.take()?;
        if reach > 0 {
            reach -= 1;
            let symbol = symbols[reach];
            let units = now.units + units(symbol);
            if units <= CONTEXT_UNITS {
                next = Some(Context {
                    hash: spread(now.hash ^ u64::from(symbol)),
                    units,
                });
            }
        }
        Some(now)
    })
}

fn spread(mut x: u64) -> u64 {
    x ^= x >> 29;
    x = x.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::Fold;

    fn symbols(text: &str) -> Vec<Symbol> {
        let mut out = Vec::new();
        text.chars().for_each(|c| Fold::new().fold(c, |s| out.push(s)));
        out
    }

    fn total_bits(works: &[&str], stretch: &str) -> f64 {
        let works: Vec<Vec<Symbol>> = works.iter().map(|w| symbols(w)).collect();
        let length = works.iter().map(Vec::len).sum();
        let model = Background::learn(works.iter().enumerate().map(|(i, w)| (i as u64, &w[..])), length);
        let stretch = symbols(stretch);
        model.bits(&stretch, 0..stretch.len()).iter().sum()
    }

    const LICENCE: &str = "permission is hereby granted free of charge to any person";
    const STORY: &str = "the whale rose beside the boat and the harpooner stood still";

    #[test]
    fn what_every_work_holds_tells_little() {
        let works: Vec<String> = (0..20)
            .map(|i| format!("{LICENCE} {}", "work number ".repeat(i)))
            .collect();
        let mut works: Vec<&str> = works.iter().map(String::as_str).collect();
        works.push(STORY);
        assert!(total_bits(&works, LICENCE) < 0.3 * total_bits(&works, STORY));
    }

    #[test]
    fn what_one_work_repeats_still_tells_much() {
        let once = total_bits(&[STORY, LICENCE], STORY);
        let often = total_bits(&[&format!("{STORY} ").repeat(50), LICENCE], STORY);
        assert!(often > 0.5 * once, "{often} against {once}");
    }

    #[test]
    fn a_lone_work_is_judged_by_the_prior_of_its_script() {
        let bits = total_bits(&["短"], "天地玄黄宇宙洪荒");
        assert!((bits / 8.0 - 6.0).abs() < 1.5, "{bits}");
    }
}
