//! The ledger over HTTP: parties, goods, tasks; who is told, what is refused, what is found and printed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    kit::{Answer, Key, Office},
    matters::{opened, people},
    search::encoded,
};

fn suspect() -> Value {
    json!({"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "accounts": ["音乐平台: 频道一号"]}})
}

fn disks() -> Value {
    json!({"do": "add_goods", "goods": {"name": "=盗版光盘", "kind": "infringing", "quantity": 100, "unit": "张",
        "measure": "seized", "taken_on": "2024-03-28", "found_at": "某路 1 号", "from": "P1", "paper": "扣押〔2024〕1 号",
        "holder": "支队", "place": "物证室", "price": {"each_fen": 1500, "basis": "marked", "shown_by": "吊牌"}}})
}

fn task(title: &str, assignee: Option<&str>, due_on: &str) -> Value {
    json!({"do": "add_task", "task": {"title": title, "assignee": assignee, "due_on": due_on}})
}

async fn note(office: &Office, key: &Key, id: &str, version: &str, steps: &[Value]) -> Answer {
    let path = format!("/api/v1/matters/{id}/ledger");
    let headers = [("if-match", version)];
    office
        .send(Some(key), "POST", &path, &headers, Some(json!({"steps": steps})))
        .await
}

#[tokio::test]
async fn parties_goods_and_tasks_are_kept_with_the_matter_and_found() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let matter = opened(&office, &clerk).await;
    let id = matter.body["id"].as_str().unwrap().to_owned();
    let steps = [
        suspect(),
        disks(),
        task("调取后台数据", Some("zhou"), "2024-04-03"),
        task("约谈", Some("zhou"), "2024-04-02"),
        task("待分派", None, "2024-04-02"),
    ];
    let noted = note(&office, &clerk, &id, matter.header("etag"), &steps)
        .await
        .good();
    assert_ne!(
        noted.header("etag"),
        matter.header("etag"),
        "it is a version of the matter"
    );
    let ledger = office
        .get(Some(&clerk), &format!("/api/v1/matters/{id}/ledger"))
        .await
        .good();
    assert_eq!(
        ledger.body["parties"][0]["party"]["accounts"],
        json!(["音乐平台: 频道一号"])
    );
    assert_eq!(ledger.body["goods"][0]["value_fen"], 150_000);
    assert_eq!(ledger.body["goods"][0]["lots"][0]["holder"], "支队");
    assert_eq!(ledger.body["values"]["by_basis"], json!({"marked": 150_000}));
    assert_eq!(ledger.body["is_custody_complete"], true);
    assert_eq!(ledger.body["tasks"][0]["task"]["of_agency"], "culture");
    let findings = ledger.body["findings"].to_string();
    assert!(
        findings.contains("party_unknown") && findings.contains("task_nobody"),
        "{findings}"
    );

    // Two days later one is overdue; those due first come first.
    office.set("2024-04-03T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let mine = office.get(Some(&clerk), "/api/v1/tasks").await.good();
    let titles: Vec<(&str, bool)> = mine.body["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            (
                task["task"]["title"].as_str().unwrap(),
                task["is_overdue"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(titles, [("约谈", true), ("调取后台数据", false)]);
    let nobody = office
        .get(Some(&clerk), "/api/v1/tasks?whose=nobody")
        .await
        .good();
    assert_eq!(nobody.body["tasks"][0]["task"]["title"], "待分派");
    let end = json!({"do": "end_task", "id": "T2", "how": "done", "note": "已约谈"});
    let ended = note(&office, &clerk, &id, noted.header("etag"), &[end])
        .await
        .good();
    let mine = office.get(Some(&clerk), "/api/v1/tasks?state=done").await.good();
    assert_eq!(mine.body["tasks"][0]["ended"]["note"], "已约谈");

    // By what stands in the ledger the matter is found; what was withdrawn finds it no longer.
    for words in ["频道一号", "盗版光盘", "待分派"] {
        let found = office
            .get(Some(&clerk), &format!("/api/v1/search?q={}", encoded(words)))
            .await
            .good();
        assert_eq!(found.body["count"], 1, "{words}");
    }
    let away = json!({"do": "withdraw_goods", "id": "G1", "why": "登记有误"});
    note(&office, &clerk, &id, ended.header("etag"), &[away])
        .await
        .good();
    let found = office
        .get(Some(&clerk), &format!("/api/v1/search?q={}", encoded("盗版光盘")))
        .await
        .good();
    assert_eq!(found.body["count"], 0);
    drop(people);
}

#[tokio::test]
async fn everything_against_steps_is_told_at_once_and_nothing_is_taken() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    let (id, version) = (matter.body["id"].as_str().unwrap(), matter.header("etag"));
    let mut none = disks();
    none["goods"]["quantity"] = json!(0);
    let refused = note(
        &office,
        &people.clerk,
        id,
        version,
        &[
            suspect(),
            none,
            json!({"do": "end_task", "id": "T1", "how": "done"}),
        ],
    )
    .await;
    assert_eq!((refused.status, refused.code()), (422, "ledger_refused"));
    let told: Vec<(u64, &str)> = refused.body["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["step"].as_u64().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(1, "goods_quantity"), (2, "ledger_unknown")]);
    assert!(refused.body["refusals"][0]["message"]["zh"].is_string());
    let ledger = office
        .get(Some(&people.clerk), &format!("/api/v1/matters/{id}/ledger"))
        .await
        .good();
    assert_eq!(ledger.body["parties"], json!([]));
    for (steps, code) in [
        (vec![], "ledger_steps"),
        (vec![suspect(); 201], "ledger_steps"),
        (vec![json!({"do": "forget_everything"})], "body_invalid"),
        (vec![task("x", Some("nobody"), "2024-01-01")], "person_unknown"),
        (
            vec![json!({"do": "add_task", "task": {"title": "x", "assignee": "p1", "of_agency": "police"}})],
            "task_of_others",
        ),
    ] {
        assert_eq!(
            note(&office, &people.clerk, id, version, &steps).await.code(),
            code
        );
    }
    // 200 long entries are more than an event holds.
    let mut long = suspect();
    long["party"]["remark"] = json!("长".repeat(1300));
    let answer = note(&office, &people.clerk, id, version, &vec![long; 200]).await;
    assert_eq!((answer.status, answer.code()), (413, "ledger_steps"));
    // Who saw an older version changes nothing.
    note(&office, &people.clerk, id, version, &[suspect()])
        .await
        .good();
    assert_eq!(
        note(&office, &people.clerk, id, version, &[suspect()])
            .await
            .status,
        412
    );
}

#[tokio::test]
async fn goods_come_as_a_table_that_computes_nothing_for_who_may_take_copies_out() {
    let office = Office::new().await;
    people(&office).await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let matter = opened(&office, &clerk).await;
    let id = matter.body["id"].as_str().unwrap().to_owned();
    let steps = [suspect(), disks()];
    let noted = note(&office, &clerk, &id, matter.header("etag"), &steps)
        .await
        .good();
    let path = format!("/api/v1/matters/{id}/ledger/goods.csv");
    assert_eq!(office.get(Some(&clerk), &path).await.code(), "permission_denied");
    // Who handles it may.
    let assign = format!("/api/v1/matters/{id}/assignment");
    let body = json!({"title": "频道", "handlers": ["zhou", "li"]});
    let headers = [("if-match", noted.header("etag"))];
    office
        .send(Some(&clerk), "PUT", &assign, &headers, Some(body))
        .await
        .good();
    let handler = office.sign_in("culture.li").await;
    let table = office.get(Some(&handler), &path).await.good();
    let text = table.body.as_str().unwrap();
    assert!(
        text.starts_with('\u{feff}') && text.contains("G1.1,'=盗版光盘,"),
        "{text}"
    );
    let police = office.sign_in("police.p1").await;
    assert_eq!(office.get(Some(&police), &path).await.code(), "matter_not_found");
    let ledger = format!("/api/v1/matters/{id}/ledger");
    assert_eq!(
        office.get(Some(&police), &ledger).await.code(),
        "matter_not_found"
    );
    let tasks = office.get(Some(&police), "/api/v1/tasks?whose=all").await.good();
    assert_eq!(tasks.body["tasks"], json!([]));
}

#[tokio::test]
async fn the_trail_holds_each_version_that_was_written() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    let id = matter.body["id"].as_str().unwrap();
    let noted = note(&office, &people.clerk, id, matter.header("etag"), &[suspect()])
        .await
        .good();
    let trail = office.trail(&people.auditor).await;
    let written = trail.iter().filter(|line| line["body"]["action"] == "written");
    let versions: BTreeSet<&str> = written
        .map(|line| line["body"]["object"]["version"].as_str().unwrap())
        .collect();
    let tags = [matter.header("etag"), noted.header("etag")].map(|tag| tag.trim_matches('"').to_owned());
    // Of one instant; in the order of their ids, which is that of chance.
    assert_eq!(versions, tags.iter().map(String::as_str).collect());
    assert!(
        !trail.iter().any(|line| line.to_string().contains("频道一号")),
        "no content"
    );
}
