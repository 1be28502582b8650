//! The outbox: at least once, one worker at a time.

use quanlian_store::{
    Database, MatterStore,
    matters::{OutboxEntry, Taking},
};
use serde_json::json;

use super::{at, change, code, create, matter_id, outbox_id, projection};
use crate::databases::{Place, every_database_passes};

every_database_passes! {
    an_entry_is_taken_until_it_is_acknowledged
    workers_share_without_doubles
}

fn taking(worker: &str, now: i64, until: i64) -> Taking {
    Taking {
        worker: code(worker),
        kind: code("log"),
        limit: 100,
        now: at(now),
        until: at(until),
    }
}

fn entry(n: u64, kind: &str) -> OutboxEntry {
    OutboxEntry {
        id: outbox_id(n),
        kind: code(kind),
        payload: json!({"n": n}),
    }
}

async fn an_entry_is_taken_until_it_is_acknowledged(store: &Database, _: &Place) {
    let mut given = change("a", &projection());
    given.outbox = vec![entry(1, "log"), entry(2, "notice")];
    let version = create(store, 1, &given).await.unwrap().version;
    let mut more = change("b", &projection());
    more.outbox = vec![entry(3, "log")];
    store.append_events(matter_id(1), version, &more).await.unwrap();
    // A write that was refused leaves nothing.
    let mut stale = change("c", &projection());
    stale.outbox = vec![entry(4, "log")];
    store
        .append_events(matter_id(1), version, &stale)
        .await
        .unwrap_err();

    let first = store.take_outbox(&taking("w1", 0, 10)).await.unwrap();
    let ids: Vec<_> = first
        .iter()
        .map(|taken| (taken.entry.clone(), taken.tries))
        .collect();
    assert_eq!(ids, [(entry(1, "log"), 1), (entry(3, "log"), 1)]);
    assert_eq!(first[0].matter, Some(matter_id(1)));
    assert_eq!(store.take_outbox(&taking("w2", 5, 20)).await.unwrap(), []);
    assert_eq!(
        store
            .acknowledge_outbox(&code("w2"), &[outbox_id(1)])
            .await
            .unwrap(),
        0,
        "not w2's"
    );
    assert_eq!(
        store
            .acknowledge_outbox(&code("w1"), &[outbox_id(1)])
            .await
            .unwrap(),
        1
    );
    // w1 dies; its time runs out.
    let again = store.take_outbox(&taking("w2", 10, 20)).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].entry.id, again[0].tries), (outbox_id(3), 2));
    assert_eq!(
        store
            .acknowledge_outbox(&code("w1"), &[outbox_id(3)])
            .await
            .unwrap(),
        0,
        "it is w2's by now"
    );
    assert_eq!(
        store
            .acknowledge_outbox(&code("w2"), &[outbox_id(3)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.take_outbox(&taking("w2", 1000, 2000)).await.unwrap(), []);
}

async fn workers_share_without_doubles(store: &Database, _: &Place) {
    let mut given = change("a", &projection());
    given.outbox = (0..100).map(|n| entry(n, "log")).collect();
    create(store, 1, &given).await.unwrap();
    let workers = (0..6).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let mut taking = taking(&format!("w{worker}"), 0, 10);
                taking.limit = 3;
                let taken = store.take_outbox(&taking).await.unwrap();
                if taken.is_empty() {
                    return mine;
                }
                mine.extend(taken.into_iter().map(|taken| taken.entry.id));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    all.sort();
    let wanted: Vec<_> = (0..100).map(outbox_id).collect();
    assert_eq!(all, wanted);
}
