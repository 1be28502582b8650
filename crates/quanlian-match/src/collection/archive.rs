//! Archives: what lies inside a file, one member at a time.
//!
//! In:  a file on the disk.
//! Out: its members as [`Input`]s, and remarks on what was not read; or nothing when it is no archive.
//!
//! A member is named `OUTER!/INNER`: `disk/old.zip!/rtl/alu.v`, nested `a.tar.gz!/b.zip!/c.v`. What a compressed file holds
//! has its name without the ending: `notes.txt.gz!/notes.txt`. The second member of one name is `OUTER!2/INNER`. How names are
//! read and what is escaped in them: `name`.
//!
//! | content | read by |
//! |---|---|
//! | zip, also nested | its central directory |
//! | 7z | its header |
//! | tar, plain or compressed | as a stream |
//! | gzip, bzip2, xz, zstd | as a stream |
//!
//! Invariants: content decides, not the name. Nothing is written under a name of an archive. One member is unpacked at a
//! time, and no further than the limits of `budget`, which are reported when they are met. Documents (docx, EPUB,
//! OpenDocument) are no archives.
//!
//! Repositories of git inside (`.git`, `NAME.git`) are put together and their contents handed on in the same way, when histories
//! are asked for: `repository`.
//!
//! Not here: what the members hold (`opened`), how histories are read (`history`).

mod budget;
mod layer;
mod name;
mod repository;
mod seven;
mod tar;
mod zip;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::history::store::Store;
use super::input::{Body, Input};
use super::sniff::{self, Content};
use super::{Exclude, Note};
use crate::Medium;
use crate::history::Origin;
use crate::text::document;
use budget::{Budget, Limit, Metered};
use layer::Kind;
use name::Names;
pub(super) use name::shown as shown_name;
pub(super) use repository::contents;

/// Archives inside of archives, the outermost counted.
pub(super) const MAX_DEPTH: u32 = 8;
/// Remarks on single members of one file; what is beyond is counted.
const MAX_NOTES: usize = 1_000;

/// Whether the reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Stop,
}

/// Takes what is found.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Input) -> Flow;

/// What is to be taken out.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) exclude: Exclude<'a>,
    /// Whether archives inside of something else are opened.
    pub(super) archives: bool,
    /// Whether the histories of repositories are read.
    pub(super) history: bool,
    /// The names that are asked for; all when absent.
    pub(super) only: Option<&'a dyn Fn(&Path) -> bool>,
}

/// Hands the members of a file to `sink`; `None` when the file is no archive.
///
/// Fails only when the file itself cannot be read.
pub(super) fn members(
    path: &Path,
    name: &Path,
    wanted: &Wanted<'_>,
    notes: &mut Vec<Note>,
    sink: Sink<'_>,
) -> io::Result<Option<Flow>> {
    let body = Body::File(path.to_owned());
    let start = beginning(&mut body.open()?, layer::KIND_BYTES)?;
    let Some(kind) = layer::kind(&start) else {
        return Ok(None);
    };
    if kind == Kind::Zip && is_document(path)? {
        return Ok(None);
    }
    let budget = Budget::of_file(std::fs::metadata(path)?.len());
    let mut reading = Reading::new(*wanted, &budget, sink);
    let outer = Outer {
        name: name.to_string_lossy().into_owned(),
        depth: 1,
    };
    let flow = reading.file(path, kind, &outer);
    reading.finish(name, notes);
    Ok(Some(flow))
}

/// Whether a zip file is a document: one that is read as text, or one of the other forms of OpenDocument and Office.
fn is_document(path: &Path) -> io::Result<bool> {
    Ok(document::form_of_archive(File::open(path)?).is_some() || zip::is_office(path)?)
}

/// The first bytes of a reader, fewer at its end.
fn beginning(reader: &mut dyn Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(limit as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// An archive whose members are read.
struct Outer {
    name: String,
    /// Archives around its members, itself counted.
    depth: u32,
}

impl Outer {
    fn path(&self) -> &Path {
        Path::new(&self.name)
    }
}

/// The reading of one file and all that is nested in it.
struct Reading<'a, 'b> {
    wanted: Wanted<'a>,
    budget: &'a Budget,
    notes: Vec<Note>,
    left_out: u64,
    sink: Sink<'b>,
    /// Repositories of which files were found, by their names.
    stores: BTreeMap<String, Store>,
    /// Bytes of them in memory.
    held_bytes: u64,
    /// The path that tells what the content of a history is.
    title: Option<PathBuf>,
    /// Where it stood.
    origin: Option<Arc<Origin>>,
    /// Contents of no known medium.
    unknown: u64,
}

/// What became of a member.
enum Taken {
    /// It was handed on or remarked on; the archive goes on.
    Next,
    /// Nothing more is to be read at all.
    Stop,
}

impl<'a, 'b> Reading<'a, 'b> {
    fn new(wanted: Wanted<'a>, budget: &'a Budget, sink: Sink<'b>) -> Self {
        Self {
            wanted,
            budget,
            notes: Vec::new(),
            left_out: 0,
            sink,
            stores: BTreeMap::new(),
            held_bytes: 0,
            title: None,
            origin: None,
            unknown: 0,
        }
    }

    fn finish(mut self, name: &Path, notes: &mut Vec<Note>) {
        notes.append(&mut self.notes);
        if self.left_out > 0 {
            let message = format!("{} more remarks on members are left out", self.left_out);
            notes.push(Note::new(name, "archive_more_remarks", message));
        }
    }

    /// The members of a file on the disk.
    fn file(&mut self, path: &Path, kind: Kind, outer: &Outer) -> Flow {
        let read = match kind {
            Kind::Zip => zip::members(self, path, outer),
            Kind::SevenZ => seven::members(self, path, outer),
            Kind::Tar | Kind::Packed(_) => {
                File::open(path).and_then(|file| self.stream(&mut BufReader::new(file), kind, outer))
            }
        };
        self.ended(read, outer)
    }

    /// Remarks on how the reading of an archive ended.
    fn ended(&mut self, read: io::Result<Taken>, outer: &Outer) -> Flow {
        match read {
            Ok(Taken::Next) => {}
            Ok(Taken::Stop) => return Flow::Stop,
            Err(e) => match self.budget.met() {
                Some(limit) => self.limit(outer, limit),
                None => self.note(Note::from_error(outer.path(), "archive_damaged", &e)),
            },
        }
        self.repositories(outer)
    }

    /// The members of a tar, or what a compressed stream holds.
    fn stream(&mut self, reader: &mut dyn Read, kind: Kind, outer: &Outer) -> io::Result<Taken> {
        let Kind::Packed(packing) = kind else {
            return tar::members(self, reader, outer);
        };
        let unpacked = layer::unpack(packing, reader)?;
        let mut unpacked = Metered::new(unpacked, self.budget);
        let start = beginning(&mut unpacked, layer::KIND_BYTES)?;
        let inner = layer::kind(&start);
        let mut whole = Cursor::new(start).chain(unpacked);
        if inner == Some(Kind::Tar) {
            return tar::members(self, &mut whole, outer);
        }
        let inner = name::unpacked(&outer.name);
        let name = PathBuf::from(format!("{}!/{inner}", outer.name));
        self.member(&mut whole, name, outer)
    }

    /// One member, from its bytes. Fails when they cannot be read; then nothing was handed on.
    fn member(&mut self, reader: &mut dyn Read, name: PathBuf, outer: &Outer) -> io::Result<Taken> {
        if !self.budget.count_member() {
            return Err(io::Error::other("too many members"));
        }
        if (self.wanted.exclude)(self.title.as_deref().unwrap_or(&name)) {
            return Ok(Taken::Next);
        }
        let start = beginning(reader, sniff::SNIFF_BYTES)?;
        if let Some(kind) = layer::kind(&start).filter(|&kind| self.wanted.archives || kind == Kind::Zip) {
            return self.nested(&start, reader, kind, &name, outer);
        }
        let needs_path = match sniff::sniff(&start, start.len() < sniff::SNIFF_BYTES) {
            // Of a history there may be very many.
            Content::Other(_) if self.title.is_some() => {
                self.unknown += 1;
                return Ok(Taken::Next);
            }
            Content::Other(what) => {
                self.note(Note::new(&name, "archive_unknown_medium", what));
                return Ok(Taken::Next);
            }
            Content::Empty => return Ok(Taken::Next),
            Content::Known(Medium::Text | Medium::Code) => start.starts_with(b"%PDF-"),
            Content::Known(_) | Content::Container(_) | Content::Archive => true,
        };
        match self.take(&start, reader, needs_path, &name)? {
            Some(body) => Ok(self.hand_on(name, body)),
            None => Ok(Taken::Next),
        }
    }

    /// An archive inside of an archive.
    fn nested(
        &mut self,
        start: &[u8],
        reader: &mut dyn Read,
        kind: Kind,
        name: &Path,
        outer: &Outer,
    ) -> io::Result<Taken> {
        let inner = Outer {
            name: name.to_string_lossy().into_owned(),
            depth: outer.depth + 1,
        };
        if matches!(kind, Kind::Tar | Kind::Packed(_)) {
            if inner.depth > MAX_DEPTH {
                self.limit(&inner, Limit::Depth);
                return Ok(Taken::Next);
            }
            self.title = None;
            let mut whole = Cursor::new(start).chain(reader);
            let read = self.stream(&mut whole, kind, &inner);
            // When a limit of the whole is met, the archives around it end as well.
            if let (Err(e), Some(_)) = (&read, self.budget.met()) {
                return Err(io::Error::new(e.kind(), e.to_string()));
            }
            return Ok(match self.ended(read, &inner) {
                Flow::Continue => Taken::Next,
                Flow::Stop => Taken::Stop,
            });
        }
        // Their tables lie at the end: the whole is needed at once.
        let Some(body) = self.take(start, reader, true, name)? else {
            return Ok(Taken::Next);
        };
        let copy = body.on_disk()?;
        if kind == Kind::Zip && is_document(copy.path())? {
            return Ok(self.hand_on(name.to_owned(), body));
        }
        if !self.wanted.archives {
            self.unknown += 1;
            return Ok(Taken::Next);
        }
        if inner.depth > MAX_DEPTH {
            self.limit(&inner, Limit::Depth);
            return Ok(Taken::Next);
        }
        self.title = None;
        let flow = self.file(copy.path(), kind, &inner);
        Ok(match flow {
            Flow::Continue => Taken::Next,
            Flow::Stop => Taken::Stop,
        })
    }

    /// The bytes of a member, unless there are too many; then a remark says so.
    fn take(
        &mut self,
        start: &[u8],
        reader: &mut dyn Read,
        needs_path: bool,
        name: &Path,
    ) -> io::Result<Option<Body>> {
        let room = budget::MAX_MEMBER_BYTES.saturating_sub(start.len() as u64);
        let (body, bytes) = Body::take(start, &mut reader.take(room + 1), needs_path)?;
        if bytes > budget::MAX_MEMBER_BYTES {
            let outer = Outer {
                name: name.to_string_lossy().into_owned(),
                depth: 0,
            };
            self.limit(&outer, Limit::MemberBytes);
            return Ok(None);
        }
        Ok(Some(body))
    }

    fn hand_on(&mut self, name: PathBuf, body: Body) -> Taken {
        let input = Input {
            name,
            body,
            title: self.title.take(),
            origin: self.origin.clone(),
        };
        match (self.sink)(input) {
            Flow::Continue => Taken::Next,
            Flow::Stop => Taken::Stop,
        }
    }

    fn limit(&mut self, outer: &Outer, limit: Limit) {
        self.note(Note::new(outer.path(), limit.code(), limit.message()));
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        } else {
            self.left_out += 1;
        }
    }
}

/// What of an archive is not read on purpose, counted for one remark each.
#[derive(Default)]
struct PassedOver {
    encrypted: u64,
    /// Links, pipes and devices.
    special: u64,
    /// Files of a repository.
    git: u64,
    overlapping: u64,
}

impl PassedOver {
    fn remark(&self, reading: &mut Reading<'_, '_>, outer: &Outer) {
        let encrypted = format!(
            "encrypted: {} members not read; give an unpacked copy",
            self.encrypted
        );
        let special = format!("{} links, pipes or devices were not followed", self.special);
        let git = format!(
            "{} files of a git repository were not read as files; ask for its history with --history",
            self.git
        );
        let overlapping = format!(
            "{} members share their bytes with others, as in a zip bomb, and were not read",
            self.overlapping
        );
        for (count, code, message) in [
            (self.encrypted, "archive_encrypted", encrypted),
            (self.special, "archive_special", special),
            (self.git, "archive_git", git),
            (self.overlapping, "archive_overlapping", overlapping),
        ] {
            if count > 0 {
                reading.note(Note::new(outer.path(), code, message));
            }
        }
    }
}

#[cfg(test)]
mod tests;
