//! `quanlian verify`: checks an evidence bundle offline.
//!
//! In:  a bundle, and the log keys that the checker trusts.
//! Out: one line a check; exit 0 when every check holds, 1 when one fails.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_evidence::verify::{Policy, State, verify_bundle};
use quanlian_tlog::note::VerifierKey;

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

/// One verifier key a line; empty lines and lines that begin with `#` are passed over.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the policy {}", path.display()))?;
    anyhow::ensure!(
        text.len() as u64 <= MAX_POLICY_BYTES,
        "the policy {} is too large",
        path.display()
    );
    let mut policy = Policy::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key: VerifierKey = line
            .parse()
            .with_context(|| format!("{}, line {}: not a log key", path.display(), number + 1))?;
        policy.trusted_log_keys.push(key);
    }
    anyhow::ensure!(
        !policy.trusted_log_keys.is_empty(),
        "the policy {} names no log key",
        path.display()
    );
    Ok(policy)
}
