//! `quanlian hold`: legal holds on deposits.
//!
//! In:  the deposit or the hold, who orders it and why.
//! Out: the hold with its entries in the log; with `list` all holds.

use std::process::ExitCode;

use quanlian_evidence::vault::{self, HoldState, System};
use serde::Serialize;

use super::custody::refused;
use crate::{
    cli::Hold as Arguments,
    evidence::Room,
    fault::{Blame, Outcome},
    output::{Form, Output},
};

/// A hold without its salts, which are for the vault alone.
#[derive(Serialize)]
struct Shown {
    hold: String,
    deposit: String,
    state: HoldState,
    placed: Step,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted: Option<Step>,
}

#[derive(Serialize)]
struct Step {
    by: String,
    reason: String,
    at: String,
    log_index: u64,
}

/// Runs `hold`.
pub(super) fn run(command: Arguments, output: &dyn Fn(Form) -> Output) -> Outcome {
    match command {
        Arguments::Add { of, order } => {
            let output = output(of.form.form());
            let mut room = Room::open_existing(&of.data)?;
            let hold = room
                .vault_mut()
                .place_hold(of.id, &order.by, &order.reason, &mut System)
                .map_err(|error| refused(&output, error))?;
            one(&hold, &output)
        }
        Arguments::Remove {
            hold,
            data,
            order,
            form,
        } => {
            let output = output(form.form());
            let id = hold
                .parse()
                .map_err(|_| anyhow::anyhow!(output.messages.get("hold.no_id", &[("id", &hold)])))
                .bad_input()?;
            let mut room = Room::open_existing(&data)?;
            let hold = room
                .vault_mut()
                .lift_hold(id, &order.by, &order.reason, &mut System)
                .map_err(|error| refused(&output, error))?;
            one(&hold, &output)
        }
        Arguments::List { data, form } => {
            let output = output(form.form());
            let room = Room::open_existing(&data)?;
            let holds = room.vault().holds().map_err(|error| refused(&output, error))?;
            let shown: Vec<Shown> = holds.iter().map(shown).collect();
            output.document(&shown).system()?;
            if holds.is_empty() {
                output.text(&output.messages.text("hold.none"));
            }
            for hold in &holds {
                say(hold, &output);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn one(hold: &vault::Hold, output: &Output) -> Outcome {
    output.document(&shown(hold)).system()?;
    say(hold, output);
    Ok(ExitCode::SUCCESS)
}

fn say(hold: &vault::Hold, output: &Output) {
    let (key, step) = match &hold.lifted {
        None => ("hold.placed", &hold.placed),
        Some(lifted) => ("hold.lifted", lifted),
    };
    output.text(&output.messages.get(
        key,
        &[
            ("hold", hold.id.to_string()),
            ("deposit", hold.deposit.to_string()),
            ("by", step.by.clone()),
            ("reason", step.reason.clone()),
            ("at", step.at.to_local_string()),
        ],
    ));
}

fn shown(hold: &vault::Hold) -> Shown {
    let step = |step: &vault::HoldStep| Step {
        by: step.by.clone(),
        reason: step.reason.clone(),
        at: step.at.to_string(),
        log_index: step.log_index,
    };
    Shown {
        hold: hold.id.to_string(),
        deposit: hold.deposit.to_string(),
        state: hold.state(),
        placed: step(&hold.placed),
        lifted: hold.lifted.as_ref().map(step),
    }
}
