//! The log of the program: lines on stderr about what goes on inside, for whoever runs it.
//!
//! In:  which lines, and in which form.
//! Out: lines of `tracing`, one each.
//!
//! Invariant: begun once, before anything else is told.
//!
//! Not here: what is said to the person at the terminal (`output`).

use tracing_subscriber::EnvFilter;

use crate::configuration::setting::LogFormat;

/// For commands that end by themselves: `QUANLIAN_LOG`, errors unless it says otherwise.
pub(crate) fn begin_for_a_command() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_env("QUANLIAN_LOG"))
        .with_writer(std::io::stderr)
        .init();
}

/// For a service.
pub(crate) fn begin(filter: &str, format: LogFormat) {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
