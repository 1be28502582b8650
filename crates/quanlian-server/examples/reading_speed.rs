//! How fast a matter is read: the platform, and beside it a bare handler that answers with the same bytes.
//!
//! In:  nothing; SQLite in a folder that is gone afterwards. With a number, that many seconds.
//! Out: two lines for `wrk`, with the token that reads; it serves until it is killed.
//!
//! ```sh
//! cargo run --release -p quanlian-server --example reading_speed
//! wrk -t1 -c32 -d10 -H "Authorization: Bearer TOKEN" http://127.0.0.1:PORT/api/v1/matters/ID
//! wrk -t1 -c32 -d10 http://127.0.0.1:PORT/
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops at the first thing that is not as it should be"
)]

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use http_body_util::BodyExt as _;
use quanlian_law::RuleBook;
use quanlian_procedure::Procedures;
use quanlian_record::time::Timestamp;
use quanlian_server::{
    api,
    permission::Permissions,
    platform::{Means, Platform, Settings},
    sign_in::{
        provider::Providers,
        seal::Seal,
        secret::{self, Kind},
    },
    telling::Telling,
};
use quanlian_store::{AccountStore as _, Database};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PASSWORD: &str = "gravel-tidy-moth-9";
/// What the administrator gives.
const FIRST_PASSWORD: &str = "timber-oval-crane-3";

/// Sends a request into the router; the answer and the cookie that it sets.
async fn send(router: &Router, method: &str, path: &str, cookie: &str, body: Value) -> (Vec<u8>, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "reading.test")
        .header(header::ORIGIN, "https://reading.test")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(if body.is_null() {
            String::new()
        } else {
            body.to_string()
        }))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    assert!(
        parts.status.is_success(),
        "{path}: {}",
        String::from_utf8_lossy(&bytes)
    );
    let set = parts.headers.get(header::SET_COOKIE);
    let cookie = set.map_or("", |set| set.to_str().unwrap().split(';').next().unwrap());
    (bytes, cookie.to_owned())
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let store = Database::open(&folder.path().join("platform.sqlite"))
        .await
        .unwrap();
    let issued = secret::fresh(Kind::FirstStart);
    let until = Timestamp::from_unix_micros(Timestamp::now().unix_micros() + 3_600_000_000).unwrap();
    store.await_first(&issued.digest.0, until).await.unwrap();
    let means = Means {
        store,
        permissions: Permissions::embedded().unwrap(),
        procedures: Procedures::embedded().unwrap(),
        law: RuleBook::embedded().unwrap(),
        settings: Settings::default(),
        filing: None,
        blind: None,
        seal: Seal::new([7; 32]),
        telling: Telling::default(),
        providers: Providers::default(),
    };
    let platform = Platform::new(means, Timestamp::now);
    let router = api::router(platform.clone());
    let first = json!({
        "code": *issued.text, "agency": "culture", "agency_names": {"zh": "文旅局", "en": "Culture bureau"},
        "login": "root", "name": "管理员", "password": PASSWORD,
    });
    send(&router, "POST", "/api/v1/first-start", "", first).await;
    let sign_in = |login: &str| json!({"login": login, "password": PASSWORD});
    let (_, root) = send(&router, "POST", "/api/v1/session", "", sign_in("root")).await;
    let clerk = json!({
        "login": "zhou", "agency": "culture", "user": "zhou", "name": "周", "roles": ["intake_clerk"], "password": FIRST_PASSWORD,
    });
    send(&router, "POST", "/api/v1/accounts", &root, clerk).await;
    let first = json!({"login": "zhou", "password": FIRST_PASSWORD});
    let (_, zhou) = send(&router, "POST", "/api/v1/session", "", first).await;
    let own = json!({"password": PASSWORD});
    send(&router, "PUT", "/api/v1/account/password", &zhou, own).await;
    let complaint = json!({
        "procedure": "complaint-intake", "title": "频道“一号”转载歌曲",
        "given": {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}},
    });
    let (made, _) = send(&router, "POST", "/api/v1/matters", &zhou, complaint).await;
    let made: Value = serde_json::from_slice(&made).unwrap();
    let path = format!("/api/v1/matters/{}", made["id"].as_str().unwrap());
    let token = json!({"name": "reader", "scopes": ["read", "clocks"], "days": 1});
    let (token, _) = send(&router, "POST", "/api/v1/account/tokens", &zhou, token).await;
    let token: Value = serde_json::from_slice(&token).unwrap();
    let (bytes, _) = send(&router, "GET", &path, &zhou, Value::Null).await;

    let bare = Router::new().route("/", get(move || std::future::ready(bytes.clone())));
    let ours = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!(
        "platform http://{}{path} {}",
        ours.local_addr().unwrap(),
        token["token"].as_str().unwrap()
    );
    println!("bare http://{}/", theirs.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(theirs, bare).await });
    quanlian_server::serve(ours, platform, std::future::pending())
        .await
        .unwrap();
}
