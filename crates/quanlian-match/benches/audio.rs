//! Benchmark of sound: fingerprinting against `fpcalc`, query latency against 1,000 tracks, memory against length.
//!
//! In:  `shared/data/audio` (see `QUANLIAN_SHARED`) and `fpcalc`, each left out with a line when absent.
//! Out: Markdown tables on stdout. `cargo bench -p quanlian-match --bench audio`
//!
//! The 1,000 tracks are the real references and synthetic distractors: three references played backwards at three
//! speeds, one after the other. Their keys are distributed like those of music, but none of them matches a query.
//! `QUANLIAN_BENCH_TRACKS` sets another number.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to a person"
)]

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use quanlian_match::audio::{self, AudioIndex, PLACE_FRAME_SHIFT, SearchOptions, WORK_GAP_FRAMES, decode};
use quanlian_match::segment::{PackedSegment, PackedWriter, SegmentParameters};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments
        .iter()
        .position(|argument| argument == "--measure-memory")
    {
        return measure_memory(Path::new(&arguments[at + 1]));
    }
    let folder = tempfile::tempdir()?;
    memory_by_length(folder.path())?;
    let Some(shared) = shared_audio() else {
        eprintln!("shared/data/audio is absent: speed and latency are left out");
        return Ok(());
    };
    let references = files_in(&shared.join("ref"))?;
    speed_against_fpcalc(&references)?;
    latency(&references, &files_in(&shared.join("neg"))?, folder.path())
}

fn shared_audio() -> Option<PathBuf> {
    let shared = match std::env::var_os("QUANLIAN_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let audio = shared.join("data/audio");
    audio.join("ref").is_dir().then_some(audio)
}

fn files_in(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}

/// CPU seconds of this process, and of its children that have ended.
fn cpu_seconds() -> Outcome<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| -> Outcome<f64> { Ok(fields[index].parse::<f64>()?) };
    let (own, children) = (ticks(11)? + ticks(12)?, ticks(13)? + ticks(14)?);
    Ok((own / TICKS_PER_SECOND, children / TICKS_PER_SECOND))
}

fn speed_against_fpcalc(files: &[PathBuf]) -> Outcome<()> {
    let start = cpu_seconds()?.0;
    let mut hours = 0.0;
    let (mut keys, mut bytes) = (0_u64, 0);
    for file in files {
        let item = audio::fingerprint_reference(file)?;
        audio::index_keys(&item.constellation, &mut |_, _| keys += 1);
        hours += item.duration_ms as f64 / 3_600_000.0;
        bytes += item.constellation.len();
    }
    let ours = (cpu_seconds()?.0 - start) / hours;
    let start = cpu_seconds()?.0;
    for file in files {
        decode::decode_file(file, &mut |_| ())?;
    }
    let decoding = (cpu_seconds()?.0 - start) / hours;
    println!(
        "\n### Fingerprinting ({} Ogg Vorbis files, {hours:.2} h)\n",
        files.len()
    );
    println!("| program | CPU seconds per hour of sound | speed against fpcalc |\n|---|---|---|");
    let before = cpu_seconds()?.1;
    let mut works = true;
    for file in files {
        // Its exit code is no guide: it complains about the end of every Ogg file and prints the fingerprint.
        let run = Command::new("fpcalc")
            .args(["-length", "0", "-raw"])
            .arg(file)
            .stderr(Stdio::null())
            .output();
        works &= run.is_ok_and(|output| output.stdout.len() > 100);
    }
    let theirs = (cpu_seconds()?.1 - before) / hours;
    if works {
        println!(
            "| quanlian | {ours:.2} (decoding {decoding:.2}) | {:.2} |",
            theirs / ours
        );
        println!("| fpcalc -length 0 | {theirs:.2} | 1.00 |");
    } else {
        println!("| quanlian | {ours:.2} (decoding {decoding:.2}) | fpcalc is absent |");
    }
    println!(
        "\n{:.0} keys and {:.0} bytes of constellation per second of sound.",
        keys as f64 / hours / 3600.0,
        bytes as f64 / hours / 3600.0
    );
    Ok(())
}

/// A collection in one segment file.
struct Works {
    segment: PackedSegment,
    constellations: Vec<Vec<u8>>,
    durations_ms: Vec<u64>,
    starts: Vec<u64>,
    frames: u64,
}

impl AudioIndex for Works {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.segment.for_each(keys, limit, visit);
    }

    fn frames(&self) -> u64 {
        self.frames
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        let item = self
            .starts
            .partition_point(|&start| start <= frame)
            .checked_sub(1)?;
        Some((item as u32, self.starts[item]))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.constellations
            .get(item as usize)
            .map(|bytes| Cow::Borrowed(bytes.as_slice()))
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.durations_ms.get(item as usize).copied().unwrap_or(0)
    }

    fn total_duration_ms(&self) -> u64 {
        self.durations_ms.iter().sum()
    }
}

fn latency(references: &[PathBuf], others: &[PathBuf], folder: &Path) -> Outcome<()> {
    let tracks: usize = std::env::var("QUANLIAN_BENCH_TRACKS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let sounds = references
        .iter()
        .map(|file| samples_of(file))
        .collect::<Outcome<Vec<_>>>()?;
    let parameters = SegmentParameters::new(audio::FAMILY, audio::KEY_BITS)?;
    let mut writer = PackedWriter::create(&folder.join("segment"), &parameters)?;
    let (mut constellations, mut durations_ms) = (Vec::new(), Vec::new());
    let (mut starts, mut frames) = (Vec::new(), 0);
    let wav = folder.join("track.wav");
    for track in 0..tracks {
        let file = if let Some(reference) = references.get(track) {
            reference
        } else {
            write_wav(&wav, 16_000, &distractor(&sounds, track))?;
            &wav
        };
        let item = audio::fingerprint_reference(file)?;
        let mut pushed = Ok(());
        audio::index_keys(&item.constellation, &mut |key, position| {
            if pushed.is_ok() {
                pushed = writer.push(key, (frames << PLACE_FRAME_SHIFT) + u64::from(position));
            }
        });
        pushed?;
        starts.push(frames);
        frames += audio::frames_of(item.duration_ms) + WORK_GAP_FRAMES;
        constellations.push(item.constellation);
        durations_ms.push(item.duration_ms);
    }
    let works = Works {
        segment: writer.finish()?,
        constellations,
        durations_ms,
        starts,
        frames,
    };
    let hours = works.total_duration_ms() as f64 / 3_600_000.0;
    println!(
        "\n### A 10 s query against {tracks} tracks, {hours:.0} h ({} real, the rest synthetic distractors)\n",
        references.len().min(tracks)
    );
    println!(
        "Index: {} postings, {:.2} MB of segment and {:.2} MB of constellations per hour.\n",
        works.segment.len(),
        works.segment.size_bytes() as f64 / 1e6 / hours,
        works.constellations.iter().map(Vec::len).sum::<usize>() as f64 / 1e6 / hours,
    );
    println!("| query | n | found | p50 ms | p95 ms | mean CPU ms |\n|---|---|---|---|---|---|");
    let others = others
        .iter()
        .map(|file| samples_of(file))
        .collect::<Outcome<Vec<_>>>()?;
    for (name, sounds, factor, members) in [
        ("member, unchanged", &sounds, 1.0, true),
        ("member, 4 % fast", &sounds, 1.04, true),
        ("non-member", &others, 1.0, false),
    ] {
        let (mut times, mut found, mut asked, mut cpu) = (Vec::new(), 0, 0, 0.0);
        for (number, sound) in sounds.iter().enumerate() {
            for clip in clips(sound) {
                write_wav(&wav, 16_000, &resampled(clip, factor))?;
                let (start, cpu_start) = (Instant::now(), cpu_seconds()?.0);
                let answer = audio::search(&wav, &works, &SearchOptions::default())?;
                times.push(start.elapsed().as_secs_f64() * 1e3);
                cpu += cpu_seconds()?.0 - cpu_start;
                asked += 1;
                found += usize::from(
                    answer
                        .matches
                        .iter()
                        .any(|m| !members || m.item as usize == number),
                );
            }
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let mean = 1e3 * cpu / f64::from(asked);
        println!(
            "| {name} | {asked} | {found} | {:.1} | {:.1} | {mean:.1} |",
            at(0.5),
            at(0.95)
        );
    }
    Ok(())
}

fn samples_of(file: &Path) -> Outcome<Vec<f32>> {
    let mut samples = Vec::new();
    decode::decode_file(file, &mut |block| samples.extend_from_slice(block))?;
    Ok(samples)
}

/// Two clips of 10 s, a third and two thirds into the sound.
fn clips(sound: &[f32]) -> Vec<&[f32]> {
    let length = 11 * 16_000;
    [1, 2]
        .iter()
        .filter_map(|third| sound.get(sound.len() * third / 3 - length / 2..)?.get(..length))
        .collect()
}

fn distractor(sounds: &[Vec<f32>], track: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    for part in 0..3 {
        let choice = track * 3 + part;
        let sound = &sounds[choice * 7 % sounds.len()];
        let backwards: Vec<f32> = sound.iter().rev().copied().collect();
        // Speeds from 0.7 to 1.4, all different.
        let factor = 0.7 * (1.0 + (choice as f64 * 0.618_033_988).fract());
        samples.extend(resampled(&backwards, factor));
    }
    samples
}

/// The sound played at `factor` times its speed, by linear interpolation.
fn resampled(samples: &[f32], factor: f64) -> Vec<f32> {
    let length = (samples.len().saturating_sub(1) as f64 / factor) as usize;
    (0..length)
        .map(|index| {
            let place = index as f64 * factor;
            let (whole, part) = (place as usize, place.fract() as f32);
            samples[whole] * (1.0 - part) + samples[whole + 1] * part
        })
        .collect()
}

fn write_wav(path: &Path, rate_hz: u32, samples: &[f32]) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    wav_header(&mut file, rate_hz, 16, samples.len() as u32 * 2)?;
    for sample in samples {
        file.write_all(&((sample.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes())?;
    }
    Ok(file.flush()?)
}

fn wav_header(file: &mut impl Write, rate_hz: u32, bits: u16, data_bytes: u32) -> std::io::Result<()> {
    let block = bits / 8;
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + data_bytes).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    file.write_all(&rate_hz.to_le_bytes())?;
    file.write_all(&(rate_hz * u32::from(block)).to_le_bytes())?;
    file.write_all(&block.to_le_bytes())?;
    file.write_all(&bits.to_le_bytes())?;
    file.write_all(b"data")?;
    file.write_all(&data_bytes.to_le_bytes())
}

/// Fingerprints files of growing length, each in a process of its own, and prints their peak memory.
fn memory_by_length(folder: &Path) -> Outcome<()> {
    println!("### Peak memory while fingerprinting (generated WAV)\n\n| length | peak RSS |\n|---|---|");
    for (name, seconds) in [("1 min", 60), ("1 h", 3_600), ("10 h", 36_000)] {
        let path = folder.join("long.wav");
        write_long_wav(&path, seconds)?;
        let output = Command::new(std::env::current_exe()?)
            .arg("--measure-memory")
            .arg(&path)
            .output()?;
        println!("| {name} | {} |", String::from_utf8_lossy(&output.stdout).trim());
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// Eight-bit mono at 8 kHz: random notes, so that there are peaks to keep.
fn write_long_wav(path: &Path, seconds: u32) -> Outcome<()> {
    const RATE_HZ: u32 = 8_000;
    let mut file = BufWriter::new(File::create(path)?);
    wav_header(&mut file, RATE_HZ, 8, seconds * RATE_HZ)?;
    let mut state = 1_u32;
    for _ in 0..seconds * 4 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let step = std::f64::consts::TAU * f64::from(250 + (state >> 20) % 2_000) / f64::from(RATE_HZ);
        for index in 0..RATE_HZ / 4 {
            let fade = (-f64::from(index) / 600.0).exp();
            file.write_all(&[(128.0 + 100.0 * fade * (step * f64::from(index)).sin()) as u8])?;
        }
    }
    Ok(file.flush()?)
}

fn measure_memory(path: &Path) -> Outcome<()> {
    let item = audio::fingerprint_reference(path)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("")
        .trim();
    println!("{peak} ({} bytes of constellation)", item.constellation.len());
    Ok(())
}
