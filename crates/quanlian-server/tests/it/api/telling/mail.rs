//! Mail: an address that is one's own, one mail for what comes together, and what a server of mail refuses.
//!
//! In:  a small server of mail with TLS, written for these tests.
//! Out: nothing, or the first letter that should not have been, or was missing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quanlian_server::telling::{
    TellingSettings,
    mail::{MailSecurity, MailSettings},
};
use serde_json::{Value, json};

use super::{here, with_a_red_clock};
use crate::api::{
    kit::{Answer, Key, Office},
    smtp::{Letter, Post, Way},
};

const MAIL: &str = "/api/v1/account/mail";

async fn office(way: Way) -> (Office, Post) {
    let post = Post::open(way).await;
    let settings = TellingSettings {
        mail: Some(MailSettings {
            host: if way == Way::Plain {
                "127.0.0.1"
            } else {
                "localhost"
            }
            .to_owned(),
            port: Some(post.port),
            security: match way {
                Way::Plain => MailSecurity::None,
                Way::Starttls => MailSecurity::Starttls,
                Way::Tls => MailSecurity::Tls,
            },
            from: "全链 <quanlian@example.cn>".to_owned(),
            user: None,
            password: None,
            root_certificates: Some(post.root.clone()),
            timeout_s: 5,
            give_up_after_days: 3,
        }),
        public_url: Some("https://quanlian.test/".to_owned()),
        ..here()
    };
    (Office::telling(settings).await, post)
}

/// The words of a letter, out of their encodings (RFC 2045 base64 and quoted-printable; RFC 2047 in headers is left as it is).
fn words(letter: &Letter) -> String {
    let (head, body) = letter.text.split_once("\r\n\r\n").unwrap();
    if head.contains("Content-Transfer-Encoding: base64") {
        let plain: String = body.split_whitespace().collect();
        return String::from_utf8(STANDARD.decode(plain).unwrap()).unwrap();
    }
    if !head.contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'=' {
            bytes.extend(hex::decode(&behind[..2]).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}

async fn set(office: &Office, key: &Key, address: &str, language: &str, kinds: &[&str]) -> Answer {
    let body = json!({"address": address, "language": language, "kinds": kinds});
    office.send(Some(key), "PUT", MAIL, &[], Some(body)).await
}

fn code_of(letter: &Letter) -> String {
    let words = words(letter);
    let line = words
        .lines()
        .find(|line| line.contains("Code:") || line.contains("确认码："))
        .unwrap();
    line.rsplit([' ', '：']).next().unwrap().trim().to_owned()
}

/// Sets an address and shows that it is one's own.
async fn confirmed(office: &Office, post: &Post, login: &str, language: &str, kinds: &[&str]) -> Key {
    let key = office.sign_in(login).await;
    set(office, &key, &format!("{login}@example.cn"), language, kinds)
        .await
        .good();
    let code = code_of(post.letters().last().unwrap());
    office
        .post(&key, &format!("{MAIL}/confirm"), json!({"code": code}))
        .await
        .good();
    key
}

#[tokio::test]
async fn what_comes_together_is_one_mail_in_ones_language_over_tls() {
    for way in [Way::Starttls, Way::Tls] {
        let (office, post) = office(way).await;
        let (_, matter) = with_a_red_clock(&office).await;
        let head = confirmed(&office, &post, "culture.head", "en", &[]).await;
        let police = confirmed(&office, &post, "police.p1", "zh", &[]).await;
        let before = post.letters().len();
        office.wait_s(86_400);
        assert!(office.platform.look_at_clocks().await.unwrap() > 0);
        assert_eq!(
            office.platform.tell().await.unwrap().taken,
            0,
            "a minute is waited for more"
        );
        office.wait_s(61);
        assert!(office.platform.tell().await.unwrap().taken > 0);
        let letters = post.letters();
        assert_eq!(
            letters.len(),
            before + 1,
            "one to the head, none to the police who do not see it"
        );
        let letter = letters.last().unwrap();
        assert!(
            letter.was_secure && letter.to == ["RCPT TO:<culture.head@example.cn>"],
            "{letter:?}"
        );
        let (words, number) = (words(letter), matter["number"].as_str().unwrap());
        assert!(words.contains(number), "{words}");
        assert!(
            words.contains("has run out") && words.contains("ran out a working day ago"),
            "{words}"
        );
        let link = format!("https://quanlian.test/matters/{}", matter["id"].as_str().unwrap());
        assert!(words.contains(&link), "{words}");
        for hidden in ["频道", "zhou", "某人"] {
            assert!(
                !letter.text.contains(hidden) && !words.contains(hidden),
                "{hidden}"
            );
        }
        assert!(letter.text.contains("Auto-Submitted: auto-generated"));
        office.platform.tell().await.unwrap();
        assert_eq!(post.letters().len(), before + 1, "once");
        drop((head, police));
    }
}

#[tokio::test]
async fn no_notice_goes_to_an_address_before_it_was_shown_to_be_theirs() {
    let (office, post) = office(Way::Plain).await;
    with_a_red_clock(&office).await;
    let head = office.sign_in("culture.head").await;
    let was = set(&office, &head, "head@example.cn", "zh", &[]).await.good();
    assert_eq!(was.body["is_confirmed"], false);
    let code = code_of(&post.letters()[0]);
    let confirm = async |key: &Key, code: &str| {
        let answer = office
            .post(key, &format!("{MAIL}/confirm"), json!({"code": code}))
            .await;
        (answer.status, answer.code().to_owned())
    };
    office.wait_s(86_400);
    office.platform.look_at_clocks().await.unwrap();
    office.wait_s(61);
    office.platform.tell().await.unwrap();
    assert_eq!(post.letters().len(), 1, "the code alone");
    // The code of somebody else, a wrong one, and the right one too late.
    let clerk = office.sign_in("culture.zhou").await;
    let wrong = (422, "mail_code_wrong".to_owned());
    assert_eq!(confirm(&clerk, &code).await, wrong);
    let head = office.sign_in("culture.head").await;
    assert_eq!(confirm(&head, &code).await, wrong, "too old");
    set(&office, &head, "head@example.cn", "zh", &[]).await.good();
    let second = code_of(&post.letters()[1]);
    for _ in 0..5 {
        assert_eq!(confirm(&head, "0000-0000").await, wrong);
    }
    assert_eq!(confirm(&head, &second).await, wrong, "tried too often");
    set(&office, &head, "head@example.cn", "zh", &[]).await.good();
    let third = code_of(&post.letters()[2]);
    assert_eq!(confirm(&head, &third).await.0, 204);
    assert_eq!(confirm(&head, &third).await, wrong, "used up");
    let look = office.get(Some(&head), MAIL).await.good();
    assert_eq!(look.body["is_confirmed"], true);
    // Another address begins anew; another language does not.
    set(&office, &head, "head@example.cn", "en", &["overdue"])
        .await
        .good();
    assert_eq!(
        office.get(Some(&head), MAIL).await.good().body["is_confirmed"],
        true
    );
    set(&office, &head, "other@example.cn", "en", &[]).await.good();
    assert_eq!(
        office.get(Some(&head), MAIL).await.good().body["is_confirmed"],
        false
    );
    // Codes are few an hour.
    let mut last = 0;
    for n in 0..4 {
        last = set(&office, &head, &format!("x{n}@example.cn"), "en", &[])
            .await
            .status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_adds_no_header() {
    let (office, post) = office(Way::Plain).await;
    with_a_red_clock(&office).await;
    let head = office.sign_in("culture.head").await;
    for address in [
        "head@example.cn\r\nBcc: evil@example.org",
        "head@example.cn\nSubject: x",
        "a@example.cn, b@example.cn",
        "Head <head@example.cn>",
        "head",
        "",
    ] {
        let answer = set(&office, &head, address, "zh", &[]).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "mail_address"),
            "{address:?}"
        );
    }
    assert_eq!(
        set(&office, &head, "a@example.cn", "fr", &[]).await.code(),
        "mail_language"
    );
    assert_eq!(
        set(&office, &head, "a@example.cn", "zh", &["x"]).await.code(),
        "notice_kinds"
    );
    assert!(post.letters().is_empty());
    office.wait_s(301);
    assert_eq!(
        set(&office, &head, "a@example.cn", "zh", &[]).await.code(),
        "sign_in_not_fresh"
    );
}

#[tokio::test]
async fn what_the_server_of_mail_refuses_is_seen_and_what_it_puts_off_comes_later() {
    let (office, post) = office(Way::Plain).await;
    with_a_red_clock(&office).await;
    confirmed(&office, &post, "culture.head", "zh", &["overdue"]).await;
    let before = post.letters().len();
    office.wait_s(86_400);
    office.platform.look_at_clocks().await.unwrap();
    office.wait_s(61);
    post.refuse(Some("451 4.2.0 come again"));
    let told = office.platform.tell().await.unwrap();
    assert!(told.failed > 0 && told.taken == 0, "{told:?}");
    post.refuse(None);
    assert_eq!(office.platform.tell().await.unwrap().taken, 0, "not at once");
    office.wait_s(10);
    assert!(office.platform.tell().await.unwrap().taken > 0);
    assert_eq!(post.letters().len(), before + 1);

    // Somebody who is not there any more.
    let root = office.sign_in("root").await;
    let all = office
        .get(Some(&root), "/api/v1/accounts?agency=culture")
        .await
        .good();
    let head = all
        .body
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["login"] == "culture.head")
        .unwrap();
    let of_head = format!("/api/v1/accounts/{}/mail", head["id"].as_str().unwrap());
    let body = json!({"address": "gone@example.cn", "language": "zh", "kinds": []});
    let set = office
        .send(Some(&root), "PUT", &of_head, &[], Some(body))
        .await
        .good();
    assert_eq!(set.body["is_confirmed"], true, "the administrator vouches for it");
    post.refuse(Some("550 5.1.1 nobody here"));
    office.wait_s(4 * 86_400);
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    office.wait_s(61);
    assert!(office.platform.tell().await.unwrap().failed > 0);
    let root = office.sign_in("root").await;
    let look = office.get(Some(&root), &of_head).await.good();
    assert!(
        look.body["error"].as_str().unwrap().contains("nobody here"),
        "{}",
        look.body
    );
    post.refuse(None);
    office.wait_s(86_400 / 2);
    assert_eq!(
        office.platform.tell().await.unwrap().taken,
        0,
        "what is refused for good is not tried again"
    );
    // No mail at all is no address.
    let key = office.sign_in("culture.head").await;
    office.send(Some(&key), "DELETE", MAIL, &[], None).await.good();
    let look = office.get(Some(&key), MAIL).await.good();
    assert_eq!(look.body["address"], Value::Null);
}
