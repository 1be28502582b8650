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
//! | page table | 4 a page: CRC-32 of each [`super::PAGE_BYTES`] of records and bucket table |

mod header;
mod reader;
mod writer;

pub use reader::PackedSegment;
pub(crate) use writer::Moved;
pub use writer::PackedWriter;

fn low_mask(bits: u32) -> u64 {
    (1_u64 << bits) - 1
}

#[cfg(test)]
mod tests;
