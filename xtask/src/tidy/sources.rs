//! The sources: every file says what it is, and no test file lies about unused.
//!
//! In:  the tree.
//! Out: findings.

use super::{
    Finding, Tree,
    tree::{ending, is_below},
};

/// A module head must begin within this many lines; attributes and a blank line may stand before it.
const HEAD_LINES: usize = 5;

/// Every Rust file has a `//!` head.
pub(super) fn have_heads(tree: &Tree) -> Vec<Finding> {
    let headless = tree.sources("").filter(|(_, text)| !has_head(text));
    headless
        .map(|(path, _)| Finding::new(path, "has no `//!` head that says what it is"))
        .collect()
}

fn has_head(text: &str) -> bool {
    let mut heads = text
        .lines()
        .take(HEAD_LINES)
        .filter_map(|line| line.strip_prefix("//!"));
    heads.any(|head| !head.trim().is_empty())
}

/// Every file beside the tests of a crate (a snapshot, a fixture) is named by a source of that crate, itself or by
/// its folder.
pub(super) fn fixtures_are_referenced(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let beside = |path: &str| path.starts_with("crates/") && ending(path) != "rs";
    for (path, _) in tree.entries().filter(|(path, _)| beside(path)) {
        let Some((folder, rest)) = path.split_once("/tests/") else {
            continue;
        };
        let mut parts = rest.rsplit('/');
        let name = parts.next().unwrap_or(rest);
        let parent = parts.next().filter(|parent| *parent != "it");
        let is_named = |text: &str| text.contains(name) || parent.is_some_and(|parent| text.contains(parent));
        let sources = tree
            .sources(folder)
            .filter(|(source, _)| is_below(source, folder));
        if !sources.map(|(_, text)| text).any(is_named) {
            findings.push(Finding::new(
                path,
                "no source of its crate names this file; remove it",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        let tree = Tree::of(&[
            ("a.rs", "//! Says what it is.\n"),
            ("b.rs", "#![allow(x)]\n\n//! Late, but there.\n"),
            ("c.rs", "// Not a head.\nfn f() {}\n"),
            ("d.rs", "\n\n\n\n\n//! Too late.\n"),
            ("e.rs", "//!\n"),
            ("f.md", "no head needed"),
        ]);
        let found: Vec<String> = have_heads(&tree)
            .into_iter()
            .map(|finding| finding.file)
            .collect();
        assert_eq!(found, ["c.rs", "d.rs", "e.rs"]);
    }

    #[test]
    fn a_fixture_that_no_source_names_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! A.\n"),
            (
                "crates/a/tests/it/main.rs",
                "include_str!(\"page.json\"); read(\"vectors\");",
            ),
            ("crates/a/tests/it/page.json", "{}"),
            ("crates/a/tests/it/vectors/one.txt", "1"),
            ("crates/a/tests/it/left.json", "{}"),
        ]);
        let found: Vec<String> = fixtures_are_referenced(&tree)
            .into_iter()
            .map(|finding| finding.file)
            .collect();
        assert_eq!(found, ["crates/a/tests/it/left.json"]);
    }
}
