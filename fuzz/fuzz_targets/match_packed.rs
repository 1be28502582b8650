//! A packed segment of the match index, as sound and films have it.
//!
//! In:  any bytes; the checksums are made good first, so that what they guard is reached.
//! Out: no panic; a key is told to be common or has no more places than asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{
    file,
    segment::{KEYS, made_good_packed},
};
use quanlian_match::segment::PackedSegment;

/// Places of a key that are asked for.
const LIMIT: u64 = 10;

fuzz_target!(|bytes: &[u8]| {
    let Ok(segment) = PackedSegment::open(&file("fuzzed.packed", &made_good_packed(bytes))) else {
        return;
    };
    let mut seen = [(0_u64, false); KEYS.len()];
    segment.for_each_or_common(&KEYS, LIMIT, |index, place| {
        let (places, is_common) = &mut seen[index];
        match place {
            Some(_) => *places += 1,
            None => *is_common = true,
        }
    });
    for (places, is_common) in seen {
        assert!(places <= LIMIT && !(is_common && places > 0));
    }
    segment.for_each(&KEYS, u64::MAX, |_, _| {});
    let _ = segment.key_count();
    let _ = segment.verify();
    let _ = segment.check_read();
});
