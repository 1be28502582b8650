//! The appendix of an expert opinion (鉴定意见附件): what was compared, how, how well the method is known to do, what was found.
//!
//! In:  an [`Appendix`] that the binary fills from a comparison, the system's fonts, and the time.
//! Out: a [`Pdf`] (PDF/A-2a) for the annex of an opinion, with lines for the appraisers to sign.
//!
//! Invariants: it lists what was filtered out and what nobody has judged as plainly as what was found; a figure without a
//! source is not printed; what there is no room for is counted, and stands in the result file, whose digest is printed.
//!
//! Not here: excerpts side by side (the HTML report), what any figure means in law.

mod sheet;

use quanlian_record::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Fonts, Pdf,
    dossier::{Language, Text},
    render::{DocumentError, Paper, render_sheet},
    text::Cleaner,
};

/// Files of one side that are printed with their digests.
pub const MAX_INPUTS: usize = 2_000;

/// The appendix of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appendix {
    /// The language of the labels.
    pub language: Language,
    /// SHA-256 of the result in JSON, in which all of it stands.
    pub result_sha256: String,
    /// 案件编号.
    pub case_number: Option<String>,
    /// The body whose opinion it belongs to.
    pub agency: Option<String>,
    /// The works, as they were named.
    pub works: String,
    /// The suspects, as they were named.
    pub suspects: String,
    /// What everybody has, as it was named.
    pub background: Vec<String>,
    /// How it was compared: thresholds and choices, one a line.
    pub parameters: Vec<Text>,
    /// What the scores are judged by.
    pub models: Vec<Text>,
    /// How well the method is known to do.
    pub error_rates: Vec<ErrorRate>,
    /// What was found, best first.
    pub matches: Vec<Found>,
    /// Trade-secret points that are touched; `None` where no register was named.
    pub points: Option<Vec<TouchedPoint>>,
    /// What nobody has judged.
    pub to_judge: Vec<Text>,
    /// Files of the works.
    pub works_read: Vec<Input>,
    /// Files of the suspects.
    pub suspects_read: Vec<Input>,
    /// Files that were not compared, or only with a remark.
    pub remarks: Vec<Remark>,
    /// The version of the program.
    pub version: String,
}

/// How the method did on known copies and non-members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    /// Medium and kind of change.
    pub what: Text,
    /// Known copies that were searched for.
    pub copies: u64,
    /// Of these found at the default threshold.
    pub found: u64,
    /// Files that copy nothing.
    pub non_members: u64,
    /// Of these told as copies at the default threshold.
    pub false_positives: u64,
    /// On which day.
    pub measured_on: String,
    /// Where that is written down.
    pub source: String,
}

/// One match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The suspect file.
    pub suspect: String,
    /// The work.
    pub work: String,
    /// The medium of both.
    pub medium: Text,
    /// Bits of evidence.
    pub score_bits: f64,
    /// Matches this good expected by chance, as people read it.
    pub expected: String,
    /// Share of the matched stretch that agrees.
    pub identity: f64,
    /// What ranges count.
    pub unit: Text,
    /// Inside matches, of the suspect and of the work; `None` for areas.
    pub covered: Option<[u64; 2]>,
    /// Where: in the suspect, in the work.
    pub segments: Vec<[String; 2]>,
    /// What both share and what did not count: where in the suspect, and why.
    pub filtered: Vec<(String, Text)>,
}

/// A trade-secret point that is touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TouchedPoint {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// By which suspect file.
    pub suspect: String,
    /// How much of it.
    pub share: Text,
}

/// A file that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// What was odd about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The file.
    pub subject: String,
    /// What.
    pub text: Text,
}

/// The appendix as of `at`.
///
/// The same appendix, time and fonts give the same bytes; what it prints is bounded by [`crate::limits`] and [`MAX_INPUTS`].
pub fn render_appendix(appendix: &Appendix, fonts: &Fonts, at: Timestamp) -> Result<Pdf, DocumentError> {
    let data = sheet::sheet(appendix, Cleaner::new(fonts), at);
    let paper = Paper {
        template: "appendix.typ",
        word: "appendix",
        id: &appendix.result_sha256,
    };
    render_sheet(&paper, &data, None, fonts, at)
}
