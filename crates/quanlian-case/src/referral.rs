//! Referral (移送): the papers that the transfer rules ask for, and which are still missing.
//!
//! In:  what the run made and what the officer says exists already.
//! Out: the list of [`Paper`]s with their state.
//!
//! Source of the list: 行政执法机关移送涉嫌犯罪案件的规定（国务院令第310号，2020年修订）第六条.
//!
//! Not here: the clocks (`quanlian-law`), the printing (`quanlian-document`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How far a paper of the dossier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// It exists: made elsewhere and named by the officer.
    Present,
    /// This run drafted it; a person has to complete and sign it.
    Drafted,
    /// It is not there yet.
    Missing,
}

/// One paper of the dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Key of the paper and of its name in the message files.
    pub key: String,
    /// How far it is.
    pub state: PaperState,
    /// Where it is, or what remains to be done; a file name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// The papers in the order of the article, the fifth being whatever else belongs to the case.
pub const PAPER_KEYS: [&str; 5] = [
    "transfer_letter",
    "investigation_report",
    "item_list",
    "expert_report",
    "other_material",
];

/// The state of each paper: what the officer names is present, what `drafted` names was drafted by this run.
pub fn papers(present: &BTreeMap<String, String>, drafted: &BTreeMap<&str, String>) -> Vec<Paper> {
    PAPER_KEYS
        .into_iter()
        .map(|key| {
            let (state, place) = match (present.get(key), drafted.get(key)) {
                (Some(place), _) => (PaperState::Present, Some(place.clone())),
                (None, Some(place)) => (PaperState::Drafted, Some(place.clone())),
                (None, None) => (PaperState::Missing, None),
            };
            Paper {
                key: key.to_owned(),
                state,
                place,
            }
        })
        .collect()
}

/// Names of papers that the officer gave and that the list does not know.
pub fn unknown_papers(present: &BTreeMap<String, String>) -> Vec<&str> {
    present
        .keys()
        .map(String::as_str)
        .filter(|key| !PAPER_KEYS.contains(key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{
        PaperState::{Drafted, Missing, Present},
        *,
    };

    #[test]
    fn what_nobody_made_is_missing() {
        let present = BTreeMap::from([
            ("expert_report".to_owned(), "鉴字1号".to_owned()),
            ("poem".into(), "x".into()),
        ]);
        let drafted = BTreeMap::from([("transfer_letter", "dossier.pdf".to_owned())]);
        let states: Vec<PaperState> = papers(&present, &drafted).iter().map(|p| p.state).collect();
        assert_eq!(states, [Drafted, Missing, Missing, Present, Missing]);
        assert_eq!(unknown_papers(&present), ["poem"]);
    }
}
