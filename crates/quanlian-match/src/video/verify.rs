//! Verification: does what changes in a window of a suspect change in the same way in a work?
//!
//! In:  cells of the window and of the work around a place.
//! Out: an [`Alignment`]: speed, place and area fitted; the correlation of the changes; bits.
//!
//! Of every step the mean picture of the stretch is taken off, also where it was only lightened or darkened as a whole.
//! What remains is what moved. Background, captions and bars are gone by then: two stretches of one fixed camera
//! have no more in common than their movements.
//!
//! Not here: where to look (`candidates`), what a correlation is worth (`calibration`).

use super::calibration::{self, Chance};
use super::candidates::Candidate;
use super::changes::{Changes, NOISE, dot};
use super::coarse::Coarse;
use super::frame::{CELLS, Cells};
use super::place::{Mapping, Stretch};

/// Steps around a place in which a work is compared with itself, to see what chance can do.
const CONTEXT_STEPS: i64 = 360;
/// Other moments are at least so many steps away.
const OTHER_MOMENT_STEPS: i64 = 9;
/// Speeds that are tried, two of a hundred apart; fitting finds what lies between.
const SPEEDS: std::ops::RangeInclusive<i32> = -6..=6;
const SPEED_STEP: f64 = 0.02;
/// Speeds that fitting may reach.
pub(super) const MIN_SPEED: f64 = 0.86;
pub(super) const MAX_SPEED: f64 = 1.14;
/// A place this good is not looked for at other speeds.
const CLEAR_CORRELATION: f64 = 0.9;
/// Places worse than this are not fitted.
const MIN_SCANNED: f64 = 0.3;
/// Places of one window that are fitted.
const MAX_FITTED: usize = 5;
/// Cells that must be seen on both sides.
const MIN_CELLS: usize = CELLS / 2;
/// Share of the cells that may be covered by something that stands still, such as a logo.
const MAX_COVERED: f64 = 0.12;
/// A cell is covered when so small a share of the work's movement is left in it.
const COVERED: f64 = 0.12;
/// A change of speed is told when it explains so many bits more than none.
const MIN_SPEED_BITS: f64 = 4.0;
/// Weight of the standing picture against movement while the area is fitted.
const STANDING_WEIGHT: f64 = 0.5;

/// Where a window of the suspect lies in a work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) item: u32,
    pub(super) mirrored: bool,
    pub(super) area: [f64; 4],
    /// A step of the suspect, and that of the work which shows the same.
    pub(super) step: f64,
    pub(super) work_step: f64,
    /// Steps of the work for each of the suspect.
    pub(super) speed: f64,
}

impl Line {
    pub(super) fn at(&self, step: f64) -> f64 {
        self.work_step + (step - self.step) * self.speed
    }
}

/// A line with what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alignment {
    pub(super) line: Line,
    /// Correlation of what differs from the mean of the window, and what chance can do there.
    pub(super) slow: (f64, Chance),
    /// The same of what differs from half a second before.
    pub(super) quick: (f64, Chance),
    /// The same of that, evened.
    pub(super) evened: (f64, Chance),
    pub(super) bits: f64,
    /// Likeness of the standing pictures.
    pub(super) standing: f64,
}

impl Alignment {
    fn kinds(&self) -> [(f64, Chance); 3] {
        [self.slow, self.quick, self.evened]
    }
}

/// A window of the suspect.
pub(super) struct Window<'a> {
    pub(super) first: u32,
    pub(super) cells: &'a [Cells],
}

impl Window<'_> {
    fn middle(&self) -> f64 {
        f64::from(self.first) + (self.cells.len() as f64 - 1.0) / 2.0
    }

    fn steps(&self) -> impl Iterator<Item = f64> + Clone {
        let first = f64::from(self.first);
        (0..self.cells.len()).map(move |i| first + i as f64)
    }

    fn ends(&self) -> [f64; 2] {
        let first = f64::from(self.first);
        [first, first + self.cells.len() as f64 - 1.0]
    }

    /// Variance of a cell over time: what moves at all.
    pub(super) fn variance(&self) -> f64 {
        let mapping = Mapping::new([0.0, 0.0, 1.0, 1.0], false);
        Changes::of(mapping.suspect(self.cells), mapping.seen.len()).variance()
    }

    /// Whether next to nothing moves.
    pub(super) fn is_still(&self) -> bool {
        self.variance() < 2.0 * NOISE
    }
}

/// Lines near the candidates along which the window moves as the work does, best first.
pub(super) fn scan(window: &Window<'_>, candidates: &[(Candidate, &Stretch)]) -> Vec<Line> {
    let mut found: Vec<(f64, Line)> = Vec::new();
    for speeds in [0..=0, SPEEDS] {
        for (candidate, stretch) in candidates {
            scan_one(window, candidate, stretch, speeds.clone(), &mut found);
        }
        if found
            .iter()
            .any(|(correlation, _)| *correlation >= CLEAR_CORRELATION)
        {
            break;
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<Line> = Vec::new();
    for (_, line) in found {
        let same = |l: &Line| {
            l.item == line.item
                && l.mirrored == line.mirrored
                && (l.at(window.middle()) - line.at(window.middle())).abs() < 4.0
        };
        if !kept.iter().any(same) {
            kept.push(line);
        }
    }
    kept.truncate(MAX_FITTED);
    kept
}

fn scan_one(
    window: &Window<'_>,
    candidate: &Candidate,
    stretch: &Stretch,
    speeds: std::ops::RangeInclusive<i32>,
    found: &mut Vec<(f64, Line)>,
) {
    let mapping = Mapping::new(candidate.area, candidate.mirrored);
    if stretch.cells.is_empty() || mapping.seen.len() < MIN_CELLS {
        return;
    }
    let coarse = Coarse::new(window, &mapping, stretch);
    let middle = window.middle();
    let [first, last] = window.ends();
    let from = candidate.shift[0] - super::candidates::PLACE_STEPS / 3;
    let to = candidate.shift[1] + super::candidates::PLACE_STEPS / 3;
    let mut best: Vec<(f64, Line)> = Vec::new();
    for speed in speeds {
        let speed = 1.0 + f64::from(speed) * SPEED_STEP;
        for shift in from..=to {
            let line = Line {
                item: candidate.item,
                mirrored: candidate.mirrored,
                area: candidate.area,
                step: middle,
                work_step: middle + shift as f64,
                speed,
            };
            if !stretch.holds(line.at(first) - 3.0, line.at(last) + 3.0)
                && !stretch.holds(line.at(first) + 3.0, line.at(last) - 3.0)
            {
                continue;
            }
            let correlation = coarse
                .work(window.steps().map(|s| line.at(s)))
                .correlation(&coarse.suspect);
            if correlation >= MIN_SCANNED {
                best.push((correlation, line));
            }
        }
    }
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.truncate(8);
    found.append(&mut best);
}

/// Fits a line to the window and weighs it; `None` when the two show nothing in common.
pub(super) fn fit(window: &Window<'_>, line: &Line, stretch: &Stretch) -> Option<Alignment> {
    if stretch.cells.is_empty() {
        return None;
    }
    let line = Line {
        work_step: line.at(window.middle()),
        step: window.middle(),
        ..*line
    };
    let line = at_best_speed(window, line, stretch)?;
    let (_, line) = climb(window, line, stretch, true)?;
    let fitted = weigh(window, &line, stretch)?;
    let (_, line) = climb(window, Line { speed: 1.0, ..line }, stretch, false)?;
    let unchanged = weigh(window, &line, stretch)?;
    // A single event says when, and hardly how fast: what an unchanged speed explains as well is unchanged.
    let gain = (fitted.kinds().into_iter().zip(unchanged.kinds()))
        .map(|(fitted, unchanged)| calibration::gain_bits(fitted, unchanged))
        .fold(0.0, f64::max);
    Some(if gain > MIN_SPEED_BITS { fitted } else { unchanged })
}

/// The same place at the speed that explains most.
fn at_best_speed(window: &Window<'_>, line: Line, stretch: &Stretch) -> Option<Line> {
    let mut best = (agreement(window, &line, stretch)?, line);
    for speed in SPEEDS {
        for shift in [-0.7, 0.0, 0.7] {
            let tried = Line {
                speed: 1.0 + f64::from(speed) * SPEED_STEP,
                work_step: line.work_step + shift,
                ..line
            };
            if let Some(value) = agreement(window, &tried, stretch)
                && value > best.0
            {
                best = (value, tried);
            }
        }
    }
    Some(best.1)
}

/// Betters a line by small changes until none of them betters it.
fn climb(window: &Window<'_>, line: Line, stretch: &Stretch, with_speed: bool) -> Option<(f64, Line)> {
    let mut line = line;
    let mut best = agreement(window, &line, stretch)?;
    for size in [1.0, 0.5, 0.25] {
        for _ in 0..2 {
            let before = best;
            for change in 0..MOVES {
                let tried = moved(&line, change, size);
                if !with_speed && (tried.speed - line.speed).abs() > 0.0 {
                    continue;
                }
                if let Some(value) = agreement(window, &tried, stretch)
                    && value > best
                {
                    (best, line) = (value, tried);
                }
            }
            if best - before < 1e-3 {
                break;
            }
        }
    }
    Some((best, line))
}

/// Small changes of a line: earlier and later, slower and faster, the whole area larger and smaller, each side of it.
const MOVES: usize = 14;

/// A line after one of its small changes.
fn moved(line: &Line, change: usize, size: f64) -> Line {
    let size = if change.is_multiple_of(2) { -size } else { size };
    let mut line = *line;
    match change / 2 {
        0 => line.work_step += 0.6 * size,
        1 => line.speed = (line.speed + 0.01 * size).clamp(MIN_SPEED, MAX_SPEED),
        2 => {
            for (side, outwards) in line.area.iter_mut().zip([-1.0, -1.0, 1.0, 1.0]) {
                *side += 0.02 * size * outwards;
            }
        }
        side => line.area[side - 3] += 0.02 * size,
    }
    line
}

/// How well window and work agree along a line, movement first.
fn agreement(window: &Window<'_>, line: &Line, stretch: &Stretch) -> Option<f64> {
    let (suspect, work) = both(window, line, stretch, None)?;
    Some(suspect.correlation(&work) + STANDING_WEIGHT * suspect.standing_correlation(&work))
}

fn both(
    window: &Window<'_>,
    line: &Line,
    stretch: &Stretch,
    cells: Option<&[bool]>,
) -> Option<(Changes, Changes)> {
    let mut mapping = Mapping::new(line.area, line.mirrored);
    if let Some(cells) = cells {
        let keep: Vec<bool> = mapping.seen.iter().map(|&c| cells[c as usize]).collect();
        let mut kept = keep.iter();
        mapping.seen.retain(|_| *kept.next().unwrap_or(&false));
        let mut kept = keep.iter();
        mapping.taps.retain(|_| *kept.next().unwrap_or(&false));
    }
    let [first, last] = window.ends();
    if mapping.seen.len() < MIN_CELLS || !stretch.holds(line.at(first) + 2.0, line.at(last) - 2.0) {
        return None;
    }
    let count = mapping.seen.len();
    let work = stretch.sample(&mapping.seen, window.steps().map(|s| line.at(s)));
    Some((
        Changes::of(mapping.suspect(window.cells), count),
        Changes::of(work, count),
    ))
}

/// Cells that nothing stands in front of.
fn uncovered(suspect: &Changes, work: &Changes, seen: &[u16]) -> Vec<bool> {
    let energy = |c: &Changes| {
        let mut out = vec![0.0f64; c.cells];
        for step in c.values.chunks_exact(c.cells) {
            out.iter_mut().zip(step).for_each(|(e, v)| *e += f64::from(v * v));
        }
        out
    };
    let (own, of_work) = (energy(suspect), energy(work));
    let noise = NOISE * (suspect.values.len() / suspect.cells) as f64;
    let mut covered: Vec<(f64, u16)> = (own.iter().zip(&of_work).zip(seen))
        .filter(|((own, work), _)| **work > 4.0 * noise && **own < COVERED * **work)
        .map(|((_, work), &cell)| (*work, cell))
        .collect();
    covered.sort_by(|a, b| b.0.total_cmp(&a.0));
    covered.truncate((MAX_COVERED * seen.len() as f64) as usize);
    let mut out = vec![true; CELLS];
    for (_, cell) in covered {
        out[cell as usize] = false;
    }
    out
}

/// Weighs a line as it is.
pub(super) fn weigh(window: &Window<'_>, line: &Line, stretch: &Stretch) -> Option<Alignment> {
    let (suspect, work) = both(window, line, stretch, None)?;
    let seen = Mapping::new(line.area, line.mirrored).seen;
    let free = uncovered(&suspect, &work, &seen);
    let (suspect, work) = both(window, line, stretch, Some(&free))?;
    let (suspect, work) = (Kinds::of(suspect), Kinds::of(work));
    let mut kinds = others(window, line, stretch).map(|chance| (0.0, chance));
    for ((kind, suspect), work) in kinds.iter_mut().zip(suspect.all()).zip(work.all()) {
        kind.0 = suspect.correlation(work);
        kind.1.freedom = suspect.freedom(work);
    }
    let [slow, quick, evened] = kinds;
    let bits = kinds
        .iter()
        .zip(LIKENESS)
        .map(|((correlation, chance), likeness)| calibration::window_bits(*correlation, chance, likeness))
        .fold(0.0, f64::max);
    Some(Alignment {
        line: *line,
        slow,
        quick,
        evened,
        bits,
        standing: suspect.slow.standing_correlation(&work.slow),
    })
}

/// The kinds of changes that are weighed, each by itself.
struct Kinds {
    slow: Changes,
    quick: Changes,
    evened: Changes,
}

/// What two moments of one scene may have in common, of each kind.
const LIKENESS: [f64; 3] = [
    calibration::MOMENT_LIKENESS,
    calibration::MOMENT_LIKENESS,
    calibration::EVENED_LIKENESS,
];

impl Kinds {
    fn of(slow: Changes) -> Self {
        let quick = slow.quick();
        let evened = quick.evened();
        Self { slow, quick, evened }
    }

    fn all(&self) -> [&Changes; 3] {
        [&self.slow, &self.quick, &self.evened]
    }
}

/// What the window has in common with other moments of the same work, for each of the [`Kinds`].
fn others(window: &Window<'_>, line: &Line, stretch: &Stretch) -> [Chance; 3] {
    let mapping = Mapping::new(line.area, line.mirrored);
    let coarse = Coarse::new(window, &mapping, stretch);
    let kinds_at = |line: &Line| Kinds::of(coarse.work(window.steps().map(|s| line.at(s))));
    let (suspect, own) = (Kinds::of(coarse.suspect.clone()), kinds_at(line));
    let [first, last] = window.ends();
    let room = (last - first) / 3.0;
    let none = Chance {
        freedom: 0.0,
        best_other: 0.0,
        squares: 0.0,
        moments: 0,
    };
    let mut chances = [none; 3];
    for shift in (-CONTEXT_STEPS..=CONTEXT_STEPS).step_by(2) {
        let moved = Line {
            work_step: line.work_step + shift as f64,
            ..*line
        };
        if shift.abs() < OTHER_MOMENT_STEPS || !stretch.holds(moved.at(first) + room, moved.at(last) - room) {
            continue;
        }
        let moment = kinds_at(&moved);
        for (kind, chance) in chances.iter_mut().enumerate() {
            let moment = moment.all()[kind];
            // A moment in which hardly anything moves says nothing of what movement can do.
            if moment.energy >= 0.1 * own.all()[kind].energy {
                let correlation = moment.correlation(suspect.all()[kind]);
                chance.best_other = chance.best_other.max(correlation);
                chance.squares += correlation * correlation;
                chance.moments += 1;
            }
        }
    }
    chances
}

/// For each step of the window, how well the pictures along a line agree: below zero where they do not.
///
/// The standing picture speaks and, where something moves around the step, the movement does.
pub(super) fn agreement_by_step(window: &Window<'_>, line: &Line, stretch: &Stretch) -> Vec<f32> {
    const AROUND: usize = 6;
    let mapping = Mapping::new(line.area, line.mirrored);
    let (cells, count) = (mapping.seen.len().max(1), window.cells.len());
    if stretch.cells.is_empty() || mapping.seen.is_empty() {
        return vec![-1.0; count];
    }
    let suspect = mapping.suspect(window.cells);
    let work = stretch.sample(&mapping.seen, window.steps().map(|s| line.at(s)));
    let centred = |step: &[f32]| {
        let mean = step.iter().sum::<f32>() / cells as f32;
        step.iter().map(|v| v - mean).collect::<Vec<f32>>()
    };
    let level = |correlation: f64, even: f64| (2.0 * (correlation - even)).clamp(-1.0, 0.5);
    let one = |i: usize| {
        let at = f64::from(window.first) + i as f64;
        if !stretch.holds(line.at(at), line.at(at)) {
            return -1.0;
        }
        let (a, b) = (
            centred(&suspect[i * cells..(i + 1) * cells]),
            centred(&work[i * cells..(i + 1) * cells]),
        );
        let floor = 2.0 * cells as f64;
        let (own, theirs) = (dot(&a, &a), dot(&b, &b));
        if own < floor && theirs < floor {
            // Both show nothing.
            return 0.0;
        }
        let look = level(dot(&a, &b) / ((own + floor) * (theirs + floor)).sqrt(), 0.7);
        let (from, to) = (i.saturating_sub(AROUND), (i + AROUND + 1).min(count));
        let near = |values: &[f32]| Changes::of(values[from * cells..to * cells].to_vec(), cells);
        let (a, b) = (near(&suspect), near(&work));
        let moving = (a.variance().max(b.variance()) / (12.0 * NOISE)).min(1.0);
        look + moving * level(a.correlation(&b), 0.5)
    };
    (0..count).map(|i| one(i) as f32).collect()
}
