//! Work that is done later: what somebody asked for in a matter, as the worker finds it in the queue.
//!
//! In:  a request for a comparison, an assessment, a paper or a bundle.
//! Out: [`Assignment`], the payload of a job; its [`Task`] names the kind.
//!
//! Not here: how any of it is done (the worker of the binary), leases and retries (`quanlian-store::jobs`).

use std::collections::BTreeMap;

use quanlian_record::{
    id::{FileId, MatterId},
    time::Timestamp,
};
use quanlian_store::matters::Code;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::permission::Action;

/// What somebody writes into a paper is no longer than this.
pub const MAX_PAPER_BYTES: usize = 20_000;
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
        /// What is stated, as in a case file: offence, person, conduct, `judged_on`, `facts`, `events`, `case`.
        #[serde(default)]
        #[schema(value_type = Object)]
        case: Map<String, Value>,
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
            Self::Paper { paper, .. } if Code::parse(paper).is_err() => Some("name a paper of the procedure"),
            Self::Paper { text, .. } if text.len() > MAX_PAPER_BYTES => {
                Some("a paper says no more than 20,000 bytes")
            }
            Self::Bundle { files } if files.len() > MAX_BUNDLED => Some("a bundle holds at most 1000 files"),
            _ => None,
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
    /// For an assessment: the matches that do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// For a paper: what it prints, as it stood when it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Box<PaperSheet>>,
}

/// Matches that people rejected before an assessment was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The report that they stand in.
    pub report: FileId,
    /// Lines of it, from 0, by who rejected them: `agency/user`.
    pub by: BTreeMap<String, Vec<u32>>,
}

/// What a paper of the procedure prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperSheet {
    /// The paper.
    pub name: TwoTexts,
    /// 办件编号.
    pub number: String,
    /// What the matter is about.
    pub title: String,
    /// The agency that runs it.
    pub agency: TwoTexts,
    /// The procedure.
    pub procedure: TwoTexts,
    /// The stage.
    pub stage: TwoTexts,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Parties that stand in the ledger, each with what they are in the matter.
    #[serde(default)]
    pub parties: Vec<PaperLine>,
    /// Goods of the ledger, where the paper carries their list; nothing where it does not.
    #[serde(default)]
    pub goods: Option<Vec<PaperGoods>>,
    /// Facts on file.
    pub facts: Vec<PaperLine>,
    /// Papers on file, with where each lies.
    pub papers: Vec<PaperLine>,
    /// Clocks that run or ran out.
    pub clocks: Vec<PaperLine>,
    /// What the procedure rests on.
    pub sources: Vec<PaperSource>,
    /// Who signs.
    pub signs: Vec<TwoTexts>,
}

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoTexts {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl TwoTexts {
    /// Both sides.
    pub fn of(zh: &str, en: &str) -> Self {
        Self {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    /// One that is the same in both.
    pub fn same(text: &str) -> Self {
        Self::of(text, text)
    }
}

/// Something with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperLine {
    /// What it is.
    pub name: TwoTexts,
    /// What it says, or where it lies.
    pub value: TwoTexts,
}

/// A lot of goods on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperGoods {
    /// Its id: `G1.1`.
    pub id: String,
    /// What it is: name, brand, model.
    pub name: TwoTexts,
    /// How many of which unit.
    pub quantity: String,
    /// Worth of all of it with the basis of the price; nothing where no price is known.
    pub value: TwoTexts,
    /// How and where it was taken, from whom, by which decision.
    pub taken: TwoTexts,
    /// Where it is and who holds it.
    pub held: TwoTexts,
}

/// A source of law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperSource {
    /// Instrument and article.
    pub cite: TwoTexts,
    /// Whether somebody read it.
    pub is_read: bool,
}
