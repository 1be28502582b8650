//! Requests to a witness.
//!
//! In:  any bytes.
//! Out: no panic; what is read is written as it was, but for the base64 of signatures.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::witness::AddCheckpoint;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        let written = request.to_string();
        let again = AddCheckpoint::parse(written.as_bytes());
        assert!(again.is_ok_and(|again| again == request));
    }
});
