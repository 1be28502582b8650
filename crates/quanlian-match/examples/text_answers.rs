//! Answers of the text medium to a folder of queries, one JSON line a match, for `bench/score_text.py`.
//!
//! In:  `text_answers LIST ROOT QUERIES`: a table whose first column names works below ROOT, and a folder of suspects.
//! Out: all matches on stdout, also those that chance explains; figures of the index and processor time on stderr.
//!
//! Not here: judging the answers.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints its answers"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, io};

use quanlian_match::collection::{BuildOptions, Collection, MatchOptions};

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [list, root, queries] = &arguments[..] else {
        return Err(io::Error::other("usage: text_answers LIST ROOT QUERIES"));
    };
    let dir = tempfile::tempdir()?;
    let (works, index) = (dir.path().join("works"), dir.path().join("index"));
    for line in fs::read_to_string(list)?.lines() {
        let name = line.split('\t').next().unwrap_or_default();
        let to = works.join(name);
        fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
        fs::copy(root.join(name), to)?;
    }
    let start = Instant::now();
    let built = Collection::build(&index, &works, &BuildOptions::default()).map_err(io::Error::other)?;
    let collection = Collection::open(&index).map_err(io::Error::other)?;
    eprintln!(
        "{} works, index {} bytes, built in {:?}",
        built.added,
        collection.stats().index_bytes,
        start.elapsed()
    );
    let options = MatchOptions {
        include_below_threshold: true,
        ..MatchOptions::default()
    };
    let start = Instant::now();
    let mut answers = 0;
    collection.match_paths(
        std::slice::from_ref(queries),
        &options,
        &|_| false,
        &|_, _| {},
        |path, report| match report {
            Ok(report) => {
                for found in report.matches {
                    answers += 1;
                    println!("{}", serde_json::to_string(&found).unwrap_or_default());
                }
            }
            Err(e) => eprintln!("{}: {e}", path.display()),
        },
    );
    eprintln!("{answers} answers in {:?}", start.elapsed());
    Ok(())
}
