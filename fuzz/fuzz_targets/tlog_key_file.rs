//! Key files, plain and sealed, and key texts. A seal is read and not opened, which is slow on purpose.
//!
//! In:  any bytes.
//! Out: no panic; a key text has one spelling.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::{key::PublicKey, key_file::describe_key_text};

fuzz_target!(|text: &str| {
    let _ = describe_key_text(Path::new("fuzzed"), text);
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text);
    }
});
