//! Passages: what was aligned, joined, chosen and scored.
//!
//! In:  the passages of all blocks of a suspect, by work.
//! Out: a [`TextMatch`] for each work, the best first.
//!
//! Invariant: a stretch of the suspect or of the work counts once, however often the other side repeats it.
//!
//! Not here: finding and aligning them ([`super`]).

use std::collections::BTreeMap;
use std::ops::Range;

use super::TextPart;
use crate::FilterReason;
use crate::cover::{self, Cover, Explainer};
use crate::score::{Score, Tries};

/// Passages at most this far apart on both sides are one, with changes in between.
pub(super) const MAX_JOIN_GAP: u64 = 400;
/// What a further passage pays beyond the first one's tries: texts of one kind share set
/// phrases, so a row of short ones is worth less than its sum.
const PHRASE_PLACES: f64 = 65_536.0;
/// Places that a collection counts for at the least. A phrase of the language is shared with
/// far more writing than a handful of works, so a small collection makes no phrase rare.
const MIN_COLLECTION_PLACES: f64 = 16_777_216.0;

/// Stretches of the background that are told of one passage.
const MAX_TOLD: usize = 64;

/// So near a certain passage, on both sides, a further one is told with fewer bits; it does not raise the score.
const NEAR_SYMBOLS: u64 = 400;
/// Bits of such a passage: it could lie at as many pairs of places around the certain one.
const NEAR_BITS: f64 = 19.3;

/// A stretch of the suspect that agrees with a stretch of a work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Passage {
    /// In symbols.
    pub(super) query_symbols: Range<u64>,
    pub(super) work_symbols: Range<u64>,
    /// In Unicode scalar values of the originals.
    pub(crate) query: [u64; 2],
    pub(crate) work: [u64; 2],
    pub(crate) bits: f64,
    pub(super) same: u64,
    pub(super) columns: u64,
    /// The stretches of the suspect that were aligned, in symbols: what was joined leaves gaps between them.
    pub(super) aligned: Vec<Range<u64>>,
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
    pub(crate) not_counted: Vec<NotCounted>,
}

/// A stretch of the suspect that a work shares and that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCounted {
    /// In Unicode scalar values.
    pub(crate) suspect: [u64; 2],
    pub(crate) reason: FilterReason,
    /// Part and number of the work that explains it; of the background when that is the reason.
    pub(crate) by: (usize, u32),
}

/// Stretches of a suspect that the background holds.
pub(super) struct Known {
    cover: Cover,
    /// The heaviest first.
    passages: Vec<((usize, u32), [u64; 2])>,
}

/// The passages found so far, by part and item.
#[derive(Default)]
pub(super) struct Found(pub(super) BTreeMap<(usize, u32), Vec<Passage>>);

impl Found {
    /// What a background holds of the suspect.
    pub(super) fn certain(self, parts: &[&dyn TextPart]) -> Known {
        let mut passages: Vec<((usize, u32), Passage)> = (self.0.into_iter())
            .filter(|&((part, number), _)| parts[part].item(number).is_some())
            .flat_map(|(work, passages)| join(passages).into_iter().map(move |p| (work, p)))
            .collect();
        passages.sort_by(|a, b| b.1.bits.total_cmp(&a.1.bits).then(a.0.cmp(&b.0)));
        let mut cover = Cover::default();
        for (work, passage) in &passages {
            for stretch in &passage.aligned {
                let bits = passage.bits / cover::places(&passage.aligned).max(1.0);
                let work = *work;
                cover.add(stretch, Explainer { work, bits });
            }
        }
        let passages = passages.into_iter().map(|(work, p)| (work, p.query)).collect();
        Known { cover, passages }
    }

    /// Joins, chooses and scores; the best work first.
    pub(super) fn into_matches(
        self,
        parts: &[&dyn TextPart],
        known: &Known,
        query_symbols: u64,
        collection_symbols: u64,
    ) -> Vec<TextMatch> {
        let query_places = query_symbols as f64;
        let tries = Tries {
            query_places,
            collection_places: (collection_symbols as f64).max(MIN_COLLECTION_PLACES),
        };
        let mut chosen: BTreeMap<(usize, u32), Vec<Passage>> = (self.0.into_iter())
            .filter(|&((part, number), _)| parts[part].item(number).is_some())
            .map(|(work, passages)| (work, choose(join(passages))))
            .collect();
        let mut not_counted = take_known(&mut chosen, known);
        for (work, told) in explain(&mut chosen) {
            not_counted.entry(work).or_default().push(told);
        }
        let mut matches: Vec<TextMatch> = chosen
            .into_iter()
            .map(|((part, number), mut passages)| {
                let within = Tries {
                    query_places: query_places * PHRASE_PLACES,
                    ..tries
                };
                let best = passages.iter().map(|p| p.bits).fold(0.0, f64::max);
                let certain: Vec<Passage> = (passages.iter())
                    .filter(|p| p.bits >= best || p.bits > within.bits())
                    .cloned()
                    .collect();
                let segment_bits: Vec<f64> = certain.iter().map(|p| p.bits).collect();
                passages.retain(|p| {
                    certain
                        .iter()
                        .any(|c| c == p || p.bits > NEAR_BITS && lie_near(c, p))
                });
                let score = Score::from_segments(&segment_bits, tries, within);
                let (same, columns) = passages
                    .iter()
                    .fold((0, 0), |(s, c), p| (s + p.same, c + p.columns));
                passages.sort_unstable_by_key(|p| (p.query, p.work));
                TextMatch {
                    part,
                    item: number,
                    score,
                    identity: same as f64 / (columns as f64).max(1.0),
                    passages,
                    not_counted: not_counted.remove(&(part, number)).unwrap_or_default(),
                }
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

/// Whether two passages lie near each other in the suspect and in the work, in whatever order: moved sentences.
fn lie_near(a: &Passage, b: &Passage) -> bool {
    let apart = |a: &Range<u64>, b: &Range<u64>| a.start.max(b.start).saturating_sub(a.end.min(b.end));
    apart(&a.query_symbols, &b.query_symbols) <= NEAR_SYMBOLS
        && apart(&a.work_symbols, &b.work_symbols) <= NEAR_SYMBOLS
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
    p.work_symbols.end.cast_signed() - p.query_symbols.end.cast_signed()
}

fn continues(before: &Passage, p: &Passage) -> bool {
    let bend = (p.work_symbols.start.cast_signed() - p.query_symbols.start.cast_signed() - diagonal(before))
        .unsigned_abs();
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
    before.aligned.extend(p.aligned.iter().cloned());
    before.same += (p.same as f64 * new_share) as u64;
    before.columns += (p.columns as f64 * new_share) as u64 + gap;
    before.query_symbols.end = p.query_symbols.end;
    before.work_symbols.end = before.work_symbols.end.max(p.work_symbols.end);
    before.query[1] = before.query[1].max(p.query[1]);
    before.work[1] = before.work[1].max(p.work[1]);
}

/// Keeps, of passages over the same stretch of the suspect or of the work, the best.
///
/// What a work says once is evidence once, however often the suspect repeats it, and the
/// other way round; else two texts that each repeat a set phrase would seem copied.
fn choose(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort_by(|a, b| {
        b.bits
            .total_cmp(&a.bits)
            .then(a.query_symbols.start.cmp(&b.query_symbols.start))
    });
    let (mut of_query, mut of_work) = (Taken::default(), Taken::default());
    passages.retain(|p| {
        let free = of_query.is_free(&p.query_symbols) && of_work.is_free(&p.work_symbols);
        if free {
            of_query.take(&p.query_symbols);
            of_work.take(&p.work_symbols);
        }
        free
    });
    passages
}

/// What does not count of each work.
type Told = BTreeMap<(usize, u32), Vec<NotCounted>>;

/// Takes from each passage what the background holds as well.
fn take_known(works: &mut BTreeMap<(usize, u32), Vec<Passage>>, known: &Known) -> Told {
    let mut told = Told::new();
    for (&work, passages) in works {
        for passage in passages {
            let held = known.cover.held(&passage.aligned);
            if held <= 0.0 {
                continue;
            }
            passage.bits = (passage.bits - held).max(0.0);
            let by = known.passages.iter().filter_map(|&(by, stretch)| {
                let suspect = overlap(passage.query, stretch)?;
                Some(NotCounted {
                    suspect,
                    reason: FilterReason::Background,
                    by,
                })
            });
            told.entry(work).or_default().extend(by.take(MAX_TOLD));
        }
    }
    told
}

fn overlap(a: [u64; 2], b: [u64; 2]) -> Option<[u64; 2]> {
    let both = [a[0].max(b[0]), a[1].min(b[1])];
    (both[0] < both[1]).then_some(both)
}

/// Takes from each passage what a far better one of another work explains.
///
/// Where the suspect follows one work over a page, a phrase in it that a second work holds as well came with the page:
/// it says something of the two works, and nothing of the suspect. Passages that agree about as well, of two editions
/// say, stay whole, and so does what nobody would call a phrase.
fn explain(works: &mut BTreeMap<(usize, u32), Vec<Passage>>) -> Vec<((usize, u32), NotCounted)> {
    let (mut told, mut before) = (Vec::new(), Vec::<((usize, u32), [u64; 2])>::new());
    let mut order: Vec<((usize, u32), usize)> = (works.iter())
        .flat_map(|(&work, passages)| (0..passages.len()).map(move |i| (work, i)))
        .collect();
    let bits =
        |works: &BTreeMap<(usize, u32), Vec<Passage>>, (work, i): ((usize, u32), usize)| works[&work][i].bits;
    order.sort_by(|&a, &b| bits(works, b).total_cmp(&bits(works, a)).then(a.cmp(&b)));
    let mut best = Cover::default();
    for (work, i) in order {
        let Some(passage) = works.get_mut(&work).and_then(|passages| passages.get_mut(i)) else {
            continue;
        };
        let own_bits = passage.bits;
        let explained = best.explained(&passage.aligned, work, own_bits, |_| true);
        passage.bits *= 1.0 - explained;
        if explained > 0.0 {
            let by = before.iter().find_map(|&(by, stretch)| {
                let suspect = overlap(passage.query, stretch)?;
                (by != work).then_some(NotCounted {
                    suspect,
                    reason: FilterReason::BetterSource,
                    by,
                })
            });
            told.extend(by.map(|by| (work, by)));
        }
        before.push((work, passage.query));
        for stretch in &passage.aligned {
            best.add(stretch, Explainer { work, bits: own_bits });
        }
    }
    told
}

/// Stretches that were chosen, by their start.
#[derive(Default)]
struct Taken(BTreeMap<u64, u64>);

impl Taken {
    /// Whether less than half of a stretch is taken.
    fn is_free(&self, stretch: &Range<u64>) -> bool {
        let overlap: u64 = (self.0.range(..stretch.end).rev())
            .take_while(|&(_, &end)| end > stretch.start)
            .map(|(&start, &end)| end.min(stretch.end) - start.max(stretch.start))
            .sum();
        overlap * 2 < stretch.end - stretch.start
    }

    fn take(&mut self, stretch: &Range<u64>) {
        self.0.insert(stretch.start, stretch.end);
    }
}
