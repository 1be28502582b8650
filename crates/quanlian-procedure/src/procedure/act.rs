//! An act of a procedure: who may do it, what it asks for, what it brings about.
//!
//! In:  `[[act]]` of a procedure file.
//! Out: [`Act`] and its parts.
//!
//! Invariant: as for the whole procedure: every name points at something that is there.

use quanlian_law::Text;
use serde::{Deserialize, Serialize};

/// What an act does beside moving the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Makes the matter; each procedure has exactly one.
    Open,
    /// Goes on to a stage, or stays where it is.
    #[default]
    Step,
    /// Stands still (中止).
    Suspend,
    /// Goes on after standing still (恢复).
    Resume,
    /// Back to an earlier stage (退回).
    Return,
    /// To another agency (转办).
    Transfer,
    /// Takes another agency in (会办).
    Join,
    /// Lets a joint agency out.
    Leave,
    /// Takes another matter in, as a joint operation (集群战役) does.
    AddMember,
    /// Lets a member matter out.
    RemoveMember,
    /// Takes the matter back (撤回).
    Withdraw,
    /// Opens a closed matter again, with its history.
    Reopen,
    /// Supersedes an earlier event; nothing is deleted.
    Correct,
    /// Makes a running clock longer (延长).
    Extend,
    /// Moves the matter to another version of its procedure.
    Upgrade,
}

impl ActKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Open,
        Self::Step,
        Self::Suspend,
        Self::Resume,
        Self::Return,
        Self::Transfer,
        Self::Join,
        Self::Leave,
        Self::AddMember,
        Self::RemoveMember,
        Self::Withdraw,
        Self::Reopen,
        Self::Correct,
        Self::Extend,
        Self::Upgrade,
    ];
}

impl ActKind {
    /// Whether a reason is always asked for.
    pub(crate) fn needs_reason(self) -> bool {
        !matches!(
            self,
            Self::Open | Self::Step | Self::Resume | Self::Join | Self::AddMember
        )
    }

    /// Whether it may be done in a closed matter.
    pub(crate) fn in_closed(self) -> bool {
        matches!(self, Self::Reopen | Self::Correct)
    }

    /// Whether it may be done while the matter stands still.
    pub(crate) fn in_suspended(self) -> bool {
        matches!(self, Self::Resume | Self::Correct | Self::Withdraw)
    }
}

/// An act (办理动作): what somebody may do in a stage, and what it brings about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What it does.
    #[serde(default)]
    pub kind: ActKind,
    /// The stages in which it may be done; `*` for every stage that is not closed.
    #[serde(default)]
    pub from: Vec<String>,
    /// The stage that it leads to; without it the stage stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Roles, any one of which may do it; or else a chain.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The chain of approval that it goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The role of other persons who must be present, with how many (两人以上办理).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
    /// Facts that must be on file, all of them.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Facts of which one at least must be on file.
    #[serde(default)]
    pub one_of: Vec<String>,
    /// Papers that must be on file.
    #[serde(default)]
    pub papers: Vec<String>,
    /// The rule of `law/` that lists the papers which must be on file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub papers_of_rule: Option<String>,
    /// Papers that it makes.
    #[serde(default)]
    pub makes: Vec<String>,
    /// Whether a reason must be given.
    #[serde(default)]
    pub reason: bool,
    /// Counterparts that must be known, now or from before.
    #[serde(default)]
    pub counterparts: Vec<String>,
    /// For [`ActKind::Transfer`]: the counterpart that changes; without it the agency that runs the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// For [`ActKind::Return`]: the stages that it may lead to; without it every earlier open stage.
    #[serde(default)]
    pub to_any: Vec<String>,
    /// Clocks that begin.
    #[serde(default)]
    pub starts: Vec<Tick>,
    /// Clocks that end.
    #[serde(default)]
    pub stops: Vec<Tick>,
    /// Clocks that no longer matter; they lapse.
    #[serde(default)]
    pub drops: Vec<String>,
    /// Clocks that must have run out: nobody appealed, nobody asked for a hearing. They lapse with the act.
    #[serde(default)]
    pub after: Vec<String>,
    /// For [`ActKind::Suspend`]: the clocks that stand still; without it all that can.
    #[serde(default)]
    pub suspends: Vec<String>,
    /// Who is told.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Procedures of which a matter may follow.
    #[serde(default)]
    pub opens: Vec<String>,
}

/// Other persons who must be present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Together {
    /// In which role.
    pub role: String,
    /// How many, beside the one who acts.
    pub others: u32,
}

/// A fact that must be on file, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The fact.
    pub fact: String,
    /// What a flag must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<bool>,
    /// What a count or an amount must reach. Thresholds of the law do not belong here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
}

/// A clock that begins or ends with an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// The clock.
    pub clock: String,
    /// The fact that says the day; without it the moment of the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}

/// A notice that goes out with an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The role or the counterpart that is told.
    pub to: String,
    /// Key of the template.
    pub template: String,
    /// Whether somebody from outside who is told is also told the reason of the act.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason: bool,
    /// The papers of the act that somebody from outside who is told may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<String>,
}
