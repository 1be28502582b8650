//! Near-duplicates of a suspect text: works that hold much of it as a whole, or of which it holds much.
//!
//! In:  paths of suspects.
//! Out: a [`NearReport`] for each, with the share on either side, what it rests on and its confidence interval.
//!
//! Not here: the estimate (`text::near`); where two texts agree ([`Collection::match_file`], [`Collection::exact_file`]).

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::exact::{of_text_error, open_text};
use super::input::Input;
use super::part::Texts;
use super::query::MatchError;
use super::walked::Walked;
use super::{Collection, Exclude, Note, Progress, note};
use crate::Medium;
use crate::text::matcher::TextPart;
use crate::text::{Share, near};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearOptions {
    /// A work is told when it holds so large a share of the suspect, or the suspect of it.
    pub min_share: f64,
    /// Whether archives are opened and their members searched; only by [`Collection::near_paths`].
    pub archives: bool,
    /// Whether the histories of git repositories are searched; only by [`Collection::near_paths`].
    pub history: bool,
}

impl NearOptions {
    /// The share when nobody says another one.
    pub const DEFAULT_SHARE: f64 = 0.5;
}

impl Default for NearOptions {
    fn default() -> Self {
        Self {
            min_share: Self::DEFAULT_SHARE,
            archives: false,
            history: false,
        }
    }
}

/// A work that is near a suspect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearMatch {
    /// The suspect, as the caller named it.
    pub suspect: String,
    /// The work.
    pub work: String,
    /// What both are.
    pub medium: Medium,
    /// How much of the suspect's fingerprint the work holds.
    pub of_suspect: Share,
    /// How much of the work's fingerprint the suspect holds; absent when there were too many works to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_work: Option<Share>,
}

/// What one suspect is near.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearReport {
    /// The suspect, as the caller named it.
    pub suspect: String,
    /// The works, the nearest first.
    pub matches: Vec<NearMatch>,
    /// What was odd about the file.
    pub notes: Vec<Note>,
}

impl Collection {
    /// The works that a text nearly is, or is part of, or holds.
    pub fn near_file(&self, path: &Path, options: &NearOptions) -> Result<NearReport, MatchError> {
        self.near_input(&Input::file(path), options)
    }

    /// The same of files and all files below folders, several at once, the answers in order, as
    /// [`match_paths`](Self::match_paths) does.
    pub fn near_paths(
        &self,
        paths: &[PathBuf],
        options: &NearOptions,
        exclude: Exclude<'_>,
        progress: Progress<'_>,
        mut on_result: impl FnMut(&Path, Result<NearReport, MatchError>),
    ) -> Vec<Note> {
        let walked = Walked {
            paths,
            archives: options.archives,
            history: options.history,
            exclude,
            progress,
        };
        walked.answer(&|input| self.near_input(input, options), &mut on_result)
    }

    fn near_input(&self, input: &Input, options: &NearOptions) -> Result<NearReport, MatchError> {
        let suspect = input.name.to_string_lossy().into_owned();
        let opened = open_text(input)?;
        let texts: Vec<Texts<'_>> = self.parts.iter().filter_map(|part| part.texts()).collect();
        let parts: Vec<&dyn TextPart> = texts.iter().map(|texts| texts as &dyn TextPart).collect();
        let reader = opened.into_text().map_err(MatchError::Text)?;
        let (found, decoded) = near::near(reader, &parts, options.min_share).map_err(of_text_error)?;
        let matches = (found.into_iter()).filter_map(|near| {
            Some(NearMatch {
                suspect: suspect.clone(),
                work: texts[near.part].name(near.item)?.to_owned(),
                medium: Medium::Text,
                of_suspect: near.of_suspect,
                of_work: near.of_work,
            })
        });
        Ok(NearReport {
            matches: matches.collect(),
            notes: note::of_text(&input.name, &decoded).into_iter().collect(),
            suspect,
        })
    }
}
