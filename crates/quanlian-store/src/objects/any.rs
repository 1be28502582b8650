//! Objects in whichever store an installation was set up with.

use tokio::io::AsyncRead;

use super::{
    EraseObjectError, GetError, ListObjectsError, ObjectId, ObjectStore, PutError, StoredObject,
    VerifyingReader, folder::FolderObjects, s3::S3Objects,
};

/// A folder or a bucket.
#[derive(Debug)]
pub enum Objects {
    /// Files of this machine.
    Folder(FolderObjects),
    /// A bucket.
    S3(S3Objects),
}

impl From<FolderObjects> for Objects {
    fn from(folder: FolderObjects) -> Self {
        Self::Folder(folder)
    }
}

impl From<S3Objects> for Objects {
    fn from(bucket: S3Objects) -> Self {
        Self::S3(bucket)
    }
}

/// What reads the raw bytes of either.
pub type AnyRaw = Box<dyn AsyncRead + Send + Unpin>;

impl ObjectStore for Objects {
    type Raw = AnyRaw;

    async fn put(&self, source: impl AsyncRead + Send + Unpin) -> Result<StoredObject, PutError> {
        match self {
            Self::Folder(folder) => folder.put(source).await,
            Self::S3(bucket) => bucket.put(source).await,
        }
    }

    async fn size(&self, id: ObjectId) -> Result<Option<u64>, GetError> {
        match self {
            Self::Folder(folder) => folder.size(id).await,
            Self::S3(bucket) => bucket.size(id).await,
        }
    }

    async fn erase(&self, id: ObjectId) -> Result<bool, EraseObjectError> {
        match self {
            Self::Folder(folder) => folder.erase(id).await,
            Self::S3(bucket) => bucket.erase(id).await,
        }
    }

    async fn branch(&self, first: u8) -> Result<Vec<ObjectId>, ListObjectsError> {
        match self {
            Self::Folder(folder) => folder.branch(first).await,
            Self::S3(bucket) => bucket.branch(first).await,
        }
    }

    async fn open(&self, id: ObjectId) -> Result<VerifyingReader<AnyRaw>, GetError> {
        match self {
            Self::Folder(folder) => Ok(folder.open(id).await?.boxed()),
            Self::S3(bucket) => Ok(bucket.open(id).await?.boxed()),
        }
    }
}
