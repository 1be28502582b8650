//! Sealing without a key that both sides have: ask blindly, answer and count, seal with the answer.
//!
//! In:  a tree and the other side's statement; a request; an answer.
//! Out: a request, an answer with a record of it, a sealed file.
//!
//! Invariants: a key answers no more elements in all than `--at-most`, and each answer is recorded before it is written; the
//! same request is answered again without counting twice, as the other side learns nothing new from it.
//!
//! Not here: the function and its proofs (`quanlian-sealed`).

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use quanlian_evidence::vault::{Outside as _, System};
use quanlian_record::time::Timestamp;
use quanlian_sealed::{Answer, MAX_ELEMENTS, ObliviousKey, OwnerKey, Pace, PublicKey, Request, SealedError};
use serde::{Deserialize, Serialize};

use super::{
    beside, existing, key_text, of_file, owner_key_at, random, read_json, refuse_existing, said, tree,
    write_json, write_sealed,
};
use crate::{
    cli::{Blind, Evaluate, Finish},
    fault::{Blame, Fault, Outcome},
    files, interrupt,
    output::Output,
};

/// The largest request or answer: 32 bytes an element, and proofs.
const MAX_EXCHANGE_BYTES: u64 = 36 * MAX_ELEMENTS as u64;

/// Of the other side's statement what a request needs.
#[derive(Debug, Deserialize)]
struct Promise {
    #[serde(default)]
    oblivious_public_key: Option<String>,
}

/// What a request is known by.
#[derive(Debug, Serialize)]
struct RequestReport {
    /// BLAKE3 of the request.
    request: String,
    /// With those that mean nothing.
    elements: usize,
    oblivious_public_key: String,
}

/// What was ever answered with a key; stands beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    requests: Vec<AnsweredRequest>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnsweredRequest {
    /// BLAKE3 of the request.
    request: String,
    elements: u64,
    at: Timestamp,
}

/// What an answer was.
#[derive(Debug, Serialize)]
struct AnswerReport {
    #[serde(flatten)]
    request: RequestReport,
    /// With this key, in all requests so far.
    elements_in_all: u64,
    at_most: u64,
}

/// `seal blind`.
pub(super) fn blind(arguments: &Blind, output: &Output) -> Outcome {
    refuse_existing(&arguments.out)?;
    let promise: Promise = read_json(&arguments.statement)?;
    let public = promise.oblivious_public_key.with_context(|| {
        format!(
            "{} names no oblivious key: it was sealed with a case key (`quanlian seal key --oblivious` makes the other)",
            arguments.statement.display()
        )
    });
    let public = PublicKey::parse(&public.bad_input()?)
        .with_context(|| format!("cannot use {}", arguments.statement.display()))
        .bad_input()?;
    let owner_path = (arguments.owner_key.clone()).unwrap_or_else(|| beside(&arguments.out, "owner-key"));
    let (set, _) = tree(&arguments.path, output)?;
    let owner = owner_key_at(&owner_path)?;
    let grams: Vec<u64> = set.grams.keys().copied().collect();
    let mut id = [0; 16];
    System.fill(&mut id);
    let bytes = paced("progress.blind", output, |pace| {
        quanlian_sealed::blind(&grams, public, &owner, id, pace)
    })?;
    files::replace_durably(&arguments.out, &bytes).system()?;
    let report = RequestReport::of(&request(output, &bytes, &arguments.out)?);
    output.document(&report).system()?;
    output.line(&report).system()?;
    output.say(
        "seal.blinded",
        &[
            ("elements", report.elements.to_string()),
            ("out", arguments.out.display().to_string()),
            ("owner_key", owner_path.display().to_string()),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// `seal evaluate`.
pub(super) fn evaluate(arguments: &Evaluate, output: &Output) -> Outcome {
    refuse_existing(&arguments.out)?;
    let key = ObliviousKey::parse(&key_text(&arguments.key)?)
        .with_context(|| format!("cannot use {}", arguments.key.display()))
        .bad_input()?;
    let bytes = existing(&arguments.request, MAX_EXCHANGE_BYTES)?;
    let asked = request(output, &bytes, &arguments.request)?;
    let report = RequestReport::of(&asked);
    let record_path = beside(&arguments.key, "answered.json");
    let mut record: Answered = if record_path.try_exists().system()? {
        read_json(&record_path)?
    } else {
        Answered::default()
    };
    let elements = report.elements as u64;
    let before: u64 = record.requests.iter().map(|of| of.elements).sum();
    let is_known = record.requests.iter().any(|of| of.request == report.request);
    let in_all = if is_known {
        before
    } else {
        before.saturating_add(elements)
    };
    if in_all > arguments.at_most {
        return Err(anyhow::anyhow!(
            "{} asks for {elements} elements; with the {before} answered before that is more than {} (--at-most). Each lets \
             the other side try one guess",
            arguments.request.display(),
            arguments.at_most
        ))
        .bad_input();
    }
    let seed = random();
    let answer = paced("progress.evaluate", output, |pace| {
        key.answer(&asked, &seed, pace)
    })?;
    if !is_known {
        record.requests.push(AnsweredRequest {
            request: report.request.clone(),
            elements,
            at: System.now(),
        });
        write_json(&record_path, &record)?;
    }
    files::replace_durably(&arguments.out, &answer).system()?;
    let report = AnswerReport {
        request: report,
        elements_in_all: in_all,
        at_most: arguments.at_most,
    };
    output.document(&report).system()?;
    output.line(&report).system()?;
    output.say(
        "seal.evaluated",
        &[
            ("elements", elements.to_string()),
            ("all", in_all.to_string()),
            ("most", arguments.at_most.to_string()),
            ("out", arguments.out.display().to_string()),
            ("record", record_path.display().to_string()),
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// `seal finish`.
pub(super) fn finish(arguments: &Finish, output: &Output) -> Outcome {
    refuse_existing(&arguments.out)?;
    let owner_path = (arguments.owner_key.clone()).unwrap_or_else(|| beside(&arguments.request, "owner-key"));
    let owner = OwnerKey::parse(&key_text(&owner_path)?)
        .with_context(|| format!("cannot use {}", owner_path.display()))
        .bad_input()?;
    let asked = existing(&arguments.request, MAX_EXCHANGE_BYTES)?;
    let asked = request(output, &asked, &arguments.request)?;
    let answer = existing(&arguments.answer, MAX_EXCHANGE_BYTES)?;
    let answer = Answer::parse(&answer)
        .map_err(|error| of_file(output, &error, &arguments.answer))
        .bad_input()?;
    let tree = tree(&arguments.path, output)?;
    let grams: Vec<u64> = tree.0.grams.keys().copied().collect();
    let tags = paced("progress.finish", output, |pace| {
        asked.finish(&answer, &grams, &owner, pace)
    })?;
    let public = Some(asked.public_key().to_hex());
    write_sealed(&arguments.out, tree, &tags, public, (&owner, owner_path), output)
}

impl RequestReport {
    fn of(request: &Request<'_>) -> Self {
        Self {
            request: request.digest_hex(),
            elements: request.element_count(),
            oblivious_public_key: request.public_key().to_hex(),
        }
    }
}

fn request<'a>(output: &Output, bytes: &'a [u8], path: &Path) -> Result<Request<'a>, Fault> {
    Request::parse(bytes)
        .map_err(|error| of_file(output, &error, path))
        .bad_input()
}

/// Runs a long step with a bar; Ctrl-C ends it with nothing written.
pub(super) fn paced<R>(
    key: &str,
    output: &Output,
    step: impl FnOnce(Pace<'_>) -> Result<Option<R>, SealedError>,
) -> Result<R, Fault> {
    let stopped = interrupt::flag().system()?;
    let bar = output.progress(key, 0);
    let made = step(Pace {
        done: &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        },
        stop: &|| stopped.load(Ordering::SeqCst),
    });
    bar.finish_and_clear();
    made.map_err(|error| said(output, &error))
        .bad_input()?
        .context("stopped; nothing was written")
        .bad_input()
}
