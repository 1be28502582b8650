//! Background: how much information a letter carries that two texts have in common.
//!
//! In:  a sample of the collection's own texts, the suspect, then stretches of single works.
//! Out: bits for each symbol of such a stretch: how much it tells of a copy.
//!
//! A symbol tells what its script allows, whatever its subject: that two texts have forty letters in a row in common is
//! no less odd in a manual than in a novel. Three things lower that:
//! - what other works hold too ([`RUN_UNITS`] on end): licences, set phrases, quoted sources. The more works, the less;
//! - what the suspect itself says elsewhere near by: its habits and its subject;
//! - what the stretch itself has said before.
//!
//! Models of the next letter given the ones before it (Witten and Bell 1991, orders up to ten) were measured in the place
//! of this. They make the vocabulary of a work that has many relatives in the collection cheap, and lose copies of it,
//! but hold a rare idiom for as telling as a copy of the same length.
//!
//! Invariants: bounded by [`SAMPLE_SYMBOLS`] in time and memory; deterministic; counts can collide in their table, which
//! only lowers the information.
//!
//! Not here: what the bits add up to (`score`).

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::fold::{HAN_UNITS, KANA_UNITS, LETTER_UNITS, Symbol, units};

/// Symbols of all works from which the model is made.
pub(crate) const SAMPLE_SYMBOLS: usize = 1 << 22;
/// A run that other works may hold: fifteen letters, seven Han characters.
const RUN_UNITS: u32 = 15 * LETTER_UNITS;
/// What the suspect may say elsewhere: six letters. Of Han characters this is not asked, as so few say less.
const HEARD_UNITS: u32 = 6 * LETTER_UNITS;
/// So far around a passage the suspect is listened to, in symbols.
const HEARD_SYMBOLS: usize = 4000;
/// Around a passage its own letters run on: so many behind it are not elsewhere.
const HEARD_MARGIN: usize = 8;
/// Share of its bits that a letter keeps when the suspect says the same near by.
const HEARD_SHARE: f64 = 0.4;
/// What the stretch itself may have said before: five letters, two Han characters.
const REPEATED_UNITS: u32 = 5 * LETTER_UNITS;
/// Share of its bits that a symbol keeps when its stretch has said it before.
const REPEATED_SHARE: f64 = 0.1;
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

/// Share of its bits that a symbol keeps when so many other works hold the run that it ends.
///
/// Measured: in an alphabet a manual repeats itself from chapter to chapter, and what two chapters share is still its own;
/// seven Han characters in two works are a quotation. To let letters keep more (0.85, 0.7, 0.2 and 0.02) finds more copies of
/// manuals at the default threshold, but raises wrong works more.
fn held_share(symbol: Symbol, other_works: u8) -> f64 {
    let is_letter = units(symbol) == LETTER_UNITS;
    match other_works {
        0 => 1.0,
        1 if is_letter => 0.7,
        2..=3 if is_letter => 0.5,
        1 => 0.35,
        2..=3 => 0.15,
        4..=15 => 0.05,
        _ => 0.005,
    }
}

/// Bits that one symbol standing for another costs, by script.
///
/// These, [`tear_bits`] and [`gap_bits`] must be so dear that two unrelated texts lose more on their
/// differences than they gain on their chance agreements; letters agree by chance every
/// fifteenth time, Han characters hardly ever.
pub(crate) fn substitution_bits(symbol: Symbol) -> f64 {
    if units(symbol) == LETTER_UNITS { 3.0 } else { 4.0 }
}

/// Bits that it costs to begin leaving symbols out, on one side or on both: in an alphabet whole words are changed.
pub(crate) fn tear_bits(symbol: Symbol) -> f64 {
    if units(symbol) == LETTER_UNITS { 4.0 } else { 3.0 }
}

/// Bits that each symbol left out costs.
pub(crate) fn gap_bits(symbol: Symbol) -> f64 {
    if units(symbol) == LETTER_UNITS { 0.6 } else { 1.5 }
}

/// Runs of the works, counted once for each work.
#[derive(Debug)]
pub(crate) struct Background {
    /// How many works hold a run of [`RUN_UNITS`], at its hash.
    runs: Vec<u8>,
}

impl Background {
    /// Learns from stretches of works; each is `(work, symbols)`, those of one work
    /// together.
    pub(crate) fn learn<'a>(
        stretches: impl Iterator<Item = (u64, &'a [Symbol])>,
        sample_symbols: usize,
    ) -> Self {
        let slots = (4 * sample_symbols).next_power_of_two();
        let mut model = Self {
            runs: vec![0; slots.clamp(MIN_SLOTS, MAX_SLOTS)],
        };
        let mut last_work = vec![0u32; model.runs.len()];
        for (work, symbols) in stretches {
            let mark = (work as u32).wrapping_add(1).max(1);
            for at in 0..symbols.len() {
                let Some(run) = ending(symbols, at, RUN_UNITS) else {
                    continue;
                };
                let slot = model.slot(run);
                if std::mem::replace(&mut last_work[slot], mark) != mark {
                    model.runs[slot] = model.runs[slot].saturating_add(1);
                }
            }
        }
        model
    }

    /// Bits of each symbol of `symbols[wanted]`, a stretch of a work; zero elsewhere. `is_heard` says of a hash whether
    /// the suspect says the same elsewhere.
    pub(crate) fn bits(
        &self,
        symbols: &[Symbol],
        wanted: Range<usize>,
        is_heard: impl Fn(u64) -> bool,
    ) -> Vec<f64> {
        let mut bits = vec![0.0; symbols.len()];
        let mut said =
            HashSet::with_capacity_and_hasher(wanted.len(), BuildHasherDefault::<Hashed>::default());
        for at in wanted {
            let symbol = symbols[at];
            let mut here = prior_bits(symbol);
            if let Some(run) = ending(symbols, at, RUN_UNITS) {
                // The work at hand holds this itself; leave it out.
                let other_works = self.runs[self.slot(run)].saturating_sub(1);
                here *= held_share(symbol, other_works);
            }
            if units(symbol) != HAN_UNITS && ending(symbols, at, HEARD_UNITS).is_some_and(&is_heard) {
                here *= HEARD_SHARE;
            }
            if ending(symbols, at, REPEATED_UNITS).is_some_and(|said_now| !said.insert(said_now)) {
                here *= REPEATED_SHARE;
            }
            bits[at] = here;
        }
        bits
    }

    fn slot(&self, run: u64) -> usize {
        run as usize & (self.runs.len() - 1)
    }
}

/// What a stretch of the suspect says, and where: hashes of its letters by sixes, in order.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    said: Vec<(u64, u32)>,
    /// Where the hashes with the same first bits begin: a search of all would wait for the memory at each step.
    starts: Vec<u32>,
    /// How far a hash is shifted to leave its first bits.
    shift: u32,
}

impl Heard {
    pub(crate) fn of(symbols: &[Symbol]) -> Self {
        let at = |at: usize| Some((ending(symbols, at, HEARD_UNITS)?, at as u32));
        let mut said: Vec<(u64, u32)> = (0..symbols.len()).filter_map(at).collect();
        said.sort_unstable();
        let bits = (said.len() / 4).max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0;
        for first in 0..1u64 << bits {
            starts.push(at as u32);
            at += said[at..]
                .iter()
                .take_while(|(hash, _)| hash >> shift == first)
                .count();
        }
        starts.push(said.len() as u32);
        Self { said, starts, shift }
    }

    /// Whether something with this hash is said near `passage`, and not only in it.
    pub(crate) fn is_said_near(&self, passage: &Range<usize>, hash: u64) -> bool {
        let Some(&[start, end]) = self
            .starts
            .get((hash >> self.shift) as usize..)
            .and_then(|s| s.first_chunk())
        else {
            return false;
        };
        let alike = &self.said[start as usize..end as usize];
        let from = passage.start.saturating_sub(HEARD_SYMBOLS) as u32;
        let first = alike.partition_point(|&said| said < (hash, from));
        (alike[first..].iter())
            .take_while(|&&(other, at)| other == hash && (at as usize) < passage.end + HEARD_SYMBOLS)
            .any(|&(_, at)| !(passage.start..passage.end + HEARD_MARGIN).contains(&(at as usize)))
    }
}

/// The hash of the symbols that end at a place and weigh so much together, if there are enough of them.
fn ending(symbols: &[Symbol], at: usize, least_units: u32) -> Option<u64> {
    let (mut hash, mut weight) = (0x5851_F42D_4C95_7F2D, 0);
    for &symbol in symbols[..=at].iter().rev() {
        hash = spread(hash ^ u64::from(symbol));
        weight += units(symbol);
        if weight >= least_units {
            return Some(hash);
        }
    }
    None
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
        model.bits(&stretch, 0..stretch.len(), |_| false).iter().sum()
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
        assert!(total_bits(&works, LICENCE) < 0.4 * total_bits(&works, STORY));
    }

    #[test]
    fn what_one_work_repeats_still_tells_much() {
        let once = total_bits(&[STORY, LICENCE], STORY);
        let often = total_bits(&[&format!("{STORY} ").repeat(50), LICENCE], STORY);
        assert!(often > 0.9 * once, "{often} against {once}");
        assert!(
            total_bits(&[STORY], &STORY.repeat(2)) < 1.3 * total_bits(&[STORY], STORY),
            "said twice, it tells it once"
        );
    }

    #[test]
    fn a_lone_work_is_judged_by_the_prior_of_its_script() {
        let bits = total_bits(&["短"], "天地玄黄宇宙洪荒");
        assert!((bits / 8.0 - 6.0).abs() < 1e-9, "{bits}");
    }

    #[test]
    fn what_the_suspect_says_elsewhere_tells_less_than_what_it_says_here_alone() {
        let (before, passage) = (
            "the boat lay still and nobody spoke a word ",
            "the boat lay still here",
        );
        let text = symbols(&format!("{before}{passage}"));
        let here = symbols(before).len()..text.len();
        let heard = Heard::of(&text);
        let model = Background::learn(std::iter::once((0, &text[..])), text.len());
        let bits = |near: &dyn Fn(u64) -> bool| model.bits(&text, here.clone(), near).iter().sum::<f64>();
        let alone = bits(&|_| false);
        assert!(bits(&|hash| heard.is_said_near(&here, hash)) < 0.8 * alone);
        // What is said in the passage alone does not lower it.
        let alone_heard = Heard::of(&text[here.start..]);
        assert!(
            !alone_heard
                .said
                .iter()
                .any(|&(hash, _)| alone_heard.is_said_near(&(0..here.len()), hash))
        );
    }
}
