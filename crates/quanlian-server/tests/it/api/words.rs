//! Words and names over HTTP: terms with their ETag, people by what the caller may read, what the caller may do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    kit::{Key, Office},
    matters::{opened, people},
};

#[tokio::test]
async fn every_word_comes_with_its_names_and_is_kept_by_its_tag() {
    let office = Office::new().await;
    let people = people(&office).await;
    let first = office.get(Some(&people.clerk), "/api/v1/terms").await.good();
    let roles = first.body["roles"].as_array().unwrap();
    let clerk = roles.iter().find(|role| role["word"] == "intake_clerk").unwrap();
    assert_eq!(
        (&clerk["zh"], &clerk["reach"]),
        (&json!("受理人员"), &json!("unit"))
    );
    let named = |group: &str, word: &str| -> Value {
        let all = first.body["terms"][group].as_array().unwrap();
        all.iter().find(|term| term["word"] == word).unwrap()["zh"].clone()
    };
    for (group, word, zh) in [
        ("clock_state", "met_late", "逾期完成"),
        ("goods_measure", "seized", "扣押"),
        ("verdict", "rejected", "排除"),
        ("notice", "notice.receipt", "投诉举报已接收"),
        ("notice_light", "overdue", "已逾期"),
        ("status", "suspended", "已中止"),
    ] {
        assert_eq!(named(group, word), zh);
    }
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let headers = [("if-none-match", first.header("etag"))];
    let again = office
        .send(Some(&people.police), "GET", "/api/v1/terms", &headers, None)
        .await;
    assert_eq!((again.status, &again.body), (304, &json!("")));
}

async fn names(office: &Office, key: &Key, query: &str) -> BTreeSet<String> {
    let told = office
        .get(Some(key), &format!("/api/v1/people{query}"))
        .await
        .good();
    let people = told.body["people"].as_array().unwrap();
    assert!(people.iter().all(|person| person["name"] == "某人"), "{people:?}");
    people
        .iter()
        .map(|person| person["id"].as_str().unwrap().to_owned())
        .collect()
}

fn these(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

#[tokio::test]
async fn names_are_of_the_own_agency_and_of_who_acted_in_what_is_read() {
    let office = Office::new().await;
    let people = people(&office).await;
    let matter = opened(&office, &people.clerk).await;
    let id = matter.body["id"].as_str().unwrap();
    assert_eq!(
        names(&office, &people.clerk, "").await,
        these(&["culture/head", "culture/li", "culture/zhou"])
    );
    let all = "?ids=culture/zhou,culture/li,police/p1,police/nobody,nonsense,/,";
    assert_eq!(
        names(&office, &people.clerk, all).await,
        these(&["culture/li", "culture/zhou"])
    );
    assert_eq!(names(&office, &people.police, all).await, these(&["police/p1"]));
    let of_matter = format!("?matter={id}");
    assert_eq!(
        names(&office, &people.clerk, &of_matter).await,
        these(&["culture/zhou"])
    );
    let refused = office
        .get(Some(&people.police), &format!("/api/v1/people{of_matter}"))
        .await;
    assert_eq!((refused.status, refused.code()), (404, "matter_not_found"));
    // Who may read the matter learns who acted in it, and nobody else of that agency.
    let grant = json!({"to_agency": "police", "actions": ["read"], "purpose": "协查", "legal_basis": "第一条", "handling_code": "P1"});
    let path = format!("/api/v1/matters/{id}/grants");
    office.post(&people.approver, &path, grant).await.good();
    let both = format!("{of_matter}&ids=culture/zhou,culture/li,police/p1");
    assert_eq!(
        names(&office, &people.police, &both).await,
        these(&["culture/zhou", "police/p1"])
    );
    for query in [
        "?matter=x".to_owned(),
        format!(
            "?ids={}",
            (0..201).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        ),
    ] {
        let refused = office
            .get(Some(&people.clerk), &format!("/api/v1/people{query}"))
            .await;
        assert_eq!(refused.code(), "query_invalid");
    }
}

#[tokio::test]
async fn who_is_signed_in_is_told_what_their_roles_may_do() {
    let office = Office::new().await;
    let people = people(&office).await;
    let me = office.get(Some(&people.clerk), "/api/v1/session").await.good();
    assert_eq!(me.body["user"], "zhou");
    assert_eq!(
        me.body["may"],
        json!({"clocks": "unit", "read": "unit", "write": "unit", "open": "unit", "hit": "unit"})
    );
    let auditor = office.get(Some(&people.auditor), "/api/v1/session").await.good();
    assert_eq!(auditor.body["may"], json!({"audit": "nothing"}));
}
