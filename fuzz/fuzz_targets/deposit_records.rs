//! The records of deposits: deposit, log entry, salt, keys of parties.
//!
//! In:  any text.
//! Out: no panic; what is read is written again to the same record.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_evidence::{
    custody::signing,
    deposit::{Deposit, Entry, Salt},
};

fuzz_target!(|text: &str| {
    if let Ok(deposit) = Deposit::from_json(text) {
        let json = deposit.to_json().expect("what was read can be written");
        assert_eq!(Deposit::from_json(&json).expect("and read again"), deposit);
    }
    if let Ok(entry) = Entry::from_json(text) {
        let json = entry.to_json().expect("what was read can be written");
        assert!(Entry::from_json(&json).is_ok());
    }
    if let Some(salt) = Salt::from_hex(text.trim()) {
        assert_eq!(salt.to_hex(), text.trim().to_lowercase());
    }
    let _ = signing::trusted_keys(text);
});
