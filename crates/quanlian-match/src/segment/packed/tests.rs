//! Packed segments against a map, against damage and against foreign bytes.

use super::header::{CRC_AT, Header, MAGIC};
use super::*;
use crate::segment::{SORT_BUDGET_BYTES, SegmentParameters};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn write(path: &Path, pairs: &[(u64, u64)], key_bits: u32, budget: usize) -> PackedSegment {
    let parameters = SegmentParameters::new("test/1", key_bits).expect("parameters");
    let mut writer = PackedWriter::create(path, &parameters)
        .expect("create")
        .with_sort_budget(budget);
    for &(key, place) in pairs {
        writer.push(key, place).expect("push");
    }
    writer.finish().expect("finish")
}

fn read(segment: &PackedSegment, key: u64, limit: u64) -> Vec<u64> {
    let mut places = Vec::new();
    segment.for_each(&[key], limit, |_, place| places.push(place));
    places
}

fn check_against_model(pairs: &[(u64, u64)], key_bits: u32, budget: usize) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let segment = write(&dir.path().join("s"), pairs, key_bits, budget);
    let mask = u64::MAX >> (64 - key_bits);
    let mut model: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for &(key, place) in pairs {
        model.entry(key & mask).or_default().insert(place);
    }
    assert_eq!(segment.len(), model.values().map(|p| p.len() as u64).sum::<u64>());
    assert_eq!(segment.key_count(), model.len() as u64);
    for (key, places) in &model {
        let places: Vec<u64> = places.iter().copied().collect();
        let count = places.len() as u64;
        assert_eq!(read(&segment, *key, u64::MAX), places);
        assert_eq!(read(&segment, *key, count), places);
        assert!(read(&segment, *key, count - 1).is_empty());
        let absent = key.wrapping_add(1) & mask;
        if !model.contains_key(&absent) {
            assert!(read(&segment, absent, u64::MAX).is_empty());
        }
    }
    let keys: Vec<u64> = model.keys().copied().collect();
    let mut together: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    segment.for_each(&keys, u64::MAX, |index, place| {
        together.entry(keys[index]).or_default().insert(place);
    });
    assert_eq!(together, model);
    segment.verify().expect("nothing is damaged");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn gives_back_what_a_map_would(
        pairs in prop::collection::vec((any::<u64>(), 0..1_000_000u64), 0..400),
        narrow in prop::collection::vec((0..9u64, 0..1u64 << 40), 0..400),
        key_bits in 8..=30u32,
    ) {
        check_against_model(&pairs, key_bits, SORT_BUDGET_BYTES);
        check_against_model(&narrow, key_bits.min(17), 512);
    }

    #[test]
    fn a_damaged_file_never_invents_postings(
        at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<Option<prop::sample::Index>>(),
    ) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("s");
        let pairs: Vec<(u64, u64)> = (0..3000).map(|i| (i / 3 * 77, i * 5)).collect();
        let good = write(&path, &pairs, 26, SORT_BUDGET_BYTES);
        let mut bytes = std::fs::read(&path).expect("read");
        let i = at.index(bytes.len());
        bytes[i] ^= flip;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let damaged = dir.path().join("d");
        std::fs::write(&damaged, &bytes).expect("write");
        if let Ok(segment) = PackedSegment::open(&damaged) {
            let mut missing = false;
            for (key, _) in pairs {
                let (told, known) = (read(&segment, key, u64::MAX), read(&good, key, u64::MAX));
                missing |= told != known;
                prop_assert!(told.iter().all(|place| known.contains(place)));
            }
            if missing {
                prop_assert_eq!(segment.check_read().expect_err("damage is told").code(), "segment_damaged");
            }
        }
    }

    #[test]
    fn foreign_bytes_are_refused_without_a_panic(
        magic in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("s");
        let start: &[u8] = if magic { MAGIC } else { b"" };
        std::fs::write(&path, [start, &bytes].concat()).expect("write");
        prop_assert!(PackedSegment::open(&path).is_err());
    }
}

#[test]
fn a_header_with_a_right_checksum_and_wrong_widths_is_refused() {
    let header = Header {
        parameters: SegmentParameters::new("test/1", 26).expect("parameters"),
        bucket_bits: 0,
        place_bits: 30,
        records: 0,
        page_table_crc: 0,
    };
    for (at, value) in [
        (12, 65),
        (12, 7),
        (16, 27),
        (16, u32::MAX),
        (20, 0),
        (20, 58),
        (24, 65),
    ] {
        let mut bytes = header.encode();
        bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        let crc = crc32fast::hash(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        let refused = Header::decode(&bytes).expect_err("refused");
        assert_eq!(refused.code(), "segment_damaged", "{at} {value}");
    }
}

#[test]
fn a_long_list_among_others_is_found_by_halving() {
    let pairs: Vec<(u64, u64)> = (0..50_000).map(|i| (if i % 2 == 0 { 5 } else { i }, i)).collect();
    check_against_model(&pairs[..20_000], 20, 1 << 16);
}

#[test]
fn records_that_are_too_wide_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let parameters = SegmentParameters::new("test/1", 40).expect("parameters");
    let mut writer = PackedWriter::create(&dir.path().join("s"), &parameters).expect("create");
    writer.push(1, 1 << 40).expect("push");
    assert_eq!(writer.finish().expect_err("refused").code(), "segment_too_wide");
}
