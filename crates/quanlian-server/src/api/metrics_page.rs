//! The page of metrics, at `/metrics` of a listener of its own.
//!
//! In:  a request of whoever collects figures.
//! Out: text for Prometheus; to a browser too, which shows it as what it is.
//!
//! Invariants: it is part of no other listener, so that it is public only where somebody makes it so; asked often, it asks the database no
//! more often than every [`KEPT`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    routing::get,
};
use quanlian_store::gauges::Gauges;
use tokio::{sync::Mutex, time::timeout};

use crate::{metrics::Now, platform::Platform};

/// So long what the database said is shown again.
const KEPT: Duration = Duration::from_secs(5);
/// So long the database is waited for; then the page says that it does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
];

/// When the database was asked, and what it said.
type Asked = (Instant, Option<Gauges>);

#[derive(Clone)]
struct Shown {
    platform: Platform,
    asked: Arc<Mutex<Option<Asked>>>,
}

/// The one route.
pub(crate) fn router(platform: Platform) -> Router {
    let asked = Arc::default();
    Router::new()
        .route("/metrics", get(page))
        .with_state(Shown { platform, asked })
}

async fn page(State(shown): State<Shown>) -> ([(HeaderName, &'static str); 3], String) {
    let mut asked = shown.asked.lock().await;
    let gauges = match &*asked {
        Some((at, gauges)) if at.elapsed() < KEPT => gauges.clone(),
        _ => {
            let answer = timeout(PATIENCE, shown.platform.store().gauges()).await;
            let gauges = answer.ok().and_then(Result::ok);
            *asked = Some((Instant::now(), gauges.clone()));
            gauges
        }
    };
    drop(asked);
    let now = Now {
        gauges,
        ..shown.platform.trail_now()
    };
    (HEADERS, shown.platform.metrics().page(&now))
}
