//! Tunes that this program composes itself, so that no foreign work is needed to show the chain.
//!
//! In:  a seed and the colour of the instruments.
//! Out: mono samples at [`SAMPLE_RATE`], the same on every machine.
//!
//! Invariant: two seeds give two different tunes: other key, tempo, melody and rhythm.

use std::f32::consts::TAU;

/// Samples per second.
pub(super) const SAMPLE_RATE: u32 = 22_050;

/// How a note sounds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instrument {
    /// Struck string: bright at first, then dull and gone (扬琴).
    Dulcimer,
    /// Breath and few overtones, a slow shake (笛).
    Flute,
    /// Plucked string (古筝).
    Zither,
    /// Reed: many odd overtones, steady (笙).
    Reed,
}

/// A small generator (xorshift64*): the demo must be the same everywhere and needs no more.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }

    /// Evenly in `-1.0..1.0`.
    pub(super) fn noise(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// Composes and plays one tune of the given length.
pub(super) fn compose(seed: u64, lead: Instrument, seconds: u32) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let beat_seconds = 0.26 + dice.below(14) as f32 * 0.013;
    let tonic_midi = 55 + dice.below(12) as i32;
    // Pentatonic modes: the five notes from each of their degrees.
    let scale = [
        [0, 2, 4, 7, 9],
        [0, 2, 5, 7, 10],
        [0, 3, 5, 8, 10],
        [0, 2, 5, 7, 9],
        [0, 3, 5, 7, 10],
    ][dice.below(5) as usize];
    let total = (seconds * SAMPLE_RATE) as usize;
    let mut samples = vec![0.0_f32; total];
    let pitch = |degree: i32| {
        let octave = degree.div_euclid(5);
        tonic_midi + octave * 12 + scale[degree.rem_euclid(5) as usize]
    };
    let mut at_beat = 0.0_f32;
    let mut degree = 5_i32;
    while (at_beat * beat_seconds * SAMPLE_RATE as f32) < total as f32 {
        let length_beats = [0.5, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0][dice.below(7) as usize];
        degree = (degree + dice.below(7) as i32 - 3).clamp(0, 12);
        if dice.below(9) > 0 {
            let note = Note {
                midi: pitch(degree),
                start_beats: at_beat,
                length_beats,
                loudness: 0.5,
            };
            play(&mut samples, lead, &note, beat_seconds);
        }
        at_beat += length_beats;
    }
    let bars = (seconds as f32 / (beat_seconds * 4.0)).ceil() as u32;
    for bar in 0..bars {
        let root = dice.below(5) as i32 - 5;
        for (step, offset) in [(0.0, 0), (1.0, 2), (2.0, 4), (3.0, 2)] {
            let start_beats = bar as f32 * 4.0 + step;
            let note = Note {
                midi: pitch(root + offset),
                start_beats,
                length_beats: 1.2,
                loudness: 0.3,
            };
            play(&mut samples, Instrument::Zither, &note, beat_seconds);
        }
        for step in 0..4 {
            if dice.below(3) > 0 {
                drum(&mut samples, &mut dice, (bar * 4 + step) as f32 * beat_seconds);
            }
        }
    }
    normalise(&mut samples);
    samples
}

struct Note {
    midi: i32,
    start_beats: f32,
    length_beats: f32,
    loudness: f32,
}

fn play(samples: &mut [f32], instrument: Instrument, note: &Note, beat_seconds: f32) {
    let rate = SAMPLE_RATE as f32;
    let start = (note.start_beats * beat_seconds * rate) as usize;
    let length_seconds = note.length_beats * beat_seconds;
    let (ring_seconds, partials): (f32, &[f32]) = match instrument {
        Instrument::Dulcimer => (0.9, &[1.0, 0.6, 0.4, 0.25, 0.15, 0.1]),
        Instrument::Flute => (0.05, &[1.0, 0.25, 0.08]),
        Instrument::Zither => (0.6, &[1.0, 0.5, 0.33, 0.2, 0.1]),
        Instrument::Reed => (0.05, &[1.0, 0.1, 0.5, 0.08, 0.3, 0.05, 0.18]),
    };
    let sustained = matches!(instrument, Instrument::Flute | Instrument::Reed);
    let frequency = 440.0 * 2.0_f32.powf((note.midi - 69) as f32 / 12.0);
    let count = ((length_seconds + ring_seconds) * rate) as usize;
    for i in 0..count.min(samples.len().saturating_sub(start)) {
        let t = i as f32 / rate;
        let attack = (t / if sustained { 0.04 } else { 0.004 }).min(1.0);
        let release = if t > length_seconds {
            1.0 - (t - length_seconds) / ring_seconds
        } else {
            1.0
        };
        let shake = if sustained {
            1.0 + 0.004 * (TAU * 5.0 * t).sin()
        } else {
            1.0
        };
        let mut value = 0.0;
        for (k, strength) in partials.iter().enumerate() {
            let number = (k + 1) as f32;
            let partial = frequency * number;
            if partial > rate * 0.45 {
                break;
            }
            let fade = if sustained {
                1.0
            } else {
                (-t * (1.5 + number)).exp()
            };
            value += strength * fade * (TAU * partial * shake * t).sin();
        }
        samples[start + i] += value * attack * release.max(0.0) * note.loudness;
    }
}

fn drum(samples: &mut [f32], dice: &mut Dice, at_seconds: f32) {
    let rate = SAMPLE_RATE as f32;
    let start = (at_seconds * rate) as usize;
    for i in 0..((0.12 * rate) as usize).min(samples.len().saturating_sub(start)) {
        let t = i as f32 / rate;
        samples[start + i] +=
            0.25 * dice.noise() * (-t * 45.0).exp() + 0.3 * (TAU * 90.0 * t).sin() * (-t * 30.0).exp();
    }
}

/// Scales to a peak of 0.8, so that later mixing does not clip at once.
pub(super) fn normalise(samples: &mut [f32]) {
    let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    if peak > 0.0 {
        for sample in samples {
            *sample *= 0.8 / peak;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tune_is_the_same_every_time_and_another_seed_is_another_tune() {
        let one = compose(1, Instrument::Flute, 2);
        assert_eq!(one, compose(1, Instrument::Flute, 2));
        assert_ne!(one, compose(2, Instrument::Flute, 2));
        assert_eq!(one.len(), 2 * SAMPLE_RATE as usize);
    }
}
