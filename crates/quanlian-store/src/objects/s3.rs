//! Objects in an S3 bucket.
//!
//! In:  a bucket, a prefix, a key that may read, write, list and remove below it.
//! Out: objects `PREFIX/sha256/ab/cdef…`, named by the digest of their content, as in a folder.
//!
//! A put writes what comes into a file of its own on this machine first, because the name is known at the end alone and
//! a server takes no name later. What is there already and whole is not sent again; what is there and damaged is
//! replaced. Small objects go in one request that creates and never overwrites; large ones in parts, a few at a time, and
//! the object is there when the last of them was taken. An upload that breaks off leaves no object; a rule of the bucket
//! for unfinished uploads clears away what the server keeps of its parts.
//!
//! Reading asks for one stretch after the other, so that no single request has to carry a film.
//!
//! Erasure removes the object; a bucket with versions, replicas or locks keeps what its owner told it to keep.
//!
//! Not here: the key and the address (`bucket`, `lock::address`).

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    Error, ObjectMeta, ObjectStore as Bucket, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    RetryConfig, WriteMultipart, aws::AmazonS3, buffered::BufReader, path::Path as Key,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    EraseObjectError, GetError, ListObjectsError, MAX_OBJECT_BYTES, ObjectId, ObjectStore, PutError,
    StoredObject, VerifyingReader, copy_hashing,
};
use crate::{
    bucket::{self, ConnectError, S3Key},
    lock::S3Address,
};

/// How long one request may take: a part of some megabytes over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);
/// What is sent or fetched at a time; a larger object goes in parts.
const PART_BYTES: usize = 8 << 20;
/// Parts of one upload that are under way at once.
const PARTS_AT_ONCE: usize = 4;
/// A server takes 10,000 parts of one object; the last one is smaller.
const MAX_PARTS: u64 = 9_000;

/// Objects in an S3 bucket.
#[derive(Debug)]
pub struct S3Objects {
    bucket: Arc<AmazonS3>,
    prefix: Key,
    name: String,
    max_object_bytes: u64,
    /// Where what is being put waits until its name is known.
    waiting: PathBuf,
}

/// Why a bucket was not taken as an object store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum OpenBucketError {
    /// Nobody says who we are.
    #[error("{place} lets us not in; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")]
    NoKey { place: String },
    /// The address or the key cannot be used.
    #[error("{place} cannot be used for objects")]
    Bucket {
        place: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenBucketError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKey { .. } => "object_store_no_key",
            Self::Bucket { .. } => "object_store_failed",
        }
    }
}

impl S3Objects {
    /// Takes a bucket; the server is asked for nothing yet.
    pub fn open(address: &S3Address, key: Option<&S3Key>) -> Result<Self, OpenBucketError> {
        Self::open_retrying(address, key, RetryConfig::default())
    }

    /// As [`Self::open`], for a server that is asked again for no longer than `patience` when it fails.
    pub fn open_with_patience(
        address: &S3Address,
        key: Option<&S3Key>,
        patience: Duration,
    ) -> Result<Self, OpenBucketError> {
        let retry = RetryConfig {
            retry_timeout: patience,
            ..RetryConfig::default()
        };
        Self::open_retrying(address, key, retry)
    }

    fn open_retrying(
        address: &S3Address,
        key: Option<&S3Key>,
        retry: RetryConfig,
    ) -> Result<Self, OpenBucketError> {
        let place = address.name();
        let bucket = bucket::connect(address, key, REQUEST_TIMEOUT, retry);
        let bucket = bucket.map_err(|error| match error {
            ConnectError::NoKey => OpenBucketError::NoKey { place: place.clone() },
            ConnectError::Library(source) => OpenBucketError::Bucket {
                place: place.clone(),
                source: source.into(),
            },
        })?;
        let prefix = Key::parse(&address.prefix).map_err(|source| OpenBucketError::Bucket {
            place: place.clone(),
            source: source.into(),
        })?;
        Ok(Self {
            bucket: Arc::new(bucket),
            prefix,
            name: place,
            max_object_bytes: MAX_OBJECT_BYTES,
            waiting: std::env::temp_dir(),
        })
    }

    /// Takes objects only up to this length.
    #[must_use]
    pub fn with_max_object_bytes(self, max_object_bytes: u64) -> Self {
        Self {
            max_object_bytes,
            ..self
        }
    }

    /// What is being put waits in this folder; it needs room for the largest objects that are put at once.
    #[must_use]
    pub fn with_waiting_folder(self, waiting: PathBuf) -> Self {
        Self { waiting, ..self }
    }

    /// What the place is called, without a secret.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn trunk(&self) -> Key {
        self.prefix.clone().join("sha256")
    }

    fn key(&self, id: ObjectId) -> Key {
        let name = id.to_string();
        self.trunk().join(&name[..2]).join(&name[2..])
    }

    async fn head(&self, id: ObjectId) -> io::Result<Option<ObjectMeta>> {
        match self.bucket.head(&self.key(id)).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(in_words_of_files(error)),
        }
    }

    fn reader(&self, id: ObjectId, found: &ObjectMeta) -> VerifyingReader<BufReader> {
        let bucket: Arc<dyn Bucket> = self.bucket.clone();
        let raw = BufReader::with_capacity(bucket, found, PART_BYTES);
        VerifyingReader::new(raw, id, found.size)
    }

    /// Whether the object is there, byte for byte.
    async fn is_whole(&self, stored: StoredObject) -> io::Result<bool> {
        let Some(found) = self.head(stored.id).await? else {
            return Ok(false);
        };
        if found.size != stored.size_bytes {
            return Ok(false);
        }
        let read = tokio::io::copy(&mut self.reader(stored.id, &found), &mut tokio::io::sink()).await;
        match read {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends what waits. Two that put the same object at once send equal content.
    async fn send(&self, file: &mut tokio::fs::File, stored: StoredObject) -> io::Result<()> {
        let key = self.key(stored.id);
        if stored.size_bytes > PART_BYTES as u64 {
            return self.send_in_parts(file, &key, stored.size_bytes).await;
        }
        let mut content = Vec::with_capacity(stored.size_bytes as usize);
        file.read_to_end(&mut content).await?;
        if ObjectId::of(&content) != stored.id {
            return Err(io::Error::other("the waiting file was changed by somebody else"));
        }
        let payload = PutPayload::from(content);
        let create = PutOptions::from(PutMode::Create);
        match self.bucket.put_opts(&key, payload.clone(), create).await {
            Ok(_) => Ok(()),
            // It came in between, or it is damaged, or the server knows no conditions.
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotImplemented { .. }) => {
                if self.is_whole(stored).await? {
                    return Ok(());
                }
                let sent = self.bucket.put(&key, payload).await;
                sent.map(|_| ()).map_err(in_words_of_files)
            }
            Err(error) => Err(in_words_of_files(error)),
        }
    }

    async fn send_in_parts(&self, file: &mut tokio::fs::File, key: &Key, size_bytes: u64) -> io::Result<()> {
        let part_bytes = (size_bytes / MAX_PARTS).max(PART_BYTES as u64) as usize;
        let upload = self.bucket.put_multipart(key).await.map_err(in_words_of_files)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part_bytes);
        let mut chunk = vec![0; super::CHUNK_BYTES];
        let sent = loop {
            match file.read(&mut chunk).await {
                Ok(0) => break Ok(()),
                Ok(n) => {
                    if let Err(error) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                        break Err(in_words_of_files(error));
                    }
                    upload.write(&chunk[..n]);
                }
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = sent {
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.finish().await.map(|_| ()).map_err(in_words_of_files)
    }
}

impl ObjectStore for S3Objects {
    type Raw = BufReader;

    async fn put(&self, source: impl AsyncRead + Send + Unpin) -> Result<StoredObject, PutError> {
        // It has no name, and goes with the last who holds it open.
        let waiting = tempfile::tempfile_in(&self.waiting).map_err(PutError::in_store)?;
        let mut waiting = tokio::fs::File::from_std(waiting);
        let stored = copy_hashing(source, &mut waiting, self.max_object_bytes).await?;
        if self.is_whole(stored).await.map_err(PutError::in_store)? {
            return Ok(stored);
        }
        waiting.rewind().await.map_err(PutError::in_store)?;
        self.send(&mut waiting, stored)
            .await
            .map_err(PutError::in_store)?;
        Ok(stored)
    }

    async fn size(&self, id: ObjectId) -> Result<Option<u64>, GetError> {
        let found = self.head(id).await;
        let found = found.map_err(|source| GetError::Store { id, source })?;
        Ok(found.map(|found| found.size))
    }

    async fn erase(&self, id: ObjectId) -> Result<bool, EraseObjectError> {
        let failed = |source| EraseObjectError { id, source };
        if self.head(id).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        match self.bucket.delete(&self.key(id)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(failed(in_words_of_files(error))),
        }
    }

    async fn branch(&self, first: u8) -> Result<Vec<ObjectId>, ListObjectsError> {
        let branch = hex::encode([first]);
        let below = self.trunk().join(branch.as_str());
        let listed = self.bucket.list_with_delimiter(Some(&below)).await;
        let listed = listed.map_err(|error| ListObjectsError {
            source: in_words_of_files(error),
        })?;
        let names = listed
            .objects
            .iter()
            .filter_map(|object| object.location.filename());
        // What has another name was not put by a store.
        let mut ids: Vec<ObjectId> = names
            .filter_map(|name| format!("{branch}{name}").parse().ok())
            .collect();
        ids.sort();
        Ok(ids)
    }

    async fn open(&self, id: ObjectId) -> Result<VerifyingReader<BufReader>, GetError> {
        let found = self.head(id).await;
        let found = found.map_err(|source| GetError::Store { id, source })?;
        let found = found.ok_or(GetError::NotFound { id })?;
        Ok(self.reader(id, &found))
    }
}

/// The error as a file would give it.
fn in_words_of_files(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
