//! The rule book as a whole: every example, the stories, what must always hold, and hostile input.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "`expect!` makes a value that nobody else needs"
)]

mod acts;
mod book;
mod boundaries;
mod calendar;
mod compare;
mod damages;
mod deadlines;
mod files;
mod hostile;
mod lints;
mod marks;
mod monotone;
mod oracle;
mod pages;
mod properties;
mod schema;
mod secrets;
mod sensitivity;
mod sentence;
mod stories;
mod table;
mod timeline;
mod yaml;

use std::collections::BTreeMap;

use quanlian_law::{Assessment, FactSheet, RuleBook, Statement};

/// The rules inside the program, read once for all tests.
fn book() -> &'static RuleBook {
    static BOOK: std::sync::LazyLock<RuleBook> = std::sync::LazyLock::new(|| RuleBook::embedded().unwrap());
    &BOOK
}

/// A natural person, conduct 2022-05 to 2023-04, judged in 2024-12; the facts as a JSON list.
fn music(facts: &str) -> FactSheet {
    sheet("2022-05-01", "2023-04-30", "2024-12-20", facts)
}

/// A natural person; the facts as a JSON list.
fn sheet(from: &str, to: &str, judged_on: &str, facts: &str) -> FactSheet {
    FactSheet::from_json(&format!(
        r#"{{"offence":"cn/criminal/217","person":"natural","conduct":{{"from":"{from}","to":"{to}"}},
            "judged_on":"{judged_on}","facts":[{facts}]}}"#
    ))
    .unwrap()
}

fn assess(sheet: &FactSheet) -> Assessment {
    crate::book()
        .assess(sheet, "2026-11-22".parse().unwrap())
        .unwrap()
}

/// A word of the answer's JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn money(name: &str, fen: i64) -> Statement {
    Statement {
        name: name.into(),
        fen: Some(fen),
        ..Statement::default()
    }
}

fn count(name: &str, count: i64) -> Statement {
    Statement {
        name: name.into(),
        count: Some(count),
        ..Statement::default()
    }
}

/// The embedded files as a map, to be changed by a test and written to a folder.
fn law_files() -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../law");
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}
