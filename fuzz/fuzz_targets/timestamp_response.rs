//! A response or token of an authority, read and verified.
//!
//! In:  any bytes.
//! Out: nothing; a panic, a hang or memory without bound is a find.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_timestamp::verify::{Asked, Evidence, Stamped, Trust, verify};

fuzz_target!(|bytes: &[u8]| {
    // The same bytes as every input, so that a request is reached too.
    let evidence = Evidence {
        stamped: Some(Stamped::Bytes(b"note")),
        asked: Some(Asked::Request(bytes)),
        response: bytes,
        certificates: &[],
        clock: None,
        at: Some(jiff::Timestamp::UNIX_EPOCH),
    };
    let report = verify(&evidence, &Trust::default());
    assert!(!report.ok, "nobody was trusted");
});
