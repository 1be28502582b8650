//! An item changes hands, and is erased when the person asks: as people do it, in one data folder.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{code, json, quanlian, stderr, text};

/// A data folder with one deposit, and the keys of two people.
struct Folder {
    root: tempfile::TempDir,
    id: String,
    log_index: u64,
}

const CONTENT: &[u8] = b"NEEDLE-content: the diary of a person, which nobody else may read";
const NAME: &str = "NEEDLE-diary-of-Zhang.txt";
const DEPOSITOR: &str = "NEEDLE-Zhang-Wei";

impl Folder {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let file = root.path().join(NAME);
        fs::write(&file, CONTENT).expect("a file");
        let data = root.path().join("data");
        let bundle = root.path().join("old.qne.zip");
        let report = json(
            &quanlian(&[
                "deposit",
                text(&file),
                "--data",
                text(&data),
                "--depositor",
                DEPOSITOR,
                "--bundle",
                text(&bundle),
                "--json",
            ]),
            0,
        );
        let deposit = &report["deposits"][0];
        let folder = Self {
            id: deposit["deposit"].as_str().expect("an id").to_owned(),
            log_index: deposit["index"].as_u64().expect("an index"),
            root,
        };
        for name in ["wang", "li"] {
            let key = folder.path(&format!("{name}.key"));
            let name = format!("{name}.example/1");
            json(
                &quanlian(&["custody", "key", "--name", &name, "--out", text(&key), "--json"]),
                0,
            );
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs a command on the deposit in the data folder.
    fn run(&self, command: &[&str], more: &[&str]) -> std::process::Output {
        let data = self.path("data");
        quanlian(&[command, &[&self.id, "--data", text(&data)], more].concat())
    }

    fn custody(&self, command: &str, more: &[&str]) -> Value {
        json(&self.run(&["custody", command], &[more, &["--json"]].concat()), 0)
    }

    fn collect(&self) {
        let key = self.path("wang.key");
        let more = [
            "--act",
            "collect",
            "--by",
            "Wang",
            "--reason",
            "case 17",
            "--key",
            text(&key),
        ];
        assert_eq!(self.custody("add", &more)["state"], "done");
    }
}

#[test]
fn a_hand_over_is_done_when_both_sides_have_signed() {
    let folder = Folder::new();
    folder.collect();
    let (wang, li) = (folder.path("wang.key"), folder.path("li.key"));
    let more = [
        "--act",
        "hand-over",
        "--by",
        "Wang",
        "--to",
        "Dr. Li",
        "--reason",
        "examination",
        "--key",
        text(&wang),
        "--clock-offset-ms",
        "-250",
        "--clock-against",
        "the clock of the station",
    ];
    let half = folder.custody("add", &more);
    assert_eq!(
        (&half["state"], &half["missing"][0]),
        (&"one_sided_waiting".into(), &"Dr. Li".into())
    );
    let shown = folder.custody("show", &[]);
    assert_eq!(shown["waiting"]["state"], "one_sided_waiting");
    assert_eq!(shown["standing"]["holder"], "Wang");
    let slip = folder.path("slip.pdf");
    let export = [
        "--as",
        "hand-over",
        "--out",
        text(&slip),
        "--paper-language",
        "en",
    ];
    let said = folder.run(&["custody", "export"], &export);
    if code(&said) == 0 {
        assert!(fs::read(&slip).expect("a paper").starts_with(b"%PDF"));
    } else {
        // Only fonts may be missing; anything else is a failure.
        let why = stderr(&said);
        assert!(why.contains("font"), "{why}");
        let _ = writeln!(std::io::stderr(), "SKIPPED: the paper, {}", why.trim());
    }

    let done = folder.custody("sign", &["--as", "Dr. Li", "--key", text(&li)]);
    assert_eq!(done["state"], "done");
    let checked = folder.custody("check", &[]);
    assert_eq!(
        (&checked["ok"], &checked["standing"]["holder"]),
        (&true.into(), &"Dr. Li".into())
    );
    assert_eq!(checked["lines"].as_array().map(Vec::len), Some(5));
    let clock = &checked["lines"][4]["record"]["machine"]["clock"];
    assert_eq!(
        (&clock["state"], &clock["offset_us"]),
        (&"stated".into(), &(-250_000).into())
    );
    // Wang has it no more.
    let again = folder.run(
        &["custody", "add"],
        &[
            "--act",
            "hand-over",
            "--by",
            "Wang",
            "--to",
            "Wu",
            "--reason",
            "x",
            "--key",
            text(&wang),
        ],
    );
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("hold"), "{}", stderr(&again));
    let opened = folder.run(
        &["custody", "add"],
        &["--act", "open", "--by", "Dr. Li", "--reason", "x"],
    );
    assert_eq!(code(&opened), 2);

    let case = folder.path("custody.jsonld");
    folder.custody("export", &["--as", "case", "--out", text(&case)]);
    let document: Value = serde_json::from_slice(&fs::read(&case).expect("a file")).expect("JSON");
    assert!(document["@graph"].as_array().is_some_and(|graph| graph.len() > 8));
}

/// Wang seals, hands over to Dr. Li, who opens; then the bundle, judged by the program and by its ten commands.
#[test]
fn a_bundle_of_an_item_that_changed_hands_shows_every_act() {
    let folder = Folder::new();
    folder.collect();
    let (wang, li, data) = (
        folder.path("wang.key"),
        folder.path("li.key"),
        folder.path("data"),
    );
    let out = folder.path("case.qne.zip");
    let act = |words: &[&str], key: &Path| {
        let more = [words, &["--reason", "case 17", "--key", text(key)]].concat();
        folder.custody("add", &more)["state"].clone()
    };
    assert_eq!(act(&["--act", "seal", "--by", "Wang"], &wang), "done");
    let hand_over = ["--act", "hand-over", "--by", "Wang", "--to", "Dr. Li"];
    assert_eq!(act(&hand_over, &wang), "one_sided_waiting");

    // While one side is missing there is no bundle, and both states are said.
    let refused = folder.run(
        &["bundle"],
        &["--out", text(&out), "--original", text(&folder.path(NAME))],
    );
    assert_eq!(code(&refused), 2);
    let said = stderr(&refused);
    assert!(said.contains("signed by Wang, not by Dr. Li"), "{said}");
    folder.custody("sign", &["--as", "Dr. Li", "--key", text(&li)]);
    assert_eq!(act(&["--act", "open", "--by", "Dr. Li"], &li), "done");

    let bundle =
        |more: &[&str]| quanlian(&[&["bundle", "--data", text(&data), "--out", text(&out)], more].concat());
    let refused = |more: &[&str], why: &str| {
        let answer = bundle(more);
        assert_eq!(code(&answer), 2, "{}", stderr(&answer));
        assert!(stderr(&answer).contains(why), "{}", stderr(&answer));
        assert!(fs::metadata(&out).is_err());
    };
    refused(&[&folder.id], "--digests-only");
    refused(&["0193e1af-93b4-7707-8707-070707070707"], "there is no deposit");
    refused(&[], "required");
    let nowhere = quanlian(&[
        "bundle",
        "--all",
        "--data",
        text(&folder.path("nowhere")),
        "--out",
        text(&out),
    ]);
    assert_eq!(code(&nowhere), 2);
    assert!(
        stderr(&nowhere).contains("is no data folder"),
        "{}",
        stderr(&nowhere)
    );

    let original = folder.path(NAME);
    let report = json(
        &bundle(&[
            &folder.id,
            "--original",
            text(&original),
            "--by",
            "Dr. Li",
            "--json",
        ]),
        0,
    );
    assert_eq!(report["items"][0]["acts"], 4);
    let again = bundle(&["--all", "--digests-only"]);
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("is there already"), "{}", stderr(&again));

    // Whoever does not know the two keys learns that they fit and no more.
    let answer_of = |report: &Value, question: &str| {
        let lines = report["lines"].as_array().expect("lines");
        let line = lines.iter().find(|line| line["question"] == question);
        line.expect("a line")["answer"].clone()
    };
    let verified = json(&quanlian(&["verify", text(&out), "--json"]), 0);
    assert_eq!(
        (answer_of(&verified, "custody"), answer_of(&verified, "file")),
        ("partly".into(), "ok".into())
    );
    let people = folder.path("people.vkeys");
    let keys: Vec<String> = [&wang, &li]
        .iter()
        .map(|key| {
            let shown = json(&quanlian(&["key", "show", text(key), "--json"]), 0);
            shown["keys"][0]["public"].as_str().expect("a key").to_owned()
        })
        .collect();
    fs::write(&people, keys.join("\n")).expect("a file");
    let verified = json(
        &quanlian(&["verify", text(&out), "--trust", text(&people), "--json"]),
        0,
    );
    assert_eq!(answer_of(&verified, "custody"), "ok");
    if ["unzip", "xxd", "openssl"]
        .iter()
        .all(|tool| crate::has_tool(tool))
    {
        let commands = "unzip -p \"$1\" verify.sh >verify.sh && exec sh verify.sh \"$1\"";
        let said = std::process::Command::new("sh")
            .args(["-c", commands, "sh", text(&out)])
            .current_dir(folder.root.path())
            .output()
            .expect("a shell");
        let told = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success(), "{told} {}", stderr(&said));
        assert!(
            told.contains("custody line 6 handed_over: receiver Dr. Li signed with this key"),
            "{told}"
        );
    }

    // The whole case, after the person asked for erasure.
    let erased = folder.run(
        &["erase"],
        &["--by", "officer 0231", "--reason", "the person asked for it"],
    );
    assert_eq!(code(&erased), 0, "{}", stderr(&erased));
    let rest = folder.path("rest.qne.zip");
    let report = json(
        &quanlian(&[
            "bundle",
            "--all",
            "--data",
            text(&data),
            "--out",
            text(&rest),
            "--json",
        ]),
        0,
    );
    assert_eq!(report["items"][0]["state"], "erased");
    let verified = json(&quanlian(&["verify", text(&rest), "--json"]), 0);
    assert_eq!(answer_of(&verified, "file"), "erased");
}

/// A disk that is full while the bundle is written leaves no half of it.
#[test]
fn a_full_disk_is_named_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let small = folder.path("small");
    fs::create_dir(&small).expect("a folder");
    let mount = |arguments: &[&str]| {
        std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .output()
            .is_ok_and(|done| done.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", text(&small)]) {
        let _ = writeln!(std::io::stderr(), "skipped: a full disk (needs root and tmpfs)");
        return;
    }
    let out = small.join("case.qne.zip");
    let answer = folder.run(&["bundle"], &["--digests-only", "--out", text(&out)]);
    let left: Vec<_> = fs::read_dir(&small).expect("a folder").collect();
    assert!(mount(&["umount", text(&small)]));
    assert_eq!(code(&answer), 3);
    assert!(
        stderr(&answer).contains("bytes and the disk of"),
        "{}",
        stderr(&answer)
    );
    assert!(left.is_empty(), "{left:?}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}

/// All that the files of a folder hold, and their names.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        bytes.extend(path.to_string_lossy().as_bytes());
        if path.is_dir() {
            bytes.extend(all_bytes(&path));
        } else {
            bytes.extend(fs::read(&path).expect("a file"));
        }
    }
    bytes
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 of `bytes` where they begin `offset` bytes after a multiple of three, without what neighbours share.
fn base64(bytes: &[u8], offset: usize) -> Vec<u8> {
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let skip = [0, 4, 2][offset];
    let six = bits[skip..].chunks_exact(6);
    six.map(|six| BASE64[six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit))])
        .collect()
}

fn forms(needle: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> Vec<u8> {
        let digits = if upper {
            b"0123456789ABCDEF"
        } else {
            b"0123456789abcdef"
        };
        needle
            .iter()
            .flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
            .collect()
    };
    let mut forms = vec![needle.to_vec(), hex(false), hex(true)];
    forms.extend((0..3).map(|offset| base64(needle, offset)));
    if let Ok(text) = std::str::from_utf8(needle) {
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    forms
}

fn found(haystack: &[u8], needle: &[u8]) -> bool {
    forms(needle).iter().any(|form| {
        haystack
            .windows(form.len())
            .any(|window| window == form.as_slice())
    })
}

#[test]
fn after_an_erasure_nothing_of_the_deposit_is_found_and_its_proof_verifies() {
    let folder = Folder::new();
    folder.collect();
    let data = folder.path("data");
    let receipt = data.join("receipts").join(format!("{}.json", folder.id));
    let receipt: Value = serde_json::from_slice(&fs::read(receipt).expect("a receipt")).expect("JSON");
    let salt_hex = receipt["salt"].as_str().expect("a salt").to_owned();
    let deposit: Value =
        serde_json::from_str(receipt["deposit_json"].as_str().expect("a record")).expect("JSON");
    let salt: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&salt_hex[at..at + 2], 16).expect("hex"))
        .collect();
    let sha256 = deposit["content"]["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let needles: Vec<Vec<u8>> = vec![
        CONTENT.to_vec(),
        CONTENT[20..50].to_vec(),
        NAME.into(),
        DEPOSITOR.into(),
        salt,
        salt_hex.into_bytes(),
        // An object's name is its digest, two signs of it in the name of the folder.
        sha256[2..].into(),
        deposit["content"]["sm3"].as_str().expect("a digest").into(),
    ];
    // The original is kept as `trace` keeps it.
    let object = data.join("objects/sha256").join(&sha256[..2]);
    fs::create_dir_all(&object).expect("a folder");
    fs::write(object.join(&sha256[2..]), CONTENT).expect("an object");
    let backup = folder.path("backup");
    copy(&data, &backup);
    let before = all_bytes(&data);
    for needle in &needles {
        assert!(
            found(&before, needle),
            "the search is blind: {}",
            String::from_utf8_lossy(needle)
        );
    }

    let order = [
        "--by",
        "officer 0231",
        "--reason",
        "the person asked for it",
        "--json",
    ];
    let hold: Value = json(
        &folder.run(
            &["hold", "add"],
            &["--by", "Court 2", "--reason", "case 17", "--json"],
        ),
        0,
    );
    let held = folder.run(&["erase"], &order);
    assert_eq!(code(&held), 2);
    assert!(stderr(&held).contains("legal hold"), "{}", stderr(&held));
    let id = hold["hold"].as_str().expect("an id");
    let lift = [
        "hold",
        "remove",
        id,
        "--data",
        text(&data),
        "--by",
        "Court 2",
        "--reason",
        "over",
        "--json",
    ];
    assert_eq!(json(&quanlian(&lift), 0)["state"], "lifted");

    // A wrong folder stops the order before anything is erased.
    let wrong = folder.run(
        &["erase"],
        &[&order[..], &["--backup", text(folder.root.path())]].concat(),
    );
    assert_eq!(code(&wrong), 2);
    assert_eq!(code(&folder.run(&["custody", "show"], &[])), 0);

    let more = [&order[..], &["--backup", text(&backup)]].concat();
    let report = json(&folder.run(&["erase"], &more), 0);
    assert_eq!(report["tombstone"]["deposit_index"], folder.log_index);
    assert_eq!(report["backups"][0]["held_it"], true);
    for place in [&data, &backup] {
        let after = all_bytes(place);
        for needle in &needles {
            assert!(
                !found(&after, needle),
                "{}: {}",
                place.display(),
                String::from_utf8_lossy(needle)
            );
        }
    }
    // What was given out goes on to verify, and the deposit itself is gone for every command.
    let key = data.join("log.vkey");
    let bundle = folder.path("old.qne.zip");
    let verified = json(
        &quanlian(&["verify", text(&bundle), "--policy", text(&key), "--json"]),
        0,
    );
    assert_eq!(verified["ok"], true);
    let gone = folder.run(&["custody", "show"], &[]);
    assert_eq!(code(&gone), 2);
    assert!(stderr(&gone).contains("erased"), "{}", stderr(&gone));
    // Again, for a backup that turned up later.
    let report = json(&folder.run(&["erase"], &more), 0);
    assert_eq!(
        (&report["was_erased_before"], &report["backups"][0]["held_it"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn a_folder_that_is_none_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let nowhere = root.path().join("nowhere");
    let id = "018cc251-f400-7fff-bfff-ffffffffffff";
    for command in [
        &["custody", "show"][..],
        &["custody", "check"],
        &["custody", "withdraw"],
    ] {
        let output = quanlian(&[command, &[id, "--data", text(&nowhere)]].concat());
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("nowhere"), "{}", stderr(&output));
        assert!(
            !nowhere.try_exists().expect("a look"),
            "a command that reads makes no folder"
        );
    }
}
