//! The bytes of a segment: its header, and the frames behind it.
//!
//! In:  entries, the salt of the segment.
//! Out: one frame a batch; or, from any bytes, the batch that they hold, or nothing.
//!
//! | frame | bytes |
//! |---|---|
//! | magic | 4 |
//! | CRC32C of the salt and the rest of this header | 4 |
//! | CRC32C of the salt and the payload | 4 |
//! | length of the payload | 4 |
//! | number of entries | 4 |
//! | number of the first entry | 8 |
//! | payload: each entry after its length in two bytes | |
//! | zeros to the end of the sector | |
//!
//! All numbers are big-endian, as in entry bundles. The header has a checksum of its own,
//! so that no length is believed that a hostile entry has made up.

use sha2::{Digest, Sha256};

use crate::{
    disk::SALT_BYTES,
    log::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES},
    tile::MAX_ENTRY_BYTES,
};

/// What a disk writes whole or not at all; headers and frames begin at multiples of it.
pub(super) const SECTOR_BYTES: usize = 512;
/// The longest frame.
pub(super) const MAX_FRAME_BYTES: usize =
    (FRAME_HEADER_BYTES + MAX_BATCH_BYTES + 2 * MAX_BATCH_ENTRIES).next_multiple_of(SECTOR_BYTES);

const SEGMENT_MAGIC: &[u8; 16] = b"quanlian-wal v1\n";
const ORIGIN_BYTES: usize = 32;
const SEGMENT_HEADER_BYTES: usize = SEGMENT_MAGIC.len() + ORIGIN_BYTES + 8 + SALT_BYTES;

const FRAME_MAGIC: [u8; 4] = *b"qlwf";
const FRAME_HEADER_BYTES: usize = 28;
/// What the checksum of a frame's header covers.
const COVERED_HEADER: std::ops::Range<usize> = 8..FRAME_HEADER_BYTES;

/// The first sector of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// SHA-256 of the log's name.
    origin: [u8; ORIGIN_BYTES],
    /// The number of the first entry.
    pub(super) first: u64,
    /// Goes into every checksum of the segment.
    salt: [u8; SALT_BYTES],
}

impl SegmentHeader {
    pub(super) fn new(origin: &str, first: u64, salt: [u8; SALT_BYTES]) -> Self {
        Self {
            origin: digest(origin),
            first,
            salt,
        }
    }

    pub(super) fn is_of(&self, origin: &str) -> bool {
        self.origin == digest(origin)
    }

    /// One sector.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SECTOR_BYTES);
        bytes.extend_from_slice(SEGMENT_MAGIC);
        bytes.extend_from_slice(&self.origin);
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.salt);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_be_bytes());
        bytes.resize(SECTOR_BYTES, 0);
        bytes
    }

    /// `None` when the bytes do not begin with a whole header.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(SEGMENT_HEADER_BYTES)?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        if crc32c::crc32c(header) != u32::from_be_bytes(*crc) {
            return None;
        }
        let header = header.strip_prefix(SEGMENT_MAGIC)?;
        let (origin, header) = header.split_first_chunk()?;
        let (first, header) = header.split_first_chunk()?;
        let (salt, _) = header.split_first_chunk()?;
        Some(Self {
            origin: *origin,
            first: u64::from_be_bytes(*first),
            salt: *salt,
        })
    }
}

fn digest(origin: &str) -> [u8; ORIGIN_BYTES] {
    Sha256::digest(origin).into()
}

/// Entries that become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Room for the frame's header, then the payload; padded once sealed.
    bytes: Vec<u8>,
    payload_end: usize,
    first: u64,
    count: u32,
}

impl Batch {
    /// No entries yet; the first will have the number `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            bytes: vec![0; FRAME_HEADER_BYTES],
            payload_end: FRAME_HEADER_BYTES,
            first,
            count: 0,
        }
    }

    /// Adds an entry; the log has checked its length and the size of the batch.
    pub(crate) fn push(&mut self, entry: &[u8]) {
        debug_assert!(entry.len() <= MAX_ENTRY_BYTES, "the log refuses longer entries");
        self.bytes.extend_from_slice(&(entry.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(entry);
        self.payload_end = self.bytes.len();
        self.count += 1;
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The number after the last entry.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many entries.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// Bytes that it holds in memory, about.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The entries in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &[u8]> {
        Entries(&self.bytes[FRAME_HEADER_BYTES..self.payload_end])
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(&self) -> usize {
        self.payload_end.next_multiple_of(SECTOR_BYTES)
    }

    /// The frame of this batch in the segment of `header`.
    pub(super) fn seal(&mut self, header: &SegmentHeader) -> &[u8] {
        let payload_bytes = (self.payload_end - FRAME_HEADER_BYTES) as u32;
        self.bytes[..4].copy_from_slice(&FRAME_MAGIC);
        let crc = checksum(&header.salt, &self.bytes[FRAME_HEADER_BYTES..self.payload_end]);
        self.bytes[8..12].copy_from_slice(&crc.to_be_bytes());
        self.bytes[12..16].copy_from_slice(&payload_bytes.to_be_bytes());
        self.bytes[16..20].copy_from_slice(&self.count.to_be_bytes());
        self.bytes[20..28].copy_from_slice(&self.first.to_be_bytes());
        let crc = checksum(&header.salt, &self.bytes[COVERED_HEADER]);
        self.bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        self.bytes.resize(self.frame_bytes(), 0);
        &self.bytes
    }

    /// The sealed frame, and `zeros` behind it.
    pub(super) fn sealed_with_zeros(&mut self, zeros: usize) -> &[u8] {
        self.bytes.resize(self.bytes.len() + zeros, 0);
        &self.bytes
    }

    /// Undoes [`Self::sealed_with_zeros`].
    pub(super) fn drop_zeros(&mut self, zeros: usize) {
        self.bytes.truncate(self.bytes.len() - zeros);
    }
}

struct Entries<'b>(&'b [u8]);

impl<'b> Iterator for Entries<'b> {
    type Item = &'b [u8];
    fn next(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some(entry)
    }
}

/// What stands at the begin of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A frame of this segment.
    Frame(Batch),
    /// A frame with a valid checksum that this program would not write.
    Misshapen,
    /// No frame.
    Nothing,
}

/// Looks for a frame at the begin of `bytes`.
pub(super) fn find(bytes: &[u8], header: &SegmentHeader) -> Found {
    let Some(parts) = FrameParts::at(bytes, header) else {
        return Found::Nothing;
    };
    let frame = &bytes[..parts.payload_end];
    let batch = Batch {
        bytes: frame.to_vec(),
        payload_end: parts.payload_end,
        first: parts.first,
        count: parts.count,
    };
    let (counted, held) = batch
        .entries()
        .fold((0, 0), |(count, held), entry| (count + 1, held + 2 + entry.len()));
    let is_whole = counted == batch.count() && held == parts.payload_end - FRAME_HEADER_BYTES;
    if is_whole && !batch.is_empty() && parts.first.checked_add(u64::from(parts.count)).is_some() {
        Found::Frame(batch)
    } else {
        Found::Misshapen
    }
}

struct FrameParts {
    payload_end: usize,
    first: u64,
    count: u32,
}

impl FrameParts {
    fn at(bytes: &[u8], header: &SegmentHeader) -> Option<Self> {
        let rest = bytes.strip_prefix(&FRAME_MAGIC)?;
        let (header_crc, rest) = rest.split_first_chunk()?;
        let (payload_crc, rest) = rest.split_first_chunk()?;
        let (payload_bytes, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (first, _) = rest.split_first_chunk()?;
        let fits = |crc: &[u8; 4], covered| checksum(&header.salt, covered) == u32::from_be_bytes(*crc);
        // Checked before any of it is believed.
        if !fits(header_crc, &bytes[COVERED_HEADER]) {
            return None;
        }
        let payload_end = FRAME_HEADER_BYTES.checked_add(u32::from_be_bytes(*payload_bytes) as usize)?;
        if !fits(payload_crc, bytes.get(FRAME_HEADER_BYTES..payload_end)?) {
            return None;
        }
        Some(Self {
            payload_end,
            first: u64::from_be_bytes(*first),
            count: u32::from_be_bytes(*count),
        })
    }
}

fn checksum(salt: &[u8; SALT_BYTES], covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(salt), covered)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader::new("log.example/wal", 7, [3; SALT_BYTES])
    }

    fn sealed(entries: &[&[u8]]) -> (Batch, Vec<u8>) {
        let mut batch = Batch::new(7);
        for entry in entries {
            batch.push(entry);
        }
        let bytes = batch.seal(&header()).to_vec();
        (batch, bytes)
    }

    #[test]
    fn a_frame_comes_back_and_fills_whole_sectors() {
        for entries in [[b"a".as_slice(), b"", &[9; 700]].as_slice(), &[b""]] {
            let (batch, bytes) = sealed(entries);
            assert_eq!(bytes.len() % SECTOR_BYTES, 0);
            let Found::Frame(found) = find(&bytes, &header()) else {
                panic!("no frame")
            };
            assert_eq!((found.first(), found.end()), (7, 7 + entries.len() as u64));
            assert_eq!(found.entries().collect::<Vec<_>>(), entries);
            assert_eq!(found.frame_bytes(), batch.frame_bytes());
        }
    }

    #[test]
    fn every_changed_bit_of_a_frame_or_header_is_noticed() {
        let (batch, bytes) = sealed(&[b"entry one", b"entry two"]);
        for bit in 0..batch.payload_end * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(find(&changed, &header()), Found::Nothing, "bit {bit}");
        }
        let encoded = header().encode();
        assert_eq!(SegmentHeader::decode(&encoded), Some(header()));
        for bit in 0..(SEGMENT_HEADER_BYTES + 4) * 8 {
            let mut changed = encoded.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&changed), None, "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_segment_is_none() {
        let (_, bytes) = sealed(&[b"planted"]);
        let other = SegmentHeader::new("log.example/wal", 7, [4; SALT_BYTES]);
        assert_eq!(find(&bytes, &other), Found::Nothing);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), with_magic: bool) {
            if with_magic && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&FRAME_MAGIC);
            }
            let _ = find(&bytes, &header());
            let _ = SegmentHeader::decode(&bytes);
        }

        #[test]
        fn counts_that_do_not_fit_the_payload_are_misshapen(count: u32, payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut batch = Batch::new(7);
            batch.bytes.extend_from_slice(&payload);
            batch.payload_end = batch.bytes.len();
            batch.count = count;
            let bytes = batch.seal(&header()).to_vec();
            match find(&bytes, &header()) {
                Found::Frame(found) => prop_assert_eq!(found.entries().count(), count as usize),
                other => prop_assert_eq!(other, Found::Misshapen),
            }
        }
    }
}
