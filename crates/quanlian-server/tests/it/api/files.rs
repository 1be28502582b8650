//! Files of matters over HTTP: sending in pieces, breaks, fetching, taking over, withdrawing; and work that is asked for.

use quanlian_record::time::Timestamp;
use quanlian_store::{
    FileStore as _, JobQueue as _,
    jobs::{Leasing, Progress, Report},
    matters::Code,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    kit::{Answer, Key, MAX_FILE_BYTES, Office},
    matters::{complaint, opened, people},
};

const PIECE: &str = "application/offset+octet-stream";

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

async fn begin(office: &Office, key: &Key, matter: &str, body: Value) -> Answer {
    office
        .post(key, &format!("/api/v1/matters/{matter}/uploads"), body)
        .await
}

async fn piece(office: &Office, key: &Key, upload: &str, offset: u64, bytes: &str) -> Answer {
    let offset = offset.to_string();
    let headers = [("content-type", PIECE), ("upload-offset", offset.as_str())];
    office
        .raw(
            Some(key),
            "PATCH",
            &format!("/api/v1/uploads/{upload}"),
            &headers,
            bytes,
        )
        .await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap().to_owned()
}

/// Sends a whole file; its id.
async fn sent(office: &Office, key: &Key, matter: &str, kind: &str, bytes: &str) -> String {
    let body = json!({"kind": kind, "name": "曲 一.opus", "size_bytes": bytes.len()});
    let upload = text(&begin(office, key, matter, body).await.good(), "id");
    let last = piece(office, key, &upload, 0, bytes).await.good();
    last.header("location").rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_sent_in_pieces_and_comes_back() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = text(&opened(&office, &people.clerk).await, "id");
    let bytes = "歌曲".repeat(100);
    let body = json!({
        "kind": "suspect", "name": "曲 一.opus", "size_bytes": bytes.len(), "sha256": sha256(bytes.as_bytes()),
    });
    let begun = begin(&office, &people.clerk, &matter, body).await;
    assert_eq!((begun.status, begun.header("tus-resumable")), (201, "1.0.0"));
    let upload = text(&begun, "id");
    assert_eq!(begun.header("location"), format!("/api/v1/uploads/{upload}"));
    let first = piece(&office, &people.clerk, &upload, 0, &bytes[..300]).await;
    assert_eq!((first.status, first.header("upload-offset")), (204, "300"));
    // The answer was lost: the same piece again is told where it ends, and so is whoever asks.
    let again = piece(&office, &people.clerk, &upload, 0, &bytes[..300]).await;
    assert_eq!(
        (again.status, again.code(), &again.body["offset"]),
        (409, "offset_wrong", &json!(300))
    );
    let head = office
        .send(
            Some(&people.clerk),
            "HEAD",
            &format!("/api/v1/uploads/{upload}"),
            &[],
            None,
        )
        .await;
    assert_eq!(
        (
            head.status,
            head.header("upload-offset"),
            head.header("upload-length")
        ),
        (200, "300", "600")
    );
    let last = piece(&office, &people.clerk, &upload, 300, &bytes[300..])
        .await
        .good();
    let file = last.header("location").to_owned();
    // The last answer was lost too.
    let repeated = piece(&office, &people.clerk, &upload, 600, "").await.good();
    assert_eq!(repeated.header("location"), file);
    let seen = office.get(Some(&people.clerk), &file).await.good();
    assert_eq!(seen.body["sha256"], sha256(bytes.as_bytes()));
    assert_eq!(
        (&seen.body["kind"], &seen.body["by"]),
        (&json!("suspect"), &json!("culture/zhou"))
    );
    let content = office
        .get(Some(&people.clerk), &format!("{file}/content"))
        .await
        .good();
    assert_eq!(content.body, json!(bytes));
    assert_eq!(content.header("content-type"), "application/octet-stream");
    assert_eq!(
        content.header("content-disposition"),
        "attachment; filename*=UTF-8''%E6%9B%B2%20%E4%B8%80.opus"
    );
    assert!(content.header("repr-digest").starts_with("sha-256=:"));
    // A part of it, as players ask for; what is no part of it is said to be none.
    let part = async |headers: &[(&str, &str)]| {
        let path = format!("{file}/content");
        office
            .send(Some(&people.clerk), "GET", &path, headers, None)
            .await
    };
    let first = part(&[("range", "bytes=3-5")]).await;
    assert_eq!((first.status, &first.body), (206, &json!(bytes[3..6])));
    assert_eq!(
        first.header("content-range"),
        format!("bytes 3-5/{}", bytes.len())
    );
    assert_eq!(first.header("content-length"), "3");
    let nowhere = part(&[("range", "bytes=999999-")]).await;
    assert_eq!((nowhere.status, nowhere.code()), (416, "range_not_there"));
    let other = part(&[("range", "bytes=3-5"), ("if-range", "\"another\"")]).await;
    assert_eq!((other.status, &other.body), (200, &json!(bytes)));
    assert_eq!(
        std::fs::read_dir(office.folder.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
    let list = office
        .get(Some(&people.clerk), &format!("/api/v1/matters/{matter}/files"))
        .await
        .good();
    assert_eq!(list.body["files"].as_array().unwrap().len(), 1);
    let doing: Vec<Value> = office
        .trail(&people.auditor)
        .await
        .iter()
        .map(|line| line["body"]["action"].clone())
        .collect();
    for action in [
        "begin_upload",
        "send_piece",
        "add_file",
        "read_content",
        "read_files",
    ] {
        assert!(doing.contains(&json!(action)), "{action}: {doing:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_is_told_and_keeps_nothing() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = text(&opened(&office, &people.clerk).await, "id");
    let refused = async |body: Value| {
        let answer = begin(&office, &people.clerk, &matter, body).await;
        (answer.status, answer.code().to_owned())
    };
    let sized = |size: u64| json!({"kind": "work", "name": "x", "size_bytes": size});
    assert_eq!(
        refused(sized(MAX_FILE_BYTES + 1)).await,
        (413, "file_too_large".into())
    );
    let named = json!({"kind": "work", "name": "x\ny", "size_bytes": 1});
    assert_eq!(refused(named).await, (422, "file_invalid".into()));
    for kind in ["report", "paper", "bundle"] {
        let made = json!({"kind": kind, "name": "facts.json", "size_bytes": 1});
        assert_eq!(refused(made).await, (422, "file_kind_reserved".into()));
    }
    let digest = json!({"kind": "work", "name": "x", "size_bytes": 1, "sha256": "AB"});
    assert_eq!(refused(digest).await, (400, "body_invalid".into()));
    // More than was told: the piece is thrown away, what was there stays.
    let upload = text(
        &begin(&office, &people.clerk, &matter, sized(5)).await.good(),
        "id",
    );
    piece(&office, &people.clerk, &upload, 0, "abc").await.good();
    let long = piece(&office, &people.clerk, &upload, 3, "defg").await;
    assert_eq!((long.status, long.code()), (413, "piece_too_large"));
    let seen = office
        .get(Some(&people.clerk), &format!("/api/v1/uploads/{upload}"))
        .await
        .good();
    assert_eq!(seen.body["offset"], 3);
    let typed = office
        .raw(
            Some(&people.clerk),
            "PATCH",
            &format!("/api/v1/uploads/{upload}"),
            &[("upload-offset", "3")],
            "de",
        )
        .await;
    assert_eq!((typed.status, typed.code()), (415, "piece_type"));
    let placed = office
        .raw(
            Some(&people.clerk),
            "PATCH",
            &format!("/api/v1/uploads/{upload}"),
            &[("content-type", PIECE)],
            "de",
        )
        .await;
    assert_eq!((placed.status, placed.code()), (400, "offset_missing"));
    // Another digest than was told.
    let body = json!({"kind": "work", "name": "x", "size_bytes": 2, "sha256": sha256(b"ab")});
    let wrong = text(&begin(&office, &people.clerk, &matter, body).await.good(), "id");
    let answer = piece(&office, &people.clerk, &wrong, 0, "ac").await;
    assert_eq!((answer.status, answer.code()), (422, "upload_digest"));
    assert_eq!(
        office
            .get(Some(&people.clerk), &format!("/api/v1/uploads/{wrong}"))
            .await
            .status,
        404
    );
    // Given up, and given up by time.
    let gone = office
        .send(
            Some(&people.clerk),
            "DELETE",
            &format!("/api/v1/uploads/{upload}"),
            &[],
            None,
        )
        .await;
    assert_eq!(gone.status, 204);
    begin(&office, &people.clerk, &matter, sized(5)).await.good();
    office.wait_s(8 * 86_400);
    assert_eq!(office.platform.sweep().await.unwrap(), 1);
    assert_eq!(
        std::fs::read_dir(office.folder.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
    let list = office
        .store
        .files(matter.parse().unwrap(), None, 9)
        .await
        .unwrap();
    assert!(list.is_empty());
}

#[tokio::test]
async fn files_uploads_and_jobs_are_for_those_alone_who_reach_the_matter() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = text(&opened(&office, &people.clerk).await, "id");
    let file = sent(&office, &people.clerk, &matter, "work", "song").await;
    let body = json!({"kind": "work", "name": "x", "size_bytes": 4});
    let upload = text(
        &begin(&office, &people.clerk, &matter, body.clone()).await.good(),
        "id",
    );
    let job = office
        .post(
            &people.clerk,
            &format!("/api/v1/matters/{matter}/jobs"),
            json!({"task": {"kind": "match"}}),
        )
        .await
        .good();
    let job = text(&job, "id");
    let nobody = "01900000-0000-7000-8000-000000000000";
    for (method, path, body) in [
        ("GET", "files".to_owned(), None),
        ("GET", format!("files/{file}"), None),
        ("GET", format!("files/{file}/content"), None),
        (
            "POST",
            format!("files/{file}/withdrawal"),
            Some(json!({"reason": "x"})),
        ),
        ("POST", "uploads".to_owned(), Some(body)),
        (
            "POST",
            "jobs".to_owned(),
            Some(json!({"task": {"kind": "match"}})),
        ),
        ("GET", "jobs".to_owned(), None),
        ("GET", format!("jobs/{job}"), None),
        ("GET", format!("jobs/{job}/events"), None),
        ("DELETE", format!("jobs/{job}"), None),
    ] {
        let mut answers = Vec::new();
        for matter in [&matter, nobody] {
            let path = format!("/api/v1/matters/{matter}/{path}");
            for key in [&people.police, &people.admin] {
                let answer = office.send(Some(key), method, &path, &[], body.clone()).await;
                answers.push((answer.status, answer.body));
            }
        }
        assert_eq!(answers[0].0, 404, "{method} {path}");
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{method} {path}: {answers:?}"
        );
    }
    // The upload of a colleague, who reaches the matter as well.
    let theirs = office
        .get(Some(&people.approver), &format!("/api/v1/uploads/{upload}"))
        .await;
    assert_eq!((theirs.status, theirs.code()), (404, "upload_not_found"));
    assert_eq!(
        piece(&office, &people.approver, &upload, 0, "song").await.status,
        404
    );
    // Files and jobs of one matter are not found through another one of one's own.
    let other = text(&opened(&office, &people.clerk).await, "id");
    for path in [
        format!("files/{file}"),
        format!("files/{file}/content"),
        format!("jobs/{job}"),
    ] {
        let answer = office
            .get(Some(&people.clerk), &format!("/api/v1/matters/{other}/{path}"))
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_file_is_taken_over_with_the_right_to_take_it_out_and_is_withdrawn_with_a_reason() {
    let office = Office::new().await;
    let people = people(&office).await;
    let both = office
        .person(&people.admin, "culture", "sun", &["intake_clerk", "handler"])
        .await;
    let matter = text(&opened(&office, &both).await, "id");
    let other = text(&opened(&office, &both).await, "id");
    let file = sent(&office, &both, &matter, "suspect", "song").await;
    let body = json!({"matter": matter, "file": file});
    let path = format!("/api/v1/matters/{other}/files");
    // A head sees both and takes no copies out.
    let refused = office.post(&people.approver, &path, body.clone()).await;
    assert_eq!((refused.status, refused.code()), (403, "permission_denied"));
    let relabelled = json!({"matter": matter, "file": file, "kind": "report"});
    let relabelled = office.post(&both, &path, relabelled).await;
    assert_eq!(
        (relabelled.status, relabelled.code()),
        (422, "file_kind_reserved")
    );
    let taken = office.post(&both, &path, body.clone()).await.good();
    assert_eq!(
        (&taken.body["copy_of"], &taken.body["kind"]),
        (&json!(file), &json!("suspect"))
    );
    assert_ne!(taken.body["id"], json!(file));
    let withdraw = format!("/api/v1/matters/{matter}/files/{file}/withdrawal");
    let unreasoned = office.post(&both, &withdraw, json!({"reason": " "})).await;
    assert_eq!((unreasoned.status, unreasoned.code()), (422, "file_invalid"));
    office
        .post(&both, &withdraw, json!({"reason": "错件"}))
        .await
        .good();
    let again = office.post(&both, &withdraw, json!({"reason": "错件"})).await;
    assert_eq!((again.status, again.code()), (409, "file_withdrawn"));
    let late = office.post(&both, &path, body).await;
    assert_eq!((late.status, late.code()), (422, "file_withdrawn"));
}

#[tokio::test]
async fn a_paper_named_as_a_file_is_one_of_the_matter() {
    let office = Office::new().await;
    let people = people(&office).await;
    let opened = opened(&office, &people.clerk).await;
    let matter = text(&opened, "id");
    let file = sent(&office, &people.clerk, &matter, "evidence", "proof").await;
    let elsewhere = text(
        &office
            .post(&people.clerk, "/api/v1/matters", complaint())
            .await
            .good(),
        "id",
    );
    let foreign = sent(&office, &people.clerk, &elsewhere, "evidence", "proof").await;
    let supply = async |place: String| {
        let body = json!({"command": {"do": "supply", "papers": {"right_proof": place}}});
        let headers = [("if-match", opened.header("etag"))];
        let path = format!("/api/v1/matters/{matter}/commands");
        office
            .send(Some(&people.clerk), "POST", &path, &headers, Some(body))
            .await
    };
    for place in [format!("file:{foreign}"), "file:x".to_owned()] {
        let answer = supply(place).await;
        assert_eq!(
            (answer.status, answer.code(), &answer.body["paper"]),
            (422, "paper_not_on_file", &json!("right_proof"))
        );
    }
    supply(format!("file:{file}")).await.good();
}

#[tokio::test]
async fn work_is_asked_for_once_watched_and_given_up() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = text(&opened(&office, &people.clerk).await, "id");
    let path = format!("/api/v1/matters/{matter}/jobs");
    let ask = async |key: &str, task: Value| {
        let headers = [("idempotency-key", key)];
        office
            .send(
                Some(&people.clerk),
                "POST",
                &path,
                &headers,
                Some(json!({"task": task})),
            )
            .await
    };
    for task in [
        json!({"kind": "unknown"}),
        json!({"kind": "match", "more": 1}),
        json!({"kind": "paper", "paper": ""}),
    ] {
        assert_eq!(ask("k", task.clone()).await.status, 422, "{task}");
    }
    let asked = ask("k1", json!({"kind": "match"})).await;
    assert_eq!((asked.status, &asked.body["state"]), (202, &json!("waiting")));
    let job = text(&asked, "id");
    assert_eq!(
        text(&ask("k1", json!({"kind": "match"})).await, "id"),
        job,
        "again"
    );
    let second = text(&ask("k2", json!({"kind": "match"})).await, "id");
    assert_ne!(second, job);
    // To take copies out is another right than to write.
    let bundle = ask("k3", json!({"kind": "bundle"})).await;
    assert_eq!((bundle.status, bundle.code()), (403, "permission_denied"));
    let cancelled = office
        .send(
            Some(&people.clerk),
            "DELETE",
            &format!("{path}/{second}"),
            &[],
            None,
        )
        .await;
    assert_eq!(
        (cancelled.status, &cancelled.body["state"]),
        (202, &json!("cancelled"))
    );
    let again = office
        .send(
            Some(&people.clerk),
            "DELETE",
            &format!("{path}/{second}"),
            &[],
            None,
        )
        .await;
    assert_eq!((again.status, again.code()), (409, "job_ended"));

    // A worker does it while somebody listens.
    let worker = {
        let store = office.store.clone();
        let now = office.now();
        let later = |s: i64| Timestamp::from_unix_micros(now.unix_micros() + s * 1_000_000).unwrap();
        let (soon, end) = (later(60), later(2));
        tokio::spawn(async move {
            let leasing = Leasing {
                worker: Code::parse("w").unwrap(),
                kinds: vec![Code::parse("match").unwrap()],
                now,
                until: soon,
            };
            let (lease, job) = store.lease(&leasing).await.unwrap().unwrap();
            assert_eq!(job.payload["task"], json!({"kind": "match"}));
            assert_eq!(job.payload["by"], "culture/zhou");
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            let progress = Progress {
                done: 1,
                total: 2,
                text_key: "progress.match".into(),
            };
            let report = Report {
                until: soon,
                progress,
                checkpoint: None,
            };
            store.report(lease, &report).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            store.complete(lease, &json!({"copies": 3}), end).await.unwrap();
        })
    };
    let stream = office
        .get(Some(&people.clerk), &format!("{path}/{job}/events"))
        .await
        .good();
    worker.await.unwrap();
    assert_eq!(stream.header("content-type"), "text/event-stream");
    let body = stream.body.as_str().unwrap();
    let told: Vec<Value> = body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(told.last().unwrap()["state"], "done");
    assert_eq!(told.last().unwrap()["result"], json!({"copies": 3}));
    assert!(
        told.iter()
            .any(|job| job["done"] == 1 && job["state"] == "running"),
        "{body}"
    );
    let seen = office.get(Some(&people.clerk), &path).await.good();
    assert_eq!(seen.body["jobs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn sound_is_drawn_once_and_shown_at_any_number_of_points() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = text(&opened(&office, &people.clerk).await, "id");
    let file = sent(&office, &people.clerk, &matter, "suspect", "abcd").await;
    let path = format!("/api/v1/matters/{matter}/files/{file}/peaks");
    let peaks = async |query: &str| office.get(Some(&people.clerk), &format!("{path}{query}")).await;
    let four = peaks("").await.good();
    let all = json!({"duration_ms": 1, "points": 4, "data": [-97, 97, -98, 98, -99, 99, -100, 100]});
    assert_eq!(four.body, all);
    let two = peaks("?points=2").await.good();
    assert_eq!(
        two.body,
        json!({"duration_ms": 1, "points": 2, "data": [-98, 98, -100, 100]})
    );
    assert_eq!(peaks("?points=0").await.good().body["points"], 1);
    assert_eq!(peaks("?points=-1").await.code(), "query_invalid");
    // The same bytes are drawn once, whatever they are called; others are drawn anew.
    let same = sent(&office, &people.clerk, &matter, "work", "abcd").await;
    let other = sent(&office, &people.clerk, &matter, "work", "bcde").await;
    let none = sent(&office, &people.clerk, &matter, "work", "!").await;
    for (file, duration) in [(same, 1), (other, 2)] {
        let path = format!("/api/v1/matters/{matter}/files/{file}/peaks");
        let drawn = office.get(Some(&people.clerk), &path).await.good();
        assert_eq!(drawn.body["duration_ms"], duration);
    }
    let path = format!("/api/v1/matters/{matter}/files/{none}/peaks");
    let refused = office.get(Some(&people.clerk), &path).await;
    assert_eq!((refused.status, refused.code()), (422, "rendering_no_sound"));
    let hidden = office.get(Some(&people.police), &path).await;
    assert_eq!((hidden.status, hidden.code()), (404, "matter_not_found"));
}
