//! Many suspects: files and folders, answered several at once.
//!
//! In:  paths, and what is asked of each file.
//! Out: the answers, in the order of the paths, whatever the number of threads.
//!
//! Invariant: what waits is bounded by [`FILES_AT_ONCE`] and by the bytes taken out of archives.
//!
//! Not here: what is asked (`query`, `exact`, `near`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::archive::Flow;
use super::input::{Input, MAX_HELD_BYTES};
use super::query::MatchError;
use super::source::{Source, Sources};
use super::walk::{self, Walk};
use super::{Exclude, Note, Progress};

/// Files matched before their results are handed over; bounds what waits in memory.
const FILES_AT_ONCE: usize = 64;

/// Files to be answered, as the caller named them.
#[derive(Clone, Copy)]
pub(super) struct Walked<'a> {
    pub(super) paths: &'a [PathBuf],
    /// Whether archives are opened.
    pub(super) archives: bool,
    /// Whether histories are read.
    pub(super) history: bool,
    pub(super) exclude: Exclude<'a>,
    pub(super) progress: Progress<'a>,
}

impl Walked<'_> {
    /// Answers all files, several at once, the answers in order; returns what the walk passed over.
    pub(super) fn answer<R: Send>(
        &self,
        answer: &(dyn Fn(&Input) -> Result<R, MatchError> + Sync),
        on_result: &mut dyn FnMut(&Path, Result<R, MatchError>),
    ) -> Vec<Note> {
        let Self {
            paths,
            archives,
            history,
            exclude,
            progress,
        } = *self;
        let mut walk = walk_all(paths, exclude, on_result);
        if !history {
            walk = walk.without_histories();
        }
        // A suspect is known by the path that the caller gave.
        for found in &mut walk.files {
            found.relative.clone_from(&found.path);
        }
        let Walk {
            files,
            stores,
            mut notes,
        } = walk;
        let (done, total) = (AtomicU64::new(0), AtomicU64::new(files.len() as u64));
        let mut waiting: Vec<Input> = Vec::new();
        let mut held_bytes = 0;
        let mut answer_waiting = |waiting: &mut Vec<Input>| {
            let answer = |input: &Input| {
                let result = answer(input);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress(done, total.load(Ordering::Relaxed));
                result
            };
            // A search inside a pool of threads keeps to its own; a single file may use them all.
            let results: Vec<_> = match &**waiting {
                [input] => vec![answer(input)],
                inputs => inputs.par_iter().map(answer).collect(),
            };
            for (input, result) in waiting.drain(..).zip(results) {
                on_result(&input.name, result);
            }
        };
        let sources = Sources {
            archives,
            history,
            exclude,
        };
        sources.each(&files, &stores, &mut notes, &mut |source| {
            let input = match source {
                Source::File(input) => input,
                Source::Member(input) => {
                    total.fetch_add(1, Ordering::Relaxed);
                    input
                }
                Source::Opened => {
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    progress(done, total.load(Ordering::Relaxed));
                    return Flow::Continue;
                }
            };
            held_bytes += input.body.held_bytes();
            waiting.push(input);
            if waiting.len() >= FILES_AT_ONCE || held_bytes >= MAX_HELD_BYTES {
                answer_waiting(&mut waiting);
                held_bytes = 0;
            }
            Flow::Continue
        });
        answer_waiting(&mut waiting);
        notes
    }
}

/// All files below the paths, in the order of the paths and sorted within each.
///
/// The subjects of the remarks are as the caller named the paths; so are those of the stores.
pub(super) fn walk_all<R>(
    paths: &[PathBuf],
    exclude: Exclude<'_>,
    on_result: &mut dyn FnMut(&Path, Result<R, MatchError>),
) -> Walk {
    let mut all = Walk::default();
    for path in paths {
        match walk::walk(path, exclude) {
            Ok(mut walk) => {
                all.files.append(&mut walk.files);
                for store in &mut walk.stores {
                    store.relative.clone_from(&store.path);
                }
                all.stores.append(&mut walk.stores);
                for note in &mut walk.notes {
                    let subject = if path.is_dir() {
                        path.join(&note.subject)
                    } else {
                        path.clone()
                    };
                    note.subject = subject.to_string_lossy().into_owned();
                }
                all.notes.append(&mut walk.notes);
            }
            Err(e) => on_result(path, Err(MatchError::Unreadable(e))),
        }
    }
    all
}
