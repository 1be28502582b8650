//! Any bytes as a picture: formats, frames, hashes, features.
//!
//! In:  any bytes.
//! Out: no panic; a picture has sides, and a hash for each frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{allow_caught_panics, file};
use quanlian_match::image::fingerprint_reference;

fuzz_target!(|bytes: &[u8]| {
    allow_caught_panics();
    let mut postings = 0_usize;
    if let Ok(item) = fingerprint_reference(&file("fuzzed.picture", bytes), &mut |_, _| postings += 1) {
        assert!(item.width > 0 && item.height > 0 && !item.hashes.is_empty());
        assert!(postings > 0 || !item.notes.is_empty());
    }
});
