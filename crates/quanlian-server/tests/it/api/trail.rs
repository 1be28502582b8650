//! The audit trail over HTTP: a line for every request, searching, anchors in a real log, the check.
//!
//! In:  requests; a log in a folder, which may be out of order.
//! Out: nothing, or a request that left no line, or a change that nobody noticed.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use quanlian_record::time::Timestamp;
use quanlian_server::{
    permission::{Permissions, Purposes, Roles},
    platform::{Log, Settings},
};
use quanlian_store::{
    RecordStore as _, TrailStore as _,
    trail::{Boxed, Leaves, LineQuery, LogTrouble},
};
use quanlian_tlog::{log::Log as Tlog, note::SignerKey, store::LogHome};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    kit::{Key, Office},
    matters::{opened, people},
};

/// A log in a folder.
struct InFolder {
    log: Mutex<Tlog>,
    is_broken: AtomicBool,
    _folder: TempDir,
}

impl InFolder {
    fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let key = SignerKey::from_seed("log.example/platform", &[9; 32]).unwrap();
        Arc::new(Self {
            log: Mutex::new(Tlog::create(LogHome::create(folder.path()).unwrap(), key).unwrap()),
            is_broken: AtomicBool::new(false),
            _folder: folder,
        })
    }
}

impl Leaves for InFolder {
    fn name(&self) -> &'static str {
        "log.example/platform"
    }

    fn size(&self) -> Boxed<'_, Result<u64, LogTrouble>> {
        Box::pin(async { Ok(self.log.lock().unwrap().checkpoint().size()) })
    }

    fn read(&self, entries: Range<u64>) -> Boxed<'_, Result<Vec<Vec<u8>>, LogTrouble>> {
        Box::pin(async move {
            let log = self.log.lock().unwrap();
            Ok(entries.map(|index| log.read_entry(index).unwrap()).collect())
        })
    }
}

impl Log for InFolder {
    fn append(&self, entries: Vec<Vec<u8>>) -> Boxed<'_, Result<Range<u64>, LogTrouble>> {
        Box::pin(async move {
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(LogTrouble {
                    code: "log_store_io".into(),
                    source: None,
                });
            }
            let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            Ok(self.log.lock().unwrap().append_batch(&entries).unwrap())
        })
    }
}

/// How many lines there are, in all strands.
async fn lines(office: &Office) -> u64 {
    let far: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let strands = office.store.waiting_strands(None, far).await.unwrap();
    strands.iter().map(|strand| strand.number).sum()
}

#[tokio::test]
async fn every_route_leaves_a_line_whatever_comes_of_it() {
    let office = Office::new().await;
    let mut admin = office.admin().await;
    let description = office.get(None, "/openapi.json").await;
    let (mut routes, mut silent) = (0, Vec::new());
    for (path, methods) in description.body["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            if about["security"] == json!([{}]) {
                continue;
            }
            routes += 1;
            let method = method.to_uppercase();
            let ids = "01900000-0000-7000-8000-000000000000";
            let filled = [
                "{id}", "{grant}", "{file}", "{upload}", "{job}", "{agency}", "{unit}",
            ]
            .iter()
            .fold(path.clone(), |path, name| path.replace(name, ids));
            let broken = path.replace("{id}", "no-id").replace("{agency}", "%00");
            let names = json!({"zh": "某局", "en": "An agency"});
            let attempts = [
                (filled.clone(), Some(json!({}))),
                (filled.clone(), None),
                (filled.clone(), Some(names)),
                (broken, Some(json!([]))),
                (format!("{filled}?nonsense=1"), None),
            ];
            for (path, body) in attempts {
                // Somebody who signed out, or ended their own session, comes again.
                if office.get(Some(&admin), "/api/v1/session").await.status == 401 {
                    admin = office.sign_in("root").await;
                }
                let before = lines(&office).await;
                let answer = office.send(Some(&admin), &method, &path, &[], body.clone()).await;
                if lines(&office).await == before {
                    silent.push(format!("{method} {path} {body:?}: {}", answer.status));
                }
                assert_ne!(answer.status, 401, "{method} {path}");
                let before = lines(&office).await;
                let nobody = office.send(None, &method, &path, &[], body).await;
                assert_eq!(
                    (nobody.status, nobody.code()),
                    (401, "sign_in_needed"),
                    "{method} {path}"
                );
                assert_eq!(lines(&office).await, before, "nobody is nobody");
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(routes > 35, "{routes}");
}

async fn check(office: &Office, auditor: &Key) -> Value {
    let answer = office.get(Some(auditor), "/api/v1/audit/check").await.good();
    assert_eq!(answer.body["next"], Value::Null);
    answer.body
}

#[tokio::test]
async fn what_was_anchored_and_taken_away_is_named() {
    let office = Office::new().await;
    let log = InFolder::new();
    office.platform.anchor_in(log.clone());
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    office.platform.anchor().await;
    let whole = check(&office, &people.auditor).await;
    assert_eq!(
        (&whole["sound"], &whole["has_log"]),
        (&json!(true), &json!(true)),
        "{whole}"
    );
    assert_eq!(whole["part"]["in_log"], 1, "{whole}");
    assert_eq!(log.size().await.unwrap(), 1, "one leaf for all lines");
    let entry = String::from_utf8(log.read(0..1).await.unwrap().remove(0)).unwrap();
    assert!(!entry.contains("culture") && !entry.contains("zhou"), "{entry}");
    // Nothing new, no leaf; but the check was a line.
    office.platform.anchor().await;
    assert_eq!(log.size().await.unwrap(), 2);
    office.platform.anchor().await;
    assert_eq!(log.size().await.unwrap(), 2);

    let line = LineQuery {
        actor: Some("culture/zhou".into()),
        action: Some("open".into()),
        ..LineQuery::default()
    };
    let line = office.store.lines(&line).await.unwrap().lines.remove(0);
    assert!(office.store.erase(line.place.id).await.unwrap() == 1);
    let spoiled = check(&office, &people.auditor).await;
    assert_eq!(spoiled["sound"], json!(false));
    let finding = &spoiled["part"]["findings"][0];
    let named = (&finding["what"], &finding["number"], &finding["record"]);
    assert_eq!(
        named,
        (&json!("line_removed"), &json!(line.number), &json!(line.place.id))
    );
    // In the list it leaves a hole that says so.
    let path = "/api/v1/audit?actor=culture/zhou&action=open";
    let list = office.get(Some(&people.auditor), path).await.good();
    assert_eq!(list.body["entries"][0]["is_damaged"], json!(true));
    assert_eq!(list.body["entries"][0]["number"], json!(line.number));
    for key in [&people.admin, &people.clerk] {
        let denied = office.get(Some(key), "/api/v1/audit/check").await;
        assert_eq!((denied.status, denied.code()), (403, "permission_denied"));
    }
    let nowhere = office
        .get(Some(&people.auditor), "/api/v1/audit/check?after=x")
        .await;
    assert_eq!((nowhere.status, nowhere.code()), (400, "trail_no_place"));
    drop(matter);
}

#[tokio::test]
async fn while_the_log_is_out_of_order_requests_go_on_and_it_is_said() {
    let office = Office::new().await;
    let log = InFolder::new();
    log.is_broken.store(true, Ordering::SeqCst);
    office.platform.anchor_in(log.clone());
    let people = people(&office).await;
    office.platform.anchor().await;
    opened(&office, &people.clerk).await;
    let ready = office.get(None, "/readyz").await;
    let said = "ok\ntrail not anchored since 2024-04-01T02:00:00.000000Z: log_store_io\n";
    assert_eq!((ready.status, ready.body), (200, json!(said)));
    let part = check(&office, &people.auditor).await;
    assert_eq!(part["not_anchored"]["code"], "log_store_io");
    log.is_broken.store(false, Ordering::SeqCst);
    office.platform.anchor().await;
    assert_eq!(office.get(None, "/readyz").await.body, json!("ok\n"));
    let part = check(&office, &people.auditor).await;
    assert_eq!(
        (&part["not_anchored"], &part["sound"]),
        (&Value::Null, &json!(true))
    );
    assert!(part["part"]["anchored"].as_u64() > Some(10), "{part}");
}

#[tokio::test]
async fn auditors_find_lines_by_what_they_say() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    let id = matter.body["id"].as_str().unwrap();
    for key in [&people.clerk, &people.police, &people.approver] {
        office.get(Some(key), &format!("/api/v1/matters/{id}")).await;
    }
    let find = async |query: &str| {
        let path = format!("/api/v1/audit?{query}");
        let answer = office.get(Some(&people.auditor), &path).await.good();
        answer.body["entries"].as_array().unwrap().clone()
    };
    let short = |found: Vec<Value>| {
        let line = |line: &Value| {
            let body = &line["body"];
            let of = [&line["actor"], &body["action"], &body["result"]];
            of.map(|text| text.as_str().unwrap().to_owned()).join(" ")
        };
        let mut lines: Vec<String> = found.iter().map(line).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        short(find(&format!("object={id}")).await),
        [
            "culture/head read allowed",
            "culture/zhou read allowed",
            "culture/zhou written done",
            "police/p1 clocks denied",
            "police/p1 read denied"
        ]
    );
    assert_eq!(
        short(find(&format!("object={id}&result=denied&action=read")).await),
        ["police/p1 read denied"]
    );
    assert_eq!(
        short(find("actor=culture/zhou&kind=matter&action=open").await),
        ["culture/zhou open allowed"]
    );
    assert_eq!(find("address=10.1.1.1").await, Vec::<Value>::new());
    assert!(find("address=0.0.0.0&actor=culture/zhou").await.len() >= 3);
    assert_eq!(find("until=2024-01-01T00:00:00Z").await, Vec::<Value>::new());
    let first = find("limit=1").await;
    let all = find("").await;
    assert_eq!(first[0], all[0]);
    assert_eq!(find("limit=1&direction=descending").await.len(), 1);
    for wrong in ["from=yesterday", "direction=up", "after=1", "nothing=1"] {
        let answer = office
            .get(Some(&people.auditor), &format!("/api/v1/audit?{wrong}"))
            .await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    // A text of the caller does not fill the trail.
    let long = json!({"procedure": "x".repeat(10_000), "title": "t", "given": {}});
    office.post(&people.clerk, "/api/v1/matters", long).await;
    let found = find("actor=culture/zhou&action=open").await;
    let kept = |line: &Value| line["body"]["object"]["procedure"].as_str().unwrap().len();
    assert_eq!(found.iter().map(kept).max(), Some(200));
}

/// As in `policies/purpose.toml`, for complaints.
const ASKED: &str = r#"
[complaints]
title = { zh = "投诉", en = "complaints" }
procedures = ["complaint-intake"]
actions = ["read", "export"]
laws = [{ cite = "x", gist = { zh = "x", en = "x" }, checked = { on = 2026-11-23, against = "S1", verified = false } }]
"#;

#[tokio::test]
async fn where_a_purpose_is_asked_for_nothing_is_read_without_one() {
    let [policies, schema] = [
        include_str!("../../../../../policies/platform.cedar"),
        include_str!("../../../../../policies/platform.cedarschema"),
    ];
    let roles = Roles::embedded().unwrap();
    let permissions = Permissions::of(policies, schema, roles, Purposes::of(ASKED).unwrap()).unwrap();
    let office = Office::under(Settings::default(), permissions).await;
    let people = people(&office).await;
    let opened = opened(&office, &people.clerk).await;
    assert!(
        opened.body.get("state").is_none() && opened.body.get("title").is_none(),
        "{}",
        opened.body
    );
    let id = opened.body["id"].as_str().unwrap();
    let path = format!("/api/v1/matters/{id}");
    let why = [("x-quanlian-purpose", "%E6%A0%B8%E5%AF%B9")];
    for rest in ["", "/events", "/acts", "/files", "/jobs"] {
        let path = format!("{path}{rest}");
        let without = office.get(Some(&people.clerk), &path).await;
        assert_eq!(
            (without.status, without.code()),
            (428, "purpose_missing"),
            "{path}"
        );
        office
            .send(Some(&people.clerk), "GET", &path, &why, None)
            .await
            .good();
        // Who may not see it learns nothing from it, with a purpose or without.
        for headers in [&why[..], &[]] {
            let police = office
                .send(Some(&people.police), "GET", &path, headers, None)
                .await;
            assert_eq!(police.code(), "matter_not_found", "{path}");
        }
        let empty = [("x-quanlian-purpose", "%20")];
        let empty = office.send(Some(&people.clerk), "GET", &path, &empty, None).await;
        assert_eq!(empty.code(), "purpose_missing");
    }
    let list = async |headers: &[(&str, &str)]| {
        let list = office
            .send(Some(&people.clerk), "GET", "/api/v1/matters", headers, None)
            .await;
        list.good().body["matters"][0].clone()
    };
    let (without, with) = (list(&[]).await, list(&why).await);
    assert_eq!(
        (&without["id"], &without["title"], &without["handlers"]),
        (&json!(id), &Value::Null, &Value::Null)
    );
    assert!(with["title"].is_string());
    // Writing is not asked here, and shows no more than before.
    let supply = json!({"command": {"do": "supply", "facts": {}, "papers": {"right_proof": "T-7"}}});
    let headers = [("if-match", opened.header("etag"))];
    let commands = format!("{path}/commands");
    let written = office
        .send(Some(&people.clerk), "POST", &commands, &headers, Some(supply))
        .await;
    assert!(written.good().body.get("state").is_none());
    // Nobody shares what they would have to say why for, without saying why.
    let grant = json!({
        "to_agency": "police", "actions": ["read"], "purpose": "x", "legal_basis": "y", "handling_code": "z",
    });
    let share = async |headers: &[(&str, &str)]| {
        let path = format!("{path}/grants");
        office
            .send(
                Some(&people.approver),
                "POST",
                &path,
                headers,
                Some(grant.clone()),
            )
            .await
    };
    assert_eq!(share(&[]).await.code(), "purpose_missing");
    share(&why).await.good();
    assert_eq!(
        office.get(Some(&people.police), &path).await.code(),
        "purpose_missing"
    );
    // All of it stands in the trail, with the purpose where there was one.
    let tried = format!("/api/v1/audit?object={id}&action=read&actor=culture/zhou");
    let tried = office.get(Some(&people.auditor), &tried).await.good();
    let lines: Vec<_> = tried.body["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["body"])
        .collect();
    let count = |purpose: Value, result: &str, why: Value| {
        let is =
            |line: &&&Value| line["purpose"] == purpose && line["result"] == result && line["why"] == why;
        lines.iter().filter(is).count()
    };
    assert_eq!(count(Value::Null, "denied", json!(["purpose-missing"])), 2);
    assert_eq!(
        count(json!("核对"), "allowed", json!(["own-unit", "own-handled"]))
            + count(json!("核对"), "allowed", json!(["own-handled", "own-unit"])),
        1
    );
}
