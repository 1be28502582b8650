//! Search: from a suspect source file to the works it shares code with.
//!
//! In:  the bytes of a suspect and an index ([`CodeIndex`]).
//! Out: for each work with anything in common a [`CodeMatch`], best first.
//!
//! Invariants: deterministic; postings of one key, candidates, and the work on each are bounded.
//!
//! Not here: names of works, thresholds (`collection`), the comparison itself (`compare`).

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;
use std::io::Read;
use std::ops::Range;

use super::background::{Background, Information};
use super::compare::{Pair, Passage, Side, Table};
use super::gram::{self, Links};
use super::language::{Family, Language};
use super::margins::{self, Margins};
use super::tokens::{Dictionary, Taken, Tokens};
use super::{CodeNote, StoredTokens, lexer, read_text};
use crate::cover::{self, Cover, EXPLAINED_SHARE, Explainer};
use crate::score::{Score, Tries};
use crate::text::TextError;
use crate::{FilterReason, Span, Unit};

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

/// Tokens of comments and long strings that are looked at.
const MAX_HIDDEN_TOKENS: usize = 1 << 20;
/// Stretches of the background that are told of one passage.
const MAX_TOLD: usize = 64;

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
    pub(crate) not_counted: Vec<NotCounted>,
}

/// Lines of the suspect that a work shares and that do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCounted {
    pub(crate) suspect: [u64; 2],
    pub(crate) reason: FilterReason,
    /// The work that explains it; of the background when that is the reason.
    pub(crate) by: u32,
}

/// Matches one suspect against all works.
///
/// What `common`, the works of a background, holds as well does not count. Code that stands in comments or in long
/// strings is looked for like any other.
pub(crate) fn search<I: CodeIndex>(
    reader: impl Read,
    language: Language,
    index: &I,
    background: &Background,
    common: Option<&I>,
) -> Result<(Vec<CodeMatch>, Vec<CodeNote>), TextError> {
    let (tokens, notes, text) = read_text(reader, language)?;
    let hidden = lexer::lex_hidden(&text, language.family(), MAX_HIDDEN_TOKENS);
    drop(text);
    let query_places = (tokens.len() + hidden.len()) as f64;
    let mut of_work: BTreeMap<u32, Shared> = BTreeMap::new();
    for tokens in [tokens, hidden] {
        if tokens.len() < gram::STRUCTURE_TOKENS {
            continue;
        }
        let query = Query::new(tokens, language.family(), background);
        let mut shared = query.shared(index);
        if let Some(common) = common {
            take_common(&mut shared, &query.shared(common), query_places);
        }
        explain(&mut shared);
        for one in shared {
            match of_work.entry(one.item) {
                Entry::Vacant(empty) => drop(empty.insert(one)),
                Entry::Occupied(mut there) => there.get_mut().extend(one),
            }
        }
    }
    let tries = Tries {
        query_places,
        collection_places: (index.token_count() as f64).max(MIN_COLLECTION_TOKENS),
    };
    let mut matches: Vec<CodeMatch> = of_work.into_values().map(|one| one.scored(tries)).collect();
    matches.sort_by(|a, b| b.score.bits.total_cmp(&a.score.bits).then(a.item.cmp(&b.item)));
    Ok((matches, notes))
}

/// What a suspect shares with one work, before it is known what counts.
struct Shared {
    item: u32,
    /// Tokens of the work.
    work_places: f64,
    pieces: Vec<Piece>,
    not_counted: Vec<NotCounted>,
}

/// A passage with its lines.
struct Piece {
    aligned: Vec<Range<u64>>,
    bits: f64,
    same: u32,
    columns: u32,
    span: Span,
}

impl Shared {
    fn extend(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.not_counted.extend(other.not_counted);
    }

    fn scored(self, tries: Tries) -> CodeMatch {
        let Self {
            item,
            work_places,
            mut pieces,
            mut not_counted,
        } = self;
        let within = Tries {
            collection_places: work_places,
            ..tries
        };
        let bits: Vec<f64> = pieces.iter().map(|p| p.bits).collect();
        let score = Score::from_segments(&bits, tries, within);
        // What does not pay for its place in the work is not told.
        let best = bits.iter().copied().fold(0.0, f64::max);
        pieces.retain(|p| p.bits >= best || p.bits > within.bits());
        let (same, columns) = pieces
            .iter()
            .fold((0, 0), |(s, c), p| (s + p.same, c + p.columns));
        pieces.sort_by_key(|p| (p.span.suspect, p.span.work));
        not_counted.sort_by_key(|n| (n.suspect, n.reason, n.by));
        not_counted.dedup();
        CodeMatch {
            item,
            score,
            identity: f64::from(same) / f64::from(columns).max(1.0),
            segments: pieces.into_iter().map(|p| p.span).collect(),
            not_counted,
        }
    }
}

/// Takes away what the background holds as well, as far as it does so beyond chance.
fn take_common(shared: &mut [Shared], common: &[Shared], query_places: f64) {
    let mut known: Vec<(u32, &Piece)> = Vec::new();
    for one in common {
        let within = Tries {
            query_places,
            collection_places: one.work_places,
        };
        let certain = one.pieces.iter().filter(|p| p.bits > within.bits());
        known.extend(certain.map(|piece| (one.item, piece)));
    }
    known.sort_by(|a, b| b.1.bits.total_cmp(&a.1.bits).then(a.0.cmp(&b.0)));
    let mut cover = Cover::default();
    for &(item, piece) in &known {
        for stretch in &piece.aligned {
            let by = Explainer {
                work: (0, item),
                bits: piece.bits / cover::places(&piece.aligned).max(1.0),
            };
            cover.add(stretch, by);
        }
    }
    for one in shared {
        for piece in &mut one.pieces {
            let held = cover.held(&piece.aligned);
            if held <= 0.0 {
                continue;
            }
            // What the work agrees with more closely than the background does still counts, by the difference.
            piece.bits = (piece.bits - held).max(0.0);
            let said = known.iter().filter_map(|&(by, known)| {
                let suspect = overlap(piece.span.suspect, known.span.suspect)?;
                Some(NotCounted {
                    suspect,
                    reason: FilterReason::Background,
                    by,
                })
            });
            one.not_counted.extend(said.take(MAX_TOLD));
        }
    }
}

/// Takes from each piece what a far better one of another work explains; see [`Cover`].
///
/// A work explains another one only when the suspect follows it far more closely as a whole: of two versions of a file
/// each agrees better in places, and neither came along with the other.
fn explain(shared: &mut [Shared]) {
    let totals: BTreeMap<u32, f64> = (shared.iter())
        .map(|one| (one.item, one.pieces.iter().map(|p| p.bits).sum()))
        .collect();
    let is_closer = |by: u32, item: u32| totals[&item] <= EXPLAINED_SHARE * totals[&by];
    let mut order: Vec<(f64, usize, usize)> = (shared.iter().enumerate())
        .flat_map(|(at, one)| (one.pieces.iter().enumerate()).map(move |(i, piece)| (piece.bits, at, i)))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut best = Cover::default();
    let mut before: Vec<(f64, u32, [u64; 2])> = Vec::new();
    for (bits, at, i) in order {
        let one = &mut shared[at];
        let (item, piece) = (one.item, &mut one.pieces[i]);
        let explained = best.explained(&piece.aligned, (0, item), bits, |by| is_closer(by.1, item));
        if explained > 0.0 {
            piece.bits *= 1.0 - explained;
            let by = before.iter().find_map(|&(_, by, lines)| {
                let suspect = overlap(piece.span.suspect, lines)?;
                (by != item && is_closer(by, item)).then_some(NotCounted {
                    suspect,
                    reason: FilterReason::BetterSource,
                    by,
                })
            });
            one.not_counted.extend(by);
        }
        for stretch in &one.pieces[i].aligned {
            let work = (0, item);
            best.add(stretch, Explainer { work, bits });
        }
        before.push((bits, item, one.pieces[i].span.suspect));
    }
}

fn overlap(a: [u64; 2], b: [u64; 2]) -> Option<[u64; 2]> {
    let both = [a[0].max(b[0]), a[1].min(b[1])];
    (both[0] < both[1]).then_some(both)
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
            .map(|same| {
                (
                    same[0].0,
                    same[0].1,
                    same.iter().map(|&(_, _, weight)| weight).sum(),
                )
            })
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

    /// What the suspect shares with each candidate.
    fn shared(&self, index: &impl CodeIndex) -> Vec<Shared> {
        let candidates = self.candidates(index).into_iter();
        candidates.filter_map(|item| self.compare(item, index)).collect()
    }

    fn compare(&self, item: u32, index: &impl CodeIndex) -> Option<Shared> {
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
        let of_work = Margins::of(&tokens);
        let pieces = passages.into_iter().map(|p| self.piece(p, &tokens, &of_work));
        Some(Shared {
            item,
            work_places: tokens.len() as f64,
            pieces: pieces.collect(),
            not_counted: Vec::new(),
        })
    }

    fn piece(&self, passage: Passage, of_work: &Tokens, margins: &Margins) -> Piece {
        let lines = |tokens: &Tokens, range: &Range<u32>| {
            let line = |at: u32| u64::from(tokens.lines[at as usize]);
            [line(range.start), line(range.end - 1) + 1]
        };
        let (mut suspect, mut work) = (lines(&self.tokens, &passage.query), lines(of_work, &passage.work));
        margins::widen(&self.margins, margins, &mut suspect, &mut work);
        Piece {
            aligned: passage.aligned,
            bits: f64::from(passage.bits),
            same: passage.same,
            columns: passage.columns,
            span: Span {
                suspect,
                work,
                unit: Unit::Line,
            },
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
