//! Webhooks: what comes, signed how; what is tried again; what is never reached; who sees them.
//!
//! In:  receivers on this machine.
//! Out: nothing, or the first request that should not have been, or was missing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use quanlian_server::telling::TellingSettings;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Came, Receiver, here, with_a_red_clock};
use crate::api::kit::{Answer, Key, Office};

const HOOKS: &str = "/api/v1/agencies/culture/webhooks";

async fn add(office: &Office, key: &Key, url: &str, kinds: &[&str]) -> Answer {
    office.post(key, HOOKS, json!({"url": url, "kinds": kinds})).await
}

/// Whether a secret signed it, as a receiver checks it.
fn is_signed(came: &Came, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (came.header("webhook-id"), came.header("webhook-timestamp"));
    mac.update(format!("{id}.{at}.{}", came.body).as_bytes());
    let wanted = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    came.header("webhook-signature")
        .split(' ')
        .any(|one| one == wanted)
}

async fn deliveries(office: &Office, key: &Key, id: &str) -> Vec<Value> {
    let answer = office
        .get(Some(key), &format!("{HOOKS}/{id}/deliveries"))
        .await
        .good();
    answer.body["deliveries"].as_array().unwrap().clone()
}

fn id_of(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_notice_goes_to_the_address_of_its_agency_signed_once_and_without_content() {
    let (office, receiver) = (Office::telling(here()).await, Receiver::open().await);
    let (keeper, matter) = with_a_red_clock(&office).await;
    let added = add(&office, &keeper, &format!("{}/q?x=1", receiver.address), &[])
        .await
        .good();
    let secret = added.body["secret"].as_str().unwrap().to_owned();
    let listed = office.get(Some(&keeper), HOOKS).await.good();
    assert!(
        !listed.body.to_string().contains("whsec_"),
        "a secret is shown once"
    );
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    let told = office.platform.tell().await.unwrap();
    let came = receiver.came();
    assert!(
        !came.is_empty() && told.taken == came.len() as u64 && told.failed == 0,
        "{told:?}"
    );
    assert_eq!(office.platform.tell().await.unwrap().taken, 0, "once");
    let red = came
        .iter()
        .find(|one| one.json()["data"]["clock"] == "accept")
        .unwrap();
    assert!(is_signed(red, &secret) && !is_signed(red, "whsec_AAAA"));
    assert_eq!(red.path, "/q");
    assert_eq!(
        red.header("webhook-timestamp"),
        (office.now().unix_micros() / 1_000_000).to_string()
    );
    let body = red.json();
    assert_eq!(
        (
            body["type"].as_str(),
            body["data"]["light"].as_str(),
            &body["data"]["matter"]["number"]
        ),
        (Some("notice.clock"), Some("red"), &matter["number"])
    );
    let fields: Vec<&str> = body["data"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(fields, ["id", "agency", "to", "matter", "clock", "light"]);
    for hidden in ["频道", "zhou", "某人", "copyright"] {
        assert!(!red.body.contains(hidden), "{hidden}");
    }
    let kept = deliveries(&office, &keeper, &id_of(&added)).await;
    assert!(
        kept.len() == came.len()
            && kept
                .iter()
                .all(|one| one["state"] == "done" && one["status"] == 204)
    );
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_later_under_the_same_id_until_its_time_is_over() {
    let (office, receiver) = (Office::telling(here()).await, Receiver::open().await);
    let (keeper, _) = with_a_red_clock(&office).await;
    let added = add(&office, &keeper, &receiver.address, &["red"]).await.good();
    let id = id_of(&added);
    office
        .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
        .await
        .good();
    receiver.answer(500);
    assert_eq!(office.platform.tell().await.unwrap().failed, 1);
    assert_eq!(office.platform.tell().await.unwrap().failed, 0, "not at once");
    let kept = deliveries(&office, &keeper, &id).await;
    assert_eq!(
        (
            kept[0]["state"].as_str(),
            kept[0]["status"].as_u64(),
            kept[0]["tries"].as_u64()
        ),
        (Some("waiting"), Some(500), Some(1))
    );
    // It wants to send us elsewhere.
    office.wait_s(7);
    receiver.answer(302);
    assert_eq!(office.platform.tell().await.unwrap().failed, 1);
    office.wait_s(40);
    receiver.answer(200);
    assert_eq!(office.platform.tell().await.unwrap().taken, 1);
    let came = receiver.came();
    assert_eq!(came.len(), 3);
    assert!(
        came.iter()
            .all(|one| one.path == "/" && one.header("webhook-id") == came[0].header("webhook-id"))
    );
    let times: std::collections::BTreeSet<&str> =
        came.iter().map(|one| one.header("webhook-timestamp")).collect();
    assert_eq!(times.len(), 3, "the time is that of sending");
    let look = office.get(Some(&keeper), &format!("{HOOKS}/{id}")).await.good();
    assert_eq!(look.body["failing_since"], Value::Null, "it answers again");

    // For days nobody answers: the delivery is dead, then the address is.
    office
        .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
        .await
        .good();
    receiver.answer(503);
    for _ in 0..95 {
        office.platform.tell().await.unwrap();
        office.wait_s(3600);
    }
    let keeper = office.sign_in("culture.keeper").await;
    let kept = deliveries(&office, &keeper, &id).await;
    assert_eq!(kept[0]["state"], "dead", "{}", kept[0]);
    let tries = kept[0]["tries"].as_u64().unwrap();
    assert!((10..=20).contains(&tries), "{tries}");
    for _ in 0..3 {
        office
            .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
            .await
            .good();
        office.platform.tell().await.unwrap();
        office.wait_s(290);
    }
    office.wait_s(3 * 86_400);
    office.platform.tell().await.unwrap();
    let keeper = office.sign_in("culture.keeper").await;
    let look = office.get(Some(&keeper), &format!("{HOOKS}/{id}")).await.good();
    assert_eq!(look.body["state"], "dead", "{}", look.body);
    let before = receiver.came().len();
    office.wait_s(3600);
    office.platform.tell().await.unwrap();
    assert_eq!(receiver.came().len(), before, "nobody knocks there any more");
    // Somebody says that it works again.
    let keeper = office.sign_in("culture.keeper").await;
    receiver.answer(200);
    let version = format!("\"{}\"", look.body["version"]);
    let change = json!({"url": receiver.address, "kinds": [], "state": "active"});
    let headers = [("if-match", version.as_str())];
    let path = format!("{HOOKS}/{id}");
    office
        .send(Some(&keeper), "PUT", &path, &headers, Some(change.clone()))
        .await
        .good();
    assert_eq!(
        office
            .send(Some(&keeper), "PUT", &path, &headers, Some(change))
            .await
            .code(),
        "webhook_conflict"
    );
    office
        .post(&keeper, &format!("{path}/ping"), json!({}))
        .await
        .good();
    assert!(office.platform.tell().await.unwrap().taken >= 1);
}

#[tokio::test]
async fn a_new_secret_signs_at_once_and_the_old_one_for_a_day_beside_it() {
    let (office, receiver) = (Office::telling(here()).await, Receiver::open().await);
    let (keeper, _) = with_a_red_clock(&office).await;
    let added = add(&office, &keeper, &receiver.address, &["red"]).await.good();
    let path = format!("{HOOKS}/{}", id_of(&added));
    let rotated = office
        .post(&keeper, &format!("{path}/secret"), json!({}))
        .await
        .good();
    let (old, new) = (
        added.body["secret"].as_str().unwrap(),
        rotated.body["secret"].as_str().unwrap(),
    );
    assert_ne!(old, new);
    let ping = async |key: &Key| {
        office.post(key, &format!("{path}/ping"), json!({})).await.good();
        office.platform.tell().await.unwrap();
        let last = receiver.came().pop().unwrap();
        (is_signed(&last, old), is_signed(&last, new))
    };
    assert_eq!(ping(&keeper).await, (true, true));
    office.wait_s(86_401);
    let keeper = office.sign_in("culture.keeper").await;
    assert_eq!(ping(&keeper).await, (false, true));
}

#[tokio::test]
async fn nobody_is_sent_where_nobody_may_go() {
    let receiver = Receiver::open().await;
    let port = receiver.address.rsplit(':').next().unwrap().to_owned();
    // Neither private networks nor this machine were opened.
    let office = Office::telling(TellingSettings::default()).await;
    let (keeper, _) = with_a_red_clock(&office).await;
    for url in [
        receiver.address.as_str(),
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.1/",
        "https://192.168.1.1:8443/x",
        "https://0.0.0.0/",
        "http://example.cn/",
        "ftp://example.cn/",
        "file:///etc/passwd",
        "https://user:word@example.cn/",
        "https://example.cn/#part",
        "https:///",
        "example.cn",
        "",
        &format!("https://example.cn/{}", "x".repeat(2000)),
    ] {
        let answer = add(&office, &keeper, url, &[]).await;
        assert_eq!((answer.status, answer.code()), (422, "webhook_address"), "{url}");
    }
    // A name may be typed; what it means is asked when it is connected to.
    let added = add(&office, &keeper, &format!("https://localhost:{port}/"), &["red"])
        .await
        .good();
    let id = id_of(&added);
    office
        .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
        .await
        .good();
    assert_eq!(office.platform.tell().await.unwrap().failed, 1);
    let kept = deliveries(&office, &keeper, &id).await;
    assert!(
        kept[0]["error"]
            .as_str()
            .unwrap()
            .contains("closed here (loopback)"),
        "{}",
        kept[0]
    );
    assert!(receiver.came().is_empty());
    let unknown = add(&office, &keeper, "https://example.cn/", &["purple"]).await;
    assert_eq!((unknown.status, unknown.code()), (422, "notice_kinds"));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_talked_to() {
    let (folder, root, config) = crate::api::smtp::certificate();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    for (is_trusted, wanted) in [(false, "waiting"), (true, "done")] {
        let mut settings = here();
        settings.webhooks.root_certificates = is_trusted.then(|| root.clone());
        let office = Office::telling(settings).await;
        let (keeper, _) = with_a_red_clock(&office).await;
        let id = id_of(&add(&office, &keeper, &url, &["red"]).await.good());
        office
            .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
            .await
            .good();
        office.platform.tell().await.unwrap();
        let kept = deliveries(&office, &keeper, &id).await;
        assert_eq!(kept[0]["state"], wanted, "{}", kept[0]);
        if !is_trusted {
            assert!(
                kept[0]["error"]
                    .as_str()
                    .unwrap()
                    .starts_with("no secure connection"),
                "{}",
                kept[0]
            );
        }
    }
    drop(folder);
}

#[tokio::test]
async fn an_address_that_hangs_or_floods_holds_nobody_up() {
    use tokio::io::AsyncWriteExt as _;
    let office = Office::telling(here()).await;
    let (keeper, _) = with_a_red_clock(&office).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        for turn in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            if turn % 2 == 0 {
                held.push(stream);
            } else {
                tokio::spawn(async move {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                    while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                });
            }
        }
    });
    let id = id_of(&add(&office, &keeper, &address, &["red"]).await.good());
    for _ in 0..2 {
        office
            .post(&keeper, &format!("{HOOKS}/{id}/ping"), json!({}))
            .await
            .good();
    }
    let begun = std::time::Instant::now();
    assert_eq!(office.platform.tell().await.unwrap().failed, 2);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn webhooks_are_their_agencys_and_tell_what_it_may_see() {
    let (office, receiver) = (Office::telling(here()).await, Receiver::open().await);
    let (keeper, _) = with_a_red_clock(&office).await;
    let added = add(&office, &keeper, &receiver.address, &["overdue"])
        .await
        .good();
    let id = id_of(&added);
    // The administrator of another agency, and people of this one without the role.
    let root = office.sign_in("root").await;
    let of_culture = format!("{HOOKS}/{id}");
    let of_city = format!("/api/v1/agencies/city/webhooks/{id}");
    let nowhere = format!("{HOOKS}/01900000-0000-7000-8000-000000000005");
    let change = json!({"url": receiver.address, "kinds": [], "state": "active"});
    for (method, end, body) in [
        ("GET", "", None),
        ("PUT", "", Some(change)),
        ("DELETE", "", None),
        ("POST", "/secret", Some(json!({}))),
        ("POST", "/ping", Some(json!({}))),
        ("GET", "/deliveries", None),
    ] {
        let ask = async |key: &Key, path: &str| {
            let headers = [("if-match", "\"1\"")];
            let answer = office
                .send(Some(key), method, &format!("{path}{end}"), &headers, body.clone())
                .await;
            (
                answer.status,
                answer.code().to_owned(),
                answer.body["detail"].clone(),
            )
        };
        let hidden = ask(&root, &of_culture).await;
        assert_eq!(
            (hidden.0, hidden.1.as_str()),
            (403, "permission_denied"),
            "{method} {end}"
        );
        assert_eq!(
            hidden,
            ask(&root, &nowhere).await,
            "no word of whether it is there"
        );
        let foreign = ask(&root, &of_city).await;
        assert_eq!(
            (foreign.0, foreign.1.as_str()),
            (404, "webhook_not_found"),
            "{method} {end}"
        );
        for login in ["culture.zhou", "culture.head", "city.audit"] {
            let key = office.sign_in(login).await;
            assert_eq!(ask(&key, &of_culture).await.0, 403, "{login} {method} {end}");
        }
    }
    assert_eq!(office.get(Some(&root), HOOKS).await.status, 403);
    assert_eq!(
        office
            .get(Some(&root), "/api/v1/agencies/city/webhooks")
            .await
            .good()
            .body,
        json!([])
    );
    // Of a matter that an agency does not see, its address is not told; and of no kind that was not asked for.
    let police = office.person(&root, "police", "keeper", &["administrator"]).await;
    let of_police = json!({"url": format!("{}/police", receiver.address)});
    office
        .post(&police, "/api/v1/agencies/police/webhooks", of_police)
        .await
        .good();
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    let told = office.platform.tell().await.unwrap();
    assert!(told.spread > 0 && told.taken == 0, "{told:?}");
    assert!(receiver.came().is_empty());
    // Gone is gone.
    office
        .send(Some(&keeper), "DELETE", &of_culture, &[], None)
        .await
        .good();
    assert_eq!(
        office.get(Some(&keeper), &of_culture).await.code(),
        "webhook_not_found"
    );
}

#[tokio::test]
async fn what_waits_for_a_paused_address_comes_when_it_is_used_again() {
    let (office, receiver) = (Office::telling(here()).await, Receiver::open().await);
    let (keeper, _) = with_a_red_clock(&office).await;
    let added = add(&office, &keeper, &receiver.address, &["red"]).await.good();
    let path = format!("{HOOKS}/{}", id_of(&added));
    let set = async |version: u64, state: &str| {
        let body = json!({"url": receiver.address, "kinds": ["red"], "state": state});
        let version = format!("\"{version}\"");
        let headers = [("if-match", version.as_str())];
        office
            .send(Some(&keeper), "PUT", &path, &headers, Some(body))
            .await
    };
    assert_eq!(set(1, "dead").await.code(), "webhook_state");
    set(1, "paused").await.good();
    assert!(office.platform.look_at_clocks().await.unwrap() > 0);
    assert_eq!(office.platform.tell().await.unwrap().taken, 0);
    // The program ends in between: what waits is in the database.
    set(2, "active").await.good();
    let office = office.restarted().await;
    assert!(office.platform.tell().await.unwrap().taken > 0);
    assert!(!receiver.came().is_empty());
}
