//! Chance: what the files of strangers score against this index.
//!
//! In:  files that are said to copy nothing.
//! Out: a [`NonMember`] for each, with the best score of every try, however weak.
//!
//! Long sound is cut into clips, because a suspect is a clip more often than a whole; pictures and texts are taken
//! whole. The scores are those of the methods and do not depend on any calibration in use.
//!
//! Not here: the fit (`calibration`).

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::input::{Input, digest};
use super::opened::Opened;
use super::sniff::Content;
use super::sound::SoundIndex;
use super::walk::Walk;
use super::walked::walk_all;
use super::{Collection, Exclude, MatchError, MatchOptions, Note, Progress, note};
use crate::Medium;
use crate::audio;
use crate::calibration::{NonMember, Sample};

/// Files searched before their results are handed over.
const FILES_AT_ONCE: usize = 32;

/// Clips of one file at most, so that one long recording does not speak for all.
const MAX_CLIPS_PER_FILE: usize = 120;

/// How strangers are searched.
#[derive(Clone, Copy)]
pub struct ChanceOptions<'a> {
    /// Only this medium; files of others are passed over.
    pub medium: Option<Medium>,
    /// Lengths of the clips that sound is cut into, in turn.
    pub clip_ms: &'a [u64],
    /// Files for which this says true are passed over in silence.
    pub exclude: Exclude<'a>,
    /// Called after each file.
    pub progress: Progress<'a>,
}

impl Collection {
    /// Searches every file of `paths` and below, and hands what chance gave to `on_result`, in order.
    ///
    /// A file of a medium that the index holds no work of, or that was not asked for, is passed over with a remark.
    pub fn chance_scores(
        &self,
        paths: &[PathBuf],
        options: &ChanceOptions<'_>,
        mut on_result: impl FnMut(&Path, Result<NonMember, MatchError>),
    ) -> Vec<Note> {
        let mut unreadable = Vec::new();
        let walk = walk_all(paths, options.exclude, &mut |path, result: Result<(), _>| {
            unreadable.extend(result.err().map(|error| (path.to_owned(), error)));
        });
        let Walk { files, mut notes, .. } = walk.without_histories();
        for (path, error) in unreadable {
            on_result(&path, Err(error));
        }
        let media = self.stats().media;
        let is_wanted = |medium: Medium| {
            media.contains_key(&medium) && options.medium.is_none_or(|wanted| wanted == medium)
        };
        let mut done = 0;
        for batch in files.chunks(FILES_AT_ONCE) {
            let search = |path: &Path| self.non_member(path, options.clip_ms, &is_wanted);
            // A search inside a pool of threads keeps to its own; a single file may use them all.
            let results: Vec<_> = match batch {
                [file] => vec![search(&file.path)],
                files => files.par_iter().map(|file| search(&file.path)).collect(),
            };
            for (file, result) in batch.iter().zip(results) {
                done += 1;
                (options.progress)(done, files.len() as u64);
                match result {
                    Ok(Some((non_member, of_file))) => {
                        notes.extend(of_file);
                        on_result(&file.path, Ok(non_member));
                    }
                    Ok(None) => notes.push(Note::new(
                        &file.path,
                        "chance_other_medium",
                        "the index holds no work of this medium, or another one was asked for",
                    )),
                    Err(error) => on_result(&file.path, Err(error)),
                }
            }
        }
        notes
    }

    fn non_member(
        &self,
        path: &Path,
        clip_ms: &[u64],
        is_wanted: &dyn Fn(Medium) -> bool,
    ) -> Result<Option<(NonMember, Vec<Note>)>, MatchError> {
        let medium = match Opened::open(&Input::file(path))
            .map_err(MatchError::Unreadable)?
            .content
        {
            Content::Known(medium) => medium,
            Content::Container(_) | Content::Archive => return Ok(None),
            Content::Empty => return Err(MatchError::Empty),
            Content::Other(what) => return Err(MatchError::UnknownMedium { what }),
        };
        if !is_wanted(medium) {
            return Ok(None);
        }
        let (_, sha256) = digest(path).map_err(MatchError::Unreadable)?;
        let (samples, notes) = match medium {
            Medium::Audio => self.chance_of_sound(path, clip_ms)?,
            _ => self.chance_of_whole(path)?,
        };
        let non_member = NonMember {
            name: path.to_string_lossy().into_owned(),
            sha256,
            medium,
            samples,
        };
        Ok(Some((non_member, notes)))
    }

    fn chance_of_sound(&self, path: &Path, clip_ms: &[u64]) -> Result<(Vec<Sample>, Vec<Note>), MatchError> {
        let index = SoundIndex::new(&self.parts);
        let found =
            audio::search_clips(path, &index, clip_ms, MAX_CLIPS_PER_FILE).map_err(MatchError::Audio)?;
        index.check_read().map_err(MatchError::Index)?;
        let samples = found.clips.into_iter().map(|clip| Sample {
            start_ms: clip.start_ms,
            length_ms: clip.length_ms,
            best: (clip.best).map(|(bits, item)| (bits, index.name(item).unwrap_or_default().to_owned())),
        });
        let notes = found.notes.iter().map(|n| note::of_sound(path, n)).collect();
        Ok((samples.collect(), notes))
    }

    fn chance_of_whole(&self, path: &Path) -> Result<(Vec<Sample>, Vec<Note>), MatchError> {
        let options = MatchOptions {
            include_below_threshold: true,
            ..MatchOptions::default()
        };
        let report = self.match_file(path, &options)?;
        let best = (report.matches.into_iter()).max_by(|a, b| a.score_bits.total_cmp(&b.score_bits));
        let sample = Sample {
            start_ms: 0,
            length_ms: 0,
            best: best.map(|found| (found.score_bits, found.work)),
        };
        Ok((vec![sample], report.notes))
    }
}
