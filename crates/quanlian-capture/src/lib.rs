//! Web capture (网页取证): a page as a browser saw it, with every byte that crossed the wire.
//!
//! In:  an address, [`Limits`], what may be reached, a login.
//! Out: a WARC 1.1 with digests on every record, a WACZ, the views of the page, a report ([`capture()`]).
//!
//! Headless Chromium goes through a recording proxy of this process and reaches nothing else. The proxy ends the
//! browser's TLS with a key that lives as long as the capture, looks names up, asks the guard, connects to the address
//! that the guard saw, verifies the server's certificate, and records both directions as they cross the wire.
//!
//! Invariant: what is in the record was sent or received; what was refused, cut or failed is told in the record. Nothing
//! says "trusted" that was not verified.
//!
//! Not here: the vault and the log (`quanlian-evidence`, `quanlian-tlog`): whoever watches a capture is handed the
//! closed WARC ([`Watch::warc_closed`]).
//!
//! | module | holds |
//! |---|---|
//! | [`capture`](mod@capture) | one capture from beginning to end, its report |
//! | [`page`], [`browser`], [`cdp`] | what is done in the page, the process, the protocol between |
//! | [`proxy`], [`tls`], [`http1`] | the recording proxy |
//! | [`guard`], [`resolve`] | what may be reached |
//! | [`record`], [`warc`], [`wacz`] | the files |
//! | [`login`], [`secret`] | how to be let in, and what must not be recorded |
//! | [`limits`] | how much one capture may take |

pub mod browser;
pub mod capture;
pub mod cdp;
pub mod guard;
pub mod http1;
pub mod limits;
pub mod login;
pub mod page;
pub mod proxy;
pub mod record;
pub mod resolve;
pub mod secret;
pub mod tls;
pub mod wacz;
pub mod warc;

pub use capture::{CaptureError, Progress, Report, Request, Stage, Watch, capture};
pub use limits::{LimitHit, Limits};
pub use url::Url;
