//! The HTTP side of a witness.
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-checkpoint` | as tlog-witness says |
//! | `GET /` | the public keys of the witness and the logs that it knows, as lines of a policy |
//!
//! In:  connections.
//! Out: answers; an error when the witness cannot keep its state, after which the process ends.
//!
//! Invariant: a slow, large or endless request costs one of [`MAX_CONNECTIONS`] places for a
//! bounded time and a bounded piece of memory.
//!
//! Not here: TLS. A witness on the open network stands behind a server that speaks it.

use std::{
    convert::Infallible,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use quanlian_tlog::witness::{MAX_REQUEST_BYTES, Refusal, StateError, Witness, WitnessState};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

/// The most connections at a time; the next one waits to be taken.
pub const MAX_CONNECTIONS: usize = 256;
/// How long a client may take over the head of a request, and between two requests.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take over the body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one connection may be kept open.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_mins(5);
/// How long connections may go on after the service was asked to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;

const TEXT: &str = "text/plain; charset=utf-8";

/// Seconds since 1970, as the caller's clock has it.
pub type Clock = fn() -> u64;

type Reply = Response<Full<Bytes>>;

struct Service<S> {
    /// One request at a time: reading the last head, checking and keeping the next are one step.
    witness: Mutex<Witness<S>>,
    about: String,
    clock: Clock,
    /// Told once when the state can no longer be kept.
    broken: mpsc::Sender<StateError>,
}

/// Serves until `stop` is ready. Fails when the witness could not keep its state.
pub async fn serve<S: WitnessState + Send + 'static>(
    listener: TcpListener,
    witness: Witness<S>,
    clock: Clock,
    stop: impl Future<Output = ()>,
) -> Result<(), StateError> {
    let (broken, mut state_error) = mpsc::channel(1);
    let service = Arc::new(Service {
        about: about(&witness),
        witness: Mutex::new(witness),
        clock,
        broken,
    });
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let outcome = loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async { (place.await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            next = next => next,
            Some(error) = state_error.recv() => break Err(error),
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, or a client that went away: neither ends the service.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = Arc::clone(&service);
        connections.spawn(async move {
            let answer = service_fn(|request| answer(Arc::clone(&service), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD_BYTES)
                .max_headers(MAX_HEADERS)
                .serve_connection(TokioIo::new(stream), answer);
            // A connection that broke is the client's concern: what was decided is kept.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(place);
        });
    };
    let rest = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_TIMEOUT, rest).await;
    outcome
}

async fn answer<S: WitnessState + Send + 'static>(
    service: Arc<Service<S>>,
    request: Request<Incoming>,
) -> Result<Reply, Infallible> {
    Ok(match (request.uri().path(), request.method()) {
        ("/add-checkpoint", &Method::POST) => match read_body(request).await {
            Ok(body) => decide(service, body).await,
            Err(reply) => reply,
        },
        ("/", &Method::GET) => reply(StatusCode::OK, TEXT, service.about.clone()),
        ("/add-checkpoint", _) => not_allowed("POST"),
        ("/", _) => not_allowed("GET"),
        _ => reply(StatusCode::NOT_FOUND, TEXT, "no such address\n".to_owned()),
    })
}

async fn read_body(request: Request<Incoming>) -> Result<Bytes, Reply> {
    let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let limit = format!("a request has at most {MAX_REQUEST_BYTES} bytes\n");
            Err(reply(StatusCode::PAYLOAD_TOO_LARGE, TEXT, limit))
        }
        Ok(Err(_)) => Err(reply(
            StatusCode::BAD_REQUEST,
            TEXT,
            "the body broke off\n".to_owned(),
        )),
        Err(_) => Err(reply(
            StatusCode::REQUEST_TIMEOUT,
            TEXT,
            "the body took too long\n".to_owned(),
        )),
    }
}

async fn decide<S: WitnessState + Send + 'static>(service: Arc<Service<S>>, body: Bytes) -> Reply {
    let deciding = Arc::clone(&service);
    // Waits for the disk, so not on a thread that others share. It runs to its end even when
    // the client goes away, and then the head is kept and the answer lost, which is safe.
    let decided = tokio::task::spawn_blocking(move || {
        // A panic in between left nothing half done: the state is on the disk alone.
        let mut witness = deciding.witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.add_checkpoint(&body, (deciding.clock)())
    });
    match decided.await {
        Ok(Ok(lines)) => reply(StatusCode::OK, TEXT, lines),
        Ok(Err(refusal)) => refused(&service, refusal),
        Err(_) => reply(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "witness_failed\n".to_owned(),
        ),
    }
}

fn refused<S>(service: &Service<S>, refusal: Refusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (content_type, body) = refusal.body();
    match refusal {
        // Both are signed by a key of the log: the operator should keep them and ask.
        Refusal::Fork { .. } | Refusal::Proof(_) => {
            tracing::warn!(
                code = refusal.code(),
                "a log offered a tree that does not extend the one seen"
            );
        }
        Refusal::State(StateError::Damaged { origin }) => {
            tracing::error!(%origin, "the state kept for this log is damaged; nothing is cosigned for it");
        }
        // A second failure while the first is on its way says nothing new.
        Refusal::State(error) => drop(service.broken.try_send(error)),
        _ => {}
    }
    reply(status, content_type, body)
}

fn not_allowed(allowed: &'static str) -> Reply {
    let mut reply = reply(
        StatusCode::METHOD_NOT_ALLOWED,
        TEXT,
        format!("only {allowed} is answered here\n"),
    );
    reply
        .headers_mut()
        .insert(ALLOW, hyper::header::HeaderValue::from_static(allowed));
    reply
}

fn reply(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    let content_type = hyper::header::HeaderValue::from_static(content_type);
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}

/// What anybody may know, in a form that can be copied into a policy.
fn about<S: WitnessState>(witness: &Witness<S>) -> String {
    let mut text = "# a witness of transparency logs: c2sp.org/tlog-witness\n".to_owned();
    for (number, key) in witness.verifiers().enumerate() {
        let _ = writeln!(text, "witness w{} {key}", number + 1);
    }
    for origin in witness.origins() {
        let _ = writeln!(text, "# log {origin}");
    }
    text
}
