//! TLS on both sides of the recording proxy.
//!
//! In:  the host that the browser asks for; the trusted roots of this machine.
//! Out: a certificate for the browser that lives as long as the capture ([`BrowserSide`]), and for the server side what
//!      it showed and what a verification said ([`Seen`]).
//!
//! Invariant: the chain of every server is verified. What the verification said is recorded, whether or not the operator
//! let the connection go on; nothing that failed is ever called trusted. Sessions are not resumed, because a resumed
//! session shows no certificate.
//!
//! Not here: connections (`proxy`), trust in the record of a capture (the log).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::PublicKeyData as _;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime, pem::PemObject as _,
    },
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Hosts for which certificates are kept; further ones get theirs made anew each time.
const MAX_KEPT_HOSTS: usize = 1024;
/// Certificates of one chain that are recorded.
const MAX_CHAIN: usize = 16;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Neither this machine nor the operator names a trusted root.
    #[error(
        "this machine has no trusted root certificates; install the package ca-certificates or name a file"
    )]
    NoRoots,
    /// A certificate could not be made.
    #[error("cannot make a certificate for the browser")]
    Make(#[from] rcgen::Error),
    /// The configuration was refused.
    #[error("cannot set up TLS")]
    Config(#[from] rustls::Error),
    /// The verifier was refused.
    #[error("cannot set up the verification of certificates")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

impl TlsError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoots => "tls_no_roots",
            Self::Make(_) => "tls_make",
            Self::Config(_) => "tls_config",
            Self::Verifier(_) => "tls_verifier",
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What the browser meets: one key for the whole capture, a certificate for each host.
///
/// The key never leaves the process and ends with it; the browser is told its hash and accepts nothing else unknown.
pub struct BrowserSide {
    key: rcgen::KeyPair,
    hosts: Mutex<BTreeMap<String, Arc<ServerConfig>>>,
}

impl BrowserSide {
    /// A new key.
    pub fn new() -> Result<Self, TlsError> {
        Ok(Self {
            key: rcgen::KeyPair::generate()?,
            hosts: Mutex::default(),
        })
    }

    /// The hash that `--ignore-certificate-errors-spki-list` takes.
    pub fn key_hash(&self) -> String {
        STANDARD.encode(Sha256::digest(self.key.subject_public_key_info()))
    }

    /// The server side for `host`.
    pub fn config(&self, host: &str) -> Result<Arc<ServerConfig>, TlsError> {
        if let Some(config) = self.lock().get(host) {
            return Ok(Arc::clone(config));
        }
        let mut params = rcgen::CertificateParams::new([host.to_owned()])?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "quanlian capture, this browser alone");
        let certificate = params.self_signed(&self.key)?.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let mut hosts = self.lock();
        if hosts.len() < MAX_KEPT_HOSTS {
            hosts.insert(host.to_owned(), Arc::clone(&config));
        }
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<ServerConfig>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Whether the chain leads to a trusted root, is in time and is for this name.
    pub trusted: bool,
    /// What the verification said when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// The chain as sent, the server's own certificate first.
    pub chain: Vec<Shown>,
    /// The stapled OCSP response in base64, which nobody verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ocsp_not_verified: Option<String>,
}

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// SHA-256 of its DER form.
    pub sha256: String,
    /// The certificate.
    pub pem: String,
}

/// What the server side of the proxy needs.
pub struct ServerSide {
    verifier: Arc<WebPkiServerVerifier>,
    accept_untrusted: bool,
}

impl ServerSide {
    /// Trusts the roots of this machine and `more`; with `accept_untrusted` goes on without trust, and records it.
    pub fn new(more: &[CertificateDer<'static>], accept_untrusted: bool) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for root in more {
            roots.add(root.clone())?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoRoots);
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
        Ok(Self {
            verifier,
            accept_untrusted,
        })
    }

    /// A client configuration for one connection, and where its verdict will stand.
    pub fn config(&self) -> Result<(Arc<ClientConfig>, Arc<Witness>), TlsError> {
        let witness = Arc::new(Witness {
            verifier: Arc::clone(&self.verifier),
            accept_untrusted: self.accept_untrusted,
            seen: Mutex::default(),
        });
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        Ok((Arc::new(config), witness))
    }
}

/// Verifies one server and remembers what it saw.
#[derive(Debug)]
pub struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    accept_untrusted: bool,
    seen: Mutex<Option<Seen>>,
}

impl Witness {
    /// What the server showed; `None` when the handshake did not come so far.
    pub fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen {
            trusted: verdict.is_ok(),
            why_not: verdict.as_ref().err().map(ToString::to_string),
            chain: std::iter::once(end_entity)
                .chain(intermediates)
                .take(MAX_CHAIN)
                .map(|certificate| Shown {
                    sha256: hex::encode(Sha256::digest(certificate)),
                    pem: pem(certificate),
                })
                .collect(),
            ocsp_not_verified: (!ocsp_response.is_empty()).then(|| STANDARD.encode(ocsp_response)),
        });
        match verdict {
            Err(_) if self.accept_untrusted => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    // The handshake itself is checked always: without it the chain could be anybody's.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// The certificates in a PEM file; what is none is passed over.
pub fn certificates(text: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .filter_map(Result::ok)
        .collect()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
