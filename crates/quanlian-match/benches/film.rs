//! Benchmark of films: what reading costs, whether memory follows the length, and an hour of suspect against an hour of work.
//!
//! In:  nothing; ffmpeg makes the films. Without it one line says so.
//! Out: Markdown tables on stdout. `cargo bench -p quanlian-match --bench film`
//!
//! The films that are read are a flight over a picture with detail, with grain, 640 × 360 at 25 frames, H.264 at 1 Mbit/s or
//! so: dearer to decode than most. The hours are made of pieces of 15 s in which creatures live and die, 320 × 240 at 24
//! frames, no two alike; into the suspect's strangers six stretches of 40 s of the work are cut, five of them changed.
//! Processor time is that of this program and of ffmpeg together.
//!
//! Not here: recall (`examples/film_answers.rs` with the queries of the benchmark), hard negatives (`film_moments.py`).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to a person"
)]

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use quanlian_match::segment::{PackedSegment, PackedWriter, SegmentParameters};
use quanlian_match::video::{self, Container, FilmTrack, SearchOptions, Tools, VideoIndex, VideoItem};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;
const MINUTES: [u32; 3] = [1, 5, 20];
/// Length of the long films.
const LONG_S: u32 = 3600;
const PIECE_S: u32 = 15;
const STRETCH_S: u32 = 40;
/// How the stretches of the work are changed.
const CHANGES: [(&str, &str, f64); 6] = [
    ("unchanged", "null", 1.0),
    ("mirrored", "hflip", 1.0),
    ("a tenth cut away", "crop=iw*0.9:ih*0.9,scale=320:240", 1.0),
    ("5 % fast", "setpts=PTS/1.05", 1.05),
    ("in bars", "pad=iw:ih*1.3:0:(oh-ih)/2,scale=320:240", 1.0),
    ("darker", "eq=brightness=-0.2", 1.0),
];

fn main() -> Outcome<()> {
    let scratch = tempfile::tempdir()?;
    let minute = scratch.path().join("minute.mp4");
    if !make(&minute) {
        eprintln!("ffmpeg is absent: nothing is measured");
        return Ok(());
    }
    println!(
        "| minutes of film | CPU s, ffmpeg included | times real time | wall s | looks and reel, MB an hour | peak memory, MB |"
    );
    println!("|---|---|---|---|---|---|");
    for minutes in MINUTES {
        let film = scratch.path().join(format!("{minutes}.mp4"));
        repeat(&minute, minutes, &film)?;
        let (wall, cpu) = (Instant::now(), cpu_seconds()?);
        let item = video::fingerprint_reference(&film, &track(&film)?, &Tools::default())?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        let seconds = item.duration_ms as f64 / 1e3;
        let kept = (item.keyframes.len() + item.reel.len()) as f64 / seconds * 3600e-6;
        println!(
            "| {minutes} | {cpu:.1} | {:.0} | {wall:.1} | {kept:.2} | {:.0} |",
            seconds / cpu,
            peak_mb()?
        );
    }
    an_hour(scratch.path())
}

/// An hour of work is indexed and looked for in an hour of strangers that holds six stretches of it.
fn an_hour(folder: &Path) -> Outcome<()> {
    let (work, strangers) = (folder.join("work.mp4"), folder.join("strangers.mp4"));
    creatures(1, &work)?;
    creatures(10_000, &strangers)?;
    let every = LONG_S / (CHANGES.len() as u32 + 1);
    let mut pieces = Vec::new();
    for (number, (_, change, _)) in (0..).zip(CHANGES) {
        pieces.push(cut(
            &strangers,
            number * every,
            every,
            "null",
            folder,
            pieces.len(),
        )?);
        pieces.push(cut(
            &work,
            work_start(number),
            STRETCH_S,
            change,
            folder,
            pieces.len(),
        )?);
    }
    let suspect = folder.join("suspect.mp4");
    let starts = join(&pieces, &suspect)?;

    let (wall, cpu) = (Instant::now(), cpu_seconds()?);
    let index = Hour::of(&work, folder)?;
    println!();
    println!("| an hour | CPU s | times real time | wall s | peak memory, MB |");
    println!("|---|---|---|---|---|");
    let tell = |what: &str, wall: Instant, cpu: f64, ms: u64| -> Outcome<()> {
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        let times = ms as f64 / 1e3 / cpu;
        println!(
            "| {what} | {cpu:.1} | {times:.0} | {wall:.1} | {:.0} |",
            peak_mb()?
        );
        Ok(())
    };
    tell("indexed", wall, cpu, index.item.duration_ms)?;
    let (wall, cpu) = (Instant::now(), cpu_seconds()?);
    let options = SearchOptions::default();
    let found = video::search(&suspect, &track(&suspect)?, &Tools::default(), &index, &options)?;
    tell("of suspect, searched", wall, cpu, found.duration_ms)?;

    println!();
    println!("| stretch | found | ends in the suspect wrong by, s | in the work, s |");
    println!("|---|---|---|---|");
    let spans: Vec<_> = found.matches.iter().flat_map(|m| &m.segments).collect();
    for (number, (name, _, speed)) in (0..).zip(CHANGES) {
        let [start, end] = starts[2 * number as usize + 1];
        let work = f64::from(work_start(number));
        let wanted = [start, end, work, work + (end - start) * speed];
        let wrong = spans.iter().map(|span| {
            let is = [span.suspect, span.work].concat();
            let by: Vec<f64> = is
                .iter()
                .zip(wanted)
                .map(|(ms, s)| (*ms as f64 / 1e3 - s).abs())
                .collect();
            [by[0].max(by[1]), by[2].max(by[3])]
        });
        let best = wrong.min_by(|a, b| a[0].total_cmp(&b[0])).filter(|w| w[0] < 20.0);
        match best {
            Some([suspect, work]) => println!("| {name} | yes | {suspect:.2} | {work:.2} |"),
            None => println!("| {name} | no | | |"),
        }
    }
    println!(
        "| told beyond these | {} | | |",
        spans.len().saturating_sub(CHANGES.len())
    );
    Ok(())
}

/// Where a stretch starts in the work.
fn work_start(number: u32) -> u32 {
    137 + 571 * number
}

/// An index of one film.
struct Hour {
    segment: PackedSegment,
    item: VideoItem,
}

impl Hour {
    fn of(film: &Path, folder: &Path) -> Outcome<Self> {
        let item = video::fingerprint_reference(film, &track(film)?, &Tools::default())?;
        let parameters = SegmentParameters::new(video::FAMILY, video::KEY_BITS)?;
        let mut writer = PackedWriter::create(&folder.join("segment"), &parameters)?;
        let mut pushed = Ok(());
        video::index_keys(&item.keyframes, &mut |key, place| {
            if pushed.is_ok() {
                pushed = writer.push(key, u64::from(place));
            }
        });
        pushed?;
        Ok(Self {
            segment: writer.finish()?,
            item,
        })
    }
}

impl VideoIndex for Hour {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.segment.for_each(keys, limit, visit);
    }

    fn work_at(&self, _: u64) -> Option<(u32, u64)> {
        Some((0, 0))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        (item == 0).then_some(Cow::Borrowed(&self.item.keyframes))
    }

    fn reel(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        (item == 0).then_some(Cow::Borrowed(&self.item.reel))
    }

    fn steps(&self, _: u32) -> u32 {
        self.item.steps
    }

    fn total_steps(&self) -> u64 {
        u64::from(self.item.steps)
    }
}

fn track(film: &Path) -> Outcome<FilmTrack> {
    Ok(video::probe(film, Container::Mp4, &Tools::default())?.ok_or("no film")?)
}

/// Makes a minute of film; `false` where there is no ffmpeg.
fn make(out: &Path) -> bool {
    let source = "mandelbrot=s=640x360:r=25:start_scale=0.02:end_scale=0.0002:end_pts=1500";
    let grain = [
        "-t",
        "60",
        "-vf",
        "noise=alls=10:allf=t",
        "-preset",
        "veryfast",
        "-b:v",
        "1M",
    ];
    ffmpeg(&["-f", "lavfi", "-i", source], &grain, out).is_ok()
}

fn repeat(minute: &Path, minutes: u32, out: &Path) -> Outcome<()> {
    let times = (minutes - 1).to_string();
    ffmpeg(
        &["-stream_loop", &times, "-i", text(minute)?],
        &["-c", "copy"],
        out,
    )
}

/// Makes an hour of creatures; another first seed, other creatures.
fn creatures(first_seed: u32, out: &Path) -> Outcome<()> {
    let mut graph = String::new();
    let count = LONG_S / PIECE_S;
    for piece in 0..count {
        let seed = first_seed + piece;
        let colours = [
            seed.wrapping_mul(2_654_435_761) >> 8,
            !seed.wrapping_mul(2_246_822_519) >> 8,
        ];
        write!(
            graph,
            "life=s=80x60:r=12:mold=8:ratio=0.25:seed={seed}:death_color=#{:06x}:life_color=#{:06x},trim=0:{PIECE_S},\
             scale=320:240,fps=24,format=yuv420p,setsar=1[p{piece}];",
            colours[0], colours[1],
        )?;
    }
    (0..count).try_for_each(|piece| write!(graph, "[p{piece}]"))?;
    write!(graph, "concat=n={count}[out]")?;
    ffmpeg(
        &["-filter_complex", &graph],
        &["-map", "[out]", "-preset", "ultrafast", "-crf", "24"],
        out,
    )
}

fn cut(
    film: &Path,
    from_s: u32,
    length_s: u32,
    change: &str,
    folder: &Path,
    number: usize,
) -> Outcome<PathBuf> {
    let out = folder.join(format!("piece{number}.mp4"));
    let (from, length) = (from_s.to_string(), length_s.to_string());
    let how = [
        "-t",
        &length,
        "-vf",
        change,
        "-r",
        "24",
        "-preset",
        "ultrafast",
        "-crf",
        "27",
    ];
    ffmpeg(&["-ss", &from, "-i", text(film)?], &how, &out)?;
    Ok(out)
}

/// Lays films end to end; returns where each lies, in seconds.
fn join(pieces: &[PathBuf], out: &Path) -> Outcome<Vec<[f64; 2]>> {
    let list = out.with_extension("txt");
    let (mut lines, mut starts, mut at) = (String::new(), Vec::new(), 0.0);
    for piece in pieces {
        writeln!(lines, "file '{}'", text(piece)?)?;
        let asked = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-show_entries",
                "format=duration",
                "-of",
                "csv=p=0",
            ])
            .arg(piece)
            .output()?;
        let seconds: f64 = String::from_utf8(asked.stdout)?.trim().parse()?;
        starts.push([at, at + seconds]);
        at += seconds;
    }
    std::fs::write(&list, lines)?;
    ffmpeg(
        &["-f", "concat", "-safe", "0", "-i", text(&list)?],
        &["-c", "copy"],
        out,
    )?;
    Ok(starts)
}

fn ffmpeg(input: &[&str], how: &[&str], out: &Path) -> Outcome<()> {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(input)
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p"])
        .args(how)
        .arg(out)
        .status()?;
    made.success().then_some(()).ok_or_else(|| "ffmpeg failed".into())
}

fn text(path: &Path) -> Outcome<&str> {
    Ok(path.to_str().ok_or("the name of the folder is no text")?)
}

/// CPU seconds of this process and of those it waited for.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: f64 = fields[11..15]
        .iter()
        .map(|f| f.parse::<f64>().unwrap_or(0.0))
        .sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Most memory that this process had.
fn peak_mb() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .ok_or("no VmHWM")?;
    let kb: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok(kb / 1e3)
}
