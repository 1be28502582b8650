//! `quanlian erase`: content, metadata and salt of a deposit go, its proof stays.
//!
//! In:  the deposit, who orders it and why, and backups to erase from too.
//! Out: the tombstone, and what stays where and why.

use std::process::ExitCode;

use quanlian_evidence::vault::{ErasureOrder, Statement};
use quanlian_record::id::DepositId;
use serde::Serialize;

use super::custody::refused;
use crate::{
    cli::Erase as Arguments,
    evidence::{ErasedBackup, Room},
    fault::{Blame, Outcome},
    output::Output,
};

#[derive(Serialize)]
struct Report {
    tombstone: Statement,
    log_index: u64,
    was_erased_before: bool,
    content_shared_with: Vec<DepositId>,
    backups: Vec<ErasedBackup>,
}

/// Runs `erase`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let of = &arguments.of;
    let mut room = Room::open_existing(&of.data)?;
    let copies = room.backups(&arguments.backup)?;
    let order = ErasureOrder {
        by: arguments.order.by.clone(),
        reason: arguments.order.reason.clone(),
    };
    output.say::<&str>("progress.erase", &[]);
    let erasure = room
        .erase(of.id, &order)
        .map_err(|error| refused(output, error))?;
    let mut backups = Vec::new();
    for (folder, copy) in &copies {
        backups.push(room.erase_from(folder, copy, of.id)?);
    }
    let report = Report {
        tombstone: erasure.tombstone.statement,
        log_index: erasure.tombstone.log_index,
        was_erased_before: erasure.was_erased_before,
        content_shared_with: erasure.content_shared_with,
        backups,
    };
    output.document(&report).system()?;
    say(&report, output);
    Ok(ExitCode::SUCCESS)
}

fn say(report: &Report, output: &Output) {
    let messages = &output.messages;
    let key = if report.was_erased_before {
        "erase.before"
    } else {
        "erase.done"
    };
    let tombstone = &report.tombstone;
    output.text(&messages.get(
        key,
        &[
            ("id", tombstone.deposit.to_string()),
            ("at", tombstone.at.to_local_string()),
            ("by", tombstone.by.clone()),
            ("index", report.log_index.to_string()),
        ],
    ));
    let shared = |of: &[DepositId]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !report.content_shared_with.is_empty() {
        output.text(&messages.get("erase.shared", &[("others", shared(&report.content_shared_with))]));
    }
    for backup in &report.backups {
        let key = if backup.held_it {
            "erase.backup"
        } else {
            "erase.backup_empty"
        };
        output.text(&messages.get(key, &[("folder", backup.folder.display())]));
        if !backup.content_shared_with.is_empty() {
            output.text(&messages.get("erase.shared", &[("others", shared(&backup.content_shared_with))]));
        }
    }
    output.text(&messages.text("erase.not_reached"));
}
