//! Objects: the port, its ids and its errors.
//!
//! In:  bytes as a stream, a file or a slice.
//! Out: an [`ObjectId`], by which the same bytes come back.
//!
//! Invariants:
//! - An object's id is the SHA-256 of its bytes, so it cannot be changed without changing its name.
//! - Nothing is read into memory as a whole, except by [`ObjectStore::get`], whose caller names the limit.
//! - A reader of a stored object never ends well on other bytes than those of the id ([`VerifyingReader`]).

pub mod any;
pub mod folder;
pub mod memory;
pub mod s3;
mod verifying;

use std::{
    fmt,
    future::Future,
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub use verifying::VerifyingReader;

/// The largest object a store takes unless told otherwise: a day of 4K video.
pub const MAX_OBJECT_BYTES: u64 = 1 << 40;

/// Bytes that are read, hashed and written at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// The SHA-256 of an object, which is its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 32]);

impl ObjectId {
    /// The id of these bytes.
    ///
    /// ```
    /// # use quanlian_store::ObjectId;
    /// let id = ObjectId::of(b"abc");
    /// assert_eq!(id.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /// assert_eq!(id.to_string().parse(), Ok(id));
    /// ```
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The id with this digest.
    pub fn from_digest(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The 32 bytes of the digest.
    pub fn as_digest(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

/// A text is not the id of an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an object is named by 64 digits of lower-case hexadecimal")]
pub struct NotAnObjectId;

impl FromStr for ObjectId {
    type Err = NotAnObjectId;

    /// Only the form that [`fmt::Display`] writes: one object, one name.
    fn from_str(text: &str) -> Result<Self, NotAnObjectId> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| NotAnObjectId)?;
        let id = Self(digest);
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(NotAnObjectId)
        }
    }
}

impl serde::Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name.
    pub id: ObjectId,
    /// Its length.
    pub size_bytes: u64,
}

/// Keeps objects.
///
/// ```
/// use quanlian_store::{MemoryObjects, ObjectStore};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = MemoryObjects::default();
/// let stored = store.put_bytes(b"a song").await.unwrap();
/// assert_eq!(store.get(stored.id, 1024).await.unwrap(), b"a song");
/// # });
/// ```
pub trait ObjectStore: Send + Sync {
    /// What reads the raw bytes of an object.
    type Raw: AsyncRead + Send + Unpin;

    /// Stores all bytes of `source`. They are durable when this returns; on an error nothing is stored.
    ///
    /// Storing what is stored already changes nothing, except that it repairs an object that was damaged.
    fn put(
        &self,
        source: impl AsyncRead + Send + Unpin,
    ) -> impl Future<Output = Result<StoredObject, PutError>> + Send;

    /// Stores these bytes.
    fn put_bytes(&self, bytes: &[u8]) -> impl Future<Output = Result<StoredObject, PutError>> + Send {
        self.put(bytes)
    }

    /// Stores the content of a file as it is while it is read.
    fn put_file(&self, path: &Path) -> impl Future<Output = Result<StoredObject, PutError>> + Send {
        async move { self.put(open_source(path).await?).await }
    }

    /// The length of an object; `None` when there is none of this id.
    fn size(&self, id: ObjectId) -> impl Future<Output = Result<Option<u64>, GetError>> + Send;

    /// Whether there is an object of this id. Its content is not checked: that happens when it is read.
    fn has(&self, id: ObjectId) -> impl Future<Output = Result<bool, GetError>> + Send {
        async move { Ok(self.size(id).await?.is_some()) }
    }

    /// Overwrites and removes an object; whether there was one. None is no error.
    fn erase(&self, id: ObjectId) -> impl Future<Output = Result<bool, EraseObjectError>> + Send;

    /// The ids that begin with this byte, in order: so that all can be gone through, a part at a time.
    fn branch(&self, first: u8) -> impl Future<Output = Result<Vec<ObjectId>, ListObjectsError>> + Send;

    /// Reads an object from its beginning, checking as it goes.
    fn open(&self, id: ObjectId)
    -> impl Future<Output = Result<VerifyingReader<Self::Raw>, GetError>> + Send;

    /// The whole object, if it is no longer than `max_bytes`.
    fn get(&self, id: ObjectId, max_bytes: u64) -> impl Future<Output = Result<Vec<u8>, GetError>> + Send {
        async move {
            let mut reader = self.open(id).await?;
            if reader.size_bytes() > max_bytes {
                return Err(GetError::TooLarge {
                    id,
                    size_bytes: reader.size_bytes(),
                    limit_bytes: max_bytes,
                });
            }
            let mut bytes = Vec::new();
            reader
                .read_to_end(&mut bytes)
                .await
                .map_err(|source| GetError::from_read(id, source))?;
            Ok(bytes)
        }
    }
}

/// Opens a file to be put; a pipe or a device could go on for ever.
async fn open_source(path: &Path) -> Result<tokio::fs::File, PutError> {
    let no_source = |source| PutError::SourceFile {
        path: path.to_owned(),
        source,
    };
    if !tokio::fs::metadata(path).await.map_err(no_source)?.is_file() {
        return Err(PutError::NotAFile {
            path: path.to_owned(),
        });
    }
    tokio::fs::File::open(path).await.map_err(no_source)
}

/// Copies `source` into the store's `sink`, a chunk at a time; the id and the length of all of it.
async fn copy_hashing(
    mut source: impl AsyncRead + Send + Unpin,
    sink: &mut (impl AsyncWrite + Send + Unpin),
    limit_bytes: u64,
) -> Result<StoredObject, PutError> {
    let mut hasher = Sha256::new();
    let mut size_bytes = 0;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = source.read(&mut chunk).await.map_err(PutError::Source)?;
        if read == 0 {
            return Ok(StoredObject {
                id: ObjectId(hasher.finalize().into()),
                size_bytes,
            });
        }
        size_bytes += read as u64;
        if size_bytes > limit_bytes {
            return Err(PutError::TooLarge { limit_bytes });
        }
        hasher.update(&chunk[..read]);
        sink.write_all(&chunk[..read]).await.map_err(PutError::in_store)?;
    }
}

/// Why an object was not stored. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PutError {
    /// Longer than this store takes.
    #[error("the object is longer than {limit_bytes} bytes, the limit of this store")]
    TooLarge { limit_bytes: u64 },
    /// A folder, a pipe or a device.
    #[error("{} is not a file", path.display())]
    NotAFile { path: PathBuf },
    /// The file to be stored cannot be opened.
    #[error("cannot open {}", path.display())]
    SourceFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The bytes to be stored stopped coming.
    #[error("cannot read what is to be stored")]
    Source(#[source] io::Error),
    /// The disk is full.
    #[error("the disk is full")]
    Full(#[source] io::Error),
    /// The folder or the file system takes no changes.
    #[error("the object store cannot be written")]
    ReadOnly(#[source] io::Error),
    /// The store failed otherwise.
    #[error("the object store failed")]
    Store(#[source] io::Error),
}

impl PutError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "object_too_large",
            Self::NotAFile { .. } => "object_not_a_file",
            Self::SourceFile { .. } | Self::Source(_) => "object_source_unreadable",
            Self::Full(_) => "object_store_full",
            Self::ReadOnly(_) => "object_store_read_only",
            Self::Store(_) => "object_store_failed",
        }
    }

    /// Trouble of the store itself.
    fn in_store(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full(error)
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(error),
            _ => Self::Store(error),
        }
    }
}

/// Why an object was not erased. It may be damaged now; erase it again.
#[derive(Debug, thiserror::Error)]
#[error("cannot erase object {id}")]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub struct EraseObjectError {
    pub id: ObjectId,
    pub source: io::Error,
}

impl EraseObjectError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        "object_erase"
    }
}

/// Why the names of objects could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot list the objects of the store")]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub struct ListObjectsError {
    pub source: io::Error,
}

impl ListObjectsError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        "object_store_failed"
    }
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum GetError {
    /// There is none of this id.
    #[error("there is no object {id}")]
    NotFound { id: ObjectId },
    /// What is stored under this id has another digest or length. Put the original again to repair it.
    #[error("the stored object {id} is damaged")]
    Damaged { id: ObjectId },
    /// Longer than the caller wants to hold in memory.
    #[error("object {id} has {size_bytes} bytes, the caller takes {limit_bytes}")]
    TooLarge {
        id: ObjectId,
        size_bytes: u64,
        limit_bytes: u64,
    },
    /// The store failed.
    #[error("cannot read object {id}")]
    Store {
        id: ObjectId,
        #[source]
        source: io::Error,
    },
}

impl GetError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "object_not_found",
            Self::Damaged { .. } => "object_damaged",
            Self::TooLarge { .. } => "object_over_the_callers_limit",
            Self::Store { .. } => "object_store_failed",
        }
    }

    /// What an error of a [`VerifyingReader`] over `id` means.
    pub fn from_read(id: ObjectId, source: io::Error) -> Self {
        match source
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<verifying::Damaged>())
        {
            Some(_) => Self::Damaged { id },
            None => Self::Store { id, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_written_form_of_an_id_is_read() {
        let id = ObjectId::of(b"abc").to_string();
        for text in [
            "",
            &id[1..],
            &id.to_uppercase(),
            &format!("{id}0"),
            &format!(" {id}"),
            &id.replace('b', "g"),
        ] {
            assert_eq!(text.parse::<ObjectId>(), Err(NotAnObjectId), "{text}");
        }
        let json = serde_json::to_string(&ObjectId::of(b"abc")).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(
            serde_json::from_str::<ObjectId>(&json).unwrap(),
            ObjectId::of(b"abc")
        );
    }

    #[test]
    fn trouble_of_the_store_is_named_by_its_cause() {
        let check = |kind: io::ErrorKind, then| assert_eq!(PutError::in_store(kind.into()).code(), then);
        check(io::ErrorKind::StorageFull, "object_store_full");
        check(io::ErrorKind::ReadOnlyFilesystem, "object_store_read_only");
        check(io::ErrorKind::PermissionDenied, "object_store_read_only");
        check(io::ErrorKind::NotFound, "object_store_failed");
    }
}
