//! Comparing the suspects of a matter with its works, and drawing facts from what stands beside them.
//!
//! In:  files of kind `work`, `suspect` and `side_file`.
//! Out: `matches.jsonl` and `facts.json` as files of the matter, and a summary.
//!
//! Not here: what a match is (`quanlian-match`), what facts are drawn (`quanlian-case`).

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::Context;
use quanlian_case::{
    facts::{self, Drawn},
    metadata::{self, Statement},
};
use quanlian_match::{
    Match,
    collection::{BuildOptions, Collection, MatchOptions},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Refusal,
    desk::{Desk, LaidOut, ids},
};
use crate::trace::side;

/// Copies that the summary names; the report names all.
const MAX_TOLD: usize = 200;
/// No longer file of facts is written so that it is read again, nor read.
pub(super) const MAX_FACTS_BYTES: usize = 64 << 20;
/// The names of the reports.
pub(super) const FACTS: &str = "facts.json";
pub(super) const MATCHES: &str = "matches.jsonl";

/// How far the comparison is, as the worker tells it.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) done: AtomicU64,
    pub(super) total: AtomicU64,
    pub(super) is_stopped: AtomicBool,
}

/// Something that could not be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Trouble {
    pub(super) file: String,
    pub(super) code: String,
    pub(super) message: String,
}

/// The facts as a later job reads them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FactsFile {
    /// Drawn from matches and side files; evidence is named by the ids of files.
    pub(super) facts: Drawn,
    /// What could not be used.
    pub(super) troubles: Vec<Trouble>,
    /// What they were drawn from beside the matches, so that they are drawn again without those that people reject. Left out where
    /// it would make the file longer than is read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) drawn_from: Option<DrawnFrom>,
}

/// What facts are drawn from beside the matches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DrawnFrom {
    /// What the side files say.
    statements: Vec<Statement>,
    /// The id of each file by the name that it had in the comparison.
    evidence: BTreeMap<String, String>,
}

impl DrawnFrom {
    /// The facts of these matches.
    pub(super) fn draw(&self, matches: &[Match], report: &str) -> Drawn {
        facts::draw(facts::Sources {
            matches,
            statements: &self.statements,
            evidence: &self.evidence,
            match_report: report,
            // Nobody is asked; the figures are lower bounds until somebody states otherwise with the assessment.
            collection_complete: false,
        })
    }
}

/// A line of the report: a match with the ids of its files.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    found: &'a Match,
    suspect_file: Option<&'a String>,
    work_file: Option<&'a String>,
}

/// Compares.
pub(super) async fn run(desk: &Desk, steps: &Arc<Steps>) -> anyhow::Result<Result<Value, Refusal>> {
    let files = desk.files().await?;
    let of_kind = |kind: &str| -> Vec<_> {
        let wanted = files.iter().filter(|file| file.kind.as_str() == kind);
        wanted.cloned().collect()
    };
    let (works, suspects) = (of_kind("work"), of_kind("suspect"));
    for (kind, found) in [("work", &works), ("suspect", &suspects)] {
        if found.is_empty() {
            return Ok(Err(Refusal::of(
                "match_nothing_to_compare",
                &format!("the matter has no file of kind `{kind}`"),
            )));
        }
    }
    let works = desk.lay_out("works", works).await?;
    let suspects = desk.lay_out("suspects", suspects).await?;
    let said = desk.lay_out("said", of_kind("side_file")).await?;
    steps
        .total
        .store((works.len() + suspects.len()) as u64, Ordering::SeqCst);
    let folder = desk.folder().to_owned();
    let (steps, names) = (Arc::clone(steps), ids(&suspects));
    let suspects_found = suspects.iter().map(|laid| laid.found.clone()).collect::<Vec<_>>();
    let found = tokio::task::spawn_blocking(move || compare(&folder, &suspects_found, &steps)).await??;
    let Some((matches, mut troubles)) = found else {
        return Ok(Err(Refusal::of("job_stopped", "somebody asked for its end")));
    };
    let works = ids(&works);
    let mut lines = Vec::new();
    for found in &matches {
        let line = Line {
            found,
            suspect_file: names.get(&found.suspect),
            work_file: works.get(&found.work),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    let report = desk.put_bytes(&lines, "report", MATCHES).await?;
    let sources = sources(&suspects, &said, &mut troubles);
    let drawn = sources.draw(&matches, &report.id.to_string());
    let mut file = FactsFile {
        facts: drawn.clone(),
        troubles: troubles.clone(),
        drawn_from: Some(sources),
    };
    let mut bytes = serde_json::to_vec_pretty(&file)?;
    if bytes.len() > MAX_FACTS_BYTES {
        file.drawn_from = None;
        bytes = serde_json::to_vec_pretty(&file)?;
    }
    let facts = desk.put_bytes(&bytes, "report", FACTS).await?;
    let told = |found: &Match| {
        json!({
            "suspect": names.get(&found.suspect),
            "suspect_name": found.suspect,
            "work": works.get(&found.work),
            "work_name": found.work,
            "medium": found.medium,
        })
    };
    Ok(Ok(json!({
        "works": works.len(),
        "suspects": suspects.len(),
        "copies": matches.len(),
        "matches": matches.iter().take(MAX_TOLD).map(told).collect::<Vec<_>>(),
        "facts": drawn.facts.iter().map(|fact| json!({
            "name": fact.name, "measure": fact.measure, "low": fact.interval.low, "high": fact.interval.high,
        })).collect::<Vec<_>>(),
        "published": drawn.published,
        "troubles": troubles.iter().take(MAX_TOLD).collect::<Vec<_>>(),
        "files": {"report": report.id, "facts": facts.id},
    })))
}

/// Matches and what could not be used; nothing when somebody asked for the end.
type Compared = Option<(Vec<Match>, Vec<Trouble>)>;

fn compare(
    folder: &std::path::Path,
    suspects: &[crate::files::Found],
    steps: &Steps,
) -> anyhow::Result<Compared> {
    let index = folder.join("index");
    let advance = |done: u64| steps.done.store(done, Ordering::SeqCst);
    let stop = || steps.is_stopped.load(Ordering::SeqCst);
    let options = BuildOptions {
        progress: &|done, _| advance(done),
        stop: &stop,
        ..BuildOptions::default()
    };
    let built = Collection::build(&index, &folder.join("works"), &options);
    if stop() {
        return Ok(None);
    }
    let built = built.context("the works could not be indexed")?;
    let mut troubles: Vec<Trouble> = built
        .notes
        .iter()
        .map(|note| Trouble {
            file: note.subject.clone(),
            code: note.code.clone(),
            message: note.message.clone(),
        })
        .collect();
    let collection = Collection::open(&index).context("the index of the works could not be opened")?;
    let before = steps.total.load(Ordering::SeqCst) - suspects.len() as u64;
    let by_path: BTreeMap<&std::path::Path, &str> = suspects
        .iter()
        .map(|found| (found.path.as_path(), found.name.as_str()))
        .collect();
    let (mut matches, mut broken) = (Vec::new(), None);
    // A few at a time, so that somebody who asks for the end is heard.
    for some in suspects.chunks(8) {
        if stop() {
            return Ok(None);
        }
        let paths: Vec<PathBuf> = some.iter().map(|found| found.path.clone()).collect();
        let done = steps.done.load(Ordering::SeqCst).max(before);
        let progress = |so_far: u64, _| advance(done + so_far);
        let notes = collection.match_paths(
            &paths,
            &MatchOptions::default(),
            &|_| false,
            &progress,
            |path, result| {
                let name = by_path.get(path).copied().unwrap_or_default();
                let mut trouble = |code: &str, message: String| {
                    troubles.push(Trouble {
                        file: name.to_owned(),
                        code: code.to_owned(),
                        message,
                    });
                };
                match result {
                    Ok(report) => {
                        for note in &report.notes {
                            trouble(&note.code, note.message.clone());
                        }
                        matches.extend(report.matches.into_iter().map(|found| Match {
                            suspect: name.to_owned(),
                            ..found
                        }));
                    }
                    Err(error) => {
                        trouble(error.code(), error.to_string());
                        if error.is_about_the_index() && broken.is_none() {
                            broken = Some(error);
                        }
                    }
                }
            },
        );
        troubles.extend(notes.iter().map(|note| Trouble {
            file: note.subject.clone(),
            code: note.code.clone(),
            message: note.message.clone(),
        }));
    }
    match broken {
        Some(error) => Err(error).context("the index of the works is damaged"),
        None => Ok(Some((matches, troubles))),
    }
}

fn sources(suspects: &[LaidOut], said: &[LaidOut], troubles: &mut Vec<Trouble>) -> DrawnFrom {
    let media: Vec<_> = suspects.iter().map(|laid| laid.found.clone()).collect();
    let (told, others): (Vec<&LaidOut>, Vec<&LaidOut>) = said
        .iter()
        .partition(|laid| metadata::is_side_file(&laid.found.path));
    for other in others {
        troubles.push(Trouble {
            file: other.found.name.clone(),
            code: "side_file_unknown".to_owned(),
            message: "a side file is NAME.info.json, a gallery-dl JSON or a CSV table".to_owned(),
        });
    }
    let told: Vec<_> = told.into_iter().map(|laid| laid.found.clone()).collect();
    let side = side::read(&told, &media, &mut |file, code, message| {
        troubles.push(Trouble {
            file: file.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        });
    });
    DrawnFrom {
        statements: side.statements,
        evidence: ids(suspects).into_iter().chain(ids(said)).collect(),
    }
}
