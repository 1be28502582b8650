//! The manifest: which parts make up the index.
//!
//! In:  `manifest.json`, or what a new one should say.
//! Out: the other.
//!
//! Invariant: written under another name, synced and renamed, so that at any moment
//! there is one whole manifest or none.
//!
//! Not here: what is in a part (`part`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CollectionError;

/// Format of the folder as a whole.
const FORMAT: u32 = 1;
const MANIFEST_FILE: &str = "manifest.json";
const PART_PREFIX: &str = "part-";
/// A manifest larger than this was not written by this program.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// The list of parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    pub(super) parts: Vec<PartEntry>,
}

/// One part: its folder, and what its table of works must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartEntry {
    pub(super) name: String,
    pub(super) items: u64,
    pub(super) items_crc32: u32,
}

/// Enough of a manifest of any version to tell which it is.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Manifest {
    pub(super) fn new() -> Self {
        Self {
            format: FORMAT,
            parts: Vec::new(),
        }
    }

    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join(MANIFEST_FILE)
    }

    pub(super) fn read(folder: &Path) -> Result<Self, CollectionError> {
        let path = Self::path(folder);
        let bytes = match fs::metadata(&path) {
            Ok(m) if m.len() > MAX_MANIFEST_BYTES => {
                return Err(CollectionError::Damaged {
                    path,
                    what: "size".into(),
                });
            }
            Ok(_) => fs::read(&path).map_err(CollectionError::io(&path))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(CollectionError::NoIndex {
                    path: folder.to_owned(),
                });
            }
            Err(source) => return Err(CollectionError::Io { path, source }),
        };
        let damaged = |e: serde_json::Error| CollectionError::Damaged {
            path: path.clone(),
            what: e.to_string(),
        };
        let found = serde_json::from_slice::<AnyFormat>(&bytes)
            .map_err(damaged)?
            .format;
        if found != FORMAT {
            return Err(CollectionError::Format { found, known: FORMAT });
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(damaged)?;
        // Names become paths: only those that this program gives are taken.
        if let Some(bad) = manifest.parts.iter().find(|p| part_number(&p.name).is_none()) {
            return Err(CollectionError::Damaged {
                path,
                what: format!("name of part {:?}", bad.name),
            });
        }
        Ok(manifest)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CollectionError> {
        let new = folder.join("manifest.json.new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::rename(&new, Self::path(folder))?;
            File::open(folder)?.sync_all()
        };
        write().map_err(CollectionError::io(&new))
    }

    pub(super) fn next_part_name(&self) -> String {
        let last = self
            .parts
            .iter()
            .filter_map(|p| part_number(&p.name))
            .max()
            .unwrap_or(0);
        format!("{PART_PREFIX}{:06}", last + 1)
    }

    /// Removes parts that no manifest names: an earlier run died before it was done.
    pub(super) fn sweep(&self, folder: &Path) -> Result<(), CollectionError> {
        for entry in fs::read_dir(folder).map_err(CollectionError::io(folder))? {
            let entry = entry.map_err(CollectionError::io(folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if part_number(&name).is_some() && !self.parts.iter().any(|p| p.name == name) {
                fs::remove_dir_all(entry.path()).map_err(CollectionError::io(&entry.path()))?;
            }
        }
        Ok(())
    }
}

fn part_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PART_PREFIX)?;
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}
