//! `quanlian config check|show|example`: is the configuration right, what does it come to, what could stand in it.
//!
//! In:  the configuration as `serve` with the same arguments and environment reads it.
//! Out: findings, each with a way out (exit 1 when one keeps the platform from running); every key with its value and where that came
//!      from; a whole file that says what holds otherwise.
//!
//! Invariant: nothing is changed, and no secret is shown.

mod check;

use std::{fmt::Write as _, process::ExitCode};

use serde::Serialize;

use crate::{
    cli::platform::{Config, ConfigRead},
    configuration::{Configuration, Finding, Sections, Severity, key::Key},
    fault::{Blame, Outcome, answer_no},
    message::Messages,
    output::{Form, Output, write_line},
};

/// Runs `config`.
pub(super) fn run(config: &Config, output: impl Fn(Form) -> Output) -> Outcome {
    match config {
        Config::Check(arguments) => check(arguments, &output(arguments.form.form())),
        Config::Show(arguments) => show(arguments, &output(arguments.form.form())),
        Config::Example => {
            let output = output(Form::Text);
            write_line(example(&output.messages).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[derive(Serialize)]
struct Checked {
    /// The file that was read.
    file: Option<String>,
    sound: bool,
    findings: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    finding: Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<String>,
}

fn check(arguments: &ConfigRead, output: &Output) -> Outcome {
    let loaded = Configuration::load(&arguments.place, &[]);
    let can_be_tried = loaded.is_sound();
    let (configuration, _, mut findings) = loaded.into_parts();
    if can_be_tried {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let tried = super::service::run(&mut builder, async { Ok(check::all(&configuration).await) })?;
        findings.extend(tried);
    }
    let sound = findings.iter().all(|finding| finding.severity != Severity::Error);
    for finding in &findings {
        let key = match finding.severity {
            Severity::Error => "config.error",
            Severity::Warning => "config.warning",
            Severity::Note => "config.note",
        };
        let sentence = finding.sentence(output);
        output.text(&output.messages.get(key, &[("finding", sentence)]));
    }
    let told = findings.into_iter().map(|finding| Told {
        way_out: finding.way_out(output),
        finding,
    });
    let file = configuration.file.as_ref().map(|file| file.display().to_string());
    let named = file
        .clone()
        .unwrap_or_else(|| output.messages.text("config.no_file"));
    let word = if sound { "config.sound" } else { "config.not_sound" };
    output.say(word, &[("file", named)]);
    let checked = Checked {
        file,
        sound,
        findings: told.collect(),
    };
    output.document(&checked).system()?;
    Ok(if sound { ExitCode::SUCCESS } else { answer_no() })
}

#[derive(Serialize)]
struct Shown {
    key: String,
    /// As TOML; null when it is not set.
    value: Option<String>,
    /// `default`, `FILE:LINE`, `$VARIABLE` or a flag.
    from: String,
    /// The variable that sets it.
    variable: String,
}

fn show(arguments: &ConfigRead, output: &Output) -> Outcome {
    let loaded = Configuration::load(&arguments.place, &[]);
    let settled = loaded.settled.clone();
    loaded.sound(output)?;
    let shown: Vec<Shown> = settled
        .into_iter()
        .map(|one| Shown {
            key: one.key.path(),
            value: (!one.value.is_empty()).then_some(one.value),
            from: one.origin.to_string(),
            variable: one.key.variable(),
        })
        .collect();
    for one in &shown {
        let value = one.value.as_deref().unwrap_or("–");
        output.text(&format!("{} = {value}    # {}", one.key, one.from));
    }
    output.document(&shown).system()?;
    Ok(ExitCode::SUCCESS)
}

/// A whole file: every key with its meaning, its bounds, its variable and what holds when nothing is said.
fn example(messages: &Messages) -> String {
    let mut file = String::new();
    let comment = |file: &mut String, text: &str| {
        for line in text.lines() {
            let _ = writeln!(file, "# {line}");
        }
    };
    comment(&mut file, &messages.text("config.example"));
    let mut section = "";
    for key in Sections::keys() {
        if key.section != section {
            section = key.section;
            let _ = writeln!(file, "\n[{section}]");
        }
        comment(&mut file, &messages.text(&format!("setting.{}", key.path())));
        comment(&mut file, &bounds(key, messages));
        let name = key.name_in_file();
        // What holds anyway stands there in earnest, so that a reader of the file is told by a test that it is so.
        if key.default.is_empty() || key.is_secret {
            let _ = writeln!(file, "#{name} = {}", key.example);
        } else {
            let _ = writeln!(file, "{name} = {}", key.default);
        }
    }
    file
}

fn bounds(key: &Key, messages: &Messages) -> String {
    let variable = key.variable();
    match key.bounds {
        Some((least, most)) => {
            let (least, most) = (least.to_string(), most.to_string());
            let blanks = [
                ("least", least.as_str()),
                ("most", &most),
                ("variable", &variable),
            ];
            messages.get("config.bounds", &blanks)
        }
        None => messages.get("config.variable", &[("variable", variable)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::platform::PlatformPlace, message::Language};

    /// The example is a file that is read, and comes to what holds without any file.
    #[test]
    fn the_example_says_what_holds_without_it() {
        let folder = tempfile::tempdir().unwrap();
        for language in [Language::Zh, Language::En] {
            let text = example(&Messages::of(language));
            let file = folder.path().join("platform.toml");
            std::fs::write(&file, &text).unwrap();
            let of = |config| {
                let place = PlatformPlace {
                    data: None,
                    database: None,
                    config,
                };
                let loaded = Configuration::load(&place, &[]);
                assert!(loaded.is_sound(), "{:?}", loaded.findings);
                let values = loaded.settled.iter();
                values
                    .filter(|one| one.key.path() != "storage.data")
                    .map(|one| (one.key.path(), one.value.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(of(Some(file)), of(None));
            for key in Sections::keys() {
                assert!(text.contains(&key.name_in_file()), "{}", key.path());
                assert!(text.contains(&key.variable()), "{}", key.path());
            }
        }
    }

    #[test]
    fn each_key_has_its_words_and_each_number_its_bounds_and_unit() {
        for language in [Language::Zh, Language::En] {
            let messages = Messages::of(language);
            for key in Sections::keys() {
                assert!(messages.has(&format!("setting.{}", key.path())), "{}", key.path());
                let is_number = key.default.parse::<u64>().is_ok();
                assert_eq!(key.bounds.is_some(), is_number, "{}", key.path());
                assert!(
                    !key.default.is_empty() || !key.example.is_empty(),
                    "{}",
                    key.path()
                );
            }
        }
    }
}
