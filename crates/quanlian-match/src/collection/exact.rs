//! Exact runs of a suspect text: what it shares letter for letter, each run with its place on both sides.
//!
//! In:  paths of suspects, and how long a run must be.
//! Out: an [`ExactReport`] for each: the works with their runs, the longest first.
//!
//! Letters are compared as the index folds them: case, width, accents, punctuation, spaces and traditional characters do not
//! count, nor do letters that look alike. A run says nothing of chance; how likely it is to agree so far is
//! [`Collection::match_file`]'s to say.
//!
//! Not here: finding the runs (`text::exact`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::input::Input;
use super::opened::Opened;
use super::part::Texts;
use super::query::MatchError;
use super::sniff::Content;
use super::walked::Walked;
use super::{Collection, Exclude, Note, Progress, note};
use crate::text::exact::{self, CERTAIN_SYMBOLS};
use crate::text::matcher::{TextMatchError, TextPart};
use crate::{Medium, Unit};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactOptions {
    /// Shortest run that is told, in letters and Han characters.
    pub min_symbols: u32,
    /// Whether archives are opened and their members searched; only by [`Collection::exact_paths`].
    pub archives: bool,
    /// Whether the histories of git repositories are searched; only by [`Collection::exact_paths`].
    pub history: bool,
}

impl ExactOptions {
    /// Shortest run when nobody says another length.
    pub const DEFAULT_SYMBOLS: u32 = 50;
}

impl Default for ExactOptions {
    fn default() -> Self {
        Self {
            min_symbols: Self::DEFAULT_SYMBOLS,
            archives: false,
            history: false,
        }
    }
}

/// A run that a suspect and a work share letter for letter; it cannot be longer on either end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExactRun {
    /// Where it lies in the suspect: `[start, end)`.
    pub suspect: [u64; 2],
    /// Where it lies in the work: `[start, end)`.
    pub work: [u64; 2],
    /// What both ranges count.
    pub unit: Unit,
    /// Letters and Han characters in it.
    pub symbols: u64,
}

/// The runs that a suspect shares with one work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExactMatch {
    /// The suspect, as the caller named it.
    pub suspect: String,
    /// The work.
    pub work: String,
    /// What both are.
    pub medium: Medium,
    /// Letters of the longest run.
    pub longest: u64,
    /// The runs, in the order of the suspect.
    pub runs: Vec<ExactRun>,
}

/// What one suspect shares exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExactReport {
    /// The suspect, as the caller named it.
    pub suspect: String,
    /// The works, that with the longest run first.
    pub matches: Vec<ExactMatch>,
    /// What was odd, also why runs may be missing.
    pub notes: Vec<Note>,
}

impl Collection {
    /// All maximal runs that a text shares with works of the index.
    ///
    /// Every run is found that has the length asked for and [35 letters or fifteen Han characters](CERTAIN_SYMBOLS); where
    /// that does not hold, a remark says so.
    pub fn exact_file(&self, path: &Path, options: &ExactOptions) -> Result<ExactReport, MatchError> {
        self.exact_input(&Input::file(path), *options)
    }

    /// The same of files and all files below folders, several at once, the answers in order, as
    /// [`match_paths`](Self::match_paths) does.
    pub fn exact_paths(
        &self,
        paths: &[PathBuf],
        options: &ExactOptions,
        exclude: Exclude<'_>,
        progress: Progress<'_>,
        mut on_result: impl FnMut(&Path, Result<ExactReport, MatchError>),
    ) -> Vec<Note> {
        let walked = Walked {
            paths,
            archives: options.archives,
            history: options.history,
            exclude,
            progress,
        };
        walked.answer(&|input| self.exact_input(input, *options), &mut on_result)
    }

    fn exact_input(&self, input: &Input, options: ExactOptions) -> Result<ExactReport, MatchError> {
        let suspect = input.name.to_string_lossy().into_owned();
        let opened = open_text(input)?;
        let texts: Vec<Texts<'_>> = self.parts.iter().filter_map(|part| part.texts()).collect();
        let parts: Vec<&dyn TextPart> = texts.iter().map(|texts| texts as &dyn TextPart).collect();
        let reader = opened.into_text().map_err(MatchError::Text)?;
        let (found, decoded) =
            exact::exact_runs(reader, &parts, options.min_symbols).map_err(of_text_error)?;
        let mut works: BTreeMap<&str, Vec<ExactRun>> = BTreeMap::new();
        for run in &found.found {
            let Some(name) = texts[run.part].name(run.item) else {
                continue;
            };
            works.entry(name).or_default().push(ExactRun {
                suspect: run.query,
                work: run.work,
                unit: Unit::Char,
                symbols: run.symbols,
            });
        }
        let mut matches: Vec<ExactMatch> = (works.into_iter())
            .map(|(work, runs)| ExactMatch {
                suspect: suspect.clone(),
                work: work.to_owned(),
                medium: Medium::Text,
                longest: runs.iter().map(|run| run.symbols).max().unwrap_or(0),
                runs,
            })
            .collect();
        matches.sort_by(|a, b| b.longest.cmp(&a.longest).then_with(|| a.work.cmp(&b.work)));
        let mut notes: Vec<Note> = note::of_text(&input.name, &decoded).into_iter().collect();
        if options.min_symbols < CERTAIN_SYMBOLS {
            let message = format!(
                "runs of less than {CERTAIN_SYMBOLS} letters or fifteen Han characters are found by luck only"
            );
            notes.push(Note::new(&input.name, "exact_short", message));
        }
        if found.has_common {
            let message = "runs that more than a thousand places hold from end to end are left out";
            notes.push(Note::new(&input.name, "exact_common", message));
        }
        if found.is_cut {
            let message =
                "too many runs: the search ended early; ask for longer ones or for parts of the file";
            notes.push(Note::new(&input.name, "exact_cut", message));
        }
        Ok(ExactReport {
            suspect,
            matches,
            notes,
        })
    }
}

/// Opens a suspect that must be a text.
pub(super) fn open_text(input: &Input) -> Result<Opened, MatchError> {
    let opened = Opened::open(input).map_err(MatchError::Unreadable)?;
    match opened.content {
        Content::Known(Medium::Text) => Ok(opened),
        Content::Empty => Err(MatchError::Empty),
        _ => Err(MatchError::UnknownMedium {
            what: "only written text is compared letter by letter or as a whole",
        }),
    }
}

pub(super) fn of_text_error(error: TextMatchError) -> MatchError {
    match error {
        TextMatchError::Text(e) => MatchError::Text(e),
        TextMatchError::Index(e) => MatchError::Index(e),
    }
}
