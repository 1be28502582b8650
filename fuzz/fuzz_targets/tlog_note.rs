//! Notes, checkpoints and signature lines.
//!
//! In:  any bytes.
//! Out: no panic; what is read is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::{
    checkpoint::Checkpoint,
    note::{Note, NoteSignature},
};

fuzz_target!(|text: &str| {
    if let Ok(note) = Note::parse(text) {
        assert_eq!(Note::parse(&note.to_string()).as_ref(), Ok(&note));
        let _ = Checkpoint::parse_extended(note.unverified_text());
    }
    if let Ok(checkpoint) = Checkpoint::parse_text(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
    let _ = NoteSignature::parse_lines(text);
});
