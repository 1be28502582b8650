//! Steps: one command or check, with a header before it and its time after it.
//!
//! In:  a name and what to do.
//! Out: whether it passed; the talk goes to stderr, the command's own output where it always goes.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::Stop;

/// How one step went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) passed: bool,
    pub(crate) took: Duration,
    /// What the reader must know although the step passed.
    pub(crate) notice: Option<String>,
}

/// The cargo that runs this program, at the root of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// Runs `work` under a header. `work` says whether it passed.
pub(crate) fn run(name: &str, work: impl FnOnce() -> Result<bool, Stop>) -> Result<Outcome, Stop> {
    eprintln!("\n=== {name}");
    let start = Instant::now();
    let passed = work()?;
    let outcome = Outcome {
        name: name.to_owned(),
        passed,
        took: start.elapsed(),
        notice: None,
    };
    eprintln!("=== {}", line(&outcome));
    Ok(outcome)
}

/// Runs a command to its end, its words shown first. `true` when it exits with 0.
pub(crate) fn command(command: &mut Command) -> Result<bool, Stop> {
    Ok(exit_code(command)? == 0)
}

/// Runs a command to its end, its words shown first.
pub(crate) fn exit_code(command: &mut Command) -> Result<u8, Stop> {
    eprintln!("$ {}", words(command));
    let status = command.status().map_err(|e| {
        Stop::Machine(format!(
            "cannot start {}: {e}",
            command.get_program().to_string_lossy()
        ))
    })?;
    // A death by signal has no code; 3 is this program's word for "could not run".
    Ok(status
        .code()
        .map_or(crate::BROKEN, |code| u8::try_from(code).unwrap_or(crate::FAILED)))
}

/// The command as a person would type it; folders of the program itself are left out.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(key, value)| {
            Some(format!(
                "{}={}",
                key.to_string_lossy(),
                quoted(&value?.to_string_lossy())
            ))
        })
        .collect();
    words.push(program.to_string_lossy().into_owned());
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

/// One line of the summary: `clippy: passed in 12.3 s`.
pub(crate) fn line(outcome: &Outcome) -> String {
    let verdict = if outcome.passed { "passed" } else { "FAILED" };
    let notice = outcome
        .notice
        .as_ref()
        .map_or_else(String::new, |notice| format!(" ({notice})"));
    format!(
        "{}: {verdict} in {:.1} s{notice}",
        outcome.name,
        outcome.took.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_person_would_type_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command
            .args(["doc", "--message", "two words"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            words(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --message 'two words'"
        );
    }

    #[test]
    fn the_exit_code_of_a_command_is_passed_on() {
        assert_eq!(exit_code(Command::new("sh").args(["-c", "exit 7"])).unwrap(), 7);
        assert_eq!(
            exit_code(Command::new("sh").args(["-c", "kill -9 $$"])).unwrap(),
            crate::BROKEN
        );
        assert!(!command(&mut Command::new("false")).unwrap());
        assert!(matches!(
            exit_code(&mut Command::new("no-such-program-here")),
            Err(Stop::Machine(_))
        ));
    }

    #[test]
    fn a_failed_step_says_so_in_its_line() {
        let outcome = run("fmt", || Ok(false)).unwrap();
        assert!(line(&outcome).starts_with("fmt: FAILED in 0."));
    }
}
