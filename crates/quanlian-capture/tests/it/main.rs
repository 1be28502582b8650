//! Captures of a hostile site that the tests make themselves, and the files that come of them.
//!
//! In:  headless Chromium; Python's `warcio` and `wacz` as second readers. What is absent is named, and its tests end.
//! Out: captures that end within their limits, with records that anybody can check.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is its failure")]
#![expect(
    clippy::print_stderr,
    reason = "what was left out, and what a capture took, must be seen"
)]

mod capture;
mod proxy;
mod second_reader;
mod secure;
mod site;
mod warc;
