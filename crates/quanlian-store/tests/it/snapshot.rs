//! Snapshots in a folder and in a bucket: one suite for both.

use std::{fs, path::Path};

use quanlian_store::{
    ObjectId,
    lock::LockAddress,
    snapshot::{FolderSnapshots, S3Snapshots, Snapshots},
};

use crate::lock::servers::{BUCKET, S3, s3_key};

/// Bytes of a size, other ones for another seed.
fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..size).map(|_| next()).collect()
}

fn suite(place: &dyn Snapshots, folder: &Path) {
    assert_eq!(place.manifest(None).unwrap_err().code(), "snapshot_none");
    // None, few, more than one part of an upload.
    for (seed, size) in [(1, 0), (2, 1000), (3, 9 << 20), (4, (16 << 20) + 1)] {
        let content = bytes(seed, size);
        let id = ObjectId::of(&content);
        let (here, back) = (folder.join("here"), folder.join(format!("back-{seed}")));
        fs::write(&here, &content).unwrap();
        assert!(!place.has(id, size as u64).unwrap());
        place.put(id, &here).unwrap();
        place.put(id, &here).unwrap();
        assert!(place.has(id, size as u64).unwrap());
        assert!(
            !place.has(id, size as u64 + 1).unwrap(),
            "one that broke off is none"
        );
        place.get(id, size as u64, &back).unwrap();
        assert_eq!(fs::read(&back).unwrap(), content);
    }
    // What is not what it says is neither kept nor given back.
    let other = ObjectId::of(b"something else");
    for size in [10, 9 << 20] {
        fs::write(folder.join("here"), bytes(9, size)).unwrap();
        let told = place.put(other, &folder.join("here")).unwrap_err();
        assert_eq!(told.code(), "snapshot_other_bytes");
        assert!(!place.has(other, size as u64).unwrap());
    }
    assert!(place.get(other, 14, &folder.join("none")).is_err());

    place.put_manifest(7, b"seven").unwrap();
    place.put_manifest(8, b"eight").unwrap();
    assert_eq!(place.manifest(None).unwrap(), b"eight");
    assert_eq!(place.manifest(Some(7)).unwrap(), b"seven");
    assert_eq!(place.manifest(Some(9)).unwrap_err().code(), "snapshot_none");
}

#[test]
fn a_folder_keeps_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let place = FolderSnapshots::new(&kept);
    suite(&place, folder.path());
    // Damaged there: told, not given back.
    let content = bytes(2, 1000);
    let id = ObjectId::of(&content);
    let name = id.to_string();
    let path = kept.join("objects").join(&name[..2]).join(&name);
    let mut damaged = content;
    damaged[500] ^= 1;
    fs::write(path, damaged).unwrap();
    let back = folder.path().join("damaged");
    assert_eq!(
        place.get(id, 1000, &back).unwrap_err().code(),
        "snapshot_other_bytes"
    );
    assert!(!back.is_file());
}

#[test]
fn a_bucket_keeps_snapshots() {
    let Some(server) = S3::start() else { return };
    let text = format!(
        "s3://{BUCKET}/indexes/one?endpoint=http://127.0.0.1:{}",
        server.port
    );
    let LockAddress::S3(address) = LockAddress::parse(&text).unwrap() else {
        panic!("an address of a bucket");
    };
    let folder = tempfile::tempdir().unwrap();
    suite(
        &S3Snapshots::open(&address, Some(&s3_key())).unwrap(),
        folder.path(),
    );
}
