//! Objects in memory, for the tests of other crates.
//!
//! In and out: as [`ObjectStore`] says; gone when dropped.

use std::{
    collections::BTreeMap,
    io::Cursor,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::io::AsyncRead;

use super::{
    EraseObjectError, GetError, ListObjectsError, ObjectId, ObjectStore, PutError, StoredObject,
    VerifyingReader, copy_hashing,
};

/// Objects in memory.
#[derive(Debug)]
pub struct MemoryObjects {
    objects: Mutex<BTreeMap<ObjectId, Arc<[u8]>>>,
    max_object_bytes: u64,
}

impl Default for MemoryObjects {
    /// Takes objects of up to 64 MiB: a test that needs more should use a folder.
    fn default() -> Self {
        Self::with_max_object_bytes(64 << 20)
    }
}

impl MemoryObjects {
    /// Takes objects up to this length.
    pub fn with_max_object_bytes(max_object_bytes: u64) -> Self {
        Self {
            objects: Mutex::default(),
            max_object_bytes,
        }
    }

    /// The map is whole even after a panic elsewhere: a change is one insertion or one removal.
    fn objects(&self) -> MutexGuard<'_, BTreeMap<ObjectId, Arc<[u8]>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectStore for MemoryObjects {
    type Raw = Cursor<Arc<[u8]>>;

    async fn put(&self, source: impl AsyncRead + Send + Unpin) -> Result<StoredObject, PutError> {
        let mut bytes = Vec::new();
        let stored = copy_hashing(source, &mut bytes, self.max_object_bytes).await?;
        self.objects().insert(stored.id, bytes.into());
        Ok(stored)
    }

    async fn size(&self, id: ObjectId) -> Result<Option<u64>, GetError> {
        Ok(self.objects().get(&id).map(|bytes| bytes.len() as u64))
    }

    async fn erase(&self, id: ObjectId) -> Result<bool, EraseObjectError> {
        Ok(self.objects().remove(&id).is_some())
    }

    async fn branch(&self, first: u8) -> Result<Vec<ObjectId>, ListObjectsError> {
        let objects = self.objects();
        let ids = objects.keys().filter(|id| id.as_digest()[0] == first);
        Ok(ids.copied().collect())
    }

    async fn open(&self, id: ObjectId) -> Result<VerifyingReader<Self::Raw>, GetError> {
        let bytes = self
            .objects()
            .get(&id)
            .cloned()
            .ok_or(GetError::NotFound { id })?;
        let size_bytes = bytes.len() as u64;
        Ok(VerifyingReader::new(Cursor::new(bytes), id, size_bytes))
    }
}
