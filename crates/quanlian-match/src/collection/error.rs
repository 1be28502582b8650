//! Why an index cannot be made, opened or changed.
//!
//! In:  what the operating system, the manifest or a part says.
//! Out: [`CollectionError`], each with its stable code.
//!
//! Not here: why a single suspect cannot be matched (`query`).

use std::io;
use std::path::{Path, PathBuf};

use crate::calibration::CalibrationError;
use crate::segment::SegmentError;

/// Why an index cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum CollectionError {
    /// The operating system refused something.
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: io::Error },
    /// There is no index in this folder.
    #[error("no index in {path}")]
    NoIndex { path: PathBuf },
    /// An index is there already; `add` to it or choose another folder.
    #[error("there is an index in {path} already")]
    AlreadyThere { path: PathBuf },
    /// The folder of works holds nothing that could be indexed.
    #[error("no work that could be indexed in {path} ({skipped} files skipped)")]
    NothingToIndex { path: PathBuf, skipped: usize },
    /// Another program builds this index or adds to it now.
    #[error("the index in {path} is being written by another program")]
    Busy { path: PathBuf },
    /// The index was made by a version of this program that keeps it differently.
    #[error("the index has format {found}, this program reads format {known}: build it again")]
    Format { found: u32, known: u32 },
    /// The manifest or the table of works is damaged.
    #[error("the index is damaged: {what} in {path}")]
    Damaged { path: PathBuf, what: String },
    /// The same index was given twice; each of its matches would come twice, and count half.
    #[error("the index in {path} is given twice")]
    Twice { path: PathBuf },
    /// A search could not tell all places of so much sound apart.
    #[error("more than 76,000 hours of sound in one question; ask these indexes in groups")]
    TooMuchSound,
    /// A file of a snapshot did not come; the index is as it was.
    #[error("cannot fetch {name}")]
    Fetch {
        name: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody asked for the work to end; the index is as it was.
    #[error("the work was stopped; the index is as it was")]
    Stopped,
    /// A part is damaged or was made with other parameters.
    #[error("part {part} of the index cannot be used")]
    Part { part: String, source: SegmentError },
    /// The null model beside the index cannot be used; searching by another one than was installed would mislead.
    #[error("the calibration {path} cannot be used: remove it, or calibrate again")]
    Calibration { path: PathBuf, source: CalibrationError },
}

impl CollectionError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "collection_io",
            Self::NoIndex { .. } => "collection_no_index",
            Self::AlreadyThere { .. } => "collection_already_there",
            Self::NothingToIndex { .. } => "collection_nothing_to_index",
            Self::Busy { .. } => "collection_busy",
            Self::Format { .. } => "collection_format",
            Self::Damaged { .. } => "collection_damaged",
            Self::Twice { .. } => "collection_twice",
            Self::TooMuchSound => "collection_too_much_sound",
            Self::Fetch { .. } => "collection_fetch",
            Self::Stopped => "collection_stopped",
            Self::Part { .. } => "collection_part",
            Self::Calibration { source, .. } => source.code(),
        }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(super) fn part(name: &str) -> impl Fn(SegmentError) -> Self {
        let part = name.to_owned();
        move |source| match source {
            SegmentError::Stopped => Self::Stopped,
            source => Self::Part {
                part: part.clone(),
                source,
            },
        }
    }
}
