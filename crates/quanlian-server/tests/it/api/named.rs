//! What matters name: hints among those that may be read, hit or no hit among all, and nothing of the names in the database.

use serde_json::{Value, json};

use super::{
    kit::{Answer, Key, Office},
    matters::{complaint, people},
};

fn song() -> Value {
    json!({
        "rights": ["国作登字-2020-A-01"],
        "links": ["https://www.video.example/watch?v=1&utm_source=x"],
        "accounts": ["video:夜听电台"],
    })
}

async fn opened(office: &Office, key: &Key, named: Value) -> Answer {
    let mut body = complaint();
    body["named"] = named;
    office.post(key, "/api/v1/matters", body).await.good()
}

async fn ask(office: &Office, key: &Key, purpose: Option<&str>, named: Value) -> Answer {
    let headers: Vec<(&str, &str)> = purpose
        .iter()
        .map(|purpose| ("x-quanlian-purpose", *purpose))
        .collect();
    office
        .send(
            Some(key),
            "POST",
            "/api/v1/hits",
            &headers,
            Some(json!({"named": named})),
        )
        .await
}

#[tokio::test]
async fn complaints_about_the_same_thing_hint_at_each_other_where_both_may_be_read() {
    let office = Office::new().await;
    let people = people(&office).await;
    let first = opened(&office, &people.clerk, song()).await;
    // Written otherwise, the same.
    let named = json!({"rights": ["国作登字2020a01"], "links": ["http://video.example/watch/?v=1"]});
    let second = opened(&office, &people.clerk, named).await;
    let right_alone = opened(&office, &people.clerk, json!({"rights": ["国作登字-2020-A-01"]})).await;
    let hints = async |key: &Key, of: &Answer| {
        let path = format!("/api/v1/matters/{}/duplicates", of.body["id"].as_str().unwrap());
        office.get(Some(key), &path).await
    };
    let found = hints(&people.clerk, &second).await.good();
    assert_eq!(found.body["hints"].as_array().unwrap().len(), 1, "{}", found.body);
    let hint = &found.body["hints"][0];
    assert_eq!(
        (&hint["id"], &hint["number"], &hint["places"]),
        (&first.body["id"], &first.body["number"], &json!(1))
    );
    assert_eq!(
        hint["shared"],
        json!({"right": ["国作登字2020a01"], "link": ["video.example/watch?v=1"]})
    );
    assert_eq!(
        hints(&people.clerk, &right_alone).await.good().body["hints"],
        json!([])
    );
    // Another agency has the same and is not told of these, nor these of it.
    let market = office
        .person(&people.admin, "police", "p2", &["intake_clerk", "police_officer"])
        .await;
    let theirs = opened(&office, &market, song()).await;
    assert_eq!(hints(&market, &theirs).await.good().body["hints"], json!([]));
    assert_eq!(
        hints(&people.clerk, &first).await.good().body["hints"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(hints(&market, &first).await.status, 404);
    // Names are replaced, and the earlier ones find nothing any more.
    let path = format!("/api/v1/matters/{}/named", first.body["id"].as_str().unwrap());
    let headers = [("if-match", first.header("etag"))];
    let body = json!({"rights": ["another"]});
    let changed = office
        .send(Some(&people.clerk), "PUT", &path, &headers, Some(body.clone()))
        .await
        .good();
    assert_eq!(changed.body["named"]["rights"], json!(["another"]));
    assert_eq!(
        hints(&people.clerk, &second).await.good().body["hints"],
        json!([])
    );
    let late = office
        .send(Some(&people.clerk), "PUT", &path, &headers, Some(body))
        .await;
    assert_eq!(late.status, 412);
    let many: Vec<String> = (0..201).map(|n| format!("r{n}")).collect();
    let headers = [("if-match", changed.header("etag"))];
    let full = office
        .send(
            Some(&people.clerk),
            "PUT",
            &path,
            &headers,
            Some(json!({"rights": many})),
        )
        .await;
    assert_eq!((full.status, full.code()), (422, "named_too_many"));
}

#[tokio::test]
async fn all_agencies_are_asked_with_a_purpose_and_answer_hit_or_no_hit() {
    let office = Office::new().await;
    let people = people(&office).await;
    let asker = office
        .person(&people.admin, "police", "p2", &["intake_clerk", "police_officer"])
        .await;
    opened(&office, &people.clerk, song()).await;
    opened(&office, &asker, json!({"accounts": ["video:own"]})).await;
    let named = json!({"accounts": ["Video:夜听电台", "video:nobody", "video:own"]});
    let unasked = ask(&office, &asker, None, named.clone()).await;
    assert_eq!((unasked.status, unasked.code()), (428, "purpose_missing"));
    let hits = ask(&office, &asker, Some("case%2077"), named.clone())
        .await
        .good();
    let told = json!({"hits": [
        {"kind": "account", "key": "video:nobody", "agencies": []},
        {"kind": "account", "key": "video:own", "agencies": []},
        {"kind": "account", "key": "video:夜听电台", "agencies": ["culture"]},
    ]});
    assert_eq!(hits.body, told, "one's own are no news");
    // Whose roles do not ask is told nothing, with a purpose or without.
    for purpose in [None, Some("x")] {
        let refused = ask(&office, &people.approver, purpose, named.clone()).await;
        assert_eq!((refused.status, refused.code()), (403, "permission_denied"));
    }
    let lists: Vec<String> = (0..51).map(|n| format!("video:{n}")).collect();
    let long = ask(&office, &asker, Some("x"), json!({"accounts": lists})).await;
    assert_eq!((long.status, long.code()), (422, "hits_asked"));
    assert_eq!(ask(&office, &asker, Some("x"), json!({})).await.status, 422);
    // A list cannot be tried out.
    for n in 0..9 {
        let lists: Vec<String> = (0..50).map(|m| format!("video:{n}-{m}")).collect();
        ask(&office, &asker, Some("x"), json!({"accounts": lists}))
            .await
            .good();
    }
    let lists: Vec<String> = (0..50).map(|m| format!("video:9-{m}")).collect();
    let often = ask(&office, &asker, Some("x"), json!({"accounts": lists})).await;
    assert_eq!((often.status, often.code()), (429, "hits_too_often"));
    assert!(!often.header("retry-after").is_empty());
    office.wait_s(1700);
    let again = office.sign_in("police.p2").await;
    assert_eq!(
        ask(&office, &again, Some("x"), named.clone()).await.good().body,
        told,
        "there is room for three more"
    );
    // The trail says that and why somebody asked, and none of the names.
    let lines = office.trail(&people.auditor).await;
    let asked: Vec<&Value> = lines
        .iter()
        .filter(|line| line["body"]["action"] == "hit")
        .collect();
    assert!(
        asked
            .iter()
            .any(|line| line["body"]["purpose"] == "case 77" && line["body"]["object"]["asked"] == 3)
    );
    assert!(!json!(lines).to_string().contains("夜听电台"));
}
