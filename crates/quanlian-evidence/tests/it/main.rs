//! Whole ways through the crate: deposit, bundle, and what others make of the bundle.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bagit;
mod shell;
mod support;
mod tamper;
mod vault;
