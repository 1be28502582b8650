//! What every [`ObjectStore`] does.
//!
//! In:  an empty store of any implementation that takes objects up to [`LIMIT_BYTES`].
//! Out: nothing, or a panic that names the broken promise.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use quanlian_store::{FolderObjects, MemoryObjects, ObjectId, ObjectStore, S3Objects};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// Above several chunks of the copying loop.
const LIMIT_BYTES: u64 = 1 << 20;

/// Runs every case against the stores that `$empty` makes. What it returns beside the store lives as long.
macro_rules! every_store_passes {
    ($($module:ident: $empty:expr;)*) => {$(
        mod $module {
            every_store_passes! { @cases $empty;
                an_object_comes_back_by_its_digest
                the_same_object_twice_is_one_object
                an_unknown_id_is_named
                an_object_at_the_limit_is_taken_and_one_above_is_not
                a_reader_gives_the_object_in_parts
                nobody_gets_more_than_they_can_hold
                a_source_that_breaks_off_stores_nothing
                a_file_is_put_and_what_is_no_file_is_not
                many_puts_at_once_do_not_mix
                what_is_erased_is_gone_and_can_be_put_again
                all_objects_are_found_branch_by_branch
            }
        }
    )*};
    (@cases $empty:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let Some((store, _kept)) = $empty.await else { return };
            super::$case(&store).await;
        }
    )*};
}

every_store_passes! {
    memory: super::memory_with_limit();
    folder: super::folder_with_limit();
    s3: super::bucket_with_limit();
}

fn memory_with_limit() -> Ready<Option<(MemoryObjects, ())>> {
    ready(Some((MemoryObjects::with_max_object_bytes(LIMIT_BYTES), ())))
}

async fn folder_with_limit() -> Option<(FolderObjects, TempDir)> {
    let (store, root) = crate::folder::new_folder().await;
    Some((store.with_max_object_bytes(LIMIT_BYTES), root))
}

async fn bucket_with_limit() -> Option<(S3Objects, ())> {
    let store = crate::bucket::new_bucket("limited").await?;
    Some((store.with_max_object_bytes(LIMIT_BYTES), ()))
}

/// Bytes that repeat in no power of two.
pub(crate) fn content(size_bytes: usize) -> Vec<u8> {
    (0..size_bytes).map(|n| (n * n % 251) as u8).collect()
}

async fn an_object_comes_back_by_its_digest(store: &impl ObjectStore) {
    for size in [0, 1, 1000, 300_000] {
        let bytes = content(size);
        let stored = store.put_bytes(&bytes).await.unwrap();
        assert_eq!(
            (stored.id, stored.size_bytes),
            (ObjectId::of(&bytes), size as u64)
        );
        assert_eq!(store.size(stored.id).await.unwrap(), Some(size as u64));
        assert!(store.has(stored.id).await.unwrap());
        assert_eq!(store.get(stored.id, size as u64).await.unwrap(), bytes);
    }
}

async fn the_same_object_twice_is_one_object(store: &impl ObjectStore) {
    let first = store.put_bytes(b"a song").await.unwrap();
    assert_eq!(store.put(&b"a song"[..]).await.unwrap(), first);
    assert_eq!(store.get(first.id, 100).await.unwrap(), b"a song");
}

async fn an_unknown_id_is_named(store: &impl ObjectStore) {
    let id = ObjectId::of(b"never put");
    assert!(!store.has(id).await.unwrap());
    assert_eq!(store.size(id).await.unwrap(), None);
    let error = store.get(id, 100).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("object_not_found", format!("there is no object {id}"))
    );
    assert_eq!(store.open(id).await.err().unwrap().code(), "object_not_found");
}

async fn an_object_at_the_limit_is_taken_and_one_above_is_not(store: &impl ObjectStore) {
    let at = content(LIMIT_BYTES as usize);
    store.put_bytes(&at).await.unwrap();
    let above = content(LIMIT_BYTES as usize + 1);
    assert_eq!(
        store.put_bytes(&above).await.unwrap_err().code(),
        "object_too_large"
    );
    assert!(!store.has(ObjectId::of(&above)).await.unwrap());
    // One that never ends is cut off at the limit and not at the end of the disk.
    assert_eq!(
        store.put(tokio::io::repeat(7)).await.unwrap_err().code(),
        "object_too_large"
    );
}

async fn a_reader_gives_the_object_in_parts(store: &impl ObjectStore) {
    let bytes = content(700_000);
    let stored = store.put_bytes(&bytes).await.unwrap();
    let mut reader = store.open(stored.id).await.unwrap();
    assert_eq!((reader.id(), reader.size_bytes()), (stored.id, 700_000));
    let mut first = vec![0; 10];
    reader.read_exact(&mut first).await.unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).await.unwrap();
    assert!([first, rest].concat() == bytes);
}

async fn nobody_gets_more_than_they_can_hold(store: &impl ObjectStore) {
    let stored = store.put_bytes(b"a song").await.unwrap();
    let error = store.get(stored.id, 5).await.unwrap_err();
    assert_eq!(error.code(), "object_over_the_callers_limit");
    assert!(
        error.to_string().ends_with("has 6 bytes, the caller takes 5"),
        "{error}"
    );
}

/// Gives some bytes and then fails.
struct Broken(u32);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0 += 1;
        if self.0 > 3 {
            return Poll::Ready(Err(io::Error::other("the cable was pulled")));
        }
        buf.put_slice(b"part");
        Poll::Ready(Ok(()))
    }
}

async fn a_source_that_breaks_off_stores_nothing(store: &impl ObjectStore) {
    let error = store.put(Broken(0)).await.unwrap_err();
    assert_eq!(error.code(), "object_source_unreadable");
    assert!(!store.has(ObjectId::of(b"partpartpart")).await.unwrap());
}

async fn a_file_is_put_and_what_is_no_file_is_not(store: &impl ObjectStore) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("曲一.wav");
    std::fs::write(&file, content(500_000)).unwrap();
    let stored = store.put_file(&file).await.unwrap();
    assert_eq!(stored.id, ObjectId::of(&content(500_000)));
    assert_eq!(
        store.put_file(folder.path()).await.unwrap_err().code(),
        "object_not_a_file"
    );
    let missing = store.put_file(&folder.path().join("missing")).await.unwrap_err();
    assert_eq!(missing.code(), "object_source_unreadable");
}

async fn what_is_erased_is_gone_and_can_be_put_again(store: &impl ObjectStore) {
    let bytes = content(300_000);
    let id = store.put_bytes(&bytes).await.unwrap().id;
    let other = store.put_bytes(b"other").await.unwrap().id;
    assert!(store.erase(id).await.unwrap());
    assert!(!store.erase(id).await.unwrap());
    assert!(!store.erase(ObjectId::of(b"never put")).await.unwrap());
    assert_eq!(
        store.get(id, LIMIT_BYTES).await.unwrap_err().code(),
        "object_not_found"
    );
    assert_eq!(store.get(other, LIMIT_BYTES).await.unwrap(), b"other");
    store.put_bytes(&bytes).await.unwrap();
    assert_eq!(store.get(id, LIMIT_BYTES).await.unwrap(), bytes);
}

async fn many_puts_at_once_do_not_mix(store: &impl ObjectStore) {
    let put = |n: usize| async move { store.put_bytes(&content(1000 + n % 3)).await.unwrap() };
    let (first, second, third, again) = tokio::join!(put(0), put(1), put(2), put(3));
    assert_eq!(first, again);
    assert!(first != second && second != third);
    for n in 0..3 {
        let bytes = content(1000 + n);
        assert_eq!(store.get(ObjectId::of(&bytes), 2000).await.unwrap(), bytes);
    }
}

async fn all_objects_are_found_branch_by_branch(store: &impl ObjectStore) {
    let mut put = Vec::new();
    for n in 0..40 {
        put.push(store.put_bytes(&content(n)).await.unwrap().id);
    }
    let gone = put.pop().unwrap();
    store.erase(gone).await.unwrap();
    put.sort();
    put.dedup();
    let mut found = Vec::new();
    for first in 0..=255 {
        let branch = store.branch(first).await.unwrap();
        assert!(branch.iter().all(|id| id.as_digest()[0] == first));
        found.extend(branch);
    }
    assert_eq!(found, put);
}
