//! Finding matters by their words: compared with a plain look at each text that the person may read.
//!
//! In:  generated agencies, people, matters with words, grants; something that is typed.
//! Out: nothing, or the smallest world in which a result, its order or its count differs from what stands here.

use proptest::{collection::vec, option, prelude::*, sample::select};
use quanlian_store::{
    Database, MatterStore, MeasureStore, SearchStore,
    matters::{
        Grant, Projection, Scope,
        measures::Drawn,
        search::{Found, FoundIn, Search, Wanted},
    },
};

use super::{at, change, chief_of, code, create, grant_id, matter_id, number, oracle, projection};
use crate::databases::{Place, every_database_passes, holds_in_worlds};

every_database_passes! {
    what_is_found_agrees_with_a_plain_look
    words_are_found_as_people_write_them
    words_come_and_go_with_the_write
    whatever_is_typed_is_an_answer_or_a_refusal
}

fn drawn(words: &str) -> Drawn {
    Drawn {
        basis: code("1"),
        measures: Vec::new(),
        words: words.to_owned(),
    }
}

fn search(typed: &str) -> Search {
    Search {
        wanted: Wanted::parse(typed).unwrap(),
        is_in_titles: false,
        after: None,
        limit: 100,
    }
}

/// Few signs, so that words meet.
const SIGNS: [&str; 14] = [
    "商",
    "业",
    "秘",
    "密",
    "张",
    "三",
    "a",
    "b",
    "1",
    "2",
    " ",
    "，",
    "-",
    "x1y2z3a4b5c6",
];

fn words(most: usize) -> impl Strategy<Value = String> {
    vec(select(&SIGNS[..]), 0..most).prop_map(|signs| signs.concat())
}

#[derive(Debug, Clone)]
struct World {
    matters: Vec<(Projection, String)>,
    grants: Vec<Grant>,
    people: Vec<Scope>,
    typed: Vec<String>,
}

prop_compose! {
    fn world()(
        matters in vec((oracle::matter(), words(8), words(12)), 1..10),
    )(
        grants in vec(oracle::any_grant(matters.len() as u64), 0..10),
        matters in Just(matters),
        people in vec(oracle::person(), 1..5),
        typed in vec(words(4), 1..6),
        number in option::of(1..9_u64),
    ) -> World {
        let matters = matters.into_iter().map(|(projection, title, words)| {
            (Projection { title, ..projection }, words)
        });
        let mut typed: Vec<String> = typed.into_iter().filter(|typed| Wanted::parse(typed).is_ok()).collect();
        typed.extend(number.map(super::number));
        typed.push("文执投".to_owned());
        World { matters: matters.collect(), grants, people, typed }
    }
}

fn is_sign(sign: char) -> bool {
    "商业秘密张三文执投".contains(sign)
}

/// Parts of a text as a person sees them.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = ' ';
    for sign in text.chars() {
        let is_between = !sign.is_alphanumeric();
        if !is_between {
            let is_new = !last.is_alphanumeric() || is_sign(last) != is_sign(sign);
            if is_new {
                parts.push(String::new());
            }
            parts.last_mut().unwrap().push(sign);
        }
        last = sign;
    }
    parts
}

/// Signs stand anywhere; a word begins so.
fn holds(text: &str, part: &str) -> bool {
    if part.chars().all(is_sign) {
        return text.contains(part);
    }
    parts(text).iter().any(|word| word.starts_with(part))
}

fn found_in(number: &str, title: &str, words: &str, typed: &str) -> Option<FoundIn> {
    let wanted = parts(typed);
    if number.starts_with(typed.trim()) {
        return Some(FoundIn::Number);
    }
    let is_found = wanted.iter().all(|part| holds(title, part) || holds(words, part));
    let is_in_title = wanted.iter().all(|part| title.contains(part.as_str()));
    is_found.then_some(if is_in_title {
        FoundIn::Title
    } else {
        FoundIn::Text
    })
}

async fn every_page(store: &Database, who: &Scope, mut asked: Search) -> Vec<Found> {
    asked.limit = 2;
    let mut all = Vec::new();
    loop {
        let page = store.search(who, &asked).await.unwrap();
        asked.after = page.last().map(Found::place);
        all.extend(page.iter().cloned());
        if page.len() < 2 {
            return all;
        }
    }
}

async fn agrees(store: &Database, world: &World, grants: &[Grant], now: i64) -> Result<(), TestCaseError> {
    for who in &world.people {
        for typed in &world.typed {
            let mut wanted = Vec::new();
            for (n, (of, words)) in world.matters.iter().enumerate() {
                if oracle::may_see(who, n, of, grants) {
                    let is = found_in(&number(n as u64 + 1), &of.title, words, typed);
                    wanted.extend(is.map(|found_in| (found_in, std::cmp::Reverse(matter_id(n as u64)))));
                }
            }
            // All were written in one instant; among equals the later id comes first.
            wanted.sort();
            let told = every_page(store, who, search(typed)).await;
            prop_assert!(told.iter().all(|one| one.matter.changed_at == at(now)));
            let got: Vec<_> = told
                .iter()
                .map(|one| (one.found_in, std::cmp::Reverse(one.matter.id)))
                .collect();
            prop_assert_eq!(&got, &wanted, "{:?} types {:?}", who, typed);
            let count = store.count_found(who, &search(typed), 1000).await.unwrap();
            prop_assert_eq!(count, wanted.len() as u64);
            let few = store.count_found(who, &search(typed), 1).await.unwrap();
            prop_assert_eq!(few, (wanted.len() as u64).min(1));
            let titles = Search {
                is_in_titles: true,
                ..search(typed)
            };
            let told = store.search(who, &titles).await.unwrap();
            let got: Vec<_> = told
                .iter()
                .map(|one| (one.found_in, std::cmp::Reverse(one.matter.id)))
                .collect();
            wanted.retain(|one| one.0 < FoundIn::Text);
            prop_assert_eq!(got, wanted, "{:?} is suggested {:?}", who, typed);
        }
    }
    Ok(())
}

async fn passes(store: &Database, world: &World) -> Result<(), TestCaseError> {
    let mut versions = Vec::new();
    for (n, (of, words)) in world.matters.iter().enumerate() {
        let mut given = change(&format!("k{n}"), of);
        // Words that are drawn later are found like those that came with the write.
        let is_later = n % 3 == 2;
        given.drawn = (!is_later).then(|| drawn(words));
        let version = create(store, n as u64, &given).await.unwrap().version;
        if is_later {
            let later = drawn(words);
            prop_assert!(
                store
                    .put_drawn(matter_id(n as u64), version, &later)
                    .await
                    .unwrap()
            );
        }
        versions.push(version);
    }
    let mut grants = world.grants.clone();
    for (n, grant) in grants.iter_mut().enumerate() {
        grant.id = grant_id(n as u64);
        store.grant(grant).await.unwrap();
    }
    agrees(store, world, &grants, 0).await?;
    // Then each has the owner, title and words of the next.
    let mut next = world.clone();
    next.matters.rotate_left(1);
    for (n, (of, words)) in next.matters.iter().enumerate() {
        let mut given = change(&format!("then{n}"), of);
        given.at = at(7);
        given.drawn = Some(drawn(words));
        let id = matter_id(n as u64);
        store.append_events(id, versions[n], &given).await.unwrap();
    }
    agrees(store, &next, &grants, 7).await
}

async fn what_is_found_agrees_with_a_plain_look(_: &Database, place: &Place) {
    holds_in_worlds(place, world(), async |store: &Database, world: &World| {
        passes(store, world).await
    })
    .await;
}

async fn titles(store: &Database, typed: &str) -> Vec<String> {
    let found = store.search(&chief_of("culture"), &search(typed)).await.unwrap();
    found.into_iter().map(|one| one.matter.projection.title).collect()
}

async fn words_are_found_as_people_write_them(store: &Database, _: &Place) {
    let texts = [
        (
            "频道“一号”转载《白月光与朱砂痣》",
            "当事人张三丰，账号 Uploader_77，涉案链接 https://a.example/v/BV1xx411c7mD",
        ),
        ("涉嫌假冒注册商标", "ＮＩＫＥ 运动鞋，沪A·12345，違法所得"),
        ("商业秘密纠纷", "源代码外泄；（2024）沪01刑初1号"),
    ];
    for (n, (title, words)) in (1_u64..).zip(texts) {
        let of = Projection {
            title: title.to_owned(),
            ..projection()
        };
        let mut given = change(&format!("k{n}"), &of);
        given.drawn = Some(drawn(words));
        create(store, n, &given).await.unwrap();
    }
    for (typed, wanted) in [
        ("月光与朱", 0),
        ("张三", 0),
        ("三丰", 0),
        ("uploader", 0),
        ("bv1XX411", 0),
        ("nike", 1),
        ("Ｎｉ", 1),
        ("12345", 1),
        ("刑初1号", 2),
        ("沪01刑初1号", 2),
        ("秘密 源代码", 2),
        ("密 码", 2),
    ] {
        assert_eq!(titles(store, typed).await, [texts[wanted].0], "{typed}");
    }
    for typed in ["张三四", "商业机密", "ploader", "白光", "秘密 白月光"] {
        assert_eq!(titles(store, typed).await, [""; 0], "{typed}");
    }
}

async fn words_come_and_go_with_the_write(store: &Database, _: &Place) {
    let mut given = change("a", &projection());
    given.drawn = Some(drawn("旧词"));
    let version = create(store, 1, &given).await.unwrap().version;
    assert_eq!(titles(store, "旧词").await.len(), 1);
    let mut next = change("b", &projection());
    next.drawn = Some(drawn("新词"));
    // Refused, it changes nothing.
    let wrong = quanlian_store::matters::Version { number: 7, ..version };
    store.append_events(matter_id(1), wrong, &next).await.unwrap_err();
    assert_eq!(
        (
            titles(store, "旧词").await.len(),
            titles(store, "新词").await.len()
        ),
        (1, 0)
    );
    let written = store.append_events(matter_id(1), version, &next).await.unwrap();
    assert_eq!(
        (
            titles(store, "旧词").await.len(),
            titles(store, "新词").await.len()
        ),
        (0, 1)
    );
    // A write that draws nothing takes the words away, and the matter is drawn anew later.
    let plain = change("c", &projection());
    let written = store
        .append_events(matter_id(1), written.version, &plain)
        .await
        .unwrap();
    assert_eq!(titles(store, "新词").await.len(), 0);
    let undrawn = store.undrawn(&code("1"), None, 9).await.unwrap();
    assert_eq!(undrawn.len(), 1);
    let later = drawn("新词");
    assert!(
        store
            .put_drawn(matter_id(1), written.version, &later)
            .await
            .unwrap()
    );
    assert_eq!(titles(store, "新词").await.len(), 1);
    assert_eq!(store.undrawn(&code("1"), None, 9).await.unwrap(), []);
}

async fn whatever_is_typed_is_an_answer_or_a_refusal(store: &Database, _: &Place) {
    let mut given = change("a", &projection());
    let long = "长".repeat(100_000);
    given.drawn = Some(drawn(&format!("首词{long}尾词")));
    create(store, 1, &given).await.unwrap();
    assert_eq!(
        (
            titles(store, "首词").await.len(),
            titles(store, "尾词").await.len()
        ),
        (1, 0)
    );
    for typed in [
        "*",
        "a*",
        "\"",
        "'; DROP TABLE matters; --",
        "NEAR(a b)",
        "a AND NOT b",
        "title:商",
        "^a",
        "a:*",
        "!a | b",
        "\\",
        "%",
        "_",
        "\0",
        "a\0b",
        "\u{10ffff}",
        "((((((((",
        "a OR 1=1",
        "🙂",
        "e\u{301}",
        "ﷺ",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿商",
        "<->",
        "&",
    ] {
        if let Ok(wanted) = Wanted::parse(typed) {
            let asked = Search {
                wanted,
                ..search("a")
            };
            let found = store.search(&chief_of("culture"), &asked).await.unwrap();
            assert_eq!(found.len(), 0, "{typed:?}");
            store.count_found(&chief_of("culture"), &asked, 10).await.unwrap();
        }
    }
}
