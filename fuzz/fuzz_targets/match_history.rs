//! The history of a git repository, read without git.
//!
//! In:  the parts between bytes 0xff: HEAD, packed-refs, a log, a commit, a tree, a content as loose objects under their true ids, and a pack with
//!      its index, both as they are.
//! Out: no panic; whatever is found is matched, or a remark says why not.

#![no_main]

use std::{fs, io::Write, path::Path, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::{index::folder, scratch, unescape};
use quanlian_match::collection::{Collection, MatchOptions};
use sha1::{Digest, Sha1};

fuzz_target!(|bytes: &[u8]| {
    static INDEX: OnceLock<Collection> = OnceLock::new();
    let index = INDEX.get_or_init(|| Collection::open(&folder().with_file("none", b"")).expect("an index"));
    let parts: Vec<Vec<u8>> = quanlian_fuzz::parts(bytes).map(unescape).collect();
    let part = |at: usize| parts.get(at).map_or(&[][..], Vec::as_slice);
    let store = scratch().join("repository/.git");
    let _ = fs::remove_dir_all(&store);
    fs::create_dir_all(store.join("objects/pack")).expect("folders");
    fs::create_dir_all(store.join("refs/heads")).expect("folders");
    fs::create_dir_all(store.join("logs")).expect("folders");
    for (name, bytes) in [
        ("HEAD", part(0)),
        ("packed-refs", part(1)),
        ("logs/HEAD", part(2)),
        ("shallow", part(2)),
        ("objects/pack/pack-1.pack", part(6)),
        ("objects/pack/pack-1.idx", part(7)),
    ] {
        fs::write(store.join(name), bytes).expect("written");
    }
    let content = object(&store, "blob", part(5));
    let tree = object(&store, "tree", &[part(4), &content].concat());
    let mut commit = format!("tree {}\n", hex::encode(tree)).into_bytes();
    commit.extend_from_slice(part(3));
    let commit = object(&store, "commit", &commit);
    fs::write(store.join("refs/heads/main"), hex::encode(commit)).expect("written");
    let options = MatchOptions {
        archives: true,
        history: true,
        ..MatchOptions::default()
    };
    let root = scratch().join("repository");
    index.match_paths(&[root], &options, &|_| false, &|_, _| {}, |_, _| {});
});

/// Writes a loose object; its id.
fn object(store: &Path, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let whole = [format!("{kind} {}\0", bytes.len()).as_bytes(), bytes].concat();
    let id = Sha1::digest(&whole).to_vec();
    let digits = hex::encode(&id);
    let folder = store.join("objects").join(&digits[..2]);
    fs::create_dir_all(&folder).expect("a folder");
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&whole).expect("packed");
    fs::write(folder.join(&digits[2..]), packed.finish().expect("packed")).expect("written");
    id
}
