//! Rebuilds the crate when a law file changes: `include_dir!` alone does not watch the folder.

#[expect(clippy::print_stdout, reason = "the protocol between a build script and Cargo")]
fn main() {
    println!("cargo::rerun-if-changed=../../law");
}
