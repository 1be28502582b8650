//! Codes: short words by which agencies, units, people, procedures and stages are named.
//!
//! In:  texts from outside.
//! Out: types that cannot be swapped in a call, and that both databases keep and order alike.

use std::{fmt, str::FromStr};

/// A code is no longer than this.
pub const MAX_CODE_BYTES: usize = 128;

/// A text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a code is 1 to {MAX_CODE_BYTES} bytes without control signs, and without white space at its ends")]
pub struct NotACode;

fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) && text.trim() == text
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(
            /// What [`is_code`] lets through.
            String,
        );

        impl $name {
            /// Checks the text.
            pub fn parse(text: &str) -> Result<Self, NotACode> {
                if is_code(text) { Ok(Self(text.to_owned())) } else { Err(NotACode) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotACode;
            fn from_str(text: &str) -> Result<Self, NotACode> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

codes! {
    /// Any word of a procedure, a request or a worker.
    Code
    /// An agency.
    AgencyCode
    /// A unit of an agency.
    UnitCode
    /// A person of an agency.
    UserCode
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_could_not_keep_is_no_code() {
        for text in [
            "a",
            "市监-执法一处",
            "complaint/intake.v2",
            &"x".repeat(MAX_CODE_BYTES),
        ] {
            assert_eq!(Code::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " a", "a\n", "a\0b", &"x".repeat(MAX_CODE_BYTES + 1)] {
            assert_eq!(Code::parse(text), Err(NotACode), "{text:?}");
        }
    }
}
