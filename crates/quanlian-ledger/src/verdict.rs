//! Verdicts on matches (比对复核): a person says of each match that a comparison reported whether it holds.
//!
//! In:  a line of a report of matches, and what somebody says of it.
//! Out: [`VerdictEntry`]: what holds now, and everything that was said before with who and when.
//!
//! Invariants: what was said last holds, and what was said before stays to be seen; a verdict that is taken back is `open` again and no gap
//! in the list.
//!
//! Not here: whether the report and its line are there (the server, which reads files), what facts rest on a match (`quanlian-case`).

use std::{collections::BTreeMap, fmt};

use quanlian_record::id::FileId;
use serde::{Deserialize, Serialize};

use crate::{
    Mark, RefusalCode,
    terms::terms,
    text::{MAX_NAME_BYTES, is_remark_or_nothing},
};

/// No more matches are judged in a matter,
pub const MAX_VERDICTS: usize = 20_000;
/// and none more often.
pub const MAX_OF_ONE: usize = 100;

terms! {
    /// What a person says of a match.
    Verdict {
        /// It holds.
        Confirmed = "confirmed", "确认", "confirmed";
        /// It does not.
        Rejected = "rejected", "排除", "rejected";
        /// Nobody says; what was said before is taken back.
        Open = "open", "待复核", "open";
    }
}

/// A match: the line of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey {
    /// The report: a file of the matter.
    pub report: FileId,
    /// Its line, from 0.
    pub index: u32,
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.report, self.index)
    }
}

/// What is said of a match. Suspect and work stand beside the line, so that the event can be read without the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The report: the id of a file of the matter.
    pub report: FileId,
    /// The line of it, from 0.
    pub index: u32,
    /// The suspect, as the line names it.
    pub suspect: String,
    /// The work, as the line names it.
    pub work: String,
    /// What is said.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Judgement {
    /// Which match it is about.
    pub fn key(&self) -> MatchKey {
        MatchKey {
            report: self.report,
            index: self.index,
        }
    }

    fn faults(&self) -> Vec<RefusalCode> {
        // Names of files come from outside and may hold any sign; they are compared with the report and not shown as words.
        let is_named = [&self.suspect, &self.work]
            .into_iter()
            .all(|name| !name.is_empty() && name.len() <= MAX_NAME_BYTES);
        let is_sound = is_named && is_remark_or_nothing(self.reason.as_ref());
        (!is_sound).then_some(RefusalCode::Text).into_iter().collect()
    }
}

/// Something that was said of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
    /// When and by whom.
    pub mark: Mark,
}

/// A match that somebody judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerdictEntry {
    /// The suspect.
    pub suspect: String,
    /// The work.
    pub work: String,
    /// What holds.
    pub now: Said,
    /// What was said before, oldest first.
    pub before: Vec<Said>,
}

/// Verdicts by match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdicts(pub(crate) BTreeMap<MatchKey, VerdictEntry>);

impl Verdicts {
    pub(crate) fn against(&self, judgement: &Judgement) -> Vec<(RefusalCode, Option<String>)> {
        let key = judgement.key();
        let about = Some(key.to_string());
        let mut against: Vec<_> = judgement.faults().into_iter().map(|code| (code, None)).collect();
        match self.0.get(&key) {
            None if self.0.len() >= MAX_VERDICTS => against.push((RefusalCode::Full, None)),
            None => {}
            Some(entry) => {
                if entry.before.len() + 1 >= MAX_OF_ONE {
                    against.push((RefusalCode::TooMany, about.clone()));
                }
                if (&entry.suspect, &entry.work) != (&judgement.suspect, &judgement.work) {
                    against.push((RefusalCode::MatchUnknown, about));
                }
            }
        }
        against
    }

    pub(crate) fn take(&mut self, judgement: &Judgement, mark: &Mark) {
        let said = Said {
            verdict: judgement.verdict,
            reason: judgement.reason.clone(),
            mark: mark.clone(),
        };
        if let Some(entry) = self.0.get_mut(&judgement.key()) {
            entry.before.push(std::mem::replace(&mut entry.now, said));
            return;
        }
        let entry = VerdictEntry {
            suspect: judgement.suspect.clone(),
            work: judgement.work.clone(),
            now: said,
            before: Vec::new(),
        };
        self.0.insert(judgement.key(), entry);
    }
}
