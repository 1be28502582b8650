//! The tag files of bags: declaration, manifests, `fetch.txt`, `bag-info.txt`.
//!
//! In:  a declaration, a zero byte, the bytes of a tag file.
//! Out: no panic; no path that leaves the bag.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_evidence::bagit::{
    Declaration, decode, digest::Algorithm, parse_fetch, parse_info, parse_manifest,
};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (Some(declaration), Some(file)) = (parts.next(), parts.next()) else {
        return;
    };
    let Ok(declaration) = Declaration::parse(declaration) else {
        return;
    };
    let Some(text) = decode(file, &declaration) else {
        return;
    };
    let is_inside = |path: &str| !path.starts_with('/') && !path.split('/').any(|part| part == "..");
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        for listed in parse_manifest("m", &text, algorithm, &declaration).unwrap_or_default() {
            assert!(is_inside(&listed.path));
        }
    }
    for fetch in parse_fetch(&text, &declaration).unwrap_or_default() {
        assert!(is_inside(&fetch.path));
    }
    let _ = parse_info(&text, &declaration);
});
