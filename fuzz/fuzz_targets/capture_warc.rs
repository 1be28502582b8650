//! Any bytes as a WARC: read to an end, within bounds, and never called complete without records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_capture::warc::read::{Bounds, MAX_PROBLEMS, check};

fuzz_target!(|bytes: &[u8]| {
    let bounds = Bounds {
        inflated_bytes: 1 << 20,
        records: 1000,
    };
    let report = check(bytes, bounds).expect("memory does not fail");
    assert!(report.problems.len() <= MAX_PROBLEMS);
    assert!(!report.is_complete() || report.records > 0);
});
