//! The fact sheet: what is stated about a case, by whom, on what evidence.
//!
//! In:  JSON or TOML in the form that every part of the product shares.
//! Out: [`FactSheet`], and [`Known`], which says for each fact what is known of it.
//!
//! Invariant: statements about one fact are never added up or averaged; only the amounts of
//! separate acts are added ([`crate::acts`]). Where statements agree, what they leave in common is
//! known; where they cannot all be true, the contradiction is reported and every stated value stays possible.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    acts::{self, Act, KnownActs},
    derived::Derivations,
    interval::{Interval, Truth},
    judgment::Judgment,
    load::MAX_NESTING,
    rule::{Amount, Person, toml_day},
    schema::Date,
    vocabulary::{FactDefinition, FactKind, nearest},
    written,
};

/// Largest fact sheet, in bytes.
pub const MAX_SHEET_BYTES: usize = 1024 * 1024;
/// Most statements in a fact sheet.
pub const MAX_STATEMENTS: usize = 2_000;
/// Most evidence ids behind one statement.
pub const MAX_EVIDENCE_PER_STATEMENT: usize = 10_000;
/// Longest name, id or note, in bytes.
pub const MAX_TEXT_BYTES: usize = 4_096;
/// Most values of one contradiction that are tried.
pub const MAX_ALTERNATIVES: usize = 20;
/// Largest amount of money: ten trillion yuan, in fen.
pub const MAX_FEN: i64 = 1_000_000_000_000_000;
/// Largest number of things.
pub const MAX_COUNT: i64 = 1_000_000_000_000_000;

/// What is stated about a case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactSheet {
    /// Id of the offence: `cn/criminal/217`.
    pub offence: String,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conduct: Option<Conduct>,
    /// Day of judgment, or of the decision that is being prepared.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub judged_on: Option<Day>,
    /// The statements.
    #[serde(default)]
    pub facts: Vec<Statement>,
    /// Several acts with their own amounts, which are added up where the law says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// Which rule set a person chose, where the law leaves the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_rule_set: Option<Choice>,
    /// What a court gave, to be laid beside the frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgment: Option<Judgment>,
}

/// First and last day of the conduct; either may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conduct {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub from: Option<Day>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub to: Option<Day>,
}

/// One statement about one fact.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Name of the fact.
    pub name: String,
    /// Money, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fen: Option<i64>,
    /// Money, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_fen: Option<i64>,
    /// Money, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most_fen: Option<i64>,
    /// A number, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// A number, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_count: Option<i64>,
    /// A number, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most_count: Option<i64>,
    /// True or false, or a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<FactValue>,
    /// Ids of the evidence behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
    /// The days that the amount covers. It is compared with the conduct, never used to cut the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Conduct>,
    /// How sure it is. It never changes an outcome; an outcome that rests on it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How sure a statement is, by the person who makes it; left out, nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Established: checked against its evidence (已查实).
    Certain,
    /// More likely than not, with something still to check (很可能).
    Probable,
    /// Said by one side, not checked yet (有待查证).
    Alleged,
    /// Another side denies it (有争议).
    Disputed,
}

/// A value that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FactValue {
    /// True or false.
    Flag(bool),
    /// A word.
    Text(String),
}

/// A choice between rule sets, made by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The day of the rule set chosen, as the answer names it.
    #[serde(with = "toml_day")]
    #[schemars(with = "Date")]
    pub as_of: Day,
    /// Why.
    pub reason: String,
    /// Who chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub chosen_on: Option<Day>,
}

/// Why a fact sheet was refused. Each variant names the field and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SheetError {
    /// Larger than a fact sheet can sensibly be.
    #[error("the fact sheet has {size_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge { size_bytes: usize, limit_bytes: usize },
    /// Not JSON or TOML of the right shape.
    #[error(
        "line {line}: {problem}; the fields are offence, person, conduct{{from,to}}, judged_on, facts[{{name, fen|count|value, evidence}}], acts[{{from, to, facts, punished_on}}], chosen_rule_set, judgment"
    )]
    Shape { line: usize, problem: String },
    /// A rule book has no such offence.
    #[error("offence: `{found}` is not in the rule book; known are {known}")]
    UnknownOffence { found: String, known: String },
    /// A rule book has no such fact.
    #[error("{field}: `{name}` is not a known fact{}; known are {known}", near.as_deref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownFact {
        field: String,
        name: String,
        near: Option<String>,
        known: String,
    },
    /// The value is of another kind than the fact, or there is none.
    #[error("{field}: `{name}` is {kind}; write {way_out}")]
    WrongValue {
        field: String,
        name: String,
        kind: &'static str,
        way_out: &'static str,
    },
    /// Negative, or beyond any real amount.
    #[error("{field}: {amount} is not possible; write an amount from 0 to {limit}")]
    Absurd { field: String, amount: i64, limit: i64 },
    /// A lower bound above the upper bound.
    #[error("{field}: at least {low} and at most {high} cannot both hold")]
    EmptyRange { field: String, low: i64, high: i64 },
    /// Dates that cannot all be right.
    #[error("{field}: {problem}")]
    Dates { field: &'static str, problem: String },
    /// More than a fact sheet can sensibly hold.
    #[error("{field}: more than {limit}; {way_out}")]
    TooMany {
        field: String,
        limit: usize,
        way_out: &'static str,
    },
    /// One of several acts cannot be as stated.
    #[error("{field}: {problem}")]
    Act { field: String, problem: String },
    /// A judgment that cannot be, such as a negative sentence.
    #[error("{field}: {problem}")]
    Judgment { field: String, problem: String },
    /// The period of a statement ends before it begins.
    #[error("{field}: {problem}")]
    Period { field: String, problem: String },
    /// The chosen rule set is not one of those that come into question, or has no reason.
    #[error("chosen_rule_set: {problem}")]
    Choice { problem: String },
}

impl SheetError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "law_sheet_too_large",
            Self::Shape { .. } => "law_sheet_shape",
            Self::UnknownOffence { .. } => "law_sheet_unknown_offence",
            Self::UnknownFact { .. } => "law_sheet_unknown_fact",
            Self::WrongValue { .. } => "law_sheet_wrong_value",
            Self::Absurd { .. } => "law_sheet_absurd",
            Self::EmptyRange { .. } => "law_sheet_empty_range",
            Self::Dates { .. } => "law_sheet_dates",
            Self::TooMany { .. } => "law_sheet_too_many",
            Self::Act { .. } => "law_sheet_act",
            Self::Judgment { .. } => "law_sheet_judgment",
            Self::Period { .. } => "law_sheet_period",
            Self::Choice { .. } => "law_sheet_choice",
        }
    }
}

impl FactSheet {
    /// Reads JSON.
    ///
    /// ```
    /// # use quanlian_law::FactSheet;
    /// let sheet = FactSheet::from_json(r#"{"offence":"cn/criminal/217","facts":[{"name":"illegal_gain","fen":7200000}]}"#);
    /// assert_eq!(sheet.unwrap().facts[0].fen, Some(7_200_000));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, SheetError> {
        refuse_large(text)?;
        written::json(text).map_err(shape)
    }

    /// Reads TOML.
    pub fn from_toml(text: &str) -> Result<Self, SheetError> {
        refuse_large(text)?;
        written::toml(text, MAX_NESTING).map_err(shape)
    }

    /// Reads JSON where the text begins like JSON, TOML otherwise.
    pub fn parse(text: &str) -> Result<Self, SheetError> {
        refuse_large(text)?;
        written::either(text, MAX_NESTING).map_err(shape)
    }
}

fn shape(fault: written::Fault) -> SheetError {
    SheetError::Shape {
        line: fault.line,
        problem: fault.problem,
    }
}

fn refuse_large(text: &str) -> Result<(), SheetError> {
    if text.len() > MAX_SHEET_BYTES {
        return Err(SheetError::TooLarge {
            size_bytes: text.len(),
            limit_bytes: MAX_SHEET_BYTES,
        });
    }
    Ok(())
}

/// Several statements about one fact that cannot all be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Name of the fact.
    pub fact: String,
    /// What was stated, as written.
    pub stated: Vec<Statement>,
    /// What the outcome would be with each of the values alone; at most [`MAX_ALTERNATIVES`].
    pub alternatives: Vec<Alternative>,
    /// The same in words.
    pub text: crate::text::Text,
}

/// One value of a contradiction, tried alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The value in words.
    pub value: crate::text::Text,
    /// Who states it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated_by: Vec<String>,
    /// Ids of the evidence behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What the outcome would be.
    pub outcome: crate::assess::Outcome,
    /// The highest tier that would not be excluded.
    pub could_reach: crate::rule::Tier,
    /// The same in words.
    pub text: crate::text::Text,
}

/// What is known of one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownFact {
    pub(crate) interval: Interval,
    pub(crate) truth: Truth,
    /// Possible words; empty when nothing was stated.
    pub(crate) words: BTreeSet<String>,
    /// Shared, because hypotheses copy what is known many times over.
    pub(crate) evidence: Arc<[String]>,
    pub(crate) stated_by: Arc<[String]>,
    /// The least certain of its statements; `None` when nobody said.
    pub(crate) certainty: Option<Certainty>,
    pub(crate) contradicted: bool,
}

impl KnownFact {
    pub(crate) fn nothing() -> Self {
        Self {
            interval: Interval::ANYTHING,
            truth: Truth::Unknown,
            words: BTreeSet::new(),
            evidence: Arc::new([]),
            stated_by: Arc::new([]),
            certainty: None,
            contradicted: false,
        }
    }

    /// An amount that was computed from other statements.
    pub(crate) fn amount(
        interval: Interval,
        evidence: BTreeSet<String>,
        stated_by: BTreeSet<String>,
    ) -> Self {
        Self {
            interval,
            evidence: evidence.into_iter().collect(),
            stated_by: stated_by.into_iter().collect(),
            ..Self::nothing()
        }
    }
}

/// What is known of all facts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) facts: BTreeMap<String, KnownFact>,
    pub(crate) person: Option<Person>,
    /// Shared, because hypotheses copy what is known many times over.
    pub(crate) acts: Arc<KnownActs>,
    /// What a rule set derived from the rest; `None` while nothing but what is stated is in here.
    pub(crate) derived: Option<Derivations>,
}

impl Known {
    pub(crate) fn interval(&self, name: &str) -> Interval {
        self.facts
            .get(name)
            .map_or(Interval::ANYTHING, |fact| fact.interval)
    }

    pub(crate) fn is_stated(&self, name: &str) -> bool {
        self.facts.contains_key(name)
    }

    pub(crate) fn evidence(&self, name: &str) -> (Vec<String>, Vec<String>) {
        self.facts
            .get(name)
            .map_or_else(Default::default, |f| (f.evidence.to_vec(), f.stated_by.to_vec()))
    }

    /// Adds evidence to a derived fact; one that nothing was derived for stays as it is.
    pub(crate) fn add_evidence(&mut self, name: &str, evidence: &[String], stated_by: &[String]) {
        let is_derived = self
            .derived
            .as_ref()
            .is_some_and(|derived| derived.contains_key(name));
        let Some(fact) = self.facts.get_mut(name).filter(|_| is_derived) else {
            return;
        };
        let merged = |old: &[String], new: &[String]| -> Arc<[String]> {
            let all: BTreeSet<&String> = old.iter().chain(new).collect();
            all.into_iter().cloned().collect()
        };
        fact.evidence = merged(&fact.evidence, evidence);
        fact.stated_by = merged(&fact.stated_by, stated_by);
    }

    /// The flag as stated, and what follows from other facts when it is not.
    pub(crate) fn flag(
        &self,
        name: &str,
        definitions: &BTreeMap<String, FactDefinition>,
    ) -> (Truth, Option<String>) {
        match self.facts.get(name) {
            Some(fact) if fact.truth != Truth::Unknown || fact.contradicted => (fact.truth, None),
            _ => match self.implied_by(name, definitions) {
                Some(cause) => (Truth::Met, Some(cause)),
                None => self.left_by_others(name, definitions),
            },
        }
    }

    fn stated(&self, name: &str) -> Truth {
        self.facts.get(name).map_or(Truth::Unknown, |fact| fact.truth)
    }

    /// What follows for a flag of a group (`one_of`) from what is stated of the others: exactly one holds.
    fn left_by_others(
        &self,
        name: &str,
        definitions: &BTreeMap<String, FactDefinition>,
    ) -> (Truth, Option<String>) {
        let others = definitions.get(name).map_or(&[][..], |d| d.others.as_slice());
        if let Some(holder) = others.iter().find(|other| self.stated(other) == Truth::Met) {
            return (Truth::NotMet, Some(holder.clone()));
        }
        let is_last = others.iter().all(|other| self.stated(other) == Truth::NotMet);
        match others.first().filter(|_| is_last) {
            Some(other) => (Truth::Met, Some(other.clone())),
            None => (Truth::Unknown, None),
        }
    }

    /// The first fact that implies the flag: a true flag or an amount above nothing.
    pub(crate) fn implied_by(
        &self,
        name: &str,
        definitions: &BTreeMap<String, FactDefinition>,
    ) -> Option<String> {
        let causes = definitions
            .get(name)
            .map(|d| d.implied_by.as_slice())
            .unwrap_or_default();
        causes
            .iter()
            .find(|cause| {
                self.facts
                    .get(*cause)
                    .is_some_and(|fact| fact.truth == Truth::Met || fact.interval.low > 0)
            })
            .cloned()
    }

    /// The same knowledge with one amount replaced.
    pub(crate) fn with_amount(&self, name: &str, interval: Interval) -> Self {
        let mut changed = self.clone();
        changed
            .facts
            .entry(name.to_owned())
            .or_insert_with(KnownFact::nothing)
            .interval = interval;
        changed
    }

    /// The same knowledge with one flag stated.
    pub(crate) fn with_flag(&self, name: &str, value: bool) -> Self {
        let mut changed = self.clone();
        let fact = changed
            .facts
            .entry(name.to_owned())
            .or_insert_with(KnownFact::nothing);
        fact.truth = value.into();
        fact.contradicted = false;
        changed
    }
}

/// Facts whose statements cannot all be true, with those statements.
pub(crate) type Contradicted = Vec<(String, Vec<Statement>)>;

/// Checks the statements against the vocabulary and joins those about one fact.
pub(crate) fn know(
    sheet: &FactSheet,
    definitions: &BTreeMap<String, FactDefinition>,
) -> Result<(Known, Contradicted), SheetError> {
    if sheet.facts.len() > MAX_STATEMENTS {
        let way_out = "join statements that rest on the same counting";
        return Err(SheetError::TooMany {
            field: "facts".into(),
            limit: MAX_STATEMENTS,
            way_out,
        });
    }
    let (facts, mut contradictions) = joined_by_name("facts", &sheet.facts, definitions)?;
    let (acts, mut of_acts) = acts::read(sheet, definitions)?;
    contradictions.append(&mut of_acts);
    let mut known = Known {
        facts,
        person: sheet.person,
        acts: Arc::new(acts),
        derived: None,
    };
    contradictions.extend(contradicted_groups(&mut known, sheet, definitions));
    Ok((known, contradictions))
}

/// Checks a list of statements and joins those about one fact.
pub(crate) fn joined_by_name(
    field: &str,
    statements: &[Statement],
    definitions: &BTreeMap<String, FactDefinition>,
) -> Result<(BTreeMap<String, KnownFact>, Contradicted), SheetError> {
    let mut by_name: BTreeMap<&str, Vec<(&Statement, Stated)>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let stated = read_statement(&format!("{field}[{index}]"), statement, definitions)?;
        by_name
            .entry(&statement.name)
            .or_default()
            .push((statement, stated));
    }
    let (mut facts, mut contradictions) = (BTreeMap::new(), Contradicted::new());
    for (name, statements) in by_name {
        let fact = join(&statements);
        if fact.contradicted {
            contradictions.push((
                name.to_owned(),
                statements.iter().map(|(s, _)| (*s).clone()).collect(),
            ));
        }
        facts.insert(name.to_owned(), fact);
    }
    Ok((facts, contradictions))
}

/// Groups (`one_of`) of which two flags are stated, or of which every flag is denied. Which of them
/// holds is then open again, as with any contradiction.
fn contradicted_groups(
    known: &mut Known,
    sheet: &FactSheet,
    definitions: &BTreeMap<String, FactDefinition>,
) -> Contradicted {
    let mut found = Contradicted::new();
    for definition in definitions.values() {
        let is_first = definition.others.iter().all(|other| definition.name < *other);
        if definition.others.is_empty() || !is_first {
            continue;
        }
        let members = || std::iter::once(&definition.name).chain(&definition.others);
        let holding = members().filter(|name| known.stated(name) == Truth::Met).count();
        let denied = members()
            .filter(|name| known.stated(name) == Truth::NotMet)
            .count();
        if holding < 2 && denied < members().count() {
            continue;
        }
        for name in members() {
            if let Some(fact) = known.facts.get_mut(name) {
                fact.truth = Truth::Unknown;
                fact.contradicted = true;
            }
        }
        let about = |statement: &&Statement| members().any(|name| *name == statement.name);
        found.push((
            definition.name.clone(),
            sheet.facts.iter().filter(about).cloned().collect(),
        ));
    }
    found
}

/// What some statements about one fact say by themselves; `None` where there are none. They were
/// checked when the sheet was read.
pub(crate) fn known_of<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    definitions: &BTreeMap<String, FactDefinition>,
) -> Option<KnownFact> {
    let read: Vec<(&Statement, Stated)> = statements
        .into_iter()
        .filter_map(|statement| Some((statement, read_statement("", statement, definitions).ok()?)))
        .collect();
    (!read.is_empty()).then(|| join(&read))
}

/// A statement with its value in one form.
enum Stated {
    Amount(Interval),
    Flag(bool),
    Word(String),
}

fn join(statements: &[(&Statement, Stated)]) -> KnownFact {
    let mut fact = KnownFact::nothing();
    let mut common = Some(Interval::ANYTHING);
    let mut hull: Option<Interval> = None;
    let (mut flags, mut evidence, mut stated_by) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (statement, stated) in statements {
        match stated {
            Stated::Amount(interval) => {
                common = common.and_then(|c| c.intersect(*interval));
                hull = Some(hull.map_or(*interval, |h| h.hull(*interval)));
            }
            Stated::Flag(flag) => {
                flags.insert(*flag);
            }
            Stated::Word(word) => {
                fact.words.insert(word.clone());
            }
        }
        evidence.extend(statement.evidence.iter().cloned());
        stated_by.extend(statement.stated_by.clone());
        fact.certainty = fact.certainty.max(statement.certainty);
    }
    fact.evidence = evidence.into_iter().collect();
    fact.stated_by = stated_by.into_iter().collect();
    fact.interval = common.or(hull).unwrap_or(Interval::ANYTHING);
    fact.truth = match (flags.contains(&true), flags.contains(&false)) {
        (true, false) => Truth::Met,
        (false, true) => Truth::NotMet,
        _ => Truth::Unknown,
    };
    fact.contradicted = common.is_none() || flags.len() > 1 || fact.words.len() > 1;
    fact
}

fn read_statement(
    field: &str,
    statement: &Statement,
    definitions: &BTreeMap<String, FactDefinition>,
) -> Result<Stated, SheetError> {
    check_texts(field, statement)?;
    check_period(field, statement)?;
    let Some(definition) = definitions.get(&statement.name) else {
        let names = || definitions.keys().map(String::as_str);
        return Err(SheetError::UnknownFact {
            field: format!("{field}.name"),
            name: statement.name.chars().take(100).collect(),
            near: nearest(&statement.name, names()).map(str::to_owned),
            known: names().collect::<Vec<_>>().join(", "),
        });
    };
    let (kind, way_out) = match definition.kind {
        FactKind::Money => (
            "money",
            "`fen`, or `at_least_fen` and `at_most_fen`, and nothing else",
        ),
        FactKind::Count => (
            "a number",
            "`count`, or `at_least_count` and `at_most_count`, and nothing else",
        ),
        FactKind::Flag => (
            "true or false",
            "`value = true` or `value = false`, and nothing else",
        ),
        FactKind::Text => ("a word", "`value = \"…\"`, and nothing else"),
    };
    let wrong = || SheetError::WrongValue {
        field: field.to_owned(),
        name: statement.name.clone(),
        kind,
        way_out,
    };
    let Statement {
        fen,
        at_least_fen,
        at_most_fen,
        count,
        at_least_count,
        at_most_count,
        value,
        ..
    } = statement;
    let money = [*fen, *at_least_fen, *at_most_fen];
    let number = [*count, *at_least_count, *at_most_count];
    let none = |amounts: [Option<i64>; 3]| amounts.iter().all(Option::is_none);
    match (definition.kind, value) {
        (FactKind::Money, None) if none(number) => {
            interval_of(field, money, ["fen", "at_least_fen", "at_most_fen"], MAX_FEN)?.ok_or_else(wrong)
        }
        (FactKind::Count, None) if none(money) => interval_of(
            field,
            number,
            ["count", "at_least_count", "at_most_count"],
            MAX_COUNT,
        )?
        .ok_or_else(wrong),
        (FactKind::Flag, Some(FactValue::Flag(flag))) if none(money) && none(number) => {
            Ok(Stated::Flag(*flag))
        }
        (FactKind::Text, Some(FactValue::Text(word))) if none(money) && none(number) && !word.is_empty() => {
            Ok(Stated::Word(word.clone()))
        }
        _ => Err(wrong()),
    }
}

/// The bounds of a statement, or `None` when it states nothing or both an exact amount and a bound.
fn interval_of(
    field: &str,
    [exact, low, high]: [Option<i64>; 3],
    names: [&str; 3],
    limit: i64,
) -> Result<Option<Stated>, SheetError> {
    for (amount, name) in [exact, low, high].into_iter().zip(names) {
        if let Some(amount) = amount.filter(|a| !(0..=limit).contains(a)) {
            return Err(SheetError::Absurd {
                field: format!("{field}.{name}"),
                amount,
                limit,
            });
        }
    }
    Ok(match (exact, low, high) {
        (Some(amount), None, None) => Some(Stated::Amount(Interval::exact(amount))),
        (None, Some(low), Some(high)) if low > high => {
            return Err(SheetError::EmptyRange {
                field: field.to_owned(),
                low,
                high,
            });
        }
        (None, low, high) if low.is_some() || high.is_some() => Some(Stated::Amount(Interval {
            low: low.unwrap_or(0),
            high,
        })),
        _ => None,
    })
}

fn check_period(field: &str, statement: &Statement) -> Result<(), SheetError> {
    let period = statement.period.unwrap_or_default();
    match (period.from, period.to) {
        (Some(from), Some(to)) if from > to => Err(SheetError::Period {
            field: format!("{field}.period"),
            problem: format!("it ends on {to} before it begins on {from}; swap them or correct one"),
        }),
        _ => Ok(()),
    }
}

fn check_texts(field: &str, statement: &Statement) -> Result<(), SheetError> {
    if statement.evidence.len() > MAX_EVIDENCE_PER_STATEMENT {
        let way_out = "name the bundle that holds them";
        let field = format!("{field}.evidence");
        return Err(SheetError::TooMany {
            field,
            limit: MAX_EVIDENCE_PER_STATEMENT,
            way_out,
        });
    }
    let words = match &statement.value {
        Some(FactValue::Text(word)) => Some(word),
        _ => None,
    };
    let texts = [
        Some(&statement.name),
        statement.stated_by.as_ref(),
        statement.note.as_ref(),
        words,
    ];
    if texts
        .into_iter()
        .flatten()
        .chain(&statement.evidence)
        .any(|text| text.len() > MAX_TEXT_BYTES)
    {
        let way_out = "shorten the text";
        return Err(SheetError::TooMany {
            field: format!("{field} (bytes of one text)"),
            limit: MAX_TEXT_BYTES,
            way_out,
        });
    }
    Ok(())
}

/// Checks that the dates of a sheet can all be right. Returns the day of judgment.
pub(crate) fn check_dates(sheet: &FactSheet, today: Day) -> Result<Day, SheetError> {
    let decided_on = sheet.judgment.as_ref().and_then(|judgment| judgment.decided_on);
    let judged_on = sheet.judged_on.or(decided_on).unwrap_or(today);
    let conduct = sheet.conduct.unwrap_or_default();
    if let Some(judgment) = &sheet.judgment {
        judgment.check(conduct)?;
    }
    acts::check_dates(sheet, judged_on)?;
    let wrong = |field, problem| Err(SheetError::Dates { field, problem });
    if let (Some(from), Some(to)) = (conduct.from, conduct.to)
        && from > to
    {
        return wrong(
            "conduct",
            format!("it ends on {to} before it begins on {from}; swap them or correct one"),
        );
    }
    for (field, day) in [("conduct.from", conduct.from), ("conduct.to", conduct.to)] {
        if let Some(day) = day.filter(|day| *day > judged_on) {
            return wrong(
                field,
                format!("{day} is after the judgment on {judged_on}; correct one of them"),
            );
        }
    }
    Ok(judged_on)
}

/// An amount in the unit of a fact.
pub(crate) fn amount_like(kind: FactKind, number: i64) -> Amount {
    if kind == FactKind::Money {
        Amount::Fen(number)
    } else {
        Amount::Count(number)
    }
}
