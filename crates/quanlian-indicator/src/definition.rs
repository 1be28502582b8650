//! The definition of an indicator, as its file says it.
//!
//! In:  one file of `indicators/`, read by [`crate::Definitions`].
//! Out: [`Definition`] and its parts.
//!
//! Invariant: a [`Definition`] comes from the loader alone, so its parts fit together.

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::Text;
use quanlian_record::time::{Day, parse_day};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// One version of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Definition {
    /// Its id, with [`Self::version`] also the name of its file.
    pub id: String,
    /// Counts from 1.
    pub version: u32,
    /// Its name.
    pub name: Text,
    /// In what it is told.
    pub unit: Unit,
    /// What it says and what it does not, in words.
    pub definition: Text,
    /// Where it comes from.
    pub source: Source,
    /// Who read it, when.
    pub checked: Checked,
    /// What is counted.
    pub counts: Counts,
    /// By which day something belongs to a period.
    pub period: Period,
    /// What of each row is taken.
    #[serde(default)]
    pub value: Value,
    /// How the values become one.
    pub aggregate: Aggregate,
}

/// In what a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Matters (件).
    Matters,
    /// Runs of clocks.
    Clocks,
    /// Calendar days.
    Days,
    /// Money in fen.
    Fen,
    /// Months.
    Months,
    /// A share of the whole.
    Share,
}

impl Unit {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Matters,
        Self::Clocks,
        Self::Days,
        Self::Fen,
        Self::Months,
        Self::Share,
    ];
}

/// Where a definition comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It is this project's own.
    Own(Text),
    /// An instrument and its place in it.
    Cite(Text),
}

/// Who read a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// When.
    #[serde(deserialize_with = "toml_day")]
    pub on: Day,
    /// Whether somebody read the text itself; an own definition was read by whoever checked it.
    pub verified: bool,
    /// What is doubtful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// What is counted. Every condition holds; an empty list is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// One row for each of these.
    pub of: Subject,
    /// Of these procedures.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub procedures: BTreeSet<String>,
    /// These stages, acts or clocks.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub names: BTreeSet<String>,
    /// Kinds of stages, outcomes, states of clocks.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<String>,
    /// Of matters in which one of these acts was done.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub done: BTreeSet<String>,
    /// Of matters in which these facts are on file as this.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<String, bool>,
}

/// Of what there is one row each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The opening of a matter.
    Open,
    /// A stay in a stage that is not closed; its value is the days that it lasted.
    Stay,
    /// The closing that stands; its value is the days from the opening.
    Close,
    /// An act in a matter, however often; its days are the first and the last, its value how often.
    Act,
    /// A run of a clock that is a duty.
    Clock,
    /// A fact on file; not counted by itself.
    Fact,
    /// Goods of one entry of the ledger; their value is what they are worth, in fen.
    Goods,
    /// A task of the ledger.
    Task,
    /// A proposal that waits for approval; its name is the role that is next, its value the number of the event that proposed.
    Proposal,
}

impl Subject {
    /// Its word in files and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Stay => "stay",
            Self::Close => "close",
            Self::Act => "act",
            Self::Clock => "clock",
            Self::Fact => "fact",
            Self::Goods => "goods",
            Self::Task => "task",
            Self::Proposal => "proposal",
        }
    }
}

/// By which day something belongs to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The day on which it began; of an act, the first time.
    Began,
    /// The day on which it ended.
    Ended,
    /// Not a period but a day: what has begun and not ended when it is over.
    Standing,
    /// Not a period but now: clocks that run although their time is up.
    Overdue,
}

/// What of each row is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// That it is there.
    #[default]
    One,
    /// Its own value.
    Own,
    /// A fact of its matter; a matter without it is missing.
    Fact(String),
    /// Whether it is in one of these states.
    State(States),
    /// Whether one of these acts was done in its matter.
    Done(BTreeSet<String>),
}

/// States that mean yes, and states of which nobody can tell; all others mean no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct States {
    /// Yes.
    pub is: BTreeSet<String>,
    /// Nobody can tell.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown: BTreeSet<String>,
}

/// How values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// The least value that half of them do not exceed.
    Median,
    /// The least value that nine of ten do not exceed.
    P90,
    /// The share of those that are 1 among those that are 0 or 1.
    Share,
}

/// By what a figure can be parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The agency that owns the matter.
    Agency,
    /// The procedure.
    Procedure,
    /// The stage in which it stays, or in which it closed.
    Stage,
    /// The month of the day by which it counts.
    Month,
}

impl Grouping {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Agency, Self::Procedure, Self::Stage, Self::Month];
}

impl Definition {
    /// By what it can be parted.
    pub fn groupings(&self) -> Vec<Grouping> {
        let mut groupings = vec![Grouping::Agency, Grouping::Procedure];
        if matches!(self.counts.of, Subject::Stay | Subject::Close) {
            groupings.push(Grouping::Stage);
        }
        if matches!(self.period, Period::Began | Period::Ended) {
            groupings.push(Grouping::Month);
        }
        groupings
    }
}

/// A day as TOML writes it, or as text.
fn toml_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Toml(toml::value::Datetime),
        Text(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Toml(date) => date.to_string(),
        Written::Text(text) => text,
    };
    parse_day(&text).map_err(D::Error::custom)
}
