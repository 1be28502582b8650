//! Connections: taken from the listener, answered, ended.
//!
//! In:  a listener, the routes.
//! Out: answers, until the program is asked to stop; then what runs is answered first, for a while.
//!
//! Invariants: there are no more connections at once than the limit, whoever comes then waits in the queue of the system; a client that
//! does not send the head of a request in time, or is silent between two, is hung up on, also without a server in front.
//!
//! Not here: slow bodies (a request has its time, a piece of a file its own), TLS.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use crate::limits::Limits;

/// How HTTP/2 begins, when nobody negotiated it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at a beginning that is not whole yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// After the system could not give a connection: it has run out of something.
const OUT_OF_BREATH: Duration = Duration::from_millis(100);
/// Heads of requests are no longer together, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Requests of one connection of HTTP/2 at once.
const MAX_STREAMS: u32 = 64;

/// Answers until `stop` is ready.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (tell, told) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(
        limits.connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let slot = tokio::select! {
            () = &mut stop => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let taken = tokio::select! {
            () = &mut stop => break,
            taken = listener.accept() => taken,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                // Too many open files, or a client that went away: neither ends the service.
                tracing::warn!(%error, "a connection was not taken");
                sleep(OUT_OF_BREATH).await;
                continue;
            }
        };
        let (routes, told, head_time) = (routes.clone(), told.clone(), limits.head_time);
        connections.spawn(async move {
            answer(stream, peer, routes, head_time, told).await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tell.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.stop_time, all).await.is_err() {
        tracing::warn!(
            "some requests were broken off: they ran for too long after the program was asked to stop"
        );
        connections.abort_all();
    }
    Ok(())
}

/// Answers one connection.
async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    head_time: Duration,
    mut told: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    // The server of hyper waits for these first bytes without an end.
    let begun = tokio::select! {
        begun = timeout(head_time, speaks_http2(&stream)) => begun,
        _ = told.changed() => return,
    };
    let Ok(Ok(is_http2)) = begun else { return };
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request.map(Body::new))
    });
    let (stream, service) = (TokioIo::new(stream), TowerToHyperService::new(service));
    // An error ends this connection alone, and the client knows of it already.
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(Some(head_time))
            .keep_alive_timeout(head_time);
        let mut connection = pin!(builder.serve_connection(stream, service));
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = told.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .max_buf_size(MAX_HEAD_BYTES);
        let mut connection = pin!(builder.serve_connection(stream, service));
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = told.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Looks at the first bytes and leaves them where they are.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let come = stream.peek(&mut first).await?;
        if come == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first[..come] != PREFACE[..come] {
            return Ok(false);
        }
        if come == PREFACE.len() {
            return Ok(true);
        }
        sleep(LOOK_AGAIN).await;
    }
}
