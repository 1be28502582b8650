//! The index of a collection of works: a folder that is built once, added to and kept up, while others ask it.
//!
//! In:  folders and files of works, then suspect files.
//! Out: [`crate::Match`]es of each suspect, and figures about the index.
//!
//! # Folder
//! | file | holds |
//! |---|---|
//! | `manifest.json` | format version, generation, the parts with the digests of their files; replaced by renaming |
//! | `part-NNNNNN/items.jsonl` | the works of a part: name, size, SHA-256, medium |
//! | `part-NNNNNN/text.*` | postings and texts (`text`) |
//! | `part-NNNNNN/audio.*` | postings of the sound (`audio`) |
//! | `part-NNNNNN/image.*` | postings and records of the pictures (`image`) |
//! | `part-NNNNNN/video.*` | postings, looks and reels of the films (`video`); their sound lies with the sound |
//! | `removed-NNNNNN.json` | works that count no more |
//! | `lock`, `in-use` | held while somebody changes the index, or copies it (`edit`) |
//! | `calibration.json` | the null model of this collection, when one was installed |
//!
//! Invariants: a file is complete and synced before the manifest names it, and never
//! changes afterwards; so a change that dies leaves the old index, and what it left
//! behind is swept away by the next. An open index goes on with the state that it was
//! opened in, whatever becomes of the folder. The same files in the same order give the same
//! index. A work keeps the name under which it was first added.
//!
//! Not here: what a medium does with its bytes (`text`, `audio`, `image`, `video`), what a match means.

mod axis;
mod chance;
mod edit;
mod film;
mod fusion;
mod known;
mod manifest;
mod merge;
mod monitor;
mod note;
mod opened;
mod part;
mod picture;
mod query;
mod records;
mod removed;
mod snapshot;
mod sniff;
mod sound;
mod stats;
mod upkeep;
mod verify;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use chance::ChanceOptions;
pub use merge::{MAX_MERGED_BYTES, MIN_ROW, MergeOptions, MergeReport};
pub use monitor::{Heard, Sound};
pub use note::Note;
pub use query::{FileReport, MatchError, MatchOptions};
pub use snapshot::{Fetch, InstallReport, Inventory, StoredFile};
pub use stats::{MediumStats, ShardStats, Stats};
pub use upkeep::{RemoveReport, RestoreReport};
pub use verify::{Damage, PartReport, VerifyOptions, VerifyReport};

use crate::calibration::{Calibration, CalibrationError, IndexFigures, Judge, MAX_FILE_BYTES};
use crate::segment::SegmentError;
use crate::text::background::Background;
use crate::{Medium, Unit};
use edit::Edit;
use known::KnownWorks;
use manifest::Manifest;
use part::Part;
use part::writer::PartWriter;
use removed::Removed;

/// Works of one part; a larger folder becomes several parts.
const MAX_ITEMS_PER_PART: usize = 1 << 20;
/// How often an index is opened anew because somebody changed it meanwhile.
const OPEN_TRIES: u32 = 64;
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

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    fn part(name: &str) -> impl Fn(SegmentError) -> Self {
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

/// Says of a path whether it is left out (side files, say).
pub type Exclude<'a> = &'a (dyn Fn(&Path) -> bool + Sync);
/// Hears how many of how many files are done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);
/// Says whether to end at the next good place.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// How works are added.
#[derive(Clone, Copy)]
pub struct BuildOptions<'a> {
    /// Files for which this says true are passed over in silence.
    pub exclude: Exclude<'a>,
    /// Called after each file.
    pub progress: Progress<'a>,
    /// Asked after each file; when it says yes, the index stays as it was.
    pub stop: Stop<'a>,
    /// Whether another content under a known name takes the place of the old one, instead of being passed over.
    pub replace: bool,
    /// How parts are merged when there are too many; never when absent.
    pub merge: Option<MergeOptions<'a>>,
}

impl Default for BuildOptions<'_> {
    fn default() -> Self {
        Self {
            exclude: &|_| false,
            progress: &|_, _| {},
            stop: &|| false,
            replace: false,
            merge: Some(MergeOptions::default()),
        }
    }
}

/// What a `build` or an `add` did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BuildReport {
    /// Works added.
    pub added: u64,
    /// Works that took the place of another content under the same name.
    pub replaced: u64,
    /// Works that were there already, with the same content under the same name.
    pub unchanged: u64,
    /// Files that were not added or only with a remark, each with the reason.
    pub notes: Vec<Note>,
    /// What was merged afterwards, because there were too many parts.
    pub merge: Option<MergeReport>,
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
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: &'a str,
}

/// An open index, or several that answer as one.
#[derive(Debug)]
pub struct Collection {
    /// Never empty.
    shards: Vec<Shard>,
    /// The parts of all shards, in their order.
    parts: Vec<Arc<Part>>,
    background: OnceLock<Background>,
    judge: Judge,
}

/// One folder of an open index.
#[derive(Debug)]
struct Shard {
    folder: PathBuf,
    manifest: Manifest,
    parts: Vec<Arc<Part>>,
}

impl Collection {
    /// Makes a new index in `folder` (created when missing) from all works below `works`.
    pub fn build(
        folder: &Path,
        works: &Path,
        options: &BuildOptions<'_>,
    ) -> Result<BuildReport, CollectionError> {
        fs::create_dir_all(folder).map_err(CollectionError::io(folder))?;
        append(Edit::create(folder)?, works, options)
    }

    /// Adds all works below `works` that the index does not hold yet.
    pub fn add(
        folder: &Path,
        works: &Path,
        options: &BuildOptions<'_>,
    ) -> Result<BuildReport, CollectionError> {
        append(Edit::begin(folder)?, works, options)
    }

    /// Opens an index for matching, with the calibration that was installed in it.
    pub fn open(folder: &Path) -> Result<Self, CollectionError> {
        Self::open_all(&[folder.to_owned()])
    }

    /// Opens several indexes that answer as one: matches are scored as in a collection of all their works, and judged by
    /// the strictest of the calibrations that were installed in them.
    ///
    /// At least one folder.
    pub fn open_all(folders: &[PathBuf]) -> Result<Self, CollectionError> {
        let mut collection = Self::open_with_built_in(folders)?;
        for folder in folders {
            let path = folder.join(CALIBRATION_FILE);
            if let Some(bytes) = read_calibration(&path)? {
                let judge = Judge::from_file(&bytes, false);
                let judge = judge.map_err(|source| CollectionError::Calibration { path, source })?;
                collection.judge.join(judge);
            }
        }
        Ok(collection)
    }

    /// Opens indexes to be judged by the built-in null models, whatever is installed in them.
    pub fn open_with_built_in(folders: &[PathBuf]) -> Result<Self, CollectionError> {
        let mut real: Vec<PathBuf> = Vec::new();
        let mut shards = Vec::new();
        for folder in folders {
            shards.push(Shard::open(folder, &[])?);
            let path = folder.canonicalize().map_err(CollectionError::io(folder))?;
            if real.contains(&path) {
                return Err(CollectionError::Twice { path: folder.clone() });
            }
            real.push(path);
        }
        Self::of(shards, Judge::built_in())
    }

    fn of(shards: Vec<Shard>, judge: Judge) -> Result<Self, CollectionError> {
        let parts: Vec<Arc<Part>> = shards.iter().flat_map(|s| s.parts.iter().cloned()).collect();
        let frames = |sum: u64, part: &Arc<Part>| sum.saturating_add(part.sound_store().frames());
        if parts.iter().fold(0, frames) > sound::MAX_FRAMES {
            return Err(CollectionError::TooMuchSound);
        }
        Ok(Self {
            parts,
            shards,
            background: OnceLock::new(),
            judge,
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
        let _edit = Edit::begin(folder)?;
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
                Medium::Audio | Medium::Video => of.duration_ms.unwrap_or(0),
                Medium::Text => of.chars.unwrap_or(0),
                Medium::Image => of.items,
            },
        }
    }

    /// Goes on with the present state of the folders; whether it is another one than before.
    ///
    /// Parts that are the same stay open. After an error the collection answers as before.
    pub fn refresh(&mut self) -> Result<bool, CollectionError> {
        let mut is_same = true;
        for shard in &self.shards {
            is_same = is_same && Manifest::read(&shard.folder)?.is_same(&shard.manifest);
        }
        if is_same {
            return Ok(false);
        }
        let shards = self
            .shards
            .iter()
            .map(|shard| Shard::open(&shard.folder, &shard.parts))
            .collect::<Result<_, _>>()?;
        *self = Self::of(shards, self.judge.clone())?;
        Ok(true)
    }

    /// The folders of the index.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(|shard| &*shard.folder)
    }

    /// All works, in order of their adding.
    pub fn works(&self) -> impl Iterator<Item = Work<'_>> {
        self.parts.iter().flat_map(|part| part.works())
    }

    /// Figures about the index.
    pub fn stats(&self) -> Stats {
        stats::stats(&self.shards)
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

impl Shard {
    /// Opens one folder; of `open`, parts that are still the same are taken as they are.
    fn open(folder: &Path, open: &[Arc<Part>]) -> Result<Self, CollectionError> {
        let mut manifest = Manifest::read(folder)?;
        for _ in 0..OPEN_TRIES {
            let error = match Self::open_parts(folder, &manifest, open) {
                Ok(parts) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        manifest,
                        parts,
                    });
                }
                Err(error) => error,
            };
            // Somebody may have merged parts away while they were opened; then there is a newer manifest.
            let newer = Manifest::read(folder)?;
            if newer.is_same(&manifest) {
                return Err(error);
            }
            manifest = newer;
        }
        Err(CollectionError::Busy {
            path: folder.to_owned(),
        })
    }

    fn open_parts(
        folder: &Path,
        manifest: &Manifest,
        open: &[Arc<Part>],
    ) -> Result<Vec<Arc<Part>>, CollectionError> {
        let removed = Removed::read(folder, manifest)?;
        let mut parts = Vec::with_capacity(manifest.parts.len());
        for entry in &manifest.parts {
            let removed = removed.of(&entry.name);
            parts.push(match open.iter().find(|part| part.is(entry, removed)) {
                Some(part) => Arc::clone(part),
                None => Arc::new(Part::open(folder, entry, removed)?),
            });
        }
        Ok(parts)
    }
}

/// Writes the works that are new into further parts and names those in the manifest.
fn append(mut edit: Edit, works: &Path, options: &BuildOptions<'_>) -> Result<BuildReport, CollectionError> {
    let mut known = KnownWorks::read(&edit, options.replace)?;
    let walk = walk::walk(works, options.exclude).map_err(CollectionError::io(works))?;
    let mut report = BuildReport {
        added: 0,
        replaced: 0,
        unchanged: 0,
        notes: walk.notes,
        merge: None,
    };
    let total = walk.files.len() as u64;
    let mut done = 0;
    let mut has_new = false;
    for files in walk.files.chunks(MAX_ITEMS_PER_PART) {
        let name = edit.manifest.take_part_name();
        let path = edit.folder.join(&name);
        fs::create_dir(&path).map_err(CollectionError::io(&path))?;
        let mut writer = PartWriter::create(&path).map_err(CollectionError::part(&name))?;
        let step = |n| {
            (options.progress)(done + n, total);
            !(options.stop)()
        };
        let added = writer.add_all(files, &mut known, &mut report, &step);
        if added.is_err() {
            // Only to be tidy: the next edit would clear it away as well.
            let _ = fs::remove_dir_all(&path);
        }
        added.map_err(CollectionError::part(&name))?;
        done += files.len() as u64;
        if writer.is_empty() {
            drop(writer);
            fs::remove_dir_all(&path).map_err(CollectionError::io(&path))?;
            continue;
        }
        let entry = writer.finish(&name).map_err(CollectionError::part(&name))?;
        edit.manifest.parts.push(entry);
        has_new = true;
    }
    if edit.manifest.parts.is_empty() && edit.manifest.generation == 0 {
        return Err(CollectionError::NothingToIndex {
            path: works.to_owned(),
            skipped: report.notes.len(),
        });
    }
    for &version in known.replaced() {
        edit.remove(version);
    }
    if has_new {
        edit.commit()?;
        report.merge = options
            .merge
            .and_then(|merge| tidy(&mut edit, &merge, &mut report.notes));
    }
    Ok(report)
}

/// Merges what there is too much of. The works are added by then, so that a failure is no more than a remark.
fn tidy(edit: &mut Edit, options: &MergeOptions<'_>, notes: &mut Vec<Note>) -> Option<MergeReport> {
    match merge::tidy(edit, options) {
        Ok(report) => (report.merged > 0).then_some(report),
        Err(e) => {
            notes.push(Note::from_error(&edit.folder, e.code(), &e));
            None
        }
    }
}

#[cfg(test)]
mod tests;
