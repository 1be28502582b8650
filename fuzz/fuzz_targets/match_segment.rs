//! A segment of the match index.
//!
//! In:  any bytes; the checksums are made good first, so that what they guard is reached.
//! Out: no panic; a segment that verifies gives as many postings as it says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{
    file,
    segment::{KEYS, made_good},
};
use quanlian_match::segment::Segment;

fuzz_target!(|bytes: &[u8]| {
    let Ok(segment) = Segment::open(&file("fuzzed.seg", &made_good(bytes))) else {
        return;
    };
    for key in KEYS {
        let _ = segment.postings(key).take(1 << 20).count();
        let _ = segment.postings_of_rare(key, 10).map(Iterator::count);
        let _ = segment.document_frequency(key);
    }
    let _ = segment.verify();
    let _ = segment.check_read();
});
