//! Single pictures of a film: their bars, their hashes, their cells.
//!
//! In:  the [`Step`] pictures of a minute.
//! Out: the [`Bars`] around all of them; for each its [`Look`] and its [`Cells`] within the bars.
//!
//! Invariants: bars are dark, of one tone and there in every picture of the minute that shows anything, and leave at
//! least [`MIN_SIDE`] of [`SIDE`] pixels either way; pictures of one colour have no look.
//!
//! Not here: which looks are kept (`reel`).

use super::decode::{PIXELS, SIDE, Step};
use crate::image::hash::{self, Direction, Hash, Waves};
use crate::image::plane::Plane;

/// Cells on a side of the grid that movement is compared on.
pub(super) const GRID: usize = 16;
/// Cells of a step.
pub(super) const CELLS: usize = GRID * GRID;
/// Mean greys of a step within its bars, row by row.
pub(super) type Cells = [u8; CELLS];

/// Value of white in a [`Step`].
const WHITE: f32 = 1020.0;
/// No pixel of a bar is lighter than this share of white …
const BAR_LIGHTEST: u16 = 160;
/// … nor do two of one row or column differ by more.
const BAR_SPREAD: u16 = 56;
/// Pixels that bars leave at least.
const MIN_SIDE: usize = 32;
/// Pictures with less change than this, on the scale of the hash of pictures, are black, of one colour or nearly so.
const MIN_QUALITY: u8 = 12;
/// The inner part whose hash is kept as well: what a tenth cut away from either side's length leaves.
pub(super) const INNER: f32 = 0.05;
/// A picture mirrored left to right.
const MIRRORED: Direction = Direction {
    transposed: false,
    mirrored_x: true,
    mirrored_y: false,
};
const UPRIGHT: Direction = Direction {
    transposed: false,
    mirrored_x: false,
    mirrored_y: false,
};

/// Pixels of bars on the left, above, on the right and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bars(pub(super) [usize; 4]);

impl Bars {
    pub(super) const NONE: Self = Self([0; 4]);

    /// The bars that all `steps` have; those without content have no say.
    pub(super) fn around<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut least: Option<[usize; 4]> = None;
        for step in steps {
            let Some(own) = bars_of(step) else { continue };
            least = Some(match least {
                None => own,
                Some(known) => std::array::from_fn(|i| known[i].min(own[i])),
            });
        }
        let mut bars = least.unwrap_or([0; 4]);
        // What is dark nearly everywhere is no film in bars.
        if bars[0] + bars[2] > SIDE - MIN_SIDE {
            (bars[0], bars[2]) = (0, 0);
        }
        if bars[1] + bars[3] > SIDE - MIN_SIDE {
            (bars[1], bars[3]) = (0, 0);
        }
        Self(bars)
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// Bars of one picture; `None` when it is dark all over.
fn bars_of(step: &Step) -> Option<[usize; 4]> {
    let is_bar = |pixels: &mut dyn Iterator<Item = u16>| {
        let (low, high) = pixels.fold((u16::MAX, 0), |(low, high), p| (low.min(p), high.max(p)));
        high <= BAR_LIGHTEST && high - low <= BAR_SPREAD
    };
    let row = |y: usize| is_bar(&mut step[y * SIDE..(y + 1) * SIDE].iter().copied());
    let above = (0..SIDE).take_while(|&y| row(y)).count();
    if above == SIDE {
        return None;
    }
    let below = (0..SIDE).rev().take_while(|&y| row(y)).count();
    // Columns between the bars above and below: a subtitle in a bar is content, a column is not.
    let column = |x: usize| is_bar(&mut (above..SIDE - below).map(|y| step[y * SIDE + x]));
    let left = (0..SIDE).take_while(|&x| column(x)).count();
    let right = (0..SIDE).rev().take_while(|&x| column(x)).count();
    Some([left, above, right, below])
}

/// A picture within its bars.
pub(super) fn within(step: &Step, bars: Bars) -> Plane {
    let [left, above, right, below] = bars.0;
    let whole = Plane {
        width: SIDE,
        height: SIDE,
        pixels: step.iter().take(PIXELS).map(|&p| f32::from(p) / WHITE).collect(),
    };
    whole.cut([left, above, SIDE - right, SIDE - below])
}

/// The mean greys of a picture.
pub(super) fn cells(plane: &Plane) -> Cells {
    let small = plane.resized(GRID, GRID);
    std::array::from_fn(|i| (small.pixels[i] * 255.0).round() as u8)
}

/// Hashes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Of all of it, and of its inner part.
    pub(super) hashes: [Hash; 2],
    /// The same of the picture in a mirror.
    pub(super) mirrored: [Hash; 2],
}

/// The look of a picture; `None` for one that shows next to nothing.
pub(super) fn look(plane: &Plane) -> Option<Look> {
    let waves = Waves::of(plane);
    if waves.quality < MIN_QUALITY {
        return None;
    }
    let at = |share: f32, side: usize| (share * side as f32).round() as usize;
    let (width, height) = (plane.width, plane.height);
    let inner = Waves::of(&plane.cut([
        at(INNER, width),
        at(INNER, height),
        width - at(INNER, width),
        height - at(INNER, height),
    ]));
    Some(Look {
        hashes: [waves.hash(UPRIGHT), inner.hash(UPRIGHT)],
        mirrored: [waves.hash(MIRRORED), inner.hash(MIRRORED)],
    })
}

/// Bits in which two hashes differ.
pub(super) fn distance(a: &Hash, b: &Hash) -> u32 {
    hash::distance(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(grey: impl Fn(usize, usize) -> u16) -> Step {
        std::array::from_fn(|i| grey(i % SIDE, i / SIDE))
    }

    #[test]
    fn bars_are_what_every_picture_has() {
        let boxed = step(|x, y| {
            if (8..88).contains(&y) {
                (x * 10) as u16 % 600 + 300
            } else {
                60
            }
        });
        let black = step(|_, _| 0);
        let subtitle = step(|x, y| {
            if (8..90).contains(&y) {
                (x * 10) as u16 % 600 + 300
            } else {
                60
            }
        });
        assert_eq!(Bars::around([&boxed, &black].into_iter()), Bars([0, 8, 0, 8]));
        assert_eq!(Bars::around([&boxed, &subtitle].into_iter()), Bars([0, 8, 0, 6]));
        assert_eq!(Bars::around([&black].into_iter()), Bars::NONE);
        assert_eq!(Bars::around(std::iter::empty()), Bars::NONE);
    }

    #[test]
    fn a_light_in_the_dark_is_no_film_in_bars() {
        let lamp = step(|x, y| {
            if (40..50).contains(&x) && (40..50).contains(&y) {
                1000
            } else {
                10
            }
        });
        assert_eq!(Bars::around([&lamp].into_iter()), Bars::NONE);
    }

    #[test]
    fn one_colour_has_no_look_and_cells_keep_their_place() {
        let grey = within(&step(|_, _| 512), Bars::NONE);
        assert_eq!(look(&grey), None);
        assert!(cells(&grey).iter().all(|&c| c == 128));
        let half = cells(&within(&step(|x, _| if x < 48 { 0 } else { 1020 }), Bars::NONE));
        assert_eq!((half[0], half[GRID - 1]), (0, 255));
    }
}
