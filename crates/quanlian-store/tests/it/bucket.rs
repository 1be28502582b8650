//! What only objects in an S3 bucket can suffer: damage and losses on the server, wrong keys, a server that is away.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use object_store::{ObjectStoreExt as _, aws::AmazonS3Builder, path::Path as Key};
use quanlian_store::{
    ObjectId, ObjectStore, S3Objects,
    lock::{S3Address, S3Key},
};

use crate::{
    lock::servers::{BUCKET, S3, free_port, s3_key},
    objects::content,
};

fn address(port: u16, prefix: &str) -> S3Address {
    S3Address::parse(&format!(
        "s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{port}"
    ))
    .unwrap()
}

async fn server() -> Option<&'static S3> {
    tokio::task::spawn_blocking(S3::shared).await.unwrap()
}

/// A prefix that nobody else uses, on the server that the tests share.
pub(crate) async fn new_bucket(name: &str) -> Option<S3Objects> {
    Some(new_bucket_at(name).await?.0)
}

async fn new_bucket_at(name: &str) -> Option<(S3Objects, String)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = server().await?;
    let prefix = format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let store = S3Objects::open(&address(server.port, &prefix), Some(&s3_key())).unwrap();
    Some((store, prefix))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_of_several_parts_comes_back() {
    let Some(store) = new_bucket("large").await else {
        return;
    };
    let bytes = content(20 << 20);
    let stored = store.put_bytes(&bytes).await.unwrap();
    assert_eq!(stored.id, ObjectId::of(&bytes));
    assert_eq!(store.size(stored.id).await.unwrap(), Some(bytes.len() as u64));
    assert!(store.get(stored.id, 1 << 30).await.unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_object_is_damage_and_putting_the_original_repairs_it() {
    let Some((store, prefix)) = new_bucket_at("changed").await else {
        return;
    };
    let port = server().await.unwrap().port;
    let other = AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_region("us-east-1")
        .with_endpoint(format!("http://127.0.0.1:{port}"))
        .with_allow_http(true)
        .with_access_key_id("writer")
        .with_secret_access_key("a word that nobody guesses")
        .build()
        .unwrap();
    for size in [1000, 9 << 20] {
        let bytes = content(size);
        let id = store.put_bytes(&bytes).await.unwrap().id;
        let name = id.to_string();
        let key = Key::from(format!("{prefix}/sha256/{}/{}", &name[..2], &name[2..]));
        let mut changed = bytes.clone();
        changed[size / 2] ^= 1;
        for damaged in [changed, bytes[..size - 1].to_vec()] {
            other.put(&key, damaged.into()).await.unwrap();
            assert_eq!(store.get(id, 1 << 30).await.unwrap_err().code(), "object_damaged");
            store.put_bytes(&bytes).await.unwrap();
            assert!(store.get(id, 1 << 30).await.unwrap() == bytes);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_named_in_time_and_nothing_is_kept() {
    let nowhere = address(free_port(), "x");
    let patience = Duration::from_millis(300);
    let store = S3Objects::open_with_patience(&nowhere, Some(&s3_key()), patience).unwrap();
    let id = ObjectId::of(b"a song");
    assert_eq!(
        store.put_bytes(b"a song").await.unwrap_err().code(),
        "object_store_failed"
    );
    assert_eq!(store.has(id).await.unwrap_err().code(), "object_store_failed");
    assert_eq!(store.branch(0).await.unwrap_err().code(), "object_store_failed");
    assert_eq!(store.erase(id).await.unwrap_err().code(), "object_erase");
}

#[test]
fn a_bucket_is_named_as_one_and_its_key_is_never_shown() {
    for (text, code) in [
        ("postgres://u@h/d", "bucket_address_unknown"),
        ("x", "bucket_address_unknown"),
        ("s3://key:hunter2@bucket/p", "lock_address_secret"),
    ] {
        assert_eq!(S3Address::parse(text).unwrap_err().code(), code);
    }
    let key = S3Key {
        access_key_id: "who".to_owned(),
        secret_access_key: "hunter2".to_owned(),
    };
    let store = S3Objects::open(&address(1, "p"), Some(&key)).unwrap();
    assert!(!format!("{store:?}").contains("hunter2") && !store.name().contains("who"));
}
