//! Papers (文书) that a procedure asks for: a draft with what is on file, to be completed, signed and sealed by people.
//!
//! In:  a [`Draft`] that the platform fills from a matter, the system's fonts, and the time.
//! Out: a [`Pdf`] (PDF/A-2a).
//!
//! Invariants: the paper says that it is a draft; what the matter does not hold is a blank with a mark and never a guess; each fact
//! and paper stands with where it lies; a source that nobody read is marked.
//!
//! Not here: which paper an act needs (`quanlian-procedure`). An agency's own form takes precedence.

mod sheet;

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Fonts, Pdf,
    dossier::{Language, Text},
    render::{DocumentError, Paper, render_sheet},
    text::Cleaner,
};

/// A paper of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The language of the paper.
    pub language: Language,
    /// Id of the job that makes it; bound into the PDF's own id.
    pub id: String,
    /// What paper it is: 行政处罚告知书.
    pub name: Text,
    /// 办件编号.
    pub number: String,
    /// What the matter is about.
    pub title: String,
    /// The agency that runs it.
    pub agency: Text,
    /// The procedure.
    pub procedure: Text,
    /// The stage in which the paper was made.
    pub stage: Text,
    /// When the matter was opened.
    pub opened_at: Timestamp,
    /// What the paper says, in paragraphs; nothing leaves a blank.
    pub text: String,
    /// Who takes part, each with what they are in the matter.
    pub parties: Vec<DraftLine>,
    /// Goods, where the paper carries their list; nothing where it does not.
    pub goods: Option<Vec<DraftGoods>>,
    /// Facts on file.
    pub facts: Vec<DraftLine>,
    /// Papers on file, with where each lies.
    pub papers: Vec<DraftLine>,
    /// Clocks of the matter that run or ran out.
    pub clocks: Vec<DraftLine>,
    /// What the procedure rests on.
    pub sources: Vec<DraftSource>,
    /// Who signs.
    pub signs: Vec<Text>,
    /// The version of the program.
    pub version: String,
}

/// Something with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// What it is.
    pub name: Text,
    /// What it says, or where it lies.
    pub value: Text,
}

/// A lot of goods (涉案物品).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftGoods {
    /// Its id on the list.
    pub id: String,
    /// What it is.
    pub name: Text,
    /// How many of which unit.
    pub quantity: String,
    /// What it is worth, and on which basis.
    pub value: Text,
    /// How, when and where it was taken.
    pub taken: Text,
    /// Where it is and who holds it.
    pub held: Text,
}

/// A source of law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftSource {
    /// Instrument and article.
    pub cite: Text,
    /// Whether somebody read it.
    pub is_read: bool,
}

/// The paper as of `at`. The same draft, time and fonts give the same bytes.
pub fn render_draft(draft: &Draft, fonts: &Fonts, at: Timestamp) -> Result<Pdf, DocumentError> {
    let data = sheet::sheet(draft, Cleaner::new(fonts), at);
    let paper = Paper {
        template: "draft.typ",
        word: "draft",
        id: &draft.id,
    };
    render_sheet(&paper, &data, None, fonts, at)
}
