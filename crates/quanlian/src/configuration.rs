//! The configuration of a platform: a file, the environment over it, the command line over that.
//!
//! In:  where the file is, the environment, flags.
//! Out: [`Configuration`], in which every value is of its kind and within its bounds; or everything that is wrong, all at once.
//!
//! | part | holds |
//! |---|---|
//! | `sections` | what can be set, and what holds otherwise |
//! | `key` | how a section is written down |
//! | `setting` | the kinds of values; secrets |
//! | `layers` | where values come from, and which counts |
//!
//! Invariants: the file is read once, up to [`MAX_FILE_BYTES`]; a secret stands in the environment or in a file of its own, never in the
//! configuration; nothing is opened, made or asked here.
//!
//! Not here: whether folder, database and port can be used (`command::config::check`); what somebody sets in the program itself.

pub(crate) mod key;
pub(crate) mod layers;
pub(crate) mod sections;
pub(crate) mod setting;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub(crate) use layers::{Flag, Settled};
pub(crate) use sections::Sections;

use crate::{
    cli::platform::PlatformPlace,
    fault::{Blame as _, Fault},
    files,
    output::{Output, reason, warn},
};
use layers::{Origin, Values};

/// No file of configuration is longer.
const MAX_FILE_BYTES: u64 = 256 << 10;
/// Its name in the folder of a platform.
const FILE: &str = "platform.toml";
/// Names it elsewhere.
const VARIABLE: &str = "QUANLIAN_CONFIG";

/// How much something that was found counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// The platform does not start, or does not do what it is for.
    Error,
    /// It starts, and somebody should look.
    Warning,
    /// As it should be.
    Note,
}

/// Something about a configuration.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Stable, for programs.
    pub(crate) code: &'static str,
    /// The key that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// Where that was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    pub(crate) detail: String,
}

impl Finding {
    fn new(severity: Severity, code: &'static str, detail: &str) -> Self {
        Self {
            severity,
            code,
            key: None,
            origin: None,
            detail: detail.to_owned(),
        }
    }

    pub(crate) fn error(code: &'static str, detail: &str) -> Self {
        Self::new(Severity::Error, code, detail)
    }

    pub(crate) fn warning(code: &'static str, detail: &str) -> Self {
        Self::new(Severity::Warning, code, detail)
    }

    pub(crate) fn note(code: &'static str, detail: &str) -> Self {
        Self::new(Severity::Note, code, detail)
    }

    pub(crate) fn of(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.to_string());
        self
    }

    /// What it says, in the language of the person, with where it is and the way out.
    pub(crate) fn sentence(&self, output: &Output) -> String {
        let mut sentence = String::new();
        for place in [&self.origin, &self.key].into_iter().flatten() {
            sentence.push_str(place);
            sentence.push_str(": ");
        }
        sentence.push_str(&reason(&output.messages, self.code, &self.detail));
        if let Some(way) = self.way_out(output) {
            sentence.push_str("\n  → ");
            sentence.push_str(&way);
        }
        sentence
    }

    /// What to do.
    pub(crate) fn way_out(&self, output: &Output) -> Option<String> {
        let key = format!("way_out.{}", self.code);
        output.messages.has(&key).then(|| output.messages.text(&key))
    }
}

/// The settings of a platform.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) sections: Sections,
    /// The file, where there is one.
    pub(crate) file: Option<PathBuf>,
}

/// What was read, sound or not.
#[derive(Debug)]
pub(crate) struct Loaded {
    configuration: Configuration,
    /// Every key with what it came to.
    pub(crate) settled: Vec<Settled>,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
}

impl Configuration {
    /// The folder of the platform.
    pub(crate) fn data(&self) -> &Path {
        &self.sections.storage.data
    }

    /// Reads everything; what is wrong is in the result.
    pub(crate) fn load(place: &PlatformPlace, flags: &[Flag]) -> Loaded {
        Self::of(place, flags, |name| std::env::var_os(name), std::env::vars_os())
    }

    /// Of a folder that the program made for itself: nothing that was set for another platform counts, neither in the environment nor
    /// in a file that it names.
    pub(crate) fn of_own_folder(data: &Path, flags: &[Flag]) -> Loaded {
        let place = PlatformPlace {
            data: Some(data.to_owned()),
            database: None,
            config: None,
        };
        Self::of(&place, flags, |_| None, std::iter::empty())
    }

    fn of(
        place: &PlatformPlace,
        flags: &[Flag],
        variable: impl Fn(&str) -> Option<std::ffi::OsString>,
        variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    ) -> Loaded {
        let mut values = Values::default();
        let set = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let named = place.config.clone().or_else(|| set(VARIABLE));
        let is_named = named.is_some();
        let path = named.unwrap_or_else(|| {
            let data = place.data.clone().or_else(|| set("QUANLIAN_DATA"));
            data.unwrap_or_else(|| PathBuf::from("quanlian-data")).join(FILE)
        });
        let file = match read(&path) {
            Ok(Some(text)) => {
                values.file(&path, &text);
                Some(path)
            }
            Ok(None) if !is_named => None,
            Ok(None) => {
                let detail = format!("{} is not there", path.display());
                values.find(Finding::error("config_file_missing", &detail));
                None
            }
            Err(finding) => {
                values.find(finding);
                Some(path)
            }
        };
        values.environment(variables);
        values.flags(&of_place(place));
        values.flags(flags);
        let sections = Sections::read(&mut values);
        if !is_named {
            let in_file = |one: &&Settled| {
                one.key.path() == "storage.data" && matches!(one.origin, Origin::File { .. })
            };
            if let Some(found) = values.settled.iter().find(in_file).cloned() {
                let detail =
                    "a file that was found in a folder does not name the folder; name the file by `--config`";
                values.find(
                    Finding::error("config_contradiction", detail)
                        .of("storage.data")
                        .at(&found.origin),
                );
            }
        }
        for finding in contradictions(&sections) {
            values.find(finding);
        }
        Loaded {
            configuration: Self { sections, file },
            settled: values.settled,
            findings: values.findings,
        }
    }
}

impl Loaded {
    /// Whether nothing is wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.findings
            .iter()
            .all(|found| found.severity != Severity::Error)
    }

    /// The configuration, unless something is wrong with it.
    pub(crate) fn sound(self, output: &Output) -> Result<Configuration, Fault> {
        if self.is_sound() {
            for finding in &self.findings {
                warn(&finding.sentence(output));
            }
            return Ok(self.configuration);
        }
        let all: Vec<String> = self
            .findings
            .iter()
            .map(|finding| finding.sentence(output))
            .collect();
        let refused = output
            .messages
            .get("config.refused", &[("findings", all.join("\n"))]);
        Err(anyhow::anyhow!(refused)).bad_input()
    }

    /// What was read, for whoever says what is wrong himself.
    pub(crate) fn into_parts(self) -> (Configuration, Vec<Settled>, Vec<Finding>) {
        (self.configuration, self.settled, self.findings)
    }
}

/// What the arguments that all commands of a platform have say of it.
fn of_place(place: &PlatformPlace) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut add = |path, name, says: String| flags.push(Flag { path, name, says });
    if let Some(data) = &place.data {
        add("storage.data", "--data", data.display().to_string());
    }
    if let Some(url) = &place.database {
        add("database.url", "--database", url.clone());
    }
    flags
}

/// The text of the file; `None` when there is none.
fn read(path: &Path) -> Result<Option<String>, Finding> {
    let refused =
        |why: String| Finding::error("config_file_unreadable", &format!("{}: {why}", path.display()));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error.to_string())),
        // A pipe or a device would be read for ever.
        Ok(found) if !found.is_file() => return Err(refused("it is no file".to_owned())),
        Ok(_) => {}
    }
    let bytes = files::read_limited(path, MAX_FILE_BYTES).map_err(|error| refused(format!("{error:#}")))?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| Finding::error("config_not_utf8", &format!("{} is not UTF-8", path.display())))
}

/// What single keys do not show.
fn contradictions(sections: &Sections) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut refuse =
        |key: &str, detail: &str| found.push(Finding::error("config_contradiction", detail).of(key));
    let session = &sections.session;
    if session.idle_s > session.longest_s {
        refuse("session.idle_s", "it is longer than `longest_s`");
    }
    if session.fresh_s > session.longest_s {
        refuse("session.fresh_s", "it is longer than `longest_s`");
    }
    let sign_in = &sections.sign_in;
    if sign_in.address_first_wait_s > sign_in.address_longest_wait_s {
        refuse(
            "sign_in.address_first_wait_s",
            "it is longer than `address_longest_wait_s`",
        );
    }
    let storage = &sections.storage;
    let halves = [
        storage.objects_key_id.is_some(),
        storage.objects_secret.reveal().is_some(),
    ];
    if storage.objects.is_some() && halves[0] != halves[1] {
        refuse(
            "storage.objects_key_id",
            "the key of a bucket has two halves; one is missing",
        );
    }
    found
}

#[cfg(test)]
mod tests;
