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
pub(super) struct Changes {
    pub(super) cells: usize,
    pub(super) values: Vec<f32>,
    pub(super) energy: f64,
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
            standing: Vec::new(),
        }
    }

    pub(super) fn correlation(&self, other: &Self) -> f64 {
        let noise = NOISE * self.values.len() as f64;
        dot(&self.values, &other.values) / ((self.energy + noise) * (other.energy + noise)).sqrt()
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
        let noise = NOISE * self.values.len() as f64;
        let scale = ((self.energy + noise) * (other.energy + noise)).max(1e-9);
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
}
