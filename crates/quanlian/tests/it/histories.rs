//! The copy is gone from the newest commit of the suspect's repository; its history still holds it.
//!
//! In:  repositories that git makes; where it is not installed, one line that begins with `skipped:`.
//! Out: which commit brought the copy, whose and when, in JSON, text and the report.

use std::{fs, io::Write, path::Path, process::Command};

use super::{json, quanlian, text};

/// Runs git on its own, with no configuration but this; `false`, with a line that says so, where there is none.
fn git(folder: &Path, day: u32, arguments: &[&str]) -> bool {
    let date = format!("{} +0800", 1_700_000_000 + day * 86_400);
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "李四 & Co"),
            ("GIT_AUTHOR_EMAIL", "li@example.cn"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "Build"),
            ("GIT_COMMITTER_EMAIL", "b@example.cn"),
        ])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .output();
    let Ok(output) = output else {
        let _ = std::io::stderr().write_all(b"skipped: no git (install the package git)\n");
        return false;
    };
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    true
}

fn commit(folder: &Path, day: u32, message: &str) {
    git(folder, day, &["add", "-A"]);
    git(folder, day, &["commit", "-q", "--allow-empty", "-m", message]);
}

/// A module whose every line is its own.
fn module(name: &str, salt: usize) -> String {
    let lines = (0..40).map(|n| {
        let (a, b) = (n * 7 + salt * 31, (n * n + salt * 13) % 251);
        format!("  always @(posedge clk) if (sel[{n}] && cnt == 16'd{a}) begin {name}_{n} <= data[{b}] ^ 8'h{b:02x}; end\n")
    });
    format!(
        "module {name}(input clk, input [63:0] sel);\n{}endmodule\n",
        lines.collect::<String>()
    )
}

/// The owner's repository, which has the core since day 1, and the suspect's, which had it from day 10 to day 30.
fn repositories(at: &dyn Fn(&str) -> std::path::PathBuf) -> bool {
    for name in ["owner", "suspect"] {
        fs::create_dir(at(name)).unwrap();
        if !git(&at(name), 0, &["init", "-q", "-b", "main", "."]) {
            return false;
        }
    }
    fs::write(at("owner/alu.v"), module("alu", 1)).unwrap();
    commit(&at("owner"), 1, "our core");
    fs::create_dir(at("suspect/ip")).unwrap();
    fs::write(at("suspect/readme.txt"), "nothing of it\n").unwrap();
    commit(&at("suspect"), 9, "begin");
    fs::write(at("suspect/ip/x.v"), module("alu", 1).replace("sel", "en")).unwrap();
    commit(&at("suspect"), 10, "import <b>vendor</b> core");
    git(&at("suspect"), 11, &["mv", "ip/x.v", "ip/core.v"]);
    commit(&at("suspect"), 30, "rename");
    fs::write(
        at("suspect/ip/core.v"),
        "module core(input a, output b);\nassign b = ~a;\nendmodule\n",
    )
    .unwrap();
    commit(&at("suspect"), 31, "clean room");
    true
}

#[test]
fn a_copy_that_is_gone_is_found_with_the_commit_that_brought_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    if !repositories(&at) {
        return;
    }
    let (owner, suspect, report) = (at("owner"), at("suspect"), at("report.html"));
    let compare = ["compare", text(&owner), text(&suspect), "--json"];
    let without = json(&quanlian(&compare), 0);
    assert_eq!(without["matches"].as_array().map(Vec::len), Some(0));
    let codes: Vec<&str> = without["remarks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"walk_git"), "{codes:?}");

    let with = [&compare[..], &["--history", "--report", text(&report)]].concat();
    let found = json(&quanlian(&with), 0);
    let matches = found["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 1, "{found:#}");
    let one = &matches[0];
    assert_eq!(one["work"], "alu.v");
    let name = one["suspect"].as_str().unwrap();
    assert!(
        name.starts_with(&format!("{}!/ip/x.v@", text(&suspect))),
        "{name}"
    );
    let history = &one["suspect_history"];
    assert_eq!(history["paths"], serde_json::json!(["ip/x.v", "ip/core.v"]));
    assert_eq!(
        (&history["commits"], &history["in_head"]),
        (&2.into(), &false.into())
    );
    let claimed = &history["first_commit"]["claimed"];
    assert_eq!(claimed["subject"], "import <b>vendor</b> core");
    assert_eq!(claimed["author"]["name"], "李四 & Co");
    assert_eq!(claimed["author"]["at"], "2023-11-25T06:13:20+08:00");
    // The owner's file is as it is checked out, and its history says since when.
    let since = &one["work_history"]["first_commit"]["claimed"]["committer"]["at"];
    assert_eq!(since, "2023-11-16T06:13:20+08:00");

    let page = fs::read_to_string(&report).unwrap();
    assert!(page.contains("李四 &amp; Co &lt;li@example.cn&gt;") && !page.contains("<b>vendor"));
    assert!(page.contains("可以任意设定") && page.contains("can be set at will"));
    // The excerpt of a file that lies nowhere on the disk any more.
    assert!(page.contains("alu_7 &lt;= data"), "no excerpt");

    let said = Command::new(env!("CARGO_BIN_EXE_quanlian"))
        .args([
            "--lang",
            "en",
            "compare",
            text(&owner),
            text(&suspect),
            "--history",
        ])
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr),
    );
    assert!(
        out.contains("first held by commit") && out.contains("does not hold it"),
        "{out}"
    );
    assert!(err.contains("claims, not proof"), "{err}");
}

#[test]
fn an_index_keeps_since_when_a_work_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    if !repositories(&at) {
        return;
    }
    // The owner's core was reworked since; the copy is of the old state.
    fs::write(at("owner/alu.v"), module("rework", 5)).unwrap();
    commit(&at("owner"), 40, "rework");
    fs::create_dir(at("files")).unwrap();
    fs::write(at("files/copy.v"), module("alu", 1)).unwrap();
    let (owner, index, files) = (at("owner"), at("index"), at("files"));
    let build = [
        "index",
        "build",
        "--works",
        text(&owner),
        "--index",
        text(&index),
        "--history",
        "--json",
    ];
    assert_eq!(json(&quanlian(&build), 0)["added"], 2);
    let found = json(
        &quanlian(&["match", "--index", text(&index), text(&files), "--json"]),
        0,
    );
    let one = &found[0];
    assert!(
        one["work"].as_str().unwrap().starts_with(".!/alu.v@"),
        "{found:#}"
    );
    assert_eq!(
        one["work_history"]["first_commit"]["claimed"]["subject"],
        "our core"
    );
    assert!(one.get("suspect_history").is_none());
    // An excerpt of the old state, too.
    let report = at("report.html");
    let compare = [
        "compare",
        text(&owner),
        text(&files),
        "--history",
        "--json",
        "--report",
        text(&report),
    ];
    let compared = json(&quanlian(&compare), 0);
    assert_eq!(compared["matches"][0]["work"], one["work"]);
    assert!(
        fs::read_to_string(&report).unwrap().contains("alu_7 &lt;= data"),
        "no excerpt"
    );
    // The same once more changes nothing.
    let add = [
        "index",
        "add",
        "--works",
        text(&owner),
        "--index",
        text(&index),
        "--history",
        "--json",
    ];
    assert_eq!(json(&quanlian(&add), 0)["unchanged"], 2);
}
