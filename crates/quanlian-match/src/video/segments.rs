//! Segments: what the windows of a run amount to.
//!
//! In:  the [`Run`]s of one work.
//! Out: stretches of suspect and work with their ends, and the work as it was [`Found`].
//!
//! Along a run each step is judged by itself; the steps that agree are chained by the shared aligner, and each chain is cut to
//! the stretch where agreement outweighs everything else.
//!
//! Not here: how a step is judged (`verify`), bits (`calibration`).

use super::calibration;
use super::decode::STEPS_PER_SECOND;
use super::extract::Extracted;
use super::reel::Reel;
use super::search::{Found, MIN_WINDOW_STEPS, Run, WINDOW_STEPS, Works};
use super::verify::{self, Alignment, Line, Window};
use super::{MS_PER_STEP, VideoIndex, pace};
use crate::align::{AlignOptions, Hit, chains};
use crate::score::DEFAULT_MAX_E_VALUE;
use crate::{Span, Unit};

/// A copy may pause for this long and still be one segment.
const MAX_GAP_STEPS: u32 = 4 * STEPS_PER_SECOND;
/// Steps beyond the windows of a run where it may go on.
const BEYOND_STEPS: u32 = WINDOW_STEPS;
/// Steps beside a piece that its first and last step are judged by.
const MARGIN_STEPS: u32 = 6;

/// Steps by which the line of a segment may miss its first and last window.
const MAX_BENT_STEPS: f64 = 3.0;

/// A stretch of the suspect found in a work.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Steps of the suspect, first and last.
    suspect: [u32; 2],
    /// Steps of the work, from and to.
    work: [f64; 2],
    bits: f64,
    identity: f64,
    line: Line,
    mirrored: bool,
}

/// Cuts a run to the stretches that it explains.
pub(super) fn segments_of<I: VideoIndex>(
    run: &Run,
    reel: &mut Reel<'_>,
    works: &mut Works<'_, I>,
) -> Vec<Segment> {
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
    let found: Vec<Segment> = chains(hits.collect(), &options)
        .iter()
        .filter_map(|chain| {
            let (low, high) = chain.query_range();
            let to_step = |place: u32| (f64::from(place) / speed).round() as u32;
            segment(&agreements, [to_step(low), to_step(high)], &parts)
        })
        .collect();
    (found.into_iter())
        .map(|segment| paced(segment, reel, works))
        .collect()
}

/// A segment with its speed and its ends as all of its moments tell them.
fn paced<I: VideoIndex>(segment: Segment, reel: &mut Reel<'_>, works: &mut Works<'_, I>) -> Segment {
    let Some(line) = pace::of_segment(&segment.line, segment.suspect, reel, works) else {
        return segment;
    };
    let work = ends(&line, segment.suspect);
    // A film whose speed changes on the way has no line: its ends are where its first and last windows lie.
    let is_straight = (work.iter().zip(&segment.work)).all(|(a, b)| (a - b).abs() <= MAX_BENT_STEPS);
    Segment {
        line,
        work: if is_straight { work } else { segment.work },
        ..segment
    }
}

/// The steps of the work from the beginning of the first step of a suspect to the end of the last one.
fn ends(line: &Line, suspect: [u32; 2]) -> [f64; 2] {
    [
        line.at(f64::from(suspect[0]) - 0.5) + 0.5,
        line.at(f64::from(suspect[1]) + 0.5) + 0.5,
    ]
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
    let work = [ends(&first.2, suspect)[0], ends(&last.2, suspect)[1]];
    let steps = f64::from(suspect[1] - suspect[0]) + 1.0;
    let line = Line {
        speed: speed_of(&inside).unwrap_or(best_part.1.line.speed),
        ..best_part.1.line
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
        line,
        mirrored,
    })
}

/// The speed from the middles of the first and the last window, where each line is surest; `None` where they lie too near.
fn speed_of(windows: &[&([u32; 2], Alignment)]) -> Option<f64> {
    let middles = windows.iter().map(|(range, alignment)| {
        let middle = f64::from(range[0] + range[1]) / 2.0;
        (middle, alignment.line.at(middle))
    });
    let first = middles.clone().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let last = middles.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (last.0 >= first.0 + f64::from(WINDOW_STEPS)).then(|| (last.1 - first.1) / (last.0 - first.0))
}

pub(super) fn summarise<I: VideoIndex>(
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
    Some(Found {
        item,
        score: total,
        identity,
        segments: kept.iter().map(span).collect(),
        time_scale: (best.line.speed * 1000.0).round() / 1000.0,
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
