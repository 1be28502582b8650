//! Exact runs: stretches that a suspect and a work share letter for letter, as long as they can be.
//!
//! In:  the bytes of a suspect, the open parts of an index, and how long a run must be.
//! Out: every maximal run of equal folded symbols, with its place in the suspect and in the work; each place of a work
//!      that holds the same is a run of its own.
//!
//! The hits of one diagonal are extended both ways on the stored text until the symbols differ. A run is compared on the
//! content alone: equal keys only say where to look.
//!
//! Invariants: a run of [`CERTAIN_SYMBOLS`] or more is missed only where the answer says so; deterministic; time and memory
//! are bounded by [`MAX_COMPARED`] and [`MAX_RUNS`].
//!
//! Not here: passages with changes inside, scores, chance (`matcher`).

use std::collections::BTreeMap;
use std::io::Read;

use super::decode::Decoded;
use super::fold::{HAN_UNITS, LETTER_UNITS};
use super::gram::{GRAM_UNITS, WINDOW_UNITS};
use super::matcher::{TextMatchError, TextPart, Work, for_each_block, look_up};
use super::store::{Region, TextItem};
use crate::segment::SegmentError;

/// Runs from this length on meet the index in every script; of Han characters fifteen do.
pub(crate) const CERTAIN_SYMBOLS: u32 = (GRAM_UNITS + WINDOW_UNITS + HAN_UNITS).div_ceil(LETTER_UNITS);
/// Symbols compared for one suspect, about: half a minute. Texts that repeat themselves meet each other everywhere.
const MAX_COMPARED: u64 = 1 << 29;
/// Runs told of one suspect.
const MAX_RUNS: usize = 1 << 16;
/// Symbols of a work that are read at once.
const STEP_SYMBOLS: u32 = 512;

/// A run of equal symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) part: usize,
    pub(crate) item: u32,
    /// In Unicode scalar values of the originals.
    pub(crate) query: [u64; 2],
    pub(crate) work: [u64; 2],
    /// How long it is, in folded symbols.
    pub(crate) symbols: u64,
}

/// What a suspect shares exactly.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// In the order of the suspect.
    pub(crate) found: Vec<Run>,
    /// Whether runs may be missing because more than a thousand places hold all of their grams.
    pub(crate) has_common: bool,
    /// Whether the search ended early because there was too much to compare or to tell.
    pub(crate) is_cut: bool,
}

/// A run in symbols, of the whole suspect and of the whole work, with its characters.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u64,
    end: u64,
    query: [u64; 2],
    work: [u64; 2],
}

/// Part, item, and place in the work less place in the suspect.
type Diagonal = (usize, u32, i64);

/// All runs of at least `least` symbols.
pub(crate) fn exact_runs(
    reader: impl Read,
    parts: &[&dyn TextPart],
    least: u32,
) -> Result<(Runs, Decoded), TextMatchError> {
    let mut search = Search {
        least: u64::from(least.max(1)),
        compared: 0,
        kept: 0,
        stretches: BTreeMap::new(),
        runs: Runs::default(),
    };
    let (decoded, _) = for_each_block(reader, |block, first_symbol| {
        for (part, view) in parts.iter().enumerate() {
            search.block(block, first_symbol, part, *view)?;
        }
        Ok(())
    })?;
    for part in parts {
        part.store().check_read()?;
    }
    Ok((search.finish(), decoded))
}

struct Search {
    least: u64,
    compared: u64,
    kept: usize,
    stretches: BTreeMap<Diagonal, Vec<Stretch>>,
    runs: Runs,
}

impl Search {
    fn block(
        &mut self,
        block: &Region,
        first_symbol: u64,
        part: usize,
        view: &dyn TextPart,
    ) -> Result<(), SegmentError> {
        if self.runs.is_cut {
            return Ok(());
        }
        let diagonal = |&(_, query, work): &(u32, u32, u32)| i64::from(work) - i64::from(query);
        let mut met = look_up(&block.symbols, view);
        self.runs.has_common |= met.has_common;
        met.hits.sort_unstable_by_key(|hit| (hit.0, diagonal(hit), hit.1));
        for of_item in met.hits.chunk_by(|a, b| a.0 == b.0) {
            let Some(item) = view.item(of_item[0].0) else {
                continue;
            };
            let work = Work::new(view.store(), item, of_item.len())?;
            for of_diagonal in of_item.chunk_by(|a, b| diagonal(a) == diagonal(b)) {
                let at = diagonal(&of_diagonal[0]) - first_symbol.cast_signed();
                let mut done = 0;
                for &(number, query, place) in of_diagonal {
                    if u64::from(query) < done {
                        continue;
                    }
                    if self.compared >= MAX_COMPARED || self.kept >= MAX_RUNS {
                        self.runs.is_cut = true;
                        return Ok(());
                    }
                    let Some(run) = self.extend(block, &work, item, (query, place))? else {
                        continue;
                    };
                    done = run.end;
                    // What ends with the block may go on in the next one, what begins with it may have begun before.
                    let is_open = run.end == block.symbols.len() as u64 || run.start == 0 && first_symbol > 0;
                    if is_open || run.end - run.start >= self.least {
                        let whole = Stretch {
                            start: run.start + first_symbol,
                            end: run.end + first_symbol,
                            ..run
                        };
                        self.keep((part, number, at), whole);
                    }
                }
            }
        }
        Ok(())
    }

    /// The run through a hit, in symbols of the block; `None` when the symbols differ where the keys agree.
    fn extend(
        &mut self,
        block: &Region,
        work: &Work<'_>,
        item: &TextItem,
        (query, place): (u32, u32),
    ) -> Result<Option<Stretch>, SegmentError> {
        let (mut end, mut last) = (query as usize, None);
        let mut from = place;
        while from < item.symbols {
            let region = work.region(from..from.saturating_add(STEP_SYMBOLS).min(item.symbols))?;
            self.compared += u64::from(STEP_SYMBOLS);
            let pairs = region.symbols.iter().zip(&block.symbols[end..]);
            let same = pairs.take_while(|(a, b)| a == b).count();
            if let Some(before) = same.checked_sub(1) {
                last = Some((block.places[end + before], region.places[before]));
            }
            end += same;
            if same < STEP_SYMBOLS as usize {
                break;
            }
            from += STEP_SYMBOLS;
        }
        let Some(last) = last else { return Ok(None) };
        let mut start = query as usize;
        let mut first = None;
        let mut to = place;
        while to > 0 {
            let low = to.saturating_sub(STEP_SYMBOLS);
            let region = work.region(low..to)?;
            self.compared += u64::from(STEP_SYMBOLS);
            let pairs = region
                .symbols
                .iter()
                .rev()
                .zip(block.symbols[..start].iter().rev());
            let same = pairs.take_while(|(a, b)| a == b).count();
            if same > 0 {
                start -= same;
                first = Some((block.places[start], region.places[region.places.len() - same]));
            }
            if same < STEP_SYMBOLS as usize {
                break;
            }
            to = low;
        }
        let first = match first {
            Some(first) => first,
            None => (block.places[start], work.region(place..place + 1)?.places[0]),
        };
        Ok(Some(Stretch {
            start: start as u64,
            end: end as u64,
            query: [first.0, last.0 + 1],
            work: [first.1, last.1 + 1],
        }))
    }

    /// Keeps a run, as one with the run of the block before that it continues.
    fn keep(&mut self, diagonal: Diagonal, run: Stretch) {
        let of_diagonal = self.stretches.entry(diagonal).or_default();
        match of_diagonal.last_mut() {
            Some(before) if run.start <= before.end => {
                before.end = before.end.max(run.end);
                before.query[1] = before.query[1].max(run.query[1]);
                before.work[1] = before.work[1].max(run.work[1]);
            }
            _ => {
                of_diagonal.push(run);
                self.kept += 1;
            }
        }
    }

    fn finish(mut self) -> Runs {
        for ((part, item, _), of_diagonal) in self.stretches {
            let long = of_diagonal.iter().filter(|run| run.end - run.start >= self.least);
            self.runs.found.extend(long.map(|run| Run {
                part,
                item,
                query: run.query,
                work: run.work,
                symbols: run.end - run.start,
            }));
        }
        let order = |run: &Run| (run.query, run.part, run.item, run.work);
        self.runs.found.sort_unstable_by_key(order);
        self.runs
    }
}
