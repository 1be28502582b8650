//! X.509 certificates, as far as time-stamping needs them.
//!
//! In:  DER or PEM from outside.
//! Out: [`Certificate`]: names, validity, key, the extensions that decide, and the bytes as they came.
//!
//! Invariant: nothing here is believed; `chain` decides that.
//!
//! Not here: revocation lists, name constraints and policy constraints. A certificate with
//! a critical extension outside of those read here is refused by `chain`.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use const_oid::ObjectIdentifier;
use jiff::Timestamp;

use crate::{
    algorithm::{AlgorithmId, DigestAlgorithm, PublicKey},
    ber::{self, Integer, SEQUENCE, SET, Value, Values},
    error::{ParseError, Problem},
};

/// The largest certificate that is read.
pub const MAX_CERTIFICATE_BYTES: usize = 64 << 10;
/// The most certificates in one token or PEM file.
pub const MAX_CERTIFICATES: usize = 64;
/// The largest PEM file: every certificate of the largest size, in base64.
pub const MAX_PEM_BYTES: usize = MAX_CERTIFICATES * MAX_CERTIFICATE_BYTES * 3 / 2;
/// The most extensions of one certificate, attributes of one name, usages of one key.
const MAX_PARTS: usize = 64;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
pub(crate) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// Critical extensions that change nothing about time-stamping: certificate policies.
const HARMLESS: [ObjectIdentifier; 1] = [ObjectIdentifier::new_unwrap("2.5.29.32")];

pub(crate) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
pub(crate) const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Bits of the key usage extension, first bit first.
pub(crate) const DIGITAL_SIGNATURE: u16 = 1 << 15;
pub(crate) const NON_REPUDIATION: u16 = 1 << 14;
pub(crate) const KEY_CERT_SIGN: u16 = 1 << 10;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A certificate as read, nothing believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    raw: Vec<u8>,
    /// The signed part, as it came.
    pub(crate) signed: Vec<u8>,
    pub(crate) serial: Integer,
    /// Encoding of the name of the issuer.
    pub(crate) issuer: Vec<u8>,
    /// Encoding of the own name.
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) key: PublicKey,
    pub(crate) algorithm: AlgorithmId,
    pub(crate) signature: Vec<u8>,
    pub(crate) extensions: Extensions,
}

/// What the extensions say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<u64>,
    pub(crate) key_usage: Option<u16>,
    pub(crate) extended: Option<ExtendedUsage>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    /// Directory names among the alternative names.
    pub(crate) alternative_names: Vec<Vec<u8>>,
    /// Critical, and not understood here.
    pub(crate) unknown_critical: Option<ObjectIdentifier>,
}

/// The extended key usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtendedUsage {
    pub(crate) critical: bool,
    pub(crate) usages: Vec<ObjectIdentifier>,
}

impl Certificate {
    /// Reads a certificate from its DER.
    pub fn from_der(bytes: &[u8]) -> Result<Self, ParseError> {
        const WHAT: &str = "certificate";
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return Err(ParseError::new(WHAT, Problem::TooLarge));
        }
        let whole = Value::only(bytes, WHAT)?;
        let mut outer = whole.inside(SEQUENCE, WHAT)?;
        let signed = outer.need(WHAT)?;
        let algorithm = AlgorithmId::read(&outer.need(WHAT)?, "certificate signature algorithm")?;
        let signature = outer.need(WHAT)?.whole_bits("certificate signature")?.to_vec();
        outer.end(WHAT)?;

        let mut parts = signed.inside(SEQUENCE, WHAT)?;
        if let Some(version) = parts.optional(&[ber::context_constructed(0)], WHAT)? {
            let version = version
                .explicit("certificate version")?
                .number("certificate version")?;
            if version > 2 {
                return Err(ParseError::new("certificate version", Problem::Unknown));
            }
        }
        let serial = parts.need(WHAT)?.integer("certificate serial number")?;
        let inner = AlgorithmId::read(&parts.need(WHAT)?, "certificate signature algorithm")?;
        if inner != algorithm {
            // RFC 5280 §4.1.1.2: both must be the same; else the outer one, which nobody signed, would decide.
            return Err(ParseError::new("certificate signature algorithm", Problem::Value));
        }
        let issuer = parts.need(WHAT)?;
        issuer.kind(SEQUENCE, "certificate issuer")?;
        let mut validity = parts.need(WHAT)?.inside(SEQUENCE, "certificate validity")?;
        let not_before = validity
            .need("certificate validity")?
            .time("certificate validity")?;
        let not_after = validity
            .need("certificate validity")?
            .time("certificate validity")?;
        validity.end("certificate validity")?;
        let subject = parts.need(WHAT)?;
        subject.kind(SEQUENCE, "certificate subject")?;
        let key = PublicKey::read(&parts.need(WHAT)?)?;
        parts.optional(&[ber::context(1), ber::context_constructed(1)], WHAT)?;
        parts.optional(&[ber::context(2), ber::context_constructed(2)], WHAT)?;
        let extensions = match parts.optional(&[ber::context_constructed(3)], WHAT)? {
            Some(extensions) => Extensions::read(&extensions.explicit("certificate extensions")?)?,
            None => Extensions::default(),
        };
        parts.end(WHAT)?;
        Ok(Self {
            raw: bytes.to_vec(),
            signed: signed.raw.to_vec(),
            serial,
            issuer: issuer.raw.to_vec(),
            subject: subject.raw.to_vec(),
            not_before,
            not_after,
            key,
            algorithm,
            signature,
            extensions,
        })
    }

    /// Reads a file of certificates: PEM, or one in DER, whatever the file is called.
    pub fn from_file(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(BEGIN) => Self::from_pem(text),
            _ => Ok(vec![Self::from_der(bytes)?]),
        }
    }

    /// Reads all certificates of a PEM text; what stands between them is ignored.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, ParseError> {
        const WHAT: &str = "PEM certificate";
        if text.len() > MAX_PEM_BYTES {
            return Err(ParseError::new(WHAT, Problem::TooLarge));
        }
        let mut certificates = Vec::new();
        let mut rest = text;
        while let Some((_, from)) = rest.split_once(BEGIN) {
            let (body, behind) = from
                .split_once(END)
                .ok_or(ParseError::new(WHAT, Problem::Truncated))?;
            if certificates.len() == MAX_CERTIFICATES {
                return Err(ParseError::new(WHAT, Problem::TooMany));
            }
            let encoded: String = body.split_ascii_whitespace().collect();
            let der = STANDARD
                .decode(encoded)
                .map_err(|_| ParseError::new(WHAT, Problem::Value))?;
            certificates.push(Self::from_der(&der)?);
            rest = behind;
        }
        Ok(certificates)
    }

    /// The DER as it came.
    pub fn as_der(&self) -> &[u8] {
        &self.raw
    }

    /// As PEM, with its name and validity above it for people.
    pub fn to_pem(&self) -> String {
        let mut pem = format!(
            "# {}\n# {} to {}\n{BEGIN}\n",
            self.subject_text(),
            self.not_before,
            self.not_after
        );
        let encoded = STANDARD.encode(&self.raw);
        for line in encoded.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str(END);
        pem.push('\n');
        pem
    }

    /// SHA-256 over the DER, in hexadecimal: what people compare.
    pub fn fingerprint(&self) -> String {
        hex::encode(DigestAlgorithm::Sha256.digest(&self.raw))
    }

    /// Whom it names, as text: `CN=…, O=…`.
    pub fn subject_text(&self) -> String {
        name_text(&self.subject)
    }

    /// Who issued it, as text.
    pub fn issuer_text(&self) -> String {
        name_text(&self.issuer)
    }

    /// When it begins and ends.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// Whether it names itself as issuer.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, {})", self.subject_text(), self.serial)
    }
}

impl Extensions {
    fn read(list: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "certificate extensions";
        let mut extensions = Self::default();
        let mut seen = Vec::new();
        for extension in list.inside(SEQUENCE, WHAT)?.all(MAX_PARTS, WHAT)? {
            let mut parts = extension.inside(SEQUENCE, WHAT)?;
            let oid = parts.need(WHAT)?.oid(WHAT)?;
            let critical = match parts.optional(&[ber::BOOLEAN], WHAT)? {
                Some(critical) => critical.boolean(WHAT)?,
                None => false,
            };
            let content = parts.need(WHAT)?.octets(WHAT)?;
            parts.end(WHAT)?;
            if seen.contains(&oid) {
                return Err(ParseError::new(WHAT, Problem::Value));
            }
            seen.push(oid);
            extensions.take(oid, critical, &content)?;
        }
        Ok(extensions)
    }

    fn take(&mut self, oid: ObjectIdentifier, critical: bool, content: &[u8]) -> Result<(), ParseError> {
        match oid {
            BASIC_CONSTRAINTS => {
                const WHAT: &str = "basic constraints";
                let mut parts = Value::only(content, WHAT)?.inside(SEQUENCE, WHAT)?;
                if let Some(ca) = parts.optional(&[ber::BOOLEAN], WHAT)? {
                    self.is_ca = ca.boolean(WHAT)?;
                }
                if let Some(length) = parts.next(WHAT)? {
                    self.path_length = Some(length.number(WHAT)?);
                }
                parts.end(WHAT)?;
            }
            KEY_USAGE => {
                let (bytes, _) = Value::only(content, "key usage")?.bits("key usage")?;
                let bits = bytes.iter().chain([&0, &0]).take(2);
                self.key_usage = Some(bits.fold(0, |bits, byte| bits << 8 | u16::from(*byte)));
            }
            EXTENDED_KEY_USAGE => {
                const WHAT: &str = "extended key usage";
                let usages = Value::only(content, WHAT)?.inside(SEQUENCE, WHAT)?;
                let usages = usages.all(MAX_PARTS, WHAT)?;
                let usages = usages.iter().map(|usage| usage.oid(WHAT));
                self.extended = Some(ExtendedUsage {
                    critical,
                    usages: usages.collect::<Result<_, _>>()?,
                });
            }
            SUBJECT_KEY_ID => {
                let id = Value::only(content, "subject key id")?;
                self.subject_key_id = Some(id.octets("subject key id")?.into_owned());
            }
            ALTERNATIVE_NAME => {
                const WHAT: &str = "alternative names";
                let names = Value::only(content, WHAT)?.inside(SEQUENCE, WHAT)?;
                for name in names.all(MAX_PARTS, WHAT)? {
                    // [4] directoryName, explicit because a Name is a CHOICE.
                    if name.tag == ber::context_constructed(4) {
                        self.alternative_names.push(name.content.to_vec());
                    }
                }
            }
            _ if critical && !HARMLESS.contains(&oid) => {
                self.unknown_critical.get_or_insert(oid);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A name as text, most specific last as it is written; what cannot be read is left out.
pub(crate) fn name_text(name: &[u8]) -> String {
    let mut text = String::new();
    let mut add = |label: &str, value: &str| {
        let gap = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{gap}{label}={value}");
    };
    // A name that cannot be read is shown as far as it could be.
    let _ = each_attribute(name, &mut add);
    text
}

fn each_attribute(name: &[u8], add: &mut dyn FnMut(&str, &str)) -> Result<(), ParseError> {
    const WHAT: &str = "name";
    for relative in Value::only(name, WHAT)?
        .inside(SEQUENCE, WHAT)?
        .all(MAX_PARTS, WHAT)?
    {
        let mut attributes: Values<'_> = relative.inside(SET, WHAT)?;
        while let Some(attribute) = attributes.next(WHAT)? {
            let mut parts = attribute.inside(SEQUENCE, WHAT)?;
            let oid = parts.need(WHAT)?.oid(WHAT)?.to_string();
            let label = match oid.as_str() {
                "2.5.4.3" => "CN",
                "2.5.4.5" => "serialNumber",
                "2.5.4.6" => "C",
                "2.5.4.7" => "L",
                "2.5.4.8" => "ST",
                "2.5.4.10" => "O",
                "2.5.4.11" => "OU",
                "2.5.4.97" => "organizationIdentifier",
                "1.2.840.113549.1.9.1" => "emailAddress",
                other => other,
            };
            add(label, &string_text(&parts.need(WHAT)?));
        }
    }
    Ok(())
}

/// Text without control signs, so that a certificate cannot steer a terminal or a page.
fn string_text(value: &Value<'_>) -> String {
    let text = match value.tag {
        ber::UTF8_STRING | ber::PRINTABLE_STRING | ber::IA5_STRING => {
            String::from_utf8_lossy(value.content).into_owned()
        }
        // Whatever the standard says, what is found there is Latin-1.
        ber::TELETEX_STRING => value.content.iter().map(|byte| char::from(*byte)).collect(),
        ber::BMP_STRING => {
            let units: Vec<u16> = value
                .content
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => hex::encode(value.content),
    };
    visible(&text)
}

/// `text` with control signs and direction marks made visible.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}
