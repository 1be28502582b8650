//! A time-stamp token: what an authority says, and its signature over it (RFC 3161 §2.4.2, RFC 5652).
//!
//! In:  BER from an authority.
//! Out: [`Token`]: the statement, the certificates sent along, and what is needed to check the signature.
//!
//! Invariant: [`Token::as_bytes`] is what came, byte by byte.
//!
//! Not here: whether any of it holds (`verify`).

use const_oid::ObjectIdentifier;
use jiff::{SignedDuration, Timestamp};

use crate::{
    algorithm::{AlgorithmId, DigestAlgorithm, Imprint},
    ber::{self, Integer, OCTET_STRING, SEQUENCE, SET, Value},
    certificate::{Certificate, MAX_CERTIFICATES, name_text, visible},
    der,
    error::{ParseError, Problem},
};

/// The largest token or response that is read. Those seen have 1 to 10 KiB.
pub const MAX_TOKEN_BYTES: usize = 1 << 20;
/// The most attributes, signers or extensions.
const MAX_PARTS: usize = 64;

pub(crate) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// The same in GM/T 0010, where everything else is as in CMS.
pub(crate) const GM_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.2");
pub(crate) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(crate) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(crate) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// What an authority says: these bytes existed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Under which policy it says so.
    pub policy: ObjectIdentifier,
    /// About what.
    pub imprint: Imprint,
    /// Its own number for the token.
    pub serial: Integer,
    /// When.
    pub gen_time: Timestamp,
    /// How far `gen_time` may be off, when it says so.
    pub accuracy: Option<SignedDuration>,
    /// Whether its tokens are ordered even within the accuracy.
    pub ordering: bool,
    /// The nonce of the request.
    pub nonce: Option<Integer>,
    /// The name that it gives itself, as text.
    pub authority: Option<String>,
}

impl Statement {
    fn from_der(bytes: &[u8]) -> Result<Self, ParseError> {
        const WHAT: &str = "time-stamp statement";
        let mut parts = Value::only(bytes, WHAT)?.inside(SEQUENCE, WHAT)?;
        if parts.need(WHAT)?.number("time-stamp version")? != 1 {
            return Err(ParseError::new("time-stamp version", Problem::Unknown));
        }
        let policy = parts.need(WHAT)?.oid("time-stamp policy")?;
        let imprint = Imprint::read(&parts.need(WHAT)?)?;
        let serial = parts.need(WHAT)?.integer("time-stamp serial number")?;
        let gen_time = parts.need(WHAT)?;
        gen_time.kind(ber::GENERALIZED_TIME, "genTime")?;
        let gen_time = gen_time.time("genTime")?;
        let accuracy = match parts.optional(&[SEQUENCE], WHAT)? {
            Some(accuracy) => Some(read_accuracy(&accuracy)?),
            None => None,
        };
        let ordering = match parts.optional(&[ber::BOOLEAN], WHAT)? {
            Some(ordering) => ordering.boolean("time-stamp ordering")?,
            None => false,
        };
        let nonce = match parts.optional(&[ber::INTEGER], WHAT)? {
            Some(nonce) => Some(nonce.integer("time-stamp nonce")?),
            None => None,
        };
        let authority = match parts.optional(&[ber::context_constructed(0)], WHAT)? {
            Some(name) => Some(general_name_text(&name.explicit("name of the authority")?)),
            None => None,
        };
        if let Some(extensions) = parts.optional(&[ber::context_constructed(1)], WHAT)? {
            refuse_critical(&extensions)?;
        }
        parts.end(WHAT)?;
        Ok(Self {
            policy,
            imprint,
            serial,
            gen_time,
            accuracy,
            ordering,
            nonce,
            authority,
        })
    }
}

fn read_accuracy(value: &Value<'_>) -> Result<SignedDuration, ParseError> {
    const WHAT: &str = "accuracy";
    let mut parts = value.values();
    let mut of = |tag: u8, most: u64| -> Result<i64, ParseError> {
        let Some(part) = parts.optional(&[tag], WHAT)? else {
            return Ok(0);
        };
        let number = part.retagged(ber::INTEGER).number(WHAT)?;
        // Zero millis or micros are outside of the standard and harmless.
        if number > most {
            return Err(ParseError::new(WHAT, Problem::Value));
        }
        i64::try_from(number).map_err(|_| ParseError::new(WHAT, Problem::Value))
    };
    let seconds = of(ber::INTEGER, u64::from(u32::MAX))?;
    let millis = of(ber::context(0), 999)?;
    let micros = of(ber::context(1), 999)?;
    parts.end(WHAT)?;
    Ok(SignedDuration::from_secs(seconds) + SignedDuration::from_micros(millis * 1000 + micros))
}

fn refuse_critical(extensions: &Value<'_>) -> Result<(), ParseError> {
    const WHAT: &str = "time-stamp extension";
    for extension in extensions.values().all(MAX_PARTS, WHAT)? {
        let mut parts = extension.inside(SEQUENCE, WHAT)?;
        parts.need(WHAT)?.oid(WHAT)?;
        if let Some(critical) = parts.optional(&[ber::BOOLEAN], WHAT)?
            && critical.boolean(WHAT)?
        {
            return Err(ParseError::new(WHAT, Problem::Unknown));
        }
    }
    Ok(())
}

/// A directory name, or the text of a URI, host or mail address.
fn general_name_text(name: &Value<'_>) -> String {
    match name.tag {
        tag if tag == ber::context_constructed(4) => name_text(name.content),
        tag if [1, 2, 6].map(ber::context).contains(&tag) => visible(&String::from_utf8_lossy(name.content)),
        _ => hex::encode(name.raw),
    }
}

/// One signer of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) id: SignerId,
    pub(crate) digest: AlgorithmId,
    pub(crate) attributes: Option<SignedAttributes>,
    pub(crate) algorithm: AlgorithmId,
    pub(crate) signature: Vec<u8>,
}

/// How a token names its signer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignerId {
    IssuerAndSerial { issuer: Vec<u8>, serial: Integer },
    SubjectKeyId(Vec<u8>),
}

impl SignerId {
    pub(crate) fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                *issuer == certificate.issuer && *serial == certificate.serial
            }
            Self::SubjectKeyId(id) => certificate.extensions.subject_key_id.as_ref() == Some(id),
        }
    }
}

/// What is signed besides the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedAttributes {
    /// The encodings that may have been signed: the standard says sorted DER, authorities sign what they send.
    pub(crate) encodings: Vec<Vec<u8>>,
    /// Each attribute with the DER of its values, however they came.
    pub(crate) attributes: Vec<(ObjectIdentifier, Vec<Vec<u8>>)>,
}

impl SignedAttributes {
    fn read(set: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "signed attributes";
        let mut attributes = Vec::new();
        let members = set.values().all(MAX_PARTS, WHAT)?;
        for attribute in &members {
            let mut parts = attribute.inside(SEQUENCE, WHAT)?;
            let oid = parts.need(WHAT)?.oid(WHAT)?;
            let values = parts.need(WHAT)?.inside(SET, WHAT)?.all(MAX_PARTS, WHAT)?;
            parts.end(WHAT)?;
            attributes.push((oid, values.iter().map(canonical).collect::<Result<_, _>>()?));
        }
        let members: Vec<Vec<u8>> = members.iter().map(canonical).collect::<Result<_, _>>()?;
        let mut encodings = vec![der::value(SET, set.content)];
        for other in [der::value(SET, &der::concat(&members)), der::set_of(members)] {
            if !encodings.contains(&other) {
                encodings.push(other);
            }
        }
        Ok(Self {
            encodings,
            attributes,
        })
    }

    /// The one value of the attribute `oid`; none when it is absent, an error when it is there twice.
    pub(crate) fn one(&self, oid: ObjectIdentifier) -> Result<Option<&[u8]>, ParseError> {
        let mut found = self.attributes.iter().filter(|(name, _)| *name == oid);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some((_, values)), None) if values.len() == 1 => Ok(values.first().map(Vec::as_slice)),
            _ => Err(ParseError::new("signed attributes", Problem::TooMany)),
        }
    }
}

/// The DER of a value: definite lengths, whole strings, SETs sorted.
fn canonical(value: &Value<'_>) -> Result<Vec<u8>, ParseError> {
    const WHAT: &str = "signed attributes";
    if value.tag == OCTET_STRING | ber::CONSTRUCTED {
        return Ok(der::octets(&value.octets(WHAT)?));
    }
    if value.tag & ber::CONSTRUCTED == 0 {
        return Ok(der::value(value.tag, value.content));
    }
    let mut members = Vec::new();
    let mut values = value.values();
    while let Some(member) = values.next(WHAT)? {
        members.push(canonical(&member)?);
    }
    Ok(if value.tag == SET {
        der::set_of(members)
    } else {
        der::value(value.tag, &der::concat(&members))
    })
}

/// A token as read, nothing believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    raw: Vec<u8>,
    /// Signed data of GM/T 0010 in place of CMS.
    pub(crate) is_gm: bool,
    /// The bytes that the message digest is about.
    pub(crate) content: Vec<u8>,
    statement: Statement,
    certificates: Vec<Certificate>,
    /// Certificates sent along that could not be read.
    pub(crate) unreadable_certificates: usize,
    pub(crate) signers: Vec<Signer>,
}

impl Token {
    /// Reads a token: a CMS `ContentInfo` with signed data around a `TSTInfo`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(ParseError::new("time-stamp token", Problem::TooLarge));
        }
        Self::read(&Value::only(bytes, "time-stamp token")?)
    }

    pub(crate) fn read(token: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "time-stamp token";
        let mut outer = token.inside(SEQUENCE, WHAT)?;
        let kind = outer.need(WHAT)?.oid(WHAT)?;
        if ![SIGNED_DATA, GM_SIGNED_DATA].contains(&kind) {
            return Err(ParseError::new("content type of the token", Problem::Unknown));
        }
        let signed = outer.need(WHAT)?;
        signed.kind(ber::context_constructed(0), WHAT)?;
        outer.end(WHAT)?;
        let mut parts = signed.explicit(WHAT)?.inside(SEQUENCE, "signed data")?;
        let version = parts.need("signed data")?.number("signed data version")?;
        if !(1..=5).contains(&version) {
            return Err(ParseError::new("signed data version", Problem::Unknown));
        }
        // Which digests were used is said again by each signer.
        parts.need("signed data")?.kind(SET, "signed data digests")?;
        let content = read_content(&parts.need("signed data")?)?;
        let certificates = parts.optional(&[ber::context_constructed(0)], "certificates of the token")?;
        let (certificates, unreadable_certificates) = match certificates {
            Some(set) => read_certificates(&set)?,
            None => (Vec::new(), 0),
        };
        parts.optional(&[ber::context_constructed(1)], "revocation lists of the token")?;
        let signers = parts.need("signers")?.inside(SET, "signers")?;
        let signers = signers.all(MAX_PARTS, "signers")?;
        let signers = signers.iter().map(read_signer).collect::<Result<_, _>>()?;
        parts.end("signed data")?;
        let statement = Statement::from_der(&content)?;
        Ok(Self {
            raw: token.raw.to_vec(),
            is_gm: kind == GM_SIGNED_DATA,
            content,
            statement,
            certificates,
            unreadable_certificates,
            signers,
        })
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// What it says, not to be believed before `verify`.
    pub fn unverified_statement(&self) -> &Statement {
        &self.statement
    }

    /// The certificates that it carries, in its order; none is believed.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}, {})", self.statement.gen_time, self.statement.serial)
    }
}

fn read_content(encapsulated: &Value<'_>) -> Result<Vec<u8>, ParseError> {
    const WHAT: &str = "content of the token";
    let mut parts = encapsulated.inside(SEQUENCE, WHAT)?;
    if parts.need(WHAT)?.oid(WHAT)? != TST_INFO {
        return Err(ParseError::new(WHAT, Problem::Unknown));
    }
    let content = parts.need(WHAT)?;
    content.kind(ber::context_constructed(0), WHAT)?;
    parts.end(WHAT)?;
    Ok(content.explicit(WHAT)?.octets(WHAT)?.into_owned())
}

/// One that cannot be read is counted and left out: it may be a kind that only others need.
fn read_certificates(set: &Value<'_>) -> Result<(Vec<Certificate>, usize), ParseError> {
    let mut certificates = Vec::new();
    let mut unreadable = 0;
    for value in set.values().all(MAX_CERTIFICATES, "certificates of the token")? {
        match Certificate::from_der(value.raw) {
            Ok(certificate) => certificates.push(certificate),
            Err(_) => unreadable += 1,
        }
    }
    Ok((certificates, unreadable))
}

fn read_signer(signer: &Value<'_>) -> Result<Signer, ParseError> {
    const WHAT: &str = "signer";
    let mut parts = signer.inside(SEQUENCE, WHAT)?;
    let version = parts.need(WHAT)?.number("signer version")?;
    if version != 1 && version != 3 {
        return Err(ParseError::new("signer version", Problem::Unknown));
    }
    let id = parts.need(WHAT)?;
    let id = if id.tag == SEQUENCE {
        let mut parts = id.values();
        let issuer = parts.need("signer id")?;
        let serial = parts.need("signer id")?.integer("signer id")?;
        parts.end("signer id")?;
        SignerId::IssuerAndSerial {
            issuer: issuer.raw.to_vec(),
            serial,
        }
    } else {
        SignerId::SubjectKeyId(id.string(ber::context(0), "signer id")?.into_owned())
    };
    let digest = AlgorithmId::read(&parts.need(WHAT)?, "signer digest")?;
    let attributes = match parts.optional(&[ber::context_constructed(0)], "signed attributes")? {
        Some(set) => Some(SignedAttributes::read(&set)?),
        None => None,
    };
    let algorithm = AlgorithmId::read(&parts.need(WHAT)?, "signature algorithm")?;
    let signature = parts.need(WHAT)?.octets("signature")?.into_owned();
    // Nobody signed the unsigned attributes; nothing is concluded from them.
    parts.optional(&[ber::context_constructed(1)], "unsigned attributes")?;
    parts.end(WHAT)?;
    Ok(Signer {
        id,
        digest,
        attributes,
        algorithm,
        signature,
    })
}

/// How a signing-certificate attribute names the signer: the digest of its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateId {
    /// None when the algorithm is not known here.
    pub(crate) algorithm: Option<DigestAlgorithm>,
    pub(crate) digest: Vec<u8>,
}

impl CertificateId {
    /// The first id of a `SigningCertificate` (RFC 2634) or `SigningCertificateV2` (RFC 5035): the signer's.
    pub(crate) fn first(attribute: &[u8], is_v2: bool) -> Result<Self, ParseError> {
        const WHAT: &str = "signing certificate attribute";
        let mut outer = Value::only(attribute, WHAT)?.inside(SEQUENCE, WHAT)?;
        let mut ids = outer.need(WHAT)?.inside(SEQUENCE, WHAT)?;
        let mut id = ids.need(WHAT)?.inside(SEQUENCE, WHAT)?;
        let algorithm = match id.optional(&[SEQUENCE], WHAT)? {
            Some(algorithm) if is_v2 => AlgorithmId::read(&algorithm, WHAT)?.digest(),
            Some(_) => return Err(ParseError::new(WHAT, Problem::Kind)),
            None if is_v2 => Some(DigestAlgorithm::Sha256),
            None => Some(DigestAlgorithm::Sha1),
        };
        let digest = id.need(WHAT)?.octets(WHAT)?.into_owned();
        // Issuer and serial number may follow; the digest already names one certificate.
        Ok(Self { algorithm, digest })
    }
}
