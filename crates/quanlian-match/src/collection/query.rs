//! Queries: one suspect file, or many, against the whole index.
//!
//! In:  paths of suspects.
//! Out: a [`FileReport`] for each, in the order of the paths, whatever the number of threads.
//!
//! Not here: how a medium finds and scores (`text::matcher`, `audio`, `image`, `video`), how pictures and sound
//! of a film are put together (`fusion`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::code::SourceIndex;
use super::film::FilmIndex;
use super::fusion;
use super::input::{Body, Input, LineCounter};
use super::opened::Opened;
use super::part::Texts;
use super::picture::PictureIndex;
use super::sniff::Content;
use super::sound::SoundIndex;
use super::walked::Walked;
use super::{Collection, Exclude, Note, Progress, note};
use crate::audio::{self, AudioError, AudioMatch, SearchOptions};
use crate::code::{self, Language};
use crate::image::{self, ImageError};
use crate::score::DEFAULT_MAX_E_VALUE;
use crate::segment::SegmentError;
use crate::text::TextError;
use crate::text::background::Background;
use crate::text::matcher::{self, Passage, TextMatch, TextMatchError, TextPart};
use crate::video::{self, FilmTrack, Tools, VideoError};
use crate::{FilterReason, Filtered, Match, MatchSegment, Medium, Span, Transform, Unit};

/// What to answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchOptions {
    /// Whether archives are opened and their members matched; only by [`Collection::match_paths`].
    pub archives: bool,
    /// Whether the histories of repositories are read and all that they ever held is matched; only by
    /// [`Collection::match_paths`].
    pub history: bool,
    /// Also matches that chance explains (`--all`); `max_e_value` is ignored then.
    pub include_below_threshold: bool,
    /// Matches with a larger E-value are left out.
    pub max_e_value: f64,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            archives: false,
            history: false,
            include_below_threshold: false,
            max_e_value: DEFAULT_MAX_E_VALUE,
        }
    }
}

/// What was found in one suspect file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileReport {
    /// The file, as the caller named it.
    pub suspect: String,
    /// What it holds.
    pub medium: Medium,
    /// SHA-256 of a member of an archive, in hexadecimal; absent for a file on the disk, where anybody can take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Lines of source code; absent for other media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// The works that it holds parts of, best first.
    pub matches: Vec<Match>,
    /// What was odd about the file.
    pub notes: Vec<Note>,
}

/// Why a suspect could not be matched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum MatchError {
    /// The file or folder cannot be read.
    #[error("cannot read the file")]
    Unreadable(#[source] io::Error),
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Something that no medium here can match.
    #[error("cannot be matched: {what}")]
    UnknownMedium { what: &'static str },
    /// A text that cannot be read as one.
    #[error("cannot read the text")]
    Text(#[source] TextError),
    /// A recording that cannot be read as one.
    #[error("cannot read the sound")]
    Audio(#[source] AudioError),
    /// A picture that cannot be read as one.
    #[error("cannot read the picture")]
    Image(#[source] ImageError),
    /// A film whose pictures and sound both cannot be read.
    #[error("cannot read the film")]
    Video(#[source] VideoError),
    /// The index is damaged: answers would be incomplete.
    #[error("cannot read the index")]
    Index(#[source] SegmentError),
}

impl MatchError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "match_unreadable",
            Self::Empty => "match_empty_file",
            Self::UnknownMedium { .. } => "match_unknown_medium",
            Self::Text(e) => e.code(),
            Self::Audio(e) => e.code(),
            Self::Image(e) => e.code(),
            Self::Video(e) => e.code(),
            Self::Index(e) => e.code(),
        }
    }

    /// Whether the index is at fault, so that every further file would fail as well.
    pub fn is_about_the_index(&self) -> bool {
        matches!(self, Self::Index(_))
    }
}

impl Collection {
    /// Matches one file, also an archive as the one file that it is; its name in the answer is the path as given.
    pub fn match_file(&self, path: &Path, options: &MatchOptions) -> Result<FileReport, MatchError> {
        self.match_input(&Input::file(path), options)
    }

    fn match_input(&self, input: &Input, options: &MatchOptions) -> Result<FileReport, MatchError> {
        let path = &*input.name;
        let on_disk = || input.body.on_disk().map_err(MatchError::Unreadable);
        let opened = Opened::open(input).map_err(MatchError::Unreadable)?;
        let mut notes: Vec<Note> = opened.remark(path).into_iter().collect();
        let suspect = path.to_string_lossy().into_owned();
        let mut lines = None;
        let (medium, mut matches) = match opened.content {
            Content::Known(Medium::Text) => (Medium::Text, self.match_text(&suspect, opened, &mut notes)?),
            Content::Known(Medium::Audio) => {
                let matches = self
                    .match_audio(&suspect, on_disk()?.path(), options, &mut notes)
                    .map_err(|e| match (e, opened.film_error) {
                        // A film without sound: that its pictures cannot be read says more.
                        (MatchError::Audio(_), Some(e)) => MatchError::Video(e),
                        (e, _) => e,
                    })?;
                (Medium::Audio, matches)
            }
            Content::Known(Medium::Image) => (
                Medium::Image,
                self.match_image(&suspect, on_disk()?.path(), options, &mut notes)?,
            ),
            Content::Known(Medium::Video) if let Some(track) = opened.film => (
                Medium::Video,
                self.match_film(&suspect, on_disk()?.path(), &track, options, &mut notes)?,
            ),
            Content::Known(Medium::Code) if let Some(language) = opened.language => {
                let (matches, count) = self.match_code(&suspect, opened, language, &mut notes)?;
                lines = Some(count);
                (Medium::Code, matches)
            }
            Content::Known(Medium::Code) => {
                return Err(MatchError::UnknownMedium {
                    what: "code in no known language",
                });
            }
            Content::Known(Medium::Video) | Content::Container(_) => {
                return Err(MatchError::UnknownMedium {
                    what: "a film without a track of pictures",
                });
            }
            Content::Archive => {
                return Err(MatchError::UnknownMedium {
                    what: "a zip archive",
                });
            }
            Content::Empty => return Err(MatchError::Empty),
            Content::Other(what) => return Err(MatchError::UnknownMedium { what }),
        };
        for found in &mut matches {
            // A film may hold a work that is a recording, and is judged as one then.
            found.e_value = self.judge.e_value(found.medium, found.score_bits);
            found.null_model = Some(self.judge.describe(found.medium));
            found.suspect_history = input.origin.as_deref().cloned().map(Box::new);
            found.work_history = self.origin_of(&found.work).cloned().map(Box::new);
        }
        if !options.include_below_threshold {
            matches.retain(|m| m.e_value <= options.max_e_value);
        }
        let sha256 = match &input.body {
            Body::File(_) => None,
            taken_out => Some(taken_out.digest().map_err(MatchError::Unreadable)?.1),
        };
        Ok(FileReport {
            suspect,
            medium,
            sha256,
            lines,
            matches,
            notes,
        })
    }

    /// Matches files and all files below folders, several at once, the answers in order.
    ///
    /// Members of archives are files like others when the options say so, named `OUTER!/INNER`.
    /// Files that `exclude` names are passed over in silence; what the walk passes over
    /// comes back as remarks. A file that fails gives its error and the rest goes on; when
    /// the index itself is damaged every file says so.
    pub fn match_paths(
        &self,
        paths: &[PathBuf],
        options: &MatchOptions,
        exclude: Exclude<'_>,
        progress: Progress<'_>,
        mut on_result: impl FnMut(&Path, Result<FileReport, MatchError>),
    ) -> Vec<Note> {
        let walked = Walked {
            paths,
            archives: options.archives,
            history: options.history,
            exclude,
            progress,
        };
        walked.answer(&|input| self.match_input(input, options), &mut on_result)
    }

    fn match_text(
        &self,
        suspect: &str,
        opened: Opened,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Match>, MatchError> {
        let texts: Vec<Texts<'_>> = self.parts.iter().filter_map(|part| part.texts()).collect();
        let parts: Vec<&dyn TextPart> = texts.iter().map(|texts| texts as &dyn TextPart).collect();
        let symbols = self.parts.iter().map(|p| p.totals().text_symbols).sum();
        let background = self.background(&parts).map_err(MatchError::Index)?;
        let of_common = self.common.iter().flat_map(|common| &common.parts);
        let common: Vec<Texts<'_>> = of_common.filter_map(|part| part.texts()).collect();
        let common_parts: Vec<&dyn TextPart> = common.iter().map(|texts| texts as &dyn TextPart).collect();
        let reader = opened.into_text().map_err(MatchError::Text)?;
        let (found, decoded) = matcher::match_text(reader, &parts, &common_parts, background, symbols)
            .map_err(|e| match e {
                TextMatchError::Text(e) => MatchError::Text(e),
                TextMatchError::Index(e) => MatchError::Index(e),
            })?;
        notes.extend(note::of_text(Path::new(suspect), &decoded));
        Ok(found
            .into_iter()
            .filter_map(|m| {
                let filtered = m.not_counted.iter().filter_map(|n| {
                    let of = match n.reason {
                        FilterReason::Background => &common,
                        FilterReason::BetterSource => &texts,
                    };
                    Some(Filtered {
                        suspect: n.suspect,
                        unit: Unit::Char,
                        reason: n.reason,
                        by: of[n.by.0].name(n.by.1)?.to_owned(),
                    })
                });
                let filtered = filtered.collect();
                Some(Match {
                    filtered,
                    ..text_match(suspect, texts[m.part].name(m.item)?, &m)
                })
            })
            .collect())
    }

    fn match_code(
        &self,
        suspect: &str,
        opened: Opened,
        language: Language,
        notes: &mut Vec<Note>,
    ) -> Result<(Vec<Match>, u64), MatchError> {
        let index = SourceIndex::new(&self.parts);
        let common = self.common.as_ref().map(|common| SourceIndex::new(&common.parts));
        let background = (self.code_background).get_or_init(|| index.background(common.as_ref()));
        let mut reader = LineCounter::new(opened.into_digesting_reader());
        let (found, remarks) = code::search(&mut reader, language, &index, background, common.as_ref())
            .map_err(MatchError::Text)?;
        for index in common.iter().chain([&index]) {
            index.check_read().map_err(MatchError::Index)?;
        }
        notes.extend(remarks.iter().map(|n| note::of_code(Path::new(suspect), *n)));
        let named = found.into_iter().filter_map(|m| {
            let segments = m.segments.into_iter().map(Into::into).collect();
            let of = (Medium::Code, index.name(m.item)?);
            let figures = [m.score.bits, m.score.e_value, m.identity];
            let filtered = m.not_counted.into_iter().filter_map(|n| {
                let by = match n.reason {
                    FilterReason::Background => common.as_ref()?.name(n.by)?,
                    FilterReason::BetterSource => index.name(n.by)?,
                };
                Some(Filtered {
                    suspect: n.suspect,
                    unit: Unit::Line,
                    reason: n.reason,
                    by: by.to_owned(),
                })
            });
            let filtered = filtered.collect();
            Some(Match {
                filtered,
                ..unjudged(suspect, of, figures, segments)
            })
        });
        Ok((named.collect(), reader.lines()))
    }

    fn match_audio(
        &self,
        suspect: &str,
        path: &Path,
        options: &MatchOptions,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Match>, MatchError> {
        let index = SoundIndex::new(&self.parts);
        let max_e_value = self.built_in_limit(Medium::Audio, options);
        let found = audio::search(path, &index, &SearchOptions { max_e_value }).map_err(MatchError::Audio)?;
        index.check_read().map_err(MatchError::Index)?;
        notes.extend(found.notes.iter().map(|n| note::of_sound(Path::new(suspect), n)));
        let named = found
            .matches
            .into_iter()
            .filter_map(|m| sound_match(&index, suspect, m));
        Ok(named.collect())
    }

    fn match_image(
        &self,
        suspect: &str,
        path: &Path,
        options: &MatchOptions,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Match>, MatchError> {
        let index = PictureIndex::new(&self.parts);
        let max_e_value = self.built_in_limit(Medium::Image, options);
        let found =
            image::search(path, &index, &image::SearchOptions { max_e_value }).map_err(MatchError::Image)?;
        index.check_read().map_err(MatchError::Index)?;
        notes.extend(
            found
                .notes
                .iter()
                .map(|n| note::of_picture(Path::new(suspect), n)),
        );
        let named = found.matches.into_iter().filter_map(|m| {
            let segments = m.segments.into_iter().map(Into::into).collect();
            let of = (Medium::Image, index.name(m.item)?);
            Some(unjudged(
                suspect,
                of,
                [m.score_bits, m.e_value, m.identity],
                segments,
            ))
        });
        Ok(named.collect())
    }

    /// Matches the pictures and the sound of a film; where one of them cannot be read, the other goes on alone.
    fn match_film(
        &self,
        suspect: &str,
        path: &Path,
        track: &FilmTrack,
        options: &MatchOptions,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Match>, MatchError> {
        // Weak pictures and weak sound may be strong together: each is asked for all it has.
        let all = MatchOptions {
            include_below_threshold: true,
            ..*options
        };
        let pictures = self.match_pictures_of_film(suspect, path, track, notes);
        let sound = self.match_audio(suspect, path, &all, notes);
        let (pictures, sound) = match (pictures, sound) {
            (Err(e), _) | (_, Err(e)) if e.is_about_the_index() => return Err(e),
            (Err(e), Err(_)) => return Err(e),
            (Ok(pictures), Err(MatchError::Audio(AudioError::NoSoundTrack))) => (pictures, Vec::new()),
            (Ok(pictures), Err(e)) => {
                notes.push(Note::from_error(Path::new(suspect), e.code(), &e));
                (pictures, Vec::new())
            }
            (Err(e), Ok(sound)) => {
                notes.push(Note::from_error(Path::new(suspect), e.code(), &e));
                (Vec::new(), sound)
            }
            (Ok(pictures), Ok(sound)) => (pictures, sound),
        };
        let mut works: BTreeMap<String, (Option<Match>, Option<Match>)> = BTreeMap::new();
        for m in pictures {
            let of_work = works.entry(m.work.clone()).or_default();
            of_work.0 = Some(m);
        }
        for m in sound {
            let of_work = works.entry(m.work.clone()).or_default();
            of_work.1 = Some(m);
        }
        let films = FilmIndex::new(&self.parts);
        let mut matches: Vec<Match> = works
            .into_iter()
            .filter_map(|(work, found)| match found {
                // A recording without pictures stays what it is.
                (None, Some(sound)) if !films.has(&work) => Some(sound),
                (picture, sound) => fusion::fuse(picture.as_ref(), sound.as_ref()),
            })
            .collect();
        matches.sort_by(|a, b| {
            b.score_bits
                .total_cmp(&a.score_bits)
                .then_with(|| a.work.cmp(&b.work))
        });
        Ok(matches)
    }

    fn match_pictures_of_film(
        &self,
        suspect: &str,
        path: &Path,
        track: &FilmTrack,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Match>, MatchError> {
        let index = FilmIndex::new(&self.parts);
        let options = video::SearchOptions {
            max_e_value: f64::INFINITY,
        };
        let found =
            video::search(path, track, &Tools::default(), &index, &options).map_err(MatchError::Video)?;
        index.check_read().map_err(MatchError::Index)?;
        let subject = Path::new(suspect);
        notes.extend(found.notes.iter().map(|n| note::of_film(subject, n)));
        let alike = found.alike.iter().filter_map(|&item| index.name(item));
        notes.extend(alike.map(|work| note::of_likeness(subject, work)));
        let named = found.matches.into_iter().filter_map(|m| {
            let segments = m.segments.into_iter().map(Into::into).collect();
            let of = (Medium::Video, index.name(m.item)?);
            Some(Match {
                transform: Some(Transform {
                    time_scale: m.time_scale,
                    pitch_scale: 1.0,
                    mirrored: m.mirrored,
                }),
                ..unjudged(suspect, of, [m.score_bits, m.e_value, m.identity], segments)
            })
        });
        Ok(named.collect())
    }

    /// The E-value of the built-in model at the score that the model in use asks for.
    pub(super) fn built_in_limit(&self, medium: Medium, options: &MatchOptions) -> f64 {
        if options.include_below_threshold {
            f64::INFINITY
        } else {
            (-self.judge.bits_at(medium, options.max_e_value)).exp2()
        }
    }

    /// The background model of the texts, made when it is first needed.
    fn background(&self, parts: &[&dyn TextPart]) -> Result<&Background, SegmentError> {
        if let Some(background) = self.background.get() {
            return Ok(background);
        }
        let made = matcher::background(parts)?;
        Ok(self.background.get_or_init(|| made))
    }
}

/// A recording found in `suspect`, by its name.
pub(super) fn sound_match(index: &SoundIndex<'_>, suspect: &str, found: AudioMatch) -> Option<Match> {
    let segments = found.segments.into_iter().map(Into::into).collect();
    let of = (Medium::Audio, index.name(found.item)?);
    let figures = [found.score_bits, found.e_value, found.identity];
    Some(Match {
        transform: Some(found.transform),
        ..unjudged(suspect, of, figures, segments)
    })
}

/// A match of a text, not judged yet.
fn text_match(suspect: &str, work: &str, m: &TextMatch) -> Match {
    let segment = |p: &Passage| {
        MatchSegment::from(Span {
            suspect: p.query,
            work: p.work,
            unit: Unit::Char,
        })
    };
    let figures = [m.score.bits, m.score.e_value, m.identity];
    let segments = m.passages.iter().map(segment).collect();
    unjudged(suspect, (Medium::Text, work), figures, segments)
}

/// A match as its medium found it, before a null model judged it.
fn unjudged(
    suspect: &str,
    (medium, work): (Medium, &str),
    [score_bits, e_value, identity]: [f64; 3],
    segments: Vec<MatchSegment>,
) -> Match {
    Match {
        suspect: suspect.to_owned(),
        work: work.to_owned(),
        medium,
        score_bits,
        e_value,
        identity,
        segments,
        transform: None,
        evidence: None,
        null_model: None,
        filtered: Vec::new(),
        suspect_history: None,
        work_history: None,
    }
}
