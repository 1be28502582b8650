//! The book of a watch: everything that was seen, in the order in which it was seen.
//!
//! In:  [`Event`]s of one publication each.
//! Out: a file of JSON lines that is only ever appended to, and [`Record`]s, the state that follows from it.
//!
//! Invariant: what stands in the book is never changed. A round is on disk before [`Book::write`] returns; a last line
//! that a loss of power tore off is cut away and said, any other damage refuses the book by its line. One process
//! writes at a time.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use quanlian_lock::{Held, TakeError};
use quanlian_match::Match;
use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Look};

/// The name of the book in its folder.
pub const BOOK_NAME: &str = "book.jsonl";
const LOCK_NAME: &str = "book.lock";
/// The longest line that is read: a file with the most matches stays far below.
pub const MAX_LINE_BYTES: u64 = 64 << 20;
/// The most publications that one book holds.
pub const MAX_ITEMS: usize = 2_000_000;

/// What happened to one publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// It was found, or a source says more about it than before.
    Item {
        /// What the source says.
        item: Item,
    },
    /// A source stated figures.
    Look {
        /// The figures and their moment.
        look: Look,
    },
    /// A file of it is there.
    File {
        /// The file.
        file: Seen,
    },
    /// The file was compared with the works.
    Matched {
        /// Digest of the file.
        sha256: String,
        /// Which state of the index it was compared with.
        index: String,
        /// The works of which it holds parts; none is an answer too.
        matches: Vec<Match>,
    },
    /// Its file could not be had or compared.
    Failed {
        /// The address or file that failed.
        what: String,
        /// A stable word for programs.
        code: String,
        /// For people, in English.
        message: String,
    },
}

/// A file of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where it lies.
    pub path: String,
    /// The address that it came from, when this program fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written, as the file system says.
    pub modified: Timestamp,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// When an archive says that it was captured; the publication was there by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
}

/// One line of the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When it was written, by the clock of this machine.
    pub at: Timestamp,
    /// Which publication: [`Item::key`].
    pub key: String,
    /// The source that says so, as it was named to the watch.
    pub source: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What the comparison of one file came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Compared {
    /// The state of the index.
    pub index: String,
    /// The works of which the file holds parts.
    pub matches: Vec<Match>,
}

/// What is known of one publication.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// The publication; what was said first stands, what was absent is filled in.
    pub item: Item,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// Every look, in the order of the book.
    pub looks: Vec<Look>,
    /// Its files, by digest.
    pub files: BTreeMap<String, Seen>,
    /// What each file was found to hold, by digest; a file that was not compared is not there.
    pub matches: BTreeMap<String, Compared>,
    /// Addresses and files that failed, with the last reason.
    pub failed: BTreeMap<String, (String, String)>,
}

impl Record {
    /// Every confirmed match of its files.
    pub fn all_matches(&self) -> impl Iterator<Item = &Match> {
        self.matches.values().flat_map(|compared| &compared.matches)
    }

    /// Takes in what happened at a moment.
    pub fn take(&mut self, at: Timestamp, event: Event) {
        self.first_seen.get_or_insert(at);
        match event {
            Event::Item { item } => self.item.complete(&item),
            Event::Look { look } => self.looks.push(look),
            Event::File { file } => {
                if let Some(address) = &file.address {
                    self.failed.remove(address);
                }
                self.failed.remove(&file.path);
                if let Some(captured_at) = file.captured_at {
                    self.first_seen = self.first_seen.min(Some(captured_at));
                }
                self.files.insert(file.sha256.clone(), file);
            }
            Event::Matched {
                sha256,
                index,
                matches,
            } => {
                self.failed.remove(&sha256);
                self.matches.insert(sha256, Compared { index, matches });
            }
            Event::Failed { what, code, message } => {
                self.failed.insert(what, (code, message));
            }
        }
    }

    /// Whether the event would add nothing.
    fn knows(&self, event: &Event) -> bool {
        match event {
            Event::Item { item } => {
                let mut more = self.item.clone();
                more.complete(item);
                self.first_seen.is_some() && more == self.item
            }
            // The same figures at a later moment are a look; the same file of figures read again is none.
            Event::Look { look } => !look.says_something() || self.looks.contains(look),
            Event::File { file } => self.files.get(&file.sha256) == Some(file),
            Event::Matched {
                sha256,
                index,
                matches,
            } => {
                let known = self.matches.get(sha256);
                known.is_some_and(|known| known.index == *index && known.matches == *matches)
            }
            Event::Failed { what, code, message } => self
                .failed
                .get(what)
                .is_some_and(|(c, m)| c == code && m == message),
        }
    }
}

/// Why a book cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum BookError {
    /// Another process watches with this book.
    #[error("another watch writes to {path}")]
    InUse { path: PathBuf },
    /// The system would not read or write.
    #[error("cannot use {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A line that this program did not write.
    #[error(
        "{path} is damaged at line {line}: {why}; move the file away and keep it, the watch begins a new one"
    )]
    Damaged { path: PathBuf, line: u64, why: String },
    /// More publications than [`MAX_ITEMS`].
    #[error("the book holds {MAX_ITEMS} publications; begin another folder")]
    Full,
}

impl BookError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "book_in_use",
            Self::Io { .. } => "book_io",
            Self::Damaged { .. } => "book_damaged",
            Self::Full => "book_full",
        }
    }
}

/// What a call of [`Book::write`] added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Lines in all.
    pub lines: usize,
    /// Looks among them.
    pub looks: usize,
}

/// What the book in `folder` knows, by key, for a reader who changes nothing; a watch may be writing to it meanwhile.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Record>, BookError> {
    let path = folder.join(BOOK_NAME);
    let file = File::open(&path).map_err(|source| BookError::Io {
        path: path.clone(),
        source,
    })?;
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for_each_line(file, &path, &mut |line| take_into(&mut records, line))?;
    Ok(records)
}

/// Hands on every whole line; the bytes of these, and of a last line that is not whole.
fn for_each_line(
    file: File,
    path: &Path,
    take: &mut dyn FnMut(Line) -> Result<(), BookError>,
) -> Result<(u64, u64), BookError> {
    let damaged = |line, why: String| BookError::Damaged {
        path: path.to_owned(),
        line,
        why,
    };
    let mut reader = BufReader::new(file);
    let (mut good_bytes, mut number) = (0_u64, 0_u64);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        number += 1;
        let mut limited = io::Read::take(&mut reader, MAX_LINE_BYTES + 1);
        let read = limited
            .read_until(b'\n', &mut bytes)
            .map_err(|source| BookError::Io {
                path: path.to_owned(),
                source,
            })? as u64;
        if read > MAX_LINE_BYTES {
            return Err(damaged(number, format!("more than {MAX_LINE_BYTES} bytes")));
        }
        if bytes.last() != Some(&b'\n') {
            return Ok((good_bytes, read));
        }
        take(serde_json::from_slice(&bytes).map_err(|error| damaged(number, error.to_string()))?)?;
        good_bytes += read;
    }
}

fn take_into(records: &mut BTreeMap<String, Record>, line: Line) -> Result<(), BookError> {
    if !records.contains_key(&line.key) && records.len() >= MAX_ITEMS {
        return Err(BookError::Full);
    }
    records.entry(line.key).or_default().take(line.at, line.event);
    Ok(())
}

/// The book, open for one writer.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    file: File,
    /// Held for as long as the book is open.
    _lock: Held,
    records: BTreeMap<String, Record>,
    /// Newest state of each file by its path: size, time of writing, digest.
    by_path: BTreeMap<String, (u64, Timestamp, String)>,
    /// Bytes of a torn last line that were cut away at opening.
    torn_bytes: u64,
}

impl Book {
    /// Opens or begins the book of a folder.
    pub fn open(folder: &Path) -> Result<Self, BookError> {
        let path = folder.join(BOOK_NAME);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| BookError::Io { path, source }
        };
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let lock_path = folder.join(LOCK_NAME);
        let lock = Held::take(&lock_path).map_err(|error| match error {
            TakeError::Open(source) | TakeError::Lock(source) => failed(&lock_path)(source),
            TakeError::InUse => BookError::InUse { path: path.clone() },
        })?;
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed(&path))?;
        let mut book = Self {
            path: path.clone(),
            file,
            _lock: lock,
            records: BTreeMap::new(),
            by_path: BTreeMap::new(),
            torn_bytes: 0,
        };
        book.replay()?;
        // A new file is there after a loss of power only when its folder says so.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed(folder))?;
        Ok(book)
    }

    fn replay(&mut self) -> Result<(), BookError> {
        let path = self.path.clone();
        let io = |source| BookError::Io {
            path: path.clone(),
            source,
        };
        let file = self.file.try_clone().map_err(io)?;
        let (good_bytes, torn_bytes) = for_each_line(file, &path, &mut |line| self.take(line))?;
        self.torn_bytes = torn_bytes;
        if torn_bytes > 0 {
            self.file.set_len(good_bytes).map_err(io)?;
        }
        Ok(())
    }

    fn take(&mut self, line: Line) -> Result<(), BookError> {
        if let Event::File { file } = &line.event {
            let state = (file.size_bytes, file.modified, file.sha256.clone());
            self.by_path.insert(file.path.clone(), state);
        }
        take_into(&mut self.records, line)
    }

    /// Appends what is not known yet and makes it durable; says what was new.
    pub fn write(&mut self, lines: Vec<Line>) -> Result<Written, BookError> {
        let mut bytes = Vec::new();
        let mut new = Written::default();
        for line in lines {
            if self
                .records
                .get(&line.key)
                .is_some_and(|record| record.knows(&line.event))
            {
                continue;
            }
            // Plain data; writing it to memory cannot fail.
            if serde_json::to_writer(&mut bytes, &line).is_ok() {
                bytes.push(b'\n');
                new.lines += 1;
                new.looks += usize::from(matches!(line.event, Event::Look { .. }));
                self.take(line)?;
            }
        }
        if new.lines > 0 {
            let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
            written.map_err(|source| BookError::Io {
                path: self.path.clone(),
                source,
            })?;
        }
        Ok(new)
    }

    /// What is known, by key.
    pub fn records(&self) -> &BTreeMap<String, Record> {
        &self.records
    }

    /// The digest of a file that is as it was when it was last read.
    pub fn unchanged(&self, path: &str, size_bytes: u64, modified: Timestamp) -> Option<&str> {
        let (size, at, sha256) = self.by_path.get(path)?;
        (*size == size_bytes && *at == modified).then_some(sha256.as_str())
    }

    /// Bytes of a last line that was not whole, cut away when the book was opened.
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
