//! `quanlian bundle`: an evidence bundle of deposits that are there already.
//!
//! In:  ids of deposits, or all of a data folder; where originals lie that it does not keep.
//! Out: one bundle, which has passed its own verification.
//!
//! Invariant: all that can be known beforehand is refused before the log gets an entry: an unknown id, an
//! act that waits for a signature, an original that is not at hand, a file that is there already.
//!
//! Not here: the layout of the bundle (`quanlian_evidence::bundle`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow};
use quanlian_evidence::{
    bundle::{BundleItem, Original},
    content::{Content, MAX_DEPOSIT_BYTES},
    deposit::{Deposit, Receipt},
    vault::{BundleSummary, System, VaultError},
    verify::{Policy, verify_bundle},
};
use quanlian_record::id::DepositId;
use serde::Serialize;

use super::custody::{refused, waiting_words};
use crate::{
    cli::{Attesting, Bundle as Arguments},
    evidence::{Outsiders, Room},
    fault::{Blame, Fault, Outcome},
    files,
    output::{self, Output},
};

/// What `--json` shows.
#[derive(Serialize)]
struct Report {
    bundle: PathBuf,
    id: String,
    sha256: String,
    log: String,
    /// The number of the seal in the log.
    log_index: u64,
    items: Vec<Listed>,
    /// Deposits of the folder that are in no log, and so in no bundle.
    left_out: Vec<DepositId>,
}

/// One item of the bundle.
#[derive(Serialize)]
struct Listed {
    deposit: DepositId,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum What {
    Kept {
        name: String,
        log_index: u64,
        /// Acts of people, signed by both sides.
        acts: usize,
        is_original_included: bool,
    },
    Erased,
}

/// A deposit that was asked for.
enum Asked {
    Kept(Box<(Receipt, Deposit)>),
    Erased,
}

/// Evidence is never written over: whoever names a file that is there is told before any work begins.
pub(super) fn refuse_existing<'a>(
    paths: impl IntoIterator<Item = &'a Path>,
    output: &Output,
) -> Result<(), Fault> {
    for path in paths {
        if std::fs::symlink_metadata(path).is_ok() {
            let said = output
                .messages
                .get("bundle.output_exists", &[("path", path.display())]);
            return Err(Fault::BadInput(anyhow!(said)));
        }
    }
    Ok(())
}

/// Runs `bundle`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let out = &arguments.out;
    refuse_existing([out.as_path(), &beside(out)], output)?;
    let by = arguments.by.clone().unwrap_or_default();
    let mut room = Room::open_existing_as(&arguments.data, &by)?;
    let (ids, is_all) = if arguments.all {
        (all_of(&room, output)?, true)
    } else {
        (arguments.ids.clone(), false)
    };
    let mut asked = Vec::new();
    let mut left_out = Vec::new();
    for id in ids {
        match look_up(&room, id, output)? {
            Ok(found) => asked.push((id, found)),
            // It was begun and never reached the log: nobody was told that it is a deposit.
            Err(VaultError::NoSuchDeposit(_)) if is_all => left_out.push(id),
            Err(error) => return Err(refused(output, error)),
        }
    }
    if asked.is_empty() {
        return Err(Fault::BadInput(anyhow!(output.messages.text("bundle.nothing"))));
    }
    let originals = if arguments.digests_only {
        BTreeMap::new()
    } else {
        originals_of(&room, &asked, &arguments.original, output)?
    };
    let mut items = Vec::new();
    let mut listed = Vec::new();
    for (id, found) in asked {
        let what = match &found {
            Asked::Erased => What::Erased,
            Asked::Kept(kept) => What::Kept {
                name: kept.1.content.name.clone(),
                log_index: kept.0.log_index,
                acts: kept.0.acts.len(),
                is_original_included: !arguments.digests_only,
            },
        };
        listed.push(Listed { deposit: id, what });
        items.push(match found {
            Asked::Erased => BundleItem::Erased(id),
            Asked::Kept(kept) => BundleItem::Kept {
                original: originals
                    .get(&kept.1.content.sha256)
                    .map_or(Original::DigestOnly, |path| Original::File(path.clone())),
                receipt: kept.0,
            },
        });
    }
    let summary = write_verified(
        &mut room,
        items,
        out,
        &arguments.attesting,
        &arguments.data,
        output,
    )?;
    let report = Report {
        bundle: summary.path,
        id: summary.id.to_string(),
        sha256: summary.sha256,
        log: room.log_key(),
        log_index: summary.log_index,
        items: listed,
        left_out,
    };
    output.document(&report).system()?;
    tell(&report, output);
    Ok(ExitCode::SUCCESS)
}

/// Writes a bundle, attested by those who are named, and checks it as a reader would.
pub(super) fn write_verified(
    room: &mut Room,
    items: Vec<BundleItem>,
    out: &Path,
    attesting: &Attesting,
    data: &Path,
    output: &Output,
) -> Result<BundleSummary, Fault> {
    let key = room.vault().log_key().clone();
    let mut outsiders = Outsiders::of(attesting, data, key.clone(), output)?;
    let summary = room.bundle(items, out, &mut System, &mut outsiders, output)?;
    let policy = Policy {
        trusted_log_keys: vec![key],
        ..Policy::default()
    };
    output.say::<&str>("progress.verify", &[]);
    if !verify_bundle(&summary.path, &policy).ok {
        let path = summary.path.display();
        let said = output.messages.get("bundle.does_not_verify", &[("path", path)]);
        return Err(Fault::System(anyhow!(said)));
    }
    Ok(summary)
}

fn tell(report: &Report, output: &Output) {
    for (number, item) in (1..).zip(&report.items) {
        let number = format!("{number:04}");
        let id = item.deposit.to_string();
        let text = match &item.what {
            What::Erased => output
                .messages
                .get("bundle.erased", &[("number", number), ("id", id)]),
            What::Kept {
                name,
                log_index,
                acts,
                is_original_included,
            } => {
                let original = if *is_original_included {
                    "bundle.with_original"
                } else {
                    "bundle.digest_only"
                };
                output.messages.get(
                    "bundle.kept",
                    &[
                        ("number", number),
                        ("name", name.clone()),
                        ("index", log_index.to_string()),
                        ("acts", acts.to_string()),
                        ("original", output.messages.text(original)),
                    ],
                )
            }
        };
        output.text(&text);
    }
    for id in &report.left_out {
        output.text(&output.messages.get("bundle.left_out", &[("id", id)]));
    }
    let written = [
        ("path", report.bundle.display().to_string()),
        ("sha256", report.sha256.clone()),
    ];
    output.text(&output.messages.get("bundle.written", &written));
}

/// The file with the digest of the bundle.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// Every deposit of the folder, erased ones too, oldest first.
fn all_of(room: &Room, output: &Output) -> Result<Vec<DepositId>, Fault> {
    let vault = room.vault();
    let mut ids: BTreeSet<DepositId> = vault
        .receipt_ids()
        .map_err(|error| refused(output, error))?
        .into_iter()
        .collect();
    ids.extend(vault.erased().map_err(|error| refused(output, error))?);
    Ok(ids.into_iter().collect())
}

/// A deposit as it stands; the inner error is that of its id alone.
fn look_up(room: &Room, id: DepositId, output: &Output) -> Result<Result<Asked, VaultError>, Fault> {
    let vault = room.vault();
    let tombstone = vault.tombstone(id).map_err(|error| refused(output, error))?;
    if let Some(tombstone) = tombstone {
        // Erased before it was in the log: there is nothing to prove.
        let is_in_log = tombstone.statement.deposit_index.is_some();
        return Ok(is_in_log
            .then_some(Asked::Erased)
            .ok_or(VaultError::NoSuchDeposit(id)));
    }
    let receipt = match vault.receipt(id) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(draft) = vault.draft(id).map_err(|error| refused(output, error))? {
        let state = waiting_words(&draft, output);
        let said = output
            .messages
            .get("bundle.waiting", &[("id", id.to_string()), ("state", state)]);
        return Err(Fault::BadInput(anyhow!(said)));
    }
    let deposit = receipt
        .open()
        .with_context(|| format!("the receipt of deposit {id} is damaged"))
        .system()?;
    Ok(Ok(Asked::Kept(Box::new((receipt, deposit)))))
}

/// Where each original is, by its SHA-256: in the data folder, or among the named files.
fn originals_of(
    room: &Room,
    asked: &[(DepositId, Asked)],
    named: &[PathBuf],
    output: &Output,
) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let mut found = BTreeMap::new();
    let mut missing: BTreeMap<String, &Deposit> = BTreeMap::new();
    for (_, asked) in asked {
        let Asked::Kept(kept) = asked else { continue };
        let content = &kept.1.content;
        match room.kept_original(&content.sha256)? {
            Some(path) => drop(found.insert(content.sha256.clone(), path)),
            None => drop(missing.insert(content.sha256.clone(), &kept.1)),
        }
    }
    if !missing.is_empty() {
        let (files, problems) = files::named(named).bad_input()?;
        for problem in &problems {
            let why = crate::evidence::why_passed_over(output, problem);
            output::warn_about(output, &problem.path, &why);
        }
        let sizes: BTreeSet<u64> = missing
            .values()
            .map(|deposit| deposit.content.size_bytes)
            .collect();
        for file in files {
            if missing.is_empty() {
                break;
            }
            // Only what has the right length is read.
            let length = file.path.metadata().map_or(0, |metadata| metadata.len());
            if !sizes.contains(&length) {
                continue;
            }
            let read = File::open(&file.path)
                .map_err(anyhow::Error::from)
                .and_then(|opened| Ok(Content::read(&file.name, opened, MAX_DEPOSIT_BYTES, &mut |_| {})?));
            let content = read
                .with_context(|| format!("cannot read {}", file.path.display()))
                .bad_input()?;
            if missing.remove(&content.sha256).is_some() {
                found.insert(content.sha256, file.path);
            }
        }
    }
    match missing.values().next() {
        None => Ok(found),
        Some(deposit) => {
            let name = deposit.content.name.clone();
            let id = deposit.id.to_string();
            let said = output
                .messages
                .get("bundle.original_missing", &[("name", name), ("id", id)]);
            Err(Fault::BadInput(anyhow!(said)))
        }
    }
}
