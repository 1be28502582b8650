//! Records: what the index keeps of each work to verify on, one behind the other in a file.
//!
//! In:  bytes of single works, then their stretch of the file and its checksum, as the table of works gives them.
//! Out: the same bytes.
//!
//! Invariant: no record is handed out before its checksum was compared; damage found is told by
//! [`Records::check_read`] after the search.
//!
//! Not here: what the bytes mean (`audio`, `image`).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use quanlian_mmap::ReadOnlyMap;
use serde::{Deserialize, Serialize};

use crate::segment::SegmentError;

/// Writes a file of records.
pub(super) struct RecordsWriter {
    file: BufWriter<File>,
    written: u64,
}

/// Where a record lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// From its first byte to behind its last.
    ///
    /// Indexes made before media shared this type call it otherwise.
    #[serde(rename = "record", alias = "bytes", alias = "constellation")]
    pub(super) bytes: [u64; 2],
    /// The CRC-32 of these bytes.
    pub(super) crc32: u32,
}

impl RecordsWriter {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(File::create(path)?),
            written: 0,
        })
    }

    pub(super) fn keep(&mut self, record: &[u8]) -> io::Result<Kept> {
        self.file.write_all(record)?;
        let start = self.written;
        self.written += record.len() as u64;
        Ok(Kept {
            bytes: [start, self.written],
            crc32: crc32fast::hash(record),
        })
    }

    /// Writes and syncs the file.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

/// An open file of records.
#[derive(Debug)]
pub(super) struct Records {
    map: ReadOnlyMap,
    damaged: AtomicBool,
}

impl Records {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            map: ReadOnlyMap::open(path)?,
            damaged: AtomicBool::new(false),
        })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// A record whose stretch and checksum the table of works gives; `None` when it is damaged.
    pub(super) fn get(&self, kept: Kept) -> Option<&[u8]> {
        let Kept {
            bytes: [start, end],
            crc32,
        } = kept;
        let bytes = (usize::try_from(start).ok().zip(usize::try_from(end).ok()))
            .and_then(|(start, end)| self.map.get(start..end))
            .filter(|bytes| crc32fast::hash(bytes) == crc32);
        if bytes.is_none() {
            self.damaged.store(true, Ordering::Relaxed);
        }
        bytes
    }

    /// Fails when a record asked for so far was damaged; `what` names the records.
    pub(super) fn check_read(&self, what: &'static str) -> Result<(), SegmentError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(SegmentError::Damaged { what });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_stretch_and_checksum_give_what_was_kept_or_damage(
            start in prop_oneof![0..40u64, any::<u64>()], end in prop_oneof![0..40u64, any::<u64>()], crc32 in any::<u32>(),
        ) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("r");
            let mut writer = RecordsWriter::create(&path).expect("create");
            writer.keep(b"the first").expect("keep");
            let kept = writer.keep(b"the second record").expect("keep");
            writer.finish().expect("finish");
            let records = Records::open(&path).expect("open");
            prop_assert_eq!(records.get(kept), Some(&b"the second record"[..]));
            prop_assert!(records.check_read("records").is_ok());
            match records.get(Kept { bytes: [start, end], crc32 }) {
                Some(bytes) => prop_assert_eq!(crc32fast::hash(bytes), crc32),
                None => prop_assert!(records.check_read("records").is_err()),
            }
        }
    }
}
