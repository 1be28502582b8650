//! Every row of the table of law facts about crimes against the files under `law/`, by id and value.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::{
    Amount, Rule, RuleBook, Tier,
    rule::{Band, Body, Condition, FineBasis, FineRule, Line, Version},
};
use quanlian_record::time::Day;
use serde_json::Value;

use crate::{book, book::law_facts, word, yaml};

/// Rows of the table in all.
const ALL_THRESHOLDS: usize = 141;

struct Table {
    facts: Value,
    book: &'static RuleBook,
}

impl Table {
    /// `None` where the table is not at hand; the reason is printed.
    fn read() -> Option<Self> {
        Some(Self {
            facts: yaml::parse(&law_facts()?),
            book: book(),
        })
    }

    fn rows(&self, group: &str, name: &str) -> Vec<&Value> {
        let rows = self.facts[group][name].as_array();
        rows.unwrap_or_else(|| panic!("{group}.{name} is no list"))
            .iter()
            .collect()
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.book
            .list()
            .into_iter()
            .filter_map(|summary| self.book.show(&summary.id))
    }

    /// The one rule of a row, or the one version.
    fn of_row(&self, row: &str) -> (&Rule, &Version) {
        let whole = self.rules().filter(|rule| rule.row.as_deref() == Some(row));
        let whole = whole.filter_map(|rule| rule.versions.last().map(|version| (rule, version)));
        let versions = self
            .rules()
            .flat_map(|rule| rule.versions.iter().map(move |version| (rule, version)));
        let parts = versions.filter(|(_, version)| version.row.as_deref() == Some(row));
        let found: Vec<_> = whole.chain(parts).collect();
        assert_eq!(found.len(), 1, "the row {row} stands in {} places", found.len());
        found[0]
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {row} is no text"))
}

fn day(row: &Value, key: &str) -> Option<Day> {
    row[key].as_str().map(|day| day.parse().unwrap())
}

/// A row is verified wholly, not at all, or in part; a part counts as not.
fn is_verified(row: &Value) -> bool {
    row["verified"] == Value::Bool(true)
}

/// A line of the files with the days on which it is in force.
struct Ours<'a> {
    line: &'a Line,
    offences: &'a [String],
    from: Day,
    to: Option<Day>,
}

fn all_lines(table: &Table) -> BTreeMap<&str, Ours<'_>> {
    let mut lines: BTreeMap<&str, Ours<'_>> = BTreeMap::new();
    for rule in table.rules() {
        for version in &rule.versions {
            let Body::Lines(of_version) = &version.body else {
                continue;
            };
            for line in of_version {
                let ours = lines.entry(&line.id).or_insert(Ours {
                    line,
                    offences: &rule.offences,
                    from: version.from,
                    to: None,
                });
                assert_eq!(
                    ours.line, line,
                    "a line that goes on in a later version stays the same"
                );
                ours.to = version.to;
            }
        }
    }
    lines
}

/// The flags that a condition of the table asks for. A composite condition asks for two.
fn flags_of(condition: &str) -> Vec<&str> {
    const ALONE: [&str; 9] = [
        "default",
        "attempt_unsold",
        "attempt_sold_plus_unsold",
        "goods_and_services_combined",
        "two_or_more_marks",
        "two_or_more_patents",
        "repeat_within_2y",
        "unsold_goods",
        "sold_plus_unsold",
    ];
    if let Some((first, second)) = ["goods_", "services_"]
        .iter()
        .filter(|_| !ALONE.contains(&condition))
        .find_map(|first| Some((first.trim_end_matches('_'), condition.strip_prefix(first)?)))
    {
        return vec![first, second];
    }
    match condition {
        "default" => vec![],
        "attempt_unsold" => vec!["unsold_goods"],
        "attempt_sold_plus_unsold" => vec!["sold_plus_unsold"],
        flag => vec![flag],
    }
}

#[test]
fn every_threshold_is_in_the_files() {
    let Some(table) = Table::read() else { return };
    let rows = table.rows("criminal", "thresholds");
    assert_eq!(rows.len(), ALL_THRESHOLDS, "the table changed");
    let ours = all_lines(&table);
    let mut missing = BTreeSet::new();
    for row in &rows {
        let id = text(row, "id");
        let Some(Ours {
            line,
            offences,
            from,
            to,
        }) = ours.get(id)
        else {
            missing.insert(id);
            continue;
        };
        let article = text(row, "criminal_law_article");
        assert_eq!(**offences, [format!("cn/criminal/{article}")], "{id}");
        let number = row["value"].as_i64().unwrap();
        match &line.condition {
            Condition::AtOrAbove { fact, threshold } => {
                let wanted = match text(row, "unit") {
                    "CNY" => Amount::Fen(number * 100),
                    _ => Amount::Count(number),
                };
                assert_eq!((fact.as_str(), *threshold), (text(row, "metric"), wanted), "{id}");
            }
            Condition::Flag(flag) => {
                assert_eq!(
                    (flag.as_str(), number, text(row, "unit")),
                    (text(row, "metric"), 1, "bool"),
                    "{id}"
                );
            }
            // A condition that no single fact states is compared where its rule is tested.
            other => assert_eq!(text(row, "unit"), "bool", "{id}: {other:?}"),
        }
        assert_eq!(text(row, "op"), ">=", "{id}");
        assert_eq!(word(&line.tier), text(row, "tier"), "{id}");
        assert_eq!(line.verified, is_verified(row), "{id}");
        assert_eq!(line.attempt, row["attempt"] == Value::Bool(true), "{id}");
        assert_eq!(
            (Some(*from), *to),
            (day(row, "effective_from"), day(row, "effective_to")),
            "{id}"
        );
        let mut applies = flags_of(text(row, "condition"));
        // The lines of 219-1 ask for its element too, since its act may be another offence without it.
        if article == "219-1" {
            applies.push("for_foreign_body");
        }
        assert_eq!(line.applies, applies, "{id}");
        let mut sources: Vec<&str> = text(row, "source").split(',').collect();
        let mut against: Vec<&str> = line.against.iter().map(String::as_str).collect();
        sources.sort_unstable();
        against.sort_unstable();
        assert_eq!(against, sources, "{id}");
    }
    assert_eq!(missing, BTreeSet::new(), "rows without a line");
}

/// Lines that the article itself draws, without an amount; the table has amounts alone.
const LINES_OF_THE_STATUTE: [&str; 2] = ["219-1.base", "219-1.serious.found"];

#[test]
fn no_line_stands_beside_the_table() {
    let Some(table) = Table::read() else { return };
    let known = table
        .rows("criminal", "thresholds")
        .into_iter()
        .chain(table.rows("criminal", "half_rule"));
    let known: BTreeSet<&str> = known.map(|row| text(row, "id")).collect();
    for (id, ours) in all_lines(&table) {
        let row = ours.line.row.as_deref().unwrap_or(id);
        if LINES_OF_THE_STATUTE.contains(&row) {
            continue;
        }
        assert!(known.contains(row), "{id} is not a row of the table");
    }
}

#[test]
fn the_half_rules_are_in_the_files() {
    let Some(table) = Table::read() else { return };
    let ours = all_lines(&table);
    for row in table.rows("criminal", "half_rule") {
        let id = text(row, "id");
        let lines: Vec<&Ours<'_>> = ours
            .values()
            .filter(|ours| ours.line.row.as_deref().unwrap_or(&ours.line.id) == id)
            .collect();
        assert!(!lines.is_empty(), "{id} is not in the files");
        for Ours { line, from, to, .. } in lines {
            let Condition::AtLeast {
                count, share_percent, ..
            } = &line.condition
            else {
                panic!("{id} is no share")
            };
            assert_eq!((*count, *share_percent), (2, 50), "{id}");
            assert_eq!(
                (Some(*from), *to),
                (day(row, "effective_from"), day(row, "effective_to")),
                "{id}"
            );
            assert_eq!(line.verified, is_verified(row), "{id}");
        }
    }
}

/// The bands of an offence on a day, with what stands behind them.
fn bands<'a>(table: &'a Table, article: &str, on: Day) -> (&'a [Band], bool) {
    let offence = format!("cn/criminal/{article}");
    let mut found = table
        .rules()
        .filter(|rule| rule.is_about(&offence))
        .filter_map(|rule| Some((rule, rule.version_on(on)?)))
        .filter_map(|(rule, version)| match &version.body {
            Body::Bands(bands) => Some((bands.as_slice(), rule.source_of(version).checked.verified)),
            _ => None,
        });
    let bands = found
        .next()
        .unwrap_or_else(|| panic!("{offence} has no band on {on}"));
    assert!(found.next().is_none(), "{offence} has two band sets on {on}");
    bands
}

/// `213-215,217,219` as the table writes it.
fn articles(list: &str) -> Vec<String> {
    list.split(',')
        .flat_map(|part| {
            match part
                .split_once('-')
                .map(|(a, b)| (a.parse::<u32>(), b.parse::<u32>()))
            {
                Some((Ok(first), Ok(last))) if first < last => {
                    (first..=last).map(|n| n.to_string()).collect()
                }
                _ => vec![part.to_owned()],
            }
        })
        .collect()
}

#[test]
fn every_band_is_in_the_files() {
    let Some(table) = Table::read() else { return };
    let rows = table.rows("criminal", "bands");
    assert_eq!(rows.len(), 17);
    let mut compared = 0;
    for row in rows {
        for article in articles(text(row, "article")) {
            // On the first and the last day of the row, and long after where it has no end.
            let first = day(row, "effective_from").unwrap_or("1997-10-01".parse().unwrap());
            let last = day(row, "effective_to").unwrap_or("2026-12-31".parse().unwrap());
            for on in [first, last] {
                let (bands, verified) = bands(&table, &article, on);
                let tier = text(row, "tier");
                let band = bands.iter().find(|band| word(&band.tier) == tier);
                let band = band.unwrap_or_else(|| panic!("{article} has no {tier} on {on}"));
                let months = (Some(i64::from(band.min_months)), Some(i64::from(band.max_months)));
                assert_eq!(
                    months,
                    (row["min_months"].as_i64(), row["max_months"].as_i64()),
                    "{article} {tier} {on}"
                );
                let detention = row["detention_possible"] == Value::Bool(true);
                assert_eq!(
                    (band.detention_possible, word(&band.fine).as_str()),
                    (detention, text(row, "fine")),
                    "{article} {tier} {on}"
                );
                assert_eq!(verified, is_verified(row), "{article} {tier} {on}");
            }
            compared += 1;
        }
    }
    // 17 rows; the two old rows stand for five articles each.
    assert_eq!(compared, 15 + 2 * 5);
}

/// A share of the table (1.0 is once) in percent.
fn percent(value: &Value) -> u32 {
    let percent = value.as_f64().unwrap() * 100.0;
    format!("{percent:.0}").parse().unwrap()
}

fn fine<'a>(table: &'a Table, row: &Value) -> (&'a Version, &'a FineRule) {
    let (_, version) = table.of_row(text(row, "id"));
    assert_eq!(Some(version.from), day(row, "effective_from"), "{row}");
    assert_eq!(version.to, day(row, "effective_to"), "{row}");
    match &version.body {
        Body::Fine(fine) => (version, fine),
        other => panic!("{row} is {other:?}"),
    }
}

#[test]
fn every_fine_range_is_in_the_files() {
    let Some(table) = Table::read() else { return };
    let rows = table.rows("criminal", "fines");
    let ids: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids, ["fine.2007", "fine.2020", "fine.2025", "fine.floor"]);
    let shares = |fine: &FineRule| -> Vec<(String, u32, u32)> {
        let share = |basis: &FineBasis| match basis {
            FineBasis::ShareOf {
                fact,
                low_percent,
                high_percent,
            } => Some((fact.clone(), *low_percent, *high_percent)),
            FineBasis::Fixed(_) => None,
        };
        fine.steps.iter().filter_map(|step| share(&step.basis)).collect()
    };
    // The row of 2007 is a sentence: either basis, 1 to 5 times the gain or 50 to 100 % of the volume.
    assert_eq!(
        text(rows[0], "formula"),
        "1x-5x illegal gain OR 50%-100% of business volume"
    );
    let (_, first) = fine(&table, rows[0]);
    let wanted = [("illegal_gain", 100, 500), ("illegal_business_volume", 50, 100)];
    assert_eq!(
        shares(first),
        wanted.map(|(fact, low, high)| (fact.to_owned(), low, high))
    );
    assert_eq!(word(&first.mode), "either");
    for row in &rows[1..3] {
        let (_, ours) = fine(&table, row);
        assert_eq!(word(&ours.mode), "first_known");
        let steps = row["steps"].as_array().unwrap();
        assert_eq!(ours.steps.len(), steps.len());
        for (ours, step) in ours.steps.iter().zip(steps) {
            // A step has its own mark where the row is read in part ("first step only").
            let verified = step
                .get("verified")
                .map_or_else(|| is_verified(row), |own| own == &Value::Bool(true));
            assert_eq!(ours.verified, verified, "{step}");
            match &ours.basis {
                FineBasis::ShareOf {
                    fact,
                    low_percent,
                    high_percent,
                } => {
                    let named = step.get("if_known").or(step.get("else_if_known"));
                    assert_eq!(named.and_then(Value::as_str), Some(fact.as_str()), "{step}");
                    assert_eq!(
                        (*low_percent, *high_percent),
                        (percent(&step["low"]), percent(&step["high"])),
                        "{step}"
                    );
                }
                FineBasis::Fixed(by_tier) => {
                    let range = |key: &str| {
                        let yuan = |at: usize| step[key][at].as_i64().unwrap() * 100;
                        (yuan(0), yuan(1))
                    };
                    assert_eq!(by_tier[&Tier::Serious], range("upto_3y_or_lighter"));
                    assert_eq!(by_tier[&Tier::EspeciallySerious], range("three_years_or_more"));
                }
            }
        }
    }
    let (_, floor) = table.of_row("fine.floor");
    let Body::FineFloor {
        adult_fen, minor_fen, ..
    } = floor.body
    else {
        panic!("no floor")
    };
    assert_eq!(
        text(rows[3], "formula"),
        format!(
            "not below {} CNY (adult), {} CNY (minor)",
            adult_fen / 100,
            minor_fen / 100
        )
    );
}

#[test]
fn the_rule_on_units_is_in_the_files_for_every_offence() {
    let Some(table) = Table::read() else { return };
    let (rule, _) = table.of_row("unit_rule");
    let rows = table.rows("criminal", "unit_rule");
    assert_eq!(rows.len(), rule.versions.len());
    for (row, version) in rows.iter().zip(&rule.versions) {
        assert_eq!(
            (Some(version.from), version.to),
            (day(row, "effective_from"), day(row, "effective_to"))
        );
        let Body::UnitFactor(times) = version.body else {
            panic!("no factor")
        };
        let wanted = if text(row, "rule").contains("3 x") { 3 } else { 1 };
        assert_eq!(times, wanted, "{row}");
        assert_eq!(rule.source_of(version).checked.verified, is_verified(row));
    }
    for article in ["213", "214", "215", "216", "217", "218", "219", "219-1"] {
        assert!(rule.is_about(&format!("cn/criminal/{article}")), "{article}");
    }
}

/// Art. 218 reaches over three years in one tier, so its fixed range differs; its shares must not.
#[test]
fn the_fines_of_218_are_those_of_the_other_offences_up_to_the_fixed_range() {
    let book = book();
    let [common, own] = ["cn/criminal/ip-fines", "cn/criminal/218/fines"].map(|id| book.show(id).unwrap());
    let steps = |version: &Version| match &version.body {
        Body::Fine(fine) => (word(&fine.mode), fine.steps.clone()),
        other => panic!("{other:?}"),
    };
    for version in &own.versions {
        let (mode, ours) = steps(version);
        let (common_mode, theirs) = steps(common.version_on(version.from).unwrap());
        assert_eq!(
            (mode, ours.len()),
            (common_mode, theirs.len()),
            "{}",
            version.from
        );
        for (ours, theirs) in ours.iter().zip(&theirs) {
            match (&ours.basis, &theirs.basis) {
                (FineBasis::Fixed(own), FineBasis::Fixed(common)) => {
                    let (low, high) = own[&Tier::Serious];
                    assert_eq!(low, common[&Tier::Serious].0);
                    let whole = version.from < "2021-03-01".parse().unwrap();
                    let top = if whole {
                        Tier::Serious
                    } else {
                        Tier::EspeciallySerious
                    };
                    assert_eq!(high, common[&top].1, "{}", version.from);
                    assert_eq!(ours.verified, theirs.verified);
                }
                _ => assert_eq!(ours, theirs, "{}", version.from),
            }
        }
    }
}

#[test]
fn the_rules_in_time_and_of_transfer_are_in_the_files() {
    let Some(table) = Table::read() else { return };
    let rows = table.rows("criminal", "temporal_rules");
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (rule, version) = table.of_row(text(row, "id"));
        assert_eq!(
            rule.source_of(version).checked.verified,
            is_verified(row),
            "{row}"
        );
    }
    for name in ["ip_suspicion_rule", "offset", "no_substitute", "trademark_2027"] {
        let row = &table.facts["transfer"][name];
        let (rule, version) = table.of_row(&format!("transfer.{name}"));
        assert_eq!(
            rule.source_of(version).checked.verified,
            is_verified(row),
            "{name}"
        );
        if let Some(from) = day(row, "effective_from") {
            assert_eq!(version.from, from, "{name}");
        }
    }
    let standards = table.rows("transfer", "police_filing_standards");
    assert_eq!(standards.len(), 3);
    for row in standards {
        let (rule, version) = table.of_row(text(row, "id"));
        assert_eq!(
            rule.source_of(version).checked.verified,
            is_verified(row),
            "{row}"
        );
        if let Some(from) = day(row, "effective_from") {
            assert_eq!(
                (version.from, version.to),
                (from, day(row, "effective_to")),
                "{row}"
            );
        }
    }
    // Rows without an id: one rule file carries each.
    for name in ["profit_purpose", "accumulation", "value_rule"] {
        let rows = &table.facts["criminal"][name];
        let row = rows.get(0).unwrap_or(rows);
        let (rule, version) = table.of_row(name);
        assert_eq!(
            rule.source_of(version).checked.verified,
            is_verified(row),
            "{name}"
        );
    }
}
