//! `quanlian verify`: checks an evidence bundle offline.
//!
//! In:  a bundle, and what the checker trusts: a policy of logs and witnesses, roots of time-stamp authorities.
//! Out: one line for each question (file, inclusion, log head, witnesses, time, custody), what failed, and what no
//!      bundle proves; exit 0 when no check fails, 1 when one does.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use quanlian_evidence::verify::{
    Answer, Judges, Line, Policy, Question, State, TimeJudge, Verification, WitnessJudge, verify_bundle_with,
};
use quanlian_record::time::Timestamp;
use quanlian_timestamp::verify::{Ended, Trust};
use quanlian_tlog::{
    key::PublicKey,
    policy::{self, MAX_POLICY_BYTES},
};
use serde::Serialize;

use crate::{
    cli::Verify as Arguments,
    command::{custody::trusted_people, timestamp::read_roots},
    fault::{Blame, Outcome, answer_no},
    files::read_limited,
    output::Output,
};

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
    let (mut policy, witnesses) = match &arguments.policy {
        Some(path) => read_policy(path).bad_input()?,
        None => (Policy::default(), WitnessJudge::default()),
    };
    if let Some(path) = &arguments.trust {
        policy.people = trusted_people(path)?;
    }
    let time = TimeJudge {
        trust: Trust {
            roots: read_roots(&arguments.tsa_roots).bad_input()?,
            ended: if arguments.accept_ended {
                Ended::Accepted
            } else {
                Ended::Refused
            },
            ..Trust::default()
        },
        needed: arguments.tsa_need,
        at: Some(Timestamp::now()),
    };
    let judges = Judges {
        witnesses: Some(&witnesses),
        time: Some(&time),
    };
    output.say::<&str>("progress.verify", &[]);
    let verification = verify_bundle_with(bundle, &policy, judges);
    let lines = verification.lines();
    output
        .document(&Report {
            lines: &lines,
            verification: &verification,
        })
        .system()?;
    for line in &lines {
        output.text(&line_text(line, output));
        checks_below(line.question, &verification, output);
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
        Answer::Erased => "verify.erased",
    };
    let of_checks = line.ok + line.failed + line.not_checked + line.erased;
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

/// The checks of a question that failed or whose matter was erased, up to a limit; of witnesses, time stamps
/// and acts of custody every one, because each is another person's word.
fn checks_below(question: Question, verification: &Verification, output: &Output) {
    let is_by_others = matches!(question, Question::Witnesses | Question::Time | Question::Custody);
    let shown: Vec<_> = verification
        .checks
        .iter()
        .filter(|check| Question::of(&check.code) == question)
        .filter(|check| {
            matches!(check.state, State::Failed | State::Erased)
                || (is_by_others && check.code != "custody_chain")
        })
        .collect();
    if let [only] = shown[..]
        && only.state != State::Failed
    {
        // The line above says it all.
        return;
    }
    for check in shown.iter().take(MAX_SHOWN) {
        let state = match check.state {
            State::Ok => "verify.ok",
            State::Failed => "verify.failed",
            State::NotChecked => "verify.not_checked",
            State::Erased => "verify.erased",
        };
        let arguments = [
            ("state", output.messages.text(state).trim_end().to_owned()),
            ("what", output.messages.text(&format!("check.{}", check.code))),
            ("subject", check.subject.clone()),
            ("detail", check.detail.clone()),
        ];
        output.text(&output.messages.get("verify.check", &arguments));
    }
    if shown.len() > MAX_SHOWN {
        let count = shown.len() - MAX_SHOWN;
        output.text(&output.messages.get("verify.more", &[("count", count)]));
    }
}

/// A policy of logs and witnesses (C2SP tlog-policy), or log keys alone, one a line.
fn read_policy(path: &Path) -> anyhow::Result<(Policy, WitnessJudge)> {
    let unusable = || format!("the policy {} cannot be used", path.display());
    let bytes = read_limited(path, MAX_POLICY_BYTES as u64)?
        .ok_or_else(|| anyhow!("there is no policy {}", path.display()))?;
    let full = match policy::Policy::parse(&bytes) {
        Ok(full) => full,
        Err(error) => {
            let keys: Result<Policy, _> = std::str::from_utf8(&bytes).with_context(unusable)?.parse();
            return match keys {
                Ok(keys) => Ok((keys, WitnessJudge::default())),
                Err(_) => Err(error).with_context(unusable),
            };
        }
    };
    let trusted_log_keys = full
        .logs()
        .iter()
        .filter_map(|log| match &log.span.key {
            PublicKey::Ed25519(key) => Some(key.clone()),
            _ => None,
        })
        .collect();
    let keys = Policy {
        trusted_log_keys,
        ..Policy::default()
    };
    Ok((keys, WitnessJudge { policy: Some(full) }))
}
