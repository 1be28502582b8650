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
use super::super::tokens::{NO_WORD, Taken, mix};
use super::{Pair, Side};

/// Tokens of a structure gram here; shorter than in the index, since only two files are in question.
const STRUCTURE_TOKENS: usize = 8;
/// Tokens of a run of equal words.
const LEXICAL_TOKENS: usize = 4;
/// A gram with more places is a set phrase of the work.
const MAX_PLACES: usize = 24;
const MAX_SEEDS: usize = 1 << 19;

pub(super) fn seeds(pair: &Pair<'_>) -> Vec<(u32, u32)> {
    let mut seeds = Vec::new();
    let of = |side: &Side<'_>| -> Vec<Option<u64>> {
        structure(side.tokens, side.links, pair.family, STRUCTURE_TOKENS).collect()
    };
    join(&of(&pair.query), &of(&pair.work), &mut seeds);
    join(&lexical(&pair.query), &lexical(&pair.work), &mut seeds);
    seeds
}

fn join(query: &[Option<u64>], work: &[Option<u64>], seeds: &mut Vec<(u32, u32)>) {
    // The last place of each gram, and from each place the one before.
    let mut last: HashMap<u64, (u32, u32), BuildHasherDefault<Taken>> = HashMap::default();
    let mut before = vec![u32::MAX; work.len()];
    for (at, key) in (0u32..).zip(work) {
        if let Some(key) = key {
            let (place, count) = last.entry(*key).or_insert((u32::MAX, 0));
            before[at as usize] = *place;
            (*place, *count) = (at, *count + 1);
        }
    }
    for (at, key) in (0u32..).zip(query) {
        let Some(&(place, count)) = key.as_ref().and_then(|key| last.get(key)) else {
            continue;
        };
        if count as usize > MAX_PLACES || seeds.len() >= MAX_SEEDS {
            continue;
        }
        let mut place = place;
        while place != u32::MAX {
            seeds.push((at, place));
            place = before[place as usize];
        }
    }
}

/// Runs of equal words and signs that hold at least one word.
fn lexical(side: &Side<'_>) -> Vec<Option<u64>> {
    let tokens = side.tokens;
    let codes: Vec<(u64, bool)> = (tokens.symbols.iter().zip(&tokens.words))
        .map(|(&symbol, &word)| match word {
            NO_WORD => (u64::from(symbol), false),
            word => (
                u64::from(side.words[word as usize]) << 16 | u64::from(symbol),
                true,
            ),
        })
        .collect();
    codes
        .windows(LEXICAL_TOKENS)
        .map(|window| {
            let words = window.iter().filter(|(_, is_word)| *is_word).count();
            (words >= 2).then(|| window.iter().fold(7, |h, (code, _)| mix(h ^ code)))
        })
        .collect()
}
