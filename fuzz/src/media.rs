//! Media made by hand: what the fixed side of a target and the seeds begin from.

use std::path::PathBuf;

use super::file;

/// Samples a second of [`tones`].
const RATE_HZ: u32 = 11_025;

/// Sound as a WAV file of 16 bits, one channel.
pub fn wav(rate_hz: u32, samples: &[i16]) -> Vec<u8> {
    let data_bytes = 2 * samples.len() as u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + data_bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(rate_hz.to_le_bytes());
    wav.extend((2 * rate_hz).to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(data_bytes.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    wav
}

/// A file of six seconds of tones that change six times a second.
pub fn tones() -> PathBuf {
    let level = |at: u32| {
        let step = at * 6 / RATE_HZ;
        let hertz = 200.0 + f64::from(step * step * 37 % 1500);
        let since = f64::from(at % (RATE_HZ / 6)) / f64::from(RATE_HZ);
        (std::f64::consts::TAU * hertz * since).sin() * 9000.0 * (-4.0 * since).exp()
    };
    let samples: Vec<i16> = (0..6 * RATE_HZ).map(|at| level(at) as i16).collect();
    file("tones.wav", &wav(RATE_HZ, &samples))
}

/// A picture with spots of its own, as a BMP file.
pub fn bmp() -> Vec<u8> {
    const SIDE: u32 = 96;
    let row_bytes = SIDE * 3;
    let mut bmp = Vec::new();
    bmp.extend(b"BM");
    bmp.extend((54 + row_bytes * SIDE).to_le_bytes());
    bmp.extend([0; 4]);
    bmp.extend(54_u32.to_le_bytes());
    bmp.extend(40_u32.to_le_bytes());
    bmp.extend(SIDE.to_le_bytes());
    bmp.extend(SIDE.to_le_bytes());
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let spot = (x / 12 * 7 + y / 12 * 13 + x / 12 * (y / 12)) % 17 * 15;
            bmp.extend([spot as u8, (x * 2) as u8, (y * 2) as u8]);
        }
    }
    bmp
}
