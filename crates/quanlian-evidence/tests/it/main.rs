//! Whole ways through the crate: deposit, bundle, and what others make of the bundle.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod acts;
mod attested;
mod bagit;
mod browser;
mod custody;
mod erasure;
mod hostile;
mod shell;
mod support;
mod tamper;
mod vault;
