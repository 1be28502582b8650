//! Identifiers of people and organisations, with their check digits.
//!
//! In:  what somebody typed: full-width signs, spaces and small letters included.
//! Out: [`Identifier`] in its one written form, and whether its check digit is right.
//!
//! Invariant: a right check digit says that the number was not mistyped; that the person or organisation exists, it does not say.
//!
//! Sources: GB 32100-2015 (统一社会信用代码), GB 11643-1999 with ISO 7064 MOD 11-2 (公民身份号码).

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// No identifier is longer, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 64;

/// The signs of a unified social credit code, by value.
const CREDIT_SIGNS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const CREDIT_WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const RESIDENT_WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_SIGNS: &[u8; 11] = b"10X98765432";

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// 统一社会信用代码, 18 signs.
    CreditCode,
    /// 公民身份号码, 18 signs.
    ResidentId,
    /// 护照.
    Passport,
    /// Any other paper, number as it stands.
    Other,
}

impl IdentifierKind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::CreditCode, Self::ResidentId, Self::Passport, Self::Other];
}

/// A number that names somebody.
///
/// ```
/// use quanlian_record::identifier::{Identifier, IdentifierKind};
///
/// let code = Identifier::parse(IdentifierKind::CreditCode, " ９１44 0300 7084 6113 6t ").unwrap();
/// assert_eq!(code.number(), "91440300708461136T");
/// assert_eq!(code.is_right(), Some(true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    kind: IdentifierKind,
    number: String,
}

/// A text is no identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an identifier is 1 to {MAX_IDENTIFIER_BYTES} letters, digits and `-`")]
pub struct NotAnIdentifier;

impl Identifier {
    /// Reads what was typed. Whether its check digit is right is asked of [`Identifier::is_right`]: papers with a wrong one
    /// are shown too, and are then recorded as they are.
    pub fn parse(kind: IdentifierKind, text: &str) -> Result<Self, NotAnIdentifier> {
        let number: String = text
            .chars()
            .filter(|sign| !sign.is_whitespace())
            .map(narrow)
            .collect();
        let is_written = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '(' | ')' | '/' | '.');
        if number.is_empty() || number.len() > MAX_IDENTIFIER_BYTES || !number.chars().all(is_written) {
            return Err(NotAnIdentifier);
        }
        Ok(Self { kind, number })
    }

    /// Its kind.
    pub fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// Its one written form.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// Whether its check digit is right (and the day of birth in it is one); `None` where the kind has none.
    pub fn is_right(&self) -> Option<bool> {
        match self.kind {
            IdentifierKind::CreditCode => Some(is_credit_code(&self.number)),
            IdentifierKind::ResidentId => Some(is_resident_id(&self.number)),
            IdentifierKind::Passport | IdentifierKind::Other => None,
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}

/// Full-width signs as Chinese keyboards give them, and small letters, in the form of the paper.
fn narrow(sign: char) -> char {
    match sign {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).unwrap_or(sign),
        sign => sign,
    }
    .to_ascii_uppercase()
}

/// Whether a text is a unified social credit code (统一社会信用代码) with its right check digit.
///
/// GB 32100-2015: the last sign makes the weighted sum divisible by 31.
pub fn is_credit_code(text: &str) -> bool {
    let value = |sign: u8| CREDIT_SIGNS.iter().position(|known| *known == sign);
    let Some(values) = text.bytes().map(value).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let sum: usize = values
        .iter()
        .zip(CREDIT_WEIGHTS)
        .map(|(value, weight)| value * weight)
        .sum();
    values.len() == 18 && values[17] == (31 - sum % 31) % 31
}

/// Whether a text is an 18-digit citizen's number with a day of birth and its right check digit.
fn is_resident_id(text: &str) -> bool {
    let signs = text.as_bytes();
    if signs.len() != 18 || !signs[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = |from: usize, until: usize| text[from..until].parse::<i16>().unwrap_or(-1);
    let (month, day) = (number(10, 12), number(12, 14));
    let part = |value: i16| i8::try_from(value).unwrap_or(-1);
    if Date::new(number(6, 10), part(month), part(day)).is_err() {
        return false;
    }
    let sum: usize = signs
        .iter()
        .zip(RESIDENT_WEIGHTS)
        .map(|(sign, weight)| usize::from(sign - b'0') * weight)
        .sum();
    signs[17] == RESIDENT_SIGNS[sum % 11]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_right(kind: IdentifierKind, text: &str) -> Option<bool> {
        Identifier::parse(kind, text).unwrap().is_right()
    }

    #[test]
    fn every_single_wrong_sign_is_found() {
        // The number of the example in GB 11643-1999.
        for (kind, right, signs) in [
            (IdentifierKind::ResidentId, "11010519491231002X", "0123456789X"),
            (
                IdentifierKind::CreditCode,
                "91440300708461136T",
                "0123456789ABCDEFGHJKLMNPQRTUWXY",
            ),
        ] {
            assert_eq!(is_right(kind, right), Some(true));
            for place in 0..right.len() {
                for sign in signs.chars().filter(|sign| !right[place..].starts_with(*sign)) {
                    let wrong = format!("{}{sign}{}", &right[..place], &right[place + 1..]);
                    assert_eq!(is_right(kind, &wrong), Some(false), "{wrong}");
                }
            }
        }
    }

    #[test]
    fn days_that_never_were_are_found_whatever_the_check_digit() {
        let with = |day: &str| {
            let first = format!("110105{day}002");
            RESIDENT_SIGNS.iter().any(|last| {
                is_right(
                    IdentifierKind::ResidentId,
                    &format!("{first}{}", char::from(*last)),
                ) == Some(true)
            })
        };
        assert!(with("20000229"));
        assert!(!with("19000229") && !with("20001301") && !with("20000100"));
    }

    #[test]
    fn other_papers_have_no_check_and_nothing_passes_for_a_number() {
        assert_eq!(is_right(IdentifierKind::Passport, "e12345678"), None);
        assert_eq!(
            is_right(IdentifierKind::ResidentId, "1101051949123100２X"),
            Some(true),
            "as a Chinese keyboard gives it"
        );
        assert_eq!(
            is_right(IdentifierKind::CreditCode, "91440300708461136"),
            Some(false)
        );
        assert_eq!(is_right(IdentifierKind::Other, "沪ICP备05001-2"), None);
        for text in ["", "  ", "<b>", "1;2", &"9".repeat(65), "a\u{202e}b"] {
            assert!(
                Identifier::parse(IdentifierKind::Other, text).is_err(),
                "{text:?}"
            );
        }
    }
}
