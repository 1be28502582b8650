//! Changes: what moves in a stretch of film, apart from what stands.
//!
//! In:  cells of some steps, one step after the other.
//! Out: [`Changes`], and how those of two stretches correlate.
//!
//! Of every step the mean picture of the stretch is taken off, also where it was only lightened or darkened as a whole.
//!
//! Not here: which cells of two films belong together (`place`).

/// Variance of the grey of a cell that decoding twice makes, in squared levels.
pub(super) const NOISE: f64 = 0.35;
/// Steps that quick changes are measured over.
const QUICK_STEPS: usize = 3;

/// Changes over a stretch: for each step the cells that are compared.
#[derive(Clone)]
pub(super) struct Changes {
    pub(super) cells: usize,
    pub(super) values: Vec<f32>,
    pub(super) energy: f64,
    /// Energy that decoding twice adds to each value.
    noise: f64,
    pub(super) standing: Vec<f32>,
}

impl Changes {
    /// Takes the standing picture off `values`, steps of so many cells each.
    pub(super) fn of(mut values: Vec<f32>, cells: usize) -> Self {
        let steps = (values.len() / cells).max(1) as f32;
        let mut standing = vec![0.0f32; cells];
        for step in values.chunks_exact(cells) {
            standing.iter_mut().zip(step).for_each(|(m, v)| *m += v / steps);
        }
        let mean = standing.iter().sum::<f32>() / cells as f32;
        let shape: Vec<f32> = standing.iter().map(|m| m - mean).collect();
        let shape_energy: f32 = shape.iter().map(|s| s * s).sum();
        let mut energy = 0.0;
        for step in values.chunks_exact_mut(cells) {
            let (mut sum, mut along) = (0.0f32, 0.0f32);
            for ((v, m), s) in step.iter_mut().zip(&standing).zip(&shape) {
                *v -= m;
                sum += *v;
                along += *v * s;
            }
            // Lighter or darker as a whole, more or less contrast: no movement.
            let (lift, gain) = (
                sum / cells as f32,
                if shape_energy > 1.0 {
                    along / shape_energy
                } else {
                    0.0
                },
            );
            let mut own = 0.0f32;
            for (v, s) in step.iter_mut().zip(&shape) {
                *v -= lift + gain * s;
                own += *v * *v;
            }
            energy += f64::from(own);
        }
        Self {
            cells,
            values,
            energy,
            noise: NOISE,
            standing: shape,
        }
    }

    /// What differs from half a second before: what came or went once counts no more than what moves all the time.
    pub(super) fn quick(&self) -> Self {
        let shift = (QUICK_STEPS * self.cells).min(self.values.len());
        let values: Vec<f32> = self.values[shift..]
            .iter()
            .zip(&self.values)
            .map(|(now, before)| now - before)
            .collect();
        let energy = dot(&values, &values);
        Self {
            cells: self.cells,
            values,
            energy,
            noise: NOISE,
            standing: Vec::new(),
        }
    }

    /// The same with every cell and every step made as strong as the others, down to the noise.
    ///
    /// What moves most says no more then than a shadow beside it or the grain of the picture in between. A hand that does the
    /// same thing twice casts the same large shape and not the same small ones, and a copy has them all.
    pub(super) fn evened(&self) -> Self {
        let steps = (self.values.len() / self.cells).max(1) as f64;
        let mut of_cells = vec![0.0f64; self.cells];
        for step in self.values.chunks_exact(self.cells) {
            (of_cells.iter_mut().zip(step)).for_each(|(e, v)| *e += f64::from(v * v) / steps);
        }
        let level = |energy: f64, noise: f64| 1.0 / (energy + noise).max(1e-9).sqrt();
        let levels: Vec<f32> = of_cells.iter().map(|&e| level(e, NOISE) as f32).collect();
        let left = levels.iter().map(|&l| f64::from(l * l)).sum::<f64>() * NOISE / self.cells as f64;
        let mut values = self.values.clone();
        for step in values.chunks_exact_mut(self.cells) {
            step.iter_mut().zip(&levels).for_each(|(v, l)| *v *= l);
            let level = level(dot(step, step) / self.cells as f64, left) as f32;
            for value in step {
                *value *= level;
            }
        }
        let energy = dot(&values, &values);
        Self {
            cells: self.cells,
            values,
            energy,
            noise: 0.0,
            standing: Vec::new(),
        }
    }

    pub(super) fn correlation(&self, other: &Self) -> f64 {
        dot(&self.values, &other.values) / self.scale(other).sqrt()
    }

    /// Product of both energies, noise with them.
    fn scale(&self, other: &Self) -> f64 {
        let of = |c: &Self| c.energy + c.noise * c.values.len() as f64;
        (of(self) * of(other)).max(1e-9)
    }

    pub(super) fn standing_correlation(&self, other: &Self) -> f64 {
        let norm = |s: &[f32]| dot(s, s) + 1.0;
        dot(&self.standing, &other.standing) / (norm(&self.standing) * norm(&other.standing)).sqrt()
    }

    /// Variance of a cell over time.
    pub(super) fn variance(&self) -> f64 {
        self.energy / self.values.len().max(1) as f64
    }

    /// How many independent numbers the correlation with `other` is made of, as if both were drawn from fields whose
    /// covariances in space and in time are those seen here (Bartlett 1935, in space as well).
    pub(super) fn freedom(&self, other: &Self) -> f64 {
        let rows = |c: &Self| {
            c.values
                .chunks_exact(c.cells)
                .map(<[f32]>::to_vec)
                .collect::<Vec<_>>()
        };
        let (a, b) = (rows(self), rows(other));
        let (mut space, mut time) = (0.0, 0.0);
        for (i, (ai, bi)) in a.iter().zip(&b).enumerate() {
            for (j, (aj, bj)) in a.iter().zip(&b).enumerate() {
                space += dot(ai, bj).powi(2);
                if j >= i {
                    let twice = if i == j { 1.0 } else { 2.0 };
                    time += twice * dot(ai, aj) * dot(bi, bj);
                }
            }
        }
        let scale = self.scale(other);
        let share = (space / scale) * (time / scale);
        1.0 / share.max(1e-6)
    }
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    // Eight sums at once, so that the processor can take them together.
    let mut sums = [0.0f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    f64::from(sums.iter().sum::<f32>() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of 8 × 8 cells from a function of step and cell.
    fn stretch(grey: impl Fn(usize, usize) -> f32) -> Changes {
        let values = (0..30)
            .flat_map(|s| (0..64).map(move |c| (s, c)))
            .map(|(s, c)| grey(s, c))
            .collect();
        Changes::of(values, 64)
    }

    fn dot_at(place: usize) -> impl Fn(usize) -> f32 {
        move |cell| if cell == place { 90.0 } else { 0.0 }
    }

    #[test]
    fn what_stands_and_what_is_lit_as_a_whole_is_no_change() {
        let standing = stretch(|_, c| (c * 3) as f32);
        assert!(standing.variance() < 1e-3);
        let fading = stretch(|s, c| (c * 3) as f32 * (1.0 - s as f32 / 60.0) + s as f32);
        assert!(fading.variance() < 0.5, "{}", fading.variance());
    }

    #[test]
    fn the_same_movement_correlates_and_another_over_the_same_scene_does_not() {
        let room = |c: usize| (c * 3) as f32;
        let moving = |from: usize| stretch(move |s, c| room(c) + dot_at((s * 5 + from) % 64)(c));
        let (a, b) = (moving(0), moving(0));
        assert!(a.correlation(&b) > 0.97 && a.quick().correlation(&b.quick()) > 0.97);
        assert!(a.standing_correlation(&moving(17)) > 0.9, "the scene is the same");
        assert!(a.correlation(&moving(17)).abs() < 0.2);
        assert!(a.freedom(&b) > 50.0, "much moves independently");
        let once = stretch(|s, c| room(c) + if s < 12 { dot_at(20)(c) } else { 0.0 });
        assert!(
            once.freedom(&once) < 3.0,
            "a single event says little: {}",
            once.freedom(&once)
        );
    }

    #[test]
    fn evened_changes_tell_a_copy_from_the_same_large_movement_with_other_small_ones() {
        let hand = |s: usize, c: usize| {
            if (10..16).contains(&s) && c / 8 == s - 10 {
                90.0
            } else {
                0.0
            }
        };
        let grain = |seed: usize| move |s: usize, c: usize| ((s * 31 + c * 17 + s * c * seed) % 7) as f32;
        let film = |seed: usize| stretch(move |s, c| hand(s, c) + grain(seed)(s, c)).quick();
        let (a, copy, other) = (film(3), film(3), film(5));
        assert!(other.correlation(&a) > 0.9, "{}", other.correlation(&a));
        let (a, copy, other) = (a.evened(), copy.evened(), other.evened());
        assert!(
            copy.correlation(&a) > 0.99 && other.correlation(&a) < 0.7,
            "{}",
            other.correlation(&a)
        );
        assert!(a.freedom(&copy) > 2.0 * film(3).freedom(&film(3)));
        // What stands still stays nothing, and is no number at all.
        let still = stretch(|_, c| c as f32).quick().evened();
        assert!(still.values.iter().all(|v| v.is_finite()) && still.correlation(&still) < 0.01);
    }
}
