//! Deposits: every file of a matter goes into the evidence log, without anybody asking for it.
//!
//! In:  files that have no receipt.
//! Out: their receipts.
//!
//! Invariants: the table of files is the queue, so that nothing is forgotten by whoever is killed. Between the log and the table
//! a crash leaves a second deposit of the same file, which does no harm; a file whose bytes cannot be read is passed over until
//! the next round, said in the log of the program, and holds up no other.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use quanlian_evidence::deposit::Receipt;
use quanlian_record::id::FileId;
use quanlian_server::platform::Filing;
use quanlian_store::{Database, FileStore as _, files::File};
use serde_json::{Value, json};

use super::{desk::Desk, room::RoomHandle};
use crate::{
    evidence::Exhibit,
    files::Found,
    message::Language,
    output::{Form, Output},
};

/// Files of one round.
const AT_ONCE: usize = 64;
/// How long a file whose bytes cannot be read is left alone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Deposits what waits, once; how many files got a receipt.
pub(super) async fn round(
    store: &Database,
    filing: &Arc<Filing>,
    work: &Path,
    room: &RoomHandle,
    troubled: &mut BTreeSet<FileId>,
) -> anyhow::Result<usize> {
    let waiting = store.undeposited(AT_ONCE + troubled.len()).await?;
    let mut deposited = 0;
    for file in waiting
        .into_iter()
        .filter(|file| !troubled.contains(&file.id))
        .collect::<Vec<_>>()
    {
        let id = file.id;
        match deposit(store, filing, work, room, file).await {
            Ok(()) => deposited += 1,
            Err(error) => {
                tracing::error!(file = %id, error = format!("{error:#}"), "a file was not deposited");
                troubled.insert(id);
            }
        }
    }
    Ok(deposited)
}

/// How long to wait before files that gave trouble are tried again.
pub(super) fn patience() -> Duration {
    PATIENCE
}

/// Deposits one file and keeps its receipt.
pub(super) async fn deposit(
    store: &Database,
    filing: &Arc<Filing>,
    work: &Path,
    room: &RoomHandle,
    file: File,
) -> anyhow::Result<()> {
    let work = work.join(file.id.to_string());
    let desk = Desk::new(store, filing, &work, file.matter, None, file.by.clone()).await?;
    let (id, kind, by) = (file.id, file.kind.clone(), file.by.clone());
    let laid = desk.lay_out("file", vec![file]).await?;
    let found: Vec<Found> = laid.into_iter().map(|laid| laid.found).collect();
    let exhibits = room
        .ask(move |room| {
            let output = Output::new(Form::Text, Language::En, true);
            let mut problems = Vec::new();
            let exhibits = room.deposit_files_of(by.as_str(), &found, kind.as_str(), &output, &mut problems);
            (exhibits, problems)
        })
        .await;
    let cleared = desk.clear().await;
    let _ = tokio::fs::remove_dir(&work).await;
    cleared?;
    let Some((exhibits, problems)) = exhibits else {
        anyhow::bail!("the evidence room has closed");
    };
    let Some(exhibit) = exhibits
        .map_err(crate::fault::Fault::into_error)?
        .into_iter()
        .next()
    else {
        let why = problems
            .first()
            .map_or("nobody knows why", |problem| problem.detail.as_str());
        anyhow::bail!("it cannot be read: {why}");
    };
    store.keep_receipt(id, &kept(&exhibit)).await?;
    Ok(())
}

/// A receipt as it is kept with a file.
fn kept(exhibit: &Exhibit) -> Value {
    json!({
        "deposit": exhibit.deposit,
        "deposited_at": exhibit.deposited_at,
        "log_index": exhibit.index,
        "sm3": exhibit.sm3,
        "receipt": exhibit.receipt,
    })
}

/// The receipt of a file that has one.
pub(super) fn receipt_of(file: &File) -> Option<Receipt> {
    let kept = file.receipt.as_ref()?.get("receipt")?;
    serde_json::from_value(kept.clone()).ok()
}
