//! The pictures of an index part: postings, and the records to verify on.
//!
//! In:  what `image` makes of the works.
//! Out: two files, and over all parts of an index the view that `image` searches.
//!
//! Invariants: damage found during a search is told by [`PictureIndex::check_read`] after it. A part that was made before
//! there were pictures has no files of them and is read as one without pictures.
//!
//! Not here: fingerprints and searching (`image`).

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::axis::{Numbered, REMOVED_ALLOWANCE};
use super::part::Part;
use super::records::{Records, RecordsWriter};
use crate::image::{self, Hash, ImageError, ImageIndex, ImageItem};
use crate::segment::{Segment, SegmentError, SegmentParameters, SegmentWriter, Step};

const POSTINGS_FILE: &str = "image.postings";
const RECORDS_FILE: &str = "image.records";

/// What the index keeps about one picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PictureItem {
    pub(super) width: u32,
    pub(super) height: u32,
    hashes: Vec<Hash>,
    /// Bytes of the record in its file, and their CRC-32.
    record: [u64; 2],
    crc32: u32,
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
        let parameters = SegmentParameters::new(image::FAMILY, image::KEY_BITS)?;
        Ok(Self {
            segment: Mutex::new(SegmentWriter::create(&folder.join(POSTINGS_FILE), &parameters)?),
            records: RecordsWriter::create(&folder.join(RECORDS_FILE))?,
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
        keep(
            &mut self.records,
            item.width,
            item.height,
            item.hashes.clone(),
            &item.record,
        )
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

fn keep(
    records: &mut RecordsWriter,
    width: u32,
    height: u32,
    hashes: Vec<Hash>,
    record: &[u8],
) -> io::Result<PictureItem> {
    let kept = records.keep(record)?;
    Ok(PictureItem {
        width,
        height,
        hashes,
        record: kept.bytes,
        crc32: kept.crc32,
    })
}

/// Pictures of one part that go into another, and the new number of each of its numbers; those without one are left
/// out.
pub(super) struct PictureSource<'a> {
    pub(super) store: &'a PictureStore,
    pub(super) items: Vec<(u32, &'a PictureItem)>,
    pub(super) numbers: Vec<Option<u32>>,
}

/// Writes the pictures of several parts as those of one, and returns what is kept of each, in the order of the sources.
pub(super) fn merge(
    folder: &Path,
    sources: &[PictureSource<'_>],
    step: Step<'_>,
) -> Result<Vec<Vec<PictureItem>>, SegmentError> {
    let mut records = RecordsWriter::create(&folder.join(RECORDS_FILE))?;
    let mut kept = Vec::with_capacity(sources.len());
    for source in sources {
        let mut of_source = Vec::with_capacity(source.items.len());
        for (_, item) in &source.items {
            let record = source.store.record(item).ok_or(SegmentError::Damaged {
                what: "records of pictures",
            })?;
            of_source.push(keep(
                &mut records,
                item.width,
                item.height,
                item.hashes.clone(),
                record,
            )?);
            if !step(0) {
                return Err(SegmentError::Stopped);
            }
        }
        kept.push(of_source);
    }
    records.finish()?;
    let parameters = SegmentParameters::new(image::FAMILY, image::KEY_BITS)?;
    let postings: Vec<_> = (sources.iter())
        .map(|s| (&s.store.segment, &*s.numbers))
        .collect();
    SegmentWriter::merge(&folder.join(POSTINGS_FILE), &parameters, &postings, step)?;
    Ok(kept)
}

/// The pictures of one part, open for searching.
#[derive(Debug)]
pub(super) struct PictureStore {
    pub(super) segment: Segment,
    records: Records,
}

impl PictureStore {
    /// `None` for a part that was made before there were pictures.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, SegmentError> {
        let postings = folder.join(POSTINGS_FILE);
        if !postings.try_exists()? {
            return Ok(None);
        }
        let segment = Segment::open(&postings)?;
        if segment.family() != image::FAMILY || segment.key_bits() != image::KEY_BITS {
            return Err(SegmentError::Damaged {
                what: "the pictures were indexed with another method",
            });
        }
        let records = Records::open(&folder.join(RECORDS_FILE))?;
        Ok(Some(Self { segment, records }))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.segment.size_bytes() + self.records.size_bytes()
    }

    fn record(&self, item: &PictureItem) -> Option<&[u8]> {
        self.records.get(item.record, item.crc32)
    }

    /// Whether the record of a picture is whole.
    pub(super) fn is_whole(&self, item: &PictureItem) -> bool {
        self.record(item).is_some()
    }

    fn check_read(&self) -> Result<(), SegmentError> {
        self.records.check_read("records of pictures")?;
        self.segment.check_read()
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
            .try_for_each(PictureStore::check_read)
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
