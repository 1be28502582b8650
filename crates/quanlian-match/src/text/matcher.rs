//! Matching: from a suspect text to the passages it shares with the works.
//!
//! In:  the bytes of a suspect and the open parts of an index.
//! Out: for each work with anything in common the aligned [`Passage`]s and their score.
//!
//! The suspect is read in blocks of [`BLOCK_SYMBOLS`] that overlap, so that memory does
//! not grow with its length; passages that meet at the seam are joined.
//!
//! Invariants: deterministic; postings of one key and hits of one block are bounded.
//!
//! Not here: names of works, thresholds (`collection`).

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use super::background;
use super::decode::{Decoded, TextError, decode};
use super::extend::{self, Aligned, Weighted};
use super::fold::Fold;
use super::gram::Grams;
use super::store::{Region, TextItem, TextStore};
use crate::align::{AlignOptions, Hit, chains};
use crate::score::{Score, Tries};
use crate::segment::SegmentError;

/// Symbols of the suspect that are matched at once.
const BLOCK_SYMBOLS: usize = 1 << 19;
/// Symbols that two blocks share: longer than any passage that needs its whole length.
const OVERLAP_SYMBOLS: usize = 1 << 12;
/// A key with more postings than this is a set phrase and finds nothing.
const MAX_POSTINGS_PER_KEY: usize = 1 << 10;
/// Hits of one block; when there are more, the most frequent keys were not rare.
const MAX_HITS_PER_BLOCK: usize = 1 << 23;
/// Passages of one work in one block.
const MAX_PASSAGES: usize = 1 << 10;

const ALIGN: AlignOptions = AlignOptions {
    max_gap: 40,
    max_drift: 10,
    drift_cost: 0.1,
    min_score: 0.0,
    max_chains: 1 << 14,
};
/// Symbols of the work read around a hit at first; doubled until the passage ends inside.
const MARGIN_SYMBOLS: u32 = 512;
/// Passages at most this far apart on both sides are one, with changes in between.
const MAX_JOIN_GAP: u64 = 400;
/// Passages that weigh less are not looked at further.
const MIN_PASSAGE_BITS: f64 = 24.0;

/// A stretch of the suspect that agrees with a stretch of a work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Passage {
    /// In symbols.
    query_symbols: Range<u64>,
    work_symbols: Range<u64>,
    /// In Unicode scalar values of the originals.
    pub(crate) query: [u64; 2],
    pub(crate) work: [u64; 2],
    pub(crate) bits: f64,
    same: u64,
    columns: u64,
}

/// What a suspect shares with one work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextMatch {
    pub(crate) part: usize,
    pub(crate) item: u32,
    pub(crate) score: Score,
    pub(crate) identity: f64,
    /// In the order of the suspect.
    pub(crate) passages: Vec<Passage>,
}

/// One part of the index as the matcher sees it.
pub(crate) trait TextPart {
    /// The postings and texts.
    fn store(&self) -> &TextStore;
    /// The text item of this number, if there is one.
    fn item(&self, number: u32) -> Option<&TextItem>;
}

/// Why a suspect could not be matched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextMatchError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Index(#[from] SegmentError),
}

/// Matches one suspect against all parts.
pub(crate) fn match_text(
    reader: impl Read,
    parts: &[&dyn TextPart],
    collection_symbols: u64,
) -> Result<(Vec<TextMatch>, Decoded), TextMatchError> {
    let fold = Fold::new();
    let mut block = Region::default();
    let mut found = Found::default();
    let (mut chars, mut first_symbol, mut end_symbol) = (0u64, 0u64, 0u64);
    let decoded = decode::<TextMatchError>(reader, |piece| {
        for c in piece.chars() {
            fold.fold(c, |symbol| {
                block.symbols.push(symbol);
                block.places.push(chars);
            });
            chars += 1;
        }
        if block.symbols.len() >= BLOCK_SYMBOLS {
            Matcher {
                parts,
                block: &block,
                first_symbol,
            }
            .run(&mut found)?;
            let done = block.symbols.len() - OVERLAP_SYMBOLS;
            block.symbols.drain(..done);
            block.places.drain(..done);
            first_symbol += done as u64;
        }
        end_symbol = first_symbol + block.symbols.len() as u64;
        Ok(())
    })?;
    Matcher {
        parts,
        block: &block,
        first_symbol,
    }
    .run(&mut found)?;
    for part in parts {
        part.store().segment.check_read()?;
    }
    Ok((found.into_matches(parts, end_symbol, collection_symbols), decoded))
}

/// The passages found so far, by part and item.
#[derive(Default)]
struct Found(BTreeMap<(usize, u32), Vec<Passage>>);

/// Works on one block of the suspect.
struct Matcher<'a> {
    parts: &'a [&'a dyn TextPart],
    block: &'a Region,
    first_symbol: u64,
}

impl Matcher<'_> {
    fn run(&self, found: &mut Found) -> Result<(), SegmentError> {
        let bits: Vec<f64> = self.block.symbols.iter().map(|&s| background::bits(s)).collect();
        for (part, view) in self.parts.iter().enumerate() {
            let mut hits = self.hits(view.store());
            hits.sort_unstable_by_key(|&(item, query, work)| (item, query, work));
            for group in hits.chunk_by(|a, b| a.0 == b.0) {
                let Some(item) = view.item(group[0].0) else {
                    continue;
                };
                let passages = self.passages(view.store(), item, group, &bits)?;
                if !passages.is_empty() {
                    found.0.entry((part, group[0].0)).or_default().extend(passages);
                }
            }
        }
        Ok(())
    }

    /// Looks up every gram of the block: item, place in the block, place in the item.
    fn hits(&self, store: &TextStore) -> Vec<(u32, u32, u32)> {
        let mut hits = Vec::new();
        let mut grams = Grams::default();
        for &symbol in &self.block.symbols {
            grams.push(symbol, |key, start, _| {
                let before = hits.len();
                if before >= MAX_HITS_PER_BLOCK {
                    return;
                }
                hits.extend(
                    store
                        .segment
                        .postings(key)
                        .take(MAX_POSTINGS_PER_KEY + 1)
                        .map(|p| (p.item, start as u32, p.position)),
                );
                if hits.len() - before > MAX_POSTINGS_PER_KEY {
                    hits.truncate(before);
                }
            });
        }
        hits
    }

    /// Chains the hits of one item and aligns each chain on the text.
    fn passages(
        &self,
        store: &TextStore,
        item: &TextItem,
        hits: &[(u32, u32, u32)],
        bits: &[f64],
    ) -> Result<Vec<Passage>, SegmentError> {
        let hits = hits
            .iter()
            .map(|&(_, query, work)| Hit {
                query,
                work,
                weight: 1.0,
            })
            .collect();
        let mut aligned: Vec<(Aligned, Region)> = Vec::new();
        let query = Weighted {
            symbols: &self.block.symbols,
            bits,
        };
        for chain in chains(hits, &ALIGN) {
            for hit in chain.hits {
                let (q, w) = (hit.query as usize, hit.work as usize);
                let covered = |a: &Aligned| a.query.contains(&q) && a.work.contains(&w);
                if aligned.iter().rev().any(|(a, _)| covered(a)) {
                    continue;
                }
                if aligned.len() >= MAX_PASSAGES {
                    break;
                }
                let one = align_at(store, item, query, hit)?;
                if one.0.bits >= MIN_PASSAGE_BITS {
                    aligned.push(one);
                }
            }
        }
        Ok(aligned
            .into_iter()
            .map(|(a, region)| self.passage(&a, &region))
            .collect())
    }

    fn passage(&self, a: &Aligned, region: &Region) -> Passage {
        let in_region = a.work.start - region.start as usize..a.work.end - region.start as usize;
        let places = |p: &[u64]| [p[0], p[p.len() - 1] + 1];
        Passage {
            query_symbols: self.first_symbol + a.query.start as u64..self.first_symbol + a.query.end as u64,
            work_symbols: a.work.start as u64..a.work.end as u64,
            query: places(&self.block.places[a.query.clone()]),
            work: places(&region.places[in_region]),
            bits: a.bits,
            same: u64::from(a.same),
            columns: u64::from(a.columns),
        }
    }
}

/// Aligns around one hit, reading as much of the work as the passage is long.
///
/// The work's range is in symbols of the whole work.
fn align_at(
    store: &TextStore,
    item: &TextItem,
    query: Weighted<'_>,
    hit: Hit,
) -> Result<(Aligned, Region), SegmentError> {
    let mut margin = MARGIN_SYMBOLS;
    loop {
        let start = hit.work.saturating_sub(margin);
        let end = hit.work.saturating_add(margin).min(item.symbols);
        let region = store.region(item, start..end)?;
        let mut a = extend::through(
            query,
            &region.symbols,
            (hit.query as usize, (hit.work - start) as usize),
        );
        let near = (MARGIN_SYMBOLS / 4) as usize;
        let open_left = start > 0 && a.work.start < near;
        let open_right = end < item.symbols && a.work.end + near > region.symbols.len();
        a.work = a.work.start + start as usize..a.work.end + start as usize;
        if !(open_left || open_right) {
            return Ok((a, region));
        }
        margin = margin.saturating_mul(4);
    }
}

impl Found {
    /// Joins, chooses and scores; the best work first.
    fn into_matches(
        self,
        parts: &[&dyn TextPart],
        query_symbols: u64,
        collection_symbols: u64,
    ) -> Vec<TextMatch> {
        let query_places = query_symbols as f64;
        let tries = Tries {
            query_places,
            collection_places: collection_symbols as f64,
        };
        let mut matches: Vec<TextMatch> = self
            .0
            .into_iter()
            .filter_map(|((part, number), passages)| {
                let item = parts[part].item(number)?;
                let within = Tries {
                    query_places,
                    collection_places: f64::from(item.symbols),
                };
                let mut passages = choose(join(passages));
                let best = passages.iter().map(|p| p.bits).fold(0.0, f64::max);
                passages.retain(|p| p.bits >= best || p.bits > within.bits());
                let segment_bits: Vec<f64> = passages.iter().map(|p| p.bits).collect();
                let score = Score::from_segments(&segment_bits, tries, within);
                let (same, columns) = passages
                    .iter()
                    .fold((0, 0), |(s, c), p| (s + p.same, c + p.columns));
                passages.sort_unstable_by_key(|p| (p.query, p.work));
                Some(TextMatch {
                    part,
                    item: number,
                    score,
                    identity: same as f64 / (columns as f64).max(1.0),
                    passages,
                })
            })
            .collect();
        matches.sort_by(|a, b| {
            b.score
                .bits
                .total_cmp(&a.score.bits)
                .then((a.part, a.item).cmp(&(b.part, b.item)))
        });
        matches
    }
}

/// Joins passages that continue each other on both sides, or overlap on one diagonal.
fn join(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort_unstable_by_key(|p| (p.query_symbols.start, p.work_symbols.start, p.query_symbols.end));
    let mut joined: Vec<Passage> = Vec::with_capacity(passages.len());
    'next: for p in passages {
        for before in joined.iter_mut().rev().take(16) {
            if continues(before, &p) {
                absorb(before, &p);
                continue 'next;
            }
        }
        joined.push(p);
    }
    joined
}

fn diagonal(p: &Passage) -> i64 {
    p.work_symbols.end as i64 - p.query_symbols.end as i64
}

fn continues(before: &Passage, p: &Passage) -> bool {
    let bend = (p.work_symbols.start as i64 - p.query_symbols.start as i64 - diagonal(before)).unsigned_abs();
    let gap = p.query_symbols.start.saturating_sub(before.query_symbols.end);
    gap <= MAX_JOIN_GAP
        && bend <= 16 + gap / 2
        && p.work_symbols.end > before.work_symbols.start
        && p.work_symbols.start >= before.work_symbols.start
}

/// Adds what `p` has beyond `before`; the gap in between is paid for.
fn absorb(before: &mut Passage, p: &Passage) {
    let length = (p.query_symbols.end - p.query_symbols.start).max(1);
    if p.query_symbols.end <= before.query_symbols.end {
        return;
    }
    let shared = before
        .query_symbols
        .end
        .saturating_sub(p.query_symbols.start)
        .min(length);
    let new_share = (length - shared) as f64 / length as f64;
    let gap = p.query_symbols.start.saturating_sub(before.query_symbols.end);
    let cost = if gap == 0 {
        0.0
    } else {
        2.0 * (gap as f64 + 1.0).log2() + 2.0
    };
    let gain = p.bits * new_share - cost;
    if gain <= 0.0 {
        return;
    }
    before.bits += gain;
    before.same += (p.same as f64 * new_share) as u64;
    before.columns += (p.columns as f64 * new_share) as u64 + gap;
    before.query_symbols.end = p.query_symbols.end;
    before.work_symbols.end = before.work_symbols.end.max(p.work_symbols.end);
    before.query[1] = before.query[1].max(p.query[1]);
    before.work[1] = before.work[1].max(p.work[1]);
}

/// Keeps, of passages over the same stretch of the suspect, the best.
fn choose(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort_by(|a, b| {
        b.bits
            .total_cmp(&a.bits)
            .then(a.query_symbols.start.cmp(&b.query_symbols.start))
    });
    let mut kept: Vec<Passage> = Vec::new();
    // Stretches already taken, by start; they do not overlap by more than half.
    let mut taken: BTreeMap<u64, u64> = BTreeMap::new();
    for p in passages {
        let (start, end) = (p.query_symbols.start, p.query_symbols.end);
        let overlap: u64 = taken
            .range(..end)
            .rev()
            .take(64)
            .map(|(&s, &e)| e.min(end).saturating_sub(s.max(start)))
            .sum();
        if overlap * 2 < end - start {
            taken.insert(start, end);
            kept.push(p);
        }
    }
    kept
}
