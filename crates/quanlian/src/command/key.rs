//! `quanlian key`: key files of logs and witnesses.
//!
//! In:  a name, a path, a passphrase from the environment, the system's randomness.
//! Out: key files, and their public keys on stdout.
//!
//! Invariant: no secret is printed, and a passphrase is never an argument.

pub(super) mod rotate;

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_evidence::vault::{Outside, System};
use quanlian_tlog::{
    cosignature::{CosignerKind, CosignerSecret},
    key::{PublicKey, SecretKey},
    key_file::{
        KeyFile, Passphrase, PassphraseSource, Protection, SEAL_NONCE_BYTES, SEAL_SALT_BYTES,
        create_keys_file, describe_key_file, replace_keys_file,
    },
    note::{SEED_BYTES, SignerKey},
    sm2::{SM2_SECRET_BYTES, Sm2SignerKey},
};
use serde::Serialize;

use crate::{
    cli::{KeyNew, KeySeal},
    fault::{Blame, Fault, Outcome},
    output::Output,
};

/// How often a number is drawn for an SM2 key; each draw fails once in 2^32.
const SM2_DRAWS: usize = 4;

/// What is told about a key file.
#[derive(Serialize)]
struct Report {
    file: String,
    sealed: bool,
    keys: Vec<Line>,
}

/// What is told about one key.
#[derive(Serialize)]
struct Line {
    name: String,
    algorithm: &'static str,
    id: String,
    /// The whole key text, to be published.
    public: String,
}

impl Line {
    fn of(key: &PublicKey) -> Self {
        Self {
            name: key.name().to_owned(),
            algorithm: key.algorithm(),
            id: hex(key.id()),
            public: key.to_string(),
        }
    }
}

/// Runs `key new`.
pub(super) fn new(arguments: &KeyNew, output: &Output) -> Outcome {
    let mut keys = vec![if arguments.witness {
        CosignerSecret::from_seed(&arguments.name, CosignerKind::Ed25519, &draw::<SEED_BYTES>())
            .bad_input()?
            .into()
    } else {
        SignerKey::from_seed(&arguments.name, &draw::<SEED_BYTES>())
            .bad_input()?
            .into()
    }];
    if arguments.sm2 {
        keys.push(new_sm2_key(&arguments.name)?.into());
    }
    if arguments.ml_dsa {
        keys.push(new_ml_dsa_key(&arguments.name)?);
    }
    let passphrase = (!arguments.plain)
        .then(Passphrase::from_environment)
        .transpose()
        .context("no passphrase to seal the key file with; --plain leaves it unsealed")
        .bad_input()?;
    create_keys_file(&arguments.out, &keys, &protection(passphrase.as_ref())).bad_input()?;
    show(&arguments.out, output)
}

/// Runs `key seal`.
pub(super) fn seal(arguments: &KeySeal, output: &Output) -> Outcome {
    let file = KeyFile::read(&arguments.file, &mut Passphrase::from_environment).bad_input()?;
    let passphrase = match (&arguments.new_passphrase, file.is_sealed()) {
        (Some(path), _) => Passphrase::read(&PassphraseSource::File(path.clone())),
        (None, false) => Passphrase::from_environment(),
        (None, true) => {
            return Err(Fault::BadInput(anyhow::anyhow!(
                "{} is sealed already; --new-passphrase FILE seals it anew",
                arguments.file.display()
            )));
        }
    };
    let passphrase = passphrase.bad_input()?;
    replace_keys_file(&arguments.file, file.keys(), &protection(Some(&passphrase))).bad_input()?;
    show(&arguments.file, output)
}

/// Runs `key show`, and ends the other commands by saying what there is now.
pub(super) fn show(file: &Path, output: &Output) -> Outcome {
    let summary = describe_key_file(file).bad_input()?;
    let report = Report {
        file: file.display().to_string(),
        sealed: summary.sealed,
        keys: summary.keys.iter().map(Line::of).collect(),
    };
    output.document(&report).system()?;
    let state = if report.sealed { "key.sealed" } else { "key.plain" };
    output.text(&output.messages.get(state, &[("file", &report.file)]));
    for line in &report.keys {
        output.text(&output.messages.get(
            "key.line",
            &[("algorithm", line.algorithm), ("public", line.public.as_str())],
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Sealed where there is a passphrase, with fresh salt and nonce.
fn protection(passphrase: Option<&Passphrase>) -> Protection<'_> {
    match passphrase {
        None => Protection::Plain,
        Some(passphrase) => Protection::Sealed {
            passphrase,
            salt: draw::<SEAL_SALT_BYTES>(),
            nonce: draw::<SEAL_NONCE_BYTES>(),
        },
    }
}

fn new_sm2_key(name: &str) -> Result<Sm2SignerKey, Fault> {
    let mut last = None;
    for _ in 0..SM2_DRAWS {
        match Sm2SignerKey::from_secret(name, &draw::<SM2_SECRET_BYTES>()) {
            Ok(key) => return Ok(key),
            Err(error) => last = Some(error),
        }
    }
    let error = last.map_or_else(|| anyhow::anyhow!("no draw"), anyhow::Error::from);
    Err(Fault::System(
        error.context("the system's randomness gives no SM2 key"),
    ))
}

#[cfg(feature = "ml-dsa")]
fn new_ml_dsa_key(name: &str) -> Result<SecretKey, Fault> {
    Ok(
        CosignerSecret::from_seed(name, CosignerKind::MlDsa44, &draw::<SEED_BYTES>())
            .bad_input()?
            .into(),
    )
}

#[cfg(not(feature = "ml-dsa"))]
fn new_ml_dsa_key(_name: &str) -> Result<SecretKey, Fault> {
    Err(Fault::BadInput(anyhow::anyhow!(
        "this program was built without ML-DSA-44; build it with --features ml-dsa"
    )))
}

fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    System.fill(&mut bytes);
    bytes
}

fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}
