//! A rule file: the rule book with one of its files replaced.
//!
//! In:  any text.
//! Out: no panic; what loads passes its own check and can be shown and compared.

#![no_main]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use libfuzzer_sys::fuzz_target;
use quanlian_fuzz::scratch;
use quanlian_law::{Language, RuleBook};

/// The words that all rules share, without the rules.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../law");
        let folder = scratch().join("law");
        fs::create_dir_all(folder.join("cn")).expect("a folder");
        for entry in fs::read_dir(own).expect("the law is there") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
        folder
    })
}

fuzz_target!(|text: &str| {
    let folder = folder();
    fs::write(folder.join("cn/fuzzed.toml"), text).expect("the folder takes it");
    let Ok(book) = RuleBook::from_dir(folder) else {
        return;
    };
    let _ = book.check();
    let _ = book.unverified();
    for line in book.list() {
        let rule = book.show(&line.id).expect("what is listed is there");
        let _ = book.render_rule(rule, None, Language::Zh);
    }
});
