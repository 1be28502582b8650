//! How the search of a film grows with the collection: real films among hours of looks that are drawn by chance.
//!
//! In:  `film_scale HOURS FOLDER`: hours of synthetic looks, 3,060 an hour as real films have, and a folder of films to search.
//! Out: one line: size of the postings, processor time of reading and of searching a film, without that of ffmpeg.
//!
//! The looks are synthetic: 256 bits by chance. Looks of real films are less even, so that some keys are longer than here.
//!
//! Not here: whether copies are found (`film_answers`).

#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

use std::borrow::Cow;
use std::path::PathBuf;

use quanlian_match::segment::{PackedSegment, PackedWriter, SegmentParameters};
use quanlian_match::video::{self, Container, KEYFRAME_BYTES, SearchOptions, Tools, VideoIndex};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;
const LOOKS_PER_HOUR: u32 = 3_060;
const STEPS_PER_HOUR: u32 = 21_600;

/// Works of an hour each, made of looks that their number tells.
struct Hours {
    count: u32,
    segment: PackedSegment,
}

/// The looks of one hour.
fn looks(hour: u32) -> Vec<u8> {
    let mut state = u64::from(hour) << 32 | 0x9e37;
    let mut out = Vec::with_capacity(LOOKS_PER_HOUR as usize * KEYFRAME_BYTES);
    for look in 0..LOOKS_PER_HOUR {
        out.extend((look * STEPS_PER_HOUR / LOOKS_PER_HOUR).to_le_bytes());
        for _ in 0..8 {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            out.extend((mixed ^ mixed >> 31).to_le_bytes());
        }
    }
    out
}

impl VideoIndex for Hours {
    fn for_each_place(&self, keys: &[u64], limit: u64, visit: impl FnMut(usize, u64)) {
        self.segment.for_each(keys, limit, visit);
    }

    fn work_at(&self, place: u64) -> Option<(u32, u64)> {
        let places = u64::from(2 * LOOKS_PER_HOUR);
        Some(((place / places) as u32, place / places * places))
    }

    fn keyframes(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        (item < self.count).then(|| Cow::Owned(looks(item)))
    }

    fn reel(&self, _: u32) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn steps(&self, _: u32) -> u32 {
        STEPS_PER_HOUR
    }

    fn total_steps(&self) -> u64 {
        u64::from(self.count) * u64::from(STEPS_PER_HOUR)
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hours, folder] = arguments.as_slice() else {
        return Err("film_scale HOURS FOLDER".into());
    };
    let count: u32 = hours.parse()?;
    let scratch = tempfile::tempdir()?;
    let parameters = SegmentParameters::new(video::FAMILY, video::KEY_BITS)?;
    let mut writer = PackedWriter::create(&scratch.path().join("segment"), &parameters)?;
    for hour in 0..count {
        let first = u64::from(hour) * u64::from(2 * LOOKS_PER_HOUR);
        let mut pushed = Ok(());
        video::index_keys(&looks(hour), &mut |key, place| {
            if pushed.is_ok() {
                pushed = writer.push(key, first + u64::from(place));
            }
        });
        pushed?;
    }
    let index = Hours {
        count,
        segment: writer.finish()?,
    };
    let (mut films, mut seconds, mut matches) = (0.0, 0.0, 0);
    let start = cpu_seconds()?;
    for entry in std::fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if path.extension().is_none_or(|e| e != "mp4") {
            continue;
        }
        let Some(track) = video::probe(&path, Container::Mp4, &Tools::default())? else {
            continue;
        };
        let found = video::search(
            &path,
            &track,
            &Tools::default(),
            &index,
            &SearchOptions::default(),
        )?;
        (films, seconds) = (films + 1.0, seconds + found.duration_ms as f64 / 1e3);
        matches += found.matches.len();
    }
    let cpu = cpu_seconds()? - start;
    println!(
        "{count} h of synthetic looks, {:.1} MB of postings; {films} films of {seconds:.0} s: {:.3} s of processor time a film, {:.1} ms a second of film, {matches} matches",
        index.segment.size_bytes() as f64 / 1e6,
        cpu / films,
        cpu / seconds * 1e3,
    );
    Ok(())
}

/// CPU seconds of this process.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: Vec<f64> = (fields.get(11..13).ok_or("no figures")?.iter())
        .map(|f| f.parse())
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}
