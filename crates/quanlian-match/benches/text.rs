//! Speed and memory of the text medium, as a table in Markdown.
//!
//! In:  the texts below `$QUANLIAN_SHARED/data/text` (or `../shared` beside the
//!      repository), or, when there are none, texts made up here; the table says which.
//! Out: megabytes for each second of processor time, and memory on growing files.
//!
//! Processor time comes from `/proc/self/stat` and memory from `/proc/self/status`, so
//! the figures hold on a busy machine; elsewhere than on Linux there is no table.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its table"
)]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use quanlian_match::collection::{BuildOptions, Collection, MatchOptions};
use quanlian_match::text::fingerprint;

/// Ticks of the processor clock in a second, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// Each measurement is repeated until it has taken at least so long.
const MIN_SECONDS: f64 = 1.0;

fn main() -> io::Result<()> {
    let (Some(_), Some(_)) = (processor_seconds(), peak_bytes()) else {
        eprintln!("no /proc here, nothing can be measured");
        return Ok(());
    };
    let dir = tempfile::tempdir()?;
    println!("| text | unit | figure |\n|---|---|---|");
    for (name, works) in inputs(dir.path())? {
        measure(&name, &works, &dir.path().join("index"))?;
    }
    memory(dir.path())
}

fn measure(name: &str, works: &[PathBuf], index: &Path) -> io::Result<()> {
    let texts: Vec<Vec<u8>> = works.iter().map(fs::read).collect::<Result<_, _>>()?;
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let folder = index.with_extension("works");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    for (i, text) in texts.iter().enumerate() {
        fs::write(folder.join(format!("{i:05}.txt")), text)?;
    }
    let mut keys = 0u64;
    let fingerprints = rate(bytes, || {
        for text in &texts {
            fingerprint(&text[..], |_, _| keys += 1).map_err(io::Error::other)?;
        }
        Ok(())
    })?;
    let indexing = rate(bytes, || {
        let _ = fs::remove_dir_all(index);
        Collection::build(index, &folder, &BuildOptions::default()).map_err(io::Error::other)?;
        Ok(())
    })?;
    let collection = Collection::open(index).map_err(io::Error::other)?;
    let size = collection.stats().index_bytes;
    // Unlike the works: the letters of each text in another order, word by word.
    let suspect = index.with_extension("suspect");
    let suspects = shuffled(&texts, 4 << 20);
    fs::write(&suspect, &suspects)?;
    collection
        .match_file(&suspect, &MatchOptions::default())
        .map_err(io::Error::other)?;
    let query = rate(suspects.len(), || {
        collection
            .match_file(&suspect, &MatchOptions::default())
            .map_err(io::Error::other)?;
        Ok(())
    })?;
    println!("| {name}, fingerprint | MB per CPU-second | {fingerprints:.0} |");
    println!("| {name}, fingerprint, store and index | MB per CPU-second | {indexing:.0} |");
    println!(
        "| {name}, index over text | ratio | {:.2} |",
        size as f64 / bytes as f64
    );
    println!("| {name}, query without a match | MB per CPU-second | {query:.1} |");
    Ok(())
}

/// Peak memory while ever longer files are indexed and matched.
fn memory(dir: &Path) -> io::Result<()> {
    for megabytes in [4usize, 16, 64] {
        let works = dir.join(format!("long-{megabytes}"));
        fs::create_dir_all(&works)?;
        let mut file = io::BufWriter::new(fs::File::create(works.join("long.txt"))?);
        let (mut random, mut written) = (Random(megabytes as u64), 0);
        while written < megabytes << 20 {
            let line = made_up_line(&mut random);
            file.write_all(line.as_bytes())?;
            written += line.len();
        }
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        let index = dir.join(format!("long-{megabytes}.index"));
        reset_peak();
        Collection::build(&index, &works, &BuildOptions::default()).map_err(io::Error::other)?;
        let build = peak_bytes().unwrap_or(0) >> 20;
        println!("| one file of {megabytes} MB, peak memory of index build | MB | {build} |");
        fs::remove_dir_all(&works)?;
        fs::remove_dir_all(&index)?;
    }
    Ok(())
}

/// Megabytes for each second of processor time.
fn rate(bytes: usize, mut work: impl FnMut() -> io::Result<()>) -> io::Result<f64> {
    let start = processor_seconds().unwrap_or(0.0);
    let mut runs = 0.0;
    loop {
        work()?;
        runs += 1.0;
        let taken = processor_seconds().unwrap_or(0.0) - start;
        if taken >= MIN_SECONDS {
            return Ok(runs * bytes as f64 / 1e6 / taken);
        }
    }
}

fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold spaces; user and system time are
    // the 14th and 15th field, counted from before it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

fn reset_peak() {
    // Refused in some containers; then the figures are those of the largest file so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn inputs(dir: &Path) -> io::Result<Vec<(String, Vec<PathBuf>)>> {
    let shared = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let mut inputs = Vec::new();
    for (name, folder) in [("English", "data/text/en"), ("Chinese", "data/text/zh")] {
        let mut files = Vec::new();
        collect(&shared.join(folder), &mut files);
        if !files.is_empty() {
            inputs.push((name.to_owned(), files));
        }
    }
    if inputs.is_empty() {
        eprintln!("no texts in {}, made-up ones are measured", shared.display());
        let (mut random, mut text) = (Random(7), String::new());
        while text.len() < 8 << 20 {
            text.push_str(&made_up_line(&mut random));
        }
        let path = dir.join("made-up.txt");
        fs::write(&path, text)?;
        inputs.push(("made-up words".to_owned(), vec![path]));
    }
    Ok(inputs)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// A fixed sequence of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

fn made_up_line(random: &mut Random) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "ro", "mi", "ten", "lu", "sol", "da", "pre", "xi", "fen", "gu", "bor", "nal", "qi", "zer", "to",
    ];
    let mut line = String::new();
    for _ in 0..12 {
        for _ in 0..=random.below(4) {
            line.push_str(SYLLABLES[random.below(SYLLABLES.len())]);
        }
        line.push(' ');
    }
    line.push('\n');
    line
}

fn shuffled(texts: &[Vec<u8>], most_bytes: usize) -> String {
    let mut random = Random(3);
    let mut out = String::new();
    for text in texts {
        let text = String::from_utf8_lossy(text);
        let words: Vec<&str> = if text.is_ascii() || text.split_whitespace().count() * 12 > text.len() {
            text.split_inclusive(char::is_whitespace).collect()
        } else {
            text.char_indices()
                .map(|(at, c)| &text[at..at + c.len_utf8()])
                .collect()
        };
        for _ in 0..words.len() {
            out.push_str(words[random.below(words.len())]);
            if out.len() > most_bytes {
                return out;
            }
        }
    }
    out
}
