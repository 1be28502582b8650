//! What only a database on a PostgreSQL server can suffer: other programs' tables, newer versions, a server that is
//! away, stops, forgets or keeps old rows for a reader.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use quanlian_store::{
    Database, RecordStore,
    database::{OpenError, postgres::PostgresOptions},
    lock::PostgresAddress,
    records::{Appended, ReadError, RecordQuery},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::{
    lock::servers::{Postgres, free_port},
    records::record,
};

/// Short, so that a test need not wait.
pub(crate) fn options() -> PostgresOptions {
    PostgresOptions {
        max_connections: 8,
        acquire_timeout: Duration::from_secs(5),
        lock_timeout: Duration::from_millis(500),
        ..PostgresOptions::default()
    }
}

/// The address of a new, empty database on the server that the tests share.
pub(crate) async fn new_address() -> Option<PostgresAddress> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(Postgres::shared).await.unwrap()?;
    let name = format!("q{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let first = raw(&Postgres::address(server.port)).await;
    // Only one at a time may copy the template.
    for _ in 0..100 {
        if first
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .is_ok()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    first.close().await.unwrap();
    let address = Postgres::address(server.port);
    let server = address.trim_end_matches("postgres");
    Some(PostgresAddress::parse(&format!("{server}{name}")).unwrap())
}

pub(crate) async fn open(address: &PostgresAddress) -> Result<Database, OpenError> {
    Database::connect(address, Some(Postgres::password()), &options()).await
}

/// An open database, and where it is.
pub(crate) async fn new_database() -> Option<(Database, PostgresAddress)> {
    let address = new_address().await?;
    Some((open(&address).await.unwrap(), address))
}

/// A connection that knows nothing of the stores.
pub(crate) async fn raw(address: &str) -> DatabaseConnection {
    let mut url = url::Url::parse(address).unwrap();
    url.set_password(Some(Postgres::password())).unwrap();
    let mut options = sea_orm::ConnectOptions::new(url.to_string());
    options.max_connections(1);
    sea_orm::Database::connect(options).await.unwrap()
}

async fn raw_at(address: &PostgresAddress) -> DatabaseConnection {
    raw(&address.to_string()).await
}

#[tokio::test]
async fn records_outlive_the_connection_and_migrations_go_both_ways() {
    let Some((store, address)) = new_database().await else {
        return;
    };
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    store.close().await.unwrap();
    let store = open(&address).await.unwrap();
    assert_eq!(store.get(given.id).await.unwrap(), Some(given.clone()));
    store.close().await.unwrap();

    let back = |version: &'static str| {
        let address = address.clone();
        async move {
            Database::connect_at_version(&address, Some(Postgres::password()), &options(), version).await
        }
    };
    let store = back("0001_records").await.unwrap();
    assert_eq!(
        store.get(given.id).await.unwrap(),
        Some(given.clone()),
        "later tables alone went"
    );
    store.close().await.unwrap();
    assert_eq!(
        back("0000_nothing").await.unwrap_err().code(),
        "database_no_version"
    );
    let store = open(&address).await.unwrap();
    assert_eq!(store.get(given.id).await.unwrap(), Some(given));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_make_the_tables_at_once() {
    let Some(address) = new_address().await else {
        return;
    };
    let (a, b, c) = tokio::join!(open(&address), open(&address), open(&address));
    for (n, store) in (0_u8..).zip([a, b, c]) {
        store
            .unwrap()
            .append(&record("deposit", i64::from(n), n))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_database_of_another_program_or_a_newer_version_is_left_alone() {
    let Some(address) = new_address().await else {
        return;
    };
    let other = raw_at(&address).await;
    other
        .execute_unprepared("CREATE TABLE songs (x int)")
        .await
        .unwrap();
    assert_eq!(open(&address).await.unwrap_err().code(), "database_foreign");
    // A lock record of ours may have come first.
    let make = "DROP TABLE songs; CREATE TABLE log_head (origin text PRIMARY KEY, note bytea NOT NULL)";
    other.execute_unprepared(make).await.unwrap();
    open(&address).await.unwrap();
    let later = "INSERT INTO seaql_migrations VALUES ('9999_later', 0)";
    other.execute_unprepared(later).await.unwrap();
    assert_eq!(open(&address).await.unwrap_err().code(), "database_newer");
}

#[tokio::test]
async fn a_changed_row_is_damage_and_not_a_record() {
    let Some((store, address)) = new_database().await else {
        return;
    };
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    let other = raw_at(&address).await;
    for change in [
        "UPDATE records SET kind = 'match'",
        "UPDATE records SET kind = 'deposit', recorded_at = recorded_at + 1",
        "UPDATE records SET canonical = replace(canonical, 'officer', 'Officer')",
    ] {
        other.execute_unprepared(change).await.unwrap();
        let error = store.get(given.id).await.unwrap_err();
        assert!(
            matches!(error, ReadError::Damaged { id, .. } if id == given.id),
            "{change}: {error}"
        );
    }
    assert_eq!(store.append(&given).await.unwrap_err().code(), "record_conflict");
}

#[tokio::test]
async fn what_is_wrong_with_the_server_is_named() {
    let Some((_, address)) = new_database().await else {
        return;
    };
    let wrong = Database::connect(&address, Some("hunter2"), &options())
        .await
        .unwrap_err();
    assert_eq!(wrong.code(), "database_denied");
    let shown = format!("{wrong} {wrong:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let nowhere = PostgresAddress::parse(&Postgres::address(free_port())).unwrap();
    let quick = PostgresOptions {
        acquire_timeout: Duration::from_millis(300),
        ..options()
    };
    let away = Database::connect(&nowhere, None, &quick).await.unwrap_err();
    assert_eq!(away.code(), "database_away");
    let quick = PostgresOptions {
        statement_timeout: Duration::from_millis(200),
        ..options()
    };
    let store = Database::connect(&address, Some(Postgres::password()), &quick)
        .await
        .unwrap();
    let other = raw_at(&address).await;
    other
        .execute_unprepared("BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let error = store.append(&record("deposit", 1, 1)).await.unwrap_err();
    assert_eq!(error.code(), "database_too_slow");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(
        store.append(&record("deposit", 1, 1)).await.unwrap(),
        Appended::New
    );
}

#[tokio::test]
async fn a_server_that_forgets_is_refused() {
    let Some(server) = tokio::task::spawn_blocking(Postgres::start).await.unwrap() else {
        return;
    };
    let address = PostgresAddress::parse(&Postgres::address(server.port)).unwrap();
    open(&address).await.unwrap().close().await.unwrap();
    server.restart("-c fsync=off");
    assert_eq!(open(&address).await.unwrap_err().code(), "database_not_durable");
}

#[tokio::test]
async fn what_is_erased_is_in_no_file_of_the_table_and_a_reader_in_the_way_is_named() {
    let Some((store, address)) = new_database().await else {
        return;
    };
    let given = record("deposit", 1, 1);
    let kept = record("deposit", 2, 2);
    store.append_all(&[given.clone(), kept.clone()]).await.unwrap();
    let reader = raw_at(&address).await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM seaql_migrations";
    reader.execute_unprepared(begin).await.unwrap();
    assert_eq!(
        store.erase(given.id).await.unwrap_err().code(),
        "record_erase_lingers"
    );
    assert_eq!(store.get(given.id).await.unwrap(), None);
    reader.execute_unprepared("COMMIT").await.unwrap();
    // One that has a number and looks at nothing just now keeps the rows as well.
    let number = "BEGIN; SELECT pg_current_xact_id()";
    reader.execute_unprepared(number).await.unwrap();
    let again = record("deposit", 3, 1);
    store.append_all(std::slice::from_ref(&again)).await.unwrap();
    assert_eq!(
        store.erase(again.id).await.unwrap_err().code(),
        "record_erase_lingers"
    );
    reader.execute_unprepared("COMMIT").await.unwrap();
    assert_eq!(store.erase(given.id).await.unwrap(), 0);
    // What the table's file holds, read by the server itself.
    let file = "SELECT position(decode('6465706f736974', 'hex') in pg_read_binary_file(pg_relation_filepath('records'))) \
                > 0 AS kept, position(convert_to('\"seed\":1', 'UTF8') in \
                pg_read_binary_file(pg_relation_filepath('records'))) > 0 AS erased";
    reader.execute_unprepared("CHECKPOINT").await.unwrap();
    let file = sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Postgres, file);
    let found = reader.query_one_raw(file).await.unwrap().unwrap();
    let flag = |name: &str| found.try_get::<bool>("", name).unwrap();
    assert_eq!((flag("kept"), flag("erased")), (true, false));
    assert_eq!(store.list(&RecordQuery::default()).await.unwrap().records, [kept]);
}

/// Opened at another version of its tables.
pub(crate) async fn open_at(address: &PostgresAddress, version: &str) -> Database {
    let password = Some(Postgres::password());
    Database::connect_at_version(address, password, &options(), version)
        .await
        .unwrap()
}
