//! Tokens of others read here, our tokens read by others, and both under attack.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod exchange;
mod openssl;
mod quorum;
mod record;
mod support;
mod tamper;
mod vectors;
