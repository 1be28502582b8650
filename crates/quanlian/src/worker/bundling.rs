//! Bundles: files of a matter with their proofs, to be verified without this program.
//!
//! In:  files of a matter; those that have no receipt yet are deposited first.
//! Out: a bundle as a file of the matter, verified as a stranger would.

use std::sync::Arc;

use anyhow::Context;
use quanlian_evidence::{
    bundle::{BundleItem, MAX_BUNDLE_ITEMS, Original},
    vault::System,
    verify::{Policy, verify_bundle},
};
use quanlian_server::platform::Filing;
use quanlian_store::{Database, FileStore as _, files::File};
use serde_json::{Value, json};

use super::{
    Refusal,
    deposits::{deposit, receipt_of},
    desk::Desk,
    room::RoomHandle,
};

/// Makes the bundle.
pub(super) async fn run(
    desk: &Desk,
    store: &Database,
    filing: &Arc<Filing>,
    room: &RoomHandle,
    actor: &str,
    wanted: &[String],
) -> anyhow::Result<Result<Value, Refusal>> {
    let all = desk.files().await?;
    let mut files: Vec<File> = Vec::new();
    for id in wanted {
        let Some(file) = all.iter().find(|file| file.id.to_string() == *id) else {
            let why = format!("the matter has no file {id}, or it was withdrawn");
            return Ok(Err(Refusal::of("file_not_found", &why)));
        };
        files.push(file.clone());
    }
    if wanted.is_empty() {
        // A bundle in a bundle proves nothing more.
        files = all
            .into_iter()
            .filter(|file| file.kind.as_str() != "bundle")
            .collect();
    }
    if files.is_empty() || files.len() > MAX_BUNDLE_ITEMS {
        let why = format!("a bundle holds 1 to {MAX_BUNDLE_ITEMS} files; name those that it should hold");
        return Ok(Err(Refusal::of("bundle_size", &why)));
    }
    for file in &mut files {
        if file.receipt.is_none() {
            // On the desk of this job: the file may be deposited by the round of the worker at the same time, on another.
            deposit(store, filing, desk.folder(), room, file.clone()).await?;
            let kept = store.file(file.matter, file.id).await?;
            *file = kept.context("a file of the matter is gone")?;
        }
    }
    let count = files.len();
    let laid = desk.lay_out("originals", files).await?;
    let mut items = Vec::new();
    for laid in &laid {
        items.push(BundleItem::Kept {
            receipt: receipt_of(&laid.file)
                .with_context(|| format!("file {} has no receipt", laid.file.id))?,
            original: Original::File(laid.found.path.clone()),
        });
    }
    let path = desk.folder().join("matter.qne.zip");
    let (out, actor) = (path.clone(), actor.to_owned());
    let made = room
        .ask(move |room| {
            let key = room.vault().log_key().clone();
            let made = room
                .vault_mut()
                .bundle(items, &actor, &out, &mut System, &mut |_| {});
            made.map(|_| key)
        })
        .await;
    let key = made.context("the evidence room has closed")??;
    let policy = Policy {
        trusted_log_keys: vec![key],
        ..Policy::default()
    };
    let checked = path.clone();
    let report = tokio::task::spawn_blocking(move || verify_bundle(&checked, &policy)).await?;
    anyhow::ensure!(report.ok, "the bundle does not verify; it is not handed out");
    let file = desk.put(&path, "bundle", "matter.qne.zip", None).await?;
    Ok(Ok(
        json!({"items": count, "verifies": true, "files": {"bundle": file.id}}),
    ))
}
