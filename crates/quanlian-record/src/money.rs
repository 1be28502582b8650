//! Money: whole fen, never a float.
//!
//! In:  what people and files write (`72000`, `7.2万元`, `¥1,234.50`).
//! Out: [`Fen`].
//!
//! Invariant: parsing never rounds. An amount with a fraction of a fen is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in fen (分), one hundredth of a yuan (元).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Not a number, or with signs that no amount has.
    #[error("`{0}` is not an amount of money (write 72000, 72,000.50 or 7.2万)")]
    NotAnAmount(String),
    /// Smaller than one fen; rounding would change the amount.
    #[error("`{0}` has a fraction of a fen")]
    FractionOfFen(String),
    /// Beyond the range of 64 bits.
    #[error("`{0}` is too large an amount")]
    TooLarge(String),
}

impl Fen {
    /// Whole yuan as fen, or `None` where 64 bits do not hold it.
    pub fn from_yuan(yuan: i64) -> Option<Self> {
        yuan.checked_mul(100).map(Self)
    }

    /// Reads an amount in yuan as people write it.
    ///
    /// Takes thousands commas, a leading `¥`/`￥`/`RMB`/`CNY`, a trailing `元`,
    /// and the multipliers `万` (10,000) and `亿` (100,000,000).
    ///
    /// ```
    /// # use quanlian_record::money::Fen;
    /// assert_eq!(Fen::parse_yuan("7.2万元").unwrap(), Fen(7_200_000));
    /// assert!(Fen::parse_yuan("0.005").is_err());
    /// ```
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let not_an_amount = || MoneyError::NotAnAmount(text.to_owned());
        let mut rest = text.trim();
        for prefix in ["¥", "￥", "RMB", "CNY", "人民币"] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
        }
        rest = rest.strip_suffix('元').unwrap_or(rest).trim_end();
        let (rest, scale) = match rest.char_indices().last() {
            Some((at, '万' | '萬')) => (rest[..at].trim_end(), 1_000_000_i128),
            Some((at, '亿' | '億')) => (rest[..at].trim_end(), 10_000_000_000),
            _ => (rest, 100),
        };
        let (negative, digits) = match rest.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, rest),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = without_thousands_commas(whole).ok_or_else(not_an_amount)?;
        if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) || digits.ends_with('.') {
            return Err(not_an_amount());
        }
        if whole.len() > 18 || fraction.len() > 18 {
            return Err(MoneyError::TooLarge(text.to_owned()));
        }
        let units: i128 = format!("{whole}{fraction}")
            .parse()
            .map_err(|_| not_an_amount())?;
        let divisor = 10_i128.pow(fraction.len() as u32);
        let scaled = units
            .checked_mul(scale)
            .ok_or_else(|| MoneyError::TooLarge(text.to_owned()))?;
        if scaled % divisor != 0 {
            return Err(MoneyError::FractionOfFen(text.to_owned()));
        }
        let fen = if negative {
            -(scaled / divisor)
        } else {
            scaled / divisor
        };
        i64::try_from(fen)
            .map(Self)
            .map_err(|_| MoneyError::TooLarge(text.to_owned()))
    }

    /// The amount in yuan with thousands commas and two decimals: `72,000.00`.
    pub fn to_yuan_string(self) -> String {
        let magnitude = self.0.unsigned_abs();
        let yuan = (magnitude / 100).to_string();
        let mut grouped = String::new();
        for (i, digit) in yuan.chars().enumerate() {
            if i > 0 && (yuan.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{grouped}.{:02}", magnitude % 100)
    }

    /// The sum, or `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 元", self.to_yuan_string())
    }
}

/// The digits without their commas, or `None` where a comma does not part thousands.
fn without_thousands_commas(whole: &str) -> Option<String> {
    let mut groups = whole.split([',', '，']);
    let first = groups.next()?;
    let mut digits = first.to_owned();
    let mut grouped = false;
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        grouped = true;
        digits.push_str(group);
    }
    let valid = digits.bytes().all(|b| b.is_ascii_digit()) && !(grouped && digits.is_empty());
    valid.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, then: Result<i64, &str>) {
        let got = Fen::parse_yuan(text).map(|fen| fen.0).map_err(|e| e.to_string());
        assert_eq!(got, then.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        check("72000", Ok(7_200_000));
        check(" 72,000.50 元", Ok(7_200_050));
        check("7.2万", Ok(7_200_000));
        check("￥1.5亿元", Ok(15_000_000_000));
        check("-3", Ok(-300));
    }

    #[test]
    fn what_is_not_an_amount_is_refused_with_the_way_out() {
        let hint = |t: &str| format!("`{t}` is not an amount of money (write 72000, 72,000.50 or 7.2万)");
        for text in ["", "abc", "1,2", "1.", "七万", "1e5", "--3", ".5", "NaN"] {
            check(text, Err(&hint(text)));
        }
        check("0.001", Err("`0.001` has a fraction of a fen"));
        check(
            "99999999999999999999",
            Err("`99999999999999999999` is too large an amount"),
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(fen in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            prop_assert_eq!(Fen::parse_yuan(&Fen(fen).to_yuan_string()).unwrap(), Fen(fen));
        }
    }
}
