//! Files of members: copies of what matches name inside archives, for those who show excerpts.
//!
//! In:  names of works or suspects as matches give them, below a folder or as paths.
//! Out: a path for each that lies inside an archive or in the history of a repository.
//!
//! Invariant: each archive and each history is read once, however many of its members are asked for; the copies are removed with the
//! [`MemberFiles`].
//!
//! Not here: files on the disk, which have their path already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::archive::{self, Flow, Wanted};
use super::history::History;
use super::history::store::Store;
use super::input::{Input, OnDisk};
use super::source;

/// Bytes of all copies; what is beyond has no excerpt.
const MAX_COPIED_BYTES: u64 = 1 << 30;

/// Copies of members, by their names.
#[derive(Debug, Default)]
pub struct MemberFiles {
    files: BTreeMap<PathBuf, OnDisk>,
}

impl MemberFiles {
    /// Takes the members of these names out of their archives; names of files on the disk and of what is not there are
    /// passed over.
    pub fn take(names: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut by_archive: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for name in names {
            if let Some(archive) = archive_of(&name) {
                by_archive.entry(archive).or_default().insert(name);
            }
        }
        let mut files = BTreeMap::new();
        let mut copied_bytes = 0;
        for (path, wanted) in by_archive {
            let mut left = wanted.len();
            let mut take = |input: Input| {
                if wanted.contains(&input.name) {
                    left -= 1;
                    if let Ok(file) = input.body.on_disk() {
                        copied_bytes += std::fs::metadata(file.path()).map_or(0, |file| file.len());
                        files.insert(input.name, file);
                    }
                }
                let is_done = left == 0 || copied_bytes > MAX_COPIED_BYTES;
                if is_done { Flow::Stop } else { Flow::Continue }
            };
            // Of a history that is not asked for, nothing needs to be taken out. Members of archives in it have longer names.
            let is_wanted = |name: &Path| wanted.iter().any(|one| is_within(one, name));
            let of = Wanted {
                exclude: &|_| false,
                archives: true,
                history: wanted.iter().any(|name| name.to_string_lossy().contains('@')),
                only: Some(&is_wanted),
            };
            // What cannot be read any more has no excerpts.
            if path.is_dir() {
                let store = source::store_at(&path).and_then(|store| Store::of_folder(&store).ok());
                if let Some(store) = store {
                    let mut history = History::read(&path.to_string_lossy(), &store, &mut Vec::new());
                    archive::contents(&mut history, &of, &mut Vec::new(), &mut take);
                }
            } else {
                drop(archive::members(&path, &path, &of, &mut Vec::new(), &mut take));
            }
        }
        Self { files }
    }

    /// Where the copy of a member lies.
    pub fn path(&self, name: &Path) -> Option<&Path> {
        self.files.get(name).map(OnDisk::path)
    }
}

/// Whether a name is that of a content or lies in it.
fn is_within(name: &Path, content: &Path) -> bool {
    let (name, content) = (name.to_string_lossy(), content.to_string_lossy());
    name.strip_prefix(&*content)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('!'))
}

/// The archive or repository on the disk that a name lies in, if it does and is no file itself.
fn archive_of(name: &Path) -> Option<PathBuf> {
    if name.is_file() {
        return None;
    }
    // `OUTER!/INNER` or `OUTER!2/INNER`: a folder of the path that is a file but for what follows the last `!` of its name.
    name.ancestors().skip(1).find_map(|folder| {
        let (outer, number) = folder.to_str()?.rsplit_once('!')?;
        let is_border = number.bytes().all(|b| b.is_ascii_digit());
        let outer = PathBuf::from(outer);
        (is_border && (outer.is_file() || source::store_at(&outer).is_some())).then_some(outer)
    })
}
