//! Every line of every version, just below, exactly at and just above it: one table for each offence.
//!
//! The tables under `boundaries/` are made from the rule files through the public API alone and are
//! read by a lawyer before a change of them is accepted. In each row one fact has the value shown,
//! the circumstances of the line hold, and everything else that the lines ask for is nothing.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use expect_test::expect_file;
use quanlian_law::{
    Assessment, Conduct, FactDefinition, FactKind, FactSheet, FactValue, Kind, Language, Person, Reason,
    Rule, RuleBook, Statement,
    rule::{Body, Condition, ExampleValue, Line, Version},
};
use quanlian_record::{money::Fen, time::Day};

use crate::{book, word};

/// The files, one for each offence. A new offence fails the first test below until it has one.
const TABLES: [&str; 8] = ["213", "214", "215", "216", "217", "218", "219", "219-1"];

struct Tables {
    book: &'static RuleBook,
    facts: BTreeMap<String, FactDefinition>,
}

impl Tables {
    fn new() -> Self {
        let book = book();
        let facts = book
            .fact_names()
            .map(|fact| (fact.name.clone(), fact.clone()))
            .collect();
        Self { book, facts }
    }

    /// The versions with lines about an offence that are in force on a day.
    fn lines_on(&self, offence: &str, on: Day) -> Vec<&Line> {
        let mut lines = Vec::new();
        for rule in self.rules_about(offence) {
            if let Some(Version {
                body: Body::Lines(of_version),
                ..
            }) = rule.version_on(on)
            {
                lines.extend(of_version);
            }
        }
        lines
    }

    fn rules_about(&self, offence: &str) -> Vec<&Rule> {
        let rules = self
            .book
            .list()
            .into_iter()
            .filter_map(|summary| self.book.show(&summary.id));
        rules.filter(|rule| rule.is_about(offence)).collect()
    }

    /// How many times a person's line a unit's line is.
    fn unit_times(&self, offence: &str, on: Day) -> i64 {
        let units = self
            .rules_about(offence)
            .into_iter()
            .filter_map(|rule| rule.version_on(on));
        let times = units.filter_map(|version| match version.body {
            Body::UnitFactor(times) => Some(i64::from(times)),
            _ => None,
        });
        times.max().unwrap_or(1)
    }

    fn statement(&self, name: &str, number: i64) -> Statement {
        let mut statement = Statement {
            name: name.to_owned(),
            ..Statement::default()
        };
        match self.facts[name].kind {
            FactKind::Money => statement.fen = Some(number),
            _ => statement.count = Some(number),
        }
        statement
    }

    /// The sheet in which `stated` holds and everything else that lines ask for is nothing.
    fn sheet(
        &self,
        offence: &str,
        on: Day,
        person: Person,
        applies: &[String],
        stated: &[(&str, i64)],
    ) -> FactSheet {
        let mut facts = self.nothing(offence, on);
        // A circumstance that the stated fact itself implies cannot be denied in the same breath.
        facts.retain(|name, _| {
            let implied_by = &self.facts[name].implied_by;
            !stated
                .iter()
                .any(|(fact, _)| implied_by.iter().any(|by| by == fact))
        });
        for (name, number) in stated {
            facts.insert((*name).to_owned(), self.statement(name, *number));
        }
        for name in applies {
            facts.insert(name.clone(), flag(name, true));
        }
        Self::sheet_of(offence, on, person, facts)
    }

    /// Everything that the lines of an offence ask for, denied or nothing.
    fn nothing(&self, offence: &str, on: Day) -> BTreeMap<String, Statement> {
        let mut facts = BTreeMap::new();
        for line in self.lines_on(offence, on) {
            for name in &line.applies {
                facts.insert(name.clone(), flag(name, false));
            }
            self.nothing_of(&line.condition, on, &mut facts);
        }
        facts
    }

    fn nothing_of(&self, condition: &Condition, on: Day, facts: &mut BTreeMap<String, Statement>) {
        match condition {
            Condition::AtOrAbove { fact, .. } => {
                facts.insert(fact.clone(), self.statement(fact, 0));
            }
            Condition::Flag(name) => {
                facts.insert(name.clone(), flag(name, false));
            }
            Condition::All(inner) | Condition::Any(inner) => {
                for condition in inner {
                    self.nothing_of(condition, on, facts);
                }
            }
            Condition::AtLeast { .. } => {}
            Condition::Reaches { offence, .. } => facts.extend(self.nothing(offence, on)),
        }
    }

    fn sheet_of(offence: &str, on: Day, person: Person, facts: BTreeMap<String, Statement>) -> FactSheet {
        FactSheet {
            offence: offence.to_owned(),
            person: Some(person),
            conduct: Some(Conduct {
                from: Some(on),
                to: Some(on),
            }),
            judged_on: Some(on),
            facts: facts.into_values().collect(),
            ..FactSheet::default()
        }
    }

    /// A line over circumstances has no number; its own boundaries in the file say what is below and at it.
    fn rows_of_circumstances(
        &self,
        page: &mut String,
        offence: &str,
        rule: &Rule,
        line: &Line,
        on: Day,
        person: Person,
    ) {
        let own = rule.boundaries.iter().filter(|boundary| boundary.line == line.id);
        let mut written = 0;
        for boundary in own {
            let sheet = |values: &BTreeMap<String, ExampleValue>| {
                let mut facts = self.nothing(offence, on);
                for (name, value) in boundary.with.iter().chain(values) {
                    facts.insert(name.clone(), self.stated(name, value));
                }
                Self::sheet_of(offence, on, person, facts)
            };
            let cells = [&boundary.below, &boundary.at, &boundary.above]
                .map(|values| self.cell(&sheet(values), &line.id, on));
            let shown: Vec<String> = boundary
                .at
                .iter()
                .chain(&boundary.with)
                .filter(|(_, value)| !matches!(value, ExampleValue::Flag(false) | ExampleValue::Number(0)))
                .map(|(name, value)| match self.facts[name].kind {
                    FactKind::Flag => self.title(name).to_owned(),
                    _ => self.amount(name, self.number(name, value)),
                })
                .collect();
            let unread = if line.verified { "" } else { " (not read)" };
            writeln!(
                page,
                "| {on} | {} | {} `{}`{unread} | {} | {} | {} | {} |",
                word(&person),
                word(&line.tier),
                line.id,
                shown.join("、"),
                cells[0],
                cells[1],
                cells[2]
            )
            .unwrap();
            written += 1;
        }
        assert!(written > 0, "{} has no boundary", line.id);
    }

    fn stated(&self, name: &str, value: &ExampleValue) -> Statement {
        match value {
            ExampleValue::Flag(value) => flag(name, *value),
            _ => self.statement(name, self.number(name, value)),
        }
    }

    fn number(&self, name: &str, value: &ExampleValue) -> i64 {
        match (self.facts[name].kind, value) {
            (FactKind::Money, ExampleValue::Number(yuan)) => yuan * 100,
            (FactKind::Money, ExampleValue::Text(text)) => Fen::parse_yuan(text).unwrap().0,
            (_, ExampleValue::Number(number)) => *number,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// `state of the line → outcome of the whole`, and whether that is an attempt.
    fn cell(&self, sheet: &FactSheet, line: &str, on: Day) -> String {
        let answer = self.book.assess(sheet, on).unwrap();
        assert!(
            answer.contradictions.is_empty(),
            "{line}: {:?}",
            answer.contradictions
        );
        let state = state_of(&answer, line);
        let attempt = if answer.rule_sets[0].attempt {
            " (attempt)"
        } else {
            ""
        };
        let outcome = word(&answer.outcome);
        let reach = word(&answer.could_reach);
        assert!(
            outcome == reach,
            "everything is stated, but {line} gives {outcome} and could reach {reach}"
        );
        format!("{state} → {outcome}{attempt}")
    }

    fn table(&self, offence: &str) -> String {
        let title = &self.book.show(offence).unwrap().title;
        let mut page = format!(
            "# {} {} ({})

Each row: one fact, one fen or piece below the line, at it, and one above; the circumstances of the line hold,
everything else is nothing. Cells: state of the line → outcome of the whole assessment.

natural 自然人 · unit 单位 · met 达到 · not_met 未达到 · below 未达追诉线 · serious 第一档 · especially_serious 第二档 ·
attempt 未遂 · not read 未经核对原文
",
            offence,
            title.get(Language::Zh),
            title.get(Language::En)
        );
        let mut rules = self.rules_about(offence);
        rules.retain(|rule| rule.kind == Kind::Threshold);
        rules.sort_by_key(|rule| (rule.order, &rule.id));
        for rule in rules {
            for version in &rule.versions {
                let Body::Lines(lines) = &version.body else {
                    continue;
                };
                let to = version.to.map_or("…".to_owned(), |to| to.to_string());
                let cite = rule.source_of(version).cite.get(Language::Zh);
                writeln!(page, "\n## {cite}, {} – {to}\n", version.from).unwrap();
                page.push_str("| day 日期 | who 主体 | line 标准 | fact 事实 | below 低一 | at 恰好 | above 高一 |\n|---|---|---|---|---|---|---|\n");
                for line in lines {
                    for (on, person) in self.days(offence, version) {
                        self.row(&mut page, offence, rule, line, on, person);
                    }
                }
            }
        }
        page
    }

    /// First and last day of a version; units only while their lines differ from a person's.
    fn days(&self, offence: &str, version: &Version) -> Vec<(Day, Person)> {
        let mut days = Vec::new();
        for on in [Some(version.from), version.to.filter(|to| *to != version.from)]
            .into_iter()
            .flatten()
        {
            days.push((on, Person::Natural));
            if self.unit_times(offence, on) != 1 {
                days.push((on, Person::Unit));
            }
        }
        days
    }

    fn row(&self, page: &mut String, offence: &str, rule: &Rule, line: &Line, on: Day, person: Person) {
        let times = if person == Person::Unit {
            self.unit_times(offence, on)
        } else {
            1
        };
        let steps: [Vec<(&str, i64)>; 3] = match &line.condition {
            Condition::AtOrAbove { fact, threshold } => {
                let at = threshold.number() * times;
                [at - 1, at, at + 1].map(|number| vec![(fact.as_str(), number)])
            }
            // A share has no number of its own: the first two of its lines stand at their share.
            Condition::AtLeast {
                share_percent, of, ..
            } => self.share_steps(offence, on, times, *share_percent, of),
            _ => return self.rows_of_circumstances(page, offence, rule, line, on, person),
        };
        let mut applies = line.applies.clone();
        if let Condition::AtLeast { of, .. } = &line.condition {
            let lines = self.lines_on(offence, on);
            let taken = of
                .iter()
                .rev()
                .take(2)
                .filter_map(|id| lines.iter().find(|line| line.id == *id));
            applies.extend(taken.flat_map(|line| line.applies.clone()));
            applies.sort();
            applies.dedup();
        }
        let shown: Vec<String> = steps[1]
            .iter()
            .map(|(fact, number)| self.amount(fact, *number))
            .collect();
        let cells =
            steps.map(|stated| self.cell(&self.sheet(offence, on, person, &applies, &stated), &line.id, on));
        let with = if applies.is_empty() {
            String::new()
        } else {
            format!(
                "；{}",
                applies
                    .iter()
                    .map(|flag| self.title(flag))
                    .collect::<Vec<_>>()
                    .join("、")
            )
        };
        let unread = if line.verified { "" } else { " (not read)" };
        writeln!(
            page,
            "| {on} | {} | {} `{}`{with}{unread} | {} | {} | {} | {} |",
            word(&person),
            word(&line.tier),
            line.id,
            shown.join(", "),
            cells[0],
            cells[1],
            cells[2]
        )
        .unwrap();
        assert!(rule.is_about(offence));
    }

    /// The last two lines of a share at it, one of them one step off.
    fn share_steps<'a>(
        &'a self,
        offence: &str,
        on: Day,
        times: i64,
        percent: u32,
        of: &[String],
    ) -> [Vec<(&'a str, i64)>; 3] {
        let lines = self.lines_on(offence, on);
        let at: Vec<(&str, i64)> = of
            .iter()
            .rev()
            .take(2)
            .map(
                |id| match &lines.iter().find(|line| line.id == *id).unwrap().condition {
                    Condition::AtOrAbove { fact, threshold } => (
                        fact.as_str(),
                        (threshold.number() * times * i64::from(percent) + 99) / 100,
                    ),
                    other => panic!("{other:?}"),
                },
            )
            .collect();
        [-1, 0, 1].map(|step| vec![at[0], (at[1].0, at[1].1 + step)])
    }

    fn amount(&self, fact: &str, number: i64) -> String {
        let definition = &self.facts[fact];
        let title = self.title(fact);
        match definition.kind {
            FactKind::Money => format!("{title} {} 元", Fen(number).to_yuan_string()),
            _ => format!(
                "{title} {number} {}",
                definition.unit.as_ref().unwrap().get(Language::Zh)
            ),
        }
    }

    fn title(&self, fact: &str) -> &str {
        self.facts[fact].title.get(Language::Zh)
    }
}

fn flag(name: &str, value: bool) -> Statement {
    Statement {
        name: name.to_owned(),
        value: Some(FactValue::Flag(value)),
        ..Statement::default()
    }
}

fn state_of(answer: &Assessment, line: &str) -> String {
    fn find<'a>(reasons: &'a [Reason], line: &str) -> Option<&'a Reason> {
        reasons.iter().find_map(|reason| {
            let own = (reason.line.as_deref() == Some(line)).then_some(reason);
            own.or_else(|| find(&reason.children, line))
        })
    }
    let reason =
        find(&answer.rule_sets[0].reasons, line).unwrap_or_else(|| panic!("{line} is not in the tree"));
    word(&reason.state.unwrap())
}

#[test]
fn every_offence_has_its_boundary_table() {
    let tables = Tables::new();
    let rules = tables.book.list();
    let offences = rules
        .iter()
        .filter(|rule| rule.kind == Kind::Element)
        .map(|rule| rule.id.as_str());
    let wanted: Vec<String> = TABLES
        .iter()
        .map(|article| format!("cn/criminal/{article}"))
        .collect();
    assert_eq!(offences.collect::<Vec<_>>(), wanted);
}

#[test]
fn the_boundary_tables_are_as_reviewed() {
    let tables = Tables::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/boundaries");
    for article in TABLES {
        let table = tables.table(&format!("cn/criminal/{article}"));
        expect_file![folder.join(format!("{article}.md"))].assert_eq(&table);
    }
}

/// Below a line it is not met, at and above it is, whatever the table says beside.
#[test]
fn every_line_turns_exactly_at_its_number() {
    let tables = Tables::new();
    for article in TABLES {
        for row in tables
            .table(&format!("cn/criminal/{article}"))
            .lines()
            .filter(|row| row.starts_with("| 2"))
        {
            let states: Vec<&str> = row
                .split(" | ")
                .skip(4)
                .filter_map(|cell| cell.split(" → ").next())
                .collect();
            assert_eq!(states, ["not_met", "met", "met"], "{row}");
        }
    }
}
