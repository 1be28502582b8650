//! What a change must pass: fmt, tidy, clippy, test, features, doc, deny.
//!
//! In:  the workspace, and optionally the names of steps.
//! Out: every step with its time, and a summary at the end; 0 only when all passed.
//!
//! Invariant: a failed step does not hide the ones after it. What could not be checked is said in the summary.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Options, Stop, machine, step, tasks, tidy};

/// The version of cargo-deny that reads our `deny.toml`.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// The steps in their order: quick ones first.
const STEPS: [&str; 7] = ["fmt", "tidy", "clippy", "test", "features", "doc", "deny"];

/// The crates whose behaviour depends on a feature that is off by default (`c2pa`, `ml-dsa`).
const WITH_FEATURES: [&str; 4] = [
    "quanlian",
    "quanlian-provenance",
    "quanlian-tlog",
    "quanlian-witness",
];

pub(crate) fn run(root: &Path, options: &Options) -> Result<u8, Stop> {
    if let Some(unknown) = options.names.iter().find(|name| !STEPS.contains(&name.as_str())) {
        return Err(Stop::BadUse(format!(
            "`{unknown}` is not a step; there are: {}",
            STEPS.join(", ")
        )));
    }
    let chosen = |step: &&str| options.names.is_empty() || options.names.iter().any(|name| name == step);
    let mut outcomes = Vec::new();
    for name in STEPS.iter().filter(|step| chosen(step)) {
        let mut notice = None;
        let mut work = || match *name {
            "fmt" => step::command(step::cargo(root).args(["fmt", "--all", "--check"])),
            "tidy" => Ok(tidy::report(root)? == 0),
            "clippy" => clippy(root),
            "test" => {
                tasks::prepare_for_tests(options)?;
                tasks::workspace_tests(root, &[])
            }
            "features" => features(root),
            "doc" => docs(root),
            _ => deny(root, options, &mut notice),
        };
        let mut outcome = step::run(name, || work().or_else(a_step_that_cannot_run_has_failed))?;
        outcome.notice = notice;
        outcomes.push(outcome);
    }
    eprintln!("\nSummary");
    for outcome in &outcomes {
        eprintln!("  {}", step::line(outcome));
    }
    Ok(if outcomes.iter().all(|outcome| outcome.passed) {
        0
    } else {
        crate::FAILED
    })
}

/// The steps after it still run, so the reason is said here and not by `main`.
fn a_step_that_cannot_run_has_failed(stop: Stop) -> Result<bool, Stop> {
    match stop {
        Stop::Machine(why) => {
            eprintln!("{why}");
            Ok(false)
        }
        Stop::BadUse(_) => Err(stop),
    }
}

fn clippy(root: &Path) -> Result<bool, Stop> {
    let mut cargo = step::cargo(root);
    cargo.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    step::command(&mut cargo)
}

/// What is off by default: lints of the whole with every feature, and the tests of the crates that have some.
fn features(root: &Path) -> Result<bool, Stop> {
    let mut lints = step::cargo(root);
    lints.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
    ]);
    lints.args(["--", "-D", "warnings"]);
    let mut tests = step::cargo(root);
    tests.args(["test", "--locked", "--no-fail-fast", "--all-features"]);
    for name in WITH_FEATURES {
        tests.args(["-p", name]);
    }
    let clean = step::command(&mut lints)?;
    Ok(step::command(&mut tests)? && clean)
}

fn docs(root: &Path) -> Result<bool, Stop> {
    let mut cargo = step::cargo(root);
    cargo
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings");
    step::command(&mut cargo)
}

/// Licences, banned crates and sources always; advisories when their database can be had.
fn deny(root: &Path, options: &Options, notice: &mut Option<String>) -> Result<bool, Stop> {
    let Some(program) = cargo_deny(root, options)? else {
        *notice = Some("cargo-deny is not installed and --no-install was given: nothing checked".into());
        return Ok(false);
    };
    let mut rules = Command::new(&program);
    let rules_hold = step::command(rules.current_dir(root).args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))?;
    let mut advisories = Command::new(&program);
    advisories
        .current_dir(root)
        .args(["--locked", "check", "advisories"])
        .stdin(Stdio::null());
    let output = advisories
        .output()
        .map_err(|e| Stop::Machine(format!("cannot start cargo-deny: {e}")))?;
    let talk = String::from_utf8_lossy(&output.stderr);
    eprint!("{talk}");
    if !output.status.success() && database_is_out_of_reach(&talk) {
        *notice = Some("ADVISORIES NOT CHECKED: their database cannot be fetched from here".into());
        return Ok(rules_hold);
    }
    Ok(rules_hold && output.status.success())
}

/// Whether cargo-deny failed for want of the advisory database and not because of an advisory.
fn database_is_out_of_reach(talk: &str) -> bool {
    talk.contains("failed to fetch advisory database") || talk.contains("failed to load advisory database")
}

/// cargo-deny from the path or from `.tools`, built into `.tools` when there is none.
fn cargo_deny(root: &Path, options: &Options) -> Result<Option<PathBuf>, Stop> {
    let own = root.join(".tools/bin/cargo-deny");
    if let Some(found) = machine::find_program("cargo-deny").or_else(|| own.is_file().then(|| own.clone())) {
        return Ok(Some(found));
    }
    if options.no_install {
        return Ok(None);
    }
    eprintln!(
        "cargo-deny is missing; building version {CARGO_DENY_VERSION} into .tools, which takes minutes."
    );
    let mut install = step::cargo(root);
    install.args([
        "install",
        "cargo-deny",
        "--locked",
        "--version",
        CARGO_DENY_VERSION,
        "--root",
        ".tools",
    ]);
    if step::command(&mut install)? {
        Ok(Some(own))
    } else {
        Err(Stop::Machine(
            "cargo-deny could not be built; see the lines above".into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_bad_use() {
        let options = Options {
            names: vec!["clipy".into()],
            ..Options::default()
        };
        assert!(
            matches!(run(Path::new("/"), &options), Err(Stop::BadUse(why)) if why.contains("fmt, tidy, clippy"))
        );
    }

    #[test]
    fn a_real_advisory_is_not_taken_for_a_missing_database() {
        assert!(database_is_out_of_reach(
            "error[x]: failed to fetch advisory database https://…"
        ));
        assert!(!database_is_out_of_reach(
            "error[vulnerability]: RUSTSEC-2024-0001 in foo 1.0.0"
        ));
    }
}
