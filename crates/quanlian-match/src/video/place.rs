//! Places: which cells of a work and of a suspect belong together, and what a work shows between two steps.
//!
//! In:  the area of a work that a suspect shows; steps of a work.
//! Out: the suspect's greys as the work's cells would show them ([`Mapping`]), the work's at any moment ([`Stretch`]).
//!
//! Not here: which area and moment (`verify`).

use super::frame::{CELLS, Cells, GRID};
use super::reel::Reel;

/// Where the cells of the work lie in the picture of the suspect.
pub(super) struct Mapping {
    /// Cells of the work that the suspect shows.
    pub(super) seen: Vec<u16>,
    /// For each, the cell above left of it in the suspect and how far beyond it lies.
    pub(super) taps: Vec<(u16, f32, f32)>,
}

impl Mapping {
    pub(super) fn new(area: [f64; 4], mirrored: bool) -> Self {
        let (mut seen, mut taps) = (Vec::with_capacity(CELLS), Vec::with_capacity(CELLS));
        let side = GRID as f64;
        for cell in 0..CELLS {
            let u = ((cell % GRID) as f64 + 0.5) / side;
            let v = ((cell / GRID) as f64 + 0.5) / side;
            let mut x = (u - area[0]) / (area[2] - area[0]);
            let y = (v - area[1]) / (area[3] - area[1]);
            // Half a cell beyond the rim still shows a part of it.
            if !(-0.02..=1.02).contains(&x) || !(-0.02..=1.02).contains(&y) {
                continue;
            }
            if mirrored {
                x = 1.0 - x;
            }
            let place = |p: f64| (p * side - 0.5).clamp(0.0, side - 1.001);
            let (x, y) = (place(x), place(y));
            seen.push(cell as u16);
            taps.push((
                (y as usize * GRID + x as usize) as u16,
                x.fract() as f32,
                y.fract() as f32,
            ));
        }
        Self { seen, taps }
    }

    pub(super) fn of_suspect(&self, cells: &Cells, out: &mut Vec<f32>) {
        for &(at, x, y) in &self.taps {
            let at = at as usize;
            let grey = |i: usize| f32::from(cells[i]);
            let upper = grey(at) * (1.0 - x) + grey(at + 1) * x;
            let lower = grey(at + GRID) * (1.0 - x) + grey(at + GRID + 1) * x;
            out.push(upper * (1.0 - y) + lower * y);
        }
    }

    /// The suspect as the work's cells would show it.
    pub(super) fn suspect(&self, window: &[Cells]) -> Vec<f32> {
        let mut out = Vec::with_capacity(window.len() * self.seen.len());
        for cells in window {
            self.of_suspect(cells, &mut out);
        }
        out
    }
}

/// A stretch of a work, read once.
pub(super) struct Stretch {
    pub(super) first: i64,
    pub(super) cells: Vec<Cells>,
}

impl Stretch {
    pub(super) fn read(reel: &mut Reel<'_>, from: i64, to: i64) -> Self {
        let first = from.max(0);
        let cells = reel.read(first as u32, to.max(first) as u32);
        Self { first, cells }
    }

    /// Whether steps from `first` to `last` lie in it.
    pub(super) fn holds(&self, first: f64, last: f64) -> bool {
        first >= self.first as f64 - 0.75 && last <= self.first as f64 + self.cells.len() as f64 - 0.25
    }

    /// The two steps around a moment, and how far it lies between them.
    pub(super) fn around(&self, at: f64) -> (&Cells, &Cells, f32) {
        let at = (at - self.first as f64).clamp(0.0, self.cells.len() as f64 - 1.0);
        let step = at as usize;
        (
            &self.cells[step],
            &self.cells[(step + 1).min(self.cells.len() - 1)],
            at.fract() as f32,
        )
    }

    pub(super) fn sample(&self, seen: &[u16], steps: impl Iterator<Item = f64>) -> Vec<f32> {
        let mut out = Vec::new();
        for at in steps {
            let (a, b, part) = self.around(at);
            out.extend(seen.iter().map(|&c| {
                let c = c as usize;
                f32::from(a[c]) * (1.0 - part) + f32::from(b[c]) * part
            }));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Cells {
        std::array::from_fn(|i| (i % GRID * 10) as u8)
    }

    #[test]
    fn a_mirror_turns_rows_round_and_a_cropped_suspect_shows_fewer_cells() {
        let whole = Mapping::new([0.0, 0.0, 1.0, 1.0], false).suspect(&[ramp()]);
        let turned = Mapping::new([0.0, 0.0, 1.0, 1.0], true).suspect(&[ramp()]);
        assert!(
            whole[..GRID]
                .iter()
                .zip(turned[..GRID].iter().rev())
                .all(|(a, b)| (a - b).abs() < 0.1)
        );
        let cropped = Mapping::new([0.1, 0.1, 0.9, 0.9], false);
        assert!(cropped.seen.len() < CELLS && cropped.seen.len() > CELLS / 2);
        // The middle of both lies in the same place, and what is shown is larger.
        let greys = cropped.suspect(&[ramp()]);
        assert!(greys[4] - greys[3] > 11.0, "{:?}", &greys[..5]);
    }

    #[test]
    fn a_work_is_read_between_its_steps_and_not_beyond_its_ends() {
        let stretch = Stretch {
            first: 10,
            cells: vec![[0; CELLS], [100; CELLS]],
        };
        assert!(stretch.holds(10.0, 11.0) && !stretch.holds(8.0, 11.0) && !stretch.holds(10.0, 13.0));
        let greys = stretch.sample(&[0, 5], [10.25, -7.0, 99.0].into_iter());
        assert_eq!(greys, [25.0, 25.0, 0.0, 0.0, 100.0, 100.0]);
    }
}
