//! `quanlian key rotate`: the log goes on under a new key.
//!
//! In:  a data folder with the log and its key file.
//! Out: an entry in the log that both keys have signed, and a key file with the new key first.
//!
//! The order, each step durable before the next; a run that was interrupted goes on where it stopped:
//!
//! 1. `log.key.next`: the new key, protected as the old one is.
//! 2. `log.rotation`: the entry, made for its place in the log.
//! 3. The entry goes into the log, under a checkpoint that the old and the new key sign. Whoever
//!    knows only the old key follows from there, and the log opens under either.
//! 4. `log.key`: the new key, the old one beside it; `log.vkey`: the new public key.
//! 5. The two files of the first steps go.
//!
//! Not here: what a rotation is (`quanlian_tlog::rotation`).

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, anyhow};
use quanlian_store::lock::take_home;
use quanlian_tlog::{
    key::SecretKey,
    key_file::{
        KeyFile, KeyFileError, Passphrase, PassphraseError, create_keys_file, log_key, replace_keys_file,
    },
    log::Log,
    note::{MAX_NOTE_BYTES, SEED_BYTES, SignerKey},
    rotation::{KeyHistory, Rotation},
    store::LogHome,
};
use serde::Serialize;

use super::{Line, draw, protection};
use crate::{
    cli::KeyRotate,
    evidence::lock_record,
    fault::{Blame, Fault, Outcome},
    files::{read_limited, replace_durably},
    output::Output,
};

#[derive(Serialize)]
struct Report {
    old: Line,
    new: Line,
    /// Number of the entry that announces the new key.
    index: u64,
    /// What goes into the policies of those who verify.
    policy: String,
}

/// The files that a rotation touches.
struct Paths {
    key: PathBuf,
    vkey: PathBuf,
    next: PathBuf,
    entry: PathBuf,
    data: PathBuf,
}

impl Paths {
    fn of(data: &Path) -> Self {
        Self {
            key: data.join("log.key"),
            vkey: data.join("log.vkey"),
            next: data.join("log.key.next"),
            entry: data.join("log.rotation"),
            data: data.to_owned(),
        }
    }
}

/// Runs `key rotate`.
pub(in crate::command) fn run(arguments: &KeyRotate, output: &Output) -> Outcome {
    let paths = Paths::of(&arguments.data);
    if arguments.finish {
        return finish(&paths, output);
    }
    // Taken first, so that nobody signs in between.
    let home = LogHome::open(&paths.data).bad_input()?;
    let named = lock_record::named(&arguments.lock).bad_input()?;
    let mut asked = Asked::default();
    let file = asked.read(&paths.key).bad_input()?;
    let old = copy_of(&file.keys()[0]).system()?;
    let others: Vec<SecretKey> = others_of(&file).map(copy_of).collect::<Result<_, _>>().system()?;
    let new = next_key(&paths, &old, file.is_sealed(), &mut asked)?;
    if new.public() == old.public() {
        // Interrupted after the key file was replaced.
        return clean_up(&paths, &new, output);
    }
    let signer = log_key(&paths.key, file).bad_input()?;
    let origin = signer.verifier().name().to_owned();
    let home = take_home(home, named.as_ref(), &origin, &lock_record::secrets()).system()?;
    let signer = signer.beside(copy_of(&new).system()?).system()?;
    let mut log = Log::open(home, signer)
        .context("cannot open the evidence log")
        .system()?;
    let index = announce(&mut log, &paths, &old, &new)?;
    drop(log);

    let (old_line, new_line) = (Line::of(&old.public()), Line::of(&new.public()));
    let mut history = KeyHistory::starting_with(old.public());
    let entry = fs::read(&paths.entry).system()?;
    history
        .follow(&Rotation::open(&entry).system()?, index)
        .system()?;
    let mut keys = vec![copy_of(&new).system()?, old];
    keys.extend(others);
    replace_keys_file(&paths.key, &keys, &protection(asked.given())).system()?;
    finish_files(&paths, &new)?;

    let report = Report {
        old: old_line,
        new: new_line,
        index,
        policy: history.to_policy_lines(),
    };
    output.document(&report).system()?;
    output.text(&output.messages.get(
        "key.rotated",
        &[
            ("index", report.index.to_string()),
            ("old", report.old.public.clone()),
            ("new", report.new.public.clone()),
        ],
    ));
    output.text(report.policy.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The passphrase, asked once however many files it opens.
#[derive(Default)]
struct Asked {
    passphrase: Option<Passphrase>,
}

impl Asked {
    fn read(&mut self, path: &Path) -> Result<KeyFile, KeyFileError> {
        KeyFile::read(path, &mut || self.get())
    }

    fn get(&mut self) -> Result<Passphrase, PassphraseError> {
        if self.passphrase.is_none() {
            self.passphrase = Some(Passphrase::from_environment()?);
        }
        self.passphrase.clone().ok_or(PassphraseError::Missing)
    }

    /// The passphrase that opened the key file, if it was sealed.
    fn given(&self) -> Option<&Passphrase> {
        self.passphrase.as_ref()
    }
}

/// The key of an interrupted rotation, or a fresh one that is kept before it is used.
fn next_key(paths: &Paths, old: &SecretKey, sealed: bool, asked: &mut Asked) -> Result<SecretKey, Fault> {
    if paths.next.try_exists().system()? {
        let file = asked.read(&paths.next).bad_input()?;
        return copy_of(&file.keys()[0]).system();
    }
    let origin = old.public().name().to_owned();
    let new: SecretKey = SignerKey::from_seed(&origin, &draw::<SEED_BYTES>())
        .system()?
        .into();
    let passphrase = sealed.then(|| asked.get()).transpose().bad_input()?;
    create_keys_file(
        &paths.next,
        &[copy_of(&new).system()?],
        &protection(passphrase.as_ref()),
    )
    .system()?;
    Ok(new)
}

/// Puts the statement into the log, once: an earlier run may have done so.
fn announce(log: &mut Log, paths: &Paths, old: &SecretKey, new: &SecretKey) -> Result<u64, Fault> {
    let size = log.checkpoint().size();
    if let Some(entry) = read_limited(&paths.entry, MAX_NOTE_BYTES as u64).system()? {
        let rotation = Rotation::open(&entry).bad_input()?;
        let same_keys = *rotation.old() == old.public() && *rotation.new_key() == new.public();
        let index = rotation.index();
        if same_keys && index < size && log.read_entry(index).system()? == entry {
            return Ok(index);
        }
    }
    let entry = Rotation::sign(old, new, size).bad_input()?;
    replace_durably(&paths.entry, &entry).system()?;
    let written = log
        .append_batch(&[&entry])
        .context("the evidence log did not take the announcement")
        .system()?;
    if written.start == size {
        Ok(size)
    } else {
        Err(Fault::System(anyhow!(
            "somebody else wrote to the log; rotate again"
        )))
    }
}

/// The keys that sign beside the main one, without an earlier main key.
fn others_of(file: &KeyFile) -> impl Iterator<Item = &SecretKey> {
    let is_other = |key: &&SecretKey| !matches!(key, SecretKey::Ed25519(_));
    file.keys().iter().skip(1).filter(is_other)
}

/// Takes the old key out of the key file.
fn finish(paths: &Paths, output: &Output) -> Outcome {
    let _store = LogHome::open(&paths.data).bad_input()?;
    if paths.next.try_exists().system()? {
        return Err(Fault::BadInput(anyhow!(
            "a rotation was interrupted; run `key rotate` without --finish first"
        )));
    }
    let mut asked = Asked::default();
    let file = asked.read(&paths.key).bad_input()?;
    let mut keys = vec![copy_of(&file.keys()[0]).system()?];
    for key in others_of(&file) {
        keys.push(copy_of(key).system()?);
    }
    replace_keys_file(&paths.key, &keys, &protection(asked.given())).system()?;
    super::show(&paths.key, output)
}

/// The last steps of a rotation that was interrupted before them.
fn clean_up(paths: &Paths, new: &SecretKey, output: &Output) -> Outcome {
    finish_files(paths, new)?;
    super::show(&paths.key, output)
}

fn finish_files(paths: &Paths, new: &SecretKey) -> Result<(), Fault> {
    replace_durably(&paths.vkey, format!("{}\n", new.public()).as_bytes()).system()?;
    for path in [&paths.entry, &paths.next] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove {}", path.display()))
                    .system();
            }
            _ => {}
        }
    }
    Ok(())
}

/// Secret keys are not `Clone`, so that a copy is always meant.
fn copy_of(key: &SecretKey) -> Result<SecretKey, quanlian_tlog::note::NoteError> {
    SecretKey::from_secret_text(&key.to_secret_text())
}
