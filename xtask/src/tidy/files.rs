//! The files as such: small, of kinds that a reader can review, and bound to no machine.
//!
//! In:  the tree.
//! Out: findings.
//!
//! Media, fonts and archives do not belong in the repository: tests and the demo make their own. The pictures of the README
//! are what a story of the pages draws of the demo's own content, and lie in one folder.

use super::{Finding, Tree, tree::ending};

/// Nothing in the repository is larger.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Endings of media, fonts, archives, databases and programs.
const FORBIDDEN_ENDINGS: [&str; 44] = [
    "7z", "a", "aac", "avi", "bin", "bmp", "bz2", "class", "db", "dll", "docx", "exe", "flac", "gif", "gz",
    "ico", "jar", "jpeg", "jpg", "m4a", "mkv", "mov", "mp3", "mp4", "ogg", "opus", "otf", "pdf", "png",
    "pyc", "rar", "so", "sqlite", "tar", "tif", "tiff", "ttc", "ttf", "wasm", "wav", "webm", "webp", "woff2",
    "zip",
];

/// First bytes that give such a file away whatever it is called.
const FORBIDDEN_BEGINNINGS: [(&[u8], &str); 15] = [
    (b"PK\x03\x04", "zip archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"%PDF-", "PDF"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"RIFF", "WAV or WebP"),
    (b"fLaC", "FLAC audio"),
    (b"OggS", "Ogg audio"),
    (b"ID3", "MP3 audio"),
    (b"wOF", "font"),
    (b"OTTO", "font"),
    (b"\x7fELF", "program"),
];

/// Where the pictures of the README lie, and what they are.
const PICTURES: (&str, &str) = ("docs/pictures/", "png");

/// Folders that exist on one machine only. Parted, so that this file does not name them itself.
const MACHINE_FOLDERS: [&str; 3] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
];

/// The registry of every crate in `Cargo.lock`.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// No large file, and none that cannot be reviewed as text.
pub(super) fn are_small_and_of_known_kinds(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, entry) in tree.entries() {
        if entry.size_bytes > MAX_FILE_BYTES {
            let what = format!("has {} bytes, the limit is {MAX_FILE_BYTES}", entry.size_bytes);
            findings.push(Finding::new(path, what));
        }
        if path.starts_with(PICTURES.0) && ending(path) == PICTURES.1 {
            continue;
        }
        if FORBIDDEN_ENDINGS.contains(&ending(path).as_str()) {
            findings.push(Finding::new(
                path,
                "files of this kind do not belong in the repository",
            ));
        } else if let Some((_, kind)) = FORBIDDEN_BEGINNINGS
            .iter()
            .find(|(magic, _)| entry.head.starts_with(magic))
        {
            findings.push(Finding::new(
                path,
                format!("is a {kind} by its first bytes; it does not belong here"),
            ));
        }
    }
    findings
}

/// No path of one person's machine.
pub(super) fn name_no_machine(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (number, line) in text.lines().enumerate() {
            for folder in MACHINE_FOLDERS.iter().filter(|folder| names_folder(line, folder)) {
                findings.push(Finding::new(
                    path,
                    format!("line {} names {folder}, a folder of one machine", number + 1),
                ));
            }
        }
    }
    findings
}

/// Whether `folder` stands in the line as an absolute path and not as the middle of a longer one.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '~' | '}' | '>' | '*'))
    })
}

/// Lock files name the public registries, and no configuration turns to another.
pub(super) fn use_public_registries(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_foreign: fn(&str) -> bool = match name {
            "Cargo.lock" => |line| value(line, "source = ").is_some_and(|source| source != CRATES_IO),
            "package-lock.json" => |line| {
                let resolved = value(line, "\"resolved\": ");
                resolved.is_some_and(|url| !url.starts_with("https://registry.npmjs.org/"))
            },
            "config.toml" | "config" if path.contains(".cargo/") => |line| {
                ["[source", "[registr", "registry ="]
                    .iter()
                    .any(|key| line.trim().starts_with(key))
            },
            ".npmrc" | "pip.conf" | ".yarnrc" => |_| true,
            _ => continue,
        };
        for (number, _) in text.lines().enumerate().filter(|(_, line)| is_foreign(line)) {
            findings.push(Finding::new(
                path,
                format!("line {} turns to a registry that is not public", number + 1),
            ));
        }
    }
    findings
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    Some(
        line.trim()
            .strip_prefix(key)?
            .trim_end_matches(',')
            .trim_matches('"'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_found_and_one_at_it_is_not() {
        let at = Tree::with_bytes("a.txt", b"a", MAX_FILE_BYTES);
        assert_eq!(are_small_and_of_known_kinds(&at), []);
        let above = Tree::with_bytes("a.txt", b"a", MAX_FILE_BYTES + 1);
        assert_eq!(
            are_small_and_of_known_kinds(&above)[0].what,
            "has 1048577 bytes, the limit is 1048576"
        );
    }

    #[test]
    fn media_fonts_and_archives_are_found_by_name_or_by_content() {
        for tree in [
            Tree::with_bytes("web/logo.PNG", b"", 0),
            Tree::with_bytes("fonts/a.ttc", b"", 0),
            Tree::with_bytes("notes.txt", b"PK\x03\x04rest", 8),
            Tree::with_bytes("README", b"%PDF-1.7", 8),
        ] {
            assert_eq!(are_small_and_of_known_kinds(&tree).len(), 1, "{tree:?}");
        }
        let picture = Tree::with_bytes("docs/pictures/a.png", b"\x89PNG", 4);
        assert_eq!(are_small_and_of_known_kinds(&picture), []);
        let other = Tree::with_bytes("docs/pictures/a.zip", b"PK\x03\x04", 4);
        assert_eq!(are_small_and_of_known_kinds(&other).len(), 1);
        assert_eq!(
            are_small_and_of_known_kinds(&Tree::of(&[("a.rs", "//! PK.\n"), ("png", "text")])),
            []
        );
    }

    #[test]
    fn an_absolute_machine_path_is_found_and_a_relative_one_is_not() {
        let [work, root, home] = MACHINE_FOLDERS;
        for line in [
            format!("cd {work}a"),
            format!("(`{root}.cargo`)"),
            format!("{home}li/x"),
            format!("file://{work}x"),
        ] {
            assert_eq!(
                name_no_machine(&Tree::of(&[("a.md", &format!("first\n{line}\n"))])).len(),
                1,
                "{line}"
            );
        }
        for line in [
            format!("https://example.org{work}x"),
            format!("<root>{work}"),
            format!("..{root}a"),
            "work/".into(),
        ] {
            assert_eq!(name_no_machine(&Tree::of(&[("a.md", &line)])), [], "{line}");
        }
    }

    #[test]
    fn a_registry_that_is_not_public_is_found() {
        let foreign = [
            (
                "Cargo.lock",
                "source = \"registry+https://mirror.example/index\"\n",
            ),
            (
                ".cargo/config.toml",
                "[source.crates-io]\nreplace-with = \"mirror\"\n",
            ),
            (
                "web/package-lock.json",
                "\"resolved\": \"https://mirror.example/a.tgz\",\n",
            ),
            ("web/.npmrc", "registry=https://mirror.example\n"),
        ];
        for file in foreign {
            assert_eq!(use_public_registries(&Tree::of(&[file])).len(), 1, "{file:?}");
        }
        let public = [
            (
                "Cargo.lock",
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
            ),
            (".cargo/config.toml", "[alias]\nxtask = \"run\"\n"),
            (
                "web/package-lock.json",
                "\"resolved\": \"https://registry.npmjs.org/a.tgz\",\n",
            ),
        ];
        assert_eq!(use_public_registries(&Tree::of(&public)), []);
    }
}
