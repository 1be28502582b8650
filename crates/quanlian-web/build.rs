//! Compiles the pages in anew when they were built anew; says so when they were not built at all.
//!
//! Builds nothing and asks no network: `cargo xtask` builds the pages.

fn main() {
    let built = "../../web/dist";
    println!("cargo::rerun-if-changed={built}");
    if !std::fs::exists(format!("{built}/index.html")).unwrap_or(false) {
        println!("cargo::warning=the pages are not built (`cargo xtask web`); the program will say so at /");
    }
}
