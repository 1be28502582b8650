//! The table of law facts stands in the files, with its flags.

use quanlian_law::{
    RuleBook,
    damages::rule::{CostsMode, DamagesRule, Fault, LineEnd, PunitiveRule, Strength},
    rule::{Body, Rule, Version},
};

use crate::{book, book::law_facts, word};

/// The lines of one row: from its `- id:` or `- law:` to the next one.
fn row_lines<'a>(table: &'a str, heading: &str, first: &str) -> Vec<&'a str> {
    let section = table.lines().skip_while(|line| *line != heading).skip(1);
    let section: Vec<&str> = section
        .take_while(|line| line.starts_with("  - ") || line.starts_with("    "))
        .collect();
    let mut rows: Vec<Vec<&str>> = Vec::new();
    for line in section {
        if line.starts_with("  - ") {
            rows.push(Vec::new());
        }
        rows.last_mut().unwrap().push(line);
    }
    rows.into_iter()
        .find(|row| row[0].contains(first))
        .unwrap_or_else(|| panic!("{first} is not in the table"))
}

fn value<'a>(row: &[&'a str], key: &str) -> Option<&'a str> {
    let found = row
        .iter()
        .map(|line| line.trim_start().trim_start_matches("- ").split_once(": "));
    found
        .flatten()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim_matches('\''))
}

/// The items of a list under a key.
fn list(row: &[&str], key: &str) -> Vec<String> {
    let Some(at) = row.iter().position(|line| line.trim_start() == format!("{key}:")) else {
        return Vec::new();
    };
    let indent = row[at].len() - row[at].trim_start().len();
    let items = row[at + 1..].iter().take_while(|line| {
        let own = line.len() - line.trim_start().len();
        own > indent || (own == indent && line.trim_start().starts_with("- "))
    });
    items
        .map(|item| item.trim_start().trim_start_matches("- ").to_owned())
        .collect()
}

/// Groups of methods as the table writes them: `- - first` opens a group, `  - next` goes on in it.
fn groups(row: &[&str]) -> Vec<Vec<String>> {
    let at = row.iter().position(|line| line.trim_start() == "methods:");
    let mut groups: Vec<Vec<String>> = Vec::new();
    for line in at.map(|at| &row[at + 1..]).unwrap_or_default() {
        if let Some(first) = line.trim_start().strip_prefix("- - ") {
            groups.push(vec![first.to_owned()]);
        } else if let Some(next) = line.strip_prefix("      - ") {
            groups.last_mut().unwrap().push(next.to_owned());
        } else {
            break;
        }
    }
    groups
}

fn versions<'a>(book: &'a RuleBook, row: &str) -> Vec<(&'a Rule, &'a Version)> {
    let rules = book
        .list()
        .into_iter()
        .filter_map(|summary| book.show(&summary.id));
    let all = rules.flat_map(|rule| rule.versions.iter().map(move |version| (rule, version)));
    let named = |version: &Version| match &version.body {
        Body::Damages(body) => body.row.as_deref() == Some(row),
        Body::Punitive(body) => body.row == row,
        Body::AdministrativeFine(body) => body.row.as_deref() == Some(row),
        _ => false,
    };
    all.filter(|(_, version)| named(version)).collect()
}

fn same_days(row: &[&str], version: &Version, id: &str) {
    assert_eq!(
        Some(version.from.to_string().as_str()),
        value(row, "effective_from"),
        "{id}"
    );
    let to = version.to.map_or("null".to_owned(), |to| to.to_string());
    assert_eq!(Some(to.as_str()), value(row, "effective_to"), "{id}");
}

fn compare_law(row: &[&str], id: &str, body: &DamagesRule) {
    let methods: Vec<Vec<String>> = body
        .methods
        .iter()
        .map(|group| group.iter().map(word).collect())
        .collect();
    assert_eq!(methods, groups(row), "{id}");
    let statutory: Vec<String> = body
        .statutory
        .iter()
        .flat_map(|statutory| statutory.yuan)
        .map(|yuan| yuan.to_string())
        .collect();
    assert_eq!(statutory, list(row, "statutory"), "{id}");
    let costs = body.costs.as_ref().map(|costs| costs.mode);
    let wanted = match value(row, "reasonable_costs") {
        Some("on top") => Some(CostsMode::OnTop),
        Some("included") => Some(CostsMode::Included),
        // The table is silent on the Seed Law; the provision itself says "include".
        None if id == "seed.2022" => Some(CostsMode::Included),
        other => {
            assert_eq!(other, None, "{id}");
            None
        }
    };
    assert_eq!(costs, wanted, "{id}");
    let punitive = body.punitive.as_ref().unwrap();
    let bad_faith = value(row, "fault").unwrap().starts_with("bad faith");
    assert_eq!(punitive.fault == Fault::BadFaith, bad_faith, "{id}");
    let base: Vec<String> = punitive.base.iter().map(word).collect();
    assert_eq!(base, list(row, "base"), "{id}");
    match punitive.multiple {
        Some(multiple) => assert_eq!(
            multiple.map(|n| n.to_string()).to_vec(),
            list(row, "multiple"),
            "{id}"
        ),
        None => assert_eq!(value(row, "multiple"), Some("as special laws say"), "{id}"),
    }
    let secrets_only = value(row, "only_for") == Some("trade secrets");
    let only: Vec<String> = punitive.only_for.iter().map(word).collect();
    assert_eq!(only == ["trade_secret"], secrets_only, "{id}");
    let statutory_for = body
        .statutory
        .iter()
        .map(|statutory| statutory.only_for.len())
        .sum::<usize>();
    assert_eq!(statutory_for, list(row, "statutory_for").len(), "{id}");
}

#[test]
fn every_law_on_damages_of_the_table_of_law_facts_is_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = [
        "patent.2021",
        "trademark.2019",
        "trademark.2027",
        "copyright.2021",
        "aucl.2019",
        "aucl.2025",
        "seed.2022",
        "civilcode.1185",
    ];
    for id in rows {
        let row = row_lines(&table, "  by_law:", &format!("id: {id}"));
        let found = versions(book(), id);
        let [(rule, version)] = found.as_slice() else {
            panic!("{id}: {} versions", found.len())
        };
        let Body::Damages(body) = &version.body else {
            panic!("{id}")
        };
        same_days(&row, version, id);
        assert_eq!(
            rule.source_of(version).checked.verified.to_string(),
            value(&row, "verified").unwrap(),
            "{id}"
        );
        compare_law(&row, id, body);
    }
}

#[test]
fn both_punitive_interpretations_of_the_table_of_law_facts_are_in_the_files() {
    let Some(table) = law_facts() else { return };
    let body = |id: &str| -> PunitiveRule {
        let row = row_lines(&table, "  punitive_interpretations:", id);
        let found = versions(book(), id);
        let [(rule, version)] = found.as_slice() else {
            panic!("{id}")
        };
        same_days(&row, version, id);
        let verified = rule.source_of(version).checked.verified;
        assert_eq!(verified, value(&row, "verified") == Some("true"), "{id}");
        let Body::Punitive(body) = &version.body else {
            panic!("{id}")
        };
        (**body).clone()
    };
    let row = row_lines(&table, "  punitive_interpretations:", "punitive.2021");
    let old = body("punitive.2021");
    assert_eq!(old.intent.len(), list(&row, "intent_presumptions").len());
    assert_eq!(old.gravity.len(), list(&row, "gravity").len());
    let new = body("punitive.2026");
    assert_eq!(new.intent.len(), old.intent.len() + 1, "the settlement is added");
    assert_eq!(
        (old.gravity_means, new.gravity_means),
        (Strength::May, Strength::Shall)
    );
    assert_eq!(
        (old.prior_fines, new.prior_fines),
        (Strength::May, Strength::Shall)
    );
    assert_eq!(
        new.statutory_base,
        quanlian_law::damages::rule::StatutoryBase::Excluded
    );
    assert!(
        !old.base_with_costs
            && old
                .intent
                .iter()
                .chain(&old.gravity)
                .all(|factor| factor.verified)
    );
}

#[test]
fn all_administrative_fines_of_the_table_of_law_facts_are_in_the_files() {
    let Some(table) = law_facts() else { return };
    let laws = [
        "Copyright Law 53",
        "信息网络传播权保护条例 18-19",
        "Trademark Law 60 (2019) / 74 (2027)",
        "Patent Law 68 (fake patents)",
        "AUCL 21 (2019) trade secrets",
        "AUCL 26 (2025) trade secrets",
        "浦东新区知识产权若干规定 (2021-10-28), repeat infringement of the same patent after a final judgment/adjudication",
    ];
    for id in laws {
        let row = row_lines(&table, "  administrative_fines:", &format!("law: {id}"));
        let found = versions(book(), id);
        let (rule, version) = *found
            .first()
            .unwrap_or_else(|| panic!("{id} is not in the files"));
        let from = value(&row, "effective_from").unwrap_or("2021-12-01");
        assert_eq!(version.from.to_string(), from, "{id}");
        assert_eq!(
            rule.source_of(version).checked.verified,
            value(&row, "verified") == Some("true"),
            "{id}"
        );
        for (_, version) in found {
            let Body::AdministrativeFine(body) = &version.body else {
                panic!("{id}")
            };
            match (
                &body.by,
                value(&row, "if_business_volume_gte").or(value(&row, "if_illegal_gain_gt")),
            ) {
                (Some(by), Some(line)) => {
                    assert_eq!(by.line_yuan.to_string(), line, "{id}");
                    let above = value(&row, "if_illegal_gain_gt").is_some();
                    assert_eq!(by.line == LineEnd::Above, above, "{id}");
                    let words = value(&row, "fine").unwrap();
                    let low = u32::from(!words.starts_with("up to"));
                    assert!(words.contains("5x") && by.times == [low, 5], "{id}: {words}");
                    let most = value(&row, "else_fine_max").unwrap();
                    assert_eq!(body.otherwise_yuan, [0, most.parse().unwrap()], "{id}");
                }
                (None, None) => {
                    assert_eq!(
                        body.otherwise_yuan.map(|n| n.to_string()).to_vec(),
                        list(&row, "fine"),
                        "{id}"
                    );
                    let serious = body.serious.as_ref().unwrap().yuan.map(|n| n.to_string());
                    assert_eq!(serious.to_vec(), list(&row, "serious"), "{id}");
                }
                // The row of Pudong writes its numbers in words.
                (Some(by), None) => {
                    let words = value(&row, "fine").unwrap();
                    assert_eq!(
                        words, "confiscate gain + 1x-5x business volume; else 50000-250000",
                        "{id}"
                    );
                    assert_eq!(
                        (by.times, body.otherwise_yuan),
                        ([1, 5], [50_000, 250_000]),
                        "{id}"
                    );
                }
                other => panic!("{id}: {other:?}"),
            }
            assert_eq!(
                body.requires.is_empty(),
                value(&row, "requires").is_none(),
                "{id}"
            );
            assert_eq!(body.heavier.is_empty(), value(&row, "heavier").is_none(), "{id}");
        }
    }
}

#[test]
fn exactly_what_the_table_of_law_facts_flags_is_unread() {
    let report = book().check();
    let ours = |id: &&String| {
        id.starts_with("cn/civil/") || id.starts_with("cn/administrative/") || id.starts_with("punitive.")
    };
    let unread: Vec<&String> = report.unverified.iter().filter(ours).collect();
    assert_eq!(
        unread,
        [
            "cn/administrative/pudong-2021-art-10-2",
            "cn/civil/punitive/2026-7"
        ]
    );
}
