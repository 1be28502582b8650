//! A time-stamp request (RFC 3161 §2.4.1).
//!
//! In:  what is to be stamped and a nonce that nobody could have guessed; or bytes from a client.
//! Out: strict DER; or the request as read.
//!
//! Not here: drawing the nonce and sending (`client`).

use const_oid::ObjectIdentifier;

use crate::{
    algorithm::{DigestAlgorithm, Imprint},
    ber::{self, Integer, SEQUENCE, Value},
    der,
    error::{ParseError, Problem},
};

/// The largest request that is read.
pub const MAX_REQUEST_BYTES: usize = 16 << 10;
/// Bytes of randomness in a nonce: enough that none comes twice, few enough for every authority seen.
pub const NONCE_BYTES: usize = 8;

/// What an authority is asked to stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The digest to be stamped.
    pub imprint: Imprint,
    /// The policy asked for, if a certain one.
    pub policy: Option<ObjectIdentifier>,
    /// What makes the answer to this request different from every earlier answer.
    pub nonce: Option<Integer>,
    /// Whether the authority should send its certificate along.
    pub wants_certificate: bool,
}

impl Request {
    /// Asks for a stamp over the SHA-256 of `bytes`, with certificate.
    ///
    /// ```
    /// # use quanlian_timestamp::request::Request;
    /// let request = Request::over(b"checkpoint note", [7; 8]);
    /// assert_eq!(Request::from_bytes(&request.to_der()).unwrap(), request);
    /// ```
    pub fn over(bytes: &[u8], nonce: [u8; NONCE_BYTES]) -> Self {
        Self::about(Imprint::of(DigestAlgorithm::Sha256, bytes), nonce)
    }

    /// Asks for a stamp over any digest, with certificate.
    pub fn about(imprint: Imprint, nonce: [u8; NONCE_BYTES]) -> Self {
        Self {
            imprint,
            policy: None,
            nonce: Integer::from_unsigned(&nonce).ok(),
            wants_certificate: true,
        }
    }

    /// Its DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut parts = vec![der::number(1), self.imprint.to_der()];
        parts.extend(self.policy.map(der::oid));
        parts.extend(self.nonce.as_ref().map(der::integer));
        if self.wants_certificate {
            parts.push(der::yes());
        }
        der::sequence(&parts)
    }

    /// Reads a request of any client.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        const WHAT: &str = "time-stamp request";
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(ParseError::new(WHAT, Problem::TooLarge));
        }
        let mut parts = Value::only(bytes, WHAT)?.inside(SEQUENCE, WHAT)?;
        if parts.need(WHAT)?.number(WHAT)? != 1 {
            return Err(ParseError::new(WHAT, Problem::Unknown));
        }
        let imprint = Imprint::read(&parts.need(WHAT)?)?;
        let policy = match parts.optional(&[ber::OID], WHAT)? {
            Some(policy) => Some(policy.oid("policy of the request")?),
            None => None,
        };
        let nonce = match parts.optional(&[ber::INTEGER], WHAT)? {
            Some(nonce) => Some(nonce.integer("nonce of the request")?),
            None => None,
        };
        let wants_certificate = match parts.optional(&[ber::BOOLEAN], WHAT)? {
            Some(wanted) => wanted.boolean(WHAT)?,
            None => false,
        };
        if parts.optional(&[ber::context_constructed(0)], WHAT)?.is_some() {
            return Err(ParseError::new("extension of the request", Problem::Unknown));
        }
        parts.end(WHAT)?;
        Ok(Self {
            imprint,
            policy,
            nonce,
            wants_certificate,
        })
    }
}
