//! Spans: what a trace is told of a request.
//!
//! In:  a request that ended.
//! Out: a [`Span`] for whoever sends traces on ([`Spans`]).
//!
//! Invariant: whoever takes spans neither waits nor fails; what cannot be taken is dropped.
//!
//! Not here: how they are sent (the binary).

use std::{fmt, time::Duration};

/// The id of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub [u8; 16]);

/// The id of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanId(pub [u8; 8]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A request that ended.
#[derive(Debug, Clone)]
pub struct Span {
    /// The trace that it belongs to.
    pub trace: TraceId,
    /// Its id, which is the id of the request too.
    pub id: SpanId,
    /// Whose work it is part of.
    pub parent: Option<SpanId>,
    /// Method and template of the route.
    pub name: String,
    /// When it began, in microseconds since 1970.
    pub begun_us: i64,
    /// How long until the answer began.
    pub took: Duration,
    /// The status of the answer.
    pub status: u16,
    /// The code of the problem, when it was one.
    pub problem: Option<String>,
}

/// Whoever sends spans on.
pub trait Spans: Send + Sync {
    /// A request ended.
    fn ended(&self, span: Span);
}
