//! Writing a packed segment: sort (`segment::sorter`) and pack.
//!
//! In:  keys and places in any order.
//! Out: the file under its name, complete, or nothing.
//!
//! Invariant: the file appears under its name only when it is whole and synced.
//!
//! Not here: reading (`reader`), pages and their checksums (`segment::pages`).

use std::io;
use std::path::{Path, PathBuf};

use super::PackedSegment;
use super::header::{Header, MAX_RECORD_BITS, MAX_RECORDS, PADDING_BYTES};
use super::low_mask;
use crate::segment::merge::{self, Step};
use crate::segment::pages::{PageWriter, folder_of, persist};
use crate::segment::sorter::{Record, Sorter};
use crate::segment::{SegmentError, SegmentParameters, mix};

/// Buckets are chosen so that at least this many postings share one, and fewer than twice as many.
const POSTINGS_PER_BUCKET: u64 = 4;

/// Collects postings and writes them as one packed segment.
#[derive(Debug)]
pub struct PackedWriter {
    path: PathBuf,
    folder: PathBuf,
    parameters: SegmentParameters,
    sorter: Sorter,
    highest_place: u64,
}

impl PackedWriter {
    /// Starts a segment that will lie at `path`; its folder must exist.
    pub fn create(path: &Path, parameters: &SegmentParameters) -> Result<Self, SegmentError> {
        let folder = folder_of(path)?;
        Ok(Self {
            path: path.to_owned(),
            sorter: Sorter::new(&folder, parameters.key_bits()),
            folder,
            parameters: parameters.clone(),
            highest_place: 0,
        })
    }

    /// Takes another budget than [`crate::segment::SORT_BUDGET_BYTES`] for the sort in memory.
    #[must_use]
    pub fn with_sort_budget(mut self, budget_bytes: usize) -> Self {
        self.sorter.set_budget(budget_bytes);
        self
    }

    /// Adds one posting; the same one twice counts once.
    #[inline]
    pub fn push(&mut self, key: u64, place: u64) -> Result<(), SegmentError> {
        self.highest_place = self.highest_place.max(place);
        let mixed = mix(key, self.parameters.key_bits());
        Ok(self.sorter.push(u128::from(mixed) << 64 | u128::from(place))?)
    }

    /// Writes the file, syncs it, gives it its name and opens it.
    pub fn finish(self) -> Result<PackedSegment, SegmentError> {
        let header = header_for(self.parameters, self.sorter.pushed(), self.highest_place)?;
        let mut encoder = Encoder::new(&self.folder, header)?;
        self.sorter.finish(|record| Ok(encoder.push(record)?))?;
        persist(encoder.finish()?, &self.path, &self.folder)?;
        PackedSegment::open(&self.path)
    }
}

impl PackedWriter {
    /// Writes the postings of several segments as one, their places moved, without a sort.
    ///
    /// `sources` are segments and what becomes of a place of theirs; places that become nothing are left out. New places
    /// must rise with the old ones in each segment.
    pub(crate) fn merge(
        path: &Path,
        parameters: &SegmentParameters,
        sources: &[Moved<'_>],
        step: Step<'_>,
    ) -> Result<PackedSegment, SegmentError> {
        let folder = folder_of(path)?;
        let (mut count, mut highest_place) = (0, 0);
        merge::merge(moved(sources), parameters.key_bits(), step, |record| {
            count += 1;
            highest_place = highest_place.max(record as u64);
            Ok(())
        })?;
        for (segment, _) in sources {
            segment.check_read()?;
        }
        let header = header_for(parameters.clone(), count, highest_place)?;
        let mut encoder = Encoder::new(&folder, header)?;
        merge::merge(moved(sources), parameters.key_bits(), step, |record| {
            Ok(encoder.push(record)?)
        })?;
        persist(encoder.finish()?, path, &folder)?;
        PackedSegment::open(path)
    }
}

/// A segment, and what becomes of a place of it.
pub(crate) type Moved<'a> = (&'a PackedSegment, &'a dyn Fn(u64) -> Option<u64>);

fn moved<'a>(sources: &'a [Moved<'_>]) -> Vec<impl Iterator<Item = Record> + 'a> {
    let sources = sources.iter();
    sources
        .map(|(segment, to)| {
            let record = |(key, place): (u64, u64)| Some(u128::from(key) << 64 | u128::from(to(place)?));
            segment.records().filter_map(record)
        })
        .collect()
}

/// The header of a segment that is to take so many postings with places up to that one.
fn header_for(
    parameters: SegmentParameters,
    postings: u64,
    highest_place: u64,
) -> Result<Header, SegmentError> {
    let header = Header {
        bucket_bits: bucket_bits(postings, parameters.key_bits()),
        place_bits: (64 - highest_place.leading_zeros()).max(1),
        parameters,
        records: 0,
        page_table_crc: 0,
    };
    if header.record_bits() > MAX_RECORD_BITS || postings > MAX_RECORDS {
        return Err(SegmentError::TooWide {
            record_bits: header.record_bits(),
            limit_bits: MAX_RECORD_BITS,
        });
    }
    Ok(header)
}

/// How many high bits of a mixed key choose its bucket.
fn bucket_bits(postings: u64, key_bits: u32) -> u32 {
    (postings / POSTINGS_PER_BUCKET)
        .max(1)
        .ilog2()
        .min(key_bits)
        .min(32)
}

/// Turns sorted records into the bytes of the file.
struct Encoder {
    body: PageWriter,
    header: Header,
    last: Option<Record>,
    /// Bits not yet written, the first in the lowest place.
    bits: u128,
    bit_count: u32,
}

impl Encoder {
    fn new(folder: &Path, header: Header) -> io::Result<Self> {
        Ok(Self {
            body: PageWriter::create(folder)?,
            header,
            last: None,
            bits: 0,
            bit_count: 0,
        })
    }

    fn push(&mut self, record: Record) -> io::Result<()> {
        if self.last == Some(record) {
            return Ok(());
        }
        self.last = Some(record);
        let (mixed, place) = ((record >> 64) as u64, record as u64);
        let rest_bits = self.header.rest_bits();
        let bucket = mixed.checked_shr(rest_bits).unwrap_or(0);
        self.body.open_buckets(bucket + 1, self.header.records)?;
        let rest = mixed & low_mask(rest_bits);
        self.bits |= (u128::from(rest) << self.header.place_bits | u128::from(place)) << self.bit_count;
        self.bit_count += self.header.record_bits();
        let whole = (self.bit_count / 8) as usize;
        self.body.write(&self.bits.to_le_bytes()[..whole])?;
        self.bits >>= 8 * whole;
        self.bit_count -= 8 * whole as u32;
        self.header.records += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<tempfile::NamedTempFile> {
        self.body
            .open_buckets((1 << self.header.bucket_bits) + 1, self.header.records)?;
        let last = usize::from(self.bit_count > 0);
        self.body.write(&self.bits.to_le_bytes()[..last])?;
        self.body.write(&[0; PADDING_BYTES])?;
        let mut header = self.header;
        self.body.finish(|page_table_crc| {
            header.page_table_crc = page_table_crc;
            header.encode()
        })
    }
}
