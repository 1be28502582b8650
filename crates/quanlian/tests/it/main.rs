//! Stories from the field, told through the program as a person uses it.
//!
//! The sample of `quanlian demo` is made once and shared; each story works on its own copy of what it changes.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod calibrate;
mod capture;
mod chain;
mod compare;
mod custody;
mod demo_platform;
mod histories;
mod hostile;
mod index;
mod inputs;
mod keys;
mod law;
mod log;
mod monitor;
mod picture;
mod platform_story;
mod readers;
mod sealed;
mod secret;
mod serve;
mod service;
mod telling;
mod timestamp;
mod watch;
mod witness;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::Value;

/// Runs the program in English and without progress.
fn quanlian(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args(["--lang", "en", "--quiet"])
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("the program ends by itself")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The one JSON document of a command that ended with `wanted`.
fn json(output: &Output, wanted: i32) -> Value {
    assert_eq!(code(output), wanted, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON document")
}

/// The report of `trace` on these folders, written below `out`.
fn trace(works: &Path, suspects: &Path, out: &Path, more: &[&str]) -> Value {
    let folders = [
        "trace",
        "--works",
        text(works),
        "--suspects",
        text(suspects),
        "--out",
        text(out),
        "--json",
    ];
    json(&quanlian(&[&folders, more].concat()), 0)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

/// The folder of one shared run of `quanlian demo`, and its report.
fn demo() -> &'static (PathBuf, Value) {
    static DEMO: OnceLock<(PathBuf, Value)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        let report = json(&quanlian(&["demo", "--data", text(&folder), "--json"]), 0);
        (folder, report)
    })
}

/// Copies a folder of plain files.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder to copy") {
        let entry = entry.expect("entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
    }
}

/// Whether a tool is on the machine; says so where it is not, because a check is left out then.
#[expect(clippy::print_stderr, reason = "a check that is left out must be seen")]
fn has_tool(name: &str) -> bool {
    let there = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()));
    if !there {
        eprintln!("SKIPPED: `{name}` is not on this machine");
    }
    there
}
