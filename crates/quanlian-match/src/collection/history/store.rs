//! The files of a repository: which of them are read, wherever they lie.
//!
//! In:  the folder of a repository, or the members of an archive that lie in one.
//! Out: a [`Store`]: names within the repository and where the bytes are.
//!
//! Invariants: only names of [`is_read`] are taken: no configuration, hook, module or index. Nothing is followed out of the
//! folder: links are refused, `objects/info/alternates` is remarked on and not opened.
//!
//! Not here: what the files hold (`objects`, `refs`).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix_hash::Kind;

use crate::collection::input::Body;

/// Files of one repository that are looked at.
pub(in crate::collection) const MAX_FILES: usize = 1 << 22;
/// Folders inside folders.
const MAX_DEPTH: usize = 64;
/// Another repository whose objects are used as well.
const ALTERNATES: &[u8] = b"objects/info/alternates";

/// The files of one repository.
#[derive(Debug, Default)]
pub(in crate::collection) struct Store {
    /// By their names within it.
    files: BTreeMap<Vec<u8>, Body>,
    pub(super) links: u64,
    pub(super) has_alternates: bool,
    pub(super) is_cut: bool,
    /// Folders and files that could not be read.
    pub(super) unreadable: u64,
}

impl Store {
    /// Lists a folder on the disk.
    pub(in crate::collection) fn of_folder(folder: &Path) -> io::Result<Self> {
        let mut store = Self::default();
        if fs::symlink_metadata(folder)?.is_symlink() {
            return Err(io::Error::other("a link in the place of the repository"));
        }
        let mut folders = vec![(Vec::new(), folder.to_owned(), 0)];
        while let Some((name, path, depth)) = folders.pop() {
            match fs::read_dir(&path) {
                Ok(entries) => store.list(entries, &name, depth, &mut folders),
                Err(e) if depth == 0 => return Err(e),
                Err(_) => store.unreadable += 1,
            }
        }
        Ok(store)
    }

    fn list(
        &mut self,
        entries: fs::ReadDir,
        folder: &[u8],
        depth: usize,
        folders: &mut Vec<(Vec<u8>, PathBuf, usize)>,
    ) {
        for entry in entries {
            let Ok(entry) = entry else {
                self.unreadable += 1;
                continue;
            };
            let mut name = folder.to_vec();
            if !name.is_empty() {
                name.push(b'/');
            }
            name.extend_from_slice(entry.file_name().as_bytes());
            // The kind of the entry itself, not of what a link leads to.
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => self.links += u64::from(is_read(&name) || is_folder(&name)),
                Ok(kind) if kind.is_dir() => {
                    if is_folder(&name) && depth < MAX_DEPTH {
                        folders.push((name, entry.path(), depth + 1));
                    }
                }
                Ok(kind) if kind.is_file() => self.add(&name, || Ok(Body::File(entry.path()))).unwrap_or(()),
                Ok(_) => {}
                Err(_) => self.unreadable += 1,
            }
        }
    }

    /// Takes a file of this name, if such files are read; the body is made only then.
    pub(in crate::collection) fn add(
        &mut self,
        name: &[u8],
        body: impl FnOnce() -> io::Result<Body>,
    ) -> io::Result<()> {
        self.has_alternates |= name == ALTERNATES;
        if !is_read(name) {
            return Ok(());
        }
        if self.files.len() >= MAX_FILES {
            self.is_cut = true;
            return Ok(());
        }
        self.files.insert(name.to_vec(), body()?);
        Ok(())
    }

    /// The files whose names begin so.
    pub(super) fn below<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a [u8], &'a Body)> {
        self.files
            .range(start.as_bytes().to_vec()..)
            .take_while(move |(name, _)| name.starts_with(start.as_bytes()))
            .map(|(name, body)| (&**name, body))
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&Body> {
        self.files.get(name)
    }

    /// The bytes of a small file, at most so many of them; nothing when it is not there.
    pub(super) fn small(&self, name: &[u8], limit_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(body) = self.get(name) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        body.open()?.take(limit_bytes).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Which hash names the objects, by the lengths of their names: what the configuration says is not asked.
    pub(super) fn hash(&self) -> Kind {
        let digits = Kind::Sha256.len_in_hex();
        let is_long = |name: &[u8]| match name.split(|&b| b == b'/').collect::<Vec<_>>()[..] {
            [_, b"pack", file] => file.len() > "pack-".len() + digits,
            [_, folder, file] => folder.len() + file.len() == digits,
            _ => false,
        };
        if self.below("objects/").any(|(name, _)| is_long(name)) {
            Kind::Sha256
        } else {
            Kind::Sha1
        }
    }
}

/// Whether a file of a repository is read.
pub(in crate::collection) fn is_read(name: &[u8]) -> bool {
    let parts: Vec<&[u8]> = name.split(|&b| b == b'/').collect();
    match parts[..] {
        [b"HEAD" | b"ORIG_HEAD" | b"packed-refs" | b"shallow"]
        | [b"refs" | b"logs", _, ..]
        | [b"worktrees", _, b"HEAD"]
        | [b"worktrees", _, b"logs", _, ..] => true,
        [b"objects", b"pack", file] => file.ends_with(b".pack") || file.ends_with(b".idx"),
        [b"objects", folder, file] => folder.len() == 2 && is_hex(folder) && file.len() >= 38 && is_hex(file),
        _ => false,
    }
}

/// Whether a folder of a repository holds files that are read.
fn is_folder(name: &[u8]) -> bool {
    let parts: Vec<&[u8]> = name.split(|&b| b == b'/').collect();
    match parts[..] {
        [b"refs" | b"logs", ..]
        | [b"objects" | b"worktrees"]
        | [b"objects", b"pack" | b"info"]
        | [b"worktrees", _]
        | [b"worktrees", _, b"logs", ..] => true,
        [b"objects", folder] => folder.len() == 2 && is_hex(folder),
        _ => false,
    }
}

fn is_hex(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_what_holds_history_is_read_and_no_link_is_followed() {
        for name in [
            "config",
            "hooks/post-checkout",
            "index",
            "modules/x/HEAD",
            "objects/info/alternates",
            "objects/ab/../../../../etc/passwd",
            "../HEAD",
        ] {
            assert!(!is_read(name.as_bytes()), "{name}");
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("objects/ab")).expect("folders");
        fs::create_dir_all(at("objects/info")).expect("folders");
        let digits = "0".repeat(38);
        for name in [
            "HEAD",
            "config",
            "objects/info/alternates",
            &format!("objects/ab/{digits}"),
        ] {
            fs::write(at(name), "x").expect("write");
        }
        symlink("/etc", at("refs")).expect("link");
        symlink("/etc/passwd", at(&format!("objects/ab/{}", "1".repeat(38)))).expect("link");
        let store = Store::of_folder(dir.path()).expect("store");
        let names: Vec<_> = store
            .below("")
            .map(|(name, _)| String::from_utf8_lossy(name))
            .collect();
        assert_eq!(names, ["HEAD".to_owned(), format!("objects/ab/{digits}")]);
        assert_eq!((store.links, store.has_alternates), (2, true));
        assert!(
            Store::of_folder(&at("refs")).is_err(),
            "the repository itself is a link"
        );
    }
}
