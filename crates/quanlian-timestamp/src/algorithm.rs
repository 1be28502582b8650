//! Digests and signatures: which ones count, and whether they fit.
//!
//! In:  an algorithm as a certificate or token names it, a public key, bytes.
//! Out: a digest, or whether the signature fits.
//!
//! | accepted | how |
//! |---|---|
//! | digests | SHA-256, SHA-384, SHA-512, SM3; SHA-1 only where the first form of the signing-certificate attribute asks for it |
//! | RSA | PKCS #1 v1.5, 2048 to 8192 bits |
//! | ECDSA | P-256, P-384 |
//! | SM2 | with SM3 and the identity that GM/T 0009 gives everybody |
//! | EdDSA | Ed25519 |
//!
//! Invariant: what is not in the table is *unsupported*, which is neither right nor wrong.
//!
//! Not here: RSA-PSS, the digests of SHA-3.

use const_oid::ObjectIdentifier;
use p256::ecdsa::signature::{Verifier as _, hazmat::PrehashVerifier as _};
use ring::{digest, signature};
use sm3::{Digest as _, Sm3};

use crate::{
    ber::{self, SEQUENCE, Value},
    der,
    error::{ParseError, Problem},
};

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
pub(crate) const EC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
/// GM/T 0006: SM3, the curve of SM2, and signatures of both; `SM2_SIGN` is how GM/T 0010 names them in tokens.
const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");
pub(crate) const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
const SM2_SIGN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.1");
pub(crate) const SM2_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// The identity that goes into an SM2 signature when nobody agreed on another one (GM/T 0009 §10).
pub(crate) const SM2_IDENTITY: &str = "1234567812345678";
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A digest that this program computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// Broken since 2017; only for [RFC 2634 §5.4], where it names a certificate.
    Sha1,
    /// The default.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
    /// 商用密码杂凑算法 SM3 (GM/T 0004), 32 bytes.
    Sm3,
}

impl DigestAlgorithm {
    /// Its name on papers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sm3 => "SM3",
        }
    }

    /// The one that this name means, as [`Self::name`] or on a command line: `sha256`. SHA-1 is none to choose.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |name: &str| name.replace('-', "").to_ascii_lowercase();
        [Self::Sha256, Self::Sha384, Self::Sha512, Self::Sm3]
            .into_iter()
            .find(|algorithm| plain(algorithm.name()) == plain(name))
    }

    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Sm3 => return Sm3::digest(bytes).to_vec(),
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    pub(crate) fn size_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sm3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => SHA1,
            Self::Sha256 => SHA256,
            Self::Sha384 => SHA384,
            Self::Sha512 => SHA512,
            Self::Sm3 => SM3,
        }
    }

    pub(crate) fn of_oid(oid: ObjectIdentifier) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512, Self::Sm3]
            .into_iter()
            .find(|algorithm| algorithm.oid() == oid)
    }

    /// As `AlgorithmIdentifier`.
    pub(crate) fn to_der(self) -> Vec<u8> {
        AlgorithmId::plain(self.oid()).to_der()
    }
}

/// An `AlgorithmIdentifier` as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlgorithmId {
    pub(crate) oid: ObjectIdentifier,
    /// The encoding of the parameters.
    pub(crate) parameters: Option<Vec<u8>>,
}

impl AlgorithmId {
    pub(crate) fn read(value: &Value<'_>, what: &'static str) -> Result<Self, ParseError> {
        value.kind(SEQUENCE, what)?;
        Self::read_content(value, what)
    }

    /// As [`Self::read`], whatever the tag: for implicitly tagged identifiers.
    pub(crate) fn read_content(value: &Value<'_>, what: &'static str) -> Result<Self, ParseError> {
        let mut parts = value.values();
        let oid = parts.need(what)?.oid(what)?;
        let parameters = parts.next(what)?.map(|parameters| parameters.raw.to_vec());
        parts.end(what)?;
        Ok(Self { oid, parameters })
    }

    /// One without parameters, as RFC 5754 §2 asks of writers.
    pub(crate) fn plain(oid: ObjectIdentifier) -> Self {
        Self {
            oid,
            parameters: None,
        }
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let parameters = self.parameters.clone().unwrap_or_default();
        der::sequence(&[der::oid(self.oid), parameters])
    }

    /// A digest, when this program knows it. Absent and NULL parameters mean the same.
    pub(crate) fn digest(&self) -> Option<DigestAlgorithm> {
        let plain = self.parameters.as_deref().is_none_or(|p| p == [ber::NULL, 0]);
        DigestAlgorithm::of_oid(self.oid).filter(|_| plain)
    }
}

/// A public key as a certificate holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    algorithm: AlgorithmId,
    key: Vec<u8>,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureProblem {
    #[error("signature algorithm {0} is not one that this program checks")]
    Unsupported(String),
    #[error("the signature does not fit")]
    Wrong,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    pub(crate) fn read(value: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "public key";
        let mut parts = value.inside(SEQUENCE, WHAT)?;
        let algorithm = AlgorithmId::read(&parts.need(WHAT)?, WHAT)?;
        let key = parts.need(WHAT)?.whole_bits(WHAT)?.to_vec();
        parts.end(WHAT)?;
        Ok(Self { algorithm, key })
    }

    /// The key itself, whatever its algorithm makes of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.key
    }

    /// Whether `signature` over `message` is by this key.
    ///
    /// `digest` is the one that a token names beside its signature algorithm; it counts
    /// only where that algorithm does not name its own.
    pub(crate) fn verify(
        &self,
        algorithm: &AlgorithmId,
        digest: Option<DigestAlgorithm>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureProblem> {
        let unsupported = || SignatureProblem::Unsupported(algorithm.oid.to_string());
        match self.algorithm.oid {
            RSA => {
                let digest = match algorithm.oid {
                    RSA => digest,
                    RSA_SHA256 => Some(DigestAlgorithm::Sha256),
                    RSA_SHA384 => Some(DigestAlgorithm::Sha384),
                    RSA_SHA512 => Some(DigestAlgorithm::Sha512),
                    _ => None,
                };
                let scheme = match digest {
                    Some(DigestAlgorithm::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
                    Some(DigestAlgorithm::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Some(DigestAlgorithm::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Some(DigestAlgorithm::Sha1 | DigestAlgorithm::Sm3) | None => return Err(unsupported()),
                };
                signature::UnparsedPublicKey::new(scheme, &self.key)
                    .verify(message, signature)
                    .map_err(|_| SignatureProblem::Wrong)
            }
            EC_KEY if self.is_on(SM2) => match (algorithm.oid, digest) {
                (SM2_SM3, _) | (SM2_SIGN | SM2, Some(DigestAlgorithm::Sm3)) => {
                    self.verify_sm2(message, signature)
                }
                _ => Err(unsupported()),
            },
            EC_KEY => {
                let digest = match algorithm.oid {
                    ECDSA_SHA256 => DigestAlgorithm::Sha256,
                    ECDSA_SHA384 => DigestAlgorithm::Sha384,
                    ECDSA_SHA512 => DigestAlgorithm::Sha512,
                    _ => return Err(unsupported()),
                };
                self.verify_ecdsa(&digest.digest(message), signature)
            }
            ED25519 if algorithm.oid == ED25519 => {
                signature::UnparsedPublicKey::new(&signature::ED25519, &self.key)
                    .verify(message, signature)
                    .map_err(|_| SignatureProblem::Wrong)
            }
            _ => Err(unsupported()),
        }
    }

    pub(crate) fn is_on(&self, curve: ObjectIdentifier) -> bool {
        self.algorithm.parameters.as_deref() == Some(der::oid(curve).as_slice())
    }

    fn verify_sm2(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureProblem> {
        let wrong = |_| SignatureProblem::Wrong;
        let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_IDENTITY, &self.key).map_err(wrong)?;
        let signature = sm2::dsa::Signature::from_slice(&read_pair(signature)?).map_err(wrong)?;
        key.verify(message, &signature).map_err(wrong)
    }

    fn verify_ecdsa(&self, prehash: &[u8], signature: &[u8]) -> Result<(), SignatureProblem> {
        let wrong = |_| SignatureProblem::Wrong;
        if self.is_on(P256) {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.key).map_err(wrong)?;
            let signature = p256::ecdsa::Signature::from_der(signature).map_err(wrong)?;
            key.verify_prehash(prehash, &signature).map_err(wrong)
        } else if self.is_on(P384) {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&self.key).map_err(wrong)?;
            let signature = p384::ecdsa::Signature::from_der(signature).map_err(wrong)?;
            key.verify_prehash(prehash, &signature).map_err(wrong)
        } else {
            let parameters = self.algorithm.parameters.as_deref();
            let curve = parameters.and_then(|p| Value::only(p, "curve").and_then(|v| v.oid("curve")).ok());
            let curve = curve.map_or_else(|| "without a named curve".into(), |oid| format!("on curve {oid}"));
            Err(SignatureProblem::Unsupported(format!("ECDSA {curve}")))
        }
    }
}

/// The two numbers of a signature on a curve of 256 bits, one behind the other.
fn read_pair(signature: &[u8]) -> Result<[u8; 64], SignatureProblem> {
    const WHAT: &str = "signature";
    let read = || {
        let mut parts = Value::only(signature, WHAT)?.inside(SEQUENCE, WHAT)?;
        let (r, s) = (parts.need(WHAT)?.integer(WHAT)?, parts.need(WHAT)?.integer(WHAT)?);
        parts.end(WHAT)?;
        Ok::<_, ParseError>((r.to_unsigned::<32>(), s.to_unsigned::<32>()))
    };
    let Ok((Some(r), Some(s))) = read() else {
        return Err(SignatureProblem::Wrong);
    };
    let mut pair = [0; 64];
    pair[..32].copy_from_slice(&r);
    pair[32..].copy_from_slice(&s);
    Ok(pair)
}

/// Digest algorithm and digest: what a request asks to be stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    pub(crate) algorithm: AlgorithmId,
    pub(crate) digest: Vec<u8>,
}

impl Imprint {
    /// The imprint of `bytes`.
    pub fn of(algorithm: DigestAlgorithm, bytes: &[u8]) -> Self {
        Self::of_digest(algorithm, algorithm.digest(bytes))
    }

    /// An imprint whose digest somebody else computed.
    pub fn of_digest(algorithm: DigestAlgorithm, digest: Vec<u8>) -> Self {
        Self {
            algorithm: AlgorithmId::plain(algorithm.oid()),
            digest,
        }
    }

    pub(crate) fn read(value: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "message imprint";
        let mut parts = value.inside(SEQUENCE, WHAT)?;
        let algorithm = AlgorithmId::read(&parts.need(WHAT)?, WHAT)?;
        let digest = parts.need(WHAT)?.octets(WHAT)?.into_owned();
        parts.end(WHAT)?;
        let imprint = Self { algorithm, digest };
        let sizes = imprint.algorithm().map(DigestAlgorithm::size_bytes);
        if sizes.is_some_and(|size| size != imprint.digest.len()) {
            return Err(ParseError::new(WHAT, Problem::Value));
        }
        Ok(imprint)
    }

    /// Which digest it is, when this program knows it.
    pub fn algorithm(&self) -> Option<DigestAlgorithm> {
        self.algorithm.digest()
    }

    /// The digest.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// Whether both name the same digest of the same algorithm.
    pub fn equals(&self, other: &Self) -> bool {
        self.algorithm.oid == other.algorithm.oid && self.digest == other.digest
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        der::sequence(&[self.algorithm.to_der(), der::octets(&self.digest)])
    }
}
