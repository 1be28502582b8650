//! Snapshots in an S3 bucket.
//!
//! In:  a bucket, a prefix, a key that may read and write below it.
//! Out: [`Snapshots`].
//!
//! Large files go in parts, a few at a time, and come in stretches, so that memory is bounded and no single request has
//! to carry a file. An upload that breaks off leaves no object under the name; what the server keeps of its parts is
//! given up, and where that fails a rule of the bucket for unfinished uploads clears it away.
//!
//! Not here: the key and the address (`bucket`, `lock::address`).

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use object_store::{
    Error, GetResult, ObjectStoreExt as _, PutPayload, RetryConfig, WriteMultipart, aws::AmazonS3,
    path::Path as Key,
};
use sha2::{Digest as _, Sha256};

use super::{CHUNK_BYTES, MAX_MANIFEST_BYTES, SnapshotError, Snapshots, manifest_name, object_name};
use crate::{
    bucket::{self, ConnectError, S3Key},
    edge::Edge,
    lock::S3Address,
    objects::ObjectId,
};

/// How long one request may take: a part of some megabytes over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);
/// Parts of one upload that are under way at once.
const PARTS_AT_ONCE: usize = 4;
/// Most parts of one object are 10,000; the last one is smaller.
const MAX_PARTS: u64 = 9_000;

/// A bucket that keeps snapshots.
pub struct S3Snapshots {
    edge: Edge,
    bucket: AmazonS3,
    prefix: Key,
    name: String,
}

impl S3Snapshots {
    /// Takes a bucket; the server is asked for nothing yet.
    pub fn open(address: &S3Address, key: Option<&S3Key>) -> Result<Self, SnapshotError> {
        let name = address.name();
        let server = |source: Box<dyn std::error::Error + Send + Sync>| SnapshotError::Server {
            place: name.clone(),
            source,
        };
        let bucket =
            bucket::connect(address, key, REQUEST_TIMEOUT, RetryConfig::default()).map_err(|error| {
                match error {
                    ConnectError::NoKey => SnapshotError::Denied {
                        place: name.clone(),
                        source: error.into(),
                    },
                    ConnectError::Library(source) => server(source.into()),
                }
            })?;
        Ok(Self {
            edge: Edge::new().map_err(|e| server(e.into()))?,
            bucket,
            prefix: Key::parse(&address.prefix).map_err(|e| server(e.into()))?,
            name,
        })
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), Key::join)
    }

    fn error(&self, error: Error) -> SnapshotError {
        let place = self.name.clone();
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => SnapshotError::Denied {
                place,
                source: error.into(),
            },
            _ => SnapshotError::Server {
                place,
                source: error.into(),
            },
        }
    }

    /// Sends a file in parts; the object is there only after the last of them, when the digest was right.
    async fn upload(&self, id: ObjectId, path: &Path, key: &Key) -> Result<(), SnapshotError> {
        let mut file = File::open(path).map_err(SnapshotError::io(path))?;
        let size = file.metadata().map_err(SnapshotError::io(path))?.len();
        let part_bytes = (size / MAX_PARTS).max(CHUNK_BYTES as u64) as usize;
        let upload = self.bucket.put_multipart(key).await.map_err(|e| self.error(e))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part_bytes);
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = loop {
            match file.read(&mut chunk) {
                Ok(0) => break Ok(()),
                Ok(n) => {
                    digest.update(&chunk[..n]);
                    if let Err(e) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                        break Err(self.error(e));
                    }
                    upload.write(&chunk[..n]);
                }
                Err(e) => break Err(SnapshotError::io(path)(e)),
            }
        };
        let whole = read.and_then(|()| {
            let found = ObjectId::from_digest(digest.finalize().into());
            (found == id).then_some(()).ok_or(SnapshotError::OtherBytes {
                what: path.display().to_string(),
            })
        });
        if let Err(error) = whole {
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.finish().await.map(|_| ()).map_err(|e| self.error(e))
    }

    /// Brings an object in stretches; returns its digest and length.
    async fn download(&self, key: &Key, bytes: u64, path: &Path) -> Result<ObjectId, SnapshotError> {
        let mut file = File::create_new(path).map_err(SnapshotError::io(path))?;
        let mut digest = Sha256::new();
        let mut at = 0;
        while at < bytes {
            let end = bytes.min(at + CHUNK_BYTES as u64);
            let chunk = self
                .bucket
                .get_range(key, at..end)
                .await
                .map_err(|e| self.error(e))?;
            digest.update(&chunk);
            file.write_all(&chunk).map_err(SnapshotError::io(path))?;
            if chunk.len() as u64 != end - at {
                break;
            }
            at = end;
        }
        file.sync_all().map_err(SnapshotError::io(path))?;
        Ok(ObjectId::from_digest(digest.finalize().into()))
    }

    fn put_small(&self, name: &str, content: &[u8]) -> Result<(), SnapshotError> {
        let (key, payload) = (self.key(name), PutPayload::from(content.to_vec()));
        self.edge
            .run(self.bucket.put(&key, payload))
            .map(|_| ())
            .map_err(|e| self.error(e))
    }
}

impl Snapshots for S3Snapshots {
    fn name(&self) -> &str {
        &self.name
    }

    fn has(&self, id: ObjectId, bytes: u64) -> Result<bool, SnapshotError> {
        let key = self.key(&object_name(id));
        match self.edge.run(self.bucket.head(&key)) {
            Ok(there) => Ok(there.size == bytes),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(self.error(e)),
        }
    }

    fn put(&self, id: ObjectId, file: &Path) -> Result<(), SnapshotError> {
        let size = std::fs::metadata(file).map_err(SnapshotError::io(file))?.len();
        if size > CHUNK_BYTES as u64 {
            let key = self.key(&object_name(id));
            return self.edge.run(self.upload(id, file, &key));
        }
        let content = std::fs::read(file).map_err(SnapshotError::io(file))?;
        if ObjectId::of(&content) != id {
            return Err(SnapshotError::OtherBytes {
                what: file.display().to_string(),
            });
        }
        self.put_small(&object_name(id), &content)
    }

    fn get(&self, id: ObjectId, bytes: u64, file: &Path) -> Result<(), SnapshotError> {
        let name = object_name(id);
        let key = self.key(&name);
        let found = self.edge.run(self.download(&key, bytes, file))?;
        if found != id {
            return Err(SnapshotError::OtherBytes {
                what: format!("{}/{name}", self.name),
            });
        }
        Ok(())
    }

    fn put_manifest(&self, generation: u64, manifest: &[u8]) -> Result<(), SnapshotError> {
        self.put_small(&manifest_name(Some(generation)), manifest)?;
        self.put_small(&manifest_name(None), manifest)
    }

    fn manifest(&self, generation: Option<u64>) -> Result<Vec<u8>, SnapshotError> {
        let key = self.key(&manifest_name(generation));
        let got = self.edge.run(async {
            let got = self.bucket.get(&key).await?;
            if got.meta.size > MAX_MANIFEST_BYTES {
                return Ok(None);
            }
            Ok(Some(GetResult::bytes(got).await?.to_vec()))
        });
        match got {
            Ok(Some(manifest)) => Ok(manifest),
            Ok(None) => Err(SnapshotError::TooLong {
                place: self.name.clone(),
                limit_bytes: MAX_MANIFEST_BYTES,
            }),
            Err(Error::NotFound { .. }) => Err(SnapshotError::NoSnapshot {
                place: self.name.clone(),
            }),
            Err(e) => Err(self.error(e)),
        }
    }
}
