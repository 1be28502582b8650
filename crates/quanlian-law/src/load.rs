//! Reading rule files: TOML in, [`Rule`]s out, and a named error for every fault.
//!
//! In:  the files of a `law/` folder, as paths and bytes.
//! Out: [`Parsed`], which [`crate::RuleBook`] wraps.
//!
//! Invariant: nothing is guessed and nothing is skipped. A field that the format
//! does not know is an error with file and line; so are two versions in force on
//! one day, a line without a source, and a fact that nobody declared.
//!
//! Not here: whether the examples hold (`check`).

mod calendar;
mod clock;
mod convert;
mod links;
mod place;
mod raw;
mod shared;

pub(crate) use calendar::FOLDER as CALENDARS;
pub(crate) use convert::fields_of;
pub(crate) use raw::RawRule;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use quanlian_record::{calendar::WorkingCalendar, time::Day};
use sha2::{Digest, Sha256};

use crate::{
    damages,
    nesting::too_deep,
    rule::{Amount, Body, Condition, FineBasis, Kind, Rule, Version},
    text::{MessageFault, Messages, Text},
    vocabulary::{EventDefinition, FactDefinition, FactKind, nearest},
};

/// The rules that this program was built with.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../law");

/// Largest rule file, in bytes.
pub const MAX_FILE_BYTES: u64 = 512 * 1024;
/// Largest rule folder, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 64 * 1024 * 1024;
/// Most files and folders in a rule folder.
pub const MAX_FILES: usize = 5_000;
/// Deepest folder below `law/`.
pub const MAX_FOLDER_DEPTH: usize = 12;
/// Deepest nesting of brackets in a file, and of conditions in a line.
pub const MAX_NESTING: usize = 16;

const FACTS_FILE: &str = "facts.toml";
const EVENTS_FILE: &str = "events.toml";
const MESSAGES_FILE: &str = "messages.toml";
const SOURCES_FILE: &str = "sources.toml";

/// Why a rule folder was refused. Every variant names the file, and the line where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum LoadError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}; check that it exists and may be read")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than a rule file can sensibly be.
    #[error("{file} has more than {limit_bytes} bytes; split it into one file for each provision")]
    TooLarge { file: String, limit_bytes: u64 },
    /// All files together are larger than a rule folder can sensibly be.
    #[error("the rule files have more than {limit_bytes} bytes in all; is it the right folder?")]
    TooLargeInAll { limit_bytes: u64 },
    /// A link, which could lead out of the folder or round in circles.
    #[error("{path} is a link; a rule folder holds plain files and folders only")]
    Link { path: PathBuf },
    /// More files than a rule folder can sensibly have.
    #[error("the folder has more than {limit} entries; is it the right folder?")]
    TooManyFiles { limit: usize },
    /// Folders nested too deeply.
    #[error("{path} lies more than {limit} folders deep; move the files up")]
    TooDeep { path: PathBuf, limit: usize },
    /// The file is not UTF-8.
    #[error("{file} is not UTF-8; save it as UTF-8")]
    NotUtf8 { file: String },
    /// Brackets nested too deeply.
    #[error("{file}, line {line}: brackets are nested more than {limit} deep; write it flatter")]
    Nesting { file: String, line: usize, limit: usize },
    /// Not TOML, an unknown field, a missing field or a value of another type.
    #[error("{file}, line {line}: {problem}; see law/README.md for the fields of a rule file")]
    Syntax {
        file: String,
        line: usize,
        problem: String,
    },
    /// The parts of the file contradict each other or the format.
    #[error("{file}, line {line}: {problem}; {way_out}")]
    Invalid {
        file: String,
        line: usize,
        problem: String,
        way_out: String,
    },
    /// The id of a file is not its path.
    #[error("{file}: the id is `{found}`, but the path asks for `{wanted}`; change one of them")]
    IdIsNotPath {
        file: String,
        found: String,
        wanted: String,
    },
    /// One id, or one role, in two places.
    #[error(
        "{file}: the id or role `{id}` is already used in {first}; it must be unique in the whole folder"
    )]
    DuplicateId { file: String, id: String, first: String },
    /// Two versions of a rule are in force on the same day.
    #[error(
        "{file}, line {line}: the version from {later} begins while the one from {earlier} is in force; end that one the day before"
    )]
    Overlap {
        file: String,
        line: usize,
        earlier: String,
        later: String,
    },
    /// A later version stands before an earlier one, or ends before it begins.
    #[error(
        "{file}, line {line}: the version from {from} is out of order; write versions oldest first, `to` not before `from`"
    )]
    OutOfOrder { file: String, line: usize, from: String },
    /// A source key that `sources.toml` does not have, or none at all.
    #[error(
        "{file}: `{place}` rests on `{source_key}`, which is not in sources.toml; add it there or correct the key"
    )]
    UnknownSource {
        file: String,
        place: String,
        source_key: String,
    },
    /// A name that the vocabulary does not have.
    #[error("{file}: `{place}` uses `{name}`, which is not declared in {vocabulary}{}", suggestion(near.as_deref()))]
    UnknownName {
        file: String,
        place: String,
        name: String,
        vocabulary: &'static str,
        near: Option<String>,
    },
    /// The message file lacks a key, has one too many, or its languages differ.
    #[error("messages.toml: the key `{key}` {problem}")]
    Messages { key: String, problem: &'static str },
    /// A line names an offence that the folder does not have.
    #[error(
        "{file}: `{place}` rests on the lines of `{offence}`, which is no offence of this folder; known are {known}"
    )]
    UnknownOffence {
        file: String,
        place: String,
        offence: String,
        known: String,
    },
    /// Rules that rest on each other.
    #[error("{file}: `{name}` {verb} `{needed}`, which leads back to `{name}`; take one of the links away")]
    Circle {
        file: String,
        name: String,
        verb: &'static str,
        needed: String,
    },
    /// One of the files that every rule folder has is not there.
    #[error("the folder has no {file}; is it a law folder?")]
    MissingFile { file: &'static str },
}

fn suggestion(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

impl LoadError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "law_load_read",
            Self::TooLarge { .. } => "law_load_too_large",
            Self::TooLargeInAll { .. } => "law_load_too_large_in_all",
            Self::Link { .. } => "law_load_link",
            Self::TooManyFiles { .. } => "law_load_too_many_files",
            Self::TooDeep { .. } => "law_load_too_deep",
            Self::NotUtf8 { .. } => "law_load_not_utf8",
            Self::Nesting { .. } => "law_load_nesting",
            Self::Syntax { .. } => "law_load_syntax",
            Self::Invalid { .. } => "law_load_invalid",
            Self::IdIsNotPath { .. } => "law_load_id_is_not_path",
            Self::DuplicateId { .. } => "law_load_duplicate_id",
            Self::Overlap { .. } => "law_load_overlap",
            Self::OutOfOrder { .. } => "law_load_out_of_order",
            Self::UnknownSource { .. } => "law_load_unknown_source",
            Self::UnknownName { .. } => "law_load_unknown_name",
            Self::Messages { .. } => "law_load_messages",
            Self::UnknownOffence { .. } => "law_load_unknown_offence",
            Self::Circle { .. } => "law_load_circle",
            Self::MissingFile { .. } => "law_load_missing_file",
        }
    }
}

/// A rule folder, read and found sound.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Rules by id.
    pub(crate) rules: BTreeMap<String, Rule>,
    /// File of each rule, relative to the folder.
    pub(crate) files: BTreeMap<String, String>,
    /// Ids of the rules about each offence.
    about: BTreeMap<String, Vec<String>>,
    /// Id of the rule of each role.
    roles: BTreeMap<String, String>,
    /// Text of each file, so that a finding can name the line it means.
    pub(crate) texts: BTreeMap<String, String>,
    /// Declared facts by name.
    pub(crate) facts: BTreeMap<String, FactDefinition>,
    /// Declared events by name.
    pub(crate) events: BTreeMap<String, EventDefinition>,
    /// Sources by key.
    pub(crate) sources: BTreeMap<String, Text>,
    /// Ids of the offences that have a base tier.
    pub(crate) with_base: BTreeSet<String>,
    /// Working days, by the years whose calendars are there.
    pub(crate) calendar: WorkingCalendar,
    /// Message templates.
    pub(crate) messages: Messages,
    /// SHA-256 over the paths and bytes of all rule files, in lower-case hex.
    pub(crate) digest: String,
}

impl Parsed {
    /// The rules about an offence, by id.
    pub(crate) fn about(&self, offence: &str) -> impl Iterator<Item = &Rule> {
        let ids = self.about.get(offence).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.rules.get(id))
    }

    /// The rule that the engine knows by a role, in the version of a day.
    pub(crate) fn by_role(&self, role: &str, on: Day) -> Option<(&Rule, &Version)> {
        let rule = self.rules.get(self.roles.get(role)?)?;
        rule.version_on(on).map(|version| (rule, version))
    }

    /// The file of a rule, relative to the folder.
    pub(crate) fn file_of(&self, rule: &Rule) -> &str {
        self.files.get(&rule.id).map_or("", String::as_str)
    }

    /// The offences, each by the rule that says its elements.
    pub(crate) fn offences(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values().filter(|rule| rule.kind == Kind::Element)
    }
}

/// Reads the copy of `law/` inside the program.
pub(crate) fn embedded() -> Result<Parsed, LoadError> {
    let mut files = BTreeMap::new();
    collect_embedded(&EMBEDDED, &mut files)?;
    parse(&files)
}

fn collect_embedded(dir: &Dir<'_>, files: &mut BTreeMap<String, String>) -> Result<(), LoadError> {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if is_rule_file(file.path()) {
            let text = file
                .contents_utf8()
                .ok_or_else(|| LoadError::NotUtf8 { file: path.clone() })?;
            files.insert(path, text.to_owned());
        }
    }
    dir.dirs().try_for_each(|inner| collect_embedded(inner, files))
}

/// Reads a `law/` folder. Files that do not end in `.toml` are not looked at.
pub(crate) fn from_dir(root: &Path) -> Result<Parsed, LoadError> {
    let mut folder = Folder {
        root,
        files: BTreeMap::new(),
        entries: 0,
        total_bytes: 0,
    };
    folder.collect(root, 0)?;
    parse(&folder.files)
}

/// What was read of a folder so far.
struct Folder<'a> {
    root: &'a Path,
    files: BTreeMap<String, String>,
    entries: usize,
    total_bytes: u64,
}

impl Folder<'_> {
    fn collect(&mut self, dir: &Path, depth: usize) -> Result<(), LoadError> {
        if depth > MAX_FOLDER_DEPTH {
            return Err(LoadError::TooDeep {
                path: dir.to_owned(),
                limit: MAX_FOLDER_DEPTH,
            });
        }
        for entry in std::fs::read_dir(dir).map_err(unreadable(dir))? {
            let path = entry.map_err(unreadable(dir))?.path();
            self.entries += 1;
            if self.entries > MAX_FILES {
                return Err(LoadError::TooManyFiles { limit: MAX_FILES });
            }
            // Links are not followed: a link to a parent would never end.
            let kind = std::fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            if kind.is_symlink() {
                return Err(LoadError::Link { path });
            }
            if kind.is_dir() {
                self.collect(&path, depth + 1)?;
            } else if kind.is_file() && is_rule_file(&path) {
                self.read(&path)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, path: &Path) -> Result<(), LoadError> {
        let file = path
            .strip_prefix(self.root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(path).map_err(unreadable(path))?;
        opened
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable(path))?;
        self.total_bytes += bytes.len() as u64;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(LoadError::TooLarge {
                file,
                limit_bytes: MAX_FILE_BYTES,
            });
        }
        if self.total_bytes > MAX_TOTAL_BYTES {
            return Err(LoadError::TooLargeInAll {
                limit_bytes: MAX_TOTAL_BYTES,
            });
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.files.insert(file, text);
                Ok(())
            }
            Err(_) => Err(LoadError::NotUtf8 { file }),
        }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> LoadError + use<> {
    let path = path.to_owned();
    move |source| LoadError::Read { path, source }
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// Reads a whole folder that is already in memory.
pub(crate) fn parse(files: &BTreeMap<String, String>) -> Result<Parsed, LoadError> {
    for (name, text) in files {
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(LoadError::TooLarge {
                file: name.clone(),
                limit_bytes: MAX_FILE_BYTES,
            });
        }
        if let Some(line) = too_deep(text, MAX_NESTING) {
            return Err(LoadError::Nesting {
                file: name.clone(),
                line,
                limit: MAX_NESTING,
            });
        }
    }
    let text_of = |name: &'static str| files.get(name).ok_or(LoadError::MissingFile { file: name });
    let facts = shared::facts(FACTS_FILE, text_of(FACTS_FILE)?)?;
    let events = shared::events(EVENTS_FILE, text_of(EVENTS_FILE)?)?;
    let sources = shared::sources(SOURCES_FILE, text_of(SOURCES_FILE)?)?;
    let messages =
        Messages::new(shared::messages(MESSAGES_FILE, text_of(MESSAGES_FILE)?)?).map_err(|fault| {
            let (key, problem) = match fault {
                MessageFault::Missing(key) => (key, "is missing"),
                MessageFault::Unknown(key) => (key, "is not used by the engine; remove it"),
                MessageFault::Placeholders(key) => (key, "has different {placeholders} in zh and en"),
            };
            LoadError::Messages { key, problem }
        })?;

    let calendar = calendar::calendar(files, &sources)?;

    let mut rules = BTreeMap::new();
    let mut owners = BTreeMap::new();
    let mut line_owners: BTreeMap<String, String> = BTreeMap::new();
    let mut roles: BTreeMap<String, String> = BTreeMap::new();
    let mut about: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in files {
        let shared = [FACTS_FILE, EVENTS_FILE, MESSAGES_FILE, SOURCES_FILE].contains(&name.as_str());
        if shared || name.starts_with(calendar::FOLDER) {
            continue;
        }
        let rule = convert::rule(name, text)?;
        let wanted = name.trim_end_matches(".toml");
        if rule.id != wanted {
            return Err(LoadError::IdIsNotPath {
                file: name.clone(),
                found: rule.id,
                wanted: wanted.to_owned(),
            });
        }
        check_names(name, &rule, &facts, &events)?;
        check_sources(name, &rule, &sources)?;
        for id in sub_ids(&rule) {
            if let Some(first) = line_owners.insert(id.clone(), name.clone())
                && first != *name
            {
                return Err(LoadError::DuplicateId {
                    file: name.clone(),
                    id,
                    first,
                });
            }
        }
        if let Some(role) = &rule.role
            && let Some(first) = roles.insert(role.clone(), rule.id.clone())
        {
            return Err(LoadError::DuplicateId {
                file: name.clone(),
                id: role.clone(),
                first: format!("{first}.toml"),
            });
        }
        for offence in &rule.offences {
            about.entry(offence.clone()).or_default().push(rule.id.clone());
        }
        owners.insert(rule.id.clone(), name.clone());
        rules.insert(rule.id.clone(), rule);
    }
    links::check(&rules, &owners)?;
    check_roles(&rules, &roles, &owners)?;
    check_rule_names(&rules, &owners)?;
    Ok(Parsed {
        with_base: links::offences_with_base(&rules),
        rules,
        files: owners,
        about,
        roles,
        texts: files.clone(),
        facts,
        events,
        sources,
        calendar,
        messages,
        digest: digest(files),
    })
}

/// The rules by which clocks are counted are asked for by their role.
fn check_roles(
    rules: &BTreeMap<String, Rule>,
    roles: &BTreeMap<String, String>,
    owners: &BTreeMap<String, String>,
) -> Result<(), LoadError> {
    for rule in rules.values() {
        for version in &rule.versions {
            let Body::Clock(clock) = &version.body else {
                continue;
            };
            if let Some(role) = clock
                .counted_by
                .as_ref()
                .filter(|role| !roles.contains_key(*role))
            {
                return Err(LoadError::UnknownName {
                    file: owners.get(&rule.id).cloned().unwrap_or_default(),
                    place: "counted_by".to_owned(),
                    name: role.clone(),
                    vocabulary: "any file as a role",
                    near: nearest(role, roles.keys().map(String::as_str)).map(str::to_owned),
                });
            }
        }
    }
    Ok(())
}

/// Length-prefixed, so that no two folders have the same bytes.
fn digest(files: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (name, text) in files {
        for part in [name, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hex::encode(hasher.finalize())
}

/// Ids inside a rule that must be unique in the whole folder.
fn sub_ids(rule: &Rule) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for version in &rule.versions {
        match &version.body {
            Body::Lines(lines) => ids.extend(lines.iter().map(|line| line.id.clone())),
            Body::Elements(elements) => ids.extend(elements.iter().map(|element| element.id.clone())),
            Body::Valuation(valuation) => ids.extend(valuation.ids().map(str::to_owned)),
            Body::Probation(probation) => ids.extend(probation.grounds().map(|ground| ground.id.clone())),
            Body::Damages(damages) => ids.extend(damages.way.iter().map(|way| way.id.clone())),
            Body::Punitive(punitive) => {
                ids.extend(punitive.factors().map(|factor| factor.id.clone()));
                ids.extend(punitive.way.iter().map(|way| way.id.clone()));
            }
            _ => {}
        }
    }
    ids
}

fn check_names(
    file: &str,
    rule: &Rule,
    facts: &BTreeMap<String, FactDefinition>,
    events: &BTreeMap<String, EventDefinition>,
) -> Result<(), LoadError> {
    let fact = |place: &str, name: &str, kinds: &[FactKind]| match facts.get(name) {
        Some(found) if kinds.contains(&found.kind) => Ok(()),
        found => Err(LoadError::UnknownName {
            file: file.to_owned(),
            place: place.to_owned(),
            name: name.to_owned(),
            vocabulary: if found.is_some() {
                "facts.toml as a fact of that kind"
            } else {
                FACTS_FILE
            },
            near: nearest(name, facts.keys().map(String::as_str))
                .filter(|n| *n != name)
                .map(str::to_owned),
        }),
    };
    let event = |place: &str, name: &str| {
        if events.contains_key(name) {
            return Ok(());
        }
        Err(LoadError::UnknownName {
            file: file.to_owned(),
            place: place.to_owned(),
            name: name.to_owned(),
            vocabulary: EVENTS_FILE,
            near: nearest(name, events.keys().map(String::as_str)).map(str::to_owned),
        })
    };
    for version in &rule.versions {
        match &version.body {
            Body::Lines(lines) => {
                for line in lines {
                    line.applies
                        .iter()
                        .try_for_each(|flag| fact(&line.id, flag, &[FactKind::Flag]))?;
                    check_condition(&line.id, &line.condition, &fact)?;
                }
            }
            Body::Elements(elements) => {
                for element in elements {
                    let kind = if element.values.is_empty() {
                        FactKind::Flag
                    } else {
                        FactKind::Text
                    };
                    fact(&element.id, &element.fact, &[kind])?;
                    element
                        .signs
                        .iter()
                        .chain(&element.denied_by)
                        .try_for_each(|flag| fact(&element.id, flag, &[FactKind::Flag]))?;
                }
            }
            Body::Fine(fine) => {
                for step in &fine.steps {
                    if let FineBasis::ShareOf { fact: name, .. } = &step.basis {
                        fact(&rule.id, name, &[FactKind::Money])?;
                    }
                }
            }
            Body::Valuation(valuation) => {
                fact(&rule.id, &valuation.fact, &[FactKind::Money])?;
                valuation
                    .inputs()
                    .try_for_each(|(name, kind)| fact(&rule.id, name, &[kind]))?;
                valuation
                    .flags()
                    .into_iter()
                    .try_for_each(|flag| fact(&rule.id, flag, &[FactKind::Flag]))?;
            }
            Body::Accumulation(adds) => {
                let amounts = [FactKind::Money, FactKind::Count];
                adds.facts
                    .iter()
                    .try_for_each(|name| fact(&rule.id, name, &amounts))?;
            }
            Body::FineFloor {
                minor_fact: Some(name),
                ..
            } => fact(&rule.id, name, &[FactKind::Flag])?,
            Body::Probation(probation) => probation
                .grounds()
                .try_for_each(|ground| fact(&ground.id, &ground.fact, &[FactKind::Flag]))?,
            Body::Circumstance(circumstance) => circumstance
                .names()
                .try_for_each(|name| fact(&rule.id, name, &[FactKind::Flag]))?,
            Body::Damages(_) | Body::Punitive(_) | Body::AdministrativeFine(_) => {
                for (place, name, kinds) in damages::names(&rule.id, &version.body) {
                    fact(place, &name, kinds)?;
                }
            }
            Body::Clock(clock) => {
                event(&rule.id, &clock.starts)?;
                clock.ends.iter().try_for_each(|ends| event(&rule.id, ends))?;
                let suspension = clock.suspension.iter().flat_map(|s| [&s.suspended, &s.resumed]);
                suspension.flatten().try_for_each(|name| event(&rule.id, name))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Rules that other rules name by their id.
fn check_rule_names(
    rules: &BTreeMap<String, Rule>,
    owners: &BTreeMap<String, String>,
) -> Result<(), LoadError> {
    for rule in rules.values() {
        for version in &rule.versions {
            let Body::Damages(body) = &version.body else {
                continue;
            };
            let stranger = body
                .continuing
                .iter()
                .find(|continuing| !rules.contains_key(&continuing.rule));
            if let Some(continuing) = stranger {
                return Err(LoadError::UnknownName {
                    file: owners.get(&rule.id).cloned().unwrap_or_default(),
                    place: "continuing".to_owned(),
                    name: continuing.rule.clone(),
                    vocabulary: "the rules of the folder",
                    near: nearest(&continuing.rule, rules.keys().map(String::as_str)).map(str::to_owned),
                });
            }
        }
    }
    Ok(())
}

fn check_condition(
    place: &str,
    condition: &Condition,
    fact: &impl Fn(&str, &str, &[FactKind]) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    condition.leaves().into_iter().try_for_each(|leaf| match leaf {
        Condition::AtOrAbove {
            fact: name,
            threshold: Amount::Fen(_),
        } => fact(place, name, &[FactKind::Money]),
        Condition::AtOrAbove {
            fact: name,
            threshold: Amount::Count(_),
        } => fact(place, name, &[FactKind::Count]),
        Condition::Flag(name) => fact(place, name, &[FactKind::Flag]),
        _ => Ok(()),
    })
}

fn check_sources(file: &str, rule: &Rule, sources: &BTreeMap<String, Text>) -> Result<(), LoadError> {
    let known = |place: &str, keys: &[String]| {
        let fault = match keys.iter().find(|key| !sources.contains_key(*key)) {
            Some(key) => key.clone(),
            None if keys.is_empty() => "nothing".to_owned(),
            None => return Ok(()),
        };
        Err(LoadError::UnknownSource {
            file: file.to_owned(),
            place: place.to_owned(),
            source_key: fault,
        })
    };
    known("source.checked", &rule.source.checked.against)?;
    for version in &rule.versions {
        if let Some(source) = &version.source {
            known(&format!("version {}", version.from), &source.checked.against)?;
        }
        match &version.body {
            Body::Lines(lines) => lines.iter().try_for_each(|line| known(&line.id, &line.against))?,
            Body::Fine(fine) => fine
                .steps
                .iter()
                .try_for_each(|step| known(&rule.id, &step.against))?,
            Body::Valuation(valuation) => {
                let cases = valuation.case.iter();
                cases
                    .map(|case| (&case.id, &case.against))
                    .try_for_each(|(id, keys)| known(id, keys))?;
                let added = valuation.add.iter();
                added
                    .map(|add| (&add.id, &add.against))
                    .try_for_each(|(id, keys)| known(id, keys))?;
            }
            Body::Damages(damages) => {
                damages
                    .way
                    .iter()
                    .try_for_each(|way| known(&way.id, &way.against))?;
            }
            Body::Punitive(punitive) => {
                punitive
                    .factors()
                    .try_for_each(|factor| known(&factor.id, &factor.against))?;
                punitive
                    .way
                    .iter()
                    .try_for_each(|way| known(&way.id, &way.against))?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The shared files and one rule of each shape.
    fn few_files() -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect_embedded(&EMBEDDED, &mut files).unwrap();
        let kept = [
            "facts",
            "events",
            "messages",
            "sources",
            "2011-03-art-13",
            "ip-fines",
            "art-05-decide",
            "bands",
            "calendar/2024",
            "local-close",
            "service/civil-procedure",
        ];
        files.retain(|name, _| kept.iter().any(|part| name.ends_with(&format!("{part}.toml"))));
        files
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_damaged_folder_is_an_error_and_never_a_panic(
            file in 0..11_usize, at in 0.0_f64..1.0, length in 0..40_usize, put in "[\\[\\]{}=\"'.,0-9a-z\n#-]{0,12}",
        ) {
            let mut files = few_files();
            let (name, text) = files.iter().nth(file).map(|(n, t)| (n.clone(), t.clone())).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let start = (chars.len() as f64 * at) as usize;
            let end = (start + length).min(chars.len());
            let damaged = chars[..start].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(&chars[end..]).collect();
            files.insert(name.clone(), damaged);
            if let Err(error) = parse(&files) {
                prop_assert!(error.to_string().contains(".toml"), "{error} does not name a file");
                prop_assert!(error.code().starts_with("law_load_"));
            }
        }
    }
}
