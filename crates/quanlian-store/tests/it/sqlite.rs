//! What only a SQLite file can suffer: other programs, newer versions, damage, rivals.

use std::{path::Path, time::Duration};

use quanlian_store::{
    RecordStore, SqliteRecords,
    database::{DatabaseError, OpenError},
    records::{Appended, MAX_BATCH_RECORDS, ReadError, RecordQuery},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

use crate::records::record;

/// Short, so that tests of waiting do not wait long.
const PATIENCE: Duration = Duration::from_millis(100);

pub(crate) async fn new_database() -> (SqliteRecords, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteRecords::open(&folder.path().join("records.db"))
        .await
        .unwrap();
    (store, folder)
}

/// The file as another program sees it.
pub(crate) async fn raw(path: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    options.max_connections(1);
    Database::connect(options).await.unwrap()
}

async fn refusal(path: &Path) -> OpenError {
    SqliteRecords::open_waiting(path, PATIENCE).await.unwrap_err()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[tokio::test]
async fn records_outlive_the_program() {
    let (store, folder) = new_database().await;
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    store.close().await.unwrap();

    let path = folder.path().join("records.db");
    let store = SqliteRecords::open(&path).await.unwrap();
    assert_eq!(store.get(given.id).await.unwrap(), Some(given.clone()));
    assert_eq!(store.append(&given).await.unwrap(), Appended::Known);
}

#[tokio::test]
async fn the_file_is_kept_as_promised() {
    let (store, folder) = new_database().await;
    store.append(&record("deposit", 1, 1)).await.unwrap();
    let other = raw(&folder.path().join("records.db")).await;
    let mode = async |pragma: &str| {
        let row = other.query_one_raw(sea_orm::Statement::from_string(
            other.get_database_backend(),
            pragma,
        ));
        row.await.unwrap().unwrap().try_get_by_index::<String>(0).unwrap()
    };
    assert_eq!(mode("PRAGMA journal_mode").await, "wal");
    assert_eq!(mode("PRAGMA integrity_check").await, "ok");
    assert_eq!(
        mode("SELECT typeof(recorded_at) || typeof(canonical) FROM records").await,
        "integertext"
    );
}

#[tokio::test]
async fn a_name_with_signs_of_a_url_is_a_name_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a?mode=ro#b %20 卷.db");
    let store = SqliteRecords::open(&path).await.unwrap();
    store.append(&record("deposit", 1, 1)).await.unwrap();
    assert!(path.is_file());
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/records.db");
    let error = refusal(&missing).await;
    assert_eq!(error.code(), "database_no_folder");
    assert!(
        error
            .to_string()
            .contains("missing for the database does not exist"),
        "{error}"
    );
    assert!(
        !missing.parent().unwrap().is_dir(),
        "no folder is made in passing"
    );

    assert_eq!(refusal(folder.path()).await.code(), "database_not_a_file");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = refusal(&file.join("records.db")).await;
    assert!(
        ["database_no_folder", "database_path"].contains(&below_a_file.code()),
        "{below_a_file}"
    );
}

#[tokio::test]
async fn a_folder_that_takes_no_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut permissions = std::fs::metadata(folder.path()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(folder.path(), permissions).unwrap();
    if std::fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write to read-only folders (root), so there is nothing to see");
        return;
    }
    let error = refusal(&folder.path().join("records.db")).await;
    assert_eq!(error.code(), "database_cannot_open", "{}", chain(&error));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    for text in ["hello", &"not a database\n".repeat(500)] {
        std::fs::write(&path, text).unwrap();
        let error = refusal(&path).await;
        assert_eq!(error.code(), "database_not_a_database", "{}", chain(&error));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let other = raw(&path).await;
    for table in [
        "songs (name TEXT)",
        "seaql_migrations (version TEXT, applied_at BIGINT)",
    ] {
        other
            .execute_unprepared(&format!("CREATE TABLE {table}"))
            .await
            .unwrap();
        other
            .execute_unprepared("INSERT INTO songs VALUES ('still there')")
            .await
            .unwrap();
        let error = refusal(&path).await;
        assert_eq!(error.code(), "database_foreign", "{}", chain(&error));
        let _ = other
            .execute_unprepared("INSERT INTO seaql_migrations VALUES ('m1_songs', 0)")
            .await;
    }
    let error = refusal(&path).await;
    assert_eq!(error.code(), "database_foreign", "{}", chain(&error));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let (store, folder) = new_database().await;
    store.close().await.unwrap();
    let path = folder.path().join("records.db");
    let other = raw(&path).await;
    other
        .execute_unprepared("INSERT INTO seaql_migrations VALUES ('0099_later', 0)")
        .await
        .unwrap();
    let error = refusal(&path).await;
    assert_eq!(error.code(), "database_newer");
    let text = error.to_string();
    let then =
        "was written by a newer version (it has `0099_later`, this program knows up to `0011_sign_in`)";
    assert!(text.ends_with(then), "{text}");
}

#[tokio::test]
async fn a_changed_row_is_damage_and_not_a_record() {
    let (store, folder) = new_database().await;
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    let other = raw(&folder.path().join("records.db")).await;
    for change in [
        "UPDATE records SET kind = 'match'",
        "UPDATE records SET kind = 'deposit', recorded_at = recorded_at + 1",
        "UPDATE records SET recorded_at = 9223372036854775807",
        "UPDATE records SET canonical = replace(canonical, 'officer', 'Officer')",
    ] {
        other.execute_unprepared(change).await.unwrap();
        let error = store.get(given.id).await.unwrap_err();
        assert!(
            matches!(error, ReadError::Damaged { id, .. } if id == given.id),
            "{change}: {error}"
        );
        assert_eq!(
            store.list(&RecordQuery::default()).await.unwrap_err().code(),
            "record_damaged"
        );
    }
    // The damaged row does not let the original in again under the same id, nor something else.
    assert_eq!(store.append(&given).await.unwrap_err().code(), "record_conflict");
}

#[tokio::test]
async fn damaged_pages_are_an_error_and_not_an_empty_list() {
    let (store, folder) = new_database().await;
    let given: Vec<_> = (0..200).map(|n| record("deposit", n, n as u8)).collect();
    store.append_all(&given).await.unwrap();
    store.close().await.unwrap();

    let path = folder.path().join("records.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the header and the schema.
    bytes[8192..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let codes = match SqliteRecords::open(&path).await {
        Err(error) => vec![error.code()],
        Ok(store) => vec![
            store.get(given[100].id).await.unwrap_err().code(),
            store.list(&RecordQuery::default()).await.unwrap_err().code(),
            store.append(&record("deposit", 999, 9)).await.unwrap_err().code(),
        ],
    };
    assert!(codes.iter().all(|code| *code == "database_damaged"), "{codes:?}");
}

#[tokio::test]
async fn a_full_disk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let database = raw(&folder.path().join("small.db")).await;
    database
        .execute_unprepared("PRAGMA max_page_count = 4; CREATE TABLE t (x)")
        .await
        .unwrap();
    let error = database
        .execute_unprepared("INSERT INTO t VALUES (zeroblob(100000))")
        .await
        .unwrap_err();
    assert_eq!(DatabaseError::from(error).code(), "database_full");
}

#[tokio::test]
async fn a_writer_that_never_ends_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let store = SqliteRecords::open_waiting(&path, PATIENCE).await.unwrap();
    let other = raw(&path).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let given = record("deposit", 1, 1);
    let error = store.append(&given).await.unwrap_err();
    assert_eq!(error.code(), "database_busy", "{}", chain(&error));
    assert_eq!(
        store.get(given.id).await.unwrap(),
        None,
        "readers do not wait for writers"
    );

    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(store.append(&given).await.unwrap(), Appended::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_one_process_take_turns() {
    let (store, _folder) = new_database().await;
    let store = std::sync::Arc::new(store);
    let writers: Vec<_> = (0..8_u8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..5 {
                    store
                        .append(&record("deposit", i64::from(n), writer * 10 + n))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(
        store.list(&RecordQuery::default()).await.unwrap().records.len(),
        40
    );
}

#[tokio::test]
async fn the_largest_batch_is_one_transaction() {
    let (store, _folder) = new_database().await;
    let batch: Vec<_> = (0..)
        .take(MAX_BATCH_RECORDS)
        .map(|n| record("match", n * 1000, (n % 251) as u8))
        .collect();
    let answers = store.append_all(&batch).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == Appended::New));
}

/// All that the files of a database hold.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn what_is_erased_is_in_no_file_of_the_database() {
    let (store, folder) = new_database().await;
    let secret = "NEEDLE-in-the-record";
    // Many around it, so that pages split and text is moved about.
    for at in 0..200 {
        let mut given = record("deposit", at, at as u8);
        let is_secret = at % 10 == 3;
        given.body =
            serde_json::json!({"name": if is_secret { secret } else { "other" }, "x": "y".repeat(700)});
        store.append(&given).await.unwrap();
    }
    assert!(holds(&bytes_of(folder.path()), secret.as_bytes()));
    for at in (3..200).step_by(10) {
        assert_eq!(store.erase(record("deposit", at, at as u8).id).await.unwrap(), 1);
    }
    assert!(!holds(&bytes_of(folder.path()), secret.as_bytes()));
    assert_eq!(
        store.list(&RecordQuery::default()).await.unwrap().records.len(),
        180
    );
}

#[tokio::test]
async fn a_reader_that_keeps_old_pages_is_named_and_the_next_try_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let store = SqliteRecords::open_waiting(&path, PATIENCE).await.unwrap();
    let given = record("deposit", 1, 1);
    store.append(&given).await.unwrap();
    let reader = raw(&path).await;
    reader
        .execute_unprepared("BEGIN; SELECT * FROM records")
        .await
        .unwrap();
    assert_eq!(
        store.erase(given.id).await.unwrap_err().code(),
        "record_erase_lingers"
    );
    reader.execute_unprepared("COMMIT").await.unwrap();
    assert_eq!(store.erase(given.id).await.unwrap(), 0);
    assert!(!holds(&bytes_of(folder.path()), "曲一".as_bytes()));
}
