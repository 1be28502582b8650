//! What an infringer does to a song: cut it, speed it up, add noise, encode it anew.
//!
//! In:  samples of a tune.
//! Out: changed samples, and sound files: PCM and IMA ADPCM in WAV by own code, MP3
//!      and Opus through `ffmpeg` where the machine has it.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use super::tune::{Dice, SAMPLE_RATE, normalise};

/// The stretch from one second to another.
pub(super) fn cut(samples: &[f32], from_seconds: u32, to_seconds: u32) -> Vec<f32> {
    let at = |seconds: u32| ((seconds * SAMPLE_RATE) as usize).min(samples.len());
    samples[at(from_seconds)..at(to_seconds)].to_vec()
}

/// Plays faster by `factor`; the pitch rises with it, as on a tape.
pub(super) fn speed_up(samples: &[f32], factor: f32) -> Vec<f32> {
    let count = (samples.len() as f32 / factor) as usize;
    (0..count)
        .map(|i| {
            let at = i as f64 * f64::from(factor);
            let (index, part) = (at as usize, at.fract() as f32);
            let next = samples.get(index + 1).copied().unwrap_or(0.0);
            samples[index.min(samples.len() - 1)] * (1.0 - part) + next * part
        })
        .collect()
}

/// Adds white noise at the given ratio of signal to noise.
pub(super) fn with_noise(samples: &[f32], ratio_db: f32, seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    // Evenly spread noise in -1..1 has a power of one third.
    let gain = (power * 3.0 / 10.0_f32.powf(ratio_db / 10.0)).sqrt();
    let mut noisy: Vec<f32> = samples.iter().map(|s| s + gain * dice.noise()).collect();
    normalise(&mut noisy);
    noisy
}

/// One after the other, with a pause between.
pub(super) fn medley(parts: &[Vec<f32>]) -> Vec<f32> {
    let pause = vec![0.0; SAMPLE_RATE as usize / 2];
    parts
        .iter()
        .flat_map(|part| part.iter().chain(&pause))
        .copied()
        .collect()
}

fn to_pcm(samples: &[f32]) -> impl Iterator<Item = i16> + '_ {
    samples.iter().map(|s| (s.clamp(-1.0, 1.0) * 32_767.0) as i16)
}

/// A WAV file with 16-bit samples.
pub(super) fn wav(samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = to_pcm(samples).flat_map(i16::to_le_bytes).collect();
    let format = [1_u16, 1];
    riff(format, SAMPLE_RATE * 2, 2, 16, &[], None, &data)
}

/// A WAV file in IMA ADPCM: four bits a sample, a lossy encoding that any machine can make.
pub(super) fn adpcm_wav(samples: &[f32]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 512;
    let samples_per_block = (BLOCK_BYTES - 4) * 2 + 1;
    let pcm: Vec<i16> = to_pcm(samples).collect();
    let mut data = Vec::new();
    let mut step_index = 0_i32;
    for block in pcm.chunks(samples_per_block) {
        let mut predicted = i32::from(block[0]);
        data.extend(block[0].to_le_bytes());
        data.extend([step_index as u8, 0]);
        let mut nibbles: Vec<u8> = Vec::with_capacity(samples_per_block);
        for sample in &block[1..] {
            nibbles.push(ima_step(i32::from(*sample), &mut predicted, &mut step_index));
        }
        nibbles.resize(samples_per_block - 1, 0);
        data.extend(nibbles.chunks(2).map(|pair| pair[0] | pair[1] << 4));
    }
    let bytes_per_second = SAMPLE_RATE * BLOCK_BYTES as u32 / samples_per_block as u32;
    let extra = (samples_per_block as u16).to_le_bytes();
    riff(
        [0x11, 1],
        bytes_per_second,
        BLOCK_BYTES as u16,
        4,
        &extra,
        Some(pcm.len() as u32),
        &data,
    )
}

/// One sample of IMA ADPCM: the four bits, with predictor and step moved on as a decoder does.
fn ima_step(sample: i32, predicted: &mut i32, step_index: &mut i32) -> u8 {
    // The step sizes grow by about a tenth from 7 to 32,767; the standard's table rounds just so.
    let step = STEPS[*step_index as usize];
    let mut difference = sample - *predicted;
    let mut code = 0_u8;
    if difference < 0 {
        code = 8;
        difference = -difference;
    }
    let mut change = step >> 3;
    for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
        if difference >= part {
            code |= bit;
            difference -= part;
            change += part;
        }
    }
    *predicted = (*predicted + if code & 8 == 0 { change } else { -change }).clamp(-32_768, 32_767);
    *step_index = (*step_index + [-1, -1, -1, -1, 2, 4, 6, 8][usize::from(code & 7)]).clamp(0, 88);
    code
}

/// Step sizes of IMA ADPCM (IMA Digital Audio Focus and Technical Working Group, 1992, table of step sizes).
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88,
    97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658,
    724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660,
    4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818,
    18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// A RIFF/WAVE file around encoded samples; `format` is the format tag and the number of channels.
fn riff(
    format: [u16; 2],
    bytes_per_second: u32,
    block_bytes: u16,
    bits: u16,
    extra: &[u8],
    sample_count: Option<u32>,
    data: &[u8],
) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(format[0].to_le_bytes());
    head.extend(format[1].to_le_bytes());
    head.extend(SAMPLE_RATE.to_le_bytes());
    head.extend(bytes_per_second.to_le_bytes());
    head.extend(block_bytes.to_le_bytes());
    head.extend(bits.to_le_bytes());
    if !extra.is_empty() {
        head.extend((extra.len() as u16).to_le_bytes());
        head.extend(extra);
    }
    let mut body = b"WAVE".to_vec();
    let mut chunk = |id: &[u8; 4], content: &[u8]| {
        body.extend(id);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(content);
        if content.len() % 2 == 1 {
            body.push(0);
        }
    };
    chunk(b"fmt ", &head);
    if let Some(count) = sample_count {
        chunk(b"fact", &count.to_le_bytes());
    }
    chunk(b"data", data);
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

/// Whether the machine has `ffmpeg`.
pub(super) fn ffmpeg_is_there() -> bool {
    Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Encodes samples with `ffmpeg`; the ending of `to` says into what.
pub(super) fn encode_with_ffmpeg(samples: &[f32], options: &[&str], to: &Path) -> io::Result<()> {
    let mut child = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "wav",
            "-i",
            "pipe:0",
            "-fflags",
            "+bitexact",
            "-flags",
            "+bitexact",
        ])
        .args(options)
        .arg(to)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let written = child.stdin.take().map_or(Ok(()), |mut input| {
        io::Write::write_all(&mut input, &wav(samples))
    });
    let result = child.wait_with_output()?;
    if result.status.success() {
        written
    } else {
        Err(io::Error::other(format!(
            "ffmpeg: {}",
            String::from_utf8_lossy(&result.stderr).trim()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_file_says_its_own_length() {
        let file = wav(&[0.0, 0.5, -0.5]);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(
            u32::from_le_bytes([file[4], file[5], file[6], file[7]]) as usize,
            file.len() - 8
        );
        assert_eq!(&file[file.len() - 6..], [0, 0, 0xff, 0x3f, 0x01, 0xc0]);
    }

    #[test]
    fn adpcm_follows_the_wave_closely_enough_to_be_heard_as_the_same() {
        let tone: Vec<i32> = (0..2000)
            .map(|i| (8000.0 * (f64::from(i) * 0.05).sin()) as i32)
            .collect();
        let (mut predicted, mut step_index) = (0, 0);
        let mut error = 0.0;
        for sample in &tone {
            ima_step(*sample, &mut predicted, &mut step_index);
            error += f64::from((sample - predicted).pow(2));
        }
        let power: f64 = tone.iter().map(|s| f64::from(s.pow(2))).sum();
        assert!(power / error > 100.0, "signal over noise is {}", power / error);
    }

    #[test]
    fn sped_up_sound_is_shorter_by_the_factor() {
        assert_eq!(speed_up(&vec![0.1; 10_300], 1.03).len(), 10_000);
    }
}
