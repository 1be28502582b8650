//! Planes: grey pictures in floating point, resampled and blurred.
//!
//! In:  rows of luminance, `0.0..=1.0`.
//! Out: other planes.
//!
//! Invariant: `pixels.len() == width * height`, both at least one. Coordinates are continuous: the first pixel reaches
//! from 0 to 1 and has its middle at 0.5.
//!
//! Not here: colours and files (`decode`).

/// A grey picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<f32>,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![0.0; width * height],
        }
    }

    #[inline]
    pub(crate) fn at(&self, x: usize, y: usize) -> f32 {
        self.pixels[y * self.width + x]
    }

    pub(crate) fn row(&self, y: usize) -> &[f32] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// The longer of the two sides.
    pub(crate) fn long_side(&self) -> usize {
        self.width.max(self.height)
    }

    /// The value between pixels; places outside take that of the nearest pixel.
    #[inline]
    pub(crate) fn between(&self, x: f32, y: f32) -> f32 {
        let clamp = |value: f32, side: usize| (value - 0.5).clamp(0.0, (side - 1) as f32);
        let (x, y) = (clamp(x, self.width), clamp(y, self.height));
        let (left, top) = (x as usize, y as usize);
        let (right, below) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let upper = self.at(left, top) * (1.0 - fx) + self.at(right, top) * fx;
        let lower = self.at(left, below) * (1.0 - fx) + self.at(right, below) * fx;
        upper * (1.0 - fy) + lower * fy
    }

    /// The part from `(x0, y0)` to before `(x1, y1)`; empty ranges give one pixel.
    pub(crate) fn cut(&self, [x0, y0, x1, y1]: [usize; 4]) -> Self {
        let (x0, y0) = (x0.min(self.width - 1), y0.min(self.height - 1));
        let (x1, y1) = (x1.clamp(x0 + 1, self.width), y1.clamp(y0 + 1, self.height));
        let mut pixels = Vec::with_capacity((x1 - x0) * (y1 - y0));
        for y in y0..y1 {
            pixels.extend_from_slice(&self.row(y)[x0..x1]);
        }
        Self {
            width: x1 - x0,
            height: y1 - y0,
            pixels,
        }
    }

    /// The same picture with other sides: each new pixel is the mean of what it covers, or lies between the old ones
    /// when there are fewer of them.
    pub(crate) fn resized(&self, width: usize, height: usize) -> Self {
        let columns = taps(self.width, width);
        let mut narrow = Self::new(width, self.height);
        for (row, out) in (self.pixels.chunks_exact(self.width)).zip(narrow.pixels.chunks_exact_mut(width)) {
            for (value, taps) in out.iter_mut().zip(&columns) {
                *value = taps
                    .weights
                    .iter()
                    .zip(&row[taps.start..])
                    .map(|(w, p)| w * p)
                    .sum();
            }
        }
        let mut out = Self::new(width, height);
        for (row, taps) in out.pixels.chunks_exact_mut(width).zip(taps(self.height, height)) {
            for (i, &weight) in taps.weights.iter().enumerate() {
                for (value, p) in row.iter_mut().zip(narrow.row(taps.start + i)) {
                    *value += weight * p;
                }
            }
        }
        out
    }

    /// Half as many pixels either way, every second one taken; for planes that are blurred enough already.
    pub(super) fn every_second(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let mut out = Self::new(width, height);
        for y in 0..height {
            let row = self.row(2 * y);
            for (value, x) in out.pixels[y * width..].iter_mut().zip(0..width) {
                *value = row[2 * x];
            }
        }
        out
    }

    /// Blurred by a Gaussian of standard deviation `sigma` pixels; the edge pixels go on outside.
    pub(super) fn blurred(&self, sigma: f32) -> Self {
        let kernel = half_gaussian(sigma);
        let radius = kernel.len() - 1;
        let (width, height) = (self.width, self.height);
        let mut wide = vec![0.0f32; width + 2 * radius];
        let mut rows = Self::new(width, height);
        for (row, out) in (self.pixels.chunks_exact(width)).zip(rows.pixels.chunks_exact_mut(width)) {
            wide[..radius].fill(row[0]);
            wide[radius..radius + width].copy_from_slice(row);
            wide[radius + width..].fill(row[width - 1]);
            weigh(out, &wide[radius..radius + width], kernel[0]);
            for (k, &weight) in kernel.iter().enumerate().skip(1) {
                weigh_pair(
                    out,
                    &wide[radius - k..][..width],
                    &wide[radius + k..][..width],
                    weight,
                );
            }
        }
        let mut out = Self::new(width, height);
        for (y, target) in out.pixels.chunks_exact_mut(width).enumerate() {
            weigh(target, rows.row(y), kernel[0]);
            for (k, &weight) in kernel.iter().enumerate().skip(1) {
                weigh_pair(
                    target,
                    rows.row(y.saturating_sub(k)),
                    rows.row((y + k).min(height - 1)),
                    weight,
                );
            }
        }
        out
    }

    /// Pixel by pixel, this less the other of the same size.
    pub(super) fn minus(&self, other: &Self) -> Self {
        debug_assert_eq!((self.width, self.height), (other.width, other.height));
        let difference = |(a, b): (&f32, &f32)| a - b;
        Self {
            width: self.width,
            height: self.height,
            pixels: self.pixels.iter().zip(&other.pixels).map(difference).collect(),
        }
    }
}

fn weigh(out: &mut [f32], values: &[f32], weight: f32) {
    for (o, v) in out.iter_mut().zip(values) {
        *o = weight * v;
    }
}

fn weigh_pair(out: &mut [f32], before: &[f32], after: &[f32], weight: f32) {
    for ((o, a), b) in out.iter_mut().zip(before).zip(after) {
        *o += weight * (a + b);
    }
}

/// The middle weight of a Gaussian and those to one side; with the other side they sum to one.
fn half_gaussian(sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil().max(1.0) as usize;
    let mut kernel: Vec<f32> = (0..=radius)
        .map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp())
        .collect();
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    for weight in &mut kernel {
        *weight /= sum;
    }
    kernel
}

/// What one new pixel takes from a row of old ones.
struct Taps {
    start: usize,
    weights: Vec<f32>,
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let ratio = from as f64 / to as f64;
    let tap = |i: usize| {
        if ratio >= 1.0 {
            let (start, end) = (i as f64 * ratio, (i + 1) as f64 * ratio);
            let first = (start as usize).min(from - 1);
            let last = (end.ceil() as usize).clamp(first + 1, from);
            let covered = |p: usize| ((p + 1) as f64).min(end) - (p as f64).max(start);
            let weights = (first..last).map(|p| (covered(p) / ratio) as f32).collect();
            Taps {
                start: first,
                weights,
            }
        } else {
            let middle = ((i as f64 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f64);
            let start = (middle as usize).min(from.saturating_sub(2));
            let part = (middle - start as f64) as f32;
            let weights = if from == 1 {
                vec![1.0]
            } else {
                vec![1.0 - part, part]
            };
            Taps { start, weights }
        }
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(width: usize, height: usize) -> Plane {
        let mut plane = Plane::new(width, height);
        for y in 0..height {
            for x in 0..width {
                plane.pixels[y * width + x] = (x as f32 + 0.5) / width as f32;
            }
        }
        plane
    }

    #[test]
    fn a_ramp_stays_a_ramp_at_any_size() {
        for (width, height) in [(100, 10), (37, 5), (400, 80), (7, 1)] {
            let small = ramp(100, 20).resized(width, height);
            for (x, value) in small
                .row(height / 2)
                .iter()
                .enumerate()
                .skip(width / 20 + 1)
                .take(width * 9 / 10)
            {
                let wanted = (x as f32 + 0.5) / width as f32;
                assert!(
                    (value - wanted).abs() < 0.004,
                    "{width} wide at {x}: {value} for {wanted}"
                );
            }
        }
    }

    #[test]
    fn blurring_keeps_the_mean_and_spreads_a_dot() {
        let mut dot = Plane::new(41, 41);
        dot.pixels[20 * 41 + 20] = 1.0;
        let blurred = dot.blurred(2.0);
        assert!((blurred.pixels.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        let second: f32 = (0..41)
            .map(|x| blurred.at(x, 20) * (x as f32 - 20.0).powi(2))
            .sum();
        let here: f32 = blurred.row(20).iter().sum();
        assert!((second / here - 4.0).abs() < 0.2, "variance {}", second / here);
    }

    proptest! {
        #[test]
        fn any_sizes_are_resampled_within_the_old_values(
            (width, height) in (1..40usize, 1..40usize), (to_width, to_height) in (1..60usize, 1..60usize), seed in any::<u32>(),
        ) {
            let mut plane = Plane::new(width, height);
            let mut state = seed;
            for p in &mut plane.pixels {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *p = (state >> 8) as f32 / (1 << 24) as f32;
            }
            let out = plane.resized(to_width, to_height);
            prop_assert!(out.pixels.iter().all(|p| (-1e-4..=1.0001).contains(p)));
            plane.blurred(1.5);
            plane.every_second();
            plane.between(-5.0, 1e9);
        }
    }
}
