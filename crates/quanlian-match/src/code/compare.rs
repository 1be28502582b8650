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
/// Tokens of runs that are looked at for each token of the two files, before [`RUN_TOKENS_A_TOKEN`] are kept.
const WALKED_TOKENS_A_TOKEN: u64 = 64;
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
/// Tokens of all runs together for each token of the two files. Files that repeat themselves, netlists and tables, agree
/// along thousands of diagonals from end to end. Chosen here; recall of the code track does not change by it.
const RUN_TOKENS_A_TOKEN: u64 = 32;

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

    /// Extends every seed that no run covers yet, beginning with the diagonals that have most of them, until files that
    /// repeat themselves have cost enough.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut seeds = seeds::seeds(self);
        let diagonal_of = |&(query, work): &(u32, u32)| i64::from(work) - i64::from(query);
        seeds.sort_unstable_by_key(|seed| (diagonal_of(seed), seed.0));
        seeds.dedup();
        let mut diagonals: Vec<&[(u32, u32)]> =
            seeds.chunk_by(|a, b| diagonal_of(a) == diagonal_of(b)).collect();
        diagonals.sort_by_key(|seeds| std::cmp::Reverse(seeds.len()));
        let tokens = (self.query.tokens.len() + self.work.tokens.len()) as u64;
        let mut walked = 0;
        for diagonal in diagonals {
            let mut done = 0;
            for &(query, work) in diagonal {
                if query < done {
                    continue;
                }
                let run = self.extend(query, work);
                walked += u64::from(run.length);
                done = (run.query + run.length).max(query + 1);
                if run.bits >= MIN_RUN_BITS {
                    runs.push(run);
                }
            }
            if walked > WALKED_TOKENS_A_TOKEN * tokens {
                break;
            }
        }
        keep_heaviest(&mut runs, RUN_TOKENS_A_TOKEN * tokens);
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

/// Keeps the heaviest runs, at most [`MAX_RUNS`] and so many tokens, but always the first.
fn keep_heaviest(runs: &mut Vec<Run>, most_tokens: u64) {
    let all: u64 = runs.iter().map(|run| u64::from(run.length)).sum();
    if runs.len() <= MAX_RUNS && all <= most_tokens {
        return;
    }
    runs.sort_unstable_by(|a, b| (b.bits.total_cmp(&a.bits)).then((a.query, a.work).cmp(&(b.query, b.work))));
    runs.truncate(MAX_RUNS);
    let (mut at, mut tokens) = (0usize, 0);
    runs.retain(|run| {
        at += 1;
        tokens += u64::from(run.length);
        at == 1 || tokens <= most_tokens
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run(query: u32, length: u32) -> Run {
        Run {
            query,
            work: query + 7,
            length,
            bits: length as f32,
        }
    }

    #[test]
    fn of_runs_from_end_to_end_the_heaviest_are_kept() {
        let mut runs: Vec<Run> = (0..100).map(|i| run(i, 1000 - i)).collect();
        keep_heaviest(&mut runs, 2500);
        assert_eq!(runs, [run(0, 1000), run(1, 999)]);
        keep_heaviest(&mut runs, 10);
        assert_eq!(runs, [run(0, 1000)], "the heaviest is always one of them");
    }

    #[test]
    fn runs_within_bounds_stay_as_they_are() {
        let mut runs: Vec<Run> = (0..100).map(|i| run(i, 5 + i % 3)).collect();
        let before = runs.clone();
        keep_heaviest(&mut runs, 1000);
        assert_eq!(runs, before);
        let mut many: Vec<Run> = (0..4000).map(|i| run(i, 1 + i % 9)).collect();
        keep_heaviest(&mut many, u64::MAX);
        assert_eq!(many.len(), MAX_RUNS);
        assert!(many.iter().all(|kept| kept.length > 1));
    }
}
