//! Figures: compared with what each caller counts in the matters that they may read, on both databases.
//!
//! In:  worlds that grow by chance: officers of four agencies do what the procedures let them do.
//! Out: nothing, or the first figure that is not what its caller could add up by hand.
//!
//! The oracle knows nothing of measures: it reads every matter that the caller sees, through the API, and counts in the
//! histories, clocks and facts that are shown there.

mod oracle;

use serde_json::{Value, json};

use super::{
    kit::{Key, Office},
    matters::{opened, people},
    world::{World, grow},
};
use oracle::{Seen, compare};

#[tokio::test]
async fn every_figure_is_what_its_caller_can_add_up() {
    let world = grow(Office::new().await, 1, 320).await;
    let compared = compare(&world).await;
    assert!(compared > 2000, "{compared}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_is_what_its_caller_can_add_up_on_postgresql() {
    let Some(office) = Office::on_postgres().await else {
        return;
    };
    let world = grow(office, 3, 120).await;
    assert!(compare(&world).await > 2000);
}

#[tokio::test]
async fn who_may_not_count_or_read_gets_no_figure() {
    let office = Office::new().await;
    let people = people(&office).await;
    opened(&office, &people.clerk).await;
    for key in [
        &people.clerk,
        &people.handler,
        &people.admin,
        &people.auditor,
        &people.police,
    ] {
        for path in [
            "/api/v1/indicators/matters-opened",
            "/api/v1/indicators/matters-opened/matters",
        ] {
            assert_eq!(office.get(Some(key), path).await.code(), "permission_denied");
        }
        office.get(Some(key), "/api/v1/indicators").await.good();
    }
    let own = office
        .get(Some(&people.approver), "/api/v1/indicators/matters-opened")
        .await
        .good();
    assert_eq!((&own.body["value"], &own.body["n"]), (&json!(1), &json!(1)));
    // A token that counts and does not read is told nothing of what it may not read.
    let token = async |scopes: Value| {
        let body = json!({"name": "t", "scopes": scopes, "days": 1});
        let made = office
            .post(&people.approver, "/api/v1/account/tokens", body)
            .await;
        made.good().body["token"]
            .as_str()
            .map(|token| Key::Token(token.to_owned()))
    };
    for (scopes, code) in [
        (json!(["indicators"]), "permission_denied"),
        (json!(["indicators", "read"]), ""),
    ] {
        let key = token(scopes).await.unwrap();
        let answer = office.get(Some(&key), "/api/v1/indicators/matters-opened").await;
        assert_eq!(answer.code(), code, "{}", answer.body);
    }
    let trail = office.trail(&people.auditor).await;
    let looked = |result: &str| {
        let lines = trail.iter().filter(|entry| {
            entry["body"]["object"] == json!({"kind": "indicator", "id": "matters-opened"})
                && entry["body"]["result"] == result
        });
        lines.count()
    };
    assert_eq!((looked("allowed"), looked("denied")), (2, 11));
}

#[tokio::test]
async fn a_figure_says_what_it_rests_on_and_comes_as_a_table() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let head = office.sign_in("culture.head").await;
    opened(&office, &clerk).await;
    office.set("2024-05-02T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    opened(&office, &clerk).await;
    drop(head);
    let head = office.sign_in("culture.head").await;
    let get = async |path: &str| {
        office
            .get(Some(&head), &format!("/api/v1/indicators/{path}"))
            .await
    };
    let answer = get("matters-opened?by=month&from=2024-01-01&until=2024-05-01")
        .await
        .good();
    let mut body = answer.body;
    body["computed_at"] = json!("");
    assert_eq!(
        body,
        json!({
            "indicator": "matters-opened", "version": 1, "unit": "matters", "aggregate": "count",
            "period": {"first": "2024-01-01", "last": "2024-04-30"}, "by": "month",
            "value": 1, "n": 1, "missing": 0, "computed_at": "", "is_complete": true,
            "parts": [{"group": "2024-04", "value": 1, "n": 1, "missing": 0}],
        })
    );
    let group = get("matters-opened/matters?by=month&group=2024-04").await.good();
    assert_eq!(group.body["rows"].as_array().unwrap().len(), 1);
    assert_eq!(group.body["rows"][0]["from"], "2024-04-01");
    let table = get("matters-opened?by=month&format=csv").await.good();
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.body.as_str().unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').split("\r\n").collect();
    assert!(
        lines[0].starts_with("indicator,version,unit,first,last,group,value"),
        "{text}"
    );
    assert!(
        lines[1].starts_with("matters-opened,1,matters,,,,2,2,0,2024-05-02T"),
        "{text}"
    );
    assert!(
        lines[2].starts_with("matters-opened,1,matters,,,2024-04,1,1,0,"),
        "{text}"
    );
    assert_eq!(lines.len(), 5, "{text}");
    // As it stood at the end of April, and now.
    assert_eq!(get("matters-open?until=2024-05-01").await.good().body["value"], 1);
    assert_eq!(get("matters-open").await.good().body["value"], 2);
    assert_eq!(
        get("days-to-close-median").await.good().body["value"],
        Value::Null
    );
    for (path, status, code) in [
        ("nothing", 404, "indicator_not_found"),
        ("matters-opened?version=7", 404, "indicator_not_found"),
        ("matters-opened?by=stage", 400, "query_invalid"),
        ("matters-opened?by=weather", 400, "query_invalid"),
        ("matters-opened?from=2024-13-01", 400, "query_invalid"),
        (
            "matters-opened?from=2024-05-01&until=2024-05-01",
            400,
            "query_invalid",
        ),
        ("matters-open?from=2024-05-01", 400, "query_invalid"),
        ("clocks-overdue?until=2024-05-01", 400, "query_invalid"),
        ("matters-opened?format=xml", 400, "query_invalid"),
        ("matters-opened?more=1", 400, "query_invalid"),
        ("matters-opened/matters?group=x", 400, "query_invalid"),
        ("matters-opened/matters?after=x", 400, "matter_cursor"),
    ] {
        let answer = get(path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{path} {}",
            answer.body
        );
    }
    drop(people);
}

#[tokio::test]
async fn what_was_written_before_is_measured_at_the_next_start() {
    let office = Office::new().await;
    let people = people(&office).await;
    opened(&office, &people.clerk).await;
    let key = &people.approver;
    let path = "/api/v1/indicators/matters-opened";
    assert_eq!(office.get(Some(key), path).await.good().body["value"], 1);
    // As a database of an earlier version has it.
    office.forget_drawn().await;
    let empty = office.get(Some(key), path).await.good();
    assert_eq!(empty.body["value"], 0);
    let office = office.restarted().await;
    let mut caught_up = Value::Null;
    for _ in 0..100 {
        let answer = office.get(Some(key), path).await.good();
        caught_up = answer.body.clone();
        if caught_up["is_complete"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        (&caught_up["value"], &caught_up["is_complete"]),
        (&json!(1), &json!(true))
    );
}

/// Both files below use it.
async fn every_page(office: &Office, key: &Key, path: &str, list: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = office
            .get(Some(key), &format!("{path}{joint}limit=40{after}"))
            .await
            .good();
        all.extend(page.body[list].as_array().unwrap().iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// What somebody sees, as the oracle reads it.
async fn seen_by(world: &World, key: &Key) -> Seen {
    let mut matters = Vec::new();
    for row in every_page(&world.office, key, "/api/v1/matters", "matters").await {
        let path = format!("/api/v1/matters/{}", row["id"].as_str().unwrap());
        let full = world.office.get(Some(key), &path).await.good();
        assert!(full.body["state"].is_object());
        matters.push(full.body);
    }
    Seen::of(world, matters)
}
