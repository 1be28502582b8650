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
//! Not here: joining and scoring passages (`passages`), names of works, thresholds (`collection`).

use std::cell::OnceCell;
use std::io::Read;
use std::ops::Range;

mod passages;

use super::background::{self, Background, Heard};
use super::decode::{Decoded, TextError, decode};
use super::extend::{self, Aligned, Weighted};
use super::fold::{Fold, Symbol, units};
use super::gram::{self, Grams};
use super::store::{Region, TextItem, TextStore};
use crate::align::{AlignOptions, Chain, Hit, chains};
use crate::segment::SegmentError;
use passages::{Found, MAX_JOIN_GAP};
pub(crate) use passages::{Passage, TextMatch};

/// Symbols of the suspect that are matched at once.
const BLOCK_SYMBOLS: usize = 1 << 19;
/// Symbols that two blocks share: longer than any passage that needs its whole length.
const OVERLAP_SYMBOLS: usize = 1 << 12;
/// A key with more postings than this is a set phrase and finds nothing.
const MAX_POSTINGS_PER_KEY: usize = 1 << 10;
/// Of a key that removed texts hold, so many times that are looked at before it is taken for a set phrase.
const REMOVED_ALLOWANCE: usize = 8;
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
const MARGIN_SYMBOLS: u32 = 96;
/// A hit that stands alone is aligned only when the run of equal symbols around it is worth
/// so much by the prior of the script, and one bit more for each doubling of the suspect's
/// length: in a full block 18 letters or seven Han characters. Set phrases are shorter, and
/// the longer a suspect, the more of them it shares.
const LONE_RUN_BITS: f64 = 20.0;
/// Most symbols of such a run to either side of the hit.
const RUN_MARGIN_SYMBOLS: u32 = 32;
/// Works up to this length are folded once when they have many hits.
const MAX_WHOLE_SYMBOLS: u32 = 1 << 18;
/// Symbols of a work that are folded for one hit, about.
const SYMBOLS_PER_HIT: usize = 1 << 10;
/// Passages that weigh less are not looked at further.
const MIN_PASSAGE_BITS: f64 = 18.0;
/// Items from which the background model is made.
const SAMPLE_ITEMS: usize = 1 << 12;

/// One part of the index as the matcher sees it.
pub(crate) trait TextPart {
    /// The postings and texts.
    fn store(&self) -> &TextStore;
    /// Numbers of text items lie below this.
    fn numbers(&self) -> u32;
    /// The text item of this number, if there is one.
    fn item(&self, number: u32) -> Option<&TextItem>;
    /// Number of the text that lies at a place of the axis, and the place in that text; `None` where no text lies, because
    /// it failed half way or was removed.
    fn text_at(&self, place: u64) -> Option<(u32, u32)>;
    /// Whether there may be postings at such places.
    fn has_places_of_no_text(&self) -> bool;
}

/// Why a suspect could not be matched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextMatchError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Index(#[from] SegmentError),
}

/// Makes the background model from the beginnings and the middles of evenly chosen works.
pub(crate) fn background(parts: &[&dyn TextPart]) -> Result<Background, SegmentError> {
    let numbers: Vec<(usize, u32)> = (parts.iter().enumerate())
        .flat_map(|(part, view)| (0..view.numbers()).map(move |n| (part, n)))
        .filter(|&(part, n)| parts[part].item(n).is_some())
        .collect();
    let every = numbers.len().div_ceil(SAMPLE_ITEMS).max(1);
    let chosen: Vec<(usize, u32)> = numbers.into_iter().step_by(every).collect();
    let half = (background::SAMPLE_SYMBOLS / chosen.len().max(1) / 2) as u32;
    let mut stretches = Vec::new();
    for (work, &(part, number)) in chosen.iter().enumerate() {
        let Some(item) = parts[part].item(number) else {
            continue;
        };
        let middle = (item.symbols / 2).max(half);
        for wanted in [0..half, middle..middle.saturating_add(half)] {
            stretches.push((work as u64, parts[part].store().region(item, wanted)?.symbols));
        }
    }
    let symbols = stretches.iter().map(|(_, s)| s.len()).sum();
    Ok(Background::learn(
        stretches.iter().map(|(work, s)| (*work, &s[..])),
        symbols,
    ))
}

/// Matches one suspect against all parts; what the texts of `common` hold as well does not count.
pub(crate) fn match_text(
    reader: impl Read,
    parts: &[&dyn TextPart],
    common: &[&dyn TextPart],
    background: &Background,
    collection_symbols: u64,
) -> Result<(Vec<TextMatch>, Decoded), TextMatchError> {
    let (mut found, mut known) = (Found::default(), Found::default());
    let (decoded, end_symbol) = for_each_block(reader, |block, first_symbol| {
        for (parts, found) in [(parts, &mut found), (common, &mut known)] {
            let matcher = Matcher {
                parts,
                background,
                min_bits: MIN_PASSAGE_BITS,
                block,
                first_symbol,
                heard: OnceCell::new(),
            };
            matcher.run(found)?;
        }
        Ok(())
    })?;
    for part in parts.iter().chain(common) {
        part.store().check_read()?;
    }
    let known = known.certain(common);
    let matches = found.into_matches(parts, &known, end_symbol, collection_symbols);
    Ok((matches, decoded))
}

/// Reads a suspect and calls `visit` with block after block of it, which overlap, and the number of the block's first
/// symbol. Returns how many symbols there were.
pub(super) fn for_each_block(
    reader: impl Read,
    mut visit: impl FnMut(&Region, u64) -> Result<(), SegmentError>,
) -> Result<(Decoded, u64), TextMatchError> {
    let fold = Fold::new();
    let mut block = Region::default();
    let (mut chars, mut first_symbol) = (0u64, 0u64);
    let decoded = decode::<TextMatchError>(reader, |piece| {
        for c in piece.chars() {
            fold.fold(c, |symbol| {
                block.symbols.push(symbol);
                block.places.push(chars);
            });
            chars += 1;
        }
        if block.symbols.len() >= BLOCK_SYMBOLS {
            visit(&block, first_symbol)?;
            let done = block.symbols.len() - OVERLAP_SYMBOLS;
            block.symbols.drain(..done);
            block.places.drain(..done);
            first_symbol += done as u64;
        }
        Ok(())
    })?;
    visit(&block, first_symbol)?;
    Ok((decoded, first_symbol + block.symbols.len() as u64))
}

/// What the grams of a block meet in a part.
pub(super) struct Met {
    /// Item, place in the block, place in the item.
    pub(super) hits: Vec<(u32, u32, u32)>,
    /// Whether some grams were left out because too many places hold them.
    pub(super) has_common: bool,
}

/// Looks up every gram of a block.
pub(super) fn look_up(block: &[Symbol], part: &dyn TextPart) -> Met {
    let mut grams = Grams::default();
    let (mut keys, mut starts) = (Vec::new(), Vec::new());
    for &symbol in block {
        grams.push(symbol, |key, start, _| {
            keys.push(key);
            starts.push(start as u32);
        });
    }
    let has_gaps = part.has_places_of_no_text();
    // Postings of nobody do not count; but of a key that hardly anybody else has not all of them are read.
    let most = if has_gaps {
        REMOVED_ALLOWANCE * MAX_POSTINGS_PER_KEY
    } else {
        MAX_POSTINGS_PER_KEY
    };
    let mut met = Met {
        hits: Vec::new(),
        has_common: false,
    };
    let (mut of_key, mut before, mut is_common) = (usize::MAX, 0, false);
    (part.store().segment).for_each_or_common(&keys, most as u64, |index, place| {
        let Some(place) = place else {
            met.has_common = true;
            return;
        };
        if index != of_key {
            (of_key, before, is_common) = (index, met.hits.len(), met.hits.len() >= MAX_HITS_PER_BLOCK);
            met.has_common |= is_common;
        }
        let Some((item, position)) = part.text_at(place) else {
            return;
        };
        if is_common {
            return;
        }
        met.hits.push((item, starts[index], position));
        if met.hits.len() - before > MAX_POSTINGS_PER_KEY {
            met.hits.truncate(before);
            (is_common, met.has_common) = (true, true);
        }
    });
    met
}

/// Works on one block of the suspect.
struct Matcher<'a> {
    parts: &'a [&'a dyn TextPart],
    background: &'a Background,
    /// Passages that weigh less are not looked at further.
    min_bits: f64,
    block: &'a Region,
    first_symbol: u64,
    /// What the block says where, made when it is first needed.
    heard: OnceCell<Heard>,
}

impl Matcher<'_> {
    fn run(&self, found: &mut Found) -> Result<(), SegmentError> {
        for (part, view) in self.parts.iter().enumerate() {
            let mut hits = look_up(&self.block.symbols, *view).hits;
            hits.sort_unstable_by_key(|&(item, query, work)| (item, query, work));
            for group in hits.chunk_by(|a, b| a.0 == b.0) {
                let Some(item) = view.item(group[0].0) else {
                    continue;
                };
                let passages = self.passages(view.store(), item, group)?;
                if !passages.is_empty() {
                    found.0.entry((part, group[0].0)).or_default().extend(passages);
                }
            }
        }
        Ok(())
    }

    fn heard(&self) -> &Heard {
        self.heard.get_or_init(|| Heard::of(&self.block.symbols))
    }

    /// Chains the hits of one item and aligns each chain on the text.
    fn passages(
        &self,
        store: &TextStore,
        item: &TextItem,
        hits: &[(u32, u32, u32)],
    ) -> Result<Vec<Passage>, SegmentError> {
        let hits: Vec<Hit> = hits
            .iter()
            .map(|&(_, query, work)| Hit {
                query,
                work,
                weight: 1.0,
            })
            .collect();
        let work = Work::new(store, item, hits.len())?;
        let mut aligned: Vec<(Aligned, Region)> = Vec::new();
        for chain in chains(hits.clone(), &ALIGN) {
            if !(self.has_company(&chain, &hits) || self.is_long_run(&work, chain.hits[0])?) {
                continue;
            }
            for hit in chain.hits {
                let (q, w) = (hit.query as usize, hit.work as usize);
                let covered = |a: &Aligned| a.query.contains(&q) && a.work.contains(&w);
                if aligned.iter().rev().any(|(a, _)| covered(a)) {
                    continue;
                }
                if aligned.len() >= MAX_PASSAGES {
                    break;
                }
                let one = self.align_at(&work, hit)?;
                if one.0.bits >= self.min_bits {
                    aligned.push(one);
                }
            }
        }
        Ok(aligned
            .into_iter()
            .map(|(a, region)| self.passage(&a, &region))
            .collect())
    }

    /// Whether a chain has two grams side by side, or another chain of the same work could
    /// be joined to it.
    fn has_company(&self, chain: &Chain, hits: &[Hit]) -> bool {
        let first = chain.hits[0];
        let diagonal = |h: &Hit| i64::from(h.work) - i64::from(h.query);
        let apart = |a: u32, b: u32| {
            let between = a.min(b) as usize..a.max(b) as usize;
            between.len() >= gram::MAX_SYMBOLS
                || self.block.symbols[between].iter().map(|&s| units(s)).sum::<u32>() >= gram::GRAM_UNITS
        };
        let from = first.query.saturating_sub(MAX_JOIN_GAP as u32);
        let near = hits.partition_point(|h| h.query < from);
        (hits[near..].iter())
            .take_while(|h| u64::from(h.query) <= u64::from(first.query) + MAX_JOIN_GAP)
            .any(|h| {
                let gap = first.query.abs_diff(h.query);
                let bend = diagonal(h).abs_diff(diagonal(&first));
                bend <= u64::from(16 + gap / 2) && apart(first.query, h.query)
            })
    }

    /// Whether the run of equal symbols through a hit is long enough to stand alone; see
    /// [`LONE_RUN_BITS`].
    fn is_long_run(&self, work: &Work<'_>, hit: Hit) -> Result<bool, SegmentError> {
        let start = hit.work.saturating_sub(RUN_MARGIN_SYMBOLS);
        let end = (hit.work.saturating_add(RUN_MARGIN_SYMBOLS)).min(work.item.symbols);
        let region = work.region(start..end)?;
        let (before, after) = region.symbols.split_at((hit.work - start) as usize);
        let (query_before, query_after) = self.block.symbols.split_at(hit.query as usize);
        let least = LONE_RUN_BITS + (self.block.symbols.len() as f64).log2();
        let equal = |(a, b): &(&Symbol, &Symbol)| a == b;
        let run = (before.iter().rev().zip(query_before.iter().rev())).take_while(equal);
        let run = run.chain(after.iter().zip(query_after).take_while(equal));
        Ok(run.map(|(&s, _)| background::prior_bits(s)).sum::<f64>() >= least)
    }

    /// Aligns around one hit, reading as much of the work as the passage is long.
    ///
    /// Twice: first with the prior of the script, which is quick and generous, then, for
    /// what that leaves, with the information that the background model gives, unless
    /// all symbols of the first alignment together have too little of it. The
    /// work's range is in symbols of the whole work.
    fn align_at(&self, work: &Work<'_>, hit: Hit) -> Result<(Aligned, Region), SegmentError> {
        let symbols = work.item.symbols;
        let mut margin = MARGIN_SYMBOLS;
        loop {
            let start = hit.work.saturating_sub(margin);
            let end = hit.work.saturating_add(margin).min(symbols);
            let region = work.region(start..end)?;
            let at = (hit.query as usize, (hit.work - start) as usize);
            if at.1 >= region.symbols.len() {
                return Err(SegmentError::Damaged {
                    what: "stored text ends before its postings do",
                });
            }
            let align = |bits: &[f64]| {
                extend::through(
                    &self.block.symbols,
                    Weighted {
                        symbols: &region.symbols,
                        bits,
                    },
                    at,
                )
            };
            let prior: Vec<f64> = region
                .symbols
                .iter()
                .map(|&s| background::prior_bits(s))
                .collect();
            let mut a = align(&prior);
            let is_heard = |passage: &Range<usize>, hash| self.heard().is_said_near(passage, hash);
            if a.bits >= self.min_bits {
                let passage = a.query.clone();
                let bits = self
                    .background
                    .bits(&region.symbols, a.work.clone(), |hash| is_heard(&passage, hash));
                a.bits = bits.iter().sum();
            }
            if a.bits >= self.min_bits {
                // The second time the passage may only shrink, or grow a little.
                let around = a.work.start.saturating_sub(32)..(a.work.end + 32).min(region.symbols.len());
                let passage = a.query.clone();
                a = align(
                    &self
                        .background
                        .bits(&region.symbols, around, |hash| is_heard(&passage, hash)),
                );
            }
            let near = 24;
            let open_left = start > 0 && a.work.start < near;
            let open_right = end < symbols && a.work.end + near > region.symbols.len();
            a.work = a.work.start + start as usize..a.work.end + start as usize;
            if !(open_left || open_right) {
                return Ok((a, region));
            }
            margin = margin.saturating_mul(4);
        }
    }

    fn passage(&self, a: &Aligned, region: &Region) -> Passage {
        let in_region = a.work.start - region.start as usize..a.work.end - region.start as usize;
        let places = |p: &[u64]| [p[0], p[p.len() - 1] + 1];
        let query_symbols = self.first_symbol + a.query.start as u64..self.first_symbol + a.query.end as u64;
        Passage {
            aligned: vec![query_symbols.clone()],
            query_symbols,
            work_symbols: a.work.start as u64..a.work.end as u64,
            query: places(&self.block.places[a.query.clone()]),
            work: places(&region.places[in_region]),
            bits: a.bits,
            same: u64::from(a.same),
            columns: u64::from(a.columns),
        }
    }
}

/// The text of one work; held folded when it is read so often that this is cheaper.
pub(super) struct Work<'a> {
    store: &'a TextStore,
    item: &'a TextItem,
    whole: Option<Region>,
}

impl<'a> Work<'a> {
    pub(super) fn new(store: &'a TextStore, item: &'a TextItem, hits: usize) -> Result<Self, SegmentError> {
        let symbols = item.symbols;
        let often = hits.saturating_mul(SYMBOLS_PER_HIT) >= symbols as usize;
        let whole = (often && symbols <= MAX_WHOLE_SYMBOLS)
            .then(|| store.region(item, 0..symbols))
            .transpose()?;
        Ok(Self { store, item, whole })
    }

    pub(super) fn region(&self, wanted: Range<u32>) -> Result<Region, SegmentError> {
        let Some(whole) = &self.whole else {
            return self.store.region(self.item, wanted);
        };
        let all = whole.symbols.len();
        let cut = (wanted.start as usize).min(all)..(wanted.end as usize).min(all);
        Ok(Region {
            start: wanted.start,
            symbols: whole.symbols[cut.clone()].to_vec(),
            places: whole.places[cut].to_vec(),
        })
    }
}
