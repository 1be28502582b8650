//! One witness at an address.
//!
//! In:  a submission prefix, such as `https://witness.example/w1`, and how long to wait.
//! Out: a [`Transport`] for `quanlian_tlog::witness::client`.
//!
//! Invariant: an answer is read to a limit and for a limited time, and no redirect is followed:
//! whoever is named in the policy answers, or nobody.

use std::{sync::Arc, time::Duration};

use quanlian_tlog::witness::client::{Answer, MAX_ANSWER_BYTES, Transport, TransportError};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

/// The longest head of an answer.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The HTTP client that all witnesses are asked with.
#[derive(Debug, Clone)]
pub struct HttpClient {
    agent: Agent,
}

impl HttpClient {
    /// A client that waits at most `timeout` for one answer, and trusts the certificates that the system trusts.
    pub fn new(timeout: Duration) -> Self {
        let system = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<Certificate<'static>> = system
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEAD_BYTES)
            .timeout_global(Some(timeout))
            .user_agent("quanlian")
            .build()
            .new_agent();
        Self { agent }
    }

    /// The witness whose submission prefix is `prefix`.
    pub fn witness(&self, prefix: &str) -> HttpWitness {
        HttpWitness {
            agent: self.agent.clone(),
            url: format!("{}/add-checkpoint", prefix.trim_end_matches('/')),
        }
    }
}

/// One witness at an address.
#[derive(Debug)]
pub struct HttpWitness {
    agent: Agent,
    url: String,
}

impl Transport for HttpWitness {
    fn add_checkpoint(&mut self, body: &str) -> Result<Answer, TransportError> {
        let failed = |error: ureq::Error| TransportError(format!("{}: {error}", self.url));
        let mut response = self
            .agent
            .post(&self.url)
            .content_type("text/plain; charset=utf-8")
            .send(body)
            .map_err(failed)?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(Answer {
            status: response.status().as_u16(),
            content_type,
            body: response
                .body_mut()
                .with_config()
                .limit(MAX_ANSWER_BYTES as u64)
                .read_to_vec()
                .map_err(failed)?,
        })
    }
}
