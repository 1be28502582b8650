//! Trusted time from the command line, without a network.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use super::{code, json, quanlian, stderr, text};

/// The state of one line of the first time-stamp.
fn state<'a>(report: &'a Value, line: &str) -> &'a str {
    let checks = report["stamps"][0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["code"] == line).unwrap();
    check["state"].as_str().unwrap()
}

fn timestamp(arguments: &[&str], wanted: i32) -> Value {
    json(
        &quanlian(&[&["timestamp"], arguments, &["--json"]].concat()),
        wanted,
    )
}

/// A note in `folder`, stamped by a demonstration authority.
fn stamped(folder: &Path) -> [String; 4] {
    let note = folder.join("note");
    fs::write(&note, "a checkpoint\n").unwrap();
    let paths = [
        &note,
        &folder.join("tsa"),
        &folder.join("demo"),
        &folder.join("demo/demo-tsa.pem"),
    ];
    let [note, tsa, demo, roots] = paths.map(|path| text(path).to_owned());
    let report = timestamp(&["stamp", &note, "--out", &tsa, "--demo", &demo], 0);
    assert_eq!(state(&report, "time_signature"), "held");
    // Its own authority is not trusted for being ours.
    assert_eq!(state(&report, "time_trusted"), "not_checked");
    [note, tsa, demo, roots]
}

#[test]
fn a_note_is_stamped_verified_and_renewed() {
    let dir = tempfile::tempdir().unwrap();
    let [note, tsa, demo, roots] = stamped(dir.path());
    timestamp(&["verify", &tsa, "--over", &note], 1);
    let good = timestamp(&["verify", &tsa, "--over", &note, "--roots", &roots], 0);
    assert!(good["existed_by"].is_string(), "{good}");
    let later = [
        "verify",
        &tsa,
        "--over",
        &note,
        "--roots",
        &roots,
        "--at",
        "2099-01-01T00:00:00Z",
    ];
    assert_eq!(state(&timestamp(&later, 1), "time_current"), "failed");
    timestamp(&[&later[..], &["--accept-ended"]].concat(), 0);
    let other = dir.path().join("other");
    fs::write(&other, "another\n").unwrap();
    let bad = timestamp(&["verify", &tsa, "--over", text(&other), "--roots", &roots], 1);
    assert_eq!(state(&bad, "time_imprint"), "failed");

    let (first, second) = (dir.path().join("records"), dir.path().join("newer"));
    let token = format!("{tsa}/01.tsr");
    let renew = ["renew", &token, "--out", text(&first), "--demo", &demo];
    let renewed = timestamp(&renew, 0);
    assert_eq!(renewed["stamps"], 2);
    let record = renewed["records"][0].as_str().unwrap().to_owned();
    let newer = [
        "renew",
        &record,
        "--over",
        &note,
        "--hash",
        "sha512",
        "--out",
        text(&second),
        "--demo",
        &demo,
    ];
    let record = timestamp(&newer, 0)["records"][0].as_str().unwrap().to_owned();
    let good = timestamp(&["verify", &record, "--over", &note, "--roots", &roots], 0);
    assert_eq!(good["stamps"].as_array().unwrap().len(), 3);
    timestamp(&["verify", &record, "--over", text(&other), "--roots", &roots], 1);
    // Nothing is overwritten.
    let again = quanlian(&[&["timestamp"], &renew[..]].concat());
    assert_eq!(code(&again), 2, "{}", stderr(&again));
}

#[test]
fn an_authority_that_is_gone_is_named_and_the_other_still_counts() {
    let dir = tempfile::tempdir().unwrap();
    let [note, _, demo, roots] = stamped(dir.path());
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    for (need, wanted) in [("1", 0), ("2", 1)] {
        let out = dir.path().join(need);
        let who = ["--tsa", &gone, "--demo", &demo, "--roots", &roots, "--need", need];
        let report = timestamp(
            &[&["stamp", &note, "--out", text(&out)], &who[..]].concat(),
            wanted,
        );
        assert_eq!(
            report["stamps"][0]["circumstances"]["error"][0], "tsa_unreachable",
            "{report}"
        );
        assert!(out.join("01.tsq").is_file() && out.join("02.tsr").is_file());
    }
}

#[test]
fn requests_are_answered_from_file_to_file() {
    let dir = tempfile::tempdir().unwrap();
    let [note, _, demo, roots] = stamped(dir.path());
    let (query, reply) = (dir.path().join("q.tsq"), dir.path().join("r.tsr"));
    timestamp(&["request", &note, "--out", text(&query), "--hash", "sm3"], 0);
    let answer = [
        "demo-tsa",
        "--data",
        &demo,
        "--answer",
        text(&query),
        "--out",
        text(&reply),
    ];
    assert_eq!(timestamp(&answer, 0)["demo"], true);
    let verify = [
        "verify",
        text(&reply),
        "--over",
        &note,
        "--request",
        text(&query),
        "--roots",
        &roots,
    ];
    assert_eq!(state(&timestamp(&verify, 0), "time_nonce"), "held");
    for bad in [
        &["timestamp", "stamp", &note, "--out", text(&query)][..],
        &["timestamp", "stamp", "absent", "--out", "x", "--demo", &demo],
        &["timestamp", "verify", text(&query), "--policy", "one"],
        &["timestamp", "verify", text(&query), "--roots", &note],
        &["timestamp", "renew", &note, "--out", "x", "--demo", &demo],
    ] {
        assert_eq!(code(&quanlian(bad)), 2, "{bad:?}");
    }
}
