//! What every [`RecordStore`] does.
//!
//! In:  an empty store of any implementation.
//! Out: nothing, or a panic that names the broken promise.

use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{self, RecordId},
    time::Timestamp,
};
use quanlian_store::{
    RecordStore,
    records::{
        AppendError, Appended, MAX_BATCH_RECORDS, MAX_PAGE_RECORDS, MAX_RECORD_BYTES, Place, RecordQuery,
    },
};
use serde_json::json;

/// Runs every case against the stores that `$empty` makes. What it returns beside the store lives as long.
macro_rules! every_store_passes {
    ($($module:ident: $empty:expr;)*) => {$(
        mod $module {
            every_store_passes! { @cases $empty;
                a_record_comes_back_as_it_was
                the_same_record_twice_is_no_error_and_stored_once
                other_content_under_the_same_id_is_refused
                a_batch_with_one_refused_record_stores_none
                a_correction_needs_a_record_to_correct
                corrections_are_found_by_what_they_correct
                a_listing_is_in_order_of_time_and_id
                a_listing_obeys_all_its_conditions
                pages_neither_repeat_nor_skip
                records_beyond_the_limits_are_refused
                numbers_keep_every_digit
                what_is_erased_is_gone_with_its_corrections
            }
        }
    )*};
    (@cases $empty:expr; $($case:ident)*) => {$(
        #[tokio::test]
        async fn $case() {
            let Some((store, _kept)) = $empty.await else { return };
            super::$case(&store).await;
        }
    )*};
}

every_store_passes! {
    memory: async { Some((quanlian_store::MemoryRecords::default(), ())) };
    sqlite: async { Some(crate::sqlite::new_database().await) };
    postgres: crate::postgres::new_database();
}

pub(crate) const T0: &str = "2024-12-20T01:30:00Z";

/// A record `micros` after [`T0`]; the seed tells ids of one instant apart.
pub(crate) fn record(kind: &str, micros: i64, seed: u8) -> Record {
    let start: Timestamp = T0.parse().unwrap();
    let recorded_at = Timestamp::from_unix_micros(start.unix_micros() + micros).unwrap();
    Record {
        v: ENVELOPE_VERSION,
        id: RecordId(id::from_parts(recorded_at, [seed; id::RANDOM_BYTES])),
        kind: kind.into(),
        recorded_at,
        actor: "officer".into(),
        supersedes: None,
        body: json!({ "work": "曲一", "seed": seed }),
    }
}

fn everything() -> RecordQuery {
    RecordQuery::default()
}

async fn a_record_comes_back_as_it_was(store: &impl RecordStore) {
    let given = record("deposit", 1, 1);
    assert_eq!(store.get(given.id).await.unwrap(), None);
    assert_eq!(store.append(&given).await.unwrap(), Appended::New);
    let back = store.get(given.id).await.unwrap().unwrap();
    assert_eq!(back, given);
    assert_eq!(back.canonical_bytes().unwrap(), given.canonical_bytes().unwrap());
}

async fn the_same_record_twice_is_no_error_and_stored_once(store: &impl RecordStore) {
    let given = record("deposit", 1, 1);
    let answers = store.append_all(&[given.clone(), given.clone()]).await.unwrap();
    assert_eq!(answers, [Appended::New, Appended::Known]);
    assert_eq!(store.append(&given).await.unwrap(), Appended::Known);
    assert_eq!(store.list(&everything()).await.unwrap().records, [given]);
    assert_eq!(store.append_all(&[]).await.unwrap(), []);
}

async fn other_content_under_the_same_id_is_refused(store: &impl RecordStore) {
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    let others = [
        Record {
            actor: "somebody".into(),
            ..given.clone()
        },
        Record {
            recorded_at: "2025-01-01T00:00:00Z".parse().unwrap(),
            ..given.clone()
        },
        Record {
            kind: "match".into(),
            ..given.clone()
        },
    ];
    for other in others {
        let refused = store.append(&other).await.unwrap_err();
        let AppendError::Conflict {
            id,
            stored_sha256,
            given_sha256,
        } = &refused
        else {
            panic!("{refused}")
        };
        assert_eq!(*id, given.id);
        assert_eq!(*stored_sha256, given.sha256_hex().unwrap());
        assert_eq!(*given_sha256, other.sha256_hex().unwrap());
        assert_eq!(refused.code(), "record_conflict");
    }
    assert_eq!(store.get(given.id).await.unwrap(), Some(given));
}

async fn a_batch_with_one_refused_record_stores_none(store: &impl RecordStore) {
    let stored = record("deposit", 1, 1);
    store.append(&stored).await.unwrap();
    let conflict = Record {
        actor: "somebody".into(),
        ..stored.clone()
    };
    let orphan = Record {
        supersedes: Some(record("deposit", 99, 9).id),
        ..record("deposit", 4, 4)
    };
    for refused in [conflict, orphan] {
        let batch = [
            record("deposit", 2, 2),
            stored.clone(),
            refused,
            record("deposit", 3, 3),
        ];
        store.append_all(&batch).await.unwrap_err();
        assert_eq!(
            store.list(&everything()).await.unwrap().records,
            std::slice::from_ref(&stored)
        );
    }
    // The refused batch left nothing in the way.
    let answers = store
        .append_all(&[record("deposit", 2, 2), stored, record("deposit", 3, 3)])
        .await
        .unwrap();
    assert_eq!(answers, [Appended::New, Appended::Known, Appended::New]);
}

async fn a_correction_needs_a_record_to_correct(store: &impl RecordStore) {
    let first = record("fact", 1, 1);
    let second = Record {
        supersedes: Some(first.id),
        ..record("fact", 2, 2)
    };
    let itself = Record {
        supersedes: Some(record("fact", 3, 3).id),
        ..record("fact", 3, 3)
    };

    for refused in [&second, &itself] {
        let error = store.append(refused).await.unwrap_err();
        assert_eq!(error.code(), "record_supersedes_unknown", "{error}");
    }
    let error = store
        .append_all(&[second.clone(), first.clone()])
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        "record_supersedes_unknown",
        "a batch is appended in its order"
    );
    store.append_all(&[first, second]).await.unwrap();
}

async fn corrections_are_found_by_what_they_correct(store: &impl RecordStore) {
    let first = record("fact", 1, 1);
    let corrects = |wrong: &Record, micros, seed| Record {
        supersedes: Some(wrong.id),
        ..record("fact", micros, seed)
    };
    let second = corrects(&first, 3, 2);
    let rival = corrects(&first, 2, 3);
    let third = corrects(&second, 4, 4);
    store
        .append_all(&[first.clone(), second.clone(), rival.clone(), third.clone()])
        .await
        .unwrap();

    assert_eq!(
        store.corrections_of(first.id).await.unwrap(),
        [rival, second.clone()]
    );
    assert_eq!(
        store.corrections_of(second.id).await.unwrap(),
        std::slice::from_ref(&third)
    );
    assert_eq!(store.corrections_of(third.id).await.unwrap(), []);
}

async fn a_listing_is_in_order_of_time_and_id(store: &impl RecordStore) {
    // An id made on another machine need not sort as its instant does.
    let early = Record {
        recorded_at: record("fact", -5, 0).recorded_at,
        ..record("fact", 9, 9)
    };
    let given = [
        record("fact", 2, 3),
        record("fact", 2, 200),
        record("fact", 1, 7),
        early.clone(),
    ];
    store.append_all(&given).await.unwrap();
    let [a, b, c, _] = given;
    assert_eq!(store.list(&everything()).await.unwrap().records, [early, c, a, b]);
}

async fn a_listing_obeys_all_its_conditions(store: &impl RecordStore) {
    for micros in 0..6 {
        let kind = if micros % 2 == 0 { "deposit" } else { "match" };
        store.append(&record(kind, micros, micros as u8)).await.unwrap();
    }
    let at = |micros| Some(record("deposit", micros, 0).recorded_at);
    let check = async |query: RecordQuery, then: &[i64]| {
        let start = record("deposit", 0, 0).recorded_at.unix_micros();
        let page = store.list(&query).await.unwrap();
        let found: Vec<i64> = page
            .records
            .iter()
            .map(|r| r.recorded_at.unix_micros() - start)
            .collect();
        assert_eq!(found, then, "{query:?}");
        assert_eq!(page.next, None);
    };
    let deposits = RecordQuery {
        kind: Some("deposit".into()),
        ..everything()
    };
    check(everything(), &[0, 1, 2, 3, 4, 5]).await;
    check(deposits.clone(), &[0, 2, 4]).await;
    check(
        RecordQuery {
            kind: Some("deposi".into()),
            ..everything()
        },
        &[],
    )
    .await;
    check(
        RecordQuery {
            from: at(2),
            ..everything()
        },
        &[2, 3, 4, 5],
    )
    .await;
    check(
        RecordQuery {
            until: at(2),
            ..everything()
        },
        &[0, 1],
    )
    .await;
    check(
        RecordQuery {
            from: at(1),
            until: at(4),
            ..deposits
        },
        &[2],
    )
    .await;
    check(
        RecordQuery {
            from: at(4),
            until: at(1),
            ..everything()
        },
        &[],
    )
    .await;
}

async fn pages_neither_repeat_nor_skip(store: &impl RecordStore) {
    // Many share an instant, so that a page ends between two of them.
    let given: Vec<Record> = (0..=MAX_PAGE_RECORDS)
        .map(|n| Record {
            id: RecordId(id_of(n)),
            ..record("match", i64::try_from(n / 7).unwrap(), 0)
        })
        .collect();
    store.append_all(&given).await.unwrap();
    for limit in [
        Some(0),
        Some(1),
        Some(5),
        Some(MAX_PAGE_RECORDS),
        Some(usize::MAX),
        None,
    ] {
        let mut found = Vec::new();
        let mut query = RecordQuery {
            limit,
            kind: Some("match".into()),
            ..everything()
        };
        loop {
            let page = store.list(&query).await.unwrap();
            assert!(page.records.len() <= limit.unwrap_or(MAX_PAGE_RECORDS).clamp(1, MAX_PAGE_RECORDS));
            found.extend(page.records);
            // A single record at a time proves nothing more after a while.
            if page.next.is_none() || (found.len() > 20 && limit < Some(2)) {
                break;
            }
            assert_eq!(page.next, found.last().map(Place::of));
            query.after = page.next;
        }
        assert_eq!(found, given[..found.len()]);
        assert!(found.len() > 20);
    }
}

fn id_of(n: usize) -> uuid::Uuid {
    let mut random = [0; id::RANDOM_BYTES];
    random[2..].copy_from_slice(&(n as u64).to_be_bytes());
    id::from_parts(T0.parse().unwrap(), random)
}

async fn records_beyond_the_limits_are_refused(store: &impl RecordStore) {
    let with_body = |body| Record {
        body,
        ..record("fact", 1, 1)
    };
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let check = async |given: Record, then: &str| {
        let refused = store.append(&given).await.unwrap_err();
        assert_eq!(refused.code(), then, "{refused}");
    };
    check(with_body(json!("x".repeat(MAX_RECORD_BYTES))), "record_too_large").await;
    check(with_body(deep), "record_not_readable").await;
    check(with_body(json!(1e17)), "record_not_canonical").await;
    check(with_body(json!(u64::MAX)), "record_not_canonical").await;
    check(
        Record {
            v: 2,
            ..record("fact", 1, 1)
        },
        "record_version_unknown",
    )
    .await;
    for kind in ["", "Fact", "fact\0", "事实", "a b", &"a".repeat(65)] {
        check(record(kind, 1, 1), "record_kind_invalid").await;
    }
    let many = vec![record("fact", 1, 1); MAX_BATCH_RECORDS + 1];
    assert_eq!(
        store.append_all(&many).await.unwrap_err().code(),
        "record_batch_too_large"
    );
    assert_eq!(store.list(&everything()).await.unwrap().records, []);
}

async fn what_is_erased_is_gone_with_its_corrections(store: &impl RecordStore) {
    let wrong = record("deposit", 1, 1);
    let corrected = Record {
        supersedes: Some(wrong.id),
        ..record("deposit", 2, 2)
    };
    let again = Record {
        supersedes: Some(corrected.id),
        ..record("deposit", 3, 3)
    };
    let other = record("deposit", 4, 4);
    let all = [wrong.clone(), corrected, again, other.clone()];
    store.append_all(&all).await.unwrap();
    assert_eq!(store.erase(wrong.id).await.unwrap(), 3);
    assert_eq!(store.list(&everything()).await.unwrap().records, [other]);
    assert_eq!(store.get(wrong.id).await.unwrap(), None);
    assert_eq!(store.erase(wrong.id).await.unwrap(), 0);
}

async fn numbers_keep_every_digit(store: &impl RecordStore) {
    let body = json!({
        "fen": 9_007_199_254_740_991_i64,
        "e_value": 1e-90,
        "score_bits": 0.1 + 0.2,
        "text": "曲\u{0}\u{1F600}",
        "none": null,
    });
    let given = Record {
        body,
        ..record("match", 1, 1)
    };
    store.append(&given).await.unwrap();
    let back = store.get(given.id).await.unwrap().unwrap();
    assert_eq!(back.canonical_bytes().unwrap(), given.canonical_bytes().unwrap());
    assert_eq!(back.body, given.body);
}
