//! Outward: requests of this program to servers outside, whose addresses somebody typed.
//!
//! In:  an address, a method, headers, a body; which networks are open ([`guard`]).
//! Out: status and the beginning of the body.
//!
//! Invariants: the address that is connected to is the one that was checked, in one step; no redirect is followed; time and
//! size are bounded; TLS is checked against the certificates of the system and those that the operator names; plain HTTP goes to
//! loopback alone.
//!
//! Not here: what is said (`telling`, `sign_in::provider`).

pub mod guard;

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

pub use guard::{Closed, Networks};

/// Of a host with many addresses so many are tried.
const MAX_ADDRESSES: usize = 4;
/// Headers of an answer are no longer than this.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// An address is no longer than this.
pub const MAX_URL_BYTES: usize = 2000;

/// Why an address is none that may be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// No address of HTTP.
    #[error("write an address as https://HOST/PATH, up to 2000 bytes")]
    Form,
    /// It holds a name and a password, or a part behind `#`.
    #[error("no user, no password and no part behind # stand in the address")]
    Parts,
    /// It is not encrypted.
    #[error(
        "the address begins with https://; http:// is for 127.0.0.1 and [::1] of an installation that allows plain HTTP"
    )]
    Plain,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutwardError {
    /// The address is none.
    #[error("the address cannot be used: {0}")]
    Address(#[from] AddressError),
    /// The name has no address.
    #[error("the name of the host has no address")]
    NoAddress,
    /// Every address is in a network that is closed.
    #[error("the address is in a network that is closed here ({0})")]
    Closed(Closed),
    /// Nobody took the connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// TLS failed.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// What came back was no HTTP, or too much.
    #[error("no answer that can be read: {0}")]
    Answer(String),
    /// It took too long.
    #[error("no answer in time")]
    Late,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why the certificates that the operator names were not read.
#[derive(Debug, thiserror::Error)]
#[error("certificates cannot be read from {path}: {why}")]
pub struct RootsError {
    /// Where.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

/// Sends requests. Clones share what they know.
#[derive(Clone)]
pub struct Outward {
    networks: Networks,
    allows_plain: bool,
    tls: Arc<ClientConfig>,
}

/// A request.
#[derive(Debug)]
pub struct Sent<'a> {
    /// GET or POST.
    pub method: Method,
    /// Where to.
    pub url: &'a Url,
    /// Headers besides `Host`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// No longer body comes back.
    pub max_bytes: usize,
    /// All of it within this time.
    pub within: Duration,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Outward {
    /// With the certificates of the system, and those in a PEM file.
    pub fn new(networks: Networks, allows_plain: bool, roots: Option<&Path>) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One broken certificate of a system is no reason to trust none of the others.
            let _ = store.add(certificate);
        }
        if let Some(path) = roots {
            let failed = |why: String| RootsError {
                path: path.display().to_string(),
                why,
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| failed(error.to_string()))?;
                store
                    .add(certificate)
                    .map_err(|error| failed(error.to_string()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| RootsError {
            path: "the TLS of this program".to_owned(),
            why: error.to_string(),
        })?;
        let tls = config.with_root_certificates(store).with_no_client_auth();
        Ok(Self {
            networks,
            allows_plain,
            tls: Arc::new(tls),
        })
    }

    /// An address as somebody typed it. Whether its network is open is asked when it is connected to, and here where it is
    /// written as digits.
    pub fn address(&self, text: &str) -> Result<Url, OutwardError> {
        if text.len() > MAX_URL_BYTES {
            return Err(AddressError::Form.into());
        }
        let url = Url::parse(text.trim()).map_err(|_| AddressError::Form)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(AddressError::Parts.into());
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(AddressError::Form.into()),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.allows_plain && literal.is_some_and(|address| address.is_loopback()) => {}
            _ => return Err(AddressError::Plain.into()),
        }
        if let Some(address) = literal {
            self.networks.admit(address).map_err(OutwardError::Closed)?;
        }
        Ok(url)
    }

    /// Sends a request and waits for its answer.
    pub async fn send(&self, sent: Sent<'_>) -> Result<Answer, OutwardError> {
        let within = sent.within;
        timeout(within, self.exchange(sent))
            .await
            .map_err(|_| OutwardError::Late)?
    }

    async fn exchange(&self, sent: Sent<'_>) -> Result<Answer, OutwardError> {
        let url = self.address(sent.url.as_str())?;
        let stream = self.connect(&url).await?;
        let unread = |error: &dyn std::fmt::Display| OutwardError::Answer(error.to_string());
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD_BYTES);
        let (mut sender, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unread(&error))?;
        let request = request(&url, &sent)?;
        let asked = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| unread(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, sent.max_bytes).collect().await;
            let body = body.map_err(|error| unread(&error))?.to_bytes();
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        // The connection lives as long as this: whoever gives up waiting drops both.
        tokio::pin!(connection);
        tokio::pin!(asked);
        tokio::select! {
            biased;
            answer = &mut asked => answer,
            ended = &mut connection => match ended {
                Ok(()) => asked.await,
                Err(error) => Err(unread(&error)),
            },
        }
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, OutwardError> {
        let port = url.port_or_known_default().ok_or(AddressError::Form)?;
        let open = self.resolve(url, port).await?;
        let mut trouble = OutwardError::NoAddress;
        for address in open.into_iter().take(MAX_ADDRESSES) {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    if url.scheme() == "http" {
                        return Ok(Box::new(stream));
                    }
                    return self.secure(url, stream).await;
                }
                Err(error) => trouble = OutwardError::Connect(error.kind().to_string()),
            }
        }
        Err(trouble)
    }

    async fn secure(&self, url: &Url, stream: TcpStream) -> Result<Box<dyn Stream>, OutwardError> {
        let failed = |error: &dyn std::fmt::Display| OutwardError::Tls(error.to_string());
        let name = match url.host() {
            Some(Host::Domain(name)) => {
                ServerName::try_from(name.to_owned()).map_err(|error| failed(&error))?
            }
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
            None => return Err(AddressError::Form.into()),
        };
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| failed(&error))?))
    }

    /// The addresses of a host that are open. They are connected to as they are here: a name that answers differently a moment later
    /// changes nothing.
    async fn resolve(&self, url: &Url, port: u16) -> Result<Vec<SocketAddr>, OutwardError> {
        let all: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(address, port).into()],
            Some(Host::Ipv6(address)) => vec![(address, port).into()],
            Some(Host::Domain(name)) => {
                let found = tokio::net::lookup_host((name, port)).await;
                found.map_err(|_| OutwardError::NoAddress)?.collect()
            }
            None => return Err(AddressError::Form.into()),
        };
        let mut closed = None;
        let mut open = Vec::new();
        for address in all {
            match self.networks.admit(address.ip()) {
                Ok(()) => open.push(address),
                Err(why) => closed = Some(why),
            }
        }
        match (open.is_empty(), closed) {
            (false, _) => Ok(open),
            (true, Some(why)) => Err(OutwardError::Closed(why)),
            (true, None) => Err(OutwardError::NoAddress),
        }
    }
}

fn request(url: &Url, sent: &Sent<'_>) -> Result<Request<Full<Bytes>>, OutwardError> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = url.host_str().ok_or(AddressError::Form)?;
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut request = Request::builder()
        .method(sent.method.clone())
        .uri(path)
        .body(Full::new(sent.body.clone()))
        .map_err(|_| AddressError::Form)?;
    let headers = request.headers_mut();
    headers.extend(sent.headers.clone());
    let host = HeaderValue::from_str(&host).map_err(|_| AddressError::Form)?;
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("quanlian"));
    Ok(request)
}
