//! What an entry of the register says: a point, an access, a measure.
//!
//! In:  what the owner states, or the stored bytes of it.
//! Out: a [`Statement`] that was checked: lengths, lists, the order of days.
//!
//! Invariant: a statement that [`Statement::check`] lets pass has canonical bytes of at most [`MAX_STATEMENT_BYTES`].
//!
//! Not here: what several entries say together (`register`).

use std::{collections::BTreeSet, fmt, str::FromStr};

use quanlian_record::{
    canonical::{self, CanonicalError},
    id::DepositId,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize, de::Error as _};

/// The longest id of a point, an access or a measure, in bytes.
pub const MAX_ID_BYTES: usize = 64;
/// The longest text of one field, in bytes.
pub const MAX_TEXT_BYTES: usize = 2_000;
/// The most pieces of content of one point.
pub const MAX_CONTENT: usize = 256;
/// The most points, persons or pieces of evidence that one entry names.
pub const MAX_ENTRY_LIST: usize = 1_000;
/// The longest statement in its canonical bytes.
pub const MAX_STATEMENT_BYTES: usize = 256 << 10;
/// Digits of a commitment.
const COMMITMENT_DIGITS: usize = 64;
/// The years in which a day of the register may lie; anything else is a slip of the keyboard.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// The name that the owner gives a point, an access or a measure: `MD-001`, `密点3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(
    /// Letters and digits of any script, `-`, `_` and `.`; 1 to [`MAX_ID_BYTES`] bytes.
    String,
);

impl Id {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = EntryError;
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let is_sign = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if (1..=MAX_ID_BYTES).contains(&text.len()) && text.chars().all(is_sign) {
            Ok(Self(text.to_owned()))
        } else {
            Err(EntryError::Id(text.chars().take(MAX_ID_BYTES).collect()))
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// The salted commitment of a piece of content, as its entry in the log has it: 64 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Commitment(String);

impl Commitment {
    /// The 64 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Commitment {
    type Err = EntryError;
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == COMMITMENT_DIGITS && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(EntryError::Commitment)
        }
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// What kind of information a point is (法释〔2020〕7号, art. 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 技术信息: structure, material, process, algorithm, data, program.
    Technical,
    /// 经营信息: plans, sales, customers, data of the business.
    Business,
}

/// One piece of content of a point: where its commitment stands. What the piece is, its deposit alone says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The deposit of the piece.
    pub deposit: DepositId,
    /// The salted commitment in the log.
    pub commitment: Commitment,
    /// The number of that entry in the log.
    pub log_index: u64,
}

/// A point (密点): one piece of information that the owner claims as a trade secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The owner's name for it.
    pub id: Id,
    /// What it is, in words that may be shown.
    pub title: String,
    /// Technical or business.
    pub kind: Kind,
    /// Whose it is: the unit (单位).
    pub owner: String,
    /// On what it stands (载体): a repository, a drawing, a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// When it came to be, as the owner says; the log proves only since when it was deposited.
    pub created_on: Day,
    /// The secrecy level (密级) in the owner's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The last day for which it is to be kept secret; none: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// What it consists of.
    pub content: Vec<Content>,
}

/// That a person could reach points (接触).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The owner's name for it.
    pub id: Id,
    /// Who.
    pub person: String,
    /// As what: post, task.
    pub role: String,
    /// Which points.
    pub points: Vec<Id>,
    /// From this day.
    pub from: Day,
    /// To this day, which is included; none: no end is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// By what: contract, project, order.
    pub basis: String,
    /// Training or confidentiality undertaking of this person: where it is to be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undertaking: Option<String>,
    /// When the person left the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_on: Option<Day>,
    /// Deposits that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<DepositId>,
}

/// Which points a measure guards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every point of the register.
    All,
    /// These alone.
    Points(Vec<Id>),
}

impl Scope {
    /// Whether `point` is among them.
    pub fn covers(&self, point: &Id) -> bool {
        match self {
            Self::All => true,
            Self::Points(points) => points.contains(point),
        }
    }
}

/// A measure that keeps points secret (保密措施).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The owner's name for it.
    pub id: Id,
    /// Which item of the checklist it is.
    pub item: Id,
    /// What it is.
    pub title: String,
    /// Which points it guards.
    pub scope: Scope,
    /// Whom it binds, where it binds single persons; empty: all who have access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<String>,
    /// In force from this day.
    pub from: Day,
    /// To this day, which is included; none: no end is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Deposits that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<DepositId>,
}

/// What one entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// A point.
    Point(Point),
    /// An access.
    Access(Access),
    /// A measure.
    Measure(Measure),
}

/// One entry of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The deposit that proves it.
    pub deposit: DepositId,
    /// When it was entered, by the clock of the installation.
    pub recorded_at: Timestamp,
    /// The entry whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DepositId>,
    /// What it says.
    pub statement: Statement,
}

/// Why a statement is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum EntryError {
    /// Not the name of a point, an access or a measure.
    #[error("`{0}` is no name: letters, digits, `-`, `_` and `.`, 1 to {MAX_ID_BYTES} bytes")]
    Id(String),
    /// Not a commitment.
    #[error("a commitment has {COMMITMENT_DIGITS} digits of lower-case hexadecimal")]
    Commitment,
    /// A text is empty, too long, or holds control signs.
    #[error("`{field}` has {size_bytes} bytes; 1 to {MAX_TEXT_BYTES} without control signs are allowed")]
    Text { field: &'static str, size_bytes: usize },
    /// A list is empty or too long.
    #[error("`{field}` names {count}; 1 to {limit} are allowed")]
    List {
        field: &'static str,
        count: usize,
        limit: usize,
    },
    /// A list names the same thing twice.
    #[error("`{field}` names something twice")]
    Twice { field: &'static str },
    /// A day outside of what anybody means.
    #[error("`{field}` is {day}; the year must be {} to {}", YEARS.start(), YEARS.end())]
    Year { field: &'static str, day: Day },
    /// A day before the one that it follows.
    #[error("`{later}` ({later_day}) lies before `{earlier}` ({earlier_day})")]
    Order {
        earlier: &'static str,
        earlier_day: Day,
        later: &'static str,
        later_day: Day,
    },
    /// Something that came to be after it was entered.
    #[error("`created_on` ({day}) lies after the day of the entry ({entered_on})")]
    Future { day: Day, entered_on: Day },
    /// Longer than [`MAX_STATEMENT_BYTES`].
    #[error("the statement has {size_bytes} bytes, the limit is {MAX_STATEMENT_BYTES}")]
    TooLong { size_bytes: usize },
    /// It has no canonical bytes.
    #[error("the statement cannot be written")]
    Canonical(#[from] CanonicalError),
    /// The bytes are no statement.
    #[error("not a statement of the register")]
    Shape(#[source] serde_json::Error),
}

impl EntryError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Id(_) => "secret_id",
            Self::Commitment => "secret_commitment",
            Self::Text { .. } => "secret_text",
            Self::List { .. } => "secret_list",
            Self::Twice { .. } => "secret_twice",
            Self::Year { .. } => "secret_year",
            Self::Order { .. } => "secret_order",
            Self::Future { .. } => "secret_future",
            Self::TooLong { .. } => "secret_too_long",
            Self::Canonical(_) => "secret_canonical",
            Self::Shape(_) => "secret_shape",
        }
    }
}

impl Statement {
    /// The name of the thing that it is about. A point, an access and a measure may have the same.
    pub fn id(&self) -> &Id {
        match self {
            Self::Point(point) => &point.id,
            Self::Access(access) => &access.id,
            Self::Measure(measure) => &measure.id,
        }
    }

    /// `point`, `access` or `measure`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Point(_) => "point",
            Self::Access(_) => "access",
            Self::Measure(_) => "measure",
        }
    }

    /// Checks what it says, as entered on `entered_on`.
    pub fn check(&self, entered_on: Day) -> Result<(), EntryError> {
        match self {
            Self::Point(point) => point.check(entered_on),
            Self::Access(access) => access.check(),
            Self::Measure(measure) => measure.check(),
        }
    }

    /// The canonical bytes, which are what is deposited.
    pub fn to_bytes(&self, entered_on: Day) -> Result<Vec<u8>, EntryError> {
        self.check(entered_on)?;
        let bytes = canonical::to_bytes(self)?;
        if bytes.len() > MAX_STATEMENT_BYTES {
            return Err(EntryError::TooLong {
                size_bytes: bytes.len(),
            });
        }
        Ok(bytes)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8], entered_on: Day) -> Result<Self, EntryError> {
        if bytes.len() > MAX_STATEMENT_BYTES {
            return Err(EntryError::TooLong {
                size_bytes: bytes.len(),
            });
        }
        let statement: Self = serde_json::from_slice(bytes).map_err(EntryError::Shape)?;
        statement.check(entered_on)?;
        Ok(statement)
    }
}

impl Point {
    fn check(&self, entered_on: Day) -> Result<(), EntryError> {
        text("title", &self.title)?;
        text("owner", &self.owner)?;
        maybe_text("carrier", self.carrier.as_ref())?;
        maybe_text("level", self.level.as_ref())?;
        list("content", 1, self.content.len(), MAX_CONTENT)?;
        unlike("content", self.content.iter().map(|piece| piece.deposit))?;
        day("created_on", self.created_on)?;
        if self.created_on > entered_on {
            return Err(EntryError::Future {
                day: self.created_on,
                entered_on,
            });
        }
        order(("created_on", self.created_on), ("until", self.until))
    }
}

impl Access {
    fn check(&self) -> Result<(), EntryError> {
        text("person", &self.person)?;
        text("role", &self.role)?;
        text("basis", &self.basis)?;
        maybe_text("undertaking", self.undertaking.as_ref())?;
        list("points", 1, self.points.len(), MAX_ENTRY_LIST)?;
        unlike("points", self.points.iter())?;
        list("evidence", 0, self.evidence.len(), MAX_ENTRY_LIST)?;
        unlike("evidence", self.evidence.iter())?;
        day("from", self.from)?;
        order(("from", self.from), ("until", self.until))?;
        order(("from", self.from), ("left_on", self.left_on))
    }
}

impl Measure {
    fn check(&self) -> Result<(), EntryError> {
        text("title", &self.title)?;
        if let Scope::Points(points) = &self.scope {
            list("points", 1, points.len(), MAX_ENTRY_LIST)?;
            unlike("points", points.iter())?;
        }
        list("persons", 0, self.persons.len(), MAX_ENTRY_LIST)?;
        unlike("persons", self.persons.iter())?;
        for person in &self.persons {
            text("persons", person)?;
        }
        list("evidence", 0, self.evidence.len(), MAX_ENTRY_LIST)?;
        unlike("evidence", self.evidence.iter())?;
        day("from", self.from)?;
        order(("from", self.from), ("until", self.until))
    }
}

fn text(field: &'static str, text: &str) -> Result<(), EntryError> {
    let is_fine = (1..=MAX_TEXT_BYTES).contains(&text.len())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control);
    if is_fine {
        Ok(())
    } else {
        Err(EntryError::Text {
            field,
            size_bytes: text.len(),
        })
    }
}

fn maybe_text(field: &'static str, value: Option<&String>) -> Result<(), EntryError> {
    value.map_or(Ok(()), |value| text(field, value))
}

fn list(field: &'static str, least: usize, count: usize, limit: usize) -> Result<(), EntryError> {
    if (least..=limit).contains(&count) {
        Ok(())
    } else {
        Err(EntryError::List { field, count, limit })
    }
}

fn unlike<T: Ord>(field: &'static str, items: impl Iterator<Item = T>) -> Result<(), EntryError> {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert(item) {
            return Err(EntryError::Twice { field });
        }
    }
    Ok(())
}

fn day(field: &'static str, day: Day) -> Result<(), EntryError> {
    if YEARS.contains(&day.year()) {
        Ok(())
    } else {
        Err(EntryError::Year { field, day })
    }
}

fn order(earlier: (&'static str, Day), later: (&'static str, Option<Day>)) -> Result<(), EntryError> {
    let Some(later_day) = later.1 else { return Ok(()) };
    day(later.0, later_day)?;
    if later_day < earlier.1 {
        return Err(EntryError::Order {
            earlier: earlier.0,
            earlier_day: earlier.1,
            later: later.0,
            later_day,
        });
    }
    Ok(())
}
