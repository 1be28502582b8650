//! `quanlian log witness`: a witness as a small service of its own.
//!
//! In:  a folder with `witness.key` and `logs.policy`, an address to listen on.
//! Out: cosignatures over HTTP, until the process is asked to stop.
//!
//! | below the folder | holds |
//! |---|---|
//! | `witness.key` | the keys of the witness (`quanlian key new --witness`) |
//! | `logs.policy` | the logs that it witnesses: `log` lines of a policy |
//! | `state/` | for each log the newest head that was cosigned |
//!
//! Invariant: when the state cannot be kept the process ends, with exit code 3.

pub(crate) mod cosign;

use std::{path::Path, process::ExitCode};

use anyhow::{Context, anyhow};
use quanlian_record::time::Timestamp;
use quanlian_tlog::{
    key_file::{KeyFile, Passphrase, witness_keys},
    policy::{MAX_POLICY_BYTES, Policy},
    witness::{FolderState, Witness},
};

use crate::{
    cli::LogWitness,
    command::service,
    fault::{Blame, Outcome},
    files::read_limited,
    output::Output,
};

/// Runs `log witness`.
pub(super) fn serve(arguments: &LogWitness, output: &Output) -> Outcome {
    let key_path = arguments.data.join("witness.key");
    let keys = KeyFile::read(&key_path, &mut Passphrase::from_environment)
        .and_then(|file| witness_keys(&key_path, file))
        .context("a witness needs its key; `quanlian key new --witness` makes one")
        .bad_input()?;
    let in_folder = arguments.data.join("logs.policy");
    let policy = read_policy(arguments.policy.as_deref().unwrap_or(&in_folder)).bad_input()?;
    if policy.logs().is_empty() {
        return Err(anyhow!("the policy lists no log, so there is nothing to witness")).bad_input();
    }
    let state = FolderState::open(&arguments.data.join("state")).system()?;
    let witness = Witness::new(keys, &policy, state);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    service::run(runtime.worker_threads(2), async {
        let listener = service::listen(arguments.listen).await?;
        let address = listener.local_addr().system()?;
        for key in witness.verifiers() {
            output.say("witness.key", &[("key", key)]);
        }
        output.say("witness.listens", &[("address", format!("http://{address}"))]);
        quanlian_witness::service::serve(listener, witness, now_s, service::asked_to_stop())
            .await
            .context("the witness cannot keep its state and stops")
            .system()
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A policy file.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    read_policy_text(path).map(|(policy, _)| policy)
}

/// A policy file and its text.
pub(crate) fn read_policy_text(path: &Path) -> anyhow::Result<(Policy, String)> {
    let bytes = read_limited(path, MAX_POLICY_BYTES as u64)?
        .ok_or_else(|| anyhow!("there is no policy {}", path.display()))?;
    let unusable = || format!("the policy {} cannot be used", path.display());
    let policy = Policy::parse(&bytes).with_context(unusable)?;
    let text = String::from_utf8(bytes).with_context(unusable)?;
    Ok((policy, text))
}

fn now_s() -> u64 {
    Timestamp::now().unix_millis() / 1000
}
