//! Web archives, for the media in them.
//!
//! In:  any bytes.
//! Out: no panic; what is taken out is as long as it is said to be, and no more than was asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{file, scratch};
use quanlian_watch::archive::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        file_bytes: 1 << 16,
        total_bytes: 1 << 18,
    };
    let content = read(&file("fuzzed.warc", bytes), &scratch(), limits).expect("the folder takes it");
    let mut total_bytes = 0;
    for taken in &content.taken {
        let size_bytes = taken.file.as_file().metadata().expect("it is there").len();
        assert!(size_bytes == taken.size_bytes && size_bytes <= limits.file_bytes);
        total_bytes += size_bytes;
    }
    assert!(total_bytes <= limits.total_bytes);
});
