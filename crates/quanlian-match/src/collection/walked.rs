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

use super::archive::{self, Flow};
use super::input::{Input, MAX_HELD_BYTES};
use super::query::MatchError;
use super::walk::{self, Found};
use super::{Exclude, Note, Progress};

/// Files matched before their results are handed over; bounds what waits in memory.
const FILES_AT_ONCE: usize = 64;

/// Files to be answered, as the caller named them.
#[derive(Clone, Copy)]
pub(super) struct Walked<'a> {
    pub(super) paths: &'a [PathBuf],
    /// Whether archives are opened.
    pub(super) archives: bool,
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
            exclude,
            progress,
        } = *self;
        let (files, mut notes) = walk_all(paths, exclude, on_result);
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
        for file in &files {
            let mut take = |input: Input| {
                total.fetch_add(1, Ordering::Relaxed);
                held_bytes += input.body.held_bytes();
                waiting.push(input);
                if waiting.len() >= FILES_AT_ONCE || held_bytes >= MAX_HELD_BYTES {
                    answer_waiting(&mut waiting);
                    held_bytes = 0;
                }
                Flow::Continue
            };
            let opened =
                archives.then(|| archive::members(&file.path, &file.path, exclude, &mut notes, &mut take));
            // What cannot be read here is told when it is matched.
            if let Some(Ok(Some(_))) = opened {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress(done, total.load(Ordering::Relaxed));
            } else {
                total.fetch_sub(1, Ordering::Relaxed);
                take(Input::file(&file.path));
            }
        }
        answer_waiting(&mut waiting);
        notes
    }
}

/// All files below the paths, in the order of the paths and sorted within each.
pub(super) fn walk_all<R>(
    paths: &[PathBuf],
    exclude: Exclude<'_>,
    on_result: &mut dyn FnMut(&Path, Result<R, MatchError>),
) -> (Vec<Found>, Vec<Note>) {
    let (mut files, mut notes) = (Vec::new(), Vec::new());
    for path in paths {
        match walk::walk(path, exclude) {
            Ok(mut walk) => {
                files.append(&mut walk.files);
                for note in &mut walk.notes {
                    let subject = if path.is_dir() {
                        path.join(&note.subject)
                    } else {
                        path.clone()
                    };
                    note.subject = subject.to_string_lossy().into_owned();
                }
                notes.append(&mut walk.notes);
            }
            Err(e) => on_result(path, Err(MatchError::Unreadable(e))),
        }
    }
    (files, notes)
}
