//! Verdicts on matches over HTTP: given, replaced, taken back, refused; pages and counts; reports that are hostile.

use quanlian_record::id::{FileId, JobId};
use quanlian_store::{
    FileStore as _, FolderObjects, JobQueue as _, ObjectStore as _,
    files::{File, Withdrawn},
    jobs::Leasing,
    matters::Code,
};
use serde_json::{Value, json};

use super::{
    kit::{Answer, Key, Office},
    matters::{opened, people},
};

/// Puts a file into a matter as a job would.
async fn put(office: &Office, matter: &str, kind: &str, name: &str, text: &str) -> File {
    let objects = FolderObjects::open(&office.folder.path().join("objects"))
        .await
        .unwrap();
    let stored = objects.put_bytes(text.as_bytes()).await.unwrap();
    // One after the other, so that they are listed in this order.
    office.wait_s(1);
    let file = File {
        id: FileId::fresh(office.now()),
        matter: matter.parse().unwrap(),
        kind: Code::parse(kind).unwrap(),
        name: name.to_owned(),
        paper: None,
        object: stored.id,
        size_bytes: stored.size_bytes,
        copy_of: None,
        job: (kind == "report").then(|| JobId::fresh(office.now())),
        by: Code::parse("culture/zhou").unwrap(),
        at: office.now(),
        receipt: None,
        withdrawn: None,
    };
    office.store.add_file(&file, None).await.unwrap();
    file
}

fn line(suspect: &str, work: &str) -> Value {
    json!({"suspect": suspect, "work": work, "medium": "audio", "score_bits": 400.5, "e_value": 1e-90, "identity": 0.9,
        "segments": [{"suspect": [0, 1000], "work": [5000, 6000], "unit": "ms"}]})
}

fn judge(report: &File, index: u32, suspect: &str, work: &str, verdict: &str) -> Value {
    json!({"do": "judge_match", "report": report.id, "index": index, "suspect": suspect, "work": work, "verdict": verdict,
        "reason": "听辨"})
}

struct Desk {
    office: Office,
    clerk: Key,
    matter: String,
}

impl Desk {
    async fn new() -> Self {
        let office = Office::new().await;
        let people = people(&office).await;
        let matter = opened(&office, &people.clerk).await.body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            office,
            clerk: people.clerk,
            matter,
        }
    }

    fn path(&self, part: &str) -> String {
        format!("/api/v1/matters/{}{part}", self.matter)
    }

    async fn get(&self, part: &str) -> Answer {
        self.office.get(Some(&self.clerk), &self.path(part)).await
    }

    async fn note(&self, steps: &[Value]) -> Answer {
        let seen = self.get("").await;
        let headers = [("if-match", seen.header("etag"))];
        let body = json!({"steps": steps});
        let path = self.path("/ledger");
        self.office
            .send(Some(&self.clerk), "POST", &path, &headers, Some(body))
            .await
    }
}

fn codes(refused: &Answer) -> Vec<(u64, &str)> {
    assert_eq!(refused.code(), "ledger_refused", "{}", refused.body);
    let one = |refusal| -> (u64, &str) {
        let refusal: &Value = refusal;
        (
            refusal["step"].as_u64().unwrap(),
            refusal["code"].as_str().unwrap(),
        )
    };
    refused.body["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

#[tokio::test]
async fn matches_are_judged_and_judged_again_and_everything_said_stays() {
    let desk = Desk::new().await;
    let none = desk.get("/matches").await.good();
    assert_eq!(
        (&none.body["report"], &none.body["matches"]),
        (&Value::Null, &json!([]))
    );
    let office = &desk.office;
    let song = put(office, &desk.matter, "work", "歌.ogg", "song").await;
    let copy = put(office, &desk.matter, "suspect", "曲.opus", "copy").await;
    let twin = put(office, &desk.matter, "suspect", "曲.opus", "twin").await;
    let mut lines = [line("曲.opus", "歌.ogg"), line("x-曲.opus", "歌.ogg")];
    // One with ids, one of an earlier version, which names alone.
    lines[1]["suspect_file"] = json!(twin.id);
    lines[1]["work_file"] = json!(song.id);
    let text = format!("{}\n{}\n", lines[0], lines[1]);
    let report = put(office, &desk.matter, "report", "matches.jsonl", &text).await;
    let seen = desk.get("/matches").await.good();
    let all = seen.body["matches"].as_array().unwrap();
    assert_eq!(seen.body["report"]["id"], json!(report.id));
    let files: Vec<(&Value, &Value, &Value)> = all
        .iter()
        .map(|one| {
            (
                &one["suspect_file"]["id"],
                &one["work_file"]["id"],
                &one["verdict"],
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            (&json!(copy.id), &json!(song.id), &json!("open")),
            (&json!(twin.id), &json!(song.id), &json!("open"))
        ]
    );
    assert_eq!(all[0]["found"]["segments"], lines[0]["segments"]);
    assert_eq!(all[0]["suspect_file"]["size_bytes"], 4);

    let steps = [
        judge(&report, 0, "曲.opus", "歌.ogg", "confirmed"),
        judge(&report, 1, "x-曲.opus", "歌.ogg", "confirmed"),
    ];
    desk.note(&steps).await.good();
    let undone = [judge(&report, 1, "x-曲.opus", "歌.ogg", "rejected")];
    desk.note(&undone).await.good();
    let seen = desk.get("/matches").await.good();
    assert_eq!(
        seen.body["counts"],
        json!({"confirmed": 1, "rejected": 1, "open": 0, "damaged": 0})
    );
    let second = &seen.body["matches"][1];
    assert_eq!(
        (
            &second["verdict"],
            &second["said"]["by"],
            &second["said"]["reason"]
        ),
        (&json!("rejected"), &json!("culture/zhou"), &json!("听辨"))
    );
    assert_eq!(second["before"][0]["verdict"], "confirmed");
    let rejected = desk.get("/matches?verdict=rejected").await.good();
    assert_eq!(rejected.body["matches"].as_array().unwrap().len(), 1);
    assert_eq!(rejected.body["counts"], seen.body["counts"]);
    let ledger = desk.get("/ledger").await.good();
    assert_eq!(ledger.body["verdicts"][1]["said"]["verdict"], "rejected");
    assert_eq!(ledger.body["verdicts"][1]["index"], 1);

    // An assessment is told what was rejected, by whom.
    let asked = json!({"task": {"kind": "assess"}});
    let job = office.post(&desk.clerk, &desk.path("/jobs"), asked).await.good();
    let leasing = Leasing {
        worker: Code::parse("w").unwrap(),
        kinds: vec![Code::parse("assess").unwrap()],
        now: office.now(),
        until: office.now(),
    };
    let (_, leased) = office.store.lease(&leasing).await.unwrap().unwrap();
    assert_eq!(json!(leased.id), job.body["id"]);
    assert_eq!(
        leased.payload["left_out"],
        json!({"report": report.id, "by": {"culture/zhou": [1]}})
    );
}

#[tokio::test]
async fn a_verdict_is_of_a_line_that_is_there() {
    let desk = Desk::new().await;
    let office = &desk.office;
    let text = format!("{}\nno match\n", line("a", "b"));
    let report = put(office, &desk.matter, "report", "matches.jsonl", &text).await;
    let other = put(office, &desk.matter, "evidence", "matches.jsonl", &text).await;
    let elsewhere = opened(office, &desk.clerk).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = put(office, &elsewhere, "report", "matches.jsonl", &text).await;
    let steps = [
        judge(&report, 0, "a", "b", "confirmed"),
        judge(&report, 0, "a", "c", "confirmed"),
        judge(&report, 1, "a", "b", "confirmed"),
        judge(&report, 2, "a", "b", "confirmed"),
        judge(&other, 0, "a", "b", "confirmed"),
        judge(&foreign, 0, "a", "b", "confirmed"),
        json!({"do": "end_task", "id": "T1", "how": "done"}),
    ];
    let refused = desk.note(&steps).await;
    assert_eq!(
        codes(&refused),
        [
            (1, "match_unknown"),
            (2, "match_unknown"),
            (3, "match_unknown"),
            (4, "match_report"),
            (5, "match_report"),
            (6, "ledger_unknown")
        ]
    );
    let looked = desk.get(&format!("/matches?report={}", foreign.id)).await;
    assert_eq!((looked.status, looked.code()), (404, "report_not_found"));
    desk.note(&steps[..1]).await.good();
    // A report that was withdrawn is judged no more, and is not shown; what was said of it stays.
    let withdrawn = Withdrawn {
        at: office.now(),
        by: Code::parse("culture/zhou").unwrap(),
        why: "误".to_owned(),
    };
    let matter = desk.matter.parse().unwrap();
    assert!(
        office
            .store
            .withdraw_file(matter, report.id, &withdrawn)
            .await
            .unwrap()
    );
    assert_eq!(codes(&desk.note(&steps[..1]).await), [(0, "match_report")]);
    assert_eq!(desk.get("/matches").await.good().body["report"], Value::Null);
    let ledger = desk.get("/ledger").await.good();
    assert_eq!(ledger.body["verdicts"][0]["said"]["verdict"], "confirmed");
}

#[tokio::test]
async fn a_hostile_report_is_shown_as_far_as_it_can_be_read() {
    let desk = Desk::new().await;
    let office = &desk.office;
    let deep = format!(
        "{{\"suspect\":\"a\",\"work\":\"b\",\"x\":{}{}}}",
        "[".repeat(9000),
        "]".repeat(9000)
    );
    let long = line(&"长".repeat(500_000), "b").to_string();
    let mut wide = line("a", "b");
    wide["more"] = json!("y".repeat(900_000));
    let mut all = vec![String::new(), "{}".to_owned(), deep, long];
    all.extend(vec![wide.to_string(); 12]);
    all.extend((0..1000).map(|n| line(&format!("s{n}"), "b").to_string()));
    put(
        office,
        &desk.matter,
        "report",
        "matches.jsonl",
        &(all.join("\n") + "\n"),
    )
    .await;
    let (mut after, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page = desk.get(&format!("/matches?limit=200{after}")).await.good();
        assert_eq!(
            page.body["counts"],
            json!({"confirmed": 0, "rejected": 0, "open": 1012, "damaged": 4})
        );
        assert!(page.body.to_string().len() < 6 << 20);
        seen.extend(
            page.body["matches"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (one["index"].as_u64().unwrap(), one["found"].is_object())),
        );
        pages += 1;
        let Some(next) = page.body["next"].as_u64() else {
            break;
        };
        after = format!("&after={next}");
    }
    let expected: Vec<(u64, bool)> = (0..1016).map(|index| (index, index >= 4)).collect();
    assert_eq!(seen, expected);
    assert!(pages >= 7, "{pages}");
    for query in ["report=x", "verdict=maybe", "limit=-1", "more=1"] {
        let refused = desk.get(&format!("/matches?{query}")).await;
        assert_eq!(refused.code(), "query_invalid", "{query}");
    }
}
