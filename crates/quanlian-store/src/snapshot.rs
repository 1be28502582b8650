//! Snapshots: the files of one state of something large that grows, kept elsewhere and brought back.
//!
//! In:  files that never change, by their digests, and the manifest that names them.
//! Out: the same bytes, checked, from a folder or an S3 bucket.
//!
//! | object | holds |
//! |---|---|
//! | `objects/aa/aabb…` | the bytes of a file, by their SHA-256 |
//! | `manifests/NNNNNNNNNN.json` | the manifest of a generation |
//! | `manifest.json` | that of the last snapshot |
//!
//! Invariants: an object bears its name only when it is whole, so one that is there is not sent again; the manifest comes
//! last, so what it names is there; nothing is given back as a file that does not have its digest. Nothing is ever
//! removed here.
//!
//! Not here: which files make up a state, and how they become an index again (`quanlian-match::collection`).

mod folder;
mod s3;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use folder::FolderSnapshots;
pub use s3::S3Snapshots;

use crate::objects::ObjectId;

/// The longest manifest that is read.
pub const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Bytes that are read and written at a time.
const CHUNK_BYTES: usize = 8 << 20;

/// Why a snapshot could not be kept or brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SnapshotError {
    /// The operating system refused a file on this machine.
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: io::Error },
    /// Nobody says who we are, or the server does not let us.
    #[error("{place} lets us not in")]
    Denied {
        place: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server could not be reached or refused.
    #[error("{place} did not do it")]
    Server {
        place: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no snapshot here.
    #[error("no snapshot in {place}")]
    NoSnapshot { place: String },
    /// A file has other bytes than its digest says: it was damaged here, on the way or there.
    #[error("{what} does not have the bytes that its digest says")]
    OtherBytes { what: String },
    /// A manifest larger than any.
    #[error("the manifest in {place} is longer than {limit_bytes} bytes")]
    TooLong { place: String, limit_bytes: u64 },
}

impl SnapshotError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "snapshot_io",
            Self::Denied { .. } => "snapshot_denied",
            Self::Server { .. } => "snapshot_server",
            Self::NoSnapshot { .. } => "snapshot_none",
            Self::OtherBytes { .. } => "snapshot_other_bytes",
            Self::TooLong { .. } => "snapshot_too_long",
        }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// A place where snapshots are kept.
pub trait Snapshots {
    /// What the place is called.
    fn name(&self) -> &str;

    /// Whether an object of this length is there.
    fn has(&self, id: ObjectId, bytes: u64) -> Result<bool, SnapshotError>;

    /// Keeps a file under its digest; fails when it has another one.
    fn put(&self, id: ObjectId, file: &Path) -> Result<(), SnapshotError>;

    /// Brings an object back into a file that is not there yet, written and synced; fails when its bytes are others.
    fn get(&self, id: ObjectId, bytes: u64, file: &Path) -> Result<(), SnapshotError>;

    /// Keeps the manifest of a generation, and as that of the last snapshot.
    fn put_manifest(&self, generation: u64, manifest: &[u8]) -> Result<(), SnapshotError>;

    /// The manifest of a generation, or of the last snapshot.
    fn manifest(&self, generation: Option<u64>) -> Result<Vec<u8>, SnapshotError>;
}

fn object_name(id: ObjectId) -> String {
    let name = id.to_string();
    format!("objects/{}/{name}", &name[..2])
}

fn manifest_name(generation: Option<u64>) -> String {
    match generation {
        Some(generation) => format!("manifests/{generation:010}.json"),
        None => "manifest.json".to_owned(),
    }
}
