//! The commands in the bundle, run by the real programs.

use std::{
    io::{self, Write as _},
    path::Path,
    process::{Command, Output},
};

use quanlian_evidence::bundle::{BundleItem, Original};

use crate::support::{Bench, sample, with_file};

/// Whether all programs are installed; says so visibly when not.
pub(crate) fn tools_are_there() -> bool {
    for tool in ["bash", "openssl", "xxd", "unzip", "sha256sum", "base64"] {
        if Command::new(tool).arg("--version").output().is_err() {
            // Not `eprintln!`, which the test harness would keep to itself.
            let _ = writeln!(
                io::stderr(),
                "SKIPPED: the bundle's commands were not run, no `{tool}`"
            );
            return false;
        }
    }
    true
}

/// Takes the commands out of the bundle and runs them, as the page says.
pub(crate) fn verify(bundle: &Path, shell: &str, argument: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let commands = r#"unzip -p "$1" verify.sh >verify.sh && exec "$2" verify.sh "$1" ${3:+"$3"}"#;
    Command::new("bash")
        .args(["-c", commands, "verify"])
        .arg(bundle)
        .arg(shell)
        .args(argument)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

/// Our own copy of the commands, run on any file.
pub(crate) fn verify_with_own_copy(bundle: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/verify.sh");
    Command::new("sh").arg(script).arg(bundle).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn the_commands_accept_a_good_bundle_in_any_shell_and_locale() {
    if !tools_are_there() {
        return;
    }
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    for shell in ["bash", "sh"] {
        let output = verify(&bundle.path, shell, None);
        let text = text(&output);
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains("2 of 3 originals") && text.contains("OK 通过: nothing was found wrong"),
            "{text}"
        );
        assert!(
            text.contains("NOT CHECKED 未核验: 3 whether the key of the log is genuine"),
            "{text}"
        );
        assert!(text.contains("NOT CHECKED 未核验: 10 trusted time"), "{text}");
    }
    let key = bench.vault().log_key().to_string();
    let output = verify(&bundle.path, "bash", Some(&key));
    assert!(
        output.status.success() && text(&output).contains("is the one that you gave"),
        "{}",
        text(&output)
    );
    let other = key.replace("evidence", "evidence2");
    let output = verify(&bundle.path, "bash", Some(&other));
    assert!(
        !output.status.success() && text(&output).contains("is not the key that you gave"),
        "{}",
        text(&output)
    );
}

#[test]
fn the_commands_accept_many_items_and_none_with_its_original() {
    if !tools_are_there() {
        return;
    }
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let paths: Vec<_> = (0..110)
        .map(|i| bench.file(&format!("{i}.txt"), format!("text {i}").as_bytes()))
        .collect();
    let outcome = bench.deposit(&mut vault, &paths);
    let items: Vec<BundleItem> = outcome.receipts.iter().cloned().map(with_file).collect();
    let bundle = bench.bundle(&mut vault, items);
    let output = verify(&bundle.path, "bash", None);
    assert!(output.status.success(), "{}", text(&output));
    let items = outcome
        .receipts
        .into_iter()
        .take(2)
        .map(|(_, receipt)| BundleItem::Kept {
            receipt,
            original: Original::DigestOnly,
        })
        .collect();
    let bundle = bench.bundle(&mut vault, items);
    let output = verify(&bundle.path, "bash", None);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("0 of 2 originals"), "{}", text(&output));
}

/// The promise is ten commands and a handful of programs.
#[test]
fn there_are_ten_commands_and_they_use_the_promised_programs_only() {
    let script = quanlian_evidence::bundle::VERIFY_SCRIPT;
    let numbers: Vec<&str> = script
        .lines()
        .filter_map(|line| line.strip_prefix("# ---- ")?.split_once(". "))
        .map(|(number, _)| number)
        .collect();
    let wanted: Vec<String> = (0..=10).map(|number| number.to_string()).collect();
    assert_eq!(numbers, wanted, "a preparation and ten commands");
    let mut words = script.split(|c: char| !(c.is_ascii_alphanumeric() || "/_.".contains(c)));
    for word in [
        "curl", "wget", "awk", "sed", "grep", "python", "python3", "perl", "eval", "find", "xargs", "jq",
    ] {
        assert!(!words.clone().any(|found| found == word), "{word}");
    }
    assert!(!words.any(|found| found.starts_with("/dev/tcp")));
}
