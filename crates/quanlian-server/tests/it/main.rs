//! Tests of the gate from outside, as the routes of the platform use it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod api;
mod permission;
mod sign_in;
