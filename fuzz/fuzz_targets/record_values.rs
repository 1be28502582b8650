//! Values that every record is made of: days, instants, money, canonical JSON.
//!
//! In:  any text.
//! Out: no panic; canonical bytes are a fixed point.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_record::{canonical, envelope::Record, money::Fen, time::parse_day};

fuzz_target!(|text: &str| {
    let _ = parse_day(text);
    if let Ok(fen) = Fen::parse_yuan(text) {
        assert_eq!(Fen::parse_yuan(&fen.to_yuan_string()), Ok(fen));
    }
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text)
        && let Ok(bytes) = canonical::to_bytes(&value)
    {
        let again: serde_json::Value = serde_json::from_slice(&bytes).expect("canonical bytes are JSON");
        assert_eq!(canonical::to_bytes(&again).expect("it is canonical"), bytes);
    }
    if let Ok(record) = serde_json::from_str::<Record>(text) {
        let _ = record.canonical_bytes();
    }
});
