//! Pace: when and how fast a work runs in a suspect, finer than windows can tell.
//!
//! In:  a line that is nearly right, and the steps of a segment on both sides.
//! Out: the line that fits all of its moments best.
//!
//! Where a work shows its moments a little late, the difference between the two films is a little of what changes in the work just
//! then. So each moment says how late it is and how surely; a straight line is laid through what they say, and this is repeated
//! from there (Lucas and Kanade 1981, in time).
//!
//! Invariant: a bounded number of moments is looked at, spread evenly, however long the segment is.
//!
//! Not here: whether the two films agree at all (`verify`), where the segment ends (`segments`).

use super::VideoIndex;
use super::changes::{Changes, NOISE, dot};
use super::place::Mapping;
use super::reel::Reel;
use super::search::{WINDOW_STEPS, Works};
use super::verify::{Line, MAX_SPEED, MIN_SPEED};

/// Windows of a segment that are looked at.
const MAX_WINDOWS: u32 = 40;
/// Rounds; each begins where the one before ended.
const ROUNDS: usize = 8;
/// Steps of a piece: the moments of one have their errors in common.
const PIECE_STEPS: usize = 6;
/// A piece that seems so many steps late is wrong about more than its moment, and counts less.
const LATE_STEPS: f64 = 1.0;
/// A line that moves less than this in a round has found its place.
const SETTLED_STEPS: f64 = 0.002;
/// A smaller change of speed is not told.
const MIN_TOLD_CHANGE: f64 = 0.004;
/// A line that moves farther than this from where it began is lost.
const MAX_MOVED_STEPS: f64 = 2.5;

/// The line that fits a segment best: over the steps of a suspect from the first to the last; `None` where they show too little.
///
/// Its speed is one exactly where a change of speed is not beyond doubt.
pub(super) fn of_segment<I: VideoIndex>(
    start: &Line,
    steps: [u32; 2],
    reel: &mut Reel<'_>,
    works: &mut Works<'_, I>,
) -> Option<Line> {
    let mut fitted = |start: Line, with_speed| Fit { steps, with_speed }.from(start, reel, works);
    let middle = f64::from(steps[0] + steps[1]) / 2.0;
    let start = Line {
        step: middle,
        work_step: start.at(middle),
        ..*start
    };
    if let Some((line, doubt)) = fitted(start, true)
        && (line.speed - 1.0).abs() > doubt.max(MIN_TOLD_CHANGE)
    {
        return Some(line);
    }
    let unchanged = Line { speed: 1.0, ..start };
    fitted(unchanged, false).map(|(line, _)| line)
}

/// What is fitted.
struct Fit {
    steps: [u32; 2],
    with_speed: bool,
}

impl Fit {
    /// The line that fits best near `start`, and by so much its speed may be wrong.
    fn from<I: VideoIndex>(
        &self,
        start: Line,
        reel: &mut Reel<'_>,
        works: &mut Works<'_, I>,
    ) -> Option<(Line, f64)> {
        let mapping = Mapping::new(start.area, start.mirrored);
        let mut line = start;
        let mut pieces = Vec::new();
        for _ in 0..ROUNDS {
            pieces.clear();
            for window in windows(self.steps) {
                pieces_of(&line, window, &mapping, reel, works, &mut pieces);
            }
            let (late, slow) = through(&pieces, line.step, self.with_speed)?;
            line.work_step += late;
            line.speed = (line.speed + slow).clamp(MIN_SPEED, MAX_SPEED);
            let moved = self
                .steps
                .map(|s| (line.at(f64::from(s)) - start.at(f64::from(s))).abs());
            if moved.iter().any(|&m| m > MAX_MOVED_STEPS) {
                return None;
            }
            if late.abs() + slow.abs() * f64::from(self.steps[1] - self.steps[0]) < SETTLED_STEPS {
                break;
            }
        }
        let doubt = speed_doubt(&pieces, line.step);
        Some((line, doubt))
    }
}

/// At most [`MAX_WINDOWS`] windows of a segment, from its first step to its last.
fn windows(steps: [u32; 2]) -> impl Iterator<Item = [u32; 2]> {
    let length = steps[1] - steps[0] + 1;
    let count = length.div_ceil(WINDOW_STEPS).clamp(1, MAX_WINDOWS);
    (0..count).map(move |i| {
        let from = steps[0] + (u64::from(length) * u64::from(i) / u64::from(count)) as u32;
        let next = steps[0] + (u64::from(length) * u64::from(i + 1) / u64::from(count)) as u32;
        [from, next.min(from + WINDOW_STEPS)]
    })
}

/// What a second or so of a segment says.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Its middle, a step of the suspect.
    at: f64,
    /// Steps by which the work shows it late.
    late: f64,
    /// How much changes there.
    weight: f64,
}

fn pieces_of<I: VideoIndex>(
    line: &Line,
    window: [u32; 2],
    mapping: &Mapping,
    reel: &mut Reel<'_>,
    works: &mut Works<'_, I>,
    out: &mut Vec<Piece>,
) {
    let cells = reel.read(window[0], window[1]);
    let seen = mapping.seen.len();
    let Some(stretch) = works.around(window, line, 4) else {
        return;
    };
    if cells.len() < PIECE_STEPS || stretch.cells.is_empty() || seen == 0 {
        return;
    }
    // Beyond its ends a work shows nothing that could be late.
    let whole: Vec<bool> = (window[0]..window[1])
        .map(|s| {
            let at = line.at(f64::from(s));
            stretch.holds(at - 0.5, at + 0.5)
        })
        .collect();
    let sample = |beside: f64| {
        let steps = (window[0]..window[1]).map(|s| line.at(f64::from(s)) + beside);
        stretch.sample(&mapping.seen, steps)
    };
    let suspect = Changes::of(mapping.suspect(&cells), seen);
    let [before, work, after] = [-0.5, 0.0, 0.5].map(|beside| Changes::of(sample(beside), seen));
    let slopes: Vec<f32> = (after.values.iter().zip(&before.values))
        .map(|(a, b)| a - b)
        .collect();
    let gain = dot(&suspect.values, &work.values) / work.energy.max(NOISE);
    if !(0.1..10.0).contains(&gain) {
        return;
    }
    let count = cells.len().min(work.values.len() / seen);
    for from in (0..count).step_by(PIECE_STEPS) {
        let to = (from + PIECE_STEPS).min(count);
        let (mut along, mut weight) = (0.0, 0.0);
        for step in (from..to).filter(|&s| whole[s]) {
            let row = step * seen..(step + 1) * seen;
            let slope = &slopes[row.clone()];
            along += dot(slope, &suspect.values[row.clone()]) - gain * dot(slope, &work.values[row]);
            weight += gain * dot(slope, slope);
        }
        // Where nothing changes nothing is late.
        if weight > NOISE * (seen * (to - from)) as f64 {
            out.push(Piece {
                at: f64::from(window[0]) + (from + to - 1) as f64 / 2.0,
                late: along / weight,
                weight: weight * gain,
            });
        }
    }
}

/// How late the middle is, and by how much more each step.
fn through(pieces: &[Piece], middle: f64, with_speed: bool) -> Option<(f64, f64)> {
    let mut sums = [0.0f64; 5];
    for piece in pieces {
        let weight = piece.weight * (LATE_STEPS / piece.late.abs().max(LATE_STEPS));
        let at = piece.at - middle;
        for (sum, value) in sums
            .iter_mut()
            .zip([1.0, at, at * at, piece.late, piece.late * at])
        {
            *sum += weight * value;
        }
    }
    let [one, at, square, late, late_at] = sums;
    if !with_speed {
        return (one > 0.0).then_some((late / one, 0.0));
    }
    let determinant = one * square - at * at;
    (determinant > 1e-9 * one * one).then(|| {
        (
            (late * square - late_at * at) / determinant,
            (late_at * one - late * at) / determinant,
        )
    })
}

/// By how much the slope of a line through the pieces may be wrong, in one case of two hundred.
fn speed_doubt(pieces: &[Piece], middle: f64) -> f64 {
    let (Some((late, slow)), Some(free @ 2..)) = (through(pieces, middle, true), pieces.len().checked_sub(2))
    else {
        return f64::INFINITY;
    };
    let free = free as f64;
    let all: f64 = pieces.iter().map(|p| p.weight).sum();
    let centre = pieces.iter().map(|p| p.weight * p.at).sum::<f64>() / all;
    let (mut scatter, mut spread) = (0.0, 0.0);
    for piece in pieces {
        scatter += piece.weight * (piece.late - late - slow * (piece.at - middle)).powi(2);
        spread += piece.weight * (piece.at - centre).powi(2);
    }
    let error = (scatter / free / spread.max(1e-9)).sqrt();
    // Student's t at 99.5 %, from 12 at two degrees of freedom to 2.8 at many.
    let errors = 2.8 + 6.0 / free + 24.0 / (free * free);
    errors * error
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::video::frame::{CELLS, Cells, GRID};
    use crate::video::reel::ReelWriter;

    /// A single work, by its reel.
    struct One(Vec<u8>);

    impl VideoIndex for One {
        fn for_each_place(&self, _: &[u64], _: u64, _: impl FnMut(usize, u64)) {}
        fn work_at(&self, _: u64) -> Option<(u32, u64)> {
            None
        }
        fn keyframes(&self, _: u32) -> Option<Cow<'_, [u8]>> {
            None
        }
        fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
            (item == 0).then_some(Cow::Borrowed(&self.0))
        }
        fn steps(&self, _: u32) -> u32 {
            0
        }
        fn total_steps(&self) -> u64 {
            0
        }
    }

    /// Two lamps that wander before a wall, at a moment of the work.
    fn lamps(at: f64) -> Cells {
        let lamps = [
            (
                8.0 + 6.0 * (at * 0.11).sin(),
                8.0 + 5.0 * (at * 0.07 + (at * 0.023).sin()).cos(),
            ),
            (5.0 + 4.0 * (at * 0.05).cos(), 9.0 + 6.0 * (at * 0.13).sin()),
        ];
        std::array::from_fn(|cell| {
            let (x, y) = ((cell % GRID) as f64, (cell / GRID) as f64);
            let light = |(u, v): (f64, f64)| 120.0 * (-((x - u).powi(2) + (y - v).powi(2)) / 5.0).exp();
            (40.0 + 4.0 * x + lamps.into_iter().map(light).sum::<f64>()).min(255.0) as u8
        })
    }

    /// A lamp in a corner that is switched on once, before the same wall.
    fn switch(at: f64) -> Cells {
        let light = 100.0 / (1.0 + (60.0 - at).exp());
        std::array::from_fn(|cell| {
            let corner = cell % GRID < 4 && cell / GRID < 4;
            (40 + 4 * (cell % GRID)) as u8 + if corner { light as u8 } else { 0 }
        })
    }

    fn reel(of: impl Fn(f64) -> Cells, steps: u32, from: f64, speed: f64) -> Vec<u8> {
        let mut writer = ReelWriter::default();
        for step in 0..steps {
            writer.push(&of(from + f64::from(step) * speed));
        }
        writer.finish()
    }

    /// The line found for a suspect that shows the work from step 30 at this speed, begun `late` steps off and not quite as fast.
    fn found(of: fn(f64) -> Cells, speed: f64, steps: u32, late: f64) -> Option<Line> {
        let work = One(reel(of, 2_000, 0.0, 1.0));
        let suspect = reel(of, steps, 30.0, speed);
        let start = Line {
            item: 0,
            mirrored: false,
            area: [0.0, 0.0, 1.0, 1.0],
            step: 0.0,
            work_step: 30.0 + late,
            speed: speed + 0.7 / f64::from(steps),
        };
        let mut suspect = Reel::open(suspect)?;
        of_segment(&start, [0, steps - 1], &mut suspect, &mut Works::new(&work))
    }

    #[test]
    fn the_speed_is_told_to_a_few_thousandths() {
        for (speed, steps) in [
            (1.0, 30),
            (1.05, 30),
            (0.93, 48),
            (1.107, 60),
            (1.013, 300),
            (0.95, 1_200),
        ] {
            for late in [-0.4, 0.0, 0.6] {
                let line = found(lamps, speed, steps, late).expect("a line");
                assert!(
                    (line.speed - speed).abs() < 0.004,
                    "{speed} {steps} {late}: {line:?}"
                );
                assert!(
                    (line.at(0.0) - 30.0).abs() < 0.15,
                    "{speed} {steps} {late}: {line:?}"
                );
            }
        }
    }

    #[test]
    fn a_single_event_tells_when() {
        let line = found(switch, 1.05, 48, 0.5).expect("a line");
        let at = (60.0 - 30.0) / 1.05;
        assert!((line.at(at) - 60.0).abs() < 0.1, "{line:?}");
    }

    #[test]
    fn what_shows_nothing_or_lies_elsewhere_has_no_line() {
        assert_eq!(found(|_| [90; CELLS], 1.0, 60, 0.0), None);
        let far = found(lamps, 1.0, 60, 400.0);
        assert!(
            far.is_none_or(|line| (line.at(0.0) - 430.0).abs() < 3.0),
            "{far:?}"
        );
    }
}
