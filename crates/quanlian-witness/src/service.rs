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
//! Not here: limits on connections, and TLS (`connections`).

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
};
use quanlian_tlog::witness::{MAX_REQUEST_BYTES, Refusal, StateError, Witness, WitnessState};
use tokio::{net::TcpListener, sync::mpsc};

use crate::connections;
pub use crate::connections::{CONNECTION_TIMEOUT, HEAD_TIMEOUT, MAX_CONNECTIONS};

/// How long a client may take over the body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(20);
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
    let ended = async {
        tokio::select! {
            // A sender lives as long as the service, so there is an error or nothing.
            Some(error) = state_error.recv() => Err(error),
            () = stop => Ok(()),
        }
    };
    let answer = move |request| answer(Arc::clone(&service), request);
    connections::serve(listener, answer, ended).await
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
