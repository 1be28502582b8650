//! The index of a collection of works: a folder that is built once and added to.
//!
//! In:  folders and files of works, then suspect files.
//! Out: [`crate::Match`]es of each suspect, and figures about the index.
//!
//! # Folder
//! | file | holds |
//! |---|---|
//! | `manifest.json` | format version and the list of parts; replaced by renaming |
//! | `part-NNNNNN/items.jsonl` | the works of a part: name, size, SHA-256, medium |
//! | `part-NNNNNN/text.*` | postings and texts (`text`) |
//! | `part-NNNNNN/audio.*` | postings of the sound (`audio`) |
//! | `part-NNNNNN/image.*` | postings and records of the pictures (`image`) |
//! | `calibration.json` | the null model of this collection, when one was installed |
//! | `lock` | held while somebody builds or adds |
//!
//! Invariants: a part is complete and synced before the manifest names it, and never
//! changes afterwards; so an `add` that dies leaves the old index, and what it left
//! behind is swept away by the next. The same files in the same order give the same
//! index. A work keeps the name under which it was first added.
//!
//! Not here: what a medium does with its bytes (`text`, `audio`, `image`), what a match means.

mod chance;
mod manifest;
mod note;
mod part;
mod picture;
mod query;
mod sniff;
mod sound;
mod stats;
mod walk;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use chance::ChanceOptions;
pub use note::Note;
pub use query::{FileReport, MatchError, MatchOptions};
pub use stats::{MediumStats, Stats};

use crate::calibration::{Calibration, CalibrationError, IndexFigures, Judge, MAX_FILE_BYTES};
use crate::segment::SegmentError;
use crate::text::background::Background;
use crate::{Medium, Unit};
use manifest::{Manifest, PartEntry};
use part::{Part, PartWriter};

/// Works of one part; a larger folder becomes several parts.
const MAX_ITEMS_PER_PART: usize = 1 << 20;
const LOCK_FILE: &str = "lock";
const CALIBRATION_FILE: &str = "calibration.json";

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
            Self::Part { .. } => "collection_part",
            Self::Calibration { source, .. } => source.code(),
        }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Says of a path whether it is left out (side files, say).
pub type Exclude<'a> = &'a (dyn Fn(&Path) -> bool + Sync);
/// Hears how many of how many files are done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// How works are added.
#[derive(Clone, Copy)]
pub struct BuildOptions<'a> {
    /// Files for which this says true are passed over in silence.
    pub exclude: Exclude<'a>,
    /// Called after each file.
    pub progress: Progress<'a>,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            exclude: &|_| false,
            progress: &|_, _| {},
        }
    }
}

/// What a `build` or an `add` did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BuildReport {
    /// Works added.
    pub added: u64,
    /// Works that were there already, with the same content under the same name.
    pub unchanged: u64,
    /// Files that were not added or only with a remark, each with the reason.
    pub notes: Vec<Note>,
}

/// One work of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Work<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub medium: Medium,
    /// How long it is.
    pub length: u64,
    /// What `length` counts.
    pub unit: Unit,
}

/// An open index.
#[derive(Debug)]
pub struct Collection {
    folder: PathBuf,
    parts: Vec<Part>,
    background: OnceLock<Background>,
    judge: Judge,
}

impl Collection {
    /// Makes a new index in `folder` (created when missing) from all works below `works`.
    pub fn build(
        folder: &Path,
        works: &Path,
        options: &BuildOptions<'_>,
    ) -> Result<BuildReport, CollectionError> {
        fs::create_dir_all(folder).map_err(CollectionError::io(folder))?;
        let _lock = lock(folder)?;
        if Manifest::path(folder)
            .try_exists()
            .map_err(CollectionError::io(folder))?
        {
            return Err(CollectionError::AlreadyThere {
                path: folder.to_owned(),
            });
        }
        append(folder, Manifest::new(), works, options)
    }

    /// Adds all works below `works` that the index does not hold yet.
    pub fn add(
        folder: &Path,
        works: &Path,
        options: &BuildOptions<'_>,
    ) -> Result<BuildReport, CollectionError> {
        let manifest = Manifest::read(folder)?;
        let _lock = lock(folder)?;
        append(folder, manifest, works, options)
    }

    /// Opens an index for matching, with the calibration that was installed in it.
    pub fn open(folder: &Path) -> Result<Self, CollectionError> {
        let mut collection = Self::open_with_built_in(folder)?;
        let path = folder.join(CALIBRATION_FILE);
        if let Some(bytes) = read_calibration(&path)? {
            let judge = Judge::from_file(&bytes, false);
            collection.judge = judge.map_err(|source| CollectionError::Calibration { path, source })?;
        }
        Ok(collection)
    }

    /// Opens an index to be judged by the built-in null models, whatever is installed in it.
    pub fn open_with_built_in(folder: &Path) -> Result<Self, CollectionError> {
        let manifest = Manifest::read(folder)?;
        let parts = manifest
            .parts
            .iter()
            .map(|p| Part::open(folder, p))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            parts,
            background: OnceLock::new(),
            judge: Judge::built_in(),
        })
    }

    /// Has matches judged by another null model from now on.
    pub fn set_judge(&mut self, judge: Judge) {
        self.judge = judge;
    }

    /// The null model that judges matches.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Keeps a calibration beside the index, where [`Collection::open`] finds it; returns its place.
    pub fn install_calibration(folder: &Path, calibration: &Calibration) -> Result<PathBuf, CollectionError> {
        let _lock = lock(folder)?;
        let (new, path) = (folder.join("calibration.json.new"), folder.join(CALIBRATION_FILE));
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&calibration.to_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(CollectionError::io(&new))?;
        Ok(path)
    }

    /// What chance pays for in this index, by medium.
    pub fn figures(&self, medium: Medium) -> IndexFigures {
        let stats = self.stats();
        let Some(of) = stats.media.get(&medium) else {
            return IndexFigures::default();
        };
        IndexFigures {
            works: of.items,
            size: match medium {
                Medium::Audio => of.duration_ms.unwrap_or(0),
                Medium::Text => of.chars.unwrap_or(0),
                Medium::Image => of.items,
            },
        }
    }

    /// The folder of the index.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All works, in order of their adding.
    pub fn works(&self) -> impl Iterator<Item = Work<'_>> {
        self.parts.iter().flat_map(Part::works)
    }

    /// Figures about the index.
    pub fn stats(&self) -> Stats {
        stats::stats(&self.parts)
    }
}

/// The bytes of an installed calibration, if there is one; one byte more than is allowed of one that is too long.
fn read_calibration(path: &Path) -> Result<Option<Vec<u8>>, CollectionError> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let file = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => File::open(path).map_err(CollectionError::io(path))?,
        Ok(_) => {
            return Err(CollectionError::Damaged {
                path: path.to_owned(),
                what: "not a regular file".to_owned(),
            });
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(CollectionError::Io { path, source });
        }
    };
    let mut bytes = Vec::new();
    let mut some = file.take(MAX_FILE_BYTES + 1);
    some.read_to_end(&mut bytes).map_err(CollectionError::io(path))?;
    Ok(Some(bytes))
}

/// Waits for nobody: a second writer is told at once.
fn lock(folder: &Path) -> Result<File, CollectionError> {
    let path = folder.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(CollectionError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(CollectionError::Busy {
            path: folder.to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(CollectionError::Io { path, source }),
    }
}

/// Writes the works that are new into further parts and names those in the manifest.
fn append(
    folder: &Path,
    mut manifest: Manifest,
    works: &Path,
    options: &BuildOptions<'_>,
) -> Result<BuildReport, CollectionError> {
    manifest.sweep(folder)?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for entry in &manifest.parts {
        known.extend(
            Part::read_items(folder, entry)?
                .into_iter()
                .map(|i| (i.name, i.sha256)),
        );
    }
    let walk = walk::walk(works, options.exclude).map_err(CollectionError::io(works))?;
    let mut report = BuildReport {
        added: 0,
        unchanged: 0,
        notes: walk.notes,
    };
    let total = walk.files.len() as u64;
    let mut done = 0;
    for files in walk.files.chunks(MAX_ITEMS_PER_PART) {
        let name = manifest.next_part_name();
        let path = folder.join(&name);
        fs::create_dir(&path).map_err(CollectionError::io(&path))?;
        let in_part = |source| CollectionError::Part {
            part: name.clone(),
            source,
        };
        let mut writer = PartWriter::create(&path).map_err(in_part)?;
        writer
            .add_all(files, &mut known, &mut report, &|n| {
                (options.progress)(done + n, total);
            })
            .map_err(in_part)?;
        done += files.len() as u64;
        if writer.is_empty() {
            drop(writer);
            fs::remove_dir_all(&path).map_err(CollectionError::io(&path))?;
            continue;
        }
        let entry: PartEntry = writer.finish(&name).map_err(in_part)?;
        manifest.parts.push(entry);
    }
    if manifest.parts.is_empty() {
        return Err(CollectionError::NothingToIndex {
            path: works.to_owned(),
            skipped: report.notes.len(),
        });
    }
    manifest.write(folder)?;
    Ok(report)
}

#[cfg(test)]
mod tests;
