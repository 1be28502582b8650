//! The actual judgment, where there is one: what the court gave.
//!
//! In:  the field `judgment` of a fact sheet.
//! Out: [`Judgment`], checked for numbers that no judgment can have.
//!
//! Invariant: a judgment never changes which line is met; it is only laid beside the frame.
//!
//! Not here: the comparison (`sentence`).

use quanlian_record::time::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Conduct, MAX_EVIDENCE_PER_STATEMENT, MAX_FEN, MAX_TEXT_BYTES, SheetError},
    rule::{Tier, toml_day},
    schema::Date,
    sentence::MAX_SENTENCE_MONTHS,
};

/// What a court gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judgment {
    /// Fixed-term imprisonment (有期徒刑), in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<i64>,
    /// Criminal detention (拘役), in months. A judgment has one of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detention_months: Option<i64>,
    /// Probation period (缓刑考验期), in months, where the sentence is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probation_months: Option<i64>,
    /// Fine (罚金), in fen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine_fen: Option<i64>,
    /// The tier that the court found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_for_tier: Option<Tier>,
    /// Day of the judgment. Where the sheet has no `judged_on`, the rules are read on this day.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "toml_day::optional")]
    #[schemars(with = "Option<Date>")]
    pub decided_on: Option<Day>,
    /// The court.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub court: Option<String>,
    /// Ids of the evidence, such as the judgment itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Judgment {
    /// Refuses numbers and days that no judgment can have. A sentence outside its frame is none of these.
    pub(crate) fn check(&self, conduct: Conduct) -> Result<(), SheetError> {
        let months = [
            ("months", self.months),
            ("detention_months", self.detention_months),
            ("probation_months", self.probation_months),
        ];
        for (name, given) in months {
            // Zero is no sentence: a judgment without imprisonment leaves the field out.
            if let Some(amount) = given.filter(|months| !(1..=MAX_SENTENCE_MONTHS).contains(months)) {
                return Err(SheetError::Judgment {
                    field: format!("judgment.{name}"),
                    problem: format!(
                        "{amount} months is not possible; write 1 to {MAX_SENTENCE_MONTHS}, or leave it out"
                    ),
                });
            }
        }
        if let Some(amount) = self.fine_fen.filter(|fen| !(0..=MAX_FEN).contains(fen)) {
            return Err(SheetError::Absurd {
                field: "judgment.fine_fen".into(),
                amount,
                limit: MAX_FEN,
            });
        }
        let refuse = |field: &str, problem: &str| {
            Err(SheetError::Judgment {
                field: format!("judgment.{field}"),
                problem: problem.into(),
            })
        };
        if self.months.is_some() && self.detention_months.is_some() {
            return refuse(
                "detention_months",
                "one crime has imprisonment or detention, not both; keep one",
            );
        }
        if self.judged_for_tier == Some(Tier::Below) {
            return refuse(
                "judged_for_tier",
                "`below` is no tier; write serious or especially_serious",
            );
        }
        if let (Some(decided_on), Some(ended_on)) = (self.decided_on, conduct.to.or(conduct.from))
            && decided_on < ended_on
        {
            return Err(SheetError::Judgment {
                field: "judgment.decided_on".into(),
                problem: format!("{decided_on} is before the conduct on {ended_on}; correct one of them"),
            });
        }
        if self.evidence.len() > MAX_EVIDENCE_PER_STATEMENT {
            return Err(SheetError::TooMany {
                field: "judgment.evidence".into(),
                limit: MAX_EVIDENCE_PER_STATEMENT,
                way_out: "name the bundle that holds them",
            });
        }
        if self
            .court
            .iter()
            .chain(&self.evidence)
            .any(|text| text.len() > MAX_TEXT_BYTES)
        {
            return Err(SheetError::TooMany {
                field: "judgment (bytes of one text)".into(),
                limit: MAX_TEXT_BYTES,
                way_out: "shorten the text",
            });
        }
        Ok(())
    }
}
