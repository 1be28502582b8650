//! The manifest: which parts and which removals make up the index.
//!
//! In:  `manifest.json`, or what a new one should say.
//! Out: the other.
//!
//! Invariants: written under another name, synced and renamed, so that at any moment there is one whole manifest or
//! none. Read back, it must have exactly the bytes that this program would write for what it says, its own checksum
//! among them. Numbers of parts are never given twice, so that no file ever changes its content.
//!
//! Not here: what is in a part (`part`), which works were removed (`removed`), clearing up (`edit`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CollectionError;

/// Format of the folder as a whole.
const FORMAT: u32 = 2;
/// The format before works could be removed: no generation, no list of files, no checksum of its own.
const PLAIN_FORMAT: u32 = 1;
pub(super) const MANIFEST_FILE: &str = "manifest.json";
pub(super) const NEW_MANIFEST_FILE: &str = "manifest.json.new";
const PART_PREFIX: &str = "part-";
/// A manifest larger than this was not written by this program.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Longest name of a file of a part.
const MAX_NAME_BYTES: usize = 64;

/// One state of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    /// Grows with every change.
    #[serde(default)]
    pub(super) generation: u64,
    /// Number of the next part.
    #[serde(default)]
    next_part: u64,
    pub(super) parts: Vec<PartEntry>,
    /// The file that lists the works that were removed, when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) removed: Option<FileEntry>,
    /// SHA-256 of this manifest with nothing in this field.
    #[serde(default)]
    seal: String,
}

/// One part: its folder, and what its table of works must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    pub(super) name: String,
    pub(super) items: u64,
    pub(super) items_crc32: u32,
    /// All files of the part; none of a part that was made before they were listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<Vec<FileEntry>>,
}

/// One file that never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Enough of a manifest of any version to tell which it is.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Manifest {
    pub(super) fn new() -> Self {
        Self {
            format: FORMAT,
            generation: 0,
            next_part: 1,
            parts: Vec::new(),
            removed: None,
            seal: String::new(),
        }
    }

    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join(MANIFEST_FILE)
    }

    pub(super) fn read(folder: &Path) -> Result<Self, CollectionError> {
        let path = Self::path(folder);
        let bytes = match fs::metadata(&path) {
            Ok(m) if m.len() > MAX_MANIFEST_BYTES => {
                return Err(CollectionError::Damaged {
                    path,
                    what: "size".into(),
                });
            }
            Ok(_) => fs::read(&path).map_err(CollectionError::io(&path))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(CollectionError::NoIndex {
                    path: folder.to_owned(),
                });
            }
            Err(source) => return Err(CollectionError::Io { path, source }),
        };
        Self::parse(&bytes, &path)
    }

    /// Reads a manifest from its bytes; `path` is for what is said of them.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, CollectionError> {
        let damaged = |what: String| CollectionError::Damaged {
            path: path.to_owned(),
            what,
        };
        let found = serde_json::from_slice::<AnyFormat>(bytes)
            .map_err(|e| damaged(e.to_string()))?
            .format;
        if !(PLAIN_FORMAT..=FORMAT).contains(&found) {
            return Err(CollectionError::Format { found, known: FORMAT });
        }
        let mut manifest: Self = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        // Names become paths: only those that this program gives are taken.
        for part in &manifest.parts {
            if part_number(&part.name).is_none() {
                return Err(damaged(format!("name of part {:?}", part.name)));
            }
            let files = part.files.iter().flatten();
            if let Some(bad) = files.into_iter().find(|f| !is_file_name(&f.name)) {
                return Err(damaged(format!("name of file {:?}", bad.name)));
            }
        }
        if let Some(bad) = (manifest.removed.as_ref()).filter(|f| removed_number(&f.name).is_none()) {
            return Err(damaged(format!("name of file {:?}", bad.name)));
        }
        let mut names: Vec<&str> = manifest.parts.iter().map(|p| &*p.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(damaged("a part that is named twice".into()));
        }
        let beyond = 1 + (manifest.parts.iter().filter_map(|p| part_number(&p.name)).max()).unwrap_or(0);
        if found == PLAIN_FORMAT {
            if manifest.removed.is_some() || manifest.parts.iter().any(|p| p.files.is_some()) {
                return Err(damaged("fields of a later format".into()));
            }
            manifest.format = FORMAT;
            manifest.next_part = beyond;
        } else if manifest.next_part < beyond
            || manifest.encode().map_err(|e| damaged(e.to_string()))? != bytes
        {
            return Err(damaged("checksum".into()));
        }
        Ok(manifest)
    }

    /// The bytes of the file, sealed.
    pub(super) fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut sealed = self.clone();
        sealed.seal.clear();
        sealed.seal = hex::encode(Sha256::digest(serde_json::to_vec_pretty(&sealed)?));
        serde_json::to_vec_pretty(&sealed)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CollectionError> {
        let new = folder.join(NEW_MANIFEST_FILE);
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&self.encode()?)?;
            file.sync_all()?;
            fs::rename(&new, Self::path(folder))?;
            File::open(folder)?.sync_all()
        };
        write().map_err(CollectionError::io(&new))
    }

    /// A name that no part has had yet.
    pub(super) fn take_part_name(&mut self) -> String {
        let name = part_name(self.next_part);
        self.next_part += 1;
        name
    }

    /// Whether a part of this number was never named by a manifest.
    pub(super) fn is_unborn(&self, number: u64) -> bool {
        number >= self.next_part
    }

    /// Whether two manifests say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.parts == other.parts && self.removed == other.removed
    }
}

fn part_name(number: u64) -> String {
    format!("{PART_PREFIX}{number:06}")
}

/// The number of a part by the name of its folder.
pub(super) fn part_number(name: &str) -> Option<u64> {
    let number = name.strip_prefix(PART_PREFIX)?.parse().ok()?;
    (part_name(number) == name).then_some(number)
}

const REMOVED_PREFIX: &str = "removed-";
const REMOVED_SUFFIX: &str = ".json";

/// The name of the list of removed works that came with a generation.
pub(super) fn removed_name(generation: u64) -> String {
    format!("{REMOVED_PREFIX}{generation:06}{REMOVED_SUFFIX}")
}

pub(super) fn removed_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(REMOVED_PREFIX)?.strip_suffix(REMOVED_SUFFIX)?;
    let number = digits.parse().ok()?;
    (removed_name(number) == name).then_some(number)
}

fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::new();
        manifest.generation = 3;
        let name = manifest.take_part_name();
        let file = |name: &str| FileEntry {
            name: name.to_owned(),
            bytes: 7,
            sha256: "ab".repeat(32),
        };
        manifest.parts.push(PartEntry {
            name,
            items: 2,
            items_crc32: 5,
            files: Some(vec![file("items.jsonl"), file("text.blocks")]),
        });
        manifest.removed = Some(file(&removed_name(3)));
        manifest
    }

    fn parse(bytes: &[u8]) -> Result<Manifest, CollectionError> {
        Manifest::parse(bytes, Path::new("manifest.json"))
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let bytes = manifest().encode().expect("encodes");
        assert!(parse(&bytes).expect("parses").is_same(&manifest()));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(parse(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn names_are_those_that_this_program_gives() {
        for name in [
            "part-1",
            "part-0000001",
            "part-+00001",
            "part-00000a",
            "../part-000001",
        ] {
            assert_eq!(part_number(name), None, "{name}");
        }
        assert_eq!(part_number(&part_name(12_345_678)), Some(12_345_678));
        assert_eq!(removed_number(&removed_name(9)), Some(9));
        for name in ["", ".x", "a/b", "..", "A", "x y"] {
            assert!(!is_file_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>(), put in any::<u8>()) {
            prop_assert!(parse(&bytes).is_err());
            let mut near = manifest().encode().expect("encodes");
            let at = cut.index(near.len());
            near[at] = put;
            let _ = parse(&near);
            near.truncate(at);
            prop_assert!(parse(&near).is_err());
        }
    }
}
