//! The pages in the browser, beside the API.
//!
//! In:  requests that are no part of the API.
//! Out: files of the pages; for every other address of the pages the first page, which finds its way itself.
//!
//! Invariants: scripts come from files of our own alone, styles from those and from what carries the nonce of this one answer; nothing
//! is asked of another host; nobody frames the pages; an address of the API that is not there stays a problem in JSON.
//!
//! Not here: the files themselves (`quanlian-web`), the API (`api`).

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;

use crate::{api::Problem, platform::Platform};

/// What belongs to the API and to programs.
const NOT_PAGES: [&str; 5] = ["/api/", "/openapi.json", "/healthz", "/readyz", "/metrics"];
const NONCE_BYTES: usize = 16;
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Answers what no route of the API takes.
pub(crate) async fn answer(State(platform): State<Platform>, request: Request) -> Response {
    let path = request.uri().path();
    let is_look = request.method() == Method::GET || request.method() == Method::HEAD;
    if !is_look || path == "/api" || NOT_PAGES.iter().any(|below| path.starts_with(below)) {
        return Problem::nothing_here().into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = quanlian_web::file(name, takes_brotli(request.headers())) {
        return sent(file);
    }
    // A file that is not there is told as such; no address of a screen has a dot.
    if name.contains('.') {
        return Problem::nothing_here().into_response();
    }
    first_page(platform.demo())
}

fn sent(file: quanlian_web::File) -> Response {
    let mut response = file.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let kept = if file.is_forever { FOREVER } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    if let Some(encoding) = file.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn first_page(demo: Option<&str>) -> Response {
    let mut random = [0; NONCE_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        return Problem::internal(error).into_response();
    }
    let nonce = base64::engine::general_purpose::STANDARD_NO_PAD.encode(random);
    let Some(page) = quanlian_web::first_page(&nonce, demo) else {
        let text = "页面没有编入本程序；请运行 cargo xtask web 后重新编译。API 照常可用：/openapi.json\n\
                    The pages are not built into this program: run cargo xtask web and build it anew. The API is there: /openapi.json\n";
        return ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' blob: data:; media-src 'self' blob:; \
         font-src 'self' data:; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = page.into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let taken = headers.get(header::ACCEPT_ENCODING);
    let taken = taken.and_then(|taken| taken.to_str().ok()).unwrap_or_default();
    taken.split(',').any(|one| {
        let mut parts = one.trim().split(';');
        parts.next() == Some("br") && !parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0"))
    })
}
