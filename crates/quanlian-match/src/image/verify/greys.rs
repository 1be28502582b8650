//! Greys: what the thumbnails of both pictures say once one is laid on the other.
//!
//! In:  the greys of the suspect, cell by cell, where they can be seen, and the thumbnail of the work.
//! Out: how well they agree, in the whole and around each cell, and what of the picture is the work.
//!
//! Not here: what agreement is worth (`calibration`), the map that lays them on each other ([`super`]).

use std::ops::{Range, RangeInclusive};

use super::super::calibration;
use super::super::record::THUMB_SIDE;

/// Cells of the thumbnail around each that are compared at once.
const WINDOW: usize = 3;
/// Cells agree when the pictures around them correlate at least so.
const MIN_CORRELATION: f32 = 0.6;
/// Cells on each side of one whose mean is taken off to leave its details.
const DETAIL: usize = 2;
/// Cells by which a thumbnail is shifted to see whether it repeats itself.
const SHIFTS: RangeInclusive<usize> = 3..=10;
/// Sum of squared details below which there are none.
const DETAIL_FLOOR: f64 = 0.01;
/// Standard deviation below which there is nothing to correlate, of a full range of one.
const FLAT: f32 = 0.012;

/// Bits for details that agree, less those that the work has in common with itself at another place.
pub(super) fn grey_bits(greys: &[Option<f32>], thumb: &[f32]) -> f64 {
    let details = Details::of(greys, thumb);
    // A flat picture has rounding for details.
    if details.aa < DETAIL_FLOOR || details.bb < DETAIL_FLOOR {
        return 0.0;
    }
    let cells = details.cells();
    let bits = calibration::grey_bits(details.correlation(), cells);
    if bits < 1.0 {
        return 0.0;
    }
    (bits - calibration::grey_bits(self_likeness(thumb), cells)).max(0.0)
}

/// How well the details of a thumbnail agree with themselves, shifted by [`SHIFTS`]: nearly one for whatever repeats.
fn self_likeness(thumb: &[f32]) -> f64 {
    let mut best = 0.0f64;
    for shift in SHIFTS {
        for [right, left, down] in [[shift, 0, 0], [0, 0, shift], [shift, 0, shift], [0, shift, shift]] {
            let at = |i: usize| {
                let x = (i % THUMB_SIDE + right)
                    .checked_sub(left)
                    .filter(|x| *x < THUMB_SIDE)?;
                thumb.get((i / THUMB_SIDE + down) * THUMB_SIDE + x).copied()
            };
            let shifted: Vec<Option<f32>> = (0..thumb.len()).map(at).collect();
            best = best.max(Details::of(&shifted, thumb).correlation());
        }
    }
    best
}

/// Sums over what is left of two grey pictures when the surroundings of each cell are taken off.
#[derive(Default)]
struct Details {
    ab: f64,
    aa: f64,
    bb: f64,
    aaaa: f64,
    bbbb: f64,
}

impl Details {
    fn of(greys: &[Option<f32>], thumb: &[f32]) -> Self {
        let mut sums = Self::default();
        for (i, grey) in greys.iter().enumerate() {
            let Some(grey) = grey else { continue };
            let around = |at: usize| at.saturating_sub(DETAIL)..(at + DETAIL + 1).min(THUMB_SIDE);
            let (mut n, mut a, mut b) = (0.0f32, 0.0f32, 0.0f32);
            for row in around(i / THUMB_SIDE) {
                for column in around(i % THUMB_SIDE) {
                    let j = row * THUMB_SIDE + column;
                    if let Some(other) = greys[j] {
                        n += 1.0;
                        a += other;
                        b += thumb[j];
                    }
                }
            }
            let (a, b) = (f64::from(grey - a / n), f64::from(thumb[i] - b / n));
            sums.ab += a * b;
            sums.aa += a * a;
            sums.bb += b * b;
            sums.aaaa += a.powi(4);
            sums.bbbb += b.powi(4);
        }
        sums
    }

    fn correlation(&self) -> f64 {
        self.ab / (self.aa * self.bb).sqrt().max(1e-9)
    }

    /// So many cells would have the same spread of details if all had equally strong ones.
    fn cells(&self) -> f64 {
        (self.aa * self.aa / self.aaaa).min(self.bb * self.bb / self.bbbb)
    }
}

pub(super) enum Agreement {
    Correlation(f32),
    BothFlat,
    Unknown,
}

/// Correlation of the greys over a part of the thumbnail.
pub(super) fn correlate(
    greys: &[Option<f32>],
    thumb: &[f32],
    columns: Range<usize>,
    rows: Range<usize>,
) -> Agreement {
    let (mut n, mut a, mut b, mut aa, mut bb, mut ab) = (0.0f32, 0.0, 0.0, 0.0, 0.0, 0.0f32);
    let cells = columns.len() * rows.len();
    for row in rows {
        for column in columns.clone() {
            let i = row * THUMB_SIDE + column;
            if let Some(grey) = greys[i] {
                n += 1.0;
                a += grey;
                b += thumb[i];
                aa += grey * grey;
                bb += thumb[i] * thumb[i];
                ab += grey * thumb[i];
            }
        }
    }
    if n < 9.0 || n * 4.0 < cells as f32 && cells < THUMB_SIDE * THUMB_SIDE {
        return Agreement::Unknown;
    }
    let (va, vb) = (
        (aa / n - (a / n).powi(2)).max(0.0),
        (bb / n - (b / n).powi(2)).max(0.0),
    );
    if va < FLAT * FLAT && vb < FLAT * FLAT {
        return Agreement::BothFlat;
    }
    Agreement::Correlation((ab / n - a / n * (b / n)) / (va * vb).sqrt().max(1e-6))
}

/// Whether the surroundings of a cell look the same in both; nothing is said where both are flat or unseen.
pub(super) fn agrees(greys: &[Option<f32>], thumb: &[f32], i: usize) -> Option<bool> {
    greys[i]?;
    let around = |at: usize| at.saturating_sub(WINDOW)..(at + WINDOW + 1).min(THUMB_SIDE);
    match correlate(greys, thumb, around(i % THUMB_SIDE), around(i / THUMB_SIDE)) {
        Agreement::Correlation(c) => Some(c >= MIN_CORRELATION),
        Agreement::BothFlat | Agreement::Unknown => None,
    }
}

/// Draws in the sides of a box along which nearly nothing agrees: there the suspect shows something else.
pub(super) fn trim(area: &mut [f32; 4], agreement: &[Option<bool>], sides: [f32; 2]) {
    // Cells whose middle lies in the box, by column and by row.
    let range = |low: f32, high: f32, side: f32| {
        let first =
            |value: f32| ((value / side * THUMB_SIDE as f32 - 0.5).ceil().max(0.0) as usize).min(THUMB_SIDE);
        first(low)..first(high)
    };
    let (mut columns, mut rows) = (
        range(area[0], area[2], sides[0]),
        range(area[1], area[3], sides[1]),
    );
    let foreign = |columns: Range<usize>, rows: Range<usize>| {
        let cells = rows.flat_map(|r| columns.clone().map(move |c| r * THUMB_SIDE + c));
        let (mut yes, mut no) = (0, 0);
        for agreed in cells.filter_map(|i| agreement[i]) {
            yes += u32::from(agreed);
            no += u32::from(!agreed);
        }
        no > 5 * yes && no > 1
    };
    let middle = |at: usize, side: f32| at as f32 / THUMB_SIDE as f32 * side;
    while columns.len() > 2 && foreign(columns.start..columns.start + 1, rows.clone()) {
        columns.start += 1;
        area[0] = middle(columns.start, sides[0]);
    }
    while columns.len() > 2 && foreign(columns.end - 1..columns.end, rows.clone()) {
        columns.end -= 1;
        area[2] = middle(columns.end, sides[0]);
    }
    while rows.len() > 2 && foreign(columns.clone(), rows.start..rows.start + 1) {
        rows.start += 1;
        area[1] = middle(rows.start, sides[1]);
    }
    while rows.len() > 2 && foreign(columns.clone(), rows.end - 1..rows.end) {
        rows.end -= 1;
        area[3] = middle(rows.end, sides[1]);
    }
}
