//! Backups of a database: one folder with one SQLite file and a manifest, whatever database it came from.
//!
//! | file | holds |
//! |---|---|
//! | `database.sqlite` | all tables, one state of them |
//! | `manifest.json` | the SHA-256 of the file, count and digest of each table |
//!
//! The manifest comes last, so a backup that broke off has none. It may be made while others write. A restore reads the
//! file, checks it against the manifest, moves its tables into an empty database of any kind, and compares.
//!
//! Not here: objects, which are never changed and are copied by [`move_objects`](super::move_objects); the log, which has
//! its own files; where backups are kept and for how long, and their encryption.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Listener, MoveError, TableDigest, compare_databases, move_database, tables};
use crate::database::{Database, Kind, Sql, values};

/// The version of the manifest.
pub const BACKUP_VERSION: u32 = 1;
/// The longest manifest that is read.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;
const DATABASE: &str = "database.sqlite";
/// The file that comes last: without it a folder holds no finished backup.
pub const MANIFEST: &str = "manifest.json";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupManifest {
    /// [`BACKUP_VERSION`].
    pub v: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Of which database; no secret is in it.
    pub of: String,
    /// The file.
    pub file: BackupFile,
    /// Its tables.
    pub tables: Vec<TableDigest>,
}

/// The file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
}

/// Makes a backup in a folder, which is made when it is not there and holds none yet.
pub async fn make(
    from: &Database,
    folder: &Path,
    at: Timestamp,
    listener: Listener<'_>,
) -> Result<BackupManifest, MoveError> {
    std::fs::create_dir_all(folder).map_err(in_file(folder))?;
    let file = folder.join(DATABASE);
    let manifest = folder.join(MANIFEST);
    if manifest.try_exists().map_err(in_file(&manifest))? {
        return Err(MoveError::Occupied {
            folder: folder.to_owned(),
        });
    }
    // What broke off before is begun anew: it may be of another state.
    for left in ["", "-wal", "-shm"] {
        let left = folder.join(format!("{DATABASE}{left}"));
        match std::fs::remove_file(&left) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(in_file(&left)(e)),
            _ => {}
        }
    }
    let tables = match from.kind() {
        Kind::Sqlite => {
            let name = file.to_string_lossy().into_owned();
            let into = from.run(Sql::with("VACUUM INTO $1", values![name])).await;
            into.map_err(|source| MoveError::From {
                place: from.place().to_owned(),
                source,
            })?;
            let copy = Database::open(&file).await?;
            let tables = compare_databases(&copy, &copy, listener).await;
            close(copy).await?;
            tables?
        }
        Kind::Postgres => {
            let copy = Database::open(&file).await?;
            let tables = move_database(from, &copy, listener).await;
            close(copy).await?;
            tables?
        }
    };
    let (size_bytes, sha256) = digest(&file)?;
    let made = BackupManifest {
        v: BACKUP_VERSION,
        made_at: at,
        of: from.place().to_owned(),
        file: BackupFile {
            name: DATABASE.to_owned(),
            size_bytes,
            sha256,
        },
        tables,
    };
    write_manifest(folder, &manifest, &made)?;
    Ok(made)
}

async fn close(copy: Database) -> Result<(), MoveError> {
    let place = copy.place().to_owned();
    copy.close()
        .await
        .map_err(|source| MoveError::To { place, source })
}

/// Brings a backup into an empty database.
pub async fn restore(
    folder: &Path,
    to: &Database,
    listener: Listener<'_>,
) -> Result<BackupManifest, MoveError> {
    let path = folder.join(MANIFEST);
    let mut text = Vec::new();
    let manifest = File::open(&path).map_err(in_file(&path))?;
    let read = manifest.take(MAX_MANIFEST_BYTES).read_to_end(&mut text);
    read.map_err(in_file(&path))?;
    let unknown = || MoveError::Manifest { path: path.clone() };
    let manifest: BackupManifest = serde_json::from_slice(&text).map_err(|_| unknown())?;
    if manifest.v != BACKUP_VERSION || manifest.file.name != DATABASE {
        return Err(unknown());
    }
    let file = folder.join(DATABASE);
    let damaged = || MoveError::Damaged { path: file.clone() };
    if digest(&file)? != (manifest.file.size_bytes, manifest.file.sha256.clone()) {
        return Err(damaged());
    }
    be_empty(to).await?;
    // To open a database is to write to its file; so it is a copy that is opened.
    let beside = tempfile::tempdir().map_err(in_file(folder))?;
    let copy = beside.path().join(DATABASE);
    std::fs::copy(&file, &copy).map_err(in_file(&copy))?;
    let from = Database::open(&copy).await?;
    let tables = move_database(&from, to, listener).await;
    close(from).await?;
    if tables? == manifest.tables {
        Ok(manifest)
    } else {
        Err(damaged())
    }
}

async fn be_empty(to: &Database) -> Result<(), MoveError> {
    let failed = |source| MoveError::To {
        place: to.place().to_owned(),
        source,
    };
    for table in tables::ALL {
        let any = format!("SELECT 1 AS found FROM {} LIMIT 1", table.name);
        if to.one(Sql::new(&any)).await.map_err(failed)?.is_some() {
            return Err(MoveError::NotEmpty {
                place: to.place().to_owned(),
            });
        }
    }
    Ok(())
}

/// Length and digest of a file, which is brought to the disk before.
fn digest(path: &Path) -> Result<(u64, String), MoveError> {
    let mut file = File::open(path).map_err(in_file(path))?;
    file.sync_all().map_err(in_file(path))?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    let mut size_bytes = 0;
    loop {
        let read = file.read(&mut chunk).map_err(in_file(path))?;
        if read == 0 {
            return Ok((size_bytes, hex::encode(hasher.finalize())));
        }
        size_bytes += read as u64;
        hasher.update(&chunk[..read]);
    }
}

/// Writes the manifest under another name first, so that there is a whole one or none.
fn write_manifest(folder: &Path, path: &Path, manifest: &BackupManifest) -> Result<(), MoveError> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|e| in_file(path)(e.into()))?;
    let half = folder.join(format!("{MANIFEST}.half"));
    let mut file = File::create(&half).map_err(in_file(&half))?;
    file.write_all(&text).map_err(in_file(&half))?;
    file.sync_all().map_err(in_file(&half))?;
    std::fs::rename(&half, path).map_err(in_file(path))?;
    let folder_file = File::open(folder).map_err(in_file(folder))?;
    folder_file.sync_all().map_err(in_file(folder))
}

fn in_file(path: &Path) -> impl FnOnce(io::Error) -> MoveError {
    let path: PathBuf = path.to_owned();
    move |source| MoveError::File { path, source }
}
