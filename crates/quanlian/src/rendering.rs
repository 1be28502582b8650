//! Drawing files for the pages of a platform: the peaks of sound.
//!
//! In:  a file of any sound format that comparisons read.
//! Out: the least and the greatest level of stretches of equal length.
//!
//! Invariant: memory does not grow with the length of the sound: where there are too many stretches, two become one.
//!
//! Not here: who may see the file, what is remembered (`quanlian-server`).

use std::path::Path;

use quanlian_match::audio::decode::decode_file_while;
use quanlian_server::rendering::{MAX_PAIRS, Peaks, RenderError, Renderings};

/// A stretch begins with so many samples of 16 kHz: four milliseconds.
const FIRST_STRETCH: usize = 64;

/// Draws with the decoder that comparisons use.
pub(crate) struct Drawing;

impl Renderings for Drawing {
    fn peaks(&self, path: &Path, goes_on: &dyn Fn() -> bool) -> Result<Peaks, RenderError> {
        let mut levels = Levels::default();
        let decoded = decode_file_while(path, goes_on, &mut |samples| levels.take(samples));
        // What was cut short looks like a file that ends too soon.
        if !goes_on() {
            return Err(RenderError::TooLong);
        }
        let decoded = decoded.map_err(|error| RenderError::NotThat(error.code().to_owned()))?;
        Ok(Peaks {
            duration_ms: decoded.duration_ms,
            pairs: levels.pairs(),
        })
    }
}

/// Levels of stretches, as samples go by.
struct Levels {
    stretch: usize,
    done: Vec<(f32, f32)>,
    now: (f32, f32),
    taken: usize,
}

const SILENCE: (f32, f32) = (f32::INFINITY, f32::NEG_INFINITY);

impl Default for Levels {
    fn default() -> Self {
        Self {
            stretch: FIRST_STRETCH,
            done: Vec::with_capacity(MAX_PAIRS),
            now: SILENCE,
            taken: 0,
        }
    }
}

fn wider(one: (f32, f32), other: (f32, f32)) -> (f32, f32) {
    (one.0.min(other.0), one.1.max(other.1))
}

impl Levels {
    fn take(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (some, rest) = samples.split_at(samples.len().min(self.stretch - self.taken));
            let level = some
                .iter()
                .fold(self.now, |level, &sample| wider(level, (sample, sample)));
            (self.now, samples) = (level, rest);
            self.taken += some.len();
            if self.taken == self.stretch {
                self.done.push(self.now);
                (self.now, self.taken) = (SILENCE, 0);
                if self.done.len() == MAX_PAIRS {
                    let halved = self
                        .done
                        .chunks_exact(2)
                        .map(|two| wider(two[0], two[1]))
                        .collect();
                    self.done = halved;
                    self.stretch *= 2;
                }
            }
        }
    }

    fn pairs(mut self) -> Vec<(i8, i8)> {
        if self.taken > 0 {
            self.done.push(self.now);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is at most 127 away from nought"
        )]
        let level = |sample: f32| (sample.clamp(-1.0, 1.0) * 127.0).round() as i8;
        self.done
            .into_iter()
            .map(|(least, greatest)| (level(least), level(greatest)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_samples_however_they_come_and_however_many() {
        let all: Vec<f32> = (0..3_000_000_u32)
            .map(|n| if n == 2_000_000 { 0.9 } else { -0.25 })
            .collect();
        let (mut at_once, mut in_parts) = (Levels::default(), Levels::default());
        at_once.take(&all);
        for part in all.chunks(777) {
            in_parts.take(part);
        }
        let pairs = at_once.pairs();
        assert_eq!(pairs, in_parts.pairs());
        assert!(pairs.len() > MAX_PAIRS / 2 && pairs.len() <= MAX_PAIRS);
        let loud: Vec<usize> = (0..pairs.len()).filter(|&at| pairs[at] != (-32, -32)).collect();
        assert_eq!(loud, [2_000_000 * pairs.len() / 3_000_000]);
        assert_eq!(pairs[loud[0]], (-32, 114));
    }

    #[test]
    fn what_is_no_sound_is_not_drawn_and_what_takes_too_long_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("a.txt");
        std::fs::write(&text, "no sound").unwrap();
        assert_eq!(
            Drawing.peaks(&text, &|| true),
            Err(RenderError::NotThat("audio_not_audio".to_owned()))
        );
        // One second of a tone of 8 kHz samples, as a WAV file.
        let mut wav = b"RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x80\x3e\0\0".to_vec();
        for n in 0..8000_i32 {
            let level = if n % 16 < 8 { 16_000_i16 } else { -16_000 };
            wav.extend(level.to_le_bytes());
        }
        let sound = folder.path().join("b.wav");
        std::fs::write(&sound, wav).unwrap();
        let peaks = Drawing.peaks(&sound, &|| true).unwrap();
        assert_eq!(peaks.duration_ms, 1000);
        let (least, greatest) = peaks.at(1)[0];
        assert!(
            (-90..-50).contains(&least) && (50..90).contains(&greatest),
            "{least} {greatest}"
        );
        assert_eq!(Drawing.peaks(&sound, &|| false), Err(RenderError::TooLong));
    }
}
