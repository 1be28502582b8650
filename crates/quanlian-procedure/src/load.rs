//! Reading `procedures/`: TOML in, [`Procedures`] out, and a named error for every fault.
//!
//! In:  the folder inside the program, or one on disk.
//! Out: every version of every procedure, with the messages of refusals and the rules of jurisdiction.
//!
//! Invariant: nothing is skipped and nothing is guessed. Every name in a file points at something in that file; sizes,
//! counts and nesting are bounded before a parser sees them.
//!
//! Not here: whether a procedure can be walked to an end (`check`).

mod names;
mod nesting;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use quanlian_law::Text;
use quanlian_record::time::Day;
use sha2::{Digest, Sha256};

use crate::{
    procedure::Procedure,
    refusal::{Lack, LackCode},
    routing::Routing,
};

/// The procedures that this program was built with.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../procedures");

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most files of a folder.
pub const MAX_FILES: usize = 1_000;
/// Deepest nesting of brackets, and most dots of a line.
pub const MAX_NESTING: usize = 8;
/// Most stages, acts, facts, papers or other parts of one kind in one procedure.
const MAX_PARTS: usize = 300;

const MESSAGES_FILE: &str = "messages.toml";
const ROUTING_FILE: &str = "routing.toml";

/// Every version of every procedure.
#[derive(Debug, Clone)]
pub struct Procedures {
    by_id: BTreeMap<String, BTreeMap<u32, Procedure>>,
    messages: BTreeMap<LackCode, Text>,
    routing: Option<Routing>,
}

/// Why a folder or file of procedures was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum LoadError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}; check that it is there and may be read")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A link or a folder where a file should be.
    #[error("{path} is no plain file; the folder holds plain .toml files only")]
    NotAFile { path: PathBuf },
    /// More files than a folder can sensibly have.
    #[error("the folder has more than {limit} files; is it the right folder?")]
    TooManyFiles { limit: usize },
    /// Larger than a procedure can sensibly be.
    #[error("{file} has more than {limit_bytes} bytes; one file is one version of one procedure")]
    TooLarge { file: String, limit_bytes: u64 },
    /// Not UTF-8.
    #[error("{file} is not UTF-8; save it as UTF-8")]
    NotUtf8 { file: String },
    /// Brackets or dots nested too deeply.
    #[error("{file}, line {line}: nested more than {limit} deep; write it flatter")]
    Nesting { file: String, line: usize, limit: usize },
    /// Not TOML, or a field is unknown, missing or of another type.
    #[error("{file}: {problem}; see docs/PROCEDURES.md for the fields")]
    Syntax { file: String, problem: String },
    /// The parts of the file contradict each other.
    #[error("{file}: {place}: {problem}; {way_out}")]
    Invalid {
        file: String,
        place: String,
        problem: String,
        way_out: &'static str,
    },
    /// The name of a file is not that of its procedure.
    #[error(
        "{file}: the file of version {version} of `{id}` is called {wanted}; rename it or correct id and version"
    )]
    Name {
        file: String,
        id: String,
        version: u32,
        wanted: String,
    },
    /// The messages lack a code, or have one that is unknown or empty.
    #[error("messages.toml: `lack.{code}` {problem}")]
    Messages { code: String, problem: &'static str },
}

impl LoadError {
    /// The stable name of this error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "procedure_read",
            Self::NotAFile { .. } => "procedure_not_a_file",
            Self::TooManyFiles { .. } => "procedure_too_many_files",
            Self::TooLarge { .. } => "procedure_too_large",
            Self::NotUtf8 { .. } => "procedure_not_utf8",
            Self::Nesting { .. } => "procedure_nesting",
            Self::Syntax { .. } => "procedure_syntax",
            Self::Invalid { .. } => "procedure_invalid",
            Self::Name { .. } => "procedure_name",
            Self::Messages { .. } => "procedure_messages",
        }
    }
}

impl Procedures {
    /// The procedures inside the program.
    pub fn embedded() -> Result<Self, LoadError> {
        let files = EMBEDDED.files().filter(|file| is_toml(file.path()));
        Self::from_files(files.map(|file| (file_name(file.path()), file.contents().to_vec())))
    }

    /// The procedures in a folder: its plain `.toml` files. Folders below it are not read.
    pub fn from_dir(folder: &Path) -> Result<Self, LoadError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| LoadError::Read { path, source }
        };
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if !is_toml(&path) {
                continue;
            }
            if files.len() >= MAX_FILES {
                return Err(LoadError::TooManyFiles { limit: MAX_FILES });
            }
            let kind = std::fs::symlink_metadata(&path).map_err(unreadable(&path))?;
            if !kind.is_file() {
                return Err(LoadError::NotAFile { path });
            }
            let mut bytes = Vec::new();
            let opened = std::fs::File::open(&path).map_err(unreadable(&path))?;
            let read = opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
            read.map_err(unreadable(&path))?;
            files.insert(file_name(&path), bytes);
        }
        Self::from_files(files)
    }

    /// The procedures of some files, each with its name: `ID.vN.toml`, `messages.toml`, `routing.toml`.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, LoadError> {
        let mut loaded = Self {
            by_id: BTreeMap::new(),
            messages: BTreeMap::new(),
            routing: None,
        };
        for (count, (file, bytes)) in files.into_iter().enumerate() {
            if count >= MAX_FILES {
                return Err(LoadError::TooManyFiles { limit: MAX_FILES });
            }
            let text = text_of(&file, &bytes)?;
            match file.as_str() {
                MESSAGES_FILE => loaded.messages = messages(text)?,
                ROUTING_FILE => loaded.routing = Some(Routing::parse(text)?),
                _ => {
                    let procedure = parse(&file, text)?;
                    let versions = loaded.by_id.entry(procedure.id.clone()).or_default();
                    if versions.insert(procedure.version, procedure).is_some() {
                        return Err(LoadError::Invalid {
                            file,
                            place: "version".to_owned(),
                            problem: "this version of the procedure is there twice".to_owned(),
                            way_out: "count the version up",
                        });
                    }
                }
            }
        }
        Ok(loaded)
    }

    /// One version of a procedure.
    pub fn get(&self, id: &str, version: u32) -> Option<&Procedure> {
        self.by_id.get(id)?.get(&version)
    }

    /// The version that a new matter takes on a day.
    pub fn newest(&self, id: &str, on: Day) -> Option<&Procedure> {
        let versions = self.by_id.get(id)?.values().rev();
        versions.into_iter().find(|procedure| procedure.from <= on)
    }

    /// Every version of every procedure, by id and version.
    pub fn iter(&self) -> impl Iterator<Item = &Procedure> {
        self.by_id.values().flat_map(BTreeMap::values)
    }

    /// Whether a procedure of this id is loaded, in any version.
    pub fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The rules of jurisdiction, where the folder has them.
    pub fn routing(&self) -> Option<&Routing> {
        self.routing.as_ref()
    }

    /// A lack in words: what is missing, which one, what to do.
    pub fn message(&self, lack: &Lack) -> Text {
        let Some(template) = self.messages.get(&lack.code) else {
            return Text::same(lack.code.name());
        };
        let subject = lack.subject.clone().unwrap_or_default();
        let name = lack.name.clone().unwrap_or_else(|| Text::same(subject));
        let wanted = lack.wanted.join(", ");
        let fill = |template: &str, name: &str| template.replace("{wanted}", &wanted).replace("{name}", name);
        Text {
            zh: fill(&template.zh, &name.zh),
            en: fill(&template.en, &name.en),
        }
    }
}

/// One procedure from the text of its file.
pub(crate) fn parse(file: &str, text: &str) -> Result<Procedure, LoadError> {
    let mut procedure: Procedure = toml::from_str(text).map_err(|error| syntax(file, text, &error))?;
    procedure.digest = hex::encode(Sha256::digest(text.as_bytes()));
    let wanted = format!("{}.v{}.toml", procedure.id, procedure.version);
    if file != wanted {
        return Err(LoadError::Name {
            file: file.to_owned(),
            id: procedure.id,
            version: procedure.version,
            wanted,
        });
    }
    names::check(file, &procedure)?;
    Ok(procedure)
}

/// The text of a file, when it is one that a parser may see.
fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, LoadError> {
    let file = file.chars().take(200).collect::<String>();
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let limit_bytes = MAX_FILE_BYTES;
        return Err(LoadError::TooLarge { file, limit_bytes });
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(LoadError::NotUtf8 { file });
    };
    match nesting::too_deep(text, MAX_NESTING) {
        Some(line) => Err(LoadError::Nesting {
            file,
            line,
            limit: MAX_NESTING,
        }),
        None => Ok(text),
    }
}

/// A fault of the parser, with its line.
pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> LoadError {
    let at = error.span().map_or(0, |span| span.start);
    let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let problem: String = error.message().chars().take(400).collect();
    LoadError::Syntax {
        file: file.to_owned(),
        problem: format!("line {line}: {problem}"),
    }
}

fn messages(text: &str) -> Result<BTreeMap<LackCode, Text>, LoadError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        lack: BTreeMap<String, Text>,
    }
    let wrong = |code: &str, problem| {
        let code = code.chars().take(100).collect();
        Err(LoadError::Messages { code, problem })
    };
    let file: File = toml::from_str(text).map_err(|error| syntax(MESSAGES_FILE, text, &error))?;
    let known: BTreeSet<&str> = LackCode::ALL.iter().map(|code| code.name()).collect();
    if let Some(code) = file.lack.keys().find(|code| !known.contains(code.as_str())) {
        return wrong(code, "is no code of this program; remove it");
    }
    let mut messages = BTreeMap::new();
    for code in LackCode::ALL {
        match file.lack.get(code.name()) {
            Some(text) if !text.zh.is_empty() && !text.en.is_empty() => messages.insert(*code, text.clone()),
            _ => return wrong(code.name(), "has no text in one language; write both"),
        };
    }
    Ok(messages)
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
