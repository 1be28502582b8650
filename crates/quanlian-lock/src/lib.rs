//! Locks on files: one process writes at a time, and another is told so at once.
//!
//! In:  the path of a file that says by its lock alone that something is in use; it is made where it is missing.
//! Out: a [`Held`], the lock for as long as it lives.
//!
//! Invariant: the lock ends with its holder. Closing the file would not be enough: a program that another thread is
//! starting at that moment has a copy of it, and keeps the lock until it runs; so the lock is taken off first.
//!
//! Not here: what is in use, and what to tell the person who comes second.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// A lock that ends with its holder.
#[derive(Debug)]
pub struct Held(File);

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Somebody else holds it.
    #[error("somebody else holds the lock")]
    InUse,
    /// The file cannot be opened or made.
    #[error("cannot open the lock file")]
    Open(#[source] io::Error),
    /// The file system refuses to lock it.
    #[error("cannot lock the file")]
    Lock(#[source] io::Error),
}

impl TakeError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "lock_in_use",
            Self::Open(_) => "lock_open",
            Self::Lock(_) => "lock_refused",
        }
    }
}

impl Held {
    /// Takes the lock alone; waits for nobody.
    ///
    /// # Errors
    /// [`TakeError::InUse`] when anybody holds it, alone or with others.
    pub fn take(path: &Path) -> Result<Self, TakeError> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(TakeError::InUse),
            Err(TryLockError::Error(source)) => Err(TakeError::Lock(source)),
        }
    }

    /// Takes the lock together with others who share it; waits until nobody holds it alone.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn share(path: &Path) -> Result<Self, TakeError> {
        let file = open(path)?;
        file.lock_shared().map_err(TakeError::Lock)?;
        Ok(Self(file))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // When it fails, closing the file ends the lock a moment later.
        let _ = self.0.unlock();
    }
}

/// What stands in the file says nothing and stays.
fn open(path: &Path) -> Result<File, TakeError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    options.open(path).map_err(TakeError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_alone_or_several_share_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let code = |taken: Result<Held, TakeError>| taken.map(|_| ()).map_err(|e| e.code());
        let alone = Held::take(&path).expect("free");
        assert_eq!(code(Held::take(&path)), Err("lock_in_use"));
        drop(alone);
        let (one, other) = (Held::share(&path).expect("free"), Held::share(&path));
        assert_eq!(code(Held::take(&path)), Err("lock_in_use"));
        drop((one, other));
        assert_eq!(code(Held::take(&path)), Ok(()));
        assert_eq!(
            code(Held::take(&folder.path().join("none/lock"))),
            Err("lock_open")
        );
        assert_eq!(code(Held::share(folder.path())), Err("lock_open"));
    }

    #[test]
    fn a_copy_of_the_file_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let held = Held::take(&path).expect("free");
        // What a program that is just being started has.
        let copy = held.0.try_clone().expect("a copy");
        drop(held);
        Held::take(&path).expect("free again");
        drop(copy);
    }
}
