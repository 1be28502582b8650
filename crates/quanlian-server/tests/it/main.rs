//! Tests of the gate from outside, as the routes of the platform use it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail by panicking, and says what it skipped"
)]

mod api;
mod permission;
mod sign_in;
