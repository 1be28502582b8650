//! Matters over HTTP: opening, acting, lost updates, repeated requests, the audit trail.

use serde_json::{Value, json};

use super::kit::{Answer, Key, Office};

/// People of two agencies.
pub(crate) struct People {
    pub(crate) admin: Key,
    pub(crate) auditor: Key,
    pub(crate) clerk: Key,
    pub(crate) handler: Key,
    pub(crate) approver: Key,
    pub(crate) police: Key,
}

pub(crate) async fn people(office: &Office) -> People {
    let admin = office.admin().await;
    for agency in ["city", "culture", "police"] {
        office.agency(&admin, agency).await;
    }
    People {
        auditor: office.person(&admin, "city", "audit", &["auditor"]).await,
        clerk: office.person(&admin, "culture", "zhou", &["intake_clerk"]).await,
        handler: office.person(&admin, "culture", "li", &["handler"]).await,
        approver: office
            .person(&admin, "culture", "head", &["approver", "head"])
            .await,
        police: office.person(&admin, "police", "p1", &["police_receiver"]).await,
        admin,
    }
}

pub(crate) fn complaint() -> Value {
    json!({
        "procedure": "complaint-intake", "title": "频道“一号”转载歌曲",
        "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}},
    })
}

pub(crate) async fn opened(office: &Office, clerk: &Key) -> Answer {
    office.post(clerk, "/api/v1/matters", complaint()).await.good()
}

fn id(matter: &Answer) -> String {
    matter.body["id"].as_str().unwrap().to_owned()
}

async fn command(office: &Office, key: &Key, seen: &Answer, command: Value) -> Answer {
    let path = format!("/api/v1/matters/{}/commands", id(seen));
    let headers = [("if-match", seen.header("etag"))];
    office
        .send(
            Some(key),
            "POST",
            &path,
            &headers,
            Some(json!({"command": command})),
        )
        .await
}

fn accept() -> Value {
    json!({"do": "act", "act": "accept", "given": {
        "facts": {"place_of_act": {"text": "310115"}, "jurisdiction_settled": {"flag": true}, "duplicate_checked": {"flag": true}},
        "papers": {"identity_proof": "T-2", "right_proof": "T-3", "evidence_material": "T-4"},
    }})
}

#[tokio::test]
async fn a_complaint_is_received_accepted_and_its_clocks_run() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let received = opened(&office, &clerk).await;
    assert_eq!(received.status, 201);
    assert_eq!(received.body["number"], "culture-complaint-intake-2024-00001");
    assert_eq!(received.body["stage"], "received");
    assert_eq!(received.body["handlers"], json!(["zhou"]));
    // Seven working days from 1 April 2024, 4 to 6 April off and Sunday 7 April worked: 2, 3, 7, 8, 9, 10, 11.
    assert_eq!(received.body["due_on"], "2024-04-11");
    assert_eq!(received.body["clocks"][0]["clock"], "accept");

    // Everything that is missing is said at once.
    let nothing = command(&office, &clerk, &received, json!({"do": "act", "act": "accept"})).await;
    assert_eq!((nothing.status, nothing.code()), (422, "act_refused"));
    let lacks = nothing.body["lacks"].as_array().unwrap();
    assert_eq!(lacks.len(), 6, "{lacks:?}");
    assert!(
        lacks
            .iter()
            .all(|lack| lack["message"]["zh"].is_string() && lack["message"]["en"].is_string())
    );

    let accepted = command(&office, &clerk, &received, accept()).await.good();
    assert_eq!(
        (accepted.body["stage"].as_str(), accepted.status),
        (Some("accepted"), 200)
    );
    let again = office
        .get(Some(&clerk), &format!("/api/v1/matters/{}", id(&received)))
        .await
        .good();
    assert_eq!(again.header("etag"), accepted.header("etag"));
    assert_eq!(again.body, accepted.body);
    let events = office
        .get(Some(&clerk), &format!("/api/v1/matters/{}/events", id(&received)))
        .await
        .good();
    assert_eq!(events.body["events"].as_array().unwrap().len(), 3);
    let acts = office
        .get(Some(&clerk), &format!("/api/v1/matters/{}/acts", id(&received)))
        .await
        .good();
    assert!(acts.body["acts"].as_array().unwrap().len() > 10);
    drop(people);
}

#[tokio::test]
async fn nobodys_change_is_lost_and_none_is_made_twice() {
    let office = Office::new().await;
    let people = people(&office).await;
    let key = [("idempotency-key", "k-1")];
    let send = async |body: Value| {
        office
            .send(Some(&people.clerk), "POST", "/api/v1/matters", &key, Some(body))
            .await
    };
    let first = send(complaint()).await.good();
    let second = send(complaint()).await.good();
    assert_eq!(
        (first.body["id"].clone(), second.header("idempotency-replayed")),
        (second.body["id"].clone(), "true")
    );
    let mut other = complaint();
    other["title"] = json!("另一件");
    let reused = send(other).await;
    assert_eq!((reused.status, reused.code()), (409, "request_key_reused"));

    let supply = |letter: &str| json!({"do": "supply", "facts": {}, "papers": {"right_proof": letter}});
    let done = command(&office, &people.clerk, &first, supply("T-7"))
        .await
        .good();
    // Whoever saw the version before writes nothing, and is told the present one.
    let late = command(&office, &people.clerk, &first, supply("T-8")).await;
    assert_eq!((late.status, late.code()), (412, "matter_conflict"));
    assert_eq!(
        format!("\"{}\"", late.body["current"].as_str().unwrap()),
        done.header("etag")
    );
    let path = format!("/api/v1/matters/{}/commands", id(&first));
    let body = json!({"command": supply("T-9")});
    let without = office
        .send(Some(&people.clerk), "POST", &path, &[], Some(body.clone()))
        .await;
    assert_eq!((without.status, without.code()), (428, "if_match_missing"));
    // The same request once more, after others have written: the first answer, and no second event.
    let headers = [("if-match", done.header("etag")), ("idempotency-key", "k-2")];
    let one = office
        .send(Some(&people.clerk), "POST", &path, &headers, Some(body.clone()))
        .await
        .good();
    let newer = command(&office, &people.clerk, &one, supply("T-10")).await.good();
    let two = office
        .send(Some(&people.clerk), "POST", &path, &headers, Some(body))
        .await
        .good();
    assert_eq!(two.header("idempotency-replayed"), "true");
    assert_eq!(two.header("etag"), newer.header("etag"), "as it stands now");
    let events = office
        .get(
            Some(&people.clerk),
            &format!("/api/v1/matters/{}/events", id(&first)),
        )
        .await
        .good();
    assert_eq!(events.body["events"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_approval_takes_three_people_and_a_transfer_reaches_the_police() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = json!({
        "procedure": "criminal-transfer", "title": "涉嫌侵犯著作权罪移送", "given": {"facts": {"crime_suspected": {"flag": true}}},
    });
    let second = office
        .person(&people.admin, "culture", "wang", &["second_handler"])
        .await;
    let mut with = matter.clone();
    with["with"] = json!(["wang"]);
    let alone = office.post(&people.handler, "/api/v1/matters", matter).await;
    assert_eq!(alone.code(), "act_refused", "{}", alone.body);
    let open = office.post(&people.handler, "/api/v1/matters", with).await.good();
    let path = format!("/api/v1/matters/{}", id(&open));
    assert_eq!(
        office.get(Some(&people.police), &path).await.code(),
        "matter_not_found"
    );
    assert_eq!(
        office.get(Some(&second), &path).await.code(),
        "matter_not_found",
        "not assigned yet"
    );
    let assign = json!({"title": "涉嫌侵犯著作权罪移送", "unit": "team-1", "handlers": ["li", "wang"]});
    let headers = [("if-match", open.header("etag"))];
    let assigned = office
        .send(
            Some(&people.handler),
            "PUT",
            &format!("{path}/assignment"),
            &headers,
            Some(assign),
        )
        .await;
    let assigned = assigned.good();
    office.get(Some(&second), &path).await.good();

    let act = async |key: &Key, seen: &Answer, act: &str, given: Value, with: Value| {
        let body = json!({"command": {"do": "act", "act": act, "given": given}, "with": with});
        let headers = [("if-match", seen.header("etag"))];
        office
            .send(
                Some(key),
                "POST",
                &format!("{path}/commands"),
                &headers,
                Some(body),
            )
            .await
    };
    let report = json!({"papers": {"investigation_report": "T-1"}});
    let reported = act(&people.handler, &assigned, "report", report, json!(["wang"]))
        .await
        .good();
    let by_himself = act(&people.handler, &reported, "approve", json!({}), json!([])).await;
    assert_eq!(by_himself.code(), "act_refused");
    let papers = json!({"papers": {"transfer_report": "T-9"}});
    let approved = act(&people.approver, &reported, "approve", papers, json!([]))
        .await
        .good();
    let acts = office
        .get(Some(&people.handler), &format!("{path}/acts"))
        .await
        .good();
    let hand_over = acts.body["acts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|act| act["act"] == "hand_over")
        .unwrap()
        .clone();
    assert_eq!(hand_over["possible"], true, "{hand_over}");
    let mut given = json!({"papers": {}, "facts": {}, "counterparts": {"police": "police"}});
    for ask in hand_over["asks"].as_array().unwrap() {
        let what = ask["of"].as_str().unwrap_or_default();
        match ask["ask"].as_str().unwrap() {
            "paper" => given["papers"][what] = json!("T-5"),
            "fact" => given["facts"][what] = json!({"flag": true}),
            _ => {}
        }
    }
    let handed = act(&people.handler, &approved, "hand_over", given, json!(["wang"]))
        .await
        .good();
    assert!(handed.body["clocks"].as_array().unwrap().len() > 1);
    // With that act the police may read and act; nobody of another agency else.
    let seen = office.get(Some(&people.police), &path).await.good();
    assert_eq!(seen.body["stage"], handed.body["stage"]);
    let list = office.get(Some(&people.police), "/api/v1/matters").await.good();
    assert_eq!(
        (list.body["count"].clone(), list.body["matters"][0]["id"].clone()),
        (json!(1), json!(id(&open)))
    );
}

#[tokio::test]
async fn a_matter_that_is_handed_over_is_the_others_and_leaves_a_stub() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.agency(&people.admin, "market").await;
    let market = office
        .person(&people.admin, "market", "chen", &["approver"])
        .await;
    let matter = opened(&office, &people.clerk).await;
    let path = format!("/api/v1/matters/{}", id(&matter));
    let reassign =
        json!({"do": "act", "act": "reassign", "given": {"reason": "商标案件", "agency": "market"}});
    let by_clerk = command(&office, &people.clerk, &matter, reassign.clone()).await;
    assert_eq!(by_clerk.code(), "permission_denied", "{}", by_clerk.body);
    let given = command(&office, &people.approver, &matter, reassign).await.good();
    assert_eq!(given.body["number"], matter.body["number"], "the number stays");

    let theirs = office.get(Some(&market), &path).await.good();
    assert_eq!(
        (theirs.body["owner_agency"].as_str(), &theirs.body["handlers"]),
        (Some("market"), &json!([]))
    );
    let supply = json!({"do": "act", "act": "accept"});
    for key in [&people.clerk, &people.approver] {
        let late = command(&office, key, &theirs, supply.clone()).await;
        assert!(
            ["permission_denied", "matter_not_found"].contains(&late.code()),
            "{}",
            late.body
        );
    }
    let stub = office.get(Some(&people.approver), &path).await.good();
    assert_eq!(stub.body["stage"], "received");
    assert!(
        stub.body.get("title").is_none() && stub.body.get("state").is_none(),
        "{}",
        stub.body
    );
    let mine = office.get(Some(&people.approver), "/api/v1/matters").await.good();
    assert_eq!(mine.body["count"], 0);
}

#[tokio::test]
async fn every_look_and_every_write_is_in_the_trail() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    let path = format!("/api/v1/matters/{}", id(&matter));
    let headers = [("x-quanlian-purpose", "%E6%A0%B8%E5%AF%B9%E7%BA%BF%E7%B4%A2")];
    office
        .send(Some(&people.clerk), "GET", &path, &headers, None)
        .await
        .good();
    office.get(Some(&people.police), &path).await;
    office.get(Some(&people.admin), &path).await;
    command(&office, &people.clerk, &matter, accept()).await.good();
    let trail = office.trail(&people.auditor).await;
    let about = |entry: &&Value| entry["body"]["object"]["id"] == matter.body["id"];
    // Of one instant; in the order of their ids, which is that of chance.
    let mut lines: Vec<String> = trail
        .iter()
        .filter(about)
        .map(|entry| {
            let body = &entry["body"];
            format!(
                "{} {} {} {}",
                entry["actor"], body["action"], body["result"], body["purpose"]
            )
        })
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            r#""city/root" "clocks" "denied" null"#,
            r#""city/root" "read" "denied" null"#,
            r#""culture/zhou" "read" "allowed" "核对线索""#,
            r#""culture/zhou" "write" "allowed" null"#,
            r#""culture/zhou" "written" "done" null"#,
            r#""culture/zhou" "written" "done" null"#,
            r#""police/p1" "clocks" "denied" null"#,
            r#""police/p1" "read" "denied" null"#,
        ]
    );
    // Nobody but auditors reads it, and that they did stands in it.
    for key in [&people.admin, &people.approver, &people.police] {
        assert_eq!(
            office.get(Some(key), "/api/v1/audit").await.code(),
            "permission_denied"
        );
    }
    let trail = office.trail(&people.auditor).await;
    assert!(
        trail
            .iter()
            .any(|entry| entry["actor"] == "city/audit" && entry["body"]["action"] == "audit")
    );
    let text = serde_json::to_string(&trail).unwrap();
    assert!(
        !text.contains("频道") && !text.contains("gravel"),
        "the trail holds no content and no password"
    );
}
