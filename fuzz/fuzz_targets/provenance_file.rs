//! Any bytes as a media file: every container, Exif, XMP and label parser of `quanlian-provenance`.
//!
//! Run: `cargo +nightly fuzz run provenance_file`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let provenance = quanlian_provenance::read(&mut std::io::Cursor::new(bytes)).expect("memory can be read");
    assert!(provenance.to_metadata().len() <= 80);
    for claim in &provenance.claims {
        assert!(claim.place.offset_bytes <= bytes.len() as u64);
        assert!(!quanlian_provenance::visible(&claim.value.text).contains('\u{1b}'));
    }
});
