//! Law files: each says where it comes from, who checked it when, and stands on examples on both sides of its lines.
//!
//! In:  `law/<country>/**/*.toml`, one rule each. (Files directly in `law/` are the vocabulary: facts, events;
//!      those in `law/calendar/` are the days off of a year.)
//! Out: findings.
//!
//! Read as text, because xtask has no TOML reader. Whether the examples hold is for `quanlian-law` to check.

use std::collections::BTreeSet;

use super::{Finding, Tree, tree::ending};

/// Kinds of rules that draw no line and count nothing, so that there may be nothing to give an example of.
const KINDS_WITHOUT_EXAMPLES: [&str; 3] = ["\"note\"", "\"papers\"", "\"temporal\""];

/// Every rule file has source, checked date, verified flag and boundary examples.
pub(super) fn rules_are_complete(tree: &Tree) -> Vec<Finding> {
    let is_rule = |path: &str| {
        let below_law = path.strip_prefix("law/").unwrap_or_default();
        below_law.contains('/') && !below_law.starts_with("calendar/") && ending(path) == "toml"
    };
    let rules = tree.texts().filter(|(path, _)| is_rule(path));
    rules
        .flat_map(|(path, text)| lacks(text).into_iter().map(move |what| Finding::new(path, what)))
        .collect()
}

/// What a rule file lacks.
fn lacks(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .collect();
    let mut lacks = Vec::new();
    if !lines.contains(&"[source]") {
        lacks.push("has no `[source]`".to_owned());
    }
    let checked: Vec<&str> = lines.iter().filter_map(|line| value(line, "checked")).collect();
    let parts = || {
        checked
            .iter()
            .flat_map(|table| table.trim_matches(['{', '}']).split(','))
    };
    if !parts().any(|part| value(part, "on").is_some_and(is_day)) {
        lacks
            .push("does not say on which day it was checked (`checked = { on = 2026-11-22, … }`)".to_owned());
    }
    if !parts().any(|part| matches!(value(part, "verified"), Some("true" | "false"))) {
        lacks.push("does not say whether it is verified (`checked = { …, verified = true }`)".to_owned());
    }
    let kind = lines
        .iter()
        .find_map(|line| value(line, "kind"))
        .unwrap_or_default();
    if !lines.contains(&"[[example]]") && !KINDS_WITHOUT_EXAMPLES.contains(&kind) {
        lacks.push("has no `[[example]]`".to_owned());
    }
    let bounded: BTreeSet<&str> = in_sections(&lines, "[[boundary]]", "line").collect();
    for line in in_sections(&lines, "[[version.line]]", "id").filter(|line| !bounded.contains(line)) {
        lacks.push(format!(
            "has no `[[boundary]]` below, at and above the line {line}"
        ));
    }
    lacks
}

/// The value of `key` in every section of this name.
fn in_sections<'a>(lines: &[&'a str], section: &str, key: &str) -> impl Iterator<Item = &'a str> {
    let mut is_inside = false;
    lines.iter().filter_map(move |line| {
        if line.starts_with('[') {
            is_inside = *line == section;
        }
        value(line, key).filter(|_| is_inside)
    })
}

/// What stands behind `key =`.
fn value<'a>(part: &'a str, key: &str) -> Option<&'a str> {
    let rest = part.trim().strip_prefix(key)?.trim_start();
    Some(rest.strip_prefix('=')?.trim())
}

fn is_day(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [4, 2, 2] && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "\
        id = \"cn/x\"\n\
        kind = \"threshold\"\n\
        [source]\n\
        law = \"某法\"\n\
        checked = { on = 2026-11-22, against = [\"S1\", \"M\"], verified = false }\n\
        [[version]]\n\
        from = 2024-01-01\n\
        [[version.line]]\n\
        id = \"x.gain\"\n\
        [[boundary]]\n\
        line = \"x.gain\"\n\
        [[example]]\n\
        name = \"at the line\"\n";

    fn check(text: &str, then: &[&str]) {
        let tree = Tree::of(&[
            ("law/cn/x.toml", text),
            ("law/facts.toml", ""),
            ("law/calendar/2024.toml", "year = 2024"),
            ("law/cn/README.md", "no rule"),
        ]);
        let found: Vec<String> = rules_are_complete(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), then.len(), "{found:?}");
        for (found, then) in found.iter().zip(then) {
            assert!(
                found.strip_prefix("law/cn/x.toml: ").unwrap().starts_with(then),
                "{found}"
            );
        }
    }

    #[test]
    fn a_whole_rule_passes() {
        check(RULE, &[]);
        let note = "kind = \"note\"\n[source]\nchecked = { on = 2026-11-22, verified = true }\n";
        check(note, &[]);
    }

    #[test]
    fn each_missing_part_is_found() {
        check(&RULE.replace("[source]", "# [source]"), &["has no `[source]`"]);
        check(
            &RULE.replace("2026-11-22", "lately"),
            &["does not say on which day it was checked"],
        );
        check(
            &RULE.replace("verified = false", "verified = \"perhaps\""),
            &["does not say whether it is verified"],
        );
        check(
            &RULE.replace("[[example]]", "[example]"),
            &["has no `[[example]]`"],
        );
        check(
            &RULE.replace("[[boundary]]", "[[other]]"),
            &["has no `[[boundary]]` below, at and above the line \"x.gain\""],
        );
        check(
            "",
            &[
                "has no `[source]`",
                "does not say on which day",
                "does not say whether it is verified",
                "has no `[[example]]`",
            ],
        );
    }
}
