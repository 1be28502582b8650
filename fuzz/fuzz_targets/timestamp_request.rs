//! A request to the demonstration authority.
//!
//! In:  any bytes.
//! Out: no panic; every answer can be read, and a request that is read is written as it was read.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use quanlian_timestamp::{ber::Integer, demo::Authority, request::Request, response::Response};

fuzz_target!(|bytes: &[u8]| {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    let at = |text: &str| text.parse().expect("a time");
    let authority = AUTHORITY.get_or_init(|| {
        Authority::new(&[1; 32], at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z"))
            .expect("an authority")
    });
    let serial = Integer::from_unsigned(&[1]).expect("a number");
    let answer = authority.answer(bytes, &serial, at("2026-06-01T00:00:00Z"));
    Response::from_bytes(&answer).expect("what was written is read");
    if let Ok(request) = Request::from_bytes(bytes) {
        let der = request.to_der();
        let again = Request::from_bytes(&der).expect("what was written is read");
        assert_eq!(again.to_der(), der);
    }
});
