//! The interested platform: other parties watch the log, so that it cannot tell two stories.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{code, json, keys::copy_tree, quanlian, stderr, text};
use crate::service::Service;

/// A witness as a process of its own.
struct Witness {
    _service: Service,
    address: String,
    key: String,
}

impl Witness {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut service = Service::start(&["log", "witness", "--data", text(folder), "--listen", listen]);
        let (key, address) = (service.last_word(), service.last_word());
        Self {
            _service: service,
            address,
            key,
        }
    }
}

fn deposit(data: &Path, content: &str) {
    let file = data.with_extension("txt");
    fs::write(&file, content).unwrap();
    json(
        &quanlian(&["deposit", text(&file), "--data", text(data), "--json"]),
        0,
    );
}

/// Folders of two witnesses that know the log of `data`.
fn witnesses(folder: &Path, data: &Path) -> [PathBuf; 2] {
    let log = fs::read_to_string(data.join("log.vkey")).unwrap();
    ["notary", "court"].map(|name| {
        let place = folder.join(name);
        fs::create_dir(&place).unwrap();
        fs::write(place.join("logs.policy"), format!("log {log}quorum none\n")).unwrap();
        let key = place.join("witness.key");
        let name = format!("{name}.example/w1");
        json(
            &quanlian(&[
                "key",
                "new",
                "--witness",
                "--plain",
                "--name",
                &name,
                "--out",
                text(&key),
                "--json",
            ]),
            0,
        );
        place
    })
}

/// A log with one entry, the folders of its two witnesses, and these running.
fn watched_log(folder: &Path) -> (PathBuf, [PathBuf; 2], [Witness; 2]) {
    let data = folder.join("data");
    deposit(&data, "first");
    let places = witnesses(folder, &data);
    let running = places
        .each_ref()
        .map(|place| Witness::start(place, "127.0.0.1:0"));
    (data, places, running)
}

fn cosign(data: &Path, policy: &Path, wanted: i32) -> Value {
    let arguments = [
        "log",
        "cosign",
        "--data",
        text(data),
        "--policy",
        text(policy),
        "--timeout-s",
        "5",
        "--json",
    ];
    json(&quanlian(&arguments), wanted)
}

#[test]
fn two_witnesses_follow_the_log_through_kills_and_notice_when_it_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, [notary, _], [first, second]) = watched_log(folder.path());
    let (first_address, second_address) = (first.address.clone(), second.address.clone());
    let policy = folder.path().join("witnesses.policy");
    let log = fs::read_to_string(data.join("log.vkey")).unwrap();
    let text_of = |group: &str| {
        format!(
            "log {log}witness notary {} {first_address}\nwitness court {} {second_address}\n\
             group both {group} notary court\nquorum both\n",
            first.key, second.key
        )
    };
    fs::write(&policy, text_of("all")).unwrap();

    let report = cosign(&data, &policy, 0);
    assert_eq!(
        (report["size"].as_u64(), report["quorum_reached"].as_bool()),
        (Some(1), Some(true))
    );
    assert_eq!(report["log"], "signed");
    let kept = fs::read_to_string(data.join("log.cosigned")).unwrap();
    assert!(kept.contains("\n— notary.example/w1 ") && kept.contains("\n— court.example/w1 "));

    // The log grows and is put back afterwards, as from a backup.
    let backup = folder.path().join("backup");
    copy_tree(&data, &backup);
    deposit(&data, "second");
    assert_eq!(cosign(&data, &policy, 0)["size"], 2);
    // A killed witness goes on from what it kept; in the meantime the quorum is missed and the old note stays.
    let any = text_of("any");
    drop(first);
    deposit(&data, "third");
    let missed = cosign(&data, &policy, 1);
    assert_eq!(missed["witnesses"][0]["answer"], "witness_not_reached");
    assert_eq!(
        (missed["quorum_reached"].clone(), missed.get("kept")),
        (false.into(), None)
    );
    let first = Witness::start(&notary, first_address.strip_prefix("http://").unwrap());
    assert_eq!(cosign(&data, &policy, 0)["size"], 3);

    let put_back = cosign(&backup, &policy, 1);
    for witness in put_back["witnesses"].as_array().unwrap() {
        assert_eq!(witness["answer"], "witness_ahead");
        assert_eq!(witness["alarm"], true);
    }
    // The backup goes on with another history: of the same size, and larger.
    deposit(&backup, "another second");
    deposit(&backup, "another third");
    assert_eq!(
        cosign(&backup, &policy, 1)["witnesses"][1]["answer"],
        "witness_fork"
    );
    deposit(&backup, "another fourth");
    let forked = cosign(&backup, &policy, 1);
    assert_eq!(forked["witnesses"][0]["answer"], "witness_refused", "{forked}");
    assert!(forked["witnesses"][0]["detail"].as_str().unwrap().contains("422"));
    fs::write(&policy, any).unwrap();
    drop(second);
    assert_eq!(
        cosign(&data, &policy, 0)["witnesses"][1]["state"],
        "cosigned",
        "the line of last time is kept"
    );
    drop(first);
}

#[test]
fn a_witness_that_cannot_begin_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    deposit(&data, "first");
    let [notary, _] = witnesses(folder.path(), &data);
    let start = |place: &Path, listen: &str| {
        let output = quanlian(&["log", "witness", "--data", text(place), "--listen", listen]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        stderr(&output)
    };
    assert!(start(folder.path(), "127.0.0.1:0").contains("key new --witness"));
    assert!(start(&notary, "192.0.2.1:80").contains("192.0.2.1:80"));
    fs::write(notary.join("logs.policy"), "quorum none\n").unwrap();
    assert!(start(&notary, "127.0.0.1:0").contains("no log"));
    fs::write(notary.join("logs.policy"), "log x\n").unwrap();
    assert!(start(&notary, "127.0.0.1:0").contains("line 1"));
    // The key of a log is no key of a witness.
    fs::copy(data.join("log.key"), notary.join("witness.key")).unwrap();
    assert!(start(&notary, "127.0.0.1:0").contains("keys of a witness"));
}

#[test]
fn a_bundle_brings_the_word_of_witnesses_and_of_a_time_stamp_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _, [first, second]) = watched_log(folder.path());
    let log = fs::read_to_string(data.join("log.vkey")).unwrap();
    let policy = folder.path().join("witnesses.policy");
    let rules = format!(
        "log {log}witness notary {} {}\nwitness court {} {}\ngroup both all notary court\nquorum both\n",
        first.key, first.address, second.key, second.address
    );
    fs::write(&policy, rules).unwrap();
    let file = folder.path().join("song.txt");
    fs::write(&file, "content").unwrap();
    let (bundle, tsa) = (folder.path().join("case.qne.zip"), folder.path().join("tsa"));
    let mut arguments = vec!["deposit", text(&file), "--data", text(&data)];
    arguments.extend(["--bundle", text(&bundle), "--json"]);
    arguments.extend(["--witness-policy", text(&policy), "--demo-tsa", text(&tsa)]);
    json(&quanlian(&arguments), 0);

    let root = tsa.join("demo-tsa.pem");
    let trusting = ["verify", text(&bundle), "--policy", text(&policy), "--json"];
    let report = json(
        &quanlian(&[&trusting[..], &["--tsa-roots", text(&root)]].concat()),
        0,
    );
    let answer = |at: usize| {
        (
            report["lines"][at]["question"].as_str().unwrap(),
            report["lines"][at]["answer"].as_str().unwrap(),
        )
    };
    assert_eq!(answer(4), ("log_key", "ok"));
    assert_eq!(answer(5), ("witnesses", "ok"));
    // Nobody asked whether the authority's certificate was revoked: the line stays honest.
    assert_eq!(answer(6), ("time", "partly"));
    let time = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["code"] == "time");
    assert_eq!(time.unwrap()["state"], "ok", "{report}");

    // Without a witness that the policy needs there is no bundle, and the deposit stands.
    drop(second);
    let again = folder.path().join("again.qne.zip");
    arguments[5] = text(&again);
    arguments.extend(["--timeout-s", "5"]);
    let refused = quanlian(&arguments);
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("quorum"), "{}", stderr(&refused));
    assert!(!again.try_exists().unwrap());
}
