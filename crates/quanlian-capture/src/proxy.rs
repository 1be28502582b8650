//! The recording proxy: the only way from the browser to any network.
//!
//! In:  the browser's connections on a loopback port.
//! Out: the same requests to the servers, the same answers to the browser, both in the record.
//!
//! Invariant: a name is resolved once, the guard looks at the addresses, and the connection goes to one of those and
//! nowhere else. What the browser gets is what was recorded, and never a page of this program: what cannot be passed on
//! ends as a broken connection. Bytes, requests, redirects and time are bounded by [`Limits`].
//!
//! Not here: WebSockets and HTTP/2, which are refused (the refusal is told in the report); what the browser does
//! (`page`).
//!
//! | module | holds |
//! |---|---|
//! | [`state`] | what all connections share: limits, stopping, what was refused |
//! | [`upstream`] | from a host to a connection, guarded and recorded |
//! | [`exchange`] | one request and its answer |
//! | [`peer`] | whose connection it is |

mod exchange;
mod peer;
pub mod state;
mod upstream;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use url::{Host, Url};

use self::{
    exchange::Conversation,
    state::{Shared, Stop},
};
use crate::http1::{self, RequestHead};

/// Connections of the browser at a time. Chromium opens 32 to one proxy.
const MAX_CONNECTIONS: usize = 128;

/// A stream in either direction, plain or TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether it is https.
    pub tls: bool,
    /// Where to.
    pub host: Host<String>,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// The origin of an http or https address.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self {
            tls: match url.scheme() {
                "https" => true,
                "http" => false,
                _ => return None,
            },
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

/// Listens on a free port of loopback and serves until [`Shared::stop`].
pub async fn start(shared: &Arc<Shared>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    shared.set_own_address(address);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok(accepted) = shared.unless_stopped(listener.accept()).await else {
                return;
            };
            let Ok((browser, peer)) = accepted else { continue };
            if !peer::is_ours(peer, address) {
                shared.noted(
                    "",
                    "refused_stranger",
                    format!("{peer} is a connection of another user"),
                );
                continue;
            }
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                let busy = shared.busy();
                // An error here is the end of one connection; what was lost by it stands in the record.
                let _ = serve(&shared, browser).await;
                drop((busy, place));
            });
        }
    });
    Ok(address)
}

/// One connection of the browser.
async fn serve(shared: &Arc<Shared>, mut browser: TcpStream) -> io::Result<()> {
    let idle = shared.idle();
    let mut pending = Vec::new();
    let Some(head) = read_head(shared, &mut browser, &mut pending).await? else {
        return Ok(());
    };
    drop(idle);
    if head.method == "CONNECT" {
        pending.drain(..head.size_bytes);
        return tunnel(shared, browser, &head.target).await;
    }
    Conversation::new(shared, Box::new(browser), pending, None)
        .run()
        .await
}

/// What stands behind CONNECT: TLS as a rule, plain HTTP for `ws:`.
async fn tunnel(shared: &Arc<Shared>, mut browser: TcpStream, authority: &str) -> io::Result<()> {
    // A tunnel that carries no request is counted too, so that a page cannot try addresses for ever.
    let refused = || shared.count_request();
    let origin = Url::parse(&format!("https://{authority}/")).ok();
    let Some(mut origin) = origin.as_ref().and_then(Origin::of) else {
        shared.refused(
            authority,
            &crate::guard::Refusal::Target {
                target: authority.to_owned(),
            },
        );
        refused();
        return Ok(());
    };
    browser
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    let mut first = [0];
    let idle = shared.idle();
    let peeked = shared.unless_stopped(browser.peek(&mut first)).await;
    drop(idle);
    if !matches!(peeked, Ok(Ok(1..))) {
        return Ok(());
    }
    if first[0] != 0x16 {
        origin.tls = false;
        return Conversation::new(shared, Box::new(browser), Vec::new(), Some(origin))
            .run()
            .await;
    }
    // The server is asked first: a certificate that is refused must not look like an answer to the browser.
    let Some(server) = upstream::connect(shared, &origin).await else {
        refused();
        return Ok(());
    };
    let host = match &origin.host {
        Host::Ipv6(address) => address.to_string(),
        host => host.to_string(),
    };
    let config = shared
        .parts
        .browser_side
        .config(&host)
        .map_err(io::Error::other)?;
    let accepted = shared
        .unless_stopped(TlsAcceptor::from(config).accept(browser))
        .await
        .map_err(Stop::into_io)??;
    let mut conversation = Conversation::new(shared, Box::new(accepted), Vec::new(), Some(origin));
    conversation.keep(server);
    conversation.run().await
}

/// Reads the head of a request; `None` when the browser closed before the first byte.
pub(crate) async fn read_head<R: AsyncRead + Unpin + ?Sized>(
    shared: &Shared,
    browser: &mut R,
    pending: &mut Vec<u8>,
) -> io::Result<Option<RequestHead>> {
    loop {
        match http1::request_head(pending) {
            Ok(Some(head)) => return Ok(Some(head)),
            Ok(None) => {}
            Err(error) => {
                shared.noted("", error.code(), error.to_string());
                return Err(io::Error::other(error));
            }
        }
        let read = shared
            .unless_stopped(browser.read_buf(pending))
            .await
            .map_err(Stop::into_io)??;
        if read == 0 {
            return Ok(None);
        }
    }
}
