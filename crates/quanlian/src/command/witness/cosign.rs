//! `quanlian log cosign`: the witnesses of a policy see the newest head of the log.
//!
//! In:  a data folder with a log, a policy with witnesses and their addresses.
//! Out: `log.cosigned`, the newest head with its cosignatures, beside the log; one line a witness.
//!      Exit 0 when the quorum is reached, 1 when it is not or a witness saw another log.
//!
//! The log may be in use: only what it has published is read.
//!
//! Invariant: a head with a quorum is never replaced by one without.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    hash::HASH_BYTES,
    merkle::consistency_proof,
    note::{MAX_NOTE_BYTES, Note, VerifierKey},
    policy::{Policy, PolicyReport, Quorum, WitnessState},
    tile::{TilePath, TileTree},
};
use quanlian_witness::{
    gather::{Asked, cosigned_note, gather},
    http::HttpClient,
};
use serde::Serialize;

use super::read_policy;
use crate::{
    cli::LogCosign,
    fault::{Blame, Fault, Outcome, answer_no},
    files::{read_limited, replace_durably},
    output::{self, Output},
};

#[derive(Serialize)]
struct Report {
    origin: String,
    size: u64,
    root: String,
    /// Whether the quorum of the policy is reached.
    quorum_reached: bool,
    /// Name of the witness or group that decides; absent when none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<String>,
    /// What the policy says about the log itself.
    log: &'static str,
    witnesses: Vec<WitnessLine>,
    groups: Vec<GroupLine>,
    /// Where the note is kept; absent when an older one with a quorum was left there.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

#[derive(Serialize)]
struct WitnessLine {
    name: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What the note holds: `cosigned`, `absent` or `bad_signature`.
    state: &'static str,
    /// The time that the witness states, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_s: Option<u64>,
    /// What it answered this time: `cosigned`, `no_address`, or the code of a failure.
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The log was rolled back or forked, or the witness lies.
    alarm: bool,
}

#[derive(Serialize)]
struct GroupLine {
    name: String,
    witnessed: usize,
    threshold: usize,
    members: usize,
}

/// A head of the log as the witnesses of a policy have seen it.
pub(crate) struct Cosigned {
    /// The head with the lines that it has.
    pub(crate) note: Note,
    /// What each witness answered this time.
    asked: Vec<Asked>,
    /// What the policy says about the note.
    pub(crate) result: PolicyReport,
    /// Where the note is kept; none when an older one with a quorum was left there.
    kept: Option<PathBuf>,
}

/// Runs `log cosign`.
pub(in crate::command) fn run(arguments: &LogCosign, output: &Output) -> Outcome {
    let policy = read_policy(&arguments.policy).bad_input()?;
    let head = read_head(&arguments.data)?;
    output.say::<&str>("progress.cosign", &[]);
    let timeout = Duration::from_secs(arguments.timeout_s);
    let cosigned = cosign(&arguments.data, &head, &policy, timeout)?;
    let report = report(&head, &cosigned);
    output.document(&report).system()?;
    tell(&report, output);
    let alarmed = report.witnesses.iter().any(|line| line.alarm);
    Ok(if report.quorum_reached && !alarmed {
        ExitCode::SUCCESS
    } else {
        answer_no()
    })
}

/// Has a published head cosigned and keeps the result beside the log.
pub(crate) fn cosign(
    data: &Path,
    head: &SignedCheckpoint,
    policy: &Policy,
    timeout: Duration,
) -> Result<Cosigned, Fault> {
    let public = data.join("log/public");
    let note = Note::parse(head.note()).system()?;
    let kept_at = data.join("log.cosigned");
    let earlier = read_earlier(&kept_at)?;
    let size = head.size();
    let mut tree = TileTree::new(size, |path| read_tile(&public, path));
    let asked = gather(
        &HttpClient::new(timeout),
        policy,
        &note,
        earlier.as_ref(),
        |from| consistency_proof(&mut tree, from, size),
    );
    let cosigned = cosigned_note(&note, policy, earlier.as_ref(), &asked).system()?;
    let result = policy.evaluate(&cosigned);
    let is_better = result.is_cosigned()
        || earlier
            .as_ref()
            .is_none_or(|earlier| !policy.evaluate(earlier).is_cosigned());
    if is_better {
        replace_durably(&kept_at, cosigned.to_string().as_bytes()).system()?;
    }
    Ok(Cosigned {
        note: cosigned,
        asked,
        result,
        kept: is_better.then_some(kept_at),
    })
}

impl Cosigned {
    /// What went wrong with which witness, in one line.
    pub(crate) fn failures(&self) -> String {
        let one = |asked: &Asked| match &asked.answer {
            Some(Err(error)) => Some(format!("{}: {}", asked.name, with_cause(error))),
            Some(Ok(_)) => None,
            None => Some(format!("{}: the policy has no address", asked.name)),
        };
        let failures: Vec<String> = self.asked.iter().filter_map(one).collect();
        failures.join("; ")
    }
}

/// The published head of the log in a data folder, verified by the published key.
fn read_head(data: &Path) -> Result<SignedCheckpoint, Fault> {
    let no_log = || anyhow!("{} holds no evidence log", data.display());
    let key = read_limited(&data.join("log.vkey"), MAX_NOTE_BYTES as u64).bad_input()?;
    let key: VerifierKey = String::from_utf8(key.ok_or_else(no_log).bad_input()?)
        .context("log.vkey is not a key")
        .bad_input()?
        .trim_end()
        .parse()
        .context("log.vkey is not a key")
        .bad_input()?;
    let note = read_limited(&data.join("log/public/checkpoint"), MAX_NOTE_BYTES as u64).bad_input()?;
    let note = String::from_utf8(note.ok_or_else(no_log).bad_input()?)
        .context("the head of the log is not a note")
        .system()?;
    SignedCheckpoint::open(&note, &key)
        .context("the head of the log is not valid")
        .system()
}

/// The note of last time. What cannot be read is said and left alone, not overwritten.
fn read_earlier(path: &Path) -> Result<Option<Note>, Fault> {
    let Some(bytes) = read_limited(path, MAX_NOTE_BYTES as u64).bad_input()? else {
        return Ok(None);
    };
    let damaged = || format!("{} is damaged; move it away", path.display());
    let text = String::from_utf8(bytes).with_context(damaged).bad_input()?;
    Note::parse(&text).map(Some).with_context(damaged).bad_input()
}

fn read_tile(public: &Path, path: TilePath) -> anyhow::Result<Vec<u8>> {
    let file = public.join(path.to_string());
    if let Some(bytes) = read_limited(&file, path.max_bytes())? {
        return Ok(bytes);
    }
    // A full tile takes the place of the partial ones before it.
    let full = path.full();
    let wanted = usize::from(path.width) * HASH_BYTES;
    read_limited(&public.join(full.to_string()), full.max_bytes())?
        .and_then(|bytes| bytes.get(..wanted).map(<[u8]>::to_vec))
        .ok_or_else(|| anyhow!("{} is missing", file.display()))
}

fn report(head: &SignedCheckpoint, cosigned: &Cosigned) -> Report {
    let Cosigned {
        asked, result, kept, ..
    } = cosigned;
    let answers: BTreeMap<String, &Asked> = asked
        .iter()
        .map(|asked| (asked.name.to_string(), asked))
        .collect();
    let witnesses = result.witnesses.iter().map(|line| {
        let asked = answers.get(&line.name.to_string());
        let failure = asked.and_then(|asked| asked.answer.as_ref()?.as_ref().err());
        let answered = asked.is_some_and(|asked| asked.answer.is_some());
        WitnessLine {
            name: line.name.to_string(),
            key: line.key.to_string(),
            url: asked.and_then(|asked| asked.url.clone()),
            state: line.state.code(),
            at_s: match line.state {
                WitnessState::Cosigned { at_s } => at_s,
                _ => None,
            },
            answer: match failure {
                Some(error) => error.code(),
                None if answered => "cosigned",
                None => "no_address",
            },
            detail: failure.map(|error| with_cause(error)),
            alarm: failure.is_some_and(quanlian_tlog::witness::client::AskError::is_alarm),
        }
    });
    Report {
        origin: head.checkpoint().origin.clone(),
        size: head.size(),
        root: head.root().to_hex(),
        quorum_reached: result.is_cosigned(),
        quorum: match &result.quorum {
            Quorum::NotAsked => None,
            Quorum::Asked { name, .. } => Some(name.to_string()),
        },
        log: result.log.code(),
        witnesses: witnesses.collect(),
        groups: result
            .groups
            .iter()
            .map(|line| GroupLine {
                name: line.name.to_string(),
                witnessed: line.witnessed,
                threshold: line.threshold,
                members: line.members,
            })
            .collect(),
        kept: kept.as_ref().map(|path| path.display().to_string()),
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn tell(report: &Report, output: &Output) {
    for line in &report.witnesses {
        let answer = match &line.detail {
            Some(detail) => output::reason(&output.messages, line.answer, detail),
            None => output.messages.text(&format!("cosign.{}", line.answer)),
        };
        output.text(&output.messages.get(
            "cosign.line",
            &[
                ("name", line.name.clone()),
                ("state", output.messages.text(&format!("cosign.{}", line.state))),
                ("answer", answer),
            ],
        ));
        if line.alarm {
            output.say("cosign.alarm", &[("name", line.name.as_str())]);
        }
    }
    for line in &report.groups {
        output.text(&output.messages.get(
            "cosign.group",
            &[
                ("name", line.name.clone()),
                ("witnessed", line.witnessed.to_string()),
                ("threshold", line.threshold.to_string()),
                ("members", line.members.to_string()),
            ],
        ));
    }
    let verdict = match (&report.quorum, report.quorum_reached) {
        (None, true) => "cosign.not_asked",
        (_, true) => "cosign.reached",
        (_, false) => "cosign.missed",
    };
    let size = report.size.to_string();
    output.text(&output.messages.get(verdict, &[("size", size.as_str())]));
    if let Some(path) = &report.kept {
        output.text(&output.messages.get("cosign.kept", &[("path", path.as_str())]));
    }
}
