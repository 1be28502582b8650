//! Geometry: maps of the plane that carry a suspect's places to those of a work.
//!
//! In:  pairs of places that belong together, most of them rightly.
//! Out: an [`Affine`] map; angles and boxes under it.
//!
//! Places are in long sides of either picture. A map with a negative determinant mirrors.
//!
//! Not here: which places belong together (`candidates`, `verify`).

use std::f32::consts::{PI, TAU};

/// `x' = m[0] x + m[1] y + m[2]`, `y' = m[3] x + m[4] y + m[5]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) m: [f32; 6],
}

/// A place of the suspect and the one of the work that should be the same, with a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) suspect: [f32; 2],
    pub(super) work: [f32; 2],
    pub(super) weight: f32,
}

impl Affine {
    /// The similarity that carries one oriented spot to another.
    ///
    /// Mirroring turns the x axis over before anything else.
    pub(super) fn from_spots(
        suspect: [f32; 2],
        work: [f32; 2],
        scale: f32,
        turn: f32,
        mirrored: bool,
    ) -> Self {
        let (cosine, sine) = (turn.cos() * scale, turn.sin() * scale);
        let side = if mirrored { -1.0 } else { 1.0 };
        let mut map = Self {
            m: [cosine * side, -sine, 0.0, sine * side, cosine, 0.0],
        };
        let [x, y] = map.apply(suspect);
        map.m[2] = work[0] - x;
        map.m[5] = work[1] - y;
        map
    }

    #[inline]
    pub(super) fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let m = &self.m;
        [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]]
    }

    pub(super) fn determinant(&self) -> f32 {
        self.m[0] * self.m[4] - self.m[1] * self.m[3]
    }

    pub(super) fn mirrors(&self) -> bool {
        self.determinant() < 0.0
    }

    /// How many times longer lengths become, on the whole.
    pub(super) fn scale(&self) -> f32 {
        self.determinant().abs().sqrt()
    }

    /// Longer over shorter axis of the ellipse that a circle becomes.
    pub(super) fn stretch(&self) -> f32 {
        let m = &self.m;
        let sum = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
        let product = 2.0 * self.determinant().abs();
        let (plus, minus) = ((sum + product).max(0.0).sqrt(), (sum - product).max(0.0).sqrt());
        (plus + minus) / (plus - minus).max(1e-9)
    }

    /// The direction that `angle` becomes.
    pub(super) fn angle(&self, angle: f32) -> f32 {
        let (sine, cosine) = angle.sin_cos();
        let m = &self.m;
        (m[3] * cosine + m[4] * sine).atan2(m[0] * cosine + m[1] * sine)
    }

    /// The map back; `None` when this one flattens the plane.
    pub(super) fn inverse(&self) -> Option<Self> {
        let m = &self.m;
        let determinant = self.determinant();
        if determinant.abs() < 1e-9 || !determinant.is_finite() {
            return None;
        }
        let (xx, xy, yx, yy) = (
            m[4] / determinant,
            -m[1] / determinant,
            -m[3] / determinant,
            m[0] / determinant,
        );
        let (x, y) = (-(xx * m[2] + xy * m[5]), -(yx * m[2] + yy * m[5]));
        Some(Self {
            m: [xx, xy, x, yx, yy, y],
        })
    }

    /// The smallest upright box around what a box becomes: `[x0, y0, x1, y1]`.
    pub(super) fn box_of(&self, [x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
        let corners = [[x0, y0], [x1, y0], [x0, y1], [x1, y1]].map(|p| self.apply(p));
        let low = |axis: usize| corners.iter().map(|c| c[axis]).fold(f32::INFINITY, f32::min);
        let high = |axis: usize| corners.iter().map(|c| c[axis]).fold(f32::NEG_INFINITY, f32::max);
        [low(0), low(1), high(0), high(1)]
    }

    /// The similarity with the least squared distances; `None` when the places do not determine it.
    pub(super) fn similarity(pairs: &[Pair], mirrored: bool) -> Option<Self> {
        let side = if mirrored { -1.0 } else { 1.0 };
        let weight: f32 = pairs.iter().map(|p| p.weight).sum();
        let mean = |of: &dyn Fn(&Pair) -> f32| pairs.iter().map(|p| p.weight * of(p)).sum::<f32>() / weight;
        let from = [mean(&|p| side * p.suspect[0]), mean(&|p| p.suspect[1])];
        let to = [mean(&|p| p.work[0]), mean(&|p| p.work[1])];
        let (mut dot, mut cross, mut spread) = (0.0f32, 0.0f32, 0.0f32);
        for p in pairs {
            let (x, y) = (side * p.suspect[0] - from[0], p.suspect[1] - from[1]);
            let (u, v) = (p.work[0] - to[0], p.work[1] - to[1]);
            dot += p.weight * (x * u + y * v);
            cross += p.weight * (x * v - y * u);
            spread += p.weight * (x * x + y * y);
        }
        // Places on top of each other say nothing about scale and turn.
        if spread.is_nan() || spread <= 1e-7 * weight {
            return None;
        }
        let (a, b) = (dot / spread, cross / spread);
        let map = Self {
            m: [
                a * side,
                -b,
                to[0] - (a * from[0] - b * from[1]),
                b * side,
                a,
                to[1] - (b * from[0] + a * from[1]),
            ],
        };
        map.is_sound().then_some(map)
    }

    /// The affine map with the least squared distances; `None` when the places do not determine it.
    pub(super) fn best(pairs: &[Pair]) -> Option<Self> {
        let weight: f32 = pairs.iter().map(|p| p.weight).sum();
        let mean = |of: &dyn Fn(&Pair) -> f32| pairs.iter().map(|p| p.weight * of(p)).sum::<f32>() / weight;
        let from = [mean(&|p| p.suspect[0]), mean(&|p| p.suspect[1])];
        let to = [mean(&|p| p.work[0]), mean(&|p| p.work[1])];
        let (mut xx, mut xy, mut yy) = (0.0f32, 0.0f32, 0.0f32);
        let mut right = [[0.0f32; 2]; 2];
        for p in pairs {
            let (x, y) = (p.suspect[0] - from[0], p.suspect[1] - from[1]);
            xx += p.weight * x * x;
            xy += p.weight * x * y;
            yy += p.weight * y * y;
            for (axis, row) in right.iter_mut().enumerate() {
                let u = p.work[axis] - to[axis];
                row[0] += p.weight * x * u;
                row[1] += p.weight * y * u;
            }
        }
        let determinant = xx * yy - xy * xy;
        // Places on one line leave the other direction open.
        if determinant.is_nan() || determinant <= 0.0025 * (xx + yy).powi(2) {
            return None;
        }
        let solve = |[p, q]: [f32; 2]| [(yy * p - xy * q) / determinant, (xx * q - xy * p) / determinant];
        let ([a, b], [c, d]) = (solve(right[0]), solve(right[1]));
        let map = Self {
            m: [
                a,
                b,
                to[0] - a * from[0] - b * from[1],
                c,
                d,
                to[1] - c * from[0] - d * from[1],
            ],
        };
        map.is_sound().then_some(map)
    }

    /// Whether all numbers are finite and nothing is flattened or blown up beyond use.
    fn is_sound(&self) -> bool {
        self.m.iter().all(|v| v.is_finite()) && (1e-3..1e3).contains(&self.scale())
    }
}

/// The difference of two angles, `0.0..=PI`.
pub(super) fn angle_between(a: f32, b: f32) -> f32 {
    let difference = (a - b).rem_euclid(TAU);
    if difference > PI {
        TAU - difference
    } else {
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(map: &Affine) -> Vec<Pair> {
        [[0.1, 0.2], [0.9, 0.1], [0.5, 0.7], [0.2, 0.6], [0.8, 0.8]]
            .map(|suspect| Pair {
                suspect,
                work: map.apply(suspect),
                weight: 1.0,
            })
            .to_vec()
    }

    proptest! {
        #[test]
        fn maps_are_found_again(scale in 0.2..4.0f32, turn in -3.0..3.0f32, mirrored: bool, x in -0.5..0.5f32, stretch in 0.6..1.6f32) {
            let map = Affine::from_spots([0.3, 0.4], [0.3 + x, 0.6], scale, turn, mirrored);
            prop_assert_eq!(map.mirrors(), mirrored);
            let found = Affine::similarity(&pairs(&map), mirrored).expect("determined");
            for (a, b) in map.m.iter().zip(found.m) {
                prop_assert!((a - b).abs() < 1e-3);
            }
            let mut bent = map;
            bent.m[0] *= stretch;
            bent.m[3] *= stretch;
            let found = Affine::best(&pairs(&bent)).expect("determined");
            for (a, b) in bent.m.iter().zip(found.m) {
                prop_assert!((a - b).abs() < 1e-3);
            }
            prop_assert!((bent.stretch() - stretch.max(1.0 / stretch)).abs() < 0.01);
            let back = bent.inverse().expect("not flat");
            let [u, v] = back.apply(bent.apply([0.25, 0.75]));
            prop_assert!((u - 0.25).abs() < 1e-3 && (v - 0.75).abs() < 1e-3);
        }

        #[test]
        fn no_pairs_make_a_panic(places in prop::collection::vec(any::<[f32; 4]>(), 0..6), mirrored: bool) {
            let pairs: Vec<Pair> = places.iter().map(|&[a, b, c, d]| Pair { suspect: [a, b], work: [c, d], weight: 1.0 }).collect();
            Affine::similarity(&pairs, mirrored);
            Affine::best(&pairs);
        }
    }

    #[test]
    fn angles_and_boxes_follow() {
        let quarter = Affine::from_spots([0.0, 0.0], [1.0, 0.0], 1.0, PI / 2.0, false);
        assert!(angle_between(quarter.angle(0.3), 0.3 + PI / 2.0) < 1e-4);
        let [x0, y0, x1, y1] = quarter.box_of([0.0, 0.0, 0.5, 0.25]);
        for (found, wanted) in [(x0, 0.75), (y0, 0.0), (x1, 1.0), (y1, 0.5)] {
            assert!((found - wanted).abs() < 1e-5);
        }
        let mirror = Affine::from_spots([0.0, 0.0], [1.0, 0.0], 1.0, 0.0, true);
        assert!(angle_between(mirror.angle(0.3), PI - 0.3) < 1e-4);
        assert!(angle_between(0.1, TAU - 0.1) < 0.21);
    }
}
