//! Regions: where in a suspect a whole picture may lie, by its straight edges.
//!
//! In:  a [`Plane`].
//! Out: boxes of pixels `[x0, y0, x1, y1]`: what is left inside a border of one colour, and rectangles inside a page.
//!
//! Not here: whether a picture lies there (`search` hashes each).

use super::plane::Plane;

/// Rectangles inside a page that are looked at.
const MAX_INNER: usize = 6;
/// A border differs no more than this from its first pixel, on the mean.
const BORDER_SPREAD: f32 = 0.03;
/// An edge is at least this strong along its whole length.
const EDGE_STEP: f32 = 0.025;
/// Least length of an edge, as a share of the longer side.
const MIN_EDGE: f32 = 0.1;
/// Pixels of an edge that may be weak, one after the other.
const MAX_GAP: usize = 3;
/// Straight edges kept in either direction.
const MAX_EDGES: usize = 24;
/// Pixels that ends of edges may lie apart where they meet.
const CORNER: usize = 8;

/// What is left when borders of one colour are cut away; `None` when nothing or nearly everything is.
pub(super) fn trimmed(plane: &Plane) -> Option<[usize; 4]> {
    let (w, h) = (plane.width, plane.height);
    let plain = |line: &mut dyn Iterator<Item = f32>, colour: f32| {
        let (mut n, mut off) = (0.0f32, 0.0f32);
        for value in line {
            off += (value - colour).abs();
            n += 1.0;
        }
        off <= BORDER_SPREAD * n
    };
    let row = |y: usize| plane.row(y).iter().copied();
    let column = |x: usize| (0..h).map(move |y| plane.at(x, y));
    let mut area = [0, 0, w, h];
    let corner = |x: usize, y: usize| plane.at(x, y);
    while area[1] + 1 < area[3] && plain(&mut row(area[1]), corner(w / 2, 0)) {
        area[1] += 1;
    }
    while area[1] + 1 < area[3] && plain(&mut row(area[3] - 1), corner(w / 2, h - 1)) {
        area[3] -= 1;
    }
    while area[0] + 1 < area[2] && plain(&mut column(area[0]), corner(0, h / 2)) {
        area[0] += 1;
    }
    while area[0] + 1 < area[2] && plain(&mut column(area[2] - 1), corner(w - 1, h / 2)) {
        area[2] -= 1;
    }
    let left = (area[2] - area[0]) as f32 * (area[3] - area[1]) as f32 / (w * h) as f32;
    (left > 0.04 && left < 0.985).then_some(area)
}

/// A straight edge between columns (or rows) `at - 1` and `at`, from `start` to before `end`.
#[derive(Debug, Clone, Copy)]
struct Edge {
    at: usize,
    start: usize,
    end: usize,
}

impl Edge {
    fn length(&self) -> usize {
        self.end - self.start
    }
}

/// Rectangles whose four sides are straight edges, the largest first.
pub(super) fn inner(plane: &Plane) -> Vec<[usize; 4]> {
    let least = ((plane.long_side() as f32 * MIN_EDGE) as usize).max(16);
    let upright = edges(plane.width, plane.height, least, |x, y| plane.at(x, y));
    let level = edges(plane.height, plane.width, least, |y, x| plane.at(x, y));
    let mut found: Vec<[usize; 4]> = Vec::new();
    for (i, left) in upright.iter().enumerate() {
        for right in &upright[i + 1..] {
            let (left, right) = if left.at < right.at {
                (left, right)
            } else {
                (right, left)
            };
            let (top, bottom) = (left.start.max(right.start), left.end.min(right.end));
            if right.at < left.at + least || bottom < top + least {
                continue;
            }
            // An edge may go on beyond the picture where something else lies in line with it.
            let spans = |edge: &&Edge| edge.start <= left.at + CORNER && edge.end + CORNER >= right.at;
            let near = |y: usize| {
                let closest = level.iter().filter(spans).min_by_key(|e| e.at.abs_diff(y));
                closest.filter(|e| e.at.abs_diff(y) <= CORNER).map(|e| e.at)
            };
            let (upper, lower) = (near(top), near(bottom));
            if upper.is_none() && lower.is_none() {
                continue;
            }
            let area = [left.at, upper.unwrap_or(top), right.at, lower.unwrap_or(bottom)];
            if area[3] >= area[1] + least && !found.iter().any(|other| alike(other, &area)) {
                found.push(area);
            }
        }
    }
    found.sort_by_key(|a| std::cmp::Reverse((a[2] - a[0]) * (a[3] - a[1])));
    found.truncate(MAX_INNER);
    found
}

fn alike(a: &[usize; 4], b: &[usize; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 3)
}

/// Long straight edges across the first direction, the longest first.
fn edges(across: usize, along: usize, least: usize, value: impl Fn(usize, usize) -> f32) -> Vec<Edge> {
    let mut found: Vec<Edge> = Vec::new();
    for at in 1..across {
        let (mut start, mut last, mut side) = (0, None::<usize>, false);
        let mut best: Option<Edge> = None;
        for i in 0..=along {
            let step = if i < along {
                value(at, i) - value(at - 1, i)
            } else {
                0.0
            };
            let strong = step.abs() >= EDGE_STEP;
            let goes_on = last.is_some_and(|l| i - l <= MAX_GAP) && i < along;
            if !goes_on || strong && side != (step > 0.0) && last.is_some_and(|l| i > l + 1) {
                if let Some(end) = last.take() {
                    let edge = Edge {
                        at,
                        start,
                        end: end + 1,
                    };
                    if edge.length() >= least && best.is_none_or(|b| edge.length() > b.length()) {
                        best = Some(edge);
                    }
                }
                start = i;
            }
            if strong {
                side = step > 0.0;
                last = Some(i);
            }
        }
        found.extend(best);
    }
    found.sort_by_key(|e| (std::cmp::Reverse(e.length()), e.at));
    let mut kept: Vec<Edge> = Vec::new();
    for edge in found {
        if !kept.iter().any(|k| k.at.abs_diff(edge.at) <= 2) {
            kept.push(edge);
            if kept.len() == MAX_EDGES {
                break;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(plane: &mut Plane, [x0, y0, x1, y1]: [usize; 4]) {
        let mut state = 1u32;
        for y in y0..y1 {
            for x in x0..x1 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                plane.pixels[y * plane.width + x] = (state >> 8) as f32 / (1 << 25) as f32;
            }
        }
    }

    #[test]
    fn a_border_of_one_colour_is_cut_away() {
        let mut plane = Plane::new(120, 90);
        plane.pixels.fill(0.7);
        noise(&mut plane, [10, 12, 110, 80]);
        assert_eq!(trimmed(&plane), Some([10, 12, 110, 80]));
        assert_eq!(trimmed(&Plane::new(50, 50)), None);
        noise(&mut plane, [0, 0, 120, 90]);
        assert_eq!(trimmed(&plane), None);
    }

    #[test]
    fn a_picture_on_a_page_is_framed() {
        let mut plane = Plane::new(300, 200);
        plane.pixels.fill(0.95);
        for y in (20..180).step_by(12) {
            plane.pixels[y * 300 + 15..y * 300 + 90].fill(0.3);
        }
        noise(&mut plane, [120, 40, 260, 150]);
        let found = inner(&plane);
        assert!(found.iter().any(|f| alike(f, &[120, 40, 260, 150])), "{found:?}");
    }

    #[test]
    fn no_edges_no_rectangles() {
        assert!(inner(&Plane::new(1, 1)).is_empty());
        assert!(inner(&Plane::new(200, 100)).is_empty());
    }
}
