//! Any bytes as a written work: encodings, signs, grams.
//!
//! In:  any bytes.
//! Out: no panic; places stay inside of the folded text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_match::text::fingerprint;

/// The most letters that one sign folds to: U+FDFA has eighteen.
const MAX_LETTERS: u64 = 18;

fuzz_target!(|bytes: &[u8]| {
    let mut last = 0;
    if let Ok(length) = fingerprint(bytes, |_, position| last = last.max(position)) {
        assert!(u64::from(last) <= length * MAX_LETTERS);
        assert!(length <= bytes.len() as u64);
    }
});
