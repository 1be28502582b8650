//! Read-only memory maps: the one crate of the workspace that holds unsafe code.
//!
//! In:  the path of a file that is written once and never changed.
//! Out: its bytes as a slice, paged in by the operating system on demand.
//!
//! Contract with the callers, which no type can enforce: a mapped file is written
//! under another name, synced, renamed into place and from then on neither changed
//! nor shortened; a new version is a new file. Deleting the file is harmless, since
//! the map keeps it alive. Somebody who shortens a mapped file by hand makes the
//! process stop with `SIGBUS` when it reads the missing part; that is a denial of
//! service by a person who already owns the index, not a way to wrong results.
//!
//! Not here: what the bytes mean. Readers check every length and checksum themselves.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// The bytes of a file, mapped read-only for as long as this value lives.
#[derive(Debug)]
pub struct ReadOnlyMap {
    map: memmap2::Mmap,
}

impl ReadOnlyMap {
    /// Maps the whole file. An empty file gives an empty slice; a directory or a
    /// special file is refused.
    ///
    /// # Errors
    /// What the operating system says about opening or mapping; `InvalidInput` for
    /// anything that is not a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        #[expect(
            unsafe_code,
            reason = "mapping a file is unsafe; the contract in the module head makes it sound"
        )]
        // SAFETY: the file is regular and opened read-only, and by the contract above
        // nobody writes to it or shortens it while it is mapped.
        let map = unsafe { memmap2::Mmap::map(&file) }?;
        Ok(Self { map })
    }
}

impl Deref for ReadOnlyMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_what_was_written() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("f");
        std::fs::write(&path, b"abc").expect("write");
        assert_eq!(&*ReadOnlyMap::open(&path).expect("map"), b"abc");
    }

    #[test]
    fn an_empty_file_is_an_empty_slice() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("f");
        std::fs::write(&path, b"").expect("write");
        assert_eq!(&*ReadOnlyMap::open(&path).expect("map"), b"");
    }

    #[test]
    fn a_folder_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(ReadOnlyMap::open(dir.path()).is_err());
    }

    #[test]
    fn the_map_outlives_the_name() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("f");
        std::fs::write(&path, b"abc").expect("write");
        let map = ReadOnlyMap::open(&path).expect("map");
        std::fs::remove_file(&path).expect("remove");
        assert_eq!(&*map, b"abc");
    }
}
