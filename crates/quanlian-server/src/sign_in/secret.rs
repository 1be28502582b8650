//! Secrets that are given out once: session cookies, API tokens, one-time and recovery codes.
//!
//! In:  randomness; later what somebody presents.
//! Out: the text to give out, and the [`Digest`] to keep.
//!
//! | kind | text | randomness |
//! |---|---|---|
//! | session | `qls_` and 43 signs, base64url | 256 bits |
//! | API token | `qlt_`, 43 signs and six more that tell a typing mistake | 256 bits |
//! | code for the first start | five groups of four signs | 100 bits |
//! | code for a mail address | two groups of four signs | 40 bits, for half an hour and five tries |
//! | recovery code | four groups of four signs | 80 bits |
//!
//! Codes are typed by people: their 32 signs leave out those that look alike (Crockford's base 32), and case and hyphens
//! do not count.
//!
//! Invariants: the digest of one kind is never that of another; what is presented is bounded before it is looked at.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The digits of codes, by their value.
const CODE_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// No longer text is looked at.
const MAX_PRESENTED_BYTES: usize = 128;
const TOKEN_BYTES: usize = 32;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session in a browser.
    Session,
    /// A token of a program.
    ApiToken,
    /// The code that the first start prints, for making the first administrator.
    FirstStart,
    /// A code for when the authenticator is lost.
    Recovery,
    /// A code that is sent to a mail address, to see whose it is.
    Mail,
    /// What a browser keeps while it signs in with a provider.
    Flow,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Session => "qls_",
            Self::ApiToken => "qlt_",
            Self::Flow => "qlf_",
            Self::FirstStart | Self::Recovery | Self::Mail => "",
        }
    }

    fn code_groups(self) -> Option<usize> {
        match self {
            Self::Session | Self::ApiToken | Self::Flow => None,
            Self::FirstStart => Some(5),
            Self::Recovery => Some(4),
            Self::Mail => Some(2),
        }
    }

    fn domain(self) -> &'static str {
        match self {
            Self::Session => "quanlian/secret/session/1",
            Self::ApiToken => "quanlian/secret/api-token/1",
            Self::FirstStart => "quanlian/secret/first-start/1",
            Self::Recovery => "quanlian/secret/recovery/1",
            Self::Mail => "quanlian/secret/mail/1",
            Self::Flow => "quanlian/secret/flow/1",
        }
    }
}

/// What is kept of a secret: it finds it, and does not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// A secret as it is given out. Its text is shown once.
pub struct Issued {
    /// The text.
    pub text: Zeroizing<String>,
    /// What is kept.
    pub digest: Digest,
}

/// A new secret from the system's randomness.
///
/// # Panics
/// When the operating system has no randomness to give: nothing sound can be made then.
pub fn fresh(kind: Kind) -> Issued {
    let mut random = Zeroizing::new([0u8; TOKEN_BYTES]);
    getrandom::fill(&mut *random).expect("the operating system gives randomness");
    from_random(kind, &random)
}

fn from_random(kind: Kind, random: &[u8; TOKEN_BYTES]) -> Issued {
    let text = match kind.code_groups() {
        None => {
            let body = Zeroizing::new(URL_SAFE_NO_PAD.encode(random));
            let check = if kind == Kind::ApiToken {
                check_signs(&body)
            } else {
                String::new()
            };
            format!("{}{}{check}", kind.prefix(), *body)
        }
        Some(groups) => {
            let digits: Vec<char> = random[..groups * 4]
                .iter()
                .map(|byte| char::from(CODE_DIGITS[usize::from(byte % 32)]))
                .collect();
            let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
            groups.join("-")
        }
    };
    let text = Zeroizing::new(text);
    let digest = digest_of(kind, &text).expect("what was made here has its shape");
    Issued { text, digest }
}

/// The digest of what somebody presents; `None` when it cannot be a secret of this kind, mistyped for one.
pub fn digest_of(kind: Kind, presented: &str) -> Option<Digest> {
    let presented = presented.trim();
    if presented.len() > MAX_PRESENTED_BYTES {
        return None;
    }
    let body = match kind.code_groups() {
        None => token_body(kind, presented)?,
        Some(groups) => code_body(groups, presented)?,
    };
    let mut hash = Sha256::new();
    hash.update(kind.domain());
    hash.update([0]);
    hash.update(&*body);
    Some(Digest(hash.finalize().into()))
}

fn token_body(kind: Kind, presented: &str) -> Option<Zeroizing<Vec<u8>>> {
    let rest = presented.strip_prefix(kind.prefix())?;
    let body = if kind == Kind::ApiToken {
        let at = rest.len().checked_sub(CHECK_SIGNS)?;
        let (body, check) = rest.split_at_checked(at)?;
        (check == check_signs(body)).then_some(body)?
    } else {
        rest
    };
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).ok()?);
    (bytes.len() == TOKEN_BYTES).then_some(bytes)
}

fn code_body(groups: usize, presented: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(groups * 4));
    for c in presented.chars().filter(|c| !matches!(c, '-' | ' ')) {
        let digit = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = CODE_DIGITS.iter().position(|&known| char::from(known) == digit)?;
        digits.push(value as u8);
    }
    (digits.len() == groups * 4).then_some(digits)
}

const CHECK_SIGNS: usize = 6;

fn check_signs(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut signs = [0; CHECK_SIGNS];
    for sign in signs.iter_mut().rev() {
        *sign = CODE_DIGITS[(rest % 32) as usize];
        rest /= 32;
    }
    signs.iter().map(|&sign| char::from(sign)).collect()
}
