//! The manifest of a match index.
//!
//! In:  the manifest with nothing in its seal, which is put in; all other files are those of an index of two texts.
//! Out: no panic; an index that opens can be asked, verified and changed, or says why not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::index::{folder, query};
use quanlian_match::collection::{Collection, MatchOptions, VerifyOptions};
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let folder = folder().with_file("manifest.json", &sealed(bytes));
    if let Ok(index) = Collection::open(&folder) {
        let _ = index.works().count();
        let _ = index.match_file(&query(), &MatchOptions::default());
    }
    let _ = Collection::verify(&folder, &VerifyOptions::default());
    let _ = Collection::remove(&folder, &["0.txt".to_owned()]);
});

/// The manifest with the digest of itself in its seal, where it has one.
fn sealed(manifest: &[u8]) -> Vec<u8> {
    const EMPTY: &[u8] = b"\"seal\": \"\"";
    let Some(at) = manifest.windows(EMPTY.len()).position(|window| window == EMPTY) else {
        return manifest.to_vec();
    };
    let (before, behind) = manifest.split_at(at + EMPTY.len() - 1);
    let seal = hex::encode(Sha256::digest(manifest));
    [before, seal.as_bytes(), behind].concat()
}
