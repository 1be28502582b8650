//! `quanlian provenance`: what files say about themselves.
//!
//! In:  files and folders.
//! Out: for each file its labels, manifests and other claims with their places, and what is wrong with them.
//!
//! Invariant: text of a file reaches a person only through [`visible`], so that it can neither steer a terminal nor
//! hide or reorder what is shown.

use std::{fs::File, io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use quanlian_provenance::{
    C2paCheck, Claim, MAX_INFO_JSON_BYTES, Place, Problem, Provenance, ReadError, read, read_info_json,
    visible,
};
use serde::Serialize;

use crate::{
    cli::Provenance as Arguments,
    evidence,
    fault::{Blame, Fault, Outcome},
    files::{self, PassedOver},
    message::Messages,
    output::{self, Output},
};

/// Ending of the side file that yt-dlp writes beside a media file.
const SIDE_FILE_ENDING: &str = "info.json";

/// The largest list of trusted certificates.
const MAX_TRUST_BYTES: u64 = 16 << 20;

#[derive(Serialize)]
struct Report {
    files: Vec<One>,
    problems: Vec<PassedOver>,
}

#[derive(Serialize)]
struct One {
    path: String,
    provenance: Provenance,
}

/// Runs `provenance`.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Outcome {
    let (found, mut problems) = files::named(&arguments.paths).bad_input()?;
    let trust = match &arguments.trust {
        Some(_) if !cfg!(feature = "c2pa") => {
            let message = output.messages.text("provenance.c2pa_not_built");
            return Err(Fault::BadInput(anyhow::anyhow!(message)));
        }
        Some(path) => Some(read_trust(path).bad_input()?),
        None => None,
    };
    let mut files = Vec::new();
    for file in found {
        match of_file(&file.path, trust.as_deref(), output) {
            Ok(provenance) => files.push(One {
                path: file.path.display().to_string(),
                provenance,
            }),
            Err(error) => problems.push(PassedOver {
                path: file.path.display().to_string(),
                code: "unreadable",
                detail: why(&error, output),
            }),
        }
    }
    for problem in &problems {
        let reason = evidence::why_passed_over(output, problem);
        output::warn_about(output, &visible(&problem.path), &visible(&reason));
    }
    if files.is_empty() {
        return Err(Fault::BadInput(anyhow::anyhow!(
            "nothing was read: none of the named files can be read"
        )));
    }
    let report = Report { files, problems };
    output.document(&report).system()?;
    for one in &report.files {
        for line in lines(&one.path, &one.provenance, &output.messages) {
            output.text(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A file, with the side file beside it where there is one. A side file that cannot be read is said and left out.
fn of_file(path: &Path, trust: Option<&str>, output: &Output) -> Result<Provenance, ReadError> {
    if is_side_file(path) {
        return side_file(path);
    }
    let mut file = File::open(path)?;
    let mut provenance = read(&mut file)?;
    check_manifest(&mut file, &mut provenance, trust, path, output);
    let beside = path.with_extension(SIDE_FILE_ENDING);
    match side_file(&beside) {
        Ok(said) => provenance.append(said),
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            let name = visible(&beside.display().to_string());
            output::warn_about(output, &name, &visible(&why(&error, output)));
        }
    }
    Ok(provenance)
}

/// Checks the manifest where there is one. When that cannot be done it stays present and not checked.
#[cfg(feature = "c2pa")]
fn check_manifest(
    file: &mut File,
    provenance: &mut Provenance,
    trust: Option<&str>,
    path: &Path,
    output: &Output,
) {
    if provenance.c2pa != quanlian_provenance::C2paState::PresentNotChecked {
        return;
    }
    match quanlian_provenance::check_c2pa(file, provenance.format, trust) {
        Ok(check) => provenance.set_c2pa_check(check),
        Err(error) => {
            let reason = output::reason(&output.messages, error.code(), &error.to_string());
            output::warn_about(output, &visible(&path.display().to_string()), &visible(&reason));
        }
    }
}

#[cfg(not(feature = "c2pa"))]
fn check_manifest(_: &mut File, _: &mut Provenance, _: Option<&str>, _: &Path, _: &Output) {}

fn read_trust(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_TRUST_BYTES).read_to_string(&mut text))
        .with_context(|| format!("cannot read the trusted certificates {}", path.display()))?;
    Ok(text)
}

fn is_side_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    name.is_some_and(|name| name.ends_with(&format!(".{SIDE_FILE_ENDING}")))
}

fn side_file(path: &Path) -> Result<Provenance, ReadError> {
    let mut bytes = Vec::new();
    // One byte more than is read, so that a longer file is seen to be longer.
    File::open(path)?
        .take(MAX_INFO_JSON_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    read_info_json(&bytes)
}

fn why(error: &ReadError, output: &Output) -> String {
    let source = std::error::Error::source(error);
    let detail = source.map_or_else(|| error.to_string(), ToString::to_string);
    output::reason(&output.messages, error.code(), &detail)
}

/// What a person reads about one file.
fn lines(path: &str, provenance: &Provenance, messages: &Messages) -> Vec<String> {
    let word = |key: &str, word: &str| messages.text(&format!("provenance.{key}_{word}"));
    let mut lines = vec![
        messages.get(
            "provenance.file",
            &[
                ("path", visible(path)),
                ("format", provenance.format.as_str().to_owned()),
                ("completeness", word("read", provenance.completeness.as_str())),
            ],
        ),
        messages.get(
            "provenance.ai_label",
            &[("state", word("ai", provenance.ai_label.as_str()))],
        ),
        messages.get(
            "provenance.c2pa",
            &[("state", word("c2pa", provenance.c2pa.as_str()))],
        ),
    ];
    if let Some(check) = &provenance.c2pa_check {
        lines.extend(of_check(check, messages));
    }
    for claim in &provenance.claims {
        lines.extend(of_claim(claim, messages));
    }
    for problem in &provenance.problems {
        lines.push(of_problem(problem, messages));
    }
    if provenance.left_out > 0 {
        lines.push(messages.get("provenance.left_out", &[("count", provenance.left_out)]));
    }
    lines
}

/// Two answers, and what did not hold.
fn of_check(check: &C2paCheck, messages: &Messages) -> Vec<String> {
    let line = |key: &str, verdict: &str| {
        let state = messages.text(&format!("provenance.verdict_{verdict}"));
        messages.get(&format!("provenance.{key}"), &[("state", state)])
    };
    let mut lines = vec![
        line("c2pa_valid", check.valid.as_str()),
        line("c2pa_trusted", check.trusted.as_str()),
    ];
    let words = [
        ("generator", &check.generator),
        ("issuer", &check.issuer),
        ("signed_at", &check.signed_at),
    ];
    for (name, value) in words {
        if let Some(value) = value {
            lines.push(messages.get(
                "provenance.field",
                &[("name", name.to_owned()), ("value", visible(value))],
            ));
        }
    }
    for code in &check.failed {
        lines.push(messages.get("provenance.c2pa_failed", &[("code", visible(code))]));
    }
    lines
}

fn of_claim(claim: &Claim, messages: &Messages) -> Vec<String> {
    let cut = if claim.value.cut {
        messages.get("provenance.cut", &[("size", claim.value.size_bytes)])
    } else {
        String::new()
    };
    let mut lines = vec![messages.get(
        "provenance.claim",
        &[
            (
                "kind",
                messages.text(&format!("provenance.kind_{}", claim.kind.as_str())),
            ),
            ("place", place(&claim.place)),
            ("value", visible(&claim.value.text)),
            ("cut", cut),
        ],
    )];
    if let Some(label) = &claim.label {
        for (name, value) in &label.fields {
            let shown = [("name", visible(name)), ("value", visible(value))];
            lines.push(messages.get("provenance.field", &shown));
        }
    }
    lines.extend(claim.problems.iter().map(|problem| of_problem(problem, messages)));
    lines
}

fn place(place: &Place) -> String {
    visible(&format!(
        "{} {} @{}",
        place.container, place.key, place.offset_bytes
    ))
}

fn of_problem(problem: &Problem, messages: &Messages) -> String {
    messages.get(
        "provenance.problem",
        &[
            (
                "what",
                messages.text(&format!("provenance_problem.{}", problem.code.as_str())),
            ),
            ("detail", visible(&problem.detail)),
            ("place", problem.place.as_ref().map(place).unwrap_or_default()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use quanlian_provenance::{ProblemCode, Verdict};

    use super::*;
    use crate::message::Language;

    #[test]
    fn every_problem_has_words() {
        for language in [Language::Zh, Language::En] {
            let messages = Messages::of(language);
            for code in ProblemCode::ALL {
                let key = format!("provenance_problem.{}", code.as_str());
                assert!(messages.has(&key), "{key}");
            }
        }
    }

    #[test]
    fn valid_and_trusted_are_two_lines() {
        let jpeg = b"\xff\xd8\xff\xd9";
        let mut provenance = read(&mut Cursor::new(jpeg)).unwrap();
        provenance.set_c2pa_check(C2paCheck {
            valid: Verdict::Yes,
            trusted: Verdict::No,
            generator: None,
            issuer: Some("somebody\u{1b}".to_owned()),
            signed_at: None,
            held: Vec::new(),
            failed: vec!["signingCredential.untrusted".to_owned()],
        });
        let shown = lines("a.jpg", &provenance, &Messages::of(Language::En)).join("\n");
        for line in [
            "C2PA manifest: present, checked",
            "valid (signature and hashes hold): yes",
            "signer trusted (on the list given): NO",
            "does not hold: signingCredential.untrusted",
            r"issuer: somebody\u{1b}",
        ] {
            assert!(shown.lines().any(|shown| shown.trim() == line), "{line}\n{shown}");
        }
    }

    #[test]
    fn text_of_a_file_is_shown_and_not_obeyed() {
        let comment = "AIGC={\"Label\":\"1\"}\u{1b}[2J\u{202e}";
        let len = (comment.len() as u16 + 2).to_be_bytes();
        let jpeg = [b"\xff\xd8\xff\xfe", &len[..], comment.as_bytes(), b"\xff\xd9"].concat();
        let provenance = read(&mut Cursor::new(jpeg)).unwrap();
        for language in [Language::Zh, Language::En] {
            let text = lines("a\u{1b}b.jpg", &provenance, &Messages::of(language)).join("\n");
            assert!(text.contains(r"a\u{1b}b.jpg"), "{text}");
            assert!(text.contains(r"\u{1b}[2J\u{202e}"), "{text}");
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
            assert!(!text.contains("provenance."), "a message is missing:\n{text}");
        }
    }
}
