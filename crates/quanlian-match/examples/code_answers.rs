//! Answers the code queries of a benchmark: the match lines that the command line prints, and figures on stderr.
//!
//! In:  `code_answers WORKS INDEX MATCHES.jsonl SUSPECTS...`: a folder of works, a folder for the index, a file to write.
//! Out: one line a (suspect, work) pair, below the threshold as well.
//!
//! Not here: scoring (`bench/score_code.py` knows the truth, this program does not).

#![expect(clippy::print_stderr, reason = "a benchmark talks to a person")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use quanlian_match::collection::{BuildOptions, Collection, MatchOptions};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Clock ticks per second in `/proc/self/stat`; fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> Outcome<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [works, index, answers, suspects @ ..] = arguments.as_slice() else {
        return Err("code_answers WORKS INDEX MATCHES.jsonl SUSPECTS...".into());
    };
    let start = cpu_seconds()?;
    Collection::build(index, works, &BuildOptions::default())?;
    let spent = cpu_seconds()? - start;
    let collection = Collection::open(index)?;
    let stats = collection.stats();
    for (medium, of) in &stats.media {
        eprintln!(
            "{medium:?}: {} works, {:.2} MB, index {:.3} of that",
            of.items,
            of.source_bytes as f64 / 1e6,
            of.index_bytes as f64 / of.source_bytes as f64,
        );
    }
    eprintln!(
        "built in {spent:.2} s of CPU: {:.1} MB a CPU-second",
        stats.source_bytes as f64 / 1e6 / spent
    );
    let mut out = BufWriter::new(File::create(answers)?);
    let options = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    let (start, mut files, mut bytes, mut failed) = (cpu_seconds()?, 0u32, 0u64, None);
    let notes = collection.match_paths(suspects, &options, &|_| false, &|_, _| {}, |path, result| {
        files += 1;
        bytes += path.metadata().map_or(0, |m| m.len());
        match result {
            Ok(report) => {
                for found in &report.matches {
                    let line = serde_json::to_string(found).unwrap_or_default();
                    if let Err(e) = writeln!(out, "{line}") {
                        failed = Some(e);
                    }
                }
            }
            Err(e) => eprintln!("{}: {e}", path.display()),
        }
    });
    if let Some(e) = failed {
        return Err(e.into());
    }
    let spent = cpu_seconds()? - start;
    eprintln!(
        "{files} suspects, {} remarks: {:.1} ms of CPU each, {:.2} MB a CPU-second",
        notes.len(),
        1e3 * spent / f64::from(files.max(1)),
        bytes as f64 / 1e6 / spent,
    );
    Ok(out.flush()?)
}

fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS_PER_SECOND)
}
