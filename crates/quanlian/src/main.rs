//! The command line of quanlian.
fn main() {}
