//! Change of sample rate by a polyphase windowed sinc, block by block.
//!
//! In:  samples at any whole rate. Out: the same sound at another whole rate, without delay.
//!
//! The filter passes 0 to [`PASS_HZ`] and blocks whatever would fold back into that band. Between the two it may do as
//! it likes, because nothing above the pass band is analysed; that keeps the filter short and the decoder fast.
//!
//! Not here: mixing of channels ([`super::decode`]).

use std::f64::consts::PI;

/// Upper end of the band that must come through unchanged.
const PASS_HZ: f64 = 5_400.0;

/// Half the length of the filter in periods of the transition band; gives about 70 dB of stop band.
const HALF_LENGTH: f64 = 2.2;

/// Shape of the Kaiser window, for the same stop band.
const KAISER_BETA: f64 = 6.8;

/// A streaming converter between two fixed rates.
pub(super) struct Resampler {
    input_rate_hz: u32,
    /// Input samples per output sample is `step_whole + step_part / phases`.
    step_whole: usize,
    step_part: usize,
    phases: usize,
    taps: usize,
    /// `phases` filters of `taps` coefficients.
    filters: Vec<f32>,
    /// The input that later outputs still need.
    pending: Vec<f32>,
    /// Index into `pending` of the first tap of the next output.
    next: usize,
    phase: usize,
}

impl Resampler {
    pub(super) fn new(input_rate_hz: u32, output_rate_hz: u32) -> Self {
        let divisor = greatest_common_divisor(input_rate_hz, output_rate_hz);
        let phases = (output_rate_hz / divisor) as usize;
        let step = (input_rate_hz / divisor) as usize;
        let (input, output) = (f64::from(input_rate_hz), f64::from(output_rate_hz));
        let pass = PASS_HZ.min(0.45 * input.min(output));
        // What lies above `output - pass` folds into the pass band; so do the images above `input - pass`.
        let stop = (input.min(output) - pass).max(pass * 1.1);
        let cutoff = 0.5 * (pass + stop) / input;
        let half = HALF_LENGTH * input / (stop - pass);
        let taps = if phases == 1 && step == 1 {
            1
        } else {
            (2.0 * half).ceil() as usize
        };
        // A multiple of eight lets the compiler keep whole vectors in registers.
        let taps = if taps == 1 { 1 } else { taps.next_multiple_of(8) };
        let mut filters = Vec::with_capacity(phases * taps);
        for phase in 0..phases {
            filters.extend(filter(phase as f64 / phases as f64, taps, cutoff));
        }
        let lead = if taps == 1 { 0 } else { taps / 2 - 1 };
        Self {
            input_rate_hz,
            step_whole: step / phases,
            step_part: step % phases,
            phases,
            taps,
            filters,
            pending: vec![0.0; lead],
            next: 0,
            phase: 0,
        }
    }

    pub(super) fn input_rate_hz(&self) -> u32 {
        self.input_rate_hz
    }

    /// Appends to `output` whatever can be computed after `input`.
    pub(super) fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        if self.taps == 1 {
            output.extend_from_slice(input);
            return;
        }
        self.pending.extend_from_slice(input);
        while self.next + self.taps <= self.pending.len() {
            let filter = &self.filters[self.phase * self.taps..(self.phase + 1) * self.taps];
            output.push(dot(filter, &self.pending[self.next..self.next + self.taps]));
            self.next += self.step_whole;
            self.phase += self.step_part;
            if self.phase >= self.phases {
                self.phase -= self.phases;
                self.next += 1;
            }
        }
        let used = self.next.min(self.pending.len());
        self.pending.drain(..used);
        self.next -= used;
    }

    /// Appends what silence after the end brings out of the filter.
    pub(super) fn finish(&mut self, output: &mut Vec<f32>) {
        if self.taps > 1 {
            let tail = vec![0.0; self.taps / 2];
            self.push(&tail, output);
        }
    }
}

/// The coefficients for an output that falls `fraction` of a sample after its input sample.
fn filter(fraction: f64, taps: usize, cutoff: f64) -> Vec<f32> {
    if taps == 1 {
        return vec![1.0];
    }
    let centre = taps as f64 / 2.0 - 1.0 + fraction;
    let half = taps as f64 / 2.0;
    let raw: Vec<f64> = (0..taps)
        .map(|tap| {
            let x = tap as f64 - centre;
            let angle = 2.0 * PI * cutoff * x;
            let sinc = if angle.abs() < 1e-9 {
                1.0
            } else {
                angle.sin() / angle
            };
            let edge = (1.0 - (x / half).powi(2)).max(0.0).sqrt();
            sinc * bessel_i0(KAISER_BETA * edge)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|value| (value / sum) as f32).collect()
}

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..32 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (x, y) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate_hz: u32, seconds: f64) -> Vec<f32> {
        let count = (f64::from(rate_hz) * seconds) as usize;
        (0..count)
            .map(|i| (2.0 * PI * hz * i as f64 / f64::from(rate_hz)).sin() as f32)
            .collect()
    }

    fn convert(input: &[f32], from_hz: u32, block: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(from_hz, 16_000);
        let mut output = Vec::new();
        for part in input.chunks(block) {
            resampler.push(part, &mut output);
        }
        resampler.finish(&mut output);
        output
    }

    fn loudest(samples: &[f32]) -> f32 {
        samples[200..samples.len() - 200]
            .iter()
            .fold(0.0, |top, x| top.max(x.abs()))
    }

    #[test]
    fn a_tone_keeps_its_shape_and_its_place_at_every_rate() {
        for rate_hz in [
            8_000, 11_025, 16_000, 22_050, 37_800, 44_100, 48_000, 96_000, 192_000,
        ] {
            let got = convert(&tone(1_000.0, rate_hz, 0.5), rate_hz, 777);
            let want = tone(1_000.0, 16_000, 0.5);
            assert!(
                got.len().abs_diff(want.len()) <= 2,
                "{rate_hz}: {} samples",
                got.len()
            );
            for (index, (a, b)) in got.iter().zip(&want).enumerate().skip(100).take(7_700) {
                assert!(
                    (a - b).abs() < 0.004,
                    "{rate_hz} Hz, sample {index}: {a} against {b}"
                );
            }
        }
    }

    #[test]
    fn what_would_fold_into_the_band_is_gone() {
        for (rate_hz, hz) in [(44_100, 12_000.0), (48_000, 15_000.0), (96_000, 17_000.0)] {
            let level = loudest(&convert(&tone(hz, rate_hz, 0.5), rate_hz, 4096));
            assert!(level < 0.001, "{hz} Hz at {rate_hz} leaves {level}");
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same_sound() {
        let input = tone(3_000.0, 44_100, 0.2);
        assert_eq!(convert(&input, 44_100, 1), convert(&input, 44_100, 10_000));
    }
}
