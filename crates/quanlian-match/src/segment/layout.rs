//! The bytes of a segment: header, varints, the table of buckets.
//!
//! In:  numbers, or bytes from a file that may be damaged or hostile.
//! Out: bytes, or numbers that lie within the file.
//!
//! Invariant: every read is bounded by the slice it is given.

use super::{MAX_FAMILY_BYTES, MIN_KEY_BITS, PAGE_BYTES, SegmentError, SegmentParameters};

pub(super) const HEADER_BYTES: usize = 256;
/// Bytes of one entry of the bucket table: offsets up to a terabyte.
pub(super) const OFFSET_BYTES: usize = 5;
/// Bytes of one checksum.
pub(super) const CHECKSUM_BYTES: usize = 4;
/// Postings of one entry; longer lists go on in the next entry.
pub(super) const MAX_ENTRY_POSTINGS: usize = 1 << 14;
/// In place of a count: the entry is a single posting, without counts and list.
pub(super) const LONE_POSTING: u64 = 1;
const MAGIC: &[u8; 8] = b"QLPOSTS\n";
const VERSION: u32 = 1;
const FAMILY_AT: usize = 64;
const CRC_AT: usize = HEADER_BYTES - CHECKSUM_BYTES;
/// Buckets are chosen so that about this many postings share one.
const POSTINGS_PER_BUCKET: u64 = 4;
const MAX_BUCKET_BITS: u32 = 32;

/// What the first [`HEADER_BYTES`] say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) parameters: SegmentParameters,
    pub(super) bucket_bits: u32,
    pub(super) postings: u64,
    pub(super) keys: u64,
    pub(super) data_bytes: u64,
    pub(super) page_table_crc: u32,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut h = [0; HEADER_BYTES];
        h[..8].copy_from_slice(MAGIC);
        h[8..12].copy_from_slice(&VERSION.to_le_bytes());
        h[12..16].copy_from_slice(&self.parameters.key_bits.to_le_bytes());
        h[16..20].copy_from_slice(&self.bucket_bits.to_le_bytes());
        h[20..24].copy_from_slice(&(self.parameters.family.len() as u32).to_le_bytes());
        h[24..32].copy_from_slice(&self.postings.to_le_bytes());
        h[32..40].copy_from_slice(&self.keys.to_le_bytes());
        h[40..48].copy_from_slice(&self.data_bytes.to_le_bytes());
        h[48..52].copy_from_slice(&self.page_table_crc.to_le_bytes());
        let family = self.parameters.family.as_bytes();
        h[FAMILY_AT..FAMILY_AT + family.len()].copy_from_slice(family);
        let crc = crc32fast::hash(&h[..CRC_AT]);
        h[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        h
    }

    pub(super) fn decode(file: &[u8]) -> Result<Self, SegmentError> {
        let h = file.get(..HEADER_BYTES).ok_or(SegmentError::NotASegment)?;
        if &h[..8] != MAGIC {
            return Err(SegmentError::NotASegment);
        }
        let found = read_u32(h, 8);
        if found != VERSION {
            return Err(SegmentError::Version {
                found,
                known: VERSION,
            });
        }
        let damaged = |what| SegmentError::Damaged { what };
        if crc32fast::hash(&h[..CRC_AT]) != read_u32(h, CRC_AT) {
            return Err(damaged("header checksum"));
        }
        let key_bits = read_u32(h, 12);
        let bucket_bits = read_u32(h, 16);
        let family_bytes = read_u32(h, 20) as usize;
        if !(MIN_KEY_BITS..=64).contains(&key_bits) || bucket_bits > key_bits.min(MAX_BUCKET_BITS) {
            return Err(damaged("widths in the header"));
        }
        if family_bytes > MAX_FAMILY_BYTES {
            return Err(damaged("family in the header"));
        }
        let family = std::str::from_utf8(&h[FAMILY_AT..FAMILY_AT + family_bytes])
            .map_err(|_| damaged("family in the header"))?;
        let header = Self {
            parameters: SegmentParameters::new(family, key_bits)
                .map_err(|_| damaged("family in the header"))?,
            bucket_bits,
            postings: read_u64(h, 24),
            keys: read_u64(h, 32),
            data_bytes: read_u64(h, 40),
            page_table_crc: read_u32(h, 48),
        };
        if header.file_bytes() != Some(file.len() as u64) {
            return Err(damaged("the file is shorter or longer than its header says"));
        }
        Ok(header)
    }

    /// Length of the checked part: data and bucket table.
    pub(super) fn body_bytes(&self) -> Option<u64> {
        let table = ((1u64 << self.bucket_bits) + 1) * OFFSET_BYTES as u64;
        self.data_bytes.checked_add(table)
    }

    /// Length of the whole file, or `None` when it cannot be that long.
    fn file_bytes(&self) -> Option<u64> {
        let body = self.body_bytes()?;
        let pages = body.div_ceil(PAGE_BYTES as u64);
        pages
            .checked_mul(CHECKSUM_BYTES as u64)?
            .checked_add(body)?
            .checked_add(HEADER_BYTES as u64)
    }
}

/// How many high bits of a mixed key choose its bucket.
pub(super) fn bucket_bits(postings: u64, key_bits: u32) -> u32 {
    let buckets = (postings / POSTINGS_PER_BUCKET).max(1);
    buckets.ilog2().min(key_bits).min(MAX_BUCKET_BITS)
}

/// What stands before a list: its length, with zero for one, since one is taken.
pub(super) fn list_tag(count: usize) -> u64 {
    if count == 1 { 0 } else { count as u64 }
}

pub(super) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were cut out"))
}

pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were cut out"))
}

pub(super) fn encode_offset(offset: u64) -> [u8; OFFSET_BYTES] {
    let b = offset.to_le_bytes();
    [b[0], b[1], b[2], b[3], b[4]]
}

pub(super) fn decode_offset(b: &[u8]) -> Option<u64> {
    let b: &[u8; OFFSET_BYTES] = b.try_into().ok()?;
    Some(u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], 0, 0, 0]))
}

/// Appends a number as seven bits a byte, low bits first.
pub(super) fn push_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Reads a number and moves the slice on; `None` at the end or past 64 bits.
#[inline]
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    const CONTINUE: u64 = 0x8080_8080_8080_8080;
    // The lengths of numbers cannot be foreseen, so eight bytes are read at once and nothing branches on them.
    if let Some((&word, _)) = bytes.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(word);
        let ends = !word & CONTINUE;
        if ends != 0 {
            let length = ends.trailing_zeros() as usize / 8 + 1;
            let sevens = word & !CONTINUE & (u64::MAX >> (64 - 8 * length));
            let pairs = sevens & 0x007f_007f_007f_007f | (sevens & 0x7f00_7f00_7f00_7f00) >> 1;
            let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
            *bytes = &bytes[length..];
            return Some(fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4);
        }
    }
    take_varint_bytewise(bytes)
}

#[inline(never)]
fn take_varint_bytewise(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    let mut shift = 0;
    loop {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift == 63 && b > 1 {
            return None;
        }
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return Some(n);
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}

/// Moves the slice on behind two numbers; `None` at the end or past 64 bits.
#[inline]
pub(super) fn skip_two_varints(bytes: &mut &[u8]) -> Option<()> {
    const LAST_BYTE: u64 = 0x8080_8080_8080_8080;
    if let Some(&word) = bytes.first_chunk() {
        let ends = !u64::from_le_bytes(word) & LAST_BYTE;
        let second = ends & ends.wrapping_sub(1);
        if second != 0 {
            *bytes = &bytes[second.trailing_zeros() as usize / 8 + 1..];
            return Some(());
        }
    }
    take_varint(bytes)?;
    take_varint(bytes)?;
    Some(())
}

/// Reads a number that must fit into 32 bits.
#[inline]
pub(super) fn take_varint32(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_round_trip(n in any::<u64>(), small in 0..300u64) {
            for n in [n, small, 0, u64::MAX] {
                let mut bytes = Vec::new();
                push_varint(&mut bytes, n);
                let mut rest = &bytes[..];
                prop_assert_eq!(take_varint(&mut rest), Some(n));
                prop_assert!(rest.is_empty());
                bytes.extend_from_slice(&[0xff; 8]);
                let mut rest = &bytes[..];
                prop_assert_eq!(take_varint(&mut rest), Some(n));
                prop_assert_eq!(rest, [0xff; 8]);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut rest = &bytes[..];
            while take_varint(&mut rest).is_some() {}
        }
    }
}
