//! Signing in over HTTP: first start, wrong tries, second factor, sessions, tokens, foreign pages.

use quanlian_server::platform::Settings;
use serde_json::json;

use super::kit::{Key, Office, PASSWORD};

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let office = Office::new().await;
    let body = json!({
        "code": "AAAA-BBBB-CCCC-DDDD-EEEE", "agency": "city", "agency_names": {"zh": "局", "en": "office"},
        "login": "root", "name": "管理员", "password": PASSWORD,
    });
    let guessed = office
        .send(None, "POST", "/api/v1/first-start", &[], Some(body.clone()))
        .await;
    assert_eq!((guessed.status, guessed.code()), (403, "account_not_first"));
    let admin = office.admin().await;
    let who = office.get(Some(&admin), "/api/v1/session").await.good();
    assert_eq!(who.body["roles"], json!(["administrator"]));
    assert!(who.body.get("password_hash").is_none());
    let again = office
        .send(None, "POST", "/api/v1/first-start", &[], Some(body))
        .await;
    assert_eq!((again.status, again.code()), (403, "account_not_first"));
}

#[tokio::test]
async fn a_weak_first_password_is_told_why() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let body = json!({
        "login": "li", "agency": "city", "user": "li", "name": "李", "roles": ["handler"], "password": "password1234",
    });
    let weak = office.post(&admin, "/api/v1/accounts", body).await;
    assert_eq!((weak.status, weak.code()), (422, "password_weak"));
    assert_eq!(weak.body["weaknesses"], json!(["password_guessable"]));
}

#[tokio::test]
async fn a_wrong_login_and_a_wrong_password_are_one_answer() {
    let office = Office::new().await;
    office.admin().await;
    let wrong = office.try_sign_in("root", "gravel-tidy-moth-8").await;
    let nobody = office.try_sign_in("nobody", "gravel-tidy-moth-8").await;
    assert_eq!((wrong.status, wrong.code()), (401, "sign_in_wrong"));
    assert_eq!((nobody.status, &nobody.body), (401, &wrong.body));
    let long = office.try_sign_in("root", &"x".repeat(5000)).await;
    assert_eq!((long.status, &long.body), (401, &wrong.body));
}

#[tokio::test]
async fn wrong_tries_slow_down_and_the_right_one_after_the_wait_goes_through() {
    let office = Office::new().await;
    office.admin().await;
    for _ in 0..6 {
        assert_eq!(office.try_sign_in("root", "wrong").await.status, 401);
        assert_eq!(office.try_sign_in("nobody", "wrong").await.status, 401);
    }
    let nobody = office.try_sign_in("nobody", PASSWORD).await;
    assert_eq!(
        nobody.header("retry-after"),
        "30",
        "waiting does not tell which logins there are"
    );
    let slowed = office.try_sign_in("root", PASSWORD).await;
    assert_eq!(
        (slowed.status, slowed.code(), slowed.header("retry-after")),
        (429, "sign_in_too_often", "30")
    );
    office.wait_s(30);
    office.sign_in("root").await;
    // The right one forgets the wrong ones.
    assert_eq!(office.try_sign_in("root", "wrong").await.status, 401);
    office.sign_in("root").await;
}

#[tokio::test]
async fn tries_at_once_are_counted_each() {
    let office = Office::new().await;
    office.admin().await;
    let tries = (0..40).map(|_| office.try_sign_in("root", "wrong"));
    let mut looked_at = 0;
    for answer in futures::future::join_all(tries).await {
        assert!(answer.status == 401 || answer.status == 429, "{}", answer.body);
        looked_at += usize::from(answer.status == 401);
    }
    assert!((1..=6).contains(&looked_at), "{looked_at}");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_taken_once_and_can_be_recovered() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let enrolment = office
        .get(Some(&admin), "/api/v1/account/second-factor")
        .await
        .good();
    let secret = enrolment.body["secret"].as_str().unwrap().to_owned();
    let code = |office: &Office| {
        let bytes = hex::decode(&secret).unwrap();
        let seconds = u64::try_from(office.now().unix_micros() / 1_000_000).unwrap();
        let totp = totp_rs::Builder::new()
            .with_secret(totp_rs::Secret::new(bytes.into()))
            .build_noncompliant();
        totp.generate(seconds).to_string()
    };
    let body = json!({"secret": secret, "code": "000000"});
    let wrong = office
        .send(
            Some(&admin),
            "PUT",
            "/api/v1/account/second-factor",
            &[],
            Some(body),
        )
        .await;
    assert_eq!((wrong.status, wrong.code()), (422, "second_factor_wrong"));
    let body = json!({"secret": secret, "code": code(&office)});
    let set = office
        .send(
            Some(&admin),
            "PUT",
            "/api/v1/account/second-factor",
            &[],
            Some(body),
        )
        .await
        .good();
    let recovery = set.body["recovery_codes"][3].as_str().unwrap().to_owned();

    // The code that set it up is used.
    let halfway = office.try_sign_in("root", PASSWORD).await.good();
    assert_eq!(
        halfway.body,
        json!({"waits_for_second_factor": true, "must_change_password": false})
    );
    let key = halfway.key();
    let nothing = office.get(Some(&key), "/api/v1/session").await;
    assert_eq!((nothing.status, nothing.code()), (401, "second_factor_missing"));
    let show = async |key: &Key, body| office.post(key, "/api/v1/session/second-factor", body).await;
    let used = show(&key, json!({"code": code(&office)})).await;
    assert_eq!((used.status, used.code()), (401, "second_factor_wrong"));
    office.wait_s(60);
    show(&key, json!({"code": code(&office)})).await.good();
    office.get(Some(&key), "/api/v1/session").await.good();
    assert_eq!(
        show(&key, json!({"code": code(&office)})).await.code(),
        "second_factor_not_due"
    );

    let key = office.try_sign_in("root", PASSWORD).await.good().key();
    show(&key, json!({"recovery_code": recovery.to_lowercase()}))
        .await
        .good();
    let key = office.try_sign_in("root", PASSWORD).await.good().key();
    assert_eq!(
        show(&key, json!({"recovery_code": recovery})).await.status,
        401,
        "used up"
    );
}

#[tokio::test]
async fn a_session_ends_by_itself_by_sign_out_and_with_the_account() {
    let office = Office::new().await;
    let admin = office.admin().await;
    office.agency(&admin, "culture").await;
    let li = office.person(&admin, "culture", "li", &["handler"]).await;
    office.wait_s(1700);
    office.get(Some(&li), "/api/v1/session").await.good();
    office.wait_s(1700);
    office.get(Some(&li), "/api/v1/session").await.good();
    office.wait_s(1800);
    assert_eq!(office.get(Some(&li), "/api/v1/session").await.status, 401, "idle");

    let li = office.sign_in("culture.li").await;
    office
        .send(Some(&li), "DELETE", "/api/v1/session", &[], None)
        .await
        .good();
    assert_eq!(
        office.get(Some(&li), "/api/v1/session").await.status,
        401,
        "signed out"
    );

    let li = office.sign_in("culture.li").await;
    let admin = office.sign_in("root").await;
    let all = office
        .get(Some(&admin), "/api/v1/accounts?agency=culture")
        .await
        .good();
    let (id, version) = (
        all.body[0]["id"].as_str().unwrap().to_owned(),
        all.body[0]["version"].to_string(),
    );
    let body = json!({"unit": "team-1", "name": "李", "roles": ["handler"], "state": "suspended"});
    let path = format!("/api/v1/accounts/{id}");
    let put = async |tag: &str| {
        office
            .send(
                Some(&admin),
                "PUT",
                &path,
                &[("if-match", tag)],
                Some(body.clone()),
            )
            .await
    };
    assert_eq!(
        office
            .send(Some(&admin), "PUT", &path, &[], Some(body.clone()))
            .await
            .status,
        428
    );
    assert_eq!(put("\"7\"").await.code(), "account_conflict");
    put(&format!("\"{version}\"")).await.good();
    assert_eq!(
        office.get(Some(&li), "/api/v1/session").await.status,
        401,
        "suspended"
    );
    assert_eq!(
        office.try_sign_in("culture.li", PASSWORD).await.code(),
        "sign_in_wrong"
    );
}

#[tokio::test]
async fn a_foreign_page_does_nothing_in_somebodys_name() {
    let office = Office::new().await;
    let Key::Cookie(cookie) = office.admin().await else {
        panic!()
    };
    let put = async |origin: &[(&str, &str)]| {
        let headers = [
            &[("cookie", cookie.as_str()), ("content-type", "application/json")],
            origin,
        ]
        .concat();
        let body = json!({"zh": "局", "en": "office"}).to_string();
        office
            .raw(None, "PUT", "/api/v1/agencies/evil", &headers, &body)
            .await
    };
    for origin in [
        &[][..],
        &[("origin", "https://evil.test")],
        &[("origin", "null")],
        &[("origin", "https://quanlian.test.evil")],
    ] {
        let answer = put(origin).await;
        assert_eq!(
            (answer.status, answer.code()),
            (403, "origin_foreign"),
            "{origin:?}"
        );
    }
    put(&[("origin", "https://quanlian.test")]).await.good();
}

#[tokio::test]
async fn a_token_does_what_it_was_made_for_until_it_ends() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let make = async |scopes: &[&str]| {
        let body = json!({"name": "每晚", "scopes": scopes, "days": 2});
        office.post(&admin, "/api/v1/account/tokens", body).await
    };
    assert_eq!(make(&["fly"]).await.code(), "token_scopes");
    assert_eq!(make(&[]).await.code(), "token_scopes");
    let made = make(&["accounts"]).await.good();
    let token = Key::Token(made.body["token"].as_str().unwrap().to_owned());
    office.get(Some(&token), "/api/v1/accounts").await.good();
    let names = json!({"zh": "局", "en": "office"});
    let other = office
        .send(Some(&token), "PUT", "/api/v1/agencies/x", &[], Some(names))
        .await;
    assert_eq!((other.status, other.code()), (403, "permission_denied"));
    // A token makes no tokens and sets no passwords.
    let more = office
        .post(
            &token,
            "/api/v1/account/tokens",
            json!({"name": "x", "scopes": ["read"], "days": 1}),
        )
        .await;
    assert_eq!((more.status, more.code()), (403, "sign_in_not_fresh"));
    office.wait_s(2 * 86_400);
    assert_eq!(office.get(Some(&token), "/api/v1/accounts").await.status, 401);
}

#[tokio::test]
async fn what_changes_the_account_asks_for_a_password_typed_just_now() {
    let office = Office::new().await;
    let admin = office.admin().await;
    let other = office.sign_in("root").await;
    office.wait_s(301);
    let set = async |key: &Key| {
        let body = json!({"password": "amber-quill-north-72"});
        office
            .send(Some(key), "PUT", "/api/v1/account/password", &[], Some(body))
            .await
    };
    assert_eq!(set(&admin).await.code(), "sign_in_not_fresh");
    let fresh = office.sign_in("root").await;
    set(&fresh).await.good();
    office.get(Some(&fresh), "/api/v1/session").await.good();
    assert_eq!(
        office.get(Some(&other), "/api/v1/session").await.status,
        401,
        "other sessions end"
    );
    assert_eq!(office.try_sign_in("root", PASSWORD).await.status, 401);
    office.try_sign_in("root", "amber-quill-north-72").await.good();
}

#[tokio::test]
async fn one_address_that_guesses_slows_down_nobody_else() {
    let settings = Settings {
        proxies: vec!["0.0.0.0/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    };
    let office = Office::with(settings).await;
    office.admin().await;
    let body = |login: &str| json!({"login": login, "password": PASSWORD}).to_string();
    let from = async |address: &str, login: &str| {
        let headers = [("x-forwarded-for", address), ("content-type", "application/json")];
        office
            .raw(None, "POST", "/api/v1/session", &headers, &body(login))
            .await
            .status
    };
    // What the caller writes before the last place is the caller's word alone.
    for turn in 0..51 {
        let told = format!("198.51.100.{turn}, 203.0.113.7");
        assert_eq!(from(&told, &format!("nobody-{turn}")).await, 401);
    }
    assert_eq!(from("203.0.113.7", "root").await, 429);
    // A second server of ours stands in front of the first.
    assert_eq!(from("198.51.100.1, 203.0.113.7, 10.1.2.3", "root").await, 429);
    assert_eq!(from("203.0.113.8", "root").await, 200);
}

#[tokio::test]
async fn an_address_that_anybody_wrote_is_not_believed() {
    // The peer of these requests is 0.0.0.0, which is no server of ours here.
    let settings = Settings {
        proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    };
    let office = Office::with(settings).await;
    office.admin().await;
    for turn in 0..52 {
        let body = json!({"login": format!("nobody-{turn}"), "password": PASSWORD}).to_string();
        let told = format!("198.51.100.{turn}");
        let headers = [
            ("x-forwarded-for", told.as_str()),
            ("content-type", "application/json"),
        ];
        let status = office
            .raw(None, "POST", "/api/v1/session", &headers, &body)
            .await
            .status;
        assert_eq!(status, if turn < 51 { 401 } else { 429 }, "{turn}");
    }
}
