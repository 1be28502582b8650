//! A short life of a log, for tests that make its system calls fail.
//!
//! In:  `append_run DATA NAME log|sequencer`.
//! Out: lines on stdout, each written when it is true: `entry NUMBER TEXT` when an entry
//!      is durable, `head SIZE ROOT` when a checkpoint is published. Exit 3 when a write
//!      has failed; nothing is tried again.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    log::Log,
    note::SignerKey,
    sequencer::{Sequencer, Settings},
    store::{LogHome, create_key_file, load_key_file},
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [data, name, "log"] => alone(Path::new(data), name),
        [data, name, "sequencer"] => together(Path::new(data), name),
        _ => Err("append_run DATA NAME log|sequencer".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:?}");
            ExitCode::from(3)
        }
    }
}

fn open(data: &Path) -> Result<(LogHome, SignerKey)> {
    let home = LogHome::create(data)?;
    let path = data.join("log.key");
    if !path.try_exists()? {
        create_key_file(&path, &SignerKey::from_seed("log.example/strace", &[3; 32])?)?;
    }
    Ok((home, load_key_file(&path)?))
}

/// One write, so that a line is there or not.
fn say(line: &str) -> Result<()> {
    Ok(io::stdout().write_all(format!("{line}\n").as_bytes())?)
}

fn say_head(head: &SignedCheckpoint) -> Result<()> {
    say(&format!("head {} {}", head.size(), head.root().to_base64()))
}

fn alone(data: &Path, name: &str) -> Result<()> {
    let (home, key) = open(data)?;
    let mut log = Log::open_or_create(home, key)?;
    say_head(log.checkpoint())?;
    for round in 0..3 {
        let entries: Vec<String> = (0..2).map(|i| format!("{name}.{round}.{i}")).collect();
        let entries: Vec<&[u8]> = entries.iter().map(String::as_bytes).collect();
        let numbers = log.append_batch(&entries)?;
        for (number, entry) in numbers.zip(entries) {
            say(&format!("entry {number} {}", String::from_utf8_lossy(entry)))?;
        }
        say_head(log.checkpoint())?;
    }
    Ok(())
}

fn together(data: &Path, name: &str) -> Result<()> {
    let (home, key) = open(data)?;
    let settings = Settings {
        publish_after: Duration::from_millis(5),
        ..Settings::default()
    };
    let sequencer = Sequencer::open_or_create(home, key, settings)?;
    say_head(sequencer.view()?.checkpoint())?;
    for round in 0..4 {
        let texts: Vec<String> = (0..2).map(|i| format!("{name}.{round}.{i}")).collect();
        let tickets: Vec<_> = texts
            .iter()
            .map(|text| sequencer.submit(text.as_bytes()))
            .collect();
        for (ticket, text) in tickets.into_iter().zip(&texts) {
            let ticket = ticket?;
            say(&format!("entry {} {text}", ticket.sequenced()?))?;
            if round == 1 {
                say_head(ticket.published()?.1.checkpoint())?;
            }
        }
    }
    say_head(&sequencer.finish()?)
}
