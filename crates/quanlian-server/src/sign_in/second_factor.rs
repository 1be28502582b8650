//! The second factor: codes of an authenticator (RFC 6238: six digits, thirty seconds, SHA-1, as every one of them takes).
//!
//! In:  the secret of the account, a code as typed, the time, and the last step of which a code was taken.
//! Out: the step to keep, or why the code is not taken.
//!
//! Invariant: a step is taken once, so that a code which somebody read over a shoulder opens nothing.
//!
//! Not here: how often somebody may try (`attempts`); recovery codes (`secret`).

use quanlian_record::{id::AccountId, time::Timestamp};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::seal::{Seal, SealError, Use};

/// Bytes of a secret (RFC 4226 §4 recommends them).
pub const SECRET_BYTES: usize = 20;
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are taken: clocks of telephones differ, and people type slowly.
const SKEW_STEPS: u16 = 1;

/// A new secret from the system's randomness.
///
/// # Panics
/// When the operating system has no randomness to give.
pub fn fresh_secret() -> Zeroizing<[u8; SECRET_BYTES]> {
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    getrandom::fill(&mut *secret).expect("the operating system gives randomness");
    secret
}

/// A secret as it is kept.
pub(crate) fn sealed(seal: &Seal, account: AccountId, secret: &[u8; SECRET_BYTES]) -> Vec<u8> {
    seal.seal(Use::SecondFactor, account.0.as_bytes(), secret)
}

/// A secret that was kept; also one in plain, as versions before seals kept it.
pub(crate) fn open(
    seal: &Seal,
    account: AccountId,
    kept: &[u8],
) -> Result<Zeroizing<[u8; SECRET_BYTES]>, SealError> {
    if let Ok(plain) = kept.try_into() {
        return Ok(Zeroizing::new(plain));
    }
    let secret = seal.open(Use::SecondFactor, account.0.as_bytes(), kept)?;
    let secret: [u8; SECRET_BYTES] = secret.as_slice().try_into().map_err(|_| SealError::Changed)?;
    Ok(Zeroizing::new(secret))
}

/// What an authenticator reads from a picture: `otpauth://totp/…`. Colons separate parts there and become full stops.
///
/// # Panics
/// When `account` is empty, which no login is.
pub fn enrolment_address(secret: &[u8; SECRET_BYTES], account: &str, installation: &str) -> String {
    let plain = |text: &str| text.replace(':', ".");
    let builder = builder(secret)
        .with_account_name(plain(account))
        .with_issuer(Some(plain(installation)));
    let address = builder.build_noncompliant().to_url();
    address.expect("an account without colons has an address")
}

/// Why a code was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeRefusal {
    /// Not the code of this minute.
    #[error("the code is wrong or too old; is the clock of the device right?")]
    Wrong,
    /// It was used already.
    #[error("this code was used already; wait for the next one")]
    Used,
}

impl CodeRefusal {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wrong => "second_factor_wrong",
            Self::Used => "second_factor_used",
        }
    }
}

/// Takes a code; answers the step to keep as `last_step`.
pub fn take(
    secret: &[u8; SECRET_BYTES],
    code: &str,
    now: Timestamp,
    last_step: Option<u64>,
) -> Result<u64, CodeRefusal> {
    let digits: Zeroizing<String> =
        Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).take(7).collect());
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CodeRefusal::Wrong);
    }
    let seconds = u64::try_from(now.unix_micros() / 1_000_000).unwrap_or(0);
    let step = authenticator(secret)
        .check(&digits, seconds)
        .ok_or(CodeRefusal::Wrong)?;
    if last_step.is_some_and(|last| step <= last) {
        return Err(CodeRefusal::Used);
    }
    Ok(step)
}

fn authenticator(secret: &[u8; SECRET_BYTES]) -> Totp {
    builder(secret).build_noncompliant()
}

fn builder(secret: &[u8; SECRET_BYTES]) -> Builder {
    Builder::new()
        .with_digits(6)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::new(Box::new(*secret)))
}
