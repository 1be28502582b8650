//! Features: what a spot of a picture looks like, in 128 bits that do not depend on its size and direction.
//!
//! In:  a [`Plane`].
//! Out: [`Feature`]s: place, size and direction, a sketch of the surroundings, and how sure each bit of it is.
//!
//! The surroundings of a spot, turned to its main direction and scaled to its size, become histograms of gradients in
//! 4 × 4 cells and eight directions (Lowe 2004, section 6; square roots after Arandjelović and Zisserman 2012). Cosine
//! transforms over the cells and a Fourier transform over the directions take these 128 numbers apart into nearly
//! independent ones, of which the sketch keeps the side of the median. A mirrored picture turns the signs of one fixed
//! half of them, so its sketches follow by an exclusive or and nothing is computed twice.
//!
//! Not here: which features point to which work (`candidates`).

use std::f32::consts::{PI, TAU};

use super::medians::MEDIANS;
use super::plane::Plane;
use super::scale_space::{Level, ScaleSpace, Spot};

/// Numbers, and bits of a sketch.
pub(super) const SKETCH_BITS: usize = 128;

/// Cells on one side of the surroundings, and directions in each.
const CELLS: usize = 4;
const DIRECTIONS: usize = 8;
/// Numbers of a row of cells.
const ROW: usize = CELLS * DIRECTIONS;
/// Samples on one side of the surroundings.
const SAMPLES: usize = 16;
/// Distance of samples in blurs of the spot.
const SAMPLE_STEP: f32 = 0.75;
/// Samples on one side of what the main direction is taken from.
const DIRECTION_SAMPLES: usize = 13;
/// Bins of the main direction.
const DIRECTION_BINS: usize = 36;
/// A second direction this strong, against the first, makes a second feature.
const SECOND_DIRECTION: f32 = 0.8;
/// The share of features that octave by octave may be taken from, finest first; the rest fills up from anywhere.
const OCTAVE_SHARES: [f32; 4] = [0.45, 0.25, 0.15, 0.1];
/// Spots that stand out less than this are taken only where there are fewer than [`ENOUGH_SPOTS`] that do.
const CLEAR_CONTRAST: f32 = 0.008;
const ENOUGH_SPOTS: usize = 200;
/// Side of the grid over which features are spread.
const SPREAD: usize = 6;

/// A described spot; lengths are in long sides of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) sigma: f32,
    /// In radians, `0.0..TAU`, from the x axis towards the y axis.
    pub(super) angle: f32,
    pub(super) sketch: u128,
    /// How far each number lies from its median.
    pub(super) margins: [f32; SKETCH_BITS],
}

/// Bits that a mirror turns over: odd across the direction of the feature, but not both ways at once.
pub(super) const MIRROR: u128 = mirror_mask();

const fn mirror_mask() -> u128 {
    let mut mask = 0;
    let mut bit = 0;
    while bit < SKETCH_BITS {
        let (row, direction) = (bit / (CELLS * DIRECTIONS), bit % DIRECTIONS);
        // Directions are ordered 1, cos, sin, cos 2, sin 2, cos 3, sin 3, cos 4.
        let sine = direction == 2 || direction == 4 || direction == 6;
        if (row % 2 == 1) != sine {
            mask |= 1 << bit;
        }
        bit += 1;
    }
    mask
}

/// The features of a plane, at most `limit` spots of them, spread over sizes and places.
pub(super) fn features(plane: &Plane, limit: usize) -> Vec<Feature> {
    let space = ScaleSpace::of(plane);
    let tables = Tables::new();
    let long_side = plane.long_side() as f32;
    let mut found = Vec::with_capacity(limit * 5 / 4);
    for spot in choose(&space.spots, plane, limit) {
        let level = &space.levels[spot.level];
        for angle in main_directions(level, &spot, &tables).into_iter().flatten() {
            let numbers = transformed(&histograms(level, &spot, angle, &tables), &tables);
            let Some((sketch, margins)) = numbers.map(|n| sketch(&n)) else {
                continue;
            };
            found.push(Feature {
                x: spot.x / long_side,
                y: spot.y / long_side,
                sigma: spot.sigma / long_side,
                angle,
                sketch,
                margins,
            });
        }
    }
    found
}

/// Takes the spots that stand out most, but from every octave and every region.
fn choose(spots: &[Spot], plane: &Plane, limit: usize) -> Vec<Spot> {
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_by(|&a, &b| spots[b].contrast.total_cmp(&spots[a].contrast).then(a.cmp(&b)));
    let strong = order.partition_point(|&i| spots[i].contrast >= CLEAR_CONTRAST);
    order.truncate(strong.max(ENOUGH_SPOTS.min(limit)));
    if order.len() <= limit {
        order.sort_unstable();
        return order.into_iter().map(|i| spots[i]).collect();
    }
    // A spot ranks by how many stronger ones of its octave lie in its cell of the grid.
    let mut crowd = vec![0u32; OCTAVE_SHARES.len() * SPREAD * SPREAD];
    let mut ranked: Vec<(usize, u32, usize)> = Vec::with_capacity(spots.len());
    for (rank, &i) in order.iter().enumerate() {
        let spot = &spots[i];
        let octave = spot.octave.min(OCTAVE_SHARES.len() - 1);
        let cell = |at: f32, side: usize| ((at / side as f32 * SPREAD as f32) as usize).min(SPREAD - 1);
        let (column, row) = (cell(spot.x, plane.width), cell(spot.y, plane.height));
        let place = &mut crowd[(octave * SPREAD + row) * SPREAD + column];
        *place += 1;
        ranked.push((rank, *place, i));
    }
    // Half of the places go to the strongest anywhere, half to the strongest of each cell.
    let key = |&(rank, place, _): &(usize, u32, usize)| {
        rank as f32 / spots.len() as f32 + place as f32 / limit as f32 * 6.0
    };
    ranked.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.0.cmp(&b.0)));
    let mut left: Vec<usize> = OCTAVE_SHARES
        .iter()
        .map(|share| (share * limit as f32) as usize)
        .collect();
    let (mut chosen, mut rest) = (Vec::with_capacity(limit), Vec::new());
    for &(_, _, i) in &ranked {
        let octave = spots[i].octave.min(OCTAVE_SHARES.len() - 1);
        if left[octave] > 0 {
            left[octave] -= 1;
            chosen.push(i);
        } else {
            rest.push(i);
        }
    }
    chosen.extend(rest.into_iter().take(limit - chosen.len()));
    chosen.sort_unstable();
    chosen.into_iter().map(|i| spots[i]).collect()
}

/// What is the same for every feature.
struct Tables {
    /// Weight of a sample by its distance from the middle.
    window: Vec<f32>,
    direction_window: Vec<f32>,
    /// First cell of a sample row or column, and the share of the second.
    cells: Vec<(usize, f32)>,
    cosines: [[f32; CELLS]; CELLS],
    fourier: [[f32; DIRECTIONS]; DIRECTIONS],
}

impl Tables {
    fn new() -> Self {
        let gauss = |samples: usize, sigma: f32| {
            let middle = (samples as f32 - 1.0) / 2.0;
            let squared =
                |i: usize| ((i % samples) as f32 - middle).powi(2) + ((i / samples) as f32 - middle).powi(2);
            (0..samples * samples)
                .map(|i| (-squared(i) / (2.0 * sigma * sigma)).exp())
                .collect()
        };
        // In cells, with the middle of the first at zero; outside the outer middles part of the weight is lost.
        let cell = |i: usize| {
            let at = (i as f32 + 0.5) * CELLS as f32 / SAMPLES as f32 - 0.5;
            let first = at.floor();
            ((first + 1.0) as usize, at - first)
        };
        let mut cosines = [[0.0; CELLS]; CELLS];
        for (k, row) in cosines.iter_mut().enumerate() {
            for (i, value) in row.iter_mut().enumerate() {
                *value = (PI / CELLS as f32 * (i as f32 + 0.5) * k as f32).cos()
                    * if k == 0 { 0.5 } else { 0.5f32.sqrt() };
            }
        }
        let mut fourier = [[0.0; DIRECTIONS]; DIRECTIONS];
        for (k, row) in fourier.iter_mut().enumerate() {
            for (i, value) in row.iter_mut().enumerate() {
                let turn = TAU / DIRECTIONS as f32 * (i * k.div_ceil(2)) as f32;
                let wave = if k % 2 == 1 || k == 0 {
                    turn.cos()
                } else {
                    turn.sin()
                };
                *value = wave
                    * if k == 0 || k == DIRECTIONS - 1 {
                        0.125f32.sqrt()
                    } else {
                        0.5
                    };
            }
        }
        Self {
            window: gauss(SAMPLES, SAMPLES as f32 / 2.0),
            direction_window: gauss(DIRECTION_SAMPLES, 1.5 / SAMPLE_STEP),
            cells: (0..SAMPLES).map(cell).collect(),
            cosines,
            fourier,
        }
    }
}

/// An angle from -π to π, good to 0.004; the exact one would take half of all the time.
fn fast_atan2(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let ratio = ax.min(ay) / ax.max(ay).max(1e-12);
    let mut angle = ratio * (PI / 4.0 + 0.273 * (1.0 - ratio));
    if ay > ax {
        angle = PI / 2.0 - angle;
    }
    if x < 0.0 {
        angle = PI - angle;
    }
    if y < 0.0 { -angle } else { angle }
}

/// The surroundings of a spot as `side` × `side` values, turned by the angle whose cosine and sine are given.
fn sample(level: &Level, spot: &Spot, side: usize, [cosine, sine]: [f32; 2], out: &mut [f32]) {
    let step = SAMPLE_STEP * spot.sigma / level.step;
    let (x, y) = (
        (spot.x - 0.5) / level.step + 0.5,
        (spot.y - 0.5) / level.step + 0.5,
    );
    let middle = (side as f32 - 1.0) / 2.0;
    let (right, down) = ([step * cosine, step * sine], [-step * sine, step * cosine]);
    for (row, values) in out.chunks_exact_mut(side).enumerate() {
        let v = row as f32 - middle;
        for (column, value) in values.iter_mut().enumerate() {
            let u = column as f32 - middle;
            *value = level
                .plane
                .between(x + u * right[0] + v * down[0], y + u * right[1] + v * down[1]);
        }
    }
}

/// Calls `visit` with index, gradient to the right and downwards of each inner sample.
fn gradients(values: &[f32], side: usize, mut visit: impl FnMut(usize, f32, f32)) {
    let inner = side - 2;
    for row in 1..=inner {
        for column in 1..=inner {
            let at = row * side + column;
            let (dx, dy) = (
                values[at + 1] - values[at - 1],
                values[at + side] - values[at - side],
            );
            visit((row - 1) * inner + column - 1, dx, dy);
        }
    }
}

/// The direction in which the surroundings grow brighter, and a second one if it is nearly as strong.
fn main_directions(level: &Level, spot: &Spot, tables: &Tables) -> [Option<f32>; 2] {
    const SIDE: usize = DIRECTION_SAMPLES + 2;
    let mut values = [0.0; SIDE * SIDE];
    sample(level, spot, SIDE, [1.0, 0.0], &mut values);
    let mut raw = [0.0f32; DIRECTION_BINS];
    gradients(&values, SIDE, |i, dx, dy| {
        let turn = (fast_atan2(dy, dx) / TAU).rem_euclid(1.0);
        let bin = (turn * DIRECTION_BINS as f32 + 0.5) as usize % DIRECTION_BINS;
        raw[bin] += tables.direction_window[i] * (dx * dx + dy * dy).sqrt();
    });
    for _ in 0..2 {
        let before = raw;
        for i in 0..DIRECTION_BINS {
            let (left, right) = (
                (i + DIRECTION_BINS - 1) % DIRECTION_BINS,
                (i + 1) % DIRECTION_BINS,
            );
            raw[i] = 0.25 * before[left] + 0.5 * before[i] + 0.25 * before[right];
        }
    }
    let mut peaks: Vec<(f32, f32)> = Vec::new();
    for i in 0..DIRECTION_BINS {
        let (left, here, right) = (
            raw[(i + DIRECTION_BINS - 1) % DIRECTION_BINS],
            raw[i],
            raw[(i + 1) % DIRECTION_BINS],
        );
        if here > left && here >= right {
            let shift = 0.5 * (left - right) / (left - 2.0 * here + right);
            let angle = ((i as f32 + shift) / DIRECTION_BINS as f32).rem_euclid(1.0) * TAU;
            peaks.push((here, angle));
        }
    }
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    let first = peaks.first();
    let second = peaks
        .get(1)
        .filter(|p| first.is_some_and(|f| p.0 >= SECOND_DIRECTION * f.0));
    [first.map(|p| p.1), second.map(|p| p.1)]
}

/// Weighted gradients by cell and direction: row of cells, column of cells, direction.
fn histograms(level: &Level, spot: &Spot, angle: f32, tables: &Tables) -> [f32; SKETCH_BITS] {
    const SIDE: usize = SAMPLES + 2;
    // One cell of nothing around the grid takes the weight that falls outside.
    const WIDE: usize = CELLS + 2;
    let mut values = [0.0; SIDE * SIDE];
    sample(level, spot, SIDE, [angle.cos(), angle.sin()], &mut values);
    let mut wide = [0.0f32; WIDE * WIDE * DIRECTIONS];
    gradients(&values, SIDE, |i, dx, dy| {
        let weight = tables.window[i] * (dx * dx + dy * dy).sqrt();
        let turn = (fast_atan2(dy, dx) / TAU).rem_euclid(1.0) * DIRECTIONS as f32;
        let direction = turn as usize % DIRECTIONS;
        let next = (direction + 1) % DIRECTIONS;
        let later = weight * turn.fract();
        let sooner = weight - later;
        let ((row, down), (column, right)) = (tables.cells[i / SAMPLES], tables.cells[i % SAMPLES]);
        for (r, by_row) in [(row, 1.0 - down), (row + 1, down)] {
            for (c, share) in [(column, by_row * (1.0 - right)), (column + 1, by_row * right)] {
                let cell = &mut wide[(r * WIDE + c) * DIRECTIONS..][..DIRECTIONS];
                cell[direction] += share * sooner;
                cell[next] += share * later;
            }
        }
    });
    let mut cells = [0.0; SKETCH_BITS];
    for (i, cell) in cells.chunks_exact_mut(DIRECTIONS).enumerate() {
        let from = ((i / CELLS + 1) * WIDE + i % CELLS + 1) * DIRECTIONS;
        cell.copy_from_slice(&wide[from..from + DIRECTIONS]);
    }
    cells
}

/// Square roots of shares, taken apart by waves over rows, columns and directions; `None` where nothing changes at all.
fn transformed(cells: &[f32; SKETCH_BITS], tables: &Tables) -> Option<[f32; SKETCH_BITS]> {
    let sum: f32 = cells.iter().sum();
    if sum < 1e-6 {
        return None;
    }
    let mut a = cells.map(|c| (c / sum).sqrt());
    let mut b = [0.0; SKETCH_BITS];
    for (from, to) in a.chunks_exact(DIRECTIONS).zip(b.chunks_exact_mut(DIRECTIONS)) {
        for (value, wave) in to.iter_mut().zip(&tables.fourier) {
            *value = wave.iter().zip(from).map(|(w, f)| w * f).sum();
        }
    }
    for (row, out) in b.chunks_exact(ROW).zip(a.chunks_exact_mut(ROW)) {
        for (k, wave) in tables.cosines.iter().enumerate() {
            for d in 0..DIRECTIONS {
                out[k * DIRECTIONS + d] = (0..CELLS).map(|c| wave[c] * row[c * DIRECTIONS + d]).sum();
            }
        }
    }
    for (k, wave) in tables.cosines.iter().enumerate() {
        for i in 0..ROW {
            b[k * ROW + i] = (0..CELLS).map(|r| wave[r] * a[r * ROW + i]).sum();
        }
    }
    Some(b)
}

fn sketch(numbers: &[f32; SKETCH_BITS]) -> (u128, [f32; SKETCH_BITS]) {
    let mut bits = 0;
    let mut margins = [0.0; SKETCH_BITS];
    for (i, (number, median)) in numbers.iter().zip(&MEDIANS).enumerate() {
        let over = number - median;
        bits |= u128::from(over > 0.0) << i;
        margins[i] = over.abs();
    }
    (bits, margins)
}
