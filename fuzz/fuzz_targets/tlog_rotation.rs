//! Entries that claim to be a rotation of keys.
//!
//! In:  any bytes.
//! Out: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::rotation::Rotation;

fuzz_target!(|bytes: &[u8]| {
    let _ = Rotation::open(bytes);
});
