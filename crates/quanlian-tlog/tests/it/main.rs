//! The log against published vectors and logs that other programs have written.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod foreign_logs;
mod other_tools;
mod read_by_go;
mod syscalls;
mod vectors;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

/// The folder of shared test material, or `None` with a visible line on stderr.
fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join("data/evidence").join(part);
    if path.is_dir() {
        return Some(path);
    }
    // Not `eprintln!`, which the test harness would keep to itself.
    let _ = writeln!(
        io::stderr(),
        "SKIPPED: {} is not there (set QUANLIAN_SHARED)",
        path.display()
    );
    None
}
