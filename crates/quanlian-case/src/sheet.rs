//! The fact sheet: what was drawn from files and what the officer states, as the law takes it.
//!
//! In:  the case file and the drawn facts.
//! Out: the JSON of `quanlian law assess` (`quanlian-law` alone reads it), and notes.
//!
//! Invariant: what the officer states is passed on as stated; a drawn fact of the same
//! name stands beside it, and the law shows the two if they contradict each other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    case_file::CaseFile,
    facts::{Drawn, Note},
};

/// The offence that is assessed when the case file names none: infringing copyright (侵犯著作权罪).
pub const DEFAULT_OFFENCE: &str = "cn/criminal/217";

/// Builds the fact sheet.
///
/// `case_file_evidence` is the id of the deposited case file: it backs each stated
/// fact that names no evidence of its own. `asked` names the facts that the rules about the
/// offence ask for: how often a secret's file was played says nothing about its loss.
pub fn fact_sheet(
    case: &CaseFile,
    drawn: &Drawn,
    case_file_evidence: Option<&str>,
    asked: &BTreeSet<&str>,
) -> (Map<String, Value>, Vec<Note>) {
    let mut notes = Vec::new();
    let mut sheet = case.sheet.clone();
    sheet.entry("offence").or_insert_with(|| DEFAULT_OFFENCE.into());
    if !sheet.contains_key("conduct")
        && let Some([from, to]) = drawn.published
    {
        sheet.insert("conduct".into(), json!({ "from": from, "to": to }));
        notes.push(note(
            "conduct_from_publication",
            &[("from", from.to_string()), ("to", to.to_string())],
        ));
    } else if let (Some(Value::Object(conduct)), Some([first, _])) = (sheet.get("conduct"), drawn.published)
        && let Some(stated) = conduct.get("from").and_then(Value::as_str)
        && quanlian_record::time::parse_day(stated).is_ok_and(|from| first < from)
    {
        notes.push(note(
            "published_before_conduct",
            &[("first", first.to_string()), ("from", stated.to_owned())],
        ));
    }
    let mut facts = match sheet.remove("facts") {
        Some(Value::Array(stated)) => stated,
        None => Vec::new(),
        // Another shape is the law's to refuse, with its own words.
        Some(other) => {
            sheet.insert("facts".into(), other);
            return (sheet, notes);
        }
    };
    for fact in &mut facts {
        if let (Value::Object(fields), Some(id)) = (fact, case_file_evidence) {
            fields.entry("evidence").or_insert_with(|| json!([id]));
        }
    }
    let says_online = facts
        .iter()
        .any(|f| f.get("name").and_then(Value::as_str) == Some("online"));
    let wanted = drawn
        .facts
        .iter()
        .filter(|fact| asked.contains(fact.name.as_str()));
    facts.extend(wanted.map(crate::facts::DrawnFact::to_sheet_fact));
    if let (Some(evidence), false, true) = (&drawn.online, says_online, asked.contains("online")) {
        facts.push(
            json!({ "name": "online", "value": true, "evidence": evidence, "stated_by": "quanlian-case" }),
        );
    }
    sheet.insert("facts".into(), facts.into());
    (sheet, notes)
}

fn note(code: &str, args: &[(&str, String)]) -> Note {
    let args = args
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    Note {
        code: code.to_owned(),
        args,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quanlian_record::time::parse_day;

    const ASKED: [&str; 2] = ["illegal_gain", "online"];

    fn drawn() -> Drawn {
        let day = |text| parse_day(text).unwrap();
        Drawn {
            published: Some([day("2022-05-01"), day("2023-02-12")]),
            online: Some(vec!["E2".into()]),
            ..Drawn::default()
        }
    }

    #[test]
    fn what_the_case_file_leaves_open_is_taken_from_publication_and_said_so() {
        let (sheet, notes) = fact_sheet(&CaseFile::default(), &drawn(), None, &ASKED.into());
        assert_eq!(
            sheet["conduct"],
            json!({"from": "2022-05-01", "to": "2023-02-12"})
        );
        assert_eq!(sheet["facts"][0]["name"], "online");
        assert_eq!(notes[0].code, "conduct_from_publication");
        assert!(
            !sheet.contains_key("judged_on"),
            "the day of judgment is never made up"
        );
    }

    #[test]
    fn what_the_offence_does_not_ask_for_stays_out() {
        let asked = BTreeSet::from(["loss_to_holder"]);
        let (sheet, _) = fact_sheet(&CaseFile::default(), &drawn(), None, &asked);
        assert_eq!(sheet["facts"], json!([]));
    }

    #[test]
    fn a_stated_fact_without_evidence_rests_on_the_case_file() {
        let case = CaseFile {
            sheet: json!({"conduct": {"from": "2022-06-01"}, "facts": [
                {"name": "illegal_gain", "fen": 1}, {"name": "online", "value": false, "evidence": ["E9"]}]})
            .as_object()
            .cloned()
            .unwrap(),
            ..CaseFile::default()
        };
        let (sheet, notes) = fact_sheet(&case, &drawn(), Some("E7"), &ASKED.into());
        assert_eq!(sheet["facts"][0]["evidence"], json!(["E7"]));
        assert_eq!(
            sheet["facts"].as_array().unwrap().len(),
            2,
            "the stated `online` is not doubled"
        );
        assert_eq!(notes[0].code, "published_before_conduct");
    }
}
