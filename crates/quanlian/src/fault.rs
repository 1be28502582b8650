//! Why a command failed, and the exit code that follows.
//!
//! In:  errors from anywhere.
//! Out: [`Fault`]: bad use or input (2) or a failure of the system (3).

use std::{fmt::Write, process::ExitCode};

/// A command that could not be carried out.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The person can mend it: a wrong path, a broken file, an unknown id.
    BadInput(anyhow::Error),
    /// The machine failed: disk, permissions on our own folders, a bug.
    System(anyhow::Error),
}

/// The result of a command: the exit code where it was carried out.
pub(crate) type Outcome = Result<ExitCode, Fault>;

/// Exit code of a command whose answer is "no".
pub(crate) fn answer_no() -> ExitCode {
    ExitCode::from(1)
}

impl Fault {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::BadInput(_) => ExitCode::from(2),
            Self::System(_) => ExitCode::from(3),
        }
    }

    /// The error alone, where whose fault it is goes without saying.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let (Self::BadInput(error) | Self::System(error)) = self;
        error
    }

    /// The error and what caused it, one a line.
    pub(crate) fn report(&self) -> String {
        let (Self::BadInput(error) | Self::System(error)) = self;
        let mut lines = format!("quanlian: {error}");
        for cause in error.chain().skip(1) {
            // A source may repeat what its parent already said.
            let text = cause.to_string();
            if !lines.ends_with(&text) {
                let _ = write!(lines, "\n  {text}");
            }
        }
        lines
    }
}

/// Says whose fault an error is.
pub(crate) trait Blame<T> {
    /// The input is at fault: exit code 2.
    fn bad_input(self) -> Result<T, Fault>;
    /// The system is at fault: exit code 3.
    fn system(self) -> Result<T, Fault>;
}

impl<T, E: Into<anyhow::Error>> Blame<T> for Result<T, E> {
    fn bad_input(self) -> Result<T, Fault> {
        self.map_err(|error| Fault::BadInput(error.into()))
    }

    fn system(self) -> Result<T, Fault> {
        self.map_err(|error| Fault::System(error.into()))
    }
}
