//! Attacks on a bundle: every byte, with and without rewriting what protects it.

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Cursor, thread};

use quanlian_evidence::{
    container::{Entry, Reader, Writer},
    verify::{Policy, State, verify_bundle, verify_stream},
};
use sha2::{Digest as _, Sha256};
use sm3::Sm3;

use crate::{
    shell,
    support::{Bench, read, sample},
};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The manifests of the payload, and those of everything else.
pub(crate) const MANIFESTS: [&str; 4] = [
    "manifest-sha256.txt",
    "manifest-sm3.txt",
    "tagmanifest-sha256.txt",
    "tagmanifest-sm3.txt",
];

pub(crate) fn unpack(bundle: &[u8]) -> Files {
    let mut reader = Reader::new(Cursor::new(bundle)).unwrap();
    let names: Vec<String> = reader.entries().map(|entry| entry.name.clone()).collect();
    names
        .into_iter()
        .map(|name| (name.clone(), reader.read(&name, 1 << 30).unwrap()))
        .collect()
}

/// The container again, with right checksums.
pub(crate) fn pack(files: &Files) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, content) in files {
        let crc32 = crc32fast::hash(content);
        let entry = Entry {
            name: name.clone(),
            size_bytes: content.len() as u32,
            crc32,
        };
        writer.add(&entry, content.as_slice()).unwrap();
    }
    writer.finish().unwrap()
}

/// A bundle that version 0.1 wrote in format 1, to the byte.
pub(crate) fn bundle_of_version_1() -> Vec<u8> {
    let files: BTreeMap<String, String> =
        serde_json::from_str(include_str!("../data/bundle-v1.json")).unwrap();
    let files: Files = files
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    let bundle = pack(&files);
    let known = "8efa2bb307d1413aa3375c50a356e8503013a547daa9ca9b4bb758087c0af14c";
    assert_eq!(hex::encode(Sha256::digest(&bundle)), known);
    bundle
}

/// The manifests again, as a careful attacker would write them.
pub(crate) fn rewrite_manifests(files: &mut Files) {
    for is_payload in [true, false] {
        let (mut sha256, mut sm3) = (String::new(), String::new());
        let names = if is_payload {
            &MANIFESTS[..2]
        } else {
            &MANIFESTS[2..]
        };
        for (name, content) in files
            .iter()
            .filter(|(name, _)| name.starts_with("data/") == is_payload && !names.contains(&name.as_str()))
            .filter(|(name, _)| is_payload || !MANIFESTS[2..].contains(&name.as_str()))
        {
            writeln!(sha256, "{}  {name}", hex::encode(Sha256::digest(content))).unwrap();
            writeln!(sm3, "{}  {name}", hex::encode(Sm3::digest(content))).unwrap();
        }
        files.insert(names[0].to_owned(), sha256.into_bytes());
        files.insert(names[1].to_owned(), sm3.into_bytes());
    }
}

/// For each byte of the file, whether it is content of one of the instructions.
fn texts_of(bundle: &[u8]) -> Vec<bool> {
    let mut is_text = vec![false; bundle.len()];
    for (name, content) in unpack(bundle) {
        if ["verify.sh", "VERIFY.txt", "核验说明.html", "verifier.html"].contains(&name.as_str()) {
            let at = bundle
                .windows(content.len())
                .position(|window| window == content)
                .unwrap();
            is_text[at..at + content.len()].fill(true);
        }
    }
    is_text
}

fn is_accepted(bundle: &[u8]) -> bool {
    verify_stream(Cursor::new(bundle), &Policy::default()).ok
}

/// Runs `check` on each item, on two threads.
pub(crate) fn on_two_threads<T: Sync>(items: &[T], check: impl Fn(&T) + Sync) {
    let (left, right) = items.split_at(items.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| left.iter().for_each(&check));
        right.iter().for_each(&check);
    });
}

/// `QUANLIAN_FLIP_STEP=1` makes the tests of this crate flip every byte, which takes minutes.
pub(crate) fn flip_step() -> Option<usize> {
    let step = std::env::var("QUANLIAN_FLIP_STEP").ok()?;
    Some(step.parse().unwrap())
}

#[test]
fn no_bit_of_the_file_can_be_flipped() {
    let mut bench = Bench::new();
    let bundle = read(&sample(&mut bench).path);
    assert!(is_accepted(&bundle));
    // Every byte of headers, proofs, manifests and originals, or a sample of them; of the long
    // texts for people, which are content like any other, much fewer.
    let is_text = texts_of(&bundle);
    let step = flip_step().unwrap_or(7);
    let positions: Vec<usize> = (0..bundle.len())
        .filter(|at| at % step == 0 && (!is_text[*at] || at % (31 * step) == 0))
        .collect();
    assert!(
        positions.len() > bundle.len() / 100,
        "{} of {}",
        positions.len(),
        bundle.len()
    );
    on_two_threads(&positions, |&at| {
        let mut changed = bundle.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(
            !is_accepted(&changed),
            "bit {} of byte {at} of {}",
            at % 8,
            bundle.len()
        );
    });
    for length in (0..bundle.len()).step_by(997).chain([bundle.len() - 1]) {
        assert!(!is_accepted(&bundle[..length]), "cut to {length} bytes");
    }
    for extra in [b"\0".as_slice(), b"PK\x05\x06"] {
        assert!(!is_accepted(&[&bundle, extra].concat()), "something behind");
        assert!(!is_accepted(&[extra, &bundle].concat()), "something in front");
    }
}

#[test]
fn rewriting_checksums_and_manifests_does_not_hide_a_changed_byte() {
    let mut bench = Bench::new();
    let files = unpack(&read(&sample(&mut bench).path));
    let mut rewritten = files.clone();
    rewrite_manifests(&mut rewritten);
    assert_eq!(rewritten, files, "the attacker's tools are as good as ours");
    let mut positions = Vec::new();
    for (name, content) in &files {
        // A prime step meets all columns of the lines of an item, the seal and the head.
        let is_text = ![
            "proof/0001/",
            "proof/bundle/",
            "proof/checkpoint",
            "proof/log.vkey",
            "data/",
        ]
        .iter()
        .any(|start| name.starts_with(start));
        let step = flip_step().unwrap_or(if is_text { 997 } else { 11 });
        positions.extend((0..content.len()).step_by(step).map(|at| (name.clone(), at)));
    }
    on_two_threads(&positions, |(name, at)| {
        let mut changed = files.clone();
        changed.get_mut(name).unwrap()[*at] ^= 1 << (at % 8);
        if MANIFESTS.contains(&name.as_str()) {
            assert!(!is_accepted(&pack(&changed)), "byte {at} of {name}");
            return;
        }
        rewrite_manifests(&mut changed);
        assert!(!is_accepted(&pack(&changed)), "byte {at} of {name}");
    });
}

#[test]
fn files_cannot_be_added_removed_exchanged_or_renamed() {
    let mut bench = Bench::new();
    let files = unpack(&read(&sample(&mut bench).path));
    let refused = |change: &dyn Fn(&mut Files)| {
        let mut changed = files.clone();
        change(&mut changed);
        rewrite_manifests(&mut changed);
        assert_ne!(changed, files, "nothing was changed");
        assert!(!is_accepted(&pack(&changed)), "{:?}", changed.keys());
    };
    for name in files.keys().filter(|name| !MANIFESTS.contains(&name.as_str())) {
        refused(&|files| {
            files.remove(name);
        });
    }
    for name in [
        "readme.txt",
        "data/0003-secret.bin",
        "data/0001-b",
        "data/0009-x",
        "proof/0004/salt.hex",
        "zz",
    ] {
        refused(&|files| {
            files.insert(name.to_owned(), b"not for everybody".to_vec());
        });
    }
    let original = files.keys().find(|name| name.starts_with("data/0001-")).unwrap();
    refused(&|files| {
        let content = files.remove(original).unwrap();
        files.insert("data/0001-other.mp3".to_owned(), content);
    });
    for file in [
        "deposit.json",
        "salt.hex",
        "entry.json",
        "inclusion.tlog-proof",
        "custody.jsonl",
    ] {
        refused(&|files| {
            let other = files[&format!("proof/0002/{file}")].clone();
            let own = files.insert(format!("proof/0001/{file}"), other).unwrap();
            files.insert(format!("proof/0002/{file}"), own);
        });
    }
    refused(&|files| {
        for file in [
            "deposit.json",
            "salt.hex",
            "entry.json",
            "inclusion.tlog-proof",
            "custody.jsonl",
        ] {
            files.remove(&format!("proof/0003/{file}"));
        }
    });
    refused(&|files| {
        let lines = String::from_utf8(files["proof/0001/custody.jsonl"].clone()).unwrap();
        let shorter: Vec<&str> = lines.lines().take(2).collect();
        files.insert(
            "proof/0001/custody.jsonl".to_owned(),
            format!("{}\n", shorter.join("\n")).into_bytes(),
        );
    });
}

#[test]
fn a_log_made_by_somebody_else_is_told_by_its_key() {
    let mut bench = Bench::new();
    let genuine = bench.vault().log_key().clone();
    let mut forger = Bench::with_seed(1);
    let forged = sample(&mut forger);
    let trust = |policy: &Policy| {
        let report = verify_bundle(&forged.path, policy);
        let check = report
            .checks
            .iter()
            .find(|check| check.code == "log_key_trusted")
            .unwrap()
            .state;
        (report.ok, check)
    };
    assert_eq!(
        trust(&Policy::default()),
        (true, State::NotChecked),
        "consistent in itself"
    );
    assert_eq!(
        trust(&Policy {
            trusted_log_keys: vec![genuine],
            ..Policy::default()
        }),
        (false, State::Failed)
    );
    let own = forger.vault().log_key().clone();
    assert_eq!(
        trust(&Policy {
            trusted_log_keys: vec![own],
            ..Policy::default()
        }),
        (true, State::Ok)
    );
}

#[test]
fn what_is_no_bundle_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8], reason: &str| {
        let path = folder.path().join("x.qne.zip");
        fs::write(&path, bytes).unwrap();
        let report = verify_bundle(&path, &Policy::default());
        let check = &report.checks[0];
        assert_eq!((report.ok, check.code.as_str()), (false, "container"));
        assert!(check.detail.contains(reason), "{}", check.detail);
    };
    refused(b"", "cut short");
    refused(&[0; 100], "no ZIP file");
    refused(&pack(&Files::new()), "missing");
    refused(&pack(&[("a.txt".to_owned(), b"a".to_vec())].into()), "missing");
    let missing = verify_bundle(&folder.path().join("none"), &Policy::default());
    assert!(
        !missing.ok && missing.checks[0].detail.contains("No such file"),
        "{missing:?}"
    );
    assert!(!verify_bundle(folder.path(), &Policy::default()).ok);
}

/// Runs our own copy of the commands.
fn shell_accepts(files: &Files) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.qne.zip");
    fs::write(&path, pack(files)).unwrap();
    shell::verify_with_own_copy(&path).status.success()
}

#[test]
fn the_commands_notice_a_changed_byte_in_each_file_even_when_manifests_are_rewritten() {
    if !shell::tools_are_there() {
        return;
    }
    let mut bench = Bench::new();
    let files = unpack(&read(&sample(&mut bench).path));
    assert!(shell_accepts(&files));
    let mut positions: Vec<(String, usize, bool)> = Vec::new();
    let is_repeated = |name: &str| name.starts_with("proof/0002/") || name.starts_with("proof/0003/");
    for (name, content) in files
        .iter()
        .filter(|(name, content)| !content.is_empty() && !is_repeated(name))
    {
        let last = content.len() - 1;
        let is_manifest = MANIFESTS.contains(&name.as_str());
        positions.push((name.clone(), last, false));
        if !is_manifest {
            positions.push((name.clone(), last / 3, true));
        }
    }
    on_two_threads(&positions, |(name, at, rewrite)| {
        let mut changed = files.clone();
        changed.get_mut(name).unwrap()[*at] ^= 1;
        if *rewrite {
            rewrite_manifests(&mut changed);
        }
        assert!(
            !shell_accepts(&changed),
            "byte {at} of {name}, manifests rewritten: {rewrite}"
        );
    });
    for name in [
        "extra.txt",
        "data/.hidden",
        "-out",
        "proof/bundle/extra.txt",
        "proof/0009/inclusion.tlog-proof",
    ] {
        let mut changed = files.clone();
        changed.insert(name.to_owned(), Vec::new());
        assert!(!shell_accepts(&changed), "{name} added");
        rewrite_manifests(&mut changed);
        assert!(!is_accepted(&pack(&changed)), "{name} added and listed");
        assert!(!shell_accepts(&changed), "{name} added and listed");
    }
}
