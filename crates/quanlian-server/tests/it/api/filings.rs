//! Filings from outside over HTTP: filed, received, supplemented, told; what who filed sees and what not.

use serde_json::{Value, json};

use super::kit::{Answer, Key, Office};

const PIECE: &str = "application/offset+octet-stream";

struct World {
    office: Office,
    clerk: Key,
    handler: Key,
    reviewer: Key,
    approver: Key,
    wei: Key,
    qin: Key,
}

async fn world() -> World {
    let office = Office::new().await;
    let admin = office.admin().await;
    for agency in ["culture", "acme"] {
        office.agency(&admin, agency).await;
    }
    office.set("2024-04-01T10:00:00+08:00");
    let admin = office.sign_in("root").await;
    let culture = async |user: &str, role: &str| office.person(&admin, "culture", user, &[role]).await;
    World {
        clerk: culture("zhou", "intake_clerk").await,
        handler: culture("li", "handler").await,
        reviewer: culture("zhao", "reviewer").await,
        approver: culture("head", "approver").await,
        wei: office.person(&admin, "acme", "wei", &["complainant"]).await,
        qin: office.person(&admin, "acme", "qin", &["complainant"]).await,
        office,
    }
}

fn filing() -> Value {
    json!({
        "at": "culture", "procedure": "complaint-intake", "version": 2, "title": "频道转载我司歌曲",
        "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "随附"}},
    })
}

impl World {
    async fn filed(&self) -> String {
        let filed = self.office.post(&self.wei, "/api/v1/filings", filing()).await;
        assert_eq!(filed.status, 201, "{}", filed.body);
        filed.body["id"].as_str().unwrap().to_owned()
    }

    async fn look(&self, id: &str) -> Answer {
        self.office
            .get(Some(&self.wei), &format!("/api/v1/filings/{id}"))
            .await
            .good()
    }

    /// Something that the agency does.
    async fn act(&self, key: &Key, id: &str, command: Value) -> Answer {
        let path = format!("/api/v1/matters/{id}");
        let seen = self.office.get(Some(key), &path).await.good();
        let headers = [("if-match", seen.header("etag"))];
        let body = json!({"command": command});
        let path = format!("{path}/commands");
        self.office
            .send(Some(key), "POST", &path, &headers, Some(body))
            .await
    }

    /// Something that who filed does.
    async fn more(&self, id: &str, command: Value) -> Answer {
        let seen = self.look(id).await;
        let headers = [("if-match", seen.header("etag"))];
        let body = json!({"command": command});
        let path = format!("/api/v1/filings/{id}/commands");
        self.office
            .send(Some(&self.wei), "POST", &path, &headers, Some(body))
            .await
    }

    async fn send(&self, key: &Key, begin: &str, kind: &str, bytes: &str) -> String {
        let body = json!({"kind": kind, "name": "证据.txt", "size_bytes": bytes.len()});
        let begun = self.office.post(key, begin, body).await.good();
        let path = format!("/api/v1/uploads/{}", begun.body["id"].as_str().unwrap());
        let headers = [("content-type", PIECE), ("upload-offset", "0")];
        let last = self
            .office
            .raw(Some(key), "PATCH", &path, &headers, bytes)
            .await
            .good();
        last.header("location").rsplit('/').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_complaint_is_filed_received_supplemented_and_its_result_told() {
    let world = world().await;
    let id = world.filed().await;
    let filed = world.look(&id).await;
    assert_eq!(filed.body["number"], "culture-complaint-intake-2024-00001");
    assert_eq!(
        (&filed.body["agency"], &filed.body["stage"], &filed.body["status"]),
        (&json!("culture"), &json!("received"), &json!("working"))
    );
    // Seven working days from Monday 1 April: 2, 3, Sunday 7 worked, 8, 9, 10, 11.
    assert_eq!(filed.body["clocks"][0]["due_on"], "2024-04-11");
    assert_eq!(filed.body["told"][0]["template"], "notice.receipt");
    // It is a matter of the agency, with those who receive; they are told.
    let seen = world
        .office
        .get(Some(&world.clerk), &format!("/api/v1/matters/{id}"))
        .await
        .good();
    assert_eq!(
        (&seen.body["owner_agency"], &seen.body["handlers"]),
        (&json!("culture"), &json!(["zhou"]))
    );
    let told = world
        .office
        .get(Some(&world.clerk), "/api/v1/notices")
        .await
        .good();
    assert_eq!(told.body["notices"][0]["template"], "notice.complaint_came");

    // What is missing is asked for with its reason, and supplied with a file.
    let ask = json!({"do": "act", "act": "ask_supplement", "given": {"reason": "缺少侵权线索", "papers": {"supplement_notice": "补正〔2024〕1 号"}}});
    world.act(&world.clerk, &id, ask).await.good();
    let asked = world.look(&id).await;
    assert_eq!(
        (&asked.body["stage"], &asked.body["status"]),
        (&json!("supplementing"), &json!("waiting"))
    );
    let last = asked.body["told"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["reason"], &last["papers"][0]["place"]),
        (&json!("缺少侵权线索"), &json!("补正〔2024〕1 号"))
    );
    let acts: Vec<&str> = asked.body["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| act["act"].as_str().unwrap())
        .collect();
    assert_eq!(acts, ["supplement", "withdraw"]);
    let file = world
        .send(
            &world.wei,
            &format!("/api/v1/filings/{id}/uploads"),
            "evidence",
            "链接清单",
        )
        .await;
    let supplement = json!({"do": "act", "act": "supplement", "given": {"papers": {"evidence_material": format!("file:{file}")}}});
    let done = world.more(&id, supplement).await.good();
    assert_eq!(
        (&done.body["stage"], &done.body["files"][0]["id"]),
        (&json!("received"), &json!(file))
    );
    assert_eq!(done.body["papers"]["evidence_material"], format!("file:{file}"));
    let content = format!("/api/v1/filings/{id}/files/{file}/content");
    let content = world.office.get(Some(&world.wei), &content).await.good();
    assert_eq!(content.body, "链接清单");
    let proofs = json!({"do": "supply", "papers": {"identity_proof": "营业执照", "right_proof": "登记证书"}});
    world.more(&id, proofs).await.good();

    // Accepted, with a file of the agency that is for them.
    let path = format!("/api/v1/matters/{id}/uploads");
    let notice = world.send(&world.clerk, &path, "evidence", "受理通知书").await;
    let internal = world.send(&world.clerk, &path, "evidence", "内部研判").await;
    let accept = json!({"do": "act", "act": "accept", "given": {
        "facts": {"place_of_act": {"text": "320505"}, "jurisdiction_settled": {"flag": true}, "duplicate_checked": {"flag": true}},
        "papers": {"acceptance_notice": format!("file:{notice}")}}});
    world.act(&world.clerk, &id, accept).await.good();
    let accepted = world.look(&id).await;
    assert_eq!(accepted.body["stage"], "accepted");
    let last = accepted.body["told"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["papers"][0]["file"], &last["reason"]),
        (&json!(notice), &Value::Null)
    );
    for (file, status) in [(&notice, 200), (&internal, 404)] {
        let path = format!("/api/v1/filings/{id}/files/{file}/content");
        assert_eq!(world.office.get(Some(&world.wei), &path).await.status, status);
    }

    // What is proposed and decided is not told before it is told.
    let assign = json!({"title": "某公司涉嫌侵权案", "unit": "team-1", "handlers": ["zhou", "li"]});
    let seen = world
        .office
        .get(Some(&world.clerk), &format!("/api/v1/matters/{id}"))
        .await;
    let headers = [("if-match", seen.header("etag"))];
    let path = format!("/api/v1/matters/{id}/assignment");
    world
        .office
        .send(Some(&world.clerk), "PUT", &path, &headers, Some(assign))
        .await
        .good();
    let decline = json!({"do": "act", "act": "do_not_file", "given": {"reason": "与另案当事人张某重复", "papers": {"no_filing_form": "审批〔2024〕9 号"}}});
    let proposed = world.act(&world.handler, &id, decline).await.good();
    let number: u32 = proposed.body["state"]["proposals"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    for key in [&world.reviewer, &world.approver] {
        let endorse = json!({"do": "endorse", "proposal": number});
        world.act(key, &id, endorse).await.good();
    }
    let before = world.look(&id).await;
    assert_eq!(
        (&before.body["stage"], &before.body["title"]),
        (&json!("accepted"), &json!("频道转载我司歌曲"))
    );
    let text = before.body.to_string();
    for hidden in [
        "张某",
        "审批",
        "not_filed",
        "某公司",
        "zhou",
        "culture/",
        "jurisdiction_settled",
        &internal,
        "team-1",
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let refused = world
        .more(
            &id,
            json!({"do": "act", "act": "withdraw", "given": {"reason": "不投诉了"}}),
        )
        .await;
    assert_eq!((refused.status, refused.code()), (422, "filing_not_now"));
    assert!(
        !refused.body.to_string().contains("not_filed"),
        "{}",
        refused.body
    );
    let tell = json!({"do": "act", "act": "tell_not_filed", "given": {"papers": {"result_notice": "告知〔2024〕3 号"}}});
    world.act(&world.clerk, &id, tell).await.good();
    let told = world.look(&id).await;
    assert_eq!(
        (&told.body["stage"], &told.body["status"]),
        (&json!("not_filed"), &json!("closed"))
    );
    assert_eq!(
        told.body["told"].as_array().unwrap().last().unwrap()["papers"][0]["place"],
        "告知〔2024〕3 号"
    );
    assert!(!told.body.to_string().contains("张某"));
}

#[tokio::test]
async fn who_files_states_what_is_theirs_and_nothing_else() {
    let world = world().await;
    let with = |path: &[&str], value: Value| {
        let mut body = filing();
        let last = path.iter().fold(&mut body, |at, part| &mut at[*part]);
        *last = value;
        body
    };
    let flag = json!({"flag": true});
    for (body, status, code) in [
        (with(&["version"], json!(1)), 403, "filing_not_admitted"),
        (
            with(&["procedure"], json!("court-outcome")),
            403,
            "filing_not_admitted",
        ),
        (with(&["procedure"], json!("none")), 403, "filing_not_admitted"),
        (with(&["at"], json!("acme")), 422, "filing_nobody_receives"),
        (with(&["at"], json!("nowhere")), 422, "filing_nobody_receives"),
        (
            with(&["given", "facts", "jurisdiction_settled"], flag),
            422,
            "filing_not_yours",
        ),
        (
            with(&["given", "papers", "acceptance_notice"], json!("T")),
            422,
            "filing_not_yours",
        ),
        (with(&["given", "agency"], json!("acme")), 422, "filing_not_yours"),
        (
            with(&["given", "papers", "complaint_letter"], json!("file:x")),
            422,
            "paper_not_on_file",
        ),
        (with(&["given", "papers"], json!({})), 422, "act_refused"),
        (with(&["happened"], json!("2024-01-01")), 422, "body_invalid"),
    ] {
        let refused = world.office.post(&world.wei, "/api/v1/filings", body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (status, code),
            "{}",
            refused.body
        );
    }
    // Officers do not file from outside in the roles that they have.
    let refused = world
        .office
        .post(&world.handler, "/api/v1/filings", filing())
        .await;
    assert_eq!((refused.status, refused.code()), (403, "filing_not_admitted"));

    let id = world.filed().await;
    let internal = world
        .send(
            &world.clerk,
            &format!("/api/v1/matters/{id}/uploads"),
            "evidence",
            "内部研判",
        )
        .await;
    for (command, code) in [
        (
            json!({"do": "supply", "facts": {"duplicate_checked": {"flag": true}}}),
            "filing_not_yours",
        ),
        (
            json!({"do": "supply", "papers": {"filing_form": "T"}}),
            "filing_not_yours",
        ),
        (
            json!({"do": "supply", "papers": {"right_proof": format!("file:{internal}")}}),
            "paper_not_on_file",
        ),
        (json!({"do": "act", "act": "accept"}), "filing_not_now"),
        (
            json!({"do": "act", "act": "supplement", "given": {"papers": {"evidence_material": "T"}}}),
            "filing_not_now",
        ),
        (json!({"do": "act", "act": "no-such-act"}), "filing_not_now"),
        (json!({"do": "endorse", "proposal": 1}), "filing_not_now"),
        (json!({"do": "act", "act": "withdraw"}), "act_refused"),
    ] {
        let refused = world.more(&id, command).await;
        assert_eq!((refused.status, refused.code()), (422, code), "{}", refused.body);
    }
    // A colleague of theirs and the way of matters: nothing is there.
    let list = world.office.get(Some(&world.qin), "/api/v1/filings").await.good();
    assert_eq!(list.body["filings"], json!([]));
    let own = world.office.get(Some(&world.wei), "/api/v1/filings").await.good();
    assert_eq!(own.body["filings"][0]["id"], json!(id));
    for (key, path) in [
        (&world.qin, format!("/api/v1/filings/{id}")),
        (&world.clerk, format!("/api/v1/filings/{id}")),
        (&world.wei, format!("/api/v1/matters/{id}")),
        (&world.wei, format!("/api/v1/matters/{id}/files")),
        (&world.wei, format!("/api/v1/people?matter={id}")),
    ] {
        let answer = world.office.get(Some(key), &path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "matter_not_found"),
            "{path}"
        );
    }
    // The same request again is the same filing.
    let once = || async {
        let headers = [("idempotency-key", "one")];
        let answer = world
            .office
            .send(
                Some(&world.wei),
                "POST",
                "/api/v1/filings",
                &headers,
                Some(filing()),
            )
            .await
            .good();
        (
            answer.body["id"].clone(),
            answer.header("idempotency-replayed").to_owned(),
        )
    };
    let (first, again) = (once().await, once().await);
    assert_eq!(
        (&first.0, again),
        (&first.0, (first.0.clone(), "true".to_owned()))
    );
}
