//! What every [`MatterStore`] does.
//!
//! In:  an empty database of each kind.
//! Out: nothing, or a panic that names the broken promise.

mod oracle;
mod outbox;
pub(crate) mod sharing;

use std::collections::BTreeSet;

use quanlian_record::{
    id::{self, GrantId, MatterId, OutboxId},
    time::Timestamp,
};
use quanlian_store::{
    Database, MatterStore,
    matters::{
        Actions, AgencyCode, Change, Code, Direction, MatterFilter, MatterQuery, Projection, Reach, Request,
        Scope, Series, Sort, UserCode, Version, WriteError, Written,
    },
};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::databases::{Place, every_database_passes};

every_database_passes! {
    a_matter_comes_back_with_its_events
    who_did_not_see_the_last_version_writes_nothing
    of_many_writers_at_once_one_wins_each_version
    the_same_request_gives_the_first_answer
    numbers_have_no_gaps_and_come_once
    what_is_outside_the_limits_is_refused
    a_changed_or_missing_event_is_named
    pages_neither_repeat_nor_skip
    each_filter_filters
    migrations_go_back_and_forth
}

pub(crate) fn at(micros: i64) -> Timestamp {
    let start: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
    Timestamp::from_unix_micros(start.unix_micros() + micros).unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn agency(text: &str) -> AgencyCode {
    AgencyCode::parse(text).unwrap()
}

/// An id that is the same in every run.
pub(crate) fn uuid_of(n: u64) -> uuid::Uuid {
    let mut random = [0; id::RANDOM_BYTES];
    random[2..].copy_from_slice(&n.to_be_bytes());
    id::from_parts(at(n.cast_signed() * 1000), random)
}

pub(crate) fn matter_id(n: u64) -> MatterId {
    MatterId(uuid_of(n))
}

pub(crate) fn grant_id(n: u64) -> GrantId {
    GrantId(uuid_of(n))
}

pub(crate) fn outbox_id(n: u64) -> OutboxId {
    OutboxId(uuid_of(n))
}

pub(crate) fn projection() -> Projection {
    Projection {
        procedure: code("complaint"),
        procedure_version: 1,
        stage: code("intake"),
        status: code("open"),
        owner_agency: agency("culture"),
        owner_unit: None,
        handlers: BTreeSet::new(),
        title: "投诉：曲一被上传".to_owned(),
        due_on: None,
        amount_fen: None,
        keys: BTreeSet::new(),
    }
}

/// One event; the request key is its own.
pub(crate) fn change(key: &str, projection: &Projection) -> Change {
    let mut digest = [0; 32];
    digest[..key.len().min(32)].copy_from_slice(&key.as_bytes()[..key.len().min(32)]);
    Change {
        request: Request {
            principal: code("officer"),
            key: code(key),
            digest,
        },
        at: at(0),
        events: vec![json!({"act": key, "v": 1})],
        projection: projection.clone(),
        state: json!({"last": key}),
        grants: Vec::new(),
        revoked: Vec::new(),
        outbox: Vec::new(),
    }
}

pub(crate) fn series() -> Series {
    Series {
        agency: agency("culture"),
        procedure: code("complaint"),
        year: 2024,
    }
}

pub(crate) fn number(ordinal: u64) -> String {
    format!("文执投〔2024〕{ordinal:06}")
}

pub(crate) async fn create(store: &Database, n: u64, change: &Change) -> Result<Written, WriteError> {
    store
        .create_matter(matter_id(n), &series(), &number, change)
        .await
}

/// A person who sees all of an agency.
pub(crate) fn chief_of(name: &str) -> Scope {
    Scope {
        agency: agency(name),
        unit: None,
        user: UserCode::parse("chief").unwrap(),
        reach: Reach::Agency,
        needs: Actions::READ,
        at: at(1_000_000),
    }
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

async fn a_changed_or_missing_event_is_named(store: &Database, place: &Place) {
    let projection = projection();
    let mut version = create(store, 1, &change("e1", &projection))
        .await
        .unwrap()
        .version;
    for n in 2..=5 {
        let next = change(&format!("e{n}"), &projection);
        version = store
            .append_events(matter_id(1), version, &next)
            .await
            .unwrap()
            .version;
    }
    let raw = place.raw().await;
    let read = || async { store.events(&chief_of("culture"), matter_id(1), 0, 99).await };
    let keep = "CREATE TABLE kept AS SELECT * FROM matter_events; CREATE TABLE kept_m AS SELECT number, head FROM matters";
    raw.execute_unprepared(keep).await.unwrap();
    for (spoil, number, what) in [
        (
            "UPDATE matter_events SET canonical = replace(canonical, 'e3', 'x3') WHERE number = 3",
            3,
            "it does not have its digest",
        ),
        (
            "UPDATE matter_events SET digest = (SELECT digest FROM kept WHERE number = 1) WHERE number = 2",
            2,
            "it does not have its digest",
        ),
        ("DELETE FROM matter_events WHERE number = 4", 4, "it is missing"),
        ("DELETE FROM matter_events WHERE number = 5", 5, "it is missing"),
        (
            "UPDATE matters SET number = 'other'",
            1,
            "it does not have its digest",
        ),
        (
            "UPDATE matters SET head = (SELECT digest FROM kept WHERE number = 4)",
            5,
            "the row of the matter names another digest",
        ),
    ] {
        raw.execute_unprepared(spoil).await.unwrap();
        let error = read().await.unwrap_err();
        assert_eq!(error.code(), "matter_damaged", "{spoil}");
        assert_eq!(
            error.to_string(),
            format!("matter {} is damaged at event {number}: {what}", matter_id(1)),
            "{spoil}"
        );
        let heal = "DELETE FROM matter_events; INSERT INTO matter_events SELECT * FROM kept; \
                    UPDATE matters SET number = (SELECT number FROM kept_m), head = (SELECT head FROM kept_m)";
        raw.execute_unprepared(heal).await.unwrap();
        assert_eq!(read().await.unwrap().unwrap().len(), 5);
    }
    raw.execute_unprepared("UPDATE matters SET handlers = '{'")
        .await
        .unwrap();
    let error = store
        .matter(&chief_of("culture"), matter_id(1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "matter_row_damaged");
}

async fn pages_neither_repeat_nor_skip(store: &Database, _: &Place) {
    let mut projection = projection();
    for n in 0..25_u64 {
        // Many equal keys, and some without.
        projection.amount_fen = (n % 4 > 0).then_some(n.cast_signed() % 3);
        projection.due_on = (n % 5 > 0).then(|| format!("2025-01-0{}", 1 + n % 2).parse().unwrap());
        let mut given = change(&format!("k{n}"), &projection);
        given.at = at(n.cast_signed() / 6);
        create(store, n, &given).await.unwrap();
    }
    let scope = chief_of("culture");
    for sort in [Sort::Changed, Sort::Opened, Sort::Due, Sort::Amount] {
        let mut orders = Vec::new();
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut query = MatterQuery {
                sort,
                direction,
                limit: Some(7),
                ..MatterQuery::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = store.matters(&scope, &query).await.unwrap();
                assert!(page.matters.len() <= 7);
                seen.extend(page.matters.iter().map(|row| row.id));
                let Some(next) = page.next else { break };
                // As it comes back from whoever turns the page.
                query.after = Some(next.to_string().parse().unwrap());
                // What is added at the beginning of the list disturbs nobody.
                if direction == Direction::Descending && seen.len() == 7 && sort == Sort::Opened {
                    let mut late = change("late", &projection);
                    late.at = at(1000);
                    create(store, 99, &late).await.unwrap();
                }
            }
            assert_eq!(
                seen.len(),
                25 + usize::from(sort == Sort::Due || sort == Sort::Amount),
                "{sort:?}"
            );
            orders.push(seen);
        }
        orders[1].reverse();
        assert_eq!(orders[0], orders[1], "{sort:?}");
    }
    let query = MatterQuery {
        limit: Some(1),
        ..MatterQuery::default()
    };
    let next = store.matters(&scope, &query).await.unwrap().next;
    let other = MatterQuery {
        after: next,
        sort: Sort::Due,
        ..MatterQuery::default()
    };
    assert_eq!(
        store.matters(&scope, &other).await.unwrap_err().code(),
        "matter_cursor"
    );
}

async fn each_filter_filters(store: &Database, _: &Place) {
    let mut one = projection();
    one.stage = code("closed");
    one.status = code("done");
    one.procedure = code("transfer");
    one.due_on = Some("2025-01-08".parse().unwrap());
    one.handlers = [UserCode::parse("li").unwrap()].into();
    let mut given = change("one", &one);
    given.at = at(100);
    create(store, 1, &given).await.unwrap();
    create(store, 2, &change("two", &projection())).await.unwrap();
    let fits = |filter: MatterFilter| async move {
        let query = MatterQuery {
            filter: filter.clone(),
            ..MatterQuery::default()
        };
        let page = store.matters(&chief_of("culture"), &query).await.unwrap();
        let count = store
            .count_matters(&chief_of("culture"), &filter, 10)
            .await
            .unwrap();
        assert_eq!(count, page.matters.len() as u64, "{filter:?}");
        page.matters.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let none = MatterFilter::default;
    let only = [matter_id(1)];
    assert_eq!(fits(none()).await.len(), 2);
    assert_eq!(
        fits(MatterFilter {
            stage: Some(code("closed")),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            status: Some(code("done")),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            procedure: Some(code("transfer")),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            handler: Some("li".parse().unwrap()),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            opened_from: Some(at(100)),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            opened_until: Some(at(100)),
            ..none()
        })
        .await,
        [matter_id(2)]
    );
    let due = |day: &str| Some(day.parse().unwrap());
    assert_eq!(
        fits(MatterFilter {
            due_before: due("2025-01-09"),
            ..none()
        })
        .await,
        only
    );
    assert_eq!(
        fits(MatterFilter {
            due_before: due("2025-01-08"),
            ..none()
        })
        .await,
        []
    );
    for (prefix, count) in [
        ("文执投〔2024〕", 2),
        ("文执投〔2024〕000001", 1),
        ("", 2),
        ("x", 0),
        ("%", 0),
        ("文\0", 0),
    ] {
        let number_prefix = Some(prefix.to_owned());
        assert_eq!(
            fits(MatterFilter {
                number_prefix,
                ..none()
            })
            .await
            .len(),
            count,
            "{prefix:?}"
        );
    }
    assert_eq!(
        store
            .count_matters(&chief_of("culture"), &none(), 1)
            .await
            .unwrap(),
        1
    );
}

async fn migrations_go_back_and_forth(store: &Database, place: &Place) {
    create(store, 1, &change("a", &projection())).await.unwrap();
    if let Place::Sqlite(folder) = place {
        let file = Place::file(folder.path());
        let back = Database::open_at_version(&file, "0001_records").await.unwrap();
        assert_eq!(
            store
                .count_matters(&chief_of("culture"), &MatterFilter::default(), 1)
                .await
                .unwrap_err()
                .code(),
            "database_failed"
        );
        back.close().await.unwrap();
    } else if let Place::Postgres(address) = place {
        crate::postgres::open_at(address, "0001_records")
            .await
            .close()
            .await
            .unwrap();
    }
    let forth = place.open().await;
    assert_eq!(
        forth
            .count_matters(&chief_of("culture"), &MatterFilter::default(), 1)
            .await
            .unwrap(),
        0
    );
}
