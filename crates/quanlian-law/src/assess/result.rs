//! The answer to a fact sheet: plain data, the same for the terminal, the dossier and programs.
//!
//! Invariant: every text has both languages; every part that rests on a rule names the rule,
//! its version and its citation.

use quanlian_record::time::Day;
use serde::Serialize;

use super::{Governing, Missing, Sensitivity, Transfer, UncertainFact};
use crate::{
    evaluate::Reason,
    facts::Contradiction,
    judgment::Judgment,
    penalty::{BandResult, FineResult},
    rule::{Person, Tier},
    sentence::{Deviation, SentenceFrame},
    text::Text,
};

/// What the facts establish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every line is excluded.
    Below,
    /// No line is established and one could still be reached.
    Undetermined,
    /// The offence itself is established; it asks for no amount (基本犯).
    Base,
    /// The entry tier is established; the upper one where there is a base tier.
    Serious,
    /// The upper tier is established.
    EspeciallySerious,
}

/// The answer to a fact sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// Id of the offence.
    pub offence: String,
    /// Its name.
    pub title: Text,
    /// The outcome of the rule set that governs.
    pub outcome: Outcome,
    /// The highest tier that the facts do not exclude under it.
    pub could_reach: Tier,
    /// The outcome in one sentence.
    pub summary: Text,
    /// What follows for the agency that must decide whether the case goes to the police (移送).
    pub transfer: Transfer,
    /// Whether the outcome would change without the facts that are not certain.
    pub rests_on_uncertain: bool,
    /// Whether the outcome, or the choice between the rule sets, rests on something that nobody
    /// has read in the source. Then a person must read it before relying on this.
    pub rests_on_unverified: bool,
    /// Who acted.
    pub person: Option<Person>,
    /// First day of the conduct.
    pub conduct_from: Option<Day>,
    /// Last day of the conduct.
    pub conduct_to: Option<Day>,
    /// Day of judgment.
    pub judged_on: Day,
    /// The rule sets, each whole; the one at the time of the conduct first.
    pub rule_sets: Vec<RuleSetResult>,
    /// Which of them governs, and why.
    pub governing: Governing,
    /// Facts that could change the outcome; the one that could change it most comes first.
    pub missing: Vec<Missing>,
    /// Lines and rules that nobody has read in the source.
    pub unverified: Vec<Unverified>,
    /// The statutory elements (构成要件), each with its state.
    pub elements: Vec<Reason>,
    /// Facts that were stated with values that cannot all be true.
    pub contradictions: Vec<Contradiction>,
    /// Stated facts that are not certain, those that decide the outcome first.
    pub uncertain: Vec<UncertainFact>,
    /// The judgment as stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judgment: Option<Judgment>,
    /// The judgment beside the frame of the rule set that governs, part by part.
    pub deviations: Vec<Deviation>,
    /// What the outcome would be without each fact, and where it turns; left out on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// What the law or the facts leave open.
    pub open: Vec<OpenPoint>,
    /// SHA-256 of all rule files.
    pub rule_book_version: String,
}

/// The short answer to a fact sheet: what a list of many cases shows of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// Id of the offence.
    pub offence: String,
    /// The outcome of the rule set that governs.
    pub outcome: Outcome,
    /// The highest tier that the facts do not exclude under it.
    pub could_reach: Tier,
    /// The day of the rule set that governs.
    pub as_of: Day,
    /// Whether a person must choose between the rule sets.
    pub choice_required: bool,
    /// Whether the answer rests on something that nobody has read in the source.
    pub rests_on_unverified: bool,
    /// The missing fact that could change the outcome most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_first: Option<String>,
}

/// One rule set, applied whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSetResult {
    /// The day on which these rules are read.
    pub as_of: Day,
    /// What that day is: `conduct`, `judgment`, or `both` when the rules did not change.
    pub at: SetAt,
    /// Whether this set governs.
    pub governs: bool,
    /// What the facts establish under it.
    pub outcome: Outcome,
    /// The highest tier that they do not exclude under it.
    pub could_reach: Tier,
    /// Whether only lines about unsold goods establish the tier: an attempt (犯罪未遂, Criminal Law art. 23).
    pub attempt: bool,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The penalty band of the tier established.
    pub band: Option<BandResult>,
    /// The band of `could_reach`, where that is another tier.
    pub could_reach_band: Option<BandResult>,
    /// The general range of the fine in the tier established.
    pub fine: Option<FineResult>,
    /// What the law leaves to the court in the tier established; none below the entry line.
    pub sentence_frame: Option<SentenceFrame>,
    /// Facts that could change the outcome under this set.
    pub missing: Vec<Missing>,
    /// What of this set nobody has read in the source.
    pub unverified: Vec<Unverified>,
}

/// Which day a rule set is read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAt {
    /// The end of the conduct.
    Conduct,
    /// The judgment.
    Judgment,
    /// The rules are the same on both days.
    Both,
    /// In force only in between (中间法), and lighter than both; shown, never governing.
    Between,
}

/// A line or rule that nobody has read in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unverified {
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: Day,
    /// Id of the line, where it is one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Instrument and article.
    pub citation: Text,
    /// Whether the outcome of the rule set rests on it.
    pub decisive: bool,
}

/// Something that the law or the facts leave open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPoint {
    /// Id of the rule that leaves it open; none when the facts do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The question.
    pub question: Text,
    /// What it could change.
    pub effect: Text,
}

impl From<&Assessment> for Brief {
    fn from(answer: &Assessment) -> Self {
        Self {
            offence: answer.offence.clone(),
            outcome: answer.outcome,
            could_reach: answer.could_reach,
            as_of: answer.governing.as_of,
            choice_required: answer.governing.choice_required,
            rests_on_unverified: answer.rests_on_unverified,
            missing_first: answer.missing.first().map(|missing| missing.fact.clone()),
        }
    }
}
