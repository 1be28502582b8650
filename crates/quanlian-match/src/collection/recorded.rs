//! Postings with a record for each work: what code and pictures have in an index part.
//!
//! In:  a [`Method`], postings under the numbers of works, one record for each work.
//! Out: two files; open, the postings to search and the records to verify on; several of them merged into one.
//!
//! Invariants: damage found during a search is told by [`RecordedStore::check_read`] after it. A part that was made before
//! there was the medium has no files of it.
//!
//! Not here: what keys and records mean (`code`, `image`), and what else is kept of a work (`collection::code`,
//! `collection::picture`).

use std::path::Path;

use super::records::{Kept, Records, RecordsWriter};
use crate::segment::{Segment, SegmentError, SegmentParameters, SegmentWriter, Step};

/// What tells the files of one medium from those of another.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) postings_file: &'static str,
    pub(super) records_file: &'static str,
    pub(super) family: &'static str,
    pub(super) key_bits: u32,
    /// Names damaged records.
    pub(super) records: &'static str,
    /// Says that the postings are of another family.
    pub(super) foreign: &'static str,
}

impl Method {
    pub(super) fn create_postings(&self, folder: &Path) -> Result<SegmentWriter, SegmentError> {
        let parameters = SegmentParameters::new(self.family, self.key_bits)?;
        SegmentWriter::create(&folder.join(self.postings_file), &parameters)
    }

    pub(super) fn create_records(&self, folder: &Path) -> Result<RecordsWriter, SegmentError> {
        Ok(RecordsWriter::create(&folder.join(self.records_file))?)
    }
}

/// What the table of works keeps of a work with a record.
pub(super) trait Recorded: Clone {
    /// Where its record lies.
    fn kept(&self) -> Kept;
    /// The same with its record elsewhere.
    fn moved(&self, kept: Kept) -> Self;
}

/// Works of one part that go into another, and the new number of each of its numbers; those without one are left out.
pub(super) struct RecordedSource<'a, T> {
    pub(super) store: &'a RecordedStore,
    pub(super) items: Vec<(u32, &'a T)>,
    pub(super) numbers: Vec<Option<u32>>,
}

/// Writes the works of several parts as those of one, and returns what is kept of each, in the order of the sources.
pub(super) fn merge<T: Recorded>(
    folder: &Path,
    method: &Method,
    sources: &[RecordedSource<'_, T>],
    step: Step<'_>,
) -> Result<Vec<Vec<T>>, SegmentError> {
    let mut records = method.create_records(folder)?;
    let mut kept = Vec::with_capacity(sources.len());
    for source in sources {
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let record = source
                .store
                .record(*item)
                .ok_or(SegmentError::Damaged { what: method.records })?;
            of_source.push(item.moved(records.keep(record)?));
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
    }
    records.finish()?;
    let parameters = SegmentParameters::new(method.family, method.key_bits)?;
    let postings: Vec<_> = (sources.iter())
        .map(|s| (&s.store.segment, &*s.numbers))
        .collect();
    SegmentWriter::merge(&folder.join(method.postings_file), &parameters, &postings, step)?;
    Ok(kept)
}

/// The works of one part, open for searching.
#[derive(Debug)]
pub(super) struct RecordedStore {
    pub(super) segment: Segment,
    records: Records,
    method: &'static Method,
}

impl RecordedStore {
    /// `None` for a part that was made before there was the medium.
    pub(super) fn open(folder: &Path, method: &'static Method) -> Result<Option<Self>, SegmentError> {
        let postings = folder.join(method.postings_file);
        if !postings.try_exists()? {
            return Ok(None);
        }
        let segment = Segment::open(&postings)?;
        if segment.family() != method.family || segment.key_bits() != method.key_bits {
            return Err(SegmentError::Damaged { what: method.foreign });
        }
        let records = Records::open(&folder.join(method.records_file))?;
        Ok(Some(Self {
            segment,
            records,
            method,
        }))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.records.size_bytes()
    }

    /// The record of a work; `None` when it is damaged.
    pub(super) fn record(&self, item: &impl Recorded) -> Option<&[u8]> {
        self.records.get(item.kept())
    }

    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        self.records.check_read(self.method.records)?;
        self.segment.check_read()
    }
}
