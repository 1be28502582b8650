//! What only a folder of objects can suffer: missing or read-only folders, changed files, crashes in the middle.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use quanlian_store::{FolderObjects, ObjectId, ObjectStore, objects::GetError};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::objects::content;

pub(crate) async fn new_folder() -> (FolderObjects, TempDir) {
    let root = tempfile::tempdir().unwrap();
    (FolderObjects::open(root.path()).await.unwrap(), root)
}

fn file_of(root: &Path, id: ObjectId) -> PathBuf {
    let name = id.to_string();
    root.join("sha256").join(&name[..2]).join(&name[2..])
}

fn temporary_files(root: &Path) -> usize {
    fs::read_dir(root.join("tmp")).unwrap().count()
}

/// Puts other bytes in the place of an object.
fn overwrite(file: &Path, bytes: &[u8]) {
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn an_object_is_a_read_only_file_named_by_its_digest() {
    let (store, root) = new_folder().await;
    let stored = store.put_bytes(b"abc").await.unwrap();
    let file = root
        .path()
        .join("sha256/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(file, file_of(root.path(), stored.id));
    assert_eq!(fs::read(&file).unwrap(), b"abc");
    assert!(fs::metadata(&file).unwrap().permissions().readonly());
    assert_eq!(temporary_files(root.path()), 0);
}

#[tokio::test]
async fn objects_outlive_the_program() {
    let (store, root) = new_folder().await;
    let stored = store.put_bytes(b"abc").await.unwrap();
    drop(store);
    let store = FolderObjects::open(root.path()).await.unwrap();
    assert_eq!(store.get(stored.id, 10).await.unwrap(), b"abc");
}

#[tokio::test]
async fn a_changed_file_is_damage_and_putting_the_original_repairs_it() {
    let (store, root) = new_folder().await;
    let original = content(600_000);
    let stored = store.put_bytes(&original).await.unwrap();
    let file = file_of(root.path(), stored.id);
    let mut flipped = original.clone();
    flipped[599_999] ^= 1;
    for damage in [
        &flipped[..],
        &original[..599_999],
        &[&original[..], b"x"].concat(),
        b"",
    ] {
        overwrite(&file, damage);
        let error = store.get(stored.id, 1 << 20).await.unwrap_err();
        assert!(
            matches!(error, GetError::Damaged { id } if id == stored.id),
            "{error}"
        );

        let mut reader = store.open(stored.id).await.unwrap();
        let mut handed_out = Vec::new();
        let error = reader.read_to_end(&mut handed_out).await.unwrap_err();
        assert_eq!(GetError::from_read(stored.id, error).code(), "object_damaged");

        store.put_bytes(&original).await.unwrap();
        assert!(store.get(stored.id, 1 << 20).await.unwrap() == original);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_in_the_place_of_an_object_is_damage() {
    let (store, root) = new_folder().await;
    let stored = store.put_bytes(b"abc").await.unwrap();
    let file = file_of(root.path(), stored.id);
    // Followed, this link would never end.
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(
        store.get(stored.id, 10).await.unwrap_err().code(),
        "object_damaged"
    );
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(store.has(stored.id).await.unwrap_err().code(), "object_damaged");
}

#[tokio::test]
async fn a_folder_that_is_missing_or_a_file_is_named() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    let error = FolderObjects::open(&missing).await.unwrap_err();
    assert_eq!(error.code(), "object_store_no_folder");
    assert!(
        error.to_string().contains("missing for objects does not exist"),
        "{error}"
    );
    fs::write(&missing, "").unwrap();
    assert_eq!(
        FolderObjects::open(&missing).await.unwrap_err().code(),
        "object_store_no_folder"
    );
}

#[tokio::test]
async fn a_folder_that_takes_no_files_is_named() {
    let (store, root) = new_folder().await;
    let set_read_only = |folder: &Path, read_only| {
        let mut permissions = fs::metadata(folder).unwrap().permissions();
        permissions.set_readonly(read_only);
        fs::set_permissions(folder, permissions).unwrap();
    };
    set_read_only(&root.path().join("tmp"), true);
    if fs::write(root.path().join("tmp/probe"), "").is_ok() {
        eprintln!("skipped: this user may write to read-only folders (root), so there is nothing to see");
        return;
    }
    assert_eq!(
        store.put_bytes(b"abc").await.unwrap_err().code(),
        "object_store_read_only"
    );
    set_read_only(&root.path().join("tmp"), false);

    let empty = tempfile::tempdir().unwrap();
    set_read_only(empty.path(), true);
    let error = FolderObjects::open(empty.path()).await.unwrap_err();
    assert_eq!(error.code(), "object_store_read_only", "{error}");
}

#[tokio::test]
async fn a_put_that_fails_or_is_cancelled_leaves_nothing_behind() {
    let (store, root) = new_folder().await;
    let store = store.with_max_object_bytes(10);
    store.put_bytes(&content(1000)).await.unwrap_err();
    assert_eq!(temporary_files(root.path()), 0);

    // A source that never answers; the caller gives up.
    let (silent, _held) = tokio::io::duplex(16);
    let put = store.put(silent);
    tokio::time::timeout(Duration::from_millis(50), put)
        .await
        .unwrap_err();
    assert_eq!(temporary_files(root.path()), 0);
}

#[tokio::test]
async fn what_a_crash_left_is_swept_when_it_is_old() {
    let (store, root) = new_folder().await;
    drop(store);
    let old = root.path().join("tmp/1-0");
    let young = root.path().join("tmp/1-1");
    fs::write(&old, "half").unwrap();
    fs::write(&young, "being written").unwrap();
    fs::File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_modified(UNIX_EPOCH)
        .unwrap();
    FolderObjects::open(root.path()).await.unwrap();
    assert!(!old.is_file());
    assert!(young.is_file());
}

#[tokio::test]
async fn a_name_left_by_a_crash_is_not_reused() {
    let (store, root) = new_folder().await;
    for number in 0..50 {
        fs::write(
            root.path().join(format!("tmp/{}-{number}", std::process::id())),
            "left",
        )
        .unwrap();
    }
    let stored = store.put_bytes(b"abc").await.unwrap();
    assert_eq!(store.get(stored.id, 10).await.unwrap(), b"abc");
    assert_eq!(temporary_files(root.path()), 50);
}
