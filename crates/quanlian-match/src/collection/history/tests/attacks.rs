//! Repositories that are damaged, cut or made to lead astray.
//!
//! In:  repositories of git with bytes, files and links changed.
//! Out: what is still there, a remark on the rest, and nothing from outside.
//!
//! Not here: whole repositories (`tests`).

use super::*;
use std::os::unix::fs::symlink;

/// All files of this ending below a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let walk = walk::walk(folder, &|_| false).expect("walk");
    let mut paths: Vec<PathBuf> = walk.files.into_iter().map(|file| file.path).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths
}

/// Objects are read-only; some users are not bound by that.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).expect("remove");
    fs::write(path, bytes).expect("write");
}

#[test]
fn a_damaged_pack_is_told_and_never_gives_another_content() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    for n in 0..20 {
        repository.write("a.txt", &format!("line\n{}", format!("state {n}\n").repeat(30)));
        repository.commit("state");
    }
    repository.git(&["gc", "-q"]);
    let whole = Found::below(&repository.path(""));
    let is_known = |text: &str| whole.inputs.values().any(|(known, _)| known == text);
    let folder = repository.path(".git/objects/pack");
    let mut told = 0;
    for ending in [".pack", ".idx"] {
        let path = files(&folder, ending).remove(0);
        let bytes = fs::read(&path).expect("read");
        for at in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
            let mut broken = bytes.clone();
            broken[at] ^= 0x55;
            overwrite(&path, &broken);
            let found = Found::below(&repository.path(""));
            for (name, (text, _)) in &found.inputs {
                assert!(is_known(text), "{ending} broken at {at}: {name} is {text}");
            }
            told += usize::from(found.codes.iter().any(|code| {
                ["history_damaged", "history_missing", "history_content_damaged"].contains(&&**code)
            }));
        }
        overwrite(&path, &bytes[..bytes.len() / 2]);
        let found = Found::below(&repository.path(""));
        assert!(
            found.codes.iter().any(|code| code.starts_with("history_")),
            "{ending} cut: {:?}",
            found.codes
        );
        overwrite(&path, &bytes);
    }
    assert!(told > 40, "only {told} of 120 were told");
}

#[test]
fn a_forged_loose_object_is_not_taken_for_what_its_name_says() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "mine\n");
    repository.commit("begin");
    let theirs = repository.git_with(&["hash-object", "-w", "--stdin"], b"theirs\n");
    let mine = repository.git(&["rev-parse", "HEAD:a.txt"]);
    repository.git(&["rm", "-q", "a.txt"]);
    repository.commit("clean up");
    let object = |id: &str| repository.path(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    overwrite(&object(&mine), &fs::read(object(&theirs)).expect("read"));
    let found = Found::below(&repository.path(""));
    assert_eq!(found.codes, ["history_content_damaged"]);
    assert!(found.inputs.values().all(|(text, _)| text != "mine\n"));
}

#[test]
fn nothing_outside_of_the_repository_is_opened() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "mine\n");
    repository.commit("begin");
    // A second repository that borrows all objects of the first.
    let other = repository.dir.path().join("other");
    repository.git(&["clone", "-q", "--shared", ".", &other.to_string_lossy()]);
    fs::remove_file(other.join("a.txt")).expect("remove");
    let found = Found::below(&other);
    assert_eq!(found.names(), Vec::<&str>::new());
    assert!(
        found.codes.contains(&"history_alternates".to_owned()),
        "{:?}",
        found.codes
    );
    assert!(
        found.codes.contains(&"history_missing".to_owned()),
        "{:?}",
        found.codes
    );
    // A third whose objects are a link to those of the first, and one that is a link as a whole.
    let third = repository.dir.path().join("third");
    repository.git(&["clone", "-q", "--no-hardlinks", ".", &third.to_string_lossy()]);
    fs::remove_file(third.join("a.txt")).expect("remove");
    fs::remove_dir_all(third.join(".git/objects")).expect("remove");
    symlink(repository.path(".git/objects"), third.join(".git/objects")).expect("link");
    let found = Found::below(&third);
    assert_eq!(found.names(), Vec::<&str>::new());
    assert!(
        found.codes.contains(&"history_links".to_owned()),
        "{:?}",
        found.codes
    );
    let fourth = repository.dir.path().join("fourth");
    fs::create_dir(&fourth).expect("folder");
    symlink(repository.path(".git"), fourth.join(".git")).expect("link");
    assert_eq!(Found::below(&fourth).codes, ["history_unreadable"]);
    // One whose store lies elsewhere.
    let fifth = repository.dir.path().join("fifth");
    fs::create_dir(&fifth).expect("folder");
    fs::write(fifth.join(".git"), "gitdir: ../repo/.git\n").expect("write");
    let walk = walk::walk(&fifth, &|_| false).expect("walk");
    assert_eq!(
        (walk.stores.len(), &*walk.notes[0].code),
        (0, "walk_git_elsewhere")
    );
}

#[test]
fn a_shallow_copy_says_that_contents_may_be_older() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    repository.write("a.txt", "old\n");
    repository.commit("begin");
    repository.write("b.txt", "new\n");
    repository.commit("second");
    repository.write("c.txt", "newest\n");
    repository.commit("third");
    let copy = repository.dir.path().join("copy");
    let from = format!("file://{}", repository.path("").display());
    repository.git(&["clone", "-q", "--depth", "2", &from, &copy.to_string_lossy()]);
    let found = Found::below(&copy);
    assert_eq!(found.codes, ["history_shallow"]);
    let unknown = ["a.txt", "b.txt", "c.txt"].map(|name| found.origin(name).earlier_unknown);
    assert_eq!(unknown, [true, true, false]);
}

#[test]
fn hostile_names_stay_text() {
    let Some(mut repository) = Repository::new() else {
        return;
    };
    let blob = repository.git_with(&["hash-object", "-w", "--stdin"], b"a text\n");
    let raw: Vec<u8> = (0..blob.len() / 2)
        .map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).expect("digits"))
        .collect();
    let mut tree = Vec::new();
    for name in ["../../x.txt", "a\x1b[2J\u{202e}.txt", "b!/c.txt", ".git"] {
        tree.extend([b"100644 ", name.as_bytes(), b"\0", &raw].concat());
    }
    let tree = repository.git_with(
        &["hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
        &tree,
    );
    repository.commits += 1;
    let id = repository.git(&["commit-tree", &tree, "-m", "bad"]);
    fs::create_dir_all(repository.path(".git/refs/heads")).expect("folders");
    fs::write(
        repository.path(".git/refs/heads/e\x1b[31m\u{202e}vil"),
        format!("{id}\n"),
    )
    .expect("write");
    let found = Found::below(&repository.path(""));
    let names = found.names();
    assert_eq!(names, [format!(".!/../../x.txt@{}", short(&id))]);
    let origin = found.origin(names[0]);
    assert_eq!(
        origin.paths,
        [
            "../../x.txt",
            ".git",
            "a\\u{1b}[2J\\u{202e}.txt",
            "b\\u{21}/c.txt"
        ]
    );
    assert_eq!(origin.refs, ["refs/heads/e\u{fffd}[31m\u{fffd}vil"]);
    assert!(!repository.dir.path().join("x.txt").is_file());
}

#[test]
fn a_bomb_of_trees_ends_at_a_limit() {
    let Some(repository) = Repository::new() else {
        return;
    };
    // Twelve folders of fourteen equal folders each: five million million files.
    let mut entry = repository.git_with(&["hash-object", "-w", "--stdin"], b"a text\n");
    let mut mode = "100644 blob";
    for _ in 0..12 {
        let lines: Vec<String> = (0..14).map(|n| format!("{mode} {entry}\tf{n:02}\n")).collect();
        entry = repository.git_with(&["mktree"], lines.concat().as_bytes());
        mode = "040000 tree";
    }
    let id = repository.git(&["commit-tree", &entry, "-m", "bomb"]);
    repository.git(&["update-ref", "refs/heads/main", &id]);
    let found = Found::below(&repository.path(""));
    assert!(
        found.codes.contains(&"history_cut".to_owned()),
        "{:?}",
        found.codes
    );
}
