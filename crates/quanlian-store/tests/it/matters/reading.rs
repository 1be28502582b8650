//! Reading: damage, pages, filters; tables that come and go.

use quanlian_record::time::Timestamp;
use quanlian_store::{
    Database, MatterStore,
    matters::{Direction, MatterFilter, MatterQuery, Sort, UserCode},
};
use sea_orm::ConnectionTrait;

use super::{at, change, chief_of, code, create, matter_id, projection};
use crate::databases::{Place, every_database_passes};

every_database_passes! {
    a_changed_or_missing_event_is_named
    pages_neither_repeat_nor_skip
    each_filter_filters
    wide_and_narrow_ranges_let_the_same_through
    migrations_go_back_and_forth
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

/// Ranges of many matters are looked for in another way than ranges of few.
async fn wide_and_narrow_ranges_let_the_same_through(store: &Database, place: &Place) {
    const MANY: i64 = 2500;
    create(store, 1, &change("first", &projection())).await.unwrap();
    let raw = place.raw().await;
    let (series, id, four) = match place {
        Place::Sqlite(_) => (
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2500)",
            "unhex(printf('%032x', n))",
            "printf('%04d', n)",
        ),
        Place::Postgres(_) => (
            "WITH s AS (SELECT generate_series(1, 2500) AS n)",
            "lpad(to_hex(n), 32, '0')::uuid",
            "lpad(n::text, 4, '0')",
        ),
    };
    // Opened one after the other, due on 28 days.
    let many = format!(
        "INSERT INTO matters (id, number, procedure_id, procedure_version, stage, status, owner_agency, handlers, \
         title, opened_at, changed_at, due_key, amount_key, blind_keys, state, version, head) {series} \
         SELECT {id}, 'x' || {four}, 'p', 1, 's', 'open', agency, '[]', 't', n, 9999 - n, 20250201 + n % 28, 0, '[]', \
         '{{}}', 0, head FROM s, (SELECT head FROM matters) h, (SELECT 'culture' AS agency) a"
    );
    raw.execute_unprepared(&many).await.unwrap();
    let later = Timestamp::from_unix_micros;
    let check = |filter: MatterFilter, wanted: i64| async move {
        let count = store
            .count_matters(&chief_of("culture"), &filter, 100_000)
            .await
            .unwrap();
        assert_eq!(count.cast_signed(), wanted, "{filter:?}");
        let court = store
            .count_matters(&chief_of("court"), &filter, 100_000)
            .await
            .unwrap();
        assert_eq!(court, 0);
        for sort in [Sort::Changed, Sort::Opened, Sort::Due, Sort::Amount] {
            let mut query = MatterQuery {
                filter: filter.clone(),
                sort,
                limit: Some(200),
                ..MatterQuery::default()
            };
            let mut listed = 0;
            loop {
                let page = store.matters(&chief_of("culture"), &query).await.unwrap();
                listed += i64::try_from(page.matters.len()).unwrap();
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(listed, wanted, "{sort:?} {filter:?}");
        }
    };
    let none = MatterFilter::default;
    for (prefix, wanted) in [("x", MANY), ("x00", 99), ("x0007", 1), ("文", 1)] {
        check(
            MatterFilter {
                number_prefix: Some(prefix.to_owned()),
                ..none()
            },
            wanted,
        )
        .await;
    }
    for (from, until, wanted) in [
        (1, 2501, 2500),
        (2, 2400, 2398),
        (100, 110, 10),
        (2500, i64::MAX / 100, 2),
    ] {
        let (opened_from, opened_until) = (later(from).ok(), later(until).ok());
        check(
            MatterFilter {
                opened_from,
                opened_until,
                ..none()
            },
            wanted,
        )
        .await;
    }
    for (day, wanted) in [("2025-02-28", 2411), ("2025-02-02", 89), ("2025-02-01", 0)] {
        check(
            MatterFilter {
                due_before: Some(day.parse().unwrap()),
                ..none()
            },
            wanted,
        )
        .await;
    }
    let both = MatterFilter {
        due_before: Some("2025-02-02".parse().unwrap()),
        opened_until: later(2400).ok(),
        number_prefix: Some("x".to_owned()),
        ..none()
    };
    check(both, 85).await;
}
