//! The source: any place of a file, a few bytes at a time.
//!
//! In:  whatever can be read and sought.
//! Out: bytes at an offset, never more than asked for and never beyond the end.
//!
//! Invariant: no size that stands in the file decides how much memory is taken; the caller names a limit.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are read at once and kept, so that a walk over small structures does not seek for each. No larger, since
/// a walk over large structures reads as much for each header.
const WINDOW_BYTES: usize = 8 * 1024;

/// Both at once, so that one pointer stands for any reader.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// A file that is read by offset.
pub(crate) struct Source<'a> {
    inner: &'a mut dyn ReadSeek,
    len: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn new(inner: &'a mut dyn ReadSeek) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        Ok(Self {
            inner,
            len,
            window: Vec::new(),
            window_at: 0,
        })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Up to `len` bytes at `at`; fewer when the file ends before.
    pub(crate) fn bytes(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let len = len.min(usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX));
        if len == 0 {
            return Ok(Vec::new());
        }
        if len > WINDOW_BYTES {
            self.inner.seek(SeekFrom::Start(at))?;
            let mut bytes = Vec::with_capacity(len);
            (&mut *self.inner).take(len as u64).read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        let inside = at >= self.window_at && at + len as u64 <= self.window_at + self.window.len() as u64;
        if !inside {
            self.inner.seek(SeekFrom::Start(at))?;
            self.window.clear();
            self.window_at = at;
            (&mut *self.inner)
                .take(WINDOW_BYTES as u64)
                .read_to_end(&mut self.window)?;
        }
        let start = (at - self.window_at) as usize;
        // A file that shrank meanwhile gives less than its length promised.
        let end = (start + len).min(self.window.len());
        Ok(self.window.get(start..end).unwrap_or_default().to_vec())
    }

    /// Exactly `N` bytes, or none when the file ends before.
    pub(crate) fn array<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        Ok(self.bytes(at, N)?.try_into().ok())
    }
}

/// Big-endian number at the head of `bytes`, which the caller knows to be long enough; else 0.
pub(crate) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |n, &b| n << 8 | u64::from(b))
}

/// Little-endian number of all of `bytes`, at most 8.
pub(crate) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |n, &b| n << 8 | u64::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_place_gives_what_the_file_holds_there() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        let mut cursor = io::Cursor::new(bytes.clone());
        let mut source = Source::new(&mut cursor).unwrap();
        for (at, len) in [
            (0, 10),
            (65_530, 20),
            (5, 100_000),
            (199_990, 20),
            (200_000, 1),
            (u64::MAX, 4),
        ] {
            let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let to = from.saturating_add(len).min(bytes.len());
            assert_eq!(source.bytes(at, len).unwrap(), bytes[from..to], "{at}");
        }
        assert_eq!(source.array::<4>(199_998).unwrap(), None);
        assert_eq!((be(&[1, 2]), le(&[1, 2])), (258, 513));
    }
}
