//! Histories made by the real git, read here without it.
//!
//! In:  repositories in temporary folders; where git is not installed, one line that begins with `skipped:`.
//! Out: contents with their origin, and remarks; compared with what git itself says.
//!
//! Not here: matching what is found (`collection::tests::histories`), refs and commits byte by byte (`refs`, `commits`).

mod attacks;
mod truth;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use super::super::archive::Flow;
use super::super::source::{Source, Sources};
use super::super::walk;
use super::*;

/// A repository in a temporary folder, and whatever lies beside it.
struct Repository {
    dir: tempfile::TempDir,
    /// Commits made, which is their time as well.
    commits: u32,
    format: &'static str,
}

impl Repository {
    /// `None` where git is not installed.
    fn new() -> Option<Self> {
        Self::of_format("sha1")
    }

    fn of_format(format: &'static str) -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            let mut stderr = std::io::stderr();
            let _ = stderr.write_all(b"skipped: no git (install the package git)\n");
            return None;
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut made = Self {
            dir,
            commits: 0,
            format,
        };
        fs::create_dir(made.path("")).expect("folder");
        made.git(&["init", "-q", "-b", "main", "--object-format", made.format, "."]);
        made.commits = 0;
        Some(made)
    }

    /// A file of the work tree.
    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() {
            self.dir.path().join("repo")
        } else {
            self.dir.path().join("repo").join(name)
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        let date = format!("{} +0800", 1_700_000_000 + self.commits * 3_600);
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "王小明")
            .env("GIT_AUTHOR_EMAIL", "w@example.cn")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Committer")
            .env("GIT_COMMITTER_EMAIL", "c@example.cn")
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git");
        child
            .stdin
            .take()
            .expect("stdin")
            .write_all(input)
            .expect("write");
        let output = child.wait_with_output().expect("git");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("folders");
        fs::write(path, text).expect("write");
    }

    /// Commits all that is there; the id.
    fn commit(&mut self, message: &str) -> String {
        self.commits += 1;
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// What was found below a folder.
#[derive(Debug, Default)]
struct Found {
    /// By name: the text, and where it stood.
    inputs: BTreeMap<String, (String, Option<Origin>)>,
    /// The names in the order in which they came.
    order: Vec<String>,
    codes: Vec<String>,
}

impl Found {
    fn below(folder: &Path) -> Self {
        let (mut found, mut notes) = (Self::default(), Vec::new());
        let walk = walk::walk(folder, &|_| false).expect("walk");
        let sources = Sources {
            archives: true,
            history: true,
            exclude: &|_| false,
        };
        sources.each(&walk.files, &walk.stores, &mut notes, &mut |source| {
            let (Source::File(input) | Source::Member(input)) = source else {
                return Flow::Continue;
            };
            let mut text = Vec::new();
            let mut reader = input.body.open().expect("open");
            std::io::Read::read_to_end(&mut reader, &mut text).expect("read");
            let name = input.name.to_string_lossy().into_owned();
            found.order.push(name.clone());
            let text = String::from_utf8_lossy(&text).into_owned();
            let origin = input.origin.as_deref().cloned();
            let old = found.inputs.insert(name, (text, origin));
            assert_eq!(old, None, "a name is given once");
            Flow::Continue
        });
        found.codes = notes.into_iter().map(|note| note.code).collect();
        found.codes.sort_unstable();
        found
    }

    fn names(&self) -> Vec<&str> {
        self.inputs.keys().map(String::as_str).collect()
    }

    fn origin(&self, name: &str) -> &Origin {
        let found = self.inputs.get(name);
        let (_, origin) = found.unwrap_or_else(|| panic!("{name} is not among {:?}", self.names()));
        origin.as_ref().expect("an origin")
    }
}

fn short(id: &str) -> &str {
    &id[..SHORT]
}

#[test]
fn a_file_that_is_gone_is_found_with_the_commit_that_brought_it() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("readme.txt", "one\n");
    repository.commit("begin");
    repository.write("src/alu.v", "module alu;\nendmodule\n");
    let brought = repository.commit("take over the adder");
    repository.git(&["mv", "src/alu.v", "adder.v"]);
    let moved = repository.commit("rename");
    repository.git(&["rm", "-q", "adder.v"]);
    repository.commit("clean up");
    for packed in [false, true] {
        if packed {
            repository.git(&["gc", "-q", "--aggressive", "--prune=now"]);
            repository.git(&["pack-refs", "--all"]);
        }
        let found = Found::below(&repository.path(""));
        let name = format!(".!/src/alu.v@{}", short(&brought));
        assert_eq!(found.order, ["readme.txt".to_owned(), name.clone()]);
        assert_eq!(found.codes, Vec::<String>::new());
        assert_eq!(found.inputs[&name].0, "module alu;\nendmodule\n");
        let origin = found.origin(&name);
        assert_eq!(origin.paths, ["src/alu.v", "adder.v"]);
        assert_eq!(
            (origin.commits, origin.in_head, origin.dangling),
            (2, false, false)
        );
        assert_eq!(origin.refs, ["HEAD", "refs/heads/main"]);
        let (first, last) = (origin.first_commit.as_ref(), origin.last_commit.as_ref());
        assert_eq!(first.map(|commit| &commit.id), Some(&brought));
        assert_eq!(last.map(|commit| &commit.id), Some(&moved));
        let claimed = &first.expect("a commit").claimed;
        let author = claimed.author.as_ref().expect("an author");
        assert_eq!(
            (
                &*author.name,
                &*author.email,
                author.at.as_deref(),
                &*claimed.subject
            ),
            (
                "王小明",
                "w@example.cn",
                Some("2023-11-15T08:13:20+08:00"),
                "take over the adder"
            )
        );
        assert!(!origin.earlier_unknown);
        // What is checked out is the file itself, and knows since when it is there.
        let readme = found.origin("readme.txt");
        assert_eq!((readme.commits, readme.in_head), (4, true));
    }
}

#[test]
fn a_changed_file_is_no_content_of_the_history_and_its_old_state_is() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "old\n");
    let id = repository.commit("begin");
    repository.write("a.txt", "not committed\n");
    let found = Found::below(repository.dir.path());
    assert_eq!(
        found.order,
        ["repo/a.txt".to_owned(), format!("repo!/a.txt@{}", short(&id))]
    );
    assert_eq!(found.inputs["repo/a.txt"].1, None);
    assert!(found.origin(&found.order[1]).in_head);
}

#[test]
fn what_nothing_leads_to_is_found_and_named_so() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "kept\n");
    repository.commit("begin");
    repository.write("b.txt", "stolen\n");
    let dropped = repository.commit("second");
    repository.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repository.git_with(&["hash-object", "-w", "--stdin"], b"never committed\n");
    let name = format!(".!/b.txt@{}", short(&dropped));
    let refs = || Found::below(&repository.path("")).origin(&name).refs.clone();
    assert_eq!(refs(), ["ORIG_HEAD"]);
    fs::remove_file(repository.path(".git/ORIG_HEAD")).expect("remove");
    assert_eq!(refs(), ["logs/HEAD", "logs/refs/heads/main"]);
    fs::remove_dir_all(repository.path(".git/logs")).expect("remove");
    let found = Found::below(&repository.path(""));
    let origin = found.origin(&name);
    assert!(origin.dangling && origin.refs.is_empty() && !origin.in_head);
    assert_eq!(
        origin.first_commit.as_ref().map(|commit| &commit.id),
        Some(&dropped)
    );
    assert_eq!(found.codes, ["history_dangling"]);
    let blob = found.order.last().expect("the content that no commit holds");
    assert!(blob.starts_with(".!/@"), "{blob}");
    assert_eq!(found.inputs[blob].0, "never committed\n");
    assert!(found.origin(blob).dangling && found.origin(blob).first_commit.is_none());
}

#[test]
fn bare_detached_and_tagged_repositories_and_those_of_sha256_are_read() {
    for format in ["sha1", "sha256"] {
        let Some(mut repository) = Repository::of_format(format) else {
            return;
        };
        repository.write("a.txt", "one\n");
        let first = repository.commit("begin");
        repository.git(&["tag", "-a", "v1", "-m", "tag"]);
        repository.git(&["checkout", "-q", "--detach"]);
        repository.write("a.txt", "two\n");
        let second = repository.commit("detached");
        let bare = repository.dir.path().join("bare.git");
        repository.git(&["clone", "-q", "--bare", ".", &bare.to_string_lossy()]);
        repository.git(&[
            "-C",
            &bare.to_string_lossy(),
            "fetch",
            "-q",
            &repository.path("").to_string_lossy(),
            &second,
        ]);
        repository.git(&["gc", "-q"]);
        let found = Found::below(repository.dir.path());
        let names = [
            format!("bare.git!/a.txt@{}", short(&first)),
            format!("repo!/a.txt@{}", short(&first)),
        ];
        for name in &names {
            assert_eq!(found.inputs[name].0, "one\n");
            assert!(found.origin(name).refs.contains(&"refs/tags/v1".to_owned()));
        }
        let origin = found.origin("repo/a.txt");
        assert_eq!((&*origin.refs[0], origin.commits), ("HEAD", 1));
    }
}

#[test]
fn repositories_inside_of_archives_are_put_together() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("src/gone.txt", "gone\n");
    let id = repository.commit("begin");
    repository.git(&["rm", "-q", "src/gone.txt"]);
    repository.write("kept.txt", "kept\n");
    repository.commit("clean up");
    repository.git(&["gc", "-q"]);
    repository.write("kept.txt", "kept and changed\n");
    repository.commit("loose objects");
    let bare = repository.dir.path().join("copy.git");
    // Tar keeps the second of two hard links as a link.
    repository.git(&[
        "clone",
        "-q",
        "--bare",
        "--no-hardlinks",
        ".",
        &bare.to_string_lossy(),
    ]);
    for packing in ["", "z"] {
        let tar = repository.dir.path().join("disk.tar");
        let status = Command::new("tar")
            .arg(format!("-c{packing}f"))
            .arg(&tar)
            .args(["-C", &repository.dir.path().to_string_lossy(), "repo", "copy.git"])
            .status();
        assert!(status.expect("tar").success());
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::rename(&tar, dir.path().join("disk.tar")).expect("move");
        let found = Found::below(dir.path());
        for of in ["disk.tar!/repo", "disk.tar!/copy.git"] {
            let name = format!("{of}!/src/gone.txt@{}", short(&id));
            assert_eq!(found.inputs[&name].0, "gone\n", "{packing}");
            let first = found.origin(&name).first_commit.as_ref().expect("a commit");
            assert_eq!(first.id, id);
        }
        assert!(found.names().contains(&"disk.tar!/repo/kept.txt"));
        assert!(
            !found
                .names()
                .iter()
                .any(|name| name.contains("/hooks/") || name.ends_with("/config"))
        );
    }
}

#[test]
fn archives_and_unknown_contents_of_a_history_are_opened_or_counted() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "one\n");
    fs::write(repository.path("x.bin"), b"\x7fELF\0\0\0\x01\x02").expect("write");
    repository.git(&["add", "-A"]);
    repository.commit("begin");
    repository.git(&["archive", "-o", "old.zip", "HEAD", "a.txt"]);
    let id = repository.commit("keep the old one");
    repository.git(&["rm", "-q", "old.zip", "x.bin"]);
    repository.commit("clean up");
    let found = Found::below(&repository.path(""));
    let name = format!(".!/old.zip@{}!/a.txt", short(&id));
    assert_eq!(found.inputs[&name].0, "one\n");
    assert_eq!(found.origin(&name).path(), Some("old.zip"));
    assert_eq!(found.codes, ["history_unknown_medium"]);
}
