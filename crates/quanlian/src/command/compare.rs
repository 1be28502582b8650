//! `quanlian compare`: two files or trees against each other, with a report for people.
//!
//! In:  works and suspects, each a file or a folder.
//! Out: the matches, what could not be read, and on request one HTML page that needs no network (`page`), the appendix of an
//!      expert opinion (`appendix`) and SARIF (`sarif`).
//!
//! The works are indexed in a temporary folder and matched as by `match`, so that both commands say the same.
//!
//! Not here: comparison by grams alone, open or sealed (`seal`).

mod aligned;
mod appendix;
mod page;
mod sarif;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::Ordering,
};

use quanlian_evidence::vault::{Outside as _, System};
use quanlian_match::{
    Match, Medium,
    calibration::NullModel,
    collection::{BuildOptions, Collection, MatchOptions, MemberFiles, Note},
    coverage::Coverage,
};
use serde::Serialize;

use crate::{
    cli::Compare as Arguments,
    command::{
        calibrate, coverage, history, index, matching, seal,
        secret::touching::{self, Secrets},
    },
    evidence::Room,
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
    /// What everybody has, as it was named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    background: Vec<String>,
    /// Best first for each suspect.
    matches: Vec<Match>,
    /// Works with their digests.
    works_read: Vec<Read>,
    /// Suspects with their digests.
    suspects_read: Vec<Read>,
    /// Files of either side that were not compared, or only with a remark.
    remarks: Vec<Note>,
    /// Which works stand in which suspects, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) coverage: Option<Coverage>,
    /// What the scores are judged by.
    judged_by: Vec<NullModel>,
    /// Which trade-secret points are touched; absent when no register was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Secrets>,
}

/// A file that was compared.
#[derive(Debug, Serialize)]
struct Read {
    name: String,
    medium: Medium,
    /// Lines of source code of a suspect.
    #[serde(skip)]
    lines: Option<u64>,
    sha256: String,
}

/// Runs `compare`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    if arguments.sealed {
        return seal::compare_sealed(arguments, output);
    }
    for path in [&arguments.works, &arguments.suspects]
        .into_iter()
        .chain(&arguments.background)
    {
        std::fs::metadata(path)
            .map_err(|source| anyhow::Error::new(source).context(format!("cannot read {}", path.display())))
            .bad_input()?;
    }
    if arguments.grams {
        return seal::compare_open(arguments, output);
    }
    let options = MatchOptions {
        include_below_threshold: arguments.wanted.all,
        archives: !arguments.no_archives,
        history: arguments.history,
        ..matching::threshold(arguments.wanted.max_e_value)?
    };
    let folder = tempfile::Builder::new()
        .prefix("quanlian-compare-")
        .tempdir()
        .system()?;
    let (mut collection, mut remarks) =
        indexed(&arguments.works, arguments, &folder.path().join("index"), output)?;
    let mut background = Vec::new();
    for (number, path) in arguments.background.iter().enumerate() {
        let index = folder.path().join(format!("background-{number}"));
        remarks.extend(indexed(path, arguments, &index, output)?.1);
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
            lines: None,
            sha256: work.sha256.to_owned(),
        })
        .collect();
    let media: BTreeSet<Medium> = found.read.iter().map(|file| file.medium).collect();
    let secrets = match &arguments.secrets {
        None => None,
        Some(data) => {
            let digests = works_read
                .iter()
                .map(|read| (read.name.clone(), read.sha256.clone()));
            let room = Room::open_existing(data)?;
            Some(touching::of(&room, &found.matches, &digests.collect())?)
        }
    };
    let coverage = arguments.coverage.then(|| {
        let suspects = (found.read.iter()).map(|file| (&*file.name, file.medium, file.lines));
        coverage::of(&collection, suspects, &found.matches)
    });
    let comparison = Comparison {
        works: arguments.works.display().to_string(),
        suspects: arguments.suspects.display().to_string(),
        background: arguments
            .background
            .iter()
            .map(|p| p.display().to_string())
            .collect(),
        matches: found.matches,
        works_read,
        suspects_read: found.read,
        remarks,
        coverage,
        judged_by: (media.iter())
            .map(|medium| collection.judge().describe(*medium))
            .collect(),
        secrets,
    };
    output.document(&comparison).system()?;
    if let Some(secrets) = &comparison.secrets {
        touching::say(secrets, output);
    }
    if let Some(coverage) = &comparison.coverage {
        coverage::print(output, coverage);
    }
    if let Some(report) = &arguments.report {
        let bar = output.progress("progress.report", 0);
        let shown = comparison.matches.iter().take(page::MAX_SHOWN_MATCHES);
        let members = MemberFiles::take(
            shown.flat_map(|found| sources(&arguments.works, &paths, found).into_iter().flatten()),
        );
        let page = page::of(&comparison, &|found| {
            let files = sources(&arguments.works, &paths, found)?;
            Some(files.map(|file| members.path(&file).map_or(file.clone(), Path::to_owned)))
        });
        bar.finish_and_clear();
        files::replace_durably(report, page.as_bytes()).system()?;
        output.say("compare.reported", &[("report", report.display())]);
    }
    if let Some(path) = &arguments.appendix {
        let bar = output.progress("progress.appendix", 0);
        let bytes = appendix::of(&comparison, arguments, options.max_e_value, System.now())?;
        bar.finish_and_clear();
        files::replace_durably(path, &bytes).system()?;
        output.say("compare.reported", &[("report", path.display())]);
    }
    if let Some(path) = &arguments.sarif {
        let document = sarif::of(&comparison, &output.messages);
        let bytes = serde_json::to_vec_pretty(&document).system()?;
        files::replace_durably(path, &bytes).system()?;
        output.say("compare.reported", &[("report", path.display())]);
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
    if comparison.matches.iter().any(history::is_told) {
        output.say::<&str>("match.history_claim", &[]);
    }
    if comparison.matches.is_empty() && arguments.wanted.require {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}

/// An index of the works, and what was odd about them.
fn indexed(
    works: &Path,
    arguments: &Arguments,
    index: &Path,
    output: &Output,
) -> Result<(Collection, Vec<Note>), Fault> {
    let stopped = interrupt::flag().system()?;
    let stop = || stopped.load(Ordering::SeqCst);
    let options = BuildOptions {
        archives: !arguments.no_archives,
        history: arguments.history,
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
                    let sha256 = report.sha256.map_or_else(|| files::sha256(path), Ok);
                    match sha256 {
                        Ok(sha256) => found.read.push(Read {
                            name: report.suspect.clone(),
                            medium: report.medium,
                            lines: report.lines,
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
        // A single archive: its members have its name in theirs.
        works.with_file_name(&found.work)
    };
    Some([work, suspects.get(&found.suspect)?.clone()])
}
