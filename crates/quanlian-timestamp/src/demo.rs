//! A demonstration authority, for machines without a network and for tests. It proves nothing.
//!
//! In:  a secret of 32 bytes, requests, the time, a number for each token.
//! Out: one self-signed certificate, and answers in strict DER that `openssl ts -verify` accepts.
//!
//! Invariant: every certificate says in Chinese and English that it is a demonstration. Who holds
//! the log also holds this key, so a token of it says no more than the log itself says.
//!
//! Not here: the clock, the serial numbers, the service over HTTP (`service`).

use const_oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp};
use p256::ecdsa::signature::Signer as _;

use crate::{
    algorithm::{DigestAlgorithm, EC_KEY, ECDSA_SHA256, P256, SM2, SM2_IDENTITY, SM2_SM3},
    ber::{self, Integer},
    certificate::{Certificate, EXTENDED_KEY_USAGE, KEY_USAGE, TIME_STAMPING},
    der,
    error::ParseError,
    request::Request,
    response::{self, Failure},
    token::{CONTENT_TYPE, MESSAGE_DIGEST, SIGNED_DATA, SIGNING_CERTIFICATE_V2, TST_INFO},
};

/// The policy of every demonstration token: below the number that RFC 5612 keeps for documentation.
pub const DEMO_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.3161");
/// What the certificate says about itself.
pub const DEMO_ORGANIZATION: &str = "DEMO ONLY, NOT EVIDENCE (仅供演示，不作证据)";
/// Its common name.
pub const DEMO_NAME: &str = "quanlian demonstration time-stamp authority";
/// What it says about the accuracy of its clock.
const ACCURACY: SignedDuration = SignedDuration::from_secs(1);

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// Why there is no demonstration authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The secret is no private key on the curve; nearly all other 32 bytes are one.
    #[error("the 32 bytes are no private key on this curve")]
    Secret,
    /// The certificate belongs to another secret.
    #[error("the certificate is not of this key")]
    OtherKey,
    /// The certificate cannot be read.
    #[error("the certificate of the demonstration authority cannot be read")]
    Certificate(#[from] ParseError),
}

impl DemoError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Secret => "demo_secret",
            Self::OtherKey => "demo_other_key",
            Self::Certificate(_) => "demo_certificate",
        }
    }
}

/// A demonstration authority.
pub struct Authority {
    key: Key,
    certificate: Certificate,
}

/// Its private key. Both kinds sign without randomness (RFC 6979).
enum Key {
    P256(p256::ecdsa::SigningKey),
    Sm2(sm2::dsa::SigningKey),
}

impl Key {
    fn p256(secret: &[u8; 32]) -> Result<Self, DemoError> {
        let key = p256::ecdsa::SigningKey::from_slice(secret);
        key.map(Self::P256).map_err(|_| DemoError::Secret)
    }

    fn sm2(secret: &[u8; 32]) -> Result<Self, DemoError> {
        let key = sm2::dsa::SigningKey::from_slice(SM2_IDENTITY, secret);
        key.map(Self::Sm2).map_err(|_| DemoError::Secret)
    }

    fn curve(&self) -> ObjectIdentifier {
        match self {
            Self::P256(_) => P256,
            Self::Sm2(_) => SM2,
        }
    }

    fn signature_algorithm(&self) -> Vec<u8> {
        let oid = match self {
            Self::P256(_) => ECDSA_SHA256,
            Self::Sm2(_) => SM2_SM3,
        };
        der::sequence(&[der::oid(oid)])
    }

    fn digest(&self) -> DigestAlgorithm {
        match self {
            Self::P256(_) => DigestAlgorithm::Sha256,
            Self::Sm2(_) => DigestAlgorithm::Sm3,
        }
    }

    /// The public key, not compressed.
    fn point(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Sm2(key) => key.verifying_key().to_sec1_bytes().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let pair = match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Sm2(key) => {
                let signature: sm2::dsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        };
        let (r, s) = pair.split_at(pair.len() / 2);
        der::sequence(&[r, s].map(|number| {
            let number = Integer::from_unsigned(number).expect("32 bytes are far below the longest integer");
            der::integer(&number)
        }))
    }
}

/// Without the key.
impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({:?})", self.certificate)
    }
}

impl Authority {
    /// A new one, valid from `from` until `until`. The same arguments give the same certificate.
    pub fn new(secret: &[u8; 32], from: Timestamp, until: Timestamp) -> Result<Self, DemoError> {
        Self::with(Key::p256(secret)?, from, until)
    }

    /// As [`Self::new`], with SM2 and SM3 (商用密码). OpenSSL 3.0 cannot verify its tokens.
    pub fn new_sm2(secret: &[u8; 32], from: Timestamp, until: Timestamp) -> Result<Self, DemoError> {
        Self::with(Key::sm2(secret)?, from, until)
    }

    fn with(key: Key, from: Timestamp, until: Timestamp) -> Result<Self, DemoError> {
        let certificate = Certificate::from_der(&self_signed(&key, from, until))?;
        Ok(Self { key, certificate })
    }

    /// One whose certificate was kept.
    pub fn restore(secret: &[u8; 32], certificate: Certificate) -> Result<Self, DemoError> {
        for key in [Key::p256(secret), Key::sm2(secret)] {
            let key = key?;
            if certificate.key.is_on(key.curve()) && certificate.key.bytes() == key.point() {
                return Ok(Self { key, certificate });
            }
        }
        Err(DemoError::OtherKey)
    }

    /// Its one certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Answers any bytes with a response: granted at `at` under `serial`, or refused with the reason.
    pub fn answer(&self, request: &[u8], serial: &Integer, at: Timestamp) -> Vec<u8> {
        let request = match Request::from_bytes(request) {
            Ok(request) => request,
            Err(error) => return response::rejected(Failure::BadDataFormat, &error.to_string()),
        };
        if !matches!(request.imprint.algorithm(), Some(algorithm) if algorithm != DigestAlgorithm::Sha1) {
            return response::rejected(Failure::BadAlgorithm, "SHA-256, SHA-384, SHA-512 or SM3");
        }
        if request.policy.is_some_and(|policy| policy != DEMO_POLICY) {
            return response::rejected(Failure::UnacceptedPolicy, &format!("only {DEMO_POLICY}"));
        }
        let (from, until) = self.certificate.validity();
        if at < from || at > until {
            let text = format!("{at} is outside of the certificate's time, {from} to {until}");
            return response::rejected(Failure::TimeNotAvailable, &text);
        }
        response::granted(&self.token(&request, serial, at))
    }

    fn token(&self, request: &Request, serial: &Integer, at: Timestamp) -> Vec<u8> {
        let statement = statement(request, serial, at);
        let digest = self.key.digest();
        let attributes = der::set_of(vec![
            attribute(CONTENT_TYPE, &der::oid(TST_INFO)),
            attribute(MESSAGE_DIGEST, &der::octets(&digest.digest(&statement))),
            attribute(SIGNING_CERTIFICATE_V2, &self.certificate_id()),
        ]);
        let signature = self.key.sign(&attributes);
        // What is signed bears the tag of a SET, what is sent bears [0] (RFC 5652 §5.4).
        let mut sent = attributes;
        sent[0] = ber::context_constructed(0);
        let signer = der::sequence(&[
            der::number(1),
            der::sequence(&[
                self.certificate.issuer.clone(),
                der::integer(&self.certificate.serial),
            ]),
            digest.to_der(),
            sent,
            self.key.signature_algorithm(),
            der::octets(&signature),
        ]);
        let mut parts = vec![
            der::number(3),
            der::set_of(vec![digest.to_der()]),
            der::sequence(&[der::oid(TST_INFO), der::tagged(0, &der::octets(&statement))]),
        ];
        if request.wants_certificate {
            parts.push(der::tagged(0, self.certificate.as_der()));
        }
        parts.push(der::set_of(vec![signer]));
        der::sequence(&[der::oid(SIGNED_DATA), der::tagged(0, &der::sequence(&parts))])
    }

    /// `SigningCertificateV2` (RFC 5035): SHA-256 is its default and therefore not written.
    fn certificate_id(&self) -> Vec<u8> {
        let digest = DigestAlgorithm::Sha256.digest(self.certificate.as_der());
        der::sequence(&[der::sequence(&[der::sequence(&[der::octets(&digest)])])])
    }
}

fn statement(request: &Request, serial: &Integer, at: Timestamp) -> Vec<u8> {
    let mut parts = vec![
        der::number(1),
        der::oid(DEMO_POLICY),
        request.imprint.to_der(),
        der::integer(serial),
        der::generalized_time(at),
        der::sequence(&[der::number(ACCURACY.as_secs().unsigned_abs())]),
    ];
    parts.extend(request.nonce.as_ref().map(der::integer));
    der::sequence(&parts)
}

fn attribute(name: ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    der::sequence(&[der::oid(name), der::set_of(vec![content.to_vec()])])
}

fn self_signed(key: &Key, from: Timestamp, until: Timestamp) -> Vec<u8> {
    let part = |kind, text| der::set_of(vec![der::sequence(&[der::oid(kind), der::utf8(text)])]);
    let name = der::sequence(&[
        part(ORGANIZATION, DEMO_ORGANIZATION),
        part(COMMON_NAME, DEMO_NAME),
    ]);
    let algorithm = key.signature_algorithm();
    let point = key.point();
    // 63 bits of a digest over key and time: positive, and another one for another certificate.
    let mut number = DigestAlgorithm::Sha256.digest(&der::concat(&[&point[..], from.to_string().as_bytes()]));
    number.truncate(8);
    number[0] = (number[0] & 0x7f) | 0x40;
    let critical = |kind, content: &[u8]| der::sequence(&[der::oid(kind), der::yes(), der::octets(content)]);
    // The bit string holds bit 0, digitalSignature, alone: seven bits of its byte do not count.
    let key_usage = critical(KEY_USAGE, &der::value(ber::BIT_STRING, &[7, 0x80]));
    let usage = critical(EXTENDED_KEY_USAGE, &der::sequence(&[der::oid(TIME_STAMPING)]));
    let signed = der::sequence(&[
        der::tagged(0, &der::number(2)),
        der::value(ber::INTEGER, &number),
        algorithm.clone(),
        name.clone(),
        der::sequence(&[der::certificate_time(from), der::certificate_time(until)]),
        name,
        der::sequence(&[
            der::sequence(&[der::oid(EC_KEY), der::oid(key.curve())]),
            der::bits(&point),
        ]),
        der::tagged(3, &der::sequence(&[key_usage, usage])),
    ]);
    let signature = key.sign(&signed);
    der::sequence(&[signed, algorithm, der::bits(&signature)])
}
