//! The files of the repository, read once.
//!
//! In:  the root folder.
//! Out: a [`Tree`]: each file by its path from the root, with `/` between parts.
//!
//! What counts is what git tracks. Without git (an unpacked archive) every file counts, apart from what `.gitignore`
//! names. Of a file beyond [`MAX_READ_BYTES`] only the beginning is kept: it is a finding anyway.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::Command,
};

use crate::Stop;

/// No more than this is read of any file.
const MAX_READ_BYTES: u64 = 2 << 20;

/// Folders are walked no deeper than this.
const MAX_DEPTH: usize = 32;

/// The files of the repository by path.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Entry>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) size_bytes: u64,
    /// The first [`MAX_READ_BYTES`].
    pub(crate) head: Vec<u8>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Result<Self, Stop> {
        let broken = |path: &str| {
            let path = path.to_owned();
            move |e: io::Error| Stop::Machine(format!("cannot read {path}: {e}"))
        };
        let paths = match tracked(root) {
            Some(paths) => paths,
            None => walked(root).map_err(broken("the tree"))?,
        };
        let mut tree = Self::default();
        for path in paths {
            let file = root.join(&path);
            match std::fs::symlink_metadata(&file) {
                Ok(kind) if kind.is_file() => {
                    let mut head = Vec::new();
                    let opened = File::open(&file).map_err(broken(&path))?;
                    opened
                        .take(MAX_READ_BYTES)
                        .read_to_end(&mut head)
                        .map_err(broken(&path))?;
                    tree.files.insert(
                        path,
                        Entry {
                            size_bytes: kind.len(),
                            head,
                        },
                    );
                }
                // A link, or tracked but just deleted: nothing to check.
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(broken(&path)(e)),
            }
        }
        Ok(tree)
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.files.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The files that are UTF-8 text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries()
            .filter_map(|(path, entry)| Some((path, std::str::from_utf8(&entry.head).ok()?)))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(&self.files.get(path)?.head).ok()
    }

    /// The Rust sources below a folder (`""` is the root).
    pub(crate) fn sources<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts()
            .filter(move |(path, _)| is_below(path, folder) && ending(path) == "rs")
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let entry = |text: &str| Entry {
            size_bytes: text.len() as u64,
            head: text.as_bytes().to_vec(),
        };
        Self {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), entry(text)))
                .collect(),
        }
    }

    #[cfg(test)]
    pub(crate) fn with_bytes(path: &str, head: &[u8], size_bytes: u64) -> Self {
        Self {
            files: BTreeMap::from([(
                path.to_owned(),
                Entry {
                    size_bytes,
                    head: head.to_vec(),
                },
            )]),
        }
    }
}

pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// `toml` of `law/cn/x.toml`, in lower case; nothing for a name without one.
pub(crate) fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

/// What git tracks; `None` where there is no git or no repository.
fn tracked(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").try_exists().unwrap_or(false) {
        return None;
    }
    let output = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z"])
        .output()
        .ok()?;
    let names = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

/// Every file below the root but those that `.gitignore` names.
fn walked(root: &Path) -> io::Result<Vec<String>> {
    let ignored = std::fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let mut ignored: Vec<&str> = ignored
        .lines()
        .map(|line| line.trim().trim_matches('/'))
        .collect();
    ignored.push(".git");
    let mut paths = Vec::new();
    walk(root, "", &ignored, MAX_DEPTH, &mut paths)?;
    Ok(paths)
}

fn walk(
    root: &Path,
    folder: &str,
    ignored: &[&str],
    depth: usize,
    paths: &mut Vec<String>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let is_ignored = ignored.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None => !pattern.is_empty() && (name == *pattern || path == *pattern),
        });
        if is_ignored {
            continue;
        }
        // Not through links: a link to a folder above would never end.
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                walk(root, &path, ignored, depth - 1, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_without_git_leaves_out_what_gitignore_names() {
        let root = std::env::temp_dir().join(format!("xtask-tree-{}", std::process::id()));
        for folder in ["src", "target/debug", "web/dist"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (file, text) in [
            (".gitignore", "/target\n*.profraw\nweb/dist\n"),
            ("src/a.rs", "//! A.\n"),
            ("target/debug/b.rs", ""),
            ("web/dist/index.html", ""),
            ("x.profraw", ""),
        ] {
            std::fs::write(root.join(file), text).unwrap();
        }
        let tree = Tree::read(&root);
        std::fs::remove_dir_all(&root).unwrap();
        let tree = tree.unwrap();
        assert_eq!(
            tree.entries().map(|(path, _)| path).collect::<Vec<_>>(),
            [".gitignore", "src/a.rs"]
        );
        assert_eq!(tree.text("src/a.rs"), Some("//! A.\n"));
    }

    #[test]
    fn a_folder_is_not_taken_for_another_that_begins_alike() {
        let tree = Tree::of(&[
            ("crates/quanlian/src/main.rs", ""),
            ("crates/quanlian-law/src/lib.rs", ""),
        ]);
        assert_eq!(tree.sources("crates/quanlian").count(), 1);
        assert_eq!(tree.sources("").count(), 2);
    }
}
