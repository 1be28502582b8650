//! Requests that are let in: before anything is read of them, and for as long as they run.
//!
//! In:  a request with its address.
//! Out: its answer, or 429 `rate_limited` and 503 `server_busy` with `Retry-After`.
//!
//! Invariant: what is refused here was not looked at, so it leaves no line in the trail: else whoever asks too often would fill it.
//!
//! Not here: how it is counted (`limits`), the count of an account (`caller`).

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Problem, caller};
use crate::{
    limits::{Refused, Wants},
    platform::Platform,
};

/// Paths below which passwords and codes are checked.
const SIGN_IN: [&str; 3] = [
    "/api/v1/session",
    "/api/v1/first-start",
    "/api/v1/account/password",
];
/// Where a provider of sign-in sends a browser back: a look that makes the server ask the provider.
const CALLED_BACK: &str = "/callback";
/// Asked by those who watch over the service, and costing next to nothing.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];
/// Files of the pages.
const PAGES: &str = "/assets/";
/// Pieces of files.
const PIECES: &str = "/api/v1/uploads/{upload}";

/// Lets a request in or tells it to wait.
pub(super) async fn admit(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("", MatchedPath::as_str);
    // Files of the pages come from memory; a first look asks for dozens of them at once.
    if HEALTH.contains(&path) || request.uri().path().starts_with(PAGES) {
        return next.run(request).await;
    }
    let is_look = request.method() == Method::GET || request.method() == Method::HEAD;
    let wants = if path == PIECES && request.method() == Method::PATCH {
        Wants::Piece
    } else if (!is_look || path.ends_with(CALLED_BACK)) && SIGN_IN.iter().any(|below| path.starts_with(below))
    {
        Wants::SignIn
    } else {
        Wants::Usual
    };
    let address = caller::address_in(&platform, request.headers(), request.extensions());
    match platform.gate().enter(address, wants) {
        Ok(running) => {
            let response = next.run(request).await;
            drop(running);
            response
        }
        Err(Refused::TooOften(wait_s)) => too_often(wait_s).into_response(),
        Err(Refused::Busy) => {
            let detail = "the server has enough to do; send the same request again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "server_busy", detail)
                .retry_after(1)
                .into_response()
        }
    }
}

/// Somebody asks too often.
pub(super) fn too_often(wait_s: u32) -> Problem {
    let detail = "too many requests; wait as long as `retry_after_s` says";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(wait_s)
}
