//! What every [`FileStore`] does.
//!
//! In:  an empty database of each kind, with a matter and an account.
//! Out: nothing, or a panic that names the broken promise.

use std::sync::Arc;

use quanlian_record::id::{FileId, JobId, UploadId};
use quanlian_store::{
    Database, FileStore, JobQueue as _, ObjectId,
    files::{File, FileError, MAX_OPEN_UPLOADS, Upload, Withdrawn},
};
use serde_json::json;

use crate::{
    databases::{Place, every_database_passes},
    matters::{at, change, code, create, matter_id, projection, uuid_of},
};

every_database_passes! {
    a_file_comes_back_as_it_was_put
    files_are_listed_in_order_and_of_their_matter_alone
    an_upload_becomes_one_file_however_often_its_end_is_told
    an_upload_is_seen_by_its_sender_alone_and_lapses
    uploads_of_one_account_are_bounded
    a_file_is_withdrawn_once_with_a_reason
    what_has_no_receipt_waits_for_one
    what_waits_is_counted
    what_is_outside_the_limits_is_refused
}

fn file_id(n: u64) -> FileId {
    FileId(uuid_of(n))
}

fn upload_id(n: u64) -> UploadId {
    UploadId(uuid_of(n))
}

fn file(n: u64) -> File {
    File {
        id: file_id(n),
        matter: matter_id(1),
        kind: code("suspect"),
        name: format!("曲{n}.opus"),
        paper: None,
        object: ObjectId::of(&n.to_be_bytes()),
        size_bytes: n + 5,
        copy_of: None,
        job: None,
        by: code("culture/li"),
        at: at(9),
        receipt: None,
        withdrawn: None,
    }
}

fn upload(n: u64) -> Upload {
    Upload {
        id: upload_id(n),
        matter: matter_id(1),
        account: crate::accounts::account_id(1),
        kind: code("work"),
        name: "曲.opus".into(),
        sha256: Some(ObjectId::of(b"song")),
        size_bytes: 1 << 33,
        made_at: at(1),
        until: at(100),
        file: None,
    }
}

async fn office(store: &Database) {
    crate::accounts::fill(store).await;
    for n in [1, 2] {
        create(store, n, &change(&format!("k{n}"), &projection()))
            .await
            .unwrap();
    }
}

/// Two files and an upload, of a matter and an account that are there.
pub(crate) async fn fill(store: &Database) {
    let whole = File {
        paper: Some(code("right_proof")),
        copy_of: Some(file_id(9)),
        job: Some(JobId(uuid_of(4))),
        receipt: Some(json!({"log_index": 7})),
        ..file(2)
    };
    store.add_file(&file(1), None).await.unwrap();
    store.add_file(&whole, None).await.unwrap();
    store.begin_upload(&upload(1)).await.unwrap();
    let withdrawn = Withdrawn {
        at: at(3),
        by: code("culture/li"),
        why: "错件".into(),
    };
    assert!(
        store
            .withdraw_file(matter_id(1), file_id(2), &withdrawn)
            .await
            .unwrap()
    );
}

async fn a_file_comes_back_as_it_was_put(store: &Database, _: &Place) {
    office(store).await;
    let whole = File {
        paper: Some(code("right_proof")),
        copy_of: Some(file_id(9)),
        job: Some(JobId(uuid_of(4))),
        receipt: Some(json!({"log_index": 7})),
        ..file(2)
    };
    for put in [file(1), whole] {
        assert_eq!(store.add_file(&put, None).await.unwrap(), put.id);
        assert_eq!(store.add_file(&put, None).await.unwrap(), put.id, "again");
        assert_eq!(store.file(matter_id(1), put.id).await.unwrap(), Some(put.clone()));
        assert_eq!(
            store.file(matter_id(2), put.id).await.unwrap(),
            None,
            "not of this matter"
        );
    }
    let other = File {
        object: ObjectId::of(b"other"),
        ..file(1)
    };
    assert_eq!(
        store.add_file(&other, None).await.unwrap_err().code(),
        "file_taken"
    );
}

async fn files_are_listed_in_order_and_of_their_matter_alone(store: &Database, _: &Place) {
    office(store).await;
    for n in [3, 1, 2] {
        store.add_file(&file(n), None).await.unwrap();
    }
    let elsewhere = File {
        matter: matter_id(2),
        ..file(4)
    };
    store.add_file(&elsewhere, None).await.unwrap();
    let page = store.files(matter_id(1), None, 2).await.unwrap();
    assert_eq!(
        page.iter().map(|file| file.id).collect::<Vec<_>>(),
        [file_id(1), file_id(2)]
    );
    let rest = store.files(matter_id(1), Some(file_id(2)), 2).await.unwrap();
    assert_eq!(rest, [file(3)]);
}

async fn an_upload_becomes_one_file_however_often_its_end_is_told(store: &Database, _: &Place) {
    office(store).await;
    store.begin_upload(&upload(1)).await.unwrap();
    let store = Arc::new(store.clone());
    let tries = (1..=4).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.add_file(&file(n), Some(upload_id(1))).await.unwrap() })
    });
    let mut became = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        became.push(one.await.unwrap());
    }
    assert!(became.iter().all(|id| *id == became[0]), "{became:?}");
    let files = store.files(matter_id(1), None, 9).await.unwrap();
    assert_eq!(files.iter().map(|file| file.id).collect::<Vec<_>>(), [became[0]]);
    let seen = store
        .upload(upload(1).account, upload_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.file, Some(became[0]));
    assert!(
        !store.end_upload(upload(1).account, upload_id(1)).await.unwrap(),
        "it is a file"
    );
    // Of another matter, or none.
    let elsewhere = File {
        matter: matter_id(2),
        ..file(8)
    };
    for (file, upload) in [(elsewhere, 1), (file(8), 9)] {
        let error = store.add_file(&file, Some(upload_id(upload))).await.unwrap_err();
        assert_eq!(error.code(), "upload_not_found");
    }
    assert_eq!(store.file(matter_id(1), file_id(8)).await.unwrap(), None);
}

async fn an_upload_is_seen_by_its_sender_alone_and_lapses(store: &Database, _: &Place) {
    office(store).await;
    store.begin_upload(&upload(1)).await.unwrap();
    let later = Upload {
        until: at(500),
        sha256: None,
        ..upload(2)
    };
    store.begin_upload(&later).await.unwrap();
    let mine = upload(1).account;
    assert_eq!(store.upload(mine, upload_id(1)).await.unwrap(), Some(upload(1)));
    let stranger = crate::accounts::account_id(77);
    assert_eq!(store.upload(stranger, upload_id(1)).await.unwrap(), None);
    assert!(!store.end_upload(stranger, upload_id(1)).await.unwrap());
    assert_eq!(store.lapse_uploads(at(99)).await.unwrap(), []);
    assert_eq!(store.lapse_uploads(at(100)).await.unwrap(), [upload_id(1)]);
    assert_eq!(store.upload(mine, upload_id(1)).await.unwrap(), None);
    assert!(store.end_upload(mine, upload_id(2)).await.unwrap());
    assert_eq!(store.upload(mine, upload_id(2)).await.unwrap(), None);
}

async fn uploads_of_one_account_are_bounded(store: &Database, _: &Place) {
    office(store).await;
    for n in 0..MAX_OPEN_UPLOADS {
        store.begin_upload(&upload(n)).await.unwrap();
    }
    let error = store.begin_upload(&upload(1000)).await.unwrap_err();
    assert_eq!(error.code(), "file_too_many");
    // Those whose time has run out do not count, nor those that became files.
    let later = Upload {
        made_at: at(100),
        until: at(200),
        ..upload(1000)
    };
    store.begin_upload(&later).await.unwrap();
    let open = store.open_uploads(later.account, at(100)).await.unwrap();
    assert_eq!((open.count, open.size_bytes), (1, 1 << 33));
    let open = store.open_uploads(later.account, at(1)).await.unwrap();
    assert_eq!(open.size_bytes, (MAX_OPEN_UPLOADS + 1) << 33);
    let nobody = store
        .open_uploads(crate::accounts::account_id(9), at(1))
        .await
        .unwrap();
    assert_eq!((nobody.count, nobody.size_bytes), (0, 0));
}

async fn what_waits_is_counted(store: &Database, _: &Place) {
    let before = store.gauges().await.unwrap();
    assert_eq!(
        (before.jobs.len(), before.deposits_waiting, before.uploads_open),
        (0, 0, 0)
    );
    office(store).await;
    fill(store).await;
    store.enqueue(&crate::jobs::job(1)).await.unwrap();
    let gauges = store.gauges().await.unwrap();
    assert_eq!(
        (gauges.deposits_waiting, gauges.uploads_open, gauges.uploads_bytes),
        (1, 1, 1 << 33)
    );
    let jobs: Vec<_> = gauges
        .jobs
        .iter()
        .map(|job| (job.state.as_str(), job.count))
        .collect();
    assert_eq!(jobs, [("waiting", 1)]);
    assert!(gauges.connections >= 1 && gauges.connections_idle <= gauges.connections);
}

async fn a_file_is_withdrawn_once_with_a_reason(store: &Database, _: &Place) {
    office(store).await;
    store.add_file(&file(1), None).await.unwrap();
    let withdrawn = |why: &str| Withdrawn {
        at: at(11),
        by: code("culture/wang"),
        why: why.to_owned(),
    };
    for why in ["", "  ", "x\0y"] {
        let error = store
            .withdraw_file(matter_id(1), file_id(1), &withdrawn(why))
            .await
            .unwrap_err();
        assert!(matches!(error, FileError::Invalid { .. }), "{why:?}");
    }
    let elsewhere = store
        .withdraw_file(matter_id(2), file_id(1), &withdrawn("错件"))
        .await;
    assert!(!elsewhere.unwrap());
    assert!(
        store
            .withdraw_file(matter_id(1), file_id(1), &withdrawn("错件"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .withdraw_file(matter_id(1), file_id(1), &withdrawn("再"))
            .await
            .unwrap()
    );
    let seen = store.file(matter_id(1), file_id(1)).await.unwrap().unwrap();
    assert_eq!(seen.withdrawn, Some(withdrawn("错件")));
}

async fn what_has_no_receipt_waits_for_one(store: &Database, _: &Place) {
    office(store).await;
    for n in [2, 1] {
        store.add_file(&file(n), None).await.unwrap();
    }
    let waiting = async || {
        let files = store.undeposited(9).await.unwrap();
        files.iter().map(|file| file.id).collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, [file_id(1), file_id(2)]);
    let receipt = json!({"log_index": 3});
    assert!(store.keep_receipt(file_id(1), &receipt).await.unwrap());
    assert!(
        !store
            .keep_receipt(file_id(1), &json!({"log_index": 4}))
            .await
            .unwrap()
    );
    assert_eq!(waiting().await, [file_id(2)]);
    let kept = store.file(matter_id(1), file_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.receipt, Some(receipt));
}

async fn what_is_outside_the_limits_is_refused(store: &Database, _: &Place) {
    office(store).await;
    for name in ["", " ", "a\nb", "x\0", &"长".repeat(400)] {
        let named = File {
            name: name.to_owned(),
            ..file(1)
        };
        assert_eq!(
            store.add_file(&named, None).await.unwrap_err().code(),
            "file_invalid"
        );
        let named = Upload {
            name: name.to_owned(),
            ..upload(1)
        };
        assert_eq!(
            store.begin_upload(&named).await.unwrap_err().code(),
            "file_invalid"
        );
    }
    let nowhere = File {
        matter: matter_id(50),
        ..file(1)
    };
    assert_eq!(
        store.add_file(&nowhere, None).await.unwrap_err().code(),
        "matter_not_found"
    );
}
