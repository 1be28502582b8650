//! What leaves the program: data to stdout, talk and progress to stderr.
//!
//! In:  values and messages.
//! Out: one JSON document, JSON lines, or text for people.
//!
//! Invariant: stdout carries data alone. A closed pipe ends the output, not the work.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::message::{Language, Messages};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text for people.
    Text,
    /// One JSON document.
    Json,
    /// One JSON object a line, as it becomes known.
    JsonLines,
}

/// Where a command writes.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) form: Form,
    pub(crate) messages: Messages,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(form: Form, language: Language, quiet: bool) -> Self {
        Self {
            form,
            messages: Messages::of(language),
            quiet,
        }
    }

    /// The same without talk, for whom every line is one of a log.
    pub(crate) fn hushed(&self) -> Self {
        Self {
            form: self.form,
            messages: self.messages.clone(),
            quiet: true,
        }
    }

    /// The one result of a command, as JSON.
    pub(crate) fn document<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        if self.form == Form::Json {
            write_line(&serde_json::to_string_pretty(value)?);
        }
        Ok(())
    }

    /// One of many results, as a JSON line.
    pub(crate) fn line<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        if self.form == Form::JsonLines {
            write_line(&serde_json::to_string(value)?);
        }
        Ok(())
    }

    /// A result for people, when no program is listening.
    pub(crate) fn text(&self, text: &str) {
        if self.form == Form::Text {
            write_line(&printable(text));
        }
    }

    /// Talk about what goes on.
    pub(crate) fn say<V: ToString>(&self, key: &str, args: &[(&str, V)]) {
        if !self.quiet {
            warn(&self.messages.get(key, args));
        }
    }

    /// A bar for work of known length; where no terminal shows it, one line that the work begins.
    pub(crate) fn progress(&self, key: &str, length: u64) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            self.say::<&str>(key, &[]);
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(self.messages.text(key));
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }
}

/// One line about one file.
pub(crate) fn warn_about(output: &Output, file: &str, message: &str) {
    warn(
        &output
            .messages
            .get("trace.problem", &[("file", file), ("message", message)]),
    );
}

/// What went wrong, in the language of the person; programs go by the code, and `detail` says more in English.
pub(crate) fn reason(messages: &Messages, code: &str, detail: &str) -> String {
    let key = format!("error.{code}");
    if !messages.has(&key) {
        return detail.to_owned();
    }
    let reason = messages.text(&key);
    // In English the detail says the same and more.
    match messages.language {
        Language::En => detail.to_owned(),
        Language::Zh => messages.get("match.reason", &[("reason", reason.as_str()), ("detail", detail)]),
    }
}

/// A line of data whatever the form, such as a completion script.
pub(crate) fn write_line(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away (`| head`) is no failure of the work.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n"));
}

/// A message that a person should see even when data goes to a program.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// File names and contents from outside may hold control signs; a terminal must not obey them.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\n");
    }
}
