//! `quanlian admin`: backups of a platform's database, and moving it; the check of its audit trail (`trail`).
//!
//! In:  a platform; a folder of a backup, or another database.
//! Out: the same rows there, compared; count and digest of each table.
//!
//! Invariant: nothing in the destination is changed or removed; what broke off goes on when it is called again.
//!
//! Not here: originals and the evidence log, which are files of their own.

use std::{future::Future, path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use indicatif::ProgressBar;
use quanlian_record::time::Timestamp;
use quanlian_store::moving::{self, Progress, TableDigest, backup};
use serde::Serialize;

use super::{
    platform::{configured, in_folder, open, open_existing, server},
    trail,
};
use crate::{
    cli::platform::{Admin, AdminBackup, AdminMigrate, AdminRestore},
    fault::{Blame, Outcome},
    output::{Form, Output},
};

/// What is told of a database.
#[derive(Serialize)]
struct Report {
    from: String,
    to: String,
    tables: Vec<TableDigest>,
}

/// Runs `admin`.
pub(super) fn run(admin: &Admin, output: impl Fn(Form) -> Output) -> Outcome {
    match admin {
        Admin::Backup(arguments) => block_on(make(arguments, &output(arguments.form.form()))),
        Admin::Restore(arguments) => block_on(restore(arguments, &output(arguments.form.form()))),
        Admin::Migrate(arguments) => block_on(migrate(arguments, &output(arguments.form.form()))),
        Admin::PruneTrail(arguments) => block_on(trail::prune(arguments, &output(arguments.form.form()))),
        Admin::CheckTrail(arguments) => block_on(trail::check(arguments, &output(arguments.form.form()))),
    }
}

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    super::service::run(&mut tokio::runtime::Builder::new_multi_thread(), work)
}

async fn make(arguments: &AdminBackup, output: &Output) -> Outcome {
    let configuration = configured(&arguments.place, output)?;
    let from = open_existing(&configuration, output).await.bad_input()?;
    let bar = output.progress("admin.moving", 0);
    let made = backup::make(&from, &arguments.out, Timestamp::now(), &|done| {
        advance(&bar, done);
    })
    .await;
    bar.finish_and_clear();
    let made = made.context("the backup was not made").system()?;
    report(
        output,
        from.place(),
        &arguments.out.display().to_string(),
        made.tables,
    )
}

async fn restore(arguments: &AdminRestore, output: &Output) -> Outcome {
    if !arguments.backup.join(backup::MANIFEST).is_file() {
        let folder = arguments.backup.display();
        return Err(anyhow!(
            "{folder} holds no finished backup; name the folder that `admin backup` wrote"
        ))
        .bad_input();
    }
    let configuration = configured(&arguments.place, output)?;
    let to = open(&configuration, output).await.bad_input()?;
    let bar = output.progress("admin.moving", 0);
    let restored = backup::restore(&arguments.backup, &to, &|done| advance(&bar, done)).await;
    bar.finish_and_clear();
    let restored = restored.context("the backup was not restored").bad_input()?;
    report(
        output,
        &arguments.backup.display().to_string(),
        to.place(),
        restored.tables,
    )
}

async fn migrate(arguments: &AdminMigrate, output: &Output) -> Outcome {
    let configuration = configured(&arguments.place, output)?;
    let from = open_existing(&configuration, output).await.bad_input()?;
    let to = match arguments.to.split_once("://") {
        Some(_) => server(&arguments.to, "QUANLIAN_TO_PASSWORD", output).await,
        None => in_folder(Path::new(&arguments.to)).await,
    };
    let to = to.bad_input()?;
    let bar = output.progress("admin.moving", 0);
    let moved = moving::move_database(&from, &to, &|done| advance(&bar, done)).await;
    bar.finish_and_clear();
    let tables = moved
        .context("the database was not moved whole; call it again to go on")
        .system()?;
    report(output, from.place(), to.place(), tables)
}

fn advance(bar: &ProgressBar, progress: Progress<'_>) {
    bar.set_length(bar.length().unwrap_or(0).max(progress.done));
    bar.set_position(progress.done);
}

fn report(output: &Output, from: &str, to: &str, tables: Vec<TableDigest>) -> Outcome {
    for table in &tables {
        output.say(
            "admin.table",
            &[("table", &table.table), ("rows", &table.rows.to_string())],
        );
    }
    output.say("admin.equal", &[("from", from), ("to", to)]);
    let report = Report {
        from: from.to_owned(),
        to: to.to_owned(),
        tables,
    };
    output.document(&report).system()?;
    Ok(ExitCode::SUCCESS)
}
