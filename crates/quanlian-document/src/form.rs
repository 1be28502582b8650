//! Papers of custody: 提取笔录 (record of extraction), 证据固定清单 (list of fixed evidence), 交接单 (hand-over slip).
//!
//! In:  a [`CustodyForm`] that the binary fills from the chain of custody, the system's fonts, and the time.
//! Out: a [`Pdf`] (PDF/A-2a) to be signed by hand, or one that shows how it was signed.
//!
//! Invariant: what is not known is `None` and is printed as a blank with a mark that it is to be filled in by hand; no
//! field has a default that reads like a finding. A paper whose act waits for a signature says so across its head.
//!
//! Not here: whether signatures and chain hold (`quanlian-evidence`); this paper shows what it is told.
//!
//! Fields: 公安机关办理刑事案件电子数据取证规则 asks of the record of extraction for source, cause and purpose, object,
//! time, place, method, process, why the medium was not seized and where it is kept, and of the list for kind, format
//! and integrity value. We know that text from extracts only, so an agency's own form takes precedence.

mod sheet;

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Fonts, Pdf,
    dossier::Language,
    render::{DocumentError, Paper, render_sheet},
    text::Cleaner,
};

/// One paper of custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyForm {
    /// The language of the labels.
    pub language: Language,
    /// Which paper.
    pub kind: FormKind,
    /// Id of the custody line, or of the deposit where the paper is about no act; bound into the PDF's own id.
    pub id: String,
    /// 案件编号.
    pub case_number: Option<String>,
    /// The agency whose paper it is.
    pub agency: Option<String>,
    /// What was taken in, fixed or handed over.
    pub items: Vec<FormItem>,
    /// The act, where the paper is about one that was recorded.
    pub act: Option<FormAct>,
    /// The name of the log in which the items are.
    pub log: Option<String>,
    /// The version of the program.
    pub version: String,
}

/// Which paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormKind {
    /// 提取笔录.
    Extraction,
    /// 证据固定清单.
    Fixation,
    /// 交接单.
    HandOver,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormItem {
    /// 名称.
    pub name: String,
    /// 类别, as the deposit has it.
    pub kind: Option<String>,
    /// 文件格式.
    pub format: Option<String>,
    /// 来源.
    pub source: Option<String>,
    /// 大小.
    pub size_bytes: u64,
    /// 完整性校验值.
    pub sha256: String,
    /// 完整性校验值 by GB/T 32905.
    pub sm3: String,
    /// Id of the deposit.
    pub deposit: String,
    /// When it was deposited.
    pub deposited_at: Timestamp,
    /// The number of its entry in the log.
    pub log_index: u64,
    /// Whether it is sealed now; `None`: nobody recorded a seal or its breaking.
    pub is_sealed: Option<bool>,
}

/// The act that the paper is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormAct {
    /// Whether all have signed and the act is in the log, or it waits.
    pub state: ActState,
    /// When, by the clock of the machine.
    pub at: Timestamp,
    /// How far that clock was off, in words; `None`: not measured.
    pub clock: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// Cause and purpose (事由和目的).
    pub reason: Option<String>,
    /// Why it was done out of order.
    pub irregular: Option<String>,
    /// Program and version.
    pub tool: String,
    /// The machine and its self-check, in words.
    pub machine: Option<String>,
    /// How cleanliness of the machine was looked after (清洁性).
    pub cleanliness: Option<String>,
    /// Photographs, videos, papers: name and SHA-256.
    pub media: Vec<FormMedia>,
    /// Who took part.
    pub parties: Vec<FormParty>,
}

/// Whether an act is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActState {
    /// All parties stand behind it, and it is in the log.
    Done,
    /// Some party is missing: one-sided, waiting.
    Waiting,
}

/// What shows the act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormMedia {
    /// Its name.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormParty {
    /// As whom.
    pub role: FormRole,
    /// The name.
    pub name: Option<String>,
    /// The agency or company.
    pub organisation: Option<String>,
    /// How the party stands behind the act.
    pub signed: SignedState,
    /// The key, the scan, or the reason for not signing.
    pub detail: Option<String>,
}

/// As whom somebody took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormRole {
    /// 提取人、操作人.
    Operator,
    /// 见证人.
    Witness,
    /// 移交人.
    Giver,
    /// 接收人.
    Receiver,
    /// 持有人（提供人）.
    Holder,
}

/// How a party stands behind the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedState {
    /// With a key, and the signature fits.
    Signed,
    /// On paper, which no program can verify.
    OnPaper,
    /// Not, for a reason.
    Unsigned,
    /// Not yet.
    Waiting,
    /// A signature is there and does not fit.
    Wrong,
}

/// A paper of custody as of `at`.
///
/// The same form, time and fonts give the same bytes; what it prints is bounded by [`crate::limits`].
pub fn render_form(form: &CustodyForm, fonts: &Fonts, at: Timestamp) -> Result<Pdf, DocumentError> {
    let data = sheet::sheet(form, Cleaner::new(fonts), at);
    let paper = Paper {
        template: "form.typ",
        word: "form",
        id: &form.id,
    };
    render_sheet(&paper, &data, None, fonts, at)
}
