//! The answer of an authority (RFC 3161 §2.4.2): granted with a token, or refused with a reason.
//!
//! In:  BER from an authority.
//! Out: [`Response`]; the bytes themselves are kept by whoever read them.
//!
//! Not here: whether the token holds (`verify`).

use crate::{
    ber::{self, OID, SEQUENCE, Value},
    certificate::visible,
    der,
    error::{ParseError, Problem},
    token::{MAX_TOKEN_BYTES, Token},
};

/// The most texts that a status may carry.
const MAX_TEXTS: usize = 16;

/// What an authority answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What it says about the request.
    pub status: Status,
    /// The token, which is there exactly when the request was granted.
    pub token: Option<Token>,
}

/// What an authority says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Granted, or why not.
    pub kind: StatusKind,
    /// Its own words.
    pub texts: Vec<String>,
    /// Which failures it names.
    pub failures: Vec<Failure>,
}

/// `PKIStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusKind {
    /// As asked.
    Granted,
    /// A token, but not quite as asked.
    GrantedWithChanges,
    /// No.
    Rejected,
    /// Later.
    Waiting,
    /// The authority's certificate is about to be revoked.
    RevocationWarning,
    /// The authority's certificate has been revoked.
    Revoked,
}

/// `PKIFailureInfo`, with the bit of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The digest algorithm is not taken.
    BadAlgorithm,
    /// The kind of request is not taken.
    BadRequest,
    /// The bytes could not be read.
    BadDataFormat,
    /// The authority has no time now.
    TimeNotAvailable,
    /// The policy is not offered.
    UnacceptedPolicy,
    /// The extension is not offered.
    UnacceptedExtension,
    /// What was asked besides is not to be had.
    AddInfoNotAvailable,
    /// The authority failed.
    SystemFailure,
}

const FAILURES: [(u32, Failure); 8] = [
    (0, Failure::BadAlgorithm),
    (2, Failure::BadRequest),
    (5, Failure::BadDataFormat),
    (14, Failure::TimeNotAvailable),
    (15, Failure::UnacceptedPolicy),
    (16, Failure::UnacceptedExtension),
    (17, Failure::AddInfoNotAvailable),
    (25, Failure::SystemFailure),
];

impl Failure {
    /// Its name in the standard.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "badAlg",
            Self::BadRequest => "badRequest",
            Self::BadDataFormat => "badDataFormat",
            Self::TimeNotAvailable => "timeNotAvailable",
            Self::UnacceptedPolicy => "unacceptedPolicy",
            Self::UnacceptedExtension => "unacceptedExtension",
            Self::AddInfoNotAvailable => "addInfoNotAvailable",
            Self::SystemFailure => "systemFailure",
        }
    }
}

impl Status {
    /// Whether a token comes with it.
    pub fn is_granted(&self) -> bool {
        matches!(self.kind, StatusKind::Granted | StatusKind::GrantedWithChanges)
    }

    fn read(info: &Value<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "status of the response";
        let mut parts = info.inside(SEQUENCE, WHAT)?;
        let kind = match parts.need(WHAT)?.number(WHAT)? {
            0 => StatusKind::Granted,
            1 => StatusKind::GrantedWithChanges,
            2 => StatusKind::Rejected,
            3 => StatusKind::Waiting,
            4 => StatusKind::RevocationWarning,
            5 => StatusKind::Revoked,
            _ => return Err(ParseError::new(WHAT, Problem::Unknown)),
        };
        let mut texts = Vec::new();
        if let Some(strings) = parts.optional(&[SEQUENCE], WHAT)? {
            for text in strings.values().all(MAX_TEXTS, WHAT)? {
                texts.push(visible(&String::from_utf8_lossy(text.content)));
            }
        }
        let mut failures = Vec::new();
        if let Some(bits) = parts.optional(&[ber::BIT_STRING], WHAT)? {
            let (bytes, _) = bits.bits(WHAT)?;
            let is_set = |bit: u32| {
                let byte = bytes.get(bit as usize / 8).copied().unwrap_or(0);
                byte & (0x80 >> (bit % 8)) != 0
            };
            failures.extend(
                FAILURES
                    .into_iter()
                    .filter(|(bit, _)| is_set(*bit))
                    .map(|(_, f)| f),
            );
        }
        parts.end(WHAT)?;
        Ok(Self {
            kind,
            texts,
            failures,
        })
    }

    /// In words, for a report.
    pub fn describe(&self) -> String {
        let kind = match self.kind {
            StatusKind::Granted => "granted",
            StatusKind::GrantedWithChanges => "granted with changes",
            StatusKind::Rejected => "rejected",
            StatusKind::Waiting => "waiting",
            StatusKind::RevocationWarning => "revocation is imminent",
            StatusKind::Revoked => "revoked",
        };
        let failures = self.failures.iter().map(|failure| failure.name().to_owned());
        let more: Vec<String> = failures.chain(self.texts.iter().cloned()).collect();
        if more.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}: {}", more.join("; "))
        }
    }
}

impl Response {
    /// Reads a response, or a bare token, which counts as granted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        const WHAT: &str = "time-stamp response";
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(ParseError::new(WHAT, Problem::TooLarge));
        }
        let whole = Value::only(bytes, WHAT)?;
        let mut parts = whole.inside(SEQUENCE, WHAT)?;
        let first = parts.need(WHAT)?;
        if first.tag == OID {
            let status = Status {
                kind: StatusKind::Granted,
                texts: Vec::new(),
                failures: Vec::new(),
            };
            let token = Some(Token::read(&whole)?);
            return Ok(Self { status, token });
        }
        let status = Status::read(&first)?;
        let token = match parts.next(WHAT)? {
            Some(token) => Some(Token::read(&token)?),
            None => None,
        };
        parts.end(WHAT)?;
        if status.is_granted() == token.is_some() {
            Ok(Self { status, token })
        } else {
            // Neither a grant without a token nor a refusal with one says anything.
            Err(ParseError::new(WHAT, Problem::Value))
        }
    }
}

/// The DER of a response that grants `token`.
pub(crate) fn granted(token: &[u8]) -> Vec<u8> {
    der::sequence(&[der::sequence(&[der::number(0)]), token.to_vec()])
}

/// The DER of a response that refuses.
pub(crate) fn rejected(failure: Failure, text: &str) -> Vec<u8> {
    let bit = FAILURES
        .iter()
        .find(|(_, f)| *f == failure)
        .map_or(0, |(bit, _)| *bit);
    let mut bytes = vec![0_u8; bit as usize / 8 + 1];
    if let Some(last) = bytes.last_mut() {
        *last = 0x80 >> (bit % 8);
    }
    // DER: bits that do not count are those behind the last that is set.
    let unused = 7 - (bit % 8) as u8;
    let bits = der::value(ber::BIT_STRING, &der::concat(&[&[unused][..], &bytes]));
    let status = [der::number(2), der::sequence(&[der::utf8(text)]), bits];
    der::sequence(&[der::sequence(&status)])
}
