//! Repositories of git: their contents as members, on the disk and inside of archives.
//!
//! In:  a history, or the files of one that lie in an archive.
//! Out: its contents as [`Input`](super::Input)s with their origin.
//!
//! Invariants: files of a repository in an archive are held under names of ours alone, and count against the limits of the archive. One
//! content is taken out at a time.
//!
//! Not here: reading the history (`history`).

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::budget::{Budget, Metered};
use super::{Flow, Names, Outer, Reading, Sink, Taken, Wanted};
use crate::collection::Note;
use crate::collection::history::History;
use crate::collection::history::store;
use crate::collection::input::{Body, MAX_HELD_BYTES};

/// Repositories inside of one file.
const MAX_STORES: usize = 1_024;

/// Hands the contents of a history on the disk to `sink`, those that were not handed on yet.
pub(in crate::collection) fn contents(
    history: &mut History<'_>,
    wanted: &Wanted<'_>,
    notes: &mut Vec<Note>,
    sink: Sink<'_>,
) -> Flow {
    let budget = Budget::of_history();
    let mut reading = Reading::new(*wanted, &budget, sink);
    let name = history.name().to_owned();
    let flow = reading.history(history, 1);
    reading.finish(Path::new(&name), notes);
    flow
}

/// Whether a name lies in the folder of a repository beside its files, which are no works by themselves.
pub(super) fn is_of_git(name: &str) -> bool {
    name.split(['/', '\\']).rev().skip(1).any(|part| part == ".git")
}

/// The store that a name lies in, and the name within it: of a folder `.git`, or of one called like a bare repository whose file has
/// a name that only a repository has.
fn split(name: &str) -> Option<(&str, &str)> {
    let mut bare = None;
    for (at, _) in name.match_indices(['/', '\\']) {
        let (store, inner) = (&name[..at], &name[at + 1..]);
        let folder = store.rsplit(['/', '\\']).next().unwrap_or(store);
        if folder == ".git" {
            return Some((store, inner));
        }
        let is_bare = folder.strip_suffix(".git").is_some_and(|name| !name.is_empty());
        if is_bare && bare.is_none() && is_of_bare(inner) {
            bare = Some((store, inner));
        }
    }
    bare
}

/// Whether a file in a folder `NAME.git` is one of a repository; there may be a work in a folder of such a name.
fn is_of_bare(inner: &str) -> bool {
    let inner = inner.replace('\\', "/");
    let folders = ["hooks/", "info/", "objects/", "refs/", "logs/"];
    store::is_read(inner.as_bytes())
        || ["config", "description", "FETCH_HEAD", "index"].contains(&&*inner)
        || folders.iter().any(|folder| inner.starts_with(folder))
}

impl Reading<'_, '_> {
    /// The store that a name lies in and the name within it, if histories are asked for.
    fn store_of<'n>(&self, name: &'n str) -> Option<(&'n str, &'n str)> {
        split(name).filter(|_| self.wanted.history)
    }

    /// Whether a member is a file of a repository and no work by itself.
    pub(super) fn is_of_git(&self, name: &str) -> bool {
        is_of_git(name) || self.store_of(name).is_some()
    }

    /// Takes a file that lies in a repository; whether it was for its history.
    pub(super) fn file_of_git(&mut self, name: &str, reader: &mut dyn Read) -> io::Result<bool> {
        let Some((store, inner)) = self.store_of(name) else {
            return Ok(false);
        };
        if self.stores.len() >= MAX_STORES && !self.stores.contains_key(store) {
            return Ok(false);
        }
        if !self.budget.count_member() {
            return Err(io::Error::other("too many members"));
        }
        let inner = inner.replace('\\', "/");
        // Small files stay in memory, as long as they are not too many.
        let needs_path = inner.starts_with("objects/pack/") || self.held_bytes > MAX_HELD_BYTES;
        let of = self.stores.entry(store.to_owned()).or_default();
        let held_bytes = &mut self.held_bytes;
        of.add(inner.as_bytes(), || {
            let (body, bytes) = Body::take(&[], reader, needs_path)?;
            if !needs_path {
                *held_bytes += bytes;
            }
            Ok(body)
        })?;
        Ok(true)
    }

    /// Hands on the contents of the repositories whose files lay in an archive that has ended.
    pub(super) fn repositories(&mut self, outer: &Outer) -> Flow {
        let start = format!("{}!", outer.name);
        let names: Vec<String> = self
            .stores
            .keys()
            .filter(|name| name.starts_with(&start))
            .cloned()
            .collect();
        for name in names {
            let Some(store) = self.stores.remove(&name) else {
                continue;
            };
            let tree = name
                .strip_suffix("!/.git")
                .or(name.strip_suffix("/.git"))
                .unwrap_or(&name);
            let mut notes = Vec::new();
            let mut history = History::read(tree, &store, &mut notes);
            for note in notes {
                self.note(note);
            }
            if self.history(&mut history, outer.depth + 1) == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    fn history(&mut self, history: &mut History<'_>, depth: u32) -> Flow {
        let outer = Outer {
            name: history.name().to_owned(),
            depth,
        };
        let mut names = Names::default();
        let unknown_before = std::mem::take(&mut self.unknown);
        let left = history.left();
        let mut flow = Flow::Continue;
        for (at, &content) in left.iter().enumerate() {
            let (inner, title) = history.inner_name(content);
            let name = PathBuf::from(names.take(&outer.name, &inner));
            if self.wanted.only.is_some_and(|only| !only(&name)) {
                continue;
            }
            let bytes = match history.bytes(content) {
                Ok(bytes) => bytes,
                Err((code, message)) => {
                    self.note(Note::new(&name, code, message));
                    continue;
                }
            };
            self.title = Some(title);
            self.origin = Some(Arc::new(history.origin(content)));
            let mut reader = Metered::new(Cursor::new(bytes), self.budget);
            let taken = self.member(&mut reader, name.clone(), &outer);
            (self.title, self.origin) = (None, None);
            match taken {
                Ok(Taken::Next) => {}
                Ok(Taken::Stop) => {
                    flow = Flow::Stop;
                    break;
                }
                Err(e) => match self.budget.met() {
                    Some(limit) => {
                        let message = format!("{}: {} contents", limit.message(), left.len() - at);
                        self.note(Note::new(outer.path(), limit.code(), message));
                        break;
                    }
                    None => self.note(Note::from_error(&name, "archive_member_damaged", &e)),
                },
            }
        }
        let unknown = std::mem::replace(&mut self.unknown, unknown_before);
        if unknown > 0 {
            let message = format!("{unknown} contents are of no known medium and were left out");
            self.note(Note::new(outer.path(), "history_unknown_medium", message));
        }
        flow
    }
}
