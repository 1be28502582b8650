//! Search: a suspect film against an index, to matches with their segments.
//!
//! In:  what was extracted of the suspect, and a [`VideoIndex`].
//! Out: [`Found`] works, best first, and works that only look alike.
//!
//! The suspect is taken in overlapping windows, and from every cut and up to every cut, so that a short piece of
//! another film has a window to itself. Each window is compared with the places that look alike and with where the
//! window before it lay. Windows that continue one another in one work are joined to runs.
//!
//! Invariant: windows are handled one after the other; the result does not depend on the order of the index.
//!
//! Not here: fitting (`verify`), what a run amounts to (`segments`).

use std::collections::{BTreeMap, BTreeSet};

use super::VideoIndex;
use super::candidates::{Candidate, Keyframes, candidates};
use super::decode::STEPS_PER_SECOND;
use super::extract::{Extracted, Shown};
use super::frame::{CELLS, Cells, Look};
use super::place::Stretch;
use super::reel::Reel;
use super::segments::{Segment, segments_of, summarise};
use super::verify::{self, Alignment, Line, Window};
use crate::Span;
use crate::score::Score;

/// Steps of one window: 6 s.
pub(super) const WINDOW_STEPS: u32 = 6 * STEPS_PER_SECOND;
/// Steps from one window to the next: 3 s.
const WINDOW_STRIDE: u32 = 3 * STEPS_PER_SECOND;
/// A shorter window says nothing: 2 s.
pub(super) const MIN_WINDOW_STEPS: u32 = 2 * STEPS_PER_SECOND;
/// Mean difference of the cells of two steps that is a cut.
const CUT_LEVELS: u64 = 14;
/// Alignments of a window with less evidence are dropped.
const MIN_WINDOW_BITS: f64 = 1.0;
/// Windows belong together when their lines differ by no more steps of the work where they meet.
const MAX_JOINT_STEPS: f64 = 2.5;
/// Steps of a work beyond a window that it is compared with, to see what chance can do.
const CONTEXT_STEPS: i64 = 400;
/// Works whose reels are open at once.
const MAX_OPEN_REELS: usize = 24;
/// Looks of a window that are looked up.
const MAX_LOOKS: usize = 10;
/// Works named that only look alike.
const MAX_ALIKE: usize = 8;

/// One work found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) item: u32,
    pub(super) score: Score,
    pub(super) identity: f64,
    pub(super) segments: Vec<Span>,
    pub(super) time_scale: f64,
    pub(super) mirrored: bool,
}

/// What a search brought.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) found: Vec<Found>,
    /// Works that a stretch looks like in which next to nothing moves.
    pub(super) alike: BTreeSet<u32>,
    /// Windows in which next to nothing moves, and all.
    pub(super) still: usize,
    pub(super) windows: usize,
}

/// Windows that continue one another in one work.
pub(super) struct Run {
    pub(super) parts: Vec<([u32; 2], Alignment)>,
}

/// Finds the works that a film shows parts of.
pub(super) fn search<I: VideoIndex>(film: &Extracted, index: &I) -> Answer {
    let mut answer = Answer::default();
    let mut by_work: BTreeMap<u32, Vec<Segment>> = BTreeMap::new();
    let mut keyframes = Keyframes::new(index);
    let mut works = Works::new(index);
    for shown in &film.shown {
        let Some(mut reel) = Reel::open(&shown.reel[..]) else {
            continue;
        };
        let windows = windows(&mut reel);
        answer.windows += windows.len();
        let mut runs: Vec<Run> = Vec::new();
        for &range in &windows {
            let alignments = align(
                range,
                &mut reel,
                shown,
                &runs,
                &mut keyframes,
                &mut works,
                &mut answer,
            );
            for alignment in alignments {
                join(&mut runs, range, alignment);
            }
        }
        for run in &runs {
            let item = run.parts[0].1.line.item;
            by_work
                .entry(item)
                .or_default()
                .extend(segments_of(run, &mut reel, &mut works));
        }
    }
    let windows = answer.windows;
    answer.found = by_work
        .into_iter()
        .filter_map(|(item, segments)| summarise(item, segments, film, index, windows))
        .collect();
    answer
        .found
        .sort_by(|a, b| b.score.bits.total_cmp(&a.score.bits).then(a.item.cmp(&b.item)));
    answer
}

/// Reels of works, as they are needed.
pub(super) struct Works<'a, I> {
    index: &'a I,
    open: BTreeMap<u32, Option<Reel<'a>>>,
}

impl<'a, I> Works<'a, I> {
    pub(super) fn new(index: &'a I) -> Self {
        Self {
            index,
            open: BTreeMap::new(),
        }
    }
}

impl<I: VideoIndex> Works<'_, I> {
    fn stretch(&mut self, item: u32, from: i64, to: i64) -> Option<Stretch> {
        if self.open.len() >= MAX_OPEN_REELS && !self.open.contains_key(&item) {
            self.open.clear();
        }
        let index = self.index;
        let reel = self
            .open
            .entry(item)
            .or_insert_with(|| Reel::open(index.reel(item)?));
        Some(Stretch::read(reel.as_mut()?, from, to))
    }

    /// The stretch around a line, with other moments on either side.
    pub(super) fn around(&mut self, range: [u32; 2], line: &Line, beyond: i64) -> Option<Stretch> {
        let (from, to) = (line.at(f64::from(range[0])), line.at(f64::from(range[1])));
        self.stretch(line.item, from as i64 - beyond, to as i64 + beyond)
    }
}

/// Windows of a film, each from a step to before another, in order.
fn windows(reel: &mut Reel<'_>) -> Vec<[u32; 2]> {
    let steps = reel.steps;
    if steps < MIN_WINDOW_STEPS {
        return Vec::new();
    }
    let mut out = BTreeSet::new();
    let mut start = 0;
    loop {
        let end = (start + WINDOW_STEPS).min(steps);
        out.insert([end.saturating_sub(WINDOW_STEPS), end]);
        if end == steps {
            break;
        }
        start += WINDOW_STRIDE;
    }
    let cuts = cuts(reel);
    for (i, &cut) in cuts.iter().enumerate() {
        // Up to the next cut, and from the one before.
        let next = cuts.get(i + 1).map_or(steps, |c| c - 1);
        let before = if i == 0 { 0 } else { cuts[i - 1] };
        for [from, to] in [
            [cut, (cut + WINDOW_STEPS).min(next.max(cut + MIN_WINDOW_STEPS))],
            [(cut - 1).saturating_sub(WINDOW_STEPS).max(before), cut - 1],
        ] {
            if to <= steps && to >= from + MIN_WINDOW_STEPS {
                out.insert([from, to]);
            }
        }
    }
    out.into_iter().collect()
}

/// First steps after cuts, at least a short window apart.
fn cuts(reel: &mut Reel<'_>) -> Vec<u32> {
    let mut cuts: Vec<u32> = Vec::new();
    let mut last: Option<Cells> = None;
    let mut from = 0;
    while from < reel.steps {
        let cells = reel.read(from, from + WINDOW_STEPS);
        if cells.is_empty() {
            break;
        }
        for (i, step) in cells.iter().enumerate() {
            let at = from + i as u32;
            if let Some(last) = &last {
                let levels: u64 = last
                    .iter()
                    .zip(step)
                    .map(|(a, b)| u64::from(a.abs_diff(*b)))
                    .sum();
                let is_cut = levels > CUT_LEVELS * CELLS as u64;
                // The step in which the cut lies shows both sides of it.
                if is_cut && cuts.last().is_none_or(|c| at + 1 >= c + MIN_WINDOW_STEPS) {
                    cuts.push(at + 1);
                }
            }
            last = Some(*step);
        }
        from += cells.len() as u32;
    }
    cuts
}

/// What one window shows of works.
fn align<I: VideoIndex>(
    range: [u32; 2],
    reel: &mut Reel<'_>,
    shown: &Shown,
    runs: &[Run],
    keyframes: &mut Keyframes<'_, I>,
    works: &mut Works<'_, I>,
    answer: &mut Answer,
) -> Vec<Alignment> {
    let cells = reel.read(range[0], range[1]);
    let window = Window {
        first: range[0],
        cells: &cells,
    };
    let from = shown.looks.partition_point(|(step, _)| *step < range[0]);
    let to = shown.looks.partition_point(|(step, _)| *step < range[1]);
    if cells.is_empty() {
        return Vec::new();
    }
    // Looks of one window are much alike: some of them, spread evenly, lead to the same places.
    let looks = &shown.looks[from..to];
    let every = looks.len().div_ceil(MAX_LOOKS).max(1);
    let looks: Vec<(u32, Look)> = looks.iter().step_by(every).copied().collect();
    let candidates = candidates(&looks, keyframes);
    if window.is_still() {
        answer.still += 1;
        answer.alike.extend(
            candidates
                .iter()
                .map(|c| c.item)
                .take(MAX_ALIKE - answer.alike.len().min(MAX_ALIKE)),
        );
    }
    let with_stretch: Vec<(Candidate, Stretch)> = candidates
        .into_iter()
        .filter_map(|c| {
            let (from, to) = (i64::from(range[0]) + c.shift[0], i64::from(range[1]) + c.shift[1]);
            Some((c, works.stretch(c.item, from - 24, to + 24)?))
        })
        .collect();
    let places: Vec<(Candidate, &Stretch)> = with_stretch.iter().map(|(c, s)| (*c, s)).collect();
    let mut lines = verify::scan(&window, &places);
    // Where the windows before lay, this one may go on.
    let carried = runs.iter().filter_map(|run| {
        let (last, alignment) = run.parts.last()?;
        (last[1] + WINDOW_STRIDE >= range[0]).then_some(alignment.line)
    });
    lines.extend(carried);
    let mut out: Vec<Alignment> = Vec::new();
    for line in &lines {
        let Some(stretch) = works.around(range, line, CONTEXT_STEPS) else {
            continue;
        };
        let Some(alignment) = verify::fit(&window, line, &stretch) else {
            continue;
        };
        let known = out
            .iter_mut()
            .find(|a| meets(&a.line, &alignment.line, f64::from(range[0])));
        match known {
            Some(known) if known.bits >= alignment.bits => {}
            Some(known) => *known = alignment,
            None => out.push(alignment),
        }
    }
    out.retain(|a| a.bits >= MIN_WINDOW_BITS);
    out
}

/// Whether two lines say the same at a step of the suspect.
fn meets(a: &Line, b: &Line, step: f64) -> bool {
    (a.item, a.mirrored) == (b.item, b.mirrored) && (a.at(step) - b.at(step)).abs() <= MAX_JOINT_STEPS
}

fn join(runs: &mut Vec<Run>, range: [u32; 2], alignment: Alignment) {
    let continued = runs.iter_mut().rev().find(|run| {
        run.parts.last().is_some_and(|(last, known)| {
            last[1] + WINDOW_STRIDE >= range[0]
                && meets(&known.line, &alignment.line, f64::from(range[0].max(last[0])))
        })
    });
    match continued {
        Some(run) => run.parts.push((range, alignment)),
        None => runs.push(Run {
            parts: vec![(range, alignment)],
        }),
    }
}
