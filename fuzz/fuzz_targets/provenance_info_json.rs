//! Any bytes as the side file of yt-dlp.
//!
//! Run: `cargo +nightly fuzz run provenance_info_json`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(provenance) = quanlian_provenance::read_info_json(bytes) {
        assert!(provenance.to_metadata().len() <= 80);
    }
});
