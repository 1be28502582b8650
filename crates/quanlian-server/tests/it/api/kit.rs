//! A platform to test: its clock, its people, and what they send.
//!
//! In:  an empty SQLite file.
//! Out: [`Office`], in which an administrator makes agencies and people through the API alone.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use http_body_util::BodyExt as _;
use quanlian_law::RuleBook;
use quanlian_procedure::Procedures;
use quanlian_record::time::Timestamp;
use quanlian_server::{
    api,
    permission::Permissions,
    platform::{Blind, Filing, Means, Platform, Settings},
    rendering::{Peaks, RenderError, Renderings},
    sign_in::{
        password::Cost,
        provider::{OidcSettings, Providers},
        seal::Seal,
        secret::{self, Kind},
    },
    telling::{Telling, TellingSettings},
};
use quanlian_store::{AccountStore as _, Database, FolderObjects};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::servers;

pub(crate) const PASSWORD: &str = "gravel-tidy-moth-9";
/// What an administrator gives; nobody keeps it.
pub(crate) const FIRST_PASSWORD: &str = "timber-oval-crane-3";
/// The key that seals secrets.
pub(crate) const SEAL: [u8; 32] = [9; 32];
const HOST: &str = "quanlian.test";
/// No file of the test platform is longer.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whom it tells, and who signs people in besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outside {
    pub(crate) telling: TellingSettings,
    pub(crate) providers: Vec<OidcSettings>,
}

/// Draws bytes as levels, and counts how often it is asked; what begins with `!` is no sound.
#[derive(Debug, Default)]
struct Counting(AtomicI64);

impl Renderings for Counting {
    fn peaks(&self, path: &Path, _: &dyn Fn() -> bool) -> Result<Peaks, RenderError> {
        let bytes = std::fs::read(path).unwrap();
        if bytes.starts_with(b"!") {
            return Err(RenderError::NotThat("none".to_owned()));
        }
        let asked = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let level = |byte: &u8| (-(*byte as i8), *byte as i8);
        Ok(Peaks {
            duration_ms: asked.unsigned_abs(),
            pairs: bytes.iter().map(level).collect(),
        })
    }
}

/// A running platform.
pub(crate) struct Office {
    router: Router,
    pub(crate) platform: Platform,
    settings: Settings,
    outside: Outside,
    now: Arc<AtomicI64>,
    pub(crate) store: Database,
    pub(crate) folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: HeaderMap,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, when it is a good one.
    pub(crate) fn good(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self
    }
}

/// Who sends.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Cookie(String),
    Token(String),
}

async fn platform(
    store: &Database,
    folder: &Path,
    settings: Settings,
    permissions: Permissions,
    outside: &Outside,
    clock: Arc<AtomicI64>,
) -> Platform {
    let (uploads, objects) = (folder.join("uploads"), folder.join("objects"));
    for place in [&uploads, &objects] {
        std::fs::create_dir_all(place).unwrap();
    }
    let filing = Filing {
        objects: FolderObjects::open(&objects).await.unwrap().into(),
        uploads,
        max_file_bytes: MAX_FILE_BYTES,
    };
    let plain = settings.allows_plain_http;
    let means = Means {
        store: store.clone(),
        permissions,
        procedures: Procedures::embedded().unwrap(),
        law: RuleBook::embedded().unwrap(),
        settings,
        filing: Some(Arc::new(filing)),
        blind: Some(Blind::new([7; 32])),
        seal: Seal::new(SEAL),
        telling: Telling::of(&outside.telling, plain).unwrap(),
        providers: Providers::of(&outside.providers, plain).unwrap(),
    };
    let platform = Platform::new(means, move || {
        Timestamp::from_unix_micros(clock.load(Ordering::SeqCst)).unwrap()
    });
    platform.render_with(Arc::new(Counting::default()));
    platform
}

impl Office {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// With other settings; hashing is cheap in any case.
    pub(crate) async fn with(settings: Settings) -> Self {
        Self::under(settings, Permissions::embedded().unwrap()).await
    }

    /// Under other rules of who may do what.
    pub(crate) async fn under(settings: Settings, permissions: Permissions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Database::open(&folder.path().join("quanlian.db")).await.unwrap();
        Self::over(store, folder, settings, permissions, Outside::default()).await
    }

    /// That tells outside by these settings, also over plain HTTP to this machine.
    pub(crate) async fn telling(telling: TellingSettings) -> Self {
        let providers = Vec::new();
        Self::outside(Outside { telling, providers }).await
    }

    /// The same, with providers of sign-in.
    pub(crate) async fn outside(outside: Outside) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Database::open(&folder.path().join("quanlian.db")).await.unwrap();
        let settings = Settings {
            allows_plain_http: true,
            ..Settings::default()
        };
        Self::over(store, folder, settings, Permissions::embedded().unwrap(), outside).await
    }

    /// Over a new database on the PostgreSQL server that the tests share, when there is one.
    pub(crate) async fn on_postgres() -> Option<Self> {
        let store = servers::new_database().await?;
        let permissions = Permissions::embedded().unwrap();
        let folder = tempfile::tempdir().unwrap();
        Some(
            Self::over(
                store,
                folder,
                Settings::default(),
                permissions,
                Outside::default(),
            )
            .await,
        )
    }

    async fn over(
        store: Database,
        folder: TempDir,
        settings: Settings,
        permissions: Permissions,
        outside: Outside,
    ) -> Self {
        let start: Timestamp = "2024-04-01T02:00:00Z".parse().unwrap();
        let now = Arc::new(AtomicI64::new(start.unix_micros()));
        let clock = Arc::clone(&now);
        let settings = Settings {
            cost: Cost {
                memory_kib: 64,
                passes: 1,
            },
            ..settings
        };
        let platform = platform(
            &store,
            folder.path(),
            settings.clone(),
            permissions,
            &outside,
            clock,
        )
        .await;
        Self {
            router: api::router(platform.clone()),
            platform,
            settings,
            outside,
            now,
            store,
            folder,
        }
    }

    /// The same installation after a restart of the program.
    pub(crate) async fn restarted(self) -> Self {
        let permissions = Permissions::embedded().unwrap();
        let clock = Arc::clone(&self.now);
        let (place, outside) = (self.folder.path(), &self.outside);
        let platform = platform(
            &self.store,
            place,
            self.settings.clone(),
            permissions,
            outside,
            clock,
        )
        .await;
        Self {
            router: api::router(platform.clone()),
            platform,
            ..self
        }
    }

    /// Takes away what was drawn, as if an earlier version had written the matters.
    pub(crate) async fn forget_drawn(&self) {
        let file = self.folder.path().join("quanlian.db");
        let raw = sea_orm::Database::connect(format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        raw.execute_unprepared(
            "DELETE FROM matter_measures; DELETE FROM matter_terms; DELETE FROM matter_texts",
        )
        .await
        .unwrap();
        raw.close().await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.now.load(Ordering::SeqCst)).unwrap()
    }

    /// Lets time pass.
    pub(crate) fn wait_s(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Sets the clock, as `2024-04-01T10:00:00+08:00`.
    pub(crate) fn set(&self, instant: &str) {
        let at: Timestamp = instant.parse().unwrap();
        self.now.store(at.unix_micros(), Ordering::SeqCst);
    }

    pub(crate) async fn raw(
        &self,
        key: Option<&Key>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST);
        match key {
            Some(Key::Cookie(cookie)) => {
                request = request
                    .header(header::COOKIE, cookie)
                    .header(header::ORIGIN, format!("https://{HOST}"));
            }
            Some(Key::Token(token)) => {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            None => {}
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        // Each request has an id of its own; problems are compared without it.
        let id = body.as_object_mut().and_then(|body| body.remove("request_id"));
        if parts.status.as_u16() >= 400
            && parts.headers.contains_key(header::CONTENT_TYPE)
            && body.is_object()
        {
            assert_eq!(
                id.as_ref().and_then(Value::as_str),
                parts.headers.get("x-request-id").map(|id| id.to_str().unwrap())
            );
        }
        Answer {
            status: parts.status.as_u16(),
            body,
            headers: parts.headers,
        }
    }

    pub(crate) async fn send(
        &self,
        key: Option<&Key>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        let body = body.map_or(String::new(), |body| body.to_string());
        self.raw(key, method, path, &headers, &body).await
    }

    pub(crate) async fn get(&self, key: Option<&Key>, path: &str) -> Answer {
        self.send(key, "GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, key: &Key, path: &str, body: Value) -> Answer {
        self.send(Some(key), "POST", path, &[], Some(body)).await
    }

    /// The first administrator, by the code that the server would have written.
    pub(crate) async fn admin(&self) -> Key {
        let issued = secret::fresh(Kind::FirstStart);
        let until = Timestamp::from_unix_micros(self.now().unix_micros() + 3_600_000_000).unwrap();
        self.store.await_first(&issued.digest.0, until).await.unwrap();
        let body = json!({
            "code": *issued.text, "agency": "city", "agency_names": {"zh": "市知识产权局", "en": "City IP office"},
            "login": "root", "name": "管理员", "password": PASSWORD,
        });
        self.send(None, "POST", "/api/v1/first-start", &[], Some(body))
            .await
            .good();
        self.sign_in("root").await
    }

    /// Signs in; the account has no second factor.
    pub(crate) async fn sign_in(&self, login: &str) -> Key {
        let answer = self.try_sign_in(login, PASSWORD).await.good();
        let wanted = json!({"waits_for_second_factor": false, "must_change_password": false});
        assert_eq!(answer.body, wanted);
        answer.key()
    }

    pub(crate) async fn try_sign_in(&self, login: &str, password: &str) -> Answer {
        let body = json!({"login": login, "password": password});
        self.send(None, "POST", "/api/v1/session", &[], Some(body)).await
    }

    /// An agency with one unit, `team-1`.
    pub(crate) async fn agency(&self, admin: &Key, code: &str) {
        let names = json!({"zh": "某局", "en": "An agency"});
        for path in [
            format!("/api/v1/agencies/{code}"),
            format!("/api/v1/agencies/{code}/units/team-1"),
        ] {
            self.send(Some(admin), "PUT", &path, &[], Some(names.clone()))
                .await
                .good();
        }
    }

    /// A person of `team-1`, signed in; the login is `agency.user`.
    pub(crate) async fn person(&self, admin: &Key, agency: &str, user: &str, roles: &[&str]) -> Key {
        self.person_of(admin, agency, "team-1", user, roles).await
    }

    /// The same, of another unit.
    pub(crate) async fn person_of(
        &self,
        admin: &Key,
        agency: &str,
        unit: &str,
        user: &str,
        roles: &[&str],
    ) -> Key {
        let login = format!("{agency}.{user}");
        let body = json!({
            "login": login, "agency": agency, "user": user, "unit": unit, "name": "某人", "roles": roles,
            "password": FIRST_PASSWORD,
        });
        self.post(admin, "/api/v1/accounts", body).await.good();
        let key = self.try_sign_in(&login, FIRST_PASSWORD).await.good().key();
        let own = json!({"password": PASSWORD});
        self.send(Some(&key), "PUT", "/api/v1/account/password", &[], Some(own))
            .await
            .good();
        key
    }

    /// An account as it is kept.
    pub(crate) async fn store_account(&self, login: &str) -> quanlian_store::accounts::Account {
        self.store
            .account_of(&login.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
    }

    /// What the audit trail holds, as its auditor reads it.
    pub(crate) async fn trail(&self, auditor: &Key) -> Vec<Value> {
        let answer = self.get(Some(auditor), "/api/v1/audit").await.good();
        answer.body["entries"].as_array().unwrap().clone()
    }
}

impl Answer {
    /// The session that it began.
    pub(crate) fn key(&self) -> Key {
        let all = self.headers.get_all("set-cookie").iter();
        let mut all = all.map(|value| value.to_str().unwrap());
        let set = all.find(|set| set.starts_with("quanlian_session=")).unwrap();
        assert!(
            set.contains("; HttpOnly") && set.contains("; SameSite=Strict"),
            "{set}"
        );
        Key::Cookie(set.split(';').next().unwrap().to_owned())
    }
}
