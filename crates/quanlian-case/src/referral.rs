//! Referral (移送): the papers that the transfer rules ask for, and the latest days of each step.
//!
//! In:  the rule book, what the run made, what the officer says exists or happened.
//! Out: the list of [`Paper`]s with their state, and a [`Projection`] of the clocks.
//!
//! Invariant: which papers are asked for, and how long a step may take, stands in the
//! rules of law; a day that nobody stated is marked as assumed.
//!
//! Not here: how a period is counted (`quanlian-law`), the printing (`quanlian-document`).

use std::collections::{BTreeMap, BTreeSet};

use quanlian_law::{ClockError, ClockResult, Events, Moment, RuleBook, Text};
use quanlian_record::time::Day;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// Its key in the rule of law.
    pub key: String,
    /// Its name.
    pub title: Text,
    /// Instrument and article that ask for it.
    pub citation: Text,
    /// How far it is.
    pub state: PaperState,
    /// Where it is, or what remains to be done; a file name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// The state of each paper that the transfer rules of that day ask for.
///
/// What the officer names is present, what `drafted` names was drafted by this run. Empty
/// when no transfer rules are known for that day.
pub fn papers(
    book: &RuleBook,
    on: Day,
    present: &BTreeMap<String, String>,
    drafted: &BTreeMap<&str, String>,
) -> Vec<Paper> {
    let Some((rule, asked)) = book.transfer_papers(on) else {
        return Vec::new();
    };
    let state_of = |key: &str| match (present.get(key), drafted.get(key)) {
        (Some(place), _) => (PaperState::Present, Some(place.clone())),
        (None, Some(place)) => (PaperState::Drafted, Some(place.clone())),
        (None, None) => (PaperState::Missing, None),
    };
    let paper = |asked: &quanlian_law::rule::Paper| {
        let (state, place) = state_of(&asked.id);
        Paper {
            key: asked.id.clone(),
            title: asked.title.clone(),
            citation: rule.source.cite.clone(),
            state,
            place,
        }
    };
    asked.iter().map(paper).collect()
}

/// Names of papers that the officer gave and that no rule asks for.
pub fn unknown_papers<'a>(papers: &[Paper], present: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let known: BTreeSet<&str> = papers.iter().map(|paper| paper.key.as_str()).collect();
    present
        .keys()
        .map(String::as_str)
        .filter(|key| !known.contains(key))
        .collect()
}

/// The steps of a transfer that succeeds, in the names of the rules' events.
const PATH: [&str; 5] = [
    "report_received_on",
    "approved_at",
    "transferred_at",
    "police_accepted_at",
    "filed_on",
];

/// The clocks, were each step to take the whole of its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// Events that nobody stated, with the day that was assumed for each.
    pub assumed: Events,
    /// The clocks under these assumptions.
    pub clocks: Vec<ClockResult>,
}

/// Follows the path of a transfer from the events that are known, each further step on its last day.
///
/// When the report has reached nobody yet, `today` is assumed for it.
pub fn project(book: &RuleBook, events: &Events, today: Day) -> Result<Projection, ClockError> {
    let mut known = events.clone();
    let mut assumed = Events::new();
    let mut assume = |known: &mut Events, name: &str, moment: Moment| {
        if !known.contains_key(name) {
            known.insert(name.to_owned(), moment);
            assumed.insert(name.to_owned(), moment);
        }
    };
    if !PATH.iter().any(|step| known.contains_key(*step)) {
        assume(&mut known, PATH[0], Moment::Day(today));
    }
    // Each round can only reach the next step, so the path's length bounds the rounds.
    for _ in PATH {
        for clock in book.timeline(&known)? {
            let due = clock.due_at.map(Moment::At).or(clock.due_on.map(Moment::Day));
            let step = clock.ends.iter().find(|event| PATH.contains(&event.as_str()));
            if let (Some(due), Some(step), true) = (due, step, clock.ended.is_none()) {
                assume(&mut known, step, due);
            }
        }
        // The police take the case over when it is handed to them.
        if let Some(handed_over) = known.get("transferred_at").copied() {
            assume(&mut known, "police_accepted_at", handed_over);
        }
    }
    // The last step is where the path ends; it is not assumed to have happened.
    if assumed.remove(PATH[4]).is_some() {
        known.remove(PATH[4]);
    }
    Ok(Projection {
        clocks: book.timeline(&known)?,
        assumed,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        PaperState::{Drafted, Missing, Present},
        *,
    };

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn what_nobody_made_is_missing() {
        let book = RuleBook::embedded().unwrap();
        let present = BTreeMap::from([
            ("expert_report".to_owned(), "鉴字1号".to_owned()),
            ("poem".into(), "x".into()),
        ]);
        let drafted = BTreeMap::from([("transfer_letter", "dossier.pdf".to_owned())]);
        let papers = papers(&book, day("2024-12-20"), &present, &drafted);
        let states: Vec<PaperState> = papers.iter().map(|p| p.state).collect();
        assert_eq!(states, [Drafted, Missing, Missing, Present, Missing]);
        assert_eq!(unknown_papers(&papers, &present), ["poem"]);
    }

    #[test]
    fn a_transfer_that_uses_all_its_time_ends_on_the_days_of_the_rules() {
        // 国务院令第310号: three days to decide, 24 hours to hand over, three days for the police.
        let book = RuleBook::embedded().unwrap();
        let events = Events::from([("report_received_on".to_owned(), Moment::Day(day("2023-05-08")))]);
        let projection = project(&book, &events, day("2026-11-22")).unwrap();
        let assumed: Vec<(&str, String)> = projection
            .assumed
            .iter()
            .map(|(name, moment)| (name.as_str(), moment.day().to_string()))
            .collect();
        assert_eq!(
            assumed,
            [
                ("approved_at", "2023-05-11".to_owned()),
                ("police_accepted_at", "2023-05-12".to_owned()),
                ("transferred_at", "2023-05-12".to_owned()),
            ]
        );
        let filing = projection
            .clocks
            .iter()
            .find(|c| c.ends.iter().any(|e| e == "filed_on") && c.due_on.is_some());
        assert_eq!(filing.unwrap().due_on.unwrap().to_string(), "2023-05-15");
    }

    #[test]
    fn without_any_event_today_is_assumed_and_marked() {
        let book = RuleBook::embedded().unwrap();
        let projection = project(&book, &Events::new(), day("2024-01-02")).unwrap();
        assert_eq!(
            projection.assumed["report_received_on"].day().to_string(),
            "2024-01-02"
        );
    }
}
