//! `quanlian demo --serve`: a platform with work of today for every role, made by its own people, and served.
//!
//! In:  a folder that a demo may use; an address to listen on.
//! Out: a platform in `FOLDER/platform`, as `serve` makes it, filled once and served until the process is asked to stop; its accounts.
//!
//! | part | does |
//! |---|---|
//! | `people` | agencies, people, and as whom a stranger signs in |
//! | `client` | requests over HTTP |
//! | `matter` | what can be done in a matter |
//! | `days` | days before and after the one on which the sample is made |
//! | `music`, `chip` | the two stories of `demo`, on the platform |
//! | `desk` | many small matters at every stage |
//!
//! | the folder holds | then |
//! |---|---|
//! | nothing, or is not there | the sample is made |
//! | a demo without a platform, or with one whose filling broke off | the platform is made anew; what `demo` made beside it stays |
//! | a platform that was filled | it is opened again, unless `--anew` asks for another |
//! | anything else | it is refused |
//!
//! Invariants: everything in the platform came through its routes, by people with the permissions that they have; settings of other
//! platforms (environment, files) do not count, so that nothing is ever filled in but the folder of the demo.

mod chip;
mod client;
mod days;
mod desk;
mod matter;
mod music;
mod people;

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use quanlian_procedure::Procedures;
use quanlian_record::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::compose;
use crate::{
    cli::{Demo as Arguments, LockChoice},
    command::{
        serve::{Begun, Rules},
        service,
    },
    configuration::{Configuration, Flag},
    fault::{Blame as _, Fault, Outcome, answer_no},
    files,
    message::Language,
    output::{Form, Output, warn, write_line},
    worker::{papers, room::RoomHandle},
};
use client::Site;
use days::Days;
pub(crate) use people::sign_in_card;
use people::{PASSWORD, PEOPLE};

/// The platform below the folder.
const PLATFORM: &str = "platform";
/// Stands in it once it was filled.
const FILLED: &str = "demo.json";
/// A filled platform of another version of the sample is told, and opened all the same.
const SAMPLE_VERSION: u32 = 1;
/// What is written of a filling is shorter.
const MAX_FILLED_BYTES: u64 = 4096;
/// How many small matters are made between two lines that tell of it.
const TOLD_EVERY: usize = 10;

/// What is kept of a filling.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    sample: u32,
    /// The day from which its days are counted.
    on: Day,
}

/// Runs `demo --serve` in a folder.
pub(super) fn run(folder: &Path, arguments: &Arguments, output: &Output) -> Outcome {
    let rules = Rules::embedded()?;
    let data = folder.join(PLATFORM);
    let filled = if arguments.anew { None } else { filled(&data)? };
    let configuration = Configuration::of_own_folder(&data, &flags(arguments.listen)).sound(output)?;
    // Before anything is taken away.
    service::is_free(configuration.sections.server.listen)?;
    if filled.is_none() {
        // Without them no paper can be set, and the work would be tried again and again.
        papers::fonts().bad_input()?;
        anew(&data)?;
    }
    service::run(&mut tokio::runtime::Builder::new_multi_thread(), async {
        let begun = Begun::open(&configuration, rules, output).await?;
        if !begun.is_of_this_machine_alone() {
            // Also to those who asked for silence: it is about who gets in.
            warn(
                &output
                    .messages
                    .get("demo.open_to_all", &[("address", &begun.address)]),
            );
        }
        let today = Timestamp::now().legal_day();
        if let Some(filled) = &filled {
            tell_opened(&data, filled, today, output);
        }
        let code = begun.first_code().await?;
        let (address, platform) = (begun.address.clone(), begun.platform.clone());
        let (give_up, gave_up) = oneshot::channel::<()>();
        let was_asked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&was_asked);
        let stop = async move {
            tokio::select! {
                () = service::asked_to_stop() => asked.store(true, Ordering::SeqCst),
                Ok(()) = gave_up => {}
            }
        };
        let serving = begun.run(stop, output);
        let filling = async {
            if let Some(code) = code {
                let (site, folder, talk) = (address.clone(), folder.to_owned(), output.clone());
                let fill = move || fill(&site, &code, &folder, Days { today }, &talk);
                let made = tokio::task::spawn_blocking(fill).await;
                let made = made.context("the filling broke off").and_then(|made| made);
                if let Err(error) = made.and_then(|()| keep(&data, today)) {
                    let _ = give_up.send(());
                    return Err(error);
                }
                // Clocks are looked at once a minute; the first look is not waited for.
                if platform.look_at_clocks().await.is_err() {
                    tracing::warn!("the clocks were not looked at");
                }
            }
            platform.show_demo(sign_in_card().to_string());
            drop(platform);
            show(&address, output);
            Ok(())
        };
        let (served, filled) = tokio::join!(serving, filling);
        served?;
        match filled {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(_) if was_asked.load(Ordering::SeqCst) => {
                output.say::<&str>("demo.broken_off", &[]);
                Ok(answer_no())
            }
            Err(error) => Err(error.context(output.messages.text("demo.broken_off"))).system(),
        }
    })
}

/// What only this platform is set to.
fn flags(listen: Option<SocketAddr>) -> Vec<Flag> {
    let plain = Flag {
        path: "server.plain_http",
        name: "--serve",
        says: "true".to_owned(),
    };
    let listen = listen.map(|address| Flag {
        path: "server.listen",
        name: "--listen",
        says: address.to_string(),
    });
    listen.into_iter().chain([plain]).collect()
}

/// What is known of the platform that the folder holds; nothing where there is none that was filled.
fn filled(data: &Path) -> Result<Option<Filled>, Fault> {
    let path = data.join(FILLED);
    let Some(bytes) = files::read_limited(&path, MAX_FILLED_BYTES).bad_input()? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&bytes);
    let why = || {
        format!(
            "{} was not written by a demo; `--anew` makes the platform again",
            path.display()
        )
    };
    read.with_context(why).map(Some).bad_input()
}

/// Writes down that the platform is whole.
fn keep(data: &Path, on: Day) -> anyhow::Result<()> {
    let filled = Filled {
        sample: SAMPLE_VERSION,
        on,
    };
    let path = data.join(FILLED);
    fs::write(&path, serde_json::to_string_pretty(&filled)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Takes away the platform that is there, unless somebody uses it.
fn anew(data: &Path) -> Result<(), Fault> {
    is_unused(data)?;
    match fs::remove_dir_all(data) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error)
            .with_context(|| format!("cannot empty {}", data.display()))
            .system(),
        _ => Ok(()),
    }
}

/// Whether no process serves the platform of a folder: its evidence log has one writer.
fn is_unused(data: &Path) -> Result<(), Fault> {
    let evidence = data.join("evidence");
    if !evidence.is_dir() {
        return Ok(());
    }
    let opened = RoomHandle::open(&evidence, "quanlian demo", LockChoice::default()).map(drop);
    let in_use = || {
        format!(
            "{} is served by another process; stop that one first",
            data.display()
        )
    };
    opened.map_err(|fault| Fault::BadInput(fault.into_error().context(in_use())))
}

/// The same of the platform of a demo, before its folder is emptied.
pub(super) fn is_unused_in(folder: &Path) -> Result<(), Fault> {
    is_unused(&folder.join(PLATFORM))
}

fn tell_opened(data: &Path, filled: &Filled, today: Day, output: &Output) {
    let day = filled.on.to_string();
    output.say("demo.opened", &[("folder", data.display().to_string())]);
    if filled.on != today || filled.sample != SAMPLE_VERSION {
        output.say("demo.of_another_day", &[("day", day)]);
    }
}

/// Makes everything, as its people.
fn fill(address: &str, code: &str, folder: &Path, days: Days, output: &Output) -> anyhow::Result<()> {
    let procedures = Procedures::embedded().context("the procedures cannot be used")?;
    let (site, chip_folder) = (Site::at(address), folder.join("chip"));
    let compose = || {
        output.say("demo.composing", &[("path", folder.display())]);
        compose::sample(folder)?;
        super::chip::lay_out(&chip_folder)
    };
    let arrive = || {
        output.say("demo.people", &[("people", PEOPLE.len())]);
        people::arrive(&site, code)
    };
    let (_, cast) = together(compose, arrive)?;
    output.say::<&str>("demo.stories", &[]);
    // One is of the culture enforcement and one of the market regulation, so that each numbers its matters alike every time.
    together(
        || music::play(&cast, folder),
        || chip::play(&cast, &chip_folder, days, super::chip::LICENCE_FEN),
    )?;
    desk::play(&cast, &procedures, days, |done, all| {
        if done == all || done % TOLD_EVERY == 1 {
            output.say("demo.desk", &[("done", done), ("all", all)]);
        }
    })?;
    cast.leave()
}

/// Does two things at the same time; the first error of the two.
fn together<A: Send, B>(
    one: impl FnOnce() -> anyhow::Result<A> + Send,
    other: impl FnOnce() -> anyhow::Result<B>,
) -> anyhow::Result<(A, B)> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one
            .join()
            .map_err(|_| anyhow::anyhow!("a part of the sample broke off"))?;
        Ok((one?, other?))
    })
}

/// Tells where the platform is and as whom to sign in.
fn show(address: &str, output: &Output) {
    let card = sign_in_card();
    if output.form == Form::Json {
        let mut card = card;
        card["address"] = json!(address);
        write_line(&card.to_string());
        return;
    }
    let word = match output.messages.language {
        Language::Zh => "zh",
        Language::En => "en",
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for account in card["accounts"].as_array().into_iter().flatten() {
        let roles = account["roles"].as_array().into_iter().flatten();
        let roles: Vec<String> = roles.map(|role| text(&role[word])).collect();
        let between = if word == "zh" { "、" } else { ", " };
        let columns = [
            padded(&text(&account["login"]), 8),
            padded(&text(&account["name"]), 12),
            padded(&text(&account["agency"][word]), 34),
            roles.join(between),
        ];
        lines.push(format!("  {}", columns.concat()));
    }
    let table = lines.join("\n");
    let told = [
        ("address", address),
        ("password", PASSWORD),
        ("table", table.as_str()),
    ];
    output.text(&output.messages.get("demo.ready", &told));
}

/// A text with blanks behind it up to a width; Chinese signs are two wide.
fn padded(text: &str, width: usize) -> String {
    let wide = |sign: char| if sign < '\u{1100}' { 1 } else { 2 };
    let taken: usize = text.chars().map(wide).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(taken).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_both_scripts() {
        assert_eq!(padded("周受理", 8), "周受理  ");
        assert_eq!(padded("zhou", 8), "zhou    ");
        assert_eq!(padded("longer than that", 8), "longer than that ");
    }

    #[test]
    fn a_platform_counts_as_filled_once_that_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert!(filled(dir.path()).unwrap().is_none());
        keep(dir.path(), "2026-03-01".parse().unwrap()).unwrap();
        assert_eq!(filled(dir.path()).unwrap().unwrap().on.to_string(), "2026-03-01");
        fs::write(dir.path().join(FILLED), "{}").unwrap();
        assert!(matches!(filled(dir.path()), Err(Fault::BadInput(_))));
    }

    #[test]
    fn a_platform_that_somebody_serves_is_not_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let evidence = dir.path().join("evidence");
        let held = RoomHandle::open(&evidence, "somebody", LockChoice::default()).unwrap();
        assert!(matches!(anew(dir.path()), Err(Fault::BadInput(_))));
        assert!(evidence.is_dir());
        drop(held);
    }
}
