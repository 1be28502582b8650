//! Law as data: what a provision says stands in files; this crate reads and applies them.
//!
//! In:  the folder `law/` (a copy is inside the program) and a [`FactSheet`], [`Events`] or a [`DamagesSheet`].
//! Out: an [`Assessment`] with its tree of reasons, the frame of the sentence ([`sentence`]) and what the
//! outcome hangs on ([`Sensitivity`]); [`ClockResult`]s; or a [`DamagesAnswer`]. Everything serialises and
//! names the version of the rule book that it rests on.
//!
//! Invariant: no number of a statute stands in Rust. Nothing here reads a clock. When a
//! fact is missing the answer is *undetermined*, never a default; when nobody has read a
//! source the answer says so; and no answer says that anyone is guilty.
//!
//! Not here: where facts come from (`quanlian-case`).
//!
//! ```
//! use quanlian_law::{FactSheet, Outcome, RuleBook};
//!
//! let book = RuleBook::embedded()?;
//! let sheet = FactSheet::from_json(r#"{"offence":"cn/criminal/217","person":"natural",
//!     "conduct":{"from":"2022-05-01","to":"2023-04-30"},"judged_on":"2024-12-20",
//!     "facts":[{"name":"illegal_gain","fen":7200000},{"name":"actual_clicks","count":30000000}]}"#)?;
//! let answer = book.assess(&sheet, "2026-11-22".parse()?)?;
//! assert_eq!(answer.outcome, Outcome::EspeciallySerious);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acts;
mod assess;
mod check;
pub mod damages;
mod deadline;
mod derived;
mod describe;
mod diff;
mod evaluate;
mod facts;
pub mod icalendar;
mod interval;
mod judgment;
mod load;
mod nesting;
mod penalty;
mod position;
mod render;
pub mod rule;
mod schema;
pub mod sentence;
mod text;
mod unverified;
mod valuation;
mod vocabulary;
mod words;
mod written;

use std::{collections::BTreeMap, path::Path};

use quanlian_record::{calendar::WorkingCalendar, time::Day};
use serde::Serialize;

pub use acts::{AccumulationRule, Act, MAX_ACT_STATEMENTS, MAX_ACTS};
pub use assess::{
    AssessOptions, Assessment, Brief, DayOf, DaySensitivity, Decisive, FactSensitivity, Governing, Layer,
    LayerChange, LayerOf, Missing, NextLine, OpenPoint, Opposite, Outcome, PersonSensitivity, RuleSetResult,
    Sensitivity, SetAt, Transfer, TransferAnswer, Turn, UncertainFact, Unverified, Which, Without,
};
pub use check::{CheckReport, FINDING_CODES, Finding, Severity};
pub use damages::{AdministrativeFineAnswer, DamagesAnswer, DamagesError, DamagesSheet, FineSheet};
pub use deadline::{
    ClockError, ClockResult, ClockState, Events, Extension, ExtensionRule, FirstHour, LastDay, Length,
    MAX_EVENTS, MAX_EXTENSION_LENGTH, MAX_EXTENSIONS, MAX_TIMELINE_BYTES, MAX_TIMELINE_TEXT_BYTES, Moment,
    Reading, ReadingKind, Service, ServiceMethod, ServiceRule, Suspension, SuspensionRule, Timeline,
    TimelineError,
};
pub use diff::{
    Change, DiffError, FieldChange, LawDiff, OffenceDiff, Point, PointChange, PointSide, RuleChange,
    VersionSide,
};
pub use evaluate::{Compared, Distance, Reason, ReasonKind};
pub use facts::{
    Alternative, Certainty, Choice, Conduct, Contradiction, FactSheet, FactValue, MAX_ALTERNATIVES,
    MAX_COUNT, MAX_EVIDENCE_PER_STATEMENT, MAX_FEN, MAX_SHEET_BYTES, MAX_STATEMENTS, MAX_TEXT_BYTES,
    SheetError, Statement,
};
pub use interval::Truth;
pub use judgment::Judgment;
pub use load::{LoadError, MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_DEPTH, MAX_NESTING, MAX_TOTAL_BYTES};
pub use penalty::{BandResult, FenRange, FineResult};
pub use rule::{Amount, Kind, Paper, Person, Rule, Tier};
pub use schema::rule_schema;
pub use text::{Language, Text};
pub use unverified::{UnreadPart, UnverifiedReport};
pub use valuation::{AddedAmount, Product, ValuationCase, ValuationRule, ValueOf};
pub use vocabulary::{EventDefinition, FactDefinition, FactKind};

/// All rules, ready to be applied.
#[derive(Debug)]
pub struct RuleBook {
    law: load::Parsed,
}

/// A list of words that files and fact sheets share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// `facts.toml`.
    Facts,
    /// `events.toml`.
    Events,
    /// `sources.toml`.
    Sources,
}

/// One line of [`RuleBook::list`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSummary {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: Text,
    /// Instrument and article.
    pub citation: Text,
    /// First days of its versions.
    pub versions: Vec<Day>,
    /// Whether every part of it was read in a source.
    pub verified: bool,
    /// Its file, relative to the folder.
    pub file: String,
}

impl RuleBook {
    /// The rules inside the program.
    pub fn embedded() -> Result<Self, LoadError> {
        load::embedded().map(|law| Self { law })
    }

    /// The rules in a folder.
    pub fn from_dir(folder: &Path) -> Result<Self, LoadError> {
        load::from_dir(folder).map(|law| Self { law })
    }

    /// SHA-256 over all rule files, in lower-case hex.
    pub fn rule_book_version(&self) -> &str {
        &self.law.digest
    }

    /// Applies the rules to a fact sheet. `today` stands in for a missing day of judgment.
    pub fn assess(&self, sheet: &FactSheet, today: Day) -> Result<Assessment, SheetError> {
        assess::assess(&self.law, sheet, today, AssessOptions::default())
    }

    /// The same, without the parts that are not wanted: a back-check of many sheets after an amendment
    /// takes [`AssessOptions::OUTCOME_ONLY`].
    pub fn assess_with(
        &self,
        sheet: &FactSheet,
        today: Day,
        options: AssessOptions,
    ) -> Result<Assessment, SheetError> {
        assess::assess(&self.law, sheet, today, options)
    }

    /// The short answer to a fact sheet, without reasons: for many cases at once.
    pub fn assess_brief(&self, sheet: &FactSheet, today: Day) -> Result<Brief, SheetError> {
        assess::brief(&self.law, sheet, today)
    }

    /// What the law gives for an infringement: methods, statutory range, multiple, interest, each reading with its
    /// total. `today` stands in for a missing day of judgment.
    ///
    /// ```
    /// use quanlian_law::{DamagesSheet, RuleBook};
    ///
    /// let sheet = DamagesSheet::parse(r#"{"right":"patent","infringement":{"from":"2023-01-01","to":"2023-12-31"},
    ///     "facts":[{"name":"serious_circumstances","value":false}]}"#)?;
    /// let answer = RuleBook::embedded()?.damages(&sheet, "2026-11-22".parse()?)?;
    /// assert_eq!(answer.total.unwrap().at_most_fen, Some(500_000_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn damages(&self, sheet: &DamagesSheet, today: Day) -> Result<DamagesAnswer, DamagesError> {
        damages::damages(&self.law, sheet, today)
    }

    /// The range of an administrative fine (罚款). `today` stands in for a missing day of decision.
    pub fn administrative_fine(
        &self,
        sheet: &FineSheet,
        today: Day,
    ) -> Result<AdministrativeFineAnswer, DamagesError> {
        damages::administrative_fine(&self.law, sheet, today)
    }

    /// One period, by the id of its rule (or its row in the table of law facts: `tr.decide`).
    pub fn clock(&self, rule: &str, events: &Events) -> Result<ClockResult, ClockError> {
        deadline::clock(&self.law, rule, events)
    }

    /// All periods of the administrative-to-criminal transfer (行刑衔接), in their order.
    pub fn timeline(&self, events: &Events) -> Result<Vec<ClockResult>, ClockError> {
        deadline::timeline(&self.law, "transfer", events)
    }

    /// The periods that a timeline asks for, with its services, suspensions and extensions.
    pub fn deadlines(&self, timeline: &Timeline) -> Result<Vec<ClockResult>, ClockError> {
        deadline::deadlines(&self.law, timeline)
    }

    /// The groups of periods, in the order of their names.
    pub fn clock_groups(&self) -> impl Iterator<Item = &str> {
        deadline::groups(&self.law).into_iter()
    }

    /// Working days, for the years whose calendars the folder has.
    pub fn calendar(&self) -> &WorkingCalendar {
        &self.law.calendar
    }

    /// All periods of one group, such as `transfer` or `penalty`.
    pub fn timeline_of(&self, group: &str, events: &Events) -> Result<Vec<ClockResult>, ClockError> {
        deadline::timeline(&self.law, group, events)
    }

    /// The papers that an administrative-to-criminal transfer needs on a day, with the rule that asks for them.
    pub fn transfer_papers(&self, on: Day) -> Option<(&Rule, &[Paper])> {
        let (rule, version) = self.law.by_role("transfer_papers", on)?;
        match &version.body {
            rule::Body::Papers(papers) => Some((rule, papers)),
            _ => None,
        }
    }

    /// One rule, by its id.
    pub fn show(&self, id: &str) -> Option<&Rule> {
        self.law.rules.get(id)
    }

    /// All rules, by id.
    pub fn list(&self) -> Vec<RuleSummary> {
        let file = |id: &str| self.law.files.get(id).cloned().unwrap_or_default();
        let summary = |rule: &Rule| RuleSummary {
            id: rule.id.clone(),
            kind: rule.kind,
            title: rule.title.clone(),
            citation: rule.source.cite.clone(),
            versions: rule.versions.iter().map(|version| version.from).collect(),
            verified: unverified::is_verified(rule),
            file: file(&rule.id),
        };
        self.law.rules.values().map(summary).collect()
    }

    /// The facts that a fact sheet may state.
    pub fn fact_names(&self) -> impl Iterator<Item = &FactDefinition> {
        self.law.facts.values()
    }

    /// The facts that the rules about an offence ask for, on one day or ever, in the order in which they are asked.
    pub fn facts_of(&self, offence: &str, on: Option<Day>) -> Vec<&FactDefinition> {
        render::asked(&self.law, offence, on)
    }

    /// What the source keys of rule files stand for.
    pub fn sources(&self) -> &BTreeMap<String, Text> {
        &self.law.sources
    }

    /// The events that a timeline may be given.
    pub fn event_names(&self) -> impl Iterator<Item = &EventDefinition> {
        self.law.events.values()
    }

    /// What a source key of a rule file stands for.
    pub fn source(&self, key: &str) -> Option<&Text> {
        self.law.sources.get(key)
    }

    /// Runs every example of every file and looks for gaps in the files.
    pub fn check(&self) -> CheckReport {
        check::check(&self.law)
    }

    /// What changed between the law of two days, of all offences or of one.
    pub fn diff(&self, before: Day, after: Day, offence: Option<&str>) -> Result<LawDiff, DiffError> {
        diff::diff(&self.law, before, after, offence)
    }

    /// Every rule version, line, step and element that nobody has read in a source.
    pub fn unverified(&self) -> UnverifiedReport {
        unverified::report(&self.law)
    }

    /// An assessment as an indented text.
    pub fn render_assessment(&self, assessment: &Assessment, language: Language) -> String {
        render::assessment(&self.law, assessment, language)
    }

    /// A comparison of two days as an indented text.
    pub fn render_diff(&self, diff: &LawDiff, language: Language) -> String {
        render::diff(&self.law, diff, language)
    }

    /// What nobody has read, as an indented text.
    pub fn render_unverified(&self, report: &UnverifiedReport, language: Language) -> String {
        render::unverified(&self.law, report, language)
    }

    /// A rule as an indented text, with all versions or that of one day; an offence with the facts that it asks for.
    pub fn render_rule(&self, rule: &Rule, on: Option<Day>, language: Language) -> String {
        render::rule(&self.law, rule, on, language)
    }

    /// The facts, events or sources that rules and fact sheets may name, one a line.
    pub fn render_vocabulary(&self, which: Vocabulary, language: Language) -> String {
        match which {
            Vocabulary::Facts => render::fact_list(&self.law, language),
            Vocabulary::Events => render::event_list(&self.law, language),
            Vocabulary::Sources => render::source_list(&self.law, language),
        }
    }

    /// A JSON Schema (draft 2020-12) of fact sheets, with the offences and facts of these rules.
    pub fn sheet_schema(&self) -> serde_json::Value {
        schema::sheet_schema(&self.law)
    }

    /// The page `docs/FACTS.md`: every fact and event in both languages, with the rules that ask for it.
    pub fn facts_page(&self) -> String {
        render::facts_page(&self.law)
    }

    /// An answer on damages as an indented text.
    pub fn render_damages(&self, answer: &DamagesAnswer, language: Language) -> String {
        damages::render_damages(&self.law, answer, language)
    }

    /// An answer on an administrative fine as an indented text.
    pub fn render_administrative_fine(
        &self,
        answer: &AdministrativeFineAnswer,
        language: Language,
    ) -> String {
        damages::render_fine(&self.law, answer, language)
    }

    /// A tree of reasons as an indented text.
    pub fn render_reasons(&self, reasons: &[Reason], language: Language) -> String {
        render::reasons(&self.law, reasons, language)
    }

    /// Clocks as text, one block each.
    pub fn render_timeline(&self, clocks: &[ClockResult], language: Language) -> String {
        render::timeline(&self.law, clocks, language)
    }
}
