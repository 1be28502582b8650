//! A store in memory for tests, whose writes can be made to fail.
//!
//! In:  which write is to fail, and whether it takes effect before it fails.
//! Out: the disk as a crash would have left it.

use std::{cell::RefCell, collections::BTreeMap, io, rc::Rc};

use super::{StoreError, TileStore};
use crate::tile::Tiles;

#[derive(Debug, Clone, Default)]
struct Content {
    objects: Tiles,
    staged: Option<Vec<u8>>,
    lock_record: Option<Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    /// Writes left until one fails, and whether that one takes effect.
    failure: Option<(u32, bool)>,
}

/// What survives a crash; stores on the same disk see the same content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Rc<RefCell<Content>>);

impl Disk {
    pub(crate) fn fail_write(&self, after: u32, applied: bool) {
        self.0.borrow_mut().failure = Some((after, applied));
    }
    pub(crate) fn heal(&self) {
        self.0.borrow_mut().failure = None;
    }
    pub(crate) fn copy(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }
    pub(crate) fn paths(&self) -> Vec<String> {
        self.0.borrow().objects.keys().cloned().collect()
    }
    pub(crate) fn put(&self, path: &str, content: &[u8]) {
        self.0
            .borrow_mut()
            .objects
            .insert(path.to_owned(), content.to_vec());
    }
    pub(crate) fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.0.borrow().objects.get(path).cloned()
    }
    pub(crate) fn remove(&self, path: &str) {
        self.0.borrow_mut().objects.remove(path);
    }
    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.0.borrow_mut().objects.get_mut(path).unwrap());
    }
    pub(crate) fn lock_record(&self) -> Option<Vec<u8>> {
        self.0.borrow().lock_record.clone()
    }
    pub(crate) fn set_lock_record(&self, record: Option<Vec<u8>>) {
        self.0.borrow_mut().lock_record = record;
    }

    fn write(&self, effect: impl FnOnce(&mut Content)) -> Result<(), StoreError> {
        let mut content = self.0.borrow_mut();
        let fails = match &mut content.failure {
            Some((0, applied)) => Some(*applied),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        if fails != Some(false) {
            effect(&mut content);
        }
        match fails {
            Some(_) => Err(StoreError::Io {
                act: "write",
                path: "memory".into(),
                source: io::Error::other("made to fail"),
            }),
            None => Ok(()),
        }
    }
}

/// One writer's view of a [`Disk`].
pub(crate) struct MemoryStore(Disk);

impl MemoryStore {
    pub(crate) fn on(disk: &Disk) -> Self {
        Self(disk.clone())
    }
}

impl TileStore for MemoryStore {
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.get(path) {
            Some(content) if content.len() as u64 > limit_bytes => Err(StoreError::TooLarge {
                path: path.to_owned(),
                limit_bytes,
            }),
            content => Ok(content),
        }
    }

    fn publish(&mut self, objects: &Tiles) -> Result<(), StoreError> {
        let differs =
            |(path, content): &(&String, &Vec<u8>)| self.0.get(path).is_some_and(|old| old != **content);
        if let Some((path, _)) = objects.iter().find(differs) {
            return Err(StoreError::Conflict(path.clone()));
        }
        // One write each, so that a crash can leave some of them.
        let objects: BTreeMap<_, _> = objects.clone();
        objects.into_iter().try_for_each(|(path, content)| {
            self.0.write(|disk| {
                disk.objects.insert(path, content);
            })
        })
    }

    fn prune_partials(&mut self, path: &str) -> Result<(), StoreError> {
        let folder = format!("{path}.p/");
        self.0
            .write(|disk| disk.objects.retain(|path, _| !path.starts_with(&folder)))
    }

    fn stage(&mut self, batch: &[u8]) -> Result<(), StoreError> {
        self.0.write(|disk| disk.staged = Some(batch.to_vec()))
    }

    fn staged(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.0.borrow().staged.clone())
    }

    fn lock_record(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.lock_record())
    }

    fn swap_lock_record(&mut self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        if self.lock_record()?.as_deref() != expected {
            return Err(StoreError::LockRecordMoved);
        }
        self.0.write(|disk| disk.lock_record = Some(next.to_vec()))
    }

    fn published_checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.0.borrow().checkpoint.clone())
    }

    fn publish_checkpoint(&mut self, note: &[u8]) -> Result<(), StoreError> {
        self.0.write(|disk| disk.checkpoint = Some(note.to_vec()))
    }
}
