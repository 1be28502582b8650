//! What matters hold, attacked: files and their bytes, uploads, jobs and their streams, copies taken out, hints and hits.
//!
//! In:  one file, one job that has ended and the same names at every matter.
//! Out: nothing, or the first probe whose answer is not that of the oracle.

use std::{collections::BTreeMap, time::Duration};

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
    file: FileId,
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
    ] {
        let answer = office.get(Some(&person.key), &format!("{path}/{part}")).await;
        let who = format!("{} at {} of {}", person.name(), part, row.number);
        if reads {
            assert_eq!(answer.status, 200, "{who}: {}", answer.body);
        } else {
            assert_eq!((answer.status, answer.code()), refused, "{who}");
            tells_nothing(&answer, row, &who);
            assert!(!answer.body.to_string().contains("bytes of"), "{who}");
        }
        probes.add(way, reads);
    }
    // Copies taken out, and what would be written; each in a form that changes nothing.
    let exports = truth.may(person, "export", Actions::EXPORT, row);
    let writes = truth.may(person, "write", Actions::WRITE, row);
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
            "withdrawal",
            writes,
            format!("files/{}/withdrawal", held.file),
            json!({"reason": " "}),
        ),
    ] {
        let answer = office.post(&person.key, &format!("{path}/{part}"), body).await;
        let who = format!("{} {way} at {}", person.name(), row.number);
        if is_let_in {
            assert!([202, 422].contains(&answer.status), "{who}: {}", answer.body);
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
