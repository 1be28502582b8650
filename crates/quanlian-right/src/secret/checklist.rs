//! The checklist: which measures a court looks at, and which of them covered a point on a day.
//!
//! In:  the items (`data/secret-measures.toml`), the [`Register`], a day.
//! Out: for every item what covered the point, what is recorded for other days alone, and what nobody recorded.
//!
//! Invariants: items, articles and words are data with their source; none of them stands in code. An item without a
//! record is `undetermined`: that a measure was not entered does not say that it was not taken.
//!
//! Not here: whether the measures were reasonable (相应保密措施), which the court weighs by the factors in the data.

use std::collections::BTreeSet;

use quanlian_record::{
    id::DepositId,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{
    register::{Register, is_within},
    statement::{Id, Measure},
};

/// The data that the program was built with.
const DATA: &str = include_str!("../../data/secret-measures.toml");
/// The largest data file, in bytes.
pub const MAX_DATA_BYTES: usize = 256 << 10;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Where a data file has its law from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The instrument.
    pub law: String,
    /// Its number.
    pub number: String,
    /// The first day on which it was in force.
    pub in_force_from: String,
    /// When the data was compared with a text, with which, and whether that was done at all.
    pub checked: Checked,
}

/// How sure a source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The day.
    pub on: String,
    /// The text.
    pub against: String,
    /// Whether somebody read it.
    pub verified: bool,
}

/// One line of law: a kind of measure, a factor, a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name, which measures name.
    pub id: Id,
    /// The provision.
    pub cite: Words,
    /// In a few words.
    pub title: Words,
    /// What it says, in our own words.
    pub gist: Words,
}

/// Which measures a court looks at, and what is left to judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Where it comes from.
    pub source: Source,
    /// Kinds of measures.
    pub item: Vec<Item>,
    /// What the court weighs when it asks whether the measures were enough.
    pub factor: Vec<Item>,
    /// What an appraiser or the court has to judge and no program can.
    pub question: Vec<Item>,
}

/// Why a data file is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ChecklistError {
    /// Larger than [`MAX_DATA_BYTES`].
    #[error("the checklist has {size_bytes} bytes, the limit is {MAX_DATA_BYTES}")]
    TooLarge { size_bytes: usize },
    /// Not TOML of this shape.
    #[error("not a checklist")]
    Shape(#[from] toml::de::Error),
    /// Two lines of one name.
    #[error("the checklist names `{0}` twice")]
    Twice(Id),
}

impl ChecklistError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "checklist_too_large",
            Self::Shape(_) => "checklist_shape",
            Self::Twice(_) => "checklist_twice",
        }
    }
}

/// How a point stood on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The point.
    pub point: Id,
    /// The day.
    pub on: Day,
    /// Whether the point itself is within its time: it was there, and its secrecy had not ended.
    pub point_state: PointState,
    /// When the entry of the point came into the log; what was claimed of earlier days rests on other evidence.
    pub recorded_at: Timestamp,
    /// One line for every item of the checklist, in its order.
    pub lines: Vec<Line>,
}

/// A point on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PointState {
    /// In the log by that day, and its secrecy had not ended.
    Recorded,
    /// By its own date it was there; its entry came only later.
    StatedLater,
    /// By its own date it was not there yet.
    NotYet,
    /// The time for which it was to be kept secret had ended.
    Ended,
}

/// One item of the checklist for one point on one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The item.
    pub item: Id,
    /// What the records say.
    pub state: LineState,
    /// Measures in force that day.
    pub in_force: Vec<InForce>,
    /// Measures of this kind that are recorded for other days alone.
    pub other_days: Vec<Id>,
}

/// What the records say of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// At least one measure with evidence.
    Covered,
    /// Measures are stated, and nothing is deposited that shows any of them.
    WithoutEvidence,
    /// Measures are recorded, none of them for that day.
    OtherDaysOnly,
    /// Nothing is recorded.
    Undetermined,
}

/// A measure in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InForce {
    /// The measure.
    pub measure: Id,
    /// What it is.
    pub title: String,
    /// From.
    pub from: Day,
    /// To, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Whom it binds, where it binds single persons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<String>,
    /// The entry that says so.
    pub entry: DepositId,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// Entered only after the day that is asked about.
    pub is_recorded_later: bool,
    /// Deposits that show it.
    pub evidence: Vec<DepositId>,
}

impl Checklist {
    /// The data of this program.
    pub fn embedded() -> Result<Self, ChecklistError> {
        Self::read(DATA)
    }

    /// Reads a data file.
    pub fn read(text: &str) -> Result<Self, ChecklistError> {
        if text.len() > MAX_DATA_BYTES {
            return Err(ChecklistError::TooLarge {
                size_bytes: text.len(),
            });
        }
        let checklist: Self = toml::from_str(text)?;
        let mut seen = BTreeSet::new();
        let all = [&checklist.item, &checklist.factor, &checklist.question];
        for item in all.into_iter().flatten() {
            if !seen.insert(&item.id) {
                return Err(ChecklistError::Twice(item.id.clone()));
            }
        }
        Ok(checklist)
    }

    /// The kind of measure of this name.
    pub fn item(&self, id: &Id) -> Option<&Item> {
        self.item.iter().find(|item| item.id == *id)
    }

    /// How `point` stood on `on`, item by item; `None` when no single version of it is in the register.
    pub fn standing(&self, register: &Register, point: &Id, on: Day) -> Option<Standing> {
        let versions = register.versions("point", point)?;
        let super::Statement::Point(claimed) = &versions.newest()?.statement else {
            return None;
        };
        // The first entry: a later version does not make the point younger.
        let recorded_at = versions.entries.first()?.recorded_at;
        let point_state = if claimed.created_on > on {
            PointState::NotYet
        } else if claimed.until.is_some_and(|until| until < on) {
            PointState::Ended
        } else if recorded_at.legal_day() > on {
            PointState::StatedLater
        } else {
            PointState::Recorded
        };
        let lines = (self.item.iter())
            .map(|item| line(register, &item.id, point, on))
            .collect();
        Some(Standing {
            point: point.clone(),
            on,
            point_state,
            recorded_at,
            lines,
        })
    }
}

fn line(register: &Register, item: &Id, point: &Id, on: Day) -> Line {
    let (mut in_force, mut other_days) = (Vec::new(), Vec::new());
    let covering = |measure: &Measure| measure.item == *item && measure.scope.covers(point);
    for (entry, measure) in register.measures().filter(|(_, measure)| covering(measure)) {
        if is_within(on, measure.from, measure.until) {
            in_force.push(InForce {
                measure: measure.id.clone(),
                title: measure.title.clone(),
                from: measure.from,
                until: measure.until,
                persons: measure.persons.clone(),
                entry: entry.deposit,
                recorded_at: entry.recorded_at,
                is_recorded_later: entry.recorded_at.legal_day() > on,
                evidence: measure.evidence.clone(),
            });
        } else {
            other_days.push(measure.id.clone());
        }
    }
    let state = if in_force.iter().any(|measure| !measure.evidence.is_empty()) {
        LineState::Covered
    } else if !in_force.is_empty() {
        LineState::WithoutEvidence
    } else if !other_days.is_empty() {
        LineState::OtherDaysOnly
    } else {
        LineState::Undetermined
    };
    Line {
        item: item.clone(),
        state,
        in_force,
        other_days,
    }
}
