//! Renaming: which name of the work became which name of the suspect.
//!
//! In:  the passages found without knowing it.
//! Out: a table of names, and the bits of a run under it.
//!
//! A copier renames by rule: what was `carry` is `kuro` everywhere. Two programs that were written apart agree on no such
//! table. So a name that stands where the table puts it tells as much as its choice among the names of the work does;
//! the first place of each pair of names is what the table was made from and tells nothing.
//!
//! Invariant: a run never earns by what it alone put into the table.
//!
//! Not here: finding runs (`compare`).

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use super::super::tokens::{NAME, Taken};
use super::{Pair, Passage, Run};

/// Most that one name in its place tells.
const MAX_NAME_BITS: f32 = 4.5;
/// Bits that a name costs which the table puts elsewhere.
const BREACH_BITS: f32 = 2.0;
/// Passages lighter than this say nothing about names.
const MIN_PASSAGE_BITS: f32 = 16.0;

type Names = (u32, u32);

/// The table.
pub(super) struct Renaming {
    counts: HashMap<u64, u32, BuildHasherDefault<Taken>>,
    /// What each name became most often, and how often.
    of_work: HashMap<u32, (u32, u32), BuildHasherDefault<Taken>>,
    of_query: HashMap<u32, (u32, u32), BuildHasherDefault<Taken>>,
    name_bits: f32,
}

fn key((query, work): Names) -> u64 {
    super::super::tokens::mix(u64::from(query) << 32 | u64::from(work))
}

/// Calls `sink` with the names that stand against each other in a run, and where.
fn for_each_name(pair: &Pair<'_>, run: &Run, mut sink: impl FnMut(usize, usize, Names)) {
    for i in 0..run.length {
        let (q, w) = ((run.query + i) as usize, (run.work + i) as usize);
        if pair.query.tokens.symbols[q] == NAME && pair.work.tokens.symbols[w] == NAME {
            let query = pair.query.words[pair.query.tokens.words[q] as usize];
            let work = pair.work.words[pair.work.tokens.words[w] as usize];
            sink(q, w, (query, work));
        }
    }
}

impl Renaming {
    pub(super) fn of(pair: &Pair<'_>, passages: &[Passage], runs: &[Run]) -> Self {
        let mut counts: BTreeMap<Names, u32> = BTreeMap::new();
        for passage in passages.iter().filter(|p| p.bits >= MIN_PASSAGE_BITS) {
            for &run in &passage.runs {
                for_each_name(pair, &runs[run], |_, _, names| {
                    *counts.entry(names).or_default() += 1;
                });
            }
        }
        let mut table = Self {
            counts: HashMap::default(),
            of_work: HashMap::default(),
            of_query: HashMap::default(),
            name_bits: 0.0,
        };
        for (&names, &count) in &counts {
            table.counts.insert(key(names), count);
            let of_work = table.of_work.entry(names.1).or_default();
            if count > of_work.1 {
                *of_work = (names.0, count);
            }
            let of_query = table.of_query.entry(names.0).or_default();
            if count > of_query.1 {
                *of_query = (names.1, count);
            }
        }
        table.name_bits = (table.of_work.len() as f32 + 1.0).log2().min(MAX_NAME_BITS);
        table
    }

    /// The bits of a run when names are held to the table.
    pub(super) fn weigh(&self, pair: &Pair<'_>, run: &Run) -> f32 {
        let mut own: BTreeMap<Names, u32> = BTreeMap::new();
        for_each_name(pair, run, |_, _, names| *own.entry(names).or_default() += 1);
        let mut extra = 0.0;
        for_each_name(pair, run, |q, w, names| {
            // Names said just before are predicted by that already.
            let is_new = pair.work.links.names_back[w] == 0 && pair.query.links.names_back[q] == 0;
            if !is_new {
                return;
            }
            let known = self.counts.get(&key(names)).copied().unwrap_or(0);
            let elsewhere = known.saturating_sub(own.get(&names).copied().unwrap_or(0));
            let of_work = self.of_work.get(&names.1).copied().unwrap_or_default();
            let of_query = self.of_query.get(&names.0).copied().unwrap_or_default();
            if of_work.0 == names.0 && of_query.0 == names.1 && of_work.1 > 0 {
                // A name that was kept was no choice: it tells what the word tells, and no more.
                if elsewhere > 0 && !pair.same_word(q, w) {
                    extra += self.name_bits;
                }
            } else if of_work.1 > known.max(1) || of_query.1 > known.max(1) {
                extra -= BREACH_BITS;
            }
        });
        run.bits + extra
    }
}
