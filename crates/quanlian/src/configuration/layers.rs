//! Layers: where values come from. The command line goes over the environment, that over the file, that over what holds otherwise.
//!
//! In:  the text of a file, the variables of the environment, flags.
//! Out: each key with the value that counts and where it came from; everything that is wrong, all at once.
//!
//! Own layers, not those of a library: every key is known by its [`Key`] already (for the example, bounds, units and the nearest known
//! name), and with that list the merging is the few lines below.
//!
//! Invariants: a key that nobody knows is an error that names the nearest one that is known; no value stands in an error; what a hostile
//! file can make of this is bounded by its size and by [`MAX_FINDINGS`].

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    Finding, Sections,
    key::Key,
    setting::{Given, Raw, Setting},
};

/// So many things that are wrong are told.
const MAX_FINDINGS: usize = 50;
/// Of a name that nobody knows so many signs are told.
const MAX_NAME_CHARS: usize = 64;
/// A name that is less like any other is not taken for a slip.
const ALIKE: f64 = 0.8;
/// Variables of this program that are no settings of a platform.
const OTHER_VARIABLES: [&str; 3] = ["QUANLIAN_CONFIG", "QUANLIAN_LANG", "QUANLIAN_TO_PASSWORD"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of the file.
    File { path: PathBuf, line: usize },
    /// A variable of the environment.
    Environment(String),
    /// A flag.
    CommandLine(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::CommandLine(flag) => f.write_str(flag),
        }
    }
}

/// A flag that was given: the path of its key, its name, what it says.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) says: String,
}

/// What a key came to.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub(crate) key: &'static Key,
    /// As TOML; a secret is masked; empty when it is not set.
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// All values, and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Values {
    given: BTreeMap<String, (Given, Origin)>,
    pub(super) settled: Vec<Settled>,
    pub(super) findings: Vec<Finding>,
}

impl Values {
    fn is_full(&self) -> bool {
        self.findings.len() >= MAX_FINDINGS
    }

    /// Notes something that is wrong.
    pub(super) fn find(&mut self, finding: Finding) {
        if !self.is_full() {
            self.findings.push(finding);
        }
    }

    /// Lays a file below everything else.
    pub(super) fn file(&mut self, path: &Path, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let at = |start: usize| Origin::File {
            path: path.to_owned(),
            line: text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1,
        };
        if !errors.is_empty() {
            for error in errors {
                let start = error.span().map_or(0, |span| span.start);
                self.find(Finding::error("config_syntax", error.message()).at(&at(start)));
            }
            return;
        }
        let base = path.parent().map(Path::to_owned);
        for (section, content) in table.get_ref() {
            if self.is_full() {
                return;
            }
            let (name, start) = (section.get_ref().as_ref(), section.span().start);
            let DeValue::Table(content) = content.get_ref() else {
                self.find(unknown(name, None).at(&at(start)));
                continue;
            };
            if !Sections::keys().any(|key| key.section == name) {
                self.find(unknown_section(name).at(&at(start)));
                continue;
            }
            for (key, value) in content {
                if self.is_full() {
                    return;
                }
                let origin = at(key.span().start);
                let within = || Sections::keys().filter(|known| known.section == name);
                let wanted = key.get_ref().as_ref();
                if let Some(known) = within().find(|known| known.name_in_file() == wanted) {
                    let raw = match raw_of(value.get_ref()) {
                        Raw::Text(path) if known.is_secret => Raw::InFile(path),
                        raw => raw,
                    };
                    let base = base.clone();
                    self.given.insert(known.path(), (Given { raw, base }, origin));
                } else if let Some(secret) = within().find(|known| known.is_secret && known.name == wanted) {
                    let detail = format!(
                        "{} is a secret and stands in no file that others read; name a file of its own by `{}`, or set ${}",
                        secret.path(),
                        secret.name_in_file(),
                        secret.variable()
                    );
                    self.find(
                        Finding::error("config_secret_inside", &detail)
                            .of(&secret.path())
                            .at(&origin),
                    );
                } else {
                    self.find(unknown(wanted, Some(name)).at(&origin));
                }
            }
        }
    }

    /// Lays the environment over it. An empty variable is as one that is not set.
    pub(super) fn environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        let all: BTreeMap<OsString, OsString> = variables.filter(|(_, value)| !value.is_empty()).collect();
        let mut known: Vec<String> = OTHER_VARIABLES.map(str::to_owned).to_vec();
        for key in Sections::keys() {
            let variable = key.variable();
            let in_file = format!("{variable}_FILE");
            let names: &[&String] = if key.is_secret {
                &[&in_file, &variable]
            } else {
                &[&variable]
            };
            for &name in names {
                known.push(name.clone());
                let Some(value) = all.get(&OsString::from(name)) else {
                    continue;
                };
                let origin = Origin::Environment(name.clone());
                let Some(value) = value.to_str() else {
                    self.find(
                        Finding::error("config_not_utf8", "it is not UTF-8")
                            .of(&key.path())
                            .at(&origin),
                    );
                    continue;
                };
                let raw = if *name == in_file {
                    Raw::InFile(value.to_owned())
                } else {
                    Raw::Words(value.to_owned())
                };
                self.given.insert(key.path(), (Given { raw, base: None }, origin));
            }
        }
        // Other commands have variables too, so only what looks like a slip is told.
        for name in all.keys().filter_map(|name| name.to_str()) {
            if !name.starts_with("QUANLIAN_") || known.iter().any(|one| one == name) {
                continue;
            }
            let in_section = Sections::keys()
                .any(|key| name.starts_with(&format!("QUANLIAN_{}_", key.section).to_ascii_uppercase()));
            let near = nearest(name, known.iter().map(String::as_str));
            let slip = near.filter(|near| strsim::damerau_levenshtein(near, name) <= 2);
            if in_section || slip.is_some() {
                let near = near
                    .map(|near| format!("; the nearest is {near}"))
                    .unwrap_or_default();
                let detail = format!("{} is no variable of this program{near}", cut(name));
                self.find(Finding::warning("config_variable_unknown", &detail));
            }
        }
    }

    /// Lays flags over everything.
    pub(super) fn flags(&mut self, flags: &[Flag]) {
        for flag in flags {
            let raw = Raw::Words(flag.says.clone());
            let origin = Origin::CommandLine(flag.name);
            self.given
                .insert(flag.path.to_owned(), (Given { raw, base: None }, origin));
        }
    }

    /// Takes the value of a key.
    pub(crate) fn take<T: Setting>(&mut self, key: Option<&'static Key>) -> T {
        let Some(key) = key else {
            return T::unread();
        };
        let path = key.path();
        let (given, origin) = match self.given.remove(&path) {
            Some((given, origin)) => (Some(given), origin),
            None => (default_of(key), Origin::Default),
        };
        let read = given.map(|given| T::of(&given, key)).transpose();
        let value = match read {
            Ok(value) => value.unwrap_or_else(T::unread),
            Err(wrong) => {
                self.find(Finding::error(wrong.code, &wrong.detail).of(&path).at(&origin));
                T::unread()
            }
        };
        self.settled.push(Settled {
            key,
            value: value.shown(),
            origin,
        });
        value
    }
}

/// What holds when nobody says anything, read as a file is; a test reads every one.
fn default_of(key: &Key) -> Option<Given> {
    if key.default.is_empty() {
        return None;
    }
    let read = DeValue::parse(key.default).ok()?;
    let raw = raw_of(read.get_ref());
    Some(Given { raw, base: None })
}

fn raw_of(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.clone().into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Raw::Other, Raw::Whole)
        }
        DeValue::Boolean(truth) => Raw::Truth(*truth),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw_of(item.get_ref())).collect()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => Raw::Other,
    }
}

fn cut(name: &str) -> String {
    let mut cut: String = name.chars().take(MAX_NAME_CHARS).collect();
    if cut.len() < name.len() {
        cut.push('…');
    }
    cut
}

/// The one among `known` that is most like `name`, when it is like it at all.
fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    let scored = known.map(|known| (strsim::jaro_winkler(&name, known), known));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, known)| known)
}

fn unknown_section(name: &str) -> Finding {
    let names: Vec<&str> = Sections::keys().map(|key| key.section).collect();
    let near = match nearest(name, names.iter().copied()) {
        Some(near) => format!("; the nearest is [{near}]"),
        None => String::new(),
    };
    Finding::error(
        "config_key_unknown",
        &format!("there is no section [{}]{near}", cut(name)),
    )
}

/// A key that nobody knows, with the nearest one: of its own section before all others.
fn unknown(name: &str, section: Option<&str>) -> Finding {
    let near = |is_meant: &dyn Fn(&Key) -> bool| {
        let known: Vec<(String, &Key)> = Sections::keys()
            .filter(|key| is_meant(key))
            .map(|key| (key.name_in_file(), key))
            .collect();
        let near = nearest(name, known.iter().map(|(name, _)| name.as_str()))?;
        let (name, key) = known.iter().find(|(name, _)| name == near)?;
        Some(format!("; the nearest is `{name}` in [{}]", key.section))
    };
    let near = section
        .and_then(|section| near(&|key| key.section == section))
        .or_else(|| near(&|_| true))
        .unwrap_or_default();
    let place = section.map_or("outside of any section".to_owned(), |section| {
        format!("in [{section}]")
    });
    Finding::error(
        "config_key_unknown",
        &format!("there is no key `{}` {place}{near}", cut(name)),
    )
}
