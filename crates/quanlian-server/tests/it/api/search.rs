//! Search over HTTP: what is found, by whom, and what nobody learns from it.
//!
//! In:  matters of two agencies with the same words.
//! Out: nothing, or the first answer that tells too much or too little.

use serde_json::{Value, json};

use super::{
    kit::{Answer, Key, Office},
    matters::{complaint, people},
};

pub(super) fn encoded(text: &str) -> String {
    let digits = hex::encode(text);
    let pairs: Vec<&str> = (0..digits.len())
        .step_by(2)
        .map(|at| &digits[at..at + 2])
        .collect();
    pairs.iter().flat_map(|pair| ["%", pair]).collect()
}

async fn find(office: &Office, key: &Key, typed: &str) -> Answer {
    let path = format!("/api/v1/search?q={}", encoded(typed));
    office.get(Some(key), &path).await
}

async fn suggested(office: &Office, key: &Key, typed: &str) -> Vec<Value> {
    let path = format!("/api/v1/search/suggest?q={}", encoded(typed));
    let answer = office.get(Some(key), &path).await.good();
    answer.body["suggestions"].as_array().unwrap().clone()
}

fn titles(answer: &Answer) -> Vec<&str> {
    let matters = answer.body["matters"].as_array().unwrap();
    matters
        .iter()
        .map(|matter| matter["title"].as_str().unwrap())
        .collect()
}

async fn open(office: &Office, key: &Key, title: &str, fact: &str) -> Answer {
    let mut body = complaint();
    body["title"] = json!(title);
    body["given"]["facts"]["place_of_act"] = json!({"text": fact});
    office.post(key, "/api/v1/matters", body).await.good()
}

#[tokio::test]
async fn everybody_finds_their_own_and_learns_nothing_of_others() {
    let office = Office::new().await;
    let people = people(&office).await;
    office.agency(&people.admin, "market").await;
    let market = office
        .person(&people.admin, "market", "chen", &["intake_clerk", "approver"])
        .await;
    let first = open(&office, &people.clerk, "歌曲《白月光》被转载", "上海市浦东新区").await;
    office.wait_s(60);
    open(&office, &people.clerk, "另一首歌", "白月光工作室").await;
    open(&office, &market, "白月光商标案", "上海市徐汇区").await;

    let own = find(&office, &people.approver, "白月光").await.good();
    assert_eq!(
        titles(&own),
        ["歌曲《白月光》被转载", "另一首歌"],
        "titles before texts, the last written first"
    );
    assert_eq!(own.body["count"], 2);
    assert_eq!(
        own.body["matters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["found_in"])
            .collect::<Vec<_>>(),
        ["title", "text"]
    );
    let theirs = find(&office, &market, "白月光").await.good();
    assert_eq!(
        (titles(&theirs), &theirs.body["count"]),
        (vec!["白月光商标案"], &json!(1))
    );
    for key in [&people.police, &people.handler, &people.admin, &people.auditor] {
        let none = find(&office, key, "白月光").await.good();
        let nowhere = find(&office, key, "无此词语").await.good();
        assert_eq!(none.body, nowhere.body, "what is hidden is as what is not there");
        assert_eq!(none.body, json!({"matters": [], "next": null, "count": 0}));
        assert_eq!(suggested(&office, key, "白").await, Vec::<Value>::new());
    }
    // Numbers that begin so come first; those of others are none.
    let by_number = find(&office, &people.clerk, "culture-complaint").await.good();
    assert_eq!(by_number.body["count"], 2);
    assert_eq!(by_number.body["matters"][0]["found_in"], "number");
    assert_eq!(
        find(&office, &people.clerk, "market-complaint").await.good().body["count"],
        0
    );
    let suggestions = suggested(&office, &people.clerk, "白").await;
    assert_eq!(
        suggestions.len(),
        1,
        "from titles and numbers alone: {suggestions:?}"
    );
    assert_eq!(suggestions[0]["title"], "歌曲《白月光》被转载");

    // With a grant it is found, and when that ends it is not.
    let path = format!("/api/v1/matters/{}/grants", first.body["id"].as_str().unwrap());
    let clocks = json!({"to_agency": "police", "actions": ["clocks"], "purpose": "p", "legal_basis": "l", "handling_code": "P1"});
    office.post(&people.approver, &path, clocks.clone()).await.good();
    assert_eq!(
        find(&office, &people.police, "白月光").await.good().body["count"],
        0,
        "clocks are no words"
    );
    let mut read = clocks;
    read["actions"] = json!(["read"]);
    let granted = office.post(&people.approver, &path, read).await.good();
    assert_eq!(
        find(&office, &people.police, "白月光").await.good().body["count"],
        1
    );
    let grant = format!("{path}/{}", granted.body["id"].as_str().unwrap());
    office
        .send(Some(&people.approver), "DELETE", &grant, &[], None)
        .await
        .good();
    assert_eq!(
        find(&office, &people.police, "白月光").await.good().body["count"],
        0
    );

    let trail = office.trail(&people.auditor).await;
    let text = serde_json::to_string(&trail).unwrap();
    assert!(text.contains("\"suggest\"") && text.contains("\"search\""));
    assert!(!text.contains("白月光") && !text.contains("culture-complaint"));
}

#[tokio::test]
async fn what_is_typed_has_no_syntax_and_pages_go_on() {
    let office = Office::new().await;
    let people = people(&office).await;
    for n in 0..5 {
        open(&office, &people.clerk, &format!("歌曲 {n}"), "甲地").await;
        office.wait_s(1);
    }
    for typed in [
        "",
        "*",
        "\"",
        "(((",
        &"长".repeat(200),
        "a b c d e f g h i j k l m",
    ] {
        let answer = find(&office, &people.clerk, typed).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "query_invalid"),
            "{typed} {}",
            answer.body
        );
    }
    // What another engine would obey is a word like any other, and no text has it.
    for (typed, count) in [
        ("歌曲*", 5),
        ("\"歌曲\" 甲地", 5),
        ("歌\u{0}曲", 5),
        ("歌曲 OR 甲", 0),
        ("title:歌", 0),
        ("NEAR(歌 曲)", 0),
        ("歌' OR 1=1 --", 0),
        ("歌曲 AND NOT 地", 0),
    ] {
        let answer = find(&office, &people.clerk, typed).await.good();
        assert_eq!(answer.body["count"], count, "{typed}");
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/search?limit=2&q={}{after}", encoded("歌曲"));
        let page = office.get(Some(&people.clerk), &path).await.good();
        seen.extend(titles(&page).iter().map(|title| (*title).to_owned()));
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["歌曲 4", "歌曲 3", "歌曲 2", "歌曲 1", "歌曲 0"]);
    let broken = office
        .get(Some(&people.clerk), "/api/v1/search?q=a&after=x_1")
        .await;
    assert_eq!(broken.code(), "matter_cursor");
}

#[tokio::test]
async fn words_that_are_missing_are_drawn_at_the_next_start() {
    let office = Office::new().await;
    let people = people(&office).await;
    let open = open(&office, &people.clerk, "歌曲", "浦东").await;
    let reject = json!({"do": "act", "act": "ask_supplement", "given": {"reason": "缺少权属证明"}});
    let path = format!("/api/v1/matters/{}/commands", open.body["id"].as_str().unwrap());
    let headers = [("if-match", open.header("etag"))];
    let body = Some(json!({"command": reject}));
    let acted = office
        .send(Some(&people.clerk), "POST", &path, &headers, body)
        .await;
    let typed = if acted.status == 200 {
        "权属证明"
    } else {
        "浦东"
    };
    assert_eq!(
        find(&office, &people.clerk, typed).await.good().body["count"],
        1,
        "{}",
        acted.body
    );
    office.forget_drawn().await;
    assert_eq!(find(&office, &people.clerk, typed).await.good().body["count"], 0);
    let office = office.restarted().await;
    for _ in 0..100 {
        if find(&office, &people.clerk, typed).await.good().body["count"] == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the words were not drawn");
}
