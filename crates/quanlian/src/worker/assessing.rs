//! Assessing what a matter holds: the facts that the last comparison drew, and what is stated.
//!
//! In:  `facts.json` of the matter, a case file as JSON, which matches people rejected.
//! Out: `assessment.json` and the case file as files of the matter, and a summary.
//!
//! Invariant: a match that was rejected is in no fact, and the assessment says which were left out and by whom; where that cannot be
//! done, nothing is assessed.
//!
//! Not here: what the law says (`quanlian-law`), how facts and statements meet (`quanlian-case::sheet`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use quanlian_case::{
    case_file::CaseFile,
    facts::Drawn,
    referral,
    sheet::{self, DEFAULT_OFFENCE},
};
use quanlian_law::{Events, FactSheet, RuleBook};
use quanlian_match::Match;
use quanlian_record::time::Timestamp;
use quanlian_server::work::LeftOut;
use quanlian_store::files::File;
use serde_json::{Map, Value, json};

use super::{
    Refusal,
    comparing::{FACTS, FactsFile, MATCHES, MAX_FACTS_BYTES},
    desk::Desk,
};

/// The longest report of matches that is read.
const MAX_MATCHES_BYTES: u64 = 64 << 20;
/// Matches left out that the summary names; the assessment names all.
const MAX_TOLD: usize = 200;

/// Assesses.
pub(super) async fn run(
    desk: &Desk,
    stated: &Map<String, Value>,
    rejected: Option<&LeftOut>,
) -> anyhow::Result<Result<Value, Refusal>> {
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
    let (drawn, left_out) = match drawn(desk, rejected).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
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
        "left_out": left_out,
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
        "left_out": left_out.iter().take(MAX_TOLD).collect::<Vec<_>>(),
        "left_out_count": left_out.len(),
        "files": {"case": case_file.id, "assessment": file.id},
    })))
}

/// The facts of the newest comparison without the matches that were rejected, and which these are.
async fn drawn(
    desk: &Desk,
    rejected: Option<&LeftOut>,
) -> anyhow::Result<Result<(Drawn, Vec<Value>), Refusal>> {
    let files = desk.files().await?;
    let report = |name: &str| {
        let of = |file: &&File| file.kind.as_str() == "report" && file.name == name && file.job.is_some();
        files.iter().rfind(of)
    };
    let Some(facts) = report(FACTS) else {
        return Ok(Ok((Drawn::default(), Vec::new())));
    };
    anyhow::ensure!(
        facts.size_bytes <= MAX_FACTS_BYTES as u64,
        "the facts of the matter are too large"
    );
    let laid = desk.lay_out("facts", vec![facts.clone()]).await?;
    let bytes = tokio::fs::read(&laid[0].found.path).await?;
    let file: FactsFile = serde_json::from_slice(&bytes).context("the facts of the matter cannot be read")?;
    // Verdicts on an older comparison are none on what this one found.
    let matches = report(MATCHES).filter(|matches| matches.job == facts.job);
    let (Some(rejected), Some(matches)) = (rejected, matches) else {
        return Ok(Ok((file.facts, Vec::new())));
    };
    if rejected.report != matches.id {
        return Ok(Ok((file.facts, Vec::new())));
    }
    let (Some(sources), true) = (file.drawn_from, matches.size_bytes <= MAX_MATCHES_BYTES) else {
        return Ok(Err(Refusal::of(
            "facts_not_drawn_again",
            "matches were rejected, and the facts of this comparison cannot be drawn without them: compare again, or withdraw the suspects that do not count and compare again",
        )));
    };
    let laid = desk.lay_out("matches", vec![matches.clone()]).await?;
    let text = tokio::fs::read_to_string(&laid[0].found.path).await?;
    let by: BTreeMap<usize, &String> = rejected
        .by
        .iter()
        .flat_map(|(by, lines)| lines.iter().map(move |line| (*line as usize, by)))
        .collect();
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let found: Match = serde_json::from_str(line).context("the matches of the matter cannot be read")?;
        match by.get(&index) {
            Some(by) => left_out.push(json!({
                "report": matches.id, "index": index, "suspect": found.suspect, "work": found.work, "by": by,
            })),
            None => kept.push(found),
        }
    }
    Ok(Ok((sources.draw(&kept, &matches.id.to_string()), left_out)))
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
