//! Damages and administrative fines: the table of law facts, stories, what must always hold, and bad input.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use quanlian_law::{
    AdministrativeFineAnswer, DamagesAnswer, DamagesSheet, FineSheet, Language, RuleBook,
    damages::{
        DistanceKind, FineState, Found, Governs, LawResult, MethodState, PunitiveState, Reading,
        StatutoryState,
        rule::{CostsMode, DamagesRule, Fault, LineEnd, PunitiveRule, Strength},
    },
    rule::{Body, Rule, Version},
};

use crate::{book, book::law_facts, word};

fn today() -> quanlian_record::time::Day {
    "2026-11-22".parse().unwrap()
}

fn answer(sheet: &str) -> DamagesAnswer {
    book()
        .damages(&DamagesSheet::parse(sheet).unwrap(), today())
        .unwrap()
}

fn fine(sheet: &str) -> AdministrativeFineAnswer {
    book()
        .administrative_fine(&FineSheet::parse(sheet).unwrap(), today())
        .unwrap()
}

/// A sheet as JSON: head fields, and facts.
fn sheet(head: &str, facts: &str) -> String {
    format!(r#"{{{head},"facts":[{facts}]}}"#)
}

fn total(answer: &DamagesAnswer) -> (i64, Option<i64>) {
    let total = answer.total.unwrap();
    (total.at_least_fen, total.at_most_fen)
}

fn law<'a>(answer: &'a DamagesAnswer, id: &str) -> &'a LawResult {
    answer
        .laws
        .iter()
        .find(|law| law.id == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

fn reading<'a>(answer: &'a DamagesAnswer, id: &str) -> &'a Reading {
    let ids: Vec<&str> = answer
        .laws
        .iter()
        .flat_map(|law| &law.readings)
        .map(|r| r.id.as_str())
        .collect();
    let readings = answer.laws.iter().flat_map(|law| &law.readings);
    readings
        .into_iter()
        .find(|reading| reading.id == id)
        .unwrap_or_else(|| panic!("no {id} in {ids:?}"))
}

fn ends(reading: &Reading) -> (i64, Option<i64>) {
    (reading.total.at_least_fen, reading.total.at_most_fen)
}

const WILFUL: &str = r#"{"name":"intent","value":true},{"name":"serious_circumstances","value":true}"#;
const NOT_WILFUL: &str = r#"{"name":"intent","value":false}"#;

// ---- the table of law facts ----

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

// ---- stories ----

#[test]
fn music_of_2022_the_known_gain_goes_before_thirty_million_plays_at_a_price() {
    let head = r#""right":"copyright","infringement":{"from":"2022-05-01","to":"2023-04-30"},"judged_on":"2024-12-20""#;
    let plays =
        r#"{"name":"infringing_uses","count":30000000},{"name":"royalty_per_thousand_uses","fen":500}"#;
    let gain = r#"{"name":"illegal_gain","fen":7200000,"evidence":["ledger"],"stated_by":"the auditor"}"#;
    let with_gain = answer(&sheet(head, &format!("{gain},{plays},{NOT_WILFUL}")));
    let copyright = law(&with_gain, "copyright.2021");
    assert_eq!(
        copyright.preferred.iter().map(word).collect::<Vec<_>>(),
        ["illegal_gain"]
    );
    assert_eq!(total(&with_gain), (7_200_000, Some(7_200_000)));
    let royalty = copyright
        .methods
        .iter()
        .find(|method| word(&method.method) == "royalty")
        .unwrap();
    assert_eq!(
        (royalty.state, royalty.amount.unwrap().at_least_fen),
        (MethodState::Excluded, 15_000_000)
    );
    let used = &copyright.methods[1].ways[0];
    assert_eq!(
        (used.evidence.as_slice(), used.stated_by.as_slice()),
        (&["ledger".to_owned()][..], &["the auditor".to_owned()][..])
    );
    assert_eq!(
        copyright.statutory.as_ref().unwrap().state,
        StatutoryState::Closed
    );
    let unknown = r#"{"name":"illegal_gain_undeterminable","value":true},{"name":"actual_loss_undeterminable","value":true}"#;
    let without_gain = answer(&sheet(head, &format!("{unknown},{plays},{NOT_WILFUL}")));
    assert_eq!(total(&without_gain), (15_000_000, Some(15_000_000)));
}

#[test]
fn the_same_marks_before_and_after_the_new_trademark_law() {
    let facts = format!(
        r#"{{"name":"actual_loss","fen":20000000}},{{"name":"infringer_profit","fen":90000000}},{{"name":"reasonable_costs","fen":5000000}},{NOT_WILFUL}"#
    );
    let on = |from: &str, to: &str, judged: &str| {
        let head = format!(
            r#""right":"trademark","infringement":{{"from":"{from}","to":"{to}"}},"judged_on":"{judged}""#
        );
        answer(&sheet(&head, &facts))
    };
    let before = on("2025-01-01", "2025-12-31", "2026-06-01");
    assert_eq!(law(&before, "trademark.2019").preferred.len(), 1);
    assert_eq!(
        ends(reading(&before, "trademark.2019/compensation")),
        (25_000_000, Some(25_000_000))
    );
    assert_eq!(
        ends(reading(&before, "trademark.2019/compensation/costs_inside")),
        (20_000_000, Some(20_000_000)),
        "both readings of “include” are held"
    );
    let after = on("2027-01-01", "2027-06-30", "2027-09-01");
    assert_eq!(law(&after, "trademark.2027").preferred.len(), 2);
    assert_eq!(
        ends(reading(&after, "trademark.2027/compensation")),
        (25_000_000, Some(95_000_000))
    );
    let both = on("2026-07-01", "2027-06-30", "2027-09-01");
    assert_eq!(
        both.laws.iter().map(|law| law.governs).collect::<Vec<_>>(),
        [Governs::Open, Governs::Open]
    );
    assert!(both.choice_required && both.governing.law.is_none());
    assert_eq!(total(&both), (20_000_000, Some(95_000_000)));
}

#[test]
fn a_trade_secret_across_the_change_falls_under_the_new_law_and_three_times_has_two_readings() {
    let facts = format!(
        r#"{{"name":"infringer_profit","fen":200000000}},{{"name":"actual_loss_undeterminable","value":true}},{WILFUL}"#
    );
    let head = r#""right":"trade_secret","infringement":{"from":"2024-03-01","to":"2026-01-31"},"filed_on":"2026-02-01",
        "judged_on":"2026-04-20","claim":{"total_fen":600000000,"punitive_multiple":3,"reasons":"wilful"}"#;
    let answer = answer(&sheet(head, &facts));
    let states: Vec<_> = answer
        .laws
        .iter()
        .map(|law| (law.id.as_str(), law.governs))
        .collect();
    assert_eq!(states, [("aucl.2019", Governs::No), ("aucl.2025", Governs::Yes)]);
    assert_eq!(answer.governing.rules[0].rule, "cn/civil/temporal/2020-7-art-28");
    assert_eq!(
        ends(reading(&answer, "aucl.2025/punitive.2021/base_times_n")),
        (600_000_000, Some(600_000_000))
    );
    assert_eq!(
        ends(reading(&answer, "aucl.2025/punitive.2021/base_plus_base_times_n")),
        (800_000_000, Some(800_000_000))
    );
    assert_eq!(total(&answer), (600_000_000, Some(800_000_000)));
    assert!(answer.choice_required);
    let claim = answer.claim.unwrap();
    let kinds: Vec<_> = claim
        .distances
        .iter()
        .map(|distance| (distance.kind, distance.by_fen))
        .collect();
    assert_eq!(
        kinds,
        [
            (DistanceKind::InsideReading, 0),
            (DistanceKind::BelowReading, 200_000_000)
        ]
    );
}

#[test]
fn a_person_chooses_between_the_readings_and_the_choice_is_kept() {
    let facts = format!(r#"{{"name":"infringer_profit","fen":200000000}},{WILFUL}"#);
    let with = |choice: &str| {
        let head = format!(
            r#""right":"trade_secret","infringement":{{"from":"2025-11-01","to":"2026-01-31"}},"filed_on":"2026-02-01",
            "judged_on":"2026-04-20","claim":{{"punitive_multiple":3}},"chosen_reading":{choice}"#
        );
        let sheet = DamagesSheet::parse(&sheet(&head, &facts)).unwrap();
        book().damages(&sheet, today())
    };
    let chosen = with(r#"{"id":"aucl.2025/punitive.2021/base_times_n","reason":"the text says so","chosen_by":"the judge"}"#).unwrap();
    assert_eq!(total(&chosen), (600_000_000, Some(600_000_000)));
    assert!(!chosen.choice_required && chosen.open[0].question.en.contains("the text says so"));
    let unknown = with(r#"{"id":"aucl.2025/base","reason":"x"}"#).unwrap_err();
    assert_eq!(unknown.code(), "law_damages_choice");
    assert!(
        unknown.to_string().contains("base_plus_base_times_n"),
        "{unknown}"
    );
    assert_eq!(
        with(r#"{"id":"aucl.2025/punitive.2021/base_times_n","reason":" "}"#)
            .unwrap_err()
            .code(),
        "law_damages_choice"
    );
}

#[test]
fn patents_fall_back_on_thirty_thousand_to_five_million_with_the_costs_on_top() {
    let head = r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20",
        "claim":{"total_fen":600000000}"#;
    let answer = answer(&sheet(head, r#"{"name":"reasonable_costs","fen":8000000}"#));
    assert_eq!(
        total(&answer),
        (3_000_000 + 8_000_000, Some(500_000_000 + 8_000_000))
    );
    let claim = answer.claim.as_ref().unwrap();
    assert_eq!(
        (claim.distances[0].kind, claim.distances[0].by_fen),
        (DistanceKind::AboveStatutory, 92_000_000)
    );
    assert_eq!(
        law(&answer, "patent.2021").punitive[0].state,
        PunitiveState::NoBase
    );
    assert!(
        answer
            .missing
            .iter()
            .any(|missing| missing.fact == "actual_loss" && missing.moves_fen.is_none())
    );
}

#[test]
fn pudong_opens_five_to_ten_times_in_especially_serious_circumstances() {
    let facts = format!(
        r#"{{"name":"actual_loss","fen":100000000}},{WILFUL},{{"name":"especially_serious_circumstances","value":true}}"#
    );
    let head = |place: &str| {
        format!(
            r#""right":"patent","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"filed_on":"2024-01-10",
            "judged_on":"2024-12-20",{place}"claim":{{"punitive_multiple":6}}"#
        )
    };
    let there = answer(&sheet(&head(r#""place":"pudong","#), &facts));
    let local = law(&there, "patent.2021+pudong.2021");
    assert_eq!(
        (local.governs, law(&there, "patent.2021").governs),
        (Governs::Yes, Governs::No)
    );
    assert_eq!(local.punitive[0].multiple_hundredths, Some([600, 600]));
    assert_eq!(
        ends(reading(
            &there,
            "patent.2021+pudong.2021/punitive.2021/base_times_n"
        )),
        (600_000_000, Some(600_000_000))
    );
    // Elsewhere the same claim is refused by name.
    let sheet = DamagesSheet::parse(&sheet(&head(""), &facts)).unwrap();
    let refused = book().damages(&sheet, today()).unwrap_err();
    assert_eq!(refused.code(), "law_damages_multiple");
    expect!["claim.punitive_multiple: 6 times is outside what the law allows: 1 to 5 times (Patent Law (2020), art. 71); claim a multiple inside"]
        .assert_eq(&refused.to_string());
}

#[test]
fn pudong_before_its_regulation_is_open_and_its_statutory_range_is_twice_as_high() {
    let head = |from: &str, to: &str| {
        format!(
            r#""right":"patent","place":"pudong","infringement":{{"from":"{from}","to":"{to}"}},"judged_on":"2024-12-20""#
        )
    };
    let inside = answer(&sheet(&head("2021-12-01", "2022-12-31"), ""));
    assert_eq!(total(&inside), (0, Some(1_000_000_000)));
    let across = answer(&sheet(&head("2021-11-30", "2022-12-31"), ""));
    assert!(across.laws.iter().all(|law| law.governs == Governs::Open) && across.choice_required);
    let before = answer(&sheet(&head("2021-07-01", "2021-11-30"), ""));
    assert_eq!(total(&before), (3_000_000, Some(500_000_000)));
    assert!(
        before.open[0].question.en.contains("no special rule"),
        "{:?}",
        before.open[0]
    );
}

#[test]
fn refused_books_let_the_court_follow_the_holders_figure_or_the_statutory_range() {
    let head =
        r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20""#;
    let figure = r#"{"name":"infringer_profit_undeterminable","value":true},{"name":"plaintiff_figure","fen":80000000}"#;
    let refused = answer(&sheet(
        head,
        &format!(r#"{figure},{{"name":"books_refused","value":true}},{NOT_WILFUL}"#),
    ));
    let patent = law(&refused, "patent.2021");
    assert_eq!(
        ends(reading(&refused, "patent.2021/compensation")),
        (80_000_000, Some(80_000_000))
    );
    assert_eq!(
        patent.statutory.as_ref().unwrap().state,
        StatutoryState::BesideFigures
    );
    assert_eq!(total(&refused), (3_000_000, Some(500_000_000)));
    let given = answer(&sheet(
        head,
        &format!(r#"{figure},{{"name":"books_refused","value":false}},{NOT_WILFUL}"#),
    ));
    assert_eq!(law(&given, "patent.2021").preferred, []);
}

fn weights(answer: &DamagesAnswer) -> Vec<(&str, Strength)> {
    let weighed = answer.fines_paid[0].weighed.iter();
    weighed
        .map(|weight| (weight.interpretation.as_str(), weight.strength))
        .collect()
}

#[test]
fn fines_already_paid_are_never_deducted_and_weighed_as_each_interpretation_says() {
    let with = |judged: &str, paid: &str| {
        let head = format!(
            r#""right":"patent","infringement":{{"from":"2025-01-01","to":"2025-12-31"}},"judged_on":"{judged}",
            "fines_paid":[{{"kind":"administrative","fen":5000000,{paid}"evidence":["receipt"]}}]"#
        );
        answer(&sheet(
            &head,
            &format!(r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL}"#),
        ))
    };
    let old = with("2026-03-01", r#""paid_on":"2026-01-15","same_act":true,"#);
    assert_eq!(weights(&old), [("punitive.2021", Strength::May)]);
    assert_eq!(
        total(&old),
        (100_000_000, Some(100_000_000)),
        "nothing is deducted"
    );
    let new = with("2026-06-01", r#""paid_on":"2026-01-15","same_act":true,"#);
    assert_eq!(
        weights(&new),
        [
            ("punitive.2021", Strength::May),
            ("punitive.2026", Strength::Shall)
        ]
    );
    assert_eq!(
        with("2026-06-01", r#""paid_on":"2026-01-15","same_act":false,"#).fines_paid[0].weighed,
        []
    );
    assert_eq!(
        with("2026-06-01", r#""same_act":true,"#).fines_paid[0].weighed,
        [],
        "not executed"
    );
}

#[test]
fn a_multiple_of_the_licence_fee_counts_when_loss_and_profit_are_hard_to_determine() {
    let head =
        r#""right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20""#;
    let hard = r#"{"name":"actual_loss_undeterminable","value":true},{"name":"infringer_profit_undeterminable","value":true}"#;
    let fee = r#"{"name":"licence_fee","fen":10000000}"#;
    let twice = answer(&sheet(
        head,
        &format!(r#"{hard},{fee},{{"name":"licence_multiple_percent","count":250}},{NOT_WILFUL}"#),
    ));
    assert_eq!(total(&twice), (25_000_000, Some(25_000_000)));
    let open = answer(&sheet(head, &format!("{hard},{fee},{NOT_WILFUL}")));
    assert_eq!(
        total(&open),
        (10_000_000, None),
        "without a multiple it is open upwards"
    );
    assert!(
        open.missing
            .iter()
            .any(|missing| missing.fact == "licence_multiple_percent")
    );
}

#[test]
fn the_operating_profit_counts_unless_infringement_is_the_business() {
    let head = r#""right":"copyright","infringement":{"from":"2026-05-01","to":"2026-06-30"},"judged_on":"2026-10-01""#;
    let profits = r#"{"name":"operating_profit","fen":30000000},{"name":"sales_profit","fen":50000000},{"name":"contribution_percent","count":50}"#;
    let with = |business: &str| {
        total(&answer(&sheet(
            head,
            &format!("{profits},{business}{NOT_WILFUL}"),
        )))
    };
    assert_eq!(
        with(r#"{"name":"infringement_as_business","value":false},"#),
        (15_000_000, Some(15_000_000))
    );
    assert_eq!(
        with(r#"{"name":"infringement_as_business","value":true},"#),
        (25_000_000, Some(25_000_000))
    );
    assert_eq!(
        with(""),
        (15_000_000, Some(25_000_000)),
        "unknown: both stay possible"
    );
}

#[test]
fn what_nobody_has_read_is_named_and_decisive_where_the_total_rests_on_it() {
    let head = |judged: &str| {
        format!(
            r#""right":"patent","infringement":{{"from":"{judged}","to":"{judged}"}},"judged_on":"{judged}""#
        )
    };
    let loss = r#"{"name":"actual_loss","fen":100000000}"#;
    let old = answer(&sheet(&head("2026-04-30"), &format!("{loss},{WILFUL}")));
    assert!(!old.rests_on_unverified, "{:?}", old.unverified);
    let new = answer(&sheet(&head("2026-05-01"), &format!("{loss},{WILFUL}")));
    assert!(new.rests_on_unverified);
    let plain = answer(&sheet(&head("2026-05-01"), &format!("{loss},{NOT_WILFUL}")));
    assert!(
        !plain.rests_on_unverified && !plain.unverified.is_empty(),
        "no multiple is in sight"
    );
}

#[test]
fn statements_that_cannot_both_be_true_are_shown_and_not_averaged() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let two = r#"{"name":"actual_loss","fen":10000000,"stated_by":"the holder"},{"name":"actual_loss","fen":4000000,"stated_by":"the infringer"}"#;
    let stated = answer(&sheet(head, &format!("{two},{NOT_WILFUL}")));
    assert_eq!(total(&stated), (4_000_000, Some(10_000_000)));
    assert_eq!(
        (
            stated.contradictions[0].fact.as_str(),
            stated.contradictions[0].stated.len()
        ),
        ("actual_loss", 2)
    );
    // A stated loss and one that is computed from lost units are such statements too.
    let computed = r#"{"name":"actual_loss","fen":10000000},{"name":"lost_units","count":1000},{"name":"own_unit_profit","fen":6000}"#;
    let differing = answer(&sheet(head, &format!("{computed},{NOT_WILFUL}")));
    assert_eq!(total(&differing), (6_000_000, Some(10_000_000)));
    assert_eq!(differing.contradictions[0].fact, "actual_loss");
}

#[test]
fn an_amount_that_is_also_said_to_be_hard_to_determine_is_pointed_out() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let both = r#"{"name":"actual_loss","fen":10000000},{"name":"actual_loss_undeterminable","value":true}"#;
    let answer = answer(&sheet(head, &format!("{both},{NOT_WILFUL}")));
    assert!(
        answer.contradictions[0].text.en.contains("not used"),
        "{:?}",
        answer.contradictions
    );
    assert_eq!(law(&answer, "trademark.2019").preferred, []);
}

#[test]
fn a_share_that_is_only_known_to_be_at_least_so_much_ends_at_the_whole() {
    let head =
        r#""right":"patent","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let facts =
        r#"{"name":"operating_profit","fen":10000000},{"name":"contribution_percent","at_least_count":40}"#;
    let answer = answer(&sheet(head, &format!("{facts},{NOT_WILFUL}")));
    assert_eq!(total(&answer), (4_000_000, Some(10_000_000)));
}

#[test]
fn an_action_that_came_late_is_told_how_far_back_damages_reach() {
    let head = r#""right":"copyright","infringement":{"from":"2021-06-01","to":"2025-12-31"},"filed_on":"2026-02-28","judged_on":"2026-04-01""#;
    let late = answer(&sheet(head, r#"{"name":"actual_loss","fen":100}"#));
    assert!(
        late.open
            .iter()
            .any(|open| open.question.en.contains("2023-02-28")),
        "{:?}",
        late.open
    );
}

#[test]
fn conduct_before_every_law_in_the_book_has_no_total() {
    let head =
        r#""right":"patent","infringement":{"from":"2015-01-01","to":"2016-12-31"},"judged_on":"2018-01-01""#;
    let none = answer(&sheet(head, r#"{"name":"actual_loss","fen":100}"#));
    assert_eq!((none.total, none.laws.len()), (None, 0));
    assert!(
        none.summary.en.contains("no law on damages"),
        "{}",
        none.summary.en
    );
}

#[test]
fn other_unfair_competition_has_no_multiple_and_needs_confusion_for_the_statutory_range() {
    let head = r#""right":"unfair_competition","infringement":{"from":"2025-11-01","to":"2025-12-31"},"judged_on":"2026-03-01","claim":{"punitive_multiple":3}"#;
    let with = |facts: &str| answer(&sheet(head, facts));
    let statutory = |answer: &DamagesAnswer| law(answer, "aucl.2025").statutory.as_ref().unwrap().state;
    assert_eq!(statutory(&with("")), StatutoryState::DependsOnAct);
    assert_eq!(
        statutory(&with(r#"{"name":"confusion","value":true}"#)),
        StatutoryState::Open
    );
    let other = with(r#"{"name":"confusion","value":false}"#);
    assert_eq!(
        (statutory(&other), other.total),
        (StatutoryState::NotForThisAct, None)
    );
    assert_eq!(
        law(&other, "aucl.2025").punitive[0].state,
        PunitiveState::Excluded
    );
}

#[test]
fn signs_let_the_court_find_intent_also_against_a_denial() {
    let head = r#""right":"trademark","infringement":{"from":"2025-01-01","to":"2025-12-31"},"judged_on":"2026-03-01""#;
    let facts = format!(
        r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL},{{"name":"piracy_or_counterfeiting","value":true,"evidence":["seized bags"]}}"#
    );
    let answer = answer(&sheet(head, &facts));
    let intent = law(&answer, "trademark.2019").punitive[0].intent.clone().unwrap();
    assert_eq!(intent.state, Found::MayBeFound);
    let sign = intent
        .factors
        .iter()
        .find(|factor| factor.fact == "piracy_or_counterfeiting")
        .unwrap();
    assert_eq!(sign.evidence, ["seized bags"]);
}

// ---- licence value ----

#[test]
fn the_licence_value_of_a_secret_is_a_range_and_never_one_point_from_one_input() {
    let head = |licences: &str| {
        format!(
            r#""right":"trade_secret","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"judged_on":"2024-12-20",
            "licence_value":{{"exclusivity":"ordinary","comparable_licences":[{licences}]}}"#
        )
    };
    let year = r#"{"name":"A","fen":230000000,"term_months":12,"exclusivity":"ordinary","performed":true,"evidence":["contract A"]}"#;
    let two_years = r#"{"name":"B","fen":500000000,"term_months":24,"exclusivity":"ordinary"}"#;
    let sham = r#"{"name":"C","fen":9900000000,"term_months":12,"exclusivity":"ordinary","performed":false}"#;
    let exclusive = r#"{"name":"D","fen":800000000,"term_months":12,"exclusivity":"exclusive"}"#;
    let all = answer(&sheet(
        &head(&[year, two_years, sham, exclusive].join(",")),
        NOT_WILFUL,
    ));
    let value = all.licence_value.as_ref().unwrap();
    let range = value.range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (230_000_000, Some(250_000_000))
    );
    assert_eq!(
        value.inputs.iter().map(|input| input.counted).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!(
        total(&all),
        (230_000_000, Some(250_000_000)),
        "it stands for the loss"
    );
    let way = &law(&all, "aucl.2019").methods[0].ways;
    let used = way.iter().find(|way| way.used).unwrap();
    assert_eq!(
        (used.id.as_str(), used.evidence.as_slice()),
        ("sv.civil.licence", &["contract A".to_owned()][..])
    );
    let one = answer(&sheet(&head(year), NOT_WILFUL));
    assert_eq!(one.licence_value.unwrap().range, None);
    assert_eq!(
        one.total.unwrap().at_most_fen,
        Some(500_000_000),
        "so the statutory range is left"
    );
}

#[test]
fn research_costs_count_as_value_only_when_the_secret_became_public() {
    let with = |public: bool| {
        let head = r#""right":"trade_secret","infringement":{"from":"2023-01-01","to":"2023-12-31"},"judged_on":"2024-12-20",
            "licence_value":{"income":{"at_least_fen_per_year":100000000,"at_most_fen_per_year":200000000,
            "at_least_share_percent":10,"at_most_share_percent":30}}"#;
        let facts = format!(
            r#"{{"name":"research_cost","fen":90000000}},{{"name":"secret_made_public","value":{public}}},{NOT_WILFUL}"#
        );
        answer(&sheet(head, &facts)).licence_value.unwrap()
    };
    assert_eq!(with(false).range, None, "the income approach stands alone");
    let range = with(true).range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (10_000_000, Some(90_000_000))
    );
}

// ---- interest ----

fn interest_of(interest: &str) -> quanlian_law::damages::InterestResult {
    let head = format!(
        r#""right":"patent","infringement":{{"from":"2023-01-01","to":"2023-12-31"}},"judged_on":"2024-12-20","interest":{interest}"#
    );
    let answer = answer(&sheet(
        &head,
        &format!(r#"{{"name":"actual_loss","fen":100000000}},{NOT_WILFUL}"#),
    ));
    reading(&answer, "patent.2021/compensation")
        .interest
        .clone()
        .unwrap()
}

#[test]
fn interest_counts_the_days_of_a_leap_year_and_rounds_once() {
    let leap = interest_of(
        r#"{"rate_basis_points_per_year":365,"from":"2024-01-01","to":"2025-01-01","day_count":365}"#,
    );
    assert_eq!(
        (leap.days, leap.amount.at_least_fen),
        (366, 3_660_000),
        "1,000,000 yuan at 3.65 % for 366 days"
    );
    let plain = interest_of(r#"{"rate_basis_points_per_year":365,"from":"2023-01-01","to":"2024-01-01"}"#);
    assert_eq!((plain.days, plain.amount.at_least_fen), (365, 3_650_000));
    let bank = interest_of(
        r#"{"rate_basis_points_per_year":365,"from":"2023-01-01","to":"2024-01-01","day_count":360}"#,
    );
    assert_eq!(bank.amount.at_least_fen, 3_700_694, "3,700,694.44 rounded down");
    let fixed = interest_of(
        r#"{"rate_basis_points_per_year":100,"from":"2023-01-01","to":"2023-01-02","principal":18250}"#,
    );
    assert_eq!(fixed.amount.at_least_fen, 1, "half a fen goes up");
}

#[test]
fn interest_by_a_schedule_changes_its_rate_on_the_day() {
    let found = interest_of(
        r#"{"from":"2024-07-20","to":"2024-07-24","schedule":[{"from":"2023-08-21","rate_basis_points_per_year":345},{"from":"2024-07-22","rate_basis_points_per_year":335}]}"#,
    );
    let days: Vec<_> = found
        .periods
        .iter()
        .map(|period| (period.days, period.rate_basis_points_per_year))
        .collect();
    assert_eq!(
        days,
        [(1, 345), (3, 335)],
        "the 21st at the old rate, the 22nd to 24th at the new"
    );
    assert_eq!(
        found.amount.at_least_fen, 36_986,
        "10^8 × (345 + 3 × 335) / 3,650,000 = 36,986.30"
    );
}

// ---- fines ----

#[test]
fn a_volume_that_straddles_the_line_keeps_both_branches() {
    let answer = fine(
        r#"{"act":"copyright","conduct":{"from":"2023-01-01","to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume","at_least_fen":4000000,"at_most_fen":6000000},{"name":"public_interest_harmed","value":true}]}"#,
    );
    let set = &answer.rule_sets[0];
    assert_eq!(
        set.branches
            .iter()
            .map(|branch| branch.branch)
            .collect::<Vec<_>>(),
        ["by_amount", "otherwise"]
    );
    let range = set.range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen, set.state),
        (0, Some(30_000_000), FineState::Unknown)
    );
    assert_eq!(
        set.branches[0].range.at_least_fen, 5_000_000,
        "above the line the least is the line itself"
    );
}

#[test]
fn a_fine_without_harm_to_the_public_interest_is_excluded_and_repetition_makes_it_heavier() {
    let copyright = fine(
        r#"{"act":"copyright","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[{"name":"public_interest_harmed","value":false}]}"#,
    );
    assert_eq!(
        (copyright.rule_sets[0].state, copyright.rule_sets[0].range),
        (FineState::Excluded, None)
    );
    let mark = fine(
        r#"{"act":"trademark","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume","fen":10000000},{"name":"two_trademark_infringements_in_5y","value":true}]}"#,
    );
    assert_eq!(
        mark.rule_sets[0].range.unwrap().at_most_fen,
        Some(50_000_000),
        "the range itself stays"
    );
    assert!(
        mark.rule_sets[0].text.en.contains("heavier"),
        "{}",
        mark.rule_sets[0].text.en
    );
}

#[test]
fn pudong_fines_who_infringes_the_same_patent_again_and_says_that_it_is_not_fully_read() {
    let there = fine(
        r#"{"act":"repeat_patent_infringement","place":"pudong","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01","facts":[
        {"name":"illegal_business_volume_undeterminable","value":true}]}"#,
    );
    let range = there.rule_sets[0].range.unwrap();
    assert_eq!(
        (range.at_least_fen, range.at_most_fen),
        (5_000_000, Some(25_000_000))
    );
    assert_eq!(there.unverified.len(), 1);
    let elsewhere = fine(
        r#"{"act":"repeat_patent_infringement","conduct":{"to":"2023-02-01"},"decided_on":"2023-06-01"}"#,
    );
    assert!(elsewhere.rule_sets.is_empty() && elsewhere.summary.en.contains("no rule on fines"));
}

#[test]
fn fines_that_cannot_be_computed_are_refused_by_name() {
    let refuse = |sheet: &str| {
        let error = FineSheet::parse(sheet)
            .and_then(|sheet| book().administrative_fine(&sheet, today()))
            .unwrap_err();
        format!("{}: {error}", error.code())
    };
    let unknown = refuse(r#"{"act":"trade_mark"}"#);
    assert!(
        unknown.contains("did you mean `trademark`?") && unknown.contains("network_dissemination"),
        "{unknown}"
    );
    let late = refuse(
        r#"{"act":"trademark","conduct":{"from":"2024-01-01","to":"2024-02-01"},"decided_on":"2024-01-15"}"#,
    );
    assert!(
        late.starts_with("law_sheet_dates: conduct.to: 2024-02-01 is after decided_on"),
        "{late}"
    );
    assert!(refuse(r#"{"act":"trademark","volume":1}"#).contains("unknown field `volume`"));
}

// ---- text ----

#[test]
fn an_answer_reads_in_both_languages_with_every_placeholder_filled() {
    let head = r#""right":"trade_secret","infringement":{"from":"2024-03-01","to":"2026-06-30"},"filed_on":"2026-07-01","judged_on":"2026-10-20",
        "claim":{"total_fen":600000000,"punitive_multiple":"2.5","reasons":["a","b"]},
        "fines_paid":[{"kind":"criminal","fen":5000000,"paid_on":"2026-07-02","same_act":true}],
        "interest":{"rate_basis_points_per_year":345,"from":"2026-07-01","to":"2026-10-01"},
        "licence_value":{"comparable_licences":[{"name":"A","fen":100,"term_months":3},{"name":"B","fen":100}]}"#;
    let facts = format!(
        r#"{{"name":"infringer_profit","at_least_fen":100000000,"evidence":["e1"]}},{{"name":"reasonable_costs","fen":700000}},{WILFUL}"#
    );
    let answer = answer(&sheet(head, &facts));
    for language in [Language::Zh, Language::En] {
        let text = book().render_damages(&answer, language);
        assert!(text.lines().count() > 40 && !text.contains('{'), "{text}");
    }
    let chinese = book().render_damages(&answer, Language::Zh);
    assert!(
        chinese.contains("惩罚性赔偿") && chinese.contains("反不正当竞争法（2025）第二十二条"),
        "{chinese}"
    );
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["rule_book_version"], book().rule_book_version());
    let answer = fine(r#"{"act":"trade_secret","conduct":{"to":"2025-10-01"},"decided_on":"2025-12-01"}"#);
    let text = book().render_administrative_fine(&answer, Language::Zh);
    assert!(text.contains("罚款") && !text.contains('{'), "{text}");
}

// ---- bad input ----

fn refuse(sheet: &str, code: &str, then: Expect) {
    let error = DamagesSheet::parse(sheet)
        .and_then(|sheet| book().damages(&sheet, today()))
        .unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    // Lists of all fields and facts grow with the law; what is looked at stands before them.
    let text = error.to_string();
    let lists = ["; known are act_type", "; the fields are", ", expected one of"];
    let ends = lists.iter().filter_map(|list| text.find(list)).min();
    then.assert_eq(&text[..ends.unwrap_or(text.len())]);
}

#[test]
fn sheets_that_cannot_be_are_refused_with_field_and_way_out() {
    refuse(
        r#"{"right":"patents"}"#,
        "law_damages_unknown",
        expect![
            "right: `patents` is not known (did you mean `patent`?); known are copyright, patent, trademark, trade_secret, unfair_competition, plant_variety"
        ],
    );
    refuse(
        r#"{"right":"patent","place":"pudon"}"#,
        "law_damages_unknown",
        expect!["place: `pudon` is not known (did you mean `pudong`?); known are pudong"],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"actual_loss","fen":-1}]}"#,
        "law_sheet_absurd",
        expect!["facts[0].fen: -1 is not possible; write an amount from 0 to 1000000000000000"],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"actual_los","fen":1}]}"#,
        "law_sheet_unknown_fact",
        expect![
            "facts[0].name: `actual_los` is not a known fact (did you mean `actual_loss`?); known are accessory, act_type, actual_clicks, actual_loss, actual_loss_undeterminable, ads_around_user_uploads, aged_75, aged_75_at_judgment, attempt, authorisation_forged, benefit_from_secret, books_refused, bought_secret, breach_of_confidentiality, bundled_with_paid_service, circumstances_found_serious, clearly_low_price, commercial_value, compensation, confession, confession_avoids_grave_result, confession_unknown_heavier_same_kind, confusion, continues_after_notice, contribution_percent, copies, copies_unsold, copying, counterfeit_goods, court_guilty_plea, criminal_judgment_gain, criminal_judgment_loss, criminal_reconciliation, deaf_mute_or_blind, direct_loss_to_patentee, disaster_or_epidemic_period, downloads, endangers_security_interest_or_health, especially_serious_circumstances, evidence_destroyed_or_hidden, evidence_hidden, fakes_relief_goods_in_disaster, fine_serious_circumstances, for_foreign_body, forgiveness, good_conduct_in_custody, goods, goods_and_services_combined, goods_value_unsold, great_merit, holder_bankrupt_or_closed, huge_profit_or_loss, illegal_business_volume, illegal_business_volume_undeterminable, illegal_gain, illegal_gain_none, illegal_gain_undeterminable, infringement_as_business, infringer_profit, infringer_profit_undeterminable, infringing_copies, infringing_unit_profit, infringing_units, infringing_uses, intent, ip_crime_as_main_trade, is_trade_secret, knowing, knowing_third_party, label_pieces, labels_of_registered_mark, licence_fee, licence_fee_multiple, licence_fee_multiple_undeterminable, licence_multiple_percent, loss_to_holder, lost_sales_profit, lost_units, mark_altered, meets_219_serious, member_fees, merit, minor, minor_circumstances, negotiation_with_access, no_major_effect_on_community, no_risk_of_reoffending, online, online_membership, operating_profit, other_grave_circumstance_of_fine, other_serious_circumstance, other_sign_of_intent, own_unit_profit, own_units_sold, paid_advertising, patent_passed_off, penalised_before, piracy_or_counterfeiting, plaintiff_figure, plea_leniency, pregnant, preservation_order_disobeyed, previous_conviction, price_cut_per_unit, probation_otherwise_unsuitable, profit_purpose, provided_secret_illegally, public_interest_harmed, reasonable_costs, reasonable_licence_fee, recidivist, refuses_to_hand_over_gain, registered_members, relationship_with_access, remedial_cost, remorse, reoffends_after_administrative_penalty, reoffends_after_ip_penalty, repeat_within_2y, repeated_after_penalty_or_judgment, research_cost, resumed_after_settlement, return_of_proceeds, ringleader, royalty, royalty_per_thousand_uses, royalty_per_use, royalty_undeterminable, sales_amount, sales_plus_unsold_value, sales_profit, same_kind, same_manager_or_controller, same_mark, secret_disclosed_or_used, secret_improperly_acquired, secret_made_public, secret_not_yet_used, secret_public_or_destroyed, serious_circumstances, services, sold_plus_unsold, spied_out_secret, stole_secret, two_or_more_marks, two_or_more_patents, two_trademark_infringements_in_5y, unsold_goods, voluntary_surrender, without_permission, works_disseminated"
        ],
    );
    refuse(
        r#"{"right":"patent","claim":{"total_fen":-5}}"#,
        "law_sheet_absurd",
        expect!["claim.total_fen: -5 is not possible; write an amount from 0 to 1000000000000000"],
    );
    refuse(
        r#"{"right":"patent","claim":{"punitive_multiple":-3}}"#,
        "law_damages_number",
        expect!["claim.punitive_multiple: -3 is not a multiple; write a number above 0 and up to 1000"],
    );
    refuse(
        r#"{"right":"patent","claim":{"punitive_multiple":"2.505"}}"#,
        "law_damages_shape",
        expect![
            "line 1: invalid value: string \"2.505\", expected a multiple with up to two decimals (3 or \"2.5\")"
        ],
    );
    refuse(
        r#"{"right":"patent","clam":{}}"#,
        "law_damages_shape",
        expect!["line 1: unknown field `clam`"],
    );
    refuse(
        r#"{"right":"patent","licence_value":{}}"#,
        "law_damages_number",
        expect![
            "licence_value: it is for trade_secret, the right is patent; state `licence_fee` or `royalty` instead"
        ],
    );
    refuse(
        r#"{"right":"patent","facts":[{"name":"operating_profit","fen":1},{"name":"contribution_percent","count":101}]}"#,
        "law_damages_number",
        expect!["contribution_percent: 101 percent is not possible; write 0 to 100"],
    );
    refuse(
        r#"{"right":"patent","infringement":{"from":"2023-02-30"}}"#,
        "law_damages_shape",
        expect!["line 1: `2023-02-30` is not a date (write 2024-12-20)"],
    );
}

#[test]
fn days_that_cannot_all_be_right_are_refused() {
    let dates = |head: &str, then: Expect| {
        refuse(
            &format!(r#"{{"right":"patent",{head}}}"#),
            "law_sheet_dates",
            then,
        );
    };
    dates(
        r#""infringement":{"from":"2024-01-01","to":"2024-12-31"},"judged_on":"2024-06-01""#,
        expect!["infringement.to: 2024-12-31 is after judged_on on 2024-06-01; correct one of them"],
    );
    dates(
        r#""infringement":{"from":"2024-01-01"},"filed_on":"2023-12-31","judged_on":"2024-06-01""#,
        expect!["filed_on: 2023-12-31 is before infringement.from on 2024-01-01; correct one of them"],
    );
    dates(
        r#""infringement":{"from":"2024-03-01","to":"2024-01-01"},"judged_on":"2024-06-01""#,
        expect!["infringement.to: 2024-01-01 is before infringement.from on 2024-03-01; correct one of them"],
    );
    dates(
        r#""filed_on":"2024-05-01","first_instance_debate_ended_on":"2024-04-01","judged_on":"2024-06-01""#,
        expect![
            "first_instance_debate_ended_on: 2024-04-01 is before filed_on on 2024-05-01; correct one of them"
        ],
    );
    dates(
        r#""judged_on":"2024-06-01","fines_paid":[{"kind":"criminal","fen":1,"paid_on":"2024-07-01"}]"#,
        expect!["judged_on: 2024-06-01 is before fines_paid.paid_on on 2024-07-01; correct one of them"],
    );
}

#[test]
fn interest_that_cannot_be_computed_is_refused() {
    let interest = |interest: &str, then: Expect| {
        refuse(
            &format!(r#"{{"right":"patent","interest":{interest}}}"#),
            "law_damages_interest",
            then,
        );
    };
    interest(
        r#"{"rate_basis_points_per_year":345}"#,
        expect![
            "interest: `from` and `to` are both needed; write the day it runs from and the last day counted"
        ],
    );
    interest(
        r#"{"from":"2024-01-01","to":"2024-02-01"}"#,
        expect!["interest: write either `rate_basis_points_per_year` or `schedule`"],
    );
    interest(
        r#"{"rate_basis_points_per_year":345,"from":"2024-03-01","to":"2024-02-01"}"#,
        expect!["interest: it ends on 2024-02-01 before it begins on 2024-03-01; swap them or correct one"],
    );
    interest(
        r#"{"rate_basis_points_per_year":-1,"from":"2024-01-01","to":"2024-02-01"}"#,
        expect!["interest: a rate of -1 is not possible; write 0 to 10000 basis points a year"],
    );
    interest(
        r#"{"rate_basis_points_per_year":1,"from":"2024-01-01","to":"2024-02-01","day_count":366}"#,
        expect!["interest: day_count is 366; write 365 or 360"],
    );
    interest(
        r#"{"from":"2024-01-01","to":"2024-02-01","schedule":[{"from":"2024-01-15","rate_basis_points_per_year":1}]}"#,
        expect!["interest: no rate for the days from 2024-01-01 to 2024-01-15; begin the schedule earlier"],
    );
}

#[test]
fn amounts_that_no_account_can_hold_are_errors_and_never_wrap() {
    let many =
        r#"{"name":"lost_units","count":1000000000000000},{"name":"own_unit_profit","fen":1000000000000000}"#;
    refuse(
        &sheet(r#""right":"patent""#, many),
        "law_damages_overflow",
        expect![
            "patent.loss.lost_units is beyond 1000000000000000 fen; check the amounts and numbers that it is computed from"
        ],
    );
    let head = r#""right":"patent","interest":{"rate_basis_points_per_year":10000,"from":"0001-01-01","to":"9999-12-31"}"#;
    let loss = r#"{"name":"actual_loss","fen":1000000000000000}"#;
    refuse(
        &sheet(head, loss),
        "law_damages_overflow",
        expect![
            "interest is beyond 9223372036854775807 fen; check the amounts and numbers that it is computed from"
        ],
    );
}

// ---- what must always hold ----

const ROOM: i64 = 1_000_000_000;

fn loss_sheet(right: &str, facts: &str, more: &str) -> String {
    let head = format!(
        r#""right":"{right}","infringement":{{"from":"2025-11-01","to":"2025-12-31"}},"filed_on":"2026-01-05","judged_on":"2026-03-01"{more}"#
    );
    sheet(&head, facts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_larger_loss_never_lowers_the_total(
        right in prop::sample::select(vec!["patent", "trademark", "copyright", "trade_secret", "plant_variety"]),
        loss in 0..ROOM, more in 0..ROOM, profit in prop::option::of(0..ROOM), costs in prop::option::of(0..ROOM), wilful: bool,
    ) {
        let total_of = |loss: i64| {
            let mut facts = vec![format!(r#"{{"name":"actual_loss","fen":{loss}}}"#)];
            facts.extend(profit.map(|profit| format!(r#"{{"name":"infringer_profit","fen":{profit}}}"#)));
            facts.extend(costs.map(|costs| format!(r#"{{"name":"reasonable_costs","fen":{costs}}}"#)));
            facts.push(if wilful { WILFUL } else { NOT_WILFUL }.to_owned());
            total(&answer(&loss_sheet(right, &facts.join(","), "")))
        };
        let (less, greater) = (total_of(loss), total_of(loss + more));
        prop_assert!(less.0 <= greater.0 && less.1 <= greater.1, "{less:?} {greater:?}");
    }

    #[test]
    fn the_ends_of_an_interval_bracket_every_exact_answer(
        units in 0..10_000_i64, width in 0..10_000_i64, at in 0..10_000_i64, profit in 0..100_000_i64,
        share in 0..=100_i64, multiple in 100..=500_i64, rate in 0..2_000_i64,
    ) {
        let total_of = |low: i64, high: i64| {
            let facts = format!(
                r#"{{"name":"infringing_units","at_least_count":{low},"at_most_count":{high}}},{{"name":"infringing_unit_profit","fen":{profit}}},
                {{"name":"contribution_percent","count":{share}}},{{"name":"actual_loss_undeterminable","value":true}},{WILFUL}"#
            );
            let hundredths = format!("{}.{:02}", multiple / 100, multiple % 100);
            let more = format!(
                r#","claim":{{"punitive_multiple":"{hundredths}"}},"interest":{{"rate_basis_points_per_year":{rate},"from":"2026-01-05","to":"2026-02-20"}}"#
            );
            total(&answer(&loss_sheet("patent", &facts, &more)))
        };
        let inside = units + at % (width + 1);
        let (wide, exact) = (total_of(units, units + width), total_of(inside, inside));
        prop_assert!(wide.0 <= exact.0 && exact.1.unwrap() <= wide.1.unwrap(), "{wide:?} {exact:?}");
    }

    #[test]
    fn interest_of_adjoining_periods_adds_up_to_a_fen_for_each(
        fen in 0..ROOM, rate in 0..2_000_i64, first in 0..800_i64, second in 0..800_i64, year in prop::sample::select(vec![360, 365]),
    ) {
        let day = |offset: i64| quanlian_record::time::Day::constant(2023, 1, 1).checked_add(jiff_days(offset)).unwrap();
        let interest = |from: i64, to: i64| {
            interest_of(&format!(
                r#"{{"rate_basis_points_per_year":{rate},"from":"{}","to":"{}","day_count":{year},"principal":{fen}}}"#, day(from), day(to)
            ))
        };
        let (a, b, whole) = (interest(0, first), interest(first, first + second), interest(0, first + second));
        prop_assert_eq!(a.days + b.days, whole.days);
        let apart = a.amount.at_least_fen + b.amount.at_least_fen;
        prop_assert!((apart - whole.amount.at_least_fen).abs() <= 1, "{apart} {}", whole.amount.at_least_fen);
    }

    #[test]
    fn a_fine_range_never_runs_downwards_and_more_volume_never_lowers_it(volume in 0..ROOM, more in 0..ROOM) {
        let range = |volume: i64| {
            let sheet = format!(r#"{{"act":"network_dissemination","conduct":{{"to":"2023-02-01"}},"decided_on":"2023-06-01","facts":[{{"name":"illegal_business_volume","fen":{volume}}}]}}"#);
            let range = fine(&sheet).rule_sets[0].range.unwrap();
            (range.at_least_fen, range.at_most_fen.unwrap())
        };
        let (less, greater) = (range(volume), range(volume + more));
        prop_assert!(less.0 <= less.1 && less.0 <= greater.0 && less.1 <= greater.1, "{less:?} {greater:?}");
    }

    #[test]
    fn every_combination_of_facts_has_an_answer_that_agrees_with_itself(
        right in prop::sample::select(vec!["patent", "trademark", "copyright", "trade_secret", "unfair_competition", "plant_variety"]),
        chosen in prop::collection::btree_map(0..usize::MAX, (0..ROOM, any::<bool>()), 0..8), place: bool,
    ) {
        let names: Vec<_> = book().fact_names().filter(|fact| fact.rank >= 1000).collect();
        let facts: BTreeMap<&str, String> = chosen.into_iter().map(|(index, (amount, flag))| {
            let fact = names[index % names.len()];
            let value = match word(&fact.kind).as_str() {
                "money" => format!(r#""fen":{amount}"#),
                "count" => format!(r#""count":{}"#, amount % 100),
                _ => format!(r#""value":{flag}"#),
            };
            (fact.name.as_str(), format!(r#"{{"name":"{}",{value}}}"#, fact.name))
        }).collect();
        let facts: Vec<String> = facts.into_values().collect();
        let answer = answer(&loss_sheet(right, &facts.join(","), if place { r#","place":"pudong""# } else { "" }));
        let readings: Vec<_> = answer.laws.iter().filter(|law| law.governs != Governs::No).flat_map(|law| &law.readings).collect();
        prop_assert_eq!(answer.total.is_none(), readings.is_empty());
        for reading in readings {
            let (low, high) = ends(reading);
            prop_assert!(high.is_none_or(|high| low <= high));
            let all = total(&answer);
            prop_assert!(all.0 <= low && (all.1.is_none() || high.is_some_and(|high| Some(high) <= all.1)));
        }
        let mut ids: Vec<&str> = answer.laws.iter().flat_map(|law| &law.readings).map(|r| r.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "ids of readings are unique");
    }
}

/// So many days, to be added to a day.
fn jiff_days(days: i64) -> std::time::Duration {
    std::time::Duration::from_secs(u64::try_from(days).unwrap() * 86_400)
}
