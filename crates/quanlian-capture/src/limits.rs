//! How much one capture may take, and which bound was met.
//!
//! In:  nothing.
//! Out: [`Limits`] with defaults, [`LimitHit`] as the result names it.
//!
//! Invariant: every loop and buffer that hostile pages or servers feed has its bound here or in a named constant
//! beside it. A limit that is met is told in the result; it never leaves a record half written.

use serde::{Deserialize, Serialize};

/// The bounds of one capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of requests and responses together, as they cross the network side of the proxy.
    pub total_bytes: u64,
    /// Bytes of one response, head and body.
    pub response_bytes: u64,
    /// Bytes of the body of one request, which is held in memory.
    pub request_body_bytes: u64,
    /// Seconds for loading, scrolling and media together.
    pub seconds: u64,
    /// Seconds for what follows when time is up: pictures of the page, closing the files.
    pub grace_seconds: u64,
    /// Redirects in one chain.
    pub redirects: u32,
    /// Requests in all.
    pub requests: u32,
    /// Screens that `--scroll` moves down in one page.
    pub scroll_steps: u32,
    /// Seconds that one page may take to come to rest.
    pub settle_seconds: u64,
    /// Seconds for a name to be looked up, a connection to be made, a server to begin its answer.
    pub connect_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 2 << 30,
            response_bytes: 512 << 20,
            request_body_bytes: 4 << 20,
            seconds: 300,
            grace_seconds: 30,
            redirects: 10,
            requests: 10_000,
            scroll_steps: 50,
            settle_seconds: 30,
            connect_seconds: 20,
        }
    }
}

/// A bound that was met. The names are part of the result and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitHit {
    /// [`Limits::total_bytes`]: the capture ended.
    TotalBytes,
    /// [`Limits::response_bytes`]: that response is cut, the capture went on.
    ResponseBytes,
    /// [`Limits::request_body_bytes`]: that request was refused.
    RequestBodyBytes,
    /// [`Limits::seconds`]: the capture ended.
    Seconds,
    /// [`Limits::redirects`]: the chain was broken, the capture went on.
    Redirects,
    /// [`Limits::requests`]: the capture ended.
    Requests,
    /// [`Limits::scroll_steps`]: the page is longer than what was scrolled.
    ScrollSteps,
    /// [`Limits::settle_seconds`]: the page was still loading when its picture was taken.
    SettleSeconds,
    /// A picture, document tree or print of the page was larger than this program takes.
    PageSize,
}
