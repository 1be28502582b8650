//! Rebuilds the crate when a procedure file changes: `include_dir!` alone does not watch the folder.

fn main() {
    println!("cargo::rerun-if-changed=../../procedures");
}
