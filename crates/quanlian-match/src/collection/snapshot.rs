//! Snapshots: the files that make up one state of an index, and an index made of such files again.
//!
//! In:  the folder of an index; or the manifest of a snapshot and somebody who fetches its files.
//! Out: the list of files with their digests; or the folder.
//!
//! Files never change, so what is in one snapshot need not be sent with the next, and a folder that holds an older state
//! of the same index needs only what is new.
//!
//! Invariants: while an [`Inventory`] lives its files keep their names; an installed manifest is written last, when all
//! that it names is there.
//!
//! Not here: where snapshots are kept, and whether what was fetched has its digest (`quanlian-store::snapshot`).

use std::fs::{self, File};
use std::path::Path;

use quanlian_lock::Held;
use serde::Serialize;

use super::edit::{Edit, keep_in_use};
use super::input::digest;
use super::manifest::{FileEntry, Manifest, PartEntry};
use super::part::writer::list_files;
use super::{Collection, CollectionError};

/// A file of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    /// Where it lies, from the folder of the index on.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// One state of an index, kept in place while this lives.
#[derive(Debug)]
pub struct Inventory {
    /// Which state.
    pub generation: u64,
    /// All files but the manifest.
    pub files: Vec<StoredFile>,
    /// The manifest that names them.
    pub manifest: Vec<u8>,
    _in_use: Held,
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstallReport {
    /// State of the index now.
    pub generation: u64,
    /// Files that were fetched.
    pub fetched: u64,
    /// Bytes that were fetched.
    pub fetched_bytes: u64,
    /// Files that were there already.
    pub kept: u64,
}

/// Fetches a file to a path that is free; what it puts there has the length and the digest that were asked for.
pub type Fetch<'a> =
    &'a mut dyn FnMut(&StoredFile, &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Inventory {
    /// Takes stock of an index. Parts of earlier versions, of which no digests are known, are read for them.
    pub fn take(folder: &Path) -> Result<Self, CollectionError> {
        Manifest::read(folder)?;
        let in_use = keep_in_use(folder)?;
        let mut manifest = Manifest::read(folder)?;
        for part in &mut manifest.parts {
            if part.files.is_none() {
                let path = folder.join(&part.name);
                part.files = Some(list_files(&path).map_err(CollectionError::io(&path))?);
            }
        }
        Ok(Self {
            generation: manifest.generation,
            files: files(&manifest),
            manifest: manifest.encode().map_err(|e| CollectionError::Damaged {
                path: Manifest::path(folder),
                what: e.to_string(),
            })?,
            _in_use: in_use,
        })
    }
}

impl Collection {
    /// Makes the state of an index that `manifest` describes in `folder`, out of files that `fetch` brings.
    ///
    /// The folder is empty or missing, or holds another state of the same index, of which everything that is still good
    /// stays. Begun again after it broke off, it goes on. Whoever asks the old state goes on with it.
    pub fn install(
        folder: &Path,
        manifest: &[u8],
        fetch: Fetch<'_>,
    ) -> Result<InstallReport, CollectionError> {
        let new = Manifest::parse(manifest, Path::new("manifest of the snapshot"))?;
        fs::create_dir_all(folder).map_err(CollectionError::io(folder))?;
        let mut edit = match Edit::begin_as_is(folder) {
            Err(CollectionError::NoIndex { .. }) => Edit::create_as_is(folder)?,
            edit => edit?,
        };
        let mut report = InstallReport {
            generation: new.generation,
            fetched: 0,
            fetched_bytes: 0,
            kept: 0,
        };
        for part in &new.parts {
            let there = edit.manifest.parts.iter().find(|p| p.name == part.name);
            match there {
                Some(there) if is_other(there, part) => {
                    return Err(CollectionError::AlreadyThere {
                        path: folder.to_owned(),
                    });
                }
                Some(_) => report.kept += part.files.iter().flatten().count() as u64,
                None => install_part(folder, part, fetch, &mut report)?,
            }
        }
        if let Some(removed) = &new.removed {
            install_file(folder, "", removed, fetch, &mut report)?;
        }
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(CollectionError::io(folder))?;
        edit.replace_by(new)?;
        Ok(report)
    }
}

/// All files that a manifest names.
fn files(manifest: &Manifest) -> Vec<StoredFile> {
    let of_parts = manifest.parts.iter().flat_map(|part| {
        let files = part.files.iter().flatten();
        files.map(|file| stored(&part.name, file))
    });
    let removed = manifest.removed.iter().map(|file| stored("", file));
    of_parts.chain(removed).collect()
}

fn stored(part: &str, file: &FileEntry) -> StoredFile {
    StoredFile {
        name: if part.is_empty() {
            file.name.clone()
        } else {
            format!("{part}/{}", file.name)
        },
        bytes: file.bytes,
        sha256: file.sha256.clone(),
    }
}

/// Whether two parts of one name are not the same part.
fn is_other(there: &PartEntry, new: &PartEntry) -> bool {
    let same_files = there.files.is_none() || there.files == new.files;
    (there.items, there.items_crc32) != (new.items, new.items_crc32) || !same_files
}

fn install_part(
    folder: &Path,
    part: &PartEntry,
    fetch: Fetch<'_>,
    report: &mut InstallReport,
) -> Result<(), CollectionError> {
    let path = folder.join(&part.name);
    fs::create_dir_all(&path).map_err(CollectionError::io(&path))?;
    let Some(files) = &part.files else {
        return Err(CollectionError::Damaged {
            path,
            what: "a snapshot lists the files of each part".into(),
        });
    };
    for file in files {
        install_file(folder, &part.name, file, fetch, report)?;
    }
    File::open(&path)
        .and_then(|folder| folder.sync_all())
        .map_err(CollectionError::io(&path))
}

fn install_file(
    folder: &Path,
    part: &str,
    file: &FileEntry,
    fetch: Fetch<'_>,
    report: &mut InstallReport,
) -> Result<(), CollectionError> {
    let stored = stored(part, file);
    let path = folder.join(&stored.name);
    // Left by a run that broke off.
    if digest(&path).is_ok_and(|(bytes, sha256)| bytes == file.bytes && sha256 == file.sha256) {
        report.kept += 1;
        return Ok(());
    }
    let coming = path.with_file_name(format!(".coming-{}", file.name));
    match fs::remove_file(&coming) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(CollectionError::Io {
                path: coming,
                source: e,
            });
        }
        _ => {}
    }
    fetch(&stored, &coming).map_err(|source| CollectionError::Fetch {
        name: stored.name.clone(),
        source,
    })?;
    fs::rename(&coming, &path).map_err(CollectionError::io(&path))?;
    report.fetched += 1;
    report.fetched_bytes += file.bytes;
    Ok(())
}
