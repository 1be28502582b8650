//! Several processes at once, and processes that die: this program runs itself as a child.
//!
//! Not here: power cuts. That the order of writes and fsyncs survives them is argued in the modules, not tested.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use quanlian_store::{
    FolderObjects, ObjectId, ObjectStore, RecordStore, SqliteRecords, records::RecordQuery,
};

use crate::{objects::content, records::record};

/// Tells a child where to work; without it the tests that are bodies of children do nothing.
pub(crate) const CHILD_FOLDER: &str = "QUANLIAN_STORE_TEST_FOLDER";
/// What a child writes before the number of something that is now durable.
const DONE: &str = "done ";

pub(crate) fn start(body: &str, folder: &Path, environment: &[(&str, String)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--nocapture", body])
        .env(CHILD_FOLDER, folder)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Lets the child finish `count` things and kills it in the middle of the next; the numbers of those it finished.
pub(crate) fn kill_after(mut child: Child, count: usize) -> Vec<i64> {
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    // The name of the test stands before the first one.
    let numbers = lines.filter_map(|line| line.split(DONE).nth(1)?.parse().ok());
    let mut killed = false;
    let mut finished = Vec::new();
    for number in numbers {
        finished.push(number);
        if finished.len() >= count && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    assert!(!child.wait().unwrap().success(), "the child was to be killed");
    assert!(finished.len() >= count);
    finished
}

pub(crate) fn say_done(number: i64) {
    let mut out = std::io::stdout();
    writeln!(out, "{DONE}{number}").unwrap();
    out.flush().unwrap();
}

/// A record of this process; a millisecond each, because an id holds no finer time.
fn nth(number: i64) -> quanlian_record::envelope::Record {
    record(
        &format!("child-{}", std::process::id()),
        number * 1000,
        (std::process::id() % 200) as u8,
    )
}

#[tokio::test]
async fn child_that_appends() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store = SqliteRecords::open(&Path::new(&folder).join("records.db"))
        .await
        .unwrap();
    for number in 0..20 {
        store.append(&nth(number)).await.unwrap();
    }
}

#[tokio::test]
async fn processes_append_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    // All make the file and its tables at the same moment.
    let children = [(); 3].map(|()| start("processes::child_that_appends", folder.path(), &[]));
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let store = SqliteRecords::open(&folder.path().join("records.db"))
        .await
        .unwrap();
    assert_eq!(
        store.list(&RecordQuery::default()).await.unwrap().records.len(),
        60
    );
}

#[tokio::test]
async fn child_that_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store = SqliteRecords::open(&Path::new(&folder).join("records.db"))
        .await
        .unwrap();
    for number in 0.. {
        let pair = [record("pair", number * 1000, 1), record("pair", number * 1000, 2)];
        store.append_all(&pair).await.unwrap();
        say_done(number);
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_record_that_it_had_stored_and_leaves_no_half_batch() {
    let folder = tempfile::tempdir().unwrap();
    let child = start(
        "processes::child_that_appends_until_it_is_killed",
        folder.path(),
        &[],
    );
    let finished = kill_after(child, 10);
    let store = SqliteRecords::open(&folder.path().join("records.db"))
        .await
        .unwrap();
    for number in &finished {
        let id = record("pair", number * 1000, 2).id;
        assert!(store.get(id).await.unwrap().is_some(), "{number}");
    }
    let mut count = 0;
    let mut query = RecordQuery::default();
    loop {
        let page = store.list(&query).await.unwrap();
        count += page.records.len();
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(count % 2, 0);
    assert!(count >= finished.len() * 2);
}

#[tokio::test]
async fn child_that_puts_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store = FolderObjects::open(Path::new(&folder)).await.unwrap();
    for number in 0.. {
        store.put_bytes(&nth_content(number)).await.unwrap();
        say_done(number);
    }
}

/// Several chunks long, so that the kill falls between two of them.
fn nth_content(number: i64) -> Vec<u8> {
    let mut bytes = content(1 << 20);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}

#[tokio::test]
async fn a_killed_process_loses_no_object_that_it_had_stored_and_leaves_no_half_object() {
    let folder = tempfile::tempdir().unwrap();
    let child = start(
        "processes::child_that_puts_until_it_is_killed",
        folder.path(),
        &[],
    );
    let finished = kill_after(child, 5);
    let store = FolderObjects::open(folder.path()).await.unwrap();
    for number in finished {
        let id = ObjectId::of(&nth_content(number));
        assert!(store.has(id).await.unwrap(), "{number}");
    }
    for branch in fs::read_dir(folder.path().join("sha256"))
        .unwrap()
        .map(Result::unwrap)
    {
        for object in fs::read_dir(branch.path()).unwrap().map(Result::unwrap) {
            let name = [branch.file_name(), object.file_name()]
                .map(|part| part.into_string().unwrap())
                .concat();
            let id: ObjectId = name.parse().unwrap();
            assert_eq!(ObjectId::of(&fs::read(object.path()).unwrap()), id);
        }
    }
}
