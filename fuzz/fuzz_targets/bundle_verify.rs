//! A bundle whose container is sound and whose files say anything.
//!
//! In:  parts between bytes 0xff: the number of a file of the layout, then its content.
//! Out: no panic; nothing of it is a bundle that verifies.

#![no_main]

use std::{collections::BTreeMap, io::Cursor};

use libfuzzer_sys::fuzz_target;
use quanlian_evidence::{
    container::{Entry, Writer},
    verify::{Policy, verify_stream},
};
use quanlian_fuzz::{bundle::PATHS, parts, unescape};

fuzz_target!(|bytes: &[u8]| {
    // Every file is there unless the input takes it away, so that the checks behind the layout are reached.
    let mut files: BTreeMap<&str, Vec<u8>> = PATHS.iter().map(|path| (*path, Vec::new())).collect();
    for part in parts(bytes) {
        let Some((number, content)) = part.split_first() else {
            continue;
        };
        let path = PATHS[usize::from(*number) % PATHS.len()];
        if *number >= 0x80 {
            files.remove(path);
        } else {
            files.insert(path, unescape(content));
        }
    }
    let mut writer = Writer::new(Vec::new());
    for (name, content) in files {
        let entry = Entry {
            name: name.to_owned(),
            size_bytes: content.len() as u32,
            crc32: crc32fast::hash(&content),
        };
        writer
            .add(&entry, content.as_slice())
            .expect("sorted names of the layout");
    }
    let bundle = writer.finish().expect("memory takes it");
    assert!(!verify_stream(Cursor::new(bundle), &Policy::default()).ok);
});
