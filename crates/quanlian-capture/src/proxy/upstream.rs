//! From a host to a connection: resolved once, guarded, verified, recorded.
//!
//! In:  an [`Origin`].
//! Out: a [`Server`], or nothing and a line in the report.
//!
//! Invariant: the address that is connected to is one that [`Guard::admit`](crate::guard::Guard::admit) let through in
//! this very call. No other code of this crate opens a connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use quanlian_record::time::Timestamp;
use rustls::pki_types::ServerName;
use serde::Serialize;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use url::Host;
use uuid::Uuid;

use super::{
    Origin, Wire,
    state::{Connected, Shared},
};
use crate::{guard::Refusal, tls::Seen, warc::RecordKind};

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// A connection to a server.
pub(super) struct Server {
    pub(super) wire: Box<dyn Wire>,
    pub(super) origin: Origin,
    pub(super) address: SocketAddr,
    /// Its record.
    pub(super) id: Uuid,
}

/// The record of a connection.
#[derive(Serialize)]
struct Description<'a> {
    server: &'a str,
    address: SocketAddr,
    connected_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsDescription>,
}

#[derive(Serialize)]
struct TlsDescription {
    /// Whether the handshake was completed.
    completed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher_suite: Option<String>,
    #[serde(flatten)]
    seen: Option<Seen>,
}

/// Connects, or notes why not.
pub(super) async fn connect(shared: &Arc<Shared>, origin: &Origin) -> Option<Server> {
    let name = format!("{}:{}", origin.host, origin.port);
    let (addresses, fresh) = shared.parts.names.addresses(&origin.host).await;
    if let Some(answer) = &fresh {
        shared.parts.recorder.answer(answer);
    }
    let admitted = match shared.parts.guard.admit(&origin.host, &addresses) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            shared.refused(&name, &refusal);
            return None;
        }
    };
    let mut failure = None;
    for address in admitted.into_iter().take(MAX_ADDRESSES) {
        let address = SocketAddr::new(address, origin.port);
        if shared.is_own(address) {
            shared.refused(&name, &Refusal::Own { address });
            return None;
        }
        match to_address(shared, origin, &name, address).await {
            Ok(server) => return Some(server),
            Err(Failure::Final) => return None,
            Err(Failure::Next(error)) => failure = Some(format!("{address}: {error}")),
        }
    }
    shared.noted(&name, "connect_failed", failure.unwrap_or_default());
    None
}

enum Failure {
    /// Another address may work.
    Next(io::Error),
    /// Told already; no other address would help.
    Final,
}

async fn to_address(
    shared: &Arc<Shared>,
    origin: &Origin,
    name: &str,
    address: SocketAddr,
) -> Result<Server, Failure> {
    let patience = Duration::from_secs(shared.parts.limits.connect_seconds);
    let connected_at = Timestamp::now();
    let connecting = shared.unless_stopped(timeout(patience, TcpStream::connect(address)));
    let tcp = match connecting.await {
        Err(_) => return Err(Failure::Final),
        Ok(Err(_)) => return Err(Failure::Next(io::ErrorKind::TimedOut.into())),
        Ok(Ok(connected)) => connected.map_err(Failure::Next)?,
    };
    let _ = tcp.set_nodelay(true);
    let (wire, tls): (Option<Box<dyn Wire>>, _) = if origin.tls {
        let (wire, description) = handshake(shared, origin, tcp).await?;
        (wire, Some(description))
    } else {
        (Some(Box::new(tcp)), None)
    };
    let seen = tls.as_ref().and_then(|tls| tls.seen.as_ref());
    shared.connected(Connected {
        server: name.to_owned(),
        address,
        trusted: seen.map(|seen| seen.trusted),
        why_not: seen.and_then(|seen| seen.why_not.clone()),
    });
    if let Some(failure) = tls.as_ref().and_then(|tls| tls.failure.clone()) {
        let untrusted = seen.is_some_and(|seen| !seen.trusted);
        let code = if untrusted { "tls_untrusted" } else { "tls_failed" };
        shared.noted(name, code, failure);
    }
    let description = Description {
        server: name,
        address,
        connected_at,
        tls,
    };
    let text = serde_json::to_vec_pretty(&description).expect("plain data becomes JSON");
    let id = shared.parts.recorder.made(
        RecordKind::Metadata,
        Some(&format!("urn:quanlian:connection:{name}")),
        "application/json",
        connected_at,
        &text,
    );
    let wire = wire.ok_or(Failure::Final)?;
    Ok(Server {
        wire,
        origin: origin.clone(),
        address,
        id,
    })
}

async fn handshake(
    shared: &Arc<Shared>,
    origin: &Origin,
    tcp: TcpStream,
) -> Result<(Option<Box<dyn Wire>>, TlsDescription), Failure> {
    let name = match &origin.host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()),
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
    };
    let failed = |failure: String, seen| TlsDescription {
        completed: false,
        failure: Some(failure),
        version: None,
        cipher_suite: None,
        seen,
    };
    let name = match name {
        Ok(name) => name,
        Err(error) => return Ok((None, failed(error.to_string(), None))),
    };
    let (config, witness) = match shared.parts.server_side.config() {
        Ok(made) => made,
        Err(error) => return Ok((None, failed(error.to_string(), None))),
    };
    let patience = Duration::from_secs(shared.parts.limits.connect_seconds);
    let connecting = TlsConnector::from(config).connect(name, tcp);
    let stream = match shared.unless_stopped(timeout(patience, connecting)).await {
        Err(_) => return Err(Failure::Final),
        Ok(Err(_)) => {
            let failure = format!("no handshake in {} s", patience.as_secs());
            return Ok((None, failed(failure, witness.seen())));
        }
        Ok(Ok(Err(error))) => return Ok((None, failed(error.to_string(), witness.seen()))),
        Ok(Ok(Ok(stream))) => stream,
    };
    let session = stream.get_ref().1;
    let description = TlsDescription {
        completed: true,
        failure: None,
        version: session.protocol_version().map(|version| format!("{version:?}")),
        cipher_suite: session
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite())),
        seen: witness.seen(),
    };
    Ok((Some(Box::new(stream)), description))
}
