//! The files below the paths that a person names.
//!
//! In:  files and folders.
//! Out: every regular file once, in sorted order, with a name relative to its root;
//!      and a line for each thing that was passed over.
//!
//! Invariant: links are not followed, so a loop cannot catch us and nothing outside
//! the named folders is read by a link inside them. Devices and pipes are passed over.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use quanlian_tlog::whole_file::{self, Readers};
use serde::Serialize;
use walkdir::WalkDir;

/// The most files that one run takes.
pub(crate) const MAX_FILES: usize = 2_000_000;

/// One file below a root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Name relative to its root, parted by `/`.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// Something that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PassedOver {
    /// The file or folder.
    pub(crate) path: String,
    /// Stable code; the words are the message `passed_over.CODE`.
    pub(crate) code: &'static str,
    /// What the system says, where it says something.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
}

/// Replaces a small file: after a loss of power the old one is there or the new one.
pub(crate) fn replace_durably(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    whole_file::replace(path, content, Readers::AsUsual).map_err(|(act, source)| {
        anyhow::Error::new(source).context(format!("cannot {act} {}", path.display()))
    })
}

/// Writes a new file that its owner alone can read; one that is there already is refused.
pub(crate) fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    use sha2::{Digest as _, Sha256};
    use std::io::Read as _;
    let (mut file, mut digest) = (std::fs::File::open(path)?, Sha256::new());
    let mut step = vec![0; 64 << 10];
    loop {
        match file.read(&mut step)? {
            0 => return Ok(hex::encode(digest.finalize())),
            read => digest.update(&step[..read]),
        }
    }
}

/// What a file holds, up to a limit; `None` when there is no such file.
pub(crate) fn read_limited(path: &Path, limit_bytes: u64) -> anyhow::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > limit_bytes {
        bail!("{} has more than {limit_bytes} bytes", path.display());
    }
    Ok(Some(bytes))
}

/// The files of one folder; a folder that is not there or holds no file is an error.
pub(crate) fn in_folder(root: &Path) -> anyhow::Result<(Vec<Found>, Vec<PassedOver>)> {
    let shown = root.display();
    let metadata = std::fs::metadata(root).with_context(|| format!("cannot read the folder {shown}"))?;
    if !metadata.is_dir() {
        bail!("{shown} is not a folder");
    }
    let (files, passed_over) = walk(root)?;
    if files.is_empty() {
        bail!("the folder {shown} holds no file that can be read");
    }
    Ok((files, passed_over))
}

/// The files that the paths name, or that lie below them.
pub(crate) fn named(paths: &[PathBuf]) -> anyhow::Result<(Vec<Found>, Vec<PassedOver>)> {
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    for path in paths {
        let metadata = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if metadata.is_dir() {
            let (below, over) = walk(path)?;
            files.extend(below);
            passed_over.extend(over);
        } else if metadata.is_file() {
            let name = path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned();
            files.push(Found {
                name,
                path: path.clone(),
            });
        } else {
            bail!("{} is neither a file nor a folder", path.display());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.path.clone()));
    Ok((files, passed_over))
}

fn walk(root: &Path) -> anyhow::Result<(Vec<Found>, Vec<PassedOver>)> {
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(root)
        .follow_links(false)
        .follow_root_links(true)
        .sort_by_file_name()
    {
        let over = |path: &Path, code, detail: String| PassedOver {
            path: path.display().to_string(),
            code,
            detail,
        };
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                passed_over.push(over(&path, "unreadable", error.to_string()));
                continue;
            }
        };
        let kind = entry.file_type();
        if kind.is_dir() {
            continue;
        }
        if kind.is_symlink() {
            passed_over.push(over(entry.path(), "link", String::new()));
        } else if !kind.is_file() {
            passed_over.push(over(entry.path(), "special_file", String::new()));
        } else if files.len() >= MAX_FILES {
            bail!(
                "{} holds more than {MAX_FILES} files; name smaller folders",
                root.display()
            );
        } else {
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let name = below
                .components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            files.push(Found {
                name,
                path: entry.path().to_owned(),
            });
        }
    }
    Ok((files, passed_over))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_named_and_not_followed_so_a_loop_ends() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        std::fs::write(dir.path().join("a/b.txt"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        let (files, passed_over) = in_folder(dir.path()).unwrap();
        assert_eq!(
            files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["a/b.txt"]
        );
        assert_eq!(passed_over.iter().map(|p| p.code).collect::<Vec<_>>(), ["link"]);
    }

    #[test]
    fn an_empty_or_absent_folder_is_an_error_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let error = in_folder(dir.path()).unwrap_err().to_string();
        assert!(error.contains("holds no file"), "{error}");
        assert!(
            in_folder(&dir.path().join("none"))
                .unwrap_err()
                .to_string()
                .contains("none")
        );
    }

    #[test]
    fn a_file_named_twice_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.txt");
        std::fs::write(&path, "x").unwrap();
        assert_eq!(named(&[path.clone(), path]).unwrap().0.len(), 1);
    }
}
