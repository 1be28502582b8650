//! One guarded download.
//!
//! In:  an address, what may be reached, limits, a folder.
//! Out: the bytes of a small document, or a file of the folder with its digest.
//!
//! Invariants: only addresses that the guard admits are connected to, and the one that was checked is the one that is
//! used, redirects included; proxies of the environment are not asked. Size and time are bounded, and a file that was
//! cut off is never left behind as a whole one.
//!
//! Not here: whole pages with what they load (`quanlian-capture`).

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use quanlian_capture::guard::{Guard, Refusal};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use ureq::{
    Agent,
    http::{Response, Uri},
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use url::{Host, Url};

/// The most redirects that are followed.
pub const MAX_REDIRECTS: usize = 5;
/// Bytes read at a time.
const STEP_BYTES: usize = 64 << 10;

/// How much one download may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the last byte.
    pub total: Duration,
    /// The largest file.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_mins(5),
            file_bytes: 2 << 30,
        }
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum FetchError {
    /// Not an address that is fetched.
    #[error("`{url}` is no http or https address")]
    Address { url: String },
    /// The guard refuses.
    #[error("{0}")]
    Refused(Refusal),
    /// It took longer than it may.
    #[error("no whole answer within {limit_s} seconds")]
    Slow { limit_s: u64 },
    /// Nobody answers there.
    #[error("cannot reach {host}: {why}")]
    Unreachable { host: String, why: String },
    /// The server says no; 404 and 410 say that it is gone.
    #[error("the server answered {status}")]
    Status { status: u16 },
    /// More redirects than [`MAX_REDIRECTS`].
    #[error("more than {MAX_REDIRECTS} redirects")]
    Redirects,
    /// Larger than it may be.
    #[error("more than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    /// The connection ended before the answer did.
    #[error("the answer was cut off")]
    CutOff(#[source] io::Error),
    /// The file cannot be written.
    #[error("cannot write the file")]
    Write(#[source] io::Error),
}

impl FetchError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "fetch_address",
            Self::Refused(refusal) => refusal.code(),
            Self::Slow { .. } => "fetch_slow",
            Self::Unreachable { .. } => "fetch_unreachable",
            Self::Status { status: 404 | 410 } => "fetch_gone",
            Self::Status { .. } => "fetch_status",
            Self::Redirects => "fetch_redirects",
            Self::TooLarge { .. } => "fetch_too_large",
            Self::CutOff(_) => "fetch_cut_off",
            Self::Write(_) => "fetch_write",
        }
    }
}

/// A file that was fetched, whole, not yet in its place.
#[derive(Debug)]
pub struct Fetched {
    /// The file.
    pub file: NamedTempFile,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
    /// `Content-Type`, as stated.
    pub content_type: Option<String>,
    /// Where it came from in the end.
    pub address: Url,
}

/// Fetches, one file at a time.
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
    limits: Limits,
}

impl Fetcher {
    /// One that reaches what `guard` admits.
    pub fn new(guard: Guard, limits: Limits) -> Self {
        // Those that cannot be read are left out; with none at all the handshake fails and says so.
        let found = rustls_native_certs::load_native_certs().certs;
        let found = found
            .iter()
            .map(|der| ureq::tls::Certificate::from_der(der).to_owned());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::from(found));
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(64 << 10)
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.total))
            // A proxy would look names up itself, out of the guard's sight.
            .proxy(None)
            .user_agent(concat!("quanlian/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = Guarded {
            guard,
            names: DefaultResolver::default(),
        };
        Self {
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver),
            limits,
        }
    }

    /// The bytes of a document of at most `limit_bytes`.
    pub fn document(&self, address: &Url, limit_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let (response, _) = self.open(address)?;
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit_bytes + 1);
        body.read_to_end(&mut bytes).map_err(|error| self.broken(error))?;
        if bytes.len() as u64 > limit_bytes {
            return Err(FetchError::TooLarge { limit_bytes });
        }
        Ok(bytes)
    }

    /// A file, written below `folder` under a name that is gone again when the result is dropped.
    pub fn file(&self, address: &Url, folder: &Path) -> Result<Fetched, FetchError> {
        let limit_bytes = self.limits.file_bytes;
        let (response, address) = self.open(address)?;
        let stated = response.headers().get("content-length");
        let stated: Option<u64> = stated.and_then(|length| length.to_str().ok()?.parse().ok());
        if stated.is_some_and(|length| length > limit_bytes) {
            return Err(FetchError::TooLarge { limit_bytes });
        }
        let content_type = response.headers().get("content-type");
        let content_type = content_type
            .and_then(|kind| kind.to_str().ok())
            .map(str::to_owned);
        let mut file = NamedTempFile::new_in(folder).map_err(FetchError::Write)?;
        let mut body = response.into_body().into_reader().take(limit_bytes + 1);
        let (mut digest, mut size_bytes) = (Sha256::new(), 0_u64);
        let mut step = vec![0; STEP_BYTES];
        loop {
            let read = body.read(&mut step).map_err(|error| self.broken(error))?;
            if read == 0 {
                break;
            }
            size_bytes += read as u64;
            if size_bytes > limit_bytes {
                return Err(FetchError::TooLarge { limit_bytes });
            }
            digest.update(&step[..read]);
            file.write_all(&step[..read]).map_err(FetchError::Write)?;
        }
        file.as_file().sync_all().map_err(FetchError::Write)?;
        Ok(Fetched {
            file,
            sha256: hex::encode(digest.finalize()),
            size_bytes,
            content_type,
            address,
        })
    }

    fn open(&self, address: &Url) -> Result<(Response<ureq::Body>, Url), FetchError> {
        let mut address = address.clone();
        for _ in 0..=MAX_REDIRECTS {
            if !matches!(address.scheme(), "http" | "https") {
                return Err(FetchError::Address { url: address.into() });
            }
            let response = self.agent.get(address.as_str()).call();
            let response = response.map_err(|error| self.unreachable(&address, error))?;
            let status = response.status().as_u16();
            let onward = response.headers().get("location").and_then(|to| to.to_str().ok());
            match (status, onward.and_then(|to| address.join(to).ok())) {
                (200, _) => return Ok((response, address)),
                (301 | 302 | 303 | 307 | 308, Some(to)) => address = to,
                _ => return Err(FetchError::Status { status }),
            }
        }
        Err(FetchError::Redirects)
    }

    fn unreachable(&self, address: &Url, error: ureq::Error) -> FetchError {
        let limit_s = self.limits.total.as_secs();
        match error {
            ureq::Error::Timeout(_) => FetchError::Slow { limit_s },
            ureq::Error::Other(other) => match other.downcast::<Refusal>() {
                Ok(refusal) => FetchError::Refused(*refusal),
                Err(other) => FetchError::Unreachable {
                    host: address.host_str().unwrap_or_default().to_owned(),
                    why: other.to_string(),
                },
            },
            other => FetchError::Unreachable {
                host: address.host_str().unwrap_or_default().to_owned(),
                why: other.to_string(),
            },
        }
    }

    fn broken(&self, error: io::Error) -> FetchError {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ureq::Error>());
        if error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_))) {
            return FetchError::Slow {
                limit_s: self.limits.total.as_secs(),
            };
        }
        FetchError::CutOff(error)
    }
}

/// Looks names up, and lets through what the guard admits: the connection is made to exactly these addresses.
#[derive(Debug)]
struct Guarded {
    guard: Guard,
    names: DefaultResolver,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri
            .host()
            .and_then(|host| Host::parse(host).ok())
            .ok_or(ureq::Error::HostNotFound)?;
        let found = self.names.resolve(uri, config, timeout)?;
        let addresses: Vec<_> = found.iter().map(SocketAddr::ip).collect();
        let open = self
            .guard
            .admit(&host, &addresses)
            .map_err(|refusal| ureq::Error::Other(Box::new(refusal)))?;
        let mut admitted = self.empty();
        for address in found.iter().filter(|address| open.contains(&address.ip())) {
            admitted.push(*address);
        }
        Ok(admitted)
    }
}
