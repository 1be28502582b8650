//! Trust policies, and what they say about a note.
//!
//! In:  any bytes, parted at the first zero into a policy and a note.
//! Out: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::{note::Note, policy::Policy};

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (policy, note) = bytes.split_at(cut);
    let Ok(policy) = Policy::parse(policy) else {
        return;
    };
    let note = note.get(1..).and_then(|note| std::str::from_utf8(note).ok());
    if let Some(note) = note.and_then(|note| Note::parse(note).ok()) {
        let report = policy.evaluate(&note);
        assert_eq!(report.witnesses.len(), policy.witnesses().len());
    }
});
