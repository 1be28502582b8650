//! `quanlian watch`: follows what is published, matches what is new, and says how copies spread.
//!
//! In:  an index of works; folders, feeds, lists of addresses, archives.
//! Out: a folder with the book of everything seen, the files that were fetched, matches, and the spread of each work.
//!
//! Invariants: a round that was cut off loses no more than the file it was at, and the next one goes on from there. What
//! could not be had gives one line, stands in the book and is tried again; the round goes on.

mod round;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use quanlian_capture::guard::Guard;
use quanlian_match::{Match, collection::Collection};
use quanlian_watch::{
    archive,
    book::{Book, BookError},
    fetch::{Fetcher, Limits},
    spread::{self, Spread},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    cli::Watch as Arguments,
    command::index,
    evidence::Room,
    fault::{Blame, Fault, Outcome},
    files::{Found, replace_durably},
    interrupt,
    output::{Output, warn_about},
    spread as spread_table,
};

/// How often a waiting watch looks whether it should end.
const NAP: Duration = Duration::from_millis(200);

/// A match with the publication that it was found in.
#[derive(Serialize)]
struct Confirmed<'a> {
    /// The key of the publication.
    item: &'a str,
    #[serde(flatten)]
    found: &'a Match,
}

/// What a watch has come to.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Rounds that were made.
    rounds: u64,
    /// Publications in the book.
    items: usize,
    /// Publications with a confirmed copy.
    copies: usize,
    /// What these rounds added.
    #[serde(flatten)]
    added: Added,
    /// How the copies spread: of all works, then of each.
    spread: Vec<Spread>,
    /// Where the results lie.
    files: Vec<String>,
}

/// What rounds added to the book.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Added {
    /// Files that were new or had changed.
    new_files: usize,
    /// Files that were compared.
    compared: usize,
    /// Files in which a copy was confirmed for the first time.
    new_copies: usize,
    /// Looks that stated figures.
    looks: usize,
    /// What could not be had or compared.
    failed: usize,
}

/// A running watch.
struct Watch<'a> {
    arguments: &'a Arguments,
    output: &'a Output,
    collection: Collection,
    /// Names the state of the index in the book.
    index: String,
    book: Book,
    fetcher: Fetcher,
    archive_limits: archive::Limits,
    /// Where fetched files lie.
    files: PathBuf,
    stop: Arc<AtomicBool>,
    room: Option<Room>,
}

/// Runs `watch`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let mut watch = Watch::open(arguments, output)?;
    let mut report = Report::default();
    loop {
        let began = Instant::now();
        watch.refresh();
        let (added, new_copies) = watch.round()?;
        report.rounds += 1;
        report.added.new_files += added.new_files;
        report.added.compared += added.compared;
        report.added.new_copies += added.new_copies;
        report.added.looks += added.looks;
        report.added.failed += added.failed;
        watch.results(&mut report)?;
        watch.deposit(&new_copies)?;
        watch.tell(&report, &added);
        let is_last = arguments
            .rounds
            .is_some_and(|rounds| report.rounds >= rounds.get());
        match arguments.every {
            Some(every) if !is_last => watch.wait(every.saturating_sub(began.elapsed())),
            _ => break,
        }
        if watch.is_stopped() {
            break;
        }
    }
    output.document(&report).system()?;
    Ok(ExitCode::SUCCESS)
}

impl<'a> Watch<'a> {
    fn open(arguments: &'a Arguments, output: &'a Output) -> Result<Self, Fault> {
        for path in arguments
            .folder
            .iter()
            .chain(&arguments.list)
            .chain(&arguments.archive)
        {
            std::fs::metadata(path)
                .with_context(|| format!("cannot read {}", path.display()))
                .bad_input()?;
        }
        if let Some(twice) = arguments
            .folder
            .iter()
            .find(|folder| arguments.out.starts_with(folder))
        {
            return Err(Fault::BadInput(anyhow::anyhow!(
                "--out {} lies inside the watched folder {}; its own files would be watched",
                arguments.out.display(),
                twice.display()
            )));
        }
        let sources = [&arguments.folder, &arguments.list, &arguments.archive];
        if arguments.feed.is_empty() && sources.iter().all(|named| named.is_empty()) {
            return Err(Fault::BadInput(anyhow::anyhow!(
                "nothing to watch; name a source: --folder DIR, --feed URL, --list FILE or --archive FILE"
            )));
        }
        let collection = index::open(&arguments.index)?;
        let room = match &arguments.data {
            Some(data) => {
                let depositor = arguments.depositor.as_deref().unwrap_or_default();
                Some(Room::open(data, depositor, &arguments.lock)?)
            }
            None => None,
        };
        let book = Book::open(&arguments.out).map_err(|error| match error {
            BookError::Io { .. } => Fault::System(error.into()),
            _ => Fault::BadInput(error.into()),
        })?;
        if book.torn_bytes() > 0 {
            output.say("watch.torn", &[("bytes", book.torn_bytes())]);
        }
        let files = arguments.out.join("files");
        std::fs::create_dir_all(&files)
            .with_context(|| format!("cannot make {}", files.display()))
            .system()?;
        let file_bytes = arguments.max_file_mib.saturating_mul(1 << 20);
        let limits = Limits {
            total: Duration::from_secs(arguments.timeout_s),
            file_bytes,
            ..Limits::default()
        };
        Ok(Self {
            arguments,
            output,
            index: state_of(&collection),
            collection,
            book,
            fetcher: Fetcher::new(Guard::new(arguments.allow_private.clone()), limits),
            archive_limits: archive::Limits {
                file_bytes,
                ..archive::Limits::default()
            },
            files,
            stop: interrupt::flag().system()?,
            room,
        })
    }

    /// Goes on with the index as it is now; one that cannot be read anew answers as before.
    fn refresh(&mut self) {
        match self.collection.refresh() {
            Ok(false) => {}
            Ok(true) => self.index = state_of(&self.collection),
            Err(error) => {
                let index = self.arguments.index.display().to_string();
                warn_about(self.output, &index, &format!("{:#}", anyhow::Error::new(error)));
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_stopped() && Instant::now() < until {
            std::thread::sleep(NAP.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// Writes what follows from the book.
    fn results(&self, report: &mut Report) -> Result<(), Fault> {
        let records = self.book.records();
        let all = spread::of(records, None);
        report.items = records.len();
        report.copies = all.copies;
        report.spread = vec![all];
        for work in spread::works(records.values()) {
            report.spread.push(spread::of(records, Some(work)));
        }
        let csv = spread_table::csv(&report.spread).system()?;
        let mut json = serde_json::to_vec_pretty(&report.spread).system()?;
        json.push(b'\n');
        let mut matches = Vec::new();
        for (key, record) in records {
            for found in record.all_matches() {
                serde_json::to_writer(&mut matches, &Confirmed { item: key, found }).system()?;
                matches.push(b'\n');
            }
        }
        report.files = vec![self.book.path().display().to_string()];
        for (name, bytes) in [
            ("spread.json", json),
            ("spread.csv", csv),
            ("matches.jsonl", matches),
        ] {
            let path = self.arguments.out.join(name);
            replace_durably(&path, &bytes).system()?;
            report.files.push(path.display().to_string());
        }
        Ok(())
    }

    /// Puts new copies, the book and what follows from it into the evidence log.
    fn deposit(&mut self, new_copies: &[Found]) -> Result<(), Fault> {
        let Some(room) = &mut self.room else { return Ok(()) };
        let mut problems = Vec::new();
        if !new_copies.is_empty() {
            room.deposit_files(new_copies, "suspect", self.output, &mut problems)?;
        }
        for name in [quanlian_watch::book::BOOK_NAME, "spread.json"] {
            let exhibit = room.deposit_report(&self.arguments.out.join(name), name)?;
            self.output.say(
                "watch.deposited",
                &[
                    ("name", name.to_owned()),
                    ("index", exhibit.index.to_string()),
                    ("sha256", exhibit.sha256),
                ],
            );
        }
        for problem in problems {
            warn_about(self.output, &problem.path, &problem.detail);
        }
        Ok(())
    }

    fn tell(&self, report: &Report, added: &Added) {
        let messages = &self.output.messages;
        self.output.text(&messages.get(
            "watch.round",
            &[
                ("round", report.rounds.to_string()),
                ("items", report.items.to_string()),
                ("new_files", added.new_files.to_string()),
                ("compared", added.compared.to_string()),
                ("new_copies", added.new_copies.to_string()),
                ("failed", added.failed.to_string()),
            ],
        ));
        for spread in report.spread.iter().skip(1) {
            for line in spread_table::in_words(messages, spread) {
                self.output.text(&line);
            }
        }
        self.output.text(&messages.get(
            "watch.results",
            &[("path", self.arguments.out.display().to_string())],
        ));
    }
}

/// A name for what the index holds: files are compared again when works were added.
fn state_of(collection: &Collection) -> String {
    let mut digest = Sha256::new();
    for work in collection.works() {
        digest.update((work.name.len() as u64).to_be_bytes());
        digest.update(work.name);
        digest.update(work.length.to_be_bytes());
        digest.update(work.sha256);
    }
    hex::encode(&digest.finalize()[..8])
}
