//! The ZIP subset of bundles.
//!
//! In:  any bytes.
//! Out: no panic; what is read can be written again to the same bytes.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use quanlian_evidence::container::{Entry, Reader, Writer};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(Cursor::new(bytes)) else {
        return;
    };
    let entries: Vec<Entry> = reader.entries().cloned().collect();
    let mut writer = Writer::new(Vec::new());
    for entry in entries {
        let Ok(content) = reader.read(&entry.name, bytes.len() as u64) else {
            return;
        };
        writer
            .add(&entry, content.as_slice())
            .expect("what was read can be written");
    }
    assert_eq!(writer.finish().expect("memory takes it"), bytes);
});
