//! Chains: runs that follow each other on both sides, joined to passages.
//!
//! In:  runs in the order of the query.
//! Out: [`Passage`]s, of which no two lie over the same half of either side.
//!
//! Invariant: what a work says once is evidence once, however often the suspect repeats it, and the other way round.
//!
//! Not here: what passages together mean (`search`).

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Pair, Run};

/// Longest stretch without an agreement inside a passage, in tokens of either side.
const MAX_GAP: u32 = 96;
/// Runs before a run that it may follow.
const MAX_BACK: usize = 96;
/// Bits of a gap beside those that say how long it is and how far it bends: so many places chance could have tried.
const GAP_BITS: f32 = 3.0;
/// Bits of each token in a gap: what was left out or put in is no agreement.
const SKIP_BITS: f32 = 0.25;
/// Passages that weigh less are no passages.
const MIN_BITS: f32 = 8.0;

/// Stretches of both sides that agree, but for gaps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Passage {
    /// In tokens.
    pub(crate) query: Range<u32>,
    pub(crate) work: Range<u32>,
    pub(crate) bits: f32,
    /// Tokens that agree, and columns of the alignment.
    pub(crate) same: u32,
    pub(crate) columns: u32,
    /// Of the query, what agrees: the chain without its gaps.
    pub(crate) aligned: Vec<Range<u64>>,
    /// The runs that it is made of, by their place in the list given.
    pub(super) runs: Vec<usize>,
}

/// Chains runs and chooses, the heaviest passage first.
pub(super) fn passages(runs: &[Run], pair: &Pair<'_>) -> Vec<Passage> {
    let (mut score, mut before) = (Vec::with_capacity(runs.len()), vec![usize::MAX; runs.len()]);
    for (at, run) in runs.iter().enumerate() {
        let mut best = run.bits;
        for back in (at.saturating_sub(MAX_BACK)..at).rev() {
            let gained = score[back] + follow(&runs[back], run);
            if gained > best {
                best = gained;
                before[at] = back;
            }
        }
        score.push(best);
    }
    let mut ends: Vec<usize> = (0..runs.len()).collect();
    ends.sort_unstable_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
    let mut used = vec![false; runs.len()];
    let (mut of_query, mut of_work) = (Taken::default(), Taken::default());
    let mut found = Vec::new();
    for end in ends {
        if score[end] < MIN_BITS {
            break;
        }
        if used[end] {
            continue;
        }
        let mut chain = Vec::new();
        let mut at = end;
        // Back to the beginning, or to where another passage branches off.
        while at != usize::MAX && !used[at] {
            used[at] = true;
            chain.push(at);
            at = before[at];
        }
        let branched = if at == usize::MAX { 0.0 } else { score[at] };
        chain.reverse();
        let passage = passage(runs, chain, score[end] - branched, pair);
        if passage.bits >= MIN_BITS && of_query.is_free(&passage.query) && of_work.is_free(&passage.work) {
            of_query.take(&passage.query);
            of_work.take(&passage.work);
            found.push(passage);
        }
    }
    found
}

/// Bits that a run adds behind another, its own among them; less than nothing when it cannot follow.
fn follow(before: &Run, run: &Run) -> f32 {
    const NEVER: f32 = f32::NEG_INFINITY;
    let (query_end, work_end) = (before.query + before.length, before.work + before.length);
    // Runs may overlap by what an insertion repeats; that part counts once.
    let overlap = query_end
        .saturating_sub(run.query)
        .max(work_end.saturating_sub(run.work));
    if overlap * 2 > run.length || run.query <= before.query || run.work <= before.work {
        return NEVER;
    }
    let gap = run
        .query
        .saturating_sub(query_end)
        .max(run.work.saturating_sub(work_end));
    if gap > MAX_GAP {
        return NEVER;
    }
    let bend = before.diagonal().abs_diff(run.diagonal()) as f32;
    let cost = GAP_BITS + ((1.0 + bend) * (1.0 + gap as f32)).log2() + SKIP_BITS * gap as f32;
    run.bits * (1.0 - overlap as f32 / run.length as f32) - cost
}

fn passage(runs: &[Run], chain: Vec<usize>, bits: f32, pair: &Pair<'_>) -> Passage {
    let (first, last) = (&runs[chain[0]], &runs[chain[chain.len() - 1]]);
    let query = first.query..last.query + last.length;
    let work = first.work..last.work + last.length;
    let mut same = 0;
    let (mut query_at, mut work_at) = (query.start, work.start);
    let mut columns = 0;
    let aligned = (chain.iter().map(|&at| &runs[at]))
        .map(|run| u64::from(run.query)..u64::from(run.query + run.length))
        .collect();
    for run in chain.iter().map(|&at| &runs[at]) {
        let skip = query_at
            .saturating_sub(run.query)
            .max(work_at.saturating_sub(run.work));
        for i in skip..run.length {
            same += u32::from(pair.agrees((run.query + i) as usize, (run.work + i) as usize));
        }
        columns += (run.query + skip - query_at).max(run.work + skip - work_at) + run.length - skip;
        query_at = run.query + run.length;
        work_at = run.work + run.length;
    }
    Passage {
        query,
        work,
        bits,
        same,
        columns,
        aligned,
        runs: chain,
    }
}

/// Stretches that were chosen, by their start.
#[derive(Default)]
struct Taken(BTreeMap<u32, u32>);

impl Taken {
    /// Whether less than half of a stretch is taken.
    fn is_free(&self, stretch: &Range<u32>) -> bool {
        let overlap: u32 = (self.0.range(..stretch.end).rev())
            .take_while(|&(_, &end)| end > stretch.start)
            .map(|(&start, &end)| end.min(stretch.end) - start.max(stretch.start))
            .sum();
        overlap * 2 < stretch.end - stretch.start
    }

    fn take(&mut self, stretch: &Range<u32>) {
        let end = self.0.entry(stretch.start).or_insert(stretch.end);
        *end = stretch.end.max(*end);
    }
}
