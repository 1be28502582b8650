//! The walk: every regular file below a path, in one fixed order.
//!
//! In:  a file or a folder.
//! Out: files with their path relative to it, sorted, and remarks on what was passed over.
//!
//! Symbolic links are followed, and no folder is entered twice: that ends loops, and
//! webs of links that would otherwise multiply. Pipes, sockets and devices are named and
//! never opened.
//!
//! The store of a git repository (`.git`, or a bare repository) is named and not walked: its files are no works by themselves.
//! Whoever reads no histories says so with [`Walk::without_histories`].
//!
//! Not here: what is in the files (`sniff`), in archives (`archive`), in repositories (`history`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Exclude, Note};

const GIT_STORE: &str = "the store of a git repository: files were read as they are checked out, the history was not: ask for it with --history, or check out each state that is to be compared";
const GIT_ELSEWHERE: &str = "the store of this git repository lies elsewhere and was not followed: name it by itself to have its history read";

/// A file to read and the name under which it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) relative: PathBuf,
    pub(super) path: PathBuf,
}

#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) files: Vec<Found>,
    /// Folders where git keeps repositories.
    pub(super) stores: Vec<Found>,
    pub(super) notes: Vec<Note>,
}

/// Walks `root`. Fails only when `root` itself cannot be read.
pub(super) fn walk(root: &Path, exclude: Exclude<'_>) -> io::Result<Walk> {
    let mut walk = Walk::default();
    let metadata = fs::metadata(root)?;
    if !metadata.is_dir() {
        let name = root.file_name().map_or_else(|| root.to_owned(), PathBuf::from);
        walk.visit(
            Found {
                relative: name,
                path: root.to_owned(),
            },
            exclude,
            &mut Vec::new(),
            &mut BTreeSet::new(),
        );
        return Ok(walk);
    }
    // Fails early when the top folder cannot be listed, instead of with a remark.
    fs::read_dir(root)?;
    if is_git_store(root) {
        walk.stores.push(Found {
            relative: PathBuf::new(),
            path: root.to_owned(),
        });
        return Ok(walk);
    }
    let mut entered = BTreeSet::from([(metadata.dev(), metadata.ino())]);
    let mut folders = vec![Found {
        relative: PathBuf::new(),
        path: root.to_owned(),
    }];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder.path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(e) => {
                walk.notes
                    .push(Note::from_error(&folder.relative, "walk_unreadable_folder", &e));
                continue;
            }
        };
        for entry in entries {
            let found = Found {
                relative: folder.relative.join(entry.file_name()),
                path: entry.path(),
            };
            walk.visit(found, exclude, &mut folders, &mut entered);
        }
    }
    walk.files.sort_unstable();
    walk.stores.sort_unstable();
    walk.sort_notes();
    Ok(walk)
}

impl Walk {
    /// The same for whoever reads no histories: a remark for each that there is.
    pub(super) fn without_histories(mut self) -> Self {
        let note = |store: &Found| Note::new(&store.relative, "walk_git", GIT_STORE);
        self.notes.extend(self.stores.drain(..).map(|store| note(&store)));
        self.sort_notes();
        self
    }

    fn sort_notes(&mut self) {
        self.notes
            .sort_unstable_by(|a, b| (&a.subject, &a.code).cmp(&(&b.subject, &b.code)));
    }

    fn visit(
        &mut self,
        found: Found,
        exclude: Exclude<'_>,
        folders: &mut Vec<Found>,
        entered: &mut BTreeSet<(u64, u64)>,
    ) {
        let mut note = |code: &str, message: &str| self.notes.push(Note::new(&found.relative, code, message));
        let metadata = match fs::metadata(&found.path) {
            Ok(metadata) => metadata,
            Err(e) if fs::symlink_metadata(&found.path).is_ok_and(|m| m.is_symlink()) => {
                return note(
                    "walk_bad_link",
                    &format!("symbolic link that leads nowhere or in a circle: {e}"),
                );
            }
            Err(e) => return note("walk_unreadable", &e.to_string()),
        };
        if metadata.is_dir() {
            if is_git_store(&found.path) {
                if entered.insert((metadata.dev(), metadata.ino())) {
                    self.stores.push(found);
                }
            } else if entered.insert((metadata.dev(), metadata.ino())) {
                folders.push(found);
            } else {
                note("walk_folder_twice", "a link to a folder that was walked already");
            }
        } else if !metadata.is_file() {
            note("walk_special_file", "a pipe, socket or device, not a file");
        } else if found.path.file_name().is_some_and(|name| name == ".git") {
            // Of a work tree whose store lies elsewhere.
            note("walk_git_elsewhere", GIT_ELSEWHERE);
        } else if !exclude(&found.path) {
            self.files.push(found);
        }
    }
}

/// Whether a folder is where git keeps a repository.
pub(super) fn is_git_store(folder: &Path) -> bool {
    let has =
        |name: &str, is: fn(&fs::Metadata) -> bool| fs::metadata(folder.join(name)).is_ok_and(|m| is(&m));
    has("HEAD", fs::Metadata::is_file)
        && has("objects", fs::Metadata::is_dir)
        && has("refs", fs::Metadata::is_dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn loops_pipes_and_dead_links_are_named_and_passed_over() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("b/c")).expect("folders");
        for file in ["z.txt", "b/a.txt", "b/c/skip.json"] {
            fs::write(at(file), "x").expect("write");
        }
        symlink(dir.path(), at("b/c/up")).expect("link");
        symlink("self", at("self")).expect("link");
        symlink("z.txt", at("b2.txt")).expect("link");
        std::os::unix::net::UnixListener::bind(at("socket")).expect("socket");
        let walk = walk(dir.path(), &|p| p.extension().is_some_and(|e| e == "json")).expect("walk");
        let names: Vec<_> = walk
            .files
            .iter()
            .map(|f| f.relative.to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["b/a.txt", "b2.txt", "z.txt"]);
        let notes: Vec<_> = walk
            .notes
            .iter()
            .map(|n| (n.subject.as_str(), n.code.as_str()))
            .collect();
        assert_eq!(
            notes,
            [
                ("b/c/up", "walk_folder_twice"),
                ("self", "walk_bad_link"),
                ("socket", "walk_special_file")
            ]
        );
    }

    #[test]
    fn a_single_file_is_its_own_name_and_a_missing_one_fails() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("a.txt"), "x").expect("write");
        let walk_one = walk(&dir.path().join("a.txt"), &|_| false).expect("walk");
        assert_eq!(walk_one.files[0].relative, Path::new("a.txt"));
        assert!(walk(&dir.path().join("missing"), &|_| false).is_err());
    }
}
