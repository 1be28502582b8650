//! Answers the picture queries of a benchmark: `query,answer,score` for the scorer, and figures on stderr.
//!
//! In:  `image_answers WORKS QUERIES ANSWERS.csv [BOXES.csv]`, two folders of pictures and files to write.
//! Out: the best answer to each query with its score in bits, whatever the threshold.
//!
//! Not here: scoring (the scorer of the benchmark knows the truth, this program does not).

#![expect(clippy::print_stderr, reason = "a benchmark talks to a person")]

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use quanlian_match::image::{self, Hash, ImageIndex, ImageItem, SearchOptions};
use quanlian_match::segment::{Segment, SegmentParameters, SegmentWriter};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

struct Works {
    segment: Segment,
    items: Vec<ImageItem>,
}

impl ImageIndex for Works {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        for posting in self.segment.postings_of_rare(key, limit).into_iter().flatten() {
            visit(posting.item, posting.position);
        }
    }

    fn hashes(&self, item: u32) -> &[Hash] {
        self.items.get(item as usize).map_or(&[], |i| &i.hashes)
    }

    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        self.items
            .get(item as usize)
            .map(|i| Cow::Borrowed(i.record.as_slice()))
    }

    fn size(&self, item: u32) -> [u32; 2] {
        self.items
            .get(item as usize)
            .map_or([1, 1], |i| [i.width, i.height])
    }

    fn pictures(&self) -> u64 {
        self.items.len() as u64
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [works, queries, answers, boxes @ ..] = arguments.as_slice() else {
        return Err("image_answers WORKS QUERIES ANSWERS.csv [BOXES.csv]".into());
    };
    let folder = tempfile::tempdir()?;
    let names = pictures_in(works)?;
    let parameters = SegmentParameters::new(image::FAMILY, image::KEY_BITS)?;
    let mut writer = SegmentWriter::create(&folder.path().join("segment"), &parameters)?;
    let (start, mut items, mut keys) = (cpu_seconds()?, Vec::new(), 0_u64);
    for (number, path) in names.iter().enumerate() {
        let mut failed = None;
        items.push(image::fingerprint_reference(path, &mut |key, position| {
            keys += 1;
            failed = writer.push(key, number as u32, position).err().or(failed.take());
        })?);
        if let Some(error) = failed {
            return Err(error.into());
        }
    }
    let record_bytes: usize = items.iter().map(|i| i.record.len()).sum();
    eprintln!(
        "{} works: {:.1} ms of CPU, {:.0} keys and {:.0} bytes of record each",
        names.len(),
        1e3 * (cpu_seconds()? - start) / names.len() as f64,
        keys as f64 / names.len() as f64,
        record_bytes as f64 / names.len() as f64,
    );
    let works = Works {
        segment: writer.finish()?,
        items,
    };
    let mut out = BufWriter::new(File::create(answers)?);
    writeln!(out, "query,answer,score")?;
    let mut areas = boxes.first().map(File::create).transpose()?.map(BufWriter::new);
    let options = SearchOptions {
        max_e_value: f64::INFINITY,
    };
    let (start, mut asked) = (cpu_seconds()?, 0_u32);
    for path in pictures_in(queries)? {
        asked += 1;
        let found = image::search(&path, &works, &options)?;
        let (Some(best), query) = (found.matches.first(), name(&path)) else {
            continue;
        };
        let answer = name(&names[best.item as usize]);
        writeln!(out, "{query},{answer},{:.3}", best.score_bits)?;
        if let Some(areas) = &mut areas {
            let area = &best.segments[0];
            writeln!(
                areas,
                "{query},{answer},{:.3},{:.3},{:?},{:?}",
                best.score_bits, best.identity, area.suspect, area.work
            )?;
        }
    }
    eprintln!(
        "{asked} queries: {:.1} ms of CPU each",
        1e3 * (cpu_seconds()? - start) / f64::from(asked)
    );
    Ok(out.flush()?)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn pictures_in(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "jpg" || e == "png"));
    files.sort();
    Ok(files)
}

fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS_PER_SECOND)
}
