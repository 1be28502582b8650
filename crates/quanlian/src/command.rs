//! The commands, one module each.
//!
//! In:  parsed arguments.
//! Out: results on stdout and an exit code.

mod admin;
mod bundle;
mod calibrate;
mod capture;
mod compare;
mod config;
mod coverage;
mod custody;
mod deposit;
mod erase;
mod history;
mod hold;
pub(crate) mod index;
mod key;
pub(crate) mod law;
mod log;
pub(crate) mod matching;
mod modes;
mod monitor;
mod platform;
mod provenance;
mod seal;
mod secret;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod timestamp;
mod trail;
mod verify;
mod watch;
pub(crate) mod witness;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::{
    cli::{Cli, Command, Index, Key, Law, Log, timestamp::Timestamp},
    demo,
    fault::Outcome,
    help,
    message::Language,
    output::{Form, Output},
    trace,
};

/// Runs one command.
pub(crate) fn run(command: Command, language: Language, quiet: bool) -> Outcome {
    let output = |form: Form| Output::new(form, language, quiet);
    match command {
        Command::Demo(arguments) => demo::run(&arguments, &output(arguments.form.form())),
        Command::Trace(arguments) => trace::run(&arguments, &output(arguments.form.form())),
        Command::Index(Index::Build(arguments)) => index::build(&arguments, &output(arguments.form.form())),
        Command::Index(Index::Add(arguments)) => index::add(&arguments, &output(arguments.of.form.form())),
        Command::Index(Index::Remove(arguments)) => {
            index::upkeep::remove(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Restore(arguments)) => {
            index::upkeep::restore(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Merge(arguments)) => {
            index::upkeep::merge(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Verify(arguments)) => {
            index::verify::run(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Snapshot(arguments)) => {
            index::snapshot::take(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Fetch(arguments)) => {
            index::snapshot::fetch(&arguments, &output(arguments.form.form()))
        }
        Command::Index(Index::Stats { index, form }) => index::stats(&index, &output(form.form())),
        Command::Match(arguments) => matching::run(&arguments, &output(arguments.form.form())),
        Command::Compare(arguments) => compare::run(&arguments, &output(arguments.form.form())),
        Command::Seal(arguments) => seal::run(&arguments, &output),
        Command::Monitor(arguments) => monitor::run(&arguments, &output(arguments.form.form())),
        Command::Calibrate(arguments) => calibrate::run(&arguments, &output(arguments.form.form())),
        Command::Watch(arguments) => watch::run(&arguments, &output(arguments.form.form())),
        Command::Deposit(arguments) => deposit::run(&arguments, &output(arguments.form.form())),
        Command::Bundle(arguments) => bundle::run(&arguments, &output(arguments.form.form())),
        Command::Custody(arguments) => custody::run(arguments, &output),
        Command::Secret(arguments) => secret::run(arguments, &output),
        Command::Hold(arguments) => hold::run(arguments, &output),
        Command::Erase(arguments) => erase::run(&arguments, &output(arguments.of.form.form())),
        Command::Capture(arguments) => capture::run(&arguments, &output(arguments.form.form())),
        Command::Verify(arguments) => verify::run(&arguments, &output(arguments.form.form())),
        Command::Key(Key::New(arguments)) => key::new(&arguments, &output(arguments.form.form())),
        Command::Key(Key::Seal(arguments)) => key::seal(&arguments, &output(arguments.form.form())),
        Command::Key(Key::Show { file, form }) => key::show(&file, &output(form.form())),
        Command::Key(Key::Rotate(arguments)) => key::rotate::run(&arguments, &output(arguments.form.form())),
        Command::Log(Log::Append(arguments)) => log::append(&arguments, &output(arguments.form.form())),
        Command::Log(Log::Fsck(arguments)) => log::fsck(&arguments, &output(arguments.form.form())),
        Command::Log(Log::Bench(arguments)) => log::bench(&arguments, &output(arguments.form.form())),
        Command::Log(Log::MoveLock(arguments)) => log::move_lock(&arguments, &output(arguments.form.form())),
        Command::Log(Log::Serve(arguments)) => log::serve::run(&arguments, &output(Form::Text)),
        Command::Log(Log::Witness(arguments)) => witness::serve(&arguments, &output(Form::Text)),
        Command::Log(Log::Cosign(arguments)) => {
            witness::cosign::run(&arguments, &output(arguments.form.form()))
        }
        Command::Timestamp(Timestamp::Request(arguments)) => {
            timestamp::request(&arguments, &output(arguments.form.form()))
        }
        Command::Timestamp(Timestamp::Stamp(arguments)) => {
            timestamp::stamp(&arguments, &output(arguments.form.form()))
        }
        Command::Timestamp(Timestamp::Verify(arguments)) => {
            timestamp::verify_stamps(&arguments, &output(arguments.form.form()))
        }
        Command::Timestamp(Timestamp::Renew(arguments)) => {
            timestamp::renew(&arguments, &output(arguments.form.form()))
        }
        Command::Timestamp(Timestamp::DemoTsa(arguments)) => {
            timestamp::demo_tsa(&arguments, &output(arguments.form.form()))
        }
        Command::Admin(admin) => admin::run(&admin, output),
        Command::Serve(arguments) => serve::run(&arguments, &output(Form::Text)),
        Command::Config(config) => config::run(&config, output),
        Command::Provenance(arguments) => provenance::run(&arguments, &output(arguments.form.form())),
        Command::Law(Law::Assess(arguments)) => law::assess(&arguments, &output(arguments.form.form())),
        Command::Law(Law::Show {
            rule,
            on,
            source,
            form,
        }) => law::book::show(&rule, on, &source, &output(form.form())),
        Command::Law(Law::List(arguments)) => law::book::list(&arguments, &output(arguments.form.form())),
        Command::Law(Law::Check { source, form }) => law::book::check(&source, &output(form.form())),
        Command::Law(Law::Diff {
            before,
            after,
            offence,
            source,
            form,
        }) => law::changes::diff(before, after, offence.as_deref(), &source, &output(form.form())),
        Command::Law(Law::Unverified { source, form }) => {
            law::changes::unverified(&source, &output(form.form()))
        }
        Command::Law(Law::Schema { of, source }) => law::book::schema(of, &source),
        Command::Law(Law::Deadline(arguments)) => {
            law::deadline::run(&arguments, &output(arguments.form.form()))
        }
        Command::Law(Law::Damages { sheet, source, form }) => {
            law::damages::damages(&sheet, &source, &output(form.form()))
        }
        Command::Law(Law::Fine { sheet, source, form }) => {
            law::damages::fine(&sheet, &source, &output(form.form()))
        }
        Command::Completions { shell } => {
            let output = output(Form::Text);
            let mut tree = help::localise(Cli::command(), &output.messages);
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut tree, "quanlian", &mut script);
            crate::output::write_line(String::from_utf8_lossy(&script).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}
