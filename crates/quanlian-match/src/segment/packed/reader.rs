//! Reading a packed segment: many look-ups at once, each one table read and a few neighbouring records.
//!
//! In:  the path of a segment, then keys.
//! Out: their places, in rising order.
//!
//! Invariant: as for [`crate::segment::Segment`], no byte is believed before its page was checked; damage ends the list
//! at hand and is told by [`PackedSegment::check_read`].
//!
//! Not here: writing (`writer`), checksums of pages (`segment::pages`).

use std::path::Path;

use quanlian_mmap::ReadOnlyMap;

use super::header::{Header, PADDING_BYTES};
use super::low_mask;
use crate::segment::layout::{self, HEADER_BYTES, OFFSET_BYTES};
use crate::segment::pages::CheckedPages;
use crate::segment::{SegmentError, mix};

/// Keys that are looked up together.
const KEYS_AT_ONCE: usize = 16;

/// Where the records of a key lie.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// The part of the key that its records hold.
    wanted: u64,
    /// First record to look at, and the end of the bucket.
    first: u64,
    end: u64,
}

/// An open, immutable packed segment; share it between threads freely.
#[derive(Debug)]
pub struct PackedSegment {
    pages: CheckedPages,
    header: Header,
    /// Where the bucket table starts in the file.
    table_at: usize,
}

impl PackedSegment {
    /// Maps the file and checks its header, its length and its table of checksums; the pages are checked when they
    /// are first read.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let map = ReadOnlyMap::open(path)?;
        let header = Header::decode(&map)?;
        // The file is mapped whole, so its parts have lengths that this machine can address.
        let table_at = HEADER_BYTES + header.records_bytes() as usize;
        let body_bytes = header.body_bytes() as usize;
        Ok(Self {
            pages: CheckedPages::new(map, body_bytes, header.page_table_crc)?,
            header,
            table_at,
        })
    }

    /// Number of postings.
    #[expect(
        clippy::len_without_is_empty,
        reason = "nobody asks whether a whole segment is empty"
    )]
    pub fn len(&self) -> u64 {
        self.header.records
    }

    /// Number of different keys; reads the whole segment.
    pub fn key_count(&self) -> u64 {
        let (mut keys, mut last) = (0, None);
        for bucket in 0..1_u64 << self.header.bucket_bits {
            let Some((start, end)) = self.bucket(bucket as usize) else {
                return keys;
            };
            for record in start..end {
                let key = (bucket, self.record(record) >> self.header.place_bits);
                keys += u64::from(last != Some(key));
                last = Some(key);
            }
        }
        keys
    }

    /// Size of the file.
    pub fn size_bytes(&self) -> u64 {
        self.pages.bytes().len() as u64
    }

    /// The family that made the keys.
    pub fn family(&self) -> &str {
        self.header.parameters.family()
    }

    /// Number of low bits of a key that count.
    pub fn key_bits(&self) -> u32 {
        self.header.parameters.key_bits()
    }

    /// Calls `visit` with the index of a key in `keys` and a place of it, in rising order for each key.
    ///
    /// A key with more than `limit` places is left out, which costs no more than one that is absent. Keys that are
    /// looked up together wait for the memory together, so that many at once cost a third of one after the other.
    pub fn for_each(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, u64)) {
        self.for_each_or_common(keys, limit, |index, place| {
            if let Some(place) = place {
                visit(index, place);
            }
        });
    }

    /// The same; for a key that is left out `visit` is called once, without a place.
    pub fn for_each_or_common(&self, keys: &[u64], limit: u64, mut visit: impl FnMut(usize, Option<u64>)) {
        for (batch, keys) in keys.chunks(KEYS_AT_ONCE).enumerate() {
            let mut found = [Found::default(); KEYS_AT_ONCE];
            for (found, key) in found.iter_mut().zip(keys) {
                *found = self.bucket_of(*key);
            }
            for found in &mut found[..keys.len()] {
                found.first = self.first_of(found);
            }
            for (index, found) in found[..keys.len()].iter().enumerate() {
                self.visit_all(found, limit, |place| visit(batch * KEYS_AT_ONCE + index, place));
            }
        }
    }

    /// The bucket where a key lies if it is there; empty when the file is damaged.
    #[inline]
    fn bucket_of(&self, key: u64) -> Found {
        let mixed = mix(key, self.header.parameters.key_bits());
        let rest_bits = self.header.rest_bits();
        let bucket = mixed.checked_shr(rest_bits).unwrap_or(0);
        let (first, end) = self.bucket(bucket as usize).unwrap_or_else(|| {
            self.pages.note_damage();
            (0, 0)
        });
        Found {
            wanted: mixed & low_mask(rest_bits),
            first,
            end,
        }
    }

    /// The first record of the bucket that does not come before the key.
    #[inline]
    fn first_of(&self, found: &Found) -> u64 {
        if self.header.rest_bits() == 0 {
            return found.first;
        }
        let (mut first, mut size) = (found.first, found.end - found.first);
        while size > 0 {
            let half = size / 2;
            let is_before = self.record(first + half) >> self.header.place_bits < found.wanted;
            first += if is_before { half + 1 } else { 0 };
            size = if is_before { size - half - 1 } else { half };
        }
        first
    }

    #[inline]
    fn visit_all(&self, found: &Found, limit: u64, mut visit: impl FnMut(Option<u64>)) {
        let (place_bits, record_bits) = (self.header.place_bits, u64::from(self.header.record_bits()));
        if let Some(beyond) = found.first.checked_add(limit)
            && beyond < found.end
            && self.record(beyond) >> place_bits == found.wanted
        {
            visit(None);
            return;
        }
        let mut bit = found.first * record_bits;
        for _ in found.first..found.end {
            let record = self.record_at(bit);
            if record >> place_bits != found.wanted {
                return;
            }
            visit(Some(record & low_mask(place_bits)));
            bit += record_bits;
        }
    }

    /// All postings, mixed key and place, in the order of the file; ends early at damage.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, u64)> {
        let rest_bits = self.header.rest_bits();
        (0..1_u64 << self.header.bucket_bits)
            .map_while(move |bucket| {
                let bounds = self.bucket(bucket as usize);
                if bounds.is_none() {
                    self.pages.note_damage();
                }
                bounds.map(|(start, end)| (bucket, start..end))
            })
            .flat_map(move |(bucket, records)| {
                records.map(move |number| {
                    let record = self.record(number);
                    let key = bucket.checked_shl(rest_bits).unwrap_or(0) | record >> self.header.place_bits;
                    (key, record & low_mask(self.header.place_bits))
                })
            })
    }

    /// Checks every page now, instead of when it is first read.
    pub fn verify(&self) -> Result<(), SegmentError> {
        self.pages.verify()
    }

    /// Fails when anything read so far was damaged: then postings are missing.
    pub fn check_read(&self) -> Result<(), SegmentError> {
        self.pages.check_read()
    }

    /// The first record of a bucket and the one behind its last, all their pages checked.
    #[inline]
    fn bucket(&self, bucket: usize) -> Option<(u64, u64)> {
        let at = self.table_at + bucket * OFFSET_BYTES;
        let bounds = self.pages.checked(at, at + 2 * OFFSET_BYTES)?;
        let start = layout::decode_offset(&bounds[..OFFSET_BYTES])?;
        let end = layout::decode_offset(&bounds[OFFSET_BYTES..])?;
        if start > end || end > self.header.records {
            return None;
        }
        let byte = |record: u64| HEADER_BYTES + (record * u64::from(self.header.record_bits()) / 8) as usize;
        // The padding lets the last record be read whole.
        self.pages
            .is_checked(byte(start), byte(end) + PADDING_BYTES)
            .then_some((start, end))
    }

    /// A record whose page was checked.
    #[inline]
    fn record(&self, number: u64) -> u64 {
        self.record_at(number * u64::from(self.header.record_bits()))
    }

    /// The record that starts at this bit.
    #[inline]
    fn record_at(&self, bit: u64) -> u64 {
        let at = HEADER_BYTES + (bit / 8) as usize;
        let word = match self.pages.bytes().get(at..at + 8) {
            Some(bytes) => u64::from_le_bytes(bytes.try_into().expect("eight bytes were cut out")),
            None => 0,
        };
        (word >> (bit % 8)) & low_mask(self.header.record_bits())
    }
}
