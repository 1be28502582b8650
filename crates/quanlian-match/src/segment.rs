//! Posting segments: which item holds which key at which position, on disk.
//!
//! In:  `(key, item, position)` triples of any medium, in any order and number.
//! Out: an immutable, memory-mapped file that answers "who holds this key, where".
//!
//! Invariants: memory while writing is bounded by [`SORT_BUDGET_BYTES`] and while
//! reading by the pages touched; the same set of triples gives the same bytes; a
//! segment never changes once it bears its name. A damaged file gives a named error
//! when it is opened or, for the parts not yet read then, from
//! [`Segment::check_read`]; it never gives a panic or postings that were not written.
//!
//! There are two kinds: [`Segment`], for long lists of one key, as texts have them, and [`PackedSegment`], for lists
//! that are mostly short.
//!
//! Not here: what keys mean (the extractors), which segments make up an index
//! (`collection`).
//!
//! # Layout, version 1 (little endian)
//! | part | bytes |
//! |---|---|
//! | header | 256, with the CRC-32 of itself and of the page table |
//! | data | entries, bucket after bucket |
//! | bucket table | 5 a bucket, and 5 for the end: where its entries start |
//! | page table | 4 a page: CRC-32 of each [`PAGE_BYTES`] of data and bucket table |
//!
//! Keys are first mixed by a bijection on their `key_bits`, so that the high bits of
//! the mixed key choose a bucket evenly whatever the medium's keys look like; a bucket
//! holds some four to eight postings, so a look-up is one table read and a short scan. An
//! entry is: difference to the previous key of the bucket, number of postings, and
//! the postings as varint differences. Long lists are cut into several entries (a
//! difference of zero continues the same key), each with its length in bytes, so that
//! neither the writer nor a reader that only counts needs to hold a list.

mod layout;
mod merge;
mod packed;
mod pages;
mod reader;
mod sorter;
mod writer;

use std::io;

pub(crate) use merge::Step;
pub(crate) use packed::Moved;
pub use packed::{PackedSegment, PackedWriter};
pub use reader::{Postings, Segment};
pub use writer::SegmentWriter;

/// One place of a key: in which item, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    /// Number of the item within its collection.
    pub item: u32,
    /// Where the key lies in the item, in the medium's own steps.
    pub position: u32,
}

/// What a segment holds: the family that made its keys, and how wide they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentParameters {
    /// At most [`MAX_FAMILY_BYTES`] of printable ASCII.
    family: String,
    /// Within [`MIN_KEY_BITS`]`..=64`.
    key_bits: u32,
}

impl SegmentParameters {
    /// Names the family (algorithm, version and parameters, such as
    /// `text/han-6-latin-14/1`) and the width of its keys; narrow keys make small files.
    pub fn new(family: &str, key_bits: u32) -> Result<Self, SegmentError> {
        let printable = family.bytes().all(|b| (0x20..0x7f).contains(&b));
        if family.is_empty() || family.len() > MAX_FAMILY_BYTES || !printable {
            return Err(SegmentError::Family {
                limit_bytes: MAX_FAMILY_BYTES,
            });
        }
        if !(MIN_KEY_BITS..=64).contains(&key_bits) {
            return Err(SegmentError::KeyBits { key_bits });
        }
        Ok(Self {
            family: family.to_owned(),
            key_bits,
        })
    }

    /// The family that made the keys.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Number of low bits of a key that count; higher bits are ignored on both sides.
    pub fn key_bits(&self) -> u32 {
        self.key_bits
    }
}

/// Most bytes that a family name may have.
pub const MAX_FAMILY_BYTES: usize = 64;
/// Narrowest keys; below this a plain table would do.
pub const MIN_KEY_BITS: u32 = 8;
/// Postings held in memory while writing; more are sorted and spilled in runs.
pub const SORT_BUDGET_BYTES: usize = 64 << 20;
/// Unit of the checksums: a page is checked when it is first read.
pub const PAGE_BYTES: usize = 16 << 10;

/// Why a segment cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SegmentError {
    /// The name of the family is empty, too long or not printable ASCII.
    #[error("a family name is 1 to {limit_bytes} bytes of printable ASCII")]
    Family { limit_bytes: usize },
    /// The width of the keys is out of range.
    #[error("keys have {key_bits} bits, between 8 and 64 are possible")]
    KeyBits { key_bits: u32 },
    /// Keys and places together are wider than a packed segment can hold.
    #[error(
        "records have {record_bits} bits, a packed segment holds {limit_bits}: write several smaller ones"
    )]
    TooWide { record_bits: u32, limit_bits: u32 },
    /// The operating system refused to read or write.
    #[error("cannot read or write the segment")]
    Io(#[from] io::Error),
    /// The file is not a segment at all.
    #[error("not a posting segment")]
    NotASegment,
    /// A segment of a layout that this program does not know.
    #[error("posting segment has layout version {found}, this program reads version {known}")]
    Version { found: u32, known: u32 },
    /// Somebody asked for the work to end; nothing was written.
    #[error("the work was stopped")]
    Stopped,
    /// The bytes do not agree with their checksums or bounds.
    #[error("posting segment is damaged: {what}")]
    Damaged { what: &'static str },
}

impl SegmentError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Family { .. } => "segment_family",
            Self::KeyBits { .. } => "segment_key_bits",
            Self::TooWide { .. } => "segment_too_wide",
            Self::Io(_) => "segment_io",
            Self::NotASegment => "segment_not_a_segment",
            Self::Version { .. } => "segment_version",
            Self::Stopped => "segment_stopped",
            Self::Damaged { .. } => "segment_damaged",
        }
    }
}

/// Spreads keys evenly over `bits` bits, without ever joining two of them.
///
/// Each step is a bijection on `bits` bits: an xor with its own high part, and a
/// product with an odd number. Evenly spread keys are what the bucket table lives on.
/// Keys in order of this lie one after the other in the file.
pub(crate) fn mix(key: u64, bits: u32) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    let shift = bits.div_ceil(2);
    let mut k = key & mask;
    k ^= k >> shift;
    k = k.wrapping_mul(0x9E37_79B9_7F4A_7C15) & mask;
    k ^= k >> shift;
    k = k.wrapping_mul(0xD6E8_FEB8_6659_FD93) & mask;
    k ^ (k >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    type Triple = (u64, u32, u32);

    fn write(path: &Path, triples: &[Triple], key_bits: u32, budget: usize) -> Segment {
        let parameters = SegmentParameters::new("test/1", key_bits).expect("parameters");
        let mut writer = SegmentWriter::create(path, &parameters)
            .expect("create")
            .with_sort_budget(budget);
        for &(key, item, position) in triples {
            writer.push(key, item, position).expect("push");
        }
        writer.finish().expect("finish")
    }

    fn read_all(segment: &Segment, keys: impl IntoIterator<Item = u64>) -> BTreeMap<u64, Vec<(u32, u32)>> {
        keys.into_iter()
            .map(|key| (key, segment.postings(key).map(|p| (p.item, p.position)).collect()))
            .collect()
    }

    fn model(triples: &[Triple], mask: u64) -> BTreeMap<u64, BTreeSet<(u32, u32)>> {
        let mut model: BTreeMap<u64, BTreeSet<(u32, u32)>> = BTreeMap::new();
        for &(key, item, position) in triples {
            model.entry(key & mask).or_default().insert((item, position));
        }
        model
    }

    fn check_against_model(triples: &[Triple], key_bits: u32, budget: usize) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let segment = write(&dir.path().join("s"), triples, key_bits, budget);
        let model = model(triples, u64::MAX >> (64 - key_bits));
        assert_eq!(segment.key_count(), model.len() as u64);
        assert_eq!(segment.len(), model.values().map(|p| p.len() as u64).sum::<u64>());
        for (key, postings) in &model {
            let got: Vec<_> = segment.postings(*key).map(|p| (p.item, p.position)).collect();
            assert_eq!(got, postings.iter().copied().collect::<Vec<_>>(), "key {key}");
            let documents = postings.iter().map(|p| p.0).collect::<BTreeSet<_>>().len() as u64;
            assert_eq!(segment.document_frequency(*key), documents);
            let absent = key.wrapping_add(1) & (u64::MAX >> (64 - key_bits));
            if !model.contains_key(&absent) {
                assert_eq!(segment.postings(absent).count(), 0);
                assert_eq!(segment.document_frequency(absent), 0);
            }
        }
        segment.check_read().expect("nothing is damaged");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn gives_back_what_a_map_would(
            triples in prop::collection::vec((any::<u64>(), 0..9u32, 0..50u32), 0..400),
            narrow in prop::collection::vec((0..40u64, 0..5u32, any::<u32>()), 0..400),
            key_bits in 8..=64u32,
        ) {
            check_against_model(&triples, key_bits, SORT_BUDGET_BYTES);
            check_against_model(&narrow, key_bits, 512);
        }

        #[test]
        fn a_damaged_file_never_invents_postings(
            at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<Option<prop::sample::Index>>(),
        ) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("s");
            let triples: Vec<Triple> = (0..3000u32).map(|i| (u64::from(i / 3) * 77, i % 5, i)).collect();
            let keys: Vec<u64> = triples.iter().map(|t| t.0).collect();
            let good = read_all(&write(&path, &triples, 40, SORT_BUDGET_BYTES), keys.iter().copied());
            let mut bytes = std::fs::read(&path).expect("read");
            let i = at.index(bytes.len());
            bytes[i] ^= flip;
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let damaged = dir.path().join("d");
            std::fs::write(&damaged, &bytes).expect("write");
            if let Ok(segment) = Segment::open(&damaged) {
                let got = read_all(&segment, keys);
                if got != good {
                    prop_assert_eq!(segment.check_read().expect_err("damage is told").code(), "segment_damaged");
                }
                for (key, postings) in got {
                    let known = &good[&key];
                    prop_assert!(postings.iter().all(|p| known.contains(p)));
                }
            }
        }

        #[test]
        fn foreign_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("s");
            std::fs::write(&path, &bytes).expect("write");
            prop_assert!(Segment::open(&path).is_err());
        }
    }

    #[test]
    fn mixing_never_joins_two_keys() {
        for bits in [8, 9, 13, 16] {
            let mixed: BTreeSet<u64> = (0..1u64 << bits).map(|k| mix(k, bits)).collect();
            assert_eq!(mixed.len(), 1 << bits);
        }
    }

    #[test]
    fn many_spilled_runs_give_the_same_bytes_as_none() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let triples: Vec<Triple> = (0..20_000u32)
            .map(|i| (u64::from(i.wrapping_mul(2_654_435_761) >> 18), i % 7, i))
            .collect();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write(&a, &triples, 40, SORT_BUDGET_BYTES);
        write(&b, &triples, 40, 16 * 150);
        assert_eq!(std::fs::read(a).expect("a"), std::fs::read(b).expect("b"));
    }

    #[test]
    fn a_long_list_is_cut_and_read_back_whole() {
        let triples: Vec<Triple> = (0..200_000u32).map(|i| (5, i / 70_000, i)).collect();
        check_against_model(&triples, 40, SORT_BUDGET_BYTES);
    }

    #[test]
    fn an_unfinished_segment_leaves_no_file_under_its_name() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("s");
        let parameters = SegmentParameters::new("test/1", 40).expect("parameters");
        let mut writer = SegmentWriter::create(&path, &parameters).expect("create");
        writer.push(1, 2, 3).expect("push");
        drop(writer);
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 0);
    }

    #[test]
    fn the_family_is_kept_and_checked() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let segment = write(&dir.path().join("s"), &[(1, 1, 1)], 40, SORT_BUDGET_BYTES);
        assert_eq!((segment.family(), segment.key_bits()), ("test/1", 40));
        assert_eq!(
            SegmentParameters::new("\n", 40).expect_err("refused").code(),
            "segment_family"
        );
        assert_eq!(
            SegmentParameters::new("x", 65).expect_err("refused").code(),
            "segment_key_bits"
        );
    }
}
