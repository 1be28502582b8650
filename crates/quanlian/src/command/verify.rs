//! `quanlian verify`: checks an evidence bundle offline.
//!
//! In:  a bundle, and the log keys that the checker trusts.
//! Out: one line for each question (file, inclusion, log head, witnesses, time, custody), what failed, and what no
//!      bundle proves; exit 0 when no check fails, 1 when one does.

use std::{io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_evidence::verify::{Answer, Line, Policy, Question, State, Verification, verify_bundle};
use serde::Serialize;

use crate::{
    cli::Verify as Arguments,
    fault::{Blame, Outcome, answer_no},
    output::Output,
};

/// The largest policy file.
const MAX_POLICY_BYTES: u64 = 1 << 20;

/// The most checks that are shown below one line.
const MAX_SHOWN: usize = 20;

/// What `--json` shows.
#[derive(Serialize)]
struct Report<'a> {
    lines: &'a [Line],
    #[serde(flatten)]
    verification: &'a Verification,
}

/// Runs `verify`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let bundle = &arguments.bundle;
    std::fs::File::open(bundle)
        .with_context(|| format!("cannot read {}", bundle.display()))
        .bad_input()?;
    let policy = match &arguments.policy {
        Some(path) => read_policy(path).bad_input()?,
        None => Policy::default(),
    };
    output.say::<&str>("progress.verify", &[]);
    let verification = verify_bundle(bundle, &policy);
    let lines = verification.lines();
    output
        .document(&Report {
            lines: &lines,
            verification: &verification,
        })
        .system()?;
    for line in &lines {
        output.text(&line_text(line, output));
        failures(line.question, &verification, output);
    }
    output.text(&output.messages.text("verify.not_proven"));
    for check in verification.not_proven() {
        let what = output.messages.text(&format!("check.{}", check.code));
        output.text(&output.messages.get("verify.not_proven_line", &[("what", what)]));
    }
    let verdict = if verification.ok {
        "verify.good"
    } else {
        "verify.bad"
    };
    output.text(&output.messages.get(verdict, &[("path", bundle.display())]));
    Ok(if verification.ok {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

fn line_text(line: &Line, output: &Output) -> String {
    let state = match line.answer {
        Answer::Ok => "verify.ok",
        Answer::Failed => "verify.failed",
        Answer::Partly => "verify.partly",
        Answer::NotChecked => "verify.not_checked",
    };
    let of_checks = line.ok + line.failed + line.not_checked;
    // One check says enough itself; of many, only one that did not end well stands for all.
    let detail = if line.answer == Answer::Ok && of_checks > 1 {
        String::new()
    } else {
        line.detail.clone()
    };
    let what = output
        .messages
        .text(&format!("question.{}", line.question.code()));
    output.messages.get(
        "verify.line",
        &[
            ("state", output.messages.text(state)),
            ("what", what),
            ("count", format!("{}/{of_checks}", line.ok)),
            ("detail", detail),
        ],
    )
}

/// Every check of a question that failed, up to a limit.
fn failures(question: Question, verification: &Verification, output: &Output) {
    let failed: Vec<_> = verification
        .checks
        .iter()
        .filter(|check| check.state == State::Failed && Question::of(&check.code) == question)
        .collect();
    for check in failed.iter().take(MAX_SHOWN) {
        let arguments = [
            (
                "state",
                output.messages.text("verify.failed").trim_end().to_owned(),
            ),
            ("what", output.messages.text(&format!("check.{}", check.code))),
            ("subject", check.subject.clone()),
            ("detail", check.detail.clone()),
        ];
        output.text(&output.messages.get("verify.check", &arguments));
    }
    if failed.len() > MAX_SHOWN {
        let count = failed.len() - MAX_SHOWN;
        output.text(&output.messages.get("verify.more", &[("count", count)]));
    }
}

/// A policy as `quanlian-evidence` reads it: log keys, one a line.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_POLICY_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the policy {}", path.display()))?;
    text.parse()
        .with_context(|| format!("the policy {} cannot be used", path.display()))
}
