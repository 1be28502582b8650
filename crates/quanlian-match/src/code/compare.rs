//! Comparison: where two files agree token by token, and what that tells.
//!
//! In:  the tokens of a suspect and of a work, and the [`Information`] of the suspect, so that all works are weighed alike.
//! Out: [`Passage`]s, stretches of both that agree, with their bits.
//!
//! 1. **Seeds**: short structure grams and runs of equal words that both files have.
//! 2. **Runs**: each seed is extended along its diagonal while the agreement outweighs the differences (Altschul and
//!    others 1990).
//! 3. **Passages**: runs that follow each other on both sides are chained over what was inserted, left out or rewritten.
//! 4. **Names**: which name of the work became which of the suspect is solved from the passages. A name that keeps to
//!    that is then worth what its choice among all names of the work is worth, and one that breaks it costs; runs are
//!    weighed anew and chained again.
//!
//! Invariants: pure; seeds, runs and the work on chains are bounded, so that time is about linear in the lengths.
//!
//! Not here: which pairs are compared and what a score means (`search`).

mod chain;
mod renaming;
mod seeds;

use super::background::Information;
use super::gram::Links;
use super::language::Family;
use super::tokens::{NAME, NO_WORD, NUMBER, STRING, Tokens};
pub(crate) use chain::Passage;
use chain::passages;
use renaming::Renaming;
pub(crate) use seeds::Table;

/// Bits that a token costs which stands against another.
const MISMATCH_BITS: f32 = 4.0;
/// Bits that a name costs whose links differ on the two sides.
const LINK_MISMATCH_BITS: f32 = 1.5;
/// Bits that a number or string costs that was changed.
const LITERAL_MISMATCH_BITS: f32 = 0.5;
/// Fall of the score at which a run ends.
const DROP_BITS: f32 = 12.0;
/// Share of the bits of structure that count: the model does not know how statements hang together.
const STRUCTURE_SHARE: f32 = 0.6;
/// The same for words.
const WORD_SHARE: f32 = 0.4;
/// Runs that weigh less are not kept.
const MIN_RUN_BITS: f32 = 5.0;
/// Most runs of one pair; the heaviest are kept.
const MAX_RUNS: usize = 3000;

/// One side of a comparison.
pub(crate) struct Side<'a> {
    pub(crate) tokens: &'a Tokens,
    pub(crate) links: &'a Links,
    /// Words of both sides under common numbers; the same number is the same word.
    pub(crate) words: &'a [u32],
}

/// A suspect beside a work.
pub(crate) struct Pair<'a> {
    pub(crate) query: Side<'a>,
    pub(crate) work: Side<'a>,
    pub(crate) information: &'a Information,
    /// The grams of the query.
    pub(crate) table: &'a Table,
    pub(crate) family: Family,
}

/// Tokens that agree along one diagonal: as many of the query from `query` as of the work from `work`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    query: u32,
    work: u32,
    length: u32,
    bits: f32,
}

impl Run {
    fn diagonal(&self) -> i64 {
        i64::from(self.work) - i64::from(self.query)
    }
}

impl Pair<'_> {
    /// All passages, the heaviest first.
    pub(crate) fn passages(&self) -> Vec<Passage> {
        let mut runs = self.runs();
        let first = passages(&runs, self);
        let renaming = Renaming::of(self, &first, &runs);
        for run in &mut runs {
            run.bits = renaming.weigh(self, run);
        }
        runs.retain(|run| run.bits > 0.0);
        passages(&runs, self)
    }

    /// Extends every seed that no run covers yet.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut seeds = seeds::seeds(self);
        seeds.sort_unstable_by_key(|&(query, work)| (i64::from(work) - i64::from(query), query));
        seeds.dedup();
        let mut done: Option<(i64, u32)> = None;
        for (query, work) in seeds {
            let diagonal = i64::from(work) - i64::from(query);
            if done.is_some_and(|(d, end)| d == diagonal && query < end) {
                continue;
            }
            let run = self.extend(query, work);
            done = Some((diagonal, (run.query + run.length).max(query + 1)));
            if run.bits >= MIN_RUN_BITS {
                runs.push(run);
            }
        }
        if runs.len() > MAX_RUNS {
            runs.sort_unstable_by(|a, b| {
                b.bits
                    .total_cmp(&a.bits)
                    .then((a.query, a.work).cmp(&(b.query, b.work)))
            });
            runs.truncate(MAX_RUNS);
        }
        runs.sort_unstable_by_key(|run| (run.query, run.work));
        runs
    }

    fn extend(&self, query: u32, work: u32) -> Run {
        let (q, w) = (query as usize, work as usize);
        let ahead = (self.query.tokens.len() - q).min(self.work.tokens.len() - w);
        let (right, right_bits) = reach((0..ahead).map(|i| self.bits(q + i, w + i)));
        let (left, left_bits) = reach((1..=q.min(w)).map(|i| self.bits(q - i, w - i)));
        Run {
            query: (q - left) as u32,
            work: (w - left) as u32,
            length: (left + right) as u32,
            bits: left_bits + right_bits,
        }
    }

    /// What it tells that these two tokens stand against each other.
    fn bits(&self, q: usize, w: usize) -> f32 {
        let symbol = self.work.tokens.symbols[w];
        if self.query.tokens.symbols[q] != symbol {
            return -MISMATCH_BITS;
        }
        let structure = STRUCTURE_SHARE * self.information.token_bits[q];
        match symbol {
            NAME => {
                let linked = self.query.links.names_back[q] == self.work.links.names_back[w];
                if self.same_word(q, w) {
                    // A name just said is predicted by its link; a new one tells what it is worth.
                    let is_new = self.query.links.names_back[q] == 0;
                    let word = if is_new {
                        WORD_SHARE * self.word_bits(q)
                    } else {
                        0.0
                    };
                    structure + word
                } else if linked {
                    structure
                } else {
                    -LINK_MISMATCH_BITS
                }
            }
            NUMBER | STRING if self.same_word(q, w) => structure + WORD_SHARE * self.word_bits(q),
            NUMBER | STRING => (structure - LITERAL_MISMATCH_BITS).min(structure * 0.5),
            _ => structure,
        }
    }

    fn same_word(&self, q: usize, w: usize) -> bool {
        let (a, b) = (self.query.tokens.words[q], self.work.tokens.words[w]);
        a != NO_WORD && b != NO_WORD && self.query.words[a as usize] == self.work.words[b as usize]
    }

    fn word_bits(&self, q: usize) -> f32 {
        self.information.word_bits[self.query.tokens.words[q] as usize]
    }

    /// Whether the two tokens are the same thing, a renamed name among them.
    fn agrees(&self, q: usize, w: usize) -> bool {
        self.query.tokens.symbols[q] == self.work.tokens.symbols[w] && self.bits(q, w) >= 0.0
    }
}

/// How many steps give the highest sum, and that sum.
fn reach(steps: impl Iterator<Item = f32>) -> (usize, f32) {
    let (mut best, mut best_length, mut sum) = (0.0f32, 0, 0.0f32);
    for (length, bits) in (1..).zip(steps) {
        sum += bits;
        if sum > best {
            (best, best_length) = (sum, length);
        } else if sum < best - DROP_BITS {
            break;
        }
    }
    (best_length, best)
}
