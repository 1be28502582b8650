//! Assessing what a matter holds: the facts that the last comparison drew, and what is stated.
//!
//! In:  `facts.json` of the matter, a case file as JSON.
//! Out: `assessment.json` and the case file as files of the matter, and a summary.
//!
//! Not here: what the law says (`quanlian-law`), how facts and statements meet (`quanlian-case::sheet`).

use std::collections::BTreeSet;

use anyhow::Context;
use quanlian_case::{
    case_file::CaseFile,
    facts::Drawn,
    referral,
    sheet::{self, DEFAULT_OFFENCE},
};
use quanlian_law::{Events, FactSheet, RuleBook};
use quanlian_record::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Refusal,
    comparing::{FACTS, FactsFile},
    desk::Desk,
};

/// The largest file of facts that is read.
const MAX_FACTS_BYTES: usize = 16 << 20;

/// Assesses.
pub(super) async fn run(desk: &Desk, stated: &Map<String, Value>) -> anyhow::Result<Result<Value, Refusal>> {
    let book = RuleBook::embedded()?;
    let today = Timestamp::now().legal_day();
    let bytes = serde_json::to_vec_pretty(stated)?;
    let path = desk.folder().join("case.json");
    tokio::fs::write(&path, &bytes).await?;
    let refused = |error: &dyn std::error::Error| Refusal::of("case_invalid", &whole(error));
    let case = match CaseFile::read(&path) {
        Ok(case) => case,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let drawn_file = desk
        .files()
        .await?
        .into_iter()
        .rfind(|file| file.kind.as_str() == "report" && file.name == FACTS && file.job.is_some());
    let drawn = match drawn_file {
        Some(file) => {
            let laid = desk.lay_out("facts", vec![file]).await?;
            let bytes = tokio::fs::read(&laid[0].found.path).await?;
            anyhow::ensure!(
                bytes.len() <= MAX_FACTS_BYTES,
                "the facts of the matter are too large"
            );
            let file: FactsFile =
                serde_json::from_slice(&bytes).context("the facts of the matter cannot be read")?;
            file.facts
        }
        None => Drawn::default(),
    };
    let offence = case
        .sheet
        .get("offence")
        .and_then(Value::as_str)
        .unwrap_or(DEFAULT_OFFENCE);
    let asked: BTreeSet<&str> = book
        .facts_of(offence, None)
        .into_iter()
        .map(|fact| fact.name.as_str())
        .collect();
    let case_file = desk.put(&path, "report", "case.json", None).await?;
    let id = case_file.id.to_string();
    let (sheet, notes) = sheet::fact_sheet(&case, &drawn, Some(&id), &asked);
    let sheet = match FactSheet::from_json(&serde_json::to_string(&sheet)?) {
        Ok(sheet) => sheet,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let assessment = match book.assess(&sheet, today) {
        Ok(assessment) => assessment,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let mut events = Events::new();
    for (name, text) in &case.events {
        match text.parse() {
            Ok(moment) => {
                events.insert(name.clone(), moment);
            }
            Err(error) => {
                return Ok(Err(Refusal::of(
                    "case_invalid",
                    &format!("events.{name}: {error}"),
                )));
            }
        }
    }
    let clocks = match book.timeline(&events) {
        Ok(clocks) => clocks,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let projection = match referral::project(&book, &events, today) {
        Ok(projection) => projection,
        Err(error) => return Ok(Err(refused(&error))),
    };
    let document = json!({
        "assessment": assessment,
        "sheet": sheet,
        "notes": notes,
        "clocks": clocks,
        "projection": projection,
    });
    let file = desk
        .put_bytes(
            &serde_json::to_vec_pretty(&document)?,
            "report",
            "assessment.json",
        )
        .await?;
    Ok(Ok(json!({
        "offence": assessment.offence,
        "outcome": assessment.outcome,
        "could_reach": assessment.could_reach,
        "summary": assessment.summary,
        "transfer": assessment.transfer,
        "rests_on_uncertain": assessment.rests_on_uncertain,
        "rests_on_unverified": assessment.rests_on_unverified,
        "governing": assessment.governing,
        "files": {"case": case_file.id, "assessment": file.id},
    })))
}

/// An error with everything that stands behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
