//! quanlian on the command line: parses the arguments, runs one command, ends with its exit code.
//!
//! In:  arguments, files, the clock and the system's randomness: this is the edge.
//! Out: data on stdout, talk on stderr, and an exit code (see `cli`).

mod cli;
mod command;
mod configuration;
mod demo;
mod evidence;
mod fault;
mod files;
mod help;
mod interrupt;
mod logging;
mod message;
mod otlp;
mod output;
mod rendering;
mod spread;
mod trace;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::Cli;
use message::{Language, Messages};

fn main() -> ExitCode {
    // The language decides the help texts, so it has to be known before clap reads the rest.
    let language = language_of_arguments().unwrap_or_else(message::language_of_environment);
    let mut command = help::localise(Cli::command(), &Messages::of(language));
    let cli = match command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|m| Cli::from_arg_matches(&m))
    {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let language = cli.lang.unwrap_or(language);
    // A platform says in its configuration how it logs.
    if !matches!(cli.command, cli::Command::Serve(_)) {
        logging::begin_for_a_command();
    }
    match command::run(cli.command, language, cli.quiet) {
        Ok(code) => code,
        Err(fault) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr().lock(), "{}", output::printable(&fault.report()));
            fault.exit_code()
        }
    }
}

/// `--lang` or `QUANLIAN_LANG`, before the arguments are read in earnest.
fn language_of_arguments() -> Option<Language> {
    let arguments: Vec<String> = std::env::args_os()
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    let after = arguments
        .iter()
        .position(|a| a == "--lang")
        .and_then(|at| arguments.get(at + 1).cloned());
    let joined = arguments
        .iter()
        .find_map(|a| a.strip_prefix("--lang=").map(str::to_owned));
    let asked = after.or(joined).or_else(|| std::env::var("QUANLIAN_LANG").ok())?;
    <Language as clap::ValueEnum>::from_str(&asked, true).ok()
}
