//! Monitoring: what plays is told while the recording grows, and when it has ended.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{code, demo, json, quanlian, stderr, text};

fn suspect(part: &str) -> PathBuf {
    let (sample, _) = demo();
    let names = fs::read_dir(sample.join("suspects")).unwrap();
    names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains(part) && path.extension().is_some_and(|e| e != "json"))
        .unwrap()
}

fn index(folder: &Path) -> PathBuf {
    let (sample, _) = demo();
    let (works, index) = (sample.join("works"), folder.join("index"));
    let built = quanlian(&["index", "build", "--works", text(&works), "--index", text(&index)]);
    assert_eq!(code(&built), 0, "{}", stderr(&built));
    index
}

#[test]
fn a_recording_is_heard_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    let whole = fs::read(suspect("重新编码")).unwrap();
    let recording = folder.path().join("电台.mp3");
    let (first, second) = whole.split_at(whole.len() / 2);
    fs::write(&recording, first).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args(["--lang", "en", "--quiet", "monitor", "--jsonl", "--idle", "6s"])
        .args(["--index", text(&index), text(&recording)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let begun = next();
    assert_eq!(
        (&begun["state"], &begun["passage"]),
        (&"begun".into(), &1.into()),
        "{begun}"
    );
    assert_eq!(begun["suspect"], text(&recording));
    // Nothing more has come for some seconds: the passage is told as ended.
    let ended = next();
    assert_eq!(
        (&ended["state"], &ended["passage"]),
        (&"ended".into(), &1.into()),
        "{ended}"
    );
    assert_eq!(ended["work"], begun["work"]);
    let half_ms = ended["segments"][0]["suspect"][1].as_u64().unwrap();
    // It goes on after all: the last word stands.
    let mut writer = File::options().append(true).open(&recording).unwrap();
    writer.write_all(second).unwrap();
    let began = Instant::now();
    let ended = next();
    assert_eq!(
        (&ended["state"], &ended["passage"]),
        (&"ended".into(), &1.into()),
        "{ended}"
    );
    let end_ms = ended["segments"][0]["suspect"][1].as_u64().unwrap();
    assert!(end_ms > half_ms + 10_000, "{half_ms} ms, then {end_ms} ms");
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "told before the file is given up"
    );
    assert!(ended["told_at"].as_str().unwrap() > begun["told_at"].as_str().unwrap());
    assert!(lines.next().is_none(), "nothing else plays");
    assert!(program.wait().unwrap().success());
}

#[test]
fn standard_input_is_heard_beside_a_stream_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    let broken = folder.path().join("broken.wav");
    fs::write(&broken, "this is no sound").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args([
            "--lang",
            "en",
            "monitor",
            "--json",
            "--idle",
            "1s",
            "--index",
            text(&index),
        ])
        .args(["-", text(&broken)])
        .stdin(File::open(suspect("加快百分之三")).unwrap())
        .output()
        .unwrap();
    let told = stderr(&output);
    let heard = json(&output, 0);
    let [passage] = heard.as_array().unwrap().as_slice() else {
        panic!("{heard}")
    };
    assert_eq!(passage["suspect"], "-");
    assert_eq!(passage["state"], "ended");
    let speed = passage["transform"]["time_scale"].as_f64().unwrap();
    assert!((speed - 1.03).abs() < 0.005, "{passage}");
    assert!(told.contains("broken.wav") && told.contains("ffmpeg"), "{told}");
}

#[test]
fn what_cannot_be_followed_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    let broken = folder.path().join("broken.wav");
    fs::write(&broken, "this is no sound").unwrap();
    for (sources, reason) in [
        (vec![text(folder.path())], "is a folder"),
        (vec!["missing.wav"], "missing.wav"),
        (vec!["-", "-"], "named twice"),
        (vec!["--idle", "1s", text(&broken)], "sound"),
    ] {
        let output = quanlian(&[&["monitor", "--index", text(&index)], &sources[..]].concat());
        assert_eq!(code(&output), 2, "{sources:?}");
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
}
