//! `quanlian match --exact` and `--near`: what texts share letter for letter, and which texts nearly are one another.
//!
//! In:  an index and files.
//! Out: one line a (suspect, work) pair, the most telling first for each suspect.
//!
//! Not here: matches that are weighed against chance (`matching`).

use std::{path::Path, process::ExitCode};

use quanlian_match::{
    collection::{
        Collection, ExactMatch, ExactOptions, ExactReport, Exclude, MatchError, NearMatch, NearOptions,
        NearReport, Note, Progress,
    },
    text::Share,
};
use serde::Serialize;

use super::matching::{say_notes, why_failed};
use crate::{
    cli::Match as Arguments,
    fault::{Blame, Fault, Outcome, answer_no},
    output::{Form, Output, warn_about},
};

/// What a mode answers about one suspect.
trait Answer {
    type Pair: Serialize;
    fn parts(self) -> (String, Vec<Self::Pair>, Vec<Note>);
    fn for_people(output: &Output, pair: &Self::Pair) -> String;
}

impl Answer for ExactReport {
    type Pair = ExactMatch;

    fn parts(self) -> (String, Vec<ExactMatch>, Vec<Note>) {
        (self.suspect, self.matches, self.notes)
    }

    fn for_people(output: &Output, pair: &ExactMatch) -> String {
        let mut text = output.messages.get(
            "match.exact_line",
            &[
                ("suspect", pair.suspect.clone()),
                ("work", pair.work.clone()),
                ("runs", pair.runs.len().to_string()),
                ("longest", pair.longest.to_string()),
            ],
        );
        for run in &pair.runs {
            text.push_str("\n    ");
            let places = [
                ("symbols", run.symbols),
                ("suspect_start", run.suspect[0]),
                ("suspect_end", run.suspect[1]),
                ("work_start", run.work[0]),
                ("work_end", run.work[1]),
            ];
            text.push_str(&output.messages.get("match.exact_run", &places));
        }
        text
    }
}

impl Answer for NearReport {
    type Pair = NearMatch;

    fn parts(self) -> (String, Vec<NearMatch>, Vec<Note>) {
        (self.suspect, self.matches, self.notes)
    }

    fn for_people(output: &Output, pair: &NearMatch) -> String {
        let share = |key: &str, share: Share| {
            let percent = |share: f64| format!("{:.1}%", share * 100.0);
            output.messages.get(
                key,
                &[
                    ("share", percent(share.share)),
                    ("low", percent(share.interval[0])),
                    ("high", percent(share.interval[1])),
                    ("shared", share.shared.to_string()),
                    ("of", share.of.to_string()),
                    ("one_in", share.one_in.to_string()),
                ],
            )
        };
        let names = [("suspect", pair.suspect.clone()), ("work", pair.work.clone())];
        let mut text = output.messages.get("match.near_line", &names);
        text.push_str("\n    ");
        text.push_str(&share("match.near_suspect", pair.of_suspect));
        if let Some(own) = pair.of_work {
            text.push_str("\n    ");
            text.push_str(&share("match.near_work", own));
        }
        text
    }
}

/// Runs `match --exact`.
pub(super) fn exact(arguments: &Arguments, min_symbols: u32, output: &Output, index: &Collection) -> Outcome {
    let options = ExactOptions {
        min_symbols,
        archives: !arguments.no_archives,
        history: arguments.history,
    };
    run(arguments, output, |exclude, progress, on_result| {
        index.exact_paths(&arguments.paths, &options, exclude, progress, on_result)
    })
}

/// Runs `match --near`.
pub(super) fn near(arguments: &Arguments, min_share: f64, output: &Output, index: &Collection) -> Outcome {
    if !(min_share > 0.0 && min_share <= 1.0) {
        return Err(Fault::BadInput(anyhow::anyhow!(
            "--near {min_share} is not a share above 0 and up to 1"
        )));
    }
    let options = NearOptions {
        min_share,
        archives: !arguments.no_archives,
        history: arguments.history,
    };
    run(arguments, output, |exclude, progress, on_result| {
        index.near_paths(&arguments.paths, &options, exclude, progress, on_result)
    })
}

type OnResult<'a, A> = &'a mut dyn FnMut(&Path, Result<A, MatchError>);

fn run<A: Answer>(
    arguments: &Arguments,
    output: &Output,
    ask: impl FnOnce(Exclude<'_>, Progress<'_>, OnResult<'_, A>) -> Vec<Note>,
) -> Outcome {
    let bar = output.progress("progress.match", 0);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let exclude = |path: &Path| quanlian_case::metadata::is_side_file(path);
    let (mut suspects, mut found, mut failed, mut broken_index) = (0_usize, 0_usize, 0_usize, None);
    let mut all = Vec::new();
    let notes = ask(&exclude, &progress, &mut |path, result| {
        bar.suspend(|| match result {
            Ok(report) => {
                let (_, pairs, notes) = report.parts();
                say_notes(output, &notes);
                suspects += 1;
                found += pairs.len();
                for pair in &pairs {
                    // A pair is plain data; writing it as JSON cannot fail.
                    let _ = output.line(pair);
                    output.text(&A::for_people(output, pair));
                }
                if output.form == Form::Json {
                    all.extend(pairs);
                }
            }
            Err(error) => {
                failed += 1;
                warn_about(output, &path.display().to_string(), &why_failed(output, &error));
                if error.is_about_the_index() && broken_index.is_none() {
                    broken_index = Some(error);
                }
            }
        });
    });
    bar.finish_and_clear();
    say_notes(output, &notes);
    if let Some(error) = broken_index {
        return Err(Fault::System(error.into()));
    }
    output.document(&all).system()?;
    output.say(
        "match.summary",
        &[("suspects", suspects), ("matches", found), ("failed", failed)],
    );
    if found == 0 && arguments.wanted.require {
        return Ok(answer_no());
    }
    Ok(ExitCode::SUCCESS)
}
