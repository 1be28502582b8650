//! The edge to the authorities: requests over HTTP (RFC 3161 §3.4), several at once.
//!
//! In:  addresses, a request for each, limits, a clock.
//! Out: an [`Exchange`] for each, with every byte that came and the reason when it is not an answer.
//!
//! Invariant: bounded in time and size, and no authority waits for another. Redirects are not
//! followed: whom we ask is the caller's decision, not that of the one who is asked.
//!
//! Not here: what the answers are worth (`verify`), where they are kept (`folder`).

use std::{io::Read, sync::Arc, time::Duration};

use jiff::Timestamp;
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use crate::{certificate::visible, token::MAX_TOKEN_BYTES};

/// Content type of a request.
pub const QUERY_TYPE: &str = "application/timestamp-query";
/// Content type of an answer.
pub const REPLY_TYPE: &str = "application/timestamp-reply";
/// The most authorities asked at once.
pub const MAX_AUTHORITIES: usize = 16;

/// How long an authority may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Until the last byte of the answer.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// One authority and what it is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// `http://` or `https://`. The token is signed, so that both serve.
    pub url: String,
    /// The request in DER.
    pub request: Vec<u8>,
}

/// What became of one question.
#[derive(Debug)]
pub struct Exchange {
    /// Our clock just before the request left.
    pub sent_at: Timestamp,
    /// Our clock just after the last byte that came.
    pub received_at: Timestamp,
    /// The status of HTTP, when there was one.
    pub http_status: Option<u16>,
    /// Every byte of the body that came, also when it is no answer or was cut off.
    pub reply: Vec<u8>,
    /// Why `reply` is not a whole answer.
    pub error: Option<ExchangeError>,
}

/// Why an authority gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ExchangeError {
    /// Not an address that can be asked.
    #[error("`{url}` is no http or https address")]
    Url { url: String },
    /// Nobody answers there.
    #[error("cannot reach the authority")]
    Unreachable(#[source] Box<ureq::Error>),
    /// It took longer than the limit.
    #[error("the authority did not answer within {limit_s} s")]
    Slow { limit_s: u64 },
    /// It points elsewhere; give that address if it is the right one.
    #[error("the authority points to `{location}`, which is not followed")]
    Redirected { location: String },
    /// Another status than 200.
    #[error("the authority answered with HTTP status {status}")]
    HttpStatus { status: u16 },
    /// More than any answer has.
    #[error("the answer is longer than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    /// The connection broke while the answer came.
    #[error("the answer broke off")]
    Broken(#[source] std::io::Error),
}

impl ExchangeError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "tsa_url",
            Self::Unreachable(_) => "tsa_unreachable",
            Self::Slow { .. } => "tsa_slow",
            Self::Redirected { .. } => "tsa_redirected",
            Self::HttpStatus { .. } => "tsa_http_status",
            Self::TooLarge { .. } => "tsa_too_large",
            Self::Broken(_) => "tsa_broken",
        }
    }
}

/// Asks all at once, each in a thread of its own; the answers come in the order of the questions.
pub fn ask_all(
    questions: &[Question],
    limits: Limits,
    now: &(dyn Fn() -> Timestamp + Sync),
) -> Vec<Exchange> {
    let agent = agent(limits, questions.iter().any(|question| is_https(&question.url)));
    std::thread::scope(|scope| {
        let ask = |question| {
            let agent = &agent;
            scope.spawn(move || ask(agent, question, limits, now))
        };
        let running: Vec<_> = questions.iter().map(ask).collect();
        let joined = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|exchange| exchange.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn is_https(url: &str) -> bool {
    url.get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

fn is_http(url: &str) -> bool {
    url.get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// The certificates of the machine are read only when an address needs them.
fn agent(limits: Limits, needs_tls: bool) -> Agent {
    let mut tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if needs_tls {
        // Those that cannot be read are left out; with none at all the handshake fails and says so.
        let found = rustls_native_certs::load_native_certs().certs;
        let found = found
            .iter()
            .map(|der| ureq::tls::Certificate::from_der(der).to_owned());
        tls = tls.root_certs(RootCerts::from(found));
    }
    Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(16 << 10)
        .timeout_connect(Some(limits.connect))
        .timeout_global(Some(limits.total))
        .user_agent(concat!("quanlian/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

fn ask(agent: &Agent, question: &Question, limits: Limits, now: &dyn Fn() -> Timestamp) -> Exchange {
    let sent_at = now();
    let mut exchange = Exchange {
        sent_at,
        received_at: sent_at,
        http_status: None,
        reply: Vec::new(),
        error: None,
    };
    exchange.error = fill(&mut exchange, agent, question, limits).err();
    exchange.received_at = now();
    exchange
}

/// Puts into `exchange` what comes, as far as it comes.
fn fill(
    exchange: &mut Exchange,
    agent: &Agent,
    question: &Question,
    limits: Limits,
) -> Result<(), ExchangeError> {
    let slow = || ExchangeError::Slow {
        limit_s: limits.total.as_secs(),
    };
    if !is_http(&question.url) && !is_https(&question.url) {
        let url = visible(&question.url);
        return Err(ExchangeError::Url { url });
    }
    let answer = agent
        .post(&question.url)
        .content_type(QUERY_TYPE)
        .header("accept", REPLY_TYPE)
        .send(&question.request[..]);
    let mut answer = answer.map_err(|error| match error {
        ureq::Error::Timeout(_) => slow(),
        ureq::Error::BadUri(url) => ExchangeError::Url { url: visible(&url) },
        other => ExchangeError::Unreachable(Box::new(other)),
    })?;
    let status = answer.status().as_u16();
    exchange.http_status = Some(status);
    let location = answer
        .headers()
        .get("location")
        .map(|location| location.as_bytes().to_vec());
    let body = answer.body_mut().as_reader();
    let read = body
        .take(MAX_TOKEN_BYTES as u64 + 1)
        .read_to_end(&mut exchange.reply);
    match (status, location) {
        (200, _) => {}
        (300..400, Some(location)) => {
            let location = visible(&String::from_utf8_lossy(&location));
            return Err(ExchangeError::Redirected { location });
        }
        _ => return Err(ExchangeError::HttpStatus { status }),
    }
    if exchange.reply.len() > MAX_TOKEN_BYTES {
        return Err(ExchangeError::TooLarge {
            limit_bytes: MAX_TOKEN_BYTES,
        });
    }
    match read {
        Ok(_) => Ok(()),
        Err(error) if is_timeout(&error) => Err(slow()),
        Err(error) => Err(ExchangeError::Broken(error)),
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ureq::Error>());
    error.kind() == std::io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}
