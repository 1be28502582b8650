//! The words the user sees: Chinese and English have the same keys.
//!
//! In:  `messages/NAME.zh.toml` and `messages/NAME.en.toml`.
//! Out: a finding for each file without its twin and each key that one side lacks.
//!
//! Read line by line (`[section]`, `key = …`, values over several lines between triple quotes), because xtask has no
//! TOML reader. Not here: whether a translation is right.

use std::collections::BTreeSet;

use super::{Finding, Tree};

/// Every pair of files has equal keys.
pub(super) fn keys_are_equal(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.starts_with("messages/")) {
        let Some(twin) = twin(path) else { continue };
        let Some(other) = tree.text(&twin) else {
            findings.push(Finding::new(path, format!("has no twin {twin}")));
            continue;
        };
        for key in keys(other).difference(&keys(text)) {
            findings.push(Finding::new(
                path,
                format!("lacks the key `{key}`, which {twin} has"),
            ));
        }
    }
    findings
}

/// The same messages in the other language; `None` for files that are not messages.
fn twin(path: &str) -> Option<String> {
    let zh = path
        .strip_suffix(".zh.toml")
        .map(|name| format!("{name}.en.toml"));
    zh.or_else(|| {
        path.strip_suffix(".en.toml")
            .map(|name| format!("{name}.zh.toml"))
    })
}

/// `section.key` for every key of a file.
fn keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut section = "";
    let mut inside: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(quotes) = inside {
            if line.contains(quotes) {
                inside = None;
            }
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key = key.trim().trim_matches('"');
            keys.insert(if section.is_empty() {
                key.to_owned()
            } else {
                format!("{section}.{key}")
            });
            inside = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| value.matches(quotes).count() == 1);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zh: &str, en: &str, then: &[&str]) {
        let tree = Tree::of(&[("messages/cli.zh.toml", zh), ("messages/cli.en.toml", en)]);
        let found: Vec<String> = keys_are_equal(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(found, then);
    }

    #[test]
    fn equal_keys_in_any_order_pass() {
        check(
            "# 说明 = 注释\n[demo]\nstart = \"开始\"\nlong = \"\"\"\n甲 = 乙\n\"\"\"\n[log]\nend = \"完\"\n",
            "[log]\nend = \"done\"\n\n[demo]\nlong = \"\"\"x\"\"\"\n\"start\" = \"start\"\n",
            &[],
        );
    }

    #[test]
    fn a_key_or_a_file_that_one_language_lacks_is_found() {
        check(
            "[demo]\na = \"甲\"\nb = \"乙\"\n",
            "[demo]\na = \"a\"\n[log]\nb = \"b\"\n",
            &[
                "messages/cli.en.toml: lacks the key `demo.b`, which messages/cli.zh.toml has",
                "messages/cli.zh.toml: lacks the key `log.b`, which messages/cli.en.toml has",
            ],
        );
        let alone = Tree::of(&[("messages/web.zh.toml", "")]);
        assert_eq!(
            keys_are_equal(&alone)[0].to_string(),
            "messages/web.zh.toml: has no twin messages/web.en.toml"
        );
    }
}
