//! BagIt (RFC 8493): evidence that arrives as a bag, checked to the last listed byte.
//!
//! In:  a folder from anybody.
//! Out: a [`BagReport`], or the first reason ([`BagError`]) why the folder is no valid bag.
//!
//! Invariant: *valid* means what the standard says: declared, complete, every listed
//! digest right. Nothing is fetched: what `fetch.txt` names must already lie there. Links
//! are never followed and no path leaves the folder. A tag file that no manifest covers is
//! named in the report, because nothing protects it.
//!
//! Not here: bags inside our own bundles, whose every byte is compared with what this
//! program writes (`verify`); whether the content is true.
//!
//! Versions 0.93 to 0.97 and 1.0 are read. Where they differ, the rule of the declared
//! version counts: whitespace around the colons, one name listed twice, manifests that
//! list different files.

pub mod digest;
mod tag;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::container::folded;
use digest::{Algorithm, digest_all};
pub use tag::{Declaration, Fetch, InfoElements, Listed, decode, parse_fetch, parse_info, parse_manifest};

/// The longest `bagit.txt`, in bytes.
pub const MAX_DECLARATION_BYTES: u64 = 1024;
/// The longest manifest, `bag-info.txt` or `fetch.txt`, in bytes.
pub const MAX_TAG_FILE_BYTES: u64 = 256 << 20;
/// The most files in a bag.
pub const MAX_BAG_FILES: usize = 1_000_000;
/// How deep the folders of a bag may lie in each other.
pub const MAX_BAG_DEPTH: usize = 64;
/// The most manifests, of both kinds together.
pub const MAX_MANIFESTS: usize = 32;

const DECLARATION: &str = "bagit.txt";
const INFO: &str = "bag-info.txt";
const FETCH: &str = "fetch.txt";
const PAYLOAD: &str = "data/";

/// Why a folder is not a valid bag.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum BagError {
    /// The operating system refused.
    #[error("cannot read `{path}`")]
    Io { path: PathBuf, source: io::Error },
    /// No `bagit.txt`.
    #[error("there is no bagit.txt, so this is not a bag")]
    NoDeclaration,
    /// `bagit.txt` is not the two lines that the standard asks for.
    #[error("bagit.txt is not a declaration: {0}")]
    Declaration(&'static str),
    /// A version that this program does not read.
    #[error("version {0} of BagIt is not known (0.93 to 0.97 and 1.0 are)")]
    Version(String),
    /// An encoding of tag files that this program does not read.
    #[error("tag files in `{0}` cannot be read")]
    UnknownEncoding(String),
    /// No `data` folder.
    #[error("there is no data folder")]
    NoPayload,
    /// No payload manifest with an algorithm that this program computes.
    #[error("there is no manifest-<algorithm>.txt with an algorithm that can be checked")]
    NoManifest,
    /// Bytes that are not text in the declared encoding.
    #[error("`{0}` is not text in the encoding that bagit.txt declares")]
    Encoding(String),
    /// A line that is not what its file is made of.
    #[error("line {line} of {file} is not {wanted}")]
    Line {
        file: String,
        line: usize,
        wanted: &'static str,
    },
    /// A path that leaves the bag, or stands in the wrong kind of manifest.
    #[error("line {line} of {file} names `{path}`, which is no path inside this part of the bag")]
    Path { file: String, line: usize, path: String },
    /// One path twice with different digests, or twice at all since version 1.0.
    #[error("{file} lists `{path}` twice")]
    Twice { file: String, path: String },
    /// A file that a manifest or `fetch.txt` names is not there.
    #[error("`{path}` is listed in {file} and is not there")]
    Missing { file: String, path: String },
    /// A file in `data` that a manifest does not list.
    #[error("`{path}` is not listed in {file}")]
    Unlisted { file: String, path: String },
    /// A file has another digest than the listed one.
    #[error("`{path}` does not have the digest that {file} lists")]
    Digest { file: String, path: String },
    /// `Payload-Oxum` tells another number of bytes or files.
    #[error("bag-info.txt tells {told} as bytes and files of the payload, there are {found}")]
    Oxum { told: String, found: String },
    /// A link or a device in place of a file.
    #[error("`{0}` is a link or a device, which no bag may hold")]
    NotRegular(String),
    /// A name that is not UTF-8.
    #[error("the name `{0}` is not UTF-8")]
    Name(String),
    /// More than a named limit allows.
    #[error("{what}: more than {limit}")]
    TooLarge { what: String, limit: u64 },
}

impl BagError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "bag_io",
            Self::NoDeclaration => "bag_no_declaration",
            Self::Declaration(_) => "bag_declaration",
            Self::Version(_) => "bag_version",
            Self::UnknownEncoding(_) => "bag_unknown_encoding",
            Self::NoPayload => "bag_no_payload",
            Self::NoManifest => "bag_no_manifest",
            Self::Encoding(_) => "bag_encoding",
            Self::Line { .. } => "bag_line",
            Self::Path { .. } => "bag_path",
            Self::Twice { .. } => "bag_twice",
            Self::Missing { .. } => "bag_missing",
            Self::Unlisted { .. } => "bag_unlisted",
            Self::Digest { .. } => "bag_digest",
            Self::Oxum { .. } => "bag_oxum",
            Self::NotRegular(_) => "bag_not_regular",
            Self::Name(_) => "bag_name",
            Self::TooLarge { .. } => "bag_too_large",
        }
    }
}

/// Something about a valid bag that its reader should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BagWarning {
    /// A manifest with an algorithm that this program does not compute: nobody checked it.
    UnknownAlgorithm(String),
    /// No manifest has an algorithm that resists deliberate forgery: MD5 or SHA-1 at best.
    WeakDigests,
    /// A tag file that no tag manifest lists.
    Uncovered(String),
    /// A path with `./` in front or an asterisk, as checksum tools write them.
    Spelling(String),
    /// Listed under another case or composition of signs than the file has.
    OtherName(String),
    /// One line twice in a manifest (before version 1.0).
    ListedTwice(String),
    /// A file that a system puts into folders by itself, such as `Thumbs.db`.
    SystemFile(String),
    /// A line of `bag-info.txt` that is no `label: value` (before version 1.0).
    InfoLine(usize),
}

/// What a valid bag is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BagReport {
    /// The declared version.
    pub version: String,
    /// Algorithms of the payload manifests that were checked.
    pub algorithms: BTreeSet<Algorithm>,
    /// Files below `data`.
    pub payload_files: u64,
    /// Their bytes.
    pub payload_bytes: u64,
    /// Tag files that a tag manifest lists and that have the listed digest.
    pub covered_tag_files: u64,
    /// What its reader should know.
    pub warnings: BTreeSet<BagWarning>,
}

/// One manifest with its lines.
struct Manifest {
    file: String,
    algorithm: Algorithm,
    listed: BTreeMap<String, String>,
}

/// Checks that `folder` is a valid bag, reading every listed file once.
///
/// `progress` is told the bytes read so far. Memory grows with the number of files.
///
/// ```
/// # use quanlian_evidence::bagit::check_bag;
/// let folder = tempfile::tempdir().unwrap();
/// assert_eq!(check_bag(folder.path(), &mut |_| {}).unwrap_err().code(), "bag_no_declaration");
/// ```
pub fn check_bag(folder: &Path, progress: &mut dyn FnMut(u64)) -> Result<BagReport, BagError> {
    let declaration = read_declaration(folder)?;
    let files = walk::files(folder)?;
    if !folder.join("data").is_dir() {
        return Err(BagError::NoPayload);
    }
    let mut check = Check {
        folder,
        declaration,
        names: folded_names(&files),
        files,
        warnings: BTreeSet::new(),
    };
    let (payload, tags) = check.manifests()?;
    check.fetched(&payload)?;
    check.completeness(&payload)?;
    let info = check.info()?;
    let covered = check.digests(&payload, &tags, progress)?;
    check.notice(&payload, &covered);
    let payload_sizes = || check.files.iter().filter(|(path, _)| path.starts_with(PAYLOAD));
    let payload_files = payload_sizes().count() as u64;
    let payload_bytes: u64 = payload_sizes().map(|(_, size)| size).sum();
    let found = format!("{payload_bytes}.{payload_files}");
    if let Some(told) = info.filter(|told| *told != found) {
        return Err(BagError::Oxum { told, found });
    }
    Ok(BagReport {
        version: check.declaration.version(),
        algorithms: payload.iter().map(|manifest| manifest.algorithm).collect(),
        payload_files,
        payload_bytes,
        covered_tag_files: covered.len() as u64,
        warnings: check.warnings,
    })
}

fn read_declaration(folder: &Path) -> Result<Declaration, BagError> {
    let path = folder.join(DECLARATION);
    // A link would have to be followed to be read, and nothing in a bag is followed.
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(BagError::NotRegular(DECLARATION.to_owned())),
        Err(_) => return Err(BagError::NoDeclaration),
    }
    Declaration::parse(&read_small(folder, DECLARATION, MAX_DECLARATION_BYTES)?)
}

fn read_small(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>, BagError> {
    let path = folder.join(name);
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|source| BagError::Io { path, source })?;
    if bytes.len() as u64 > limit {
        let what = format!("bytes in {name}");
        return Err(BagError::TooLarge { what, limit });
    }
    Ok(bytes)
}

/// Each name as systems see it that ignore case and composition, where only one file has it.
fn folded_names(files: &BTreeMap<String, u64>) -> BTreeMap<String, Option<String>> {
    let mut names = BTreeMap::new();
    for path in files.keys() {
        names
            .entry(folded(path))
            .and_modify(|only| *only = None)
            .or_insert_with(|| Some(path.clone()));
    }
    names
}

struct Check<'a> {
    folder: &'a Path,
    declaration: Declaration,
    files: BTreeMap<String, u64>,
    names: BTreeMap<String, Option<String>>,
    warnings: BTreeSet<BagWarning>,
}

impl Check<'_> {
    fn text(&self, name: &str) -> Result<String, BagError> {
        let bytes = read_small(self.folder, name, MAX_TAG_FILE_BYTES)?;
        decode(&bytes, &self.declaration).ok_or_else(|| BagError::Encoding(name.to_owned()))
    }

    /// The payload manifests and the tag manifests that can be checked.
    fn manifests(&mut self) -> Result<(Vec<Manifest>, Vec<Manifest>), BagError> {
        let (mut payload, mut tags) = (Vec::new(), Vec::new());
        let names: Vec<(String, bool, String)> =
            self.files.keys().filter_map(|name| manifest_name(name)).collect();
        if names.len() > MAX_MANIFESTS {
            let what = "manifests".to_owned();
            return Err(BagError::TooLarge {
                what,
                limit: MAX_MANIFESTS as u64,
            });
        }
        for (file, is_tag, algorithm) in names {
            let Some(algorithm) = Algorithm::from_name(&algorithm) else {
                self.warnings.insert(BagWarning::UnknownAlgorithm(file));
                continue;
            };
            let listed = self.listed(&file, algorithm, is_tag)?;
            let manifest = Manifest {
                file,
                algorithm,
                listed,
            };
            if is_tag { &mut tags } else { &mut payload }.push(manifest);
        }
        if payload.is_empty() {
            return Err(BagError::NoManifest);
        }
        Ok((payload, tags))
    }

    fn listed(
        &mut self,
        file: &str,
        algorithm: Algorithm,
        is_tag: bool,
    ) -> Result<BTreeMap<String, String>, BagError> {
        let lines = parse_manifest(file, &self.text(file)?, algorithm, &self.declaration)?;
        let mut listed: BTreeMap<String, String> = BTreeMap::new();
        for Listed {
            line,
            path,
            digest,
            is_odd,
        } in lines
        {
            let is_payload = path.starts_with(PAYLOAD);
            let fits = if is_tag {
                !is_payload && !manifest_name(&path).is_some_and(|(_, is_tag, _)| is_tag)
            } else {
                is_payload
            };
            if !fits {
                let file = file.to_owned();
                return Err(BagError::Path { file, line, path });
            }
            if is_odd {
                self.warnings.insert(BagWarning::Spelling(path.clone()));
            }
            let path = self.found(file, path)?;
            if let Some(before) = listed.insert(path.clone(), digest.clone()) {
                // Two spellings of one file are two lines of the standard's view; the same path twice is an error.
                let is_other_name = self.warnings.contains(&BagWarning::OtherName(path.clone()));
                if before != digest || (self.declaration.is_strict() && !is_other_name) {
                    let file = file.to_owned();
                    return Err(BagError::Twice { file, path });
                }
                self.warnings.insert(BagWarning::ListedTwice(path));
            }
        }
        Ok(listed)
    }

    /// The file that a listed path means: exactly that, or the only one that other systems would take for it.
    fn found(&mut self, file: &str, path: String) -> Result<String, BagError> {
        if self.files.contains_key(&path) {
            return Ok(path);
        }
        match self.names.get(&folded(&path)) {
            Some(Some(other)) => {
                self.warnings.insert(BagWarning::OtherName(other.clone()));
                Ok(other.clone())
            }
            _ => Err(BagError::Missing {
                file: file.to_owned(),
                path,
            }),
        }
    }

    /// Everything that `fetch.txt` names is there and listed.
    fn fetched(&mut self, payload: &[Manifest]) -> Result<(), BagError> {
        if !self.files.contains_key(FETCH) {
            return Ok(());
        }
        for Fetch { line, path, .. } in parse_fetch(&self.text(FETCH)?, &self.declaration)? {
            if !path.starts_with(PAYLOAD) {
                let file = FETCH.to_owned();
                return Err(BagError::Path { file, line, path });
            }
            let path = self.found(FETCH, path)?;
            require_listed(payload, &path, self.declaration.is_strict())?;
        }
        Ok(())
    }

    fn completeness(&self, payload: &[Manifest]) -> Result<(), BagError> {
        for path in self.files.keys().filter(|path| path.starts_with(PAYLOAD)) {
            require_listed(payload, path, self.declaration.is_strict())?;
        }
        Ok(())
    }

    /// The one `Payload-Oxum`, if told.
    fn info(&mut self) -> Result<Option<String>, BagError> {
        if !self.files.contains_key(INFO) {
            return Ok(None);
        }
        let (elements, odd) = parse_info(&self.text(INFO)?, &self.declaration)?;
        self.warnings.extend(odd.into_iter().map(BagWarning::InfoLine));
        let mut oxums = elements
            .into_iter()
            .filter(|(label, _)| label.eq_ignore_ascii_case("Payload-Oxum"));
        let told = oxums.next().map(|(_, value)| value);
        if oxums.next().is_some() {
            let (told, found) = ("Payload-Oxum twice".to_owned(), "one payload".to_owned());
            return Err(BagError::Oxum { told, found });
        }
        Ok(told)
    }

    /// Reads every listed file once and compares all its digests; gives the tag files that are covered.
    fn digests(
        &self,
        payload: &[Manifest],
        tags: &[Manifest],
        progress: &mut dyn FnMut(u64),
    ) -> Result<BTreeSet<String>, BagError> {
        let mut wanted: BTreeMap<&str, Vec<(&Manifest, &str)>> = BTreeMap::new();
        for manifest in payload.iter().chain(tags) {
            for (path, digest) in &manifest.listed {
                wanted.entry(path).or_default().push((manifest, digest));
            }
        }
        let mut read = 0;
        let mut covered = BTreeSet::new();
        for (path, listed) in wanted {
            let algorithms: BTreeSet<Algorithm> = listed.iter().map(|(m, _)| m.algorithm).collect();
            let full = self.folder.join(path);
            let digests = File::open(&full)
                .and_then(|file| {
                    digest_all(file, &algorithms, &mut |bytes| {
                        read += bytes;
                        progress(read);
                    })
                })
                .map_err(|source| BagError::Io { path: full, source })?;
            for (manifest, digest) in listed {
                if digests.get(&manifest.algorithm).map(String::as_str) != Some(digest) {
                    let (file, path) = (manifest.file.clone(), path.to_owned());
                    return Err(BagError::Digest { file, path });
                }
            }
            if !path.starts_with(PAYLOAD) {
                covered.insert(path.to_owned());
            }
        }
        Ok(covered)
    }

    fn notice(&mut self, payload: &[Manifest], covered: &BTreeSet<String>) {
        if payload.iter().all(|manifest| manifest.algorithm.is_weak()) {
            self.warnings.insert(BagWarning::WeakDigests);
        }
        for path in self.files.keys() {
            let is_tag_manifest = manifest_name(path).is_some_and(|(_, is_tag, _)| is_tag);
            if !path.starts_with(PAYLOAD) && !is_tag_manifest && !covered.contains(path) {
                self.warnings.insert(BagWarning::Uncovered(path.clone()));
            }
            let name = path.rsplit('/').next().unwrap_or_default();
            if [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&name) {
                self.warnings.insert(BagWarning::SystemFile(path.clone()));
            }
        }
    }
}

/// Since version 1.0 every manifest lists every file; before, one was enough.
fn require_listed(payload: &[Manifest], path: &str, in_each: bool) -> Result<(), BagError> {
    let mut lacking = payload
        .iter()
        .filter(|manifest| !manifest.listed.contains_key(path));
    let first = lacking.next();
    let unlisted = if in_each {
        first
    } else {
        first.filter(|_| lacking.count() + 1 == payload.len())
    };
    match unlisted {
        None => Ok(()),
        Some(manifest) => Err(BagError::Unlisted {
            file: manifest.file.clone(),
            path: path.to_owned(),
        }),
    }
}

/// The name of a manifest in the bag's own folder, whether it is a tag manifest, and its algorithm.
fn manifest_name(name: &str) -> Option<(String, bool, String)> {
    let stem = name.strip_suffix(".txt")?;
    let (is_tag, algorithm) = match stem.strip_prefix("tagmanifest-") {
        Some(algorithm) => (true, algorithm),
        None => (false, stem.strip_prefix("manifest-")?),
    };
    (!algorithm.contains('/')).then(|| (name.to_owned(), is_tag, algorithm.to_ascii_lowercase()))
}
