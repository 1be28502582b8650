//! `quanlian index remove|restore|merge`: works taken out, put back, or gone for good.
//!
//! In:  an index, and names of works from the command line and from a file.
//! Out: the index one state later, and what became of each name; exit code 1 when a name was not there.

use std::{fs::File, io::Read, path::Path, process::ExitCode, sync::atomic::Ordering};

use anyhow::Context;
use quanlian_match::collection::{Collection, MergeOptions, MergeReport};

use super::blamed;
use crate::{
    cli::{IndexNames, IndexOnly},
    fault::{Blame, Fault, Outcome, answer_no},
    interrupt,
    output::Output,
};

/// A longer list of names is refused: some five million names.
const MAX_LIST_BYTES: u64 = 512 << 20;

/// `index remove`
pub(in crate::command) fn remove(arguments: &IndexNames, output: &Output) -> Outcome {
    let report = Collection::remove(&arguments.index, &names(arguments)?).map_err(blamed)?;
    say_unknown(output, &report.unknown);
    output.document(&report).system()?;
    output.text(
        &output
            .messages
            .get("index.removed", &[("removed", report.removed.to_string())]),
    );
    Ok(yes_if(report.unknown.is_empty()))
}

/// `index restore`
pub(in crate::command) fn restore(arguments: &IndexNames, output: &Output) -> Outcome {
    let report = Collection::restore(&arguments.index, &names(arguments)?).map_err(blamed)?;
    say_unknown(output, &report.unknown);
    for name in &report.present {
        output.say("index.present", &[("name", name)]);
    }
    output.document(&report).system()?;
    output.text(&output.messages.get(
        "index.restored",
        &[
            ("restored", report.restored.to_string()),
            ("swapped", report.swapped.to_string()),
        ],
    ));
    Ok(yes_if(report.unknown.is_empty()))
}

/// `index merge`
pub(in crate::command) fn merge(arguments: &IndexOnly, output: &Output) -> Outcome {
    let stopped = interrupt::flag().system()?;
    let bar = output.progress("progress.merge", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let options = MergeOptions {
        progress: &progress,
        stop: &|| stopped.load(Ordering::SeqCst),
    };
    let report = Collection::merge(&arguments.index, &options);
    bar.finish_and_clear();
    let report = report.map_err(blamed)?;
    output.document(&report).system()?;
    output.text(&merged(output, &report));
    Ok(ExitCode::SUCCESS)
}

/// What a merge did, in words.
pub(super) fn merged(output: &Output, report: &MergeReport) -> String {
    output.messages.get(
        "index.merged",
        &[
            ("merged", report.merged),
            ("parts", report.parts),
            ("dropped", report.dropped),
        ],
    )
}

fn yes_if(yes: bool) -> ExitCode {
    if yes { ExitCode::SUCCESS } else { answer_no() }
}

fn say_unknown(output: &Output, names: &[String]) {
    for name in names {
        output.say("index.unknown", &[("name", name)]);
    }
}

/// The names of the command line and of the list.
fn names(arguments: &IndexNames) -> Result<Vec<String>, Fault> {
    let mut names = arguments.names.clone();
    if let Some(list) = &arguments.list {
        let text = read_list(list)
            .with_context(|| format!("cannot read the list {}", list.display()))
            .bad_input()?;
        let lines = text.lines().map(|line| line.trim_end_matches('\r'));
        names.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    if names.is_empty() {
        return Err(Fault::BadInput(anyhow::anyhow!("the list names no work")));
    }
    Ok(names)
}

fn read_list(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(MAX_LIST_BYTES + 1)
        .read_to_string(&mut text)?;
    anyhow::ensure!(
        read as u64 <= MAX_LIST_BYTES,
        "it is longer than {MAX_LIST_BYTES} bytes; give it in several"
    );
    Ok(text)
}
