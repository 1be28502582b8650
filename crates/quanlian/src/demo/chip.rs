//! The chip story of the demo: an insider puts a core on a cloud drive, and every step that follows.
//!
//! In:  a folder to work in.
//! Out: the secret, the drive, the register of secrets, reports, a bundle, and the assessment of the licence value.
//!
//! Each step is a command line that anybody can type; it is said before it runs, and runs as a process of its own.
//!
//! Invariant: everything is made here; a step that fails ends the demo.

use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, bail};

use super::circuit::{blocks, circuit, disguised, other};
use crate::{
    message::Language,
    output::{Form, Output},
};

/// Blocks of the core.
const CORE_BLOCKS: usize = 24;
/// Files of the drive that have nothing to do with it.
const OTHER_FILES: u64 = 50;
/// What a licence of the core is worth in the story, in fen; above it lies the line of the entry tier.
pub(super) const LICENCE_FEN: u64 = 235_000_000;

/// Lays out the story below `dir` and runs it.
pub(super) fn run(dir: &Path, output: &Output) -> anyhow::Result<()> {
    let core = lay_out(dir)?;
    for step in steps(dir, &core) {
        output.say("demo.step", &[("command", shown(&step))]);
        let status = own(&step, output)?;
        if !status.success() {
            bail!("a step of the demo failed ({status}): {}", shown(&step));
        }
    }
    Ok(())
}

/// Writes the files; the answer is the text of the core.
pub(super) fn lay_out(dir: &Path) -> anyhow::Result<String> {
    let core = blocks(1, CORE_BLOCKS);
    let secret = circuit("core", &core);
    let mut files = vec![
        ("works/core.v".to_owned(), secret.clone()),
        ("drive/backup_final.v".to_owned(), disguised(&core)),
        ("nda.txt".to_owned(), "保密协议（演示）\n".to_owned()),
        ("facts.json".to_owned(), facts()),
    ];
    files.extend((0..OTHER_FILES).map(|seed| {
        let (name, content) = other(seed);
        (format!("drive/{name}"), content)
    }));
    for name in ["works", "drive"] {
        let folder = dir.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for (name, content) in files {
        let path = dir.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(secret)
}

/// The facts of the story: who did what when is made up.
fn facts() -> String {
    serde_json::json!({
        "offence": "cn/criminal/219",
        "person": "natural",
        "conduct": {"from": "2022-01-01", "to": "2022-06-01"},
        "judged_on": "2026-06-01",
        "facts": [
            {"name": "reasonable_licence_fee", "fen": LICENCE_FEN},
            {"name": "secret_improperly_acquired", "value": true},
        ],
    })
    .to_string()
}

/// The command lines, without the name of the program.
fn steps(dir: &Path, core: &str) -> Vec<Vec<String>> {
    let at = |name: &str| dir.join(name).display().to_string();
    let line_of = |what: &str| 1 + core.lines().position(|line| line.ends_with(what)).unwrap_or(0);
    let part = format!(
        "{}#L{}-L{}",
        at("works/core.v"),
        line_of("// unit 8"),
        line_of("// unit 12") - 1
    );
    let data = at("data");
    let add = |content: &str, id: &str, title: &str| {
        words(&[
            "secret",
            "add",
            content,
            "--id",
            id,
            "--title",
            title,
            "--owner",
            "芯片公司（演示）",
        ])
        .chain(words(&[
            "--created",
            "2021-03-01",
            "--level",
            "核心",
            "--by",
            "法务",
            "--data",
            &data,
        ]))
        .collect::<Vec<String>>()
    };
    let (bundle, register) = (at("case.qne.zip"), at("register.qne.zip"));
    let (report, appendix) = (at("report.html"), at("appendix.pdf"));
    let line = |parts: &[&str]| words(parts).collect::<Vec<String>>();
    vec![
        add(&at("works/core.v"), "MD-1", "处理器核全部源代码"),
        add(&part, "MD-2", "流水线第八至十一单元"),
        line(&[
            "secret",
            "measure",
            "--id",
            "M-1",
            "--item",
            "confidentiality-agreement",
            "--title",
            "保密协议",
            "--person",
            "李某",
            "--from",
            "2021-04-01",
            "--evidence",
            &at("nda.txt"),
            "--data",
            &data,
        ]),
        line(&[
            "secret",
            "access",
            "--id",
            "A-1",
            "--person",
            "李某",
            "--role",
            "设计工程师",
            "--point",
            "MD-1",
            "--point",
            "MD-2",
            "--basis",
            "劳动合同",
            "--from",
            "2021-04-01",
            "--left",
            "2022-03-31",
            "--data",
            &data,
        ]),
        line(&[
            "compare",
            &at("works"),
            &at("drive"),
            "--secrets",
            &data,
            "--report",
            &report,
            "--appendix",
            &appendix,
            "--paper-language",
            "both",
            "--sarif",
            &at("found.sarif"),
            "--require",
        ]),
        line(&[
            "deposit",
            &at("drive/backup_final.v"),
            &report,
            &appendix,
            "--data",
            &data,
            "--bundle",
            &bundle,
        ]),
        line(&["secret", "prove", "--out", &register, "--data", &data]),
        line(&["verify", &bundle]),
        line(&["verify", &register]),
        line(&["law", "assess", &at("facts.json")]),
    ]
}

fn words<'a>(parts: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    parts.iter().map(|&part| part.to_owned())
}

/// A command line as a shell takes it.
fn shown(step: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:#".contains(c);
    let mut line = "quanlian".to_owned();
    for word in step {
        line.push(' ');
        if word.chars().all(plain) && !word.is_empty() && !word.contains('#') {
            line.push_str(word);
        } else {
            line.push('\'');
            line.push_str(&word.replace('\'', "'\\''"));
            line.push('\'');
        }
    }
    line
}

/// Runs this program with other arguments. What it prints goes where ours goes, unless a program is listening.
fn own(step: &[String], output: &Output) -> anyhow::Result<ExitStatus> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let language = match output.messages.language {
        Language::Zh => "zh",
        Language::En => "en",
    };
    let mut command = Command::new(program);
    command
        .args(["--quiet", "--lang", language])
        .args(step)
        .stdin(Stdio::null());
    if output.form != Form::Text {
        command.stdout(Stdio::null());
    }
    command.status().context("cannot run a step of the demo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_shown_as_a_shell_takes_it() {
        let step: Vec<String> = ["secret", "add", "a b#L1-L2", "it's", ""]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(shown(&step), r"quanlian secret add 'a b#L1-L2' 'it'\''s' ''");
    }
}
