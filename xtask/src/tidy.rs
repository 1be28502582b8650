//! Tidy: what no compiler checks and every reader relies on.
//!
//! In:  the files of the repository ([`Tree`]) and cargo's view of the crates.
//! Out: [`Finding`]s, each with the file and what to do; none when all is well.
//!
//! Invariant: every check is a pure function of its input and has a test that shows it can fail. The whole also runs
//! as a test of this crate, so `cargo test` alone finds what `cargo xtask tidy` finds.
//!
//! Not here: whether a law file is right (`quanlian-law` runs its examples), style that rustfmt and clippy know.

mod crates;
mod files;
mod law;
mod messages;
mod sources;
mod tree;

use std::{fmt, path::Path};

use crate::{Stop, metadata};
pub(crate) use tree::Tree;

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, relative to the root.
    pub(crate) file: String,
    /// What is wrong with it, and the way out.
    pub(crate) what: String,
}

impl Finding {
    fn new(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

/// Prints the findings to stdout; 0 when there are none.
pub(crate) fn report(root: &Path) -> Result<u8, Stop> {
    let tree = Tree::read(root)?;
    let findings = check(&tree, &metadata::read(root)?);
    for finding in &findings {
        println!("{finding}");
    }
    eprintln!("tidy: {} files read, {} findings", tree.len(), findings.len());
    Ok(if findings.is_empty() { 0 } else { crate::FAILED })
}

/// Every check, in an order that puts the design before the details.
fn check(tree: &Tree, crates: &metadata::Crates) -> Vec<Finding> {
    let mut findings = crates::graph_equals_the_table(tree, crates);
    findings.extend(crates::xtask_has_nothing_but_std(crates));
    findings.extend(crates::one_integration_test_target(crates));
    findings.extend(crates::dependencies_are_used(tree, crates));
    findings.extend(sources::have_heads(tree));
    findings.extend(sources::fixtures_are_referenced(tree));
    findings.extend(messages::keys_are_equal(tree));
    findings.extend(law::rules_are_complete(tree));
    findings.extend(files::are_small_and_of_known_kinds(tree));
    findings.extend(files::name_no_machine(tree));
    findings.extend(files::use_public_registries(tree));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let root = crate::workspace_root();
        let findings = check(&Tree::read(&root).unwrap(), &metadata::read(&root).unwrap());
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
