//! The files under `law/` against themselves and against the table of law facts.

use std::{collections::BTreeMap, path::Path};

use quanlian_law::{
    Kind, Tier,
    rule::{Body, ClockPeriod, DayCount},
};

use crate::book;

#[test]
fn every_example_holds_and_no_file_has_a_gap() {
    let report = book().check();
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{}:{} {} {}", f.file, f.at_line.unwrap_or(0), f.code, f.message))
        .collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(report.is_clean());
    assert!(
        report.examples > 3 * report.lines,
        "{} examples for {} lines",
        report.examples,
        report.lines
    );
}

#[test]
fn loading_and_checking_are_reproducible() {
    assert_eq!(book().rule_book_version(), book().rule_book_version());
    assert_eq!(book().check(), book().check());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../law");
    assert_eq!(
        quanlian_law::RuleBook::from_dir(&folder)
            .unwrap()
            .rule_book_version(),
        book().rule_book_version()
    );
}

#[test]
fn only_the_gain_line_of_2025_is_verified() {
    let book = book();
    let rule = book.show("cn/criminal/217/2025-05-art-13").unwrap();
    let Body::Lines(lines) = &rule.versions[0].body else {
        panic!("not a threshold")
    };
    let read: Vec<&str> = lines
        .iter()
        .filter(|line| line.verified)
        .map(|line| line.id.as_str())
        .collect();
    assert_eq!(read, ["217.n.gain1"]);
}

#[test]
fn a_list_of_rules_names_file_and_versions() {
    let list = book().list();
    assert!(list.len() > 30, "{}", list.len());
    let decide = list
        .iter()
        .find(|r| r.id == "cn/transfer-of-suspected-crimes/art-05-decide")
        .unwrap();
    assert_eq!(decide.file, "cn/transfer-of-suspected-crimes/art-05-decide.toml");
    assert_eq!(decide.versions[0].to_string(), "2020-08-07");
    assert!(book().show("cn/nothing").is_none());
    assert!(
        book()
            .list()
            .iter()
            .all(|rule| rule.verified || !rule.id.contains("art-08"))
    );
}

#[test]
fn a_transfer_needs_the_papers_of_article_6() {
    let book = book();
    let (rule, papers) = book.transfer_papers("2024-12-20".parse().unwrap()).unwrap();
    assert_eq!(rule.source.article, "第六条");
    assert_eq!(papers[0].title.zh, "涉嫌犯罪案件移送书");
    assert!(book.transfer_papers("2019-01-01".parse().unwrap()).is_none());
}

/// One row of the table of law facts, as far as this test reads it.
pub(crate) type Row = BTreeMap<String, String>;

/// Blocks of `- key: value` under a heading, which is all of YAML that the table uses there.
pub(crate) fn rows(table: &str, heading: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let lines = table
        .lines()
        .skip_while(|line| line.trim_end() != heading)
        .skip(1);
    let indent = heading.len() - heading.trim_start().len();
    for line in lines {
        let own = line.len() - line.trim_start().len();
        if own < indent || (own == indent && !line.trim_start().starts_with("- ")) {
            break;
        }
        let line = match line.trim_start().strip_prefix("- ") {
            Some(first) if own == indent => {
                rows.push(Row::new());
                first
            }
            _ => line.trim_start(),
        };
        if let (Some(row), Some((key, value))) = (rows.last_mut(), line.split_once(": ")) {
            row.insert(key.to_owned(), value.trim_matches('\'').to_owned());
        }
    }
    rows
}

pub(crate) fn law_facts() -> Option<String> {
    let folder = std::env::var_os("QUANLIAN_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        Into::into,
    );
    let table = std::fs::read_to_string(folder.join("law/law-facts.yaml")).ok();
    if table.is_none() {
        #[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
        {
            eprintln!("law-facts.yaml not found in {}: not compared", folder.display());
        }
    }
    table
}

#[test]
fn every_clock_of_the_table_of_law_facts_is_in_the_files() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "deadlines:");
    assert_eq!(
        rows.len(),
        38,
        "the table changed; look at the reader of this test"
    );
    let book = book();
    let ours: BTreeMap<String, _> = book
        .list()
        .iter()
        .filter(|summary| summary.kind == Kind::Deadline)
        .filter_map(|summary| book.show(&summary.id))
        .filter_map(|rule| rule.row.clone().map(|row| (row, rule)))
        .collect();
    for row in &rows {
        let id = &row["id"];
        let rule = ours.get(id).unwrap_or_else(|| panic!("{id} is not in the files"));
        let (first, last) = (rule.versions.first().unwrap(), rule.versions.last().unwrap());
        for version in &rule.versions {
            let Body::Clock(clock) = &version.body else {
                panic!("{id}")
            };
            // `90 (from memory)` is ninety.
            let number = row["limit"].split(' ').next().unwrap();
            let is = |unit: &str, n: u32| row["unit"] == unit && number == n.to_string();
            let same = match clock.period {
                ClockPeriod::AtOnce => ["immediately", "simultaneous"].contains(&number),
                ClockPeriod::Reasonable => row["limit"] == "reasonable period",
                ClockPeriod::Hours(n) => is("hour", n),
                ClockPeriod::Days {
                    days,
                    count: DayCount::Calendar,
                } => is("day", days),
                ClockPeriod::Days {
                    days,
                    count: DayCount::Working,
                } => is("working_day", days),
                ClockPeriod::Months(n) => is("month", n),
                ClockPeriod::Years(n) => is("year", n),
            };
            assert!(same, "{id}: {:?} against {row:?}", clock.period);
            assert_eq!(clock.before, row["trigger"].starts_with("before "), "{id}");
            assert!(
                !clock.ends.is_empty(),
                "{id}: nobody could tell whether it was kept"
            );
        }
        assert_eq!(first.from.to_string(), row["effective_from"], "{id}");
        let to = last.to.map(|to| to.to_string());
        assert_eq!(to.as_deref().unwrap_or("null"), row["effective_to"], "{id}");
        assert_eq!(rule.source.checked.verified.to_string(), row["verified"], "{id}");
        assert!(
            rule.source.checked.against.contains(&row["source"]),
            "{id}: {:?} against {}",
            rule.source.checked.against,
            row["source"]
        );
        assert!(rule.group.is_some(), "{id}");
    }
    assert_eq!(ours.len(), rows.len(), "a row of ours is not in the table");
    // `at most 5 months in all`: three and two more.
    let Body::Clock(local) = &ours["adj.local.close"].versions[0].body else {
        panic!("not a clock")
    };
    let most = local.extension.as_ref().and_then(|extension| extension.at_most);
    assert_eq!(most, Some(quanlian_law::Length::Months(2)));
    let unread: Vec<&str> = ours
        .iter()
        .filter(|(_, rule)| !rule.source.checked.verified)
        .map(|(row, _)| row.as_str())
        .collect();
    assert_eq!(unread, ["rev.reply", "tr.copy.procuratorate"]);
}

#[test]
fn a_tier_has_an_order() {
    assert!(Tier::Below < Tier::Serious && Tier::Serious < Tier::EspeciallySerious);
}

#[test]
fn how_losses_are_found_and_what_adds_up_is_dated_and_verified_as_in_the_table_of_law_facts() {
    let Some(table) = law_facts() else { return };
    let rows = rows(&table, "  trade_secret_valuation:");
    let book = book();
    let mut compared = Vec::new();
    for rule in book.list().iter().filter_map(|summary| book.show(&summary.id)) {
        let row = rows.iter().find(|row| Some(&row["id"]) == rule.row.as_ref());
        let (Kind::Valuation, Some(row)) = (rule.kind, row) else {
            continue;
        };
        let version = &rule.versions[0];
        assert_eq!(version.from.to_string(), row["effective_from"], "{}", rule.id);
        let to = version.to.map_or("null".to_owned(), |to| to.to_string());
        assert_eq!(
            row.get("effective_to").map_or("null", String::as_str),
            to,
            "{}",
            rule.id
        );
        // “outline only” is not yet the text.
        let read = row["verified"] == "true";
        assert_eq!(rule.source_of(version).checked.verified, read, "{}", rule.id);
        assert!(
            rule.source.checked.against.contains(&row["source"]),
            "{}",
            rule.id
        );
        compared.push(rule.id.as_str());
    }
    expect_test::expect![[r"
        cn/criminal/219/2020-10-art-05-gain
        cn/criminal/219/2020-10-art-05-loss
        cn/criminal/219/2020-10-art-05-lost-profit
        cn/criminal/219/2025-05-art-19-loss
        cn/criminal/219/2025-05-art-20-gain"]]
    .assert_eq(&compared.join("\n"));
    let adds = book.show("cn/criminal/2004-19-art-12").unwrap();
    assert_eq!(
        (adds.kind, adds.row.as_deref()),
        (Kind::Accumulation, Some("accumulation"))
    );
    assert!(adds.source.checked.verified);
}
