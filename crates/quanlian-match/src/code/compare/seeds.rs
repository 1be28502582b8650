//! Seeds: pairs of places from which an agreement may be extended.
//!
//! In:  a pair of files.
//! Out: places in the query and the work where a short gram is the same.
//!
//! Invariant: a gram that stands in more than [`MAX_PLACES`] places of the work gives no seed, and there are at most
//! [`MAX_SEEDS`].
//!
//! Not here: extension (`compare`).

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::super::gram::structure;
use super::super::language::Family;
use super::super::tokens::{NO_WORD, Taken, mix};
use super::{Pair, Side};

/// Tokens of a structure gram here; shorter than in the index, since only two files are in question.
const STRUCTURE_TOKENS: usize = 8;
/// Tokens of a run of equal words.
const LEXICAL_TOKENS: usize = 4;
/// A gram with more places is a set phrase of the work.
const MAX_PLACES: u32 = 24;
const MAX_SEEDS: usize = 1 << 19;

/// The grams of a suspect, made once for all works.
#[derive(Debug, Default)]
pub(crate) struct Table {
    structure: Places,
    lexical: Places,
}

impl Table {
    pub(crate) fn of(side: &Side<'_>, family: Family) -> Self {
        Self {
            structure: Places::of(structure(side.tokens, side.links, family, STRUCTURE_TOKENS)),
            lexical: Places::of(lexical(side)),
        }
    }
}

/// Where each gram stands.
#[derive(Debug, Default)]
struct Places {
    numbers: HashMap<u64, u32, BuildHasherDefault<Taken>>,
    /// Of each gram by its number the last place, and from each place the one before.
    last: Vec<u32>,
    before: Vec<u32>,
}

impl Places {
    fn of(grams: impl Iterator<Item = Option<u64>>) -> Self {
        let mut places = Self::default();
        for (at, key) in (0u32..).zip(grams) {
            places.before.push(u32::MAX);
            let Some(key) = key else { continue };
            let next = places.last.len() as u32;
            let number = *places.numbers.entry(key).or_insert(next);
            if number == next {
                places.last.push(u32::MAX);
            }
            places.before[at as usize] = std::mem::replace(&mut places.last[number as usize], at);
        }
        places
    }

    /// Adds the places of the suspect and the work at which the same gram stands.
    fn join(&self, work: impl Iterator<Item = Option<u64>>, seeds: &mut Vec<(u32, u32)>) {
        let mut counts = vec![0u32; self.last.len()];
        let mut met: Vec<(u32, u32)> = Vec::new();
        for (at, key) in (0u32..).zip(work) {
            let Some(&number) = key.and_then(|key| self.numbers.get(&key)) else {
                continue;
            };
            counts[number as usize] += 1;
            met.push((number, at));
        }
        for (number, at) in met {
            if counts[number as usize] > MAX_PLACES {
                continue;
            }
            let mut place = self.last[number as usize];
            while place != u32::MAX && seeds.len() < MAX_SEEDS {
                seeds.push((place, at));
                place = self.before[place as usize];
            }
        }
    }
}

pub(super) fn seeds(pair: &Pair<'_>) -> Vec<(u32, u32)> {
    let mut seeds = Vec::new();
    let work = &pair.work;
    let grams = structure(work.tokens, work.links, pair.family, STRUCTURE_TOKENS);
    pair.table.structure.join(grams, &mut seeds);
    pair.table.lexical.join(lexical(work), &mut seeds);
    seeds
}

/// Runs of equal words and signs that hold at least two words.
fn lexical<'a>(side: &'a Side<'_>) -> impl Iterator<Item = Option<u64>> + 'a {
    let code = |at: usize| match side.tokens.words[at] {
        NO_WORD => (u64::from(side.tokens.symbols[at]), false),
        word => (
            u64::from(side.words[word as usize]) << 16 | u64::from(side.tokens.symbols[at]),
            true,
        ),
    };
    let starts = (side.tokens.len() + 1).saturating_sub(LEXICAL_TOKENS);
    (0..starts).map(move |start| {
        let codes: [(u64, bool); LEXICAL_TOKENS] = std::array::from_fn(|i| code(start + i));
        let words = codes.iter().filter(|(_, is_word)| *is_word).count();
        (words >= 2).then(|| codes.iter().fold(7, |h, (code, _)| mix(h ^ code)))
    })
}
