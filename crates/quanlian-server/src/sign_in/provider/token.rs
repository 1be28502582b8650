//! Tokens: what a provider says of somebody, and whether it is the provider that says it (RFC 7519, OpenID Connect Core §3.1.3.7).
//!
//! In:  a token as it came, the keys of the provider (RFC 7517), what is expected, the time.
//! Out: [`Claims`], or why they are not believed.
//!
//! Invariants: pure; the algorithm is one of two that this program names, RS256 and ES256, and fits the kind of the key, so that no token
//! says how it wants to be checked: `none` and HMAC with a public key are no algorithms here; a key that the provider names for
//! something else is not used; clocks may differ by two minutes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quanlian_record::time::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// No longer token is read.
const MAX_TOKEN_BYTES: usize = 16 << 10;
/// A provider has no more keys.
const MAX_KEYS: usize = 64;
/// A subject is no longer (OpenID Connect Core §2).
const MAX_SUBJECT_CHARS: usize = 255;
/// Clocks differ by no more.
const SKEW_S: i64 = 120;
/// A token was made no longer ago.
const MAX_AGE_S: i64 = 3_600;

/// Keys of a provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    keys: Vec<Key>,
}

/// A key; what kinds this program does not know are passed over.
#[derive(Debug, Clone, Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// For which sign-in.
    pub nonce: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Its word for the person.
    pub subject: String,
    /// Their name, where it tells one.
    pub name: Option<String>,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// Not a token.
    #[error("it is no token")]
    Form,
    /// An algorithm that is none here.
    #[error("it is signed in a way that is not taken")]
    Algorithm,
    /// No key of the provider fits.
    #[error("none of the provider's keys fits")]
    Key,
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else made it.
    #[error("another issuer made it")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another client")]
    Audience,
    /// It is for another sign-in.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// It is too old, or not valid yet.
    #[error("its time is over or has not come; are the clocks right?")]
    Time,
    /// It says of nobody.
    #[error("it names nobody")]
    Subject,
}

impl TokenRefusal {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Form => "oidc_token_form",
            Self::Algorithm => "oidc_token_algorithm",
            Self::Key => "oidc_token_key",
            Self::Signature => "oidc_token_signature",
            Self::Issuer => "oidc_token_issuer",
            Self::Audience => "oidc_token_audience",
            Self::Nonce => "oidc_token_nonce",
            Self::Time => "oidc_token_time",
            Self::Subject => "oidc_token_subject",
        }
    }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// What has to be understood, of which this program understands nothing.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Body {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// Checks a token.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, TokenRefusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenRefusal::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Form)?;
    let (head, body) = signed.split_once('.').ok_or(TokenRefusal::Form)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Form);
    let signature = decoded(signature)?;
    let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| TokenRefusal::Form)?;
    if head.crit.is_some() {
        return Err(TokenRefusal::Algorithm);
    }
    verify(&head, keys, signed.as_bytes(), &signature)?;
    // Nothing of the body is read before its signature was right.
    let body: Body = serde_json::from_slice(&decoded(body)?).map_err(|_| TokenRefusal::Form)?;
    believe(body, expected)
}

fn verify(head: &Head, keys: &Keys, signed: &[u8], signature: &[u8]) -> Result<(), TokenRefusal> {
    let kind = match head.alg.as_str() {
        "RS256" => "RSA",
        "ES256" => "EC",
        _ => return Err(TokenRefusal::Algorithm),
    };
    let fits = |key: &&Key| {
        key.kty == kind
            && key.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && key.alg.as_deref().is_none_or(|alg| alg == head.alg)
            && (head.kid.is_none() || head.kid == key.kid)
    };
    let mut fitting = keys.keys.iter().take(MAX_KEYS).filter(fits);
    let key = fitting.next().ok_or(TokenRefusal::Key)?;
    // Without a name of the key there has to be one alone; two keys of one name are no name.
    if fitting.next().is_some() {
        return Err(TokenRefusal::Key);
    }
    let part = |text: &Option<String>| {
        let text = text.as_deref().ok_or(TokenRefusal::Key)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefusal::Key)
    };
    let verified = if kind == "RSA" {
        let components = RsaPublicKeyComponents {
            n: part(&key.n)?,
            e: part(&key.e)?,
        };
        components.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
    } else {
        let (x, y) = (part(&key.x)?, part(&key.y)?);
        if key.crv.as_deref() != Some("P-256") || x.len() != 32 || y.len() != 32 {
            return Err(TokenRefusal::Key);
        }
        let point = [&[4][..], &x, &y].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
    };
    verified.map_err(|_| TokenRefusal::Signature)
}

fn believe(body: Body, expected: &Expected<'_>) -> Result<Claims, TokenRefusal> {
    if body.iss != expected.issuer {
        return Err(TokenRefusal::Issuer);
    }
    let is_for_us = |audience: &String| audience == expected.client_id;
    let (is_named, is_several) = match &body.aud {
        Audience::One(one) => (is_for_us(one), false),
        Audience::Many(many) => (many.iter().any(is_for_us), many.len() > 1),
    };
    let is_party = body.azp.as_ref().map_or(!is_several, is_for_us);
    if !is_named || !is_party {
        return Err(TokenRefusal::Audience);
    }
    if body.nonce.as_deref() != Some(expected.nonce) {
        return Err(TokenRefusal::Nonce);
    }
    let now = expected.now.unix_micros().div_euclid(1_000_000);
    let is_over = body.exp <= now.saturating_sub(SKEW_S);
    let is_early = body.iat > now + SKEW_S || body.nbf.is_some_and(|from| from > now + SKEW_S);
    let is_old = body.iat < now - MAX_AGE_S;
    if is_over || is_early || is_old {
        return Err(TokenRefusal::Time);
    }
    let is_subject = !body.sub.is_empty()
        && body.sub.chars().count() <= MAX_SUBJECT_CHARS
        && !body.sub.chars().any(char::is_control);
    if !is_subject {
        return Err(TokenRefusal::Subject);
    }
    Ok(Claims {
        subject: body.sub,
        name: body.name,
    })
}
