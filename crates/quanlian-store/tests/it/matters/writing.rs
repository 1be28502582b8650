//! Writing: versions, requests, numbers, limits.

use std::collections::BTreeSet;

use quanlian_store::{
    Database, MatterStore,
    matters::{Change, MatterFilter, Series, UserCode, Version, WriteError, Written},
};
use serde_json::json;

use super::{at, change, chief_of, code, create, matter_id, number, projection, series, sharing};
use crate::databases::{Place, every_database_passes};

every_database_passes! {
    a_matter_comes_back_with_its_events
    who_did_not_see_the_last_version_writes_nothing
    of_many_writers_at_once_one_wins_each_version
    the_same_request_gives_the_first_answer
    numbers_have_no_gaps_and_come_once
    what_is_outside_the_limits_is_refused
}

async fn a_matter_comes_back_with_its_events(store: &Database, place: &Place) {
    let mut projection = projection();
    projection.due_on = Some("2025-01-08".parse().unwrap());
    projection.amount_fen = Some(-7_200_000);
    projection.handlers = [UserCode::parse("li").unwrap(), UserCode::parse("王").unwrap()].into();
    projection.keys = [[7; 32], [9; 32]].into();
    let written = create(store, 1, &change("open", &projection)).await.unwrap();
    assert_eq!(
        (written.number.as_str(), written.version.number),
        ("文执投〔2024〕000001", 1)
    );
    let mut next = change("accept", &projection);
    next.events.push(json!({"act": "assign", "to": "li"}));
    projection.stage = code("investigation");
    projection.owner_unit = Some("unit-1".parse().unwrap());
    projection.handlers = [UserCode::parse("li").unwrap()].into();
    projection.keys = [[9; 32], [11; 32]].into();
    projection.due_on = None;
    next.projection = projection.clone();
    next.at = at(5);
    let again = store
        .append_events(written.id, written.version, &next)
        .await
        .unwrap();
    assert_eq!((again.version.number, &again.number), (3, &written.number));

    let scope = chief_of("culture");
    let other = place.open().await;
    for store in [store, &other] {
        let matter = store.matter(&scope, written.id).await.unwrap().unwrap();
        assert_eq!(matter.row.projection, projection);
        assert_eq!((matter.row.opened_at, matter.row.changed_at), (at(0), at(5)));
        assert_eq!(
            (matter.row.version, matter.row.number),
            (again.version, written.number.clone())
        );
        assert_eq!(matter.state, json!({"last": "accept"}));
        let events = store.events(&scope, written.id, 0, 10).await.unwrap().unwrap();
        let acts: Vec<_> = events
            .iter()
            .map(|event| event.event["act"].as_str().unwrap())
            .collect();
        assert_eq!(acts, ["open", "accept", "assign"]);
        assert_eq!(events[2].digest, again.version.head);
        let last = store.events(&scope, written.id, 2, 10).await.unwrap().unwrap();
        assert_eq!(last, events[2..]);
        let first = store.events(&scope, written.id, 0, 1).await.unwrap().unwrap();
        assert_eq!(first, events[..1]);
        assert_eq!(store.events(&scope, written.id, 3, 1).await.unwrap().unwrap(), []);
        assert_eq!(
            store.events(&scope, written.id, 99, 1).await.unwrap().unwrap(),
            []
        );
    }
    // Handlers and keys that went are found no more.
    let found = |handler: &str| {
        let handler = Some(UserCode::parse(handler).unwrap());
        let filter = MatterFilter {
            handler,
            ..MatterFilter::default()
        };
        async move {
            store
                .count_matters(&chief_of("culture"), &filter, 9)
                .await
                .unwrap()
        }
    };
    assert_eq!((found("li").await, found("王").await), (1, 0));
    let keys = [[7; 32], [9; 32], [11; 32]].into();
    let shared = store.sharing(&scope, &keys).await.unwrap();
    assert_eq!(shared, [([9; 32], written.id), ([11; 32], written.id)]);
}

async fn who_did_not_see_the_last_version_writes_nothing(store: &Database, _: &Place) {
    let projection = projection();
    let first = create(store, 1, &change("a", &projection)).await.unwrap().version;
    let second = store
        .append_events(matter_id(1), first, &change("b", &projection))
        .await
        .unwrap()
        .version;
    let stale = store
        .append_events(matter_id(1), first, &change("c", &projection))
        .await
        .unwrap_err();
    assert!(
        matches!(stale, WriteError::Conflict { current, .. } if current == second),
        "{stale}"
    );
    // The right number with another past is not the version either.
    let other_past = Version {
        head: [1; 32],
        ..second
    };
    let error = store
        .append_events(matter_id(1), other_past, &change("d", &projection))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "matter_conflict");
    for number in [0, 9, u64::MAX] {
        let other_number = Version { number, ..second };
        let error = store
            .append_events(matter_id(1), other_number, &change("d", &projection))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "matter_conflict", "{number}");
    }
    let nobody = store
        .append_events(matter_id(2), first, &change("e", &projection))
        .await
        .unwrap_err();
    assert_eq!(nobody.code(), "matter_not_found");
    let twice = create(store, 1, &change("f", &projection)).await.unwrap_err();
    assert_eq!(twice.code(), "matter_exists");
    let events = store
        .events(&chief_of("culture"), matter_id(1), 0, 9)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(events.len(), 2);
    // What was refused left its key free.
    store
        .append_events(matter_id(1), second, &change("c", &projection))
        .await
        .unwrap();
    assert_eq!(second.to_string().parse::<Version>().unwrap(), second);
}

async fn of_many_writers_at_once_one_wins_each_version(store: &Database, _: &Place) {
    let projection = projection();
    let mut version = create(store, 1, &change("start", &projection))
        .await
        .unwrap()
        .version;
    for round in 0..5 {
        let racers = (0..6).map(|racer| {
            let (store, projection) = (store.clone(), projection.clone());
            tokio::spawn(async move {
                let change = change(&format!("{round}-{racer}"), &projection);
                store.append_events(matter_id(1), version, &change).await
            })
        });
        let mut won = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(written) => won.push(written.version),
                Err(error) => assert_eq!(error.code(), "matter_conflict", "{error}"),
            }
        }
        assert_eq!(won.len(), 1);
        version = won[0];
    }
    let events = store
        .events(&chief_of("culture"), matter_id(1), 0, 99)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((events.len(), version.number), (6, 6));
}

async fn the_same_request_gives_the_first_answer(store: &Database, _: &Place) {
    let projection = projection();
    let open = change("open", &projection);
    let first = create(store, 1, &open).await.unwrap();
    // Sent again, under whatever id the sender made up this time.
    let again = create(store, 2, &open).await.unwrap();
    assert_eq!(
        again,
        Written {
            is_repeated: true,
            ..first.clone()
        }
    );
    let add = change("add", &projection);
    let second = store.append_events(first.id, first.version, &add).await.unwrap();
    let third = store
        .append_events(first.id, second.version, &change("more", &projection))
        .await
        .unwrap();
    let again = store.append_events(first.id, first.version, &add).await.unwrap();
    assert_eq!(
        again,
        Written {
            is_repeated: true,
            ..second.clone()
        }
    );
    let mut other = add.clone();
    other.request.digest = [3; 32];
    for expected in [first.version, third.version] {
        let error = store.append_events(first.id, expected, &other).await.unwrap_err();
        assert_eq!(error.code(), "request_key_reused");
    }
    let error = create(store, 3, &other).await.unwrap_err();
    assert_eq!(error.code(), "request_key_reused");
    // Another person's key of the same name is another key.
    other.request.principal = code("somebody");
    store
        .append_events(first.id, third.version, &other)
        .await
        .unwrap();
    let count = store
        .count_matters(&chief_of("culture"), &MatterFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(count, 1);
    // Many at once, with one key: one is done, all get its answer.
    let all = (0..6).map(|n| {
        let (store, open) = (store.clone(), change("burst", &projection));
        tokio::spawn(async move { create(&store, 10 + n, &open).await.unwrap() })
    });
    let mut answers = BTreeSet::new();
    for one in all.collect::<Vec<_>>() {
        answers.insert(one.await.unwrap().id);
    }
    assert_eq!(answers.len(), 1);
    assert_eq!(store.forget_requests(at(1)).await.unwrap(), 5);
    assert!(!create(store, 4, &open).await.unwrap().is_repeated);
}

async fn numbers_have_no_gaps_and_come_once(store: &Database, _: &Place) {
    let projection = projection();
    let all = (0..12_u64).map(|n| {
        let (store, projection) = (store.clone(), projection.clone());
        tokio::spawn(async move {
            // Some are refused after their number was drawn, some before.
            let mut given = change(&format!("k{n}"), &projection);
            if n % 3 == 0 {
                given.grants = vec![sharing::grant(99, matter_id(n), "police")];
                given.grants[0].purpose.clear();
            }
            create(&store, n, &given).await.map(|written| written.number)
        })
    });
    let mut numbers = Vec::new();
    for one in all.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(number) => numbers.push(number),
            Err(error) => assert_eq!(error.code(), "matter_invalid", "{error}"),
        }
    }
    numbers.sort();
    assert_eq!(numbers, (1..=8).map(number).collect::<Vec<_>>());
    let next_year = Series {
        year: 2025,
        ..series()
    };
    let taken = store
        .create_matter(matter_id(50), &next_year, &number, &change("x", &projection))
        .await;
    assert_eq!(taken.unwrap_err().code(), "matter_number_taken");
    let form = |ordinal| format!("2025-{ordinal}");
    let written = store
        .create_matter(matter_id(50), &next_year, &form, &change("x", &projection))
        .await;
    assert_eq!(written.unwrap().number, "2025-1");
}

async fn what_is_outside_the_limits_is_refused(store: &Database, _: &Place) {
    let fine = change("k", &projection());
    let refused = |name: &'static str, spoil: fn(&mut Change)| {
        let mut given = fine.clone();
        spoil(&mut given);
        async move {
            let error = create(store, 1, &given).await.unwrap_err();
            assert!(
                ["matter_invalid", "matter_not_canonical"].contains(&error.code()),
                "{name}: {error}"
            );
        }
    };
    refused("no event", |c| c.events.clear()).await;
    refused("many events", |c| c.events = vec![json!(1); 101]).await;
    refused("long event", |c| c.events[0] = json!("x".repeat(300_000))).await;
    refused("number beyond JSON", |c| c.events[0] = json!(u64::MAX)).await;
    refused("deep", |c| {
        c.state = (0..200).fold(json!(1), |inner, _| json!([inner]));
    })
    .await;
    refused("zero in the title", |c| c.projection.title = "a\0b".into()).await;
    refused("long title", |c| c.projection.title = "长".repeat(400)).await;
    refused("amount", |c| c.projection.amount_fen = Some(i64::MIN)).await;
    refused("day", |c| {
        c.projection.due_on = Some("-000001-01-01".parse().unwrap());
    })
    .await;
    refused("keys", |c| {
        c.projection.keys = (0..=200_u8).map(|n| [n; 32]).collect();
    })
    .await;
    let unwritten = store
        .create_matter(matter_id(1), &series(), &|_| String::new(), &fine)
        .await;
    assert_eq!(unwritten.unwrap_err().code(), "matter_invalid");
    // Zero inside of JSON is fine: its canonical text has another form of it.
    let mut zero = fine.clone();
    zero.events[0] = json!({"text": "a\0b"});
    assert_eq!(create(store, 1, &zero).await.unwrap().number, number(1));
    let events = store
        .events(&chief_of("culture"), matter_id(1), 0, 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(events[0].event, zero.events[0]);
}
