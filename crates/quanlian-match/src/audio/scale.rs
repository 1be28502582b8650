//! Searching large collections: recall, chance and cost among distractors made up from real constellations.
//!
//! In:  a folder of recordings and clips of them (`make_queries.py audio`), and a number of hours of distractors.
//! Out: a line of figures, and the answers in the form that `score_queries.py` reads. `docs/SCALE.md` says how.
//!
//! A distractor is made of peaks, not of samples: sections of 8 to 20 s of two recordings, played backwards, at a tempo
//! of 0.75 to 1.33 times their own, moved by up to half an octave, half of the peaks of each; two of three sections
//! come again later in the track, as in songs. So it has the density, chords, tunings and beats of music, but no
//! stretch of it is a copy of anything under the changes that a search allows for.
//!
//! Not here: recordings, which are never kept in this repository.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement talks to a person"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use quanlian_mmap::ReadOnlyMap;
use rayon::prelude::*;

use super::constellation::{ConstellationWriter, peaks_of};
use super::peaks::{Peak, PeakFinder};
use super::search::search_peaks;
use super::*;
use crate::segment::{PackedSegment, PackedWriter, SegmentParameters};

/// Frames of one distractor: 4 min.
const TRACK_FRAMES: u32 = 15_000;

/// A small generator of repeatable randomness.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.below(1 << 20) as f32 / (1 << 20) as f32
    }
}

/// The peaks of some frames of a recording, played backwards and changed.
fn backwards(source: &[Peak], frames: u32, dice: &mut Dice) -> Vec<Peak> {
    let tempo = dice.between(0.75_f32.ln(), 1.33_f32.ln()).exp();
    // Whole semitones and a detuning: music keeps to a scale of its own.
    let shift = 3.0 * (dice.below(13) as f32 - 6.0) + dice.between(-0.3, 0.3);
    let last = source.last().map_or(0, |peak| peak.frame);
    let wanted = (frames as f32 * tempo) as u32;
    let end = wanted.min(last) + dice.below(u64::from(last.saturating_sub(wanted)) + 1) as u32;
    source
        .iter()
        .rev()
        .skip_while(|peak| peak.frame > end)
        .take_while(|peak| end - peak.frame <= wanted)
        .map(|peak| Peak {
            frame: ((end - peak.frame) as f32 / tempo) as u32,
            band: peak.band + shift,
            rank: peak.rank,
        })
        .filter(|peak| (0.0..159.0).contains(&peak.band))
        .collect()
}

/// A section: half of the peaks of each of two recordings.
fn section(sources: &[Vec<Peak>], frames: u32, dice: &mut Dice) -> Vec<Peak> {
    let mut peaks: Vec<Peak> = Vec::new();
    for _ in 0..2 {
        let source = &sources[dice.below(sources.len() as u64) as usize];
        let part = backwards(source, frames, dice);
        peaks.extend(part.into_iter().filter(|_| dice.below(2) == 0));
    }
    peaks.sort_by_key(|peak| peak.frame);
    peaks
}

/// The constellation of a distractor.
fn distractor(sources: &[Vec<Peak>], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    dice.below(1);
    let mut writer = ConstellationWriter::default();
    let mut earlier: Vec<(u32, Vec<Peak>)> = Vec::new();
    let mut start = 0;
    while start < TRACK_FRAMES {
        let again = !earlier.is_empty() && dice.below(3) < 2;
        if !again {
            let frames = 500 + dice.below(750) as u32;
            let made = section(sources, frames, &mut dice);
            earlier.push((frames, made));
        }
        let chosen = if again {
            dice.below(earlier.len() as u64) as usize
        } else {
            earlier.len() - 1
        };
        let (frames, peaks) = &earlier[chosen];
        for peak in peaks.iter().filter(|peak| peak.frame < *frames) {
            writer.push(Peak {
                frame: start + peak.frame,
                ..*peak
            });
        }
        start += frames;
    }
    writer.into_bytes()
}

/// A collection in one segment.
struct Works {
    names: Vec<String>,
    segment: PackedSegment,
    constellations: ReadOnlyMap,
    /// End of the constellation, first frame and length of each work.
    items: Vec<(usize, u64, u64)>,
    frames: u64,
    total_ms: u64,
}

impl Works {
    /// The recordings, and distractors up to so many hours.
    fn build(recordings: &[(String, AudioItem)], hours: f64, folder: &Path) -> Self {
        let parameters = SegmentParameters::new(FAMILY, KEY_BITS).unwrap();
        let mut writer = PackedWriter::create(&folder.join("postings"), &parameters).unwrap();
        let sources: Vec<Vec<Peak>> = recordings
            .iter()
            .map(|(_, item)| peaks_of(&item.constellation).collect())
            .collect();
        let (mut constellations, mut items) = (Vec::new(), Vec::new());
        let (mut frames, mut total_ms) = (0, 0);
        let mut add = |constellation: &[u8], duration_ms: u64| {
            index_keys(constellation, &mut |key, position| {
                let place = (frames << PLACE_FRAME_SHIFT) + u64::from(position);
                writer.push(key, place).unwrap();
            });
            constellations.extend_from_slice(constellation);
            items.push((constellations.len(), frames, duration_ms));
            frames += frames_of(duration_ms) + WORK_GAP_FRAMES;
            total_ms += duration_ms;
            total_ms
        };
        let mut total_ms = 0;
        for (_, item) in recordings {
            total_ms = add(&item.constellation, item.duration_ms);
        }
        for seed in 0.. {
            if total_ms as f64 >= hours * 3.6e6 {
                break;
            }
            total_ms = add(&distractor(&sources, seed), u64::from(TRACK_FRAMES) * 16);
        }
        fs::write(folder.join("constellations"), &constellations).unwrap();
        fs::write(folder.join("items"), serde_json::to_vec(&items).unwrap()).unwrap();
        writer.finish().unwrap();
        Self::kept(recordings, folder).unwrap()
    }

    /// What `build` left in `folder`.
    fn kept(recordings: &[(String, AudioItem)], folder: &Path) -> Option<Self> {
        let items: Vec<(usize, u64, u64)> =
            serde_json::from_slice(&fs::read(folder.join("items")).ok()?).unwrap();
        Some(Self {
            names: recordings.iter().map(|(name, _)| name.clone()).collect(),
            segment: PackedSegment::open(&folder.join("postings")).unwrap(),
            constellations: ReadOnlyMap::open(&folder.join("constellations")).unwrap(),
            frames: items.iter().map(|item| item.1 + frames_of(item.2)).max()? + WORK_GAP_FRAMES,
            total_ms: items.iter().map(|item| item.2).sum(),
            items,
        })
    }
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
            .items
            .partition_point(|&(_, start, _)| start <= frame)
            .checked_sub(1)?;
        Some((item as u32, self.items[item].1))
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let start = (item as usize)
            .checked_sub(1)
            .map_or(0, |before| self.items[before].0);
        let bytes = &self.constellations[start..self.items.get(item as usize)?.0];
        Some(Cow::Borrowed(bytes))
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.items[item as usize].2
    }

    fn total_duration_ms(&self) -> u64 {
        self.total_ms
    }
}

/// A collection without one of its works, which is then a stranger to it.
struct Without<'a> {
    works: &'a Works,
    item: u32,
    frames: std::ops::Range<u64>,
}

impl<'a> Without<'a> {
    fn new(works: &'a Works, item: u32) -> Self {
        let (_, start, duration_ms) = works.items[item as usize];
        let frames = start..start + frames_of(duration_ms);
        Self { works, item, frames }
    }
}

impl AudioIndex for Without<'_> {
    fn for_each_place(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        self.works.for_each_place(keys, limit, |index, place| {
            if !self.frames.contains(&(place >> PLACE_FRAME_SHIFT)) {
                visit(index, place);
            }
        });
    }

    fn frames(&self) -> u64 {
        self.works.frames()
    }

    fn work_at(&self, frame: u64) -> Option<(u32, u64)> {
        self.works.work_at(frame).filter(|(item, _)| *item != self.item)
    }

    fn constellation(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        (item != self.item).then(|| self.works.constellation(item))?
    }

    fn duration_ms(&self, item: u32) -> u64 {
        self.works.duration_ms(item)
    }

    fn total_duration_ms(&self) -> u64 {
        self.works.total_duration_ms() - self.works.duration_ms(self.item)
    }
}

/// Processor time of this thread.
fn cpu_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e6
}

/// Peaks of a file below the rank that a search takes, and its length.
fn query_peaks(path: &Path) -> (Vec<Peak>, u64) {
    let (mut finder, mut found) = (PeakFinder::new(), Vec::new());
    let mut take = |peak: Peak| {
        if peak.rank < landmark::QUERY_RANK {
            found.push(peak);
        }
    };
    let decoded = decode::decode_file(path, &mut |samples| finder.push(samples, &mut take)).unwrap();
    finder.finish(&mut take);
    (found, decoded.duration_ms)
}

/// The recordings of a folder, in order of their names.
fn recordings(folder: &Path) -> Vec<(String, AudioItem)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            (name, fingerprint_reference(file).unwrap())
        })
        .collect()
}

/// The best answer to one clip, in the form that `score_queries.py` reads.
fn answer_line(query: &str, found: &[AudioMatch], works: &Works) -> String {
    let Some(best) = found.first() else {
        return String::new();
    };
    let name = works
        .names
        .get(best.item as usize)
        .map_or("distractor", String::as_str);
    let (span, transform) = (&best.segments[0], best.transform);
    let offset_s = (span.work[0] as f64 - span.suspect[0] as f64 * transform.time_scale) / 1000.0;
    format!(
        "{query},{name},{:.3},{offset_s:.3},{},{}\n",
        best.score_bits, transform.time_scale, transform.pitch_scale
    )
}

/// Every clip of a work against the collection without that work, where it is a stranger: harder than clips of other
/// recordings, since many works share composer, key and instruments.
fn left_out(rows: &[Vec<&str>], queries: &Path, works: &Works) -> Vec<String> {
    let answer = |row: &Vec<&str>| {
        let item = works.names.iter().position(|name| name == row[2])?;
        let without = Without::new(works, item as u32);
        let (peaks, duration_ms) = query_peaks(&queries.join(row[0]));
        let options = SearchOptions {
            max_e_value: f64::INFINITY,
        };
        let found = search_peaks(&peaks, duration_ms, &without, options);
        let line = answer_line(row[0], &found, works);
        Some(if line.is_empty() {
            format!("{},,,,,\n", row[0])
        } else {
            line
        })
    };
    rows.par_iter().filter_map(answer).collect()
}

/// Answers every clip of `queries/manifest.csv` and tells what it cost.
fn answer(recordings: &Path, queries: &Path, hours: f64, every: usize, out: &Path) {
    let fingerprinted = self::recordings(recordings);
    let folder = match std::env::var_os("QUANLIAN_SCALE_FOLDER") {
        Some(folder) => PathBuf::from(folder),
        None => tempfile::tempdir().unwrap().keep(),
    };
    fs::create_dir_all(&folder).unwrap();
    let works =
        Works::kept(&fingerprinted, &folder).unwrap_or_else(|| Works::build(&fingerprinted, hours, &folder));
    let true_hours = works.total_ms as f64 / 3.6e6;
    println!(
        "{true_hours:.1} h, {} works: {} postings, {:.3} MB of postings and {:.3} MB of constellations an hour",
        works.items.len(),
        works.segment.len(),
        works.segment.size_bytes() as f64 / 1e6 / true_hours,
        works.constellations.len() as f64 / 1e6 / true_hours,
    );
    let manifest = fs::read_to_string(queries.join("manifest.csv")).unwrap();
    let rows: Vec<Vec<&str>> = manifest
        .lines()
        .skip(1)
        .step_by(every)
        .map(|line| line.split(',').collect())
        .collect();
    // One thread, so that the processor time of the search is that of this thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let answers: Vec<(String, f64, f64)> = pool.install(|| {
        rows.iter()
            .map(|row| {
                let start = cpu_ms();
                let (peaks, duration_ms) = query_peaks(&queries.join(row[0]));
                let middle = cpu_ms();
                let options = SearchOptions {
                    max_e_value: f64::INFINITY,
                };
                let found = search_peaks(&peaks, duration_ms, &works, options);
                let end = cpu_ms();
                let line = answer_line(row[0], &found, &works);
                (line, middle - start, end - middle)
            })
            .collect()
    });
    let mut file = fs::File::create(out).unwrap();
    writeln!(file, "query,answer,score,offset_s,time_scale,pitch_scale").unwrap();
    for (line, ..) in &answers {
        file.write_all(line.as_bytes()).unwrap();
    }
    if std::env::var_os("QUANLIAN_SCALE_LEFT_OUT").is_some() {
        let lines = left_out(&rows, queries, &works);
        fs::write(out.with_extension("left-out.csv"), lines.concat()).unwrap();
    }
    for label in ["member", "negative"] {
        for seconds in ["5", "10", "20"] {
            let own = |time: fn(&(String, f64, f64)) -> f64| {
                let mut times: Vec<f64> = rows
                    .iter()
                    .zip(&answers)
                    .filter(|(row, _)| row[1] == label && row[5] == seconds)
                    .map(|(_, answer)| time(answer))
                    .collect();
                times.sort_by(f64::total_cmp);
                times
            };
            let (peaks, search) = (own(|answer| answer.1), own(|answer| answer.2));
            if search.is_empty() {
                continue;
            }
            let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
            println!(
                "{label} {seconds} s: {} clips, processor ms: peaks {:.1}, search mean {:.1}, median {:.1}, p95 {:.1}",
                search.len(),
                mean(&peaks),
                mean(&search),
                search[search.len() / 2],
                search[search.len() * 95 / 100],
            );
        }
    }
    let memory = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in memory
        .lines()
        .filter(|l| l.starts_with("VmHWM") || l.starts_with("RssAnon"))
    {
        println!("{line}");
    }
}

#[test]
fn a_clip_is_found_among_an_hour_of_distractors() {
    let sounds: Vec<Vec<f32>> = (1..4).map(|seed| tests::tune(seed, 40.0)).collect();
    let recordings: Vec<(String, AudioItem)> = sounds
        .iter()
        .map(|sound| {
            let item = tests::with_file(&tests::wav(sound), fingerprint_reference).unwrap();
            (String::new(), item)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let works = Works::build(&recordings, 1.0, folder.path());
    let clip = tests::part(&sounds[1], 11.0, 19.0);
    let options = SearchOptions::default();
    let found = tests::with_file(&tests::wav(&clip), |path| search(path, &works, &options)).unwrap();
    let items: Vec<u32> = found.matches.iter().map(|m| m.item).collect();
    assert_eq!(items, [1], "{found:?}");
    let stranger = tests::with_file(&tests::wav(&tests::tune(9, 8.0)), |path| {
        search(path, &works, &options)
    });
    assert_eq!(stranger.unwrap().matches, []);
}

/// Measures, when it is asked to: `QUANLIAN_SCALE_QUERIES` names the folder of the clips, `QUANLIAN_SHARED` that of the
/// recordings, `QUANLIAN_SCALE_LEFT_OUT` has each clip of a work searched without that work too, `QUANLIAN_SCALE_HOURS` says how many hours there are, `QUANLIAN_SCALE_EVERY` takes only every so many
/// clips, `QUANLIAN_SCALE_FOLDER` keeps the collection for the next time, `QUANLIAN_SCALE_ANSWERS` names the answers.
#[test]
fn large_collections_are_measured() {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse::<u32>().ok())
    };
    let (Some(queries), Some(shared)) = (path("QUANLIAN_SCALE_QUERIES"), path("QUANLIAN_SHARED")) else {
        eprintln!(
            "skipped: the measurement of large collections (set QUANLIAN_SCALE_QUERIES and QUANLIAN_SHARED)"
        );
        return;
    };
    answer(
        &shared.join("data/audio/ref"),
        &queries,
        f64::from(number("QUANLIAN_SCALE_HOURS").unwrap_or(1)),
        number("QUANLIAN_SCALE_EVERY").unwrap_or(1) as usize,
        &path("QUANLIAN_SCALE_ANSWERS").unwrap_or_else(|| PathBuf::from("answers.csv")),
    );
}
