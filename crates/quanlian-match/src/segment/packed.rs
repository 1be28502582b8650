//! Packed segments: postings of one fixed width, for keys that rarely have long lists.
//!
//! In:  `(key, place)` pairs of any medium, in any order and number; a place is one number that the medium divides
//!      into item, position and details as it likes.
//! Out: an immutable, memory-mapped file that answers "at which places is this key".
//!
//! A look-up reads one entry of the bucket table and halves a handful of neighbouring records, in a collection
//! with many postings to a key none; many look-ups at once
//! overlap their waits for the memory. A million postings take some five megabytes, about 60 per cent of what [`super::Segment`]
//! takes for them; for long lists of one key, as texts have them, that one is smaller.
//!
//! Invariants: those of [`super`]: bounded memory, the same pairs give the same bytes, a damaged file gives a named
//! error from [`PackedSegment::open`] or, for the parts read later, from [`PackedSegment::check_read`], and never
//! postings that were not written.
//!
//! # Layout, version 1 (little endian)
//! | part | bytes |
//! |---|---|
//! | header | 256, with the CRC-32 of itself and of the page table |
//! | records | bit after bit: the rest of the mixed key, then the place; 8 bytes of zero behind the last |
//! | bucket table | 5 a bucket, and 5 for the end: number of its first record |
//! | page table | 4 a page: CRC-32 of each [`PAGE_BYTES`] of records and bucket table |

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use quanlian_mmap::ReadOnlyMap;

use super::layout::{self, CHECKSUM_BYTES, HEADER_BYTES, OFFSET_BYTES};
use super::sorter::{RUN_BUFFER_BYTES, Record, Sorter};
use super::writer::{PageWriter, folder_of, persist};
use super::{MAX_FAMILY_BYTES, MIN_KEY_BITS, PAGE_BYTES, SegmentError, SegmentParameters, mix};

const MAGIC: &[u8; 8] = b"QLPACKD\n";
const VERSION: u32 = 1;
const FAMILY_AT: usize = 64;
const CRC_AT: usize = HEADER_BYTES - CHECKSUM_BYTES;

/// Widest record: any record is then within one unaligned read of eight bytes.
const MAX_RECORD_BITS: u32 = 57;

/// Buckets are chosen so that at least this many postings share one, and fewer than twice as many.
const POSTINGS_PER_BUCKET: u64 = 4;

/// Bytes behind the last record, so that it can be read like all others.
const PADDING_BYTES: usize = 8;

/// Highest number of a record that a place in the bucket table can hold.
const MAX_RECORDS: u64 = 1 << 37;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    parameters: SegmentParameters,
    bucket_bits: u32,
    place_bits: u32,
    records: u64,
    page_table_crc: u32,
}

impl Header {
    fn rest_bits(&self) -> u32 {
        self.parameters.key_bits() - self.bucket_bits
    }

    fn record_bits(&self) -> u32 {
        self.rest_bits() + self.place_bits
    }

    fn records_bytes(&self) -> u64 {
        (self.records * u64::from(self.record_bits())).div_ceil(8) + PADDING_BYTES as u64
    }

    fn body_bytes(&self) -> u64 {
        self.records_bytes() + ((1u64 << self.bucket_bits) + 1) * OFFSET_BYTES as u64
    }

    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut h = [0; HEADER_BYTES];
        let family = self.parameters.family().as_bytes();
        h[..8].copy_from_slice(MAGIC);
        h[8..12].copy_from_slice(&VERSION.to_le_bytes());
        h[12..16].copy_from_slice(&self.parameters.key_bits().to_le_bytes());
        h[16..20].copy_from_slice(&self.bucket_bits.to_le_bytes());
        h[20..24].copy_from_slice(&self.place_bits.to_le_bytes());
        h[24..28].copy_from_slice(&(family.len() as u32).to_le_bytes());
        h[28..32].copy_from_slice(&self.page_table_crc.to_le_bytes());
        h[32..40].copy_from_slice(&self.records.to_le_bytes());
        h[FAMILY_AT..FAMILY_AT + family.len()].copy_from_slice(family);
        let crc = crc32fast::hash(&h[..CRC_AT]);
        h[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        h
    }

    fn decode(file: &[u8]) -> Result<Self, SegmentError> {
        let h = file.get(..HEADER_BYTES).ok_or(SegmentError::NotASegment)?;
        if &h[..8] != MAGIC {
            return Err(SegmentError::NotASegment);
        }
        let found = layout::read_u32(h, 8);
        if found != VERSION {
            return Err(SegmentError::Version {
                found,
                known: VERSION,
            });
        }
        let damaged = |what| SegmentError::Damaged { what };
        if crc32fast::hash(&h[..CRC_AT]) != layout::read_u32(h, CRC_AT) {
            return Err(damaged("header checksum"));
        }
        let (key_bits, bucket_bits) = (layout::read_u32(h, 12), layout::read_u32(h, 16));
        let (place_bits, family_bytes) = (layout::read_u32(h, 20), layout::read_u32(h, 24) as usize);
        let narrow = (1..=MAX_RECORD_BITS).contains(&place_bits)
            && bucket_bits <= key_bits.min(32)
            && key_bits - bucket_bits + place_bits <= MAX_RECORD_BITS;
        if !(MIN_KEY_BITS..=64).contains(&key_bits) || !narrow {
            return Err(damaged("widths in the header"));
        }
        let family = (family_bytes <= MAX_FAMILY_BYTES)
            .then(|| std::str::from_utf8(&h[FAMILY_AT..FAMILY_AT + family_bytes]).ok())
            .flatten()
            .and_then(|family| SegmentParameters::new(family, key_bits).ok());
        let header = Self {
            parameters: family.ok_or(damaged("family in the header"))?,
            bucket_bits,
            place_bits,
            records: layout::read_u64(h, 32),
            page_table_crc: layout::read_u32(h, 28),
        };
        if header.records > MAX_RECORDS || header.file_bytes() != file.len() as u64 {
            return Err(damaged("the file is shorter or longer than its header says"));
        }
        Ok(header)
    }

    fn file_bytes(&self) -> u64 {
        let body = self.body_bytes();
        HEADER_BYTES as u64 + body + body.div_ceil(PAGE_BYTES as u64) * CHECKSUM_BYTES as u64
    }
}

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

    /// Takes another budget than [`super::SORT_BUDGET_BYTES`] for the sort in memory.
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
        let key_bits = self.parameters.key_bits();
        let header = Header {
            bucket_bits: bucket_bits(self.sorter.pushed(), key_bits),
            place_bits: (64 - self.highest_place.leading_zeros()).max(1),
            parameters: self.parameters,
            records: 0,
            page_table_crc: 0,
        };
        if header.record_bits() > MAX_RECORD_BITS || self.sorter.pushed() > MAX_RECORDS {
            return Err(SegmentError::TooWide {
                record_bits: header.record_bits(),
                limit_bits: MAX_RECORD_BITS,
            });
        }
        let mut encoder = Encoder::new(&self.folder, header)?;
        self.sorter.finish(|record| Ok(encoder.push(record)?))?;
        persist(encoder.finish()?, &self.path, &self.folder)?;
        PackedSegment::open(&self.path)
    }
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
    file: tempfile::NamedTempFile,
    body: PageWriter,
    table: BufWriter<File>,
    header: Header,
    opened_buckets: u64,
    last: Option<Record>,
    /// Bits not yet written, the first in the lowest place.
    bits: u128,
    bit_count: u32,
}

impl Encoder {
    fn new(folder: &Path, header: Header) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".segment-").tempfile_in(folder)?;
        let mut out = file.as_file().try_clone()?;
        out.write_all(&[0; HEADER_BYTES])?;
        Ok(Self {
            file,
            body: PageWriter::new(out),
            table: BufWriter::new(tempfile::tempfile_in(folder)?),
            header,
            opened_buckets: 0,
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
        self.open_buckets(mixed.checked_shr(rest_bits).unwrap_or(0) + 1)?;
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

    fn open_buckets(&mut self, end: u64) -> io::Result<()> {
        while self.opened_buckets < end {
            self.table
                .write_all(&layout::encode_offset(self.header.records))?;
            self.opened_buckets += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<tempfile::NamedTempFile> {
        self.open_buckets((1 << self.header.bucket_bits) + 1)?;
        let last = usize::from(self.bit_count > 0);
        self.body.write(&self.bits.to_le_bytes()[..last])?;
        self.body.write(&[0; PADDING_BYTES])?;
        let mut table = self.table.into_inner().map_err(io::IntoInnerError::into_error)?;
        table.seek(SeekFrom::Start(0))?;
        let mut table = BufReader::with_capacity(RUN_BUFFER_BYTES, table);
        let mut chunk = vec![0; RUN_BUFFER_BYTES];
        loop {
            let n = table.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            self.body.write(&chunk[..n])?;
        }
        let (mut out, page_table_crc) = self.body.finish()?;
        self.header.page_table_crc = page_table_crc;
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&self.header.encode())?;
        out.sync_all()?;
        Ok(self.file)
    }
}

fn low_mask(bits: u32) -> u64 {
    (1_u64 << bits) - 1
}

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
    map: ReadOnlyMap,
    header: Header,
    /// Where the bucket table and the page table start in the file.
    table_at: usize,
    pages_at: usize,
    pages: Vec<AtomicU8>,
    damaged: AtomicBool,
}

const UNREAD: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

impl PackedSegment {
    /// Maps the file and checks its header, its length and its table of checksums; the pages are checked when they
    /// are first read.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let map = ReadOnlyMap::open(path)?;
        let header = Header::decode(&map)?;
        // The file is mapped whole, so its parts have lengths that this machine can address.
        let table_at = HEADER_BYTES + header.records_bytes() as usize;
        let body_bytes = header.body_bytes() as usize;
        let pages_at = HEADER_BYTES + body_bytes;
        if crc32fast::hash(&map[pages_at..]) != header.page_table_crc {
            return Err(SegmentError::Damaged {
                what: "table of checksums",
            });
        }
        let mut pages = Vec::new();
        pages.resize_with(body_bytes.div_ceil(PAGE_BYTES), || AtomicU8::new(UNREAD));
        Ok(Self {
            map,
            header,
            table_at,
            pages_at,
            pages,
            damaged: AtomicBool::new(false),
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
        self.map.len() as u64
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
            self.damaged.store(true, Ordering::Relaxed);
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
    fn visit_all(&self, found: &Found, limit: u64, mut visit: impl FnMut(u64)) {
        let (place_bits, record_bits) = (self.header.place_bits, u64::from(self.header.record_bits()));
        if let Some(beyond) = found.first.checked_add(limit)
            && beyond < found.end
            && self.record(beyond) >> place_bits == found.wanted
        {
            return;
        }
        let mut bit = found.first * record_bits;
        for _ in found.first..found.end {
            let record = self.record_at(bit);
            if record >> place_bits != found.wanted {
                return;
            }
            visit(record & low_mask(place_bits));
            bit += record_bits;
        }
    }

    /// Checks every page now, instead of when it is first read.
    pub fn verify(&self) -> Result<(), SegmentError> {
        for page in 0..self.pages.len() {
            self.page_is_good(page);
        }
        self.check_read()
    }

    /// Fails when anything read so far was damaged: then postings are missing.
    pub fn check_read(&self) -> Result<(), SegmentError> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(SegmentError::Damaged { what: "postings" });
        }
        Ok(())
    }

    /// The first record of a bucket and the one behind its last, all their pages checked.
    #[inline]
    fn bucket(&self, bucket: usize) -> Option<(u64, u64)> {
        let at = self.table_at + bucket * OFFSET_BYTES;
        if !self.is_checked(at, at + 2 * OFFSET_BYTES) {
            return None;
        }
        let start = layout::decode_offset(&self.map[at..at + OFFSET_BYTES])?;
        let end = layout::decode_offset(&self.map[at + OFFSET_BYTES..at + 2 * OFFSET_BYTES])?;
        if start > end || end > self.header.records {
            return None;
        }
        let byte = |record: u64| HEADER_BYTES + (record * u64::from(self.header.record_bits()) / 8) as usize;
        // The padding lets the last record be read whole.
        self.is_checked(byte(start), byte(end) + PADDING_BYTES)
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
        let word = match self.map.get(at..at + 8) {
            Some(bytes) => u64::from_le_bytes(bytes.try_into().expect("eight bytes were cut out")),
            None => 0,
        };
        (word >> (bit % 8)) & low_mask(self.header.record_bits())
    }

    #[inline]
    fn is_checked(&self, start: usize, end: usize) -> bool {
        let (first, last) = (
            (start - HEADER_BYTES) / PAGE_BYTES,
            (end - 1 - HEADER_BYTES) / PAGE_BYTES,
        );
        last < self.pages.len() && (first..=last).all(|page| self.page_is_good(page))
    }

    #[inline]
    fn page_is_good(&self, page: usize) -> bool {
        match self.pages[page].load(Ordering::Relaxed) {
            GOOD => true,
            BAD => false,
            _ => self.check_page(page),
        }
    }

    #[cold]
    fn check_page(&self, page: usize) -> bool {
        let start = HEADER_BYTES + page * PAGE_BYTES;
        let bytes = &self.map[start..self.pages_at.min(start + PAGE_BYTES)];
        let told = layout::read_u32(&self.map, self.pages_at + page * CHECKSUM_BYTES);
        let good = crc32fast::hash(bytes) == told;
        self.pages[page].store(if good { GOOD } else { BAD }, Ordering::Relaxed);
        if !good {
            self.damaged.store(true, Ordering::Relaxed);
        }
        good
    }
}

#[cfg(test)]
mod tests;
