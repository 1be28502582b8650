//! The files under `law/` against themselves and against the table of law facts.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use expect_test::expect;
use quanlian_law::{
    Kind, Tier, UnreadPart,
    rule::{Body, ClockPeriod, DayCount},
};

use crate::book;

#[test]
fn every_example_holds_and_every_warning_is_known() {
    let report = book().check();
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{} {}:{} {}", f.code, f.file, f.at_line.unwrap_or(0), f.message))
        .collect();
    assert!(report.is_clean(), "{}", findings.join("\n"));
    assert!(
        report.examples > 3 * report.lines,
        "{} examples for {} lines",
        report.examples,
        report.lines
    );
    // Each of these says in its file why it stays: an open question with `gap`, or the note of the line.
    expect![[r"
        known_gap cn/criminal/213.toml:14 `cn/criminal/213` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/213` names this gap
        known_gap cn/criminal/213.toml:14 `cn/criminal/213` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/213` names this gap
        known_gap cn/criminal/214.toml:14 `cn/criminal/214` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/214` names this gap
        known_gap cn/criminal/214.toml:14 `cn/criminal/214` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/214` names this gap
        known_gap cn/criminal/215.toml:14 `cn/criminal/215` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/215` names this gap
        known_gap cn/criminal/215.toml:14 `cn/criminal/215` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/215` names this gap
        known_gap cn/criminal/216.toml:14 `cn/criminal/216` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/216` names this gap
        known_gap cn/criminal/216.toml:14 `cn/criminal/216` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/216` names this gap
        known_gap cn/criminal/217.toml:14 `cn/criminal/217` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/217` names this gap
        known_gap cn/criminal/217.toml:14 `cn/criminal/217` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/217` names this gap
        known_gap cn/criminal/218.toml:14 `cn/criminal/218` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/218` names this gap
        known_gap cn/criminal/218.toml:14 `cn/criminal/218` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/218` names this gap
        known_gap cn/criminal/219.toml:14 `cn/criminal/219` has no lines from 1997-10-01 to 2004-12-21: an open question of `cn/criminal/219` names this gap
        known_gap cn/criminal/219.toml:14 `cn/criminal/219` has no fine from 1997-10-01 to 2007-04-04: an open question of `cn/criminal/219` names this gap
        line_without_effect cn/criminal/217/2011-03-art-13.toml:20 `217.o.net.biz1`: on 2011-01-10 the line changes nothing beside `217.o.biz1`, which asks for fewer conditions; its note says: The same amount as in art. 5 of the 2004 interpretation; the opinions list it themselves, and half of it counts for “two at half”.
        line_without_effect cn/criminal/217/2011-03-art-13.toml:65 `217.o.net.biz5`: on 2011-01-10 the line changes nothing beside `217.o.biz5`, which asks for fewer conditions; its note says: The same amount as in art. 5 of the 2004 interpretation; the opinions list it themselves, and half of it counts for “two at half”."]].assert_eq(&findings.join("\n"));
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

/// Every `verified` of the table that stands beside an `id`, by that id.
fn marks_of(table: &str) -> BTreeMap<String, String> {
    let mut marks = BTreeMap::new();
    let mut row: Option<(usize, String)> = None;
    for line in table.lines() {
        // A list item begins two columns further in, where its keys stand.
        let keys_at = line.len() - line.trim_start_matches([' ', '-']).len();
        let Some((key, value)) = line.trim_start_matches([' ', '-']).split_once(": ") else {
            continue;
        };
        let value = value.trim_matches('\'').to_owned();
        match (key, &row) {
            ("id", _) => row = Some((keys_at, value)),
            ("verified", Some((at, id))) if *at == keys_at => {
                marks.insert(id.clone(), value);
            }
            _ => {}
        }
    }
    marks
}

/// Rows that the table marks as read in part, and what of them stands here as unread. Both lists of ids are those
/// of `law unverified`: a line has the id of its row, a step of a fine is `row#number@first day`.
const PARTLY_READ: [(&str, &str, &[&str]); 2] = [
    (
        "fine.2025",
        "first step only",
        // 218 and 219-1 have tiers of their own, so the same article stands once more in a file of theirs.
        &[
            "fine.2025#2@2025-04-26",
            "fine.2025#3@2025-04-26",
            "fine#2@2025-04-26",
            "fine#3@2025-04-26",
            "cn/criminal/219-1/fines#2@2025-04-26",
            "cn/criminal/219-1/fines#3@2025-04-26",
        ],
    ),
    ("sv.2025", "outline only", &["sv.2025"]),
];

/// Parts that are marked unread here and have no row of their own in the table.
const WITHOUT_A_ROW: [&str; 9] = [
    // The table says “partly (line cut)”; the row stands inside the version.
    "cn/administrative/pudong-2021-art-10-2",
    // The table says “secondary sources only”; the row stands inside the version.
    "cn/civil/punitive/2026-7",
    // The list of acts before 2021: the table has the amendment, not the older text.
    "217.element.act.1997",
    // Provisions of 法释〔2025〕5号 as a whole; the table marks their lines one by one.
    "cn/criminal/214/2025-05-art-05",
    "cn/criminal/215/2025-05-art-06",
    "cn/criminal/216/2025-05-fake-patent",
    "cn/criminal/217/2025-05-art-13",
    "cn/criminal/218/2025-05-art-14",
    "cn/criminal/219-1/2025-05-art-18",
];

#[test]
fn exactly_what_the_table_of_law_facts_flags_is_listed_as_unread() {
    let Some(table) = law_facts() else { return };
    let marks = marks_of(&table);
    let flagged_there = marks.values().filter(|mark| *mark == "false").count();
    assert!(
        flagged_there > 40,
        "the table changed; look at the reader of this test"
    );
    let book = book();
    let mut ours: BTreeSet<String> = BTreeSet::new();
    for rule in book.list().iter().filter_map(|summary| book.show(&summary.id)) {
        ours.extend(rule.row.clone());
        ours.extend(rule.versions.iter().filter_map(|version| version.row.clone()));
        for version in &rule.versions {
            if let Body::Lines(lines) = &version.body {
                ours.extend(lines.iter().map(|line| line.id.clone()));
            }
        }
    }
    let mut unread: BTreeSet<String> = book.unverified().parts.into_iter().map(|part| part.row).collect();
    for (row, mark, parts) in PARTLY_READ {
        assert_eq!(marks.get(row).map(String::as_str), Some(mark), "{row}");
        for part in parts {
            assert!(
                unread.remove(*part),
                "{row} is read in part, and {part} is not listed"
            );
        }
    }
    let flagged: BTreeSet<String> = ours
        .iter()
        .filter(|row| marks.get(*row).is_some_and(|mark| mark == "false"))
        .cloned()
        .collect();
    for row in WITHOUT_A_ROW {
        assert!(!marks.contains_key(row), "{row} has a row now");
        assert!(unread.remove(row), "{row} was read");
    }
    assert_eq!(unread, flagged);
    assert!(flagged.len() >= 19, "{flagged:?}");
}

#[test]
fn an_unread_part_says_where_it_is_what_it_rests_on_and_what_it_can_touch() {
    let report = book().unverified();
    let clicks = report
        .parts
        .iter()
        .find(|part| part.id == "217.n.clicks1")
        .unwrap();
    let text = &crate::law_files()[&clicks.file];
    assert!(
        text.lines()
            .nth(clicks.at_line.unwrap() - 1)
            .unwrap()
            .contains("217.n.clicks1")
    );
    assert_eq!(clicks.offences, ["cn/criminal/217"]);
    assert_eq!(clicks.against, ["M", "P21"]);
    assert!(clicks.note.as_ref().unwrap().en.contains("P21"));
    let copy = report
        .parts
        .iter()
        .find(|part| part.row == "tr.copy.procuratorate")
        .unwrap();
    assert!(copy.whole && copy.offences.is_empty(), "{copy:?}");
    let by_kind: usize = report.by_kind.values().sum();
    assert_eq!(by_kind, report.parts.len());
    let touches = |part: &&UnreadPart| part.offences.iter().any(|id| id == "cn/criminal/217");
    assert_eq!(
        report.by_offence["cn/criminal/217"],
        report.parts.iter().filter(touches).count()
    );
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
