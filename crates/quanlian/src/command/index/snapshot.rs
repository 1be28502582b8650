//! `quanlian index snapshot|fetch`: one state of an index kept elsewhere, and an index made of it again.
//!
//! In:  the folder of an index; a folder or `s3://BUCKET/PREFIX`.
//! Out: there, what was not there yet; here, an index that is as it was.

use std::{path::Path, process::ExitCode, sync::atomic::Ordering};

use anyhow::Context;
use quanlian_match::collection::{Collection, CollectionError, Inventory, StoredFile};
use quanlian_store::{
    ObjectId,
    lock::LockAddress,
    snapshot::{FolderSnapshots, S3Snapshots, SnapshotError, Snapshots},
};
use serde::Serialize;

use super::blamed;
use crate::{
    cli::{IndexFetch, IndexSnapshot},
    evidence::lock_record,
    fault::{Blame, Fault, Outcome},
    interrupt,
    output::Output,
};

/// What a snapshot did.
#[derive(Debug, Serialize)]
struct Report {
    place: String,
    generation: u64,
    /// Files that were sent.
    sent: u64,
    sent_bytes: u64,
    /// Files that were there already.
    kept: u64,
    kept_bytes: u64,
}

/// `index snapshot`
pub(in crate::command) fn take(arguments: &IndexSnapshot, output: &Output) -> Outcome {
    let stopped = interrupt::flag().system()?;
    let place = place(&arguments.to)?;
    let inventory = Inventory::take(&arguments.index).map_err(blamed)?;
    let bar = output.progress(
        "progress.snapshot",
        inventory.files.iter().map(|file| file.bytes).sum(),
    );
    let mut report = Report {
        place: place.name().to_owned(),
        generation: inventory.generation,
        sent: 0,
        sent_bytes: 0,
        kept: 0,
        kept_bytes: 0,
    };
    for file in &inventory.files {
        let id = id_of(file)?;
        if place.has(id, file.bytes).map_err(at_fault)? {
            report.kept += 1;
            report.kept_bytes += file.bytes;
        } else {
            place
                .put(id, &arguments.index.join(&file.name))
                .map_err(at_fault)?;
            report.sent += 1;
            report.sent_bytes += file.bytes;
        }
        bar.inc(file.bytes);
        if stopped.load(Ordering::SeqCst) {
            bar.finish_and_clear();
            return Err(Fault::System(anyhow::anyhow!(
                "the work was stopped; what was sent stays for the next time, the last whole snapshot is as it was"
            )));
        }
    }
    place
        .put_manifest(inventory.generation, &inventory.manifest)
        .map_err(at_fault)?;
    bar.finish_and_clear();
    output.document(&report).system()?;
    output.text(&output.messages.get(
        "index.snapshot",
        &[
            ("place", report.place.clone()),
            ("generation", report.generation.to_string()),
            ("sent", report.sent.to_string()),
            ("sent_bytes", report.sent_bytes.to_string()),
            ("kept", report.kept.to_string()),
        ],
    ));
    Ok(ExitCode::SUCCESS)
}

/// `index fetch`
pub(in crate::command) fn fetch(arguments: &IndexFetch, output: &Output) -> Outcome {
    let stopped = interrupt::flag().system()?;
    let place = place(&arguments.from)?;
    let manifest = place.manifest(arguments.generation).map_err(at_fault)?;
    let bar = output.progress("progress.fetch", 0);
    let report = Collection::install(&arguments.index, &manifest, &mut |file, path| {
        if stopped.load(Ordering::SeqCst) {
            return Err("stopped".into());
        }
        bar.inc_length(file.bytes);
        place.get(file.sha256.parse()?, file.bytes, path)?;
        bar.inc(file.bytes);
        Ok(())
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| match error {
        // The manifest came from elsewhere, and so did what is wrong with it.
        CollectionError::Damaged { .. } => Fault::BadInput(error.into()),
        error => blamed(error),
    })?;
    output.document(&report).system()?;
    output.text(&output.messages.get(
        "index.fetched",
        &[
            ("index", arguments.index.display().to_string()),
            ("generation", report.generation.to_string()),
            ("fetched", report.fetched.to_string()),
            ("fetched_bytes", report.fetched_bytes.to_string()),
            ("kept", report.kept.to_string()),
        ],
    ));
    Ok(ExitCode::SUCCESS)
}

fn place(named: &str) -> Result<Box<dyn Snapshots>, Fault> {
    if !named.starts_with("s3://") {
        return Ok(Box::new(FolderSnapshots::new(Path::new(named))));
    }
    // The text is not repeated: there may be a secret in it.
    let context = "the place of the snapshot cannot be used";
    match lock_record::parse(named).context(context).bad_input()? {
        LockAddress::S3(address) => Ok(Box::new(
            S3Snapshots::open(&address, None).context(context).bad_input()?,
        )),
        _ => Err(Fault::BadInput(anyhow::anyhow!(context))),
    }
}

fn id_of(file: &StoredFile) -> Result<ObjectId, Fault> {
    file.sha256
        .parse()
        .with_context(|| format!("the index gives no digest of {}", file.name))
        .system()
}

fn at_fault(error: SnapshotError) -> Fault {
    match error {
        SnapshotError::NoSnapshot { .. } | SnapshotError::Denied { .. } => Fault::BadInput(error.into()),
        error => Fault::System(error.into()),
    }
}
