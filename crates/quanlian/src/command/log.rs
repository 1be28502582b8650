//! `quanlian log append|fsck|bench|move-lock`: entries into the log, the full check of it, its speed on this disk, and
//! another place for its lock record.
//!
//! In:  files or lines, and the data folder of the log.
//! Out: the numbers of the entries with the checkpoint that covers them; the findings of the
//!      check (exit 1 when there are any); the figures of the load.
//!
//! Not here: deposits, which are entries too (`deposit`); witnesses; readers (`serve`).

pub(super) mod serve;

use std::{
    fs::File,
    io::{self, BufRead, Read},
    ops::Range,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use quanlian_evidence::vault::{Outside as _, System};
use quanlian_tlog::{
    load::Load,
    lock_record::LockPlace,
    log::LogError,
    note::{SEED_BYTES, SignerKey, VerifierKey},
    sequencer::{Sequencer, Settings},
    store::LogHome,
    tile::MAX_ENTRY_BYTES,
};
use serde::Serialize;

use crate::{
    cli::{LogAppend, LogBench, LogFsck, LogMoveLock},
    evidence::{Room, lock_record},
    fault::{Blame, Fault, Outcome, answer_no},
    output::Output,
};

/// Lines that go into the log together.
const BATCH_LINES: usize = 4096;
/// The longest public key file.
const MAX_KEY_BYTES: u64 = 4096;
/// What a bench leaves in its folder, and takes away again.
const BENCH_FILES: [&str; 3] = ["log.head", "log.head.in-use", "log.key.signed"];

#[derive(Serialize)]
struct Appended {
    log: String,
    /// Number of the first entry, and the number after the last.
    first: u64,
    end: u64,
    size: u64,
    root: String,
    checkpoint: String,
}

/// Runs `log append`.
pub(super) fn append(arguments: &LogAppend, output: &Output) -> Outcome {
    // All files are read before the first entry, so that a wrong name leaves nothing behind.
    let files = if arguments.lines {
        Vec::new()
    } else {
        arguments
            .paths
            .iter()
            .map(PathBuf::as_path)
            .map(whole_file)
            .collect::<anyhow::Result<Vec<Vec<u8>>>>()
            .bad_input()?
    };
    let mut room = Room::open(&arguments.data, "", &arguments.lock)?;
    let mut numbers = room.append_entries(&[])?;
    let mut add = |batch: &[Vec<u8>]| -> Result<(), Fault> {
        let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        let added: Range<u64> = room.append_entries(&batch)?;
        numbers.end = added.end;
        Ok(())
    };
    if arguments.lines {
        for path in &arguments.paths {
            each_batch_of_lines(path, &mut add)?;
        }
    } else {
        for batch in files.chunks(BATCH_LINES) {
            add(batch)?;
        }
    }
    let head = room.vault().log().checkpoint();
    let report = Appended {
        log: room.log_key(),
        first: numbers.start,
        end: numbers.end,
        size: head.size(),
        root: head.root().to_base64(),
        checkpoint: head.note().to_owned(),
    };
    output.document(&report).system()?;
    let values = [
        ("entries", (report.end - report.first).to_string()),
        ("first", report.first.to_string()),
        ("size", report.size.to_string()),
        ("root", report.root.clone()),
    ];
    output.text(&output.messages.get("log.appended", &values));
    output.text(&output.messages.get("deposit.log", &[("key", &report.log)]));
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(file))
}

fn whole_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    open(path)?
        .take(MAX_ENTRY_BYTES as u64 + 1)
        .read_to_end(&mut content)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if content.len() > MAX_ENTRY_BYTES {
        bail!(
            "{} is longer than an entry can be ({MAX_ENTRY_BYTES} bytes); deposit the file, which puts its digest into the log",
            path.display()
        );
    }
    Ok(content)
}

fn each_batch_of_lines<A>(path: &Path, add: &mut A) -> Result<(), Fault>
where
    A: FnMut(&[Vec<u8>]) -> Result<(), Fault>,
{
    let mut reader = io::BufReader::new(open(path).bad_input()?);
    let mut batch = Vec::new();
    for number in 1_u64.. {
        let mut line = Vec::new();
        reader
            .by_ref()
            .take(MAX_ENTRY_BYTES as u64 + 2)
            .read_until(b'\n', &mut line)
            .with_context(|| format!("cannot read {}", path.display()))
            .bad_input()?;
        if line.is_empty() {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.len() > MAX_ENTRY_BYTES {
            // What stands before it is in the log already, or goes there now, and is told.
            add(&batch)?;
            return Err(Fault::BadInput(anyhow!(
                "{}, line {number} is longer than an entry can be ({MAX_ENTRY_BYTES} bytes); the lines before it are in the log",
                path.display()
            )));
        }
        batch.push(line);
        if batch.len() == BATCH_LINES {
            add(&std::mem::take(&mut batch))?;
        }
    }
    add(&batch)
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    log: String,
    size: u64,
    pending: u64,
    tiles: u64,
    problems: Vec<String>,
}

/// Runs `log fsck`.
pub(super) fn fsck(arguments: &LogFsck, output: &Output) -> Outcome {
    let key = read_key(&arguments.data, arguments.key.as_deref()).bad_input()?;
    let named = lock_record::named(&arguments.lock).bad_input()?;
    output.say::<&str>("progress.fsck", &[]);
    let report = match lock_record::fsck(&arguments.data, &key, named) {
        Ok(report) => report,
        Err(LogError::Missing) => {
            return Err(Fault::BadInput(anyhow!(
                "there is no log in {}",
                arguments.data.display()
            )));
        }
        // A head that cannot be believed is a finding, not a failure to look.
        Err(error @ (LogError::Checkpoint(_) | LogError::Damaged(_) | LogError::Full)) => {
            let mut report = quanlian_tlog::fsck::FsckReport::default();
            report.problems.push(format!("{:#}", anyhow::Error::new(error)));
            report
        }
        Err(error) if lock_record::is_mistake(error.code()) => return Err(Fault::BadInput(error.into())),
        Err(error) => return Err(Fault::System(error.into())),
    };
    let report = Checked {
        ok: report.problems.is_empty(),
        log: key.to_string(),
        size: report.size,
        pending: report.pending,
        tiles: report.tiles,
        problems: report.problems,
    };
    output.document(&report).system()?;
    for problem in &report.problems {
        output.text(&output.messages.get("log.problem", &[("problem", problem)]));
    }
    let values = [
        ("size", report.size.to_string()),
        ("tiles", report.tiles.to_string()),
        ("pending", report.pending.to_string()),
        ("problems", report.problems.len().to_string()),
    ];
    let verdict = if report.ok { "log.sound" } else { "log.unsound" };
    output.text(&output.messages.get(verdict, &values));
    Ok(if report.ok { ExitCode::SUCCESS } else { answer_no() })
}

pub(super) fn read_key(data: &Path, named: Option<&Path>) -> anyhow::Result<VerifierKey> {
    let path = named.map_or_else(|| data.join("log.vkey"), Path::to_owned);
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(MAX_KEY_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the key of the log, {}", path.display()))?;
    text.trim_end_matches('\n')
        .parse()
        .with_context(|| format!("{} holds no key of a log", path.display()))
}

#[derive(Serialize)]
struct Moved {
    from: String,
    to: String,
    /// Entries under the head that was moved.
    size: u64,
}

/// Runs `log move-lock`.
pub(super) fn move_lock(arguments: &LogMoveLock, output: &Output) -> Outcome {
    let data = &arguments.data;
    let to = lock_record::parse(&arguments.to).bad_input()?;
    let key = read_key(data, None).bad_input()?;
    let from = LockPlace::remembered(data).system()?;
    let moved = lock_record::move_to(data, &key, &to);
    let is_mistaken = moved
        .as_ref()
        .is_err_and(|error| lock_record::is_mistake(error.code()));
    let moved = moved.with_context(|| format!("the lock record stays in {}", from.name()));
    let head = if is_mistaken {
        moved.bad_input()
    } else {
        moved.system()
    }?;
    let report = Moved {
        from: from.name().to_owned(),
        to: to.name(),
        size: head.size(),
    };
    output.document(&report).system()?;
    let values = [
        ("from", report.from.clone()),
        ("to", report.to.clone()),
        ("size", report.size.to_string()),
    ];
    output.text(&output.messages.get("log.lock_moved", &values));
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Measured {
    entries: u64,
    in_flight: u64,
    bytes: usize,
    entries_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Up to the last tile and checkpoint.
    published_per_s: f64,
}

/// Runs `log bench`.
pub(super) fn bench(arguments: &LogBench, output: &Output) -> Outcome {
    let data = &arguments.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the folder {}", data.display()))
        .bad_input()?;
    let is_empty = std::fs::read_dir(data)
        .with_context(|| format!("cannot read the folder {}", data.display()))
        .bad_input()?
        .next()
        .is_none();
    if !is_empty {
        return Err(Fault::BadInput(anyhow!(
            "{} is not empty; name a new folder on the disk to measure",
            data.display()
        )));
    }
    output.say::<&str>("progress.bench", &[]);
    let measured = measure(arguments).context("the load could not be run").system();
    // Also after a failure: nobody shall take this for a log of evidence.
    let cleaned = clean(data)
        .with_context(|| format!("cannot clean up {}", data.display()))
        .system();
    let measured = measured?;
    cleaned?;
    output.document(&measured).system()?;
    let values = [
        ("entries", measured.entries.to_string()),
        ("rate", format!("{:.0}", measured.entries_per_s)),
        ("p50", format!("{:.3}", measured.p50_ms)),
        ("p99", format!("{:.3}", measured.p99_ms)),
        ("published", format!("{:.0}", measured.published_per_s)),
    ];
    output.text(&output.messages.get("log.measured", &values));
    Ok(ExitCode::SUCCESS)
}

fn measure(arguments: &LogBench) -> Result<Measured, LogError> {
    let mut seed = [0; SEED_BYTES];
    System.fill(&mut seed);
    let key = SignerKey::from_seed("bench.quanlian/log", &seed)?;
    let home = LogHome::create(&arguments.data)?;
    let sequencer = Sequencer::open_or_create(home, key, Settings::default())?;
    let load = Load {
        entries: arguments.entries,
        in_flight: arguments.in_flight,
        entry_bytes: usize::from(arguments.bytes),
    };
    let begin = std::time::Instant::now();
    let report = load.run(&sequencer)?;
    sequencer.finish()?;
    let published = begin.elapsed();
    Ok(Measured {
        entries: report.entries,
        in_flight: load.in_flight,
        bytes: load.entry_bytes,
        entries_per_s: report.entries_per_s,
        p50_ms: report.p50.as_secs_f64() * 1000.0,
        p99_ms: report.p99.as_secs_f64() * 1000.0,
        published_per_s: report.entries as f64 / published.as_secs_f64(),
    })
}

fn clean(data: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(data.join("log")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for name in BENCH_FILES {
        match std::fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
