//! Whole ways through the crate: deposit, bundle, and what others make of the bundle.

mod shell;
mod support;
mod tamper;
mod vault;
