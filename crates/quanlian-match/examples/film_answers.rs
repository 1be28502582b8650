//! Answers the film queries of a benchmark: `query,answer,score,offset_s` for the scorer, and figures on stderr.
//!
//! In:  `film_answers WORKS QUERIES ANSWERS.csv`, two folders of films and a file to write.
//! Out: the best answer to each query with its score in bits, whatever the threshold; where the query starts in the
//! work; its segment, speed and mirror.
//!
//! Not here: scoring (the scorer of the benchmark knows the truth, this program does not).

#![expect(clippy::print_stderr, reason = "a benchmark talks to a person")]

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use quanlian_match::segment::{PackedSegment, PackedWriter, SegmentParameters};
use quanlian_match::video::{self, Container, SearchOptions, Tools, VideoIndex, VideoItem};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

struct Works {
    segment: PackedSegment,
    starts: Vec<u64>,
    items: Vec<VideoItem>,
}

impl VideoIndex for Works {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.segment.for_each(keys, limit, visit);
    }

    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let item = self
            .starts
            .partition_point(|&start| start <= place)
            .checked_sub(1)?;
        Some((item as u32, self.starts[item]))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.items.get(item as usize)?.keyframes))
    }

    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(&self.items.get(item as usize)?.reel))
    }

    fn steps(&self, item: u32) -> u32 {
        self.items.get(item as usize).map_or(0, |i| i.steps)
    }

    fn total_steps(&self) -> u64 {
        self.items.iter().map(|i| u64::from(i.steps)).sum()
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [works, queries, answers] = arguments.as_slice() else {
        return Err("film_answers WORKS QUERIES ANSWERS.csv".into());
    };
    let scratch = tempfile::tempdir()?;
    let parameters = SegmentParameters::new(video::FAMILY, video::KEY_BITS)?;
    let mut writer = PackedWriter::create(&scratch.path().join("segment"), &parameters)?;
    let (mut starts, mut items, mut names, mut next) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let tools = Tools::default();
    let start = Instant::now();
    for path in films(works)? {
        let Some(track) = video::probe(&path, Container::Mp4, &tools)? else {
            continue;
        };
        let item = video::fingerprint_reference(&path, &track, &tools)?;
        let mut pushed = Ok(());
        video::index_keys(&item.keyframes, &mut |key, place| {
            if pushed.is_ok() {
                pushed = writer.push(key, next + u64::from(place));
            }
        });
        pushed?;
        starts.push(next);
        next += video::places_of(item.keyframes.len() as u64);
        names.push(name(&path));
        items.push(item);
    }
    let seconds = items.iter().map(|i| i.duration_ms).sum::<u64>() as f64 / 1e3;
    let kept: usize = items.iter().map(|i| i.keyframes.len() + i.reel.len()).sum();
    let segment = writer.finish()?;
    eprintln!(
        "{} works, {seconds:.1} s of film in {:.1} s; an hour takes {:.2} MB of looks and reels, {:.2} MB of postings ({} of them)",
        items.len(),
        start.elapsed().as_secs_f64(),
        kept as f64 / seconds * 3600e-6,
        segment.size_bytes() as f64 / seconds * 3600e-6,
        segment.len(),
    );
    let index = Works {
        segment,
        starts,
        items,
    };
    let mut out = BufWriter::new(File::create(answers)?);
    writeln!(out, "query,answer,score,offset_s,start_s,end_s,speed,mirrored")?;
    let (start, mut length_ms) = (Instant::now(), 0);
    let options = SearchOptions {
        max_e_value: f64::INFINITY,
    };
    for path in films(queries)? {
        let Some(track) = video::probe(&path, Container::Mp4, &tools)? else {
            continue;
        };
        let found = video::search(&path, &track, &tools, &index, &options)?;
        length_ms += found.duration_ms;
        let Some(best) = found.matches.first() else {
            continue;
        };
        let span = &best.segments[0];
        let s = |ms: u64| ms as f64 / 1e3;
        let offset = s(span.work[0]) - s(span.suspect[0]) * best.time_scale;
        writeln!(
            out,
            "{},{},{:.2},{offset:.3},{:.3},{:.3},{:.3},{}",
            name(&path),
            names[best.item as usize],
            best.score_bits,
            s(span.suspect[0]),
            s(span.suspect[1]),
            best.time_scale,
            best.mirrored
        )?;
    }
    let seconds = length_ms as f64 / 1e3;
    let [own, of_programs] = cpu_seconds()?;
    eprintln!(
        "{seconds:.1} s of suspects in {:.1} s; processor time in all {own:.1} s here and {of_programs:.1} s in ffmpeg",
        start.elapsed().as_secs_f64()
    );
    Ok(out.flush()?)
}

/// CPU seconds of this process, and of the programs it waited for.
fn cpu_seconds() -> Outcome<[f64; 2]> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: Vec<f64> = (fields.get(11..15).ok_or("no figures")?.iter())
        .map(|f| f.parse())
        .collect::<Result<_, _>>()?;
    Ok([ticks[0] + ticks[1], ticks[2] + ticks[3]].map(|t| t / TICKS_PER_SECOND))
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn films(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut films = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "mp4") {
            films.push(path);
        }
    }
    films.sort();
    Ok(films)
}
