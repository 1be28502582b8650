//! `quanlian timestamp renew`: evidence records that outlive certificates and digests (RFC 4998).
//!
//! In:  tokens or records, and for a newer digest the files that they are about.
//! Out: a record for each, all renewed by one time-stamp; request and answer are kept beside them.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use quanlian_timestamp::{
    algorithm::DigestAlgorithm,
    folder,
    record::{EvidenceRecord, HashTree, MAX_RECORD_BYTES, Stamp},
    response::Response,
    verify::{Stamped, Trust, verify},
};
use serde::Serialize;

use super::{MAX_STAMPED_BYTES, ask, is_answer, now, read, report, write_new};
use crate::{
    cli::timestamp::Renew,
    fault::{Blame, Outcome, answer_no},
    output::Output,
};

/// A record before it is renewed.
struct Old {
    record: EvidenceRecord,
    /// The newer digest of the file, when there is one to be used.
    document: Option<Vec<u8>>,
    out: PathBuf,
}

#[derive(Serialize)]
struct Renewed {
    records: Vec<PathBuf>,
    stamps: usize,
}

/// Runs `timestamp renew`.
pub(crate) fn run(arguments: &Renew, output: &Output) -> Outcome {
    let olds = open(arguments).bad_input()?;
    let (algorithm, leaves) = leaves(&olds, arguments.hash).bad_input()?;
    let tree = HashTree::of(algorithm, leaves).bad_input()?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make the folder {}", arguments.out.display()))
        .bad_input()?;
    let kept = arguments.out.join("tsa");
    let numbers = ask(&arguments.authorities, &tree.root(), &kept, output)?;
    // One token renews; the first authority in the order of the arguments whose answer holds.
    let stamps = folder::load(&kept).system()?;
    let root = tree.root();
    let good = stamps.iter().find(|kept| {
        let evidence = kept.evidence(
            Some(Stamped::Imprint(&root)),
            jiff::SignedDuration::MAX,
            Some(now()),
        );
        numbers.contains(&kept.number) && is_answer(&verify(&evidence, &Trust::default()))
    });
    let token = good.and_then(|kept| Response::from_bytes(&kept.response).ok()?.token);
    let Some(token) = token else {
        let stamps: Vec<_> = stamps
            .into_iter()
            .filter(|kept| numbers.contains(&kept.number))
            .collect();
        report::print_unanswered(&stamps, &root, output);
        return Ok(answer_no());
    };
    let mut renewed = Renewed {
        records: Vec::new(),
        stamps: 0,
    };
    for (leaf, old) in olds.into_iter().enumerate() {
        let mut record = old.record;
        let stamp = Stamp {
            tree: &tree,
            leaf,
            token: &token,
        };
        match &old.document {
            Some(document) => record.rehash(document, stamp),
            None => record.renew(stamp),
        }
        .system()?;
        write_new(&old.out, &record.to_der()).bad_input()?;
        renewed.stamps = renewed.stamps.max(record.stamps());
        output.text(&output.messages.get(
            "timestamp.renewed",
            &[
                ("path", old.out.display().to_string()),
                ("stamps", record.stamps().to_string()),
            ],
        ));
        renewed.records.push(old.out);
    }
    output.document(&renewed).system()?;
    Ok(ExitCode::SUCCESS)
}

fn open(arguments: &Renew) -> anyhow::Result<Vec<Old>> {
    if arguments.hash.is_some() {
        anyhow::ensure!(
            arguments.over.len() == arguments.records.len(),
            "a newer digest needs the file of each record: {} records, {} files",
            arguments.records.len(),
            arguments.over.len()
        );
    }
    let mut olds = Vec::new();
    for (at, path) in arguments.records.iter().enumerate() {
        let bytes = read(path, MAX_RECORD_BYTES)?;
        let record = match EvidenceRecord::from_bytes(&bytes) {
            Ok(record) => record,
            Err(_) => begin(&bytes).with_context(|| format!("{} cannot be renewed", path.display()))?,
        };
        let document = match (arguments.hash, arguments.over.get(at)) {
            (Some(algorithm), Some(file)) => Some(algorithm.digest(&read(file, MAX_STAMPED_BYTES)?)),
            _ => None,
        };
        let name = path.file_stem().context("a record has a file name")?;
        let out = arguments.out.join(name).with_extension("ers");
        anyhow::ensure!(
            !out.try_exists()? && !olds.iter().any(|old: &Old| old.out == out),
            "{} is taken: nothing is overwritten",
            out.display()
        );
        olds.push(Old {
            record,
            document,
            out,
        });
    }
    Ok(olds)
}

/// A record that begins with a token from before.
fn begin(bytes: &[u8]) -> anyhow::Result<EvidenceRecord> {
    let response =
        Response::from_bytes(bytes).context("it is neither an evidence record nor a time-stamp")?;
    let token = response
        .token
        .context("the authority refused: there is no token in it")?;
    Ok(EvidenceRecord::from_token(&token)?)
}

fn leaves(olds: &[Old], hash: Option<DigestAlgorithm>) -> anyhow::Result<(DigestAlgorithm, Vec<Vec<u8>>)> {
    let mut leaves = Vec::new();
    let mut used = hash;
    for old in olds {
        if let (Some(document), Some(algorithm)) = (&old.document, hash) {
            leaves.push(old.record.rehash_leaf(algorithm, document));
        } else {
            let (algorithm, leaf) = old.record.renewal_leaf()?;
            anyhow::ensure!(
                *used.get_or_insert(algorithm) == algorithm,
                "the records use different digests; renew them one digest at a time, or all with --hash"
            );
            leaves.push(leaf);
        }
    }
    Ok((used.context("there is nothing to renew")?, leaves))
}
