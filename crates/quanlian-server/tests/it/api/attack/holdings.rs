//! What matters hold, attacked: files and their bytes, uploads, jobs and their streams, copies taken out, hints and hits.
//!
//! In:  one file, one job that has ended and the same names at every matter.
//! Out: nothing, or the first probe whose answer is not that of the oracle.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use quanlian_record::id::{FileId, JobId, MatterId};
use quanlian_store::{
    FileStore as _, FolderObjects, JobQueue as _, ObjectStore as _,
    files::File,
    jobs::NewJob,
    matters::{Actions, Code, MatterRow},
};
use serde_json::json;

use super::{Person, Probes, Truth, World, tells_nothing};

/// The ids of what a matter holds.
pub(super) struct Held {
    pub(super) file: FileId,
    job: JobId,
}

/// Gives every matter a file whose bytes tell its number, and a job that was given up.
pub(super) async fn fill(world: &World, truth: &Truth) -> BTreeMap<MatterId, Held> {
    let office = &world.office;
    let objects = FolderObjects::open(&office.folder.path().join("objects"))
        .await
        .unwrap();
    let mut held = BTreeMap::new();
    for row in &truth.rows {
        let bytes = format!("bytes of {}", row.number);
        let stored = objects.put_bytes(bytes.as_bytes()).await.unwrap();
        let file = File {
            id: FileId::fresh(truth.now),
            matter: row.id,
            kind: Code::parse("evidence").unwrap(),
            name: format!("file of {}.txt", row.number),
            paper: None,
            object: stored.id,
            size_bytes: stored.size_bytes,
            copy_of: None,
            job: None,
            by: Code::parse("somebody").unwrap(),
            at: truth.now,
            receipt: None,
            withdrawn: None,
        };
        office.store.add_file(&file, None).await.unwrap();
        let job = NewJob {
            id: JobId::fresh(truth.now),
            kind: Code::parse("match").unwrap(),
            subject: Some(Code::parse(&row.id.to_string()).unwrap()),
            payload: json!({}),
            priority: 0,
            run_after: truth.now,
            dedup_key: None,
            max_attempts: 1,
            backoff: Duration::ZERO,
            at: truth.now,
        };
        office.store.enqueue(&job).await.unwrap();
        assert!(office.store.cancel(job.id, truth.now).await.unwrap());
        let (file, job) = (file.id, job.id);
        held.insert(row.id, Held { file, job });
    }
    held
}

/// Whoever may write enters a party, goods and a task; how many matters have them then.
pub(super) async fn note(world: &World) -> usize {
    let office = &world.office;
    let mut noted = BTreeSet::new();
    for person in &world.people {
        let list = office
            .get(Some(&person.key), "/api/v1/matters?limit=200")
            .await
            .good();
        for row in list.body["matters"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap().to_owned();
            if noted.contains(&id) {
                continue;
            }
            let steps = json!({"steps": [
                {"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "name": format!("party of {id}")}},
                {"do": "add_goods", "goods": {"name": "物", "kind": "other", "quantity": 2, "unit": "件", "measure": "handed_in",
                    "taken_on": "2024-01-02", "found_at": "处", "from": "P1", "holder": "库", "place": "库"}},
                {"do": "add_task", "task": {"title": "事", "about": ["P1", "G1"]}},
            ]});
            let path = format!("/api/v1/matters/{id}/ledger");
            let version = format!("\"{}\"", row["version"].as_str().unwrap());
            let headers = [("if-match", version.as_str())];
            let answer = office
                .send(Some(&person.key), "POST", &path, &headers, Some(steps))
                .await;
            if answer.status == 200 {
                noted.insert(id);
            } else {
                assert_eq!(answer.code(), "permission_denied", "{}", answer.body);
            }
        }
    }
    noted.len()
}

/// Tasks and words of ledgers: those of matters that the person reads.
pub(super) async fn at_large(world: &World, truth: &Truth, person: &Person, probes: &mut Probes) {
    let office = &world.office;
    let mut told = BTreeSet::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/tasks?whose=all&limit=3{after}");
        let page = office.get(Some(&person.key), &path).await.good();
        for task in page.body["tasks"].as_array().unwrap() {
            told.insert(task["matter"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    for row in &truth.rows {
        let (id, reads) = (row.id.to_string(), truth.reads(person, row));
        assert!(
            reads || !told.contains(&id),
            "{} is told a task of {}",
            person.name(),
            row.number
        );
        let words = format!("/api/v1/search?q=party%20of%20{id}");
        let found = office.get(Some(&person.key), &words).await.good();
        let is_found = found.body["matters"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["id"] == json!(id));
        assert!(
            reads || !is_found,
            "{} finds a party of {}",
            person.name(),
            row.number
        );
        probes.add("task", told.contains(&id));
        probes.add("party by name", is_found);
    }
}

/// Every way to what one matter holds.
pub(super) async fn at_one(
    world: &World,
    truth: &Truth,
    person: &Person,
    row: &MatterRow,
    held: &Held,
    probes: &mut Probes,
) {
    let office = &world.office;
    let sees = truth.sees_clocks(person, row);
    let path = format!("/api/v1/matters/{}", row.id);
    let refused = if sees {
        (403, "permission_denied")
    } else {
        (404, "matter_not_found")
    };
    let reads = truth.reads(person, row);
    for (way, part) in [
        ("files", "files".to_owned()),
        ("file", format!("files/{}", held.file)),
        ("bytes", format!("files/{}/content", held.file)),
        ("jobs", "jobs".to_owned()),
        ("job", format!("jobs/{}", held.job)),
        ("event stream", format!("jobs/{}/events", held.job)),
        ("duplicates", "duplicates".to_owned()),
        ("ledger", "ledger".to_owned()),
        ("matches", "matches".to_owned()),
        ("peaks", format!("files/{}/peaks", held.file)),
    ] {
        let answer = office.get(Some(&person.key), &format!("{path}/{part}")).await;
        let who = format!("{} at {} of {}", person.name(), part, row.number);
        if reads {
            assert_eq!(answer.status, 200, "{who}: {}", answer.body);
        } else {
            assert_eq!((answer.status, answer.code()), refused, "{who}");
            tells_nothing(&answer, row, &who);
            let told = answer.body.to_string();
            assert!(!told.contains("bytes of") && !told.contains("party of"), "{who}");
        }
        probes.add(way, reads);
    }
    // Who looked at it: for who may share it, in the agency that owns it.
    let may_share = truth.may(person, "share", Actions::SHARE, row);
    let is_told = may_share && row.projection.owner_agency.as_str() == person.agency;
    let looks = office.get(Some(&person.key), &format!("{path}/audit")).await;
    let who = format!("{} looks of {}", person.name(), row.number);
    if is_told {
        assert_eq!(looks.status, 200, "{who}: {}", looks.body);
    } else if may_share {
        assert_eq!(looks.code(), "permission_denied", "{who}");
    } else {
        assert_eq!((looks.status, looks.code()), refused, "{who}");
    }
    probes.add("looks", is_told);
    // Copies taken out, and what would be written; each in a form that changes nothing.
    let exports = truth.may(person, "export", Actions::EXPORT, row);
    let writes = truth.may(person, "write", Actions::WRITE, row);
    let table = office
        .get(Some(&person.key), &format!("{path}/ledger/goods.csv"))
        .await;
    let who = format!("{} goods of {}", person.name(), row.number);
    if exports {
        assert_eq!(table.status, 200, "{who}: {}", table.body);
    } else {
        assert_eq!((table.status, table.code()), refused, "{who}");
    }
    probes.add("export", exports);
    let of_no_length = json!({"kind": "report", "name": "x", "size_bytes": 1});
    for (way, is_let_in, part, body) in [
        (
            "export",
            exports,
            "jobs".to_owned(),
            json!({"task": {"kind": "bundle"}}),
        ),
        ("upload", writes, "uploads".to_owned(), of_no_length),
        (
            "paper",
            writes,
            "jobs".to_owned(),
            json!({"task": {"kind": "paper", "paper": "no-such-paper"}}),
        ),
        (
            "note",
            writes,
            "ledger".to_owned(),
            json!({"steps": [{"do": "end_task", "id": "T9", "how": "done"}]}),
        ),
        (
            "withdrawal",
            writes,
            format!("files/{}/withdrawal", held.file),
            json!({"reason": " "}),
        ),
    ] {
        let answer = office.post(&person.key, &format!("{path}/{part}"), body).await;
        let who = format!("{} {way} at {}", person.name(), row.number);
        if is_let_in {
            // A step without the version that it follows is asked for that.
            assert!([202, 422, 428].contains(&answer.status), "{who}: {}", answer.body);
        } else {
            assert_eq!((answer.status, answer.code()), refused, "{who}");
            tells_nothing(&answer, row, &who);
        }
        probes.add(way, is_let_in);
    }
    // Through a matter of one's own, what another holds is not there.
    if !reads && let Some(own) = truth.rows.iter().find(|own| truth.reads(person, own)) {
        for part in [
            format!("files/{}", held.file),
            format!("files/{}/content", held.file),
            format!("jobs/{}", held.job),
        ] {
            let path = format!("/api/v1/matters/{}/{part}", own.id);
            let answer = office.get(Some(&person.key), &path).await;
            assert_eq!(answer.status, 404, "{} {path}", person.name());
            tells_nothing(&answer, row, &path);
            probes.add("through another", false);
        }
    }
}
