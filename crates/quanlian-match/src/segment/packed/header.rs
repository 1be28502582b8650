//! The header of a packed segment.
//!
//! In:  widths and counts, or the bytes of a file that may be damaged or hostile.
//! Out: 256 bytes, or widths and counts that fit the file.
//!
//! Invariant: a header that was decoded names exactly the length of its file, and no width that a reader cannot take.

use crate::segment::layout::{self, CHECKSUM_BYTES, HEADER_BYTES, OFFSET_BYTES};
use crate::segment::{MAX_FAMILY_BYTES, MIN_KEY_BITS, PAGE_BYTES, SegmentError, SegmentParameters};

pub(super) const MAGIC: &[u8; 8] = b"QLPACKD\n";
const VERSION: u32 = 1;
const FAMILY_AT: usize = 64;
pub(super) const CRC_AT: usize = HEADER_BYTES - CHECKSUM_BYTES;

/// Widest record: any record is then within one unaligned read of eight bytes.
pub(super) const MAX_RECORD_BITS: u32 = 57;

/// Bytes behind the last record, so that it can be read like all others.
pub(super) const PADDING_BYTES: usize = 8;

/// Highest number of a record that a place in the bucket table can hold.
pub(super) const MAX_RECORDS: u64 = 1 << 37;

/// What the first bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) parameters: SegmentParameters,
    pub(super) bucket_bits: u32,
    pub(super) place_bits: u32,
    pub(super) records: u64,
    pub(super) page_table_crc: u32,
}

impl Header {
    pub(super) fn rest_bits(&self) -> u32 {
        self.parameters.key_bits() - self.bucket_bits
    }

    pub(super) fn record_bits(&self) -> u32 {
        self.rest_bits() + self.place_bits
    }

    pub(super) fn records_bytes(&self) -> u64 {
        (self.records * u64::from(self.record_bits())).div_ceil(8) + PADDING_BYTES as u64
    }

    pub(super) fn body_bytes(&self) -> u64 {
        self.records_bytes() + ((1u64 << self.bucket_bits) + 1) * OFFSET_BYTES as u64
    }

    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
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

    pub(super) fn decode(file: &[u8]) -> Result<Self, SegmentError> {
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
