//! The crates: who may use whom, and that they use what they ask for.
//!
//! In:  the table under `## Crates` in `ARCHITECTURE.md`, cargo's view, the sources.
//! Out: a finding for each difference.
//!
//! The table's rows are `` | `quanlian-x` | what it holds | record, tlog | ``; the last cell names crates without
//! their `quanlian-`, or is `–`. Dependencies of every kind count, those of tests too.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Tree};
use crate::metadata::Crates;

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const PREFIX: &str = "quanlian-";

/// The graph of the crates under `crates/` is the one in the table, arrow by arrow.
pub(super) fn graph_equals_the_table(tree: &Tree, crates: &Crates) -> Vec<Finding> {
    let Some(text) = tree.text(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, "is missing")];
    };
    let table = match table(text) {
        Ok(table) => table,
        Err(what) => return vec![Finding::new(ARCHITECTURE, what)],
    };
    let mut findings = Vec::new();
    for (name, entry) in crates
        .iter()
        .filter(|(_, entry)| entry.folder.starts_with("crates/"))
    {
        let Some(allowed) = table.get(name) else {
            findings.push(Finding::new(
                ARCHITECTURE,
                format!("the table has no row for `{name}`"),
            ));
            continue;
        };
        let manifest = format!("{}/Cargo.toml", entry.folder);
        let used: BTreeSet<&String> = entry
            .dependencies
            .iter()
            .filter(|dependency| crates.contains_key(*dependency))
            .collect();
        for arrow in used.iter().filter(|dependency| !allowed.contains(**dependency)) {
            let what = format!("uses `{arrow}`, which the table in {ARCHITECTURE} does not allow");
            findings.push(Finding::new(&manifest, what));
        }
        for arrow in allowed.iter().filter(|dependency| !used.contains(dependency)) {
            let what = format!("the table lets `{name}` use `{arrow}`, but it does not");
            findings.push(Finding::new(ARCHITECTURE, what));
        }
    }
    for name in table.keys().filter(|name| !crates.contains_key(*name)) {
        findings.push(Finding::new(
            ARCHITECTURE,
            format!("the table names `{name}`, which does not exist"),
        ));
    }
    findings
}

/// The rows under `## Crates`: crate and what it may use, in full names.
fn table(text: &str) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let section = text
        .lines()
        .skip_while(|line| line.trim_end() != "## Crates")
        .skip(1);
    let rows = section
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'));
    let mut table = BTreeMap::new();
    // The first two lines are the heads of the columns and the rule below them.
    for row in rows.skip(2) {
        let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, uses] = cells[..] else {
            return Err(format!("a row of the table has not three cells: {row}"));
        };
        let uses = match uses {
            "–" => BTreeSet::new(),
            uses => uses
                .split(',')
                .map(|short| format!("{PREFIX}{}", bare(short)))
                .collect(),
        };
        if table.insert(bare(name).to_owned(), uses).is_some() {
            return Err(format!("the table has two rows for {name}"));
        }
    }
    if table.is_empty() {
        Err("has no table under `## Crates`".into())
    } else {
        Ok(table)
    }
}

fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('`')
}

/// This crate must build on a machine that has nothing else.
pub(super) fn xtask_has_nothing_but_std(crates: &Crates) -> Vec<Finding> {
    let dependencies = crates.get("xtask").map(|entry| &entry.dependencies);
    dependencies
        .into_iter()
        .flatten()
        .map(|name| {
            Finding::new(
                "xtask/Cargo.toml",
                format!("depends on `{name}`; xtask uses nothing but std"),
            )
        })
        .collect()
}

/// Each integration test target is one more program to link; one is enough (`tests/it/main.rs`).
pub(super) fn one_integration_test_target(crates: &Crates) -> Vec<Finding> {
    let many = crates.values().filter(|entry| entry.test_targets.len() > 1);
    many.map(|entry| {
        let targets = entry.test_targets.join(", ");
        let what = format!(
            "has several integration test targets ({targets}); make them modules of tests/it/main.rs"
        );
        Finding::new(format!("{}/Cargo.toml", entry.folder), what)
    })
    .collect()
}

/// Every dependency occurs by name in the sources of its crate.
pub(super) fn dependencies_are_used(tree: &Tree, crates: &Crates) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in crates.values() {
        let words: BTreeSet<&str> = tree
            .sources(&entry.folder)
            .flat_map(|(_, text)| words(text))
            .collect();
        for dependency in &entry.dependencies {
            if !words.contains(dependency.replace('-', "_").as_str()) {
                let what = format!("`{dependency}` is not used in the sources; remove it");
                findings.push(Finding::new(format!("{}/Cargo.toml", entry.folder), what));
            }
        }
    }
    findings
}

/// The identifiers of a source; lines that are comments as a whole do not count.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Crate;

    const TABLE: &str = "# A\n\n## Crates\n\n| crate | holds | uses |\n|---|---|---|\n\
        | `quanlian-record` | ids | – |\n| `quanlian-law` | rules | record |\n\n## Next\n| x | y | z |\n";

    fn workspace(crates: &[(&str, &[&str])]) -> Crates {
        let entry = |name: &str, uses: &[&str]| Crate {
            folder: if name == "xtask" {
                name.to_owned()
            } else {
                format!("crates/{name}")
            },
            dependencies: uses.iter().map(|name| (*name).to_owned()).collect(),
            ..Crate::default()
        };
        crates
            .iter()
            .map(|(name, uses)| ((*name).to_owned(), entry(name, uses)))
            .collect()
    }

    fn check(architecture: &str, crates: &[(&str, &[&str])], then: &[&str]) {
        let findings = graph_equals_the_table(&Tree::of(&[(ARCHITECTURE, architecture)]), &workspace(crates));
        assert_eq!(findings.iter().map(Finding::to_string).collect::<Vec<_>>(), then);
    }

    #[test]
    fn a_graph_that_equals_the_table_passes() {
        check(
            TABLE,
            &[
                ("quanlian-record", &["serde"]),
                ("quanlian-law", &["quanlian-record", "toml"]),
                ("xtask", &[]),
            ],
            &[],
        );
    }

    #[test]
    fn each_difference_between_graph_and_table_is_found() {
        check(
            TABLE,
            &[
                ("quanlian-record", &["quanlian-law"]),
                ("quanlian-law", &[]),
                ("quanlian-case", &[]),
            ],
            &[
                "ARCHITECTURE.md: the table has no row for `quanlian-case`",
                "ARCHITECTURE.md: the table lets `quanlian-law` use `quanlian-record`, but it does not",
                "crates/quanlian-record/Cargo.toml: uses `quanlian-law`, which the table in ARCHITECTURE.md does not allow",
            ],
        );
        check(
            TABLE,
            &[("quanlian-record", &[])],
            &["ARCHITECTURE.md: the table names `quanlian-law`, which does not exist"],
        );
    }

    #[test]
    fn a_table_that_cannot_be_read_is_a_finding() {
        check("# A\n", &[], &["ARCHITECTURE.md: has no table under `## Crates`"]);
        let two_cells = "## Crates\n| a | b |\n|---|---|\n| `quanlian-law` | record |\n";
        check(
            two_cells,
            &[],
            &["ARCHITECTURE.md: a row of the table has not three cells: | `quanlian-law` | record |"],
        );
        assert_eq!(
            graph_equals_the_table(&Tree::default(), &Crates::new())[0].what,
            "is missing"
        );
    }

    #[test]
    fn xtask_with_a_dependency_is_found() {
        assert_eq!(
            xtask_has_nothing_but_std(&workspace(&[("xtask", &["anyhow"])])).len(),
            1
        );
        assert_eq!(xtask_has_nothing_but_std(&workspace(&[("xtask", &[])])), []);
    }

    #[test]
    fn a_second_integration_test_target_is_found() {
        let mut crates = workspace(&[("quanlian-law", &[])]);
        let entry = crates.get_mut("quanlian-law").unwrap();
        entry.test_targets.push("it".into());
        assert_eq!(one_integration_test_target(&crates), []);
        crates
            .get_mut("quanlian-law")
            .unwrap()
            .test_targets
            .push("more".into());
        assert!(
            one_integration_test_target(&crates)[0]
                .what
                .contains("(it, more)")
        );
    }

    #[test]
    fn a_dependency_that_only_a_comment_names_is_unused() {
        let crates = workspace(&[("quanlian-law", &["serde-json", "toml", "hex"])]);
        let tree = Tree::of(&[
            (
                "crates/quanlian-law/src/lib.rs",
                "// hex would do\nuse serde_json::Value;\n",
            ),
            (
                "crates/quanlian-law/tests/it/main.rs",
                "fn f() { toml::from_str(\"\") }\n",
            ),
            ("crates/quanlian/src/main.rs", "use hex;\n"),
        ]);
        let findings = dependencies_are_used(&tree, &crates);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.starts_with("`hex` is not used"));
    }
}
