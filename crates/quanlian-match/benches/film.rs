//! Benchmark of films: what an hour of film costs to read, and whether memory follows its length.
//!
//! In:  nothing; ffmpeg makes the films. Without it one line says so.
//! Out: a Markdown table on stdout. `cargo bench -p quanlian-match --bench film`
//!
//! The films are a moving camera over a picture with detail, with grain, 640 × 360 at 25 frames, H.264 at 1 Mbit/s or so:
//! dearer to decode than most. Processor time is that of this program and of ffmpeg together.
//!
//! Not here: recall (`examples/film_answers.rs` with the queries of the benchmark), hard negatives (`film_moments.py`).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to a person"
)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use quanlian_match::video::{self, Container, Tools};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;
const MINUTES: [u32; 3] = [1, 5, 20];

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
        let track = video::probe(&film, Container::Mp4, &Tools::default())?.ok_or("no film")?;
        let (wall, cpu) = (Instant::now(), cpu_seconds()?);
        let item = video::fingerprint_reference(&film, &track, &Tools::default())?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        let seconds = item.duration_ms as f64 / 1e3;
        let kept = (item.keyframes.len() + item.reel.len()) as f64 / seconds * 3600e-6;
        println!(
            "| {minutes} | {cpu:.1} | {:.0} | {wall:.1} | {kept:.2} | {:.0} |",
            seconds / cpu,
            peak_mb()?
        );
    }
    Ok(())
}

/// Makes a minute of film; `false` where there is no ffmpeg.
fn make(out: &Path) -> bool {
    let source = "mandelbrot=s=640x360:r=25:start_scale=0.02:end_scale=0.0002:end_pts=1500";
    let made = Command::new("ffmpeg")
        .args([
            "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", "60",
        ])
        .args([
            "-vf",
            "noise=alls=10:allf=t",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-b:v",
            "1M",
        ])
        .args(["-pix_fmt", "yuv420p"])
        .arg(out)
        .status();
    made.is_ok_and(|status| status.success())
}

fn repeat(minute: &Path, minutes: u32, out: &Path) -> Outcome<()> {
    let status = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-stream_loop",
            &(minutes - 1).to_string(),
            "-i",
        ])
        .arg(minute)
        .args(["-c", "copy"])
        .arg(out)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err("ffmpeg failed".into())
    }
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
