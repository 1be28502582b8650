//! Search: a suspect film against an index, to matches with their segments.
//!
//! In:  what was extracted of the suspect, and a [`VideoIndex`].
//! Out: [`Found`] works, best first, and works that only look alike.
//!
//! The suspect is taken in overlapping windows, and from every cut and up to every cut, so that a short piece of
//! another film has a window to itself. Each window is compared with the places that look alike and with where the
//! window before it lay. Windows that continue one another in one work are joined; the steps that agree are chained by the
//! shared aligner, and each chain is cut to the stretch that it explains.
//!
//! Invariant: windows are handled one after the other; the result does not depend on the order of the index.
//!
//! Not here: fitting (`verify`), bits (`calibration`).

use std::collections::{BTreeMap, BTreeSet};

use super::calibration;
use super::candidates::{Candidate, Keyframes, candidates};
use super::decode::STEPS_PER_SECOND;
use super::extract::{Extracted, Shown};
use super::frame::{CELLS, Cells};
use super::place::Stretch;
use super::reel::Reel;
use super::verify::{self, Alignment, Line, Window};
use super::{MS_PER_STEP, VideoIndex};
use crate::align::{AlignOptions, Hit, chains};
use crate::score::{DEFAULT_MAX_E_VALUE, Score};
use crate::{Span, Unit};

/// Steps of one window: 6 s.
const WINDOW_STEPS: u32 = 6 * STEPS_PER_SECOND;
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
/// A copy may pause for this long and still be one segment.
const MAX_GAP_STEPS: u32 = 4 * STEPS_PER_SECOND;
/// Steps beyond the windows of a run where it may go on.
const BEYOND_STEPS: u32 = WINDOW_STEPS;
/// Steps beside a piece that its first and last step are judged by.
const MARGIN_STEPS: u32 = 6;
/// Steps of a work beyond a window that it is compared with, to see what chance can do.
const CONTEXT_STEPS: i64 = 400;
/// Works whose reels are open at once.
const MAX_OPEN_REELS: usize = 24;
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

/// A stretch of the suspect found in a work.
#[derive(Debug, Clone)]
struct Segment {
    /// Steps of the suspect, first and last.
    suspect: [u32; 2],
    /// Steps of the work, from and to.
    work: [f64; 2],
    bits: f64,
    identity: f64,
    speed: f64,
    mirrored: bool,
}

/// Windows that continue one another in one work.
struct Run {
    parts: Vec<([u32; 2], Alignment)>,
}

/// Finds the works that a film shows parts of.
pub(super) fn search<I: VideoIndex>(film: &Extracted, index: &I) -> Answer {
    let mut answer = Answer::default();
    let mut by_work: BTreeMap<u32, Vec<Segment>> = BTreeMap::new();
    let mut keyframes = Keyframes::new(index);
    let mut works = Works {
        index,
        open: BTreeMap::new(),
    };
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
struct Works<'a, I> {
    index: &'a I,
    open: BTreeMap<u32, Option<Reel<'a>>>,
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
    fn around(&mut self, range: [u32; 2], line: &Line, beyond: i64) -> Option<Stretch> {
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
    let candidates = candidates(&shown.looks[from..to], keyframes);
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

/// Cuts a run to the stretches that it explains.
fn segments_of<I: VideoIndex>(run: &Run, reel: &mut Reel<'_>, works: &mut Works<'_, I>) -> Vec<Segment> {
    let first = run
        .parts
        .iter()
        .map(|(r, _)| r[0])
        .min()
        .unwrap_or(0)
        .saturating_sub(BEYOND_STEPS);
    let last = run
        .parts
        .iter()
        .map(|(r, _)| r[1])
        .max()
        .unwrap_or(0)
        .saturating_add(BEYOND_STEPS)
        .min(reel.steps);
    // Each part speaks for the steps that lie nearest to its middle.
    let mut parts: Vec<&([u32; 2], Alignment)> = run.parts.iter().collect();
    parts.sort_by_key(|(range, _)| range[0] + range[1]);
    let middle = |part: &([u32; 2], Alignment)| u32::midpoint(part.0[0], part.0[1]);
    let mut agreements: Vec<(u32, f32, Line)> = Vec::new();
    let mut from = first;
    for (i, part) in parts.iter().enumerate() {
        let to = parts.get(i + 1).map_or(last, |next| {
            u32::midpoint(middle(part), middle(next)).clamp(from, last)
        });
        let (wide_from, wide_to) = (
            from.saturating_sub(MARGIN_STEPS),
            (to + MARGIN_STEPS).min(reel.steps),
        );
        let line = part.1.line;
        let cells = reel.read(wide_from, wide_to);
        if let Some(stretch) = works.around([wide_from, wide_to], &line, 8) {
            let window = Window {
                first: wide_from,
                cells: &cells,
            };
            let levels = verify::agreement_by_step(&window, &line, &stretch);
            let own = (wide_from..)
                .zip(levels)
                .filter(|(step, _)| (from..to).contains(step));
            agreements.extend(own.map(|(step, level)| (step, level, line)));
        }
        from = to;
    }
    let hits = agreements
        .iter()
        .filter(|(_, level, _)| *level > 0.0)
        .map(|(step, level, line)| Hit {
            query: (f64::from(*step) * parts[0].1.line.speed).round() as u32,
            work: line.at(f64::from(*step)).round().max(0.0) as u32,
            weight: *level,
        });
    let options = AlignOptions {
        max_gap: MAX_GAP_STEPS,
        max_drift: MAX_GAP_STEPS / 4,
        drift_cost: 0.1,
        min_score: 1.0,
        max_chains: 64,
    };
    let speed = parts[0].1.line.speed;
    chains(hits.collect(), &options)
        .iter()
        .filter_map(|chain| {
            let (low, high) = chain.query_range();
            let to_step = |place: u32| (f64::from(place) / speed).round() as u32;
            segment(&agreements, [to_step(low), to_step(high)], &parts)
        })
        .collect()
}

/// The part of a chain where agreement outweighs everything else.
fn segment(
    agreements: &[(u32, f32, Line)],
    chain: [u32; 2],
    parts: &[&([u32; 2], Alignment)],
) -> Option<Segment> {
    let (mut best, mut sum, mut start) = ((0.0f32, 0, 0), 0.0f32, 0);
    let own: Vec<&(u32, f32, Line)> = agreements
        .iter()
        .filter(|(s, ..)| (chain[0]..=chain[1]).contains(s))
        .collect();
    for (i, (_, level, _)) in own.iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, i);
        }
        sum += level;
        if sum > best.0 {
            best = (sum, start, i);
        }
    }
    let (first, last) = (own.get(best.1)?, own.get(best.2)?);
    if best.2 < best.1 + MIN_WINDOW_STEPS as usize / 2 {
        return None;
    }
    let suspect = [first.0, last.0];
    let mut inside: Vec<&([u32; 2], Alignment)> = parts
        .iter()
        .copied()
        .filter(|(range, _)| {
            let common = range[1]
                .min(suspect[1] + 1)
                .saturating_sub(range[0].max(suspect[0]));
            2 * common > range[1] - range[0]
        })
        .collect();
    inside.sort_by(|a, b| b.1.bits.total_cmp(&a.1.bits).then(a.0.cmp(&b.0)));
    let best_part = inside.first()?;
    let mirrored = best_part.1.line.mirrored;
    // Windows that overlap say the same twice.
    let mut counted: Vec<&([u32; 2], Alignment)> = Vec::new();
    for part in &inside {
        if !counted.iter().any(|c| c.0[0] < part.0[1] && part.0[0] < c.0[1]) {
            counted.push(part);
        }
    }
    let work = [
        first.2.at(f64::from(first.0) - 0.5) + 0.5,
        last.2.at(f64::from(last.0) + 0.5) + 0.5,
    ];
    let steps = f64::from(suspect[1] - suspect[0]) + 1.0;
    let speed = if counted.len() > 1 {
        (work[1] - work[0]) / steps
    } else {
        best_part.1.line.speed
    };
    let agreeing = own[best.1..=best.2]
        .iter()
        .filter(|(_, level, _)| *level > 0.0)
        .count();
    Some(Segment {
        suspect,
        work,
        bits: counted.iter().map(|(_, a)| a.bits).sum(),
        identity: agreeing as f64 / steps,
        speed,
        mirrored,
    })
}

fn summarise<I: VideoIndex>(
    item: u32,
    mut segments: Vec<Segment>,
    film: &Extracted,
    index: &I,
    windows: usize,
) -> Option<Found> {
    segments.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.suspect.cmp(&b.suspect)));
    let best = segments.first()?.clone();
    let steps = index.steps(item);
    let score = |bits: &[f64]| calibration::score(bits, index.total_steps(), windows, steps);
    let mut kept: Vec<Segment> = Vec::new();
    for segment in segments {
        let proved = kept.is_empty() || score(&[segment.bits]).is_within(DEFAULT_MAX_E_VALUE);
        if proved && !kept.iter().any(|other| overlap_share(&segment, other) > 0.5) {
            kept.push(segment);
        }
    }
    let total = score(&kept.iter().map(|s| s.bits).collect::<Vec<_>>());
    kept.sort_by_key(|s| s.suspect);
    let length = |s: &Segment| f64::from(s.suspect[1] - s.suspect[0]) + 1.0;
    let all: f64 = kept.iter().map(length).sum();
    let identity = kept.iter().map(|s| s.identity * length(s)).sum::<f64>() / all;
    let to_ms = |steps: f64| (steps * MS_PER_STEP).round().max(0.0) as u64;
    let work_ms = to_ms(f64::from(steps));
    let span = |s: &Segment| Span {
        suspect: [
            to_ms(f64::from(s.suspect[0])).min(film.duration_ms),
            // What is left of the last step belongs to it.
            if s.suspect[1] + 1 >= film.steps {
                film.duration_ms
            } else {
                to_ms(f64::from(s.suspect[1]) + 1.0)
            },
        ],
        work: [to_ms(s.work[0]).min(work_ms), to_ms(s.work[1]).min(work_ms)],
        unit: Unit::Ms,
    };
    // A change of speed below the error of measurement is none.
    let is_steady = (best.speed - 1.0).abs() * length(&best) < 0.75;
    Some(Found {
        item,
        score: total,
        identity,
        segments: kept.iter().map(span).collect(),
        time_scale: if is_steady {
            1.0
        } else {
            (best.speed * 1000.0).round() / 1000.0
        },
        mirrored: best.mirrored,
    })
}

/// Share of the shorter stretch of suspect that two segments have in common.
fn overlap_share(a: &Segment, b: &Segment) -> f64 {
    let common = f64::from(a.suspect[1].min(b.suspect[1])) - f64::from(a.suspect[0].max(b.suspect[0]));
    let shorter = (a.suspect[1] - a.suspect[0])
        .min(b.suspect[1] - b.suspect[0])
        .max(1);
    common / f64::from(shorter)
}
