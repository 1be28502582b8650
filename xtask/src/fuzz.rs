//! Fuzzing: seeds made, targets built and run, one line each for what came of it.
//!
//! In:  names of targets (all when none is given) and the seconds for each, `--` before them.
//! Out: a table on stdout; 0 only when no target found anything.
//!
//! Invariant: one core at the lowest priority that matters, 1 GiB a target, 10 s an input: what needs more is a find.
//!
//! Not here: the targets (`fuzz/fuzz_targets`) and the seeds (`fuzz/seeds`).

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Options, Stop, machine, step};

/// Seconds for each target where the caller names none.
const SECONDS: u64 = 60;
/// The most memory that an input may take.
const MEMORY_MIB: u32 = 1024;
/// The longest that an input may take.
const INPUT_SECONDS: u32 = 10;
/// What the instrumented programs are compiled for.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// SQLite has two tables of one name, which the sanitizer takes for a defect of the link.
const SANITIZER: (&str, &str) = ("ASAN_OPTIONS", "detect_odr_violation=0");
/// The program of `fuzz/` that is no target.
const SEEDS: &str = "seeds";

/// What became of one target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    executions: u64,
    edges: u64,
    memory_mib: u64,
    /// What libFuzzer said when it found something.
    found: Option<String>,
}

pub(crate) fn run(root: &Path, options: &Options) -> Result<u8, Stop> {
    let seconds = seconds(&options.passed_on)?;
    let targets = targets(root)?;
    let chosen: Vec<&String> = targets
        .iter()
        .filter(|target| options.names.is_empty() || options.names.contains(target))
        .collect();
    if let Some(unknown) = options.names.iter().find(|name| !targets.contains(name)) {
        return Err(Stop::BadUse(format!(
            "`{unknown}` is not a target; there are: {}",
            targets.join(", ")
        )));
    }
    machine::prepare(&[machine::COMPILER, machine::FFMPEG], options.no_install)?;
    let programs = build(root, &chosen)?;
    let corpora = root.join("fuzz/corpus");
    if !step::command(
        Command::new(programs.join(SEEDS))
            .arg(&corpora)
            .env(SANITIZER.0, SANITIZER.1),
    )? {
        return Err(Stop::Machine("the seeds could not be made; see above".into()));
    }
    println!("| target | executions | seconds | edges | peak MiB | found |\n|---|---|---|---|---|---|");
    let mut clean = true;
    for target in chosen {
        let run = fuzz(root, &programs, target, seconds)?;
        println!(
            "| {target} | {} | {seconds} | {} | {} | {} |",
            run.executions,
            run.edges,
            run.memory_mib,
            run.found.as_deref().unwrap_or("nothing")
        );
        clean &= run.found.is_none();
    }
    Ok(if clean { 0 } else { crate::FAILED })
}

fn seconds(passed_on: &[String]) -> Result<u64, Stop> {
    match passed_on {
        [] => Ok(SECONDS),
        [seconds] => seconds
            .parse()
            .ok()
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| Stop::BadUse(format!("`{seconds}` is not a number of seconds"))),
        _ => Err(Stop::BadUse(
            "after `--` stand the seconds for each target, and no more".into(),
        )),
    }
}

/// The names of the targets, in their order.
fn targets(root: &Path) -> Result<Vec<String>, Stop> {
    let folder = root.join("fuzz/fuzz_targets");
    let unreadable = |error| Stop::Machine(format!("cannot list {}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds seeds and targets with address sanitizer and coverage; the folder of the programs.
fn build(root: &Path, chosen: &[&String]) -> Result<PathBuf, Stop> {
    let lock = root.join("fuzz/Cargo.lock");
    if !lock.is_file() {
        // The versions that the product is built from are the ones to try.
        fs::copy(root.join("Cargo.lock"), &lock)
            .map_err(|error| Stop::Machine(format!("cannot copy Cargo.lock to fuzz/: {error}")))?;
    }
    let folder = root.join("fuzz/target");
    let all = targets(root)?.len() == chosen.len();
    let programs: Vec<Option<&str>> = if all {
        vec![None]
    } else {
        std::iter::once(Some(SEEDS))
            .chain(chosen.iter().map(|name| Some(name.as_str())))
            .collect()
    };
    for program in programs {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(root)
            .args([
                "+nightly",
                "fuzz",
                "build",
                "--release",
                "--target",
                TARGET,
                "--target-dir",
            ])
            .arg(&folder)
            .args(program);
        if !step::command(&mut cargo)? {
            return Err(Stop::Machine(
                "the targets could not be built; they need a nightly compiler (rustup toolchain install nightly) and \
                 cargo-fuzz (cargo install cargo-fuzz)"
                    .into(),
            ));
        }
    }
    Ok(folder.join(TARGET).join("release"))
}

fn fuzz(root: &Path, programs: &Path, target: &str, seconds: u64) -> Result<Run, Stop> {
    let folder = |name: &str| -> Result<PathBuf, Stop> {
        let folder = root.join("fuzz").join(name).join(target);
        fs::create_dir_all(&folder)
            .map_err(|error| Stop::Machine(format!("cannot make {}: {error}", folder.display())))?;
        Ok(folder)
    };
    let (corpus, artifacts) = (folder("corpus")?, folder("artifacts")?);
    let mut command = Command::new("nice");
    command
        .args(["-n", "10"])
        .arg(programs.join(target))
        .arg(&corpus)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-malloc_limit_mb={MEMORY_MIB}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .args(["-print_final_stats=1", "-max_len=65536"])
        .env(SANITIZER.0, SANITIZER.1)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    eprintln!("=== {target}");
    let unstartable = |error| Stop::Machine(format!("cannot start {target}: {error}"));
    let mut child = command.spawn().map_err(unstartable)?;
    let mut run = Run::default();
    if let Some(talk) = child.stderr.take() {
        for line in BufReader::new(talk).split(b'\n').map_while(Result::ok) {
            take_in(&mut run, &String::from_utf8_lossy(&line));
        }
    }
    let status = child.wait().map_err(unstartable)?;
    if !status.success() && run.found.is_none() {
        run.found = Some(format!("it ended with {status}"));
    }
    Ok(run)
}

/// One line of what libFuzzer says. What it says of a find is passed on.
fn take_in(run: &mut Run, line: &str) {
    let number = |text: &str| text.trim().parse().ok();
    if let Some((_, rest)) = line.split_once(" cov: ") {
        let edges = rest.split(' ').next().and_then(number);
        run.edges = edges.unwrap_or(run.edges);
    } else if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
        run.executions = number(count).unwrap_or(0);
    } else if let Some(mib) = line.strip_prefix("stat::peak_rss_mb:") {
        run.memory_mib = number(mib).unwrap_or(0);
    } else if line.starts_with("==") && line.contains("ERROR: ") {
        let what = line.split("ERROR: ").nth(1).unwrap_or(line);
        eprintln!("{line}");
        run.found.get_or_insert_with(|| what.chars().take(80).collect());
    } else if line.contains("panicked at") || line.contains("Test unit written to") {
        eprintln!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_run_are_understood() {
        let mut run = Run::default();
        for line in [
            "#2\tINITED cov: 120 ft: 300 corp: 4/1kb exec/s: 0 rss: 60Mb",
            "#9\tNEW    cov: 125 ft: 310 corp: 5/1kb exec/s: 3 rss: 61Mb",
            "stat::number_of_executed_units: 4711",
            "stat::peak_rss_mb:              88",
        ] {
            take_in(&mut run, line);
        }
        assert_eq!(
            run,
            Run {
                executions: 4711,
                edges: 125,
                memory_mib: 88,
                found: None
            }
        );
        take_in(&mut run, "==12== ERROR: libFuzzer: deadly signal");
        assert_eq!(run.found.as_deref(), Some("libFuzzer: deadly signal"));
    }

    #[test]
    fn seconds_are_one_number() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(matches!(seconds(&words(&["90"])), Ok(90)));
        assert!(matches!(seconds(&[]), Ok(SECONDS)));
        for bad in [&["0"][..], &["soon"], &["1", "2"]] {
            assert!(matches!(seconds(&words(bad)), Err(Stop::BadUse(_))));
        }
    }
}
