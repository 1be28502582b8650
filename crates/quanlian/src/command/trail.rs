//! `quanlian admin check-trail`: is every line of the audit trail still there, as it was written?
//!
//! In:  the database of a platform, and its evidence log where the folder is at hand; both may be in use.
//! Out: what was looked at, and everything that is not as it was written; exit 1 when there is something.
//!
//! Not here: how it is checked (`quanlian-store::trail::check`); the log itself (`log fsck`).

use std::process::ExitCode;

use anyhow::Context;
use quanlian_store::trail::{
    Leaves,
    check::{self, Finding, From, Part},
};
use serde::Serialize;

use super::{log::read_key, platform::open_existing};
use crate::{
    cli::platform::AdminCheckTrail,
    evidence::LogBeside,
    fault::{Blame, Outcome, answer_no},
    output::Output,
};

/// Rows between two looks at the progress.
const STEP: u64 = 20_000;

#[derive(Serialize)]
struct Report {
    database: String,
    /// The name of the log; null when none was at hand.
    log: Option<String>,
    sound: bool,
    #[serde(flatten)]
    part: Part,
}

/// Runs `admin check-trail`.
pub(super) async fn check(arguments: &AdminCheckTrail, output: &Output) -> Outcome {
    let database = open_existing(&arguments.place, output).await.bad_input()?;
    let evidence = arguments.place.data.join("evidence");
    let log = if evidence.join("log.vkey").is_file() {
        let key = read_key(&evidence, None).bad_input()?;
        let opened = LogBeside::open(&evidence, key);
        let opened =
            opened.with_context(|| format!("cannot read the evidence log in {}", evidence.display()));
        Some(opened.system()?)
    } else {
        None
    };
    let leaves = log.as_ref().map(|log| log as &dyn Leaves);
    let bar = output.progress("admin.checking", 0);
    let (mut part, mut from) = (Part::default(), From::default());
    loop {
        let step = check::check(&database, leaves, &from, STEP).await;
        part.add(
            step.context("the audit trail was not checked to its end")
                .system()?,
        );
        let done = part.lines + part.records + part.entries;
        bar.set_length(done);
        bar.set_position(done);
        match part.next.take() {
            Some(next) => from = next,
            None => break,
        }
    }
    bar.finish_and_clear();
    tell(&part, leaves.map(Leaves::name), output);
    let sound = part.is_sound();
    let report = Report {
        database: database.place().to_owned(),
        log: leaves.map(|log| log.name().to_owned()),
        sound,
        part,
    };
    output.document(&report).system()?;
    Ok(if sound { ExitCode::SUCCESS } else { answer_no() })
}

fn tell(part: &Part, log: Option<&str>, output: &Output) {
    for finding in &part.findings {
        output.text(&sentence(finding, output));
    }
    if part.more_findings > 0 {
        output.say("trail.more", &[("count", part.more_findings)]);
    }
    for pruned in &part.pruned {
        let through = pruned.through.to_string();
        let strand = pruned.strand.to_string();
        output.say(
            "trail.pruned",
            &[
                ("strand", strand.as_str()),
                ("through", &through),
                ("at", &pruned.at),
            ],
        );
    }
    let counts = [
        ("strands", part.strands),
        ("lines", part.lines),
        ("anchored", part.anchored),
        ("anchors", part.anchors),
        ("in_log", part.in_log),
    ];
    output.say("trail.counts", &counts);
    if log.is_none() {
        output.say::<&str>("trail.no_log", &[]);
    }
    if part.is_sound() {
        output.say::<&str>("trail.sound", &[]);
    }
}

/// What was done, where, and to which record.
fn sentence(finding: &Finding, output: &Output) -> String {
    let word = serde_json::to_value(finding.what).ok();
    let word = word
        .as_ref()
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let mut sentence = output.messages.text(&format!("trail.{word}"));
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            sentence.push_str(&output.messages.get(&format!("trail.{key}"), &[("value", value)]));
        }
    };
    add("of_strand", finding.strand.map(|strand| strand.to_string()));
    add("from_line", finding.number.map(|number| number.to_string()));
    add("through_line", finding.through.map(|number| number.to_string()));
    add("of_record", finding.record.map(|record| record.to_string()));
    add("of_entry", finding.log_index.map(|index| index.to_string()));
    sentence
}
