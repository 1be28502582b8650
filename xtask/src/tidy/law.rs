//! Law files: each says where it comes from, who checked it when, and has examples on both sides of its lines.
//!
//! In:  `law/**/*.toml`.
//! Out: findings.
//!
//! Read as text, because xtask has no TOML reader. Whether the examples hold is for the loader of `quanlian-law`.

use super::{Finding, Tree, tree::ending};

/// A line needs an example on it and one beside it.
const MIN_EXAMPLES: usize = 2;

/// Every rule file has source, checked date, verified flag and boundary examples.
pub(super) fn rules_are_complete(tree: &Tree) -> Vec<Finding> {
    let rules = tree
        .texts()
        .filter(|(path, _)| path.starts_with("law/") && ending(path) == "toml");
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
    let has_section = |name: &str| lines.contains(&name);
    let mut lacks = Vec::new();
    if !has_section("[source]") {
        lacks.push("has no `[source]`".to_owned());
    }
    let checked = checked(&lines);
    if !checked.iter().any(|part| value(part, "on").is_some_and(is_day)) {
        lacks
            .push("does not say on which day it was checked (`checked = { on = 2026-11-22, … }`)".to_owned());
    }
    if !checked
        .iter()
        .any(|part| matches!(value(part, "verified"), Some("true" | "false")))
    {
        lacks.push("does not say whether it is verified (`checked = { …, verified = true }`)".to_owned());
    }
    let examples = lines.iter().filter(|line| **line == "[[example]]").count();
    if examples < MIN_EXAMPLES {
        lacks.push(format!(
            "has {examples} examples; put at least {MIN_EXAMPLES} around its lines (`[[example]]`)"
        ));
    }
    lacks
}

/// The `key = value` parts of `checked = { … }` or of the section `[source.checked]`.
fn checked<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let inline = lines.iter().filter_map(|line| value(line, "checked"));
    let inline = inline.flat_map(|table| table.trim_matches(['{', '}']).split(','));
    let section = lines
        .iter()
        .skip_while(|line| **line != "[source.checked]")
        .skip(1);
    inline
        .chain(section.take_while(|line| !line.starts_with('[')).copied())
        .collect()
}

fn value<'a>(part: &'a str, key: &str) -> Option<&'a str> {
    let rest = part.trim().strip_prefix(key)?.trim_start();
    Some(rest.strip_prefix('=')?.trim())
}

fn is_day(text: &str) -> bool {
    let text = text.trim_matches('"');
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [4, 2, 2] && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "id = \"cn/x\"\n[source]\nlaw = \"某法\"\n\
        checked = { on = 2026-11-22, against = \"text\", verified = false }\n\
        [[example]]\nname = \"below\"\n[[example]]\nname = \"at\"\n";

    fn check(text: &str, then: &[&str]) {
        let found = rules_are_complete(&Tree::of(&[
            ("law/cn/x.toml", text),
            ("law/README.md", "no rule"),
        ]));
        let parts: Vec<&str> = found
            .iter()
            .map(|finding| finding.what.split(['(', ';']).next().unwrap().trim())
            .collect();
        assert_eq!(parts, then);
    }

    #[test]
    fn a_whole_rule_passes_in_either_form() {
        check(RULE, &[]);
        let section =
            "[source]\n[source.checked]\non = \"2026-11-22\"\nverified = true\n[[example]]\n[[example]]\n";
        check(section, &[]);
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
        check(&RULE.replacen("[[example]]", "[example]", 1), &["has 1 examples"]);
        check(
            "",
            &[
                "has no `[source]`",
                "does not say on which day it was checked",
                "does not say whether it is verified",
                "has 0 examples",
            ],
        );
    }
}
