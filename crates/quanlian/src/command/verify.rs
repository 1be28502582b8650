//! `quanlian verify`: checks an evidence bundle offline.
//!
//! In:  a bundle, and the log keys that the checker trusts.
//! Out: one line a check; exit 0 when every check holds, 1 when one fails.

use std::{io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_evidence::verify::{Policy, State, verify_bundle};

use crate::{
    cli::Verify as Arguments,
    fault::{Blame, Outcome, answer_no},
    output::Output,
};

/// The largest policy file.
const MAX_POLICY_BYTES: u64 = 1 << 20;

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
    output.document(&verification).system()?;
    for check in &verification.checks {
        let state = match check.state {
            State::Ok => "verify.ok",
            State::Failed => "verify.failed",
            State::NotChecked => "verify.not_checked",
        };
        let what = output.messages.text(&format!("check.{}", check.code));
        output.text(&output.messages.get(
            "verify.line",
            &[
                ("state", output.messages.text(state)),
                ("what", what),
                ("subject", check.subject.clone()),
                ("detail", check.detail.clone()),
            ],
        ));
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

/// A policy as `quanlian-evidence` reads it: log keys, one a line.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_POLICY_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the policy {}", path.display()))?;
    text.parse()
        .with_context(|| format!("the policy {} cannot be used", path.display()))
}
