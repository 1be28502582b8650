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

/// Unpacks and verifies as the page says, in a fresh folder.
pub(crate) fn verify(bundle: &Path, shell: &str, argument: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let commands = r#"unzip -q "$1" -d x && cd x && shift && exec "$@""#;
    Command::new("bash")
        .args(["-c", commands, "verify"])
        .arg(bundle)
        .args([shell, "verify.sh"])
        .args(argument)
        .current_dir(folder.path())
        .output()
        .unwrap()
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
            text.contains("3 items, 1 of them by digest only") && text.contains("OK 通过: all checks"),
            "{text}"
        );
        assert!(
            text.contains("NOT CHECKED 未核验: whether the key of the log is genuine"),
            "{text}"
        );
        assert!(text.contains("NOT CHECKED 未核验: trusted time"), "{text}");
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
        .map(|(_, receipt)| BundleItem {
            receipt,
            original: Original::DigestOnly,
        })
        .collect();
    let bundle = bench.bundle(&mut vault, items);
    let output = verify(&bundle.path, "bash", None);
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        text(&output).contains("2 items, 2 of them by digest only"),
        "{}",
        text(&output)
    );
}

/// Some programs unpack names that are not ASCII as something else.
#[test]
fn the_commands_find_files_whose_names_were_rewritten_on_unpacking() {
    if !tools_are_there() {
        return;
    }
    let mut bench = Bench::new();
    let bundle = sample(&mut bench);
    let commands = r#"LC_ALL=C unzip -q "$1" -d x && cd x && mv data/0001-* 'data/0001-#U6708.mp3' &&
        mv *.html '#U6838.html' && bash verify.sh && : > data/0001-second && bash verify.sh"#;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("bash")
        .args(["-c", commands, "verify"])
        .arg(&bundle.path)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = text(&output);
    assert!(text.contains("OK 通过: all checks"), "{text}");
    assert!(
        !output.status.success(),
        "a second file with the number of an item: {text}"
    );
}
