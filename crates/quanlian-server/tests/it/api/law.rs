//! Rules of law over HTTP: as the rule book has them, by day and offence.

use quanlian_law::{Kind, RuleBook};
use serde_json::json;

use super::{kit::Office, matters::people};

#[tokio::test]
async fn rules_come_as_the_book_has_them_on_a_day() {
    let office = Office::new().await;
    let people = people(&office).await;
    let book = RuleBook::embedded().unwrap();
    let get = async |path: &str| {
        office
            .get(Some(&people.clerk), &format!("/api/v1/law/{path}"))
            .await
    };
    let all = get("rules").await.good();
    assert_eq!(all.body["rules"].as_array().unwrap().len(), book.list().len());
    assert!(
        all.body["rules"]
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| rule["verified"] == false)
    );
    let day = "2010-01-01";
    let then = get(&format!("rules?on={day}&offence=cn/criminal/217"))
        .await
        .good();
    let mut count = 0;
    for rule in then.body["rules"].as_array().unwrap() {
        let versions = rule["in_force"].as_array().unwrap();
        assert_eq!(versions.len(), 1, "{rule}");
        let until = versions[0]["until"].as_str();
        assert!(versions[0]["from"].as_str().unwrap() <= day && until.is_none_or(|until| day <= until));
        assert!(
            rule["offences"]
                .as_array()
                .unwrap()
                .contains(&json!("cn/criminal/217"))
        );
        count += 1;
    }
    let wanted = book.list().into_iter().filter(|summary| {
        let rule = book.show(&summary.id).unwrap();
        rule.is_about("cn/criminal/217") && rule.version_on("2010-01-01".parse().unwrap()).is_some()
    });
    assert_eq!(count, wanted.count());
    assert!(count > 0);

    let one = get("rules/cn%2Fcriminal%2F217?on=2010-01-01").await.good();
    let rule = book.show("cn/criminal/217").unwrap();
    assert_eq!(one.body["title"], json!(rule.title));
    assert_eq!(one.body["versions"].as_array().unwrap().len(), 1);
    assert!(!one.body["facts"].as_array().unwrap().is_empty());
    let offences = get("offences").await.good();
    let elements = book.list().into_iter().filter(|rule| rule.kind == Kind::Element);
    assert_eq!(
        offences.body["offences"].as_array().unwrap().len(),
        elements.count()
    );
    for (path, status, code) in [
        ("rules?on=yesterday", 400, "query_invalid"),
        ("rules?offence=none", 404, "rule_not_found"),
        ("rules/none", 404, "rule_not_found"),
        ("rules/..%2F..%2Fsources", 404, "rule_not_found"),
    ] {
        let refused = get(path).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{path}");
    }
}
