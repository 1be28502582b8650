//! Connections, taken one after the other within limits, until the service ends.
//!
//! In:  a socket, and what answers a request.
//! Out: whatever ended the service.
//!
//! Invariant: a slow, large or endless client costs one of [`MAX_CONNECTIONS`] places for a
//! bounded time and a bounded piece of memory.
//!
//! Not here: TLS. A service on the open network stands behind a server that speaks it.

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

/// The most connections at a time; the next one waits to be taken.
pub const MAX_CONNECTIONS: usize = 256;
/// How long a client may take over the head of a request, and between two requests.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
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

/// Gives every request to `answer` until `ended` is ready.
pub(crate) async fn serve<Answer, Reply, Content, End>(
    listener: TcpListener,
    answer: Answer,
    ended: impl Future<Output = End>,
) -> End
where
    Answer: Fn(Request<Incoming>) -> Reply + Clone + Send + 'static,
    Reply: Future<Output = Result<Response<Content>, Infallible>> + Send,
    Content: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let mut connections = JoinSet::new();
    let mut ended = std::pin::pin!(ended);
    let end = loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async { (place.await, listener.accept().await) };
        let (place, accepted) = tokio::select! {
            next = next => next,
            Some(_) = connections.join_next() => continue,
            end = &mut ended => break end,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, or a client that went away: neither ends the service.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (answer, mut stopped) = (answer.clone(), stopped.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD_BYTES)
                .max_headers(MAX_HEADERS)
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            let mut connection = std::pin::pin!(connection);
            let whole = async {
                // A connection that broke is the client's concern.
                tokio::select! {
                    _ = &mut connection => return,
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
                // The answer that is on its way still goes out, and no request is taken after it.
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            };
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, whole).await;
            drop(place);
        });
    };
    let _ = stopping.send(true);
    let rest = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_TIMEOUT, rest).await;
    end
}
