//! Passwords: what one must withstand, and the hash that is kept of it.
//!
//! In:  a password as typed, the names that belong to the account.
//! Out: what is weak about it, all at once; an argon2id hash in PHC form; whether a password is the one.
//!
//! A password is measured by how many guesses it withstands (Wheeler 2016, "zxcvbn"), not by which kinds of signs it holds
//! (NIST SP 800-63B §3.1.1.2). Before anything it is brought to one form, so that the same keys on two keyboards give the
//! same password (RFC 8265, OpaqueString: spaces made plain, NFC).
//!
//! Invariants: time and memory of one check are bounded, whatever the stored hash says of itself; a missing account costs
//! the same.
//!
//! Not here: how often somebody may try (`attempts`).

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// No longer password is read: hashing is fast enough that more would only be a way to keep us busy.
pub const MAX_BYTES: usize = 1024;
/// So many signs are measured; what follows makes a password no weaker.
const MEASURED_CHARS: usize = 64;
/// A stored hash that asks for more memory than this is not ours.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 8;

/// What a password of this installation must withstand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// At least so many signs.
    pub min_chars: usize,
    /// At least 10 to the power of so many guesses.
    pub min_guesses_log10: u8,
}

impl Default for Rules {
    /// Twelve signs, chosen here; 10^10 guesses, from which on zxcvbn gives its highest score.
    fn default() -> Self {
        Self {
            min_chars: 12,
            min_guesses_log10: 10,
        }
    }
}

/// What is weak about a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// Fewer signs than asked for.
    TooShort {
        /// So many are asked for.
        min_chars: usize,
    },
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// Holds signs that cannot be typed.
    Unprintable,
    /// Found among the first guesses: a common word, a row of keys, a date, a name of the account.
    Guessable {
        /// So many guesses it withstands, as a power of ten.
        guesses_log10: u8,
    },
}

impl Weakness {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::Unprintable => "password_unprintable",
            Self::Guessable { .. } => "password_guessable",
        }
    }
}

/// Everything that is weak about a password; `names` are those of the account and its agency.
pub fn weaknesses(rules: Rules, password: &str, names: &[&str]) -> Vec<Weakness> {
    if password.len() > MAX_BYTES {
        return vec![Weakness::TooLong];
    }
    let password = one_form(password);
    let mut weak = Vec::new();
    if password.chars().any(char::is_control) {
        weak.push(Weakness::Unprintable);
    }
    let min_chars = rules.min_chars;
    if password.chars().count() < min_chars {
        weak.push(Weakness::TooShort { min_chars });
    }
    let measured: Zeroizing<String> = Zeroizing::new(password.chars().take(MEASURED_CHARS).collect());
    let guesses = zxcvbn::zxcvbn(&measured, names).guesses_log10();
    if guesses < f64::from(rules.min_guesses_log10) {
        weak.push(Weakness::Guessable {
            guesses_log10: guesses.clamp(0.0, 255.0) as u8,
        });
    }
    weak
}

/// How hard the hash is to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// 19 MiB and two passes: what OWASP's sheet on storing passwords asks for at least (2024).
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
        }
    }
}

/// Why a password was not hashed, or a stored hash is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Longer than [`MAX_BYTES`].
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// The cost is outside of what argon2 takes.
    #[error("this cost cannot be used for hashing")]
    Cost,
    /// What is stored for the account is no hash of ours.
    #[error("the stored hash cannot be read; a new password has to be set")]
    Stored,
}

impl PasswordError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "password_too_long",
            Self::Cost => "password_cost",
            Self::Stored => "password_stored_broken",
        }
    }
}

/// The hash to keep, in PHC form. `salt` is fresh randomness.
pub fn hash(password: &str, salt: [u8; 16], cost: Cost) -> Result<String, PasswordError> {
    if password.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    let hashed = hasher(cost)?.hash_password_with_salt(one_form(password).as_bytes(), &salt);
    hashed
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Cost)
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is the password.
    Right {
        /// The hash was made at another cost: make a new one now, while the password is known.
        is_stale: bool,
    },
    /// It is not.
    Wrong,
}

/// Whether `password` is the one that `stored` was made from; without a stored hash, of an account that does not exist
/// or has no password, it is not, and that takes as long.
pub fn check(password: &str, stored: Option<&str>, cost: Cost) -> Result<Tried, PasswordError> {
    if password.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    let Some(stored) = stored else {
        hash(password, [0; 16], cost)?;
        return Ok(Tried::Wrong);
    };
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError::Stored)?;
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Stored)?;
    let is_bounded =
        params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_PASSES && params.p_cost() <= MAX_LANES;
    if !is_bounded || stored.algorithm.as_str() != "argon2id" || stored.hash.is_none() {
        return Err(PasswordError::Stored);
    }
    if hasher(cost)?
        .verify_password(one_form(password).as_bytes(), &stored)
        .is_err()
    {
        return Ok(Tried::Wrong);
    }
    let is_stale = (params.m_cost(), params.t_cost()) != (cost.memory_kib, cost.passes);
    Ok(Tried::Right { is_stale })
}

fn hasher(cost: Cost) -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(|_| PasswordError::Cost)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn one_form(password: &str) -> Zeroizing<String> {
    let plain = password.chars().map(|c| {
        if c.is_whitespace() && c != '\u{200b}' && !c.is_control() {
            ' '
        } else {
            c
        }
    });
    Zeroizing::new(plain.nfc().collect())
}
