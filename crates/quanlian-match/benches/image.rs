//! Benchmark of pictures: hash and features of one megapixel, and queries against a large collection.
//!
//! In:  `shared/data/images` (see `QUANLIAN_SHARED`), left out with a line when absent.
//! Out: Markdown tables on stdout. `cargo bench -p quanlian-match --bench image`
//!
//! The collection of 250,000 pictures is the real references and synthetic distractors: for each, the keys of features of
//! many references at random, three bits of each turned over, and the hash of a reference with three bits in ten turned
//! over. So keys are distributed as those of real pictures, but no distractor is a picture. `QUANLIAN_BENCH_PICTURES`
//! sets another number.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to a person"
)]

use std::borrow::Cow;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use quanlian_match::image::{self, Hash, ImageIndex, ImageItem, KEY_BITS, SearchOptions};
use quanlian_match::segment::{Segment, SegmentParameters, SegmentWriter};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bit of a key that tells bands of hashes from features.
const HASH_BIT: u64 = 1 << (KEY_BITS - 1);

fn main() -> Outcome<()> {
    let Some(folder) = shared_images() else {
        eprintln!("shared/data/images is absent: nothing is measured");
        return Ok(());
    };
    let references = files_in(&folder.join("ref"))?;
    let others = files_in(&folder.join("neg"))?;
    let scratch = tempfile::tempdir()?;
    one_megapixel(&references, scratch.path())?;
    against_many(&references, &others, scratch.path())
}

fn shared_images() -> Option<PathBuf> {
    let shared = match std::env::var_os("QUANLIAN_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let images = shared.join("data/images");
    images.join("ref").is_dir().then_some(images)
}

fn files_in(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}

/// CPU seconds of this process.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS_PER_SECOND)
}

/// Scales every reference to one megapixel and fingerprints it as a work and as a suspect.
fn one_megapixel(references: &[PathBuf], scratch: &Path) -> Outcome<()> {
    let mut files = Vec::new();
    for (i, reference) in references.iter().enumerate() {
        let picture = ::image::open(reference)?.to_rgb8();
        let factor = (1e6 / f64::from(picture.width() * picture.height())).sqrt();
        let side = |length: u32| (f64::from(length) * factor).round() as u32;
        let large = ::image::imageops::resize(
            &picture,
            side(picture.width()),
            side(picture.height()),
            ::image::imageops::FilterType::Triangle,
        );
        let file = scratch.join(format!("{i}.jpg"));
        large.save(&file)?;
        files.push(file);
    }
    let start = cpu_seconds()?;
    for file in &files {
        ::image::open(file)?;
    }
    let decoding = cpu_seconds()?;
    for file in &files {
        image::fingerprint_reference(file, &mut |_, _| {})?;
    }
    let works = cpu_seconds()?;
    let nothing = Nothing;
    for file in &files {
        image::search(file, &nothing, &SearchOptions::default())?;
    }
    let suspects = cpu_seconds()?;
    let each = |from: f64, to: f64| 1e3 * (to - from) / files.len() as f64;
    let decode = each(start, decoding);
    println!("### One megapixel ({} pictures, JPEG, one thread)\n", files.len());
    println!("| step | CPU ms |\n|---|---|");
    println!("| decoding alone | {decode:.1} |");
    println!(
        "| hash and features of a work, without decoding | {:.1} |",
        each(decoding, works) - decode
    );
    println!(
        "| hash, rectangles and features of a suspect, without decoding | {:.1} |",
        each(works, suspects) - decode
    );
    for file in files {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

/// An index without works.
struct Nothing;

impl ImageIndex for Nothing {
    fn for_each_posting(&self, _: u64, _: u64, _: impl FnMut(u32, u32)) {}

    fn hashes(&self, _: u32) -> &[Hash] {
        &[]
    }

    fn record(&self, _: u32) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn size(&self, _: u32) -> [u32; 2] {
        [1, 1]
    }

    fn pictures(&self) -> u64 {
        0
    }
}

/// A collection in one segment file; a distractor has the record of a reference.
struct Many {
    segment: Segment,
    hashes: Vec<[Hash; 1]>,
    references: Vec<ImageItem>,
    clock: Mutex<Clock>,
}

/// Time spent in look-ups, hashes and features apart.
#[derive(Clone, Copy, Default)]
struct Clock {
    hash_ms: f64,
    feature_ms: f64,
}

impl ImageIndex for Many {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        let start = Instant::now();
        for posting in self.segment.postings_of_rare(key, limit).into_iter().flatten() {
            visit(posting.item, posting.position);
        }
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let mut clock = self.clock.lock().expect("no thread panics");
        if key & HASH_BIT == 0 {
            clock.feature_ms += ms;
        } else {
            clock.hash_ms += ms;
        }
    }

    fn hashes(&self, item: u32) -> &[Hash] {
        self.hashes.get(item as usize).map_or(&[], |h| h)
    }

    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let reference = &self.references[item as usize % self.references.len()];
        Some(Cow::Borrowed(&reference.record))
    }

    fn size(&self, _: u32) -> [u32; 2] {
        [800, 600]
    }

    fn pictures(&self) -> u64 {
        self.hashes.len() as u64
    }
}

struct Random(Cell<u64>);

impl Random {
    fn next(&self) -> u64 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

fn against_many(references: &[PathBuf], others: &[PathBuf], scratch: &Path) -> Outcome<()> {
    let pictures: usize = std::env::var("QUANLIAN_BENCH_PICTURES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(250_000);
    let parameters = SegmentParameters::new(image::FAMILY, image::KEY_BITS)?;
    let mut writer = SegmentWriter::create(&scratch.join("segment"), &parameters)?;
    let (mut items, mut hashes, mut pool) = (Vec::new(), Vec::new(), Vec::new());
    let mut bands = Vec::new();
    for (number, path) in references.iter().enumerate() {
        let mut postings = Vec::new();
        let item = image::fingerprint_reference(path, &mut |key, position| postings.push((key, position)))?;
        for &(key, position) in &postings {
            writer.push(key, number as u32, position)?;
        }
        let (of_hash, of_features): (Vec<_>, Vec<_>) =
            postings.into_iter().partition(|p| p.0 & HASH_BIT != 0);
        bands.push(of_hash);
        pool.extend(of_features);
        hashes.push([item.hashes[0]]);
        items.push(item);
    }
    let (random, features) = (
        Random(Cell::new(88_172_645_463_325_252)),
        pool.len() / references.len(),
    );
    for number in references.len()..pictures {
        for _ in 0..features {
            let (mut key, position) = pool[random.below(pool.len())];
            for _ in 0..3 {
                key ^= 1 << random.below(KEY_BITS as usize - 1);
            }
            writer.push(key, number as u32, position)?;
        }
        let from = random.below(references.len());
        let mut hash = hashes[from][0];
        for bit in 0..256 {
            hash[bit / 64] ^= u64::from(random.below(10) < 3) << (bit % 64);
        }
        // Bands lie in the words of a hash in order, 16 bits each, under the number of the band.
        for band in 0..16_u64 {
            let value = hash[band as usize / 4] >> (band % 4 * 16) & 0xffff;
            writer.push(HASH_BIT | band << 16 | value, number as u32, 0)?;
        }
        hashes.push([hash]);
    }
    let segment = writer.finish()?;
    let records: usize = items.iter().map(|i| i.record.len()).sum();
    println!(
        "\n### A query against {pictures} pictures ({} real, the rest synthetic distractors)\n",
        references.len().min(pictures)
    );
    println!(
        "Index: {} postings in {:.0} MB, and {:.1} kB of record a picture.\n",
        segment.len(),
        segment.size_bytes() as f64 / 1e6,
        records as f64 / 1e3 / references.len() as f64
    );
    let many = Many {
        segment,
        hashes,
        references: items,
        clock: Mutex::default(),
    };
    println!(
        "| query | n | answered | CPU ms in all | of these look-ups of hashes | look-ups of features |\n|---|---|---|---|---|---|"
    );
    for (name, files) in [("a work itself", references), ("a stranger", others)] {
        for round in 0..2 {
            *many.clock.lock().expect("no thread panics") = Clock::default();
            let (start, mut answered) = (cpu_seconds()?, 0);
            for file in files {
                answered += usize::from(
                    !image::search(file, &many, &SearchOptions::default())?
                        .matches
                        .is_empty(),
                );
            }
            let n = files.len() as f64;
            let clock = *many.clock.lock().expect("no thread panics");
            // The first round brings the pages into memory.
            if round == 1 {
                println!(
                    "| {name} | {n} | {answered} | {:.1} | {:.1} (wall) | {:.1} (wall) |",
                    1e3 * (cpu_seconds()? - start) / n,
                    clock.hash_ms / n,
                    clock.feature_ms / n
                );
            }
        }
    }
    Ok(())
}
