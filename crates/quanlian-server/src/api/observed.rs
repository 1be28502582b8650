//! Every request is seen from outside: counted, timed, given an id, put into its trace.
//!
//! In:  a request, with the `traceparent` of whoever called, where there is one.
//! Out: its answer with `x-request-id`; a figure, a line of the log, a span.
//!
//! Invariants: the id is drawn here, so that nobody writes his own words into our log; a route is named by its template, never by what
//! somebody asked for; address, query and body are in none of it.
//!
//! Source: W3C Trace Context, level 1, §3.2.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use super::problem::ProblemCode;
use crate::{
    platform::Platform,
    spans::{Span, SpanId, TraceId},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this runs for.
pub(super) fn request_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Sees a request through.
pub(super) async fn observe(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or("", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let caller = caller(request.headers());
    let (fresh, span_id) = drawn();
    let trace_id = caller.map_or(fresh, |caller| caller.trace);
    let id = span_id.to_string();
    // At every level, so that each line that is told has it.
    let around = tracing::error_span!("request", request.id = %id, trace.id = %trace_id, http.method = method, http.route = route);
    let (begun, begun_at) = (Instant::now(), platform.now());
    let running = platform.metrics().begin();
    let mut response = CURRENT
        .scope(id.clone(), next.run(request).instrument(around.clone()))
        .await;
    drop(running);
    let (took, status) = (begun.elapsed(), response.status().as_u16());
    platform.metrics().ended(method, &route, status, took);
    let code = response
        .extensions()
        .get::<ProblemCode>()
        .map(|code| code.0.clone());
    around.in_scope(|| {
        let duration_ms = took.as_secs_f64() * 1000.0;
        tracing::info!(
            http.status = status,
            duration_ms,
            problem = code.as_deref(),
            "answered"
        );
    });
    if let Some(spans) = platform.spans()
        && caller.is_none_or(|caller| caller.is_sampled)
    {
        spans.ended(Span {
            trace: trace_id,
            id: span_id,
            parent: caller.map(|caller| caller.parent),
            name: format!("{method} {route}"),
            begun_us: begun_at.unix_micros(),
            took,
            status,
            problem: code,
        });
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Methods that somebody made up are one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn drawn() -> (TraceId, SpanId) {
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    // Without randomness ids are only less telling; nothing rests on them.
    let _ = getrandom::fill(&mut trace);
    let _ = getrandom::fill(&mut span);
    (TraceId(trace), SpanId(span))
}

/// Who called, by their own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallerTrace {
    trace: TraceId,
    parent: SpanId,
    is_sampled: bool,
}

/// `00-TRACE-PARENT-FLAGS`, in lower-case hexadecimal; what is not that counts as nothing.
fn caller(headers: &HeaderMap) -> Option<CallerTrace> {
    let mut all = headers.get_all("traceparent").iter();
    let text = all.next()?.to_str().ok()?;
    if all.next().is_some() || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may add parts behind these.
    if version.len() != 2
        || version == "ff"
        || (version == "00" && parts.next().is_some())
        || flags.len() != 2
    {
        return None;
    }
    let (mut trace_id, mut parent_id, mut flag, mut known) = ([0; 16], [0; 8], [0; 1], [0; 1]);
    hex::decode_to_slice(trace, &mut trace_id).ok()?;
    hex::decode_to_slice(parent, &mut parent_id).ok()?;
    hex::decode_to_slice(flags, &mut flag).ok()?;
    hex::decode_to_slice(version, &mut known).ok()?;
    let is_real = trace_id != [0; 16] && parent_id != [0; 8];
    is_real.then_some(CallerTrace {
        trace: TraceId(trace_id),
        parent: SpanId(parent_id),
        is_sampled: flag[0] & 1 == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(text: &str) -> Option<bool> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_str(text).unwrap());
        caller(&headers).map(|caller| caller.is_sampled)
    }

    #[test]
    fn a_traceparent_is_believed_when_it_is_one() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert_eq!(sampled(&format!("00-{trace}-{span}-01")), Some(true));
        assert_eq!(sampled(&format!("00-{trace}-{span}-00")), Some(false));
        assert_eq!(sampled(&format!("cc-{trace}-{span}-01-later")), Some(true));
        for wrong in [
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{span}"),
            format!("zz-{trace}-{span}-01"),
            "-".repeat(1000),
        ] {
            assert_eq!(sampled(&wrong), None, "{wrong}");
        }
    }
}
