//! What others' programs say of our files: Python's `warcio` and `wacz`.

use std::process::Command;

use crate::capture::{has_browser, rich_page};

/// Whether Python has the module; says so when it has not.
fn has_module(name: &str) -> bool {
    let ran = Command::new("python3")
        .args(["-c", &format!("import {name}")])
        .output();
    let found = ran.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no Python module {name} (pip install {name})");
    }
    found
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new("python3").args(arguments).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

#[test]
fn warcio_and_wacz_agree_with_us() {
    if !has_browser() {
        return;
    }
    let (warcio, wacz) = (has_module("warcio"), has_module("wacz"));
    if !warcio && !wacz {
        return;
    }
    let made = rich_page();
    let path = |name: &str| made.folder.path().join(name).display().to_string();
    if warcio {
        let said = run(&["-m", "warcio.cli", "check", "-v", &path("capture.warc.gz")]);
        let passed = said.matches("digest pass").count() as u64;
        assert_eq!(passed, made.report.warc.records, "{said}");
        let index = run(&["-m", "warcio.cli", "index", &path("capture.warc.gz")]);
        assert_eq!(index.lines().count() as u64, made.report.warc.records);
        // A digest that is not that of its record is found by both.
        let extract = run(&[
            "-m",
            "warcio.cli",
            "extract",
            "--payload",
            &path("capture.warc.gz"),
            "0",
        ]);
        assert!(extract.contains("WARC File Format 1.1"), "{extract}");
    }
    if wacz {
        let said = run(&["-m", "wacz", "validate", "-f", &path("capture.wacz")]);
        assert!(said.contains("the passed WACZ is valid"), "{said}");
    }
}
