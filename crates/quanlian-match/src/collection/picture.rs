//! The pictures of an index part: postings, and the records to verify on.
//!
//! In:  what `image` makes of the works.
//! Out: two files, and over all parts of an index the view that `image` searches.
//!
//! Invariant: damage found during a search is told by [`PictureIndex::check_read`] after it.
//!
//! Not here: the files (`recorded`); fingerprints and searching (`image`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::axis::{Numbered, REMOVED_ALLOWANCE};
use super::part::Part;
use super::recorded::{Method, Recorded, RecordedStore};
use super::records::{Kept, RecordsWriter};
use crate::image::{self, Hash, ImageError, ImageIndex, ImageItem};
use crate::segment::{SegmentError, SegmentWriter};

pub(super) static METHOD: Method = Method {
    postings_file: "image.postings",
    records_file: "image.records",
    family: image::FAMILY,
    key_bits: image::KEY_BITS,
    records: "records of pictures",
    foreign: "the pictures were indexed with another method",
};

/// What the index keeps about one picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PictureItem {
    pub(super) width: u32,
    pub(super) height: u32,
    hashes: Vec<Hash>,
    #[serde(flatten)]
    record: Kept,
}

impl Recorded for PictureItem {
    fn kept(&self) -> Kept {
        self.record
    }

    fn moved(&self, record: Kept) -> Self {
        Self {
            record,
            ..self.clone()
        }
    }
}

impl PictureItem {
    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Writes the pictures of one part; several threads may fingerprint at once.
pub(super) struct PictureStoreWriter {
    segment: Mutex<SegmentWriter>,
    records: RecordsWriter,
}

/// Why a picture could not be fingerprinted.
pub(super) enum PictureError {
    /// The picture is at fault.
    Image(ImageError),
    /// The index cannot be written.
    Index(SegmentError),
}

impl PictureStoreWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, SegmentError> {
        Ok(Self {
            segment: Mutex::new(METHOD.create_postings(folder)?),
            records: METHOD.create_records(folder)?,
        })
    }

    /// Fingerprints one picture under a number that no other has; the number is spent even when this fails.
    pub(super) fn fingerprint(&self, number: u32, path: &Path) -> Result<ImageItem, PictureError> {
        let mut postings: Vec<(u64, u32)> = Vec::new();
        let item = image::fingerprint_reference(path, &mut |key, position| postings.push((key, position)))
            .map_err(PictureError::Image)?;
        let mut segment = self
            .segment
            .lock()
            .expect("no thread panics while it holds the writer");
        for (key, position) in postings {
            segment.push(key, number, position).map_err(PictureError::Index)?;
        }
        Ok(item)
    }

    /// Keeps the record of a picture.
    pub(super) fn keep(&mut self, item: &ImageItem) -> io::Result<PictureItem> {
        Ok(PictureItem {
            width: item.width,
            height: item.height,
            hashes: item.hashes.clone(),
            record: self.records.keep(&item.record)?,
        })
    }

    /// Writes and syncs the files.
    pub(super) fn finish(self) -> Result<(), SegmentError> {
        self.records.finish()?;
        self.segment
            .into_inner()
            .expect("no thread panics while it holds the writer")
            .finish()?;
        Ok(())
    }
}

/// All parts of an index as one, their pictures numbered on.
pub(super) struct PictureIndex<'a> {
    numbered: Numbered<'a>,
    pictures: u64,
}

impl<'a> PictureIndex<'a> {
    pub(super) fn new(parts: &'a [Arc<Part>]) -> Self {
        Self {
            numbered: Numbered::new(parts, Part::picture_numbers),
            pictures: parts.iter().map(|part| part.totals().pictures).sum(),
        }
    }

    fn item(&self, item: u32) -> Option<(&'a Part, &'a PictureItem)> {
        let (part, number) = self.numbered.locate(item)?;
        Some((part, part.picture_item(number)?))
    }

    pub(super) fn name(&self, item: u32) -> Option<&'a str> {
        let (part, number) = self.numbered.locate(item)?;
        part.picture_name(number)
    }

    /// Fails when anything read so far was damaged: then answers are incomplete.
    pub(super) fn check_read(&self) -> Result<(), SegmentError> {
        let parts = self.numbered.parts().iter();
        parts
            .filter_map(|part| part.picture_store())
            .try_for_each(RecordedStore::check_read)
    }

    /// Calls `visit` with the postings of a key; `None` as soon as there are more than `limit` of them.
    fn postings(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) -> Option<()> {
        let mut left = limit;
        for (at, part) in self.numbered.parts().iter().enumerate() {
            let Some(store) = part.picture_store() else {
                continue;
            };
            let most = if part.has_numbers_of_no_picture() {
                limit.saturating_mul(REMOVED_ALLOWANCE)
            } else {
                limit
            };
            for posting in store.segment.postings_of_rare(key, most)? {
                // A number that no picture bears is one that failed half way or was removed.
                if part.picture_item(posting.item).is_some() {
                    left = left.checked_sub(1)?;
                    visit(self.numbered.on(at, posting.item), posting.position);
                }
            }
        }
        Some(())
    }
}

impl ImageIndex for PictureIndex<'_> {
    fn for_each_posting(&self, key: u64, limit: u64, mut visit: impl FnMut(u32, u32)) {
        if let [part] = self.numbered.parts()
            && !part.has_numbers_of_no_picture()
        {
            // The segment itself counts all that is to be counted.
            self.postings(key, limit, visit);
            return;
        }
        let mut found: Vec<(u32, u32)> = Vec::new();
        if self
            .postings(key, limit, |item, position| found.push((item, position)))
            .is_some()
        {
            for (item, position) in found {
                visit(item, position);
            }
        }
    }

    fn hashes(&self, item: u32) -> &[Hash] {
        self.item(item).map_or(&[], |(_, item)| &item.hashes)
    }

    fn record(&self, item: u32) -> Option<Cow<'_, [u8]>> {
        let (part, item) = self.item(item)?;
        part.picture_store()?.record(item).map(Cow::Borrowed)
    }

    fn size(&self, item: u32) -> [u32; 2] {
        self.item(item)
            .map_or([1, 1], |(_, item)| [item.width, item.height])
    }

    fn pictures(&self) -> u64 {
        self.pictures
    }
}
