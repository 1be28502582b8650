//! A certificate, in DER or PEM.
//!
//! In:  any bytes.
//! Out: nothing; a panic, a hang or memory without bound is a find.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_timestamp::{certificate::Certificate, chain};

fuzz_target!(|bytes: &[u8]| {
    for certificate in Certificate::from_file(bytes).unwrap_or_default() {
        let pem = certificate.to_pem();
        let again = Certificate::from_pem(&pem).expect("what was written is read");
        assert_eq!(again, [certificate.clone()]);
        let (from, _) = certificate.validity();
        let _ = chain::find(&certificate, &again, &[], from);
    }
});
