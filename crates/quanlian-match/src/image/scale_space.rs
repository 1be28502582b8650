//! Scale space: places of a picture that are found again at another size, turned, cropped or re-encoded.
//!
//! In:  a grey [`Plane`].
//! Out: its blurred [`Level`]s, and the [`Spot`]s where the difference of two neighbouring levels is larger (or smaller)
//!      than all around it and on the levels beside.
//!
//! Source: Lowe 2004, "Distinctive image features from scale-invariant keypoints", sections 3 and 4.
//!
//! Not here: what a spot looks like (`feature`).

use super::plane::Plane;

/// Levels between one octave and the next.
const LEVELS: usize = 3;
/// Blur of the first level, in pixels.
const FIRST_SIGMA: f32 = 1.6;
/// Blur that the picture is taken to have already.
const CAMERA_SIGMA: f32 = 0.5;
/// Octaves end before a side falls below this.
const MIN_SIDE: usize = 16;
/// Spots do not lie nearer to the edge of a level.
const EDGE: usize = 4;
/// Least difference between levels at a spot, of a full range of one.
const MIN_CONTRAST: f32 = 0.003;
/// A spot that is drawn out more than this is a piece of a line, which is found anywhere along the line.
const MAX_STRETCH: f32 = 10.0;

/// The picture at one size and blur.
pub(super) struct Level {
    pub(super) plane: Plane,
    /// Pixels of the first octave to one of this level.
    pub(super) step: f32,
}

/// A spot, in pixels of the plane that it was looked for in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Size: the blur at which it stands out.
    pub(super) sigma: f32,
    /// How much it stands out.
    pub(super) contrast: f32,
    pub(super) octave: usize,
    /// Index of the level to look at it on.
    pub(super) level: usize,
}

/// All levels of all octaves, and the spots in order of octave, level and place.
pub(super) struct ScaleSpace {
    pub(super) levels: Vec<Level>,
    pub(super) spots: Vec<Spot>,
}

impl ScaleSpace {
    pub(super) fn of(plane: &Plane) -> Self {
        let mut space = Self {
            levels: Vec::new(),
            spots: Vec::new(),
        };
        let missing = (FIRST_SIGMA * FIRST_SIGMA - CAMERA_SIGMA * CAMERA_SIGMA).sqrt();
        let mut first = plane.blurred(missing);
        for octave in 0.. {
            if first.width.min(first.height) < MIN_SIDE {
                break;
            }
            first = space.add_octave(octave, first);
        }
        space
    }

    /// Adds one octave that starts with a plane of [`FIRST_SIGMA`]; returns the first plane of the next.
    fn add_octave(&mut self, octave: usize, first: Plane) -> Plane {
        let mut planes = vec![first];
        for i in 1..LEVELS + 3 {
            let (before, now) = (sigma_of(i as f32 - 1.0), sigma_of(i as f32));
            planes.push(planes[i - 1].blurred((now * now - before * before).sqrt()));
        }
        let differences: Vec<Plane> = planes.windows(2).map(|pair| pair[1].minus(&pair[0])).collect();
        let start = self.levels.len();
        for middle in 1..=LEVELS {
            self.find_spots(octave, start, middle, &differences);
        }
        let next = planes[LEVELS].every_second();
        let step = (1_u32 << octave.min(31)) as f32;
        self.levels.extend(
            planes
                .into_iter()
                .take(LEVELS + 1)
                .map(|plane| Level { plane, step }),
        );
        next
    }

    fn find_spots(&mut self, octave: usize, start: usize, middle: usize, differences: &[Plane]) {
        let plane = &differences[middle];
        let (width, height) = (plane.width, plane.height);
        let three = [&differences[middle - 1], plane, &differences[middle + 1]];
        for y in EDGE..height.saturating_sub(EDGE) {
            let row = plane.row(y);
            for (x, &value) in row.iter().enumerate().take(width.saturating_sub(EDGE)).skip(EDGE) {
                if value.abs() < 0.8 * MIN_CONTRAST || !stands_out(three, x, y, value) {
                    continue;
                }
                let Some(fine) = refine(differences, middle, x, y) else {
                    continue;
                };
                let step = (1_u32 << octave.min(31)) as f32;
                self.spots.push(Spot {
                    x: (fine.x * step) + 0.5,
                    y: (fine.y * step) + 0.5,
                    sigma: sigma_of(fine.level) * step,
                    contrast: fine.contrast,
                    octave,
                    level: start + (fine.level.round() as usize).clamp(1, LEVELS),
                });
            }
        }
    }
}

/// Blur of a level within its octave, in pixels of that octave.
fn sigma_of(level: f32) -> f32 {
    FIRST_SIGMA * (level / LEVELS as f32).exp2()
}

/// Whether no neighbour, on this level or the two beside it, is further from zero on the same side.
fn stands_out(three: [&Plane; 3], x: usize, y: usize, value: f32) -> bool {
    let beats = |other: f32| {
        if value > 0.0 {
            value >= other
        } else {
            value <= other
        }
    };
    // The own level first: it decides most cases.
    [three[1], three[0], three[2]]
        .iter()
        .all(|plane| (y - 1..=y + 1).all(|y| plane.row(y)[x - 1..=x + 1].iter().all(|&other| beats(other))))
}

/// A spot placed between pixels and levels, in pixels of its octave.
struct Fine {
    x: f32,
    y: f32,
    level: f32,
    contrast: f32,
}

/// Fits a paraboloid to the differences around a spot; `None` when it is weak, drawn out or not a spot after all.
fn refine(differences: &[Plane], mut level: usize, mut x: usize, mut y: usize) -> Option<Fine> {
    const MAX_MOVES: usize = 4;
    for _ in 0..MAX_MOVES {
        let (below, here, above) = (
            &differences[level - 1],
            &differences[level],
            &differences[level + 1],
        );
        let value = here.at(x, y);
        let dx = 0.5 * (here.at(x + 1, y) - here.at(x - 1, y));
        let dy = 0.5 * (here.at(x, y + 1) - here.at(x, y - 1));
        let ds = 0.5 * (above.at(x, y) - below.at(x, y));
        let dxx = here.at(x + 1, y) + here.at(x - 1, y) - 2.0 * value;
        let dyy = here.at(x, y + 1) + here.at(x, y - 1) - 2.0 * value;
        let dss = above.at(x, y) + below.at(x, y) - 2.0 * value;
        let corner =
            |p: &Plane| p.at(x + 1, y + 1) - p.at(x - 1, y + 1) - p.at(x + 1, y - 1) + p.at(x - 1, y - 1);
        let dxy = 0.25 * corner(here);
        let dxs = 0.25 * (above.at(x + 1, y) - above.at(x - 1, y) - below.at(x + 1, y) + below.at(x - 1, y));
        let dys = 0.25 * (above.at(x, y + 1) - above.at(x, y - 1) - below.at(x, y + 1) + below.at(x, y - 1));
        let [ox, oy, os] = solve3(
            [[dxx, dxy, dxs], [dxy, dyy, dys], [dxs, dys, dss]],
            [-dx, -dy, -ds],
        )?;
        if ox.abs() <= 0.6 && oy.abs() <= 0.6 && os.abs() <= 0.6 {
            let contrast = (value + 0.5 * (dx * ox + dy * oy + ds * os)).abs();
            let (trace, determinant) = (dxx + dyy, dxx * dyy - dxy * dxy);
            let round =
                determinant > 0.0 && trace * trace * MAX_STRETCH < (MAX_STRETCH + 1.0).powi(2) * determinant;
            return (contrast >= MIN_CONTRAST && round).then_some(Fine {
                x: x as f32 + ox,
                y: y as f32 + oy,
                level: level as f32 + os,
                contrast,
            });
        }
        let moved = |at: usize, by: f32, low: usize, high: usize| -> Option<usize> {
            let to = (at + usize::from(by > 0.6)).checked_sub(usize::from(by < -0.6))?;
            (low..=high).contains(&to).then_some(to)
        };
        x = moved(x, ox, EDGE, here.width - 1 - EDGE)?;
        y = moved(y, oy, EDGE, here.height - 1 - EDGE)?;
        level = moved(level, os, 1, differences.len() - 2)?;
    }
    None
}

/// Solves three linear equations by Cramer's rule; `None` when they do not determine the unknowns.
fn solve3(m: [[f32; 3]; 3], right: [f32; 3]) -> Option<[f32; 3]> {
    let determinant = |m: &[[f32; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let all = determinant(&m);
    if all.abs() < 1e-20 {
        return None;
    }
    let with = |column: usize| {
        let mut changed = m;
        for row in 0..3 {
            changed[row][column] = right[row];
        }
        determinant(&changed) / all
    };
    let solution = [with(0), with(1), with(2)];
    solution.iter().all(|v| v.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(side: usize, x: f32, y: f32, sigma: f32) -> Plane {
        let mut plane = Plane::new(side, side);
        for row in 0..side {
            for column in 0..side {
                let (dx, dy) = (column as f32 + 0.5 - x, row as f32 + 0.5 - y);
                plane.pixels[row * side + column] = (-(dx * dx + dy * dy) / (2.0 * sigma * sigma)).exp();
            }
        }
        plane
    }

    #[test]
    fn a_blob_is_found_where_it_is_and_as_large_as_it_is() {
        for (x, y, sigma) in [(40.2, 61.7, 3.0), (64.5, 50.1, 6.0), (70.0, 60.0, 11.0)] {
            let space = ScaleSpace::of(&blob(128, x, y, sigma));
            let best = space
                .spots
                .iter()
                .max_by(|a, b| a.contrast.total_cmp(&b.contrast))
                .expect("a spot");
            assert!(
                (best.x - x).abs() < 0.3 && (best.y - y).abs() < 0.3,
                "{best:?} for {x}, {y}"
            );
            // A Gaussian blob stands out most at its own size (Lindeberg 1998).
            assert!((best.sigma / sigma).log2().abs() < 0.35, "{best:?} for {sigma}");
        }
    }

    #[test]
    fn one_colour_and_a_straight_edge_have_no_spots() {
        let mut plane = Plane::new(64, 64);
        assert!(ScaleSpace::of(&plane).spots.is_empty());
        for row in plane.pixels.chunks_exact_mut(64) {
            row[30..].fill(1.0);
        }
        assert!(ScaleSpace::of(&plane).spots.is_empty());
    }

    #[test]
    fn tiny_planes_have_none_either() {
        for (width, height) in [(1, 1), (1, 300), (15, 15), (16, 16), (17, 40)] {
            ScaleSpace::of(&Plane::new(width, height));
        }
    }
}
