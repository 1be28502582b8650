//! Who learns what: every person asks everything about matters of others, and learns nothing, not even that they exist.
//!
//! In:  matters of three agencies, people of every role in each, grants of several kinds.
//! Out: nothing, or the first answer that tells more than the rules allow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    kit::{Answer, Key, Office},
    matters::complaint,
};

const ROLES: [(&str, &[&str]); 6] = [
    ("zhou", &["intake_clerk"]),
    ("li", &["handler"]),
    ("shen", &["reviewer"]),
    ("head", &["approver"]),
    ("ana", &["analyst"]),
    ("rec", &["police_receiver"]),
];
const AGENCIES: [&str; 3] = ["culture", "market", "police"];
const NOWHERE: &str = "0190ffff-0000-7000-8000-000000000000";

struct World {
    office: Office,
    keys: BTreeMap<(&'static str, &'static str), Key>,
    /// Id and title of a matter of each agency.
    matters: BTreeMap<&'static str, (String, String)>,
}

async fn world() -> World {
    let office = Office::new().await;
    let admin = office.admin().await;
    let mut keys = BTreeMap::new();
    let mut matters = BTreeMap::new();
    for agency in AGENCIES {
        office.agency(&admin, agency).await;
        for (user, roles) in ROLES {
            keys.insert((agency, user), office.person(&admin, agency, user, roles).await);
        }
        let mut body = complaint();
        let title = format!("秘密-{agency}");
        body["title"] = json!(title);
        let made = office
            .post(&keys[&(agency, "zhou")], "/api/v1/matters", body)
            .await
            .good();
        matters.insert(agency, (made.body["id"].as_str().unwrap().to_owned(), title));
    }
    World {
        office,
        keys,
        matters,
    }
}

/// Every way of asking about one matter.
async fn probes(world: &World, key: &Key, id: &str) -> Vec<(String, Answer)> {
    let etag = format!("\"1-{}\"", "0".repeat(64));
    let path = |rest: &str| format!("/api/v1/matters/{id}{rest}");
    let act = json!({"command": {"do": "act", "act": "accept"}});
    let grant = json!({
        "to_agency": "police", "actions": ["read"], "purpose": "x", "legal_basis": "y", "handling_code": "z",
    });
    let follow =
        json!({"procedure": "complaint-intake", "title": "t", "parent": id, "given": complaint()["given"]});
    let asked = [
        ("GET", path(""), None),
        ("GET", path("/events"), None),
        ("GET", path("/acts"), None),
        ("POST", path("/commands"), Some(act)),
        (
            "PUT",
            path("/assignment"),
            Some(json!({"title": "t", "handlers": []})),
        ),
        ("POST", path("/grants"), Some(grant)),
        ("DELETE", path(&format!("/grants/{NOWHERE}")), None),
        ("POST", "/api/v1/matters".to_owned(), Some(follow)),
    ];
    let mut answers = Vec::new();
    for (method, path, body) in asked {
        let answer = world
            .office
            .send(Some(key), method, &path, &[("if-match", &etag)], body)
            .await;
        answers.push((format!("{method} {path}"), answer));
    }
    answers
}

fn what_is_told(answer: &Answer, id: &str) -> (u16, String) {
    (answer.status, answer.body.to_string().replace(id, "ID"))
}

#[tokio::test]
async fn a_matter_of_others_answers_as_one_that_does_not_exist() {
    let world = world().await;
    let mut asked = 0;
    for (&(agency, user), key) in &world.keys {
        for (owner, (id, _)) in world.matters.iter().filter(|(owner, _)| **owner != agency) {
            let real = probes(&world, key, id).await;
            let none = probes(&world, key, NOWHERE).await;
            for ((what, real), (_, none)) in real.iter().zip(&none) {
                asked += 1;
                let same = what_is_told(real, id) == what_is_told(none, NOWHERE);
                assert!(
                    same,
                    "{agency}/{user} asks {what} of {owner}: {} or {}",
                    real.body, none.body
                );
                assert!(
                    real.status == 404 || real.status == 403,
                    "{agency}/{user} {what}: {}",
                    real.body
                );
            }
        }
    }
    assert_eq!(asked, 288);
}

#[tokio::test]
async fn lists_and_counts_hold_what_one_may_see_and_no_more() {
    let world = world().await;
    let admin = world.office.sign_in("root").await;
    for (&(agency, user), key) in &world.keys {
        for query in [
            "",
            "?view=clocks",
            "?procedure=complaint-intake",
            "?number=culture",
            "?handler=zhou",
            "?sort=due&direction=ascending",
        ] {
            let list = world
                .office
                .get(Some(key), &format!("/api/v1/matters{query}"))
                .await
                .good();
            let matters = list.body["matters"].as_array().unwrap();
            let sees_own = ["zhou", "shen", "head", "ana", "rec"].contains(&user);
            let wanted = u64::from(sees_own && (query != "?number=culture" || agency == "culture"));
            assert_eq!(list.body["count"], json!(wanted), "{agency}/{user} {query}");
            assert_eq!(matters.len() as u64, wanted);
            assert!(
                matters.iter().all(|matter| matter["owner_agency"] == agency),
                "{agency}/{user} {query}"
            );
        }
    }
    let list = world.office.get(Some(&admin), "/api/v1/matters").await.good();
    assert_eq!(
        (list.body["count"].clone(), list.body["matters"].clone()),
        (json!(0), json!([])),
        "who administers reads nothing"
    );
}

#[tokio::test]
async fn a_grant_shows_what_it_says_until_it_is_taken_back() {
    let world = world().await;
    let (id, title) = &world.matters["culture"];
    let (head, police) = (
        &world.keys[&("culture", "head")],
        &world.keys[&("police", "head")],
    );
    let path = format!("/api/v1/matters/{id}");
    let grant = |actions: Value, until: Value| {
        json!({
            "to_agency": "police", "actions": actions, "purpose": "核对案情", "legal_basis": "行政执法机关移送涉嫌犯罪案件的规定第十条",
            "handling_code": "limited", "until": until,
        })
    };
    let give = async |key: &Key, body: Value| world.office.post(key, &format!("{path}/grants"), body).await;
    assert_eq!(
        give(
            &world.keys[&("culture", "shen")],
            grant(json!(["read"]), Value::Null)
        )
        .await
        .code(),
        "permission_denied"
    );
    assert_eq!(
        give(head, grant(json!(["hand_over"]), Value::Null)).await.code(),
        "grant_actions"
    );
    assert_eq!(
        give(head, grant(json!(["export"]), Value::Null)).await.code(),
        "permission_denied",
        "an approver has it not"
    );

    // Clocks alone: number, stage and days, and nothing of the content by any way.
    let made = give(head, grant(json!(["clocks"]), Value::Null)).await.good();
    let seen = world.office.get(Some(police), &path).await.good();
    assert_eq!(seen.body["stage"], "received");
    // The owner sees to whom it was given, what for and by which article; who was let in does not learn who else was.
    let listed = world
        .office
        .get(Some(head), &format!("{path}/grants"))
        .await
        .good()
        .body;
    let listed = listed["grants"].as_array().unwrap();
    let last = listed.last().unwrap();
    assert_eq!(
        (
            &last["id"],
            &last["to_agency"],
            &last["actions"],
            &last["is_in_force"]
        ),
        (
            &made.body["id"],
            &json!("police"),
            &json!(["clocks"]),
            &json!(true)
        )
    );
    assert_eq!(
        (&last["purpose"], &last["granted_by"]),
        (&json!("核对案情"), &json!("culture/head"))
    );
    let refused = world.office.get(Some(police), &format!("{path}/grants")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(seen.body["clocks"].is_array());
    for (what, answer) in probes(&world, police, id).await {
        let text = answer.body.to_string();
        assert!(
            !text.contains("秘密") && !text.contains("T-1") && !text.contains("copyright\""),
            "{what}: {text}"
        );
        assert!(
            what.starts_with("GET") && what.ends_with(id.as_str()) || answer.status == 403,
            "{what}: {text}"
        );
    }
    let list = async |view: &str| {
        let list = world
            .office
            .get(Some(police), &format!("/api/v1/matters?view={view}"))
            .await
            .good();
        list.body["matters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|matter| matter["id"] == json!(id))
            .count()
    };
    assert_eq!((list("read").await, list("clocks").await), (0, 1));
    // Others of the police reach less than the whole agency, and see nothing of it.
    assert_eq!(
        world
            .office
            .get(Some(&world.keys[&("police", "li")]), &path)
            .await
            .code(),
        "matter_not_found"
    );
    assert_eq!(
        world
            .office
            .get(Some(&world.keys[&("market", "head")]), &path)
            .await
            .code(),
        "matter_not_found"
    );

    let grant_id = made.body["id"].as_str().unwrap();
    let take_back = async |key: &Key| {
        world
            .office
            .send(
                Some(key),
                "DELETE",
                &format!("{path}/grants/{grant_id}"),
                &[],
                None,
            )
            .await
    };
    assert_eq!(take_back(police).await.code(), "permission_denied");
    take_back(head).await.good();
    assert_eq!(take_back(head).await.code(), "grant_not_found");
    assert_eq!(
        world.office.get(Some(police), &path).await.code(),
        "matter_not_found"
    );

    let until =
        quanlian_record::time::Timestamp::from_unix_micros(world.office.now().unix_micros() + 60_000_000)
            .unwrap();
    give(head, grant(json!(["read"]), json!(until.to_string())))
        .await
        .good();
    let seen = world.office.get(Some(police), &path).await.good();
    assert_eq!(seen.body["title"], json!(title));
    let written = probes(&world, police, id).await;
    let command = written
        .iter()
        .find(|(what, _)| what.ends_with("/commands"))
        .unwrap();
    assert_eq!(command.1.code(), "permission_denied", "to read is not to write");
    world.office.wait_s(60);
    assert_eq!(
        world.office.get(Some(police), &path).await.code(),
        "matter_not_found",
        "over"
    );
}
