//! Moving an installation between any two databases and object stores, and backups.
//!
//! In:  a filled installation.
//! Out: nothing, or a panic that names the broken promise.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use quanlian_record::envelope::Record;
use quanlian_store::{
    Database, FolderObjects, JobQueue, MatterStore, MemoryObjects, ObjectId, ObjectStore, RecordStore,
    matters::{Grant, GrantItem, MatterFilter, OutboxEntry},
    moving::{
        self, Depth, MoveError, TableDigest, backup, compare_databases, compare_objects, move_database,
        move_objects,
    },
    records::RecordQuery,
};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::{
    databases::{Place, postgres, sqlite},
    matters::{at, change, chief_of, code, create, matter_id, outbox_id, projection, sharing},
    objects::content,
    records::record,
};

/// Something in every table.
async fn fill(store: &Database) {
    let first = record("deposit", 1000, 1);
    // A correction whose id stands before that of what it corrects.
    let correction = Record {
        supersedes: Some(first.id),
        ..record("deposit", 1, 2)
    };
    let second = Record {
        supersedes: Some(correction.id),
        ..record("deposit", 0, 3)
    };
    store.append_all(&[first, correction, second]).await.unwrap();
    for n in 0..300 {
        RecordStore::append(store, &record("match", n * 1000 + 5000, (n % 200) as u8))
            .await
            .unwrap();
    }
    let mut projection = projection();
    projection.handlers = ["li".parse().unwrap(), "王".parse().unwrap()].into();
    projection.keys = [[1; 32], [2; 32]].into();
    for n in 0..12_u64 {
        projection.amount_fen = (n % 2 == 0).then_some(n.cast_signed() * 7);
        let mut given = change(&format!("k{n}"), &projection);
        given.outbox = vec![OutboxEntry {
            id: outbox_id(n),
            kind: code("log"),
            payload: json!({"n": n}),
        }];
        let version = create(store, n, &given).await.unwrap().version;
        let mut more = change(&format!("more-{n}"), &projection);
        more.grants = vec![sharing::grant(n, matter_id(n), "police")];
        more.drawn = Some(crate::matters::measures::some());
        more.notices = vec![crate::matters::notices::notice(n, n, Some("culture"), None)];
        store.append_events(matter_id(n), version, &more).await.unwrap();
    }
    let standing = Grant {
        item: GrantItem::Standing { procedure: None },
        ..sharing::grant(100, matter_id(0), "procuratorate")
    };
    store.grant(&standing).await.unwrap();
    crate::accounts::fill(store).await;
    crate::telling::fill(store).await;
    crate::trail::fill(store).await;
    crate::files::fill(store).await;
    crate::matters::notices::read_one(store).await;
    for n in 0..3 {
        store.enqueue(&crate::jobs::job(n)).await.unwrap();
    }
    store
        .lease(&crate::jobs::leasing("w", 1, 9))
        .await
        .unwrap()
        .unwrap();
}

fn nobody(_: moving::Progress<'_>) {}

fn rows(digests: &[TableDigest]) -> Vec<(&str, u64)> {
    digests
        .iter()
        .map(|digest| (digest.table.as_str(), digest.rows))
        .collect()
}

const FILLED: [(&str, u64); 32] = [
    ("records", 333),
    ("matters", 12),
    ("matter_events", 24),
    ("matter_series", 1),
    ("matter_numbers", 12),
    ("matter_handlers", 24),
    ("matter_keys", 24),
    ("matter_requests", 24),
    ("matter_grants", 13),
    ("matter_measures", 36),
    ("outbox", 12),
    ("jobs", 3),
    ("agencies", 2),
    ("units", 1),
    ("accounts", 1),
    ("account_sessions", 1),
    ("account_tokens", 1),
    ("account_codes", 1),
    ("matter_files", 2),
    ("uploads", 1),
    ("trail_strands", 1),
    ("trail_lines", 30),
    ("trail_anchors", 1),
    ("trail_prunings", 0),
    ("notices", 12),
    ("notice_reads", 1),
    ("notices_untold", 12),
    ("webhooks", 1),
    ("account_mail", 1),
    ("deliveries", 1),
    ("account_subjects", 1),
    ("sign_in_flows", 1),
];

/// There and back again, and what was moved is used.
async fn moves(from: (Database, Place), over: (Database, Place), back: (Database, Place)) {
    let (from, over, back) = (from.0, (over.0, over.1), back.0);
    fill(&from).await;
    let told = Mutex::new(Vec::new());
    let listener = |progress: moving::Progress<'_>| {
        told.lock()
            .unwrap()
            .push((progress.what.to_owned(), progress.is_comparing, progress.done));
    };
    let there = move_database(&from, &over.0, &listener).await.unwrap();
    assert_eq!(rows(&there), FILLED);
    assert!(told.lock().unwrap().contains(&("jobs".to_owned(), true, 3)));
    assert_eq!(
        move_database(&from, &over.0, &nobody).await.unwrap(),
        there,
        "again"
    );
    assert_eq!(
        move_database(&over.0, &back, &nobody).await.unwrap(),
        there,
        "digests are the same everywhere"
    );

    // Numbers, requests and leases go on where they were.
    let store = &over.0;
    let again = create(store, 99, &change("k3", &projection())).await.unwrap();
    assert!(again.is_repeated && again.id == matter_id(3), "{again:?}");
    let next = create(store, 50, &change("next", &projection())).await.unwrap();
    assert_eq!(next.number, crate::matters::number(13));
    let events = store
        .events(&chief_of("culture"), matter_id(3), 0, 9)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(events.len(), 2);

    // What parts them now is named.
    let error = compare_databases(&from, store, &nobody).await.unwrap_err();
    let MoveError::Differs(difference) = error else {
        panic!("{error}")
    };
    assert_eq!(
        (difference.table.as_str(), difference.what.as_str()),
        ("matters", "not in the source")
    );
    assert_eq!(difference.key, next.id.to_string());
    let error = compare_databases(store, &from, &nobody).await.unwrap_err();
    assert!(
        error.to_string().ends_with("missing in the destination"),
        "{error}"
    );
    let raw = over.1.raw().await;
    let spoil = "DELETE FROM matter_events WHERE at = 5; UPDATE records SET kind = 'x' WHERE recorded_at = \
                 (SELECT max(recorded_at) FROM records)";
    raw.execute_unprepared(spoil).await.unwrap();
    let error = move_database(&from, store, &nobody).await.unwrap_err();
    assert_eq!(error.code(), "move_differs");
    assert!(
        error.to_string().starts_with("records ") && error.to_string().ends_with(": kind"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_from_sqlite_to_sqlite() {
    moves(
        sqlite().await.unwrap(),
        sqlite().await.unwrap(),
        sqlite().await.unwrap(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_from_sqlite_to_postgresql_and_back() {
    let Some(server) = postgres().await else { return };
    moves(sqlite().await.unwrap(), server, sqlite().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_from_postgresql_to_sqlite_and_to_postgresql() {
    let Some(server) = postgres().await else { return };
    moves(server, sqlite().await.unwrap(), postgres().await.unwrap()).await;
}

/// A move that breaks off in any table goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_broke_off_goes_on() {
    let (from, _kept) = sqlite().await.unwrap();
    fill(&from).await;
    for stop in 0..8_u64 {
        let (to, _kept) = sqlite().await.unwrap();
        let count = Mutex::new(0);
        // A listener that panics is as good a crash as any.
        let listener = |_: moving::Progress<'_>| {
            let mut count = count.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *count += 1;
            assert!(*count != stop + 1, "broken off on purpose");
        };
        let (from_too, to_too) = (from.clone(), to.clone());
        let broken = async { move_database(&from_too, &to_too, &listener).await };
        let broken = std::panic::AssertUnwindSafe(broken);
        let handle = tokio::runtime::Handle::current();
        let ended = tokio::task::block_in_place(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.block_on(broken.0)))
        });
        assert!(ended.is_err());
        let digests = move_database(&from, &to, &nobody).await.unwrap();
        assert_eq!(rows(&digests), FILLED, "{stop}");
    }
}

async fn backs_up(from: (Database, Place), to: (Database, Place), other: (Database, Place)) {
    fill(&from.0).await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("backup");
    // Somebody writes all the time; the backup is one state of it.
    let is_over = std::sync::Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, is_over) = (from.0.clone(), is_over.clone());
        tokio::spawn(async move {
            let mut n = 1000;
            while !is_over.load(Ordering::SeqCst) {
                create(&store, n, &change(&format!("w{n}"), &projection()))
                    .await
                    .unwrap();
                n += 1;
            }
        })
    };
    let made = backup::make(&from.0, &place, at(7), &nobody).await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let counts = rows(&made.tables);
    assert_eq!(counts[0], ("records", 333));
    let (matters, numbers) = (counts[1].1, counts[4].1);
    assert!(matters >= 12 && matters == numbers, "{counts:?}");
    assert_eq!(
        made.tables,
        backup::restore(&place, &to.0, &nobody).await.unwrap().tables
    );
    let count =
        to.0.count_matters(&chief_of("culture"), &MatterFilter::default(), 1_000_000)
            .await
            .unwrap();
    assert_eq!(count, matters);
    assert_eq!(
        to.0.list(&RecordQuery::default()).await.unwrap().records.len(),
        333
    );

    let code = |result: Result<_, MoveError>| result.map(|_: backup::BackupManifest| ()).unwrap_err().code();
    assert_eq!(
        code(backup::restore(&place, &to.0, &nobody).await),
        "restore_not_empty"
    );
    assert_eq!(
        code(backup::make(&from.0, &place, at(8), &nobody).await),
        "backup_occupied"
    );
    let names: Vec<_> = std::fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let file = place.join("database.sqlite");
    let whole = std::fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    assert_eq!(
        code(backup::restore(&place, &other.0, &nobody).await),
        "backup_damaged"
    );
    std::fs::write(&file, whole).unwrap();
    let manifest = place.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(
        &manifest,
        text.replace(&format!("\"rows\": {matters}"), "\"rows\": 9"),
    )
    .unwrap();
    assert_eq!(
        code(backup::restore(&place, &other.0, &nobody).await),
        "backup_damaged"
    );
    std::fs::write(&manifest, text.replace("\"v\": 1", "\"v\": 2")).unwrap();
    assert_eq!(
        code(backup::restore(&place, &other.0, &nobody).await),
        "backup_manifest"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_sqlite_under_load_is_restored() {
    backs_up(
        sqlite().await.unwrap(),
        sqlite().await.unwrap(),
        sqlite().await.unwrap(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_postgresql_under_load_is_restored() {
    let Some(server) = postgres().await else { return };
    backs_up(server, postgres().await.unwrap(), sqlite().await.unwrap()).await;
}

async fn objects_move(from: &impl ObjectStore, to: &impl ObjectStore) {
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(from.put_bytes(&content(n * 1000)).await.unwrap().id);
    }
    // One is there already.
    to.put_bytes(&content(5000)).await.unwrap();
    assert_eq!(move_objects(from, to, &nobody).await.unwrap(), 30);
    assert_eq!(
        compare_objects(from, to, Depth::Content, &nobody).await.unwrap(),
        30
    );
    to.erase(ids[7]).await.unwrap();
    let error = compare_objects(from, to, Depth::Names, &nobody)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("objects {}: missing in the destination", ids[7])
    );
    assert_eq!(move_objects(from, to, &nobody).await.unwrap(), 30);
    let surplus = to.put_bytes(b"surplus").await.unwrap().id;
    let error = move_objects(from, to, &nobody).await.unwrap_err();
    assert_eq!(error.to_string(), format!("objects {surplus}: not in the source"));
    assert!(to.erase(surplus).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_move_between_any_two_stores() {
    let (folder, root) = crate::folder::new_folder().await;
    objects_move(&MemoryObjects::default(), &folder).await;
    let (other, _kept) = crate::folder::new_folder().await;
    if let Some(bucket) = crate::bucket::new_bucket("moved").await {
        objects_move(&other, &bucket).await;
        objects_move(&bucket, &MemoryObjects::default()).await;
    }
    // A damaged object is not moved, nor does it pass for whole.
    let id = ObjectId::of(&content(3000)).to_string();
    let file = root.path().join("sha256").join(&id[..2]).join(&id[2..]);
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(&file, permissions).unwrap();
    std::fs::write(&file, vec![7; 3000]).unwrap();
    let again = FolderObjects::open(root.path()).await.unwrap();
    let error = move_objects(&again, &MemoryObjects::default(), &nobody)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "move_object");
}
