//! `quanlian compare`: two files or trees against each other, with a report for people.
//!
//! In:  works and suspects, each a file or a folder.
//! Out: the matches, what could not be read, and on request one HTML page that needs no network (`page`).
//!
//! The works are indexed in a temporary folder and matched as by `match`, so that both commands say the same.
//!
//! Not here: comparison that discloses nothing.

mod aligned;
mod page;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::Ordering,
};

use quanlian_match::{
    Match, Medium,
    calibration::NullModel,
    collection::{BuildOptions, Collection, MatchOptions, Note},
};
use serde::Serialize;

use crate::{
    cli::Compare as Arguments,
    command::{calibrate, index, matching},
    fault::{Blame, Fault, Outcome, answer_no},
    files, interrupt,
    output::{Output, warn_about},
};

/// What two sides have in common.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// The works, as they were named.
    works: String,
    /// The suspects, as they were named.
    suspects: String,
    /// Best first for each suspect.
    matches: Vec<Match>,
    /// Works with their digests.
    works_read: Vec<Read>,
    /// Suspects with their digests.
    suspects_read: Vec<Read>,
    /// Files of either side that were not compared, or only with a remark.
    remarks: Vec<Note>,
    /// What the scores are judged by.
    judged_by: Vec<NullModel>,
}

/// A file that was compared.
#[derive(Debug, Serialize)]
struct Read {
    name: String,
    medium: Medium,
    sha256: String,
}

/// Runs `compare`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    for path in [&arguments.works, &arguments.suspects]
        .into_iter()
        .chain(&arguments.background)
    {
        std::fs::metadata(path)
            .map_err(|source| anyhow::Error::new(source).context(format!("cannot read {}", path.display())))
            .bad_input()?;
    }
    let options = MatchOptions {
        include_below_threshold: arguments.all,
        ..matching::threshold(arguments.max_e_value)?
    };
    let folder = tempfile::Builder::new()
        .prefix("quanlian-compare-")
        .tempdir()
        .system()?;
    let (mut collection, mut remarks) = indexed(&arguments.works, &folder.path().join("index"), output)?;
    let mut background = Vec::new();
    for (number, path) in arguments.background.iter().enumerate() {
        let index = folder.path().join(format!("background-{number}"));
        remarks.extend(indexed(path, &index, output)?.1);
        background.push(index);
    }
    if !background.is_empty() {
        collection.set_background(index::open_all(&background)?);
    }
    let (found, paths) = matched(&collection, &arguments.suspects, &options, output)?;
    remarks.extend(found.remarks);
    let works_read: Vec<Read> = (collection.works())
        .map(|work| Read {
            name: work.name.to_owned(),
            medium: work.medium,
            sha256: work.sha256.to_owned(),
        })
        .collect();
    let media: BTreeSet<Medium> = found.read.iter().map(|file| file.medium).collect();
    let comparison = Comparison {
        works: arguments.works.display().to_string(),
        suspects: arguments.suspects.display().to_string(),
        matches: found.matches,
        works_read,
        suspects_read: found.read,
        remarks,
        judged_by: (media.iter())
            .map(|medium| collection.judge().describe(*medium))
            .collect(),
    };
    output.document(&comparison).system()?;
    if let Some(report) = &arguments.report {
        let page = page::of(&comparison, &|found| sources(&arguments.works, &paths, found));
        files::replace_durably(report, page.as_bytes()).system()?;
        output.say("compare.reported", &[("report", report.display())]);
    }
    output.say(
        "match.summary",
        &[
            ("suspects", comparison.suspects_read.len()),
            ("matches", comparison.matches.len()),
            ("failed", found.failed),
        ],
    );
    calibrate::say_judge(&collection, media.into_iter(), output);
    if comparison.matches.is_empty() && arguments.require {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}

/// An index of the works, and what was odd about them.
fn indexed(works: &Path, index: &Path, output: &Output) -> Result<(Collection, Vec<Note>), Fault> {
    let stopped = interrupt::flag().system()?;
    let stop = || stopped.load(Ordering::SeqCst);
    let options = BuildOptions {
        stop: &stop,
        ..BuildOptions::default()
    };
    let report = index::with_progress(index, works, output, Collection::build, options)?;
    matching::say_notes(output, &report.notes);
    let collection = Collection::open(index).map_err(anyhow::Error::from).system()?;
    Ok((collection, report.notes))
}

/// What the suspects gave.
#[derive(Default)]
struct Found {
    matches: Vec<Match>,
    read: Vec<Read>,
    remarks: Vec<Note>,
    failed: usize,
}

fn matched(
    collection: &Collection,
    suspects: &Path,
    options: &MatchOptions,
    output: &Output,
) -> Result<(Found, BTreeMap<String, PathBuf>), Fault> {
    let bar = output.progress("progress.match", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let exclude = |path: &Path| quanlian_case::metadata::is_side_file(path);
    let (mut found, mut paths, mut broken) = (Found::default(), BTreeMap::new(), None);
    let notes = collection.match_paths(
        &[suspects.to_owned()],
        options,
        &exclude,
        &progress,
        |path, result| {
            bar.suspend(|| match result {
                Ok(report) => {
                    matching::say_notes(output, &report.notes);
                    for one in &report.matches {
                        // A match is plain data; writing it as JSON cannot fail.
                        let _ = output.line(one);
                        output.text(&matching::for_people(output, one));
                    }
                    match files::sha256(path) {
                        Ok(sha256) => found.read.push(Read {
                            name: report.suspect.clone(),
                            medium: report.medium,
                            sha256,
                        }),
                        Err(error) => {
                            let error =
                                anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
                            broken = broken.take().or(Some(Fault::BadInput(error)));
                        }
                    }
                    paths.insert(report.suspect, path.to_owned());
                    found.matches.extend(report.matches);
                    found.remarks.extend(report.notes);
                }
                Err(error) => {
                    found.failed += 1;
                    let why = matching::why_failed(output, &error);
                    warn_about(output, &path.display().to_string(), &why);
                    found.remarks.push(Note {
                        subject: path.display().to_string(),
                        code: error.code().to_owned(),
                        message: error.to_string(),
                    });
                    if error.is_about_the_index() {
                        broken = broken.take().or(Some(Fault::System(error.into())));
                    }
                }
            });
        },
    );
    bar.finish_and_clear();
    matching::say_notes(output, &notes);
    found.remarks.extend(notes);
    broken.map_or(Ok((found, paths)), Err)
}

/// Where the two files of a match lie: the work, the suspect.
fn sources(works: &Path, suspects: &BTreeMap<String, PathBuf>, found: &Match) -> Option<[PathBuf; 2]> {
    let work = if works.is_dir() {
        works.join(&found.work)
    } else {
        works.to_owned()
    };
    Some([work, suspects.get(&found.suspect)?.clone()])
}
