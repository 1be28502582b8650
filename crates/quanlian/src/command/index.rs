//! `quanlian index`: builds, extends and describes an index of works.
//!
//! In:  a folder of works.
//! Out: a folder with the index, and what went into it.
//!
//! Not here: removing, restoring and merging (`upkeep`), checking (`verify`), keeping it elsewhere (`snapshot`).

pub(super) mod snapshot;
pub(super) mod upkeep;
pub(super) mod verify;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::Ordering,
};

use anyhow::Context;
use quanlian_match::collection::{BuildOptions, BuildReport, Collection, CollectionError, MergeOptions};

use crate::{
    cli::{IndexAdd, IndexWorks},
    fault::{Blame, Fault, Outcome},
    interrupt,
    output::{Output, reason},
};

/// `index build`
pub(super) fn build(arguments: &IndexWorks, output: &Output) -> Outcome {
    make(arguments, output, Collection::build, BuildOptions::default())
}

/// `index add`
pub(super) fn add(arguments: &IndexAdd, output: &Output) -> Outcome {
    let mut options = BuildOptions {
        replace: arguments.replace,
        ..BuildOptions::default()
    };
    if arguments.no_merge {
        options.merge = None;
    }
    make(&arguments.of, output, Collection::add, options)
}

type Make = fn(&Path, &Path, &BuildOptions<'_>) -> Result<BuildReport, CollectionError>;

fn make(arguments: &IndexWorks, output: &Output, make: Make, options: BuildOptions<'_>) -> Outcome {
    let stopped = interrupt::flag().system()?;
    let stop = || stopped.load(Ordering::SeqCst);
    let merge = options.merge.map(|_| MergeOptions {
        stop: &stop,
        ..MergeOptions::default()
    });
    let options = BuildOptions {
        archives: !arguments.no_archives,
        history: arguments.history,
        stop: &stop,
        merge,
        ..options
    };
    let report = with_progress(&arguments.index, &arguments.works, output, make, options)?;
    for note in &report.notes {
        output.say(
            "match.note",
            &[
                ("subject", &note.subject),
                ("message", &reason(&output.messages, &note.code, &note.message)),
            ],
        );
    }
    output.document(&report).system()?;
    output.text(&output.messages.get(
        "index.built",
        &[
            ("added", report.added.to_string()),
            ("replaced", report.replaced.to_string()),
            ("unchanged", report.unchanged.to_string()),
            ("index", arguments.index.display().to_string()),
        ],
    ));
    if let Some(merge) = &report.merge {
        output.text(&upkeep::merged(output, merge));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds or extends an index under a progress bar.
pub(crate) fn with_progress(
    index: &Path,
    works: &Path,
    output: &Output,
    make: Make,
    options: BuildOptions<'_>,
) -> Result<BuildReport, Fault> {
    let bar = output.progress("progress.index", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    // Metadata beside works is no work.
    let exclude = |path: &Path| quanlian_case::metadata::is_side_file(path);
    let merging = options.merge.map(|merge| MergeOptions {
        progress: &progress,
        ..merge
    });
    let report = make(
        index,
        works,
        &BuildOptions {
            exclude: &exclude,
            progress: &progress,
            merge: merging,
            ..options
        },
    );
    bar.finish_and_clear();
    report.map_err(|error| {
        // The folder of works that cannot be read is the input's fault; our own folder is the system's.
        let of_works = matches!(&error, CollectionError::Io { path, .. } if path.starts_with(works));
        if of_works {
            Fault::BadInput(error.into())
        } else {
            blamed(error)
        }
    })
}

/// Whose fault it is that an index cannot be made or changed.
fn blamed(error: CollectionError) -> Fault {
    let at_fault = matches!(
        error,
        CollectionError::NoIndex { .. }
            | CollectionError::AlreadyThere { .. }
            | CollectionError::NothingToIndex { .. }
            | CollectionError::Twice { .. }
            | CollectionError::Format { .. }
    );
    let error = anyhow::Error::from(error);
    if at_fault {
        Fault::BadInput(error)
    } else {
        Fault::System(error)
    }
}

/// `index stats`
pub(super) fn stats(indexes: &[PathBuf], output: &Output) -> Outcome {
    let collection = open_all(indexes)?;
    let stats = collection.stats();
    output.document(&stats).system()?;
    output.text(&output.messages.get(
        "index.stats",
        &[
            ("items", stats.items.to_string()),
            ("source_bytes", stats.source_bytes.to_string()),
            ("index_bytes", stats.index_bytes.to_string()),
            ("parts", stats.parts.to_string()),
            ("removed", stats.removed.to_string()),
        ],
    ));
    if stats.shards.len() > 1 {
        for shard in &stats.shards {
            output.text(&output.messages.get(
                "index.shard",
                &[
                    ("folder", shard.folder.clone()),
                    ("items", shard.items.to_string()),
                    ("parts", shard.parts.to_string()),
                    ("removed", shard.removed.to_string()),
                    ("index_bytes", shard.index_bytes.to_string()),
                ],
            ));
        }
    }
    for (medium, of) in &stats.media {
        let medium = output.messages.text(&format!("medium.{}", medium_key(*medium)));
        let counted = |name: &str, count: Option<u64>| {
            count.map(|count| output.messages.get(&format!("index.{name}"), &[(name, count)]))
        };
        let minutes = of.duration_ms.map(|ms| format!("{:.1}", ms as f64 / 60e3));
        let length = minutes
            .map(|minutes| output.messages.get("index.minutes", &[("minutes", minutes)]))
            .or_else(|| counted("chars", of.chars))
            .or_else(|| counted("lines", of.lines))
            .or_else(|| counted("pixels", of.pixels))
            .unwrap_or_default();
        output.text(&output.messages.get(
            "index.medium",
            &[
                ("medium", medium),
                ("items", of.items.to_string()),
                ("length", length),
                ("postings", of.postings.to_string()),
            ],
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens an index; one that is not there or is damaged is the input's fault.
pub(crate) fn open(index: &Path) -> Result<Collection, Fault> {
    Collection::open(index)
        .with_context(|| format!("cannot open the index {}", index.display()))
        .bad_input()
}

/// Opens several indexes that answer as one.
pub(crate) fn open_all(indexes: &[PathBuf]) -> Result<Collection, Fault> {
    match indexes {
        [index] => open(index),
        _ => Collection::open_all(indexes)
            .context("cannot open the indexes")
            .bad_input(),
    }
}

/// The name of a medium in the message files.
pub(crate) fn medium_key(medium: quanlian_match::Medium) -> &'static str {
    match medium {
        quanlian_match::Medium::Audio => "audio",
        quanlian_match::Medium::Text => "text",
        quanlian_match::Medium::Image => "image",
        quanlian_match::Medium::Video => "video",
        quanlian_match::Medium::Code => "code",
        _ => "other",
    }
}
