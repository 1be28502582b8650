//! Steps: what can be done with a ledger, and the event that keeps them.

use std::{fmt, str::FromStr};

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    goods::{Goods, Movement},
    party::Party,
    task::{End, Task},
    verdict::Judgement,
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $letter:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Its number, from 1.
            pub fn number(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $letter, self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let number = text.strip_prefix($letter).and_then(|number| number.parse().ok());
                let id = number.map(Self).filter(|id| id.0 > 0 && id.to_string() == text);
                id.ok_or_else(|| format!("an id of this kind is {} and a number, as on the list", $letter))
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    )*};
}

ids! {
    /// A party: `P1`, `P2`, … as on papers.
    PartyId = "P";
    /// Goods of one kind, from one place: `G1`, ….
    GoodsId = "G";
    /// A task: `T1`, ….
    TaskId = "T";
}

/// Something that is done with a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "fields are the things that the step is about")]
pub enum Step {
    /// Enters somebody who takes part; gets the next id.
    AddParty { party: Party },
    /// Sets right what is known of a party.
    CorrectParty { id: PartyId, party: Party, why: String },
    /// Takes a party off the list, which stays to be seen.
    WithdrawParty { id: PartyId, why: String },
    /// Enters goods; gets the next id. They are one lot, with whoever took them.
    AddGoods { goods: Box<Goods> },
    /// Sets right what is known of goods. Their quantity only before they were moved.
    CorrectGoods {
        id: GoodsId,
        goods: Box<Goods>,
        why: String,
    },
    /// Takes goods off the list that were never there; only before they were moved.
    WithdrawGoods { id: GoodsId, why: String },
    /// Moves goods of one lot, or a part of it, which is then a lot of its own.
    MoveGoods {
        id: GoodsId,
        /// The number of the lot, from 1.
        lot: u32,
        movement: Movement,
    },
    /// Enters a task; gets the next id.
    AddTask { task: Task },
    /// Changes what is to be done, by whom or by when.
    ChangeTask { id: TaskId, task: Task },
    /// Ends a task.
    EndTask {
        id: TaskId,
        how: End,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Takes up a task again that was ended.
    ReopenTask { id: TaskId, why: String },
    /// Says of a match whether it holds; a later one of the same match replaces it.
    JudgeMatch(Judgement),
}

/// When a step was taken, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Who: `agency/user`.
    pub by: String,
}

/// Why something stands on the list no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withdrawal {
    /// When and by whom.
    pub mark: Mark,
    /// The reason.
    pub why: String,
}

/// Version of [`Event`].
pub(crate) const EVENT_VERSION: u32 = 1;

/// Steps taken at once, as the matter keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Version of the event, 1; the field by which an event of the ledger is known.
    pub ledger: u32,
    /// When and by whom.
    pub mark: Mark,
    /// In their order.
    pub steps: Vec<Step>,
}
