//! Sources: everything below some paths that is to be looked at, one [`Input`] after the other.
//!
//! In:  files and stores of repositories that the walk found.
//! Out: files, members of archives, contents of histories, all by one way.
//!
//! Order: files in no repository, then repository by repository the files that are checked out, then what only its
//! history holds. A file whose very content stands in the history is handed on once, as the file, with its origin.
//!
//! Not here: finding the files (`walk`), reading archives and histories (`archive`, `history`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{self, Flow, Wanted};
use super::history::History;
use super::history::store::Store;
use super::input::{Body, Input};
use super::walk::Found;
use super::{Exclude, Note};

/// What is found.
pub(super) enum Source {
    /// A file of the walk.
    File(Input),
    /// What lay inside a file or a history.
    Member(Input),
    /// A file of the walk whose members were handed on.
    Opened,
}

/// Hands everything to `sink`.
pub(super) struct Sources<'a> {
    pub(super) archives: bool,
    pub(super) history: bool,
    pub(super) exclude: Exclude<'a>,
}

impl Sources<'_> {
    pub(super) fn each(
        &self,
        files: &[Found],
        stores: &[Found],
        notes: &mut Vec<Note>,
        sink: &mut dyn FnMut(Source) -> Flow,
    ) {
        let trees = (0..).zip(stores).map(|(at, store)| (tree_of(&store.path), at));
        let trees: BTreeMap<PathBuf, usize> = trees.collect();
        let mut by_store: Vec<Vec<&Found>> = vec![Vec::new(); stores.len()];
        for file in files {
            // The innermost repository around it.
            match file.path.ancestors().find_map(|folder| trees.get(folder)) {
                Some(&at) => by_store[at].push(file),
                None => {
                    if self.file(file, None, notes, sink) == Flow::Stop {
                        return;
                    }
                }
            }
        }
        for (store, files) in stores.iter().zip(by_store) {
            if self.repository(store, &files, notes, sink) == Flow::Stop {
                return;
            }
        }
    }

    fn repository(
        &self,
        found: &Found,
        files: &[&Found],
        notes: &mut Vec<Note>,
        sink: &mut dyn FnMut(Source) -> Flow,
    ) -> Flow {
        let store = match Store::of_folder(&found.path) {
            Ok(store) => store,
            Err(e) => {
                notes.push(Note::from_error(&found.relative, "history_unreadable", &e));
                Store::default()
            }
        };
        let mut history = History::read(&name_of(&found.relative), &store, notes);
        for file in files {
            if self.file(file, Some(&mut history), notes, sink) == Flow::Stop {
                return Flow::Stop;
            }
        }
        let mut members = |input| sink(Source::Member(input));
        archive::contents(&mut history, &self.wanted(), notes, &mut members)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            exclude: self.exclude,
            archives: self.archives,
            history: self.history,
            only: None,
        }
    }

    fn file(
        &self,
        file: &Found,
        history: Option<&mut History<'_>>,
        notes: &mut Vec<Note>,
        sink: &mut dyn FnMut(Source) -> Flow,
    ) -> Flow {
        if self.archives {
            let mut members = |input| sink(Source::Member(input));
            // What cannot be read here is told when it is looked at as a file.
            let opened = archive::members(&file.path, &file.relative, &self.wanted(), notes, &mut members);
            match opened {
                Ok(Some(Flow::Stop)) => return Flow::Stop,
                Ok(Some(Flow::Continue)) => return sink(Source::Opened),
                Ok(None) | Err(_) => {}
            }
        }
        let origin = history.and_then(|history| {
            let content = history.take_file(&file.path)?;
            Some(Arc::new(history.origin(content)))
        });
        sink(Source::File(Input {
            name: file.relative.clone(),
            body: Body::File(file.path.clone()),
            title: None,
            origin,
        }))
    }
}

/// The folder whose files a store keeps the history of; a bare one is its own.
fn tree_of(store: &Path) -> PathBuf {
    match (store.file_name(), store.parent()) {
        (Some(name), Some(parent)) if name == ".git" => parent.to_owned(),
        _ => store.to_owned(),
    }
}

/// The name of a repository, from that of its store.
fn name_of(store: &Path) -> String {
    let name = tree_of(store).to_string_lossy().into_owned();
    if name.is_empty() { ".".to_owned() } else { name }
}

/// The store of the repository that a name of one leads to, if there is one.
pub(super) fn store_at(path: &Path) -> Option<PathBuf> {
    let inner = path.join(".git");
    [inner.as_path(), path]
        .into_iter()
        .find(|folder| super::walk::is_git_store(folder))
        .map(Path::to_owned)
}
