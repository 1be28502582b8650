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
//! | `part-NNNNNN/code.*` | postings and tokens of source code (`code`) |
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
//! Not here: what a medium does with its bytes (`text`, `audio`, `image`, `video`, `code`), what a match means.

mod archive;
mod axis;
mod build;
mod chance;
mod code;
mod edit;
mod error;
mod exact;
mod excerpt;
mod film;
mod fusion;
mod grams;
mod history;
mod input;
mod known;
mod manifest;
mod merge;
mod monitor;
mod near;
mod note;
mod opened;
mod part;
mod picture;
mod query;
mod recorded;
mod records;
mod removed;
mod snapshot;
mod sniff;
mod sound;
mod source;
mod stats;
mod upkeep;
mod verify;
mod walk;
mod walked;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use build::{BuildOptions, BuildReport};
pub use chance::ChanceOptions;
pub use error::CollectionError;
pub use exact::{ExactMatch, ExactOptions, ExactReport, ExactRun};
pub use excerpt::MemberFiles;
pub use grams::{GramsError, MAX_PLACES, grams_of};
pub use merge::{MAX_MERGED_BYTES, MIN_ROW, MergeOptions, MergeReport};
pub use monitor::{Heard, Sound};
pub use near::{NearMatch, NearOptions, NearReport};
pub use note::Note;
pub use opened::text_of;
pub use query::{FileReport, MatchError, MatchOptions};
pub use snapshot::{Fetch, InstallReport, Inventory, StoredFile};
pub use stats::{MediumStats, ShardStats, Stats};
pub use upkeep::{RemoveReport, RestoreReport};
pub use verify::{Damage, PartReport, VerifyOptions, VerifyReport};

use crate::calibration::{Calibration, IndexFigures, Judge, MAX_FILE_BYTES};
use crate::history::Origin;
use crate::text::background::Background;
use crate::{Medium, Unit};
use build::append;
use edit::Edit;
use manifest::Manifest;
use part::Part;
use removed::Removed;

/// Works of one part; a larger folder becomes several parts.
const MAX_ITEMS_PER_PART: usize = 1 << 20;
/// How often an index is opened anew because somebody changed it meanwhile.
const OPEN_TRIES: u32 = 64;
const CALIBRATION_FILE: &str = "calibration.json";

/// Says of a path whether it is left out (side files, say).
pub type Exclude<'a> = &'a (dyn Fn(&Path) -> bool + Sync);
/// Hears how many of how many files are done.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);
/// Says whether to end at the next good place.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

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
    code_background: OnceLock<code::Background>,
    /// Where works out of histories stand: their part and row.
    origins: OnceLock<BTreeMap<String, (usize, usize)>>,
    judge: Judge,
    /// Works that everybody has: what they hold as well does not count.
    common: Option<Box<Collection>>,
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
            code_background: OnceLock::new(),
            origins: OnceLock::new(),
            judge,
            common: None,
        })
    }

    /// Has matches judged by another null model from now on.
    pub fn set_judge(&mut self, judge: Judge) {
        self.judge = judge;
    }

    /// Has texts and code that these works hold as well not counted from now on: templates, standards, licences, what
    /// everybody has. Each match lists what was taken out.
    pub fn set_background(&mut self, works: Collection) {
        self.common = Some(Box::new(works));
        // What everybody has is part of what is likely by chance.
        self.code_background = OnceLock::new();
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
                Medium::Code => of.lines.unwrap_or(0),
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

    /// Where a work stood in the history of a repository, if it was indexed from one.
    pub fn origin_of(&self, work: &str) -> Option<&Origin> {
        let origins = self.origins.get_or_init(|| {
            let all = self.parts.iter().enumerate();
            all.flat_map(|(at, part)| {
                part.origins()
                    .map(move |(row, name)| (name.to_owned(), (at, row)))
            })
            .collect()
        });
        let &(part, row) = origins.get(work)?;
        self.parts.get(part)?.origin(row)
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

#[cfg(test)]
mod tests;
