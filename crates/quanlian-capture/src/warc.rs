//! WARC 1.1 (ISO 28500:2017): the file that holds what was sent and received, byte for byte.
//!
//! In:  heads, bodies and what is known about them.
//! Out: one gzip member a record, with digests of block and payload on every record.
//!
//! Invariant: digests are taken while the bytes arrive, never from a second reading. The payload of an HTTP record is
//! what follows the head as it crossed the wire, chunk lines included: that is what other tools recompute.
//!
//! Not here: which records a capture makes (`record`).
//!
//! | module | holds |
//! |---|---|
//! | [`spool`] | a block on its way into a file |
//! | [`write`] | the writer |
//! | [`read`] | the bounded reader and checker |

pub mod read;
pub mod spool;
pub mod write;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// About the file.
    WarcInfo,
    /// What was sent.
    Request,
    /// What was received.
    Response,
    /// Something made or looked up by this program: a picture, an answer of the resolver.
    Resource,
    /// About other records.
    Metadata,
}

impl RecordKind {
    /// The value of `WARC-Type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::WarcInfo => "warcinfo",
            Self::Request => "request",
            Self::Response => "response",
            Self::Resource => "resource",
            Self::Metadata => "metadata",
        }
    }
}

/// Why a block is not whole (`WARC-Truncated`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncated {
    /// A limit on bytes.
    Length,
    /// A limit on time.
    Time,
    /// One side went away.
    Disconnect,
    /// For another reason, told in the result: cancelled, withheld.
    Unspecified,
}

impl Truncated {
    /// The value of `WARC-Truncated`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Time => "time",
            Self::Disconnect => "disconnect",
            Self::Unspecified => "unspecified",
        }
    }
}
