//! An evidence record, read, written again and verified.
//!
//! In:  any bytes.
//! Out: nothing; a panic, a hang or memory without bound is a find.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_timestamp::{
    record::{Document, EvidenceRecord, verify_record},
    verify::Trust,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = EvidenceRecord::from_bytes(bytes) else {
        return;
    };
    let der = record.to_der();
    let again = EvidenceRecord::from_bytes(&der).expect("what was written is read");
    assert_eq!(again.to_der(), der);
    let documents = [Document::Bytes(b"note")];
    let at = jiff::Timestamp::UNIX_EPOCH;
    let report = verify_record(&record, &documents, &[], &Trust::default(), at);
    assert!(!report.ok, "nobody was trusted");
});
