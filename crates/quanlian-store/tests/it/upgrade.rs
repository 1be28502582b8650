//! Upgrades: a filled installation of every version that there ever was, opened by this program.
//!
//! In:  `fixtures/upgrade/VERSION.json`, one for each step of the tables: the rows of a small installation as they stood then.
//! Out: nothing, or the first row, matter, account, line or object that did not come through.
//!
//! A fixture is never written anew. With each release the one of its version is added, and none that is there is touched:
//!
//! ```sh
//! QUANLIAN_MAKE_FIXTURES=1 cargo test -p quanlian-store --test it upgrade
//! ```
//!
//! Those up to `0009_notices` were made at once, before the first release: rows of the program of `0009`, in the tables and columns
//! that the older steps had. What an older program put into such a column in another way cannot be reconstructed from them.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use quanlian_store::{
    AccountStore as _, Database, FileStore as _, FolderObjects, JobQueue as _, MatterStore as _, ObjectId,
    ObjectStore as _, RecordStore as _,
};
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, Statement, Value as Sql};
use serde_json::{Value, json};

use crate::{
    databases::Place,
    matters::{change, chief_of, create, matter_id, outbox_id, projection, sharing},
    records::record,
};

/// Whether the fixtures that are missing are written.
const MAKE: &str = "QUANLIAN_MAKE_FIXTURES";
/// Every table but those of the words of the search, which are drawn anew, and of the steps themselves.
const ALL_TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     AND name NOT LIKE 'matter\\_terms%' ESCAPE '\\' AND name NOT IN ('matter_texts', 'seaql_migrations') ORDER BY name";
/// What the folder of objects held.
const OBJECT: &str = "乐谱 score\n";

type Row = BTreeMap<String, Value>;
type Tables = BTreeMap<String, Vec<Row>>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upgrade")
}

fn statement(text: &str, values: Vec<Sql>, backend: DatabaseBackend) -> Statement {
    Statement::from_sql_and_values(backend, text, values)
}

/// A file with a little of everything.
async fn fill(store: &Database) {
    for n in 1..4 {
        store
            .append(&record("deposit", n * 1000, n.unsigned_abs() as u8))
            .await
            .unwrap();
    }
    let mut projection = projection();
    projection.handlers = ["li".parse().unwrap()].into();
    projection.keys = [[1; 32]].into();
    for n in 0..2_u64 {
        let mut given = change(&format!("k{n}"), &projection);
        given.outbox = vec![quanlian_store::matters::OutboxEntry {
            id: outbox_id(n),
            kind: "log".parse().unwrap(),
            payload: json!({"n": n}),
        }];
        let version = create(store, n, &given).await.unwrap().version;
        let mut more = change(&format!("more-{n}"), &projection);
        more.grants = vec![sharing::grant(n, matter_id(n), "police")];
        more.drawn = Some(crate::matters::measures::some());
        more.notices = vec![crate::matters::notices::notice(n, n, Some("culture"), None)];
        store.append_events(matter_id(n), version, &more).await.unwrap();
    }
    crate::accounts::fill(store).await;
    crate::trail::fill(store).await;
    crate::files::fill(store).await;
    crate::matters::notices::read_one(store).await;
    store.enqueue(&crate::jobs::job(1)).await.unwrap();
}

/// The columns of the tables that a step has.
async fn columns(raw: &DatabaseConnection) -> BTreeMap<String, Vec<String>> {
    let texts = async |ask: &str| -> Vec<String> {
        let rows = raw
            .query_all_raw(statement(ask, vec![], DatabaseBackend::Sqlite))
            .await
            .unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    };
    let mut all = BTreeMap::new();
    for table in texts(ALL_TABLES).await {
        let names = texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        all.insert(table, names);
    }
    all
}

/// A value as text: ids and bytes with what they are, because JSON knows neither.
fn told(raw: Sql) -> Value {
    match raw {
        Sql::BigInt(Some(number)) => json!(number),
        Sql::String(Some(text)) => json!(text),
        Sql::Bytes(Some(bytes)) => json!({"bytes": hex::encode(bytes)}),
        Sql::Uuid(Some(id)) => json!({"id": id.to_string()}),
        _ => Value::Null,
    }
}

fn bound(value: &Value) -> Option<Sql> {
    Some(match value {
        Value::Null => return None,
        Value::Number(number) => Sql::from(number.as_i64().unwrap()),
        Value::String(text) => Sql::from(text.as_str()),
        tagged if tagged["id"].is_string() => {
            Sql::from(tagged["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap())
        }
        tagged => Sql::from(hex::decode(tagged["bytes"].as_str().unwrap()).unwrap()),
    })
}

/// Whatever a cell of SQLite holds; blobs of sixteen bytes are ids in these tables, all other ones are longer or shorter.
fn cell(row: &sea_orm::QueryResult, name: &str) -> Value {
    if let Ok(number) = row.try_get::<Option<i64>>("", name) {
        return told(Sql::BigInt(number));
    }
    if let Ok(text) = row.try_get::<Option<String>>("", name) {
        return told(Sql::from(text));
    }
    let bytes: Vec<u8> = row.try_get("", name).unwrap();
    match uuid::Uuid::from_slice(&bytes) {
        Ok(id) => told(Sql::from(id)),
        Err(_) => told(Sql::from(bytes)),
    }
}

/// Writes the fixtures that are missing.
async fn make() {
    let filled = tempfile::tempdir().unwrap();
    let file = Place::file(filled.path());
    let store = Database::open(&file).await.unwrap();
    fill(&store).await;
    store.close().await.unwrap();
    let today = crate::sqlite::raw(&file).await;
    let names = "SELECT version FROM seaql_migrations ORDER BY version";
    let names = today
        .query_all_raw(statement(names, vec![], DatabaseBackend::Sqlite))
        .await
        .unwrap();
    for name in names {
        let version: String = name.try_get_by_index(0).unwrap();
        let to = folder().join(format!("{version}.json"));
        if to.is_file() {
            continue;
        }
        let old = tempfile::tempdir().unwrap();
        let store = Database::open_at_version(&Place::file(old.path()), &version)
            .await
            .unwrap();
        store.close().await.unwrap();
        let raw = crate::sqlite::raw(&Place::file(old.path())).await;
        let mut tables = Tables::new();
        for (table, names) in columns(&raw).await {
            let ask = format!("SELECT {} FROM {table}", names.join(", "));
            let rows = today
                .query_all_raw(statement(&ask, vec![], DatabaseBackend::Sqlite))
                .await
                .unwrap();
            let rows = rows
                .iter()
                .map(|row| names.iter().map(|name| (name.clone(), cell(row, name))).collect());
            tables.insert(table, rows.collect());
        }
        let id = ObjectId::of(OBJECT.as_bytes()).to_string();
        let mut lines = format!(
            "{{\"version\": {}, \"objects\": {},\n\"tables\": {{\n",
            json!(version),
            json!({id: OBJECT})
        );
        for (at, (table, rows)) in tables.iter().enumerate() {
            let rows: Vec<String> = rows.iter().map(|row| json!(row).to_string()).collect();
            let comma = if at + 1 < tables.len() { "," } else { "" };
            let _ = writeln!(
                lines,
                "{}: [
{}
]{comma}",
                json!(table),
                rows.join(
                    ",
"
                )
            );
        }
        lines.push_str("}}\n");
        fs::write(to, lines).unwrap();
    }
}

/// Every fixture, oldest first.
fn fixtures() -> Vec<Value> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

fn tables(fixture: &Value) -> Tables {
    serde_json::from_value(fixture["tables"].clone()).unwrap()
}

/// Puts rows into an old database; those that need others are tried again after them.
async fn put(raw: &DatabaseConnection, tables: &Tables) {
    let backend = raw.get_database_backend();
    let mut waiting: Vec<(&str, &Row)> = Vec::new();
    for (table, rows) in tables {
        waiting.extend(rows.iter().map(|row| (table.as_str(), row)));
    }
    while !waiting.is_empty() {
        let (before, mut left, mut why) = (waiting.len(), Vec::new(), None);
        for (table, row) in waiting {
            let (names, values): (Vec<_>, Vec<_>) = row
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), bound(value)?)))
                .unzip();
            let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
            let insert = format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                places.join(", ")
            );
            if let Err(error) = raw.execute_raw(statement(&insert, values, backend)).await {
                why = Some(error);
                left.push((table, row));
            }
        }
        assert!(left.len() < before, "{} {:?}", left[0].0, why.unwrap());
        waiting = left;
    }
}

/// Whether a row is there with every value as it was.
async fn has(raw: &DatabaseConnection, table: &str, row: &Row) -> bool {
    let (mut wanted, mut values) = (Vec::new(), Vec::new());
    for (name, value) in row {
        match bound(value) {
            Some(value) => {
                values.push(value);
                wanted.push(format!("{name} = ${}", values.len()));
            }
            None => wanted.push(format!("{name} IS NULL")),
        }
    }
    let ask = format!("SELECT count(*) FROM {table} WHERE {}", wanted.join(" AND "));
    let found = raw
        .query_one_raw(statement(&ask, values, raw.get_database_backend()))
        .await
        .unwrap()
        .unwrap();
    found.try_get_by_index::<i64>(0).unwrap() == 1
}

/// Brings one up to date and looks whether it is whole.
async fn upgrades(fixture: &Value, place: &Place) {
    let version = fixture["version"].as_str().unwrap();
    let tables = tables(fixture);
    let old = match place {
        Place::Sqlite(folder) => Database::open_at_version(&Place::file(folder.path()), version)
            .await
            .unwrap(),
        Place::Postgres(address) => crate::postgres::open_at(address, version).await,
    };
    old.close().await.unwrap();
    let raw = place.raw().await;
    put(&raw, &tables).await;
    raw.close().await.unwrap();

    let store = place.open().await;
    let raw = place.raw().await;
    let mut rows = 0;
    for (table, all) in &tables {
        for row in all {
            rows += 1;
            assert!(has(&raw, table, row).await, "{version} {table} {row:?}");
        }
    }
    raw.close().await.unwrap();
    let stood = |table: &str| tables.get(table).map_or(0, Vec::len);
    assert!(rows >= 3 && stood("records") >= 33, "{version}: {rows}");
    let first = record("deposit", 1000, 1);
    assert_eq!(store.get(first.id).await.unwrap(), Some(first), "{version}");
    if stood("matters") > 0 {
        let scope = chief_of("culture");
        for n in 0..2 {
            let matter = store.matter(&scope, matter_id(n)).await.unwrap().expect(version);
            let events = store.events(&scope, matter_id(n), 0, 100).await.unwrap().unwrap();
            assert_eq!(
                (events.len(), matter.row.number.is_empty()),
                (2, false),
                "{version}"
            );
        }
        // And it goes on from there.
        create(&store, 7, &change("after", &projection())).await.unwrap();
    }
    if stood("accounts") > 0 {
        let account = store
            .account(crate::accounts::account_id(1))
            .await
            .unwrap()
            .expect(version);
        assert_eq!(
            store.account_of(&account.login).await.unwrap(),
            Some(account),
            "{version}"
        );
        assert!(store.has_accounts().await.unwrap());
    }
    if stood("jobs") > 0 {
        assert!(
            store
                .lease(&crate::jobs::leasing("w", 1_000, 2_000))
                .await
                .unwrap()
                .is_some(),
            "{version}"
        );
    }
    if stood("matter_files") > 0 {
        assert_eq!(store.undeposited(10).await.unwrap().len(), 1, "{version}");
    }
    if stood("trail_lines") > 0 {
        let part = crate::trail::checked(&store, None).await;
        assert!(
            part.is_sound() && part.lines == 30 && part.anchored > 0,
            "{version} {part:?}"
        );
    }
    store.close().await.unwrap();
}

/// The folder as it lies on a disk: `sha256/ab/cdef…`.
async fn objects(fixture: &Value) {
    let folder = tempfile::tempdir().unwrap();
    for (id, content) in fixture["objects"].as_object().unwrap() {
        let (branch, rest) = id.split_at(2);
        let branch = folder.path().join("sha256").join(branch);
        fs::create_dir_all(&branch).unwrap();
        fs::write(branch.join(rest), content.as_str().unwrap()).unwrap();
        let store = FolderObjects::open(folder.path()).await.unwrap();
        let bytes = store.get(id.parse().unwrap(), 1000).await.unwrap();
        assert_eq!(bytes, content.as_str().unwrap().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_that_there_was_comes_up_to_this_one() {
    if std::env::var_os(MAKE).is_some() {
        make().await;
    }
    let fixtures = fixtures();
    assert!(fixtures.len() >= 9, "only {} fixtures", fixtures.len());
    for fixture in &fixtures {
        upgrades(fixture, &Place::Sqlite(tempfile::tempdir().unwrap())).await;
        if let Some(address) = crate::postgres::new_address().await {
            upgrades(fixture, &Place::Postgres(address)).await;
        }
        objects(fixture).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_was_taken_away_before_an_upgrade_is_found_after_it() {
    let fixture = fixtures().into_iter().next_back().unwrap();
    let mut short = tables(&fixture);
    short.get_mut("trail_lines").unwrap().remove(3);
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let file = |place: &Place| match place {
        Place::Sqlite(folder) => Place::file(folder.path()),
        Place::Postgres(_) => unreachable!(),
    };
    let version = fixture["version"].as_str().unwrap();
    let old = Database::open_at_version(&file(&place), version).await.unwrap();
    old.close().await.unwrap();
    let raw = place.raw().await;
    put(&raw, &short).await;
    raw.close().await.unwrap();
    assert!(!crate::trail::checked(&place.open().await, None).await.is_sound());
}
