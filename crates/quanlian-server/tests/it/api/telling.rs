//! What leaves the platform: webhooks with their signatures, mail, and where neither may go.
//!
//! In:  a complaint whose clocks run; servers of HTTP and of mail on this machine.
//! Out: nothing, or the first thing that was told to somebody else, twice, not at all, or with more than it may hold.

mod hooks;
mod mail;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::IntoResponse as _,
};
use quanlian_server::telling::{TellingSettings, hooks::WebhookSettings};
use serde_json::Value;
use tokio::net::TcpListener;

use super::kit::{Key, Office};

/// A request as it came.
#[derive(Debug, Clone)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Kept {
    came: Mutex<Vec<Came>>,
    answers: AtomicU16,
}

/// Somebody outside who is told.
struct Receiver {
    address: String,
    kept: Arc<Kept>,
}

async fn take(
    State(kept): State<Arc<Kept>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let path = uri.path().to_owned();
    kept.came.lock().unwrap().push(Came { path, headers, body });
    let status = StatusCode::from_u16(kept.answers.load(Ordering::SeqCst)).unwrap();
    if status.is_redirection() {
        return (status, [(header::LOCATION, "/elsewhere")]).into_response();
    }
    status.into_response()
}

impl Receiver {
    async fn open() -> Self {
        let kept = Arc::new(Kept::default());
        kept.answers.store(204, Ordering::SeqCst);
        let router = Router::new().fallback(take).with_state(Arc::clone(&kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, kept }
    }

    fn answer(&self, status: u16) {
        self.kept.answers.store(status, Ordering::SeqCst);
    }

    fn came(&self) -> Vec<Came> {
        self.kept.came.lock().unwrap().clone()
    }
}

/// Settings that reach this machine.
fn here() -> TellingSettings {
    TellingSettings {
        webhooks: WebhookSettings {
            allow_loopback: true,
            timeout_s: 2,
            ..WebhookSettings::default()
        },
        ..TellingSettings::default()
    }
}

/// A complaint of `culture`, with the clock at its last day, and its administrator.
async fn with_a_red_clock(office: &Office) -> (Key, Value) {
    let people = super::matters::people(office).await;
    office
        .person(&people.admin, "culture", "keeper", &["administrator"])
        .await;
    office.set("2024-04-01T10:00:00+08:00");
    let clerk = office.sign_in("culture.zhou").await;
    let matter = super::matters::opened(office, &clerk).await;
    let clocks = matter.body["clocks"].as_array().unwrap();
    let accept = clocks.iter().find(|clock| clock["clock"] == "accept").unwrap();
    office.set(&format!("{}T09:00:00+08:00", accept["due_on"].as_str().unwrap()));
    (office.sign_in("culture.keeper").await, matter.body)
}
