//! Databases that fail under load: a server that crashes, a writer that is killed.
//!
//! In:  writers that note what was acknowledged; the axe.
//! Out: nothing, or a panic that names what was lost, doubled or half made.
//!
//! Not here: power cuts. That commits survive them rests on the databases and on the settings that opening checks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quanlian_store::{
    Database, MatterStore,
    lock::PostgresAddress,
    matters::{Change, MatterFilter, MatterQuery, OutboxEntry, Taking, Version, WriteError, Written},
};
use serde_json::json;

use crate::{
    databases::{Place, every_database_passes},
    lock::servers::Postgres,
    matters::{at, change, chief_of, code, create, matter_id, number, outbox_id, projection, series},
    processes::{CHILD_FOLDER, kill_after, say_done, start},
};

every_database_passes! {
    a_killed_writer_loses_no_acknowledged_write_and_leaves_no_half_one
}

/// A write that is sent again, as it is, until it is answered.
async fn insist(store: &Database, n: u64, expected: Option<Version>, change: &Change) -> Written {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = match expected {
            Some(expected) => store.append_events(matter_id(n), expected, change).await,
            None => {
                store
                    .create_matter(matter_id(n), &series(), &number, change)
                    .await
            }
        };
        match answer {
            Ok(written) => return written,
            Err(WriteError::Database(trouble)) if trouble.is_passing() => {
                assert!(Instant::now() < deadline, "{trouble}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }
}

/// Waits until another hundred writes were acknowledged.
async fn be_at_work(acknowledged: &AtomicU64) {
    let deadline = Instant::now() + Duration::from_mins(2);
    let before = acknowledged.load(Ordering::SeqCst);
    while acknowledged.load(Ordering::SeqCst) < before + 100 {
        assert!(Instant::now() < deadline, "the writers do not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn with_entry(key: &str, id: u64) -> Change {
    let mut given = change(key, &projection());
    given.outbox = vec![OutboxEntry {
        id: outbox_id(id),
        kind: code("log"),
        payload: json!({"key": key}),
    }];
    given
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_loses_no_acknowledged_write_and_doubles_none() {
    const WRITERS: u64 = 6;
    const CRASHES: usize = 3;
    let Some(server) = tokio::task::spawn_blocking(Postgres::start).await.unwrap() else {
        return;
    };
    let address = PostgresAddress::parse(&Postgres::address(server.port)).unwrap();
    let store = crate::postgres::open(&address).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let writers = (0..WRITERS).map(|writer| {
        let (store, is_over, acknowledged) = (store.clone(), is_over.clone(), acknowledged.clone());
        tokio::spawn(async move {
            let open = with_entry(&format!("{writer}-open"), writer * 1_000_000);
            let mut version = insist(&store, writer, None, &open).await.version;
            let mut count = 1;
            while !is_over.load(Ordering::SeqCst) {
                let given = with_entry(&format!("{writer}-{count}"), writer * 1_000_000 + count);
                version = insist(&store, writer, Some(version), &given).await.version;
                count += 1;
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            (version, count)
        })
    });
    let writers: Vec<_> = writers.collect();
    let server = Arc::new(server);
    for crash in 0..CRASHES {
        // Only when all are at work again.
        be_at_work(&acknowledged).await;
        let server = server.clone();
        let end = move || {
            if crash == 0 {
                server.restart("");
            } else {
                server.crash();
            }
        };
        tokio::task::spawn_blocking(end).await.unwrap();
    }
    be_at_work(&acknowledged).await;
    is_over.store(true, Ordering::SeqCst);
    let mut all = 0;
    for (writer, task) in writers.into_iter().enumerate() {
        let (version, count) = task.await.unwrap();
        assert_eq!(version.number, count, "writer {writer}");
        let keys = keys_of(&store, writer as u64).await;
        let wanted: Vec<String> = (0..count)
            .map(|n| {
                if n == 0 {
                    format!("{writer}-open")
                } else {
                    format!("{writer}-{n}")
                }
            })
            .collect();
        assert_eq!(keys, wanted, "each event once, in order");
        all += count;
    }
    assert_eq!(outbox_size(&store).await, all);
    let numbers = store
        .matters(&chief_of("culture"), &MatterQuery::default())
        .await
        .unwrap();
    let mut numbers: Vec<String> = numbers.matters.into_iter().map(|row| row.number).collect();
    numbers.sort();
    assert_eq!(numbers, (1..=WRITERS).map(number).collect::<Vec<_>>());
}

/// What the events of a matter say, all pages of them, each checked on the way.
async fn keys_of(store: &Database, n: u64) -> Vec<String> {
    let mut keys = Vec::new();
    loop {
        let page = store
            .events(&chief_of("culture"), matter_id(n), keys.len() as u64, 500)
            .await;
        let page = page.unwrap().unwrap();
        if page.is_empty() {
            return keys;
        }
        keys.extend(
            page.iter()
                .map(|event| event.event["act"].as_str().unwrap().to_owned()),
        );
    }
}

async fn outbox_size(store: &Database) -> u64 {
    let mut size = 0;
    loop {
        let taking = Taking {
            worker: code("counter"),
            kind: code("log"),
            limit: 100,
            now: at(0),
            until: at(1),
        };
        let taken = store.take_outbox(&taking).await.unwrap();
        if taken.is_empty() {
            return size;
        }
        size += taken.len() as u64;
    }
}

/// Where a child finds its server; without it, it takes a file.
const CHILD_SERVER: &str = "QUANLIAN_STORE_TEST_SERVER";

#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store = match std::env::var(CHILD_SERVER) {
        Ok(address) => crate::postgres::open(&PostgresAddress::parse(&address).unwrap())
            .await
            .unwrap(),
        Err(_) => Database::open(&Place::file(folder.as_ref())).await.unwrap(),
    };
    let mut version = create(&store, 0, &with_entry("0", 0)).await.unwrap().version;
    for n in 1_u64.. {
        // Every other one takes the longer way, with a grant.
        let mut given = with_entry(&n.to_string(), n);
        if n % 2 == 0 {
            given.grants = vec![crate::matters::sharing::grant(n, matter_id(0), "police")];
        }
        version = store
            .append_events(matter_id(0), version, &given)
            .await
            .unwrap()
            .version;
        if n % 10 == 0 {
            create(&store, n, &with_entry(&format!("new-{n}"), n + 1_000_000))
                .await
                .unwrap();
        }
        say_done(n.cast_signed());
    }
}

async fn a_killed_writer_loses_no_acknowledged_write_and_leaves_no_half_one(store: &Database, place: &Place) {
    let folder = match place {
        Place::Sqlite(folder) => folder.path().to_owned(),
        Place::Postgres(_) => std::env::temp_dir(),
    };
    let environment = match place {
        Place::Sqlite(_) => Vec::new(),
        Place::Postgres(address) => vec![(CHILD_SERVER, address.to_string())],
    };
    let child = start(
        "failing::child_that_writes_until_it_is_killed",
        &folder,
        &environment,
    );
    let finished = tokio::task::spawn_blocking(|| kill_after(child, 45))
        .await
        .unwrap();
    let last = *finished.last().unwrap() as u64;
    let other = place.open().await;
    // The server may still be ending the last statement of the dead.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for store in [store, &other] {
        let keys = keys_of(store, 0).await;
        assert!(keys.len() as u64 > last, "{} {last}", keys.len());
        let wanted: Vec<String> = (0..keys.len()).map(|n| n.to_string()).collect();
        assert_eq!(keys, wanted);
        let matters = store
            .count_matters(&chief_of("culture"), &MatterFilter::default(), 1000)
            .await
            .unwrap();
        assert!(matters > last / 10, "{matters}");
    }
    let keys = keys_of(&other, 0).await.len() as u64;
    let matters = other
        .count_matters(&chief_of("culture"), &MatterFilter::default(), 1000)
        .await
        .unwrap();
    assert_eq!(
        outbox_size(&other).await,
        keys + matters - 1,
        "no write is half made"
    );
}
