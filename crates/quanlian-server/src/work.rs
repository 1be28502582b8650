//! Work that is done later: what somebody asked for in a matter, as the worker finds it in the queue.
//!
//! In:  a request for a comparison, an assessment, a paper or a bundle.
//! Out: [`Assignment`], the payload of a job; its [`Task`] names the kind.
//!
//! Not here: how any of it is done (the worker of the binary), leases and retries (`quanlian-store::jobs`).

use std::collections::BTreeMap;

use quanlian_law::Moment;
use quanlian_record::id::MatterId;
use quanlian_store::matters::Code;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::permission::Action;

/// Facts stated for one assessment are no more than this.
pub const MAX_STATED: usize = 200;
/// A bundle holds no more files than this.
pub const MAX_BUNDLED: usize = 1000;

/// What is to be done with a matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Compares its files of kind `suspect` with those of kind `work`, and draws facts from side files.
    Match {},
    /// Assesses the facts that the last comparison drew and those that are stated.
    Assess {
        /// Facts by the names of the rule book, as in a case file; they add to what was drawn.
        #[serde(default)]
        #[schema(value_type = Object)]
        facts: BTreeMap<String, Value>,
        /// Events of the transfer by the names of the rule book, for its clocks.
        #[serde(default)]
        #[schema(value_type = Object)]
        events: BTreeMap<String, Moment>,
    },
    /// Prints a paper of its procedure as it stands.
    Paper {
        /// The paper, by its name in the procedure.
        paper: String,
        /// What it says, beside what is on file: findings, reasons, the decision.
        #[serde(default)]
        text: String,
    },
    /// Puts files with their proofs into one bundle that verifies without this program.
    Bundle {
        /// Which files; all that count when there are none.
        #[serde(default)]
        files: Vec<String>,
    },
}

impl Task {
    /// Every kind, as jobs are named.
    pub const KINDS: [&str; 4] = ["match", "assess", "paper", "bundle"];

    /// Its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Match {} => Self::KINDS[0],
            Self::Assess { .. } => Self::KINDS[1],
            Self::Paper { .. } => Self::KINDS[2],
            Self::Bundle { .. } => Self::KINDS[3],
        }
    }

    /// What somebody must be allowed to do who asks for it.
    pub fn action(&self) -> Action {
        match self {
            Self::Match {} | Self::Assess { .. } | Self::Paper { .. } => Action::Write,
            Self::Bundle { .. } => Action::Export,
        }
    }

    /// What is wrong with it, for who sent it.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Match {} => None,
            Self::Assess { facts, events } if facts.len() > MAX_STATED || events.len() > MAX_STATED => {
                Some("state no more than 200 facts and 200 events")
            }
            Self::Assess { .. } => None,
            Self::Paper { paper, .. } if Code::parse(paper).is_err() => Some("name a paper of the procedure"),
            Self::Paper { text, .. } if text.len() > 20_000 => Some("a paper says no more than 20,000 bytes"),
            Self::Paper { .. } => None,
            Self::Bundle { files } if files.len() > MAX_BUNDLED => Some("a bundle holds at most 1000 files"),
            Self::Bundle { .. } => None,
        }
    }
}

/// The payload of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The matter.
    pub matter: MatterId,
    /// Who asked for it: `agency/user`.
    pub by: Code,
    /// What.
    pub task: Task,
}
