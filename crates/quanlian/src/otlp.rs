//! Traces leave the program: spans of requests over OTLP/HTTP, in its JSON form.
//!
//! In:  spans of the server; the address of a collector.
//! Out: `POST`s of at most [`AT_ONCE`] spans, one after the other, from a thread of their own.
//!
//! Written here and not taken from `opentelemetry-otlp`: one message of a stable format with the HTTP client that is in the tree already, against some
//! thirty crates with another client, protobuf and gRPC.
//!
//! Invariants: a collector that is slow or away costs nothing but its spans: the queue is bounded, what does not fit is dropped and counted,
//! and the log says so once until it works again; nothing is sent anywhere unless an address is set.
//!
//! Source: OpenTelemetry protocol 1.x, "OTLP/HTTP", "JSON Protobuf Encoding".

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use quanlian_server::spans::{Span, Spans};
use serde_json::{Value, json};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// So many spans wait.
const MAX_WAITING: usize = 4096;
/// So many are sent together.
const AT_ONCE: usize = 512;
/// A span waits no longer for others.
const SEND_EVERY: Duration = Duration::from_secs(2);
/// A collector has so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Kind of a span: a server answers.
const SERVER: u8 = 2;
/// Status of a span: it failed.
const FAILED: u8 = 2;

/// Takes spans.
struct Sender {
    waiting: SyncSender<Span>,
    dropped: Arc<AtomicU64>,
}

impl Spans for Sender {
    fn ended(&self, span: Span) {
        if self.waiting.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Begins to send; the thread ends when nobody holds the sender any more.
pub(crate) fn begin(endpoint: &str) -> std::io::Result<(Arc<dyn Spans>, JoinHandle<()>)> {
    let (waiting, taken) = sync_channel(MAX_WAITING);
    let dropped = Arc::new(AtomicU64::new(0));
    let collector = Collector {
        agent: agent(endpoint.starts_with("https://")),
        url: format!("{}/v1/traces", endpoint.trim_end_matches('/')),
        dropped: Arc::clone(&dropped),
        is_away: false,
    };
    let sending = thread::Builder::new()
        .name("traces".to_owned())
        .spawn(move || collector.run(&taken))?;
    Ok((Arc::new(Sender { waiting, dropped }), sending))
}

fn agent(needs_tls: bool) -> Agent {
    let mut tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if needs_tls {
        // Those that cannot be read are left out; with none at all the handshake fails and says so.
        let found = rustls_native_certs::load_native_certs().certs;
        let found = found
            .iter()
            .map(|der| ureq::tls::Certificate::from_der(der).to_owned());
        tls = tls.root_certs(RootCerts::from(found));
    }
    Agent::config_builder()
        .tls_config(tls.build())
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("quanlian/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

struct Collector {
    agent: Agent,
    url: String,
    dropped: Arc<AtomicU64>,
    is_away: bool,
}

impl Collector {
    fn run(mut self, taken: &Receiver<Span>) {
        let mut spans = Vec::new();
        loop {
            let begun = Instant::now();
            let mut is_over = false;
            while spans.len() < AT_ONCE {
                match taken.recv_timeout(SEND_EVERY.saturating_sub(begun.elapsed())) {
                    Ok(span) => spans.push(span),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => {
                        is_over = true;
                        break;
                    }
                }
            }
            if !spans.is_empty() {
                self.send(&spans);
                spans.clear();
            }
            if is_over {
                return;
            }
        }
    }

    fn send(&mut self, spans: &[Span]) {
        let body = message(spans).to_string();
        let sent = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .send(&body);
        match sent {
            Ok(_) => {
                let dropped = self.dropped.swap(0, Ordering::Relaxed);
                if self.is_away || dropped > 0 {
                    tracing::info!(dropped, "traces are taken again");
                }
                self.is_away = false;
            }
            Err(error) => {
                self.dropped.fetch_add(spans.len() as u64, Ordering::Relaxed);
                if !self.is_away {
                    tracing::warn!(%error, "traces are not taken; they are dropped until they are");
                }
                self.is_away = true;
            }
        }
    }
}

/// `ExportTraceServiceRequest` as JSON: ids in hexadecimal, 64-bit numbers as text.
fn message(spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(one).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "quanlian"), text("service.version", env!("CARGO_PKG_VERSION"))]},
        "scopeSpans": [{"scope": {"name": "quanlian"}, "spans": spans}],
    }]})
}

fn one(span: &Span) -> Value {
    let begun_ns = i128::from(span.begun_us) * 1000;
    let ended_ns = begun_ns + i128::try_from(span.took.as_nanos()).unwrap_or(0);
    let (method, route) = span.name.split_once(' ').unwrap_or((&span.name, ""));
    let mut attributes = vec![
        text("http.request.method", method),
        text("http.route", route),
        json!({"key": "http.response.status_code", "value": {"intValue": span.status.to_string()}}),
    ];
    attributes.extend(span.problem.as_ref().map(|code| text("error.type", code)));
    let mut told = json!({
        "traceId": span.trace.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": SERVER,
        "startTimeUnixNano": begun_ns.to_string(),
        "endTimeUnixNano": ended_ns.to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        told["parentSpanId"] = json!(parent.to_string());
    }
    if span.status >= 500 {
        told["status"] = json!({"code": FAILED});
    }
    told
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}
