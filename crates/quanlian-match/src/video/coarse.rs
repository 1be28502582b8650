//! Coarse comparison: with a quarter of the cells, for the many places and moments that are only looked over.
//!
//! In:  a window of a suspect and a stretch of a work.
//! Out: the changes of the window, and those of the work along any line.
//!
//! Not here: which lines (`verify`).

use super::changes::Changes;
use super::frame::GRID;
use super::place::{Mapping, Stretch};
use super::verify::Window;

/// Cells of a quarter as many, for scanning.
fn quarters(seen: &[u16]) -> Vec<(usize, [usize; 4])> {
    let position = |cell: usize| seen.iter().position(|&c| c as usize == cell);
    let mut out = Vec::new();
    for y in (0..GRID).step_by(2) {
        for x in (0..GRID).step_by(2) {
            let at = y * GRID + x;
            if let (Some(a), Some(b), Some(c), Some(d)) = (
                position(at),
                position(at + 1),
                position(at + GRID),
                position(at + GRID + 1),
            ) {
                out.push((at, [a, b, c, d]));
            }
        }
    }
    out
}

/// A work and a window with a quarter of the cells.
pub(super) struct Coarse {
    cells: usize,
    pub(super) suspect: Changes,
    work: Vec<f32>,
    first: i64,
    steps: usize,
}

impl Coarse {
    pub(super) fn new(window: &Window<'_>, mapping: &Mapping, stretch: &Stretch) -> Self {
        let quarters = quarters(&mapping.seen);
        let (cells, seen) = (quarters.len().max(1), mapping.seen.len());
        let fine = mapping.suspect(window.cells);
        let suspect = fine
            .chunks_exact(seen)
            .flat_map(|step| {
                quarters
                    .iter()
                    .map(|(_, of)| of.iter().map(|&i| step[i]).sum::<f32>() / 4.0)
            })
            .collect();
        let work = stretch
            .cells
            .iter()
            .flat_map(|step| {
                quarters.iter().map(|&(at, _)| {
                    let sum: u16 = [at, at + 1, at + GRID, at + GRID + 1]
                        .iter()
                        .map(|&i| u16::from(step[i]))
                        .sum();
                    f32::from(sum) / 4.0
                })
            })
            .collect();
        Self {
            cells,
            suspect: Changes::of(suspect, cells),
            work,
            first: stretch.first,
            steps: stretch.cells.len(),
        }
    }

    pub(super) fn work(&self, steps: impl Iterator<Item = f64>) -> Changes {
        let mut out = Vec::with_capacity(self.suspect.values.len());
        for at in steps {
            let at = (at - self.first as f64).clamp(0.0, self.steps as f64 - 1.0);
            let (step, part) = (at as usize, at.fract() as f32);
            let next = (step + 1).min(self.steps - 1);
            let row = |s: usize| &self.work[s * self.cells..(s + 1) * self.cells];
            out.extend(row(step).iter().zip(row(next)).map(|(a, b)| a + (b - a) * part));
        }
        Changes::of(out, self.cells)
    }
}
