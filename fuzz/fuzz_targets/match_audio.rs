//! Any bytes as a sound file: containers, codecs, resampling.
//!
//! In:  any bytes.
//! Out: no panic, and no more sound than the program takes; samples are finite.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::allow_caught_panics;
use quanlian_match::audio::decode::decode;

fuzz_target!(|bytes: &[u8]| {
    allow_caught_panics();
    let mut sink = |block: &[f32]| assert!(block.iter().all(|sample| sample.is_finite()));
    let _ = decode(Box::new(Cursor::new(bytes.to_vec())), &mut sink);
});
