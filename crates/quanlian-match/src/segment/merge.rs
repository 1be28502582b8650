//! Merging segments: the postings of several as one, under other numbers, without a sort.
//!
//! In:  open segments, and for each what becomes of its items or places.
//! Out: one new segment, the one that a writer would have made of the postings that are left.
//!
//! Each segment gives its postings in order, and a renumbering that keeps their order within one segment leaves them in
//! order; so the smallest of all heads is always the next. Read twice: once to count, because the width of the bucket
//! table follows from the count, and once to write.
//!
//! Invariants: memory is bounded by the number of segments; a posting that is out of order or beyond the width of the
//! keys, which only damage or a hostile file can bring, ends the merge with an error, and so does any damaged page.
//!
//! Not here: which segments are merged (`collection::merge`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::SegmentError;
use super::sorter::Record;

/// Postings between two looks at whether to go on.
const STEP_POSTINGS: u64 = 1 << 16;

/// Hears how many more postings were read; says whether to go on.
pub(crate) type Step<'a> = &'a mut dyn FnMut(u64) -> bool;

/// Calls `sink` with all records of all sources in order, and `step` now and then.
pub(super) fn merge<S: Iterator<Item = Record>>(
    mut sources: Vec<S>,
    key_bits: u32,
    step: Step<'_>,
    mut sink: impl FnMut(Record) -> Result<(), SegmentError>,
) -> Result<(), SegmentError> {
    let out_of_order = SegmentError::Damaged {
        what: "order of postings",
    };
    let mut heads: BinaryHeap<Reverse<(Record, usize)>> = BinaryHeap::with_capacity(sources.len());
    for (source, records) in sources.iter_mut().enumerate() {
        heads.extend(records.next().map(|record| Reverse((record, source))));
    }
    let highest_key = u64::MAX >> (64 - key_bits);
    let (mut last, mut read) = (None, 0);
    while let Some(Reverse((record, source))) = heads.pop() {
        if last > Some(record) || (record >> 64) as u64 > highest_key {
            return Err(out_of_order);
        }
        last = Some(record);
        read += 1;
        if read == STEP_POSTINGS {
            if !step(read) {
                return Err(SegmentError::Stopped);
            }
            read = 0;
        }
        sink(record)?;
        heads.extend(sources[source].next().map(|record| Reverse((record, source))));
    }
    if step(read) {
        Ok(())
    } else {
        Err(SegmentError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Moved, PackedSegment, PackedWriter, Segment, SegmentParameters, SegmentWriter};
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn parameters() -> SegmentParameters {
        SegmentParameters::new("test/1", 16).expect("parameters")
    }

    fn segment(path: &Path, postings: impl IntoIterator<Item = (u64, u32, u32)>) -> Segment {
        let mut writer = SegmentWriter::create(path, &parameters()).expect("create");
        for (key, item, position) in postings {
            writer.push(key, item, position).expect("push");
        }
        writer.finish().expect("finish")
    }

    fn packed(path: &Path, postings: impl IntoIterator<Item = (u64, u64)>) -> PackedSegment {
        let mut writer = PackedWriter::create(path, &parameters()).expect("create");
        for (key, place) in postings {
            writer.push(key, place).expect("push");
        }
        writer.finish().expect("finish")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_merged_segment_is_the_one_that_would_have_been_written(
            postings in prop::collection::btree_set((0..70u64, 0..12u32, 0..40u32), 0..600),
            gone in prop::collection::btree_set(0..12u32, 0..4),
        ) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let at = |name: &str| dir.path().join(name);
            // Items 0 to 4 in one segment, the others in the second, under numbers of its own.
            let parts = [0..5u32, 5..12];
            let (mut segments, mut numbers, mut next) = (Vec::new(), Vec::new(), 0);
            for (i, range) in parts.iter().enumerate() {
                let own = postings.iter().filter(|p| range.contains(&p.1));
                segments.push(segment(&at(&i.to_string()), own.map(|&(k, item, p)| (k, item - range.start, p))));
                let new: Vec<Option<u32>> = range.clone().map(|item| (!gone.contains(&item)).then(|| { next += 1; next - 1 })).collect();
                numbers.push(new);
            }
            let sources: Vec<(&Segment, &[Option<u32>])> = segments.iter().zip(&numbers).map(|(s, n)| (s, &n[..])).collect();
            let merged = SegmentWriter::merge(&at("merged"), &parameters(), &sources, &mut |_| true).expect("merge");
            let new_number = |item: u32| numbers.concat()[item as usize];
            let kept: BTreeSet<_> = postings.iter().filter_map(|&(k, item, p)| Some((k, new_number(item)?, p))).collect();
            segment(&at("wanted"), kept.iter().copied());
            prop_assert_eq!(std::fs::read(at("merged")).expect("read"), std::fs::read(at("wanted")).expect("read"));
            prop_assert_eq!(merged.len(), kept.len() as u64);
        }

        #[test]
        fn a_merged_packed_segment_is_the_one_that_would_have_been_written(
            postings in prop::collection::btree_set((0..70u64, 0..400u64), 0..600), moved in 0..1000u64, gone in 0..400u64,
        ) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let at = |name: &str| dir.path().join(name);
            let (low, high): (Vec<_>, Vec<_>) = postings.iter().copied().partition(|p| p.1 < 200);
            let (low, high) = (packed(&at("low"), low), packed(&at("high"), high));
            let keep = |place: u64| (place < gone).then_some(place);
            let shift = |place: u64| (place > gone).then(|| place + moved);
            let sources: [Moved<'_>; 2] = [(&low, &keep), (&high, &shift)];
            PackedWriter::merge(&at("merged"), &parameters(), &sources, &mut |_| true).expect("merge");
            packed(&at("wanted"), postings.iter().filter_map(|&(key, place)| {
                Some((key, if place < 200 { keep(place) } else { shift(place) }?))
            }));
            prop_assert_eq!(std::fs::read(at("merged")).expect("read"), std::fs::read(at("wanted")).expect("read"));
        }

        #[test]
        fn a_damaged_source_is_never_merged(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("s");
            drop(segment(&path, (0..900u32).map(|i| (u64::from(i / 3), i % 5, i))));
            let mut bytes = std::fs::read(&path).expect("read");
            let i = at.index(bytes.len());
            bytes[i] ^= flip;
            std::fs::write(&path, &bytes).expect("write");
            if let Ok(segment) = Segment::open(&path) {
                let numbers: Vec<Option<u32>> = (0..5).map(Some).collect();
                let to = dir.path().join("t");
                prop_assert!(SegmentWriter::merge(&to, &parameters(), &[(&segment, &numbers)], &mut |_| true).is_err());
                prop_assert!(!to.is_file());
            }
        }
    }

    #[test]
    fn a_merge_ends_when_it_is_told_to() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let source = segment(&dir.path().join("s"), (0..90u32).map(|i| (u64::from(i), 0, i)));
        let to = dir.path().join("t");
        let told = SegmentWriter::merge(&to, &parameters(), &[(&source, &[Some(0)])], &mut |_| false);
        assert_eq!(told.expect_err("stopped").code(), "segment_stopped");
        assert!(!to.is_file());
    }
}
