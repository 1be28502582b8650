//! Whoever runs a log appends to it, checks it, and finds what somebody has changed.

use std::fs;

use super::{code, json, quanlian, stderr, text};

#[test]
fn a_log_is_appended_to_checked_and_a_changed_byte_found() {
    let dir = tempfile::tempdir().unwrap();
    let (data, lines) = (dir.path().join("data"), dir.path().join("lines.txt"));
    fs::write(&lines, "a\nb\n\nlast").unwrap();
    let append = |more: &[&str]| {
        let words = ["log", "append", "--json", "--data", text(&data), text(&lines)];
        json(&quanlian(&[words.as_slice(), more].concat()), 0)
    };
    let report = append(&[]);
    assert_eq!((&report["first"], &report["end"]), (&0.into(), &1.into()));
    let report = append(&["--lines"]);
    assert_eq!((&report["first"], &report["end"]), (&1.into(), &5.into()));
    let fsck = ["log", "fsck", "--json", "--data", text(&data)];
    let report = json(&quanlian(&fsck), 0);
    assert_eq!((&report["ok"], &report["size"]), (&true.into(), &5.into()));
    let bundle = data.join("log/public/tile/entries/000.p/5");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[3] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let report = json(&quanlian(&fsck), 1);
    assert_eq!(report["ok"], false);
    assert!(!report["problems"].as_array().unwrap().is_empty());
}

#[test]
fn what_is_no_entry_or_no_log_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (data, long) = (dir.path().join("data"), dir.path().join("long.bin"));
    fs::write(&long, vec![0; 70_000]).unwrap();
    for wrong in [
        ["log", "append", text(&long), "--data", text(&data)],
        ["log", "append", "absent.bin", "--data", text(&data)],
        ["log", "fsck", "--json", "--data", text(&data)],
        // A bench writes into an empty folder alone.
        ["log", "bench", "--json", "--data", text(dir.path())],
    ] {
        let output = quanlian(&wrong);
        assert_eq!(code(&output), 2, "{wrong:?}: {}", stderr(&output));
    }
    let bench = dir.path().join("bench");
    let words = [
        "log",
        "bench",
        "--json",
        "--entries",
        "500",
        "--in-flight",
        "50",
        "--data",
        text(&bench),
    ];
    let report = json(&quanlian(&words), 0);
    for figure in ["entries_per_s", "p50_ms", "p99_ms"] {
        assert!(report[figure].as_f64().unwrap() > 0.0, "{report}");
    }
    assert_eq!(fs::read_dir(bench).unwrap().count(), 0);
}
