//! `quanlian admin check-trail|prune-trail`: is every line of the audit trail still there, as it was written? And those whose time is
//! over go.
//!
//! In:  the database of a platform, and its evidence log where the folder is at hand; both may be in use.
//! Out: what was looked at, and everything that is not as it was written; exit 1 when there is something. What was pruned.
//!
//! Invariant: before something is pruned a line of the trail says who does it and what.
//!
//! Not here: how it is checked and pruned (`quanlian-store::trail`); the log itself (`log fsck`).

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::{RecordId, StrandId},
    time::Timestamp,
};
use quanlian_server::retention::Retention;
use quanlian_store::{
    TrailStore as _,
    trail::{
        KIND, Leaves, PRUNED, Strand,
        check::{self, Finding, From, Part},
        prune::{self, Prunable},
    },
};
use serde::Serialize;
use serde_json::json;

use super::{
    log::read_key,
    platform::{configured, open_existing},
};
use crate::{
    cli::platform::{AdminCheckTrail, AdminPruneTrail},
    evidence::{LogBeside, operator},
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
    let configuration = configured(&arguments.place, output)?;
    let database = open_existing(&configuration, output).await.bad_input()?;
    let evidence = configuration.data().join("evidence");
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

#[derive(Serialize)]
struct Pruned {
    database: String,
    before: String,
    is_done: bool,
    strands: Vec<Prunable>,
}

/// Runs `admin prune-trail`.
pub(super) async fn prune(arguments: &AdminPruneTrail, output: &Output) -> Outcome {
    let now = Timestamp::now();
    let before = Timestamp::start_of_legal_day(arguments.before).bad_input()?;
    let retention = Retention::embedded().system()?;
    if before > retention.kept_since(now) {
        let last = retention.kept_since(now).legal_day();
        let days = retention.days;
        return Err(anyhow!(
            "lines are kept for {days} days (policies/retention.toml); `--before` is {last} at the latest"
        ))
        .bad_input();
    }
    let configuration = configured(&arguments.place, output)?;
    let database = open_existing(&configuration, output).await.bad_input()?;
    let strands = prune::prunable(&database, before).await;
    let strands = strands.context("the audit trail cannot be read").system()?;
    if !arguments.dry_run {
        // The lines that say so come first, in a strand of their own.
        let records: Vec<Record> = strands.iter().map(|one| statement(one, now)).collect();
        let mut head = Strand::begin(StrandId::fresh(now));
        for (one, record) in strands.iter().zip(&records) {
            let written = database.append_lines(head, std::slice::from_ref(record)).await;
            head = written
                .context("nothing was pruned: the audit trail takes no line")
                .system()?;
            let pruned = prune::prune(&database, one, now, record.id).await;
            pruned
                .context("not everything was pruned; call it again to go on")
                .system()?;
        }
    }
    for one in &strands {
        let key = if arguments.dry_run {
            "trail.would_prune"
        } else {
            "trail.did_prune"
        };
        let (strand, through, lines) = (
            one.strand.to_string(),
            one.through.to_string(),
            one.lines.to_string(),
        );
        output.say(
            key,
            &[("strand", &strand), ("through", &through), ("lines", &lines)],
        );
    }
    if strands.is_empty() {
        output.say::<&str>("trail.nothing_to_prune", &[]);
    }
    let report = Pruned {
        database: database.place().to_owned(),
        before: arguments.before.to_string(),
        is_done: !arguments.dry_run,
        strands,
    };
    output.document(&report).system()?;
    Ok(ExitCode::SUCCESS)
}

/// The line that says what is pruned, and by whom.
fn statement(what: &Prunable, now: Timestamp) -> Record {
    Record {
        v: ENVELOPE_VERSION,
        id: RecordId::fresh(now),
        kind: KIND.to_owned(),
        recorded_at: now,
        actor: format!("machine/{}", operator()),
        supersedes: None,
        body: json!({
            "action": PRUNED,
            "object": {"kind": "strand", "id": what.strand, "through": what.through, "lines": what.lines},
            "result": "done",
            "why": ["retention"],
            "by": "command_line",
            "address": "",
            "purpose": null,
        }),
    }
}
