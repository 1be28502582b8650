//! The keeper of the keys: makes them, seals them, changes them while the log goes on.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use super::{code, json, stderr, text};

const PASSPHRASE: &str = "correct horse battery";

/// Runs the program with a passphrase in its environment.
fn with_passphrase(passphrase: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args(["--lang", "en", "--quiet"])
        .args(arguments)
        .env("QUANLIAN_KEY_PASSPHRASE", passphrase)
        .output()
        .expect("the program starts")
}

fn deposit(data: &Path, content: &str, bundle: Option<&Path>) -> Value {
    let file = data.with_extension("txt");
    fs::write(&file, content).unwrap();
    let mut arguments = vec!["deposit", text(&file), "--data", text(data), "--json"];
    if let Some(bundle) = bundle {
        arguments.extend(["--bundle", text(bundle)]);
    }
    json(&with_passphrase(PASSPHRASE, &arguments), 0)
}

#[test]
fn a_key_is_sealed_unless_asked_otherwise_and_opens_with_its_passphrase_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.key");
    let base = [
        "key",
        "new",
        "--name",
        "log.example/one",
        "--out",
        text(&path),
        "--json",
    ];
    let new = |more: &[&'static str]| base.iter().chain(more).copied().collect::<Vec<_>>();
    let none = super::quanlian(&new(&[]));
    assert_eq!(code(&none), 2);
    assert!(
        stderr(&none).contains("QUANLIAN_KEY_PASSPHRASE_FILE"),
        "{}",
        stderr(&none)
    );
    assert_eq!(code(&with_passphrase("short", &new(&[]))), 2);
    assert!(!path.try_exists().unwrap());

    let report = json(&with_passphrase(PASSPHRASE, &new(&["--sm2"])), 0);
    assert_eq!(report["sealed"], true);
    assert_eq!(report["keys"][0]["algorithm"], "ed25519");
    assert_eq!(report["keys"][1]["algorithm"], "sm2-sm3");
    assert!(!fs::read_to_string(&path).unwrap().contains("PRIVATE"));
    assert_eq!(
        json(&super::quanlian(&["key", "show", text(&path), "--json"]), 0),
        report
    );
    // Never replaced.
    let before = fs::read(&path).unwrap();
    assert_eq!(code(&with_passphrase(PASSPHRASE, &new(&["--plain"]))), 2);
    assert_eq!(fs::read(&path).unwrap(), before);

    // Sealed anew under another passphrase; the old one opens it no more.
    let second = folder.path().join("second");
    fs::write(&second, "another long phrase\n").unwrap();
    let arguments = [
        "key",
        "seal",
        text(&path),
        "--new-passphrase",
        text(&second),
        "--json",
    ];
    let too_open = with_passphrase(PASSPHRASE, &arguments);
    assert_eq!(code(&too_open), 2, "others may read the passphrase file");
    fs::set_permissions(&second, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        json(&with_passphrase(PASSPHRASE, &arguments), 0)["keys"],
        report["keys"]
    );
    let wrong = with_passphrase(PASSPHRASE, &arguments);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("wrong passphrase"), "{}", stderr(&wrong));
}

#[test]
fn a_log_goes_on_under_a_new_key_and_old_bundles_still_verify() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (before, after) = (folder.path().join("a.qne.zip"), folder.path().join("b.qne.zip"));
    deposit(&data, "first", Some(&before));
    let old = fs::read_to_string(data.join("log.vkey")).unwrap();
    let key = data.join("log.key");
    json(
        &with_passphrase(PASSPHRASE, &["key", "seal", text(&key), "--json"]),
        0,
    );

    let wrong = with_passphrase("wrong horse battery", &["key", "rotate", "--data", text(&data)]);
    assert_eq!(code(&wrong), 2);
    let report = json(
        &with_passphrase(PASSPHRASE, &["key", "rotate", "--data", text(&data), "--json"]),
        0,
    );
    // Behind the deposit and the seal of the bundle.
    assert_eq!(report["index"], 2);
    assert_eq!(report["old"]["public"], old.trim_end());
    let new = fs::read_to_string(data.join("log.vkey")).unwrap();
    assert_eq!(report["new"]["public"], new.trim_end());
    assert!(
        report["policy"].as_str().unwrap().contains(" from 3\n"),
        "{report}"
    );
    let shown = json(&super::quanlian(&["key", "show", text(&key), "--json"]), 0);
    assert_eq!(
        (shown["sealed"].clone(), shown["keys"].as_array().unwrap().len()),
        (true.into(), 2)
    );
    let entry = fs::read(data.join("log/public/tile/entries/000.p/3")).unwrap();
    assert!(String::from_utf8_lossy(&entry).contains("quanlian-key-rotation v1\n"));
    for left in ["log.key.next", "log.rotation"] {
        assert!(!data.join(left).try_exists().unwrap(), "{left}");
    }

    deposit(&data, "second", None);
    let finish = ["key", "rotate", "--data", text(&data), "--finish", "--json"];
    json(&with_passphrase(PASSPHRASE, &finish), 0);
    let shown = json(&super::quanlian(&["key", "show", text(&key), "--json"]), 0);
    assert_eq!(shown["keys"].as_array().unwrap().len(), 1);

    // The next bundle stands under the new key, and the old one is what it was.
    deposit(&data, "third", Some(&after));
    let verify = |bundle: &Path, key: &str| {
        let policy = folder.path().join("policy");
        fs::write(&policy, key).unwrap();
        code(&super::quanlian(&[
            "verify",
            text(bundle),
            "--policy",
            text(&policy),
        ]))
    };
    assert_eq!((verify(&before, &old), verify(&after, &new)), (0, 0));
    assert_eq!(verify(&before, &new), 1);
}

#[test]
fn a_rotation_that_was_interrupted_anywhere_goes_on_and_announces_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    deposit(&data, "first", None);
    let copy = folder.path().join("copy");
    copy_tree(&data, &copy);
    let rotate = |data: &Path| {
        json(
            &super::quanlian(&["key", "rotate", "--data", text(data), "--json"]),
            0,
        )
    };
    let report = rotate(&data);
    // After the first step: the new key is there, nothing else.
    let entry = fs::read(data.join("log/public/tile/entries/000.p/2")).unwrap();
    let first = fs::read(copy.join("log.key")).unwrap();
    let next = fs::read_to_string(data.join("log.key"))
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned()
        + "\n";
    write_private(&copy.join("log.key.next"), next.as_bytes());
    assert_eq!(rotate(&copy)["new"], report["new"]);
    // After the third step: the entry is in the log, the key file is the old one.
    write_private(&copy.join("log.key.next"), next.as_bytes());
    let mark = b"quanlian-key-rotation v1";
    let at = entry
        .windows(mark.len())
        .position(|window| window == mark)
        .unwrap();
    fs::write(copy.join("log.rotation"), &entry[at..]).unwrap();
    write_private(&copy.join("log.key"), &first);
    let again = rotate(&copy);
    assert_eq!(
        (again["index"].clone(), again["new"].clone()),
        (1.into(), report["new"].clone())
    );
    assert!(copy.join("log/public/tile/entries/000.p/2").try_exists().unwrap());
    assert!(
        !copy.join("log/public/tile/entries/000.p/3").try_exists().unwrap(),
        "announced once"
    );
    // After the fourth step: only the clean-up is left.
    write_private(&copy.join("log.key.next"), next.as_bytes());
    json(
        &super::quanlian(&["key", "rotate", "--data", text(&copy), "--json"]),
        0,
    );
    assert!(!copy.join("log.key.next").try_exists().unwrap());
    deposit(&copy, "second", None);
}

fn write_private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Copies a tree of folders, files and their modes.
pub(super) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
