//! What several targets need: files and folders for the parsers that take a path.
//!
//! In:  the bytes of an input.
//! Out: a path that holds them until the next call.

pub mod bundle;
pub mod media;
pub mod segment;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tempfile::TempDir;

/// A folder of this process, in memory where the machine has such a place.
pub fn scratch() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder can be made")
    });
    folder.path().to_owned()
}

/// The bytes as a file of this name.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch().join(name);
    fs::write(&path, bytes).expect("the folder takes it");
    path
}

/// The input in parts: what stands between bytes 0xff.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0xff)
}

/// Panics that the code under test catches itself are its business; libFuzzer sees those that leave the target.
pub fn allow_caught_panics() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| std::panic::set_hook(Box::new(|_| ())));
}

/// A folder of good files, of which an input replaces some.
pub struct Folder(BTreeMap<PathBuf, Vec<u8>>);

impl Folder {
    /// Takes in all files below `root`.
    pub fn read(root: &Path) -> Self {
        let mut folder = Self(BTreeMap::new());
        folder.collect(root, root);
        folder
    }

    fn collect(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).expect("it lists") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.collect(root, &path);
                continue;
            }
            let name = path.strip_prefix(root).expect("below the root").to_owned();
            let mut content = fs::read(&path).expect("it reads");
            // Zeros that wait for bytes to come say nothing and cost time.
            if name.extension().is_some_and(|extension| extension == "wal") {
                content.truncate(
                    content
                        .iter()
                        .rposition(|byte| *byte != 0)
                        .map_or(0, |last| last + 1),
                );
            }
            self.0.insert(name, content);
        }
    }

    /// The files as parts of an input.
    pub fn seeds(&self) -> impl Iterator<Item = Vec<u8>> {
        self.0
            .values()
            .enumerate()
            .map(|(number, content)| [&[number as u8][..], &escape(content)].concat())
    }

    /// Lays the files out, those replaced that the input names by number before their content.
    pub fn with(&self, input: &[u8]) -> PathBuf {
        let paths: Vec<&PathBuf> = self.0.keys().collect();
        let replaced: BTreeMap<&Path, Vec<u8>> = parts(input)
            .filter_map(|part| part.split_first())
            .map(|(number, content)| (&**paths[usize::from(*number) % paths.len()], unescape(content)))
            .collect();
        self.lay(&replaced)
    }

    /// Lays the files out with another content for one of them.
    pub fn with_file(&self, name: &str, content: &[u8]) -> PathBuf {
        self.lay(&BTreeMap::from([(Path::new(name), content.to_vec())]))
    }

    /// One of the files.
    pub fn file(&self, name: &str) -> &[u8] {
        self.0.get(Path::new(name)).expect("a file of the folder")
    }

    fn lay(&self, replaced: &BTreeMap<&Path, Vec<u8>>) -> PathBuf {
        let folder = scratch().join("fuzzed");
        let _ = fs::remove_dir_all(&folder);
        for (name, content) in &self.0 {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder");
            fs::write(path, replaced.get(&**name).unwrap_or(content)).expect("the folder takes it");
        }
        folder
    }
}

/// 0xff ends a part; inside of one it is written 0xfe 1, and 0xfe is written 0xfe 0.
pub fn escape(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for byte in content {
        match byte {
            0xff => out.extend([0xfe, 1]),
            0xfe => out.extend([0xfe, 0]),
            other => out.push(*other),
        }
    }
    out
}

/// The reverse of [`escape`], for any bytes.
pub fn unescape(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            0xfe => 0xfe + bytes.next().map_or(0, |kind| kind % 2),
            other => *other,
        });
    }
    out
}

/// A log of four entries, and the key that it opens with.
pub mod log {
    use std::{fs, sync::OnceLock};

    use quanlian_tlog::{log::Log, note::SignerKey, store::LogHome};

    use super::{Folder, scratch};

    pub fn key() -> SignerKey {
        SignerKey::from_seed("log.example/fuzz", &[7; 32]).expect("a good name")
    }

    pub fn folder() -> &'static Folder {
        static FOLDER: OnceLock<Folder> = OnceLock::new();
        FOLDER.get_or_init(|| {
            let folder = scratch().join("good-log");
            fs::create_dir_all(&folder).expect("a folder");
            let home = LogHome::create(&folder).expect("a folder of a log");
            let mut log = Log::create(home, key()).expect("a log");
            log.append_batch(&[b"one", b"two"]).expect("appended");
            log.append_batch(&[b"three", b"four"]).expect("appended");
            drop(log);
            Folder::read(&folder)
        })
    }
}

/// An index of two texts, and a text that holds both.
pub mod index {
    use std::{fs, path::PathBuf, sync::OnceLock};

    use quanlian_match::collection::{BuildOptions, Collection};

    use super::{Folder, scratch};

    pub const TEXTS: [&str; 2] = [
        "灯塔下的小船一只一只回到港里，渔夫们把网挂在墙上，谁也没有说话。",
        "On the quay the lamps were lit one by one, and the fishermen hung their nets along the wall without a word between them.",
    ];

    pub fn query() -> PathBuf {
        super::file("query.txt", TEXTS.concat().as_bytes())
    }

    pub fn folder() -> &'static Folder {
        static FOLDER: OnceLock<Folder> = OnceLock::new();
        FOLDER.get_or_init(|| {
            let (works, index) = (scratch().join("works"), scratch().join("good-index"));
            fs::create_dir_all(&works).expect("a folder");
            for (number, text) in TEXTS.iter().enumerate() {
                fs::write(works.join(format!("{number}.txt")), text).expect("the folder takes it");
            }
            Collection::build(&index, &works, &BuildOptions::default()).expect("an index");
            Folder::read(&index)
        })
    }
}
