//! `quanlian index verify`: whether every byte of an index is what was written.
//!
//! In:  an index.
//! Out: what is damaged, by part, file and work; exit code 1 when anything is.

use std::{process::ExitCode, sync::atomic::Ordering};

use quanlian_match::collection::{Collection, CollectionError, VerifyOptions, VerifyReport};

use super::blamed;
use crate::{
    cli::IndexOnly,
    fault::{Blame, Outcome, answer_no},
    interrupt,
    output::Output,
};

/// Runs `index verify`.
pub(in crate::command) fn run(arguments: &IndexOnly, output: &Output) -> Outcome {
    let stopped = interrupt::flag().system()?;
    let bar = output.progress("progress.verify_index", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let options = VerifyOptions {
        progress: &progress,
        stop: &|| stopped.load(Ordering::SeqCst),
    };
    let report = Collection::verify(&arguments.index, &options);
    bar.finish_and_clear();
    let report = match report {
        Ok(report) => report,
        // The answer of a check, not a failure of the machine.
        Err(error @ CollectionError::Damaged { .. }) => {
            output.text(
                &output
                    .messages
                    .get("index.unreadable", &[("detail", &error.to_string())]),
            );
            output
                .document(&serde_json::json!({
                    "sound": false,
                    "damage": [{
                        "file": "manifest.json",
                        "code": error.code(),
                        "message": error.to_string(),
                    }],
                }))
                .system()?;
            return Ok(answer_no());
        }
        Err(error) => return Err(blamed(error)),
    };
    output.document(&report).system()?;
    tell(output, &report);
    Ok(if report.sound {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

fn tell(output: &Output, report: &VerifyReport) {
    for damage in report
        .damage
        .iter()
        .chain(report.parts.iter().flat_map(|part| &part.damage))
    {
        output.text(&output.messages.get(
            "index.damage",
            &[("file", damage.file.clone()), ("message", damage.message.clone())],
        ));
        for work in &damage.works {
            output.text(&output.messages.get("index.damaged_work", &[("work", work)]));
        }
    }
    for part in report.parts.iter().filter(|part| !part.digests) {
        output.text(&output.messages.get("index.no_digests", &[("part", &part.name)]));
    }
    for name in &report.leftovers {
        output.say("index.leftover", &[("name", name)]);
    }
    let key = if report.sound {
        "index.sound"
    } else {
        "index.not_sound"
    };
    output.text(&output.messages.get(
        key,
        &[
            ("parts", report.parts.len() as u64),
            ("works", report.parts.iter().map(|part| part.works).sum()),
            ("hit", report.parts.iter().map(|part| part.works_hit).sum()),
            ("bytes", report.bytes),
        ],
    ));
}
