//! `quanlian deposit`: fixes files as evidence in the log.
//!
//! In:  files and the folder of the log.
//! Out: a receipt for each file, and a bundle when one is asked for.

use std::process::ExitCode;

use quanlian_evidence::{
    bundle::{BundleItem, Original},
    vault::System,
};
use serde::Serialize;

use crate::{
    cli::Deposit as Arguments,
    evidence::{self, Exhibit, Outsiders},
    fault::{Blame, Fault, Outcome},
    files,
    output::{self, Output},
};

#[derive(Serialize)]
struct Report {
    log: String,
    deposits: Vec<Exhibit>,
    problems: Vec<files::PassedOver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
}

/// Runs `deposit`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    if arguments.bundle.is_none() && arguments.attesting.names_anybody() {
        return Err(anyhow::anyhow!(
            "witnesses and time stamps are for a bundle: name one with --bundle FILE"
        ))
        .bad_input();
    }
    super::bundle::refuse_existing(arguments.bundle.as_deref(), output)?;
    let (found, mut problems) = files::named(&arguments.paths).bad_input()?;
    let depositor = arguments.depositor.clone().unwrap_or_default();
    let mut room = evidence::Room::open(&arguments.data, &depositor, &arguments.lock)?;
    let deposits = room.deposit_files(&found, "file", output, &mut problems)?;
    for problem in &problems {
        output::warn_about(output, &problem.path, &evidence::why_passed_over(output, problem));
    }
    if deposits.is_empty() {
        return Err(Fault::BadInput(anyhow::anyhow!(
            "nothing was deposited: none of the named files can be read"
        )));
    }
    let bundle = match &arguments.bundle {
        Some(path) => {
            let items = deposits
                .iter()
                .map(|d| BundleItem::Kept {
                    receipt: d.receipt.clone(),
                    original: Original::File(d.path.clone()),
                })
                .collect();
            let mut outsiders = Outsiders::of(
                &arguments.attesting,
                &arguments.data,
                room.vault().log_key().clone(),
                output,
            )?;
            let summary = room.bundle(items, path, &mut System, &mut outsiders, output)?;
            Some(summary.path.display().to_string())
        }
        None => None,
    };
    let report = Report {
        log: room.log_key(),
        deposits,
        problems,
        bundle,
    };
    output.document(&report).system()?;
    for deposit in &report.deposits {
        output.text(&output.messages.get(
            "deposit.line",
            &[
                ("name", deposit.name.clone()),
                ("index", deposit.index.to_string()),
                ("id", deposit.deposit.to_string()),
                ("sha256", deposit.sha256.clone()),
            ],
        ));
    }
    output.text(&output.messages.get("deposit.log", &[("key", &report.log)]));
    if let Some(bundle) = &report.bundle {
        output.text(&output.messages.get("deposit.bundle", &[("path", bundle)]));
    }
    Ok(ExitCode::SUCCESS)
}
