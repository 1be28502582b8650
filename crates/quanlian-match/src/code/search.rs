//! Search: from a suspect source file to the works it shares code with.
//!
//! In:  the bytes of a suspect and an index ([`CodeIndex`]).
//! Out: for each work with anything in common a [`CodeMatch`], best first.
//!
//! Invariants: deterministic; postings of one key, candidates, and the work on each are bounded.
//!
//! Not here: names of works, thresholds (`collection`), the comparison itself (`compare`).

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;
use std::io::Read;

use super::background::{Background, Information};
use super::compare::{Pair, Passage, Side, Table};
use super::gram::{self, Links};
use super::language::{Family, Language};
use super::margins::{self, Margins};
use super::tokens::{Dictionary, Taken, Tokens};
use super::{CodeNote, StoredTokens, read};
use crate::score::{Score, Tries};
use crate::text::TextError;
use crate::{Span, Unit};

/// A key with more postings than this is common ground and finds nothing.
const MAX_POSTINGS_PER_KEY: u64 = 1 << 9;
/// Works that are compared with a suspect: so many of the best for the whole of it, and so many for each window, since a
/// small part of a large file may be from elsewhere than the rest.
const CANDIDATES: usize = 24;
const CANDIDATES_OF_WINDOW: usize = 4;
/// Least tokens of a window, and most windows.
const WINDOW_TOKENS: usize = 384;
const MAX_WINDOWS: usize = 64;
/// Of the best candidate's weight what another must have to be compared as well.
const MIN_CANDIDATE_SHARE: f32 = 0.02;
/// Most keys of one suspect that are looked up.
const MAX_KEYS: usize = 1 << 21;
/// Code of all the world that a small collection is judged by: chance has far more to choose from than a handful of works.
const MIN_COLLECTION_TOKENS: f64 = 4_194_304.0;

/// All works of code of an index, under numbers.
pub(crate) trait CodeIndex {
    /// Calls `visit` with the works that hold a key, unless there are more than `limit` postings of it.
    fn for_each_posting(&self, key: u64, limit: u64, visit: impl FnMut(u32));
    /// The tokens of a work.
    fn tokens(&self, item: u32) -> Option<StoredTokens>;
    /// How many works there are.
    fn works(&self) -> u64;
    /// Tokens of all works.
    fn token_count(&self) -> u64;
}

/// What a suspect shares with one work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CodeMatch {
    pub(crate) item: u32,
    pub(crate) score: Score,
    pub(crate) identity: f64,
    /// In the order of the suspect.
    pub(crate) segments: Vec<Span>,
}

/// Matches one suspect against all works.
pub(crate) fn search(
    reader: impl Read,
    language: Language,
    index: &impl CodeIndex,
    background: &Background,
) -> Result<(Vec<CodeMatch>, Vec<CodeNote>), TextError> {
    let (tokens, notes) = read(reader, language)?;
    let query = Query::new(tokens, language.family(), background);
    let mut matches: Vec<CodeMatch> = (query.candidates(index).into_iter())
        .filter_map(|item| query.compare(item, index))
        .collect();
    matches.sort_by(|a, b| b.score.bits.total_cmp(&a.score.bits).then(a.item.cmp(&b.item)));
    Ok((matches, notes))
}

/// A suspect ready to be compared with many works.
struct Query {
    tokens: Tokens,
    links: Links,
    family: Family,
    /// Words by their hash; a word's number is its place in the dictionary.
    numbers: HashMap<u64, u32, BuildHasherDefault<Taken>>,
    words: Vec<u32>,
    table: Table,
    information: Information,
    margins: Margins,
}

impl Query {
    fn new(tokens: Tokens, family: Family, background: &Background) -> Self {
        let links = Links::of(&tokens);
        let information = background.information(&tokens, &links);
        let margins = Margins::of(&tokens);
        let words: Vec<u32> = (0..tokens.dictionary.len() as u32).collect();
        let numbers = (words.iter().copied())
            .map(|place| (tokens.dictionary.hash(place), place))
            .collect();
        let side = Side {
            tokens: &tokens,
            links: &links,
            words: &words,
        };
        let table = Table::of(&side, family);
        Self {
            tokens,
            links,
            family,
            numbers,
            words,
            table,
            information,
            margins,
        }
    }

    /// Numbers of a work's words: that of the same word here, others of their own.
    fn numbered(&self, dictionary: &Dictionary) -> Vec<u32> {
        let ours = &self.tokens.dictionary;
        let number = |place: u32| {
            // The hash finds it; the word itself decides.
            (self.numbers.get(&dictionary.hash(place)).copied())
                .filter(|&known| ours.word(known) == dictionary.word(place))
                .unwrap_or_else(|| ours.len() as u32 + place)
        };
        (0..dictionary.len() as u32).map(number).collect()
    }

    /// The works with the most of the suspect's rare keys, the best first.
    fn candidates(&self, index: &impl CodeIndex) -> Vec<u32> {
        let mut keys = Vec::new();
        gram::dense(&self.tokens, self.family, &mut |gram| {
            if keys.len() < MAX_KEYS {
                keys.push(gram);
            }
        });
        keys.sort_unstable();
        keys.dedup_by_key(|&mut (key, _)| key);
        let works = index.works().max(1) as f32 + 1.0;
        let window = WINDOW_TOKENS.max(self.tokens.len().div_ceil(MAX_WINDOWS));
        let mut of_windows: Vec<(usize, u32, f32)> = Vec::new();
        let mut items = Vec::new();
        for (key, at) in keys {
            items.clear();
            index.for_each_posting(key, MAX_POSTINGS_PER_KEY, |item| items.push(item));
            items.sort_unstable();
            items.dedup();
            let weight = (works / items.len() as f32).log2().max(0.1);
            of_windows.extend(items.iter().map(|&item| (at as usize / window, item, weight)));
        }
        // Sorting keeps the order of equals, so that sums of floating point are the same everywhere.
        of_windows.sort_by_key(|&(window, item, _)| (window, item));
        let of_windows: Vec<(usize, u32, f32)> = (of_windows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)))
            .map(|same| (same[0].0, same[0].1, same.iter().map(|&(_, _, weight)| weight).sum()))
            .collect();
        let mut of_all: Vec<(u32, f32)> = (of_windows.iter())
            .map(|&(_, item, weight)| (item, weight))
            .collect();
        of_all.sort_by_key(|&(item, _)| item);
        let of_all = (of_all.chunk_by(|a, b| a.0 == b.0))
            .map(|same| (same[0].0, same.iter().map(|&(_, weight)| weight).sum()))
            .collect();
        let mut chosen: BTreeSet<u32> = best(of_all, CANDIDATES).into_iter().collect();
        for of_window in of_windows.chunk_by(|a, b| a.0 == b.0) {
            let items = of_window.iter().map(|&(_, item, weight)| (item, weight));
            chosen.extend(best(items.collect(), CANDIDATES_OF_WINDOW));
        }
        chosen.into_iter().collect()
    }

    fn compare(&self, item: u32, index: &impl CodeIndex) -> Option<CodeMatch> {
        let StoredTokens { tokens, family } = index.tokens(item)?;
        if family != self.family || tokens.is_empty() {
            return None;
        }
        let links = Links::of(&tokens);
        let words = self.numbered(&tokens.dictionary);
        let pair = Pair {
            query: Side {
                tokens: &self.tokens,
                links: &self.links,
                words: &self.words,
            },
            work: Side {
                tokens: &tokens,
                links: &links,
                words: &words,
            },
            information: &self.information,
            table: &self.table,
            family,
        };
        let passages = pair.passages();
        if passages.is_empty() {
            return None;
        }
        Some(self.scored(item, passages, &tokens, index))
    }

    fn scored(
        &self,
        item: u32,
        mut passages: Vec<Passage>,
        work: &Tokens,
        index: &impl CodeIndex,
    ) -> CodeMatch {
        let query_places = self.tokens.len() as f64;
        let tries = Tries {
            query_places,
            collection_places: (index.token_count() as f64).max(MIN_COLLECTION_TOKENS),
        };
        let within = Tries {
            query_places,
            collection_places: work.len() as f64,
        };
        let bits: Vec<f64> = passages.iter().map(|p| f64::from(p.bits)).collect();
        let score = Score::from_segments(&bits, tries, within);
        // What does not pay for its place in the work is not told.
        let best = bits.iter().copied().fold(0.0, f64::max);
        passages.retain(|p| f64::from(p.bits) >= best || f64::from(p.bits) > within.bits());
        let (same, columns) = passages
            .iter()
            .fold((0, 0), |(s, c), p| (s + p.same, c + p.columns));
        passages.sort_by_key(|p| (p.query.start, p.work.start));
        let lines = |tokens: &Tokens, range: &std::ops::Range<u32>| {
            let line = |at: u32| u64::from(tokens.lines[at as usize]);
            [line(range.start), line(range.end - 1) + 1]
        };
        let of_work = Margins::of(work);
        let segments = (passages.iter())
            .map(|p| {
                let (mut suspect, mut work) = (lines(&self.tokens, &p.query), lines(work, &p.work));
                margins::widen(&self.margins, &of_work, &mut suspect, &mut work);
                Span {
                    suspect,
                    work,
                    unit: Unit::Line,
                }
            })
            .collect();
        CodeMatch {
            item,
            score,
            identity: f64::from(same) / f64::from(columns).max(1.0),
            segments,
        }
    }
}

/// The items with the greatest weights.
fn best(mut items: Vec<(u32, f32)>, count: usize) -> Vec<u32> {
    items.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    items.truncate(count);
    let least = items.first().map_or(0.0, |&(_, best)| best * MIN_CANDIDATE_SHARE);
    items.retain(|&(_, weight)| weight >= least);
    items.into_iter().map(|(item, _)| item).collect()
}
