//! A procedure (办理流程) as its file says it: stages, acts with their guards, papers, chains of approval, clocks.
//!
//! In:  one file of `procedures/`, read by [`crate::load`].
//! Out: [`Procedure`] and its parts, for the engine and for whoever shows them.
//!
//! Invariant: a [`Procedure`] comes from the loader alone, so every name in it points at something that is there.
//! Nothing here is a number of a statute: a clock names a rule of `law/`, or a limit with its source.
//!
//! Not here: whether a procedure makes sense as a whole (`check`), running a matter (`decide`, `matter`).

mod act;

use quanlian_law::Text;
use quanlian_record::time::{Day, parse_day};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use self::act::{Act, ActKind, Need, Notice, Tick, Together};

/// One version of one procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Procedure {
    /// Its id, with [`Self::version`] also the name of its file.
    pub id: String,
    /// Counts from 1; a version that matters have used is never edited.
    pub version: u32,
    /// First day on which new matters take this version.
    #[serde(deserialize_with = "toml_day")]
    pub from: Day,
    /// Its name.
    pub name: Text,
    /// What it rests on.
    pub source: Vec<Source>,
    /// What the sources leave open or practice does differently in different places.
    #[serde(default)]
    pub open: Vec<Text>,
    /// When a clock turns yellow and red, unless it says so itself.
    pub lights: Lights,
    /// Roles that may put facts and papers on file between acts.
    pub suppliers: Vec<String>,
    /// Roles.
    pub role: Vec<Role>,
    /// Agencies on the other side of the table: police, court, platform.
    #[serde(default)]
    pub counterpart: Vec<Named>,
    /// Facts that acts ask for.
    #[serde(default)]
    pub fact: Vec<FactDefinition>,
    /// Papers (文书、材料).
    #[serde(default)]
    pub paper: Vec<PaperDefinition>,
    /// Chains of approval (审批链).
    #[serde(default)]
    pub chain: Vec<Chain>,
    /// Clocks.
    #[serde(default)]
    pub clock: Vec<Clock>,
    /// Stages.
    pub stage: Vec<Stage>,
    /// Acts.
    pub act: Vec<Act>,
    /// SHA-256 of the file, in lower-case hex.
    #[serde(skip_deserializing)]
    pub digest: String,
}

/// What a procedure or a limit rests on, and who read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Instrument and article, as papers cite them.
    pub cite: Text,
    /// Who read it, when.
    pub checked: Checked,
}

/// Who read a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// When.
    #[serde(deserialize_with = "toml_day")]
    pub on: Day,
    /// Whether somebody read the text itself.
    pub verified: bool,
    /// What was read instead, or what is doubtful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// Days left at or below which a clock turns yellow or red; overdue is always red.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lights {
    /// Yellow.
    pub yellow_days: u32,
    /// Red, not above yellow.
    pub red_days: u32,
}

/// An id with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
}

/// A role (岗位). Who holds it is said by the caller, never found out here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Of which agency the holder must be: `own` (the one that runs the matter), `any`, or a counterpart.
    #[serde(default = "own")]
    pub agency: String,
    /// Whether officers of agencies that handle the matter jointly (会办) may act in it too.
    #[serde(default)]
    pub joint: bool,
    /// Who has acted in one of these roles in the matter may not act in this one, and the other way round.
    #[serde(default)]
    pub apart_from: Vec<String>,
}

/// [`Role::agency`] of the agency that runs the matter.
pub(crate) const OWN: &str = "own";
/// [`Role::agency`] of a role that may come from anywhere.
pub(crate) const ANY: &str = "any";
/// Stands in [`Act::from`] for every stage that is not closed.
pub(crate) const EVERY_OPEN: &str = "*";

fn own() -> String {
    OWN.to_owned()
}

/// A fact that acts ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactDefinition {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What it is.
    pub kind: FactKind,
    /// Whether somebody from outside may state it with what they hand in; without this the agencies of the matter alone do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
}

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Yes or no.
    Flag,
    /// A number.
    Count,
    /// Money in fen.
    Fen,
    /// A legal day.
    Day,
    /// Words.
    Text,
}

/// A paper (文书、材料).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperDefinition {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Whether it is brought from outside; without this some act must make it.
    #[serde(default)]
    pub outside: bool,
    /// Which list of the ledger it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<Listed>,
}

/// A list of the ledger that a paper carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// 涉案物品: every entry that stands, with its lots.
    Goods,
}

/// A chain of approval: each step by another person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Roles in order; the first proposes, the last makes the act take effect.
    pub steps: Vec<String>,
}

/// A clock: a rule of `law/`, or a limit of the procedure itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The rule of `law/` that says how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Or a limit: promised (承诺时限), or of an instrument that `law/` does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Whether it is a window (a right to ask, to appeal) and no duty: when it runs out nobody is late.
    #[serde(default)]
    pub window: bool,
    /// Its own lights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lights: Option<Lights>,
}

/// How long a clock runs when `law/` has no rule for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How long; the day of the start is not counted.
    pub length: Length,
    /// What becomes of a last day that is not worked; asked for with days and months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<LimitEnd>,
    /// Whether it stands still while the matter is suspended.
    #[serde(default)]
    pub stands_still: bool,
    /// The most that extensions may add, in the unit of the length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Length>,
    /// Where it comes from.
    pub source: Source,
}

/// A length of time. Exactly one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Calendar days.
    Days(u32),
    /// Working days.
    WorkingDays(u32),
    /// Hours.
    Hours(u32),
    /// Months.
    Months(u32),
}

impl Length {
    /// How many of its unit.
    pub fn number(self) -> u32 {
        match self {
            Self::Days(n) | Self::WorkingDays(n) | Self::Hours(n) | Self::Months(n) => n,
        }
    }

    /// Whether two lengths count the same unit.
    pub fn same_unit(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// What becomes of a last day that is not worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitEnd {
    /// It moves to the next working day.
    Moves,
    /// It stays.
    Stays,
}

/// A stage (阶段).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Who has the next move.
    pub kind: StageKind,
    /// How the matter ended; for closed stages, and for these always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Who has the next move in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// The agency that runs the matter.
    Working,
    /// Somebody else.
    Waiting,
    /// Nobody: it has ended.
    Closed,
}

impl StageKind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Working, Self::Waiting, Self::Closed];
}

macro_rules! finders {
    ($($(#[$doc:meta])* $name:ident in $list:ident: $part:ty;)*) => {
        impl Procedure {$(
            $(#[$doc])*
            pub fn $name(&self, id: &str) -> Option<&$part> {
                self.$list.iter().find(|part| part.id == id)
            }
        )*}
    };
}

finders! {
    /// A role by its id.
    role_of in role: Role;
    /// A fact by its id.
    fact_of in fact: FactDefinition;
    /// A paper by its id.
    paper_of in paper: PaperDefinition;
    /// A chain by its id.
    chain_of in chain: Chain;
    /// A clock by its id.
    clock_of in clock: Clock;
    /// A stage by its id.
    stage_of in stage: Stage;
    /// An act by its id.
    act_of in act: Act;
    /// A counterpart by its id.
    counterpart_of in counterpart: Named;
}

impl Procedure {
    /// The act that makes a matter. Loading has seen to it that there is one.
    pub fn opening(&self) -> Option<&Act> {
        self.act.iter().find(|act| act.kind == ActKind::Open)
    }

    /// Whether a stage is closed; an unknown stage counts as closed, so that nothing can be done in it.
    pub fn is_closed(&self, stage: &str) -> bool {
        self.stage_of(stage)
            .is_none_or(|stage| stage.kind == StageKind::Closed)
    }

    /// Whether an act may be done in a stage. A correction that starts from `*` may be made in closed stages too.
    pub fn allows(&self, act: &Act, stage: &str) -> bool {
        let everywhere = act.from.iter().any(|from| from == EVERY_OPEN);
        let by_star = everywhere && (act.kind == ActKind::Correct || !self.is_closed(stage));
        by_star || act.from.iter().any(|from| from == stage)
    }

    /// The roles in which an act is begun: those of the act, or the first of its chain.
    pub fn beginners<'a>(&'a self, act: &'a Act) -> &'a [String] {
        let chain = act.chain.as_deref().and_then(|chain| self.chain_of(chain));
        chain.map_or(&act.roles[..], |chain| chain.steps.get(..1).unwrap_or_default())
    }
}

/// A date of TOML, or a text in any form that [`parse_day`] reads.
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
