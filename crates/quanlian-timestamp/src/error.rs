//! Why foreign bytes cannot be read.
//!
//! In:  what was being read, and what is wrong with it.
//! Out: [`ParseError`], the one error of every parser of this crate.
//!
//! Not here: whether what was read holds (`verify`).

/// What was being read and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {what}: {problem}")]
pub struct ParseError {
    /// The part, in English: `certificate validity`.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// They end too early.
    #[error("the bytes end too early")]
    Truncated,
    /// More bytes than this program reads.
    #[error("it is larger than this program reads")]
    TooLarge,
    /// Values inside values inside values, beyond [`crate::ber::MAX_DEPTH`].
    #[error("it is nested too deeply")]
    TooDeep,
    /// More items than this program reads.
    #[error("it has more items than this program reads")]
    TooMany,
    /// A tag of a form that no time-stamp uses.
    #[error("a tag is not of a form that time-stamps use")]
    Tag,
    /// A length that says nothing.
    #[error("a length is not valid")]
    Length,
    /// Another kind of value stands there.
    #[error("another kind of value stands there")]
    Kind,
    /// The value is outside of what its type allows.
    #[error("the value is not allowed")]
    Value,
    /// Something that must be there is not.
    #[error("it is not there")]
    Missing,
    /// Something stands behind the end.
    #[error("something stands behind its end")]
    Trailing,
    /// A version or an extension that must be understood and is not.
    #[error("it needs something that this program does not know")]
    Unknown,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, problem: Problem) -> Self {
        Self { what, problem }
    }

    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::Truncated => "asn1_truncated",
            Problem::TooLarge => "asn1_too_large",
            Problem::TooDeep => "asn1_too_deep",
            Problem::TooMany => "asn1_too_many",
            Problem::Tag => "asn1_tag",
            Problem::Length => "asn1_length",
            Problem::Kind => "asn1_kind",
            Problem::Value => "asn1_value",
            Problem::Missing => "asn1_missing",
            Problem::Trailing => "asn1_trailing",
            Problem::Unknown => "asn1_unknown",
        }
    }
}
