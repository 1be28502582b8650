//! First passwords and sealed secrets: what an administrator gives is changed before anything else; what is kept is not told by the database.
//!
//! In:  an account that an administrator made; a second factor as an earlier version kept it.
//! Out: nothing, or the first thing that a first password opened, or that stood there in plain.

use quanlian_record::time::Timestamp;
use quanlian_server::sign_in::seal::{Seal, Use};
use quanlian_store::{SubjectStore as _, accounts::Account};
use serde_json::json;

use super::kit::{FIRST_PASSWORD, Key, Office, PASSWORD, SEAL};

async fn newcomer(office: &Office, admin: &Key) -> Key {
    office.agency(admin, "culture").await;
    let body = json!({
        "login": "li", "agency": "culture", "user": "li", "unit": "team-1", "name": "李", "roles": ["handler", "approver"],
        "password": FIRST_PASSWORD,
    });
    let made = office.post(admin, "/api/v1/accounts", body).await.good();
    assert_eq!(made.body["must_change_password"], true);
    let answer = office.try_sign_in("li", FIRST_PASSWORD).await.good();
    assert_eq!(answer.body["must_change_password"], true);
    answer.key()
}

async fn set(office: &Office, key: &Key, password: &str) -> super::kit::Answer {
    let body = json!({"password": password});
    office
        .send(Some(key), "PUT", "/api/v1/account/password", &[], Some(body))
        .await
}

#[tokio::test]
async fn a_first_password_opens_nothing_but_its_own_change() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let li = newcomer(&office, &admin).await;
    let description = office.get(None, "/openapi.json").await;
    let mut tried = 0;
    for (path, methods) in description.body["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            let is_own = path == "/api/v1/account/password"
                || path.starts_with("/api/v1/session/") && method != "get"
                || path == "/api/v1/session" && method == "delete";
            if about["security"] == json!([{}]) || is_own {
                continue;
            }
            let path = path
                .replace("{provider}", "sso")
                .replace("{agency}", "culture")
                .replace("{unit}", "team-1");
            let mut path = path;
            while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
                path.replace_range(from..=to, "01900000-0000-7000-8000-000000000000");
            }
            let answer = office
                .send(Some(&li), &method.to_uppercase(), &path, &[], Some(json!({})))
                .await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "password_to_be_changed"),
                "{method} {path}"
            );
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
    // Not to the same one, and not to a weak one.
    assert_eq!(set(&office, &li, FIRST_PASSWORD).await.code(), "password_same");
    assert_eq!(set(&office, &li, "password1234").await.code(), "password_weak");
    set(&office, &li, PASSWORD).await.good();
    let who = office.get(Some(&li), "/api/v1/session").await.good();
    assert_eq!(who.body["must_change_password"], false);
    assert_eq!(office.try_sign_in("li", FIRST_PASSWORD).await.status, 401);
    // A new one from the administrator has to be changed again; the first administrator chose their own.
    let id = who.body["id"].as_str().unwrap().to_owned();
    let version = format!("\"{}\"", who.body["version"]);
    let change = json!({"unit": "team-1", "name": "李", "roles": ["handler"], "state": "active", "new_password": FIRST_PASSWORD});
    let headers = [("if-match", version.as_str())];
    let path = format!("/api/v1/accounts/{id}");
    office
        .send(Some(&admin), "PUT", &path, &headers, Some(change))
        .await
        .good();
    assert_eq!(office.get(Some(&li), "/api/v1/session").await.status, 401);
    let again = office.try_sign_in("li", FIRST_PASSWORD).await.good();
    assert_eq!(again.body["must_change_password"], true);
}

async fn kept(office: &Office, login: &str) -> Account {
    office.store_account(login).await
}

fn code(secret: &[u8], now: Timestamp) -> String {
    let seconds = u64::try_from(now.unix_micros() / 1_000_000).unwrap();
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::new(secret.to_vec().into()))
        .build_noncompliant();
    totp.generate(seconds).to_string()
}

#[tokio::test]
async fn a_second_factor_is_sealed_and_one_in_plain_is_sealed_at_the_next_start() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let enrolment = office
        .get(Some(&admin), "/api/v1/account/second-factor")
        .await
        .good();
    let secret = hex::decode(enrolment.body["secret"].as_str().unwrap()).unwrap();
    let body = json!({"secret": enrolment.body["secret"], "code": code(&secret, office.now())});
    office
        .send(
            Some(&admin),
            "PUT",
            "/api/v1/account/second-factor",
            &[],
            Some(body),
        )
        .await
        .good();
    let account = kept(&office, "root").await;
    let sealed = account.totp_secret.clone().unwrap();
    assert!(
        !sealed
            .windows(8)
            .any(|part| secret.windows(8).any(|of| of == part)),
        "in plain"
    );
    let seal = Seal::new(SEAL);
    let opened = seal
        .open(Use::SecondFactor, account.id.0.as_bytes(), &sealed)
        .unwrap();
    assert_eq!(**opened, *secret);

    // As an earlier version kept it: sealed at the start, and it still opens.
    assert!(
        office
            .store
            .swap_sealed(account.id, &sealed, &secret)
            .await
            .unwrap()
    );
    let office = office.restarted().await;
    assert!(office.platform.seal_all().await.unwrap());
    let again = kept(&office, "root").await;
    assert!(seal.is_current(again.totp_secret.as_deref().unwrap()));
    assert_eq!(again.version, account.version, "nobody's change is lost");
    office.wait_s(60);
    let halfway = office.try_sign_in("root", PASSWORD).await.good().key();
    let body = json!({"code": code(&secret, office.now())});
    office
        .post(&halfway, "/api/v1/session/second-factor", body)
        .await
        .good();

    // Of another key nothing opens, and that is said.
    let foreign = Seal::new([1; 32]).seal(Use::SecondFactor, account.id.0.as_bytes(), &secret);
    let now = kept(&office, "root").await.totp_secret.unwrap();
    assert!(
        office
            .store
            .swap_sealed(account.id, &now, &foreign)
            .await
            .unwrap()
    );
    assert!(!office.platform.seal_all().await.unwrap());
    assert_eq!(
        kept(&office, "root").await.totp_secret.unwrap(),
        foreign,
        "it is left as it is"
    );
}
